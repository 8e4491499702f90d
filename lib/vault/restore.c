/* Backups on their way back. Which generation a backup is of decides: an older one than the root's opens for
 * nothing, and is refused before anything is touched. */
#include "base/bytes.h"
#include "base/draft.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/backup.h"
#include "vault/check.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES   (1u << 18)
#define HEADER_BYTES 72 /* of a database, up to its application's id */

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

/* Every connection to a vault holds SQLite's shared lock on it: who gets the exclusive one is alone. What
 * is in the file does not matter, so that this works on a damaged one too. */
static vpriv_status lock_alone(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && file && file->pMethods) {
        code = file->pMethods->xLock(file, SQLITE_LOCK_SHARED);
        if (code == SQLITE_OK)
            code = file->pMethods->xLock(file, SQLITE_LOCK_RESERVED);
        if (code == SQLITE_OK)
            code = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
    }
    if (code == SQLITE_OK)
        return VPRIV_OK;
    return code == SQLITE_BUSY ? vpi_fail(VPRIV_E_BUSY, "somebody has the vault file open")
                               : vpi_fail(VPRIV_E_IO, "the vault file cannot be locked");
}

/* Anything else that has the name, a root key file perhaps, is not ours to take away. Looked at through
 * SQLite's own descriptor: closing another one would give up the locks of whoever has the vault open here. How
 * the vault begins is enough, so that a damaged one is one too; of a new one the log may hold that still. */
static int read_header(sqlite3 *handle, uint8_t header[HEADER_BYTES], int64_t *n_bytes_out)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 n_bytes = 0;
    int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && (!file || !file->pMethods))
        code = SQLITE_CANTOPEN;
    if (code == SQLITE_OK)
        code = file->pMethods->xFileSize(file, &n_bytes);
    if (code == SQLITE_OK && n_bytes >= HEADER_BYTES)
        code = file->pMethods->xRead(file, header, HEADER_BYTES, 0);
    *n_bytes_out = n_bytes;
    return code;
}

static int read_application(sqlite3 *handle, int64_t *application_out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, "PRAGMA application_id", -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        *application_out = sqlite3_column_int64(statement, 0);
    if (code == SQLITE_OK)
        code = sqlite3_finalize(statement);
    return code;
}

static vpriv_status is_a_vault(sqlite3 *handle, const char *path)
{
    static const char magic[16] = "SQLite format 3";
    uint8_t header[HEADER_BYTES] = {0};
    int64_t n_bytes = 0;
    errno = 0;
    int code = read_header(handle, header, &n_bytes);
    const bool is_database = memcmp(header, magic, sizeof magic) == 0;
    int64_t application = vpi_big_endian(header + HEADER_BYTES - 4, 4);
    if (code == SQLITE_OK && is_database && application == 0)
        code = read_application(handle, &application);
    if (code != SQLITE_OK && (errno || (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)))
        return vpi_fail_in(vpi_database_status(handle, code), path);
    return n_bytes == 0 || (is_database && application == VPI_APPLICATION_ID)
               ? VPRIV_OK
               : vpi_fail(VPRIV_E_EXISTS, "%s: is not a vault, and is not replaced", path);
}

static vpriv_status open_old(const char *path, sqlite3 **old_out)
{
    struct stat info;
    errno = 0;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return vpi_fail(VPRIV_E_EXISTS, "%s: is not a regular file", path);
    const int opened = sqlite3_open_v2(path, old_out,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    return opened == SQLITE_OK ? is_a_vault(*old_out, path)
                               : vpi_fail_in(vpi_database_status(*old_out, opened), path);
}

/* Asked before there is any work. */
static vpriv_status may_be_restored_to(const char *path, bool may_replace)
{
    sqlite3 *old = NULL;
    if (access(path, F_OK) != 0)
        return VPRIV_OK;
    if (!may_replace)
        return vpi_fail(VPRIV_E_EXISTS, "%s: exists already", path);
    const vpriv_status st = open_old(path, &old);
    sqlite3_close(old);
    return st;
}

static vpriv_status remove_beside(const char *path, const char *suffix)
{
    char *name = NULL;
    vpriv_status st = vpi_path_with(path, suffix, &name);
    if (st == VPRIV_OK && unlink(name) != 0 && errno != ENOENT)
        st = vpi_errno_failed(errno, name);
    free(name);
    return st;
}

/* Where its log is folded in, taking it away takes nothing from the old file, should it stay. A file that is
 * damaged is to be replaced all the same. */
static vpriv_status fold_log_in(sqlite3 *old)
{
    errno = 0;
    sqlite3_extended_result_codes(old, 1);
    const int code = sqlite3_exec(old, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    const bool is_environment = (code & 0xff) == SQLITE_NOMEM || (code & 0xff) == SQLITE_FULL ||
                                (code & 0xff) == SQLITE_IOERR;
    return is_environment && code != SQLITE_IOERR_READ && code != SQLITE_IOERR_SHORT_READ
               ? vpi_database_status(old, code)
               : VPRIV_OK;
}

/* SQLite would play an old write-ahead log into the new file. */
static vpriv_status put_in_place(const char *path, vpi_draft *draft, bool may_replace)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    sqlite3 *old = NULL;
    const bool is_there = access(path, F_OK) == 0;
    /* A vault that cannot be looked at keeps its log. */
    VPI_ENSURE(is_there || errno == ENOENT, VPRIV_E_IO, "%s: cannot be looked at", path);
    VPI_ENSURE(!is_there || may_replace, VPRIV_E_EXISTS, "%s: exists already", path);
    if (is_there) {
        VPI_TRY(open_old(path, &old));
        VPI_TRY(fold_log_in(old));
        VPI_TRY(lock_alone(old));
    }
    VPI_TRY(remove_beside(path, "-wal"));
    VPI_TRY(remove_beside(path, "-shm"));
    VPI_TRY(vpi_draft_finish(draft, may_replace));
    st = VPRIV_OK;
out:
    sqlite3_close(old);
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
    VPI_TRY(may_be_restored_to(vault, may_replace));
    VPI_TRY(vpi_draft_begin(vault, path, &draft));
    VPI_TRY(copy_bytes(path, &draft, progress, user));
    VPI_TRY(verify(draft.part, root));
    VPI_TRY(put_in_place(vault, &draft, may_replace));
    st = VPRIV_OK;
out:
    vpi_draft_abandon(&draft);
    return st;
}
