/* Keyrings: the file holds what its holder may have and not a byte more, or does not load. */
#include "base/memory.h"
#include "keys/keyring.h"
#include "test_keys_help.h"
#include <sodium.h>

#define HEAD_BYTES  (8 + 1 + 16 + 32 + 32 + 1)
#define ENTRY_BYTES 65
#define BYTES_MAX   (HEAD_BYTES + 32 * ENTRY_BYTES + 32)

static const uint8_t vault_id[VPI_VAULT_ID_BYTES] = {4, 5, 6};

/* An owner's keyring of the given purposes. */
static vpriv_keyring *make(uint32_t purposes)
{
    vpriv_keyring *keyring = NULL;
    ck_ok(vpi_keyring_create(vault_id, &keyring));
    randombytes_buf(keyring->device_public_key, VPI_KEY_BYTES);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (purposes >> p & 1)
            vpi_keyring_generate(keyring, p);
    return keyring;
}

static vpriv_keyring *make_credential(const vpriv_keyring *owner)
{
    vpriv_keyring *credential = NULL;
    ck_ok(vpi_keyring_create(vault_id, &credential));
    credential->is_capture_credential = true;
    credential->has_public = owner->has_public;
    memcpy(credential->public_key, owner->public_key, sizeof owner->public_key);
    memcpy(credential->device_public_key, owner->device_public_key, VPI_KEY_BYTES);
    randombytes_buf(credential->policy_key, VPI_KEY_BYTES);
    return credential;
}

static vpriv_keyring *reload(const vpriv_keyring *keyring, const char *path)
{
    vpriv_keyring *loaded = NULL;
    unlink(path);
    ck_ok(vpriv_keyring_save(keyring, path));
    ck_ok(vpriv_keyring_load(path, &loaded));
    return loaded;
}

static vpriv_status load(const char *path)
{
    static const char mark;
    vpriv_keyring *keyring = (vpriv_keyring *)(uintptr_t)&mark;
    const vpriv_status st = vpriv_keyring_load(path, &keyring);
    if (st == VPRIV_OK)
        vpriv_keyring_close(keyring);
    else
        ck_assert_ptr_eq(keyring, (vpriv_keyring *)(uintptr_t)&mark);
    return st;
}

/* Load these bytes with the digest made good, as a faulty writer would leave them. */
static vpriv_status load_signed(uint8_t *data, size_t n_bytes)
{
    crypto_generichash(data + n_bytes - 32, 32, data, n_bytes - 32, NULL, 0);
    help_write("signed.keyring", data, n_bytes);
    return load("signed.keyring");
}

static bool contains(const uint8_t *data, size_t n_bytes, const uint8_t *key)
{
    for (size_t at = 0; at + 8 <= VPI_KEY_BYTES; at++)
        if (memmem(data, n_bytes, key + at, 8))
            return true;
    return false;
}

START_TEST(keyring_comes_back_from_its_file_as_it_was)
{
    static const uint32_t sets[] = {0, 1, 0x80000000, 0x00010203, 0xffffffff};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        vpriv_keyring *keyring = make(sets[i]);
        vpriv_keyring *loaded = reload(keyring, "round.keyring");
        ck_assert_mem_eq(loaded, keyring, sizeof *keyring);
        ck_assert_uint_eq(vpriv_keyring_purposes(loaded), sets[i]);
        ck_assert(!vpriv_keyring_is_capture_credential(loaded));
        ck_assert_uint_eq(help_mode("round.keyring"), 0600);
        vpriv_keyring *credential = make_credential(keyring);
        vpriv_keyring *again = reload(credential, "round.credential");
        ck_assert_mem_eq(again, credential, sizeof *credential);
        ck_assert_uint_eq(vpriv_keyring_purposes(again), 0);
        ck_assert(vpriv_keyring_is_capture_credential(again));
        ck_assert_uint_eq(help_mode("round.credential"), 0600);
        vpriv_keyring_close(keyring);
        vpriv_keyring_close(loaded);
        vpriv_keyring_close(credential);
        vpriv_keyring_close(again);
    }
}
END_TEST

START_TEST(keyring_has_the_documented_bytes)
{
    static uint8_t data[BYTES_MAX + 1], wanted[BYTES_MAX];
    vpriv_keyring *keyring = make(1u << 3 | 1u << 17);
    ck_ok(vpriv_keyring_save(keyring, "bytes.keyring"));
    uint8_t *at = wanted;
    at = (uint8_t *)mempcpy(at, "VPRIVKR1\1", 9);
    at = (uint8_t *)mempcpy(at, vault_id, 16);
    at = (uint8_t *)mempcpy(at, keyring->device_public_key, 32);
    at += 32;
    *at++ = 2;
    for (unsigned p = 3; p <= 17; p += 14) {
        *at++ = (uint8_t)p;
        at = (uint8_t *)mempcpy(at, keyring->public_key[p], 32);
        at = (uint8_t *)mempcpy(at, keyring->secret_key[p], 32);
    }
    crypto_generichash(at, 32, wanted, (size_t)(at - wanted), NULL, 0);
    const size_t n = (size_t)(at + 32 - wanted);
    ck_assert_uint_eq(help_read("bytes.keyring", data, sizeof data), n);
    ck_assert_mem_eq(data, wanted, n);
    vpriv_keyring_close(keyring);
}
END_TEST

START_TEST(generated_pairs_belong_together_and_differ)
{
    vpriv_keyring *keyring = make(0xffffffff);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint8_t box[8 + crypto_box_SEALBYTES], opened[8];
        crypto_box_seal(box, (const uint8_t *)"a secret", 8, keyring->public_key[p]);
        for (unsigned q = 0; q < VPI_PURPOSES_MAX; q++)
            ck_assert_int_eq(crypto_box_seal_open(opened, box, sizeof box, keyring->public_key[q],
                                 keyring->secret_key[q]) == 0,
                p == q);
    }
    vpriv_keyring_close(keyring);
}
END_TEST

START_TEST(split_holds_exactly_what_was_asked)
{
    static uint8_t data[BYTES_MAX + 1];
    static const uint32_t wanted[] = {1u << 0, 1u << 9, 1u << 31, 1u << 0 | 1u << 9, 0x80000205};
    vpriv_keyring *owner = make(0x80000205);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        vpriv_keyring *part = NULL;
        ck_ok(vpriv_keyring_split(owner, wanted[i], &part));
        ck_assert_uint_eq(vpriv_keyring_purposes(part), wanted[i]);
        ck_assert_uint_eq(part->has_public, wanted[i]);
        ck_assert(!part->is_capture_credential);
        ck_assert_mem_eq(part->vault_id, vault_id, sizeof vault_id);
        ck_assert_mem_eq(part->device_public_key, owner->device_public_key, VPI_KEY_BYTES);
        unlink("part.keyring");
        ck_ok(vpriv_keyring_save(part, "part.keyring"));
        const size_t n = help_read("part.keyring", data, sizeof data);
        for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
            if (!(owner->has_secret >> p & 1))
                continue;
            const bool asked = wanted[i] >> p & 1;
            ck_assert_int_eq(contains(data, n, owner->secret_key[p]), asked);
            ck_assert_int_eq(contains(data, n, owner->public_key[p]), asked);
            ck_assert_int_eq(
                contains((const uint8_t *)part, sizeof *part, owner->secret_key[p]), asked);
        }
        vpriv_keyring *smaller = owner;
        ck_fails(vpriv_keyring_split(part, wanted[i] | 4, &smaller),
            wanted[i] & 4 ? VPRIV_OK : VPRIV_E_NO_KEY);
        if (smaller != owner)
            vpriv_keyring_close(smaller);
        vpriv_keyring_close(part);
    }
    vpriv_keyring_close(owner);
}
END_TEST

START_TEST(split_of_what_is_not_there_is_refused)
{
    vpriv_keyring *owner = make(5), *part = owner, *credential = make_credential(owner);
    ck_fails(vpriv_keyring_split(owner, 0, &part), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_split(NULL, 1, &part), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_split(owner, 1, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_split(owner, 2, &part), VPRIV_E_NO_KEY);
    ck_fails(vpriv_keyring_split(owner, 7, &part), VPRIV_E_NO_KEY);
    ck_fails(vpriv_keyring_split(credential, 1, &part), VPRIV_E_NO_KEY);
    ck_assert_ptr_eq(part, owner);
    ck_assert_uint_eq(vpriv_keyring_purposes(NULL), 0);
    ck_assert(!vpriv_keyring_is_capture_credential(NULL));
    vpriv_keyring_close(NULL);
    vpriv_keyring_close(owner);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(capture_credential_has_no_secret_byte_in_its_file)
{
    static uint8_t data[BYTES_MAX + 1];
    vpriv_keyring *owner = make(0xffffffff), *credential = make_credential(owner);
    ck_ok(vpriv_keyring_save(credential, "no-secret.credential"));
    const size_t n = help_read("no-secret.credential", data, sizeof data);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        ck_assert(!contains(data, n, owner->secret_key[p]));
        ck_assert(contains(data, n, owner->public_key[p])); /* the search can find */
        ck_assert(sodium_is_zero(data + HEAD_BYTES + p * ENTRY_BYTES + 33, 32));
    }
    vpriv_keyring_close(owner);
    vpriv_keyring_close(credential);
}
END_TEST

/* A capture credential that carries secrets was made by a fault: nothing may be done with it. */
START_TEST(capture_credential_with_a_secret_in_it_is_refused)
{
    static uint8_t data[BYTES_MAX + 1];
    vpriv_keyring *owner = make(6), *credential = make_credential(owner);
    memcpy(credential->secret_key[2], owner->secret_key[2], VPI_KEY_BYTES);
    ck_fails(vpriv_keyring_save(credential, "bad.credential"), VPRIV_E_ARG);
    ck_assert(!help_exists("bad.credential"));
    sodium_memzero(credential->secret_key, sizeof credential->secret_key);
    ck_ok(vpriv_keyring_save(credential, "bad.credential"));
    const size_t n = help_read("bad.credential", data, sizeof data);
    ck_ok(load_signed(data, n));
    for (size_t at = 0; at < 64; at++) {
        uint8_t *byte = data + HEAD_BYTES + at / 32 * ENTRY_BYTES + 33 + at % 32;
        *byte = 1;
        ck_fails(load_signed(data, n), VPRIV_E_FORMAT);
        *byte = 0;
    }
    vpriv_keyring_close(owner);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(keyring_flipped_cut_or_with_something_behind_is_refused)
{
    static uint8_t data[BYTES_MAX + 2];
    vpriv_keyring *keyring = make(7);
    ck_ok(vpriv_keyring_save(keyring, "whole.keyring"));
    const size_t n = help_read("whole.keyring", data, sizeof data);
    for (size_t at = 0; at < n; at++)
        for (int bit = 0; bit < 8; bit++) {
            data[at] ^= (uint8_t)(1 << bit);
            help_write("bad.keyring", data, n);
            const vpriv_status st = load("bad.keyring");
            if (at == 7 && data[7] > '1')
                ck_assert_int_eq(st, VPRIV_E_VERSION);
            else
                ck_assert_int_eq(st, VPRIV_E_FORMAT);
            data[at] ^= (uint8_t)(1 << bit);
        }
    for (size_t cut = 0; cut < n; cut++) {
        help_write("bad.keyring", data, cut);
        ck_fails(load("bad.keyring"), VPRIV_E_FORMAT);
    }
    for (int i = 0; i < 2; i++) {
        data[n] = i ? 0 : 0x5a;
        help_write("bad.keyring", data, n + 1);
        ck_fails(load("bad.keyring"), VPRIV_E_FORMAT);
        ck_fails(load_signed(data, n + 1), VPRIV_E_FORMAT);
        help_read("whole.keyring", data, sizeof data);
    }
    vpriv_keyring_close(keyring);
}
END_TEST

START_TEST(keyring_of_a_newer_format_is_named_so_however_long_it_is)
{
    static uint8_t data[4 * BYTES_MAX];
    memcpy(data, "VPRIVKR2", 8);
    help_write("newer.keyring", data, 8);
    ck_fails(load("newer.keyring"), VPRIV_E_VERSION);
    help_write("newer.keyring", data, 300);
    ck_fails(load("newer.keyring"), VPRIV_E_VERSION);
    help_write("newer.keyring", data, sizeof data);
    ck_fails(load("newer.keyring"), VPRIV_E_VERSION);
    data[7] = '1';
    help_write("newer.keyring", data, sizeof data);
    ck_fails(load("newer.keyring"), VPRIV_E_FORMAT);
    data[7] = '2';
    data[0] = 'X';
    help_write("newer.keyring", data, sizeof data);
    ck_fails(load("newer.keyring"), VPRIV_E_FORMAT);
}
END_TEST

/* The digest is good, what it covers is not. */
START_TEST(keyring_written_wrongly_is_refused)
{
    static uint8_t data[BYTES_MAX + 100], good[BYTES_MAX + 1];
    vpriv_keyring *keyring = make(7);
    ck_ok(vpriv_keyring_save(keyring, "written.keyring"));
    const size_t n = help_read("written.keyring", good, sizeof good);
    const struct {
        size_t at;
        uint8_t value;
    } faults[] = {
        {7, '0'}, /* a version that never was */
        {8, 0},
        {8, 3}, /* kinds */
        {57, 1},
        {88, 1},                            /* a policy key beside secret keys */
        {HEAD_BYTES - 1, 2},                /* fewer entries than there are */
        {HEAD_BYTES - 1, 4},                /* more entries than there are */
        {HEAD_BYTES - 1, 255},              /* more than can be */
        {HEAD_BYTES, 1},                    /* a purpose twice */
        {HEAD_BYTES, 5},                    /* purposes that do not ascend */
        {HEAD_BYTES + 2 * ENTRY_BYTES, 32}, /* a purpose that cannot be */
        {HEAD_BYTES + 2 * ENTRY_BYTES, 0xff},
    };
    memcpy(data, good, n);
    ck_ok(load_signed(data, n));
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        memcpy(data, good, n);
        data[faults[i].at] = faults[i].value;
        ck_fails(load_signed(data, n), VPRIV_E_FORMAT);
    }
    vpriv_keyring_close(keyring);
}
END_TEST

START_TEST(saving_never_replaces_a_file)
{
    static uint8_t data[100];
    vpriv_keyring *keyring = make(1);
    help_write("taken.keyring", "my letters", 10);
    ck_fails(vpriv_keyring_save(keyring, "taken.keyring"), VPRIV_E_EXISTS);
    ck_assert_uint_eq(help_read("taken.keyring", data, sizeof data), 10);
    ck_assert_mem_eq(data, "my letters", 10);
    ck_assert_int_eq(symlink("nowhere.keyring", "link.keyring"), 0);
    ck_fails(vpriv_keyring_save(keyring, "link.keyring"), VPRIV_E_EXISTS);
    ck_assert(!help_exists("nowhere.keyring"));
    ck_assert_int_eq(mkdir("folder.keyring", 0700), 0);
    ck_fails(vpriv_keyring_save(keyring, "folder.keyring"), VPRIV_E_EXISTS);
    vpriv_keyring_close(keyring);
}
END_TEST

START_TEST(paths_that_lead_nowhere_are_refused)
{
    vpriv_keyring *keyring = make(1);
    ck_fails(load("no-such.keyring"), VPRIV_E_NOT_FOUND);
    ck_fails(load(""), VPRIV_E_ARG);
    ck_fails(load(NULL), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_load("x", NULL), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_save(NULL, "x"), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_save(keyring, ""), VPRIV_E_ARG);
    ck_fails(vpriv_keyring_save(keyring, NULL), VPRIV_E_ARG);
    ck_assert_int_eq(mkdir("a-folder", 0700), 0);
    ck_fails(load("a-folder"), VPRIV_E_FORMAT);
    ck_assert_int_eq(mkfifo("a-pipe", 0600), 0);
    ck_fails(load("a-pipe"), VPRIV_E_FORMAT);
    ck_ok(vpriv_keyring_save(keyring, "real.keyring"));
    ck_assert_int_eq(symlink("real.keyring", "a-link"), 0);
    ck_fails(load("a-link"), VPRIV_E_IO);
    ck_assert_int_ne(vpriv_keyring_save(keyring, "no-folder/x.keyring"), VPRIV_OK);
    vpriv_keyring_close(keyring);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: keyrings");
    TCase *tests = tcase_create("keyring");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, keyring_comes_back_from_its_file_as_it_was);
    tcase_add_test(tests, keyring_has_the_documented_bytes);
    tcase_add_test(tests, generated_pairs_belong_together_and_differ);
    tcase_add_test(tests, split_holds_exactly_what_was_asked);
    tcase_add_test(tests, split_of_what_is_not_there_is_refused);
    tcase_add_test(tests, capture_credential_has_no_secret_byte_in_its_file);
    tcase_add_test(tests, capture_credential_with_a_secret_in_it_is_refused);
    tcase_add_test(tests, keyring_flipped_cut_or_with_something_behind_is_refused);
    tcase_add_test(tests, keyring_of_a_newer_format_is_named_so_however_long_it_is);
    tcase_add_test(tests, keyring_written_wrongly_is_refused);
    tcase_add_test(tests, saving_never_replaces_a_file);
    tcase_add_test(tests, paths_that_lead_nowhere_are_refused);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
