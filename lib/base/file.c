#include "base/file.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/try.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_PATIENCE_US INT64_C(10000000)
#define OPEN_TRIES       100

vpriv_status vpi_errno_failed(int error, const char *what)
{
    vpriv_status status = VPRIV_E_IO;
    if (error == ENOENT)
        status = VPRIV_E_NOT_FOUND;
    else if (error == EEXIST)
        status = VPRIV_E_EXISTS;
    else if (error == ENOSPC || error == EDQUOT)
        status = VPRIV_E_FULL;
    else if (error == ENOMEM)
        status = VPRIV_E_MEMORY;
    char text[128];
    return vpi_fail(status, "%s: %s", what, strerror_r(error, text, sizeof text));
}

vpriv_status vpi_file_open(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out)
{
    struct stat info;
    const int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return vpi_errno_failed(errno, path);
    const vpriv_status st = fstat(fd, &info) != 0 ? vpi_errno_failed(errno, path)
                            : !S_ISREG(info.st_mode)
                                ? vpi_fail(VPRIV_E_FORMAT, "%s: not a regular file", path)
                                : VPRIV_OK;
    if (st != VPRIV_OK) {
        close(fd);
        if (flags & O_EXCL)
            unlink(path); /* made here */
        return st;
    }
    *fd_out = fd;
    *n_bytes_out = (uint64_t)info.st_size;
    return VPRIV_OK;
}

/* Whoever has a small file locked is through with it after a few syncs. */
static vpriv_status lock_whole(int fd, const char *path)
{
    const struct timespec nap = {0, 1000000};
    const int64_t since_us = vpi_monotonic_us();
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return vpi_errno_failed(errno, path);
        if (vpi_monotonic_us() - since_us > LOCK_PATIENCE_US)
            return vpi_fail(VPRIV_E_BUSY, "%s: another process has it locked", path);
        (void)nanosleep(&nap, NULL);
    }
    return VPRIV_OK;
}

/* Not by closing alone: a process that was forked in this moment may have the file open, too. */
void vpi_file_close_locked(int fd)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)fcntl(fd, F_OFD_SETLK, &whole);
    close(fd);
}

vpriv_status vpi_file_has_name(
    int fd, const char *path, struct stat *opened_out, bool *has_name_out)
{
    struct stat named;
    *has_name_out = false;
    if (fstat(fd, opened_out) != 0)
        return vpi_errno_failed(errno, path);
    if (lstat(path, &named) == 0)
        *has_name_out = named.st_dev == opened_out->st_dev && named.st_ino == opened_out->st_ino;
    else if (errno != ENOENT)
        return vpi_errno_failed(errno, path);
    return VPRIV_OK;
}

static vpriv_status open_once(
    const char *path, int flags, int *fd_out, uint64_t *n_bytes_out, bool *again_out)
{
    struct stat opened;
    int fd = -1;
    vpriv_status st = vpi_file_open(path, flags, &fd, n_bytes_out);
    if (st != VPRIV_OK)
        return st;
    bool is_named = false;
    st = lock_whole(fd, path);
    if (st == VPRIV_OK)
        st = vpi_file_has_name(fd, path, &opened, &is_named);
    if (st == VPRIV_OK && is_named) {
        *n_bytes_out = (uint64_t)opened.st_size;
        *fd_out = fd;
        return VPRIV_OK;
    }
    vpi_file_close_locked(fd);
    *again_out = st == VPRIV_OK;
    return st;
}

/* What was removed while it was waited for is another file. */
vpriv_status vpi_file_open_locked(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        bool again = false;
        const vpriv_status st = open_once(path, flags, fd_out, n_bytes_out, &again);
        if (st != VPRIV_OK || !again)
            return st;
    }
    return vpi_fail(VPRIV_E_BUSY, "%s: it is another file every time it is opened", path);
}

vpriv_status vpi_file_read_at(int fd, void *data_out, size_t n_bytes, uint64_t offset)
{
    uint8_t *at = data_out;
    while (n_bytes > 0) {
        const ssize_t n = pread(fd, at, n_bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vpi_errno_failed(errno, "read");
        if (n == 0)
            return vpi_fail(VPRIV_E_FORMAT, "the file is cut short");
        at += n;
        offset += (uint64_t)n;
        n_bytes -= (size_t)n;
    }
    return VPRIV_OK;
}

vpriv_status vpi_file_write_at(int fd, const void *data, size_t n_bytes, uint64_t offset)
{
    const uint8_t *at = data;
    while (n_bytes > 0) {
        const ssize_t n = pwrite(fd, at, n_bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return vpi_errno_failed(n < 0 ? errno : EIO, "write");
        at += n;
        offset += (uint64_t)n;
        n_bytes -= (size_t)n;
    }
    return VPRIV_OK;
}

vpriv_status vpi_file_sync(int fd)
{
    /* Data and whatever is needed to find it; the time of writing alone need not be durable. */
    return fdatasync(fd) == 0 ? VPRIV_OK : vpi_errno_failed(errno, "sync");
}

/* The folder of a path, or a file without a name in it; -1 and errno. */
static int open_folder(const char *path, int flags)
{
    char copy[PATH_MAX]; /* nothing to allocate: what was done is done, and is to be made durable */
    if (strlen(path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, path, strlen(path) + 1);
    return open(dirname(copy), flags | O_CLOEXEC, 0600);
}

vpriv_status vpi_file_sync_folder(const char *path)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const int fd = open_folder(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        st = vpi_errno_failed(errno, "folder");
        goto out;
    }
    VPI_TRY(vpi_file_sync(fd));
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    return st;
}

vpriv_status vpi_folder_lock(const char *path, int *lock_out)
{
    const struct timespec nap = {0, 1000000};
    const int64_t since_us = vpi_monotonic_us();
    vpriv_status st = VPRIV_OK;
    const int fd = open_folder(path, O_RDONLY | O_DIRECTORY);
    *lock_out = -1;
    if (fd < 0)
        return vpi_errno_failed(errno, path);
    while (st == VPRIV_OK && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            close(fd);
            return VPRIV_OK;
        }
        if (vpi_monotonic_us() - since_us > LOCK_PATIENCE_US)
            st = vpi_fail(VPRIV_E_BUSY, "%s: another process is making it", path);
        (void)nanosleep(&nap, NULL);
    }
    if (st == VPRIV_OK)
        *lock_out = fd;
    else
        close(fd);
    return st;
}

void vpi_folder_unlock(int lock)
{
    if (lock < 0)
        return;
    (void)flock(lock, LOCK_UN); /* a process that was forked in this moment may have it open, too */
    close(lock);
}

vpriv_status vpi_path_with(const char *path, const char *suffix, char **path_out)
{
    const size_t n_path = strlen(path), n_suffix = strlen(suffix);
    char *joined = malloc(n_path + n_suffix + 1);
    if (!joined)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for a path");
    memcpy(joined, path, n_path);
    memcpy(joined + n_path, suffix, n_suffix + 1);
    *path_out = joined;
    return VPRIV_OK;
}

/* link, unlike rename, refuses to replace what is there. FAT and exFAT know no second names; there Linux has a
 * rename that refuses. */
vpriv_status vpi_file_give_name(const char *from, const char *to, bool *both_out)
{
    *both_out = link(from, to) == 0;
    if (*both_out)
        return VPRIV_OK;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return vpi_errno_failed(errno, to);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return VPRIV_OK;
    return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP
               ? vpi_fail(VPRIV_E_IO,
                     "%s: this file system gives no new file a name without replacing what may be"
                     " there: take a folder on another one",
                     to)
               : vpi_errno_failed(errno, to);
}

/* With a name of its own, where a file needs one. */
static vpriv_status write_named(const char *path, const void *data, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *temporary = NULL;
    int fd = -1;
    bool both = false;
    VPI_TRY(vpi_path_with(path, ".XXXXXX", &temporary));
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        st = vpi_errno_failed(errno, path);
        temporary[0] = '\0';
        goto out;
    }
    VPI_TRY(vpi_file_write_at(fd, data, n_bytes, 0));
    VPI_TRY(vpi_file_sync(fd));
    VPI_TRY(vpi_file_give_name(temporary, path, &both));
    /* The second name goes before the folder is synced: after a power cut a copy of a secret would
     * lie under a name that nobody looks for. When it stays, nothing stays in it. */
    if (both && unlink(temporary) != 0) {
        st = vpi_errno_failed(errno, path);
        if (ftruncate(fd, 0) == 0)
            unlink(path);
        goto out;
    }
    temporary[0] = '\0';
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    if (temporary && temporary[0])
        unlink(temporary);
    free(temporary);
    return st;
}

/* No file system without names, no kernel that knows them, or no /proc to give them a name by. */
static bool is_for_names_only(int error)
{
    return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOENT;
}

/* Whoever is killed leaves nothing, under no name. *is_named_out: this cannot be done here. */
static vpriv_status write_nameless(
    const char *path, const void *data, size_t n_bytes, bool *is_named_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char by_descriptor[64];
    const int fd = open_folder(path, O_TMPFILE | O_WRONLY);
    *is_named_out = false;
    if (fd < 0) {
        *is_named_out = is_for_names_only(errno);
        return vpi_errno_failed(errno, path);
    }
    VPI_TRY(vpi_file_write_at(fd, data, n_bytes, 0));
    VPI_TRY(vpi_file_sync(fd));
    snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", fd);
    /* As link does, this refuses to replace what is there. */
    if (linkat(AT_FDCWD, by_descriptor, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
        *is_named_out = is_for_names_only(errno);
        st = vpi_errno_failed(errno, path);
        goto out;
    }
    st = VPRIV_OK;
out:
    close(fd);
    return st;
}

vpriv_status vpi_file_write_new(const char *path, const void *data, size_t n_bytes)
{
    bool is_named = false;
    vpriv_status st = write_nameless(path, data, n_bytes, &is_named);
    if (is_named) {
        vpi_fail_clear();
        st = write_named(path, data, n_bytes);
    }
    if (st != VPRIV_OK)
        return st;
    st = vpi_file_sync_folder(path);
    if (st != VPRIV_OK)
        unlink(path);
    return st;
}
