/* A shift of triggers: a process that records through the public interface until it is killed, and does
 * to each trigger what the plan says. It waits before every step until it is told to go on, so that
 * somebody can look at the files meanwhile. Its recorder's clock stands still unless it turns it.
 *
 * What only the recorder knows while it lives, its keys, it leaves in memory that is shared. */
#ifndef TESTS_FAULT_SHIFT_H
#define TESTS_FAULT_SHIFT_H

#include "unit/household.h"

#define SHIFT_TRIGGERS 10

enum fate {
    CONFIRMED,
    REJECTED,
    TIMED_OUT,
    STOPPED,
    CLOSED,
    MUTED,
    SOURCE_ENDED,
    WITHDRAWN, /* its consent, before it is confirmed; of Bob, all others are of Ada */
    KILLED,
    KILLED_AT_WORK, /* while sound comes in */
    N_FATES,
};

/* What is to happen. */
struct plan {
    enum fate fate;
    vpriv_trigger_kind kind;
    bool has_blocks;    /* some are on the disk before its fate */
    uint32_t n_pre_ms;  /* of sound before the trigger, */
    uint32_t n_ms;      /* after it, */
    uint32_t n_more_ms; /* and after it was confirmed */
};

/* Each fate as often as n_of says, in an order that the seed decides; those that are killed are the last of
 * their shifts, and as many as there are shifts. */
#define SHIFT_KINDS 5
extern const vpriv_trigger_kind shift_kinds[SHIFT_KINDS];
void shift_plan(struct plan *plans, size_t n_shifts, const uint32_t n_of[N_FATES], unsigned seed);

/* What happened. */
struct truth {
    _Atomic uint32_t n_sealed; /* blocks; what follows is known from the first one on */
    vpi_recording_bond bond;
    vpi_recording_keys keys;
    vpriv_outcome outcome; /* of a confirmed one */
};

/* Steps, as the child names them when it waits. */
#define STEP_PROVISIONAL 'p'
#define STEP_CONFIRMED   'c'
#define STEP_OVER        'o'

struct shift {
    const vpriv_keyring *credential; /* NULL: with the root */
    const struct plan *plans;        /* SHIFT_TRIGGERS */
    struct truth *truths;
    pid_t child;
    int steps, orders; /* pipes */
};

/* The caller has the vault closed. */
void shift_start(struct shift *shift, household *h);
/* Wait for the child to come to this step; fails the test when it does not. */
void shift_expect(const struct shift *shift, char step);
void shift_go_on(const struct shift *shift);
void shift_kill(struct shift *shift);

#endif
