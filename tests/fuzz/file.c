#include "fuzz/file.h"
#include <fcntl.h>
#include <unistd.h>

static char path[64];

const char *file_path(void)
{
    if (!path[0]) {
        snprintf(path, sizeof path, "%s/voicepriv-fuzz-file-%d",
            access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
        fuzz_at_end(file_remove);
    }
    return path;
}

void file_remove(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"}; /* what SQLite puts beside it */
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[sizeof path + 8];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    path[0] = '\0';
}

void file_fill(const void *bytes, size_t n_bytes)
{
    const int fd = open(file_path(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_check(fd >= 0 && write(fd, bytes, n_bytes) == (ssize_t)n_bytes);
    close(fd);
}

size_t file_read(void *bytes_out, size_t capacity)
{
    const int fd = open(file_path(), O_RDONLY | O_CLOEXEC);
    fuzz_check(fd >= 0);
    const ssize_t n = read(fd, bytes_out, capacity);
    fuzz_check(n >= 0);
    close(fd);
    return (size_t)n;
}
