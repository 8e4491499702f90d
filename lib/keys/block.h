/* Sealing one block: suite (1) ‖ ciphertext ‖ tag. The nonce is not stored, it follows from where the block
 * stands: stream nonce (16) ‖ little-endian (sequence × 2 + final). See doc/format.md, "Blocks". */
#ifndef VPI_KEYS_BLOCK_H
#define VPI_KEYS_BLOCK_H

#include "keys/seal.h"

#define VPI_BLOCK_BYTES        4096
#define VPI_BLOCK_PLAIN_BYTES  (VPI_BLOCK_BYTES - 1 - 16)
#define VPI_STREAM_NONCE_BYTES 16

/* place->row is the sequence number; one key never seals two blocks of the same. */
void vpi_block_seal_at(const uint8_t key[VPI_KEY_BYTES],
    const uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES], const vpi_place *place, bool is_final,
    const uint8_t plain[VPI_BLOCK_PLAIN_BYTES], uint8_t block_out[VPI_BLOCK_BYTES]);
/* block may be NULL or of any length, which does not authenticate. */
vpriv_status vpi_block_open_at(const uint8_t key[VPI_KEY_BYTES],
    const uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES], const vpi_place *place, bool is_final,
    const uint8_t *block, size_t n_bytes, uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES]);

#endif
