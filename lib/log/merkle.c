#include "log/merkle.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define HASH_BYTES VPRIV_LOG_HASH_BYTES

void vpi_merkle_parent(const uint8_t *left, const uint8_t *right, uint8_t *parent_out)
{
    uint8_t input[1 + 2 * HASH_BYTES] = {0x01};
    memcpy(input + 1, left, HASH_BYTES);
    memcpy(input + 1 + HASH_BYTES, right, HASH_BYTES);
    crypto_hash_sha256(parent_out, input, sizeof input);
}

vpriv_status vpi_merkle_append(
    const vpi_merkle_store *store, uint64_t size, const uint8_t *leaf_hash)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t hash[HASH_BYTES], left[HASH_BYTES];
    VPI_ENSURE(size < VPI_MERKLE_SIZE_MAX, VPRIV_E_LIMIT, "log: full");
    memcpy(hash, leaf_hash, HASH_BYTES);
    VPI_TRY(store->put(store->user, 0, size, hash));
    uint32_t level = 0;
    for (uint64_t index = size; index & 1; index >>= 1) {
        VPI_TRY(store->get(store->user, level, index - 1, left));
        vpi_merkle_parent(left, hash, hash);
        level++;
        VPI_TRY(store->put(store->user, level, index >> 1, hash));
    }
    st = VPRIV_OK;
out:
    return st;
}

/* The root over n leaves from `start` on, where start is a multiple of a power of two that is at
 * least n, as all ranges in proofs are: from its right, ragged end, fold the complete subtrees. */
static vpriv_status range_root(
    const vpi_merkle_store *store, uint64_t start, uint64_t n, uint8_t *root_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t root[HASH_BYTES], left[HASH_BYTES];
    bool started = false;
    uint64_t end = start + n;
    for (uint32_t level = 0; n > 0; level++, n >>= 1) {
        if ((n & 1) == 0)
            continue;
        const uint64_t index = (end >> level) - 1;
        VPI_TRY(store->get(store->user, level, index, started ? left : root));
        if (started)
            vpi_merkle_parent(left, root, root);
        started = true;
        end = index << level;
    }
    memcpy(root_out, root, HASH_BYTES);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_merkle_root(const vpi_merkle_store *store, uint64_t size, uint8_t *root_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(size <= VPI_MERKLE_SIZE_MAX, VPRIV_E_ARG, "log: size is not possible");
    if (size == 0)
        crypto_hash_sha256(root_out, NULL, 0);
    else
        VPI_TRY(range_root(store, 0, size, root_out));
    st = VPRIV_OK;
out:
    return st;
}

/* The largest power of two below n; n is at least 2. */
static uint64_t split_of(uint64_t n)
{
    uint64_t split = 1;
    while (split * 2 < n)
        split *= 2;
    return split;
}

/* Proofs are found from the root down and told from the leaf up. */
static void reverse(uint8_t *hashes, size_t n_hashes)
{
    uint8_t kept[HASH_BYTES];
    for (size_t i = 0; i < n_hashes / 2; i++) {
        uint8_t *low = hashes + i * HASH_BYTES;
        uint8_t *high = hashes + (n_hashes - 1 - i) * HASH_BYTES;
        memcpy(kept, low, HASH_BYTES);
        memcpy(low, high, HASH_BYTES);
        memcpy(high, kept, HASH_BYTES);
    }
}

vpriv_status vpi_merkle_inclusion(const vpi_merkle_store *store, uint64_t index, uint64_t size,
    uint8_t *proof_out, size_t *n_hashes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH_BYTES];
    size_t n_hashes = 0;
    VPI_ENSURE(size <= VPI_MERKLE_SIZE_MAX && index < size, VPRIV_E_ARG,
        "log: no leaf %llu among %llu", (unsigned long long)index, (unsigned long long)size);
    uint64_t start = 0, n = size;
    while (n > 1) {
        const uint64_t split = split_of(n);
        uint8_t *sibling = proof + n_hashes++ * HASH_BYTES;
        if (index - start < split) {
            VPI_TRY(range_root(store, start + split, n - split, sibling));
            n = split;
        } else {
            VPI_TRY(range_root(store, start, split, sibling));
            start += split;
            n -= split;
        }
    }
    reverse(proof, n_hashes);
    memcpy(proof_out, proof, n_hashes * HASH_BYTES);
    *n_hashes_out = n_hashes;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_merkle_consistency(const vpi_merkle_store *store, uint64_t size1, uint64_t size2,
    uint8_t *proof_out, size_t *n_hashes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH_BYTES];
    size_t n_hashes = 0;
    VPI_ENSURE(size1 <= size2 && size2 <= VPI_MERKLE_SIZE_MAX, VPRIV_E_ARG,
        "log: no step from %llu to %llu leaves", (unsigned long long)size1,
        (unsigned long long)size2);
    uint64_t start = 0, n = size2;
    bool is_old_root = true; /* the range that is left is the whole old tree, known to all */
    while (size1 > 0 && size1 - start != n) {
        const uint64_t split = split_of(n);
        uint8_t *sibling = proof + n_hashes++ * HASH_BYTES;
        if (size1 - start <= split) {
            VPI_TRY(range_root(store, start + split, n - split, sibling));
            n = split;
        } else {
            VPI_TRY(range_root(store, start, split, sibling));
            start += split;
            n -= split;
            is_old_root = false;
        }
    }
    if (size1 > 0 && !is_old_root)
        VPI_TRY(range_root(store, start, n, proof + n_hashes++ * HASH_BYTES));
    reverse(proof, n_hashes);
    memcpy(proof_out, proof, n_hashes * HASH_BYTES);
    *n_hashes_out = n_hashes;
    st = VPRIV_OK;
out:
    return st;
}
