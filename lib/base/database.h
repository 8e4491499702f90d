/* A thin layer over SQLite: one connection, cached statements, typed binding, statuses.
 *
 * Values are bound by a format of one letter each:
 *   i  int64_t         b  const void *, size_t (a blob; NULL binds NULL)
 * SQL texts are string literals: statements are cached by their address.
 * One thread at a time per connection. What describes a person is sealed before it comes here. */
#ifndef VPI_BASE_DATABASE_H
#define VPI_BASE_DATABASE_H

#include "base/status.h"
#include <sqlite3.h>

typedef struct vpi_database vpi_database;

typedef enum vpi_database_mode {
    VPI_DATABASE_OPEN, /* the file must be there; see vpi_database_keep_log */
    VPI_DATABASE_CREATE, /* the file must not be there (else VPRIV_E_EXISTS); mode 0600. Failing leaves nothing
                            behind, and takes nothing away that was there */
    VPI_DATABASE_STILL, /* only read, and nobody writes it: no lock, no other file, no write-ahead log */
} vpi_database_mode;

vpriv_status vpi_database_open(
    const char *path, vpi_database_mode mode, vpi_database **database_out);
/* A closed database's files, without asking anybody. `name` holds the path and has room for an ending. */
#define VPI_DATABASE_ENDING_BYTES 16
void vpi_database_remove(char *name);
/* Behind the first read, which takes SQLite's shared lock for as long as the database is open, so that nobody
 * replaces the file any more: whether that happened while the lock was waited for. The file at hand is then a
 * nameless one, and the log beside it, which goes by name, another's. */
bool vpi_database_was_replaced(vpi_database *database);
/* Whether closing leaves the write-ahead log alone, as it does in mode OPEN until this says otherwise. */
void vpi_database_keep_log(vpi_database *database, bool keeps_log);
/* Outside a transaction: moves the write-ahead log into the file and makes it empty, as far as that goes
 * without waiting longer for others. Failing is no failure: it is done the next time. */
void vpi_database_empty_log(vpi_database *database, int timeout_ms);
/* NULL is fine. Rolls back what was not committed. */
void vpi_database_close(vpi_database *database);
sqlite3 *vpi_database_handle(vpi_database *database);
/* What SQLite's code means. Whoever calls SQLite sets errno to 0 first: a read that the medium refuses comes
 * back as corruption, memory that runs out now and then as an error in the SQL, and only errno still tells. */
vpriv_status vpi_database_status(sqlite3 *handle, int code);

/* Takes the write lock (waiting up to five seconds for other processes). */
vpriv_status vpi_database_begin(vpi_database *database);
/* The same for what can be left for later: waits no longer than this. */
vpriv_status vpi_database_begin_soon(vpi_database *database, int timeout_ms);
vpriv_status vpi_database_commit(vpi_database *database);
/* Off: commits until the next change do not wait for the disk, for work whose loss does no harm.
 * Outside of transactions only. On when the database opens.
 * When switching on fails, the next begin tries again, and fails with it. */
vpriv_status vpi_database_set_durable(vpi_database *database, bool durable);
void vpi_database_rollback(vpi_database *database);
/* Until it is committed or rolled back by us. */
bool vpi_database_in_transaction(const vpi_database *database);
/* SQLite gave it up by itself (no memory, no space): everything but rolling back fails now. */
bool vpi_database_lost_transaction(const vpi_database *database);
/* A consistent view for several reads; ends with vpi_database_read_end. No-ops in a transaction. */
vpriv_status vpi_database_read_begin(vpi_database *database, bool *began_out);
void vpi_database_read_end(vpi_database *database, bool began);

/* Statements that are not kept, for schema and pragmas. */
vpriv_status vpi_database_script(vpi_database *database, const char *sql);

/* Run a statement that gives no rows. */
vpriv_status vpi_database_run(vpi_database *database, const char *sql, const char *format, ...);
int64_t vpi_database_last_rowid(const vpi_database *database);
int64_t vpi_database_changes(const vpi_database *database);

/* Start a query and stop at its first row: VPRIV_OK, or VPRIV_E_NOT_FOUND without one (no text is
 * set: not finding is often normal). Columns are read with vpi_column_…; the row stays until
 * vpi_row_next or vpi_row_end, and every begun query is ended with vpi_row_end. */
typedef struct vpi_row {
    sqlite3_stmt *statement;
    vpi_database *database;
} vpi_row;
#define VPI_NO_ROW                                                                                 \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
vpriv_status vpi_database_query(
    vpi_database *database, vpi_row *row_out, const char *sql, const char *format, ...);
/* The next row: VPRIV_OK or VPRIV_E_NOT_FOUND. */
vpriv_status vpi_row_next(vpi_row *row);
void vpi_row_end(vpi_row *row);
int64_t vpi_column_int(const vpi_row *row, int column);
bool vpi_column_is_null(const vpi_row *row, int column);
/* Borrowed until the row moves. */
const uint8_t *vpi_column_blob(const vpi_row *row, int column, size_t *n_bytes_out);
/* A blob of exactly n bytes; another size is VPRIV_E_AUTH: the library never writes one. */
vpriv_status vpi_column_copy(const vpi_row *row, int column, void *copy_out, size_t n_bytes);

/* One integer from a query of one row. */
vpriv_status vpi_database_int(
    vpi_database *database, int64_t *value_out, const char *sql, const char *format, ...);

/* The same for a walk through rows in ascending order: the integer must be above `after`, or it is
 * VPRIV_E_AUTH. In a damaged file the search for a larger id can find a smaller one, and the walk would
 * never end. */
vpriv_status vpi_database_next(vpi_database *database, int64_t after, int64_t *value_out,
    const char *sql, const char *format, ...);

/* Changes whenever another connection has committed. */
vpriv_status vpi_database_version(vpi_database *database, uint32_t *version_out);

#endif
