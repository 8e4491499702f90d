#include "base/memory.h"
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
        st = vpi_log_next_about(vault, tag, after, index_out, entry_out);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

/* How many entries there must be at least: a kept recording counts them, a tombstone does not. */
static vpriv_status find(vpriv_vault *vault, const vpriv_recording_id *id,
    uint8_t tag_out[VPI_TAG_BYTES], uint64_t *n_accesses_out)
{
    vpi_recording *recording = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_recording_find(vault, id->bytes, recording));
    vpi_log_recording_tag(vault, id->bytes, tag_out);
    *n_accesses_out = recording->n_accesses;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(recording);
    return st;
}

static bool is_access(vpriv_log_kind kind)
{
    return kind == VPRIV_LOG_ACCESS_GRANTED || kind == VPRIV_LOG_ACCESS_REFUSED ||
           kind == VPRIV_LOG_DERIVATIVE_READ || kind == VPRIV_LOG_DERIVATIVE_REFUSED;
}

vpriv_status vpriv_gate_who_heard(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_log_entry_fn fn, void *user)
{
    uint8_t tag[VPI_TAG_BYTES];
    int64_t index = -1;
    uint64_t n_accesses = 0, n_found = 0;
    if (!recording || !fn)
        return vpi_fail(VPRIV_E_ARG, "a recording and a callback are needed");
    vpriv_status st = find(vault, recording, tag, &n_accesses);
    while (st == VPRIV_OK) {
        vpriv_log_entry entry;
        st = next_entry(vault, tag, index, &index, &entry);
        if (st == VPRIV_E_NOT_FOUND)
            return n_found >= n_accesses ? VPRIV_OK : vpi_auth_failed();
        n_found += st == VPRIV_E_ERASED || (st == VPRIV_OK && is_access(entry.kind));
        if (st == VPRIV_E_ERASED) {
            st = VPRIV_OK; /* a person it was about is gone, and these words with them */
            continue;
        }
        if (st != VPRIV_OK)
            return st;
        /* The index is not sealed: an entry about another recording must not stand in for one of ours. */
        if (memcmp(entry.recording, recording->bytes, sizeof entry.recording) != 0)
            return vpi_auth_failed();
        if (is_access(entry.kind) && !fn(user, (uint64_t)index, &entry))
            return VPRIV_OK;
    }
    return st;
}
