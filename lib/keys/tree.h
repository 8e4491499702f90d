/* The key tree: many 32-byte keys in the vault file of which any can be destroyed for good.
 *
 * A node holds 125 keys and is sealed under a key its parent holds; the top is sealed under the root
 * key, which lives outside the file and can be replaced. Shredding clears slots, gives every node on
 * the paths a fresh key, re-seals them and replaces the root: O(log n), and no old copy of the file
 * opens under the new root. After Reardon, Ritzdorf, Basin, Capkun, "Secure data deletion from
 * persistent media", ACM CCS 2013.
 *
 * A leaf has a slot number, counted up and never used again. All calls are made inside a transaction
 * of the caller unless they say otherwise; keys passed in and out are guarded memory of the caller. */
#ifndef VPI_KEYS_TREE_H
#define VPI_KEYS_TREE_H

#include "base/database.h"
#include "keys/root.h"

#define VPI_NODE_KEYS       125 /* a sealed node and its row fit one SQLite page of 4,096 bytes */
#define VPI_TREE_LEVELS_MAX 5   /* 125^5 = 3 × 10^10 keys */
#define VPI_HEAD_BYTES_MAX  512

extern const char vpi_tree_schema[];

typedef struct vpi_tree vpi_tree;

/* A new tree of no keys, generation 1, in an empty schema; fails when the store is not empty.
 * The store is given its first record by vpi_tree_settle after the commit. */
vpriv_status vpi_tree_create(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out);
/* Outside a transaction. Checks that file and store belong together and are of one age, and finishes
 * a replacement that a crash cut in two. */
vpriv_status vpi_tree_open(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out);
/* The same without writing anything, neither to the file nor to the store: for a copy that is looked at.
 * A replacement that was cut in two is finished in memory only. A file that has lost its generation opens
 * too: its nodes open with no root but its own. */
vpriv_status vpi_tree_open_still(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out);
void vpi_tree_close(vpi_tree *tree);

uint64_t vpi_tree_generation(const vpi_tree *tree);
/* The generation in the file, whoever wrote it last; needs no root. */
vpriv_status vpi_tree_file_generation(vpi_database *database, uint64_t *generation_out);

/* In a transaction, before anything else: notice that another process has replaced the root.
 * VPRIV_E_BUSY in a read transaction means that the replacing is not finished: end it, settle, try again. */
vpriv_status vpi_tree_refresh(vpi_tree *tree);

/* Between these two the nodes last read stay in guarded memory, so that neighbouring keys need not
 * open them again. The caller sees to it that no other process can write in between: both belong to
 * one transaction, after vpi_tree_refresh. */
void vpi_tree_keep_path(vpi_tree *tree);
void vpi_tree_drop_path(vpi_tree *tree);

/* VPRIV_E_ERASED when the slot was shredded. */
vpriv_status vpi_tree_get(vpi_tree *tree, uint64_t slot, uint8_t key_out[VPI_KEY_BYTES]);
/* Slots are consecutive from *first_slot_out. keys: n × VPI_KEY_BYTES. */
vpriv_status vpi_tree_add(
    vpi_tree *tree, const uint8_t *keys, size_t n_keys, uint64_t *first_slot_out);

/* How many were ever given out. */
vpriv_status vpi_tree_n_slots(vpi_tree *tree, uint64_t *n_slots_out);

/* One leaf to destroy: cleared, or given a new key where `key` is set. A leaf that is to get a new key
 * must be alive (else VPRIV_E_ERASED); one that is named twice must be named alike. */
typedef struct vpi_tree_change {
    uint64_t slot;
    const uint8_t *key;
} vpi_tree_change;
/* Destroys the old keys of all these slots and seals `head` under the new root. Takes effect with the
 * commit, and is final when vpi_tree_settle has returned. At most one shred per transaction. Sorts
 * the changes. */
vpriv_status vpi_tree_shred(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes,
    const void *head, size_t n_head_bytes);
/* A few hundred bytes sealed under the root since the last shred, or creation. */
vpriv_status vpi_tree_head(vpi_tree *tree, void *head_out, size_t capacity, size_t *n_bytes_out);

/* Outside a transaction, after the commit: the root store replaces the old root key. Does nothing
 * when there is nothing to do. */
vpriv_status vpi_tree_settle(vpi_tree *tree);
typedef enum vpi_tree_held {
    VPI_HELD_NOTHING,
    VPI_HELD_OTHER,    /* another vault's */
    VPI_HELD_OLDER,    /* this vault's, and opens nothing any more */
    VPI_HELD_IN_FORCE, /* the root that the tree has */
    VPI_HELD_LATER,    /* another process has replaced that since */
} vpi_tree_held;
/* Inside a write transaction: then nobody gives the store another one as long as that lasts. */
vpriv_status vpi_tree_look_in(vpi_tree *tree, vpriv_root_store *store, vpi_tree_held *held_out);
/* Inside a write transaction, before a shred: from now on roots are handed to this store, which gets the
 * one in force first. VPRIV_E_EXISTS when it holds another vault's, or a later one; one that holds the root in
 * force has a copy that a cut-off move left, or is the same place by another handle. */
vpriv_status vpi_tree_move(vpi_tree *tree, vpriv_root_store *to, vpi_tree_held *held_out);
/* Back to the store there was before: after a rollback, or when the new one failed. */
void vpi_tree_move_back(vpi_tree *tree, vpriv_root_store *from);
/* Whose it is; a move that got as far as writing into the new one has made it that. */
const vpriv_root_store *vpi_tree_store(const vpi_tree *tree);
/* After a rollback: the shred did not happen. */
void vpi_tree_forget_shred(vpi_tree *tree);

/* Check every node; counts the living leaves. Calls `damaged` for each node that does not open. */
typedef void (*vpi_tree_damaged_fn)(void *user, int level, uint64_t index);
vpriv_status vpi_tree_verify(
    vpi_tree *tree, vpi_tree_damaged_fn damaged, void *user, uint64_t *n_keys_out);

#endif
