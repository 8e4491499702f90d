/* The n-th step of SQLite fails, for every n, in calls that read and calls that write: each says so, and what
 * it did is there as a whole or not at all. */
#include "fault/cutvfs.h"
#include "fault/life.h"
#include <sqlite3.h>
#include <stdio.h>
#include <voicepriv/voicepriv.h>

static uint64_t n_until_failure; /* 0: none fails */
static uint64_t n_failed;

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    if (n_until_failure == 0 || --n_until_failure > 0)
        return __real_sqlite3_step(statement);
    n_failed++;
    return SQLITE_IOERR;
}

static struct bench {
    struct life life;
    struct cutvfs_snapshot *start;
    struct memory_root root;
    vpriv_recording_id recordings[2];
    char *before, *after;
} b;

static vpriv_status swallow(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_OK;
}

static vpriv_status open_vault(void)
{
    return life_open(&b.life);
}

static vpriv_status give(void)
{
    return life_give(&b.life, b.life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE);
}

static vpriv_status withdraw(void)
{
    return vpriv_consent_withdraw(b.life.vault, b.life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
}

static vpriv_status erase(void)
{
    return vpriv_vault_erase(b.life.vault, b.recordings, 1, NULL);
}

static vpriv_status erase_ada(void)
{
    return vpriv_subject_erase(b.life.vault, b.life.ada, NULL);
}

static vpriv_status restrict_it(void)
{
    return vpriv_recording_restrict(
        b.life.vault, b.recordings, 1, VPRIV_RESTRICTION_DISPUTE, "tester", "why");
}

static vpriv_status add_subject(void)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    return vpriv_subject_add(b.life.vault, VPRIV_SUBJECT_USER, "Bob", NULL, id);
}

static vpriv_status add_notice(void)
{
    const vpriv_notice notice = {sizeof notice, "history", "2", "en", "We keep it longer.", 18};
    return vpriv_notice_add(b.life.vault, &notice, NULL);
}

static vpriv_status pause_all(void)
{
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW),
        .where = "*",
        .actor = "tester"};
    return vpriv_pause_begin(b.life.vault, &pause);
}

static vpriv_status move_home(void)
{
    return vpriv_subject_set_home(b.life.vault, b.life.ada, "DE");
}

static vpriv_status trust(void)
{
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    const vpriv_status st = vpriv_authority_make(seed, key);
    return st == VPRIV_OK ? vpriv_jurisdiction_trust(b.life.vault, key, "tester") : st;
}

static vpriv_status export_sound(void)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "tester"};
    vpriv_reader *reader = NULL;
    vpriv_status st =
        vpriv_gate_open(b.life.vault, b.life.owner, &b.recordings[0], &request, &reader);
    if (st == VPRIV_OK)
        st = vpriv_gate_export_opus(reader, swallow, NULL);
    vpriv_gate_close(reader);
    return st;
}

static vpriv_status transcribe(void)
{
    vpriv_derivative_id made;
    const vpriv_derivative transcript = {.struct_size = sizeof transcript,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .made_by = "tester",
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    return vpriv_derivative_add(b.life.vault, &b.recordings[0], &transcript, "sound", 5, &made);
}

static vpriv_status verify(void)
{
    vpriv_verification found = {.struct_size = sizeof found};
    return vpriv_vault_verify(b.life.vault, b.life.owner, NULL, NULL, &found);
}

static vpriv_status tidy(void)
{
    return vpriv_vault_tidy(b.life.vault, 10, NULL);
}

static vpriv_status run_retention(void)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    return vpriv_retention_run(b.life.vault, 1000, &report);
}

static vpriv_status checkpoint(void)
{
    vpriv_log_checkpoint text;
    return vpriv_vault_checkpoint(b.life.vault, &text);
}

static vpriv_status receipt(void)
{
    const uint64_t index = 3; /* a consent */
    return vpriv_receipt_from_log(b.life.vault, &index, 1, swallow, NULL);
}

static const struct workload {
    const char *name;
    vpriv_status (*act)(void);
} workloads[] = {{"open", open_vault}, {"give", give}, {"withdraw", withdraw}, {"erase", erase},
    {"subject erase", erase_ada}, {"restrict", restrict_it}, {"subject add", add_subject},
    {"notice add", add_notice}, {"pause", pause_all}, {"home", move_home}, {"trust", trust},
    {"export", export_sound}, {"transcribe", transcribe}, {"verify", verify}, {"tidy", tidy},
    {"retention", run_retention}, {"checkpoint", checkpoint}, {"receipt", receipt}};
#define N_WORKLOADS (int)(sizeof workloads / sizeof workloads[0])

static char *picture(void)
{
    ck_ok(life_open(&b.life));
    char *text = life_picture(&b.life);
    life_close(&b.life);
    return text;
}

/* False when there are not so many steps. */
static bool run(const struct workload *workload, uint64_t n, vpriv_status *status_out)
{
    cutvfs_restore(b.start);
    b.life.root = b.root;
    if (workload->act != open_vault)
        ck_ok(life_open(&b.life));
    n_failed = 0;
    n_until_failure = n;
    *status_out = workload->act();
    n_until_failure = 0;
    life_close(&b.life);
    return n_failed > 0;
}

START_TEST(a_failed_statement_is_reported_and_changes_nothing_by_half)
{
    const struct workload *workload = &workloads[_i];
    vpriv_status st = VPRIV_OK;
    uint64_t n_tried = 0, n_errors = 0;
    memset(&b, 0, sizeof b);
    cutvfs_install();
    life_begin(&b.life);
    ck_ok(life_create(&b.life));
    life_settle_in(&b.life);
    life_record(&b.life, 100, 300, &b.recordings[0]);
    life_record(&b.life, 40, 500, &b.recordings[1]);
    life_close(&b.life);
    b.start = cutvfs_snapshot();
    b.root = b.life.root;
    b.before = picture();
    ck_assert(!run(workload, 0, &st));
    ck_ok(st);
    b.after = picture();
    for (uint64_t n = 1; run(workload, n, &st); n += life_is_long() ? 1 : 1 + n / 24) {
        char *text = picture();
        const bool is_after = strcmp(text, b.after) == 0;
        ck_assert_msg(
            st != VPRIV_E_INTERNAL, "%s, step %llu", workload->name, (unsigned long long)n);
        ck_assert_msg(is_after || (st != VPRIV_OK && strcmp(text, b.before) == 0),
            "%s, step %llu, %s: %s", workload->name, (unsigned long long)n, vpriv_status_text(st),
            life_difference(st == VPRIV_OK ? b.after : b.before, text));
        free(text);
        n_tried++;
        n_errors += st != VPRIV_OK;
    }
    printf("%-16s %4llu failing statements tried, %llu reported\n", workload->name,
        (unsigned long long)n_tried, (unsigned long long)n_errors);
    ck_assert_uint_gt(n_errors, 0);
    free(b.before);
    free(b.after);
    cutvfs_snapshot_free(b.start);
    life_end(&b.life);
    cutvfs_uninstall();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: statements");
    TCase *tcase = tcase_create("statements");
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 300);
    tcase_add_loop_test(
        tcase, a_failed_statement_is_reported_and_changes_nothing_by_half, 0, N_WORKLOADS);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
