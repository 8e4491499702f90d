/* The voice gate: a room in which somebody speaks now and then, recorded continuously, beside an
 * encoder that encodes all of it. */
#include "frames/voice.h"
#include "bench.h"
#include "frames/frontend.h"
#include "judge.h"
#include <opus.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/recorder.h>

#define RATE_HZ       48000
#define PACKET_FRAMES 320
#define PACKET_48K    960
#define STEP_FRAMES   (RATE_HZ / 10)
#define SCENE_SECONDS 360
#define SPEECH_SHARE  0.15
#define SNR_DB        20

typedef struct room {
    judge_scene scene; /* 16 kHz mono, with labels */
    int16_t *stereo;   /* the same as a microphone gives it */
    size_t n_frames;
    float *mono; /* and as the encoder gets it */
    size_t n_packets;
    OpusEncoder *encoder;
    vpi_voice *voice;
    bench_vault vault;
    vpriv_source *source;
    size_t n_pushed;
    vpriv_outcome outcome; /* of the latest recording */
} room;

static const vpriv_stream_format microphone = {VPRIV_SAMPLE_S16, RATE_HZ, 2};

/* All of `in`, changed by the library's own front end; the caller frees. */
static float *change(vpriv_stream_format format, const void *in, size_t n_in, uint32_t out_hz,
    uint32_t n_channels, bool high_pass, size_t *n_out)
{
    const vpi_frontend_config config = {.input = format,
        .output_rate_hz = out_hz,
        .n_output_channels = n_channels,
        .high_pass = high_pass};
    vpi_frontend *frontend = NULL;
    size_t n_consumed = 0, n_more = 1;
    BENCH_TRY(vpi_frontend_create(&config, &frontend));
    const size_t capacity = vpi_frontend_output_max_frames(frontend, n_in) + out_hz;
    float *out = bench_alloc(capacity * n_channels * sizeof *out);
    BENCH_TRY(vpi_frontend_process(frontend, in, n_in, out, capacity, &n_consumed, n_out));
    while (n_more > 0) {
        BENCH_TRY(
            vpi_frontend_flush(frontend, out + *n_out * n_channels, capacity - *n_out, &n_more));
        *n_out += n_more;
    }
    vpi_frontend_destroy(frontend);
    return out;
}

static void build(room *r, const char *material)
{
    judge_voices voices, nobody = {.n = 0};
    size_t n_mono = 0;
    judge_voices_load(material, JUDGE_JUDGING, &voices);
    const judge_scene_config config = {
        &voices, &nobody, JUDGE_ROOM, SNR_DB, SCENE_SECONDS, SPEECH_SHARE, 1};
    judge_scene_make(&config, &r->scene);
    judge_voices_free(&voices);
    float *wide = change((vpriv_stream_format){VPRIV_SAMPLE_F32, JUDGE_RATE_HZ, 1}, r->scene.frames,
        r->scene.n_frames, RATE_HZ, 2, false, &r->n_frames);
    r->n_frames -= r->n_frames % STEP_FRAMES;
    r->stereo = bench_alloc(r->n_frames * 2 * sizeof *r->stereo);
    for (size_t i = 0; i < 2 * r->n_frames; i++) {
        const float sample = wide[i] * 32767;
        r->stereo[i] = (int16_t)(sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample);
    }
    free(wide);
    r->mono = change(microphone, r->stereo, r->n_frames, JUDGE_RATE_HZ, 1, true, &n_mono);
    r->n_packets = n_mono / PACKET_FRAMES;
}

static void run_encoder(void *user)
{
    room *r = user;
    uint8_t packet[1276];
    opus_encoder_ctl(r->encoder, OPUS_RESET_STATE);
    for (size_t i = 0; i < r->n_packets; i++)
        if (opus_encode_float(
                r->encoder, r->mono + i * PACKET_FRAMES, PACKET_FRAMES, packet, sizeof packet) <= 0)
            bench_die("libopus did not encode");
}

static void run_detector(void *user)
{
    room *r = user;
    vpi_voice_reset(r->voice);
    for (size_t i = 0; i < r->n_packets; i++)
        vpi_voice_hear(r->voice, r->mono + i * PACKET_FRAMES, PACKET_FRAMES);
}

static void push(room *r, size_t n_frames)
{
    size_t n_taken = 0;
    const size_t left = r->n_frames - r->n_pushed;
    if (left == 0)
        return;
    BENCH_TRY(vpriv_capture_push_write(
        r->source, r->stereo + 2 * r->n_pushed, n_frames < left ? n_frames : left, &n_taken));
    r->n_pushed += n_taken;
    if (r->n_pushed == r->n_frames)
        BENCH_TRY(vpriv_capture_push_end(r->source));
}

static bool go_on(void *user, uint64_t done_us, uint64_t total_us)
{
    (void)done_us;
    (void)total_us;
    bench_clock_advance_us(100000);
    push(user, STEP_FRAMES);
    return true;
}

/* In the time of the sound: blocks and durable commits come as they would from a microphone. */
static void run_live(void *user)
{
    room *r = user;
    static const vpriv_trigger trigger = {
        .struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_CONTINUOUS};
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = r->vault.subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .progress = go_on,
        .progress_user = r};
    vpriv_recorder *recorder = NULL;
    r->outcome = (vpriv_outcome){.struct_size = sizeof r->outcome};
    r->n_pushed = 0;
    bench_clock_simulate(true);
    BENCH_TRY(vpriv_capture_push_open(&microphone, 1000, &r->source));
    push(r, STEP_FRAMES * 2);
    BENCH_TRY(vpriv_recorder_open(r->vault.vault, r->source, &config, &recorder));
    BENCH_TRY(vpriv_recorder_run(recorder, &trigger, &r->outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(r->source);
    bench_clock_simulate(false);
    if (!r->outcome.is_stored || r->outcome.n_lost_frames_48k > 0 ||
        r->outcome.n_frames_48k != r->n_frames)
        bench_die("the recording is not whole");
}

/* In the recording itself: how much labelled speech lies in silence, in percent. */
static double missed_percent(const room *r)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "bench"};
    const size_t label_48k = JUDGE_LABEL_FRAMES * 3;
    vpriv_reader *reader = NULL;
    uint64_t at_48k = 0;
    size_t n_missed = 0, n_speech = 0;
    BENCH_TRY(vpriv_gate_open(
        r->vault.vault, r->vault.keyring, &r->outcome.recording, &request, &reader));
    for (;;) {
        vpriv_packet packet = {.struct_size = sizeof packet};
        BENCH_TRY(vpriv_gate_read_packet(reader, &packet));
        if (packet.is_end)
            break;
        const uint64_t end_48k = at_48k + packet.duration_frames_48k;
        for (; at_48k < end_48k; at_48k += label_48k) {
            const size_t label = at_48k / label_48k;
            const bool is_speech =
                label < r->scene.n_frames / JUDGE_LABEL_FRAMES && r->scene.labels[label];
            n_speech += is_speech;
            n_missed += is_speech && packet.is_silence;
        }
    }
    vpriv_gate_close(reader);
    if (n_speech == 0)
        bench_die("nobody speaks in the room");
    return 100 * (double)n_missed / (double)n_speech;
}

/* The encoder comes before and behind what is compared with it. */
enum { ENCODER, GATED, ENCODER_AGAIN, DETECTOR, N_CONTENDERS };

void bench_voice(const bench_setting *setting)
{
    char *material = bench_path(setting->folder, "voices");
    static room r;
    int code = OPUS_OK;
    bench_contender c[N_CONTENDERS] = {[ENCODER] = {run_encoder, &r, {0}, {0}},
        [GATED] = {run_live, &r, {0}, {0}},
        [ENCODER_AGAIN] = {run_encoder, &r, {0}, {0}},
        [DETECTOR] = {run_detector, &r, {0}, {0}}};
    bench_group(
        "Recording a room at 20 dB in which somebody speaks 15 % of the time, voice gate on");
    build(&r, material);
    free(material);
    r.encoder = opus_encoder_create(JUDGE_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &code);
    if (code != OPUS_OK || opus_encoder_ctl(r.encoder, OPUS_SET_BITRATE(24000)) != OPUS_OK ||
        opus_encoder_ctl(r.encoder, OPUS_SET_COMPLEXITY(5)) != OPUS_OK)
        bench_die("libopus did not start an encoder");
    BENCH_TRY(vpi_voice_create(JUDGE_RATE_HZ, 1, &r.voice));
    bench_vault_create(setting->folder, "voice", &r.vault);
    bench_race(c, N_CONTENDERS, 1);
    for (int i = 0; i < BENCH_ROUNDS; i++)
        c[ENCODER].cpu_ns[i] = (c[ENCODER].cpu_ns[i] + c[ENCODER_AGAIN].cpu_ns[i]) / 2;
    const double seconds = (double)r.n_frames / RATE_HZ;
    bench_row_scaled(
        "libopus on all of it, CPU per hour of sound", "s", c[ENCODER].cpu_ns, 3.6e-6 / seconds);
    bench_row_scaled(
        "the recording, CPU per hour of sound", "s", c[GATED].cpu_ns, 3.6e-6 / seconds);
    bench_row_ratio("the recording ÷ libopus on all of it", c[GATED].cpu_ns, c[ENCODER].cpu_ns,
        BENCH_AT_MOST, 0.18);
    bench_row_scaled("the detector alone, per packet of 20 ms", "us", c[DETECTOR].cpu_ns,
        1e-3 / (double)r.n_packets);
    bench_row_one("of the time not encoded", "%",
        100 * (double)r.outcome.n_silent_frames_48k / (double)r.n_frames, BENCH_NO_GOAL, 0);
    bench_row_one("of the speech missed", "%", missed_percent(&r), BENCH_AT_MOST, 0.2);
    bench_vault_close(&r.vault);
    vpi_voice_destroy(r.voice);
    opus_encoder_destroy(r.encoder);
    judge_scene_free(&r.scene);
    free(r.stereo);
    free(r.mono);
}
