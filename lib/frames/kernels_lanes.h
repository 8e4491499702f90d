/* The level, a sum over 16 lanes, once for every instruction set: a file that includes this
 * has defined before
 *
 *     lanes                                     16 floats in registers
 *     lanes_zero() lanes_load(from)             from anywhere
 *     lanes_add_products(&sums, x, y)           sums += x × y, one rounding each, never fused
 *     lanes_fold(sums)                          8 + 4 + 2 + 1 of kernels.h
 *     lanes_peak(&peaks, x)                     peaks = max(peaks, |x|), compared as integers
 *     lanes_largest(peaks)
 *
 * and puts the functions into its own table. */
#ifndef VPI_FRAMES_KERNELS_LANES_H
#define VPI_FRAMES_KERNELS_LANES_H

#include "frames/kernels.h"
#include <string.h>

static vpi_level level(const float *samples, size_t n_samples)
{
    lanes sums = lanes_zero();
    lanes_integers peaks = lanes_no_peak();
    size_t i = 0;
    for (; i + VPI_LANES <= n_samples; i += VPI_LANES) {
        const lanes x = lanes_load(samples + i);
        lanes_add_products(&sums, x, x);
        lanes_peak(&peaks, x);
    }
    if (i < n_samples) {
        float padded[VPI_LANES] = {0};
        memcpy(padded, samples + i, (n_samples - i) * sizeof *padded);
        const lanes x = lanes_load(padded);
        lanes_add_products(&sums, x, x);
        lanes_peak(&peaks, x);
    }
    const int32_t peak = lanes_largest(peaks);
    vpi_level level = {.sum_squares = lanes_fold(sums)};
    memcpy(&level.peak, &peak, sizeof peak);
    return level;
}

#endif
