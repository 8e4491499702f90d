#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/ingest.h"
#include "vault/policy.h"
#include "vault/root_head.h"
#include "vault/vault.h"
#include <string.h>

#define READ_TRIES 20

vpriv_status vpi_vault_enter(vpriv_vault *vault, bool needs_root)
{
    if (!vault)
        return vpi_fail(VPRIV_E_ARG, "no vault");
    vpi_fail_clear();
    if (needs_root && !vault->tree)
        return vpi_fail(
            VPRIV_E_NO_KEY, "the vault is open for capture only, without its root store");
    pthread_mutex_lock(&vault->lock);
    return VPRIV_OK;
}

void vpi_vault_leave(vpriv_vault *vault)
{
    vpi_vault_rollback(vault);
    if (vault->owes_reserve)
        vpi_vault_give_back(vault);
    if (vault->tree)
        vpi_tree_drop_path(vault->tree);
    pthread_mutex_unlock(&vault->lock);
}

vpriv_status vpi_vault_begin(vpriv_vault *vault)
{
    vpriv_status st = vpi_database_begin(vault->database);
    if (st == VPRIV_OK && vault->tree)
        st = vpi_tree_refresh(vault->tree);
    if (st != VPRIV_OK)
        vpi_database_rollback(vault->database);
    else if (vault->tree)
        vpi_tree_keep_path(vault->tree);
    return st;
}

/* Nobody else moves the log into the file while space is short, and each commit would lengthen it. */
vpriv_status vpi_vault_begin_freeing(vpriv_vault *vault)
{
    const bool must_free = vault->must_free;
    vault->must_free = false;
    if (must_free || vpi_reserve_space_is_short(vault))
        vpi_database_empty_log(vault->database, VPI_LOCK_PATIENCE_MS);
    const vpriv_status st = vpi_vault_begin(vault);
    /* With the write lock held no recorder can take the space that is given up. */
    if (st == VPRIV_OK && (must_free || vpi_reserve_space_is_short(vault)))
        (void)vpi_reserve_give_up(vault);
    return st;
}

bool vpi_vault_try_again(vpriv_vault *vault, vpriv_status st)
{
    if (st != VPRIV_E_FULL)
        return false;
    const bool was_given_up = vault->owes_reserve;
    vpi_vault_rollback(vault);
    vault->must_free = !was_given_up && vpi_reserve_is_there(vault);
    if (vault->must_free)
        vpi_fail_clear();
    return vault->must_free;
}

vpriv_status vpi_vault_begin_recording(vpriv_vault *vault)
{
    const vpriv_status st = vpi_vault_begin(vault);
    if (st != VPRIV_OK || vpi_reserve_is_whole(vault))
        return st;
    vpi_reserve_rebuild(vault);
    if (vpi_reserve_is_there(vault) || !vpi_reserve_space_is_short(vault))
        return VPRIV_OK;
    vpi_vault_rollback(vault);
    return vpi_fail(VPRIV_E_FULL, "no space left but what is kept for erasing");
}

/* Under the write lock: somebody else may have given it up inside their transaction, and needs the space. */
void vpi_vault_rebuild_reserve(vpriv_vault *vault)
{
    const vpi_reason reason = vpi_fail_text();
    vault->owes_reserve = false;
    if (vpi_reserve_is_whole(vault)) {
        vault->given_up_bytes = 0;
        return;
    }
    if (vpi_database_begin_soon(vault->database, VPI_LOCK_PATIENCE_MS) == VPRIV_OK)
        vpi_reserve_rebuild(vault);
    vpi_database_rollback(vault->database);
    vpi_fail_text_again(&reason);
}

void vpi_vault_give_back(vpriv_vault *vault)
{
    const vpi_reason reason = vpi_fail_text();
    if (vpi_reserve_space_is_short(vault) || !vpi_reserve_is_there(vault))
        vpi_database_empty_log(vault->database, VPI_LOCK_PATIENCE_MS);
    vpi_vault_rebuild_reserve(vault);
    vpi_fail_text_again(&reason);
}

vpriv_status vpi_vault_commit_rows(vpriv_vault *vault)
{
    if (vault->tree)
        vpi_tree_drop_path(vault->tree);
    const vpriv_status st = vpi_database_commit(vault->database);
    if (st != VPRIV_OK)
        vpi_vault_rollback(vault);
    return st;
}

vpriv_status vpi_vault_commit(vpriv_vault *vault)
{
    const vpriv_status st = vpi_vault_commit_rows(vault);
    /* From here on it has happened, whatever fails: no other status may say so. */
    if (st == VPRIV_OK && vault->tree && vpi_tree_settle(vault->tree) != VPRIV_OK)
        return vpi_fail_in(
            VPRIV_E_ROOT, "committed, but not final: the old root key is not replaced yet");
    return st;
}

void vpi_vault_rollback(vpriv_vault *vault)
{
    const bool gave_up = vault->owes_reserve;
    if (vpi_database_in_transaction(vault->database)) {
        /* While the write lock is held: without it a recorder could be the first. */
        if (gave_up)
            vpi_reserve_rebuild(vault);
        vpi_database_rollback(vault->database);
        if (vault->tree) {
            vpi_tree_drop_path(vault->tree);
            vpi_tree_forget_shred(vault->tree);
        }
        /* The rest of it is in the log, in what was never committed. */
        if (gave_up && vault->given_up_bytes > 0)
            vpi_vault_give_back(vault);
    } else {
        vpi_database_rollback(vault->database);
    }
}

vpriv_status vpi_vault_part_begin(vpriv_vault *vault)
{
    return vpi_database_run(vault->database, "SAVEPOINT part", "");
}

vpriv_status vpi_vault_part_end(vpriv_vault *vault, vpriv_status of_the_part)
{
    const vpi_reason reason = vpi_fail_text();
    vpriv_status st = VPRIV_OK;
    if (of_the_part != VPRIV_OK) {
        if (vault->tree)
            vpi_tree_drop_path(vault->tree);
        st = vpi_database_run(vault->database, "ROLLBACK TO part", "");
    }
    if (st == VPRIV_OK)
        st = vpi_database_run(vault->database, "RELEASE part", "");
    if (st == VPRIV_OK)
        vpi_fail_text_again(&reason);
    return st == VPRIV_OK ? of_the_part : st;
}

vpriv_status vpi_vault_read_begin(vpriv_vault *vault, bool *began_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    *began_out = false;
    if (vpi_database_in_transaction(vault->database))
        return VPRIV_OK;
    for (int i = 0; i < READ_TRIES; i++) {
        st = vpi_database_read_begin(vault->database, began_out);
        if (st != VPRIV_OK)
            return st;
        st = vault->tree ? vpi_tree_refresh(vault->tree) : VPRIV_OK;
        if (st == VPRIV_OK && vault->tree)
            vpi_tree_keep_path(vault->tree);
        if (st == VPRIV_OK)
            return VPRIV_OK;
        vpi_database_read_end(vault->database, *began_out);
        *began_out = false;
        if (st != VPRIV_E_BUSY)
            return st;
        /* Another process shredded: take over the root it put in force, or finish for it. */
        st = vpi_tree_settle(vault->tree);
        if (st != VPRIV_OK)
            return st;
    }
    return vpi_fail(VPRIV_E_BUSY, "other processes keep replacing the root key");
}

void vpi_vault_read_end(vpriv_vault *vault, bool began)
{
    if (began && vault->tree)
        vpi_tree_drop_path(vault->tree);
    vpi_database_read_end(vault->database, began);
}

vpriv_status vpi_vault_add_key(
    vpriv_vault *vault, const uint8_t key[VPI_KEY_BYTES], uint64_t *slot_out)
{
    return vpi_tree_add(vault->tree, key, 1, slot_out);
}

vpriv_status vpi_vault_shred(vpriv_vault *vault, const uint64_t *slots, size_t n_slots)
{
    return vpi_vault_renew(vault, slots, n_slots, NULL);
}

vpriv_status vpi_vault_renew(
    vpriv_vault *vault, const uint64_t *slots, size_t n_slots, const vpi_policy_head *next)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_vault_secrets *secrets = vault->secrets;
    vpi_tree_change *changes = NULL;
    uint8_t head[VPI_HEAD_BYTES_MAX];
    size_t n_head_bytes = 0;
    VPI_TRY(vpi_alloc(n_slots + 1, sizeof *changes, (void **)&changes));
    for (size_t i = 0; i < n_slots; i++)
        changes[i] = (vpi_tree_change){slots[i], NULL};
    vpi_random(secrets->ingest, VPI_KEY_BYTES);
    changes[n_slots] = (vpi_tree_change){VPI_SLOT_INGEST, secrets->ingest};
    VPI_TRY(vpi_root_head_next(vault, head, &n_head_bytes));
    VPI_TRY(
        vpi_policy_write_head(vault, vpi_tree_generation(vault->tree) + 1, secrets->ingest, next));
    VPI_TRY(vpi_tree_shred(vault->tree, changes, n_slots + 1, head, n_head_bytes));
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->ingest, VPI_KEY_BYTES);
    free(changes);
    return st;
}

int64_t vpi_vault_now_us(vpriv_vault *vault)
{
    return vpi_clock_now_us(&vault->clock);
}

vpi_place vpi_vault_place(const vpriv_vault *vault, vpi_column column, uint64_t row)
{
    return (vpi_place){vault->vault_id, column, row, NULL, 0};
}

void vpi_blind_tag(const uint8_t key[VPI_KEY_BYTES], const char *label, const void *data,
    size_t n_bytes, uint8_t tag_out[VPI_TAG_BYTES])
{
    uint8_t full[VPI_KEY_BYTES];
    vpi_derive(key, label, data, n_bytes, full);
    memcpy(tag_out, full, VPI_TAG_BYTES);
    vpi_wipe(full, sizeof full);
}

vpriv_status vpi_state_write(vpriv_vault *vault, int64_t id, const void *plain, size_t n_bytes)
{
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(1024)];
    size_t n_sealed = 0;
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_STATE, (uint64_t)id);
    const vpriv_status st = vpi_seal_padded(
        vault->secrets->catalogue_key, &place, plain, n_bytes, sealed, sizeof sealed, &n_sealed);
    if (st != VPRIV_OK)
        return st;
    return vpi_database_run(vault->database,
        "INSERT OR REPLACE INTO state(id, sealed) VALUES (?1, ?2)", "ib", id, sealed, n_sealed);
}

vpriv_status vpi_state_read(
    vpriv_vault *vault, int64_t id, void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_STATE, (uint64_t)id);
    vpriv_status st = vpi_database_query(
        vault->database, &row, "SELECT sealed FROM state WHERE id = ?1", "i", id);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_auth_failed();
    if (st != VPRIV_OK)
        return st;
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    st = vpi_unseal_padded(
        vault->secrets->catalogue_key, &place, sealed, n_sealed, plain_out, capacity, n_bytes_out);
    vpi_row_end(&row);
    return st;
}
