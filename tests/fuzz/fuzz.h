/* Fuzzing: every parser, fed with what nobody wrote.
 *
 * A target is a function that takes bytes, in a small file of its own, and what must hold whatever the
 * bytes are. Where a parser stands behind a seal, a digest or a signature, its target makes a valid one
 * around the bytes: whoever has no key never gets there, but whoever found one must find nothing else.
 *
 * The same targets run under two drivers: replay.c tries the seeds and a fixed number of mutations, the
 * same in each run; libfuzzer.c hands them to clang's libFuzzer. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/bytes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fuzz_target {
    const char *name;
    /* Once, before the first try: whatever is needed, and seeds that the library writes. May be NULL. */
    void (*setup)(void);
    void (*one)(const uint8_t *data, size_t n_bytes);
    size_t most_bytes;
    unsigned n_replays; /* mutations in a replay; 0 is the usual number */
} fuzz_target;

#define X(name) extern const fuzz_target fuzz_##name;
#include "fuzz/targets.h"
#undef X

/* NULL when there is none of that name. */
const fuzz_target *fuzz_find(const char *name);
const fuzz_target *fuzz_at(size_t index);

/* Randomness that repeats, then the target's own setup and its seeds from tests/fuzz/seeds/. */
void fuzz_start(const fuzz_target *target);

typedef struct fuzz_input {
    uint8_t *bytes;
    size_t n_bytes;
} fuzz_input;
extern fuzz_input *fuzz_seeds;
extern size_t fuzz_n_seeds;
void fuzz_seed(const void *bytes, size_t n_bytes);
void fuzz_seed_text(const char *text);

/* Run one; the bytes are in memory of exactly their size. */
void fuzz_run(const fuzz_target *target, const uint8_t *data, size_t n_bytes);

/* Called before the process dies of a failure, and at its end. */
void fuzz_at_end(void (*fn)(void));
void fuzz_end(void);

/* What must hold. */
#define fuzz_check(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
/* What a target needs for itself. */
#define fuzz_must(call)                                                                            \
    do {                                                                                           \
        const vpriv_status fuzz_status = (call);                                                   \
        if (fuzz_status != VPRIV_OK) {                                                             \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, vpriv_status_text(fuzz_status), \
                vpriv_error_detail());                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The same bytes, of the same length. */
void fuzz_check_same(const void *wanted, size_t n_wanted, const void *got, size_t n_got);

#endif
