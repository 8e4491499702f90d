#include "vault/shelf.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/adopt.h"
#include <string.h>

#define SHELF_SEALED_BYTES VPI_PADDED_SEAL_BYTES(VPI_SHELF_BYTES_MAX)

static vpi_place shelf_place(const vpriv_vault *vault, const vpi_recording *recording)
{
    return (vpi_place){vault->vault_id, VPI_COLUMN_SHELF, (uint64_t)recording->row, recording->id,
        VPI_RECORDING_ID_BYTES};
}

vpriv_status vpi_shelf_next(const vpi_shelf *shelf, size_t *at_io, vpi_shelf_entry *entry_out)
{
    if (*at_io >= shelf->n_bytes)
        return VPRIV_E_NOT_FOUND;
    vpi_reader all = vpi_reader_of(shelf->bytes + *at_io, shelf->n_bytes - *at_io);
    const size_t n = vpi_get_u16(&all);
    const uint8_t *bytes = vpi_get_bytes(&all, n);
    if (all.failed)
        return vpi_auth_failed();
    vpi_reader r = vpi_reader_of(bytes, n);
    memset(entry_out, 0, sizeof *entry_out);
    vpi_get_copy(&r, entry_out->id, sizeof entry_out->id);
    entry_out->kind = (vpriv_derivative_kind)vpi_get_u8(&r);
    entry_out->made_us = vpi_get_i64(&r);
    entry_out->n_bytes = vpi_get_u32(&r);
    vpi_get_copy(&r, entry_out->commitment, sizeof entry_out->commitment);
    vpi_get_text(&r, entry_out->media_type, sizeof entry_out->media_type);
    vpi_get_text(&r, entry_out->language, sizeof entry_out->language);
    vpi_get_text(&r, entry_out->made_by, sizeof entry_out->made_by);
    entry_out->purposes = vpi_get_u32(&r);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (entry_out->purposes >> p & 1) {
            vpi_get_copy(&r, entry_out->wraps[p].branch_tag, VPI_BRANCH_TAG_BYTES);
            vpi_get_copy(&r, entry_out->wraps[p].wrap, VPI_DERIVATIVE_WRAP_BYTES);
        }
    if (vpi_reader_finish(&r, "shelf") != VPRIV_OK || entry_out->n_bytes == 0 ||
        entry_out->n_bytes > VPRIV_DERIVATIVE_BYTES_MAX)
        return vpi_auth_failed();
    *at_io += 2 + n;
    return VPRIV_OK;
}

vpriv_status vpi_shelf_put(vpi_shelf *shelf, const vpi_shelf_entry *entry)
{
    uint8_t *start = shelf->bytes + shelf->n_bytes;
    vpi_writer w = vpi_writer_of(start, sizeof shelf->bytes - shelf->n_bytes);
    vpi_put_u16(&w, 0);
    vpi_put_bytes(&w, entry->id, sizeof entry->id);
    vpi_put_u8(&w, (uint8_t)entry->kind);
    vpi_put_i64(&w, entry->made_us);
    vpi_put_u32(&w, entry->n_bytes);
    vpi_put_bytes(&w, entry->commitment, sizeof entry->commitment);
    vpi_put_text(&w, entry->media_type);
    vpi_put_text(&w, entry->language);
    vpi_put_text(&w, entry->made_by);
    vpi_put_u32(&w, entry->purposes);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (entry->purposes >> p & 1) {
            vpi_put_bytes(&w, entry->wraps[p].branch_tag, VPI_BRANCH_TAG_BYTES);
            vpi_put_bytes(&w, entry->wraps[p].wrap, VPI_DERIVATIVE_WRAP_BYTES);
        }
    if (w.failed)
        return vpi_fail(VPRIV_E_LIMIT,
            "the recording has as many derivatives, for as many purposes, as can be kept with it");
    const size_t n = vpi_writer_used(&w);
    vpi_writer length = vpi_writer_of(start, 2);
    vpi_put_u16(&length, (uint16_t)(n - 2));
    shelf->n_bytes += n;
    return VPRIV_OK;
}

/* Every entry has a row with its content, and no row is without an entry. */
static vpriv_status check_rows(
    vpriv_vault *vault, const vpi_recording *recording, const vpi_shelf *shelf)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_shelf_entry *entry = NULL;
    size_t at = 0;
    int64_t n_entries = 0, n_rows = 0, n_there = 0;
    VPI_TRY(vpi_alloc(1, sizeof *entry, (void **)&entry));
    for (;;) {
        const vpriv_status next = vpi_shelf_next(shelf, &at, entry);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(vpi_database_int(vault->database, &n_there,
            "SELECT count(*) FROM derivative WHERE name = ?1 AND recording = ?2", "bi", entry->id,
            sizeof entry->id, recording->row));
        VPI_ENSURE(n_there == 1, VPRIV_E_AUTH, "the vault file is damaged or was changed");
        n_entries++;
    }
    VPI_TRY(vpi_database_int(vault->database, &n_rows,
        "SELECT count(*) FROM derivative WHERE recording = ?1", "i", recording->row));
    VPI_ENSURE(n_entries == recording->n_derivatives && n_rows == n_entries, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    free(entry);
    return st;
}

vpriv_status vpi_shelf_load(vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t shred_key[VPI_KEY_BYTES], vpi_shelf *shelf_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    uint8_t *plain = NULL;
    const vpi_place place = shelf_place(vault, recording);
    shelf_out->n_bytes = 0;
    const vpriv_status found = vpi_database_query(vault->database, &row,
        "SELECT sealed FROM shelf WHERE recording = ?1", "i", recording->row);
    if (found != VPRIV_E_NOT_FOUND) {
        VPI_TRY(found);
        const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
        VPI_TRY(vpi_alloc(1, SHELF_SEALED_BYTES, (void **)&plain));
        vpi_derive(shred_key, "derivative: shelf", NULL, 0, vault->secrets->key);
        VPI_TRY(vpi_unseal_padded(vault->secrets->key, &place, sealed, n_sealed, plain,
            SHELF_SEALED_BYTES, &shelf_out->n_bytes));
        VPI_ENSURE(shelf_out->n_bytes <= sizeof shelf_out->bytes && shelf_out->n_bytes > 0,
            VPRIV_E_AUTH, "the vault file is damaged or was changed");
        memcpy(shelf_out->bytes, plain, shelf_out->n_bytes);
    }
    vpi_row_end(&row);
    VPI_TRY(check_rows(vault, recording, shelf_out));
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    if (plain)
        vpi_wipe(plain, SHELF_SEALED_BYTES);
    free(plain);
    return st;
}

vpriv_status vpi_shelf_store(vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t shred_key[VPI_KEY_BYTES], const vpi_shelf *shelf)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *sealed = NULL;
    size_t n_sealed = 0;
    const vpi_place place = shelf_place(vault, recording);
    if (shelf->n_bytes == 0)
        return vpi_database_run(
            vault->database, "DELETE FROM shelf WHERE recording = ?1", "i", recording->row);
    VPI_TRY(vpi_alloc(1, SHELF_SEALED_BYTES, (void **)&sealed));
    vpi_derive(shred_key, "derivative: shelf", NULL, 0, vault->secrets->key);
    VPI_TRY(vpi_seal_padded(vault->secrets->key, &place, shelf->bytes, shelf->n_bytes, sealed,
        SHELF_SEALED_BYTES, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT OR REPLACE INTO shelf(recording, sealed) VALUES (?1, ?2)", "ib", recording->row,
        sealed, n_sealed));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    free(sealed);
    return st;
}

vpriv_status vpi_shelf_find(
    const vpi_shelf *shelf, const uint8_t id[VPI_DERIVATIVE_ID_BYTES], vpi_shelf_entry *entry_out)
{
    size_t at = 0;
    vpriv_status st = VPRIV_OK;
    while ((st = vpi_shelf_next(shelf, &at, entry_out)) == VPRIV_OK)
        if (memcmp(entry_out->id, id, VPI_DERIVATIVE_ID_BYTES) == 0)
            return VPRIV_OK;
    return vpi_must_exist(st);
}

vpriv_status vpi_shelf_thin(vpriv_vault *vault, vpi_recording *recording, vpi_shelf *shelf,
    vpi_shelf_keeps_fn keeps, const void *user, uint64_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_shelf_entry *entry = NULL;
    size_t at = 0;
    VPI_TRY(vpi_alloc(1, sizeof *entry, (void **)&entry));
    for (;;) {
        const size_t start = at;
        const vpriv_status next = vpi_shelf_next(shelf, &at, entry);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        if (keeps(user, entry))
            continue;
        VPI_TRY(vpi_database_run(vault->database, "DELETE FROM derivative WHERE name = ?1", "b",
            entry->id, sizeof entry->id));
        memmove(shelf->bytes + start, shelf->bytes + at, shelf->n_bytes - at);
        shelf->n_bytes -= at - start;
        at = start;
        recording->n_derivatives--;
        ++*n_io;
    }
    st = VPRIV_OK;
out:
    free(entry);
    return st;
}

void vpi_shelf_describe(
    const vpi_recording *recording, const vpi_shelf_entry *entry, vpriv_derivative_info *info_out)
{
    memset(info_out, 0, sizeof *info_out);
    info_out->struct_size = sizeof *info_out;
    memcpy(info_out->id.bytes, entry->id, sizeof info_out->id.bytes);
    memcpy(info_out->recording.bytes, recording->id, sizeof info_out->recording.bytes);
    info_out->kind = entry->kind;
    memcpy(info_out->media_type, entry->media_type, sizeof info_out->media_type);
    memcpy(info_out->language, entry->language, sizeof info_out->language);
    memcpy(info_out->made_by, entry->made_by, sizeof info_out->made_by);
    info_out->made_us = entry->made_us;
    info_out->n_bytes = entry->n_bytes;
    info_out->purposes = entry->purposes & recording->wrapped;
}

void vpi_derivative_bond_of(const vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t id[VPI_DERIVATIVE_ID_BYTES], vpi_derivative_bond *bond_out)
{
    memcpy(bond_out->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES);
    memcpy(bond_out->recording_id, recording->id, VPI_RECORDING_ID_BYTES);
    memcpy(bond_out->derivative_id, id, VPI_DERIVATIVE_ID_BYTES);
}

vpriv_status vpi_derivative_find(vpriv_vault *vault, const uint8_t id[VPI_DERIVATIVE_ID_BYTES],
    int64_t *row_out, int64_t *recording_out)
{
    vpi_row row = VPI_NO_ROW;
    const vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, recording FROM derivative WHERE name = ?1", "b", id,
        (size_t)VPI_DERIVATIVE_ID_BYTES);
    if (st == VPRIV_OK) {
        *row_out = vpi_column_int(&row, 0);
        *recording_out = vpi_column_int(&row, 1);
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? vpi_fail(st, "no such derivative in this vault") : st;
}

vpriv_status vpi_branches_load(vpriv_vault *vault, const vpi_recording *recording,
    uint32_t purposes, vpi_branches *branches_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_wraps *wraps = NULL;
    vpi_recording_bond bond;
    uint8_t inner[VPI_INNER_BYTES];
    uint8_t *key = vault->secrets->adopt_shred_key;
    branches_out->alive = 0;
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    vpi_recording_bond_of(vault, recording, &bond);
    VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, key));
    VPI_TRY(vpi_wraps_load(vault, recording->row, key, wraps));
    VPI_ENSURE(wraps->purposes == recording->wrapped, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(wraps->purposes & purposes & VPRIV_PURPOSE_BIT(p)))
            continue;
        VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, key));
        const vpriv_status keyed =
            vpi_wrap_key_in_force(vault, recording, (vpriv_purpose)p, key, key);
        if (keyed == VPRIV_E_CONSENT)
            continue;
        VPI_TRY(keyed);
        VPI_TRY(vpi_wrap_open(key, &bond, p, wraps->wrap[p], inner));
        vpi_branch(inner, branches_out->branch[p]);
        branches_out->alive |= VPRIV_PURPOSE_BIT(p);
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    vpi_wipe(inner, sizeof inner);
    free(wraps);
    return st;
}

uint32_t vpi_shelf_alive(const vpi_shelf_entry *entry, const vpi_branches *branches)
{
    uint32_t alive = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint8_t tag[VPI_BRANCH_TAG_BYTES];
        if (!(entry->purposes & branches->alive & VPRIV_PURPOSE_BIT(p)))
            continue;
        vpi_branch_tag(branches->branch[p], tag);
        if (memcmp(tag, entry->wraps[p].branch_tag, sizeof tag) == 0)
            alive |= VPRIV_PURPOSE_BIT(p);
    }
    return alive;
}
