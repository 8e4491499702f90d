/* The lamp tells the truth, and the application has the sound of the request and of nothing else: every
 * call is put in order with every sample that is read from the device. */
#include "capture/source.h"
#include "sound.h"
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define EXECUTE VPRIV_PURPOSE_EXECUTE_REQUEST
#define RATE    HOUSEHOLD_RATE_HZ
#define MOST    4096

static household h;
static float *sound; /* ten seconds */
static sound_live_one live;

/* What happened, in order. */
typedef enum act {
    OPENED = 'O',
    READ = 'r', /* sound came from the device; several in a row are one */
    CLOSED = 'C',
    HANDED = 'h', /* sound of a request went to the application; the same */
    HEARD = 'w',  /* sound before a trigger did */
    LAMP_OFF = '0',
    LAMP_LISTENING = '1',
    LAMP_RECORDING = '2',
    LAMP_MUTED = '3',
} act;
static char acts[MOST];
static _Atomic size_t n_acts; /* noted by the recorder's thread, and begun anew by the test's */

static void note(act what)
{
    if (n_acts > 0 && acts[n_acts - 1] == (char)what)
        return;
    ck_assert_uint_lt(n_acts, MOST - 1);
    acts[n_acts] = (char)what;
    acts[n_acts + 1] = '\0';
    n_acts++;
}

static void on_indicator(void *user, vpriv_indicator indicator)
{
    (void)user;
    if (n_acts > 0)
        ck_assert_int_ne(acts[n_acts - 1], '0' + (char)indicator);
    note((act)('0' + (int)indicator));
}

/* What the application was given, requests one after the other. */
static float given[20 * RATE];
static size_t n_given;
static uint64_t next_position;

static void on_frames(void *user, const vpriv_frames *frames)
{
    (void)user;
    ck_assert_uint_eq(frames->struct_size, sizeof *frames);
    ck_assert_uint_eq(frames->rate_hz, RATE);
    ck_assert_uint_eq(frames->n_channels, 1);
    note(frames->is_request ? HANDED : HEARD);
    if (!frames->is_request)
        return;
    if (frames->position_frames == 0)
        next_position = 0;
    ck_assert_uint_eq(frames->position_frames, next_position);
    next_position += frames->n_frames;
    ck_assert_uint_le(n_given + frames->n_frames, sizeof given / sizeof given[0]);
    memcpy(given + n_given, frames->samples, frames->n_frames * sizeof *given);
    n_given += frames->n_frames;
}

static vpriv_recorder_event_kind last_event;
static int n_events;
static void on_event(void *user, const vpriv_recorder_event *event)
{
    (void)user;
    last_event = event->kind;
    n_events++;
    ck_assert((event->kind == VPRIV_RECORDER_EVENT_ENDED) == (event->outcome != NULL));
}

/* The device: what is pushed, with every step on record. */
static vpriv_source device;
static _Atomic(vpriv_status) fails_with;

static vpriv_status device_open(vpriv_source *source)
{
    (void)source;
    note(OPENED);
    return fails_with == VPRIV_OK ? vpi_source_start(live.source) : fails_with;
}

static vpriv_status device_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    (void)source;
    if (fails_with != VPRIV_OK)
        return fails_with;
    const vpriv_status st =
        vpi_source_read(live.source, frames_out, capacity_frames, n_read_out, n_lost_out, end_out);
    if (st == VPRIV_OK && *n_read_out > 0)
        note(READ);
    return st;
}

static void device_stop(vpriv_source *source)
{
    (void)source;
    vpi_source_stop(live.source);
    note(CLOSED);
}

static const vpi_source_table device_table = {
    .name = "device", .start = device_open, .read = device_read, .stop = device_stop};

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    sound = calloc(10 * RATE, sizeof *sound);
    sound_noise(sound, 10 * RATE, 77, 0.3f);
    n_acts = n_given = 0;
    n_events = 0;
    fails_with = VPRIV_OK;
}

static void tear_down(void)
{
    vpriv_recorder_close(live.recorder);
    vpriv_capture_close(live.source);
    live = (sound_live_one){NULL, NULL, 0};
    free(sound);
    household_close(&h);
}

/* Not started. */
static void open_with(vpriv_recorder_config config)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, RATE, 1};
    config.indicator = on_indicator;
    config.event = on_event;
    config.confirm_ms = 60000;
    config.no_high_pass = true;
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &live.source));
    live.all = vpriv_capture_push_space(live.source);
    device = (vpriv_source){.table = &device_table, .format = format};
    device.total_frames = VPI_FRAMES_UNKNOWN;
    ck_ok(vpriv_recorder_open(h.vault, &device, &config, &live.recorder));
}

static void start_with(vpriv_recorder_config config)
{
    open_with(config);
    ck_ok(vpriv_recorder_start(live.recorder));
}

static vpriv_recorder_config config_with_frames(vpriv_retention retention)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.retention = retention;
    config.frames = on_frames;
    return config;
}

static void hear(size_t at, size_t n_frames)
{
    ck_assert_uint_eq(sound_live_push(&live, sound + at, n_frames), n_frames);
}

static void trigger(vpriv_trigger_kind kind)
{
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = kind};
    ck_ok(vpriv_recorder_trigger(live.recorder, &it));
}

static bool wait_for(vpriv_recorder_state wanted)
{
    return waited_for(live.recorder, wanted);
}

START_TEST(the_lamp_is_lit_before_the_first_sample_and_out_after_the_last)
{
    start_with(config_with_frames(VPRIV_RETENTION_90_DAYS));
    hear(0, RATE);
    ck_assert_str_eq(acts, "1Or");
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_assert_str_eq(acts, "1Or2h"); /* the pre-roll */
    hear(RATE, RATE / 50);
    ck_assert_str_eq(acts, "1Or2hrh");
    ck_ok(vpriv_recorder_confirm(live.recorder));
    ck_ok(vpriv_recorder_finish(live.recorder, NULL));
    ck_assert_int_eq(acts[n_acts - 1], LAMP_LISTENING);
    n_acts = 0;
    hear(0, RATE / 10);
    ck_ok(vpriv_recorder_mute(live.recorder));
    ck_assert_str_eq(acts, "rC3");
    n_acts = 0;
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(live.source, sound, RATE, &n_taken));
    nap(50);
    ck_assert_uint_eq(n_acts, 0);
    ck_ok(vpriv_recorder_unmute(live.recorder));
    nap(50);
    ck_assert_str_eq(acts, "1O");
    hear(0, RATE / 10);
    n_acts = 0;
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_assert_str_eq(acts, "C0");
    nap(20);
    ck_assert_str_eq(acts, "C0");
}
END_TEST

START_TEST(a_rejected_recording_and_a_muted_one_go_out_in_order)
{
    start_with(config_with_frames(VPRIV_RETENTION_90_DAYS));
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    hear(0, RATE / 50);
    n_acts = 0;
    ck_ok(vpriv_recorder_reject(live.recorder));
    ck_assert_str_eq(acts, "1");
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    n_acts = 0;
    ck_ok(vpriv_recorder_mute(live.recorder));
    ck_assert_str_eq(acts, "C3");
    ck_ok(vpriv_recorder_unmute(live.recorder));
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(0, RATE / 50 * 3 / 2);
    n_acts = 0;
    ck_ok(vpriv_recorder_mute(live.recorder));
    ck_assert_int_eq(acts[0], CLOSED);
    ck_assert_int_eq(acts[n_acts - 1], LAMP_MUTED);
    ck_assert_int_eq(last_event, VPRIV_RECORDER_EVENT_ENDED);
}
END_TEST

START_TEST(a_lost_device_a_withdrawal_and_a_refused_trigger_put_the_lamp_out)
{
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_90_DAYS);
    config.unsealed_ms = 100;
    start_with(config);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    n_acts = 0;
    fails_with = VPRIV_E_DEVICE_LOST;
    ck_assert(wait_for(VPRIV_RECORDER_ENDED));
    nap(20);
    ck_assert_int_eq(acts[n_acts - 2], CLOSED);
    ck_assert_int_eq(acts[n_acts - 1], LAMP_OFF);
    fails_with = VPRIV_OK;
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_ok(vpriv_recorder_start(live.recorder));
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    household_withdraw(&h, h.ada, KEEP);
    n_acts = 0;
    for (int i = 0; i < 200 && vpriv_recorder_state_now(live.recorder) != VPRIV_RECORDER_ENDED;
         i++) {
        hear(0, RATE / 50);
        nap(5);
    }
    nap(20);
    ck_assert_int_eq(acts[n_acts - 2], CLOSED);
    ck_assert_int_eq(acts[n_acts - 1], LAMP_OFF);
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_ok(vpriv_recorder_start(live.recorder));
    const vpriv_trigger it = {.struct_size = sizeof it, .kind = VPRIV_TRIGGER_BUTTON};
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(EXECUTE), "owner", NULL));
    n_acts = 0;
    ck_fails(vpriv_recorder_trigger(live.recorder, &it), VPRIV_E_CONSENT);
    ck_assert_ptr_null(strchr(acts, LAMP_RECORDING));
}
END_TEST

START_TEST(a_device_that_does_not_open_leaves_the_lamp_off)
{
    open_with(config_with_frames(VPRIV_RETENTION_NONE));
    fails_with = VPRIV_E_DEVICE_LOST;
    ck_fails(vpriv_recorder_start(live.recorder), VPRIV_E_DEVICE_LOST);
    ck_assert_str_eq(acts, "1O0");
}
END_TEST

/* Every file of the vault, by content. */
static uint64_t fingerprint(void)
{
    static const char *const names[] = {"", "-wal", "-reserve", "-lock"};
    uint64_t sum = 1469598103934665603u;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_BYTES + 16];
        snprintf(path, sizeof path, "%s%s", h.path, names[i]);
        FILE *file = fopen(path, "rb");
        for (int c = file ? fgetc(file) : EOF; c != EOF; c = fgetc(file))
            sum = (sum ^ (uint64_t)c) * 1099511628211u;
        if (file)
            fclose(file);
        sum = (sum ^ (file ? 1u : 2u)) * 1099511628211u;
    }
    return sum;
}

START_TEST(with_dont_save_the_application_has_the_request_and_the_vault_does_not_change)
{
    start_with(config_with_frames(VPRIV_RETENTION_NONE));
    const uint64_t before = fingerprint();
    hear(0, RATE);
    ck_assert_uint_eq(n_given, 0);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    hear(RATE, RATE);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(2 * RATE, RATE);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_finish(live.recorder, &outcome));
    ck_assert(!outcome.is_stored);
    /* From half a second before the trigger to the end, sample by sample. */
    ck_assert_uint_eq(n_given, RATE / 2 + 2 * RATE);
    for (size_t i = 0; i < n_given; i++)
        ck_assert_msg(given[i] == sound[RATE / 2 + i], "frame %zu", i);
    /* Nothing more while listening, nor of one that is rejected. */
    hear(0, RATE);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_reject(live.recorder));
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_assert(fingerprint() == before);
}
END_TEST

/* Whoever said no to keeping is answered all the same, with any retention, and nothing is written. */
START_TEST(s5_where_nothing_may_be_kept_the_request_is_answered_in_memory)
{
    static const vpriv_trigger_kind kinds[] = {VPRIV_TRIGGER_WAKE_WORD, VPRIV_TRIGGER_BUTTON};
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_90_DAYS);
    config.voice_gate = VPRIV_VOICE_GATE_ON;
    household_withdraw(&h, h.ada, KEEP);
    start_with(config);
    const uint64_t before = fingerprint();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        vpriv_outcome outcome = {.struct_size = sizeof outcome};
        n_given = next_position = 0;
        hear(0, RATE);
        trigger(kinds[i]);
        hear(RATE, RATE);
        ck_ok(vpriv_recorder_confirm(live.recorder));
        hear(2 * RATE, RATE);
        ck_ok(vpriv_recorder_finish(live.recorder, &outcome));
        ck_assert(!outcome.is_stored);
        ck_assert_int_eq(outcome.status, VPRIV_OK);
        ck_assert_uint_eq(n_given, RATE / 2 + 2 * RATE);
        ck_assert_mem_eq(given, sound + RATE / 2, n_given * sizeof *given);
        ck_assert_int_eq(vpriv_recorder_state_now(live.recorder), VPRIV_RECORDER_RING);
    }
    ck_assert(fingerprint() == before);
    /* With a yes it is kept again; without anybody to hand frames to there is nothing to do without one. */
    household_give(&h, h.ada, KEEP);
    n_given = next_position = 0;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(0, RATE);
    ck_ok(vpriv_recorder_finish(live.recorder, &outcome));
    ck_assert(outcome.is_stored);
}
END_TEST

/* What comes to nothing without being kept closes the door as any other. */
START_TEST(s5_false_wakes_count_where_nothing_may_be_kept)
{
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_90_DAYS);
    const vpriv_trigger word = {.struct_size = sizeof word, .kind = VPRIV_TRIGGER_WAKE_WORD};
    config.false_wakes_per_hour = 2;
    household_withdraw(&h, h.ada, KEEP);
    start_with(config);
    for (int i = 0; i < 3; i++) {
        trigger(VPRIV_TRIGGER_WAKE_WORD);
        ck_ok(vpriv_recorder_reject(live.recorder));
    }
    ck_fails(vpriv_recorder_trigger(live.recorder, &word), VPRIV_E_LIMIT);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_reject(live.recorder));
    ck_ok(vpriv_recorder_trigger(live.recorder, &word));
}
END_TEST

START_TEST(what_is_stored_is_handed_out_as_well_up_to_the_maximum)
{
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_90_DAYS);
    config.maximum_ms = 1500;
    config.no_trailing_silence = true;
    start_with(config);
    hear(0, RATE);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(RATE, 3 * RATE);
    ck_assert(wait_for(VPRIV_RECORDER_RING));
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_finish(live.recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_eq(n_given, RATE * 3 / 2);
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * n_given);
    ck_assert_mem_eq(given, sound + RATE / 2, n_given * sizeof *given);
}
END_TEST

START_TEST(a_wake_word_engine_hears_before_the_trigger_when_it_is_asked_for)
{
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_NONE);
    config.frames_while_listening = true;
    start_with(config);
    hear(0, RATE);
    ck_assert_ptr_nonnull(strchr(acts, HEARD));
    ck_assert_ptr_null(strchr(acts, HANDED));
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_mute(live.recorder));
    n_acts = 0;
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(live.source, sound, RATE, &n_taken));
    nap(50);
    ck_assert_uint_eq(n_acts, 0);
}
END_TEST

START_TEST(nobodys_own_trigger_and_a_pause_keep_the_sound_from_the_application)
{
    vpriv_recorder_config config = config_with_frames(VPRIV_RETENTION_NONE);
    const vpriv_trigger continuous = {
        .struct_size = sizeof continuous, .kind = VPRIV_TRIGGER_CONTINUOUS};
    const vpriv_trigger word = {.struct_size = sizeof word, .kind = VPRIV_TRIGGER_WAKE_WORD};
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    config.unsealed_ms = 100;
    start_with(config);
    ck_fails(vpriv_recorder_trigger(live.recorder, &continuous), VPRIV_E_CONSENT);
    ck_ok(vpriv_recorder_trigger(live.recorder, &word));
    ck_ok(vpriv_recorder_confirm(live.recorder));
    hear(0, RATE / 10);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(EXECUTE), "owner", NULL));
    ck_assert(wait_for(VPRIV_RECORDER_ENDED));
    const size_t before = n_given;
    ck_ok(vpriv_recorder_stop(live.recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_PAUSED);
    ck_assert_uint_eq(n_given, before);
    ck_ok(vpriv_recorder_start(live.recorder));
    ck_fails(vpriv_recorder_trigger(live.recorder, &word), VPRIV_E_CONSENT);
    ck_assert_uint_eq(n_given, before);
}
END_TEST

START_TEST(events_tell_what_nobody_asked_for)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    start_with(config);
    trigger(VPRIV_TRIGGER_WAKE_WORD);
    ck_ok(vpriv_recorder_reject(live.recorder));
    ck_assert_int_eq(n_events, 0);
    trigger(VPRIV_TRIGGER_BUTTON);
    ck_ok(vpriv_recorder_confirm(live.recorder));
    ck_ok(vpriv_capture_push_end(live.source));
    ck_assert(wait_for(VPRIV_RECORDER_ENDED));
    nap(50);
    ck_assert_int_eq(n_events, 1);
    ck_assert_int_eq(last_event, VPRIV_RECORDER_EVENT_ENDED);
    ck_ok(vpriv_recorder_stop(live.recorder, NULL));
    ck_assert_int_eq(n_events, 1);
    for (int i = 0; i <= VPRIV_INDICATOR_MUTED; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(
                vpriv_indicator_name((vpriv_indicator)i), vpriv_indicator_name((vpriv_indicator)j));
    for (int i = 0; i <= VPRIV_RECORDER_MUTED; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(vpriv_recorder_state_name((vpriv_recorder_state)i),
                vpriv_recorder_state_name((vpriv_recorder_state)j));
    ck_assert_str_eq(vpriv_indicator_name((vpriv_indicator)4), "unknown indicator");
    ck_assert_str_eq(vpriv_recorder_state_name((vpriv_recorder_state)6), "unknown state");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: lamp and frames");
    TCase *tests = tcase_create("frames");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_lamp_is_lit_before_the_first_sample_and_out_after_the_last);
    tcase_add_test(tests, a_rejected_recording_and_a_muted_one_go_out_in_order);
    tcase_add_test(tests, a_lost_device_a_withdrawal_and_a_refused_trigger_put_the_lamp_out);
    tcase_add_test(tests, a_device_that_does_not_open_leaves_the_lamp_off);
    tcase_add_test(
        tests, with_dont_save_the_application_has_the_request_and_the_vault_does_not_change);
    tcase_add_test(tests, s5_where_nothing_may_be_kept_the_request_is_answered_in_memory);
    tcase_add_test(tests, s5_false_wakes_count_where_nothing_may_be_kept);
    tcase_add_test(tests, what_is_stored_is_handed_out_as_well_up_to_the_maximum);
    tcase_add_test(tests, a_wake_word_engine_hears_before_the_trigger_when_it_is_asked_for);
    tcase_add_test(tests, nobodys_own_trigger_and_a_pause_keep_the_sound_from_the_application);
    tcase_add_test(tests, events_tell_what_nobody_asked_for);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
