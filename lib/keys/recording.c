#include "keys/recording.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

void vpi_recording_keys_generate(vpi_recording_keys *keys)
{
    vpi_random(keys->recording_key, sizeof keys->recording_key);
    vpi_random(keys->shred_key, sizeof keys->shred_key);
    vpi_recording_keys_derive(keys);
}

void vpi_recording_keys_derive(vpi_recording_keys *keys)
{
    /* block_key is scratch for the nonce first; both come from guarded memory. */
    vpi_derive(keys->recording_key, "recording: block nonce", NULL, 0, keys->block_key);
    memcpy(keys->stream_nonce, keys->block_key, sizeof keys->stream_nonce);
    vpi_derive(keys->recording_key, "recording: block key", NULL, 0, keys->block_key);
}

static vpi_place place_of(const vpi_recording_bond *bond, vpi_column column, uint64_t row,
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES])
{
    memcpy(extra, bond->recording_id, VPI_RECORDING_ID_BYTES);
    memcpy(extra + VPI_RECORDING_ID_BYTES, bond->tag_hash, VPI_HASH_BYTES);
    return (vpi_place){bond->vault_id, column, row, extra, VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES};
}

void vpi_recording_commitment(const uint8_t recording_key[VPI_KEY_BYTES],
    const vpi_recording_bond *bond, uint8_t commitment_out[VPI_HASH_BYTES])
{
    vpi_derive(recording_key, "recording: commitment", bond, sizeof *bond, commitment_out);
}

vpriv_status vpi_inner_seal(const uint8_t recording_key[VPI_KEY_BYTES],
    const vpi_recording_bond *bond, const uint8_t public_key[VPI_KEY_BYTES],
    uint8_t inner_out[VPI_INNER_BYTES])
{
    uint8_t plain[VPI_KEY_BYTES + VPI_RECORDING_ID_BYTES];
    memcpy(plain, recording_key, VPI_KEY_BYTES);
    memcpy(plain + VPI_KEY_BYTES, bond->recording_id, VPI_RECORDING_ID_BYTES);
    const int code = crypto_box_seal(inner_out, plain, sizeof plain, public_key);
    vpi_wipe(plain, sizeof plain);
    vpi_wipe_stack();
    return code == 0 ? VPRIV_OK : vpi_auth_failed();
}

vpriv_status vpi_inner_open(const uint8_t inner[VPI_INNER_BYTES], const vpi_recording_bond *bond,
    const uint8_t public_key[VPI_KEY_BYTES], const uint8_t secret_key[VPI_KEY_BYTES],
    uint8_t recording_key_out[VPI_KEY_BYTES])
{
    uint8_t plain[VPI_KEY_BYTES + VPI_RECORDING_ID_BYTES];
    const bool opened =
        crypto_box_seal_open(plain, inner, VPI_INNER_BYTES, public_key, secret_key) == 0 &&
        sodium_memcmp(plain + VPI_KEY_BYTES, bond->recording_id, VPI_RECORDING_ID_BYTES) == 0;
    if (opened)
        memcpy(recording_key_out, plain, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    vpi_wipe_stack();
    return opened ? VPRIV_OK : vpi_auth_failed();
}

static int by_subject(const void *a, const void *b)
{
    return memcmp(((const vpi_grant *)a)->subject_id, ((const vpi_grant *)b)->subject_id,
        VPI_SUBJECT_ID_BYTES);
}

/* Insertion keeps the keys inside the caller's guarded memory; qsort may copy elsewhere. */
static void sort_grants(vpi_grant *grants, size_t n_grants)
{
    for (size_t i = 1; i < n_grants; i++)
        for (size_t j = i; j > 0 && by_subject(&grants[j - 1], &grants[j]) > 0; j--)
            for (size_t k = 0; k < sizeof *grants; k++) {
                uint8_t *left = (uint8_t *)&grants[j - 1] + k, *right = (uint8_t *)&grants[j] + k;
                const uint8_t swapped = *left;
                *left = *right;
                *right = swapped;
            }
}

vpriv_status vpi_wrap_key(const uint8_t shred_key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, vpi_grant *grants, size_t n_grants, uint8_t key_out[VPI_KEY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    crypto_generichash_state state;
    const uint8_t head[2] = {(uint8_t)purpose, (uint8_t)n_grants};
    static const char label[] = "recording: wrap";
    VPI_ENSURE(
        n_grants >= 1 && n_grants <= VPI_SUBJECTS_MAX, VPRIV_E_ARG, "%zu subjects", n_grants);
    sort_grants(grants, n_grants);
    for (size_t i = 1; i < n_grants; i++)
        VPI_ENSURE(by_subject(&grants[i - 1], &grants[i]) != 0, VPRIV_E_ARG, "a subject twice");
    crypto_generichash_init(&state, shred_key, VPI_KEY_BYTES, VPI_KEY_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label);
    crypto_generichash_update(&state, bond->vault_id, VPI_VAULT_ID_BYTES);
    crypto_generichash_update(&state, bond->recording_id, VPI_RECORDING_ID_BYTES);
    crypto_generichash_update(&state, head, sizeof head);
    for (size_t i = 0; i < n_grants; i++)
        crypto_generichash_update(&state, (const uint8_t *)&grants[i], sizeof grants[i]);
    crypto_generichash_final(&state, key_out, VPI_KEY_BYTES);
    st = VPRIV_OK;
out:
    vpi_wipe(&state, sizeof state);
    vpi_wipe_stack();
    return st;
}

void vpi_wrap_seal(const uint8_t key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, const uint8_t inner[VPI_INNER_BYTES], uint8_t wrap_out[VPI_WRAP_BYTES])
{
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_WRAP, purpose, extra);
    vpi_seal(key, &place, inner, VPI_INNER_BYTES, wrap_out);
}

vpriv_status vpi_wrap_open(const uint8_t key[VPI_KEY_BYTES], const vpi_recording_bond *bond,
    unsigned purpose, const uint8_t wrap[VPI_WRAP_BYTES], uint8_t inner_out[VPI_INNER_BYTES])
{
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_WRAP, purpose, extra);
    return vpi_unseal(key, &place, wrap, VPI_WRAP_BYTES, inner_out);
}

void vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    uint8_t block_out[VPI_BLOCK_BYTES])
{
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_BLOCK, sequence, extra);
    vpi_block_seal_at(keys->block_key, keys->stream_nonce, &place, is_final, plain, block_out);
}

vpriv_status vpi_block_open(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *block, size_t n_bytes,
    uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES];
    const vpi_place place = place_of(bond, VPI_COLUMN_BLOCK, sequence, extra);
    return vpi_block_open_at(
        keys->block_key, keys->stream_nonce, &place, is_final, block, n_bytes, plain_out);
}
