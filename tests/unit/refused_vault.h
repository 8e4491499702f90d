/* A vault in which Ada has one recording, and which has to be the same after each test. */
#ifndef TESTS_REFUSED_VAULT_H
#define TESTS_REFUSED_VAULT_H

#include "household.h"
#include "refused.h"

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

extern household h;
extern vpriv_recording_id id;
extern uint64_t before;     /* what it was; for a test that changes it, to be taken again */
extern char long_text[512]; /* longer than any text may be */

/* A checked fixture. */
void set_up(void);
void tear_down(void);

#endif
