/* Taking in and giving out events. A file is all or nothing: everything happens in one transaction, and
 * keys that have to go are destroyed at its end. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/record.h"
#include "consent/state.h"
#include "vault/consent_event.h"
#include "vault/consent_store.h"
#include "vault/erase.h"
#include "vault/event_store.h"
#include "vault/ingest.h"
#include "vault/lawful.h"
#include "vault/notice_store.h"
#include "vault/policy.h"
#include "vault/receipt.h"
#include "vault/sweep.h"
#include <sodium.h>
#include <string.h>

/* One line of the file, read. */
typedef struct taken {
    char line[VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event said;
    bool is_done;
} taken;

typedef struct syncing {
    vpriv_vault *vault;
    taken *lines;
    size_t n_lines;
    vpriv_consent_record *changed;
    size_t n_changed;
    uint64_t *slots;
    size_t n_slots;
    vpi_lawful *lawful; /* read when first asked for */
    vpriv_sync_result result;
} syncing;

static vpriv_status read_line(
    syncing *s, const vpi_surfaces *surfaces, const char *text, size_t n_bytes, taken *line_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_notice_ref notice;
    VPI_ENSURE(n_bytes < sizeof line_out->line, VPRIV_E_LIMIT, "longer than %zu bytes",
        sizeof line_out->line - 1);
    VPI_TRY(vpriv_surface_event_read(text, n_bytes, NULL, &line_out->said));
    const uint8_t *key = vpi_surfaces_key(surfaces, line_out->said.surface);
    VPI_ENSURE(key, VPRIV_E_AUTH, "surface \"%s\" is not trusted", line_out->said.surface);
    VPI_TRY(vpriv_surface_event_read(text, n_bytes, key, &line_out->said));
    memcpy(line_out->line, text, n_bytes);
    if (!sodium_is_zero(line_out->said.notice, sizeof line_out->said.notice))
        VPI_TRY(vpi_notice_find(s->vault, line_out->said.notice, &notice));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status read_lines(syncing *s, const char *lines, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_surfaces surfaces;
    size_t n = 0;
    VPI_ENSURE(n_bytes == 0 || lines[n_bytes - 1] == '\n', VPRIV_E_FORMAT,
        "the last line has no end: the file was cut off");
    for (size_t i = 0; i < n_bytes; i++)
        n += lines[i] == '\n';
    VPI_TRY(vpi_surfaces_load(s->vault, &surfaces));
    VPI_TRY(vpi_alloc(n + 1, sizeof *s->lines, (void **)&s->lines));
    for (const char *at = lines; s->n_lines < n; s->n_lines++) {
        const char *end = memchr(at, '\n', n_bytes - (size_t)(at - lines));
        const vpriv_status read =
            read_line(s, &surfaces, at, (size_t)(end - at) + 1, &s->lines[s->n_lines]);
        if (read != VPRIV_OK) {
            char why[200];
            snprintf(why, sizeof why, "%s", vpriv_error_detail());
            st = vpi_fail(read, "line %zu: %s", s->n_lines + 1, why);
            goto out;
        }
        at = end + 1;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* The latest record must come from an event that is there: otherwise one was taken away. */
static vpriv_status check_origin(const vpi_events *events, const vpriv_consent_record *record)
{
    if (record->event.state == VPRIV_CONSENT_INVALIDATED ||
        record->event.state == VPRIV_CONSENT_EXPIRED)
        return VPRIV_OK;
    for (size_t i = 0; i < events->n; i++)
        if (memcmp(events->events[i].said.record_id, record->record_id, sizeof record->record_id) ==
            0)
            return VPRIV_OK;
    return vpi_auth_failed();
}

static bool is_the_same(const vpriv_consent_record *record, const vpi_merge_result *merged)
{
    if (record->event.state == VPRIV_CONSENT_EXPIRED && vpi_consent_permits(merged->state))
        return record->event.time_us >= merged->winner->said.time_us;
    return record->event.state == merged->state &&
           (merged->state == VPRIV_CONSENT_INVALIDATED ||
               memcmp(record->record_id, merged->winner->said.record_id,
                   sizeof record->record_id) == 0);
}

/* A guardian's yes for who is of age now is invalid. */
static vpriv_status outgrow(syncing *s, const vpi_subject *person, vpi_merge_result *merged)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject_place at;
    if (!vpi_consent_permits(merged->state) || !vpi_consent_is_by_guardian(merged->winner->said.by))
        return VPRIV_OK;
    if (!s->lawful)
        VPI_TRY(vpi_lawful_load(s->vault, NULL, &s->lawful));
    VPI_TRY(vpi_subject_place_of(s->vault, person, &at));
    vpriv_rules rules = s->lawful->here;
    vpi_lawful_join_home(s->lawful, at.home, &rules);
    if (vpi_rules_outgrown(
            &rules, person->subject_class, at.birth, merged->winner->said.by, s->lawful->now_us))
        merged->state = VPRIV_CONSENT_INVALIDATED;
    st = VPRIV_OK;
out:
    return st;
}

/* Brings one consent to what the events come to. */
static vpriv_status settle(
    syncing *s, const vpi_subject *person, vpi_events *events, vpriv_purpose purpose)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_consent_record record, next;
    vpriv_receipt receipt;
    uint64_t old_slot = VPI_NO_SLOT;
    uint8_t previous[VPRIV_SHA256_BYTES] = {0};
    vpi_merge_result merged = vpi_merge(events->events, events->n, purpose);
    VPI_TRY(outgrow(s, person, &merged));
    s->result.n_gaps += merged.has_gap;
    s->result.n_forked += merged.is_forked;
    const vpriv_status found =
        vpi_consent_latest(s->vault, person->row, purpose, &record, &old_slot);
    if (found == VPRIV_OK) {
        VPI_TRY(check_origin(events, &record));
        VPI_TRY(vpi_consent_record_hash(&record, previous));
    } else if (found != VPRIV_E_NOT_FOUND) {
        VPI_TRY(found);
    }
    if (merged.winner && (found != VPRIV_OK || !is_the_same(&record, &merged))) {
        const bool keeps = vpi_consent_permits(merged.state) && old_slot != VPI_NO_SLOT;
        VPI_TRY(
            vpi_consent_from_event(s->vault, person, &merged.winner->said, merged.state, &next));
        memcpy(next.previous_hash, previous, sizeof previous);
        VPI_TRY(vpi_consent_record_check(&next));
        VPI_TRY(vpi_consent_put(s->vault, person, &next,
            vpi_consent_event_name(vpi_consent_event_into(merged.state)),
            keeps ? old_slot : VPI_NO_SLOT, &receipt));
        if (!keeps && old_slot != VPI_NO_SLOT) {
            s->slots[s->n_slots++] = old_slot;
            VPI_TRY(vpi_sweep_add_subject(s->vault, person));
        }
        s->changed[s->n_changed++] = next;
    }
    st = VPRIV_OK;
out:
    return st;
}

static bool is_of(const taken *line, const uint8_t *subject)
{
    return memcmp(line->said.subject, subject, VPRIV_SUBJECT_ID_BYTES) == 0;
}

/* All lines about the person of line `first`. */
static vpriv_status take_person(syncing *s, size_t first)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint8_t *id = s->lines[first].said.subject;
    vpi_events events = {.events = NULL};
    vpi_subject person;
    uint32_t purposes = 0;
    const vpriv_status found = vpi_subject_find(s->vault, id, &person);
    if (found != VPRIV_E_NOT_FOUND) {
        VPI_TRY(found);
        VPI_TRY(vpi_events_load(s->vault, &person, &events));
    }
    for (size_t i = first; i < s->n_lines; i++) {
        taken *line = &s->lines[i];
        bool is_new = false;
        if (line->is_done || !is_of(line, id))
            continue;
        line->is_done = true;
        if (found == VPRIV_E_NOT_FOUND) {
            s->result.n_skipped++;
            continue;
        }
        VPI_TRY(vpi_events_add(s->vault, &person, line->line, &line->said, &events, &is_new));
        s->result.n_new += is_new;
        s->result.n_known += !is_new;
        purposes |= VPRIV_PURPOSE_BIT(line->said.purpose);
    }
    for (size_t i = 0; i < events.n; i++) /* what waited may wait no longer */
        purposes |= VPRIV_PURPOSE_BIT(events.events[i].said.purpose);
    vpi_merge_sort(events.events, events.n);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX && found == VPRIV_OK; p++)
        if (purposes >> p & 1)
            VPI_TRY(settle(s, &person, &events, (vpriv_purpose)p));
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    free(events.events);
    return st;
}

/* What a try came to. */
static void forget(syncing *s)
{
    free(s->lawful);
    free(s->lines);
    free(s->changed);
    free(s->slots);
    *s = (syncing){.vault = s->vault};
}

static vpriv_status take_all(syncing *s, const char *lines, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_people = 0, n_most = 0;
    VPI_TRY(vpi_vault_begin_freeing(s->vault));
    VPI_TRY(vpi_settings_refresh(s->vault));
    VPI_TRY(vpi_ingest_adopt_all(s->vault));
    VPI_TRY(read_lines(s, lines, n_bytes));
    for (size_t i = 0; i < s->n_lines; i++) {
        size_t k = 0;
        while (k < i && !is_of(&s->lines[k], s->lines[i].said.subject))
            k++;
        n_people += k == i;
    }
    n_most = n_people * VPI_PURPOSES_MAX + 1;
    VPI_TRY(vpi_alloc(n_most, sizeof *s->changed, (void **)&s->changed));
    VPI_TRY(vpi_alloc(n_most, sizeof *s->slots, (void **)&s->slots));
    for (size_t i = 0; i < s->n_lines; i++)
        if (!s->lines[i].is_done)
            VPI_TRY(take_person(s, i));
    if (s->n_slots > 0)
        VPI_TRY(vpi_vault_shred(s->vault, s->slots, s->n_slots));
    VPI_TRY(vpi_vault_commit(s->vault));
    vpi_erase_give_back(s->vault);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_consent_sync(vpriv_vault *vault, const char *lines, size_t n_bytes,
    vpriv_consent_fn fn, void *user, vpriv_sync_result *result_out)
{
    syncing s = {.vault = vault};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(lines || n_bytes == 0, VPRIV_E_ARG, "there are no events");
    VPI_ENSURE(!result_out || result_out->struct_size == sizeof *result_out, VPRIV_E_ARG,
        "vpriv_sync_result.struct_size is wrong");
    VPI_ENSURE(n_bytes <= VPRIV_SYNC_BYTES_MAX, VPRIV_E_LIMIT,
        "the file of events is longer than %d bytes", VPRIV_SYNC_BYTES_MAX);
    vpriv_status all = take_all(&s, lines, n_bytes);
    if (vpi_vault_try_again(vault, all)) {
        forget(&s);
        all = take_all(&s, lines, n_bytes);
    }
    VPI_TRY(all);
    s.result.n_changed = s.n_changed;
    s.result.struct_size = sizeof s.result;
    if (result_out)
        *result_out = s.result;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    for (size_t i = 0; st == VPRIV_OK && fn && i < s.n_changed; i++)
        if (!fn(user, &s.changed[i]))
            break;
    forget(&s);
    return st;
}

vpriv_status vpriv_consent_export_events(vpriv_vault *vault, vpriv_line_fn fn, void *user)
{
    int64_t person = 0, row = 0;
    if (!fn)
        return vpi_fail(VPRIV_E_ARG, "no callback");
    for (;;) {
        char line[VPRIV_SURFACE_LINE_BYTES];
        bool began = false;
        vpriv_status st = vpi_vault_enter(vault, true);
        if (st != VPRIV_OK)
            return st;
        st = vpi_vault_read_begin(vault, &began);
        if (st == VPRIV_OK)
            st = person ? vpi_events_next(vault, person, &row, line) : VPRIV_E_NOT_FOUND;
        while (st == VPRIV_E_NOT_FOUND) {
            st = vpi_subject_next_row(vault, person, &person);
            row = 0;
            if (st != VPRIV_OK)
                break;
            st = vpi_events_next(vault, person, &row, line);
        }
        vpi_vault_read_end(vault, began);
        vpi_vault_leave(vault);
        if (st != VPRIV_OK)
            return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
        if (!fn(user, line, strlen(line)))
            return VPRIV_OK;
    }
}
