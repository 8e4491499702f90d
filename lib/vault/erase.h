/* Making recordings unreadable for good. */
#ifndef VPI_VAULT_ERASE_H
#define VPI_VAULT_ERASE_H

#include "vault/vault.h"

/* Leave a tombstone: the row loses its header, slot, wraps, shelf and subjects; its blocks and
 * the contents of its derivatives, which nothing opens any more, are queued for removal. Destroying the key is the caller's. */
vpriv_status vpi_erase_bury(vpriv_vault *vault, int64_t row);

/* In a write transaction with everything adopted: bury these rows, log it, and shred their keys
 * together with `more_slots`. Rows that are tombstones already are skipped. Where nobody can tell which key is a
 * row's, because it was damaged or changed, nothing is destroyed for it: with n_lost_out it stays, and comes to
 * the front of `rows`; without, the call fails. */
vpriv_status vpi_erase_rows(vpriv_vault *vault, int64_t *rows, size_t n_rows,
    const uint64_t *more_slots, size_t n_more_slots, vpriv_log_entry *entry, vpriv_receipt *receipt,
    size_t *n_lost_out);

/* A search by time looks at every recording: which row it has says little about when it began, because clocks
 * are set and recorders wait. Behind so many in a row that are not meant it ends its transaction, so that
 * others can write. */
#define VPI_ERASE_REST_AFTER 2048

/* Whether a recording must stay. Legal: it is under a legal hold. Unknown: it says in the clear that it is set
 * aside, and its header, which would say why, opens with no key. Others': it is filed with this subject, and its
 * header does not name them. */
typedef enum vpi_hold { VPI_HOLD_NONE, VPI_HOLD_LEGAL, VPI_HOLD_UNKNOWN, VPI_HOLD_OTHERS } vpi_hold;
/* subject: NULL, or whose recording it is by the index that named it. */
vpriv_status vpi_erase_hold(
    vpriv_vault *vault, int64_t row, const uint8_t *subject, vpi_hold *hold_out);

/* Outside a transaction, after a destruction: when space is short the write-ahead log is emptied and
 * some dead ciphertext removed; the reserve is rebuilt when there is space again. Failing is no failure
 * of the destruction. */
void vpi_erase_give_back(vpriv_vault *vault);

#endif
