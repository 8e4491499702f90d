/* Which kernels run: C is laid down first, then every level this CPU and its operating system
 * support overwrites what it does better.
 *
 * The environment variable VPRIV_CPU names the highest level to use ("c" for none beyond C). A
 * name this build does not know, or this CPU cannot run, means C: the slow answer is the same. */
#ifndef VPI_FRAMES_DISPATCH_H
#define VPI_FRAMES_DISPATCH_H

#include "frames/kernels.h"

typedef enum vpi_cpu_level {
    VPI_CPU_C = 0,
    VPI_CPU_SSE2,   /* x86 */
    VPI_CPU_AVX2,   /* x86 */
    VPI_CPU_AVX512, /* x86: F, BW, DQ and VL, and the AVX2 level */
    VPI_CPU_NEON,   /* 64-bit ARM */
    VPI_CPU_N_LEVELS,
} vpi_cpu_level;

/* The table for this process, chosen at the first call; any thread may be the first. */
const vpi_kernels *vpi_kernels_get(void);

/* The level of that table. */
vpi_cpu_level vpi_kernels_level(void);

/* "c", …; as in VPRIV_CPU. */
const char *vpi_cpu_level_name(vpi_cpu_level level);

/* Was the level built, and do this CPU and its operating system run it? */
bool vpi_cpu_level_runs(vpi_cpu_level level);

/* Does the level have kernels in this build? A level of another processor family has none. */
bool vpi_cpu_level_is_built(vpi_cpu_level level);

/* Fill a table with the kernels of this level and those below; the level must run. */
void vpi_kernels_fill(vpi_cpu_level level, vpi_kernels *kernels_out);

/* The level that VPRIV_CPU=name asks for; NULL stands for the best this CPU runs. */
vpi_cpu_level vpi_cpu_level_wanted(const char *name);

#endif
