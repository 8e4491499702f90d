/* The kernels in plain C: these define the answer (see kernels.h).
 * Where gcc and clang do not find the lanes by themselves they are spelt out as four vectors of
 * four floats; that is notation and changes no bit. */
#include "frames/kernels_rest.h"
#include <string.h>

typedef float float4 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));
typedef double double2 __attribute__((vector_size(16)));

/* Four names and not an array of four: gcc keeps an array in memory. */
typedef struct lanes {
    float4 a, b, c, d;
} lanes;

static inline float4 load4(const float *from)
{
    float4 value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline lanes load16(const float *from)
{
    return (lanes){load4(from), load4(from + 4), load4(from + 8), load4(from + 12)};
}

static inline void add_products(lanes *sums, lanes x, lanes y)
{
    sums->a += x.a * y.a;
    sums->b += x.b * y.b;
    sums->c += x.c * y.c;
    sums->d += x.d * y.d;
}

/* 16 lanes to one: 8 + 4 + 2 + 1. */
static inline float fold(lanes sums)
{
    const float4 four = (sums.a + sums.c) + (sums.b + sums.d);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline int32_t load_s16(const uint8_t *in)
{
    int16_t value;
    memcpy(&value, in, sizeof value);
    return value;
}

static inline int32_t load_s32(const uint8_t *in)
{
    int32_t value;
    memcpy(&value, in, sizeof value);
    return value;
}
#else
static inline int32_t load_s16(const uint8_t *in)
{
    return (int16_t)(uint16_t)(in[0] | in[1] << 8);
}

static inline int32_t load_s32(const uint8_t *in)
{
    return (int32_t)((uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
                     (uint32_t)in[3] << 24);
}
#endif

static size_t convert_s16_c(float *out, const uint8_t *in, size_t n_samples)
{
    for (size_t i = 0; i < n_samples; i++)
        out[i] = (float)load_s16(in + 2 * i) * 0x1p-15F;
    return 0;
}

static size_t convert_s24_c(float *out, const uint8_t *in, size_t n_samples)
{
    if (n_samples == 0)
        return 0;
    const uint32_t first = (uint32_t)in[0] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 24;
    out[0] = (float)(int32_t)first * 0x1p-31F; /* exact: 24 bits fit a float's 24 */
    for (size_t i = 1; i < n_samples; i++) {
        /* One load that begins in the sample before; its byte is masked off. */
        const uint32_t top = (uint32_t)load_s32(in + 3 * i - 1) & 0xffffff00U;
        out[i] = (float)(int32_t)top * 0x1p-31F;
    }
    return 0;
}

/* The one rounding of the integer formats: 32 bits to the 24 of a float, to nearest even. */
static size_t convert_s32_c(float *out, const uint8_t *in, size_t n_samples)
{
    for (size_t i = 0; i < n_samples; i++)
        out[i] = (float)load_s32(in + 4 * i) * 0x1p-31F;
    return 0;
}

/* Magnitudes compare as integers, so that nothing here can trap or depend on a mode. */
static inline int32_t tame(int32_t bits, int32_t *n_bad)
{
    const int32_t magnitude = bits & INT32_MAX;
    const int32_t bad = -(magnitude >= VPI_BITS_NOT_A_NUMBER);
    const int32_t tiny = -(magnitude < VPI_BITS_INPUT_MIN);
    const int32_t over = -(magnitude > VPI_BITS_INPUT_MAX);
    const int32_t clipped = (VPI_BITS_INPUT_MAX & over) | (magnitude & ~over);
    *n_bad -= bad;
    return (clipped | (bits & INT32_MIN)) & ~(bad | tiny);
}

static size_t convert_f32_c(float *out, const uint8_t *in, size_t n_samples)
{
    size_t n_bad = 0;
    while (n_samples) { /* in pieces, so that a 32-bit count cannot overflow */
        const size_t n = n_samples < 1024 ? n_samples : 1024;
        int32_t n_bad_here = 0;
        for (size_t i = 0; i < n; i++) {
            const int32_t bits = tame(load_s32(in + 4 * i), &n_bad_here);
            memcpy(out + i, &bits, sizeof bits);
        }
        n_bad += (size_t)n_bad_here;
        out += n;
        in += 4 * n;
        n_samples -= n;
    }
    return n_bad;
}

/* One load per frame, left in the lower half. The sum of two 16-bit samples is exact, so adding
 * before scaling gives the same bits. */
static void mono_from_s16_stereo_c(float *out, const uint8_t *in, size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++) {
        const int32_t frame = load_s32(in + 4 * i);
        const int32_t left = (int32_t)((uint32_t)frame << 16) >> 16;
        out[i] = (float)(left + (frame >> 16)) * 0x1p-16F;
    }
}

static inline void mix_mono_of(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    const float weight = 1.0F / (float)n_channels;
    for (size_t i = 0; i < n_frames; i++) {
        float sum = in[i * n_channels];
        for (size_t c = 1; c < n_channels; c++)
            sum += in[i * n_channels + c];
        out[i] = sum * weight;
    }
}

/* The usual numbers of channels are spelt out, so that the compiler unrolls for each. */
static void mix_mono_c(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    switch (n_channels) {
    case 1:
        if (n_frames)
            memcpy(out, in, n_frames * sizeof *out);
        return;
    case 2:
        mix_mono_of(out, in, n_frames, 2);
        return;
    case 4:
        mix_mono_of(out, in, n_frames, 4);
        return;
    case 6:
        mix_mono_of(out, in, n_frames, 6);
        return;
    case 8:
        mix_mono_of(out, in, n_frames, 8);
        return;
    default:
        mix_mono_of(out, in, n_frames, n_channels);
    }
}

static inline void mix_side_of(
    float *out, const float *in, size_t n_frames, size_t n_channels, size_t first)
{
    const float weight = 1.0F / (float)((n_channels + 1 - first) / 2);
    for (size_t i = 0; i < n_frames; i++) {
        float sum = in[i * n_channels + first];
        for (size_t c = first + 2; c < n_channels; c += 2)
            sum += in[i * n_channels + c];
        out[i] = sum * weight;
    }
}

static void mix_side(float *out, const float *in, size_t n_frames, size_t n_channels, size_t first)
{
    switch (n_channels) {
    case 4:
        mix_side_of(out, in, n_frames, 4, first);
        return;
    case 6:
        mix_side_of(out, in, n_frames, 6, first);
        return;
    case 8:
        mix_side_of(out, in, n_frames, 8, first);
        return;
    default:
        mix_side_of(out, in, n_frames, n_channels, first);
    }
}

static void mix_stereo_c(
    float *left, float *right, const float *in, size_t n_frames, size_t n_channels)
{
    if (n_channels == 2) {
        for (size_t i = 0; i < n_frames; i++) {
            left[i] = in[2 * i];
            right[i] = in[2 * i + 1];
        }
        return;
    }
    mix_side(left, in, n_frames, n_channels, 0);
    mix_side(right, in, n_frames, n_channels, 1);
}

static inline float inner_product(const float *in, const float *row, size_t n_taps)
{
    lanes sums = {0};
    row = __builtin_assume_aligned(row, 64);
    for (size_t j = 0; j < n_taps; j += VPI_LANES)
        add_products(&sums, load16(in + j), load16(row + j));
    return fold(sums);
}

/* Whole-number decimation: neighbouring outputs share the row, and each load of it serves two (with
 * clang a fifth faster; gcc loads it twice all the same and loses nothing). */
static size_t decimate_pairs(
    const vpi_filter_bank *bank, const float *in, float *out, size_t out_stride, size_t n_out)
{
    const float *const row = __builtin_assume_aligned(bank->rows, 64);
    const size_t n_taps = bank->n_taps;
    size_t i = 0;
    for (; i + 2 <= n_out; i += 2) {
        const float *const first = in + i * bank->step_frames;
        const float *const second = first + bank->step_frames;
        lanes a = {0};
        lanes b = {0};
        for (size_t j = 0; j < n_taps; j += VPI_LANES) {
            const lanes taps = load16(row + j);
            add_products(&a, load16(first + j), taps);
            add_products(&b, load16(second + j), taps);
        }
        out[i * out_stride] = fold(a);
        out[(i + 1) * out_stride] = fold(b);
    }
    return i;
}

static void polyphase_c(const vpi_filter_bank *bank, const float *in, uint32_t phase, float *out,
    size_t out_stride, size_t n_out)
{
    size_t i = 0;
    if (bank->modulus == 1) {
        i = decimate_pairs(bank, in, out, out_stride, n_out);
        in += i * bank->step_frames;
    }
    for (; i < n_out; i++) {
        out[i * out_stride] =
            inner_product(in, bank->rows + (size_t)phase * bank->n_taps, bank->n_taps);
        in += bank->step_frames;
        phase += bank->step_phase;
        if (phase >= bank->modulus) {
            phase -= bank->modulus;
            in++;
        }
    }
}

static void polyphase_between_c(const vpi_filter_bank *bank, const float *in, uint32_t phase,
    float *out, size_t out_stride, size_t n_out)
{
    for (size_t i = 0; i < n_out; i++) {
        const uint32_t place = phase * bank->n_rows;
        const float *const row = bank->rows + (size_t)(place / bank->modulus) * bank->n_taps;
        const float fraction = (float)(place % bank->modulus) / (float)bank->modulus;
        const float a = inner_product(in, row, bank->n_taps);
        const float b = inner_product(in, row + bank->n_taps, bank->n_taps);
        out[i * out_stride] = a + (b - a) * fraction;
        in += bank->step_frames;
        phase += bank->step_phase;
        if (phase >= bank->modulus) {
            phase -= bank->modulus;
            in++;
        }
    }
}

static inline bool is_tiny(double value)
{
    return value < VPI_HIGH_PASS_TINY && value > -VPI_HIGH_PASS_TINY;
}

/* Direct form 1 has the shortest chain from one output to the next (one product, one difference);
 * everything else is ready before. The order is plainly that of time. */
static void high_pass_mono(vpi_high_pass *filter, float *samples, size_t n_frames)
{
    const double gain = filter->gain;
    const double a1 = filter->a1;
    const double a2 = filter->a2;
    vpi_high_pass_state s = filter->channel[0];
    for (size_t i = 0; i < n_frames; i++) {
        const double x = (double)samples[i];
        const double y = (gain * ((x - 2.0 * s.x1) + s.x2) - a2 * s.y2) - a1 * s.y1;
        s = (vpi_high_pass_state){.x1 = x, .x2 = s.x1, .y1 = y, .y2 = s.y1};
        samples[i] = is_tiny(y) ? 0.0F : (float)y;
    }
    filter->channel[0] = s;
}

/* The same for left and right at once: the chain is what takes the time, and there is room in it.
 */
static void high_pass_stereo(vpi_high_pass *filter, float *samples, size_t n_frames)
{
    const double gain = filter->gain;
    const double a1 = filter->a1;
    const double a2 = filter->a2;
    const vpi_high_pass_state left = filter->channel[0];
    const vpi_high_pass_state right = filter->channel[1];
    double2 x1 = {left.x1, right.x1};
    double2 x2 = {left.x2, right.x2};
    double2 y1 = {left.y1, right.y1};
    double2 y2 = {left.y2, right.y2};
    for (size_t i = 0; i < n_frames; i++) {
        const double2 x = {(double)samples[2 * i], (double)samples[2 * i + 1]};
        const double2 y = (gain * ((x - 2.0 * x1) + x2) - a2 * y2) - a1 * y1;
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        samples[2 * i] = is_tiny(y[0]) ? 0.0F : (float)y[0];
        samples[2 * i + 1] = is_tiny(y[1]) ? 0.0F : (float)y[1];
    }
    filter->channel[0] = (vpi_high_pass_state){x1[0], x2[0], y1[0], y2[0]};
    filter->channel[1] = (vpi_high_pass_state){x1[1], x2[1], y1[1], y2[1]};
}

static void high_pass_c(vpi_high_pass *filter, float *samples, size_t n_frames, size_t n_channels)
{
    while (n_frames) {
        const size_t to_grid = VPI_HIGH_PASS_GRID_FRAMES - filter->grid_frames;
        const size_t n = n_frames < to_grid ? n_frames : to_grid;
        if (n_channels == 1)
            high_pass_mono(filter, samples, n);
        else
            high_pass_stereo(filter, samples, n);
        filter->grid_frames += (uint32_t)n;
        if (filter->grid_frames == VPI_HIGH_PASS_GRID_FRAMES) {
            filter->grid_frames = 0;
            for (size_t c = 0; c < n_channels; c++)
                if (is_tiny(filter->channel[c].y1) && is_tiny(filter->channel[c].y2))
                    filter->channel[c].y1 = filter->channel[c].y2 = 0.0;
        }
        samples += n * n_channels;
        n_frames -= n;
    }
}

/* Magnitudes compare as integers here as well; the largest does not depend on the order. */
static inline int4 magnitudes(float4 values)
{
    return (int4)values & INT32_MAX;
}

static inline int4 larger(int4 a, int4 b)
{
    const int4 above = a > b;
    return (a & above) | (b & ~above);
}

static vpi_level level_c(const float *samples, size_t n_samples)
{
    lanes sums = {0};
    int4 peaks = {0};
    for (size_t i = 0; i < n_samples; i += VPI_LANES) {
        float padded[VPI_LANES] = {0};
        const float *group = samples + i;
        if (n_samples - i < VPI_LANES) {
            memcpy(padded, group, (n_samples - i) * sizeof *padded);
            group = padded;
        }
        const lanes x = load16(group);
        add_products(&sums, x, x);
        peaks = larger(larger(peaks, magnitudes(x.a)), magnitudes(x.b));
        peaks = larger(larger(peaks, magnitudes(x.c)), magnitudes(x.d));
    }
    int32_t peak = 0;
    for (size_t l = 0; l < 4; l++)
        peak = peaks[l] > peak ? peaks[l] : peak;
    vpi_level level = {.sum_squares = fold(sums)};
    memcpy(&level.peak, &peak, sizeof peak);
    return level;
}

static inline float4 all4(float value)
{
    return (float4){value, value, value, value};
}

/* One sample of each band. */
static inline lanes band_samples(const vpi_band_filter *filter, const float *in)
{
    float u[2 * VPI_LANES];
    float z[VPI_LANES];
    for (size_t half = 0; half < 2; half++) {
        lanes sums = {0};
        for (size_t k = half * VPI_LANES; k < VPI_BAND_TAPS; k += 2 * VPI_LANES)
            add_products(&sums, load16(in + k), load16(filter->window + k));
        memcpy(u + half * VPI_LANES, &sums, sizeof sums);
    }
    z[0] = u[8];
    for (size_t j = 1; j <= 8; j++)
        z[j] = u[8 + j] + u[8 - j];
    for (size_t j = 9; j < VPI_LANES; j++)
        z[j] = u[8 + j] - u[40 - j];
    lanes samples = {0};
    for (size_t j = 0; j < VPI_LANES; j++) {
        const float4 x = all4(z[j]);
        add_products(&samples, (lanes){x, x, x, x}, load16(filter->cosines + j * VPI_LANES));
    }
    return samples;
}

static void band_energies_c(
    const vpi_band_filter *filter, const float *in, size_t n_hops, float energies_out[VPI_LANES])
{
    lanes energies = {0};
    for (size_t hop = 0; hop < n_hops; hop++) {
        const lanes samples = band_samples(filter, in + hop * VPI_LANES);
        add_products(&energies, samples, samples);
    }
    memcpy(energies_out, &energies, sizeof energies);
}

static size_t (*const convert_c[VPI_N_SAMPLE_FORMATS])(
    float *out, const uint8_t *in, size_t n_samples) = {
    [VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S16)] = convert_s16_c,
    [VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S24)] = convert_s24_c,
    [VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S32)] = convert_s32_c,
    [VPI_SAMPLE_INDEX(VPRIV_SAMPLE_F32)] = convert_f32_c,
};

size_t vpi_rest_convert(
    vpriv_sample_format format, float *out, const uint8_t *in, size_t first, size_t n_samples)
{
    static const size_t sample_bytes[VPI_N_SAMPLE_FORMATS] = {2, 3, 4, 4};
    const size_t f = VPI_SAMPLE_INDEX(format);
    return convert_c[f](out + first, in + first * sample_bytes[f], n_samples - first);
}

void vpi_rest_mono_from_s16_stereo(float *out, const uint8_t *in, size_t first, size_t n_frames)
{
    mono_from_s16_stereo_c(out + first, in + 4 * first, n_frames - first);
}

void vpi_rest_mix_mono(
    float *out, const float *in, size_t first, size_t n_frames, size_t n_channels)
{
    mix_mono_c(out + first, in + first * n_channels, n_frames - first, n_channels);
}

void vpi_rest_mix_stereo(
    float *left, float *right, const float *in, size_t first, size_t n_frames, size_t n_channels)
{
    mix_stereo_c(
        left + first, right + first, in + first * n_channels, n_frames - first, n_channels);
}

void vpi_kernels_fill_c(vpi_kernels *kernels)
{
    memcpy(kernels->convert, convert_c, sizeof convert_c);
    kernels->mono_from_s16_stereo = mono_from_s16_stereo_c;
    kernels->mix_mono = mix_mono_c;
    kernels->mix_stereo = mix_stereo_c;
    kernels->polyphase = polyphase_c;
    kernels->polyphase_between = polyphase_between_c;
    kernels->high_pass = high_pass_c;
    kernels->level = level_c;
    kernels->band_energies = band_energies_c;
}
