/* list, who-heard. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>

static const char *state_name(vpriv_recording_state state)
{
    switch (state) {
    case VPRIV_RECORDING_NONE:
        return "none";
    case VPRIV_RECORDING_PROVISIONAL:
        return "provisional";
    case VPRIV_RECORDING_COMMITTED:
        return "committed";
    case VPRIV_RECORDING_RESTRICTED:
        return "restricted";
    case VPRIV_RECORDING_SHREDDED:
        return "shredded";
    }
    return "unknown";
}

/* Prints the names of a set, separated by commas. */
static void print_purposes(uint32_t purposes)
{
    const char *comma = "";
    if (!purposes)
        printf("-");
    for (int purpose = 0; purpose < VPRIV_PURPOSES_MAX; purpose++) {
        if (!(purposes & VPRIV_PURPOSE_BIT(purpose)))
            continue;
        printf("%s%s", comma, vpriv_purpose_name((vpriv_purpose)purpose));
        comma = ",";
    }
}

static bool print_recording(void *user, const vpriv_recording_info *info)
{
    char id[ID_TEXT_BYTES], started[TIME_TEXT_BYTES], duration[DURATION_TEXT_BYTES];
    char retention[VPRIV_RETENTION_BYTES];
    (void)user;
    hex_format(info->id.bytes, ID_BYTES, id);
    time_format(info->started_us, false, started);
    duration_format(info->duration_us, duration);
    printf("%s  %s  %12s  %-12s  %-14s  ", id, started, duration,
        vpriv_retention_name(info->retention, retention), vpriv_end_reason_name(info->end_reason));
    print_purposes(info->purposes);
    putchar('\n');
    return true;
}

static bool add_recording(void *user, const vpriv_recording_info *info)
{
    char retention[VPRIV_RETENTION_BYTES];
    json_t *subjects = json_array();
    for (uint32_t i = 0; i < info->n_subjects; i++)
        json_array_append_new(subjects, json_id(info->subjects[i]));
    json_t *item = json_pack(
        "{s:o, s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:f, s:o, s:o, s:o, s:i, s:i, s:s, s:s}", "id",
        json_id(info->id.bytes), "state", state_name(info->state), "started",
        json_time(info->started_us), "expires", json_time(info->expires_us), "duration_us",
        (json_int_t)info->duration_us, "end_reason", vpriv_end_reason_name(info->end_reason),
        "retention", vpriv_retention_name(info->retention, retention), "trigger",
        vpriv_trigger_name(info->trigger), "trigger_score", (double)info->trigger_score,
        "wake_word", json_text(info->wake_word), "purposes", json_purposes(info->purposes),
        "subjects", subjects, "rate_hz", (int)info->rate_hz, "n_channels", (int)info->n_channels,
        "device_class", info->device_class, "jurisdiction", info->jurisdiction);
    return json_array_append_new(user, item) == 0;
}

exit_code command_list(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_filter filter = {.struct_size = sizeof filter};
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_SINCE, &filter.since_us);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &filter.until_us);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    if (option_given(arguments, OPTION_SUBJECT))
        filter.subject = subject;
    json_t *list = json_array();
    const vpriv_status st = vpriv_recording_list(
        session.vault, &filter, as_json ? add_recording : print_recording, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "recordings", list));
    json_decref(list);
    session_close(&session);
    return code;
}

/* The entries that who-heard lists; others that name the recording are no listening. */
static bool is_access(const vpriv_log_entry *entry)
{
    return entry->kind == VPRIV_LOG_ACCESS_GRANTED || entry->kind == VPRIV_LOG_ACCESS_REFUSED;
}

static const char *purpose_of(const vpriv_log_entry *entry)
{
    return entry->purpose == VPRIV_LOG_NO_PURPOSE
               ? "-"
               : vpriv_purpose_name((vpriv_purpose)entry->purpose);
}

static bool print_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    char time[TIME_TEXT_BYTES];
    (void)user;
    if (!is_access(entry))
        return true;
    time_format(entry->time_us, false, time);
    printf("%6" PRIu64 "  %s  %-7s  %-16s  by %s", index, time,
        entry->kind == VPRIV_LOG_ACCESS_GRANTED ? "opened" : "refused", purpose_of(entry),
        entry->actor);
    if (entry->recipient[0])
        printf(", for %s", entry->recipient);
    if (entry->reason[0])
        printf(": %s", entry->reason);
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++) {
        const uint32_t reason = (uint32_t)1 << bit;
        if (entry->deny_reasons & reason)
            printf(" [%s]", vpriv_deny_name((vpriv_deny)reason));
    }
    putchar('\n');
    return true;
}

static bool add_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    if (!is_access(entry))
        return true;
    json_t *reasons = json_array();
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++) {
        const uint32_t reason = (uint32_t)1 << bit;
        if (entry->deny_reasons & reason)
            json_array_append_new(reasons, json_string(vpriv_deny_name((vpriv_deny)reason)));
    }
    json_t *item = json_pack("{s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "index",
        (json_int_t)index, "time", json_time(entry->time_us), "kind",
        vpriv_log_kind_name(entry->kind), "purpose", purpose_of(entry), "actor", entry->actor,
        "recipient", json_text(entry->recipient), "reason", json_text(entry->reason),
        "deny_reasons", reasons, "consent_record", json_id(entry->consent_record));
    return json_array_append_new(user, item) == 0;
}

exit_code command_who_heard(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_recording_id recording;
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = read_recording(arguments, arguments->operands[0], &recording);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    const vpriv_status st =
        vpriv_gate_who_heard(session.vault, &recording, as_json ? add_entry : print_entry, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->operands[0], st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "entries", list));
    json_decref(list);
    session_close(&session);
    return code;
}
