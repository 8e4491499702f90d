/* Consent records as rows, sealed under the key of the person they are about. */
#ifndef VPI_VAULT_CONSENT_STORE_H
#define VPI_VAULT_CONSENT_STORE_H

#include "vault/subject.h"

#define VPI_NO_SLOT UINT64_MAX

/* A new person's row: no consents. */
vpriv_status vpi_consent_start(vpriv_vault *vault, int64_t subject);
/* The purposes a person ever said anything about, bits. */
vpriv_status vpi_consent_purposes(vpriv_vault *vault, int64_t subject, uint32_t *purposes_out);

/* The latest record of (person, purpose, the vault's controller), and the slot of its grant key
 * (VPI_NO_SLOT without one; may be NULL). VPRIV_E_NOT_FOUND, without a text, when there is none. */
vpriv_status vpi_consent_latest(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out);

/* The grant key that is in force for reading and wrapping, and the consent that made it: the latest
 * record permits and the key is there. VPRIV_E_CONSENT otherwise. */
vpriv_status vpi_consent_grant_key(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose,
    uint8_t record_id_out[VPRIV_CONSENT_RECORD_ID_BYTES], uint8_t key_out[VPI_KEY_BYTES]);

/* One use of every speaker's consent is spent, where uses are counted: the same record, one higher. */
vpriv_status vpi_consent_count_use(vpriv_vault *vault, int64_t subject, vpriv_purpose purpose);

/* Slots of every grant key a person has. */
vpriv_status vpi_consent_grant_slots(
    vpriv_vault *vault, int64_t subject, uint64_t slots_out[VPI_PURPOSES_MAX], size_t *n_out);

/* Open every record of a person, in order: the first row above *row_io. VPRIV_E_NOT_FOUND, without a
 * text, at the end; VPRIV_E_AUTH when one was taken away. */
vpriv_status vpi_consent_next_row(vpriv_vault *vault, int64_t subject, int64_t *row_io,
    vpriv_consent_record *record_out, uint64_t *grant_slot_out);

/* Add a record; it becomes the latest. */
vpriv_status vpi_consent_insert(
    vpriv_vault *vault, int64_t subject, const vpriv_consent_record *record, uint64_t grant_slot);

#endif
