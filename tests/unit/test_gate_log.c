/* No listening off the record (P7): the answer is on disk before a key is derived. And the record
 * cannot be bent (P8). */
#include "fault/cutvfs.h"
#include "household.h"
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

typedef struct heard {
    int n;
    vpriv_log_entry entries[32];
} heard;

static bool take(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    heard *all = user;
    (void)index;
    ck_assert_int_lt(all->n, 32);
    all->entries[all->n++] = *entry;
    return true;
}

static bool stop_at_once(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    (void)entry;
    ++*(int *)user;
    return false;
}

static uint64_t log_size(void)
{
    vpriv_vault_info about = {.struct_size = sizeof about};
    ck_ok(vpriv_vault_about(h.vault, &about));
    return about.log_size;
}

START_TEST(s22_every_opening_and_every_refusal_is_one_leaf)
{
    heard all = {0};
    int n = 0;
    vpriv_reader *reader = NULL;
    const vpriv_recording_id id = household_record(&h, h.ada);
    const vpriv_recording_id other = household_record(&h, h.ada);
    const uint64_t before = log_size();
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = KEEP,
        .actor = "ada",
        .reason = "played in the app"};
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader));
    ck_assert_uint_eq(log_size(), before + 1); /* before anything is read */
    vpriv_gate_close(reader);
    household_pass(&h, SECOND_US);
    for (int i = 0; i < 3; i++)
        ck_ok(household_hear(&h, &id, KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_fails(household_hear_in(h.vault, h.keyring, &id, KEEP, "lab"), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &other, KEEP));
    ck_assert_uint_eq(log_size(), before + 7);
    ck_ok(vpriv_gate_who_heard(h.vault, &id, take, &all));
    ck_assert_int_eq(all.n, 6);
    ck_assert_int_eq(all.entries[0].kind, VPRIV_LOG_ACCESS_GRANTED);
    ck_assert_str_eq(all.entries[0].actor, "ada");
    ck_assert_str_eq(all.entries[0].reason, "played in the app");
    ck_assert_str_eq(all.entries[0].recipient, "house");
    ck_assert_int_eq(all.entries[0].time_us, HOUSEHOLD_START_US);
    ck_assert_int_eq(all.entries[0].purpose, KEEP);
    ck_assert_mem_eq(all.entries[0].recording, id.bytes, sizeof id.bytes);
    ck_assert_mem_eq(all.entries[0].subject, h.ada, sizeof h.ada);
    ck_assert_int_eq(all.entries[1].time_us, HOUSEHOLD_START_US + SECOND_US);
    ck_assert_int_eq(all.entries[4].kind, VPRIV_LOG_ACCESS_REFUSED);
    ck_assert_int_eq(all.entries[4].purpose, REVIEW);
    ck_assert(all.entries[4].deny_reasons & VPRIV_DENY_CONSENT_MISSING);
    ck_assert(all.entries[4].deny_reasons & VPRIV_DENY_NO_GRANT_KEY);
    ck_assert_int_eq(all.entries[5].kind, VPRIV_LOG_ACCESS_REFUSED);
    ck_assert_uint_eq(all.entries[5].deny_reasons, VPRIV_DENY_RECIPIENT_NOT_NAMED);
    ck_assert_str_eq(all.entries[5].recipient, "lab");
    ck_ok(vpriv_gate_who_heard(h.vault, &id, stop_at_once, &n));
    ck_assert_int_eq(n, 1);
    /* Requests that say too little are no requests. */
    vpriv_gate_request bad = request;
    bad.actor = "";
    ck_fails(vpriv_gate_open(h.vault, h.keyring, &id, &bad, &reader), VPRIV_E_ARG);
    bad = request;
    bad.actor = "two\nlines";
    ck_fails(vpriv_gate_open(h.vault, h.keyring, &id, &bad, &reader), VPRIV_E_ARG);
    bad = request;
    bad.purpose = (vpriv_purpose)32;
    ck_fails(vpriv_gate_open(h.vault, h.keyring, &id, &bad, &reader), VPRIV_E_ARG);
    bad.struct_size = 0;
    ck_fails(vpriv_gate_open(h.vault, h.keyring, &id, &bad, &reader), VPRIV_E_ARG);
    const vpriv_recording_id nobody = {{1}};
    ck_fails(vpriv_gate_who_heard(h.vault, &nobody, take, &all), VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(log_size(), before + 7);
}
END_TEST

START_TEST(tombstone_keeps_its_list_and_refusals_go_on_it)
{
    heard all = {0};
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_ERASED);
    ck_ok(vpriv_gate_who_heard(h.vault, &id, take, &all));
    ck_assert_int_eq(all.n, 2);
    ck_assert_int_eq(all.entries[1].kind, VPRIV_LOG_ACCESS_REFUSED);
    ck_assert(all.entries[1].deny_reasons & VPRIV_DENY_RECORDING_SHREDDED);
}
END_TEST

START_TEST(s22_entry_taken_out_of_the_list_is_missed)
{
    heard all = {0};
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(household_hear(&h, &id, KEEP));
    household_sql(&h, "UPDATE log_payload SET tag = NULL WHERE id = (SELECT max(id) FROM"
                      " log_payload)");
    ck_fails(vpriv_gate_who_heard(h.vault, &id, take, &all), VPRIV_E_AUTH);
}
END_TEST

START_TEST(entry_that_is_not_the_one_in_the_tree_is_not_believed)
{
    heard all = {0};
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, KEEP));
    household_sql(&h, "UPDATE log_hash SET hash = zeroblob(32) WHERE id = (SELECT max(id) FROM"
                      " log_payload)");
    ck_fails(vpriv_gate_who_heard(h.vault, &id, take, &all), VPRIV_E_AUTH);
}
END_TEST

static int authorize(
    void *user, int action, const char *table, const char *b, const char *c, const char *d)
{
    (void)user;
    (void)b;
    (void)c;
    (void)d;
    const bool is_entry = action == SQLITE_INSERT && table && strcmp(table, "log_payload") == 0;
    return is_entry ? SQLITE_DENY : SQLITE_OK;
}

START_TEST(log_that_takes_no_entry_keeps_the_gate_shut)
{
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_reopen(&h); /* no statement is prepared yet */
    sqlite3_set_authorizer(vpi_database_handle(h.vault->database), authorize, NULL);
    ck_assert_int_ne(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader), VPRIV_OK);
    ck_assert_ptr_null(reader);
    sqlite3_set_authorizer(vpi_database_handle(h.vault->database), NULL, NULL);
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

/* At the moment of the commit: what the hook sees is what a witness of the disk would. */
typedef struct witness {
    int n_commits;
    bool refuse;
    bool keys_were_there;
    const vpi_vault_secrets *secrets;
} witness;

static int at_commit(void *user)
{
    witness *w = user;
    static const uint8_t nothing[VPI_KEY_BYTES];
    w->n_commits++;
    w->keys_were_there = memcmp(w->secrets->adopt_shred_key, nothing, VPI_KEY_BYTES) != 0 ||
                         memcmp(w->secrets->grants[0].key, nothing, VPI_KEY_BYTES) != 0;
    return w->refuse;
}

START_TEST(s22_commit_of_the_entry_comes_before_any_key)
{
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_recording_id id = household_record(&h, h.ada);
    witness w = {.refuse = true, .secrets = h.vault->secrets};
    const uint64_t before = log_size();
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), at_commit, &w);
    ck_assert_int_ne(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader), VPRIV_OK);
    ck_assert_ptr_null(reader);
    ck_assert_int_eq(w.n_commits, 1);
    ck_assert(!w.keys_were_there);
    w.refuse = false;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader));
    ck_assert(!w.keys_were_there);
    vpriv_gate_close(reader);
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), NULL, NULL);
    ck_assert_uint_eq(log_size(), before + 1);
}
END_TEST

/* A disk in memory: full, or failing at any event of the opening. Whenever the gate opens, the entry
 * survives the power cut that follows. */
START_TEST(entry_survives_the_power_cut_after_the_opening)
{
    household_cell cell = {.now_us = HOUSEHOLD_START_US};
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    cutvfs_install();
    vpriv_root_store *root = household_root(&cell);
    household disk = {.root = root, .cell = &cell};
    char path[PATH_BYTES];
    household_file(&h, "on-disk.vault", path); /* the lock file and the reserve are real */
    const vpriv_vault_options options = {.struct_size = sizeof options,
        .clock = household_clock,
        .clock_user = &cell,
        .controller_id = "house"};
    vpriv_status st = vpriv_vault_create(path, root, &options, &keyring, &vault);
    ck_ok(st);
    disk.vault = vault;
    household_notice(&disk, "1", "Text.");
    ck_ok(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, ada));
    household_give(&disk, ada, KEEP);
    const vpriv_recorder_config config = household_config(ada, 1);
    ck_ok(household_try_record(vault, &config, &outcome));
    vpriv_vault_close(vault);
    struct cutvfs_snapshot *start = cutvfs_snapshot();
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    int n_opened = 0, n_refused = 0;
    for (uint64_t event = 1; event < 60; event++) {
        vpriv_reader *reader = NULL;
        heard all = {0};
        cutvfs_restore(start);
        ck_ok(household_open_vault(&disk, path, &vault));
        if (event == 59)
            cutvfs_limit_bytes(0);
        else
            cutvfs_fail_event(event, SQLITE_IOERR_WRITE, 0);
        st = vpriv_gate_open(vault, keyring, &outcome.recording, &request, &reader);
        const bool opened = st == VPRIV_OK;
        ck_assert(opened == (reader != NULL));
        cutvfs_cut_after(0);
        vpriv_gate_close(reader);
        vpriv_vault_close(vault);
        cutvfs_limit_bytes(CUTVFS_NO_LIMIT);
        cutvfs_power_on(CUTVFS_LOSE_UNSYNCED, 1);
        ck_ok(household_open_vault(&disk, path, &vault));
        ck_ok(vpriv_gate_who_heard(vault, &outcome.recording, take, &all));
        ck_assert_int_ge(all.n, opened);
        n_opened += opened;
        n_refused += !opened;
        vpriv_vault_close(vault);
    }
    ck_assert_int_gt(n_opened, 0);
    ck_assert_int_gt(n_refused, 1);
    cutvfs_snapshot_free(start);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    cutvfs_uninstall();
}
END_TEST

/* A log that is cut, with everything that belongs to it: the head in the state row too. */
START_TEST(log_cut_back_behind_a_destruction_is_noticed)
{
    char path[PATH_BYTES], sql[500];
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_copy(&h, "before");
    ck_ok(household_hear(&h, &id, KEEP));
    household_give(&h, h.ada, REVIEW);
    household_withdraw(&h, h.ada, REVIEW); /* binds the log to the root */
    vpriv_vault_close(h.vault);
    household_file(&h, "before", path);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; INSERT OR REPLACE INTO state SELECT * FROM old.state WHERE id = 2;"
        "DELETE FROM log_payload WHERE id NOT IN (SELECT id FROM old.log_payload);"
        "DELETE FROM log_hash WHERE id NOT IN (SELECT id FROM old.log_hash)",
        path);
    household_sql(&h, sql);
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROLLBACK);
    h.vault = NULL;
}
END_TEST

/* And where nothing was destroyed since: a witness who kept a checkpoint sees it. */
START_TEST(s22_rewritten_log_does_not_continue_an_older_checkpoint)
{
    vpriv_log_checkpoint older, newer;
    vpriv_vault_info about = {.struct_size = sizeof about};
    char origin[VPRIV_LOG_ORIGIN_BYTES], path[PATH_BYTES], sql[500];
    uint64_t size1 = 0, size2 = 0;
    uint8_t root1[32], root2[32], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    size_t n_hashes = 0;
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(vpriv_vault_about(h.vault, &about));
    ck_ok(vpriv_vault_log_origin(h.vault, origin));
    household_copy(&h, "before");
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_checkpoint(h.vault, &older));
    ck_ok(vpriv_log_verify_checkpoint(
        older.text, strlen(older.text), origin, about.device_public_key, &size1, root1));
    /* The honest way. */
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_checkpoint(h.vault, &newer));
    ck_ok(vpriv_log_verify_checkpoint(
        newer.text, strlen(newer.text), origin, about.device_public_key, &size2, root2));
    ck_assert_uint_eq(size2, size1 + 1);
    ck_ok(vpriv_vault_prove_consistency(h.vault, size1, size2, proof, &n_hashes));
    ck_ok(vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n_hashes));
    ck_ok(vpriv_vault_verify_checkpoint(h.vault, older.text, strlen(older.text), &size2));
    ck_assert_uint_eq(size2, size1);
    ck_ok(vpriv_vault_verify_checkpoint(h.vault, newer.text, strlen(newer.text), NULL));
    /* The log as it was before the first listening, and then something else. */
    vpriv_vault_close(h.vault);
    household_file(&h, "before", path);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; INSERT OR REPLACE INTO state SELECT * FROM old.state WHERE id = 2;"
        "INSERT OR REPLACE INTO recording SELECT * FROM old.recording;"
        "DELETE FROM log_payload WHERE id NOT IN (SELECT id FROM old.log_payload);"
        "DELETE FROM log_hash WHERE id NOT IN (SELECT id FROM old.log_hash)",
        path);
    household_sql(&h, sql);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_fails(vpriv_vault_verify_checkpoint(h.vault, older.text, strlen(older.text), NULL),
        VPRIV_E_ROLLBACK);
    for (int i = 0; i < 3; i++)
        ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_fails(
        vpriv_vault_verify_checkpoint(h.vault, older.text, strlen(older.text), NULL), VPRIV_E_AUTH);
    ck_ok(vpriv_vault_checkpoint(h.vault, &newer));
    ck_ok(vpriv_log_verify_checkpoint(
        newer.text, strlen(newer.text), origin, about.device_public_key, &size2, root2));
    ck_ok(vpriv_vault_prove_consistency(h.vault, size1, size2, proof, &n_hashes));
    ck_fails(
        vpriv_log_verify_consistency(size1, root1, size2, root2, proof, n_hashes), VPRIV_E_AUTH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: the record");
    TCase *tests = tcase_create("log");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s22_every_opening_and_every_refusal_is_one_leaf);
    tcase_add_test(tests, tombstone_keeps_its_list_and_refusals_go_on_it);
    tcase_add_test(tests, s22_entry_taken_out_of_the_list_is_missed);
    tcase_add_test(tests, entry_that_is_not_the_one_in_the_tree_is_not_believed);
    tcase_add_test(tests, log_that_takes_no_entry_keeps_the_gate_shut);
    tcase_add_test(tests, s22_commit_of_the_entry_comes_before_any_key);
    tcase_add_test(tests, entry_survives_the_power_cut_after_the_opening);
    tcase_add_test(tests, log_cut_back_behind_a_destruction_is_noticed);
    tcase_add_test(tests, s22_rewritten_log_does_not_continue_an_older_checkpoint);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
