/* Rows of every table of a vault, made up from the schema alone: for files that no vault wrote. */
#ifndef TESTS_MADE_ROWS_H
#define TESTS_MADE_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>

typedef struct made_column {
    bool is_row, is_int, may_be_null;
} made_column;

typedef struct made_table {
    char name[32];
    bool has_rowid, has_one; /* row, and no more */
    int n;
    made_column columns[8];
} made_table;

extern made_table made_tables[32];
extern int n_made_tables;

/* Once, before the others: tables and columns as the library has them. */
void made_tables_read(void);

/* How many tables have a last column that is always of one length; and that length in bytes, or 0. */
#define N_MADE_LENGTHS 7
int made_length_of(const char *table);

/* One row, with values that no other row has; where odd >= 0 that column is of this kind ("int", "blob",
 * "null", "text", "real"), and the last so many bytes longer. False when SQLite does not take it. */
bool made_row_add(
    sqlite3 *handle, const made_table *t, int row, int odd, const char *kind, int longer);

#endif
