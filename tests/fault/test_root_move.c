/* The power is cut at every event while the root key moves from one store to another: the vault opens with one
 * of the two, has lost nothing and revived nothing, and can be moved again; what was said to have moved has. */
#include "fault/cutvfs.h"
#include "fault/life.h"
#include <stdio.h>
#include <voicepriv/storage.h>

struct bench {
    struct life life;
    struct memory_root other;
    vpriv_root_store *old_store, *new_store;
    struct cutvfs_snapshot *start;
    struct memory_root start_root;
    vpriv_recording_id kept, erased;
    uint64_t hash;
    bool acknowledged;
    uint64_t n_trials, n_old, n_new;
};

static void set_up(struct bench *bench)
{
    struct life *life = &bench->life;
    memset(bench, 0, sizeof *bench);
    cutvfs_install();
    life_begin(life);
    life->root.is_event = true;
    bench->other.is_event = true;
    bench->old_store = life->store;
    bench->new_store = memory_root_open(&bench->other);
    ck_ok(life_create(life));
    life_settle_in(life);
    life_record(life, 40, 300, &bench->kept);
    life_record(life, 40, 500, &bench->erased);
    const struct life_sound sound = life_listen(life, &bench->kept, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_int_eq(sound.status, VPRIV_OK);
    bench->hash = sound.hash;
    ck_ok(vpriv_vault_erase(life->vault, &bench->erased, 1, NULL));
    life_close(life);
    bench->start = cutvfs_snapshot();
    bench->start_root = life->root;
}

static void tear_down(struct bench *bench)
{
    life_close(&bench->life);
    bench->life.store = bench->old_store;
    vpriv_root_close(bench->new_store);
    life_end(&bench->life);
    cutvfs_snapshot_free(bench->start);
    cutvfs_uninstall();
}

static void work(void *user)
{
    struct bench *bench = user;
    bench->life.root = bench->start_root;
    bench->other = (struct memory_root){.is_event = true};
    bench->life.store = bench->old_store;
    bench->life.clock_us += 1000000;
    bench->acknowledged = false;
    if (life_open(&bench->life) == VPRIV_OK)
        bench->acknowledged =
            vpriv_vault_move_root(bench->life.vault, bench->new_store, "test") == VPRIV_OK;
    life_close(&bench->life);
}

static bool opens_with(struct bench *bench, vpriv_root_store *store)
{
    bench->life.store = store;
    const vpriv_status st = life_open(&bench->life);
    ck_assert(st == VPRIV_OK || st == VPRIV_E_ROOT || st == VPRIV_E_ROLLBACK);
    return st == VPRIV_OK;
}

static void assert_all_there(struct bench *bench)
{
    struct life *life = &bench->life;
    const struct life_sound kept = life_listen(life, &bench->kept, VPRIV_PURPOSE_KEEP_HISTORY);
    const struct life_sound gone = life_listen(life, &bench->erased, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_int_eq(kept.status, VPRIV_OK);
    ck_assert_uint_eq(kept.hash, bench->hash);
    ck_assert_int_eq(gone.status, VPRIV_E_ERASED);
    ck_assert(life_database_is_sound(life));
}

static void check(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    bench->n_trials++;
    const bool with_new = opens_with(bench, bench->new_store);
    if (!with_new)
        ck_assert_msg(opens_with(bench, bench->old_store), "cut after %llu, %s: neither opens it",
            (unsigned long long)trial->cut, cutvfs_mode_name(trial->mode));
    ck_assert(with_new || !bench->acknowledged);
    bench->n_new += with_new;
    bench->n_old += !with_new;
    assert_all_there(bench);
    /* Again, or back: whatever the cut left in the other store. */
    vpriv_root_store *to = with_new ? bench->old_store : bench->new_store;
    if (with_new && bench->life.root.is_set)
        ck_ok(vpriv_root_destroy(to)); /* stale, or of the same generation */
    ck_ok(vpriv_vault_move_root(bench->life.vault, to, "test"));
    assert_all_there(bench);
    life_close(&bench->life);
    ck_assert(!opens_with(bench, with_new ? bench->new_store : bench->old_store));
    ck_assert(opens_with(bench, to));
    assert_all_there(bench);
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

START_TEST(one_of_the_two_opens_it_and_nothing_is_lost)
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
    printf("root move: %llu cuts, %llu trials, %llu with the old store, %llu with the new\n",
        (unsigned long long)n_cuts, (unsigned long long)bench->n_trials,
        (unsigned long long)bench->n_old, (unsigned long long)bench->n_new);
    ck_assert_uint_ge(n_cuts, 10);
    ck_assert_uint_gt(bench->n_old, 0);
    ck_assert_uint_gt(bench->n_new, 0);
    tear_down(bench);
    free(bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: the root moves");
    TCase *tcase = tcase_create("move");
    setvbuf(stdout, NULL, _IOLBF, 0);
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_test(tcase, one_of_the_two_opens_it_and_nothing_is_lost);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
