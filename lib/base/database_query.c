#include "base/database_inside.h"
#include "base/try.h"
#include <errno.h>
#include <string.h>

/* A place that is free, or that of the one not used for longest; VPI_STATEMENTS_MAX when a row of each is
 * looked at. */
static size_t place_for_another(const vpi_database *database)
{
    size_t place = VPI_STATEMENTS_MAX;
    if (database->n_statements < VPI_STATEMENTS_MAX)
        return database->n_statements;
    for (size_t i = 0; i < VPI_STATEMENTS_MAX; i++)
        if (!database->statements[i].is_held &&
            (place == VPI_STATEMENTS_MAX ||
                database->statements[i].last_use < database->statements[place].last_use))
            place = i;
    return place;
}

static vpriv_status prepare_at(vpi_database *database, size_t place, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    const int code =
        sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK)
        return vpi_database_status(database->handle, code);
    if (place == database->n_statements)
        database->n_statements++;
    else
        sqlite3_finalize(database->statements[place].statement);
    database->statements[place].sql = sql;
    database->statements[place].statement = statement;
    return VPRIV_OK;
}

static vpriv_status prepare(vpi_database *database, const char *sql, sqlite3_stmt **statement_out)
{
    size_t i = 0;
    while (i < database->n_statements && database->statements[i].sql != sql)
        i++;
    if (i == database->n_statements) {
        i = place_for_another(database);
        if (i == VPI_STATEMENTS_MAX)
            return vpi_fail(VPRIV_E_INTERNAL, "so many queries at once");
        const vpriv_status st = prepare_at(database, i, sql);
        if (st != VPRIV_OK)
            return st;
    }
    database->statements[i].last_use = ++database->n_uses;
    *statement_out = database->statements[i].statement;
    return VPRIV_OK;
}

/* Not what SQLite calls busy: behind its last row a statement is not, and vpi_row_end still resets it. */
static void hold(vpi_database *database, const sqlite3_stmt *statement, bool is_held)
{
    for (size_t i = 0; i < database->n_statements; i++)
        if (database->statements[i].statement == statement)
            database->statements[i].is_held = is_held;
}

static int bind_all(sqlite3_stmt *statement, const char *format, va_list *values)
{
    int code = SQLITE_OK;
    for (int i = 0; format[i] && code == SQLITE_OK; i++) {
        if (format[i] == 'i') {
            code = sqlite3_bind_int64(statement, i + 1, va_arg(*values, int64_t));
        } else {
            VPI_IMPOSSIBLE_UNLESS(format[i] == 'b');
            const void *data = va_arg(*values, const void *);
            const size_t n_bytes = va_arg(*values, size_t);
            code = sqlite3_bind_blob64(statement, i + 1, data, n_bytes, SQLITE_STATIC);
        }
    }
    return code;
}

static void remember(vpi_database *database, vpriv_status st)
{
    if (database->is_begun && database->why == VPRIV_OK)
        database->why = st;
}

/* Prepared, bound and stepped once; SQLITE_ROW or SQLITE_DONE on success. */
static vpriv_status start(vpi_database *database, const char *sql, const char *format,
    va_list *values, sqlite3_stmt **statement_out, int *code_out)
{
    if (vpi_database_lost_transaction(database))
        return vpi_database_refuse_the_rest(database);
    vpriv_status st = prepare(database, sql, statement_out);
    if (st != VPRIV_OK) {
        remember(database, st);
        return st;
    }
    sqlite3_stmt *statement = *statement_out;
    VPI_IMPOSSIBLE_UNLESS(!sqlite3_stmt_busy(statement));
    int code = bind_all(statement, format, values);
    errno = 0;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        st = vpi_database_status(database->handle, code);
        remember(database, st);
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        return st;
    }
    *code_out = code;
    return VPRIV_OK;
}

vpriv_status vpi_database_run(vpi_database *database, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_ERROR;
    va_list values;
    va_start(values, format);
    const vpriv_status st = start(database, sql, format, &values, &statement, &code);
    va_end(values);
    if (st != VPRIV_OK)
        return st;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    VPI_IMPOSSIBLE_UNLESS(code == SQLITE_DONE);
    return VPRIV_OK;
}

static vpriv_status query(
    vpi_database *database, vpi_row *row_out, const char *sql, const char *format, va_list *values)
{
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_ERROR;
    const vpriv_status st = start(database, sql, format, values, &statement, &code);
    if (st != VPRIV_OK)
        return st;
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        return VPRIV_E_NOT_FOUND;
    }
    hold(database, statement, true);
    row_out->statement = statement;
    row_out->database = database;
    return VPRIV_OK;
}

vpriv_status vpi_database_query(
    vpi_database *database, vpi_row *row_out, const char *sql, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    row_out->statement = NULL;
    const vpriv_status st = query(database, row_out, sql, format, &values);
    va_end(values);
    return st;
}

vpriv_status vpi_row_next(vpi_row *row)
{
    errno = 0;
    const int code = sqlite3_step(row->statement);
    if (code == SQLITE_ROW)
        return VPRIV_OK;
    if (code == SQLITE_DONE)
        return VPRIV_E_NOT_FOUND;
    const vpriv_status st = vpi_database_status(row->database->handle, code);
    remember(row->database, st);
    return st;
}

void vpi_row_end(vpi_row *row)
{
    if (row->statement) {
        /* Looking at a column takes memory now and then; that it failed is said here, and the transaction is
         * gone. */
        if ((sqlite3_reset(row->statement) & 0xff) == SQLITE_NOMEM)
            remember(row->database, VPRIV_E_MEMORY);
        sqlite3_clear_bindings(row->statement);
        hold(row->database, row->statement, false);
        row->statement = NULL;
    }
}

int64_t vpi_column_int(const vpi_row *row, int column)
{
    return sqlite3_column_int64(row->statement, column);
}

bool vpi_column_is_null(const vpi_row *row, int column)
{
    return sqlite3_column_type(row->statement, column) == SQLITE_NULL;
}

const uint8_t *vpi_column_blob(const vpi_row *row, int column, size_t *n_bytes_out)
{
    const uint8_t *blob = sqlite3_column_blob(row->statement, column);
    *n_bytes_out = blob ? (size_t)sqlite3_column_bytes(row->statement, column) : 0;
    return blob;
}

vpriv_status vpi_column_copy(const vpi_row *row, int column, void *copy_out, size_t n_bytes)
{
    size_t n_found = 0;
    const uint8_t *blob = vpi_column_blob(row, column, &n_found);
    if (!blob || n_found != n_bytes)
        return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
    memcpy(copy_out, blob, n_bytes);
    return VPRIV_OK;
}

vpriv_status vpi_database_int(
    vpi_database *database, int64_t *value_out, const char *sql, const char *format, ...)
{
    vpi_row row = VPI_NO_ROW;
    va_list values;
    va_start(values, format);
    const vpriv_status st = query(database, &row, sql, format, &values);
    va_end(values);
    if (st != VPRIV_OK)
        return st;
    *value_out = vpi_column_int(&row, 0);
    vpi_row_end(&row);
    return VPRIV_OK;
}

vpriv_status vpi_database_next(vpi_database *database, int64_t after, int64_t *value_out,
    const char *sql, const char *format, ...)
{
    vpi_row row = VPI_NO_ROW;
    va_list values;
    va_start(values, format);
    const vpriv_status st = query(database, &row, sql, format, &values);
    va_end(values);
    if (st != VPRIV_OK)
        return st;
    const int64_t value = vpi_column_int(&row, 0);
    vpi_row_end(&row);
    if (value <= after)
        return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
    *value_out = value;
    return VPRIV_OK;
}

int64_t vpi_database_last_rowid(const vpi_database *database)
{
    return sqlite3_last_insert_rowid(database->handle);
}

int64_t vpi_database_changes(const vpi_database *database)
{
    return sqlite3_changes64(database->handle);
}

vpriv_status vpi_database_version(vpi_database *database, uint32_t *version_out)
{
    int64_t version = 0;
    const vpriv_status st = vpi_database_int(database, &version, "PRAGMA data_version", "");
    if (st == VPRIV_OK)
        *version_out = (uint32_t)version;
    return st;
}
