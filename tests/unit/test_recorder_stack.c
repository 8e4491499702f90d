/* What libopus and the rest leave on stacks (P14). Threads of ours: nothing reaches below the part that
 * is locked, with the encoding that goes deepest. Threads of somebody else's: the calls that encode
 * or decode leave nothing below them. Each of these runs on a stack of its own, once with the wipe kept from
 * happening, which shows what would be left, and once as it is. */
#include "base/thread.h"
#include "household.h"
#include "waiting.h"
#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define RATE        48000
#define PUSHED_MS   200
#define N_PUSHED    ((size_t)RATE * PUSHED_MS / 1000 * 2) /* samples */
#define STACK_BYTES ((size_t)1 << 20)
#define N_WORDS     (STACK_BYTES / sizeof(uint64_t))
#define SLACK_WORDS 32 /* of the wipe itself: what it saves, and its own return addresses */

/* Sanitizers make mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANNOT_LOCK true
#elif defined(__has_feature)
#define CANNOT_LOCK __has_feature(thread_sanitizer)
#else
#define CANNOT_LOCK false
#endif

/* The linker puts these in the place of libsodium's and of our own (see recorder.mk). */
void __real_sodium_stackzero(size_t n_bytes);
void __wrap_sodium_stackzero(size_t n_bytes);
uint32_t __wrap_vpi_bulk_processors(void);
static pthread_t caller;
static bool is_kept_from_wiping;
static uintptr_t wiped_below;
static size_t wiped_bytes;

void __wrap_sodium_stackzero(size_t n_bytes)
{
    if (pthread_equal(pthread_self(), caller)) {
        wiped_below = (uintptr_t)__builtin_frame_address(0);
        wiped_bytes = n_bytes;
        if (is_kept_from_wiping)
            return;
    }
    __real_sodium_stackzero(n_bytes);
}

static uint32_t n_processors = 2;

uint32_t __wrap_vpi_bulk_processors(void)
{
    return n_processors;
}

static household h;
static float *speech;
static size_t n_speech;
static uint64_t *stack;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    speech = household_speech(&n_speech);
    stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(stack != MAP_FAILED);
    caller = pthread_self();
    is_kept_from_wiping = false;
}

static void tear_down(void)
{
    household_close(&h);
    free(speech);
    munmap(stack, STACK_BYTES);
}

/* Found by trying all of them: at a low rate the encoder changes its mind between packets, and makes
 * both kinds. */
static vpriv_recorder_config deepest_config(void)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.confirm_ms = 60000;
    config.no_high_pass = true;
    config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding,
        .rate_hz = RATE,
        .n_channels = 2,
        .packet_us = 60000,
        .complexity_plus_one = 11,
        .bitrate_bps = 12000};
    return config;
}

/* Speech and noise by turns. */
static void push(vpriv_source *source, int n_times)
{
    static float frames[N_PUSHED];
    static size_t at;
    static uint32_t seed = 1;
    for (int k = 0; k < n_times; k++) {
        size_t n_taken = 0;
        for (size_t i = 0; i < N_PUSHED; i++) {
            seed = seed * 1664525u + 1013904223u;
            frames[i] = k % 3 == 2 ? (float)(int32_t)seed / 4294967296.0f : speech[at++ % n_speech];
        }
        while (vpriv_capture_push_space(source) < N_PUSHED / 2)
            nap(1);
        ck_ok(vpriv_capture_push_write(source, frames, N_PUSHED / 2, &n_taken));
        ck_assert_uint_eq(n_taken, N_PUSHED / 2);
    }
}

static vpriv_recorder *open_recorder(vpriv_source **source_out)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, RATE, 2};
    const vpriv_recorder_config config = deepest_config();
    vpriv_recorder *recorder = NULL;
    ck_ok(vpriv_capture_push_open(&format, 2000, source_out));
    ck_ok(vpriv_recorder_open(h.vault, *source_out, &config, &recorder));
    return recorder;
}

static void close_recorder(vpriv_recorder *recorder, vpriv_source *source)
{
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
}

/* ---- Threads of ours ---- */

/* Stacks of ours in this process, by the size of the part that is not locked; how much of that was
 * ever touched. */
static size_t count_stacks(long *touched_kib_out)
{
    char line[512];
    size_t n_stacks = 0;
    long kib = 0;
    bool is_one = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(maps);
    *touched_kib_out = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long a = 0, b = 0;
        if (isxdigit((unsigned char)line[0]) && sscanf(line, "%lx-%lx rw", &a, &b) == 2)
            is_one = b - a == VPI_THREAD_STACK_BYTES - VPI_THREAD_LOCKED_BYTES;
        else if (is_one && sscanf(line, "Rss: %ld", &kib) == 1)
            *touched_kib_out += kib;
        else if (is_one && strncmp(line, "VmFlags:", 8) == 0)
            n_stacks += strstr(line, " dd") && !strstr(line, " lo");
    }
    fclose(maps);
    return n_stacks;
}

/* _i: in a hub */
START_TEST(workers_stay_in_the_part_that_is_locked)
{
    vpriv_source *source = NULL;
    vpriv_hub *hub = NULL;
    long touched_kib = 0;
    vpriv_recorder *recorder = open_recorder(&source);
    ck_ok(vpriv_hub_open(h.vault, NULL, &hub));
    if (_i)
        ck_ok(vpriv_hub_start(hub, recorder));
    else
        ck_ok(vpriv_recorder_start(recorder));
    push(source, 5);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(recorder));
    push(source, 30);
    nap(300);
    ck_assert_uint_eq(count_stacks(&touched_kib), _i ? 2 : 3);
    ck_assert_int_eq(touched_kib, 0);
    close_recorder(recorder, source);
    vpriv_hub_close(hub);
    ck_assert_uint_eq(count_stacks(&touched_kib), 0);
}
END_TEST

static bool use_much_stack(void *user, uint64_t done_us, uint64_t total_us)
{
    volatile uint8_t room[VPI_THREAD_LOCKED_BYTES];
    (void)done_us, (void)total_us;
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 1;
    atomic_store((_Atomic bool *)user, room[0] == 1);
    return true;
}

START_TEST(callbacks_may_go_deeper)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, RATE, 2};
    vpriv_recorder_config config = deepest_config();
    vpriv_recorder *recorder = NULL;
    vpriv_source *source = NULL;
    _Atomic bool was_told = false;
    long touched_kib = 0;
    config.progress = use_much_stack;
    config.progress_user = &was_told;
    ck_ok(vpriv_capture_push_open(&format, 2000, &source));
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
    push(source, 2);
    while (!atomic_load(&was_told))
        nap(1);
    ck_assert_uint_eq(count_stacks(&touched_kib), 1);
    ck_assert_int_gt(touched_kib, 0); /* so it can be seen */
    close_recorder(recorder, source);
}
END_TEST

/* ---- Somebody else's ---- */

static vpriv_recorder *at_hand;
static vpriv_status status; /* checked later: Check would write to the stack */

static void trigger(void)
{
    status = vpriv_recorder_trigger(at_hand, &household_button);
}

static void stop(void)
{
    status = vpriv_recorder_stop(at_hand, NULL);
}

static void run_it(void)
{
    status = vpriv_recorder_run(at_hand, &household_button, NULL);
}

static vpriv_reader *reader;

static void read_it(void)
{
    static float pcm[2 * RATE];
    size_t n_read = 0;
    status = vpriv_gate_read_frames(reader, pcm, RATE, &n_read);
}

/* Words that are not zero, below the wipe's own. */
static size_t run_on_stack(void (*call)(void), bool keep_from_wiping)
{
    ucontext_t here, there;
    size_t n_left = 0;
    memset(stack, 0, STACK_BYTES);
    is_kept_from_wiping = keep_from_wiping;
    wiped_bytes = 0;
    ck_assert_int_eq(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, call, 0);
    ck_assert_int_eq(swapcontext(&here, &there), 0);
    is_kept_from_wiping = false;
    ck_ok(status);
    ck_assert_uint_gt(wiped_bytes, 0);
    const size_t n_below = (wiped_below - (uintptr_t)stack) / sizeof *stack;
    const size_t n_deepest = n_below - wiped_bytes / sizeof *stack;
    ck_assert_uint_lt(n_below, N_WORDS);
    for (size_t i = 0; i < n_below - SLACK_WORDS; i++)
        if (i < n_deepest - 2 * SLACK_WORDS || i > n_deepest)
            n_left += stack[i] != 0;
    return n_left;
}

START_TEST(calls_that_encode_leave_nothing_on_the_callers_stack)
{
    void (*const calls[])(void) = {trigger, stop, run_it};
    static const char *const names[] = {"trigger", "stop", "run"};
    for (int kept = 1; kept >= 0; kept--) {
        for (int i = 0; i < 3; i++) {
            vpriv_source *source = NULL;
            at_hand = open_recorder(&source);
            if (i < 2)
                ck_ok(vpriv_recorder_start(at_hand));
            push(source, 5);
            while (i < 2 && vpriv_capture_push_space(source) < 2 * RATE)
                nap(1);
            nap(20);
            if (i == 1) {
                ck_ok(vpriv_recorder_trigger(at_hand, &household_button));
                ck_ok(vpriv_recorder_confirm(at_hand));
                push(source, 5);
            } else if (i == 2) {
                ck_ok(vpriv_capture_push_end(source));
            }
            const size_t n_left = run_on_stack(calls[i], kept);
            ck_assert_msg(kept ? n_left > 1000 : n_left == 0, "%s, %s: %zu words are left",
                names[i], kept ? "without the wipe" : "wiped", n_left);
            close_recorder(at_hand, source);
        }
    }
}
END_TEST

START_TEST(reading_leaves_nothing_on_the_callers_stack)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "test"};
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_source *source = NULL;
    at_hand = open_recorder(&source);
    push(source, 9);
    ck_ok(vpriv_capture_push_end(source));
    ck_ok(vpriv_recorder_run(at_hand, &household_button, &outcome));
    close_recorder(at_hand, source);
    for (int kept = 1; kept >= 0; kept--) {
        ck_ok(vpriv_gate_open(h.vault, h.keyring, &outcome.recording, &request, &reader));
        const size_t n_left = run_on_stack(read_it, kept);
        ck_assert_msg(kept ? n_left > 1000 : n_left == 0, "%s: %zu words are left",
            kept ? "without the wipe" : "wiped", n_left);
        vpriv_gate_close(reader);
    }
}
END_TEST

/* However many processors: their stacks must leave room for the recorders. */
START_TEST(hub_has_four_workers_at_most_unless_asked)
{
    const vpriv_hub_config six = {.struct_size = sizeof six, .n_workers = 6};
    static const uint32_t processors[] = {1, 3, 64}, wanted[] = {1, 3, 4};
    vpriv_hub *hub = NULL;
    long touched_kib = 0;
    for (int i = 0; i < 3; i++) {
        n_processors = processors[i];
        ck_ok(vpriv_hub_open(h.vault, NULL, &hub));
        ck_assert_uint_eq(count_stacks(&touched_kib), wanted[i]);
        vpriv_hub_close(hub);
    }
    ck_ok(vpriv_hub_open(h.vault, &six, &hub));
    ck_assert_uint_eq(count_stacks(&touched_kib), 6);
    vpriv_hub_close(hub);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: stacks");
    TCase *tests = tcase_create("stacks");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    if (!CANNOT_LOCK) { /* the stacks are known by what is locked */
        tcase_add_loop_test(tests, workers_stay_in_the_part_that_is_locked, 0, 2);
        tcase_add_test(tests, callbacks_may_go_deeper);
        tcase_add_test(tests, hub_has_four_workers_at_most_unless_asked);
    }
    tcase_add_test(tests, calls_that_encode_leave_nothing_on_the_callers_stack);
    tcase_add_test(tests, reading_leaves_nothing_on_the_callers_stack);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
