/* root show, root move, root passphrase, root recovery-key. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(tool_root_kind kind)
{
    static const char *const names[] = {[ROOT_FILE] = "key file",
        [ROOT_PASSPHRASE] = "key file with a passphrase",
        [ROOT_RECOVERY] = "key file with a passphrase",
        [ROOT_KERNEL] = "kernel",
        [ROOT_TPM] = "TPM"};
    return names[kind];
}

/* The store, and what lay under another one before. */
static const char *how_it_forgets(vpriv_assurance store, vpriv_assurance vault)
{
    if (store != VPRIV_ASSURANCE_KEYED)
        return "best effort: old copies of the medium may keep old keys";
    return vault == VPRIV_ASSURANCE_KEYED ? "keyed: what is replaced is gone"
                                          : "keyed: what is replaced is gone; of what was kept "
                                            "before the root key moved here, "
                                            "copies of the place it came from may keep old keys";
}

exit_code command_root_show(const tool_arguments *arguments)
{
    tool_session session = {0};
    vpriv_vault_info info = {.struct_size = sizeof info};
    char text[PATH_TEXT_BYTES];
    exit_code code = session_path(arguments, OPTION_ROOT, text);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const tool_root root = root_parse(text);
    const vpriv_status st = vpriv_vault_about(session.vault, &info);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    else
        printf("kept in      %s: %s\ngeneration   %" PRIu64 "\nforgets      %s\n",
            name_of(root.kind), root.where, info.generation,
            how_it_forgets(vpriv_root_assurance(session.root), info.assurance));
    session_close(&session);
    return code;
}

exit_code command_root_move(const tool_arguments *arguments)
{
    tool_session session = {0};
    vpriv_root_store *to_store = NULL;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    const tool_root to = root_parse(arguments->operands[0]);
    if (to.kind == ROOT_RECOVERY)
        return tool_usage(arguments, "a root key is moved behind a passphrase, not a recovery key");
    if (root_is_in_a_file(&to) && file_is_beside(to.where, arguments->vault))
        return tool_usage(arguments, "%s: the vault makes a file of that name itself", to.where);
    exit_code code = root_has_folder(arguments, &to);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code == EXIT_GOOD)
        code = root_open(arguments, &to, OPTION_NEW_PASSPHRASE, &to_store);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            vpriv_vault_move_root(session.vault, to_store, read_actor(arguments, actor));
        if (st != VPRIV_OK)
            code = tool_failed(arguments, arguments->vault, st);
        else
            printf("the root key is in the %s %s now, and was replaced on the way\n",
                name_of(to.kind), to.where);
    }
    session_close(&session);
    vpriv_root_close(to_store);
    return code;
}

/* The store of --root, which has to be one with a passphrase. */
static exit_code open_words(
    const tool_arguments *arguments, bool may_recover, vpriv_root_store **out)
{
    char text[PATH_TEXT_BYTES];
    const exit_code code = session_path(arguments, OPTION_ROOT, text);
    if (code != EXIT_GOOD)
        return code;
    const tool_root root = root_parse(text);
    if (root.kind != ROOT_PASSPHRASE && !(may_recover && root.kind == ROOT_RECOVERY))
        return tool_usage(arguments, "--root has to be passphrase:FILE%s",
            may_recover ? " or recovery:FILE" : "");
    return root_open(arguments, &root, OPTION_PASSPHRASE, out);
}

exit_code command_root_passphrase(const tool_arguments *arguments)
{
    vpriv_root_store *store = NULL;
    char *words = NULL;
    exit_code code = open_words(arguments, true, &store);
    if (code == EXIT_GOOD)
        code = root_words(arguments, OPTION_NEW_PASSPHRASE, WORDS_NEW, &words);
    if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_root_passphrase_change(store, words, strlen(words), NULL);
        if (st != VPRIV_OK)
            code = tool_failed(arguments, NULL, st);
        else
            printf("the passphrase is another one now; a recovery key stays good\n");
    }
    root_forget(words);
    vpriv_root_close(store);
    return code;
}

/* Before anything is made: what cannot be told must not take the place of the key that somebody has. The
 * line is one that a file of a recovery key may begin with. */
static exit_code announce(const tool_arguments *arguments)
{
    setvbuf(stdout, NULL, _IONBF, 0); /* a buffer would keep the key */
    if (printf("# recovery key\n") < 0 || fflush(stdout) != 0)
        return tool_error(
            arguments, EXIT_IO, "nothing was done: an earlier recovery key stays good");
    return EXIT_GOOD;
}

exit_code command_root_recovery_key(const tool_arguments *arguments)
{
    vpriv_root_store *store = NULL;
    char *words = NULL, text[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    exit_code code = open_words(arguments, false, &store);
    if (code == EXIT_GOOD)
        code = root_words(arguments, OPTION_PASSPHRASE, WORDS_AGAIN, &words);
    if (code == EXIT_GOOD)
        code = announce(arguments);
    if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_root_recovery_key(store, words, strlen(words), text);
        /* It is in force when there is one, whatever failed behind that. */
        if (text[0] && (printf("%s\n", text) < 0 || fflush(stdout) != 0))
            code = tool_error(arguments, EXIT_IO,
                "the recovery key was made and could not be written; an earlier one is void: make"
                " another");
        if (st != VPRIV_OK)
            code = tool_failed(arguments, NULL, st);
        explicit_bzero(text, sizeof text);
    }
    root_forget(words);
    vpriv_root_close(store);
    return code;
}
