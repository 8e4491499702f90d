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

vpriv_status vpi_database_refuse_the_rest(const vpi_database *database)
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
        return vpi_database_refuse_the_rest(database);
    errno = 0;
    const int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return vpi_database_status(database->handle, code);
    return database->rollback ? prepare_rollback(database) : VPRIV_OK;
}

bool vpi_database_was_replaced(vpi_database *database)
{
    int moved = 0;
    const int code = sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return code == SQLITE_OK && moved;
}

void vpi_database_keep_log(vpi_database *database, bool keeps_log)
{
    sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps_log ? 1 : 0, NULL);
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
    vpi_database_keep_log(database, mode == VPI_DATABASE_OPEN);
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
