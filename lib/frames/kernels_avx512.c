/* AVX-512: 16 floats at a time. */
#include "frames/kernels_rest.h"
#include <immintrin.h>

typedef __m512 lanes;
typedef __m512i lanes_integers;

static inline lanes lanes_zero(void)
{
    return _mm512_setzero_ps();
}

static inline lanes lanes_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void lanes_add_products(lanes *sums, lanes x, lanes y)
{
    *sums = _mm512_add_ps(*sums, _mm512_mul_ps(x, y));
}

/* Two at a time, 8 sums each in one half. */
static inline __m512 fold_8(lanes a, lanes b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(1, 0, 1, 0)),
        _mm512_shuffle_f32x4(a, b, _MM_SHUFFLE(3, 2, 3, 2)));
}

static inline void lanes_fold_four(lanes a, lanes b, lanes c, lanes d, float out[4])
{
    const __m512 ab = fold_8(a, b), cd = fold_8(c, d);
    /* One in each quarter: lanes 0 to 3 plus 4 to 7. */
    const __m512 four = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, _MM_SHUFFLE(2, 0, 2, 0)),
        _mm512_shuffle_f32x4(ab, cd, _MM_SHUFFLE(3, 1, 3, 1)));
    const __m512 two = _mm512_add_ps(four, _mm512_permute_ps(four, _MM_SHUFFLE(3, 2, 3, 2)));
    const __m512 one = _mm512_add_ps(two, _mm512_movehdup_ps(two));
    const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(first, one)));
}

static inline float lanes_fold(lanes sums)
{
    float out[4];
    lanes_fold_four(sums, sums, sums, sums, out);
    return out[0];
}

static inline lanes_integers lanes_no_peak(void)
{
    return _mm512_setzero_si512();
}

static inline void lanes_peak(lanes_integers *peaks, lanes x)
{
    const __m512i size = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(INT32_MAX));
    *peaks = _mm512_max_epi32(*peaks, size);
}

static inline int32_t lanes_largest(lanes_integers peaks)
{
    return _mm512_reduce_max_epi32(peaks);
}

#include "frames/kernels_lanes.h"
#include "frames/kernels_polyphase.h"

static inline __m512i load_512(const uint8_t *in)
{
    return _mm512_loadu_si512((const void *)in);
}

static inline __m256i load_256(const uint8_t *in)
{
    return _mm256_loadu_si256((const void *)in);
}

static size_t convert_s16(float *out, const uint8_t *in, size_t n_samples)
{
    const __m512 scale = _mm512_set1_ps(0x1p-15F);
    size_t i = 0;
    for (; i + 16 <= n_samples; i += 16) {
        const __m512i x = _mm512_cvtepi16_epi32(load_256(in + 2 * i));
        _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_cvtepi32_ps(x), scale));
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S16, out, in, i, n_samples);
}

/* 16 samples are 48 bytes: each quarter takes 12 of them, moved to where a shuffle within quarters finds
 * them. The load takes 64. */
static size_t convert_s24(float *out, const uint8_t *in, size_t n_samples)
{
    const __m512 scale = _mm512_set1_ps(0x1p-31F);
    const __m512i quarters = _mm512_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12);
    const __m512i top =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11));
    size_t i = 0;
    for (; i + 22 <= n_samples; i += 16) {
        const __m512i x = _mm512_permutexvar_epi32(quarters, load_512(in + 3 * i));
        _mm512_storeu_ps(
            out + i, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_shuffle_epi8(x, top)), scale));
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S24, out, in, i, n_samples);
}

static size_t convert_s32(float *out, const uint8_t *in, size_t n_samples)
{
    const __m512 scale = _mm512_set1_ps(0x1p-31F);
    size_t i = 0;
    for (; i + 16 <= n_samples; i += 16)
        _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_cvtepi32_ps(load_512(in + 4 * i)), scale));
    return vpi_rest_convert(VPRIV_SAMPLE_S32, out, in, i, n_samples);
}

static size_t convert_f32(float *out, const uint8_t *in, size_t n_samples)
{
    const __m512i magnitude = _mm512_set1_epi32(INT32_MAX);
    const __m512i not_a_number = _mm512_set1_epi32(VPI_BITS_NOT_A_NUMBER);
    const __m512i most = _mm512_set1_epi32(VPI_BITS_INPUT_MAX);
    const __m512i least = _mm512_set1_epi32(VPI_BITS_INPUT_MIN);
    size_t i = 0, n_bad = 0;
    for (; i + 16 <= n_samples; i += 16) {
        const __m512i x = load_512(in + 4 * i);
        const __m512i size = _mm512_and_si512(x, magnitude);
        const __mmask16 bad = _mm512_cmpge_epi32_mask(size, not_a_number);
        const __mmask16 keep = _mm512_mask_cmpge_epi32_mask((__mmask16)~bad, size, least);
        const __m512i clipped =
            _mm512_or_si512(_mm512_min_epi32(size, most), _mm512_andnot_si512(magnitude, x));
        n_bad += (size_t)_mm_popcnt_u32(bad);
        _mm512_storeu_si512(out + i, _mm512_maskz_mov_epi32(keep, clipped));
    }
    return n_bad + vpi_rest_convert(VPRIV_SAMPLE_F32, out, in, i, n_samples);
}

static void mono_from_s16_stereo(float *out, const uint8_t *in, size_t n_frames)
{
    const __m512 scale = _mm512_set1_ps(0x1p-16F);
    const __m512i both = _mm512_set1_epi16(1);
    size_t i = 0;
    for (; i + 16 <= n_frames; i += 16) {
        const __m512i x = _mm512_madd_epi16(load_512(in + 4 * i), both);
        _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_cvtepi32_ps(x), scale));
    }
    vpi_rest_mono_from_s16_stereo(out, in, i, n_frames);
}

/* 16 frames of two channels to 16 of each. */
static inline void apart(const float *in, __m512 *left_out, __m512 *right_out)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const __m512 first = _mm512_loadu_ps(in), second = _mm512_loadu_ps(in + 16);
    *left_out = _mm512_permutex2var_ps(first, even, second);
    *right_out = _mm512_permutex2var_ps(first, odd, second);
}

/* More channels than two gain nothing from wider registers. */
static void mix_mono(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    const __m512 weight = _mm512_set1_ps(0.5F);
    size_t i = 0;
    if (n_channels != 2) {
        vpi_mix_mono_sse2(out, in, n_frames, n_channels);
        return;
    }
    for (; i + 16 <= n_frames; i += 16) {
        __m512 left, right;
        apart(in + 2 * i, &left, &right);
        _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_add_ps(left, right), weight));
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
    for (; i + 16 <= n_frames; i += 16) {
        __m512 l, r;
        apart(in + 2 * i, &l, &r);
        _mm512_storeu_ps(left + i, l);
        _mm512_storeu_ps(right + i, r);
    }
    vpi_rest_mix_stereo(left, right, in, i, n_frames, n_channels);
}

void vpi_kernels_fill_avx512(vpi_kernels *kernels)
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
}
