/* What is damaged keeps nothing else: whoever destroys passes it over, does the rest, and then says so. */
#ifndef VPI_VAULT_UNREAD_H
#define VPI_VAULT_UNREAD_H

#include "vault/vault.h"

/* VPRIV_E_AUTH, with how many, and that everything else was done; VPRIV_OK for none. */
vpriv_status vpi_unread_tell(uint64_t n);
/* Pending recordings that do not open, once everything was adopted. */
vpriv_status vpi_unread_pending(vpriv_vault *vault, uint64_t *n_io);

#endif
