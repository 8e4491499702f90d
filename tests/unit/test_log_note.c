/* Signed notes and checkpoints. The two notes below were written by another implementation, the one
 * the format comes from: Go's golang.org/x/mod v0.42.0, sumdb/note, with note.Sign(), from
 * the seeds SHA-256("voicepriv fixture key 1") (the log) and "... key 2" (the witness). */
#include "log/note.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>

#define ORIGIN "example.com/vault/7"
#define DASH   "\xe2\x80\x94 "

static const char log_key[] =
    "example.com/vault/7+71346c4a+ARqLTBfEJ0GWvoHMc0PmU5uP6XaHymLiWwm2gGERKeYH";
static const char witness_key[] =
    "witness.example+ff91884a+AZw0hilxI/azPwHvdkP1x3AiNM7jM83r2wkQr1xtuObn";

static const char cosigned[] =
    "example.com/vault/7\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\nextension one\n"
    "\xc3\xa9tendue\n\n"
    "\xe2\x80\x94 witness.example "
    "/5GISksEp6TvdZ3WEJbZqEbxYir4mz/3E0aW8PMcSKJhPQRuLGVQq1kBQSoK0klcVEymJ/BCSzdsKGrKBLzhArwTBQ4=\n"
    "\xe2\x80\x94 example.com/vault/7 "
    "cTRsSpJ0IYpq01sGu4PTaOMX3YlX49rjOftiDZALhi2zGgcP9VhCn5TyrsnDj/eed8oV/"
    "Gcbi2nw46WNwLSgYqqOlwM=\n";

static const char empty_log[] =
    "example.com/vault/7\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
    "\xe2\x80\x94 example.com/vault/7 "
    "cTRsSoH/"
    "AUnubdQAvGRCdSOXGFILNYYQNJPIybIuK5QQTHAIo07EK4hEuZB50K+x1k6BK54LlXfgJkfUTVTYi2H42Aw=\n";

static uint8_t public_key[32], secret_key[64], witness_public[32], witness_secret[64];

static void make_key(const char *phrase, uint8_t *public_out, uint8_t *secret_out)
{
    uint8_t seed[32];
    crypto_hash_sha256(seed, (const unsigned char *)phrase, strlen(phrase));
    ck_assert_int_eq(crypto_sign_seed_keypair(public_out, secret_out, seed), 0);
}

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    make_key("voicepriv fixture key 1", public_key, secret_key);
    make_key("voicepriv fixture key 2", witness_public, witness_secret);
}

static vpriv_status verify(const char *text, size_t n_bytes)
{
    uint64_t size = 0;
    uint8_t root[32];
    return vpriv_log_verify_checkpoint(text, n_bytes, ORIGIN, public_key, &size, root);
}

/* A checkpoint of any body, rightly signed: what is refused then is the body. */
static vpriv_status verify_body(const char *body)
{
    char note[1024];
    size_t n_bytes = 0;
    ck_ok(vpi_note_sign(body, strlen(body), ORIGIN, secret_key, note, sizeof note, &n_bytes));
    return verify(note, n_bytes);
}

START_TEST(note_of_another_implementation_is_read)
{
    uint64_t size = 0;
    uint8_t root[32], wanted[32];
    crypto_hash_sha256(wanted, (const unsigned char *)"root", 4);
    ck_ok(vpriv_log_verify_checkpoint(cosigned, strlen(cosigned), ORIGIN, public_key, &size, root));
    ck_assert_uint_eq(size, 20852163);
    ck_assert_mem_eq(root, wanted, 32);
    crypto_hash_sha256(wanted, NULL, 0);
    ck_ok(
        vpriv_log_verify_checkpoint(empty_log, strlen(empty_log), ORIGIN, public_key, &size, root));
    ck_assert_uint_eq(size, 0);
    ck_assert_mem_eq(root, wanted, 32);
}
END_TEST

START_TEST(note_is_written_as_the_other_implementation_writes_it)
{
    vpriv_log_checkpoint checkpoint;
    uint8_t root[32];
    crypto_hash_sha256(root, NULL, 0);
    ck_ok(vpi_checkpoint_sign(ORIGIN, 0, root, secret_key, &checkpoint));
    ck_assert_str_eq(checkpoint.text, empty_log);
}
END_TEST

START_TEST(note_a_witness_signature_opens_with_its_own_key_only)
{
    size_t text_bytes = 0;
    const size_t n_bytes = strlen(cosigned);
    ck_ok(vpi_note_open(cosigned, n_bytes, "witness.example", witness_public, &text_bytes));
    ck_assert_uint_eq(text_bytes, (size_t)(strstr(cosigned, "\n\n") + 1 - cosigned));
    ck_fails(
        vpi_note_open(cosigned, n_bytes, "witness.example", public_key, &text_bytes), VPRIV_E_AUTH);
    ck_fails(vpi_note_open(cosigned, n_bytes, ORIGIN, witness_public, &text_bytes), VPRIV_E_AUTH);
    ck_fails(
        vpi_note_open(cosigned, n_bytes, "other.example", public_key, &text_bytes), VPRIV_E_AUTH);
}
END_TEST

START_TEST(checkpoint_round_trip)
{
    static const uint64_t sizes[] = {0, 1, 9, 10, 4294967296, INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        vpriv_log_checkpoint checkpoint;
        uint64_t size = 0;
        uint8_t root[32], root_read[32];
        memset(root, (int)i + 250, sizeof root);
        ck_ok(vpi_checkpoint_sign(ORIGIN, sizes[i], root, secret_key, &checkpoint));
        ck_ok(vpriv_log_verify_checkpoint(
            checkpoint.text, strlen(checkpoint.text), ORIGIN, public_key, &size, root_read));
        ck_assert_uint_eq(size, sizes[i]);
        ck_assert_mem_eq(root, root_read, 32);
    }
}
END_TEST

START_TEST(checkpoint_every_flipped_bit_is_refused)
{
    const size_t n_bytes = strlen(empty_log);
    char text[sizeof empty_log];
    memcpy(text, empty_log, sizeof text);
    for (size_t bit = 0; bit < n_bytes * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        uint64_t size = 77;
        uint8_t root[32] = {77};
        const vpriv_status st =
            vpriv_log_verify_checkpoint(text, n_bytes, ORIGIN, public_key, &size, root);
        ck_assert_msg(st == VPRIV_E_AUTH || st == VPRIV_E_FORMAT, "bit %zu: %d", bit, (int)st);
        ck_assert_uint_eq(size, 77);
        ck_assert_uint_eq(root[0], 77);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    ck_ok(verify(text, n_bytes));
}
END_TEST

START_TEST(checkpoint_every_truncation_and_extension_is_refused)
{
    char text[sizeof empty_log + 1];
    const size_t n_bytes = strlen(empty_log);
    for (size_t n = 0; n < n_bytes; n++)
        ck_fails(verify(empty_log, n), VPRIV_E_FORMAT);
    memcpy(text, empty_log, n_bytes);
    for (int c = 0; c < 256; c++) {
        text[n_bytes] = (char)c;
        ck_fails(verify(text, n_bytes + 1), VPRIV_E_FORMAT);
    }
}
END_TEST

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

START_TEST(checkpoint_bodies_that_are_not_one_are_refused_though_signed)
{
    static const char *const bad[] = {
        ORIGIN "\n",
        ORIGIN "\n5\n",
        ORIGIN "\n05\n" ROOT "\n",
        ORIGIN "\n00\n" ROOT "\n",
        ORIGIN "\n+5\n" ROOT "\n",
        ORIGIN "\n-5\n" ROOT "\n",
        ORIGIN "\n 5\n" ROOT "\n",
        ORIGIN "\n5 \n" ROOT "\n",
        ORIGIN "\n0x5\n" ROOT "\n",
        ORIGIN "\n9223372036854775808\n" ROOT "\n",
        ORIGIN "\n18446744073709551621\n" ROOT "\n",
        ORIGIN "\n99999999999999999999999\n" ROOT "\n",
        ORIGIN "\n5\n" ROOT "=\n",
        ORIGIN "\n5\n" ROOT " \n",
        ORIGIN "\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", /* spare bits set */
        ORIGIN "\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n",  /* no padding */
        ORIGIN "\n5\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n", /* URL alphabet */
        ORIGIN "\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS\n",     /* 30 bytes */
        ORIGIN "\n5\n\n" ROOT "\n",
        "\n" ORIGIN "\n5\n" ROOT "\n",
        ORIGIN "\n5\n" ROOT "\nextension\n\nmore\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const vpriv_status st = verify_body(bad[i]);
        ck_assert_msg(st == VPRIV_E_FORMAT, "body %zu gave %d", i, (int)st);
    }
    ck_ok(verify_body(ORIGIN "\n5\n" ROOT "\n"));
    ck_ok(verify_body(ORIGIN "\n9223372036854775807\n" ROOT "\n"));
    ck_ok(verify_body(ORIGIN "\n5\n" ROOT "\nextension\n\xe2\x80\x94 looks like a signature\n"));
}
END_TEST

START_TEST(checkpoint_of_another_log_is_refused_though_signed_by_this_key)
{
    ck_fails(verify_body("example.com/vault/8\n5\n" ROOT "\n"), VPRIV_E_AUTH);
    ck_fails(verify_body("example.com/vault/77\n5\n" ROOT "\n"), VPRIV_E_AUTH);
    ck_fails(verify_body("example.com/vault/\n5\n" ROOT "\n"), VPRIV_E_AUTH);
}
END_TEST

/* empty_log with another line of signatures in front of or behind the good one. */
static vpriv_status verify_with_line(const char *line, bool in_front)
{
    char text[2048];
    const char *signatures = strstr(empty_log, "\n\n") + 2;
    const int body_bytes = (int)(signatures - empty_log);
    const int n = snprintf(text, sizeof text, "%.*s%s%s%s", body_bytes, empty_log,
        in_front ? line : "", signatures, in_front ? "" : line);
    return verify(text, (size_t)n);
}

START_TEST(note_signatures_of_others_are_ignored_if_well_formed)
{
    static const char *const good[] = {
        DASH "witness.example AAAAAAA=\n",
        DASH "witness.example AAAAAAAAAAAA\n",
        DASH ORIGIN " AAAAAAA=\n", /* the name of the key, another key id */
        DASH "w\xc3\xa9moin.example cTRsSgAA\n",
    };
    static const char *const bad[] = {
        "\n", "witness.example AAAAAAA=\n", "- witness.example AAAAAAA=\n", DASH "\n",
        DASH "witness.example\n", DASH "witness.example \n", DASH " AAAAAAA=\n",
        DASH "witness.example AAAA\n",     /* three bytes */
        DASH "witness.example AAAAAA==\n", /* a key id and nothing after it */
        DASH "witness.example AAAAAAA\n", DASH "witness.example AAAAAAB=\n", /* spare bits set */
        DASH "witness.example AAAA*AAA\n", DASH "witness.example AAAAAAA= \n",
        DASH "witness.example  AAAAAAA=\n", DASH "wit+ness.example AAAAAAA=\n",
        DASH "wit\xc2\xa0ness.example AAAAAAA=\n", DASH "wit\xe3\x80\x80ness.example AAAAAAA=\n",
        DASH "witness.example AAAAAAA=\r\n", DASH "witness.example AAAAAAA=", /* no newline */
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_ok(verify_with_line(good[i], true));
        ck_ok(verify_with_line(good[i], false));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const vpriv_status st = verify_with_line(bad[i], false);
        ck_assert_msg(st == VPRIV_E_FORMAT, "line %zu gave %d", i, (int)st);
    }
}
END_TEST

START_TEST(note_a_wrong_signature_of_the_key_spoils_a_right_one)
{
    /* signature of the other fixture: right key, other text */
    const char *line = strstr(cosigned, DASH ORIGIN);
    ck_fails(verify_with_line(line, true), VPRIV_E_AUTH);
    ck_fails(verify_with_line(line, false), VPRIV_E_AUTH);
    ck_fails(verify_with_line(DASH ORIGIN " cTRsSgAA\n", false), VPRIV_E_AUTH); /* too short */
    /* the start of the right one, after the right one has been in the same memory */
    ck_fails(verify_with_line(DASH ORIGIN " cTRsSoH/\n", false), VPRIV_E_AUTH);
    ck_ok(verify_with_line(strstr(empty_log, DASH), false)); /* twice the same */
}
END_TEST

START_TEST(note_takes_many_signatures)
{
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", empty_log);
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, DASH "witness%d.example %s\n", i,
            "/5GISksEp6TvdZ3WEJbZqEbxYir4mz/3E0aW8PMcSKJhPQRuLGVQq1kBQSoK0klcVEymJ/"
            "BCSzdsKGrKBLzhArwTBQ4=");
    ck_ok(verify(text, n));
}
END_TEST

START_TEST(note_without_a_signature_of_the_key_is_refused)
{
    char note[1024];
    size_t n_bytes = 0;
    const char *body = ORIGIN "\n5\n" ROOT "\n";
    ck_ok(vpi_note_sign(
        body, strlen(body), "witness.example", witness_secret, note, sizeof note, &n_bytes));
    ck_fails(verify(note, n_bytes), VPRIV_E_AUTH);
    ck_fails(verify(body, strlen(body)), VPRIV_E_FORMAT);
    /* somebody else's key under the log's name */
    ck_ok(vpi_note_sign(body, strlen(body), ORIGIN, witness_secret, note, sizeof note, &n_bytes));
    ck_fails(verify(note, n_bytes), VPRIV_E_AUTH);
}
END_TEST

START_TEST(note_text_is_split_at_the_last_empty_line)
{
    char note[1024];
    size_t n_bytes = 0, text_bytes = 0;
    const char *text = "one\n\ntwo\n\n\xe2\x80\x94 a line of the text\n\n";
    ck_ok(vpi_note_sign(text, strlen(text), ORIGIN, secret_key, note, sizeof note, &n_bytes));
    ck_assert_uint_eq(n_bytes, strlen(note));
    ck_ok(vpi_note_open(note, n_bytes, ORIGIN, public_key, &text_bytes));
    ck_assert_uint_eq(text_bytes, strlen(text));
}
END_TEST

START_TEST(note_what_cannot_be_signed_is_refused)
{
    static const char *const names[] = {
        "", "a b", "a+b", "a\nb", "a\xe2\x80\x89z", "a\x01", "a\xff"};
    char note[256], longest[VPRIV_LOG_ORIGIN_BYTES + 1];
    size_t n_bytes = 77;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_fails(vpi_note_sign("a\n", 2, names[i], secret_key, note, sizeof note, &n_bytes),
            VPRIV_E_ARG);
    ck_fails(vpi_note_sign("", 0, ORIGIN, secret_key, note, sizeof note, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_note_sign("a", 1, ORIGIN, secret_key, note, sizeof note, &n_bytes), VPRIV_E_ARG);
    ck_fails(
        vpi_note_sign("a\r\n", 3, ORIGIN, secret_key, note, sizeof note, &n_bytes), VPRIV_E_ARG);
    ck_fails(
        vpi_note_sign("\xc3\n", 2, ORIGIN, secret_key, note, sizeof note, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_note_sign("a\n", 2, ORIGIN, secret_key, note, 100, &n_bytes), VPRIV_E_LIMIT);
    ck_assert_uint_eq(n_bytes, 77);
    memset(longest, 'n', sizeof longest);
    longest[VPRIV_LOG_ORIGIN_BYTES] = '\0';
    ck_assert(!vpi_note_name_is_valid(longest));
    longest[VPRIV_LOG_ORIGIN_BYTES - 1] = '\0';
    ck_assert(vpi_note_name_is_valid(longest));
    ck_assert(!vpi_note_name_is_valid(NULL));
}
END_TEST

START_TEST(checkpoint_with_the_longest_name_fits)
{
    vpriv_log_checkpoint checkpoint;
    char origin[VPRIV_LOG_ORIGIN_BYTES], key[VPRIV_LOG_VERIFIER_KEY_BYTES];
    char origin_read[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t root[32] = {0}, key_read[32];
    uint64_t size = 0;
    memset(origin, 'n', sizeof origin);
    origin[sizeof origin - 1] = '\0';
    ck_ok(vpi_checkpoint_sign(origin, INT64_MAX, root, secret_key, &checkpoint));
    ck_ok(vpriv_log_verify_checkpoint(
        checkpoint.text, strlen(checkpoint.text), origin, public_key, &size, root));
    ck_ok(vpriv_log_verifier_key(origin, public_key, key));
    ck_ok(vpriv_log_verifier_key_parse(key, origin_read, key_read));
    ck_assert_str_eq(origin, origin_read);
    ck_fails(
        vpi_checkpoint_sign(ORIGIN, UINT64_C(1) << 63, root, secret_key, &checkpoint), VPRIV_E_ARG);
}
END_TEST

START_TEST(checkpoint_bad_arguments_are_refused)
{
    uint64_t size = 0;
    uint8_t root[32];
    const size_t n = strlen(empty_log);
    char *huge = calloc(1, VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX + 1);
    ck_assert_ptr_nonnull(huge);
    memset(huge, 'a', VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX + 1);
    ck_fails(vpriv_log_verify_checkpoint(NULL, n, ORIGIN, public_key, &size, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_checkpoint(empty_log, n, NULL, public_key, &size, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_checkpoint(empty_log, n, ORIGIN, NULL, &size, root), VPRIV_E_ARG);
    ck_fails(
        vpriv_log_verify_checkpoint(empty_log, n, ORIGIN, public_key, NULL, root), VPRIV_E_ARG);
    ck_fails(
        vpriv_log_verify_checkpoint(empty_log, n, ORIGIN, public_key, &size, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_log_verify_checkpoint(empty_log, n, "a b", public_key, &size, root), VPRIV_E_ARG);
    ck_fails(verify(huge, VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX + 1), VPRIV_E_LIMIT);
    ck_fails(verify(huge, VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX), VPRIV_E_FORMAT);
    free(huge);
}
END_TEST

START_TEST(verifier_key_is_the_other_implementations)
{
    char text[VPRIV_LOG_VERIFIER_KEY_BYTES], origin[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t key[32];
    ck_ok(vpriv_log_verifier_key(ORIGIN, public_key, text));
    ck_assert_str_eq(text, log_key);
    ck_ok(vpriv_log_verifier_key_parse(witness_key, origin, key));
    ck_assert_str_eq(origin, "witness.example");
    ck_assert_mem_eq(key, witness_public, 32);
}
END_TEST

START_TEST(verifier_key_every_flipped_bit_and_truncation_is_refused)
{
    char text[sizeof log_key], origin[VPRIV_LOG_ORIGIN_BYTES] = "untouched";
    uint8_t key[32] = {77};
    for (size_t bit = 0; bit < (sizeof log_key - 1) * 8; bit++) {
        memcpy(text, log_key, sizeof text);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        const vpriv_status st = vpriv_log_verifier_key_parse(text, origin, key);
        ck_assert_msg(st == VPRIV_E_FORMAT || st == VPRIV_E_UNSUPPORTED, "bit %zu", bit);
    }
    for (size_t n = 0; n < sizeof log_key - 1; n++) {
        memcpy(text, log_key, sizeof text);
        text[n] = '\0';
        ck_fails(vpriv_log_verifier_key_parse(text, origin, key), VPRIV_E_FORMAT);
    }
    ck_assert_str_eq(origin, "untouched");
    ck_assert_uint_eq(key[0], 77);
    ck_fails(vpriv_log_verifier_key_parse(
                 "a+00000000+AhqLTBfEJ0GWvoHMc0PmU5uP6XaHymLiWwm2gGERKeYH", origin, key),
        VPRIV_E_UNSUPPORTED);
    ck_fails(vpriv_log_verifier_key_parse(NULL, origin, key), VPRIV_E_ARG);
    ck_fails(vpriv_log_verifier_key_parse(log_key, NULL, key), VPRIV_E_ARG);
    ck_fails(vpriv_log_verifier_key_parse(log_key, origin, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_log_verifier_key("a+b", public_key, text), VPRIV_E_ARG);
    ck_fails(vpriv_log_verifier_key(ORIGIN, NULL, text), VPRIV_E_ARG);
    ck_fails(vpriv_log_verifier_key(ORIGIN, public_key, NULL), VPRIV_E_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log: notes and checkpoints");
    TCase *tc = tcase_create("note");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, note_of_another_implementation_is_read);
    tcase_add_test(tc, note_is_written_as_the_other_implementation_writes_it);
    tcase_add_test(tc, note_a_witness_signature_opens_with_its_own_key_only);
    tcase_add_test(tc, checkpoint_round_trip);
    tcase_add_test(tc, checkpoint_every_flipped_bit_is_refused);
    tcase_add_test(tc, checkpoint_every_truncation_and_extension_is_refused);
    tcase_add_test(tc, checkpoint_bodies_that_are_not_one_are_refused_though_signed);
    tcase_add_test(tc, checkpoint_of_another_log_is_refused_though_signed_by_this_key);
    tcase_add_test(tc, note_signatures_of_others_are_ignored_if_well_formed);
    tcase_add_test(tc, note_a_wrong_signature_of_the_key_spoils_a_right_one);
    tcase_add_test(tc, note_takes_many_signatures);
    tcase_add_test(tc, note_without_a_signature_of_the_key_is_refused);
    tcase_add_test(tc, note_text_is_split_at_the_last_empty_line);
    tcase_add_test(tc, note_what_cannot_be_signed_is_refused);
    tcase_add_test(tc, checkpoint_with_the_longest_name_fits);
    tcase_add_test(tc, checkpoint_bad_arguments_are_refused);
    tcase_add_test(tc, verifier_key_is_the_other_implementations);
    tcase_add_test(tc, verifier_key_every_flipped_bit_and_truncation_is_refused);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
