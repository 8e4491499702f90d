/* consent cover-past, speaker add: changing who may open what is stored already. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What became of the recordings, in the order it is told. */
typedef struct past_line {
    const char *key;
    const char *words;
    uint64_t n;
} past_line;
#define N_LINES 9

static void lines_of(const vpriv_past_report *r, past_line lines_out[N_LINES])
{
    const past_line lines[N_LINES] = {
        {"open_already", "open for it before", r->n_open_already},
        {"later", "later than the consent: it need not reach back", r->n_later},
        {"other_speaker", "closed: somebody else who speaks has no consent that covers it",
            r->n_other_speaker},
        {"set_aside", "closed: set aside", r->n_set_aside},
        {"over", "closed: the term is over", r->n_over},
        {"no_key", "closed: the keyring opens it for nothing now", r->n_no_key},
        {"refused", "closed: refused for another reason, such as a pause", r->n_refused},
        {"damaged", "closed: damaged or changed", r->n_damaged},
        {"looked_at", NULL, r->n_looked_at},
    };
    memcpy(lines_out, lines, sizeof lines);
}

static exit_code print_past(
    const tool_arguments *arguments, vpriv_purpose purpose, const vpriv_past_report *report)
{
    past_line lines[N_LINES];
    lines_of(report, lines);
    if (option_given(arguments, OPTION_JSON)) {
        json_t *document = json_pack("{s:s, s:I}", "purpose", vpriv_purpose_name(purpose), "opened",
            (json_int_t)report->n_opened);
        for (size_t i = 0; i < N_LINES; i++)
            json_object_set_new(document, lines[i].key, json_integer((json_int_t)lines[i].n));
        return json_print(arguments, document);
    }
    printf("%s: opened %" PRIu64 " of %" PRIu64 " recordings\n", vpriv_purpose_name(purpose),
        report->n_opened, report->n_looked_at);
    for (size_t i = 0; i < N_LINES; i++)
        if (lines[i].words && lines[i].n > 0)
            printf("  %" PRIu64 " %s\n", lines[i].n, lines[i].words);
    return EXIT_GOOD;
}

exit_code command_consent_cover_past(const tool_arguments *arguments)
{
    tool_session session;
    tool_progress progress;
    char room[VPRIV_LOG_ACTOR_BYTES];
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_purpose purpose = VPRIV_PURPOSE_KEEP_HISTORY;
    vpriv_past_report report = {.struct_size = sizeof report};
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = read_purpose(arguments, option_value(arguments, OPTION_PURPOSE), &purpose);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITH_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    progress_begin(arguments, vpriv_purpose_name(purpose), &progress);
    const vpriv_status st = vpriv_consent_apply_to_past(session.vault, session.keyring, subject,
        purpose, read_actor(arguments, room), progress_tell, &progress, &report);
    progress_end(&progress);
    if (st == VPRIV_E_CANCELLED)
        code = tool_error(arguments, EXIT_INTERRUPTED,
            "interrupted: opened %" PRIu64 "; the same command goes on with it", report.n_opened);
    else if (st == VPRIV_OK || report.n_looked_at > 0)
        code = print_past(arguments, purpose, &report);
    if (st != VPRIV_OK && st != VPRIV_E_CANCELLED)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

/* A person's id, or what they are when nobody knows them. */
static exit_code read_speaker(const tool_arguments *arguments, const char *text,
    uint8_t subject_out[VPRIV_SUBJECT_ID_BYTES], bool *is_known_out, vpriv_subject_class *class_out)
{
    *is_known_out = id_parse(text, subject_out);
    *class_out = strcmp(text, "guest") == 0       ? VPRIV_SUBJECT_GUEST
                 : strcmp(text, "bystander") == 0 ? VPRIV_SUBJECT_BYSTANDER
                                                  : VPRIV_SUBJECT_UNKNOWN;
    if (!*is_known_out && *class_out == VPRIV_SUBJECT_UNKNOWN && strcmp(text, "unknown") != 0)
        return tool_usage(arguments,
            "'%s' is not a person's id (32 hex digits), guest, bystander or unknown", text);
    return EXIT_GOOD;
}

exit_code command_speaker_add(const tool_arguments *arguments)
{
    tool_session session;
    char room[VPRIV_LOG_ACTOR_BYTES];
    vpriv_recording_id recording;
    vpriv_recording_info info;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_subject_class subject_class = VPRIV_SUBJECT_UNKNOWN;
    bool is_known = false;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    exit_code code = read_recording(arguments, arguments->operands[0], &recording);
    if (code == EXIT_GOOD)
        code = read_speaker(arguments, arguments->operands[1], subject, &is_known, &subject_class);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    vpriv_status st = vpriv_recording_add_speaker(session.vault, &recording,
        is_known ? subject : NULL, subject_class, read_actor(arguments, room),
        option_value(arguments, OPTION_REASON), &receipt);
    if (st == VPRIV_OK && receipt.kind == VPRIV_LOG_ERASURE) {
        puts("erased for good: no purpose is left for it");
    } else if (st == VPRIV_OK) {
        st = vpriv_recording_about(session.vault, &recording, &info);
        if (st == VPRIV_OK) {
            fputs("still open for: ", stdout);
            purposes_print(info.purposes);
            putchar('\n');
        }
    }
    if (st == VPRIV_OK)
        session_tidy_after(arguments, session.vault);
    else
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}
