/* Which call fails (see faults.h). */
#include "fault/faults.h"
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void (*faults_opened)(int fd);
void (*faults_synced)(int fd);
void (*faults_dying)(void);

static struct faults_plan plan; /* written while nothing is armed */
static atomic_bool is_armed;
static atomic_uint_fast64_t n_seen[FAULTS_N_KINDS], n_of_plan, n_hits;
static atomic_int_fast64_t n_allocations, n_mapped_bytes;

void faults_begin(void)
{
    atomic_store(&is_armed, false);
    unsynced_begin();
}

void faults_arm(const struct faults_plan *wanted)
{
    memset(&plan, 0, sizeof plan);
    if (wanted)
        plan = *wanted;
    for (int i = 0; i < FAULTS_N_KINDS; i++)
        atomic_store(&n_seen[i], 0);
    atomic_store(&n_of_plan, 0);
    atomic_store(&n_hits, 0);
    atomic_store(&is_armed, true);
}

void faults_disarm(void)
{
    atomic_store(&is_armed, false);
}

uint64_t faults_hits(void)
{
    return atomic_load(&n_hits);
}

uint64_t faults_seen(uint32_t kinds)
{
    uint64_t n = 0;
    for (int i = 0; i < FAULTS_N_KINDS; i++)
        if (kinds >> i & 1)
            n += atomic_load(&n_seen[i]);
    return n;
}

/* The place of this call in the order of the plan's, if it is one of them; 0 otherwise. */
static uint64_t place(enum faults_kind kind)
{
    if (!atomic_load(&is_armed))
        return 0;
    atomic_fetch_add(&n_seen[kind], 1);
    if (!(plan.kinds >> kind & 1) || plan.n == 0)
        return 0;
    return atomic_fetch_add(&n_of_plan, 1) + 1;
}

/* For whoever looks for the place of a call: SWEEP_TRACE=1, and addr2line. */
static void show_where(void)
{
    void *calls[48];
    if (!getenv("SWEEP_TRACE"))
        return;
    atomic_store(&is_armed, false);
    backtrace_symbols_fd(calls, backtrace(calls, 48), 2);
    atomic_store(&is_armed, true);
}

static void die(void)
{
    atomic_store(&is_armed, false);
    if (faults_dying)
        faults_dying();
    (void)kill(getpid(), SIGKILL);
}

static bool is_hit(uint64_t at)
{
    if (at == 0)
        return false;
    const bool goes_on =
        plan.way == FAULTS_ON || plan.way == FAULTS_SHORT || plan.way == FAULTS_HALF;
    const bool hit = goes_on ? at >= plan.n : at == plan.n;
    if (hit && atomic_fetch_add(&n_hits, 1) == 0)
        show_where();
    if (hit && plan.way == FAULTS_DIE)
        die();
    return hit;
}

int faults_error(enum faults_kind kind)
{
    const uint64_t at = place(kind);
    if (!is_hit(at) || plan.way == FAULTS_SHORT)
        return 0;
    return plan.way == FAULTS_INTERRUPT ? EINTR : plan.error;
}

size_t faults_share(enum faults_kind kind, size_t n_bytes, int *error_out)
{
    const uint64_t at = place(kind);
    *error_out = 0;
    if (!is_hit(at))
        return n_bytes;
    if (plan.way == FAULTS_SHORT)
        return n_bytes > 1 ? (n_bytes + 2) / 3 : n_bytes;
    if (plan.way == FAULTS_HALF && at == plan.n && kind == FAULTS_WRITE && n_bytes > 1)
        return n_bytes / 2;
    *error_out = plan.way == FAULTS_INTERRUPT ? EINTR : plan.error;
    return 0;
}

bool faults_sync_loses(void)
{
    return plan.way == FAULTS_LOSE;
}

bool faults_disk_is_full(void)
{
    return atomic_load(&is_armed) && plan.error == ENOSPC && atomic_load(&n_hits) > 0 &&
           (plan.way == FAULTS_ON || plan.way == FAULTS_HALF);
}

void faults_count_allocation(int64_t n)
{
    atomic_fetch_add(&n_allocations, n);
}

void faults_count_mapped(int64_t n_bytes)
{
    atomic_fetch_add(&n_mapped_bytes, n_bytes);
}

struct faults_held faults_held_now(void)
{
    struct faults_held held = {0};
    held.n_allocations = atomic_load(&n_allocations);
    held.n_mapped_bytes = atomic_load(&n_mapped_bytes);
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        held.n_files++;
    if (folder)
        closedir(folder);
    return held;
}
