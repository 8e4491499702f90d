/* Each kernel at each level beside plain C, and the way from the microphone's numbers to the library's
 * beside a copy of as many bytes. */
#include "bench.h"
#include "frames/dispatch.h"
#include "kernel_loops.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_LEVELS ((size_t)VPI_CPU_N_LEVELS)
#define SLICE_NS 2e6 /* of plain C, in each round */

typedef struct contest {
    const kernel_loop *loop;
    vpi_kernels kernels;
    int n_runs;
} contest;

static void run_loop(void *user)
{
    const contest *c = user;
    for (int i = 0; i < c->n_runs; i++)
        c->loop->run(&c->kernels, c->loop->argument);
}

static int runs_in_a_slice(const contest *in_c)
{
    contest c = *in_c;
    for (c.n_runs = 64;; c.n_runs *= 2) {
        const double start = bench_cpu_ns();
        run_loop(&c);
        if (bench_cpu_ns() - start > SLICE_NS)
            return c.n_runs;
    }
}

/* The levels of one kernel: C first, then the others. The last is the one that is used. */
static void compare_levels(const kernel_loop *loop)
{
    bench_contender c[N_LEVELS];
    contest contests[N_LEVELS];
    vpi_cpu_level levels[N_LEVELS];
    char what[96];
    size_t n = 0;
    for (size_t l = 0; l < N_LEVELS; l++) {
        if (!vpi_cpu_level_runs((vpi_cpu_level)l))
            continue;
        levels[n] = (vpi_cpu_level)l;
        contests[n].loop = loop;
        vpi_kernels_fill(levels[n], &contests[n].kernels);
        c[n] = (bench_contender){run_loop, &contests[n], {0}, {0}};
        n++;
    }
    contests[0].n_runs = runs_in_a_slice(&contests[0]);
    for (size_t i = 1; i < n; i++)
        contests[i].n_runs = contests[0].n_runs;
    bench_race(c, n, 1);
    snprintf(what, sizeof what, "%s: %s, each", loop->name, vpi_cpu_level_name(levels[0]));
    bench_row_scaled(what, "ns", c[0].cpu_ns, 1.0 / contests[0].n_runs / (double)loop->n_items);
    for (size_t i = 1; i < n; i++) {
        snprintf(what, sizeof what, "  c ÷ %s", vpi_cpu_level_name(levels[i]));
        bench_row_ratio(
            what, c[0].cpu_ns, c[i].cpu_ns, i == n - 1 ? BENCH_AT_LEAST : BENCH_NO_GOAL, 4);
    }
}

void bench_kernels(const bench_setting *setting)
{
    (void)setting;
    bench_group(
        "Kernels, on data in the first cache: nanoseconds of CPU, and how often C takes that");
    kernel_loops_prepare();
    for (size_t i = 0; i < n_kernel_loops; i++)
        compare_levels(&kernel_loops[i]);
    if (vpi_kernels_level() == VPI_CPU_C)
        bench_fact("levels above C", "none in this build runs on this processor");
}

/* ---- Beside memcpy ---- */

typedef struct move {
    uint8_t *in, *out;
    size_t n_frames, n_runs;
} move;

#define FRAME_BYTES 4 /* in: two 16-bit samples; out: one float */

static void run_convert(void *user)
{
    const move *m = user;
    for (size_t i = 0; i < m->n_runs; i++)
        vpi_kernels_get()->mono_from_s16_stereo((float *)(void *)m->out, m->in, m->n_frames);
}

/* Through a pointer that the compiler does not know, so that every copy is made. */
static void *(*volatile copy)(void *to, const void *from, size_t n_bytes) = memcpy;

static void run_copy(void *user)
{
    const move *m = user;
    for (size_t i = 0; i < m->n_runs; i++)
        copy(m->out, m->in, m->n_frames * FRAME_BYTES);
}

static void report_rate(const char *what, const bench_contender *c, const move *m)
{
    double rate[BENCH_ROUNDS];
    const double n_bytes = 2.0 * FRAME_BYTES * (double)m->n_frames * (double)m->n_runs;
    for (int i = 0; i < BENCH_ROUNDS; i++)
        rate[i] = n_bytes / c->cpu_ns[i];
    bench_row(what, "GB/s", rate, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
}

/* Where a copy is fastest. */
static uint8_t *aligned(size_t n_bytes)
{
    uint8_t *bytes = aligned_alloc(64, (n_bytes + 63) / 64 * 64);
    if (!bytes)
        bench_die("no memory for %zu bytes", n_bytes);
    return bytes;
}

static void compare_with_copy(const char *where, size_t n_frames, size_t n_runs)
{
    char what[96];
    move m = {aligned(n_frames * FRAME_BYTES), aligned(n_frames * FRAME_BYTES), n_frames, n_runs};
    for (size_t i = 0; i < n_frames * FRAME_BYTES; i++)
        m.in[i] = m.out[i] = (uint8_t)(i * 167);
    bench_contender c[] = {{run_convert, &m, {0}, {0}}, {run_copy, &m, {0}, {0}}};
    bench_race(c, 2, 1);
    snprintf(what, sizeof what, "mono_from_s16_stereo, in %s, in and out", where);
    report_rate(what, &c[0], &m);
    snprintf(what, sizeof what, "memcpy, in %s, in and out", where);
    report_rate(what, &c[1], &m);
    snprintf(what, sizeof what, "mono_from_s16_stereo ÷ memcpy, in %s", where);
    bench_row_ratio(what, c[1].cpu_ns, c[0].cpu_ns, BENCH_AT_LEAST, 0.6);
    free(m.in);
    free(m.out);
}

void bench_copy(const bench_setting *setting)
{
    const long cache_bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
    size_t large_bytes = cache_bytes > 0 ? 4 * (size_t)cache_bytes : 0;
    (void)setting;
    large_bytes = large_bytes < (128u << 20) ? 128u << 20 : large_bytes;
    large_bytes = large_bytes > (512u << 20) ? 512u << 20 : large_bytes;
    bench_group("16-bit stereo to mono float, beside a copy of as many bytes");
    compare_with_copy("the first cache", KERNEL_LOOPS_FRAMES, 2000);
    compare_with_copy("memory", large_bytes / FRAME_BYTES, 1);
}
