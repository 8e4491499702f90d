/* From the trigger to the end: accidental wakes leave nothing (P5), the recorder cannot read back
 * (P6), a withdrawal anywhere ends the recording, and every state takes only its own calls. */
#include "household.h"
#include "recorder/stream.h"
#include "vault/policy.h"
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

static household h;
static vpriv_source *source;
static vpriv_recorder *recorder;
static int16_t tone[RATE * 10];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_tone(tone, RATE * 10, 440, 0.4);
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source));
}

static void tear_down(void)
{
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    recorder = NULL;
    household_close(&h);
}

static void nap(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void push_ms(size_t ms)
{
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(source, tone, ms * RATE / 1000, &n_taken));
    ck_assert_uint_eq(n_taken, ms * RATE / 1000);
}

static bool wait_for(vpriv_recorder_state state)
{
    for (int i = 0; i < 1000 && vpriv_recorder_state_now(recorder) != state; i++)
        nap(5);
    return vpriv_recorder_state_now(recorder) == state;
}

/* Until the recorder has taken what was pushed. */
static void wait_until_read(void)
{
    const size_t all = (size_t)RATE * VPRIV_PUSH_BUFFER_MAX_MS / 1000;
    for (int i = 0; i < 1000 && vpriv_capture_push_space(source) < all; i++)
        nap(5);
    nap(10);
}

static void start(uint32_t unsealed_ms, uint32_t confirm_ms)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.unsealed_ms = unsealed_ms;
    config.confirm_ms = confirm_ms;
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
}

static int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

/* Provisional with blocks on the disk already. */
static void go_provisional(void)
{
    push_ms(500);
    wait_until_read();
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    for (int i = 0; i < 100 && blocks_on_disk() == 0; i++) {
        push_ms(20);
        nap(20);
    }
    ck_assert_int_gt(blocks_on_disk(), 0);
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_PROVISIONAL);
}

static void ck_nothing_left(void)
{
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(blocks_on_disk(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM wrap"), 0);
}

START_TEST(rejected_trigger_leaves_nothing)
{
    start(100, 30000);
    for (int i = 0; i < 2; i++) {
        go_provisional();
        ck_ok(vpriv_recorder_reject(recorder));
        ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_RING);
        ck_nothing_left();
    }
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(!outcome.is_stored);
}
END_TEST

START_TEST(unconfirmed_trigger_times_out_and_leaves_nothing)
{
    start(100, 400);
    go_provisional();
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    ck_nothing_left();
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_STATE);
    /* And listening goes on. */
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(recorder));
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(outcome.is_stored);
}
END_TEST

START_TEST(stopping_or_closing_unconfirmed_leaves_nothing)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    start(100, 30000);
    go_provisional();
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(!outcome.is_stored);
    ck_nothing_left();
    ck_ok(vpriv_recorder_start(recorder));
    go_provisional();
    vpriv_recorder_close(recorder);
    recorder = NULL;
    ck_nothing_left();
}
END_TEST

START_TEST(end_of_the_source_before_confirm_leaves_nothing)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    start(100, 30000);
    go_provisional();
    ck_ok(vpriv_capture_push_end(source));
    ck_assert(wait_for(VPRIV_RECORDER_ENDED));
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_STATE);
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(!outcome.is_stored);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_SOURCE_ENDED);
    ck_nothing_left();
}
END_TEST

START_TEST(consent_gone_before_confirm_leaves_nothing)
{
    start(1000, 30000);
    push_ms(300);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    household_withdraw(&h, h.ada, KEEP);
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_CONSENT);
    ck_assert_str_ne(vpriv_error_detail(), "");
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_RING);
    ck_nothing_left();
    ck_fails(vpriv_recorder_trigger(recorder, &household_button), VPRIV_E_CONSENT);
}
END_TEST

/* In a process of its own: records with the vault's files, and is killed. */
static void be_killed(vpriv_recorder_state in_state, int ready)
{
    h.root = household_root(h.cell);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    start(100, 30000);
    if (in_state == VPRIV_RECORDER_PROVISIONAL) {
        go_provisional();
    } else if (in_state == VPRIV_RECORDER_COMMITTED) {
        go_provisional();
        ck_ok(vpriv_recorder_confirm(recorder));
        push_ms(1000);
        wait_until_read();
        nap(300);
    } else {
        push_ms(1000);
        wait_until_read();
    }
    ck_assert_int_eq(write(ready, "r", 1), 1);
    for (;;)
        pause();
}

static pid_t start_recording_process(vpriv_recorder_state in_state)
{
    int pipe_ends[2];
    char byte;
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_assert_int_eq(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        be_killed(in_state, pipe_ends[1]);
    close(pipe_ends[1]);
    ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 1);
    close(pipe_ends[0]);
    return child;
}

START_TEST(death_while_provisional_leaves_nothing_at_the_next_opening)
{
    household_attacker attacker;
    const pid_t child = start_recording_process(VPRIV_RECORDER_PROVISIONAL);
    /* Alive, it is left alone. */
    household_reopen(&h);
    ck_ok(vpriv_vault_tidy(h.vault, 10, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 1"), 1);
    ck_assert_int_gt(blocks_on_disk(), 0);
    household_copy(&h, "before");
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_gt(blocks_on_disk(), 0);
    household_reopen(&h);
    ck_nothing_left();
    /* Its key was never on the disk: every key of the vault there is opens none of its blocks. */
    household_attack(&h, "before", &attacker);
    ck_assert_uint_gt(attacker.n_keys, 5);
    household_attack_end(&attacker);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
}
END_TEST

START_TEST(death_while_listening_leaves_nothing)
{
    const pid_t child = start_recording_process(VPRIV_RECORDER_RING);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_nothing_left();
    household_reopen(&h);
    ck_nothing_left();
}
END_TEST

static bool take_id(void *user, const vpriv_recording_info *info)
{
    *(vpriv_recording_info *)user = *info;
    return true;
}

START_TEST(death_after_confirm_keeps_what_was_sealed)
{
    vpriv_recording_info info = {.struct_size = sizeof info};
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_reader_info about = {.struct_size = sizeof about};
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t n_48k = 0, n_frames = 0;
    const pid_t child = start_recording_process(VPRIV_RECORDER_COMMITTED);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    household_reopen(&h);
    ck_ok(vpriv_recording_list(h.vault, NULL, take_id, &info));
    ck_assert_int_eq(info.end_reason, VPRIV_END_UNFINISHED);
    ck_assert_uint_eq(info.duration_us, 0);
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &info.id, &request, &reader));
    ck_ok(vpriv_gate_about(reader, &about));
    ck_assert(about.is_unfinished);
    while (!packet.is_end) {
        ck_ok(vpriv_gate_read_packet(reader, &packet));
        n_48k += packet.duration_frames_48k;
    }
    vpriv_gate_close(reader);
    ck_assert_uint_ge(n_48k, 48000); /* of more than a second and a half */
    /* Frames: exactly those of its packets, without the pre-skip. */
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &info.id, &request, &reader));
    for (size_t n = 1; n > 0; n_frames += n) {
        float pcm[500];
        ck_ok(vpriv_gate_read_frames(reader, pcm, 500, &n));
    }
    vpriv_gate_close(reader);
    ck_assert_uint_lt(n_frames, n_48k / 3);
    ck_assert_uint_gt(n_frames, n_48k / 3 - RATE / 50);
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
}
END_TEST

static vpriv_root_store *second_root;

/* As another process would: a handle and a root store of its own. */
static vpriv_vault *open_second(void)
{
    vpriv_vault *second = NULL;
    second_root = household_root(h.cell);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_open(h.path, second_root, &options, &second));
    return second;
}

static void close_second(vpriv_vault *second)
{
    vpriv_vault_close(second);
    vpriv_root_close(second_root);
}

/* The withdrawal comes from somewhere else; the recording ends by itself within a second. */
static void ck_ended_by_withdrawal(void)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    for (int i = 0; i < 200 && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED; i++) {
        push_ms(20);
        nap(20);
    }
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_ENDED);
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
    ck_assert_int_eq(outcome.status, VPRIV_E_CONSENT);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
    uint64_t n_left = 1;
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_assert_int_eq(blocks_on_disk(), 0);
}

static void record_live(void)
{
    start(200, 30000);
    push_ms(200);
    wait_until_read();
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(recorder));
    for (int i = 0; i < 20; i++) {
        push_ms(20);
        nap(20);
    }
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_COMMITTED);
}

START_TEST(withdrawal_through_another_handle_ends_the_recording)
{
    record_live();
    vpriv_vault *second = open_second();
    ck_ok(vpriv_consent_withdraw(second, h.ada, KEEP, NULL, NULL));
    close_second(second);
    ck_ended_by_withdrawal();
}
END_TEST

START_TEST(s2_withdrawal_by_another_process_ends_the_recording)
{
    int status = 0;
    record_live();
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        vpriv_vault *second = open_second();
        const vpriv_status st = vpriv_consent_withdraw(second, h.ada, KEEP, NULL, NULL);
        vpriv_vault_close(second);
        _exit(st == VPRIV_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_ended_by_withdrawal();
}
END_TEST

/* Stopped within the second in which consent went: the last block holds no sound from after it, also
 * when another purpose keeps the recording alive. */
START_TEST(s2_nothing_from_after_a_withdrawal_is_in_the_last_block)
{
    const vpriv_purpose review = VPRIV_PURPOSE_HUMAN_REVIEW;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recording_info info;
    household_give(&h, h.ada, review);
    start(1000, 30000);
    push_ms(600);
    wait_until_read();
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(recorder));
    vpriv_vault *second = open_second();
    ck_ok(vpriv_consent_withdraw(second, h.ada, KEEP, NULL, NULL));
    close_second(second);
    push_ms(500);
    wait_until_read();
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
    ck_assert_int_eq(outcome.status, VPRIV_E_CONSENT);
    ck_assert_uint_le(outcome.n_frames_48k, 48 * 520); /* the pre-roll of half a second */
    ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
    ck_assert_int_eq(info.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
    ck_assert_uint_eq(info.duration_us, outcome.n_frames_48k * 1000 / 48);
    ck_ok(household_hear(&h, &outcome.recording, review));
}
END_TEST

/* What cannot be handed over is refused again and again, and never written anywhere else. */
START_TEST(blocks_that_are_refused_stay_within_their_batch)
{
    uint8_t packet[1000] = {0x48};
    vpi_stream *stream = NULL;
    const vpi_sealer_request request = household_request(h.ada);
    int n_refused = 0;
    ck_ok(vpi_stream_create(h.vault, &request, SECOND_US, &stream));
    ck_ok(vpi_stream_commit(stream));
    household_withdraw(&h, h.ada, KEEP);
    for (int i = 0; i < 200; i++) {
        const vpriv_status st = vpi_stream_packet(stream, packet, sizeof packet, 960);
        ck_assert(st == VPRIV_OK || st == VPRIV_E_CONSENT);
        n_refused += st == VPRIV_E_CONSENT;
    }
    ck_assert_int_ge(n_refused, 100);
    ck_assert_int_eq(blocks_on_disk(), 0);
    vpi_stream_destroy(stream);
}
END_TEST

START_TEST(person_erased_while_recording_leaves_a_tombstone)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    record_live();
    vpriv_vault *second = open_second();
    ck_ok(vpriv_subject_erase(second, h.ada, NULL));
    close_second(second);
    for (int i = 0; i < 200 && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED; i++) {
        push_ms(20);
        nap(20);
    }
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(!outcome.is_stored);
    ck_assert_int_ne(outcome.status, VPRIV_OK);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_ERASED);
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(blocks_on_disk(), 0);
}
END_TEST

START_TEST(erasing_everything_while_recording_leaves_a_tombstone)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    record_live();
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, NULL));
    for (int i = 0; i < 200 && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED; i++) {
        push_ms(20);
        nap(20);
    }
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(!outcome.is_stored);
    ck_assert_int_eq(outcome.status, VPRIV_E_ERASED);
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(blocks_on_disk(), 0);
}
END_TEST

START_TEST(consent_that_runs_out_ends_the_recording)
{
    household_withdraw(&h, h.ada, KEEP);
    ck_ok(household_give_with(&h, h.ada, KEEP,
        (vpriv_consent_evidence){.valid_until_us = h.cell->now_us + 60 * SECOND_US}));
    record_live();
    household_pass(&h, 61 * SECOND_US);
    for (int i = 0; i < 200 && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED; i++) {
        push_ms(20);
        nap(20);
    }
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
}
END_TEST

START_TEST(each_state_takes_its_own_calls_only)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), VPRIV_RECORDER_IDLE);
    ck_fails(vpriv_recorder_trigger(recorder, &household_button), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_reject(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_stop(recorder, &outcome), VPRIV_E_STATE);
    ck_ok(vpriv_recorder_start(recorder));
    ck_fails(vpriv_recorder_start(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_run(recorder, &household_button, NULL), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_reject(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_trigger(recorder, NULL), VPRIV_E_ARG);
    vpriv_trigger bad = household_button;
    bad.kind = (vpriv_trigger_kind)0;
    ck_fails(vpriv_recorder_trigger(recorder, &bad), VPRIV_E_ARG);
    bad = household_button;
    bad.score = 1.5f;
    ck_fails(vpriv_recorder_trigger(recorder, &bad), VPRIV_E_ARG);
    bad.score = 0.0f / (float)(bad.score - bad.score);
    ck_fails(vpriv_recorder_trigger(recorder, &bad), VPRIV_E_ARG);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_fails(vpriv_recorder_trigger(recorder, &household_button), VPRIV_E_STATE);
    ck_ok(vpriv_recorder_confirm(recorder));
    ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_reject(recorder), VPRIV_E_STATE);
    vpriv_outcome wrong = {.struct_size = 1};
    ck_fails(vpriv_recorder_stop(recorder, &wrong), VPRIV_E_ARG);
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert(outcome.is_stored);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
    ck_fails(vpriv_recorder_stop(recorder, &outcome), VPRIV_E_STATE);
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    ck_fails(vpriv_recorder_stop(NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_recorder_start(NULL), VPRIV_E_ARG);
    ck_fails(vpriv_recorder_trigger(NULL, &household_button), VPRIV_E_ARG);
}
END_TEST

START_TEST(config_out_of_range_is_refused)
{
    const vpriv_recorder_config good = household_config(h.ada, 1);
    vpriv_recorder_config bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].struct_size = 0;
    bad[1].subjects = NULL;
    bad[2].n_subjects = 0;
    bad[3].n_subjects = 17;
    bad[4].retention = (vpriv_retention)8;
    bad[5].pre_roll_ms = 10001;
    bad[6].confirm_ms = 60001;
    bad[7].unsealed_ms = 99;
    bad[8].encoding = (vpriv_encoding){.struct_size = sizeof(vpriv_encoding), .rate_hz = 44100};
    for (size_t i = 0; i < 9; i++) {
        ck_fails(vpriv_recorder_open(h.vault, source, &bad[i], &recorder), VPRIV_E_ARG);
        ck_assert_str_ne(vpriv_error_detail(), "");
        ck_assert_ptr_null(recorder);
    }
    uint8_t twice[2 * VPRIV_SUBJECT_ID_BYTES];
    memcpy(twice, h.ada, sizeof h.ada);
    memcpy(twice + sizeof h.ada, h.ada, sizeof h.ada);
    const vpriv_recorder_config same = household_config(twice, 2);
    ck_fails(vpriv_recorder_open(h.vault, source, &same, &recorder), VPRIV_E_ARG);
}
END_TEST

START_TEST(failed_run_tells_nothing_of_the_run_before)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    push_ms(300);
    ck_ok(vpriv_capture_push_end(source));
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
    ck_assert(outcome.is_stored);
    vpriv_trigger bad = household_button;
    bad.kind = (vpriv_trigger_kind)99;
    ck_fails(vpriv_recorder_run(recorder, &bad, &outcome), VPRIV_E_ARG);
    ck_assert(!outcome.is_stored);
    ck_assert_uint_eq(outcome.n_frames_48k, 0);
}
END_TEST

static bool never(void *user, const vpriv_recording_info *info)
{
    (void)user;
    (void)info;
    ck_abort_msg("something was listed");
    return false;
}

static bool nobody(void *user, const vpriv_subject_info *info)
{
    (void)user;
    (void)info;
    ck_abort_msg("somebody was listed");
    return false;
}

static bool no_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    (void)index;
    (void)entry;
    ck_abort_msg("an entry was listed");
    return false;
}

static bool no_consent(void *user, const vpriv_consent_record *record)
{
    (void)user;
    (void)record;
    ck_abort_msg("a consent was listed");
    return false;
}

START_TEST(capture_process_records_and_reads_nothing)
{
    vpriv_keyring *credential = NULL, *loaded = NULL;
    vpriv_vault *capture = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recording_info info;
    vpriv_vault_info about = {.struct_size = sizeof about};
    vpriv_reader *reader = NULL;
    vpriv_log_checkpoint checkpoint;
    uint8_t id[VPRIV_SUBJECT_ID_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    uint8_t leaf[VPRIV_LOG_HASH_BYTES];
    size_t n_hashes = 0;
    char path[PATH_BYTES];
    const vpriv_recording_id earlier = household_record(&h, h.ada);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_assert_uint_eq(vpriv_keyring_purposes(credential), 0);
    household_file(&h, "credential", path);
    ck_ok(vpriv_keyring_save(credential, path));
    ck_ok(vpriv_keyring_load(path, &loaded));
    ck_assert(vpriv_keyring_is_capture_credential(loaded));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_fails(vpriv_vault_open_for_capture(h.path, h.keyring, NULL, &capture), VPRIV_E_NO_KEY);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_open_for_capture(h.path, loaded, &options, &capture));
    const vpriv_recorder_config config = household_config(h.ada, 1);
    ck_ok(household_try_record(capture, &config, &outcome));
    ck_assert(outcome.is_stored);
    const vpriv_recorder_config bobs = household_config(h.bob, 1);
    ck_fails(household_try_record(capture, &bobs, NULL), VPRIV_E_CONSENT);
    ck_ok(vpriv_vault_about(capture, &about));
    ck_assert(about.for_capture_only);
    ck_assert_uint_eq(about.n_recordings, 0);
    /* Everything that reads. */
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_notice notice = {sizeof notice, "x", "1", "en", "x", 1};
    vpriv_verification verified = {.struct_size = sizeof verified};
    vpriv_keyring *another = NULL;
    ck_fails(vpriv_gate_open(capture, h.keyring, &earlier, &request, &reader), VPRIV_E_NO_KEY);
    ck_fails(
        vpriv_gate_open(capture, h.keyring, &outcome.recording, &request, &reader), VPRIV_E_NO_KEY);
    ck_fails(vpriv_gate_who_heard(capture, &earlier, no_entry, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_recording_list(capture, NULL, never, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_recording_about(capture, &earlier, &info), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_list(capture, nobody, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_add(capture, VPRIV_SUBJECT_USER, "x", NULL, id), VPRIV_E_NO_KEY);
    ck_fails(vpriv_subject_erase(capture, h.ada, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_consent_list(capture, h.ada, true, no_consent, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_consent_withdraw(capture, h.ada, KEEP, NULL, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_notice_add(capture, &notice, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_erase(capture, &earlier, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_erase_before(capture, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_tidy(capture, 1, NULL), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_verify(capture, h.keyring, NULL, NULL, &verified), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_checkpoint(capture, &checkpoint), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_prove_inclusion(capture, 0, 1, leaf, proof, &n_hashes), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_prove_consistency(capture, 1, 1, proof, &n_hashes), VPRIV_E_NO_KEY);
    ck_fails(vpriv_vault_capture_credential(capture, &another), VPRIV_E_NO_KEY);
    vpriv_vault_close(capture);
    /* The owner finds both. */
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    ck_ok(household_hear(&h, &earlier, KEEP));
    ck_fails(household_hear_in(h.vault, loaded, &earlier, KEEP, NULL), VPRIV_E_NO_KEY);
    vpriv_keyring_close(credential);
    vpriv_keyring_close(loaded);
}
END_TEST

/* Every sealed column of the file against every key a credential holds, in every derivation there is:
 * only the capture policy opens. */
START_TEST(credential_opens_policy_rows_and_nothing_else)
{
    vpriv_keyring *credential = NULL;
    uint8_t keys[2 + VPI_PURPOSES_MAX][VPI_KEY_BYTES];
    size_t n_keys = 0, n_policy = 0, n_head = 0, n_named = 0;
    household_record(&h, h.ada);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    memcpy(keys[n_keys++], credential->policy_key, VPI_KEY_BYTES);
    memcpy(keys[n_keys++], credential->device_public_key, VPI_KEY_BYTES);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        static const uint8_t nothing[VPI_KEY_BYTES];
        ck_assert_mem_eq(credential->secret_key[p], nothing, VPI_KEY_BYTES);
        memcpy(keys[n_keys++], credential->public_key[p], VPI_KEY_BYTES);
    }
    static const struct {
        const char *sql;
        vpi_column column;
        const char *label;
    } columns[] = {
        {"SELECT id, sealed FROM key_node", VPI_COLUMN_KEY_NODE, "root: key tree"},
        {"SELECT id, sealed FROM purpose", VPI_COLUMN_PURPOSE, NULL},
        {"SELECT id, sealed FROM state", VPI_COLUMN_STATE, NULL},
        {"SELECT id, sealed FROM notice", VPI_COLUMN_NOTICE, NULL},
        {"SELECT id, person FROM subject", VPI_COLUMN_SUBJECT_PERSON, "subject: person"},
        {"SELECT recording, sealed FROM wrap", VPI_COLUMN_WRAPS, "recording: wraps"},
        {"SELECT generation, head FROM root_state", VPI_COLUMN_HEAD, "root: head"},
    };
    sqlite3 *database = vpi_database_handle(h.vault->database);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        sqlite3_stmt *statement = NULL;
        ck_assert_int_eq(
            sqlite3_prepare_v2(database, columns[c].sql, -1, &statement, NULL), SQLITE_OK);
        int n_rows = 0;
        for (; sqlite3_step(statement) == SQLITE_ROW; n_rows++)
            for (size_t k = 0; k < n_keys; k++) {
                uint8_t plain[8192], key[VPI_KEY_BYTES];
                const vpi_place place = {h.vault->vault_id, columns[c].column,
                    (uint64_t)sqlite3_column_int64(statement, 0), NULL, 0};
                const void *sealed = sqlite3_column_blob(statement, 1);
                const size_t n_sealed = (size_t)sqlite3_column_bytes(statement, 1);
                ck_fails(vpi_unseal(keys[k], &place, sealed, n_sealed, plain), VPRIV_E_AUTH);
                vpi_derive(keys[k], columns[c].label ? columns[c].label : "", NULL, 0, key);
                ck_fails(vpi_unseal(key, &place, sealed, n_sealed, plain), VPRIV_E_AUTH);
            }
        sqlite3_finalize(statement);
        ck_assert_int_gt(n_rows, 0);
    }
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(database, "SELECT tag, sealed FROM policy", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        uint8_t plain[8192];
        const vpi_place place = {h.vault->vault_id, VPI_COLUMN_POLICY, 0,
            sqlite3_column_blob(statement, 0), VPI_TAG_BYTES};
        const void *sealed = sqlite3_column_blob(statement, 1);
        const size_t n_sealed = (size_t)sqlite3_column_bytes(statement, 1);
        uint8_t theirs[VPI_KEY_BYTES];
        vpi_derive(keys[0], "policy: person", h.ada, sizeof h.ada, theirs);
        n_head += vpi_unseal(keys[0], &place, sealed, n_sealed, plain) == VPRIV_OK;
        n_named += vpi_unseal(theirs, &place, sealed, n_sealed, plain) == VPRIV_OK;
        n_policy++;
    }
    sqlite3_finalize(statement);
    /* That it can fail: the head opens, and the one person that one can name. */
    ck_assert_uint_eq(n_policy, 3);
    ck_assert_uint_eq(n_head, 1);
    ck_assert_uint_eq(n_named, 1);
    vpriv_keyring_close(credential);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: life");
    TCase *tests = tcase_create("life");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, rejected_trigger_leaves_nothing);
    tcase_add_test(tests, unconfirmed_trigger_times_out_and_leaves_nothing);
    tcase_add_test(tests, stopping_or_closing_unconfirmed_leaves_nothing);
    tcase_add_test(tests, end_of_the_source_before_confirm_leaves_nothing);
    tcase_add_test(tests, consent_gone_before_confirm_leaves_nothing);
    tcase_add_test(tests, death_while_provisional_leaves_nothing_at_the_next_opening);
    tcase_add_test(tests, death_while_listening_leaves_nothing);
    tcase_add_test(tests, death_after_confirm_keeps_what_was_sealed);
    tcase_add_test(tests, withdrawal_through_another_handle_ends_the_recording);
    tcase_add_test(tests, s2_withdrawal_by_another_process_ends_the_recording);
    tcase_add_test(tests, s2_nothing_from_after_a_withdrawal_is_in_the_last_block);
    tcase_add_test(tests, blocks_that_are_refused_stay_within_their_batch);
    tcase_add_test(tests, person_erased_while_recording_leaves_a_tombstone);
    tcase_add_test(tests, erasing_everything_while_recording_leaves_a_tombstone);
    tcase_add_test(tests, consent_that_runs_out_ends_the_recording);
    tcase_add_test(tests, each_state_takes_its_own_calls_only);
    tcase_add_test(tests, config_out_of_range_is_refused);
    tcase_add_test(tests, failed_run_tells_nothing_of_the_run_before);
    tcase_add_test(tests, capture_process_records_and_reads_nothing);
    tcase_add_test(tests, credential_opens_policy_rows_and_nothing_else);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
