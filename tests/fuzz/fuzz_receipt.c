/* Receipts: as they come, and with the bytes as the document that was signed. */
#include "fuzz/fuzz.h"
#include "share/jose.h"
#include <sodium.h>

static uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];

static void setup(void)
{
    const uint8_t seed[crypto_sign_SEEDBYTES] = "the device of these tries      ";
    char key_id[VPRIV_KEY_ID_BYTES], *document = NULL, *text = NULL;
    size_t n_text = 0;
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    vpi_jose_key_id(public_key, key_id);
    const int n = asprintf(&document,
        "{\"@type\":[\"vp:AccessReceipt\"],\"dct:conformsTo\":{\"@id\":\"vp:receipt-1\"},"
        "\"vp:device\":{\"@id\":\"urn:ietf:params:oauth:jwk-thumbprint:sha-256:%s\"},"
        "\"dct:issued\":\"2026-11-22T08:30:16.000000Z\",\"dpv:hasDataSubject\":[{\"dct:"
        "identifier\":"
        "\"000102030405060708090a0b0c0d0e0f\"}],\"vp:logEntry\":[{\"vp:logIndex\":3,\"vp:"
        "leafHash\":"
        "\"%064d\"}]}",
        key_id, 7);
    fuzz_check(n > 0);
    fuzz_seed_text(document);
    fuzz_must(vpi_jose_sign(document, (size_t)n, public_key, secret_key, &text, &n_text));
    fuzz_seed(text, n_text);
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    fuzz_must(vpriv_receipt_verify(text, n_text, public_key, NULL, NULL, &claims));
    free(document);
    free(text);
}

static vpriv_status same(void *user, const void *bytes, size_t n_bytes)
{
    const vpi_reader *signed_ = user;
    fuzz_check_same(signed_->at, vpi_reader_left(signed_), bytes, n_bytes);
    return VPRIV_OK;
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    char *text = NULL;
    size_t n_text = 0;
    if (n_bytes && vpriv_receipt_verify(
                       (const char *)data, n_bytes, public_key, NULL, NULL, &claims) == VPRIV_OK) {
        char *payload = NULL, *again = NULL;
        size_t n_payload = 0, n_again = 0;
        fuzz_must(vpi_jose_open((const char *)data, n_bytes, public_key, &payload, &n_payload));
        fuzz_must(vpi_jose_sign(payload, n_payload, public_key, secret_key, &again, &n_again));
        fuzz_check_same(data, n_bytes, again, n_again);
        free(payload);
        free(again);
    }
    fuzz_must(vpi_jose_sign(data, n_bytes, public_key, secret_key, &text, &n_text));
    vpi_reader signed_ = vpi_reader_of(data, n_bytes);
    const vpriv_status st = vpriv_receipt_verify(text, n_text, public_key, same, &signed_, &claims);
    fuzz_check(st != VPRIV_E_AUTH);
    if (st == VPRIV_OK)
        fuzz_check(claims.kind != VPRIV_RECEIPT_UNKNOWN && claims.n_entries >= 1 &&
                   claims.n_entries <= VPRIV_RECEIPT_ENTRIES_MAX);
    free(text);
}

const fuzz_target fuzz_receipt = {"receipt", setup, one, 4096, 0};
