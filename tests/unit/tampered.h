/* A vault with two recordings of four blocks each, closed, for whoever changes its rows from outside. */
#ifndef TESTS_TAMPERED_H
#define TESTS_TAMPERED_H

#include "household.h"

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

extern household h;
extern vpriv_recording_id a, b; /* Ada's and Bob's: rows 1 and 2; blocks 0 to 3 each */
extern uint64_t sound_a, sound_b;

/* A checked fixture. */
void set_up(void);
void tear_down(void);
/* The files as they were. */
void restore(void);

vpriv_recording_id record_four_blocks(const uint8_t *subject, int64_t started_ago_us);
/* What a recording sounds like, as one number; the status when it does not open to its end. */
vpriv_status listen(const vpriv_recording_id *id, uint64_t *sound_out);
/* For vpriv_recording_list; user: an int. */
bool count_recording(void *user, const vpriv_recording_info *info);

#endif
