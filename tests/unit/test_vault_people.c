/* Whose word counts for whom, and for how long: children, guardians, coming of age, consents that run out,
 * another controller. What ends a consent destroys its key. */
#include "household.h"
#include "vault/consent_store.h"
#include <stdio.h>

#define KEEP     VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW   VPRIV_PURPOSE_HUMAN_REVIEW
#define PERSON   VPRIV_CONSENT_BY_PERSON
#define PARENT   VPRIV_CONSENT_BY_PARENT
#define GUARDIAN VPRIV_CONSENT_BY_GUARDIAN

static household h;
static uint8_t kim[VPRIV_SUBJECT_ID_BYTES];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_CHILD, "Kim", NULL, kim));
}

static void tear_down(void)
{
    household_close(&h);
}

static vpriv_status give_as(const uint8_t *subject, vpriv_purpose purpose, vpriv_consent_by by)
{
    return household_give_with(&h, subject, purpose, (vpriv_consent_evidence){.by = by});
}

static vpriv_status withdraw_as(const uint8_t *subject, vpriv_purpose purpose, vpriv_consent_by by)
{
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .by = by};
    return vpriv_consent_withdraw(h.vault, subject, purpose, &evidence, NULL);
}

/* Of the latest record; Unknown without one. */
static vpriv_consent_state state_of(const uint8_t *subject, vpriv_purpose purpose)
{
    vpi_subject person;
    vpriv_consent_record record;
    bool began = false;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    ck_ok(vpi_subject_find(h.vault, subject, &person));
    const vpriv_status st = vpi_consent_latest(h.vault, person.row, purpose, &record, NULL);
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    if (st == VPRIV_E_NOT_FOUND)
        return VPRIV_CONSENT_UNKNOWN;
    ck_ok(st);
    return record.event.state;
}

static void ck_shut(const vpriv_recording_id *id, vpriv_purpose purpose, vpriv_deny why)
{
    ck_fails(household_hear(&h, id, purpose), VPRIV_E_CONSENT);
    ck_assert_msg(strstr(vpriv_error_detail(), vpriv_deny_text(why)), "%s", vpriv_error_detail());
}

static void ck_takes_nothing(const uint8_t *subject, vpriv_deny why)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = household_config(subject, 1);
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_CONSENT);
    ck_assert_msg(strstr(vpriv_error_detail(), vpriv_deny_text(why)), "%s", vpriv_error_detail());
}

/* The household begins in November 2026; where nothing is known people are of age at 18. */
static void kim_is_of_age_in(int months)
{
    const int birth =
        (2026 - 18) * 12 + 10 + months - 1; /* of age when the month of birth is over */
    ck_ok(vpriv_subject_set_birth(h.vault, kim, birth / 12, birth % 12 + 1));
}

/* ---- coming of age ---- */

START_TEST(guardians_consent_ends_when_the_child_is_of_age)
{
    kim_is_of_age_in(2); /* on the first of January */
    ck_ok(give_as(kim, KEEP, PARENT));
    const vpriv_recording_id id = household_record(&h, kim);
    household_pass(&h, 39 * DAY_US);
    ck_ok(household_hear(&h, &id, KEEP));
    household_pass(&h, 2 * DAY_US);
    ck_shut(&id, KEEP, VPRIV_DENY_CONSENT_INVALIDATED);
    ck_takes_nothing(kim, VPRIV_DENY_CONSENT_INVALIDATED);
    /* Nobody says it for them any more, neither yes nor no. */
    ck_ok(withdraw_as(kim, KEEP, PERSON));
    ck_fails(give_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    ck_fails(give_as(kim, KEEP, VPRIV_CONSENT_BY_GUARDIANS), VPRIV_E_STATE);
    ck_takes_nothing(kim, VPRIV_DENY_CONSENT_WITHDRAWN);
    ck_ok(give_as(kim, KEEP, PERSON));
    ck_fails(withdraw_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    const vpriv_recording_id own = household_record(&h, kim);
    ck_ok(household_hear(&h, &own, KEEP));
    ck_shut(&id, KEEP, VPRIV_DENY_NO_GRANT_KEY);
}
END_TEST

START_TEST(what_a_child_said_does_not_count_when_they_are_grown)
{
    kim_is_of_age_in(2);
    ck_ok(give_as(kim, KEEP, PERSON));
    ck_takes_nothing(kim, VPRIV_DENY_CHILD_RULE);
    household_pass(&h, 41 * DAY_US);
    ck_takes_nothing(kim, VPRIV_DENY_CHILD_RULE);
    ck_ok(withdraw_as(kim, KEEP, PERSON));
    ck_ok(give_as(kim, KEEP, PERSON));
    const vpriv_recording_id id = household_record(&h, kim);
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

/* ---- two guardians ---- */

START_TEST(one_guardian_does_not_overrule_the_other)
{
    ck_ok(give_as(kim, KEEP, PARENT));
    const vpriv_recording_id id = household_record(&h, kim);
    ck_ok(withdraw_as(kim, KEEP, GUARDIAN));
    ck_shut(&id, KEEP, VPRIV_DENY_CONSENT_WITHDRAWN);
    ck_fails(give_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    ck_fails(give_as(kim, KEEP, GUARDIAN), VPRIV_E_STATE);
    ck_assert_int_eq(state_of(kim, KEEP), VPRIV_CONSENT_WITHDRAWN);
    ck_takes_nothing(kim, VPRIV_DENY_CONSENT_WITHDRAWN);
    /* Asking once more forgets nothing. */
    ck_ok(vpriv_consent_record_event(h.vault, kim, KEEP, VPRIV_CONSENT_EVENT_REQUEST,
        &(vpriv_consent_evidence){
            .struct_size = sizeof(vpriv_consent_evidence), .notice_id = "house", .by = PARENT},
        NULL));
    ck_fails(give_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    household_reopen(&h);
    ck_fails(give_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    ck_ok(give_as(kim, REVIEW, PARENT)); /* the no was for one purpose */
    ck_ok(give_as(kim, KEEP, VPRIV_CONSENT_BY_GUARDIANS));
    const vpriv_recording_id later = household_record(&h, kim);
    ck_ok(household_hear(&h, &later, KEEP));
    /* The child's own no is no objection of theirs. */
    ck_ok(withdraw_as(kim, KEEP, PERSON));
    ck_ok(give_as(kim, KEEP, PARENT));
}
END_TEST

START_TEST(guardians_objection_does_not_bind_who_is_grown)
{
    kim_is_of_age_in(2);
    ck_ok(vpriv_consent_refuse(h.vault, kim, KEEP,
        &(vpriv_consent_evidence){.struct_size = sizeof(vpriv_consent_evidence), .by = GUARDIAN},
        NULL));
    ck_fails(give_as(kim, KEEP, PARENT), VPRIV_E_STATE);
    household_pass(&h, 41 * DAY_US);
    ck_ok(give_as(kim, KEEP, PERSON));
    const vpriv_recording_id id = household_record(&h, kim);
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

static vpriv_retention_report run(void)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    ck_ok(vpriv_retention_trust_clock(h.vault, "test"));
    ck_ok(vpriv_retention_run(h.vault, 60000, &report));
    ck_assert(report.is_done && !report.is_held);
    return report;
}

/* The key of now, and whether somebody who copied the files before has it afterwards. */
static uint8_t grant[VPI_KEY_BYTES];

static void remember_key(const uint8_t *subject, vpriv_purpose purpose)
{
    household_grant_key(&h, subject, purpose, grant);
    household_copy(&h, "before");
}

static void ck_key_is_gone(bool gone)
{
    household_attacker attacker;
    household_attack(&h, "before", &attacker);
    ck_assert_int_eq(household_knows(&attacker, grant), !gone);
    household_attack_end(&attacker);
}

START_TEST(coming_of_age_destroys_the_key)
{
    kim_is_of_age_in(2);
    household_give(&h, h.ada, KEEP);
    ck_ok(give_as(kim, KEEP, PARENT));
    ck_ok(give_as(kim, REVIEW, PERSON));
    const vpriv_recording_id id = household_record(&h, kim);
    remember_key(kim, KEEP);
    household_pass(&h, 30 * DAY_US);
    vpriv_retention_report report = run();
    ck_assert_uint_eq(report.n_consents, 0);
    ck_assert_int_eq(report.next_due_us, INT64_C(1798761600000000)); /* 2027-01-01 */
    household_pass(&h, 11 * DAY_US);
    ck_key_is_gone(false);
    report = run();
    ck_assert_uint_eq(report.n_consents, 1);
    ck_key_is_gone(true);
    ck_assert_int_eq(state_of(kim, KEEP), VPRIV_CONSENT_INVALIDATED);
    ck_assert_int_eq(state_of(kim, REVIEW), VPRIV_CONSENT_GIVEN); /* which never counted */
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_GIVEN);
    ck_assert_uint_eq(run().n_consents, 0);
    ck_ok(give_as(kim, KEEP, PERSON));
    const vpriv_recording_id own = household_record(&h, kim);
    ck_ok(household_hear(&h, &own, KEEP));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
}
END_TEST

/* ---- consents that run out ---- */

START_TEST(consent_that_ran_out_loses_its_key_and_is_confirmed_anew)
{
    const int64_t end_us = h.cell->now_us + 5 * DAY_US;
    const vpriv_consent_evidence again = {.struct_size = sizeof again, .notice_id = "house"};
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.valid_until_us = end_us}));
    const vpriv_recording_id id = household_record(&h, h.ada);
    remember_key(h.ada, KEEP);
    ck_fails(vpriv_consent_record_event(
                 h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_RECONFIRM, &again, NULL),
        VPRIV_E_STATE);
    ck_assert_int_eq(run().next_due_us, end_us);
    household_pass(&h, 5 * DAY_US);
    ck_assert_uint_eq(run().n_consents, 1);
    ck_key_is_gone(true);
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_EXPIRED);
    ck_takes_nothing(h.ada, VPRIV_DENY_CONSENT_EXPIRED);
    ck_ok(vpriv_consent_record_event(
        h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_RECONFIRM, &again, NULL));
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_RENEWED);
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &later, KEEP));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(consent_is_confirmed_anew_before_any_run_as_well)
{
    const int64_t end_us = h.cell->now_us + DAY_US;
    const vpriv_consent_evidence again = {.struct_size = sizeof again, .notice_id = "house"};
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.valid_until_us = end_us}));
    remember_key(h.ada, KEEP);
    household_pass(&h, DAY_US);
    ck_ok(vpriv_consent_record_event(
        h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_RECONFIRM, &again, NULL));
    ck_key_is_gone(true);
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &id, KEEP));
}
END_TEST

START_TEST(spent_uses_end_a_consent)
{
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.max_uses = 2}));
    const vpriv_recording_id id = household_record(&h, h.ada);
    remember_key(h.ada, KEEP);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_assert_uint_eq(run().n_consents, 0);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_shut(&id, KEEP, VPRIV_DENY_USES_SPENT);
    ck_takes_nothing(h.ada, VPRIV_DENY_USES_SPENT);
    ck_assert_uint_eq(run().n_consents, 1);
    ck_key_is_gone(true);
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_EXPIRED);
}
END_TEST

START_TEST(clock_that_jumps_ends_no_consent)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    const int64_t end_us = h.cell->now_us + 5 * DAY_US;
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.valid_until_us = end_us}));
    run();
    remember_key(h.ada, KEEP);
    household_pass(&h, 6 * DAY_US);
    ck_ok(vpriv_retention_run(h.vault, 60000, &report));
    ck_assert(report.is_done && report.is_held);
    ck_assert_uint_eq(report.n_consents, 0);
    ck_key_is_gone(false);
    ck_assert_uint_eq(run().n_consents, 1);
    ck_key_is_gone(true);
}
END_TEST

/* ---- another controller, another recipient ---- */

static size_t change_controller(const char *id, const char *name, const char *country)
{
    const vpriv_controller controller = {
        .struct_size = sizeof controller, .id = id, .name = name, .country = country};
    size_t n = 99;
    ck_ok(vpriv_controller_change(h.vault, &controller, "test", &n));
    return n;
}

static bool keep_record(void *user, const vpriv_consent_record *record)
{
    *(vpriv_consent_record *)user = *record;
    return true;
}

START_TEST(s36_another_controller_inherits_no_consent)
{
    vpriv_consent_record record;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    household_give(&h, h.bob, REVIEW);
    const vpriv_recording_id id = household_record(&h, h.ada);
    remember_key(h.ada, KEEP);
    ck_assert_uint_eq(change_controller("buyer", "The Buyer", "SE"), 3);
    ck_key_is_gone(true);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    ck_takes_nothing(h.ada, VPRIV_DENY_CONSENT_INVALIDATED);
    ck_assert_int_eq(state_of(h.bob, REVIEW), VPRIV_CONSENT_INVALIDATED);
    /* The record still says whom it was given to. */
    ck_ok(vpriv_consent_list(h.vault, h.ada, false, keep_record, &record));
    ck_assert_str_ne(record.controller_id, "buyer");
    /* Nor does a notice that names the old one. */
    ck_fails(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.by = PERSON}),
        VPRIV_E_NOT_FOUND);
    household_notice(&h, "buyer-1", "The buyer keeps what you say.");
    household_give(&h, h.ada, KEEP);
    ck_ok(vpriv_consent_list(h.vault, h.ada, false, keep_record, &record));
    ck_assert_str_eq(record.controller_id, "buyer");
    ck_assert_str_eq(record.parties[0].name, "The Buyer");
    ck_assert_str_eq(record.jurisdictions[0], "SE");
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &later, KEEP));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    household_reopen(&h);
    ck_ok(household_hear(&h, &later, KEEP));
}
END_TEST

START_TEST(s36_another_name_or_seat_asks_again_and_the_same_controller_does_not)
{
    change_controller("acme", "Acme", "DE");
    household_notice(&h, "acme-1", "Acme keeps what you say.");
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(change_controller("acme", "Acme", "DE"), 0);
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_GIVEN);
    ck_assert_uint_eq(change_controller("acme", "Acme", "US"), 1);
    household_notice(&h, "acme-2", "Acme keeps what you say, in America.");
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(change_controller("acme", "Acme and Sons", "US"), 1);
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_INVALIDATED);
}
END_TEST

START_TEST(s36_controller_is_said_in_full)
{
    static const char *const bad[][3] = {{"", "N", "DE"}, {"i", "", "DE"}, {"i", "N", "Germany"},
        {"i", "N", "de"}, {"i", "N", ""}, {NULL, "N", "DE"}, {"i", NULL, "DE"}, {"i", "N", NULL},
        {"i\n", "N", "DE"}};
    size_t n = 99;
    household_give(&h, h.ada, KEEP);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const vpriv_controller controller = {.struct_size = sizeof controller,
            .id = bad[i][0],
            .name = bad[i][1],
            .country = bad[i][2]};
        ck_fails(vpriv_controller_change(h.vault, &controller, "test", &n), VPRIV_E_ARG);
    }
    ck_fails(
        vpriv_controller_change(h.vault, &(vpriv_controller){.id = "i"}, "test", &n), VPRIV_E_ARG);
    ck_assert_uint_eq(n, 99);
    ck_assert_int_eq(state_of(h.ada, KEEP), VPRIV_CONSENT_GIVEN);
}
END_TEST

/* A process that opened the vault before does not go on for the old controller. */
START_TEST(s36_other_processes_know_the_new_controller)
{
    vpriv_vault *other = NULL, *third = NULL;
    vpriv_consent_record record;
    static const char text[] = "We keep what you say.";
    const vpriv_notice old = {.struct_size = sizeof old,
        .id = "house",
        .version = "1",
        .language = "en",
        .text = text,
        .text_bytes = sizeof text - 1};
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .notice_id = "house"};
    household_give(&h, h.ada, KEEP);
    ck_ok(household_open_vault(&h, h.path, &other));
    ck_ok(household_open_vault(&h, h.path, &third));
    ck_ok(vpriv_notice_add(third, &old, NULL)); /* in force already */
    change_controller("buyer", "The Buyer", "SE");
    ck_fails(vpriv_notice_add(third, &old, NULL), VPRIV_E_ARG);
    vpriv_vault_close(third);
    ck_fails(vpriv_consent_give(other, h.bob, KEEP, &evidence, NULL), VPRIV_E_NOT_FOUND);
    household_notice(&h, "buyer-1", "The buyer keeps what you say.");
    ck_ok(vpriv_consent_give(other, h.bob, KEEP, &evidence, NULL));
    ck_ok(vpriv_consent_list(other, h.bob, false, keep_record, &record));
    ck_assert_str_eq(record.controller_id, "buyer");
    vpriv_vault_close(other);
}
END_TEST

START_TEST(s36_another_recipient_needs_another_consent)
{
    static const char *const lab[] = {"lab"}, *const both[] = {"lab", "clinic"};
    const vpriv_consent_evidence for_lab = {.recipients = lab, .n_recipients = 1},
                                 for_both = {.recipients = both, .n_recipients = 2};
    ck_ok(household_give_with(&h, h.ada, KEEP, for_lab));
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(household_hear_in(h.vault, h.keyring, &id, KEEP, "lab"));
    ck_fails(household_hear_in(h.vault, h.keyring, &id, KEEP, "clinic"), VPRIV_E_CONSENT);
    /* What stands is not widened; what takes its place has another key. */
    ck_fails(household_give_with(&h, h.ada, KEEP, for_both), VPRIV_E_STATE);
    remember_key(h.ada, KEEP);
    ck_ok(vpriv_consent_record_event(
        h.vault, h.ada, KEEP, VPRIV_CONSENT_EVENT_INVALIDATE, NULL, NULL));
    ck_key_is_gone(true);
    ck_ok(household_give_with(&h, h.ada, KEEP, for_both));
    ck_fails(household_hear_in(h.vault, h.keyring, &id, KEEP, "clinic"), VPRIV_E_CONSENT);
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_ok(household_hear_in(h.vault, h.keyring, &later, KEEP, "clinic"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault people");
    TCase *tests = tcase_create("people");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, guardians_consent_ends_when_the_child_is_of_age);
    tcase_add_test(tests, what_a_child_said_does_not_count_when_they_are_grown);
    tcase_add_test(tests, coming_of_age_destroys_the_key);
    tcase_add_test(tests, consent_that_ran_out_loses_its_key_and_is_confirmed_anew);
    tcase_add_test(tests, consent_is_confirmed_anew_before_any_run_as_well);
    tcase_add_test(tests, spent_uses_end_a_consent);
    tcase_add_test(tests, clock_that_jumps_ends_no_consent);
    tcase_add_test(tests, s36_another_controller_inherits_no_consent);
    tcase_add_test(tests, s36_another_name_or_seat_asks_again_and_the_same_controller_does_not);
    tcase_add_test(tests, s36_controller_is_said_in_full);
    tcase_add_test(tests, s36_other_processes_know_the_new_controller);
    tcase_add_test(tests, s36_another_recipient_needs_another_consent);
    tcase_add_test(tests, one_guardian_does_not_overrule_the_other);
    tcase_add_test(tests, guardians_objection_does_not_bind_who_is_grown);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
