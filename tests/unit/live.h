/* One recorder in the time of the test: a tone is pushed, and what comes to the file is looked at. */
#ifndef TESTS_UNIT_LIVE_H
#define TESTS_UNIT_LIVE_H

#include "household.h"
#include "waiting.h"

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ

extern household h;
extern vpriv_source *source;
extern vpriv_recorder *recorder;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

void start(uint32_t unsealed_ms, uint32_t confirm_ms);
void push_ms(size_t ms);
/* Until the recorder has taken what was pushed. */
void wait_until_read(void);
int64_t blocks_on_disk(void);

#endif
