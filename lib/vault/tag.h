/* A recording's tag: whose voice, for which purposes, under which consents and notices, what
 * triggered it and how it is encoded. Fixed before the first block is sealed, and bound to every
 * block by its hash, so that it cannot be moved to another recording. */
#ifndef VPI_VAULT_TAG_H
#define VPI_VAULT_TAG_H

#include "base/bytes.h"
#include "vault/vault.h"

#define VPI_TAG_CONSENTS_MAX  128
#define VPI_TAG_ENCODED_BYTES 8192

/* One consent the recording rests on. */
typedef struct vpi_tag_consent {
    uint8_t subject; /* index into subjects */
    uint8_t purpose;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    uint8_t notice[VPRIV_SHA256_BYTES];
} vpi_tag_consent;

typedef struct vpi_tag {
    uint32_t n_subjects;
    uint8_t subjects[VPI_SUBJECTS_MAX][VPI_SUBJECT_ID_BYTES]; /* ascending */
    vpriv_fact
        all_identified; /* whether these are everybody who was heard, as the recorder was told */
    uint32_t purposes;
    uint32_t n_consents;
    vpi_tag_consent consents[VPI_TAG_CONSENTS_MAX];
    vpriv_trigger_kind trigger;
    float trigger_score;
    char wake_word[VPRIV_WAKE_WORD_BYTES];
    char device_class[VPRIV_DEVICE_BYTES];
    char jurisdiction[VPRIV_JURISDICTION_BYTES];
    vpriv_retention retention;
    uint64_t policy_epoch;
    int64_t started_us;
    uint32_t rate_hz; /* of the encoder's input, for OpusHead */
    uint32_t n_channels;
    uint32_t pre_skip_48k; /* decoder output to drop at the start */
} vpi_tag;

vpriv_status vpi_tag_encode(
    const vpi_tag *tag, uint8_t bytes_out[VPI_TAG_ENCODED_BYTES], size_t *n_bytes_out);
/* Strict: what the encoder would not have written is VPRIV_E_AUTH. */
vpriv_status vpi_tag_decode(const uint8_t *bytes, size_t n_bytes, vpi_tag *tag_out);
void vpi_tag_hash(const uint8_t *bytes, size_t n_bytes, uint8_t hash_out[VPI_HASH_BYTES]);

#endif
