/* What rots, or is made to look so, keeps nothing else in the vault longer than was promised; and no run says that
 * all is well while something that may be due was not looked at. */
#include "spoilt.h"
#include <stdio.h>

static vpriv_retention_report told;

/* As an application does: until it is done or fails. n: what the last call says could not be looked at. */
static void run_and_tell(uint32_t most_ms, unsigned n)
{
    vpriv_status st = VPRIV_OK;
    uint64_t n_expired = 0, n_narrowed = 0, n_consents = 0;
    do {
        told = (vpriv_retention_report){.struct_size = sizeof told};
        st = vpriv_retention_run(h.vault, most_ms, &told);
        n_expired += told.n_expired;
        n_narrowed += told.n_narrowed;
        n_consents += told.n_consents;
    } while (st == VPRIV_OK && !told.is_done);
    if (n > 0)
        ck_tells(st, n);
    else
        ck_ok(st);
    ck_assert(told.is_done && !told.is_held);
    ck_assert_uint_eq(told.n_unread, n);
    told.n_expired = n_expired;
    told.n_narrowed = n_narrowed;
    told.n_consents = n_consents;
}

#define N_DUE 300 /* more than one batch */

START_TEST(all_that_is_whole_is_forgotten_on_time)
{
    vpriv_recording_id due[N_DUE];
    uint8_t key[VPI_KEY_BYTES], spoilt_key[VPI_KEY_BYTES];
    const uint32_t most_ms = _i == 0 ? 0 : 10000;
    for (int i = 0; i < N_DUE; i++)
        due[i] = household_quick_for(
            &h, h.ada, i % 2 ? VPRIV_RETENTION_48_HOURS : VPRIV_RETENTION_DAYS(1));
    const vpriv_recording_id later = household_quick_for(&h, h.ada, VPRIV_RETENTION_90_DAYS);
    const vpriv_recording_id kept = household_quick(&h, h.ada);
    household_shred_key(&h, &due[N_DUE - 1], key);
    household_shred_key(&h, &due[0], spoilt_key);
    spoil_header(&due[0]); /* the first of its queue */
    spoil_header(&due[100]);
    spoil_header(&due[201]);
    household_copy(&h, "before");
    pass(2 * DAY_US);
    run_and_tell(most_ms, 3);
    ck_assert_uint_eq(told.n_expired, N_DUE - 3);
    ck_assert_int_eq(n_kept(), 5);
    ck_assert(is_kept(&due[0]) && is_kept(&due[100]) && is_kept(&due[201]));
    ck_assert(is_kept(&later) && is_kept(&kept));
    ck_assert(!opens_in_old_copy(key));
    ck_ok(household_hear(&h, &later, KEEP));
    /* Not only once, and not only by this handle. */
    run_and_tell(most_ms, 3);
    ck_assert_uint_eq(told.n_expired, 0);
    household_reopen(&h);
    run_and_tell(most_ms, 3);
    ck_assert(opens_in_old_copy(spoilt_key));
    ck_ok(vpriv_vault_erase(h.vault, &due[0], 1, NULL));
    ck_assert(!opens_in_old_copy(spoilt_key));
    run_and_tell(most_ms, 2);
    ck_ok(vpriv_vault_erase(h.vault, &due[100], 1, NULL));
    ck_ok(vpriv_vault_erase(h.vault, &due[201], 1, NULL));
    run_and_tell(most_ms, 0);
    ck_assert_int_eq(n_kept(), 2);
    /* What comes due behind it later is found, too. */
    spoil_header(&kept);
    pass(45 * DAY_US);
    pass(DAY_US);
    vpriv_retention_report report = {.struct_size = sizeof report};
    ck_fails(vpriv_retention_run(h.vault, 1000, &report), VPRIV_E_AUTH);
}
END_TEST

/* As many as a look at a head passes over, and more: a writer who stops forgetting has no need to be modest. */
START_TEST(a_queue_full_of_damage_hides_nothing_behind_it)
{
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    for (int i = 0; i < 1100; i++)
        household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    const vpriv_recording_id last = household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    forge(&last, "UPDATE recording SET header = zeroblob(length(header)) WHERE id < %s");
    run_and_tell(0, 1100);
    ck_assert(is_kept(&last));
    pass(DAY_US);
    run_and_tell(0, 1100);
    ck_assert_uint_eq(told.n_expired, 1);
    ck_assert(!is_kept(&last));
}
END_TEST

/* Between two rounds, with the handle that made the last one. */
START_TEST(what_is_spoilt_since_the_last_round_is_told)
{
    const vpriv_recording_id one = household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    const vpriv_recording_id two = household_quick(&h, h.ada); /* at no head */
    pass(DAY_US - HOUR_US);
    run_and_tell(1000, 0);
    forge(&one, "UPDATE recording SET header = zeroblob(length(header)) WHERE id >= %s");
    run_and_tell(_i == 0 ? 0 : 1000, 2);
    pass(HOUR_US);
    run_and_tell(1000, 2);
    ck_assert(is_kept(&one) && is_kept(&two));
}
END_TEST

/* Every word in the clear that would take a recording out of the queue. Nobody who has no key mends it. */
START_TEST(no_clear_column_hides_what_may_be_due)
{
    static const char *const words[] = {"UPDATE recording SET state = 3 WHERE id = %s",
        "UPDATE recording SET state = 4 WHERE id = %s",
        "UPDATE recording SET state = 1 WHERE id = %s",
        "UPDATE recording SET state = 9 WHERE id = %s",
        "UPDATE recording SET state = -2 WHERE id = %s",
        "UPDATE recording SET retention = 7 WHERE id = %s",
        "UPDATE recording SET retention = 5 WHERE id = %s",
        "UPDATE recording SET retention = -1 WHERE id = %s",
        "UPDATE recording SET retention = 70000 WHERE id = %s",
        "UPDATE recording SET key_slot = NULL WHERE id = %s",
        "PRAGMA foreign_keys=OFF; UPDATE recording SET id = -3 WHERE id = %s"};
    const vpriv_recording_id one = household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    const vpriv_recording_id other = household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    forge(&one, words[_i]);
    household_reopen(&h);
    vpriv_verification found = {.struct_size = sizeof found};
    ck_fails(vpriv_vault_verify(h.vault, NULL, NULL, NULL, &found), VPRIV_E_AUTH);
    pass(DAY_US);
    run_and_tell(1000, 1);
    ck_assert_uint_eq(told.n_expired, 1);
    ck_assert(is_kept(&one) && !is_kept(&other));
    ck_ok(vpriv_vault_erase(h.vault, &one, 1, NULL));
    ck_assert(!is_kept(&one));
    run_and_tell(1000, 0);
}
END_TEST

/* The header is whole and says that a purpose is over; what has to be made anew for the others is not. */
START_TEST(a_purpose_that_cannot_be_ended_keeps_no_other)
{
    give_for(h.ada, REVIEW, "P2D");
    const vpriv_recording_id one = household_quick(&h, h.ada), two = household_quick(&h, h.ada),
                             three = household_quick(&h, h.ada);
    char sql[100];
    spoil_header(&two);
    snprintf(
        sql, sizeof sql, "SELECT sealed FROM wrap WHERE recording = %lld", (long long)row_of(&one));
    spoil(sql);
    pass(2 * DAY_US);
    run_and_tell(0, 2);
    ck_assert_uint_eq(told.n_narrowed, 1);
    ck_assert_uint_eq(about(&three).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_uint_eq(about(&one).purposes, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
    ck_fails(household_hear(&h, &one, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &three, KEEP));
    run_and_tell(0, 2);
    const vpriv_recording_id both[] = {one, two};
    ck_ok(vpriv_vault_erase(h.vault, both, 2, NULL));
    run_and_tell(0, 0);
}
END_TEST

/* Damage of one person keeps no other's consent in force, and no recording. */
START_TEST(consents_of_others_end_in_time)
{
    static const char *const whats[] = {
        "SELECT reference FROM subject WHERE id = 1", "SELECT consents FROM subject WHERE id = 1"};
    const vpriv_recording_id due = household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    ck_ok(household_give_with(
        &h, h.bob, KEEP, (vpriv_consent_evidence){.valid_until_us = h.cell->now_us + DAY_US}));
    spoil(whats[_i]);
    pass(DAY_US);
    run_and_tell(0, 1);
    ck_assert_uint_eq(told.n_consents, 1);
    ck_assert_uint_eq(told.n_expired, 1);
    ck_assert(!is_kept(&due));
    run_and_tell(0, 1);
}
END_TEST

START_TEST(what_is_pending_and_damaged_is_told)
{
    vpriv_vault *capture = NULL;
    vpriv_keyring *credential = NULL;
    uint64_t n_left = 0;
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, NULL, &capture));
    vpriv_vault *own = h.vault;
    h.vault = capture;
    (void)household_quick_for(&h, h.ada, VPRIV_RETENTION_DAYS(1));
    h.vault = own;
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    household_sql(&h, "UPDATE ingest SET sealed = zeroblob(length(sealed)) WHERE kind = 1");
    pass(DAY_US);
    run_and_tell(1000, 1);
    ck_ok(vpriv_vault_tidy(h.vault, 100, &n_left));
    run_and_tell(1000, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: spoilt, and due");
    TCase *tests = tcase_create("terms");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, all_that_is_whole_is_forgotten_on_time, 0, 2);
    tcase_add_test(tests, a_queue_full_of_damage_hides_nothing_behind_it);
    tcase_add_loop_test(tests, what_is_spoilt_since_the_last_round_is_told, 0, 2);
    tcase_add_loop_test(tests, no_clear_column_hides_what_may_be_due, 0, 11);
    tcase_add_test(tests, a_purpose_that_cannot_be_ended_keeps_no_other);
    tcase_add_loop_test(tests, consents_of_others_end_in_time, 0, 2);
    tcase_add_test(tests, what_is_pending_and_damaged_is_told);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
