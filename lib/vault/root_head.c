#include "vault/root_head.h"
#include "base/bytes.h"
#include "base/try.h"
#include "vault/log_store.h"

vpriv_status vpi_root_head_read(vpriv_vault *vault, vpi_root_head *head_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t bytes[VPI_HEAD_BYTES_MAX];
    size_t n_bytes = 0;
    vpi_root_head head = {.is_there = false};
    VPI_TRY(vpi_tree_head(vault->tree, bytes, sizeof bytes, &n_bytes));
    if (n_bytes > 0) {
        vpi_reader r = vpi_reader_of(bytes, n_bytes);
        head.is_there = true;
        head.log_size = vpi_get_u64(&r);
        vpi_get_copy(&r, head.log_root, sizeof head.log_root);
        head.weak_generations = vpi_get_u64(&r);
        head.weak_slots = vpi_get_u64(&r);
        head.weak_recordings = vpi_get_i64(&r);
        VPI_TRY(vpi_reader_finish(&r, "head"));
    }
    *head_out = head;
    st = VPRIV_OK;
out:
    return st;
}

/* The tree has the new store already, the vault still the old one. */
static bool leaves_weak_store(const vpriv_vault *vault)
{
    return vpi_tree_store(vault->tree) != vault->root &&
           vpriv_root_assurance(vault->root) != VPRIV_ASSURANCE_KEYED;
}

vpriv_status vpi_root_head_next(vpriv_vault *vault, uint8_t *head_out, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_root_head head;
    vpi_log_head log;
    VPI_TRY(vpi_root_head_read(vault, &head));
    VPI_TRY(vpi_log_head_read(vault, &log));
    if (leaves_weak_store(vault)) {
        head.weak_generations = vpi_tree_generation(vault->tree);
        VPI_TRY(vpi_tree_n_slots(vault->tree, &head.weak_slots));
        VPI_TRY(vpi_database_int(vault->database, &head.weak_recordings,
            "SELECT coalesce(max(id), 0) FROM recording", ""));
    }
    vpi_writer w = vpi_writer_of(head_out, VPI_HEAD_BYTES_MAX);
    vpi_put_u64(&w, log.size);
    vpi_put_bytes(&w, log.root, sizeof log.root);
    vpi_put_u64(&w, head.weak_generations);
    vpi_put_u64(&w, head.weak_slots);
    vpi_put_i64(&w, head.weak_recordings);
    *n_bytes_out = vpi_writer_used(&w);
    VPI_TRY(vpi_writer_finish(&w, "head"));
    st = VPRIV_OK;
out:
    return st;
}
