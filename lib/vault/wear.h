/* What erasing writes: upper bounds, from the layout of the tables. */
#ifndef VPI_VAULT_WEAR_H
#define VPI_VAULT_WEAR_H

#include "vault/vault.h"

/* A page goes into the write-ahead log with a frame header, and from there into the vault. */
#define VPI_WEAR_BYTES_PER_PAGE  (24 + 4096 + 4096)
#define VPI_WEAR_ROOT_FILE_BYTES (2 * 4096) /* the new record, and zeros over the old one */

/* Adds the pages that erasing these rows, in order, in one commit changes. slots: room for as many. */
vpriv_status vpi_wear_window(
    vpriv_vault *vault, const int64_t *rows, size_t n_rows, uint64_t *slots, uint64_t *n_pages_io);

#endif
