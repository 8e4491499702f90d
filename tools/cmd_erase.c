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

static void print_receipt(const vpriv_receipt *receipt)
{
    printf("erased %" PRIu64 " recording%s for good", receipt->n_recordings,
        receipt->n_recordings == 1 ? "" : "s");
    if (receipt->generation_after > receipt->generation_before)
        printf(" (root key generation %" PRIu64 " to %" PRIu64 ", forgets: %s)",
            receipt->generation_before, receipt->generation_after,
            receipt->assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort");
    putchar('\n');
    if (receipt->n_derivatives > 0)
        printf("with %" PRIu64 " that %s made from them\n", receipt->n_derivatives,
            receipt->n_derivatives == 1 ? "was" : "were");
    if (receipt->n_held > 0)
        printf("%" PRIu64 " stay%s because of a legal hold\n", receipt->n_held,
            receipt->n_held == 1 ? "s" : "");
}

/* What was selected, with its receipt when one is wanted. recordings is NULL for a person or a time. */
static exit_code erase(const tool_arguments *arguments, vpriv_vault *vault,
    const vpriv_recording_id *recordings, const uint8_t *subject, int64_t since_us,
    int64_t until_us)
{
    tool_output output;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const bool is_person = option_given(arguments, OPTION_SUBJECT);
    const vpriv_receipt_statement whom = {.struct_size = sizeof whom, .subject = subject};
    exit_code code = receipt_begin(arguments, &output);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        recordings  ? vpriv_vault_erase(vault, recordings, (size_t)arguments->n_operands, &receipt)
        : is_person ? vpriv_subject_erase(vault, subject, &receipt)
                    : vpriv_vault_erase_between(vault, since_us, until_us, &receipt);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    /* Damage keeps nothing else: there is a receipt for what was erased. */
    if (st == VPRIV_OK || receipt.kind != VPRIV_LOG_UNKNOWN) {
        print_receipt(&receipt);
        const exit_code written =
            receipt_finish(arguments, &output, vault, &receipt, is_person ? &whom : NULL);
        code = code == EXIT_GOOD ? written : code;
        session_tidy_after(arguments, vault);
    }
    output_abandon(&output);
    return code;
}

exit_code command_erase(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_id *recordings = NULL;
    int64_t since_us = 0, until_us = VPRIV_TIME_FOREVER_US;
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_BEFORE, &until_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_SINCE, &since_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &until_us);
    if (code == EXIT_GOOD)
        code = check_times(arguments, since_us, until_us);
    if (code == EXIT_GOOD && arguments->n_operands > 0)
        code = read_recordings(arguments, 0, &recordings);
    if (code == EXIT_GOOD)
        code = check_selection(arguments);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code == EXIT_GOOD) {
        code = erase(arguments, session.vault, recordings, subject, since_us, until_us);
        session_close(&session);
    }
    free(recordings);
    return code;
}
