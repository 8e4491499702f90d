/* Giving a recording a new shred key: what is not taken over, no copy of the file opens any more once the
 * old key is gone. */
#ifndef VPI_VAULT_REKEY_H
#define VPI_VAULT_REKEY_H

#include "vault/shelf.h"

/* In a write transaction. Wraps of `ended` purposes, and those whose consent is gone, stay behind; so do
 * derivatives that no purpose is left for. before: the recording as its wraps were made, when other people
 * are to speak in it from now on; NULL: the same. shelf: what is kept of it, or NULL for all. *old_slot_out is
 * the caller's to shred in this transaction. */
vpriv_status vpi_recording_rekey(vpriv_vault *vault, vpi_recording *recording, uint32_t ended,
    const vpi_recording *before, vpi_shelf *shelf, uint64_t *old_slot_out);

/* The derivatives that no consent opens any more go; nothing happens, and *n_out is 0, when there are
 * none. *old_slot_out as above otherwise. */
vpriv_status vpi_recording_drop_dead(
    vpriv_vault *vault, vpi_recording *recording, uint64_t *n_out, uint64_t *old_slot_out);

#endif
