/* Bits flipped, files cut short, pages swapped and old pages put back: every answer is an error or
 * the one it was before. */
#include "fault/answers.h"
#include "fault/cutvfs.h"
#include "fault/life.h"
#include "keys/keyring.h"
#include "keys/root.h"
#include <stdio.h>
#include <stdlib.h>

#define PAGE_BYTES 4096

struct bench {
    struct life life;
    struct cutvfs_snapshot *good;
    struct memory_root root;
    struct answers before, after;
    size_t n_tried, n_refused_opening, n_errors, n_same, n_missing, n_altered;
};

static struct bench *bench_create(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    ck_assert_ptr_nonnull(bench);
    cutvfs_install();
    life_begin(&bench->life);
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    return bench;
}

/* Ada is asked about, and these recordings. Asked once before, so that the log has something. */
static void keep_good(struct bench *bench)
{
    memcpy(bench->before.subjects[0], bench->life.ada, VPRIV_SUBJECT_ID_BYTES);
    bench->before.n_subjects = 1;
    life_close(&bench->life);
    answers_get(&bench->life, &bench->before);
    ck_assert_int_eq(bench->before.opened, VPRIV_OK);
}

static void measure_good(struct bench *bench)
{
    bench->good = cutvfs_snapshot();
    bench->root = bench->life.root;
    bench->life.clock_us += 1000000000;
    answers_get(&bench->life, &bench->before);
    ck_assert_int_eq(bench->before.opened, VPRIV_OK);
    bench->after = bench->before;
}

static void bench_destroy(struct bench *bench)
{
    cutvfs_snapshot_free(bench->good);
    life_end(&bench->life);
    cutvfs_uninstall();
    free(bench);
}

static void put_good_back(struct bench *bench)
{
    cutvfs_restore(bench->good);
    bench->life.root = bench->root;
}

/* Something was left out of a list, or is counted wrongly, in a way that the file's structure shows: no promise is kept by
 * hoping that nobody looks, so vpriv_vault_verify must find it. */
static bool verify_finds_it(struct bench *bench)
{
    vpriv_verification found = {.struct_size = sizeof found};
    if (life_open(&bench->life) != VPRIV_OK)
        return true;
    const vpriv_status st =
        vpriv_vault_verify(bench->life.vault, bench->life.owner, NULL, NULL, &found);
    life_close(&bench->life);
    return st != VPRIV_OK;
}

/* Judges bench->after. */
static void judge(struct bench *bench, const char *what, uint64_t where)
{
    const struct answer *altered = answers_altered(&bench->before, &bench->after);
    bool same = true;
    bench->n_tried++;
    bench->n_refused_opening += bench->after.opened != VPRIV_OK;
    for (size_t i = 0; i < bench->after.n; i++)
        same = same && bench->after.answer[i].status == bench->before.answer[i].status;
    if (altered) {
        const struct answer *then = &bench->before.answer[altered - bench->after.answer];
        const bool shorter = then->status == VPRIV_OK && altered->n < then->n && !altered->is_sound;
        const bool missing = (shorter || altered->is_count) && verify_finds_it(bench);
        bench->n_missing += missing;
        bench->n_altered += !missing;
        printf("%s %llu (page %llu, byte %llu): %s: %llu, was %llu%s\n", what,
            (unsigned long long)where, (unsigned long long)(where / 8 / PAGE_BYTES + 1),
            (unsigned long long)(where / 8 % PAGE_BYTES), altered->question,
            (unsigned long long)altered->n, (unsigned long long)then->n,
            missing ? "; verify finds it" : "");
    } else if (bench->after.opened == VPRIV_OK) {
        bench->n_same += same;
        bench->n_errors += !same;
    }
}

static void conclude(const struct bench *bench, const char *what)
{
    printf(
        "%s: %zu tried: %zu not opened, %zu with an error, %zu without effect, %zu with something"
        " missing, %zu altered\n",
        what, bench->n_tried, bench->n_refused_opening, bench->n_errors, bench->n_same,
        bench->n_missing, bench->n_altered);
    ck_assert_uint_eq(bench->n_altered, 0);
    ck_assert_uint_gt(bench->n_refused_opening + bench->n_errors, 0);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 24;
}

static void flip(struct bench *bench, const char *path, uint64_t bit)
{
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    put_good_back(bench);
    ck_assert(cutvfs_file_bytes(path, &bytes, &n_bytes));
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    answers_get(&bench->life, &bench->after);
    judge(bench, "flip", bit);
}

static void record_two(struct bench *bench)
{
    life_record(&bench->life, 400, 440, &bench->before.recordings[0]);
    life_record(&bench->life, 100, 640, &bench->before.recordings[1]);
    bench->before.n_recordings = 2;
}

static size_t size_of(const char *path)
{
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    ck_assert(cutvfs_file_bytes(path, &bytes, &n_bytes));
    return n_bytes;
}

/* A sample, or, in make check-long, a bit of every byte, all bits of each page's head, and a sample of
 * `seed` of the rest. */
static void flip_many(struct bench *bench, const char *path, size_t n_sample, uint64_t seed)
{
    const size_t n_bytes = size_of(path);
    const char *more = getenv("FAULT_FLIPS");
    n_sample = more ? strtoull(more, NULL, 10) : n_sample;
    for (size_t i = 0; i < n_sample; i++)
        flip(bench, path, next_random(&seed) % (8 * n_bytes));
    for (size_t i = 0; life_is_long() && i < n_bytes; i++) {
        const bool head = i % PAGE_BYTES < 64 || i < 128;
        const uint64_t one = next_random(&seed) % 8;
        for (uint64_t bit = 0; bit < 8; bit++)
            if (head || bit == one)
                flip(bench, path, 8 * i + bit);
    }
}

START_TEST(a_flipped_bit_in_the_vault_is_an_error_or_nothing)
{
    struct bench *bench = bench_create();
    record_two(bench);
    keep_good(bench);
    measure_good(bench);
    put_good_back(bench);
    flip_many(bench, bench->life.path, 2500, 7);
    /* Where rows are counted and found: page heads and the pointers behind them. */
    uint64_t seed = 99;
    for (size_t page = 0; page < size_of(bench->life.path) / PAGE_BYTES; page++)
        for (int i = 0; i < 20; i++)
            flip(bench, bench->life.path,
                8 * (page * PAGE_BYTES + (page ? 0 : 100)) + next_random(&seed) % (8 * 24));
    conclude(bench, "flips in the vault");
    bench_destroy(bench);
}
END_TEST

/* With a write-ahead log that was not folded in, SQLite takes a transaction whose checksum is wrong,
 * and all behind it, as never written: the vault is then one of its own earlier states. */
#define STATES_MAX 4

START_TEST(a_flipped_bit_in_the_write_ahead_log_gives_an_earlier_state_at_most)
{
    struct bench *bench = bench_create();
    struct cutvfs_snapshot *disks[STATES_MAX];
    struct answers *states = calloc(STATES_MAX, sizeof *states);
    char wal[LIFE_PATH_BYTES + 8];
    size_t n_earlier = 0;
    uint64_t seed = 5;
    snprintf(wal, sizeof wal, "%s-wal", bench->life.path);
    life_record(&bench->life, 100, 440, &bench->before.recordings[0]);
    keep_good(bench);
    ck_ok(life_open(&bench->life));
    disks[0] = cutvfs_snapshot();
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
    disks[1] = cutvfs_snapshot();
    ck_ok(life_give(&bench->life, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW));
    disks[2] = cutvfs_snapshot();
    ck_ok(vpriv_subject_add(
        bench->life.vault, VPRIV_SUBJECT_USER, "Bea", NULL, bench->before.subjects[1]));
    disks[3] = cutvfs_snapshot();
    cutvfs_cut_after(0); /* nothing is folded in at closing */
    life_close(&bench->life);
    bench->before.n_recordings = 1;
    bench->before.n_subjects = 2;
    bench->root = bench->life.root;
    bench->life.clock_us += 1000000000;
    for (size_t i = 0; i < STATES_MAX; i++) {
        cutvfs_restore(disks[i]);
        bench->life.root = bench->root;
        states[i] = bench->before;
        answers_get(&bench->life, &states[i]);
    }
    /* Before the withdrawal was another root: that disk is too old. */
    ck_assert_int_eq(states[0].opened, VPRIV_E_ROLLBACK);
    ck_assert_int_eq(states[3].opened, VPRIV_OK);
    bench->good = disks[3];
    put_good_back(bench);
    const size_t n_bytes = size_of(wal);
    ck_assert_uint_gt(n_bytes, 0);
    const size_t n_flips = life_is_long() ? 20000 : 800;
    for (size_t i = 0; i < n_flips; i++) {
        const uint64_t bit = next_random(&seed) % (8 * n_bytes);
        uint8_t *bytes = NULL;
        size_t n = 0;
        put_good_back(bench);
        ck_assert(cutvfs_file_bytes(wal, &bytes, &n));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bench->after = bench->before;
        answers_get(&bench->life, &bench->after);
        bool known = false;
        for (size_t k = 1; k < STATES_MAX && !known; k++) {
            known = answers_altered(&states[k], &bench->after) == NULL;
            n_earlier += known && k < STATES_MAX - 1 && bench->after.opened == VPRIV_OK;
        }
        ck_assert_msg(known, "bit %llu of the write-ahead log: a state that never was",
            (unsigned long long)bit);
        bench->n_refused_opening += bench->after.opened != VPRIV_OK;
    }
    printf(
        "flips in the write-ahead log: %zu tried: %zu not opened, %zu gave an earlier state of the"
        " same root\n",
        n_flips, bench->n_refused_opening, n_earlier);
    ck_assert_uint_gt(bench->n_refused_opening, 0);
    for (size_t i = 0; i < STATES_MAX - 1; i++)
        cutvfs_snapshot_free(disks[i]);
    free(states);
    bench_destroy(bench);
}
END_TEST

/* ---- The files beside the vault ---- */

static void read_whole(const char *path, uint8_t *bytes_out, size_t n_room, size_t *n_bytes_out)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    *n_bytes_out = fread(bytes_out, 1, n_room, file);
    fclose(file);
    ck_assert(*n_bytes_out > 0 && *n_bytes_out < n_room);
}

static void write_whole(const char *path, const uint8_t *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n_bytes, file), n_bytes);
    ck_assert_int_eq(fclose(file), 0);
}

/* Every bit of the file; `same` loads it and tells whether it is the original, or fails. */
static void flip_file(const char *path, const char *what, uint64_t step, const void *original,
    vpriv_status (*same)(const char *path, const void *original, bool *same_out))
{
    uint8_t bytes[16384];
    size_t n_bytes = 0, n_errors = 0, n_same = 0;
    read_whole(path, bytes, sizeof bytes, &n_bytes);
    for (uint64_t bit = 0; bit < 8 * n_bytes; bit += step) {
        bool is_same = false;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_whole(path, bytes, n_bytes);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const vpriv_status st = same(path, original, &is_same);
        ck_assert_msg(st != VPRIV_OK || is_same, "%s, bit %llu: taken, and another one", what,
            (unsigned long long)bit);
        n_errors += st != VPRIV_OK;
        n_same += st == VPRIV_OK;
    }
    printf("flips in the %s (%zu bytes): %zu refused, %zu without effect\n", what, n_bytes,
        n_errors, n_same);
    ck_assert_uint_gt(n_errors, 0);
}

static vpriv_status same_root(const char *path, const void *original, bool *same_out)
{
    vpriv_root_store *store = NULL;
    vpi_root_record record;
    memset(&record, 0, sizeof record);
    ck_ok(vpriv_root_file_open(path, &store));
    const vpriv_status st = vpi_root_load(store, &record);
    *same_out = memcmp(&record, original, sizeof record) == 0;
    vpriv_root_close(store);
    return st;
}

static vpriv_status same_keyring(const char *path, const void *original, bool *same_out)
{
    vpriv_keyring *keyring = NULL;
    const vpriv_status st = vpriv_keyring_load(path, &keyring);
    *same_out = keyring && memcmp(keyring, original, sizeof *keyring) == 0;
    vpriv_keyring_close(keyring);
    return st;
}

START_TEST(a_flipped_bit_in_a_key_file_is_an_error_or_nothing)
{
    struct life *life = calloc(1, sizeof *life);
    char path[LIFE_PATH_BYTES + 16];
    vpi_root_record record;
    vpriv_root_store *store = NULL;
    vpriv_keyring *loaded = NULL;
    life_begin(life);
    ck_ok(life_create(life));
    memset(&record, 7, sizeof record);
    snprintf(path, sizeof path, "%s/root", life->folder);
    ck_ok(vpriv_root_file_open(path, &store));
    ck_ok(vpi_root_replace(store, &record));
    vpriv_root_close(store);
    /* A multiple of 8 plus 1: every bit position comes. */
    flip_file(path, "root key file", life_is_long() ? 1 : 25, &record, same_root);
    snprintf(path, sizeof path, "%s/keyring", life->folder);
    ck_ok(vpriv_keyring_save(life->owner, path));
    ck_ok(vpriv_keyring_load(path, &loaded));
    flip_file(path, "keyring file", life_is_long() ? 1 : 9, loaded, same_keyring);
    vpriv_keyring_close(loaded);
    life_end(life);
    free(life);
}
END_TEST

/* ---- Cut short, swapped, old ---- */

static void ask_after(struct bench *bench, const char *what, uint64_t where)
{
    bench->after = bench->before;
    answers_get(&bench->life, &bench->after);
    judge(bench, what, where);
}

START_TEST(a_vault_cut_short_is_an_error)
{
    struct bench *bench = bench_create();
    record_two(bench);
    keep_good(bench);
    measure_good(bench);
    put_good_back(bench);
    const size_t n_bytes = size_of(bench->life.path);
    const uint8_t *whole = NULL;
    size_t n_whole = 0;
    ck_assert(cutvfs_snapshot_file(bench->good, bench->life.path, &whole, &n_whole));
    const size_t step = life_is_long() ? 61 : 509;
    for (size_t n = 0; n < n_bytes; n++) {
        if (n % PAGE_BYTES != 0 && n % step != 0)
            continue;
        put_good_back(bench);
        cutvfs_file_put(bench->life.path, whole, n);
        ask_after(bench, "cut at", 8 * n);
    }
    conclude(bench, "cut short");
    ck_assert_uint_eq(bench->n_same, 0);
    bench_destroy(bench);
}
END_TEST

START_TEST(swapped_pages_are_an_error_or_nothing)
{
    struct bench *bench = bench_create();
    uint8_t kept[PAGE_BYTES];
    record_two(bench);
    keep_good(bench);
    measure_good(bench);
    put_good_back(bench);
    const size_t n_pages = size_of(bench->life.path) / PAGE_BYTES;
    const size_t step = life_is_long() ? 1 : 7;
    size_t count = 0;
    for (size_t a = 0; a < n_pages; a++)
        for (size_t b = a + 1; b < n_pages; b++) {
            if (count++ % step != 0)
                continue;
            uint8_t *bytes = NULL;
            size_t n_bytes = 0;
            put_good_back(bench);
            ck_assert(cutvfs_file_bytes(bench->life.path, &bytes, &n_bytes));
            memcpy(kept, bytes + a * PAGE_BYTES, PAGE_BYTES);
            memcpy(bytes + a * PAGE_BYTES, bytes + b * PAGE_BYTES, PAGE_BYTES);
            memcpy(bytes + b * PAGE_BYTES, kept, PAGE_BYTES);
            ask_after(bench, "swapped", 8 * a * PAGE_BYTES + b);
        }
    conclude(bench, "swapped pages");
    bench_destroy(bench);
}
END_TEST

/* The sound that an old page would bring back, if any page could. */
static void nothing_dead_speaks(const struct bench *bench, const char *which)
{
    for (size_t i = 0; bench->after.opened == VPRIV_OK && i < bench->after.n; i++)
        ck_assert_msg(!bench->after.answer[i].is_sound ||
                          bench->after.answer[i].status != VPRIV_OK ||
                          bench->before.answer[i].status == VPRIV_OK,
            "%s: %s came back", which, bench->after.answer[i].question);
}

/* Every page of an older copy, one at a time: before a recording was erased, a consent was withdrawn
 * and another refused. What was told about living things may be older (the rows are genuine), but
 * nothing dead speaks, nothing is told that never was, and no consent that was withdrawn permits. */
START_TEST(an_old_page_put_back_revives_nothing)
{
    struct bench *bench = bench_create();
    char what[64];
    size_t n_differing = 0;
    record_two(bench);
    keep_good(bench);
    struct cutvfs_snapshot *old = cutvfs_snapshot();
    ck_ok(life_open(&bench->life));
    ck_ok(vpriv_vault_erase(bench->life.vault, &bench->before.recordings[0], 1, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
    life_close(&bench->life);
    measure_good(bench);
    const uint8_t *old_bytes = NULL;
    size_t n_old = 0;
    ck_assert(cutvfs_snapshot_file(old, bench->life.path, &old_bytes, &n_old));
    for (size_t page = 0; page < n_old / PAGE_BYTES; page++) {
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        put_good_back(bench);
        ck_assert(cutvfs_file_bytes(bench->life.path, &bytes, &n_bytes));
        if (memcmp(bytes + page * PAGE_BYTES, old_bytes + page * PAGE_BYTES, PAGE_BYTES) == 0)
            continue;
        n_differing++;
        memcpy(bytes + page * PAGE_BYTES, old_bytes + page * PAGE_BYTES, PAGE_BYTES);
        bench->after = bench->before;
        answers_get(&bench->life, &bench->after);
        snprintf(what, sizeof what, "old page %zu", page + 1);
        nothing_dead_speaks(bench, what);
        bench->n_tried++;
        bench->n_refused_opening += bench->after.opened != VPRIV_OK;
        const struct answer *altered = answers_altered(&bench->before, &bench->after);
        if (altered) {
            const bool found = verify_finds_it(bench);
            const bool permits = strncmp(altered->question, "latest", 6) == 0 ||
                                 strncmp(altered->question, "consents", 8) == 0;
            printf(
                "%s: %s as before%s\n", what, altered->question, found ? "; verify finds it" : "");
            bench->n_missing += found && !permits;
            bench->n_altered += !found || permits;
        }
    }
    printf("old pages: %zu that differ: %zu not opened, %zu told something old, %zu altered\n",
        n_differing, bench->n_refused_opening, bench->n_missing, bench->n_altered);
    ck_assert_uint_gt(n_differing, 8);
    ck_assert_uint_eq(bench->n_altered, 0);
    cutvfs_snapshot_free(old);
    bench_destroy(bench);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("fault: tampering");
    TCase *tcase = tcase_create("tampering");
    tcase_set_timeout(tcase, life_is_long() ? 7200 : 600);
    tcase_add_test(tcase, a_flipped_bit_in_the_vault_is_an_error_or_nothing);
    tcase_add_test(tcase, a_flipped_bit_in_the_write_ahead_log_gives_an_earlier_state_at_most);
    tcase_add_test(tcase, a_flipped_bit_in_a_key_file_is_an_error_or_nothing);
    tcase_add_test(tcase, a_vault_cut_short_is_an_error);
    tcase_add_test(tcase, swapped_pages_are_an_error_or_nothing);
    tcase_add_test(tcase, an_old_page_put_back_revives_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite());
}
