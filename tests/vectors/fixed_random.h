/* Randomness that is the same in each run, for the library and for libsodium's sealed boxes. */
#ifndef TESTS_FIXED_RANDOM_H
#define TESTS_FIXED_RANDOM_H

#include <stddef.h>

#define FIXED_RANDOM_NAME_BYTES 8

/* From here on, and from the start each time; streams of other names, of at most FIXED_RANDOM_NAME_BYTES, are
 * others. */
void fixed_random_start(const void *name, size_t n_bytes);

#endif
