/* From a microphone's frames to what the encoder takes, in one pass over pieces that stay in the
 * first-level cache: convert, down-mix, resample, high-pass, meter.
 *
 *  - Input: S16, S24, S32 or F32 little-endian interleaved, 1 to 8 channels, 8 to 192 kHz, at any
 *    address. Samples of F32 that are not numbers, or infinite, become 0 and are counted; others
 *    are clipped to ±VPI_INPUT_MAX (±8); integers cannot exceed ±1.
 *  - Down-mix: see mix_mono and mix_stereo in kernels.h; one channel to two is a copy.
 *  - Output: interleaved float, not clipped (libopus does that), first output = first input frame;
 *    ceil(N × output rate / input rate) frames for N frames of input.
 *  - The high-pass comes after the resampler, where there are fewer frames. It removes DC and
 *    handling noise: second-order Butterworth, −3 dB at its cut-off.
 *
 * How the stream is cut into pieces changes no bit of the output. No call but create allocates,
 * none locks or waits. Samples lie in guarded memory, wiped by reset and destroy. One thread at a
 * time per handle. */
#ifndef VPI_FRAMES_FRONTEND_H
#define VPI_FRAMES_FRONTEND_H

#include "base/status.h"
#include <voicepriv/capture.h>

#define VPI_FRONTEND_CHANNELS_MAX     8
#define VPI_FRONTEND_HIGH_PASS_HZ     50
#define VPI_FRONTEND_HIGH_PASS_MIN_HZ 5
#define VPI_FRONTEND_HIGH_PASS_MAX_HZ 1000

typedef struct vpi_frontend_config {
    vpriv_stream_format input;
    uint32_t output_rate_hz;    /* 8000, 12000, 16000, 24000 or 48000 */
    uint32_t n_output_channels; /* 1 or 2 */
    bool high_pass;
    uint32_t high_pass_hz; /* 0 is VPI_FRONTEND_HIGH_PASS_HZ; else 5 to 1000 */
    size_t n_tray_frames;  /* of input that the tray holds */
} vpi_frontend_config;

typedef struct vpi_frontend vpi_frontend;

/* VPRIV_E_ARG names the value that is not served; VPRIV_E_MEMORY. */
vpriv_status vpi_frontend_create(const vpi_frontend_config *config, vpi_frontend **frontend_out);

/* Wipes; NULL is fine. */
void vpi_frontend_destroy(vpi_frontend *frontend);

/* Back to the start of a stream: what was left, the counters and the level are gone. */
void vpi_frontend_reset(vpi_frontend *frontend);

/* Input frames that must follow an instant before its output can come. */
uint32_t vpi_frontend_latency_frames(const vpi_frontend *frontend);

/* A capacity with which process takes all of n_frames. */
size_t vpi_frontend_output_max_frames(const vpi_frontend *frontend, size_t n_frames);

/* Room for input in the front end's own guarded memory, for callers that have none: what lies there is
 * the caller's to give to process, and to wipe. */
void *vpi_frontend_tray(vpi_frontend *frontend);

/* Take frames and give output, until all is taken or out is full; go on with the rest then.
 * VPRIV_E_STATE after flush. */
vpriv_status vpi_frontend_process(vpi_frontend *frontend, const void *frames, size_t n_frames,
    float *out, size_t capacity_frames, size_t *n_consumed_out, size_t *n_out);

/* The input has ended: give what is left, in as many calls as it takes; *n_out is 0 when all is
 * out. */
vpriv_status vpi_frontend_flush(
    vpi_frontend *frontend, float *out, size_t capacity_frames, size_t *n_out);

/* Largest magnitude and root mean square of what was given out since the last call; 0 and 0 when
 * that was nothing. Full scale is 1. */
void vpi_frontend_level(vpi_frontend *frontend, float *peak_out, float *rms_out);

/* Samples that were not numbers, since create or reset. */
uint64_t vpi_frontend_bad_samples(const vpi_frontend *frontend);

#endif
