#include "keys/block.h"
#include "base/memory.h"
#include <sodium.h>
#include <string.h>

static void nonce_of(
    const uint8_t *stream_nonce, uint64_t sequence, bool is_final, uint8_t nonce_out[24])
{
    const uint64_t counter = sequence * 2 + is_final;
    memcpy(nonce_out, stream_nonce, VPI_STREAM_NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        nonce_out[VPI_STREAM_NONCE_BYTES + i] = (uint8_t)(counter >> (8 * i));
}

void vpi_block_seal_at(const uint8_t key[VPI_KEY_BYTES],
    const uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES], const vpi_place *place, bool is_final,
    const uint8_t plain[VPI_BLOCK_PLAIN_BYTES], uint8_t block_out[VPI_BLOCK_BYTES])
{
    uint8_t associated[VPI_PLACE_BYTES_MAX], nonce[24];
    const size_t n_associated = vpi_place_encode(place, associated);
    nonce_of(stream_nonce, place->row, is_final, nonce);
    block_out[0] = VPI_SUITE;
    crypto_aead_xchacha20poly1305_ietf_encrypt(block_out + 1, NULL, plain, VPI_BLOCK_PLAIN_BYTES,
        associated, n_associated, NULL, nonce, key);
    vpi_wipe_cipher_stack();
}

vpriv_status vpi_block_open_at(const uint8_t key[VPI_KEY_BYTES],
    const uint8_t stream_nonce[VPI_STREAM_NONCE_BYTES], const vpi_place *place, bool is_final,
    const uint8_t *block, size_t n_bytes, uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    uint8_t associated[VPI_PLACE_BYTES_MAX], nonce[24];
    const size_t n_associated = vpi_place_encode(place, associated);
    nonce_of(stream_nonce, place->row, is_final, nonce);
    if (!block || n_bytes != VPI_BLOCK_BYTES || block[0] != VPI_SUITE)
        return vpi_auth_failed();
    const int code = crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL, block + 1,
        VPI_BLOCK_BYTES - 1, associated, n_associated, nonce, key);
    vpi_wipe_cipher_stack();
    return code == 0 ? VPRIV_OK : vpi_auth_failed();
}
