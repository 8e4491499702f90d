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

void vpi_derivative_block_seal(const vpi_derivative_keys *keys, const vpi_derivative_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    uint8_t block_out[VPI_BLOCK_BYTES])
{
    uint8_t extra[EXTRA_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE, sequence, extra);
    vpi_block_seal_at(keys->block_key, keys->stream_nonce, &place, is_final, plain, block_out);
}

vpriv_status vpi_derivative_block_open(const vpi_derivative_keys *keys,
    const vpi_derivative_bond *bond, uint64_t sequence, bool is_final,
    const uint8_t block[VPI_BLOCK_BYTES], uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    uint8_t extra[EXTRA_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_DERIVATIVE, sequence, extra);
    return vpi_block_open_at(
        keys->block_key, keys->stream_nonce, &place, is_final, block, VPI_BLOCK_BYTES, plain_out);
}
