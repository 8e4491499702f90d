/* The transparency log's rows: Merkle hashes, sealed payloads, and the head that says how long the
 * log is. Payloads about people are sealed under those people's keys: erasing a person leaves the
 * proofs and takes the words. */
#ifndef VPI_VAULT_LOG_STORE_H
#define VPI_VAULT_LOG_STORE_H

#include "log/leaf.h"
#include "log/merkle.h"
#include "vault/vault.h"

typedef struct vpi_log_head {
    uint64_t size;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    int64_t clock_us; /* the latest time the vault has seen */
} vpi_log_head;

vpi_merkle_store vpi_log_hashes(vpriv_vault *vault);
vpriv_status vpi_log_head_read(vpriv_vault *vault, vpi_log_head *head_out);
vpriv_status vpi_log_start(vpriv_vault *vault);

/* Append an entry about these subjects (rows of table subject; none is an entry about the vault).
 * The entry's time, when 0, becomes now. Durable with the transaction. */
vpriv_status vpi_log_append(vpriv_vault *vault, vpriv_log_entry *entry, const int64_t *subjects,
    size_t n_subjects, uint64_t *index_out, uint8_t leaf_hash_out[VPRIV_LOG_HASH_BYTES]);

/* Open the payload of a leaf. VPRIV_E_ERASED when a person it is about was erased. */
vpriv_status vpi_log_read(vpriv_vault *vault, uint64_t index, vpriv_log_entry *entry_out);

/* The tag that payloads about a recording are found by. */
void vpi_log_recording_tag(vpriv_vault *vault, const uint8_t recording[VPI_RECORDING_ID_BYTES],
    uint8_t tag_out[VPI_TAG_BYTES]);
/* The next of them behind leaf `after` (−1: the first). VPRIV_E_NOT_FOUND: there is none. VPRIV_E_ERASED:
 * there is one, under the key of somebody who is gone. The index is not sealed: whether the entry is
 * about the recording is the caller's to see. */
vpriv_status vpi_log_next_about(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], int64_t after,
    int64_t *index_out, vpriv_log_entry *entry_out);

/* Compare the log with the root's head, so that one cut back behind a shred is noticed: VPRIV_E_ROLLBACK when it is
 * shorter or another one. */
vpriv_status vpi_log_head_check(vpriv_vault *vault);

#endif
