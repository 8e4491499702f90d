/* Record from pushes of 20 ms, and print what it cost: CPU nanoseconds of the whole process from the first
 * push to the durable end. bench/push.py does the same from Python.
 *
 *     push FOLDER RAW at-once   RAW: 48 kHz, mono, 16-bit, less than 10 s; pushed as fast as it goes
 *     push FOLDER RAW paced     one push every 20 ms, while a recorder's thread takes them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <voicepriv/voicepriv.h>

#define RATE_HZ  48000
#define PIECE    960
#define PIECE_NS 20000000

static void need(vpriv_status st, const char *what)
{
    if (st == VPRIV_OK)
        return;
    fprintf(stderr, "push: %s: %s: %s\n", what, vpriv_status_text(st), vpriv_error_detail());
    exit(1);
}

static long long now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wait_until(long long until_ns)
{
    const struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int16_t *load(const char *path, size_t *n_frames_out)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        need(VPRIV_E_IO, path);
    const long n_bytes = ftell(file);
    int16_t *frames = malloc((size_t)n_bytes);
    rewind(file);
    if (!frames || fread(frames, 1, (size_t)n_bytes, file) != (size_t)n_bytes)
        need(VPRIV_E_IO, path);
    fclose(file);
    *n_frames_out = (size_t)n_bytes / sizeof *frames;
    return frames;
}

static vpriv_vault *make_vault(const char *folder, vpriv_root_store **root_out, uint8_t *ada)
{
    char path[2][4096];
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    const vpriv_notice notice = {sizeof notice, "history", "1", "en", "We keep it.", 11};
    const vpriv_consent_evidence tap = {.struct_size = sizeof tap, .notice_id = "history"};
    snprintf(path[0], sizeof path[0], "%s/push-c.root", folder);
    snprintf(path[1], sizeof path[1], "%s/push-c.vault", folder);
    need(vpriv_root_file_open(path[0], root_out), "root");
    need(vpriv_vault_create(path[1], *root_out, NULL, &keyring, &vault), "vault");
    vpriv_keyring_close(keyring);
    need(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, ada), "subject");
    need(vpriv_notice_add(vault, &notice, NULL), "notice");
    need(vpriv_consent_give(vault, ada, VPRIV_PURPOSE_KEEP_HISTORY, &tap, NULL), "consent");
    return vault;
}

static void push_all(vpriv_source *source, const int16_t *frames, size_t n_frames, bool is_paced)
{
    long long next_ns = now_ns(CLOCK_MONOTONIC);
    for (size_t at = 0; at + PIECE <= n_frames; at += PIECE) {
        size_t n_taken = 0;
        need(vpriv_capture_push_write(source, frames + at, PIECE, &n_taken), "push");
        if (n_taken != PIECE)
            need(VPRIV_E_LIMIT, "frames were lost");
        if (is_paced)
            wait_until(next_ns += PIECE_NS);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const bool is_paced = strcmp(argv[3], "paced") == 0;
    size_t n_frames = 0;
    int16_t *frames = load(argv[2], &n_frames);
    vpriv_root_store *root = NULL;
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
    vpriv_vault *vault = make_vault(argv[1], &root, ada);
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE_HZ, 1};
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_CONTINUOUS};
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = ada,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .voice_gate = VPRIV_VOICE_GATE_OFF};
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    need(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source), "source");
    need(vpriv_recorder_open(vault, source, &config, &recorder), "recorder");
    const long long begin_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (is_paced) {
        need(vpriv_recorder_start(recorder), "start");
        need(vpriv_recorder_trigger(recorder, &trigger), "trigger");
        need(vpriv_recorder_confirm(recorder), "confirm");
        push_all(source, frames, n_frames, true);
        need(vpriv_recorder_stop(recorder, &outcome), "stop");
    } else {
        push_all(source, frames, n_frames, false);
        need(vpriv_capture_push_end(source), "end");
        need(vpriv_recorder_run(recorder, &trigger, &outcome), "run");
    }
    printf("%lld\n", now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns);
    if (!outcome.is_stored || outcome.n_lost_frames_48k > 0)
        need(VPRIV_E_STATE, "the recording is not whole");
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    free(frames);
    return 0;
}
