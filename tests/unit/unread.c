#include "unread.h"
#include "base/pages.h"
#include "unit.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct unread unread;

void unread_choose(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    unread = (struct unread){.file = info.st_ino, .at = UNREAD_EVERY};
}

ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int fd, void *data_out, size_t n_bytes, off_t offset)
{
    struct stat info;
    if (unread.is_on && n_bytes == VPI_PAGE_BYTES &&
        (unread.at == UNREAD_EVERY || unread.at == offset) && fstat(fd, &info) == 0 &&
        info.st_ino == unread.file) {
        unread.n_refused++;
        errno = EIO;
        return -1;
    }
    return __real_pread(fd, data_out, n_bytes, offset);
}
