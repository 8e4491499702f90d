/* What the log and the vault's own events are called: "voicepriv/" and the vault's id. */
#ifndef VPI_VAULT_WITNESS_H
#define VPI_VAULT_WITNESS_H

#include "vault/vault.h"
#include <voicepriv/log.h>

void vpi_vault_origin(const vpriv_vault *vault, char origin_out[VPRIV_LOG_ORIGIN_BYTES]);

#endif
