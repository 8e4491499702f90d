/* Disk space kept aside, and the lock file.
 *
 * SQLite cannot delete on a full disk: it must write first. So a file of some hundred kibibytes lies
 * beside the vault, with its space really allocated. A call that destroys something gives it up when
 * space is short, and it is rebuilt when there is space again.
 *
 * A recorder holds an open-file-description lock on the byte of its recording's row in the lock file:
 * the kernel lets go of it when the process dies, which is how a dead provisional recording is told
 * from a living one. */
#include "base/file.h"
#include "base/try.h"
#include "vault/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_SUFFIX "-reserve"
#define LOCK_SUFFIX    "-lock"

#define SPARE_BYTES            (64u * 1024) /* left for others on a nearly full disk */
#define SMALLEST_RESERVE_BYTES (128u * 1024)

vpriv_status vpi_reserve_open(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vault->lock_fd = -1;
    VPI_TRY(vpi_path_with(vault->path, RESERVE_SUFFIX, &vault->reserve_path));
    VPI_TRY(vpi_path_with(vault->path, LOCK_SUFFIX, &vault->lock_path));
    st = VPRIV_OK;
out:
    return st;
}

/* Opened when first needed: a vault that is only read on a full disk needs no new file. */
static vpriv_status open_lock_file(vpriv_vault *vault, int flags)
{
    uint64_t n_bytes = 0;
    if (vault->lock_fd >= 0)
        return VPRIV_OK;
    return vpi_file_open(vault->lock_path, O_RDWR | flags, &vault->lock_fd, &n_bytes);
}

void vpi_reserve_close(vpriv_vault *vault)
{
    if (vault->lock_fd >= 0)
        close(vault->lock_fd);
    free(vault->reserve_path);
    free(vault->lock_path);
}

bool vpi_reserve_is_there(const vpriv_vault *vault)
{
    return access(vault->reserve_path, F_OK) == 0;
}

/* 0 when there is none. */
static uint64_t bytes_there(const vpriv_vault *vault)
{
    struct stat info;
    return stat(vault->reserve_path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

bool vpi_reserve_give_up(vpriv_vault *vault)
{
    const uint64_t n_bytes = bytes_there(vault);
    if (unlink(vault->reserve_path) != 0)
        return false;
    if (vault->given_up_bytes < n_bytes)
        vault->given_up_bytes = n_bytes;
    vault->owes_reserve = true;
    return true;
}

static bool space_beside(const char *path, struct statvfs *space_out)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const bool known = folder && statvfs(folder, space_out) == 0;
    free(folder);
    return known;
}

/* Bytes free for everybody beside the vault file; 0 when nobody can tell. */
static uint64_t free_bytes_beside(const char *path)
{
    struct statvfs space;
    return space_beside(path, &space) ? (uint64_t)space.f_bavail * space.f_frsize : 0;
}

bool vpi_reserve_space_is_short(const vpriv_vault *vault)
{
    struct statvfs space;
    return space_beside(vault->path, &space) &&
           (uint64_t)space.f_bavail * space.f_frsize < vault->reserve_bytes;
}

bool vpi_reserve_files_are_short(const vpriv_vault *vault)
{
    struct statvfs space; /* f_files is 0 where inodes are not counted */
    return space_beside(vault->path, &space) && space.f_files > 0 && space.f_favail < 2;
}

bool vpi_reserve_is_whole(const vpriv_vault *vault)
{
    return bytes_there(vault) >= vault->reserve_bytes;
}

/* With what is given up nothing is spared for others: it was the vault's before. */
static uint64_t bytes_wanted(const vpriv_vault *vault, uint64_t have, bool is_sparing)
{
    const uint64_t available = free_bytes_beside(vault->path) + have;
    uint64_t most = vault->reserve_bytes;
    if (!is_sparing && vault->given_up_bytes < most)
        most = vault->given_up_bytes;
    const uint64_t spare = is_sparing ? SPARE_BYTES : 0;
    if (available < most + spare)
        most = available > spare ? available - spare : 0;
    return most;
}

static void grow(vpriv_vault *vault, uint64_t have, uint64_t want)
{
    if (want <= have || want < SMALLEST_RESERVE_BYTES)
        return;
    const int fd = open(vault->reserve_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (posix_fallocate(fd, 0, (off_t)want) != 0 && (have == 0 || ftruncate(fd, (off_t)have) != 0))
        unlink(vault->reserve_path);
    close(fd);
}

/* On a disk that is nearly full a smaller reserve is better than none; it grows when it can. */
void vpi_reserve_rebuild(vpriv_vault *vault)
{
    for (int is_sparing = 0; is_sparing < 2 && !vpi_reserve_is_whole(vault); is_sparing++) {
        const uint64_t have = bytes_there(vault);
        grow(vault, have, bytes_wanted(vault, have, is_sparing));
    }
    if (bytes_there(vault) >= vault->given_up_bytes)
        vault->given_up_bytes = 0;
    vault->owes_reserve = false;
}

static struct flock byte_lock(short type, int64_t row)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = (off_t)row;
    lock.l_len = 1;
    return lock;
}

vpriv_status vpi_recorder_lock(vpriv_vault *vault, int64_t row)
{
    struct flock lock = byte_lock(F_WRLCK, row);
    const vpriv_status st = open_lock_file(vault, O_CREAT);
    if (st != VPRIV_OK)
        return st;
    if (fcntl(vault->lock_fd, F_OFD_SETLK, &lock) == 0)
        return VPRIV_OK;
    if (errno == EAGAIN || errno == EACCES)
        return vpi_fail(VPRIV_E_BUSY, "another process records under this number");
    return vpi_errno_failed(errno, "the vault's lock file");
}

void vpi_recorder_unlock(vpriv_vault *vault, int64_t row)
{
    struct flock lock = byte_lock(F_UNLCK, row);
    if (vault->lock_fd >= 0)
        (void)fcntl(vault->lock_fd, F_OFD_SETLK, &lock);
}

bool vpi_recorder_is_alive(const vpriv_vault *vault, int64_t row)
{
    /* A separate description, so that this process's own recorders count as living too. */
    struct flock lock = byte_lock(F_WRLCK, row);
    const int fd = open(vault->lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno != ENOENT; /* when nobody can tell, nothing is thrown away */
    const int code = fcntl(fd, F_OFD_GETLK, &lock);
    close(fd);
    return code != 0 || lock.l_type != F_UNLCK;
}
