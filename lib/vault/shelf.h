/* The shelf of a recording: what its derivatives are and how they open, in one row sealed under its shred
 * key, so that the file does not tell which kinds and purposes there are. Their contents are rows of table
 * `derivative`, in whole blocks. */
#ifndef VPI_VAULT_SHELF_H
#define VPI_VAULT_SHELF_H

#include "keys/derivative.h"
#include "vault/header.h"
#include <voicepriv/derivative.h>

#define VPI_SHELF_BYTES_MAX 65536

typedef struct vpi_shelf_wrap {
    uint8_t branch_tag[VPI_BRANCH_TAG_BYTES]; /* which branch it hangs on */
    uint8_t wrap[VPI_DERIVATIVE_WRAP_BYTES];
} vpi_shelf_wrap;

typedef struct vpi_shelf_entry {
    uint8_t id[VPI_DERIVATIVE_ID_BYTES];
    vpriv_derivative_kind kind;
    int64_t made_us;
    uint32_t n_bytes;
    uint8_t commitment[VPI_HASH_BYTES];
    char media_type[VPRIV_MEDIA_TYPE_BYTES];
    char language[VPRIV_LANGUAGE_BYTES];
    char made_by[VPRIV_MADE_BY_BYTES];
    uint32_t purposes;
    vpi_shelf_wrap wraps[VPI_PURPOSES_MAX];
} vpi_shelf_entry;

/* Entries as they are encoded, one behind the other. No key is in them. */
typedef struct vpi_shelf {
    size_t n_bytes;
    uint8_t bytes[VPI_SHELF_BYTES_MAX];
} vpi_shelf;

/* VPRIV_E_AUTH when an entry, or the content of one, is missing or too many. */
vpriv_status vpi_shelf_load(vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t shred_key[VPI_KEY_BYTES], vpi_shelf *shelf_out);
/* The header, which says how many there are, is the caller's to store. */
vpriv_status vpi_shelf_store(vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t shred_key[VPI_KEY_BYTES], const vpi_shelf *shelf);

/* The entry at *at_io, which goes on to the next; VPRIV_E_NOT_FOUND, without a text, after the last. */
vpriv_status vpi_shelf_next(const vpi_shelf *shelf, size_t *at_io, vpi_shelf_entry *entry_out);
/* VPRIV_E_AUTH without one: its row says that it is there. */
vpriv_status vpi_shelf_find(
    const vpi_shelf *shelf, const uint8_t id[VPI_DERIVATIVE_ID_BYTES], vpi_shelf_entry *entry_out);
vpriv_status vpi_shelf_put(vpi_shelf *shelf, const vpi_shelf_entry *entry);
/* Entry and content of every derivative that `keeps` says no to. *n_io counts them. */
typedef bool (*vpi_shelf_keeps_fn)(const void *user, const vpi_shelf_entry *entry);
vpriv_status vpi_shelf_thin(vpriv_vault *vault, vpi_recording *recording, vpi_shelf *shelf,
    vpi_shelf_keeps_fn keeps, const void *user, uint64_t *n_io);

void vpi_shelf_describe(
    const vpi_recording *recording, const vpi_shelf_entry *entry, vpriv_derivative_info *info_out);
void vpi_derivative_bond_of(const vpriv_vault *vault, const vpi_recording *recording,
    const uint8_t id[VPI_DERIVATIVE_ID_BYTES], vpi_derivative_bond *bond_out);

/* The row of a derivative, and its recording's. VPRIV_E_NOT_FOUND with a text. */
vpriv_status vpi_derivative_find(vpriv_vault *vault, const uint8_t id[VPI_DERIVATIVE_ID_BYTES],
    int64_t *row_out, int64_t *recording_out);

/* What derivatives of a recording hang on, for the purposes that everybody who speaks still consents to.
 * Guarded memory. */
typedef struct vpi_branches {
    uint32_t alive;
    uint8_t branch[VPI_PURPOSES_MAX][VPI_KEY_BYTES];
} vpi_branches;
/* purposes: which ones to look at. */
vpriv_status vpi_branches_load(vpriv_vault *vault, const vpi_recording *recording,
    uint32_t purposes, vpi_branches *branches_out);
/* The purposes of an entry that still open. */
uint32_t vpi_shelf_alive(const vpi_shelf_entry *entry, const vpi_branches *branches);

#endif
