/* What a binding costs: recording processes in other languages beside the same one in C. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMES      "4" /* two minutes of sound for each process */
#define RATIO_MOST 1.03

typedef struct language {
    const char *name;
    const char *what; /* of the row with the ratio */
    char *program;
    double cpu_ns[BENCH_ROUNDS];
} language;

/* What the process has used so far, when it says so. */
static double cpu_at_line(FILE *said, clockid_t clock, const char *wanted, const char *program)
{
    char line[16];
    struct timespec used;
    if (!fgets(line, sizeof line, said) || strcmp(line, wanted) != 0 ||
        clock_gettime(clock, &used) != 0)
        bench_die("%s: failed", program);
    return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

/* User and kernel, of all threads, from "ready" to "done": not the start of an interpreter. */
static double cpu_of(char *const arguments[])
{
    int code = 0, ends[2];
    clockid_t clock;
    if (pipe(ends) != 0)
        bench_die("no pipe");
    const pid_t child = fork();
    if (child < 0)
        bench_die("no process");
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO)
            execv(arguments[0], arguments);
        _exit(127);
    }
    close(ends[1]);
    FILE *said = fdopen(ends[0], "r");
    if (!said || clock_getcpuclockid(child, &clock) != 0)
        bench_die("%s: cannot be watched", arguments[0]);
    const double ready_ns = cpu_at_line(said, clock, "ready\n", arguments[0]);
    const double done_ns = cpu_at_line(said, clock, "done\n", arguments[0]);
    fclose(said);
    if (waitpid(child, &code, 0) != child || code != 0)
        bench_die("%s: failed", arguments[0]);
    return done_ns - ready_ns;
}

static void race(language *languages, size_t n, const bench_vault *v, const bench_speech *speech)
{
    char subject[2 * VPRIV_SUBJECT_ID_BYTES + 1];
    char *raw = strdup(speech->raw_path);
    char times[] = TIMES;
    for (size_t i = 0; i < VPRIV_SUBJECT_ID_BYTES; i++)
        snprintf(subject + 2 * i, 3, "%02x", v->subject[i]);
    for (int round = -1; round < BENCH_ROUNDS; round++)
        for (size_t i = 0; i < n; i++) {
            language *l = &languages[round % 2 ? n - 1 - i : i];
            char *const arguments[] = {
                l->program, v->path, v->root_path, subject, raw, times, NULL};
            if (access(l->program, X_OK) != 0)
                continue;
            const double cpu_ns = cpu_of(arguments);
            if (round >= 0)
                l->cpu_ns[round] = cpu_ns;
        }
    free(raw);
}

void bench_bindings(const bench_setting *setting)
{
    bench_vault v;
    language languages[] = {
        {"C", NULL, bench_path(setting->programs, "bench/.libs/push-child"), {0}},
        {"Rust", "  Rust, of the same in C", bench_path(setting->folder, "push-child-rust"), {0}},
        {"Python", "  Python, of the same in C", bench_path(setting->folder, "push-child-python"),
            {0}},
    };
    const size_t n = sizeof languages / sizeof languages[0];
    bench_group("Recording in pushes of 20 ms: the same process in other languages");
    bench_vault_create(setting->folder, "bindings", &v);
    race(languages, n, &v, setting->speech);
    for (size_t i = 0; i < n; i++) {
        language *l = &languages[i];
        if (l->cpu_ns[0] > 0)
            bench_row_scaled(l->name, "ms of CPU per minute", l->cpu_ns, 1e-6 / 2);
        else
            bench_fact(l->name, "not built here");
        if (i > 0 && l->cpu_ns[0] > 0)
            bench_row_ratio(l->what, l->cpu_ns, languages[0].cpu_ns, BENCH_AT_MOST, RATIO_MOST);
        free(l->program);
    }
    bench_vault_close(&v);
}
