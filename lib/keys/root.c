#include "keys/root.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include <string.h>

vpriv_status vpi_root_open(
    const vpriv_root_callbacks *callbacks, void (*close)(void *user), vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_root_store *store = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *store, (void **)&store));
    VPI_TRY(vpi_secret_alloc(VPRIV_ROOT_RECORD_BYTES, (void **)&store->record));
    store->callbacks = *callbacks;
    store->close = close;
    *store_out = store;
    store = NULL;
    st = VPRIV_OK;
out:
    free(store);
    return st;
}

vpriv_status vpriv_root_callbacks_open(
    const vpriv_root_callbacks *callbacks, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(callbacks && store_out, VPRIV_E_ARG, "a root store needs callbacks");
    VPI_ENSURE(callbacks->struct_size == sizeof *callbacks, VPRIV_E_ARG,
        "vpriv_root_callbacks.struct_size is %zu, not %zu", callbacks->struct_size,
        sizeof *callbacks);
    VPI_ENSURE(callbacks->load && callbacks->replace && callbacks->destroy, VPRIV_E_ARG,
        "a root store needs load, replace and destroy");
    VPI_ENSURE(callbacks->assurance == VPRIV_ASSURANCE_BEST_EFFORT ||
                   callbacks->assurance == VPRIV_ASSURANCE_KEYED,
        VPRIV_E_ARG, "a root store must say how well it forgets (assurance)");
    VPI_TRY(vpi_root_open(callbacks, NULL, store_out));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_assurance vpriv_root_assurance(const vpriv_root_store *store)
{
    return store ? store->callbacks.assurance : VPRIV_ASSURANCE_BEST_EFFORT;
}

/* A store's own failures keep their text; a bare status gets one. */
static vpriv_status store_failed(vpriv_status status)
{
    if (status == VPRIV_E_NOT_FOUND)
        return vpi_fail(VPRIV_E_ROOT, "the root store is empty");
    if (!vpriv_error_detail()[0])
        vpi_fail(status, "%s", vpriv_status_text(status));
    const bool says_it_itself =
        status == VPRIV_E_FULL || status == VPRIV_E_ROLLBACK || status == VPRIV_E_EXISTS;
    return vpi_fail_in(says_it_itself ? status : VPRIV_E_ROOT, "root store");
}

vpriv_status vpi_root_probe(vpriv_root_store *store)
{
    vpi_fail_clear();
    const vpriv_status st = store->callbacks.load(store->callbacks.user, store->record);
    vpi_wipe(store->record, VPRIV_ROOT_RECORD_BYTES);
    return st == VPRIV_OK || st == VPRIV_E_NOT_FOUND ? st : store_failed(st);
}

vpriv_status vpi_root_load(vpriv_root_store *store, vpi_root_record *record_out)
{
    vpi_fail_clear();
    vpriv_status st = store->callbacks.load(store->callbacks.user, store->record);
    if (st == VPRIV_OK) {
        vpi_reader r = vpi_reader_of(store->record, VPRIV_ROOT_RECORD_BYTES);
        vpi_get_copy(&r, record_out->vault_id, sizeof record_out->vault_id);
        record_out->generation = vpi_get_u64(&r);
        vpi_get_copy(&r, record_out->key, sizeof record_out->key);
    } else {
        st = store_failed(st);
    }
    vpi_wipe(store->record, VPRIV_ROOT_RECORD_BYTES);
    return st;
}

vpriv_status vpi_root_replace(vpriv_root_store *store, const vpi_root_record *record)
{
    vpi_fail_clear();
    vpi_writer w = vpi_writer_of(store->record, VPRIV_ROOT_RECORD_BYTES);
    vpi_put_bytes(&w, record->vault_id, sizeof record->vault_id);
    vpi_put_u64(&w, record->generation);
    vpi_put_bytes(&w, record->key, sizeof record->key);
    vpriv_status st = store->callbacks.replace(store->callbacks.user, store->record);
    if (st != VPRIV_OK)
        st = store_failed(st);
    vpi_wipe(store->record, VPRIV_ROOT_RECORD_BYTES);
    return st;
}

vpriv_status vpriv_root_destroy(vpriv_root_store *store)
{
    if (!store)
        return vpi_fail(VPRIV_E_ARG, "no root store");
    vpi_fail_clear();
    const vpriv_status st = store->callbacks.destroy(store->callbacks.user);
    return st == VPRIV_OK ? st : store_failed(st);
}

vpriv_status vpi_root_take_back(vpriv_root_store *store, const uint8_t vault_id[VPI_VAULT_ID_BYTES])
{
    vpi_fail_clear();
    const vpriv_status st = store->callbacks.load(store->callbacks.user, store->record);
    const bool is_ours = memcmp(store->record, vault_id, VPI_VAULT_ID_BYTES) == 0;
    vpi_wipe(store->record, VPRIV_ROOT_RECORD_BYTES);
    if (st != VPRIV_OK && st != VPRIV_E_NOT_FOUND)
        return store_failed(st);
    return st == VPRIV_OK && !is_ours ? VPRIV_OK : vpriv_root_destroy(store);
}

void vpriv_root_close(vpriv_root_store *store)
{
    if (!store)
        return;
    if (store->close)
        store->close(store->callbacks.user);
    vpi_secret_free(store->record);
    free(store);
}
