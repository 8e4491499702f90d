/* On a body: a raise that nobody speaks after is none, and too many false wakes close the door until the
 * person acts. */
#include "capture/source.h"
#include "sound.h"
#include <stdio.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

static _Atomic int64_t clock_us;
int64_t __real_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return clock_us ? clock_us : __real_vpi_monotonic_us();
}

static household h;
static float *speech, *noise;
static size_t n_speech;
static sound_live_one live;
static _Atomic int n_silent, n_timed_out, n_closed;

static void on_event(void *user, const vpriv_recorder_event *event)
{
    (void)user;
    ck_assert_int_eq(event->status, VPRIV_OK);
    n_silent += event->kind == VPRIV_RECORDER_EVENT_NO_SPEECH;
    n_timed_out += event->kind == VPRIV_RECORDER_EVENT_TIMED_OUT;
    n_closed += event->kind == VPRIV_RECORDER_EVENT_CLOSED;
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    speech = sound_speech(&n_speech);
    noise = sound_scene(10 * RATE, NULL, 0, NULL, 0);
    n_silent = n_timed_out = n_closed = 0;
    clock_us = SECOND_US;
}

static void stop(void)
{
    vpriv_recorder_close(live.recorder);
    vpriv_capture_close(live.source);
    live = (sound_live_one){NULL, NULL, 0};
}

static void tear_down(void)
{
    stop();
    free(speech);
    free(noise);
    household_close(&h);
}

static vpriv_recorder_config wearable(void)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.profile = VPRIV_RECORDER_PROFILE_WEARABLE;
    config.event = on_event;
    return config;
}

static void start(vpriv_recorder_config config)
{
    live = sound_live(&h, &config, VPRIV_PUSH_BUFFER_MAX_MS);
}

static void hear(const float *frames, size_t n_frames)
{
    ck_assert_uint_eq(sound_live_push(&live, frames, n_frames), n_frames);
}

static bool wait_for(vpriv_recorder_state wanted)
{
    (void)waited_for(live.recorder, wanted);
    nap(10);
    return vpriv_recorder_state_now(live.recorder) == wanted;
}

static vpriv_status trigger(vpriv_trigger_kind kind)
{
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = kind};
    return vpriv_recorder_trigger(live.recorder, &it);
}

/* The middle of the sample, where somebody speaks without a pause. */
static const float *loud(void)
{
    size_t best = 0;
    for (size_t at = 0; at + RATE / 2 <= n_speech; at += RATE / 20)
        if (sound_energy(speech + at, RATE / 2) > sound_energy(speech + best, RATE / 2))
            best = at;
    return speech + best;
}

START_TEST(s19_a_raise_that_nobody_speaks_after_is_none)
{
    vpriv_recorder_config config = wearable();
    config.confirm_ms = 5000;
    start(config);
    hear(noise, 4 * RATE);
    ck_ok(trigger(VPRIV_TRIGGER_RAISE));
    hear(noise, RATE / 2);
    ck_fails(vpriv_recorder_confirm(live.recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "nobody has spoken"));
    clock_us += 690000;
    nap(50);
    ck_assert_int_eq(vpriv_recorder_state_now(live.recorder), VPRIV_RECORDER_PROVISIONAL);
    clock_us += 20000;
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    ck_assert_int_eq(n_silent, 1);
    ck_assert_int_eq(n_timed_out, 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    /* One that somebody speaks after waits for its confirmation, as long as was set. */
    ck_ok(trigger(VPRIV_TRIGGER_RAISE));
    hear(loud(), RATE / 2);
    clock_us += 2 * SECOND_US;
    nap(50);
    ck_assert_int_eq(vpriv_recorder_state_now(live.recorder), VPRIV_RECORDER_PROVISIONAL);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    ck_ok(vpriv_recorder_finish(live.recorder, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 1);
}
END_TEST

/* What was said before the wrist was raised does not count. */
START_TEST(speech_before_the_raise_is_not_speech_after_it)
{
    start(wearable());
    hear(noise, 4 * RATE);
    hear(loud(), RATE / 2);
    hear(noise, RATE / 5);
    ck_ok(trigger(VPRIV_TRIGGER_RAISE));
    hear(noise, RATE / 5);
    ck_fails(vpriv_recorder_confirm(live.recorder), VPRIV_E_STATE);
    clock_us += 701000;
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    ck_assert_int_eq(n_silent, 1);
}
END_TEST

START_TEST(elsewhere_a_raise_needs_nobody_to_speak)
{
    vpriv_recorder_config config = wearable();
    config.profile = VPRIV_RECORDER_PROFILE_DEFAULT;
    start(config);
    hear(noise, 3 * RATE);
    ck_ok(trigger(VPRIV_TRIGGER_RAISE));
    clock_us += 1900000;
    nap(50);
    ck_ok(vpriv_recorder_confirm(live.recorder));
}
END_TEST

START_TEST(other_triggers_of_a_wearable_time_out_after_seven_tenths_of_a_second)
{
    start(wearable());
    ck_ok(trigger(VPRIV_TRIGGER_WAKE_WORD));
    clock_us += 690000;
    nap(50);
    ck_assert_int_eq(vpriv_recorder_state_now(live.recorder), VPRIV_RECORDER_PROVISIONAL);
    clock_us += 20000;
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    ck_assert_int_eq(n_timed_out, 1);
    ck_assert_int_eq(n_silent, 0);
}
END_TEST

/* Rejected and timed out in turns. */
static void wake_for_nothing(int n)
{
    for (int i = 0; i < n; i++) {
        ck_ok(trigger(i % 2 ? VPRIV_TRIGGER_TAP : VPRIV_TRIGGER_WAKE_WORD));
        if (i % 2) {
            ck_ok(vpriv_recorder_reject(live.recorder));
            continue;
        }
        clock_us += 800000;
        ck_assert(wait_for(VPRIV_RECORDER_RING));
    }
}

START_TEST(s19_too_many_false_wakes_close_the_door_until_the_person_acts)
{
    start(wearable());
    wake_for_nothing(6);
    ck_assert_int_eq(n_closed, 0);
    wake_for_nothing(1);
    ck_assert_int_eq(n_closed, 1);
    static const vpriv_trigger_kind kinds[] = {VPRIV_TRIGGER_WAKE_WORD, VPRIV_TRIGGER_RAISE,
        VPRIV_TRIGGER_TAP, VPRIV_TRIGGER_VOICE_ACTIVITY};
    for (size_t i = 0; i < 4; i++) {
        ck_fails(trigger(kinds[i]), VPRIV_E_LIMIT);
        ck_assert_int_eq(vpriv_recorder_state_now(live.recorder), VPRIV_RECORDER_RING);
    }
    /* Not by waiting, and not by starting again. */
    household_pass(&h, DAY_US);
    ck_fails(trigger(VPRIV_TRIGGER_WAKE_WORD), VPRIV_E_LIMIT);
    stop();
    household_reopen(&h);
    start(wearable());
    ck_fails(trigger(VPRIV_TRIGGER_WAKE_WORD), VPRIV_E_LIMIT);
    ck_ok(vpriv_recorder_acknowledge(live.recorder));
    ck_ok(trigger(VPRIV_TRIGGER_WAKE_WORD));
    ck_ok(vpriv_recorder_reject(live.recorder));
    /* Acting begins a new count. */
    wake_for_nothing(6);
    ck_assert_int_eq(n_closed, 2);
}
END_TEST

START_TEST(pressing_a_button_opens_it_again_and_never_closes_it)
{
    start(wearable());
    for (int i = 0; i < 20; i++) {
        ck_ok(trigger(VPRIV_TRIGGER_BUTTON));
        ck_ok(vpriv_recorder_reject(live.recorder));
    }
    ck_assert_int_eq(n_closed, 0);
    wake_for_nothing(7);
    ck_fails(trigger(VPRIV_TRIGGER_TAP), VPRIV_E_LIMIT);
    ck_ok(trigger(VPRIV_TRIGGER_BUTTON));
    ck_ok(vpriv_recorder_confirm(live.recorder));
    ck_ok(vpriv_recorder_finish(live.recorder, NULL));
    ck_ok(trigger(VPRIV_TRIGGER_TAP));
}
END_TEST

START_TEST(false_wakes_spread_over_the_day_close_nothing)
{
    start(wearable());
    for (int i = 0; i < 4; i++) {
        wake_for_nothing(6);
        household_pass(&h, 3600 * SECOND_US);
    }
    ck_assert_int_eq(n_closed, 0);
}
END_TEST

/* With "don't save" nothing is written; the recorder keeps count itself. */
START_TEST(the_door_closes_with_dont_save_as_well)
{
    vpriv_recorder_config config = wearable();
    config.retention = VPRIV_RETENTION_NONE;
    config.false_wakes_per_hour = 2;
    start(config);
    wake_for_nothing(3);
    ck_assert_int_eq(n_closed, 1);
    ck_fails(trigger(VPRIV_TRIGGER_TAP), VPRIV_E_LIMIT);
    ck_ok(vpriv_recorder_acknowledge(live.recorder));
    ck_ok(trigger(VPRIV_TRIGGER_TAP));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM policy"), 3);
}
END_TEST

START_TEST(a_speaker_has_no_limit_unless_it_is_given_one)
{
    vpriv_recorder_config config = wearable();
    config.profile = VPRIV_RECORDER_PROFILE_DEFAULT;
    config.confirm_ms = 700;
    start(config);
    wake_for_nothing(20);
    ck_assert_int_eq(n_closed, 0);
    stop();
    config.false_wakes_per_hour = 1;
    start(config);
    wake_for_nothing(2);
    ck_assert_int_eq(n_closed, 1);
    ck_fails(trigger(VPRIV_TRIGGER_TAP), VPRIV_E_LIMIT);
}
END_TEST

static bool count_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    uint64_t *counts = user;
    if (entry->kind != VPRIV_LOG_FALSE_WAKES)
        return true;
    counts[strcmp(entry->reason, "wake-word") == 0 ? 0 : 1] += entry->count;
    return true;
}

/* A count per day and kind is all that stays of them. */
START_TEST(of_a_false_wake_a_count_stays_and_nothing_else)
{
    static const char *const tables[] = {
        "recording", "block", "wrap", "ingest", "recording_subject", "sweep"};
    uint64_t counts[2] = {0, 0};
    vpriv_recorder_config config = wearable();
    config.profile = VPRIV_RECORDER_PROFILE_DEFAULT;
    config.confirm_ms = 700;
    start(config);
    wake_for_nothing(9);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        ck_assert_int_eq(household_count(&h, sql), 0);
    }
    ck_ok(vpriv_vault_log(h.vault, 0, count_entry, counts));
    ck_assert_uint_eq(counts[0] + counts[1], 0);
    stop();
    household_pass(&h, DAY_US);
    household_reopen(&h);
    ck_ok(vpriv_vault_log(h.vault, 0, count_entry, counts));
    ck_assert_uint_eq(counts[0], 5);
    ck_assert_uint_eq(counts[1], 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: on a body");
    TCase *tests = tcase_create("wearable");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, s19_a_raise_that_nobody_speaks_after_is_none);
    tcase_add_test(tests, speech_before_the_raise_is_not_speech_after_it);
    tcase_add_test(tests, elsewhere_a_raise_needs_nobody_to_speak);
    tcase_add_test(tests, other_triggers_of_a_wearable_time_out_after_seven_tenths_of_a_second);
    tcase_add_test(tests, s19_too_many_false_wakes_close_the_door_until_the_person_acts);
    tcase_add_test(tests, pressing_a_button_opens_it_again_and_never_closes_it);
    tcase_add_test(tests, false_wakes_spread_over_the_day_close_nothing);
    tcase_add_test(tests, the_door_closes_with_dont_save_as_well);
    tcase_add_test(tests, a_speaker_has_no_limit_unless_it_is_given_one);
    tcase_add_test(tests, of_a_false_wake_a_count_stays_and_nothing_else);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
