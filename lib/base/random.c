#include "base/random.h"
#include <sodium.h>

static vpi_random_fn replacement;

void vpi_random(void *bytes_out, size_t n_bytes)
{
    if (replacement)
        replacement(bytes_out, n_bytes);
    else
        randombytes_buf(bytes_out, n_bytes);
}

void vpi_random_replace(vpi_random_fn fn)
{
    replacement = fn;
}
