/* Open files of cutvfs, and the locks and the WAL index that the connections of one process share
 * through them. The functions named like SQLite's file methods are these methods; they take
 * cut_lock() themselves. Unlocking always works, also for the dead. */
#ifndef TESTS_FAULT_CUTLOCKS_H
#define TESTS_FAULT_CUTLOCKS_H

#include "fault/cutdisk.h"
#include <sqlite3.h>

struct cut_handle {
    sqlite3_file base;
    struct cut_file *file;
    uint64_t boot;
    int lock;
    bool sync_directory; /* the first sync makes all names durable too */
    bool delete_on_close;
    bool keep_wal;
    struct cut_shm *shm;
    unsigned shm_shared;
    unsigned shm_exclusive;
};

/* Whether the power is on and has been since the handle was opened. Expects cut_lock(). */
bool cut_is_alive(const struct cut_handle *handle);

/* Give up all locks and the WAL index, at closing. Expects cut_lock(). */
void cut_locks_leave(struct cut_handle *handle);

int cut_file_lock(sqlite3_file *base, int level);
int cut_file_unlock(sqlite3_file *base, int level);
int cut_file_check_reserved_lock(sqlite3_file *base, int *reserved_out);

int cut_shm_map(sqlite3_file *base, int region, int region_size, int extend, void volatile **out);
int cut_shm_lock(sqlite3_file *base, int first, int n, int flags);
void cut_shm_barrier(sqlite3_file *base);
int cut_shm_unmap(sqlite3_file *base, int delete_it);

#endif
