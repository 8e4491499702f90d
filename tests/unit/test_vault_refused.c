/* What calls of the vault refuse, what they say about it, and that nothing has changed then: the vault and
 * its recordings. Those about people are in test_vault_refused_people.c. */
#include "refused_vault.h"
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>

START_TEST(a_change_is_noticed)
{
    household_give(&h, h.bob, KEEP);
    ck_assert(household_print(&h) != before);
    before = household_print(&h);
}
END_TEST

START_TEST(making_and_opening)
{
    char path[PATH_BYTES];
    household_cell cell = {0};
    vpriv_root_store *root = household_root(&cell);
    vpriv_keyring *keyring = NULL, *credential = NULL;
    vpriv_vault *vault = NULL;
    vpriv_vault_options options = {.struct_size = sizeof options};
    household_file(&h, "other.vault", path);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
#define CREATE vpriv_vault_create(path, root, &options, &keyring, &vault)
    ck_refused(vpriv_vault_create(NULL, root, NULL, &keyring, &vault), VPRIV_E_ARG, "a path");
    ck_refused(vpriv_vault_create("", root, NULL, &keyring, &vault), VPRIV_E_ARG, "a path");
    ck_refused(vpriv_vault_create(path, NULL, NULL, &keyring, &vault), VPRIV_E_ARG, "a root store");
    ck_refused(vpriv_vault_create(path, root, NULL, NULL, &vault), VPRIV_E_ARG, "room for");
    ck_refused(vpriv_vault_create(path, root, NULL, &keyring, NULL), VPRIV_E_ARG, "room for");
    ck_refused_with(options, struct_size, 1, CREATE, VPRIV_E_ARG, "vpriv_vault_options");
    ck_refused_with(options, reserve_bytes, 1, CREATE, VPRIV_E_ARG, "reserve_bytes is 1");
    ck_refused_with(options, reserve_bytes, 1u << 30, CREATE, VPRIV_E_ARG, "reserve_bytes");
    ck_refused_with(
        options, controller_id, long_text, CREATE, VPRIV_E_ARG, "controller_id is longer");
    ck_refused_with(
        options, controller_name, "a\nb", CREATE, VPRIV_E_ARG, "controller_name is not");
    ck_refused_with(options, controller_country, long_text, CREATE, VPRIV_E_ARG,
        "controller_country is longer");
    ck_refused_with(
        options, jurisdiction, long_text, CREATE, VPRIV_E_ARG, "jurisdiction is longer");
    ck_refused_with(options, controller_country, "de", CREATE, VPRIV_E_ARG, "two capitals");
    ck_refused_with(options, jurisdiction, "xx", CREATE, VPRIV_E_ARG, "ISO 3166");
    ck_refused_with(
        options, device_class, "\xff", CREATE, VPRIV_E_ARG, "device_class is not plain");
    ck_assert(!cell.is_filled);
    cell.is_filled = true;
    ck_refused(CREATE, VPRIV_E_EXISTS, "holds a root key already");
    ck_assert_ptr_null(vault);
    ck_assert_ptr_null(keyring);
    ck_refused(vpriv_vault_open(NULL, h.root, NULL, &vault), VPRIV_E_ARG, "a path");
    ck_refused(vpriv_vault_open("", h.root, NULL, &vault), VPRIV_E_ARG, "a path");
    ck_refused(vpriv_vault_open(h.path, NULL, NULL, &vault), VPRIV_E_ARG, "root store");
    ck_refused(vpriv_vault_open(h.path, h.root, NULL, NULL), VPRIV_E_ARG, "root store");
    ck_refused_with(options, struct_size, 1, vpriv_vault_open(h.path, h.root, &options, &vault),
        VPRIV_E_ARG, "vpriv_vault_options");
    ck_refused(vpriv_vault_open(path, h.root, NULL, &vault), VPRIV_E_NOT_FOUND, "");
    ck_refused(vpriv_vault_open_for_capture(h.path, NULL, NULL, &vault), VPRIV_E_ARG, "credential");
    ck_refused(vpriv_vault_open_for_capture(h.path, credential, NULL, NULL), VPRIV_E_ARG, "");
    ck_refused(vpriv_vault_open_for_capture("", credential, NULL, &vault), VPRIV_E_ARG, "a path");
    ck_refused(vpriv_vault_open_for_capture(h.path, h.keyring, NULL, &vault), VPRIV_E_NO_KEY,
        "not a capture credential");
    ck_refused(vpriv_vault_capture_credential(h.vault, NULL), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_vault_capture_credential(NULL, &keyring), VPRIV_E_ARG, "no vault");
    vpriv_keyring_close(credential);
    vpriv_root_close(root);
}
END_TEST

START_TEST(a_credential_opens_its_own_vault)
{
    household other;
    vpriv_keyring *credential = NULL;
    vpriv_vault *vault = NULL;
    household_open(&other, HOUSEHOLD_FORGETS);
    ck_ok(vpriv_vault_capture_credential(other.vault, &credential));
    ck_refused(vpriv_vault_open_for_capture(h.path, credential, NULL, &vault), VPRIV_E_NO_KEY,
        "another vault");
    ck_assert_ptr_null(vault);
    vpriv_keyring_close(credential);
    household_close(&other);
}
END_TEST

START_TEST(capture_alone_does_nothing_that_needs_the_root)
{
    vpriv_keyring *credential = NULL, *out = NULL;
    vpriv_vault *capture = NULL;
    char path[PATH_BYTES];
    household_file(&h, "copy", path);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, NULL, &capture));
    ck_refused(vpriv_vault_capture_credential(capture, &out), VPRIV_E_NO_KEY, "capture only");
    ck_refused(vpriv_vault_erase(capture, &id, 1, NULL), VPRIV_E_NO_KEY, "capture only");
    ck_refused(vpriv_vault_backup(capture, path, 0, NULL, NULL), VPRIV_E_NO_KEY, "capture only");
    vpriv_vault_info about = {.struct_size = sizeof about};
    ck_ok(vpriv_vault_about(capture, &about));
    ck_assert(about.for_capture_only);
    ck_assert_uint_gt(about.generation, 0);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

static bool take_recording(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ++*(int *)user;
    return true;
}

START_TEST(lists)
{
    int n = 0;
    vpriv_recording_filter filter = {.struct_size = sizeof filter};
    vpriv_recording_info info = {.struct_size = sizeof info};
    vpriv_vault_info about = {.struct_size = sizeof about};
#define LIST vpriv_recording_list(h.vault, &filter, take_recording, &n)
    ck_refused(vpriv_recording_list(h.vault, &filter, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_recording_list(NULL, NULL, take_recording, &n), VPRIV_E_ARG, "no vault");
    ck_refused_with(filter, struct_size, 1, LIST, VPRIV_E_ARG, "struct_size");
    ck_refused_with(filter, since_us, INT64_MAX - 1, LIST, VPRIV_E_ARG, "1970 to 2400");
    ck_refused_with(filter, until_us, INT64_MAX - 1, LIST, VPRIV_E_ARG, "1970 to 2400");
    ck_refused_with(filter, subject, id.bytes, LIST, VPRIV_E_NOT_FOUND, "");
    ck_refused(vpriv_recording_about(h.vault, NULL, &info), VPRIV_E_ARG, "an id and room");
    ck_refused(vpriv_recording_about(h.vault, &id, NULL), VPRIV_E_ARG, "an id and room");
    ck_refused(vpriv_vault_about(h.vault, NULL), VPRIV_E_ARG, "vpriv_vault_info");
    ck_refused_with(
        about, struct_size, 1, vpriv_vault_about(h.vault, &about), VPRIV_E_ARG, "vpriv_vault_info");
    ck_refused(vpriv_vault_about(NULL, &about), VPRIV_E_ARG, "no vault");
    ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(erasing)
{
    vpriv_receipt receipt = {.struct_size = 1};
    ck_refused(vpriv_vault_erase(h.vault, NULL, 1, NULL), VPRIV_E_ARG, "at least one");
    ck_refused(vpriv_vault_erase(h.vault, &id, 0, NULL), VPRIV_E_ARG, "at least one");
    ck_refused(vpriv_vault_erase(h.vault, &id, 1, &receipt), VPRIV_E_ARG, "vpriv_receipt");
    ck_refused(
        vpriv_vault_erase_before(h.vault, HOUSEHOLD_START_US, &receipt), VPRIV_E_ARG, "_receipt");
    ck_refused(vpriv_vault_erase_before(h.vault, 0, NULL), VPRIV_E_ARG, "a time");
    ck_refused(vpriv_vault_erase_between(h.vault, -1, 5, NULL), VPRIV_E_ARG, "a time");
    ck_refused(vpriv_vault_erase_between(h.vault, 5, 5, NULL), VPRIV_E_ARG, "a time");
    ck_refused(vpriv_vault_erase_between(h.vault, 5, INT64_MAX - 1, NULL), VPRIV_E_ARG, "1970");
    ck_refused(vpriv_vault_erase_between(h.vault, INT64_MAX - 2, INT64_MAX - 1, NULL), VPRIV_E_ARG,
        "1970");
    ck_refused(vpriv_subject_erase(h.vault, NULL, NULL), VPRIV_E_ARG, "no subject");
    ck_refused(vpriv_subject_erase(h.vault, h.ada, &receipt), VPRIV_E_ARG, "vpriv_receipt");
    ck_refused(vpriv_subject_erase(h.vault, id.bytes, NULL), VPRIV_E_NOT_FOUND, "");
}
END_TEST

START_TEST(purging)
{
    vpriv_purge_criteria c = {.struct_size = sizeof c};
    vpriv_purge_report report = {.struct_size = 1};
    vpriv_purge_cost cost = {.struct_size = 1};
    vpriv_receipt receipt = {.struct_size = 1};
#define PURGE vpriv_purge(h.vault, &c, NULL, NULL, NULL, NULL)
    ck_refused(PURGE, VPRIV_E_ARG, "a criterion");
    ck_refused(vpriv_purge(h.vault, NULL, NULL, NULL, NULL, NULL), VPRIV_E_ARG, "criteria");
    ck_refused_with(c, struct_size, 1, PURGE, VPRIV_E_ARG, "vpriv_purge_criteria");
    ck_refused_with(c, n_recordings, 1, PURGE, VPRIV_E_ARG, "go together");
    ck_refused_with(c, recordings, &id, PURGE, VPRIV_E_ARG, "go together");
    ck_refused_with(c, since_us, -1, PURGE, VPRIV_E_ARG, "1970");
    ck_refused_with(c, since_us, INT64_MAX - 1, PURGE, VPRIV_E_ARG, "1970");
    ck_refused_with(c, until_us, INT64_MAX - 1, PURGE, VPRIV_E_ARG, "1970");
    c.since_us = 10;
    ck_refused_with(c, until_us, 10, PURGE, VPRIV_E_ARG, "the later one last");
    ck_refused_with(c, window, VPRIV_PURGE_WINDOW_MAX + 1, PURGE, VPRIV_E_ARG, "a window");
    ck_refused(vpriv_purge(h.vault, &c, NULL, NULL, &report, NULL), VPRIV_E_ARG, "_report");
    ck_refused(vpriv_purge(h.vault, &c, NULL, NULL, NULL, &receipt), VPRIV_E_ARG, "vpriv_receipt");
    ck_refused(vpriv_purge(NULL, &c, NULL, NULL, NULL, NULL), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_purge_estimate(h.vault, &c, NULL), VPRIV_E_ARG, "vpriv_purge_cost");
    ck_refused(vpriv_purge_estimate(h.vault, &c, &cost), VPRIV_E_ARG, "vpriv_purge_cost");
    ck_refused(vpriv_purge_estimate(NULL, &c, &cost), VPRIV_E_ARG, "no vault");
    c.recordings = &id;
    c.n_recordings = 1;
    ck_refused(PURGE, VPRIV_E_ARG, "do not go together");
    ck_refused_with(c, since_us, 0, (c.until_us = 5, PURGE), VPRIV_E_ARG, "do not go together");
    c.since_us = 0;
    ck_refused_with(c, subject, h.ada, PURGE, VPRIV_E_ARG, "do not go together");
}
END_TEST

START_TEST(retention_and_restrictions)
{
    vpriv_retention_report report = {.struct_size = 1};
#define DISPUTE VPRIV_RESTRICTION_DISPUTE
    ck_refused(vpriv_retention_run(h.vault, 0, NULL), VPRIV_E_ARG, "vpriv_retention_report");
    ck_refused(vpriv_retention_run(h.vault, 0, &report), VPRIV_E_ARG, "vpriv_retention_report");
    ck_refused(vpriv_retention_trust_clock(h.vault, NULL), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_retention_trust_clock(h.vault, ""), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_retention_trust_clock(h.vault, long_text), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_retention_trust_clock(h.vault, "a\nb"), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_recording_restrict(h.vault, NULL, 1, DISPUTE, "ada", NULL), VPRIV_E_ARG,
        "at least one");
    ck_refused(vpriv_recording_restrict(h.vault, &id, 0, DISPUTE, "ada", NULL), VPRIV_E_ARG,
        "at least one");
    ck_refused(
        vpriv_recording_restrict(h.vault, &id, 1, DISPUTE, "", NULL), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_recording_restrict(h.vault, &id, 1, DISPUTE, "ada", long_text), VPRIV_E_ARG,
        "the reason");
    ck_refused(vpriv_recording_restrict(h.vault, &id, 1, DISPUTE, "ada", "\xff"), VPRIV_E_ARG,
        "the reason");
    ck_refused(vpriv_recording_restrict(h.vault, &id, 1, VPRIV_RESTRICTION_NONE, "ada", NULL),
        VPRIV_E_ARG, "restriction 0");
    ck_refused(vpriv_recording_restrict(h.vault, &id, 1, (vpriv_restriction)3, "ada", NULL),
        VPRIV_E_ARG, "restriction 3");
    ck_refused(vpriv_recording_lift(h.vault, NULL, 1, "ada", NULL), VPRIV_E_ARG, "at least one");
    ck_refused(vpriv_recording_lift(h.vault, &id, 1, NULL, NULL), VPRIV_E_ARG, "the actor");
    const vpriv_recording_id nobody = {{1}};
    ck_refused(vpriv_recording_lift(h.vault, &nobody, 1, "ada", NULL), VPRIV_E_NOT_FOUND, "");
}
END_TEST

START_TEST(the_log)
{
    char text[VPRIV_LOG_ORIGIN_BYTES];
    uint8_t leaf[VPRIV_LOG_HASH_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    size_t n = 7;
    uint64_t size = 0;
#define INCLUSION(index, size) vpriv_vault_prove_inclusion(h.vault, index, size, leaf, proof, &n)
#define CONSISTENCY(a, b)      vpriv_vault_prove_consistency(h.vault, a, b, proof, &n)
    ck_refused(vpriv_vault_log_origin(NULL, text), VPRIV_E_ARG, "room for the name");
    ck_refused(vpriv_vault_log_origin(h.vault, NULL), VPRIV_E_ARG, "room for the name");
    ck_refused(vpriv_vault_checkpoint(h.vault, NULL), VPRIV_E_ARG, "no room");
    ck_refused(
        vpriv_vault_verify_checkpoint(h.vault, NULL, 5, &size), VPRIV_E_ARG, "no checkpoint");
    ck_refused(vpriv_vault_verify_checkpoint(h.vault, "x", 0, &size), VPRIV_E_ARG, "no checkpoint");
    ck_refused(vpriv_vault_verify_checkpoint(h.vault, "garbage", 7, &size), VPRIV_E_FORMAT, "");
    ck_refused(vpriv_vault_log(NULL, 0, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_vault_log(h.vault, 0, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_vault_prove_inclusion(h.vault, 0, 1, NULL, proof, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_vault_prove_inclusion(h.vault, 0, 1, leaf, NULL, &n), VPRIV_E_ARG, "no room");
    ck_refused(
        vpriv_vault_prove_inclusion(h.vault, 0, 1, leaf, proof, NULL), VPRIV_E_ARG, "no room");
    ck_refused(INCLUSION(1, 1), VPRIV_E_ARG, "leaf 1 of 1");
    ck_refused(INCLUSION(0, 1000), VPRIV_E_ARG, "leaf 0 of 1000");
    ck_refused(vpriv_vault_prove_consistency(h.vault, 0, 1, NULL, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_vault_prove_consistency(h.vault, 0, 1, proof, NULL), VPRIV_E_ARG, "no room");
    ck_refused(CONSISTENCY(2, 1), VPRIV_E_ARG, "from 2 to 1");
    ck_refused(CONSISTENCY(1, 1000), VPRIV_E_ARG, "from 1 to 1000");
    ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(copies_and_roots)
{
    char path[PATH_BYTES];
    vpriv_backup_info info = {.struct_size = sizeof info};
    vpriv_space space = {.struct_size = 1};
    household_cell cell = {0};
    vpriv_root_store *root = household_root(&cell);
    household_file(&h, "copy", path);
    ck_refused(vpriv_vault_backup(NULL, path, 0, NULL, NULL), VPRIV_E_ARG, "a vault and a file");
    ck_refused(vpriv_vault_backup(h.vault, NULL, 0, NULL, NULL), VPRIV_E_ARG, "a vault and a file");
    ck_refused(vpriv_vault_backup(h.vault, "", 0, NULL, NULL), VPRIV_E_ARG, "a vault and a file");
    ck_refused(vpriv_vault_backup(h.vault, path, 2, NULL, NULL), VPRIV_E_ARG, "unknown flags");
    ck_refused(
        vpriv_vault_backup(h.vault, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL), VPRIV_E_EXISTS, "");
    ck_refused(vpriv_vault_backup(h.vault, h.folder, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS, "not a regular file");
    ck_refused(vpriv_backup_check(NULL, h.root, &info), VPRIV_E_ARG, "a backup");
    ck_refused(vpriv_backup_check("", h.root, &info), VPRIV_E_ARG, "a backup");
    ck_refused(vpriv_backup_check(path, NULL, &info), VPRIV_E_ARG, "a root store");
    ck_refused(vpriv_backup_check(path, h.root, NULL), VPRIV_E_ARG, "vpriv_backup_info");
    ck_refused_with(info, struct_size, 1, vpriv_backup_check(path, h.root, &info), VPRIV_E_ARG,
        "vpriv_backup_info");
    ck_refused(vpriv_backup_check(path, h.root, &info), VPRIV_E_NOT_FOUND, "");
    ck_ok(vpriv_vault_backup(h.vault, path, 0, NULL, NULL));
    ck_refused(vpriv_vault_backup(h.vault, path, 0, NULL, NULL), VPRIV_E_EXISTS, "copy");
#define RESTORE(from, root, to, flags) vpriv_backup_restore(from, root, to, flags, NULL, NULL)
    ck_refused(RESTORE(NULL, h.root, path, 0), VPRIV_E_ARG, "a backup");
    ck_refused(RESTORE("", h.root, path, 0), VPRIV_E_ARG, "a backup");
    ck_refused(RESTORE(path, NULL, path, 0), VPRIV_E_ARG, "a backup");
    ck_refused(RESTORE(path, h.root, NULL, 0), VPRIV_E_ARG, "a backup");
    ck_refused(RESTORE(path, h.root, "", 0), VPRIV_E_ARG, "a backup");
    ck_refused(RESTORE(path, h.root, h.path, 2), VPRIV_E_ARG, "unknown flags");
    ck_refused(RESTORE(path, h.root, h.path, 0), VPRIV_E_EXISTS, "exists already");
    ck_refused(RESTORE(path, root, h.path, VPRIV_STORAGE_REPLACE), VPRIV_E_ROOT, "");
    ck_refused(vpriv_vault_space(h.vault, NULL), VPRIV_E_ARG, "vpriv_space");
    ck_refused(vpriv_vault_space(h.vault, &space), VPRIV_E_ARG, "vpriv_space");
    ck_refused(vpriv_vault_move_root(h.vault, NULL, "ada"), VPRIV_E_ARG, "another store");
    ck_refused(vpriv_vault_move_root(h.vault, h.root, "ada"), VPRIV_E_ARG, "another store");
    ck_refused(vpriv_vault_move_root(h.vault, root, ""), VPRIV_E_ARG, "the actor");
    ck_assert(!cell.is_filled);
    vpriv_root_close(root);
}
END_TEST

/* Whatever else is given. */
START_TEST(without_a_vault)
{
    uint8_t hash[VPRIV_LOG_HASH_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    vpriv_recording_info info = {.struct_size = sizeof info};
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpriv_space space = {.struct_size = sizeof space};
    vpriv_log_checkpoint checkpoint;
    vpriv_keyring *keyring = NULL;
    household_cell cell = {0};
    vpriv_root_store *root = household_root(&cell);
    uint64_t n = 0;
    size_t n_hashes = 0;
#define CK_NONE(call) ck_refused(call, VPRIV_E_ARG, "vault")
    CK_NONE(vpriv_recording_about(NULL, &id, &info));
    CK_NONE(vpriv_vault_capture_credential(NULL, &keyring));
    CK_NONE(vpriv_vault_erase(NULL, &id, 1, NULL));
    CK_NONE(vpriv_vault_erase_before(NULL, HOUSEHOLD_START_US, NULL));
    CK_NONE(vpriv_vault_tidy(NULL, 1, &n));
    CK_NONE(vpriv_vault_checkpoint(NULL, &checkpoint));
    CK_NONE(vpriv_vault_verify_checkpoint(NULL, "x", 1, &n));
    CK_NONE(vpriv_vault_prove_inclusion(NULL, 0, 1, hash, proof, &n_hashes));
    CK_NONE(vpriv_vault_prove_consistency(NULL, 0, 1, proof, &n_hashes));
    CK_NONE(vpriv_vault_space(NULL, &space));
    CK_NONE(vpriv_vault_move_root(NULL, root, "ada"));
    CK_NONE(vpriv_retention_run(NULL, 0, &report));
    CK_NONE(vpriv_retention_trust_clock(NULL, "ada"));
    CK_NONE(vpriv_recording_restrict(NULL, &id, 1, VPRIV_RESTRICTION_DISPUTE, "ada", NULL));
    CK_NONE(vpriv_recording_lift(NULL, &id, 1, "ada", NULL));
    vpriv_vault_close(NULL);
    vpriv_root_close(root);
}
END_TEST

/* Names of what has numbers: every one goes there and back, others are neither. */
START_TEST(names)
{
    char name[VPRIV_RETENTION_BYTES];
    vpriv_retention retention = VPRIV_RETENTION_NONE;
    vpriv_trigger_kind trigger = VPRIV_TRIGGER_TAP;
    vpriv_derivative_kind kind = VPRIV_DERIVATIVE_LABEL;
    for (int i = VPRIV_TRIGGER_WAKE_WORD; i <= VPRIV_TRIGGER_IMPORT; i++) {
        ck_ok(vpriv_trigger_from_name(vpriv_trigger_name((vpriv_trigger_kind)i), &trigger));
        ck_assert_int_eq(trigger, i);
    }
    for (int i = VPRIV_DERIVATIVE_TRANSCRIPT; i <= VPRIV_DERIVATIVE_OTHER; i++) {
        ck_ok(vpriv_derivative_kind_from_name(
            vpriv_derivative_kind_name((vpriv_derivative_kind)i), &kind));
        ck_assert_int_eq(kind, i);
    }
    ck_assert_str_eq(vpriv_trigger_name((vpriv_trigger_kind)0), "unknown trigger");
    ck_assert_str_eq(vpriv_trigger_name((vpriv_trigger_kind)99), "unknown trigger");
    ck_assert_str_eq(vpriv_end_reason_name((vpriv_end_reason)99), "unknown end");
    ck_assert_str_eq(vpriv_derivative_kind_name((vpriv_derivative_kind)0), "unknown kind");
    ck_assert_str_eq(vpriv_derivative_kind_name((vpriv_derivative_kind)99), "unknown kind");
    ck_refused(vpriv_trigger_from_name(NULL, &trigger), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_trigger_from_name("tap", NULL), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_trigger_from_name("nod", &trigger), VPRIV_E_NOT_FOUND, "nod");
    ck_refused(vpriv_derivative_kind_from_name(NULL, &kind), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_derivative_kind_from_name("label", NULL), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_derivative_kind_from_name("poem", &kind), VPRIV_E_NOT_FOUND, "poem");
    ck_refused(vpriv_retention_from_name(NULL, &retention), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_retention_from_name("none", NULL), VPRIV_E_ARG, "a name");
    static const char *const wrong[] = {"", "for ever", "P", "PT", "P1", "P1X", "1D", "PT1", "P1DT",
        "P1D ", "PT:H", "P/D", "P9999999D"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_fails(vpriv_retention_from_name(wrong[i], &retention), VPRIV_E_NOT_FOUND);
    static const char *const other[] = {"P4001D", "P1Y1D", "PT30M"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        ck_fails(vpriv_retention_from_name(other[i], &retention), VPRIV_E_UNSUPPORTED);
    ck_assert_int_eq(retention, VPRIV_RETENTION_NONE);
    static const char *const right[] = {"none", "P0D", "P1D", "PT5H", "P7M", "PT48H", "P90D"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        vpriv_retention again = VPRIV_RETENTION_NONE;
        ck_ok(vpriv_retention_from_name(right[i], &retention));
        ck_ok(vpriv_retention_from_name(vpriv_retention_name(retention, name), &again));
        ck_assert_int_eq(again, retention);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_change_is_noticed);
    tcase_add_test(tcase, making_and_opening);
    tcase_add_test(tcase, a_credential_opens_its_own_vault);
    tcase_add_test(tcase, capture_alone_does_nothing_that_needs_the_root);
    tcase_add_test(tcase, lists);
    tcase_add_test(tcase, erasing);
    tcase_add_test(tcase, purging);
    tcase_add_test(tcase, retention_and_restrictions);
    tcase_add_test(tcase, the_log);
    tcase_add_test(tcase, copies_and_roots);
    tcase_add_test(tcase, without_a_vault);
    tcase_add_test(tcase, names);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
