/* What a leaf of the log stands for.
 *
 *   entry ─encode▶ payload ─sealed by the vault under a key of its own▶ sealed payload
 *     ─SHA-256 with a label▶ commitment ─vpriv_log_leaf_hash()▶ leaf hash ▶ Merkle tree
 *
 * The tree commits to ciphertext: shred the payload's key and the entry is gone while every proof
 * still holds.
 *
 *   "VPLE" | u16 version | fields in the order of the struct, little-endian, texts as u16 length
 * and bytes, kind as u8 | zeros up to the next multiple of 256 bytes
 *
 * One entry has exactly one encoding. */
#ifndef VPI_LOG_LEAF_H
#define VPI_LOG_LEAF_H

#include "base/status.h"
#include <voicepriv/log.h>

#define VPI_LOG_ENTRY_VERSION   1
#define VPI_LOG_ENTRY_STEP      256
#define VPI_LOG_ENTRY_BYTES_MAX 512
#define VPI_LOG_KIND_LAST       VPRIV_LOG_SPEAKER_ADDED

/* Who does something and why, as callers say it: fit for an entry, or VPRIV_E_ARG. No reason (NULL) is one. */
vpriv_status vpi_actor_check(const char *actor);
vpriv_status vpi_reason_check(const char *reason);

/* VPRIV_OK when the entry is complete and not contradictory, VPRIV_E_ARG naming the field. */
vpriv_status vpi_log_entry_check(const vpriv_log_entry *entry);

/* Checks, then writes up to VPI_LOG_ENTRY_BYTES_MAX bytes. */
vpriv_status vpi_log_entry_encode(
    const vpriv_log_entry *entry, void *payload_out, size_t capacity_bytes, size_t *n_bytes_out);

/* Strict: anything the encoder would not have written is VPRIV_E_FORMAT (VPRIV_E_VERSION for a
 * later version). */
vpriv_status vpi_log_entry_decode(const void *payload, size_t n_bytes, vpriv_log_entry *entry_out);

/* SHA-256 of a label and the sealed payload. */
void vpi_log_commitment(const void *sealed_payload, size_t n_bytes, uint8_t *commitment_out);

#endif
