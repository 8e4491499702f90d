/* Where the library's own code ends: its calls into libasound and libpulse leave the guarded stretch, and
 * what those call back enters it again. */
#ifndef REALTIME_CALLS_H
#define REALTIME_CALLS_H

/* Once the libraries are loaded, and before a thread captures. */
void calls_guard_alsa(void);
void calls_guard_pulse(void);

#endif
