/* Files that can fail (see faults.h). Only regular files and folders: pipes and events are the tests' own. */
#pragma GCC visibility push(default) /* for the other libraries to find */
#undef _FORTIFY_SOURCE /* the functions themselves, not inline copies that check their room */
#include "fault/faults.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
        *(void **)&real = dlsym(RTLD_NEXT, #name);

static bool refused(enum faults_kind kind)
{
    const int error = faults_error(kind);
    if (error)
        errno = error;
    return error != 0;
}

static bool is_regular(int fd)
{
    static int (*real)(int, struct stat *);
    struct stat info;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fstat");
    const int before = errno;
    const bool regular = real(fd, &info) == 0 && S_ISREG(info.st_mode);
    errno = before;
    return regular;
}

/* Making a file takes room on the disk, opening one that is there does not. */
static enum faults_kind kind_of(int folder, const char *path, int flags)
{
    struct stat info;
    if ((flags & O_TMPFILE) == O_TMPFILE ||
        (flags & O_CREAT && syscall(SYS_newfstatat, folder, path, &info, AT_SYMLINK_NOFOLLOW) != 0))
        return FAULTS_MAKE;
    return (flags & O_ACCMODE) == O_RDONLY ? FAULTS_OPEN : FAULTS_UPDATE;
}

static int opened(int fd)
{
    if (fd >= 0 && faults_opened)
        faults_opened(fd);
    return fd;
}

#define MODE_OF(flags, mode)                                                                       \
    mode_t mode = 0;                                                                               \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                     \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    REAL(open)
    MODE_OF(flags, mode)
    return refused(kind_of(AT_FDCWD, path, flags)) ? -1 : opened(real(path, flags, mode));
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    REAL(openat)
    MODE_OF(flags, mode)
    return refused(kind_of(folder, path, flags)) ? -1 : opened(real(folder, path, flags, mode));
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen)
    return refused(FAULTS_OPEN) ? NULL : real(path, mode);
}

int mkostemp(char *pattern, int flags)
{
    REAL(mkostemp)
    return refused(FAULTS_MAKE) ? -1 : opened(real(pattern, flags));
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir)
    return refused(FAULTS_MAKE) ? -1 : real(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    REAL(mkdirat)
    return refused(FAULTS_MAKE) ? -1 : real(folder, path, mode);
}

int link(const char *from, const char *to)
{
    REAL(link)
    return refused(FAULTS_MAKE) ? -1 : real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL(linkat)
    return refused(FAULTS_MAKE) ? -1 : real(from_folder, from, to_folder, to, flags);
}

/* False: it fails. Otherwise *n_bytes is how much is done. */
static bool may(enum faults_kind kind, int fd, size_t *n_bytes)
{
    int error = 0;
    if (!is_regular(fd))
        return true;
    *n_bytes = faults_share(kind, *n_bytes, &error);
    if (error)
        errno = error;
    return error == 0;
}

ssize_t read(int fd, void *bytes, size_t n_bytes)
{
    REAL(read)
    return may(FAULTS_READ, fd, &n_bytes) ? real(fd, bytes, n_bytes) : -1;
}

ssize_t pread(int fd, void *bytes, size_t n_bytes, off_t offset)
{
    REAL(pread)
    return may(FAULTS_READ, fd, &n_bytes) ? real(fd, bytes, n_bytes, offset) : -1;
}

ssize_t pread64(int fd, void *bytes, size_t n_bytes, off64_t offset)
{
    return pread(fd, bytes, n_bytes, (off_t)offset);
}

ssize_t write(int fd, const void *bytes, size_t n_bytes)
{
    REAL(write)
    if (!may(FAULTS_WRITE, fd, &n_bytes))
        return -1;
    if (is_regular(fd))
        unsynced_before_write(fd, lseek(fd, 0, SEEK_CUR), n_bytes);
    return real(fd, bytes, n_bytes);
}

ssize_t pwrite(int fd, const void *bytes, size_t n_bytes, off_t offset)
{
    REAL(pwrite)
    if (!may(FAULTS_WRITE, fd, &n_bytes))
        return -1;
    if (is_regular(fd))
        unsynced_before_write(fd, offset, n_bytes);
    return real(fd, bytes, n_bytes, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n_bytes, off64_t offset)
{
    return pwrite(fd, bytes, n_bytes, (off_t)offset);
}

int ftruncate(int fd, off_t n_bytes)
{
    REAL(ftruncate)
    return refused(FAULTS_SIZE) ? -1 : real(fd, n_bytes);
}

int ftruncate64(int fd, off64_t n_bytes)
{
    return ftruncate(fd, (off_t)n_bytes);
}

int posix_fallocate(int fd, off_t offset, off_t n_bytes)
{
    REAL(posix_fallocate)
    const int error = faults_error(FAULTS_SIZE);
    return error ? error : real(fd, offset, n_bytes);
}

int fdatasync(int fd)
{
    const bool fails = refused(FAULTS_SYNC);
    if (!fails || faults_sync_loses())
        unsynced_after_sync(fd, fails);
    if (!fails && faults_synced)
        faults_synced(fd);
    return fails ? -1 : 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename)
    return refused(FAULTS_NAME) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(renameat)
    return refused(FAULTS_NAME) ? -1 : real(from_folder, from, to_folder, to);
}

int unlink(const char *path)
{
    REAL(unlink)
    if (refused(FAULTS_NAME))
        return -1;
    unsynced_forget(AT_FDCWD, path);
    return real(path);
}

int unlinkat(int folder, const char *path, int flags)
{
    REAL(unlinkat)
    if (refused(FAULTS_NAME))
        return -1;
    unsynced_forget(folder, path);
    return real(folder, path, flags);
}

int stat(const char *path, struct stat *info)
{
    REAL(stat)
    return refused(FAULTS_LOOK) ? -1 : real(path, info);
}

int lstat(const char *path, struct stat *info)
{
    REAL(lstat)
    return refused(FAULTS_LOOK) ? -1 : real(path, info);
}

int fstat(int fd, struct stat *info)
{
    REAL(fstat)
    return refused(FAULTS_LOOK) ? -1 : real(fd, info);
}

int stat64(const char *path, struct stat64 *info)
{
    REAL(stat64)
    return refused(FAULTS_LOOK) ? -1 : real(path, info);
}

int lstat64(const char *path, struct stat64 *info)
{
    REAL(lstat64)
    return refused(FAULTS_LOOK) ? -1 : real(path, info);
}

int fstat64(int fd, struct stat64 *info)
{
    REAL(fstat64)
    return refused(FAULTS_LOOK) ? -1 : real(fd, info);
}

int fstatat(int folder, const char *path, struct stat *info, int flags)
{
    REAL(fstatat)
    return refused(FAULTS_LOOK) ? -1 : real(folder, path, info, flags);
}

int access(const char *path, int mode)
{
    REAL(access)
    return refused(FAULTS_LOOK) ? -1 : real(path, mode);
}

int statvfs(const char *path, struct statvfs *space)
{
    REAL(statvfs)
    if (refused(FAULTS_LOOK) || real(path, space) != 0)
        return -1;
    if (faults_disk_is_full())
        space->f_bfree = space->f_bavail = space->f_ffree = space->f_favail = 0;
    return 0;
}

static int control(int fd, int command, void *argument)
{
    static int (*real)(int, int, ...);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fcntl");
    bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
                 command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_OFD_GETLK;
    if (locks) /* letting go of a lock does not fail */
        locks = ((const struct flock *)argument)->l_type != F_UNLCK;
    return locks && refused(FAULTS_FLOCK) ? -1 : real(fd, command, argument);
}

int fcntl(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return control(fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    return control(fd, command, argument);
}
