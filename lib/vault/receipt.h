/* Filling vpriv_receipt: generations before and after, and how well the root store forgets. */
#ifndef VPI_VAULT_RECEIPT_H
#define VPI_VAULT_RECEIPT_H

#include "vault/vault.h"

/* NULL is fine; a wrong struct_size is not. */
vpriv_status vpi_receipt_check(const vpriv_receipt *receipt);
/* Inside the transaction. */
void vpi_receipt_start(vpriv_vault *vault, vpriv_log_kind kind, vpriv_receipt *receipt_out);
/* After the commit; hands it out when somebody asked. */
void vpi_receipt_finish(
    const vpriv_vault *vault, vpriv_receipt *receipt, vpriv_receipt *receipt_out);

#endif
