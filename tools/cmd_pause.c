/* pause, resume. */
#include "tool.h"
#include <stdio.h>

typedef vpriv_status (*pause_fn)(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason);

/* Tells what is paused from now on, whatever was before. */
static exit_code change(const tool_arguments *arguments, pause_fn pause)
{
    tool_session session;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    uint32_t purposes = 0, paused = 0;
    exit_code code = EXIT_GOOD;
    for (int i = 0; i < arguments->n_operands && code == EXIT_GOOD; i++) {
        vpriv_purpose purpose = VPRIV_PURPOSE_KEEP_HISTORY;
        code = read_purpose(arguments, arguments->operands[i], &purpose);
        if (code == EXIT_GOOD)
            purposes |= VPRIV_PURPOSE_BIT(purpose);
    }
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    vpriv_status st = pause(session.vault, purposes, read_actor(arguments, actor),
        option_value(arguments, OPTION_REASON));
    if (st == VPRIV_OK)
        st = vpriv_purpose_paused(session.vault, &paused);
    if (st == VPRIV_OK) {
        printf("paused: ");
        purposes_print(paused);
        putchar('\n');
    } else {
        code = tool_failed(arguments, NULL, st);
    }
    session_close(&session);
    return code;
}

exit_code command_pause(const tool_arguments *arguments)
{
    return change(arguments, vpriv_purpose_pause);
}

exit_code command_resume(const tool_arguments *arguments)
{
    return change(arguments, vpriv_purpose_resume);
}
