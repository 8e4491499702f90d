/* keyring split, keyring capture. */
#include "tool.h"
#include <stdio.h>

static exit_code save(const tool_arguments *arguments, const vpriv_keyring *keyring)
{
    const char *path = option_value(arguments, OPTION_OUTPUT);
    const exit_code spared = own_files_spare(arguments, path);
    if (spared != EXIT_GOOD)
        return spared;
    interrupts_hold(); /* a copy under a passing name would be one of all the keys */
    const vpriv_status st = vpriv_keyring_save(keyring, path);
    interrupts_let_go();
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, path, st);
}

exit_code command_keyring_split(const tool_arguments *arguments)
{
    char path[PATH_TEXT_BYTES];
    vpriv_keyring *keyring = NULL, *part = NULL;
    const option_values *names = &arguments->options[OPTION_PURPOSE];
    uint32_t purposes = 0;
    exit_code code = session_path(arguments, OPTION_KEYRING, path);
    for (size_t i = 0; i < names->n && code == EXIT_GOOD; i++) {
        vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
        code = read_purpose(arguments, names->items[i], &purpose);
        purposes |= VPRIV_PURPOSE_BIT(purpose);
    }
    if (code != EXIT_GOOD)
        return code;
    vpriv_status st = vpriv_keyring_load(path, &keyring);
    if (st == VPRIV_OK)
        st = vpriv_keyring_split(keyring, purposes, &part);
    code = st == VPRIV_OK ? save(arguments, part) : tool_failed(arguments, path, st);
    vpriv_keyring_close(part);
    vpriv_keyring_close(keyring);
    return code;
}

exit_code command_keyring_capture(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_keyring *credential = NULL;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_vault_capture_credential(session.vault, &credential);
    code =
        st == VPRIV_OK ? save(arguments, credential) : tool_failed(arguments, arguments->vault, st);
    vpriv_keyring_close(credential);
    session_close(&session);
    return code;
}
