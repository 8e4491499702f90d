/* Receipts say what happened, whole, and nothing that is not so: made from calls and from the log, of every
 * kind. */
#include "receipts.h"
#include "vault/log_store.h"
#include "vault/subject.h"
#include <stdio.h>

START_TEST(a_consent_is_told_with_its_whole_record)
{
    vpriv_receipt_claims claims;
    const vpriv_receipt given = give(h.ada, KEEP);
    json_t *root = read_receipt(from_call(&given, 1, NULL), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_CONSENT);
    ck_assert_mem_eq(claims.subject, h.ada, sizeof claims.subject);
    ck_assert_uint_eq(claims.log_index, given.log_index);
    ck_assert_mem_eq(claims.leaf_hash, given.leaf_hash, sizeof claims.leaf_hash);
    ck_assert_int_eq(claims.time_us, given.time_us);
    ck_assert_ptr_null(json_object_get(root, "vp:keyDestruction"));
    const json_t *record = json_array_get(json_object_get(root, "dct:hasPart"), 0);
    static const char *const required[] = {"@id", "@type", "dct:identifier", "dct:conformsTo",
        "dpv:hasDataSubject", "dpv:hasEntity", "dpv:hasDataController", "dpv:hasRecipient",
        "dpv:hasJurisdiction", "dpv:hasApplicableLaw", "dpv:hasNotice", "dpv:hasPurpose",
        "dpv:hasLegalBasis", "dpv:hasProcessing", "dpv:hasHumanInvolvement",
        "dpv:hasStorageCondition", "dpv:hasConsentControl", "dpv:hasConsentStatus",
        "dpv:isIndicatedAtTime", "dpv:isIndicatedBy", "dpv:hasIndicationMethod", "vp:surface",
        "vp:surfaceSequence", "vp:coversPast", "vp:maxSamplePerMillion", "vp:maxUses", "vp:uses",
        "vp:policyEpoch", "vp:recordSha256", "vp:logEntry"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        ck_assert_msg(json_object_get(record, required[i]) != NULL, "no %s", required[i]);
    ck_assert_str_eq(at(record, "dpv:hasPurpose"), "vp:keep_history");
    ck_assert_str_eq(at(record, "dpv:hasConsentStatus"), "dpv:ConsentGiven");
    ck_assert_str_eq(at(record, "dpv:isIndicatedAtTime"), "2026-11-22T08:30:16.000000Z");
    json_decref(root);
}
END_TEST

START_TEST(a_withdrawal_tells_that_a_key_was_destroyed)
{
    vpriv_receipt_claims claims;
    give(h.ada, KEEP);
    household_pass(&h, SECOND_US);
    const vpriv_receipt done = withdraw(h.ada, KEEP);
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    const json_t *keys = json_object_get(root, "vp:keyDestruction");
    ck_assert_int_eq(number(keys, "vp:rootGenerationBefore"), (json_int_t)done.generation_before);
    ck_assert_int_eq(number(keys, "vp:rootGenerationAfter"), (json_int_t)done.generation_after);
    ck_assert_str_eq(at(keys, "vp:deletionAssurance"), "vp:Keyed");
    const json_t *record = json_array_get(json_object_get(root, "dct:hasPart"), 0);
    ck_assert_str_eq(at(record, "dpv:hasConsentStatus"), "dpv:ConsentWithdrawn");
    ck_assert_ptr_nonnull(json_object_get(record, "vp:previousRecordSha256"));
    json_decref(root);
    root = read_receipt(from_log(done.log_index), &claims);
    ck_assert_str_eq(at(root, "vp:madeFrom"), "vp:Log");
    ck_assert_ptr_null(json_object_get(root, "vp:keyDestruction"));
    json_decref(root);
}
END_TEST

START_TEST(several_consents_of_one_person_make_one_receipt)
{
    vpriv_receipt_claims claims;
    text *none = calloc(1, sizeof *none);
    vpriv_receipt given[3] = {give(h.ada, KEEP), give(h.ada, REVIEW), give(h.bob, KEEP)};
    json_t *root = read_receipt(from_call(given, 2, NULL), &claims);
    const json_t *records = json_object_get(root, "dct:hasPart");
    ck_assert_uint_eq(json_array_size(records), 2);
    ck_assert_uint_eq(claims.n_entries, 2);
    ck_assert_str_eq(at(json_array_get(records, 1), "dpv:hasPurpose"), "vp:human_review");
    ck_assert_str_eq(
        at(json_array_get(records, 1), "dpv:hasLegalBasis"), "eu-gdpr:A6-1-a-explicit-consent");
    ck_fails(vpriv_receipt_sign(h.vault, given, 3, NULL, collect, none), VPRIV_E_ARG);
    const vpriv_receipt back[2] = {given[1], given[0]};
    ck_fails(vpriv_receipt_sign(h.vault, back, 2, NULL, collect, none), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_sign(h.vault, given, 0, NULL, collect, none), VPRIV_E_ARG);
    ck_fails(vpriv_receipt_sign(h.vault, given, 33, NULL, collect, none), VPRIV_E_ARG);
    ck_assert_uint_eq(none->n, 0);
    free(none);
    json_decref(root);
}
END_TEST

START_TEST(an_access_says_who_what_for_and_under_which_consent)
{
    vpriv_receipt_claims claims;
    char urn[64], hex[40] = "";
    const vpriv_receipt given = give(h.ada, KEEP);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const uint64_t index = log_size();
    ck_ok(open_for(&id, KEEP, NULL));
    json_t *root = read_receipt(from_log(index), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_ACCESS);
    ck_assert_mem_eq(claims.subject, h.ada, sizeof claims.subject);
    ck_assert_str_eq(at(root, "vp:decision"), "vp:Permitted");
    ck_assert_str_eq(at(root, "vp:actor"), "reviewer 7");
    ck_assert_str_eq(at(root, "vp:reason"), "quality");
    ck_assert_str_eq(at(root, "dpv:hasPurpose"), "vp:keep_history");
    for (size_t i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", given.consent_record[i]);
    snprintf(urn, sizeof urn, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16,
        hex + 20);
    ck_assert_str_eq(at(root, "vp:underConsentRecord"), urn);
    json_decref(root);
    ck_fails(open_for(&id, REVIEW, NULL), VPRIV_E_CONSENT);
    root = read_receipt(from_log(index + 1), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_ACCESS);
    ck_assert_str_eq(at(root, "vp:decision"), "vp:Refused");
    ck_assert_str_eq(at(root, "vp:denyReason"), "consent_missing");
    json_decref(root);
}
END_TEST

START_TEST(what_is_opened_for_somebody_else_is_a_disclosure)
{
    vpriv_receipt_claims claims;
    static const char *const lab[] = {"lab"};
    ck_ok(household_give_with(
        &h, h.ada, KEEP, (vpriv_consent_evidence){.recipients = lab, .n_recipients = 1}));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const uint64_t index = log_size();
    ck_ok(open_for(&id, KEEP, "lab"));
    json_t *root = read_receipt(from_log(index), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_DISCLOSURE);
    const json_t *recipient = json_array_get(json_object_get(root, "dpv:hasRecipient"), 0);
    ck_assert_str_eq(at(recipient, "dct:identifier"), "lab");
    json_decref(root);
}
END_TEST

START_TEST(an_erasure_says_how_much_how_surely_and_who_was_told)
{
    vpriv_receipt_claims claims;
    vpriv_receipt done = {.struct_size = sizeof done};
    static const char *const told[] = {"lab", "cloud"};
    const vpriv_receipt_statement statement = {.struct_size = sizeof statement,
        .subject = h.ada,
        .recipients_told = told,
        .n_recipients_told = 2};
    give(h.ada, KEEP);
    const vpriv_recording_id ids[2] = {household_quick(&h, h.ada), household_quick(&h, h.ada)};
    ck_ok(vpriv_vault_erase(h.vault, ids, 2, &done));
    json_t *root = read_receipt(from_call(&done, 1, &statement), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_ERASURE);
    ck_assert_mem_eq(claims.subject, h.ada, sizeof claims.subject);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 2);
    ck_assert(json_is_true(json_object_get(root, "vp:derivativesIncluded")));
    ck_assert(json_is_false(json_object_get(root, "vp:personErased")));
    ck_assert_uint_eq(json_array_size(json_object_get(root, "vp:recipientsTold")), 2);
    const json_t *keys = json_object_get(root, "vp:keyDestruction");
    ck_assert_int_eq(number(keys, "vp:rootGenerationAfter"), (json_int_t)done.generation_after);
    json_decref(root);
    root = read_receipt(from_log(done.log_index), &claims);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 2);
    ck_assert_ptr_null(json_object_get(root, "vp:keyDestruction"));
    json_decref(root);
}
END_TEST

/* From the log itself, which the caller cannot forget; also when the person is gone. */
START_TEST(an_erasure_says_who_had_been_given_it)
{
    vpriv_receipt_claims claims;
    vpriv_receipt done = {.struct_size = sizeof done};
    static const char *const parties[] = {"lab", "cloud"};
    ck_ok(household_give_with(
        &h, h.ada, KEEP, (vpriv_consent_evidence){.recipients = parties, .n_recipients = 2}));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (int i = 0; i < 2; i++) {
        ck_ok(open_for(&id, KEEP, "lab"));
        ck_ok(open_for(&id, KEEP, NULL));
        ck_ok(open_for(&id, KEEP, "cloud"));
    }
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &done));
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    const json_t *had = json_object_get(root, "vp:disclosedTo");
    ck_assert_uint_eq(json_array_size(had), 2);
    ck_assert_str_eq(at(json_array_get(had, 0), "dct:identifier"), "lab");
    ck_assert_str_eq(at(json_array_get(had, 1), "dct:identifier"), "cloud");
    json_decref(root);
}
END_TEST

START_TEST(an_erasure_of_what_nobody_was_given_says_so)
{
    vpriv_receipt_claims claims;
    vpriv_receipt done = {.struct_size = sizeof done};
    give(h.ada, KEEP);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(open_for(&id, KEEP, NULL));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &done));
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    ck_assert(json_is_array(json_object_get(root, "vp:disclosedTo")));
    ck_assert_uint_eq(json_array_size(json_object_get(root, "vp:disclosedTo")), 0);
    json_decref(root);
}
END_TEST

static vpriv_derivative_id derive(const vpriv_recording_id *recording)
{
    vpriv_derivative_id id;
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    ck_ok(vpriv_derivative_add(h.vault, recording, &about, "lights on", 9, &id));
    return id;
}

START_TEST(an_erasure_counts_what_was_made_from_the_recordings)
{
    vpriv_receipt_claims claims;
    vpriv_receipt done = {.struct_size = sizeof done};
    give(h.ada, KEEP);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id first = derive(&id);
    derive(&id);
    derive(&id);
    ck_ok(vpriv_derivative_erase(h.vault, &first, &done));
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_ERASURE);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 0);
    ck_assert_int_eq(number(root, "vp:derivativesErased"), 1);
    ck_assert_ptr_nonnull(json_object_get(root, "vp:derivativeIdSha256"));
    ck_assert_ptr_nonnull(json_object_get(root, "vp:keyDestruction"));
    json_decref(root);
    root = read_receipt(from_log(done.log_index), &claims);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 0);
    ck_assert_int_eq(number(root, "vp:derivativesErased"), 1);
    json_decref(root);
    done = (vpriv_receipt){.struct_size = sizeof done};
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &done));
    root = read_receipt(from_call(&done, 1, NULL), &claims);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 1);
    ck_assert_int_eq(number(root, "vp:derivativesErased"), 2);
    json_decref(root);
    root = read_receipt(from_log(done.log_index), &claims);
    ck_assert_ptr_null(json_object_get(root, "vp:derivativesErased"));
    json_decref(root);
}
END_TEST

static vpriv_status no_more(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_OK;
}

START_TEST(reading_what_was_made_has_receipts_as_hearing_has)
{
    vpriv_receipt_claims claims;
    static const char *const lab[] = {"lab"};
    ck_ok(household_give_with(
        &h, h.ada, KEEP, (vpriv_consent_evidence){.recipients = lab, .n_recipients = 1}));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = derive(&id);
    static const vpriv_receipt_kind kinds[] = {
        VPRIV_RECEIPT_ACCESS, VPRIV_RECEIPT_DISCLOSURE, VPRIV_RECEIPT_ACCESS};
    static const char *const decisions[] = {"vp:Permitted", "vp:Permitted", "vp:Refused"};
    for (size_t i = 0; i < 3; i++) {
        const vpriv_gate_request request = {.struct_size = sizeof request,
            .purpose = i < 2 ? KEEP : VPRIV_PURPOSE_HUMAN_REVIEW,
            .actor = "test",
            .recipient = i == 1 ? "lab" : NULL};
        const uint64_t index = log_size();
        const vpriv_status st =
            vpriv_gate_read_derivative(h.vault, h.keyring, &made, &request, no_more, NULL);
        ck_assert_int_eq(st, i < 2 ? VPRIV_OK : VPRIV_E_CONSENT);
        json_t *root = read_receipt(from_log(index), &claims);
        ck_assert_int_eq(claims.kind, kinds[i]);
        ck_assert_str_eq(at(json_object_get(root, "vp:decision"), "@id"), decisions[i]);
        ck_assert_ptr_nonnull(json_object_get(root, "vp:derivativeIdSha256"));
        json_decref(root);
    }
}
END_TEST

START_TEST(a_key_file_forgets_with_best_effort_and_the_receipt_says_so)
{
    vpriv_receipt_claims claims;
    household_close(&h);
    household_open(&h, HOUSEHOLD_FILE);
    give(h.ada, KEEP);
    const vpriv_receipt done = withdraw(h.ada, KEEP);
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    ck_assert_str_eq(
        at(json_object_get(root, "vp:keyDestruction"), "vp:deletionAssurance"), "vp:BestEffort");
    json_decref(root);
}
END_TEST

START_TEST(an_erased_person_gets_a_receipt_and_has_no_others_left)
{
    vpriv_receipt_claims claims;
    vpriv_receipt done = {.struct_size = sizeof done};
    text *none = calloc(1, sizeof *none);
    const vpriv_receipt given = give(h.ada, KEEP);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &done));
    json_t *root = read_receipt(from_call(&done, 1, NULL), &claims);
    ck_assert(json_is_true(json_object_get(root, "vp:personErased")));
    ck_assert_ptr_null(json_object_get(root, "dpv:hasDataSubject"));
    ck_fails(vpriv_receipt_sign(h.vault, &given, 1, NULL, collect, none), VPRIV_E_ERASED);
    ck_fails(vpriv_receipt_from_log(h.vault, &given.log_index, 1, collect, none), VPRIV_E_ERASED);
    ck_assert_uint_eq(none->n, 0);
    free(none);
    json_decref(root);
}
END_TEST

START_TEST(a_pause_and_its_end_each_make_one_receipt)
{
    vpriv_receipt_claims claims;
    const uint64_t index = log_size();
    const uint64_t both[2] = {index, index + 1}, mixed[2] = {index + 1, index + 2};
    text *jws = calloc(1, sizeof *jws), *none = calloc(1, sizeof *none);
    ck_ok(vpriv_purpose_pause(
        h.vault, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW), "privacy team", "inquiry"));
    ck_ok(vpriv_purpose_resume(h.vault, VPRIV_PURPOSE_BIT(KEEP), "privacy team", "inquiry"));
    ck_ok(vpriv_receipt_from_log(h.vault, both, 2, collect, jws));
    json_t *root = read_receipt(jws, &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_PAUSE);
    ck_assert_str_eq(at(root, "vp:pauseStatus"), "vp:Paused");
    ck_assert_str_eq(at(root, "vp:reason"), "inquiry");
    ck_assert_uint_eq(json_array_size(json_object_get(root, "dpv:hasPurpose")), 2);
    json_decref(root);
    root = read_receipt(from_log(index + 2), &claims);
    ck_assert_str_eq(at(root, "vp:pauseStatus"), "vp:Resumed");
    json_decref(root);
    ck_fails(vpriv_receipt_from_log(h.vault, mixed, 2, collect, none), VPRIV_E_ARG);
    free(none);
}
END_TEST

START_TEST(a_disclosure_in_the_log_makes_a_receipt)
{
    vpriv_receipt_claims claims;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_DISCLOSURE,
        .purpose = VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION,
        .actor = "assistant",
        .recipient = "cloud"};
    vpi_subject ada;
    uint64_t index = 0;
    memcpy(entry.subject, h.ada, sizeof entry.subject);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_subject_find(h.vault, h.ada, &ada));
    ck_ok(vpi_log_append(h.vault, &entry, &ada.row, 1, &index, NULL));
    ck_ok(vpi_vault_commit(h.vault));
    vpi_vault_leave(h.vault);
    json_t *root = read_receipt(from_log(index), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_DISCLOSURE);
    ck_assert_mem_eq(claims.subject, h.ada, sizeof claims.subject);
    ck_assert_str_eq(at(root, "dpv:hasProcessing"), "dpv:Disclose");
    json_decref(root);
}
END_TEST

START_TEST(what_ran_out_by_itself_has_a_receipt_in_the_log)
{
    vpriv_receipt_claims claims;
    vpriv_log_entry found = {.kind = VPRIV_LOG_UNKNOWN};
    uint64_t index = log_size();
    give(h.ada, KEEP);
    (void)household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    for (int half_days = 0; half_days < 6; half_days++) {
        vpriv_retention_report report = {.struct_size = sizeof report};
        household_pass(&h, DAY_US / 2);
        ck_ok(vpriv_retention_run(h.vault, 100, &report));
    }
    for (; found.kind != VPRIV_LOG_RETENTION_EXPIRED; index++) {
        ck_assert_uint_lt(index, log_size());
        ck_ok(vpi_vault_enter(h.vault, true));
        ck_ok(vpi_log_read(h.vault, index, &found));
        vpi_vault_leave(h.vault);
    }
    json_t *root = read_receipt(from_log(index - 1), &claims);
    ck_assert_int_eq(claims.kind, VPRIV_RECEIPT_ERASURE);
    ck_assert_int_eq(number(root, "vp:recordingsErased"), 1);
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share: receipts");
    TCase *tests = tcase_create("receipts");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_consent_is_told_with_its_whole_record);
    tcase_add_test(tests, a_withdrawal_tells_that_a_key_was_destroyed);
    tcase_add_test(tests, several_consents_of_one_person_make_one_receipt);
    tcase_add_test(tests, an_access_says_who_what_for_and_under_which_consent);
    tcase_add_test(tests, what_is_opened_for_somebody_else_is_a_disclosure);
    tcase_add_test(tests, an_erasure_says_how_much_how_surely_and_who_was_told);
    tcase_add_test(tests, an_erasure_says_who_had_been_given_it);
    tcase_add_test(tests, an_erasure_of_what_nobody_was_given_says_so);
    tcase_add_test(tests, an_erasure_counts_what_was_made_from_the_recordings);
    tcase_add_test(tests, reading_what_was_made_has_receipts_as_hearing_has);
    tcase_add_test(tests, a_key_file_forgets_with_best_effort_and_the_receipt_says_so);
    tcase_add_test(tests, an_erased_person_gets_a_receipt_and_has_no_others_left);
    tcase_add_test(tests, a_pause_and_its_end_each_make_one_receipt);
    tcase_add_test(tests, a_disclosure_in_the_log_makes_a_receipt);
    tcase_add_test(tests, what_ran_out_by_itself_has_a_receipt_in_the_log);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
