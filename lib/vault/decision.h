/* Collecting the facts for vpriv_decide() from the rows of the vault. */
#ifndef VPI_VAULT_DECISION_H
#define VPI_VAULT_DECISION_H

#include "vault/header.h"
#include "vault/policy.h"

/* Who is heard, as far as somebody told. */
typedef struct vpi_voices {
    const uint8_t *subjects; /* n_subjects × VPI_SUBJECT_ID_BYTES */
    size_t n_subjects;
    uint32_t n_guests;         /* speakers who are nobody's subject */
    uint32_t n_unknown;        /* speakers whom nobody knows */
    vpriv_fact all_identified; /* all these are everybody */
} vpi_voices;

/* May sound of these people be taken for this purpose now? From the capture policy, so that a process
 * without the root decides the same. The consents it rests on, in the order of the subjects, go to
 * consents_out (VPI_SUBJECTS_MAX; may be NULL). */
vpriv_status vpi_decide_capture(vpriv_vault *vault, const vpi_voices *voices, vpriv_purpose purpose,
    vpriv_retention retention, uint32_t *reasons_out, vpi_tag_consent *consents_out);

/* May sound be used for the request at hand, in memory only? Takes the vault's lock. VPRIV_E_CONSENT with
 * every reason. */
vpriv_status vpi_permit_execution(vpriv_vault *vault, bool is_triggered_by_person);
/* Whether a purpose is paused, or stopped by law, at a place with these rules. */
bool vpi_pause_covers(
    const vpi_policy_head *head, const vpriv_rules *rules, vpriv_purpose purpose, int64_t now_us);
/* Whether one of these purposes is paused where the device is; takes the vault's lock. What cannot be read counts as no: it
 * only words the end of a recording. */
bool vpi_is_paused(vpriv_vault *vault, uint32_t purposes);

/* May this recording be opened for this purpose by this recipient (NULL: the controller) now? From
 * the consent records themselves. record_id_out: the first speaker's consent, zeros without one. */
vpriv_status vpi_decide_read(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const char *recipient, uint32_t *reasons_out,
    uint8_t record_id_out[VPRIV_CONSENT_RECORD_ID_BYTES]);

/* Whether one speaker of a recording lets it be wrapped for a purpose: by their own consent, whatever is paused or
 * over, and whatever the others say. */
vpriv_status vpi_decide_speaker(vpriv_vault *vault, const vpi_recording *recording,
    uint32_t speaker, vpriv_purpose purpose, bool *permits_out);

/* VPRIV_E_CONSENT with a text that gives every reason. */
vpriv_status vpi_denied(uint32_t reasons, vpriv_purpose purpose);

#endif
