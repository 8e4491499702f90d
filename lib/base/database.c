#include "base/database_inside.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CACHE_KIBIBYTES "-512"

static bool no_space(sqlite3 *handle)
{
    const int error = sqlite3_system_errno(handle);
    return error == ENOSPC || error == EDQUOT;
}

/* SQLite tries again to read what it could not make, and then says only that it is not there. */
static bool disk_is_full(sqlite3 *handle)
{
    struct statvfs space;
    const char *path = handle ? sqlite3_db_filename(handle, "main") : NULL;
    return path && path[0] && statvfs(path, &space) == 0 &&
           (space.f_bavail == 0 || (space.f_files > 0 && space.f_favail == 0));
}

static bool no_memory(sqlite3 *handle)
{
    return sqlite3_system_errno(handle) == ENOMEM;
}

vpriv_status vpi_database_status(sqlite3 *handle, int code)
{
    const int error = errno;
    if (code == SQLITE_IOERR_NOMEM)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
    switch (code & 0xff) {
    case SQLITE_FULL:
        return vpi_fail(VPRIV_E_FULL, "no space left for the vault file");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* lost the race for the locks of the shared memory too often */
        return vpi_fail(VPRIV_E_BUSY, "another process holds the vault");
    case SQLITE_NOTADB:
        return vpi_fail(VPRIV_E_FORMAT, "the file is not a SQLite database");
    case SQLITE_CORRUPT:
        if (error == EIO || error == ENXIO)
            return vpi_fail(VPRIV_E_IO, "reading the vault file failed (errno %d)", error);
        if (error == ENOMEM)
            return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
        return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
    case SQLITE_NOMEM:
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return vpi_fail(VPRIV_E_IO, "the vault file cannot be written");
    case SQLITE_IOERR:
        if (no_space(handle))
            return vpi_fail(VPRIV_E_FULL, "no space left beside the vault file");
        if (no_memory(handle))
            return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
        return vpi_fail(VPRIV_E_IO, "reading or writing the vault file failed (errno %d)",
            handle ? sqlite3_system_errno(handle) : 0);
    case SQLITE_CANTOPEN:
        if (no_space(handle) || disk_is_full(handle))
            return vpi_fail(VPRIV_E_FULL, "no space left beside the vault file");
        return vpi_fail(VPRIV_E_IO, "the vault file cannot be opened");
    case SQLITE_ERROR:
        if (error == ENOMEM) /* while it read the SQL */
            return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
        /* The schema was compared at opening: SQL that fails now means that it changed since. */
        return vpi_fail(VPRIV_E_AUTH, "the vault file's tables were changed");
    default:
        return vpi_fail(VPRIV_E_INTERNAL, "SQLite error %d", code);
    }
}

/* Without this the rest of a transaction that is gone would be carried out, each step for itself. */
static vpriv_status refuse_the_rest(const vpi_database *database)
{
    const vpriv_status why = database->why == VPRIV_OK ? VPRIV_E_MEMORY : database->why;
    return vpi_fail(why, "the database gave the transaction up: %s", vpriv_status_text(why));
}

/* Anew when the tables may have changed: SQLite would do it when it is needed, with memory. The old one stays
 * until there is another. */
static vpriv_status prepare_rollback(vpi_database *database)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    const int code = sqlite3_prepare_v3(
        database->handle, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK)
        return vpi_database_status(database->handle, code);
    sqlite3_finalize(database->rollback);
    database->rollback = statement;
    return VPRIV_OK;
}

vpriv_status vpi_database_script(vpi_database *database, const char *sql)
{
    if (vpi_database_lost_transaction(database))
        return refuse_the_rest(database);
    errno = 0;
    const int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return vpi_database_status(database->handle, code);
    return database->rollback ? prepare_rollback(database) : VPRIV_OK;
}

static vpriv_status configure(vpi_database *database, vpi_database_mode mode)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    sqlite3 *handle = database->handle;
    sqlite3_extended_result_codes(handle, 1);
    database->patience_ms = VPI_BUSY_TIMEOUT_MS;
    sqlite3_busy_handler(handle, vpi_database_wait, database);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 1 << 24);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    if (mode == VPI_DATABASE_CREATE)
        VPI_TRY(vpi_database_script(database,
            "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"));
    VPI_TRY(vpi_database_script(database,
        "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF;"
        "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
        "PRAGMA cache_size=" CACHE_KIBIBYTES ";"
        "PRAGMA journal_size_limit=1048576;"));
    sqlite3_wal_hook(handle, vpi_database_after_commit, database);
    st = VPRIV_OK;
out:
    return st;
}

/* SQLite itself would open what is there, follow links, and let everybody read what it makes. */
static vpriv_status make_file(const char *path)
{
    int fd = -1;
    uint64_t n_bytes = 0;
    const vpriv_status st = vpi_file_open(path, O_RDWR | O_CREAT | O_EXCL, &fd, &n_bytes);
    if (st == VPRIV_OK)
        close(fd);
    return st;
}

/* "file:" and the path, with whatever could mean something in a URI in hexadecimal. */
static vpriv_status still_name(const char *path, char **name_out)
{
    static const char hex[] = "0123456789ABCDEF", plain[] = "/-_.~";
    static const char ending[] = "?immutable=1";
    char *name = NULL;
    const vpriv_status st = vpi_alloc(3 * strlen(path) + 8 + sizeof ending, 1, (void **)&name);
    if (st != VPRIV_OK)
        return st;
    char *at = stpcpy(name, path[0] == '/' ? "file://" : "file:");
    for (const char *c = path; *c; c++) {
        const bool is_letter =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (is_letter || strchr(plain, *c)) {
            *at++ = *c;
        } else {
            *at++ = '%';
            *at++ = hex[(uint8_t)*c >> 4];
            *at++ = hex[(uint8_t)*c & 15];
        }
    }
    memcpy(at, ending, sizeof ending);
    *name_out = name;
    return VPRIV_OK;
}

void vpi_database_remove(char *name)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    const size_t n_path = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(name + n_path, VPI_DATABASE_ENDING_BYTES, "%s", endings[i]);
        unlink(name);
    }
    name[n_path] = 0;
}

vpriv_status vpi_database_open(
    const char *path, vpi_database_mode mode, vpi_database **database_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *database = NULL;
    char *still = NULL, *made = NULL, *name = NULL;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |=
        mode == VPI_DATABASE_STILL ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
    if (mode == VPI_DATABASE_CREATE)
        flags |= SQLITE_OPEN_CREATE; /* a file system of SQLite's own may not have seen make_file */
    VPI_TRY(vpi_alloc(1, sizeof *database, (void **)&database));
    if (mode == VPI_DATABASE_CREATE && strcmp(path, ":memory:") != 0) {
        /* What is taken away when it fails, before there is anything to take away. */
        VPI_TRY(vpi_alloc(strlen(path) + VPI_DATABASE_ENDING_BYTES, 1, (void **)&name));
        memcpy(name, path, strlen(path));
        VPI_TRY(make_file(path));
        made = name;
    }
    if (mode == VPI_DATABASE_STILL)
        VPI_TRY(still_name(path, &still));
    errno = 0;
    const int code = sqlite3_open_v2(still ? still : path, &database->handle, flags, NULL);
    if (code != SQLITE_OK) {
        const bool missing = (code & 0xff) == SQLITE_CANTOPEN && database->handle &&
                             sqlite3_system_errno(database->handle) == ENOENT;
        st = missing ? vpi_fail(VPRIV_E_NOT_FOUND, "no such file")
                     : vpi_database_status(database->handle, code);
        goto out;
    }
    VPI_TRY(configure(database, mode));
    VPI_TRY(prepare_rollback(database));
    *database_out = database;
    database = NULL;
    st = VPRIV_OK;
out:
    free(still);
    vpi_database_close(database);
    if (st != VPRIV_OK && made)
        vpi_database_remove(made);
    free(name);
    return st;
}

void vpi_database_close(vpi_database *database)
{
    if (!database)
        return;
    for (size_t i = 0; i < database->n_statements; i++)
        sqlite3_finalize(database->statements[i].statement);
    sqlite3_finalize(database->rollback);
    sqlite3_close(database->handle);
    free(database);
}

sqlite3 *vpi_database_handle(vpi_database *database)
{
    return database->handle;
}

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
        return refuse_the_rest(database);
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
