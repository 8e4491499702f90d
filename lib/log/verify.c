#include "base/try.h"
#include "log/merkle.h"
#include <sodium.h>
#include <string.h>

#define HASH_BYTES VPRIV_LOG_HASH_BYTES

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HASH_BYTES) == 0;
}

vpriv_status vpriv_log_leaf_hash(const uint8_t *commitment, uint8_t *leaf_hash_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t input[1 + HASH_BYTES] = {0x00};
    VPI_ENSURE(commitment && leaf_hash_out, VPRIV_E_ARG, "log: commitment or output is NULL");
    memcpy(input + 1, commitment, HASH_BYTES);
    crypto_hash_sha256(leaf_hash_out, input, sizeof input);
    st = VPRIV_OK;
out:
    return st;
}

/* A node's number on its level, and the number of the last node there. */
typedef struct climb {
    uint64_t node;
    uint64_t last;
} climb;

/* One level up, and on past all levels where a lone last node is its own parent. */
static climb climb_from(climb at)
{
    if (at.node & 1 || at.node != at.last)
        return (climb){at.node >> 1, at.last >> 1};
    while (at.node != 0 && (at.node & 1) == 0)
        at = (climb){at.node >> 1, at.last >> 1};
    return (climb){at.node >> 1, at.last >> 1};
}

static bool has_left_sibling(climb at)
{
    return at.node & 1 || at.node == at.last;
}

vpriv_status vpriv_log_verify_inclusion(const uint8_t *leaf_hash, uint64_t index, uint64_t size,
    const uint8_t *proof, size_t n_hashes, const uint8_t *root)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t hash[HASH_BYTES];
    VPI_ENSURE(leaf_hash && root && (proof || n_hashes == 0), VPRIV_E_ARG,
        "log: leaf hash, proof or root is NULL");
    VPI_ENSURE(index < size, VPRIV_E_ARG, "log: the leaf's index is not below the size");
    memcpy(hash, leaf_hash, HASH_BYTES);
    climb at = {index, size - 1};
    for (size_t i = 0; i < n_hashes; i++, proof += HASH_BYTES) {
        VPI_ENSURE(at.last != 0, VPRIV_E_AUTH, "log: the inclusion proof does not hold");
        if (has_left_sibling(at))
            vpi_merkle_parent(proof, hash, hash);
        else
            vpi_merkle_parent(hash, proof, hash);
        at = climb_from(at);
    }
    VPI_ENSURE(
        at.last == 0 && same(hash, root), VPRIV_E_AUTH, "log: the inclusion proof does not hold");
    st = VPRIV_OK;
out:
    return st;
}

/* Both roots from one path: it starts at the largest complete subtree that ends the old tree. */
static bool roots_follow(climb at, const uint8_t *first, const uint8_t *proof, size_t n_hashes,
    const uint8_t *root1, const uint8_t *root2)
{
    uint8_t old_hash[HASH_BYTES], new_hash[HASH_BYTES];
    memcpy(old_hash, first, HASH_BYTES);
    memcpy(new_hash, first, HASH_BYTES);
    for (size_t i = 0; i < n_hashes; i++, proof += HASH_BYTES) {
        if (at.last == 0)
            return false;
        if (has_left_sibling(at)) {
            vpi_merkle_parent(proof, old_hash, old_hash);
            vpi_merkle_parent(proof, new_hash, new_hash);
        } else {
            vpi_merkle_parent(new_hash, proof, new_hash);
        }
        at = climb_from(at);
    }
    return at.last == 0 && same(old_hash, root1) && same(new_hash, root2);
}

vpriv_status vpriv_log_verify_consistency(uint64_t size1, const uint8_t *root1, uint64_t size2,
    const uint8_t *root2, const uint8_t *proof, size_t n_hashes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t empty_root[HASH_BYTES];
    bool holds = false;
    VPI_ENSURE(root1 && root2 && (proof || n_hashes == 0), VPRIV_E_ARG,
        "log: a root or the proof is NULL");
    VPI_ENSURE(size1 <= size2, VPRIV_E_ARG, "log: the older size is above the newer one");
    crypto_hash_sha256(empty_root, NULL, 0);
    if (size1 == size2) {
        holds = n_hashes == 0 && same(root1, root2) && (size1 > 0 || same(root1, empty_root));
    } else if (size1 == 0) {
        holds = n_hashes == 0 && same(root1, empty_root);
    } else {
        climb at = {size1 - 1, size2 - 1};
        while (at.node & 1)
            at = (climb){at.node >> 1, at.last >> 1};
        if (at.node == 0) /* the old tree is complete: its root is the start of the path */
            holds = n_hashes > 0 && roots_follow(at, root1, proof, n_hashes, root1, root2);
        else
            holds = n_hashes > 0 &&
                    roots_follow(at, proof, proof + HASH_BYTES, n_hashes - 1, root1, root2);
    }
    VPI_ENSURE(holds, VPRIV_E_AUTH, "log: the consistency proof does not hold");
    st = VPRIV_OK;
out:
    return st;
}
