#include "log/leaf.h"
#include "unit.h"
#include <sodium.h>

#define SIZE VPI_LOG_ENTRY_BYTES_MAX

static vpriv_log_entry example(void)
{
    vpriv_log_entry entry = {.struct_size = sizeof entry,
        .kind = VPRIV_LOG_ACCESS_GRANTED,
        .time_us = INT64_C(1795248000000000),
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .count = 1,
        .actor = "reviewer 12",
        .reason = "Pr\xc3\xbc"
                  "fung",
        .recipient = "example-reviews"};
    memset(entry.recording, 1, sizeof entry.recording);
    memset(entry.subject, 2, sizeof entry.subject);
    memset(entry.consent_record, 3, sizeof entry.consent_record);
    memset(entry.detail_hash, 4, sizeof entry.detail_hash);
    return entry;
}

static size_t encode(const vpriv_log_entry *entry, uint8_t *payload_out)
{
    size_t n_bytes = 0;
    ck_ok(vpi_log_entry_encode(entry, payload_out, SIZE, &n_bytes));
    return n_bytes;
}

START_TEST(entry_round_trip)
{
    uint8_t payload[SIZE], again[SIZE];
    vpriv_log_entry entry = example(), read;
    for (int kind = VPRIV_LOG_VAULT_CREATED; kind <= VPRIV_LOG_SPEAKER_ADDED; kind++) {
        entry.kind = (vpriv_log_kind)kind;
        const size_t n_bytes = encode(&entry, payload);
        memset(&read, 0xa5, sizeof read);
        ck_ok(vpi_log_entry_decode(payload, n_bytes, &read));
        ck_assert_int_eq(read.kind, kind);
        ck_assert_int_eq(read.time_us, entry.time_us);
        ck_assert_int_eq(read.purpose, entry.purpose);
        ck_assert_uint_eq(read.count, 1);
        ck_assert_str_eq(read.actor, entry.actor);
        ck_assert_str_eq(read.reason, entry.reason);
        ck_assert_str_eq(read.recipient, entry.recipient);
        ck_assert_mem_eq(read.recording, entry.recording, sizeof read.recording);
        ck_assert_mem_eq(read.subject, entry.subject, sizeof read.subject);
        ck_assert_mem_eq(read.consent_record, entry.consent_record, sizeof read.consent_record);
        ck_assert_mem_eq(read.detail_hash, entry.detail_hash, sizeof read.detail_hash);
        ck_assert_uint_eq(encode(&read, again), n_bytes);
        ck_assert_mem_eq(payload, again, n_bytes);
    }
    entry.kind = VPRIV_LOG_FALSE_WAKES;
    entry.purpose = VPRIV_LOG_NO_PURPOSE;
    entry.count = UINT64_MAX;
    ck_ok(vpi_log_entry_decode(payload, encode(&entry, payload), &read));
    ck_assert_int_eq(read.purpose, VPRIV_LOG_NO_PURPOSE);
    ck_assert_uint_eq(read.count, UINT64_MAX);
    entry.kind = VPRIV_LOG_ACCESS_REFUSED;
    entry.deny_reasons = VPRIV_DENY_PAUSED | VPRIV_DENY_RETENTION_OVER;
    ck_ok(vpi_log_entry_decode(payload, encode(&entry, payload), &read));
    ck_assert_uint_eq(read.deny_reasons, VPRIV_DENY_PAUSED | VPRIV_DENY_RETENTION_OVER);
}
END_TEST

START_TEST(entry_size_says_little_about_its_texts)
{
    uint8_t payload[SIZE];
    vpriv_log_entry entry = example();
    ck_assert_uint_eq(encode(&entry, payload), VPI_LOG_ENTRY_STEP);
    memset(entry.actor, 'a', sizeof entry.actor - 1);
    memset(entry.reason, 'r', sizeof entry.reason - 1);
    memset(entry.recipient, 'p', sizeof entry.recipient - 1);
    ck_assert_uint_eq(encode(&entry, payload), VPI_LOG_ENTRY_BYTES_MAX);
    ck_fails(vpi_log_entry_encode(&entry, payload, SIZE - 1, &(size_t){0}), VPRIV_E_LIMIT);
}
END_TEST

START_TEST(entry_every_truncation_and_extension_is_refused)
{
    uint8_t payload[2 * SIZE] = {0};
    vpriv_log_entry entry = example(), read = {.kind = VPRIV_LOG_PAUSE};
    const size_t n_bytes = encode(&entry, payload);
    for (size_t n = 0; n < 2 * SIZE; n++)
        if (n != n_bytes)
            ck_fails(vpi_log_entry_decode(payload, n, &read), VPRIV_E_FORMAT);
    ck_assert_int_eq(read.kind, VPRIV_LOG_PAUSE);
    ck_fails(vpi_log_entry_decode(NULL, 0, &read), VPRIV_E_FORMAT);
    ck_fails(vpi_log_entry_decode(NULL, n_bytes, &read), VPRIV_E_FORMAT);
}
END_TEST

START_TEST(entry_every_flipped_bit_is_refused_or_another_entry)
{
    uint8_t payload[SIZE], again[SIZE];
    vpriv_log_entry entry = example(), read;
    const size_t n_bytes = encode(&entry, payload);
    size_t n_refused = 0;
    for (size_t bit = 0; bit < n_bytes * 8; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const vpriv_status st = vpi_log_entry_decode(payload, n_bytes, &read);
        if (st == VPRIV_OK) {
            ck_assert_uint_eq(encode(&read, again), n_bytes);
            ck_assert_mem_eq(payload, again, n_bytes); /* so it is not the entry from before */
        } else {
            ck_assert(st == VPRIV_E_FORMAT || st == VPRIV_E_VERSION);
            n_refused++;
        }
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(n_refused, 0);
}
END_TEST

START_TEST(entry_incomplete_or_contradictory_is_refused)
{
    uint8_t payload[SIZE];
    size_t n_bytes = 77;
    const vpriv_log_entry good = example();
    vpriv_log_entry bad[16];
    size_t n = 0;
#define BAD(change)                                                                                \
    do {                                                                                           \
        vpriv_log_entry *e = &bad[n++];                                                            \
        *e = good;                                                                                 \
        change;                                                                                    \
    } while (0)
    BAD(e->struct_size = 0);
    BAD(e->struct_size++);
    BAD(e->kind = VPRIV_LOG_UNKNOWN);
    BAD(e->kind = (vpriv_log_kind)(VPRIV_LOG_SPEAKER_ADDED + 1));
    BAD(e->time_us = 0);
    BAD(e->time_us = INT64_C(13601088000000000));
    BAD(e->purpose = 32);
    BAD(e->purpose = -2);
    BAD(e->purpose = VPRIV_LOG_NO_PURPOSE); /* access to what? */
    BAD(e->deny_reasons = VPRIV_DENY_PAUSED);
    BAD(memset(e->recording, 0, sizeof e->recording));
    BAD(e->actor[0] = '\0');
    BAD(memset(e->actor, 'a', sizeof e->actor));
    BAD(e->reason[0] = '\n');
    BAD(e->recipient[0] = (char)0xff);
#undef BAD
    for (size_t i = 0; i < n; i++) {
        const vpriv_status st = vpi_log_entry_encode(&bad[i], payload, SIZE, &n_bytes);
        ck_assert_msg(st == VPRIV_E_ARG, "entry %zu gave %d", i, (int)st);
    }
    ck_assert_uint_eq(n_bytes, 77);
    ck_fails(vpi_log_entry_encode(NULL, payload, SIZE, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_log_entry_encode(&good, NULL, SIZE, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_log_entry_encode(&good, payload, SIZE, NULL), VPRIV_E_ARG);
    ck_fails(vpi_log_entry_decode(payload, SIZE, NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(entry_encoding_has_not_changed)
{
    /* Computed from the description of the format by a separate program. */
    static const char wanted[] = "cea50b6efb0b0e834aefe32b95351137bf45aa669455011b1c750dbaaa18be87";
    uint8_t payload[SIZE], hash[VPRIV_SHA256_BYTES];
    char text[2 * VPRIV_SHA256_BYTES + 1];
    const vpriv_log_entry entry = example();
    crypto_hash_sha256(hash, payload, encode(&entry, payload));
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    ck_assert_str_eq(text, wanted);
}
END_TEST

START_TEST(entry_of_a_later_version_says_so)
{
    uint8_t payload[SIZE];
    vpriv_log_entry entry = example();
    const size_t n_bytes = encode(&entry, payload);
    payload[4] = VPI_LOG_ENTRY_VERSION + 1;
    ck_fails(vpi_log_entry_decode(payload, n_bytes, &entry), VPRIV_E_VERSION);
    payload[4] = 0;
    ck_fails(vpi_log_entry_decode(payload, n_bytes, &entry), VPRIV_E_FORMAT);
}
END_TEST

START_TEST(entry_kinds_have_names_of_their_own)
{
    for (int a = VPRIV_LOG_VAULT_CREATED; a <= VPRIV_LOG_SPEAKER_ADDED; a++) {
        ck_assert_str_ne(vpriv_log_kind_name((vpriv_log_kind)a), "unknown kind");
        for (int b = a + 1; b <= VPRIV_LOG_SPEAKER_ADDED; b++)
            ck_assert_str_ne(
                vpriv_log_kind_name((vpriv_log_kind)a), vpriv_log_kind_name((vpriv_log_kind)b));
    }
    ck_assert_str_eq(vpriv_log_kind_name(VPRIV_LOG_UNKNOWN), "unknown kind");
    ck_assert_str_eq(vpriv_log_kind_name((vpriv_log_kind)-1), "unknown kind");
    ck_assert_str_eq(
        vpriv_log_kind_name((vpriv_log_kind)(VPRIV_LOG_SPEAKER_ADDED + 1)), "unknown kind");
}
END_TEST

START_TEST(commitment_is_the_labelled_hash_of_what_is_sealed)
{
    uint8_t input[64] = "voicepriv log payload v1";
    uint8_t wanted[32], commitment[32];
    memcpy(input + 25, "sealed", 6); /* after the label's zero */
    crypto_hash_sha256(wanted, input, 31);
    vpi_log_commitment("sealed", 6, commitment);
    ck_assert_mem_eq(commitment, wanted, 32);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log: entries");
    TCase *tc = tcase_create("entry");
    tcase_add_test(tc, entry_round_trip);
    tcase_add_test(tc, entry_size_says_little_about_its_texts);
    tcase_add_test(tc, entry_every_truncation_and_extension_is_refused);
    tcase_add_test(tc, entry_every_flipped_bit_is_refused_or_another_entry);
    tcase_add_test(tc, entry_incomplete_or_contradictory_is_refused);
    tcase_add_test(tc, entry_encoding_has_not_changed);
    tcase_add_test(tc, entry_of_a_later_version_says_so);
    tcase_add_test(tc, entry_kinds_have_names_of_their_own);
    tcase_add_test(tc, commitment_is_the_labelled_hash_of_what_is_sealed);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
