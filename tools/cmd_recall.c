/* recall list, ask, acknowledge. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>

static bool print_recall(void *user, const vpriv_recall *recall)
{
    char time[TIME_TEXT_BYTES], recording[ID_TEXT_BYTES];
    (void)user;
    time_format(recall->left_us, false, time);
    hex_format(recall->recording.bytes, sizeof recall->recording.bytes, recording);
    printf("%6" PRIu64 "  %s  %s  %-9s  %-16s  opened by %s, for %s; %s\n", recall->log_index, time,
        recording, vpriv_recall_cause_name(recall->cause), vpriv_purpose_name(recall->purpose),
        recall->actor, recall->recipient,
        recall->outcome != VPRIV_RECALL_UNANSWERED ? vpriv_recall_outcome_name(recall->outcome)
        : recall->asked_us != 0                    ? "asked"
                                                   : "not asked yet");
    return true;
}

static json_t *time_or_null(int64_t time_us)
{
    return time_us ? json_time(time_us) : json_null();
}

static bool add_recall(void *user, const vpriv_recall *recall)
{
    json_t *reasons = json_array();
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++) {
        const uint32_t reason = (uint32_t)1 << bit;
        if (recall->deny_reasons & reason)
            json_array_append_new(reasons, json_string(vpriv_deny_name((vpriv_deny)reason)));
    }
    json_t *item = json_pack("{s:I, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "entry",
        (json_int_t)recall->log_index, "left", json_time(recall->left_us), "recording",
        json_id(recall->recording.bytes), "purpose", vpriv_purpose_name(recall->purpose), "actor",
        recall->actor, "recipient", recall->recipient, "cause",
        vpriv_recall_cause_name(recall->cause), "deny_reasons", reasons, "asked",
        time_or_null(recall->asked_us), "answered", time_or_null(recall->answered_us), "outcome",
        vpriv_recall_outcome_name(recall->outcome));
    return json_array_append_new(user, item) == 0;
}

exit_code command_recall_list(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    const bool as_json = option_given(arguments, OPTION_JSON);
    const bool of_one = option_given(arguments, OPTION_SUBJECT);
    exit_code code = of_one ? read_subjects(arguments, subject) : EXIT_GOOD;
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    const vpriv_status st = vpriv_recall_list(
        session.vault, of_one ? subject : NULL, 0, as_json ? add_recall : print_recall, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "recalls", list));
    json_decref(list);
    session_close(&session);
    return code;
}

static exit_code read_entry(const tool_arguments *arguments, uint64_t *index_out)
{
    uint32_t index = 0;
    if (!number_parse(arguments->operands[0], UINT32_MAX, &index))
        return tool_usage(
            arguments, "'%s' is not the number of a log entry", arguments->operands[0]);
    *index_out = index;
    return EXIT_GOOD;
}

/* UNANSWERED asks. */
static exit_code change(const tool_arguments *arguments, vpriv_recall_outcome outcome)
{
    tool_session session;
    tool_output output = {.fd = -1};
    char room[VPRIV_LOG_ACTOR_BYTES];
    uint64_t index = 0;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const char *actor = read_actor(arguments, room);
    exit_code code = read_entry(arguments, &index);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = receipt_begin(arguments, &output);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            outcome == VPRIV_RECALL_UNANSWERED
                ? vpriv_recall_ask(session.vault, index, actor, &receipt)
                : vpriv_recall_acknowledge(session.vault, index, actor, outcome, &receipt);
        if (st != VPRIV_OK)
            code = tool_failed(arguments, arguments->operands[0], st);
    }
    if (code == EXIT_GOOD)
        code = receipt_finish(arguments, &output, session.vault, &receipt, NULL);
    output_abandon(&output);
    session_close(&session);
    return code;
}

exit_code command_recall_ask(const tool_arguments *arguments)
{
    return change(arguments, VPRIV_RECALL_UNANSWERED);
}

exit_code command_recall_acknowledge(const tool_arguments *arguments)
{
    vpriv_recall_outcome outcome = VPRIV_RECALL_UNANSWERED;
    const char *name = option_value(arguments, OPTION_OUTCOME);
    if (vpriv_recall_outcome_from_name(name, &outcome) != VPRIV_OK)
        return tool_usage(arguments, "'%s' is no answer: deleted, not-kept or not-deleted", name);
    return change(arguments, outcome);
}
