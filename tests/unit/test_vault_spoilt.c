/* What rots, or is made to look so, keeps nothing else from being erased, withdrawn, set aside or tidied away, and
 * takes nothing else along. */
#include "spoilt.h"
#include <stdio.h>

static vpriv_receipt receipt;

static vpriv_receipt *fresh_receipt(void)
{
    receipt = (vpriv_receipt){.struct_size = sizeof receipt};
    return &receipt;
}

/* The time from until which is erased, and the recordings before, in and behind it. */
static vpriv_recording_id before_it, in_it, spoilt_in_it, behind_it;
static int64_t since_us, until_us;

static void record_three_days(void)
{
    before_it = household_quick(&h, h.ada);
    pass(DAY_US);
    since_us = h.cell->now_us - HOUR_US;
    spoilt_in_it = household_quick(&h, h.ada);
    in_it = household_quick(&h, h.ada);
    pass(DAY_US);
    until_us = h.cell->now_us - HOUR_US;
    behind_it = household_quick(&h, h.ada);
}

START_TEST(a_time_is_erased_around_what_is_spoilt)
{
    const vpriv_purge_criteria criteria = {
        .struct_size = sizeof criteria, .since_us = 1, .until_us = until_us, .window = 1};
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    uint8_t key[VPI_KEY_BYTES];
    record_three_days();
    household_shred_key(&h, &in_it, key);
    spoil_header(&spoilt_in_it);
    household_copy(&h, "before");
    vpriv_purge_criteria of = criteria;
    of.since_us = since_us;
    of.until_us = until_us;
    ck_ok(vpriv_purge_estimate(h.vault, &of, &cost)); /* on the high side */
    ck_assert_uint_eq(cost.n_recordings, 2);
    if (_i == 0) {
        ck_tells(vpriv_vault_erase_between(h.vault, since_us, until_us, fresh_receipt()), 1);
    } else {
        ck_tells(vpriv_purge(h.vault, &of, NULL, NULL, &report, fresh_receipt()), 1);
        ck_assert(report.is_done && !report.is_cancelled);
        ck_assert_uint_eq(report.n_recordings, 1);
        ck_assert_uint_eq(report.n_unread, 1);
    }
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert(!opens_in_old_copy(key));
    ck_assert(is_kept(&before_it) && is_kept(&spoilt_in_it) && is_kept(&behind_it));
    ck_ok(household_hear(&h, &behind_it, KEEP));
    ck_ok(vpriv_vault_erase(h.vault, &spoilt_in_it, 1, NULL));
    ck_ok(vpriv_vault_erase_between(h.vault, since_us, until_us, NULL));
    ck_ok(vpriv_purge(h.vault, &of, NULL, NULL, &report, NULL));
}
END_TEST

START_TEST(erasing_before_a_moment_does_the_rest)
{
    record_three_days();
    spoil_header(&spoilt_in_it);
    ck_tells(vpriv_vault_erase_before(h.vault, until_us, fresh_receipt()), 1);
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_assert(is_kept(&behind_it) && is_kept(&spoilt_in_it));
    ck_assert(!is_kept(&before_it) && !is_kept(&in_it));
}
END_TEST

static vpriv_status erase_all(int way)
{
    const vpriv_purge_criteria all = {.struct_size = sizeof all, .until_us = VPRIV_TIME_FOREVER_US};
    return way == 0 ? vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, fresh_receipt())
                    : vpriv_purge(h.vault, &all, NULL, NULL, NULL, fresh_receipt());
}

/* A header that does not open may have said that it is under a legal hold, if the row says that it is set aside.
 * Erased by its id it goes. */
START_TEST(what_may_be_held_is_erased_by_its_id_only)
{
    uint8_t key[VPI_KEY_BYTES];
    record_three_days();
    ck_ok(
        vpriv_recording_restrict(h.vault, &in_it, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    household_shred_key(&h, &in_it, key);
    spoil_header(&in_it);
    household_copy(&h, "before");
    ck_tells(erase_all(_i), 1);
    ck_assert_uint_eq(receipt.n_recordings, 3);
    ck_assert_uint_eq(receipt.n_held, 0);
    ck_assert(is_kept(&in_it));
    ck_assert(opens_in_old_copy(key));
    ck_ok(vpriv_vault_erase(h.vault, &in_it, 1, NULL));
    ck_assert(!opens_in_old_copy(key));
    ck_assert(!is_kept(&in_it));
    ck_ok(erase_all(_i));
}
END_TEST

/* What is under a hold stays, whatever somebody makes its row say. */
START_TEST(no_clear_column_lifts_a_hold)
{
    static const char *const words[] = {"UPDATE recording SET state = 2 WHERE id = %s",
        "UPDATE recording SET state = 4 WHERE id = %s",
        "UPDATE recording SET state = 2, key_slot = 5 WHERE id = %s",
        "UPDATE recording SET retention = 0, state = 1 WHERE id = %s"};
    record_three_days();
    ck_ok(
        vpriv_recording_restrict(h.vault, &in_it, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    forge(&in_it, words[_i]);
    ck_fails(vpriv_vault_erase(h.vault, &in_it, 1, NULL), VPRIV_E_STATE);
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_STATE);
    ck_ok(erase_all(0));
    ck_assert_uint_eq(receipt.n_recordings, 3);
    ck_assert_uint_eq(receipt.n_held, 1);
    ck_ok(erase_all(1));
    ck_assert_uint_eq(receipt.n_held, 1);
    ck_assert(is_kept(&in_it));
}
END_TEST

/* Nor does a state that nobody gave it make a recording one that cannot be erased. */
START_TEST(no_clear_column_makes_a_hold)
{
    record_three_days();
    forge(&in_it, "UPDATE recording SET state = 3 WHERE id = %s");
    if (_i == 0)
        ck_ok(vpriv_vault_erase(h.vault, &in_it, 1, NULL));
    else
        ck_ok(erase_all(0));
    ck_assert(!is_kept(&in_it));
}
END_TEST

/* A header that opens with no key, in a row that names somebody else's. */
static const char *const thefts[] = {
    "UPDATE recording SET header = zeroblob(length(header)),"
    " key_slot = (SELECT max(key_slot) FROM recording) WHERE id = %s",
    "UPDATE recording SET header = zeroblob(length(header)),"
    " key_slot = (SELECT key_slot FROM subject WHERE id = 2) WHERE id = %s",
    "UPDATE recording SET header = zeroblob(length(header)), key_slot = 0 WHERE id = %s",
    "UPDATE recording SET header = zeroblob(length(header)), key_slot = NULL WHERE id = %s",
    "UPDATE recording SET header = zeroblob(length(header)), key_slot = 99999 WHERE id = %s"};
#define N_THEFTS ((int)(sizeof thefts / sizeof thefts[0]))

START_TEST(a_row_that_names_anothers_key_takes_nothing_along)
{
    uint8_t key[VPI_KEY_BYTES];
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id one = household_quick(&h, h.ada), two = household_quick(&h, h.ada),
                             bobs = household_quick(&h, h.bob);
    household_shred_key(&h, &two, key);
    household_copy(&h, "before");
    forge(&one, thefts[_i]);
    ck_fails(vpriv_vault_erase(h.vault, &one, 1, NULL), VPRIV_E_AUTH);
    ck_ok(household_hear(&h, &bobs, KEEP));
    ck_tells(vpriv_subject_erase(h.vault, h.ada, fresh_receipt()), 1);
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert(!opens_in_old_copy(key));
    ck_assert(!is_kept(&two));
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), 1); /* Bob's */
    ck_ok(household_hear(&h, &bobs, KEEP));
    household_reopen(&h);
    ck_ok(household_hear(&h, &bobs, KEEP));
    const vpriv_recording_id later = household_quick(&h, h.bob);
    ck_ok(household_hear(&h, &later, KEEP));
    ck_tells(erase_all(0), 1);
    ck_assert_uint_eq(receipt.n_recordings, 2);
}
END_TEST

START_TEST(a_person_goes_with_what_is_spoilt)
{
    uint8_t key[VPI_KEY_BYTES], grant[VPI_KEY_BYTES];
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id one = household_quick(&h, h.ada), two = household_quick(&h, h.ada),
                             bobs = household_quick(&h, h.bob);
    if (_i == 1)
        ck_ok(vpriv_recording_restrict(
            h.vault, &one, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    household_shred_key(&h, &one, key);
    household_grant_key(&h, h.ada, KEEP, grant);
    spoil_header(&one);
    spoil_header(&bobs);
    household_copy(&h, "before");
    ck_ok(vpriv_subject_erase(h.vault, h.ada, fresh_receipt()));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_assert(!opens_in_old_copy(key) && !opens_in_old_copy(grant));
    ck_assert(!is_kept(&one) && !is_kept(&two) && is_kept(&bobs));
}
END_TEST

static bool count_one(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ++*(unsigned *)user;
    return true;
}

static vpriv_status list_of(const uint8_t *subject)
{
    const vpriv_recording_filter of = {.struct_size = sizeof of, .subject = subject};
    unsigned n = 0;
    const vpriv_status st = vpriv_recording_list(h.vault, &of, count_one, &n);
    ck_assert_uint_eq(n, st == VPRIV_OK);
    return st;
}

/* Somebody files Ada's recording with Bob, and Bob's with Ada: what the headers say counts. Under a hold or not,
 * the other's stays, and keeps nobody here. */
START_TEST(a_person_takes_nobody_elses_recording_along)
{
    const vpriv_purge_criteria of_ada = {.struct_size = sizeof of_ada, .subject = h.ada};
    vpriv_purge_report report = {.struct_size = sizeof report};
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id adas = household_quick(&h, h.ada), bobs = household_quick(&h, h.bob);
    if (_i == 1)
        ck_ok(vpriv_recording_restrict(
            h.vault, &bobs, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    ck_ok(list_of(h.ada));
    household_sql(&h,
        "CREATE TEMP TABLE n AS SELECT * FROM recording_subject; DELETE FROM recording_subject;"
        "INSERT INTO recording_subject SELECT tag, (SELECT sum(recording) FROM n) - recording FROM "
        "n");
    ck_fails(list_of(h.ada), VPRIV_E_AUTH);
    ck_fails(list_of(h.bob), VPRIV_E_AUTH);
    ck_tells(vpriv_purge(h.vault, &of_ada, NULL, NULL, &report, NULL), 1);
    ck_assert_uint_eq(report.n_recordings, 0);
    ck_tells(vpriv_subject_erase(h.vault, h.ada, fresh_receipt()), 1);
    ck_assert_uint_eq(receipt.n_recordings, 0);
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_NOT_FOUND);
    ck_assert(is_kept(&bobs));
    ck_fails(household_hear(&h, &adas, KEEP), VPRIV_E_CONSENT);
    if (_i == 1)
        ck_ok(vpriv_recording_lift(h.vault, &bobs, 1, "court", NULL));
    ck_ok(household_hear(&h, &bobs, KEEP));
    ck_tells(vpriv_subject_erase(h.vault, h.bob, fresh_receipt()), 1);
    ck_fails(household_hear(&h, &bobs, KEEP), VPRIV_E_CONSENT);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), 0);
}
END_TEST

/* Hers goes, too, although it is behind one that is not. */
START_TEST(a_persons_own_recordings_go_beside_one_that_is_not_theirs)
{
    uint8_t key[VPI_KEY_BYTES];
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id bobs = household_quick(&h, h.bob), adas = household_quick(&h, h.ada);
    household_shred_key(&h, &adas, key);
    household_copy(&h, "before");
    household_sql(&h, "UPDATE recording_subject SET tag ="
                      " (SELECT tag FROM recording_subject ORDER BY recording DESC LIMIT 1)");
    ck_tells(vpriv_subject_erase(h.vault, h.ada, fresh_receipt()), 1);
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert(!opens_in_old_copy(key));
    ck_assert(!is_kept(&adas) && is_kept(&bobs));
    ck_ok(household_hear(&h, &bobs, KEEP));
}
END_TEST

START_TEST(spoilt_recordings_keep_nobody_from_withdrawing_and_setting_aside)
{
    uint8_t grant[VPI_KEY_BYTES];
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id one = household_quick(&h, h.ada), two = household_quick(&h, h.ada),
                             bobs = household_quick(&h, h.bob);
    household_grant_key(&h, h.ada, KEEP, grant);
    spoil_header(&one);
    household_copy(&h, "before");
    ck_ok(vpriv_recording_restrict(h.vault, &bobs, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    ck_fails(vpriv_vault_erase(h.vault, &bobs, 1, NULL), VPRIV_E_STATE);
    ck_ok(vpriv_recording_lift(h.vault, &bobs, 1, "court", NULL));
    household_withdraw(&h, h.ada, KEEP);
    ck_assert(!opens_in_old_copy(grant));
    ck_fails(household_hear(&h, &two, KEEP), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &bobs, KEEP));
}
END_TEST

/* As an application does. */
static uint64_t tidy_and_tell(uint32_t n_steps, unsigned n)
{
    uint64_t n_left = 0;
    vpriv_status st = VPRIV_OK;
    for (int i = 0; i == 0 || (st == VPRIV_OK && n_left > 0); i++) {
        st = vpriv_vault_tidy(h.vault, n_steps, &n_left);
        ck_assert_int_lt(i, 1000);
    }
    if (n > 0)
        ck_tells(st, n);
    else
        ck_ok(st);
    return n_left;
}

START_TEST(entries_that_cannot_be_done_keep_no_other)
{
    const vpriv_recording_id lives = household_quick(&h, h.ada), goes = household_quick(&h, h.ada);
    forge(&lives, "INSERT INTO sweep(kind, recording, cursor) VALUES (1, %s, 0), (3, 1, 0),"
                  " (1, 99, 0), (2, 1, 0), (-1, 1, 0)");
    household_sql(&h, "INSERT INTO sweep(kind, tag, recording, cursor) VALUES (2, x'00', 1, 0)");
    ck_ok(vpriv_vault_erase(h.vault, &goes, 1, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 2);
    ck_assert_uint_eq(tidy_and_tell(_i == 0 ? 1 : 100, 6), 6);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 1);
    ck_ok(household_hear(&h, &lives, KEEP));
    household_sql(&h, "DELETE FROM sweep");
    ck_assert_uint_eq(tidy_and_tell(1, 0), 0);
}
END_TEST

/* A state in the clear is not enough to take a living recording's blocks, or to bury it. */
START_TEST(housekeeping_takes_nothing_that_lives)
{
    static const char *const words[] = {
        "INSERT INTO sweep(kind, recording, cursor) VALUES (1, %s, 0);"
        "UPDATE recording SET state = 4",
        "INSERT INTO ingest(recording, kind, sealed) VALUES (%s, 1, zeroblob(900));"
        "UPDATE recording SET state = 1"};
    uint64_t n_left = 0;
    const vpriv_recording_id one = household_quick(&h, h.ada);
    forge(&one, words[_i]);
    const vpriv_status st = vpriv_vault_tidy(h.vault, 100, &n_left);
    ck_assert(st == VPRIV_OK || st == VPRIV_E_AUTH);
    ck_assert(is_kept(&one));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 1);
    household_sql(&h, "UPDATE recording SET state = 2");
    ck_ok(household_hear(&h, &one, KEEP));
}
END_TEST

#define N_DEAD 40 /* more than one step */

START_TEST(what_no_purpose_is_left_for_goes_around_what_is_spoilt)
{
    vpriv_recording_id dead[N_DEAD];
    char sql[100];
    household_give(&h, h.bob, KEEP);
    for (int i = 0; i < N_DEAD; i++)
        dead[i] = household_quick(&h, h.ada);
    const vpriv_recording_id bobs = household_quick(&h, h.bob);
    spoil_header(&dead[0]);
    spoil_header(&dead[35]);
    snprintf(sql, sizeof sql, "SELECT sealed FROM wrap WHERE recording = %lld",
        (long long)row_of(&dead[20]));
    spoil(sql);
    household_withdraw(&h, h.ada, KEEP);
    ck_assert_uint_eq(tidy_and_tell(_i == 0 ? 1 : 100, 3), 3);
    ck_assert_int_eq(n_kept(), 4);
    ck_assert(is_kept(&dead[0]) && is_kept(&dead[20]) && is_kept(&dead[35]));
    ck_ok(household_hear(&h, &bobs, KEEP));
    /* Not forgotten about, and they hold up nothing that comes later. */
    household_withdraw(&h, h.bob, KEEP);
    ck_assert_uint_eq(tidy_and_tell(_i == 0 ? 1 : 100, 3), 3);
    ck_assert(!is_kept(&bobs));
    ck_ok(vpriv_vault_erase(h.vault, &dead[0], 1, NULL));
    ck_assert_uint_eq(tidy_and_tell(1, 2), 2);
    ck_ok(vpriv_vault_erase(h.vault, &dead[20], 1, NULL));
    ck_ok(vpriv_vault_erase(h.vault, &dead[35], 1, NULL));
    ck_assert_uint_eq(tidy_and_tell(1, 0), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
}
END_TEST

/* What is put back as it was before it was spoilt was waited for. */
START_TEST(what_is_mended_is_looked_at_again)
{
    const vpriv_recording_id one = household_quick(&h, h.ada);
    char aside[PATH_BYTES], sql[3 * PATH_BYTES];
    household_file(&h, "aside", aside);
    fclose(fopen(aside, "w"));
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS aside; CREATE TABLE aside.old AS SELECT header FROM recording", aside);
    household_sql(&h, sql);
    spoil_header(&one);
    household_withdraw(&h, h.ada, KEEP);
    ck_assert_uint_eq(tidy_and_tell(10, 1), 1);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS aside; UPDATE recording SET header = (SELECT header FROM aside.old)",
        aside);
    household_sql(&h, sql);
    ck_assert_uint_eq(tidy_and_tell(10, 0), 0);
    ck_assert(!is_kept(&one));
}
END_TEST

static void keep_finding(void *user, const char *finding)
{
    snprintf(user, 256, "%s", finding);
}

/* Whoever is sent to verify learns the id to erase. */
START_TEST(verifying_names_the_id_of_what_is_spoilt)
{
    char finding[256] = "", hex[33];
    vpriv_verification found = {.struct_size = sizeof found};
    const vpriv_recording_id one = household_quick(&h, h.ada);
    for (size_t i = 0; i < sizeof one.bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", one.bytes[i]);
    spoil_header(&one);
    ck_fails(vpriv_vault_verify(h.vault, NULL, keep_finding, finding, &found), VPRIV_E_AUTH);
    ck_assert_uint_eq(found.n_findings, 1);
    ck_assert_ptr_nonnull(strstr(finding, hex));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: spoilt");
    TCase *tests = tcase_create("spoilt");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_time_is_erased_around_what_is_spoilt, 0, 2);
    tcase_add_test(tests, erasing_before_a_moment_does_the_rest);
    tcase_add_loop_test(tests, what_may_be_held_is_erased_by_its_id_only, 0, 2);
    tcase_add_loop_test(tests, no_clear_column_lifts_a_hold, 0, 4);
    tcase_add_loop_test(tests, no_clear_column_makes_a_hold, 0, 2);
    tcase_add_loop_test(tests, a_row_that_names_anothers_key_takes_nothing_along, 0, N_THEFTS);
    tcase_add_loop_test(tests, a_person_goes_with_what_is_spoilt, 0, 2);
    tcase_add_loop_test(tests, a_person_takes_nobody_elses_recording_along, 0, 2);
    tcase_add_test(tests, a_persons_own_recordings_go_beside_one_that_is_not_theirs);
    tcase_add_test(tests, spoilt_recordings_keep_nobody_from_withdrawing_and_setting_aside);
    tcase_add_loop_test(tests, entries_that_cannot_be_done_keep_no_other, 0, 2);
    tcase_add_loop_test(tests, housekeeping_takes_nothing_that_lives, 0, 2);
    tcase_add_loop_test(tests, what_no_purpose_is_left_for_goes_around_what_is_spoilt, 0, 2);
    tcase_add_test(tests, what_is_mended_is_looked_at_again);
    tcase_add_test(tests, verifying_names_the_id_of_what_is_spoilt);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
