/* Vaults, people, speech, and what this machine is. */
#include "base/clock.h"
#include "bench.h"
#include "frames/dispatch.h"
#include "frames/frontend.h"
#include <fcntl.h>
#include <opus.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE_HZ       48000
#define PIECE_FRAMES  960
#define PACKET_FRAMES 320

static const char notice_text[] = "We keep what you say to this device, on this device.";
static atomic_bool is_simulated;
static _Atomic int64_t simulated_us = 1000000;

/* The linker puts this in the place of the library's own (see sources.mk). */
int64_t __real_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return is_simulated ? simulated_us : __real_vpi_monotonic_us();
}

void bench_clock_simulate(bool simulated)
{
    is_simulated = simulated;
}

void bench_clock_advance_us(int64_t us)
{
    simulated_us += us;
}

char *bench_path(const char *folder, const char *name)
{
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = bench_alloc(n);
    snprintf(path, n, "%s/%s", folder, name);
    return path;
}

void bench_subject_add(vpriv_vault *vault, uint8_t subject_out[VPRIV_SUBJECT_ID_BYTES])
{
    BENCH_TRY(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, subject_out));
}

void bench_consent(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose, bool yes)
{
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .notice_id = "bench"};
    if (yes)
        BENCH_TRY(vpriv_consent_give(vault, subject, purpose, &evidence, NULL));
    else
        BENCH_TRY(vpriv_consent_withdraw(vault, subject, purpose, NULL, NULL));
}

void bench_vault_create(const char *folder, const char *name, bench_vault *v)
{
    char root_name[64];
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "bench",
        .version = "1",
        .language = "en",
        .text = notice_text,
        .text_bytes = sizeof notice_text - 1};
    snprintf(root_name, sizeof root_name, "%s-root", name);
    v->path = bench_path(folder, name);
    v->root_path = bench_path(folder, root_name);
    BENCH_TRY(vpriv_root_file_open(v->root_path, &v->root));
    BENCH_TRY(vpriv_vault_create(v->path, v->root, NULL, &v->keyring, &v->vault));
    BENCH_TRY(vpriv_notice_add(v->vault, &notice, NULL));
    bench_subject_add(v->vault, v->subject);
    bench_consent(v->vault, v->subject, VPRIV_PURPOSE_KEEP_HISTORY, true);
    bench_consent(v->vault, v->subject, VPRIV_PURPOSE_HUMAN_REVIEW, true);
}

void bench_vault_close(bench_vault *v)
{
    vpriv_vault_close(v->vault);
    vpriv_keyring_close(v->keyring);
    vpriv_root_close(v->root);
    free(v->path);
    free(v->root_path);
}

static void read_raw(bench_speech *speech)
{
    struct stat info;
    FILE *file = fopen(speech->raw_path, "rb");
    if (!file || fstat(fileno(file), &info) != 0)
        bench_die("%s: cannot be read", speech->raw_path);
    speech->n_frames = (size_t)info.st_size / (2 * sizeof(int16_t));
    speech->n_frames -= speech->n_frames % RATE_HZ;
    if (speech->n_frames < 10 * (size_t)RATE_HZ)
        bench_die("%s: less than 10 s of speech", speech->raw_path);
    speech->stereo = bench_alloc(speech->n_frames * 2 * sizeof(int16_t));
    if (fread(speech->stereo, 2 * sizeof(int16_t), speech->n_frames, file) != speech->n_frames)
        bench_die("%s: cannot be read", speech->raw_path);
    fclose(file);
}

/* What the encoder of both contenders gets: made once by the library's own front end. */
void bench_speech_load(const char *folder, bench_speech *speech)
{
    const vpi_frontend_config config = {.input = {VPRIV_SAMPLE_S16, RATE_HZ, 2},
        .output_rate_hz = 16000,
        .n_output_channels = 1,
        .high_pass = true};
    vpi_frontend *frontend = NULL;
    size_t at = 0, filled = 0;
    speech->wav_path = bench_path(folder, "speech.wav");
    speech->raw_path = bench_path(folder, "speech.raw");
    read_raw(speech);
    const size_t capacity = speech->n_frames / 3 + PIECE_FRAMES;
    speech->mono = bench_alloc(capacity * sizeof(float));
    BENCH_TRY(vpi_frontend_create(&config, &frontend));
    while (at < speech->n_frames) {
        size_t n_consumed = 0, n_out = 0;
        BENCH_TRY(vpi_frontend_process(frontend, speech->stereo + 2 * at, speech->n_frames - at,
            speech->mono + filled, capacity - filled, &n_consumed, &n_out));
        at += n_consumed;
        filled += n_out;
    }
    vpi_frontend_destroy(frontend);
    speech->n_mono_frames = filled / PACKET_FRAMES * PACKET_FRAMES;
}

static void read_cpu_model(char *text, size_t capacity)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, capacity, "not known");
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(text, capacity, "%s", colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

/* What one durable write costs here: every commit waits for at least one. */
static void measure_sync(const char *folder)
{
    double ns[BENCH_ROUNDS * 20];
    char page[4096] = "x";
    char *path = bench_path(folder, "sync");
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++) {
        if (fd < 0 || write(fd, page, sizeof page) != (ssize_t)sizeof page)
            bench_die("%s: cannot be written", path);
        const double start = bench_wall_ns();
        if (fdatasync(fd) != 0)
            bench_die("%s: cannot be synced", path);
        ns[i] = (bench_wall_ns() - start) * 1e-6;
    }
    close(fd);
    unlink(path);
    free(path);
    bench_row("one synced write of 4,096 bytes, for comparison", "ms", ns, sizeof ns / sizeof ns[0],
        BENCH_NO_GOAL, 0);
}

void bench_environment(const bench_setting *setting)
{
    char cpu[128];
    bench_group("This machine");
    read_cpu_model(cpu, sizeof cpu);
    bench_fact("processor", "%s, %ld in use", cpu, sysconf(_SC_NPROCESSORS_ONLN));
    bench_fact("kernels", "%s", vpi_cpu_level_name(vpi_kernels_level()));
    bench_fact("compiler", "%s %s",
#ifdef __clang__
        "clang",
#else
        "gcc",
#endif
        __VERSION__);
    bench_fact("libvoicepriv", "%s", vpriv_version());
    bench_fact("codec", "%s", opus_get_version_string());
    bench_fact("libsodium", "%s", sodium_version_string());
    bench_fact("SQLite", "%s", sqlite3_libversion());
    measure_sync(setting->folder);
}
