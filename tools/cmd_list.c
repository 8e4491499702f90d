/* list. */
#include "json.h"
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
    purposes_print(info->purposes);
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
