#include "fault/flips.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct bench *bench_create(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    ck_assert_ptr_nonnull(bench);
    cutvfs_install();
    life_begin(&bench->life);
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    return bench;
}

void bench_destroy(struct bench *bench)
{
    cutvfs_snapshot_free(bench->good);
    life_end(&bench->life);
    cutvfs_uninstall();
    free(bench);
}

void bench_record_two(struct bench *bench)
{
    life_record(&bench->life, 400, 440, &bench->before.recordings[0]);
    life_record(&bench->life, 100, 640, &bench->before.recordings[1]);
    bench->before.n_recordings = 2;
}

void bench_keep_good(struct bench *bench)
{
    memcpy(bench->before.subjects[0], bench->life.ada, VPRIV_SUBJECT_ID_BYTES);
    bench->before.n_subjects = 1;
    life_close(&bench->life);
    answers_get(&bench->life, &bench->before);
    ck_assert_int_eq(bench->before.opened, VPRIV_OK);
}

static void measure(struct bench *bench)
{
    bench_put_good_back(bench);
    answers_get(&bench->life, &bench->before);
    ck_assert_int_eq(bench->before.opened, VPRIV_OK);
    bench->after = bench->before;
}

void bench_measure_good(struct bench *bench)
{
    bench->good = cutvfs_snapshot();
    bench->root = bench->life.root;
    bench->clock_us = bench->life.clock_us + 1000000000;
    measure(bench);
}

void bench_hear_packets(struct bench *bench, bool yes)
{
    bench->before.as_packets = yes;
    measure(bench);
}

void bench_put_good_back(struct bench *bench)
{
    cutvfs_restore(bench->good);
    bench->life.root = bench->root;
    bench->life.clock_us = bench->clock_us;
}

void bench_move(struct bench *bench, unsigned number)
{
    char folder[LIFE_PATH_BYTES];
    const uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    snprintf(folder, sizeof folder, "%.200s/%u", bench->life.folder, number);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert(cutvfs_snapshot_file(bench->good, bench->life.path, &bytes, &n_bytes));
    cutvfs_restore(bench->good);
    cutvfs_file_remove(bench->life.path);
    snprintf(bench->life.path, sizeof bench->life.path, "%.240s/v", folder);
    cutvfs_file_put(bench->life.path, bytes, n_bytes);
    cutvfs_snapshot_free(bench->good);
    bench->good = cutvfs_snapshot();
}

size_t bench_file_size(const char *path)
{
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    ck_assert(cutvfs_file_bytes(path, &bytes, &n_bytes));
    return n_bytes;
}

bool bench_verify_finds_it(struct bench *bench)
{
    vpriv_verification found = {.struct_size = sizeof found};
    if (life_open(&bench->life) != VPRIV_OK)
        return true;
    const vpriv_status st =
        vpriv_vault_verify(bench->life.vault, bench->life.owner, NULL, NULL, &found);
    life_close(&bench->life);
    return st != VPRIV_OK;
}

/* What the file says once may be wrong where SQLite's own pages are damaged: the numbers of
 * vpriv_vault_about, and the recordings filed under a person, of which some may be missing. Nothing
 * is decided by them, and vpriv_vault_verify must find it. Anything else, any other list that is too
 * short, is altered. */
static void judge_altered(
    struct bench *bench, const struct answer *altered, const char *what, uint64_t where)
{
    const struct answer *then = &bench->before.answer[altered - bench->after.answer];
    const bool found = altered->is_said_once && (altered->is_number || altered->n < then->n) &&
                       bench_verify_finds_it(bench);
    bench->tally.n_found += found;
    bench->tally.n_altered += !found;
    printf("%s %llu (page %llu, byte %llu): %s: %llu, was %llu%s\n", what,
        (unsigned long long)where, (unsigned long long)(where / 8 / PAGE_BYTES + 1),
        (unsigned long long)(where / 8 % PAGE_BYTES), altered->question,
        (unsigned long long)altered->n, (unsigned long long)then->n,
        found ? "; verify finds it" : "");
}

void bench_judge(struct bench *bench, const char *what, uint64_t where)
{
    const struct answer *altered = answers_altered(&bench->before, &bench->after);
    bool same = true;
    bench->tally.n_tried++;
    bench->tally.n_refused_opening += bench->after.opened != VPRIV_OK;
    for (size_t i = 0; i < bench->after.n; i++)
        same = same && bench->after.answer[i].status == bench->before.answer[i].status;
    if (altered) {
        judge_altered(bench, altered, what, where);
    } else if (bench->after.opened == VPRIV_OK) {
        bench->tally.n_same += same;
        bench->tally.n_errors += !same;
    }
}

void bench_flip(struct bench *bench, uint64_t bit)
{
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    bench_put_good_back(bench);
    ck_assert(cutvfs_file_bytes(bench->life.path, &bytes, &n_bytes));
    ck_assert_uint_lt(bit, 8 * n_bytes);
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    answers_get(&bench->life, &bench->after);
    bench_judge(bench, "flip", bit);
}

void bench_conclude(const struct bench *bench, const char *what)
{
    const struct tally *t = &bench->tally;
    printf("%s: %llu tried: %llu not opened, %llu with an error, %llu without effect, %llu"
           " that only verify finds, %llu altered\n",
        what, (unsigned long long)t->n_tried, (unsigned long long)t->n_refused_opening,
        (unsigned long long)t->n_errors, (unsigned long long)t->n_same,
        (unsigned long long)t->n_found, (unsigned long long)t->n_altered);
    ck_assert_uint_eq(t->n_altered, 0);
    ck_assert_uint_gt(t->n_refused_opening + t->n_errors, 0);
    ck_assert_uint_eq(
        t->n_tried, t->n_refused_opening + t->n_errors + t->n_same + t->n_found + t->n_altered);
}

uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 24;
}
