/* Small files, done carefully: whole reads and writes, statuses, files that appear only when whole. */
#ifndef VPI_BASE_FILE_H
#define VPI_BASE_FILE_H

#include "base/status.h"
#include <sys/stat.h>

/* Turn errno into a status with a text that names what failed. */
vpriv_status vpi_errno_failed(int error, const char *what);

/* Mode 0600, no symbolic link followed, closed on exec; regular files only. With O_EXCL, what it made goes again
 * when it fails. */
vpriv_status vpi_file_open(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
/* The same, for writing, with a lock on the whole file against other processes and other descriptors of this one;
 * it is the file that has the name, and no other is until it is closed. VPRIV_E_BUSY when another has it locked for
 * longer than ten seconds. */
vpriv_status vpi_file_open_locked(const char *path, int flags, int *fd_out, uint64_t *n_bytes_out);
void vpi_file_close_locked(int fd);
/* Whether the open file is the one that has the name, which may be taken away, or another's, by now. */
vpriv_status vpi_file_has_name(
    int fd, const char *path, struct stat *opened_out, bool *has_name_out);
vpriv_status vpi_file_read_at(int fd, void *data_out, size_t n_bytes, uint64_t offset);
vpriv_status vpi_file_write_at(int fd, const void *data, size_t n_bytes, uint64_t offset);
vpriv_status vpi_file_sync(int fd);
/* Make a new or removed name in the folder of `path` durable. */
vpriv_status vpi_file_sync_folder(const char *path);

/* Of those who make or replace large files in the folder of `path` one at a time: VPRIV_E_BUSY when another is at it
 * for longer than ten seconds. *lock_out is -1 on a file system that has no such locks. */
vpriv_status vpi_folder_lock(const char *path, int *lock_out);
void vpi_folder_unlock(int lock);

/* Give a file a new name in its folder; VPRIV_E_EXISTS when that is taken. *both_out: the old name is still there,
 * too, and is to be taken away. */
vpriv_status vpi_file_give_name(const char *from, const char *to, bool *both_out);

/* Write a new file of mode 0600: without a name, or under a temporary one beside it where the file system
 * has none such, synced, then given its name.
 * VPRIV_E_EXISTS when the name is taken; nothing is left behind on failure. */
vpriv_status vpi_file_write_new(const char *path, const void *data, size_t n_bytes);

/* `path` with something put behind it, in fresh memory to be freed. */
vpriv_status vpi_path_with(const char *path, const char *suffix, char **path_out);

#endif
