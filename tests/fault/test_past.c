/* The power is cut at every event while a consent is applied to the past: what opens then has its access in
 * the log, all of a step opens or none of it, and the same call goes on to the end. */
#include "fault/cutvfs.h"
#include "fault/life.h"
#include <stdio.h>

#define N_RECORDINGS 3
#define PURPOSE      VPRIV_PURPOSE_IMPROVE_BY_MACHINE

struct bench {
    struct life life;
    struct cutvfs_snapshot *start;
    struct memory_root start_root;
    vpriv_recording_id recordings[N_RECORDINGS];
    uint64_t hashes[N_RECORDINGS]; /* of what they sound like */
    bool acknowledged;
    uint64_t n_trials, n_opened,
        n_announced; /* trials after which they were open; or only the log knew */
};

static void set_up(struct bench *bench)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "history", .covers_past = true};
    struct life *life = &bench->life;
    memset(bench, 0, sizeof *bench);
    cutvfs_install();
    life_begin(life);
    life->root.is_event = true;
    ck_ok(life_create(life));
    life_settle_in(life);
    for (uint32_t i = 0; i < N_RECORDINGS; i++) {
        life_record(life, 40, 300 + 100 * i, &bench->recordings[i]);
        const struct life_sound sound =
            life_listen(life, &bench->recordings[i], VPRIV_PURPOSE_KEEP_HISTORY);
        ck_assert_int_eq(sound.status, VPRIV_OK);
        bench->hashes[i] = sound.hash;
    }
    ck_ok(vpriv_consent_give(life->vault, life->ada, PURPOSE, &past, NULL));
    life_close(life);
    bench->start = cutvfs_snapshot();
    bench->start_root = life->root;
}

static void tear_down(struct bench *bench)
{
    life_end(&bench->life);
    cutvfs_snapshot_free(bench->start);
    cutvfs_uninstall();
}

static vpriv_status apply(struct bench *bench, vpriv_past_report *report_out)
{
    *report_out = (vpriv_past_report){.struct_size = sizeof *report_out};
    return vpriv_consent_apply_to_past(bench->life.vault, bench->life.owner, bench->life.ada,
        PURPOSE, "test", NULL, NULL, report_out);
}

static void work(void *user)
{
    struct bench *bench = user;
    vpriv_past_report report;
    bench->life.root = bench->start_root;
    bench->life.clock_us += 1000000;
    bench->acknowledged = false;
    if (life_open(&bench->life) == VPRIV_OK)
        bench->acknowledged = apply(bench, &report) == VPRIV_OK;
    life_close(&bench->life);
}

static bool count_ours(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    if (entry->kind == VPRIV_LOG_ACCESS_GRANTED && strcmp(entry->actor, "test") == 0)
        ++*(size_t *)user;
    return true;
}

static bool is_announced(struct bench *bench, size_t i)
{
    size_t n = 0;
    ck_ok(vpriv_gate_who_heard(bench->life.vault, &bench->recordings[i], count_ours, &n));
    return n > 0;
}

static bool is_open(struct bench *bench, size_t i)
{
    const struct life_sound sound = life_listen(&bench->life, &bench->recordings[i], PURPOSE);
    if (sound.status == VPRIV_OK)
        ck_assert_uint_eq(sound.hash, bench->hashes[i]);
    else
        ck_assert_int_eq(sound.status, VPRIV_E_CONSENT);
    return sound.status == VPRIV_OK;
}

static void check(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    vpriv_past_report report;
    size_t n_announced = 0, n_open = 0;
    bench->n_trials++;
    ck_assert_msg(life_open(&bench->life) == VPRIV_OK, "cut after %llu, %s: %s",
        (unsigned long long)trial->cut, cutvfs_mode_name(trial->mode), vpriv_error_detail());
    for (size_t i = 0; i < N_RECORDINGS; i++) {
        n_announced += is_announced(bench, i);
        n_open += is_open(bench, i);
    }
    ck_assert(n_announced == 0 || n_announced == N_RECORDINGS);
    ck_assert(n_open == 0 || n_open == N_RECORDINGS);
    ck_assert_uint_le(n_open, n_announced);
    ck_assert(n_open > 0 || !bench->acknowledged);
    bench->n_opened += n_open > 0;
    bench->n_announced += n_open == 0 && n_announced > 0;
    ck_ok(apply(bench, &report));
    ck_assert_uint_eq(report.n_opened, N_RECORDINGS - n_open);
    ck_assert_uint_eq(report.n_open_already, n_open);
    for (size_t i = 0; i < N_RECORDINGS; i++)
        ck_assert(is_open(bench, i) && is_announced(bench, i));
    ck_assert(life_database_is_sound(&bench->life));
    ck_assert_int_eq(life_strays(&bench->life), 0);
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

START_TEST(what_opens_is_on_record_and_the_call_goes_on)
{
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench);
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = work,
        .check = check,
        .user = bench,
        .n_seeds = life_is_long() ? 4 : 1,
        .step_events = 1};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("cover the past: %llu cuts, %llu trials, %llu open, %llu with the log's half only\n",
        (unsigned long long)n_cuts, (unsigned long long)bench->n_trials,
        (unsigned long long)bench->n_opened, (unsigned long long)bench->n_announced);
    ck_assert_uint_ge(n_cuts, 30);
    ck_assert_uint_gt(bench->n_opened, 0);
    ck_assert_uint_gt(bench->n_announced, 0);
    tear_down(bench);
    free(bench);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("fault: a consent that covers the past");
    TCase *tcase = tcase_create("past");
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_test(tcase, what_opens_is_on_record_and_the_call_goes_on);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite());
}
