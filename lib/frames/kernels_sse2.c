/* SSE2: 4 floats at a time, which compilers find by themselves in much of plain C; here is what they do
 * not find. */
#include "frames/kernels_rest.h"
#include <emmintrin.h>

typedef struct lanes {
    __m128 a, b, c, d;
} lanes;

typedef __m128i lanes_integers;

static inline lanes lanes_zero(void)
{
    return (lanes){_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};
}

static inline lanes lanes_load(const float *from)
{
    return (lanes){_mm_loadu_ps(from), _mm_loadu_ps(from + 4), _mm_loadu_ps(from + 8),
        _mm_loadu_ps(from + 12)};
}

static inline void lanes_add_products(lanes *sums, lanes x, lanes y)
{
    sums->a = _mm_add_ps(sums->a, _mm_mul_ps(x.a, y.a));
    sums->b = _mm_add_ps(sums->b, _mm_mul_ps(x.b, y.b));
    sums->c = _mm_add_ps(sums->c, _mm_mul_ps(x.c, y.c));
    sums->d = _mm_add_ps(sums->d, _mm_mul_ps(x.d, y.d));
}

static inline __m128 fold_4(lanes sums)
{
    return _mm_add_ps(_mm_add_ps(sums.a, sums.c), _mm_add_ps(sums.b, sums.d));
}

static inline float lanes_fold(lanes sums)
{
    const __m128 four = fold_4(sums);
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, _MM_SHUFFLE(1, 1, 1, 1))));
}

/* There is no largest of two integers yet in SSE2. */
static inline __m128i larger(__m128i x, __m128i y)
{
    const __m128i above = _mm_cmpgt_epi32(x, y);
    return _mm_or_si128(_mm_and_si128(above, x), _mm_andnot_si128(above, y));
}

static inline lanes_integers lanes_no_peak(void)
{
    return _mm_setzero_si128();
}

static inline __m128i size_of(__m128 x)
{
    return _mm_and_si128(_mm_castps_si128(x), _mm_set1_epi32(INT32_MAX));
}

static inline void lanes_peak(lanes_integers *peaks, lanes x)
{
    const __m128i ab = larger(size_of(x.a), size_of(x.b));
    const __m128i cd = larger(size_of(x.c), size_of(x.d));
    *peaks = larger(*peaks, larger(ab, cd));
}

static inline int32_t lanes_largest(lanes_integers peaks)
{
    const __m128i two = larger(peaks, _mm_shuffle_epi32(peaks, _MM_SHUFFLE(1, 0, 3, 2)));
    return _mm_cvtsi128_si32(larger(two, _mm_shuffle_epi32(two, _MM_SHUFFLE(2, 3, 0, 1))));
}

#include "frames/kernels_lanes.h"

static inline __m128i load_128(const uint8_t *in)
{
    return _mm_loadu_si128((const void *)in);
}

static inline void put_scaled(float *out, __m128i x, __m128 scale)
{
    _mm_storeu_ps(out, _mm_mul_ps(_mm_cvtepi32_ps(x), scale));
}

static void mono_from_s16_stereo(float *out, const uint8_t *in, size_t n_frames)
{
    const __m128 scale = _mm_set1_ps(0x1p-16F);
    const __m128i both = _mm_set1_epi16(1);
    size_t i = 0;
    for (; i + 8 <= n_frames; i += 8) {
        put_scaled(out + i, _mm_madd_epi16(load_128(in + 4 * i), both), scale);
        put_scaled(out + i + 4, _mm_madd_epi16(load_128(in + 4 * i + 16), both), scale);
    }
    vpi_rest_mono_from_s16_stereo(out, in, i, n_frames);
}

typedef __m128 group;
#define GROUP_FRAMES 4

static inline group group_every(float a)
{
    return _mm_set1_ps(a);
}

static inline group group_add(group x, group y)
{
    return _mm_add_ps(x, y);
}

static inline group group_times(group x, group y)
{
    return _mm_mul_ps(x, y);
}

static inline void group_store(float *to, group x)
{
    _mm_storeu_ps(to, x);
}

static inline void two_channels(const float *in, group channel_out[2])
{
    const __m128 first = _mm_loadu_ps(in), second = _mm_loadu_ps(in + 4);
    channel_out[0] = _mm_shuffle_ps(first, second, _MM_SHUFFLE(2, 0, 2, 0));
    channel_out[1] = _mm_shuffle_ps(first, second, _MM_SHUFFLE(3, 1, 3, 1));
}

static inline void four_channels(const float *in, size_t n_channels, group channel_out[4])
{
    for (size_t k = 0; k < 4; k++)
        channel_out[k] = _mm_loadu_ps(in + k * n_channels);
    _MM_TRANSPOSE4_PS(channel_out[0], channel_out[1], channel_out[2], channel_out[3]);
}

#include "frames/kernels_mix.h"

void vpi_mix_mono_sse2(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    mix_mono(out, in, n_frames, n_channels);
}

void vpi_mix_stereo_sse2(
    float *left, float *right, const float *in, size_t n_frames, size_t n_channels)
{
    mix_stereo(left, right, in, n_frames, n_channels);
}

void vpi_kernels_fill_sse2(vpi_kernels *kernels)
{
    kernels->mono_from_s16_stereo = mono_from_s16_stereo;
    kernels->mix_mono = vpi_mix_mono_sse2;
    kernels->mix_stereo = vpi_mix_stereo_sse2;
    kernels->level = level;
}
