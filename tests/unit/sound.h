/* What tests of recorded sound share: making it, pushing it, recording it, getting it back. */
#ifndef TESTS_UNIT_SOUND_H
#define TESTS_UNIT_SOUND_H

#include "household.h"
#include "waiting.h"

/* Smooth noise: unlike itself at every other place. */
void sound_noise(float *out, size_t n_frames, uint32_t seed, float level);
/* Real speech at 16 kHz, a pause at either end; the caller frees. */
float *sound_speech(size_t *n_frames_out);
/* Faint noise, in which somebody speaks at these places; the caller frees. */
float *sound_scene(
    size_t n_frames, const float *speech, size_t n_speech, const size_t *at, size_t n_at);
double sound_energy(const float *pcm, size_t n); /* mean square */
/* Where `n` frames of what came out fit best to what went in: the lag in frames. */
int sound_lag(const float *in, const float *out, size_t n, int most);

/* A push source of these frames, written in pieces, that has ended already. */
vpriv_source *sound_push(
    vpriv_stream_format format, const void *frames, size_t n_frames, size_t piece);
/* The same as a WAV file, which may be longer. */
vpriv_source *sound_file(
    household *h, uint32_t rate_hz, uint32_t n_channels, const float *frames, size_t n_frames);
/* Records the source whole and closes it. */
vpriv_outcome sound_run(household *h, const vpriv_trigger *trigger, vpriv_source *source,
    const vpriv_recorder_config *config);
/* All frames; the caller frees. In odd pieces, so that no boundary is hidden. */
float *sound_decode(
    household *h, const vpriv_recording_id *id, size_t *n_frames_out, uint64_t *n_lost_out);
void sound_export(household *h, const vpriv_recording_id *id, const char *path);

/* A started recorder on a push source of 16 kHz mono floats. */
typedef struct sound_live_one {
    vpriv_source *source;
    vpriv_recorder *recorder;
    size_t all; /* frames the buffer takes */
} sound_live_one;
sound_live_one sound_live(household *h, const vpriv_recorder_config *config, uint32_t buffer_ms);
/* The same, driven by a hub; NULL is by itself. */
sound_live_one sound_live_in(
    vpriv_hub *hub, household *h, const vpriv_recorder_config *config, uint32_t buffer_ms);
/* Returns how many were taken; waits until they were read. */
size_t sound_live_push(const sound_live_one *l, const float *frames, size_t n_frames);
vpriv_outcome sound_live_end(sound_live_one *l);

#endif
