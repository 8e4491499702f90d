/* What goes in comes out: at its place, of its length, with its gaps, and the file says nothing about
 * what it was (P9). */
#include "household.h"
#include "sound.h"
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

static vpriv_recorder_config faithful(uint32_t rate_hz)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding,
        .rate_hz = rate_hz,
        .bitrate_bps = 96000,
        .application = VPRIV_APPLICATION_AUDIO};
    config.no_high_pass = true;
    return config;
}

START_TEST(speech_comes_back_at_its_place)
{
    size_t n_in = 0, n_out = 0;
    float *in = household_speech(&n_in);
    const vpriv_recorder_config config = faithful(48000);
    vpriv_source *source =
        sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, 48000, 1}, in, n_in, 999);
    const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
    ck_assert_uint_eq(outcome.n_frames_48k, n_in);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, n_in);
    ck_assert_int_eq(sound_lag(in, out, n_in, 400), 0);
    free(out);
    /* And at the rate it is recorded at by default; the filters are off, which shift it a little. */
    const vpriv_recorder_config plain = faithful(RATE);
    source = sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, 48000, 1}, in, n_in, 48000);
    const vpriv_outcome low = sound_run(&h, &household_button, source, &plain);
    out = sound_decode(&h, &low.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, (n_in + 2) / 3);
    for (size_t i = 0; i < n_out; i++) {
        const size_t middle = 3 * i;
        in[i] =
            (in[middle ? middle - 1 : 0] + in[middle] + in[middle + 1 < n_in ? middle + 1 : 0]) / 3;
    }
    const int lag = sound_lag(in, out, n_out, 100);
    ck_assert_msg(lag >= -1 && lag <= 1, "%d frames off", lag);
    free(out);
    free(in);
}
END_TEST

START_TEST(file_comes_back_whole)
{
    size_t n_in = 0, n_out = 0;
    float *in = household_speech(&n_in);
    const vpriv_recorder_config config = faithful(48000);
    vpriv_source *source = NULL;
    ck_ok(vpriv_capture_file_open("/usr/share/sounds/alsa/Front_Center.wav", &source));
    const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, n_in);
    ck_assert_int_eq(sound_lag(in, out, n_in, 400), 0);
    free(out);
    free(in);
}
END_TEST

START_TEST(shortest_recordings_have_their_length)
{
    static const size_t lengths[] = {0, 1, 2, 19 * 16, 319, 320, 321, 639, 16001};
    float *in = calloc(20000, sizeof *in);
    sound_noise(in, 20000, 1, 0.5f);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n_out = 1;
        const vpriv_recorder_config config = household_config(h.ada, 1);
        vpriv_source *source =
            sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, RATE, 1}, in, lengths[i], 1);
        const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
        ck_assert_uint_eq(outcome.n_frames_48k, 3 * lengths[i]);
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_SOURCE_ENDED);
        free(sound_decode(&h, &outcome.recording, &n_out, NULL));
        ck_assert_uint_eq(n_out, lengths[i]);
    }
    free(in);
}
END_TEST

START_TEST(odd_rates_formats_and_channels_are_taken)
{
    static const vpriv_stream_format formats[] = {{VPRIV_SAMPLE_S24, 44100, 2},
        {VPRIV_SAMPLE_F32, 11025, 1}, {VPRIV_SAMPLE_S32, 96000, 8}, {VPRIV_SAMPLE_S16, 8000, 1},
        {VPRIV_SAMPLE_S16, 192000, 2}, {VPRIV_SAMPLE_F32, 22051, 3}};
    uint8_t *bytes = calloc(192000, 32);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t n_out = 0;
        const vpriv_recorder_config config = household_config(h.ada, 1);
        const size_t n_in = formats[i].rate_hz / 2 + 7;
        vpriv_source *source = sound_push(formats[i], bytes, n_in, 1234);
        const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
        const uint64_t wanted =
            ((uint64_t)n_in * RATE + formats[i].rate_hz - 1) / formats[i].rate_hz;
        ck_assert_uint_eq(outcome.n_frames_48k, 3 * wanted);
        free(sound_decode(&h, &outcome.recording, &n_out, NULL));
        ck_assert_uint_eq(n_out, wanted);
    }
    free(bytes);
}
END_TEST

START_TEST(samples_that_are_no_numbers_do_no_harm)
{
    size_t n_out = 0;
    float *in = calloc(RATE, sizeof *in);
    const vpriv_recorder_config config = household_config(h.ada, 1);
    sound_noise(in, RATE, 5, 0.5f);
    for (size_t i = 0; i < RATE; i += 7)
        in[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
    vpriv_source *source =
        sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, RATE, 1}, in, RATE, 100);
    const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, RATE);
    for (size_t i = 0; i < n_out; i++)
        ck_assert(isfinite(out[i]));
    free(out);
    free(in);
}
END_TEST

START_TEST(pre_roll_joins_without_a_seam)
{
    float *in = calloc(5 * RATE, sizeof *in);
    size_t n_out = 0;
    vpriv_recording_info info;
    vpriv_recorder_config config = faithful(RATE);
    sound_noise(in, 5 * RATE, 77, 0.8f);
    for (uint32_t pre_roll_ms = 0; pre_roll_ms <= 1500; pre_roll_ms += 750) {
        config.pre_roll_ms = pre_roll_ms;
        config.no_pre_roll = pre_roll_ms == 0;
        sound_live_one l = sound_live(&h, &config, 2000);
        ck_assert_uint_eq(sound_live_push(&l, in, RATE), RATE);
        ck_assert_uint_eq(sound_live_push(&l, in + RATE, RATE + 123), RATE + 123);
        ck_ok(vpriv_recorder_trigger(l.recorder, &household_button));
        ck_ok(vpriv_recorder_confirm(l.recorder));
        ck_assert_uint_eq(sound_live_push(&l, in + 2 * RATE + 123, RATE), RATE);
        const vpriv_outcome outcome = sound_live_end(&l);
        const size_t n_pre = (size_t)pre_roll_ms * RATE / 1000;
        ck_assert_uint_eq(outcome.n_frames_48k, 3 * (n_pre + RATE));
        float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
        ck_assert_uint_eq(n_out, n_pre + RATE);
        const float *from = in + 2 * RATE + 123 - n_pre;
        ck_assert_int_eq(sound_lag(from, out, n_out, 300), 0);
        /* Around the seam alone. */
        if (n_pre > 0)
            ck_assert_int_eq(sound_lag(from + n_pre - 1600, out + n_pre - 1600, 3200, 300), 0);
        ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
        ck_assert_int_eq(info.started_us, h.cell->now_us - (int64_t)pre_roll_ms * 1000);
        free(out);
    }
    free(in);
}
END_TEST

static void ck_gap(size_t n_lost)
{
    const size_t n_before = RATE;
    size_t n_out = 0;
    uint64_t n_gap = 0;
    vpriv_recorder_config config = faithful(RATE);
    config.no_pre_roll = true;
    sound_live_one l = sound_live(&h, &config, 500);
    float *in = calloc(l.all + n_lost + 3 * RATE, sizeof *in);
    sound_noise(in, l.all + n_lost + 3 * RATE, 99, 0.8f);
    ck_ok(vpriv_recorder_trigger(l.recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    ck_assert_uint_eq(sound_live_push(&l, in, n_before / 4), n_before / 4);
    /* One write larger than the buffer: what fits is taken, the rest is lost at once. */
    size_t at = n_before / 4;
    size_t n_taken = sound_live_push(&l, in + at, l.all + n_lost);
    ck_assert_uint_eq(n_taken, l.all);
    const size_t gap_at = at + n_taken;
    at += l.all + n_lost;
    ck_assert_uint_eq(sound_live_push(&l, in + at, RATE / 2), RATE / 2);
    at += RATE / 2;
    const vpriv_outcome outcome = sound_live_end(&l);
    ck_assert_uint_eq(outcome.n_lost_frames_48k, 3 * n_lost);
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * at);
    float *out = sound_decode(&h, &outcome.recording, &n_out, &n_gap);
    ck_assert_uint_eq(n_out, at);
    ck_assert_uint_eq(n_gap, n_lost);
    ck_assert_int_eq(sound_lag(in + gap_at - 4000, out + gap_at - 4000, 4000, 200), 0);
    ck_assert_int_eq(sound_lag(in + gap_at + n_lost, out + gap_at + n_lost, RATE / 2, 200), 0);
    const double loud = sound_energy(out, gap_at);
    if (n_lost > 400)
        ck_assert_double_lt(sound_energy(out + gap_at + 200, n_lost - 300), loud / 20);
    /* What follows is as good as before, from its first packet on. */
    double error = 0;
    for (size_t i = gap_at + n_lost + 40; i < gap_at + n_lost + 600; i++)
        error += pow((double)out[i] - (double)in[i], 2) / 560;
    ck_assert_msg(error < sound_energy(in + gap_at + n_lost, 600) / 100,
        "%zu lost: error %g behind the gap", n_lost, error);
    free(out);
    free(in);
}

START_TEST(lost_frames_are_a_gap_of_their_length_at_their_place)
{
    static const size_t lengths[] = {1, 37, 160, 320, 425, 1000, 8000, 100003};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        ck_gap(lengths[i]);
}
END_TEST

START_TEST(longest_recording_is_what_was_set)
{
    vpriv_source *source = NULL;
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.maximum_ms = 700;
    static int16_t tone[RATE * 5];
    household_tone(tone, RATE * 5, 500, 0.3);
    vpriv_outcome outcome =
        sound_run(&h, &household_button, household_source(tone, RATE * 5), &config);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_ge(outcome.n_frames_48k, 48 * 700);
    ck_assert_uint_le(outcome.n_frames_48k, 48 * 720);
    ck_ok(vpriv_capture_file_open("/usr/share/sounds/alsa/Front_Center.wav", &source));
    outcome = sound_run(&h, &household_button, source, &config);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_le(outcome.n_frames_48k, 48 * 720);
}
END_TEST

static bool stop_at_half_a_second(void *user, uint64_t done_us, uint64_t total_us)
{
    *(uint64_t *)user = total_us;
    return done_us < 500000;
}

START_TEST(cancelled_file_leaves_nothing_and_cancelled_stream_is_kept)
{
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    uint64_t total_us = 0;
    static int16_t tone[RATE * 5];
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.progress = stop_at_half_a_second;
    config.progress_user = &total_us;
    ck_ok(vpriv_capture_file_open("/usr/share/sounds/alsa/Front_Center.wav", &source));
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_fails(vpriv_recorder_run(recorder, &household_button, &outcome), VPRIV_E_CANCELLED);
    ck_assert_str_ne(vpriv_error_detail(), "");
    ck_assert(!outcome.is_stored);
    ck_assert_uint_gt(total_us, 1000000);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
    household_tone(tone, RATE * 5, 500, 0.3);
    outcome = sound_run(&h, &household_button, household_source(tone, RATE * 5), &config);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
    ck_assert_uint_lt(outcome.n_frames_48k, 48 * 1000);
    ck_assert_uint_eq(total_us, 0);
}
END_TEST

/* Both recordings hold the same packets; returns how many. */
static size_t ck_same_packets(const vpriv_recording_id *a, const vpriv_recording_id *b)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *left = NULL, *right = NULL;
    size_t n = 0;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, a, &request, &left));
    ck_ok(vpriv_gate_open(h.vault, h.keyring, b, &request, &right));
    for (;; n++) {
        vpriv_packet x = {.struct_size = sizeof x}, y = {.struct_size = sizeof y};
        ck_ok(vpriv_gate_read_packet(left, &x));
        ck_ok(vpriv_gate_read_packet(right, &y));
        if (y.is_end)
            break; /* the exporter leaves out packets that lie behind the end */
        ck_assert(!x.is_end);
        ck_assert_uint_eq(x.n_bytes, y.n_bytes);
        ck_assert_uint_eq(x.duration_frames_48k, y.duration_frames_48k);
        if (x.n_bytes > 0)
            ck_assert_mem_eq(x.data, y.data, x.n_bytes);
    }
    vpriv_gate_close(left);
    vpriv_gate_close(right);
    return n;
}

START_TEST(opus_goes_out_and_in_without_a_changed_bit)
{
    size_t n_in = 0, n_first = 0, n_second = 0;
    char path[PATH_BYTES];
    float *in = household_speech(&n_in);
    vpriv_outcome imported = {.struct_size = sizeof imported};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_source *source =
        sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, 48000, 1}, in, n_in, 48000);
    const vpriv_outcome outcome = sound_run(&h, &household_button, source, &config);
    household_file(&h, "out.opus", path);
    sound_export(&h, &outcome.recording, path);
    ck_ok(vpriv_recorder_import_opus(h.vault, path, &config, &imported));
    ck_assert(imported.is_stored);
    ck_assert_uint_eq(imported.n_frames_48k, outcome.n_frames_48k);
    ck_assert_uint_gt(ck_same_packets(&outcome.recording, &imported.recording), 60);
    float *first = sound_decode(&h, &outcome.recording, &n_first, NULL);
    float *second = sound_decode(&h, &imported.recording, &n_second, NULL);
    ck_assert_uint_eq(n_second, outcome.n_frames_48k);
    free(first);
    free(second);
    free(in);
    /* With "don't save" it is looked at and not kept. */
    vpriv_recorder_config none = config;
    none.retention = VPRIV_RETENTION_NONE;
    ck_ok(vpriv_recorder_import_opus(h.vault, path, &none, &imported));
    ck_assert(!imported.is_stored);
    /* Cut short, nothing is kept. */
    const int64_t n_before = household_count(&h, "SELECT count(*) FROM recording");
    ck_assert_int_eq(truncate(path, 3000), 0);
    ck_fails(vpriv_recorder_import_opus(h.vault, path, &config, &imported), VPRIV_E_FORMAT);
    ck_fails(
        vpriv_recorder_import_opus(h.vault, "/nowhere", &config, &imported), VPRIV_E_NOT_FOUND);
    household_withdraw(&h, h.ada, KEEP);
    ck_fails(vpriv_recorder_import_opus(h.vault, path, &config, &imported), VPRIV_E_CONSENT);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), n_before);
}
END_TEST

START_TEST(gap_survives_export_and_import)
{
    char path[PATH_BYTES];
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.no_pre_roll = true;
    sound_live_one l = sound_live(&h, &config, 500);
    float *in = calloc(l.all + 8000, sizeof *in);
    sound_noise(in, l.all + 8000, 3, 0.5f);
    ck_ok(vpriv_recorder_trigger(l.recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    ck_assert_uint_eq(sound_live_push(&l, in, l.all + 8000), l.all);
    ck_assert_uint_eq(sound_live_push(&l, in, 3200), 3200);
    free(in);
    const vpriv_outcome outcome = sound_live_end(&l);
    vpriv_outcome imported = {.struct_size = sizeof imported};
    household_file(&h, "gap.opus", path);
    sound_export(&h, &outcome.recording, path);
    ck_ok(vpriv_recorder_import_opus(h.vault, path, &config, &imported));
    ck_assert_uint_eq(imported.n_frames_48k, outcome.n_frames_48k);
}
END_TEST

static int64_t blocks_of_ten_seconds(const float *in)
{
    const vpriv_recorder_config config = household_config(h.ada, 1);
    vpriv_source *source =
        sound_push((vpriv_stream_format){VPRIV_SAMPLE_F32, RATE, 1}, in, 10 * RATE, RATE);
    return (int64_t)sound_run(&h, &household_button, source, &config).n_blocks;
}

START_TEST(file_does_not_tell_silence_from_speech)
{
    float *in = calloc(10 * RATE, sizeof *in);
    size_t n_speech = 0;
    float *speech = household_speech(&n_speech);
    const int64_t silence = blocks_of_ten_seconds(in);
    for (size_t i = 0; i < 10 * RATE; i++)
        in[i] = speech[3 * i % n_speech];
    ck_assert_int_eq(blocks_of_ten_seconds(in), silence);
    sound_noise(in, 10 * RATE, 11, 0.9f);
    ck_assert_int_eq(blocks_of_ten_seconds(in), silence);
    for (size_t i = 0; i < 10 * RATE; i++)
        in[i] = 0.99f * sinf((float)i * 0.5f) * (i / 4000 % 2 ? 1.0f : 0.01f);
    ck_assert_int_eq(blocks_of_ten_seconds(in), silence);
    ck_assert_int_ge(silence, 10);
    ck_assert_int_le(silence, 12);
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM block WHERE length(sealed) <> 4096"), 0);
    free(speech);
    free(in);
}
END_TEST

START_TEST(live_recording_writes_a_block_a_second_whatever_is_said)
{
    int64_t n_blocks[2];
    for (int loud = 0; loud < 2; loud++) {
        const vpriv_recorder_config config = household_config(h.ada, 1);
        float *in = calloc(RATE, sizeof *in);
        sound_live_one l = sound_live(&h, &config, 2000);
        if (loud)
            sound_noise(in, RATE, 4, 0.9f);
        ck_ok(vpriv_recorder_trigger(l.recorder, &household_button));
        ck_ok(vpriv_recorder_confirm(l.recorder));
        for (int i = 0; i < 30; i++) {
            size_t n_taken = 0;
            ck_ok(vpriv_capture_push_write(l.source, in + i % 10 * 1600, 1600, &n_taken));
            nap(100);
        }
        n_blocks[loud] = (int64_t)sound_live_end(&l).n_blocks;
        free(in);
    }
    ck_assert_int_ge(n_blocks[0], 3);
    ck_assert_int_le(n_blocks[0], 5);
    ck_assert_int_ge(n_blocks[1], n_blocks[0] - 1);
    ck_assert_int_le(n_blocks[1], n_blocks[0] + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: sound");
    TCase *tests = tcase_create("sound");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, speech_comes_back_at_its_place);
    tcase_add_test(tests, file_comes_back_whole);
    tcase_add_test(tests, shortest_recordings_have_their_length);
    tcase_add_test(tests, odd_rates_formats_and_channels_are_taken);
    tcase_add_test(tests, samples_that_are_no_numbers_do_no_harm);
    tcase_add_test(tests, pre_roll_joins_without_a_seam);
    tcase_add_test(tests, lost_frames_are_a_gap_of_their_length_at_their_place);
    tcase_add_test(tests, longest_recording_is_what_was_set);
    tcase_add_test(tests, cancelled_file_leaves_nothing_and_cancelled_stream_is_kept);
    tcase_add_test(tests, opus_goes_out_and_in_without_a_changed_bit);
    tcase_add_test(tests, gap_survives_export_and_import);
    tcase_add_test(tests, file_does_not_tell_silence_from_speech);
    tcase_add_test(tests, live_recording_writes_a_block_a_second_whatever_is_said);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
