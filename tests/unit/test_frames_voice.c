/* The detector: what it keeps, for how long, and what it learns. How often it is right is judged in
 * tests/voice/. */
#include "frames/voice.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static const uint32_t rates_hz[] = {8000, 12000, 16000, 24000, 48000};

static uint32_t random_state = 1;

static float noise(float level)
{
    random_state = random_state * 1664525u + 1013904223u;
    return level * (float)(int32_t)random_state / 2147483648.0f;
}

/* `ms` of noise with a tone in every channel, in pieces of a packet; how many of those are to be kept
 * when they have just been heard. */
static size_t hear(vpi_voice *voice, uint32_t rate_hz, uint32_t n_channels, uint32_t ms,
    float noise_level, float tone_level)
{
    static float frames[960 * 2];
    static uint64_t t;
    const size_t n = rate_hz / 50;
    size_t n_kept = 0;
    for (uint32_t at = 0; at < ms; at += 20) {
        for (size_t i = 0; i < n; i++, t++)
            for (uint32_t c = 0; c < n_channels; c++)
                frames[i * n_channels + c] =
                    noise(noise_level) +
                    (c ? -tone_level : tone_level) *
                        sinf(6.2831853f * 700 * (float)(t % rate_hz) / (float)rate_hz);
        const uint64_t before = vpi_voice_keep_until(voice);
        vpi_voice_hear(voice, frames, n);
        n_kept += vpi_voice_keep_until(voice) > before;
    }
    return n_kept;
}

static vpi_voice *listen(uint32_t rate_hz, uint32_t n_channels)
{
    vpi_voice *voice = NULL;
    ck_ok(vpi_voice_create(rate_hz, n_channels, &voice));
    return voice;
}

static uint64_t ms_of(const vpi_voice *voice, uint32_t rate_hz)
{
    return vpi_voice_keep_until(voice) * 1000 / rate_hz;
}

/* _i: rate × channels */
START_TEST(voice_keeps_the_beginning_then_only_what_sticks_out)
{
    const uint32_t rate_hz = rates_hz[_i / 2], n_channels = (uint32_t)_i % 2 + 1;
    vpi_voice *voice = listen(rate_hz, n_channels);
    ck_assert_uint_eq(ms_of(voice, rate_hz), VPI_VOICE_BEGIN_MS);
    ck_assert_uint_eq(hear(voice, rate_hz, n_channels, 6000, 0.01f, 0), 0);
    ck_assert_uint_eq(ms_of(voice, rate_hz), VPI_VOICE_BEGIN_MS);
    /* 40 ms are enough to be noticed; opposite channels do not cancel. */
    ck_assert_uint_gt(hear(voice, rate_hz, n_channels, 60, 0.01f, 0.1f), 0);
    ck_assert_uint_gt(ms_of(voice, rate_hz), 6040 + VPI_VOICE_HANG_MIN_MS - 20);
    ck_assert_uint_le(ms_of(voice, rate_hz), 6060 + VPI_VOICE_HANG_MAX_MS);
    (void)hear(voice, rate_hz, n_channels, 300, 0.01f, 0.1f);
    hear(voice, rate_hz, n_channels, 1000, 0.01f, 0);
    const uint64_t end = ms_of(voice, rate_hz);
    ck_assert_uint_ge(end, 6360 + VPI_VOICE_HANG_MIN_MS - 20);
    ck_assert_uint_le(end, 6360 + VPI_VOICE_HANG_MAX_MS + 160);
    ck_assert_uint_eq(hear(voice, rate_hz, n_channels, 5000, 0.01f, 0), 0);
    vpi_voice_destroy(voice);
}
END_TEST

/* _i: rate */
START_TEST(voice_floor_follows_steps)
{
    const uint32_t rate_hz = rates_hz[_i];
    vpi_voice *voice = listen(rate_hz, 1);
    (void)hear(voice, rate_hz, 1, 6000, 0.002f, 0);
    ck_assert_uint_gt(hear(voice, rate_hz, 1, 200, 0.008f, 0), 0); /* 12 dB up: somebody, perhaps */
    (void)hear(voice, rate_hz, 1, 2300, 0.008f, 0);
    ck_assert_uint_eq(hear(voice, rate_hz, 1, 5000, 0.008f, 0), 0); /* no */
    ck_assert_uint_gt(hear(voice, rate_hz, 1, 100, 0.008f, 0.02f), 2);
    (void)hear(voice, rate_hz, 1, 1000, 0.008f, 0);
    /* Down again: what would have been drowned is found half a second later. */
    (void)hear(voice, rate_hz, 1, 500, 0.0005f, 0);
    ck_assert_uint_gt(hear(voice, rate_hz, 1, 100, 0.0005f, 0.002f), 2);
    vpi_voice_destroy(voice);
}
END_TEST

START_TEST(voice_hangs_over_longer_where_voices_hardly_rise)
{
    uint64_t hang_ms[2];
    for (int poor = 0; poor < 2; poor++) {
        vpi_voice *voice = listen(16000, 1);
        (void)hear(voice, 16000, 1, 6000, 0.01f, 0);
        /* Loud in every band, or in one alone. */
        (void)hear(voice, 16000, 1, 400, poor ? 0.01f : 0.5f, poor ? 0.03f : 0);
        hang_ms[poor] = ms_of(voice, 16000) - 6400;
        vpi_voice_destroy(voice);
    }
    ck_assert_uint_le(hang_ms[0], VPI_VOICE_HANG_MIN_MS + 10);
    ck_assert_uint_ge(hang_ms[1], VPI_VOICE_HANG_MAX_MS - 10);
}
END_TEST

START_TEST(voice_in_digital_silence_is_found_however_faint)
{
    vpi_voice *voice = listen(16000, 1);
    ck_assert_uint_eq(hear(voice, 16000, 1, 6000, 0, 0), 0);
    ck_assert_uint_gt(hear(voice, 16000, 1, 100, 0, 0.001f), 2);
    vpi_voice_destroy(voice);
}
END_TEST

START_TEST(voice_skip_keeps_what_follows_and_the_floor)
{
    vpi_voice *voice = listen(16000, 1);
    (void)hear(voice, 16000, 1, 6000, 0.01f, 0);
    vpi_voice_skip(voice, 16000 * 3);
    ck_assert_uint_eq(ms_of(voice, 16000), 9000 + VPI_VOICE_HANG_MAX_MS);
    ck_assert_uint_eq(hear(voice, 16000, 1, 3000, 0.01f, 0), 0);
    vpi_voice_skip(voice, 7); /* lost in the middle of a piece */
    ck_assert_uint_eq(hear(voice, 16000, 1, 3000, 0.01f, 0), 0);
    vpi_voice_destroy(voice);
}
END_TEST

START_TEST(voice_reset_is_a_new_stream)
{
    vpi_voice *voice = listen(16000, 1);
    (void)hear(voice, 16000, 1, 6000, 0.0001f, 0.2f);
    vpi_voice_reset(voice);
    ck_assert_uint_eq(ms_of(voice, 16000), VPI_VOICE_BEGIN_MS);
    ck_assert_uint_eq(hear(voice, 16000, 1, 6000, 0.02f, 0), 0); /* nothing lower is remembered */
    vpi_voice_destroy(voice);
}
END_TEST

/* _i: rate × channels */
START_TEST(voice_says_the_same_however_the_stream_is_cut)
{
    enum { N = 48000 * 4 };
    const uint32_t rate_hz = rates_hz[_i / 2], n_channels = (uint32_t)_i % 2 + 1;
    static float frames[N * 2];
    vpi_voice *whole = listen(rate_hz, n_channels), *cut = listen(rate_hz, n_channels);
    for (size_t i = 0; i < (size_t)N * n_channels; i++)
        frames[i] = noise(i / 20000 % 3 == 1 ? 0.1f : 0.01f);
    for (size_t at = 0; at < N;) {
        const size_t until = at + 1000 < N ? at + 1000 : N;
        vpi_voice_hear(whole, frames + at * n_channels, until - at);
        while (at < until) {
            size_t n = (size_t)rand() % 700;
            n = n < until - at ? n : until - at;
            vpi_voice_hear(cut, frames + at * n_channels, n);
            at += n;
        }
        ck_assert_uint_eq(vpi_voice_keep_until(cut), vpi_voice_keep_until(whole));
    }
    ck_assert_uint_gt(ms_of(whole, rate_hz), VPI_VOICE_BEGIN_MS);
    vpi_voice_destroy(whole);
    vpi_voice_destroy(cut);
}
END_TEST

START_TEST(voice_refuses_what_it_does_not_serve)
{
    vpi_voice *voice = NULL;
    ck_fails(vpi_voice_create(44100, 1, &voice), VPRIV_E_ARG);
    ck_fails(vpi_voice_create(0, 1, &voice), VPRIV_E_ARG);
    ck_fails(vpi_voice_create(16000, 0, &voice), VPRIV_E_ARG);
    ck_fails(vpi_voice_create(16000, 3, &voice), VPRIV_E_ARG);
    ck_assert_ptr_null(voice);
    vpi_voice_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames: voice");
    TCase *tests = tcase_create("voice");
    tcase_add_loop_test(tests, voice_keeps_the_beginning_then_only_what_sticks_out, 0, 10);
    tcase_add_loop_test(tests, voice_floor_follows_steps, 0, 5);
    tcase_add_test(tests, voice_hangs_over_longer_where_voices_hardly_rise);
    tcase_add_test(tests, voice_in_digital_silence_is_found_however_faint);
    tcase_add_test(tests, voice_skip_keeps_what_follows_and_the_floor);
    tcase_add_test(tests, voice_reset_is_a_new_stream);
    tcase_add_loop_test(tests, voice_says_the_same_however_the_stream_is_cut, 0, 10);
    tcase_add_test(tests, voice_refuses_what_it_does_not_serve);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
