/* The table of kernels: every loop over samples that is worth writing once per instruction set.
 *
 * kernels_c.c fixes the answer of each, the order of every sum included; whatever fills a table
 * later agrees with it bit for bit (tests/kernels/ checks that). The rules that make it possible:
 *  - no fused multiply-add, no reassociation, round to nearest, no flush-to-zero mode;
 *  - sums over many samples run in 16 lanes: lane l takes the samples l, l+16, l+32, …; at the end
 *    lane l takes lane l+8, then l+4, l+2, l+1 (a short last group counts as filled with zeros);
 *  - sums over channels run from the first channel to the last.
 *
 * Inputs need no alignment unless it is said; outputs need that of their type. Inputs and outputs
 * do not overlap. Zero lengths are fine. Nothing is allocated, locked or kept. */
#ifndef VPI_FRAMES_KERNELS_H
#define VPI_FRAMES_KERNELS_H

#include <voicepriv/capture.h>

#define VPI_LANES 16

/* A sample of float input louder than this is clipped to it: 18 dB above full scale, so that a hot
 * but honest signal passes and a broken one cannot overflow anything behind it. */
#define VPI_INPUT_MAX 8.0F
/* A sample of float input quieter than this becomes 0, so that no product in a filter is ever
 * subnormal (those cost a hundred times as much): 2^-60, 361 dB below full scale. */
#define VPI_INPUT_MIN 0x1p-60F

/* A filter bank and how to walk it. Output k is the sum over j of in[j] × row[j], where `in` and
 * the phase start as given and each output moves `in` by step_frames and the phase by step_phase;
 * a phase of `modulus` or more loses it and moves `in` by one more.
 *
 * polyphase: n_rows equals modulus, the phase is the row.
 * polyphase_between: any modulus up to 2^20; the phase lies at phase × n_rows / modulus between two
 * rows, of which there are n_rows + 1: with a = sum of the upper row, b = sum of the next one and
 * f = (float)(phase × n_rows mod modulus) / (float)modulus the output is a + (b − a) × f. */
typedef struct vpi_filter_bank {
    const float *rows; /* aligned to 64 bytes */
    uint32_t n_taps;   /* floats in a row, a multiple of VPI_LANES */
    uint32_t n_rows;   /* modulus × n_rows < 2^32 */
    uint32_t modulus;
    uint32_t step_frames;
    uint32_t step_phase; /* below modulus */
} vpi_filter_bank;

#define VPI_HIGH_PASS_CHANNELS_MAX 2
/* How often, counted in frames of the stream, the high-pass looks whether its state has died away;
 * at fixed places, so that the answer does not depend on how the stream is cut. */
#define VPI_HIGH_PASS_GRID_FRAMES 64
/* Below this an output is 0; a state this small on the grid is 0. */
#define VPI_HIGH_PASS_TINY 0x1p-80

typedef struct vpi_high_pass_state {
    double x1, x2, y1, y2;
} vpi_high_pass_state;

/* Second-order section in double precision with its zeros at DC:
 *     y = (gain × ((x − 2 x1) + x2) − a2 × y2) − a1 × y1 */
typedef struct vpi_high_pass {
    double gain, a1, a2;
    uint32_t grid_frames; /* frames since the last look at the state */
    vpi_high_pass_state channel[VPI_HIGH_PASS_CHANNELS_MAX];
} vpi_high_pass;

typedef struct vpi_level {
    float peak; /* largest magnitude */
    float sum_squares;
} vpi_level;

/* A bank of VPI_LANES band-pass filters, each as wide as the others, from 0 to half the rate: cosines
 * times one window. A hop takes 16 samples further and gives one sample in each band.
 *
 *  1. window: u[l] for l = 0 … 31 is the sum of in[l + 32 k] × window[l + 32 k], k = 0 … 3 in order;
 *  2. fold: z[0] = u[8]; z[j] = u[8 + j] + u[8 − j] for j = 1 … 8; z[j] = u[8 + j] − u[40 − j] for
 *     j = 9 … 15 (the cosines are even about 8 and odd about 24; u[24] is not used);
 *  3. the band's sample is the sum of z[j] × cosines[16 j + band], j = 0 … 15 in order;
 *  4. its square is added to the band's energy, hop after hop, beginning with 0.
 *
 * A lane is a band: nothing is summed across lanes. */
#define VPI_BAND_TAPS    128
#define VPI_BAND_HISTORY (VPI_BAND_TAPS - VPI_LANES)
typedef struct vpi_band_filter {
    _Alignas(64) float window[VPI_BAND_TAPS]; /* signs of the cosines' periods in */
    _Alignas(64) float cosines[VPI_LANES * VPI_LANES];
} vpi_band_filter;

/* Index of a sample format in vpi_kernels.convert. */
#define VPI_N_SAMPLE_FORMATS       4
#define VPI_SAMPLE_INDEX(a_format) ((size_t)(a_format)-VPRIV_SAMPLE_S16)

typedef struct vpi_kernels {
    /* Little-endian samples to float, full scale = 1. Gives how many samples were not numbers and
     * became 0 (only F32 has such; there VPI_INPUT_MAX and VPI_INPUT_MIN rule, and −0 becomes 0).
     */
    size_t (*convert[VPI_N_SAMPLE_FORMATS])(float *out, const uint8_t *in, size_t n_samples);

    /* S16 stereo straight to mono; the same as convert and mix_mono. */
    void (*mono_from_s16_stereo)(float *out, const uint8_t *in, size_t n_frames);

    /* Mean of all channels: their sum × (1.0F / n_channels). n_channels ≥ 1. */
    void (*mix_mono)(float *out, const float *in, size_t n_frames, size_t n_channels);

    /* Left is the mean of channels 0, 2, 4, …, right that of 1, 3, 5, …. n_channels ≥ 2. */
    void (*mix_stereo)(
        float *left, float *right, const float *in, size_t n_frames, size_t n_channels);

    /* n_out outputs, one every out_stride floats. */
    void (*polyphase)(const vpi_filter_bank *bank, const float *in, uint32_t phase, float *out,
        size_t out_stride, size_t n_out);
    void (*polyphase_between)(const vpi_filter_bank *bank, const float *in, uint32_t phase,
        float *out, size_t out_stride, size_t n_out);

    /* In place, interleaved; n_channels 1 or 2. */
    void (*high_pass)(vpi_high_pass *filter, float *samples, size_t n_frames, size_t n_channels);

    vpi_level (*level)(const float *samples, size_t n_samples);

    /* Energies of n_hops hops in each band. in: VPI_BAND_HISTORY samples that came before, then
     * n_hops × VPI_LANES. */
    void (*band_energies)(const vpi_band_filter *filter, const float *in, size_t n_hops,
        float energies_out[VPI_LANES]);
} vpi_kernels;

/* One filler per level; each overwrites what it does better than the level below. Which of them a
 * build has depends on the processor it is for. */
void vpi_kernels_fill_c(vpi_kernels *kernels);
void vpi_kernels_fill_sse2(vpi_kernels *kernels);
void vpi_kernels_fill_avx2(vpi_kernels *kernels);
void vpi_kernels_fill_avx512(vpi_kernels *kernels);
void vpi_kernels_fill_neon(vpi_kernels *kernels);

#endif
