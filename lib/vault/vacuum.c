#include "vault/vacuum.h"
#include "base/file.h"
#include "base/try.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <voicepriv/storage.h>

#define PAGE_BYTES     4096u
#define PAGES_PER_STEP "32"
#define N_PER_STEP     32
/* So few are left for what is recorded next: moving them would cost more writing than they are worth. */
#define PAGES_LEFT       64
#define MODE_INCREMENTAL 2

static vpriv_status free_pages(vpriv_vault *vault, int64_t *n_free_out, bool *can_shrink_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t mode = 0;
    VPI_TRY(vpi_database_int(vault->database, n_free_out, "PRAGMA freelist_count", ""));
    VPI_TRY(vpi_database_int(vault->database, &mode, "PRAGMA auto_vacuum", ""));
    *can_shrink_out = mode == MODE_INCREMENTAL;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_vacuum_waiting(vpriv_vault *vault, uint64_t *n_steps_out)
{
    int64_t n_free = 0;
    bool can_shrink = false;
    const vpriv_status st = free_pages(vault, &n_free, &can_shrink);
    if (st != VPRIV_OK)
        return st;
    *n_steps_out = can_shrink && n_free > PAGES_LEFT
                       ? (uint64_t)(n_free - PAGES_LEFT + N_PER_STEP - 1) / N_PER_STEP
                       : 0;
    return VPRIV_OK;
}

vpriv_status vpi_vacuum_step(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_database_script(vault->database, "PRAGMA incremental_vacuum(" PAGES_PER_STEP ")"));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_vault_give_back(vault);
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

static vpriv_status bytes_of(const char *path, const char *suffix, uint64_t *n_bytes_out)
{
    char *full = NULL;
    struct stat info;
    const vpriv_status st = vpi_path_with(path, suffix, &full);
    if (st != VPRIV_OK)
        return st;
    *n_bytes_out = stat(full, &info) == 0 ? (uint64_t)info.st_size : 0;
    free(full);
    return VPRIV_OK;
}

vpriv_status vpriv_vault_space(vpriv_vault *vault, vpriv_space *space_out)
{
    vpriv_space space = {.struct_size = sizeof space};
    int64_t n_free = 0;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(space_out && space_out->struct_size == sizeof *space_out, VPRIV_E_ARG,
        "vpriv_space.struct_size is not set");
    VPI_TRY(free_pages(vault, &n_free, &space.can_shrink));
    space.free_bytes = (uint64_t)n_free * PAGE_BYTES;
    VPI_TRY(bytes_of(vault->path, "", &space.file_bytes));
    VPI_TRY(bytes_of(vault->path, "-wal", &space.log_bytes));
    VPI_TRY(bytes_of(vault->reserve_path, "", &space.reserve_bytes));
    *space_out = space;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
