/* A household whose time passes, on a machine that runs meanwhile or does not, and whose recordings run out. */
#ifndef TESTS_PASSING_H
#define TESTS_PASSING_H

#include "household.h"
#include <voicepriv/retention.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW  VPRIV_PURPOSE_HUMAN_REVIEW
#define HOUR_US (3600 * SECOND_US)

/* Of the machine, in the place of the library's own: a program links with --wrap=vpi_running_us. */
extern int64_t ran_us;
extern uint8_t which_start;
extern bool is_start_told;
extern household h;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

/* Time passes while the machine runs. */
void pass(int64_t us);
/* One call, and as many as it takes. */
vpriv_retention_report run_for(uint32_t most_ms);
vpriv_retention_report run(void);
int64_t n_kept(void);
vpriv_recording_info about(const vpriv_recording_id *id);
void give_for(const uint8_t *subject, vpriv_purpose purpose, const char *retention);

#endif
