/* A finished file takes the name of a vault, and the place of the vault file that has it. */
#ifndef VPI_VAULT_REPLACE_H
#define VPI_VAULT_REPLACE_H

#include "base/draft.h"

/* Asked before there is any work. VPRIV_E_EXISTS where a file is and may not be replaced: without may_replace any,
 * with it what is no vault by how it begins, nor empty. */
vpriv_status vpi_may_replace(const char *path, bool may_replace);
/* A vault file that is there is asked that again, and whether nobody has it open (VPRIV_E_BUSY). Whoever fails, or
 * dies, leaves it whole, with all that was in its write-ahead log, or the new file alone. */
vpriv_status vpi_replace(const char *path, vpi_draft *draft, bool may_replace);

#endif
