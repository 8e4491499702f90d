/* pause, resume. */
#include "tool.h"
#include <stdio.h>

typedef vpriv_status (*pause_fn)(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason);

/* Tells what is paused from now on, whatever was before. */
static exit_code change_and_tell(const tool_arguments *arguments, vpriv_vault *vault,
    pause_fn pause, uint32_t purposes, const char *actor)
{
    uint32_t paused = 0;
    vpriv_status st = pause(vault, purposes, actor, option_value(arguments, OPTION_REASON));
    if (st == VPRIV_OK)
        st = vpriv_purpose_paused(vault, &paused);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    printf("paused: ");
    purposes_print(paused);
    putchar('\n');
    return EXIT_GOOD;
}

static exit_code change(const tool_arguments *arguments, pause_fn pause, vpriv_log_kind kind)
{
    tool_session session;
    tool_output output;
    char room[VPRIV_LOG_ACTOR_BYTES];
    uint32_t purposes = 0;
    vpriv_vault_info before = {.struct_size = sizeof before};
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
    const char *actor = read_actor(arguments, room);
    code = receipt_begin(arguments, &output);
    const vpriv_status st = vpriv_vault_about(session.vault, &before);
    if (code == EXIT_GOOD && st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    if (code == EXIT_GOOD)
        code = change_and_tell(arguments, session.vault, pause, purposes, actor);
    if (code == EXIT_GOOD)
        code = receipt_finish_from_log(
            arguments, &output, session.vault, before.log_size, kind, actor);
    output_abandon(&output);
    session_close(&session);
    return code;
}

exit_code command_pause(const tool_arguments *arguments)
{
    return change(arguments, vpriv_purpose_pause, VPRIV_LOG_PAUSE);
}

exit_code command_resume(const tool_arguments *arguments)
{
    return change(arguments, vpriv_purpose_resume, VPRIV_LOG_PAUSE_LIFTED);
}
