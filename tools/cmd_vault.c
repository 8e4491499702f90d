/* init, info, verify, tidy, checkpoint. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *assurance_text(vpriv_assurance assurance)
{
    return assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort";
}

static exit_code create(const tool_arguments *arguments, const tool_root *where, const char *path)
{
    uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    vpriv_vault_options options = {.struct_size = sizeof options,
        .controller_country = option_value(arguments, OPTION_COUNTRY),
        .jurisdiction = option_value(arguments, OPTION_PLACE),
        .keyring_path = path};
    if (option_given(arguments, OPTION_PUBLIC_KEY)) {
        const exit_code read = read_public_key(arguments, authority);
        if (read != EXIT_GOOD)
            return read;
        options.authority = authority;
    }
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    exit_code code = root_open(arguments, where, OPTION_PASSPHRASE, &root);
    if (code != EXIT_GOOD)
        return code;
    interrupts_hold();
    const vpriv_status st = vpriv_vault_create(arguments->vault, root, &options, &keyring, &vault);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    vpriv_keyring_close(keyring);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    if (code == EXIT_GOOD)
        printf("made %s, its root key %s and its keyring %s; keep the last two elsewhere\n",
            arguments->vault, where->text, path);
    fflush(stdout);
    interrupts_let_go();
    return code;
}

exit_code command_init(const tool_arguments *arguments)
{
    char root_text[PATH_TEXT_BYTES], keyring_path[PATH_TEXT_BYTES];
    exit_code code = session_path(arguments, OPTION_ROOT, root_text);
    if (code == EXIT_GOOD)
        code = session_path(arguments, OPTION_KEYRING, keyring_path);
    if (code != EXIT_GOOD)
        return code;
    const tool_root root = root_parse(root_text);
    const char *const paths[] = {
        arguments->vault, keyring_path, root_is_in_a_file(&root) ? root.where : NULL};
    /* Beside what is left of a vault that never came to be, root key and keyring may be, too: the library knows. */
    const bool is_there = access(paths[0], F_OK) == 0;
    for (size_t i = 1; i < sizeof paths / sizeof paths[0] && !is_there; i++) {
        if (paths[i] && access(paths[i], F_OK) == 0)
            return tool_error(arguments, EXIT_EXISTS, "%s: exists already", paths[i]);
    }
    if (paths[2] && files_are_same(paths[2], keyring_path))
        return tool_usage(arguments, "%s: cannot be both root key file and keyring", paths[2]);
    for (size_t i = 1; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i] && file_is_beside(paths[i], arguments->vault))
            return tool_usage(
                arguments, "%s: the vault makes a file of that name itself", paths[i]);
    }
    code = root_has_folder(arguments, &root);
    if (code != EXIT_GOOD)
        return code;
    return create(arguments, &root, keyring_path);
}

static exit_code print_info_json(
    const tool_arguments *arguments, const vpriv_vault_info *info, uint32_t paused)
{
    return json_print(arguments,
        json_pack("{s:o, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:s, s:o}", "vault_id",
            json_hex(info->vault_id, sizeof info->vault_id), "generation",
            (json_int_t)info->generation, "assurance",
            info->assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best_effort", "n_recordings",
            (json_int_t)info->n_recordings, "n_erased", (json_int_t)info->n_erased, "n_subjects",
            (json_int_t)info->n_subjects, "n_pending", (json_int_t)info->n_pending, "log_size",
            (json_int_t)info->log_size, "device_public_key",
            json_hex(info->device_public_key, sizeof info->device_public_key), "controller",
            info->controller_id, "jurisdiction", info->jurisdiction, "paused",
            json_purposes(paused)));
}

static exit_code print_info(const tool_arguments *arguments, vpriv_vault *vault)
{
    char id[ID_TEXT_BYTES], origin[VPRIV_LOG_ORIGIN_BYTES], key[VPRIV_LOG_VERIFIER_KEY_BYTES];
    vpriv_vault_info info = {.struct_size = sizeof info};
    uint32_t paused = 0;
    vpriv_status st = vpriv_vault_about(vault, &info);
    if (st == VPRIV_OK)
        st = vpriv_purpose_paused(vault, &paused);
    if (st == VPRIV_OK)
        st = vpriv_vault_log_origin(vault, origin);
    if (st == VPRIV_OK)
        st = vpriv_log_verifier_key(origin, info.device_public_key, key);
    if (st != VPRIV_OK)
        return tool_failed(arguments, arguments->vault, st);
    if (option_given(arguments, OPTION_JSON))
        return print_info_json(arguments, &info, paused);
    hex_format(info.vault_id, ID_BYTES, id);
    printf("vault         %s\n", id);
    printf("recordings    %" PRIu64 " (%" PRIu64 " erased, %" PRIu64 " not taken over yet)\n",
        info.n_recordings, info.n_erased, info.n_pending);
    printf("subjects      %" PRIu64 "\n", info.n_subjects);
    printf("log           %" PRIu64 " entries, verified by %s\n", info.log_size, key);
    printf("root key      generation %" PRIu64 ", forgets: %s\n", info.generation,
        assurance_text(info.assurance));
    printf("controller    %s\n", info.controller_id);
    printf("jurisdiction  %s\n", info.jurisdiction);
    printf("paused        ");
    purposes_print(paused);
    putchar('\n');
    return EXIT_GOOD;
}

exit_code command_info(const tool_arguments *arguments)
{
    tool_session session;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = print_info(arguments, session.vault);
    session_close(&session);
    return code;
}

static void print_finding(void *user, const char *finding)
{
    (void)user;
    printf("%s\n", finding);
}

static void print_verification(const vpriv_verification *result, bool is_deep)
{
    printf("%" PRIu64 " keys, %" PRIu64 " recordings, %" PRIu64 " blocks (%" PRIu64
           " opened), %" PRIu64 " consents, %" PRIu64 " log leaves",
        result->n_keys, result->n_recordings, result->n_blocks, result->n_blocks_opened,
        result->n_consents, result->n_log_leaves);
    if (result->n_silent_frames_48k > 0)
        printf(", %" PRIu64 " ms of silence", result->n_silent_frames_48k / FRAMES_PER_MS);
    if (result->n_lost_frames_48k > 0)
        printf(", %" PRIu64 " ms lost", result->n_lost_frames_48k / FRAMES_PER_MS);
    if (is_deep)
        printf("; %" PRIu64 " of %" PRIu64 " recordings opened, %" PRIu64 " stayed shut",
            result->n_recordings_opened, result->n_recordings, result->n_recordings_shut);
    if (result->n_findings == 0)
        printf(": all is well\n");
    else
        printf(": %" PRIu64 " findings\n", result->n_findings);
}

/* What a witness has: the log must still go on from it. */
static exit_code hold_against(const tool_arguments *arguments, vpriv_vault *vault)
{
    const char *path = option_value(arguments, OPTION_CHECKPOINT);
    static char text[VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX + 1];
    uint64_t size = 0;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return tool_error(arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO,
            "%s: cannot be read: %s", path, strerror(errno));
    const size_t n = fread(text, 1, sizeof text, file);
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error)
        return tool_error(arguments, EXIT_IO, "%s: cannot be read: %s", path, strerror(error));
    const vpriv_status st = vpriv_vault_verify_checkpoint(vault, text, n, &size);
    if (st != VPRIV_OK)
        return tool_failed(arguments, path, st);
    printf("the log goes on from the checkpoint at %" PRIu64 " entries\n", size);
    return EXIT_GOOD;
}

exit_code command_verify(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_verification result = {.struct_size = sizeof result};
    const bool is_deep = option_given(arguments, OPTION_DEEP);
    exit_code code = session_open(
        arguments, is_deep ? SESSION_WITH_KEYRING : SESSION_KEYRING_IF_THERE, &session);
    if (code != EXIT_GOOD)
        return code;
    if (!session.keyring)
        tool_note(arguments, "without a keyring, blocks are counted but not opened");
    if (option_given(arguments, OPTION_CHECKPOINT))
        code = hold_against(arguments, session.vault);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            vpriv_vault_verify(session.vault, session.keyring, print_finding, NULL, &result);
        if (st == VPRIV_OK || (st == VPRIV_E_AUTH && result.n_findings > 0)) {
            print_verification(&result, is_deep);
            code = st == VPRIV_OK ? EXIT_GOOD : EXIT_FINDINGS;
        } else {
            code = tool_failed(arguments, arguments->vault, st);
        }
    }
    session_close(&session);
    return code;
}

exit_code command_tidy(const tool_arguments *arguments)
{
    tool_session session;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    vpriv_space before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    vpriv_status st = vpriv_vault_space(session.vault, &before);
    if (st == VPRIV_OK)
        st = session_tidy(session.vault);
    if (st == VPRIV_OK)
        st = vpriv_vault_space(session.vault, &after);
    const uint64_t n_before = before.file_bytes + before.log_bytes;
    const uint64_t n_after = after.file_bytes + after.log_bytes;
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    else
        printf("%" PRIu64 " bytes came back; the vault takes %" PRIu64 "\n",
            n_before > n_after ? n_before - n_after : 0, n_after);
    if (st == VPRIV_OK && !after.can_shrink && after.free_bytes > 0)
        tool_note(arguments,
            "an older vault: its %" PRIu64 " free bytes are used again, the file stays as large",
            after.free_bytes);
    session_close(&session);
    return code;
}

exit_code command_checkpoint(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_log_checkpoint checkpoint;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_vault_checkpoint(session.vault, &checkpoint);
    if (st == VPRIV_OK)
        fputs(checkpoint.text, stdout);
    else
        code = tool_failed(arguments, arguments->vault, st);
    session_close(&session);
    return code;
}
