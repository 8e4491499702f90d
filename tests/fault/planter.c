/* A program that records planted sound as any program would, with the public API and the shared library
 * only, and keeps none of it itself:
 *
 *   planter FOLDER quiet|leaky closed|open
 *
 * One recorder by itself, one in a hub, two files, all of them heard by the program too; and something made
 * from one of them, kept and read. "closed":
 * everything was ended and closed when it says so. "open": one recording is committed and one
 * provisional, and a source holds sound that nobody read. "leaky": what must not be anywhere lies in
 * ordinary memory: a piece of sound, and the root key. A marker lies there always, so that whoever
 * searches sees whether there was something to be found. Then it waits; for a line it ends by abort(),
 * otherwise without another word. */
#include "fault/plants.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <voicepriv/voicepriv.h>

#define RATE        48000
#define STEP_FRAMES 480
#define BUFFER_MS   1000

static vpriv_root_store *root;
static vpriv_keyring *keyring;
static vpriv_vault *vault;
static uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
static const vpriv_trigger button = {.struct_size = sizeof button, .kind = VPRIV_TRIGGER_BUTTON};

static void check(vpriv_status st, const char *what)
{
    if (st == VPRIV_OK)
        return;
    fprintf(stderr, "planter: %s: %s: %s\n", what, vpriv_status_text(st), vpriv_error_detail());
    exit(2);
}

static void make_vault(void)
{
    const vpriv_notice notice = {sizeof notice, "history", "1", "en", "We keep it for you.", 19};
    const vpriv_consent_evidence tap = {.struct_size = sizeof tap, .notice_id = "history"};
    check(vpriv_root_file_open("home.root", &root), "root");
    check(vpriv_vault_create("home.vault", root, NULL, &keyring, &vault), "vault");
    check(vpriv_keyring_save(keyring, "home.keyring"), "keyring");
    check(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, ada), "person");
    check(vpriv_notice_add(vault, &notice, NULL), "notice");
    check(vpriv_consent_give(vault, ada, VPRIV_PURPOSE_KEEP_HISTORY, &tap, NULL), "consent");
}

static volatile float loudest;

static void listen_too(void *user, const vpriv_frames *frames)
{
    (void)user;
    for (size_t i = 0; i < frames->n_frames * frames->n_channels; i++)
        if (frames->samples[i] > loudest)
            loudest = frames->samples[i];
}

static vpriv_recorder *open_recorder(vpriv_source *source, uint32_t rate_hz)
{
    vpriv_recorder *recorder = NULL;
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = ada,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .confirm_ms = 60000,
        .no_high_pass = true,
        .n_threads = 2,
        .frames = listen_too,
        .frames_while_listening = true,
        .encoding = {.struct_size = sizeof config.encoding,
            .rate_hz = rate_hz,
            .complexity_plus_one = 11,
            .bitrate_bps = 64000,
            .application = VPRIV_APPLICATION_AUDIO}};
    check(vpriv_recorder_open(vault, source, &config, &recorder), "recorder");
    return recorder;
}

static vpriv_source *open_source(void)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    vpriv_source *source = NULL;
    check(vpriv_capture_push_open(&format, BUFFER_MS, &source), "source");
    return source;
}

static void nap(void)
{
    const struct timespec time = {0, 20000000};
    nanosleep(&time, NULL);
}

/* Not all of it: the last packet stays half full. */
static void feed(vpriv_source *source, uint32_t piece)
{
    int16_t frames[STEP_FRAMES];
    for (size_t at = 0; at + STEP_FRAMES < PLANT_FRAMES; at += STEP_FRAMES) {
        size_t n_taken = 0;
        for (size_t i = 0; i < STEP_FRAMES; i++)
            frames[i] = plant_sample(piece, at + i);
        check(vpriv_capture_push_write(source, frames, STEP_FRAMES, &n_taken), "push");
        if (n_taken != STEP_FRAMES)
            check(VPRIV_E_FULL, "the source");
    }
    explicit_bzero(frames, sizeof frames);
}

static void feed_and_wait(vpriv_source *source, uint32_t piece)
{
    feed(source, piece);
    while (vpriv_capture_push_space(source) < (size_t)RATE * BUFFER_MS / 1000)
        nap();
    nap();
}

static void run_file(const char *path, uint32_t rate_hz)
{
    vpriv_source *source = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    check(vpriv_capture_file_open(path, &source), path);
    vpriv_recorder *recorder = open_recorder(source, rate_hz);
    check(vpriv_recorder_run(recorder, &button, &outcome), "run");
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (!outcome.is_stored)
        check(VPRIV_E_STATE, "a file was not stored");
}

static bool take_first(void *user, const vpriv_recording_info *info)
{
    *(vpriv_recording_id *)user = info->id;
    return false;
}

static vpriv_status look_away(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_OK;
}

/* Something made from the first recording, kept and read; only the library is to have it. */
static void derive(void)
{
    static uint8_t content[6000];
    vpriv_recording_id recording;
    vpriv_derivative_id made;
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = VPRIV_DERIVATIVE_FEATURE,
        .made_by = "planter",
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "planter"};
    if (getentropy(content, 256) != 0)
        exit(2);
    for (size_t i = 256; i < sizeof content; i++)
        content[i] = (uint8_t)(content[i - 256] * 5 + i);
    check(vpriv_recording_list(vault, NULL, take_first, &recording), "list");
    check(
        vpriv_derivative_add(vault, &recording, &about, content, sizeof content, &made), "derive");
    explicit_bzero(content, sizeof content);
    check(vpriv_gate_read_derivative(vault, keyring, &made, &request, look_away, NULL), "read");
}

static void *volatile kept; /* so that no compiler thinks it is for nothing */

static void put_in_ordinary_memory(uint32_t piece)
{
    int16_t *sound = malloc(64 * sizeof *sound);
    if (!sound)
        exit(2);
    for (size_t i = 0; i < 64; i++)
        sound[i] = plant_sample(piece, 1000 + i);
    kept = sound;
}

static void leak_key(void)
{
    uint8_t *key = malloc(32);
    FILE *file = fopen("home.root", "rb");
    if (!key || !file)
        exit(2);
    kept = key;
    setvbuf(file, NULL, _IONBF, 0);
    do {
        if (fseek(file, (ftell(file) + 4095) / 4096 * 4096 + 32, SEEK_SET) != 0 ||
            fread(key, 1, 32, file) != 32)
            exit(2);
    } while (key[0] == 0 && key[1] == 0 && key[2] == 0);
    fclose(file);
}

/* Fails where a core is not wanted at all; the caller sees that none came. */
static void allow_core(void)
{
    struct rlimit limit;
    FILE *file = fopen("/proc/self/coredump_filter", "w");
    if (file) {
        fputs("0x7f\n", file);
        fclose(file);
    }
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
}

int main(int argc, char **argv)
{
    char line[8];
    vpriv_hub *hub = NULL;
    if (argc != 4 || chdir(argv[1]) != 0)
        return 2;
    const int is_open = strcmp(argv[3], "open") == 0;
    allow_core();
    make_vault();
    put_in_ordinary_memory(PLANT_MARKER);
    if (strcmp(argv[2], "leaky") == 0) {
        put_in_ordinary_memory(PLANT_LEAKED);
        leak_key();
    }
    run_file("long.wav", 16000);
    vpriv_source *sources[3] = {open_source(), open_source(), open_source()};
    vpriv_recorder *alone = open_recorder(sources[0], RATE);
    vpriv_recorder *shared = open_recorder(sources[1], RATE);
    check(vpriv_hub_open(vault, NULL, &hub), "hub");
    check(vpriv_recorder_start(alone), "start");
    check(vpriv_hub_start(hub, shared), "start in the hub");
    feed_and_wait(sources[0], 0);
    check(vpriv_recorder_trigger(alone, &button), "trigger");
    feed_and_wait(sources[0], 1);
    check(vpriv_recorder_confirm(alone), "confirm");
    feed_and_wait(sources[0], 2);
    feed_and_wait(sources[1], 3);
    check(vpriv_recorder_trigger(shared, &button), "trigger in the hub");
    feed_and_wait(sources[1], 4);
    if (!is_open) {
        check(vpriv_recorder_confirm(shared), "confirm in the hub");
        feed(sources[0], 5);
        check(vpriv_recorder_finish(alone, NULL), "finish");
        check(vpriv_recorder_trigger(alone, &button), "another trigger");
        feed_and_wait(sources[0], 11);
        check(vpriv_recorder_reject(alone), "reject");
        check(vpriv_recorder_mute(alone), "mute");
        check(vpriv_recorder_stop(alone, NULL), "stop");
    }
    run_file("short.wav", RATE);
    derive();
    feed(sources[2], 6); /* nobody reads it */
    if (!is_open) {
        vpriv_hub_close(hub);
        vpriv_recorder_close(alone);
        vpriv_recorder_close(shared);
        for (int i = 0; i < 3; i++)
            vpriv_capture_close(sources[i]);
        vpriv_vault_close(vault);
        vpriv_keyring_close(keyring);
        vpriv_root_close(root);
    }
    puts(argv[3]);
    fflush(stdout);
    if (read(STDIN_FILENO, line, sizeof line) > 0)
        abort();
    _exit(0);
}
