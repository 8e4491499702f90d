/* backup, restore, salvage: copies of a vault, and what is left of a damaged one. */
#include "tool.h"
#include <inttypes.h>
#include <stdio.h>

static bool tell(void *user, uint64_t n_done, uint64_t n_total)
{
    return progress_tell(user, n_done, n_total);
}

exit_code command_backup(const tool_arguments *arguments)
{
    tool_session session;
    tool_progress progress;
    const char *file = arguments->operands[0];
    const uint32_t flags = option_given(arguments, OPTION_REPLACE) ? VPRIV_STORAGE_REPLACE : 0;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    progress_begin(arguments, file, &progress);
    const vpriv_status st = vpriv_vault_backup(session.vault, file, flags, tell, &progress);
    progress_end(&progress);
    if (st == VPRIV_E_CANCELLED)
        code = tool_error(arguments, EXIT_INTERRUPTED, "interrupted: there is no %s", file);
    else if (st != VPRIV_OK)
        code = tool_failed(arguments, file, st);
    else
        printf(
            "made %s; it is good until something is erased, withdrawn or expires: make a new one "
            "then (--replace)\n",
            file);
    session_close(&session);
    return code;
}

/* The root store is the vault's, not the backup's. */
exit_code command_restore(const tool_arguments *arguments)
{
    tool_arguments at = *arguments;
    tool_progress progress;
    vpriv_root_store *root = NULL;
    const char *backup = arguments->vault;
    const uint32_t flags = option_given(arguments, OPTION_FORCE) ? VPRIV_STORAGE_REPLACE : 0;
    at.vault = arguments->operands[0];
    exit_code code = keys_spare(&at, at.vault);
    if (code == EXIT_GOOD)
        code = session_open_root(&at, backup, &root);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    progress_begin(arguments, at.vault, &progress);
    const vpriv_status st = vpriv_backup_restore(backup, root, at.vault, flags, tell, &progress);
    progress_end(&progress);
    if (st == VPRIV_E_CANCELLED)
        code = tool_error(arguments, EXIT_INTERRUPTED, "interrupted: nothing was changed");
    else if (st != VPRIV_OK)
        code = tool_failed(arguments, at.vault, st);
    else
        printf("restored %s; what was recorded after the backup is not in it\n", at.vault);
    vpriv_root_close(root);
    return code;
}

static void print_salvage(const char *folder, const vpriv_salvage_report *report)
{
    printf("whole      %" PRIu64 "\n", report->n_whole);
    printf("with gaps  %" PRIu64 " (%" PRIu64 " ms are lost)\n", report->n_partial,
        report->n_lost_frames_48k / FRAMES_PER_MS);
    printf("lost       %" PRIu64 "\n", report->n_lost);
    printf("not open   %" PRIu64 "\n", report->n_closed);
    printf("damage     %" PRIu64 ", listed in %s/damage.txt\n", report->n_damages, folder);
    printf("The vault's log could not take this; who did it is in %s/salvage.jws\n", folder);
}

static exit_code salvage(const tool_arguments *arguments, vpriv_root_store *root,
    const vpriv_keyring *keyring, const vpriv_gate_request *request)
{
    tool_progress progress;
    const char *folder = arguments->operands[0];
    vpriv_salvage_report report = {.struct_size = sizeof report};
    interrupts_watch(false);
    progress_begin(arguments, folder, &progress);
    const vpriv_status st = vpriv_vault_salvage(
        arguments->vault, root, keyring, NULL, request, folder, tell, &progress, &report);
    progress_end(&progress);
    if (st == VPRIV_E_CANCELLED)
        return tool_error(
            arguments, EXIT_INTERRUPTED, "interrupted: %s: %s", folder, vpriv_error_detail());
    if (st != VPRIV_OK)
        return tool_failed(arguments, arguments->vault, st);
    print_salvage(folder, &report);
    return report.n_partial + report.n_lost > 0 ? EXIT_FINDINGS : EXIT_GOOD;
}

exit_code command_salvage(const tool_arguments *arguments)
{
    char keyring_path[PATH_TEXT_BYTES], actor[VPRIV_LOG_ACTOR_BYTES];
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    const char *purpose = option_value(arguments, OPTION_PURPOSE);
    vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
        .actor = read_actor(arguments, actor),
        .reason = option_value(arguments, OPTION_REASON)};
    exit_code code = session_path(arguments, OPTION_KEYRING, keyring_path);
    if (code == EXIT_GOOD && purpose)
        code = read_purpose(arguments, purpose, &request.purpose);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_keyring_load(keyring_path, &keyring);
    code = st == VPRIV_OK ? session_open_root(arguments, arguments->vault, &root)
                          : tool_failed(arguments, keyring_path, st);
    if (code == EXIT_GOOD)
        code = salvage(arguments, root, keyring, &request);
    vpriv_root_close(root);
    vpriv_keyring_close(keyring);
    return code;
}
