#include "frames/dispatch.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static bool always(void)
{
    return true;
}

/* In the order of the enum, from the lowest to the highest. */
static const struct {
    const char *name;
    bool (*runs)(void);
    void (*fill)(vpi_kernels *kernels);
} levels[VPI_CPU_N_LEVELS] = {
    [VPI_CPU_C] = {"c", always, vpi_kernels_fill_c},
};

static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;
static vpi_kernels chosen;
static vpi_cpu_level chosen_level;

const char *vpi_cpu_level_name(vpi_cpu_level level)
{
    return levels[level].name;
}

bool vpi_cpu_level_runs(vpi_cpu_level level)
{
    return levels[level].runs();
}

void vpi_kernels_fill(vpi_cpu_level level, vpi_kernels *kernels_out)
{
    vpi_kernels kernels;
    memset(&kernels, 0, sizeof kernels);
    for (size_t l = 0; l <= (size_t)level; l++)
        if (levels[l].runs())
            levels[l].fill(&kernels);
    *kernels_out = kernels;
}

vpi_cpu_level vpi_cpu_level_wanted(const char *name)
{
    for (size_t l = VPI_CPU_N_LEVELS; l-- > 0;)
        if (levels[l].runs() && (!name || strcmp(name, levels[l].name) == 0))
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
