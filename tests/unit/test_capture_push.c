#include "capture/source.h"
#include "unit.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <voicepriv/capture.h>

/* Every frame offered carries its own number, so that the reader can check alone that each frame
 * and each gap is exactly where it belongs. */

static const vpriv_stream_format mono32 = {VPRIV_SAMPLE_S32, 8000, 1};

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static vpriv_source *open_push(vpriv_stream_format format, uint32_t buffer_ms)
{
    vpriv_source *source = NULL;
    ck_ok(vpriv_capture_push_open(&format, buffer_ms, &source));
    ck_ok(vpi_source_start(source));
    return source;
}

static void number_frames(uint8_t *frames, size_t frame_bytes, uint64_t first, size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++)
        for (size_t b = 0; b < frame_bytes; b++)
            frames[i * frame_bytes + b] = (uint8_t)((first + i) >> (b % 3 * 8));
}

static bool frames_are_numbered(
    const uint8_t *frames, size_t frame_bytes, uint64_t first, size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++)
        for (size_t b = 0; b < frame_bytes; b++)
            if (frames[i * frame_bytes + b] != (uint8_t)((first + i) >> (b % 3 * 8)))
                return false;
    return true;
}

typedef struct stream_check {
    vpriv_source *source;
    size_t frame_bytes;
    uint64_t n_offered, n_taken; /* the writer's */
    uint64_t at, n_lost, n_read; /* the reader's */
    unsigned n_gaps;
    bool end;
} stream_check;

static uint8_t offered[8000 * 32], received[8000 * 32];

static void offer(stream_check *check, size_t n_frames)
{
    size_t n_taken = SIZE_MAX;
    number_frames(offered, check->frame_bytes, check->n_offered, n_frames);
    ck_ok(vpriv_capture_push_write(check->source, offered, n_frames, &n_taken));
    ck_assert_uint_le(n_taken, n_frames);
    check->n_offered += n_frames;
    check->n_taken += n_taken;
}

static size_t receive(stream_check *check, size_t capacity)
{
    size_t n_read = 0;
    uint64_t n_lost = 0;
    ck_ok(vpi_source_read(check->source, received, capacity, &n_read, &n_lost, &check->end));
    ck_assert_uint_le(n_read, capacity);
    ck_assert(n_lost == 0 || n_read > 0 || check->end);
    check->at += n_lost;
    check->n_lost += n_lost;
    check->n_gaps += n_lost > 0;
    ck_assert_msg(frames_are_numbered(received, check->frame_bytes, check->at, n_read),
        "frames behind %llu are not what was written there", (unsigned long long)check->at);
    check->at += n_read;
    check->n_read += n_read;
    return n_read;
}

static void receive_all(stream_check *check)
{
    while (receive(check, 777) > 0)
        ;
}

START_TEST(push_frames_come_out_as_they_went_in)
{
    stream_check check = {.source = open_push(mono32, 0), .frame_bytes = 4};
    offer(&check, 100);
    offer(&check, 0);
    offer(&check, 1900);
    ck_assert_uint_eq(check.n_taken, 2000);
    receive_all(&check);
    ck_assert_uint_eq(check.n_read, 2000);
    ck_assert_uint_eq(check.n_gaps, 0);
    ck_assert(!check.end);
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_takes_what_fits_and_tells_one_gap_where_the_rest_was)
{
    stream_check check = {.source = open_push(mono32, 100), .frame_bytes = 4};
    const size_t space = vpriv_capture_push_space(check.source);
    ck_assert_uint_ge(space, 800);
    offer(&check, space + 11);
    ck_assert_uint_eq(check.n_taken, space);
    ck_assert_uint_eq(vpriv_capture_push_space(check.source), 0);
    offer(&check, 5);
    ck_assert_uint_eq(receive(&check, 10), 10);
    offer(&check, 4);
    /* The read ends before the gap, and the gap comes with the frames behind it. */
    receive(&check, 8000);
    ck_assert_uint_eq(check.n_read, space);
    ck_assert_uint_eq(check.n_lost, 0);
    ck_assert_uint_eq(receive(&check, 8000), 4);
    ck_assert_uint_eq(check.n_lost, 16);
    ck_assert_uint_eq(check.n_gaps, 1);
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_loss_at_the_very_end_is_told_once_with_the_end)
{
    stream_check check = {.source = open_push(mono32, 100), .frame_bytes = 4};
    const size_t space = vpriv_capture_push_space(check.source);
    offer(&check, space + 3);
    ck_ok(vpriv_capture_push_end(check.source));
    ck_ok(vpriv_capture_push_end(check.source));
    size_t n_taken = 99;
    ck_fails(vpriv_capture_push_write(check.source, offered, 1, &n_taken), VPRIV_E_STATE);
    ck_assert_uint_eq(n_taken, 99);
    ck_assert_uint_eq(vpriv_capture_push_space(check.source), 0);
    receive_all(&check);
    ck_assert(check.end);
    ck_assert_uint_eq(check.n_lost, 3);
    receive(&check, 10);
    ck_assert(check.end);
    ck_assert_uint_eq(check.at, check.n_offered);
    ck_assert_uint_eq(check.n_gaps, 1);
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_more_gaps_than_marks_merge_without_losing_count)
{
    stream_check check = {.source = open_push(mono32, 1000), .frame_bytes = 4};
    offer(&check, vpriv_capture_push_space(check.source));
    for (int i = 0; i < 1000; i++) {
        receive(&check, 1);
        offer(&check, 3);
    }
    ck_assert_uint_lt(check.n_taken, 8000 + 300);
    receive_all(&check);
    ck_assert_uint_ge(check.n_gaps, 250);
    ck_assert_uint_eq(vpriv_capture_push_space(check.source), 8000);
    offer(&check, 7);
    ck_ok(vpriv_capture_push_end(check.source));
    receive_all(&check);
    ck_assert_uint_eq(check.at, check.n_offered);
    ck_assert_uint_eq(check.n_read, check.n_taken);
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_space_promises_what_a_write_takes)
{
    stream_check check = {.source = open_push(mono32, 100), .frame_bytes = 4};
    random_state = 7;
    for (int i = 0; i < 20000; i++) {
        const size_t space = vpriv_capture_push_space(check.source);
        const size_t wanted = random_below(4);
        const uint64_t before = check.n_taken;
        offer(&check, wanted);
        ck_assert_uint_eq(check.n_taken - before, wanted < space ? wanted : space);
        if (random_below(2))
            receive(&check, 1 + random_below(3));
    }
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_random_patterns_lose_nothing_untold)
{
    static const vpriv_sample_format formats[] = {
        VPRIV_SAMPLE_S16, VPRIV_SAMPLE_S24, VPRIV_SAMPLE_S32, VPRIV_SAMPLE_F32};
    for (unsigned seed = 0; seed < 120; seed++) {
        random_state = seed;
        const vpriv_stream_format format = {
            formats[random_below(4)], 8000, 1 + random_below(VPRIV_CHANNELS_MAX)};
        stream_check check = {.source = open_push(format, 1 + random_below(200)),
            .frame_bytes = vpi_frame_bytes(&format)};
        const uint32_t write_max = 1 + random_below(600), read_max = 1 + random_below(600);
        for (int i = 0; i < 2000; i++) {
            if (random_below(2))
                offer(&check, random_below(write_max));
            else
                receive(&check, 1 + random_below(read_max));
        }
        ck_ok(vpriv_capture_push_end(check.source));
        receive_all(&check);
        ck_assert_msg(check.end && check.at == check.n_offered && check.n_read == check.n_taken,
            "seed %u", seed);
        vpriv_capture_close(check.source);
    }
}
END_TEST

static void *write_in_bursts(void *argument)
{
    stream_check *check = argument;
    uint64_t state = 12345;
    for (int i = 0; i < 60000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        offer(check, (size_t)(state >> 33) % 70);
        if ((state >> 20) % 16 == 0)
            sched_yield();
    }
    ck_ok(vpriv_capture_push_end(check->source));
    return NULL;
}

START_TEST(push_two_threads_lose_nothing_untold)
{
    /* write side and read side of the check are separate copies: no sharing but the source */
    stream_check writing = {.source = open_push(mono32, 50), .frame_bytes = 4};
    stream_check reading = writing;
    pthread_t writer;
    random_state = 99;
    ck_assert_int_eq(pthread_create(&writer, NULL, write_in_bursts, &writing), 0);
    while (!reading.end) {
        if (receive(&reading, 1 + random_below(200)) == 0 || random_below(8) == 0)
            sched_yield();
    }
    pthread_join(writer, NULL);
    ck_assert_uint_eq(reading.at, writing.n_offered);
    ck_assert_uint_eq(reading.n_read, writing.n_taken);
    vpriv_capture_close(reading.source);
}
END_TEST

START_TEST(push_stop_forgets_what_nobody_listened_to)
{
    stream_check check = {.source = open_push(mono32, 0), .frame_bytes = 4};
    offer(&check, 100);
    vpi_source_stop(check.source);
    size_t n_read = 0;
    uint64_t n_lost = 0;
    bool end = false;
    ck_fails(vpi_source_read(check.source, received, 10, &n_read, &n_lost, &end), VPRIV_E_STATE);
    offer(&check, 50);
    ck_ok(vpi_source_start(check.source));
    ck_fails(vpi_source_start(check.source), VPRIV_E_STATE);
    check.at = 150;
    offer(&check, 25);
    ck_assert_uint_eq(receive(&check, 8000), 25);
    ck_assert_uint_eq(check.n_lost, 0);
    vpriv_capture_close(check.source);
}
END_TEST

START_TEST(push_frames_given_before_the_first_start_are_kept)
{
    vpriv_source *source = NULL;
    ck_ok(vpriv_capture_push_open(&mono32, 0, &source));
    stream_check check = {.source = source, .frame_bytes = 4};
    offer(&check, 40);
    ck_ok(vpi_source_start(source));
    ck_assert_uint_eq(receive(&check, 8000), 40);
    vpriv_capture_close(source);
}
END_TEST

START_TEST(push_bad_arguments_are_refused)
{
    vpriv_source *source = NULL;
    const vpriv_stream_format bad[] = {
        {(vpriv_sample_format)0, 16000, 1},
        {(vpriv_sample_format)5, 16000, 1},
        {VPRIV_SAMPLE_S16, 7999, 1},
        {VPRIV_SAMPLE_S16, 192001, 1},
        {VPRIV_SAMPLE_S16, 16000, 0},
        {VPRIV_SAMPLE_S16, 16000, 9},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_fails(vpriv_capture_push_open(&bad[i], 0, &source), VPRIV_E_ARG);
    ck_fails(vpriv_capture_push_open(NULL, 0, &source), VPRIV_E_ARG);
    ck_fails(vpriv_capture_push_open(&mono32, 0, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_capture_push_open(&mono32, VPRIV_PUSH_BUFFER_MAX_MS + 1, &source), VPRIV_E_ARG);
    ck_assert_ptr_null(source);

    ck_ok(vpriv_capture_push_open(&mono32, 0, &source));
    size_t n_taken = 5;
    ck_fails(vpriv_capture_push_write(NULL, offered, 1, &n_taken), VPRIV_E_ARG);
    ck_fails(vpriv_capture_push_write(source, NULL, 1, &n_taken), VPRIV_E_ARG);
    ck_fails(vpriv_capture_push_write(source, offered, 1, NULL), VPRIV_E_ARG);
    ck_assert_uint_eq(n_taken, 5);
    ck_assert_uint_eq(vpriv_capture_push_space(NULL), 0);
    ck_fails(vpriv_capture_push_end(NULL), VPRIV_E_ARG);
    vpriv_stream_format format;
    ck_fails(vpriv_capture_format(NULL, &format), VPRIV_E_ARG);
    ck_fails(vpriv_capture_format(source, NULL), VPRIV_E_ARG);
    ck_ok(vpriv_capture_format(source, &format));
    ck_assert_uint_eq(format.rate_hz, 8000);
    ck_assert(vpi_source_total_frames(source) == VPI_FRAMES_UNKNOWN);
    ck_assert_str_eq(vpriv_capture_name(source), "push");
    size_t n_read;
    uint64_t n_lost;
    bool end;
    ck_ok(vpi_source_start(source));
    ck_fails(vpi_source_read(source, received, 0, &n_read, &n_lost, &end), VPRIV_E_ARG);
    ck_fails(vpi_source_read(source, NULL, 1, &n_read, &n_lost, &end), VPRIV_E_ARG);
    vpriv_capture_close(source);
    vpriv_capture_close(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_push");
    TCase *tests = tcase_create("push");
    tcase_add_test(tests, push_frames_come_out_as_they_went_in);
    tcase_add_test(tests, push_takes_what_fits_and_tells_one_gap_where_the_rest_was);
    tcase_add_test(tests, push_loss_at_the_very_end_is_told_once_with_the_end);
    tcase_add_test(tests, push_more_gaps_than_marks_merge_without_losing_count);
    tcase_add_test(tests, push_space_promises_what_a_write_takes);
    tcase_add_test(tests, push_random_patterns_lose_nothing_untold);
    tcase_add_test(tests, push_two_threads_lose_nothing_untold);
    tcase_add_test(tests, push_stop_forgets_what_nobody_listened_to);
    tcase_add_test(tests, push_frames_given_before_the_first_start_are_kept);
    tcase_add_test(tests, push_bad_arguments_are_refused);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
