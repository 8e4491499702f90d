/* The polyphase filters, once for every instruction set: a file that includes this has defined the
 * lanes of kernels_lanes.h before, and
 *
 *     lanes_fold_four(a, b, c, d, out)          four of lanes_fold, to out[0..3]
 *
 * Four outputs go at a time: their sums do not wait for each other, and they are folded together. */
#ifndef VPI_FRAMES_KERNELS_POLYPHASE_H
#define VPI_FRAMES_KERNELS_POLYPHASE_H

#include "frames/kernels.h"

#define AT_ONCE 4

typedef struct walk {
    const vpi_filter_bank *bank;
    const float *in;
    uint32_t phase;
} walk;

static inline void step(walk *at)
{
    at->in += at->bank->step_frames;
    at->phase += at->bank->step_phase;
    if (at->phase >= at->bank->modulus) {
        at->phase -= at->bank->modulus;
        at->in++;
    }
}

static inline lanes inner_product(const float *in, const float *row, size_t n_taps)
{
    lanes sums = lanes_zero();
    for (size_t j = 0; j < n_taps; j += VPI_LANES)
        lanes_add_products(&sums, lanes_load(in + j), lanes_load(row + j));
    return sums;
}

/* Four windows under one row, each load of which serves all. */
static inline void decimate_four(const vpi_filter_bank *bank, const float *in, float out[AT_ONCE])
{
    const float *const row = bank->rows;
    const size_t n_taps = bank->n_taps;
    const float *const in1 = in + bank->step_frames;
    const float *const in2 = in1 + bank->step_frames;
    const float *const in3 = in2 + bank->step_frames;
    lanes a = lanes_zero(), b = lanes_zero(), c = lanes_zero(), d = lanes_zero();
    for (size_t j = 0; j < n_taps; j += VPI_LANES) {
        const lanes taps = lanes_load(row + j);
        lanes_add_products(&a, lanes_load(in + j), taps);
        lanes_add_products(&b, lanes_load(in1 + j), taps);
        lanes_add_products(&c, lanes_load(in2 + j), taps);
        lanes_add_products(&d, lanes_load(in3 + j), taps);
    }
    lanes_fold_four(a, b, c, d, out);
}

static inline lanes filter_one(walk *at)
{
    const size_t n_taps = at->bank->n_taps;
    const lanes sums = inner_product(at->in, at->bank->rows + (size_t)at->phase * n_taps, n_taps);
    step(at);
    return sums;
}

/* Every out_stride-th of some places, four of which are filled from four neighbours. */
static inline void spread(float *out, size_t out_stride, const float four[AT_ONCE])
{
    for (size_t k = 0; k < AT_ONCE; k++)
        out[k * out_stride] = four[k];
}

/* Whole-number decimation; gives how many outputs it made. */
static inline size_t decimate(
    const vpi_filter_bank *bank, const float *in, float *out, size_t out_stride, size_t n_out)
{
    size_t i = 0;
    for (; i + AT_ONCE <= n_out; i += AT_ONCE) {
        float four[AT_ONCE];
        if (out_stride == 1) {
            decimate_four(bank, in + i * bank->step_frames, out + i);
        } else {
            decimate_four(bank, in + i * bank->step_frames, four);
            spread(out + i * out_stride, out_stride, four);
        }
    }
    return i;
}

static void polyphase(const vpi_filter_bank *bank, const float *in, uint32_t phase, float *out,
    size_t out_stride, size_t n_out)
{
    walk at = {bank, in, phase};
    size_t i = 0;
    if (bank->modulus == 1) {
        i = decimate(bank, in, out, out_stride, n_out);
        at.in += i * bank->step_frames;
    }
    for (; i + AT_ONCE <= n_out; i += AT_ONCE) {
        float four[AT_ONCE];
        const lanes a = filter_one(&at);
        const lanes b = filter_one(&at);
        const lanes c = filter_one(&at);
        lanes_fold_four(a, b, c, filter_one(&at), four);
        spread(out + i * out_stride, out_stride, four);
    }
    for (; i < n_out; i++)
        out[i * out_stride] = lanes_fold(filter_one(&at));
}

/* Two rows over one window. */
static inline void between_rows(const walk *at, lanes *a_out, lanes *b_out, float *fraction_out)
{
    const vpi_filter_bank *const bank = at->bank;
    const size_t n_taps = bank->n_taps;
    const uint32_t place = at->phase * bank->n_rows;
    const float *const row = bank->rows + (size_t)(place / bank->modulus) * n_taps;
    lanes a = lanes_zero(), b = lanes_zero();
    for (size_t j = 0; j < n_taps; j += VPI_LANES) {
        const lanes window = lanes_load(at->in + j);
        lanes_add_products(&a, window, lanes_load(row + j));
        lanes_add_products(&b, window, lanes_load(row + n_taps + j));
    }
    *fraction_out = (float)(place % bank->modulus) / (float)bank->modulus;
    *a_out = a;
    *b_out = b;
}

static void polyphase_between(const vpi_filter_bank *bank, const float *in, uint32_t phase,
    float *out, size_t out_stride, size_t n_out)
{
    walk at = {bank, in, phase};
    size_t i = 0;
    for (; i + 2 <= n_out; i += 2) {
        lanes a, b, c, d;
        float fraction[2], four[AT_ONCE];
        between_rows(&at, &a, &b, &fraction[0]);
        step(&at);
        between_rows(&at, &c, &d, &fraction[1]);
        step(&at);
        lanes_fold_four(a, b, c, d, four);
        out[i * out_stride] = four[0] + (four[1] - four[0]) * fraction[0];
        out[(i + 1) * out_stride] = four[2] + (four[3] - four[2]) * fraction[1];
    }
    if (i < n_out) {
        lanes a, b;
        float fraction;
        between_rows(&at, &a, &b, &fraction);
        const float first = lanes_fold(a);
        out[i * out_stride] = first + (lanes_fold(b) - first) * fraction;
    }
}

#endif
