/* A purge destroys in windows: one replacement of the root for each, nothing told before it is final, and
 * what it costs is known beforehand. */
#include "household.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
}

static void set_up_file(void)
{
    household_open(&h, HOUSEHOLD_FILE);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

static vpriv_purge_criteria everything(uint32_t window)
{
    return (vpriv_purge_criteria){.struct_size = sizeof(vpriv_purge_criteria),
        .until_us = VPRIV_TIME_FOREVER_US,
        .window = window};
}

static uint64_t generation(void)
{
    return vpi_tree_generation(h.vault->tree);
}

static int64_t living(void)
{
    return household_count(&h, "SELECT count(*) FROM recording WHERE header IS NOT NULL");
}

static void record_many(size_t n)
{
    for (size_t i = 0; i < n; i++)
        household_quick(&h, i % 2 ? h.ada : h.bob);
}

START_TEST(a_window_costs_one_replacement)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_purge_criteria all = everything(20);
    vpriv_recording_id id = household_quick(&h, h.ada);
    record_many(49);
    const uint64_t before = generation();
    ck_ok(vpriv_purge(h.vault, &all, NULL, NULL, &report, &receipt));
    ck_assert_uint_eq(report.n_recordings, 50);
    ck_assert_uint_eq(report.n_root_replacements, 3);
    ck_assert_uint_eq(generation(), before + 3);
    ck_assert(report.is_done && !report.is_cancelled);
    ck_assert_uint_eq(receipt.n_recordings, 50);
    ck_assert_uint_eq(receipt.generation_before, before);
    ck_assert_uint_eq(receipt.generation_after, before + 3);
    ck_assert_int_eq(living(), 0);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_ERASED);
    ck_ok(vpriv_purge(h.vault, &all, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 0);
    ck_assert_uint_eq(generation(), before + 3);
}
END_TEST

START_TEST(only_what_meets_every_criterion_goes)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    const vpriv_recording_id old = household_quick(&h, h.ada);
    const vpriv_recording_id other = household_quick(&h, h.bob);
    household_pass(&h, DAY_US);
    const vpriv_recording_id fresh = household_quick(&h, h.ada);
    vpriv_purge_criteria criteria = everything(0);
    criteria.subject = h.ada;
    criteria.until_us = HOUSEHOLD_START_US + DAY_US / 2;
    ck_ok(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 1);
    ck_fails(household_hear(&h, &old, KEEP), VPRIV_E_ERASED);
    ck_ok(household_hear(&h, &other, KEEP));
    ck_ok(household_hear(&h, &fresh, KEEP));
    criteria = (vpriv_purge_criteria){
        .struct_size = sizeof criteria, .recordings = &fresh, .n_recordings = 1};
    ck_ok(vpriv_recording_restrict(h.vault, &other, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "test", NULL));
    ck_ok(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 1);
    criteria = everything(0);
    ck_ok(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 0);
    ck_assert_uint_eq(report.n_held, 1);
}
END_TEST

START_TEST(bad_criteria_erase_nothing)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    vpriv_recording_id ids[2] = {household_quick(&h, h.ada), {{1}}};
    vpriv_purge_criteria criteria = everything(0);
    criteria.until_us = 0;
    ck_fails(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_purge_estimate(h.vault, &criteria, &cost), VPRIV_E_ARG);
    criteria = everything(VPRIV_PURGE_WINDOW_MAX + 1);
    ck_fails(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL), VPRIV_E_ARG);
    criteria = everything(0);
    criteria.recordings = ids;
    criteria.n_recordings = 2;
    ck_fails(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL), VPRIV_E_ARG);
    criteria.until_us = 0;
    criteria.window = 1;
    ck_fails(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_purge_estimate(h.vault, &criteria, &cost), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(living(), 1);
}
END_TEST

struct watch {
    uint64_t n_calls;
    uint64_t stop_after;
};

/* Told is what is final: the root key in the store is the one of this window already. */
static bool watch_fn(void *user, const vpriv_purge_report *so_far)
{
    struct watch *watch = user;
    watch->n_calls++;
    ck_assert_uint_eq(so_far->n_root_replacements, watch->n_calls);
    ck_assert_int_eq(living(), 30 - (int64_t)so_far->n_recordings);
    household_quick(&h, h.ada); /* the lock is free: recording goes on */
    ck_ok(vpriv_vault_erase_between(
        h.vault, 1, 2, NULL)); /* and so does everything else of this vault */
    household_sql(&h, "UPDATE recording SET header = header"); /* nobody holds the file */
    return watch->n_calls < watch->stop_after;
}

START_TEST(what_was_done_before_a_cancel_stays_done)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    struct watch watch = {0, 1};
    const vpriv_purge_criteria all = everything(10);
    record_many(30);
    ck_ok(vpriv_purge(h.vault, &all, watch_fn, &watch, &report, NULL));
    ck_assert_uint_eq(watch.n_calls, 1);
    ck_assert(report.is_cancelled && !report.is_done);
    ck_assert_uint_eq(report.n_recordings, 10);
    ck_assert_int_eq(living(), 21);
}
END_TEST

static bool never(void *user, const vpriv_purge_report *so_far)
{
    (void)so_far;
    ++*(int *)user;
    return true;
}

START_TEST(nothing_is_told_before_the_root_is_replaced)
{
    vpriv_purge_report report = {.struct_size = sizeof report, .n_recordings = 99};
    int n_calls = 0;
    const vpriv_purge_criteria all = everything(10);
    record_many(20);
    h.cell->refuses = true;
    ck_fails(vpriv_purge(h.vault, &all, never, &n_calls, &report, NULL), VPRIV_E_ROOT);
    ck_assert_int_eq(n_calls, 0);
    ck_assert_uint_eq(report.n_recordings, 0);
    ck_assert_uint_eq(report.n_root_replacements, 0);
    h.cell->refuses = false;
    ck_ok(vpriv_purge(h.vault, &all, never, &n_calls, &report, NULL));
    ck_assert_int_eq(living(), 0);
}
END_TEST

/* Bytes this process has handed to the system to write. */
static uint64_t written(void)
{
    char text[512] = "";
    unsigned long long n = 0;
    const int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    const char *at = strstr(text, "wchar:");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "wchar: %llu", &n), 1);
    return n;
}

/* Sizes of vault and of window, and whether every second recording is somebody else's, or only one in so
 * many is named, or so many of a crowd speak in each. */
static const struct {
    size_t n;
    uint32_t window;
    bool scattered;
    size_t stride;
    uint32_t n_speakers;
} wears[] = {{1, 0, false, 0, 0}, {60, 7, false, 0, 0}, {600, 0, false, 0, 0},
    {600, 200, true, 0, 0}, {3000, 20, false, 60, 0}, {2000, 0, false, 125, VPI_SUBJECTS_MAX}};

static void record_crowds(size_t n, uint32_t n_speakers)
{
    enum { PEOPLE = 193 };
    uint8_t people[PEOPLE][VPRIV_SUBJECT_ID_BYTES];
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person %d", i);
        ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, name, NULL, people[i]));
        household_give(&h, people[i], VPRIV_PURPOSE_KEEP_HISTORY);
    }
    for (size_t i = 0; i < n; i++) {
        vpi_sealer_request request = household_request(people[0]);
        vpi_sealer *sealer = NULL;
        uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
        vpi_block_builder block;
        request.tag.n_subjects = n_speakers;
        for (uint32_t k = 0; k < n_speakers; k++) /* 193 is prime: everybody once */
            memcpy(request.tag.subjects[k], people[(31 * i + k * (1 + i % 11)) % PEOPLE],
                VPRIV_SUBJECT_ID_BYTES);
        ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
        ck_ok(vpi_sealer_commit(sealer));
        vpi_block_clear(&block, 0);
        vpi_block_finish(&block, plain);
        ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
        vpi_sealer_destroy(sealer);
    }
}

static void name_every(size_t stride, vpriv_recording_id *ids_out, size_t n)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(vpi_database_handle(h.vault->database),
            "SELECT name FROM recording WHERE id % ?1 = 0 ORDER BY id DESC", -1, &statement, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(statement, 1, (int64_t)stride);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        memcpy(ids_out[i].bytes, sqlite3_column_blob(statement, 0), sizeof ids_out[i].bytes);
    }
    sqlite3_finalize(statement);
}

START_TEST(the_wear_is_as_estimated)
{
    vpriv_recording_id ids[64];
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    vpriv_purge_criteria criteria = everything(wears[_i].window);
    if (wears[_i].scattered)
        criteria.subject = h.ada;
    if (wears[_i].n_speakers)
        record_crowds(wears[_i].n, wears[_i].n_speakers);
    else
        record_many(wears[_i].n);
    if (wears[_i].stride) {
        criteria = (vpriv_purge_criteria){.struct_size = sizeof criteria,
            .recordings = ids,
            .n_recordings = wears[_i].n / wears[_i].stride,
            .window = wears[_i].window};
        name_every(wears[_i].stride, ids, criteria.n_recordings);
    }
    household_sql(&h, "PRAGMA wal_checkpoint(TRUNCATE)");
    ck_ok(vpriv_purge_estimate(h.vault, &criteria, &cost));
    ck_assert_int_eq(living(), (int64_t)wears[_i].n);
    const uint64_t generation_before = generation();
    const uint64_t before = written();
    ck_ok(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL));
    (void)sqlite3_wal_checkpoint_v2(
        vpi_database_handle(h.vault->database), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    const uint64_t counted = written() - before;
    printf("%zu recordings, %llu windows: %llu bytes counted, %llu estimated\n", wears[_i].n,
        (unsigned long long)cost.n_root_replacements, (unsigned long long)counted,
        (unsigned long long)cost.n_bytes);
    ck_assert_uint_eq(report.n_recordings, cost.n_recordings);
    ck_assert_uint_eq(report.n_root_replacements, cost.n_root_replacements);
    ck_assert_uint_eq(generation() - generation_before, cost.n_root_replacements);
    ck_assert_uint_eq(cost.n_nv_writes, 2 * cost.n_root_replacements);
    ck_assert_uint_gt(counted, 0);
    ck_assert_uint_le(counted, cost.n_bytes);
    ck_assert_uint_le(cost.n_bytes, 4 * counted); /* a bound that says something */
}
END_TEST

static vpriv_space space_of(void)
{
    vpriv_space space = {.struct_size = sizeof space};
    ck_ok(vpriv_vault_space(h.vault, &space));
    return space;
}

static uint64_t tidy_to_the_end(uint32_t n_steps)
{
    uint64_t n_left = 1, n_calls = 0;
    for (; n_left > 0; n_calls++) {
        ck_assert_uint_lt(n_calls, 10000);
        ck_ok(vpriv_vault_tidy(h.vault, n_steps, &n_left));
    }
    return n_calls;
}

/* Space comes back, a few pages a call, while others write in between and keep what they wrote. */
START_TEST(the_file_gets_smaller)
{
    const vpriv_purge_criteria all = everything(0);
    record_many(400);
    vpriv_vault *other = NULL;
    ck_ok(household_open_vault(&h, h.path, &other));
    ck_ok(vpriv_vault_tidy(h.vault, 0, NULL));
    const vpriv_space before = space_of();
    ck_assert(before.can_shrink);
    ck_ok(vpriv_purge(h.vault, &all, NULL, NULL, NULL, NULL));
    const vpriv_recording_id kept = household_record(&h, h.ada);
    uint64_t n_left = 1, smaller = before.file_bytes;
    for (int i = 0; n_left > 0 && i < 10000; i++) {
        ck_ok(vpriv_vault_tidy(h.vault, 1, &n_left));
        ck_assert_uint_eq(space_of().log_bytes, 0);
        ck_assert_uint_ge(space_of().file_bytes + 40 * 4096, smaller); /* a step is a small one */
        smaller = space_of().file_bytes;
        if (i % 100 == 0)
            ck_ok(household_hear_in(other, h.keyring, &kept, KEEP, NULL));
    }
    ck_assert_uint_eq(n_left, 0);
    ck_assert_uint_le(space_of().file_bytes, before.file_bytes / 4);
    ck_assert_uint_le(space_of().free_bytes, 64 * 4096);
    ck_ok(household_hear(&h, &kept, KEEP));
    vpriv_vault_close(other);
    household_reopen(&h);
    ck_ok(household_hear(&h, &kept, KEEP));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM pragma_integrity_check"
                                         " WHERE integrity_check = 'ok'"),
        1);
}
END_TEST

/* As vaults were made before: no pointer maps. */
START_TEST(an_older_vault_keeps_working_and_says_that_it_does_not_shrink)
{
    const vpriv_purge_criteria all = everything(0);
    vpriv_vault_close(h.vault);
    household_sql(&h, "PRAGMA journal_mode=DELETE; PRAGMA auto_vacuum=NONE; VACUUM;"
                      "PRAGMA journal_mode=WAL;");
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_many(200);
    ck_ok(vpriv_purge(h.vault, &all, NULL, NULL, NULL, NULL));
    tidy_to_the_end(100);
    ck_assert(!space_of().can_shrink);
    const vpriv_space before = space_of();
    ck_assert_uint_gt(before.free_bytes, before.file_bytes / 2);
    record_many(100);
    ck_ok(vpriv_vault_tidy(h.vault, 0, NULL));
    ck_assert_uint_le(space_of().file_bytes, before.file_bytes); /* filled again */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: purge");
    TCase *tcase = tcase_create("purge");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_window_costs_one_replacement);
    tcase_add_test(tcase, only_what_meets_every_criterion_goes);
    tcase_add_test(tcase, bad_criteria_erase_nothing);
    tcase_add_test(tcase, what_was_done_before_a_cancel_stays_done);
    tcase_add_test(tcase, nothing_is_told_before_the_root_is_replaced);
    tcase_add_test(tcase, the_file_gets_smaller);
    tcase_add_test(tcase, an_older_vault_keeps_working_and_says_that_it_does_not_shrink);
    suite_add_tcase(suite, tcase);
    TCase *wear = tcase_create("wear");
    tcase_set_timeout(wear, 120);
    tcase_add_checked_fixture(wear, set_up_file, tear_down);
    tcase_add_loop_test(wear, the_wear_is_as_estimated, 0, sizeof wears / sizeof wears[0]);
    suite_add_tcase(suite, wear);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
