/* The rows of a damaged file, page by page: what is of a table's form is taken, and nothing else; and where tables
 * begin. */
#include "keys/tree.h"
#include "rebuild_world.h"
#include "vault/vault.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const kinds[] = {"int", "blob", "null", "text", "real"};

/* Beside the rows that are there, or in place of the only one there may be. */
static bool add_odd(const made_table *t, int c, const char *kind, int longer)
{
    char sql[64];
    store();
    sqlite3 *handle = open_file();
    snprintf(sql, sizeof sql, "DELETE FROM %s", t->name);
    if (t->has_one)
        run(handle, sql);
    const bool added = made_row_add(handle, t, t->has_one ? 1 : 9, c, kind, longer);
    sqlite3_close(handle);
    return added;
}

START_TEST(what_is_of_every_table_is_taken)
{
    vpi_database *database = rebuild("");
    check_good(database, NULL, 0, "undamaged");
    ck_assert_uint_eq(told.n, 0);
    ck_assert_int_eq(number(vpi_database_handle(database),
                         "SELECT count(*) FROM subject WHERE id = key_slot - 3000"
                         " AND CAST(tag AS TEXT) LIKE '%' || (2000 + id)"),
        N_GOOD);
    vpi_database_close(database);
}
END_TEST

static void try_odd(const made_table *t, int c, const char *kind, int longer, size_t *n_tried)
{
    char what[128];
    if (!add_odd(t, c, kind, longer))
        return;
    snprintf(what, sizeof what, "%s, column %d, %s%+d", t->name, c, kind, longer);
    vpi_database *database = rebuild(t->name);
    check_good(database, t, t->has_one ? -1 : 0, what);
    ck_assert_msg(told.n_of_table == 1 && told.n == 1, "%s: told %zu times", what, told.n);
    vpi_database_close(database);
    ++*n_tried;
}

START_TEST(a_row_that_is_not_of_its_table_is_not_taken)
{
    size_t n_tried = 0;
    for (int i = 0; i < n_made_tables; i++)
        for (int c = 0; c < made_tables[i].n; c++)
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                const made_column *about = &made_tables[i].columns[c];
                const bool is_right = strcmp(kinds[k], about->is_int ? "int" : "blob") == 0 ||
                                      (about->may_be_null && strcmp(kinds[k], "null") == 0);
                if (!is_right && !about->is_row)
                    try_odd(&made_tables[i], c, kinds[k], 0, &n_tried);
            }
    ck_assert_uint_gt(n_tried, 150);
}
END_TEST

START_TEST(a_last_column_of_another_length_is_not_taken)
{
    size_t n_tried = 0;
    for (int i = 0; i < n_made_tables; i++)
        for (int longer = -1; longer <= 1 && made_length_of(made_tables[i].name); longer += 2)
            try_odd(&made_tables[i], made_tables[i].n - 1, "blob", longer, &n_tried);
    ck_assert_uint_eq(n_tried, 2 * N_MADE_LENGTHS);
}
END_TEST

START_TEST(a_null_is_taken_where_it_may_be)
{
    size_t n = 0;
    for (int i = 0; i < n_made_tables; i++)
        for (int c = 0; c < made_tables[i].n; c++) {
            if (!made_tables[i].columns[c].may_be_null)
                continue;
            ck_assert(add_odd(&made_tables[i], c, "null", 0));
            vpi_database *database = rebuild("");
            check_good(database, &made_tables[i], 1, made_tables[i].name);
            ck_assert_uint_eq(told.n, 0);
            vpi_database_close(database);
            n++;
        }
    ck_assert_uint_ge(n, 4);
}
END_TEST

START_TEST(a_row_with_a_column_too_many_is_not_taken)
{
    for (int i = 0; i < n_made_tables; i++) {
        char sql[SQL_BYTES];
        if (made_tables[i].has_one)
            continue;
        ck_assert(add_odd(&made_tables[i], -1, "", 0));
        sqlite3 *handle = open_file();
        snprintf(sql, sizeof sql, "ALTER TABLE %s ADD COLUMN more BLOB", made_tables[i].name);
        run(handle, sql);
        snprintf(sql, sizeof sql, "UPDATE %s SET more = x'00' WHERE CAST(%s AS TEXT) LIKE '%%9'",
            made_tables[i].name, made_tables[i].has_rowid ? "rowid" : "recording");
        if (strcmp(made_tables[i].name, "policy") == 0)
            snprintf(sql, sizeof sql,
                "UPDATE policy SET more = x'00' WHERE CAST(tag AS TEXT) LIKE '%%9'");
        run(handle, sql);
        ck_assert_int_eq(sqlite3_changes(handle), 1);
        sqlite3_close(handle);
        vpi_database *database = rebuild(made_tables[i].name);
        check_good(database, NULL, 0, made_tables[i].name);
        ck_assert_uint_eq(told.n_of_table, 1);
        vpi_database_close(database);
    }
}
END_TEST

START_TEST(of_what_there_is_one_of_a_second_is_not_taken)
{
    for (int i = 0; i < n_made_tables; i++) {
        if (!made_tables[i].has_one)
            continue;
        store();
        sqlite3 *handle = open_file();
        ck_assert(made_row_add(handle, &made_tables[i], 2, -1, "", 0));
        sqlite3_close(handle);
        vpi_database *database = rebuild(made_tables[i].name);
        check_good(database, NULL, 0, made_tables[i].name);
        ck_assert_uint_eq(told.n_of_table, 1);
        ck_assert_uint_eq(told.n_versions, 0);
        vpi_database_close(database);
    }
}
END_TEST

/* As a vault of before (0), or one that SQLite made small: with pointer maps (1), or without (2). */
static void make_again(int how)
{
    vpi_database *database = NULL;
    forget(path);
    if (how == 0) {
        const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        close(fd);
        sqlite3 *handle = open_file();
        run(handle, "PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL;");
        loosen(vpi_tree_schema, handle);
        loosen(vpi_vault_schema, handle);
        run(handle, "PRAGMA foreign_keys=OFF");
        for (int i = 0; i < n_made_tables; i++)
            for (int row = 1; row <= (made_tables[i].has_one ? 1 : N_GOOD); row++)
                ck_assert(made_row_add(handle, &made_tables[i], row, -1, "", 0));
        sqlite3_close(handle);
    } else {
        store();
        ck_ok(vpi_database_open(path, VPI_DATABASE_OPEN, &database));
        run(vpi_database_handle(database), how == 1 ? "VACUUM"
                                                    : "PRAGMA journal_mode=DELETE;"
                                                      "PRAGMA auto_vacuum=NONE; VACUUM;");
        vpi_database_close(database);
    }
    load();
    store();
    sqlite3 *handle = open_file();
    ck_assert_int_eq(number(handle, "PRAGMA auto_vacuum"), how == 1 ? 2 : 0);
    ck_assert_int_eq(number(handle, "SELECT rootpage FROM sqlite_schema WHERE name = 'key_node'") ==
                         (how == 1 ? 3 : 2),
        1);
    sqlite3_close(handle);
    load();
}

/* The page with the list of tables may be lost, and with it any other. */
START_TEST(tables_are_found_where_they_begin)
{
    make_again(_i);
    store();
    vpi_database *database = rebuild("");
    check_good(database, NULL, 0, "whole");
    ck_assert_uint_eq(told.n, 0);
    vpi_database_close(database);
    break_page(bytes);
    store();
    database = rebuild("");
    check_good(database, NULL, 0, "page 1");
    ck_assert_uint_ge(told.n, 1);
    vpi_database_close(database);
    memcpy(whole, bytes, n_bytes);
    for (size_t page = 1; page < n_bytes / VPI_PAGE_BYTES; page++) {
        int n_less = 0;
        memcpy(bytes, whole, n_bytes);
        break_page(bytes + page * VPI_PAGE_BYTES);
        store();
        database = rebuild("");
        for (int i = 0; i < n_made_tables; i++)
            n_less += count(database, made_tables[i].name) < (made_tables[i].has_one ? 1 : N_GOOD);
        ck_assert_int_le(n_less, 1); /* what was on that page */
        vpi_database_close(database);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: rebuild");
    TCase *tcase = tcase_create("rebuild");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_of_every_table_is_taken);
    tcase_add_test(tcase, a_row_that_is_not_of_its_table_is_not_taken);
    tcase_add_test(tcase, a_last_column_of_another_length_is_not_taken);
    tcase_add_test(tcase, a_null_is_taken_where_it_may_be);
    tcase_add_test(tcase, a_row_with_a_column_too_many_is_not_taken);
    tcase_add_test(tcase, of_what_there_is_one_of_a_second_is_not_taken);
    tcase_add_loop_test(tcase, tables_are_found_where_they_begin, 0, 3);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
