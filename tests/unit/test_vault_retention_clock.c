/* A clock that is wrong destroys nothing, and keeps nothing: neither the device's own nor one that made a recording. */
#include "passing.h"
#include "vault/header.h"

START_TEST(a_clock_that_jumps_destroys_nothing_until_it_is_believed)
{
    household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    ck_assert(!run().is_held);
    /* A week, and the machine ran for an hour of it. */
    household_pass(&h, 7 * DAY_US);
    ran_us += HOUR_US;
    vpriv_retention_report report = run();
    ck_assert(report.is_held && report.is_done);
    ck_assert_int_eq(n_kept(), 1);
    ck_assert_int_le(report.next_due_us, h.cell->now_us);
    ck_assert_int_eq(report.held_until_us, h.cell->now_us + DAY_US);
    /* Not by asking again, nor by starting the machine again. */
    for (int i = 0; i < 3; i++)
        ck_assert(run().is_held);
    which_start = 2;
    ran_us = HOUR_US;
    household_pass(&h, 2 * HOUR_US);
    ck_assert(run().is_held);
    /* A day of running, an hour of which that start has run already. */
    pass(22 * HOUR_US);
    report = run();
    ck_assert(report.is_held);
    ck_assert_int_eq(report.held_until_us, h.cell->now_us + HOUR_US);
    pass(HOUR_US);
    report = run();
    ck_assert(!report.is_held);
    ck_assert_int_eq(report.held_until_us, 0);
    ck_assert_int_eq(n_kept(), 0);
}
END_TEST

/* A wrong clock for a minute, and then the right one for as long as one likes: the vault's time, which never goes
 * back, stands where the wrong one left it, and nothing runs out by that. */
START_TEST(a_clock_that_was_ahead_and_is_right_again_destroys_nothing)
{
    const int64_t start_us = h.cell->now_us;
    household_quick_for(&h, h.ada, VPRIV_RETENTION_36_MONTHS);
    ck_assert(!run().is_held);
    for (int again = 0; again < 2; again++) {
        household_pass(&h, 3650 * DAY_US); /* and the same error at the next start */
        ran_us += 60 * SECOND_US;
        ck_assert(run().is_held);
        household_pass(&h, -3650 * DAY_US);
        for (int i = 0; i < 8; i++) {
            pass(6 * HOUR_US);
            ck_assert(run().is_held);
        }
        household_reopen(&h); /* nothing was logged with the wrong time: it is forgotten */
        pass(6 * HOUR_US);
        ck_assert_uint_eq(run().n_expired, 0);
    }
    ck_assert_int_eq(n_kept(), 1);
    ck_assert_int_eq(h.cell->now_us, start_us + 108 * HOUR_US);
}
END_TEST

/* Each run finds another start of the machine, which began behind the last one. */
START_TEST(a_device_that_starts_anew_every_night_is_not_held)
{
    household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    ck_assert(!run().is_held);
    for (int i = 0; i < 2; i++) {
        household_pass(&h, 30 * HOUR_US);
        which_start++;
        ran_us = 30 * HOUR_US - SECOND_US;
        ck_assert(!run().is_held);
    }
    ck_assert_int_eq(n_kept(), 0);
    /* Of starts that the system does not tell nothing is known. */
    is_start_told = false;
    household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    household_pass(&h, 50 * HOUR_US);
    which_start++;
    ran_us = 50 * HOUR_US;
    ck_assert(run().is_held);
}
END_TEST

/* Filed now; what the clock said when it began is another matter. */
static vpriv_recording_id quick_at(int64_t started_us, int n, vpriv_retention retention)
{
    vpriv_recording_id id = {{0}};
    for (int i = 0; i < n; i++)
        id = household_quick_ago_for(&h, h.ada, h.cell->now_us - started_us, retention);
    ck_assert_int_eq(about(&id).started_us, started_us);
    return id;
}

START_TEST(a_recording_from_the_future_keeps_no_other)
{
    const int64_t start_us = h.cell->now_us;
    give_for(h.ada, REVIEW, "P1D");
    const vpriv_recording_id ahead = quick_at(start_us + 365 * DAY_US, 2, VPRIV_RETENTION_48_HOURS);
    const vpriv_recording_id id = quick_at(start_us, 3, VPRIV_RETENTION_48_HOURS);
    ck_assert_int_eq(about(&ahead).expires_us, start_us + 367 * DAY_US);
    ck_assert_int_eq(run().next_due_us, start_us + DAY_US);
    pass(DAY_US);
    ck_assert_uint_eq(run().n_narrowed, 3);
    pass(DAY_US);
    ck_assert_uint_eq(run_for(0).n_expired, 3);
    const vpriv_retention_report report = run();
    ck_assert_int_eq(report.next_due_us, start_us + 366 * DAY_US);
    ck_assert_int_eq(about(&id).state, VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(about(&ahead).state, VPRIV_RECORDING_COMMITTED);
}
END_TEST

/* Behind more that are not due than the head of a queue is looked at: what a process of a while ago left, filed
 * late. Found the same day, and afterwards when it is due. */
START_TEST(no_row_is_so_late_that_it_is_kept)
{
    vpriv_recording_id late[2];
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    give_for(h.ada, REVIEW, "P9D");
    for (int i = 0; i < 10; i++)
        pass(DAY_US);
    const int64_t start_us = h.cell->now_us;
    quick_at(start_us, 1200, VPRIV_RETENTION_DAYS(10));
    late[0] = quick_at(start_us - 10 * DAY_US, 1, VPRIV_RETENTION_DAYS(10));
    late[1] = quick_at(start_us - 7 * DAY_US, 1, VPRIV_RETENTION_DAYS(10));
    const vpriv_retention_report first = run();
    ck_assert_uint_eq(first.n_expired, 1);
    ck_assert_uint_eq(first.n_narrowed, 0);
    ck_assert_int_eq(about(&late[0]).state, VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(first.next_due_us, start_us + 2 * DAY_US);
    pass(DAY_US);
    ck_assert_int_eq(run().next_due_us, start_us + 2 * DAY_US);
    pass(DAY_US);
    const vpriv_retention_report second = run();
    ck_assert_uint_eq(second.n_narrowed, 1);
    ck_assert_uint_eq(about(&late[1]).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_int_eq(second.next_due_us, start_us + 3 * DAY_US);
    pass(DAY_US - SECOND_US);
    ck_assert_uint_eq(run().n_expired, 0);
    pass(SECOND_US);
    ck_assert_uint_eq(run().n_expired, 1);
    ck_assert_int_eq(n_kept(), 1200);
}
END_TEST

/* A round through many is made in steps, each of which lets others write; one that came later waits a day. */
START_TEST(a_round_is_made_in_steps_once_a_day)
{
    vpriv_retention_report report = {.is_done = false};
    int n_steps = 0;
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    for (int i = 0; i < 10; i++)
        pass(DAY_US);
    quick_at(h.cell->now_us, 2500, VPRIV_RETENTION_DAYS(10));
    for (; !report.is_done; n_steps++)
        report = run_for(0);
    ck_assert_int_eq(n_steps, 3);
    quick_at(h.cell->now_us - 10 * DAY_US, 1, VPRIV_RETENTION_DAYS(10));
    report = run_for(0);
    ck_assert(report.is_done);
    ck_assert_uint_eq(report.n_expired, 0);
    pass(DAY_US);
    ck_assert_uint_eq(run().n_expired, 1);
}
END_TEST

START_TEST(a_confirmed_time_is_believed_at_once)
{
    household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    ck_assert(!run().is_held);
    household_pass(&h, 7 * DAY_US);
    ck_assert(run().is_held);
    household_reopen(&h);
    ck_assert(run().is_held);
    ck_fails(vpriv_retention_trust_clock(h.vault, ""), VPRIV_E_ARG);
    ck_ok(vpriv_retention_trust_clock(h.vault, "owner"));
    ck_assert_uint_eq(run().n_expired, 1);
}
END_TEST

START_TEST(a_clock_set_back_extends_nothing)
{
    const vpriv_recording_id id = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    for (int i = 0; i < 6; i++)
        pass(DAY_US / 2);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT); /* the vault has seen the time */
    household_pass(&h, -2 * DAY_US);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    ck_assert_uint_eq(run().n_expired, 1);
}
END_TEST

START_TEST(a_day_off_is_no_jump)
{
    household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    ck_assert(!run().is_held);
    for (int i = 0; i < 3; i++) {
        household_pass(&h, DAY_US);
        which_start++;
        ck_assert(!run().is_held);
    }
    ck_assert_int_eq(n_kept(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: retention and the clock");
    TCase *tests = tcase_create("retention and the clock");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_clock_that_jumps_destroys_nothing_until_it_is_believed);
    tcase_add_test(tests, a_clock_that_was_ahead_and_is_right_again_destroys_nothing);
    tcase_add_test(tests, a_device_that_starts_anew_every_night_is_not_held);
    tcase_add_test(tests, a_recording_from_the_future_keeps_no_other);
    tcase_add_test(tests, no_row_is_so_late_that_it_is_kept);
    tcase_add_test(tests, a_round_is_made_in_steps_once_a_day);
    tcase_add_test(tests, a_confirmed_time_is_believed_at_once);
    tcase_add_test(tests, a_clock_set_back_extends_nothing);
    tcase_add_test(tests, a_day_off_is_no_jump);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
