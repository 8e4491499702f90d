#include "tool.h"
#include <stdio.h>
#include <unistd.h>

#define TIDY_STEPS       256
#define TIDY_STALLED_MAX 16

exit_code session_path(const tool_arguments *arguments, option_id id, char *path_out)
{
    const char *given = option_value(arguments, id);
    const int n = given ? snprintf(path_out, PATH_TEXT_BYTES, "%s", given)
                        : snprintf(path_out, PATH_TEXT_BYTES, "%s.%s", arguments->vault,
                              id == OPTION_ROOT ? "root" : "keyring");
    if (n < 0 || n >= PATH_TEXT_BYTES)
        return tool_usage(arguments, "the file name is too long");
    return EXIT_GOOD;
}

static exit_code load_keyring(
    const tool_arguments *arguments, session_keyring wanted, tool_session *session)
{
    char path[PATH_TEXT_BYTES];
    const exit_code code = session_path(arguments, OPTION_KEYRING, path);
    if (code != EXIT_GOOD || wanted == SESSION_WITHOUT_KEYRING)
        return code;
    if (wanted == SESSION_KEYRING_IF_THERE && !option_given(arguments, OPTION_KEYRING) &&
        access(path, F_OK) != 0)
        return EXIT_GOOD;
    const vpriv_status st = vpriv_keyring_load(path, &session->keyring);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, path, st);
}

exit_code session_open_root(
    const tool_arguments *arguments, const char *file, vpriv_root_store **root_out)
{
    char path[PATH_TEXT_BYTES];
    const exit_code code = session_path(arguments, OPTION_ROOT, path);
    if (code != EXIT_GOOD)
        return code;
    const tool_root root = root_parse(path);
    if (root_is_in_a_file(&root) && access(file, F_OK) == 0 && access(root.where, F_OK) != 0)
        return tool_error(arguments, EXIT_AUTH, "%s: %s: there is no root key file", root.where,
            vpriv_status_text(VPRIV_E_ROOT));
    return root_open(arguments, &root, OPTION_PASSPHRASE, root_out);
}

exit_code session_open(
    const tool_arguments *arguments, session_keyring keyring, tool_session *session_out)
{
    tool_session session = {0};
    vpriv_status st = VPRIV_OK;
    exit_code code = load_keyring(arguments, keyring, &session);
    if (code == EXIT_GOOD)
        code = session_open_root(arguments, arguments->vault, &session.root);
    if (code != EXIT_GOOD)
        goto out;
    st = vpriv_vault_open(arguments->vault, session.root, NULL, &session.vault);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
out:
    if (code == EXIT_GOOD)
        *session_out = session;
    else
        session_close(&session);
    return code;
}

exit_code session_open_for_capture(const tool_arguments *arguments, tool_session *session_out)
{
    const char *path = option_value(arguments, OPTION_CREDENTIAL);
    tool_session session = {0};
    vpriv_status st = vpriv_keyring_load(path, &session.keyring);
    if (st != VPRIV_OK)
        return tool_failed(arguments, path, st);
    if (!vpriv_keyring_is_capture_credential(session.keyring)) {
        session_close(&session);
        return tool_error(arguments, EXIT_NO_KEY,
            "%s: this is a keyring, not a capture credential ('voicepriv keyring capture')", path);
    }
    st = vpriv_vault_open_for_capture(arguments->vault, session.keyring, NULL, &session.vault);
    if (st != VPRIV_OK) {
        session_close(&session);
        return tool_failed(arguments, arguments->vault, st);
    }
    *session_out = session;
    return EXIT_GOOD;
}

void session_close(tool_session *session)
{
    vpriv_vault_close(session->vault);
    vpriv_root_close(session->root);
    vpriv_keyring_close(session->keyring);
    *session = (tool_session){0};
}

vpriv_status session_tidy(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_OK;
    uint64_t n_left = UINT64_MAX;
    /* Another process may make work as fast as it is done here: then it is that one's turn. */
    for (int n_stalled = 0; st == VPRIV_OK && n_left > 0 && n_stalled < TIDY_STALLED_MAX;) {
        const uint64_t n_before = n_left;
        st = vpriv_vault_tidy(vault, TIDY_STEPS, &n_left);
        n_stalled = n_left < n_before ? 0 : n_stalled + 1;
    }
    return st;
}

void session_tidy_after(const tool_arguments *arguments, vpriv_vault *vault)
{
    const vpriv_status st = session_tidy(vault);
    if (st != VPRIV_OK) /* the keys are gone whatever happens to the dead ciphertext */
        tool_note(arguments,
            "done, and final; removing what is left goes on with 'voicepriv tidy': %s",
            vpriv_status_text(st));
}
