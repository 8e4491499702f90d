/* A root key file that a passphrase opens: only that one, only the present one, and whatever is cut off
 * in the middle of a change, one of the two opens it. */
#include "base/memory.h"
#include "keys/recovery_key.h"
#include "keys/root_slots.h"
#include "test_keys_help.h"
#include <dlfcn.h>
#include <errno.h>
#include <sodium.h>

#define PATH       "words.root"
#define FILE_BYTES 8192
#define N_SLOT     338
#define OLD        "an old and dusty passphrase"
#define NEW        "a new one, with \xc3\xa4 in it"

static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};

static struct {
    int n_writes;
    int fail_from; /* this write and all later ones fail; −1 for none */
    int n_syncs;
    int fail_sync; /* this one fails; −1 for none */
} disk = {.fail_from = -1, .fail_sync = -1};

ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (disk.fail_from >= 0 && disk.n_writes++ >= disk.fail_from) {
        errno = EIO;
        return -1;
    }
    return real(fd, data, n_bytes, offset);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    int (*real)(int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (disk.n_syncs++ == disk.fail_sync) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

/* Who destroys while a passphrase is worked on. */
static vpriv_root_store *meanwhile;

int crypto_pwhash(unsigned char *const out, unsigned long long n_out, const char *const passphrase,
    unsigned long long n_passphrase, const unsigned char *const salt, unsigned long long passes,
    size_t memory, int algorithm)
{
    int (*real)(unsigned char *, unsigned long long, const char *, unsigned long long,
        const unsigned char *, unsigned long long, size_t, int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "crypto_pwhash");
    if (meanwhile)
        help_put(meanwhile, 3);
    return real(out, n_out, passphrase, n_passphrase, salt, passes, memory, algorithm);
}

static vpi_root_record record_of(uint64_t generation)
{
    vpi_root_record record;
    help_record(generation, &record);
    return record;
}

static vpriv_status open_with(const char *passphrase, vpriv_root_store **store_out)
{
    return vpriv_root_passphrase_open(PATH, passphrase, strlen(passphrase), &cheap, store_out);
}

static vpriv_root_store *must_open(const char *passphrase)
{
    vpriv_root_store *store = NULL;
    ck_ok(open_with(passphrase, &store));
    return store;
}

static void assert_opens(const char *passphrase, uint64_t generation)
{
    vpriv_root_store *store = must_open(passphrase);
    help_assert_holds(store, generation);
    vpriv_root_close(store);
}

static void assert_refused(const char *passphrase, vpriv_status status)
{
    vpriv_root_store *store = NULL;
    ck_fails(open_with(passphrase, &store), status);
    ck_assert_ptr_null(store);
}

static vpriv_status change(vpriv_root_store *store, const char *passphrase)
{
    return vpriv_root_passphrase_change(store, passphrase, strlen(passphrase), &cheap);
}

static void make_file(uint64_t generation)
{
    vpriv_root_store *store = must_open(OLD);
    help_put(store, generation);
    vpriv_root_close(store);
}

START_TEST(only_the_passphrase_opens_it)
{
    vpriv_root_store *store = must_open(OLD);
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    ck_assert_int_ne(access(PATH, F_OK), 0); /* no file before there is a key to keep */
    for (uint64_t generation = 1; generation <= 5; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
    }
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_BEST_EFFORT);
    vpriv_root_close(store);
    assert_opens(OLD, 5);
    assert_refused(NEW, VPRIV_E_AUTH);
    assert_refused("an old and dusty passphras", VPRIV_E_AUTH);
    assert_refused("", VPRIV_E_ARG);
    store = must_open(OLD);
    ck_ok(vpriv_root_destroy(store));
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    vpriv_root_close(store);
}
END_TEST

START_TEST(nothing_of_the_record_is_in_the_file)
{
    static uint8_t bytes[FILE_BYTES + 1];
    const vpi_root_record record = record_of(7);
    make_file(7);
    const size_t n = help_read(PATH, bytes, sizeof bytes);
    ck_assert_uint_eq(n, FILE_BYTES);
    for (size_t at = 0; at + 4 <= sizeof record.key; at++)
        ck_assert_ptr_null(memmem(bytes, n, record.key + at, 4));
}
END_TEST

/* What a passphrase leads to in a copy of the file, by the format. */
static void file_key_of(const uint8_t *file, const char *passphrase, uint8_t *key_out)
{
    static const uint8_t no_vault[VPI_VAULT_ID_BYTES];
    const uint8_t *slot = file[0] ? file : file + FILE_BYTES / 2;
    const uint8_t *body = slot + 8;
    const vpi_place place = {no_vault, VPI_COLUMN_ROOT_FILE_KEY, 0, body + 24, 32};
    uint8_t derived[VPI_KEY_BYTES];
    ck_assert_int_eq(
        crypto_pwhash(derived, sizeof derived, passphrase, strlen(passphrase), body + 40,
            cheap.n_passes, (size_t)cheap.memory_bytes, crypto_pwhash_ALG_ARGON2ID13),
        0);
    ck_ok(vpi_unseal(derived, &place, body + 56, VPI_KEY_BYTES + VPI_SEAL_OVERHEAD, key_out));
}

/* Old copies of the file with the old passphrase lead to a key that opens nothing later. */
START_TEST(a_changed_passphrase_is_the_only_one)
{
    static uint8_t before[FILE_BYTES + 1], after[FILE_BYTES + 1];
    uint8_t old_key[VPI_KEY_BYTES], new_key[VPI_KEY_BYTES];
    vpriv_root_store *other = NULL;
    vpi_root_record record;
    make_file(3);
    help_read(PATH, before, sizeof before);
    vpriv_root_store *store = must_open(OLD);
    other = must_open(OLD);
    ck_ok(change(store, NEW));
    help_assert_holds(store, 3); /* the store that changed it goes on */
    help_put(store, 4);
    ck_fails(vpi_root_load(other, &record), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "changed meanwhile"));
    record = record_of(9);
    ck_fails(vpi_root_replace(other, &record), VPRIV_E_ROOT); /* and spoils nothing */
    vpriv_root_close(other);
    vpriv_root_close(store);
    assert_refused(OLD, VPRIV_E_AUTH);
    assert_opens(NEW, 4);

    file_key_of(before, OLD, old_key);
    help_read(PATH, after, sizeof after);
    file_key_of(after, NEW, new_key);
    ck_assert_mem_ne(old_key, new_key, sizeof old_key);
}
END_TEST

START_TEST(a_recovery_key_opens_it_until_there_is_another)
{
    char first[VPRIV_RECOVERY_KEY_TEXT_BYTES], second[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    vpriv_root_store *store = NULL;
    make_file(3);
    ck_fails(vpriv_root_recovery_open(PATH, "0000-0000", &store), VPRIV_E_FORMAT);
    store = must_open(OLD);
    ck_fails(vpriv_root_recovery_key(store, NEW, strlen(NEW), first), VPRIV_E_AUTH);
    ck_ok(vpriv_root_recovery_key(store, OLD, strlen(OLD), first));
    help_assert_holds(store, 3);
    help_put(store, 4);
    ck_ok(change(store, NEW));
    vpriv_root_close(store);

    ck_ok(vpriv_root_recovery_open(PATH, first, &store));
    help_assert_holds(store, 4);
    help_put(store, 5);
    ck_ok(change(store, OLD)); /* forgotten, and a new one set */
    vpriv_root_close(store);
    assert_opens(OLD, 5);
    assert_refused(NEW, VPRIV_E_AUTH);

    store = must_open(OLD);
    ck_ok(vpriv_root_recovery_key(store, OLD, strlen(OLD), second));
    vpriv_root_close(store);
    ck_fails(vpriv_root_recovery_open(PATH, first, &store), VPRIV_E_AUTH);
    ck_ok(vpriv_root_recovery_open(PATH, second, &store));
    help_assert_holds(store, 5);
    vpriv_root_close(store);
}
END_TEST

START_TEST(without_a_recovery_key_none_opens_it)
{
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    vpriv_root_store *store = NULL;
    uint8_t bytes[VPI_RECOVERY_BYTES] = {7};
    vpi_recovery_key_format(bytes, text);
    ck_fails(vpriv_root_recovery_open(PATH, text, &store), VPRIV_E_NOT_FOUND);
    make_file(1);
    ck_fails(vpriv_root_recovery_open(PATH, text, &store), VPRIV_E_NOT_FOUND);
}
END_TEST

START_TEST(recovery_keys_are_read_as_people_type_them)
{
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES], typed[80];
    uint8_t bytes[VPI_RECOVERY_BYTES], read[VPI_RECOVERY_BYTES];
    for (unsigned round = 0; round < 200; round++) {
        randombytes_buf(bytes, sizeof bytes);
        vpi_recovery_key_format(bytes, text);
        ck_assert_uint_eq(strlen(text), VPRIV_RECOVERY_KEY_TEXT_BYTES - 1);
        size_t n = 0;
        for (const char *at = text; *at; at++) {
            char letter = *at == '1' ? "1lI"[round % 3] : *at == '0' ? "0oO"[round % 3] : *at;
            if (letter == '-' && round % 2)
                continue;
            if (round % 5 == 0 && letter >= 'A' && letter <= 'Z')
                letter = (char)(letter + 32);
            typed[n++] = letter;
            if (round % 7 == 0)
                typed[n++] = ' ';
        }
        typed[n] = 0;
        ck_ok(vpi_recovery_key_parse(typed, read));
        ck_assert_mem_eq(read, bytes, sizeof bytes);
    }
    ck_fails(vpi_recovery_key_parse("", read), VPRIV_E_FORMAT);
    ck_fails(vpi_recovery_key_parse("ABCD-U", read), VPRIV_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "character 6"));
}
END_TEST

/* Each single digit mistyped, and each two neighbours swapped: of 32 × 31 and 31 that are not the same,
 * a check of 16 bits lets a few in 65,536 pass. */
START_TEST(mistyped_recovery_keys_are_found)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    uint8_t bytes[VPI_RECOVERY_BYTES], read[VPI_RECOVERY_BYTES];
    unsigned n_passed = 0, n = 0;
    memset(bytes, 0x5e, sizeof bytes);
    vpi_recovery_key_format(bytes, text);
    for (size_t at = 0; text[at]; at++) {
        const char right = text[at];
        for (size_t d = 0; d < 32 && right != '-'; d++) {
            if (digits[d] == right)
                continue;
            text[at] = digits[d];
            n++;
            n_passed += vpi_recovery_key_parse(text, read) == VPRIV_OK;
        }
        text[at] = right;
    }
    ck_assert_uint_eq(n, 32 * 31);
    ck_assert_uint_le(n_passed, 1);
}
END_TEST

/* Whatever is changed: an error, or the record as it was. */
START_TEST(every_changed_bit_and_every_cut_is_an_error)
{
    static uint8_t bytes[FILE_BYTES + 1];
    vpriv_root_store *store = NULL;
    unsigned n_refused = 0, n_same = 0;
    make_file(1);
    const size_t n = help_read(PATH, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 400 * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        help_write(PATH, bytes, n);
        const vpriv_status st = open_with(OLD, &store);
        if (st == VPRIV_OK) {
            help_assert_holds(store, 1);
            vpriv_root_close(store);
            n_same++;
        } else {
            ck_assert(st == VPRIV_E_FORMAT || st == VPRIV_E_AUTH);
            n_refused++;
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_uint_eq(
        n_refused, (8 + N_SLOT + 32) * 8); /* magic, bytes and hash of the slot in force */
    ck_assert_uint_eq(n_refused + n_same, 400 * 8);
    for (size_t cut = 1; cut < n; cut += cut < 500 ? 1 : 97) {
        help_write(PATH, bytes, cut);
        const vpriv_status st = open_with(OLD, &store);
        ck_assert_msg(st == VPRIV_E_FORMAT, "cut at %zu", cut);
    }
}
END_TEST

/* A file that somebody made again with a right hash over wrong words: Argon2id's cost is bound too. */
START_TEST(a_forged_cost_is_refused)
{
    static const uint64_t passes[] = {0, 2, 1001, UINT64_MAX};
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        uint8_t slot[VPI_SLOT_BYTES_MAX];
        vpi_root_slots file;
        unlink(PATH);
        make_file(1);
        ck_ok(vpi_root_slots_init(&file, PATH, "VPRIVRP1", N_SLOT));
        ck_ok(vpi_root_slots_load(&file, slot));
        slot[16]++; /* the order */
        for (int b = 0; b < 8; b++)
            slot[24 + b] = (uint8_t)(passes[i] >> (8 * b));
        ck_ok(vpi_root_slots_replace(&file, slot));
        vpi_root_slots_close(&file);
        assert_refused(OLD, passes[i] == 2 ? VPRIV_E_AUTH : VPRIV_E_FORMAT);
    }
}
END_TEST

/* Somebody who can write the file puts a recovery key of their own into it, to be given the next file key:
 * nothing in the file may be anybody else's. */
START_TEST(anything_planted_is_refused)
{
    static const size_t places[] = {0, 16, 40, 56, 129, 161, 240}; /* of each field of the body */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint8_t slot[VPI_SLOT_BYTES_MAX];
        vpi_root_slots file;
        unlink(PATH);
        make_file(1);
        ck_ok(vpi_root_slots_init(&file, PATH, "VPRIVRP1", N_SLOT));
        ck_ok(vpi_root_slots_load(&file, slot));
        slot[16]++; /* the order */
        ck_ok(vpi_root_slots_replace(&file, slot));
        assert_refused(OLD, VPRIV_E_AUTH);
        slot[16]++;
        slot[places[i]] ^= 1;
        ck_ok(vpi_root_slots_replace(&file, slot));
        vpi_root_slots_close(&file);
        assert_refused(OLD, VPRIV_E_AUTH);
    }
    /* One field at a time, with the order as it was sealed. */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        static uint8_t bytes[FILE_BYTES + 1];
        unlink(PATH);
        make_file(1);
        help_read(PATH, bytes, sizeof bytes);
        uint8_t *slot = bytes[0] ? bytes : bytes + FILE_BYTES / 2;
        slot[8 + places[i]] ^= 1;
        crypto_generichash(slot + 8 + N_SLOT, 32, slot, 8 + N_SLOT, NULL, 0);
        help_write(PATH, bytes, FILE_BYTES);
        assert_refused(OLD, VPRIV_E_AUTH);
    }
}
END_TEST

/* A change has four writes at most; from each on the disk is gone. */
START_TEST(a_cut_change_leaves_one_of_the_two)
{
    bool seen_old = false, seen_new = false;
    for (int from = 0; from < 6; from++) {
        unlink(PATH);
        make_file(2);
        vpriv_root_store *store = must_open(OLD), *again = NULL;
        disk.n_writes = 0;
        disk.fail_from = from;
        const vpriv_status st = change(store, NEW);
        disk.fail_from = -1;
        ck_assert(st == VPRIV_OK || st == VPRIV_E_IO || st == VPRIV_E_ROOT);
        help_assert_holds(store, 2); /* it goes on with what is in force */
        vpriv_root_close(store);
        const bool with_new = open_with(NEW, &again) == VPRIV_OK;
        ck_assert(with_new == (st != VPRIV_E_IO)); /* and the status says which that is */
        if (!with_new)
            ck_ok(open_with(OLD, &again));
        help_assert_holds(again, 2);
        vpriv_root_close(again);
        seen_new = seen_new || with_new;
        seen_old = seen_old || !with_new;
    }
    ck_assert(seen_old && seen_new);
}
END_TEST

/* The same for a sync that fails once; what is told about a recovery key, too. */
START_TEST(after_a_failed_sync_the_status_says_which_is_in_force)
{
    int n_failed = 0;
    for (int at = 0; at < 6; at++) {
        char text[VPRIV_RECOVERY_KEY_TEXT_BYTES] = "x";
        unlink(PATH);
        make_file(2);
        vpriv_root_store *store = must_open(OLD), *again = NULL;
        disk.n_syncs = 0;
        disk.fail_sync = at;
        const vpriv_status st = vpriv_root_recovery_key(store, OLD, strlen(OLD), text);
        disk.fail_sync = -1;
        ck_assert((text[0] != 0) == (st != VPRIV_E_IO));
        n_failed += st != VPRIV_OK;
        help_assert_holds(store, 2);
        vpriv_root_close(store);
        if (text[0])
            ck_ok(vpriv_root_recovery_open(PATH, text, &again));
        vpriv_root_close(again);
        assert_opens(OLD, 2);
    }
    ck_assert_int_ge(n_failed, 2);
}
END_TEST

/* Argon2id takes its time; who destroys does not wait for it, and is not undone. */
START_TEST(a_change_goes_with_the_record_that_is_there_by_then)
{
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    make_file(2);
    vpriv_root_store *store = must_open(OLD), *other = must_open(OLD);
    meanwhile = other;
    const vpriv_status st =
        _i == 0 ? change(store, NEW) : vpriv_root_recovery_key(store, OLD, strlen(OLD), text);
    meanwhile = NULL;
    ck_ok(st);
    help_assert_holds(store, 3);
    vpriv_root_close(store);
    vpriv_root_close(other);
    assert_opens(_i == 0 ? NEW : OLD, 3);
}
END_TEST

START_TEST(other_kinds_of_files_and_stores_are_refused)
{
    vpriv_root_store *plain = NULL, *store = NULL;
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    vpriv_passphrase_cost dear = {sizeof dear, 1, UINT64_C(1) << 40};
    ck_ok(vpriv_root_file_open(PATH, &plain));
    help_put(plain, 1);
    assert_refused(OLD, VPRIV_E_FORMAT);
    ck_fails(change(plain, NEW), VPRIV_E_ARG);
    ck_fails(vpriv_root_recovery_key(plain, NEW, strlen(NEW), text), VPRIV_E_ARG);
    vpriv_root_close(plain);
    unlink(PATH);
    make_file(1);
    ck_ok(vpriv_root_file_open(PATH, &plain));
    ck_fails(vpi_root_probe(plain), VPRIV_E_ROOT);
    ck_fails(vpriv_root_destroy(plain), VPRIV_E_ROOT); /* it is kept */
    vpriv_root_close(plain);
    assert_opens(OLD, 1);
    unlink(PATH);
    ck_fails(vpriv_root_passphrase_open(PATH, OLD, strlen(OLD), &dear, &store), VPRIV_E_ARG);
    dear = (vpriv_passphrase_cost){sizeof dear, 2000, 0};
    ck_fails(vpriv_root_passphrase_open(PATH, OLD, strlen(OLD), &dear, &store), VPRIV_E_ARG);
    dear = (vpriv_passphrase_cost){0, 1, 0};
    ck_fails(vpriv_root_passphrase_open(PATH, OLD, strlen(OLD), &dear, &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_passphrase_open("", OLD, strlen(OLD), &cheap, &store), VPRIV_E_ARG);
    store = must_open(OLD);
    ck_fails(change(store, NEW), VPRIV_E_NOT_FOUND); /* no vault, no file */
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: passphrase");
    TCase *tests = tcase_create("passphrase");
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_checked_fixture(tests, help_enter_subfolder, NULL);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, only_the_passphrase_opens_it);
    tcase_add_test(tests, nothing_of_the_record_is_in_the_file);
    tcase_add_test(tests, a_changed_passphrase_is_the_only_one);
    tcase_add_test(tests, a_recovery_key_opens_it_until_there_is_another);
    tcase_add_test(tests, without_a_recovery_key_none_opens_it);
    tcase_add_test(tests, recovery_keys_are_read_as_people_type_them);
    tcase_add_test(tests, mistyped_recovery_keys_are_found);
    tcase_add_test(tests, every_changed_bit_and_every_cut_is_an_error);
    tcase_add_test(tests, a_forged_cost_is_refused);
    tcase_add_test(tests, anything_planted_is_refused);
    tcase_add_test(tests, a_cut_change_leaves_one_of_the_two);
    tcase_add_test(tests, after_a_failed_sync_the_status_says_which_is_in_force);
    tcase_add_loop_test(tests, a_change_goes_with_the_record_that_is_there_by_then, 0, 2);
    tcase_add_test(tests, other_kinds_of_files_and_stores_are_refused);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
