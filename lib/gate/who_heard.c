#include "base/try.h"
#include "gate/gate.h"
#include "vault/log_store.h"
#include <string.h>

/* The next payload about the recording after leaf `after`. */
static vpriv_status next_entry(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], int64_t after,
    int64_t *index_out, vpriv_log_entry *entry_out)
{
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK)
        st = vpi_database_int(vault->database, index_out,
            "SELECT id FROM log_payload WHERE tag = ?1 AND id > ?2 ORDER BY id LIMIT 1", "bi", tag,
            (size_t)VPI_TAG_BYTES, after);
    if (st == VPRIV_OK)
        st = vpi_log_read(vault, (uint64_t)*index_out, entry_out);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status find(
    vpriv_vault *vault, const vpriv_recording_id *recording, uint8_t tag_out[VPI_TAG_BYTES])
{
    int64_t row = 0;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_database_int(vault->database, &row, "SELECT id FROM recording WHERE name = ?1", "b",
        recording->bytes, sizeof recording->bytes);
    if (st == VPRIV_E_NOT_FOUND)
        vpi_fail(st, "no such recording in this vault");
    if (st == VPRIV_OK)
        vpi_log_recording_tag(vault, recording->bytes, tag_out);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_gate_who_heard(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_log_entry_fn fn, void *user)
{
    uint8_t tag[VPI_TAG_BYTES];
    int64_t index = -1;
    if (!recording || !fn)
        return vpi_fail(VPRIV_E_ARG, "a recording and a callback are needed");
    vpriv_status st = find(vault, recording, tag);
    while (st == VPRIV_OK) {
        vpriv_log_entry entry;
        st = next_entry(vault, tag, index, &index, &entry);
        if (st == VPRIV_E_NOT_FOUND)
            return VPRIV_OK;
        if (st == VPRIV_E_ERASED) {
            st = VPRIV_OK; /* a person it was about is gone, and these words with them */
            continue;
        }
        if (st != VPRIV_OK)
            return st;
        const bool is_access =
            entry.kind == VPRIV_LOG_ACCESS_GRANTED || entry.kind == VPRIV_LOG_ACCESS_REFUSED;
        if (is_access && !fn(user, (uint64_t)index, &entry))
            return VPRIV_OK;
    }
    return st;
}
