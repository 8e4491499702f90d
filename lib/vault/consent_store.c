#include "vault/consent_store.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "consent/record.h"
#include "consent/state.h"
#include "vault/policy.h"
#include <string.h>

#define ROW_BYTES (8 + VPI_CONSENT_RECORD_BYTES_MAX)

#define INDEX_BYTES (4 + 8 * VPI_PURPOSES_MAX)

/* What a person's row knows of their consents: how many records there are, and which is the latest for
 * each purpose. A record that is missing or hidden is noticed by it. */
typedef struct consent_index {
    uint32_t n_records;
    int64_t latest[VPI_PURPOSES_MAX]; /* rows; 0 is none */
} consent_index;

static vpriv_status index_key(vpriv_vault *vault, int64_t subject)
{
    uint8_t *key = vault->secrets->subject_key;
    const vpriv_status st = vpi_subject_key(vault, subject, key);
    if (st == VPRIV_OK)
        vpi_derive(key, "subject: consents", NULL, 0, key);
    return st;
}

static vpriv_status write_index(vpriv_vault *vault, int64_t subject, const consent_index *index)
{
    uint8_t plain[INDEX_BYTES], sealed[INDEX_BYTES + VPI_SEAL_OVERHEAD];
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_SUBJECT_CONSENTS, (uint64_t)subject);
    vpriv_status st = index_key(vault, subject);
    if (st == VPRIV_OK) {
        vpi_writer w = vpi_writer_of(plain, sizeof plain);
        vpi_put_u32(&w, index->n_records);
        for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
            vpi_put_i64(&w, index->latest[p]);
        vpi_seal(vault->secrets->subject_key, &place, plain, sizeof plain, sealed);
        st = vpi_database_run(vault->database, "UPDATE subject SET consents = ?2 WHERE id = ?1",
            "ib", subject, sealed, sizeof sealed);
    }
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    return st;
}

static vpriv_status read_index(vpriv_vault *vault, int64_t subject, consent_index *index_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[INDEX_BYTES];
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_SUBJECT_CONSENTS, (uint64_t)subject);
    VPI_TRY(index_key(vault, subject));
    VPI_TRY(vpi_database_query(
        vault->database, &row, "SELECT consents FROM subject WHERE id = ?1", "i", subject));
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    VPI_ENSURE(n_sealed == INDEX_BYTES + VPI_SEAL_OVERHEAD, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(vpi_unseal(vault->secrets->subject_key, &place, sealed, n_sealed, plain));
    vpi_reader r = vpi_reader_of(plain, sizeof plain);
    index_out->n_records = vpi_get_u32(&r);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        index_out->latest[p] = vpi_get_i64(&r);
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_consent_start(vpriv_vault *vault, int64_t subject)
{
    const consent_index none = {0};
    return write_index(vault, subject, &none);
}

vpriv_status vpi_consent_purposes(vpriv_vault *vault, int64_t subject, uint32_t *purposes_out)
{
    consent_index index;
    const vpriv_status st = read_index(vault, subject, &index);
    if (st != VPRIV_OK)
        return st;
    *purposes_out = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (index.latest[p])
            *purposes_out |= VPRIV_PURPOSE_BIT(p);
    return VPRIV_OK;
}

/* Columns: id, sealed. */
static vpriv_status open_row(vpriv_vault *vault, int64_t subject, const vpi_row *row,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(ROW_BYTES)], extra[8];
    size_t n_sealed = 0, n_bytes = 0;
    const uint8_t *sealed = vpi_column_blob(row, 1, &n_sealed);
    vpi_writer w = vpi_writer_of(extra, sizeof extra);
    vpi_put_i64(&w, subject);
    const vpi_place place = {vault->vault_id, VPI_COLUMN_CONSENT_RECORD,
        (uint64_t)vpi_column_int(row, 0), extra, sizeof extra};
    VPI_TRY(vpi_subject_key(vault, subject, vault->secrets->subject_key));
    vpi_derive(
        vault->secrets->subject_key, "consent: record", NULL, 0, vault->secrets->subject_key);
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->subject_key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    VPI_ENSURE(n_bytes > 8, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    vpi_reader r = vpi_reader_of(plain, 8);
    const uint64_t slot = vpi_get_u64(&r);
    VPI_TRY(vpi_consent_record_decode(plain + 8, n_bytes - 8, record_out));
    if (grant_slot_out)
        *grant_slot_out = slot;
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

/* A row the index speaks of; one that is not there was taken away. */
static vpriv_status load_row(vpriv_vault *vault, int64_t subject, int64_t id,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed FROM consent_record WHERE id = ?1 AND subject = ?2", "ii", id, subject);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_auth_failed();
    if (st == VPRIV_OK)
        st = open_row(vault, subject, &row, record_out, grant_slot_out);
    vpi_row_end(&row);
    return st;
}

/* A record that permits has a living grant key, always. Where the key is gone, the person's row itself
 * is an old one that was put back. */
static vpriv_status check_key(
    vpriv_vault *vault, const vpriv_consent_record *record, uint64_t grant_slot)
{
    vpriv_status st = VPRIV_OK;
    if (vpi_consent_permits(record->event.state) && grant_slot != VPI_NO_SLOT) {
        st = vpi_tree_get(vault->tree, grant_slot, vault->secrets->key);
        vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    }
    return st == VPRIV_E_ERASED ? vpi_auth_failed() : st;
}

vpriv_status vpi_consent_latest(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    consent_index index;
    uint64_t slot = VPI_NO_SLOT;
    vpriv_status st = read_index(vault, subject, &index);
    if (st != VPRIV_OK)
        return st;
    if (index.latest[purpose] == 0)
        return VPRIV_E_NOT_FOUND;
    st = load_row(vault, subject, index.latest[purpose], record_out, &slot);
    if (st == VPRIV_OK && record_out->purpose != purpose)
        st = vpi_auth_failed();
    if (st == VPRIV_OK)
        st = check_key(vault, record_out, slot);
    if (st == VPRIV_OK && grant_slot_out)
        *grant_slot_out = slot;
    return st;
}

vpriv_status vpi_consent_next_row(vpriv_vault *vault, int64_t subject, int64_t *row_io,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    consent_index index;
    int64_t id = 0, n_rows = 0;
    vpriv_status st = vpi_database_next(vault->database, *row_io, &id,
        "SELECT id FROM consent_record WHERE subject = ?1 AND id > ?2 ORDER BY id LIMIT 1", "ii",
        subject, *row_io);
    if (st == VPRIV_OK)
        st = load_row(vault, subject, id, record_out, grant_slot_out);
    if (st == VPRIV_OK)
        *row_io = id;
    if (st != VPRIV_E_NOT_FOUND)
        return st;
    /* The end: were they all there? */
    st = read_index(vault, subject, &index);
    if (st == VPRIV_OK)
        st = vpi_database_int(vault->database, &n_rows,
            "SELECT count(*) FROM consent_record WHERE subject = ?1", "i", subject);
    if (st != VPRIV_OK)
        return st;
    return n_rows == (int64_t)index.n_records ? VPRIV_E_NOT_FOUND : vpi_auth_failed();
}

vpriv_status vpi_consent_grant_key(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose,
    uint8_t record_id_out[VPRIV_CONSENT_RECORD_ID_BYTES], uint8_t key_out[VPI_KEY_BYTES])
{
    vpriv_consent_record record;
    uint64_t slot = VPI_NO_SLOT;
    vpriv_status st = vpi_consent_latest(vault, subject, purpose, &record, &slot);
    if (st == VPRIV_E_NOT_FOUND ||
        (st == VPRIV_OK && (!vpi_consent_permits(record.event.state) || slot == VPI_NO_SLOT)))
        return vpi_fail(VPRIV_E_CONSENT, "no consent for %s", vpriv_purpose_name(purpose));
    if (st == VPRIV_OK)
        st = vpi_tree_get(vault->tree, slot, key_out);
    /* A record that permits whose key is gone: an old row was put back. The key decides. */
    if (st == VPRIV_E_ERASED)
        return vpi_fail(VPRIV_E_CONSENT, "no consent for %s", vpriv_purpose_name(purpose));
    if (st == VPRIV_OK)
        memcpy(record_id_out, record.record_id, sizeof record.record_id);
    return st;
}

vpriv_status vpi_consent_grant_slots(
    vpriv_vault *vault, int64_t subject, uint64_t slots_out[VPI_PURPOSES_MAX], size_t *n_out)
{
    size_t n = 0;
    uint32_t purposes = 0;
    vpriv_status st = vpi_consent_purposes(vault, subject, &purposes);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX && st == VPRIV_OK; p++) {
        vpriv_consent_record record;
        uint64_t slot = VPI_NO_SLOT;
        if (!(purposes >> p & 1))
            continue;
        st = vpi_consent_latest(vault, subject, (vpriv_purpose)p, &record, &slot);
        if (st == VPRIV_OK && slot != VPI_NO_SLOT)
            slots_out[n++] = slot;
    }
    if (st == VPRIV_OK)
        *n_out = n;
    return st;
}

vpriv_status vpi_consent_insert(
    vpriv_vault *vault, int64_t subject, const vpriv_consent_record *record, uint64_t grant_slot)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[ROW_BYTES], sealed[VPI_PADDED_SEAL_BYTES(ROW_BYTES)], extra[8];
    size_t n_encoded = 0, n_sealed = 0;
    int64_t id = 0;
    consent_index index;
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u64(&w, grant_slot);
    VPI_TRY(vpi_consent_record_encode(record, plain + 8, sizeof plain - 8, &n_encoded));
    VPI_TRY(vpi_database_int(
        vault->database, &id, "SELECT coalesce(max(id), 0) + 1 FROM consent_record", ""));
    w = vpi_writer_of(extra, sizeof extra);
    vpi_put_i64(&w, subject);
    const vpi_place place = {
        vault->vault_id, VPI_COLUMN_CONSENT_RECORD, (uint64_t)id, extra, sizeof extra};
    VPI_TRY(vpi_subject_key(vault, subject, vault->secrets->subject_key));
    vpi_derive(
        vault->secrets->subject_key, "consent: record", NULL, 0, vault->secrets->subject_key);
    VPI_TRY(vpi_seal_padded(vault->secrets->subject_key, &place, plain, 8 + n_encoded, sealed,
        sizeof sealed, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO consent_record(id, subject, sealed) VALUES (?1, ?2, ?3)", "iib", id, subject,
        sealed, n_sealed));
    VPI_TRY(read_index(vault, subject, &index));
    index.n_records++;
    index.latest[record->purpose] = id;
    VPI_TRY(write_index(vault, subject, &index));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

vpriv_status vpi_consent_count_use(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose)
{
    vpriv_consent_record record;
    vpi_subject person;
    uint64_t slot = VPI_NO_SLOT;
    vpriv_status st = vpi_consent_latest(vault, subject, purpose, &record, &slot);
    if (st != VPRIV_OK || record.max_uses == 0)
        return st;
    st = vpi_consent_record_hash(&record, record.previous_hash);
    record.uses++;
    if (st == VPRIV_OK)
        st = vpi_consent_insert(vault, subject, &record, slot);
    if (st == VPRIV_OK)
        st = vpi_subject_load(vault, subject, &person);
    return st == VPRIV_OK ? vpi_policy_write_subject(vault, &person) : st;
}

vpriv_status vpriv_consent_list(
    vpriv_vault *vault, const uint8_t *subject, bool with_history, vpriv_consent_fn fn, void *user)
{
    int64_t row = 0;
    uint32_t n_walked = 0;
    if (!subject || !fn)
        return vpi_fail(VPRIV_E_ARG, "a subject and a callback are needed");
    for (;;) {
        vpi_subject person;
        vpriv_consent_record record;
        consent_index index = {0};
        bool began = false;
        vpriv_status st = vpi_vault_enter(vault, true);
        if (st != VPRIV_OK)
            return st;
        st = vpi_vault_read_begin(vault, &began);
        if (st == VPRIV_OK)
            st = vpi_subject_find(vault, subject, &person);
        const bool known = st == VPRIV_OK;
        if (known)
            st = vpi_consent_next_row(vault, person.row, &row, &record, NULL);
        const bool ended = known && st == VPRIV_E_NOT_FOUND;
        if (st == VPRIV_OK || ended)
            st = read_index(vault, person.row, &index);
        /* New records come behind those that were walked over, and none goes without the person. */
        if (st == VPRIV_OK && ended && n_walked != index.n_records)
            st = vpi_auth_failed();
        vpi_vault_read_end(vault, began);
        vpi_vault_leave(vault);
        if (st != VPRIV_OK || ended)
            return st;
        n_walked++;
        if (!with_history && index.latest[record.purpose] != row)
            continue;
        if (!fn(user, &record))
            return VPRIV_OK;
    }
}
