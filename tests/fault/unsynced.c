/* Pages that were written and not yet synced, with what the disk has in their place (see faults.h). A page
 * whose sync failed is lost until it is written again: the kernel thinks that it is clean. */
#include "fault/faults.h"
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PAGES_MAX  8192

enum state { FREE, WAITING, LOST };

struct page {
    enum state state;
    dev_t device;
    ino_t inode;
    off_t offset;
    uint8_t on_disk[PAGE_BYTES];
};

static struct page *pages; /* taken once, before anything is counted */
static size_t n_pages;
static bool overflowed;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void unsynced_begin(void)
{
    if (!pages) {
        void *memory = mmap(NULL, PAGES_MAX * sizeof *pages, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        pages = memory == MAP_FAILED ? NULL : memory;
    }
    n_pages = 0;
    overflowed = false;
}

static bool file_of(int fd, struct stat *info)
{
    return syscall(SYS_fstat, fd, info) == 0 && S_ISREG(info->st_mode);
}

static struct page *find(const struct stat *info, off_t offset)
{
    for (size_t i = 0; i < n_pages; i++)
        if (pages[i].state != FREE && pages[i].inode == info->st_ino &&
            pages[i].device == info->st_dev && pages[i].offset == offset)
            return &pages[i];
    return NULL;
}

static struct page *take(void)
{
    for (size_t i = 0; i < n_pages; i++)
        if (pages[i].state == FREE)
            return &pages[i];
    overflowed = overflowed || n_pages == PAGES_MAX;
    return n_pages < PAGES_MAX ? &pages[n_pages++] : NULL;
}

void unsynced_before_write(int fd, off_t offset, size_t n_bytes)
{
    struct stat info;
    if (!pages || n_bytes == 0 || !file_of(fd, &info))
        return;
    pthread_mutex_lock(&mutex);
    for (off_t at = offset - offset % PAGE_BYTES; at < offset + (off_t)n_bytes; at += PAGE_BYTES) {
        struct page *page = find(&info, at);
        if (!page && (page = take()) != NULL) {
            page->device = info.st_dev;
            page->inode = info.st_ino;
            page->offset = at;
            memset(page->on_disk, 0, sizeof page->on_disk);
            (void)!syscall(SYS_pread64, fd, page->on_disk, sizeof page->on_disk, at);
        }
        if (page)
            page->state = WAITING;
    }
    pthread_mutex_unlock(&mutex);
}

void unsynced_after_sync(int fd, bool is_lost)
{
    struct stat info;
    if (!pages || !file_of(fd, &info))
        return;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < n_pages; i++)
        if (pages[i].state == WAITING && pages[i].inode == info.st_ino &&
            pages[i].device == info.st_dev)
            pages[i].state = is_lost ? LOST : FREE;
    pthread_mutex_unlock(&mutex);
}

void unsynced_forget(int folder, const char *path)
{
    struct stat info;
    if (!pages || syscall(SYS_newfstatat, folder, path, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        info.st_nlink != 1)
        return;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < n_pages; i++)
        if (pages[i].inode == info.st_ino && pages[i].device == info.st_dev)
            pages[i].state = FREE;
    pthread_mutex_unlock(&mutex);
}

static int put_back(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    int failed = 0;
    (void)at;
    if (kind != FTW_F)
        return 0;
    for (size_t i = 0; i < n_pages && !failed; i++) {
        const struct page *page = &pages[i];
        if (page->state != LOST || page->inode != info->st_ino || page->device != info->st_dev ||
            page->offset >= info->st_size)
            continue;
        const off_t left = info->st_size - page->offset;
        const size_t n_bytes = left < PAGE_BYTES ? (size_t)left : PAGE_BYTES;
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        failed = fd < 0 || syscall(SYS_pwrite64, fd, page->on_disk, n_bytes, page->offset) !=
                               (ssize_t)n_bytes;
        if (fd >= 0)
            close(fd);
    }
    return failed;
}

bool faults_lose(const char *folder)
{
    return pages && !overflowed && nftw(folder, put_back, 8, FTW_PHYS) == 0;
}
