/* How a recording ends: silence, the hard maximum, finish, mute, a pause, a clock that jumps. What is
 * kept is exactly what was said until then, and listening goes on where it should. */
#include "recorder/recorder.h"
#include "sound.h"
#include "vault/policy.h"
#include <stdio.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

/* The linker puts this in the place of the library's own clock (see recorder.mk); 0 is the real one. */
static _Atomic int64_t clock_us;
int64_t __real_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return clock_us ? clock_us : __real_vpi_monotonic_us();
}

static household h;
static float *speech;
static size_t n_speech;
static float *noise; /* a minute in which nobody speaks */
static sound_live_one live;
static vpriv_hub *hub; /* NULL: the recorder has a thread of its own */

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    speech = sound_speech(&n_speech);
    noise = sound_scene(60 * RATE, NULL, 0, NULL, 0);
}

static void set_up_in_a_hub(void)
{
    set_up();
    ck_ok(vpriv_hub_open(h.vault, NULL, &hub));
}

static void tear_down(void)
{
    vpriv_recorder_close(live.recorder);
    vpriv_capture_close(live.source);
    live = (sound_live_one){NULL, NULL, 0};
    vpriv_hub_close(hub);
    hub = NULL;
    free(speech);
    free(noise);
    household_close(&h);
}

static void start(vpriv_recorder_config config)
{
    config.confirm_ms = 60000;
    live = sound_live_in(hub, &h, &config, VPRIV_PUSH_BUFFER_MAX_MS);
}

static vpriv_recorder_state state(void)
{
    return vpriv_recorder_state_now(live.recorder);
}

static bool wait_for(vpriv_recorder_state wanted)
{
    return waited_for(live.recorder, wanted);
}

/* In pieces that are read one after the other. */
static void hear(const float *frames, size_t n_frames)
{
    for (size_t at = 0; at < n_frames; at += RATE / 2) {
        const size_t n = n_frames - at < RATE / 2 ? n_frames - at : RATE / 2;
        ck_assert_uint_eq(sound_live_push(&live, frames + at, n), n);
    }
}

static void trigger(vpriv_trigger_kind kind)
{
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = kind};
    ck_ok(vpriv_recorder_trigger(live.recorder, &it));
}

static vpriv_outcome finished(void)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_finish(live.recorder, &outcome));
    return outcome;
}

static double ms_of(const vpriv_outcome *outcome)
{
    return (double)outcome->n_frames_48k / 48;
}

START_TEST(s20_silence_ends_what_somebody_spoke_and_listening_goes_on)
{
    static const vpriv_trigger_kind kinds[] = {VPRIV_TRIGGER_WAKE_WORD, VPRIV_TRIGGER_RAISE,
        VPRIV_TRIGGER_TAP, VPRIV_TRIGGER_VOICE_ACTIVITY};
    vpriv_recorder_config config = household_config(h.ada, 1);
    for (int gate = VPRIV_VOICE_GATE_ON; gate <= VPRIV_VOICE_GATE_OFF; gate++) {
        config.voice_gate = (vpriv_voice_gate)gate;
        start(config);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            hear(noise, RATE / 2);
            trigger(kinds[i]);
            ck_ok(vpriv_recorder_confirm(live.recorder));
            hear(noise, 5 * RATE / 2); /* what the noise is like is not known at first */
            hear(speech, n_speech);
            ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
            hear(noise, RATE);
            ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
            hear(noise, RATE);
            ck_assert(wait_for(VPRIV_RECORDER_RING));
            const vpriv_outcome outcome = finished();
            ck_assert(outcome.is_stored);
            ck_assert_int_eq(outcome.status, VPRIV_OK);
            ck_assert_int_eq(outcome.end_reason, VPRIV_END_SILENCE);
            /* The last word may be up to half a second before the end of the sample. */
            const double until_said = 500 + 2500 + (double)n_speech / 16;
            ck_assert_msg(ms_of(&outcome) > until_said + 900 && ms_of(&outcome) < until_said + 1600,
                "%.0f ms, %.0f spoken", ms_of(&outcome), until_said);
            ck_ok(household_hear(&h, &outcome.recording, KEEP));
        }
        vpriv_recorder_close(live.recorder);
        vpriv_capture_close(live.source);
    }
    live = (sound_live_one){NULL, NULL, 0};
}
END_TEST

START_TEST(silence_counts_from_the_confirmation_and_not_at_all_where_it_was_turned_off)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.trailing_silence_ms = 1000;
    start(config);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    hear(noise, 6 * RATE);
    ck_assert_int_eq(state(), VPRIV_RECORDER_PROVISIONAL);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, RATE * 9 / 10);
    ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
    hear(noise, RATE / 5);
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    const vpriv_outcome outcome = finished();
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_SILENCE);
    ck_assert_msg(ms_of(&outcome) >= 7000 && ms_of(&outcome) <= 7100, "%.0f ms", ms_of(&outcome));
    vpriv_recorder_close(live.recorder);
    vpriv_capture_close(live.source);
    config.trailing_silence_ms = 0;
    config.no_trailing_silence = config.no_maximum = true;
    start(config);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, 20 * RATE);
    ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
}
END_TEST

/* Somebody who does not stop: nothing beyond the maximum is kept, to the frame, pre-roll included. */
START_TEST(s20_a_minute_of_speech_is_cut_at_the_maximum)
{
    float *endless = calloc(60 * RATE, sizeof *endless);
    for (size_t i = 0; i < 60 * RATE; i++)
        endless[i] = speech[i % n_speech] + speech[(i * 7 + 1000) % n_speech] / 2;
    start(household_config(h.ada, 1));
    hear(endless, RATE);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(endless, 60 * RATE);
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    const vpriv_outcome outcome = finished();
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_eq(outcome.n_frames_48k, 15 * 48000);
    size_t n = 0;
    uint64_t n_lost = 0;
    float *out = sound_decode(&h, &outcome.recording, &n, &n_lost);
    ck_assert_uint_eq(n, 15 * RATE);
    free(out);
    free(endless);
}
END_TEST

/* Also what came before the confirmation, and a gap. */
START_TEST(maximum_holds_before_the_confirmation_and_across_a_gap)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.maximum_ms = 2000;
    start(config);
    trigger(VPRIV_TRIGGER_BUTTON);
    hear(noise, 3 * RATE);
    ck_assert_int_eq(state(), VPRIV_RECORDER_PROVISIONAL);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    vpriv_outcome outcome = finished();
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_eq(outcome.n_frames_48k, 2 * 48000);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, RATE / 2);
    vpi_queue_lose(live.source->queue, 10 * RATE);
    hear(noise, RATE / 2);
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    outcome = finished();
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_eq(outcome.n_frames_48k, 2 * 48000);
    ck_assert_uint_gt(outcome.n_lost_frames_48k, 40000);
}
END_TEST

START_TEST(who_presses_a_button_or_records_all_the_time_ends_it_by_hand)
{
    static const vpriv_trigger_kind kinds[] = {VPRIV_TRIGGER_BUTTON, VPRIV_TRIGGER_CONTINUOUS};
    start(household_config(h.ada, 1));
    for (size_t i = 0; i < 2; i++) {
        hear(noise, RATE);
        trigger(kinds[i]);
        ck_ok(vpriv_recorder_confirm(live.recorder));
        hear(noise, 20 * RATE);
        ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
        const vpriv_outcome outcome = finished();
        ck_assert_int_eq(state(), VPRIV_RECORDER_RING);
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
        /* Half a second of pre-roll for the button, none for what runs all the time. */
        ck_assert_uint_eq(outcome.n_frames_48k, (i == 0 ? 20500 : 20000) * UINT64_C(48));
    }
}
END_TEST

START_TEST(pre_roll_of_continuous_is_there_when_it_is_asked_for)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.pre_roll_ms = 300;
    start(config);
    hear(noise, RATE);
    trigger(VPRIV_TRIGGER_CONTINUOUS);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, RATE);
    const vpriv_outcome outcome = finished();
    ck_assert_uint_eq(outcome.n_frames_48k, 1300 * 48);
}
END_TEST

START_TEST(outcome_is_told_once_and_waits_for_the_next_trigger_at_most)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    start(household_config(h.ada, 1));
    ck_fails(vpriv_recorder_finish(live.recorder, &outcome), VPRIV_E_STATE);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_fails(vpriv_recorder_finish(live.recorder, &outcome), VPRIV_E_STATE);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, RATE);
    outcome.struct_size = 1;
    ck_fails(vpriv_recorder_finish(live.recorder, &outcome), VPRIV_E_ARG);
    ck_assert_int_eq(state(), VPRIV_RECORDER_COMMITTED);
    ck_ok(vpriv_recorder_finish(live.recorder, NULL));
    ck_fails(vpriv_recorder_finish(live.recorder, NULL), VPRIV_E_STATE);
    /* Ended by itself, and nobody asks: stop tells. */
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, 5 * RATE);
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    outcome = sound_live_end(&live);
    live = (sound_live_one){NULL, NULL, 0};
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_SILENCE);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 2);
}
END_TEST

static int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

START_TEST(muting_closes_the_device_and_leaves_nothing_unconfirmed)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.unsealed_ms = 100;
    start(config);
    ck_fails(vpriv_recorder_unmute(live.recorder), VPRIV_E_STATE);
    hear(speech, n_speech);
    ck_assert_uint_gt(vpi_intake_pre_roll_us(live.recorder->intake), 0);
    ck_ok(vpriv_recorder_mute(live.recorder));
    ck_assert_uint_eq(vpi_intake_pre_roll_us(live.recorder->intake), 0);
    ck_ok(vpriv_recorder_unmute(live.recorder));
    hear(speech, n_speech);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    for (int i = 0; i < 100 && blocks_on_disk() == 0; i++) {
        hear(noise, RATE / 50);
        nap(10);
    }
    ck_assert_int_gt(blocks_on_disk(), 0);
    ck_ok(vpriv_recorder_mute(live.recorder));
    ck_assert_int_eq(state(), VPRIV_RECORDER_MUTED);
    ck_assert(!live.source->started);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(blocks_on_disk(), 0);
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = VPRIV_TRIGGER_WAKE_WORD};
    ck_fails(vpriv_recorder_trigger(live.recorder, &it), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_confirm(live.recorder), VPRIV_E_STATE);
    ck_ok(vpriv_recorder_mute(live.recorder));
    /* What comes meanwhile is heard by nobody, and is no gap either. */
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(live.source, speech, RATE, &n_taken));
    ck_ok(vpriv_recorder_unmute(live.recorder));
    ck_assert_int_eq(state(), VPRIV_RECORDER_RING);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(noise, RATE);
    const vpriv_outcome outcome = finished();
    ck_assert_uint_eq(outcome.n_frames_48k, 48000); /* not even pre-roll from before */
    ck_assert_uint_eq(outcome.n_lost_frames_48k, 0);
}
END_TEST

START_TEST(muting_keeps_what_was_confirmed_up_to_there)
{
    start(household_config(h.ada, 1));
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(speech, RATE);
    ck_ok(vpriv_recorder_mute(live.recorder));
    const vpriv_outcome outcome = finished();
    ck_assert(outcome.is_stored);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MUTED);
    ck_assert_uint_eq(outcome.n_frames_48k, 48000);
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
    ck_assert_int_eq(info.end_reason, VPRIV_END_MUTED);
    ck_assert_str_eq(vpriv_end_reason_name(info.end_reason), "muted");
    /* And it can be stopped while it is muted. */
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_assert_int_eq(state(), VPRIV_RECORDER_IDLE);
    ck_fails(vpriv_recorder_mute(live.recorder), VPRIV_E_STATE);
}
END_TEST

/* A source whose device goes while it is muted. */
static bool is_gone;
static const vpi_source_table *real_table;
static vpriv_status start_unless_gone(vpriv_source *source)
{
    return is_gone ? VPRIV_E_DEVICE_LOST : real_table->start(source);
}

START_TEST(unmuting_without_a_device_stays_muted)
{
    static vpi_source_table table;
    start(household_config(h.ada, 1));
    real_table = live.source->table;
    table = *real_table;
    table.start = start_unless_gone;
    ck_ok(vpriv_recorder_mute(live.recorder));
    live.source->table = &table; /* no thread looks at it now */
    is_gone = true;
    ck_fails(vpriv_recorder_unmute(live.recorder), VPRIV_E_DEVICE_LOST);
    ck_assert_int_eq(state(), VPRIV_RECORDER_MUTED);
    is_gone = false;
    ck_ok(vpriv_recorder_unmute(live.recorder));
    ck_assert_int_eq(state(), VPRIV_RECORDER_RING);
}
END_TEST

static vpriv_status pause_keeping(bool pauses)
{
    const uint32_t keep = VPRIV_PURPOSE_BIT(KEEP);
    return pauses ? vpriv_purpose_pause(h.vault, keep, "owner", "a review")
                  : vpriv_purpose_resume(h.vault, keep, "owner", NULL);
}

START_TEST(a_pause_ends_the_recording_and_touches_nobodys_consent)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    config.unsealed_ms = 100;
    start(config);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(speech, RATE);
    ck_ok(pause_keeping(true));
    for (int i = 0; i < 200 && state() != VPRIV_RECORDER_ENDED; i++) {
        hear(noise, RATE / 50);
        nap(5);
    }
    ck_assert_int_eq(state(), VPRIV_RECORDER_ENDED);
    ck_assert(!live.source->started);
    ck_ok(vpriv_recorder_stop(live.recorder, &outcome));
    ck_assert(outcome.is_stored);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_PAUSED);
    ck_assert_int_eq(outcome.status, VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(outcome.detail, "paused"));
    /* Nothing begins, and nothing opens, until it is lifted. */
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = VPRIV_TRIGGER_BUTTON};
    ck_ok(hub ? vpriv_hub_start(hub, live.recorder) : vpriv_recorder_start(live.recorder));
    ck_fails(vpriv_recorder_trigger(live.recorder, &it), VPRIV_E_CONSENT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "paused"));
    ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
    uint32_t paused = 0;
    ck_ok(vpriv_purpose_paused(h.vault, &paused));
    ck_assert_uint_eq(paused, VPRIV_PURPOSE_BIT(KEEP));
    household_copy(&h, "paused");
    ck_ok(pause_keeping(false));
    ck_ok(vpriv_recorder_trigger(live.recorder, &it));
    ck_ok(household_hear(&h, &outcome.recording, KEEP));
}
END_TEST

/* The row of the policy that says what is paused, taken from before and put back. */
START_TEST(an_old_policy_put_back_ends_no_pause)
{
    char path[PATH_BYTES], sql[2 * PATH_BYTES + 200];
    const vpriv_recording_id id = household_record(&h, h.ada);
    household_copy(&h, "before");
    household_file(&h, "before", path);
    ck_ok(pause_keeping(true));
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS old; UPDATE policy SET sealed = (SELECT sealed FROM old.policy"
        " WHERE tag = zeroblob(16)) WHERE tag = zeroblob(16)",
        path);
    household_sql(&h, sql);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_AUTH);
    vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_fails(household_try_record(h.vault, &config, &outcome), VPRIV_E_AUTH);
}
END_TEST

START_TEST(pauses_are_on_record_and_take_only_what_exists)
{
    vpriv_verification found = {.struct_size = sizeof found};
    uint32_t paused = 0;
    ck_fails(vpriv_purpose_pause(h.vault, 0, "owner", NULL), VPRIV_E_ARG);
    ck_fails(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(20), "owner", NULL), VPRIV_E_ARG);
    ck_fails(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(KEEP), "", NULL), VPRIV_E_ARG);
    const int64_t before = household_count(&h, "SELECT count(*) FROM log_payload");
    ck_ok(pause_keeping(true));
    ck_ok(pause_keeping(true));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM log_payload"), before + 1);
    household_reopen(&h);
    ck_ok(vpriv_purpose_paused(h.vault, &paused));
    ck_assert_uint_eq(paused, VPRIV_PURPOSE_BIT(KEEP));
    /* Withdrawing is possible all the same, and does not end it. */
    household_withdraw(&h, h.ada, KEEP);
    ck_ok(vpriv_purpose_paused(h.vault, &paused));
    ck_assert_uint_eq(paused, VPRIV_PURPOSE_BIT(KEEP));
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
    ck_ok(pause_keeping(false));
    ck_ok(vpriv_purpose_paused(h.vault, &paused));
    ck_assert_uint_eq(paused, 0);
}
END_TEST

/* A day forward and two back: what is recorded is as long as it was said. */
START_TEST(a_clock_that_jumps_changes_neither_length_nor_time_outs)
{
    static const int64_t jumps[] = {DAY_US, -2 * DAY_US};
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.unsealed_ms = 100;
    start(config);
    for (size_t i = 0; i < 2; i++) {
        trigger(VPRIV_TRIGGER_BUTTON);
        hear(speech, RATE / 2);
        household_pass(&h, jumps[i]);
        hear(speech, RATE / 2);
        ck_assert_int_eq(state(), VPRIV_RECORDER_PROVISIONAL);
        ck_ok(vpriv_recorder_confirm(live.recorder));
        household_pass(&h, jumps[i]);
        hear(speech, RATE);
        const vpriv_outcome outcome = finished();
        ck_assert_int_eq(outcome.status, VPRIV_OK);
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
        ck_assert_uint_eq(outcome.n_frames_48k, 2 * 48000);
        vpriv_recording_info info;
        ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
        ck_assert_uint_eq(info.duration_us, 2000000);
    }
    /* Time-outs count by the monotonic clock. */
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    household_pass(&h, 40 * DAY_US);
    hear(noise, RATE / 10);
    ck_assert_int_eq(state(), VPRIV_RECORDER_PROVISIONAL);
    clock_us = __real_vpi_monotonic_us() + 61 * SECOND_US;
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    clock_us = 0;
}
END_TEST

/* A room's satellite is not the device the vault is in. */
START_TEST(a_trigger_says_which_device_heard_it)
{
    char too_long[VPRIV_DEVICE_BYTES + 1];
    vpriv_recording_info info;
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    const char *const classes[] = {"wearable", NULL, too_long, "two\nlines"};
    static const char *const kept[] = {"wearable", "device"};
    start(household_config(h.ada, 1));
    for (size_t i = 0; i < 4; i++) {
        const vpriv_trigger it = {
            .struct_size = sizeof it, .kind = VPRIV_TRIGGER_BUTTON, .device_class = classes[i]};
        if (i >= 2) {
            ck_fails(vpriv_recorder_trigger(live.recorder, &it), VPRIV_E_ARG);
            ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "device_class"));
            continue;
        }
        ck_ok(vpriv_recorder_trigger(live.recorder, &it));
        ck_ok(vpriv_recorder_confirm(live.recorder));
        hear(speech, RATE / 2);
        const vpriv_outcome outcome = finished();
        ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
        ck_assert_str_eq(info.device_class, kept[i]);
    }
}
END_TEST

START_TEST(a_file_is_whole_unless_it_is_asked_to_end)
{
    const size_t at[] = {2 * RATE};
    const vpriv_trigger word = {.struct_size = sizeof word, .kind = VPRIV_TRIGGER_WAKE_WORD};
    vpriv_recorder_config config = household_config(h.ada, 1);
    float *scene = sound_scene(20 * RATE, speech, n_speech, at, 1);
    vpriv_outcome outcome =
        sound_run(&h, &word, sound_file(&h, RATE, 1, scene, 20 * RATE), &config);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_SOURCE_ENDED);
    ck_assert_uint_eq(outcome.n_frames_48k, 20 * 48000);
    config.trailing_silence_ms = 1500;
    outcome = sound_run(&h, &word, sound_file(&h, RATE, 1, scene, 20 * RATE), &config);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_SILENCE);
    const double until_said = 2000 + (double)n_speech / 16;
    ck_assert_msg(ms_of(&outcome) > until_said + 900 && ms_of(&outcome) < until_said + 1600,
        "%.0f ms, %.0f spoken", ms_of(&outcome), until_said);
    free(scene);
}
END_TEST

START_TEST(ends_out_of_range_are_refused)
{
    vpriv_recorder *recorder = NULL;
    vpriv_source *source =
        sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, RATE, 1}, noise, 1, 1);
    const vpriv_recorder_config good = household_config(h.ada, 1);
    vpriv_recorder_config bad[7] = {good, good, good, good, good, good, good};
    static const char *const names[] = {"trailing_silence_ms", "trailing_silence_ms", "maximum_ms",
        "profile", "false_wakes_per_hour", "frames_while_listening", "maximum_ms"};
    bad[0].trailing_silence_ms = 199;
    bad[1].trailing_silence_ms = 60001;
    bad[2].maximum_ms = 500;
    bad[3].profile = (vpriv_recorder_profile)2;
    bad[4].false_wakes_per_hour = 64;
    bad[5].frames_while_listening = true;
    bad[6].maximum_ms = 86400001;
    for (size_t i = 0; i < 7; i++) {
        ck_fails(vpriv_recorder_open(h.vault, source, &bad[i], &recorder), VPRIV_E_ARG);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), names[i]));
        ck_assert_ptr_null(recorder);
    }
    vpriv_capture_close(source);
}
END_TEST

static void add_tests(Suite *suite, const char *name, void (*begin)(void))
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, s20_silence_ends_what_somebody_spoke_and_listening_goes_on);
    tcase_add_test(
        tests, silence_counts_from_the_confirmation_and_not_at_all_where_it_was_turned_off);
    tcase_add_test(tests, s20_a_minute_of_speech_is_cut_at_the_maximum);
    tcase_add_test(tests, maximum_holds_before_the_confirmation_and_across_a_gap);
    tcase_add_test(tests, who_presses_a_button_or_records_all_the_time_ends_it_by_hand);
    tcase_add_test(tests, pre_roll_of_continuous_is_there_when_it_is_asked_for);
    tcase_add_test(tests, outcome_is_told_once_and_waits_for_the_next_trigger_at_most);
    tcase_add_test(tests, muting_closes_the_device_and_leaves_nothing_unconfirmed);
    tcase_add_test(tests, muting_keeps_what_was_confirmed_up_to_there);
    tcase_add_test(tests, unmuting_without_a_device_stays_muted);
    tcase_add_test(tests, a_pause_ends_the_recording_and_touches_nobodys_consent);
    tcase_add_test(tests, a_clock_that_jumps_changes_neither_length_nor_time_outs);
    tcase_add_test(tests, a_trigger_says_which_device_heard_it);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("recorder: ends");
    TCase *tests = tcase_create("without a recorder that goes on");
    add_tests(suite, "alone", set_up);
    add_tests(suite, "in a hub", set_up_in_a_hub);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_old_policy_put_back_ends_no_pause);
    tcase_add_test(tests, pauses_are_on_record_and_take_only_what_exists);
    tcase_add_test(tests, a_file_is_whole_unless_it_is_asked_to_end);
    tcase_add_test(tests, ends_out_of_range_are_refused);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
