/* Blocks of several recordings in one transaction: each comes out by itself. */
#include "base/memory.h"
#include "household.h"
#include <stdio.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define N_PARTS 5

static household h;
static vpi_sealer *sealers[N_PARTS];
static vpi_sealer_part parts[N_PARTS];
static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
static int n_commits;

static int count_commit(void *user)
{
    ++*(int *)user;
    return 0; /* go on */
}

static vpi_sealer *make_sealer(const uint8_t *subject)
{
    vpi_sealer *sealer = NULL;
    const vpi_sealer_request request = household_request(subject);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    return sealer;
}

static void set_up(void)
{
    vpi_block_builder builder;
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    vpi_block_finish(&builder, plain + VPI_BLOCK_PLAIN_BYTES);
    /* Bob is the one in the middle. */
    for (size_t i = 0; i < N_PARTS; i++) {
        sealers[i] = make_sealer(i == 2 ? h.bob : h.ada);
        parts[i] = (vpi_sealer_part){.sealer = sealers[i], .plain = plain, .n_blocks = 1 + i % 2};
    }
    n_commits = 0;
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), count_commit, &n_commits);
}

static void tear_down(void)
{
    for (size_t i = 0; i < N_PARTS; i++)
        vpi_sealer_destroy(sealers[i]);
    household_close(&h);
}

static void commit_all(void)
{
    for (size_t i = 0; i < N_PARTS; i++)
        ck_ok(vpi_sealer_commit(sealers[i]));
    n_commits = 0;
}

static int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

static void ck_only_the_middle_failed(vpriv_status status)
{
    for (size_t i = 0; i < N_PARTS; i++) {
        ck_assert_msg(parts[i].status == (i == 2 ? status : VPRIV_OK), "part %zu: %s: %s", i,
            vpriv_status_text(parts[i].status), parts[i].detail);
        ck_assert_int_eq(parts[i].detail[0] != '\0', i == 2);
    }
}

START_TEST(group_is_one_transaction)
{
    vpi_sealer_write_group(parts, N_PARTS);
    for (size_t i = 0; i < N_PARTS; i++)
        ck_assert_int_eq(parts[i].status, VPRIV_OK);
    ck_assert_int_eq(n_commits, 1);
    ck_assert_int_eq(blocks_on_disk(), 7);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 1"), 5);
    commit_all();
    vpi_sealer_write_group(parts, N_PARTS);
    ck_assert_int_eq(n_commits, 1);
    for (size_t i = 0; i < N_PARTS; i++) {
        ck_assert_int_eq(parts[i].status, VPRIV_OK);
        ck_ok(vpi_sealer_finish(sealers[i], plain, VPRIV_END_STOPPED, 0));
    }
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_findings, 0);
}
END_TEST

START_TEST(withdrawn_consent_leaves_out_its_recording_only)
{
    if (_i == 1)
        commit_all();
    household_withdraw(&h, h.bob, KEEP);
    n_commits = 0;
    vpi_sealer_write_group(parts, N_PARTS);
    ck_only_the_middle_failed(VPRIV_E_CONSENT);
    ck_assert_int_eq(n_commits, 1);
    ck_assert_int_eq(blocks_on_disk(), 6);
}
END_TEST

/* What cannot be inserted takes the transaction with it; the others are written anew without it. */
START_TEST(damaged_recording_does_not_keep_the_others_from_being_written)
{
    char sql[128];
    commit_all();
    const int64_t row = household_count(
        &h, "SELECT id FROM recording ORDER BY id LIMIT 1 OFFSET 2"); /* in the order of commit */
    snprintf(sql, sizeof sql, "INSERT INTO block(id, sealed) VALUES (%lld, zeroblob(4096))",
        (long long)(row << VPI_ROW_SHIFT));
    household_sql(&h, sql);
    n_commits = 0;
    vpi_sealer_write_group(parts, N_PARTS);
    ck_only_the_middle_failed(VPRIV_E_AUTH);
    ck_assert_int_eq(n_commits, 1);
    ck_assert_int_eq(blocks_on_disk(), 6 + 1);
}
END_TEST

/* First writes: the rows of those that were rolled back are made anew, and locked by their own byte. */
START_TEST(first_writes_survive_a_failed_neighbour)
{
    char sql[128];
    vpi_sealer_write_group(parts + 2, 1);
    ck_assert_int_eq(parts[2].status, VPRIV_OK);
    const int64_t row = household_count(&h, "SELECT max(id) FROM recording");
    snprintf(sql, sizeof sql, "INSERT INTO block(id, sealed) VALUES (%lld, zeroblob(4096))",
        (long long)(row << VPI_ROW_SHIFT | 1));
    household_sql(&h, sql);
    n_commits = 0;
    vpi_sealer_write_group(parts, N_PARTS);
    ck_only_the_middle_failed(VPRIV_E_AUTH);
    ck_assert_int_eq(n_commits, 1);
    vpi_sealer_write_group(parts, 2);
    ck_assert_int_eq(parts[0].status, VPRIV_OK);
    ck_assert_int_eq(parts[1].status, VPRIV_OK);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 1"), 5);
    for (int64_t at = 1; at <= row + 4; at++)
        ck_assert_int_eq(vpi_recorder_is_alive(h.vault, at), at >= row);
}
END_TEST

static int refuse_commit(void *user)
{
    (void)user;
    return 1;
}

/* What fails for the transaction as a whole reaches everybody, and nothing of it is left. */
START_TEST(failed_commit_reaches_every_part)
{
    sqlite3 *database = vpi_database_handle(h.vault->database);
    sqlite3_commit_hook(database, refuse_commit, NULL);
    vpi_sealer_write_group(parts, N_PARTS);
    for (size_t i = 0; i < N_PARTS; i++) {
        ck_assert_int_ne(parts[i].status, VPRIV_OK);
        ck_assert_str_ne(parts[i].detail, "");
    }
    ck_assert_int_eq(blocks_on_disk(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    sqlite3_commit_hook(database, count_commit, &n_commits);
    vpi_sealer_write_group(parts, N_PARTS);
    for (size_t i = 0; i < N_PARTS; i++)
        ck_assert_int_eq(parts[i].status, VPRIV_OK);
    ck_assert_int_eq(blocks_on_disk(), 7);
}
END_TEST

START_TEST(ended_recording_is_refused_and_the_others_are_written)
{
    bool closed = true;
    ck_ok(vpi_sealer_reject(sealers[2], 0, &closed));
    ck_assert(!closed);
    vpi_sealer_write_group(parts, N_PARTS);
    ck_only_the_middle_failed(VPRIV_E_STATE);
    ck_assert_int_eq(blocks_on_disk(), 6);
    ck_fails(vpi_sealer_write(sealers[2], plain, 1), VPRIV_E_STATE);
    ck_assert_str_ne(vpriv_error_detail(), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: groups of recordings");
    TCase *tests = tcase_create("group");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, group_is_one_transaction);
    tcase_add_loop_test(tests, withdrawn_consent_leaves_out_its_recording_only, 0, 2);
    tcase_add_test(tests, damaged_recording_does_not_keep_the_others_from_being_written);
    tcase_add_test(tests, first_writes_survive_a_failed_neighbour);
    tcase_add_test(tests, failed_commit_reaches_every_part);
    tcase_add_test(tests, ended_recording_is_refused_and_the_others_are_written);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
