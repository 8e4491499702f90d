/* retention run, retention trust-clock, restrict, lift. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 200 /* between looks at the keyboard */

static const char *due_text(const vpriv_retention_report *report, char text_out[TIME_TEXT_BYTES])
{
    if (report->next_due_us == VPRIV_TIME_FOREVER_US)
        return "never";
    time_format(report->next_due_us, false, text_out);
    return text_out;
}

static exit_code print_report(const tool_arguments *arguments, const vpriv_retention_report *report)
{
    char due[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
    if (option_given(arguments, OPTION_JSON))
        return json_print(arguments,
            json_pack("{s:I, s:I, s:I, s:I, s:b, s:o, s:o}", "n_expired",
                (json_int_t)report->n_expired, "n_narrowed", (json_int_t)report->n_narrowed,
                "n_consents", (json_int_t)report->n_consents, "n_unread",
                (json_int_t)report->n_unread, "is_held", report->is_held, "next_due",
                report->next_due_us == VPRIV_TIME_FOREVER_US ? json_null()
                                                             : json_time(report->next_due_us),
                "held_until", report->is_held ? json_time(report->held_until_us) : json_null()));
    printf("expired %" PRIu64 " recording%s, ended a purpose of %" PRIu64 " and %" PRIu64
           " consent%s; next: %s\n",
        report->n_expired, report->n_expired == 1 ? "" : "s", report->n_narrowed,
        report->n_consents, report->n_consents == 1 ? "" : "s", due_text(report, due));
    if (report->is_held) {
        time_format(report->held_until_us, false, until);
        tool_note(arguments,
            "the clock has jumped: nothing was destroyed, until %s at least; \"retention "
            "trust-clock\" confirms that it is right",
            until);
    }
    return EXIT_GOOD;
}

exit_code command_retention_run(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_retention_report all = {.is_done = false};
    vpriv_status st = VPRIV_OK;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    while (st == VPRIV_OK && !all.is_done && interrupts_seen() == 0) {
        vpriv_retention_report step = {.struct_size = sizeof step};
        st = vpriv_retention_run(session.vault, RUN_MS, &step);
        if (st == VPRIV_OK || step.n_unread > 0) {
            step.n_expired += all.n_expired;
            step.n_narrowed += all.n_narrowed;
            step.n_consents += all.n_consents;
            all = step;
        }
    }
    /* With damage everything else was done, and is told. */
    const bool is_told = st == VPRIV_OK || all.n_unread > 0;
    code = st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, NULL, st);
    if (is_told) {
        const exit_code printed = print_report(arguments, &all);
        code = code == EXIT_GOOD ? printed : code;
    }
    if (st == VPRIV_OK && !all.is_done)
        code = tool_error(arguments, EXIT_INTERRUPTED, "interrupted: the rest goes next time");
    if (is_told && all.n_expired > 0)
        session_tidy_after(arguments, session.vault);
    session_close(&session);
    return code;
}

exit_code command_retention_trust_clock(const tool_arguments *arguments)
{
    tool_session session;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        vpriv_retention_trust_clock(session.vault, read_actor(arguments, actor));
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

/* VPRIV_RESTRICTION_NONE lifts. */
static exit_code change(const tool_arguments *arguments, vpriv_restriction restriction, int first)
{
    tool_session session;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    vpriv_recording_id *recordings = NULL;
    const size_t n = (size_t)(arguments->n_operands - first);
    const char *reason = option_value(arguments, OPTION_REASON);
    exit_code code = read_recordings(arguments, first, &recordings);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD) {
        free(recordings);
        return code;
    }
    const vpriv_status st = restriction == VPRIV_RESTRICTION_NONE
                                ? vpriv_recording_lift(session.vault, recordings, n,
                                      read_actor(arguments, actor), reason)
                                : vpriv_recording_restrict(session.vault, recordings, n,
                                      restriction, read_actor(arguments, actor), reason);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    free(recordings);
    session_close(&session);
    return code;
}

exit_code command_restrict(const tool_arguments *arguments)
{
    const char *kind = arguments->operands[0];
    if (strcmp(kind, "dispute") == 0)
        return change(arguments, VPRIV_RESTRICTION_DISPUTE, 1);
    if (strcmp(kind, "legal-hold") == 0)
        return change(arguments, VPRIV_RESTRICTION_LEGAL_HOLD, 1);
    return tool_usage(arguments, "'%s' is neither dispute nor legal-hold", kind);
}

exit_code command_lift(const tool_arguments *arguments)
{
    return change(arguments, VPRIV_RESTRICTION_NONE, 0);
}
