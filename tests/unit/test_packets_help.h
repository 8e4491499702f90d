/* What the tests of packets/ share: real voices, a folder of their own, other people's tools, and
 * files that live in memory. */
#ifndef TESTS_PACKETS_HELP_H
#define TESTS_PACKETS_HELP_H

#include "packets/ogg_reader.h"
#include "packets/ogg_writer.h"
#include "packets/packet.h"
#include "unit.h"
#include <stdio.h>
#include <unistd.h>

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"

typedef struct blob {
    uint8_t *bytes;
    size_t n_bytes, capacity, at, fail_after;
} blob;

static inline void blob_free(blob *b)
{
    free(b->bytes);
    memset(b, 0, sizeof *b);
}

static inline vpriv_status blob_sink(void *user, const void *bytes, size_t n_bytes)
{
    blob *b = user;
    if (b->fail_after && b->n_bytes + n_bytes > b->fail_after)
        return VPRIV_E_FULL;
    if (b->n_bytes + n_bytes > b->capacity) {
        b->capacity = 2 * (b->n_bytes + n_bytes);
        b->bytes = realloc(b->bytes, b->capacity);
        ck_assert_ptr_nonnull(b->bytes);
    }
    if (n_bytes)
        memcpy(b->bytes + b->n_bytes, bytes, n_bytes);
    b->n_bytes += n_bytes;
    return VPRIV_OK;
}

static inline vpriv_status blob_source(
    void *user, void *bytes_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    blob *b = user;
    const size_t n_left = b->n_bytes - b->at;
    *n_bytes_out = n_left < capacity_bytes ? n_left : capacity_bytes;
    if (*n_bytes_out)
        memcpy(bytes_out, b->bytes + b->at, *n_bytes_out);
    b->at += *n_bytes_out;
    return VPRIV_OK;
}

static inline void blob_save(const blob *b, const char *name)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(b->bytes, 1, b->n_bytes, file), b->n_bytes);
    ck_assert_int_eq(fclose(file), 0);
}

static inline blob blob_load(const char *name)
{
    blob b = {0};
    uint8_t chunk[4096];
    size_t n;
    FILE *file = fopen(name, "rb");
    ck_assert_msg(file != NULL, "%s is missing", name);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        ck_ok(blob_sink(&b, chunk, n));
    fclose(file);
    return b;
}

static char folder[] = "/tmp/vp-packets-XXXXXX";

static inline void enter_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static inline void leave_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A tool that is missing fails the test: nothing is skipped. */
#define run(...)                                                                                   \
    do {                                                                                           \
        char run_command[512];                                                                     \
        snprintf(run_command, sizeof run_command, __VA_ARGS__);                                    \
        ck_assert_msg(system(run_command) == 0, "failed: %s", run_command);                        \
    } while (0)

/* The voice as floats at a rate. */
static inline float *voice_at(uint32_t rate_hz, uint32_t n_channels, size_t *n_frames_out)
{
    run("ffmpeg -nostdin -v error -y -i %s -ac %u -ar %u -f f32le voice.f32", VOICE, n_channels,
        rate_hz);
    blob b = blob_load("voice.f32");
    *n_frames_out = b.n_bytes / 4 / n_channels;
    ck_assert_uint_gt(*n_frames_out, rate_hz);
    return (float *)(void *)b.bytes;
}

#endif
