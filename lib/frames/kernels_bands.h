/* The bank of band-pass filters, once for every instruction set: a file that includes this has defined
 * the lanes of kernels_lanes.h before, and
 *
 *     lanes_every(a)                            a sixteen times
 *     lanes_store(to, x)                        to anywhere
 *     lanes_fold_bands(low, high)               step 2 of kernels.h, from u[0..15] and u[16..31] */
#ifndef VPI_FRAMES_KERNELS_BANDS_H
#define VPI_FRAMES_KERNELS_BANDS_H

#include "frames/kernels.h"

/* Of one hop: what the cosines are multiplied with. */
static inline void window_and_fold(
    const vpi_band_filter *filter, const float *in, float z[VPI_LANES])
{
    lanes low = lanes_zero(), high = lanes_zero();
    for (size_t k = 0; k < VPI_BAND_TAPS; k += 2 * VPI_LANES) {
        lanes_add_products(&low, lanes_load(in + k), lanes_load(filter->window + k));
        lanes_add_products(
            &high, lanes_load(in + k + VPI_LANES), lanes_load(filter->window + k + VPI_LANES));
    }
    lanes_store(z, lanes_fold_bands(low, high));
}

static void band_energies(
    const vpi_band_filter *filter, const float *in, size_t n_hops, float energies_out[VPI_LANES])
{
    lanes energies = lanes_zero();
    for (size_t hop = 0; hop < n_hops; hop++) {
        float z[VPI_LANES];
        lanes samples = lanes_zero();
        window_and_fold(filter, in + hop * VPI_LANES, z);
        for (size_t j = 0; j < VPI_LANES; j++)
            lanes_add_products(
                &samples, lanes_every(z[j]), lanes_load(filter->cosines + j * VPI_LANES));
        lanes_add_products(&energies, samples, samples);
    }
    lanes_store(energies_out, energies);
}

#endif
