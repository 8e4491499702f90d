/* Checks every kernel at every level this CPU runs: plain C against a reference written one number
 * at a time, the others against plain C bit for bit; all lengths from 0 to 70 and some random ones,
 * any alignment, extremes, poisoned margins.
 *
 *     checkkernels [--seed N]      check; a failing run prints its seed
 *     checkkernels --levels        the levels this CPU runs, the best one last
 *     checkkernels --bench         nanoseconds per sample or frame, kernel by level */
#include "checkkernels.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define AREA_BYTES    ((size_t)1 << 20)
#define MARGIN_FLOATS 64
#define POISON        0xa5

static uint64_t seed;
static uint64_t state;
static const char *program;

uint64_t check_random(void)
{
    state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

uint32_t check_below(uint32_t limit)
{
    return (uint32_t)((check_random() >> 32) * limit >> 32);
}

void check_noise_bytes(uint8_t *bytes, size_t n_bytes)
{
    const uint32_t temper = check_below(5);
    for (size_t i = 0; i < n_bytes; i++) {
        const uint8_t noise = (uint8_t)check_random();
        if (temper < 2)
            bytes[i] = noise;
        else if (temper == 2)
            bytes[i] = noise & 1 ? 0x7f : 0x80;
        else if (temper == 3)
            bytes[i] = noise & 1 ? 0xff : 0x00;
        else
            bytes[i] = noise < 16 ? noise : 0;
    }
}

void check_noise_floats(float *floats, size_t n_floats)
{
    const uint32_t temper = check_below(5);
    for (size_t i = 0; i < n_floats; i++) {
        const float noise = (float)((double)(int64_t)check_random() * 0x1p-63);
        if (temper < 2)
            floats[i] = noise;
        else if (temper == 2)
            floats[i] = noise < 0.0F ? -8.0F : 8.0F;
        else if (temper == 3)
            floats[i] = noise < 0.8F ? 0.0F : noise;
        else
            floats[i] = noise * (check_below(2) ? 8.0F : 1e-9F);
    }
}

void *check_input(int area, size_t n_bytes)
{
    static uint8_t *areas[2];
    if (!areas[area]) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        areas[area] = mmap(
            NULL, AREA_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (areas[area] == MAP_FAILED || mprotect(areas[area] + AREA_BYTES, page, PROT_NONE)) {
            perror("mmap");
            exit(2);
        }
    }
    return areas[area] + AREA_BYTES - n_bytes;
}

static struct {
    uint8_t bytes[AREA_BYTES];
    uint8_t *start;
    size_t n_bytes;
} outputs[2];

float *check_output(int area, size_t n_floats)
{
    const size_t shift = MARGIN_FLOATS + check_below(16);
    memset(outputs[area].bytes, POISON, (n_floats + 2 * MARGIN_FLOATS + 16) * sizeof(float));
    outputs[area].start = outputs[area].bytes + shift * sizeof(float);
    outputs[area].n_bytes = n_floats * sizeof(float);
    return (float *)(void *)outputs[area].start;
}

void check_margins(const check *at, int area)
{
    const size_t margin = MARGIN_FLOATS * sizeof(float);
    const uint8_t *const after = outputs[area].start + outputs[area].n_bytes;
    for (size_t i = 0; i < margin; i++) {
        if (outputs[area].start[-1 - (ptrdiff_t)i] != POISON)
            check_fail(at, "wrote %zu bytes before its output", i + 1);
        if (i < margin - 16 && after[i] != POISON)
            check_fail(at, "wrote %zu bytes behind its output", i + 1);
    }
}

void check_fail(const check *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s at level %s, length %zu: ", at->kernel, at->level, at->length);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nrun again: %s --seed %llu\n", program, (unsigned long long)seed);
    va_end(arguments);
    exit(1);
}

void check_same(const check *at, const float *got, const float *wanted, size_t n, const char *by)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(got + i, wanted + i, sizeof *got) != 0)
            check_fail(at, "item %zu of %zu is %a, %s says %a", i, n, (double)got[i], by,
                (double)wanted[i]);
}

void check_near(const check *at, size_t i, double got, double wanted, double tolerance)
{
    const double error = got > wanted ? got - wanted : wanted - got;
    if (!(error <= tolerance))
        check_fail(at, "item %zu is %.9g, wanted %.9g within %.2g", i, got, wanted, tolerance);
}

static void check_lengths(check *at, void (*one)(check *at))
{
    for (at->length = 0; at->length <= 70; at->length++)
        for (int repeat = 0; repeat < 8; repeat++)
            one(at);
    for (int repeat = 0; repeat < 60; repeat++) {
        at->length = 71 + check_below(2500);
        one(at);
    }
}

static void check_all(void)
{
    vpi_kernels c;
    vpi_kernels_fill(VPI_CPU_C, &c);
    for (size_t l = 0; l < VPI_CPU_N_LEVELS; l++) {
        const vpi_cpu_level level = (vpi_cpu_level)l;
        vpi_kernels k;
        if (!vpi_cpu_level_runs(level)) {
            printf("%-8s %s\n", vpi_cpu_level_name(level),
                vpi_cpu_level_is_built(level) ? "not on this CPU" : "not in this build");
            continue;
        }
        vpi_kernels_fill(level, &k);
        check at = {.level = vpi_cpu_level_name(level), .k = &k, .c = &c};
        check_lengths(&at, check_convert);
        check_lengths(&at, check_mix);
        check_lengths(&at, check_polyphase);
        check_lengths(&at, check_high_pass);
        check_lengths(&at, check_level);
        check_lengths(&at, check_band_energies);
        printf("%-8s ok\n", at.level);
    }
}

static void bench_all(void)
{
    for (size_t l = 0; l < VPI_CPU_N_LEVELS; l++) {
        const vpi_cpu_level level = (vpi_cpu_level)l;
        vpi_kernels k;
        if (!vpi_cpu_level_runs(level))
            continue;
        vpi_kernels_fill(level, &k);
        bench_level(&k, vpi_cpu_level_name(level));
    }
    bench_frontend();
}

/* As the library itself would choose. */
static void print_levels(void)
{
    const vpi_cpu_level best = vpi_cpu_level_wanted(NULL);
    for (size_t l = 0; l < VPI_CPU_N_LEVELS; l++)
        if (l != (size_t)best && vpi_cpu_level_runs((vpi_cpu_level)l))
            printf("%s ", vpi_cpu_level_name((vpi_cpu_level)l));
    printf("%s\n", vpi_cpu_level_name(best));
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 2 && strcmp(argv[1], "--levels") == 0) {
        print_levels();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--bench") == 0) {
        bench_all();
        return 0;
    }
    seed = (uint64_t)time(NULL) * 1000003U + (uint64_t)getpid();
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        char *end;
        errno = 0;
        seed = strtoull(argv[2], &end, 10);
        if (errno || *end || end == argv[2])
            argc = 0;
    }
    if (argc != 1 && argc != 3) {
        fprintf(stderr, "usage: %s [--seed N | --levels | --bench]\n", program);
        return 2;
    }
    state = seed;
    printf("%s --seed %llu\n", program, (unsigned long long)seed);
    fflush(stdout); /* so that a crash leaves it behind */
    check_all();
    return 0;
}
