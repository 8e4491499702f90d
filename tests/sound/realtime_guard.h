/* A guard for threads that must never wait: inside a guarded stretch of the program, an allocation, a lock,
 * output or a system call ends the process with status 3 and a line that names it.
 *
 * Two nets: functions of the C library that allocate, lock or write are replaced in this program (a lock
 * that nobody holds makes no system call), and the kernel stops every system call of the stretch
 * (system call user dispatch, which is for each thread and switched without a call). Where a stretch
 * ends, at a call into a sound library, is said by whoever makes that call: see realtime_calls.c. */
#ifndef REALTIME_GUARD_H
#define REALTIME_GUARD_H

#include <stdbool.h>

#define GUARD_EXIT 3

/* What a stretch may call all the same. */
typedef struct guard_leave_to {
    bool poll;  /* to wait for its device */
    bool clock; /* a system call only where the kernel has no other way */
} guard_leave_to;

/* Threads that are made between begin and end are guarded from their first step to their last. */
void guard_new_threads_begin(guard_leave_to allowed);
void guard_new_threads_end(void);

/* This thread is to be guarded, in stretches. */
void guard_this_thread(guard_leave_to allowed);

/* Begin or end a stretch on this thread, if it is guarded at all; give what guard_restore takes. `next` is
 * what comes behind it. */
char guard_on(void);
char guard_off(const char *next);
void guard_restore(char before);

/* At the end of the 50th stretch, on whatever thread, do this: see the list in realtime_guard.c. False:
 * no such fault. */
bool guard_inject(const char *fault);

/* Stretches that ended well, on all threads. */
unsigned guard_n_stretches(void);
/* What came behind stretches, each one once; NULL when there are not so many yet. */
const char *guard_next(unsigned index);

#endif
