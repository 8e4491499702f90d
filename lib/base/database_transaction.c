/* Transactions, and when what they wrote is on the disk. */
#include "base/database_inside.h"
#include "base/try.h"
#include <errno.h>
#include <time.h>

#define LOG_PAGES 256 /* 1 MiB: then the write-ahead log is folded into the file */

/* After a sync that failed, the kernel takes the pages that it lost for clean: the next sync succeeds and
 * does not write them. They may belong to earlier commits that did not wait for the disk. */
static bool is_sync_failure(int code)
{
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

/* SQLite's own handler waits a tenth of a second between tries, and beside somebody who writes all the time
 * comes too late nearly always. */
int vpi_database_wait(void *user, int n_tries)
{
    const vpi_database *database = user;
    const struct timespec nap = {.tv_nsec = 1000000};
    if (n_tries >= database->patience_ms)
        return 0;
    nanosleep(&nap, NULL);
    return 1;
}

static int fold(vpi_database *database, int mode, int timeout_ms)
{
    const int patience_ms = database->patience_ms;
    errno = 0;
    database->patience_ms = timeout_ms;
    const int code = sqlite3_wal_checkpoint_v2(database->handle, NULL, mode, NULL, NULL);
    database->patience_ms = patience_ms;
    if (is_sync_failure(code))
        database->is_unsure = true;
    return code;
}

int vpi_database_after_commit(void *database, sqlite3 *handle, const char *name, int n_frames)
{
    (void)handle;
    (void)name;
    if (n_frames >= LOG_PAGES)
        (void)fold(database, SQLITE_CHECKPOINT_PASSIVE, VPI_BUSY_TIMEOUT_MS);
    return SQLITE_OK;
}

void vpi_database_empty_log(vpi_database *database, int timeout_ms)
{
    if (fold(database, SQLITE_CHECKPOINT_PASSIVE, 0) == SQLITE_OK)
        (void)fold(database, SQLITE_CHECKPOINT_TRUNCATE, timeout_ms);
}

static int sync_log(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    const int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    return code == SQLITE_OK && file && file->pMethods
               ? file->pMethods->xSync(file, SQLITE_SYNC_FULL)
               : code;
}

/* Everything goes into the file itself, anew, and the log with its hole is given up for good. */
static int make_sure(vpi_database *database, int timeout_ms)
{
    int code = fold(database, SQLITE_CHECKPOINT_TRUNCATE, timeout_ms);
    if (code == SQLITE_OK)
        code = sync_log(database->handle);
    if (code == SQLITE_OK)
        database->is_unsure = false;
    return code;
}

static vpriv_status begin(vpi_database *database, const char *sql)
{
    if (database->owes_rollback)
        vpi_database_rollback(database);
    if (database->owes_rollback)
        return vpi_fail(VPRIV_E_MEMORY, "the database cannot give up what failed before");
    const vpriv_status st = vpi_database_run(database, sql, "");
    if (st == VPRIV_OK) {
        database->is_begun = true;
        database->why = VPRIV_OK;
    }
    return st;
}

vpriv_status vpi_database_begin(vpi_database *database)
{
    if (database->is_unsure) {
        const int code = make_sure(database, VPI_BUSY_TIMEOUT_MS);
        if (code != SQLITE_OK)
            return vpi_database_status(database->handle, code);
    }
    if (database->must_be_durable) {
        const vpriv_status st = vpi_database_set_durable(database, true);
        if (st != VPRIV_OK)
            return st;
    }
    return begin(database, "BEGIN IMMEDIATE");
}

vpriv_status vpi_database_begin_soon(vpi_database *database, int timeout_ms)
{
    const int patience_ms = database->patience_ms;
    database->patience_ms = timeout_ms;
    const vpriv_status st = vpi_database_begin(database);
    database->patience_ms = patience_ms;
    return st;
}

vpriv_status vpi_database_commit(vpi_database *database)
{
    const vpriv_status st = vpi_database_run(database, "COMMIT", "");
    if (st == VPRIV_OK)
        database->is_begun = false;
    else if (is_sync_failure(sqlite3_extended_errcode(database->handle)))
        database->is_unsure = true;
    return st;
}

vpriv_status vpi_database_set_durable(vpi_database *database, bool durable)
{
    database->must_be_durable = false;
    if (database->is_hasty == !durable)
        return VPRIV_OK;
    database->is_hasty = true; /* also when switching off fails: how far it came is not known */
    const vpriv_status st = vpi_database_script(
        database, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (st == VPRIV_OK)
        database->is_hasty = !durable;
    else
        database->must_be_durable = true;
    return st;
}

void vpi_database_rollback(vpi_database *database)
{
    if (!sqlite3_get_autocommit(database->handle)) {
        (void)sqlite3_step(database->rollback);
        (void)sqlite3_reset(database->rollback);
    }
    database->owes_rollback = !sqlite3_get_autocommit(database->handle);
    if (!database->owes_rollback)
        database->is_begun = false;
    /* At once, while the pages can still be read; where it fails, nothing begins before it does not. */
    if (database->is_unsure)
        (void)make_sure(database, 0);
}

bool vpi_database_in_transaction(const vpi_database *database)
{
    return !database->owes_rollback &&
           (database->is_begun || !sqlite3_get_autocommit(database->handle));
}

bool vpi_database_lost_transaction(const vpi_database *database)
{
    return database->is_begun && sqlite3_get_autocommit(database->handle);
}

vpriv_status vpi_database_read_begin(vpi_database *database, bool *began_out)
{
    *began_out = false;
    if (vpi_database_in_transaction(database))
        return VPRIV_OK;
    const vpriv_status st = begin(database, "BEGIN");
    *began_out = st == VPRIV_OK;
    return st;
}

void vpi_database_read_end(vpi_database *database, bool began)
{
    if (began)
        vpi_database_rollback(database);
}
