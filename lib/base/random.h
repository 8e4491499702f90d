/* Random bytes, with a seam for tests. The seam is not exported from the shared library. */
#ifndef VPI_BASE_RANDOM_H
#define VPI_BASE_RANDOM_H

#include "base/status.h"

void vpi_random(void *bytes_out, size_t n_bytes);

/* Tests only: replace the generator (NULL puts the system's back), so that vectors repeat. */
typedef void (*vpi_random_fn)(void *bytes_out, size_t n_bytes);
void vpi_random_replace(vpi_random_fn fn);

#endif
