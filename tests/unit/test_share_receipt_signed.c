/* What a receipt is worth: the same facts give the same bytes, what the log does not bear out is not signed, and
 * with any bit changed it is none. */
#include "receipts.h"

START_TEST(the_same_facts_give_the_same_bytes)
{
    const vpriv_receipt given = give(h.ada, KEEP);
    text *first = from_log(given.log_index);
    text *called = from_call(&given, 1, NULL), *called_again = from_call(&given, 1, NULL);
    ck_assert_str_eq(called->bytes, called_again->bytes);
    household_pass(&h, DAY_US);
    give(h.bob, KEEP);
    household_reopen(&h);
    text *later = from_log(given.log_index);
    ck_assert_str_eq(first->bytes, later->bytes);
    free(first);
    free(called);
    free(called_again);
    free(later);
}
END_TEST

START_TEST(a_use_that_was_counted_since_does_not_change_the_receipt)
{
    vpriv_receipt done = {.struct_size = sizeof done};
    const vpriv_consent_evidence once = {
        .struct_size = sizeof once, .notice_id = "house", .max_uses = 3};
    ck_ok(vpriv_consent_give(h.vault, h.ada, KEEP, &once, &done));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    text *before = from_log(done.log_index);
    ck_ok(open_for(&id, KEEP, NULL));
    text *after = from_log(done.log_index);
    ck_assert_str_eq(before->bytes, after->bytes);
    free(before);
    free(after);
}
END_TEST

START_TEST(what_the_log_does_not_bear_out_is_not_signed)
{
    text *none = calloc(1, sizeof *none);
    vpriv_receipt wrong[8];
    vpriv_receipt erased = {.struct_size = sizeof erased};
    const vpriv_receipt given = give(h.ada, KEEP);
    for (size_t i = 0; i < 8; i++)
        wrong[i] = given;
    wrong[0].leaf_hash[31] ^= 1;
    wrong[1].kind = VPRIV_LOG_ERASURE;
    wrong[2].log_index--;
    wrong[3].consent_record[0] ^= 1;
    wrong[4].record_sha256[0] ^= 1;
    wrong[5].generation_after = 1000000;
    wrong[6].generation_before = given.generation_after + 1;
    wrong[7].assurance = VPRIV_ASSURANCE_BEST_EFFORT;
    for (size_t i = 0; i < 8; i++) {
        const vpriv_status st = vpriv_receipt_sign(h.vault, &wrong[i], 1, NULL, collect, none);
        ck_assert_msg(st == VPRIV_E_ARG || st == VPRIV_E_UNSUPPORTED, "%zu: %d", i, (int)st);
    }
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &erased));
    erased.n_recordings = 0;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, NULL, collect, none), VPRIV_E_ARG);
    vpriv_receipt beyond = given;
    beyond.log_index = log_size();
    ck_fails(vpriv_receipt_sign(h.vault, &beyond, 1, NULL, collect, none), VPRIV_E_NOT_FOUND);
    beyond.struct_size = 1;
    ck_fails(vpriv_receipt_sign(h.vault, &beyond, 1, NULL, collect, none), VPRIV_E_ARG);
    const uint64_t created = 0;
    ck_fails(vpriv_receipt_from_log(h.vault, &created, 1, collect, none), VPRIV_E_UNSUPPORTED);
    ck_assert_uint_eq(none->n, 0);
    free(none);
}
END_TEST

START_TEST(a_statement_is_checked_and_goes_with_erasures_only)
{
    text *none = calloc(1, sizeof *none);
    static const char *const bad[] = {"a\nb"}, *const empty[] = {""};
    vpriv_receipt_statement statement = {.struct_size = sizeof statement};
    vpriv_receipt erased = {.struct_size = sizeof erased};
    const vpriv_receipt given = give(h.ada, KEEP);
    ck_fails(vpriv_receipt_sign(h.vault, &given, 1, &statement, collect, none), VPRIV_E_ARG);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &erased));
    statement.n_recipients_told = 1;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, &statement, collect, none), VPRIV_E_ARG);
    statement.recipients_told = bad;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, &statement, collect, none), VPRIV_E_ARG);
    statement.recipients_told = empty;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, &statement, collect, none), VPRIV_E_ARG);
    statement.n_recipients_told = VPRIV_RECIPIENTS_MAX + 1;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, &statement, collect, none), VPRIV_E_ARG);
    statement.struct_size = 3;
    ck_fails(vpriv_receipt_sign(h.vault, &erased, 1, &statement, collect, none), VPRIV_E_ARG);
    ck_assert_uint_eq(none->n, 0);
    free(none);
}
END_TEST

/* Every bit of a real receipt, every length, every byte more. */
START_TEST(a_receipt_with_any_bit_changed_is_none)
{
    const vpriv_receipt given = give(h.ada, KEEP);
    text *jws = from_call(&given, 1, NULL);
    uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    memcpy(key, h.vault->device_public_key, sizeof key);
    vpriv_receipt_claims claims = {.struct_size = sizeof claims, .log_index = 77};
    for (size_t i = 0; i < jws->n; i++)
        for (int bit = 0; bit < 8; bit++) {
            jws->bytes[i] = (char)(jws->bytes[i] ^ (1 << bit));
            ck_assert_msg(
                vpriv_receipt_verify(jws->bytes, jws->n, key, NULL, NULL, &claims) != VPRIV_OK,
                "byte %zu bit %d", i, bit);
            jws->bytes[i] = (char)(jws->bytes[i] ^ (1 << bit));
        }
    for (size_t n = 0; n < jws->n; n++)
        ck_assert_msg(vpriv_receipt_verify(jws->bytes, n, key, NULL, NULL, &claims) != VPRIV_OK,
            "cut to %zu", n);
    for (int more = 0; more < 256; more++) {
        jws->bytes[jws->n] = (char)more;
        ck_assert_int_ne(
            vpriv_receipt_verify(jws->bytes, jws->n + 1, key, NULL, NULL, &claims), VPRIV_OK);
    }
    ck_assert_uint_eq(claims.log_index, 77);
    for (size_t i = 0; i < sizeof key; i++)
        for (int bit = 0; bit < 8; bit++) {
            key[i] ^= (uint8_t)(1 << bit);
            ck_fails(vpriv_receipt_verify(jws->bytes, jws->n, key, NULL, NULL, NULL), VPRIV_E_AUTH);
            key[i] ^= (uint8_t)(1 << bit);
        }
    ck_ok(vpriv_receipt_verify(jws->bytes, jws->n, key, NULL, NULL, &claims));
    free(jws);
}
END_TEST

static vpriv_status refuse(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_E_FULL;
}

START_TEST(a_writer_that_fails_is_heard_and_the_vault_goes_on)
{
    const vpriv_receipt given = give(h.ada, KEEP);
    ck_fails(vpriv_receipt_sign(h.vault, &given, 1, NULL, refuse, NULL), VPRIV_E_FULL);
    free(from_log(given.log_index));
    ck_fails(vpriv_receipt_sign(NULL, &given, 1, NULL, refuse, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_sign(h.vault, NULL, 1, NULL, refuse, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_sign(h.vault, &given, 1, NULL, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_from_log(h.vault, NULL, 1, refuse, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_jwk(h.vault, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_jwk(NULL, NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(a_capture_process_signs_nothing)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    const vpriv_receipt given = give(h.ada, KEEP);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, NULL, &capture));
    ck_fails(vpriv_receipt_from_log(capture, &given.log_index, 1, refuse, NULL), VPRIV_E_NO_KEY);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share: receipts: signed");
    TCase *tests = tcase_create("signed");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_same_facts_give_the_same_bytes);
    tcase_add_test(tests, a_use_that_was_counted_since_does_not_change_the_receipt);
    tcase_add_test(tests, what_the_log_does_not_bear_out_is_not_signed);
    tcase_add_test(tests, a_statement_is_checked_and_goes_with_erasures_only);
    tcase_add_test(tests, a_receipt_with_any_bit_changed_is_none);
    tcase_add_test(tests, a_writer_that_fails_is_heard_and_the_vault_goes_on);
    tcase_add_test(tests, a_capture_process_signs_nothing);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
