/* What a capture process that was taken over can write: envelopes, about any recording, that do not open, or
 * open and are lies. None keeps anybody from anything, and none changes what is there. */
#include "tampered.h"
#include "vault/ingest.h"
#include "vault/policy.h"
#include <sodium.h>
#include <sqlite3.h>

/* A pending envelope that does not open belongs to a recording that nobody can ever open. It must not
 * keep anybody from reading, withdrawing and erasing. */
START_TEST(bad_envelope_of_a_capture_process_blocks_nothing)
{
    static const char *const bad[] = {
        "INSERT INTO recording VALUES (50, randomblob(16), 1, 0, NULL, NULL); INSERT INTO ingest"
        " VALUES (50, 1, randomblob(1073))",
        "INSERT INTO recording VALUES (50, randomblob(16), 1, 0, NULL, NULL); INSERT INTO ingest"
        " VALUES (50, 1, x''), (50, 2, x'01')",
        "INSERT INTO ingest VALUES (1, 2, randomblob(561))",
        "INSERT INTO ingest VALUES (1, 1, randomblob(1073))",
        "INSERT INTO ingest VALUES (1, 9, randomblob(1073))",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t sound = 0;
        int n = 0;
        uint8_t record[VPRIV_ROOT_RECORD_BYTES];
        memcpy(record, h.cell->record, sizeof record);
        restore();
        household_sql(&h, bad[i]);
        ck_ok(household_open_vault(&h, h.path, &h.vault));
        ck_ok(listen(&a, &sound));
        ck_assert(sound == sound_a);
        ck_ok(vpriv_recording_list(h.vault, NULL, count_recording, &n));
        ck_assert_int_eq(n, 2);
        household_withdraw(&h, h.ada, KEEP);
        ck_fails(listen(&a, &sound), VPRIV_E_CONSENT);
        ck_ok(vpriv_vault_erase(h.vault, &b, 1, NULL));
        uint64_t n_left = 1;
        while (n_left > 0)
            ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 1"), 0);
        memcpy(h.cell->record, record, sizeof record);
    }
}
END_TEST

/* Whoever took a capture credential over can seal envelopes that open, about any recording. */
static void forge_commit(const vpi_recording *recording)
{
    static vpi_ingest_commit commit;
    commit = (vpi_ingest_commit){.shred_key = {1},
        .n_tag_bytes = recording->n_tag_bytes,
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    memcpy(commit.tag_bytes, recording->tag_bytes, recording->n_tag_bytes);
    ck_ok(vpi_ingest_write_commit(h.vault, recording->row, a.bytes, &commit));
}

static void forge_finish(const vpi_recording *recording)
{
    vpi_finish finish = recording->finish;
    ck_assert(finish.is_finished);
    finish.n_frames_48k /= 2;
    finish.ended_us -= SECOND_US / 2;
    finish.reason = VPRIV_END_FAILED;
    ck_ok(vpi_ingest_write_finish(h.vault, recording->row, a.bytes, &finish));
}

START_TEST(what_was_adopted_cannot_be_replaced_by_a_capture_process)
{
    static vpi_recording recording;
    uint8_t key[VPI_KEY_BYTES], same[VPI_KEY_BYTES];
    vpriv_recording_info before, after;
    uint64_t sound = 0, n_left = 1;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_recording_about(h.vault, &a, &before));
    household_shred_key(&h, &a, key);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_recording_load(h.vault, 1, &recording));
    (_i == 0 ? forge_commit : forge_finish)(&recording);
    ck_ok(vpi_vault_commit(h.vault));
    vpi_vault_leave(h.vault);
    vpriv_vault_close(h.vault);
    for (int round = 0; round < 2; round++) {
        ck_ok(household_open_vault(&h, h.path, &h.vault)); /* which adopts */
        ck_ok(listen(&a, &sound));
        ck_assert(sound == sound_a);
        ck_ok(vpriv_recording_about(h.vault, &a, &after));
        ck_assert_uint_eq(after.duration_us, before.duration_us);
        ck_assert_int_eq(after.end_reason, before.end_reason);
        household_shred_key(&h, &a, same);
        ck_assert_mem_eq(same, key, sizeof key);
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), round == 0);
        while (n_left > 0)
            ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
        vpriv_vault_close(h.vault);
        h.vault = NULL;
    }
}
END_TEST

/* Two recordings of a capture process, not adopted yet. */
static void record_pending(int64_t started_ago_us, vpriv_recording_id ids_out[2])
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    vpriv_keyring *credential = NULL;
    vpriv_vault *rooted = h.vault;
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &h.vault));
    for (int i = 0; i < 2; i++)
        ids_out[i] = record_four_blocks(h.bob, started_ago_us);
    vpriv_vault_close(h.vault);
    vpriv_keyring_close(credential);
    h.vault = rooted;
}

/* The end of the first recording once more; of another vault that had the same ingest key, if so. */
static void seal_finish(
    const vpriv_recording_id *id, uint8_t other_vault, uint8_t reason, uint64_t n_blocks)
{
    static vpi_policy_head head;
    uint8_t plain[512] = {0}, sealed[1 + crypto_box_SEALBYTES + sizeof plain] = {VPI_SUITE};
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_policy_read_head(h.vault, &head));
    vpi_put_u8(&w, VPI_INGEST_FINISH);
    vpi_put_bytes(&w, h.vault->vault_id, VPI_VAULT_ID_BYTES);
    plain[1] ^= other_vault;
    vpi_put_bytes(&w, id->bytes, VPI_RECORDING_ID_BYTES);
    vpi_put_u8(&w, reason);
    vpi_put_u64(&w, n_blocks);
    vpi_put_u64(&w, 4 * 20 * 960);
    vpi_put_i64(&w, HOUSEHOLD_START_US);
    ck_assert_int_eq(crypto_box_seal(sealed + 1, plain, sizeof plain, head.ingest_public_key), 0);
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_database_run(h.vault->database,
        "UPDATE ingest SET sealed = ?1 WHERE recording = 3 AND kind = 2", "b", sealed,
        sizeof sealed));
    ck_ok(vpi_vault_commit(h.vault));
    vpi_vault_leave(h.vault);
}

/* 0: nothing is moved; 1: from one recording to the other; 2: from the beginning to the end; 3: from this
 * vault; 4: from another; 5: with an end that there is not; 6: with more blocks than there can be. */
START_TEST(an_envelope_belongs_to_its_place)
{
    static const char *const moves[] = {NULL,
        "UPDATE ingest SET recording = -recording; UPDATE ingest SET recording = 7 + recording",
        "UPDATE ingest SET kind = -kind; UPDATE ingest SET kind = 3 + kind", NULL, NULL, NULL,
        NULL};
    static const int n_left_of[] = {0, 4, 4, 0, 1, 1, 1};
    const bool is_adopted = _i == 0 || _i >= 3;
    vpriv_recording_id ids[2];
    uint64_t sound = 0, n_left = 1;
    int n = 0;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_pending(0, ids);
    ck_assert_int_eq(household_count(&h, "SELECT sum(recording) FROM ingest"), 3 + 3 + 4 + 4);
    if (moves[_i])
        household_sql(&h, moves[_i]);
    if (_i >= 3)
        seal_finish(&ids[0], _i == 4, _i == 5 ? VPRIV_END_PAUSED + 1 : VPRIV_END_STOPPED,
            _i == 6 ? (1 << VPI_ROW_SHIFT) + 1 : 4);
    vpriv_vault_close(h.vault);
    ck_ok(household_open_vault(&h, h.path, &h.vault)); /* which adopts */
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), n_left_of[_i]);
    ck_fails(listen(&ids[0], &sound), is_adopted ? VPRIV_OK : VPRIV_E_CONSENT);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_ok(vpriv_recording_list(h.vault, NULL, count_recording, &n));
    ck_assert_int_eq(n, is_adopted ? 4 : 2);
    if (is_adopted) {
        vpriv_recording_info info;
        ck_ok(vpriv_recording_about(h.vault, &ids[0], &info));
        ck_assert_int_eq(info.end_reason, _i >= 4 ? VPRIV_END_UNFINISHED : VPRIV_END_STOPPED);
    }
    ck_ok(listen(&a, &sound));
    ck_assert(sound == sound_a);
}
END_TEST

/* Nothing of a time that cannot be is reckoned with: 0: just possible; 1: the moment before. */
START_TEST(a_recording_begins_at_a_time_that_can_be)
{
    vpriv_recording_id ids[2];
    uint64_t n_left = 1, sound = 0;
    int n = 0;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_pending(h.cell->now_us - 1 + _i, ids);
    vpriv_vault_close(h.vault);
    ck_ok(household_open_vault(&h, h.path, &h.vault)); /* which adopts */
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), _i == 0 ? 0 : 2);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_ok(vpriv_recording_list(h.vault, NULL, count_recording, &n));
    ck_assert_int_eq(n, _i == 0 ? 4 : 2);
    ck_ok(listen(&a, &sound));
    ck_assert(sound == sound_a);
}
END_TEST

/* One envelope of an old copy, which the ingest key of now does not open. */
static void ck_opens(const uint8_t *envelope, size_t n_bytes, bool opens)
{
    uint8_t secret[VPI_KEY_BYTES], public[VPI_KEY_BYTES];
    uint8_t *plain = malloc(n_bytes);
    bool began = false;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    ck_ok(vpi_tree_get(h.vault->tree, VPI_SLOT_INGEST, secret));
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    crypto_scalarmult_base(public, secret);
    ck_assert(
        (crypto_box_seal_open(plain, envelope + 1, n_bytes - 1, public, secret) == 0) == opens);
    free(plain);
}

START_TEST(a_buried_envelope_opens_in_no_old_copy)
{
    vpriv_recording_id ids[2];
    uint8_t envelope[4096];
    size_t n_bytes = 0;
    sqlite3 *file = NULL;
    sqlite3_stmt *row = NULL;
    uint64_t n_left = 1;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_pending(h.cell->now_us, ids); /* does not begin at a time that can be */
    ck_assert_int_eq(sqlite3_open(h.path, &file), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(
                         file, "SELECT sealed FROM ingest WHERE kind = 1 LIMIT 1", -1, &row, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    n_bytes = (size_t)sqlite3_column_bytes(row, 0);
    ck_assert_uint_le(n_bytes, sizeof envelope);
    memcpy(envelope, sqlite3_column_blob(row, 0), n_bytes);
    sqlite3_finalize(row);
    sqlite3_close(file);
    ck_opens(envelope, n_bytes, true);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_opens(envelope, n_bytes, false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: envelopes");
    TCase *tests = tcase_create("envelopes");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, bad_envelope_of_a_capture_process_blocks_nothing);
    tcase_add_loop_test(tests, an_envelope_belongs_to_its_place, 0, 7);
    tcase_add_loop_test(tests, a_recording_begins_at_a_time_that_can_be, 0, 2);
    tcase_add_test(tests, a_buried_envelope_opens_in_no_old_copy);
    tcase_add_loop_test(tests, what_was_adopted_cannot_be_replaced_by_a_capture_process, 0, 2);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
