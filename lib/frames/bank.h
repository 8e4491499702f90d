/* Designing the resampler's filter.
 *
 * One prototype serves every pair of rates. It is VPI_BANK_PERIODS sample periods of the lower rate
 * long, passes everything up to VPI_BANK_PASS of the lower rate's Nyquist frequency within 0.1 dB,
 * and nothing from that frequency on (100 dB down and more): what folds back or shows as an image is
 * below 16 bits. Its delay is half its length: 2 ms towards 16 kHz.
 *
 * Rates with a short common fraction get one row of taps per phase. Awkward ones (44,057 Hz) would
 * need thousands of rows; they get a fixed number of them, 512 per period of the lower rate, and
 * the kernel draws a straight line between two (its error lies 107 dB down). Either way a bank
 * takes at most about 256 KiB. */
#ifndef VPI_FRAMES_BANK_H
#define VPI_FRAMES_BANK_H

#include "frames/kernels.h"

#define VPI_BANK_PERIODS 64
#define VPI_BANK_PASS    0.85

typedef struct vpi_bank {
    vpi_filter_bank filter;
    bool between;           /* which of the two polyphase kernels walks it */
    uint32_t before_frames; /* taps before the frame an output falls on … */
    uint32_t after_frames;  /* … and after it: n_taps = before + 1 + after */
    float *memory;
} vpi_bank;

/* in_hz and out_hz differ and are above 0; neither is more than 24 times the other. */
vpriv_status vpi_bank_create(uint32_t in_hz, uint32_t out_hz, vpi_bank *bank_out);
void vpi_bank_destroy(vpi_bank *bank);

#endif
