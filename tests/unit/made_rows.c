#include "made_rows.h"
#include "keys/tree.h"
#include "unit.h"
#include "vault/vault.h"
#include <stdio.h>

/* Lengths that are always the same, of the last column. */
static const struct {
    const char *table;
    int n;
} lengths[N_MADE_LENGTHS] = {{"key_node", 4042}, {"root_pending", 73}, {"root_state", 297},
    {"purpose", 73}, {"subject", 301}, {"block", 4096}, {"log_hash", 32}};

int made_length_of(const char *table)
{
    for (size_t i = 0; i < N_MADE_LENGTHS; i++)
        if (strcmp(lengths[i].table, table) == 0)
            return lengths[i].n;
    return 0;
}

made_table made_tables[32];
int n_made_tables;

static void read_columns(sqlite3 *strict, made_table *t)
{
    char sql[128];
    sqlite3_stmt *statement = NULL;
    snprintf(sql, sizeof sql, "SELECT type, \"notnull\", pk FROM pragma_table_info('%s')", t->name);
    ck_assert_int_eq(sqlite3_prepare_v2(strict, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        made_column *c = &t->columns[t->n++];
        c->is_int = strcmp((const char *)sqlite3_column_text(statement, 0), "INTEGER") == 0;
        const bool is_key = sqlite3_column_int(statement, 2) > 0;
        c->is_row = is_key && t->has_rowid;
        c->may_be_null = !is_key && sqlite3_column_int(statement, 1) == 0;
    }
    sqlite3_finalize(statement);
}

void made_tables_read(void)
{
    vpi_database *strict = NULL;
    sqlite3_stmt *statement = NULL;
    ck_ok(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &strict));
    ck_ok(vpi_database_script(strict, vpi_tree_schema));
    ck_ok(vpi_database_script(strict, vpi_vault_schema));
    sqlite3 *handle = vpi_database_handle(strict);
    ck_assert_int_eq(sqlite3_prepare_v2(handle,
                         "SELECT name, sql NOT LIKE '%WITHOUT ROWID%', sql LIKE '%CHECK (id = 1)%'"
                         " FROM sqlite_schema"
                         " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                         -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        made_table *t = &made_tables[n_made_tables++];
        snprintf(t->name, sizeof t->name, "%s", (const char *)sqlite3_column_text(statement, 0));
        t->has_rowid = sqlite3_column_int(statement, 1);
        t->has_one = sqlite3_column_int(statement, 2);
        read_columns(handle, t);
    }
    sqlite3_finalize(statement);
    vpi_database_close(strict);
}

/* A value that no other row has in this column. */
static void value_of(
    const made_table *t, int c, const char *kind, int row, int longer, char out[80])
{
    const int usual = c + 1 == t->n && made_length_of(t->name) ? made_length_of(t->name) : 24;
    if (strcmp(kind, "int") == 0)
        snprintf(out, 80, "%d", 1000 * (c + 1) + row);
    else if (strcmp(kind, "blob") == 0)
        snprintf(
            out, 80, "CAST(printf('%%0%d.4d', %d) AS BLOB)", usual + longer, 1000 * (c + 1) + row);
    else if (strcmp(kind, "null") == 0)
        snprintf(out, 80, "NULL");
    else if (strcmp(kind, "text") == 0)
        snprintf(out, 80, "'a text %d'", row);
    else
        snprintf(out, 80, "%d.5", row);
}

bool made_row_add(
    sqlite3 *handle, const made_table *t, int row, int odd, const char *kind, int longer)
{
    char sql[1024], value[80];
    int n = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (", t->name);
    for (int c = 0; c < t->n; c++) {
        const made_column *about = &t->columns[c];
        if (about->is_row)
            snprintf(value, sizeof value, "%d", row);
        else
            value_of(t, c,
                c == odd        ? kind
                : about->is_int ? "int"
                                : "blob",
                row, c + 1 == t->n ? longer : 0, value);
        n += snprintf(sql + n, sizeof sql - (size_t)n, "%s%s", c ? ", " : "", value);
    }
    snprintf(sql + n, sizeof sql - (size_t)n, ")");
    const int code = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    ck_assert_msg(
        code == SQLITE_OK || code == SQLITE_CONSTRAINT, "%s: %s", sql, sqlite3_errmsg(handle));
    return code == SQLITE_OK;
}
