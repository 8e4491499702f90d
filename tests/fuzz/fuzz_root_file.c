/* Root key files of two slots. Where a slot has our magic its digest is put right. */
#include "fuzz/file.h"
#include "keys/root.h"
#include <sodium.h>

#define SLOT_BYTES 4096
#define HEAD_BYTES (8 + VPRIV_ROOT_RECORD_BYTES)

static uint8_t made[2 * SLOT_BYTES];
static char magic[9];

static void setup(void)
{
    vpriv_root_store *store = NULL;
    const vpi_root_record record = {.vault_id = {1}, .generation = 5, .key = {2}};
    fuzz_must(vpriv_root_file_open(file_path(), &store));
    fuzz_must(vpi_root_replace(store, &record));
    vpriv_root_close(store);
    fuzz_check(file_read(made, sizeof made) == sizeof made);
    const size_t at = sodium_is_zero(made, SLOT_BYTES) ? SLOT_BYTES : 0;
    memcpy(magic, made + at, 8);
    memcpy(made, made + at, SLOT_BYTES);
    fuzz_seed(made, HEAD_BYTES);
    fuzz_seed(made, SLOT_BYTES);
    memcpy(made + HEAD_BYTES, made, HEAD_BYTES);
    made[HEAD_BYTES + 24]++;
    fuzz_seed(made, 2 * HEAD_BYTES);
}

/* The two heads one behind the other, and what is behind both slots. */
static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t file[2 * SLOT_BYTES + 64] = {0}, left[sizeof file];
    const size_t n_heads = n_bytes < 2 * HEAD_BYTES ? n_bytes : 2 * HEAD_BYTES;
    const size_t n_more = n_bytes - n_heads < 64 ? n_bytes - n_heads : 64;
    vpriv_root_store *store = NULL;
    vpi_root_record record = {0}, same = {0};
    for (size_t i = 0; i < n_heads; i++)
        file[i / HEAD_BYTES * SLOT_BYTES + i % HEAD_BYTES] = data[i];
    for (int slot = 0; slot < 2; slot++) {
        uint8_t *at = file + slot * SLOT_BYTES;
        if (memcmp(at, magic, 8) == 0)
            crypto_generichash(at + HEAD_BYTES, 32, at, HEAD_BYTES, NULL, 0);
    }
    if (n_more)
        memcpy(file + 2 * SLOT_BYTES - 32, data + n_heads, n_more);
    const size_t n_file = 2 * SLOT_BYTES + (n_more > 32 ? n_more - 32 : 0);
    file_fill(file, n_file);
    fuzz_must(vpriv_root_file_open(file_path(), &store));
    const vpriv_status st = vpi_root_load(store, &record);
    if (st == VPRIV_OK) {
        fuzz_must(vpi_root_load(store, &same));
        fuzz_check(memcmp(&record, &same, sizeof record) == 0);
        /* An older record that was still there is gone. */
        fuzz_check(file_read(left, sizeof left) == 2 * SLOT_BYTES);
        fuzz_check(
            sodium_is_zero(left, SLOT_BYTES) || sodium_is_zero(left + SLOT_BYTES, SLOT_BYTES));
        record.generation++;
        fuzz_must(vpi_root_replace(store, &record));
        fuzz_must(vpi_root_load(store, &same));
        fuzz_check(record.generation == 0 || memcmp(&record, &same, sizeof record) == 0);
    } else if (vpi_root_probe(store) != VPRIV_E_NOT_FOUND) {
        fuzz_check(file_read(left, sizeof left) == n_file && memcmp(left, file, n_file) == 0);
    }
    vpriv_root_close(store);
}

const fuzz_target fuzz_root_file = {"root_file", setup, one, 2 * HEAD_BYTES + 64, 0};
