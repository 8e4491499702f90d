/* A database keeps so many prepared statements; whoever has more SQL texts than that notices nothing. */
#include "base/database_inside.h"
#include "unit.h"
#include <stdio.h>

#define N_TEXTS (3 * VPI_STATEMENTS_MAX)
#define N_ROWS  4

static char texts[N_TEXTS][64];
static vpi_database *database;

static void set_up(void)
{
    for (int i = 0; i < N_TEXTS; i++)
        snprintf(texts[i], sizeof texts[i], "SELECT id * 1000 + %d FROM t WHERE id >= ?1", i);
    ck_ok(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &database));
    ck_ok(vpi_database_script(database, "CREATE TABLE t(id INTEGER PRIMARY KEY) STRICT"));
    for (int64_t id = 1; id <= N_ROWS; id++)
        ck_ok(vpi_database_run(database, "INSERT INTO t VALUES (?1)", "i", id));
}

static void tear_down(void)
{
    vpi_database_close(database);
}

static void ck_text(int i)
{
    int64_t value = 0;
    ck_ok(vpi_database_int(database, &value, texts[i], "i", (int64_t)2));
    ck_assert_int_eq(value, 2000 + i);
}

static int n_prepared(void)
{
    int n = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(database->handle, NULL); s;
         s = sqlite3_next_stmt(database->handle, s))
        n++;
    return n;
}

START_TEST(more_texts_than_are_kept)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < N_TEXTS; i++)
            ck_text(i);
    ck_assert_int_eq(n_prepared(), VPI_STATEMENTS_MAX + 1); /* and the rollback */
    ck_ok(vpi_database_begin(database));
    for (int i = 0; i < N_TEXTS; i++)
        ck_text(i);
    ck_ok(vpi_database_run(database, "DELETE FROM t WHERE id = ?1", "i", (int64_t)2));
    ck_ok(vpi_database_commit(database));
    int64_t n = 0;
    ck_ok(vpi_database_int(database, &n, "SELECT count(*) FROM t", ""));
    ck_assert_int_eq(n, N_ROWS - 1);
}
END_TEST

/* One before its last row, one behind it, one at its second: all of them not ended. */
START_TEST(what_is_looked_at_stays)
{
    vpi_row rows[3];
    for (int i = 0; i < 3; i++)
        ck_ok(vpi_database_query(database, &rows[i], texts[i], "i", (int64_t)1));
    for (int i = 1; i < N_ROWS; i++)
        ck_ok(vpi_row_next(&rows[1]));
    ck_fails(vpi_row_next(&rows[1]), VPRIV_E_NOT_FOUND);
    ck_ok(vpi_row_next(&rows[2]));
    for (int i = 3; i < N_TEXTS; i++)
        ck_text(i);
    for (int i = 0; i < 3; i++) {
        bool is_there = false;
        for (size_t k = 0; k < database->n_statements; k++)
            is_there = is_there || database->statements[k].statement == rows[i].statement;
        ck_assert_msg(is_there, "the statement of row %d is gone", i);
    }
    ck_assert_int_eq(vpi_column_int(&rows[0], 0), 1000);
    ck_ok(vpi_row_next(&rows[0]));
    ck_assert_int_eq(vpi_column_int(&rows[0], 0), 2000);
    ck_assert_int_eq(vpi_column_int(&rows[2], 0), 2002);
    for (int i = 0; i < 3; i++)
        vpi_row_end(&rows[i]);
    for (int i = 0; i < N_TEXTS; i++)
        ck_text(i);
    ck_assert_int_eq(n_prepared(), VPI_STATEMENTS_MAX + 1);
}
END_TEST

START_TEST(what_is_used_all_the_time_is_prepared_once)
{
    ck_text(0);
    size_t place = 0;
    while (database->statements[place].sql != texts[0])
        place++;
    const sqlite3_stmt *statement = database->statements[place].statement;
    for (int i = 1; i < N_TEXTS; i++) {
        ck_text(i);
        ck_text(0);
    }
    ck_assert_ptr_eq(database->statements[place].sql, texts[0]);
    ck_assert_ptr_eq(database->statements[place].statement, statement);
}
END_TEST

START_TEST(with_a_row_of_each_one_more_is_refused)
{
    static vpi_row rows[VPI_STATEMENTS_MAX];
    vpi_row more;
    for (int i = 0; i < VPI_STATEMENTS_MAX; i++)
        ck_ok(vpi_database_query(database, &rows[i], texts[i], "i", (int64_t)1));
    ck_fails(vpi_database_query(database, &more, texts[VPI_STATEMENTS_MAX], "i", (int64_t)1),
        VPRIV_E_INTERNAL);
    vpi_row_end(&rows[7]);
    ck_ok(vpi_database_query(database, &more, texts[VPI_STATEMENTS_MAX], "i", (int64_t)1));
    ck_assert_int_eq(vpi_column_int(&more, 0), 1000 + VPI_STATEMENTS_MAX);
    ck_assert_int_eq(vpi_column_int(&rows[8], 0), 1008);
    vpi_row_end(&more);
    for (int i = 0; i < VPI_STATEMENTS_MAX; i++)
        vpi_row_end(&rows[i]);
}
END_TEST

/* A text that cannot be prepared costs nobody their place. */
START_TEST(a_bad_text_leaves_the_others)
{
    for (int i = 0; i < VPI_STATEMENTS_MAX; i++)
        ck_text(i);
    const int n_before = n_prepared();
    ck_fails(vpi_database_run(database, "DELETE FROM nothing", ""), VPRIV_E_AUTH);
    ck_assert_int_eq(n_prepared(), n_before);
    for (int i = 0; i < VPI_STATEMENTS_MAX; i++)
        ck_text(i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: statements");
    TCase *tests = tcase_create("statements");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, more_texts_than_are_kept);
    tcase_add_test(tests, what_is_looked_at_stays);
    tcase_add_test(tests, what_is_used_all_the_time_is_prepared_once);
    tcase_add_test(tests, with_a_row_of_each_one_more_is_refused);
    tcase_add_test(tests, a_bad_text_leaves_the_others);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
