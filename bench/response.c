/* Measuring a resampler with tones: what comes out of each at its own frequency, and at others. */
#include "bench.h"
#include "resamplers.h"
#include <math.h>
#include <stdlib.h>

#define SECONDS_SETTLE  0.12 /* longer than any contender's filter and buffers */
#define SECONDS_MEASURE 0.20
#define N_TONES         48
#define PASS            0.85 /* of the lower Nyquist frequency */
#define PIECE_FRAMES    480

static const double pi = 3.14159265358979323846;

typedef struct fit {
    double tone; /* amplitude at the tone's own frequency */
    double rest; /* amplitude of a tone as strong as everything else */
} fit;

/* Least squares of a sine and a cosine, then what is left. */
static fit fit_tone(const float *samples, size_t n, double turns_per_frame)
{
    double cc = 0, cs = 0, ss = 0, xc = 0, xs = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        const double c = cos(2 * pi * turns_per_frame * (double)i);
        const double s = sin(2 * pi * turns_per_frame * (double)i);
        cc += c * c;
        cs += c * s;
        ss += s * s;
        xc += (double)samples[i] * c;
        xs += (double)samples[i] * s;
    }
    const double d = cc * ss - cs * cs;
    const double a = (xc * ss - xs * cs) / d, b = (xs * cc - xc * cs) / d;
    for (size_t i = 0; i < n; i++) {
        const double angle = 2 * pi * turns_per_frame * (double)i;
        const double r = (double)samples[i] - a * cos(angle) - b * sin(angle);
        rest += r * r;
    }
    return (fit){hypot(a, b), sqrt(2 * rest / (double)n)};
}

static double rest_alone(const float *samples, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)samples[i] * (double)samples[i];
    return sqrt(2 * sum / (double)n);
}

static double in_db(double amplitude)
{
    return 20 * log10(amplitude > 1e-12 ? amplitude : 1e-12);
}

/* The settled end of what comes out for a tone of amplitude 0.5, in shares of the tone. */
static fit pass_tone(const resampler *which, uint32_t in_hz, uint32_t out_hz, double tone_hz)
{
    const size_t n_in = (size_t)((SECONDS_SETTLE + SECONDS_MEASURE) * in_hz);
    const size_t n_measured = (size_t)(SECONDS_MEASURE * 0.75 * out_hz);
    const size_t capacity = (size_t)((SECONDS_SETTLE + SECONDS_MEASURE) * out_hz) + 4096;
    float *in = bench_alloc(n_in * sizeof *in), *out = bench_alloc(capacity * sizeof *out);
    size_t n_out = 0;
    void *handle = which->open(which->setting, in_hz, out_hz);
    for (size_t i = 0; i < n_in; i++)
        in[i] = (float)(0.5 * sin(2 * pi * tone_hz / in_hz * (double)i));
    for (size_t at = 0; at < n_in; at += PIECE_FRAMES) {
        const size_t n = n_in - at < PIECE_FRAMES ? n_in - at : PIECE_FRAMES;
        n_out += which->process(handle, in + at, n, out + n_out, capacity - n_out);
    }
    which->close(handle);
    if (n_out < n_measured)
        bench_die("%s: %zu frames came out of a tone", which->name, n_out);
    const float *end = out + n_out - n_measured;
    const bool is_above = tone_hz >= out_hz / 2.0;
    fit f = is_above ? (fit){0, rest_alone(end, n_measured)}
                     : fit_tone(end, n_measured, tone_hz / out_hz);
    f.tone /= 0.5;
    f.rest /= 0.5;
    free(in);
    free(out);
    return f;
}

/* Frames go in one by one, until the peak of an impulse is out. */
static double latency_ms(const resampler *which, uint32_t in_hz, uint32_t out_hz)
{
    enum { BEFORE = 4800, AFTER = 24000 };
    void *handle = which->open(which->setting, in_hz, out_hz);
    float out[16384], peak = 0;
    size_t peak_after = 0;
    for (size_t i = 0; i < BEFORE + AFTER; i++) {
        const float in = i == BEFORE ? 1 : 0;
        const size_t n_out = which->process(handle, &in, 1, out, sizeof out / sizeof out[0]);
        for (size_t k = 0; k < n_out; k++)
            if (fabsf(out[k]) > peak) {
                peak = fabsf(out[k]);
                peak_after = i;
            }
    }
    which->close(handle);
    if (peak < 0.01F || peak_after < BEFORE)
        bench_die("%s: an impulse did not come out", which->name);
    return (double)(peak_after - BEFORE) * 1e3 / in_hz;
}

void resampler_measure(
    const resampler *which, uint32_t in_hz, uint32_t out_hz, response *response_out)
{
    const double low_hz = (in_hz < out_hz ? in_hz : out_hz) / 2.0;
    response r = {.ripple_db = 0, .stop_db = -300, .beyond_db = -300};
    for (int i = 0; i < N_TONES; i++) {
        const double share = (i + 0.5) / N_TONES;
        const double tone_hz = 50 + share * (PASS * low_hz - 50);
        const fit f = pass_tone(which, in_hz, out_hz, tone_hz);
        r.ripple_db = fmax(r.ripple_db, fabs(in_db(f.tone)));
        r.stop_db = fmax(r.stop_db, in_db(f.rest));
        r.beyond_db = fmax(r.beyond_db, in_db(f.rest));
    }
    r.ripple_db =
        fmax(r.ripple_db, fabs(in_db(pass_tone(which, in_hz, out_hz, PASS * low_hz).tone)));
    /* Down: from the output's Nyquist frequency to the input's, closer at its beginning. Up: between
     * the edge of the pass band and the input's Nyquist frequency, whose images lie just above it. */
    for (int i = 0; i < N_TONES; i++) {
        const double share = (double)i / N_TONES * (double)i / N_TONES;
        const double from_hz = out_hz < in_hz ? low_hz + 1 : PASS * low_hz;
        const double to_hz = out_hz < in_hz ? in_hz / 2.0 : low_hz - 1;
        const double tone_hz = from_hz + share * (to_hz - from_hz);
        const double rest_db = in_db(pass_tone(which, in_hz, out_hz, tone_hz).rest);
        r.stop_db = fmax(r.stop_db, rest_db);
        if (out_hz < in_hz && tone_hz >= 1.2 * low_hz)
            r.beyond_db = fmax(r.beyond_db, rest_db);
    }
    r.latency_ms = latency_ms(which, in_hz, out_hz);
    *response_out = r;
}
