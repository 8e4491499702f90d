/* One fault in one operation: a child process makes the call with the fault in it, and tells what it kept; a
 * second one looks at what is left on the disk. */
#ifndef TESTS_FAULT_TRIAL_H
#define TESTS_FAULT_TRIAL_H

#include "fault/faults.h"
#include "fault/sweep.h"

#define TRIAL_PICTURE_BYTES (1u << 19)
#define TRIAL_PROBLEM_BYTES 1024

/* A kind of fault, and what a call that meets it may answer. */
struct fault {
    const char *name;
    uint32_t kinds;
    enum faults_way way;
    int error;
    uint32_t answers; /* bits, 1 << -status; 0: it must not be noticed */
    bool at_once;     /* with FAULTS_LOSE: the power goes then and there, nothing is tried again */
    bool stops_program; /* libsodium ends the program rather than go on without random numbers */
};

/* The state all trials of an operation begin from. */
struct field {
    const struct operation *operation;
    struct sweep *s; /* everything closed */
    struct field_file *files;
    size_t n_files;
    char *before, *after, *twice;
    size_t n_out;            /* what the call gives out without a fault */
    struct faults_held kept; /* by the libraries, the first time */
};

struct result {
    bool is_done, is_again, was_locked;
    vpriv_status status, again;
    char detail[VPRIV_DETAIL_BYTES];
    uint64_t n_hits;
    uint64_t n_seen[FAULTS_N_KINDS];
    size_t n_out;
    struct faults_held kept;
    char recovery_key[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    char picture[TRIAL_PICTURE_BYTES];
    char problem[TRIAL_PROBLEM_BYTES];
};

void field_open(struct field *field, const struct operation *operation);
void field_close(struct field *field);

/* How often the call does what can fail, without a fault. */
void trial_count(struct field *field, uint64_t n_seen_out[FAULTS_N_KINDS]);

/* NULL when all is well, otherwise what is wrong; static. *hit_out: the fault was reached. */
const char *trial_run(
    struct field *field, const struct fault *fault, uint64_t n, bool *hit_out, vpriv_status *out);

#endif
