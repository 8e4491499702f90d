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

/* subject_key, which this wipes, becomes a blind tag over purpose and controller. */
static vpriv_status tag_of(
    vpriv_vault *vault, int64_t subject, vpriv_purpose purpose, uint8_t tag_out[VPI_TAG_BYTES])
{
    uint8_t data[1 + VPRIV_PARTY_ID_BYTES] = {(uint8_t)purpose};
    const vpriv_status st = vpi_subject_key(vault, subject, vault->secrets->subject_key);
    memcpy(data + 1, vault->settings.controller_id, VPRIV_PARTY_ID_BYTES);
    if (st == VPRIV_OK)
        vpi_blind_tag(vault->secrets->subject_key, "consent: current", data, sizeof data, tag_out);
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    return st;
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

vpriv_status vpi_consent_latest(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    vpi_row row = {NULL};
    uint8_t tag[VPI_TAG_BYTES];
    vpriv_status st = tag_of(vault, subject, purpose, tag);
    if (st != VPRIV_OK)
        return st;
    st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed FROM consent_record WHERE tag = ?1 ORDER BY id DESC LIMIT 1", "b", tag,
        sizeof tag);
    if (st == VPRIV_OK)
        st = open_row(vault, subject, &row, record_out, grant_slot_out);
    if (st == VPRIV_OK && record_out->purpose != purpose)
        st = vpi_auth_failed();
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_consent_next_row(vpriv_vault *vault, int64_t subject, int64_t *row_io,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out)
{
    vpi_row row = {NULL};
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed FROM consent_record WHERE subject = ?1 AND id > ?2 ORDER BY id LIMIT 1",
        "ii", subject, *row_io);
    if (st == VPRIV_OK)
        st = open_row(vault, subject, &row, record_out, grant_slot_out);
    if (st == VPRIV_OK)
        *row_io = vpi_column_int(&row, 0);
    vpi_row_end(&row);
    return st;
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
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        vpriv_consent_record record;
        uint64_t slot = VPI_NO_SLOT;
        const vpriv_status st =
            vpi_consent_latest(vault, subject, (vpriv_purpose)p, &record, &slot);
        if (st == VPRIV_OK && slot != VPI_NO_SLOT)
            slots_out[n++] = slot;
        else if (st != VPRIV_OK && st != VPRIV_E_NOT_FOUND)
            return st;
    }
    *n_out = n;
    return VPRIV_OK;
}

vpriv_status vpi_consent_insert(
    vpriv_vault *vault, int64_t subject, const vpriv_consent_record *record, uint64_t grant_slot)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[ROW_BYTES], sealed[VPI_PADDED_SEAL_BYTES(ROW_BYTES)], tag[VPI_TAG_BYTES],
        extra[8];
    size_t n_encoded = 0, n_sealed = 0;
    int64_t id = 0;
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
    VPI_TRY(tag_of(vault, subject, record->purpose, tag));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO consent_record(id, subject, tag, sealed) VALUES (?1, ?2, ?3, ?4)", "iibb", id,
        subject, tag, sizeof tag, sealed, n_sealed));
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
    if (!subject || !fn)
        return vpi_fail(VPRIV_E_ARG, "a subject and a callback are needed");
    for (;;) {
        vpi_subject person;
        vpriv_consent_record record, latest;
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
        if (st == VPRIV_OK && !with_history)
            st = vpi_consent_latest(vault, person.row, record.purpose, &latest, NULL);
        vpi_vault_read_end(vault, began);
        vpi_vault_leave(vault);
        if (known && st == VPRIV_E_NOT_FOUND)
            return VPRIV_OK;
        if (st != VPRIV_OK)
            return st;
        if (!with_history &&
            memcmp(latest.record_id, record.record_id, sizeof record.record_id) != 0)
            continue;
        if (!fn(user, &record))
            return VPRIV_OK;
    }
}
