/* The Merkle tree against the published roots and proofs of Certificate Transparency (the eight
 * leaves and their proofs are in the tests of certificate-transparency and transparency-dev/merkle)
 * and against a slow, recursive reading of RFC 6962, section 2.1, written here for the purpose. */
#include "log/merkle.h"
#include "unit.h"
#include <sodium.h>

#define HASH   VPRIV_LOG_HASH_BYTES
#define LEAVES 130
#define LEVELS 9

typedef struct shelf {
    uint8_t nodes[LEVELS][LEAVES][HASH];
    bool is_there[LEVELS][LEAVES];
    size_t n_gets;
    vpriv_status failure;
} shelf;

static shelf tree;
static uint8_t leaves[LEAVES][HASH];

static vpriv_status shelf_get(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    shelf *at = user;
    at->n_gets++;
    if (at->failure)
        return at->failure;
    ck_assert(level < LEVELS && index < LEAVES && at->is_there[level][index]);
    memcpy(hash_out, at->nodes[level][index], HASH);
    return VPRIV_OK;
}

static vpriv_status shelf_put(void *user, uint32_t level, uint64_t index, const uint8_t *hash)
{
    shelf *at = user;
    if (at->failure)
        return at->failure;
    ck_assert(level < LEVELS && index < LEAVES && !at->is_there[level][index]);
    memcpy(at->nodes[level][index], hash, HASH);
    at->is_there[level][index] = true;
    return VPRIV_OK;
}

static const vpi_merkle_store store = {shelf_get, shelf_put, &tree};

static void grow_to(uint64_t n_leaves)
{
    memset(&tree, 0, sizeof tree);
    for (uint64_t i = 0; i < n_leaves; i++)
        ck_ok(vpi_merkle_append(&store, i, leaves[i]));
}

static void hash_leaf(const void *data, size_t n_bytes, uint8_t *hash_out)
{
    uint8_t input[64] = {0};
    ck_assert_uint_lt(n_bytes, sizeof input);
    if (n_bytes)
        memcpy(input + 1, data, n_bytes);
    crypto_hash_sha256(hash_out, input, n_bytes + 1);
}

static void make_leaves(void)
{
    for (uint8_t i = 0; i < LEAVES; i++)
        hash_leaf(&i, 1, leaves[i]);
}

/* ---- RFC 6962, word for word ---- */

static uint64_t k_of(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n)
        k = 2 * k;
    return k;
}

static void mth(uint64_t from, uint64_t to, uint8_t *out)
{
    uint8_t pair[1 + 2 * HASH] = {1};
    if (to - from == 0)
        crypto_hash_sha256(out, NULL, 0);
    else if (to - from == 1)
        memcpy(out, leaves[from], HASH);
    else {
        const uint64_t k = k_of(to - from);
        mth(from, from + k, pair + 1);
        mth(from + k, to, pair + 1 + HASH);
        crypto_hash_sha256(out, pair, sizeof pair);
    }
}

static size_t path(uint64_t m, uint64_t from, uint64_t to, uint8_t *out)
{
    if (to - from == 1)
        return 0;
    const uint64_t k = k_of(to - from);
    const size_t n = m < k ? path(m, from, from + k, out) : path(m - k, from + k, to, out);
    if (m < k)
        mth(from + k, to, out + n * HASH);
    else
        mth(from, from + k, out + n * HASH);
    return n + 1;
}

static size_t subproof(uint64_t m, uint64_t from, uint64_t to, bool b, uint8_t *out)
{
    if (m == to - from) {
        if (!b)
            mth(from, to, out);
        return b ? 0 : 1;
    }
    const uint64_t k = k_of(to - from);
    const size_t n =
        m <= k ? subproof(m, from, from + k, b, out) : subproof(m - k, from + k, to, false, out);
    if (m <= k)
        mth(from + k, to, out + n * HASH);
    else
        mth(from, from + k, out + n * HASH);
    return n + 1;
}

/* ---- published vectors ---- */

static const struct {
    const char *hex;
    size_t n_bytes;
    const char *root; /* of the tree that ends with this leaf */
} published[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f", 16,
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

#define H_LEAF_0 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define H_LEAF_1 "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define H_LEAF_4 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
#define H_0_TO_1 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define H_2_TO_3 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define H_4_TO_5 "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define H_6_TO_7 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define H_0_TO_3 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
#define H_4_TO_7 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

typedef struct vector {
    uint64_t first; /* index, or the older size */
    uint64_t size;
    const char *proof; /* hashes in hex, one after the other */
} vector;

static const vector inclusions[] = {
    {0, 1, ""},
    {0, 8, H_LEAF_1 H_2_TO_3 H_4_TO_7},
    {5, 8, H_LEAF_4 H_6_TO_7 H_0_TO_3},
    {2, 3, H_0_TO_1},
    {1, 5, H_LEAF_0 H_2_TO_3 H_LEAF_4},
};

static const vector consistencies[] = {
    {1, 1, ""},
    {1, 8, H_LEAF_1 H_2_TO_3 H_4_TO_7},
    {6, 8, H_4_TO_5 H_6_TO_7 H_0_TO_3},
    {2, 5, H_2_TO_3 H_LEAF_4},
};

static size_t from_hex(const char *hex, uint8_t *bytes_out, size_t capacity)
{
    size_t n_bytes = 0;
    ck_assert_int_eq(
        sodium_hex2bin(bytes_out, capacity, hex, strlen(hex), NULL, &n_bytes, NULL), 0);
    return n_bytes;
}

static void make_published_leaves(void)
{
    uint8_t data[16];
    for (size_t i = 0; i < 8; i++)
        hash_leaf(data, from_hex(published[i].hex, data, sizeof data), leaves[i]);
}

START_TEST(merkle_gives_the_published_roots)
{
    uint8_t root[HASH], wanted[HASH];
    make_published_leaves();
    grow_to(8);
    for (size_t i = 0; i < 8; i++) {
        from_hex(published[i].root, wanted, sizeof wanted);
        ck_ok(vpi_merkle_root(&store, i + 1, root));
        ck_assert_mem_eq(root, wanted, HASH);
    }
    from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", wanted, HASH);
    ck_ok(vpi_merkle_root(&store, 0, root));
    ck_assert_mem_eq(root, wanted, HASH);
}
END_TEST

START_TEST(merkle_gives_and_accepts_the_published_inclusion_proofs)
{
    const vector *v = &inclusions[_i];
    uint8_t wanted[3 * HASH], proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root[HASH];
    size_t n = 0;
    make_published_leaves();
    grow_to(8);
    const size_t n_wanted = from_hex(v->proof, wanted, sizeof wanted) / HASH;
    from_hex(published[v->size - 1].root, root, HASH);
    ck_ok(vpi_merkle_inclusion(&store, v->first, v->size, proof, &n));
    ck_assert_uint_eq(n, n_wanted);
    ck_assert(n == 0 || memcmp(proof, wanted, n * HASH) == 0);
    ck_ok(vpriv_log_verify_inclusion(leaves[v->first], v->first, v->size, wanted, n_wanted, root));
}
END_TEST

START_TEST(merkle_gives_and_accepts_the_published_consistency_proofs)
{
    const vector *v = &consistencies[_i];
    uint8_t wanted[3 * HASH], proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root1[HASH], root2[HASH];
    size_t n = 0;
    make_published_leaves();
    grow_to(8);
    const size_t n_wanted = from_hex(v->proof, wanted, sizeof wanted) / HASH;
    from_hex(published[v->first - 1].root, root1, HASH);
    from_hex(published[v->size - 1].root, root2, HASH);
    ck_ok(vpi_merkle_consistency(&store, v->first, v->size, proof, &n));
    ck_assert_uint_eq(n, n_wanted);
    ck_assert(n == 0 || memcmp(proof, wanted, n * HASH) == 0);
    ck_ok(vpriv_log_verify_consistency(v->first, root1, v->size, root2, wanted, n_wanted));
}
END_TEST

START_TEST(merkle_agrees_with_the_naive_tree_on_every_root_and_inclusion_proof)
{
    uint8_t root[HASH], wanted_root[HASH];
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], wanted[VPRIV_LOG_PROOF_HASHES_MAX * HASH];
    make_leaves();
    grow_to(LEAVES);
    for (uint64_t size = 0; size <= LEAVES; size++) {
        ck_ok(vpi_merkle_root(&store, size, root));
        mth(0, size, wanted_root);
        ck_assert_mem_eq(root, wanted_root, HASH);
        for (uint64_t index = 0; index < size; index++) {
            size_t n = 0;
            ck_ok(vpi_merkle_inclusion(&store, index, size, proof, &n));
            ck_assert_uint_eq(n, path(index, 0, size, wanted));
            ck_assert(n == 0 || memcmp(proof, wanted, n * HASH) == 0);
            ck_ok(vpriv_log_verify_inclusion(leaves[index], index, size, proof, n, root));
        }
    }
}
END_TEST

START_TEST(merkle_agrees_with_the_naive_tree_on_every_consistency_proof)
{
    uint8_t root1[HASH], root2[HASH];
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], wanted[VPRIV_LOG_PROOF_HASHES_MAX * HASH];
    make_leaves();
    grow_to(LEAVES);
    for (uint64_t size2 = 0; size2 <= LEAVES; size2++) {
        mth(0, size2, root2);
        for (uint64_t size1 = 0; size1 <= size2; size1++) {
            size_t n = 0;
            mth(0, size1, root1);
            ck_ok(vpi_merkle_consistency(&store, size1, size2, proof, &n));
            const size_t n_wanted = size1 ? subproof(size1, 0, size2, true, wanted) : 0;
            ck_assert_uint_eq(n, n_wanted);
            ck_assert(n == 0 || memcmp(proof, wanted, n * HASH) == 0);
            ck_ok(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n));
        }
    }
}
END_TEST

#define FLIP_SIZE 13

START_TEST(merkle_every_flipped_bit_of_an_inclusion_proof_is_refused)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root[HASH], leaf[HASH];
    make_leaves();
    grow_to(FLIP_SIZE);
    for (uint64_t size = 1; size <= FLIP_SIZE; size++) {
        mth(0, size, root);
        for (uint64_t index = 0; index < size; index++) {
            size_t n = 0;
            ck_ok(vpi_merkle_inclusion(&store, index, size, proof, &n));
            for (size_t bit = 0; bit < n * HASH * 8; bit++) {
                proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(vpriv_log_verify_inclusion(leaves[index], index, size, proof, n, root),
                    VPRIV_E_AUTH);
                proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t bit = 0; bit < HASH * 8; bit++) {
                memcpy(leaf, leaves[index], HASH);
                leaf[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(
                    vpriv_log_verify_inclusion(leaf, index, size, proof, n, root), VPRIV_E_AUTH);
                root[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(vpriv_log_verify_inclusion(leaves[index], index, size, proof, n, root),
                    VPRIV_E_AUTH);
                root[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
    }
}
END_TEST

START_TEST(merkle_every_flipped_bit_of_a_consistency_proof_is_refused)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root1[HASH], root2[HASH];
    make_leaves();
    grow_to(FLIP_SIZE);
    for (uint64_t size2 = 1; size2 <= FLIP_SIZE; size2++) {
        mth(0, size2, root2);
        for (uint64_t size1 = 1; size1 < size2; size1++) {
            size_t n = 0;
            mth(0, size1, root1);
            ck_ok(vpi_merkle_consistency(&store, size1, size2, proof, &n));
            for (size_t bit = 0; bit < n * HASH * 8; bit++) {
                proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n),
                    VPRIV_E_AUTH);
                proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t bit = 0; bit < HASH * 8; bit++) {
                root1[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n),
                    VPRIV_E_AUTH);
                root1[bit / 8] ^= (uint8_t)(1 << bit % 8);
                root2[bit / 8] ^= (uint8_t)(1 << bit % 8);
                ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n),
                    VPRIV_E_AUTH);
                root2[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
    }
}
END_TEST

START_TEST(merkle_proofs_of_the_wrong_length_or_place_are_refused)
{
    uint8_t proof[(VPRIV_LOG_PROOF_HASHES_MAX + 1) * HASH], root[HASH];
    make_leaves();
    grow_to(70);
    for (uint64_t size = 1; size <= 70; size++) {
        mth(0, size, root);
        for (uint64_t index = 0; index < size; index++) {
            size_t n = 0;
            ck_ok(vpi_merkle_inclusion(&store, index, size, proof, &n));
            for (uint64_t other = 0; other < size; other++)
                if (other != index)
                    ck_fails(vpriv_log_verify_inclusion(leaves[index], other, size, proof, n, root),
                        VPRIV_E_AUTH);
            memcpy(proof + n * HASH, root, HASH);
            ck_fails(vpriv_log_verify_inclusion(leaves[index], index, size, proof, n + 1, root),
                VPRIV_E_AUTH);
            if (n > 0) {
                ck_fails(vpriv_log_verify_inclusion(leaves[index], index, size, proof, n - 1, root),
                    VPRIV_E_AUTH);
                ck_fails(vpriv_log_verify_inclusion(leaves[index], index, size, NULL, 0, root),
                    VPRIV_E_AUTH);
            }
        }
    }
}
END_TEST

START_TEST(merkle_consistency_of_the_wrong_length_or_order_is_refused)
{
    uint8_t proof[(VPRIV_LOG_PROOF_HASHES_MAX + 1) * HASH], root1[HASH], root2[HASH];
    make_leaves();
    grow_to(70);
    for (uint64_t size2 = 1; size2 <= 70; size2++) {
        mth(0, size2, root2);
        for (uint64_t size1 = 0; size1 <= size2; size1++) {
            size_t n = 0;
            mth(0, size1, root1);
            ck_ok(vpi_merkle_consistency(&store, size1, size2, proof, &n));
            memcpy(proof + n * HASH, root2, HASH);
            ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n + 1),
                VPRIV_E_AUTH);
            if (size1 < size2) {
                ck_fails(vpriv_log_verify_consistency(size1, root2, size2, root1, proof, n),
                    VPRIV_E_AUTH);
                ck_fails(vpriv_log_verify_consistency(size2, root2, size1, root1, proof, n),
                    VPRIV_E_ARG);
            }
            if (n > 0) {
                ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n - 1),
                    VPRIV_E_AUTH);
                ck_fails(vpriv_log_verify_consistency(size1, root1, size2, root2, NULL, 0),
                    VPRIV_E_AUTH);
            }
        }
    }
}
END_TEST

/* A log that lies about its size could have roots under which a longer proof hashes right. */
START_TEST(merkle_proofs_higher_than_the_tree_are_refused_though_they_hash_right)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root1[HASH], root2[HASH];
    size_t n = 0;
    make_leaves();
    grow_to(4);
    ck_ok(vpi_merkle_root(&store, 3, root1));
    ck_ok(vpi_merkle_root(&store, 4, root2));
    ck_ok(vpi_merkle_consistency(&store, 3, 4, proof, &n));
    memcpy(proof + n * HASH, leaves[9], HASH);
    vpi_merkle_parent(leaves[9], root1, root1);
    vpi_merkle_parent(leaves[9], root2, root2);
    ck_fails(vpriv_log_verify_consistency(3, root1, 4, root2, proof, n + 1), VPRIV_E_AUTH);
    ck_ok(vpi_merkle_inclusion(&store, 1, 4, proof, &n));
    memcpy(proof + n * HASH, leaves[9], HASH);
    ck_fails(vpriv_log_verify_inclusion(leaves[1], 1, 4, proof, n + 1, root2), VPRIV_E_AUTH);
}
END_TEST

START_TEST(merkle_a_rewritten_log_is_not_consistent)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root1[HASH], root2[HASH];
    size_t n = 0;
    for (uint64_t changed = 0; changed < 11; changed++) {
        make_leaves();
        mth(0, 11, root1);
        leaves[changed][0] ^= 1; /* after the checkpoint over 11 leaves */
        grow_to(23);
        ck_ok(vpi_merkle_root(&store, 23, root2));
        ck_ok(vpi_merkle_consistency(&store, 11, 23, proof, &n));
        ck_fails(vpriv_log_verify_consistency(11, root1, 23, root2, proof, n), VPRIV_E_AUTH);
    }
    make_leaves();
    memcpy(leaves[5], leaves[6], HASH); /* dropped: everything moves up by one */
    memmove(leaves[6], leaves[7], sizeof leaves - 7 * HASH);
    grow_to(23);
    ck_ok(vpi_merkle_root(&store, 23, root2));
    ck_ok(vpi_merkle_consistency(&store, 11, 23, proof, &n));
    ck_fails(vpriv_log_verify_consistency(11, root1, 23, root2, proof, n), VPRIV_E_AUTH);
}
END_TEST

/* A log whose leaves are all the same has the same hash all over a level: any size can be had. */
static vpriv_status endless_get(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    size_t *n_gets = user;
    (*n_gets)++;
    ck_assert_uint_lt(level, 64);
    ck_assert_uint_le(index, (uint64_t)INT64_MAX >> level);
    memset(hash_out, 7, HASH);
    for (uint32_t i = 0; i < level; i++)
        vpi_merkle_parent(hash_out, hash_out, hash_out);
    return VPRIV_OK;
}

START_TEST(merkle_serves_the_largest_logs_in_few_steps)
{
    static const uint64_t sizes[] = {1, 2, (UINT64_C(1) << 40) - 1, UINT64_C(1) << 40,
        (UINT64_C(1) << 40) + 1, UINT64_C(1) << 62, (UINT64_C(1) << 62) + 12345, INT64_MAX - 1,
        INT64_MAX};
    const size_t n_sizes = sizeof sizes / sizeof sizes[0];
    size_t n_gets = 0, n = 0;
    const vpi_merkle_store endless = {endless_get, NULL, &n_gets};
    uint8_t leaf[HASH], root[HASH], root1[HASH], proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH];
    memset(leaf, 7, HASH);
    for (size_t i = 0; i < n_sizes; i++) {
        const uint64_t size = sizes[i];
        const uint64_t indexes[] = {0, size / 2, size / 3, size - 1};
        ck_ok(vpi_merkle_root(&endless, size, root));
        for (size_t j = 0; j < 4; j++) {
            n_gets = 0;
            ck_ok(vpi_merkle_inclusion(&endless, indexes[j], size, proof, &n));
            ck_assert_uint_le(n_gets, 130);
            ck_ok(vpriv_log_verify_inclusion(leaf, indexes[j], size, proof, n, root));
        }
        for (size_t j = 0; j <= i; j++) {
            n_gets = 0;
            ck_ok(vpi_merkle_root(&endless, sizes[j], root1));
            ck_ok(vpi_merkle_consistency(&endless, sizes[j], size, proof, &n));
            ck_assert_uint_le(n_gets, 260);
            ck_ok(vpriv_log_verify_consistency(sizes[j], root1, size, root, proof, n));
        }
    }
    ck_fails(vpi_merkle_root(&endless, UINT64_C(1) << 63, root), VPRIV_E_ARG);
    ck_fails(vpi_merkle_append(&endless, INT64_MAX, leaf), VPRIV_E_LIMIT);
}
END_TEST

START_TEST(merkle_reads_few_nodes_per_append)
{
    make_leaves();
    memset(&tree, 0, sizeof tree);
    for (uint64_t i = 0; i < LEAVES; i++)
        ck_ok(vpi_merkle_append(&store, i, leaves[i]));
    ck_assert_uint_lt(tree.n_gets, LEAVES); /* on average less than one */
}
END_TEST

START_TEST(merkle_passes_on_what_the_store_says)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root[HASH];
    size_t n = 77;
    make_leaves();
    grow_to(5);
    tree.failure = VPRIV_E_BUSY;
    memset(root, 0xa5, sizeof root);
    ck_fails(vpi_merkle_append(&store, 5, leaves[5]), VPRIV_E_BUSY);
    ck_fails(vpi_merkle_root(&store, 5, root), VPRIV_E_BUSY);
    ck_fails(vpi_merkle_inclusion(&store, 2, 5, proof, &n), VPRIV_E_BUSY);
    ck_fails(vpi_merkle_consistency(&store, 3, 5, proof, &n), VPRIV_E_BUSY);
    ck_assert_uint_eq(n, 77);
    ck_assert_uint_eq(root[0], 0xa5);
}
END_TEST

START_TEST(merkle_bad_arguments_are_refused)
{
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * HASH], root[HASH] = {0}, empty[HASH];
    size_t n = 0;
    make_leaves();
    grow_to(5);
    ck_fails(vpi_merkle_inclusion(&store, 5, 5, proof, &n), VPRIV_E_ARG);
    ck_fails(vpi_merkle_inclusion(&store, 0, 0, proof, &n), VPRIV_E_ARG);
    ck_fails(vpi_merkle_consistency(&store, 5, 4, proof, &n), VPRIV_E_ARG);
    ck_fails(vpriv_log_leaf_hash(NULL, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_leaf_hash(root, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_inclusion(NULL, 0, 1, NULL, 0, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_inclusion(root, 0, 1, NULL, 0, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_inclusion(root, 0, 2, NULL, 1, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_inclusion(root, 0, 0, NULL, 0, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_inclusion(root, 1, 1, NULL, 0, root), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_consistency(0, NULL, 1, root, NULL, 0), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_consistency(0, root, 1, NULL, NULL, 0), VPRIV_E_ARG);
    ck_fails(vpriv_log_verify_consistency(1, root, 2, root, NULL, 1), VPRIV_E_ARG);
    /* an empty log has one root only, also when nothing was added to it */
    crypto_hash_sha256(empty, NULL, 0);
    ck_ok(vpriv_log_verify_consistency(0, empty, 0, empty, NULL, 0));
    ck_ok(vpriv_log_verify_consistency(0, empty, 9, root, NULL, 0));
    ck_fails(vpriv_log_verify_consistency(0, root, 0, root, NULL, 0), VPRIV_E_AUTH);
    ck_fails(vpriv_log_verify_consistency(0, root, 9, root, NULL, 0), VPRIV_E_AUTH);
}
END_TEST

START_TEST(merkle_leaves_and_nodes_are_hashed_apart)
{
    uint8_t commitment[HASH], leaf[HASH], wanted[HASH], pair[2 * HASH], input[1 + HASH] = {0};
    memset(commitment, 0x11, sizeof commitment);
    memset(pair, 0x11, sizeof pair);
    memset(input + 1, 0x11, HASH);
    crypto_hash_sha256(wanted, input, sizeof input);
    ck_ok(vpriv_log_leaf_hash(commitment, leaf));
    ck_assert_mem_eq(leaf, wanted, HASH);
    vpi_merkle_parent(pair, pair + HASH, leaf);
    ck_assert_mem_ne(leaf, wanted, HASH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log: merkle");
    TCase *tc = tcase_create("merkle");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, merkle_gives_the_published_roots);
    tcase_add_loop_test(tc, merkle_gives_and_accepts_the_published_inclusion_proofs, 0,
        sizeof inclusions / sizeof inclusions[0]);
    tcase_add_loop_test(tc, merkle_gives_and_accepts_the_published_consistency_proofs, 0,
        sizeof consistencies / sizeof consistencies[0]);
    tcase_add_test(tc, merkle_agrees_with_the_naive_tree_on_every_root_and_inclusion_proof);
    tcase_add_test(tc, merkle_agrees_with_the_naive_tree_on_every_consistency_proof);
    tcase_add_test(tc, merkle_every_flipped_bit_of_an_inclusion_proof_is_refused);
    tcase_add_test(tc, merkle_every_flipped_bit_of_a_consistency_proof_is_refused);
    tcase_add_test(tc, merkle_proofs_of_the_wrong_length_or_place_are_refused);
    tcase_add_test(tc, merkle_consistency_of_the_wrong_length_or_order_is_refused);
    tcase_add_test(tc, merkle_proofs_higher_than_the_tree_are_refused_though_they_hash_right);
    tcase_add_test(tc, merkle_a_rewritten_log_is_not_consistent);
    tcase_add_test(tc, merkle_serves_the_largest_logs_in_few_steps);
    tcase_add_test(tc, merkle_reads_few_nodes_per_append);
    tcase_add_test(tc, merkle_passes_on_what_the_store_says);
    tcase_add_test(tc, merkle_bad_arguments_are_refused);
    tcase_add_test(tc, merkle_leaves_and_nodes_are_hashed_apart);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
