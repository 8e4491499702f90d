#include "keys/seal.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define NONCE_BYTES 24
#define TAG_BYTES   16

vpriv_status vpi_auth_failed(void)
{
    return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
}

vpriv_status vpi_must_exist(vpriv_status found)
{
    return found == VPRIV_E_NOT_FOUND ? vpi_auth_failed() : found;
}

size_t vpi_place_encode(const vpi_place *place, uint8_t data_out[VPI_PLACE_BYTES_MAX])
{
    vpi_writer w = vpi_writer_of(data_out, VPI_PLACE_BYTES_MAX);
    vpi_put_bytes(&w, "vpriv", 5);
    vpi_put_u16(&w, VPI_FORMAT_VERSION);
    vpi_put_bytes(&w, place->vault_id, VPI_VAULT_ID_BYTES);
    vpi_put_u8(&w, (uint8_t)place->column);
    vpi_put_u64(&w, place->row);
    vpi_put_bytes(&w, place->extra, place->n_extra_bytes);
    VPI_IMPOSSIBLE_UNLESS(!w.failed);
    return vpi_writer_used(&w);
}

void vpi_seal(const uint8_t *key, const vpi_place *place, const void *plain, size_t n_bytes,
    uint8_t *sealed_out)
{
    uint8_t associated[VPI_PLACE_BYTES_MAX];
    const size_t n_associated = vpi_place_encode(place, associated);
    sealed_out[0] = VPI_SUITE;
    vpi_random(sealed_out + 1, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_out + 1 + NONCE_BYTES, NULL, plain, n_bytes,
        associated, n_associated, NULL, sealed_out + 1, key);
    vpi_wipe_stack();
}

vpriv_status vpi_unseal(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out)
{
    const uint8_t *at = sealed;
    uint8_t associated[VPI_PLACE_BYTES_MAX];
    if (!at || n_sealed < VPI_SEAL_OVERHEAD || at[0] != VPI_SUITE)
        return vpi_auth_failed();
    const size_t n_associated = vpi_place_encode(place, associated);
    const int code = crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL,
        at + 1 + NONCE_BYTES, n_sealed - 1 - NONCE_BYTES, associated, n_associated, at + 1, key);
    vpi_wipe_stack();
    return code == 0 ? VPRIV_OK : vpi_auth_failed();
}

vpriv_status vpi_seal_padded(const uint8_t *key, const vpi_place *place, const void *plain,
    size_t n_bytes, uint8_t *sealed_out, size_t capacity, size_t *n_sealed_out)
{
    const size_t n_sealed = VPI_PADDED_SEAL_BYTES(n_bytes);
    const size_t n_padded = n_sealed - VPI_SEAL_OVERHEAD;
    if (n_bytes > UINT32_MAX || capacity < n_sealed)
        return vpi_fail(VPRIV_E_LIMIT, "a row of %zu bytes is too long", n_bytes);
    /* Padded in place, then sealed in place: the plaintext never leaves the caller's buffer. */
    uint8_t *body = sealed_out + 1 + NONCE_BYTES;
    vpi_writer w = vpi_writer_of(body, n_padded);
    vpi_put_u32(&w, (uint32_t)n_bytes);
    vpi_put_bytes(&w, plain, n_bytes);
    vpi_put_zeros_to(&w, n_padded);
    VPI_IMPOSSIBLE_UNLESS(!w.failed);
    vpi_seal(key, place, body, n_padded, sealed_out);
    *n_sealed_out = n_sealed;
    return VPRIV_OK;
}

vpriv_status vpi_unseal_padded(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    uint8_t *plain = plain_out;
    if (n_sealed < VPI_SEAL_OVERHEAD + 4 || n_sealed - VPI_SEAL_OVERHEAD > capacity)
        return vpi_auth_failed();
    const size_t n_padded = n_sealed - VPI_SEAL_OVERHEAD;
    const vpriv_status st = vpi_unseal(key, place, sealed, n_sealed, plain);
    if (st != VPRIV_OK)
        return st;
    vpi_reader r = vpi_reader_of(plain, n_padded);
    const size_t n_bytes = vpi_get_u32(&r);
    if (n_bytes > n_padded - 4 || !sodium_is_zero(plain + 4 + n_bytes, n_padded - 4 - n_bytes))
        return vpi_auth_failed();
    memmove(plain, plain + 4, n_bytes);
    *n_bytes_out = n_bytes;
    return VPRIV_OK;
}

void vpi_derive(const uint8_t *key, const char *label, const void *data, size_t n_bytes,
    uint8_t key_out[VPI_KEY_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, VPI_KEY_BYTES, VPI_KEY_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&state, data, n_bytes);
    crypto_generichash_final(&state, key_out, VPI_KEY_BYTES);
    vpi_wipe(&state, sizeof state);
    vpi_wipe_stack();
}
