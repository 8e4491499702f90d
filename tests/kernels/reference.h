/* The kernels once more, one number at a time, written from the contract in frames/kernels.h and
 * without a look at how speed is won. Where the contract fixes the bits the checker compares bits;
 * the _exact functions give the value in double precision for a second opinion. */
#ifndef TESTS_KERNELS_REFERENCE_H
#define TESTS_KERNELS_REFERENCE_H

#include "frames/kernels.h"

size_t reference_sample_bytes(vpriv_sample_format format);
float reference_convert(vpriv_sample_format format, const uint8_t *in, bool *bad_out);
/* Mean over the channels first, first + step, … of one frame. */
float reference_mix(const float *frame, size_t n_channels, size_t first, size_t step);
double reference_mix_exact(const float *frame, size_t n_channels, size_t first, size_t step);
float reference_inner_product(const float *a, const float *b, size_t n);
/* Also the sum of the magnitudes of the products, which scales the rounding errors. */
double reference_inner_product_exact(
    const float *a, const float *b, size_t n, double *magnitude_out);
/* Output number k of a polyphase walk. */
float reference_polyphase(
    const vpi_filter_bank *bank, bool between, const float *in, uint32_t phase, size_t k);
double reference_polyphase_exact(const vpi_filter_bank *bank, bool between, const float *in,
    uint32_t phase, size_t k, double *magnitude_out);
/* Frames of input that n_out outputs look at. */
size_t reference_polyphase_span(const vpi_filter_bank *bank, uint32_t phase, size_t n_out);

#endif
