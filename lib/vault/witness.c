/* What the log shows to those who check it: checkpoints and proofs. */
#include "vault/witness.h"
#include "base/memory.h"
#include "base/try.h"
#include "log/note.h"
#include "vault/log_store.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <voicepriv/storage.h>

void vpi_vault_origin(const vpriv_vault *vault, char origin_out[VPRIV_LOG_ORIGIN_BYTES])
{
    char hex[2 * VPI_VAULT_ID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, vault->vault_id, VPI_VAULT_ID_BYTES);
    snprintf(origin_out, VPRIV_LOG_ORIGIN_BYTES, "voicepriv/%s", hex);
}

vpriv_status vpriv_vault_log_origin(vpriv_vault *vault, char *origin_out)
{
    if (!vault || !origin_out)
        return vpi_fail(VPRIV_E_ARG, "a vault and room for the name are needed");
    vpi_vault_origin(vault, origin_out);
    return VPRIV_OK;
}

vpriv_status vpriv_vault_checkpoint(vpriv_vault *vault, vpriv_log_checkpoint *checkpoint_out)
{
    char origin[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t public_key[VPI_KEY_BYTES];
    vpi_log_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(checkpoint_out, VPRIV_E_ARG, "no room for the checkpoint");
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, vault->secrets->key));
    crypto_sign_seed_keypair(public_key, vault->secrets->device, vault->secrets->key);
    vpi_vault_origin(vault, origin);
    VPI_TRY(
        vpi_checkpoint_sign(origin, head.size, head.root, vault->secrets->device, checkpoint_out));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    vpi_wipe(vault->secrets->device, sizeof vault->secrets->device);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_vault_verify_checkpoint(
    vpriv_vault *vault, const char *text, size_t text_bytes, uint64_t *size_out)
{
    char origin[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t then[VPRIV_LOG_HASH_BYTES], root[VPRIV_LOG_HASH_BYTES];
    uint64_t size = 0;
    vpi_log_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    VPI_ENSURE(text && text_bytes > 0, VPRIV_E_ARG, "no checkpoint");
    vpi_vault_origin(vault, origin);
    VPI_TRY(vpriv_log_verify_checkpoint(
        text, text_bytes, origin, vault->device_public_key, &size, then));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_ENSURE(size <= head.size, VPRIV_E_ROLLBACK,
        "the log has %llu entries, and had %llu at the checkpoint: the vault was put back",
        (unsigned long long)head.size, (unsigned long long)size);
    VPI_TRY(vpi_merkle_root(&store, size, root));
    VPI_ENSURE(memcmp(root, then, sizeof root) == 0, VPRIV_E_AUTH,
        "the log up to the checkpoint is not the one that was signed");
    if (size_out)
        *size_out = size;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status read_entry(vpriv_vault *vault, uint64_t index, vpriv_log_entry *entry_out)
{
    vpi_log_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_log_head_read(vault, &head));
    st = index < head.size ? vpi_log_read(vault, index, entry_out) : VPRIV_E_NOT_FOUND;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_vault_log(vpriv_vault *vault, uint64_t first, vpriv_log_entry_fn fn, void *user)
{
    if (!vault || !fn)
        return vpi_fail(VPRIV_E_ARG, "a vault and a callback are needed");
    for (uint64_t index = first;; index++) {
        vpriv_log_entry entry;
        const vpriv_status st = read_entry(vault, index, &entry);
        if (st == VPRIV_E_NOT_FOUND)
            return VPRIV_OK;
        if (st != VPRIV_OK && st != VPRIV_E_ERASED)
            return st;
        if (st == VPRIV_OK && !fn(user, index, &entry))
            return VPRIV_OK;
    }
}

vpriv_status vpriv_vault_prove_inclusion(vpriv_vault *vault, uint64_t index, uint64_t size,
    uint8_t *leaf_hash_out, uint8_t *proof_out, size_t *n_hashes_out)
{
    vpi_log_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    VPI_ENSURE(leaf_hash_out && proof_out && n_hashes_out, VPRIV_E_ARG, "no room for the proof");
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_ENSURE(index < size && size <= head.size, VPRIV_E_ARG,
        "leaf %llu of %llu: the log has %llu leaves", (unsigned long long)index,
        (unsigned long long)size, (unsigned long long)head.size);
    VPI_TRY(vpi_merkle_inclusion(&store, index, size, proof_out, n_hashes_out));
    VPI_TRY(store.get(store.user, 0, index, leaf_hash_out));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_vault_prove_consistency(
    vpriv_vault *vault, uint64_t size1, uint64_t size2, uint8_t *proof_out, size_t *n_hashes_out)
{
    vpi_log_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    VPI_ENSURE(proof_out && n_hashes_out, VPRIV_E_ARG, "no room for the proof");
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_ENSURE(size1 <= size2 && size2 <= head.size, VPRIV_E_ARG,
        "from %llu to %llu leaves: the log has %llu", (unsigned long long)size1,
        (unsigned long long)size2, (unsigned long long)head.size);
    VPI_TRY(vpi_merkle_consistency(&store, size1, size2, proof_out, n_hashes_out));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}
