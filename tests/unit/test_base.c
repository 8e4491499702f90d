#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/ring.h"
#include "base/try.h"
#include "unit.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

START_TEST(status_every_code_has_its_own_text)
{
    for (int a = VPRIV_OK; a >= VPRIV_E_CANCELLED; a--) {
        ck_assert_str_ne(vpriv_status_text((vpriv_status)a), "unknown status");
        for (int b = a - 1; b >= VPRIV_E_CANCELLED; b--)
            ck_assert_str_ne(
                vpriv_status_text((vpriv_status)a), vpriv_status_text((vpriv_status)b));
    }
    ck_assert_str_eq(vpriv_status_text((vpriv_status)-1000), "unknown status");
}
END_TEST

static vpriv_status forgotten_branch(bool fail)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(VPRIV_OK);
    VPI_ENSURE(!fail, VPRIV_E_ARG, "asked to fail at %d", 7);
    if (!fail)
        goto out; /* before the last line: still a failure */
    st = VPRIV_OK;
out:
    return st;
}

START_TEST(try_leaving_early_is_a_failure)
{
    ck_assert_int_eq(forgotten_branch(false), VPRIV_E_INTERNAL);
    ck_assert_int_eq(forgotten_branch(true), VPRIV_E_ARG);
    ck_assert_str_eq(vpriv_error_detail(), "asked to fail at 7");
}
END_TEST

START_TEST(bytes_round_trip_and_stick_at_the_end)
{
    uint8_t data[64];
    vpi_writer w = vpi_writer_of(data, sizeof data);
    vpi_put_u8(&w, 0xa1);
    vpi_put_u16(&w, 0xb2c3);
    vpi_put_u32(&w, 0xd4e5f607u);
    vpi_put_u64(&w, 0x1122334455667788u);
    vpi_put_i64(&w, -5);
    vpi_put_text(&w, "Guten Tag");
    const size_t used = vpi_writer_used(&w);
    vpi_put_zeros_to(&w, sizeof data);
    ck_ok(vpi_writer_finish(&w, "row"));
    vpi_put_u8(&w, 1);
    ck_fails(vpi_writer_finish(&w, "row"), VPRIV_E_LIMIT);

    char text[16];
    vpi_reader r = vpi_reader_of(data, used);
    ck_assert_uint_eq(vpi_get_u8(&r), 0xa1);
    ck_assert_uint_eq(vpi_get_u16(&r), 0xb2c3);
    ck_assert_uint_eq(vpi_get_u32(&r), 0xd4e5f607u);
    ck_assert(vpi_get_u64(&r) == 0x1122334455667788u);
    ck_assert(vpi_get_i64(&r) == -5);
    vpi_get_text(&r, text, sizeof text);
    ck_assert_str_eq(text, "Guten Tag");
    ck_ok(vpi_reader_finish(&r, "row"));
    ck_assert_uint_eq(vpi_get_u32(&r), 0);
    ck_fails(vpi_reader_finish(&r, "row"), VPRIV_E_FORMAT);
}
END_TEST

START_TEST(bytes_every_truncation_is_refused)
{
    uint8_t data[32];
    vpi_writer w = vpi_writer_of(data, sizeof data);
    vpi_put_u32(&w, 7);
    vpi_put_text(&w, "abc");
    for (size_t n = 0; n <= vpi_writer_used(&w) + 1; n++) {
        char text[8];
        vpi_reader r = vpi_reader_of(data, n);
        vpi_get_u32(&r);
        vpi_get_text(&r, text, sizeof text);
        ck_assert_int_eq(vpi_reader_finish(&r, "row") == VPRIV_OK, n == vpi_writer_used(&w));
    }
}
END_TEST

START_TEST(bytes_text_with_nul_or_too_long_is_refused)
{
    const uint8_t nul[] = {3, 0, 'a', 0, 'b'};
    const uint8_t longer[] = {4, 0, 'a', 'b', 'c', 'd'};
    char text[4];
    vpi_reader r = vpi_reader_of(nul, sizeof nul);
    vpi_get_text(&r, text, sizeof text);
    ck_fails(vpi_reader_finish(&r, "text"), VPRIV_E_FORMAT);
    r = vpi_reader_of(longer, sizeof longer);
    vpi_get_text(&r, text, sizeof text);
    ck_fails(vpi_reader_finish(&r, "text"), VPRIV_E_FORMAT);
    ck_assert_str_eq(text, "");
}
END_TEST

/* AddressSanitizer answers mlock() itself and locks nothing. */
#if defined(__SANITIZE_ADDRESS__)
#define MLOCK_WORKS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MLOCK_WORKS false
#endif
#endif
#ifndef MLOCK_WORKS
#define MLOCK_WORKS true
#endif

START_TEST(memory_is_locked_and_left_out_of_dumps)
{
    uint8_t *secret = NULL;
    ck_ok(vpi_secret_alloc(5000, (void **)&secret));
    for (size_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(secret[i], 0);

    char line[512];
    bool in_range = false, seen_flags = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            in_range = from <= (unsigned long)secret && (unsigned long)secret < to;
        else if (in_range && strncmp(line, "VmFlags:", 8) == 0) {
            ck_assert_msg(!MLOCK_WORKS || strstr(line, " lo") != NULL, "not locked: %s", line);
            ck_assert_msg(strstr(line, " dd") != NULL, "would be dumped: %s", line);
            seen_flags = true;
        }
    }
    fclose(maps);
    ck_assert(seen_flags);
    vpi_secret_free(secret);
}
END_TEST

#define COPIED_BYTES 960

static void do_nothing(int number)
{
    (void)number;
}

/* Where the kernel puts a thread's registers for a signal, as it does for a core dump. */
static size_t pattern_in_registers(uint8_t *frame, size_t n_bytes)
{
    size_t n_found = 0;
    memset(frame, 0, n_bytes);
    if (raise(SIGUSR1) != 0)
        return n_bytes;
    for (size_t i = 0; i + 8 <= n_bytes; i++)
        n_found += frame[i] >= 0xb0 && frame[i + 1] == frame[i] + 1 && frame[i + 7] == frame[i] + 7;
    return n_found;
}

START_TEST(memory_that_was_copied_is_not_in_registers)
{
    static uint8_t frame[1u << 16];
    const stack_t stack = {.ss_sp = frame, .ss_size = sizeof frame};
    const struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_ONSTACK};
    uint8_t *from = malloc(COPIED_BYTES), *to = malloc(COPIED_BYTES);
    volatile size_t n_bytes = COPIED_BYTES; /* for memcpy, not for the compiler */
    vpi_ring *ring = NULL;
    ck_ok(vpi_ring_create(COPIED_BYTES, &ring));
    ck_assert_int_eq(sigaltstack(&stack, NULL), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    for (size_t i = 0; i < COPIED_BYTES; i++)
        from[i] = (uint8_t)(0xb0 + i % 64);
    (void)pattern_in_registers(frame, sizeof frame); /* what is linked late is linked now */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    memcpy(to, from, n_bytes);
    ck_assert_uint_gt(pattern_in_registers(frame, sizeof frame), 0);
#endif
    memcpy(to, from, n_bytes);
    vpi_wipe_registers();
    ck_assert_uint_eq(pattern_in_registers(frame, sizeof frame), 0);
    ck_assert(vpi_ring_write(ring, from, n_bytes));
    ck_assert_uint_eq(pattern_in_registers(frame, sizeof frame), 0);
    ck_assert_int_eq(memcmp(from, to, COPIED_BYTES), 0);
    vpi_ring_destroy(ring);
    free(from);
    free(to);
}
END_TEST

START_TEST(ring_wraps_wipes_and_refuses_when_full)
{
    vpi_ring *ring = NULL;
    uint8_t in[64], out[64];
    ck_ok(vpi_ring_create(64, &ring));
    for (int round = 0; round < 100; round++) {
        memset(in, round, sizeof in);
        ck_assert(vpi_ring_write(ring, in, 40));
        ck_assert(!vpi_ring_write(ring, in, 25));
        ck_assert_uint_eq(vpi_ring_space(ring), 24);
        const size_t n_skipped = (size_t)round % 40;
        memset(in, ~round, n_skipped); /* what is skipped is not given */
        ck_assert_uint_eq(vpi_ring_read(ring, NULL, n_skipped), n_skipped);
        ck_assert_uint_eq(vpi_ring_read(ring, out, sizeof out), 40 - n_skipped);
        ck_assert_mem_eq(out, in + n_skipped, 40 - n_skipped);
        ck_assert_uint_eq(vpi_ring_filled(ring), 0);
    }
    vpi_ring_destroy(ring);
}
END_TEST

#define STREAM_BYTES (1u << 20)

static void *write_stream(void *user)
{
    vpi_ring *ring = user;
    for (uint32_t at = 0; at < STREAM_BYTES;) {
        uint8_t chunk[97];
        const uint32_t n = 1 + (at * 31 % 97);
        for (uint32_t i = 0; i < n; i++)
            chunk[i] = (uint8_t)((at + i) * 2654435761u >> 24);
        if (vpi_ring_write(ring, chunk, n))
            at += n;
        else
            sched_yield();
    }
    return NULL;
}

START_TEST(ring_two_threads_lose_and_reorder_nothing)
{
    vpi_ring *ring = NULL;
    pthread_t writer;
    ck_ok(vpi_ring_create(1024, &ring));
    ck_assert_int_eq(pthread_create(&writer, NULL, write_stream, ring), 0);
    for (uint32_t at = 0; at < STREAM_BYTES;) {
        uint8_t chunk[61];
        const size_t n = vpi_ring_read(ring, chunk, sizeof chunk);
        if (n == 0)
            sched_yield();
        for (size_t i = 0; i < n; i++, at++)
            ck_assert_uint_eq(chunk[i], (uint8_t)(at * 2654435761u >> 24));
    }
    pthread_join(writer, NULL);
    vpi_ring_destroy(ring);
}
END_TEST

static int64_t fixed_time(void *user)
{
    return *(int64_t *)user;
}

START_TEST(clock_never_runs_backwards)
{
    int64_t system = 1000;
    vpi_clock clock = {fixed_time, &system, 0};
    ck_assert_int_eq(vpi_clock_now_us(&clock), 1000);
    system = 500;
    ck_assert_int_eq(vpi_clock_now_us(&clock), 1000);
    system = 1500;
    ck_assert_int_eq(vpi_clock_now_us(&clock), 1500);
    system = VPI_YEAR_2401_US;
    ck_assert_int_eq(vpi_clock_now_us(&clock), 1500);
    system = INT64_MIN;
    ck_assert_int_eq(vpi_clock_now_us(&clock), 1500);
    system = VPI_YEAR_2401_US - 1;
    ck_assert_int_eq(vpi_clock_now_us(&clock), VPI_YEAR_2401_US - 1);
}
END_TEST

START_TEST(clock_parses_formats_and_adds_months)
{
    static const struct {
        const char *text, *formatted;
    } good[] = {
        {"1970-01-01", "1970-01-01T00:00:00Z"},
        {"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
        {"2026-11-22T08:30:00+01:00", "2026-11-22T07:30:00Z"},
        {"2400-12-31T00:00:00-23:59", "2400-12-31T23:59:00Z"},
    };
    static const char *const bad[] = {"", "2026", "2026-13-01", "2026-02-29", "1969-12-31",
        "2401-01-01", "2026-11-22T08:30:00", "2026-11-22 08:30:00Z", "2026-11-22T24:00:00Z",
        "2026-11-22T08:30:00Zx", "-026-01-01", "2026-11-22T08:30:00+24:00"};
    char text[VPI_TIME_TEXT_BYTES];
    int64_t t = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_ok(vpi_time_parse(good[i].text, &t));
        vpi_time_format(t, text);
        ck_assert_str_eq(text, good[i].formatted);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_fails(vpi_time_parse(bad[i], &t), VPRIV_E_ARG);
    ck_ok(vpi_time_parse("2026-01-31T10:00:00Z", &t));
    vpi_time_format(vpi_time_add_months_us(t, 1), text);
    ck_assert_str_eq(text, "2026-02-28T10:00:00Z");
    vpi_time_format(vpi_time_add_months_us(t, 36), text);
    ck_assert_str_eq(text, "2029-01-31T10:00:00Z");
    vpi_time_format(vpi_time_add_months_us(t, -11), text);
    ck_assert_str_eq(text, "2025-02-28T10:00:00Z");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tests = tcase_create("base");
    tcase_add_test(tests, status_every_code_has_its_own_text);
    tcase_add_test(tests, try_leaving_early_is_a_failure);
    tcase_add_test(tests, bytes_round_trip_and_stick_at_the_end);
    tcase_add_test(tests, bytes_every_truncation_is_refused);
    tcase_add_test(tests, bytes_text_with_nul_or_too_long_is_refused);
    tcase_add_test(tests, memory_is_locked_and_left_out_of_dumps);
    tcase_add_test(tests, memory_that_was_copied_is_not_in_registers);
    tcase_add_test(tests, ring_wraps_wipes_and_refuses_when_full);
    tcase_add_test(tests, ring_two_threads_lose_and_reorder_nothing);
    tcase_add_test(tests, clock_never_runs_backwards);
    tcase_add_test(tests, clock_parses_formats_and_adds_months);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
