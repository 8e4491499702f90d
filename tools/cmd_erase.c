/* erase. */
#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything at once is asked about, unless --yes. */
static exit_code confirm_all(const tool_arguments *arguments)
{
    char answer[16] = "";
    if (option_given(arguments, OPTION_YES))
        return EXIT_GOOD;
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return tool_usage(arguments, "--all needs --yes where nobody can be asked");
    fprintf(stderr, "Erase every recording in %s for good? Type yes: ", arguments->vault);
    if (!fgets(answer, sizeof answer, stdin) || strcmp(answer, "yes\n") != 0)
        return tool_error(arguments, EXIT_INTERRUPTED, "nothing was erased");
    return EXIT_GOOD;
}

static exit_code check_selection(const tool_arguments *arguments)
{
    const bool has_time =
        option_given(arguments, OPTION_SINCE) || option_given(arguments, OPTION_UNTIL);
    const int n_ways = (arguments->n_operands > 0) + option_given(arguments, OPTION_SUBJECT) +
                       option_given(arguments, OPTION_BEFORE) + has_time +
                       option_given(arguments, OPTION_ALL);
    if (n_ways == 0)
        return tool_usage(arguments,
            "say what to erase: RECORDING..., --subject, --before, --since and --until, or --all");
    if (n_ways > 1)
        return tool_usage(arguments,
            "RECORDING..., --subject, --before, --since and --until, and --all go one at a time");
    if (has_time &&
        !(option_given(arguments, OPTION_SINCE) && option_given(arguments, OPTION_UNTIL)))
        return tool_usage(arguments, "--since and --until go together");
    if (option_given(arguments, OPTION_YES) && !option_given(arguments, OPTION_ALL))
        return tool_usage(arguments, "--yes goes with --all");
    return option_given(arguments, OPTION_ALL) ? confirm_all(arguments) : EXIT_GOOD;
}

static exit_code read_recordings(
    const tool_arguments *arguments, vpriv_recording_id **recordings_out)
{
    const size_t n = (size_t)arguments->n_operands;
    vpriv_recording_id *recordings = calloc(n, sizeof *recordings);
    if (!recordings)
        return tool_error(arguments, EXIT_INTERNAL, "no memory");
    for (size_t i = 0; i < n; i++) {
        const exit_code code = read_recording(arguments, arguments->operands[i], &recordings[i]);
        if (code != EXIT_GOOD) {
            free(recordings);
            return code;
        }
    }
    *recordings_out = recordings;
    return EXIT_GOOD;
}

static void print_receipt(const vpriv_receipt *receipt)
{
    printf("erased %" PRIu64 " recording%s for good", receipt->n_recordings,
        receipt->n_recordings == 1 ? "" : "s");
    if (receipt->generation_after > receipt->generation_before)
        printf(" (root key generation %" PRIu64 " to %" PRIu64 ", forgets: %s)",
            receipt->generation_before, receipt->generation_after,
            receipt->assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort");
    putchar('\n');
    if (receipt->n_held > 0)
        printf("%" PRIu64 " stay%s because of a legal hold\n", receipt->n_held,
            receipt->n_held == 1 ? "s" : "");
}

exit_code command_erase(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_id *recordings = NULL;
    int64_t before_us = VPRIV_TIME_FOREVER_US, since_us = 0, until_us = 0;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_status st = VPRIV_OK;
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_BEFORE, &before_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_SINCE, &since_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &until_us);
    if (code == EXIT_GOOD && arguments->n_operands > 0)
        code = read_recordings(arguments, &recordings);
    if (code == EXIT_GOOD)
        code = check_selection(arguments);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD) {
        free(recordings);
        return code;
    }
    if (recordings)
        st = vpriv_vault_erase(session.vault, recordings, (size_t)arguments->n_operands, &receipt);
    else if (option_given(arguments, OPTION_SUBJECT))
        st = vpriv_subject_erase(session.vault, subject, &receipt);
    else if (option_given(arguments, OPTION_SINCE))
        st = vpriv_vault_erase_between(session.vault, since_us, until_us, &receipt);
    else
        st = vpriv_vault_erase_before(session.vault, before_us, &receipt);
    if (st == VPRIV_OK) {
        print_receipt(&receipt);
        session_tidy_after(arguments, session.vault);
    } else {
        code = tool_failed(arguments, NULL, st);
    }
    free(recordings);
    session_close(&session);
    return code;
}
