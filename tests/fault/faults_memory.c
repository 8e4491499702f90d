/* Memory, threads and random numbers that can fail (see faults.h). */
#pragma GCC visibility push(default) /* for the other libraries to find */
#include "fault/faults.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* The next one in the order of the loader: the C library's, or that of a tool that watches memory. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
        *(void **)&real = dlsym(RTLD_NEXT, #name);

static void *counted(void *memory)
{
    if (memory)
        faults_count_allocation(1);
    return memory;
}

static bool refused(enum faults_kind kind)
{
    const int error = faults_error(kind);
    if (error)
        errno = error;
    return error != 0;
}

void *malloc(size_t n_bytes)
{
    REAL(malloc)
    return refused(FAULTS_MEMORY) ? NULL : counted(real(n_bytes));
}

void *calloc(size_t n, size_t item_bytes)
{
    REAL(calloc)
    return refused(FAULTS_MEMORY) ? NULL : counted(real(n, item_bytes));
}

void *realloc(void *memory, size_t n_bytes)
{
    REAL(realloc)
    if (refused(FAULTS_MEMORY))
        return NULL;
    void *moved = real(memory, n_bytes);
    if (!memory && moved)
        faults_count_allocation(1);
    else if (memory && !moved && n_bytes == 0)
        faults_count_allocation(-1);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t n_bytes)
{
    REAL(aligned_alloc)
    return refused(FAULTS_MEMORY) ? NULL : counted(real(alignment, n_bytes));
}

int posix_memalign(void **memory_out, size_t alignment, size_t n_bytes)
{
    REAL(posix_memalign)
    if (refused(FAULTS_MEMORY))
        return ENOMEM;
    const int error = real(memory_out, alignment, n_bytes);
    if (error == 0)
        counted(*memory_out);
    return error;
}

void free(void *memory)
{
    REAL(free)
    if (memory)
        faults_count_allocation(-1);
    real(memory);
}

void *mmap(void *at, size_t n_bytes, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap)
    if (refused(FAULTS_MAP))
        return MAP_FAILED;
    void *memory = real(at, n_bytes, protection, flags, fd, offset);
    if (memory != MAP_FAILED)
        faults_count_mapped((int64_t)n_bytes);
    return memory;
}

void *mmap64(void *at, size_t n_bytes, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, n_bytes, protection, flags, fd, (off_t)offset);
}

void *mremap(void *old, size_t old_bytes, size_t new_bytes, int flags, ...)
{
    REAL(mremap)
    va_list more;
    va_start(more, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
    va_end(more);
    if (refused(FAULTS_MAP))
        return MAP_FAILED;
    void *memory = real(old, old_bytes, new_bytes, flags, target);
    if (memory != MAP_FAILED)
        faults_count_mapped((int64_t)new_bytes - (int64_t)old_bytes);
    return memory;
}

int munmap(void *memory, size_t n_bytes)
{
    REAL(munmap)
    const int code = real(memory, n_bytes);
    if (code == 0)
        faults_count_mapped(-(int64_t)n_bytes);
    return code;
}

int mprotect(void *memory, size_t n_bytes, int protection)
{
    REAL(mprotect)
    return refused(FAULTS_PROTECT) ? -1 : real(memory, n_bytes, protection);
}

int madvise(void *memory, size_t n_bytes, int advice)
{
    REAL(madvise)
    return refused(FAULTS_PROTECT) ? -1 : real(memory, n_bytes, advice);
}

int mlock(const void *memory, size_t n_bytes)
{
    REAL(mlock)
    return refused(FAULTS_LOCK) ? -1 : real(memory, n_bytes);
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *user)
{
    REAL(pthread_create)
    return refused(FAULTS_THREAD) ? EAGAIN : real(thread, attributes, work, user);
}

ssize_t getrandom(void *bytes, size_t n_bytes, unsigned flags)
{
    REAL(getrandom)
    return refused(FAULTS_RANDOM) ? -1 : real(bytes, n_bytes, flags);
}

/* Nobody else holds a lock here: waiting for it takes only time. */
int usleep(useconds_t n_us)
{
    (void)n_us;
    return 0;
}
