/* Changing the rate of a stream: polyphase filters in 32-bit float, any rate to any rate between
 * 8 and 192 kHz. See bank.h for the filter.
 *
 * Time: output k stands for the instant k / out_hz after the first input frame; the filter's delay
 * is taken out. An output needs the latency_frames input frames that follow its instant, so after
 * N input frames those of the first N − latency_frames have come out; vpi_resampler_finish gives
 * the rest, ceil(N × out_hz / in_hz) outputs in all, as if zeros followed. Zeros also stand before
 * the first frame. How the stream is cut into pieces changes no bit.
 *
 * Input is written in place: ask for the inlet, fill planes, push. Nothing is allocated after
 * create. The samples lie in guarded memory and are wiped by reset and destroy. One thread at a
 * time per handle. */
#ifndef VPI_FRAMES_RESAMPLE_H
#define VPI_FRAMES_RESAMPLE_H

#include "frames/kernels.h"

#define VPI_RATE_MIN_HZ 8000
#define VPI_RATE_MAX_HZ 192000

#define VPI_RESAMPLER_CHANNELS_MAX 2

typedef struct vpi_resampler vpi_resampler;

/* Equal rates pass through untouched, with no latency.
 * VPRIV_E_ARG for a rate or a number of channels out of range, VPRIV_E_MEMORY. */
vpriv_status vpi_resampler_create(
    uint32_t in_hz, uint32_t out_hz, uint32_t n_channels, vpi_resampler **resampler_out);

/* The same, with spare_bytes in the same guarded memory for what goes with it: pages that are locked are
 * scarce. Zeroed, aligned to 64 bytes; reset leaves it alone, destroy frees it. */
vpriv_status vpi_resampler_create_roomy(uint32_t in_hz, uint32_t out_hz, uint32_t n_channels,
    size_t spare_bytes, vpi_resampler **resampler_out);
void *vpi_resampler_spare(vpi_resampler *resampler);

/* NULL is fine. */
void vpi_resampler_destroy(vpi_resampler *resampler);

/* Back to the start of a stream; what was left is wiped. */
void vpi_resampler_reset(vpi_resampler *resampler);

/* Input frames that must follow an instant before its output can come. */
uint32_t vpi_resampler_latency_frames(const vpi_resampler *resampler);

/* Most outputs that n_frames of input bring, wherever in the stream. */
size_t vpi_resampler_output_max_frames(const vpi_resampler *resampler, size_t n_frames);

/* Where the next frames of each channel go, until the next call; gives how many frames there is
 * room for: 1,024 or more once all that can be pulled has been, none after finish. */
size_t vpi_resampler_inlet(vpi_resampler *resampler, float *planes_out[VPI_RESAMPLER_CHANNELS_MAX]);

/* n_frames were written to the inlet; no more than it had room for. */
void vpi_resampler_push(vpi_resampler *resampler, size_t n_frames);

/* Interleaved outputs, up to capacity_frames; gives how many. */
size_t vpi_resampler_pull(vpi_resampler *resampler, float *out, size_t capacity_frames);

/* The input has ended: pull gives what is left, and 0 when all is out. */
void vpi_resampler_finish(vpi_resampler *resampler);

#endif
