#include "cuts.h"
#include "fault/attack.h"
#include <stdio.h>

void cuts_record_one(struct bench *bench, uint32_t n_ms, uint32_t pitch_hz)
{
    life_record(&bench->life, n_ms, pitch_hz, &bench->recordings[bench->n_recordings++]);
}

void cuts_put_back(struct bench *bench)
{
    cutvfs_restore(bench->start);
    bench->life.root = bench->start_root;
    bench->life.clock_us += 1000000;
}

void cuts_set_up(struct bench *bench, const struct workload *workload)
{
    memset(bench, 0, sizeof *bench);
    bench->workload = workload;
    cutvfs_install();
    life_begin(&bench->life);
    bench->life.root.is_event = true;
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    cuts_record_one(bench, 100, 300);
    cuts_record_one(bench, 60, 500);
    ck_ok(vpriv_vault_capture_credential(bench->life.vault, &bench->credential));
    if (workload && workload->prepare)
        workload->prepare(bench);
    life_close(&bench->life);
    bench->start = cutvfs_snapshot();
    bench->start_root = bench->life.root;
}

void cuts_tear_down(struct bench *bench)
{
    life_end(&bench->life);
    vpriv_keyring_close(bench->credential);
    cutvfs_snapshot_free(bench->start);
    free(bench->before);
    free(bench->after);
    cutvfs_uninstall();
}

char *cuts_look(struct bench *bench)
{
    ck_ok(life_open(&bench->life));
    char *text = life_picture(&bench->life);
    life_close(&bench->life);
    return text;
}

void cuts_nothing_dead_opens(struct bench *bench)
{
    struct attack *attack = attack_create(bench->life.root.record, bench->life.owner);
    struct cutvfs_snapshot *now = cutvfs_snapshot();
    ck_assert(attack_add_database(attack, bench->life.path));
    cutvfs_restore(bench->start);
    ck_assert(attack_add_database(attack, bench->life.path));
    cutvfs_restore(now);
    attack_add_root(attack, bench->life.root.record);
    attack_solve(attack);
    for (size_t i = 0; i < bench->n_recordings; i++) {
        const bool dead = i < bench->workload->n_dead;
        const uint32_t wanted = BOTH_PURPOSES & (dead ? ~bench->workload->dead_purposes : ~0u);
        ck_assert_uint_eq(attack_opens(attack, bench->recordings[i].bytes), wanted);
    }
    for (size_t i = 0; i < bench->n_made; i++)
        ck_assert_int_eq(attack_reads(attack, bench->recordings[0].bytes, bench->made[i].bytes),
            !(bench->workload->dead_made >> i & 1));
    attack_destroy(attack);
    cutvfs_snapshot_free(now);
}

const char *cuts_name(const struct bench *bench, const struct cutvfs_trial *trial)
{
    static char text[160];
    snprintf(text, sizeof text, "%s, cut after %llu, %s, seed %llu, %sacknowledged",
        bench->workload->name, (unsigned long long)trial->cut, cutvfs_mode_name(trial->mode),
        (unsigned long long)trial->seed, bench->acknowledged ? "" : "not ");
    return text;
}

static void work(void *user)
{
    struct bench *bench = user;
    bench->life.root = bench->start_root;
    bench->acknowledged = bench->confirmed = bench->finished = false;
    bench->acknowledged_frames = 0;
    bench->n_told = 0;
    if (life_open(&bench->life) == VPRIV_OK)
        bench->acknowledged = bench->workload->act(bench) == VPRIV_OK;
    life_close(&bench->life);
}

void cuts_open_again(struct bench *bench, const struct cutvfs_trial *trial)
{
    const vpriv_status opened = life_open(&bench->life);
    ck_assert_msg(opened == VPRIV_OK, "%s: does not open: %s: %s", cuts_name(bench, trial),
        vpriv_status_text(opened), vpriv_error_detail());
}

void cuts_check_two_states(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    bench->n_trials++;
    if (bench->acknowledged && (bench->workload->n_dead > 0 || bench->workload->dead_made))
        cuts_nothing_dead_opens(bench);
    cuts_open_again(bench, trial);
    char *text = life_picture(&bench->life);
    const bool is_after = strcmp(text, bench->after) == 0;
    ck_assert_msg(is_after || (!bench->acknowledged && strcmp(text, bench->before) == 0), "%s: %s",
        cuts_name(bench, trial),
        life_difference(is_after || bench->acknowledged ? bench->after : bench->before, text));
    free(text);
    ck_assert_msg(life_strays(&bench->life) == 0, "%s: unconfirmed sound", cuts_name(bench, trial));
    ck_assert_msg(
        life_database_is_sound(&bench->life), "%s: integrity_check", cuts_name(bench, trial));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

/* Sanitizers look at what is done behind a cut, which is much alike behind the next one. */
#ifdef __SANITIZE_ADDRESS__
#define SPARSER 3
#else
#define SPARSER 1
#endif

void cuts_everywhere(struct bench *bench,
    void (*check)(void *user, const struct cutvfs_trial *trial), uint64_t least)
{
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = work,
        .check = check,
        .user = bench,
        .n_seeds = life_is_long() ? 4 : 1,
        .step_events = life_is_long() ? 1 : SPARSER * bench->workload->step_events};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("%-28s %4llu cuts, %5llu trials\n", bench->workload->name, (unsigned long long)n_cuts,
        (unsigned long long)bench->n_trials);
    ck_assert_uint_ge(n_cuts * plan.step_events, least);
}

void cuts_record_six(struct bench *bench)
{
    for (uint32_t i = 0; i < 4; i++)
        cuts_record_one(bench, 20, 900 + 100 * i);
}
