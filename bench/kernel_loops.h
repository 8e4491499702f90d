/* One loop over each kernel, on what 20 ms at 48 kHz are, which fits the first cache. For the
 * benchmark, and for checkkernels --bench. */
#ifndef BENCH_KERNEL_LOOPS_H
#define BENCH_KERNEL_LOOPS_H

#include "frames/kernels.h"

#define KERNEL_LOOPS_FRAMES 960

typedef struct kernel_loop {
    const char *name;
    size_t n_items; /* samples, frames or outputs of one run */
    size_t argument;
    void (*run)(const vpi_kernels *kernels, size_t argument);
} kernel_loop;

extern const kernel_loop kernel_loops[];
extern const size_t n_kernel_loops;

/* Before the first run: numbers to work on. */
void kernel_loops_prepare(void);

#endif
