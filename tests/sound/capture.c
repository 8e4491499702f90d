/* Reads a source by its table, as a recorder does, and tells what comes: for the tests that have real
 * sound servers around it.
 *
 *     capture INPUT OUTPUT [--non-card] [--monitor] [--buffer-ms N] [--rate N] [--channels N]
 *                          [--format N]
 *
 * A socket of any kind but unix kills it: sound is not taken from the network.
 *
 * Frames go to OUTPUT as they are. Words on standard input steer: start, stop, stall MS (nobody reads),
 * mark, quit. What happens comes as lines on standard output; numbers count frames and lost frames since
 * start:
 *
 *     open NAME FORMAT RATE CHANNELS     failed STATUS TEXT      started
 *     gap AT LENGTH                      mark AT                 lost AT TEXT
 *     stopped AT HIGH-WATER */
#include "capture/source.h"
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define READ_FRAMES 4096

typedef struct reading {
    vpriv_source *source;
    FILE *output;
    uint64_t at;
    bool is_running;
    bool is_lost;
} reading;

static uint8_t frames[READ_FRAMES * VPRIV_CHANNELS_MAX * sizeof(float)];

static void failed(vpriv_status status)
{
    printf("failed %d %s\n", (int)status, vpriv_error_detail());
}

static void start(reading *now)
{
    const vpriv_status st = vpi_source_start(now->source);
    if (st != VPRIV_OK) {
        failed(st);
        return;
    }
    now->at = 0;
    now->is_running = true;
    now->is_lost = false;
    printf("started\n");
}

/* Everything that is there. */
static void take(reading *now)
{
    while (now->is_running && !now->is_lost) {
        size_t n_read = 0;
        uint64_t n_lost = 0;
        bool end = false;
        const vpriv_status st =
            vpi_source_read(now->source, frames, READ_FRAMES, &n_read, &n_lost, &end);
        if (st != VPRIV_OK) {
            now->is_lost = true;
            printf("lost %" PRIu64 " %d %s\n", now->at, (int)st, vpriv_error_detail());
            return;
        }
        if (n_lost > 0)
            printf("gap %" PRIu64 " %" PRIu64 "\n", now->at, n_lost);
        now->at += n_lost + n_read;
        fwrite(frames, vpi_frame_bytes(&now->source->format), n_read, now->output);
        if (n_read == 0 && n_lost == 0)
            return;
    }
}

/* Nothing may follow a loss, however often one asks. */
static void insist(reading *now)
{
    size_t n_read = 0;
    uint64_t n_lost = 0;
    bool end = false;
    if (now->is_running && now->is_lost &&
        vpi_source_read(now->source, frames, READ_FRAMES, &n_read, &n_lost, &end) !=
            VPRIV_E_DEVICE_LOST) {
        printf("frames after the loss\n");
        exit(1);
    }
}

static void stop(reading *now)
{
    take(now);
    const size_t high_water =
        now->source->queue ? vpi_queue_high_water_frames(now->source->queue) : 0;
    vpi_source_stop(now->source);
    now->is_running = false;
    fflush(now->output);
    printf("stopped %" PRIu64 " %zu\n", now->at, high_water);
}

/* False when it is time to go. */
static bool obey(reading *now, char *words)
{
    for (char *word = strtok(words, "\n"); word; word = strtok(NULL, "\n")) {
        if (strcmp(word, "start") == 0)
            start(now);
        else if (strcmp(word, "stop") == 0)
            stop(now);
        else if (strcmp(word, "mark") == 0)
            printf("mark %" PRIu64 "\n", now->at);
        else if (strncmp(word, "stall ", 6) == 0)
            usleep((useconds_t)atoi(word + 6) * 1000);
        else
            return false;
    }
    return true;
}

static vpriv_capture_options read_options(int argc, char **argv)
{
    vpriv_capture_options options = {.struct_size = sizeof options};
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--non-card") == 0)
            options.allow_non_card = true;
        else if (strcmp(argv[i], "--monitor") == 0)
            options.allow_monitor = true;
        else if (strcmp(argv[i], "--buffer-ms") == 0)
            options.buffer_ms = (uint32_t)atoi(argv[++i]);
        else if (strcmp(argv[i], "--rate") == 0)
            options.wanted.rate_hz = (uint32_t)atoi(argv[++i]);
        else if (strcmp(argv[i], "--channels") == 0)
            options.wanted.n_channels = (uint32_t)atoi(argv[++i]);
        else if (strcmp(argv[i], "--format") == 0)
            options.wanted.sample_format = (vpriv_sample_format)atoi(argv[++i]);
        else
            exit(2);
    }
    return options;
}

static bool forbid_network(void)
{
    static struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv)
{
    reading now = {0};
    char words[256];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (argc < 3 || !forbid_network())
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    const vpriv_capture_options options = read_options(argc, argv);
    const vpriv_status st = vpriv_capture_open(argv[1], &options, &now.source);
    now.output = fopen(argv[2], "wb");
    if (st != VPRIV_OK || !now.output) {
        failed(st);
        return 1;
    }
    printf("open %s %d %u %u\n", vpriv_capture_name(now.source),
        (int)now.source->format.sample_format, now.source->format.rate_hz,
        now.source->format.n_channels);
    for (bool go_on = true; go_on;) {
        if (poll(&input, 1, 2) > 0) {
            const ssize_t n = read(STDIN_FILENO, words, sizeof words - 1);
            words[n > 0 ? n : 0] = '\0';
            go_on = n > 0 && obey(&now, words);
        }
        take(&now);
        insist(&now);
    }
    vpriv_capture_close(now.source);
    fclose(now.output);
    return 0;
}
