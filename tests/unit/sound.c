#include "sound.h"
#include <math.h>
#include <stdio.h>

/* Smooth noise: unlike itself at every other place. */
void sound_noise(float *out, size_t n_frames, uint32_t seed, float level)
{
    float low = 0;
    for (size_t i = 0; i < n_frames; i++) {
        seed = seed * 1664525u + 1013904223u;
        low += 0.3f * ((float)(int32_t)seed / 2147483648.0f - low);
        out[i] = level * low;
    }
}

vpriv_source *sound_push(
    vpriv_stream_format format, const void *frames, size_t n_frames, size_t piece)
{
    vpriv_source *source = NULL;
    const size_t frame_bytes =
        format.n_channels * (format.sample_format == VPRIV_SAMPLE_S16      ? 2u
                                : format.sample_format == VPRIV_SAMPLE_S24 ? 3u
                                                                           : 4u);
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source));
    for (size_t at = 0; at < n_frames; at += piece) {
        const size_t n = n_frames - at < piece ? n_frames - at : piece;
        size_t n_taken = 0;
        ck_ok(vpriv_capture_push_write(
            source, (const uint8_t *)frames + at * frame_bytes, n, &n_taken));
        ck_assert_uint_eq(n_taken, n);
    }
    ck_ok(vpriv_capture_push_end(source));
    return source;
}

static void put_u32(uint8_t *at, size_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

vpriv_source *sound_file(
    household *h, uint32_t rate_hz, uint32_t n_channels, const float *frames, size_t n_frames)
{
    uint8_t head[44] = "RIFF....WAVEfmt \20\0\0\0\3\0..........\4\0\40\0data";
    char path[PATH_BYTES];
    vpriv_source *source = NULL;
    const size_t frame_bytes = n_channels * sizeof *frames;
    put_u32(head + 4, 36 + n_frames * frame_bytes);
    head[22] = (uint8_t)n_channels;
    head[23] = 0;
    put_u32(head + 24, rate_hz);
    put_u32(head + 28, rate_hz * frame_bytes);
    head[32] = (uint8_t)frame_bytes;
    head[33] = 0;
    put_u32(head + 40, n_frames * frame_bytes);
    household_file(h, "sound.wav", path);
    FILE *file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(head, 1, sizeof head, file), sizeof head);
    ck_assert_uint_eq(fwrite(frames, frame_bytes, n_frames, file), n_frames);
    ck_assert_int_eq(fclose(file), 0);
    ck_ok(vpriv_capture_file_open(path, &source));
    return source;
}

vpriv_outcome sound_run(household *h, const vpriv_trigger *trigger, vpriv_source *source,
    const vpriv_recorder_config *config)
{
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_open(h->vault, source, config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, trigger, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    ck_assert(outcome.is_stored);
    return outcome;
}

/* All frames; the caller frees. In odd pieces, so that no boundary is hidden. */
float *sound_decode(
    household *h, const vpriv_recording_id *id, size_t *n_frames_out, uint64_t *n_lost_out)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_reader_info info = {.struct_size = sizeof info};
    size_t n = 0, n_read = 1;
    ck_ok(vpriv_gate_open(h->vault, h->keyring, id, &request, &reader));
    ck_ok(vpriv_gate_about(reader, &info));
    float *pcm = calloc((size_t)(info.n_frames + 2000) * info.n_channels, sizeof *pcm);
    while (n_read > 0) {
        ck_ok(vpriv_gate_read_frames(reader, pcm + n * info.n_channels, 777, &n_read));
        n += n_read;
        ck_assert_uint_le(n, info.n_frames + 777);
    }
    ck_assert_uint_eq(n, info.n_frames);
    ck_ok(vpriv_gate_about(reader, &info));
    if (n_lost_out)
        *n_lost_out = info.n_lost_frames;
    *n_frames_out = n;
    vpriv_gate_close(reader);
    return pcm;
}

/* Where `n` frames of what came out fit best to what went in: the lag in frames. */
int sound_lag(const float *in, const float *out, size_t n, int most)
{
    int best = -most;
    double best_sum = -1e30;
    for (int lag = -most; lag <= most; lag++) {
        double sum = 0;
        for (size_t i = (size_t)most; i + (size_t)most < n; i++)
            sum += (double)in[i] * (double)out[(size_t)((int)i + lag)];
        if (sum > best_sum) {
            best_sum = sum;
            best = lag;
        }
    }
    return best;
}

sound_live_one sound_live(household *h, const vpriv_recorder_config *config, uint32_t buffer_ms)
{
    return sound_live_in(NULL, h, config, buffer_ms);
}

sound_live_one sound_live_in(
    vpriv_hub *hub, household *h, const vpriv_recorder_config *config, uint32_t buffer_ms)
{
    sound_live_one l = {NULL, NULL, 0};
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, HOUSEHOLD_RATE_HZ, 1};
    ck_ok(vpriv_capture_push_open(&format, buffer_ms, &l.source));
    l.all = vpriv_capture_push_space(l.source);
    ck_ok(vpriv_recorder_open(h->vault, l.source, config, &l.recorder));
    ck_ok(hub ? vpriv_hub_start(hub, l.recorder) : vpriv_recorder_start(l.recorder));
    return l;
}

/* Returns how many were taken; waits until they were read. */
size_t sound_live_push(const sound_live_one *l, const float *frames, size_t n_frames)
{
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(l->source, frames, n_frames, &n_taken));
    (void)waited_until_read(l->source, l->all);
    nap(10);
    return n_taken;
}

vpriv_outcome sound_live_end(sound_live_one *l)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(l->recorder, &outcome));
    vpriv_recorder_close(l->recorder);
    vpriv_capture_close(l->source);
    ck_assert(outcome.is_stored);
    return outcome;
}

float *sound_speech(size_t *n_frames_out)
{
    size_t n = 0;
    float *speech = household_speech(&n);
    n /= 3;
    for (size_t i = 0; i < n; i++)
        speech[i] = (speech[3 * i] + speech[3 * i + 1] + speech[3 * i + 2]) / 3;
    *n_frames_out = n;
    return speech;
}

float *sound_scene(
    size_t n_frames, const float *speech, size_t n_speech, const size_t *at, size_t n_at)
{
    float *frames = calloc(n_frames, sizeof *frames);
    sound_noise(frames, n_frames, 1234, 0.004f);
    for (size_t i = 0; i < n_at; i++)
        for (size_t j = 0; j < n_speech && at[i] + j < n_frames; j++)
            frames[at[i] + j] += speech[j];
    return frames;
}

double sound_energy(const float *pcm, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)pcm[i] * (double)pcm[i];
    return sum / (double)(n ? n : 1);
}

static vpriv_status to_file(void *user, const void *bytes, size_t n_bytes)
{
    return fwrite(bytes, 1, n_bytes, user) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

void sound_export(household *h, const vpriv_recording_id *id, const char *path)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "test"};
    vpriv_reader *reader = NULL;
    FILE *file = fopen(path, "wb");
    ck_ok(vpriv_gate_open(h->vault, h->keyring, id, &request, &reader));
    ck_ok(vpriv_gate_export_opus(reader, to_file, file));
    vpriv_gate_close(reader);
    fclose(file);
}
