/* A copy of a living vault. It is made from one snapshot, on a connection of its own, so that nobody waits
 * for it and it never has to start over because somebody wrote; and it is the vault file as it is, under
 * the same root: what is destroyed later opens from no copy either. */
#include "vault/backup.h"
#include "base/draft.h"
#include "base/try.h"
#include "vault/vault.h"
#include <errno.h>

#define STEP_PAGES 64
#define PAGE_BYTES 4096u
#define TRIES      4

typedef struct backup {
    vpriv_vault *vault;
    vpriv_storage_fn progress;
    void *user;
    vpi_database *source; /* in a transaction: the snapshot */
    uint64_t generation;  /* of the snapshot */
    vpi_draft draft;
} backup;

/* With the lock held: the root in force, and no replacement of it half done. */
static vpriv_status settle(vpriv_vault *vault, uint64_t *generation_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool began = false;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    *generation_out = vpi_tree_generation(vault->tree);
    vpi_vault_read_end(vault, began);
    st = VPRIV_OK;
out:
    return st;
}

/* A pending root is sealed under the one before it. A copy does without: it would be the only key to a key
 * that ever leaves the store. */
static vpriv_status drop_pending(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_database_run(vault->database, "DELETE FROM root_pending WHERE id = 1", ""));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

static vpriv_status try_snapshot(backup *b, bool *good_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t generation = 0;
    int64_t n_pending = 0;
    bool began = false;
    VPI_TRY(settle(b->vault, &generation));
    VPI_TRY(vpi_database_read_begin(b->source, &began));
    VPI_TRY(vpi_tree_file_generation(b->source, &b->generation));
    VPI_TRY(vpi_database_int(b->source, &n_pending, "SELECT count(*) FROM root_pending", ""));
    *good_out = b->generation == generation && n_pending == 0;
    if (!*good_out) {
        vpi_database_read_end(b->source, began);
        VPI_TRY(drop_pending(b->vault));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status take_snapshot(backup *b)
{
    bool good = false;
    vpriv_status st = vpi_vault_enter(b->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    for (int i = 0; i < TRIES && !good; i++)
        VPI_TRY(try_snapshot(b, &good));
    VPI_ENSURE(good, VPRIV_E_BUSY, "other processes keep replacing the root key");
    st = VPRIV_OK;
out:
    vpi_vault_leave(b->vault);
    return st;
}

/* Whoever calls SQLite sets errno to 0 first (see base/database.c). */
static vpriv_status status_of(int code, sqlite3 *to)
{
    const int error = sqlite3_system_errno(to), reading = errno;
    const bool is_full = code == SQLITE_FULL || error == ENOSPC || error == EDQUOT;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the backup");
    case SQLITE_CORRUPT:
        if (reading == EIO || reading == ENXIO)
            return vpi_fail(VPRIV_E_IO, "reading the vault file failed (errno %d)", reading);
        return vpi_fail(VPRIV_E_AUTH, "the vault file is damaged or was changed");
    default:
        if (code == SQLITE_IOERR_NOMEM || error == ENOMEM)
            return vpi_fail(VPRIV_E_MEMORY, "no memory for the backup");
        return is_full ? vpi_fail(VPRIV_E_FULL, "no space left for the backup")
                       : vpi_fail(VPRIV_E_IO, "the backup cannot be written (errno %d)", error);
    }
}

static vpriv_status copy_steps(backup *b, sqlite3_backup *copy, sqlite3 *to)
{
    for (;;) {
        errno = 0;
        const int code = sqlite3_backup_step(copy, STEP_PAGES);
        const uint64_t n_pages = (uint64_t)sqlite3_backup_pagecount(copy);
        const uint64_t n_left = (uint64_t)sqlite3_backup_remaining(copy);
        if (code != SQLITE_OK && code != SQLITE_DONE)
            return status_of(code, to);
        if (b->progress &&
            !b->progress(b->user, (n_pages - n_left) * PAGE_BYTES, n_pages * PAGE_BYTES))
            return vpi_fail(VPRIV_E_CANCELLED, "the backup was stopped; there is none");
        if (code == SQLITE_DONE)
            return VPRIV_OK;
    }
}

static vpriv_status copy(backup *b)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    sqlite3 *to = NULL;
    sqlite3_backup *steps = NULL;
    errno = 0;
    int code = sqlite3_open_v2(b->draft.part, &to,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    /* Nobody looks at the file before it is whole: no journal, and one sync at the end, our own. */
    if (code == SQLITE_OK)
        code = sqlite3_exec(
            to, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;", NULL, NULL, NULL);
    if (to) /* none without memory */
        sqlite3_extended_result_codes(to, 1);
    if (code != SQLITE_OK) {
        st = status_of(code, to);
        goto out;
    }
    steps = sqlite3_backup_init(to, "main", vpi_database_handle(b->source), "main");
    VPI_ENSURE(steps, VPRIV_E_MEMORY, "no memory for the backup");
    VPI_TRY(copy_steps(b, steps, to));
    const int finished = sqlite3_backup_finish(steps);
    steps = NULL;
    if (finished != SQLITE_OK) {
        st = status_of(finished, to);
        goto out;
    }
    st = VPRIV_OK;
out:
    if (steps)
        sqlite3_backup_finish(steps);
    sqlite3_close(to);
    return st;
}

/* Where something was destroyed meanwhile the copy is noise already. */
static vpriv_status is_in_force(const backup *b, bool *yes_out)
{
    uint64_t generation = 0;
    vpriv_status st = vpi_vault_enter(b->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = settle(b->vault, &generation);
    *yes_out = generation == b->generation;
    vpi_vault_leave(b->vault);
    return st;
}

static vpriv_status make(backup *b, const char *path, bool *done_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_draft_begin(path, b->vault->path, &b->draft));
    VPI_TRY(vpi_database_open(b->vault->path, VPI_DATABASE_OPEN, &b->source));
    VPI_TRY(take_snapshot(b));
    VPI_TRY(copy(b));
    VPI_TRY(is_in_force(b, done_out));
    st = VPRIV_OK;
out:
    vpi_database_close(b->source);
    b->source = NULL;
    if (st != VPRIV_OK || !*done_out)
        vpi_draft_abandon(&b->draft);
    return st;
}

vpriv_status vpriv_vault_backup(
    vpriv_vault *vault, const char *path, uint32_t flags, vpriv_storage_fn progress, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    backup b = {.vault = vault, .progress = progress, .user = user, .draft = VPI_NO_DRAFT};
    bool done = false;
    vpi_fail_clear();
    VPI_ENSURE(vault && path && path[0], VPRIV_E_ARG, "a vault and a file to make are needed");
    VPI_ENSURE((flags & ~(uint32_t)VPRIV_STORAGE_REPLACE) == 0, VPRIV_E_ARG, "unknown flags");
    VPI_ENSURE(vault->tree, VPRIV_E_NO_KEY,
        "the vault is open for capture only: without its root nobody can tell whether a copy "
        "opens");
    VPI_TRY(vpi_backup_may_be_made(vault, path, flags & VPRIV_STORAGE_REPLACE));
    for (int i = 0; i < TRIES && !done; i++)
        VPI_TRY(make(&b, path, &done));
    VPI_ENSURE(done, VPRIV_E_BUSY, "something was destroyed during each try: make it again");
    VPI_TRY(vpi_draft_finish(&b.draft, flags & VPRIV_STORAGE_REPLACE));
    st = VPRIV_OK;
out:
    vpi_draft_abandon(&b.draft);
    return st;
}
