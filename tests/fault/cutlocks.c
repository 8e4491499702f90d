#include "fault/cutlocks.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The WAL index of one file in one boot: heap that all its connections share. */
struct cut_shm {
    void **regions;
    int n_regions;
    unsigned n_users;
    unsigned n_shared[SQLITE_SHM_NLOCK];
    bool exclusive[SQLITE_SHM_NLOCK];
};

bool cut_is_alive(const struct cut_handle *handle)
{
    return cut_disk.power && handle->boot == cut_disk.boot;
}

/* ---- Locks on the file ---- */

static int lock_shared(struct cut_handle *handle)
{
    const struct cut_handle *writer = handle->file->writer;
    if (writer != NULL && writer->lock >= SQLITE_LOCK_PENDING)
        return SQLITE_BUSY;
    handle->file->n_shared_locks++;
    handle->lock = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

/* With others still reading, an exclusive lock stops at PENDING: no new readers come in. */
static int lock_for_writing(struct cut_handle *handle, int level)
{
    if (handle->file->writer != NULL && handle->file->writer != handle)
        return SQLITE_BUSY;
    handle->file->writer = handle;
    if (level == SQLITE_LOCK_EXCLUSIVE && handle->file->n_shared_locks > 1) {
        handle->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    handle->lock = level;
    return SQLITE_OK;
}

int cut_file_lock(sqlite3_file *base, int level)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    int rc = cut_is_alive(handle) ? SQLITE_OK : SQLITE_IOERR;
    if (rc == SQLITE_OK && level > handle->lock)
        rc = level == SQLITE_LOCK_SHARED ? lock_shared(handle) : lock_for_writing(handle, level);
    cut_unlock();
    return rc;
}

static void unlock_to(struct cut_handle *handle, int level)
{
    if (level >= handle->lock)
        return;
    if (handle->file->writer == handle)
        handle->file->writer = NULL;
    if (level == SQLITE_LOCK_NONE)
        handle->file->n_shared_locks--;
    handle->lock = level;
}

int cut_file_unlock(sqlite3_file *base, int level)
{
    cut_lock();
    unlock_to((struct cut_handle *)base, level);
    cut_unlock();
    return SQLITE_OK;
}

int cut_file_check_reserved_lock(sqlite3_file *base, int *reserved_out)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    const int rc = cut_is_alive(handle) ? SQLITE_OK : SQLITE_IOERR;
    if (rc == SQLITE_OK)
        *reserved_out = handle->file->writer != NULL;
    cut_unlock();
    return rc;
}

/* ---- The WAL index ---- */

static void shm_join(struct cut_handle *handle)
{
    if (handle->shm != NULL)
        return;
    if (handle->file->shm == NULL) {
        handle->file->shm = cut_resize(NULL, sizeof *handle->file->shm);
        *handle->file->shm = (struct cut_shm){0};
    }
    handle->shm = handle->file->shm;
    handle->shm->n_users++;
}

static void shm_grow(struct cut_shm *shm, int n_regions, size_t region_size)
{
    shm->regions = cut_resize(shm->regions, (size_t)n_regions * sizeof *shm->regions);
    for (; shm->n_regions < n_regions; shm->n_regions++) {
        void *region = cut_resize(NULL, region_size);
        memset(region, 0, region_size);
        shm->regions[shm->n_regions] = region;
    }
}

int cut_shm_map(sqlite3_file *base, int region, int region_size, int extend, void volatile **out)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    cut_lock();
    const int rc = cut_is_alive(handle) ? SQLITE_OK : SQLITE_IOERR;
    if (rc == SQLITE_OK) {
        shm_join(handle);
        if (region >= handle->shm->n_regions && extend)
            shm_grow(handle->shm, region + 1, (size_t)region_size);
        *out = region < handle->shm->n_regions ? handle->shm->regions[region] : NULL;
    }
    cut_unlock();
    return rc;
}

static void shm_unlock(struct cut_handle *handle, unsigned mask)
{
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
        const unsigned bit = 1U << i;
        if ((mask & bit) == 0)
            continue;
        if (handle->shm_shared & bit)
            handle->shm->n_shared[i]--;
        if (handle->shm_exclusive & bit)
            handle->shm->exclusive[i] = false;
    }
    handle->shm_shared &= ~mask;
    handle->shm_exclusive &= ~mask;
}

static int shm_lock(struct cut_handle *handle, unsigned mask, bool exclusively)
{
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
        const unsigned bit = 1U << i;
        const bool others_exclusive =
            handle->shm->exclusive[i] && (handle->shm_exclusive & bit) == 0;
        const unsigned own_shared = handle->shm_shared & bit ? 1 : 0;
        const bool others_shared = handle->shm->n_shared[i] > own_shared;
        if ((mask & bit) && (others_exclusive || (exclusively && others_shared)))
            return SQLITE_BUSY;
    }
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
        const unsigned bit = 1U << i;
        if ((mask & bit) && exclusively)
            handle->shm->exclusive[i] = true;
        else if ((mask & bit) && (handle->shm_shared & bit) == 0)
            handle->shm->n_shared[i]++;
    }
    if (exclusively)
        handle->shm_exclusive |= mask;
    else
        handle->shm_shared |= mask;
    return SQLITE_OK;
}

int cut_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
    struct cut_handle *handle = (struct cut_handle *)base;
    const unsigned mask = ((1U << n) - 1U) << first;
    int rc = SQLITE_OK;
    cut_lock();
    if (handle->shm != NULL && (flags & SQLITE_SHM_UNLOCK))
        shm_unlock(handle, mask);
    else if (!cut_is_alive(handle) || handle->shm == NULL)
        rc = SQLITE_IOERR;
    else
        rc = shm_lock(handle, mask, (flags & SQLITE_SHM_EXCLUSIVE) != 0);
    cut_unlock();
    return rc;
}

void cut_shm_barrier(sqlite3_file *base)
{
    (void)base;
    atomic_thread_fence(memory_order_seq_cst);
    cut_lock();
    cut_unlock();
}

static void shm_leave(struct cut_handle *handle)
{
    struct cut_shm *shm = handle->shm;
    if (shm == NULL)
        return;
    shm_unlock(handle, (1U << SQLITE_SHM_NLOCK) - 1U);
    handle->shm = NULL;
    if (--shm->n_users > 0)
        return;
    handle->file->shm = NULL;
    for (int i = 0; i < shm->n_regions; i++)
        free(shm->regions[i]);
    free(shm->regions);
    free(shm);
}

int cut_shm_unmap(sqlite3_file *base, int delete_it)
{
    (void)delete_it;
    cut_lock();
    shm_leave((struct cut_handle *)base);
    cut_unlock();
    return SQLITE_OK;
}

void cut_locks_leave(struct cut_handle *handle)
{
    unlock_to(handle, SQLITE_LOCK_NONE);
    shm_leave(handle);
}
