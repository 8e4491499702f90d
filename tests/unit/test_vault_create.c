/* Making a vault where there is one: whatever fails, and however early, the one that is there stays. And one
 * that does not come to be leaves nothing. */
#include "household.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static household h;
static vpriv_recording_id recording;
static household_cell other_cell;
static vpriv_root_store *other_root;

static uint64_t n_until_no_memory; /* 0: there always is */
static int open_error, stat_error; /* of making a file that must not be there; 0: none */
static bool is_made;

vpriv_status __real_vpi_alloc(size_t n, size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_alloc(size_t n, size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_alloc(size_t n, size_t n_bytes, void **memory_out)
{
    return n_until_no_memory > 0 && --n_until_no_memory == 0
               ? vpi_fail(VPRIV_E_MEMORY, "no memory")
               : __real_vpi_alloc(n, n_bytes, memory_out);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    is_made = flags & O_EXCL;
    if (is_made && open_error != 0) {
        errno = open_error;
        return -1;
    }
    return __real_open(path, flags, mode);
}

int __real_fstat(int fd, struct stat *info_out);
int __wrap_fstat(int fd, struct stat *info_out);
int __wrap_fstat(int fd, struct stat *info_out)
{
    if (is_made && stat_error != 0) {
        errno = stat_error;
        return -1;
    }
    return __real_fstat(fd, info_out);
}

static char
    replacement[PATH_BYTES]; /* takes the vault's place before the first SQL; empty: none does */
static const char *refused_path; /* the database there is not to be opened whole; NULL: none */
static sqlite3 *bystander;

/* Somebody else has it open as well: SQLite leaves its two other files where they are. */
int __real_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out)
{
    if (replacement[0]) {
        ck_assert_int_eq(rename(replacement, h.path), 0);
        replacement[0] = '\0';
        ck_assert_int_eq(sqlite3_open(h.path, &bystander), SQLITE_OK);
        ck_assert_int_eq(
            sqlite3_exec(bystander, "UPDATE meta SET reserve_bytes = 777777", NULL, NULL, NULL),
            SQLITE_OK);
    }
    if (!refused_path)
        return __real_sqlite3_prepare_v3(handle, sql, n_bytes, flags, statement_out, rest_out);
    ck_assert_int_eq(sqlite3_open(refused_path, &bystander), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(bystander, "PRAGMA user_version", NULL, NULL, NULL), SQLITE_OK);
    return SQLITE_NOMEM;
}

static void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    recording = household_record(&h, h.ada);
    other_cell = (household_cell){.now_us = HOUSEHOLD_START_US};
    other_root = household_root(&other_cell);
    open_error = stat_error = 0;
    n_until_no_memory = 0;
}

static void move_out(void)
{
    vpriv_root_close(other_root);
    household_close(&h);
}

static vpriv_status make(const char *path)
{
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    const vpriv_status st = vpriv_vault_create(path, other_root, NULL, &keyring, &vault);
    ck_assert_int_eq(vault != NULL, st == VPRIV_OK);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    return st;
}

#define N_FILES 5
static const char *const endings[N_FILES] = {"", "-wal", "-shm", "-reserve", "-lock"};

static void identify(ino_t inodes_out[N_FILES])
{
    for (int i = 0; i < N_FILES; i++) {
        char path[PATH_BYTES];
        struct stat info;
        snprintf(path, sizeof path, "%.*s%s", PATH_BYTES - 16, h.path, endings[i]);
        ck_assert_msg(stat(path, &info) == 0, "%s is gone", path);
        inodes_out[i] = info.st_ino;
    }
}

/* Every file of it is the same, and it opens and has what it had. */
static void assert_stays(const ino_t before[N_FILES])
{
    ino_t after[N_FILES];
    identify(after);
    for (int i = 0; i < N_FILES; i++)
        ck_assert_uint_eq(after[i], before[i]);
    ck_assert(!other_cell.is_filled);
    ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
}

static void assert_opens(void)
{
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
}

/* As where a backup takes the vault's place while somebody waits to open it: they get the new one, and what is in
 * its log stays. */
START_TEST(who_opens_meanwhile_gets_the_one_that_took_its_place)
{
    struct stat info, now;
    char log[PATH_BYTES + 8];
    snprintf(log, sizeof log, "%s-wal", h.path);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_file(&h, "copy", replacement);
    household_copy_file(h.path, replacement);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_assert_int_eq(replacement[0], '\0');
    ck_assert(!vpi_database_was_replaced(h.vault->database));
    ck_assert_uint_eq(h.vault->reserve_bytes, 777777);
    ck_assert_int_eq(stat(log, &info), 0);
    ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_assert_int_eq(stat(log, &now), 0);
    ck_assert_uint_eq(now.st_ino, info.st_ino);
    sqlite3_close(bystander);
    ck_assert_int_eq(household_count(&h, "SELECT reserve_bytes FROM meta"), 777777);
}
END_TEST

/* Everything but the version is what one has that was cut off while it was made. */
START_TEST(one_that_has_lost_its_version_is_not_taken_for_an_unfinished_one)
{
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    ino_t before[N_FILES];
    household_sql(&h, "PRAGMA user_version=0");
    if (_i == 1)
        household_sql(&h, "DELETE FROM recording");
    identify(before);
    for (int i = 0; i < 2; i++) /* once with the vault's own root store */
        ck_fails(vpriv_vault_create(h.path, i ? h.root : other_root, NULL, &keyring, &vault),
            VPRIV_E_EXISTS);
    ck_assert(h.cell->is_filled);
    if (_i == 0) {
        assert_stays(before);
        household_sql(&h, "PRAGMA user_version=1");
        assert_opens();
    }
    identify(before);
}
END_TEST

/* The system's own refusal: no file can be opened at all. */
START_TEST(without_a_file_to_open_the_vault_there_stays)
{
    ino_t before[N_FILES];
    identify(before);
    const pid_t child = fork();
    if (child == 0) {
        const int next = dup(0);
        close(next);
        const struct rlimit limit = {(rlim_t)next, (rlim_t)next};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || open(h.path, O_RDONLY) >= 0 || errno != EMFILE)
            _exit(9);
        _exit(make(h.path) == VPRIV_E_IO ? 0 : 8);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_stays(before);
    assert_opens();
}
END_TEST

/* A vault that is there is found before anything is made. */
START_TEST(when_opening_fails_the_vault_there_stays)
{
    static const int errors[] = {ENFILE, EMFILE, ENOMEM, EINTR, EACCES, EIO, ENOSPC, EDQUOT};
    char fresh[PATH_BYTES];
    ino_t before[N_FILES];
    household_file(&h, "fresh.vault", fresh);
    identify(before);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        open_error = errors[i];
        const vpriv_status over = make(h.path), st = make(fresh);
        open_error = 0;
        ck_assert_int_eq(over, VPRIV_E_EXISTS);
        ck_assert(st == VPRIV_E_IO || st == VPRIV_E_MEMORY || st == VPRIV_E_FULL);
        ck_assert_int_ne(access(fresh, F_OK), 0);
        assert_stays(before);
    }
    ck_fails(make(h.path), VPRIV_E_EXISTS);
    assert_stays(before);
    assert_opens();
}
END_TEST

START_TEST(without_memory_the_vault_there_stays)
{
    ino_t before[N_FILES];
    vpriv_status st = VPRIV_E_MEMORY;
    uint64_t n = 0;
    identify(before);
    while (st == VPRIV_E_MEMORY) {
        n_until_no_memory = ++n;
        st = make(h.path);
        n_until_no_memory = 0;
        assert_stays(before);
    }
    ck_assert_int_eq(st, VPRIV_E_EXISTS);
    ck_assert_uint_ge(n, 4); /* the vault, its names, the keyring, the database */
    assert_opens();
}
END_TEST

static void assert_nothing_of(const char *name)
{
    DIR *folder = opendir(h.folder);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        ck_assert_msg(strncmp(entry->d_name, name, strlen(name)) != 0, "%s is left", entry->d_name);
    closedir(folder);
    ck_assert(!other_cell.is_filled);
}

START_TEST(a_new_one_that_fails_leaves_nothing)
{
    char path[PATH_BYTES];
    vpriv_status st = VPRIV_E_MEMORY;
    uint64_t n = 0;
    household_file(&h, "new", path);
    stat_error = EIO; /* made already, and then it cannot be looked at */
    ck_fails(make(path), VPRIV_E_IO);
    stat_error = 0;
    assert_nothing_of("new");
    while (st != VPRIV_OK) {
        n_until_no_memory = ++n;
        st = make(path);
        n_until_no_memory = 0;
        if (st != VPRIV_OK) {
            ck_assert_int_eq(st, VPRIV_E_MEMORY);
            assert_nothing_of("new");
        }
    }
    ck_assert_uint_ge(n, 8);
}
END_TEST

START_TEST(one_that_does_not_open_leaves_nothing_beside_it)
{
    char path[PATH_BYTES];
    household_file(&h, "new", path);
    refused_path = path;
    ck_fails(make(path), VPRIV_E_MEMORY);
    refused_path = NULL;
    ck_assert_ptr_nonnull(bystander);
    assert_nothing_of("new");
    sqlite3_close(bystander);
    assert_nothing_of("new");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: making one");
    TCase *tests = tcase_create("create");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, who_opens_meanwhile_gets_the_one_that_took_its_place);
    tcase_add_loop_test(
        tests, one_that_has_lost_its_version_is_not_taken_for_an_unfinished_one, 0, 2);
    tcase_add_test(tests, without_a_file_to_open_the_vault_there_stays);
    tcase_add_test(tests, when_opening_fails_the_vault_there_stays);
    tcase_add_test(tests, without_memory_the_vault_there_stays);
    tcase_add_test(tests, a_new_one_that_fails_leaves_nothing);
    tcase_add_test(tests, one_that_does_not_open_leaves_nothing_beside_it);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
