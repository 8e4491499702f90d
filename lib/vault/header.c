#include "vault/header.h"
#include "base/memory.h"
#include "base/try.h"
#include <string.h>

#define HEADER_BYTES                                                                               \
    (2 + 2 + VPI_TAG_ENCODED_BYTES + VPI_HASH_BYTES + 8 + 4 + 2 + 4 * 8 + 2 +                      \
        VPI_PURPOSES_MAX * 9 + 2 + VPI_AMENDMENTS_BYTES_MAX)
#define HEADER_VERSION 1
#define WRAPS_BYTES    (4 + VPI_PURPOSES_MAX * VPI_WRAP_BYTES)

/* The clear columns that the header answers for. */
typedef struct header_bond {
    uint8_t bytes[VPI_RECORDING_ID_BYTES + 1 + 2 + 8];
} header_bond;

static vpi_place header_place(
    const vpriv_vault *vault, const vpi_recording *recording, header_bond *bond)
{
    vpi_writer w = vpi_writer_of(bond->bytes, sizeof bond->bytes);
    vpi_put_bytes(&w, recording->id, VPI_RECORDING_ID_BYTES);
    vpi_put_u8(&w, (uint8_t)recording->state);
    vpi_put_u16(&w, (uint16_t)recording->retention);
    vpi_put_u64(&w, recording->key_slot);
    return (vpi_place){vault->vault_id, VPI_COLUMN_RECORDING_HEADER, (uint64_t)recording->row,
        bond->bytes, sizeof bond->bytes};
}

/* Ascending, and none that says nothing. */
static void get_purpose_terms(vpi_reader *r, vpi_recording *recording)
{
    int last = -1;
    for (size_t n = vpi_get_u8(r); n > 0 && !r->failed; n--) {
        const int p = vpi_get_u8(r);
        const int64_t end_us = vpi_get_i64(r);
        r->failed = r->failed || p <= last || p >= VPI_PURPOSES_MAX || end_us == 0;
        if (!r->failed)
            recording->purpose_expires_us[p] = end_us;
        last = p;
    }
}

bool vpi_finish_is_possible(const vpi_finish *finish)
{
    return finish->reason <= VPRIV_END_PAUSED && finish->n_blocks <= UINT64_C(1) << VPI_ROW_SHIFT;
}

static vpriv_status parse_header(const uint8_t *plain, size_t n_bytes, vpi_recording *recording)
{
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    if (vpi_get_u16(&r) != HEADER_VERSION)
        return vpi_auth_failed();
    recording->n_tag_bytes = vpi_get_u16(&r);
    if (recording->n_tag_bytes > VPI_TAG_ENCODED_BYTES)
        return vpi_auth_failed();
    vpi_get_copy(&r, recording->tag_bytes, recording->n_tag_bytes);
    vpi_get_copy(&r, recording->commitment, VPI_HASH_BYTES);
    recording->expires_us = vpi_get_i64(&r);
    recording->wrapped = vpi_get_u32(&r);
    recording->finish.is_finished = vpi_get_flag(&r);
    recording->finish.reason = (vpriv_end_reason)vpi_get_u8(&r);
    recording->finish.n_blocks = vpi_get_u64(&r);
    recording->finish.n_frames_48k = vpi_get_u64(&r);
    recording->finish.ended_us = vpi_get_i64(&r);
    recording->n_accesses = vpi_get_u64(&r);
    recording->restriction = (vpriv_restriction)vpi_get_u8(&r);
    get_purpose_terms(&r, recording);
    recording->n_derivatives = vpi_get_u16(&r);
    if (r.failed || !vpi_finish_is_possible(&recording->finish) ||
        recording->restriction > VPRIV_RESTRICTION_LEGAL_HOLD)
        return vpi_auth_failed();
    vpi_tag_hash(recording->tag_bytes, recording->n_tag_bytes, recording->tag_hash);
    const vpriv_status st =
        vpi_tag_decode(recording->tag_bytes, recording->n_tag_bytes, &recording->tag);
    if (st != VPRIV_OK)
        return st;
    vpi_amendments_get(&r, &recording->tag, &recording->amendments);
    return vpi_reader_finish(&r, "header") == VPRIV_OK ? VPRIV_OK : vpi_auth_failed();
}

static vpriv_status open_header(vpriv_vault *vault, const vpi_row *row, vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(HEADER_BYTES)];
    size_t n_sealed = 0, n_bytes = 0;
    header_bond bond;
    const vpi_place place = header_place(vault, recording, &bond);
    const uint8_t *sealed = vpi_column_blob(row, 5, &n_sealed);
    const vpriv_status got = vpi_tree_get(vault->tree, recording->key_slot, vault->secrets->key);
    VPI_ENSURE(got != VPRIV_E_ERASED, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(got);
    vpi_derive(vault->secrets->key, "recording: header", NULL, 0, vault->secrets->key);
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    VPI_TRY(parse_header(plain, n_bytes, recording));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

/* Columns: id, name, state, retention, key_slot, header. */
static vpriv_status read_row(vpriv_vault *vault, const vpi_row *row, vpi_recording *recording)
{
    memset(recording, 0, sizeof *recording);
    recording->row = vpi_column_int(row, 0);
    const int64_t state = vpi_column_int(row, 2), retention = vpi_column_int(row, 3);
    if (state < VPRIV_RECORDING_PROVISIONAL || state > VPRIV_RECORDING_SHREDDED || retention < 0 ||
        retention > UINT16_MAX || !vpi_retention_is_valid((vpriv_retention)retention))
        return vpi_auth_failed();
    recording->state = (vpriv_recording_state)state;
    recording->retention = (vpriv_retention)retention;
    recording->key_slot = (uint64_t)vpi_column_int(row, 4);
    const bool has_header = !vpi_column_is_null(row, 5) && !vpi_column_is_null(row, 4);
    const bool has_part = !vpi_column_is_null(row, 5) || !vpi_column_is_null(row, 4);
    vpriv_status st = vpi_column_copy(row, 1, recording->id, VPI_RECORDING_ID_BYTES);
    if (st != VPRIV_OK)
        return st;
    switch (recording->state) {
    case VPRIV_RECORDING_COMMITTED:
    case VPRIV_RECORDING_RESTRICTED:
        return has_header ? open_header(vault, row, recording) : vpi_auth_failed();
    case VPRIV_RECORDING_PROVISIONAL:
    case VPRIV_RECORDING_SHREDDED:
        return has_part ? vpi_auth_failed() : VPRIV_OK;
    default:
        return vpi_auth_failed();
    }
}

vpriv_status vpi_recording_find(
    vpriv_vault *vault, const uint8_t id[VPI_RECORDING_ID_BYTES], vpi_recording *recording_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, name, state, retention, key_slot, header FROM recording WHERE name = ?1", "b",
        id, (size_t)VPI_RECORDING_ID_BYTES);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_fail(VPRIV_E_NOT_FOUND, "no such recording in this vault");
    if (st == VPRIV_OK)
        st = read_row(vault, &row, recording_out);
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_recording_load(vpriv_vault *vault, int64_t id, vpi_recording *recording_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, name, state, retention, key_slot, header FROM recording WHERE id = ?1", "i",
        id);
    if (st == VPRIV_OK)
        st = read_row(vault, &row, recording_out);
    vpi_row_end(&row);
    return vpi_must_exist(st);
}

static bool opens_in(
    vpriv_vault *vault, const vpi_row *row, int64_t retention, vpi_recording *recording)
{
    for (int state = VPRIV_RECORDING_COMMITTED; state <= VPRIV_RECORDING_RESTRICTED; state++) {
        recording->state = (vpriv_recording_state)state;
        recording->retention = (vpriv_retention)retention;
        if (open_header(vault, row, recording) == VPRIV_OK)
            return true;
    }
    return false;
}

/* With this key, under any state and retention that the header may have been sealed with: the column's,
 * one of the table, or a term of its own that other recordings have. */
static bool opens_somehow(vpriv_vault *vault, const vpi_row *row, vpi_recording *recording)
{
    if (opens_in(vault, row, vpi_column_int(row, 3) & UINT16_MAX, recording))
        return true;
    for (int64_t retention = 0; retention <= VPRIV_RETENTION_ERASED_ONLY; retention++)
        if (opens_in(vault, row, retention, recording))
            return true;
    int64_t retention = VPRIV_RETENTION_ERASED_ONLY;
    while (vpi_database_next(vault->database, retention, &retention,
               "SELECT retention FROM recording WHERE retention > ?1 AND retention < 65536"
               " ORDER BY retention LIMIT 1",
               "i", retention) == VPRIV_OK)
        if (opens_in(vault, row, retention, recording))
            return true;
    return false;
}

static vpriv_status search_slot(vpriv_vault *vault, const vpi_row *row, vpi_recording *recording)
{
    for (uint64_t slot = VPI_N_FIXED_SLOTS;; slot++) {
        const vpriv_status st = vpi_tree_get(vault->tree, slot, vault->secrets->key);
        vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
        if (st == VPRIV_E_AUTH)
            return VPRIV_E_NOT_FOUND; /* beyond the last, or a damaged node */
        if (st == VPRIV_E_ERASED)
            continue;
        if (st != VPRIV_OK)
            return st;
        recording->key_slot = slot;
        if (opens_somehow(vault, row, recording))
            return VPRIV_OK;
    }
}

vpriv_status vpi_recording_open(vpriv_vault *vault, int64_t id, vpi_recording *recording_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    VPI_TRY(vpi_must_exist(vpi_database_query(vault->database, &row,
        "SELECT id, name, state, retention, key_slot, header FROM recording WHERE id = ?1", "i",
        id)));
    const vpriv_status opened = read_row(vault, &row, recording_out);
    if (opened != VPRIV_OK || recording_out->tag.n_subjects == 0) {
        if (opened != VPRIV_OK && !vpi_is_damage(opened))
            VPI_TRY(opened);
        recording_out->row = id;
        VPI_TRY(vpi_column_copy(&row, 1, recording_out->id, VPI_RECORDING_ID_BYTES));
        const vpriv_status found = search_slot(vault, &row, recording_out);
        vpi_fail_clear();
        if (found != VPRIV_OK) {
            st = found;
            goto out;
        }
    }
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

bool vpi_is_damage(vpriv_status status)
{
    return status == VPRIV_E_AUTH || status == VPRIV_E_FORMAT || status == VPRIV_E_VERSION ||
           status == VPRIV_E_ERASED || status == VPRIV_E_NOT_FOUND;
}

static void put_purpose_terms(vpi_writer *w, const vpi_recording *recording)
{
    uint8_t n = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (recording->purpose_expires_us[p] != 0)
            n++;
    vpi_put_u8(w, n);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (recording->purpose_expires_us[p] != 0) {
            vpi_put_u8(w, (uint8_t)p);
            vpi_put_i64(w, recording->purpose_expires_us[p]);
        }
}

vpriv_status vpi_recording_store(
    vpriv_vault *vault, const vpi_recording *recording, const uint8_t shred_key[VPI_KEY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[HEADER_BYTES], sealed[VPI_PADDED_SEAL_BYTES(HEADER_BYTES)];
    size_t n_sealed = 0;
    header_bond bond;
    const vpi_place place = header_place(vault, recording, &bond);
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u16(&w, HEADER_VERSION);
    vpi_put_u16(&w, (uint16_t)recording->n_tag_bytes);
    vpi_put_bytes(&w, recording->tag_bytes, recording->n_tag_bytes);
    vpi_put_bytes(&w, recording->commitment, VPI_HASH_BYTES);
    vpi_put_i64(&w, recording->expires_us);
    vpi_put_u32(&w, recording->wrapped);
    vpi_put_u8(&w, recording->finish.is_finished);
    vpi_put_u8(&w, (uint8_t)recording->finish.reason);
    vpi_put_u64(&w, recording->finish.n_blocks);
    vpi_put_u64(&w, recording->finish.n_frames_48k);
    vpi_put_i64(&w, recording->finish.ended_us);
    vpi_put_u64(&w, recording->n_accesses);
    vpi_put_u8(&w, (uint8_t)recording->restriction);
    put_purpose_terms(&w, recording);
    vpi_put_u16(&w, (uint16_t)recording->n_derivatives);
    vpi_amendments_put(&w, &recording->amendments);
    VPI_TRY(vpi_writer_finish(&w, "header"));
    vpi_derive(shred_key, "recording: header", NULL, 0, vault->secrets->key);
    VPI_TRY(vpi_seal_padded(
        vault->secrets->key, &place, plain, vpi_writer_used(&w), sealed, sizeof sealed, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "UPDATE recording SET state = ?2, retention = ?3, key_slot = ?4, header = ?5 WHERE id = ?1",
        "iiiib", recording->row, (int64_t)recording->state, (int64_t)recording->retention,
        (int64_t)recording->key_slot, sealed, n_sealed));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

void vpi_recording_bond_of(
    const vpriv_vault *vault, const vpi_recording *recording, vpi_recording_bond *bond_out)
{
    memcpy(bond_out->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES);
    memcpy(bond_out->recording_id, recording->id, VPI_RECORDING_ID_BYTES);
    memcpy(bond_out->tag_hash, recording->tag_hash, VPI_HASH_BYTES);
}

void vpi_recording_describe(const vpi_recording *recording, vpriv_recording_info *info_out)
{
    const vpi_tag *tag = &recording->tag;
    memset(info_out, 0, sizeof *info_out);
    info_out->struct_size = sizeof *info_out;
    memcpy(info_out->id.bytes, recording->id, VPI_RECORDING_ID_BYTES);
    info_out->state = recording->state;
    if (recording->state != VPRIV_RECORDING_COMMITTED &&
        recording->state != VPRIV_RECORDING_RESTRICTED)
        return;
    info_out->started_us = tag->started_us;
    info_out->expires_us = recording->expires_us;
    info_out->duration_us = recording->finish.n_frames_48k * 1000 / 48;
    info_out->end_reason = recording->finish.reason;
    info_out->retention = recording->retention;
    info_out->restriction = recording->restriction;
    info_out->trigger = tag->trigger;
    info_out->trigger_score = tag->trigger_score;
    memcpy(info_out->wake_word, tag->wake_word, sizeof info_out->wake_word);
    memcpy(info_out->device_class, tag->device_class, sizeof info_out->device_class);
    memcpy(info_out->jurisdiction, tag->jurisdiction, sizeof info_out->jurisdiction);
    info_out->purposes = recording->wrapped;
    info_out->n_subjects = vpi_n_speakers(recording);
    info_out->n_added = recording->amendments.n_added;
    for (uint32_t i = 0; i < info_out->n_subjects; i++)
        memcpy(info_out->subjects[i], vpi_speaker(recording, i), VPI_SUBJECT_ID_BYTES);
    info_out->rate_hz = tag->rate_hz;
    info_out->n_channels = tag->n_channels;
}

static vpi_place wraps_place(const vpriv_vault *vault, int64_t row)
{
    return vpi_vault_place(vault, VPI_COLUMN_WRAPS, (uint64_t)row);
}

vpriv_status vpi_wraps_store(
    vpriv_vault *vault, int64_t row, const uint8_t shred_key[VPI_KEY_BYTES], const vpi_wraps *wraps)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[WRAPS_BYTES], sealed[VPI_PADDED_SEAL_BYTES(WRAPS_BYTES)];
    size_t n_sealed = 0;
    const vpi_place place = wraps_place(vault, row);
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u32(&w, wraps->purposes);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (wraps->purposes >> p & 1)
            vpi_put_bytes(&w, wraps->wrap[p], VPI_WRAP_BYTES);
    VPI_TRY(vpi_writer_finish(&w, "wraps"));
    vpi_derive(shred_key, "recording: wraps", NULL, 0, vault->secrets->key);
    VPI_TRY(vpi_seal_padded(
        vault->secrets->key, &place, plain, vpi_writer_used(&w), sealed, sizeof sealed, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT OR REPLACE INTO wrap(recording, sealed) VALUES (?1, ?2)", "ib", row, sealed,
        n_sealed));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_wraps_load(
    vpriv_vault *vault, int64_t row, const uint8_t shred_key[VPI_KEY_BYTES], vpi_wraps *wraps_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(WRAPS_BYTES)];
    size_t n_sealed = 0, n_bytes = 0;
    vpi_row found = VPI_NO_ROW;
    const vpi_place place = wraps_place(vault, row);
    const vpriv_status queried = vpi_database_query(
        vault->database, &found, "SELECT sealed FROM wrap WHERE recording = ?1", "i", row);
    VPI_ENSURE(
        queried != VPRIV_E_NOT_FOUND, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(queried);
    const uint8_t *sealed = vpi_column_blob(&found, 0, &n_sealed);
    vpi_derive(shred_key, "recording: wraps", NULL, 0, vault->secrets->key);
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    memset(wraps_out, 0, sizeof *wraps_out);
    wraps_out->purposes = vpi_get_u32(&r);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (wraps_out->purposes >> p & 1)
            vpi_get_copy(&r, wraps_out->wrap[p], VPI_WRAP_BYTES);
    VPI_ENSURE(vpi_reader_finish(&r, "wraps") == VPRIV_OK, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    vpi_row_end(&found);
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    return st;
}
