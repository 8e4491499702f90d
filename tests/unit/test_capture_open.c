#include "capture/backend.h"
#include "capture/source.h"
#include "config.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"

static vpriv_source *source;

START_TEST(open_knows_files_by_their_kind)
{
    vpriv_stream_format format;
    ck_ok(vpriv_capture_open("file:" VOICE, NULL, &source));
    ck_assert_str_eq(vpriv_capture_name(source), "file");
    ck_ok(vpriv_capture_format(source, &format));
    ck_assert_uint_eq(format.rate_hz, 48000);
    vpriv_capture_close(source);
}
END_TEST

START_TEST(open_refuses_what_names_no_source)
{
    static const char *const bad[] = {"", ":", "file", "file:", "fil:x", "files:x",
        "alsa:", "pulse:", "pulsed", "-:", "-:x", "voice.wav", "ALSA:hw:0", " alsa"};
    source = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_fails(vpriv_capture_open(bad[i], NULL, &source), VPRIV_E_ARG);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "is no source"));
    }
    ck_fails(vpriv_capture_open(NULL, NULL, &source), VPRIV_E_ARG);
    ck_fails(vpriv_capture_open("file:" VOICE, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_capture_open("file:/none", NULL, &source), VPRIV_E_NOT_FOUND);
    ck_assert_ptr_null(source);
    ck_assert_str_eq(vpriv_capture_name(NULL), "");
}
END_TEST

START_TEST(open_checks_every_option)
{
    const vpriv_capture_options good = {.struct_size = sizeof good,
        .wanted = {VPRIV_SAMPLE_F32, 192000, 8},
        .buffer_ms = VPRIV_PUSH_BUFFER_MAX_MS};
    vpriv_capture_options bad[] = {good, good, good, good, good};
    source = NULL;
    bad[0].struct_size = 0;
    bad[1].buffer_ms++;
    bad[2].wanted.rate_hz = 7999;
    bad[3].wanted.n_channels = 9;
    bad[4].wanted.sample_format = (vpriv_sample_format)5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_fails(vpriv_capture_open("file:" VOICE, &bad[i], &source), VPRIV_E_ARG);
    ck_assert_ptr_null(source);
    ck_ok(vpriv_capture_open("file:" VOICE, &good, &source));
    vpriv_capture_close(source);
}
END_TEST

START_TEST(open_says_how_to_build_what_is_missing)
{
    unsigned n_optional = 0;
    source = NULL;
    for (size_t i = 0; i < vpi_n_backends; i++) {
        const vpi_backend *backend = &vpi_backends[i];
        n_optional += backend->build_switch != NULL;
        ck_assert(backend->open || backend->build_switch);
        ck_assert(!backend->list == !backend->watch);
        if (backend->open)
            continue;
        ck_fails(vpriv_capture_open(backend->name, NULL, &source), VPRIV_E_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), backend->build_switch));
    }
    ck_assert_uint_eq(n_optional, 2);
#ifndef HAVE_ALSA
    ck_fails(vpriv_capture_open("alsa:hw:0", NULL, &source), VPRIV_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "--with-alsa"));
#endif
#ifndef HAVE_PULSE
    ck_fails(vpriv_capture_open("pulse:mic", NULL, &source), VPRIV_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "--with-pulse"));
#endif
}
END_TEST

START_TEST(names_that_are_too_long_are_refused)
{
    char name[400] = "pulse:";
    memset(name + 6, 'x', sizeof name - 7);
    name[sizeof name - 1] = '\0';
    source = NULL;
#ifdef HAVE_PULSE
    ck_fails(vpriv_capture_open(name, NULL, &source), VPRIV_E_LIMIT);
#endif
#ifdef HAVE_ALSA
    memcpy(name, " alsa:", 6);
    ck_fails(vpriv_capture_open(name + 1, NULL, &source), VPRIV_E_LIMIT);
#endif
    ck_assert_ptr_null(source);
}
END_TEST

static void read_once(vpriv_stream_format format, const void *frames, size_t n_frames)
{
    uint8_t taken[64 * 4];
    size_t n = 0;
    uint64_t n_lost = 0;
    bool end = false;
    ck_ok(vpriv_capture_push_open(&format, 0, &source));
    ck_ok(vpi_source_start(source));
    float level_db = 99;
    ck_ok(vpriv_capture_level(source, &level_db));
    ck_assert_float_eq_tol(level_db, -200, 0.1F);
    ck_ok(vpriv_capture_push_write(source, frames, n_frames, &n));
    ck_ok(vpi_source_read(source, taken, 64, &n, &n_lost, &end));
    ck_assert_uint_eq(n, n_frames);
}

static void check_level(vpriv_stream_format format, const void *frames, size_t n_frames, float db)
{
    float level_db = 99;
    read_once(format, frames, n_frames);
    ck_ok(vpriv_capture_level(source, &level_db));
    ck_assert_float_eq_tol(level_db, db, 0.01F);
    ck_ok(vpriv_capture_level(source, &level_db));
    ck_assert_float_eq_tol(level_db, -200, 0.1F);
    vpriv_capture_close(source);
}

START_TEST(level_is_that_of_the_loudest_sample)
{
    const int16_t s16[] = {0, 100, -16384, 5000}, s16_full[] = {INT16_MIN, 0};
    const uint8_t s24[] = {0, 0, 0, 0, 0, 0xc0, 1, 0, 0};
    const int32_t s32[] = {1 << 28, -(1 << 29)};
    const float f32[] = {0.25F, -0.5F, NAN}, f32_over[] = {-3.0F, INFINITY};
    check_level((vpriv_stream_format){VPRIV_SAMPLE_S16, 8000, 2}, s16, 2, -6.0206F);
    check_level((vpriv_stream_format){VPRIV_SAMPLE_S16, 8000, 1}, s16_full, 2, 0);
    check_level((vpriv_stream_format){VPRIV_SAMPLE_S24, 8000, 1}, s24, 3, -6.0206F);
    check_level((vpriv_stream_format){VPRIV_SAMPLE_S32, 8000, 1}, s32, 2, -12.0412F);
    check_level((vpriv_stream_format){VPRIV_SAMPLE_F32, 8000, 1}, f32, 3, -6.0206F);
    check_level((vpriv_stream_format){VPRIV_SAMPLE_F32, 8000, 1}, f32_over, 2, 0);
}
END_TEST

START_TEST(level_needs_a_source_and_an_output)
{
    float level_db = 5;
    ck_fails(vpriv_capture_level(NULL, &level_db), VPRIV_E_ARG);
    ck_ok(vpriv_capture_open("file:" VOICE, NULL, &source));
    ck_fails(vpriv_capture_level(source, NULL), VPRIV_E_ARG);
    ck_assert_float_eq(level_db, 5);
    vpriv_capture_close(source);
}
END_TEST

static vpi_queue *queue;
static int16_t frames[2000];

static void take(size_t n_frames, uint64_t n_lost)
{
    size_t n = 0;
    uint64_t lost = 0;
    bool end = true;
    ck_ok(vpi_queue_read(queue, frames, 2000, &n, &lost, &end));
    ck_assert_uint_eq(n, n_frames);
    ck_assert_uint_eq(lost, n_lost);
    ck_assert(!end);
}

START_TEST(queue_gives_all_that_came_before_the_loss_and_then_only_the_loss)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 8000, 1};
    size_t n = 7;
    uint64_t lost = 7;
    bool end = false;
    ck_ok(vpi_queue_create(&format, 100, &queue));
    ck_assert_uint_eq(vpi_queue_write(queue, frames, 10), 10);
    vpi_queue_lose(queue, 30);
    ck_assert_uint_eq(vpi_queue_write(queue, frames, 5), 5);
    vpi_queue_lose(queue, 4);
    ck_assert_uint_eq(vpi_queue_high_water_frames(queue), 15);
    vpi_queue_end(queue, VPRIV_E_DEVICE_LOST, "it fell down");
    vpi_queue_end(queue, VPRIV_OK, NULL);
    vpi_queue_lose(queue, 4);
    ck_assert_uint_eq(vpi_queue_write(queue, frames, 5), 0);
    take(10, 0);
    take(5, 30);
    take(0, 4);
    for (int i = 0; i < 3; i++) {
        ck_fails(vpi_queue_read(queue, frames, 2000, &n, &lost, &end), VPRIV_E_DEVICE_LOST);
        ck_assert_str_eq(vpriv_error_detail(), "it fell down");
        ck_assert(n == 7 && lost == 7 && !end);
    }
    vpi_queue_reset(queue);
    ck_assert_uint_eq(vpi_queue_high_water_frames(queue), 0);
    ck_assert_uint_eq(vpi_queue_write(queue, frames, 3), 3);
    take(3, 0);
    take(0, 0);
    vpi_queue_destroy(queue);
}
END_TEST

START_TEST(queue_reset_forgets_gaps_too)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 8000, 1};
    ck_ok(vpi_queue_create(&format, 100, &queue));
    for (int i = 0; i < 20; i++) {
        vpi_queue_lose(queue, 7);
        vpi_queue_write(queue, frames, 3);
    }
    take(3, 7);
    vpi_queue_lose(queue, 7);
    vpi_queue_reset(queue);
    vpi_queue_write(queue, frames, 30);
    take(30, 0);
    vpi_queue_destroy(queue);
}
END_TEST

static bool count_devices(void *user, const vpriv_capture_device *device)
{
    ck_assert_ptr_nonnull(strchr(device->input, ':'));
    ++*(int *)user;
    return false;
}

static void no_change(void *user, vpriv_device_change change, const vpriv_capture_device *device)
{
    (void)user, (void)change, (void)device;
}

START_TEST(list_and_watch_need_somebody_to_tell)
{
    vpriv_capture_watch *watch = NULL;
    int n = 0;
    setenv("PULSE_SERVER", "unix:/nowhere", 1);
    ck_fails(vpriv_capture_list(NULL, NULL), VPRIV_E_ARG);
    ck_ok(vpriv_capture_list(count_devices, &n));
    ck_assert_int_le(n, 1); /* where there is a sound card it says stop at once */
    ck_fails(vpriv_capture_watch_open(NULL, NULL, &watch), VPRIV_E_ARG);
    ck_fails(vpriv_capture_watch_open(no_change, NULL, NULL), VPRIV_E_ARG);
    ck_assert_ptr_null(watch);
    vpriv_capture_watch_close(NULL);
    ck_ok(vpriv_capture_watch_open(no_change, NULL, &watch));
    vpriv_capture_watch_close(watch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_open");
    TCase *tests = tcase_create("open");
    tcase_add_test(tests, open_knows_files_by_their_kind);
    tcase_add_test(tests, open_refuses_what_names_no_source);
    tcase_add_test(tests, open_checks_every_option);
    tcase_add_test(tests, open_says_how_to_build_what_is_missing);
    tcase_add_test(tests, names_that_are_too_long_are_refused);
    tcase_add_test(tests, level_is_that_of_the_loudest_sample);
    tcase_add_test(tests, level_needs_a_source_and_an_output);
    tcase_add_test(tests, queue_gives_all_that_came_before_the_loss_and_then_only_the_loss);
    tcase_add_test(tests, queue_reset_forgets_gaps_too);
    tcase_add_test(tests, list_and_watch_need_somebody_to_tell);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
