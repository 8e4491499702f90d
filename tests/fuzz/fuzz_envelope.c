/* What a recorder without the root key leaves, inside the sealed box that only the vault opens. The front is
 * put right: kind, vault and recording are checked first. */
#include "fuzz/home.h"
#include "vault/ingest.h"
#include <sodium.h>

#define FRONT_BYTES (1 + VPI_VAULT_ID_BYTES + VPI_RECORDING_ID_BYTES)

static const uint8_t *body;
static size_t n_body;
static int kind_to_swap; /* 0: none; −1: as a seed */
static unsigned n_swapped;

int __real_crypto_box_seal_open(unsigned char *plain, const unsigned char *sealed,
    unsigned long long n_sealed, const unsigned char *public_key, const unsigned char *secret_key);
int __wrap_crypto_box_seal_open(unsigned char *plain, const unsigned char *sealed,
    unsigned long long n_sealed, const unsigned char *public_key, const unsigned char *secret_key);
int __wrap_crypto_box_seal_open(unsigned char *plain, const unsigned char *sealed,
    unsigned long long n_sealed, const unsigned char *public_key, const unsigned char *secret_key)
{
    const int code = __real_crypto_box_seal_open(plain, sealed, n_sealed, public_key, secret_key);
    if (code != 0 || n_sealed < crypto_box_SEALBYTES + FRONT_BYTES)
        return code;
    const size_t n_plain = (size_t)n_sealed - crypto_box_SEALBYTES;
    if (kind_to_swap < 0)
        fuzz_seed(plain + FRONT_BYTES, n_plain - FRONT_BYTES);
    if (kind_to_swap != plain[0])
        return code;
    n_swapped++;
    memset(plain + FRONT_BYTES, 0, n_plain - FRONT_BYTES);
    memcpy(
        plain + FRONT_BYTES, body, n_body < n_plain - FRONT_BYTES ? n_body : n_plain - FRONT_BYTES);
    return code;
}

static void setup(void)
{
    home_open();
    home_begin();
    kind_to_swap = -1;
    fuzz_must(vpi_ingest_adopt_all(fuzz_home.vault));
    kind_to_swap = 0;
    home_undo();
    fuzz_check(fuzz_n_seeds == 2);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpi_recording recording;
    body = data;
    n_body = n_bytes;
    for (int kind = VPI_INGEST_COMMIT; kind <= VPI_INGEST_FINISH; kind++) {
        home_begin();
        n_swapped = 0;
        kind_to_swap = kind;
        (void)vpi_ingest_adopt_all(fuzz_home.vault);
        kind_to_swap = 0;
        fuzz_check(n_swapped == 1);
        if (vpi_recording_find(fuzz_home.vault, fuzz_home.pending, &recording) == VPRIV_OK)
            fuzz_check(recording.tag.n_subjects <= VPI_SUBJECTS_MAX);
        home_undo();
    }
}

const fuzz_target fuzz_envelope = {"envelope", setup, one, 8192, 600};
