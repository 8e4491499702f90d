/* Loaded before the C library to make one kind of call fail, as SHIM says: "full" and "broken" fail
 * writes to regular files, "memory" fails locking memory. SQLite writes with pwrite and is not met. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int shim_is(const char *what)
{
    const char *shim = getenv("SHIM");
    return shim && strcmp(shim, what) == 0;
}

ssize_t write(int fd, const void *bytes, size_t n_bytes)
{
    ssize_t (*real)(int, const void *, size_t) = NULL;
    struct stat info;
    const int is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (is_file && (shim_is("full") || shim_is("broken"))) {
        errno = shim_is("full") ? ENOSPC : EIO;
        return -1;
    }
    return real(fd, bytes, n_bytes);
}

int mlock(const void *address, size_t n_bytes)
{
    int (*real)(const void *, size_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "mlock");
    if (shim_is("memory")) {
        errno = ENOMEM;
        return -1;
    }
    return real(address, n_bytes);
}
