/* Threads that handle sound or keys, on a stack that forgets: libopus keeps copies of the sound there, up
 * to 71 KB below where the thread begins. The stack is left out of core dumps as a whole, ends at a guard
 * page, and as much of it is locked as our own work reaches; below that is room for the callbacks of
 * users. It is wiped and given back when the thread was waited for. Nothing costs anything meanwhile. */
#ifndef VPI_BASE_THREAD_H
#define VPI_BASE_THREAD_H

#include "base/status.h"
#include <pthread.h>

#define VPI_THREAD_STACK_BYTES ((size_t)1 << 20)
#define VPI_THREAD_LOCKED_BYTES                                                                    \
    ((size_t)96 << 10) /* at its top, the C library's own data included */

typedef struct vpi_thread {
    pthread_t id;
    uint8_t *memory; /* a guard page, and the stack behind it; NULL when no thread was started */
} vpi_thread;

/* VPRIV_E_MEMORY when the stack cannot be had or locked, or there are no more threads; nothing runs then.
 * Every thread that was started is joined. */
vpriv_status vpi_thread_start(vpi_thread *thread, void *(*work)(void *), void *user);
/* Waits for its end. Also a thread that was not started. */
void vpi_thread_join(vpi_thread *thread);

#endif
