/* The envelope of receipts against those who try to talk a verifier into something: other algorithms, keys
 * that come along, encodings with more than one form, documents that are no receipts, and noise. */
#include "share/document.h"
#include "share/jose.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static uint8_t public_key[32], secret_key[64];
static char key_id[VPRIV_KEY_ID_BYTES], good_header[256], good_payload[1024];

static void set_up(void)
{
    static const uint8_t seed[32] = {7};
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    ck_ok(vpriv_receipt_key_id(public_key, key_id));
    snprintf(good_header, sizeof good_header,
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\","
        "\"typ\":\"vnd.voicepriv.receipt+jws\"}",
        key_id);
    snprintf(good_payload, sizeof good_payload,
        "{\"@type\":[\"vp:PauseReceipt\"],\"dct:conformsTo\":{\"@id\":\"vp:receipt-1\"},"
        "\"dct:issued\":\"2026-11-22T08:30:16.000000Z\","
        "\"vp:device\":{\"@id\":\"" VPI_DEVICE "%s\"},"
        "\"vp:logEntry\":[{\"vp:logIndex\":7,\"vp:leafHash\":\"%064d\"}]}",
        key_id, 7);
}

typedef struct jws {
    char text[8192];
    size_t n;
} jws;

static size_t encode(char *out, size_t capacity, const void *bytes, size_t n)
{
    sodium_bin2base64(out, capacity, bytes, n, VARIANT);
    return strlen(out);
}

/* Any header, any payload, a true signature over them. */
static jws forge(const char *header, const char *payload)
{
    jws made = {.n = 0};
    uint8_t signature[64];
    made.n += encode(made.text, sizeof made.text, header, strlen(header));
    made.text[made.n++] = '.';
    made.n += encode(made.text + made.n, sizeof made.text - made.n, payload, strlen(payload));
    crypto_sign_detached(signature, NULL, (const uint8_t *)made.text, made.n, secret_key);
    made.text[made.n++] = '.';
    made.n += encode(made.text + made.n, sizeof made.text - made.n, signature, sizeof signature);
    return made;
}

static vpriv_status check(const jws *made)
{
    return vpriv_receipt_verify(made->text, made->n, public_key, NULL, NULL, NULL);
}

START_TEST(the_right_header_and_a_receipt_hold)
{
    const jws made = forge(good_header, good_payload);
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    ck_ok(vpriv_receipt_verify(made.text, made.n, public_key, NULL, NULL, &claims));
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_PAUSE);
    ck_assert_uint_eq(claims.log_index, 7);
    ck_assert_int_eq(claims.time_us, INT64_C(1795336216000000));
}
END_TEST

/* All of them truly signed by the right key. */
START_TEST(no_other_header_is_followed)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
        "{\"alg\":\"Ed25519\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        "{\"alg\":\"eddsa\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        "{\"alg\":\"EdDSA\"}", "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
        "{ "
        "\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        "{\"kid\":\"%s\",\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        "{\"alg\":\"EdDSA\",\"alg\":\"none\",\"cty\":\"ld+json\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
        "{\"alg\":\"EdDSA\",\"b64\":false,\"crit\":[\"b64\"],\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"crit\":[\"exp\"],\"cty\":\"ld+json\",\"exp\":1,\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"jwk\":{\"kty\":\"OKP\"}}",
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"%s\",\"jku\":\"https://example.org\"}",
        "{\"alg\":\"EdDSA\",\"cty\":\"ld+json\",\"kid\":\"x\",\"typ\":\"vnd.voicepriv.receipt+"
        "jws\"}",
        "", "[]", "null"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char header[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(header, sizeof header, headers[i], key_id);
#pragma GCC diagnostic pop
        const jws made = forge(header, good_payload);
        const vpriv_status st = check(&made);
        ck_assert_msg(st == VPRIV_E_FORMAT || st == VPRIV_E_AUTH, "%s: %d", header, (int)st);
    }
}
END_TEST

START_TEST(a_text_without_a_signature_or_with_a_mac_is_none)
{
    jws made = forge("{\"alg\":\"none\"}", good_payload);
    made.n = (size_t)(strrchr(made.text, '.') + 1 - made.text);
    ck_fails(check(&made), VPRIV_E_FORMAT);
    made = forge(good_header, good_payload);
    made.n = (size_t)(strrchr(made.text, '.') + 1 - made.text);
    ck_fails(check(&made), VPRIV_E_FORMAT);
    /* The public key as the secret of a MAC. */
    char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    uint8_t mac[32];
    made = forge(header, good_payload);
    made.n = (size_t)(strrchr(made.text, '.') - made.text);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, public_key, sizeof public_key);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)made.text, made.n);
    crypto_auth_hmacsha256_final(&state, mac);
    made.text[made.n++] = '.';
    made.n += encode(made.text + made.n, sizeof made.text - made.n, mac, sizeof mac);
    ck_fails(check(&made), VPRIV_E_FORMAT);
}
END_TEST

/* The last character of 64 bytes holds four bits that say nothing: an encoder leaves them zero. */
START_TEST(a_signature_has_one_spelling)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    jws made = forge(good_header, good_payload);
    const char last = made.text[made.n - 1];
    size_t n_good = 0;
    for (size_t i = 0; i < 64; i++) {
        made.text[made.n - 1] = alphabet[i];
        n_good += check(&made) == VPRIV_OK;
    }
    ck_assert_uint_eq(n_good, 1);
    made.text[made.n - 1] = last;
    static const char *const tails[] = {"=", "==", " ", "\n", ".", ".AA"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        jws longer = made;
        memcpy(longer.text + longer.n, tails[i], strlen(tails[i]));
        longer.n += strlen(tails[i]);
        ck_fails(check(&longer), VPRIV_E_FORMAT);
    }
    ck_ok(check(&made));
}
END_TEST

/* S + L verifies in careless libraries. */
START_TEST(a_signature_is_not_malleable)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
        0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
    jws made = forge(good_header, good_payload);
    char *last = strrchr(made.text, '.') + 1;
    uint8_t signature[64];
    size_t n = 0;
    unsigned carry = 0;
    ck_assert_int_eq(
        sodium_base642bin(signature, sizeof signature, last, 86, NULL, &n, NULL, VARIANT), 0);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    sodium_bin2base64(last, 87, signature, sizeof signature, VARIANT);
    ck_fails(check(&made), VPRIV_E_AUTH);
}
END_TEST

/* With such a key, R the neutral element and S zero hold for any text in careless libraries. */
START_TEST(a_key_of_small_order_signs_nothing)
{
    static const uint8_t weak[][32] = {{0}, {1},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0x7f}};
    static const uint8_t signature[64] = {1};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        char id[VPRIV_KEY_ID_BYTES], header[256];
        ck_ok(vpriv_receipt_key_id(weak[i], id));
        snprintf(header, sizeof header, "%s", good_header);
        memcpy(strstr(header, key_id), id, strlen(id));
        jws made = forge(header, good_payload);
        sodium_bin2base64(strrchr(made.text, '.') + 1, 87, signature, sizeof signature, VARIANT);
        ck_fails(vpriv_receipt_verify(made.text, made.n, weak[i], NULL, NULL, NULL), VPRIV_E_AUTH);
    }
}
END_TEST

START_TEST(what_is_signed_must_be_a_receipt)
{
    const struct {
        const char *from;
        const char *to;
        vpriv_status status;
    } changes[] = {{"vp:receipt-1", "vp:receipt-2", VPRIV_E_VERSION},
        {"vp:receipt-1", "vp:other-1", VPRIV_E_FORMAT},
        {"vp:PauseReceipt", "vp:NoReceipt", VPRIV_E_FORMAT},
        {"[\"vp:PauseReceipt\"]", "\"vp:PauseReceipt\"", VPRIV_E_FORMAT},
        {"sha-256:", "sha-256:A", VPRIV_E_FORMAT}, {"08:30:16", "08:30:61", VPRIV_E_FORMAT},
        {"2026-11-22", "2026-02-30", VPRIV_E_FORMAT}, {"2026", "2500", VPRIV_E_FORMAT},
        {"2026", "1969", VPRIV_E_FORMAT}, {".000000Z", "Z", VPRIV_E_FORMAT},
        {":7,", ":-7,", VPRIV_E_FORMAT}, {":7,", ":\"7\",", VPRIV_E_FORMAT},
        {":7,", ":7.0,", VPRIV_E_FORMAT}, {":7,", ":99999999999999999999,", VPRIV_E_FORMAT},
        {"0000000", "000000", VPRIV_E_FORMAT}, {"0000000", "000000g", VPRIV_E_FORMAT},
        {":[{", ":[", VPRIV_E_FORMAT}, {"}]}", "}]", VPRIV_E_FORMAT},
        {"\"@type\"", "\"dct:issued\":1,\"@type\"", VPRIV_E_FORMAT},
        {"{\"@type\"", "{\"dpv:hasDataSubject\":[],\"@type\"", VPRIV_E_FORMAT},
        {"{\"@type\"", "{\"dpv:hasDataSubject\":[{\"dct:identifier\":\"12\"}],\"@type\"",
            VPRIV_E_FORMAT},
        {"}]}", "}]}x", VPRIV_E_FORMAT}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char payload[2048];
        const char *found = strstr(good_payload, changes[i].from);
        ck_assert_ptr_nonnull(found);
        snprintf(payload, sizeof payload, "%.*s%s%s", (int)(found - good_payload), good_payload,
            changes[i].to, found + strlen(changes[i].from));
        const jws made = forge(good_header, payload);
        ck_assert_msg(check(&made) == changes[i].status, "%s: %s", payload, vpriv_error_detail());
    }
    static const char *const others[] = {
        "", "null", "[]", "7", "{}", "voicepriv/x\n1\nAAAA\n", "{\"@type\":", "\xff\xfe"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const jws made = forge(good_header, others[i]);
        ck_fails(check(&made), VPRIV_E_FORMAT);
    }
}
END_TEST

START_TEST(deep_and_long_documents_are_survived)
{
    const size_t n = 100000;
    char *deep = malloc(n + 1), *text = NULL;
    size_t n_text = 0;
    memset(deep, '[', n);
    deep[n] = '\0';
    ck_ok(vpi_jose_sign(deep, n, public_key, secret_key, &text, &n_text));
    ck_fails(vpriv_receipt_verify(text, n_text, public_key, NULL, NULL, NULL), VPRIV_E_FORMAT);
    free(text);
    free(deep);
    char *large = calloc(VPRIV_RECEIPT_BYTES_MAX + 1, 1);
    memset(large, 'A', VPRIV_RECEIPT_BYTES_MAX + 1);
    ck_fails(vpriv_receipt_verify(large, VPRIV_RECEIPT_BYTES_MAX + 1, public_key, NULL, NULL, NULL),
        VPRIV_E_LIMIT);
    ck_fails(vpriv_receipt_verify(large, VPRIV_RECEIPT_BYTES_MAX, public_key, NULL, NULL, NULL),
        VPRIV_E_FORMAT);
    ck_fails(vpi_jose_sign(large, VPRIV_RECEIPT_BYTES_MAX, public_key, secret_key, &text, &n_text),
        VPRIV_E_LIMIT);
    free(large);
}
END_TEST

/* Reproducible noise: wholly random, random base64 between dots, and a good one with a piece replaced. */
START_TEST(noise_is_survived_and_refused)
{
    static const uint8_t seed[randombytes_SEEDBYTES] = {42};
    uint8_t noise[40000];
    const jws good = forge(good_header, good_payload);
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    randombytes_buf_deterministic(noise, sizeof noise, seed);
    for (size_t i = 0; i < 20000; i++) {
        const size_t from = (noise[i] * 131u + i) % 30000, n = noise[i + 1] * 3u;
        char text[1024];
        memcpy(text, noise + from, n);
        ck_assert_int_ne(vpriv_receipt_verify(text, n, public_key, NULL, NULL, &claims), VPRIV_OK);
        uint8_t key[32];
        ck_assert_int_ne(vpriv_receipt_jwk_parse(text, n, key), VPRIV_OK);
        jws bent = good;
        const size_t at = (noise[i] * 257u + noise[i + 2]) % bent.n;
        const size_t n_bent = 1 + noise[i + 3] % 16u;
        memcpy(bent.text + at, noise + from, n_bent);
        if (at + n_bent > bent.n)
            bent.n = at + n_bent;
        if (bent.n == good.n && memcmp(bent.text, good.text, good.n) == 0)
            continue;
        ck_assert_int_ne(check(&bent), VPRIV_OK);
    }
}
END_TEST

START_TEST(a_key_is_read_strictly)
{
    char jwk[512], x[64];
    uint8_t key[32];
    sodium_bin2base64(x, sizeof x, public_key, sizeof public_key, VARIANT);
    const struct {
        const char *format;
        vpriv_status status;
    } keys[] = {{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", VPRIV_OK},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"other\":1}", VPRIV_OK},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"%s\"}", VPRIV_E_UNSUPPORTED},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", VPRIV_E_UNSUPPORTED},
        {"{\"crv\":\"Ed25519\",\"x\":\"%s\"}", VPRIV_E_UNSUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"d\":\"AAAA\"}", VPRIV_E_UNSUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"use\":\"enc\"}", VPRIV_E_UNSUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"alg\":\"none\"}",
            VPRIV_E_UNSUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"kid\":\"me\"}", VPRIV_E_FORMAT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s=\"}", VPRIV_E_FORMAT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"A%s\"}", VPRIV_E_FORMAT},
        {"{\"kty\":\"OKP\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", VPRIV_E_FORMAT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"y\":\"%s\"}", VPRIV_E_FORMAT},
        {"[\"%s\"]", VPRIV_E_FORMAT}, {"%s", VPRIV_E_FORMAT}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(jwk, sizeof jwk, keys[i].format, x);
#pragma GCC diagnostic pop
        ck_fails(vpriv_receipt_jwk_parse(jwk, strlen(jwk), key), keys[i].status);
        if (keys[i].status == VPRIV_OK)
            ck_assert_mem_eq(key, public_key, sizeof key);
    }
    ck_fails(vpriv_receipt_jwk_parse(jwk, 0, key), VPRIV_E_FORMAT);
    ck_fails(vpriv_receipt_jwk_parse(jwk, VPRIV_JWK_READ_BYTES_MAX + 1, key), VPRIV_E_LIMIT);
    ck_fails(vpriv_receipt_jwk_parse(NULL, 1, key), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_jwk_parse(jwk, 1, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_key_id(NULL, jwk), VPRIV_E_ARG);
}
END_TEST

/* RFC 8037, appendix A.3: the thumbprint of its example key. */
START_TEST(a_thumbprint_is_that_of_the_rfc)
{
    static const char x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    uint8_t key[32];
    char id[VPRIV_KEY_ID_BYTES];
    size_t n = 0;
    ck_assert_int_eq(sodium_base642bin(key, 32, x, strlen(x), NULL, &n, NULL, VARIANT), 0);
    ck_ok(vpriv_receipt_key_id(key, id));
    ck_assert_str_eq(id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}
END_TEST

START_TEST(kinds_have_names)
{
    ck_assert_str_eq(vpriv_receipt_kind_name(VPRIV_RECEIPT_CONSENT), "consent");
    ck_assert_str_eq(vpriv_receipt_kind_name(VPRIV_RECEIPT_PAUSE), "pause");
    ck_assert_str_eq(vpriv_receipt_kind_name(VPRIV_RECEIPT_UNKNOWN), "unknown receipt");
    ck_assert_str_eq(vpriv_receipt_kind_name(VPRIV_RECEIPT_RECALL), "recall");
    ck_assert_str_eq(
        vpriv_receipt_kind_name((vpriv_receipt_kind)(VPRIV_RECEIPT_RECALL + 1)), "unknown receipt");
}
END_TEST

START_TEST(arguments_are_checked)
{
    const jws made = forge(good_header, good_payload);
    vpriv_receipt_claims claims = {.struct_size = 1};
    ck_fails(vpriv_receipt_verify(NULL, 1, public_key, NULL, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_verify(made.text, made.n, NULL, NULL, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_verify(made.text, made.n, public_key, NULL, NULL, &claims), VPRIV_E_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share: jose");
    TCase *tests = tcase_create("jose");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, the_right_header_and_a_receipt_hold);
    tcase_add_test(tests, no_other_header_is_followed);
    tcase_add_test(tests, a_text_without_a_signature_or_with_a_mac_is_none);
    tcase_add_test(tests, a_signature_has_one_spelling);
    tcase_add_test(tests, a_signature_is_not_malleable);
    tcase_add_test(tests, a_key_of_small_order_signs_nothing);
    tcase_add_test(tests, what_is_signed_must_be_a_receipt);
    tcase_add_test(tests, deep_and_long_documents_are_survived);
    tcase_add_test(tests, noise_is_survived_and_refused);
    tcase_add_test(tests, a_key_is_read_strictly);
    tcase_add_test(tests, a_thumbprint_is_that_of_the_rfc);
    tcase_add_test(tests, kinds_have_names);
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
