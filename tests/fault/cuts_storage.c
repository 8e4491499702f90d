/* Housekeeping and purges: several steps, each a whole. */
#include "cuts.h"
#include "vault/vacuum.h"
#include <voicepriv/purge.h>

#define N_LONG 16

/* A withdrawn consent and an erased recording leave work behind. */
static void leave_rubbish(struct bench *bench)
{
    cuts_record_six(bench);
    ck_ok(vpriv_vault_erase(bench->life.vault, bench->recordings + 2, 2, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_KEEP_HISTORY, NULL, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
}

/* Long recordings are erased and their ciphertext is gone; the space is still the file's. One lies behind. */
static void leave_space(struct bench *bench)
{
    vpriv_recording_id erased[N_LONG + 1];
    uint64_t n_left = 1, n_shrinking = 0;
    erased[0] = bench->recordings[0];
    for (uint32_t i = 1; i <= N_LONG; i++)
        life_record(&bench->life, 9900, 600 + 10 * i, &erased[i]);
    cuts_record_one(bench, 40, 800);
    ck_ok(vpriv_vault_erase(bench->life.vault, erased, N_LONG + 1, NULL));
    while (n_left != n_shrinking) {
        ck_ok(vpriv_vault_tidy(bench->life.vault, 1, &n_left));
        ck_ok(vpi_vacuum_waiting(bench->life.vault, &n_shrinking));
        ck_assert_uint_gt(n_left, 0);
    }
}

static vpriv_status tidy(struct bench *bench)
{
    return vpriv_vault_tidy(bench->life.vault, 100, NULL);
}

/* Nothing comes back, and housekeeping can be done to its end. */
static void check_tidy(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    uint64_t n_left = 1;
    bench->n_trials++;
    cuts_nothing_dead_opens(bench);
    cuts_open_again(bench, trial);
    ck_ok(vpriv_vault_tidy(bench->life.vault, 1000, &n_left));
    ck_assert_uint_eq(n_left, 0);
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strcmp(text, bench->after) == 0, "%s: %s", cuts_name(bench, trial),
        life_difference(bench->after, text));
    free(text);
    ck_assert(life_database_is_sound(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

static uint64_t file_pages(struct bench *bench)
{
    int64_t n = 0;
    ck_ok(vpi_database_int(bench->life.vault->database, &n, "PRAGMA page_count", ""));
    return (uint64_t)n;
}

/* Besides: the disk has its space back. */
static uint64_t pages_after;

static void check_space(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    check_tidy(user, trial);
    cuts_open_again(bench, trial);
    const uint64_t n_pages = file_pages(bench);
    ck_assert_msg(n_pages <= pages_after + 32, "%s: %llu pages, and %llu without a cut",
        cuts_name(bench, trial), (unsigned long long)n_pages, (unsigned long long)pages_after);
    life_close(&bench->life);
}

START_TEST(space_comes_back_after_any_cut)
{
    static const struct workload workload = {"vacuum", leave_space, tidy, 5, BOTH_PURPOSES, 1, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, &workload);
    cuts_put_back(bench);
    ck_ok(life_open(&bench->life));
    const uint64_t n_pages = file_pages(bench);
    ck_ok(tidy(bench));
    pages_after = file_pages(bench);
    ck_assert_uint_ge(n_pages, pages_after + 2 * 32); /* several steps */
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cuts_everywhere(bench, check_space, 60);
    cuts_tear_down(bench);
    free(bench);
}
END_TEST

static bool hear_told(void *user, const vpriv_purge_report *so_far)
{
    struct bench *bench = user;
    bench->n_told = (size_t)so_far->n_recordings;
    return true;
}

static vpriv_status purge_windows(struct bench *bench)
{
    const vpriv_purge_criteria criteria = {.struct_size = sizeof criteria,
        .recordings = bench->recordings,
        .n_recordings = 5,
        .window = 2};
    bench->n_told = 0;
    return vpriv_purge(bench->life.vault, &criteria, hear_told, bench, NULL, NULL);
}

/* What was told stays erased, old copies of the disk included, and a purge goes on where it ended. */
static void check_purge(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    const struct workload *workload = bench->workload;
    struct workload told = *workload;
    bench->n_trials++;
    cuts_open_again(bench, trial);
    for (size_t i = 0; i < bench->n_told; i++) {
        vpriv_recording_info info;
        ck_ok(vpriv_recording_about(bench->life.vault, &bench->recordings[i], &info));
        ck_assert_msg(
            info.state == VPRIV_RECORDING_SHREDDED, "%s: told, and there", cuts_name(bench, trial));
    }
    ck_ok(purge_windows(bench));
    life_close(&bench->life);
    told.n_dead = 5;
    bench->workload = &told;
    cuts_nothing_dead_opens(bench);
    bench->workload = workload;
    cuts_open_again(bench, trial);
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strcmp(text, bench->after) == 0, "%s: %s", cuts_name(bench, trial),
        life_difference(bench->after, text));
    free(text);
    ck_assert(life_database_is_sound(&bench->life));
    life_close(&bench->life);
}

START_TEST(a_purge_goes_on_after_any_cut)
{
    static const struct workload workload = {
        "purge in windows", cuts_record_six, purge_windows, 5, BOTH_PURPOSES, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, &workload);
    cuts_put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(purge_windows(bench));
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cuts_everywhere(bench, check_purge, 60);
    cuts_tear_down(bench);
    free(bench);
}
END_TEST

START_TEST(housekeeping_resumes)
{
    static const struct workload workload = {"tidy", leave_rubbish, tidy, 8, BOTH_PURPOSES, 6, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, &workload);
    cuts_put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(tidy(bench));
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cuts_everywhere(bench, check_tidy, 60);
    cuts_tear_down(bench);
    free(bench);
}
END_TEST

void cuts_add_storage(TCase *tests)
{
    tcase_add_test(tests, housekeeping_resumes);
    tcase_add_test(tests, space_comes_back_after_any_cut);
    tcase_add_test(tests, a_purge_goes_on_after_any_cut);
}
