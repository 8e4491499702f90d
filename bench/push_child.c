/* A recording process in C, for bench/bindings.c to hold those in other languages against: it pushes sound in
 * pieces of 20 ms, as an audio callback does, but as fast as there is room. What is measured lies between "ready"
 * and "done".
 *
 *   push-child VAULT ROOT SUBJECT RAW TIMES     (48 kHz, 16 bits, stereo) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <voicepriv/voicepriv.h>

#define PIECE_FRAMES    960
#define BYTES_PER_FRAME 4
#define PIECES_AT_ONCE  50 /* an audio callback does not ask for room each time */
#define BUFFER_MS       2000

static void check(vpriv_status st, const char *what)
{
    if (st == VPRIV_OK)
        return;
    fprintf(stderr, "push-child: %s: %s\n", what, vpriv_error_detail());
    exit(1);
}

static void nap(void)
{
    const struct timespec time = {0, 10000000};
    nanosleep(&time, NULL);
}

static void read_subject(const char *hex, uint8_t subject_out[VPRIV_SUBJECT_ID_BYTES])
{
    for (size_t i = 0; i < VPRIV_SUBJECT_ID_BYTES; i++) {
        unsigned byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            exit(2);
        subject_out[i] = (uint8_t)byte;
    }
}

static char *read_file(const char *path, size_t *n_bytes_out)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        exit(2);
    const long n_bytes = ftell(file);
    char *bytes = n_bytes > 0 ? malloc((size_t)n_bytes) : NULL;
    rewind(file);
    if (!bytes || fread(bytes, 1, (size_t)n_bytes, file) != (size_t)n_bytes)
        exit(2);
    fclose(file);
    *n_bytes_out = (size_t)n_bytes;
    return bytes;
}

static uint64_t feed(vpriv_source *source, const char *bytes, size_t n_bytes, int n_times)
{
    const size_t n_pieces = n_bytes / (PIECE_FRAMES * BYTES_PER_FRAME);
    size_t n_taken = 0;
    for (int i = 0; i < n_times; i++)
        for (size_t piece = 0; piece < n_pieces; piece++) {
            while (piece % PIECES_AT_ONCE == 0 &&
                   vpriv_capture_push_space(source) < PIECES_AT_ONCE * PIECE_FRAMES)
                nap();
            check(vpriv_capture_push_write(source, bytes + piece * PIECE_FRAMES * BYTES_PER_FRAME,
                      PIECE_FRAMES, &n_taken),
                "push");
        }
    check(vpriv_capture_push_end(source), "end");
    return (uint64_t)n_times * n_pieces * PIECE_FRAMES;
}

static int record(vpriv_vault *vault, char **argv)
{
    static const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 2};
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    size_t n_bytes = 0;
    char *bytes = read_file(argv[4], &n_bytes);
    read_subject(argv[3], subject);
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS};
    check(vpriv_capture_push_open(&format, BUFFER_MS, &source), "source");
    puts("ready");
    fflush(stdout);
    check(vpriv_recorder_open(vault, source, &config, &recorder), "recorder");
    check(vpriv_recorder_start(recorder), "start");
    check(vpriv_recorder_trigger(recorder, &trigger), "trigger");
    check(vpriv_recorder_confirm(recorder), "confirm");
    const uint64_t n_frames = feed(source, bytes, n_bytes, atoi(argv[5]));
    while (vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_COMMITTED)
        nap();
    check(vpriv_recorder_stop(recorder, &outcome), "stop");
    vpriv_recorder_close(recorder);
    puts("done");
    fflush(stdout);
    vpriv_capture_close(source);
    free(bytes);
    const bool is_whole =
        outcome.is_stored && outcome.n_lost_frames_48k == 0 && outcome.n_frames_48k == n_frames;
    return is_whole ? 0 : 3;
}

int main(int argc, char **argv)
{
    vpriv_vault *vault = NULL;
    vpriv_root_store *root = NULL;
    if (argc != 6)
        return 2;
    check(vpriv_root_file_open(argv[2], &root), "root");
    check(vpriv_vault_open(argv[1], root, NULL, &vault), "vault");
    const int code = record(vault, argv);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    return code;
}
