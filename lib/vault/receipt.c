#include "vault/receipt.h"
#include "base/try.h"
#include "vault/root_head.h"
#include <string.h>

vpriv_status vpi_receipt_check(const vpriv_receipt *receipt)
{
    if (receipt && receipt->struct_size != sizeof *receipt)
        return vpi_fail(VPRIV_E_ARG, "vpriv_receipt.struct_size is %zu, not %zu",
            receipt->struct_size, sizeof *receipt);
    return VPRIV_OK;
}

void vpi_receipt_start(vpriv_vault *vault, vpriv_log_kind kind, vpriv_receipt *receipt_out)
{
    memset(receipt_out, 0, sizeof *receipt_out);
    receipt_out->struct_size = sizeof *receipt_out;
    receipt_out->kind = kind;
    receipt_out->time_us = vpi_vault_now_us(vault);
    receipt_out->assurance = vpriv_root_assurance(vault->root);
    receipt_out->generation_before = vpi_tree_generation(vault->tree);
}

vpriv_status vpi_receipt_weigh(vpriv_vault *vault, const int64_t *recordings, size_t n_recordings,
    const uint64_t *slots, size_t n_slots, vpriv_receipt *receipt)
{
    vpi_root_head head;
    const vpriv_status st = vpi_root_head_read(vault, &head);
    if (st != VPRIV_OK)
        return st;
    bool is_weak = false;
    for (size_t i = 0; i < n_recordings; i++)
        is_weak = is_weak || recordings[i] <= head.weak_recordings;
    for (size_t i = 0; i < n_slots; i++)
        is_weak = is_weak || slots[i] < head.weak_slots;
    if (is_weak)
        receipt->assurance = VPRIV_ASSURANCE_BEST_EFFORT;
    return VPRIV_OK;
}

vpriv_status vpi_receipt_can_say(
    vpriv_vault *vault, vpriv_assurance assurance, uint64_t generation_before, bool *can_out)
{
    vpi_root_head head;
    const vpriv_status st = vpi_root_head_read(vault, &head);
    if (st != VPRIV_OK)
        return st;
    const bool is_today = assurance == vpriv_root_assurance(vault->root);
    *can_out = assurance == VPRIV_ASSURANCE_KEYED
                   ? is_today && generation_before > head.weak_generations
                   : is_today || head.weak_generations > 0;
    return VPRIV_OK;
}

vpriv_status vpi_receipt_weigh_all(vpriv_vault *vault, vpriv_assurance *assurance_out)
{
    int64_t n = 0;
    vpi_root_head head;
    vpriv_status st = vpi_root_head_read(vault, &head);
    if (st == VPRIV_OK)
        st = vpi_database_int(vault->database, &n,
            "SELECT EXISTS (SELECT 1 FROM subject WHERE key_slot < ?1)", "i",
            (int64_t)head.weak_slots);
    if (st == VPRIV_OK)
        *assurance_out = n != 0 ? VPRIV_ASSURANCE_BEST_EFFORT : vpriv_root_assurance(vault->root);
    return st;
}

void vpi_receipt_finish(
    const vpriv_vault *vault, vpriv_receipt *receipt, vpriv_receipt *receipt_out)
{
    receipt->generation_after = vpi_tree_generation(vault->tree);
    if (receipt_out)
        *receipt_out = *receipt;
}
