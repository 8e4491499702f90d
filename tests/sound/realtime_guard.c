#undef _FORTIFY_SOURCE /* what is replaced here must be plain functions */
#include "realtime_guard.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif
#define SWITCH_ON  1 /* SYSCALL_DISPATCH_FILTER_BLOCK */
#define SWITCH_OFF 0
#define INJECT_AT  50
#define N_NEXT_MAX 64

static _Thread_local volatile char own_switch; /* the kernel looks at it */
static _Thread_local bool is_guarded;
static _Thread_local guard_leave_to own_allowed;
static bool new_threads_are_guarded;
static guard_leave_to new_allowed;
static _Atomic unsigned n_stretches;
static void (*injected)(void);
static const char *all_next[N_NEXT_MAX]; /* by one guarded thread at a time */
static _Atomic unsigned n_next;
static _Thread_local const char *own_last = "nothing";

/* ---- What is done about it ---- */

static void end_process(const char *what, const char *more)
{
    char line[160];
    own_switch = SWITCH_OFF;
    const int n = snprintf(line, sizeof line,
        "guard: %s%s on a thread that must never wait, after %s\n", what, more, own_last);
    (void)!write(STDERR_FILENO, line, (size_t)n);
    _exit(GUARD_EXIT);
}

static void forbid(const char *function)
{
    if (own_switch == SWITCH_ON)
        end_process(function, "()");
}

/* The likely ones by name; the others have their numbers. */
static const char *name_of(int system_call)
{
#define NAME(name)                                                                                 \
    {                                                                                              \
        SYS_##name, #name                                                                          \
    }
    static const struct {
        int number;
        const char *name;
    } names[] = {NAME(read), NAME(write), NAME(openat), NAME(close), NAME(ioctl), NAME(ppoll),
        NAME(futex), NAME(mmap), NAME(munmap), NAME(madvise), NAME(sched_yield), NAME(nanosleep),
        NAME(clock_nanosleep), NAME(sendto), NAME(sendmsg)};
#undef NAME
    static char number[16];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == system_call)
            return names[i].name;
    snprintf(number, sizeof number, "%d", system_call);
    return number;
}

static void on_system_call(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    own_switch = SWITCH_OFF;
    end_process("system call ", name_of(info->si_syscall));
}

/* ---- Stretches ---- */

void guard_this_thread(guard_leave_to allowed)
{
    const struct sigaction action = {
        .sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    own_switch = SWITCH_OFF;
    own_allowed = allowed;
    if (sigaction(SIGSYS, &action, NULL) != 0 ||
        prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &own_switch) != 0) {
        perror("guard: this kernel cannot stop the system calls of a thread (Linux 5.11 can)");
        exit(2);
    }
    is_guarded = true;
}

char guard_on(void)
{
    const char before = own_switch;
    if (is_guarded)
        own_switch = SWITCH_ON;
    return before;
}

static void note(const char *next)
{
    const unsigned n = atomic_load(&n_next);
    own_last = next;
    for (unsigned i = 0; i < n; i++)
        if (all_next[i] == next)
            return;
    if (n < N_NEXT_MAX) {
        all_next[n] = next;
        atomic_store(&n_next, n + 1);
    }
}

char guard_off(const char *next)
{
    const char before = own_switch;
    if (before == SWITCH_ON) {
        if (atomic_fetch_add(&n_stretches, 1) == INJECT_AT && injected)
            injected();
        note(next);
    }
    own_switch = SWITCH_OFF;
    return before;
}

void guard_restore(char before)
{
    own_switch = before;
}

unsigned guard_n_stretches(void)
{
    return atomic_load(&n_stretches);
}

const char *guard_next(unsigned index)
{
    return index < atomic_load(&n_next) ? all_next[index] : NULL;
}

/* ---- Faults that prove it ---- */

static void *volatile kept;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nobody_waits = PTHREAD_COND_INITIALIZER;

static void do_malloc(void)
{
    kept = malloc(16);
}

static void do_free(void)
{
    free(kept);
}

static void do_lock(void)
{
    pthread_mutex_lock(&free_lock);
}

static void do_signal(void)
{
    pthread_cond_signal(&nobody_waits);
}

static void do_open(void)
{
    (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void do_write(void)
{
    (void)!write(STDOUT_FILENO, "x", 1);
}

static void do_printf(void)
{
    printf("x%p", kept);
}

static void do_syslog(void)
{
    syslog(LOG_DEBUG, "x");
}

static void do_sleep(void)
{
    const struct timespec nap = {0, 1000};
    nanosleep(&nap, NULL);
}

static void do_poll(void)
{
    poll(NULL, 0, 0);
}

bool guard_inject(const char *fault)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } faults[] = {{"malloc", do_malloc}, {"free", do_free}, {"lock", do_lock},
        {"signal", do_signal}, {"open", do_open}, {"write", do_write}, {"printf", do_printf},
        {"syslog", do_syslog}, {"sleep", do_sleep}, {"poll", do_poll}};
    kept = malloc(16);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, fault) == 0)
            injected = faults[i].act;
    return injected != NULL;
}

/* ---- Functions that are replaced ---- */

/* The one that would have been called, found when it is first needed. */
#define REAL(name)                                                                                 \
    static __typeof__(&name) real;                                                                 \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

#define REPLACE(type, name, parameters, arguments)                                                 \
    type name parameters                                                                           \
    {                                                                                              \
        REAL(name);                                                                                \
        forbid(#name);                                                                             \
        return real arguments;                                                                     \
    }

#pragma GCC visibility push(default)
/* The C library's own, which dlsym may need. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n_items, size_t n);
void *__libc_realloc(void *old, size_t n);
void __libc_free(void *old);
void *__libc_memalign(size_t alignment, size_t n);
/* What fortified programs call. */
int __poll_chk(struct pollfd *polled, nfds_t n_polled, int timeout_ms, size_t n_bytes);
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);

void *malloc(size_t n)
{
    forbid("malloc");
    return __libc_malloc(n);
}

void *calloc(size_t n_items, size_t n)
{
    forbid("calloc");
    return __libc_calloc(n_items, n);
}

void *realloc(void *old, size_t n)
{
    forbid("realloc");
    return __libc_realloc(old, n);
}

void free(void *old)
{
    forbid("free");
    __libc_free(old);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    forbid("aligned_alloc");
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    forbid("posix_memalign");
    *out = __libc_memalign(alignment, n);
    return *out ? 0 : ENOMEM;
}

REPLACE(int, pthread_mutex_lock, (pthread_mutex_t * lock), (lock))
REPLACE(int, pthread_mutex_trylock, (pthread_mutex_t * lock), (lock))
REPLACE(int, pthread_mutex_unlock, (pthread_mutex_t * lock), (lock))
REPLACE(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
REPLACE(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
REPLACE(int, pthread_spin_lock, (pthread_spinlock_t * lock), (lock))
REPLACE(int, pthread_cond_signal, (pthread_cond_t * condition), (condition))
REPLACE(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
REPLACE(
    int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *lock), (condition, lock))
REPLACE(int, pthread_once, (pthread_once_t * once, void (*act)(void)), (once, act))
REPLACE(int, sem_wait, (sem_t * semaphore), (semaphore))
REPLACE(int, sem_post, (sem_t * semaphore), (semaphore))
REPLACE(int, mtx_lock, (mtx_t * lock), (lock))
REPLACE(FILE *, fopen, (const char *path, const char *mode), (path, mode))
REPLACE(
    size_t, fwrite, (const void *items, size_t size, size_t n, FILE *file), (items, size, n, file))
REPLACE(int, fputs, (const char *text, FILE *file), (text, file))
REPLACE(int, puts, (const char *text), (text))
REPLACE(int, fflush, (FILE * file), (file))

#define REPLACE_PRINTF(type, name, parameters, last, call)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        va_list arguments;                                                                         \
        forbid(#name);                                                                             \
        va_start(arguments, last);                                                                 \
        type result = call;                                                                        \
        va_end(arguments);                                                                         \
        return result;                                                                             \
    }
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wunused-parameter"
REPLACE_PRINTF(int, printf, (const char *format, ...), format, vprintf(format, arguments))
REPLACE_PRINTF(
    int, __printf_chk, (int flag, const char *format, ...), format, vprintf(format, arguments))
REPLACE_PRINTF(
    int, fprintf, (FILE * file, const char *format, ...), format, vfprintf(file, format, arguments))
REPLACE_PRINTF(int, __fprintf_chk, (FILE * file, int flag, const char *format, ...), format,
    vfprintf(file, format, arguments))

void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    forbid("syslog");
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    forbid("syslog");
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

int poll(struct pollfd *polled, nfds_t n_polled, int timeout_ms)
{
    REAL(poll);
    if (!own_allowed.poll)
        forbid("poll");
    const char before = guard_off("poll");
    const int n = real(polled, n_polled, timeout_ms);
    guard_restore(before);
    return n;
}

int __poll_chk(struct pollfd *polled, nfds_t n_polled, int timeout_ms, size_t n_bytes)
{
    return n_bytes < n_polled * sizeof *polled ? (abort(), -1) : poll(polled, n_polled, timeout_ms);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    REAL(clock_gettime);
    if (!own_allowed.clock)
        forbid("clock_gettime");
    const char before = own_switch;
    own_switch = SWITCH_OFF;
    const int status = real(clock, time);
    own_switch = before;
    return status;
}

typedef struct beginning {
    void *(*work)(void *);
    void *user;
    guard_leave_to allowed;
} beginning;

static void *begin_guarded(void *user)
{
    const beginning given = *(beginning *)user;
    free(user);
    guard_this_thread(given.allowed);
    guard_on();
    void *result = given.work(given.user);
    guard_off("its end");
    return result;
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *user)
{
    REAL(pthread_create);
    if (!new_threads_are_guarded)
        return real(thread, attributes, work, user);
    beginning *given = malloc(sizeof *given);
    if (!given)
        return ENOMEM;
    *given = (beginning){work, user, new_allowed};
    return real(thread, attributes, begin_guarded, given);
}
#pragma GCC visibility pop

void guard_new_threads_begin(guard_leave_to allowed)
{
    new_allowed = allowed;
    new_threads_are_guarded = true;
}

void guard_new_threads_end(void)
{
    new_threads_are_guarded = false;
}
