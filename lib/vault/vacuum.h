/* Giving disk space back: free pages leave the end of the file a few at a time, and the write-ahead log is
 * emptied. Vaults made before they had pointer maps keep their free pages, and fill them again. */
#ifndef VPI_VAULT_VACUUM_H
#define VPI_VAULT_VACUUM_H

#include "vault/vault.h"

/* How many steps are waiting; 0 for a vault that cannot shrink. */
vpriv_status vpi_vacuum_waiting(vpriv_vault *vault, uint64_t *n_steps_out);
/* One step, in a transaction of its own: begun as those that free space are. */
vpriv_status vpi_vacuum_step(vpriv_vault *vault);

#endif
