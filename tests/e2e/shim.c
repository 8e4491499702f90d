/* Loaded before the C library to make some calls fail, as the words in SHIM say:
 *   full, broken    write() to regular files: no space left, or an input/output error
 *   database-full   pwrite() as well, which is what SQLite and the library use
 *   named           files without a name, as on file systems that have none
 *   interrupt       control-C at each positioned write and each new name
 *   killed          dead before the first new name
 *   die:N           dead before the N-th change of a file or a name
 *   memory          locking memory for secrets */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int shim_says(const char *word)
{
    const char *shim = getenv("SHIM");
    return shim && strstr(shim, word) != NULL;
}

/* The errno with which a write to a regular file is to fail, or 0. */
static int write_error(int fd, int is_positioned)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    if (shim_says("database-full"))
        return ENOSPC;
    if (is_positioned)
        return 0;
    return shim_says("full") ? ENOSPC : shim_says("broken") ? EIO : 0;
}

/* "ahead": the clock, but not the time the machine has run, is three days fast. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    const int failed = real(id, now);
    if (!failed && id == CLOCK_REALTIME && shim_says("ahead"))
        now->tv_sec += 3 * 86400;
    return failed;
}

static void count_change(void)
{
    static int n_changes;
    const char *shim = getenv("SHIM");
    const char *die = shim ? strstr(shim, "die:") : NULL;
    if (die && ++n_changes == atoi(die + 4))
        kill(getpid(), SIGKILL);
}

ssize_t write(int fd, const void *bytes, size_t n_bytes)
{
    ssize_t (*real)(int, const void *, size_t) = NULL;
    const int error = write_error(fd, 0);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (error) {
        errno = error;
        return -1;
    }
    return real(fd, bytes, n_bytes);
}

static void interrupt(void)
{
    if (shim_says("interrupt"))
        kill(getpid(), SIGINT);
}

int link(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = NULL;
    interrupt();
    count_change();
    if (shim_says("killed"))
        kill(getpid(), SIGKILL);
    *(void **)&real = dlsym(RTLD_NEXT, "link");
    return real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    int (*real)(int, const char *, int, const char *, int) = NULL;
    interrupt();
    count_change();
    if (shim_says("killed"))
        kill(getpid(), SIGKILL);
    *(void **)&real = dlsym(RTLD_NEXT, "linkat");
    return real(from_folder, from, to_folder, to, flags);
}

ssize_t pwrite(int fd, const void *bytes, size_t n_bytes, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = NULL;
    const int error = write_error(fd, 1);
    interrupt();
    count_change();
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (error) {
        errno = error;
        return -1;
    }
    return real(fd, bytes, n_bytes, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n_bytes, off64_t offset)
{
    return pwrite(fd, bytes, n_bytes, (off_t)offset);
}

int unlink(const char *path)
{
    int (*real)(const char *) = NULL;
    count_change();
    *(void **)&real = dlsym(RTLD_NEXT, "unlink");
    return real(path);
}

int fdatasync(int fd)
{
    int (*real)(int) = NULL;
    count_change();
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    return real(fd);
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = NULL;
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    *(void **)&real = dlsym(RTLD_NEXT, "open");
    if ((flags & O_TMPFILE) == O_TMPFILE && shim_says("named")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (flags & O_CREAT)
        count_change();
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open(path, flags, mode);
}

/* libsodium's, and not mlock() itself, which sanitizers turn into nothing. */
int sodium_mlock(void *const address, const size_t n_bytes)
{
    int (*real)(void *, size_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "sodium_mlock");
    if (shim_says("memory")) {
        errno = ENOMEM;
        return -1;
    }
    return real(address, n_bytes);
}
