/* One new recording on its way into the vault: its keys, made in locked memory, and its blocks.
 *
 *   create ─write…─▶ PROVISIONAL ─commit─▶ COMMITTED ─write…─finish─▶ done
 *                        └─reject─▶ gone
 *
 * Every call takes the vault's lock itself. Consent is asked inside each write transaction, before
 * the write: a withdrawal by anybody stops the recording within one block. */
#ifndef VPI_VAULT_SEALER_H
#define VPI_VAULT_SEALER_H

#include "vault/blocks.h"

typedef struct vpi_sealer vpi_sealer;

typedef struct vpi_sealer_request {
    uint32_t required;      /* purposes that must be allowed, or nothing is taken; at least one */
    uint32_t optional;      /* purposes that are added when they are allowed */
    int64_t started_ago_us; /* how long before now the first frame was taken */
    uint32_t n_guests;      /* speakers besides the tag's subjects, who allow nothing */
    uint32_t n_unknown;     /* the same */
    vpi_tag tag; /* subjects, whether they are all, trigger, encoding, retention; the rest is
                               filled in */
} vpi_sealer_request;

/* Decides, makes the keys and fixes the tag. Writes nothing. VPRIV_E_CONSENT with the reasons. */
vpriv_status vpi_sealer_create(
    vpriv_vault *vault, const vpi_sealer_request *request, vpi_sealer **sealer_out);
/* What one recording has to store in a transaction that it may share with others. */
typedef struct vpi_sealer_part {
    vpi_sealer *sealer;
    const uint8_t *plain; /* n_blocks × VPI_BLOCK_PLAIN_BYTES */
    size_t n_blocks;
    vpriv_status status;           /* how it came out */
    char detail[VPI_DETAIL_BYTES]; /* if not well, why, in words */
    bool is_settled;               /* inside vpi_sealer_write_group */
} vpi_sealer_part;

/* Seal and store the blocks of different recordings of one vault in one transaction. Consent is asked
 * for each of them inside it. Each part comes out by itself, all or none: one that may not or cannot be
 * written is left out and the others are written all the same; what fails for the transaction as a
 * whole (the disk is full, another process holds the vault) reaches every part. The transaction waits
 * for the disk when any of them is committed; what nobody can open after a crash need not survive it. */
void vpi_sealer_write_group(vpi_sealer_part *parts, size_t n_parts);
/* A group of one. */
vpriv_status vpi_sealer_write(vpi_sealer *sealer, const uint8_t *plain, size_t n_blocks);
/* The trigger was meant: shred key and wraps. Durable. */
vpriv_status vpi_sealer_commit(vpi_sealer *sealer);
/* The final block and how it ended. Durable. Only after commit. Consent is asked when the block holds
 * sound; one without closes a recording whatever was said. */
vpriv_status vpi_sealer_finish(vpi_sealer *sealer, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    vpriv_end_reason reason, uint64_t n_frames_48k);
/* The trigger was not meant: nothing stays but one more false wake of its kind, counted in the same
 * transaction. most_per_hour and *closed_out as for vpi_false_wakes_add. */
vpriv_status vpi_sealer_reject(vpi_sealer *sealer, uint32_t most_per_hour, bool *closed_out);
/* Wipes the keys. Nothing stays of a recording that was not committed. */
void vpi_sealer_destroy(vpi_sealer *sealer);

const uint8_t *vpi_sealer_recording_id(const vpi_sealer *sealer);
bool vpi_sealer_is_committed(const vpi_sealer *sealer);

#endif
