/* Keyring files:
 *
 *   magic "VPRIVKR1" (8) ‖ kind (1) ‖ vault id (16) ‖ device public key (32) ‖ policy key (32)
 *   ‖ count (1) ‖ count × { purpose (1) ‖ public key (32) ‖ secret key (32) } ‖ BLAKE2b-256 (32)
 *
 * kind 1 holds secret keys and a zero policy key; kind 2 is a capture credential: its secret keys are
 * zero. Purposes ascend. The digest covers everything before it and finds damage, not forgery. A
 * credential with a secret key in it is neither written nor read. */
#include "keys/keyring.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define MAGIC        "VPRIVKR"
#define MAGIC_BYTES  7
#define FILE_VERSION '1'
#define KIND_SECRET  1
#define KIND_CAPTURE 2
#define DIGEST_BYTES 32
#define ENTRY_BYTES  (1 + 2 * VPI_KEY_BYTES)
#define HEAD_BYTES   (8 + 1 + VPI_VAULT_ID_BYTES + 2 * VPI_KEY_BYTES + 1)
#define BYTES_MAX    (HEAD_BYTES + VPI_PURPOSES_MAX * ENTRY_BYTES + DIGEST_BYTES)

vpriv_status vpi_keyring_create(
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpriv_keyring **keyring_out)
{
    vpriv_keyring *keyring = NULL;
    const vpriv_status st = vpi_secret_alloc(sizeof *keyring, (void **)&keyring);
    if (st != VPRIV_OK)
        return st;
    memcpy(keyring->vault_id, vault_id, VPI_VAULT_ID_BYTES);
    *keyring_out = keyring;
    return VPRIV_OK;
}

void vpi_keyring_generate(vpriv_keyring *keyring, unsigned purpose)
{
    VPI_IMPOSSIBLE_UNLESS(purpose < VPI_PURPOSES_MAX);
    vpi_random(keyring->secret_key[purpose], VPI_KEY_BYTES);
    crypto_scalarmult_base(keyring->public_key[purpose], keyring->secret_key[purpose]);
    vpi_wipe_stack();
    keyring->has_public |= UINT32_C(1) << purpose;
    keyring->has_secret |= UINT32_C(1) << purpose;
}

static vpriv_status parse(const uint8_t *data, size_t n_bytes, vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t digest[DIGEST_BYTES];
    VPI_ENSURE(n_bytes >= 8 && memcmp(data, MAGIC, MAGIC_BYTES) == 0, VPRIV_E_FORMAT,
        "not a keyring file");
    VPI_ENSURE(
        data[MAGIC_BYTES] <= FILE_VERSION, VPRIV_E_VERSION, "the keyring is of a newer format");
    VPI_ENSURE(data[MAGIC_BYTES] == FILE_VERSION && n_bytes <= BYTES_MAX, VPRIV_E_FORMAT,
        "not a keyring file");
    VPI_ENSURE(
        n_bytes >= HEAD_BYTES + DIGEST_BYTES, VPRIV_E_FORMAT, "the keyring file is cut short");
    crypto_generichash(digest, sizeof digest, data, n_bytes - DIGEST_BYTES, NULL, 0);
    vpi_wipe_stack();
    VPI_ENSURE(sodium_memcmp(digest, data + n_bytes - DIGEST_BYTES, DIGEST_BYTES) == 0,
        VPRIV_E_FORMAT, "the keyring file is damaged");
    vpi_reader r = vpi_reader_of(data + 8, n_bytes - 8 - DIGEST_BYTES);
    const unsigned kind = vpi_get_u8(&r);
    VPI_ENSURE(
        kind == KIND_SECRET || kind == KIND_CAPTURE, VPRIV_E_FORMAT, "unknown kind of keyring");
    keyring->is_capture_credential = kind == KIND_CAPTURE;
    vpi_get_copy(&r, keyring->vault_id, VPI_VAULT_ID_BYTES);
    vpi_get_copy(&r, keyring->device_public_key, VPI_KEY_BYTES);
    vpi_get_copy(&r, keyring->policy_key, VPI_KEY_BYTES);
    VPI_ENSURE(kind == KIND_CAPTURE || sodium_is_zero(keyring->policy_key, VPI_KEY_BYTES),
        VPRIV_E_FORMAT, "the keyring file is damaged");
    const unsigned n_entries = vpi_get_u8(&r);
    int last = -1;
    for (unsigned i = 0; i < n_entries; i++) {
        const unsigned purpose = vpi_get_u8(&r);
        VPI_ENSURE(purpose < VPI_PURPOSES_MAX && (int)purpose > last, VPRIV_E_FORMAT,
            "the keyring file is damaged");
        vpi_get_copy(&r, keyring->public_key[purpose], VPI_KEY_BYTES);
        vpi_get_copy(&r, keyring->secret_key[purpose], VPI_KEY_BYTES);
        keyring->has_public |= UINT32_C(1) << purpose;
        if (kind == KIND_SECRET)
            keyring->has_secret |= UINT32_C(1) << purpose;
        else
            VPI_ENSURE(sodium_is_zero(keyring->secret_key[purpose], VPI_KEY_BYTES), VPRIV_E_FORMAT,
                "the capture credential holds a secret key");
        last = (int)purpose;
    }
    VPI_TRY(vpi_reader_finish(&r, "keyring"));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_keyring_load(const char *path, vpriv_keyring **keyring_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    static const uint8_t no_vault[VPI_VAULT_ID_BYTES];
    vpriv_keyring *keyring = NULL;
    uint8_t *data = NULL;
    uint64_t n_bytes = 0;
    int fd = -1;
    VPI_ENSURE(path && path[0] && keyring_out, VPRIV_E_ARG, "a keyring needs a path");
    VPI_TRY(vpi_file_open(path, O_RDONLY, &fd, &n_bytes));
    VPI_TRY(vpi_secret_alloc(BYTES_MAX, (void **)&data));
    /* A newer format may be longer: as much as is needed to say so. */
    VPI_TRY(vpi_file_read_at(fd, data, (size_t)(n_bytes < BYTES_MAX ? n_bytes : BYTES_MAX), 0));
    VPI_TRY(vpi_keyring_create(no_vault, &keyring));
    VPI_TRY(parse(data, (size_t)n_bytes, keyring));
    *keyring_out = keyring;
    keyring = NULL;
    st = VPRIV_OK;
out:
    if (fd >= 0)
        close(fd);
    vpi_secret_free(data);
    vpriv_keyring_close(keyring);
    return st;
}

vpriv_status vpriv_keyring_save(const vpriv_keyring *keyring, const char *path)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *data = NULL;
    VPI_ENSURE(keyring && path && path[0], VPRIV_E_ARG, "a keyring and a path are needed");
    VPI_ENSURE(!keyring->is_capture_credential ||
                   sodium_is_zero((const uint8_t *)keyring->secret_key, sizeof keyring->secret_key),
        VPRIV_E_ARG, "a capture credential holds no secret key");
    VPI_TRY(vpi_secret_alloc(BYTES_MAX, (void **)&data));
    vpi_writer w = vpi_writer_of(data, BYTES_MAX);
    vpi_put_bytes(&w, MAGIC, MAGIC_BYTES);
    vpi_put_u8(&w, FILE_VERSION);
    vpi_put_u8(&w, keyring->is_capture_credential ? KIND_CAPTURE : KIND_SECRET);
    vpi_put_bytes(&w, keyring->vault_id, VPI_VAULT_ID_BYTES);
    vpi_put_bytes(&w, keyring->device_public_key, VPI_KEY_BYTES);
    vpi_put_bytes(&w, keyring->policy_key, VPI_KEY_BYTES);
    vpi_put_u8(&w, (uint8_t)__builtin_popcount(keyring->has_public));
    for (unsigned purpose = 0; purpose < VPI_PURPOSES_MAX; purpose++) {
        if (!(keyring->has_public >> purpose & 1))
            continue;
        vpi_put_u8(&w, (uint8_t)purpose);
        vpi_put_bytes(&w, keyring->public_key[purpose], VPI_KEY_BYTES);
        vpi_put_bytes(&w, keyring->secret_key[purpose], VPI_KEY_BYTES);
    }
    crypto_generichash(w.at, DIGEST_BYTES, data, vpi_writer_used(&w), NULL, 0);
    vpi_wipe_stack();
    VPI_TRY(vpi_writer_finish(&w, "keyring"));
    VPI_TRY(vpi_file_write_new(path, data, vpi_writer_used(&w) + DIGEST_BYTES));
    st = VPRIV_OK;
out:
    vpi_secret_free(data);
    return st;
}

vpriv_status vpriv_keyring_split(
    const vpriv_keyring *keyring, uint32_t purposes, vpriv_keyring **keyring_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_keyring *part = NULL;
    VPI_ENSURE(keyring && keyring_out && purposes, VPRIV_E_ARG, "name at least one purpose");
    VPI_ENSURE((keyring->has_secret & purposes) == purposes, VPRIV_E_NO_KEY,
        "the keyring does not hold every purpose asked for");
    VPI_TRY(vpi_keyring_create(keyring->vault_id, &part));
    memcpy(part->device_public_key, keyring->device_public_key, VPI_KEY_BYTES);
    part->has_public = part->has_secret = purposes;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (purposes >> p & 1) {
            memcpy(part->public_key[p], keyring->public_key[p], VPI_KEY_BYTES);
            memcpy(part->secret_key[p], keyring->secret_key[p], VPI_KEY_BYTES);
        }
    *keyring_out = part;
    st = VPRIV_OK;
out:
    return st;
}

uint32_t vpriv_keyring_purposes(const vpriv_keyring *keyring)
{
    return keyring ? keyring->has_secret : 0;
}

bool vpriv_keyring_is_capture_credential(const vpriv_keyring *keyring)
{
    return keyring && keyring->is_capture_credential;
}

void vpriv_keyring_close(vpriv_keyring *keyring)
{
    vpi_secret_free(keyring);
}
