/* A file with rows of every table of a vault, made up from the schema alone, and what is rebuilt of it after somebody
 * changed it. */
#ifndef TESTS_REBUILD_WORLD_H
#define TESTS_REBUILD_WORLD_H

#include "base/database.h"
#include "base/pages.h"
#include "made_rows.h"
#include "unit.h"

#define N_GOOD    3 /* rows of each table that has more than one */
#define FILE_MAX  (256 * VPI_PAGE_BYTES)
#define SQL_BYTES 4096

extern char path[96];
/* The file to be damaged, and what it was. */
extern uint8_t bytes[FILE_MAX], whole[FILE_MAX];
extern size_t n_bytes, n_whole;

/* What the last rebuilding told. */
extern struct damages {
    size_t n, n_of_table, n_versions, n_ambiguous, n_old;
    char table[32];
} told;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

void begin_again(void);
void break_page(uint8_t *page);
/* The bytes from the file, and into it. */
void load(void);
void store(void);
/* A database with all it has beside it. */
void forget(const char *of);
/* What is told of this table is counted by itself. */
vpi_database *rebuild(const char *table);

/* The file through SQLite. */
sqlite3 *open_file(void);
void run(sqlite3 *handle, const char *sql);
int64_t number(sqlite3 *handle, const char *sql);
int64_t count(vpi_database *database, const char *table);
/* The schema without what keeps wrong rows out; tables and indexes begin where they always do. */
void loosen(const char *schema, sqlite3 *handle);
/* Every table has the rows that were good; one of them so many more or less. */
void check_good(vpi_database *database, const made_table *other, int more, const char *what);

#endif
