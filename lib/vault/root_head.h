/* What is sealed under the root key itself, and so is of the same age as that: how long the log was, and what of
 * the vault once lay under a root store that forgets only as well as it can. */
#ifndef VPI_VAULT_ROOT_HEAD_H
#define VPI_VAULT_ROOT_HEAD_H

#include "vault/vault.h"

/* Zeros before the first replacement. The weak ones had a root in a BEST_EFFORT store: who kept an image of that
 * store and one of the file opens them however well today's store forgets. */
typedef struct vpi_root_head {
    bool is_there;
    uint64_t log_size;
    uint8_t log_root[VPRIV_LOG_HASH_BYTES];
    uint64_t weak_generations; /* up to this one; 0: none */
    uint64_t weak_slots;       /* keys in slots below this one */
    int64_t weak_recordings;   /* recordings up to this row */
} vpi_root_head;

/* Inside a transaction, after vpi_tree_refresh. */
vpriv_status vpi_root_head_read(vpriv_vault *vault, vpi_root_head *head_out);
/* The next one, for vpi_tree_shred; VPI_HEAD_BYTES_MAX. In a move from a BEST_EFFORT store everything up to
 * now is weak. */
vpriv_status vpi_root_head_next(vpriv_vault *vault, uint8_t *head_out, size_t *n_bytes_out);

#endif
