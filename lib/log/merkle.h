/* A Merkle tree as in RFC 6962, section 2, over a store of complete subtrees.
 *
 * The node (level, index) is the hash over the leaves index·2^level to (index+1)·2^level - 1; level
 * 0 holds the leaf hashes. Nodes are written once and never change, so a table with (level, index)
 * as its key serves. Every call reads and hashes O(log size) nodes. */
#ifndef VPI_LOG_MERKLE_H
#define VPI_LOG_MERKLE_H

#include "base/status.h"
#include <voicepriv/log.h>

typedef vpriv_status (*vpi_merkle_get_fn)(
    void *user, uint32_t level, uint64_t index, uint8_t *hash_out);
typedef vpriv_status (*vpi_merkle_put_fn)(
    void *user, uint32_t level, uint64_t index, const uint8_t *hash);

typedef struct vpi_merkle_store {
    vpi_merkle_get_fn get;
    vpi_merkle_put_fn put;
    void *user;
} vpi_merkle_store;

/* Sizes are signed 64-bit numbers in databases and in other implementations. */
#define VPI_MERKLE_SIZE_MAX ((uint64_t)INT64_MAX)

/* Add the leaf with the number `size` (the tree's size before). Puts the leaf and every subtree it
 * completes; the caller makes that one transaction. VPRIV_E_LIMIT when the tree is full. */
vpriv_status vpi_merkle_append(
    const vpi_merkle_store *store, uint64_t size, const uint8_t *leaf_hash);

/* The root over the first `size` leaves; the hash of nothing for 0. */
vpriv_status vpi_merkle_root(const vpi_merkle_store *store, uint64_t size, uint8_t *root_out);

/* Proofs of up to VPRIV_LOG_PROOF_HASHES_MAX hashes of VPRIV_LOG_HASH_BYTES each, in the order in
 * which vpriv_log_verify_…() take them. VPRIV_E_ARG when index >= size or size1 > size2. */
vpriv_status vpi_merkle_inclusion(const vpi_merkle_store *store, uint64_t index, uint64_t size,
    uint8_t *proof_out, size_t *n_hashes_out);
vpriv_status vpi_merkle_consistency(const vpi_merkle_store *store, uint64_t size1, uint64_t size2,
    uint8_t *proof_out, size_t *n_hashes_out);

/* SHA-256(0x01 ‖ left ‖ right). parent_out may be either. */
void vpi_merkle_parent(const uint8_t *left, const uint8_t *right, uint8_t *parent_out);

#endif
