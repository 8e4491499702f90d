#include "keys/root_slots.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_BYTES   4096
#define N_SLOTS      2
#define MAGIC_BYTES  8
#define DIGEST_BYTES 32

_Static_assert(MAGIC_BYTES + VPI_SLOT_BYTES_MAX + DIGEST_BYTES <= SLOT_BYTES, "a slot has room");

static uint64_t order_in(const uint8_t *slot)
{
    uint64_t order = 0;
    for (int i = 7; i >= 0; i--)
        order = order << 8 | slot[MAGIC_BYTES + VPI_SLOT_ORDER_AT + i];
    return order;
}

static size_t head_bytes(const vpi_root_slots *slots)
{
    return MAGIC_BYTES + slots->n_bytes;
}

static bool slot_is_whole(const vpi_root_slots *slots, const uint8_t *slot)
{
    uint8_t digest[DIGEST_BYTES];
    if (memcmp(slot, slots->magic, MAGIC_BYTES) != 0)
        return false;
    crypto_generichash(digest, sizeof digest, slot, head_bytes(slots), NULL, 0);
    vpi_wipe_stack();
    return sodium_memcmp(digest, slot + head_bytes(slots), sizeof digest) == 0;
}

/* The latest whole slot, or −1. */
static int current_slot(const vpi_root_slots *slots)
{
    int current = -1;
    for (int i = 0; i < N_SLOTS; i++) {
        const uint8_t *slot = slots->slots + i * SLOT_BYTES;
        if (slot_is_whole(slots, slot) &&
            (current < 0 || order_in(slot) > order_in(slots->slots + current * SLOT_BYTES)))
            current = i;
    }
    return current;
}

static vpriv_status write_slot(vpi_root_slots *slots, int fd, int slot, const uint8_t *bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    slots->is_unsure = true;
    VPI_TRY(vpi_file_write_at(fd, bytes, SLOT_BYTES, (uint64_t)slot * SLOT_BYTES));
    VPI_TRY(vpi_file_sync(fd));
    slots->is_unsure = false;
    st = VPRIV_OK;
out:
    return st;
}

/* Zeros that may not be on the disk look like zeros that are. Where another version is in force, one byte that
 * is none makes whoever opens the file next wipe the slot again. */
static vpriv_status wipe_slot(vpi_root_slots *slots, int fd, int slot, bool other_is_in_force)
{
    static const uint8_t not_sure = 1;
    uint8_t *bytes = slots->slots + slot * SLOT_BYTES;
    vpi_wipe(bytes, SLOT_BYTES);
    const vpriv_status st = write_slot(slots, fd, slot, bytes);
    if (st == VPRIV_OK || !other_is_in_force)
        return st;
    const vpi_reason reason = vpi_fail_text();
    (void)vpi_file_write_at(fd, &not_sure, 1, (uint64_t)(slot + 1) * SLOT_BYTES - 1);
    vpi_fail_text_again(&reason);
    return st;
}

/* What is in force is put on the disk again before the other one is wiped. */
static vpriv_status make_sure(vpi_root_slots *slots, int fd, int current)
{
    const vpriv_status st = write_slot(slots, fd, current, slots->slots + current * SLOT_BYTES);
    return st == VPRIV_OK ? wipe_slot(slots, fd, 1 - current, true) : st;
}

/* Both slots as far as the file goes; zeros behind its end. */
static vpriv_status read_slots(vpi_root_slots *slots, int fd, uint64_t size)
{
    if (size > N_SLOTS * SLOT_BYTES)
        return vpi_fail(VPRIV_E_FORMAT, "the root key file has %llu bytes, not %d",
            (unsigned long long)size, N_SLOTS * SLOT_BYTES);
    memset(slots->slots, 0, N_SLOTS * SLOT_BYTES);
    return vpi_file_read_at(fd, slots->slots, (size_t)size, 0);
}

/* Open, read both slots, and finish an interrupted replacement: an older version still there goes. */
static vpriv_status open_and_read(vpi_root_slots *slots, int flags, int *fd_out, int *current_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1;
    uint64_t size = 0;
    VPI_TRY(vpi_file_open_locked(slots->path, O_RDWR | flags, &fd, &size));
    VPI_TRY(read_slots(slots, fd, size));
    const int current = current_slot(slots);
    VPI_ENSURE(current >= 0 || sodium_is_zero(slots->slots, N_SLOTS * SLOT_BYTES), VPRIV_E_FORMAT,
        "not a root key file of this kind, or a damaged one");
    VPI_ENSURE(current < 0 || size == N_SLOTS * SLOT_BYTES, VPRIV_E_FORMAT,
        "the root key file has %llu bytes, not %d", (unsigned long long)size, N_SLOTS * SLOT_BYTES);
    if (current >= 0 && (slots->is_unsure ||
                            !sodium_is_zero(slots->slots + (1 - current) * SLOT_BYTES, SLOT_BYTES)))
        VPI_TRY(make_sure(slots, fd, current));
    *fd_out = fd;
    *current_out = current;
    fd = -1;
    st = VPRIV_OK;
out:
    if (fd >= 0)
        vpi_file_close_locked(fd);
    return st;
}

/* Nothing stays in memory, open or locked. */
static void finish(vpi_root_slots *slots, int fd)
{
    vpi_wipe(slots->slots, N_SLOTS * SLOT_BYTES);
    if (fd >= 0)
        vpi_file_close_locked(fd);
}

vpriv_status vpi_root_slots_load(vpi_root_slots *slots, uint8_t *bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1, current = -1;
    VPI_TRY(open_and_read(slots, 0, &fd, &current));
    VPI_ENSURE(current >= 0, VPRIV_E_NOT_FOUND, "the root key file is empty");
    memcpy(bytes_out, slots->slots + current * SLOT_BYTES + MAGIC_BYTES, slots->n_bytes);
    st = VPRIV_OK;
out:
    finish(slots, fd);
    return st;
}

/* Somebody else may have made the file, open to others or shorter than it has to be. */
static vpriv_status prepare_first(vpi_root_slots *slots, int fd)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    static const uint8_t empty[SLOT_BYTES];
    VPI_ENSURE(fchmod(fd, 0600) == 0, VPRIV_E_IO, "the root key file cannot be closed to others");
    for (int i = 0; i < N_SLOTS; i++)
        VPI_TRY(write_slot(slots, fd, i, empty));
    VPI_TRY(vpi_file_sync_folder(slots->path));
    st = VPRIV_OK;
out:
    return st;
}

static void seal_slot(const vpi_root_slots *slots, uint8_t *slot)
{
    memcpy(slot, slots->magic, MAGIC_BYTES);
    crypto_generichash(slot + head_bytes(slots), DIGEST_BYTES, slot, head_bytes(slots), NULL, 0);
    vpi_wipe_stack();
}

/* What could not be written whole, or not for certain, is not to be found by the next who reads. Where it is all
 * the same, it is in force. */
static void take_back(
    vpi_root_slots *slots, int fd, int target, bool other_is_in_force, bool *in_force_out)
{
    const vpi_reason reason = vpi_fail_text();
    if (wipe_slot(slots, fd, target, other_is_in_force) != VPRIV_OK) {
        *in_force_out = read_slots(slots, fd, N_SLOTS * SLOT_BYTES) == VPRIV_OK &&
                        current_slot(slots) == target;
        vpi_fail_text_again(&reason);
    }
    slots->is_unsure = true;
}

vpriv_status vpi_root_slots_change(
    vpi_root_slots *slots, vpi_slot_next next, void *user, bool *in_force_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1, current = -1;
    *in_force_out = false;
    VPI_TRY(open_and_read(slots, O_CREAT, &fd, &current));
    const int target = current == 0 ? 1 : 0;
    uint8_t *slot = slots->slots + target * SLOT_BYTES;
    VPI_TRY(next(user, current < 0 ? NULL : slots->slots + current * SLOT_BYTES + MAGIC_BYTES,
        slot + MAGIC_BYTES));
    seal_slot(slots, slot);
    if (current < 0)
        VPI_TRY(prepare_first(slots, fd));
    const vpriv_status written = write_slot(slots, fd, target, slot);
    if (written != VPRIV_OK)
        take_back(slots, fd, target, current >= 0, in_force_out);
    VPI_TRY(written);
    *in_force_out = true;
    if (current >= 0)
        VPI_TRY(wipe_slot(slots, fd, current, true));
    st = VPRIV_OK;
out:
    finish(slots, fd);
    return st;
}

typedef struct copy {
    const uint8_t *bytes;
    size_t n_bytes;
} copy;

static vpriv_status next_is_this(void *user, const uint8_t *current, uint8_t *next_out)
{
    const copy *of = user;
    (void)current;
    memcpy(next_out, of->bytes, of->n_bytes);
    return VPRIV_OK;
}

vpriv_status vpi_root_slots_replace(vpi_root_slots *slots, const uint8_t *bytes)
{
    copy of = {bytes, slots->n_bytes};
    bool in_force = false;
    return vpi_root_slots_change(slots, next_is_this, &of, &in_force);
}

/* A damaged version goes too, but never a file that is something else. */
static bool is_ours(const vpi_root_slots *slots)
{
    for (int i = 0; i < N_SLOTS; i++)
        if (memcmp(slots->slots + i * SLOT_BYTES, slots->magic, MAGIC_BYTES) == 0)
            return true;
    return sodium_is_zero(slots->slots, N_SLOTS * SLOT_BYTES);
}

vpriv_status vpi_root_slots_destroy(vpi_root_slots *slots)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1;
    uint64_t size = 0;
    VPI_TRY(vpi_file_open_locked(slots->path, O_RDWR, &fd, &size));
    VPI_TRY(read_slots(slots, fd, size));
    VPI_ENSURE(is_ours(slots), VPRIV_E_FORMAT, "not a root key file of this kind: it is kept");
    /* No further than the file goes: destroying needs no disk space. */
    vpi_wipe(slots->slots, N_SLOTS * SLOT_BYTES);
    VPI_TRY(vpi_file_write_at(fd, slots->slots, (size_t)size, 0));
    VPI_TRY(vpi_file_sync(fd));
    VPI_ENSURE(unlink(slots->path) == 0, VPRIV_E_IO, "the root key file could not be removed");
    VPI_TRY(vpi_file_sync_folder(slots->path));
    st = VPRIV_OK;
out:
    finish(slots, fd);
    return st;
}

vpriv_status vpi_root_slots_init(
    vpi_root_slots *slots, const char *path, const char *magic, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    *slots = (vpi_root_slots){.magic = magic, .n_bytes = n_bytes};
    VPI_ENSURE(path && path[0], VPRIV_E_ARG, "a root key file needs a path");
    VPI_TRY(vpi_secret_alloc(N_SLOTS * SLOT_BYTES, (void **)&slots->slots));
    slots->path = strdup(path);
    VPI_ENSURE(slots->path, VPRIV_E_MEMORY, "no memory for a path");
    st = VPRIV_OK;
out:
    return st;
}

void vpi_root_slots_close(vpi_root_slots *slots)
{
    vpi_secret_free(slots->slots);
    free(slots->path);
    *slots = (vpi_root_slots){0};
}
