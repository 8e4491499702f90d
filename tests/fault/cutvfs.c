#include "fault/cutlocks.h"
#include <stdlib.h>
#include <string.h>

enum { SECTOR_SIZE = 4096, PATH_MAX_BYTES = 1024 };

static sqlite3_vfs *parent;

/* ---- Content ---- */

static int handle_read(sqlite3_file *base, void *out, int n, sqlite3_int64 offset)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    const size_t n_wanted = (size_t)n;
    cut_lock();
    int rc = cut_is_alive(handle) ? SQLITE_OK : SQLITE_IOERR;
    if (rc == SQLITE_OK) {
        const struct cut_bytes *now = &handle->file->now;
        const size_t start = (size_t)offset < now->n ? (size_t)offset : now->n;
        const size_t n_there = now->n - start < n_wanted ? now->n - start : n_wanted;
        memcpy(out, now->data + start, n_there);
        memset((char *)out + n_there, 0, n_wanted - n_there);
        rc = n_there == n_wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    cut_unlock();
    return rc;
}

static int handle_write(sqlite3_file *base, const void *data, int n, sqlite3_int64 offset)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    const int rc = cut_is_alive(handle) ? cut_write(handle->file, (size_t)offset, data, (size_t)n)
                                        : SQLITE_IOERR;
    cut_unlock();
    return rc;
}

static int handle_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    const int rc = cut_is_alive(handle) ? cut_truncate(handle->file, (size_t)n) : SQLITE_IOERR;
    cut_unlock();
    return rc;
}

static int handle_sync(sqlite3_file *base, int flags)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    (void)flags;
    cut_lock();
    const int rc =
        cut_is_alive(handle) ? cut_sync(handle->file, handle->sync_directory) : SQLITE_IOERR;
    if (rc == SQLITE_OK)
        handle->sync_directory = false;
    cut_unlock();
    return rc;
}

static int handle_file_size(sqlite3_file *base, sqlite3_int64 *n_out)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    const int rc = cut_is_alive(handle) ? SQLITE_OK : SQLITE_IOERR;
    if (rc == SQLITE_OK)
        *n_out = (sqlite3_int64)handle->file->now.n;
    cut_unlock();
    return rc;
}

/* ---- Opening and closing ---- */

static int handle_close(sqlite3_file *base)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    cut_locks_leave(handle);
    if (handle->delete_on_close && cut_is_alive(handle) && handle->file->named)
        cut_delete(handle->file, false);
    cut_release(handle->file);
    cut_unlock();
    return SQLITE_OK;
}

static int handle_file_control(sqlite3_file *base, int operation, void *argument)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    if (operation != SQLITE_FCNTL_PERSIST_WAL)
        return SQLITE_NOTFOUND;
    int *keep_wal = argument;
    if (*keep_wal < 0)
        *keep_wal = handle->keep_wal;
    else
        handle->keep_wal = *keep_wal != 0;
    return SQLITE_OK;
}

static int handle_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_SIZE;
}

/* The disk promises nothing: no atomic writes, no safe overwriting, no order. */
static int handle_device_characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = handle_close,
    .xRead = handle_read,
    .xWrite = handle_write,
    .xTruncate = handle_truncate,
    .xSync = handle_sync,
    .xFileSize = handle_file_size,
    .xLock = cut_file_lock,
    .xUnlock = cut_file_unlock,
    .xCheckReservedLock = cut_file_check_reserved_lock,
    .xFileControl = handle_file_control,
    .xSectorSize = handle_sector_size,
    .xDeviceCharacteristics = handle_device_characteristics,
    .xShmMap = cut_shm_map,
    .xShmLock = cut_shm_lock,
    .xShmBarrier = cut_shm_barrier,
    .xShmUnmap = cut_shm_unmap,
};

/* A dead connection that thinks it holds the write lock may open its journal by path. */
static bool owner_is_alive(const char *path, int flags)
{
    if ((flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) == 0)
        return true;
    return cut_is_alive((const struct cut_handle *)sqlite3_database_file_object(path));
}

static int find_or_create(const char *path, int flags, struct cut_file **file_out)
{
    struct cut_file *file = path != NULL ? cut_find(path) : NULL;
    if (!cut_disk.power || !owner_is_alive(path, flags))
        return SQLITE_IOERR;
    if (file != NULL && (flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_EXCLUSIVE))
        return SQLITE_CANTOPEN;
    if (file == NULL && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (file == NULL)
        return cut_create(path, file_out);
    file->n_references++;
    *file_out = file;
    return SQLITE_OK;
}

static int vfs_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *flags_out)
{
    (void)vfs;
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    struct cut_handle *handle = (struct cut_handle *)base;
    *handle = (struct cut_handle){0};
    cut_lock();
    const int rc = find_or_create(path, flags, &handle->file);
    if (rc == SQLITE_OK) {
        handle->base.pMethods = &methods;
        handle->boot = cut_disk.boot;
        handle->sync_directory = (flags & SQLITE_OPEN_CREATE) && (flags & journals);
        handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    }
    cut_unlock();
    if (rc == SQLITE_OK && flags_out != NULL)
        *flags_out = flags;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    (void)vfs;
    int rc = SQLITE_IOERR;
    cut_lock();
    struct cut_file *file = cut_find(path);
    if (cut_disk.power)
        rc = file != NULL ? cut_delete(file, sync_directory != 0) : SQLITE_IOERR_DELETE_NOENT;
    cut_unlock();
    return rc;
}

/* As in SQLite's own VFS an empty file does not exist to SQLITE_ACCESS_EXISTS. */
static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *yes_out)
{
    (void)vfs;
    cut_lock();
    const int rc = cut_disk.power ? SQLITE_OK : SQLITE_IOERR;
    const struct cut_file *file = cut_find(path);
    if (rc == SQLITE_OK)
        *yes_out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.n > 0);
    cut_unlock();
    return rc;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int n_room, char *out)
{
    (void)vfs;
    const size_t n = strlen(path) + 1;
    if (n > (size_t)n_room)
        return SQLITE_CANTOPEN;
    memcpy(out, path, n);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    return parent->xRandomness(parent, n, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int time_us)
{
    (void)vfs;
    return parent->xSleep(parent, time_us);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *days_out)
{
    (void)vfs;
    return parent->xCurrentTime(parent, days_out);
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *time_ms_out)
{
    (void)vfs;
    return parent->xCurrentTimeInt64(parent, time_ms_out);
}

static int vfs_get_last_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    if (n > 0)
        out[0] = '\0';
    return 0;
}

static sqlite3_vfs cut_vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(struct cut_handle),
    .mxPathname = PATH_MAX_BYTES,
    .zName = "cutvfs",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_pathname,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_current_time,
    .xGetLastError = vfs_get_last_error,
    .xCurrentTimeInt64 = vfs_current_time_int64,
};

static void empty_disk(void)
{
    cut_lock();
    cut_history_forget();
    cut_clear_disk();
    cut_start_boot();
    cut_disk.limit_bytes = CUTVFS_NO_LIMIT;
    cut_unlock();
}

void cutvfs_install(void)
{
    empty_disk();
    if (parent == NULL) {
        parent = sqlite3_vfs_find(NULL);
        if (parent == NULL || sqlite3_vfs_register(&cut_vfs, 1) != SQLITE_OK)
            abort();
    }
}

void cutvfs_uninstall(void)
{
    empty_disk();
    sqlite3_vfs_unregister(&cut_vfs);
    if (parent != NULL)
        sqlite3_vfs_register(parent, 1);
    parent = NULL;
}
