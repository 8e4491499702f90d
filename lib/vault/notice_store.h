/* Notices: the exact texts, sealed. A series is an id and a language; its latest row is in force. */
#ifndef VPI_VAULT_NOTICE_STORE_H
#define VPI_VAULT_NOTICE_STORE_H

#include "vault/policy.h"

vpriv_status vpi_notices_in_force(vpriv_vault *vault,
    uint8_t hashes_out[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES], uint32_t *n_out);
/* The row that the next notice gets. */
vpriv_status vpi_notices_next_row(vpriv_vault *vault, int64_t *row_out);
/* The one in force; VPRIV_E_NOT_FOUND, with a text, when there is none. */
vpriv_status vpi_notice_in_force(
    vpriv_vault *vault, const char *id, const char *language, vpriv_notice_ref *notice_out);
/* Every notice in the order they were added: the first above *row_io, with its text
 * (VPRIV_NOTICE_TEXT_BYTES_MAX). VPRIV_E_NOT_FOUND, without a text, at the end. */
vpriv_status vpi_notice_next(vpriv_vault *vault, int64_t *row_io, vpriv_notice_ref *notice_out,
    bool *is_in_force_out, uint8_t *text_out, size_t *text_bytes_out);

/* By the hash of its text, in force or not. VPRIV_E_NOT_FOUND, with a text. */
vpriv_status vpi_notice_find(
    vpriv_vault *vault, const uint8_t *sha256, vpriv_notice_ref *notice_out);

#endif
