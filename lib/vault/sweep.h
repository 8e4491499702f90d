/* Housekeeping that may wait: ciphertext whose keys are gone, recordings that no purpose is left for,
 * and what crashed recorders left. None of it makes anything less readable than it is already. */
#ifndef VPI_VAULT_SWEEP_H
#define VPI_VAULT_SWEEP_H

#include "vault/subject.h"

/* A look at one recording that was damaged when its person's were looked at; tried anew by each call. */
#define VPI_SWEEP_AGAIN (-1) /* in place of the cursor */
/* What can be done at all: no row that somebody made up reaches anything that lives. */
#define VPI_SWEEP_POSSIBLE                                                                         \
    "((kind = 1 AND EXISTS (SELECT 1 FROM recording WHERE id = sweep.recording AND state = 4"      \
    " AND key_slot IS NULL AND header IS NULL))"                                                   \
    " OR (kind = 2 AND tag IS NOT NULL AND length(tag) = 16))"

/* Queue the removal of a tombstone's blocks. */
vpriv_status vpi_sweep_add_blocks(vpriv_vault *vault, int64_t row);
/* Queue a look at a person's present recordings, if none was queued just now: those that no wrap opens for any
 * more are dead. */
vpriv_status vpi_sweep_add_subject(vpriv_vault *vault, const vpi_subject *subject);

/* Remove queued blocks, in a transaction of its own; at most `most` queue entries. */
vpriv_status vpi_sweep_blocks(vpriv_vault *vault, int most);

/* Outside a transaction: remove provisional recordings whose recorder died. */
vpriv_status vpi_sweep_dead_provisional(vpriv_vault *vault);

#endif
