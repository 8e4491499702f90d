/* A small file that always holds one whole version of something: two slots of 4,096 bytes, used in turn.
 *
 *   slot = magic (8) ‖ vault id (16) ‖ order (u64) ‖ the rest ‖ BLAKE2b-256 of all before (32) ‖ zeros
 *
 * The whole slot with the higher order is the one in force. Replacing writes the free slot, waits for the
 * disk, then overwrites the old slot with zeros and waits again. No step needs new disk space, and at
 * every moment one whole version is there. A new file is filled with zeros first: as long as it has no
 * whole slot, it is empty however short it is.
 *
 * Every process that opens the file finishes what another one left unfinished, and reads what another one
 * replaces: from the first byte read to the last written it is locked, so that nobody takes a replacement that
 * is still running for one that was cut off.
 *
 * After a sync that failed nothing that was written before it is on the disk for certain, though it can be
 * read: the kernel takes it for clean. It is written again before anything that would be needed instead of
 * it goes; a byte that is left behind says so to the next who opens it. */
#ifndef VPI_KEYS_ROOT_SLOTS_H
#define VPI_KEYS_ROOT_SLOTS_H

#include "base/status.h"

/* What begins a slot behind its magic; the number has to grow with every replacement. */
#define VPI_SLOT_ORDER_AT  16
#define VPI_SLOT_BYTES_MAX 1024

typedef struct vpi_root_slots {
    char *path;
    const char *magic; /* eight characters */
    size_t n_bytes;    /* of vault id, order and the rest; at most VPI_SLOT_BYTES_MAX */
    uint8_t *slots;    /* guarded, zero between calls */
    bool is_unsure;    /* what was written last may not be on the disk */
} vpi_root_slots;

/* No file is touched. Closed with vpi_root_slots_close, also after a failure. */
vpriv_status vpi_root_slots_init(
    vpi_root_slots *slots, const char *path, const char *magic, size_t n_bytes);
void vpi_root_slots_close(vpi_root_slots *slots);
/* VPRIV_E_NOT_FOUND when there is no file or an empty one. */
vpriv_status vpi_root_slots_load(vpi_root_slots *slots, uint8_t *bytes_out);
vpriv_status vpi_root_slots_replace(vpi_root_slots *slots, const uint8_t *bytes);

/* What comes after `current`, which is NULL where nothing is in force; both in guarded memory, the file locked.
 * Nothing is changed when it fails. */
typedef vpriv_status (*vpi_slot_next)(void *user, const uint8_t *current, uint8_t *next_out);
/* The same, for what rests on what is there. *in_force_out says whether the new version is the one in force, also
 * after a failure: then the old one may still be on the disk. */
vpriv_status vpi_root_slots_change(
    vpi_root_slots *slots, vpi_slot_next next, void *user, bool *in_force_out);

/* Overwrite and remove, also a damaged one; never a file that is something else. */
vpriv_status vpi_root_slots_destroy(vpi_root_slots *slots);

#endif
