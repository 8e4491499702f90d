/* The keys of one recording: made in locked memory, wrapped once per permitted purpose, used to seal
 * its blocks. Formats in doc/format.md, "Recording keys" and "Blocks". */
#ifndef VPI_KEYS_RECORDING_H
#define VPI_KEYS_RECORDING_H

#include "keys/block.h"

#define VPI_RECORDING_ID_BYTES 16
#define VPI_SUBJECT_ID_BYTES   16
#define VPI_HASH_BYTES         32
#define VPI_SUBJECTS_MAX       16
#define VPI_INNER_BYTES        (VPI_KEY_BYTES + VPI_RECORDING_ID_BYTES + 48)
#define VPI_WRAP_BYTES         (VPI_INNER_BYTES + VPI_SEAL_OVERHEAD)

/* Guarded memory of the owner. */
typedef struct vpi_recording_keys {
    uint8_t recording_key[VPI_KEY_BYTES];
    uint8_t shred_key[VPI_KEY_BYTES];
    uint8_t block_key[VPI_KEY_BYTES];
    uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES];
} vpi_recording_keys;

/* Who and what a recording's sealed parts are bound to. */
typedef struct vpi_recording_bond {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint8_t recording_id[VPI_RECORDING_ID_BYTES];
    uint8_t tag_hash[VPI_HASH_BYTES];
} vpi_recording_bond;

/* Random recording and shred key, and what follows from them. */
void vpi_recording_keys_generate(vpi_recording_keys *keys);
/* block_key and stream_nonce from recording_key. */
void vpi_recording_keys_derive(vpi_recording_keys *keys);

/* Ties a recording key to its recording and tag, so that two wraps cannot open to different audio. */
void vpi_recording_commitment(const uint8_t recording_key[VPI_KEY_BYTES],
    const vpi_recording_bond *bond, uint8_t commitment_out[VPI_HASH_BYTES]);

/* inner = sealed box (X25519) of recording key ‖ recording id for a purpose's public key. */
vpriv_status vpi_inner_seal(const uint8_t recording_key[VPI_KEY_BYTES],
    const vpi_recording_bond *bond, const uint8_t public_key[VPI_KEY_BYTES],
    uint8_t inner_out[VPI_INNER_BYTES]);
vpriv_status vpi_inner_open(const uint8_t inner[VPI_INNER_BYTES], const vpi_recording_bond *bond,
    const uint8_t public_key[VPI_KEY_BYTES], const uint8_t secret_key[VPI_KEY_BYTES],
    uint8_t recording_key_out[VPI_KEY_BYTES]);

/* wrap = inner sealed under the shred key and every subject's grant key for the purpose. */
typedef struct vpi_grant {
    uint8_t subject_id[VPI_SUBJECT_ID_BYTES];
    uint8_t key[VPI_KEY_BYTES];
} vpi_grant;
/* Sorts the grants by subject; any order in gives the same key. key_out is guarded. */
vpriv_status vpi_wrap_key(const uint8_t shred_key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, vpi_grant *grants, size_t n_grants, uint8_t key_out[VPI_KEY_BYTES]);
void vpi_wrap_seal(const uint8_t key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, const uint8_t inner[VPI_INNER_BYTES], uint8_t wrap_out[VPI_WRAP_BYTES]);
vpriv_status vpi_wrap_open(const uint8_t key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, const uint8_t wrap[VPI_WRAP_BYTES], uint8_t inner_out[VPI_INNER_BYTES]);

/* Blocks are numbered from 0; the last one of a finished recording is sealed as final. */
void vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    uint8_t block_out[VPI_BLOCK_BYTES]);
vpriv_status vpi_block_open(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *block, size_t n_bytes,
    uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES]);

#endif
