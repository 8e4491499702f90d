/* Nothing is kept longer than was promised, by class, by consent and by purpose; a clock that is wrong
 * destroys nothing; what is set aside stays. */
#include "household.h"
#include "vault/header.h"
#include <stdio.h>
#include <time.h>
#include <voicepriv/retention.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW  VPRIV_PURPOSE_HUMAN_REVIEW
#define HOUR_US (3600 * SECOND_US)

/* In the place of the library's own (see vault.mk). */
static int64_t ran_us;
static uint8_t which_start;
static bool is_start_told;
int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out);
int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out)
{
    *is_told_out = is_start_told;
    memset(boot_id_out, which_start, VPI_BOOT_ID_BYTES);
    return ran_us;
}

static household h;

static void set_up(void)
{
    ran_us = HOUR_US;
    which_start = 1;
    is_start_told = true;
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

/* Time passes while the machine runs. */
static void pass(int64_t us)
{
    household_pass(&h, us);
    ran_us += us;
}

static vpriv_retention_report run_for(uint32_t most_ms)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    ck_ok(vpriv_retention_run(h.vault, most_ms, &report));
    return report;
}

static vpriv_retention_report run(void)
{
    vpriv_retention_report all = {.is_done = false};
    while (!all.is_done) {
        const vpriv_retention_report one = run_for(1000);
        const uint64_t n_expired = all.n_expired, n_narrowed = all.n_narrowed;
        all = one;
        all.n_expired += n_expired;
        all.n_narrowed += n_narrowed;
    }
    return all;
}

static int64_t n_kept(void)
{
    return household_count(&h, "SELECT count(*) FROM recording WHERE state IN (2, 3)");
}

static vpriv_recording_info about(const vpriv_recording_id *id)
{
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, id, &info));
    return info;
}

static void give_for(const uint8_t *subject, vpriv_purpose purpose, const char *retention)
{
    ck_ok(household_give_with(
        &h, subject, purpose, (vpriv_consent_evidence){.retention = retention}));
}

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

/* Every day a round looks at all of them; with every access looked at, too, fewer are enough. */
#if defined(__SANITIZE_ADDRESS__)
#define N_IN_FORTY_MONTHS 5000
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define N_IN_FORTY_MONTHS 5000
#endif
#endif
#ifndef N_IN_FORTY_MONTHS
#define N_IN_FORTY_MONTHS 20000
#endif

/* Forty months, twenty thousand recordings, nine terms: every day exactly those are gone whose time was
 * over. */
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
    tcase_add_test(tests, a_clock_that_jumps_destroys_nothing_until_it_is_believed);
    tcase_add_test(tests, a_clock_that_was_ahead_and_is_right_again_destroys_nothing);
    tcase_add_test(tests, a_device_that_starts_anew_every_night_is_not_held);
    tcase_add_test(tests, a_recording_from_the_future_keeps_no_other);
    tcase_add_test(tests, no_row_is_so_late_that_it_is_kept);
    tcase_add_test(tests, a_round_is_made_in_steps_once_a_day);
    tcase_add_test(tests, a_confirmed_time_is_believed_at_once);
    tcase_add_test(tests, a_clock_set_back_extends_nothing);
    tcase_add_test(tests, a_day_off_is_no_jump);
    tcase_add_test(tests, a_consents_own_term_ends_the_recording);
    tcase_add_test(tests, a_purpose_ends_before_its_recording_in_every_copy);
    tcase_add_test(tests, a_run_is_not_done_while_rows_of_no_use_hide_what_is_due);
    tcase_add_test(tests, what_loses_its_last_purpose_goes);
    tcase_add_test(tests, a_purpose_that_is_due_is_held_too_while_the_clock_jumps);
    tcase_add_test(tests, a_dispute_shuts_the_recording_and_stops_its_clock);
    tcase_add_test(tests, a_legal_hold_cannot_be_erased_and_is_seen);
    tcase_add_loop_test(tests, what_is_set_aside_stays_so_whatever_is_put_back, 0, 3);
    tcase_add_test(tests, what_lost_its_consent_during_a_hold_goes_when_it_is_lifted);
    tcase_add_test(tests, no_purpose_of_what_is_set_aside_ends);
    tcase_add_test(tests, setting_aside_is_on_record_and_all_or_none);
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
