/* The power is cut at every event of one call that changes a vault, in every way a disk may have kept unsynced
 * data; what may be left then is for each file of tests to say: what was acknowledged is there, what was not is
 * there as a whole or not at all, nothing destroyed comes back, and no repair step is needed. */
#ifndef TESTS_FAULT_CUTS_H
#define TESTS_FAULT_CUTS_H

#include "fault/cutvfs.h"
#include "fault/life.h"

#define RECORDINGS_MAX 8
#define BOTH_PURPOSES                                                                              \
    (VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY) | VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW))

struct bench;

/* One call under test, and what it may leave. */
struct workload {
    const char *name;
    void (*prepare)(struct bench *bench); /* beyond a settled-in vault with two recordings */
    vpriv_status (*act)(struct bench *bench);
    uint64_t step_events;   /* between cuts in make check; 0 is every event */
    uint32_t dead_purposes; /* of the recordings named by n_dead, once act is acknowledged */
    size_t n_dead;          /* the first so many */
    uint32_t dead_made;     /* bits: of what prepare made from the first recording */
};

struct bench {
    struct life life;
    const struct workload *workload;
    struct cutvfs_snapshot *start;
    struct memory_root start_root;
    vpriv_keyring *credential;
    vpriv_recording_id recordings[RECORDINGS_MAX];
    size_t n_recordings;
    vpriv_derivative_id made[2]; /* from the first recording: a transcript and a label */
    size_t n_made;
    uint8_t bob[VPRIV_SUBJECT_ID_BYTES]; /* where prepare added him */
    char *before;                        /* what the vault tells without, and with, the call */
    char *after;
    bool acknowledged;
    uint64_t acknowledged_frames; /* recording: committed and sealed */
    bool confirmed, finished;
    size_t n_told; /* recordings that a purge has told to be erased; in the order of their names */
    uint64_t n_trials;
};

/* A settled-in vault with two recordings, and what the workload prepares; closed. */
void cuts_set_up(struct bench *bench, const struct workload *workload);
void cuts_tear_down(struct bench *bench);
/* Disk and root as they were then, a second later. */
void cuts_put_back(struct bench *bench);

void cuts_record_one(struct bench *bench, uint32_t n_ms, uint32_t pitch_hz);
void cuts_record_six(struct bench *bench);

/* What the vault tells; to be freed. */
char *cuts_look(struct bench *bench);

/* The workload's call with a cut at every event, or every so many; at least so many events. */
void cuts_everywhere(struct bench *bench,
    void (*check)(void *user, const struct cutvfs_trial *trial), uint64_t least);

/* For a check: which trial it is, the vault opened, and what nobody may be able to read any more, with the
 * whole old disk, the disk as it is, and the root as it is. */
const char *cuts_name(const struct bench *bench, const struct cutvfs_trial *trial);
void cuts_open_again(struct bench *bench, const struct cutvfs_trial *trial);
void cuts_nothing_dead_opens(struct bench *bench);
/* It is as before or as after; as after when the call was acknowledged. */
void cuts_check_two_states(void *user, const struct cutvfs_trial *trial);

/* The tests of the other files. */
void cuts_add_changes(TCase *tests);
void cuts_add_storage(TCase *tests);
void cuts_add_recording(TCase *tests);
void cuts_add_creation(TCase *tests);

#endif
