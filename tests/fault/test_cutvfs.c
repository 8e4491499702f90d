/* Real SQLite on cutvfs: what it promises holds at every cut, what it does not promise is lost. */
#include "fault/cutvfs.h"
#include "unit/unit.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

static void with_disk(void)
{
    cutvfs_install();
}

static void without_disk(void)
{
    cutvfs_uninstall();
}

static bool file_is(const char *path, const char *text)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    return cutvfs_file_bytes(path, &bytes, &n) && n == strlen(text) && memcmp(bytes, text, n) == 0;
}

static bool file_exists(const char *path)
{
    const char *names[16];
    const size_t n = cutvfs_file_names(names, 16);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], path) == 0)
            return true;
    return false;
}

static sqlite3 *open_db(void)
{
    sqlite3 *db = NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    ck_assert_int_eq(sqlite3_open_v2("/vault.db", &db, flags, NULL), SQLITE_OK);
    return db;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

#define run_ok(db, sql)                                                                            \
    do {                                                                                           \
        const int run_rc = run(db, sql);                                                           \
        ck_assert_msg(run_rc == SQLITE_OK, "%s: %d %s", sql, run_rc, sqlite3_errmsg(db));          \
    } while (0)

/* The number an SQL query gives; -1 when it fails. */
static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

static bool is_intact(sqlite3 *db)
{
    return ask(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == 1;
}

static sqlite3 *open_wal(void)
{
    sqlite3 *db = open_db();
    run_ok(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
               "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b)");
    return db;
}

START_TEST(connections_share_a_wal)
{
    sqlite3 *one = open_wal();
    sqlite3 *two = open_wal();
    ck_assert(file_exists("/vault.db-wal"));
    run_ok(two, "BEGIN");
    ck_assert_int_eq(ask(two, "SELECT count(*) FROM t"), 0);
    run_ok(one, "BEGIN IMMEDIATE; INSERT INTO t(b) VALUES('x')");
    ck_assert_int_eq(run(two, "INSERT INTO t(b) VALUES('y')"), SQLITE_BUSY);
    run_ok(one, "COMMIT");
    ck_assert_int_eq(ask(two, "SELECT count(*) FROM t"), 0);
    ck_assert_int_eq(run(two, "INSERT INTO t(b) VALUES('y')"), SQLITE_BUSY);
    run_ok(two, "ROLLBACK; INSERT INTO t(b) VALUES('y')");
    ck_assert_int_eq(ask(one, "SELECT count(*) FROM t"), 2);
    sqlite3_close(one);
    ck_assert(file_exists("/vault.db-wal"));
    sqlite3_close(two);
    ck_assert(!file_exists("/vault.db-wal"));
}
END_TEST

START_TEST(a_reader_holds_up_a_checkpoint)
{
    sqlite3 *one = open_wal();
    sqlite3 *two = open_wal();
    int n_log = 0;
    int n_done = 0;
    run_ok(two, "BEGIN; SELECT * FROM t");
    run_ok(one, "INSERT INTO t(b) VALUES('x')");
    ck_assert_int_eq(
        sqlite3_wal_checkpoint_v2(one, NULL, SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done),
        SQLITE_BUSY);
    run_ok(two, "COMMIT");
    ck_assert_int_eq(
        sqlite3_wal_checkpoint_v2(one, NULL, SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done),
        SQLITE_OK);
    ck_assert(file_is("/vault.db-wal", ""));
    sqlite3_close(one);
    sqlite3_close(two);
}
END_TEST

START_TEST(rollback_mode_locks_exclude_each_other)
{
    sqlite3 *one = open_db();
    sqlite3 *two = open_db();
    run_ok(one, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    run_ok(two, "BEGIN");
    ck_assert_int_eq(ask(two, "SELECT count(*) FROM t"), 0);
    run_ok(one, "BEGIN IMMEDIATE; INSERT INTO t(b) VALUES('x')");
    ck_assert_int_eq(run(two, "INSERT INTO t(b) VALUES('y')"), SQLITE_BUSY);
    ck_assert_int_eq(run(one, "COMMIT"), SQLITE_BUSY);
    sqlite3 *three = open_db();
    ck_assert_int_eq(run(three, "SELECT * FROM t"), SQLITE_BUSY);
    run_ok(two, "COMMIT");
    run_ok(one, "COMMIT");
    ck_assert_int_eq(ask(three, "SELECT count(*) FROM t"), 1);
    sqlite3_close(one);
    sqlite3_close(two);
    sqlite3_close(three);
}
END_TEST

static void *insert_many(void *user)
{
    sqlite3 *db = user;
    for (int i = 0; i < 50; i++)
        if (run(db, "INSERT INTO t(b) VALUES(randomblob(300))") != SQLITE_OK)
            return user;
    return NULL;
}

START_TEST(threads_wait_for_each_other)
{
    sqlite3 *dbs[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        dbs[i] = open_wal();
        sqlite3_busy_timeout(dbs[i], 60000);
    }
    run_ok(dbs[0], "PRAGMA wal_autocheckpoint = 10");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, insert_many, dbs[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        ck_assert_msg(failed == NULL, "%s", sqlite3_errmsg(dbs[i]));
    }
    ck_assert_int_eq(ask(dbs[0], "SELECT count(*) FROM t"), 200);
    ck_assert(is_intact(dbs[0]));
    for (int i = 0; i < 4; i++)
        sqlite3_close(dbs[i]);
}
END_TEST

static const char *const journal_modes[] = {
    "PRAGMA journal_mode = WAL", "PRAGMA journal_mode = DELETE"};

START_TEST(dead_connections_touch_nothing)
{
    sqlite3 *dead = open_db();
    run_ok(dead, journal_modes[_i]);
    run_ok(dead, "PRAGMA synchronous = EXTRA");
    run_ok(dead, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t(b) VALUES('kept')");
    sqlite3 *dead_too = open_db();
    run_ok(dead_too, "SELECT * FROM t");
    run_ok(dead, "BEGIN IMMEDIATE");
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    sqlite3 *alive = open_db();
    run_ok(alive, "INSERT INTO t(b) VALUES('new'); BEGIN IMMEDIATE; INSERT INTO t(b) VALUES('2')");
    const uint64_t events = cutvfs_events();
    const int rc = run(dead, "INSERT INTO t(b) VALUES('ghost')");
    ck_assert(rc != SQLITE_OK || run(dead, "COMMIT") != SQLITE_OK);
    run(dead, "ROLLBACK");
    ck_assert_int_ne(run(dead_too, "INSERT INTO t(b) VALUES('ghost')"), SQLITE_OK);
    ck_assert_int_eq(ask(dead_too, "SELECT count(*) FROM t"), -1);
    ck_assert_int_eq(sqlite3_close(dead), SQLITE_OK);
    ck_assert_uint_eq(cutvfs_events(), events);
    run_ok(alive, "COMMIT");
    ck_assert_int_eq(ask(alive, "SELECT count(*) FROM t"), 3);
    ck_assert(is_intact(alive));
    ck_assert_int_eq(sqlite3_close(alive), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(dead_too), SQLITE_OK);
}
END_TEST

/* ---- Every cut ---- */

enum { N_TRANSACTIONS = 8 };

struct workload {
    const char *pragmas;
    int64_t n_acknowledged;
    int64_t n_attempted;
    uint64_t n_lost; /* trials in which an acknowledged transaction was missing */
    uint64_t n_lost_by_mode[CUTVFS_N_MODES];
    uint64_t n_broken;
    uint64_t n_unfinished; /* trials that lost the transaction under way */
};

/* Transaction i adds row i, rewrites another one and keeps the total: a mix of two would show. */
static int one_transaction(sqlite3 *db, int i)
{
    char sql[512];
    snprintf(sql, sizeof sql,
        "BEGIN IMMEDIATE; INSERT INTO t VALUES(%d, randomblob(3000));"
        "UPDATE t SET b = randomblob(%d) WHERE a = %d;"
        "DELETE FROM u; INSERT INTO u SELECT count(*), sum(length(b)) FROM t; COMMIT",
        i, 700 * i, i / 2);
    return run(db, sql);
}

static void work(void *user)
{
    struct workload *load = user;
    load->n_acknowledged = 0;
    load->n_attempted = 0;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2("/vault.db", &db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        rc = run(db, load->pragmas);
    for (int i = 1; i <= N_TRANSACTIONS && rc == SQLITE_OK; i++) {
        load->n_attempted = i;
        rc = one_transaction(db, i);
        load->n_acknowledged += rc == SQLITE_OK;
        if (rc == SQLITE_OK && i == 3)
            rc = run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
        if (rc == SQLITE_OK && i == 5)
            rc = run(db, "PRAGMA wal_checkpoint(PASSIVE)");
    }
    sqlite3_close(db);
}

static void count_losses(void *user, const struct cutvfs_trial *trial)
{
    struct workload *load = user;
    sqlite3 *db = open_db();
    const int64_t n_rows = ask(db, "SELECT count(*) FROM t");
    const bool whole =
        is_intact(db) && ask(db, "SELECT n_rows = (SELECT count(*) FROM t) AND n_bytes = "
                                 "(SELECT coalesce(sum(length(b)), 0) FROM t) FROM u") == 1;
    const bool lost = n_rows < load->n_acknowledged;
    load->n_broken += !whole || n_rows > load->n_attempted;
    load->n_lost += lost;
    load->n_lost_by_mode[trial->mode] += lost;
    load->n_unfinished += n_rows < load->n_attempted;
    sqlite3_close(db);
}

static uint64_t cut_everywhere(struct workload *load, const char *journal_mode)
{
    sqlite3 *db = open_db();
    run_ok(db, journal_mode);
    run_ok(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE u(n_rows, n_bytes);"
               "INSERT INTO u VALUES(0, 0)");
    sqlite3_close(db);
    struct cutvfs_snapshot *start = cutvfs_snapshot();
    const struct cutvfs_plan plan = {
        .start = start, .work = work, .check = count_losses, .user = load, .n_seeds = 4};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    ck_assert(cutvfs_power_is_on());
    ck_assert_int_eq(load->n_acknowledged, N_TRANSACTIONS);
    cutvfs_snapshot_free(start);
    return n_cuts;
}

/* What SQLite promises it keeps on this disk: the disk is no harsher than POSIX. */
START_TEST(a_full_wal_loses_nothing_at_any_cut)
{
    struct workload load = {.pragmas = "PRAGMA synchronous = FULL"};
    ck_assert_uint_gt(cut_everywhere(&load, journal_modes[0]), 80);
    ck_assert_uint_eq(load.n_broken, 0);
    ck_assert_uint_eq(load.n_lost, 0);
    ck_assert_uint_gt(load.n_unfinished, 0);
}
END_TEST

START_TEST(an_extra_rollback_journal_loses_nothing_at_any_cut)
{
    struct workload load = {.pragmas = "PRAGMA synchronous = EXTRA"};
    ck_assert_uint_gt(cut_everywhere(&load, journal_modes[1]), 80);
    ck_assert_uint_eq(load.n_broken, 0);
    ck_assert_uint_eq(load.n_lost, 0);
    ck_assert_uint_gt(load.n_unfinished, 0);
}
END_TEST

/* What SQLite does not promise is lost here: the disk bites, and each kind of loss for itself. */
START_TEST(a_wal_without_syncs_loses_what_it_acknowledged)
{
    struct workload load = {.pragmas = "PRAGMA synchronous = OFF"};
    cut_everywhere(&load, journal_modes[0]);
    ck_assert_uint_gt(load.n_lost_by_mode[CUTVFS_LOSE_UNSYNCED], 0);
    ck_assert_uint_gt(load.n_lost_by_mode[CUTVFS_TORN], 0);
    ck_assert_uint_gt(load.n_lost_by_mode[CUTVFS_REORDERED], 0);
    ck_assert_uint_eq(load.n_lost_by_mode[CUTVFS_KEEP_ALL], 0);
    ck_assert_uint_gt(load.n_broken, 0);
}
END_TEST

START_TEST(a_normal_wal_loses_the_latest_but_never_breaks)
{
    struct workload load = {.pragmas = "PRAGMA synchronous = NORMAL"};
    cut_everywhere(&load, journal_modes[0]);
    ck_assert_uint_gt(load.n_lost_by_mode[CUTVFS_LOSE_UNSYNCED], 0);
    ck_assert_uint_eq(load.n_lost_by_mode[CUTVFS_KEEP_ALL], 0);
    ck_assert_uint_eq(load.n_broken, 0);
}
END_TEST

/* SQLite syncs the folder after deleting the journal with EXTRA only. */
START_TEST(an_unsynced_journal_deletion_can_undo_the_commit)
{
    struct workload load = {.pragmas = "PRAGMA synchronous = FULL"};
    cut_everywhere(&load, journal_modes[1]);
    ck_assert_uint_gt(load.n_lost_by_mode[CUTVFS_LOSE_UNSYNCED], 0);
    ck_assert_uint_eq(load.n_lost_by_mode[CUTVFS_KEEP_ALL], 0);
    ck_assert_uint_eq(load.n_broken, 0);
}
END_TEST

START_TEST(any_single_failure_leaves_a_whole_database)
{
    static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_FSYNC};
    struct workload load = {.pragmas = "PRAGMA synchronous = FULL"};
    const struct cutvfs_trial after = {.mode = CUTVFS_KEEP_ALL};
    cut_everywhere(&load, journal_modes[0]);
    sqlite3 *db = open_db();
    run_ok(db, "DELETE FROM t; UPDATE u SET n_rows = 0, n_bytes = 0");
    sqlite3_close(db);
    struct cutvfs_snapshot *start = cutvfs_snapshot();
    uint64_t n_failed = 0;
    for (uint64_t event = 1; event < 100; event++) {
        cutvfs_restore(start);
        cutvfs_fail_event(event, codes[event % 3], 0);
        work(&load);
        n_failed += load.n_acknowledged < N_TRANSACTIONS;
        count_losses(&load, &after);
    }
    ck_assert_uint_gt(n_failed, 40);
    ck_assert_uint_eq(load.n_broken, 0);
    ck_assert_uint_eq(load.n_lost, 0);
    cutvfs_snapshot_free(start);
}
END_TEST

START_TEST(sqlite_recovers_from_a_full_disk)
{
    sqlite3 *db = open_wal();
    run_ok(db, "INSERT INTO t(b) VALUES(randomblob(5000))");
    cutvfs_limit_bytes(cutvfs_used_bytes() + 3000);
    ck_assert_int_eq(run(db, "INSERT INTO t(b) VALUES(randomblob(50000))"), SQLITE_FULL);
    cutvfs_limit_bytes(CUTVFS_NO_LIMIT);
    run_ok(db, "INSERT INTO t(b) VALUES(randomblob(50000))");
    ck_assert_int_eq(ask(db, "SELECT count(*) FROM t"), 2);
    ck_assert(is_intact(db));
    sqlite3_close(db);
}
END_TEST

/* A value overwritten, deleted, vacuumed away is gone from the disk but on an old copy of it. */
START_TEST(old_copies_can_be_opened_again)
{
    cutvfs_record_history(true);
    sqlite3 *db = open_wal();
    run_ok(db, "INSERT INTO t(b) VALUES('a text nobody should find')");
    run_ok(db, "DELETE FROM t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
    ck_assert_ptr_nonnull(cutvfs_contains("nobody should find", 18));
    cutvfs_record_history(false);
    struct cutvfs_replay *replay = cutvfs_replay_start();
    const struct cutvfs_snapshot *disk = NULL;
    struct cutvfs_version change;
    unsigned n_with = 0;
    unsigned n_without = 0;
    while (cutvfs_replay_next(replay, &disk, &change)) {
        cutvfs_restore(disk);
        db = open_db();
        const int64_t n_rows = ask(db, "SELECT count(*) FROM t");
        n_with += n_rows == 1;
        n_without += n_rows == 0;
        sqlite3_close(db);
    }
    cutvfs_replay_free(replay);
    ck_assert_uint_gt(n_with, 0);
    ck_assert_uint_gt(n_without, 0);
    cutvfs_install();
    ck_assert_ptr_null(cutvfs_contains("nobody should find", 18));
}
END_TEST

static void add_sqlite_tests(TCase *tests)
{
    tcase_add_test(tests, connections_share_a_wal);
    tcase_add_test(tests, a_reader_holds_up_a_checkpoint);
    tcase_add_test(tests, rollback_mode_locks_exclude_each_other);
    tcase_add_test(tests, threads_wait_for_each_other);
    tcase_add_loop_test(tests, dead_connections_touch_nothing, 0, 2);
    tcase_add_test(tests, a_full_wal_loses_nothing_at_any_cut);
    tcase_add_test(tests, an_extra_rollback_journal_loses_nothing_at_any_cut);
    tcase_add_test(tests, a_wal_without_syncs_loses_what_it_acknowledged);
    tcase_add_test(tests, a_normal_wal_loses_the_latest_but_never_breaks);
    tcase_add_test(tests, an_unsynced_journal_deletion_can_undo_the_commit);
    tcase_add_test(tests, any_single_failure_leaves_a_whole_database);
    tcase_add_test(tests, sqlite_recovers_from_a_full_disk);
    tcase_add_test(tests, old_copies_can_be_opened_again);
}

int main(void)
{
    Suite *suite = suite_create("cutvfs");
    TCase *tests = tcase_create("sqlite");
    tcase_add_checked_fixture(tests, with_disk, without_disk);
    tcase_set_timeout(tests, 120);
    add_sqlite_tests(tests);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
