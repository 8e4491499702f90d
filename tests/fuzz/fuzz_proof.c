/* Proofs about the log: those that are told are taken, and no other of the same size. */
#include "fuzz/fuzz.h"
#include "log/merkle.h"

#define LEAVES_MAX 64

static uint8_t hashes[8][LEAVES_MAX][VPRIV_LOG_HASH_BYTES];

static vpriv_status get(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    (void)user;
    memcpy(hash_out, hashes[level][index], VPRIV_LOG_HASH_BYTES);
    return VPRIV_OK;
}

static vpriv_status put(void *user, uint32_t level, uint64_t index, const uint8_t *hash)
{
    (void)user;
    memcpy(hashes[level][index], hash, VPRIV_LOG_HASH_BYTES);
    return VPRIV_OK;
}

static const vpi_merkle_store store = {get, put, NULL};

static void setup(void)
{
    for (uint8_t i = 0; i < LEAVES_MAX; i++)
        fuzz_must(vpi_merkle_append(&store, i, (uint8_t[VPRIV_LOG_HASH_BYTES]){i}));
    fuzz_seed("\x05\x0b", 2);
    fuzz_seed("\x20\x40\x03\x01", 4);
}

/* Place and size, then what is done to the proofs: byte and its change, over and over. */
static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t root1[VPRIV_LOG_HASH_BYTES], root2[VPRIV_LOG_HASH_BYTES];
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES] = {0};
    size_t n = 0;
    if (n_bytes < 2)
        return;
    const uint64_t size = 1 + data[1] % LEAVES_MAX, index = data[0] % size;
    bool changed = false;
    fuzz_must(vpi_merkle_root(&store, size, root2));
    fuzz_must(vpi_merkle_root(&store, index, root1));
    for (int kind = 0; kind < 2; kind++) {
        changed = false;
        fuzz_must(kind ? vpi_merkle_consistency(&store, index, size, proof, &n)
                       : vpi_merkle_inclusion(&store, index, size, proof, &n));
        fuzz_check(n <= VPRIV_LOG_PROOF_HASHES_MAX);
        uint8_t kept[sizeof proof];
        memcpy(kept, proof, sizeof proof);
        for (size_t i = 2; i + 1 < n_bytes && n > 0; i += 2)
            proof[(size_t)data[i] * 7 % (n * VPRIV_LOG_HASH_BYTES)] ^= data[i + 1];
        changed = memcmp(kept, proof, n * VPRIV_LOG_HASH_BYTES) != 0;
        if (n_bytes % 2 && n_bytes > 2) {
            const size_t other = data[n_bytes - 1] % (VPRIV_LOG_PROOF_HASHES_MAX + 1);
            changed |= other != n;
            n = other;
        }
        const vpriv_status st =
            kind ? vpriv_log_verify_consistency(index, root1, size, root2, proof, n)
                 : vpriv_log_verify_inclusion(hashes[0][index], index, size, proof, n, root2);
        fuzz_check((st == VPRIV_OK) == !changed);
    }
}

const fuzz_target fuzz_proof = {"proof", setup, one, 64, 0};
