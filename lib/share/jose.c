#include "share/jose.h"
#include "base/memory.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define VARIANT          sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HEADER_BYTES     160
#define HEADER_B64_BYTES 256
#define SIGNATURE_BYTES  64
#define SIGNATURE_B64    86
#define KEY_B64_BYTES    44

void vpi_jose_key_id(const uint8_t *public_key, char key_id_out[VPRIV_KEY_ID_BYTES])
{
    char x[KEY_B64_BYTES], members[128];
    uint8_t hash[32];
    sodium_bin2base64(x, sizeof x, public_key, VPRIV_LOG_PUBLIC_KEY_BYTES, VARIANT);
    snprintf(members, sizeof members, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    crypto_hash_sha256(hash, (const uint8_t *)members, strlen(members));
    sodium_bin2base64(key_id_out, VPRIV_KEY_ID_BYTES, hash, sizeof hash, VARIANT);
}

bool vpi_jose_decode(
    const char *text, size_t n_text, void *bytes_out, size_t capacity, size_t *n_out)
{
    const char *end = NULL;
    /* libsodium takes some bytes above 127 for letters. */
    for (size_t i = 0; i < n_text; i++) {
        const char c = text[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_'))
            return false;
    }
    return sodium_base642bin(bytes_out, capacity, text, n_text, NULL, n_out, &end, VARIANT) == 0 &&
           end == text + n_text;
}

/* The one header there is for a key, in base64url. */
static size_t header_for(const uint8_t *public_key, char header_out[HEADER_B64_BYTES])
{
    char key_id[VPRIV_KEY_ID_BYTES], header[HEADER_BYTES];
    vpi_jose_key_id(public_key, key_id);
    snprintf(header, sizeof header,
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        key_id);
    sodium_bin2base64(
        header_out, HEADER_B64_BYTES, (const uint8_t *)header, strlen(header), VARIANT);
    return strlen(header_out);
}

vpriv_status vpi_jose_sign(const void *payload, size_t n_bytes, const uint8_t *public_key,
    const uint8_t secret_key[64], char **text_out, size_t *n_text_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char header[HEADER_B64_BYTES], *text = NULL;
    uint8_t signature[SIGNATURE_BYTES];
    const size_t n_header = header_for(public_key, header);
    const size_t n_body = (n_bytes * 4 + 2) / 3;
    const size_t n_text = n_header + 1 + n_body + 1 + SIGNATURE_B64;
    VPI_ENSURE(n_bytes < VPRIV_RECEIPT_BYTES_MAX && n_text <= VPRIV_RECEIPT_BYTES_MAX,
        VPRIV_E_LIMIT, "the receipt would be longer than %d bytes", VPRIV_RECEIPT_BYTES_MAX);
    VPI_TRY(vpi_alloc(n_text + 1, 1, (void **)&text));
    memcpy(text, header, n_header);
    text[n_header] = '.';
    sodium_bin2base64(text + n_header + 1, n_body + 1, payload, n_bytes, VARIANT);
    VPI_ENSURE(crypto_sign_detached(
                   signature, NULL, (const uint8_t *)text, n_header + 1 + n_body, secret_key) == 0,
        VPRIV_E_INTERNAL, "the receipt could not be signed");
    text[n_header + 1 + n_body] = '.';
    sodium_bin2base64(
        text + n_header + n_body + 2, SIGNATURE_B64 + 1, signature, sizeof signature, VARIANT);
    *text_out = text;
    *n_text_out = n_text;
    text = NULL;
    st = VPRIV_OK;
out:
    free(text);
    return st;
}

/* A header that is whole but not ours: say so in words, since "none" and keys that come along are tried. */
static vpriv_status other_header(const char *text, size_t n_text)
{
    uint8_t header[512];
    size_t n_header = 0;
    static const char start[] = "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"";
    if (vpi_jose_decode(text, n_text, header, sizeof header, &n_header) &&
        n_header > sizeof start && memcmp(header, start, sizeof start - 1) == 0)
        return vpi_fail(VPRIV_E_AUTH, "the receipt was not signed by this key");
    return vpi_fail(VPRIV_E_FORMAT, "the header is not that of a receipt signed with EdDSA");
}

vpriv_status vpi_jose_open(const char *text, size_t n_text, const uint8_t *public_key,
    char **payload_out, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char header[HEADER_B64_BYTES], *payload = NULL;
    uint8_t signature[SIGNATURE_BYTES];
    size_t n_signature = 0, n_payload = 0;
    const size_t n_header = header_for(public_key, header);
    const char *dot1 = memchr(text, '.', n_text);
    const char *body = dot1 ? dot1 + 1 : NULL;
    const char *dot2 = body ? memchr(body, '.', n_text - (size_t)(body - text)) : NULL;
    VPI_ENSURE(dot2, VPRIV_E_FORMAT, "not a compact JWS: three parts with dots between");
    const size_t n_body = (size_t)(dot2 - body), n_last = n_text - (size_t)(dot2 + 1 - text);
    if ((size_t)(dot1 - text) != n_header || memcmp(text, header, n_header) != 0) {
        st = other_header(text, (size_t)(dot1 - text));
        goto out;
    }
    VPI_ENSURE(n_last == SIGNATURE_B64 &&
                   vpi_jose_decode(dot2 + 1, n_last, signature, sizeof signature, &n_signature) &&
                   n_signature == sizeof signature,
        VPRIV_E_FORMAT, "the signature is not 64 bytes in base64url");
    VPI_TRY(vpi_alloc(n_body + 1, 1, (void **)&payload));
    VPI_ENSURE(vpi_jose_decode(body, n_body, payload, n_body, &n_payload), VPRIV_E_FORMAT,
        "the document is not in base64url");
    VPI_ENSURE(crypto_sign_verify_detached(
                   signature, (const uint8_t *)text, (size_t)(dot2 - text), public_key) == 0,
        VPRIV_E_AUTH, "the signature does not hold");
    payload[n_payload] = '\0';
    *payload_out = payload;
    *n_bytes_out = n_payload;
    payload = NULL;
    st = VPRIV_OK;
out:
    free(payload);
    return st;
}
