/* Root key files and keyring files. */
#include "base/file.h"
#include "base/memory.h"
#include "keys/keyring.h"
#include "keys/root.h"
#include "vectors.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES 8192
#define SLOT_BYTES 4096

static void scratch_path(const vectors *v, char path_out[4096])
{
    snprintf(path_out, 4096, "%s/scratch", v->folder);
    unlink(path_out);
}

static void write_file(const char *path, const uint8_t *bytes, size_t n_bytes)
{
    unlink(path);
    vectors_must(vpi_file_write_new(path, bytes, n_bytes), path);
}

static void read_file(const char *path, uint8_t *bytes_out, size_t capacity, size_t *n_out)
{
    int fd = -1;
    uint64_t n_bytes = 0;
    vectors_must(vpi_file_open(path, O_RDONLY, &fd, &n_bytes), path);
    if (n_bytes > capacity)
        exit(EXIT_FAILURE);
    vectors_must(vpi_file_read_at(fd, bytes_out, (size_t)n_bytes, 0), path);
    close(fd);
    *n_out = (size_t)n_bytes;
}

/* A file as it is put there, and what the library makes of it. */
static void try_root(vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes,
    size_t n_bytes, const vpi_root_record *record)
{
    char path[4096];
    vpriv_root_store *store = NULL;
    vpi_root_record *found = NULL;
    scratch_path(v, path);
    write_file(path, bytes, n_bytes);
    vectors_must(vpi_secret_alloc(sizeof *found, (void **)&found), name);
    vectors_must(vpriv_root_file_open(path, &store), name);
    vpriv_status got = vpi_root_load(store, found);
    /* The library's own failures of a store are all VPRIV_E_ROOT; the word is the text's. */
    if (got == VPRIV_E_ROOT && !strstr(vpriv_error_detail(), "empty"))
        got = VPRIV_E_FORMAT;
    if (got == VPRIV_OK && memcmp(found, record, sizeof *found) != 0)
        got = VPRIV_E_INTERNAL;
    vectors_case(v, name, expected, got);
    if (expected == VPRIV_OK) {
        vectors_hex(v, "vault_id", record->vault_id, sizeof record->vault_id);
        vectors_number(v, "generation", record->generation);
        vectors_hex(v, "key", record->key, sizeof record->key);
    }
    vectors_hex(v, "file", bytes, n_bytes);
    vpriv_root_close(store);
    vpi_secret_free(found);
    unlink(path);
}

static void try_changed(vectors *v, const char *name, const uint8_t *good, size_t at)
{
    uint8_t bad[FILE_BYTES];
    memcpy(bad, good, sizeof bad);
    bad[at] ^= 1;
    try_root(v, name, VPRIV_E_FORMAT, bad, sizeof bad, NULL);
}

static void root_files(vectors *v)
{
    char path[4096];
    vpi_root_record record = {.generation = UINT64_C(0x0102030405)};
    uint8_t first[FILE_BYTES], second[FILE_BYTES], both[FILE_BYTES], bad[FILE_BYTES] = {0};
    static const uint8_t longer[FILE_BYTES + 1];
    size_t n = 0;
    vpriv_root_store *store = NULL;
    scratch_path(v, path);
    vectors_open(v, "root-file", "Root key files: two slots, the later whole one is in force.");
    vpi_random(record.vault_id, sizeof record.vault_id);
    vpi_random(record.key, sizeof record.key);
    vectors_must(vpriv_root_file_open(path, &store), "root file");
    vectors_must(vpi_root_replace(store, &record), "root file");
    read_file(path, first, sizeof first, &n);
    try_root(v, "a first record", VPRIV_OK, first, n, &record);
    const vpi_root_record old = record;
    record.generation++;
    vpi_random(record.key, sizeof record.key);
    write_file(path, first, sizeof first);
    vectors_must(vpi_root_replace(store, &record), "root file");
    read_file(path, second, sizeof second, &n);
    vpriv_root_close(store);
    try_root(v, "replaced", VPRIV_OK, second, n, &record);
    for (size_t i = 0; i < sizeof both; i++)
        both[i] = first[i] | second[i]; /* each in a slot of its own: power went in between */
    try_root(v, "both records", VPRIV_OK, both, n, &record);
    memcpy(bad, both, sizeof bad);
    bad[(second[0] ? 0 : SLOT_BYTES) + 40] ^= 1;
    try_root(v, "both, the later one cut", VPRIV_OK, bad, sizeof bad, &old);
    const size_t slot = second[0] ? 0 : SLOT_BYTES;
    try_changed(v, "magic", second, slot);
    try_changed(v, "vault id", second, slot + 8);
    try_changed(v, "generation", second, slot + 24);
    try_changed(v, "key", second, slot + 63);
    try_changed(v, "hash", second, slot + 95);
    try_root(v, "cut", VPRIV_E_FORMAT, second, sizeof second - 1, NULL);
    memset(bad, 0, sizeof bad);
    try_root(v, "zeros", VPRIV_E_ROOT, bad, sizeof bad, NULL);
    try_root(v, "a few zeros", VPRIV_E_ROOT, bad, 5000, NULL);
    try_root(v, "nothing", VPRIV_E_ROOT, bad, 0, NULL);
    try_root(v, "a byte too many", VPRIV_E_FORMAT, longer, sizeof longer, NULL);
    vectors_close(v);
}

static void try_keyring(
    vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes, size_t n_bytes)
{
    char path[4096];
    vpriv_keyring *ring = NULL;
    scratch_path(v, path);
    write_file(path, bytes, n_bytes);
    vectors_case(v, name, expected, vpriv_keyring_load(path, &ring));
    if (ring) {
        vectors_number(v, "kind", ring->is_capture_credential ? 2 : 1);
        vectors_hex(v, "vault_id", ring->vault_id, sizeof ring->vault_id);
        vectors_hex(
            v, "device_public_key", ring->device_public_key, sizeof ring->device_public_key);
        vectors_hex(v, "policy_key", ring->policy_key, sizeof ring->policy_key);
        vectors_number(v, "has_public", ring->has_public);
        vectors_number(v, "has_secret", ring->has_secret);
    }
    vectors_hex(v, "file", bytes, n_bytes);
    vpriv_keyring_close(ring);
    unlink(path);
}

/* One change, and the hash made right again: only the change itself is wrong. */
static void try_rehashed(vectors *v, const char *name, vpriv_status expected, const uint8_t *good,
    size_t n_bytes, size_t at, uint8_t value)
{
    uint8_t bad[4096];
    memcpy(bad, good, n_bytes);
    bad[at] = value;
    crypto_generichash(bad + n_bytes - 32, 32, bad, n_bytes - 32, NULL, 0);
    try_keyring(v, name, expected, bad, n_bytes);
}

static void keyring_files(vectors *v)
{
    char path[4096];
    uint8_t vault_id[VPI_VAULT_ID_BYTES], bytes[4096], bad[4096];
    size_t n = 0;
    vpriv_keyring *ring = NULL;
    scratch_path(v, path);
    vectors_open(v, "keyring", "Keyring files: secret keys of purposes, or a capture credential.");
    vpi_random(vault_id, sizeof vault_id);
    vectors_must(vpi_keyring_create(vault_id, &ring), "keyring");
    vpi_random(ring->device_public_key, sizeof ring->device_public_key);
    vpi_keyring_generate(ring, 2);
    vpi_keyring_generate(ring, 31);
    vectors_must(vpriv_keyring_save(ring, path), "keyring");
    read_file(path, bytes, sizeof bytes, &n);
    try_keyring(v, "secret keys", VPRIV_OK, bytes, n);
    const size_t count_at = 8 + 1 + 16 + 64, first_at = count_at + 1;
    try_rehashed(v, "not a keyring", VPRIV_E_FORMAT, bytes, n, 0, 'v');
    try_rehashed(v, "a newer one", VPRIV_E_VERSION, bytes, n, 7, '2');
    try_rehashed(v, "unknown kind", VPRIV_E_FORMAT, bytes, n, 8, 3);
    try_rehashed(v, "count too high", VPRIV_E_FORMAT, bytes, n, count_at, 3);
    try_rehashed(v, "count too low", VPRIV_E_FORMAT, bytes, n, count_at, 1);
    try_rehashed(v, "purposes out of order", VPRIV_E_FORMAT, bytes, n, first_at, 31);
    try_rehashed(v, "no such purpose", VPRIV_E_FORMAT, bytes, n, first_at + 65, 32);
    memcpy(bad, bytes, n);
    bad[n - 1] ^= 1;
    try_keyring(v, "hash", VPRIV_E_FORMAT, bad, n);
    try_keyring(v, "cut", VPRIV_E_FORMAT, bytes, n - 1);
    ring->is_capture_credential = true;
    ring->has_secret = 0;
    memset(ring->secret_key, 0, sizeof ring->secret_key);
    vpi_random(ring->policy_key, sizeof ring->policy_key);
    unlink(path);
    vectors_must(vpriv_keyring_save(ring, path), "credential");
    read_file(path, bytes, sizeof bytes, &n);
    try_keyring(v, "capture credential", VPRIV_OK, bytes, n);
    try_rehashed(v, "a credential with a secret key", VPRIV_E_FORMAT, bytes, n, n - 33, 1);
    try_rehashed(v, "secret keys beside a policy key", VPRIV_E_FORMAT, bytes, n, 8, 1);
    vpriv_keyring_close(ring);
    vectors_close(v);
}

#define PASSPHRASE "correct horse"

/* As try_root, with a passphrase or, when that is NULL, with a recovery key. */
static void try_words(vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes,
    const char *passphrase, const char *recovery_key, const vpi_root_record *record)
{
    char path[4096];
    vpriv_root_store *store = NULL;
    vpi_root_record *found = NULL;
    scratch_path(v, path);
    write_file(path, bytes, FILE_BYTES);
    vectors_must(vpi_secret_alloc(sizeof *found, (void **)&found), name);
    vpriv_status got =
        passphrase ? vpriv_root_passphrase_open(path, passphrase, strlen(passphrase), NULL, &store)
                   : vpriv_root_recovery_open(path, recovery_key, &store);
    if (got == VPRIV_OK)
        got = vpi_root_load(store, found);
    if (got == VPRIV_OK && memcmp(found, record, sizeof *found) != 0)
        got = VPRIV_E_INTERNAL;
    vectors_case(v, name, expected, got);
    if (passphrase)
        vectors_hex(v, "passphrase", passphrase, strlen(passphrase));
    else
        vectors_text(v, "recovery_key", recovery_key);
    if (expected == VPRIV_OK) {
        vectors_hex(v, "vault_id", record->vault_id, sizeof record->vault_id);
        vectors_number(v, "generation", record->generation);
        vectors_hex(v, "key", record->key, sizeof record->key);
    }
    vectors_hex(v, "file", bytes, FILE_BYTES);
    vpriv_root_close(store);
    vpi_secret_free(found);
    unlink(path);
}

static void passphrase_files(vectors *v)
{
    char path[4096], recovery_key[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    static const vpriv_passphrase_cost cost = {sizeof cost, 2, 65536};
    vpi_root_record record = {.generation = UINT64_C(0x0102030405)};
    uint8_t bytes[FILE_BYTES];
    size_t n = 0;
    vpriv_root_store *store = NULL;
    scratch_path(v, path);
    vectors_open(v, "passphrase-file", "Root key files that a passphrase or a recovery key opens.");
    vpi_random(record.vault_id, sizeof record.vault_id);
    vpi_random(record.key, sizeof record.key);
    vectors_must(
        vpriv_root_passphrase_open(path, PASSPHRASE, strlen(PASSPHRASE), &cost, &store), path);
    vectors_must(vpi_root_replace(store, &record), "passphrase file");
    read_file(path, bytes, sizeof bytes, &n);
    try_words(v, "a passphrase", VPRIV_OK, bytes, PASSPHRASE, NULL, &record);
    try_words(v, "another passphrase", VPRIV_E_AUTH, bytes, "correct house", NULL, NULL);
    write_file(path, bytes, sizeof bytes);
    vectors_must(
        vpriv_root_recovery_key(store, PASSPHRASE, strlen(PASSPHRASE), recovery_key), path);
    read_file(path, bytes, sizeof bytes, &n);
    vpriv_root_close(store);
    try_words(v, "a passphrase beside a recovery key", VPRIV_OK, bytes, PASSPHRASE, NULL, &record);
    try_words(v, "a recovery key", VPRIV_OK, bytes, NULL, recovery_key, &record);
    bytes[(bytes[0] ? 0 : SLOT_BYTES) + 200] ^= 1;
    try_words(v, "a changed bit", VPRIV_E_FORMAT, bytes, PASSPHRASE, NULL, NULL);
    vectors_close(v);
}

void vectors_files(vectors *v)
{
    vectors_randomness(2);
    root_files(v);
    keyring_files(v);
    passphrase_files(v);
}
