/* Notices: the exact texts, sealed. A series is an id and a language; its latest row is in force. */
#ifndef VPI_VAULT_NOTICE_STORE_H
#define VPI_VAULT_NOTICE_STORE_H

#include "vault/policy.h"

vpriv_status vpi_notices_in_force(vpriv_vault *vault,
    uint8_t hashes_out[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES], uint32_t *n_out);
/* The one in force; VPRIV_E_NOT_FOUND, with a text, when there is none. */
vpriv_status vpi_notice_in_force(
    vpriv_vault *vault, const char *id, const char *language, vpriv_notice_ref *notice_out);

#endif
