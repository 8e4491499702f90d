/* A consent is a key: without it nothing opens (P2), taking it back is final for the past (P3), and
 * what a consent covers is what was said (P11). */
#include "household.h"
#include "vault/consent_store.h"
#include "vault/policy.h"
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

static void tear_down(void)
{
    household_close(&h);
}

START_TEST(recording_without_a_wrap_stays_shut_whatever_is_consented_to_later)
{
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id id = household_record(&h, h.ada);
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, &id, &info));
    ck_assert_uint_eq(info.purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_give_with(&h, h.ada, REVIEW, (vpriv_consent_evidence){.covers_past = true}));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &later, REVIEW));
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

/* Unwraps by hand, with any grant key. */
static vpriv_status unwrap(
    const vpriv_recording_id *id, vpriv_purpose purpose, const uint8_t grant[VPI_KEY_BYTES])
{
    vpi_recording *recording = calloc(1, sizeof *recording);
    vpi_wraps *wraps = calloc(1, sizeof *wraps);
    vpi_recording_bond bond;
    uint8_t shred_key[VPI_KEY_BYTES], key[VPI_KEY_BYTES], inner[VPI_INNER_BYTES];
    vpi_grant grants[1];
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_recording_find(h.vault, id->bytes, recording));
    ck_ok(vpi_tree_get(h.vault->tree, recording->key_slot, shred_key));
    ck_ok(vpi_wraps_load(h.vault, recording->row, shred_key, wraps));
    vpi_vault_leave(h.vault);
    vpi_recording_bond_of(h.vault, recording, &bond);
    memcpy(grants[0].subject_id, recording->tag.subjects[0], VPI_SUBJECT_ID_BYTES);
    memcpy(grants[0].key, grant, VPI_KEY_BYTES);
    ck_ok(vpi_wrap_key(shred_key, &bond, purpose, grants, 1, key));
    vpriv_status st = vpi_wrap_open(key, &bond, purpose, wraps->wrap[purpose], inner);
    if (st == VPRIV_OK)
        st = vpi_inner_open(
            inner, &bond, h.keyring->public_key[purpose], h.keyring->secret_key[purpose], key);
    free(recording);
    free(wraps);
    return st;
}

START_TEST(every_secret_but_the_grant_key_is_not_enough)
{
    uint8_t right[VPI_KEY_BYTES], other[VPI_KEY_BYTES], wrong[VPI_KEY_BYTES];
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, REVIEW);
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_grant_key(&h, h.ada, REVIEW, right);
    ck_ok(unwrap(&id, REVIEW, right));
    household_grant_key(&h, h.ada, KEEP, other);
    ck_fails(unwrap(&id, REVIEW, other), VPRIV_E_AUTH);
    household_grant_key(&h, h.bob, REVIEW, other);
    ck_fails(unwrap(&id, REVIEW, other), VPRIV_E_AUTH);
    memcpy(wrong, right, sizeof wrong);
    wrong[31] ^= 1;
    ck_fails(unwrap(&id, REVIEW, wrong), VPRIV_E_AUTH);
    memset(wrong, 0, sizeof wrong);
    ck_fails(unwrap(&id, REVIEW, wrong), VPRIV_E_AUTH);
}
END_TEST

START_TEST(old_consent_row_put_back_opens_nothing)
{
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_copy(&h, "before");
    household_withdraw(&h, h.ada, REVIEW);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    /* The rows of consents as they were: what the person's row knows of them tells. */
    char path[PATH_BYTES], sql[600];
    household_file(&h, "before", path);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; DELETE FROM consent_record WHERE id > (SELECT max(id) FROM"
        " old.consent_record);"
        "INSERT OR REPLACE INTO consent_record SELECT * FROM old.consent_record",
        path);
    household_sql(&h, sql);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_AUTH);
    /* And the person's row, and the capture policy: the key is gone all the same. */
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; INSERT OR REPLACE INTO policy SELECT * FROM old.policy"
        " WHERE tag <> zeroblob(16);"
        "UPDATE subject SET consents = (SELECT consents FROM old.subject WHERE id = subject.id)",
        path);
    household_sql(&h, sql);
    /* A consent that permits without a living key: somebody changed the file. */
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_AUTH);
    household_reopen(&h);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_AUTH);
    ck_ok(household_hear(&h, &id, KEEP));
    /* A capture process that believes the old policy makes a recording without that wrap. */
    const vpriv_recording_id later = household_record(&h, h.ada);
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, &later, &info));
    ck_assert_uint_eq(info.purposes, VPRIV_PURPOSE_BIT(KEEP));
}
END_TEST

START_TEST(grant_key_removed_or_replaced_in_the_tree_shuts_the_recording)
{
    vpi_subject person;
    vpriv_consent_record record;
    uint64_t slot = 0;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_record(&h, h.ada);
    static const uint8_t another[VPI_KEY_BYTES] = {7};
    for (int replace = 1; replace >= 0; replace--) {
        ck_ok(vpi_vault_enter(h.vault, true));
        ck_ok(vpi_vault_begin(h.vault));
        ck_ok(vpi_subject_find(h.vault, h.ada, &person));
        ck_ok(vpi_consent_latest(h.vault, person.row, REVIEW, &record, &slot));
        vpi_tree_change change = {slot, replace ? another : NULL};
        uint8_t head[VPI_HEAD_BYTES_MAX];
        size_t n_head = 0;
        ck_ok(vpi_tree_head(h.vault->tree, head, sizeof head, &n_head));
        ck_ok(vpi_policy_write_head(h.vault, vpi_tree_generation(h.vault->tree) + 1, NULL, NULL));
        ck_ok(vpi_tree_shred(h.vault->tree, &change, 1, head, n_head));
        ck_ok(vpi_vault_commit(h.vault));
        vpi_vault_leave(h.vault);
        ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_AUTH);
        ck_ok(household_hear(&h, &id, KEEP));
    }
}
END_TEST

START_TEST(withdrawal_holds_against_old_copies_and_every_present_secret)
{
    household_attacker attacker;
    uint8_t review[VPI_KEY_BYTES], keep[VPI_KEY_BYTES], shred[VPI_KEY_BYTES];
    vpriv_vault *old = NULL;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_grant_key(&h, h.ada, REVIEW, review);
    household_grant_key(&h, h.ada, KEEP, keep);
    household_shred_key(&h, &id, shred);
    household_copy(&h, "before");
    /* That the attack works at all: before the withdrawal it finds everything. */
    household_attack(&h, "before", &attacker);
    ck_assert(household_knows(&attacker, review));
    household_attack_end(&attacker);
    household_withdraw(&h, h.ada, REVIEW);
    household_copy(&h, "after");
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, review));
    ck_assert(household_knows(&attacker, keep));
    ck_assert(household_knows(&attacker, shred));
    for (size_t i = 0; i < attacker.n_keys; i++)
        ck_fails(unwrap(&id, REVIEW, attacker.keys[i]), VPRIV_E_AUTH);
    ck_ok(unwrap(&id, KEEP, keep));
    household_attack_end(&attacker);
    household_attack(&h, "after", &attacker);
    ck_assert(!household_knows(&attacker, review));
    household_attack_end(&attacker);
    char path[PATH_BYTES];
    household_file(&h, "before", path);
    ck_fails(household_open_vault(&h, path, &old), VPRIV_E_ROLLBACK);
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

/* Rows written by withdrawing, and key nodes among them. */
static int64_t cost_of_withdrawal(int n_recordings)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    for (int i = 0; i < n_recordings; i++)
        household_quick(&h, h.ada);
    sqlite3 *handle = vpi_database_handle(h.vault->database);
    const int64_t before = sqlite3_total_changes64(handle);
    household_withdraw(&h, h.ada, REVIEW);
    const int64_t cost = sqlite3_total_changes64(handle) - before;
    household_close(&h);
    return cost;
}

START_TEST(withdrawal_costs_the_same_for_a_thousand_recordings)
{
    const int64_t few = cost_of_withdrawal(10), many = cost_of_withdrawal(1000);
    /* One more level of the key tree; up to ten more hashes of the log's tree. */
    ck_assert_msg(many <= few + 2 + 10 && many < 40, "%lld rows for 10, %lld for 1000",
        (long long)few, (long long)many);
}
END_TEST

START_TEST(recordings_without_any_purpose_left_vanish_when_tidied)
{
    uint64_t n_left = 1;
    vpriv_recording_info info;
    vpriv_vault_info about = {.struct_size = sizeof about};
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id only_keep = household_record(&h, h.ada);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id both = household_record(&h, h.ada);
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id bobs = household_record(&h, h.bob);
    household_withdraw(&h, h.ada, KEEP);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 1, &n_left));
    ck_ok(vpriv_recording_about(h.vault, &only_keep, &info));
    ck_assert_int_eq(info.state, VPRIV_RECORDING_SHREDDED);
    ck_assert_uint_eq(info.n_subjects, 0);
    ck_fails(household_hear(&h, &only_keep, KEEP), VPRIV_E_ERASED);
    ck_ok(household_hear(&h, &both, REVIEW));
    ck_fails(household_hear(&h, &both, KEEP), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &bobs, KEEP));
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(vpriv_vault_tidy(h.vault, 100, &n_left));
    ck_assert_uint_eq(n_left, 0);
    ck_ok(vpriv_vault_about(h.vault, &about));
    ck_assert_uint_eq(about.n_recordings, 1);
    ck_assert_uint_eq(about.n_erased, 2);
    ck_assert_int_eq(household_count(&h, "SELECT count(DISTINCT id >> 24) FROM block"), 1);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM wrap"), 1);
}
END_TEST

START_TEST(consent_given_again_does_not_reach_back)
{
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id first = household_record(&h, h.ada);
    household_withdraw(&h, h.ada, REVIEW);
    ck_fails(vpriv_consent_withdraw(h.vault, h.ada, REVIEW, NULL, NULL), VPRIV_E_STATE);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id second = household_record(&h, h.ada);
    ck_fails(household_hear(&h, &first, REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &second, REVIEW));
    ck_ok(household_hear(&h, &first, KEEP));
    household_withdraw(&h, h.ada, REVIEW);
    ck_fails(household_hear(&h, &second, REVIEW), VPRIV_E_CONSENT);
}
END_TEST

/* Withdrawn and given again between the trigger and its confirmation: the recording was decided under
 * a consent that is gone, so it gets no wrap under the new one. */
START_TEST(purpose_consented_to_anew_while_provisional_gets_no_wrap)
{
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = {
        .required = VPRIV_PURPOSE_BIT(KEEP), .optional = VPRIV_PURPOSE_BIT(REVIEW)};
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], h.ada, sizeof h.ada);
    request.tag.trigger = VPRIV_TRIGGER_TAP;
    request.tag.retention = VPRIV_RETENTION_48_HOURS;
    request.tag.rate_hz = HOUSEHOLD_RATE_HZ;
    request.tag.n_channels = 1;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    household_withdraw(&h, h.ada, REVIEW);
    household_give(&h, h.ada, REVIEW);
    ck_ok(vpi_sealer_commit(sealer));
    vpriv_recording_id id;
    vpriv_recording_info info;
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_sealer_destroy(sealer);
    ck_ok(vpriv_recording_about(h.vault, &id, &info));
    ck_assert_uint_eq(info.purposes, VPRIV_PURPOSE_BIT(KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(consent_that_ends_stops_taking_and_opening)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    const int64_t end_us = h.cell->now_us + 3600 * SECOND_US;
    ck_fails(household_give_with(
                 &h, h.ada, KEEP, (vpriv_consent_evidence){.valid_until_us = h.cell->now_us - 1}),
        VPRIV_E_ARG);
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.valid_until_us = end_us}));
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_pass(&h, 3599 * SECOND_US);
    ck_ok(household_hear(&h, &id, KEEP));
    household_pass(&h, SECOND_US);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    /* Time does not run backwards. */
    household_pass(&h, -1800 * SECOND_US);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    household_reopen(&h);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    /* Said again, it counts from now on. */
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &later, KEEP));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(s6_new_notice_needs_a_new_consent)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id before = household_record(&h, h.ada);
    household_notice(&h, "1", "We keep what you say.");
    ck_ok(household_hear(&h, &before, KEEP)); /* the same text is the same notice */
    household_notice(&h, "2", "We keep what you say, and sell it.");
    ck_fails(household_hear(&h, &before, KEEP), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(
        strstr(vpriv_error_detail(), vpriv_deny_text(VPRIV_DENY_CONSENT_INVALIDATED)));
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(
        strstr(vpriv_error_detail(), vpriv_deny_text(VPRIV_DENY_CONSENT_INVALIDATED)));
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id after = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &after, KEEP));
    ck_fails(household_hear(&h, &before, KEEP), VPRIV_E_CONSENT);
    /* But a consent that holds need not be given twice. */
    ck_fails(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){0}), VPRIV_E_STATE);
    /* One version is one text. */
    const vpriv_notice forged = {sizeof forged, "house", "2", "en", "Other words.", 12};
    ck_fails(vpriv_notice_add(h.vault, &forged, NULL), VPRIV_E_ARG);
}
END_TEST

static bool count_record(void *user, const vpriv_consent_record *record)
{
    (void)record;
    ++*(int *)user;
    return true;
}

START_TEST(one_use_is_one_use)
{
    const vpriv_purpose fault = VPRIV_PURPOSE_DIAGNOSE_FAULT;
    int n_records = 0;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, fault);
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, fault));
    ck_fails(household_hear(&h, &id, fault), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), vpriv_deny_text(VPRIV_DENY_USES_SPENT)));
    household_reopen(&h);
    ck_fails(household_hear(&h, &id, fault), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(household_hear(&h, &id, KEEP));
    /* Counting makes no second consent in the list of what is in force. */
    ck_ok(vpriv_consent_list(h.vault, h.ada, false, count_record, &n_records));
    ck_assert_int_eq(n_records, 2);
    household_give(&h, h.ada, fault);
    ck_fails(household_hear(&h, &id, fault), VPRIV_E_CONSENT);
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &later, fault));
    ck_fails(household_hear(&h, &later, fault), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(three_uses_are_three_uses)
{
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.max_uses = 3}));
    const vpriv_recording_id id = household_record(&h, h.ada);
    const vpriv_recording_id other = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(household_hear(&h, &other, KEEP));
    ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT); /* a refusal spends none */
    ck_ok(household_hear(&h, &id, KEEP));
    ck_fails(household_hear(&h, &other, KEEP), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(only_named_recipients_may_have_it)
{
    static const char *const named[] = {"lab", "clinic"};
    household_give(&h, h.ada, KEEP);
    ck_ok(household_give_with(
        &h, h.ada, REVIEW, (vpriv_consent_evidence){.recipients = named, .n_recipients = 2}));
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_ok(household_hear_in(h.vault, h.keyring, &id, REVIEW, "house"));
    ck_ok(household_hear_in(h.vault, h.keyring, &id, REVIEW, "lab"));
    ck_ok(household_hear_in(h.vault, h.keyring, &id, REVIEW, "clinic"));
    ck_fails(household_hear_in(h.vault, h.keyring, &id, KEEP, "lab"), VPRIV_E_CONSENT);
    ck_fails(household_hear_in(h.vault, h.keyring, &id, REVIEW, "clini"), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(
        strstr(vpriv_error_detail(), vpriv_deny_text(VPRIV_DENY_RECIPIENT_NOT_NAMED)));
}
END_TEST

static vpriv_status record_both(vpriv_outcome *outcome_out)
{
    uint8_t both[2 * VPRIV_SUBJECT_ID_BYTES];
    memcpy(both, h.bob, sizeof h.bob);
    memcpy(both + sizeof h.bob, h.ada, sizeof h.ada);
    const vpriv_recorder_config config = household_config(both, 2);
    return household_try_record(h.vault, &config, outcome_out);
}

START_TEST(several_speakers_allow_what_all_of_them_allow)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recording_info info;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.ada, VPRIV_PURPOSE_DONATION);
    ck_fails(record_both(&outcome), VPRIV_E_CONSENT);
    household_give(&h, h.bob, KEEP);
    household_give(&h, h.bob, VPRIV_PURPOSE_DONATION);
    ck_ok(record_both(&outcome));
    const vpriv_recording_id first = outcome.recording;
    ck_ok(vpriv_recording_about(h.vault, &first, &info));
    ck_assert_uint_eq(
        info.purposes, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION));
    ck_assert_uint_eq(info.n_subjects, 2);
    ck_ok(record_both(&outcome));
    ck_ok(household_hear(&h, &first, KEEP));
    ck_fails(household_hear(&h, &first, REVIEW), VPRIV_E_CONSENT);
    /* One of them takes it back. */
    household_withdraw(&h, h.bob, KEEP);
    ck_fails(household_hear(&h, &first, KEEP), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &first, VPRIV_PURPOSE_DONATION));
    household_give(&h, h.bob, KEEP);
    ck_fails(household_hear(&h, &first, KEEP), VPRIV_E_CONSENT);
    /* One of them goes. */
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_fails(household_hear(&h, &first, VPRIV_PURPOSE_DONATION), VPRIV_E_ERASED);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_ERASED);
}
END_TEST

START_TEST(guest_or_unknown_speaker_allows_nothing)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    uint8_t both[2 * VPRIV_SUBJECT_ID_BYTES] = {0};
    const vpriv_recorder_config config = household_config(both, 2);
    household_give(&h, h.ada, KEEP);
    memcpy(both, h.ada, sizeof h.ada);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    ck_ok(vpriv_subject_add(
        h.vault, VPRIV_SUBJECT_GUEST, "Somebody", NULL, both + VPRIV_SUBJECT_ID_BYTES));
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    household_give(&h, both + VPRIV_SUBJECT_ID_BYTES, KEEP);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
}
END_TEST

START_TEST(sixteen_speakers_keep_the_purpose_that_is_required)
{
    static const vpriv_purpose purposes[] = {KEEP, REVIEW, VPRIV_PURPOSE_IMPROVE_BY_MACHINE,
        VPRIV_PURPOSE_DEVELOP_NEW_FEATURES, VPRIV_PURPOSE_ON_DEVICE_ADAPTATION,
        VPRIV_PURPOSE_SPEAKER_IDENTIFICATION, VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS,
        VPRIV_PURPOSE_DIAGNOSE_FAULT, VPRIV_PURPOSE_DONATION, VPRIV_PURPOSE_TRAIN_THIRD_PARTY};
    uint8_t all[16][VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recording_info info;
    for (size_t i = 0; i < 16; i++) {
        ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "", NULL, all[i]));
        for (size_t p = 0; p < sizeof purposes / sizeof purposes[0]; p++)
            household_give(&h, all[i], purposes[p]);
    }
    vpriv_recorder_config config = household_config(all[0], 16);
    config.required_purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_TRAIN_THIRD_PARTY);
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
    ck_assert(info.purposes & config.required_purposes);
    ck_ok(household_hear(&h, &outcome.recording, VPRIV_PURPOSE_TRAIN_THIRD_PARTY));
}
END_TEST

START_TEST(child_needs_a_guardian)
{
    uint8_t child[VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_CHILD, "Kim", NULL, child));
    const vpriv_recorder_config config = household_config(child, 1);
    household_give(&h, child, KEEP);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), vpriv_deny_text(VPRIV_DENY_CHILD_RULE)));
    household_withdraw(&h, child, KEEP);
    ck_ok(household_give_with(
        &h, child, KEEP, (vpriv_consent_evidence){.by = VPRIV_CONSENT_BY_GUARDIAN}));
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    household_withdraw(&h, child, KEEP); /* taking back is the child's own right */
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(first_word_of_a_person_may_be_no)
{
    ck_ok(vpriv_consent_refuse(h.vault, h.ada, KEEP, NULL, NULL));
    ck_fails(vpriv_consent_withdraw(h.vault, h.ada, KEEP, NULL, NULL), VPRIV_E_STATE);
    ck_fails(vpriv_consent_give(h.vault, h.ada, KEEP, NULL, NULL), VPRIV_E_ARG);
    household_give(&h, h.ada, KEEP);
    ck_ok(vpriv_consent_record_event(h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_REVOKE, NULL, NULL));
    const vpriv_recorder_config config = household_config(h.ada, 1);
    ck_fails(household_try_record(h.vault, &config, NULL), VPRIV_E_CONSENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: consent");
    TCase *tests = tcase_create("consent");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, recording_without_a_wrap_stays_shut_whatever_is_consented_to_later);
    tcase_add_test(tests, every_secret_but_the_grant_key_is_not_enough);
    tcase_add_test(tests, old_consent_row_put_back_opens_nothing);
    tcase_add_test(tests, grant_key_removed_or_replaced_in_the_tree_shuts_the_recording);
    tcase_add_test(tests, withdrawal_holds_against_old_copies_and_every_present_secret);
    tcase_add_test(tests, recordings_without_any_purpose_left_vanish_when_tidied);
    tcase_add_test(tests, consent_given_again_does_not_reach_back);
    tcase_add_test(tests, purpose_consented_to_anew_while_provisional_gets_no_wrap);
    tcase_add_test(tests, consent_that_ends_stops_taking_and_opening);
    tcase_add_test(tests, s6_new_notice_needs_a_new_consent);
    tcase_add_test(tests, one_use_is_one_use);
    tcase_add_test(tests, three_uses_are_three_uses);
    tcase_add_test(tests, only_named_recipients_may_have_it);
    tcase_add_test(tests, several_speakers_allow_what_all_of_them_allow);
    tcase_add_test(tests, guest_or_unknown_speaker_allows_nothing);
    tcase_add_test(tests, sixteen_speakers_keep_the_purpose_that_is_required);
    tcase_add_test(tests, child_needs_a_guardian);
    tcase_add_test(tests, first_word_of_a_person_may_be_no);
    suite_add_tcase(suite, tests);
    TCase *costs = tcase_create("costs");
    tcase_set_timeout(costs, 120);
    tcase_add_test(costs, withdrawal_costs_the_same_for_a_thousand_recordings);
    suite_add_tcase(suite, costs);
    return unit_main(suite);
}
