#include "rebuild_world.h"
#include "keys/tree.h"
#include "vault/rebuild.h"
#include "vault/vault.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64];
char path[96];
static char into[96];
uint8_t bytes[FILE_MAX], whole[FILE_MAX];
size_t n_bytes, n_whole;
struct damages told;

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

void forget(const char *of)
{
    add_suffix(of, "");
    add_suffix(of, "-wal");
    add_suffix(of, "-shm");
}

sqlite3 *open_file(void)
{
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return handle;
}

void run(sqlite3 *handle, const char *sql)
{
    ck_assert_msg(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
        sqlite3_errmsg(handle));
}

void loosen(const char *schema, sqlite3 *handle)
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

int64_t number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_msg(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
        sqlite3_errmsg(handle));
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

int64_t count(vpi_database *database, const char *table)
{
    char sql[SQL_BYTES];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return number(vpi_database_handle(database), sql);
}

void load(void)
{
    const int fd = open(path, O_RDONLY);
    const ssize_t n = read(fd, bytes, sizeof bytes);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, FILE_MAX - 4 * VPI_PAGE_BYTES);
    n_bytes = (size_t)n;
    close(fd);
}

void store(void)
{
    forget(path);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, bytes, n_bytes), (ssize_t)n_bytes);
    close(fd);
}

vpi_database *rebuild(const char *table)
{
    vpi_database *database = NULL;
    bool has_unread = true;
    forget(into);
    told = (struct damages){.n = 0};
    snprintf(told.table, sizeof told.table, "%s", table);
    ck_ok(vpi_rebuild(path, into, note, NULL, &has_unread, &database));
    ck_assert(!has_unread);
    return database;
}

void set_up(void)
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

void tear_down(void)
{
    forget(path);
    forget(into);
    (void)rmdir(folder);
}

void check_good(vpi_database *database, const made_table *other, int more, const char *what)
{
    for (int i = 0; i < n_made_tables; i++) {
        const int64_t n = count(database, made_tables[i].name);
        const int wanted =
            (made_tables[i].has_one ? 1 : N_GOOD) + (&made_tables[i] == other ? more : 0);
        ck_assert_msg(n == wanted, "%s: %s has %lld rows, not %d", what, made_tables[i].name,
            (long long)n, wanted);
    }
}

void begin_again(void)
{
    memcpy(bytes, whole, n_whole);
    n_bytes = n_whole;
}

void break_page(uint8_t *page)
{
    memset(page, 0, VPI_PAGE_BYTES);
}
