/* The voice gate in a recording: silence is not encoded, nothing that is said is missing, time stays
 * true, nothing clicks, and the file does not tell. */
#include "capture/source.h"
#include "sound.h"
#include <math.h>
#include <stdio.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

static const vpriv_trigger continuous = {
    .struct_size = sizeof continuous, .kind = VPRIV_TRIGGER_CONTINUOUS};
static const vpriv_trigger wake_word = {.struct_size = sizeof wake_word,
    .kind = VPRIV_TRIGGER_WAKE_WORD,
    .score = 0.9f,
    .wake_word = "computer"};
static const vpriv_stream_format mono = {VPRIV_SAMPLE_F32, RATE, 1};

/* The linker puts this in the place of the library's own clock (see recorder.mk); 0 is the real one. */
static int64_t clock_us;
int64_t __real_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return clock_us ? clock_us : __real_vpi_monotonic_us();
}

static household h;
static float *speech; /* at 16 kHz, with a pause at either end */
static size_t n_speech;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    speech = sound_speech(&n_speech);
}

static void tear_down(void)
{
    free(speech);
    household_close(&h);
}

static float *scene(size_t n_frames, const size_t *at, size_t n_at)
{
    return sound_scene(n_frames, speech, n_speech, at, n_at);
}

static vpriv_recorder_config faithful(void)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding,
        .bitrate_bps = 64000,
        .application = VPRIV_APPLICATION_AUDIO};
    config.no_high_pass = true;
    config.no_maximum = config.no_trailing_silence = true;
    return config;
}

static vpriv_reader *open_gate(const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    return reader;
}

typedef struct counts {
    uint64_t n_packets, silent_48k, lost_48k, all_48k;
    size_t n_silences; /* pieces, however many blocks they go through */
} counts;

static counts count(const vpriv_recording_id *id)
{
    counts c = {0};
    bool was_silence = false;
    vpriv_reader *reader = open_gate(id);
    for (;;) {
        vpriv_packet packet = {.struct_size = sizeof packet};
        ck_ok(vpriv_gate_read_packet(reader, &packet));
        if (packet.is_end)
            break;
        c.all_48k += packet.duration_frames_48k;
        c.lost_48k += packet.lost_frames_48k;
        c.n_packets += packet.n_bytes > 0;
        if (packet.is_silence) {
            ck_assert_ptr_null(packet.data);
            ck_assert_uint_eq(packet.n_bytes + packet.lost_frames_48k, 0);
            ck_assert_uint_gt(packet.duration_frames_48k, 0);
            c.silent_48k += packet.duration_frames_48k;
            c.n_silences += !was_silence;
        }
        was_silence = packet.is_silence;
    }
    vpriv_gate_close(reader);
    return c;
}

START_TEST(silence_is_not_encoded_and_time_stays_true)
{
    static const size_t at[] = {6 * RATE + 123, 15 * RATE + 77};
    const size_t n = 24 * RATE + 5;
    size_t n_out = 0;
    uint64_t n_lost = 1;
    float *in = scene(n, at, 2);
    const vpriv_recorder_config config = faithful();
    const vpriv_outcome outcome =
        sound_run(&h, &continuous, sound_file(&h, RATE, 1, in, n), &config);
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * n);
    ck_assert_uint_eq(outcome.n_lost_frames_48k, 0);
    ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 14);
    ck_assert_uint_lt(outcome.n_silent_frames_48k, 48000 * 19);
    const counts c = count(&outcome.recording);
    ck_assert_uint_eq(c.silent_48k, outcome.n_silent_frames_48k);
    ck_assert_uint_eq(c.n_packets, outcome.n_packets);
    ck_assert_uint_eq(c.all_48k, c.n_packets * 960 + c.silent_48k);
    ck_assert_uint_eq(c.lost_48k, 0);
    ck_assert_uint_eq(c.n_silences, 3);
    float *out = sound_decode(&h, &outcome.recording, &n_out, &n_lost);
    ck_assert_uint_eq(n_out, n);
    ck_assert_uint_eq(n_lost, 0);
    for (size_t i = 0; i < 2; i++) {
        const size_t from = at[i] - RATE / 10, length = n_speech + RATE / 5;
        double error = 0;
        ck_assert_int_eq(sound_lag(in + from, out + from, length, 200), 0);
        for (size_t j = from; j < from + length; j++)
            error += pow((double)out[j] - (double)in[j], 2);
        ck_assert_double_lt(error / (double)length, sound_energy(in + from, length) / 50);
    }
    free(out);
    free(in);
}
END_TEST

START_TEST(silence_is_told_from_loss_everywhere)
{
    static const size_t at[] = {6 * RATE};
    vpriv_verification verified = {.struct_size = sizeof verified};
    vpriv_reader_info info = {.struct_size = sizeof info};
    float *in = scene(14 * RATE, at, 1);
    static float pcm[RATE];
    size_t n_read = 1;
    const vpriv_recorder_config config = household_config(h.ada, 1);
    const vpriv_outcome outcome =
        sound_run(&h, &continuous, sound_file(&h, RATE, 1, in, 14 * RATE), &config);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_silent_frames_48k, outcome.n_silent_frames_48k);
    ck_assert_uint_eq(verified.n_lost_frames_48k, 0);
    vpriv_reader *reader = open_gate(&outcome.recording);
    while (n_read > 0)
        ck_ok(vpriv_gate_read_frames(reader, pcm, RATE, &n_read));
    ck_ok(vpriv_gate_about(reader, &info));
    ck_assert_uint_eq(info.n_silent_frames, outcome.n_silent_frames_48k / 3);
    ck_assert_uint_eq(info.n_lost_frames, 0);
    vpriv_gate_close(reader);
    free(in);
}
END_TEST

/* Speech that begins with full force, anywhere in a packet and in a piece of the detector. */
START_TEST(onset_is_never_clipped)
{
    for (size_t i = 0; i < 8; i++) {
        const size_t n = 7 * RATE, at = 5 * RATE + 41 * i;
        size_t n_out = 0;
        float *in = scene(n, NULL, 0);
        for (size_t j = 0; j < RATE / 2; j++)
            in[at + j] += 0.3f * sinf((float)j * 0.3f) * (i % 2 ? 1.0f : (float)j / 8000.0f);
        const vpriv_recorder_config config = faithful();
        const vpriv_outcome outcome =
            sound_run(&h, &continuous, sound_push(mono, in, n, 999), &config);
        float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
        ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 2);
        const size_t onset = at - 160; /* what comes right before is there as well */
        double error = 0;
        for (size_t j = onset; j < at + 800; j++)
            error += pow((double)out[j] - (double)in[j], 2) / 960;
        ck_assert_msg(error < sound_energy(in + onset, 960) / 20, "%zu: %g of %g", i, error,
            sound_energy(in + onset, 960));
        ck_assert_double_gt(
            sound_energy(out + at - 2000, 1000), sound_energy(in + at - 2000, 1000) / 4);
        free(out);
        free(in);
    }
}
END_TEST

/* The largest step from one frame to the next. */
static double largest_step(const float *pcm, size_t n)
{
    double most = 0;
    for (size_t i = 1; i < n; i++)
        most = fmax(most, fabs((double)pcm[i] - (double)pcm[i - 1]));
    return most;
}

START_TEST(seams_do_not_click)
{
    static const size_t at[] = {6 * RATE + 123, 15 * RATE + 77};
    const size_t n = 24 * RATE;
    static const uint32_t packet_us[] = {20000, 2500, 60000};
    size_t n_out = 0, n_seams = 0;
    float *in = scene(n, at, 2);
    for (size_t i = 0; i < n; i++)
        in[i] += 0.03f * sinf((float)i * 0.05f); /* a low hum, cut off where it is loud */
    for (size_t k = 0; k < sizeof packet_us / sizeof packet_us[0]; k++) {
        vpriv_recorder_config config = household_config(h.ada, 1);
        config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding,
            .packet_us = packet_us[k],
            .bitrate_bps = packet_us[k] < 5000 ? 64000 : 24000};
        const vpriv_outcome outcome =
            sound_run(&h, &continuous, sound_file(&h, RATE, 1, in, n), &config);
        ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 10);
        float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
        /* As loud as the hum is where nothing is cut. */
        const double usual = largest_step(out + RATE, RATE / 2);
        for (size_t i = 400; i + 400 < n; i++) {
            const bool ends = out[i] == 0.0f && out[i + 1] == 0.0f && out[i - 1] != 0.0f;
            const bool begins = out[i] == 0.0f && out[i - 1] == 0.0f && out[i + 1] != 0.0f;
            if (!ends && !begins)
                continue;
            n_seams++;
            ck_assert_msg(largest_step(out + i - 400, 800) <= 1.5 * usual,
                "%u us, frame %zu: a step of %g, usually %g", packet_us[k], i,
                largest_step(out + i - 400, 800), usual);
        }
        free(out);
    }
    ck_assert_uint_ge(n_seams, 15);
    free(in);
}
END_TEST

static vpriv_outcome run_ten_seconds(const float *in, const vpriv_recorder_config *config)
{
    return sound_run(&h, &continuous, sound_push(mono, in, 10 * RATE, RATE), config);
}

START_TEST(file_does_not_tell_silence_from_speech)
{
    const vpriv_recorder_config config = household_config(h.ada, 1);
    float *in = scene(10 * RATE, NULL, 0);
    const vpriv_outcome silence = run_ten_seconds(in, &config);
    ck_assert_uint_gt(silence.n_silent_frames_48k, 48000 * 7);
    for (size_t i = 0; i < 10 * RATE; i++)
        in[i] = speech[i % n_speech];
    const vpriv_outcome talk = run_ten_seconds(in, &config);
    ck_assert_uint_lt(talk.n_silent_frames_48k, 48000);
    ck_assert_uint_eq(talk.n_blocks, silence.n_blocks);
    /* Sixteen changes between the two. */
    for (size_t i = 0; i < 10 * RATE; i++)
        in[i] = i / 10000 % 2 ? speech[i % n_speech] : 0.0f;
    ck_assert_uint_eq(run_ten_seconds(in, &config).n_blocks, silence.n_blocks);
    memset(in, 0, 10 * RATE * sizeof *in);
    ck_assert_uint_eq(run_ten_seconds(in, &config).n_blocks, silence.n_blocks);
    ck_assert_uint_ge(silence.n_blocks, 12);
    ck_assert_uint_le(silence.n_blocks, 14);
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM block"), 4 * (int64_t)silence.n_blocks);
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM block WHERE length(sealed) <> 4096"), 0);
    free(in);
}
END_TEST

/* A microphone whose time is the clock's. */
typedef struct paced {
    vpriv_source *source;
    const float *frames;
    size_t n_left;
} paced;

/* A tenth of a second was taken; the next one comes. */
static bool go_on(void *user, uint64_t done_us, uint64_t total_us)
{
    paced *p = user;
    size_t n_taken = 0;
    (void)done_us;
    (void)total_us;
    clock_us += 100000;
    if (p->n_left == 0)
        return true;
    ck_ok(vpriv_capture_push_write(p->source, p->frames, RATE / 10, &n_taken));
    ck_assert_uint_eq(n_taken, RATE / 10);
    p->frames += n_taken;
    p->n_left -= n_taken;
    if (p->n_left == 0)
        ck_ok(vpriv_capture_push_end(p->source));
    return true;
}

static vpriv_outcome run_paced(const float *in, size_t n_frames)
{
    paced p = {NULL, in, n_frames};
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.progress = go_on;
    config.progress_user = &p;
    ck_ok(vpriv_capture_push_open(&mono, 1000, &p.source));
    clock_us = 1000000;
    (void)go_on(&p, 0, 0);
    const vpriv_outcome outcome = sound_run(&h, &continuous, p.source, &config);
    clock_us = 0;
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * n_frames);
    return outcome;
}

/* As from a microphone: blocks come at the pace of the clock, and none of them early or late. */
START_TEST(live_blocks_come_as_if_somebody_spoke)
{
    uint64_t n_blocks[3];
    for (int talks = 0; talks < 3; talks++) {
        float *in = scene(20 * RATE, NULL, 0);
        for (size_t i = 0; i < 20 * RATE && talks; i++)
            if (talks == 1 || i / 30000 % 2)
                in[i] = speech[i % n_speech];
        const vpriv_outcome outcome = run_paced(in, 20 * RATE);
        n_blocks[talks] = outcome.n_blocks;
        ck_assert((talks == 1) == (outcome.n_silent_frames_48k < 48000));
        free(in);
    }
    ck_assert_uint_ge(n_blocks[0], 24);
    ck_assert_uint_eq(n_blocks[1], n_blocks[0]);
    ck_assert_uint_eq(n_blocks[2], n_blocks[0]);
}
END_TEST

START_TEST(only_the_triggers_that_wait_for_words_are_gated_by_default)
{
    float *in = scene(8 * RATE, NULL, 0);
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.no_maximum = config.no_trailing_silence = true;
    vpriv_recorder *recorder = NULL;
    for (vpriv_trigger_kind kind = VPRIV_TRIGGER_WAKE_WORD; kind <= VPRIV_TRIGGER_IMPORT; kind++) {
        const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = kind};
        const bool is_gated = kind == VPRIV_TRIGGER_WAKE_WORD || kind == VPRIV_TRIGGER_CONTINUOUS;
        for (int gate = VPRIV_VOICE_GATE_DEFAULT; gate <= VPRIV_VOICE_GATE_OFF; gate++) {
            config.voice_gate = (vpriv_voice_gate)gate;
            const vpriv_outcome outcome =
                sound_run(&h, &trigger, sound_push(mono, in, 8 * RATE, 4000), &config);
            const bool wanted =
                gate == VPRIV_VOICE_GATE_ON || (gate == VPRIV_VOICE_GATE_DEFAULT && is_gated);
            ck_assert_msg((outcome.n_silent_frames_48k > 0) == wanted, "%s, gate %d",
                vpriv_trigger_name(kind), gate);
            ck_assert_uint_eq(outcome.n_frames_48k, 3 * 8 * RATE);
        }
    }
    /* What is held back must fit into what may be lost. */
    config.unsealed_ms = 299;
    config.voice_gate = VPRIV_VOICE_GATE_DEFAULT;
    ck_assert_uint_eq(sound_run(&h, &continuous, sound_push(mono, in, 8 * RATE, 4000), &config)
                          .n_silent_frames_48k,
        0);
    vpriv_source *source = sound_push(mono, in, RATE, RATE);
    config.voice_gate = VPRIV_VOICE_GATE_ON;
    ck_fails(vpriv_recorder_open(h.vault, source, &config, &recorder), VPRIV_E_ARG);
    config.voice_gate = (vpriv_voice_gate)3;
    config.unsealed_ms = 0;
    ck_fails(vpriv_recorder_open(h.vault, source, &config, &recorder), VPRIV_E_ARG);
    vpriv_capture_close(source);
    free(in);
}
END_TEST

/* Frames are lost while nobody speaks, and while somebody does; `n_lost` of them. */
static void ck_gap(size_t n_lost)
{
    const size_t before = 5 * RATE, behind = 4 * RATE;
    size_t n_out = 0;
    uint64_t n_gap = 0;
    vpriv_recorder_config config = faithful();
    config.no_pre_roll = true;
    sound_live_one l = sound_live(&h, &config, 500);
    const size_t n = before + l.all + n_lost + behind;
    const size_t at[] = {before + l.all + n_lost + RATE};
    float *in = scene(n, at, 1);
    ck_ok(vpriv_recorder_trigger(l.recorder, &continuous));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    for (size_t i = 0; i < before; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    ck_assert_uint_eq(sound_live_push(&l, in + before, l.all + n_lost), l.all);
    for (size_t i = n - behind; i < n; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    const vpriv_outcome outcome = sound_live_end(&l);
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * n);
    ck_assert_uint_eq(outcome.n_lost_frames_48k, 3 * n_lost);
    ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 2);
    const counts c = count(&outcome.recording);
    ck_assert_uint_eq(c.lost_48k, 3 * n_lost);
    ck_assert_uint_eq(c.silent_48k, outcome.n_silent_frames_48k);
    float *out = sound_decode(&h, &outcome.recording, &n_out, &n_gap);
    ck_assert_uint_eq(n_out, n);
    ck_assert_uint_eq(n_gap, n_lost);
    ck_assert_int_eq(sound_lag(in + at[0], out + at[0], n_speech, 300), 0);
    /* Right behind the gap the noise is heard again: it may have been somebody. */
    const size_t gap_end = before + l.all + n_lost;
    ck_assert_double_gt(
        sound_energy(out + gap_end + 400, 4000), sound_energy(in + gap_end + 400, 4000) / 4);
    free(out);
    free(in);
}

START_TEST(gaps_of_loss_meet_silence)
{
    static const size_t lengths[] = {1, 320, 425, 1000, 100003};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        ck_gap(lengths[i]);
}
END_TEST

START_TEST(pre_roll_of_the_trigger_goes_through_the_gate)
{
    static const size_t at[] = {RATE};
    size_t n_out = 0;
    vpriv_recorder_config config = faithful();
    config.pre_roll_ms = 1500;
    float *in = scene(12 * RATE, at, 1);
    sound_live_one l = sound_live(&h, &config, 2000);
    for (size_t i = 0; i < 2 * RATE; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    ck_ok(vpriv_recorder_trigger(l.recorder, &wake_word));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    for (size_t i = 2 * RATE; i < 12 * RATE; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    const vpriv_outcome outcome = sound_live_end(&l); /* in silence */
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * (10 * RATE + 24000));
    ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 6);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, 10 * RATE + 24000);
    ck_assert_int_eq(sound_lag(in + RATE, out + RATE / 2, n_speech, 200), 0);
    ck_assert_double_eq(sound_energy(out + n_out - RATE, RATE), 0);
    free(out);
    free(in);
}
END_TEST

START_TEST(rejected_recording_leaves_nothing_and_the_next_one_is_whole)
{
    static const size_t at[] = {0};
    size_t n_out = 0;
    vpriv_recorder_config config = faithful();
    config.no_pre_roll = true;
    config.confirm_ms = 60000;
    float *in = scene(6 * RATE, at, 1);
    sound_live_one l = sound_live(&h, &config, 2000);
    ck_ok(vpriv_recorder_trigger(l.recorder, &wake_word));
    for (size_t i = 0; i < 6 * RATE; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    ck_ok(vpriv_recorder_reject(l.recorder));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
    ck_ok(vpriv_recorder_trigger(l.recorder, &wake_word));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    for (size_t i = 0; i < 6 * RATE; i += 4000)
        ck_assert_uint_eq(sound_live_push(&l, in + i, 4000), 4000);
    const vpriv_outcome outcome = sound_live_end(&l);
    ck_assert_uint_eq(outcome.n_frames_48k, 3 * 6 * RATE);
    ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 2);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_int_eq(sound_lag(in, out, n_speech, 200), 0);
    free(out);
    free(in);
}
END_TEST

START_TEST(recording_of_silence_alone_is_a_recording)
{
    size_t n_out = 0;
    float *in = calloc(9 * RATE, sizeof *in);
    const vpriv_recorder_config config = household_config(h.ada, 1);
    for (size_t n = 0; n <= 9 * RATE; n += 3 * RATE) {
        const vpriv_outcome outcome =
            sound_run(&h, &continuous, sound_push(mono, in, n, 4000), &config);
        ck_assert_uint_eq(outcome.n_frames_48k, 3 * n);
        ck_assert_uint_eq(outcome.n_lost_frames_48k, 0);
        float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
        ck_assert_uint_eq(n_out, n);
        ck_assert_double_lt(sound_energy(out, n_out), 1e-8);
        free(out);
    }
    free(in);
}
END_TEST

START_TEST(two_channels_at_48_khz_are_gated)
{
    const size_t n = 12 * 48000;
    size_t n_full = 0, n_out = 0;
    float *full = household_speech(&n_full);
    float *in = calloc(2 * n, sizeof *in);
    sound_noise(in, 2 * n, 9, 0.004f);
    /* Opposite in phase: a down-mix would hear nothing. */
    for (size_t i = 0; i < n_full; i++) {
        in[2 * (6 * 48000 + i)] += full[i];
        in[2 * (6 * 48000 + i) + 1] -= full[i];
    }
    vpriv_recorder_config config = faithful();
    config.encoding.rate_hz = 48000;
    config.encoding.n_channels = 2;
    config.encoding.bitrate_bps = 24000;
    const vpriv_outcome outcome =
        sound_run(&h, &continuous, sound_file(&h, 48000, 2, in, n), &config);
    ck_assert_uint_eq(outcome.n_frames_48k, n);
    ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 5);
    float *out = sound_decode(&h, &outcome.recording, &n_out, NULL);
    ck_assert_uint_eq(n_out, n);
    ck_assert_double_gt(sound_energy(out + 12 * 48000, 2 * n_full), sound_energy(full, n_full) / 2);
    free(out);
    free(in);
    free(full);
}
END_TEST

/* Exit status of a command about a file: `before` FILE`behind`. */
static int command(const char *before, const char *path, const char *behind)
{
    char line[4 * PATH_BYTES];
    snprintf(line, sizeof line, "%s %s%s", before, path, behind);
    return system(line);
}

START_TEST(export_is_accepted_and_of_the_exact_length)
{
    static const size_t at[] = {6 * RATE + 1, 9 * RATE};
    char path[PATH_BYTES], to_wav[2 * PATH_BYTES];
    vpriv_outcome imported = {.struct_size = sizeof imported};
    const vpriv_recorder_config config = household_config(h.ada, 1);
    for (size_t n = 12 * RATE; n <= 12 * RATE + 7; n += 7) {
        float *in = scene(n, at, 2);
        const vpriv_outcome outcome =
            sound_run(&h, &continuous, sound_file(&h, RATE, 1, in, n), &config);
        ck_assert_uint_gt(outcome.n_silent_frames_48k, 48000 * 4);
        household_file(&h, "silence.opus", path);
        sound_export(&h, &outcome.recording, path);
        ck_assert_int_eq(command("opusinfo", path, " >/dev/null 2>&1"), 0);
        ck_assert_int_ne(command("opusinfo", path, " 2>&1 | grep -qi warning"), 0);
        ck_assert_int_eq(command("ffprobe -v error -i", path, " 2>&1 | cmp -s - /dev/null"), 0);
        snprintf(to_wav, sizeof to_wav, " %s/silence.wav 2>/dev/null", h.folder);
        ck_assert_int_eq(command("opusdec --quiet --rate 48000 --force-wav", path, to_wav), 0);
        vpriv_source *source = NULL;
        char wav[PATH_BYTES];
        household_file(&h, "silence.wav", wav);
        ck_ok(vpriv_capture_file_open(wav, &source));
        ck_assert_uint_eq(vpi_source_total_frames(source), outcome.n_frames_48k);
        vpriv_capture_close(source);
        ck_ok(vpriv_recorder_import_opus(h.vault, path, &config, &imported));
        ck_assert_uint_eq(imported.n_frames_48k, outcome.n_frames_48k);
        free(in);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: silence");
    TCase *tests = tcase_create("silence");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, silence_is_not_encoded_and_time_stays_true);
    tcase_add_test(tests, silence_is_told_from_loss_everywhere);
    tcase_add_test(tests, onset_is_never_clipped);
    tcase_add_test(tests, seams_do_not_click);
    tcase_add_test(tests, file_does_not_tell_silence_from_speech);
    tcase_add_test(tests, live_blocks_come_as_if_somebody_spoke);
    tcase_add_test(tests, only_the_triggers_that_wait_for_words_are_gated_by_default);
    tcase_add_test(tests, gaps_of_loss_meet_silence);
    tcase_add_test(tests, pre_roll_of_the_trigger_goes_through_the_gate);
    tcase_add_test(tests, rejected_recording_leaves_nothing_and_the_next_one_is_whole);
    tcase_add_test(tests, recording_of_silence_alone_is_a_recording);
    tcase_add_test(tests, two_channels_at_48_khz_are_gated);
    tcase_add_test(tests, export_is_accepted_and_of_the_exact_length);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
