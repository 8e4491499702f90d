/* What is left over when a kernel takes samples by the vector: the ragged end, in plain C.
 * All of them go on at `first` of in and out, and stop at the end. */
#ifndef VPI_FRAMES_KERNELS_REST_H
#define VPI_FRAMES_KERNELS_REST_H

#include "frames/kernels.h"

/* F32 as bits: an infinity (above it is what is not a number), VPI_INPUT_MAX and VPI_INPUT_MIN. */
#define VPI_BITS_NOT_A_NUMBER 0x7f800000
#define VPI_BITS_INPUT_MAX    0x41000000
#define VPI_BITS_INPUT_MIN    0x21800000

size_t vpi_rest_convert(
    vpriv_sample_format format, float *out, const uint8_t *in, size_t first, size_t n_samples);
void vpi_rest_mono_from_s16_stereo(float *out, const uint8_t *in, size_t first, size_t n_frames);
void vpi_rest_mix_mono(
    float *out, const float *in, size_t first, size_t n_frames, size_t n_channels);
void vpi_rest_mix_stereo(
    float *left, float *right, const float *in, size_t first, size_t n_frames, size_t n_channels);

/* Whole kernels of the SSE2 level, for the levels above it. */
void vpi_mix_mono_sse2(float *out, const float *in, size_t n_frames, size_t n_channels);
void vpi_mix_stereo_sse2(
    float *left, float *right, const float *in, size_t n_frames, size_t n_channels);

#endif
