/* Giving a recording a new shred key: what is not taken over, no copy of the file opens any more once the
 * old key is gone. */
#ifndef VPI_VAULT_REKEY_H
#define VPI_VAULT_REKEY_H

#include "vault/header.h"

/* In a write transaction. Wraps of `ended` purposes, and those whose consent is gone, stay behind. before: the
 * recording as its wraps were made, when other people are to speak in it from now on; NULL: the same.
 * *old_slot_out is the caller's to shred in this transaction. */
vpriv_status vpi_recording_rekey(vpriv_vault *vault, vpi_recording *recording, uint32_t ended,
    const vpi_recording *before, uint64_t *old_slot_out);

#endif
