/* What the sweep of faults (tests/fault/test_sweep.c) found in this room, each for itself. */
#include "base/database.h"
#include "base/draft.h"
#include "base/file.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/voicepriv-XXXXXX";

static void enter_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    unlink("vault");
    unlink("vault-wal");
    unlink("vault-shm");
    unlink("copy");
    unlink("copy.part");
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int stop(void *user)
{
    (void)user;
    return 1;
}

static int64_t count(vpi_database *database)
{
    int64_t n = -1;
    ck_ok(vpi_database_int(database, &n, "SELECT count(*) FROM numbers", ""));
    return n;
}

/* There is no memory to prepare the statement that rolls back, so many times. */
static int n_refused;
int __real_sqlite3_prepare_v3(
    sqlite3 *, const char *, int, unsigned, sqlite3_stmt **, const char **);
int __wrap_sqlite3_prepare_v3(
    sqlite3 *, const char *, int, unsigned, sqlite3_stmt **, const char **);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **tail_out)
{
    if (strcmp(sql, "ROLLBACK") == 0 && n_refused > 0) {
        n_refused--;
        *statement_out = NULL;
        return SQLITE_NOMEM;
    }
    return __real_sqlite3_prepare_v3(handle, sql, n_bytes, flags, statement_out, tail_out);
}

static int64_t synchronous(vpi_database *database)
{
    int64_t value = -1;
    ck_ok(vpi_database_int(database, &value, "PRAGMA synchronous", ""));
    return value;
}

/* What fails half way is taken for done or undone, whichever is the safe one. */
START_TEST(commits_wait_for_the_disk_after_half_a_change_and_rolling_back_works)
{
    vpi_database *database = NULL;
    ck_ok(vpi_database_open("vault", VPI_DATABASE_CREATE, &database));
    ck_ok(vpi_database_script(database, "CREATE TABLE numbers(id INTEGER PRIMARY KEY) STRICT"));
    ck_assert_int_eq(synchronous(database), 2);
    n_refused = 1;
    ck_fails(vpi_database_set_durable(database, false), VPRIV_E_MEMORY);
    ck_assert_int_eq(synchronous(database), 1);
    if (_i ==
        0) { /* a call that fails there switches it on again, and what it begins next does in any case */
        ck_ok(vpi_database_set_durable(database, true));
        ck_assert_int_eq(synchronous(database), 2);
    }
    ck_ok(vpi_database_begin(database));
    ck_assert_int_eq(synchronous(database), 2);
    n_refused = 1;
    ck_fails(vpi_database_script(database, "CREATE TABLE more(id INTEGER) STRICT"), VPRIV_E_MEMORY);
    vpi_database_rollback(database);
    ck_assert(!vpi_database_in_transaction(database));
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_run(database, "INSERT INTO numbers(id) VALUES (?1)", "i", (int64_t)1));
    ck_ok(vpi_database_commit(database));
    ck_assert_int_eq(count(database), 1);
    vpi_database_close(database);
}
END_TEST

/* SQLite ends the transaction itself, as it does when memory runs out. */
START_TEST(transaction_that_was_given_up_is_not_gone_on_with)
{
    vpi_database *database = NULL;
    ck_ok(vpi_database_open("vault", VPI_DATABASE_CREATE, &database));
    ck_ok(vpi_database_script(database, "CREATE TABLE numbers(id INTEGER PRIMARY KEY) STRICT"));
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_run(database, "INSERT INTO numbers(id) VALUES (?1)", "i", (int64_t)1));
    sqlite3_progress_handler(vpi_database_handle(database), 1, stop, NULL);
    ck_assert_int_ne(
        vpi_database_run(database, "INSERT INTO numbers VALUES (?1)", "i", (int64_t)2), VPRIV_OK);
    sqlite3_progress_handler(vpi_database_handle(database), 0, NULL, NULL);
    ck_assert(vpi_database_lost_transaction(database));
    ck_assert(vpi_database_in_transaction(database));
    ck_assert_int_ne(
        vpi_database_run(database, "INSERT INTO numbers(id) VALUES (?1)", "i", (int64_t)3),
        VPRIV_OK);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "gave the transaction up"));
    ck_assert_int_ne(vpi_database_commit(database), VPRIV_OK);
    vpi_database_rollback(database);
    ck_assert(!vpi_database_in_transaction(database));
    ck_assert_int_eq(count(database), 0);
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_run(database, "INSERT INTO numbers(id) VALUES (?1)", "i", (int64_t)4));
    ck_ok(vpi_database_commit(database));
    ck_assert_int_eq(count(database), 1);
    vpi_database_close(database);
}
END_TEST

static void must_hold(const char *path, const char *text)
{
    char found[32] = "";
    uint64_t n_bytes = 0;
    int fd = -1;
    ck_ok(vpi_file_open(path, O_RDONLY, &fd, &n_bytes));
    ck_assert_uint_eq(n_bytes, strlen(text));
    ck_ok(vpi_file_read_at(fd, found, strlen(text), 0));
    close(fd);
    ck_assert_str_eq(found, text);
}

/* The power went after the copy had got its name and before its other name was taken away. */
START_TEST(draft_that_is_a_finished_file_is_left_alone)
{
    vpi_draft draft = VPI_NO_DRAFT;
    ck_ok(vpi_file_write_new("copy", "whole", 5));
    ck_assert_int_eq(link("copy", "copy.part"), 0);
    ck_ok(vpi_draft_begin("copy", NULL, &draft));
    must_hold("copy", "whole");
    ck_ok(vpi_file_write_at(draft.fd, "half", 4, 0));
    vpi_draft_abandon(&draft);
    must_hold("copy", "whole");
    ck_assert_int_ne(access("copy.part", F_OK), 0);
}
END_TEST

/* As on FAT: no second names; and, where there is an error for it, no rename that refuses either. */
static int link_error, rename_error;
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    errno = link_error;
    return link_error ? -1 : __real_link(from, to);
}
int __real_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_renameat2(int old, const char *from, int new, const char *to, unsigned flags)
{
    errno = rename_error;
    return rename_error ? -1 : __real_renameat2(old, from, new, to, flags);
}

/* Nor files without a name. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode =
        flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (link_error && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open(path, flags, mode);
}

static vpriv_status make_copy(bool by_draft, const char *text)
{
    vpi_draft draft = VPI_NO_DRAFT;
    if (!by_draft)
        return vpi_file_write_new("copy", text, strlen(text));
    ck_ok(vpi_draft_begin("copy", NULL, &draft));
    ck_ok(vpi_file_write_at(draft.fd, text, strlen(text), 0));
    return vpi_draft_finish(&draft, false);
}

static int count_names(void)
{
    int n = 0;
    DIR *names = opendir(".");
    while (readdir(names))
        n++;
    closedir(names);
    return n - 2;
}

START_TEST(a_file_gets_its_name_where_there_are_no_second_names)
{
    static const int errors[] = {EPERM, EOPNOTSUPP};
    for (size_t i = 0; i < 2; i++) {
        link_error = errors[i];
        ck_ok(make_copy(_i, "whole"));
        ck_fails(make_copy(_i, "other"), VPRIV_E_EXISTS);
        must_hold("copy", "whole");
        ck_assert_int_eq(count_names(), 1);
        unlink("copy");
        rename_error = EINVAL;
        ck_fails(make_copy(_i, "whole"), VPRIV_E_IO);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "this file system"));
        ck_assert_int_eq(count_names(), 0);
        rename_error = 0;
    }
    link_error = 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: faults");
    TCase *tests = tcase_create("faults");
    tcase_add_checked_fixture(tests, enter_folder, leave_folder);
    tcase_add_loop_test(
        tests, commits_wait_for_the_disk_after_half_a_change_and_rolling_back_works, 0, 2);
    tcase_add_test(tests, transaction_that_was_given_up_is_not_gone_on_with);
    tcase_add_test(tests, draft_that_is_a_finished_file_is_left_alone);
    tcase_add_loop_test(tests, a_file_gets_its_name_where_there_are_no_second_names, 0, 2);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
