#include "base/try.h"
#include "gate/gate.h"
#include "vault/log_store.h"
#include <string.h>

/* Leaf `index`; VPRIV_E_NOT_FOUND behind the last one. Every leaf is opened, though an index knows
 * those about the recording: the index is not sealed, and a changed one would hide a listener. */
static vpriv_status read_leaf(vpriv_vault *vault, uint64_t index, vpriv_log_entry *entry_out)
{
    bool began = false;
    vpi_log_head head;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK)
        st = vpi_log_head_read(vault, &head);
    if (st == VPRIV_OK)
        st = index < head.size ? vpi_log_read(vault, index, entry_out) : VPRIV_E_NOT_FOUND;
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status find(vpriv_vault *vault, const vpriv_recording_id *recording)
{
    int64_t row = 0;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_database_int(vault->database, &row, "SELECT id FROM recording WHERE name = ?1", "b",
        recording->bytes, sizeof recording->bytes);
    if (st == VPRIV_E_NOT_FOUND)
        vpi_fail(st, "no such recording in this vault");
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_gate_who_heard(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_log_entry_fn fn, void *user)
{
    if (!recording || !fn)
        return vpi_fail(VPRIV_E_ARG, "a recording and a callback are needed");
    vpriv_status st = find(vault, recording);
    for (uint64_t index = 0; st == VPRIV_OK; index++) {
        vpriv_log_entry entry;
        st = read_leaf(vault, index, &entry);
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
        if (is_access && memcmp(entry.recording, recording->bytes, sizeof entry.recording) == 0 &&
            !fn(user, index, &entry))
            return VPRIV_OK;
    }
    return st;
}
