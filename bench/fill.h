/* A vault filled with a very large number of recordings, by the functions that a recording process
 * uses, without the sound: each has its keys in the key tree, a sealed header, wraps, index rows and
 * one sealed block. What a million recordings would make long is left out of it: X25519 for the inner
 * boxes is done for one recording in BENCH_FILL_OPENABLE only; the others carry a copy of a box of the
 * same size, and do not open. */
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include "bench.h"

#define BENCH_FILL_OPENABLE 100
#define BENCH_FILL_GAP_US   INT64_C(30000000) /* from one recording's start to the next */

/* People who speak in every one, every tenth and every thousandth recording. */
enum { BENCH_IN_ALL, BENCH_IN_TENTH, BENCH_IN_THOUSANDTH, BENCH_N_PEOPLE };

typedef struct bench_filled {
    bench_vault vault; /* its subject is the one in all */
    uint8_t people[BENCH_N_PEOPLE][VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_id *ids; /* by row − 1 */
    uint32_t n_recordings;
    int64_t first_us; /* when the first one started */
} bench_filled;

/* A vault of that name in the folder. */
void bench_fill(
    const char *folder, const char *name, uint32_t n_recordings, bench_filled *filled_out);
void bench_fill_close(bench_filled *filled);

#endif
