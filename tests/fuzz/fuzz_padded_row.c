/* The padding inside a sealed row: length, bytes, zeros. */
#include "fuzz/fuzz.h"
#include "keys/seal.h"

#define ROW_BYTES 1024

static void setup(void)
{
    fuzz_seed("\3\0\0\0abc\0\0\0\0", 11);
    fuzz_seed("\0\0\0\0", 4);
}

/* The first byte says how much room the caller has. */
static void one(const uint8_t *data, size_t n_bytes)
{
    static const uint8_t key[VPI_KEY_BYTES] = {1}, vault[VPI_VAULT_ID_BYTES] = {2};
    const vpi_place place = {vault, VPI_COLUMN_NOTICE, 3, NULL, 0};
    uint8_t sealed[ROW_BYTES + VPI_SEAL_OVERHEAD], again[ROW_BYTES];
    if (n_bytes < 1)
        return;
    const size_t capacity = data[0] * 8U, n_plain = n_bytes - 1;
    size_t n = 0;
    uint8_t *room = malloc(capacity ? capacity : 1);
    fuzz_check(room);
    vpi_seal(key, &place, data + 1, n_plain, sealed);
    if (vpi_unseal_padded(key, &place, sealed, n_plain + VPI_SEAL_OVERHEAD, room, capacity, &n) ==
        VPRIV_OK) {
        size_t n_sealed = 0;
        fuzz_check(n + 4 <= n_plain && n_plain <= capacity);
        fuzz_must(vpi_seal_padded(key, &place, room, n, sealed, sizeof sealed, &n_sealed));
        fuzz_must(vpi_unseal(key, &place, sealed, n_sealed, again));
        /* Rows are padded to steps of 256; shorter ones are taken as well. */
        const size_t n_same =
            n_sealed - VPI_SEAL_OVERHEAD < n_plain ? n_sealed - VPI_SEAL_OVERHEAD : n_plain;
        fuzz_check(memcmp(again, data + 1, n_same) == 0);
    }
    free(room);
}

const fuzz_target fuzz_padded_row = {"padded_row", setup, one, ROW_BYTES - 300, 0};
