/* pause, resume. */
#include "tool.h"
#include <stdio.h>

/* Everywhere and from now on, or somewhere and some time. */
static vpriv_status change(
    const tool_arguments *arguments, vpriv_vault *vault, const vpriv_pause *pause, bool pauses)
{
    const bool is_plain = !option_given(arguments, OPTION_WHERE) &&
                          !option_given(arguments, OPTION_FROM) &&
                          !option_given(arguments, OPTION_UNTIL);
    if (is_plain)
        return pauses ? vpriv_purpose_pause(vault, pause->purposes, pause->actor, pause->reason)
                      : vpriv_purpose_resume(vault, pause->purposes, pause->actor, pause->reason);
    return pauses ? vpriv_pause_begin(vault, pause) : vpriv_pause_end(vault, pause);
}

/* Tells what is paused here from now on, whatever was before. */
static exit_code change_and_tell(
    const tool_arguments *arguments, vpriv_vault *vault, const vpriv_pause *pause, bool pauses)
{
    uint32_t paused = 0;
    vpriv_status st = change(arguments, vault, pause, pauses);
    if (st == VPRIV_OK)
        st = vpriv_purpose_paused(vault, &paused);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    printf("paused: ");
    purposes_print(paused);
    putchar('\n');
    return EXIT_GOOD;
}

static exit_code read_pause(const tool_arguments *arguments, char *room, vpriv_pause *pause)
{
    exit_code code = EXIT_GOOD;
    for (int i = 0; i < arguments->n_operands && code == EXIT_GOOD; i++) {
        vpriv_purpose purpose = VPRIV_PURPOSE_KEEP_HISTORY;
        code = read_purpose(arguments, arguments->operands[i], &purpose);
        if (code == EXIT_GOOD)
            pause->purposes |= VPRIV_PURPOSE_BIT(purpose);
    }
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_FROM, &pause->from_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &pause->until_us);
    pause->where = option_value(arguments, OPTION_WHERE);
    pause->actor = read_actor(arguments, room);
    pause->reason = option_value(arguments, OPTION_REASON);
    return code;
}

static exit_code run(const tool_arguments *arguments, bool pauses, vpriv_log_kind kind)
{
    tool_session session;
    tool_output output;
    char room[VPRIV_LOG_ACTOR_BYTES];
    vpriv_pause pause = {.struct_size = sizeof pause};
    vpriv_vault_info before = {.struct_size = sizeof before};
    exit_code code = read_pause(arguments, room, &pause);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = receipt_begin(arguments, &output);
    const vpriv_status st = vpriv_vault_about(session.vault, &before);
    if (code == EXIT_GOOD && st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    if (code == EXIT_GOOD)
        code = change_and_tell(arguments, session.vault, &pause, pauses);
    if (code == EXIT_GOOD)
        code = receipt_finish_from_log(
            arguments, &output, session.vault, before.log_size, kind, pause.actor);
    output_abandon(&output);
    session_close(&session);
    return code;
}

exit_code command_pause(const tool_arguments *arguments)
{
    return run(arguments, true, VPRIV_LOG_PAUSE);
}

exit_code command_resume(const tool_arguments *arguments)
{
    return run(arguments, false, VPRIV_LOG_PAUSE_LIFTED);
}
