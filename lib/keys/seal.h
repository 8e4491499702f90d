/* Sealing rows: XChaCha20-Poly1305 with a random nonce, bound to the place the row lives in.
 *
 *   sealed = suite (1) ‖ nonce (24) ‖ ciphertext ‖ tag (16)
 *
 * A sealed row opens only in its own vault, table, row and column. See doc/format.md, "Sealed rows". */
#ifndef VPI_KEYS_SEAL_H
#define VPI_KEYS_SEAL_H

#include "base/status.h"

#define VPI_KEY_BYTES      32
#define VPI_VAULT_ID_BYTES 16
#define VPI_SUITE          1 /* XChaCha20-Poly1305-IETF, X25519, BLAKE2b, Ed25519 */
#define VPI_FORMAT_VERSION 1
#define VPI_SEAL_OVERHEAD  (1 + 24 + 16)

/* Which table and column; numbers are part of the format and are never reused. */
typedef enum vpi_column {
    VPI_COLUMN_KEY_NODE = 1,
    VPI_COLUMN_ROOT_PENDING = 2,
    VPI_COLUMN_HEAD = 3,
    VPI_COLUMN_PURPOSE = 4,
    VPI_COLUMN_NOTICE = 5,
    VPI_COLUMN_SUBJECT_REFERENCE = 6,
    VPI_COLUMN_SUBJECT_PERSON = 7,
    VPI_COLUMN_CONSENT_RECORD = 8,
    VPI_COLUMN_POLICY = 9,
    VPI_COLUMN_RECORDING_HEADER = 10,
    VPI_COLUMN_WRAPS = 11,
    VPI_COLUMN_WRAP = 12,
    VPI_COLUMN_BLOCK = 13,
    VPI_COLUMN_LOG_PAYLOAD = 14,
    VPI_COLUMN_STATE = 15,
    VPI_COLUMN_SUBJECT_CONSENTS = 16,
    VPI_COLUMN_JURISDICTION = 17,
    VPI_COLUMN_CONSENT_EVENT = 18,
    VPI_COLUMN_SHELF = 19,
    VPI_COLUMN_DERIVATIVE_WRAP = 20,
    VPI_COLUMN_DERIVATIVE = 21,
    VPI_COLUMN_ROOT_FILE_KEY = 32, /* in a root key file, not in a table */
    VPI_COLUMN_ROOT_RECORD = 33,
} vpi_column;

typedef struct vpi_place {
    const uint8_t *vault_id; /* VPI_VAULT_ID_BYTES */
    vpi_column column;
    uint64_t row;
    const uint8_t *extra; /* whatever else the row is bound to; may be NULL */
    size_t n_extra_bytes;
} vpi_place;

#define VPI_PLACE_BYTES_MAX 256
/* The associated data of a place; returns its length. */
size_t vpi_place_encode(const vpi_place *place, uint8_t data_out[VPI_PLACE_BYTES_MAX]);

/* sealed_out holds n_bytes + VPI_SEAL_OVERHEAD. */
void vpi_seal(const uint8_t *key, const vpi_place *place, const void *plain, size_t n_bytes,
    uint8_t *sealed_out);
/* plain_out holds n_sealed − VPI_SEAL_OVERHEAD. VPRIV_E_AUTH, saying no more, when it does not open. */
vpriv_status vpi_unseal(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out);

/* The same for rows of varying length: zero-padded to a multiple of 256 so that sizes say little.
 *   plain = length (u32) ‖ bytes ‖ zeros */
#define VPI_PADDED_SEAL_BYTES(n) ((((n) + 4 + 255) / 256) * 256 + VPI_SEAL_OVERHEAD)
vpriv_status vpi_seal_padded(const uint8_t *key, const vpi_place *place, const void *plain,
    size_t n_bytes, uint8_t *sealed_out, size_t capacity, size_t *n_sealed_out);
vpriv_status vpi_unseal_padded(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out, size_t capacity, size_t *n_bytes_out);

/* BLAKE2b-256 keyed with `key` over label ‖ 0 ‖ data: one key becomes many that say nothing about
 * each other. */
void vpi_derive(const uint8_t *key, const char *label, const void *data, size_t n_bytes,
    uint8_t key_out[VPI_KEY_BYTES]);

/* Generic failure for everything that does not authenticate; never says why. */
vpriv_status vpi_auth_failed(void);
/* What came of looking for something that has to be there: VPRIV_E_NOT_FOUND becomes that failure. */
vpriv_status vpi_must_exist(vpriv_status found);

#endif
