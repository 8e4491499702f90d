/* A vault is made whole or not. */
#include "cuts.h"
#include <stdio.h>
#include <unistd.h>

static void remove_plain_files(struct bench *bench)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-reserve", "-lock"};
    char name[LIFE_PATH_BYTES + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", bench->life.path, suffixes[i]);
        unlink(name);
        (void)cutvfs_file_remove(name);
    }
}

static void create_work(void *user)
{
    struct bench *bench = user;
    remove_plain_files(bench);
    bench->life.root = bench->start_root;
    bench->acknowledged = life_create(&bench->life) == VPRIV_OK;
    life_close(&bench->life);
}

static void check_created(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    bench->n_trials++;
    const vpriv_status opened = life_open(&bench->life);
    if (opened == VPRIV_OK) {
        char *text = life_picture(&bench->life);
        ck_assert_str_eq(text, bench->after);
        free(text);
        ck_assert(life_database_is_sound(&bench->life));
        if (bench->acknowledged)
            life_goes_on(&bench->life);
    } else {
        ck_assert_msg(
            !bench->acknowledged, "%s: %s", cuts_name(bench, trial), vpriv_error_detail());
        ck_assert_msg(
            opened == VPRIV_E_FORMAT || opened == VPRIV_E_ROOT || opened == VPRIV_E_NOT_FOUND,
            "%s: half a vault says %s: %s", cuts_name(bench, trial), vpriv_status_text(opened),
            vpriv_error_detail());
    }
    life_close(&bench->life);
    /* Whatever is left is not in the way once it is removed. */
    remove_plain_files(bench);
    bench->life.root = bench->start_root;
    ck_ok(life_create(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

START_TEST(a_vault_is_made_whole_or_not)
{
    static const struct workload workload = {"vault create", NULL, NULL, 0, 0, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    bench->workload = &workload;
    cutvfs_install();
    life_begin(&bench->life);
    bench->life.root.is_event = true;
    bench->start_root = bench->life.root;
    bench->start = cutvfs_snapshot();
    ck_ok(life_create(&bench->life));
    bench->after = life_picture(&bench->life);
    life_close(&bench->life);
    ck_assert_str_ne(bench->after, "");
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = create_work,
        .check = check_created,
        .user = bench,
        .n_seeds = life_is_long() ? 4 : 1,
        .step_events = life_is_long() ? 1 : 4};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("%-28s %4llu cuts, %5llu trials\n", workload.name, (unsigned long long)n_cuts,
        (unsigned long long)bench->n_trials);
    ck_assert_uint_ge(n_cuts * plan.step_events, 60);
    cuts_tear_down(bench);
    free(bench);
}
END_TEST

void cuts_add_creation(TCase *tests)
{
    tcase_add_test(tests, a_vault_is_made_whole_or_not);
}
