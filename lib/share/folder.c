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

static vpriv_status opened(int fd, const char *what, vpi_folder *folder_out)
{
    if (fd < 0)
        return vpi_errno_failed(errno, what);
    folder_out->fd = fd;
    return VPRIV_OK;
}

vpriv_status vpi_folder_open(const char *path, vpi_folder *folder_out)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return vpi_errno_failed(errno, path);
    return opened(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, folder_out);
}

vpriv_status vpi_folder_open_in(const vpi_folder *parent, const char *name, vpi_folder *folder_out)
{
    if (mkdirat(parent->fd, name, 0700) != 0 && errno != EEXIST)
        return vpi_errno_failed(errno, name);
    return opened(openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), name,
        folder_out);
}

void vpi_folder_close(vpi_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
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
