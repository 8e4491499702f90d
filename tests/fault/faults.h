/* Calls to the system and to the allocator that fail when they are told to, in the whole process: the
 * library's, SQLite's, libsodium's and everybody else's. A program that links this defines malloc, pread, fsync
 * and the rest itself and hands them on, so that the dynamic loader gives it these for all libraries.
 *
 *     faults_begin();                        // counts anew, remembers what is written and not yet synced
 *     faults_arm(&plan);                     // NULL: only count
 *     st = the call;
 *     faults_disarm();
 *     if (faults_hits() > 0) ...             // it was reached
 *
 * Syncing never waits for a real disk. What it means is kept track of: after a sync that failed in the way
 * FAULTS_LOSE, the pages that were waiting are gone, though reading still shows them and the next sync
 * succeeds. That is what Linux does; faults_lose() then makes the files what the disk has. */
#ifndef TESTS_FAULT_FAULTS_H
#define TESTS_FAULT_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum faults_kind {
    FAULTS_MEMORY,  /* malloc, calloc, realloc, aligned_alloc, posix_memalign */
    FAULTS_MAP,     /* mmap, mremap */
    FAULTS_PROTECT, /* mprotect, madvise */
    FAULTS_LOCK,    /* mlock */
    FAULTS_OPEN,    /* a file that is there, for reading */
    FAULTS_UPDATE,  /* a file that is there, for writing */
    FAULTS_MAKE,    /* open with O_CREAT, mkostemp, mkdir, link, linkat */
    FAULTS_READ,
    FAULTS_WRITE,
    FAULTS_SIZE, /* ftruncate, posix_fallocate */
    FAULTS_SYNC,
    FAULTS_NAME,  /* rename, unlink */
    FAULTS_LOOK,  /* stat, access, statvfs */
    FAULTS_FLOCK, /* fcntl that locks */
    FAULTS_THREAD,
    FAULTS_RANDOM,
    FAULTS_N_KINDS,
};
#define FAULTS_BIT(kind) (1u << (kind))

enum faults_way {
    FAULTS_ONCE,
    FAULTS_ON,        /* from the n-th on */
    FAULTS_SHORT,     /* reads and writes do a part of the work, from the n-th on */
    FAULTS_INTERRUPT, /* once, EINTR */
    FAULTS_HALF,      /* the n-th write does half, everything after it fails */
    FAULTS_LOSE,      /* once, and what was to be synced is lost */
    FAULTS_DIE,       /* kill -9 before the n-th */
};

struct faults_plan {
    uint32_t kinds; /* bits; n counts over all of them */
    enum faults_way way;
    int error;  /* errno */
    uint64_t n; /* 1 is the first */
};

void faults_begin(void);
void faults_arm(const struct faults_plan *plan);
void faults_disarm(void);
uint64_t faults_hits(void);
/* Calls of these kinds since faults_arm. */
uint64_t faults_seen(uint32_t kinds);

/* Make the files below `folder` what the disk has. False when that did not work. */
bool faults_lose(const char *folder);

/* Told, where they are not NULL, of each file that was opened, of each sync, and before FAULTS_DIE kills. */
extern void (*faults_opened)(int fd);
extern void (*faults_synced)(int fd);
extern void (*faults_dying)(void);

/* What the process holds. */
struct faults_held {
    int64_t n_allocations;
    int64_t n_mapped_bytes;
    int64_t n_files;
};
struct faults_held faults_held_now(void);

/* ---- For the calls themselves ---- */

/* The errno with which this call is to fail, or 0. */
int faults_error(enum faults_kind kind);
/* How many bytes a read or write of n is to do at most. */
size_t faults_share(enum faults_kind kind, size_t n_bytes, int *error_out);
bool faults_sync_loses(void);
/* The disk is full by now. */
bool faults_disk_is_full(void);
void faults_count_allocation(int64_t n);
void faults_count_mapped(int64_t n_bytes);

/* A file's pages on their way to the disk: fault/unsynced.c. */
void unsynced_begin(void);
void unsynced_before_write(int fd, off_t offset, size_t n_bytes);
void unsynced_after_sync(int fd, bool is_lost);
/* The name goes, and the file with it unless it has another one. */
void unsynced_forget(int folder, const char *path);

#endif
