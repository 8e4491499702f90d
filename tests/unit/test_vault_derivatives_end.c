/* What is made from a recording goes when it goes (S14): by erasure, by the end of a term, by withdrawal, in every
 * old copy too. */
#include "derived.h"
#include "fault/attack.h"

/* With these copies, the files of now, and every secret of now. */
static bool attacker_reads(const char *const *copies, size_t n_copies,
    const vpriv_recording_id *recording, const vpriv_derivative_id *made)
{
    struct attack *attack = attack_create(h.cell->record, h.keyring);
    ck_assert(attack_add_database(attack, h.path));
    for (size_t i = 0; i < n_copies; i++) {
        char path[PATH_BYTES];
        household_file(&h, copies[i], path);
        ck_assert(attack_add_database(attack, path));
    }
    attack_add_root(attack, h.cell->record);
    attack_solve(attack);
    const bool reads = attack_reads(attack, recording->bytes, made->bytes);
    attack_destroy(attack);
    return reads;
}

static const char *const before[] = {"before"};

START_TEST(s14_erasing_the_recording_erases_what_was_made_from_it)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_derivative_info info;
    const vpriv_recording_id id = household_quick(&h, h.ada), other = household_quick(&h, h.ada);
    const vpriv_derivative_id transcript = add(&id, BIT(KEEP)), label = add(&id, BIT(REVIEW));
    const vpriv_derivative_id kept = add(&other, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_assert(attacker_reads(before, 1, &id, &transcript));
    ck_assert(attacker_reads(before, 1, &id, &label));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert_uint_eq(receipt.n_derivatives, 2);
    ck_assert(!attacker_reads(before, 1, &id, &transcript));
    ck_assert(!attacker_reads(before, 1, &id, &label));
    ck_assert(attacker_reads(before, 1, &other, &kept));
    ck_fails(read_for(&transcript, KEEP), VPRIV_E_ERASED);
    ck_fails(vpriv_derivative_about(h.vault, &transcript, &info), VPRIV_E_ERASED);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 0);
    /* The ciphertext goes with housekeeping. */
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 1);
    ck_fails(read_for(&transcript, KEEP), VPRIV_E_NOT_FOUND);
    ck_reads(&kept, REVIEW, "lights on");
    ck_sound();
}
END_TEST

/* Of the shelves in a copy, how many open with every secret there is now. */
static int shelves_that_open(const char *copy)
{
    household_attacker attacker;
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    char path[PATH_BYTES];
    int n_opened = 0;
    household_file(&h, copy, path);
    household_attack(&h, copy, &attacker);
    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(database,
            "SELECT recording, name, sealed FROM shelf JOIN recording ON recording.id = recording",
            -1, &row, NULL),
        SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const vpi_place place = {h.vault->vault_id, VPI_COLUMN_SHELF,
            (uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_blob(row, 1),
            VPI_RECORDING_ID_BYTES};
        for (size_t i = 0; i < attacker.n_keys; i++) {
            uint8_t key[VPI_KEY_BYTES], plain[8192];
            size_t n = 0;
            vpi_derive(attacker.keys[i], "derivative: shelf", NULL, 0, key);
            n_opened +=
                vpi_unseal_padded(key, &place, sqlite3_column_blob(row, 2),
                    (size_t)sqlite3_column_bytes(row, 2), plain, sizeof plain, &n) == VPRIV_OK;
        }
    }
    sqlite3_finalize(row);
    sqlite3_close(database);
    household_attack_end(&attacker);
    return n_opened;
}

START_TEST(s14_descriptions_are_gone_too)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    (void)add(&id, BIT(KEEP));
    household_copy(&h, "before");
    ck_assert_int_eq(shelves_that_open("before"), 1);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_assert_int_eq(shelves_that_open("before"), 0);
}
END_TEST

static bool add_up(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    if (entry->kind == VPRIV_LOG_DERIVATIVE_ERASED)
        *(uint64_t *)user += entry->count;
    return true;
}

static uint64_t logged_as_erased(void)
{
    uint64_t n = 0;
    ck_ok(vpriv_vault_log(h.vault, 0, add_up, &n));
    return n;
}

static void ck_refuses(
    const vpriv_recording_id *id, uint32_t purposes, vpriv_status status, const char *cause)
{
    const int64_t n = household_count(&h, "SELECT count(*) FROM derivative");
    const vpriv_status st = try_add(id, purposes, NULL);
    ck_assert_msg(st == status && strstr(vpriv_error_detail(), cause), "%s: %s, not \"%s\"",
        vpriv_status_text(st), vpriv_error_detail(), cause);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), n);
}

START_TEST(s14_adding_is_refused_by_its_cause)
{
    const vpriv_recording_id id = household_quick(&h, h.ada), held = household_quick(&h, h.ada);
    const vpriv_recording_id brief = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    vpriv_recording_id on_trial;
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = household_request(h.ada);
    static const uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_refuses(&id, BIT(KEEP), VPRIV_E_ERASED, "erased");
    ck_ok(
        vpriv_recording_restrict(h.vault, &held, 1, VPRIV_RESTRICTION_DISPUTE, "ada", "not mine"));
    ck_refuses(&held, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RECORDING_RESTRICTED));
    ck_ok(vpriv_recording_lift(h.vault, &held, 1, "ada", "settled"));
    ck_ok(try_add(&held, BIT(KEEP), NULL));
    /* Not consented to by everybody, or not wrapped. */
    ck_refuses(&held, BIT(KEEP) | BIT(LEARN), VPRIV_E_CONSENT, vpriv_purpose_name(LEARN));
    household_give(&h, h.ada, LEARN);
    ck_refuses(&held, BIT(LEARN), VPRIV_E_CONSENT, vpriv_purpose_name(LEARN));
    household_withdraw(&h, h.ada, REVIEW);
    ck_refuses(&held, BIT(REVIEW), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_CONSENT_WITHDRAWN));
    ck_ok(vpriv_purpose_pause(h.vault, BIT(KEEP), "owner", "holiday"));
    ck_refuses(&held, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_PAUSED));
    ck_ok(vpriv_purpose_resume(h.vault, BIT(KEEP), "owner", "back"));
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    memcpy(on_trial.bytes, vpi_sealer_recording_id(sealer), sizeof on_trial.bytes);
    const int64_t n_provisional =
        household_count(&h, "SELECT count(*) FROM recording WHERE state = 1");
    ck_assert_int_eq(n_provisional, 1);
    ck_refuses(
        &on_trial, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RECORDING_PROVISIONAL));
    vpi_sealer_destroy(sealer);
    household_pass(&h, 2 * DAY_US);
    ck_refuses(&brief, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RETENTION_OVER));
    ck_sound();
}
END_TEST

START_TEST(s14_withdrawing_a_purpose_closes_what_was_made_for_it)
{
    uint64_t n_left = 1;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_derivative_id for_both[3], for_review[3];
    vpriv_recording_id ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = household_quick(&h, h.ada);
        for_both[i] = add(&ids[i], BIT(KEEP) | BIT(REVIEW));
        for_review[i] = add(&ids[i], BIT(REVIEW));
        ck_reads(&for_both[i], REVIEW, "lights on");
        ck_reads(&for_review[i], REVIEW, "lights on");
    }
    household_copy(&h, "before");
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, REVIEW, NULL, &receipt));
    /* One key, whatever the number. */
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    for (int i = 0; i < 3; i++) {
        ck_fails(read_for(&for_both[i], REVIEW), VPRIV_E_CONSENT);
        ck_fails(read_for(&for_review[i], REVIEW), VPRIV_E_CONSENT);
        ck_reads(&for_both[i], KEEP, "lights on");
        ck_assert(!attacker_reads(before, 1, &ids[i], &for_review[i]));
        ck_assert(attacker_reads(before, 1, &ids[i], &for_both[i]));
    }
    /* Given again, it is another consent. */
    household_give(&h, h.ada, REVIEW);
    ck_fails(read_for(&for_review[0], REVIEW), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &ids[0], &for_review[0]));
    /* Housekeeping takes those that nothing is left for, with what describes them. */
    ck_assert_int_eq(shelves_that_open("before"), 3);
    ck_ok(vpriv_vault_tidy(h.vault, 100, &n_left));
    ck_assert_uint_eq(n_left, 0);
    ck_assert_int_eq(shelves_that_open("before"), 0);
    ck_assert_uint_eq(logged_as_erased(), 3);
    for (int i = 0; i < 3; i++) {
        ck_ok(list(&ids[i]));
        ck_assert_uint_eq(listed.n, 1);
        ck_assert_mem_eq(listed.infos[0].id.bytes, for_both[i].bytes, sizeof for_both[i].bytes);
        ck_assert_uint_eq(listed.infos[0].purposes, BIT(KEEP));
        ck_reads(&for_both[i], KEEP, "lights on");
        ck_ok(household_hear(&h, &ids[i], KEEP));
        ck_assert(attacker_reads(before, 1, &ids[i], &for_both[i]));
        ck_fails(read_for(&for_review[i], REVIEW), VPRIV_E_NOT_FOUND);
    }
    ck_sound();
}
END_TEST

static vpriv_recording_id record_both(void)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(h.ada);
    request.optional = BIT(REVIEW);
    request.tag.n_subjects = 2;
    const bool ada_first = memcmp(h.ada, h.bob, sizeof h.ada) < 0;
    memcpy(request.tag.subjects[0], ada_first ? h.ada : h.bob, sizeof h.ada);
    memcpy(request.tag.subjects[1], ada_first ? h.bob : h.ada, sizeof h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(sealer);
    return id;
}

START_TEST(s14_two_speakers_must_both_consent)
{
    const vpriv_recording_id id = record_both();
    ck_refuses(&id, BIT(REVIEW), VPRIV_E_CONSENT, vpriv_purpose_name(REVIEW)); /* Bob did not */
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_reads(&made, KEEP, "lights on");
    household_withdraw(&h, h.bob, KEEP);
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_refuses(&id, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_CONSENT_WITHDRAWN));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM shelf"), 0);
    ck_sound();
}
END_TEST

/* Somebody who is noticed afterwards takes from what was made what they take from the sound. */
START_TEST(s14_a_later_speaker_narrows_it_too)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "house", .covers_past = true};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id for_both = add(&id, BIT(KEEP) | BIT(REVIEW));
    const vpriv_derivative_id for_review = add(&id, BIT(REVIEW));
    household_copy(&h, "before");
    household_pass(&h, SECOND_US);
    household_withdraw(&h, h.bob, KEEP);
    ck_ok(vpriv_consent_give(h.vault, h.bob, KEEP, &past, NULL));
    ck_ok(vpriv_recording_add_speaker(h.vault, &id, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL));
    ck_reads(&for_both, KEEP, "lights on");
    ck_fails(read_for(&for_both, REVIEW), VPRIV_E_CONSENT);
    ck_fails(read_for(&for_review, REVIEW), VPRIV_E_NOT_FOUND);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_assert(!attacker_reads(before, 1, &id, &for_review));
    ck_assert(attacker_reads(before, 1, &id, &for_both));
    household_withdraw(&h, h.bob, KEEP);
    ck_fails(read_for(&for_both, KEEP), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &id, &for_both));
    ck_sound();
}
END_TEST

/* Consent for the past opens the sound again, not what was made under the consent that was withdrawn. */
START_TEST(s14_a_consent_for_the_past_does_not_bring_it_back)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "house", .covers_past = true};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(REVIEW));
    household_pass(&h, SECOND_US);
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(vpriv_consent_give(h.vault, h.ada, REVIEW, &past, NULL));
    ck_ok(vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, NULL));
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
    const vpriv_derivative_id again = add(&id, BIT(REVIEW));
    ck_reads(&again, REVIEW, "lights on");
    ck_sound();
}
END_TEST

START_TEST(s14_the_end_of_a_term_ends_it_too)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpriv_consent_evidence brief = {
        .struct_size = sizeof brief, .notice_id = "history", .retention = "P2D"};
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(household_give_with(&h, h.ada, REVIEW, brief));
    const vpriv_recording_id short_lived = household_quick_for(&h, h.ada, VPRIV_RETENTION_72_HOURS);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id gone = add(&short_lived, BIT(KEEP));
    const vpriv_derivative_id label = add(&id, BIT(REVIEW)),
                              both = add(&id, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_assert(attacker_reads(before, 1, &id, &label));
    household_pass(&h, DAY_US);
    ck_reads(&label, REVIEW, "lights on");
    for (int i = 0; i < 3; i++) {
        household_pass(&h, DAY_US);
        ck_ok(vpriv_retention_trust_clock(h.vault, "owner"));
        ck_ok(vpriv_retention_run(h.vault, 60000, &report));
        ck_assert(report.is_done);
    }
    ck_fails(read_for(&gone, KEEP), VPRIV_E_ERASED);
    ck_assert(!attacker_reads(before, 1, &short_lived, &gone));
    /* Of the other one a purpose has ended: what was made for nothing else is gone with its entry. */
    ck_fails(read_for(&label, REVIEW), VPRIV_E_NOT_FOUND);
    ck_fails(read_for(&both, REVIEW), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &id, &label));
    ck_reads(&both, KEEP, "lights on");
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_assert_uint_eq(listed.infos[0].purposes, BIT(KEEP));
    ck_sound();
}
END_TEST

START_TEST(s14_erasing_a_person_or_all_takes_it)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_recording_id adas = household_quick(&h, h.ada), bobs = household_quick(&h, h.bob);
    const vpriv_derivative_id a = add(&adas, BIT(KEEP)), b = add(&bobs, BIT(KEEP));
    household_copy(&h, "before");
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert(!attacker_reads(before, 1, &adas, &a));
    ck_fails(read_for(&a, KEEP), VPRIV_E_ERASED);
    ck_reads(&b, KEEP, "lights on");
    receipt = (vpriv_receipt){.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert(!attacker_reads(before, 1, &bobs, &b));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_sound();
}
END_TEST

START_TEST(one_is_erased_and_the_rest_stays)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id first = add(&id, BIT(KEEP)),
                              second = add(&id, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_ok(vpriv_derivative_erase(h.vault, &first, &receipt));
    ck_assert_int_eq(receipt.kind, VPRIV_LOG_DERIVATIVE_ERASED);
    ck_assert_uint_eq(receipt.n_recordings, 0);
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    ck_assert(!attacker_reads(before, 1, &id, &first));
    ck_assert(attacker_reads(before, 1, &id, &second));
    ck_fails(read_for(&first, KEEP), VPRIV_E_NOT_FOUND);
    ck_reads(&second, KEEP, "lights on");
    ck_reads(&second, REVIEW, "lights on");
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 1);
    ck_ok(vpriv_derivative_erase(h.vault, &second, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM shelf"), 0);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_sound();
}
END_TEST

START_TEST(what_is_set_aside_is_shut_and_a_hold_keeps_it)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_ok(
        vpriv_recording_restrict(h.vault, &id, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", "case 7"));
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_fails(vpriv_derivative_erase(h.vault, &made, NULL), VPRIV_E_STATE);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_ok(vpriv_recording_lift(h.vault, &id, 1, "court", "over"));
    ck_reads(&made, KEEP, "lights on");
    ck_ok(vpriv_derivative_erase(h.vault, &made, NULL));
    ck_sound();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: the end of derivatives");
    TCase *tests = tcase_create("end");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s14_erasing_the_recording_erases_what_was_made_from_it);
    tcase_add_test(tests, s14_descriptions_are_gone_too);
    tcase_add_test(tests, s14_adding_is_refused_by_its_cause);
    tcase_add_test(tests, s14_withdrawing_a_purpose_closes_what_was_made_for_it);
    tcase_add_test(tests, s14_two_speakers_must_both_consent);
    tcase_add_test(tests, s14_a_later_speaker_narrows_it_too);
    tcase_add_test(tests, s14_a_consent_for_the_past_does_not_bring_it_back);
    tcase_add_test(tests, s14_the_end_of_a_term_ends_it_too);
    tcase_add_test(tests, s14_erasing_a_person_or_all_takes_it);
    tcase_add_test(tests, one_is_erased_and_the_rest_stays);
    tcase_add_test(tests, what_is_set_aside_is_shut_and_a_hold_keeps_it);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
