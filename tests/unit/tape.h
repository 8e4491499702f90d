/* Long sound of known length, as a file would give it: 16 kHz, one channel, with gaps and failures where
 * the test wants them. And what the threads that encode it do. */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "capture/source.h"
#include "household.h"

typedef struct tape_gap {
    size_t at_frame;
    uint64_t n_lost;
} tape_gap;

typedef struct tape {
    vpriv_source source; /* first: a source is what it is taken for */
    const int16_t *frames;
    size_t n_frames;
    size_t at;
    tape_gap gaps[8];
    size_t n_gaps_given;
    size_t fails_at; /* frame; 0 never */
    vpriv_status failure;
} tape;

/* The frames are borrowed. */
void tape_init(tape *t, const int16_t *frames, size_t n_frames);
/* Recorded voices, one after the other in ever different order, with pauses, some silent; the caller
 * frees. */
int16_t *tape_speech(size_t n_frames);
/* The same all at once, as in a crowd: there is no pause in it. */
int16_t *tape_crowd(size_t n_frames);

/* In place of libopus, pthread and libsodium, by the linker; see recorder.mk. */
typedef struct tape_hooks {
    uint32_t cuts[256]; /* packets before each */
    size_t n_cuts;
    uint64_t n_given;      /* packets */
    uint64_t fail_encode;  /* the n-th call fails; 0 none */
    bool jitters;          /* encoders are now and then late */
    bool first_is_slow;    /* whoever encodes first is slow at everything */
    int n_threads_allowed; /* that may be started; -1 any number */
    int n_threads_started;
    int n_threads_alive;
    size_t most_locked_bytes; /* larger memory cannot be locked; 0 any can */
} tape_hooks;
extern tape_hooks hooks;
void tape_hooks_reset(void);

#endif
