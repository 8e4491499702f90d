/* The way from a microphone's frames to the encoder's. */
#include "bench.h"
#include "frames/frontend.h"
#include "frames/resample.h"
#include <string.h>

#define PIECE_FRAMES 960

typedef struct pass {
    const bench_speech *speech;
    vpi_frontend_config config;
    uint32_t in_hz, out_hz;
} pass;

static void run_frontend(void *user)
{
    const pass *p = user;
    vpi_frontend *frontend = NULL;
    static float out[4 * PIECE_FRAMES];
    BENCH_TRY(vpi_frontend_create(&p->config, &frontend));
    for (size_t at = 0; at < p->speech->n_frames;) {
        size_t n_consumed = 0, n_out = 0;
        const size_t n_left = p->speech->n_frames - at;
        BENCH_TRY(vpi_frontend_process(frontend, p->speech->stereo + 2 * at,
            n_left < PIECE_FRAMES ? n_left : PIECE_FRAMES, out, 2 * PIECE_FRAMES, &n_consumed,
            &n_out));
        at += n_consumed;
    }
    vpi_frontend_destroy(frontend);
}

/* Its input is not the speech at its true rate; the work is the same whatever the numbers are. */
static void run_resampler(void *user)
{
    const pass *p = user;
    vpi_resampler *resampler = NULL;
    static float out[4 * PIECE_FRAMES];
    float *planes[VPI_RESAMPLER_CHANNELS_MAX] = {NULL};
    BENCH_TRY(vpi_resampler_create(p->in_hz, p->out_hz, 1, &resampler));
    for (size_t at = 0; at < p->speech->n_mono_frames;) {
        size_t n = vpi_resampler_inlet(resampler, planes);
        n = n < PIECE_FRAMES ? n : PIECE_FRAMES;
        n = n < p->speech->n_mono_frames - at ? n : p->speech->n_mono_frames - at;
        memcpy(planes[0], p->speech->mono + at, n * sizeof(float));
        vpi_resampler_push(resampler, n);
        while (vpi_resampler_pull(resampler, out, 4 * PIECE_FRAMES) > 0)
            ;
        at += n;
    }
    vpi_resampler_destroy(resampler);
}

void bench_frames(const bench_setting *setting)
{
    const bench_speech *speech = setting->speech;
    static const vpriv_stream_format stereo = {VPRIV_SAMPLE_S16, 48000, 2};
    pass to_16k = {.speech = speech,
        .config = {
            .input = stereo, .output_rate_hz = 16000, .n_output_channels = 1, .high_pass = true}};
    pass plain = {.speech = speech,
        .config = {
            .input = stereo, .output_rate_hz = 16000, .n_output_channels = 1, .high_pass = false}};
    pass same = {.speech = speech,
        .config = {
            .input = stereo, .output_rate_hz = 48000, .n_output_channels = 2, .high_pass = true}};
    pass from_48k = {.speech = speech, .in_hz = 48000, .out_hz = 16000};
    pass from_44k = {.speech = speech, .in_hz = 44100, .out_hz = 16000};
    bench_contender c[] = {{run_frontend, &to_16k, {0}, {0}}, {run_frontend, &plain, {0}, {0}},
        {run_frontend, &same, {0}, {0}}, {run_resampler, &from_48k, {0}, {0}},
        {run_resampler, &from_44k, {0}, {0}}};
    bench_group("Frames: nanoseconds of CPU per frame that comes in");
    bench_race(c, sizeof c / sizeof c[0], 1);
    const double in = 1 / (double)speech->n_frames, mono = 1 / (double)speech->n_mono_frames;
    bench_row_scaled("front end, 48 kHz stereo to 16 kHz mono", "ns", c[0].cpu_ns, in);
    bench_row_scaled("the same without the high-pass", "ns", c[1].cpu_ns, in);
    bench_row_scaled("front end, 48 kHz stereo to 48 kHz stereo", "ns", c[2].cpu_ns, in);
    bench_row_scaled("resampler alone, mono, 48 to 16 kHz", "ns", c[3].cpu_ns, mono);
    bench_row_scaled("resampler alone, mono, 44.1 to 16 kHz", "ns", c[4].cpu_ns, mono);
}
