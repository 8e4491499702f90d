/* Recordings, row by row: whose key is whose, what is held, and the tombstone. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/erase.h"
#include "vault/header.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/sweep.h"

#define SWEEPS_WHEN_SHORT 16

vpriv_status vpi_erase_bury(vpriv_vault *vault, int64_t row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *database = vault->database;
    VPI_TRY(vpi_database_run(database, "DELETE FROM wrap WHERE recording = ?1", "i", row));
    VPI_TRY(vpi_database_run(database, "DELETE FROM shelf WHERE recording = ?1", "i", row));
    VPI_TRY(
        vpi_database_run(database, "DELETE FROM recording_subject WHERE recording = ?1", "i", row));
    VPI_TRY(vpi_database_run(database, "DELETE FROM ingest WHERE recording = ?1", "i", row));
    VPI_TRY(vpi_database_run(database, "DELETE FROM term WHERE recording = ?1", "i", row));
    VPI_TRY(vpi_database_run(database,
        "UPDATE recording SET state = ?2, retention = 0, key_slot = NULL, header = NULL"
        " WHERE id = ?1",
        "ii", row, (int64_t)VPRIV_RECORDING_SHREDDED));
    VPI_TRY(vpi_sweep_add_blocks(vault, row));
    if (vault->round.n_unread > 0)
        vault->round = (vpi_round){.is_under_way = false}; /* it may have been one of those */
    st = VPRIV_OK;
out:
    return st;
}

/* Whether nothing but this row names the slot: neither the vault, nor a person, nor a recording. */
static vpriv_status slot_is_its_own(
    vpriv_vault *vault, int64_t row, uint64_t slot, bool *is_its_own_out)
{
    int64_t n = 0;
    const vpriv_status st = vpi_database_int(vault->database, &n,
        "SELECT (SELECT count(*) FROM recording WHERE key_slot = ?1 AND id <> ?2)"
        " + (SELECT count(*) FROM subject WHERE key_slot = ?1)",
        "ii", (int64_t)slot, row);
    if (st == VPRIV_OK)
        *is_its_own_out = slot >= VPI_N_FIXED_SLOTS && n == 0;
    return st;
}

/* The key slot of a kept recording. The row says it in the clear, where it can be changed: what counts
 * is which key opens the header. Where the header itself is damaged, the row is all there is, and
 * damage must not keep the recording alive. */
static vpriv_status slot_of(vpriv_vault *vault, int64_t row, vpi_recording *recording,
    bool *is_kept_out, uint64_t *slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row found = VPI_NO_ROW;
    bool is_its_own = false;
    VPI_TRY(vpi_must_exist(vpi_database_query(vault->database, &found,
        "SELECT key_slot, header FROM recording WHERE id = ?1", "i", row))); /* an index named it */
    const bool has_slot = !vpi_column_is_null(&found, 0);
    const uint64_t slot = (uint64_t)vpi_column_int(&found, 0);
    const bool is_kept = has_slot || !vpi_column_is_null(&found, 1);
    vpi_row_end(&found);
    if (is_kept) {
        const vpriv_status opened = vpi_recording_open(vault, row, recording);
        if (opened == VPRIV_E_NOT_FOUND) {
            VPI_TRY(slot_is_its_own(vault, row, slot, &is_its_own));
            VPI_ENSURE(
                has_slot && is_its_own, VPRIV_E_AUTH, "the vault file is damaged or was changed");
            /* Of a damaged node of the tree no key can be destroyed. */
            const vpriv_status there = vpi_tree_get(vault->tree, slot, vault->secrets->key);
            if (there != VPRIV_E_ERASED)
                VPI_TRY(there);
            *slot_out = slot;
        } else {
            VPI_TRY(opened);
            *slot_out = recording->key_slot;
        }
    }
    *is_kept_out = is_kept;
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    vpi_row_end(&found);
    return st;
}

/* What counts is what the header says. Where none opens, only the clear column is left, which anybody can have
 * written. */
vpriv_status vpi_erase_hold(
    vpriv_vault *vault, int64_t row, const uint8_t *subject, vpi_hold *hold_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    int64_t state = 0;
    VPI_TRY(vpi_must_exist(vpi_database_int(vault->database, &state,
        "SELECT CASE WHEN key_slot IS NULL AND header IS NULL THEN 0 ELSE state END"
        " FROM recording WHERE id = ?1",
        "i", row))); /* an index named it */
    *hold_out = VPI_HOLD_NONE;
    if (state == 0) /* erased already, whatever it says */
        return VPRIV_OK;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    const vpriv_status opened = vpi_recording_open(vault, row, recording);
    if (opened == VPRIV_OK && subject && !vpi_is_speaker(recording, subject))
        *hold_out = VPI_HOLD_OTHERS;
    else if (opened == VPRIV_OK && recording->restriction == VPRIV_RESTRICTION_LEGAL_HOLD)
        *hold_out = VPI_HOLD_LEGAL;
    else if (vpi_is_damage(opened) && state == VPRIV_RECORDING_RESTRICTED)
        *hold_out = VPI_HOLD_UNKNOWN;
    else if (!vpi_is_damage(opened))
        VPI_TRY(opened);
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    free(recording);
    return st;
}

vpriv_status vpi_erase_rows(vpriv_vault *vault, int64_t *rows, size_t n_rows,
    const uint64_t *more_slots, size_t n_more_slots, vpriv_log_entry *entry, vpriv_receipt *receipt,
    size_t *n_lost_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t *slots = NULL;
    vpi_recording *recording = NULL;
    size_t n_slots = 0, n_lost = 0;
    int64_t n_derivatives = 0;
    VPI_TRY(vpi_alloc(n_rows + n_more_slots, sizeof *slots, (void **)&slots));
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    for (size_t i = 0; i < n_rows; i++) {
        bool is_kept = false;
        uint64_t slot = 0;
        const vpriv_status found = slot_of(vault, rows[i], recording, &is_kept, &slot);
        if (n_lost_out && vpi_is_damage(found)) {
            const int64_t lost = rows[i];
            rows[i] = rows[n_lost];
            rows[n_lost++] = lost;
            continue;
        }
        VPI_TRY(found);
        if (!is_kept)
            continue;
        slots[n_slots++] = slot;
        VPI_TRY(vpi_database_int(vault->database, &n_derivatives,
            "SELECT count(*) FROM derivative WHERE recording = ?1", "i", rows[i]));
        receipt->n_derivatives += (uint64_t)n_derivatives;
        VPI_TRY(vpi_erase_bury(vault, rows[i]));
    }
    entry->count += n_slots;
    receipt->n_recordings += n_slots;
    VPI_TRY(vpi_receipt_weigh(vault, rows + n_lost, n_slots > 0 ? n_rows - n_lost : 0, more_slots,
        n_more_slots, receipt));
    for (size_t i = 0; i < n_more_slots; i++)
        slots[n_slots++] = more_slots[i];
    VPI_TRY(vpi_log_append(vault, entry, NULL, 0, &receipt->log_index, receipt->leaf_hash));
    if (n_slots > 0)
        VPI_TRY(vpi_vault_shred(vault, slots, n_slots));
    if (n_lost_out)
        *n_lost_out = n_lost;
    st = VPRIV_OK;
out:
    free(slots);
    free(recording);
    return st;
}

void vpi_erase_give_back(vpriv_vault *vault)
{
    if (vpi_reserve_space_is_short(vault) || !vpi_reserve_is_there(vault)) {
        vpi_database_empty_log(vault->database, VPI_LOCK_PATIENCE_MS);
        (void)vpi_sweep_blocks(vault, SWEEPS_WHEN_SHORT);
    }
    vpi_vault_rebuild_reserve(vault);
    vpi_fail_clear();
}
