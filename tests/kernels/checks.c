#include "checkkernels.h"
#include "reference.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* Ordinary samples, and those around every limit there is. */
static void put_delicate_floats(uint8_t *in, size_t n)
{
    static const uint32_t limits[] = {0x7f800000, 0x7f7fffff, 0x7f800001, 0x7fffffff, 0x41000000,
        0x41000001, 0x40ffffff, 0x21800000, 0x217fffff, 0x21800001, 0x00800000, 0x007fffff, 1, 0};
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = limits[check_below(sizeof limits / sizeof *limits)];
        bits |= check_below(2) << 31;
        float sane;
        check_noise_floats(&sane, 1);
        if (check_below(2))
            memcpy(&bits, &sane, sizeof bits);
        for (size_t b = 0; b < 4; b++)
            in[4 * i + b] = (uint8_t)(bits >> (8 * b));
    }
}

static void check_convert_format(check *at, vpriv_sample_format format)
{
    const size_t n = at->length;
    const size_t n_bytes = reference_sample_bytes(format);
    uint8_t *in = check_input(0, n * n_bytes + check_below(8));
    check_noise_bytes(in, n * n_bytes);
    if (format == VPRIV_SAMPLE_F32 && check_below(2))
        put_delicate_floats(in, n);
    float *got = check_output(0, n);
    const size_t n_bad = at->k->convert[VPI_SAMPLE_INDEX(format)](got, in, n);
    check_margins(at, 0);
    size_t n_bad_wanted = 0;
    for (size_t i = 0; i < n; i++) {
        bool bad;
        const float wanted = reference_convert(format, in + i * n_bytes, &bad);
        n_bad_wanted += bad;
        check_same(at, got + i, &wanted, 1, "the reference");
    }
    if (n_bad != n_bad_wanted)
        check_fail(at, "counted %zu bad samples, wanted %zu", n_bad, n_bad_wanted);
}

void check_convert(check *at)
{
    at->kernel = "convert_s16";
    check_convert_format(at, VPRIV_SAMPLE_S16);
    at->kernel = "convert_s24";
    check_convert_format(at, VPRIV_SAMPLE_S24);
    at->kernel = "convert_s32";
    check_convert_format(at, VPRIV_SAMPLE_S32);
    at->kernel = "convert_f32";
    check_convert_format(at, VPRIV_SAMPLE_F32);
}

static void check_mix_channels(check *at, size_t n_channels)
{
    const size_t n = at->length;
    float *in = check_input(0, n * n_channels * sizeof *in);
    check_noise_floats(in, n * n_channels);
    at->kernel = "mix_mono";
    float *mono = check_output(0, n);
    at->k->mix_mono(mono, in, n, n_channels);
    check_margins(at, 0);
    for (size_t i = 0; i < n; i++) {
        const float wanted = reference_mix(in + i * n_channels, n_channels, 0, 1);
        check_same(at, mono + i, &wanted, 1, "the reference");
        check_near(at, i, (double)mono[i],
            reference_mix_exact(in + i * n_channels, n_channels, 0, 1), 1e-5);
    }
    if (n_channels < 2)
        return;
    at->kernel = "mix_stereo";
    float *side[2] = {check_output(0, n), check_output(1, n)};
    at->k->mix_stereo(side[0], side[1], in, n, n_channels);
    for (int s = 0; s < 2; s++) {
        check_margins(at, s);
        for (size_t i = 0; i < n; i++) {
            const float wanted = reference_mix(in + i * n_channels, n_channels, (size_t)s, 2);
            check_same(at, side[s] + i, &wanted, 1, "the reference");
            check_near(at, i, (double)side[s][i],
                reference_mix_exact(in + i * n_channels, n_channels, (size_t)s, 2), 1e-5);
        }
    }
}

void check_mix(check *at)
{
    for (size_t n_channels = 1; n_channels <= 8; n_channels++)
        check_mix_channels(at, n_channels);

    at->kernel = "mono_from_s16_stereo";
    const size_t n = at->length;
    uint8_t *in = check_input(0, 4 * n + check_below(8));
    check_noise_bytes(in, 4 * n);
    float *got = check_output(0, n);
    at->k->mono_from_s16_stereo(got, in, n);
    check_margins(at, 0);
    for (size_t i = 0; i < n; i++) {
        bool bad;
        const float pair[2] = {reference_convert(VPRIV_SAMPLE_S16, in + 4 * i, &bad),
            reference_convert(VPRIV_SAMPLE_S16, in + 4 * i + 2, &bad)};
        const float wanted = reference_mix(pair, 2, 0, 1);
        check_same(at, got + i, &wanted, 1, "the reference");
    }
}

static void check_polyphase_kind(check *at, bool between)
{
    static _Alignas(64) float rows[64 * 64];
    const size_t n = at->length;
    vpi_filter_bank bank = {.rows = rows};
    bank.n_taps = 16 * (1 + check_below(4));
    bank.n_rows = 1 + check_below(48);
    bank.modulus = between ? 1 + check_below(190000) : bank.n_rows;
    bank.step_frames = check_below(6);
    bank.step_phase = check_below(bank.modulus);
    if (check_below(3) == 0 && !between)
        bank.n_rows = bank.modulus = 1, bank.step_phase = 0;
    if (bank.n_rows < 10)
        bank.n_taps = 16 * (1 + check_below(24));
    check_noise_floats(rows, sizeof rows / sizeof *rows);

    const uint32_t phase = check_below(bank.modulus);
    const size_t stride = 1 + check_below(2);
    const size_t span = reference_polyphase_span(&bank, phase, n);
    float *in = check_input(0, span * sizeof *in);
    check_noise_floats(in, span);
    float *got = check_output(0, n * stride);
    static float before[8192];
    memcpy(before, got, n * stride * sizeof *got);
    (between ? at->k->polyphase_between : at->k->polyphase)(&bank, in, phase, got, stride, n);
    check_margins(at, 0);
    for (size_t i = 0; i < n; i++) {
        double magnitude;
        const float wanted = reference_polyphase(&bank, between, in, phase, i);
        const double exact = reference_polyphase_exact(&bank, between, in, phase, i, &magnitude);
        check_same(at, got + i * stride, &wanted, 1, "the reference");
        check_near(at, i, (double)got[i * stride], exact, magnitude * 16.0 * (double)FLT_EPSILON);
        if (stride == 2)
            check_same(at, got + 2 * i + 1, before + 2 * i + 1, 1, "what stood between outputs");
    }
}

void check_polyphase(check *at)
{
    at->kernel = "polyphase";
    check_polyphase_kind(at, false);
    at->kernel = "polyphase_between";
    check_polyphase_kind(at, true);
}

/* A Butterworth section of random cut-off, and its differential against an unhurried one. */
static vpi_high_pass random_high_pass(void)
{
    const double warped = tan(3.141592653589793 * (0.0002 + 1e-5 * check_below(4000)));
    const double scale = 1.0 / (1.0 + sqrt(2.0) * warped + warped * warped);
    vpi_high_pass filter;
    memset(&filter, 0, sizeof filter);
    filter.gain = scale;
    filter.a1 = 2.0 * (warped * warped - 1.0) * scale;
    filter.a2 = (1.0 - sqrt(2.0) * warped + warped * warped) * scale;
    filter.grid_frames = check_below(VPI_HIGH_PASS_GRID_FRAMES);
    return filter;
}

static void check_high_pass_channels(check *at, size_t n_channels)
{
    static float in[8192];
    const size_t n = at->length;
    vpi_high_pass start = random_high_pass();
    check_noise_floats(in, n * n_channels);
    if (check_below(2)) { /* a sound that is dying away: when does its state become 0? */
        memset(in, 0, n * n_channels * sizeof *in);
        for (size_t c = 0; c < n_channels; c++) {
            start.channel[c].y1 = ldexp(1.0, -60 - (int)check_below(25));
            start.channel[c].y2 = ldexp(1.0, -60 - (int)check_below(25));
        }
    }

    vpi_high_pass filter = start;
    float *got = check_output(0, n * n_channels);
    memcpy(got, in, n * n_channels * sizeof *got);
    at->k->high_pass(&filter, got, n, n_channels);
    check_margins(at, 0);

    vpi_high_pass c_filter = start;
    float *wanted = check_output(1, n * n_channels);
    memcpy(wanted, in, n * n_channels * sizeof *wanted);
    const size_t cut = n ? check_below((uint32_t)n) : 0;
    at->c->high_pass(&c_filter, wanted, cut, n_channels);
    at->c->high_pass(&c_filter, wanted + cut * n_channels, n - cut, n_channels);
    check_same(at, got, wanted, n * n_channels, "plain C in two pieces");
    if (filter.grid_frames != c_filter.grid_frames ||
        memcmp(filter.channel, c_filter.channel, sizeof filter.channel) != 0)
        check_fail(at, "the state differs from plain C's");

    for (size_t c = 0; c < n_channels; c++) {
        long double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        for (size_t i = 0; i < n; i++) {
            const long double x = (long double)in[i * n_channels + c];
            const long double y = (long double)start.gain * (x - 2 * x1 + x2) -
                                  (long double)start.a1 * y1 - (long double)start.a2 * y2;
            x2 = x1, x1 = x, y2 = y1, y1 = y;
            check_near(at, i, (double)got[i * n_channels + c], (double)y, 2e-6);
        }
    }
}

void check_high_pass(check *at)
{
    at->kernel = "high_pass";
    check_high_pass_channels(at, 1);
    check_high_pass_channels(at, 2);
}

void check_level(check *at)
{
    at->kernel = "level";
    const size_t n = at->length;
    float *in = check_input(0, n * sizeof *in);
    check_noise_floats(in, n);
    const vpi_level got = at->k->level(in, n);
    float peak = 0.0F;
    for (size_t i = 0; i < n; i++)
        peak = fabsf(in[i]) > peak ? fabsf(in[i]) : peak;
    const float wanted = reference_inner_product(in, in, n);
    double magnitude;
    const double exact = reference_inner_product_exact(in, in, n, &magnitude);
    check_same(at, &got.peak, &peak, 1, "the reference's peak");
    check_same(at, &got.sum_squares, &wanted, 1, "the reference's sum");
    check_near(at, 0, (double)got.sum_squares, exact, magnitude * 64.0 * (double)FLT_EPSILON);
}

/* One band of one hop, one number at a time; exact: in double precision, without the fold; sizes: the
 * sum of the products' magnitudes, which scales the rounding errors. */
static float band_sample(const vpi_band_filter *filter, const float *in, size_t band,
    double *exact_out, double *sizes_out)
{
    float u[2 * VPI_LANES];
    float z[VPI_LANES];
    float sum = 0.0F;
    *exact_out = *sizes_out = 0.0;
    for (size_t l = 0; l < 2 * VPI_LANES; l++) {
        u[l] = 0.0F;
        for (size_t k = l; k < VPI_BAND_TAPS; k += 2 * VPI_LANES)
            u[l] += in[k] * filter->window[k];
    }
    for (size_t j = 0; j < VPI_LANES; j++) {
        z[j] = j == 0 ? u[8] : j <= 8 ? u[8 + j] + u[8 - j] : u[8 + j] - u[40 - j];
        sum += z[j] * filter->cosines[j * VPI_LANES + band];
    }
    for (size_t k = 0; k < VPI_BAND_TAPS; k++) {
        const size_t l = k % (2 * VPI_LANES);
        const size_t j = l < 8 ? 8 - l : l <= 24 ? l - 8 : 40 - l;
        const double cosine =
            l == 24 ? 0.0 : (double)filter->cosines[(j % VPI_LANES) * VPI_LANES + band];
        const double product = (double)in[k] * (double)filter->window[k] * cosine;
        *exact_out += l > 24 ? -product : product;
        *sizes_out += fabs(product);
    }
    return sum;
}

void check_band_energies(check *at)
{
    static vpi_band_filter filter;
    at->kernel = "band_energies";
    const size_t n_hops = at->length;
    const size_t n = n_hops * VPI_LANES + VPI_BAND_HISTORY;
    float *in = check_input(0, n * sizeof *in);
    check_noise_floats(in, n);
    check_noise_floats(filter.window, VPI_BAND_TAPS);
    check_noise_floats(filter.cosines, sizeof filter.cosines / sizeof filter.cosines[0]);
    float *got = check_output(0, VPI_LANES);
    at->k->band_energies(&filter, in, n_hops, got);
    check_margins(at, 0);
    /* Long ones take long; of them every band is compared with plain C, and one with the reference. */
    float *c = check_output(1, VPI_LANES);
    at->c->band_energies(&filter, in, n_hops, c);
    check_same(at, got, c, VPI_LANES, "plain C");
    for (size_t band = n_hops > 70 ? check_below(VPI_LANES) : 0;
         band<VPI_LANES; band += n_hops> 70 ? VPI_LANES : 1) {
        float wanted = 0.0F;
        double exact = 0.0;
        double slack = 0.0;
        for (size_t hop = 0; hop < n_hops; hop++) {
            double sample;
            double sizes;
            const float x = band_sample(&filter, in + hop * VPI_LANES, band, &sample, &sizes);
            wanted += x * x;
            exact += sample * sample;
            slack += sizes * sizes;
        }
        check_same(at, got + band, &wanted, 1, "the reference");
        check_near(at, band, (double)got[band], exact,
            (slack * 64.0 + exact * (double)n_hops) * (double)FLT_EPSILON);
    }
}
