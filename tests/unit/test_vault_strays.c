/* Pages that nothing leads to: their rows are taken only where they can be of one table, of one version and of now, and
 * are in nothing's way. */
#include "rebuild_world.h"
#include <stdio.h>

#define N_MANY     300
#define FIRST_MANY 1000

static const made_table *table_named(const char *name)
{
    for (int i = 0; i < n_made_tables; i++)
        if (strcmp(made_tables[i].name, name) == 0)
            return &made_tables[i];
    ck_abort_msg("no table %s", name);
}

/* So many rows that the table has several pages. */
static void fill(const char *name)
{
    store();
    sqlite3 *handle = open_file();
    run(handle, "BEGIN");
    for (int row = 0; row < N_MANY; row++)
        ck_assert(made_row_add(handle, table_named(name), FIRST_MANY + row, -1, "", 0));
    run(handle, "COMMIT");
    sqlite3_close(handle);
    load();
}

/* The table's leaf pages by their order, from 0; -1 is the page above them. */
static uint8_t *page_of(const char *name, int leaf)
{
    char sql[SQL_BYTES];
    store();
    sqlite3 *handle = open_file();
    snprintf(sql, sizeof sql,
        "SELECT pageno FROM dbstat WHERE name = '%s' AND pagetype = '%s' ORDER BY path LIMIT 1"
        " OFFSET %d",
        name, leaf < 0 ? "internal" : "leaf", leaf < 0 ? 0 : leaf);
    const int64_t page = number(handle, sql);
    sqlite3_close(handle);
    return bytes + (page - 1) * VPI_PAGE_BYTES;
}

static uint8_t *append_copy(const uint8_t *page)
{
    uint8_t *copy = bytes + n_bytes;
    memcpy(copy, page, VPI_PAGE_BYTES);
    n_bytes += VPI_PAGE_BYTES;
    return copy;
}

static int64_t n_cells(const uint8_t *page)
{
    return (int64_t)page[3] << 8 | page[4];
}

static uint8_t *cell(uint8_t *page, int i)
{
    return page + ((size_t)page[8 + 2 * i] << 8 | page[9 + 2 * i]);
}

/* Nothing leads to the copy; it is of a table that has a hole. */
static uint8_t *copy_first_and_break_second(const char *name, int64_t *n_lost_out)
{
    begin_again();
    fill(name);
    const uint8_t *first = page_of(name, 0);
    uint8_t *second = page_of(name, 1);
    uint8_t *copy = append_copy(first);
    *n_lost_out = n_cells(second);
    ck_assert_int_gt(*n_lost_out, 3);
    break_page(second);
    return copy;
}

START_TEST(the_same_row_twice_is_one_row)
{
    static const char *const names[] = {"log_hash", "policy", "recording_subject", "recording"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t n_lost = 0;
        (void)copy_first_and_break_second(names[i], &n_lost);
        store();
        vpi_database *database = rebuild(names[i]);
        ck_assert_int_eq(count(database, names[i]), N_GOOD + N_MANY - n_lost);
        ck_assert_uint_eq(told.n, 1); /* the page */
        vpi_database_close(database);
    }
}
END_TEST

/* The last byte of a page's first row, which is a digit, becomes another one that is none. */
static void change_first_row(uint8_t *page, const char *name, uint8_t how)
{
    uint8_t *row = cell(page, 0);
    row[*row + (table_named(name)->has_rowid ? 1 : 0)] ^= how;
}

static int64_t n_changed(vpi_database *database, const char *name)
{
    char sql[SQL_BYTES];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE substr(%s, -1) >= x'80'", name,
        strcmp(name, "log_hash") == 0 ? "hash" : "sealed");
    return number(vpi_database_handle(database), sql);
}

static const char *const with_versions[] = {"log_hash", "policy", "wrap", "ingest"};
#define N_WITH_VERSIONS (int)(sizeof with_versions / sizeof with_versions[0])

/* Row numbers are given again, and an old copy of a page has what they were before. */
START_TEST(what_a_tree_leads_to_is_taken_whatever_lies_about)
{
    const char *name = with_versions[_i];
    int64_t n_lost = 0;
    uint8_t *copy = copy_first_and_break_second(name, &n_lost);
    change_first_row(copy, name, 0x80);
    change_first_row(append_copy(copy), name, 0x01);
    store();
    vpi_database *database = rebuild(name);
    ck_assert_int_eq(count(database, name), N_GOOD + N_MANY - n_lost);
    ck_assert_int_eq(n_changed(database, name), 0);
    ck_assert_uint_eq(told.n, 1); /* the page */
    vpi_database_close(database);
}
END_TEST

/* Nothing leads to any of them, up to four; the last is as the first. */
START_TEST(of_two_versions_none_is_taken)
{
    static const uint8_t how[] = {0, 0x80, 0x81, 0};
    const char *name = with_versions[_i];
    for (size_t n_copies = 2; n_copies <= sizeof how; n_copies++) {
        begin_again();
        fill(name);
        uint8_t *second = page_of(name, 1);
        for (size_t i = 0; i < n_copies; i++)
            change_first_row(append_copy(second), name, how[i]);
        break_page(second);
        store();
        vpi_database *database = rebuild(name);
        ck_assert_int_eq(count(database, name), N_GOOD + N_MANY - 1);
        ck_assert_int_eq(n_changed(database, name), 0);
        ck_assert_uint_eq(told.n_versions, n_copies - 1);
        vpi_database_close(database);
    }
}
END_TEST

/* Two leaves of the tree have it; what lies about is not asked which of them is right. */
START_TEST(of_two_versions_in_one_tree_none_is_taken)
{
    const char *name = with_versions[_i];
    fill(name);
    uint8_t *first = page_of(name, 0), *second = page_of(name, 1), *third = page_of(name, 2);
    const int64_t n_lost = n_cells(second) + n_cells(third);
    append_copy(first);
    memcpy(second, first, VPI_PAGE_BYTES);
    change_first_row(second, name, 0x80);
    break_page(third);
    store();
    vpi_database *database = rebuild(name);
    ck_assert_int_eq(count(database, name), N_GOOD + N_MANY - n_lost - 1);
    ck_assert_int_eq(n_changed(database, name), 0);
    ck_assert_uint_eq(told.n_versions, 2);
    vpi_database_close(database);
}
END_TEST

/* Copies of a page of recordings, whose numbers have two bytes: as it is (p), with another number for the first
 * name (n), with that number and another name (o), with the second's name for the first number (s). Whichever comes
 * first, all that have something in common rule each other out. */
START_TEST(of_one_name_with_two_numbers_none_is_taken)
{
    static const char *const orders[] = {"np", "pn", "nop", "onp", "pno", "pon", "nosp", "spno"};
    const char *order = orders[_i];
    fill("recording");
    uint8_t *page = page_of("recording", 1);
    for (const char *at = order; *at; at++) {
        uint8_t *row = cell(append_copy(page), 0);
        if (*at == 'n' || *at == 'o')
            row[1] ^= 0x10;
        if (*at == 'o')
            row[12] ^= 0x80;
        if (*at == 's')
            memcpy(row + 10, cell(page, 1) + 10, 24);
    }
    break_page(page);
    store();
    vpi_database *database = rebuild("recording");
    ck_assert_int_eq(count(database, "recording"), N_GOOD + N_MANY - (strchr(order, 's') ? 2 : 1));
    vpi_database_close(database);
}
END_TEST

START_TEST(a_number_or_a_name_of_the_tree_is_not_given_again)
{
    fill("recording");
    uint8_t *copy = append_copy(page_of("recording", 1));
    uint8_t *broken = page_of("recording", 2);
    const int64_t n_lost = n_cells(broken);
    cell(copy, 0)[1] ^= 0x10;  /* another number for the name */
    cell(copy, 1)[12] ^= 0x80; /* and another name for the number */
    break_page(broken);
    store();
    vpi_database *database = rebuild("recording");
    ck_assert_int_eq(count(database, "recording"), N_GOOD + N_MANY - n_lost);
    ck_assert_int_eq(number(vpi_database_handle(database),
                         "SELECT count(*) FROM recording"
                         " WHERE CAST(name AS TEXT) NOT LIKE '%' || (2000 + id)"),
        0);
    ck_assert_uint_eq(told.n, 1); /* the page */
    vpi_database_close(database);
}
END_TEST

START_TEST(what_nothing_leads_to_is_found)
{
    fill("log_hash");
    break_page(page_of("log_hash", -1));
    store();
    vpi_database *database = rebuild("log_hash");
    ck_assert_int_eq(count(database, "log_hash"), N_GOOD + N_MANY);
    ck_assert_uint_eq(told.n, 1);
    vpi_database_close(database);
}
END_TEST

START_TEST(what_may_be_of_two_tables_is_not_taken)
{
    fill("wrap");
    fill("shelf");
    const int64_t n_lost = n_cells(page_of("wrap", 0));
    break_page(page_of("wrap", -1));
    break_page(page_of("shelf", -1));
    store();
    vpi_database *database = rebuild("wrap");
    ck_assert_int_eq(count(database, "wrap"), 0);
    ck_assert_int_eq(count(database, "shelf"), 0);
    ck_assert_uint_eq(told.n_ambiguous, 2 * (N_GOOD + N_MANY));
    ck_assert_int_gt(n_lost, 3);
    vpi_database_close(database);
}
END_TEST

/* Where nobody knows which pages are free, only rows that never change are taken from pages that may be. */
START_TEST(what_may_be_an_old_version_is_not_taken)
{
    fill("recording_subject");
    fill("log_hash");
    uint8_t *above = page_of("recording_subject", -1);
    const int64_t n_above = n_cells(above);
    break_page(above);
    break_page(page_of("log_hash", -1));
    memset(bytes + 32, 0x7f, 4); /* where the list of free pages begins */
    store();
    vpi_database *database = rebuild("recording_subject");
    ck_assert_int_eq(count(database, "recording_subject"), 0);
    ck_assert_int_eq(count(database, "log_hash"), N_GOOD + N_MANY);
    ck_assert_uint_eq(told.n_old, (size_t)(N_GOOD + N_MANY - n_above));
    vpi_database_close(database);
}
END_TEST

START_TEST(a_row_of_no_broken_table_is_left)
{
    fill("wrap");
    append_copy(page_of("wrap", 0));
    store();
    vpi_database *database = rebuild("wrap");
    ck_assert_int_eq(count(database, "wrap"), N_GOOD + N_MANY);
    ck_assert_uint_eq(told.n, 0);
    vpi_database_close(database);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: strays");
    TCase *tcase = tcase_create("strays");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_same_row_twice_is_one_row);
    tcase_add_loop_test(
        tcase, what_a_tree_leads_to_is_taken_whatever_lies_about, 0, N_WITH_VERSIONS);
    tcase_add_loop_test(tcase, of_two_versions_none_is_taken, 0, N_WITH_VERSIONS);
    tcase_add_loop_test(tcase, of_two_versions_in_one_tree_none_is_taken, 0, N_WITH_VERSIONS);
    tcase_add_test(tcase, a_number_or_a_name_of_the_tree_is_not_given_again);
    tcase_add_loop_test(tcase, of_one_name_with_two_numbers_none_is_taken, 0, 8);
    tcase_add_test(tcase, what_nothing_leads_to_is_found);
    tcase_add_test(tcase, what_may_be_of_two_tables_is_not_taken);
    tcase_add_test(tcase, what_may_be_an_old_version_is_not_taken);
    tcase_add_test(tcase, a_row_of_no_broken_table_is_left);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
