/* How long the kernels take: the best of many short runs, which is what the CPU can do when nobody
 * disturbs it. Sizes are those of 20 ms at 48 kHz. */
#include "checkkernels.h"
#include "frames/frontend.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES  960
#define REPEATS 50
#define ROUNDS  200

static _Alignas(64) uint8_t raw[FRAMES * 8 * 4];
static _Alignas(64) float wide[FRAMES * 8];
static _Alignas(64) float one[FRAMES * 8];
static _Alignas(64) float two[FRAMES * 8];
static _Alignas(64) float rows[161 * 192];
static vpi_high_pass filter;
static const vpi_kernels *kernels;
static size_t argument;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double best_ns(void (*run)(void))
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now_ns();
        for (int i = 0; i < REPEATS; i++)
            run();
        const double took = (now_ns() - start) / REPEATS;
        best = took < best ? took : best;
    }
    return best;
}

static void report(const char *level, const char *what, void (*run)(void), size_t n)
{
    const double ns = best_ns(run);
    printf(
        "%-8s %-32s %8.3f ns each %9.2f us per 20 ms\n", level, what, ns / (double)n, ns / 1000.0);
}

static void run_convert(void)
{
    kernels->convert[argument](one, raw, FRAMES);
}

static void run_s16_stereo(void)
{
    kernels->mono_from_s16_stereo(one, raw, FRAMES);
}

static void run_mono(void)
{
    kernels->mix_mono(one, wide, FRAMES, argument);
}

static void run_stereo(void)
{
    kernels->mix_stereo(one, two, wide, FRAMES, argument);
}

static void run_decimate(void)
{
    const vpi_filter_bank bank = {
        .rows = rows, .n_taps = 192, .n_rows = 1, .modulus = 1, .step_frames = 3};
    kernels->polyphase(&bank, wide, 0, one, 1, 320);
}

static void run_ratio(void)
{
    const vpi_filter_bank bank = {.rows = rows,
        .n_taps = 192,
        .n_rows = 160,
        .modulus = 160,
        .step_frames = 2,
        .step_phase = 121};
    kernels->polyphase(&bank, wide, 0, one, 1, 320);
}

static void run_between(void)
{
    const vpi_filter_bank bank = {.rows = rows,
        .n_taps = 192,
        .n_rows = 160,
        .modulus = 16000,
        .step_frames = 2,
        .step_phase = 12101};
    kernels->polyphase_between(&bank, wide, 0, one, 1, 320);
}

static void run_high_pass(void)
{
    memcpy(one, wide, 320 * argument * sizeof *one);
    kernels->high_pass(&filter, one, 320, argument);
}

static void run_level(void)
{
    one[0] = kernels->level(wide, 320).peak;
}

void bench_level(const vpi_kernels *k, const char *level)
{
    static const char *const converts[] = {
        "convert_s16", "convert_s24", "convert_s32", "convert_f32"};
    kernels = k;
    for (size_t i = 0; i < FRAMES * 8; i++)
        wide[i] = (float)check_below(1000) * 0.001F - 0.5F;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        rows[i] = 0.003F;
    memcpy(raw, wide, sizeof raw);
    filter = (vpi_high_pass){.gain = 0.986, .a1 = -1.972, .a2 = 0.9725};
    for (argument = 0; argument < 4; argument++)
        report(level, converts[argument], run_convert, FRAMES);
    report(level, "mono_from_s16_stereo", run_s16_stereo, FRAMES);
    argument = 2;
    report(level, "mix_mono of 2", run_mono, FRAMES);
    report(level, "mix_stereo of 2", run_stereo, FRAMES);
    argument = 6;
    report(level, "mix_mono of 6", run_mono, FRAMES);
    report(level, "mix_stereo of 6", run_stereo, FRAMES);
    report(level, "polyphase 3:1, 192 taps", run_decimate, 320);
    report(level, "polyphase 441:160, 192 taps", run_ratio, 320);
    report(level, "polyphase_between, 192 taps", run_between, 320);
    argument = 1;
    report(level, "high_pass mono", run_high_pass, 320);
    argument = 2;
    report(level, "high_pass stereo", run_high_pass, 320);
    report(level, "level", run_level, 320);
}

static vpi_frontend *frontend;
static size_t frontend_frames;

static void run_frontend(void)
{
    size_t n_consumed = 0;
    size_t n_out = 0;
    if (vpi_frontend_process(frontend, raw, frontend_frames, one, FRAMES * 4, &n_consumed, &n_out))
        abort();
}

static void bench_one_frontend(
    vpriv_sample_format format, uint32_t in_hz, uint32_t n_in, uint32_t out_hz, uint32_t n_out)
{
    char what[64];
    const vpi_frontend_config config = {
        .input = {.sample_format = format, .rate_hz = in_hz, .n_channels = n_in},
        .output_rate_hz = out_hz,
        .n_output_channels = n_out,
        .high_pass = true,
    };
    if (vpi_frontend_create(&config, &frontend))
        abort();
    frontend_frames = in_hz / 50;
    snprintf(what, sizeof what, "%s %u x %u -> %u x %u", format == VPRIV_SAMPLE_S16 ? "s16" : "f32",
        in_hz, n_in, out_hz, n_out);
    report("frontend", what, run_frontend, frontend_frames);
    vpi_frontend_destroy(frontend);
}

void bench_frontend(void)
{
    bench_one_frontend(VPRIV_SAMPLE_S16, 48000, 2, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_S16, 48000, 1, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_F32, 48000, 2, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_F32, 48000, 2, 16000, 2);
    bench_one_frontend(VPRIV_SAMPLE_S16, 44100, 2, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_S16, 44057, 2, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_S16, 16000, 1, 16000, 1);
    bench_one_frontend(VPRIV_SAMPLE_S16, 16000, 1, 48000, 1);
    bench_one_frontend(VPRIV_SAMPLE_S16, 48000, 2, 48000, 2);
}
