/* Keyrings and capture credentials. The digest at the end is put right. */
#include "fuzz/file.h"
#include "keys/keyring.h"
#include <sodium.h>
#include <unistd.h>

#define DIGEST_BYTES 32
#define FILE_BYTES   4096

static void setup(void)
{
    const uint8_t vault_id[VPI_VAULT_ID_BYTES] = {7};
    uint8_t bytes[FILE_BYTES];
    for (int kind = 0; kind < 2; kind++) {
        vpriv_keyring *ring = NULL;
        fuzz_must(vpi_keyring_create(vault_id, &ring));
        vpi_keyring_generate(ring, 2);
        vpi_keyring_generate(ring, 17);
        ring->is_capture_credential = kind == 1;
        if (kind == 1)
            memset(ring->secret_key, 0, sizeof ring->secret_key);
        unlink(file_path());
        fuzz_must(vpriv_keyring_save(ring, file_path()));
        fuzz_seed(bytes, file_read(bytes, sizeof bytes) - DIGEST_BYTES);
        vpriv_keyring_close(ring);
    }
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t file[FILE_BYTES + DIGEST_BYTES], again[FILE_BYTES + DIGEST_BYTES];
    vpriv_keyring *ring = NULL;
    if (n_bytes)
        memcpy(file, data, n_bytes);
    crypto_generichash(file + n_bytes, DIGEST_BYTES, file, n_bytes, NULL, 0);
    file_fill(file, n_bytes + DIGEST_BYTES);
    if (vpriv_keyring_load(file_path(), &ring) != VPRIV_OK)
        return;
    fuzz_check(!vpriv_keyring_is_capture_credential(ring) || vpriv_keyring_purposes(ring) == 0);
    unlink(file_path());
    fuzz_must(vpriv_keyring_save(ring, file_path()));
    const size_t n_again = file_read(again, sizeof again);
    fuzz_check_same(file, n_bytes + DIGEST_BYTES, again, n_again);
    vpriv_keyring_close(ring);
}

const fuzz_target fuzz_keyring = {"keyring", setup, one, FILE_BYTES, 0};
