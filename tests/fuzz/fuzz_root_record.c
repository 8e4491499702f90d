/* What a vendor's root store hands out, to a vault that is being opened. */
#include "fuzz/fuzz.h"
#include "keys/root.h"

static const uint8_t *given;
static size_t n_given;
static uint8_t kept[VPRIV_ROOT_RECORD_BYTES];

static vpriv_status load(void *user, uint8_t *record_out)
{
    (void)user;
    memset(record_out, 0, VPRIV_ROOT_RECORD_BYTES);
    if (n_given > 1)
        memcpy(record_out, given + 1,
            n_given - 1 < VPRIV_ROOT_RECORD_BYTES ? n_given - 1 : VPRIV_ROOT_RECORD_BYTES);
    return n_given ? (vpriv_status)(given[0] % 32) : VPRIV_E_NOT_FOUND;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    (void)user;
    memcpy(kept, record, sizeof kept);
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    (void)user;
    return VPRIV_OK;
}

static void setup(void)
{
    fuzz_seed("\0vault-id-16bytes\1\0\0\0\0\0\0\0key-of-thirty-two-bytes-12345678", 57);
    fuzz_seed("\5", 1);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, NULL};
    uint8_t record_bytes[VPRIV_ROOT_RECORD_BYTES];
    vpriv_root_store *store = NULL;
    vpi_root_record record;
    given = data;
    n_given = n_bytes;
    fuzz_must(vpriv_root_callbacks_open(&callbacks, &store));
    (void)vpi_root_probe(store);
    const vpriv_status st = vpi_root_load(store, &record);
    fuzz_check((st == VPRIV_OK) == (n_bytes > 0 && data[0] % 32 == 0));
    if (st == VPRIV_OK) {
        (void)load(NULL, record_bytes);
        fuzz_must(vpi_root_replace(store, &record));
        fuzz_check_same(record_bytes, sizeof record_bytes, kept, sizeof kept);
    }
    vpriv_root_close(store);
}

const fuzz_target fuzz_root_record = {"root_record", setup, one, 1 + VPRIV_ROOT_RECORD_BYTES, 0};
