/* Erasure is final (P4): no old copy of the files, with every secret of now, opens what was erased;
 * the log still proves that it happened (P8). */
#include "household.h"
#include "vault/consent_store.h"
#include "vault/erase.h"
#include "vault/log_store.h"
#include "vault/subject.h"
#include <sqlite3.h>
#include <stdio.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

static vpriv_receipt receipt_of(void)
{
    return (vpriv_receipt){.struct_size = sizeof(vpriv_receipt)};
}

/* The leaf is in the log that the device signed. */
static void ck_proven(const vpriv_receipt *receipt)
{
    vpriv_log_checkpoint checkpoint;
    vpriv_vault_info about = {.struct_size = sizeof about};
    char origin[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t leaf[VPRIV_LOG_HASH_BYTES], root[VPRIV_LOG_HASH_BYTES];
    uint8_t proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    size_t n_hashes = 0;
    uint64_t size = 0;
    ck_ok(vpriv_vault_about(h.vault, &about));
    ck_ok(vpriv_vault_checkpoint(h.vault, &checkpoint));
    ck_ok(vpriv_vault_log_origin(h.vault, origin));
    ck_ok(vpriv_log_verify_checkpoint(
        checkpoint.text, strlen(checkpoint.text), origin, about.device_public_key, &size, root));
    ck_assert_uint_eq(size, about.log_size);
    ck_ok(vpriv_vault_prove_inclusion(h.vault, receipt->log_index, size, leaf, proof, &n_hashes));
    ck_assert_mem_eq(leaf, receipt->leaf_hash, sizeof leaf);
    ck_ok(vpriv_log_verify_inclusion(
        receipt->leaf_hash, receipt->log_index, size, proof, n_hashes, root));
    leaf[0] ^= 1;
    ck_fails(vpriv_log_verify_inclusion(leaf, receipt->log_index, size, proof, n_hashes, root),
        VPRIV_E_AUTH);
}

static void ck_erased(const vpriv_recording_id *id)
{
    vpriv_recording_info info;
    ck_fails(household_hear(&h, id, KEEP), VPRIV_E_ERASED);
    ck_ok(vpriv_recording_about(h.vault, id, &info));
    ck_assert_int_eq(info.state, VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(info.started_us, 0);
    ck_assert_uint_eq(info.n_subjects, 0);
    ck_assert_int_eq(info.trigger, 0);
}

/* Neither header nor wraps nor blocks of the row in the copy open with any key of the attacker. */
static void ck_noise(const char *name, const vpriv_recording_id *id, int64_t row, bool opens)
{
    household_attacker attacker;
    char path[PATH_BYTES];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool opened = false;
    household_attack(&h, name, &attacker);
    household_file(&h, name, path);
    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database,
                         "SELECT header, key_slot, retention, name FROM recording WHERE id = ?1",
                         -1, &statement, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(statement, 1, row);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_mem_eq(sqlite3_column_blob(statement, 3), id->bytes, sizeof id->bytes);
    uint8_t bond[VPI_RECORDING_ID_BYTES + 11], plain[16384], key[VPI_KEY_BYTES];
    vpi_writer w = vpi_writer_of(bond, sizeof bond);
    vpi_put_bytes(&w, id->bytes, sizeof id->bytes);
    vpi_put_u8(&w, VPRIV_RECORDING_COMMITTED);
    vpi_put_u16(&w, (uint16_t)sqlite3_column_int(statement, 2));
    vpi_put_u64(&w, (uint64_t)sqlite3_column_int64(statement, 1));
    const vpi_place place = {
        h.vault->vault_id, VPI_COLUMN_RECORDING_HEADER, (uint64_t)row, bond, sizeof bond};
    for (size_t i = 0; i < attacker.n_keys; i++) {
        size_t n_bytes = 0;
        vpi_derive(attacker.keys[i], "recording: header", NULL, 0, key);
        opened = vpi_unseal_padded(key, &place, sqlite3_column_blob(statement, 0),
                     (size_t)sqlite3_column_bytes(statement, 0), plain, sizeof plain,
                     &n_bytes) == VPRIV_OK ||
                 opened;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    household_attack_end(&attacker);
    ck_assert_int_eq(opened, opens);
}

static int64_t row_of(const vpriv_recording_id *id)
{
    char sql[128] = "SELECT id FROM recording WHERE name = x'";
    for (size_t i = 0; i < sizeof id->bytes; i++)
        snprintf(sql + strlen(sql), 4, "%02x", id->bytes[i]);
    strcat(sql, "'");
    return household_count(&h, sql);
}

START_TEST(erased_recording_is_noise_in_every_old_copy)
{
    vpriv_receipt receipt = receipt_of();
    uint8_t gone[VPI_KEY_BYTES], kept[VPI_KEY_BYTES];
    household_attacker attacker;
    vpriv_vault *old = NULL;
    char path[PATH_BYTES];
    const vpriv_recording_id first = household_record(&h, h.ada);
    const vpriv_recording_id second = household_record(&h, h.ada);
    household_shred_key(&h, &first, gone);
    household_shred_key(&h, &second, kept);
    const int64_t first_row = row_of(&first), second_row = row_of(&second);
    household_copy(&h, "before");
    ck_noise("before", &first, first_row, true);
    ck_ok(vpriv_vault_erase(h.vault, &first, 1, &receipt));
    ck_assert_int_eq(receipt.kind, VPRIV_LOG_ERASURE);
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    ck_assert_int_eq(receipt.assurance, VPRIV_ASSURANCE_KEYED);
    ck_assert_int_eq(receipt.time_us, HOUSEHOLD_START_US);
    ck_proven(&receipt);
    household_copy(&h, "after"); /* with what is left in the write-ahead log */
    static const char *const copies[] = {"before", "after"};
    for (size_t i = 0; i < 2; i++) {
        household_attack(&h, copies[i], &attacker);
        ck_assert(!household_knows(&attacker, gone));
        ck_assert(household_knows(&attacker, kept));
        household_attack_end(&attacker);
    }
    ck_noise("before", &first, first_row, false);
    ck_noise("before", &second, second_row, true);
    ck_erased(&first);
    ck_ok(household_hear(&h, &second, KEEP));
    household_file(&h, "before", path);
    ck_fails(household_open_vault(&h, path, &old), VPRIV_E_ROLLBACK);
    household_reopen(&h);
    ck_erased(&first);
    ck_ok(household_hear(&h, &second, KEEP));
}
END_TEST

START_TEST(many_are_erased_all_or_none)
{
    vpriv_receipt receipt = receipt_of();
    vpriv_recording_id ids[6];
    for (size_t i = 0; i < 5; i++)
        ids[i] = household_record(&h, h.ada);
    memset(&ids[5], 0x55, sizeof ids[5]);
    ck_fails(vpriv_vault_erase(h.vault, ids, 6, &receipt), VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(receipt.n_recordings, 0);
    for (size_t i = 0; i < 5; i++)
        ck_ok(household_hear(&h, &ids[i], KEEP));
    ids[5] = ids[0]; /* named twice counts once */
    household_copy(&h, "before");
    ck_ok(vpriv_vault_erase(h.vault, ids, 6, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 5);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    for (size_t i = 0; i < 5; i++) {
        ck_erased(&ids[i]);
        ck_noise("before", &ids[i], row_of(&ids[i]), false);
    }
    ck_ok(vpriv_vault_erase(h.vault, ids, 5, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 0);
    ck_fails(vpriv_vault_erase(h.vault, ids, 0, &receipt), VPRIV_E_ARG);
    ck_fails(vpriv_vault_erase(h.vault, NULL, 1, &receipt), VPRIV_E_ARG);
    receipt.struct_size = 3;
    ck_fails(vpriv_vault_erase(h.vault, ids, 1, &receipt), VPRIV_E_ARG);
}
END_TEST

/* Began before the others, and came into the vault behind them: as recorders do that ran at once. */
START_TEST(what_began_earlier_is_found_wherever_it_stands)
{
    vpriv_receipt receipt = receipt_of();
    vpriv_purge_report report = {.struct_size = sizeof report};
    const int64_t until_us = h.cell->now_us - 4 * SECOND_US;
    const vpriv_purge_criteria criteria = {.struct_size = sizeof criteria, .until_us = until_us};
    for (int i = 0; i < 300; i++)
        household_quick(&h, h.ada);
    const vpriv_recording_id first = household_quick_ago(&h, h.ada, 5 * SECOND_US);
    for (int i = 0; i < VPI_ERASE_REST_AFTER; i++)
        household_quick(&h, h.ada);
    const vpriv_recording_id second = household_quick_ago(&h, h.ada, 5 * SECOND_US);
    ck_ok(vpriv_vault_erase_before(h.vault, until_us, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_erased(&first);
    ck_erased(&second);
    const vpriv_recording_id third = household_quick_ago(&h, h.ada, 5 * SECOND_US);
    ck_ok(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 1);
    ck_erased(&third);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 2"),
        300 + VPI_ERASE_REST_AFTER);
}
END_TEST

START_TEST(all_before_a_moment_are_erased)
{
    vpriv_receipt receipt = receipt_of();
    vpriv_recording_id ids[10];
    for (size_t i = 0; i < 10; i++) {
        ids[i] = household_quick(&h, i % 2 ? h.ada : h.bob);
        household_pass(&h, 3600 * SECOND_US);
    }
    household_copy(&h, "before");
    ck_ok(vpriv_vault_erase_before(h.vault, HOUSEHOLD_START_US + 4 * 3600 * SECOND_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 4);
    ck_proven(&receipt);
    for (size_t i = 0; i < 10; i++) {
        ck_noise("before", &ids[i], row_of(&ids[i]), i >= 4);
        if (i < 4)
            ck_erased(&ids[i]);
        else
            ck_ok(household_hear(&h, &ids[i], KEEP));
    }
    ck_fails(vpriv_vault_erase_before(h.vault, 0, &receipt), VPRIV_E_ARG);
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 6);
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 0);
    for (size_t i = 0; i < 10; i++)
        ck_erased(&ids[i]);
    uint64_t n_left = 1;
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 3, &n_left));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM wrap"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), 0);
}
END_TEST

typedef struct entries {
    int n_granted;
    int n_refused;
    uint64_t last;
} entries;

static bool count_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    entries *e = user;
    e->n_granted += entry->kind == VPRIV_LOG_ACCESS_GRANTED;
    e->n_refused += entry->kind == VPRIV_LOG_ACCESS_REFUSED;
    e->last = index;
    return true;
}

typedef struct names {
    int n;
    char text[4][VPRIV_SUBJECT_NAME_BYTES];
} names;

static bool take_name(void *user, const vpriv_subject_info *info)
{
    names *found = user;
    memcpy(found->text[found->n++], info->name, sizeof info->name);
    return true;
}

START_TEST(erased_person_leaves_proofs_without_words)
{
    vpriv_receipt receipt = receipt_of();
    entries heard = {0};
    names found = {0};
    uint8_t carol[VPRIV_SUBJECT_ID_BYTES], key[VPI_KEY_BYTES], both[2 * VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome shared = {.struct_size = sizeof shared};
    household_attacker attacker;
    memcpy(both, h.ada, sizeof h.ada);
    memcpy(both + sizeof h.ada, h.bob, sizeof h.bob);
    const vpriv_recorder_config config = household_config(both, 2);
    const vpriv_recording_id bobs = household_record(&h, h.bob);
    const vpriv_recording_id adas = household_record(&h, h.ada);
    ck_ok(household_try_record(h.vault, &config, &shared));
    ck_ok(household_hear(&h, &bobs, KEEP));
    ck_ok(household_hear(&h, &adas, KEEP));
    const int64_t bobs_row = row_of(&bobs), shared_row = row_of(&shared.recording);
    /* The key of Bob's name. */
    vpi_subject person;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_subject_find(h.vault, h.bob, &person));
    ck_ok(vpi_subject_key(h.vault, person.row, key));
    vpi_vault_leave(h.vault);
    household_copy(&h, "before");
    ck_ok(vpriv_subject_erase(h.vault, h.bob, &receipt));
    ck_assert_int_eq(receipt.kind, VPRIV_LOG_SUBJECT_ERASED);
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_proven(&receipt);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    ck_noise("before", &bobs, bobs_row, false);
    ck_noise("before", &shared.recording, shared_row, false);
    ck_erased(&bobs);
    ck_erased(&shared.recording);
    ck_ok(household_hear(&h, &adas, KEEP));
    /* Somebody new, perhaps in the row that has become free. */
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Carol", NULL, carol));
    ck_ok(vpriv_subject_list(h.vault, take_name, &found));
    ck_assert_int_eq(found.n, 2);
    ck_assert_str_eq(found.text[0], "Ada");
    ck_assert_str_eq(found.text[1], "Carol");
    ck_fails(vpriv_subject_erase(h.vault, h.bob, NULL), VPRIV_E_NOT_FOUND);
    /* What the log said about Bob is gone, what it says about Ada is not. */
    ck_ok(vpriv_gate_who_heard(h.vault, &adas, count_entry, &heard));
    ck_assert_int_eq(heard.n_granted, 2);
    heard = (entries){0};
    ck_ok(vpriv_gate_who_heard(h.vault, &bobs, count_entry, &heard));
    ck_assert_int_eq(heard.n_granted, 0);
    vpriv_vault_info about = {.struct_size = sizeof about};
    ck_ok(vpriv_vault_about(h.vault, &about));
    int n_erased = 0, n_read = 0;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    for (uint64_t i = 0; i < about.log_size; i++) {
        vpriv_log_entry entry;
        const vpriv_status st = vpi_log_read(h.vault, i, &entry);
        n_erased += st == VPRIV_E_ERASED;
        n_read += st == VPRIV_OK;
        if (st == VPRIV_OK)
            ck_assert_mem_ne(entry.subject, h.bob, sizeof h.bob);
    }
    vpi_vault_leave(h.vault);
    ck_assert_int_eq(n_erased + n_read, (int)about.log_size);
    ck_assert_int_ge(n_erased, 3); /* added, consented, heard */
    household_reopen(&h);
    ck_ok(vpriv_gate_who_heard(h.vault, &adas, count_entry, &heard));
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
}
END_TEST

/* Somebody with write access to the disk took a recording's row away: its keys cannot be named any more, but the
 * person's can, and without them no copy of it opens. */
START_TEST(a_row_that_was_taken_away_keeps_nobody_in_the_vault)
{
    vpriv_receipt receipt = receipt_of();
    uint8_t grant[VPI_KEY_BYTES], record[VPRIV_CONSENT_RECORD_ID_BYTES];
    household_attacker attacker;
    vpi_subject person;
    char sql[96];
    const vpriv_recording_id taken = household_record(&h, h.bob);
    const vpriv_recording_id other = household_record(&h, h.bob);
    const vpriv_recording_id adas = household_record(&h, h.ada);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_subject_find(h.vault, h.bob, &person));
    ck_ok(vpi_consent_grant_key(h.vault, person.row, KEEP, record, grant));
    vpi_vault_leave(h.vault);
    household_copy(&h, "before");
    household_attack(&h, "before", &attacker);
    ck_assert(household_knows(&attacker, grant)); /* that it can fail */
    household_attack_end(&attacker);
    snprintf(sql, sizeof sql, "DELETE FROM recording WHERE id = %lld", (long long)row_of(&taken));
    household_sql(&h, sql);
    ck_ok(vpriv_subject_erase(h.vault, h.bob, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 1);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, grant));
    household_attack_end(&attacker);
    ck_erased(&other);
    ck_ok(household_hear(&h, &adas, KEEP));
    ck_fails(vpriv_subject_erase(h.vault, h.bob, NULL), VPRIV_E_NOT_FOUND);
}
END_TEST

START_TEST(key_file_says_that_it_does_its_best)
{
    vpriv_receipt receipt = receipt_of();
    household_close(&h);
    household_open(&h, HOUSEHOLD_FILE);
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_copy(&h, "before");
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &receipt));
    ck_assert_int_eq(receipt.assurance, VPRIV_ASSURANCE_BEST_EFFORT);
    vpriv_vault_info about = {.struct_size = sizeof about};
    ck_ok(vpriv_vault_about(h.vault, &about));
    ck_assert_int_eq(about.assurance, VPRIV_ASSURANCE_BEST_EFFORT);
    vpriv_vault *old = NULL;
    char path[PATH_BYTES];
    household_file(&h, "before", path);
    ck_fails(household_open_vault(&h, path, &old), VPRIV_E_ROLLBACK);
    ck_erased(&id);
}
END_TEST

START_TEST(root_store_that_refuses_makes_erasing_unfinished_not_undone)
{
    vpriv_receipt receipt = receipt_of();
    uint8_t gone[VPI_KEY_BYTES];
    household_attacker attacker;
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_shred_key(&h, &id, gone);
    household_copy(&h, "before");
    h.cell->refuses = true;
    ck_fails(vpriv_vault_erase(h.vault, &id, 1, &receipt), VPRIV_E_ROOT);
    ck_assert_uint_eq(receipt.generation_after, 0);
    /* Not final, and nobody may think so: the old root is still there. */
    household_attack(&h, "before", &attacker);
    ck_assert(household_knows(&attacker, gone));
    household_attack_end(&attacker);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_ROOT);
    h.cell->refuses = false;
    ck_erased(&id);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, gone));
    household_attack_end(&attacker);
}
END_TEST

START_TEST(erasing_while_somebody_reads_ends_the_reading)
{
    const vpriv_recorder_config config = household_config(h.ada, 1);
    int16_t *tone = calloc(HOUSEHOLD_RATE_HZ * 8, sizeof *tone);
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    float pcm[960];
    size_t n_read = 0, n_all = 0;
    household_tone(tone, HOUSEHOLD_RATE_HZ * 8, 440, 0.5);
    vpriv_source *source = household_source(tone, HOUSEHOLD_RATE_HZ * 8);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    free(tone);
    for (int withdraw = 1; withdraw >= 0; withdraw--) {
        ck_ok(vpriv_gate_open(h.vault, h.keyring, &outcome.recording, &request, &reader));
        ck_ok(vpriv_gate_read_frames(reader, pcm, 960, &n_read));
        ck_assert_uint_eq(n_read, 960);
        if (withdraw) {
            ck_ok(vpriv_consent_record_event(
                h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_WITHDRAW, NULL, NULL));
        } else {
            ck_ok(vpriv_vault_erase(h.vault, &outcome.recording, 1, NULL));
        }
        vpriv_status st = VPRIV_OK;
        n_all = 960;
        while (st == VPRIV_OK && n_read > 0) {
            st = vpriv_gate_read_frames(reader, pcm, 960, &n_read);
            n_all += st == VPRIV_OK ? n_read : 0;
        }
        ck_assert_int_eq(st, withdraw ? VPRIV_E_CONSENT : VPRIV_E_ERASED);
        ck_assert_uint_lt(n_all, 2 * HOUSEHOLD_RATE_HZ); /* the block at hand and no more */
        vpriv_gate_close(reader);
        reader = NULL;
        if (withdraw) {
            vpriv_source *again = NULL;
            household_give(&h, h.ada, KEEP);
            tone = calloc(HOUSEHOLD_RATE_HZ * 8, sizeof *tone);
            household_tone(tone, HOUSEHOLD_RATE_HZ * 8, 440, 0.5);
            again = household_source(tone, HOUSEHOLD_RATE_HZ * 8);
            ck_ok(vpriv_recorder_open(h.vault, again, &config, &recorder));
            ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
            vpriv_recorder_close(recorder);
            vpriv_capture_close(again);
            free(tone);
        }
    }
}
END_TEST

static int count_steps(void *user)
{
    ++*(uint64_t *)user;
    return 0;
}

#define N_WAITING_MAX 400

/* Steps of SQLite's machine, in hundreds, while so many tombstones wait for housekeeping. */
static uint64_t steps_of_verifying(size_t n)
{
    static vpriv_recording_id ids[N_WAITING_MAX];
    vpriv_verification found = {.struct_size = sizeof found};
    uint64_t n_steps = 0;
    for (size_t i = 0; i < n; i++)
        ids[i] = household_quick(&h, h.ada);
    ck_ok(vpriv_vault_erase(h.vault, ids, n, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM sweep"), (int64_t)n);
    sqlite3 *handle = vpi_database_handle(h.vault->database);
    sqlite3_progress_handler(handle, 100, count_steps, &n_steps);
    ck_ok(vpriv_vault_verify(h.vault, NULL, NULL, NULL, &found));
    sqlite3_progress_handler(handle, 0, NULL, NULL);
    ck_assert_uint_eq(found.n_findings, 0);
    ck_ok(vpriv_vault_tidy(h.vault, UINT32_MAX, NULL));
    return n_steps;
}

START_TEST(verifying_what_waits_for_housekeeping_grows_with_it_and_no_faster)
{
    const uint64_t few = steps_of_verifying(N_WAITING_MAX / 4);
    const uint64_t many = steps_of_verifying(N_WAITING_MAX);
    ck_assert_uint_gt(few, 0);
    ck_assert_uint_lt(many, 6 * few);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: erasure");
    TCase *tests = tcase_create("erase");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, erased_recording_is_noise_in_every_old_copy);
    tcase_add_test(tests, many_are_erased_all_or_none);
    tcase_add_test(tests, what_began_earlier_is_found_wherever_it_stands);
    tcase_add_test(tests, all_before_a_moment_are_erased);
    tcase_add_test(tests, erased_person_leaves_proofs_without_words);
    tcase_add_test(tests, a_row_that_was_taken_away_keeps_nobody_in_the_vault);
    tcase_add_test(tests, key_file_says_that_it_does_its_best);
    tcase_add_test(tests, root_store_that_refuses_makes_erasing_unfinished_not_undone);
    tcase_add_test(tests, erasing_while_somebody_reads_ends_the_reading);
    tcase_add_test(tests, verifying_what_waits_for_housekeeping_grows_with_it_and_no_faster);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
