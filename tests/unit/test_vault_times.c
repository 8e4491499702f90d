/* Times before 1970 and after 2400, and times in the wrong unit: nowhere do they count as far away. */
#include "household.h"
#include <stdio.h>
#include <unistd.h>

#define KEEP         VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW       VPRIV_PURPOSE_HUMAN_REVIEW
#define YEAR_2401_US (INT64_C(157420) * DAY_US)

/* One microsecond before 1970, the first after 2400, and now in nanoseconds. */
static const int64_t absurd[] = {
    -1, INT64_MIN, YEAR_2401_US, HOUSEHOLD_START_US * 1000, VPRIV_TIME_FOREVER_US - 1};
#define N_ABSURD (sizeof absurd / sizeof *absurd)

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

static bool count(void *user, const vpriv_recording_info *recording)
{
    ck_assert_int_gt(recording->started_us, 0);
    (*(int *)user)++;
    return true;
}

static vpriv_status list(int64_t since_us, int64_t until_us, int *n_out)
{
    const vpriv_recording_filter filter = {
        .struct_size = sizeof filter, .since_us = since_us, .until_us = until_us};
    *n_out = 0;
    return vpriv_recording_list(h.vault, &filter, count, n_out);
}

/* "Everything before now" in nanoseconds would be everything. */
START_TEST(erasing_takes_no_time_out_of_range)
{
    int n = 0;
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (size_t i = 0; i < N_ABSURD; i++) {
        ck_fails(vpriv_vault_erase_before(h.vault, absurd[i], NULL), VPRIV_E_ARG);
        ck_fails(vpriv_vault_erase_between(h.vault, 1, absurd[i], NULL), VPRIV_E_ARG);
        ck_fails(vpriv_vault_erase_between(h.vault, absurd[i], VPRIV_TIME_FOREVER_US, NULL),
            VPRIV_E_ARG);
    }
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_erase_between(h.vault, 1, HOUSEHOLD_START_US - 1, NULL));
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_erase_before(h.vault, YEAR_2401_US - 1, NULL));
    ck_ok(list(0, 0, &n));
    ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(listing_takes_no_time_out_of_range)
{
    int n = 0;
    household_quick(&h, h.ada);
    for (size_t i = 0; i < N_ABSURD; i++) {
        ck_fails(list(absurd[i], 0, &n), VPRIV_E_ARG);
        ck_fails(list(0, absurd[i], &n), VPRIV_E_ARG);
        ck_assert_int_eq(n, 0);
    }
    ck_ok(list(1, YEAR_2401_US - 1, &n));
    ck_assert_int_eq(n, 1);
    ck_ok(list(YEAR_2401_US - 1, VPRIV_TIME_FOREVER_US, &n));
    ck_assert_int_eq(n, 0);
}
END_TEST

static vpriv_status pause_from_to(int64_t from_us, int64_t until_us)
{
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(REVIEW),
        .from_us = from_us,
        .until_us = until_us,
        .actor = "test"};
    return vpriv_pause_begin(h.vault, &pause);
}

static bool count_pause(void *user, const vpriv_pause *pause)
{
    (void)pause;
    (*(int *)user)++;
    return true;
}

START_TEST(pauses_take_no_time_out_of_range)
{
    int n = 0;
    for (size_t i = 0; i < N_ABSURD; i++) {
        ck_fails(pause_from_to(absurd[i], 0), VPRIV_E_ARG);
        ck_fails(pause_from_to(0, absurd[i]), VPRIV_E_ARG);
    }
    ck_ok(vpriv_pause_list(h.vault, count_pause, &n));
    ck_assert_int_eq(n, 0);
    ck_ok(pause_from_to(HOUSEHOLD_START_US + DAY_US, YEAR_2401_US - 1));
    ck_ok(vpriv_pause_list(h.vault, count_pause, &n));
    ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(consents_take_no_time_out_of_range)
{
    const vpriv_consent_evidence good = {.valid_until_us = YEAR_2401_US - 1};
    for (size_t i = 0; i < N_ABSURD; i++)
        ck_fails(household_give_with(
                     &h, h.bob, KEEP, (vpriv_consent_evidence){.valid_until_us = absurd[i]}),
            VPRIV_E_ARG);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM consent_record"), 1);
    ck_ok(household_give_with(&h, h.bob, KEEP, good));
    for (int year = -1; year < 3000; year += year == -1 ? 1900 : year == 1899 ? 501 : 700)
        ck_fails(vpriv_subject_set_birth(h.vault, h.bob, year, 1), VPRIV_E_ARG);
    ck_ok(vpriv_subject_set_birth(h.vault, h.bob, 1900, 1));
    ck_ok(vpriv_subject_set_birth(h.vault, h.bob, 2399, 12));
}
END_TEST

static const int64_t clocks[] = {-1, 0, YEAR_2401_US, VPRIV_TIME_FOREVER_US - 1};
#define N_CLOCKS (sizeof clocks / sizeof *clocks)

/* A clock that says so says nothing: the time stands, everything can be erased, and one that comes back is
 * believed again. */
START_TEST(clock_out_of_range_moves_no_time)
{
    vpriv_recording_info info;
    for (size_t i = 0; i < N_CLOCKS; i++) {
        const int64_t before = h.cell->now_us;
        const vpriv_recording_id old = household_quick(&h, h.ada);
        h.cell->now_us = clocks[i];
        household_reopen(&h);
        const vpriv_recording_id id = household_record(&h, h.ada);
        ck_ok(vpriv_recording_about(h.vault, &id, &info));
        ck_assert_int_le(info.started_us, before);
        ck_assert_int_gt(info.started_us, before - DAY_US);
        ck_ok(household_hear(&h, &id, KEEP));
        ck_ok(vpriv_vault_erase(h.vault, &old, 1, NULL));
        h.cell->now_us = before + SECOND_US;
        household_reopen(&h);
        const vpriv_recording_id later = household_quick(&h, h.ada);
        ck_ok(vpriv_recording_about(h.vault, &later, &info));
        ck_assert_int_eq(info.started_us, before + SECOND_US);
    }
}
END_TEST

/* A vault that has never seen another is not made. */
START_TEST(clock_that_was_never_in_range_makes_no_vault)
{
    for (size_t i = 0; i < N_CLOCKS; i++) {
        char path[PATH_BYTES];
        vpriv_vault *vault = NULL;
        vpriv_keyring *keyring = NULL;
        household_cell cell = {.now_us = clocks[i]};
        vpriv_root_store *root = household_root(&cell);
        const vpriv_vault_options options = {
            .struct_size = sizeof options, .clock = household_clock, .clock_user = &cell};
        household_file(&h, "other", path);
        ck_fails(vpriv_vault_create(path, root, &options, &keyring, &vault), VPRIV_E_ARG);
        ck_assert_ptr_null(vault);
        cell.now_us = HOUSEHOLD_START_US;
        ck_ok(vpriv_vault_create(path, root, &options, &keyring, &vault));
        vpriv_vault_close(vault);
        vpriv_keyring_close(keyring);
        vpriv_root_close(root);
        unlink(path);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: times");
    TCase *tests = tcase_create("times");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, erasing_takes_no_time_out_of_range);
    tcase_add_test(tests, listing_takes_no_time_out_of_range);
    tcase_add_test(tests, pauses_take_no_time_out_of_range);
    tcase_add_test(tests, consents_take_no_time_out_of_range);
    tcase_add_test(tests, clock_out_of_range_moves_no_time);
    tcase_add_test(tests, clock_that_was_never_in_range_makes_no_vault);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
