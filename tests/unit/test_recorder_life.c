/* From the trigger to the end: accidental wakes leave nothing (P5), also when the process dies, and every state
 * takes only its own calls. */
#include "live.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
    ck_assert(waited_for(recorder, VPRIV_RECORDER_RING));
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
    ck_assert(waited_for(recorder, VPRIV_RECORDER_ENDED));
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
    tcase_add_test(tests, each_state_takes_its_own_calls_only);
    tcase_add_test(tests, config_out_of_range_is_refused);
    tcase_add_test(tests, failed_run_tells_nothing_of_the_run_before);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
