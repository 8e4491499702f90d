#include "tool.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

exit_code read_purpose(
    const tool_arguments *arguments, const char *name, vpriv_purpose *purpose_out)
{
    if (vpriv_purpose_from_name(name, purpose_out) != VPRIV_OK)
        return tool_usage(arguments, "unknown purpose '%s'", name);
    return EXIT_GOOD;
}

exit_code read_subjects(const tool_arguments *arguments, uint8_t *subjects_out)
{
    const option_values *values = &arguments->options[OPTION_SUBJECT];
    for (size_t i = 0; i < values->n; i++) {
        if (!id_parse(values->items[i], subjects_out + i * VPRIV_SUBJECT_ID_BYTES))
            return tool_usage(
                arguments, "--subject '%s' is not an id: 32 hex digits", values->items[i]);
        for (size_t other = 0; other < i; other++) {
            if (memcmp(subjects_out + other * VPRIV_SUBJECT_ID_BYTES,
                    subjects_out + i * VPRIV_SUBJECT_ID_BYTES, VPRIV_SUBJECT_ID_BYTES) == 0)
                return tool_usage(arguments, "--subject '%s' is given twice", values->items[i]);
        }
    }
    return EXIT_GOOD;
}

exit_code read_time(const tool_arguments *arguments, option_id id, int64_t *time_us_out)
{
    const char *text = option_value(arguments, id);
    if (text && !time_parse(text, time_us_out))
        return tool_usage(arguments,
            "'%s' is not a time: 2026-11-22 or 2026-11-22T08:30:00Z, years 1970 to 2400", text);
    if (text && *time_us_out == 0)
        *time_us_out = 1; /* 0 says that there is no bound */
    return EXIT_GOOD;
}

exit_code check_times(const tool_arguments *arguments, int64_t since_us, int64_t until_us)
{
    if (option_given(arguments, OPTION_SINCE) && option_given(arguments, OPTION_UNTIL) &&
        until_us < since_us)
        return tool_usage(arguments, "the end is before the beginning");
    return EXIT_GOOD;
}

exit_code read_span(const tool_arguments *arguments, const span_option *option, uint32_t *ms_out)
{
    uint32_t ms = 0;
    const char *text = option_value(arguments, option->id);
    if (!text)
        return EXIT_GOOD;
    if (!span_parse(text, option->unit_ms, option->max_ms, &ms) || (ms > 0 && ms < option->min_ms))
        return tool_usage(
            arguments, "--%s '%s' is not a length such as %s", option->name, text, option->like);
    *ms_out = ms;
    return EXIT_GOOD;
}

const char *read_actor(const tool_arguments *arguments, char *room)
{
    const char *given = option_value(arguments, OPTION_ACTOR);
    const struct passwd *account = given ? NULL : getpwuid(getuid());
    if (given)
        return given;
    if (account && account->pw_name[0])
        snprintf(room, VPRIV_LOG_ACTOR_BYTES, "%s", account->pw_name);
    else
        snprintf(room, VPRIV_LOG_ACTOR_BYTES, "account %lu", (unsigned long)getuid());
    return room;
}

exit_code read_recording(
    const tool_arguments *arguments, const char *text, vpriv_recording_id *recording_out)
{
    if (!id_parse(text, recording_out->bytes))
        return tool_usage(arguments, "recording '%s' is not an id: 32 hex digits", text);
    return EXIT_GOOD;
}

exit_code read_recordings(
    const tool_arguments *arguments, int first, vpriv_recording_id **recordings_out)
{
    const size_t n = (size_t)(arguments->n_operands - first);
    vpriv_recording_id *recordings = calloc(n ? n : 1, sizeof *recordings);
    exit_code code = recordings ? EXIT_GOOD : tool_error(arguments, EXIT_INTERNAL, "no memory");
    for (size_t i = 0; i < n && code == EXIT_GOOD; i++)
        code = read_recording(arguments, arguments->operands[first + (int)i], &recordings[i]);
    if (code != EXIT_GOOD)
        free(recordings);
    else
        *recordings_out = recordings;
    return code;
}

bool hex_parse(const char *text, uint8_t *bytes_out, size_t n_bytes)
{
    for (size_t i = 0; i < 2 * n_bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return false;
        bytes_out[i / 2] = (uint8_t)(bytes_out[i / 2] << 4 | (digit - digits));
    }
    return text[2 * n_bytes] == '\0';
}

exit_code read_public_key(const tool_arguments *arguments, uint8_t *key_out)
{
    const char *text = option_value(arguments, OPTION_PUBLIC_KEY);
    if (!hex_parse(text, key_out, VPRIV_AUTHORITY_PUBLIC_KEY_BYTES))
        return tool_usage(arguments, "--public-key '%.80s' is not 64 small hex digits", text);
    return EXIT_GOOD;
}
