#include "vault/replace.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/pages.h"
#include "base/pages_log.h"
#include "base/try.h"
#include "vault/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES   72 /* of a database, up to its application's id */
#define APPLICATION_AT 68

/* SQLite's own descriptor of the old file: closing another one would give up the locks of whoever has the vault
 * open here. No SQL runs on it, so that it works on a damaged file too, and closing it touches no name. */
typedef struct old_file {
    sqlite3 *handle;
    sqlite3_file *file;
} old_file;

static vpriv_status open_file(const char *path, old_file *old)
{
    struct stat info;
    errno = 0;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return vpi_fail(VPRIV_E_EXISTS, "%s: is not a regular file", path);
    int code = sqlite3_open_v2(path, &old->handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_file_control(old->handle, "main", SQLITE_FCNTL_FILE_POINTER, &old->file);
    if (code == SQLITE_OK && (!old->file || !old->file->pMethods))
        code = SQLITE_CANTOPEN;
    return code == SQLITE_OK ? VPRIV_OK : vpi_fail_in(vpi_database_status(old->handle, code), path);
}

/* Of a new vault the log may hold it still. */
static vpriv_status application_in_log(const char *path, int64_t *application_out)
{
    uint8_t page[VPI_PAGE_BYTES];
    vpi_pages_log log;
    vpriv_status st = vpi_pages_log_open(path, &log);
    if (st != VPRIV_OK)
        return st;
    st = vpi_pages_log_read(&log, 1, page);
    vpi_pages_log_close(&log);
    if (st == VPRIV_E_NOT_FOUND)
        return VPRIV_OK;
    if (st != VPRIV_OK)
        return vpi_fail_in(st, path);
    *application_out = vpi_big_endian(page + APPLICATION_AT, 4);
    return VPRIV_OK;
}

/* Anything else that has the name, a root key file perhaps, is not ours to take away. How the vault begins is
 * enough, so that a damaged one is one too. */
static vpriv_status is_a_vault(const old_file *old, const char *path)
{
    static const char magic[16] = "SQLite format 3";
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t header[HEADER_BYTES] = {0};
    sqlite3_int64 n_bytes = 0;
    errno = 0;
    int code = old->file->pMethods->xFileSize(old->file, &n_bytes);
    if (code == SQLITE_OK && n_bytes >= HEADER_BYTES)
        code = old->file->pMethods->xRead(old->file, header, HEADER_BYTES, 0);
    if (code != SQLITE_OK)
        return vpi_fail_in(vpi_database_status(old->handle, code), path);
    const bool is_database = memcmp(header, magic, sizeof magic) == 0;
    int64_t application = vpi_big_endian(header + APPLICATION_AT, 4);
    if (is_database && application == 0)
        VPI_TRY(application_in_log(path, &application));
    VPI_ENSURE(n_bytes == 0 || (is_database && application == VPI_APPLICATION_ID), VPRIV_E_EXISTS,
        "%s: is not a vault, and is not replaced", path);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_may_replace(const char *path, bool may_replace)
{
    old_file old = {NULL, NULL};
    if (access(path, F_OK) != 0)
        return VPRIV_OK;
    if (!may_replace)
        return vpi_fail(VPRIV_E_EXISTS, "%s: exists already", path);
    vpriv_status st = open_file(path, &old);
    if (st == VPRIV_OK)
        st = is_a_vault(&old, path);
    sqlite3_close(old.handle);
    return st;
}

/* SQLite takes a file that it cannot look at for one that has moved. */
static vpriv_status has_its_name(const old_file *old, const char *path)
{
    struct stat info;
    int moved = 1, code = SQLITE_OK;
    for (int i = 0; i < 2 && moved && code == SQLITE_OK; i++)
        code = old->file->pMethods->xFileControl(old->file, SQLITE_FCNTL_HAS_MOVED, &moved);
    if (code == SQLITE_OK && !moved)
        return VPRIV_OK;
    if (code != SQLITE_OK || (stat(path, &info) != 0 && errno != ENOENT))
        return vpi_fail(VPRIV_E_IO, "%s: cannot be looked at", path);
    return vpi_fail(VPRIV_E_BUSY, "%s: somebody put another file there", path);
}

/* Every connection to a vault holds SQLite's shared lock on it: who gets the exclusive one is alone. */
static vpriv_status lock_alone(const old_file *old, const char *path)
{
    const sqlite3_io_methods *of = old->file->pMethods;
    int code = of->xLock(old->file, SQLITE_LOCK_SHARED);
    if (code == SQLITE_OK)
        code = of->xLock(old->file, SQLITE_LOCK_RESERVED);
    if (code == SQLITE_OK)
        code = of->xLock(old->file, SQLITE_LOCK_EXCLUSIVE);
    if (code == SQLITE_BUSY)
        return vpi_fail(VPRIV_E_BUSY, "%s: somebody has the vault file open", path);
    return code == SQLITE_OK ? has_its_name(old, path)
                             : vpi_fail(VPRIV_E_IO, "%s: the vault file cannot be locked", path);
}

/* What is in the log alone goes into the old file, as SQLite's checkpoint does it: from then on the file is whole
 * without the log, should it stay. */
static vpriv_status fold_log_in(const old_file *old, const char *path)
{
    vpi_pages_log log;
    vpriv_status st = vpi_pages_log_open(path, &log);
    if (st != VPRIV_OK)
        return st;
    st = vpi_pages_log_fold(&log, old->file);
    vpi_pages_log_close(&log);
    return st == VPRIV_OK ? VPRIV_OK : vpi_fail_in(st, path);
}

/* Empty on the disk before the name goes: after a power cut names may be there that were taken away before
 * another came, and SQLite would play an old log into the new file. */
static vpriv_status remove_beside(const char *path, const char *suffix)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *name = NULL;
    int fd = -1;
    uint64_t n_bytes = 0;
    VPI_TRY(vpi_path_with(path, suffix, &name));
    const vpriv_status opened = vpi_file_open(name, O_RDWR, &fd, &n_bytes);
    if (opened == VPRIV_E_NOT_FOUND) {
        vpi_fail_clear();
        st = VPRIV_OK;
        goto out;
    }
    VPI_TRY(opened);
    if (ftruncate(fd, 0) != 0) {
        st = vpi_errno_failed(errno, name);
        goto out;
    }
    VPI_TRY(vpi_file_sync(fd));
    if (unlink(name) != 0) {
        st = vpi_errno_failed(errno, name);
        goto out;
    }
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    free(name);
    return st;
}

vpriv_status vpi_replace(const char *path, vpi_draft *draft, bool may_replace)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    old_file old = {NULL, NULL};
    int lock_fd = -1;
    VPI_TRY(vpi_folder_lock(path, &lock_fd)); /* nobody makes a new vault of this name meanwhile */
    VPI_TRY(vpi_file_sync(
        draft->fd)); /* what the disk refuses, it refuses before anything is touched */
    const bool is_there = access(path, F_OK) == 0;
    /* A vault that cannot be looked at keeps its log. */
    VPI_ENSURE(is_there || errno == ENOENT, VPRIV_E_IO, "%s: cannot be looked at", path);
    VPI_ENSURE(!is_there || may_replace, VPRIV_E_EXISTS, "%s: exists already", path);
    if (is_there) {
        VPI_TRY(open_file(path, &old));
        VPI_TRY(lock_alone(&old, path));
        VPI_TRY(is_a_vault(&old, path));
        VPI_TRY(fold_log_in(&old, path));
    }
    VPI_TRY(remove_beside(path, "-wal"));
    VPI_TRY(remove_beside(path, "-journal")); /* of a vault that never came to be */
    VPI_TRY(remove_beside(path, "-shm"));
    /* What was not there and is now is somebody's. */
    VPI_TRY(vpi_draft_finish(draft, is_there));
    st = VPRIV_OK;
out:
    sqlite3_close(old.handle);
    vpi_folder_unlock(lock_fd);
    return st;
}
