/* Sealing blocks, beside libsodium's own cipher at the same sizes. */
#include "base/memory.h"
#include "base/random.h"
#include "bench.h"
#include "keys/recording.h"
#include <sodium.h>
#include <string.h>

#define N_SEALS  1000
#define N_SLICES 20

static uint8_t plain[VPI_BLOCK_PLAIN_BYTES], block[VPI_BLOCK_BYTES];
static uint8_t associated[VPI_PLACE_BYTES_MAX];
static size_t n_associated;
static vpi_recording_keys *keys;
static vpi_recording_bond bond;

static void run_ours(void *user)
{
    (void)user;
    for (uint64_t i = 0; i < N_SEALS; i++)
        vpi_block_seal(keys, &bond, i, false, plain, block);
}

static void run_sodium(void *user)
{
    uint8_t nonce[24] = {0};
    (void)user;
    for (uint32_t i = 0; i < N_SEALS; i++) {
        memcpy(nonce, &i, sizeof i);
        crypto_aead_xchacha20poly1305_ietf_encrypt(block + 1, NULL, plain, sizeof plain, associated,
            n_associated, NULL, nonce, keys->block_key);
    }
}

static void run_open(void *user)
{
    (void)user;
    vpi_block_seal(keys, &bond, 7, false, plain, block);
    for (int i = 0; i < N_SEALS; i++)
        BENCH_TRY(vpi_block_open(keys, &bond, 7, false, block, sizeof block, plain));
}

void bench_seal(const bench_setting *setting)
{
    bench_contender c[] = {
        {run_ours, NULL, {0}, {0}}, {run_sodium, NULL, {0}, {0}}, {run_open, NULL, {0}, {0}}};
    double rates[3][BENCH_ROUNDS];
    uint8_t extra[VPI_RECORDING_ID_BYTES + VPI_HASH_BYTES] = {0};
    const vpi_place place = {bond.vault_id, VPI_COLUMN_BLOCK, 0, extra, sizeof extra};
    (void)setting;
    bench_group("Sealing blocks of 4,096 bytes");
    n_associated = vpi_place_encode(&place, associated);
    BENCH_TRY(vpi_secret_alloc(sizeof *keys, (void **)&keys));
    vpi_recording_keys_generate(keys);
    vpi_random(plain, sizeof plain);
    bench_race(c, 3, N_SLICES);
    for (int i = 0; i < 3; i++)
        for (int round = 0; round < BENCH_ROUNDS; round++)
            rates[i][round] = (double)N_SLICES * N_SEALS / (c[i].cpu_ns[round] * 1e-9);
    bench_row("blocks sealed per second of CPU", "1/s", rates[0], BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    bench_row(
        "libsodium's XChaCha20-Poly1305 alone", "1/s", rates[1], BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    bench_row("blocks opened per second of CPU", "1/s", rates[2], BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    bench_row_ratio("blocks sealed ÷ libsodium alone", rates[0], rates[1], BENCH_AT_LEAST, 0.97);
    vpi_secret_free(keys);
}
