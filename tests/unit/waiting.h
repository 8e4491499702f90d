/* Waiting for what another thread does, at most ten seconds: a test that waits longer fails by what is not there. */
#ifndef TESTS_UNIT_WAITING_H
#define TESTS_UNIT_WAITING_H

#include "unit.h"
#include <voicepriv/recorder.h>

void nap(long ms);
/* Whether it came to that. */
bool waited_for(const vpriv_recorder *recorder, vpriv_recorder_state state);
/* Until a push source has room for `all` frames: what was pushed was read. */
bool waited_until_read(const vpriv_source *source, size_t all);

#endif
