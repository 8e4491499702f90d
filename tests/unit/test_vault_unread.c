/* A write-ahead log with a page that cannot be read: what the file has of that page is out of date, and is not taken
 * for it. */
#include "base/database.h"
#include "base/pages.h"
#include "unit.h"
#include "unread.h"
#include "vault/replace.h"
#include "vault/vault.h"
#include <stdio.h>
#include <unistd.h>

#define OLD 1111
#define NEW 2222

static char folder[] = "/tmp/voicepriv-XXXXXX";

static void copy(const char *from, const char *to)
{
    char command[128];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    ck_assert_int_eq(system(command), 0);
}

/* The file with the old number and nobody's id, the log with the new one and a vault's, as after a power cut. */
static void enter_folder(void)
{
    sqlite3 *handle = NULL;
    char sql[256];
    snprintf(sql, sizeof sql,
        "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; CREATE TABLE numbers(n INTEGER);"
        "INSERT INTO numbers VALUES (%d); PRAGMA wal_checkpoint(TRUNCATE);"
        "UPDATE numbers SET n=%d; PRAGMA application_id=%d;",
        VPI_PAGE_BYTES, OLD, NEW, VPI_APPLICATION_ID);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(sqlite3_open("first", &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    copy("first", "second");
    copy("first-wal", "second-wal");
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
    unread_choose("second-wal");
}

static void leave_folder(void)
{
    unread.is_on = false;
    ck_assert_int_eq(chdir("/"), 0);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

struct seen {
    uint32_t root;
    int64_t number;
    size_t n_rows, n_damages;
};

static void note_damage(void *user, uint32_t page, const char *table, const char *what)
{
    struct seen *seen = user;
    (void)page, (void)table;
    ck_assert_ptr_nonnull(what);
    seen->n_damages++;
}

static vpriv_status note_table(void *user, const vpi_page_row *row)
{
    struct seen *seen = user;
    ck_assert_uint_ge(row->n_values, 4);
    seen->root = (uint32_t)row->values[3].number;
    return VPRIV_OK;
}

static vpriv_status note_row(void *user, const vpi_page_row *row)
{
    struct seen *seen = user;
    seen->n_rows++;
    seen->number = row->values[0].number;
    return VPRIV_OK;
}

START_TEST(a_page_of_the_log_that_cannot_be_read_is_damaged_and_not_an_older_one)
{
    for (int i = 0; i < 2; i++) {
        struct seen seen = {0, 0, 0, 0};
        vpi_pages *pages = NULL;
        bool is_whole = false;
        ck_ok(vpi_pages_open("second", note_damage, &seen, &pages));
        ck_ok(vpi_pages_walk_schema(pages, note_table, &seen, &is_whole));
        ck_assert(is_whole);
        unread.is_on = i == 1;
        ck_ok(vpi_pages_walk(pages, "numbers", seen.root, note_row, &seen, &is_whole));
        ck_assert(is_whole == !unread.is_on);
        ck_assert_uint_eq(seen.n_rows, unread.is_on ? 0 : 1);
        ck_assert_uint_eq(seen.n_damages, unread.is_on ? 1 : 0);
        ck_assert_int_eq(seen.number, unread.is_on ? 0 : NEW);
        vpi_pages_close(pages);
    }
}
END_TEST

START_TEST(a_vault_that_cannot_be_read_is_not_called_something_else)
{
    ck_ok(vpi_may_replace("second", true));
    unread.is_on = true;
    ck_fails(vpi_may_replace("second", true), VPRIV_E_IO);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "second: "));
    unread.is_on = false;
    ck_assert_int_eq(unlink("second-wal"), 0);
    ck_fails(vpi_may_replace("second", true), VPRIV_E_EXISTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: a log that cannot be read");
    TCase *tests = tcase_create("log");
    tcase_add_checked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, a_page_of_the_log_that_cannot_be_read_is_damaged_and_not_an_older_one);
    tcase_add_test(tests, a_vault_that_cannot_be_read_is_not_called_something_else);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
