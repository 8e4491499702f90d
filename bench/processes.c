/* Ten minutes of sound from a WAV file to encrypted Opus: whole programs, beside `voicepriv import`. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define HAVE_CPUID 1
#endif

#define ROUNDS          3 /* each takes half a minute */
#define SECONDS         600.0
#define OUT_BYTES_MIN   200000 /* 24 kb/s for ten minutes are 1.8 MB */
#define COMMAND_BYTES   2048
#define CPUID_PER_SLICE 500

enum { OPUSENC, FFMPEG, IMPORT_48K, IMPORT_16K, N_PROGRAMS };

typedef struct program {
    const char *name;
    const char *needs; /* programs on the path */
    char command[COMMAND_BYTES];
    bool is_there;
    double cpu_ns[ROUNDS], wall_ns[ROUNDS];
} program;

/* Runs a line of shell and everything it starts; dies when any of it fails. */
static void run_command(const char *command, double *cpu_ns_out, double *wall_ns_out)
{
    struct rusage used;
    int status = 0;
    const double start = bench_wall_ns();
    const pid_t child = fork();
    if (child == 0) {
        execlp("bash", "bash", "-o", "pipefail", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        bench_die("failed: %s", command);
    *wall_ns_out = bench_wall_ns() - start;
    *cpu_ns_out = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9 +
                  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3;
}

static bool is_installed(const char *names)
{
    char command[256];
    snprintf(command, sizeof command, "command -v %s >/dev/null", names);
    return system(command) == 0; /* a fixed list of names */
}

static void check_output(const char *folder)
{
    struct stat info;
    char *path = bench_path(folder, "out.age");
    if (stat(path, &info) != 0 || info.st_size < OUT_BYTES_MIN)
        bench_die("%s: not as much as ten minutes of sound", path);
    unlink(path);
    free(path);
}

static void plan(const bench_setting *setting, const bench_vault *vault, program *programs)
{
    const char *folder = setting->folder;
    char subject[2 * VPRIV_SUBJECT_ID_BYTES + 1];
    for (size_t i = 0; i < VPRIV_SUBJECT_ID_BYTES; i++)
        snprintf(subject + 2 * i, 3, "%02x", vault->subject[i]);
    programs[OPUSENC] = (program){.name = "opusenc | age", .needs = "opusenc age"};
    programs[FFMPEG] = (program){.name = "ffmpeg libopus | age", .needs = "ffmpeg age"};
    programs[IMPORT_48K] = (program){.name = "voicepriv import --rate 48000", .needs = "bash"};
    programs[IMPORT_16K] = (program){.name = "voicepriv import, as it comes", .needs = "bash"};
    snprintf(programs[OPUSENC].command, COMMAND_BYTES,
        "opusenc --quiet --comp 10 --bitrate 24 '%s/ten-minutes.wav' - 2>/dev/null |"
        " age -R '%s/age-recipient' > '%s/out.age'",
        folder, folder, folder);
    snprintf(programs[FFMPEG].command, COMMAND_BYTES,
        "ffmpeg -nostdin -hide_banner -loglevel error -i '%s/ten-minutes.wav' -c:a libopus"
        " -compression_level 10 -b:a 24k -f ogg - | age -R '%s/age-recipient' > '%s/out.age'",
        folder, folder, folder);
    for (int i = IMPORT_48K; i <= IMPORT_16K; i++)
        snprintf(programs[i].command, COMMAND_BYTES,
            "'%s/tools/voicepriv' import '%s' '%s/ten-minutes.wav' --root '%s' --subject %s"
            " --retention 90d --complexity 10 --bitrate 24000 --rate %d > '%s/out.age'",
            setting->programs, vault->path, folder, vault->root_path, subject,
            i == IMPORT_48K ? 48000 : 16000, folder);
}

static void race(const char *folder, program *programs)
{
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < N_PROGRAMS; i++) {
            program *p = &programs[round % 2 ? N_PROGRAMS - 1 - i : i];
            if (!p->is_there)
                continue;
            run_command(p->command, &p->cpu_ns[round], &p->wall_ns[round]);
            if (p < &programs[IMPORT_48K])
                check_output(folder);
        }
}

/* ---- What detecting the processor takes ---- */

/* Instructions of that kind that a program executes in libopus for a second of sound, as bench/run
 * counted them with a debugger; negative when it could not. */
static double cpuids_per_second(const char *folder, const char *name)
{
    double count = -1;
    char *path = bench_path(folder, name);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%lf", &count) != 1)
        count = -1;
    if (file)
        fclose(file);
    free(path);
    return count;
}

#ifdef HAVE_CPUID
static void run_cpuid(void *unused)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    (void)unused;
    for (unsigned i = 0; i < CPUID_PER_SLICE; i++)
        __cpuid(i & 1, a, b, c, d); /* the two leaves that libopus asks for */
}
#endif

/* Median of what one such instruction takes; 0 where there is none. */
static double cpuid_ns(void)
{
#ifdef HAVE_CPUID
    bench_contender c = {run_cpuid, NULL, {0}, {0}};
    bench_race(&c, 1, 1);
    bench_row_scaled("one cpuid instruction here", "ns", c.cpu_ns, 1.0 / CPUID_PER_SLICE);
    return bench_median(c.cpu_ns, BENCH_ROUNDS) / CPUID_PER_SLICE;
#else
    return 0;
#endif
}

/* The share of detection, and what the comparison would be without it. */
static void report_detection(
    const program *other, const program *ours, double per_second, double one_ns)
{
    char what[96];
    double share[ROUNDS], ratio[ROUNDS];
    snprintf(what, sizeof what, "of %s: detecting the processor", other->name);
    if (per_second < 0 || one_ns <= 0) {
        bench_fact(what, "not counted (gdb is needed, on x86)");
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        const double detection_ns = per_second * SECONDS * one_ns;
        share[i] = detection_ns / other->cpu_ns[i] * 100;
        ratio[i] = ours->cpu_ns[i] / (other->cpu_ns[i] - detection_ns);
    }
    bench_row(what, "%", share, ROUNDS, BENCH_NO_GOAL, 0);
    snprintf(what, sizeof what, "import --rate 48000 ÷ %s without that, CPU", other->name);
    bench_row(what, "×", ratio, ROUNDS, BENCH_NO_GOAL, 0);
}

static void report(const bench_setting *setting, const program *programs)
{
    static const char *const counts[] = {"cpuid-opusenc", "cpuid-ffmpeg"};
    const program *ours = &programs[IMPORT_48K];
    char what[96];
    double scaled[ROUNDS];
    for (int i = 0; i < N_PROGRAMS; i++) {
        const program *p = &programs[i];
        if (!p->is_there) {
            bench_fact(p->name, "not installed (%s)", p->needs);
            continue;
        }
        for (int k = 0; k < 2; k++) {
            snprintf(what, sizeof what, "%s, %s", p->name, k ? "wall" : "CPU");
            for (int round = 0; round < ROUNDS; round++)
                scaled[round] = (k ? p->wall_ns : p->cpu_ns)[round] * 1e-9;
            bench_row(what, "s", scaled, ROUNDS, BENCH_NO_GOAL, 0);
        }
    }
    const double one_ns = cpuid_ns();
    for (int i = OPUSENC; i <= FFMPEG; i++) {
        if (!programs[i].is_there)
            continue;
        for (int k = 0; k < 2; k++) {
            snprintf(what, sizeof what, "import --rate 48000 ÷ %s, %s", programs[i].name,
                k ? "wall" : "CPU");
            for (int round = 0; round < ROUNDS; round++)
                scaled[round] = k ? ours->wall_ns[round] / programs[i].wall_ns[round]
                                  : ours->cpu_ns[round] / programs[i].cpu_ns[round];
            bench_row(what, "×", scaled, ROUNDS, BENCH_NO_GOAL, 0);
        }
        report_detection(&programs[i], ours, cpuids_per_second(setting->folder, counts[i]), one_ns);
    }
}

void bench_processes(const bench_setting *setting)
{
    bench_vault vault;
    program programs[N_PROGRAMS];
    bench_group(
        "Ten minutes of 48 kHz mono in a WAV file to encrypted Opus, 24 kb/s, complexity 10");
    bench_vault_create(setting->folder, "processes", &vault);
    vpriv_vault_close(vault.vault);
    vault.vault = NULL;
    plan(setting, &vault, programs);
    for (int i = 0; i < N_PROGRAMS; i++)
        programs[i].is_there = is_installed(programs[i].needs);
    race(setting->folder, programs);
    report(setting, programs);
    bench_vault_close(&vault);
}
