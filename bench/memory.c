/* How much memory a recording process has resident; a child tells of itself. */
#include "bench.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct resident {
    double peak_kib, now_kib, anonymous_kib, file_kib, locked_kib;
} resident;

static void run_child(char *const arguments[], resident *found)
{
    int ends[2], code = 0;
    char text[512] = "";
    size_t filled = 0;
    ssize_t n = 0;
    if (pipe(ends) != 0)
        bench_die("no pipe");
    const pid_t child = fork();
    if (child < 0)
        bench_die("no process");
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(ends[1]);
    while (filled < sizeof text - 1 &&
           (n = read(ends[0], text + filled, sizeof text - 1 - filled)) > 0)
        filled += (size_t)n;
    close(ends[0]);
    if (waitpid(child, &code, 0) != child || code != 0 ||
        sscanf(text, "%lf %lf %lf %lf %lf", &found->peak_kib, &found->now_kib,
            &found->anonymous_kib, &found->file_kib, &found->locked_kib) != 5)
        bench_die("%s %s: failed", arguments[0], arguments[1]);
}

static void report(const char *what, const resident *found, double aim_mb)
{
    bench_row_one(
        what, "MB", found->peak_kib * 1024e-6, aim_mb > 0 ? BENCH_AT_MOST : BENCH_NO_GOAL, aim_mb);
    bench_row_one("  of that, files of program and libraries", "MB", found->file_kib * 1024e-6,
        BENCH_NO_GOAL, 0);
    bench_row_one("  of that, its own", "MB", found->anonymous_kib * 1024e-6, BENCH_NO_GOAL, 0);
    bench_row_one("  of that, locked", "MB", found->locked_kib * 1024e-6, BENCH_NO_GOAL, 0);
}

void bench_memory(const bench_setting *setting)
{
    bench_vault v;
    vpriv_keyring *credential = NULL;
    resident libraries, capture, owner;
    char hex[2 * VPRIV_SUBJECT_ID_BYTES + 1];
    char *program = bench_path(setting->programs, "bench/recording-child");
    char *raw = strdup(setting->speech->raw_path);
    char *credential_path = bench_path(setting->folder, "memory-credential");
    bench_group("Memory resident at most in a recording process");
    bench_vault_create(setting->folder, "memory", &v);
    BENCH_TRY(vpriv_vault_capture_credential(v.vault, &credential));
    BENCH_TRY(vpriv_keyring_save(credential, credential_path));
    sodium_bin2hex(hex, sizeof hex, v.subject, sizeof v.subject);
    char *link_only[] = {program, "libraries", NULL};
    char *with_credential[] = {program, "capture", v.path, credential_path, hex, raw, NULL};
    char *with_root[] = {program, "owner", v.path, v.root_path, hex, raw, NULL};
    run_child(link_only, &libraries);
    run_child(with_credential, &capture);
    run_child(with_root, &owner);
    report("libraries linked and started, nothing else", &libraries, 0);
    report("recording with a capture credential", &capture, 8);
    report("recording with the root store", &owner, 8);
    vpriv_keyring_close(credential);
    bench_vault_close(&v);
    free(credential_path);
    free(program);
    free(raw);
}
