#include "vault/event_store.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/state.h"
#include "vault/notice_store.h"
#include "vault/policy.h"
#include "vault/witness.h"
#include <sodium.h>
#include <string.h>

static vpriv_status event_key(vpriv_vault *vault, int64_t subject)
{
    uint8_t *key = vault->secrets->subject_key;
    const vpriv_status st = vpi_subject_key(vault, subject, key);
    if (st == VPRIV_OK)
        vpi_derive(key, "consent: event", NULL, 0, key);
    return st;
}

#define BOND_BYTES 8

static vpi_place place_of(
    const vpriv_vault *vault, int64_t subject, int64_t row, uint8_t bond[BOND_BYTES])
{
    vpi_writer w = vpi_writer_of(bond, BOND_BYTES);
    vpi_put_i64(&w, subject);
    return (vpi_place){vault->vault_id, VPI_COLUMN_CONSENT_EVENT, (uint64_t)row, bond, BOND_BYTES};
}

static vpriv_status open_row(
    vpriv_vault *vault, int64_t subject, int64_t id, const vpi_row *row, char *line_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(VPRIV_SURFACE_LINE_BYTES)], bond[BOND_BYTES];
    size_t n_sealed = 0, n_bytes = 0;
    const uint8_t *sealed = vpi_column_blob(row, 0, &n_sealed);
    const vpi_place place = place_of(vault, subject, id, bond);
    VPI_TRY(event_key(vault, subject));
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->subject_key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    VPI_ENSURE(n_bytes < VPRIV_SURFACE_LINE_BYTES - 1, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    memcpy(line_out, plain, n_bytes);
    memcpy(line_out + n_bytes, "\n", 2);
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

vpriv_status vpi_events_next(vpriv_vault *vault, int64_t subject, int64_t *row_io, char *line_out)
{
    vpi_row row = VPI_NO_ROW;
    int64_t id = 0;
    vpriv_status st = vpi_database_next(vault->database, *row_io, &id,
        "SELECT id FROM consent_event WHERE subject = ?1 AND id > ?2 ORDER BY id LIMIT 1", "ii",
        subject, *row_io);
    if (st != VPRIV_OK)
        return st;
    st = vpi_database_query(
        vault->database, &row, "SELECT sealed FROM consent_event WHERE id = ?1", "i", id);
    if (st == VPRIV_E_NOT_FOUND)
        st = vpi_auth_failed();
    if (st == VPRIV_OK)
        st = open_row(vault, subject, id, &row, line_out);
    vpi_row_end(&row);
    if (st == VPRIV_OK)
        *row_io = id;
    return st;
}

static void hash_of(const char *line, uint8_t hash_out[VPRIV_SHA256_BYTES])
{
    crypto_hash_sha256(hash_out, (const uint8_t *)line, strcspn(line, "\n"));
}

static vpriv_status append(vpi_events *events, const char *line, const vpriv_surface_event *said)
{
    if (events->n == events->room) {
        const size_t room = events->room ? 2 * events->room : 16;
        vpi_merge_event *more = realloc(events->events, room * sizeof *more);
        if (!more)
            return vpi_fail(VPRIV_E_MEMORY, "no memory for %zu events", room);
        events->events = more;
        events->room = room;
    }
    vpi_merge_event *event = &events->events[events->n++];
    memset(event, 0, sizeof *event);
    event->said = *said;
    hash_of(line, event->hash);
    return VPRIV_OK;
}

static vpriv_status mark_notices(vpriv_vault *vault, vpi_events *events)
{
    uint8_t hashes[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES];
    uint32_t n = 0;
    const vpriv_status st = vpi_notices_in_force(vault, hashes, &n);
    for (size_t i = 0; i < events->n && st == VPRIV_OK; i++) {
        events->events[i].notice_in_force = false;
        for (uint32_t k = 0; k < n; k++)
            events->events[i].notice_in_force |=
                memcmp(hashes[k], events->events[i].said.notice, VPRIV_SHA256_BYTES) == 0;
    }
    return st;
}

vpriv_status vpi_events_load(vpriv_vault *vault, const vpi_subject *person, vpi_events *events_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_events events = {.events = NULL};
    char line[VPRIV_SURFACE_LINE_BYTES];
    int64_t row = 0;
    for (;;) {
        vpriv_surface_event said;
        const vpriv_status next = vpi_events_next(vault, person->row, &row, line);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(vpriv_surface_event_read(line, strlen(line), NULL, &said));
        VPI_TRY(append(&events, line, &said));
    }
    VPI_TRY(mark_notices(vault, &events));
    vpi_merge_sort(events.events, events.n);
    *events_out = events;
    events.events = NULL;
    st = VPRIV_OK;
out:
    free(events.events);
    return st;
}

static vpriv_status insert(vpriv_vault *vault, int64_t subject, const char *line)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(VPRIV_SURFACE_LINE_BYTES)], bond[BOND_BYTES];
    size_t n_sealed = 0;
    int64_t id = 0;
    VPI_TRY(vpi_database_int(
        vault->database, &id, "SELECT coalesce(max(id), 0) + 1 FROM consent_event", ""));
    const vpi_place place = place_of(vault, subject, id, bond);
    VPI_TRY(event_key(vault, subject));
    VPI_TRY(vpi_seal_padded(vault->secrets->subject_key, &place, line, strcspn(line, "\n"), sealed,
        sizeof sealed, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO consent_event(id, subject, sealed) VALUES (?1, ?2, ?3)", "iib", id, subject,
        sealed, n_sealed));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_events_add(vpriv_vault *vault, const vpi_subject *person, const char *line,
    const vpriv_surface_event *said, vpi_events *events, bool *is_new_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t hash[VPRIV_SHA256_BYTES];
    hash_of(line, hash);
    *is_new_out = true;
    for (size_t i = 0; i < events->n && *is_new_out; i++)
        *is_new_out = memcmp(events->events[i].hash, hash, sizeof hash) != 0;
    if (*is_new_out) {
        VPI_TRY(insert(vault, person->row, line));
        VPI_TRY(append(events, line, said));
        VPI_TRY(mark_notices(vault, events));
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Everything that is here of every other surface, up to what is missing. */
static vpriv_status put_seen(const vpi_events *events, vpriv_surface_event *own)
{
    for (size_t i = 0; i < events->n; i++) {
        const char *name = events->events[i].said.surface;
        const uint64_t known = vpi_merge_known(events->events, events->n, name);
        const bool is_next = i == 0 || strcmp(events->events[i - 1].said.surface, name) != 0;
        if (!is_next || known == 0 || strcmp(name, own->surface) == 0)
            continue;
        if (own->n_seen == VPRIV_SURFACE_SEEN_MAX)
            return vpi_fail(
                VPRIV_E_LIMIT, "events of more than %d surfaces", VPRIV_SURFACE_SEEN_MAX);
        memcpy(own->seen[own->n_seen].surface, name, strlen(name) + 1);
        own->seen[own->n_seen++].sequence = known;
    }
    return VPRIV_OK;
}

static int64_t whole(int64_t time_us)
{
    return time_us - time_us % 1000000;
}

static void describe(const vpriv_consent_record *record, vpriv_consent_event event, bool was_shown,
    vpriv_surface_event *own)
{
    own->time_us = whole(record->event.time_us);
    memcpy(own->subject, record->subject, sizeof own->subject);
    own->purpose = record->purpose;
    own->event = event;
    own->by = record->event.by;
    own->method = record->event.method;
    if (was_shown)
        memcpy(own->notice, record->notice.sha256, sizeof own->notice);
    memcpy(own->record_id, record->record_id, sizeof own->record_id);
    own->valid_until_us = whole(record->event.valid_until_us);
    if (own->valid_until_us != 0 && own->valid_until_us <= own->time_us)
        own->valid_until_us = own->time_us + 1000000;
    memcpy(own->retention, record->retention, sizeof own->retention);
    own->max_uses = record->max_uses;
}

vpriv_status vpi_events_add_own(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_consent_record *record, vpriv_consent_event event)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_events events = {.events = NULL};
    vpriv_surface_event own = {.struct_size = sizeof own};
    char line[VPRIV_SURFACE_LINE_BYTES], origin[VPRIV_LOG_ORIGIN_BYTES];
    bool is_new = false;
    VPI_TRY(vpi_events_load(vault, person, &events));
    vpi_vault_origin(vault, origin);
    snprintf(own.surface, sizeof own.surface, "%.63s", origin);
    own.sequence = vpi_merge_known(events.events, events.n, own.surface) + 1;
    describe(record, event, strcmp(record->notice.id, "none") != 0, &own);
    VPI_TRY(put_seen(&events, &own));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, vault->secrets->key));
    VPI_TRY(vpriv_surface_event_sign(&own, vault->secrets->key, line));
    VPI_TRY(vpi_events_add(vault, person, line, &own, &events, &is_new));
    vpi_merge_sort(events.events, events.n);
    if (vpi_merge_is_yes(event)) {
        const vpi_merge_result result = vpi_merge(events.events, events.n, record->purpose);
        VPI_ENSURE(!result.is_objected || vpi_consent_permits(result.state), VPRIV_E_STATE,
            "consent: a guardian has said no; a yes is now for all of them together (guardians)");
        VPI_ENSURE(result.state == VPRIV_CONSENT_GIVEN || result.state == VPRIV_CONSENT_RENEWED,
            VPRIV_E_STATE,
            "consent: events of another surface are missing, and one that came after them says no");
    }
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    free(events.events);
    return st;
}
