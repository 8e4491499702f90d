/* Triggers that came to nothing: how many, of which kind, on which day (P5). A count is all that stays, in
 * one row that does not tell how many there are; it reaches the log once, when the day is over; and too
 * many within an hour close the door for every process. */
#include "household.h"
#include "vault/false_wakes.h"
#include <sodium.h>
#include <stdio.h>

#define KEEP     VPRIV_PURPOSE_KEEP_HISTORY
#define HOUR_US  (3600 * SECOND_US)
#define FIRST    (HOUSEHOLD_START_US / DAY_US)
#define LOG_MAX  128
#define MOST_MAX (VPI_BURST_MAX - 1)

static household h;
static vpriv_keyring *credential;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
}

static void tear_down(void)
{
    vpriv_keyring_close(credential);
    household_close(&h);
}

/* Another process, that has a capture credential and no root. */
static vpriv_status try_capture(vpriv_vault **vault_out)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    return vpriv_vault_open_for_capture(h.path, credential, &options, vault_out);
}

static vpriv_vault *capture(void)
{
    vpriv_vault *vault = NULL;
    ck_ok(try_capture(&vault));
    return vault;
}

static vpriv_status try_count(
    vpriv_vault *vault, vpriv_trigger_kind kind, uint32_t most_per_hour, bool *closed_out)
{
    ck_ok(vpi_vault_enter(vault, false));
    vpriv_status st = vpi_vault_begin(vault);
    if (st == VPRIV_OK)
        st = vpi_false_wakes_add(vault, kind, most_per_hour, closed_out);
    if (st == VPRIV_OK)
        st = vpi_vault_commit(vault);
    vpi_vault_leave(vault);
    return st;
}

static void count(vpriv_vault *vault, vpriv_trigger_kind kind, uint32_t n)
{
    bool closed = false;
    for (uint32_t i = 0; i < n; i++)
        ck_ok(try_count(vault, kind, 0, &closed));
    ck_assert(!closed);
}

/* True when it was one too many. */
static bool count_of(vpriv_vault *vault, uint32_t most_per_hour)
{
    bool closed = false;
    ck_ok(try_count(vault, VPRIV_TRIGGER_RAISE, most_per_hour, &closed));
    return closed;
}

static bool is_closed(vpriv_vault *vault)
{
    bool closed = false;
    ck_ok(vpi_false_wakes_closed(vault, &closed));
    return closed;
}

/* ---- What the log says ---- */

struct counts {
    size_t n;
    vpriv_log_entry entries[LOG_MAX];
};

static bool take_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    struct counts *counts = user;
    (void)index;
    if (entry->kind == VPRIV_LOG_FALSE_WAKES) {
        ck_assert_uint_lt(counts->n, LOG_MAX);
        counts->entries[counts->n++] = *entry;
    }
    return true;
}

static const struct counts *logged(void)
{
    static struct counts counts;
    counts.n = 0;
    ck_ok(vpriv_vault_log(h.vault, 0, take_entry, &counts));
    return &counts;
}

static void ck_entry(size_t i, int64_t days, vpriv_trigger_kind kind, uint64_t n)
{
    static const uint8_t nothing[VPRIV_LOG_HASH_BYTES];
    const struct counts *counts = logged();
    ck_assert_uint_lt(i, counts->n);
    const vpriv_log_entry *entry = &counts->entries[i];
    ck_assert_int_eq(entry->time_us, (FIRST + days) * DAY_US);
    ck_assert_str_eq(entry->reason, vpriv_trigger_name(kind));
    ck_assert_uint_eq(entry->count, n);
    ck_assert_str_eq(entry->actor, "device");
    ck_assert_int_eq(entry->purpose, VPRIV_LOG_NO_PURPOSE);
    ck_assert_uint_eq(entry->deny_reasons, 0);
    ck_assert_str_eq(entry->recipient, "");
    ck_assert_mem_eq(entry->recording, nothing, sizeof entry->recording);
    ck_assert_mem_eq(entry->subject, nothing, sizeof entry->subject);
    ck_assert_mem_eq(entry->consent_record, nothing, sizeof entry->consent_record);
    ck_assert_mem_eq(entry->detail_hash, nothing, sizeof entry->detail_hash);
}

static void to_midnight(void)
{
    household_pass(&h, DAY_US - h.cell->now_us % DAY_US);
}

/* ---- Counting ---- */

START_TEST(each_kind_of_each_day_is_counted_and_logged_once_at_the_next_opening)
{
    count(h.vault, VPRIV_TRIGGER_TAP, 2);
    count(h.vault, VPRIV_TRIGGER_WAKE_WORD, 3);
    count(h.vault, VPRIV_TRIGGER_TAP, 1);
    to_midnight();
    household_pass(&h, -1);
    count(h.vault, VPRIV_TRIGGER_VOICE_ACTIVITY, 1);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 0); /* the day is not over */
    household_pass(&h, 1);
    for (int i = 0; i < 3; i++) {
        household_reopen(&h);
        ck_assert_uint_eq(logged()->n, 3);
        ck_entry(0, 0, VPRIV_TRIGGER_TAP, 3);
        ck_entry(1, 0, VPRIV_TRIGGER_WAKE_WORD, 3);
        ck_entry(2, 0, VPRIV_TRIGGER_VOICE_ACTIVITY, 1);
    }
    count(h.vault, VPRIV_TRIGGER_TAP, 5);
    household_pass(&h, 7 * DAY_US);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 4);
    ck_entry(3, 1, VPRIV_TRIGGER_TAP, 5);
}
END_TEST

START_TEST(tidying_logs_the_days_that_are_over)
{
    count(h.vault, VPRIV_TRIGGER_RAISE, 4);
    ck_ok(vpriv_vault_tidy(h.vault, 1, NULL));
    ck_assert_uint_eq(logged()->n, 0);
    to_midnight();
    for (int i = 0; i < 2; i++) {
        ck_ok(vpriv_vault_tidy(h.vault, 1, NULL));
        ck_assert_uint_eq(logged()->n, 1);
        ck_entry(0, 0, VPRIV_TRIGGER_RAISE, 4);
    }
}
END_TEST

START_TEST(the_next_count_of_a_process_with_the_root_logs_them_too)
{
    count(h.vault, VPRIV_TRIGGER_RAISE, 2);
    to_midnight();
    ck_assert_uint_eq(logged()->n, 0);
    count(h.vault, VPRIV_TRIGGER_RAISE, 1);
    ck_assert_uint_eq(logged()->n, 1);
    ck_entry(0, 0, VPRIV_TRIGGER_RAISE, 2);
    to_midnight();
    count(h.vault, VPRIV_TRIGGER_TAP, 1);
    ck_assert_uint_eq(logged()->n, 2);
    ck_entry(1, 1, VPRIV_TRIGGER_RAISE, 1);
}
END_TEST

START_TEST(without_the_root_counts_wait_for_somebody_who_has_it)
{
    vpriv_vault *vault = capture();
    for (int d = 0; d < 2; d++) {
        count(vault, VPRIV_TRIGGER_WAKE_WORD, 2 + (uint32_t)d);
        count(h.vault, VPRIV_TRIGGER_WAKE_WORD, 10); /* both count into the same row */
        count(vault, VPRIV_TRIGGER_TAP, 1);
        if (d == 0) {
            household_pass(&h, 2 * DAY_US);
            count(vault, VPRIV_TRIGGER_TAP, 1);
            ck_assert_uint_eq(logged()->n, 0);
        }
    }
    vpriv_vault_close(vault);
    vault = capture(); /* opening without the root changes nothing */
    vpriv_vault_close(vault);
    ck_assert_uint_eq(logged()->n, 2);
    ck_entry(0, 0, VPRIV_TRIGGER_WAKE_WORD, 12);
    ck_entry(1, 0, VPRIV_TRIGGER_TAP, 1);
    household_pass(&h, DAY_US);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 4);
    ck_entry(2, 2, VPRIV_TRIGGER_TAP, 2);
    ck_entry(3, 2, VPRIV_TRIGGER_WAKE_WORD, 13);
}
END_TEST

/* A capture process does not know what time it was before: its clock may have been wrong for a while. */
START_TEST(a_day_that_is_far_ahead_holds_no_other_up)
{
    vpriv_vault *vault = capture();
    household_pass(&h, 400 * DAY_US);
    count(vault, VPRIV_TRIGGER_TAP, 1);
    vpriv_vault_close(vault);
    household_pass(&h, -398 * DAY_US);
    vault = capture();
    count(vault, VPRIV_TRIGGER_TAP, 3);
    vpriv_vault_close(vault);
    household_pass(&h, -2 * DAY_US);
    vault = capture();
    count(vault, VPRIV_TRIGGER_TAP, 2);
    count(vault, VPRIV_TRIGGER_RAISE, 4);
    vpriv_vault_close(vault);
    household_pass(&h, 3 * DAY_US);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 3);
    ck_entry(0, 0, VPRIV_TRIGGER_TAP, 2);
    ck_entry(1, 0, VPRIV_TRIGGER_RAISE, 4);
    ck_entry(2, 2, VPRIV_TRIGGER_TAP, 3);
    household_pass(&h, 398 * DAY_US);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 4);
    ck_entry(3, 400, VPRIV_TRIGGER_TAP, 1);
}
END_TEST

/* What is more than the row holds goes into the next day of its kind: fewer entries, no fewer counts. */
START_TEST(weeks_without_the_root_lose_no_count)
{
    static const vpriv_trigger_kind kinds[] = {
        VPRIV_TRIGGER_WAKE_WORD, VPRIV_TRIGGER_RAISE, VPRIV_TRIGGER_TAP};
    uint64_t counted[8] = {0}, found[8] = {0};
    vpriv_vault *vault = capture();
    for (uint32_t d = 0; d < 50; d++, household_pass(&h, DAY_US))
        for (uint32_t k = 0; k < 3; k++) {
            count(vault, kinds[k], 1 + (d + k) % 3);
            counted[kinds[k]] += 1 + (d + k) % 3;
        }
    vpriv_vault_close(vault);
    household_reopen(&h);
    const struct counts *counts = logged();
    ck_assert_uint_eq(counts->n, 64);
    for (size_t i = 0; i < counts->n; i++) {
        vpriv_trigger_kind kind;
        ck_ok(vpriv_trigger_from_name(counts->entries[i].reason, &kind));
        found[kind] += counts->entries[i].count;
        ck_assert(i == 0 || counts->entries[i].time_us >= counts->entries[i - 1].time_us);
    }
    for (size_t k = 0; k < 8; k++)
        ck_assert_uint_eq(found[k], counted[k]);
    /* The last days are as they were. */
    for (uint32_t i = 0; i < 60; i++) {
        const uint32_t d = 49 - i / 3, k = 2 - i % 3;
        ck_entry(63 - i, d, kinds[k], 1 + (d + k) % 3);
    }
}
END_TEST

/* ---- One row ---- */

static int64_t row_bytes(void)
{
    uint8_t tag[VPI_TAG_BYTES];
    char hex[2 * VPI_TAG_BYTES + 1], sql[160];
    vpi_blind_tag(h.vault->secrets->policy_key, "policy: false wakes", NULL, 0, tag);
    sodium_bin2hex(hex, sizeof hex, tag, sizeof tag);
    snprintf(sql, sizeof sql, "SELECT total(length(sealed)) FROM policy WHERE tag = x'%s'", hex);
    return household_count(&h, sql);
}

static void ck_row(int64_t size)
{
    /* The head and two people have rows, too. */
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM policy"), 4);
    ck_assert_int_eq(row_bytes(), size);
}

START_TEST(the_row_has_one_size_whatever_is_in_it)
{
    vpriv_vault *vault = capture();
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM policy"), 3);
    count(vault, VPRIV_TRIGGER_TAP, 1);
    const int64_t size = row_bytes();
    ck_assert_int_gt(size, 0);
    for (int i = 0; i < 100; i++, household_pass(&h, DAY_US / 4)) {
        count(vault, VPRIV_TRIGGER_TAP, 1);
        count(vault, VPRIV_TRIGGER_WAKE_WORD, 1);
        count(vault, VPRIV_TRIGGER_VOICE_ACTIVITY, 1);
        (void)count_of(vault, 5);
        ck_row(size);
    }
    for (int i = 0; i < 70; i++)
        (void)count_of(vault, MOST_MAX);
    ck_row(size);
    ck_ok(vpi_false_wakes_reopen(vault));
    ck_row(size);
    vpriv_vault_close(vault);
    household_pass(&h, DAY_US);
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 64);
    ck_row(size); /* also with nothing in it */
}
END_TEST

/* ---- Too many ---- */

START_TEST(one_too_many_within_an_hour_closes_and_is_reported_once)
{
    static const uint32_t mosts[] = {1, 2, 6, MOST_MAX};
    for (size_t m = 0; m < sizeof mosts / sizeof mosts[0]; m++) {
        for (uint32_t i = 0; i < mosts[m]; i++, household_pass(&h, SECOND_US)) {
            ck_assert(!count_of(h.vault, mosts[m]));
            ck_assert(!is_closed(h.vault));
        }
        ck_assert(count_of(h.vault, mosts[m]));
        for (int i = 0; i < 70; i++) {
            ck_assert(is_closed(h.vault));
            ck_assert(!count_of(h.vault, mosts[m]));
        }
        household_pass(&h, 2 * HOUR_US); /* time alone does not open it */
        ck_assert(is_closed(h.vault));
        ck_assert(!count_of(h.vault, mosts[m]));
        ck_ok(vpi_false_wakes_reopen(h.vault));
    }
}
END_TEST

START_TEST(what_is_an_hour_old_does_not_count)
{
    const int64_t began_us = h.cell->now_us;
    ck_assert(!count_of(h.vault, 2));
    household_pass(&h, HOUR_US / 2);
    ck_assert(!count_of(h.vault, 2));
    household_pass(&h, HOUR_US / 2); /* the first is as old as that now */
    ck_assert(!count_of(h.vault, 2));
    household_pass(&h, HOUR_US / 2 - 1); /* the second nearly */
    ck_assert_int_eq(h.cell->now_us, began_us + 3 * HOUR_US / 2 - 1);
    ck_assert(count_of(h.vault, 2));
    ck_assert(is_closed(h.vault));
}
END_TEST

START_TEST(without_a_limit_nothing_closes)
{
    for (int i = 0; i < 3 * VPI_BURST_MAX; i++)
        ck_assert(!count_of(h.vault, 0));
    ck_assert(!is_closed(h.vault));
    ck_assert(!count_of(h.vault, 1)); /* and nothing was noted for one */
    ck_assert(count_of(h.vault, 1));
}
END_TEST

START_TEST(closed_is_closed_for_every_process_until_the_person_acts)
{
    vpriv_vault *vault = capture();
    ck_assert(!count_of(vault, 1));
    ck_assert(count_of(h.vault, 1)); /* one count for all of them */
    ck_assert(is_closed(vault));
    vpriv_vault_close(vault);
    household_reopen(&h);
    ck_assert(is_closed(h.vault));
    to_midnight();
    household_reopen(&h); /* moving counts into the log leaves it closed */
    ck_assert_uint_eq(logged()->n, 1);
    ck_assert(is_closed(h.vault));
    vault = capture();
    ck_assert(is_closed(vault));
    ck_ok(vpi_false_wakes_reopen(vault));
    ck_assert(!is_closed(vault));
    ck_assert(!is_closed(h.vault));
    /* The hour begins anew, too. */
    ck_assert(!count_of(h.vault, 1));
    ck_assert(count_of(vault, 1));
    vpriv_vault_close(vault);
    household_reopen(&h);
    ck_assert(is_closed(h.vault));
    ck_ok(vpi_false_wakes_reopen(h.vault));
    household_reopen(&h);
    ck_assert(!is_closed(h.vault));
    /* Acting forgets no count. */
    to_midnight();
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 2);
    ck_entry(0, 0, VPRIV_TRIGGER_RAISE, 2);
    ck_entry(1, 1, VPRIV_TRIGGER_RAISE, 2);
}
END_TEST

/* ---- A trigger of a recorder ---- */

static void reject_one(vpriv_vault *vault, vpriv_trigger_kind kind, uint32_t most, bool *closed_out)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES] = {0};
    vpi_sealer_request request = household_request(h.ada);
    vpi_sealer *sealer = NULL;
    request.tag.trigger = kind;
    ck_ok(vpi_sealer_create(vault, &request, &sealer));
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_ok(vpi_sealer_reject(sealer, most, closed_out));
    vpi_sealer_destroy(sealer);
}

START_TEST(a_rejected_recording_counts_once_and_one_that_is_given_up_does_not)
{
    vpriv_vault *vault = capture();
    vpi_sealer *sealer = NULL;
    const vpi_sealer_request request = household_request(h.ada);
    const uint8_t plain[VPI_BLOCK_PLAIN_BYTES] = {0};
    bool closed = false;
    reject_one(h.vault, VPRIV_TRIGGER_WAKE_WORD, 1, &closed);
    ck_assert(!closed);
    reject_one(vault, VPRIV_TRIGGER_WAKE_WORD, 1, &closed);
    ck_assert(closed);
    ck_assert(is_closed(h.vault));
    ck_ok(vpi_sealer_create(vault, &request, &sealer));
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    vpi_sealer_destroy(sealer);
    vpriv_vault_close(vault);
    to_midnight();
    household_reopen(&h);
    ck_assert_uint_eq(logged()->n, 1);
    ck_entry(0, 0, VPRIV_TRIGGER_WAKE_WORD, 2);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
}
END_TEST

/* ---- Damage ---- */

struct findings {
    uint64_t n;
    bool names_it;
};

static void take_finding(void *user, const char *text)
{
    struct findings *findings = user;
    findings->n++;
    findings->names_it = findings->names_it || strstr(text, "false wakes");
}

/* One bit of the row's byte. */
static void flip(size_t byte, int bit)
{
    uint8_t tag[VPI_TAG_BYTES], sealed[8192];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    vpi_blind_tag(h.vault->secrets->policy_key, "policy: false wakes", NULL, 0, tag);
    ck_assert_int_eq(sqlite3_open(h.path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    sqlite3_prepare_v2(database, "SELECT sealed FROM policy WHERE tag = ?1", -1, &statement, NULL);
    sqlite3_bind_blob(statement, 1, tag, VPI_TAG_BYTES, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int n = sqlite3_column_bytes(statement, 0);
    ck_assert_uint_le((size_t)n, sizeof sealed);
    memcpy(sealed, sqlite3_column_blob(statement, 0), (size_t)n);
    sqlite3_finalize(statement);
    sealed[byte % (size_t)n] ^= (uint8_t)(1 << bit);
    sqlite3_prepare_v2(
        database, "UPDATE policy SET sealed = ?1 WHERE tag = ?2", -1, &statement, NULL);
    sqlite3_bind_blob(statement, 1, sealed, n, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, tag, VPI_TAG_BYTES, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
    ck_assert_int_eq(sqlite3_changes(database), 1);
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

static struct findings verify(void)
{
    struct findings findings = {.n = 0};
    vpriv_verification found = {.struct_size = sizeof found};
    const vpriv_status st = vpriv_vault_verify(h.vault, h.keyring, take_finding, &findings, &found);
    ck_assert_int_eq(st, findings.n > 0 ? VPRIV_E_AUTH : VPRIV_OK);
    return findings;
}

START_TEST(a_changed_row_is_noticed_and_named)
{
    static const size_t bytes[] = {0, 1, 30, 300, 900, SIZE_MAX};
    vpriv_vault *vault = NULL;
    bool closed = false;
    ck_assert_uint_eq(verify().n, 0);
    count(h.vault, VPRIV_TRIGGER_TAP, 3);
    ck_assert_uint_eq(verify().n, 0);
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        const int bit = (int)(3 * i % 8);
        flip(bytes[i], bit);
        const struct findings findings = verify();
        ck_assert_uint_eq(findings.n, 1);
        ck_assert(findings.names_it);
        /* Nobody is kept from anything, but triggers with a limit are refused. */
        ck_ok(try_count(h.vault, VPRIV_TRIGGER_TAP, 1, &closed));
        ck_assert(!closed);
        ck_fails(vpi_false_wakes_closed(h.vault, &closed), VPRIV_E_AUTH);
        ck_ok(vpriv_vault_tidy(h.vault, 1, NULL));
        ck_ok(try_capture(&vault));
        vpriv_vault_close(vault);
        ck_ok(household_open_vault(&h, h.path, &vault));
        vpriv_vault_close(vault);
        ck_assert(verify().names_it);
        flip(bytes[i], bit);
        ck_assert_uint_eq(verify().n, 0);
    }
    to_midnight();
    household_reopen(&h);
    ck_entry(0, 0, VPRIV_TRIGGER_TAP, 3);
    /* The person's act mends it. */
    count(h.vault, VPRIV_TRIGGER_TAP, 1);
    flip(0, 0);
    ck_ok(vpi_false_wakes_reopen(h.vault));
    ck_ok(vpi_false_wakes_closed(h.vault, &closed));
    ck_assert(!closed);
    ck_assert_uint_eq(verify().n, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: false wakes");
    TCase *tcase = tcase_create("false wakes");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, each_kind_of_each_day_is_counted_and_logged_once_at_the_next_opening);
    tcase_add_test(tcase, tidying_logs_the_days_that_are_over);
    tcase_add_test(tcase, the_next_count_of_a_process_with_the_root_logs_them_too);
    tcase_add_test(tcase, without_the_root_counts_wait_for_somebody_who_has_it);
    tcase_add_test(tcase, a_day_that_is_far_ahead_holds_no_other_up);
    tcase_add_test(tcase, weeks_without_the_root_lose_no_count);
    tcase_add_test(tcase, the_row_has_one_size_whatever_is_in_it);
    tcase_add_test(tcase, one_too_many_within_an_hour_closes_and_is_reported_once);
    tcase_add_test(tcase, what_is_an_hour_old_does_not_count);
    tcase_add_test(tcase, without_a_limit_nothing_closes);
    tcase_add_test(tcase, closed_is_closed_for_every_process_until_the_person_acts);
    tcase_add_test(tcase, a_rejected_recording_counts_once_and_one_that_is_given_up_does_not);
    tcase_add_test(tcase, a_changed_row_is_noticed_and_named);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
