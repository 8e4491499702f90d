#include "base/memory.h"
#include "frames/dispatch.h"
#include "frames/frontend.h"
#include "unit.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

static uint64_t random_state = 1181783497276652981U;

static size_t random_below(size_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % limit);
}

static const vpriv_sample_format formats[] = {
    VPRIV_SAMPLE_S16, VPRIV_SAMPLE_S24, VPRIV_SAMPLE_S32, VPRIV_SAMPLE_F32};
static const size_t format_bytes[] = {2, 3, 4, 4};

static vpi_frontend_config config_of(
    vpriv_sample_format format, uint32_t in_hz, uint32_t n_in, uint32_t out_hz, uint32_t n_out)
{
    return (vpi_frontend_config){
        .input = {.sample_format = format, .rate_hz = in_hz, .n_channels = n_in},
        .output_rate_hz = out_hz,
        .n_output_channels = n_out,
    };
}

/* Write a value in −1..1 as a sample; gives what the sample really says. */
static double put_sample(uint8_t *at, size_t format, double value)
{
    if (formats[format] == VPRIV_SAMPLE_F32) {
        const float sample = (float)value;
        uint32_t bits;
        memcpy(&bits, &sample, sizeof bits);
        for (size_t b = 0; b < 4; b++)
            at[b] = (uint8_t)(bits >> (8 * b));
        return (double)sample;
    }
    const int n_bits = (int)(8 * format_bytes[format]);
    const int64_t whole = (int64_t)floor(value * ldexp(1.0, n_bits - 1));
    for (size_t b = 0; b < format_bytes[format]; b++)
        at[b] = (uint8_t)((uint64_t)whole >> (8 * b));
    return ldexp((double)whole, 1 - n_bits);
}

/* All of the stream, flushed; gives the number of frames. */
static size_t run_all(vpi_frontend *frontend, const uint8_t *in, size_t frame_bytes, size_t n_in,
    size_t n_channels_out, size_t piece_max, float *out, size_t capacity)
{
    size_t n_taken = 0;
    size_t n_given = 0;
    size_t n = 1;
    while (n_taken < n_in) {
        size_t piece = n_in - n_taken;
        size_t room = capacity - n_given;
        size_t n_consumed = 0;
        if (piece_max) {
            const size_t wanted = random_below(piece_max + 1);
            piece = piece < wanted ? piece : wanted;
            const size_t wanted_room = random_below(piece_max + 1);
            room = room < wanted_room ? room : wanted_room;
        }
        ck_ok(vpi_frontend_process(frontend, in + n_taken * frame_bytes, piece,
            out + n_given * n_channels_out, room, &n_consumed, &n));
        ck_assert_uint_le(n_consumed, piece);
        ck_assert_uint_le(n, room);
        n_taken += n_consumed;
        n_given += n;
    }
    do {
        size_t room = capacity - n_given;
        if (piece_max && room > piece_max)
            room = piece_max;
        ck_ok(vpi_frontend_flush(frontend, out + n_given * n_channels_out, room, &n));
        n_given += n;
    } while (n > 0);
    return n_given;
}

/* _i: format × 8 channels × 2 outputs */
START_TEST(frontend_every_format_and_channel_mix_is_right)
{
    enum { N = 1500 };
    const size_t format = (size_t)_i / 16;
    const uint32_t n_in = (uint32_t)_i / 2 % 8 + 1;
    const uint32_t n_out = (uint32_t)_i % 2 + 1;
    const size_t frame_bytes = n_in * format_bytes[format];
    static uint8_t memory[N * 32 + 8];
    static double wanted[N * 2];
    static float got[N * 2 + 8];
    const vpi_frontend_config config = config_of(formats[format], 16000, n_in, 16000, n_out);
    for (size_t shift = 0; shift < 4; shift++) { /* also at odd addresses */
        uint8_t *const in = memory + shift;
        for (size_t i = 0; i < N; i++) {
            double sums[2] = {0};
            double counts[2] = {0};
            for (uint32_t c = 0; c < n_in; c++) {
                const double value =
                    i < 4 ? (i % 2 ? -1.0 : 0.999) : (double)random_below(1000001) / 500000.0 - 1.0;
                const double sample =
                    put_sample(in + i * frame_bytes + c * format_bytes[format], format, value);
                const size_t side = n_out == 2 ? c % 2 : 0;
                sums[side] += sample;
                counts[side] += 1.0;
            }
            for (uint32_t c = 0; c < n_out; c++) {
                const size_t side = counts[c] > 0.0 ? c : 0; /* one channel goes to both */
                wanted[i * n_out + c] = sums[side] / counts[side];
            }
        }
        vpi_frontend *frontend = NULL;
        ck_ok(vpi_frontend_create(&config, &frontend));
        ck_assert_uint_eq(vpi_frontend_latency_frames(frontend), 0);
        ck_assert_uint_eq(run_all(frontend, in, frame_bytes, N, n_out, shift * 300, got, N + 4), N);
        for (size_t i = 0; i < (size_t)N * n_out; i++)
            ck_assert_double_eq_tol((double)got[i], wanted[i], 4e-7);
        ck_assert_uint_eq(vpi_frontend_bad_samples(frontend), 0);
        vpi_frontend_destroy(frontend);
    }
}
END_TEST

static const struct {
    uint32_t in_hz, n_in, out_hz, n_out;
    size_t format;
} shapes[] = {
    {48000, 2, 16000, 1, 0},
    {44100, 2, 16000, 2, 1},
    {16000, 1, 48000, 1, 0},
    {16000, 1, 48000, 2, 3},
    {192000, 8, 16000, 1, 2},
    {192000, 8, 48000, 2, 3},
    {8000, 1, 48000, 2, 0},
    {44057, 3, 24000, 2, 1},
    {48000, 2, 48000, 2, 0},
    {96000, 6, 12000, 1, 0},
    {11025, 1, 8000, 1, 3},
};
#define N_SHAPES ((int)(sizeof shapes / sizeof *shapes))

START_TEST(frontend_pieces_change_no_bit)
{
    enum { N = 6000 };
    const vpi_frontend_config config = {
        .input = {formats[shapes[_i].format], shapes[_i].in_hz, shapes[_i].n_in},
        .output_rate_hz = shapes[_i].out_hz,
        .n_output_channels = shapes[_i].n_out,
        .high_pass = true,
    };
    const size_t frame_bytes = format_bytes[shapes[_i].format] * shapes[_i].n_in;
    static uint8_t memory[N * 32 + 1];
    uint8_t *const in = memory + 1;
    for (size_t i = 0; i < N * frame_bytes; i++)
        in[i] = (uint8_t)random_below(256); /* of F32 some are not numbers: so be it */
    const size_t n_wanted =
        ((size_t)N * shapes[_i].out_hz + shapes[_i].in_hz - 1) / shapes[_i].in_hz;
    const size_t n_floats = (n_wanted + 10) * shapes[_i].n_out;
    float *whole = malloc(n_floats * sizeof *whole);
    float *cut = malloc(n_floats * sizeof *cut);
    ck_assert(whole && cut);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    ck_assert_uint_eq(
        run_all(frontend, in, frame_bytes, N, shapes[_i].n_out, 0, whole, n_wanted + 10), n_wanted);
    const uint64_t n_bad = vpi_frontend_bad_samples(frontend);
    static const size_t pieces[] = {1, 3, 64, 480, 3000};
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        vpi_frontend_reset(frontend);
        ck_assert_uint_eq(
            run_all(frontend, in, frame_bytes, N, shapes[_i].n_out, pieces[p], cut, n_wanted + 10),
            n_wanted);
        ck_assert_int_eq(memcmp(whole, cut, n_wanted * shapes[_i].n_out * sizeof *cut), 0);
        ck_assert_uint_eq(vpi_frontend_bad_samples(frontend), n_bad);
    }
    vpi_frontend_destroy(frontend);
    free(cut);
    free(whole);
}
END_TEST

START_TEST(frontend_takes_all_when_the_capacity_is_as_advised)
{
    static uint8_t in[3000 * 2 * 2];
    static float out[3000 * 24];
    for (int s = 0; s < N_SHAPES; s++) {
        const vpi_frontend_config config =
            config_of(VPRIV_SAMPLE_S16, shapes[s].in_hz, 2, shapes[s].out_hz, 1);
        vpi_frontend *frontend = NULL;
        ck_ok(vpi_frontend_create(&config, &frontend));
        for (int call = 0; call < 300; call++) {
            const size_t n = random_below(3000);
            const size_t capacity = vpi_frontend_output_max_frames(frontend, n);
            size_t n_consumed = 0;
            size_t n_out = 0;
            ck_assert_uint_le(capacity, sizeof out / sizeof *out);
            ck_ok(vpi_frontend_process(frontend, in, n, out, capacity, &n_consumed, &n_out));
            ck_assert_uint_eq(n_consumed, n);
        }
        vpi_frontend_destroy(frontend);
    }
}
END_TEST

START_TEST(frontend_no_room_takes_nothing_and_loses_nothing)
{
    uint8_t in[64] = {0};
    float out[64];
    size_t n_consumed = 7;
    size_t n_out = 7;
    const vpi_frontend_config config = config_of(VPRIV_SAMPLE_S16, 16000, 1, 16000, 1);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    ck_ok(vpi_frontend_process(frontend, in, 32, out, 0, &n_consumed, &n_out));
    ck_assert_uint_eq(n_consumed, 0);
    ck_assert_uint_eq(n_out, 0);
    ck_ok(vpi_frontend_process(frontend, in, 0, out, 64, &n_consumed, &n_out));
    ck_assert_uint_eq(n_consumed + n_out, 0);
    vpi_frontend_destroy(frontend);
}
END_TEST

START_TEST(frontend_what_is_not_a_number_becomes_silence_and_is_counted)
{
    const float in[] = {NAN, 0.5F, INFINITY, -INFINITY, -NAN, 7.5F, -9.0F, 1e30F, 1e-30F, -0.0F};
    static const float wanted[] = {0.0F, 0.5F, 0.0F, 0.0F, 0.0F, 7.5F, -8.0F, 8.0F, 0.0F, 0.0F};
    enum { N = sizeof in / sizeof *in };
    float out[N + 1];
    vpi_frontend_config config = config_of(VPRIV_SAMPLE_F32, 16000, 1, 16000, 1);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    ck_assert_uint_eq(run_all(frontend, (const uint8_t *)in, sizeof *in, N, 1, 0, out, N + 1), N);
    for (size_t i = 0; i < N; i++) {
        ck_assert_float_eq(out[i], wanted[i]);
        ck_assert(!signbit(out[i]) || wanted[i] < 0.0F);
    }
    ck_assert_uint_eq(vpi_frontend_bad_samples(frontend), 4);
    vpi_frontend_reset(frontend);
    ck_assert_uint_eq(vpi_frontend_bad_samples(frontend), 0);
    vpi_frontend_destroy(frontend);

    /* Nor does one of them poison what follows it in the filters. */
    static float longer[4800];
    longer[10] = NAN;
    longer[11] = INFINITY;
    config = config_of(VPRIV_SAMPLE_F32, 48000, 2, 16000, 1);
    config.high_pass = true;
    ck_ok(vpi_frontend_create(&config, &frontend));
    static float quiet[1000];
    ck_assert_uint_eq(run_all(frontend, (const uint8_t *)longer, 8, 2400, 1, 0, quiet, 1000), 800);
    for (size_t i = 0; i < 800; i++)
        ck_assert_float_eq(quiet[i], 0.0F);
    ck_assert_uint_eq(vpi_frontend_bad_samples(frontend), 2);
    vpi_frontend_destroy(frontend);
}
END_TEST

/* Gain of the whole path at one frequency, in decibels; 0 Hz is a constant. */
static double gain_db(const vpi_frontend_config *config, double tone_hz)
{
    const size_t n_in = config->input.rate_hz * 2;
    const size_t capacity = config->output_rate_hz * 2 + 10;
    float *in = malloc(n_in * sizeof *in);
    float *out = malloc(capacity * sizeof *out);
    ck_assert(in && out);
    for (size_t i = 0; i < n_in; i++)
        in[i] = (float)(tone_hz > 0.0
                            ? 0.5 * sin(2.0 * pi * tone_hz * (double)i / config->input.rate_hz)
                            : sqrt(0.125));
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(config, &frontend));
    const size_t n_out =
        run_all(frontend, (const uint8_t *)in, sizeof *in, n_in, 1, 0, out, capacity);
    double power = 0.0;
    const size_t start = n_out / 2; /* the second second; a whole number of periods */
    const size_t end = n_out - n_out / 10;
    for (size_t i = start; i < end; i++)
        power += (double)out[i] * (double)out[i];
    vpi_frontend_destroy(frontend);
    free(out);
    free(in);
    return 10.0 * log10(power / (double)(end - start) / 0.125 + 1e-30);
}

START_TEST(frontend_high_pass_is_3_db_down_at_its_cut_off_and_removes_dc)
{
    static const uint32_t rates_hz[] = {8000, 16000, 48000};
    static const uint32_t cut_offs_hz[] = {0, 20, 50, 120, 1000};
    for (size_t r = 0; r < sizeof rates_hz / sizeof *rates_hz; r++)
        for (size_t c = 0; c < sizeof cut_offs_hz / sizeof *cut_offs_hz; c++) {
            const double cut_off_hz = cut_offs_hz[c] ? cut_offs_hz[c] : 50;
            vpi_frontend_config config = config_of(VPRIV_SAMPLE_F32, 48000, 1, rates_hz[r], 1);
            config.high_pass = true;
            config.high_pass_hz = cut_offs_hz[c];
            static const double places[] = {0.5, 1.0, 3.0};
            for (size_t p = 0; p < 3; p++) {
                const double tone_hz = places[p] * cut_off_hz;
                const double ratio =
                    tan(pi * cut_off_hz / rates_hz[r]) / tan(pi * tone_hz / rates_hz[r]);
                ck_assert_double_eq_tol(
                    gain_db(&config, tone_hz), -10.0 * log10(1.0 + pow(ratio, 4.0)), 0.06);
            }
            ck_assert_double_eq_tol(gain_db(&config, cut_off_hz), -3.01, 0.06);
            ck_assert_double_le(gain_db(&config, 0.0), -40.0);
        }
}
END_TEST

START_TEST(frontend_without_high_pass_keeps_dc)
{
    vpi_frontend_config config = config_of(VPRIV_SAMPLE_F32, 48000, 1, 16000, 1);
    ck_assert_double_eq_tol(gain_db(&config, 0.0), 0.0, 0.001);
    ck_assert_double_eq_tol(gain_db(&config, 50.0), 0.0, 0.06);
}
END_TEST

START_TEST(high_pass_state_dies_away_to_zero_and_is_never_subnormal)
{
    enum { N = 64000 };
    static float samples[N];
    vpi_high_pass filter = {.gain = 0.98621192, .a1 = -1.97223373, .a2 = 0.97261396};
    for (size_t i = 0; i < 500; i++)
        samples[i] = (float)random_below(1000) / 500.0F - 1.0F;
    vpi_kernels_get()->high_pass(&filter, samples, N, 1);
    for (size_t i = 0; i < N; i++)
        ck_assert(fpclassify(samples[i]) != FP_SUBNORMAL);
    ck_assert_double_eq(filter.channel[0].y1, 0.0);
    ck_assert_double_eq(filter.channel[0].y2, 0.0);
    for (size_t i = N - 16000; i < N; i++)
        ck_assert_float_eq(samples[i], 0.0F);
}
END_TEST

START_TEST(frontend_faint_input_never_turns_subnormal)
{
    enum { N = 9600 };
    static float in[N];
    static float out[N];
    for (size_t i = 0; i < N; i++) { /* the faintest that gets in, and much fainter */
        const int exponent = i < N / 2 ? -60 : -61 - (int)random_below(88);
        in[i] = ldexpf(random_below(2) ? 1.0F : -1.0F, exponent);
    }
    vpi_frontend_config config = config_of(VPRIV_SAMPLE_F32, 48000, 1, 16000, 1);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    const size_t n = run_all(frontend, (const uint8_t *)in, sizeof *in, N, 1, 0, out, N);
    ck_assert_uint_eq(n, N / 3);
    ck_assert_float_ne(out[n / 4], 0.0F);
    for (size_t i = 0; i < n; i++)
        ck_assert(fpclassify(out[i]) != FP_SUBNORMAL);
    for (size_t i = n / 2 + 40; i < n; i++)
        ck_assert_float_eq(out[i], 0.0F);
    vpi_frontend_destroy(frontend);
}
END_TEST

START_TEST(frontend_level_is_that_of_the_output_since_the_last_call)
{
    enum { N = 16000 };
    static int16_t in[N];
    static float stereo[2 * N + 2];
    float peak = -1.0F;
    float rms = -1.0F;
    for (size_t i = 0; i < N; i++)
        in[i] = (int16_t)lrint(16384.0 * sin(2.0 * pi * 400.0 * (double)i / N));
    const vpi_frontend_config config = config_of(VPRIV_SAMPLE_S16, 16000, 1, 16000, 2);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    vpi_frontend_level(frontend, &peak, &rms);
    ck_assert_float_eq(peak, 0.0F);
    ck_assert_float_eq(rms, 0.0F);
    size_t n_consumed = 0;
    size_t n_out = 0;
    ck_ok(vpi_frontend_process(frontend, in, N, stereo, N + 1, &n_consumed, &n_out));
    vpi_frontend_level(frontend, &peak, &rms);
    ck_assert_float_eq_tol(peak, 0.5F, 1e-4F);
    ck_assert_float_eq_tol(rms, 0.353553F, 1e-4F);
    vpi_frontend_level(frontend, &peak, &rms);
    ck_assert_float_eq(peak, 0.0F);
    ck_assert_float_eq(rms, 0.0F);
    vpi_frontend_destroy(frontend);
}
END_TEST

START_TEST(frontend_after_flush_only_reset_goes_on)
{
    static int16_t in[960];
    static float out[960];
    size_t n_consumed = 11;
    size_t n_out = 12;
    const vpi_frontend_config config = config_of(VPRIV_SAMPLE_S16, 48000, 1, 16000, 1);
    for (size_t i = 0; i < 960; i++)
        in[i] = (int16_t)(1000 + i);
    vpi_frontend *frontend = NULL;
    ck_ok(vpi_frontend_create(&config, &frontend));
    ck_assert_uint_eq(vpi_frontend_latency_frames(frontend), 96);
    ck_ok(vpi_frontend_process(frontend, in, 960, out, 960, &n_consumed, &n_out));
    ck_assert_uint_eq(n_out, 960 / 3 - 32);
    ck_ok(vpi_frontend_flush(frontend, out, 10, &n_out));
    ck_assert_uint_eq(n_out, 10);
    ck_ok(vpi_frontend_flush(frontend, out, 960, &n_out));
    ck_assert_uint_eq(n_out, 22);
    ck_ok(vpi_frontend_flush(frontend, out, 960, &n_out));
    ck_assert_uint_eq(n_out, 0);
    n_consumed = 11;
    n_out = 12;
    ck_fails(vpi_frontend_process(frontend, in, 960, out, 960, &n_consumed, &n_out), VPRIV_E_STATE);
    ck_assert_uint_eq(n_consumed, 11);
    ck_assert_uint_eq(n_out, 12);
    vpi_frontend_reset(frontend);
    /* Nothing of the old stream is left to be heard. */
    memset(in, 0, sizeof in);
    ck_ok(vpi_frontend_process(frontend, in, 960, out, 960, &n_consumed, &n_out));
    ck_assert_uint_eq(n_out, 288);
    for (size_t i = 0; i < n_out; i++)
        ck_assert_float_eq(out[i], 0.0F);
    vpi_frontend_destroy(frontend);
    vpi_frontend_destroy(NULL);
}
END_TEST

static void refused(vpi_frontend_config config, const char *text)
{
    vpi_frontend *frontend = NULL;
    ck_fails(vpi_frontend_create(&config, &frontend), VPRIV_E_ARG);
    ck_assert_ptr_null(frontend);
    ck_assert_msg(strstr(vpriv_error_detail(), text) != NULL, "\"%s\" does not say \"%s\"",
        vpriv_error_detail(), text);
}

START_TEST(frontend_refuses_what_it_does_not_serve_by_name)
{
    static const uint32_t good_hz[] = {8000, 12000, 16000, 24000, 48000};
    vpi_frontend *frontend = NULL;
    refused(config_of((vpriv_sample_format)0, 48000, 1, 16000, 1), "format 0");
    refused(config_of((vpriv_sample_format)5, 48000, 1, 16000, 1), "format 5");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 0, 16000, 1), "0 channels");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 9, 16000, 1), "9 channels");
    refused(config_of(VPRIV_SAMPLE_S16, 7999, 1, 16000, 1), "7999 Hz");
    refused(config_of(VPRIV_SAMPLE_S16, 192001, 1, 16000, 1), "192001 Hz");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 1, 44100, 1), "44100 Hz");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 1, 0, 1), "output rate of 0 Hz");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 1, 16000, 0), "output of 0 channels");
    refused(config_of(VPRIV_SAMPLE_S16, 48000, 2, 16000, 3), "output of 3 channels");
    vpi_frontend_config config = config_of(VPRIV_SAMPLE_S16, 48000, 2, 16000, 1);
    config.high_pass_hz = 4;
    refused(config, "high-pass at 4 Hz");
    config.high_pass_hz = 1001;
    refused(config, "high-pass at 1001 Hz");
    ck_fails(vpi_frontend_create(NULL, &frontend), VPRIV_E_ARG);
    for (size_t r = 0; r < sizeof good_hz / sizeof *good_hz; r++) {
        config = config_of(VPRIV_SAMPLE_S16, 192000, 8, good_hz[r], 2);
        ck_ok(vpi_frontend_create(&config, &frontend));
        vpi_frontend_destroy(frontend);
    }
}
END_TEST

START_TEST(dispatch_a_level_nobody_knows_means_c)
{
    ck_assert_int_eq(vpi_cpu_level_wanted("c"), VPI_CPU_C);
    ck_assert_int_eq(vpi_cpu_level_wanted(""), VPI_CPU_C);
    ck_assert_int_eq(vpi_cpu_level_wanted("mmx"), VPI_CPU_C);
    ck_assert(vpi_cpu_level_runs(VPI_CPU_C));
    const vpi_cpu_level best = vpi_cpu_level_wanted(NULL);
    ck_assert(vpi_cpu_level_runs(best));
    for (int l = 0; l < VPI_CPU_N_LEVELS; l++) {
        const vpi_cpu_level level = (vpi_cpu_level)l;
        ck_assert(!vpi_cpu_level_runs(level) || level <= best);
        ck_assert_int_eq(vpi_cpu_level_wanted(vpi_cpu_level_name(level)),
            vpi_cpu_level_runs(level) ? level : VPI_CPU_C);
    }
}
END_TEST

START_TEST(dispatch_the_environment_decides)
{
    ck_assert_int_eq(setenv("VPRIV_CPU", "c", 1), 0);
    ck_assert_int_eq(vpi_kernels_level(), VPI_CPU_C);
    vpi_kernels c;
    vpi_kernels_fill(VPI_CPU_C, &c);
    ck_assert_int_eq(memcmp(vpi_kernels_get(), &c, sizeof c), 0);
}
END_TEST

static void *get_kernels(void *table_out)
{
    memcpy(table_out, vpi_kernels_get(), sizeof(vpi_kernels));
    return NULL;
}

START_TEST(dispatch_any_thread_may_be_first)
{
    enum { N_THREADS = 8 };
    pthread_t threads[N_THREADS];
    static vpi_kernels tables[N_THREADS];
    for (size_t t = 0; t < N_THREADS; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, get_kernels, &tables[t]), 0);
    for (size_t t = 0; t < N_THREADS; t++) {
        ck_assert_int_eq(pthread_join(threads[t], NULL), 0);
        ck_assert_int_eq(memcmp(&tables[t], vpi_kernels_get(), sizeof tables[t]), 0);
        ck_assert(tables[t].level && tables[t].polyphase);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames: front end");
    TCase *path = tcase_create("path");
    tcase_set_timeout(path, 60);
    tcase_add_loop_test(path, frontend_every_format_and_channel_mix_is_right, 0, 4 * 8 * 2);
    tcase_add_loop_test(path, frontend_pieces_change_no_bit, 0, N_SHAPES);
    tcase_add_test(path, frontend_takes_all_when_the_capacity_is_as_advised);
    tcase_add_test(path, frontend_no_room_takes_nothing_and_loses_nothing);
    tcase_add_test(path, frontend_what_is_not_a_number_becomes_silence_and_is_counted);
    tcase_add_test(path, frontend_high_pass_is_3_db_down_at_its_cut_off_and_removes_dc);
    tcase_add_test(path, frontend_without_high_pass_keeps_dc);
    tcase_add_test(path, high_pass_state_dies_away_to_zero_and_is_never_subnormal);
    tcase_add_test(path, frontend_faint_input_never_turns_subnormal);
    tcase_add_test(path, frontend_level_is_that_of_the_output_since_the_last_call);
    tcase_add_test(path, frontend_after_flush_only_reset_goes_on);
    tcase_add_test(path, frontend_refuses_what_it_does_not_serve_by_name);
    suite_add_tcase(suite, path);
    TCase *dispatch = tcase_create("dispatch");
    tcase_add_test(dispatch, dispatch_a_level_nobody_knows_means_c);
    tcase_add_test(dispatch, dispatch_the_environment_decides);
    tcase_add_test(dispatch, dispatch_any_thread_may_be_first);
    suite_add_tcase(suite, dispatch);
    return unit_main(suite);
}
