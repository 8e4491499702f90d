/* Files that appear only when they are whole. Where the file system can, the file has no name at all
 * until then, so that not even a killed process leaves sound behind. */
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MODE 0600
#define SUFFIX      ".XXXXXX"

static char *temporary_name(const char *path)
{
    char *name = NULL;
    const char *slash = strrchr(path, '/');
    const size_t n_folder = slash ? (size_t)(slash + 1 - path) : 0;
    const size_t n_max = NAME_MAX - strlen(SUFFIX);
    const size_t n_name = strnlen(path + n_folder, n_max);
    return asprintf(&name, "%.*s" SUFFIX, (int)(n_folder + n_name), path) < 0 ? NULL : name;
}

/* The folder a path is in; to be freed. */
static char *folder_of(const char *path)
{
    char *copy = strdup(path);
    char *folder = copy ? strdup(dirname(copy)) : NULL;
    free(copy);
    return folder;
}

static exit_code output_failed(const tool_arguments *arguments, const char *path, int error)
{
    const exit_code code = error == ENOSPC || error == EDQUOT ? EXIT_FULL
                           : error == EEXIST                  ? EXIT_EXISTS
                           : error == ENOENT                  ? EXIT_NOT_FOUND
                                                              : EXIT_IO;
    const bool is_forced = arguments->command->options & OPTION_BIT(OPTION_FORCE);
    return tool_error(arguments, code, "%s: cannot be written: %s", path,
        error != EEXIST ? strerror(error)
        : is_forced     ? "it exists already (--force replaces it)"
                        : "it exists already");
}

exit_code output_begin(const tool_arguments *arguments, const char *path, tool_output *output_out)
{
    struct stat info;
    tool_output output = {.path = path, .fd = -1};
    output.may_replace = option_given(arguments, OPTION_FORCE);
    const exit_code spared = own_files_spare(arguments, path);
    if (spared != EXIT_GOOD)
        return spared;
    const bool is_there = lstat(path, &info) == 0;
    if (!is_there && errno != ENOENT) /* a name that is too long, before anything is done for it */
        return output_failed(arguments, path, errno);
    if (is_there && !output.may_replace)
        return output_failed(arguments, path, EEXIST);
    if (is_there && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return tool_error(arguments, EXIT_EXISTS, "%s: is not a regular file", path);
    char *folder = folder_of(path);
    if (folder)
        output.fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, OUTPUT_MODE);
    free(folder);
    if (output.fd < 0) {
        output.temporary = temporary_name(path);
        output.fd = output.temporary ? mkostemp(output.temporary, O_CLOEXEC) : -1;
    }
    if (output.fd < 0) {
        const int error = errno;
        free(output.temporary);
        return output_failed(arguments, path, error);
    }
    *output_out = output;
    return EXIT_GOOD;
}

vpriv_status output_write(void *user, const void *bytes, size_t n_bytes)
{
    tool_output *output = user;
    const char *at = bytes;
    while (n_bytes > 0) {
        const ssize_t n = interrupts_seen() ? -1 : write(output->fd, at, n_bytes);
        if (n < 0 && interrupts_seen())
            return VPRIV_E_CANCELLED;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            output->error = errno;
            return errno == ENOSPC || errno == EDQUOT ? VPRIV_E_FULL : VPRIV_E_IO;
        }
        at += n;
        n_bytes -= (size_t)n;
    }
    return VPRIV_OK;
}

/* Gives the nameless file a name; 0 or an errno. */
static int name_it(const tool_output *output, const char *name)
{
    char by_descriptor[64];
    snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", output->fd);
    return linkat(AT_FDCWD, by_descriptor, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Takes a name nobody has, as mkstemp does, for a file that is there already. */
static int name_it_temporarily(tool_output *output)
{
    for (int i = 0; i < 100; i++) {
        char *name = temporary_name(output->path);
        const int fd = name ? mkostemp(name, O_CLOEXEC) : -1;
        if (fd < 0) {
            free(name);
            return errno;
        }
        close(fd);
        unlink(name);
        const int error = name_it(output, name);
        if (error == 0)
            output->temporary = name;
        else
            free(name);
        if (error != EEXIST)
            return error;
    }
    return EEXIST;
}

/* Puts the file in its place; 0 or an errno. */
static int put_in_place(tool_output *output)
{
    if (!output->temporary && !output->may_replace)
        return name_it(output, output->path);
    if (!output->temporary) {
        const int error = name_it_temporarily(output);
        if (error)
            return error;
    }
    if (!output->may_replace) {
        if (link(output->temporary, output->path) != 0)
            return errno;
        unlink(output->temporary);
    } else if (rename(output->temporary, output->path) != 0) {
        return errno;
    }
    free(output->temporary);
    output->temporary = NULL;
    return 0;
}

static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

exit_code output_finish(const tool_arguments *arguments, tool_output *output)
{
    int error = output->error;
    if (!error && fsync(output->fd) != 0)
        error = errno;
    if (!error)
        error = put_in_place(output);
    if (!error)
        sync_folder(output->path);
    const char *path = output->path;
    output_abandon(output);
    return error ? output_failed(arguments, path, error) : EXIT_GOOD;
}

void output_abandon(tool_output *output)
{
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    if (output->fd >= 0)
        close(output->fd);
    *output = (tool_output){.fd = -1};
}
