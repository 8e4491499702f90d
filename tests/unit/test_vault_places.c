/* Places, signed profiles, scoped pauses and dated policies, in a vault: each flows into the decisions of
 * processes with and without the root, and whatever is not known, stale, unsigned or changed is strict. */
#include "consent/rules.h"
#include "household.h"
#include "vault/decision.h"
#include "vault/places.h"
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define DONATE VPRIV_PURPOSE_DONATION

/* Made for these tests alone; whoever builds this has it. */
static const uint8_t test_seed[VPRIV_AUTHORITY_SEED_BYTES] = "a test's authority, not a secret";

static household h;
static uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
static uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES];
static char text[8192];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    ck_ok(vpriv_authority_make(seed, authority));
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
}

static void tear_down(void)
{
    household_close(&h);
}

/* ---- documents ---- */

/* A mild profile; forbidden is a list of purposes in quotes. */
static const char *profile_of(const char *name, const char *places, int revision, const char *until,
    int age, const char *forbidden)
{
#define SOURCE "\"source\": {\"law\": \"L\", \"article\": \"1\", \"looked_up\": \"2026-11-01\"}}"
    snprintf(text, sizeof text,
        "{\"voicepriv_jurisdiction\": 1, \"name\": \"%s\", \"title\": \"T\", \"note\": \"N\","
        " \"revision\": %d, \"looked_up\": \"2026-11-01\", \"valid_until\": \"%s\","
        " \"places\": [%s], \"rules\": ["
        "{\"rule\": \"minimum_age\", \"years\": %d, \"younger\": \"guardian\", " SOURCE ","
        "{\"rule\": \"all_parties\", \"required\": false, " SOURCE ","
        "{\"rule\": \"voiceprints\", \"allowed\": true, " SOURCE ","
        "{\"rule\": \"forbidden\", \"purposes\": [%s], " SOURCE ","
        "{\"rule\": \"consent_form\", \"purposes\": [], \"form\": \"express\", " SOURCE ","
        "{\"rule\": \"longest_retention\", \"purposes\": [\"*\"], \"duration\": \"P10D\", " SOURCE
        "]}",
        name, revision, until, places, age, forbidden);
    return text;
}

static vpriv_status install_signed_by(const uint8_t *by, const char *json)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), by, signature));
    return vpriv_jurisdiction_install(h.vault, json, strlen(json), signature, "test");
}

static void install(const char *name, const char *places, const char *forbidden)
{
    ck_ok(install_signed_by(seed, profile_of(name, places, 1, "2027-11-01", 13, forbidden)));
}

#define POLICY                                                                                     \
    "{\"voicepriv_policy\": 1, \"epoch\": %d, \"issued\": \"%s\", \"effective\": \"%s\","          \
    " \"time_to_live\": \"P30D\", \"issuer\": \"acme\"}"

static vpriv_status publish(int epoch, const char *issued, const char *effective)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    snprintf(text, sizeof text, POLICY, epoch, issued, effective);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, text, strlen(text), seed, signature));
    return vpriv_policy_publish(h.vault, text, strlen(text), signature);
}
/* ---- facts ---- */

static uint32_t why_not_in(
    vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose, vpriv_retention retention)
{
    const vpi_voices voices = {
        .subjects = subject, .n_subjects = 1, .all_identified = VPRIV_FACT_YES};
    uint32_t reasons = 0xdeadbeef;
    bool began = false;
    ck_ok(vpi_vault_enter(vault, false));
    ck_ok(vpi_vault_read_begin(vault, &began));
    ck_ok(vpi_decide_capture(vault, &voices, purpose, retention, &reasons, NULL));
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return reasons;
}

static uint32_t why_not(vpriv_purpose purpose)
{
    return why_not_in(h.vault, h.ada, purpose, VPRIV_RETENTION_48_HOURS);
}

/* The seat is given at creation; here it moves. */
static void put_seat(const char *country)
{
    vpi_policy_head *head = NULL;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_head_change_begin(h.vault, &head));
    snprintf(head->settings.controller_country, VPRIV_COUNTRY_BYTES, "%s", country);
    ck_ok(vpi_places_compile(h.vault, head, NULL));
    ck_ok(vpi_head_change_commit(h.vault, head));
    vpi_vault_leave(h.vault);
    free(head);
}

static void put_everything(const char *place)
{
    put_seat(place);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, place, "test"));
    ck_ok(vpriv_subject_set_home(h.vault, h.ada, place));
}

static vpriv_vault *open_capture(vpriv_keyring **credential_out)
{
    vpriv_vault *capture = NULL;
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_capture_credential(h.vault, credential_out));
    ck_ok(vpriv_vault_open_for_capture(h.path, *credential_out, &options, &capture));
    return capture;
}

static void ck_whole(void)
{
    vpriv_verification found = {.struct_size = sizeof found};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
}

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

/* ---- profiles ---- */

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

/* ---- the longest retention ---- */

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

/* ---- pauses ---- */

/* S26, S27, S28. Whether a pause there is one here, written down place by place: E for the European
 * Union, U for the United States, u for a part of it, x for one of which nothing is known. */
static const char *const twelve[] = {
    "DE", "FR", "SE", "AT", "IE", "US", "US-CA", "US-IL", "US-NY", "QX", "QY", "CH"};
static const struct {
    const char *where;
    const char *here; /* a letter for each of the twelve: 1 paused, 0 not */
} scopes[] = {
    {"*", "111111111111"},
    {"EU", "111110000001"},
    {"eu", "111110000001"},
    {"DE", "100000000001"},
    {"US", "000001111001"},
    {"US-CA", "000000100001"},
    {"us-il", "000000010001"},
    {"QX", "000000000101"},
    {"q", NULL},
    {"GB", "000000000001"},
};

START_TEST(s26_s27_s28_twelve_places_six_purposes_every_scope)
{
    static const vpriv_purpose six[] = {KEEP, REVIEW, VPRIV_PURPOSE_IMPROVE_BY_MACHINE,
        VPRIV_PURPOSE_DEVELOP_NEW_FEATURES, VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, DONATE};
    uint64_t n_asked = 0;
    install("eu", "\"DE\", \"FR\", \"SE\", \"AT\", \"IE\"", "");
    install("us", "\"US\"", "");
    install("us-ca", "\"US-CA\"", "");
    install("us-il", "\"US-IL\"", "");
    install("qx", "\"QX\"", "");
    install("qy", "\"QY\"", "");
    for (size_t p = 0; p < 6; p++)
        household_give(&h, h.ada, six[p]);
    for (size_t t = 0; t < 12; t++) {
        put_everything(twelve[t]);
        for (size_t s = 0; s < sizeof scopes / sizeof scopes[0]; s++) {
            /* Half of the purposes, another half each time. */
            uint32_t purposes = 0;
            for (size_t p = 0; p < 6; p++)
                purposes |= (p + s + t) % 2 ? VPRIV_PURPOSE_BIT(six[p]) : 0;
            const vpriv_pause pause = {.struct_size = sizeof pause,
                .purposes = purposes,
                .where = scopes[s].where,
                .actor = "acme"};
            if (!scopes[s].here) {
                ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
                continue;
            }
            ck_ok(vpriv_pause_begin(h.vault, &pause));
            for (size_t p = 0; p < 6; p++) {
                const bool paused =
                    (purposes & VPRIV_PURPOSE_BIT(six[p])) && scopes[s].here[t] == '1';
                ck_assert_msg(why_not(six[p]) == (paused ? (uint32_t)VPRIV_DENY_PAUSED : 0),
                    "%s in %s, purpose %d: %x", scopes[s].where, twelve[t], (int)six[p],
                    why_not(six[p]));
                n_asked++;
            }
            uint32_t now = 0;
            ck_ok(vpriv_purpose_paused(h.vault, &now));
            ck_assert_uint_eq(now, scopes[s].here[t] == '1' ? purposes : 0);
            ck_ok(vpriv_pause_end(h.vault, &pause));
        }
    }
    ck_assert_uint_eq(n_asked, 12 * 6 * (sizeof scopes / sizeof scopes[0] - 1));
}
END_TEST

START_TEST(a_pause_where_the_speaker_is_at_home_or_it_was_taken_counts)
{
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "QY",
        .actor = "acme",
        .reason = "a leak"};
    household_give(&h, h.ada, KEEP);
    install("qx", "\"QX\"", "");
    install("qy", "\"QY\"", "");
    put_everything("QX");
    const vpriv_recording_id in_x = household_quick(&h, h.ada);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, "QY", "test"));
    const vpriv_recording_id in_y = household_quick(&h, h.ada);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, "QX", "test"));
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_ok(household_hear(&h, &in_y, KEEP));
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_fails(household_hear(&h, &in_y, KEEP), VPRIV_E_CONSENT); /* taken there */
    ck_ok(vpriv_subject_set_home(h.vault, h.ada, "QY"));
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_PAUSED);
    ck_fails(household_hear(&h, &in_x, KEEP), VPRIV_E_CONSENT);
    ck_ok(vpriv_pause_end(h.vault, &pause));
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_ok(household_hear(&h, &in_y, KEEP));
}
END_TEST

static bool count_pauses(void *user, const vpriv_pause *pause)
{
    ck_assert(pause->purposes && pause->where[0] && !pause->actor);
    ++*(int *)user;
    return true;
}

static int n_pauses(void)
{
    int n = 0;
    ck_ok(vpriv_pause_list(h.vault, count_pauses, &n));
    return n;
}

START_TEST(pauses_begin_and_end_at_their_time_also_without_the_root)
{
    vpriv_keyring *credential = NULL;
    const int64_t now_us = HOUSEHOLD_START_US;
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .from_us = now_us + 2 * DAY_US,
        .until_us = now_us + 4 * DAY_US,
        .actor = "acme",
        .reason = "maintenance"};
    household_give(&h, h.ada, KEEP);
    vpriv_vault *capture = open_capture(&credential);
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    ck_assert_int_eq(n_pauses(), 1);
    for (int day = 0; day < 6; day++) {
        const uint32_t wanted = day >= 2 && day < 4 ? (uint32_t)VPRIV_DENY_PAUSED : 0;
        ck_assert_uint_eq(why_not(KEEP), wanted);
        ck_assert_uint_eq(why_not_in(capture, h.ada, KEEP, VPRIV_RETENTION_48_HOURS), wanted);
        household_pass(&h, DAY_US);
    }
    ck_assert_int_eq(n_pauses(), 0);
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG); /* over already */
    pause.until_us = pause.from_us;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.from_us = pause.until_us = 0;
    pause.purposes = 0;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.purposes = VPRIV_PURPOSE_BIT(KEEP);
    pause.actor = "";
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.actor = "acme";
    pause.struct_size--;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(there_are_sixteen_pauses_at_most_and_each_ends_by_its_scope)
{
    char where[8];
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW),
        .where = where,
        .actor = "acme"};
    for (int i = 0; i < 17; i++) {
        snprintf(where, sizeof where, "Q%c", 'A' + i);
        ck_fails(vpriv_pause_begin(h.vault, &pause), i < 16 ? VPRIV_OK : VPRIV_E_LIMIT);
    }
    ck_assert_int_eq(n_pauses(), 16);
    ck_whole();
    ck_ok(vpriv_purpose_resume(h.vault, pause.purposes, "acme", NULL)); /* "*": not theirs */
    ck_assert_int_eq(n_pauses(), 16);
    pause.purposes = VPRIV_PURPOSE_BIT(KEEP);
    for (int i = 0; i < 16; i++) {
        snprintf(where, sizeof where, "q%c", 'a' + i);
        ck_ok(vpriv_pause_end(h.vault, &pause));
    }
    ck_assert_int_eq(n_pauses(), 16); /* review goes on being paused */
    pause.purposes = VPRIV_PURPOSE_BIT(REVIEW);
    for (int i = 0; i < 16; i++) {
        snprintf(where, sizeof where, "Q%c", 'A' + i);
        ck_ok(vpriv_pause_end(h.vault, &pause));
    }
    ck_assert_int_eq(n_pauses(), 0);
}
END_TEST

START_TEST(a_short_pause_hides_no_longer_one_and_the_other_way_round)
{
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .until_us = HOUSEHOLD_START_US + 2 * DAY_US,
        .actor = "acme"};
    household_give(&h, h.ada, KEEP);
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    pause.until_us = HOUSEHOLD_START_US + 4 * DAY_US;
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    pause.until_us = HOUSEHOLD_START_US + 3 * DAY_US;
    ck_ok(vpriv_pause_begin(h.vault, &pause)); /* is in the one before already */
    ck_assert_int_eq(n_pauses(), 2);
    household_pass(&h, 3 * DAY_US);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_PAUSED);
    ck_assert_int_eq(n_pauses(), 1);
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(KEEP), 0);
}
END_TEST

START_TEST(s28_resuming_under_a_changed_notice_asks_again)
{
    const uint32_t both = VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_purpose_pause(h.vault, both, "acme", "people listened"));
    ck_ok(vpriv_purpose_resume(h.vault, both, "acme", NULL));
    ck_ok(household_hear(&h, &id, KEEP)); /* the same notice: as before */
    ck_ok(vpriv_purpose_pause(h.vault, both, "acme", "people listened"));
    household_notice(&h, "2", "We keep what you say, and people listen.");
    ck_ok(vpriv_purpose_resume(h.vault, both, "acme", "we say so now"));
    ck_assert(why_not(KEEP) & VPRIV_DENY_CONSENT_INVALIDATED);
    ck_assert(why_not(REVIEW) & VPRIV_DENY_CONSENT_INVALIDATED);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_assert(why_not(REVIEW) & VPRIV_DENY_CONSENT_INVALIDATED);
}
END_TEST

static vpriv_status order_signed_by(
    const uint8_t *by, int number, const char *action, const char *more)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    snprintf(text, sizeof text,
        "{\"voicepriv_pause\": 1, \"number\": %d, \"action\": \"%s\", \"purposes\":"
        " [\"human_review\"], \"where\": [\"*\"], \"issuer\": \"acme\", \"reason\": \"stop\"%s}",
        number, action, more);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, text, strlen(text), by, signature));
    return vpriv_pause_order(h.vault, text, strlen(text), signature);
}

START_TEST(a_signed_order_is_done_once_and_only_as_it_was_signed)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    household_give(&h, h.ada, REVIEW);
    ck_fails(order_signed_by(test_seed, 7, "pause", ""), VPRIV_E_AUTH);
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_ok(order_signed_by(seed, 7, "pause", ""));
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    ck_fails(order_signed_by(seed, 7, "resume", ""), VPRIV_E_ROLLBACK);
    ck_fails(order_signed_by(seed, 6, "resume", ""), VPRIV_E_ROLLBACK);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    ck_ok(order_signed_by(seed, 8, "resume", ""));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_fails(order_signed_by(seed, 7, "pause", ""), VPRIV_E_ROLLBACK); /* replayed */
    ck_ok(
        order_signed_by(seed, 9, "pause", ", \"from\": \"2026-12-04\", \"until\": \"2026-12-05\""));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    household_pass(&h, 12 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    /* Nothing but what was signed. */
    const char *bad[] = {"{}", "{\"voicepriv_pause\": 2}", "nothing"};
    memset(signature, 0, sizeof signature);
    for (size_t i = 0; i < 3; i++) {
        ck_fails(
            vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, bad[i], strlen(bad[i]), seed, signature),
            i == 1 ? VPRIV_E_VERSION : VPRIV_E_FORMAT);
        ck_fails(vpriv_pause_order(h.vault, bad[i], strlen(bad[i]), signature), VPRIV_E_AUTH);
    }
    ck_whole();
}
END_TEST

/* ---- policies ---- */

START_TEST(s25_a_tampered_epoch_is_refused)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_policy_info info;
    snprintf(text, sizeof text, POLICY, 2, "2026-11-20", "2026-11-20");
    const size_t n = strlen(text);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, text, n, seed, signature));
    for (size_t i = 0; i < n; i++) {
        text[i] ^= 1;
        ck_fails(vpriv_policy_publish(h.vault, text, n, signature), VPRIV_E_AUTH);
        text[i] ^= 1;
    }
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 0);
    ck_assert(!info.is_stale);
    ck_assert_int_eq(info.stale_us, VPRIV_TIME_FOREVER_US);
    ck_ok(vpriv_policy_publish(h.vault, text, n, signature));
    ck_fails(vpriv_policy_publish(h.vault, text, n, signature), VPRIV_E_ROLLBACK);
    ck_fails(publish(1, "2026-11-21", "2026-11-21"), VPRIV_E_ROLLBACK);
    ck_fails(publish(3, "2026-11-19", "2026-11-21"), VPRIV_E_ROLLBACK);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 2);
    ck_whole();
}
END_TEST

static uint64_t epoch_of(const vpriv_recording_id *id)
{
    static vpi_recording recording;
    bool began = false;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    ck_ok(vpi_recording_find(h.vault, id->bytes, &recording));
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    return recording.tag.policy_epoch;
}

START_TEST(s25_s30_an_epoch_is_effective_on_friday_and_recordings_know_theirs)
{
    vpriv_policy_info info;
    household_give(&h, h.ada, KEEP);
    ck_ok(publish(4, "2026-11-20", "2026-11-20"));
    ck_ok(publish(5, "2026-11-21", "2026-11-27")); /* a Friday */
    const vpriv_recording_id before = household_quick(&h, h.ada);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 4);
    ck_assert_uint_eq(info.next_epoch, 5);
    household_pass(&h, 5 * DAY_US);
    const vpriv_recording_id after = household_quick(&h, h.ada);
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 5);
    ck_assert_uint_eq(info.next_epoch, 0);
    household_pass(&h, -5 * DAY_US);
    const vpriv_recording_id set_back = household_quick(&h, h.ada);
    ck_assert_uint_eq(epoch_of(&before), 4);
    ck_assert_uint_eq(epoch_of(&after), 5);
    ck_assert_uint_eq(epoch_of(&set_back), 5);
    ck_fails(publish(5, "2026-11-22", "2026-11-29"), VPRIV_E_ROLLBACK);
    ck_ok(publish(6, "2026-11-22", "2026-11-29"));
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert_uint_eq(info.epoch, 5); /* the one before was kept when the next took its place */
    ck_assert_uint_eq(info.next_epoch, 6);
}
END_TEST

START_TEST(s38_a_stale_policy_closes_review_by_itself_and_leaves_the_person_theirs)
{
    vpriv_keyring *credential = NULL;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_policy_info info;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-22", "2026-11-22")); /* for thirty days */
    vpriv_vault *capture = open_capture(&credential);
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, REVIEW));
    household_pass(&h, 29 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), 0);
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, REVIEW, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_POLICY_STALE);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "too old"));
    ck_ok(vpriv_policy_about(h.vault, &info));
    ck_assert(info.is_stale);
    /* The person's own goes on, to the end. */
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &receipt));
    /* A newer one opens what it had closed. */
    ck_ok(publish(2, "2026-12-20", "2026-12-20"));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(s30_with_the_clock_set_back_nothing_extends)
{
    vpriv_keyring *credential = NULL;
    const vpriv_consent_evidence until = {.valid_until_us = HOUSEHOLD_START_US + 20 * DAY_US};
    ck_ok(household_give_with(&h, h.ada, KEEP, until));
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-22", "2026-11-22"));
    household_pass(&h, 40 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(DONATE), "acme", NULL)); /* a commit */
    household_pass(&h, -40 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    household_reopen(&h);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_CONSENT_EXPIRED);
    vpriv_vault *capture = open_capture(&credential); /* which has seen nothing yet */
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, REVIEW, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_POLICY_STALE);
    ck_assert_uint_eq(
        why_not_in(capture, h.ada, KEEP, VPRIV_RETENTION_48_HOURS), VPRIV_DENY_CONSENT_EXPIRED);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

/* A policy issued in time to come is one of which the age is not known. */
START_TEST(a_policy_of_tomorrow_is_not_fresh_today)
{
    household_give(&h, h.ada, REVIEW);
    ck_ok(publish(1, "2026-11-23", "2026-11-23"));
    ck_assert_uint_eq(why_not(REVIEW), 0); /* not effective: the one before holds */
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), 0);
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
    tcase_add_test(tests, s26_s27_s28_twelve_places_six_purposes_every_scope);
    tcase_add_test(tests, a_pause_where_the_speaker_is_at_home_or_it_was_taken_counts);
    tcase_add_test(tests, pauses_begin_and_end_at_their_time_also_without_the_root);
    tcase_add_test(tests, there_are_sixteen_pauses_at_most_and_each_ends_by_its_scope);
    tcase_add_test(tests, a_short_pause_hides_no_longer_one_and_the_other_way_round);
    tcase_add_test(tests, s28_resuming_under_a_changed_notice_asks_again);
    tcase_add_test(tests, a_signed_order_is_done_once_and_only_as_it_was_signed);
    tcase_add_test(tests, s25_a_tampered_epoch_is_refused);
    tcase_add_test(tests, s25_s30_an_epoch_is_effective_on_friday_and_recordings_know_theirs);
    tcase_add_test(tests, s38_a_stale_policy_closes_review_by_itself_and_leaves_the_person_theirs);
    tcase_add_test(tests, s30_with_the_clock_set_back_nothing_extends);
    tcase_add_test(tests, a_policy_of_tomorrow_is_not_fresh_today);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
