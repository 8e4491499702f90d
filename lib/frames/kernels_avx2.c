/* AVX2: 8 floats at a time. */
#include "frames/kernels_rest.h"
#include <immintrin.h>

typedef struct lanes {
    __m256 low, high;
} lanes;

typedef __m256i lanes_integers;

static inline lanes lanes_zero(void)
{
    return (lanes){_mm256_setzero_ps(), _mm256_setzero_ps()};
}

static inline lanes lanes_load(const float *from)
{
    return (lanes){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}

static inline lanes lanes_every(float a)
{
    const __m256 all = _mm256_set1_ps(a);
    return (lanes){all, all};
}

static inline void lanes_store(float *to, lanes x)
{
    _mm256_storeu_ps(to, x.low);
    _mm256_storeu_ps(to + 8, x.high);
}

static inline void lanes_add_products(lanes *sums, lanes x, lanes y)
{
    sums->low = _mm256_add_ps(sums->low, _mm256_mul_ps(x.low, y.low));
    sums->high = _mm256_add_ps(sums->high, _mm256_mul_ps(x.high, y.high));
}

static inline __m256 fold_8(lanes sums)
{
    return _mm256_add_ps(sums.low, sums.high);
}

static inline float lanes_fold(lanes sums)
{
    const __m256 eight = fold_8(sums);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The same sums for two at a time, one in each half. */
static inline __m256 fold_4(lanes a, lanes b)
{
    const __m256 x = fold_8(a), y = fold_8(b);
    return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}

static inline void lanes_fold_four(lanes a, lanes b, lanes c, lanes d, float out[4])
{
    const __m256 ab = fold_4(a, b), cd = fold_4(c, d);
    /* In each half: lanes 0 + 2 and 1 + 3 of both. */
    const __m256 two = _mm256_add_ps(_mm256_unpacklo_ps(ab, cd), _mm256_unpackhi_ps(ab, cd));
    const __m256 one = _mm256_add_ps(two, _mm256_permute_ps(two, _MM_SHUFFLE(3, 2, 3, 2)));
    _mm_storeu_ps(out, _mm_unpacklo_ps(_mm256_castps256_ps128(one), _mm256_extractf128_ps(one, 1)));
}

/* u[8..23] as it is, and u[7..0] and u[31..25] backwards. */
static inline lanes lanes_fold_bands(lanes low, lanes high)
{
    const __m256i backwards = _mm256_setr_epi32(0, 7, 6, 5, 4, 3, 2, 1);
    const __m256 sign = _mm256_set1_ps(-0.0F);
    const __m256 down = _mm256_permutevar8x32_ps(low.low, backwards);
    const __m256 up = _mm256_xor_ps(_mm256_permutevar8x32_ps(high.high, backwards), sign);
    return (lanes){_mm256_blend_ps(_mm256_add_ps(low.high, down), low.high, 1),
        _mm256_add_ps(high.low, _mm256_blend_ps(up, low.low, 1))};
}

static inline lanes_integers lanes_no_peak(void)
{
    return _mm256_setzero_si256();
}

static inline void lanes_peak(lanes_integers *peaks, lanes x)
{
    const __m256i magnitude = _mm256_set1_epi32(INT32_MAX);
    const __m256i low = _mm256_and_si256(_mm256_castps_si256(x.low), magnitude);
    const __m256i high = _mm256_and_si256(_mm256_castps_si256(x.high), magnitude);
    *peaks = _mm256_max_epi32(*peaks, _mm256_max_epi32(low, high));
}

static inline int32_t lanes_largest(lanes_integers peaks)
{
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(peaks), _mm256_extracti128_si256(peaks, 1));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(four);
}

#include "frames/kernels_bands.h"
#include "frames/kernels_lanes.h"
#include "frames/kernels_polyphase.h"

static inline __m256i load_256(const uint8_t *in)
{
    return _mm256_loadu_si256((const void *)in);
}

static inline __m128i load_128(const uint8_t *in)
{
    return _mm_loadu_si128((const void *)in);
}

static size_t convert_s16(float *out, const uint8_t *in, size_t n_samples)
{
    const __m256 scale = _mm256_set1_ps(0x1p-15F);
    size_t i = 0;
    for (; i + 16 <= n_samples; i += 16) {
        const __m256i a = _mm256_cvtepi16_epi32(load_128(in + 2 * i));
        const __m256i b = _mm256_cvtepi16_epi32(load_128(in + 2 * i + 16));
        _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(a), scale));
        _mm256_storeu_ps(out + i + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(b), scale));
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S16, out, in, i, n_samples);
}

/* 8 samples are 24 bytes; the load takes 32, of which the first 4 belong to what is before. */
static size_t convert_s24(float *out, const uint8_t *in, size_t n_samples)
{
    const __m256 scale = _mm256_set1_ps(0x1p-31F);
    const __m256i top = _mm256_setr_epi8(-1, 4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15,
        -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11);
    size_t i = n_samples < 2 ? n_samples : 2; /* 6 bytes, so that there are 4 before */
    vpi_rest_convert(VPRIV_SAMPLE_S24, out, in, 0, i);
    for (; i + 10 <= n_samples; i += 8) {
        const __m256i x = _mm256_shuffle_epi8(load_256(in + 3 * i - 4), top);
        _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(x), scale));
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S24, out, in, i, n_samples);
}

static size_t convert_s32(float *out, const uint8_t *in, size_t n_samples)
{
    const __m256 scale = _mm256_set1_ps(0x1p-31F);
    size_t i = 0;
    for (; i + 16 <= n_samples; i += 16) {
        const __m256 a = _mm256_cvtepi32_ps(load_256(in + 4 * i));
        const __m256 b = _mm256_cvtepi32_ps(load_256(in + 4 * i + 32));
        _mm256_storeu_ps(out + i, _mm256_mul_ps(a, scale));
        _mm256_storeu_ps(out + i + 8, _mm256_mul_ps(b, scale));
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S32, out, in, i, n_samples);
}

static size_t convert_f32(float *out, const uint8_t *in, size_t n_samples)
{
    const __m256i magnitude = _mm256_set1_epi32(INT32_MAX);
    const __m256i not_a_number = _mm256_set1_epi32(VPI_BITS_NOT_A_NUMBER - 1);
    const __m256i most = _mm256_set1_epi32(VPI_BITS_INPUT_MAX);
    const __m256i least = _mm256_set1_epi32(VPI_BITS_INPUT_MIN);
    size_t i = 0, n_bad = 0;
    for (; i + 8 <= n_samples; i += 8) {
        const __m256i x = load_256(in + 4 * i);
        const __m256i size = _mm256_and_si256(x, magnitude);
        const __m256i bad = _mm256_cmpgt_epi32(size, not_a_number);
        const __m256i drop = _mm256_or_si256(bad, _mm256_cmpgt_epi32(least, size));
        const __m256i clipped =
            _mm256_or_si256(_mm256_min_epi32(size, most), _mm256_andnot_si256(magnitude, x));
        n_bad += (size_t)_mm_popcnt_u32((unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(bad)));
        _mm256_storeu_ps(out + i, _mm256_castsi256_ps(_mm256_andnot_si256(drop, clipped)));
    }
    return n_bad + vpi_rest_convert(VPRIV_SAMPLE_F32, out, in, i, n_samples);
}

static void mono_from_s16_stereo(float *out, const uint8_t *in, size_t n_frames)
{
    const __m256 scale = _mm256_set1_ps(0x1p-16F);
    const __m256i both = _mm256_set1_epi16(1);
    size_t i = 0;
    for (; i + 16 <= n_frames; i += 16) {
        const __m256i a = _mm256_madd_epi16(load_256(in + 4 * i), both);
        const __m256i b = _mm256_madd_epi16(load_256(in + 4 * i + 32), both);
        _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(a), scale));
        _mm256_storeu_ps(out + i + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(b), scale));
    }
    vpi_rest_mono_from_s16_stereo(out, in, i, n_frames);
}

/* 8 frames of two channels to 8 of each. */
static inline void apart(const float *in, __m256 *left_out, __m256 *right_out)
{
    const __m256 first = _mm256_loadu_ps(in), second = _mm256_loadu_ps(in + 8);
    const __m256 low = _mm256_permute2f128_ps(first, second, 0x20);
    const __m256 high = _mm256_permute2f128_ps(first, second, 0x31);
    *left_out = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
    *right_out = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
}

/* More channels than two gain nothing from wider registers. */
static void mix_mono(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    const __m256 weight = _mm256_set1_ps(0.5F);
    size_t i = 0;
    if (n_channels != 2) {
        vpi_mix_mono_sse2(out, in, n_frames, n_channels);
        return;
    }
    for (; i + 8 <= n_frames; i += 8) {
        __m256 left, right;
        apart(in + 2 * i, &left, &right);
        _mm256_storeu_ps(out + i, _mm256_mul_ps(_mm256_add_ps(left, right), weight));
    }
    vpi_rest_mix_mono(out, in, i, n_frames, n_channels);
}

static void mix_stereo(
    float *left, float *right, const float *in, size_t n_frames, size_t n_channels)
{
    size_t i = 0;
    if (n_channels != 2) {
        vpi_mix_stereo_sse2(left, right, in, n_frames, n_channels);
        return;
    }
    for (; i + 8 <= n_frames; i += 8) {
        __m256 l, r;
        apart(in + 2 * i, &l, &r);
        _mm256_storeu_ps(left + i, l);
        _mm256_storeu_ps(right + i, r);
    }
    vpi_rest_mix_stereo(left, right, in, i, n_frames, n_channels);
}

void vpi_kernels_fill_avx2(vpi_kernels *kernels)
{
    kernels->convert[VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S16)] = convert_s16;
    kernels->convert[VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S24)] = convert_s24;
    kernels->convert[VPI_SAMPLE_INDEX(VPRIV_SAMPLE_S32)] = convert_s32;
    kernels->convert[VPI_SAMPLE_INDEX(VPRIV_SAMPLE_F32)] = convert_f32;
    kernels->mono_from_s16_stereo = mono_from_s16_stereo;
    kernels->mix_mono = mix_mono;
    kernels->mix_stereo = mix_stereo;
    kernels->polyphase = polyphase;
    kernels->polyphase_between = polyphase_between;
    kernels->level = level;
    kernels->band_energies = band_energies;
}
