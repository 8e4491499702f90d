/* Rows of table subject: a pseudonym, a key of the person's own, and their name under that key. */
#ifndef VPI_VAULT_SUBJECT_H
#define VPI_VAULT_SUBJECT_H

#include "base/bytes.h"
#include "consent/rules.h"
#include "vault/vault.h"

typedef struct vpi_subject {
    int64_t row;
    uint64_t key_slot;
    uint8_t id[VPI_SUBJECT_ID_BYTES];
    vpriv_subject_class subject_class;
} vpi_subject;

/* Where a person is at home ("strict": nobody says) and when they were born. */
typedef struct vpi_subject_place {
    char home[VPRIV_JURISDICTION_BYTES];
    vpi_birth birth;
} vpi_subject_place;
#define VPI_SUBJECT_PLACE_BYTES (2 + VPRIV_JURISDICTION_BYTES + 3)
void vpi_subject_place_put(vpi_writer *writer, const vpi_subject_place *place);
void vpi_subject_place_get(vpi_reader *reader, vpi_subject_place *place_out);

/* VPRIV_E_NOT_FOUND, with a text, when there is none. */
vpriv_status vpi_subject_find(
    vpriv_vault *vault, const uint8_t id[VPI_SUBJECT_ID_BYTES], vpi_subject *subject_out);
vpriv_status vpi_subject_load(vpriv_vault *vault, int64_t row, vpi_subject *subject_out);
/* The person's key into guarded memory. VPRIV_E_NOT_FOUND or VPRIV_E_ERASED when they were erased. */
vpriv_status vpi_subject_key(vpriv_vault *vault, int64_t row, uint8_t key_out[VPI_KEY_BYTES]);
/* Their blind tag in recording_subject. */
vpriv_status vpi_subject_recording_tag(
    vpriv_vault *vault, int64_t row, uint8_t tag_out[VPI_TAG_BYTES]);
/* Rows in ascending order: the first above `after`, or VPRIV_E_NOT_FOUND. */
vpriv_status vpi_subject_next_row(vpriv_vault *vault, int64_t after, int64_t *row_out);
/* Name, contact and place. */
vpriv_status vpi_subject_person(
    vpriv_vault *vault, const vpi_subject *subject, vpriv_subject_info *info_out);
vpriv_status vpi_subject_place_of(
    vpriv_vault *vault, const vpi_subject *subject, vpi_subject_place *place_out);
/* Changes the place alone, and the capture policy with it. */
vpriv_status vpi_subject_move(
    vpriv_vault *vault, const vpi_subject *subject, const vpi_subject_place *place);

#endif
