/* Places and signed profiles, in a vault: each flows into the decisions of processes with and without the
 * root, and whatever is not known, stale, unsigned or changed is strict. */
#include "consent/rules.h"
#include "placed.h"
#include <stdio.h>

static bool count_profiles(void *user, const vpriv_profile_info *info)
{
    int *n = user;
    n[0]++;
    n[1] += info->is_in_force;
    return true;
}

static void ck_profiles(int n_kept, int n_in_force)
{
    int n[2] = {0, 0};
    ck_ok(vpriv_jurisdiction_list(h.vault, count_profiles, n));
    ck_assert_int_eq(n[0], n_kept);
    ck_assert_int_eq(n[1], n_in_force);
}

START_TEST(s29_a_profile_nobody_knew_decides_with_and_without_the_root)
{
    vpriv_keyring *credential = NULL;
    vpriv_rules rules;
    const vpriv_consent_evidence imported = {.method = VPRIV_CONSENT_METHOD_IMPORT};
    ck_ok(household_give_with(&h, h.ada, REVIEW, imported));
    household_give(&h, h.ada, DONATE);
    household_give(&h, h.ada, KEEP);
    vpriv_vault *capture = open_capture(&credential);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_NOT_LAWFUL_HERE); /* strict: given here */
    ck_assert_uint_eq(why_not(DONATE), 0);
    install("qx", "\"QX\"", "\"donation\"");
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_NOT_LAWFUL_HERE);
    put_everything("QX");
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_assert_uint_eq(why_not(DONATE), VPRIV_DENY_NOT_LAWFUL_HERE);
    ck_assert_uint_eq(why_not_in(capture, h.ada, REVIEW, VPRIV_RETENTION_48_HOURS), 0);
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, DONATE, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_NOT_LAWFUL_HERE);
    ck_ok(vpriv_jurisdiction_rules(capture, NULL, h.ada, &rules));
    ck_assert_str_eq(rules.profiles, "qx");
    ck_assert_str_eq(rules.place, "QX");
    ck_assert_uint_eq(rules.minimum_age, 13);
    /* Who lives elsewhere is protected by what holds there, or by strict. */
    ck_ok(vpriv_jurisdiction_rules(h.vault, NULL, h.bob, &rules));
    ck_assert_str_eq(rules.profiles, "qx strict");
    ck_assert_uint_eq(rules.minimum_age, 18);
    ck_fails(vpriv_jurisdiction_rules(h.vault, "Qx", NULL, &rules), VPRIV_E_ARG);
    household_reopen(&h);
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_profiles(1, 1);
    ck_whole();
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(ten_days_are_ten_days_for_reading_as_well)
{
    household_give(&h, h.ada, KEEP);
    install("qx", "\"QX\"", "");
    put_everything("QX");
    const vpriv_recording_id id = household_quick(&h, h.ada);
    household_pass(&h, 10 * DAY_US - 1);
    ck_ok(household_hear(&h, &id, KEEP));
    household_pass(&h, 2);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "may be kept is over"));
}
END_TEST

START_TEST(what_is_not_signed_whole_and_fresh_is_not_installed)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES], other[VPRIV_AUTHORITY_SEED_BYTES], key[32];
    const char *json = profile_of("qx", "\"QX\"", 5, "2027-11-01", 13, "");
    const size_t n = strlen(json);
    ck_ok(vpriv_authority_make(other, key));
    ck_fails(install_signed_by(other, json), VPRIV_E_AUTH);
    ck_fails(install_signed_by(test_seed, json), VPRIV_E_AUTH);
    memset(signature, 0, sizeof signature);
    ck_fails(vpriv_jurisdiction_install(h.vault, json, n, signature, "test"), VPRIV_E_AUTH);
    ck_fails(vpriv_jurisdiction_install(h.vault, json, n, NULL, "test"), VPRIV_E_ARG);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, n, seed, signature));
    for (size_t i = 0; i < n; i += 7) {
        text[i] ^= 2;
        ck_assert(vpriv_jurisdiction_install(h.vault, text, n, signature, "test") != VPRIV_OK);
        text[i] ^= 2;
    }
    ck_fails(vpriv_jurisdiction_install(h.vault, json, n, signature, ""), VPRIV_E_ARG);
    ck_profiles(0, 0);
    ck_ok(vpriv_jurisdiction_install(h.vault, json, n, signature, "test"));
    ck_ok(vpriv_jurisdiction_install(h.vault, json, n, signature, "test"));
    ck_fails(install_signed_by(seed, profile_of("qx", "\"QX\"", 5, "2027-11-02", 13, "")),
        VPRIV_E_ROLLBACK);
    ck_fails(install_signed_by(seed, profile_of("qx", "\"QX\"", 4, "2027-11-01", 13, "")),
        VPRIV_E_ROLLBACK);
    ck_ok(install_signed_by(seed, profile_of("qx", "\"QX\"", 6, "2027-11-01", 13, "")));
    ck_fails(install_signed_by(seed, profile_of("qy", "\"QY\"", 1, "2026-11-20", 13, "")),
        VPRIV_E_STATE);
    ck_ok(vpriv_jurisdiction_trust(h.vault, NULL, "test"));
    ck_fails(
        install_signed_by(seed, profile_of("qz", "\"QZ\"", 1, "2027-11-01", 13, "")), VPRIV_E_AUTH);
    ck_profiles(1, 0);
}
END_TEST

static void ck_strict(bool is_strict)
{
    vpriv_rules rules;
    ck_ok(vpriv_jurisdiction_rules(h.vault, "QX", NULL, &rules));
    ck_assert_str_eq(rules.profiles, is_strict ? "strict" : "qx");
    ck_assert_uint_eq(why_not(REVIEW), is_strict ? VPRIV_DENY_NOT_LAWFUL_HERE : 0);
}

START_TEST(stale_unsigned_or_changed_is_strict)
{
    vpriv_verification found = {.struct_size = sizeof found};
    uint8_t other[VPRIV_AUTHORITY_SEED_BYTES], key[32];
    const vpriv_consent_evidence imported = {.method = VPRIV_CONSENT_METHOD_IMPORT};
    ck_ok(household_give_with(&h, h.ada, REVIEW, imported));
    install("qx", "\"QX\"", "");
    put_everything("QX");
    ck_strict(false);
    /* Another authority, and the same again. */
    ck_ok(vpriv_authority_make(other, key));
    ck_ok(vpriv_jurisdiction_trust(h.vault, key, "test"));
    ck_strict(true);
    ck_profiles(1, 0);
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
    ck_strict(false);
    ck_whole();
    /* The compiled rules of before are put back, taken away, or bent. */
    household_copy(&h, "before");
    ck_ok(install_signed_by(seed, profile_of("qx", "\"QX\"", 2, "2027-11-01", 21, "")));
    ck_strict(false);
    char path[PATH_BYTES], sql[2 * PATH_BYTES + 300];
    household_file(&h, "before", path);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; UPDATE policy SET sealed = (SELECT p.sealed FROM old.policy p"
        " WHERE p.tag = policy.tag) WHERE tag <> zeroblob(16)",
        path);
    household_sql(&h, sql);
    ck_strict(true);
    ck_fails(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found), VPRIV_E_AUTH);
    /* Installing compiles anew; but an old profile put back says nothing. */
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
    put_everything("QX");
    ck_strict(false);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; UPDATE jurisdiction SET sealed = (SELECT j.sealed FROM"
        " old.jurisdiction j WHERE j.id = jurisdiction.id)",
        path);
    household_sql(&h, sql);
    ck_fails(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found), VPRIV_E_AUTH);
    ck_strict(false); /* what was compiled from the newer one holds */
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
    ck_strict(true);
    household_sql(&h, "DELETE FROM jurisdiction");
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
    ck_strict(true);
}
END_TEST

START_TEST(a_profile_runs_out_by_itself)
{
    const vpriv_consent_evidence imported = {.method = VPRIV_CONSENT_METHOD_IMPORT};
    ck_ok(household_give_with(&h, h.ada, REVIEW, imported));
    ck_ok(install_signed_by(seed, profile_of("qx", "\"QX\"", 1, "2026-11-24", 13, "")));
    put_everything("QX");
    ck_strict(false);
    household_pass(&h, 2 * DAY_US);
    ck_strict(true);
    ck_profiles(1, 0);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(DONATE), "acme", NULL)); /* a commit */
    household_pass(&h, -2 * DAY_US); /* and does not come back with the clock */
    ck_strict(true);
    household_reopen(&h);
    ck_strict(true);
}
END_TEST

/* QA to QC: nothing, donation, donation and review are forbidden; nothing is known of QD. */
START_TEST(strictest_of_home_device_and_seat_over_all_of_them)
{
    static const struct {
        const char *place;
        bool may_donate, may_review_imported;
    } places[] = {
        {"QA", true, true}, {"QB", false, true}, {"QC", false, false}, {"QD", true, false}};
    const vpriv_consent_evidence imported = {.method = VPRIV_CONSENT_METHOD_IMPORT};
    ck_ok(household_give_with(&h, h.ada, REVIEW, imported));
    household_give(&h, h.ada, DONATE);
    install("qa", "\"QA\"", "");
    install("qb", "\"QB\"", "\"donation\"");
    install("qc", "\"QC\"", "\"donation\", \"human_review\"");
    for (size_t a = 0; a < 4; a++) {
        put_seat(places[a].place);
        for (size_t b = 0; b < 4; b++) {
            ck_ok(vpriv_jurisdiction_set_device(h.vault, places[b].place, "test"));
            for (size_t c = 0; c < 4; c++) {
                ck_ok(vpriv_subject_set_home(h.vault, h.ada, places[c].place));
                const bool donate =
                    places[a].may_donate && places[b].may_donate && places[c].may_donate;
                const bool review = places[a].may_review_imported &&
                                    places[b].may_review_imported && places[c].may_review_imported;
                ck_assert_uint_eq(why_not(DONATE), donate ? 0 : VPRIV_DENY_NOT_LAWFUL_HERE);
                ck_assert_uint_eq(why_not(REVIEW), review ? 0 : VPRIV_DENY_NOT_LAWFUL_HERE);
            }
        }
    }
}
END_TEST

START_TEST(who_is_too_young_needs_a_guardian_and_says_it_again_when_of_age)
{
    const vpriv_consent_evidence parent = {.by = VPRIV_CONSENT_BY_PARENT};
    install("qx", "\"QX\"", "");
    put_everything("QX");
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_ok(vpriv_subject_set_birth(h.vault, h.ada, 2013, 11)); /* 13 at the end of this month */
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CHILD_RULE);
    household_withdraw(&h, h.ada, KEEP);
    ck_ok(household_give_with(&h, h.ada, KEEP, parent));
    ck_assert_uint_eq(why_not(KEEP), 0);
    household_pass(&h, 8 * DAY_US);
    ck_assert_uint_eq(why_not(KEEP), 0);
    household_pass(&h, 2 * DAY_US);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_INVALIDATED);
    household_withdraw(&h, h.ada, KEEP);
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_fails(vpriv_subject_set_birth(h.vault, h.ada, 2013, 13), VPRIV_E_ARG);
    ck_fails(vpriv_subject_set_birth(h.vault, h.ada, 1899, 1), VPRIV_E_ARG);
    ck_fails(vpriv_subject_set_home(h.vault, h.ada, "Germany"), VPRIV_E_ARG);
    ck_fails(vpriv_subject_set_home(h.vault, authority, "QX"), VPRIV_E_NOT_FOUND);
    ck_ok(vpriv_subject_set_birth(h.vault, h.ada, 0, 0));
    ck_whole();
}
END_TEST

static vpriv_retention_report run(void)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    ck_ok(vpriv_retention_trust_clock(h.vault, "test"));
    ck_ok(vpriv_retention_run(h.vault, 60000, &report));
    ck_assert(report.is_done);
    return report;
}

START_TEST(what_the_law_lets_nobody_keep_any_longer_is_destroyed)
{
    uint8_t key[VPI_KEY_BYTES];
    household_attacker attacker;
    install("qx", "\"QX\"", ""); /* ten days, for every purpose */
    put_everything("QX");
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id id = household_quick(&h, h.ada); /* until it is erased */
    household_shred_key(&h, &id, key);
    household_copy(&h, "before");
    ck_assert_int_eq(run().next_due_us, h.cell->now_us + 10 * DAY_US);
    household_pass(&h, 10 * DAY_US - 1);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_assert_uint_eq(run().n_expired, 0);
    household_pass(&h, 1);
    ck_assert_uint_eq(run().n_expired, 1);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_ERASED);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    ck_whole();
}
END_TEST

/* Where nothing is known: three months for all but the person's own use. */
START_TEST(purpose_the_law_lets_nobody_use_any_longer_leaves_the_recording)
{
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    vpriv_recording_info info;
    ck_ok(household_hear(&h, &id, REVIEW));
    household_pass(&h, 91 * DAY_US); /* 22 November to 21 February */
    ck_assert_uint_eq(run().n_narrowed, 0);
    ck_ok(household_hear(&h, &id, REVIEW));
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(run().n_narrowed, 1);
    ck_ok(vpriv_recording_about(h.vault, &id, &info));
    ck_assert_uint_eq(info.purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_whole();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: places");
    TCase *tests = tcase_create("places");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s29_a_profile_nobody_knew_decides_with_and_without_the_root);
    tcase_add_test(tests, ten_days_are_ten_days_for_reading_as_well);
    tcase_add_test(tests, what_is_not_signed_whole_and_fresh_is_not_installed);
    tcase_add_test(tests, stale_unsigned_or_changed_is_strict);
    tcase_add_test(tests, a_profile_runs_out_by_itself);
    tcase_add_test(tests, strictest_of_home_device_and_seat_over_all_of_them);
    tcase_add_test(tests, who_is_too_young_needs_a_guardian_and_says_it_again_when_of_age);
    tcase_add_test(tests, what_the_law_lets_nobody_keep_any_longer_is_destroyed);
    tcase_add_test(tests, purpose_the_law_lets_nobody_use_any_longer_leaves_the_recording);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
