/* Files and databases: each way in which they can be missing, foreign, damaged, busy or full has its
 * status, and no failure leaves anything half done. */
#include "base/database_inside.h"
#include "base/file.h"
#include "base/memory.h"
#include "test_keys_help.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The library's syncs go through here: what the folder holds at each is noted, and one can fail. */
static struct {
    int n_syncs;
    int fail_at;       /* the sync that fails, or −1 */
    size_t n_names[8]; /* in the working folder */
    bool is_folder[8];
} disk = {.fail_at = -1};

static size_t n_names(const char *folder);

int fsync(int fd);
int fdatasync(int fd);

static int noted_sync(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return -1;
    if (disk.n_syncs < 8) {
        disk.n_names[disk.n_syncs] = n_names(".");
        disk.is_folder[disk.n_syncs] = S_ISDIR(info.st_mode);
    }
    if (disk.n_syncs++ == disk.fail_at) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int fsync(int fd)
{
    return noted_sync(fd);
}

int fdatasync(int fd)
{
    return noted_sync(fd);
}

/* --- files --- */

static size_t n_names(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

START_TEST(file_appears_whole_and_closed_to_others)
{
    static uint8_t data[100000], again[100001];
    memset(data, 0x5a, sizeof data);
    umask(0);
    ck_ok(vpi_file_write_new("whole", data, sizeof data));
    ck_assert_uint_eq(help_read("whole", again, sizeof again), sizeof data);
    ck_assert_mem_eq(again, data, sizeof data);
    ck_assert_uint_eq(help_mode("whole"), 0600);
    ck_assert_uint_eq(n_names("."), 1);
    ck_ok(vpi_file_write_new("empty", NULL, 0));
    ck_assert_uint_eq(help_read("empty", again, sizeof again), 0);
    ck_assert_uint_eq(n_names("."), 2);
}
END_TEST

START_TEST(file_is_synced_before_it_has_its_name_and_alone_when_the_folder_is)
{
    ck_ok(vpi_file_write_new("synced", "data", 4));
    ck_assert_int_eq(disk.n_syncs, 2);
    ck_assert(!disk.is_folder[0]);
    ck_assert(disk.is_folder[1]);
    ck_assert_uint_eq(disk.n_names[1], 1); /* the temporary name went before */
    for (int at = 0; at < 2; at++) {
        disk.n_syncs = 0;
        disk.fail_at = at;
        ck_fails(vpi_file_write_new("unsynced", "data", 4), VPRIV_E_IO);
        ck_assert_uint_eq(n_names("."), 1);
    }
}
END_TEST

START_TEST(file_that_is_there_is_kept)
{
    uint8_t again[10];
    help_write("taken", "old", 3);
    ck_fails(vpi_file_write_new("taken", "new", 3), VPRIV_E_EXISTS);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "taken"));
    ck_assert_uint_eq(help_read("taken", again, sizeof again), 3);
    ck_assert_mem_eq(again, "old", 3);
    ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
    ck_fails(vpi_file_write_new("dangling", "new", 3), VPRIV_E_EXISTS);
    ck_assert(!help_exists("nowhere"));
    ck_assert_uint_eq(n_names("."), 2);
}
END_TEST

START_TEST(file_that_does_not_fit_leaves_nothing)
{
    static uint8_t data[100000];
    const struct rlimit limit = {50000, 50000};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_fails(vpi_file_write_new("big", data, sizeof data), VPRIV_E_IO);
    ck_assert_uint_eq(n_names("."), 0);
    ck_fails(vpi_file_write_new("no-folder/x", data, 1), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(mkdir("folder", 0700), 0);
    ck_fails(vpi_file_write_new("folder", data, 1), VPRIV_E_EXISTS);
    ck_assert_uint_eq(n_names("."), 1);
}
END_TEST

/* A process that is killed at any moment of writing leaves the name free or the file whole, and nothing
 * else. */
START_TEST(file_is_whole_or_not_there_when_the_writer_dies)
{
    static uint8_t data[1 << 20], again[(1 << 20) + 1];
    memset(data, 7, sizeof data);
    for (useconds_t delay_us = 0; delay_us < 6000; delay_us += 200) {
        const pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            const vpriv_status st = vpi_file_write_new("dying", data, sizeof data);
            _exit(st == VPRIV_OK ? 0 : 1);
        }
        usleep(delay_us);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (help_exists("dying")) {
            ck_assert_uint_eq(help_read("dying", again, sizeof again), sizeof data);
            ck_assert_mem_eq(again, data, sizeof data);
            ck_assert_int_eq(unlink("dying"), 0);
        }
        ck_assert_uint_eq(n_names("."), 0); /* no copy under another name */
    }
}
END_TEST

START_TEST(opening_follows_no_link_and_takes_regular_files_only)
{
    int fd = -7;
    uint64_t n_bytes = 77;
    help_write("regular", "12345", 5);
    ck_assert_int_eq(symlink("regular", "link"), 0);
    ck_assert_int_eq(mkdir("folder", 0700), 0);
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_fails(vpi_file_open("missing", O_RDONLY, &fd, &n_bytes), VPRIV_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "missing"));
    ck_fails(vpi_file_open("link", O_RDONLY, &fd, &n_bytes), VPRIV_E_IO);
    ck_fails(vpi_file_open("folder", O_RDONLY, &fd, &n_bytes), VPRIV_E_FORMAT);
    ck_fails(vpi_file_open("folder", O_RDWR, &fd, &n_bytes), VPRIV_E_IO);
    ck_fails(vpi_file_open("pipe", O_RDONLY, &fd, &n_bytes), VPRIV_E_FORMAT);
    ck_fails(vpi_file_open("pipe", O_RDWR, &fd, &n_bytes), VPRIV_E_FORMAT);
    ck_fails(vpi_file_open("/dev/null", O_RDWR, &fd, &n_bytes), VPRIV_E_FORMAT);
    ck_assert_int_eq(fd, -7);
    ck_assert_uint_eq(n_bytes, 77);
    ck_ok(vpi_file_open("regular", O_RDONLY, &fd, &n_bytes));
    ck_assert_uint_eq(n_bytes, 5);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
    umask(0);
    ck_ok(vpi_file_open("fresh", O_RDWR | O_CREAT, &fd, &n_bytes));
    ck_assert_uint_eq(n_bytes, 0);
    ck_assert_uint_eq(help_mode("fresh"), 0600);
    close(fd);
}
END_TEST

START_TEST(reading_behind_the_end_and_writing_without_leave_fail)
{
    uint8_t data[8] = {0};
    int fd = -1;
    uint64_t n_bytes = 0;
    help_write("five", "12345", 5);
    ck_ok(vpi_file_open("five", O_RDONLY, &fd, &n_bytes));
    ck_ok(vpi_file_read_at(fd, data, 3, 2));
    ck_assert_mem_eq(data, "345", 3);
    ck_fails(vpi_file_read_at(fd, data, 4, 2), VPRIV_E_FORMAT);
    ck_fails(vpi_file_read_at(fd, data, 1, 5), VPRIV_E_FORMAT);
    ck_ok(vpi_file_read_at(fd, data, 0, 5));
    ck_fails(vpi_file_write_at(fd, data, 1, 0), VPRIV_E_IO);
    close(fd);
    ck_fails(vpi_file_read_at(fd, data, 1, 0), VPRIV_E_IO);
    ck_fails(vpi_file_sync(fd), VPRIV_E_IO);
    ck_ok(vpi_file_sync_folder("five"));
    ck_fails(vpi_file_sync_folder("no-folder/five"), VPRIV_E_NOT_FOUND);
}
END_TEST

START_TEST(errors_of_the_system_have_their_statuses)
{
    static const struct {
        int error;
        vpriv_status status;
    } pairs[] = {{ENOENT, VPRIV_E_NOT_FOUND}, {EEXIST, VPRIV_E_EXISTS}, {ENOSPC, VPRIV_E_FULL},
        {EDQUOT, VPRIV_E_FULL}, {ENOMEM, VPRIV_E_MEMORY}, {EIO, VPRIV_E_IO}, {EACCES, VPRIV_E_IO},
        {EROFS, VPRIV_E_IO}, {ELOOP, VPRIV_E_IO}, {12345, VPRIV_E_IO}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ck_fails(vpi_errno_failed(pairs[i].error, "the thing"), pairs[i].status);
        ck_assert_int_eq(strncmp(vpriv_error_detail(), "the thing: ", 11), 0);
    }
}
END_TEST

START_TEST(paths_are_joined)
{
    char *path = NULL;
    ck_ok(vpi_path_with("a/b", "-wal", &path));
    ck_assert_str_eq(path, "a/b-wal");
    free(path);
}
END_TEST

/* --- databases --- */

static vpi_database *create(const char *path)
{
    vpi_database *database = NULL;
    ck_ok(vpi_database_open(path, VPI_DATABASE_CREATE, &database));
    ck_ok(vpi_database_script(database, "CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB) STRICT"));
    return database;
}

static vpriv_status open_status(const char *path)
{
    vpi_database *database = (vpi_database *)&help_folder;
    int64_t n = 0;
    vpriv_status st = vpi_database_open(path, VPI_DATABASE_OPEN, &database);
    if (st != VPRIV_OK) {
        ck_assert_ptr_eq(database, (vpi_database *)&help_folder);
        return st;
    }
    st = vpi_database_int(database, &n, "SELECT count(*) FROM t", "");
    vpi_database_close(database);
    return st;
}

START_TEST(database_new_is_ours_alone_and_never_over_another)
{
    vpi_database *database = (vpi_database *)&help_folder;
    umask(0);
    vpi_database *ours = create("new.db");
    ck_assert_uint_eq(help_mode("new.db"), 0600);
    ck_assert_uint_eq(help_mode("new.db-wal"), 0600);
    ck_fails(vpi_database_open("new.db", VPI_DATABASE_CREATE, &database), VPRIV_E_EXISTS);
    help_write("letters", "my letters", 10);
    ck_fails(vpi_database_open("letters", VPI_DATABASE_CREATE, &database), VPRIV_E_EXISTS);
    help_write("nothing", "", 0);
    ck_fails(vpi_database_open("nothing", VPI_DATABASE_CREATE, &database), VPRIV_E_EXISTS);
    ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
    ck_fails(vpi_database_open("dangling", VPI_DATABASE_CREATE, &database), VPRIV_E_EXISTS);
    ck_assert(!help_exists("nowhere"));
    ck_fails(
        vpi_database_open("no-folder/x.db", VPI_DATABASE_CREATE, &database), VPRIV_E_NOT_FOUND);
    ck_assert_ptr_eq(database, (vpi_database *)&help_folder);
    vpi_database_close(ours);
    vpi_database_close(NULL);
}
END_TEST

START_TEST(database_missing_foreign_or_not_a_file_is_named_so)
{
    static uint8_t noise[20000];
    memset(noise, 'x', sizeof noise);
    vpi_database_close(create("good.db"));
    ck_ok(open_status("good.db"));
    ck_fails(open_status("missing.db"), VPRIV_E_NOT_FOUND);
    ck_assert(!help_exists("missing.db"));
    help_write("foreign.db", noise, sizeof noise);
    ck_fails(open_status("foreign.db"), VPRIV_E_FORMAT);
    ck_assert_int_eq(mkdir("folder.db", 0700), 0);
    ck_fails(open_status("folder.db"), VPRIV_E_IO);
    help_write("empty.db", "", 0); /* a database without our tables */
    ck_fails(open_status("empty.db"), VPRIV_E_AUTH);
}
END_TEST

START_TEST(database_that_is_damaged_is_refused)
{
    static uint8_t data[1 << 20];
    vpi_database *database = create("damaged.db");
    for (int64_t i = 0; i < 100; i++)
        ck_ok(vpi_database_run(
            database, "INSERT INTO t VALUES (?1, ?2)", "ib", i, data, (size_t)3000));
    vpi_database_close(database);
    const size_t n = help_read("damaged.db", data, sizeof data);
    /* Behind the schema and the page that vacuuming needs: the table's first pages. */
    for (size_t page = 2; page < 4; page++) {
        uint8_t keep[4096];
        memcpy(keep, data + page * 4096, sizeof keep);
        memset(data + page * 4096, 0xff, sizeof keep);
        help_write("damaged.db", data, n);
        vpi_row row = VPI_NO_ROW;
        ck_ok(vpi_database_open("damaged.db", VPI_DATABASE_OPEN, &database));
        vpriv_status st = vpi_database_query(database, &row, "SELECT id, b FROM t", "");
        while (st == VPRIV_OK)
            st = vpi_row_next(&row);
        vpi_row_end(&row);
        ck_assert_int_eq(st, VPRIV_E_AUTH);
        vpi_database_close(database);
        memcpy(data + page * 4096, keep, sizeof keep);
    }
    help_write("damaged.db", data, n - 4096 * 10);
    ck_assert_int_ne(open_status("damaged.db"), VPRIV_OK);
    help_write("damaged.db", data, 50);
    ck_assert_int_ne(open_status("damaged.db"), VPRIV_OK);
}
END_TEST

START_TEST(database_whose_tables_were_changed_is_refused)
{
    vpi_database *database = create("changed.db");
    int64_t n = 77;
    vpi_row row;
    ck_fails(vpi_database_int(database, &n, "SELECT count(*) FROM other", ""), VPRIV_E_AUTH);
    ck_assert_int_eq(n, 77);
    ck_fails(vpi_database_run(database, "INSERT INTO t VALUES (?1, 'text')", "i", (int64_t)1),
        VPRIV_E_AUTH);
    ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (?1, x'0102')", "i", (int64_t)1));
    ck_fails(vpi_database_run(database, "INSERT INTO t VALUES (?1, x'0102')", "i", (int64_t)1),
        VPRIV_E_AUTH);
    ck_ok(vpi_database_query(database, &row, "SELECT b FROM t", ""));
    uint8_t copy[3] = {7, 7, 7};
    ck_fails(vpi_column_copy(&row, 0, copy, 3), VPRIV_E_AUTH);
    ck_fails(vpi_column_copy(&row, 0, copy, 1), VPRIV_E_AUTH);
    ck_assert_uint_eq(copy[0], 7);
    ck_ok(vpi_column_copy(&row, 0, copy, 2));
    ck_assert_uint_eq(copy[1], 2);
    vpi_row_end(&row);
    vpi_database_close(database);
}
END_TEST

START_TEST(database_values_come_back_as_they_went_in)
{
    static const int64_t numbers[] = {0, -1, INT64_MIN, INT64_MAX};
    vpi_database *database = create("values.db");
    vpi_row row;
    size_t n = 77;
    for (size_t i = 0; i < 4; i++)
        ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (?1, ?2)", "ib", numbers[i],
            i == 0 ? NULL : "bytes", i));
    ck_assert_int_eq(vpi_database_last_rowid(database), INT64_MAX);
    ck_assert_int_eq(vpi_database_changes(database), 1);
    ck_ok(vpi_database_query(database, &row, "SELECT id, b FROM t WHERE id = ?1", "i", (int64_t)0));
    ck_assert(vpi_column_is_null(&row, 1));
    ck_assert_ptr_null(vpi_column_blob(&row, 1, &n));
    ck_assert_uint_eq(n, 0);
    ck_fails(vpi_row_next(&row), VPRIV_E_NOT_FOUND);
    vpi_row_end(&row);
    vpi_row_end(&row);
    ck_ok(vpi_database_query(database, &row, "SELECT id, b FROM t ORDER BY id", ""));
    ck_assert(vpi_column_int(&row, 0) == INT64_MIN);
    ck_assert_mem_eq(vpi_column_blob(&row, 1, &n), "by", 2);
    ck_assert_uint_eq(n, 2);
    ck_ok(vpi_row_next(&row));
    ck_assert_int_eq(vpi_column_int(&row, 0), -1);
    vpi_row_end(&row);
    ck_fails(
        vpi_database_query(database, &row, "SELECT id FROM t WHERE id = 5", ""), VPRIV_E_NOT_FOUND);
    ck_assert_ptr_null(row.statement);
    int64_t value = 77;
    ck_fails(
        vpi_database_int(database, &value, "SELECT id FROM t WHERE id = 6", ""), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(value, 77);
    vpi_database_close(database);
}
END_TEST

START_TEST(database_that_may_not_be_written_says_so)
{
    vpi_database *database = NULL;
    vpi_database_close(create("readonly.db"));
    ck_ok(vpi_database_open("readonly.db", VPI_DATABASE_OPEN, &database));
    ck_ok(vpi_database_script(database, "PRAGMA query_only=ON"));
    ck_fails(vpi_database_run(database, "INSERT INTO t VALUES (1, NULL)", ""), VPRIV_E_IO);
    vpi_database_close(database);
}
END_TEST

static void *commit_soon(void *user)
{
    vpi_database *database = user;
    usleep(50000);
    return vpi_database_commit(database) == VPRIV_OK ? database : NULL;
}

START_TEST(database_held_by_another_is_waited_for)
{
    vpi_database *first = create("wait.db"), *second = NULL;
    pthread_t thread;
    void *done = NULL;
    ck_ok(vpi_database_open("wait.db", VPI_DATABASE_OPEN, &second));
    ck_ok(vpi_database_begin(first));
    ck_ok(vpi_database_run(first, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_assert_int_eq(pthread_create(&thread, NULL, commit_soon, first), 0);
    ck_ok(vpi_database_begin(second));
    vpi_database_rollback(second);
    ck_assert_int_eq(pthread_join(thread, &done), 0);
    ck_assert_ptr_eq(done, first);
    vpi_database_close(second);
    vpi_database_close(first);
}
END_TEST

START_TEST(database_held_by_another_is_busy)
{
    vpi_database *first = create("busy.db"), *second = NULL;
    int64_t n = 0;
    bool began = false;
    ck_ok(vpi_database_open("busy.db", VPI_DATABASE_OPEN, &second));
    second->patience_ms = 1;
    ck_ok(vpi_database_begin(first));
    ck_assert(vpi_database_in_transaction(first));
    ck_ok(vpi_database_run(first, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_fails(vpi_database_begin(second), VPRIV_E_BUSY);
    ck_assert(!vpi_database_in_transaction(second));
    ck_fails(vpi_database_run(second, "INSERT INTO t VALUES (2, NULL)", ""), VPRIV_E_BUSY);
    /* Readers are not held up, and see what was committed. */
    ck_ok(vpi_database_read_begin(second, &began));
    ck_assert(began);
    ck_ok(vpi_database_int(second, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 0);
    ck_ok(vpi_database_commit(first));
    ck_ok(vpi_database_int(second, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 0);
    ck_fails(vpi_database_run(second, "INSERT INTO t VALUES (2, NULL)", ""), VPRIV_E_BUSY);
    vpi_database_read_end(second, began);
    ck_ok(vpi_database_int(second, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 1);
    ck_ok(vpi_database_begin(second));
    ck_ok(vpi_database_read_begin(second, &began));
    ck_assert(!began);
    vpi_database_read_end(second, began);
    ck_assert(vpi_database_in_transaction(second));
    vpi_database_rollback(second);
    vpi_database_rollback(second);
    vpi_database_close(first);
    vpi_database_close(second);
}
END_TEST

START_TEST(database_version_changes_with_others_commits_only)
{
    vpi_database *first = create("version.db"), *second = NULL;
    uint32_t before = 0, after = 0;
    ck_ok(vpi_database_open("version.db", VPI_DATABASE_OPEN, &second));
    ck_ok(vpi_database_version(second, &before));
    ck_ok(vpi_database_run(second, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_ok(vpi_database_version(second, &after));
    ck_assert_uint_eq(after, before);
    ck_ok(vpi_database_run(first, "INSERT INTO t VALUES (2, NULL)", ""));
    ck_ok(vpi_database_version(second, &after));
    ck_assert_uint_ne(after, before);
    vpi_database_close(first);
    vpi_database_close(second);
}
END_TEST

START_TEST(database_without_room_is_full_and_keeps_what_it_had)
{
    static uint8_t data[200000];
    vpi_database *database = create("full.db");
    int64_t n = 0;
    ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_ok(vpi_database_script(database, "PRAGMA max_page_count=10"));
    ck_fails(vpi_database_run(database, "INSERT INTO t VALUES (2, ?1)", "b", data, sizeof data),
        VPRIV_E_FULL);
    ck_ok(vpi_database_int(database, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 1);
    ck_ok(vpi_database_begin(database));
    ck_fails(vpi_database_run(database, "INSERT INTO t VALUES (3, ?1)", "b", data, sizeof data),
        VPRIV_E_FULL);
    vpi_database_rollback(database);
    ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (2, NULL)", ""));
    vpi_database_close(database);
    ck_ok(open_status("full.db"));
}
END_TEST

START_TEST(database_closed_in_a_transaction_has_nothing_of_it)
{
    vpi_database *database = create("rollback.db");
    vpi_row row;
    int64_t n = 0;
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_ok(vpi_database_query(database, &row, "SELECT id FROM t", ""));
    vpi_database_close(database); /* with a row open, too */
    ck_ok(vpi_database_open("rollback.db", VPI_DATABASE_OPEN, &database));
    ck_ok(vpi_database_int(database, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 0);
    vpi_database_close(database);
}
END_TEST

START_TEST(database_settings_are_the_promised_ones)
{
    static const struct {
        const char *pragma;
        int64_t value;
    } wanted[] = {{"PRAGMA synchronous", 2}, {"PRAGMA foreign_keys", 1}, {"PRAGMA mmap_size", 0},
        {"PRAGMA temp_store", 2}, {"PRAGMA cell_size_check", 1}, {"PRAGMA trusted_schema", 0},
        {"PRAGMA page_size", 4096}};
    vpi_database *database = create("settings.db");
    for (int again = 0; again < 2; again++) {
        int64_t value = 0;
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            ck_ok(vpi_database_int(database, &value, wanted[i].pragma, ""));
            ck_assert_msg(
                value == wanted[i].value, "%s is %lld", wanted[i].pragma, (long long)value);
        }
        ck_ok(vpi_database_set_durable(database, false));
        ck_ok(vpi_database_int(database, &value, "PRAGMA synchronous", ""));
        ck_assert_int_eq(value, 1);
        ck_ok(vpi_database_set_durable(database, true));
        ck_ok(vpi_database_int(database, &value, "PRAGMA synchronous", ""));
        ck_assert_int_eq(value, 2);
        vpi_row row;
        size_t n = 0;
        ck_ok(vpi_database_query(database, &row, "PRAGMA journal_mode", ""));
        ck_assert_mem_eq(vpi_column_blob(&row, 0, &n), "wal", 3);
        vpi_row_end(&row);
        vpi_database_close(database);
        ck_ok(vpi_database_open("settings.db", VPI_DATABASE_OPEN, &database));
    }
    vpi_database_close(database);
}
END_TEST

/* What somebody put into the file does not run, and the file cannot be rewritten from within. */
START_TEST(database_runs_no_trigger_or_view_that_was_smuggled_in)
{
    vpi_database *database = create("smuggled.db");
    sqlite3 *raw = NULL;
    int64_t n = 0;
    vpi_database_close(database);
    ck_assert_int_eq(sqlite3_open("smuggled.db", &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw,
                         "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END;"
                         "CREATE VIEW v AS SELECT 1 AS one",
                         NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(raw);
    ck_ok(vpi_database_open("smuggled.db", VPI_DATABASE_OPEN, &database));
    ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (1, NULL)", ""));
    ck_ok(vpi_database_int(database, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, 1);
    ck_fails(vpi_database_int(database, &n, "SELECT one FROM v", ""), VPRIV_E_AUTH);
    ck_ok(vpi_database_script(database, "PRAGMA writable_schema=ON"));
    ck_assert_int_ne(vpi_database_script(database, "DELETE FROM sqlite_schema"), VPRIV_OK);
    vpi_database_close(database);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: files and databases");
    TCase *tests = tcase_create("files");
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_checked_fixture(tests, help_enter_subfolder, NULL);
    tcase_add_test(tests, file_appears_whole_and_closed_to_others);
    tcase_add_test(tests, file_is_synced_before_it_has_its_name_and_alone_when_the_folder_is);
    tcase_add_test(tests, file_that_is_there_is_kept);
    tcase_add_test(tests, file_that_does_not_fit_leaves_nothing);
    tcase_add_test(tests, file_is_whole_or_not_there_when_the_writer_dies);
    tcase_add_test(tests, opening_follows_no_link_and_takes_regular_files_only);
    tcase_add_test(tests, reading_behind_the_end_and_writing_without_leave_fail);
    tcase_add_test(tests, errors_of_the_system_have_their_statuses);
    tcase_add_test(tests, paths_are_joined);
    tcase_add_test(tests, database_new_is_ours_alone_and_never_over_another);
    tcase_add_test(tests, database_missing_foreign_or_not_a_file_is_named_so);
    tcase_add_test(tests, database_that_is_damaged_is_refused);
    tcase_add_test(tests, database_whose_tables_were_changed_is_refused);
    tcase_add_test(tests, database_values_come_back_as_they_went_in);
    tcase_add_test(tests, database_that_may_not_be_written_says_so);
    tcase_add_test(tests, database_held_by_another_is_waited_for);
    tcase_add_test(tests, database_held_by_another_is_busy);
    tcase_add_test(tests, database_version_changes_with_others_commits_only);
    tcase_add_test(tests, database_without_room_is_full_and_keeps_what_it_had);
    tcase_add_test(tests, database_closed_in_a_transaction_has_nothing_of_it);
    tcase_add_test(tests, database_settings_are_the_promised_ones);
    tcase_add_test(tests, database_runs_no_trigger_or_view_that_was_smuggled_in);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
