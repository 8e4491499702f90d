/* A consent that covers the past opens what was recorded before it, by the one call and never by itself. */
#include "household.h"
#include "vault/consent_store.h"
#include "vault/header.h"
#include <stdio.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW  VPRIV_PURPOSE_HUMAN_REVIEW
#define IMPROVE VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define N_OLD   3

static household h;
static vpriv_recording_id old[N_OLD];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_pass(&h, SECOND_US);
    for (size_t i = 0; i < N_OLD; i++)
        old[i] = household_quick(&h, h.ada);
    household_pass(&h, SECOND_US);
}

static void tear_down(void)
{
    household_close(&h);
}

static void give(const uint8_t *subject, vpriv_purpose purpose, bool covers_past)
{
    ck_ok(household_give_with(
        &h, subject, purpose, (vpriv_consent_evidence){.covers_past = covers_past}));
}

static vpriv_past_report apply_with(const vpriv_keyring *keyring, vpriv_purpose purpose)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    ck_ok(
        vpriv_consent_apply_to_past(h.vault, keyring, h.ada, purpose, "ada", NULL, NULL, &report));
    ck_assert_uint_eq(report.n_looked_at, report.n_opened + report.n_open_already + report.n_later +
                                              report.n_other_speaker + report.n_set_aside +
                                              report.n_over + report.n_no_key + report.n_refused +
                                              report.n_damaged);
    return report;
}

static vpriv_past_report apply(vpriv_purpose purpose)
{
    return apply_with(h.keyring, purpose);
}

/* A keyring of one purpose. */
static vpriv_keyring *only(vpriv_purpose purpose)
{
    vpriv_keyring *one = NULL;
    ck_ok(vpriv_keyring_split(h.keyring, VPRIV_PURPOSE_BIT(purpose), &one));
    return one;
}

static void ck_well(void)
{
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
}

static bool count_log(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    uint64_t *counts = user;
    (void)index;
    counts[entry->kind]++;
    return true;
}

static uint64_t n_logged(vpriv_log_kind kind)
{
    uint64_t counts[VPRIV_LOG_SPEAKER_ADDED + 1] = {0};
    ck_ok(vpriv_vault_log(h.vault, 0, count_log, counts));
    return counts[kind];
}

START_TEST(past_opens_for_the_purpose_with_its_key_alone)
{
    vpriv_keyring *history = only(KEEP), *review = only(REVIEW);
    give(h.ada, REVIEW, true);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    const vpriv_past_report report = apply_with(history, REVIEW);
    ck_assert_uint_eq(report.n_looked_at, N_OLD);
    ck_assert_uint_eq(report.n_opened, N_OLD);
    for (size_t i = 0; i < N_OLD; i++) {
        ck_ok(household_hear_in(h.vault, review, &old[i], REVIEW, NULL));
        ck_fails(household_hear_in(h.vault, history, &old[i], REVIEW, NULL), VPRIV_E_NO_KEY);
    }
    household_reopen(&h);
    ck_ok(household_hear(&h, &old[0], REVIEW));
    ck_ok(household_hear(&h, &old[0], KEEP));
    ck_well();
    vpriv_keyring_close(history);
    vpriv_keyring_close(review);
}
END_TEST

START_TEST(without_covering_the_past_nothing_opens)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    ck_fails(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report),
        VPRIV_E_CONSENT);
    give(h.ada, REVIEW, false);
    ck_fails(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report),
        VPRIV_E_CONSENT);
    ck_assert_uint_eq(report.n_looked_at, 0);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_ACCESS_GRANTED), 0);
}
END_TEST

/* What is recorded afterwards does not need it, and a second call finds nothing left to do. */
START_TEST(second_call_does_nothing)
{
    give(h.ada, REVIEW, true);
    household_pass(&h, SECOND_US);
    const vpriv_recording_id later = household_quick(&h, h.ada);
    vpi_sealer *sealer = NULL;
    const vpi_sealer_request request = household_request(h.ada); /* for keep_history alone */
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    vpi_sealer_destroy(sealer);
    vpriv_past_report report = apply(REVIEW);
    ck_assert_uint_eq(report.n_opened, N_OLD);
    ck_assert_uint_eq(report.n_open_already, 1);
    ck_assert_uint_eq(report.n_later, 1);
    report = apply(REVIEW);
    ck_assert_uint_eq(report.n_opened, 0);
    ck_assert_uint_eq(report.n_open_already, N_OLD + 1);
    ck_ok(household_hear(&h, &later, REVIEW));
    ck_assert_uint_eq(n_logged(VPRIV_LOG_CONSENT_APPLIED), 1);
}
END_TEST

/* Who had a recording's key, through which purpose, and why. */
static bool note_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    *(vpriv_log_entry *)user = *entry;
    return true;
}

START_TEST(every_key_that_is_taken_is_on_record)
{
    vpriv_log_entry entry = {0};
    give(h.ada, REVIEW, true);
    apply(REVIEW);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_ACCESS_GRANTED), N_OLD);
    for (size_t i = 0; i < N_OLD; i++) {
        memset(&entry, 0, sizeof entry);
        ck_ok(vpriv_gate_who_heard(h.vault, &old[i], note_access, &entry));
        ck_assert_int_eq(entry.kind, VPRIV_LOG_ACCESS_GRANTED);
        ck_assert_int_eq(entry.purpose, KEEP);
        ck_assert_str_eq(entry.actor, "ada");
        ck_assert_ptr_nonnull(strstr(entry.reason, "human_review"));
    }
}
END_TEST

static int refuse_second(void *user)
{
    int *n = user;
    return ++*n == 2;
}

/* The log's commit comes first and stands by itself: with the second commit refused the entries are there and no
 * wrap is. With the first refused there is neither. */
START_TEST(log_is_durable_before_a_key_is_taken)
{
    int n_commits = _i; /* the first commit of all is that of the beginning */
    vpriv_past_report report = {.struct_size = sizeof report};
    give(h.ada, REVIEW, true);
    n_commits -= 1;
    sqlite3 *database = vpi_database_handle(h.vault->database);
    sqlite3_commit_hook(database, refuse_second, &n_commits);
    ck_assert_int_ne(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report),
        VPRIV_OK);
    sqlite3_commit_hook(database, NULL, NULL);
    ck_assert_uint_eq(report.n_opened, 0);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_ACCESS_GRANTED), _i == 0 ? N_OLD : 0);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_CONSENT_APPLIED), 0);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    ck_assert_uint_eq(apply(REVIEW).n_opened, N_OLD);
    ck_ok(household_hear(&h, &old[0], REVIEW));
    ck_well();
}
END_TEST

static vpriv_recording_id record_both(void)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    static uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(h.ada);
    request.tag.n_subjects = 2;
    memcpy(request.tag.subjects[1], h.bob, VPRIV_SUBJECT_ID_BYTES);
    request.optional = UINT32_MAX & ~request.required;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(sealer);
    return id;
}

/* 0: Bob said nothing; 1: said yes, not for the past; 2: for the past too; 3: had said yes before; 4: said yes
 * for the past too, and takes it back. */
START_TEST(everybody_who_speaks_must_have_said_so)
{
    household_give(&h, h.bob, KEEP);
    if (_i == 3)
        household_give(&h, h.bob, REVIEW);
    household_pass(&h, SECOND_US);
    const vpriv_recording_id both = record_both();
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, true);
    if (_i == 1 || _i == 2 || _i == 4)
        give(h.bob, REVIEW, _i != 1);
    if (_i == 4)
        household_withdraw(&h, h.bob, REVIEW);
    const bool opens = _i == 2 || _i == 3;
    const vpriv_past_report report = apply(REVIEW);
    ck_assert_uint_eq(report.n_opened, N_OLD + opens);
    ck_assert_uint_eq(report.n_other_speaker, !opens);
    ck_fails(household_hear(&h, &both, REVIEW), opens ? VPRIV_OK : VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &both, KEEP));
    if (opens) {
        household_withdraw(&h, h.bob, REVIEW);
        ck_fails(household_hear(&h, &both, REVIEW), VPRIV_E_CONSENT);
        ck_ok(household_hear(&h, &old[0], REVIEW));
    }
    ck_well();
}
END_TEST

START_TEST(withdrawal_afterwards_closes_all_of_it)
{
    uint8_t grant[VPI_KEY_BYTES];
    household_attacker attacker;
    give(h.ada, REVIEW, true);
    apply(REVIEW);
    household_grant_key(&h, h.ada, REVIEW, grant);
    household_copy(&h, "old.vault");
    const uint64_t generation = vpi_tree_generation(h.vault->tree);
    household_withdraw(&h, h.ada, REVIEW);
    ck_assert_uint_eq(vpi_tree_generation(h.vault->tree), generation + 1);
    for (size_t i = 0; i < N_OLD; i++) {
        ck_fails(household_hear(&h, &old[i], REVIEW), VPRIV_E_CONSENT);
        ck_ok(household_hear(&h, &old[i], KEEP));
    }
    household_attack(&h, "old.vault", &attacker);
    ck_assert(!household_knows(&attacker, grant));
    household_attack_end(&attacker);
    ck_well();
}
END_TEST

/* A consent given again has a grant key of its own: what reaches back is the call, if it may. */
START_TEST(giving_again_does_not_revive_by_itself)
{
    give(h.ada, REVIEW, true);
    apply(REVIEW);
    household_withdraw(&h, h.ada, REVIEW);
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, _i == 1);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    vpriv_past_report report = {.struct_size = sizeof report};
    const vpriv_status applied =
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report);
    ck_assert_int_eq(applied, _i == 1 ? VPRIV_OK : VPRIV_E_CONSENT);
    ck_fails(household_hear(&h, &old[0], REVIEW), _i == 1 ? VPRIV_OK : VPRIV_E_CONSENT);
    ck_well();
}
END_TEST

/* The only way to the key was the consent that was withdrawn: it is gone. */
START_TEST(what_nothing_opens_stays_closed)
{
    household_withdraw(&h, h.ada, KEEP);
    household_pass(&h, SECOND_US);
    give(h.ada, KEEP, true);
    ck_assert_uint_eq(apply(KEEP).n_no_key, N_OLD);
    ck_fails(household_hear(&h, &old[0], KEEP), VPRIV_E_CONSENT);
    give(h.ada, REVIEW, true);
    vpriv_keyring *improve = only(IMPROVE);
    ck_assert_uint_eq(apply_with(improve, REVIEW).n_no_key, N_OLD);
    vpriv_keyring_close(improve);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_ACCESS_GRANTED), 0);
}
END_TEST

static bool restrict_last(void *user, uint64_t n_done, uint64_t n_recordings)
{
    (void)user;
    if (n_done == 0)
        ck_ok(vpriv_recording_restrict(
            h.vault, &old[n_recordings - 1], 1, VPRIV_RESTRICTION_DISPUTE, "ada", NULL));
    return true;
}

START_TEST(what_is_set_aside_or_over_or_paused_is_left_alone)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    give(h.ada, REVIEW, true);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(REVIEW), "acme", NULL));
    ck_assert_uint_eq(apply(REVIEW).n_refused, N_OLD);
    ck_ok(vpriv_purpose_resume(h.vault, VPRIV_PURPOSE_BIT(REVIEW), "acme", NULL));
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(KEEP), "acme", NULL));
    ck_assert_uint_eq(apply(REVIEW).n_no_key, N_OLD);
    ck_ok(vpriv_purpose_resume(h.vault, VPRIV_PURPOSE_BIT(KEEP), "acme", NULL));
    ck_ok(vpriv_consent_apply_to_past(
        h.vault, h.keyring, h.ada, REVIEW, "ada", restrict_last, NULL, &report));
    ck_assert_uint_eq(report.n_opened, N_OLD - 1);
    ck_assert_uint_eq(report.n_set_aside, 1);
    ck_ok(vpriv_recording_lift(h.vault, &old[N_OLD - 1], 1, "ada", NULL));
    ck_fails(household_hear(&h, &old[N_OLD - 1], REVIEW), VPRIV_E_CONSENT);
    ck_assert_uint_eq(apply(REVIEW).n_opened, 1);
    ck_ok(household_hear(&h, &old[N_OLD - 1], REVIEW));
}
END_TEST

static int64_t expires(const vpriv_recording_id *id)
{
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, id, &info));
    return info.expires_us;
}

/* The term is counted from when it was recorded; nothing lives longer by it. */
START_TEST(term_of_the_purpose_follows)
{
    const vpriv_recording_id brief = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    const int64_t brief_until = expires(&brief);
    household_pass(&h, DAY_US);
    ck_ok(household_give_with(
        &h, h.ada, REVIEW, (vpriv_consent_evidence){.covers_past = true, .retention = "P10D"}));
    ck_assert_uint_eq(apply(REVIEW).n_opened, N_OLD + 1);
    ck_assert_int_eq(expires(&brief), brief_until);
    ck_assert_int_eq(expires(&old[0]), VPRIV_TIME_FOREVER_US);
    household_pass(&h, 8 * DAY_US);
    ck_ok(household_hear(&h, &old[0], REVIEW));
    household_pass(&h, DAY_US);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &old[0], KEEP));
    ck_ok(vpriv_retention_trust_clock(h.vault, "ada"));
    vpriv_retention_report done = {.struct_size = sizeof done};
    ck_ok(vpriv_retention_run(h.vault, 1000, &done));
    ck_assert_uint_eq(done.n_narrowed, N_OLD);
    ck_assert_uint_eq(done.n_expired, 1);
    ck_ok(household_hear(&h, &old[0], KEEP));
    ck_assert_uint_eq(apply(REVIEW).n_over, N_OLD);
    ck_well();
}
END_TEST

/* A use is for listening. */
START_TEST(counted_uses_are_neither_spent_nor_a_way)
{
    household_withdraw(&h, h.ada, KEEP);
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.max_uses = 2}));
    household_pass(&h, SECOND_US);
    const vpriv_recording_id counted = household_quick(&h, h.ada);
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, true);
    ck_assert_uint_eq(apply(REVIEW).n_opened, 0);
    ck_ok(household_hear(&h, &counted, KEEP));
    ck_ok(household_hear(&h, &counted, KEEP));
    ck_fails(household_hear(&h, &counted, KEEP), VPRIV_E_CONSENT);
}
END_TEST

typedef struct stopping {
    int n_calls;
    int n_allowed;
    bool withdraws;
    bool gives_again;
} stopping;

static bool stop_after(void *user, uint64_t n_done, uint64_t n_recordings)
{
    stopping *s = user;
    ck_assert_uint_le(n_done, n_recordings);
    const bool last = ++s->n_calls == s->n_allowed;
    if (last && s->withdraws)
        household_withdraw(&h, h.ada, REVIEW);
    if (last && s->gives_again)
        give(h.ada, REVIEW, true);
    return s->withdraws || !last;
}

/* Many take many steps, and each call goes on where the last one stopped. */
START_TEST(stopped_in_the_middle_it_goes_on)
{
    enum { N = 150 };
    vpriv_past_report report = {.struct_size = sizeof report};
    stopping stop = {.n_allowed = 2};
    for (int i = N_OLD; i < N; i++)
        household_quick(&h, h.ada);
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, true);
    ck_fails(vpriv_consent_apply_to_past(
                 h.vault, h.keyring, h.ada, REVIEW, "ada", stop_after, &stop, &report),
        VPRIV_E_CANCELLED);
    const uint64_t n_first = report.n_opened;
    ck_assert_uint_gt(n_first, 0);
    ck_assert_uint_lt(n_first, N);
    report = apply(REVIEW);
    ck_assert_uint_eq(report.n_open_already, n_first);
    ck_assert_uint_eq(report.n_opened, N - n_first);
    ck_assert_uint_eq(n_logged(VPRIV_LOG_ACCESS_GRANTED), N);
    ck_well();
}
END_TEST

/* Given again or not: what was opened under the first is closed, and would count as open. */
START_TEST(withdrawal_in_the_middle_stops_it)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    stopping stop = {.n_allowed = 2, .withdraws = true, .gives_again = _i == 1};
    for (int i = N_OLD; i < 100; i++)
        household_quick(&h, h.ada);
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, true);
    ck_fails(vpriv_consent_apply_to_past(
                 h.vault, h.keyring, h.ada, REVIEW, "ada", stop_after, &stop, &report),
        VPRIV_E_CONSENT);
    ck_assert_uint_gt(report.n_opened, 0);
    ck_fails(household_hear(&h, &old[0], REVIEW), VPRIV_E_CONSENT);
    ck_well();
}
END_TEST

/* The inventory says which consent it is open under now, and that it came later. */
typedef struct bases {
    vpriv_recording_id id;
    size_t n;
    size_t n_later;
    uint32_t open_for;
    uint8_t review[VPRIV_CONSENT_RECORD_ID_BYTES];
} bases;

static bool note_bases(void *user, const vpriv_inventory_recording *recording)
{
    bases *found = user;
    if (memcmp(&recording->info.id, &found->id, sizeof found->id) != 0)
        return true;
    found->open_for = recording->open_for;
    for (size_t i = 0; i < recording->n_bases; i++) {
        found->n++;
        found->n_later += recording->bases[i].is_later;
        if (recording->bases[i].purpose == REVIEW)
            memcpy(found->review, recording->bases[i].record_id, sizeof found->review);
    }
    return true;
}

static bool note_record(void *user, const vpriv_consent_record *record)
{
    if (record->purpose == REVIEW)
        memcpy(user, record->record_id, sizeof record->record_id);
    return true;
}

START_TEST(inventory_names_the_consent_in_force)
{
    const vpriv_inventory_visitor visitor = {
        .struct_size = sizeof visitor, .recording = note_bases};
    uint8_t record[VPRIV_CONSENT_RECORD_ID_BYTES] = {0};
    for (int round = 0; round < 2; round++) {
        bases found = {.id = old[0]};
        give(h.ada, REVIEW, true);
        apply(REVIEW);
        ck_ok(vpriv_consent_list(h.vault, h.ada, false, note_record, record));
        ck_ok(vpriv_inventory(h.vault, NULL, &visitor, &found, NULL));
        ck_assert_uint_eq(found.n, 2);
        ck_assert_uint_eq(found.n_later, 1);
        ck_assert_mem_eq(found.review, record, sizeof record);
        ck_assert_uint_eq(found.open_for, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
        household_withdraw(&h, h.ada, REVIEW);
        household_pass(&h, SECOND_US);
    }
}
END_TEST

/* Header and wraps as they were before the call, put back: neither alone, nor both, opens for review. */
START_TEST(tampered_amendments_do_not_authenticate)
{
    static const char *const parts[] = {
        "UPDATE recording SET header = (SELECT header FROM kept WHERE id = recording.id)",
        "UPDATE wrap SET sealed = (SELECT sealed FROM kept WHERE id = wrap.recording)",
        "UPDATE recording SET header = zeroblob(length(header))"};
    household_sql(&h, "CREATE TABLE kept AS SELECT recording.id AS id, header, sealed FROM"
                      " recording JOIN wrap ON wrap.recording = recording.id");
    give(h.ada, REVIEW, true);
    apply(REVIEW);
    ck_ok(household_hear(&h, &old[0], REVIEW));
    household_sql(&h, parts[_i]);
    household_sql(&h, "DROP TABLE kept");
    const vpriv_status heard = household_hear(&h, &old[0], REVIEW);
    /* The old header alone says that there is no consent: closed. It is the wraps that do not fit. */
    ck_assert_int_eq(heard, _i == 0 ? VPRIV_E_CONSENT : VPRIV_E_AUTH);
    ck_fails(household_hear(&h, &old[0], KEEP), VPRIV_E_AUTH);
    vpriv_past_report report = {.struct_size = sizeof report};
    /* A header that says that it is open already leaves nothing to do. */
    ck_fails(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report),
        _i == 1 ? VPRIV_OK : VPRIV_E_AUTH);
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_fails(vpriv_vault_verify(h.vault, NULL, NULL, NULL, &verified), VPRIV_E_AUTH);
}
END_TEST

/* One that is damaged does not keep the others closed. */
START_TEST(damaged_recording_is_counted_and_the_others_go_on)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    give(h.ada, REVIEW, true);
    household_sql(&h, "UPDATE wrap SET sealed = zeroblob(length(sealed)) WHERE recording ="
                      " (SELECT min(recording) FROM wrap)");
    ck_fails(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report),
        VPRIV_E_AUTH);
    ck_assert_uint_eq(report.n_damaged, 1);
    ck_assert_uint_eq(report.n_opened, N_OLD - 1);
    ck_ok(household_hear(&h, &old[1], REVIEW));
}
END_TEST

START_TEST(arguments_are_checked)
{
    household other;
    vpriv_past_report none = {0};
    give(h.ada, REVIEW, true);
#define APPLY(vault, keyring, subject, purpose, actor, report)                                     \
    vpriv_consent_apply_to_past(vault, keyring, subject, purpose, actor, NULL, NULL, report)
    ck_fails(APPLY(NULL, h.keyring, h.ada, REVIEW, "ada", NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, NULL, h.ada, REVIEW, "ada", NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, h.keyring, NULL, REVIEW, "ada", NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, h.keyring, h.ada, (vpriv_purpose)32, "ada", NULL), VPRIV_E_ARG);
    ck_fails(
        APPLY(h.vault, h.keyring, h.ada, VPRIV_PURPOSE_EXECUTE_REQUEST, "ada", NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, h.keyring, h.ada, REVIEW, "", NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, h.keyring, h.ada, REVIEW, NULL, NULL), VPRIV_E_ARG);
    ck_fails(APPLY(h.vault, h.keyring, h.ada, REVIEW, "ada", &none), VPRIV_E_ARG);
    household_open(&other, HOUSEHOLD_FORGETS);
    ck_fails(APPLY(h.vault, other.keyring, h.ada, REVIEW, "ada", NULL), VPRIV_E_NO_KEY);
    ck_fails(APPLY(h.vault, h.keyring, other.ada, REVIEW, "ada", NULL), VPRIV_E_NOT_FOUND);
    household_close(&other);
    ck_ok(APPLY(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL));
#undef APPLY
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: consent that covers the past");
    TCase *tests = tcase_create("past");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, past_opens_for_the_purpose_with_its_key_alone);
    tcase_add_test(tests, without_covering_the_past_nothing_opens);
    tcase_add_test(tests, second_call_does_nothing);
    tcase_add_test(tests, every_key_that_is_taken_is_on_record);
    tcase_add_loop_test(tests, log_is_durable_before_a_key_is_taken, 0, 2);
    tcase_add_loop_test(tests, everybody_who_speaks_must_have_said_so, 0, 5);
    tcase_add_test(tests, withdrawal_afterwards_closes_all_of_it);
    tcase_add_loop_test(tests, giving_again_does_not_revive_by_itself, 0, 2);
    tcase_add_test(tests, what_nothing_opens_stays_closed);
    tcase_add_test(tests, what_is_set_aside_or_over_or_paused_is_left_alone);
    tcase_add_test(tests, term_of_the_purpose_follows);
    tcase_add_test(tests, counted_uses_are_neither_spent_nor_a_way);
    tcase_add_test(tests, stopped_in_the_middle_it_goes_on);
    tcase_add_loop_test(tests, withdrawal_in_the_middle_stops_it, 0, 2);
    tcase_add_test(tests, inventory_names_the_consent_in_force);
    tcase_add_loop_test(tests, tampered_amendments_do_not_authenticate, 0, 3);
    tcase_add_test(tests, damaged_recording_is_counted_and_the_others_go_on);
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
