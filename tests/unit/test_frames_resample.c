/* The resampler, measured with real signals in double precision. */
#include "frames/bank.h"
#include "frames/resample.h"
#include "unit.h"
#include <math.h>
#include <signal.h>

static const double pi = 3.14159265358979323846;

#define ALL_AT_ONCE SIZE_MAX

static const struct {
    uint32_t in_hz, out_hz;
} pairs[] = {
    {44100, 16000},
    {48000, 16000},
    {32000, 16000},
    {22050, 16000},
    {8000, 16000},
    {96000, 16000},
    {192000, 16000},
    {11025, 16000},
    {37800, 16000},
    {44057, 16000}, /* rows between, as are the next three */
    {16001, 16000},
    {191999, 16000},
    {15999, 16000},
    {44100, 48000},
    {32000, 48000},
    {22050, 48000},
    {8000, 48000},
    {16000, 48000},
    {96000, 48000},
    {192000, 48000},
    {11025, 48000},
    {37800, 48000},
    {44057, 48000},
    {48000, 44100},
    {192000, 8000},
    {8000, 192000},
};
#define N_PAIRS ((int)(sizeof pairs / sizeof *pairs))

static uint64_t random_state = 88172645463325252U;

static size_t random_below(size_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % limit);
}

static size_t ceil_frames(size_t n_in, uint32_t in_hz, uint32_t out_hz)
{
    return (size_t)(((uint64_t)n_in * out_hz + in_hz - 1) / in_hz);
}

/* Pushes interleaved frames in pieces of up to piece_max frames and pulls likewise. */
static size_t resample_into(vpi_resampler *resampler, const float *in, size_t n_in,
    uint32_t n_channels, size_t piece_max, bool finish, float *out, size_t capacity)
{
    size_t n_out = 0;
    size_t n_pulled = 0;
    for (size_t at = 0; at < n_in;) {
        float *planes[VPI_RESAMPLER_CHANNELS_MAX];
        size_t n = vpi_resampler_inlet(resampler, planes);
        if (n > n_in - at)
            n = n_in - at;
        if (piece_max != ALL_AT_ONCE) {
            const size_t piece = random_below(piece_max + 1);
            n = n < piece ? n : piece;
        }
        for (size_t i = 0; i < n * n_channels; i++)
            planes[i % n_channels][i / n_channels] = in[at * n_channels + i];
        vpi_resampler_push(resampler, n);
        at += n;
        do {
            size_t room = capacity - n_out;
            if (piece_max != ALL_AT_ONCE && random_below(2))
                room = room < piece_max ? room : piece_max;
            n_pulled = vpi_resampler_pull(resampler, out + n_out * n_channels, room);
            n_out += n_pulled;
        } while (n_pulled > 0 && random_below(8));
    }
    if (finish)
        vpi_resampler_finish(resampler);
    while ((n_pulled = vpi_resampler_pull(resampler, out + n_out * n_channels,
                piece_max < capacity - n_out ? piece_max + 1 : capacity - n_out)) > 0)
        n_out += n_pulled;
    return n_out;
}

/* The whole signal, start to end. The caller frees. */
static float *resample(const float *in, size_t n_in, uint32_t in_hz, uint32_t out_hz,
    uint32_t n_channels, size_t piece_max, size_t *n_out)
{
    vpi_resampler *resampler = NULL;
    ck_ok(vpi_resampler_create(in_hz, out_hz, n_channels, &resampler));
    const size_t capacity = ceil_frames(n_in, in_hz, out_hz) + 100;
    float *out = malloc(capacity * n_channels * sizeof *out);
    ck_assert_ptr_nonnull(out);
    *n_out = resample_into(resampler, in, n_in, n_channels, piece_max, true, out, capacity);
    vpi_resampler_destroy(resampler);
    return out;
}

static float *noise(size_t n)
{
    float *samples = malloc((n + 1) * sizeof *samples);
    ck_assert_ptr_nonnull(samples);
    for (size_t i = 0; i < n; i++)
        samples[i] = (float)((double)random_below(1U << 24) * 0x1p-23 - 1.0);
    return samples;
}

typedef struct tone {
    double gain_db;  /* of the tone itself */
    double rest_db;  /* everything else, relative to the tone put in */
    double total_db; /* all of it, relative to the tone put in */
} tone;

static double decibels(double power)
{
    return 10.0 * log10(power > 1e-30 ? power : 1e-30);
}

/* A sine goes in; the middle of what comes out is split by least squares into the same sine, at the
 * place in time where it belongs, and the rest. A tone that comes late counts as rest. */
static tone measure(uint32_t in_hz, uint32_t out_hz, double tone_hz)
{
    const double level = 0.9;
    const size_t n_in = in_hz / 6;
    const double turn = 2.0 * pi * tone_hz;
    float *in = malloc(n_in * sizeof *in);
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < n_in; i++)
        in[i] = (float)(level * sin(turn * (double)i / (double)in_hz));
    size_t n_out;
    float *out = resample(in, n_in, in_hz, out_hz, 1, ALL_AT_ONCE, &n_out);
    const size_t first = n_out / 6;
    const size_t last = n_out - n_out / 6;
    double with_sine = 0.0;
    double sines = 0.0;
    double total = 0.0;
    for (size_t i = first; i < last; i++) {
        const double sine = sin(turn * (double)i / (double)out_hz);
        with_sine += sine * (double)out[i];
        sines += sine * sine;
        total += (double)out[i] * (double)out[i];
    }
    const double found = with_sine / sines;
    double rest = 0.0;
    for (size_t i = first; i < last; i++) {
        const double left = (double)out[i] - found * sin(turn * (double)i / (double)out_hz);
        rest += left * left;
    }
    const double power = level * level / 2.0 * (double)(last - first);
    free(in);
    free(out);
    return (tone){
        20.0 * log10(fabs(found) / level), decibels(rest / power), decibels(total / power)};
}

START_TEST(resampler_passes_what_it_should_unchanged_and_in_time)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    const double nyquist_hz = (in_hz < out_hz ? in_hz : out_hz) / 2.0;
    double lowest_db = 100.0;
    double highest_db = -100.0;
    for (int step = 1; step <= 17; step++) {
        const double share = VPI_BANK_PASS * step / 17.0;
        const tone t = measure(in_hz, out_hz, share * nyquist_hz);
        lowest_db = fmin(lowest_db, t.gain_db);
        highest_db = fmax(highest_db, t.gain_db);
        ck_assert_msg(t.rest_db <= -100.0, "%u to %u Hz, tone at %.3f of Nyquist: rest at %.1f dB",
            in_hz, out_hz, share, t.rest_db);
    }
    ck_assert_msg(highest_db - lowest_db <= 0.1 && fabs(highest_db) <= 0.1,
        "%u to %u Hz: gain from %.4f to %.4f dB", in_hz, out_hz, lowest_db, highest_db);
}
END_TEST

START_TEST(resampler_stops_what_would_fold_back)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    const double from_hz = out_hz / 2.0;
    const double to_hz = in_hz / 2.0;
    if (to_hz <= from_hz * 1.01)
        return; /* nothing to fold; images are the rest of the test before */
    for (int step = 0; step < 24; step++) {
        const double near = (to_hz - from_hz) * step / 24.0;
        const double tone_hz = from_hz + near * (step < 16 ? 0.1 : 1.0);
        const tone t = measure(in_hz, out_hz, tone_hz + 1.0);
        ck_assert_msg(t.total_db <= -100.0, "%u to %u Hz: %.0f Hz comes through at %.1f dB", in_hz,
            out_hz, tone_hz, t.total_db);
    }
}
END_TEST

START_TEST(resampler_pieces_change_no_bit)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    const size_t n_in = 9000;
    float *in = noise(n_in);
    size_t n_whole;
    float *whole = resample(in, n_in, in_hz, out_hz, 1, ALL_AT_ONCE, &n_whole);
    static const size_t pieces[] = {1, 7, 100, 1500};
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        size_t n_cut;
        float *cut = resample(in, n_in, in_hz, out_hz, 1, pieces[p], &n_cut);
        ck_assert_uint_eq(n_cut, n_whole);
        ck_assert_int_eq(memcmp(cut, whole, n_whole * sizeof *whole), 0);
        free(cut);
    }
    free(whole);
    free(in);
}
END_TEST

START_TEST(resampler_gives_exactly_as_many_frames_as_the_input_lasts)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    static float in[4000];
    static float out[4000 * 24 + 100];
    vpi_resampler *resampler = NULL;
    ck_ok(vpi_resampler_create(in_hz, out_hz, 1, &resampler));
    for (size_t n = 0; n < 3500; n += n < 60 ? 1 : 1 + random_below(500)) {
        const size_t n_out =
            resample_into(resampler, in, n, 1, ALL_AT_ONCE, true, out, sizeof out / sizeof *out);
        ck_assert_uint_eq(n_out, ceil_frames(n, in_hz, out_hz));
        ck_assert_uint_le(n_out, vpi_resampler_output_max_frames(resampler, n));
        vpi_resampler_reset(resampler);
    }
    vpi_resampler_destroy(resampler);
}
END_TEST

START_TEST(resampler_latency_is_what_it_says)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    vpi_resampler *resampler = NULL;
    ck_ok(vpi_resampler_create(in_hz, out_hz, 1, &resampler));
    const size_t latency = vpi_resampler_latency_frames(resampler);
    const uint32_t lower_hz = in_hz < out_hz ? in_hz : out_hz;
    /* Half the prototype, rounded up to a frame. */
    ck_assert_uint_le(latency, ((uint64_t)in_hz * VPI_BANK_PERIODS / 2 + lower_hz - 1) / lower_hz);
    static float out[64];
    size_t n_out = 0;
    for (size_t n = 1; n < 5000; n++) {
        float *planes[VPI_RESAMPLER_CHANNELS_MAX];
        ck_assert_uint_ge(vpi_resampler_inlet(resampler, planes), 1024);
        planes[0][0] = 0.0F;
        vpi_resampler_push(resampler, 1);
        n_out += vpi_resampler_pull(resampler, out, sizeof out / sizeof *out);
        ck_assert_uint_eq(n_out, n > latency ? ceil_frames(n - latency, in_hz, out_hz) : 0);
    }
    vpi_resampler_destroy(resampler);
}
END_TEST

START_TEST(resampler_an_impulse_comes_out_at_its_own_time_and_symmetric)
{
    static float in[6000];
    const size_t at = 3000;
    in[at] = 1.0F;
    size_t n_out;
    float *out = resample(in, 6000, 48000, 16000, 1, ALL_AT_ONCE, &n_out);
    ck_assert_uint_eq(n_out, 2000);
    size_t highest = 0;
    for (size_t i = 0; i < n_out; i++)
        highest = out[i] > out[highest] ? i : highest;
    ck_assert_uint_eq(highest, at / 3);
    for (size_t i = 1; i < 32; i++) {
        ck_assert_float_eq_tol(out[highest - i], out[highest + i], 1e-8F);
        ck_assert_float_ne(out[highest + i], 0.0F);
    }
    for (size_t i = 33; i < 900; i++) {
        ck_assert_float_eq(out[highest - i], 0.0F);
        ck_assert_float_eq(out[highest + i], 0.0F);
    }
    free(out);
}
END_TEST

START_TEST(resampler_to_16_khz_waits_two_milliseconds)
{
    vpi_resampler *resampler = NULL;
    ck_ok(vpi_resampler_create(48000, 16000, 1, &resampler));
    ck_assert_uint_eq(vpi_resampler_latency_frames(resampler), 96);
    vpi_resampler_destroy(resampler);
}
END_TEST

START_TEST(resampler_constant_stays_constant)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    static float in[8000];
    for (size_t i = 0; i < 8000; i++)
        in[i] = 0.5F;
    size_t n_out;
    float *out = resample(in, 8000, in_hz, pairs[_i].out_hz, 1, ALL_AT_ONCE, &n_out);
    for (size_t i = n_out / 4; i < n_out - n_out / 4; i++)
        ck_assert_float_eq_tol(out[i], 0.5F, 2e-6F);
    free(out);
}
END_TEST

START_TEST(resampler_equal_rates_pass_through)
{
    static const uint32_t rates_hz[] = {8000, 16000, 44100, 48000, 192000};
    float *in = noise(2 * 5000);
    for (size_t r = 0; r < sizeof rates_hz / sizeof *rates_hz; r++) {
        size_t n_out;
        float *out = resample(in, 5000, rates_hz[r], rates_hz[r], 2, 333, &n_out);
        ck_assert_uint_eq(n_out, 5000);
        ck_assert_int_eq(memcmp(in, out, 2 * 5000 * sizeof *in), 0);
        free(out);
        vpi_resampler *resampler = NULL;
        ck_ok(vpi_resampler_create(rates_hz[r], rates_hz[r], 1, &resampler));
        ck_assert_uint_eq(vpi_resampler_latency_frames(resampler), 0);
        vpi_resampler_destroy(resampler);
    }
    free(in);
}
END_TEST

START_TEST(resampler_channels_do_not_touch)
{
    const size_t n_in = 3000;
    float *both = noise(2 * n_in);
    float *one = noise(n_in);
    size_t n_both;
    float *out = resample(both, n_in, 44100, 16000, 2, 500, &n_both);
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < n_in; i++)
            one[i] = both[2 * i + c];
        size_t n_one;
        float *out_one = resample(one, n_in, 44100, 16000, 1, ALL_AT_ONCE, &n_one);
        ck_assert_uint_eq(n_one, n_both);
        for (size_t i = 0; i < n_one; i++)
            ck_assert_float_eq(out[2 * i + c], out_one[i]);
        free(out_one);
    }
    free(out);
    free(one);
    free(both);
}
END_TEST

START_TEST(resampler_reset_forgets_everything)
{
    const uint32_t in_hz = pairs[_i].in_hz;
    const uint32_t out_hz = pairs[_i].out_hz;
    const size_t capacity = 3000 * 24 + 100;
    float *in = noise(3000);
    float *first = malloc(capacity * sizeof *first);
    float *again = malloc(capacity * sizeof *again);
    ck_assert(first && again);
    vpi_resampler *resampler = NULL;
    ck_ok(vpi_resampler_create(in_hz, out_hz, 1, &resampler));
    const size_t n = resample_into(resampler, in, 3000, 1, ALL_AT_ONCE, true, first, capacity);
    vpi_resampler_reset(resampler);
    resample_into(resampler, in + 100, 777, 1, 50, false, again, capacity);
    vpi_resampler_reset(resampler);
    ck_assert_uint_eq(resample_into(resampler, in, 3000, 1, ALL_AT_ONCE, true, again, capacity), n);
    ck_assert_int_eq(memcmp(first, again, n * sizeof *first), 0);
    vpi_resampler_destroy(resampler);
    free(again);
    free(first);
    free(in);
}
END_TEST

START_TEST(resampler_takes_nothing_after_the_end)
{
    vpi_resampler *resampler = NULL;
    float *planes[VPI_RESAMPLER_CHANNELS_MAX];
    float out[8];
    ck_ok(vpi_resampler_create(48000, 16000, 1, &resampler));
    ck_assert_uint_ge(vpi_resampler_inlet(resampler, planes), 1024);
    vpi_resampler_finish(resampler);
    vpi_resampler_finish(resampler);
    ck_assert_uint_eq(vpi_resampler_inlet(resampler, planes), 0);
    ck_assert_uint_eq(vpi_resampler_pull(resampler, out, 8), 0);
    vpi_resampler_destroy(resampler);
    vpi_resampler_destroy(NULL);
}
END_TEST

START_TEST(resampler_pushing_more_than_fits_stops_the_program)
{
    vpi_resampler *resampler = NULL;
    float *planes[VPI_RESAMPLER_CHANNELS_MAX];
    if (vpi_resampler_create(48000, 16000, 1, &resampler) == VPRIV_OK)
        vpi_resampler_push(resampler, vpi_resampler_inlet(resampler, planes) + 1);
}
END_TEST

START_TEST(resampler_refuses_what_it_does_not_serve)
{
    vpi_resampler *resampler = NULL;
    ck_fails(vpi_resampler_create(7999, 16000, 1, &resampler), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "7999"));
    ck_fails(vpi_resampler_create(192001, 16000, 1, &resampler), VPRIV_E_ARG);
    ck_fails(vpi_resampler_create(0, 16000, 1, &resampler), VPRIV_E_ARG);
    ck_fails(vpi_resampler_create(48000, 0, 1, &resampler), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "output rate of 0 Hz"));
    ck_fails(vpi_resampler_create(48000, 16000, 0, &resampler), VPRIV_E_ARG);
    ck_fails(vpi_resampler_create(48000, 16000, 3, &resampler), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "3 channels"));
    ck_assert_ptr_null(resampler);
    vpi_bank bank;
    ck_fails(vpi_bank_create(48000, 48000, &bank), VPRIV_E_ARG);
    ck_fails(vpi_bank_create(0, 48000, &bank), VPRIV_E_ARG);
    ck_fails(vpi_bank_create(1000000, 8000, &bank), VPRIV_E_ARG);
}
END_TEST

START_TEST(bank_stays_small_whatever_the_rates)
{
    size_t n_between = 0;
    for (uint32_t in_hz = 8000; in_hz <= 192000; in_hz += 977) {
        static const uint32_t outs_hz[] = {8000, 16000, 48000};
        const uint32_t out_hz = outs_hz[in_hz % 3];
        vpi_bank bank;
        if (in_hz == out_hz)
            continue;
        ck_ok(vpi_bank_create(in_hz, out_hz, &bank));
        const size_t n_floats = (size_t)(bank.filter.n_rows + 1) * bank.filter.n_taps;
        ck_assert_uint_le(n_floats * sizeof(float), 272 * 1024);
        ck_assert_uint_eq((uintptr_t)bank.filter.rows % 64, 0);
        ck_assert_uint_eq(bank.filter.n_taps % VPI_LANES, 0);
        ck_assert(bank.between || bank.filter.n_rows == bank.filter.modulus);
        n_between += bank.between;
        vpi_bank_destroy(&bank);
    }
    ck_assert_uint_gt(n_between, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames: resample");
    TCase *signals = tcase_create("signals");
    tcase_set_timeout(signals, 120);
    tcase_add_loop_test(signals, resampler_passes_what_it_should_unchanged_and_in_time, 0, N_PAIRS);
    tcase_add_loop_test(signals, resampler_stops_what_would_fold_back, 0, N_PAIRS);
    tcase_add_loop_test(signals, resampler_pieces_change_no_bit, 0, N_PAIRS);
    tcase_add_loop_test(signals, resampler_constant_stays_constant, 0, N_PAIRS);
    tcase_add_test(signals, bank_stays_small_whatever_the_rates);
    suite_add_tcase(suite, signals);
    TCase *streams = tcase_create("streams");
    tcase_set_timeout(streams, 60);
    tcase_add_loop_test(
        streams, resampler_gives_exactly_as_many_frames_as_the_input_lasts, 0, N_PAIRS);
    tcase_add_loop_test(streams, resampler_latency_is_what_it_says, 0, N_PAIRS);
    tcase_add_loop_test(streams, resampler_reset_forgets_everything, 0, N_PAIRS);
    tcase_add_test(streams, resampler_an_impulse_comes_out_at_its_own_time_and_symmetric);
    tcase_add_test(streams, resampler_to_16_khz_waits_two_milliseconds);
    tcase_add_test(streams, resampler_equal_rates_pass_through);
    tcase_add_test(streams, resampler_channels_do_not_touch);
    tcase_add_test(streams, resampler_takes_nothing_after_the_end);
    tcase_add_test_raise_signal(
        streams, resampler_pushing_more_than_fits_stops_the_program, SIGABRT);
    tcase_add_test(streams, resampler_refuses_what_it_does_not_serve);
    suite_add_tcase(suite, streams);
    return unit_main(suite);
}
