/* Recording: from 48 kHz stereo to durable, sealed blocks, beside an encoder that does nothing else. */
#include "base/memory.h"
#include "bench.h"
#include "frames/frontend.h"
#include "keys/recording.h"
#include "recorder/recorder.h"
#include <opus.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/recorder.h>

#define RATE_HZ       48000
#define PACKET_FRAMES 320
#define PACKET_48K    960
#define STEP_FRAMES   (RATE_HZ / 10) /* the recorder tells its progress ten times a second */
#define PACKET_BYTES  1276

typedef struct packet {
    uint8_t bytes[PACKET_BYTES];
    size_t n_bytes;
} packet;

typedef struct recording {
    const bench_speech *speech;
    bench_vault vault;
    OpusEncoder *encoder;
    packet *packets; /* what the bare encoder made last */
    size_t n_packets;
    uint64_t n_blocks; /* of the last live recording */
    vpriv_source *source;
    size_t n_pushed;
} recording;

static const vpriv_stream_format microphone = {VPRIV_SAMPLE_S16, RATE_HZ, 2};
static const vpriv_trigger trigger = {
    .struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_CONTINUOUS};

static void run_encoder(void *user)
{
    recording *r = user;
    opus_encoder_ctl(r->encoder, OPUS_RESET_STATE);
    for (size_t i = 0; i < r->n_packets; i++) {
        const opus_int32 n = opus_encode_float(r->encoder, r->speech->mono + i * PACKET_FRAMES,
            PACKET_FRAMES, r->packets[i].bytes, PACKET_BYTES);
        if (n <= 0)
            bench_die("libopus did not encode");
        r->packets[i].n_bytes = (size_t)n;
    }
}

static vpriv_recorder_config config_of(const recording *r)
{
    return (vpriv_recorder_config){.struct_size = sizeof(vpriv_recorder_config),
        .subjects = r->vault.subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .voice_gate = VPRIV_VOICE_GATE_OFF};
}

static void push(recording *r, size_t n_frames)
{
    size_t n_taken = 0;
    const size_t n_left = r->speech->n_frames - r->n_pushed;
    n_frames = n_frames < n_left ? n_frames : n_left;
    if (n_frames > 0)
        BENCH_TRY(vpriv_capture_push_write(
            r->source, r->speech->stereo + 2 * r->n_pushed, n_frames, &n_taken));
    r->n_pushed += n_taken;
    if (r->n_pushed == r->speech->n_frames)
        BENCH_TRY(vpriv_capture_push_end(r->source));
}

/* A tenth of a second of sound was taken: the clock goes on by as much, and the next one comes. */
static bool go_on(void *user, uint64_t done_us, uint64_t total_us)
{
    (void)done_us;
    (void)total_us;
    bench_clock_advance_us(100000);
    push(user, STEP_FRAMES);
    return true;
}

/* As from a microphone, in the time of the sound: a block and a durable commit each second. */
static void run_live(void *user)
{
    recording *r = user;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder_config config = config_of(r);
    config.progress = go_on;
    config.progress_user = r;
    r->n_pushed = 0;
    bench_clock_simulate(true);
    BENCH_TRY(vpriv_capture_push_open(&microphone, 1000, &r->source));
    push(r, STEP_FRAMES * 2);
    BENCH_TRY(vpriv_recorder_open(r->vault.vault, r->source, &config, &recorder));
    BENCH_TRY(vpriv_recorder_run(recorder, &trigger, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(r->source);
    bench_clock_simulate(false);
    if (!outcome.is_stored || outcome.n_lost_frames_48k > 0 ||
        outcome.n_frames_48k != r->speech->n_frames)
        bench_die("the recording is not whole");
    r->n_blocks = outcome.n_blocks;
}

static void run_file(void *user)
{
    recording *r = user;
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = config_of(r);
    BENCH_TRY(vpriv_capture_file_open(r->speech->wav_path, &source));
    BENCH_TRY(vpriv_recorder_open(r->vault.vault, source, &config, &recorder));
    BENCH_TRY(vpriv_recorder_run(recorder, &trigger, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (!outcome.is_stored)
        bench_die("the recording was not stored");
}

static void run_frontend(void *user)
{
    recording *r = user;
    const vpi_frontend_config config = {
        .input = microphone, .output_rate_hz = 16000, .n_output_channels = 1, .high_pass = true};
    vpi_frontend *frontend = NULL;
    float out[PACKET_FRAMES * 2];
    BENCH_TRY(vpi_frontend_create(&config, &frontend));
    for (size_t at = 0; at < r->speech->n_frames;) {
        size_t n_consumed = 0, n_out = 0;
        const size_t n_left = r->speech->n_frames - at;
        BENCH_TRY(vpi_frontend_process(frontend, r->speech->stereo + 2 * at,
            n_left < PACKET_48K ? n_left : PACKET_48K, out, sizeof out / sizeof *out, &n_consumed,
            &n_out));
        at += n_consumed;
    }
    vpi_frontend_destroy(frontend);
}

/* Blocks, sealing, rows and commits, with packets that are there already. */
static void store(recording *r, size_t n_packets)
{
    vpriv_recorder_config config = config_of(r), filled;
    vpi_sealer_request request;
    vpi_stream *stream = NULL;
    bench_clock_simulate(true);
    BENCH_TRY(vpi_recorder_config_check(&config, &filled));
    BENCH_TRY(vpi_recorder_request(&filled, &trigger, &request));
    request.tag.rate_hz = 16000;
    request.tag.n_channels = 1;
    request.tag.started_us = vpi_vault_now_us(r->vault.vault);
    BENCH_TRY(
        vpi_stream_create(r->vault.vault, &request, (int64_t)filled.unsealed_ms * 1000, &stream));
    BENCH_TRY(vpi_stream_commit(stream));
    for (size_t i = 0; i < n_packets; i++) {
        BENCH_TRY(
            vpi_stream_packet(stream, r->packets[i].bytes, r->packets[i].n_bytes, PACKET_48K));
        bench_clock_advance_us(20000);
    }
    BENCH_TRY(vpi_stream_finish(stream, VPRIV_END_STOPPED, (uint64_t)n_packets * PACKET_48K, true));
    vpi_stream_destroy(stream);
    bench_clock_simulate(false);
}

static void run_store(void *user)
{
    recording *r = user;
    store(r, r->n_packets);
}

/* A recording without sound: keys, wraps, adoption, and the commits of beginning and end. */
static void run_empty(void *user)
{
    store(user, 0);
}

static void run_seal(void *user)
{
    recording *r = user;
    static uint8_t plain[VPI_BLOCK_PLAIN_BYTES], block[VPI_BLOCK_BYTES];
    vpi_recording_bond bond;
    vpi_recording_keys *keys = NULL;
    memset(&bond, 0, sizeof bond);
    BENCH_TRY(vpi_secret_alloc(sizeof *keys, (void **)&keys));
    vpi_recording_keys_generate(keys);
    for (uint64_t i = 0; i < r->n_blocks; i++)
        vpi_block_seal(keys, &bond, i, false, plain, block);
    vpi_secret_free(keys);
}

/* The encoder comes before and behind what is compared with it. */
enum { ENCODER, LIVE, ENCODER_AGAIN, FILE_SOURCE, FRONTEND, STORE, EMPTY, SEAL, N_CONTENDERS };

static void start_encoder(recording *r)
{
    int code = OPUS_OK;
    r->encoder = opus_encoder_create(16000, 1, OPUS_APPLICATION_VOIP, &code);
    if (code != OPUS_OK || opus_encoder_ctl(r->encoder, OPUS_SET_BITRATE(24000)) != OPUS_OK ||
        opus_encoder_ctl(r->encoder, OPUS_SET_COMPLEXITY(5)) != OPUS_OK ||
        opus_encoder_ctl(r->encoder, OPUS_SET_VBR(1)) != OPUS_OK)
        bench_die("libopus did not start an encoder");
    r->n_packets = r->speech->n_mono_frames / PACKET_FRAMES;
    r->packets = bench_alloc(r->n_packets * sizeof *r->packets);
}

static void share(const char *what, const double *part, const double *whole)
{
    double percent[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++)
        percent[i] = part[i] / whole[i] * 100;
    bench_row(what, "%", percent, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
}

static void report(bench_contender *c, double seconds)
{
    double rest[BENCH_ROUNDS], commits[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        c[ENCODER].cpu_ns[i] = (c[ENCODER].cpu_ns[i] + c[ENCODER_AGAIN].cpu_ns[i]) / 2;
        commits[i] = c[STORE].cpu_ns[i] - c[SEAL].cpu_ns[i] - c[EMPTY].cpu_ns[i];
        rest[i] =
            c[LIVE].cpu_ns[i] - c[ENCODER].cpu_ns[i] - c[FRONTEND].cpu_ns[i] - c[STORE].cpu_ns[i];
    }
    const double per_second = 1e-6 / seconds;
    bench_row_scaled("libopus alone, CPU per second of sound", "ms", c[ENCODER].cpu_ns, per_second);
    bench_row_scaled("live recording, CPU per second of sound", "ms", c[LIVE].cpu_ns, per_second);
    bench_row_scaled(
        "import of a file, CPU per second of sound", "ms", c[FILE_SOURCE].cpu_ns, per_second);
    bench_row_scaled(
        "import of a file, wall per second of sound", "ms", c[FILE_SOURCE].wall_ns, per_second);
    bench_row_ratio(
        "live recording ÷ libopus alone", c[LIVE].cpu_ns, c[ENCODER].cpu_ns, BENCH_AT_MOST, 1.04);
    bench_row_ratio("import of a file ÷ libopus alone", c[FILE_SOURCE].cpu_ns, c[ENCODER].cpu_ns,
        BENCH_AT_MOST, 1.10);
    share("of live recording: encoder", c[ENCODER].cpu_ns, c[LIVE].cpu_ns);
    share("of live recording: front end", c[FRONTEND].cpu_ns, c[LIVE].cpu_ns);
    share("of live recording: sealing blocks", c[SEAL].cpu_ns, c[LIVE].cpu_ns);
    share("of live recording: its beginning and its end", c[EMPTY].cpu_ns, c[LIVE].cpu_ns);
    share("of live recording: decisions, rows and commits", commits, c[LIVE].cpu_ns);
    share("of live recording: source, copies and wiping", rest, c[LIVE].cpu_ns);
}

void bench_record(const bench_setting *setting)
{
    const bench_speech *speech = setting->speech;
    recording r = {.speech = speech};
    bench_contender contenders[N_CONTENDERS] = {[ENCODER] = {run_encoder, &r, {0}, {0}},
        [ENCODER_AGAIN] = {run_encoder, &r, {0}, {0}},
        [LIVE] = {run_live, &r, {0}, {0}},
        [FILE_SOURCE] = {run_file, &r, {0}, {0}},
        [FRONTEND] = {run_frontend, &r, {0}, {0}},
        [STORE] = {run_store, &r, {0}, {0}},
        [EMPTY] = {run_empty, &r, {0}, {0}},
        [SEAL] = {run_seal, &r, {0}, {0}}};
    bench_group(
        "Recording 48 kHz stereo to 16 kHz mono, 24 kb/s, complexity 5, into a vault on disk");
    bench_vault_create(setting->folder, "record", &r.vault);
    start_encoder(&r);
    bench_race(contenders, N_CONTENDERS, 1);
    report(contenders, (double)speech->n_frames / RATE_HZ);
    opus_encoder_destroy(r.encoder);
    free(r.packets);
    bench_vault_close(&r.vault);
}
