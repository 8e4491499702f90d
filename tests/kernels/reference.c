#include "reference.h"
#include <math.h>
#include <string.h>

size_t reference_sample_bytes(vpriv_sample_format format)
{
    return format == VPRIV_SAMPLE_S16 ? 2 : format == VPRIV_SAMPLE_S24 ? 3 : 4;
}

float reference_convert(vpriv_sample_format format, const uint8_t *in, bool *bad_out)
{
    const size_t n_bytes = reference_sample_bytes(format);
    uint32_t raw = 0;
    for (size_t b = 0; b < n_bytes; b++)
        raw |= (uint32_t)in[b] << (8 * b);
    *bad_out = false;
    if (format == VPRIV_SAMPLE_F32) {
        float value;
        memcpy(&value, &raw, sizeof value);
        *bad_out = !isfinite(value);
        if (*bad_out || fabs((double)value) < ldexp(1.0, -60))
            return 0.0F;
        return value > 8.0F ? 8.0F : value < -8.0F ? -8.0F : value;
    }
    const int n_bits = (int)(8 * n_bytes);
    double value = (double)raw;
    if (value >= ldexp(1.0, n_bits - 1))
        value -= ldexp(1.0, n_bits);
    return (float)ldexp(value, 1 - n_bits);
}

float reference_mix(const float *frame, size_t n_channels, size_t first, size_t step)
{
    size_t n = 1;
    float sum = frame[first];
    for (size_t c = first + step; c < n_channels; c += step, n++)
        sum = sum + frame[c];
    return sum * (1.0F / (float)n);
}

double reference_mix_exact(const float *frame, size_t n_channels, size_t first, size_t step)
{
    double n = 0.0;
    double sum = 0.0;
    for (size_t c = first; c < n_channels; c += step, n += 1.0)
        sum += (double)frame[c];
    return sum / n;
}

float reference_inner_product(const float *a, const float *b, size_t n)
{
    float lane[16] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % 16] = lane[i % 16] + a[i] * b[i];
    for (size_t width = 8; width >= 1; width /= 2)
        for (size_t l = 0; l < width; l++)
            lane[l] = lane[l] + lane[l + width];
    return lane[0];
}

double reference_inner_product_exact(
    const float *a, const float *b, size_t n, double *magnitude_out)
{
    double sum = 0.0;
    *magnitude_out = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
        *magnitude_out += fabs((double)a[i] * (double)b[i]);
    }
    return sum;
}

/* Where output k lies, without walking: in whole and in parts of a frame. */
static size_t place_of(const vpi_filter_bank *bank, uint32_t phase, size_t k, uint32_t *phase_out)
{
    const uint64_t step = (uint64_t)bank->step_frames * bank->modulus + bank->step_phase;
    const uint64_t place = phase + k * step;
    *phase_out = (uint32_t)(place % bank->modulus);
    return (size_t)(place / bank->modulus);
}

float reference_polyphase(
    const vpi_filter_bank *bank, bool between, const float *in, uint32_t phase, size_t k)
{
    uint32_t here;
    const float *window = in + place_of(bank, phase, k, &here);
    if (!between)
        return reference_inner_product(
            window, bank->rows + (size_t)here * bank->n_taps, bank->n_taps);
    const uint64_t parts = (uint64_t)here * bank->n_rows;
    const float *row = bank->rows + (size_t)(parts / bank->modulus) * bank->n_taps;
    const float f = (float)(parts % bank->modulus) / (float)bank->modulus;
    const float a = reference_inner_product(window, row, bank->n_taps);
    const float b = reference_inner_product(window, row + bank->n_taps, bank->n_taps);
    return a + (b - a) * f;
}

double reference_polyphase_exact(const vpi_filter_bank *bank, bool between, const float *in,
    uint32_t phase, size_t k, double *magnitude_out)
{
    uint32_t here;
    const float *window = in + place_of(bank, phase, k, &here);
    if (!between)
        return reference_inner_product_exact(
            window, bank->rows + (size_t)here * bank->n_taps, bank->n_taps, magnitude_out);
    const double parts = (double)here * (double)bank->n_rows / (double)bank->modulus;
    const float *row = bank->rows + (size_t)parts * bank->n_taps;
    double more;
    const double a = reference_inner_product_exact(window, row, bank->n_taps, magnitude_out);
    const double b = reference_inner_product_exact(window, row + bank->n_taps, bank->n_taps, &more);
    *magnitude_out += more;
    return a + (b - a) * (parts - floor(parts));
}

size_t reference_polyphase_span(const vpi_filter_bank *bank, uint32_t phase, size_t n_out)
{
    uint32_t ignored;
    return n_out ? place_of(bank, phase, n_out - 1, &ignored) + bank->n_taps : 0;
}
