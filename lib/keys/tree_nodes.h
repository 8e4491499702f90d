/* The inside of the key tree: nodes, paths, and changes along them. Used by tree.c only. */
#ifndef VPI_KEYS_TREE_NODES_H
#define VPI_KEYS_TREE_NODES_H

#include "keys/tree.h"

/* Plain node: number of slots ever used (1) ‖ keys; an all-zero key is an empty or shredded slot. */
typedef struct vpi_node {
    uint8_t n_used;
    uint8_t keys[VPI_NODE_KEYS][VPI_KEY_BYTES];
} vpi_node;

/* Everything secret, in one guarded allocation. */
typedef struct vpi_tree_secrets {
    vpi_root_record root;   /* in force */
    vpi_root_record next;   /* being put in force */
    vpi_root_record loaded; /* as read from the store */
    uint8_t key[VPI_KEY_BYTES];
    uint8_t top_old[VPI_KEY_BYTES]; /* the key the top node is sealed under … */
    uint8_t top_new[VPI_KEY_BYTES]; /* … and will be */
    uint8_t child_old[VPI_TREE_LEVELS_MAX][VPI_KEY_BYTES];
    vpi_node node[VPI_TREE_LEVELS_MAX]; /* one per level of the path at hand */
} vpi_tree_secrets;

struct vpi_tree {
    vpi_database *database;
    vpriv_root_store *store;
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    bool settled;  /* the root in memory is the one in force */
    bool creating; /* the store has not got its first record */
    /* While keeps_path: what secrets->node holds from the top down to known_from, at these places. */
    bool keeps_path;
    int top;
    int known_from; /* VPI_TREE_LEVELS_MAX: nothing is known */
    uint64_t known_index[VPI_TREE_LEVELS_MAX];
    vpi_tree_secrets *secrets;
};

/* All of these use secrets->top_old, and apply also top_new. */
vpriv_status vpi_tree_write_first(vpi_tree *tree);
vpriv_status vpi_tree_find(vpi_tree *tree, uint64_t slot, uint8_t key_out[VPI_KEY_BYTES]);
vpriv_status vpi_tree_next_slot(vpi_tree *tree, uint64_t *slot_out);
/* Add levels until n_slots fit. */
vpriv_status vpi_tree_grow_to(vpi_tree *tree, uint64_t n_slots);
/* Set or clear slots; `rekey` gives every node on the paths a fresh key. Sorts the changes. */
vpriv_status vpi_tree_apply(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes, bool rekey);
vpriv_status vpi_tree_walk(
    vpi_tree *tree, vpi_tree_damaged_fn damaged, void *user, uint64_t *n_keys_out);

#endif
