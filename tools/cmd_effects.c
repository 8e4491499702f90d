/* effects, profile: what a purpose does, and the usual choices. */
#include "json.h"
#include <stdio.h>
#include <string.h>

static json_t *operations(uint32_t set)
{
    static const char *const names[] = {
        "record", "store", "analyse", "listen", "transcribe", "annotate", "share"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (set >> i & 1)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *effect_json(const vpriv_effect *effect, const char *text)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:b, s:b, s:o, s:b, s:i, s:s}", "purpose",
        vpriv_purpose_name(effect->purpose), "means",
        vpriv_purpose_about(effect->purpose)->sentence, "operations",
        operations(effect->operations), "gives_frames", (int)effect->gives_frames, "may_be_shared",
        (int)effect->may_be_shared, "is_written", (int)effect->is_written, "opened_by",
        json_purposes(effect->opened_by), "people_listen", (int)effect->people_listen, "uses_max",
        (int)effect->uses_max, "text", text);
}

/* Each of these purposes, by itself. */
static json_t *tell_each(uint32_t purposes, bool as_json)
{
    json_t *list = json_array();
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        vpriv_effect effect;
        char text[VPRIV_EFFECT_TEXT_BYTES];
        if (!(purposes >> p & 1) || vpriv_effect_of((vpriv_purpose)p, &effect) != VPRIV_OK)
            continue;
        vpriv_effect_text(&effect, text);
        if (as_json)
            json_array_append_new(list, effect_json(&effect, text));
        else
            printf("%s\n%s\n", vpriv_purpose_name((vpriv_purpose)p), text);
    }
    return list;
}

static json_t *now_json(const vpriv_effects *now, const char *text)
{
    char retention[VPRIV_RETENTION_BYTES];
    return json_pack("{s:o, s:b, s:o, s:b, s:o, s:o, s:s, s:s}", "in_force",
        json_purposes(now->in_force), "gives_frames", (int)now->gives_frames, "may_be_shared",
        json_purposes(now->may_be_shared), "is_written", (int)now->is_written, "opened_by",
        json_purposes(now->opened_by), "people_listen", json_purposes(now->people_listen),
        "retention", vpriv_retention_name(now->retention, retention), "text", text);
}

/* All of them together, for those who were named; null for nobody. */
static exit_code tell_now(
    const tool_arguments *arguments, vpriv_vault *vault, bool as_json, json_t **now_out)
{
    uint8_t subjects[VPRIV_RECORDING_SUBJECTS_MAX * VPRIV_SUBJECT_ID_BYTES];
    char text[VPRIV_EFFECT_TEXT_BYTES];
    const char *term = option_value(arguments, OPTION_RETENTION);
    vpriv_effects now = {.struct_size = sizeof now};
    vpriv_effects_request request = {.struct_size = sizeof request,
        .subjects = subjects,
        .n_subjects = arguments->options[OPTION_SUBJECT].n,
        .with_frames = true};
    *now_out = json_null();
    if (request.n_subjects == 0)
        return EXIT_GOOD;
    const exit_code code = read_subjects(arguments, subjects);
    if (code != EXIT_GOOD)
        return code;
    if (term && vpriv_retention_from_name(term, &request.retention) != VPRIV_OK)
        return tool_usage(arguments, "--retention '%s' is not a term", term);
    const vpriv_status st = vpriv_effects_now(vault, &request, &now);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    vpriv_effects_text(&now, text);
    if (!as_json) {
        printf("in force now  ");
        purposes_print(now.in_force);
        printf("\n%s", text);
    }
    *now_out = now_json(&now, text);
    return EXIT_GOOD;
}

exit_code command_effects(const tool_arguments *arguments)
{
    tool_session session;
    json_t *now = NULL;
    uint32_t purposes = 0;
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = EXIT_GOOD;
    for (int i = 0; i < arguments->n_operands && code == EXIT_GOOD; i++) {
        vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
        code = read_purpose(arguments, arguments->operands[i], &purpose);
        purposes |= VPRIV_PURPOSE_BIT(purpose);
    }
    if (code == EXIT_GOOD && option_given(arguments, OPTION_RETENTION) &&
        !option_given(arguments, OPTION_SUBJECT))
        code = tool_usage(arguments, "--retention says nothing without --subject");
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    if (arguments->n_operands == 0 && !option_given(arguments, OPTION_SUBJECT))
        purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_VENDOR_FIRST) - 1;
    json_t *each = tell_each(purposes, as_json);
    code = tell_now(arguments, session.vault, as_json, &now);
    if (code == EXIT_GOOD && as_json)
        code = json_print(arguments, json_pack("{s:O, s:O}", "purposes", each, "now", now));
    json_decref(each);
    json_decref(now);
    session_close(&session);
    return code;
}

static void print_set(const char *what, uint32_t purposes)
{
    printf("%-11s", what);
    purposes_print(purposes);
    putchar('\n');
}

static exit_code print_outcome(
    const tool_arguments *arguments, const char *name, const vpriv_profile_outcome *outcome)
{
    char retention[VPRIV_RETENTION_BYTES];
    vpriv_retention_name(outcome->retention, retention);
    if (option_given(arguments, OPTION_JSON))
        return json_print(arguments,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "profile", name, "withdrawn",
                json_purposes(outcome->withdrawn), "refused", json_purposes(outcome->refused),
                "in_force", json_purposes(outcome->in_force), "to_ask",
                json_purposes(outcome->to_ask), "retention", retention));
    print_set("withdrawn", outcome->withdrawn);
    print_set("refused", outcome->refused);
    print_set("in force", outcome->in_force);
    print_set("to ask", outcome->to_ask);
    printf("%-11s%s\n", "retention", retention);
    return EXIT_GOOD;
}

exit_code command_profile(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_profile profile = VPRIV_PROFILE_PRIVATE;
    vpriv_profile_outcome outcome = {.struct_size = sizeof outcome};
    const char *name = arguments->operands[0];
    if (vpriv_profile_from_name(name, &profile) != VPRIV_OK)
        return tool_usage(
            arguments, "unknown profile '%s': private, history or improve_by_machine", name);
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_profile_apply(session.vault, subject, profile, NULL, &outcome);
    if (st == VPRIV_OK) {
        code = print_outcome(arguments, name, &outcome);
        if (outcome.withdrawn)
            session_tidy_after(arguments, session.vault);
    } else {
        code = tool_failed(arguments, NULL, st);
    }
    session_close(&session);
    return code;
}
