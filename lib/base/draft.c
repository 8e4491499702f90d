#include "base/draft.h"
#include "base/file.h"
#include "base/try.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".part"

/* A vault may have a name that ends like a draft's. Asked before it is opened: closing what SQLite has open, too,
 * would end this process's locks on it. */
static vpriv_status not_the_source(
    const struct stat *found, const vpi_draft *draft, const char *source)
{
    struct stat copied;
    if (!source)
        return VPRIV_OK;
    if (stat(source, &copied) != 0)
        return vpi_errno_failed(errno, source);
    return copied.st_dev == found->st_dev && copied.st_ino == found->st_ino
               ? vpi_fail(VPRIV_E_EXISTS,
                     "%s: is what would be copied, and nothing can be made under that name: take"
                     " another one than %s",
                     draft->part, draft->path)
               : VPRIV_OK;
}

/* Where the power went, or the name would not go, after the file had got its own: the draft is another name of
 * a file that is finished and must not be written to. */
static vpriv_status part_from_finished(const vpi_draft *draft, const char *source)
{
    struct stat named;
    if (lstat(draft->part, &named) != 0 || !S_ISREG(named.st_mode))
        return VPRIV_OK;
    const vpriv_status st = not_the_source(&named, draft, source);
    if (st != VPRIV_OK || named.st_nlink < 2)
        return st;
    return unlink(draft->part) == 0 ? VPRIV_OK : vpi_errno_failed(errno, draft->part);
}

static vpriv_status busy(const char *path)
{
    return vpi_fail(VPRIV_E_BUSY, "%s: another process is making it", path);
}

/* Whether the name still is the file that was locked: its maker may have finished in between. */
static vpriv_status still_there(const vpi_draft *draft, const char *source)
{
    struct stat ours;
    bool is_ours = false;
    const vpriv_status st = vpi_file_has_name(draft->fd, draft->part, &ours, &is_ours);
    if (st != VPRIV_OK)
        return st;
    return is_ours ? not_the_source(&ours, draft, source) : busy(draft->path);
}

vpriv_status vpi_draft_begin(const char *path, const char *source, vpi_draft *draft_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_draft draft = VPI_NO_DRAFT;
    uint64_t n_bytes = 0;
    bool is_ours = false;
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    VPI_TRY(vpi_path_with(path, "", &draft.path));
    VPI_TRY(vpi_path_with(path, ENDING, &draft.part));
    VPI_TRY(part_from_finished(&draft, source));
    VPI_TRY(vpi_file_open(draft.part, O_RDWR | O_CREAT, &draft.fd, &n_bytes));
    if (fcntl(draft.fd, F_OFD_SETLK, &lock) != 0) {
        const bool is_held = errno == EAGAIN || errno == EACCES;
        st = is_held ? busy(path) : vpi_errno_failed(errno, draft.part);
        is_ours = !is_held && n_bytes == 0;
        goto out;
    }
    VPI_TRY(still_there(&draft, source));
    is_ours = true;
    if (ftruncate(draft.fd, 0) != 0 || fchmod(draft.fd, 0600) != 0) {
        st = vpi_errno_failed(errno, draft.part);
        goto out;
    }
    *draft_out = draft;
    draft = VPI_NO_DRAFT;
    is_ours = false;
    st = VPRIV_OK;
out:
    if (is_ours)
        unlink(draft.part);
    if (draft.fd >= 0)
        close(draft.fd);
    free(draft.part);
    free(draft.path);
    return st;
}

vpriv_status vpi_draft_finish(vpi_draft *draft, bool may_replace)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool both = false;
    VPI_TRY(vpi_file_sync(draft->fd));
    if (!may_replace) {
        VPI_TRY(vpi_file_give_name(draft->part, draft->path, &both));
    } else if (rename(draft->part, draft->path) != 0) {
        st = vpi_errno_failed(errno, draft->path);
        goto out;
    }
    if (both)
        unlink(draft->part);
    free(draft->part);
    draft->part = NULL;
    const vpriv_status synced = vpi_file_sync_folder(draft->path);
    if (synced != VPRIV_OK && !may_replace)
        unlink(draft->path);
    VPI_TRY(synced);
    st = VPRIV_OK;
out:
    vpi_draft_abandon(draft);
    return st;
}

void vpi_draft_abandon(vpi_draft *draft)
{
    if (draft->part)
        unlink(draft->part);
    if (draft->fd >= 0)
        close(draft->fd);
    free(draft->part);
    free(draft->path);
    *draft = VPI_NO_DRAFT;
}
