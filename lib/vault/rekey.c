#include "vault/rekey.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/adopt.h"
#include <string.h>

/* Wraps that are made for the old key, and for the speakers of then, made for the new ones. */
static vpriv_status take_wraps(vpriv_vault *vault, vpi_recording *recording, uint32_t ended,
    const vpi_recording *before, uint64_t old_slot, vpi_wraps *wraps)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording_bond bond;
    uint8_t inner[VPI_INNER_BYTES];
    uint8_t *key = vault->secrets->adopt_shred_key, *fresh = vault->secrets->fresh;
    vpi_recording_bond_of(vault, recording, &bond);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(wraps->purposes >> p & 1))
            continue;
        vpriv_status keyed = ended >> p & 1 ? VPRIV_E_CONSENT : VPRIV_OK;
        if (keyed == VPRIV_OK) {
            VPI_TRY(vpi_tree_get(vault->tree, old_slot, key));
            keyed = vpi_wrap_key_in_force(vault, before, (vpriv_purpose)p, key, key);
        }
        if (keyed != VPRIV_E_CONSENT)
            VPI_TRY(keyed);
        if (keyed == VPRIV_OK) {
            VPI_TRY(vpi_wrap_open(key, &bond, p, wraps->wrap[p], inner));
            VPI_TRY(vpi_wrap_key_in_force(vault, recording, (vpriv_purpose)p, fresh, key));
            vpi_wrap_seal(key, &bond, p, inner, wraps->wrap[p]);
        } else {
            wraps->purposes &= ~VPRIV_PURPOSE_BIT(p);
            recording->purpose_expires_us[p] = 0;
            vpi_basis_forget(recording, (vpriv_purpose)p);
        }
    }
    recording->wrapped = wraps->purposes;
    st = VPRIV_OK;
out:
    vpi_wipe(inner, sizeof inner);
    return st;
}

static bool has_purpose(const void *user, const vpi_shelf_entry *entry)
{
    const vpi_recording *recording = user;
    return (entry->purposes & recording->wrapped) != 0;
}

vpriv_status vpi_recording_rekey(vpriv_vault *vault, vpi_recording *recording, uint32_t ended,
    const vpi_recording *before, vpi_shelf *shelf, uint64_t *old_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_wraps *wraps = NULL;
    vpi_shelf *own = NULL;
    uint64_t n_left_behind = 0;
    const uint64_t old_slot = recording->key_slot;
    uint8_t *key = vault->secrets->adopt_shred_key, *fresh = vault->secrets->fresh;
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    VPI_TRY(vpi_tree_get(vault->tree, old_slot, key));
    VPI_TRY(vpi_wraps_load(vault, recording->row, key, wraps));
    if (!shelf) {
        VPI_TRY(vpi_alloc(1, sizeof *own, (void **)&own));
        VPI_TRY(vpi_shelf_load(vault, recording, key, own));
        shelf = own;
    }
    vpi_random(fresh, VPI_KEY_BYTES);
    VPI_TRY(take_wraps(vault, recording, ended, before ? before : recording, old_slot, wraps));
    VPI_TRY(vpi_shelf_thin(vault, recording, shelf, has_purpose, recording, &n_left_behind));
    VPI_TRY(vpi_vault_add_key(vault, fresh, &recording->key_slot));
    VPI_TRY(vpi_recording_store(vault, recording, fresh));
    VPI_TRY(vpi_wraps_store(vault, recording->row, fresh, wraps));
    VPI_TRY(vpi_shelf_store(vault, recording, fresh, shelf));
    vpi_fail_clear();
    *old_slot_out = old_slot;
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    vpi_wipe(fresh, VPI_KEY_BYTES);
    free(wraps);
    if (own)
        vpi_wipe(own, sizeof *own);
    free(own);
    return st;
}

static bool is_open(const void *user, const vpi_shelf_entry *entry)
{
    return vpi_shelf_alive(entry, user) != 0;
}

vpriv_status vpi_recording_drop_dead(
    vpriv_vault *vault, vpi_recording *recording, uint64_t *n_out, uint64_t *old_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_shelf *shelf = NULL;
    vpi_branches *branches = NULL;
    uint8_t *key = vault->secrets->adopt_shred_key;
    *n_out = 0;
    if (recording->n_derivatives == 0)
        return VPRIV_OK;
    VPI_TRY(vpi_alloc(1, sizeof *shelf, (void **)&shelf));
    VPI_TRY(vpi_secret_alloc(sizeof *branches, (void **)&branches));
    VPI_TRY(vpi_branches_load(vault, recording, UINT32_MAX, branches));
    VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, key));
    VPI_TRY(vpi_shelf_load(vault, recording, key, shelf));
    VPI_TRY(vpi_shelf_thin(vault, recording, shelf, is_open, branches, n_out));
    if (*n_out > 0)
        VPI_TRY(vpi_recording_rekey(vault, recording, 0, NULL, shelf, old_slot_out));
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    vpi_secret_free(branches);
    if (shelf)
        vpi_wipe(shelf, sizeof *shelf);
    free(shelf);
    return st;
}
