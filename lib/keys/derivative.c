#include "keys/derivative.h"
#include "base/memory.h"
#include <sodium.h>
#include <string.h>

#define EXTRA_BYTES (VPI_RECORDING_ID_BYTES + VPI_DERIVATIVE_ID_BYTES)

static vpi_place place_of(
    const vpi_derivative_bond *bond, vpi_column column, uint64_t row, uint8_t extra[EXTRA_BYTES])
{
    memcpy(extra, bond->recording_id, VPI_RECORDING_ID_BYTES);
    memcpy(extra + VPI_RECORDING_ID_BYTES, bond->derivative_id, VPI_DERIVATIVE_ID_BYTES);
    return (vpi_place){bond->vault_id, column, row, extra, EXTRA_BYTES};
}

void vpi_derivative_keys_derive(vpi_derivative_keys *keys)
{
    /* block_key is scratch for the nonce first; both come from guarded memory. */
    vpi_derive(keys->key, "derivative: block nonce", NULL, 0, keys->block_key);
    memcpy(keys->stream_nonce, keys->block_key, sizeof keys->stream_nonce);
    vpi_derive(keys->key, "derivative: block key", NULL, 0, keys->block_key);
}

void vpi_derivative_commitment(const uint8_t key[VPI_KEY_BYTES], const vpi_derivative_bond *bond,
    uint8_t commitment_out[VPI_HASH_BYTES])
{
    vpi_derive(key, "derivative: commitment", bond, sizeof *bond, commitment_out);
}

void vpi_branch(const uint8_t inner[VPI_INNER_BYTES], uint8_t branch_out[VPI_KEY_BYTES])
{
    static const char label[] = "derivative: branch"; /* hashed with its final zero */
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, VPI_KEY_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label);
    crypto_generichash_update(&state, inner, VPI_INNER_BYTES);
    crypto_generichash_final(&state, branch_out, VPI_KEY_BYTES);
    vpi_wipe(&state, sizeof state);
    vpi_wipe_stack();
}

void vpi_branch_tag(const uint8_t branch[VPI_KEY_BYTES], uint8_t tag_out[VPI_BRANCH_TAG_BYTES])
{
    uint8_t hash[VPI_HASH_BYTES];
    vpi_derive(branch, "derivative: branch tag", NULL, 0, hash);
    memcpy(tag_out, hash, VPI_BRANCH_TAG_BYTES);
}

static void wrap_key(const uint8_t branch[VPI_KEY_BYTES], const vpi_derivative_bond *bond,
    uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_derive(branch, "derivative: wrap", bond, sizeof *bond, key_out);
}

vpriv_status vpi_derivative_wrap_seal(const uint8_t key[VPI_KEY_BYTES],
    const vpi_derivative_bond *bond, unsigned purpose, const uint8_t branch[VPI_KEY_BYTES],
    const uint8_t public_key[VPI_KEY_BYTES], uint8_t scratch[VPI_KEY_BYTES],
    uint8_t wrap_out[VPI_DERIVATIVE_WRAP_BYTES])
{
    uint8_t plain[VPI_KEY_BYTES + VPI_DERIVATIVE_ID_BYTES], box[VPI_DERIVATIVE_BOX_BYTES];
    uint8_t extra[EXTRA_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE_WRAP, purpose, extra);
    memcpy(plain, key, VPI_KEY_BYTES);
    memcpy(plain + VPI_KEY_BYTES, bond->derivative_id, VPI_DERIVATIVE_ID_BYTES);
    const int code = crypto_box_seal(box, plain, sizeof plain, public_key);
    vpi_wipe(plain, sizeof plain);
    if (code == 0) {
        wrap_key(branch, bond, scratch);
        vpi_seal(scratch, &place, box, sizeof box, wrap_out);
        vpi_wipe(scratch, VPI_KEY_BYTES);
    }
    vpi_wipe_stack();
    return code == 0 ? VPRIV_OK : vpi_auth_failed();
}

vpriv_status vpi_derivative_wrap_open(const uint8_t wrap[VPI_DERIVATIVE_WRAP_BYTES],
    const vpi_derivative_bond *bond, unsigned purpose, const uint8_t branch[VPI_KEY_BYTES],
    const uint8_t public_key[VPI_KEY_BYTES], const uint8_t secret_key[VPI_KEY_BYTES],
    uint8_t key_out[VPI_KEY_BYTES])
{
    uint8_t plain[VPI_KEY_BYTES + VPI_DERIVATIVE_ID_BYTES], box[VPI_DERIVATIVE_BOX_BYTES];
    uint8_t extra[EXTRA_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE_WRAP, purpose, extra);
    wrap_key(branch, bond, key_out);
    bool opened =
        vpi_unseal(key_out, &place, wrap, VPI_DERIVATIVE_WRAP_BYTES, box) == VPRIV_OK &&
        crypto_box_seal_open(plain, box, sizeof box, public_key, secret_key) == 0 &&
        sodium_memcmp(plain + VPI_KEY_BYTES, bond->derivative_id, VPI_DERIVATIVE_ID_BYTES) == 0;
    if (opened)
        memcpy(key_out, plain, VPI_KEY_BYTES);
    else
        vpi_wipe(key_out, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    vpi_wipe_stack();
    return opened ? VPRIV_OK : vpi_auth_failed();
}

/* nonce = stream nonce (16) ‖ little-endian (sequence × 2 + final) */
static void block_nonce(
    const vpi_derivative_keys *keys, uint64_t sequence, bool is_final, uint8_t nonce[24])
{
    const uint64_t counter = sequence * 2 + is_final;
    memcpy(nonce, keys->stream_nonce, sizeof keys->stream_nonce);
    for (int i = 0; i < 8; i++)
        nonce[16 + i] = (uint8_t)(counter >> (8 * i));
}

void vpi_derivative_block_seal(const vpi_derivative_keys *keys, const vpi_derivative_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    uint8_t block_out[VPI_BLOCK_BYTES])
{
    uint8_t extra[EXTRA_BYTES], associated[VPI_PLACE_BYTES_MAX], nonce[24];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE, sequence, extra);
    const size_t n_associated = vpi_place_encode(&place, associated);
    block_nonce(keys, sequence, is_final, nonce);
    block_out[0] = VPI_SUITE;
    crypto_aead_xchacha20poly1305_ietf_encrypt(block_out + 1, NULL, plain, VPI_BLOCK_PLAIN_BYTES,
        associated, n_associated, NULL, nonce, keys->block_key);
    vpi_wipe_cipher_stack();
}

vpriv_status vpi_derivative_block_open(const vpi_derivative_keys *keys,
    const vpi_derivative_bond *bond, uint64_t sequence, bool is_final,
    const uint8_t block[VPI_BLOCK_BYTES], uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    uint8_t extra[EXTRA_BYTES], associated[VPI_PLACE_BYTES_MAX], nonce[24];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE, sequence, extra);
    const size_t n_associated = vpi_place_encode(&place, associated);
    block_nonce(keys, sequence, is_final, nonce);
    if (block[0] != VPI_SUITE)
        return vpi_auth_failed();
    const int code = crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL, block + 1,
        VPI_BLOCK_BYTES - 1, associated, n_associated, nonce, keys->block_key);
    vpi_wipe_cipher_stack();
    return code == 0 ? VPRIV_OK : vpi_auth_failed();
}
