/* Changing the rate, beside two resamplers that others use. */
#include "bench.h"
#include "resamplers.h"
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MS     20
#define STOP_GOAL_DB (-95.0)

typedef struct pass {
    const resampler *resampler;
    void *handle;
    const float *in;
    float *out;
    size_t n_frames, piece_frames, capacity;
} pass;

static void run_pass(void *user)
{
    const pass *p = user;
    for (size_t at = 0; at + p->piece_frames <= p->n_frames; at += p->piece_frames)
        p->resampler->process(p->handle, p->in + at, p->piece_frames, p->out, p->capacity);
}

/* The lowest quality whose stop band is as deep as ours has to be. None of them is so deep from the
 * Nyquist frequency on, across which their transition lies: 1.2 times that counts for them. */
static const resampler *matching_speex(uint32_t in_hz, uint32_t out_hz)
{
    response r;
    for (int q = 0; q < SPEEX_QUALITY_MAX; q++) {
        resampler_measure(&resampler_speex[q], in_hz, out_hz, &r);
        if (r.beyond_db <= STOP_GOAL_DB && r.ripple_db <= 0.1)
            return &resampler_speex[q];
    }
    return &resampler_speex[SPEEX_QUALITY_MAX];
}

static void describe(const resampler *which, uint32_t in_hz, uint32_t out_hz)
{
    char what[96];
    response r;
    resampler_measure(which, in_hz, out_hz, &r);
    snprintf(what, sizeof what, "%s, as measured", which->name);
    bench_fact(what,
        "stop band %.1f dB (%.1f dB from 1.2 Nyquist), ripple %.3f dB, latency %.2f ms", -r.stop_db,
        -r.beyond_db, r.ripple_db, r.latency_ms);
    if (which != &resampler_ours)
        return;
    bench_row_one("  of ours: stop band", "dB", -r.stop_db, BENCH_AT_LEAST, -STOP_GOAL_DB);
    bench_row_one("  of ours: ripple", "dB", r.ripple_db, BENCH_AT_MOST, 0.1);
    bench_row_one("  of ours: latency", "ms", r.latency_ms, BENCH_AT_MOST, 3);
}

static void compare(const float *in, size_t n_frames, uint32_t in_hz, uint32_t out_hz)
{
    enum { OURS, SOXR_HQ, SOXR_MQ, SPEEX_5, SPEEX_LIKE_OURS, N };
    const resampler *all[N] = {&resampler_ours, &resampler_soxr_hq, &resampler_soxr_mq,
        &resampler_speex[5], &resampler_speex[5]};
    bench_contender c[N];
    pass passes[N];
    size_t n = 0, place[N];
    char what[96];
    snprintf(what, sizeof what, "Resampling mono float, %g to %g kHz", in_hz / 1e3, out_hz / 1e3);
    bench_group(what);
    if (resampler_speex[5].is_installed)
        all[SPEEX_LIKE_OURS] = matching_speex(in_hz, out_hz);
    for (int i = 0; i < N; i++) {
        if (i == SPEEX_LIKE_OURS && all[i] == all[SPEEX_5])
            continue;
        if (!all[i]->is_installed) {
            bench_fact(all[i]->name, "not installed when this was built");
            continue;
        }
        describe(all[i], in_hz, out_hz);
        const size_t piece = in_hz * PIECE_MS / 1000, capacity = 4 * piece + 8192;
        place[n] = (size_t)i;
        passes[n] = (pass){all[i], all[i]->open(all[i]->setting, in_hz, out_hz), in,
            bench_alloc(capacity * sizeof(float)), n_frames, piece, capacity};
        c[n] = (bench_contender){run_pass, &passes[n], {0}, {0}};
        n++;
    }
    bench_race(c, n, 1);
    for (size_t i = 0; i < n; i++) {
        snprintf(what, sizeof what, "%s, per frame that comes in", passes[i].resampler->name);
        bench_row_scaled(what, "ns", c[i].cpu_ns, 1 / (double)n_frames);
    }
    for (size_t i = 1; i < n; i++) {
        snprintf(what, sizeof what, "ours ÷ %s", passes[i].resampler->name);
        bench_row_ratio(what, c[0].cpu_ns, c[i].cpu_ns,
            place[i] == SOXR_HQ ? BENCH_AT_MOST : BENCH_NO_GOAL, 1.0);
    }
    for (size_t i = 0; i < n; i++) {
        passes[i].resampler->close(passes[i].handle);
        free(passes[i].out);
    }
}

void bench_resample(const bench_setting *setting)
{
    const bench_speech *speech = setting->speech;
    float *left = bench_alloc(speech->n_frames * sizeof *left);
    for (size_t i = 0; i < speech->n_frames; i++)
        left[i] = (float)speech->stereo[2 * i] / 32768;
    compare(left, speech->n_frames, 48000, 16000);
    compare(left, speech->n_frames, 44100, 48000);
    free(left);
}
