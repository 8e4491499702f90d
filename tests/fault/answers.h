/* Everything a vault answers, call by call, so that after tampering each answer can be held against
 * the one before: the same, an error, or another answer, which must not be. */
#ifndef TESTS_FAULT_ANSWERS_H
#define TESTS_FAULT_ANSWERS_H

#include "fault/life.h"

#define ANSWERS_MAX            64
#define ANSWERS_SUBJECTS_MAX   4
#define ANSWERS_RECORDINGS_MAX 8

struct answer {
    char question[48];
    vpriv_status status;
    bool is_said_once; /* the file holds it in one place, unsealed: only verifying tells */
    bool is_number;    /* rather than a list, which may be shorter then, and nothing else */
    bool is_sound;     /* of a recording: a refusal is an answer of its own */
    uint64_t hash;     /* over everything that was told */
    uint64_t n;        /* how many things were told */
};

struct answers {
    /* Asked about by name, so that tampering cannot make the question disappear. */
    size_t n_subjects, n_recordings;
    uint8_t subjects[ANSWERS_SUBJECTS_MAX][VPRIV_SUBJECT_ID_BYTES];
    vpriv_recording_id recordings[ANSWERS_RECORDINGS_MAX];
    /* The sound as stored packets and gaps, which its frames follow from: the same question, in half
     * the time. */
    bool as_packets;
    vpriv_status opened;
    size_t n;
    struct answer answer[ANSWERS_MAX];
};

/* Opens the vault, asks, closes. With an error at opening there are no answers. */
void answers_get(struct life *life, struct answers *answers);

/* The first answer in `after` that is neither an error nor that of `before`; NULL when there is none.
 * A sound that was refused before must be refused still. */
const struct answer *answers_altered(const struct answers *before, const struct answers *after);

#endif
