/* Calls that are one change: there or not. */
#include "cuts.h"
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>

static vpriv_status give(struct bench *bench)
{
    return life_give(&bench->life, bench->life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE);
}

static vpriv_status withdraw(struct bench *bench)
{
    return vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
}

static vpriv_status erase_one(struct bench *bench)
{
    return vpriv_vault_erase(bench->life.vault, bench->recordings, 1, NULL);
}

static vpriv_status erase_many(struct bench *bench)
{
    return vpriv_vault_erase(bench->life.vault, bench->recordings, 5, NULL);
}

static vpriv_status purge_many(struct bench *bench)
{
    const vpriv_purge_criteria criteria = {.struct_size = sizeof criteria,
        .recordings = bench->recordings,
        .n_recordings = 5,
        .window = 16};
    return vpriv_purge(bench->life.vault, &criteria, NULL, NULL, NULL, NULL);
}

static vpriv_status erase_ada(struct bench *bench)
{
    return vpriv_subject_erase(bench->life.vault, bench->life.ada, NULL);
}

/* Both recordings are due; the clock was moved far, and somebody said that it is right. */
static void let_them_run_out(struct bench *bench)
{
    bench->life.clock_us += 91 * INT64_C(86400) * 1000000;
    ck_ok(vpriv_retention_trust_clock(bench->life.vault, "test"));
}

static vpriv_status run_retention(struct bench *bench)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    const vpriv_status st = vpriv_retention_run(bench->life.vault, 60000, &report);
    if (st == VPRIV_OK)
        ck_assert_uint_eq(report.n_expired, 2);
    return st;
}

static vpriv_status hear(struct bench *bench)
{
    return life_listen(&bench->life, &bench->recordings[0], VPRIV_PURPOSE_KEEP_HISTORY).status;
}

static vpriv_status add_notice(struct bench *bench)
{
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "review",
        .version = "7",
        .language = "en",
        .text = "People listen.",
        .text_bytes = 14};
    return vpriv_notice_add(bench->life.vault, &notice, NULL);
}

static vpriv_status add_subject(struct bench *bench)
{
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    return vpriv_subject_add(bench->life.vault, VPRIV_SUBJECT_CHILD, "Cem", "home", subject);
}

static vpriv_status only_open(struct bench *bench)
{
    (void)bench;
    return VPRIV_OK;
}

/* Two recordings of a process without the root, one of them never finished. */
static void capture_two(struct bench *bench)
{
    vpriv_vault *capture = NULL;
    vpriv_outcome outcome;
    life_close(&bench->life);
    ck_ok(vpriv_vault_open_for_capture(bench->life.path, bench->credential, NULL, &capture));
    for (uint32_t i = 0; i < 2; i++) {
        ck_ok(life_record_into(&bench->life, capture, bench->life.ada, 40, 1300 + i, &outcome));
        bench->recordings[bench->n_recordings++] = outcome.recording;
    }
    vpriv_vault_close(capture);
}

/* S2: at every write. */
static const struct workload consent_workloads[] = {
    {"consent give", NULL, give, 1, 0, 0, 0},
    {"consent withdraw", NULL, withdraw, 1, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), 2, 0},
};
#define N_CONSENT (sizeof consent_workloads / sizeof consent_workloads[0])

static vpriv_status make(struct bench *bench, vpriv_derivative_kind kind, vpriv_purpose purpose)
{
    static const char content[5000] = "lights on";
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = kind,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(purpose)};
    return vpriv_derivative_add(bench->life.vault, &bench->recordings[0], &about, content,
        sizeof content, &bench->made[bench->n_made]);
}

static vpriv_status add_one(struct bench *bench)
{
    bench->n_made = 0;
    return make(bench, VPRIV_DERIVATIVE_TRANSCRIPT, VPRIV_PURPOSE_KEEP_HISTORY);
}

/* For one purpose each. */
static void make_two(struct bench *bench)
{
    ck_ok(make(bench, VPRIV_DERIVATIVE_TRANSCRIPT, VPRIV_PURPOSE_KEEP_HISTORY));
    bench->n_made++;
    ck_ok(make(bench, VPRIV_DERIVATIVE_LABEL, VPRIV_PURPOSE_HUMAN_REVIEW));
    bench->n_made++;
}

static vpriv_status erase_made(struct bench *bench)
{
    return vpriv_derivative_erase(bench->life.vault, &bench->made[0], NULL);
}

static vpriv_status read_nothing(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_OK;
}

static vpriv_status read_made(struct bench *bench)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "test"};
    return vpriv_gate_read_derivative(
        bench->life.vault, bench->life.owner, &bench->made[0], &request, read_nothing, NULL);
}

/* Bob lets the past be kept, and no more. */
static void meet_bob(struct bench *bench)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "history", .covers_past = true};
    ck_ok(vpriv_subject_add(bench->life.vault, VPRIV_SUBJECT_USER, "Bob", NULL, bench->bob));
    ck_ok(
        vpriv_consent_give(bench->life.vault, bench->bob, VPRIV_PURPOSE_KEEP_HISTORY, &past, NULL));
}

static vpriv_status add_bob(struct bench *bench)
{
    return vpriv_recording_add_speaker(bench->life.vault, &bench->recordings[0], bench->bob,
        VPRIV_SUBJECT_USER, "test", NULL, NULL);
}

static vpriv_status add_somebody(struct bench *bench)
{
    return vpriv_recording_add_speaker(
        bench->life.vault, &bench->recordings[0], NULL, VPRIV_SUBJECT_GUEST, "test", NULL, NULL);
}

static vpriv_status set_one_aside(struct bench *bench)
{
    return vpriv_recording_restrict(
        bench->life.vault, &bench->recordings[0], 1, VPRIV_RESTRICTION_DISPUTE, "tester", "why");
}

static const struct workload two_state_workloads[] = {
    {"set aside", NULL, set_one_aside, 2, 0, 0, 0},
    {"erase one", NULL, erase_one, 2, BOTH_PURPOSES, 1, 0},
    {"erase many", cuts_record_six, erase_many, 3, BOTH_PURPOSES, 5, 0},
    {"purge", cuts_record_six, purge_many, 3, BOTH_PURPOSES, 5, 0},
    {"subject erase", NULL, erase_ada, 3, BOTH_PURPOSES, 2, 0},
    {"retention run", let_them_run_out, run_retention, 2, BOTH_PURPOSES, 2, 0},
    {"gate open", NULL, hear, 2, 0, 0, 0},
    {"notice add", NULL, add_notice, 4, 0, 0, 0},
    {"subject add", NULL, add_subject, 4, 0, 0, 0},
    {"open with adoption", capture_two, only_open, 3, 0, 0, 0},
    {"withdraw with adoption", capture_two, withdraw, 3,
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), 4, 0},
    {"derivative add", NULL, add_one, 1, 0, 0, 0},
    {"derivative erase", make_two, erase_made, 1, 0, 0, 1},
    {"derivative read", make_two, read_made, 2, 0, 0, 0},
    {"erase with derivatives", make_two, erase_one, 2, BOTH_PURPOSES, 1, 3},
    {"withdraw with derivatives", make_two, withdraw, 2,
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), 2, 2},
    {"speaker add", meet_bob, add_bob, 3, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), 1, 0},
    {"speaker add, and nothing left", NULL, add_somebody, 3, BOTH_PURPOSES, 1, 0},
};
#define N_TWO_STATE (sizeof two_state_workloads / sizeof two_state_workloads[0])

static void is_there_or_not(const struct workload *workload)
{
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, workload);
    cuts_put_back(bench);
    bench->before = cuts_look(bench);
    cuts_put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(bench->workload->act(bench));
    life_close(&bench->life);
    bench->after = cuts_look(bench);
    cuts_everywhere(bench, cuts_check_two_states, 15);
    cuts_tear_down(bench);
    free(bench);
}

START_TEST(s2_a_yes_or_a_no_is_there_or_not_at_any_cut)
{
    is_there_or_not(&consent_workloads[_i]);
}
END_TEST

START_TEST(a_change_is_there_or_not)
{
    is_there_or_not(&two_state_workloads[_i]);
}
END_TEST

void cuts_add_changes(TCase *tests)
{
    tcase_add_loop_test(tests, s2_a_yes_or_a_no_is_there_or_not_at_any_cut, 0, N_CONSENT);
    tcase_add_loop_test(tests, a_change_is_there_or_not, 0, N_TWO_STATE);
}
