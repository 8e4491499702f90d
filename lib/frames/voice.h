/* Does sound stick out of the noise? Sixteen bands, each with a noise floor of its own, are asked
 * every 10 ms.
 *
 * The answer is a place in the stream: sound is to be kept up to there. It moves on while somebody
 * speaks, and for a hang-over behind. A new stream begins with VPI_VOICE_BEGIN_MS that are kept
 * whatever they are, since the noise is not known yet. What is to be kept of the time *before*
 * somebody is noticed is up to the caller, who asks late: sound may be thrown away when the detector
 * has heard VPI_VOICE_PRE_ROLL_MS more than it, and still says "not to be kept" of its first frame.
 *
 * It errs on the side of keeping. Whatever differs from the noise of the last two seconds counts:
 * voices far away, music, a door. The floor follows noise that fades at once, and noise that grows
 * when it has been flat for a second, or has had no pause for two and a half. The hang-over is
 * VPI_VOICE_HANG_MIN_MS where voices are loud above the noise, and up to VPI_VOICE_HANG_MAX_MS where
 * they hardly are, and their quiet sounds cannot be found.
 *
 * How the stream is cut into pieces changes no bit, and every level of kernels says the same. No call
 * but create allocates, none locks or waits. Samples and state lie in guarded memory, wiped by reset
 * and destroy. One thread at a time per handle. */
#ifndef VPI_FRAMES_VOICE_H
#define VPI_FRAMES_VOICE_H

#include "base/status.h"

#define VPI_VOICE_PRE_ROLL_MS 200
#define VPI_VOICE_BEGIN_MS    2000
#define VPI_VOICE_HANG_MIN_MS 300
#define VPI_VOICE_HANG_MAX_MS 700

typedef struct vpi_voice vpi_voice;

/* rate_hz 8000, 12000, 16000, 24000 or 48000; n_channels 1 or 2. VPRIV_E_ARG, VPRIV_E_MEMORY. */
vpriv_status vpi_voice_create(uint32_t rate_hz, uint32_t n_channels, vpi_voice **voice_out);
/* Wipes; NULL is fine. */
void vpi_voice_destroy(vpi_voice *voice);
/* Back to the start of a stream: what was heard, and what was learnt of the noise, is gone. */
void vpi_voice_reset(vpi_voice *voice);

/* Listen to n_frames, interleaved, finite. */
void vpi_voice_hear(vpi_voice *voice, const float *frames, size_t n_frames);
/* Time passes of which nothing is known. What was learnt of the noise stays; what follows is kept for
 * a longest hang-over. */
void vpi_voice_skip(vpi_voice *voice, uint64_t n_frames);

/* In frames since the beginning of the stream: all before it is to be kept, as far as is known. */
uint64_t vpi_voice_keep_until(const vpi_voice *voice);

/* Frames heard and skipped since the beginning of the stream. */
uint64_t vpi_voice_heard(const vpi_voice *voice);
/* Where in the stream somebody was noticed last, in frames; 0 is never. */
uint64_t vpi_voice_noticed_at(const vpi_voice *voice);
/* For how many frames nobody was noticed. Time of which nothing is known does not count: the first
 * VPI_VOICE_BEGIN_MS, and what was skipped. */
uint64_t vpi_voice_silent_frames(const vpi_voice *voice);

#endif
