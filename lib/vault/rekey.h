/* A recording goes on under a new shred key. What it loses by that is gone in every old copy of the file too,
 * once the old key is destroyed: an old copy has the old wraps, and nobody has what opens them. */
#ifndef VPI_VAULT_REKEY_H
#define VPI_VAULT_REKEY_H

#include "vault/header.h"

/* In a write transaction. from: as it was until now, and still is in the file; to: as it is to be, the same or
 * another with more speakers (may be `from`). Of its purposes only `kept` stay, and of these only those whose wraps
 * open. Everything that is sealed under the shred key is sealed anew and written. Destroying the key in
 * *old_slot_out is the caller's. */
vpriv_status vpi_rekey(vpriv_vault *vault, const vpi_recording *from, uint32_t kept,
    vpi_recording *to, uint64_t *old_slot_out);

#endif
