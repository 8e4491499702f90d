/* Consent records: checking them, and their one canonical binary form.
 *
 *   "VPCR" | u16 version | fields in the order of the struct, little-endian, texts as u16 length
 * and bytes, counts and enumerations as u8 | zeros up to the next multiple of 256 bytes
 *
 * One record has exactly one encoding and one encoding is exactly one record: what differs in any
 * bit is another record or none. The padding keeps sealed sizes from telling names apart. */
#ifndef VPI_CONSENT_RECORD_H
#define VPI_CONSENT_RECORD_H

#include "base/status.h"
#include <voicepriv/consent.h>

#define VPI_CONSENT_RECORD_VERSION   1
#define VPI_CONSENT_RECORD_STEP      256
#define VPI_CONSENT_RECORD_BYTES_MAX 4608

/* VPRIV_OK when the record is complete and does not contradict itself or the table of purposes;
 * VPRIV_E_ARG with the field's name otherwise. */
vpriv_status vpi_consent_record_check(const vpriv_consent_record *record);

/* Checks, then writes up to VPI_CONSENT_RECORD_BYTES_MAX bytes. VPRIV_E_ARG for a bad record,
 * VPRIV_E_LIMIT when capacity is too small. */
vpriv_status vpi_consent_record_encode(const vpriv_consent_record *record, void *encoding_out,
    size_t capacity_bytes, size_t *n_bytes_out);

/* Strict: anything the encoder would not have written is VPRIV_E_FORMAT (VPRIV_E_VERSION for a
 * later version). The record comes out with struct_size set and zeros after the end of each text.
 */
vpriv_status vpi_consent_record_decode(
    const void *encoding, size_t n_bytes, vpriv_consent_record *record_out);

/* SHA-256 of the encoding; what previous_hash and the log hold. */
vpriv_status vpi_consent_record_hash(const vpriv_consent_record *record, uint8_t *sha256_out);

/* Turn 16 random bytes into a version 4 UUID. */
void vpi_uuid4_stamp(uint8_t *id);
bool vpi_uuid4_is_valid(const uint8_t *id);

#endif
