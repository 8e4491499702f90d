/* Policies with a date, in a vault: from which day each counts, and what a stale one shuts. */
#include "placed.h"
#include <stdio.h>

START_TEST(s25_a_tampered_epoch_is_refused)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_policy_info info;
    snprintf(text, sizeof text, POLICY, 2, "2026-11-20", "2026-11-20");
    const size_t n = strlen(text);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, text, n, seed, signature));
    for (size_t i = 0; i < n; i++) {
        text[i] ^= 1;
        ck_fails(vpriv_policy_publish(h.vault, text, n, signature), VPRIV_E_AUTH);
        text[i] ^= 1;
    }
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 0);
    ck_assert(!info.is_stale);
    ck_assert_int_eq(info.stale_us, VPRIV_TIME_FOREVER_US);
    ck_ok(vpriv_policy_publish(h.vault, text, n, signature));
    ck_fails(vpriv_policy_publish(h.vault, text, n, signature), VPRIV_E_ROLLBACK);
    ck_fails(publish(1, "2026-11-21", "2026-11-21"), VPRIV_E_ROLLBACK);
    ck_fails(publish(3, "2026-11-19", "2026-11-21"), VPRIV_E_ROLLBACK);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 2);
    ck_whole();
}
END_TEST

static uint64_t epoch_of(const vpriv_recording_id *id)
{
    static vpi_recording recording;
    bool began = false;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    ck_ok(vpi_recording_find(h.vault, id->bytes, &recording));
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    return recording.tag.policy_epoch;
}

START_TEST(s25_s30_an_epoch_is_effective_on_friday_and_recordings_know_theirs)
{
    vpriv_policy_info info;
    household_give(&h, h.ada, KEEP);
    ck_ok(publish(4, "2026-11-20", "2026-11-20"));
    ck_ok(publish(5, "2026-11-21", "2026-11-27")); /* a Friday */
    const vpriv_recording_id before = household_quick(&h, h.ada);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 4);
    ck_assert_uint_eq(info.next_epoch, 5);
    household_pass(&h, 5 * DAY_US);
    const vpriv_recording_id after = household_quick(&h, h.ada);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 5);
    ck_assert_uint_eq(info.next_epoch, 0);
    household_pass(&h, -5 * DAY_US);
    const vpriv_recording_id set_back = household_quick(&h, h.ada);
    ck_assert_uint_eq(epoch_of(&before), 4);
    ck_assert_uint_eq(epoch_of(&after), 5);
    ck_assert_uint_eq(epoch_of(&set_back), 5);
    ck_fails(publish(5, "2026-11-22", "2026-11-29"), VPRIV_E_ROLLBACK);
    ck_ok(publish(6, "2026-11-22", "2026-11-29"));
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 5); /* the one before was kept when the next took its place */
    ck_assert_uint_eq(info.next_epoch, 6);
}
END_TEST

START_TEST(s38_a_stale_policy_closes_review_by_itself_and_leaves_the_person_theirs)
{
    vpriv_keyring *credential = NULL;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_policy_info info;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-22", "2026-11-22")); /* for thirty days */
    vpriv_vault *capture = open_capture(&credential);
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, REVIEW));
    household_pass(&h, 29 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), 0);
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, REVIEW, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_POLICY_STALE);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "too old"));
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert(info.is_stale);
    /* The person's own goes on, to the end. */
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &receipt));
    /* A newer one opens what it had closed. */
    ck_ok(publish(2, "2026-12-20", "2026-12-20"));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(s30_with_the_clock_set_back_nothing_extends)
{
    vpriv_keyring *credential = NULL;
    const vpriv_consent_evidence until = {.valid_until_us = HOUSEHOLD_START_US + 20 * DAY_US};
    ck_ok(household_give_with(&h, h.ada, KEEP, until));
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-22", "2026-11-22"));
    household_pass(&h, 40 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(DONATE), "acme", NULL)); /* a commit */
    household_pass(&h, -40 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    household_reopen(&h);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    vpriv_vault *capture = open_capture(&credential); /* which has seen nothing yet */
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, REVIEW, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, KEEP, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_CONSENT_EXPIRED);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

/* A policy issued in time to come is one of which the age is not known. */
START_TEST(a_policy_of_tomorrow_is_not_fresh_today)
{
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-23", "2026-11-23"));
    ck_assert_uint_eq(why_not(REVIEW), 0); /* not effective: the one before holds */
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: policies");
    TCase *tests = tcase_create("policies");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s25_a_tampered_epoch_is_refused);
    tcase_add_test(tests, s25_s30_an_epoch_is_effective_on_friday_and_recordings_know_theirs);
    tcase_add_test(tests, s38_a_stale_policy_closes_review_by_itself_and_leaves_the_person_theirs);
    tcase_add_test(tests, s30_with_the_clock_set_back_nothing_extends);
    tcase_add_test(tests, a_policy_of_tomorrow_is_not_fresh_today);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
