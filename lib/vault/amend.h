/* What was found out about a recording after it was taken: who else speaks in it, and which later consents
 * its wraps rest on. Part of the sealed header. The tag, which is bound to the sound, stays as it was. */
#ifndef VPI_VAULT_AMEND_H
#define VPI_VAULT_AMEND_H

#include "vault/tag.h"

#define VPI_ADDED_SPEAKERS_MAX (VPI_SUBJECTS_MAX - 1)
#define VPI_LATER_CONSENTS_MAX 240
#define VPI_AMENDMENTS_BYTES_MAX                                                                   \
    (1 + VPI_ADDED_SPEAKERS_MAX * VPI_SUBJECT_ID_BYTES + 1 +                                       \
        VPI_LATER_CONSENTS_MAX * (2 + VPRIV_CONSENT_RECORD_ID_BYTES))

/* A consent that a wrap rests on in place of what the tag names, or where it names none. */
typedef struct vpi_later_consent {
    uint8_t speaker;
    uint8_t purpose;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
} vpi_later_consent;

typedef struct vpi_amendments {
    uint32_t n_added;
    uint8_t added[VPI_ADDED_SPEAKERS_MAX][VPI_SUBJECT_ID_BYTES]; /* in the order they were added */
    uint32_t n_consents;
    vpi_later_consent consents[VPI_LATER_CONSENTS_MAX]; /* by purpose, then speaker */
} vpi_amendments;

void vpi_amendments_put(vpi_writer *writer, const vpi_amendments *amendments);
/* Strict: what vpi_amendments_put would not have written for this tag fails the reader. */
void vpi_amendments_get(vpi_reader *reader, const vpi_tag *tag, vpi_amendments *amendments_out);

/* Everybody who speaks, as far as it is known: those of the tag, then those added. */
struct vpi_recording;
uint32_t vpi_n_speakers(const struct vpi_recording *recording);
const uint8_t *vpi_speaker(const struct vpi_recording *recording, uint32_t i);
bool vpi_is_speaker(
    const struct vpi_recording *recording, const uint8_t subject[VPI_SUBJECT_ID_BYTES]);
/* VPRIV_E_LIMIT when there are VPI_SUBJECTS_MAX already. */
vpriv_status vpi_speaker_add(
    struct vpi_recording *recording, const uint8_t subject[VPI_SUBJECT_ID_BYTES]);

/* The consent record of a speaker that the wrap for a purpose rests on; NULL without one. */
const uint8_t *vpi_basis(
    const struct vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose);
/* Whether it is this very one. A consent that is given again makes a grant key of its own, and does not
 * reach back by itself. */
bool vpi_rests_on(const struct vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose,
    const uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES]);
/* From now on it rests on this one. VPRIV_E_LIMIT when there is no room. */
vpriv_status vpi_basis_set(struct vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose,
    const uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES]);
/* A purpose whose wrap is gone rests on nothing that was amended. */
void vpi_basis_forget(struct vpi_recording *recording, vpriv_purpose purpose);

/* Whether a consent speaks of a recording: it was given before, or covers the past. */
bool vpi_consent_covers(const vpriv_consent_record *record, const struct vpi_recording *recording);

#endif
