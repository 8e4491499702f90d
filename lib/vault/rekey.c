#include "vault/rekey.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/adopt.h"

/* One wrap under the new key. VPRIV_E_CONSENT: it is dead, and stays behind. */
static vpriv_status wrap_anew(vpriv_vault *vault, const vpi_recording *from,
    const vpi_recording *to, unsigned purpose, const uint8_t fresh[VPI_KEY_BYTES],
    uint8_t wrap[VPI_WRAP_BYTES])
{
    vpi_recording_bond bond;
    uint8_t inner[VPI_INNER_BYTES];
    uint8_t *key = vault->secrets->adopt_shred_key;
    vpi_recording_bond_of(vault, from, &bond);
    vpriv_status st = vpi_tree_get(vault->tree, from->key_slot, key);
    if (st == VPRIV_OK)
        st = vpi_wrap_key_in_force(vault, from, (vpriv_purpose)purpose, key, key);
    if (st == VPRIV_OK)
        st = vpi_wrap_open(key, &bond, purpose, wrap, inner);
    if (st == VPRIV_OK)
        st = vpi_wrap_key_in_force(vault, to, (vpriv_purpose)purpose, fresh, key);
    if (st == VPRIV_OK)
        vpi_wrap_seal(key, &bond, purpose, inner, wrap);
    vpi_wipe(key, VPI_KEY_BYTES);
    vpi_wipe(inner, sizeof inner);
    return st;
}

/* The wraps' row under the old key, with what stays of it wrapped for the new one. */
static vpriv_status wrap_all_anew(vpriv_vault *vault, const vpi_recording *from, uint32_t kept,
    vpi_recording *to, const uint8_t fresh[VPI_KEY_BYTES], vpi_wraps *wraps)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *key = vault->secrets->adopt_shred_key;
    VPI_TRY(vpi_tree_get(vault->tree, from->key_slot, key));
    VPI_TRY(vpi_wraps_load(vault, from->row, key, wraps));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(wraps->purposes >> p & 1))
            continue;
        const vpriv_status wrapped =
            kept >> p & 1 ? wrap_anew(vault, from, to, p, fresh, wraps->wrap[p]) : VPRIV_E_CONSENT;
        if (wrapped == VPRIV_OK)
            continue;
        VPI_ENSURE(wrapped == VPRIV_E_CONSENT, wrapped, "%s", vpriv_error_detail());
        wraps->purposes &= ~VPRIV_PURPOSE_BIT(p);
        to->purpose_expires_us[p] = 0;
        vpi_basis_forget(to, (vpriv_purpose)p);
    }
    to->wrapped = wraps->purposes;
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_rekey(vpriv_vault *vault, const vpi_recording *from, uint32_t kept,
    vpi_recording *to, uint64_t *old_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_wraps *wraps = NULL;
    uint8_t *fresh = vault->secrets->fresh;
    const uint64_t old_slot = from->key_slot;
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    vpi_random(fresh, VPI_KEY_BYTES);
    VPI_TRY(wrap_all_anew(vault, from, kept, to, fresh, wraps));
    VPI_TRY(vpi_vault_add_key(vault, fresh, &to->key_slot));
    /* Everything that is sealed under a recording's shred key: header, wraps. */
    VPI_TRY(vpi_recording_store(vault, to, fresh));
    VPI_TRY(vpi_wraps_store(vault, to->row, fresh, wraps));
    *old_slot_out = old_slot;
    st = VPRIV_OK;
out:
    vpi_wipe(fresh, VPI_KEY_BYTES);
    free(wraps);
    return st;
}
