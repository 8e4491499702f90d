/* purge. */
#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static exit_code check_selection(const tool_arguments *arguments)
{
    const bool has_criteria =
        option_given(arguments, OPTION_SUBJECT) || option_given(arguments, OPTION_BEFORE) ||
        option_given(arguments, OPTION_SINCE) || option_given(arguments, OPTION_UNTIL);
    const bool has_all = option_given(arguments, OPTION_ALL);
    if (!has_criteria && !has_all && arguments->n_operands == 0)
        return tool_usage(arguments,
            "say what to erase: RECORDING..., --subject, --before, --since, --until, or --all");
    if ((has_criteria || arguments->n_operands > 0) && has_all)
        return tool_usage(arguments, "--all goes alone");
    if (has_criteria && arguments->n_operands > 0)
        return tool_usage(arguments, "RECORDING... goes alone");
    if (option_given(arguments, OPTION_BEFORE) && option_given(arguments, OPTION_UNTIL))
        return tool_usage(arguments, "--before and --until say the same");
    if (has_all && !option_given(arguments, OPTION_YES) &&
        !option_given(arguments, OPTION_ESTIMATE))
        return tool_usage(arguments, "--all needs --yes");
    return EXIT_GOOD;
}

static exit_code estimate(
    const tool_arguments *arguments, vpriv_vault *vault, const vpriv_purge_criteria *criteria)
{
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    const vpriv_status st = vpriv_purge_estimate(vault, criteria, &cost);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    printf("recordings          %" PRIu64 "\n", cost.n_recordings);
    printf("stay, legal hold    %" PRIu64 "\n", cost.n_held);
    printf("root replacements   %" PRIu64 "\n", cost.n_root_replacements);
    printf("writes of a TPM     %" PRIu64 "\n", cost.n_nv_writes);
    printf("pages, at most      %" PRIu64 "\n", cost.n_pages);
    printf("bytes, at most      %" PRIu64 "\n", cost.n_bytes);
    return EXIT_GOOD;
}

/* Control-C ends it after the window at hand. */
static bool tell(void *user, const vpriv_purge_report *so_far)
{
    const tool_arguments *arguments = user;
    if (!so_far->is_done)
        tool_note(arguments, "%" PRIu64 " erased so far", so_far->n_recordings);
    return interrupts_seen() == 0;
}

static exit_code run(
    const tool_arguments *arguments, vpriv_vault *vault, const vpriv_purge_criteria *criteria)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    tool_arguments told = *arguments;
    interrupts_watch(false);
    const vpriv_status st = vpriv_purge(vault, criteria, tell, &told, &report, NULL);
    exit_code code = st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, NULL, st);
    printf("erased %" PRIu64 " recording%s for good (root key replaced %" PRIu64 " time%s)\n",
        report.n_recordings, report.n_recordings == 1 ? "" : "s", report.n_root_replacements,
        report.n_root_replacements == 1 ? "" : "s");
    if (report.n_held > 0)
        printf("%" PRIu64 " stay%s because of a legal hold\n", report.n_held,
            report.n_held == 1 ? "s" : "");
    if (report.is_cancelled)
        code = tool_error(arguments, EXIT_INTERRUPTED, "stopped; what was erased stays erased");
    else if (report.is_done)
        session_tidy_after(arguments, vault);
    return code;
}

exit_code command_purge(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_id *recordings = NULL;
    vpriv_purge_criteria criteria = {.struct_size = sizeof criteria};
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_BEFORE, &criteria.until_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_SINCE, &criteria.since_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &criteria.until_us);
    if (code == EXIT_GOOD)
        code = check_times(arguments, criteria.since_us, criteria.until_us);
    if (code == EXIT_GOOD && arguments->n_operands > 0)
        code = read_recordings(arguments, 0, &recordings);
    if (code == EXIT_GOOD)
        code = check_selection(arguments);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code == EXIT_GOOD) {
        criteria.recordings = recordings;
        criteria.n_recordings = (size_t)arguments->n_operands;
        criteria.subject = option_given(arguments, OPTION_SUBJECT) ? subject : NULL;
        if (option_given(arguments, OPTION_ALL))
            criteria.until_us = VPRIV_TIME_FOREVER_US;
        code = option_given(arguments, OPTION_ESTIMATE)
                   ? estimate(arguments, session.vault, &criteria)
                   : run(arguments, session.vault, &criteria);
        session_close(&session);
    }
    free(recordings);
    return code;
}
