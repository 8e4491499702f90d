/* A recording process as a device maker would write it, with the public API and the shared library
 * only. It ends by telling how much memory it had resident:
 *
 *   recording-child libraries
 *   recording-child capture VAULT CREDENTIAL SUBJECT RAW     (48 kHz, 16 bits, stereo)
 *   recording-child owner VAULT ROOT SUBJECT RAW */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <voicepriv/voicepriv.h>

#define STEP_FRAMES 480 /* 10 ms, as sound cards give them */

static void check(vpriv_status st, const char *what)
{
    if (st == VPRIV_OK)
        return;
    fprintf(stderr, "recording-child: %s: %s\n", what, vpriv_error_detail());
    exit(1);
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

static void tell(void)
{
    static const char *const names[] = {"VmHWM:", "VmRSS:", "RssAnon:", "RssFile:", "VmLck:"};
    long kib[5] = {0};
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        for (int i = 0; i < 5; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                kib[i] = strtol(line + strlen(names[i]), NULL, 10);
    if (file)
        fclose(file);
    printf("%ld %ld %ld %ld %ld\n", kib[0], kib[1], kib[2], kib[3], kib[4]);
}

/* Faster than a microphone would: what is pushed next waits until there is room. */
static void feed(vpriv_source *source, const char *path)
{
    static int16_t frames[2 * STEP_FRAMES];
    const struct timespec nap = {0, 1000000};
    FILE *file = fopen(path, "rb");
    size_t n = 0, n_taken = 0;
    if (!file)
        exit(2);
    while ((n = fread(frames, 2 * sizeof frames[0], STEP_FRAMES, file)) > 0) {
        while (vpriv_capture_push_space(source) < n)
            nanosleep(&nap, NULL);
        check(vpriv_capture_push_write(source, frames, n, &n_taken), "push");
    }
    fclose(file);
    check(vpriv_capture_push_end(source), "end");
}

static void record(vpriv_vault *vault, const char *subject_hex, const char *path)
{
    static const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 2};
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
    const struct timespec nap = {0, 5000000};
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    read_subject(subject_hex, subject);
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS};
    check(vpriv_capture_push_open(&format, 200, &source), "source");
    check(vpriv_recorder_open(vault, source, &config, &recorder), "recorder");
    check(vpriv_recorder_start(recorder), "start");
    check(vpriv_recorder_trigger(recorder, &trigger), "trigger");
    check(vpriv_recorder_confirm(recorder), "confirm");
    feed(source, path);
    while (vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_COMMITTED)
        nanosleep(&nap, NULL);
    tell();
    check(vpriv_recorder_stop(recorder, &outcome), "stop");
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (!outcome.is_stored || outcome.n_lost_frames_48k > 0)
        exit(3);
}

int main(int argc, char **argv)
{
    vpriv_vault *vault = NULL;
    vpriv_root_store *root = NULL;
    vpriv_keyring *credential = NULL;
    if (argc == 2 && strcmp(argv[1], "libraries") == 0) {
        check(vpriv_root_file_open("/nonexistent", &root), "root"); /* starts libsodium */
        tell();
    } else if (argc == 6 && strcmp(argv[1], "capture") == 0) {
        check(vpriv_keyring_load(argv[3], &credential), "credential");
        check(vpriv_vault_open_for_capture(argv[2], credential, NULL, &vault), "vault");
        record(vault, argv[4], argv[5]);
    } else if (argc == 6 && strcmp(argv[1], "owner") == 0) {
        check(vpriv_root_file_open(argv[3], &root), "root");
        check(vpriv_vault_open(argv[2], root, NULL, &vault), "vault");
        record(vault, argv[4], argv[5]);
    } else {
        return 2;
    }
    vpriv_vault_close(vault);
    vpriv_keyring_close(credential);
    vpriv_root_close(root);
    return 0;
}
