/* What is refused about the log: sizes that cannot be, names and keys that are none, notes without room. */
#include "log/leaf.h"
#include "log/merkle.h"
#include "log/note.h"
#include "refused.h"
#include <sodium.h>
#include <stdio.h>

#define ORIGIN "example.com/vault/7"

static uint8_t public_key[32], secret_key[64], root[32], proof[64 * 32];

static vpriv_status never(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    (void)user;
    (void)level;
    (void)index;
    (void)hash_out;
    ck_abort();
    return VPRIV_E_INTERNAL;
}

START_TEST(proofs)
{
    const vpi_merkle_store store = {.get = never};
    const uint64_t huge = VPI_MERKLE_SIZE_MAX + 1;
    uint8_t empty[32], other[32] = {1};
    size_t n = 7;
    ck_refused(vpi_merkle_inclusion(&store, 0, huge, proof, &n), VPRIV_E_ARG, "no leaf 0");
    ck_refused(vpi_merkle_inclusion(&store, 5, 5, proof, &n), VPRIV_E_ARG, "no leaf 5 among 5");
    ck_refused(vpi_merkle_consistency(&store, 0, huge, proof, &n), VPRIV_E_ARG, "no step");
    ck_refused(vpi_merkle_consistency(&store, 6, 5, proof, &n), VPRIV_E_ARG, "no step from 6");
    ck_assert_uint_eq(n, 7);
    /* From nothing, or from the same, there is nothing to show. */
    ck_ok(vpi_merkle_consistency(&store, 0, 5, proof, &n));
    ck_assert_uint_eq(n, 0);
    ck_ok(vpi_merkle_consistency(&store, 5, 5, proof, &n));
    ck_assert_uint_eq(n, 0);
    crypto_hash_sha256(empty, NULL, 0);
    ck_ok(vpriv_log_verify_consistency(0, empty, 0, empty, NULL, 0));
    ck_fails(vpriv_log_verify_consistency(0, other, 0, other, NULL, 0), VPRIV_E_AUTH);
    ck_fails(vpriv_log_verify_consistency(0, other, 0, empty, NULL, 0), VPRIV_E_AUTH);
    ck_fails(vpriv_log_verify_consistency(0, empty, 0, empty, proof, 1), VPRIV_E_AUTH);
    ck_fails(vpriv_log_verify_consistency(1, other, 1, other, proof, 1), VPRIV_E_AUTH);
}
END_TEST

START_TEST(keys_in_words)
{
    char good[VPRIV_LOG_VERIFIER_KEY_BYTES], text[512], origin[VPRIV_LOG_ORIGIN_BYTES] = "";
    uint8_t key[32] = {0};
#define PARSE(text) vpriv_log_verifier_key_parse(text, origin, key)
    ck_ok(vpriv_log_verifier_key(ORIGIN, public_key, good));
    memset(text, 'x', sizeof text);
    snprintf(text + VPRIV_LOG_ORIGIN_BYTES, sizeof text - VPRIV_LOG_ORIGIN_BYTES, "%s", good);
    ck_refused(PARSE(text), VPRIV_E_FORMAT, "name+hash");
    ck_refused(PARSE("no plus"), VPRIV_E_FORMAT, "name+hash");
    ck_refused(PARSE("one+plus"), VPRIV_E_FORMAT, "name+hash");
    ck_refused(PARSE("name+1234567+AAAA"), VPRIV_E_FORMAT, "name+hash");
    ck_refused(PARSE("two words+12345678+AAAA"), VPRIV_E_FORMAT, "name+hash");
    ck_refused(PARSE("name+12345678+AAA"), VPRIV_E_FORMAT, "malformed key");
    ck_refused(PARSE("name+12345678+A?AA"), VPRIV_E_FORMAT, "malformed key");
    ck_refused(PARSE("name+12345678+AgAA"), VPRIV_E_UNSUPPORTED, "Ed25519");
    ck_refused(PARSE("name+12345678+AQAA"), VPRIV_E_FORMAT, "malformed key");
    ck_refused(PARSE("name+12345678+AQAA????"), VPRIV_E_FORMAT, "malformed key");
    snprintf(text, sizeof text, "%s", good);
    text[strlen(ORIGIN) + 1] ^= 1;
    ck_refused(PARSE(text), VPRIV_E_FORMAT, "hash is wrong");
    ck_refused(vpriv_log_verifier_key(ORIGIN, NULL, text), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_log_verifier_key(ORIGIN, public_key, NULL), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_log_verifier_key("a b", public_key, text), VPRIV_E_ARG, "not possible");
    ck_refused(vpriv_log_verifier_key_parse(NULL, origin, key), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_log_verifier_key_parse(good, NULL, key), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_log_verifier_key_parse(good, origin, NULL), VPRIV_E_ARG, "is NULL");
    ck_assert_str_eq(origin, "");
}
END_TEST

START_TEST(notes_and_checkpoints)
{
    static char large[VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX + 2], note[sizeof large + 512];
    vpriv_log_checkpoint checkpoint = {""};
    size_t n = 7;
    memset(large, 'x', sizeof large - 2);
    large[sizeof large - 2] = '\n';
    ck_refused(vpi_note_sign("text\n", 5, "a b", secret_key, note, sizeof note, &n), VPRIV_E_ARG,
        "name is not possible");
    ck_refused(vpi_note_sign("text", 4, ORIGIN, secret_key, note, sizeof note, &n), VPRIV_E_ARG,
        "cannot be signed");
    ck_refused(vpi_note_sign("text\n", 5, ORIGIN, secret_key, note, 20, &n), VPRIV_E_LIMIT,
        "there are 20");
    ck_refused(vpi_note_sign(large, strlen(large), ORIGIN, secret_key, note, sizeof note, &n),
        VPRIV_E_LIMIT, "needs");
    ck_refused(vpi_checkpoint_sign("a+b", 1, root, secret_key, &checkpoint), VPRIV_E_ARG, "name");
    ck_refused(vpi_checkpoint_sign(ORIGIN, VPI_MERKLE_SIZE_MAX + 1, root, secret_key, &checkpoint),
        VPRIV_E_ARG, "size is not possible");
    ck_assert_str_eq(checkpoint.text, "");
    ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(actors_and_reasons)
{
    char text[VPRIV_LOG_REASON_BYTES + 1];
    memset(text, 'x', sizeof text);
    text[VPRIV_LOG_ACTOR_BYTES] = '\0';
    ck_refused(vpi_actor_check(NULL), VPRIV_E_ARG, "the actor is 1 to");
    ck_refused(vpi_actor_check(""), VPRIV_E_ARG, "the actor is 1 to");
    ck_refused(vpi_actor_check(text), VPRIV_E_ARG, "the actor is 1 to");
    ck_refused(vpi_actor_check("two\nlines"), VPRIV_E_ARG, "plain text");
    text[VPRIV_LOG_ACTOR_BYTES - 1] = '\0';
    ck_ok(vpi_actor_check(text));
    memset(text, 'x', sizeof text);
    text[VPRIV_LOG_REASON_BYTES] = '\0';
    ck_refused(vpi_reason_check(text), VPRIV_E_ARG, "the reason is longer");
    ck_refused(vpi_reason_check("\xff"), VPRIV_E_ARG, "plain text");
    text[VPRIV_LOG_REASON_BYTES - 1] = '\0';
    ck_ok(vpi_reason_check(text));
    ck_ok(vpi_reason_check(NULL));
}
END_TEST

int main(void)
{
    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) != 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("log: refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_test(tcase, proofs);
    tcase_add_test(tcase, keys_in_words);
    tcase_add_test(tcase, notes_and_checkpoints);
    tcase_add_test(tcase, actors_and_reasons);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
