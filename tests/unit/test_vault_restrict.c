/* What is set aside stays, shut: whatever runs out, is withdrawn or is put back. */
#include "passing.h"
#include <stdio.h>

static vpriv_status set_aside(const vpriv_recording_id *id, vpriv_restriction restriction)
{
    return vpriv_recording_restrict(h.vault, id, 1, restriction, "owner", "a reason");
}

START_TEST(a_dispute_shuts_the_recording_and_stops_its_clock)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    config.retention = VPRIV_RETENTION_48_HOURS;
    ck_ok(household_try_record(h.vault, &config, &outcome));
    const vpriv_recording_id *id = &outcome.recording;
    ck_ok(set_aside(id, VPRIV_RESTRICTION_DISPUTE));
    ck_fails(household_hear(&h, id, KEEP), VPRIV_E_CONSENT);
    ck_assert_int_eq(about(id).state, VPRIV_RECORDING_RESTRICTED);
    ck_assert_int_eq(about(id).restriction, VPRIV_RESTRICTION_DISPUTE);
    for (int i = 0; i < 4; i++)
        pass(DAY_US);
    ck_assert_uint_eq(run().n_expired, 0);
    ck_ok(vpriv_recording_lift(h.vault, id, 1, "owner", NULL));
    ck_assert_int_eq(about(id).state, VPRIV_RECORDING_COMMITTED);
    ck_assert_uint_eq(run().n_expired, 1);
    /* The person may have it erased while it is disputed. */
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_ok(set_aside(id, VPRIV_RESTRICTION_DISPUTE));
    ck_ok(vpriv_vault_erase(h.vault, id, 1, NULL));
    ck_fails(set_aside(id, VPRIV_RESTRICTION_DISPUTE), VPRIV_E_ERASED);
}
END_TEST

START_TEST(a_legal_hold_cannot_be_erased_and_is_seen)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_recording_id ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    ck_fails(set_aside(&ids[1], (vpriv_restriction)3), VPRIV_E_ARG);
    ck_fails(set_aside(&ids[1], VPRIV_RESTRICTION_NONE), VPRIV_E_ARG);
    ck_ok(set_aside(&ids[1], VPRIV_RESTRICTION_LEGAL_HOLD));
    ck_ok(set_aside(&ids[1], VPRIV_RESTRICTION_DISPUTE)); /* of less weight: it stays a hold */
    ck_assert_int_eq(about(&ids[1]).restriction, VPRIV_RESTRICTION_LEGAL_HOLD);
    ck_fails(vpriv_vault_erase(h.vault, ids, 3, NULL), VPRIV_E_STATE);
    ck_assert_int_eq(n_kept(), 3);
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_STATE);
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_assert_uint_eq(receipt.n_held, 1);
    ck_assert_int_eq(n_kept(), 1);
    for (int i = 0; i < 4; i++)
        pass(DAY_US);
    ck_assert_uint_eq(run().n_expired, 0);
    /* A withdrawal closes it, and does not sweep it away. */
    household_withdraw(&h, h.ada, KEEP);
    uint64_t n_left = 1;
    for (int i = 0; i < 20 && n_left > 0; i++)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_assert_int_eq(n_kept(), 1);
    ck_ok(vpriv_recording_lift(h.vault, &ids[1], 1, "court", "the case is closed"));
    ck_assert_uint_eq(run().n_expired, 1);
}
END_TEST

START_TEST(what_lost_its_consent_during_a_hold_goes_when_it_is_lifted)
{
    vpriv_recording_id ids[3];
    uint64_t n_left = 1;
    household_give(&h, h.bob, KEEP);
    for (int i = 0; i < 3; i++)
        ids[i] = household_quick(&h, i == 2 ? h.bob : h.ada);
    ck_ok(
        vpriv_recording_restrict(h.vault, ids, 3, VPRIV_RESTRICTION_LEGAL_HOLD, "court", "a case"));
    household_withdraw(&h, h.ada, KEEP);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_assert_int_eq(n_kept(), 3);
    ck_ok(vpriv_recording_lift(h.vault, ids, 3, "court", "the case is closed"));
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM sweep"), 2); /* one look for each person */
    do
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    while (n_left > 0);
    ck_assert_int_eq(n_kept(), 1);
    ck_ok(household_hear(&h, &ids[2], KEEP));
}
END_TEST

/* 0: the whole old file; 1: the old row; 2: the old row with everything else of the recording. */
START_TEST(what_is_set_aside_stays_so_whatever_is_put_back)
{
    static const char *const rows[] = {NULL,
        "UPDATE recording SET (state, retention, key_slot, header) = (SELECT state, retention, "
        "key_slot,"
        " header FROM old.recording WHERE id = 1)",
        "DELETE FROM wrap; INSERT INTO wrap SELECT * FROM old.wrap; UPDATE recording SET"
        " (state, retention, key_slot, header) = (SELECT state, retention, key_slot, header FROM"
        " old.recording WHERE id = 1)"};
    char sql[1024], old[PATH_BYTES];
    vpriv_recording_info info;
    const vpriv_recording_id id = household_quick(&h, h.ada);
    household_reopen(&h); /* all of it is in the file */
    household_copy(&h, "before");
    household_file(&h, "before", old);
    ck_ok(set_aside(&id, VPRIV_RESTRICTION_DISPUTE));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    if (_i == 0) {
        household_copy_file(old, h.path);
        ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROLLBACK);
        return;
    }
    snprintf(sql, sizeof sql, "ATTACH '%s' AS old; %s", old, rows[_i]);
    household_sql(&h, sql);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_AUTH);
    ck_fails(vpriv_recording_about(h.vault, &id, &info), VPRIV_E_AUTH);
}
END_TEST

/* A transcript may be what the court asks for. */
START_TEST(no_purpose_of_what_is_set_aside_ends)
{
    const vpriv_derivative about_it = {.struct_size = sizeof about_it,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .media_type = "text/plain",
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(REVIEW)};
    const uint32_t both = VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW);
    vpriv_derivative_id made;
    give_for(h.ada, REVIEW, "P2D");
    vpriv_recording_id ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = household_quick(&h, h.ada);
    ck_ok(vpriv_derivative_add(h.vault, &ids[0], &about_it, "hello", 5, &made));
    ck_ok(set_aside(&ids[0], VPRIV_RESTRICTION_LEGAL_HOLD));
    ck_ok(set_aside(&ids[1], VPRIV_RESTRICTION_DISPUTE));
    for (int i = 0; i < 3; i++)
        pass(DAY_US);
    const vpriv_retention_report report = run();
    ck_assert_uint_eq(report.n_narrowed, 1);
    ck_assert_int_eq(report.next_due_us, VPRIV_TIME_FOREVER_US);
    ck_assert_uint_eq(about(&ids[0]).purposes, both);
    ck_assert_uint_eq(about(&ids[1]).purposes, both);
    ck_assert_uint_eq(about(&ids[2]).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 1);
    ck_ok(vpriv_recording_lift(h.vault, ids, 2, "court", NULL));
    ck_assert_uint_eq(run().n_narrowed, 2);
    ck_assert_uint_eq(about(&ids[0]).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM term"), 0);
}
END_TEST

static bool count_restrictions(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    uint64_t *counts = user;
    if (entry->kind == VPRIV_LOG_RESTRICTION) {
        ck_assert_str_eq(entry->actor, "owner");
        ck_assert_str_eq(entry->reason, "a reason");
        counts[0]++;
    }
    counts[1] += entry->kind == VPRIV_LOG_RESTRICTION_LIFTED;
    return true;
}

START_TEST(setting_aside_is_on_record_and_all_or_none)
{
    uint64_t counts[2] = {0, 0};
    vpriv_recording_id ids[2] = {household_quick(&h, h.ada), {{1, 2, 3}}};
    ck_fails(
        vpriv_recording_restrict(h.vault, ids, 2, VPRIV_RESTRICTION_DISPUTE, "owner", "a reason"),
        VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(about(&ids[0]).state, VPRIV_RECORDING_COMMITTED);
    ck_fails(vpriv_recording_restrict(h.vault, ids, 1, VPRIV_RESTRICTION_DISPUTE, "", NULL),
        VPRIV_E_ARG);
    ck_fails(vpriv_recording_restrict(h.vault, ids, 0, VPRIV_RESTRICTION_DISPUTE, "a", NULL),
        VPRIV_E_ARG);
    ck_ok(set_aside(&ids[0], VPRIV_RESTRICTION_DISPUTE));
    ck_ok(set_aside(&ids[0], VPRIV_RESTRICTION_DISPUTE));
    ck_ok(vpriv_recording_lift(h.vault, ids, 1, "owner", NULL));
    ck_ok(vpriv_recording_lift(h.vault, ids, 1, "owner", NULL));
    ck_ok(vpriv_vault_log(h.vault, 0, count_restrictions, counts));
    ck_assert_uint_eq(counts[0], 1);
    ck_assert_uint_eq(counts[1], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: set aside");
    TCase *tests = tcase_create("set aside");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_dispute_shuts_the_recording_and_stops_its_clock);
    tcase_add_test(tests, a_legal_hold_cannot_be_erased_and_is_seen);
    tcase_add_loop_test(tests, what_is_set_aside_stays_so_whatever_is_put_back, 0, 3);
    tcase_add_test(tests, what_lost_its_consent_during_a_hold_goes_when_it_is_lifted);
    tcase_add_test(tests, no_purpose_of_what_is_set_aside_ends);
    tcase_add_test(tests, setting_aside_is_on_record_and_all_or_none);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
