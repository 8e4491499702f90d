#include "tape.h"
#include "recorder/crew.h"
#include <errno.h>
#include <opus.h>
#include <pthread.h>
#include <sndfile.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define VOICE_RATE_HZ 48000

tape_hooks hooks = {.n_threads_allowed = -1};
static _Atomic uint64_t n_encoded;
static pthread_t slow_one;

void tape_hooks_reset(void)
{
    hooks = (tape_hooks){.n_threads_allowed = -1};
    n_encoded = 0;
}

/* ---- The source ---- */

static vpriv_status start(vpriv_source *source)
{
    (void)source;
    return VPRIV_OK;
}

static void stop(vpriv_source *source)
{
    (void)source;
}

static vpriv_status read_tape(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    tape *t = (tape *)(void *)source;
    const tape_gap *gap = &t->gaps[t->n_gaps_given];
    size_t until = t->n_frames;
    if (t->fails_at > 0 && t->at >= t->fails_at)
        return vpi_fail(t->failure, "the tape is torn");
    *n_lost_out = 0;
    if (gap->n_lost > 0 && gap->at_frame == t->at) {
        *n_lost_out = gap->n_lost;
        t->n_gaps_given++;
        gap++;
    }
    if (gap->n_lost > 0)
        until = gap->at_frame;
    *n_read_out = until - t->at < capacity_frames ? until - t->at : capacity_frames;
    *end_out = t->at == t->n_frames;
    memcpy(frames_out, t->frames + t->at, *n_read_out * sizeof *t->frames);
    t->at += *n_read_out;
    return VPRIV_OK;
}

static const vpi_source_table table = {"tape", start, read_tape, stop, stop};

void tape_init(tape *t, const int16_t *frames, size_t n_frames)
{
    *t = (tape){.source = {.table = &table,
                    .format = {VPRIV_SAMPLE_S16, HOUSEHOLD_RATE_HZ, 1},
                    .total_frames = n_frames},
        .frames = frames,
        .n_frames = n_frames};
}

/* ---- Speech ---- */

static size_t add_voice(const char *name, float gain, int16_t *out, size_t room)
{
    char path[PATH_BYTES];
    SF_INFO info = {0};
    snprintf(path, sizeof path, "/usr/share/sounds/alsa/%s.wav", name);
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    ck_assert_msg(file != NULL, "the recorded voices of alsa-utils are needed");
    ck_assert_int_eq(info.samplerate, VOICE_RATE_HZ);
    ck_assert_int_eq(info.channels, 1);
    float *in = calloc((size_t)info.frames + 3, sizeof *in);
    ck_assert(sf_readf_float(file, in, info.frames) == info.frames);
    sf_close(file);
    size_t n = (size_t)info.frames / 3;
    n = n < room ? n : room;
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)(gain * 10000.0f * (in[3 * i] + in[3 * i + 1] + in[3 * i + 2]));
    free(in);
    return n;
}

int16_t *tape_speech(size_t n_frames)
{
    static const char *const names[] = {"Front_Center", "Front_Left", "Front_Right", "Rear_Center",
        "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"};
    int16_t *speech = calloc(n_frames, sizeof *speech);
    uint32_t seed = 7;
    for (size_t at = 0; at < n_frames;) {
        seed = seed * 1664525u + 1013904223u;
        at += add_voice(
            names[seed >> 29], 0.3f + (float)(seed >> 16 & 63) / 100, speech + at, n_frames - at);
        const size_t pause = (seed >> 24 & 7) * 800;
        const size_t rest = pause < n_frames - at ? pause : n_frames - at;
        for (size_t i = 0; i < rest; i++) {
            seed = seed * 1664525u + 1013904223u;
            speech[at + i] = pause % 1600 == 0 ? 0 : (int16_t)((int32_t)seed >> 28);
        }
        at += rest;
    }
    return speech;
}

int16_t *tape_crowd(size_t n_frames)
{
    static const size_t shifts[] = {0, 7919, 17389, 27449, 39119, 52361};
    int16_t *crowd = calloc(n_frames, sizeof *crowd), *voice = tape_speech(n_frames);
    for (size_t i = 0; i < n_frames; i++)
        for (size_t k = 0; k < sizeof shifts / sizeof shifts[0]; k++)
            crowd[i] = (int16_t)(crowd[i] + voice[(i + shifts[k]) % n_frames] / 4);
    free(voice);
    return crowd;
}

/* ---- In the place of others ---- */

bool __real_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll);
bool __wrap_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll);
void __real_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);
void __wrap_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);
int __real_opus_encode_float(
    OpusEncoder *state, const float *pcm, int n_frames, unsigned char *packet, opus_int32 room);
int __wrap_opus_encode_float(
    OpusEncoder *state, const float *pcm, int n_frames, unsigned char *packet, opus_int32 room);
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);
int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);
int __real_sodium_mlock(void *memory, size_t n_bytes);
int __wrap_sodium_mlock(void *memory, size_t n_bytes);

bool __wrap_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll)
{
    const bool begun = __real_vpi_crew_begin_segment(crew, pre_roll, n_pre_roll);
    if (begun && hooks.n_given > 0 && hooks.n_cuts < 256)
        hooks.cuts[hooks.n_cuts++] = (uint32_t)hooks.n_given;
    return begun;
}

void __wrap_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells)
{
    hooks.n_given += n_cells;
    __real_vpi_crew_give(crew, cells, n_cells);
}

int __wrap_opus_encode_float(
    OpusEncoder *state, const float *pcm, int n_frames, unsigned char *packet, opus_int32 room)
{
    const uint64_t n = ++n_encoded;
    if (n == 1)
        slow_one = pthread_self();
    const bool late = hooks.jitters && n * 2654435761u % 1024 < 24;
    const bool slow = hooks.first_is_slow && pthread_equal(slow_one, pthread_self());
    const struct timespec nap = {0, late ? 3000000 : 1000000};
    if (n == hooks.fail_encode)
        return OPUS_INTERNAL_ERROR;
    if (late || slow)
        nanosleep(&nap, NULL);
    return __real_opus_encode_float(state, pcm, n_frames, packet, room);
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user)
{
    if (hooks.n_threads_allowed >= 0 && hooks.n_threads_started >= hooks.n_threads_allowed)
        return EAGAIN;
    hooks.n_threads_started++;
    hooks.n_threads_alive++;
    return __real_pthread_create(thread, attributes, run, user);
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    hooks.n_threads_alive--;
    return __real_pthread_join(thread, result);
}

int __wrap_sodium_mlock(void *memory, size_t n_bytes)
{
    if (hooks.most_locked_bytes > 0 && n_bytes > hooks.most_locked_bytes)
        return -1;
    return __real_sodium_mlock(memory, n_bytes);
}
