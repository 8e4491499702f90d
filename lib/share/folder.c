#include "share/folder.h"
#include "base/file.h"
#include "base/try.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".part"

/* is_new: by whoever asks, who would leave it behind. */
static vpriv_status open_at(
    int parent, const char *name, int flags, bool is_new, vpi_folder *folder_out)
{
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    if (fd < 0) {
        const vpriv_status st = vpi_errno_failed(errno, name);
        if (is_new)
            (void)unlinkat(parent, name, AT_REMOVEDIR);
        return st;
    }
    *folder_out = (vpi_folder){.fd = fd, .is_new = is_new};
    return VPRIV_OK;
}

static vpriv_status make_and_open(int parent, const char *name, int flags, vpi_folder *folder_out)
{
    const bool is_new = mkdirat(parent, name, 0700) == 0;
    if (!is_new && errno != EEXIST)
        return vpi_errno_failed(errno, name);
    return open_at(parent, name, flags, is_new, folder_out);
}

vpriv_status vpi_folder_open(const char *path, vpi_folder *folder_out)
{
    return make_and_open(AT_FDCWD, path, 0, folder_out);
}

vpriv_status vpi_folder_open_in(const vpi_folder *parent, const char *name, vpi_folder *folder_out)
{
    return make_and_open(parent->fd, name, O_NOFOLLOW, folder_out);
}

void vpi_folder_close(vpi_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    *folder = (vpi_folder){.fd = -1};
}

/* Only the very folder: somebody may have put another one in its place. */
static void take_back(int parent, const char *name, vpi_folder *folder)
{
    struct stat own, now;
    if (folder->fd >= 0 && folder->is_new && fstat(folder->fd, &own) == 0 &&
        fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev == now.st_dev &&
        own.st_ino == now.st_ino)
        (void)unlinkat(parent, name, AT_REMOVEDIR);
    vpi_folder_close(folder);
}

void vpi_folder_take_back(vpi_folder *folder, const char *path)
{
    take_back(AT_FDCWD, path, folder);
}

void vpi_folder_take_back_in(const vpi_folder *parent, const char *name, vpi_folder *folder)
{
    take_back(parent->fd, name, folder);
}

vpriv_status vpi_folder_each(const vpi_folder *folder, vpi_folder_fn fn, void *user)
{
    vpriv_status st = VPRIV_OK;
    const int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        st = vpi_errno_failed(errno, "folder");
        if (fd >= 0)
            close(fd);
        return st;
    }
    errno = 0;
    for (const struct dirent *entry = readdir(entries); entry && st == VPRIV_OK;
         errno = 0, entry = readdir(entries))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            st = fn(user, entry->d_name);
    if (st == VPRIV_OK && errno != 0)
        st = vpi_errno_failed(errno, "folder");
    closedir(entries);
    return st;
}

bool vpi_folder_has(const vpi_folder *folder, const char *name)
{
    struct stat info;
    return fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
}

vpriv_status vpi_folder_remove(const vpi_folder *folder, const char *name)
{
    return unlinkat(folder->fd, name, 0) == 0 || errno == ENOENT ? VPRIV_OK
                                                                 : vpi_errno_failed(errno, name);
}

void vpi_folder_remove_all(const vpi_folder *folder, const char *const *names, size_t n_names)
{
    const vpi_reason reason = vpi_fail_text();
    for (size_t i = 0; i < n_names; i++)
        if (vpi_folder_remove(folder, names[i]) != VPRIV_OK)
            vpi_fail_text_again(&reason);
}

vpriv_status vpi_folder_sync(const vpi_folder *folder)
{
    return vpi_file_sync(folder->fd);
}

vpriv_status vpi_folder_read(
    const vpi_folder *folder, const char *name, char *text_out, size_t capacity)
{
    const int fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return vpi_errno_failed(errno, name);
    const ssize_t n = read(fd, text_out, capacity - 1);
    const vpriv_status st = n < 0 ? vpi_errno_failed(errno, name) : VPRIV_OK;
    text_out[n < 0 ? 0 : n] = '\0';
    close(fd);
    return st;
}

static void part_name(const char *name, char name_out[VPI_FOLDER_NAME_BYTES + sizeof ENDING])
{
    snprintf(name_out, VPI_FOLDER_NAME_BYTES + sizeof ENDING, "%s" ENDING, name);
}

vpriv_status vpi_part_begin(const vpi_folder *folder, const char *name, vpi_part *part_out)
{
    char temporary[VPI_FOLDER_NAME_BYTES + sizeof ENDING];
    part_name(name, temporary);
    unlinkat(folder->fd, temporary, 0);
    const int fd =
        openat(folder->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return vpi_errno_failed(errno, name);
    *part_out = (vpi_part){.folder = folder, .fd = fd};
    snprintf(part_out->name, sizeof part_out->name, "%s", name);
    return VPRIV_OK;
}

vpriv_status vpi_part_write(void *user, const void *bytes, size_t n_bytes)
{
    const vpi_part *part = user;
    const char *at = bytes;
    while (n_bytes > 0) {
        const ssize_t n = write(part->fd, at, n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return vpi_errno_failed(n < 0 ? errno : EIO, part->name);
        at += n;
        n_bytes -= (size_t)n;
    }
    return VPRIV_OK;
}

vpriv_status vpi_part_finish(vpi_part *part)
{
    char temporary[VPI_FOLDER_NAME_BYTES + sizeof ENDING];
    part_name(part->name, temporary);
    vpriv_status st = vpi_file_sync(part->fd);
    if (st == VPRIV_OK && renameat(part->folder->fd, temporary, part->folder->fd, part->name) != 0)
        st = vpi_errno_failed(errno, part->name);
    if (st != VPRIV_OK) {
        vpi_part_abandon(part);
        return st;
    }
    close(part->fd);
    part->fd = -1;
    return VPRIV_OK;
}

void vpi_part_abandon(vpi_part *part)
{
    char temporary[VPI_FOLDER_NAME_BYTES + sizeof ENDING];
    if (part->fd < 0)
        return;
    part_name(part->name, temporary);
    close(part->fd);
    unlinkat(part->folder->fd, temporary, 0);
    part->fd = -1;
}

bool vpi_part_is_name(const char *name)
{
    const size_t n = strlen(name), n_ending = strlen(ENDING);
    return n > n_ending && strcmp(name + n - n_ending, ENDING) == 0;
}
