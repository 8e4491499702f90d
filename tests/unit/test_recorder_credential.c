/* The recorder cannot read back (P6): a process with a capture credential records, and neither its calls nor its
 * keys open anything but the capture policy. */
#include "household.h"

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

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

static bool never(void *user, const vpriv_recording_info *info)
{
    (void)user;
    (void)info;
    ck_abort_msg("something was listed");
    return false;
}

static bool nobody(void *user, const vpriv_subject_info *info)
{
    (void)user;
    (void)info;
    ck_abort_msg("somebody was listed");
    return false;
}

static bool no_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    (void)index;
    (void)entry;
    ck_abort_msg("an entry was listed");
    return false;
}

static bool no_consent(void *user, const vpriv_consent_record *record)
{
    (void)user;
    (void)record;
    ck_abort_msg("a consent was listed");
    return false;
}

START_TEST(capture_process_records_and_reads_nothing)
{
    vpriv_keyring *credential = NULL, *loaded = NULL;
    vpriv_vault *capture = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recording_info info;
    vpriv_vault_info about = {.struct_size = sizeof about};
    vpriv_reader *reader = NULL;
    vpriv_log_checkpoint checkpoint;
    uint8_t id[VPRIV_SUBJECT_ID_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    uint8_t leaf[VPRIV_LOG_HASH_BYTES];
    size_t n_hashes = 0;
    char path[PATH_BYTES];
    const vpriv_recording_id earlier = household_record(&h, h.ada);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_assert_uint_eq(vpriv_keyring_purposes(credential), 0);
    household_file(&h, "credential", path);
    ck_ok(vpriv_keyring_save(credential, path));
    ck_ok(vpriv_keyring_load(path, &loaded));
    ck_assert(vpriv_keyring_is_capture_credential(loaded));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_fails(vpriv_vault_open_for_capture(h.path, h.keyring, NULL, &capture), VPRIV_E_NO_KEY);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_open_for_capture(h.path, loaded, &options, &capture));
    const vpriv_recorder_config config = household_config(h.ada, 1);
    ck_ok(household_try_record(capture, &config, &outcome));
    ck_assert(outcome.is_stored);
    const vpriv_recorder_config bobs = household_config(h.bob, 1);
    ck_fails(household_try_record(capture, &bobs, NULL), VPRIV_E_CONSENT);
    ck_ok(vpriv_vault_about(capture, &about));
    ck_assert(about.for_capture_only);
    ck_assert_uint_eq(about.n_recordings, 0);
    /* Everything that reads. */
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_notice notice = {sizeof notice, "x", "1", "en", "x", 1};
    vpriv_verification verified = {.struct_size = sizeof verified};
    vpriv_keyring *another = NULL;
    ck_fails(vpriv_gate_open(capture, h.keyring, &earlier, &request, &reader), VPRIV_E_NO_KEY);
    ck_fails(
        vpriv_gate_open(capture, h.keyring, &outcome.recording, &request, &reader), VPRIV_E_NO_KEY);
    ck_fails(vpriv_gate_who_heard(capture, &earlier, no_entry, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_recording_list(capture, NULL, never, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_recording_about(capture, &earlier, &info), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_list(capture, nobody, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_add(capture, VPRIV_SUBJECT_USER, "x", NULL, id), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_erase(capture, h.ada, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_consent_list(capture, h.ada, true, no_consent, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_consent_withdraw(capture, h.ada, KEEP, NULL, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_notice_add(capture, &notice, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_erase(capture, &earlier, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_erase_before(capture, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_tidy(capture, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_verify(capture, h.keyring, NULL, NULL, &verified), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_checkpoint(capture, &checkpoint), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_prove_inclusion(capture, 0, 1, leaf, proof, &n_hashes), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_prove_consistency(capture, 1, 1, proof, &n_hashes), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_capture_credential(capture, &another), VPRIV_E_NO_KEY);
    vpriv_vault_close(capture);
    /* The owner finds both. */
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    ck_ok(household_hear(&h, &earlier, KEEP));
    ck_fails(household_hear_in(h.vault, loaded, &earlier, KEEP, NULL), VPRIV_E_NO_KEY);
    vpriv_keyring_close(credential);
    vpriv_keyring_close(loaded);
}
END_TEST

/* Every sealed column of the file against every key a credential holds, in every derivation there is:
 * only the capture policy opens. */
START_TEST(credential_opens_policy_rows_and_nothing_else)
{
    vpriv_keyring *credential = NULL;
    uint8_t keys[2 + VPI_PURPOSES_MAX][VPI_KEY_BYTES];
    size_t n_keys = 0, n_policy = 0, n_head = 0, n_named = 0;
    household_record(&h, h.ada);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    memcpy(keys[n_keys++], credential->policy_key, VPI_KEY_BYTES);
    memcpy(keys[n_keys++], credential->device_public_key, VPI_KEY_BYTES);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        static const uint8_t nothing[VPI_KEY_BYTES];
        ck_assert_mem_eq(credential->secret_key[p], nothing, VPI_KEY_BYTES);
        memcpy(keys[n_keys++], credential->public_key[p], VPI_KEY_BYTES);
    }
    static const struct {
        const char *sql;
        vpi_column column;
        const char *label;
    } columns[] = {
        {"SELECT id, sealed FROM key_node", VPI_COLUMN_KEY_NODE, "root: key tree"},
        {"SELECT id, sealed FROM purpose", VPI_COLUMN_PURPOSE, NULL},
        {"SELECT id, sealed FROM state", VPI_COLUMN_STATE, NULL},
        {"SELECT id, sealed FROM notice", VPI_COLUMN_NOTICE, NULL},
        {"SELECT id, person FROM subject", VPI_COLUMN_SUBJECT_PERSON, "subject: person"},
        {"SELECT recording, sealed FROM wrap", VPI_COLUMN_WRAPS, "recording: wraps"},
        {"SELECT generation, head FROM root_state", VPI_COLUMN_HEAD, "root: head"},
    };
    sqlite3 *database = vpi_database_handle(h.vault->database);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        sqlite3_stmt *statement = NULL;
        ck_assert_int_eq(
            sqlite3_prepare_v2(database, columns[c].sql, -1, &statement, NULL), SQLITE_OK);
        int n_rows = 0;
        for (; sqlite3_step(statement) == SQLITE_ROW; n_rows++)
            for (size_t k = 0; k < n_keys; k++) {
                uint8_t plain[8192], key[VPI_KEY_BYTES];
                const vpi_place place = {h.vault->vault_id, columns[c].column,
                    (uint64_t)sqlite3_column_int64(statement, 0), NULL, 0};
                const void *sealed = sqlite3_column_blob(statement, 1);
                const size_t n_sealed = (size_t)sqlite3_column_bytes(statement, 1);
                ck_fails(vpi_unseal(keys[k], &place, sealed, n_sealed, plain), VPRIV_E_AUTH);
                vpi_derive(keys[k], columns[c].label ? columns[c].label : "", NULL, 0, key);
                ck_fails(vpi_unseal(key, &place, sealed, n_sealed, plain), VPRIV_E_AUTH);
            }
        sqlite3_finalize(statement);
        ck_assert_int_gt(n_rows, 0);
    }
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(database, "SELECT tag, sealed FROM policy", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        uint8_t plain[8192];
        const vpi_place place = {h.vault->vault_id, VPI_COLUMN_POLICY, 0,
            sqlite3_column_blob(statement, 0), VPI_TAG_BYTES};
        const void *sealed = sqlite3_column_blob(statement, 1);
        const size_t n_sealed = (size_t)sqlite3_column_bytes(statement, 1);
        uint8_t theirs[VPI_KEY_BYTES];
        vpi_derive(keys[0], "policy: person", h.ada, sizeof h.ada, theirs);
        n_head += vpi_unseal(keys[0], &place, sealed, n_sealed, plain) == VPRIV_OK;
        n_named += vpi_unseal(theirs, &place, sealed, n_sealed, plain) == VPRIV_OK;
        n_policy++;
    }
    sqlite3_finalize(statement);
    /* That it can fail: the head opens, and the one person that one can name. */
    ck_assert_uint_eq(n_policy, 3);
    ck_assert_uint_eq(n_head, 1);
    ck_assert_uint_eq(n_named, 1);
    vpriv_keyring_close(credential);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: credential");
    TCase *tests = tcase_create("credential");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, capture_process_records_and_reads_nothing);
    tcase_add_test(tests, credential_opens_policy_rows_and_nothing_else);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
