/* The keys of what was made from a recording. A derivative has a random key of its own, wrapped once for
 * each of its purposes:
 *
 *   branch[p] = hash of the recording's inner[p]                 what only an opened wrap[p] gives
 *   wrap[p]   = AEAD(KDF(branch[p], derivative id), sealed box(key ‖ derivative id, public key of p))
 *
 * So it takes what the recording takes: its shred key, every speaker's grant key for p, and the secret key
 * of p. Wrapping the recording anew, with the same inner[p], leaves its derivatives as they are; a new
 * inner[p] ends them for p. Formats in doc/format.md, "Derivatives". */
#ifndef VPI_KEYS_DERIVATIVE_H
#define VPI_KEYS_DERIVATIVE_H

#include "keys/recording.h"

#define VPI_DERIVATIVE_ID_BYTES   16
#define VPI_DERIVATIVE_BOX_BYTES  (VPI_KEY_BYTES + VPI_DERIVATIVE_ID_BYTES + 48)
#define VPI_DERIVATIVE_WRAP_BYTES (VPI_DERIVATIVE_BOX_BYTES + VPI_SEAL_OVERHEAD)
#define VPI_BRANCH_TAG_BYTES      16
/* Content of one block, behind its count. */
#define VPI_DERIVATIVE_BLOCK_CONTENT (VPI_BLOCK_PLAIN_BYTES - 2)

/* What a derivative's sealed parts are bound to. */
typedef struct vpi_derivative_bond {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint8_t recording_id[VPI_RECORDING_ID_BYTES];
    uint8_t derivative_id[VPI_DERIVATIVE_ID_BYTES];
} vpi_derivative_bond;

/* Guarded memory of the owner. */
typedef struct vpi_derivative_keys {
    uint8_t key[VPI_KEY_BYTES];
    uint8_t block_key[VPI_KEY_BYTES];
    uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES];
} vpi_derivative_keys;

/* block_key and stream_nonce from key. */
void vpi_derivative_keys_derive(vpi_derivative_keys *keys);
/* So that two wraps cannot open to different contents. */
void vpi_derivative_commitment(const uint8_t key[VPI_KEY_BYTES], const vpi_derivative_bond *bond,
    uint8_t commitment_out[VPI_HASH_BYTES]);

void vpi_branch(const uint8_t inner[VPI_INNER_BYTES], uint8_t branch_out[VPI_KEY_BYTES]);
/* Tells whether a branch is the one a wrap was made for, and nothing else. */
void vpi_branch_tag(const uint8_t branch[VPI_KEY_BYTES], uint8_t tag_out[VPI_BRANCH_TAG_BYTES]);

/* scratch is guarded and wiped. */
vpriv_status vpi_derivative_wrap_seal(const uint8_t key[VPI_KEY_BYTES],
    const vpi_derivative_bond *bond, unsigned purpose, const uint8_t branch[VPI_KEY_BYTES],
    const uint8_t public_key[VPI_KEY_BYTES], uint8_t scratch[VPI_KEY_BYTES],
    uint8_t wrap_out[VPI_DERIVATIVE_WRAP_BYTES]);
vpriv_status vpi_derivative_wrap_open(const uint8_t wrap[VPI_DERIVATIVE_WRAP_BYTES],
    const vpi_derivative_bond *bond, unsigned purpose, const uint8_t branch[VPI_KEY_BYTES],
    const uint8_t public_key[VPI_KEY_BYTES], const uint8_t secret_key[VPI_KEY_BYTES],
    uint8_t key_out[VPI_KEY_BYTES]);

/* Blocks are numbered from 0, all full but the last, which is sealed as final.
 *   plain = count (u16) ‖ content ‖ zeros */
void vpi_derivative_block_seal(const vpi_derivative_keys *keys, const vpi_derivative_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    uint8_t block_out[VPI_BLOCK_BYTES]);
vpriv_status vpi_derivative_block_open(const vpi_derivative_keys *keys,
    const vpi_derivative_bond *bond, uint64_t sequence, bool is_final,
    const uint8_t block[VPI_BLOCK_BYTES], uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES]);

#endif
