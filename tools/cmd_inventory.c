/* inventory, export-all: everything that is known, to look at and to take away. */
#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static vpriv_status print_bytes(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    return fwrite(bytes, 1, n_bytes, stdout) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

static const char *assurance_of(vpriv_assurance assurance)
{
    return assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort";
}

static void print_purposes(const char *what, uint32_t purposes)
{
    printf("%-14s", what);
    purposes_print(purposes);
    putchar('\n');
}

static bool print_vault(void *user, const vpriv_inventory_vault *vault)
{
    char id[ID_TEXT_BYTES], made[TIME_TEXT_BYTES];
    (void)user;
    hex_format(vault->about.vault_id, ID_BYTES, id);
    time_format(vault->made_us, false, made);
    printf("vault         %s, seen %s\n", id, made);
    printf("controller    %s (%s), %s\n", vault->controller_name, vault->about.controller_id,
        vault->controller_country);
    printf("holds         %" PRIu64 " recordings of %" PRIu64 " people; %" PRIu64 " were erased\n",
        vault->about.n_recordings, vault->about.n_subjects, vault->about.n_erased);
    printf("root key      generation %" PRIu64 ", forgets: %s\n", vault->about.generation,
        assurance_of(vault->about.assurance));
    print_purposes("keys for", vault->key_purposes);
    if (vault->has_keyring)
        print_purposes("this keyring", vault->keyring_purposes);
    printf("not known     who has copies of keyrings and capture credentials\n");
    print_purposes("paused", vault->paused);
    if (vault->n_unconfirmed > 0)
        printf("unconfirmed   %" PRIu64 " triggers, which nobody can open\n", vault->n_unconfirmed);
    return true;
}

static bool print_pause(void *user, const vpriv_pause *pause)
{
    char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
    (void)user;
    time_format(pause->from_us, false, from);
    time_format(pause->until_us, false, until);
    printf("pause in %s, from %s until %s: ", pause->where, from, until);
    purposes_print(pause->purposes);
    putchar('\n');
    return true;
}

static bool print_notice(void *user, const vpriv_inventory_notice *notice)
{
    (void)user;
    printf("\nnotice %s, version %s, %s%s: %zu bytes\n", notice->ref.id, notice->ref.version,
        notice->ref.language, notice->is_in_force ? "" : ", no longer in force",
        notice->text_bytes);
    return true;
}

static bool print_subject(void *user, const vpriv_subject_info *subject)
{
    char id[ID_TEXT_BYTES];
    (void)user;
    hex_format(subject->id, ID_BYTES, id);
    printf("\nperson %s %s%s%s\n", id, subject->name, subject->contact[0] ? ", " : "",
        subject->contact);
    return true;
}

static bool print_consent(void *user, const vpriv_consent_record *record, bool is_latest)
{
    char time[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
    (void)user;
    time_format(record->event.time_us, false, time);
    time_format(record->event.valid_until_us, false, until);
    printf("  %s %-24s %-12s until %s, kept: %s, notice %s%s%s\n", time,
        vpriv_purpose_name(record->purpose), vpriv_consent_state_name(record->event.state), until,
        record->retention, record->notice.id[0] ? record->notice.id : "-",
        record->covers_past ? ", covers the past" : "", is_latest ? "" : " (earlier)");
    return true;
}

static bool print_recording(void *user, const vpriv_inventory_recording *recording)
{
    const vpriv_recording_info *info = &recording->info;
    char id[ID_TEXT_BYTES], started[TIME_TEXT_BYTES], expires[TIME_TEXT_BYTES];
    char duration[DURATION_TEXT_BYTES];
    (void)user;
    hex_format(info->id.bytes, ID_BYTES, id);
    if (info->state == VPRIV_RECORDING_SHREDDED) {
        printf("\nrecording %s: erased\n", id);
        return true;
    }
    time_format(info->started_us, false, started);
    time_format(info->expires_us, false, expires);
    duration_format(info->duration_us, duration);
    printf("\nrecording %s: %s, %s long, %" PRIu64 " bytes, until %s\n", id, started, duration,
        recording->n_bytes, expires);
    if (info->restriction != VPRIV_RESTRICTION_NONE)
        printf("  set aside     %s\n",
            info->restriction == VPRIV_RESTRICTION_DISPUTE ? "dispute" : "legal hold");
    for (uint32_t i = 0; i < info->n_subjects; i++) {
        char person[ID_TEXT_BYTES];
        hex_format(info->subjects[i], ID_BYTES, person);
        printf("  %-14s%s%s\n", i == 0 ? "of" : "", person,
            i < info->n_subjects - info->n_added ? "" : ", noticed afterwards");
    }
    print_purposes("  kept for ", info->purposes);
    print_purposes("  opens for", recording->open_for);
    return true;
}

static bool print_derivative(void *user, const vpriv_derivative_info *info)
{
    char id[ID_TEXT_BYTES];
    (void)user;
    hex_format(info->id.bytes, ID_BYTES, id);
    printf("  %s %s: by %s, %" PRIu64 " bytes\n", vpriv_derivative_kind_name(info->kind), id,
        info->made_by, info->n_bytes);
    print_purposes("    made for", info->purposes);
    return true;
}

static const char *purpose_of(const vpriv_log_entry *entry)
{
    return entry->purpose == VPRIV_LOG_NO_PURPOSE
               ? "-"
               : vpriv_purpose_name((vpriv_purpose)entry->purpose);
}

static bool print_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    char time[TIME_TEXT_BYTES];
    (void)user;
    (void)index;
    time_format(entry->time_us, false, time);
    printf("  %s %s by %s for %s%s%s\n", time,
        entry->kind == VPRIV_LOG_ACCESS_GRANTED    ? "heard"
        : entry->kind == VPRIV_LOG_DERIVATIVE_READ ? "read"
                                                   : "refused",
        entry->actor, purpose_of(entry), entry->recipient[0] ? ", for " : "", entry->recipient);
    return true;
}

static bool print_event(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    char time[TIME_TEXT_BYTES];
    (void)user;
    time_format(entry->time_us, false, time);
    printf("\nlog %" PRIu64 ": %s %s by %s, %s", index, time, vpriv_log_kind_name(entry->kind),
        entry->actor, purpose_of(entry));
    if (entry->count > 0 && entry->kind == VPRIV_LOG_SPEAKER_ADDED)
        printf(", purposes lost: %" PRIu64, entry->count);
    else if (entry->count > 0)
        printf(", %" PRIu64 " %s", entry->count,
            entry->kind == VPRIV_LOG_DERIVATIVE_ERASED ? "derivatives" : "recordings");
    printf("%s%s\n", entry->reason[0] ? ": " : "", entry->reason);
    return true;
}

static bool print_false_wakes(void *user, const vpriv_inventory_false_wakes *count)
{
    char day[TIME_TEXT_BYTES];
    (void)user;
    time_format(count->day_us > 0 ? count->day_us : 1, false, day);
    printf("\nfalse wakes on %.10s: %" PRIu64 " by %s\n", day, count->n,
        vpriv_trigger_name(count->trigger));
    return true;
}

static vpriv_status print_text(const tool_arguments *arguments, const tool_session *session)
{
    static const vpriv_inventory_visitor visitor = {.struct_size = sizeof visitor,
        .vault = print_vault,
        .pause = print_pause,
        .notice = print_notice,
        .subject = print_subject,
        .consent = print_consent,
        .recording = print_recording,
        .derivative = print_derivative,
        .access = print_access,
        .event = print_event,
        .false_wakes = print_false_wakes};
    bool changed = false;
    const vpriv_status st =
        vpriv_inventory(session->vault, session->keyring, &visitor, NULL, &changed);
    if (st == VPRIV_OK && changed)
        tool_note(arguments, "the vault was changed meanwhile; this is not all of one moment");
    return st;
}

exit_code command_inventory(const tool_arguments *arguments)
{
    tool_session session;
    if (option_given(arguments, OPTION_JSON) && option_given(arguments, OPTION_TEXT))
        return tool_usage(arguments, "--json and --text do not go together");
    exit_code code = session_open(arguments, SESSION_KEYRING_IF_THERE, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        option_given(arguments, OPTION_JSON)
            ? vpriv_inventory_json(session.vault, session.keyring, print_bytes, NULL)
            : print_text(arguments, &session);
    if (st != VPRIV_OK) /* of standard output it is told at the end */
        code = ferror(stdout) ? EXIT_IO : tool_failed(arguments, arguments->vault, st);
    session_close(&session);
    return code;
}

static bool tell_portable(void *user, uint64_t n_done, uint64_t n_recordings)
{
    return progress_tell(user, n_done, n_recordings);
}

static void print_report(const vpriv_portable_report *report)
{
    printf("recordings written  %" PRIu64 "\n", report->n_written);
    printf("there already       %" PRIu64 "\n", report->n_kept);
    printf("not open            %" PRIu64 "\n", report->n_closed);
    printf("damaged             %" PRIu64 "\n", report->n_damaged);
    printf("removed             %" PRIu64 "\n", report->n_removed);
    printf("receipts            %" PRIu64 "\n", report->n_receipts);
    printf("derivatives         %" PRIu64 "\n", report->n_derivatives);
    printf("  not open          %" PRIu64 "\n", report->n_derivatives_closed);
}

exit_code command_export_all(const tool_arguments *arguments)
{
    tool_session session;
    tool_progress progress;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    const char *folder = arguments->operands[0];
    vpriv_portable_report report = {.struct_size = sizeof report};
    const char *reason = option_value(arguments, OPTION_REASON);
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
        .actor = read_actor(arguments, actor),
        .reason = reason ? reason : "everything was exported"};
    exit_code code = session_open(arguments, SESSION_WITH_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    progress_begin(arguments, folder, &progress);
    const vpriv_status st = vpriv_portable_export(
        session.vault, session.keyring, &request, folder, tell_portable, &progress, &report);
    progress_end(&progress);
    if (st == VPRIV_E_CANCELLED)
        code = tool_error(arguments, EXIT_INTERRUPTED,
            "interrupted: %s is not finished; the same command goes on with it", folder);
    else if (st != VPRIV_OK)
        code = tool_failed(arguments, folder, st);
    else
        print_report(&report);
    if (st == VPRIV_OK && report.n_damaged > 0)
        code = tool_error(
            arguments, EXIT_FINDINGS, "%" PRIu64 " recordings are damaged", report.n_damaged);
    session_close(&session);
    return code;
}
