/* How a recording comes into the vault: it is born in a recording process, with or without the root
 * key at hand, and adopted by a process that has it.
 *
 * The envelope is sealed to the ingest public key of the moment; that pair is replaced at every
 * shred, after everything pending was adopted. So no envelope of the past opens with the keys of the
 * present, and a commit, which seals its envelope inside the write transaction, is never behind. */
#ifndef VPI_VAULT_INGEST_H
#define VPI_VAULT_INGEST_H

#include "vault/header.h"

/* Rows of table ingest. */
enum {
    VPI_INGEST_COMMIT = 1,
    VPI_INGEST_FINISH = 2,
};

/* The commit envelope: shred key, tag, commitment and inner boxes; guarded memory. */
typedef struct vpi_ingest_commit {
    uint8_t shred_key[VPI_KEY_BYTES];
    uint8_t commitment[VPI_HASH_BYTES];
    size_t n_tag_bytes;
    uint8_t tag_bytes[VPI_TAG_ENCODED_BYTES];
    uint32_t purposes;
    uint8_t inner[VPI_PURPOSES_MAX][VPI_INNER_BYTES];
} vpi_ingest_commit;

/* In a write transaction of any process. */
vpriv_status vpi_ingest_write_commit(vpriv_vault *vault, int64_t row,
    const uint8_t recording_id[VPI_RECORDING_ID_BYTES], const vpi_ingest_commit *commit);
vpriv_status vpi_ingest_write_finish(vpriv_vault *vault, int64_t row,
    const uint8_t recording_id[VPI_RECORDING_ID_BYTES], const vpi_finish *finish);

/* In a write transaction of a process with the root: takes over everything pending. A recording that
 * no consent is left for by now becomes a tombstone. An envelope that does not open is passed over: it
 * must not keep anybody from withdrawing or erasing. */
vpriv_status vpi_ingest_adopt_all(vpriv_vault *vault);
/* After that: give up what did not open, which nobody ever will, and log it. */
vpriv_status vpi_ingest_bury_damaged(vpriv_vault *vault);
vpriv_status vpi_ingest_pending(vpriv_vault *vault, uint64_t *n_out);

#endif
