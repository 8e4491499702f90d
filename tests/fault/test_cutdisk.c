/* The disk of cutvfs by itself, through the methods of the VFS. */
#include "fault/cutvfs.h"
#include "unit/unit.h"
#include <sqlite3.h>

static void with_disk(void)
{
    cutvfs_install();
}

static void without_disk(void)
{
    cutvfs_uninstall();
}

enum { DB_FLAGS = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE };

static sqlite3_file *open_file(const char *path, int more_flags)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_file *file = malloc((size_t)vfs->szOsFile);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(vfs->xOpen(vfs, path, file, DB_FLAGS | more_flags, NULL), SQLITE_OK);
    return file;
}

static void close_file(sqlite3_file *file)
{
    ck_assert_int_eq(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

static int put(sqlite3_file *file, const char *text, sqlite3_int64 offset)
{
    return file->pMethods->xWrite(file, text, (int)strlen(text), offset);
}

static int sync_file(sqlite3_file *file)
{
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static int delete_file(const char *path, int sync_directory)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    return vfs->xDelete(vfs, path, sync_directory);
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

/* A file with synced "old" and pending "new" over it. */
static sqlite3_file *old_and_new(void)
{
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    ck_assert_int_eq(put(file, "old", 0), SQLITE_OK);
    ck_assert_int_eq(sync_file(file), SQLITE_OK);
    ck_assert_int_eq(put(file, "new", 0), SQLITE_OK);
    return file;
}

START_TEST(unsynced_writes_live_by_the_mode)
{
    sqlite3_file *file = old_and_new();
    cutvfs_power_on(CUTVFS_KEEP_ALL, 0);
    ck_assert(file_is("f", "new"));
    close_file(file);

    cutvfs_install();
    file = old_and_new();
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "old"));
    close_file(file);
}
END_TEST

START_TEST(what_was_kept_once_is_durable)
{
    sqlite3_file *file = old_and_new();
    cutvfs_power_on(CUTVFS_KEEP_ALL, 0);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "new"));
    close_file(file);
}
END_TEST

START_TEST(a_torn_write_ends_at_a_sector_border)
{
    char ones[3000];
    memset(ones, '1', sizeof ones);
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    ck_assert_int_eq(put(file, "early", 0), SQLITE_OK);
    ck_assert_int_eq(file->pMethods->xWrite(file, ones, sizeof ones, 100), SQLITE_OK);
    cutvfs_power_on(CUTVFS_TORN, 0);
    uint8_t *bytes = NULL;
    size_t n = 0;
    ck_assert(cutvfs_file_bytes("f", &bytes, &n));
    ck_assert_uint_eq(n, 1536);
    ck_assert_mem_eq(bytes, "early", 5);
    ck_assert_int_eq(bytes[1535], '1');
    close_file(file);
}
END_TEST

START_TEST(a_torn_write_within_a_sector_is_lost_whole)
{
    sqlite3_file *file = old_and_new();
    ck_assert_int_eq(put(file, "last", 600), SQLITE_OK);
    cutvfs_power_on(CUTVFS_TORN, 0);
    ck_assert(file_is("f", "new"));
    close_file(file);
}
END_TEST

/* Three pending writes, one byte each: every subset comes up, by seed, and the same one again. */
START_TEST(reordering_keeps_any_subset_and_repeats_by_seed)
{
    bool seen[8] = {false};
    unsigned first_round[64];
    for (unsigned round = 0; round < 128; round++) {
        cutvfs_install();
        sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
        put(file, "...", 0);
        sync_file(file);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(put(file, "x", i), SQLITE_OK);
        cutvfs_power_on(CUTVFS_REORDERED, round % 64);
        uint8_t *bytes = NULL;
        size_t n = 0;
        ck_assert(cutvfs_file_bytes("f", &bytes, &n));
        ck_assert_uint_eq(n, 3);
        const unsigned subset =
            (bytes[0] == 'x' ? 1U : 0U) | (bytes[1] == 'x' ? 2U : 0U) | (bytes[2] == 'x' ? 4U : 0U);
        seen[subset] = true;
        if (round < 64)
            first_round[round] = subset;
        else
            ck_assert_uint_eq(subset, first_round[round - 64]);
        close_file(file);
    }
    for (unsigned subset = 0; subset < 8; subset++)
        ck_assert_msg(seen[subset], "subset %u never came", subset);
}
END_TEST

START_TEST(a_new_file_vanishes_unless_synced)
{
    sqlite3_file *synced = open_file("synced", SQLITE_OPEN_CREATE);
    sqlite3_file *unsynced = open_file("unsynced", SQLITE_OPEN_CREATE);
    put(unsynced, "text", 0);
    sync_file(synced);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_exists("synced"));
    ck_assert(!file_exists("unsynced"));
    close_file(synced);
    close_file(unsynced);
}
END_TEST

START_TEST(a_deleted_file_comes_back_unless_the_folder_was_synced)
{
    close_file(old_and_new());
    ck_assert_int_eq(delete_file("f", 0), SQLITE_OK);
    ck_assert(!file_exists("f"));
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "old"));
    ck_assert_int_eq(delete_file("f", 1), SQLITE_OK);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(!file_exists("f"));
    ck_assert_int_eq(delete_file("f", 1), SQLITE_IOERR_DELETE_NOENT);
}
END_TEST

START_TEST(a_synced_successor_ends_the_deleted_file)
{
    close_file(old_and_new());
    delete_file("f", 0);
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    put(file, "second", 0);
    sync_file(file);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "second"));
    ck_assert_uint_eq(cutvfs_file_names(NULL, 0), 1);
    close_file(file);
}
END_TEST

/* Deleted "old", unsynced "second": old, nothing or second come up by seed, never two. */
START_TEST(reordered_names_are_never_half_there)
{
    unsigned n_old = 0;
    unsigned n_none = 0;
    unsigned n_second = 0;
    for (uint64_t seed = 0; seed < 64; seed++) {
        cutvfs_install();
        close_file(old_and_new());
        cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
        delete_file("f", 0);
        close_file(open_file("f", SQLITE_OPEN_CREATE));
        cutvfs_power_on(CUTVFS_REORDERED, seed);
        ck_assert_uint_le(cutvfs_file_names(NULL, 0), 1);
        n_old += file_is("f", "old");
        n_second += file_is("f", "");
        n_none += !file_exists("f");
    }
    ck_assert_uint_eq(n_old + n_none + n_second, 64);
    ck_assert(n_old > 0 && n_none > 0 && n_second > 0);
}
END_TEST

START_TEST(every_change_is_one_event)
{
    const uint64_t start = cutvfs_events();
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    ck_assert_uint_eq(cutvfs_events(), start + 1);
    close_file(open_file("f", SQLITE_OPEN_CREATE));
    ck_assert_uint_eq(cutvfs_events(), start + 1);
    put(file, "text", 0);
    file->pMethods->xTruncate(file, 2);
    sync_file(file);
    ck_assert_uint_eq(cutvfs_events(), start + 4);
    delete_file("f", 0);
    ck_assert(cutvfs_external_event());
    ck_assert_uint_eq(cutvfs_events(), start + 6);
    close_file(file);
}
END_TEST

START_TEST(after_the_cut_nothing_works)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    char byte = 0;
    int there = 0;
    sqlite3_int64 size = 0;
    cutvfs_cut_after(2);
    ck_assert_int_eq(put(file, "1", 0), SQLITE_OK);
    ck_assert(cutvfs_power_is_on());
    ck_assert_int_eq(put(file, "2", 1), SQLITE_OK);
    ck_assert(!cutvfs_power_is_on());
    const uint64_t events = cutvfs_events();
    ck_assert_int_eq(put(file, "3", 2), SQLITE_IOERR);
    ck_assert_int_eq(sync_file(file), SQLITE_IOERR);
    ck_assert_int_eq(file->pMethods->xTruncate(file, 0), SQLITE_IOERR);
    ck_assert_int_eq(file->pMethods->xRead(file, &byte, 1, 0), SQLITE_IOERR);
    ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_IOERR);
    ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_IOERR);
    ck_assert_int_eq(delete_file("f", 1), SQLITE_IOERR);
    ck_assert_int_eq(vfs->xAccess(vfs, "f", SQLITE_ACCESS_EXISTS, &there), SQLITE_IOERR);
    ck_assert(!cutvfs_external_event());
    ck_assert_uint_eq(cutvfs_events(), events);
    cutvfs_power_on(CUTVFS_KEEP_ALL, 0);
    ck_assert(file_is("f", "12"));
    ck_assert_int_eq(put(file, "3", 2), SQLITE_IOERR);
    ck_assert(file_is("f", "12"));
    close_file(file);
}
END_TEST

START_TEST(one_event_fails_and_the_next_works)
{
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    cutvfs_fail_event(2, SQLITE_IOERR_WRITE, 0);
    ck_assert_int_eq(put(file, "a", 0), SQLITE_OK);
    ck_assert_int_eq(put(file, "b", 1), SQLITE_IOERR_WRITE);
    ck_assert(file_is("f", "a"));
    ck_assert_int_eq(put(file, "b", 1), SQLITE_OK);
    cutvfs_fail_event(1, SQLITE_IOERR, 0);
    ck_assert(!cutvfs_external_event());
    ck_assert(cutvfs_external_event());
    close_file(file);
}
END_TEST

START_TEST(a_failed_sync_can_be_repeated)
{
    sqlite3_file *file = old_and_new();
    cutvfs_fail_event(1, SQLITE_IOERR_FSYNC, 0);
    ck_assert_int_eq(sync_file(file), SQLITE_IOERR_FSYNC);
    ck_assert_int_eq(sync_file(file), SQLITE_OK);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "new"));
    close_file(file);
}
END_TEST

START_TEST(a_failed_sync_can_lose_its_pages_silently)
{
    sqlite3_file *file = old_and_new();
    char text[3];
    cutvfs_fail_event(1, SQLITE_IOERR_FSYNC, CUTVFS_LOSE_PAGES);
    ck_assert_int_eq(sync_file(file), SQLITE_IOERR_FSYNC);
    ck_assert_int_eq(sync_file(file), SQLITE_OK);
    ck_assert_int_eq(file->pMethods->xRead(file, text, 3, 0), SQLITE_OK);
    ck_assert_mem_eq(text, "new", 3);
    cutvfs_power_on(CUTVFS_KEEP_ALL, 0);
    ck_assert(file_is("f", "old"));
    close_file(file);
}
END_TEST

START_TEST(a_full_disk_refuses_growth_only)
{
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    put(file, "1234", 0);
    ck_assert_uint_eq(cutvfs_used_bytes(), 4);
    cutvfs_limit_bytes(6);
    const uint64_t events = cutvfs_events();
    ck_assert_int_eq(put(file, "567", 4), SQLITE_FULL);
    ck_assert_uint_eq(cutvfs_events(), events);
    ck_assert_int_eq(put(file, "56", 4), SQLITE_OK);
    ck_assert_int_eq(put(file, "abcdef", 0), SQLITE_OK);
    file->pMethods->xTruncate(file, 2);
    ck_assert_int_eq(put(file, "cd", 2), SQLITE_OK);
    ck_assert_uint_eq(cutvfs_used_bytes(), 4);
    close_file(file);
    delete_file("f", 1);
    ck_assert_uint_eq(cutvfs_used_bytes(), 0);
}
END_TEST

START_TEST(used_bytes_follow_power_loss_and_restore)
{
    sqlite3_file *file = old_and_new();
    put(file, "more", 3);
    struct cutvfs_snapshot *snapshot = cutvfs_snapshot();
    ck_assert_uint_eq(cutvfs_used_bytes(), 7);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert_uint_eq(cutvfs_used_bytes(), 3);
    close_file(file);
    ck_assert_uint_eq(cutvfs_used_bytes(), 3);
    cutvfs_restore(snapshot);
    ck_assert_uint_eq(cutvfs_used_bytes(), 7);
    cutvfs_snapshot_free(snapshot);
}
END_TEST

START_TEST(a_copy_brings_everything_back)
{
    sqlite3_file *file = old_and_new();
    struct cutvfs_snapshot *snapshot = cutvfs_snapshot();
    delete_file("f", 1);
    cutvfs_file_put("g", "other", 5);
    cutvfs_cut_after(0);
    cutvfs_restore(snapshot);
    ck_assert(cutvfs_power_is_on());
    ck_assert(file_is("f", "new"));
    ck_assert(!file_exists("g"));
    ck_assert_int_eq(put(file, "dead", 0), SQLITE_IOERR);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "new"));
    const uint8_t *bytes = NULL;
    size_t n = 0;
    ck_assert(cutvfs_snapshot_file(snapshot, "f", &bytes, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert(!cutvfs_snapshot_file(snapshot, "g", &bytes, &n));
    close_file(file);
    cutvfs_snapshot_free(snapshot);
}
END_TEST

START_TEST(tampering_survives_power_loss)
{
    sqlite3_file *file = old_and_new();
    uint8_t *bytes = NULL;
    size_t n = 0;
    ck_assert(cutvfs_file_bytes("f", &bytes, &n));
    bytes[0] = 'N';
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "New"));
    close_file(file);
    cutvfs_file_put("f", "put", 3);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(file_is("f", "put"));
    delete_file("f", 0);
    cutvfs_file_put("f", "again", 5);
    ck_assert(cutvfs_file_remove("f"));
    ck_assert(!cutvfs_file_remove("f"));
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(!file_exists("f"));
    ck_assert(!cutvfs_file_bytes("f", &bytes, &n));
}
END_TEST

START_TEST(history_keeps_every_version)
{
    sqlite3_file *file = open_file("f", SQLITE_OPEN_CREATE);
    put(file, "................before", 0);
    cutvfs_record_history(true);
    put(file, "SEC", 16);
    put(file, "RET", 19);
    put(file, "gone__", 16);
    file->pMethods->xTruncate(file, 1);
    cutvfs_record_history(false);
    put(file, "later", 0);
    struct cutvfs_version version;
    ck_assert(cutvfs_history(2, &version));
    ck_assert_int_eq(version.change, CUTVFS_WROTE);
    ck_assert_str_eq(version.path, "f");
    ck_assert_mem_eq(version.bytes, "SEC", 3);
    ck_assert(cutvfs_history(5, &version));
    ck_assert_int_eq(version.change, CUTVFS_TRUNCATED);
    ck_assert_uint_eq(version.event + 1, cutvfs_events());
    ck_assert(!cutvfs_history(6, &version));
    ck_assert_ptr_nonnull(cutvfs_contains("before", 6));
    ck_assert_str_eq(cutvfs_contains("SECRET", 6), "f");
    ck_assert_ptr_nonnull(cutvfs_contains("SECore", 6));
    ck_assert_ptr_nonnull(cutvfs_contains("later", 5));
    ck_assert_ptr_null(cutvfs_contains("gone__later", 11));
    ck_assert_ptr_null(cutvfs_contains("SECRETS", 7));
    close_file(file);
}
END_TEST

START_TEST(history_sees_temporary_files_and_what_is_only_durable)
{
    cutvfs_record_history(true);
    sqlite3_file *file = open_file(NULL, SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE);
    const uint64_t events = cutvfs_events();
    put(file, "spilled", 0);
    ck_assert_uint_eq(cutvfs_events(), events);
    close_file(file);
    ck_assert_str_eq(cutvfs_contains("spilled", 7), "(temporary)");
    ck_assert_uint_eq(cutvfs_used_bytes(), 0);
    cutvfs_install();
    ck_assert_ptr_null(cutvfs_contains("spilled", 7));
    file = old_and_new();
    ck_assert_ptr_nonnull(cutvfs_contains("old", 3));
    close_file(file);
}
END_TEST

START_TEST(the_first_sync_of_a_journal_syncs_all_names)
{
    close_file(old_and_new());
    delete_file("f", 0);
    close_file(open_file("g", SQLITE_OPEN_CREATE));
    sqlite3_file *journal = open_file("j", SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL);
    sync_file(journal);
    delete_file("g", 0);
    sync_file(journal);
    cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 0);
    ck_assert(!file_exists("f"));
    ck_assert(file_exists("g"));
    ck_assert(file_exists("j"));
    close_file(journal);
}
END_TEST

struct tried {
    sqlite3_int64 n_written;
    uint64_t n_checked;
    uint64_t n_wrong;
};

static void write_five(void *user)
{
    struct tried *tried = user;
    tried->n_written = 0;
    if (!cutvfs_power_is_on())
        return;
    sqlite3_file *file = open_file("f", 0);
    while (tried->n_written < 5 && put(file, "x", tried->n_written) == SQLITE_OK)
        tried->n_written++;
    close_file(file);
}

static void check_written(void *user, const struct cutvfs_trial *trial)
{
    struct tried *tried = user;
    uint8_t *bytes = NULL;
    size_t n = 0;
    ck_assert(cutvfs_file_bytes("f", &bytes, &n));
    tried->n_checked++;
    tried->n_wrong += (uint64_t)tried->n_written != trial->cut ||
                      (trial->mode == CUTVFS_KEEP_ALL && n != trial->cut) ||
                      (trial->mode == CUTVFS_LOSE_UNSYNCED && n != 0);
}

START_TEST(a_plan_tries_every_cut_in_every_mode)
{
    struct tried tried = {0};
    cutvfs_file_put("f", "", 0);
    struct cutvfs_snapshot *start = cutvfs_snapshot();
    struct cutvfs_plan plan = {
        .start = start, .work = write_five, .check = check_written, .user = &tried};
    ck_assert_uint_eq(cutvfs_try_every_cut(&plan), 6);
    ck_assert_uint_eq(tried.n_checked, 6 * CUTVFS_N_MODES);
    plan.step_events = 2;
    plan.n_seeds = 3;
    ck_assert_uint_eq(cutvfs_try_every_cut(&plan), 3);
    ck_assert_uint_eq(tried.n_checked, 6 * CUTVFS_N_MODES + 3 * (CUTVFS_N_MODES + 2));
    ck_assert_uint_eq(tried.n_wrong, 0);
    ck_assert(cutvfs_power_is_on());
    cutvfs_snapshot_free(start);
}
END_TEST

static void add_disk_tests(TCase *tests)
{
    tcase_add_test(tests, unsynced_writes_live_by_the_mode);
    tcase_add_test(tests, what_was_kept_once_is_durable);
    tcase_add_test(tests, a_torn_write_ends_at_a_sector_border);
    tcase_add_test(tests, a_torn_write_within_a_sector_is_lost_whole);
    tcase_add_test(tests, reordering_keeps_any_subset_and_repeats_by_seed);
    tcase_add_test(tests, a_new_file_vanishes_unless_synced);
    tcase_add_test(tests, a_deleted_file_comes_back_unless_the_folder_was_synced);
    tcase_add_test(tests, a_synced_successor_ends_the_deleted_file);
    tcase_add_test(tests, reordered_names_are_never_half_there);
    tcase_add_test(tests, the_first_sync_of_a_journal_syncs_all_names);
    tcase_add_test(tests, every_change_is_one_event);
    tcase_add_test(tests, a_plan_tries_every_cut_in_every_mode);
    tcase_add_test(tests, after_the_cut_nothing_works);
    tcase_add_test(tests, one_event_fails_and_the_next_works);
    tcase_add_test(tests, a_failed_sync_can_be_repeated);
    tcase_add_test(tests, a_failed_sync_can_lose_its_pages_silently);
    tcase_add_test(tests, a_full_disk_refuses_growth_only);
    tcase_add_test(tests, used_bytes_follow_power_loss_and_restore);
    tcase_add_test(tests, a_copy_brings_everything_back);
    tcase_add_test(tests, tampering_survives_power_loss);
    tcase_add_test(tests, history_keeps_every_version);
    tcase_add_test(tests, history_sees_temporary_files_and_what_is_only_durable);
}

int main(void)
{
    Suite *suite = suite_create("cutdisk");
    TCase *tests = tcase_create("disk");
    tcase_add_checked_fixture(tests, with_disk, without_disk);
    add_disk_tests(tests);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
