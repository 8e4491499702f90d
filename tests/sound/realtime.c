/* Captures with real sound libraries while a guard watches the thread that does it (see
 * realtime_guard.h):
 *
 *     realtime INPUT [--fault NAME] [--until-lost]       INPUT: push, or as vpriv_capture_open takes it
 *
 * Reads N_FRAMES, then not at all until frames were lost, then as many again or, with --until-lost, until
 * the device is. What happens comes as lines: "half" after the loss, "next NAME" for each function that the
 * guarded thread called between its stretches, and at the end
 *
 *     done FRAMES LOST-FRAMES STATUS STRETCHES */
#include "capture/source.h"
#include "realtime_calls.h"
#include "realtime_guard.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N_FRAMES  24000
#define BUFFER_MS 100
#define STEP      480
#define WAIT_S    20

typedef struct reading {
    vpriv_source *source;
    uint64_t n_frames, n_lost;
    vpriv_status status;
} reading;

static uint8_t frames[4096 * VPRIV_CHANNELS_MAX * sizeof(float)];

static void fail(const char *what, vpriv_status st)
{
    printf("failed %s: %d %s\n", what, (int)st, vpriv_error_detail());
    exit(1);
}

static void take(reading *now)
{
    size_t n_read = 1;
    uint64_t n_lost = 0;
    bool end = false;
    while (now->status == VPRIV_OK && n_read + n_lost > 0) {
        now->status = vpi_source_read(now->source, frames, 4096, &n_read, &n_lost, &end);
        if (now->status == VPRIV_OK) {
            now->n_frames += n_read;
            now->n_lost += n_lost;
        }
    }
}

/* 10 ms of sound, on a thread of a program that has a deadline. */
static void push(vpriv_source *source)
{
    static const int16_t sound[STEP];
    size_t n_taken = 0;
    guard_on();
    const size_t n_space = vpriv_capture_push_space(source);
    const vpriv_status st = vpriv_capture_push_write(source, sound, STEP, &n_taken);
    guard_off("a push");
    if (st != VPRIV_OK || n_taken != (n_space < STEP ? n_space : STEP))
        fail("push", st);
}

static void run_push(reading *now)
{
    static const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 1};
    vpriv_status st = vpriv_capture_push_open(&format, BUFFER_MS, &now->source);
    if (st == VPRIV_OK)
        st = vpi_source_start(now->source);
    if (st != VPRIV_OK)
        fail("open", st);
    guard_this_thread((guard_leave_to){.poll = false});
    for (unsigned i = 0; i < 2 * N_FRAMES / STEP; i++) {
        push(now->source);
        if (i < 20 || i >= 40) /* 200 ms without a reader: twice what fits */
            take(now);
    }
    take(now);
    guard_on();
    st = vpriv_capture_push_end(now->source);
    guard_off("the end");
    if (st != VPRIV_OK)
        fail("end", st);
}

static void tell_next(void)
{
    static unsigned n_told;
    for (const char *name = NULL; (name = guard_next(n_told)) != NULL; n_told++)
        printf("next %s\n", name);
}

/* Until there are so many, or so many lost; false when the device is lost. */
static bool read_until(reading *now, uint64_t n_frames, uint64_t n_lost)
{
    const struct timespec nap = {0, 5000000};
    for (unsigned i = 0; i < WAIT_S * 200 && now->status == VPRIV_OK; i++) {
        take(now);
        tell_next();
        if (now->n_frames >= n_frames && now->n_lost >= n_lost)
            return true;
        nanosleep(&nap, NULL);
    }
    if (now->status == VPRIV_OK)
        fail("no frames come", VPRIV_E_IO);
    return false;
}

static void run_device(reading *now, const char *input, bool until_lost)
{
    const vpriv_capture_options options = {
        .struct_size = sizeof options, .buffer_ms = BUFFER_MS, .allow_non_card = true};
    const bool is_alsa = strncmp(input, "alsa", 4) == 0;
    vpriv_status st = vpriv_capture_open(input, &options, &now->source);
    if (st != VPRIV_OK)
        fail("open", st);
    if (is_alsa)
        calls_guard_alsa();
    else
        calls_guard_pulse();
    guard_new_threads_begin((guard_leave_to){.poll = is_alsa, .clock = true});
    st = vpi_source_start(now->source);
    guard_new_threads_end();
    if (st != VPRIV_OK)
        fail("start", st);
    if (!read_until(now, N_FRAMES, 0))
        fail("lost too early", now->status);
    for (unsigned i = 0; i < 20 && now->n_lost == 0; i++) {
        usleep(3000 * BUFFER_MS);
        take(now);
    }
    if (!read_until(now, N_FRAMES, 1))
        fail("lost too early", now->status);
    printf("half\n");
    if (read_until(now, until_lost ? UINT64_MAX : 2 * N_FRAMES, 1) == until_lost)
        fail("not what was wanted", now->status);
}

int main(int argc, char **argv)
{
    reading now = {0};
    bool until_lost = false;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2)
        return 2;
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--until-lost") == 0)
            until_lost = true;
        else if (strcmp(argv[i], "--fault") != 0 || i + 1 == argc || !guard_inject(argv[++i]))
            return 2;
    if (strcmp(argv[1], "push") == 0)
        run_push(&now);
    else
        run_device(&now, argv[1], until_lost);
    vpriv_capture_close(now.source);
    tell_next();
    printf("done %" PRIu64 " %" PRIu64 " %d %u\n", now.n_frames, now.n_lost, (int)now.status,
        guard_n_stretches());
    return 0;
}
