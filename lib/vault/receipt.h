/* Filling vpriv_receipt: generations before and after, and how well the root store forgets. */
#ifndef VPI_VAULT_RECEIPT_H
#define VPI_VAULT_RECEIPT_H

#include "vault/vault.h"

/* NULL is fine; a wrong struct_size is not. */
vpriv_status vpi_receipt_check(const vpriv_receipt *receipt);
/* Inside the transaction. */
void vpi_receipt_start(vpriv_vault *vault, vpriv_log_kind kind, vpriv_receipt *receipt_out);
/* Inside the transaction, before the shred: what is destroyed. A receipt promises no more than the weakest root
 * store that any of it ever lay under. */
vpriv_status vpi_receipt_weigh(vpriv_vault *vault, const int64_t *recordings, size_t n_recordings,
    const uint64_t *slots, size_t n_slots, vpriv_receipt *receipt);
/* Whether a receipt of that generation can say so. */
vpriv_status vpi_receipt_can_say(
    vpriv_vault *vault, vpriv_assurance assurance, uint64_t generation_before, bool *can_out);
/* Of everything that is kept: the weakest root store that any of it ever lay under. No recording is older than
 * everybody in it. */
vpriv_status vpi_receipt_weigh_all(vpriv_vault *vault, vpriv_assurance *assurance_out);
/* After the commit; hands it out when somebody asked. */
void vpi_receipt_finish(
    const vpriv_vault *vault, vpriv_receipt *receipt, vpriv_receipt *receipt_out);

#endif
