#include "frames/dispatch.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static bool always(void)
{
    return true;
}

/* The compiler's run-time support asks CPUID, and for AVX also XGETBV whether the operating system saves
 * the wide registers. */
#if VPI_BUILDS_X86
static bool has_sse2(void)
{
    return __builtin_cpu_supports("sse2");
}

static bool has_avx2(void)
{
    return has_sse2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

/* In the order of the enum, from the lowest to the highest. */
static const struct {
    const char *name;
    bool (*runs)(void);
    void (*fill)(vpi_kernels *kernels);
} levels[VPI_CPU_N_LEVELS] = {
    [VPI_CPU_C] = {"c", always, vpi_kernels_fill_c},
#if VPI_BUILDS_X86
    [VPI_CPU_SSE2] = {"sse2", has_sse2, vpi_kernels_fill_sse2},
    [VPI_CPU_AVX2] = {"avx2", has_avx2, vpi_kernels_fill_avx2},
    [VPI_CPU_AVX512] = {"avx512", has_avx512, vpi_kernels_fill_avx512},
#else
    [VPI_CPU_SSE2] = {"sse2", NULL, NULL},
    [VPI_CPU_AVX2] = {"avx2", NULL, NULL},
    [VPI_CPU_AVX512] = {"avx512", NULL, NULL},
#endif
#if VPI_BUILDS_NEON
    [VPI_CPU_NEON] = {"neon", always, vpi_kernels_fill_neon},
#else
    [VPI_CPU_NEON] = {"neon", NULL, NULL},
#endif
};

static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;
static vpi_kernels chosen;
static vpi_cpu_level chosen_level;

const char *vpi_cpu_level_name(vpi_cpu_level level)
{
    return levels[level].name;
}

bool vpi_cpu_level_is_built(vpi_cpu_level level)
{
    return levels[level].runs != NULL;
}

bool vpi_cpu_level_runs(vpi_cpu_level level)
{
    return vpi_cpu_level_is_built(level) && levels[level].runs();
}

void vpi_kernels_fill(vpi_cpu_level level, vpi_kernels *kernels_out)
{
    vpi_kernels kernels;
    memset(&kernels, 0, sizeof kernels);
    for (size_t l = 0; l <= (size_t)level; l++)
        if (vpi_cpu_level_runs((vpi_cpu_level)l))
            levels[l].fill(&kernels);
    *kernels_out = kernels;
}

vpi_cpu_level vpi_cpu_level_wanted(const char *name)
{
    for (size_t l = VPI_CPU_N_LEVELS; l-- > 0;)
        if (vpi_cpu_level_runs((vpi_cpu_level)l) && (!name || strcmp(name, levels[l].name) == 0))
            return (vpi_cpu_level)l;
    return VPI_CPU_C;
}

static void choose(void)
{
    chosen_level = vpi_cpu_level_wanted(secure_getenv("VPRIV_CPU"));
    vpi_kernels_fill(chosen_level, &chosen);
}

const vpi_kernels *vpi_kernels_get(void)
{
    pthread_once(&chosen_once, choose);
    return &chosen;
}

vpi_cpu_level vpi_kernels_level(void)
{
    pthread_once(&chosen_once, choose);
    return chosen_level;
}

const char *vpriv_cpu_level(void)
{
    return vpi_cpu_level_name(vpi_kernels_level());
}
