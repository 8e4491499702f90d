/* Bits flipped, files cut short, pages swapped and old pages put back: every answer is an error or
 * the one it was before. */
#include "fault/flips.h"
#include "fault/shards.h"
#include "keys/keyring.h"
#include "keys/root.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- The vault file ---- */

struct sweep {
    struct bench *bench;
    uint64_t first, step, n_tries; /* bits first, first + step, … */
};

static void flip_share(void *user, unsigned shard, unsigned n_shards, struct shard_counts *counts)
{
    const struct sweep *sweep = user;
    struct bench *bench = sweep->bench;
    const struct tally *t = &bench->tally;
    bench_move(bench, shard);
    for (uint64_t i = shard; i < sweep->n_tries; i += n_shards)
        bench_flip(bench, sweep->first + i * sweep->step);
    *counts = (struct shard_counts){
        {t->n_tried, t->n_refused_opening, t->n_errors, t->n_same, t->n_found, t->n_altered}};
}

/* Page heads and the pointers behind them: where rows are counted and found. */
static void flip_page_heads(struct bench *bench)
{
    uint64_t seed = 99;
    bench_put_good_back(bench); /* what was looked at last may have grown */
    const size_t n_pages = (size_t)bench_file_size(bench->life.path) / PAGE_BYTES;
    for (size_t page = 0; page < n_pages; page++)
        for (int i = 0; i < 20; i++)
            bench_flip(
                bench, 8 * (page * PAGE_BYTES + (page ? 0 : 100)) + next_random(&seed) % (8 * 24));
}

/* A sample from all over the file; in make check-long every bit of it. */
START_TEST(a_flipped_bit_in_the_vault_is_an_error_or_nothing)
{
    struct bench *bench = bench_create();
    struct shard_counts sum;
    bench_record_two(bench);
    bench_keep_good(bench);
    bench_measure_good(bench);
    bench_hear_packets(bench, true);
    bench_put_good_back(bench);
    const uint64_t n_bits = 8 * (uint64_t)bench_file_size(bench->life.path);
    struct sweep sweep = {.bench = bench, .first = life_is_long() ? 0 : 131, .step = 1};
    sweep.step = life_is_long() ? 1 : 397; /* a prime: every position in a byte comes */
    if (getenv("FAULT_FLIP_STEP"))
        sweep.step = strtoull(getenv("FAULT_FLIP_STEP"), NULL, 10);
    ck_assert_uint_gt(sweep.step, 0);
    sweep.n_tries = (n_bits - sweep.first + sweep.step - 1) / sweep.step;
    ck_assert(shards_run(shards_wanted(), flip_share, &sweep, &sum));
    bench->tally = (struct tally){sum.n[0], sum.n[1], sum.n[2], sum.n[3], sum.n[4], sum.n[5]};
    printf("the vault has %llu bytes, and %llu bits were to be tried\n",
        (unsigned long long)n_bits / 8, (unsigned long long)sweep.n_tries);
    ck_assert_uint_eq(bench->tally.n_tried, sweep.n_tries);
    if (life_is_long() && sweep.step == 1)
        ck_assert_uint_eq(bench->tally.n_tried, n_bits);
    bench_conclude(bench, "flips in the vault");
    bench->tally = (struct tally){0};
    bench_hear_packets(bench, false);
    flip_page_heads(bench);
    bench_conclude(bench, "flips in page heads, with the sound decoded");
    bench_destroy(bench);
}
END_TEST

static void die_in_some_way(
    void *user, unsigned shard, unsigned n_shards, struct shard_counts *counts)
{
    const int *way = user;
    (void)n_shards;
    counts->n[0] = 1;
    if (shard == 1 && *way == 1)
        raise(SIGKILL);
    if (shard == 1 && *way == 2)
        _exit(0);
}

START_TEST(a_share_of_the_work_that_is_not_done_is_noticed)
{
    struct shard_counts sum;
    for (int way = 0; way < 3; way++)
        ck_assert_int_eq(shards_run(3, die_in_some_way, &way, &sum), way == 0);
    const int none = 0;
    int way = none;
    ck_assert(shards_run(3, die_in_some_way, &way, &sum));
    ck_assert_uint_eq(sum.n[0], 3);
    ck_assert(!shards_run(0, die_in_some_way, &way, &sum));
}
END_TEST

/* ---- The write-ahead log ---- */

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
    bench_keep_good(bench);
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
    bench_put_good_back(bench);
    const size_t n_bytes = bench_file_size(wal);
    ck_assert_uint_gt(n_bytes, 0);
    const size_t n_flips = life_is_long() ? 20000 : 800;
    for (size_t i = 0; i < n_flips; i++) {
        const uint64_t bit = next_random(&seed) % (8 * n_bytes);
        uint8_t *bytes = NULL;
        size_t n = 0;
        bench_put_good_back(bench);
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
        bench->tally.n_refused_opening += bench->after.opened != VPRIV_OK;
    }
    printf(
        "flips in the write-ahead log: %zu tried: %zu not opened, %zu gave an earlier state of the"
        " same root\n",
        n_flips, bench->tally.n_refused_opening, n_earlier);
    ck_assert_uint_gt(bench->tally.n_refused_opening, 0);
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
    bench_judge(bench, what, where);
}

START_TEST(a_vault_cut_short_is_an_error)
{
    struct bench *bench = bench_create();
    bench_record_two(bench);
    bench_keep_good(bench);
    bench_measure_good(bench);
    bench_put_good_back(bench);
    const size_t n_bytes = bench_file_size(bench->life.path);
    const uint8_t *whole = NULL;
    size_t n_whole = 0;
    ck_assert(cutvfs_snapshot_file(bench->good, bench->life.path, &whole, &n_whole));
    const size_t step = life_is_long() ? 61 : 509;
    for (size_t n = 0; n < n_bytes; n++) {
        if (n % PAGE_BYTES != 0 && n % step != 0)
            continue;
        bench_put_good_back(bench);
        cutvfs_file_put(bench->life.path, whole, n);
        ask_after(bench, "cut at", 8 * n);
    }
    bench_conclude(bench, "cut short");
    ck_assert_uint_eq(bench->tally.n_same, 0);
    bench_destroy(bench);
}
END_TEST

START_TEST(swapped_pages_are_an_error_or_nothing)
{
    struct bench *bench = bench_create();
    uint8_t kept[PAGE_BYTES];
    bench_record_two(bench);
    bench_keep_good(bench);
    bench_measure_good(bench);
    bench_put_good_back(bench);
    const size_t n_pages = bench_file_size(bench->life.path) / PAGE_BYTES;
    for (size_t a = 0; a < n_pages; a++)
        for (size_t b = a + 1; b < n_pages; b++) {
            uint8_t *bytes = NULL;
            size_t n_bytes = 0;
            bench_put_good_back(bench);
            ck_assert(cutvfs_file_bytes(bench->life.path, &bytes, &n_bytes));
            memcpy(kept, bytes + a * PAGE_BYTES, PAGE_BYTES);
            memcpy(bytes + a * PAGE_BYTES, bytes + b * PAGE_BYTES, PAGE_BYTES);
            memcpy(bytes + b * PAGE_BYTES, kept, PAGE_BYTES);
            ask_after(bench, "swapped", 8 * a * PAGE_BYTES + b);
        }
    bench_conclude(bench, "swapped pages");
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
    bench_record_two(bench);
    bench_keep_good(bench);
    struct cutvfs_snapshot *old = cutvfs_snapshot();
    ck_ok(life_open(&bench->life));
    ck_ok(vpriv_vault_erase(bench->life.vault, &bench->before.recordings[0], 1, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
    life_close(&bench->life);
    bench_measure_good(bench);
    const uint8_t *old_bytes = NULL;
    size_t n_old = 0;
    ck_assert(cutvfs_snapshot_file(old, bench->life.path, &old_bytes, &n_old));
    for (size_t page = 0; page < n_old / PAGE_BYTES; page++) {
        uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        bench_put_good_back(bench);
        ck_assert(cutvfs_file_bytes(bench->life.path, &bytes, &n_bytes));
        if (memcmp(bytes + page * PAGE_BYTES, old_bytes + page * PAGE_BYTES, PAGE_BYTES) == 0)
            continue;
        n_differing++;
        memcpy(bytes + page * PAGE_BYTES, old_bytes + page * PAGE_BYTES, PAGE_BYTES);
        bench->after = bench->before;
        answers_get(&bench->life, &bench->after);
        snprintf(what, sizeof what, "old page %zu", page + 1);
        nothing_dead_speaks(bench, what);
        bench->tally.n_tried++;
        bench->tally.n_refused_opening += bench->after.opened != VPRIV_OK;
        const struct answer *altered = answers_altered(&bench->before, &bench->after);
        if (altered) {
            const bool found = bench_verify_finds_it(bench);
            const bool permits = strncmp(altered->question, "latest", 6) == 0 ||
                                 strncmp(altered->question, "consents", 8) == 0;
            printf(
                "%s: %s as before%s\n", what, altered->question, found ? "; verify finds it" : "");
            bench->tally.n_found += found && !permits;
            bench->tally.n_altered += !found || permits;
        }
    }
    printf("old pages: %zu that differ: %zu not opened, %zu told something old, %zu altered\n",
        n_differing, bench->tally.n_refused_opening, bench->tally.n_found, bench->tally.n_altered);
    ck_assert_uint_gt(n_differing, 8);
    ck_assert_uint_eq(bench->tally.n_altered, 0);
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
    tcase_add_test(tcase, a_share_of_the_work_that_is_not_done_is_noticed);
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
