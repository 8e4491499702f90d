/* The power is cut at every event of every call that changes a vault, in every way a disk may have
 * kept unsynced data: what was acknowledged is there, what was not is there as a whole or not at all,
 * nothing destroyed comes back, and no repair step is needed. */
#include "fault/attack.h"
#include "fault/cutvfs.h"
#include "fault/life.h"
#include "vault/sealer.h"
#include "vault/vacuum.h"
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>

#define RECORDINGS_MAX 8
#define N_LONG         16
#define BOTH_PURPOSES                                                                              \
    (VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY) | VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW))

struct bench;

/* One call under test, and what it may leave. */
struct workload {
    const char *name;
    void (*prepare)(struct bench *bench); /* beyond a settled-in vault with two recordings */
    vpriv_status (*act)(struct bench *bench);
    uint64_t step_events;   /* between cuts in make check; 0 is every event */
    uint32_t dead_purposes; /* of the recordings named by n_dead, once act is acknowledged */
    size_t n_dead;          /* the first so many */
    uint32_t dead_made;     /* bits: of what prepare made from the first recording */
};

struct bench {
    struct life life;
    const struct workload *workload;
    struct cutvfs_snapshot *start;
    struct memory_root start_root;
    vpriv_keyring *credential;
    vpriv_recording_id recordings[RECORDINGS_MAX];
    size_t n_recordings;
    vpriv_derivative_id made[2]; /* from the first recording: a transcript and a label */
    size_t n_made;
    uint8_t bob[VPRIV_SUBJECT_ID_BYTES]; /* where prepare added him */
    char *before;                        /* what the vault tells without, and with, the call */
    char *after;
    bool acknowledged;
    uint64_t acknowledged_frames; /* recording: committed and sealed */
    bool confirmed, finished;
    uint64_t n_trials;
};

static void record_one(struct bench *bench, uint32_t n_ms, uint32_t pitch_hz)
{
    life_record(&bench->life, n_ms, pitch_hz, &bench->recordings[bench->n_recordings++]);
}

static void put_back(struct bench *bench)
{
    cutvfs_restore(bench->start);
    bench->life.root = bench->start_root;
    bench->life.clock_us += 1000000;
}

static void set_up(struct bench *bench, const struct workload *workload)
{
    memset(bench, 0, sizeof *bench);
    bench->workload = workload;
    cutvfs_install();
    life_begin(&bench->life);
    bench->life.root.is_event = true;
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    record_one(bench, 100, 300);
    record_one(bench, 60, 500);
    ck_ok(vpriv_vault_capture_credential(bench->life.vault, &bench->credential));
    if (workload && workload->prepare)
        workload->prepare(bench);
    life_close(&bench->life);
    bench->start = cutvfs_snapshot();
    bench->start_root = bench->life.root;
}

static void tear_down(struct bench *bench)
{
    life_end(&bench->life);
    vpriv_keyring_close(bench->credential);
    cutvfs_snapshot_free(bench->start);
    free(bench->before);
    free(bench->after);
    cutvfs_uninstall();
}

static char *look(struct bench *bench)
{
    ck_ok(life_open(&bench->life));
    char *text = life_picture(&bench->life);
    life_close(&bench->life);
    return text;
}

/* With the whole old disk, the disk as it is, and the root as it is. */
static void nothing_dead_opens(struct bench *bench)
{
    struct attack *attack = attack_create(bench->life.root.record, bench->life.owner);
    struct cutvfs_snapshot *now = cutvfs_snapshot();
    ck_assert(attack_add_database(attack, bench->life.path));
    cutvfs_restore(bench->start);
    ck_assert(attack_add_database(attack, bench->life.path));
    cutvfs_restore(now);
    attack_add_root(attack, bench->life.root.record);
    attack_solve(attack);
    for (size_t i = 0; i < bench->n_recordings; i++) {
        const bool dead = i < bench->workload->n_dead;
        const uint32_t wanted = BOTH_PURPOSES & (dead ? ~bench->workload->dead_purposes : ~0u);
        ck_assert_uint_eq(attack_opens(attack, bench->recordings[i].bytes), wanted);
    }
    for (size_t i = 0; i < bench->n_made; i++)
        ck_assert_int_eq(attack_reads(attack, bench->recordings[0].bytes, bench->made[i].bytes),
            !(bench->workload->dead_made >> i & 1));
    attack_destroy(attack);
    cutvfs_snapshot_free(now);
}

static const char *name_of(const struct bench *bench, const struct cutvfs_trial *trial)
{
    static char text[160];
    snprintf(text, sizeof text, "%s, cut after %llu, %s, seed %llu, %sacknowledged",
        bench->workload->name, (unsigned long long)trial->cut, cutvfs_mode_name(trial->mode),
        (unsigned long long)trial->seed, bench->acknowledged ? "" : "not ");
    return text;
}

/* How many of its recordings a purge has told to be erased; in the order of their names. */
static size_t n_told;

static void work(void *user)
{
    struct bench *bench = user;
    bench->life.root = bench->start_root;
    bench->acknowledged = bench->confirmed = bench->finished = false;
    bench->acknowledged_frames = 0;
    n_told = 0;
    if (life_open(&bench->life) == VPRIV_OK)
        bench->acknowledged = bench->workload->act(bench) == VPRIV_OK;
    life_close(&bench->life);
}

static void open_again(struct bench *bench, const struct cutvfs_trial *trial)
{
    const vpriv_status opened = life_open(&bench->life);
    ck_assert_msg(opened == VPRIV_OK, "%s: does not open: %s: %s", name_of(bench, trial),
        vpriv_status_text(opened), vpriv_error_detail());
}

static void check_two_states(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    bench->n_trials++;
    if (bench->acknowledged && (bench->workload->n_dead > 0 || bench->workload->dead_made))
        nothing_dead_opens(bench);
    open_again(bench, trial);
    char *text = life_picture(&bench->life);
    const bool is_after = strcmp(text, bench->after) == 0;
    ck_assert_msg(is_after || (!bench->acknowledged && strcmp(text, bench->before) == 0), "%s: %s",
        name_of(bench, trial),
        life_difference(is_after || bench->acknowledged ? bench->after : bench->before, text));
    free(text);
    ck_assert_msg(life_strays(&bench->life) == 0, "%s: unconfirmed sound", name_of(bench, trial));
    ck_assert_msg(
        life_database_is_sound(&bench->life), "%s: integrity_check", name_of(bench, trial));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

static void cut_everywhere(struct bench *bench,
    void (*check)(void *user, const struct cutvfs_trial *trial), uint64_t least)
{
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = work,
        .check = check,
        .user = bench,
        .n_seeds = life_is_long() ? 4 : 1,
        .step_events = life_is_long() ? 1 : bench->workload->step_events};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("%-28s %4llu cuts, %5llu trials\n", bench->workload->name, (unsigned long long)n_cuts,
        (unsigned long long)bench->n_trials);
    ck_assert_uint_ge(n_cuts * plan.step_events, least);
}

/* ---- Calls that are one change ---- */

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

static void record_six(struct bench *bench)
{
    for (uint32_t i = 0; i < 4; i++)
        record_one(bench, 20, 900 + 100 * i);
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

/* A withdrawn consent and an erased recording leave work behind. */
static void leave_rubbish(struct bench *bench)
{
    record_six(bench);
    ck_ok(vpriv_vault_erase(bench->life.vault, bench->recordings + 2, 2, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_KEEP_HISTORY, NULL, NULL));
    ck_ok(vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
}

/* Long recordings are erased and their ciphertext is gone; the space is still the file's. One lies behind. */
static void leave_space(struct bench *bench)
{
    vpriv_recording_id erased[N_LONG + 1];
    uint64_t n_left = 1, n_shrinking = 0;
    erased[0] = bench->recordings[0];
    for (uint32_t i = 1; i <= N_LONG; i++)
        life_record(&bench->life, 9900, 600 + 10 * i, &erased[i]);
    record_one(bench, 40, 800);
    ck_ok(vpriv_vault_erase(bench->life.vault, erased, N_LONG + 1, NULL));
    while (n_left != n_shrinking) {
        ck_ok(vpriv_vault_tidy(bench->life.vault, 1, &n_left));
        ck_ok(vpi_vacuum_waiting(bench->life.vault, &n_shrinking));
        ck_assert_uint_gt(n_left, 0);
    }
}

static vpriv_status tidy(struct bench *bench)
{
    return vpriv_vault_tidy(bench->life.vault, 100, NULL);
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

static const struct workload two_state_workloads[] = {
    {"erase one", NULL, erase_one, 2, BOTH_PURPOSES, 1, 0},
    {"erase many", record_six, erase_many, 3, BOTH_PURPOSES, 5, 0},
    {"purge", record_six, purge_many, 3, BOTH_PURPOSES, 5, 0},
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
    set_up(bench, workload);
    put_back(bench);
    bench->before = look(bench);
    put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(bench->workload->act(bench));
    life_close(&bench->life);
    bench->after = look(bench);
    cut_everywhere(bench, check_two_states, 15);
    tear_down(bench);
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

/* ---- Housekeeping: several steps, each a whole ---- */

/* Nothing comes back, and housekeeping can be done to its end. */
static void check_tidy(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    uint64_t n_left = 1;
    bench->n_trials++;
    nothing_dead_opens(bench);
    open_again(bench, trial);
    ck_ok(vpriv_vault_tidy(bench->life.vault, 1000, &n_left));
    ck_assert_uint_eq(n_left, 0);
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strcmp(text, bench->after) == 0, "%s: %s", name_of(bench, trial),
        life_difference(bench->after, text));
    free(text);
    ck_assert(life_database_is_sound(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

static uint64_t file_pages(struct bench *bench)
{
    int64_t n = 0;
    ck_ok(vpi_database_int(bench->life.vault->database, &n, "PRAGMA page_count", ""));
    return (uint64_t)n;
}

/* Besides: the disk has its space back. */
static uint64_t pages_after;

static void check_space(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    check_tidy(user, trial);
    open_again(bench, trial);
    const uint64_t n_pages = file_pages(bench);
    ck_assert_msg(n_pages <= pages_after + 32, "%s: %llu pages, and %llu without a cut",
        name_of(bench, trial), (unsigned long long)n_pages, (unsigned long long)pages_after);
    life_close(&bench->life);
}

START_TEST(space_comes_back_after_any_cut)
{
    static const struct workload workload = {"vacuum", leave_space, tidy, 5, BOTH_PURPOSES, 1, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, &workload);
    put_back(bench);
    ck_ok(life_open(&bench->life));
    const uint64_t n_pages = file_pages(bench);
    ck_ok(tidy(bench));
    pages_after = file_pages(bench);
    ck_assert_uint_ge(n_pages, pages_after + 2 * 32); /* several steps */
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cut_everywhere(bench, check_space, 60);
    tear_down(bench);
    free(bench);
}
END_TEST

static bool hear_told(void *user, const vpriv_purge_report *so_far)
{
    (void)user;
    n_told = (size_t)so_far->n_recordings;
    return true;
}

static vpriv_status purge_windows(struct bench *bench)
{
    const vpriv_purge_criteria criteria = {.struct_size = sizeof criteria,
        .recordings = bench->recordings,
        .n_recordings = 5,
        .window = 2};
    n_told = 0;
    return vpriv_purge(bench->life.vault, &criteria, hear_told, bench, NULL, NULL);
}

/* What was told stays erased, old copies of the disk included, and a purge goes on where it ended. */
static void check_purge(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    const struct workload *workload = bench->workload;
    struct workload told = *workload;
    bench->n_trials++;
    open_again(bench, trial);
    for (size_t i = 0; i < n_told; i++) {
        vpriv_recording_info info;
        ck_ok(vpriv_recording_about(bench->life.vault, &bench->recordings[i], &info));
        ck_assert_msg(
            info.state == VPRIV_RECORDING_SHREDDED, "%s: told, and there", name_of(bench, trial));
    }
    ck_ok(purge_windows(bench));
    life_close(&bench->life);
    told.n_dead = 5;
    bench->workload = &told;
    nothing_dead_opens(bench);
    bench->workload = workload;
    open_again(bench, trial);
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strcmp(text, bench->after) == 0, "%s: %s", name_of(bench, trial),
        life_difference(bench->after, text));
    free(text);
    ck_assert(life_database_is_sound(&bench->life));
    life_close(&bench->life);
}

START_TEST(a_purge_goes_on_after_any_cut)
{
    static const struct workload workload = {
        "purge in windows", record_six, purge_windows, 5, BOTH_PURPOSES, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, &workload);
    put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(purge_windows(bench));
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cut_everywhere(bench, check_purge, 60);
    tear_down(bench);
    free(bench);
}
END_TEST

START_TEST(housekeeping_resumes)
{
    static const struct workload workload = {"tidy", leave_rubbish, tidy, 8, BOTH_PURPOSES, 6, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, &workload);
    put_back(bench);
    ck_ok(life_open(&bench->life));
    ck_ok(tidy(bench));
    bench->after = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cut_everywhere(bench, check_tidy, 60);
    tear_down(bench);
    free(bench);
}
END_TEST

/* ---- Recording ---- */

#define BLOCK_PACKETS 10
#define BLOCK_FRAMES  (BLOCK_PACKETS * LIFE_RATE_HZ / 50)

/* Ten packets of 20 ms that decode to next to nothing. */
static void fill_block(uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES], uint64_t start_48k)
{
    static vpi_block_builder builder;
    const uint8_t packet[] = {0x48, 0x80, 0x12, 0x34};
    vpi_block_clear(&builder, start_48k);
    for (int i = 0; i < BLOCK_PACKETS; i++)
        ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
    vpi_block_finish(&builder, plain_out);
}

static vpriv_status seal(struct bench *bench, vpriv_vault *vault)
{
    static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
    const uint64_t block_48k = BLOCK_FRAMES * UINT64_C(48000) / LIFE_RATE_HZ;
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    vpi_sealer *sealer = NULL;
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], bench->life.ada, VPI_SUBJECT_ID_BYTES);
    request.tag.trigger = VPRIV_TRIGGER_BUTTON;
    request.tag.retention = VPRIV_RETENTION_90_DAYS;
    request.tag.rate_hz = LIFE_RATE_HZ;
    request.tag.n_channels = 1;
    request.tag.started_us = bench->life.clock_us;
    vpriv_status st = vpi_sealer_create(vault, &request, &sealer);
    fill_block(plain, 0);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 1);
    if (st == VPRIV_OK)
        st = vpi_sealer_commit(sealer);
    if (st == VPRIV_OK) {
        bench->confirmed = true;
        bench->acknowledged_frames = BLOCK_FRAMES;
        fill_block(plain, block_48k);
        fill_block(plain + VPI_BLOCK_PLAIN_BYTES, 2 * block_48k);
        st = vpi_sealer_write(sealer, plain, 2);
    }
    if (st == VPRIV_OK) {
        bench->acknowledged_frames = 3 * BLOCK_FRAMES;
        fill_block(plain, 3 * block_48k);
        st = vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 4 * block_48k);
    }
    if (st == VPRIV_OK) {
        bench->acknowledged_frames = 4 * BLOCK_FRAMES;
        bench->finished = true;
    }
    vpi_sealer_destroy(sealer);
    return st;
}

static vpriv_status seal_with_root(struct bench *bench)
{
    return seal(bench, bench->life.vault);
}

static vpriv_status seal_for_capture(struct bench *bench)
{
    vpriv_vault *capture = NULL;
    vpriv_status st =
        vpriv_vault_open_for_capture(bench->life.path, bench->credential, NULL, &capture);
    if (st == VPRIV_OK)
        st = seal(bench, capture);
    vpriv_vault_close(capture);
    return st;
}

struct newest {
    size_t n;
    vpriv_recording_info info;
};

static bool keep_newest(void *user, const vpriv_recording_info *info)
{
    struct newest *newest = user;
    newest->n++;
    newest->info = *info;
    return true;
}

static void check_recording(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    struct newest newest = {.n = 0};
    bench->n_trials++;
    open_again(bench, trial);
    ck_ok(vpriv_recording_list(bench->life.vault, NULL, keep_newest, &newest));
    const bool is_there = newest.n == bench->n_recordings + 1;
    ck_assert_msg(is_there || newest.n == bench->n_recordings, "%s: %zu recordings",
        name_of(bench, trial), newest.n);
    ck_assert_msg(
        is_there || !bench->confirmed, "%s: a confirmed recording is gone", name_of(bench, trial));
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strncmp(text, bench->before, strlen(bench->before)) == 0, "%s: %s",
        name_of(bench, trial), life_difference(bench->before, text));
    free(text);
    if (is_there) {
        const struct life_sound sound =
            life_listen(&bench->life, &newest.info.id, VPRIV_PURPOSE_KEEP_HISTORY);
        ck_assert_msg(sound.status == VPRIV_OK, "%s: the recording does not open: %s",
            name_of(bench, trial), vpriv_status_text(sound.status));
        ck_assert_msg(sound.n_frames >= bench->acknowledged_frames, "%s: %llu frames of %llu",
            name_of(bench, trial), (unsigned long long)sound.n_frames,
            (unsigned long long)bench->acknowledged_frames);
        ck_assert_msg(
            !bench->finished || !sound.is_unfinished, "%s: not finished", name_of(bench, trial));
    }
    ck_assert_msg(life_strays(&bench->life) == 0, "%s: unconfirmed sound", name_of(bench, trial));
    ck_assert(life_database_is_sound(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

static void cut_recording(const struct workload *workload)
{
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, workload);
    put_back(bench);
    ck_ok(life_open(&bench->life));
    bench->before = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cut_everywhere(bench, check_recording, 30);
    tear_down(bench);
    free(bench);
}

/* Through a recorder with its thread: 120 ms before the trigger, some after it. */
static vpriv_status record_live(struct bench *bench)
{
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_WAKE_WORD};
    const vpriv_recorder_config config = life_recorder_config(bench->life.ada);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_source *source = life_source(400, 800, false);
    vpriv_recorder *recorder = NULL;
    ck_ok(vpriv_recorder_open(bench->life.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
    vpriv_status st = vpriv_recorder_trigger(recorder, &trigger);
    if (st == VPRIV_OK)
        st = vpriv_recorder_confirm(recorder);
    bench->confirmed = st == VPRIV_OK;
    for (int i = 0; i < 20 && vpriv_capture_push_space(source) < 500 * LIFE_RATE_HZ / 1000; i++)
        usleep(1000);
    const vpriv_status stopped = vpriv_recorder_stop(recorder, &outcome);
    if (st == VPRIV_OK && stopped == VPRIV_OK && outcome.status == VPRIV_OK && outcome.is_stored) {
        bench->finished = true;
        bench->acknowledged_frames = outcome.n_frames_48k * LIFE_RATE_HZ / 48000;
    }
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return st;
}

static const struct workload recording_workloads[] = {
    {"record, block by block", NULL, seal_with_root, 2, 0, 0, 0},
    {"record without the root", NULL, seal_for_capture, 2, 0, 0, 0},
    {"record live", NULL, record_live, 3, 0, 0, 0},
};

START_TEST(a_recording_is_kept_as_far_as_it_was_sealed)
{
    cut_recording(&recording_workloads[_i]);
}
END_TEST

/* A trigger that is rejected: nothing of it, whenever the power fails. */
static vpriv_status trigger_and_reject(struct bench *bench)
{
    static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    vpi_sealer *sealer = NULL;
    bool closed = false;
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], bench->life.ada, VPI_SUBJECT_ID_BYTES);
    request.tag.trigger = VPRIV_TRIGGER_BUTTON;
    request.tag.retention = VPRIV_RETENTION_90_DAYS;
    request.tag.rate_hz = LIFE_RATE_HZ;
    request.tag.n_channels = 1;
    request.tag.started_us = bench->life.clock_us;
    vpriv_status st = vpi_sealer_create(bench->life.vault, &request, &sealer);
    fill_block(plain, 0);
    fill_block(plain + VPI_BLOCK_PLAIN_BYTES, 0);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 2);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 1);
    if (st == VPRIV_OK)
        st = vpi_sealer_reject(sealer, 6, &closed);
    vpi_sealer_destroy(sealer);
    return st;
}

START_TEST(s18_an_unconfirmed_trigger_leaves_nothing_at_any_cut)
{
    static const struct workload workload = {
        "trigger and reject", NULL, trigger_and_reject, 4, 0, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, &workload);
    put_back(bench);
    bench->before = look(bench);
    bench->after = strdup(bench->before);
    cut_everywhere(bench, check_two_states, 15);
    tear_down(bench);
    free(bench);
}
END_TEST

/* ---- Creation ---- */

static void remove_plain_files(struct bench *bench)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-reserve", "-lock"};
    char name[LIFE_PATH_BYTES + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", bench->life.path, suffixes[i]);
        unlink(name);
        (void)cutvfs_file_remove(name);
    }
}

static void create_work(void *user)
{
    struct bench *bench = user;
    remove_plain_files(bench);
    bench->life.root = bench->start_root;
    bench->acknowledged = life_create(&bench->life) == VPRIV_OK;
    life_close(&bench->life);
}

static void check_created(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    bench->n_trials++;
    const vpriv_status opened = life_open(&bench->life);
    if (opened == VPRIV_OK) {
        char *text = life_picture(&bench->life);
        ck_assert_str_eq(text, bench->after);
        free(text);
        ck_assert(life_database_is_sound(&bench->life));
        if (bench->acknowledged)
            life_goes_on(&bench->life);
    } else {
        ck_assert_msg(!bench->acknowledged, "%s: %s", name_of(bench, trial), vpriv_error_detail());
        ck_assert_msg(
            opened == VPRIV_E_FORMAT || opened == VPRIV_E_ROOT || opened == VPRIV_E_NOT_FOUND,
            "%s: half a vault says %s: %s", name_of(bench, trial), vpriv_status_text(opened),
            vpriv_error_detail());
    }
    life_close(&bench->life);
    /* Whatever is left is not in the way once it is removed. */
    remove_plain_files(bench);
    bench->life.root = bench->start_root;
    ck_ok(life_create(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

START_TEST(a_vault_is_made_whole_or_not)
{
    static const struct workload workload = {"vault create", NULL, NULL, 0, 0, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    bench->workload = &workload;
    cutvfs_install();
    life_begin(&bench->life);
    bench->life.root.is_event = true;
    bench->start_root = bench->life.root;
    bench->start = cutvfs_snapshot();
    ck_ok(life_create(&bench->life));
    bench->after = life_picture(&bench->life);
    life_close(&bench->life);
    ck_assert_str_ne(bench->after, "");
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = create_work,
        .check = check_created,
        .user = bench,
        .n_seeds = life_is_long() ? 4 : 1,
        .step_events = life_is_long() ? 1 : 4};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("%-28s %4llu cuts, %5llu trials\n", workload.name, (unsigned long long)n_cuts,
        (unsigned long long)bench->n_trials);
    ck_assert_uint_ge(n_cuts * plan.step_events, 60);
    tear_down(bench);
    free(bench);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("fault: power cuts");
    TCase *tcase = tcase_create("cuts");
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_loop_test(tcase, s2_a_yes_or_a_no_is_there_or_not_at_any_cut, 0, N_CONSENT);
    tcase_add_loop_test(tcase, a_change_is_there_or_not, 0, N_TWO_STATE);
    tcase_add_test(tcase, housekeeping_resumes);
    tcase_add_test(tcase, space_comes_back_after_any_cut);
    tcase_add_test(tcase, a_purge_goes_on_after_any_cut);
    tcase_add_loop_test(tcase, a_recording_is_kept_as_far_as_it_was_sealed, 0, 3);
    tcase_add_test(tcase, s18_an_unconfirmed_trigger_leaves_nothing_at_any_cut);
    tcase_add_test(tcase, a_vault_is_made_whole_or_not);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite());
}
