/* Nothing is kept longer than was promised, by class, by consent and by purpose. */
#include "passing.h"
#include "vault/header.h"
#include <time.h>

START_TEST(terms_have_names_and_names_have_terms)
{
    static const struct {
        const char *name;
        vpriv_retention retention;
        const char *canonical;
    } good[] = {{"none", VPRIV_RETENTION_NONE, "none"}, {"48h", VPRIV_RETENTION_48_HOURS, "48h"},
        {"until-erased", VPRIV_RETENTION_ERASED_ONLY, "until-erased"},
        {"P2D", VPRIV_RETENTION_48_HOURS, "48h"}, {"PT72H", VPRIV_RETENTION_72_HOURS, "72h"},
        {"P90D", VPRIV_RETENTION_90_DAYS, "90d"}, {"P1Y6M", VPRIV_RETENTION_18_MONTHS, "18months"},
        {"P3Y", VPRIV_RETENTION_36_MONTHS, "36months"}, {"PT1H", VPRIV_RETENTION_HOURS(1), "PT1H"},
        {"PT36H", VPRIV_RETENTION_HOURS(36), "PT36H"}, {"P10D", VPRIV_RETENTION_DAYS(10), "P10D"},
        {"P2W", VPRIV_RETENTION_DAYS(14), "P14D"}, {"P1M", VPRIV_RETENTION_MONTHS(1), "P1M"},
        {"P4000D", VPRIV_RETENTION_DAYS(4000), "P4000D"}, {"PT0S", VPRIV_RETENTION_NONE, "none"}};
    static const char *const unsupported[] = {"P1M1D", "PT30M", "PT10S", "P4001D", "P999999Y"};
    static const char *const unknown[] = {
        "", "48", "P", "10D", "P10", "48H", "P-1D", "P1D ", "p1d"};
    char name[VPRIV_RETENTION_BYTES];
    vpriv_retention retention = VPRIV_RETENTION_NONE;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_ok(vpriv_retention_from_name(good[i].name, &retention));
        ck_assert_msg(retention == good[i].retention, "%s", good[i].name);
        ck_assert_str_eq(vpriv_retention_name(retention, name), good[i].canonical);
    }
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++)
        ck_fails(vpriv_retention_from_name(unsupported[i], &retention), VPRIV_E_UNSUPPORTED);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ck_fails(vpriv_retention_from_name(unknown[i], &retention), VPRIV_E_NOT_FOUND);
    for (int i = 0; i < 0x5000; i++) {
        vpriv_retention again = VPRIV_RETENTION_NONE;
        if (!vpi_retention_is_valid((vpriv_retention)i)) {
            ck_assert_str_eq(vpriv_retention_name((vpriv_retention)i, name), "unknown retention");
            continue;
        }
        ck_ok(vpriv_retention_from_name(vpriv_retention_name((vpriv_retention)i, name), &again));
        ck_assert_int_eq(vpi_retention_end_us(again, HOUSEHOLD_START_US),
            vpi_retention_end_us((vpriv_retention)i, HOUSEHOLD_START_US));
    }
}
END_TEST

/* By the C library's calendar, not ours. */
static int64_t end_of(int64_t started_us, int n_days, int n_months)
{
    const time_t seconds = (time_t)(started_us / SECOND_US);
    struct tm date, asked;
    gmtime_r(&seconds, &date);
    date.tm_mon += n_months;
    asked = date;
    timegm(&date);
    if (date.tm_mon != asked.tm_mon % 12) { /* beyond the month's last day */
        date = asked;
        date.tm_mon++;
        date.tm_mday = 0;
    } else {
        date = asked;
    }
    return (int64_t)timegm(&date) * SECOND_US + started_us % SECOND_US + n_days * DAY_US;
}

typedef struct kept {
    vpriv_recording_id id;
    int64_t until_us;
    bool is_gone;
} kept;

static bool look(void *user, const vpriv_recording_info *info)
{
    kept *all = user;
    for (size_t i = 0;; i++)
        if (memcmp(all[i].id.bytes, info->id.bytes, sizeof info->id.bytes) == 0) {
            ck_assert(!all[i].is_gone);
            ck_assert_int_eq(info->expires_us, all[i].until_us);
            return true;
        }
}

/* Forty months, nine terms: every day exactly those are gone whose time was over. Every day a round looks at all
 * that are kept. */
#ifdef RETENTION_LONG
#define N_IN_FORTY_MONTHS 20000
#elif defined(__SANITIZE_ADDRESS__)
#define N_IN_FORTY_MONTHS 2000
#else
#define N_IN_FORTY_MONTHS 5000
#endif

START_TEST(s9_forty_months_expire_as_a_table_says)
{
    static const struct {
        vpriv_retention retention;
        int n_days, n_months;
    } terms[] = {{VPRIV_RETENTION_48_HOURS, 2, 0}, {VPRIV_RETENTION_72_HOURS, 3, 0},
        {VPRIV_RETENTION_90_DAYS, 90, 0}, {VPRIV_RETENTION_3_MONTHS, 0, 3},
        {VPRIV_RETENTION_18_MONTHS, 0, 18}, {VPRIV_RETENTION_36_MONTHS, 0, 36},
        {VPRIV_RETENTION_DAYS(10), 10, 0}, {VPRIV_RETENTION_MONTHS(1), 0, 1},
        {VPRIV_RETENTION_ERASED_ONLY, 0, 0}};
    const size_t n_days = 1217, n_all = N_IN_FORTY_MONTHS;
    kept *all = calloc(n_all, sizeof *all);
    size_t n = 0, n_left = 0;
    uint64_t n_expired = 0;
    unsigned seed = 4711;
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF"); /* time, not power cuts */
    for (size_t day = 0; day < n_days; day++) {
        for (; n < n_all * (day + 1) / n_days; n++) {
            const size_t t = (size_t)rand_r(&seed) % 9;
            all[n].id = household_quick_for(&h, h.ada, terms[t].retention);
            all[n].until_us = terms[t].retention == VPRIV_RETENTION_ERASED_ONLY
                                  ? VPRIV_TIME_FOREVER_US
                                  : end_of(h.cell->now_us, terms[t].n_days, terms[t].n_months);
            n_left++;
            pass(HOUR_US / 2 + rand_r(&seed) % HOUR_US);
        }
        pass(DAY_US - h.cell->now_us % DAY_US);
        const vpriv_retention_report report = run();
        ck_assert(!report.is_held);
        n_expired += report.n_expired;
        int64_t next_us = VPRIV_TIME_FOREVER_US;
        for (size_t i = 0; i < n; i++) {
            if (!all[i].is_gone && all[i].until_us <= h.cell->now_us) {
                all[i].is_gone = true;
                n_left--;
            }
            if (!all[i].is_gone && all[i].until_us < next_us)
                next_us = all[i].until_us;
        }
        ck_assert_msg(n_kept() == (int64_t)n_left, "day %zu: %lld kept, %zu by the table", day,
            (long long)n_kept(), n_left);
        ck_assert_int_eq(report.next_due_us, next_us);
        if (day % 100 == 0)
            ck_ok(vpriv_recording_list(h.vault, NULL, look, all));
    }
    ck_assert_uint_eq(n, n_all);
    ck_assert_uint_eq(n_expired, n_all - n_left);
    ck_assert_uint_gt(n_expired, n_all * 2 / 3);
    vpriv_verification found = {.struct_size = sizeof found};
    ck_ok(vpriv_vault_verify(h.vault, NULL, NULL, NULL, &found));
    free(all);
}
END_TEST

START_TEST(a_run_is_bounded_and_one_batch_is_one_replacement_of_the_root)
{
    vpriv_vault_info before = {.struct_size = sizeof before}, after = before;
    for (int i = 0; i < 600; i++)
        household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    pass(2 * DAY_US);
    ck_ok(vpriv_vault_about(h.vault, &before));
    const vpriv_retention_report first = run_for(0);
    ck_assert_uint_eq(first.n_expired, 256);
    ck_assert(!first.is_done);
    ck_assert_int_eq(n_kept(), 600 - 256);
    ck_ok(vpriv_vault_about(h.vault, &after));
    ck_assert_uint_eq(after.generation, before.generation + 1);
    ck_assert_uint_eq(run().n_expired, 600 - 256);
    ck_assert_int_eq(n_kept(), 0);
    ck_assert_uint_eq(run().n_expired, 0);
}
END_TEST

START_TEST(what_has_run_out_is_refused_at_once_and_noise_after_the_run)
{
    household_attacker attacker;
    uint8_t shred_key[VPI_KEY_BYTES];
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    config.retention = VPRIV_RETENTION_DAYS(1);
    ck_ok(household_try_record(h.vault, &config, &outcome));
    household_shred_key(&h, &outcome.recording, shred_key);
    household_copy(&h, "before");
    pass(DAY_US - SECOND_US);
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    pass(SECOND_US);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
    household_attack(&h, "before", &attacker);
    ck_assert(household_knows(&attacker, shred_key));
    household_attack_end(&attacker);
    ck_assert_uint_eq(run().n_expired, 1);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_ERASED);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, shred_key));
    household_attack_end(&attacker);
}
END_TEST

/* The shortest of all who speak, and of class and consent. */
START_TEST(a_consents_own_term_ends_the_recording)
{
    give_for(h.bob, KEEP, "P10D");
    uint8_t both[2 * VPRIV_SUBJECT_ID_BYTES];
    memcpy(both, h.ada, VPRIV_SUBJECT_ID_BYTES);
    memcpy(both + VPRIV_SUBJECT_ID_BYTES, h.bob, VPRIV_SUBJECT_ID_BYTES);
    vpriv_recorder_config config = household_config(both, 2);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const int64_t start_us = h.cell->now_us;
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_assert_int_eq(
        about(&outcome.recording).expires_us / SECOND_US, (start_us + 10 * DAY_US) / SECOND_US);
    ck_assert_int_eq(about(&outcome.recording).retention, VPRIV_RETENTION_DAYS(10));
    config.retention = VPRIV_RETENTION_48_HOURS;
    vpriv_outcome shorter = {.struct_size = sizeof shorter};
    ck_ok(household_try_record(h.vault, &config, &shorter));
    ck_assert_int_eq(about(&shorter.recording).retention, VPRIV_RETENTION_48_HOURS);
    for (int i = 0; i < 10; i++)
        pass(DAY_US);
    ck_assert_uint_eq(run().n_expired, 2);
}
END_TEST

START_TEST(a_purpose_ends_before_its_recording_in_every_copy)
{
    household_attacker attacker;
    uint8_t old_key[VPI_KEY_BYTES], new_key[VPI_KEY_BYTES];
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    give_for(h.ada, REVIEW, "P2D");
    ck_ok(household_try_record(h.vault, &config, &outcome));
    const vpriv_recording_id id = outcome.recording;
    const vpriv_recording_id later = household_quick_for(&h, h.ada, VPRIV_RETENTION_90_DAYS);
    ck_assert_uint_eq(about(&id).purposes, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
    ck_ok(household_hear(&h, &id, REVIEW));
    household_shred_key(&h, &id, old_key);
    household_copy(&h, "before");
    pass(DAY_US);
    const vpriv_retention_report early = run();
    ck_assert_uint_eq(early.n_narrowed, 0);
    ck_assert_int_eq(early.next_due_us / SECOND_US, (h.cell->now_us + DAY_US) / SECOND_US);
    pass(DAY_US + SECOND_US);
    /* Refused before anything runs. */
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "kept"));
    ck_ok(household_hear(&h, &id, KEEP));
    const vpriv_retention_report report = run();
    ck_assert_uint_eq(report.n_narrowed, 2);
    ck_assert_uint_eq(report.n_expired, 0);
    ck_assert_uint_eq(about(&id).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_uint_eq(about(&later).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &id, KEEP));
    household_shred_key(&h, &id, new_key);
    ck_assert_mem_ne(new_key, old_key, sizeof new_key);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, old_key));
    ck_assert(household_knows(&attacker, new_key));
    household_attack_end(&attacker);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM term"), 0);
    vpriv_verification found = {.struct_size = sizeof found};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
}
END_TEST

/* Whoever loses two purposes at once stays in the queue of the second, before those who have that one only. */
START_TEST(a_run_is_not_done_while_rows_of_no_use_hide_what_is_due)
{
    const vpriv_purpose improve = VPRIV_PURPOSE_IMPROVE_BY_MACHINE;
    vpriv_retention_report report = {.is_done = false};
    uint64_t n_narrowed = 0;
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    give_for(h.ada, REVIEW, "P2D");
    give_for(h.ada, improve, "P3D");
    for (int i = 0; i < 1100; i++)
        household_quick(&h, h.ada);
    household_withdraw(&h, h.ada, REVIEW);
    const vpriv_recording_id last = household_quick(&h, h.ada);
    ck_assert_uint_eq(about(&last).purposes, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(improve));
    for (int i = 0; i < 3; i++)
        pass(DAY_US);
    for (; !report.is_done; n_narrowed += report.n_narrowed)
        report = run_for(0);
    ck_assert_uint_eq(n_narrowed, 1101);
    ck_assert_uint_eq(about(&last).purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM term"), 0);
}
END_TEST

/* Nobody could open it, and no run would come for it. */
START_TEST(what_loses_its_last_purpose_goes)
{
    household_attacker attacker;
    uint8_t key[VPI_KEY_BYTES];
    vpriv_verification found = {.struct_size = sizeof found};
    give_for(h.ada, REVIEW, "P2D");
    const vpriv_recording_id id = household_quick(&h, h.ada);
    give_for(h.bob, KEEP, "until-erased");
    const vpriv_recording_id other = household_quick(&h, h.bob);
    household_withdraw(&h, h.ada, KEEP);
    for (uint64_t n_left = 1; n_left > 0;)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_assert_int_eq(n_kept(), 2);
    ck_ok(household_hear(&h, &id, REVIEW));
    household_shred_key(&h, &id, key);
    household_copy(&h, "before");
    pass(DAY_US);
    ck_assert_uint_eq(run().n_expired, 0);
    pass(DAY_US);
    const vpriv_retention_report report = run();
    ck_assert_uint_eq(report.n_expired, 1);
    ck_assert_uint_eq(report.n_narrowed, 0);
    ck_assert_int_eq(about(&id).state, VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(about(&other).state, VPRIV_RECORDING_COMMITTED);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
}
END_TEST

START_TEST(a_purpose_that_is_due_is_held_too_while_the_clock_jumps)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    give_for(h.ada, REVIEW, "P2D");
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_assert(!run().is_held);
    household_pass(&h, 7 * DAY_US);
    const vpriv_retention_report held = run();
    ck_assert(held.is_held && held.is_done);
    ck_assert_uint_eq(held.n_narrowed, 0);
    ck_assert_int_le(held.next_due_us, h.cell->now_us);
    ck_assert_uint_eq(
        about(&outcome.recording).purposes, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
    ck_ok(vpriv_retention_trust_clock(h.vault, "owner"));
    ck_assert_uint_eq(run().n_narrowed, 1);
    ck_assert_uint_eq(about(&outcome.recording).purposes, VPRIV_PURPOSE_BIT(KEEP));
}
END_TEST

START_TEST(s9_a_time_is_erased_exactly)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    int64_t at[4];
    vpriv_recording_id ids[4];
    for (int i = 0; i < 4; i++) {
        at[i] = h.cell->now_us;
        ids[i] = household_quick(&h, h.ada);
        pass(DAY_US);
    }
    ck_fails(vpriv_vault_erase_between(h.vault, at[2], at[1], NULL), VPRIV_E_ARG);
    ck_fails(vpriv_vault_erase_between(h.vault, -1, at[1], NULL), VPRIV_E_ARG);
    ck_ok(vpriv_vault_erase_between(h.vault, at[1], at[3], &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(about(&ids[i]).state,
            i == 0 || i == 3 ? VPRIV_RECORDING_COMMITTED : VPRIV_RECORDING_SHREDDED);
}
END_TEST

START_TEST(consents_with_a_bad_term_are_refused)
{
    static const struct {
        const char *retention;
        vpriv_status status;
    } bad[] = {{"none", VPRIV_E_ARG}, {"P1M1D", VPRIV_E_UNSUPPORTED}, {"soon", VPRIV_E_NOT_FOUND}};
    for (size_t i = 0; i < 3; i++)
        ck_fails(household_give_with(
                     &h, h.bob, KEEP, (vpriv_consent_evidence){.retention = bad[i].retention}),
            bad[i].status);
    give_for(h.bob, KEEP, "48h");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: retention");
    TCase *tests = tcase_create("retention");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, terms_have_names_and_names_have_terms);
    tcase_add_test(tests, a_run_is_bounded_and_one_batch_is_one_replacement_of_the_root);
    tcase_add_test(tests, what_has_run_out_is_refused_at_once_and_noise_after_the_run);
    tcase_add_test(tests, a_consents_own_term_ends_the_recording);
    tcase_add_test(tests, a_purpose_ends_before_its_recording_in_every_copy);
    tcase_add_test(tests, a_run_is_not_done_while_rows_of_no_use_hide_what_is_due);
    tcase_add_test(tests, what_loses_its_last_purpose_goes);
    tcase_add_test(tests, a_purpose_that_is_due_is_held_too_while_the_clock_jumps);
    tcase_add_test(tests, s9_a_time_is_erased_exactly);
    tcase_add_test(tests, consents_with_a_bad_term_are_refused);
    suite_add_tcase(suite, tests);
    TCase *months = tcase_create("forty months");
    tcase_add_checked_fixture(months, set_up, tear_down);
    tcase_set_timeout(months, 900);
    tcase_add_test(months, s9_forty_months_expire_as_a_table_says);
    suite_add_tcase(suite, months);
    return unit_main(suite);
}
