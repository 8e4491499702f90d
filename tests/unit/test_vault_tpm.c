/* A whole vault on a TPM 2.0: a real software TPM that loses power, goes away, comes back, and changes its
 * PCRs. What was destroyed stays destroyed, recording goes on, and everything else says why not. */
#include "household.h"
#include "software_tpm.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;
static software_tpm tpm;
static vpriv_recording_id first, second;

static vpriv_root_store *open_tpm(uint32_t pcrs)
{
    const vpriv_root_tpm_config config = {
        .struct_size = sizeof config, .connection = tpm.connection, .pcrs = pcrs};
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_tpm_open(&config, &store));
    return store;
}

static void move_to(vpriv_root_store *store)
{
    ck_ok(vpriv_vault_move_root(h.vault, store, "installer"));
    vpriv_root_close(h.root);
    h.root = store;
}

static void move_in(void)
{
    setenv("TSS2_LOG", "all+none", 1); /* the TPM goes away on purpose */
    software_tpm_new(&tpm);
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    first = household_record(&h, h.ada);
    move_to(open_tpm(0));
    second = household_record(&h, h.ada);
}

static void move_out(void)
{
    household_close(&h);
    software_tpm_off(&tpm);
    software_tpm_remove(&tpm);
}

static void close_vault(void)
{
    vpriv_vault_close(h.vault);
    h.vault = NULL;
}

static void power_cut(void)
{
    software_tpm_off(&tpm);
    software_tpm_on(&tpm);
}

/* Put a copy of the vault's files in the place of what is there. */
static void put_back(const char *name)
{
    static const char *const suffixes[] = {"", "-wal"};
    for (size_t i = 0; i < 2; i++) {
        char command[1024], copy[PATH_BYTES];
        household_file(&h, name, copy);
        snprintf(command, sizeof command, "cp '%s%s' '%s%s' 2>/dev/null || rm -f '%s%s'", copy,
            suffixes[i], h.path, suffixes[i], h.path, suffixes[i]);
        ck_assert_int_eq(system(command), 0);
    }
    char shared[PATH_BYTES + 8];
    snprintf(shared, sizeof shared, "%s-shm", h.path);
    unlink(shared);
}

START_TEST(it_lives_and_forgets_there)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(household_hear(&h, &first, KEEP));
    ck_ok(household_hear(&h, &second, KEEP));
    power_cut();
    ck_ok(vpriv_vault_erase(h.vault, &first, 1, &receipt));
    ck_assert_int_eq(receipt.assurance, VPRIV_ASSURANCE_KEYED);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    power_cut();
    household_reopen(&h);
    ck_fails(household_hear(&h, &first, KEEP), VPRIV_E_ERASED);
    ck_ok(household_hear(&h, &second, KEEP));
    household_withdraw(&h, h.ada, KEEP);
    household_reopen(&h);
    ck_fails(household_hear(&h, &second, KEEP), VPRIV_E_CONSENT);
    vpriv_verification found = {.struct_size = sizeof found};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
}
END_TEST

/* By another handle it is the same index: it stays, also when the commit fails. */
static int refuse_commit(void *user)
{
    (void)user;
    return 1;
}

START_TEST(to_the_index_where_it_is_it_does_not_move)
{
    sqlite3 *handle = vpi_database_handle(h.vault->database);
    vpriv_root_store *again = open_tpm(0);
    ck_fails(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_E_ARG);
    sqlite3_commit_hook(handle, refuse_commit, NULL);
    ck_assert_int_ne(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_OK);
    sqlite3_commit_hook(handle, NULL, NULL);
    vpriv_root_close(again);
    ck_ok(vpriv_vault_erase(h.vault, &first, 1, NULL));
    ck_ok(household_hear(&h, &second, KEEP));
    household_reopen(&h);
    ck_ok(household_hear(&h, &second, KEEP));
}
END_TEST

/* Between the commit and the TPM: the machine is off before the old root is replaced. It is finished when
 * the vault opens, and the copy from before is an old one. */
START_TEST(power_that_goes_before_the_chip_is_written_is_no_way_back)
{
    household_copy(&h, "before");
    close_vault();
    const pid_t child = fork();
    if (child == 0) {
        vpriv_vault *vault = NULL;
        if (household_open_vault(&h, h.path, &vault) != VPRIV_OK)
            _exit(1);
        kill(tpm.process, SIGKILL);
        _exit(vpriv_vault_erase(vault, &first, 1, NULL) == VPRIV_E_ROOT ? 0 : 2);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    power_cut();
    household_reopen(&h);
    ck_fails(household_hear(&h, &first, KEEP), VPRIV_E_ERASED);
    ck_ok(household_hear(&h, &second, KEEP));
    close_vault();
    put_back("before");
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROLLBACK);
}
END_TEST

/* The call did not say that it is done, and is finished by the next one, without opening anew. */
START_TEST(a_chip_that_comes_back_is_written_by_the_next_call)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    const uint64_t generation = info.generation;
    software_tpm_off(&tpm);
    ck_fails(vpriv_vault_erase(h.vault, &first, 1, NULL), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "no TPM answers"));
    ck_fails(household_hear(&h, &second, KEEP), VPRIV_E_ROOT);
    software_tpm_on(&tpm);
    ck_ok(household_hear(&h, &second, KEEP));
    ck_fails(household_hear(&h, &first, KEEP), VPRIV_E_ERASED);
    ck_ok(vpriv_vault_about(h.vault, &info));
    ck_assert_uint_eq(info.generation, generation + 1);
}
END_TEST

START_TEST(without_the_chip_recording_goes_on_and_the_rest_says_why_not)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    close_vault();
    software_tpm_off(&tpm);
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "no TPM answers"));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &capture));
    ck_ok(household_try_record(capture, &config, &outcome));
    ck_fails(household_hear_in(capture, h.keyring, &outcome.recording, KEEP, NULL), VPRIV_E_NO_KEY);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    software_tpm_on(&tpm);
    household_reopen(&h);
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    ck_ok(household_hear(&h, &first, KEEP));
}
END_TEST

START_TEST(an_old_copy_of_the_vault_is_refused)
{
    household_copy(&h, "before");
    ck_ok(vpriv_vault_erase(h.vault, &first, 1, NULL));
    close_vault();
    put_back("before");
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROLLBACK);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "old copy"));
}
END_TEST

/* Firmware changes: whoever moves the root before goes on, whoever does not is told. */
START_TEST(pcrs_that_change_shut_it_unless_the_root_was_moved_before)
{
    char path[PATH_BYTES];
    vpriv_root_store *file = NULL;
    static const char extend[] =
        "tpm2_pcrextend 16:sha256=00000000000000000000000000000000000000000000000000000000000000ff";
    household_file(&h, "travel.root", path);
    ck_ok(vpriv_root_file_open(path, &file));
    move_to(file);
    move_to(open_tpm(1U << 16));
    ck_ok(household_hear(&h, &first, KEEP));
    household_reopen(&h);
    ck_ok(household_hear(&h, &first, KEEP));
    close_vault();
    ck_assert_int_eq(software_tpm_run(&tpm, extend), 0);
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "PCR"));
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_pcrreset 16"), 0);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_root_file_open(path, &file));
    move_to(file);
    ck_assert_int_eq(software_tpm_run(&tpm, extend), 0);
    move_to(open_tpm(1U << 16));
    household_reopen(&h);
    ck_ok(household_hear(&h, &first, KEEP));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: TPM");
    TCase *tests = tcase_create("TPM");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, it_lives_and_forgets_there);
    tcase_add_test(tests, to_the_index_where_it_is_it_does_not_move);
    tcase_add_test(tests, power_that_goes_before_the_chip_is_written_is_no_way_back);
    tcase_add_test(tests, a_chip_that_comes_back_is_written_by_the_next_call);
    tcase_add_test(tests, without_the_chip_recording_goes_on_and_the_rest_says_why_not);
    tcase_add_test(tests, an_old_copy_of_the_vault_is_refused);
    tcase_add_test(tests, pcrs_that_change_shut_it_unless_the_root_was_moved_before);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
