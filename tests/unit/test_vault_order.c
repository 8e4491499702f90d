/* What may follow what: calls after others that they complete, repeat, or come too early for. */
#include "counted.h"
#include "refused.h"
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>

START_TEST(an_order_for_two_places)
{
    static const char json[] =
        "{\"voicepriv_pause\":1,\"number\":9,\"action\":\"pause\",\"purposes\":[\"donation\"],"
        "\"where\":[\"IT\",\"ES\"],\"issuer\":\"acme\",\"reason\":\"stop\"}";
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    int most = 1000;
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, json, strlen(json), d.seed, signature));
    ck_ok(vpriv_pause_order(d.h.vault, json, strlen(json), signature));
    ck_ok(vpriv_pause_list(d.h.vault, count_pause, &most));
    ck_assert_int_eq(n_seen, 3);
    ck_refused(vpriv_pause_order(d.h.vault, json, strlen(json), signature), VPRIV_E_ROLLBACK,
        "was done already");
}
END_TEST

/* Over what a backup may be made, and what it is for a root that is older than it. */
START_TEST(backups_replace_backups_only)
{
    char path[PATH_BYTES], below[PATH_BYTES + 16];
    vpriv_backup_info info = {.struct_size = sizeof info};
    household_file(&d.h, "copy", path);
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs("somebody's letter", file) >= 0 && fclose(file) == 0);
    ck_refused(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS, "is no backup of this vault");
    snprintf(below, sizeof below, "%s/below", path);
    ck_refused(vpriv_vault_backup(d.h.vault, below, 0, NULL, NULL), VPRIV_E_IO, "below");
    ck_assert_int_eq(remove(path), 0);
    uint8_t before[VPRIV_ROOT_RECORD_BYTES];
    memcpy(before, d.h.cell->record, sizeof before);
    ck_ok(vpriv_vault_erase(d.h.vault, d.ids, 1, NULL));
    ck_ok(vpriv_vault_backup(d.h.vault, path, 0, NULL, NULL));
    ck_ok(vpriv_backup_check(path, d.h.root, &info));
    ck_assert_int_eq(info.state, VPRIV_BACKUP_CURRENT);
    uint8_t now[VPRIV_ROOT_RECORD_BYTES];
    memcpy(now, d.h.cell->record, sizeof now);
    memcpy(d.h.cell->record, before, sizeof before);
    ck_refused(vpriv_backup_check(path, d.h.root, &info), VPRIV_E_ROLLBACK, "an old root");
    ck_assert_int_eq(info.state, VPRIV_BACKUP_AHEAD);
    memcpy(d.h.cell->record, now, sizeof now);
}
END_TEST

START_TEST(a_backup_of_another_vault_is_left_alone)
{
    household other;
    char path[PATH_BYTES];
    household_open(&other, HOUSEHOLD_FORGETS);
    household_file(&d.h, "copy", path);
    ck_ok(vpriv_vault_backup(other.vault, path, 0, NULL, NULL));
    ck_refused(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS, "is no backup of this vault");
    household_close(&other);
}
END_TEST

/* On another disk, where there is one, and back to where the vault was. */
START_TEST(backups_elsewhere)
{
    char folder[] = "/tmp/voicepriv-test-XXXXXX", path[sizeof folder + 8];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/copy", folder);
    for (int i = 0; i < 2; i++)
        ck_ok(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    vpriv_vault_close(d.h.vault);
    d.h.vault = NULL;
    ck_assert_int_eq(remove(d.h.path), 0);
    ck_ok(vpriv_backup_restore(path, d.h.root, d.h.path, 0, NULL, NULL));
    ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
    ck_ok(household_hear_in(d.h.vault, d.h.keyring, &d.ids[0], KEEP, NULL));
    ck_assert(remove(path) == 0 && rmdir(folder) == 0);
}
END_TEST

START_TEST(the_same_words_as_another_version)
{
    vpriv_notice n = {.struct_size = sizeof n,
        .id = "house",
        .version = "1",
        .language = "en",
        .text = "We keep what you say.",
        .text_bytes = 21};
    const uint64_t before = household_print(&d.h);
    ck_ok(vpriv_notice_add(d.h.vault, &n, NULL)); /* is there */
    ck_assert(household_print(&d.h) == before);
    n.version = "2";
    ck_ok(vpriv_notice_add(d.h.vault, &n, NULL));
    ck_assert(household_print(&d.h) != before);
}
END_TEST

START_TEST(a_recording_has_its_order)
{
    vpi_sealer *sealer = NULL;
    static vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    bool closed = false;
    vpi_sealer_request r = household_request(d.h.ada);
#define CREATE vpi_sealer_create(d.h.vault, &r, &sealer)
    ck_refused_with(r, required, 0, CREATE, VPRIV_E_ARG, "at least one purpose");
    ck_refused_with(r, tag.retention, VPRIV_RETENTION_NONE, CREATE, VPRIV_E_STATE, "don't save");
    ck_refused(vpi_sealer_create(NULL, &r, &sealer), VPRIV_E_ARG, "no vault");
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(CREATE);
    ck_refused(
        vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0), VPRIV_E_STATE, "is not confirmed");
    ck_ok(vpi_sealer_commit(sealer));
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "is confirmed");
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    ck_refused(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0), VPRIV_E_STATE, "");
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "is confirmed");
    ck_refused(vpi_sealer_reject(sealer, 0, &closed), VPRIV_E_STATE, "is confirmed");
    ck_refused(vpi_sealer_write(sealer, plain, 1), VPRIV_E_STATE, "has ended");
    vpi_sealer_destroy(sealer);
    ck_ok(CREATE);
    ck_ok(vpi_sealer_commit(sealer));
    ck_refused(vpi_sealer_reject(sealer, 0, &closed), VPRIV_E_STATE, "is confirmed");
    ck_refused(
        vpi_sealer_write(sealer, plain, 1), VPRIV_E_STATE, "has ended"); /* its keys are gone */
    vpi_sealer_destroy(sealer);
    ck_ok(CREATE);
    ck_ok(vpi_sealer_reject(sealer, 0, &closed));
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "");
    vpi_sealer_destroy(sealer);
}
END_TEST

/* What nobody has confirmed is not there for anybody. */
START_TEST(a_recording_that_is_not_confirmed_is_none)
{
    vpi_sealer *sealer = NULL;
    static vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request r = household_request(d.h.ada);
    vpriv_recording_id id;
    vpriv_recording_info info = {.struct_size = sizeof info};
    ck_ok(vpi_sealer_create(d.h.vault, &r, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_refused(
        vpriv_recording_about(d.h.vault, &id, &info), VPRIV_E_NOT_FOUND, "no such recording");
    ck_refused(vpriv_recording_restrict(d.h.vault, &id, 1, VPRIV_RESTRICTION_DISPUTE, "test", NULL),
        VPRIV_E_NOT_FOUND, "no such recording");
    ck_refused(vpriv_recording_add_speaker(
                   d.h.vault, &id, d.h.bob, VPRIV_SUBJECT_USER, "test", NULL, NULL),
        VPRIV_E_NOT_FOUND, "no such recording");
    ck_fails(household_hear_in(d.h.vault, d.h.keyring, &id, KEEP, NULL), VPRIV_E_CONSENT);
    vpi_sealer_destroy(sealer);
}
END_TEST

START_TEST(pauses_that_cover_each_other)
{
    const int64_t now = d.h.cell->now_us;
    vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "",
        .from_us = now + 10 * DAY_US,
        .until_us = now + 20 * DAY_US,
        .actor = "test"};
    int most = 1000;
    uint64_t before = 0;
#define N_PAUSES(n)                                                                                \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(vpriv_pause_list(d.h.vault, count_pause, &most));                                    \
        ck_assert_int_eq(n_seen, 1 + (n));                                                         \
    } while (0)
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(1);
    before = household_print(&d.h);
    ck_ok(vpriv_pause_begin(d.h.vault, &p)); /* the same */
    p.from_us += DAY_US;
    ck_ok(vpriv_pause_begin(d.h.vault, &p)); /* within */
    p.until_us -= DAY_US;
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    ck_assert(household_print(&d.h) == before);
    p.until_us += 2 * DAY_US; /* longer */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(2);
    p.from_us -= 2 * DAY_US; /* earlier, as long */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(3);
    p.purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION); /* another purpose, the same time */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(3);
    p.where = "*";
    p.purposes |= VPRIV_PURPOSE_BIT(KEEP);
    ck_ok(vpriv_pause_end(d.h.vault, &p));
    N_PAUSES(0);
    before = household_print(&d.h);
    ck_ok(vpriv_pause_end(d.h.vault, &p));
    ck_assert(household_print(&d.h) == before);
}
END_TEST

START_TEST(a_pause_where_the_controller_is_counts)
{
    static const char json[] =
        "{\"voicepriv_jurisdiction\":1,\"name\":\"fr\",\"title\":\"T\",\"note\":\"N\","
        "\"revision\":1,\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\","
        "\"places\":[\"FR\"],\"rules\":[]}";
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    const vpriv_controller c = {
        .struct_size = sizeof c, .id = "acme", .name = "Acme", .country = "DE"};
    const vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "DE",
        .actor = "test"};
    uint32_t purposes = 0;
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), d.seed, signature));
    ck_ok(vpriv_jurisdiction_install(d.h.vault, json, strlen(json), signature, "test"));
    ck_ok(vpriv_jurisdiction_set_device(d.h.vault, "FR", "test"));
    ck_ok(vpriv_controller_change(d.h.vault, &c, "test", NULL));
    ck_ok(vpriv_purpose_paused(d.h.vault, &purposes));
    ck_assert_uint_eq(purposes & VPRIV_PURPOSE_BIT(KEEP), 0);
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    ck_ok(vpriv_purpose_paused(d.h.vault, &purposes));
    ck_assert_uint_ne(purposes & VPRIV_PURPOSE_BIT(KEEP), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: order");
    TCase *tcase = tcase_create("order");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_order_for_two_places);
    tcase_add_test(tcase, backups_replace_backups_only);
    tcase_add_test(tcase, a_backup_of_another_vault_is_left_alone);
    tcase_add_test(tcase, backups_elsewhere);
    tcase_add_test(tcase, the_same_words_as_another_version);
    tcase_add_test(tcase, a_recording_has_its_order);
    tcase_add_test(tcase, a_recording_that_is_not_confirmed_is_none);
    tcase_add_test(tcase, pauses_that_cover_each_other);
    tcase_add_test(tcase, a_pause_where_the_controller_is_counts);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
