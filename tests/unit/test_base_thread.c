/* The stack of a thread that forgets (P14), as the kernel sees it: locked at the top, left out of core
 * dumps altogether, a guard page below, wiped when it is given back. */
#include "base/thread.h"
#include "unit.h"
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Sanitizers make mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANNOT_LOCK true
#elif defined(__has_feature)
#define CANNOT_LOCK __has_feature(thread_sanitizer)
#else
#define CANNOT_LOCK false
#endif

/* ---- In the place of others (see base.mk) ---- */

int __real_sodium_mlock(void *memory, size_t n_bytes);
int __wrap_sodium_mlock(void *memory, size_t n_bytes);
int __real_munmap(void *memory, size_t n_bytes);
int __wrap_munmap(void *memory, size_t n_bytes);
int __real_madvise(void *memory, size_t n_bytes, int advice);
int __wrap_madvise(void *memory, size_t n_bytes, int advice);
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);

static bool refuses_lock, refuses_advice, refuses_thread;
static size_t n_created, n_given_back, n_words_left;

int __wrap_sodium_mlock(void *memory, size_t n_bytes)
{
    if (!refuses_lock)
        return __real_sodium_mlock(memory, n_bytes);
    errno = ENOMEM;
    return -1;
}

int __wrap_madvise(void *memory, size_t n_bytes, int advice)
{
    return refuses_advice ? -1 : __real_madvise(memory, n_bytes, advice);
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user)
{
    n_created++;
    return refuses_thread ? EAGAIN : __real_pthread_create(thread, attributes, run, user);
}

/* What is left where sound may have been, before it is the kernel's again. */
int __wrap_munmap(void *memory, size_t n_bytes)
{
    if (n_bytes > VPI_THREAD_STACK_BYTES) {
        const uint64_t *end = (const uint64_t *)(void *)((uint8_t *)memory + n_bytes);
        n_given_back++;
        for (size_t i = 1; i <= VPI_THREAD_LOCKED_BYTES / sizeof *end; i++)
            n_words_left += end[-(ptrdiff_t)i] != 0;
    }
    return __real_munmap(memory, n_bytes);
}

/* ---- The kernel's word ---- */

typedef struct area {
    uintptr_t from, to;
    bool can_be_read, is_locked, is_dumped;
} area;

/* The area this address lies in; none is from 0 to 0. */
static area area_of(uintptr_t address)
{
    area found = {0, 0, false, false, true};
    char line[512], rights[8];
    bool here = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long a = 0, b = 0;
        if (isxdigit((unsigned char)line[0]) && sscanf(line, "%lx-%lx %7s", &a, &b, rights) == 3) {
            here = a <= address && address < b;
            if (here)
                found = (area){a, b, rights[0] == 'r', false, true};
        } else if (here && strncmp(line, "VmFlags:", 8) == 0) {
            found.is_locked = strstr(line, " lo");
            found.is_dumped = !strstr(line, " dd");
        }
    }
    fclose(maps);
    return found;
}

static void *look(void *user)
{
    area *areas = user;
    areas[0] = area_of((uintptr_t)&areas);
    areas[1] = area_of(areas[0].from - 1);
    areas[2] = area_of(areas[1].from - 1);
    return NULL;
}

START_TEST(stack_is_locked_at_its_top_and_not_dumped_anywhere)
{
    area areas[3];
    vpi_thread thread;
    ck_ok(vpi_thread_start(&thread, look, areas));
    vpi_thread_join(&thread);
    const area *stack = CANNOT_LOCK ? &areas[0] : &areas[1], *guard = stack + 1;
    ck_assert(!areas[0].is_dumped && !stack->is_dumped && !guard->is_dumped);
    ck_assert(areas[0].can_be_read && stack->can_be_read && !guard->can_be_read);
    ck_assert_uint_eq(areas[0].to - stack->from, VPI_THREAD_STACK_BYTES);
    ck_assert(CANNOT_LOCK || areas[0].is_locked);
    ck_assert_uint_ge(areas[0].to - areas[0].from, VPI_THREAD_LOCKED_BYTES);
}
END_TEST

/* Deeper and deeper, in steps of a page. */
static uint64_t go_down(size_t n_bytes)
{
    volatile uint8_t page[4096];
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = (uint8_t)(i | 1);
    const uint64_t deeper = n_bytes < sizeof page ? 0 : go_down(n_bytes - sizeof page);
    return deeper + page[n_bytes % sizeof page];
}

static void *use_stack(void *user)
{
    (void)go_down(*(const size_t *)user);
    return NULL;
}

START_TEST(stack_is_wiped_before_it_is_given_back)
{
    const size_t n_bytes = 60u << 10;
    vpi_thread thread;
    ck_ok(vpi_thread_start(&thread, use_stack, (void *)(uintptr_t)&n_bytes));
    ck_assert_ptr_nonnull(thread.memory);
    vpi_thread_join(&thread);
    ck_assert_ptr_null(thread.memory);
    ck_assert_uint_eq(n_given_back, 1);
    ck_assert_uint_eq(n_words_left, 0);
    vpi_thread_join(&thread); /* of none: nothing */
    ck_assert_uint_eq(n_given_back, 1);
}
END_TEST

START_TEST(stack_has_room_for_callbacks_of_others)
{
    const size_t n_bytes = 900u << 10;
    vpi_thread thread;
    ck_ok(vpi_thread_start(&thread, use_stack, (void *)(uintptr_t)&n_bytes));
    vpi_thread_join(&thread);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
START_TEST(running_out_of_stack_meets_the_guard)
{
    const size_t n_bytes = 1100u << 10;
    vpi_thread thread;
    if (vpi_thread_start(&thread, use_stack, (void *)(uintptr_t)&n_bytes) == VPRIV_OK)
        vpi_thread_join(&thread);
}
END_TEST
#endif

/* _i: what is refused */
START_TEST(nothing_runs_on_a_stack_that_could_be_seen)
{
    static const char *const words[] = {"cannot lock", "cannot be guarded", "could not be started"};
    area areas[3];
    vpi_thread thread;
    bool *const refusals[] = {&refuses_lock, &refuses_advice, &refuses_thread};
    *refusals[_i] = true;
    ck_fails(vpi_thread_start(&thread, look, areas), VPRIV_E_MEMORY);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), words[_i]));
    ck_assert_uint_eq(n_created, _i == 2);
    ck_assert_ptr_null(thread.memory);
    ck_assert_uint_eq(n_given_back, 1);
    *refusals[_i] = false;
    ck_ok(vpi_thread_start(&thread, look, areas));
    vpi_thread_join(&thread);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: threads");
    TCase *tests = tcase_create("threads");
    tcase_add_test(tests, stack_is_locked_at_its_top_and_not_dumped_anywhere);
    tcase_add_test(tests, stack_is_wiped_before_it_is_given_back);
    tcase_add_test(tests, stack_has_room_for_callbacks_of_others);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    tcase_add_test_raise_signal(tests, running_out_of_stack_meets_the_guard, SIGSEGV);
#endif
    tcase_add_loop_test(tests, nothing_runs_on_a_stack_that_could_be_seen, 0, 3);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
