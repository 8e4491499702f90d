/* The root record in a file of two slots (root_slots.h); what orders them is the record's generation. */
#include "base/memory.h"
#include "base/try.h"
#include "keys/root.h"
#include "keys/root_slots.h"

#define MAGIC "VPRIVRT1"

static vpriv_status load(void *user, uint8_t *record_out)
{
    return vpi_root_slots_load(user, record_out);
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    return vpi_root_slots_replace(user, record);
}

static vpriv_status destroy(void *user)
{
    return vpi_root_slots_destroy(user);
}

static void close_file(void *user)
{
    vpi_root_slots_close(user);
    free(user);
}

vpriv_status vpriv_root_file_open(const char *path, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_root_slots *file = NULL;
    VPI_ENSURE(store_out, VPRIV_E_ARG, "no room for the root store");
    VPI_TRY(vpi_alloc(1, sizeof *file, (void **)&file));
    VPI_TRY(vpi_root_slots_init(file, path, MAGIC, VPRIV_ROOT_RECORD_BYTES));
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_BEST_EFFORT, load, replace, destroy, file};
    VPI_TRY(vpi_root_open(&callbacks, close_file, store_out));
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        close_file(file);
    return st;
}
