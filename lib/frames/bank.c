#include "frames/bank.h"
#include "base/try.h"
#include <math.h>
#include <string.h>

#define ROWS_PER_PERIOD 512
/* 192 kHz to 8 kHz and back. */
#define RATIO_MAX 24
/* 256 KiB of rows; beyond, the rows between are interpolated. */
#define EXACT_FLOATS_MAX 65536

static const double pi = 3.14159265358979323846;

/* The prototype: window × (CUT × sinc(CUT × t) + Σ amplitude × cos(π × place × t)), t in periods of
 * the lower rate, frequencies as shares of its Nyquist frequency. A windowed sinc alone is a
 * hundred times flatter than anybody hears and rounds off early for it; the three cosines, small
 * bumps just below the edge, give that flatness up and move the edge from 0.82 to 0.85 for nothing.
 * The numbers come from a search for the least ripple up to there with 102 dB from 1 on. */
#define KAISER_BETA 9.862892
#define CUT         0.9007939
static const struct {
    double place, amplitude;
} bumps[] = {
    {0.7971778, 0.001153180},
    {0.8256693, -0.002393507},
    {0.8754124, 0.006761304},
};

typedef struct prototype {
    double stretch; /* input frames per period of the lower rate */
    double window_scale;
} prototype;

/* Modified Bessel function of the first kind, order 0. */
static double bessel_i0(double x)
{
    const double quarter = x * x / 4.0;
    double term = 1.0;
    double sum = 1.0;
    for (int k = 1; term > sum * 1e-17; k++) {
        term *= quarter / ((double)k * (double)k);
        sum += term;
    }
    return sum;
}

static prototype prototype_of(uint32_t in_hz, uint32_t out_hz)
{
    prototype p = {0};
    p.stretch = in_hz > out_hz ? (double)in_hz / (double)out_hz : 1.0;
    p.window_scale = 1.0 / bessel_i0(KAISER_BETA);
    return p;
}

/* The prototype at a distance of so many input frames from its centre, not yet scaled. */
static double prototype_at(const prototype *p, double distance_frames)
{
    const double periods = distance_frames / p->stretch;
    const double edge = periods / (VPI_BANK_PERIODS / 2);
    if (edge <= -1.0 || edge >= 1.0)
        return 0.0;
    const double angle = pi * periods;
    double value = fabs(angle) < 1e-9 ? CUT : sin(CUT * angle) / angle;
    for (size_t b = 0; b < sizeof bumps / sizeof *bumps; b++)
        value += bumps[b].amplitude * cos(bumps[b].place * angle);
    return value * bessel_i0(KAISER_BETA * sqrt(1.0 - edge * edge)) * p->window_scale;
}

/* One row for outputs that fall `phase` of a frame after a frame. Each row passes DC with gain 1,
 * so that a constant comes out constant. */
static void design_row(const prototype *p, const vpi_bank *bank, double phase, float *row)
{
    double taps[VPI_BANK_PERIODS * RATIO_MAX];
    double sum = 0.0;
    for (uint32_t j = 0; j < bank->filter.n_taps; j++) {
        taps[j] = prototype_at(p, phase + (double)bank->before_frames - (double)j);
        sum += taps[j];
    }
    for (uint32_t j = 0; j < bank->filter.n_taps; j++)
        row[j] = (float)(taps[j] / sum);
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static vpi_bank bank_of(uint32_t in_hz, uint32_t out_hz, const prototype *p)
{
    const uint32_t divisor = common_divisor(in_hz, out_hz);
    const uint32_t step = in_hz / divisor;
    vpi_bank bank;
    memset(&bank, 0, sizeof bank);
    bank.filter.modulus = out_hz / divisor;
    bank.filter.step_frames = step / bank.filter.modulus;
    bank.filter.step_phase = step % bank.filter.modulus;
    bank.after_frames = (uint32_t)ceil(p->stretch * (VPI_BANK_PERIODS / 2));
    bank.filter.n_taps = (2 * bank.after_frames + VPI_LANES - 1) / VPI_LANES * VPI_LANES;
    bank.before_frames = bank.filter.n_taps - 1 - bank.after_frames;
    bank.between = (uint64_t)bank.filter.modulus * bank.filter.n_taps > EXACT_FLOATS_MAX;
    bank.filter.n_rows =
        bank.between ? (uint32_t)ceil(ROWS_PER_PERIOD / p->stretch) : bank.filter.modulus;
    return bank;
}

vpriv_status vpi_bank_create(uint32_t in_hz, uint32_t out_hz, vpi_bank *bank_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(in_hz != out_hz && in_hz > 0 && out_hz > 0 &&
                   in_hz <= RATIO_MAX * (uint64_t)out_hz && out_hz <= RATIO_MAX * (uint64_t)in_hz,
        VPRIV_E_ARG, "no filter from %u Hz to %u Hz", in_hz, out_hz);
    const prototype p = prototype_of(in_hz, out_hz);
    vpi_bank bank = bank_of(in_hz, out_hz, &p);
    const size_t n_rows = bank.filter.n_rows + (bank.between ? 1U : 0U);
    /* A row is a whole number of 64 bytes, as aligned_alloc wants it. */
    bank.memory = aligned_alloc(64, n_rows * bank.filter.n_taps * sizeof *bank.memory);
    VPI_ENSURE(bank.memory, VPRIV_E_MEMORY, "no memory for a filter of %zu rows of %u taps", n_rows,
        bank.filter.n_taps);
    for (size_t row = 0; row < n_rows; row++)
        design_row(&p, &bank, (double)row / (double)bank.filter.n_rows,
            bank.memory + row * bank.filter.n_taps);
    bank.filter.rows = bank.memory;
    *bank_out = bank;
    st = VPRIV_OK;
out:
    return st;
}

void vpi_bank_destroy(vpi_bank *bank)
{
    free(bank->memory);
    bank->memory = NULL;
    bank->filter.rows = NULL;
}
