#include "fault/cutfiles.h"
#include "base/file.h"
#include "fault/cutdisk.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS_MAX   4
#define HANDLES_MAX 16

/* Behind a descriptor is a file in memory with what the one on the disk holds. */
struct handle {
    const char *path;
    int fd;
    dev_t device;
    ino_t inode;
};

static const char *paths[PATHS_MAX];
static struct handle handles[HANDLES_MAX];

void cutfiles_take(const char *path)
{
    size_t i = 0;
    while (i < PATHS_MAX - 1 && paths[i])
        i++;
    paths[i] = path;
}

void cutfiles_leave(void)
{
    memset(paths, 0, sizeof paths);
    memset(handles, 0, sizeof handles);
}

static const char *taken(const char *path)
{
    for (size_t i = 0; i < PATHS_MAX; i++)
        if (paths[i] && strcmp(paths[i], path) == 0)
            return paths[i];
    return NULL;
}

/* A descriptor's number alone is somebody else's by and by. */
static bool is_behind(const struct handle *handle, int fd)
{
    struct stat info;
    return handle->path && handle->fd == fd && fstat(fd, &info) == 0 &&
           info.st_dev == handle->device && info.st_ino == handle->inode;
}

static const char *path_of(int fd)
{
    for (size_t i = 0; i < HANDLES_MAX; i++)
        if (is_behind(&handles[i], fd))
            return handles[i].path;
    return NULL;
}

static vpriv_status remember(const char *path, int fd)
{
    struct stat info;
    for (size_t i = 0; i < HANDLES_MAX && fstat(fd, &info) == 0; i++)
        if (!is_behind(&handles[i], handles[i].fd)) {
            handles[i] = (struct handle){path, fd, info.st_dev, info.st_ino};
            return VPRIV_OK;
        }
    return vpi_fail(VPRIV_E_INTERNAL, "too many files of the test are open");
}

static vpriv_status no_power(void)
{
    return vpi_fail(VPRIV_E_IO, "the power is off");
}

/* The disk is locked. */
static vpriv_status find(const char *path, int flags, struct cut_file **file_out)
{
    if (!cut_disk.power)
        return no_power();
    *file_out = cut_find(path);
    if (*file_out)
        return flags & O_EXCL ? vpi_errno_failed(EEXIST, path) : VPRIV_OK;
    if (!(flags & O_CREAT))
        return vpi_errno_failed(ENOENT, path);
    if (cut_create(path, file_out) != SQLITE_OK)
        return no_power();
    cut_release(*file_out);
    return VPRIV_OK;
}

vpriv_status __real_vpi_file_open(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
vpriv_status __wrap_vpi_file_open(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
vpriv_status __wrap_vpi_file_open(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out)
{
    struct cut_file *file = NULL;
    const char *known = taken(path);
    if (!known)
        return __real_vpi_file_open(path, flags, fd_out, n_bytes_out);
    cut_lock();
    vpriv_status st = find(path, flags, &file);
    const int fd = st == VPRIV_OK ? memfd_create("cutfile", MFD_CLOEXEC) : -1;
    if (st == VPRIV_OK &&
        (fd < 0 || write(fd, file->now.data, file->now.n) != (ssize_t)file->now.n))
        st = vpi_errno_failed(errno, path);
    if (st == VPRIV_OK) {
        *fd_out = fd;
        *n_bytes_out = file->now.n;
    }
    cut_unlock();
    return st == VPRIV_OK ? remember(known, fd) : st;
}

/* Behind each descriptor is another file, and nobody else uses it. */
vpriv_status __real_vpi_file_open_locked(
    const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
vpriv_status __wrap_vpi_file_open_locked(
    const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
vpriv_status __wrap_vpi_file_open_locked(
    const char *path, int flags, int *fd_out, uint64_t *n_bytes_out)
{
    return taken(path) ? __wrap_vpi_file_open(path, flags, fd_out, n_bytes_out)
                       : __real_vpi_file_open_locked(path, flags, fd_out, n_bytes_out);
}

static int write_in_pieces(struct cut_file *file, const uint8_t *data, size_t n, size_t offset)
{
    static const size_t pieces[] = {64, 200, SIZE_MAX};
    int rc = SQLITE_OK;
    for (size_t i = 0, at = 0; rc == SQLITE_OK && at < n; i++) {
        const size_t n_piece = n - at < pieces[i] ? n - at : pieces[i];
        rc = cut_write(file, offset + at, data + at, n_piece);
        at += n_piece;
    }
    return rc;
}

vpriv_status __real_vpi_file_write_at(int fd, const void *data, size_t n_bytes, uint64_t offset);
vpriv_status __wrap_vpi_file_write_at(int fd, const void *data, size_t n_bytes, uint64_t offset);
vpriv_status __wrap_vpi_file_write_at(int fd, const void *data, size_t n_bytes, uint64_t offset)
{
    const char *path = path_of(fd);
    if (path) {
        cut_lock();
        struct cut_file *file = cut_disk.power ? cut_find(path) : NULL;
        const int rc = file ? write_in_pieces(file, data, n_bytes, (size_t)offset) : SQLITE_IOERR;
        cut_unlock();
        if (rc != SQLITE_OK)
            return no_power();
    }
    return __real_vpi_file_write_at(fd, data, n_bytes, offset);
}

vpriv_status __real_vpi_file_sync(int fd);
vpriv_status __wrap_vpi_file_sync(int fd);
vpriv_status __wrap_vpi_file_sync(int fd)
{
    const char *path = path_of(fd);
    if (!path)
        return __real_vpi_file_sync(fd);
    cut_lock();
    struct cut_file *file = cut_disk.power ? cut_find(path) : NULL;
    const int rc = file ? cut_sync(file, false) : SQLITE_IOERR;
    cut_unlock();
    return rc == SQLITE_OK ? VPRIV_OK : no_power();
}

vpriv_status __real_vpi_file_sync_folder(const char *path);
vpriv_status __wrap_vpi_file_sync_folder(const char *path);
vpriv_status __wrap_vpi_file_sync_folder(const char *path)
{
    if (!taken(path))
        return __real_vpi_file_sync_folder(path);
    cut_lock();
    const int rc = cut_sync_names();
    cut_unlock();
    return rc == SQLITE_OK ? VPRIV_OK : no_power();
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    if (!taken(path))
        return __real_unlink(path);
    cut_lock();
    struct cut_file *file = cut_disk.power ? cut_find(path) : NULL;
    const int rc = file ? cut_delete(file, false) : SQLITE_IOERR;
    cut_unlock();
    errno = rc == SQLITE_OK ? 0 : EIO;
    return rc == SQLITE_OK ? 0 : -1;
}
