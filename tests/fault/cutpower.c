#include "fault/cutdisk.h"
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR_BYTES = 512 };

static uint64_t random_state;

/* splitmix64: good enough bits, the same everywhere. */
static uint64_t next_random(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = random_state;
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

uint64_t cutvfs_events(void)
{
    cut_lock();
    const uint64_t events = cut_disk.events;
    cut_unlock();
    return events;
}

void cutvfs_cut_after(uint64_t n_events)
{
    cut_lock();
    cut_disk.cut_armed = true;
    cut_disk.cut_at = cut_disk.events + n_events;
    if (n_events == 0)
        cut_disk.power = false;
    cut_unlock();
}

bool cutvfs_power_is_on(void)
{
    cut_lock();
    const bool power = cut_disk.power;
    cut_unlock();
    return power;
}

bool cutvfs_external_event(void)
{
    cut_lock();
    const int rc = cut_event_begin(NULL);
    cut_event_end();
    cut_unlock();
    return rc == SQLITE_OK;
}

void cutvfs_fail_event(uint64_t n, int sqlite_code, unsigned flags)
{
    cut_lock();
    cut_disk.fail_at = n > 0 ? cut_disk.events + n : 0;
    cut_disk.fail_code = sqlite_code;
    cut_disk.fail_flags = flags;
    cut_unlock();
}

void cutvfs_limit_bytes(uint64_t total_bytes)
{
    cut_lock();
    cut_disk.limit_bytes = total_bytes;
    cut_unlock();
}

uint64_t cutvfs_used_bytes(void)
{
    cut_lock();
    const uint64_t used_bytes = cut_disk.used_bytes;
    cut_unlock();
    return used_bytes;
}

/* Of the files of one name (one with a durable, deleted name and one that came after it at most):
 * the one that the name leads to after power loss, or NULL. */
static struct cut_file *survivor_of_name(struct cut_file *first, enum cutvfs_mode mode)
{
    struct cut_file *states[3] = {NULL};
    size_t n_states = 0;
    struct cut_file *current = NULL;
    struct cut_file *durable = NULL;
    for (struct cut_file *file = first; file != NULL; file = file->next) {
        if (file->path == first->path && file->named)
            current = file;
        if (file->path == first->path && file->named_durably)
            durable = file;
    }
    if (mode == CUTVFS_LOSE_UNSYNCED)
        return durable;
    if (mode != CUTVFS_REORDERED || current == durable)
        return current;
    states[n_states++] = durable;
    if (durable != NULL && current != NULL)
        states[n_states++] = NULL;
    states[n_states++] = current;
    return states[next_random() % n_states];
}

static bool is_first_of_name(const struct cut_file *file)
{
    const struct cut_file *other = cut_disk.files;
    while (other->path != file->path)
        other = other->next;
    return other == file;
}

/* Drop the second half of the change, or all of it within one sector. */
static void tear(struct cut_pending *change)
{
    const size_t end = change->offset + change->n;
    size_t border = (change->offset + change->n / 2) / SECTOR_BYTES * SECTOR_BYTES;
    if (border <= change->offset)
        border = (change->offset / SECTOR_BYTES + 1) * SECTOR_BYTES;
    change->n = border < end ? border - change->offset : 0;
}

static void drop(struct cut_file *file, size_t i)
{
    file->n_pending--;
    memmove(
        &file->pending[i], &file->pending[i + 1], (file->n_pending - i) * sizeof *file->pending);
}

static void lose_some(struct cut_file *file, enum cutvfs_mode mode, uint64_t torn_event)
{
    if (mode == CUTVFS_LOSE_UNSYNCED)
        file->n_pending = 0;
    for (size_t i = file->n_pending; i-- > 0;) {
        struct cut_pending *change = &file->pending[i];
        if (mode == CUTVFS_REORDERED && next_random() % 2 == 0) {
            drop(file, i);
        } else if (mode == CUTVFS_TORN && change->event == torn_event) {
            tear(change);
            if (change->n == 0)
                drop(file, i);
        }
    }
}

static uint64_t newest_pending_write(void)
{
    uint64_t newest = 0;
    for (const struct cut_file *file = cut_disk.files; file != NULL; file = file->next)
        for (size_t i = file->n_pending; file->named && i-- > 0;)
            if (file->pending[i].n > 0 && file->pending[i].event > newest)
                newest = file->pending[i].event;
    return newest;
}

void cutvfs_power_on(enum cutvfs_mode mode, uint64_t seed)
{
    struct cutvfs_snapshot left = {0};
    cut_lock();
    random_state = seed;
    const uint64_t torn_event = mode == CUTVFS_TORN ? newest_pending_write() : 0;
    for (struct cut_file *file = cut_disk.files; file != NULL; file = file->next) {
        struct cut_file *survivor = is_first_of_name(file) ? survivor_of_name(file, mode) : NULL;
        if (survivor == NULL)
            continue;
        lose_some(survivor, mode, torn_event);
        cut_settle(survivor);
        const struct cut_bytes *bytes =
            survivor->durable_differs ? &survivor->durable : &survivor->now;
        cut_bytes_write(cut_copy_add(&left, survivor->path), 0, bytes->data, bytes->n);
    }
    cut_become(&left);
    cut_unlock();
    cut_copy_clear(&left);
    free(left.files);
}

const char *cutvfs_mode_name(enum cutvfs_mode mode)
{
    static const char *const names[CUTVFS_N_MODES] = {
        "keep all", "lose unsynced", "torn", "reordered"};
    return names[mode];
}

/* False: the work came through without being cut. */
static bool try_cut(const struct cutvfs_plan *plan, const struct cutvfs_trial *trial)
{
    cutvfs_restore(plan->start);
    cutvfs_cut_after(trial->cut);
    plan->work(plan->user);
    if (cutvfs_power_is_on()) {
        cut_lock();
        cut_disk.cut_armed = false;
        cut_unlock();
        return false;
    }
    cutvfs_power_on(trial->mode, trial->seed);
    plan->check(plan->user, trial);
    return true;
}

uint64_t cutvfs_try_every_cut(const struct cutvfs_plan *plan)
{
    const unsigned n_seeds = plan->n_seeds > 0 ? plan->n_seeds : 1;
    const uint64_t step_events = plan->step_events > 0 ? plan->step_events : 1;
    uint64_t n_cuts = 0;
    for (bool was_cut = true; was_cut; n_cuts += was_cut) {
        struct cutvfs_trial trial = {.cut = n_cuts * step_events};
        was_cut = false;
        for (int mode = 0; mode < CUTVFS_N_MODES; mode++) {
            trial.mode = (enum cutvfs_mode)mode;
            const unsigned n_runs = trial.mode == CUTVFS_REORDERED ? n_seeds : 1;
            for (unsigned run = 0; run < n_runs; run++) {
                trial.seed = trial.cut * n_runs + run;
                was_cut = try_cut(plan, &trial) || was_cut;
            }
        }
    }
    return n_cuts;
}
