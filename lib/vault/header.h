/* The row of a kept recording: its tag and what happened to it since, sealed under its shred key. So
 * erasing it takes its description too. The clear columns are bound to the header; a changed one is
 * an authentication failure. */
#ifndef VPI_VAULT_HEADER_H
#define VPI_VAULT_HEADER_H

#include "vault/amend.h"

#define VPI_ROW_SHIFT 24 /* block id = recording row × 2^24 + sequence */

/* How a recording ended; known when its final block is sealed. */
typedef struct vpi_finish {
    bool is_finished;
    vpriv_end_reason reason;
    uint64_t n_blocks;
    uint64_t n_frames_48k; /* of sound and gaps, without pre-skip */
    int64_t ended_us;
} vpi_finish;
/* Whether a recording can have ended like that. */
bool vpi_finish_is_possible(const vpi_finish *finish);

typedef struct vpi_recording {
    int64_t row;
    uint8_t id[VPI_RECORDING_ID_BYTES];
    vpriv_recording_state state;
    vpriv_retention
        retention; /* clear column: the tag's, or a shorter one that its consents ask for */
    uint64_t key_slot;
    size_t n_tag_bytes;
    uint8_t tag_bytes[VPI_TAG_ENCODED_BYTES];
    vpi_tag tag; /* decoded tag_bytes */
    uint8_t tag_hash[VPI_HASH_BYTES];
    uint8_t commitment[VPI_HASH_BYTES];
    int64_t expires_us;
    int64_t purpose_expires_us[VPI_PURPOSES_MAX]; /* of those that end before it; 0 is with it */
    vpriv_restriction restriction;
    uint32_t wrapped;    /* purposes that have a wrap */
    uint64_t n_accesses; /* entries in the log about opening it, granted and refused */
    vpi_finish finish;
    uint32_t n_derivatives; /* on its shelf */
    vpi_amendments amendments;
} vpi_recording;

/* Rows by name. VPRIV_E_NOT_FOUND with a text. A tombstone gives id, row and state only; so does a
 * recording that is provisional or not yet adopted (state PROVISIONAL). */
vpriv_status vpi_recording_find(
    vpriv_vault *vault, const uint8_t id[VPI_RECORDING_ID_BYTES], vpi_recording *recording_out);
/* By the number of a row that was met before: without one it was taken away, VPRIV_E_AUTH, and never
 * the end of anything. */
vpriv_status vpi_recording_load(vpriv_vault *vault, int64_t row, vpi_recording *recording_out);
/* What a row's header says with the key, state and class that open it, whatever the clear columns say; searches
 * the tree when they were changed. VPRIV_E_NOT_FOUND, without a text, when no living key opens it. */
vpriv_status vpi_recording_open(vpriv_vault *vault, int64_t row, vpi_recording *recording_out);
/* Whether a row failed by itself, because it is damaged or was changed: the others may be whole. */
bool vpi_is_damage(vpriv_status status);
/* Seal and write header, state and retention of a kept recording; shred_key is guarded. */
vpriv_status vpi_recording_store(
    vpriv_vault *vault, const vpi_recording *recording, const uint8_t shred_key[VPI_KEY_BYTES]);
void vpi_recording_bond_of(
    const vpriv_vault *vault, const vpi_recording *recording, vpi_recording_bond *bond_out);
void vpi_recording_describe(const vpi_recording *recording, vpriv_recording_info *info_out);

/* Wraps: one sealed row with all of them, so that the file does not tell which purposes there are. */
typedef struct vpi_wraps {
    uint32_t purposes;
    uint8_t wrap[VPI_PURPOSES_MAX][VPI_WRAP_BYTES];
} vpi_wraps;
vpriv_status vpi_wraps_store(vpriv_vault *vault, int64_t row,
    const uint8_t shred_key[VPI_KEY_BYTES], const vpi_wraps *wraps);
vpriv_status vpi_wraps_load(
    vpriv_vault *vault, int64_t row, const uint8_t shred_key[VPI_KEY_BYTES], vpi_wraps *wraps_out);

/* When a retention class runs out. */
int64_t vpi_retention_end_us(vpriv_retention retention, int64_t started_us);
bool vpi_retention_is_valid(vpriv_retention retention);
/* As consent records have it: an ISO 8601 duration, or "until-erased"; VPRIV_RETENTION_BYTES. */
void vpi_retention_as_duration(vpriv_retention retention, char *text_out);
/* Months are of different lengths: what began later may run out earlier, by up to three days. */
bool vpi_retention_is_in_months(vpriv_retention retention);

#endif
