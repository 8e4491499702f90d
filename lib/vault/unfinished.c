#include "vault/unfinished.h"
#include "base/database.h"
#include "base/file.h"
#include "base/try.h"
#include "keys/keyring.h"
#include "keys/root.h"
#include "vault/vault.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INCREMENTAL 2 /* how a vault's file gives space back: it is so from its first page on */

void vpi_unfinished_remove_files(char *name)
{
    static const char *const endings[] = {"-reserve", "-lock"};
    const size_t n_path = strlen(name);
    vpi_database_remove(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(name + n_path, VPI_DATABASE_ENDING_BYTES, "%s", endings[i]);
        unlink(name);
    }
    name[n_path] = 0;
}

/* Before the first commit: no table, in what begins as a vault does. After it: everything but the version, which
 * is written last, when root key and keyring are there. A vault that was in use has more than the first entry in
 * its log, or a recording: one that has lost its version to damage is not taken for a new one. */
static vpriv_status look(
    vpi_database *database, bool *has_id_out, uint8_t id_out[VPI_VAULT_ID_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    int64_t application = 0, version = 0, n_tables = 0, n_pages = 0, vacuum = 0, is_new = 1;
    VPI_TRY(vpi_database_int(database, &application, "PRAGMA application_id", ""));
    VPI_TRY(vpi_database_int(database, &version, "PRAGMA user_version", ""));
    VPI_TRY(vpi_database_int(database, &n_tables, "SELECT count(*) FROM sqlite_schema", ""));
    VPI_TRY(vpi_database_int(database, &n_pages, "PRAGMA page_count", ""));
    VPI_TRY(vpi_database_int(database, &vacuum, "PRAGMA auto_vacuum", ""));
    *has_id_out = n_tables > 0;
    VPI_ENSURE(version == 0 && application == (n_tables > 0 ? VPI_APPLICATION_ID : 0) &&
                   (n_pages == 0 || vacuum == INCREMENTAL),
        VPRIV_E_EXISTS, "it is something else");
    if (*has_id_out) {
        VPI_TRY(vpi_database_int(database, &is_new,
            "SELECT (SELECT count(*) FROM log_hash) = 1 AND NOT EXISTS (SELECT 1 FROM recording)",
            ""));
        VPI_ENSURE(is_new, VPRIV_E_EXISTS, "it has been in use");
        VPI_TRY(vpi_database_query(database, &row, "SELECT vault_id FROM meta WHERE id = 1", ""));
        VPI_TRY(vpi_column_copy(&row, 0, id_out, VPI_VAULT_ID_BYTES));
    }
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

static vpriv_status exists(const char *path)
{
    return vpi_fail(VPRIV_E_EXISTS, "%s: exists already", path);
}

/* Of another vault, or nothing that is a keyring: not ours to take away. */
static vpriv_status remove_keyring(const char *path, const uint8_t vault_id[VPI_VAULT_ID_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_keyring *keyring = NULL;
    const vpriv_status loaded = vpriv_keyring_load(path, &keyring);
    VPI_ENSURE(loaded != VPRIV_E_MEMORY, VPRIV_E_MEMORY, "no memory for a keyring");
    vpi_fail_clear();
    if (loaded == VPRIV_OK && memcmp(keyring->vault_id, vault_id, VPI_VAULT_ID_BYTES) == 0) {
        if (unlink(path) != 0) {
            st = vpi_errno_failed(errno, path);
            goto out;
        }
        VPI_TRY(vpi_file_sync_folder(path));
    }
    st = VPRIV_OK;
out:
    vpriv_keyring_close(keyring);
    return st;
}

vpriv_status vpi_unfinished_clear(char *name, vpriv_root_store *root, const char *keyring_path)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *database = NULL;
    struct stat info;
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    bool has_id = false;
    if (lstat(name, &info) != 0)
        return errno == ENOENT ? VPRIV_OK : vpi_errno_failed(errno, name);
    if (!S_ISREG(info.st_mode) || (info.st_mode & 07777) != 0600)
        return exists(name);
    const vpriv_status opened = vpi_database_open(name, VPI_DATABASE_OPEN, &database);
    const vpriv_status looked = opened == VPRIV_OK ? look(database, &has_id, vault_id) : opened;
    if (looked == VPRIV_E_IO || looked == VPRIV_E_FULL || looked == VPRIV_E_MEMORY) {
        st = vpi_fail_in(looked, name);
        goto out;
    }
    /* One that is open elsewhere is somebody's, and so is what is no database, or a damaged one. */
    if (looked != VPRIV_OK) {
        st = exists(name);
        goto out;
    }
    vpi_database_close(database);
    database = NULL;
    /* The file last: it is what says whose the others are. */
    if (has_id) {
        const vpriv_status probed = vpi_root_probe(root);
        const vpriv_status taken = vpi_root_take_back(root, vault_id);
        if (probed != VPRIV_E_NOT_FOUND) /* then there may be half of one, or nothing at all */
            VPI_TRY(taken);
        if (keyring_path)
            VPI_TRY(remove_keyring(keyring_path, vault_id));
    }
    vpi_unfinished_remove_files(name);
    st = VPRIV_OK;
out:
    vpi_database_close(database);
    return st;
}
