/* Where the root key lives. A root store keeps one record, replaces it as a whole, and says how well
 * the old one is forgotten. Back ends: root_file.c, root_passphrase.c, root_kernel.c, root_tpm.c, and the vendor's own callbacks. */
#ifndef VPI_KEYS_ROOT_H
#define VPI_KEYS_ROOT_H

#include "keys/seal.h"
#include <voicepriv/root.h>

/* The record in guarded memory: vault id ‖ generation (u64) ‖ key. */
typedef struct vpi_root_record {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint64_t generation;
    uint8_t key[VPI_KEY_BYTES];
} vpi_root_record;

struct vpriv_root_store {
    vpriv_root_callbacks callbacks;
    void (*close)(void *user); /* NULL when there is nothing to free */
    uint8_t *record;           /* guarded, VPRIV_ROOT_RECORD_BYTES, zero between calls */
};

/* record_out is guarded memory of the caller. */
vpriv_status vpi_root_load(vpriv_root_store *store, vpi_root_record *record_out);
/* VPRIV_E_NOT_FOUND when the store is empty, VPRIV_OK when it holds something. */
vpriv_status vpi_root_probe(vpriv_root_store *store);
/* Returns when the old record is gone as far as the store can promise. */
vpriv_status vpi_root_replace(vpriv_root_store *store, const vpi_root_record *record);
/* What a vault that did not come to be left there goes; another vault's key stays. */
vpriv_status vpi_root_take_back(
    vpriv_root_store *store, const uint8_t vault_id[VPI_VAULT_ID_BYTES]);

#define VPI_ROOT_TPM_WRITES 2 /* of non-volatile memory at a replacement: the record, the counter */

/* Shared by back ends. */
vpriv_status vpi_root_open(
    const vpriv_root_callbacks *callbacks, void (*close)(void *user), vpriv_root_store **store_out);

#endif
