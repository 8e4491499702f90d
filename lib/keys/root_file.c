/* The root record in a file: two slots of 4,096 bytes, used in turn.
 *
 *   slot = magic "VPRIVRT1" (8) ‖ record (56) ‖ BLAKE2b-256 of the 64 bytes before (32) ‖ zeros
 *
 * Replacing writes the free slot, waits for the disk, then overwrites the old slot with zeros and
 * waits again. No step needs new disk space, and at every moment one whole record is there. A new
 * file is filled with zeros first: as long as it has no record, it is empty however short it is. */
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "keys/root.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_BYTES   4096
#define N_SLOTS      2
#define MAGIC        "VPRIVRT1"
#define MAGIC_BYTES  8
#define HEAD_BYTES   (MAGIC_BYTES + VPRIV_ROOT_RECORD_BYTES)
#define DIGEST_BYTES 32

typedef struct root_file {
    char *path;
    uint8_t *slots; /* guarded, N_SLOTS × SLOT_BYTES, zero between calls */
} root_file;

static uint64_t generation_in(const uint8_t *slot)
{
    uint64_t generation = 0;
    for (int i = 7; i >= 0; i--)
        generation = generation << 8 | slot[MAGIC_BYTES + VPI_VAULT_ID_BYTES + i];
    return generation;
}

static bool slot_is_whole(const uint8_t *slot)
{
    uint8_t digest[DIGEST_BYTES];
    if (memcmp(slot, MAGIC, MAGIC_BYTES) != 0)
        return false;
    crypto_generichash(digest, sizeof digest, slot, HEAD_BYTES, NULL, 0);
    vpi_wipe_stack();
    return sodium_memcmp(digest, slot + HEAD_BYTES, sizeof digest) == 0;
}

/* The slot with the latest whole record, or −1. */
static int current_slot(const uint8_t *slots)
{
    int current = -1;
    for (int i = 0; i < N_SLOTS; i++) {
        const uint8_t *slot = slots + i * SLOT_BYTES;
        if (slot_is_whole(slot) &&
            (current < 0 || generation_in(slot) > generation_in(slots + current * SLOT_BYTES)))
            current = i;
    }
    return current;
}

static vpriv_status write_slot(int fd, int slot, const uint8_t *bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_file_write_at(fd, bytes, SLOT_BYTES, (uint64_t)slot * SLOT_BYTES));
    VPI_TRY(vpi_file_sync(fd));
    st = VPRIV_OK;
out:
    return st;
}

/* Both slots as far as the file goes; zeros behind its end. */
static vpriv_status read_slots(root_file *file, int fd, uint64_t size)
{
    if (size > N_SLOTS * SLOT_BYTES)
        return vpi_fail(VPRIV_E_FORMAT, "the root key file has %llu bytes, not %d",
            (unsigned long long)size, N_SLOTS * SLOT_BYTES);
    memset(file->slots, 0, N_SLOTS * SLOT_BYTES);
    return vpi_file_read_at(fd, file->slots, (size_t)size, 0);
}

/* Open, read both slots, and finish an interrupted replacement: an older record still there goes. */
static vpriv_status open_and_read(root_file *file, int flags, int *fd_out, int *current_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1;
    uint64_t size = 0;
    VPI_TRY(vpi_file_open(file->path, O_RDWR | flags, &fd, &size));
    VPI_TRY(read_slots(file, fd, size));
    const int current = current_slot(file->slots);
    VPI_ENSURE(current >= 0 || sodium_is_zero(file->slots, N_SLOTS * SLOT_BYTES), VPRIV_E_FORMAT,
        "not a root key file, or a damaged one");
    VPI_ENSURE(current < 0 || size == N_SLOTS * SLOT_BYTES, VPRIV_E_FORMAT,
        "the root key file has %llu bytes, not %d", (unsigned long long)size, N_SLOTS * SLOT_BYTES);
    if (current >= 0) {
        uint8_t *other = file->slots + (1 - current) * SLOT_BYTES;
        if (!sodium_is_zero(other, SLOT_BYTES)) {
            memset(other, 0, SLOT_BYTES);
            VPI_TRY(write_slot(fd, 1 - current, other));
        }
    }
    *fd_out = fd;
    *current_out = current;
    fd = -1;
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    return st;
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    root_file *file = user;
    int fd = -1, current = -1;
    VPI_TRY(open_and_read(file, 0, &fd, &current));
    VPI_ENSURE(current >= 0, VPRIV_E_NOT_FOUND, "the root key file is empty");
    memcpy(record_out, file->slots + current * SLOT_BYTES + MAGIC_BYTES, VPRIV_ROOT_RECORD_BYTES);
    st = VPRIV_OK;
out:
    vpi_wipe(file->slots, N_SLOTS * SLOT_BYTES);
    if (fd >= 0)
        close(fd);
    return st;
}

/* Somebody else may have made the file, open to others or shorter than it has to be. */
static vpriv_status prepare_first(root_file *file, int fd)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(fchmod(fd, 0600) == 0, VPRIV_E_IO, "the root key file cannot be closed to others");
    for (int i = 0; i < N_SLOTS; i++)
        VPI_TRY(write_slot(fd, i, file->slots + i * SLOT_BYTES));
    VPI_TRY(vpi_file_sync_folder(file->path));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    root_file *file = user;
    int fd = -1, current = -1;
    VPI_TRY(open_and_read(file, O_CREAT, &fd, &current));
    if (current < 0)
        VPI_TRY(prepare_first(file, fd));
    const int target = current == 0 ? 1 : 0;
    uint8_t *slot = file->slots + target * SLOT_BYTES;
    memcpy(slot, MAGIC, MAGIC_BYTES);
    memcpy(slot + MAGIC_BYTES, record, VPRIV_ROOT_RECORD_BYTES);
    crypto_generichash(slot + HEAD_BYTES, DIGEST_BYTES, slot, HEAD_BYTES, NULL, 0);
    vpi_wipe_stack();
    VPI_TRY(write_slot(fd, target, slot));
    if (current >= 0) {
        vpi_wipe(file->slots + current * SLOT_BYTES, SLOT_BYTES);
        VPI_TRY(write_slot(fd, current, file->slots + current * SLOT_BYTES));
    }
    st = VPRIV_OK;
out:
    vpi_wipe(file->slots, N_SLOTS * SLOT_BYTES);
    if (fd >= 0)
        close(fd);
    return st;
}

/* A damaged record goes too, but never a file that is something else. */
static bool is_ours(const uint8_t *slots)
{
    for (int i = 0; i < N_SLOTS; i++)
        if (memcmp(slots + i * SLOT_BYTES, MAGIC, MAGIC_BYTES) == 0)
            return true;
    return sodium_is_zero(slots, N_SLOTS * SLOT_BYTES);
}

static vpriv_status destroy(void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    root_file *file = user;
    int fd = -1;
    uint64_t size = 0;
    VPI_TRY(vpi_file_open(file->path, O_RDWR, &fd, &size));
    VPI_TRY(read_slots(file, fd, size));
    VPI_ENSURE(is_ours(file->slots), VPRIV_E_FORMAT, "not a root key file: it is kept");
    /* No further than the file goes: destroying needs no disk space. */
    vpi_wipe(file->slots, N_SLOTS * SLOT_BYTES);
    VPI_TRY(vpi_file_write_at(fd, file->slots, (size_t)size, 0));
    VPI_TRY(vpi_file_sync(fd));
    VPI_ENSURE(unlink(file->path) == 0, VPRIV_E_IO, "the root key file could not be removed");
    VPI_TRY(vpi_file_sync_folder(file->path));
    st = VPRIV_OK;
out:
    vpi_wipe(file->slots, N_SLOTS * SLOT_BYTES);
    if (fd >= 0)
        close(fd);
    return st;
}

static void close_file(void *user)
{
    root_file *file = user;
    vpi_secret_free(file->slots);
    free(file->path);
    free(file);
}

vpriv_status vpriv_root_file_open(const char *path, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    root_file *file = NULL;
    VPI_ENSURE(path && path[0] && store_out, VPRIV_E_ARG, "a root key file needs a path");
    VPI_TRY(vpi_alloc(1, sizeof *file, (void **)&file));
    VPI_TRY(vpi_secret_alloc(N_SLOTS * SLOT_BYTES, (void **)&file->slots));
    file->path = strdup(path);
    VPI_ENSURE(file->path, VPRIV_E_MEMORY, "no memory for a path");
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_BEST_EFFORT, load, replace, destroy, file};
    VPI_TRY(vpi_root_open(&callbacks, close_file, store_out));
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        close_file(file);
    return st;
}
