/* Compact JWS (RFC 7515) with EdDSA (RFC 8037), as narrow as receipts need it: one algorithm, one header
 * for each key, base64url without padding in its one canonical form. */
#ifndef VPI_SHARE_JOSE_H
#define VPI_SHARE_JOSE_H

#include "base/status.h"
#include <voicepriv/share.h>

/* The JWK thumbprint (RFC 7638) of an Ed25519 key, as text. */
void vpi_jose_key_id(const uint8_t *public_key, char key_id_out[VPRIV_KEY_ID_BYTES]);

/* Base64url without padding, whole and in the one form an encoder writes. */
bool vpi_jose_decode(
    const char *text, size_t n_text, void *bytes_out, size_t capacity, size_t *n_out);

/* Sign. The text is allocated, ends with NUL, and belongs to the caller. */
vpriv_status vpi_jose_sign(const void *payload, size_t n_bytes, const uint8_t *public_key,
    const uint8_t secret_key[64], char **text_out, size_t *n_text_out);

/* Check everything, then give the payload, which is allocated. VPRIV_E_FORMAT for what is no such text,
 * VPRIV_E_AUTH for another key or a signature that does not hold. */
vpriv_status vpi_jose_open(const char *text, size_t n_text, const uint8_t *public_key,
    char **payload_out, size_t *n_bytes_out);

#endif
