/* How a seam sounds: for the test and for the benchmark. One channel. */
#ifndef TESTS_SEAMS_H
#define TESTS_SEAMS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* What came out against what went in; silence counts as -90 dB. */
static inline double seam_snr_db(const float *in, const float *out, size_t n_frames)
{
    double signal = 1e-9 * (double)n_frames, error = signal;
    for (size_t i = 0; i < n_frames; i++) {
        signal += (double)in[i] * (double)in[i];
        error += ((double)out[i] - (double)in[i]) * ((double)out[i] - (double)in[i]);
    }
    return 10 * log10(signal / error);
}

static inline double seam_step(const float *from, const float *to)
{
    double most = 0;
    for (const float *at = from; at < to; at++)
        most = fmax(most, fabs((double)at[0] - (double)at[-1]));
    return most;
}

/* The largest step from frame to frame within 2.5 ms of the seam ÷ the largest within 50 ms. */
static inline double seam_jump(const float *seam, uint32_t rate_hz)
{
    const size_t here = rate_hz / 400, near = rate_hz / 20;
    const double nearby =
        fmax(seam_step(seam - near, seam - here), seam_step(seam + here, seam + near));
    return seam_step(seam - here, seam + here) / fmax(nearby, 1e-4);
}

#endif
