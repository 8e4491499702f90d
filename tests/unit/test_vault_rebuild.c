/* The rows of a damaged file, page by page: what is of a table's form is taken, and nothing else; what nothing
 * leads to only where it can be of one table, of one version and of now. Rows of all tables are made up, from
 * the schema alone. */
#include "keys/tree.h"
#include "made_rows.h"
#include "unit.h"
#include "vault/rebuild.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#define N_GOOD     3
#define N_MANY     300
#define FIRST_MANY 1000
#define FILE_MAX   (256 * VPI_PAGE_BYTES)
#define SQL_BYTES  4096

static char folder[64], path[96], into[96];
static uint8_t bytes[FILE_MAX], whole[FILE_MAX];
static size_t n_bytes, n_whole;

/* What was told. */
static struct damages {
    size_t n, n_of_table, n_versions, n_ambiguous, n_old;
    char table[32];
} told;

static void note(void *user, uint32_t page, const char *table, const char *what)
{
    (void)user;
    (void)page;
    told.n++;
    told.n_versions += strstr(what, "two versions") != NULL;
    told.n_ambiguous += strstr(what, "more than one table") != NULL;
    told.n_old += strstr(what, "an old one") != NULL;
    if (table && strcmp(table, told.table) == 0)
        told.n_of_table++;
}

/* The last n bytes of a word. */
static void cut_ends(char *text, const char *word, size_t n)
{
    for (char *at = text; (at = strstr(at, word)) != NULL;) {
        at += strlen(word) - n;
        memmove(at, at + n, strlen(at + n) + 1);
    }
}

static void add_suffix(const char *of, const char *suffix)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", of, suffix);
    (void)unlink(name);
}

static void forget(const char *of)
{
    add_suffix(of, "");
    add_suffix(of, "-wal");
    add_suffix(of, "-shm");
}

static sqlite3 *open_file(void)
{
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return handle;
}

static void run(sqlite3 *handle, const char *sql)
{
    ck_assert_msg(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
        sqlite3_errmsg(handle));
}

/* The schema without what keeps wrong rows out; tables and indexes begin where they always do. */
static void loosen(const char *schema, sqlite3 *handle)
{
    char *text = strdup(schema);
    cut_ends(text, " STRICT,", 8);
    cut_ends(text, " STRICT", 7);
    cut_ends(text, "BLOB NOT NULL", 9);
    cut_ends(text, "INTEGER NOT NULL", 9);
    cut_ends(text, " CHECK (id = 1)", 15);
    run(handle, text);
    free(text);
}

static int64_t number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_msg(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
        sqlite3_errmsg(handle));
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static int64_t count(vpi_database *database, const char *table)
{
    char sql[SQL_BYTES];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return number(vpi_database_handle(database), sql);
}

static void load(void)
{
    const int fd = open(path, O_RDONLY);
    const ssize_t n = read(fd, bytes, sizeof bytes);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, FILE_MAX - 4 * VPI_PAGE_BYTES);
    n_bytes = (size_t)n;
    close(fd);
}

static void store(void)
{
    forget(path);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, bytes, n_bytes), (ssize_t)n_bytes);
    close(fd);
}

static vpi_database *rebuild(const char *table)
{
    vpi_database *database = NULL;
    forget(into);
    told = (struct damages){.n = 0};
    snprintf(told.table, sizeof told.table, "%s", table);
    ck_ok(vpi_rebuild(path, into, note, NULL, &database));
    return database;
}

/* ---- Every table ---- */

static const char *const kinds[] = {"int", "blob", "null", "text", "real"};

static void set_up(void)
{
    vpi_database *database = NULL;
    const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/voicepriv-test-XXXXXX", shm);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/damaged", folder);
    snprintf(into, sizeof into, "%s/rebuilt", folder);
    made_tables_read();
    ck_assert_int_eq(n_made_tables, 23);
    ck_ok(vpi_database_open(path, VPI_DATABASE_CREATE, &database));
    loosen(vpi_tree_schema, vpi_database_handle(database));
    loosen(vpi_vault_schema, vpi_database_handle(database));
    run(vpi_database_handle(database), "PRAGMA foreign_keys=OFF");
    for (int i = 0; i < n_made_tables; i++)
        for (int row = 1; row <= (made_tables[i].has_one ? 1 : N_GOOD); row++)
            ck_assert(made_row_add(vpi_database_handle(database), &made_tables[i], row, -1, "", 0));
    vpi_database_close(database);
    load();
    memcpy(whole, bytes, n_bytes);
    n_whole = n_bytes;
}

static void tear_down(void)
{
    forget(path);
    forget(into);
    (void)rmdir(folder);
}

/* Every table has the rows that were good; one of them so many more or less. */
static void check_good(vpi_database *database, const made_table *other, int more, const char *what)
{
    for (int i = 0; i < n_made_tables; i++) {
        const int64_t n = count(database, made_tables[i].name);
        const int wanted =
            (made_tables[i].has_one ? 1 : N_GOOD) + (&made_tables[i] == other ? more : 0);
        ck_assert_msg(n == wanted, "%s: %s has %lld rows, not %d", what, made_tables[i].name,
            (long long)n, wanted);
    }
}

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

/* ---- Pages that nothing leads to ---- */

static const made_table *table_named(const char *name)
{
    for (int i = 0; i < n_made_tables; i++)
        if (strcmp(made_tables[i].name, name) == 0)
            return &made_tables[i];
    ck_abort_msg("no table %s", name);
}

static void begin_again(void)
{
    memcpy(bytes, whole, n_whole);
    n_bytes = n_whole;
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

static void break_page(uint8_t *page)
{
    memset(page, 0, VPI_PAGE_BYTES);
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

/* ---- Where tables begin ---- */

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
    tcase_add_loop_test(tcase, tables_are_found_where_they_begin, 0, 3);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
