/* Default deny (P1): without a consent nothing is written and nothing is opened, whatever else is
 * there. */
#include "household.h"
#include "vault/decision.h"
#include "vault/policy.h"
#include <stdio.h>
#include <sys/stat.h>

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

static void tear_down(void)
{
    household_close(&h);
}

#define N_FILES 5

/* The bytes of everything beside the shared memory. */
static void remember_files(uint8_t hashes_out[N_FILES][32])
{
    static const char *const suffixes[N_FILES] = {"", "-wal", "-journal", "-lock", "-reserve"};
    for (size_t i = 0; i < N_FILES; i++) {
        char path[PATH_BYTES + 16];
        struct stat info = {0};
        snprintf(path, sizeof path, "%s%s", h.path, suffixes[i]);
        memset(hashes_out[i], 0, 32);
        if (stat(path, &info) != 0)
            continue;
        uint8_t *bytes = malloc((size_t)info.st_size + 1);
        FILE *file = fopen(path, "rb");
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fread(bytes, 1, (size_t)info.st_size, file), (size_t)info.st_size);
        fclose(file);
        vpi_derive((const uint8_t *)"the same key for every file ....", "test", bytes,
            (size_t)info.st_size, hashes_out[i]);
        free(bytes);
    }
}

static void ck_nothing_written(uint8_t before[N_FILES][32])
{
    uint8_t after[N_FILES][32];
    remember_files(after);
    ck_assert_mem_eq(before, after, sizeof after);
}

START_TEST(s7_fresh_vault_denies_every_purpose_to_take_and_to_open)
{
    uint8_t before[N_FILES][32];
    remember_files(before);
    for (unsigned p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        vpriv_recorder_config config = household_config(h.ada, 1);
        vpriv_outcome outcome = {.struct_size = sizeof outcome};
        config.required_purposes = VPRIV_PURPOSE_BIT(p);
        ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
        ck_assert(!outcome.is_stored);
        ck_assert_str_ne(vpriv_error_detail(), "");
    }
    ck_nothing_written(before);
    /* Now one recording for one purpose: all the others stay shut. */
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    const vpriv_recording_id id = household_record(&h, h.ada);
    for (unsigned p = 0; p < VPRIV_PURPOSES_MAX; p++)
        ck_fails(household_hear(&h, &id, (vpriv_purpose)p),
            p == VPRIV_PURPOSE_KEEP_HISTORY ? VPRIV_OK : VPRIV_E_CONSENT);
}
END_TEST

static void record_briefly(const vpriv_recorder_config *config, vpriv_status wanted, int times)
{
    static int16_t tone[HOUSEHOLD_RATE_HZ / 10];
    household_tone(tone, HOUSEHOLD_RATE_HZ / 10, 300, 0.5);
    for (int i = 0; i < times; i++) {
        vpriv_recorder *recorder = NULL;
        vpriv_outcome outcome = {.struct_size = sizeof outcome};
        vpriv_source *source = household_source(tone, HOUSEHOLD_RATE_HZ / 10);
        ck_ok(vpriv_recorder_open(h.vault, source, config, &recorder));
        ck_fails(vpriv_recorder_run(recorder, &household_button, &outcome), wanted);
        ck_assert(!outcome.is_stored);
        vpriv_recorder_close(recorder);
        vpriv_capture_close(source);
    }
}

START_TEST(s8_five_hundred_recordings_that_nobody_allowed_write_no_byte)
{
    uint8_t before[N_FILES][32];
    vpriv_recorder_config config = household_config(h.ada, 1);
    ck_ok(vpriv_consent_refuse(h.vault, h.ada, VPRIV_PURPOSE_KEEP_HISTORY, NULL, NULL));
    household_give(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    remember_files(before);
    record_briefly(&config, VPRIV_E_CONSENT, 250);
    config = household_config(h.bob, 1);
    config.retention = VPRIV_RETENTION_NONE;
    record_briefly(&config, VPRIV_OK, 250);
    ck_nothing_written(before);
    household_reopen(&h);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
}
END_TEST

START_TEST(s8_dont_save_is_the_default_retention)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = h.ada,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES};
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_assert(!outcome.is_stored);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
}
END_TEST

static uint32_t why_not_capture(vpriv_purpose purpose, const uint8_t *subject)
{
    const vpi_voices voices = {
        .subjects = subject, .n_subjects = 1, .all_identified = VPRIV_FACT_YES};
    uint32_t reasons = 0;
    ck_ok(vpi_vault_enter(h.vault, false));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_decide_capture(h.vault, &voices, purpose, VPRIV_RETENTION_48_HOURS, &reasons, NULL));
    vpi_vault_leave(h.vault);
    return reasons;
}

static void put_settings(const vpi_settings *settings)
{
    static vpi_policy_head head;
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_policy_read_head(h.vault, &head));
    head.settings = *settings;
    ck_ok(vpi_policy_write_head(h.vault, vpi_tree_generation(h.vault->tree), NULL, &head));
    ck_ok(vpi_vault_commit(h.vault));
}

START_TEST(each_missing_fact_means_no)
{
    uint8_t guest[VPRIV_SUBJECT_ID_BYTES], bystander[VPRIV_SUBJECT_ID_BYTES];
    uint8_t stranger[VPRIV_SUBJECT_ID_BYTES] = {1, 2, 3};
    const vpriv_purpose keep = VPRIV_PURPOSE_KEEP_HISTORY;
    household_give(&h, h.ada, keep);
    ck_assert_uint_eq(why_not_capture(keep, h.ada), 0);
    ck_assert(why_not_capture(keep, h.bob) & VPRIV_DENY_CONSENT_MISSING);
    ck_assert(why_not_capture(keep, stranger) & VPRIV_DENY_SUBJECT_UNKNOWN);
    ck_assert(why_not_capture(VPRIV_PURPOSE_HUMAN_REVIEW, h.ada) & VPRIV_DENY_CONSENT_MISSING);
    ck_assert(why_not_capture(VPRIV_PURPOSE_VENDOR_FIRST, h.ada) & VPRIV_DENY_PURPOSE_UNDEFINED);
    ck_assert(
        why_not_capture(VPRIV_PURPOSE_LEGAL_OBLIGATION, h.ada) & VPRIV_DENY_PURPOSE_OTHER_BASIS);
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_GUEST, "", NULL, guest));
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_BYSTANDER, "", NULL, bystander));
    household_give(&h, guest, keep);
    household_give(&h, bystander, keep);
    ck_assert(why_not_capture(keep, guest) & VPRIV_DENY_SUBJECT_GUEST);
    ck_assert(why_not_capture(keep, bystander) & VPRIV_DENY_SUBJECT_BYSTANDER);
    /* The jurisdiction, and the policy's age, which is asked for what others have something of. */
    const vpriv_purpose review = VPRIV_PURPOSE_HUMAN_REVIEW;
    household_give(&h, h.ada, review);
    const vpi_settings good = h.vault->settings;
    const struct {
        vpriv_purpose purpose;
        vpi_settings settings;
        uint32_t reason;
    } bad[] = {
        {keep, {.jurisdiction = "xx", .policy_since_us = 1, .policy_ttl_us = INT64_MAX},
            VPRIV_DENY_JURISDICTION_UNKNOWN | VPRIV_DENY_PAUSED},
        {review, {.jurisdiction = "strict", .policy_since_us = 1, .policy_ttl_us = 1000},
            VPRIV_DENY_POLICY_STALE},
        {review, {.jurisdiction = "strict", .policy_since_us = 1, .policy_ttl_us = 0},
            VPRIV_DENY_POLICY_STALE},
        {review,
            {.jurisdiction = "strict", .policy_since_us = INT64_MAX, .policy_ttl_us = INT64_MAX},
            VPRIV_DENY_POLICY_STALE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_settings(&bad[i].settings);
        ck_assert_uint_eq(why_not_capture(bad[i].purpose, h.ada), bad[i].reason);
        ck_assert_uint_eq(why_not_capture(keep, h.ada), i == 0 ? bad[i].reason : 0);
    }
    put_settings(&good);
    ck_assert_uint_eq(why_not_capture(keep, h.ada), 0);
    ck_assert_uint_eq(why_not_capture(review, h.ada), 0);
    h.vault->purposes &= ~VPRIV_PURPOSE_BIT(keep);
    ck_assert(why_not_capture(keep, h.ada) & VPRIV_DENY_PURPOSE_UNDEFINED);
}
END_TEST

START_TEST(reading_without_a_key_or_a_recording_is_no)
{
    vpriv_keyring *only_review = NULL;
    household other;
    const vpriv_recording_id nobody = {{9, 9, 9}};
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_fails(household_hear(&h, &nobody, VPRIV_PURPOSE_KEEP_HISTORY), VPRIV_E_NOT_FOUND);
    ck_ok(vpriv_keyring_split(
        h.keyring, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), &only_review));
    ck_fails(household_hear_in(h.vault, only_review, &id, VPRIV_PURPOSE_KEEP_HISTORY, NULL),
        VPRIV_E_NO_KEY);
    vpriv_keyring_close(only_review);
    household_open(&other, HOUSEHOLD_FORGETS);
    ck_fails(household_hear_in(h.vault, other.keyring, &id, VPRIV_PURPOSE_KEEP_HISTORY, NULL),
        VPRIV_E_NO_KEY);
    household_close(&other);
    ck_fails(household_hear_in(h.vault, h.keyring, &id, VPRIV_PURPOSE_KEEP_HISTORY, "stranger"),
        VPRIV_E_CONSENT);
    household_pass(&h, 91 * DAY_US);
    ck_fails(household_hear(&h, &id, VPRIV_PURPOSE_KEEP_HISTORY), VPRIV_E_CONSENT);
}
END_TEST

/* Purposes of the service, every one of them, and what is given away. */
START_TEST(s35_consent_to_the_service_is_none_to_a_donation)
{
    static const vpriv_purpose away[] = {VPRIV_PURPOSE_DONATION, VPRIV_PURPOSE_TRAIN_THIRD_PARTY};
    vpriv_recording_info info;
    for (int p = VPRIV_PURPOSE_KEEP_HISTORY; p <= VPRIV_PURPOSE_DIAGNOSE_FAULT; p++)
        household_give(&h, h.ada, (vpriv_purpose)p);
    const vpriv_recording_id before = household_quick(&h, h.ada);
    ck_ok(household_hear(&h, &before, VPRIV_PURPOSE_IMPROVE_BY_MACHINE));
    for (size_t i = 0; i < 2; i++) {
        ck_fails(household_hear(&h, &before, away[i]), VPRIV_E_CONSENT);
        ck_assert_uint_ne(why_not_capture(away[i], h.ada) & VPRIV_DENY_CONSENT_MISSING, 0);
    }
    ck_ok(vpriv_recording_about(h.vault, &before, &info));
    ck_assert_uint_eq(info.purposes >> VPRIV_PURPOSE_SAFETY_OR_ABUSE, 0);
    /* Asked for by itself, given from now on, and taken back by itself. */
    household_give(&h, h.ada, VPRIV_PURPOSE_DONATION);
    const vpriv_recording_id after = household_quick(&h, h.ada);
    ck_fails(household_hear(&h, &before, VPRIV_PURPOSE_DONATION), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &after, VPRIV_PURPOSE_DONATION));
    ck_fails(household_hear(&h, &after, VPRIV_PURPOSE_TRAIN_THIRD_PARTY), VPRIV_E_CONSENT);
    household_withdraw(&h, h.ada, VPRIV_PURPOSE_DONATION);
    ck_fails(household_hear(&h, &after, VPRIV_PURPOSE_DONATION), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &after, VPRIV_PURPOSE_IMPROVE_BY_MACHINE));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: default deny");
    TCase *tests = tcase_create("deny");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s7_fresh_vault_denies_every_purpose_to_take_and_to_open);
    tcase_add_test(tests, s8_five_hundred_recordings_that_nobody_allowed_write_no_byte);
    tcase_add_test(tests, s8_dont_save_is_the_default_retention);
    tcase_add_test(tests, each_missing_fact_means_no);
    tcase_add_test(tests, reading_without_a_key_or_a_recording_is_no);
    tcase_add_test(tests, s35_consent_to_the_service_is_none_to_a_donation);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
