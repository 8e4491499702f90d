/* The device's public key as others read it: JWK (RFC 7517, RFC 8037). */
#include "base/memory.h"
#include "base/try.h"
#include "consent/json.h"
#include "share/jose.h"
#include "vault/vault.h"
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

vpriv_status vpriv_receipt_key_id(const uint8_t *public_key, char *key_id_out)
{
    if (!public_key || !key_id_out)
        return vpi_fail(VPRIV_E_ARG, "a public key and room for its name are needed");
    const vpriv_status st = vpi_crypto_init();
    if (st == VPRIV_OK)
        vpi_jose_key_id(public_key, key_id_out);
    return st;
}

vpriv_status vpriv_receipt_jwk(vpriv_vault *vault, char *jwk_out)
{
    char key_id[VPRIV_KEY_ID_BYTES], x[VPRIV_KEY_ID_BYTES];
    if (!vault || !jwk_out)
        return vpi_fail(VPRIV_E_ARG, "a vault and room for the key are needed");
    vpi_jose_key_id(vault->device_public_key, key_id);
    sodium_bin2base64(
        x, sizeof x, vault->device_public_key, sizeof vault->device_public_key, VARIANT);
    snprintf(jwk_out, VPRIV_JWK_BYTES,
        "{\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"kid\":\"%s\",\"kty\":\"OKP\",\"use\":\"sig\","
        "\"x\":\"%s\"}",
        key_id, x);
    return VPRIV_OK;
}

/* A member that, where it is there, must be this text. */
static bool is_text(const json_t *jwk, const char *member, const char *text, bool required)
{
    const json_t *value = json_object_get(jwk, member);
    return value ? json_is_string(value) && json_string_length(value) == strlen(text) &&
                       strcmp(json_string_value(value), text) == 0
                 : !required;
}

static vpriv_status read_key(const json_t *jwk, uint8_t *public_key_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    char key_id[VPRIV_KEY_ID_BYTES];
    size_t n_key = 0;
    VPI_ENSURE(json_is_object(jwk), VPRIV_E_FORMAT, "not a JWK: no JSON object");
    VPI_ENSURE(is_text(jwk, "kty", "OKP", true) && is_text(jwk, "crv", "Ed25519", true) &&
                   is_text(jwk, "alg", "EdDSA", false) && is_text(jwk, "use", "sig", false),
        VPRIV_E_UNSUPPORTED, "not a public Ed25519 key for signatures");
    VPI_ENSURE(!json_object_get(jwk, "d"), VPRIV_E_UNSUPPORTED,
        "this is a private key, which nobody but its device should have");
    const json_t *x = json_object_get(jwk, "x");
    VPI_ENSURE(
        json_is_string(x) &&
            vpi_jose_decode(json_string_value(x), json_string_length(x), key, sizeof key, &n_key) &&
            n_key == sizeof key,
        VPRIV_E_FORMAT, "the JWK's x is not 32 bytes in base64url");
    vpi_jose_key_id(key, key_id);
    VPI_ENSURE(is_text(jwk, "kid", key_id, false), VPRIV_E_FORMAT,
        "the JWK's kid is not the thumbprint of its key");
    memcpy(public_key_out, key, sizeof key);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_receipt_jwk_parse(const char *jwk, size_t jwk_bytes, uint8_t *public_key_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    json_t *document = NULL;
    VPI_ENSURE(jwk && public_key_out, VPRIV_E_ARG, "a JWK and room for the key are needed");
    VPI_ENSURE(jwk_bytes <= VPRIV_JWK_READ_BYTES_MAX, VPRIV_E_LIMIT,
        "the JWK is longer than %d bytes", VPRIV_JWK_READ_BYTES_MAX);
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_json_read(jwk, jwk_bytes, &document));
    VPI_TRY(read_key(document, public_key_out));
    st = VPRIV_OK;
out:
    json_decref(document);
    return st;
}
