/* How long the kernels take: the best of many short runs, which is what the CPU can do when nobody
 * disturbs it. Sizes are those of 20 ms at 48 kHz. */
#include "bench/kernel_loops.h"
#include "checkkernels.h"
#include "frames/frontend.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES  KERNEL_LOOPS_FRAMES
#define REPEATS 50
#define ROUNDS  200

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double best_ns(void (*run)(const vpi_kernels *kernels, size_t argument),
    const vpi_kernels *kernels, size_t argument)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now_ns();
        for (int i = 0; i < REPEATS; i++)
            run(kernels, argument);
        const double took = (now_ns() - start) / REPEATS;
        best = took < best ? took : best;
    }
    return best;
}

static void report(const char *level, const char *what, double ns, size_t n)
{
    printf(
        "%-8s %-32s %8.3f ns each %9.2f us per 20 ms\n", level, what, ns / (double)n, ns / 1000.0);
}

void bench_level(const vpi_kernels *kernels, const char *level)
{
    kernel_loops_prepare();
    for (size_t i = 0; i < n_kernel_loops; i++) {
        const kernel_loop *loop = &kernel_loops[i];
        report(level, loop->name, best_ns(loop->run, kernels, loop->argument), loop->n_items);
    }
}

static uint8_t raw[FRAMES * 8 * 4];
static float one[FRAMES * 8];
static vpi_frontend *frontend;

static void run_frontend(const vpi_kernels *unused, size_t n_frames)
{
    size_t n_consumed = 0;
    size_t n_out = 0;
    (void)unused;
    if (vpi_frontend_process(frontend, raw, n_frames, one, FRAMES * 4, &n_consumed, &n_out))
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
    snprintf(what, sizeof what, "%s %u x %u -> %u x %u", format == VPRIV_SAMPLE_S16 ? "s16" : "f32",
        in_hz, n_in, out_hz, n_out);
    report("frontend", what, best_ns(run_frontend, NULL, in_hz / 50), in_hz / 50);
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
