/* Backups on their way back. Which generation a backup is of decides: an older one than the root's opens for
 * nothing, and is refused before anything is touched. */
#include "base/draft.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/backup.h"
#include "vault/check.h"
#include "vault/replace.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES (1u << 18)

vpriv_status vpi_backup_may_be_made(vpriv_vault *vault, const char *path, bool may_replace)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *old = NULL;
    struct stat there, ours;
    if (lstat(path, &there) != 0)
        return errno == ENOENT ? VPRIV_OK : vpi_errno_failed(errno, path);
    VPI_ENSURE(may_replace, VPRIV_E_EXISTS, "%s: exists already", path);
    VPI_ENSURE(S_ISREG(there.st_mode), VPRIV_E_EXISTS, "%s: not a regular file", path);
    VPI_ENSURE(stat(vault->path, &ours) == 0 &&
                   (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino),
        VPRIV_E_EXISTS, "%s: is the vault itself", path);
    const vpriv_status opened = vpi_vault_open_still(path, NULL, &old);
    VPI_ENSURE(
        opened == VPRIV_OK && memcmp(old->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES) == 0,
        VPRIV_E_EXISTS, "%s: is no backup of this vault, and is not replaced", path);
    st = VPRIV_OK;
out:
    vpriv_vault_close(old);
    return st;
}

static vpriv_status judge(vpriv_backup_info *info, const vpi_root_record *root)
{
    info->root_generation = root->generation;
    if (memcmp(root->vault_id, info->vault_id, sizeof info->vault_id) != 0) {
        info->state = VPRIV_BACKUP_OTHER_VAULT;
        return vpi_fail(VPRIV_E_ROOT, "the root store belongs to another vault");
    }
    if (info->generation < root->generation) {
        info->state = VPRIV_BACKUP_OUTDATED;
        return vpi_fail(VPRIV_E_ROLLBACK,
            "the backup is of root generation %llu and the root key of %llu: the root key was"
            " replaced since (something was erased, withdrawn, paused or changed), and with that"
            " this backup was made unreadable for good. Make a new one of the vault as it is",
            (unsigned long long)info->generation, (unsigned long long)root->generation);
    }
    if (info->generation > root->generation) {
        info->state = VPRIV_BACKUP_AHEAD;
        return vpi_fail(VPRIV_E_ROLLBACK,
            "the root key is of generation %llu and the backup of %llu: an old root was put back."
            " Use the root store that was in use when the backup was made",
            (unsigned long long)root->generation, (unsigned long long)info->generation);
    }
    info->state = VPRIV_BACKUP_CURRENT;
    return VPRIV_OK;
}

static vpriv_status look(const char *path, vpriv_root_store *root, vpriv_backup_info *info)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    vpi_root_record *record = NULL;
    struct stat file;
    if (stat(path, &file) != 0)
        return vpi_errno_failed(errno, path);
    info->n_bytes = (uint64_t)file.st_size;
    const vpriv_status opened = vpi_vault_open_still(path, NULL, &vault);
    if (opened != VPRIV_OK) {
        st = vpi_fail_in(opened, path);
        goto out;
    }
    memcpy(info->vault_id, vault->vault_id, sizeof info->vault_id);
    VPI_TRY(vpi_tree_file_generation(vault->database, &info->generation));
    const vpriv_status probed = vpi_root_probe(root);
    if (probed == VPRIV_E_NOT_FOUND) {
        info->state = VPRIV_BACKUP_NO_ROOT;
        st = vpi_fail(VPRIV_E_ROOT,
            "there is no root key here, and a backup holds none: move it here from the device that"
            " has it, and make a backup after that");
        goto out;
    }
    VPI_TRY(probed);
    VPI_TRY(vpi_secret_alloc(sizeof *record, (void **)&record));
    VPI_TRY(vpi_root_load(root, record));
    VPI_TRY(judge(info, record));
    st = VPRIV_OK;
out:
    vpi_secret_free(record);
    vpriv_vault_close(vault);
    return st;
}

vpriv_status vpriv_backup_check(
    const char *path, vpriv_root_store *root, vpriv_backup_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_backup_info info = {.struct_size = sizeof info};
    vpi_fail_clear();
    if (!path || !path[0] || !root || !info_out || info_out->struct_size != sizeof info)
        return vpi_fail(VPRIV_E_ARG, "a backup, a root store and vpriv_backup_info are needed");
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(look(path, root, &info));
    st = VPRIV_OK;
out:
    *info_out = info;
    return st;
}

static vpriv_status copy_bytes(
    const char *path, const vpi_draft *draft, vpriv_storage_fn progress, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int fd = -1;
    uint64_t n_bytes = 0;
    uint8_t *bytes = NULL;
    VPI_TRY(vpi_alloc(1, COPY_BYTES, (void **)&bytes));
    VPI_TRY(vpi_file_open(path, O_RDONLY, &fd, &n_bytes));
    for (uint64_t at = 0; at < n_bytes;) {
        const size_t n = n_bytes - at < COPY_BYTES ? (size_t)(n_bytes - at) : COPY_BYTES;
        VPI_TRY(vpi_file_read_at(fd, bytes, n, at));
        VPI_TRY(vpi_file_write_at(draft->fd, bytes, n, at));
        at += n;
        VPI_ENSURE(!progress || progress(user, at, n_bytes), VPRIV_E_CANCELLED,
            "restoring was stopped; nothing was changed");
    }
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    free(bytes);
    return st;
}

static void keep_first(void *user, const char *finding)
{
    char *first = user;
    if (!first[0])
        snprintf(first, VPRIV_DETAIL_BYTES, "%s", finding);
}

/* The copy itself is what is looked at: nothing else is put in place. */
static vpriv_status verify(const char *path, vpriv_root_store *root)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_check check = {.fn = keep_first, .is_copy = true};
    char first[VPRIV_DETAIL_BYTES] = "";
    bool began = false;
    check.user = first;
    VPI_TRY(vpi_vault_open_still(path, root, &check.vault));
    VPI_TRY(vpi_vault_read_begin(check.vault, &began));
    VPI_TRY(vpi_check_file(&check));
    VPI_TRY(vpi_check_keys(&check));
    VPI_TRY(vpi_check_people(&check));
    VPI_TRY(vpi_check_recordings(&check));
    VPI_TRY(vpi_check_log(&check));
    VPI_TRY(vpi_check_rest(&check));
    VPI_ENSURE(check.result.n_findings == 0, VPRIV_E_AUTH, "the backup is damaged: %s", first);
    st = VPRIV_OK;
out:
    if (check.vault)
        vpi_vault_read_end(check.vault, began);
    vpriv_vault_close(check.vault);
    return st;
}

vpriv_status vpriv_backup_restore(const char *path, vpriv_root_store *root, const char *vault,
    uint32_t flags, vpriv_storage_fn progress, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_draft draft = VPI_NO_DRAFT;
    vpriv_backup_info info = {.struct_size = sizeof info};
    const bool may_replace = flags & VPRIV_STORAGE_REPLACE;
    vpi_fail_clear();
    VPI_ENSURE(path && path[0] && root && vault && vault[0], VPRIV_E_ARG,
        "a backup, a root store and a vault file to make are needed");
    VPI_ENSURE((flags & ~(uint32_t)VPRIV_STORAGE_REPLACE) == 0, VPRIV_E_ARG, "unknown flags");
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(look(path, root, &info));
    VPI_TRY(vpi_may_replace(vault, may_replace));
    VPI_TRY(vpi_draft_begin(vault, path, &draft));
    VPI_TRY(copy_bytes(path, &draft, progress, user));
    VPI_TRY(verify(draft.part, root));
    VPI_TRY(vpi_replace(vault, &draft, may_replace));
    st = VPRIV_OK;
out:
    vpi_draft_abandon(&draft);
    return st;
}
