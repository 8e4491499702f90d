/* log, who-heard. */
#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The entries that who-heard lists; others that name the recording are no listening. */
static bool is_access(const vpriv_log_entry *entry)
{
    return entry->kind == VPRIV_LOG_ACCESS_GRANTED || entry->kind == VPRIV_LOG_ACCESS_REFUSED ||
           entry->kind == VPRIV_LOG_DERIVATIVE_READ || entry->kind == VPRIV_LOG_DERIVATIVE_REFUSED;
}

static const char *purpose_of(const vpriv_log_entry *entry)
{
    return entry->purpose == VPRIV_LOG_NO_PURPOSE
               ? "-"
               : vpriv_purpose_name((vpriv_purpose)entry->purpose);
}

/* Who, for whom, and why: how a line of either list ends. */
static void print_rest(const vpriv_log_entry *entry)
{
    printf("by %s", entry->actor);
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
}

static bool print_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    char time[TIME_TEXT_BYTES];
    (void)user;
    if (!is_access(entry))
        return true;
    time_format(entry->time_us, false, time);
    printf("%6" PRIu64 "  %s  %-7s  %-16s  ", index, time,
        entry->kind == VPRIV_LOG_ACCESS_GRANTED    ? "opened"
        : entry->kind == VPRIV_LOG_DERIVATIVE_READ ? "read"
                                                   : "refused",
        purpose_of(entry));
    print_rest(entry);
    return true;
}

static json_t *deny_reasons(const vpriv_log_entry *entry)
{
    json_t *reasons = json_array();
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++) {
        const uint32_t reason = (uint32_t)1 << bit;
        if (entry->deny_reasons & reason)
            json_array_append_new(reasons, json_string(vpriv_deny_name((vpriv_deny)reason)));
    }
    return reasons;
}

static bool add_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    if (!is_access(entry))
        return true;
    json_t *item = json_pack("{s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "index",
        (json_int_t)index, "time", json_time(entry->time_us), "kind",
        vpriv_log_kind_name(entry->kind), "purpose", purpose_of(entry), "actor", entry->actor,
        "recipient", json_text(entry->recipient), "reason", json_text(entry->reason),
        "deny_reasons", deny_reasons(entry), "consent_record", json_id(entry->consent_record));
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
        vpriv_gate_who_heard(session.vault, &recording, as_json ? add_access : print_access, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->operands[0], st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "entries", list));
    json_decref(list);
    session_close(&session);
    return code;
}

static void print_id(const char *what, const uint8_t *id)
{
    static const uint8_t none[ID_BYTES];
    char text[ID_TEXT_BYTES];
    if (memcmp(id, none, ID_BYTES) == 0)
        return;
    hex_format(id, ID_BYTES, text);
    printf("%s %s ", what, text);
}

static bool print_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    char time[TIME_TEXT_BYTES];
    (void)user;
    time_format(entry->time_us, false, time);
    printf("%6" PRIu64 "  %s  %-18s  %-16s  ", index, time, vpriv_log_kind_name(entry->kind),
        purpose_of(entry));
    if (entry->count > 0)
        printf("%" PRIu64 " ", entry->count);
    print_id("recording", entry->recording);
    print_id("person", entry->subject);
    print_rest(entry);
    return true;
}

static bool add_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    json_t *purpose =
        entry->purpose == VPRIV_LOG_NO_PURPOSE ? json_null() : json_string(purpose_of(entry));
    json_t *item = json_pack("{s:I, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
        "index", (json_int_t)index, "time", json_time(entry->time_us), "kind",
        vpriv_log_kind_name(entry->kind), "purpose", purpose, "actor", entry->actor, "recipient",
        json_text(entry->recipient), "reason", json_text(entry->reason), "deny_reasons",
        deny_reasons(entry), "count", (json_int_t)entry->count, "recording",
        json_id(entry->recording), "subject", json_id(entry->subject), "consent_record",
        json_id(entry->consent_record));
    return json_array_append_new(user, item) == 0;
}

exit_code command_log(const tool_arguments *arguments)
{
    tool_session session;
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    const vpriv_status st =
        vpriv_vault_log(session.vault, 0, as_json ? add_entry : print_entry, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "entries", list));
    json_decref(list);
    session_close(&session);
    return code;
}
