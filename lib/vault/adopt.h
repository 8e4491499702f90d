/* Taking a recording into the key tree: its shred key becomes a leaf, each inner box is wrapped under
 * the grant keys of everybody who speaks. The adopter never sees the recording key. */
#ifndef VPI_VAULT_ADOPT_H
#define VPI_VAULT_ADOPT_H

#include "vault/header.h"
#include "vault/ingest.h"

vpriv_status vpi_adopt_commit(vpriv_vault *vault, int64_t row, const vpi_ingest_commit *commit);
vpriv_status vpi_adopt_finish(vpriv_vault *vault, int64_t row, const vpi_finish *finish);

/* The wrap key for a purpose from everybody's grant keys in force; VPRIV_E_CONSENT when one is missing, or is of
 * another consent than the recording rests on. Uses
 * secrets->grants and wipes it. */
vpriv_status vpi_wrap_key_in_force(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const uint8_t shred_key[VPI_KEY_BYTES], uint8_t key_out[VPI_KEY_BYTES]);

/* A person (row of table subject) speaks in it: theirs to find, and to erase. */
vpriv_status vpi_speaker_file(vpriv_vault *vault, int64_t subject, int64_t recording);

#endif
