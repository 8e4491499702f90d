#include "base/thread.h"
#include "base/memory.h"
#include "base/try.h"
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t guard_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static uint8_t *locked_part(const vpi_thread *thread)
{
    return thread->memory + guard_bytes() + VPI_THREAD_STACK_BYTES - VPI_THREAD_LOCKED_BYTES;
}

static void give_back(vpi_thread *thread)
{
    (void)munmap(thread->memory, guard_bytes() + VPI_THREAD_STACK_BYTES);
    thread->memory = NULL;
}

static vpriv_status take_stack(vpi_thread *thread)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const size_t all_bytes = guard_bytes() + VPI_THREAD_STACK_BYTES;
    void *memory = mmap(NULL, all_bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    VPI_ENSURE(memory != MAP_FAILED, VPRIV_E_MEMORY, "no memory for a thread's stack");
    thread->memory = memory;
    VPI_ENSURE(mprotect(memory, guard_bytes(), PROT_NONE) == 0 &&
                   madvise(memory, all_bytes, MADV_DONTDUMP) == 0,
        VPRIV_E_MEMORY, "a thread's stack cannot be guarded");
    /* Not the whole of it: to the limit it would count as used up, touched or not. */
    VPI_ENSURE(sodium_mlock(locked_part(thread), VPI_THREAD_LOCKED_BYTES) == 0, VPRIV_E_MEMORY,
        "cannot lock %zu bytes in memory: raise the limit (ulimit -l, RLIMIT_MEMLOCK)",
        VPI_THREAD_LOCKED_BYTES);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_thread_start(vpi_thread *thread, void *(*work)(void *), void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    pthread_attr_t attributes;
    thread->memory = NULL;
    if (pthread_attr_init(&attributes) != 0)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for a thread");
    VPI_TRY(take_stack(thread));
    VPI_ENSURE(pthread_attr_setstack(
                   &attributes, thread->memory + guard_bytes(), VPI_THREAD_STACK_BYTES) == 0 &&
                   pthread_create(&thread->id, &attributes, work, user) == 0,
        VPRIV_E_MEMORY, "a thread could not be started");
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK && thread->memory)
        give_back(thread);
    pthread_attr_destroy(&attributes);
    return st;
}

void vpi_thread_join(vpi_thread *thread)
{
    if (!thread->memory)
        return;
    VPI_IMPOSSIBLE_UNLESS(pthread_join(thread->id, NULL) == 0);
    vpi_wipe(locked_part(thread), VPI_THREAD_LOCKED_BYTES);
    give_back(thread);
}
