/* What left through the gate is asked back when it may not be had any more: who has it, why, and what they
 * answered. Also when nobody knows any more whose voice it was. */
#include "household.h"
#include "share/recall.h"
#include <stdio.h>

#define KEEP      VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW    VPRIV_PURPOSE_HUMAN_REVIEW
#define MACHINE   VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define N_POOL    5000
#define N_OUT     40
#define RECALLS   64
#define TEXT_SIZE 16384

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

static void tear_down(void)
{
    household_close(&h);
}

typedef struct recalls {
    vpriv_recall items[RECALLS];
    size_t n;
    size_t most;
} recalls;

static bool keep(void *user, const vpriv_recall *recall)
{
    recalls *r = user;
    ck_assert_uint_lt(r->n, RECALLS);
    ck_assert_uint_eq(recall->struct_size, sizeof *recall);
    r->items[r->n++] = *recall;
    return r->most == 0 || r->n < r->most;
}

static recalls list_from(const uint8_t *subject, uint64_t first)
{
    recalls r = {.n = 0};
    ck_ok(vpriv_recall_list(h.vault, subject, first, keep, &r));
    return r;
}

static recalls list(void)
{
    return list_from(NULL, 0);
}

static uint64_t log_size(void)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    return info.log_size;
}

static vpriv_status open_as(const vpriv_keyring *keyring, const vpriv_recording_id *id,
    vpriv_purpose purpose, const char *actor, const char *recipient)
{
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = purpose,
        .actor = actor,
        .reason = "a reason that is nobody's business",
        .recipient = recipient};
    vpriv_reader *reader = NULL;
    const vpriv_status st = vpriv_gate_open(h.vault, keyring, id, &request, &reader);
    vpriv_gate_close(reader);
    return st;
}

static vpriv_recording_id record_for_two(void)
{
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    return household_quick(&h, h.ada);
}

/* S10. One person, 5,000 recordings for people to review and for herself, 40 of them out with a reviewer. */
START_TEST(s10_withdrawal_empties_the_pool_and_recalls_what_is_out)
{
    static vpriv_recording_id pool[N_POOL];
    vpriv_keyring *reviewer = NULL;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    uint8_t key[VPI_KEY_BYTES];
    ck_ok(vpriv_keyring_split(h.keyring, VPRIV_PURPOSE_BIT(REVIEW), &reviewer));
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    for (int i = 0; i < N_POOL; i++)
        pool[i] = household_quick(&h, h.ada);
    for (int i = 0; i < N_OUT; i++)
        ck_ok(open_as(reviewer, &pool[i * (N_POOL / N_OUT)], REVIEW, "reviewer 7", NULL));
    ck_ok(open_as(h.keyring, &pool[1], KEEP, "ada", NULL)); /* the person's own: nothing left */
    ck_assert_uint_eq(list().n, 0);
    household_grant_key(&h, h.ada, REVIEW, key);
    household_copy(&h, "before");
    const int64_t n_nodes = household_count(&h, "SELECT count(*) FROM key_node");
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, REVIEW, NULL, &receipt));
    /* One replacement of the root, one shred. */
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM key_node"), n_nodes);
    size_t n_open = 0, n_kept = 0;
    for (int i = 0; i < N_POOL; i++) {
        n_open += open_as(reviewer, &pool[i], REVIEW, "reviewer 7", NULL) == VPRIV_OK;
        n_kept += i % 100 == 0 && open_as(h.keyring, &pool[i], KEEP, "ada", NULL) == VPRIV_OK;
    }
    ck_assert_uint_eq(n_open, 0);
    ck_assert_uint_eq(n_kept, N_POOL / 100);
    const recalls due = list();
    ck_assert_uint_eq(due.n, N_OUT);
    for (size_t i = 0; i < due.n; i++) {
        const vpriv_recall *recall = &due.items[i];
        ck_assert_mem_eq(&recall->recording, &pool[i * (N_POOL / N_OUT)], sizeof recall->recording);
        ck_assert_int_eq((int)recall->purpose, REVIEW);
        ck_assert_int_eq((int)recall->cause, VPRIV_RECALL_WITHDRAWN);
        ck_assert(recall->deny_reasons & VPRIV_DENY_CONSENT_WITHDRAWN);
        ck_assert_str_eq(recall->actor, "reviewer 7");
    }
    /* The grant key was in the copy of before; with every secret of now it is not to be had. */
    household_attacker attacker;
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    for (size_t i = 0; i < due.n; i++)
        ck_ok(vpriv_recall_acknowledge(
            h.vault, due.items[i].log_index, "reviewer 7", VPRIV_RECALL_DELETED, NULL));
    ck_assert_uint_eq(list().n, 0);
    vpriv_keyring_close(reviewer);
}
END_TEST

/* What is destroyed, and why it is due. */
START_TEST(s10_erased_and_expired_recordings_are_recalled_and_names_are_not_needed)
{
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, KEEP);
    household_give(&h, h.bob, REVIEW);
    const vpriv_recording_id erased = household_quick(&h, h.ada);
    const vpriv_recording_id expired = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    const vpriv_recording_id gone = household_quick(&h, h.bob);
    const vpriv_recording_id kept = household_quick(&h, h.ada);
    ck_ok(open_as(h.keyring, &erased, REVIEW, "r1", NULL));
    ck_ok(open_as(h.keyring, &expired, REVIEW, "r2", NULL));
    ck_ok(open_as(h.keyring, &gone, REVIEW, "r3", NULL));
    ck_ok(open_as(h.keyring, &kept, REVIEW, "r4", NULL));
    ck_assert_uint_eq(list().n, 0);
    ck_ok(vpriv_vault_erase(h.vault, &erased, 1, NULL));
    household_pass(&h, 3 * DAY_US);
    ck_ok(vpriv_subject_erase(h.vault, h.bob, NULL));
    const recalls due = list();
    ck_assert_uint_eq(due.n, 3);
    static const char *const actors[] = {"r1", "r2", "r3"};
    static const vpriv_recall_cause causes[] = {
        VPRIV_RECALL_ERASED, VPRIV_RECALL_EXPIRED, VPRIV_RECALL_ERASED};
    const vpriv_recording_id *const ids[] = {&erased, &expired, &gone};
    for (size_t i = 0; i < due.n; i++) {
        ck_assert_str_eq(due.items[i].actor, actors[i]);
        ck_assert_int_eq((int)due.items[i].cause, causes[i]);
        ck_assert_mem_eq(&due.items[i].recording, ids[i], sizeof *ids[i]);
        ck_assert_int_eq((int)due.items[i].purpose, REVIEW);
    }
    /* By person: Ada's two; of Bob nothing is known any more, not even that he was there. */
    const recalls adas = list_from(h.ada, 0);
    ck_assert_uint_eq(adas.n, 2);
    ck_assert_str_eq(adas.items[1].actor, "r2");
    ck_fails(vpriv_recall_list(h.vault, h.bob, 0, keep, &(recalls){.n = 0}), VPRIV_E_NOT_FOUND);
    /* From some entry of the log on, and not to the end. */
    ck_assert_uint_eq(list_from(NULL, due.items[1].log_index).n, 2);
    ck_assert_uint_eq(list_from(NULL, due.items[1].log_index + 1).n, 1);
    recalls some = {.n = 0, .most = 1};
    ck_ok(vpriv_recall_list(h.vault, NULL, 0, keep, &some));
    ck_assert_uint_eq(some.n, 1);
    ck_assert_uint_eq(list_from(NULL, log_size() + 5).n, 0);
}
END_TEST

static bool no_person(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    static const uint8_t nobody[VPRIV_SUBJECT_ID_BYTES];
    (void)index;
    if (entry->kind != VPRIV_LOG_DISCLOSURE)
        return true;
    ck_assert_mem_eq(entry->subject, nobody, sizeof nobody);
    ck_assert_mem_eq(entry->consent_record, nobody, sizeof entry->consent_record);
    ck_assert_str_eq(entry->reason, "");
    ++*(int *)user;
    return true;
}

/* What stays in the log of an erased person names the recording and who has it: no pseudonym, no consent, no
 * reason that somebody wrote. */
START_TEST(a_disclosure_says_nothing_about_the_person)
{
    int n = 0;
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    ck_ok(vpriv_vault_log(h.vault, 0, no_person, &n));
    ck_assert_int_eq(n, 1);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_ok(vpriv_vault_log(h.vault, 0, no_person, &n));
    ck_assert_int_eq(n, 2);
    ck_assert_uint_eq(list().n, 1);
}
END_TEST

/* What leaves: another purpose than the person's own, or another party than the controller. */
START_TEST(what_serves_the_person_alone_has_not_left)
{
    const char *lab[] = {"lab"};
    const vpriv_consent_evidence named = {
        .struct_size = sizeof named, .notice_id = "house", .recipients = lab, .n_recipients = 1};
    ck_ok(vpriv_consent_give(h.vault, h.ada, KEEP, &named, NULL));
    ck_ok(vpriv_consent_give(h.vault, h.ada, VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, &named, NULL));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(open_as(h.keyring, &id, KEEP, "ada", NULL));
    ck_ok(open_as(h.keyring, &id, VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, "device", NULL));
    ck_fails(open_as(h.keyring, &id, REVIEW, "r", NULL), VPRIV_E_CONSENT); /* was refused */
    ck_ok(open_as(h.keyring, &id, KEEP, "ada's lawyer", "lab"));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    const recalls due = list();
    ck_assert_uint_eq(due.n, 1);
    ck_assert_str_eq(due.items[0].actor, "ada's lawyer");
    ck_assert_str_eq(due.items[0].recipient, "lab");
}
END_TEST

/* What may open again is not asked back. */
START_TEST(what_is_paused_or_set_aside_is_not_recalled)
{
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(REVIEW), "team", "inquiry"));
    ck_ok(vpriv_recording_restrict(h.vault, &id, 1, VPRIV_RESTRICTION_DISPUTE, "team", "dispute"));
    ck_fails(open_as(h.keyring, &id, REVIEW, "r", NULL), VPRIV_E_CONSENT);
    ck_assert_uint_eq(list().n, 0);
    ck_fails(vpriv_recall_ask(h.vault, log_size() - 1, "team", NULL), VPRIV_E_NOT_FOUND);
    household_withdraw(&h, h.ada, REVIEW);
    ck_assert_uint_eq(list().n, 1);
    /* Consent that is given again does not reach back, so it stays due. */
    ck_ok(vpriv_purpose_resume(h.vault, VPRIV_PURPOSE_BIT(REVIEW), "team", NULL));
    household_give(&h, h.ada, REVIEW);
    ck_assert_uint_eq(list().n, 1);
    ck_assert_int_eq((int)list().items[0].cause, VPRIV_RECALL_WITHDRAWN);
}
END_TEST

/* A consent that ends in whatever way. */
START_TEST(a_changed_notice_recalls_too)
{
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    household_notice(&h, "2", "We keep what you say, and more.");
    ck_assert_uint_eq(list().n, 1);
    ck_assert(list().items[0].deny_reasons & VPRIV_DENY_CONSENT_INVALIDATED);
}
END_TEST

static vpriv_status collect(void *user, const void *bytes, size_t n_bytes)
{
    char *text = user;
    ck_assert_uint_lt(strlen(text) + n_bytes, TEXT_SIZE);
    strncat(text, bytes, n_bytes);
    return VPRIV_OK;
}

static void verify(const char *text, char *document_out, vpriv_receipt_claims *claims_out)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    document_out[0] = '\0';
    *claims_out = (vpriv_receipt_claims){.struct_size = sizeof *claims_out};
    ck_ok(vpriv_receipt_verify(
        text, strlen(text), info.device_public_key, collect, document_out, claims_out));
}

/* Asked, refused, done: each is on record, and the recipient can check who asks. */
START_TEST(asking_and_answering_are_on_record_and_signed)
{
    char text[TEXT_SIZE] = "", document[TEXT_SIZE], wanted[128];
    vpriv_receipt_claims claims;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "reviewer 7", NULL));
    const uint64_t entry = log_size() - 1;
    ck_fails(vpriv_recall_ask(h.vault, entry, "team", NULL), VPRIV_E_STATE); /* it may be had */
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_assert_int_eq(list().items[0].asked_us, 0);
    household_pass(&h, SECOND_US);
    ck_ok(vpriv_recall_ask(h.vault, entry, "team", &receipt));
    ck_assert_int_eq(list().items[0].asked_us, h.cell->now_us);
    ck_ok(vpriv_receipt_sign(h.vault, &receipt, 1, NULL, collect, text));
    verify(text, document, &claims);
    ck_assert_int_eq((int)claims.kind, VPRIV_RECEIPT_RECALL);
    ck_assert_uint_eq(claims.log_index, receipt.log_index);
    ck_assert_ptr_nonnull(strstr(document, "\"vp:recallStatus\":{\"@id\":\"vp:AskedBack\"}"));
    ck_assert_ptr_nonnull(strstr(document, "\"vp:recallCause\":\"erased\""));
    ck_assert_ptr_nonnull(strstr(document, "\"vp:openedBy\":\"reviewer 7\""));
    ck_assert_ptr_nonnull(strstr(document, "\"vp:recording\":"));
    snprintf(wanted, sizeof wanted, "\"vp:logIndex\":%llu", (unsigned long long)entry);
    ck_assert_ptr_nonnull(strstr(strstr(document, "\"vp:disclosure\""), wanted));
    ck_assert_ptr_null(strstr(document, "dpv:hasDataSubject"));
    /* "No" is on record and stays open; "deleted" closes it. */
    ck_ok(vpriv_recall_acknowledge(h.vault, entry, "lab", VPRIV_RECALL_NOT_DELETED, &receipt));
    ck_assert_uint_eq(list().n, 1);
    ck_assert_int_eq((int)list().items[0].outcome, VPRIV_RECALL_NOT_DELETED);
    ck_assert_int_eq(list().items[0].answered_us, h.cell->now_us);
    ck_ok(vpriv_recall_acknowledge(h.vault, entry, "lab", VPRIV_RECALL_DELETED, &receipt));
    ck_assert_uint_eq(list().n, 0);
    text[0] = '\0';
    ck_ok(vpriv_receipt_from_log(h.vault, &receipt.log_index, 1, collect, text));
    verify(text, document, &claims);
    ck_assert_ptr_nonnull(strstr(document, "\"vp:recallStatus\":{\"@id\":\"vp:Deleted\"}"));
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, "lab", VPRIV_RECALL_DELETED, NULL), VPRIV_E_STATE);
    ck_fails(vpriv_recall_ask(h.vault, entry, "team", NULL), VPRIV_E_STATE);
}
END_TEST

/* Given back before anybody asked: nothing is due later. Opened once more is another copy. */
START_TEST(a_copy_that_was_given_back_is_not_asked_for)
{
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    ck_ok(vpriv_recall_acknowledge(h.vault, log_size() - 1, "r", VPRIV_RECALL_NOT_KEPT, NULL));
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    const uint64_t second = log_size() - 1;
    household_withdraw(&h, h.ada, REVIEW);
    const recalls due = list();
    ck_assert_uint_eq(due.n, 1);
    ck_assert_uint_eq(due.items[0].log_index, second);
}
END_TEST

/* Nothing is hidden: an entry that was taken away or changed is an error. */
START_TEST(a_disclosure_that_is_taken_away_is_missed)
{
    char sql[128];
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    const uint64_t entry = log_size() - 1;
    household_withdraw(&h, h.ada, REVIEW);
    snprintf(sql, sizeof sql, "UPDATE log_payload SET tag = NULL WHERE id = %llu",
        (unsigned long long)entry);
    household_sql(&h, sql);
    ck_fails(vpriv_recall_list(h.vault, NULL, 0, keep, &(recalls){.n = 0}), VPRIV_E_AUTH);
    snprintf(sql, sizeof sql, "DELETE FROM log_payload WHERE id = %llu", (unsigned long long)entry);
    household_sql(&h, sql);
    ck_fails(vpriv_recall_list(h.vault, NULL, 0, keep, &(recalls){.n = 0}), VPRIV_E_AUTH);
}
END_TEST

/* Who heard it counts listenings and nothing else: taking one away is noticed, behind a disclosure too. */
START_TEST(a_disclosure_does_not_stand_in_for_an_access)
{
    char sql[128];
    int n = 0;
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    ck_ok(vpriv_vault_log(h.vault, 0, no_person, &n));
    ck_assert_int_eq(n, 2);
    snprintf(sql, sizeof sql, "DELETE FROM log_payload WHERE id = %llu",
        (unsigned long long)log_size() - 2);
    household_sql(&h, sql);
    ck_fails(vpriv_gate_who_heard(h.vault, &id, no_person, &n), VPRIV_E_AUTH);
}
END_TEST

START_TEST(every_reason_has_its_cause)
{
    static const uint32_t over =
        VPRIV_DENY_CONSENT_MISSING | VPRIV_DENY_CONSENT_REFUSED | VPRIV_DENY_CONSENT_WITHDRAWN |
        VPRIV_DENY_CONSENT_REVOKED | VPRIV_DENY_CONSENT_EXPIRED | VPRIV_DENY_CONSENT_INVALIDATED |
        VPRIV_DENY_NOTICE_CHANGED | VPRIV_DENY_RECIPIENT_NOT_NAMED | VPRIV_DENY_NO_GRANT_KEY |
        VPRIV_DENY_SUBJECT_UNKNOWN | VPRIV_DENY_NO_SUBJECT;
    ck_assert_int_eq((int)vpi_recall_cause_of(0), VPRIV_RECALL_NOT_DUE);
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++) {
        const uint32_t reason = (uint32_t)1 << bit;
        const vpriv_recall_cause wanted =
            reason == VPRIV_DENY_RECORDING_SHREDDED ? VPRIV_RECALL_ERASED
            : reason == VPRIV_DENY_RETENTION_OVER   ? VPRIV_RECALL_EXPIRED
            : reason & over                         ? VPRIV_RECALL_WITHDRAWN
                                                    : VPRIV_RECALL_NOT_DUE;
        ck_assert_msg(
            vpi_recall_cause_of(reason) == wanted, "%s", vpriv_deny_name((vpriv_deny)reason));
    }
}
END_TEST

START_TEST(names_and_arguments)
{
    vpriv_recall_outcome outcome = VPRIV_RECALL_UNANSWERED;
    const vpriv_recording_id id = record_for_two();
    ck_ok(open_as(h.keyring, &id, REVIEW, "r", NULL));
    const uint64_t entry = log_size() - 1;
    for (int i = VPRIV_RECALL_DELETED; i <= VPRIV_RECALL_NOT_DELETED; i++) {
        ck_ok(vpriv_recall_outcome_from_name(
            vpriv_recall_outcome_name((vpriv_recall_outcome)i), &outcome));
        ck_assert_int_eq((int)outcome, i);
    }
    ck_fails(vpriv_recall_outcome_from_name("unanswered", &outcome), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_recall_outcome_from_name(NULL, &outcome), VPRIV_E_ARG);
    ck_assert_str_eq(vpriv_recall_outcome_name((vpriv_recall_outcome)9), "unknown outcome");
    ck_assert_str_eq(vpriv_recall_cause_name((vpriv_recall_cause)9), "unknown cause");
    ck_assert_str_eq(vpriv_recall_cause_name(VPRIV_RECALL_EXPIRED), "expired");
    ck_fails(vpriv_recall_list(NULL, NULL, 0, keep, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_recall_list(h.vault, NULL, 0, NULL, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, "r", VPRIV_RECALL_UNANSWERED, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, "r", (vpriv_recall_outcome)4, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_recall_acknowledge(h.vault, entry, "", VPRIV_RECALL_DELETED, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, NULL, VPRIV_RECALL_DELETED, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, "a\nb", VPRIV_RECALL_DELETED, NULL), VPRIV_E_ARG);
    ck_fails(
        vpriv_recall_acknowledge(h.vault, 0, "r", VPRIV_RECALL_DELETED, NULL), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_recall_acknowledge(h.vault, log_size(), "r", VPRIV_RECALL_DELETED, NULL),
        VPRIV_E_NOT_FOUND);
    vpriv_receipt receipt = {.struct_size = 1};
    ck_fails(
        vpriv_recall_acknowledge(h.vault, entry, "r", VPRIV_RECALL_DELETED, &receipt), VPRIV_E_ARG);
    ck_assert_uint_eq(log_size(), entry + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recalls");
    TCase *tests = tcase_create("recalls");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s10_withdrawal_empties_the_pool_and_recalls_what_is_out);
    tcase_add_test(tests, s10_erased_and_expired_recordings_are_recalled_and_names_are_not_needed);
    tcase_add_test(tests, a_disclosure_says_nothing_about_the_person);
    tcase_add_test(tests, what_serves_the_person_alone_has_not_left);
    tcase_add_test(tests, what_is_paused_or_set_aside_is_not_recalled);
    tcase_add_test(tests, a_changed_notice_recalls_too);
    tcase_add_test(tests, asking_and_answering_are_on_record_and_signed);
    tcase_add_test(tests, a_copy_that_was_given_back_is_not_asked_for);
    tcase_add_test(tests, a_disclosure_that_is_taken_away_is_missed);
    tcase_add_test(tests, a_disclosure_does_not_stand_in_for_an_access);
    tcase_add_test(tests, every_reason_has_its_cause);
    tcase_add_test(tests, names_and_arguments);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
