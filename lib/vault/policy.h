/* The compiled capture policy: what a recording process must know, and nothing that opens anything.
 * One head row for the vault and one row per person, sealed under a key that capture credentials
 * share. Rewritten in the same transaction as the consent, so that it is never behind. */
#ifndef VPI_VAULT_POLICY_H
#define VPI_VAULT_POLICY_H

#include "vault/subject.h"

#define VPI_NOTICES_IN_FORCE_MAX 64

typedef struct vpi_policy_head {
    uint64_t generation;
    uint8_t ingest_public_key[VPI_KEY_BYTES];
    vpi_settings settings;
    uint32_t paused_purposes; /* bits */
    uint32_t n_notices;
    uint8_t notices[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES]; /* in force */
} vpi_policy_head;

typedef struct vpi_policy_consent {
    vpriv_purpose purpose;
    vpriv_consent_state state;
    vpriv_consent_by by;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    int64_t valid_until_us; /* 0 for no end */
    uint8_t notice[VPRIV_SHA256_BYTES];
    uint32_t max_uses;
    uint32_t uses;
} vpi_policy_consent;

typedef struct vpi_policy_subject {
    vpriv_subject_class subject_class;
    uint32_t n_consents;
    vpi_policy_consent consents[VPI_PURPOSES_MAX];
} vpi_policy_subject;

/* A row by its tag; VPRIV_E_NOT_FOUND when there is none. */
#define VPI_POLICY_ROW_BYTES_MAX 4096
vpriv_status vpi_policy_write_row(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const void *plain, size_t n_bytes);
vpriv_status vpi_policy_read_row(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES],
    void *plain_out, size_t capacity, size_t *n_bytes_out);

/* ingest_secret: the secret whose public half is announced from now on; NULL keeps the present one.
 * paused: the purposes that are; NULL keeps those of now, and takes it that all are when nobody can tell. */
vpriv_status vpi_policy_write_head(
    vpriv_vault *vault, uint64_t generation, const uint8_t *ingest_secret, const uint32_t *paused);
vpriv_status vpi_policy_read_head(vpriv_vault *vault, vpi_policy_head *head_out);
bool vpi_policy_notice_in_force(const vpi_policy_head *head, const uint8_t *sha256);

/* Compiled from the latest consent records. */
vpriv_status vpi_policy_write_subject(vpriv_vault *vault, const vpi_subject *subject);
vpriv_status vpi_policy_remove_subject(vpriv_vault *vault, const uint8_t *subject_id);
vpriv_status vpi_policy_read_subject(
    vpriv_vault *vault, const uint8_t *subject_id, vpi_policy_subject *policy_out);

#endif
