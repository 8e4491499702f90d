#include "vault/receipt.h"
#include "base/try.h"
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

void vpi_receipt_finish(
    const vpriv_vault *vault, vpriv_receipt *receipt, vpriv_receipt *receipt_out)
{
    receipt->generation_after = vpi_tree_generation(vault->tree);
    if (receipt_out)
        *receipt_out = *receipt;
}
