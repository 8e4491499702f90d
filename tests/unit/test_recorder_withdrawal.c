/* Consent that goes while a recording runs: a withdrawal anywhere ends it, an erasure too, and nothing from after
 * it is kept. */
#include "live.h"
#include "recorder/stream.h"
#include <sys/wait.h>
#include <unistd.h>

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

int main(void)
{
    Suite *suite = suite_create("recorder: withdrawal");
    TCase *tests = tcase_create("withdrawal");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, withdrawal_through_another_handle_ends_the_recording);
    tcase_add_test(tests, s2_withdrawal_by_another_process_ends_the_recording);
    tcase_add_test(tests, s2_nothing_from_after_a_withdrawal_is_in_the_last_block);
    tcase_add_test(tests, blocks_that_are_refused_stay_within_their_batch);
    tcase_add_test(tests, person_erased_while_recording_leaves_a_tombstone);
    tcase_add_test(tests, erasing_everything_while_recording_leaves_a_tombstone);
    tcase_add_test(tests, consent_that_runs_out_ends_the_recording);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
