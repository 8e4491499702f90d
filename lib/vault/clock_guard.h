/* Whether the vault's clock can be believed when it says that much has run out. A clock that is set wrong,
 * or that comes up wrong, must not destroy what people want to keep. */
#ifndef VPI_VAULT_CLOCK_GUARD_H
#define VPI_VAULT_CLOCK_GUARD_H

#include "vault/vault.h"

/* In a write transaction: note the time. *held_out: it jumped forward by more than a day while the machine
 * was not running as long, nobody has confirmed it, and the machine has not run for a day with it since;
 * *until_us_out is when it will have, by the vault's time. */
vpriv_status vpi_clock_guard(vpriv_vault *vault, bool *held_out, int64_t *until_us_out);
/* In a write transaction: somebody says that the time is right; a new vault believes it. */
vpriv_status vpi_clock_trust(vpriv_vault *vault);

#endif
