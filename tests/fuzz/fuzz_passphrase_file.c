/* Root key files behind a passphrase or a recovery key. The digest is put right; Argon2id is a hash here, so
 * that its cost, which the file names, is not the time of a try. */
#include "fuzz/file.h"
#include "keys/root.h"
#include <sodium.h>

#define SLOT_BYTES 4096
#define USED_BYTES 1024

static uint8_t made[2 * SLOT_BYTES];
static char recovery_key[VPRIV_RECOVERY_KEY_TEXT_BYTES];
static size_t head_bytes;

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long n_out, const char *passphrase,
    unsigned long long n_passphrase, const unsigned char *salt, unsigned long long n_passes,
    size_t memory, int algorithm);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long n_out, const char *passphrase,
    unsigned long long n_passphrase, const unsigned char *salt, unsigned long long n_passes,
    size_t memory, int algorithm)
{
    fuzz_check(n_passes <= 1000 && memory <= UINT64_C(1) << 32);
    (void)algorithm;
    return crypto_generichash(out, (size_t)n_out, (const uint8_t *)passphrase, n_passphrase, salt,
        crypto_pwhash_SALTBYTES);
}

/* The digest is where the zeros begin, less its own bytes. */
static void setup(void)
{
    vpriv_root_store *store = NULL;
    const vpi_root_record record = {.vault_id = {1}, .generation = 5, .key = {2}};
    fuzz_must(vpriv_root_passphrase_open(file_path(), "mellon", 6, NULL, &store));
    fuzz_must(vpi_root_replace(store, &record));
    fuzz_must(vpriv_root_recovery_key(store, "mellon", 6, recovery_key));
    vpriv_root_close(store);
    fuzz_check(file_read(made, sizeof made) == sizeof made);
    const size_t at = sodium_is_zero(made, SLOT_BYTES) ? SLOT_BYTES : 0;
    memmove(made, made + at, SLOT_BYTES);
    for (head_bytes = USED_BYTES; head_bytes > 32; head_bytes--) {
        uint8_t digest[32];
        crypto_generichash(digest, sizeof digest, made, head_bytes, NULL, 0);
        if (memcmp(digest, made + head_bytes, sizeof digest) == 0)
            break;
    }
    fuzz_check(head_bytes > 32);
    fuzz_seed(made, head_bytes);
}

static void try_store(vpriv_root_store *store)
{
    vpi_root_record record = {0}, same = {0};
    if (vpi_root_load(store, &record) == VPRIV_OK) {
        record.generation++;
        fuzz_must(vpi_root_replace(store, &record));
        fuzz_must(vpi_root_load(store, &same));
        fuzz_check(memcmp(&record, &same, sizeof record) == 0);
    }
    vpriv_root_close(store);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t file[2 * SLOT_BYTES] = {0};
    vpriv_root_store *store = NULL;
    const size_t n = n_bytes < head_bytes ? n_bytes : head_bytes;
    memcpy(file, made, head_bytes);
    if (n)
        memcpy(file, data, n);
    crypto_generichash(file + head_bytes, 32, file, head_bytes, NULL, 0);
    file_fill(file, sizeof file);
    if (vpriv_root_passphrase_open(file_path(), "mellon", 6, NULL, &store) == VPRIV_OK)
        try_store(store);
    file_fill(file, sizeof file);
    if (vpriv_root_recovery_open(file_path(), recovery_key, &store) == VPRIV_OK)
        try_store(store);
}

const fuzz_target fuzz_passphrase_file = {"passphrase_file", setup, one, USED_BYTES, 0};
