/* A household in which everything was done (deeds.h), and callbacks that count what they are given: listing ends
 * at the number that `user` points at. */
#ifndef TESTS_UNIT_COUNTED_H
#define TESTS_UNIT_COUNTED_H

#include "deeds.h"
#include <voicepriv/places.h>
#include <voicepriv/sync.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

extern deeds d;
extern int n_seen; /* begun anew by the test */

/* A checked fixture. */
void set_up(void);
void tear_down(void);

bool count_surface(void *user, const vpriv_surface_info *info);
bool count_pause(void *user, const vpriv_pause *pause);
bool count_profile(void *user, const vpriv_profile_info *info);
bool count_line(void *user, const char *line, size_t n);
bool count_consent(void *user, const vpriv_consent_record *record);
bool count_derivative(void *user, const vpriv_derivative_info *info);
bool count_subject(void *user, const vpriv_subject_info *info);
bool count_recording(void *user, const vpriv_recording_info *info);
bool count_entry(void *user, uint64_t index, const vpriv_log_entry *entry);

#endif
