/* The vault itself: made, opened, erased from, kept in order, copied. */
#include "fault/sweep.h"
#include <ftw.h>
#include <stdio.h>
#include <voicepriv/derivative.h>
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>
#include <voicepriv/salvage.h>
#include <voicepriv/storage.h>

static vpriv_status create(struct sweep *s)
{
    return life_create(&s->life);
}

static vpriv_status open_vault(struct sweep *s)
{
    return life_open(&s->life);
}

static vpriv_status erase_one(struct sweep *s)
{
    return vpriv_vault_erase(s->life.vault, s->recordings, 1, NULL);
}

static vpriv_status erase_all(struct sweep *s)
{
    return vpriv_vault_erase_before(s->life.vault, VPRIV_TIME_FOREVER_US, NULL);
}

/* The first ends with a commit that does not wait for the disk: the second must not be built on it when a sync
 * has lost it. */
static vpriv_status erase_and_withdraw(struct sweep *s)
{
    vpriv_recording_info info = {.struct_size = sizeof info};
    vpriv_status st = vpriv_recording_about(s->life.vault, &s->recordings[0], &info);
    if (st == VPRIV_OK && info.state != VPRIV_RECORDING_SHREDDED)
        st = erase_one(s);
    else if (st == VPRIV_E_ERASED)
        st = VPRIV_OK;
    if (st == VPRIV_OK)
        st = vpriv_consent_withdraw(
            s->life.vault, s->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
    return st;
}

static vpriv_status purge(struct sweep *s)
{
    const vpriv_purge_criteria all = {
        .struct_size = sizeof all, .until_us = VPRIV_TIME_FOREVER_US, .window = 1};
    vpriv_purge_report report = {.struct_size = sizeof report};
    return vpriv_purge(s->life.vault, &all, NULL, NULL, &report, NULL);
}

static void grow_old(struct sweep *s)
{
    s->life.clock_us += INT64_C(91) * 86400 * 1000000;
    ck_ok(vpriv_retention_trust_clock(s->life.vault, "sweeper"));
}

static vpriv_status run_retention(struct sweep *s)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    return vpriv_retention_run(s->life.vault, 10000, &report);
}

static vpriv_status trust_clock(struct sweep *s)
{
    return vpriv_retention_trust_clock(s->life.vault, "sweeper");
}

static vpriv_status restrict_one(struct sweep *s)
{
    return vpriv_recording_restrict(
        s->life.vault, s->recordings, 1, VPRIV_RESTRICTION_DISPUTE, "sweeper", SWEEP_REASON);
}

static void be_restricted(struct sweep *s)
{
    ck_ok(restrict_one(s));
}

static vpriv_status lift(struct sweep *s)
{
    return vpriv_recording_lift(s->life.vault, s->recordings, 1, "sweeper", SWEEP_REASON);
}

static vpriv_status add_derivative(struct sweep *s)
{
    static char words[9000]; /* three blocks */
    vpriv_derivative_id made;
    const vpriv_derivative transcript = {.struct_size = sizeof transcript,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .made_by = "sweeper",
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    memset(words, 'w', sizeof words);
    return vpriv_derivative_add(
        s->life.vault, &s->recordings[0], &transcript, words, sizeof words, &made);
}

static vpriv_status read_derivative(struct sweep *s)
{
    const vpriv_gate_request request = sweep_request(VPRIV_PURPOSE_KEEP_HISTORY);
    s->n_out = 0;
    return vpriv_gate_read_derivative(
        s->life.vault, s->life.owner, &s->derivative, &request, sweep_take, s);
}

static vpriv_status erase_derivative(struct sweep *s)
{
    return vpriv_derivative_erase(s->life.vault, &s->derivative, NULL);
}

static vpriv_status verify(struct sweep *s)
{
    vpriv_verification found = {.struct_size = sizeof found};
    const vpriv_status st = vpriv_vault_verify(s->life.vault, s->life.owner, NULL, NULL, &found);
    s->n_out = found.n_findings;
    return st;
}

static void have_rubbish(struct sweep *s)
{
    ck_ok(erase_one(s));
}

static vpriv_status tidy(struct sweep *s)
{
    return vpriv_vault_tidy(s->life.vault, 1000, NULL);
}

static vpriv_status about(struct sweep *s)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    return vpriv_vault_about(s->life.vault, &info);
}

static bool look(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ++*(size_t *)user;
    return true;
}

static vpriv_status list(struct sweep *s)
{
    s->n_out = 0;
    return vpriv_recording_list(s->life.vault, NULL, look, &s->n_out);
}

static bool look_at_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    (void)entry;
    ++*(size_t *)user;
    return true;
}

static vpriv_status read_log(struct sweep *s)
{
    s->n_out = 0;
    return vpriv_vault_log(s->life.vault, 0, look_at_entry, &s->n_out);
}

static vpriv_status checkpoint(struct sweep *s)
{
    vpriv_log_checkpoint text;
    return vpriv_vault_checkpoint(s->life.vault, &text);
}

static vpriv_status space(struct sweep *s)
{
    vpriv_space found = {.struct_size = sizeof found};
    return vpriv_vault_space(s->life.vault, &found);
}

static vpriv_status backup(struct sweep *s)
{
    return vpriv_vault_backup(s->life.vault, sweep_beside(s, "backup"), 0, NULL, NULL);
}

static void have_backup(struct sweep *s)
{
    ck_ok(backup(s));
}

static vpriv_status check_backup(struct sweep *s)
{
    vpriv_backup_info info = {.struct_size = sizeof info};
    return vpriv_backup_check(sweep_beside(s, "backup"), s->life.store, &info);
}

static vpriv_status restore(struct sweep *s)
{
    return vpriv_backup_restore(
        sweep_beside(s, "backup"), s->life.store, s->life.path, VPRIV_STORAGE_REPLACE, NULL, NULL);
}

static void copy_file(const char *from_path, const char *to_path)
{
    static uint8_t page[4096];
    FILE *from = fopen(from_path, "rb"), *to = fopen(to_path, "wb");
    ck_assert(from && to);
    for (size_t n = fread(page, 1, sizeof page, from); n > 0; n = fread(page, 1, sizeof page, from))
        ck_assert_uint_eq(fwrite(page, 1, n, to), n);
    ck_assert_int_eq(fclose(to), 0);
    fclose(from);
}

/* What was done since the backup is in the write-ahead log alone, as after a crash. */
static void have_backup_and_log(struct sweep *s)
{
    static const char *const endings[] = {"", "-wal"};
    char from[2][LIFE_PATH_BYTES + 16], to[2][LIFE_PATH_BYTES + 16];
    have_backup(s);
    ck_ok(life_give(&s->life, s->life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE));
    for (int i = 0; i < 2; i++) {
        snprintf(from[i], sizeof from[i], "%s%s", s->life.path, endings[i]);
        snprintf(to[i], sizeof to[i], "%s.kept%s", s->life.path, endings[i]);
        copy_file(from[i], to[i]);
    }
    life_close(&s->life);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rename(to[i], from[i]), 0);
}

/* A copy of the vault with a page in the middle gone. */
static void have_damage(struct sweep *s)
{
    static uint8_t page[4096];
    FILE *from = fopen(s->life.path, "rb"), *to = fopen(sweep_beside(s, "damaged"), "wb");
    ck_assert(from && to);
    life_close(&s->life);
    for (int i = 0; fread(page, sizeof page, 1, from) == 1; i++) {
        if (i == 30)
            memset(page, 0x55, sizeof page);
        ck_assert_uint_eq(fwrite(page, sizeof page, 1, to), 1);
    }
    ck_assert_int_eq(fclose(to), 0);
    fclose(from);
    ck_ok(life_open(&s->life));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void no_folder(struct sweep *s)
{
    (void)nftw(sweep_beside(s, "salvaged"), remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static vpriv_status salvage(struct sweep *s)
{
    const vpriv_gate_request request = sweep_request(VPRIV_PURPOSE_KEEP_HISTORY);
    vpriv_salvage_report report = {.struct_size = sizeof report};
    /* A salvage takes a folder of its own. */
    char damaged[LIFE_PATH_BYTES + 64];
    snprintf(damaged, sizeof damaged, "%s", sweep_beside(s, "damaged"));
    return vpriv_vault_salvage(damaged, s->life.store, s->life.owner, NULL, &request,
        sweep_beside(s, "salvaged"), NULL, NULL, &report);
}

const struct operation sweep_storage[] = {
    {"create", NULL, NULL, create, SWEEP_EMPTY},
    {"open", NULL, NULL, open_vault, SWEEP_SHUT},
    {"erase one", NULL, NULL, erase_one, 0},
    {"erase all", NULL, NULL, erase_all, 0},
    {"erase and withdraw", NULL, NULL, erase_and_withdraw, SWEEP_STEPS | SWEEP_FINISHES},
    {"purge", NULL, NULL, purge, SWEEP_STEPS},
    {"retention run", grow_old, NULL, run_retention, SWEEP_STEPS},
    {"trust clock", NULL, NULL, trust_clock, SWEEP_AGAIN},
    {"restrict", NULL, NULL, restrict_one, 0},
    {"lift", be_restricted, NULL, lift, 0},
    {"derivative add", NULL, NULL, add_derivative, SWEEP_AGAIN},
    {"derivative read", NULL, NULL, read_derivative, SWEEP_AGAIN},
    {"derivative erase", NULL, NULL, erase_derivative, 0},
    {"verify", NULL, NULL, verify, SWEEP_AGAIN},
    {"tidy", have_rubbish, NULL, tidy, SWEEP_STEPS},
    {"about", NULL, NULL, about, 0},
    {"list", NULL, NULL, list, 0},
    {"log", NULL, NULL, read_log, 0},
    {"checkpoint", NULL, NULL, checkpoint, 0},
    {"space", NULL, NULL, space, 0},
    {"backup", NULL, NULL, backup, 0},
    {"backup check", have_backup, NULL, check_backup, SWEEP_SHUT},
    {"restore", have_backup, NULL, restore, SWEEP_SHUT},
    {"restore over a log", have_backup_and_log, NULL, restore, SWEEP_SHUT},
    {"salvage", have_damage, no_folder, salvage, SWEEP_SHUT | SWEEP_STEPS},
};
const size_t n_sweep_storage = sizeof sweep_storage / sizeof sweep_storage[0];
