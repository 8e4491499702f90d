/* Whether a list was whole. Every row that is listed lies in a table and in an index, on different
 * pages of the file. A damaged page can lose some of its rows without an error from SQLite; then
 * the table and the index do not have the same ones. */
#ifndef VPI_VAULT_COMPLETE_H
#define VPI_VAULT_COMPLETE_H

#include "vault/vault.h"

/* In a snapshot. VPRIV_E_AUTH when kept recordings with first_row < row ≤ last_row are missing on one
 * side. Takes a step for each of them. */
vpriv_status vpi_complete_kept(vpriv_vault *vault, int64_t first_row, int64_t last_row);
/* The same for all rows of recordings, tombstones too, and for all people. */
vpriv_status vpi_complete_recordings(vpriv_vault *vault);
vpriv_status vpi_complete_subjects(vpriv_vault *vault);

#endif
