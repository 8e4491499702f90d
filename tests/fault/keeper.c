#include "fault/keeper.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 16

static int journal_fd = -1;
static uint64_t n_left; /* until death; 0: for ever */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *parent, shim;

/* SQLite's files that are open, which they are, and how they are really written. */
static struct open_file {
    sqlite3_file *file;
    char kind;
    const sqlite3_io_methods *real;
    sqlite3_io_methods shim;
} files[FILES_MAX];

static void note(char what, char file, uint64_t offset, const void *bytes, size_t n_bytes)
{
    uint8_t head[1 + 1 + 8 + 4] = {(uint8_t)what, (uint8_t)file};
    for (int i = 0; i < 8; i++)
        head[2 + i] = (uint8_t)(offset >> 8 * i);
    for (int i = 0; i < 4; i++)
        head[10 + i] = (uint8_t)(n_bytes >> 8 * i);
    const struct iovec parts[2] = {{head, sizeof head}, {(void *)(uintptr_t)bytes, n_bytes}};
    if (writev(journal_fd, parts, 2) != (ssize_t)(sizeof head + n_bytes))
        abort();
}

/* Behind a write that is there. */
static void age(void)
{
    if (n_left > 0 && --n_left == 0)
        kill(getpid(), SIGKILL);
}

static char kind_of(const char *path)
{
    const size_t n = path ? strlen(path) : 0;
    if (n > 4 && strcmp(path + n - 4, "-wal") == 0)
        return 'w';
    if (n > 4 && strcmp(path + n - 4, "root") == 0)
        return 'r';
    return n > 5 && strcmp(path + n - 5, "vault") == 0 ? 'd' : 'o';
}

static struct open_file *slot_of(sqlite3_file *file)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i].file == file)
            return &files[i];
    abort();
}

static int shim_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
    pthread_mutex_lock(&lock);
    const struct open_file *slot = slot_of(file);
    note('W', slot->kind, (uint64_t)offset, bytes, (size_t)n);
    const int code = slot->real->xWrite(file, bytes, n, offset);
    age();
    pthread_mutex_unlock(&lock);
    return code;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    pthread_mutex_lock(&lock);
    const struct open_file *slot = slot_of(file);
    note('T', slot->kind, (uint64_t)size, NULL, 0);
    const int code = slot->real->xTruncate(file, size);
    age();
    pthread_mutex_unlock(&lock);
    return code;
}

static int shim_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int shim_close(sqlite3_file *file)
{
    pthread_mutex_lock(&lock);
    struct open_file *slot = slot_of(file);
    const int code = slot->real->xClose(file);
    slot->file = NULL;
    pthread_mutex_unlock(&lock);
    return code;
}

static int shim_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out)
{
    (void)vfs;
    const int code = parent->xOpen(parent, path, file, flags, flags_out);
    if (code != SQLITE_OK)
        return code;
    pthread_mutex_lock(&lock);
    struct open_file *slot = slot_of(NULL);
    *slot = (struct open_file){file, kind_of(path), file->pMethods, *file->pMethods};
    slot->shim.xWrite = shim_write;
    slot->shim.xTruncate = shim_truncate;
    slot->shim.xSync = shim_sync;
    slot->shim.xClose = shim_close;
    file->pMethods = &slot->shim;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    (void)sync_folder;
    pthread_mutex_lock(&lock);
    note('D', kind_of(path), 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return parent->xDelete(parent, path, 0);
}

void keeper_start(const char *journal, uint64_t die_after)
{
    journal_fd = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    parent = sqlite3_vfs_find(NULL);
    if (journal_fd < 0 || !parent)
        abort();
    n_left = die_after;
    shim = *parent;
    shim.zName = "keeper";
    shim.pNext = NULL;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
        abort();
    note('S', 'o', 0, NULL, 0);
}

/* What the library writes by itself: the root key file, the reserve. */
ssize_t __real_pwrite(int fd, const void *bytes, size_t n_bytes, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n_bytes, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n_bytes, off_t offset)
{
    char link[32], path[512] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (journal_fd < 0 || readlink(link, path, sizeof path - 1) < 0)
        return __real_pwrite(fd, bytes, n_bytes, offset);
    pthread_mutex_lock(&lock);
    note('W', kind_of(path), (uint64_t)offset, bytes, n_bytes);
    const ssize_t n = __real_pwrite(fd, bytes, n_bytes, offset);
    age();
    pthread_mutex_unlock(&lock);
    return n;
}

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    (void)fd;
    return 0;
}
