/* NEON of 64-bit ARM: 4 floats at a time, and loads that take channels apart. */
#include "frames/kernels_rest.h"
#include <arm_neon.h>

typedef float32x4x4_t lanes;
typedef int32x4_t lanes_integers;

static inline lanes lanes_zero(void)
{
    const float32x4_t zero = vdupq_n_f32(0.0F);
    return (lanes){{zero, zero, zero, zero}};
}

static inline lanes lanes_load(const float *from)
{
    return (lanes){
        {vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8), vld1q_f32(from + 12)}};
}

static inline void lanes_add_products(lanes *sums, lanes x, lanes y)
{
    for (int v = 0; v < 4; v++)
        sums->val[v] = vaddq_f32(sums->val[v], vmulq_f32(x.val[v], y.val[v]));
}

static inline float32x4_t fold_4(lanes sums)
{
    return vaddq_f32(vaddq_f32(sums.val[0], sums.val[2]), vaddq_f32(sums.val[1], sums.val[3]));
}

static inline float32x2_t fold_2(lanes sums)
{
    const float32x4_t four = fold_4(sums);
    return vadd_f32(vget_low_f32(four), vget_high_f32(four));
}

static inline void lanes_fold_four(lanes a, lanes b, lanes c, lanes d, float out[4])
{
    const float32x4_t ab = vcombine_f32(fold_2(a), fold_2(b));
    const float32x4_t cd = vcombine_f32(fold_2(c), fold_2(d));
    vst1q_f32(out, vpaddq_f32(ab, cd));
}

static inline float lanes_fold(lanes sums)
{
    return vpadds_f32(fold_2(sums));
}

static inline lanes_integers lanes_no_peak(void)
{
    return vdupq_n_s32(0);
}

static inline int32x4_t size_of(float32x4_t x)
{
    return vandq_s32(vreinterpretq_s32_f32(x), vdupq_n_s32(INT32_MAX));
}

static inline void lanes_peak(lanes_integers *peaks, lanes x)
{
    for (int v = 0; v < 4; v++)
        *peaks = vmaxq_s32(*peaks, size_of(x.val[v]));
}

static inline int32_t lanes_largest(lanes_integers peaks)
{
    return vmaxvq_s32(peaks);
}

#include "frames/kernels_lanes.h"
#include "frames/kernels_polyphase.h"

static inline void put_scaled(float *out, int32x4_t x, float scale)
{
    vst1q_f32(out, vmulq_n_f32(vcvtq_f32_s32(x), scale));
}

static size_t convert_s16(float *out, const uint8_t *in, size_t n_samples)
{
    size_t i = 0;
    for (; i + 8 <= n_samples; i += 8) {
        const int16x8_t x = vreinterpretq_s16_u8(vld1q_u8(in + 2 * i));
        put_scaled(out + i, vmovl_s16(vget_low_s16(x)), 0x1p-15F);
        put_scaled(out + i + 4, vmovl_high_s16(x), 0x1p-15F);
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S16, out, in, i, n_samples);
}

/* 4 samples are 12 bytes; the load takes 16. */
static size_t convert_s24(float *out, const uint8_t *in, size_t n_samples)
{
    static const uint8_t order[16] = {255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11};
    const uint8x16_t top = vld1q_u8(order);
    size_t i = 0;
    for (; i + 6 <= n_samples; i += 4) {
        const uint8x16_t x = vqtbl1q_u8(vld1q_u8(in + 3 * i), top);
        put_scaled(out + i, vreinterpretq_s32_u8(x), 0x1p-31F);
    }
    return vpi_rest_convert(VPRIV_SAMPLE_S24, out, in, i, n_samples);
}

static size_t convert_s32(float *out, const uint8_t *in, size_t n_samples)
{
    size_t i = 0;
    for (; i + 4 <= n_samples; i += 4)
        put_scaled(out + i, vreinterpretq_s32_u8(vld1q_u8(in + 4 * i)), 0x1p-31F);
    return vpi_rest_convert(VPRIV_SAMPLE_S32, out, in, i, n_samples);
}

static size_t convert_f32(float *out, const uint8_t *in, size_t n_samples)
{
    const int32x4_t magnitude = vdupq_n_s32(INT32_MAX);
    const int32x4_t not_a_number = vdupq_n_s32(VPI_BITS_NOT_A_NUMBER);
    const int32x4_t most = vdupq_n_s32(VPI_BITS_INPUT_MAX);
    const int32x4_t least = vdupq_n_s32(VPI_BITS_INPUT_MIN);
    size_t i = 0, n_bad = 0;
    for (; i + 4 <= n_samples; i += 4) {
        const int32x4_t x = vreinterpretq_s32_u8(vld1q_u8(in + 4 * i));
        const int32x4_t size = vandq_s32(x, magnitude);
        const uint32x4_t bad = vcgeq_s32(size, not_a_number);
        const uint32x4_t drop = vorrq_u32(bad, vcltq_s32(size, least));
        const int32x4_t clipped = vorrq_s32(vminq_s32(size, most), vbicq_s32(x, magnitude));
        n_bad += vaddvq_u32(vshrq_n_u32(bad, 31));
        vst1q_f32(out + i, vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_s32(clipped), drop)));
    }
    return n_bad + vpi_rest_convert(VPRIV_SAMPLE_F32, out, in, i, n_samples);
}

static void mono_from_s16_stereo(float *out, const uint8_t *in, size_t n_frames)
{
    size_t i = 0;
    for (; i + 8 <= n_frames; i += 8) {
        const int16x8_t first = vreinterpretq_s16_u8(vld1q_u8(in + 4 * i));
        const int16x8_t second = vreinterpretq_s16_u8(vld1q_u8(in + 4 * i + 16));
        put_scaled(out + i, vpaddlq_s16(first), 0x1p-16F);
        put_scaled(out + i + 4, vpaddlq_s16(second), 0x1p-16F);
    }
    vpi_rest_mono_from_s16_stereo(out, in, i, n_frames);
}

typedef float32x4_t group;
#define GROUP_FRAMES 4

static inline group group_every(float a)
{
    return vdupq_n_f32(a);
}

static inline group group_add(group x, group y)
{
    return vaddq_f32(x, y);
}

static inline group group_times(group x, group y)
{
    return vmulq_f32(x, y);
}

static inline void group_store(float *to, group x)
{
    vst1q_f32(to, x);
}

static inline void two_channels(const float *in, group channel_out[2])
{
    const float32x4x2_t both = vld2q_f32(in);
    channel_out[0] = both.val[0];
    channel_out[1] = both.val[1];
}

static inline void four_channels(const float *in, size_t n_channels, group channel_out[4])
{
    const float32x4_t a = vld1q_f32(in), b = vld1q_f32(in + n_channels);
    const float32x4_t c = vld1q_f32(in + 2 * n_channels), d = vld1q_f32(in + 3 * n_channels);
    const float64x2_t even_ab = vreinterpretq_f64_f32(vtrn1q_f32(a, b));
    const float64x2_t odd_ab = vreinterpretq_f64_f32(vtrn2q_f32(a, b));
    const float64x2_t even_cd = vreinterpretq_f64_f32(vtrn1q_f32(c, d));
    const float64x2_t odd_cd = vreinterpretq_f64_f32(vtrn2q_f32(c, d));
    channel_out[0] = vreinterpretq_f32_f64(vtrn1q_f64(even_ab, even_cd));
    channel_out[1] = vreinterpretq_f32_f64(vtrn1q_f64(odd_ab, odd_cd));
    channel_out[2] = vreinterpretq_f32_f64(vtrn2q_f64(even_ab, even_cd));
    channel_out[3] = vreinterpretq_f32_f64(vtrn2q_f64(odd_ab, odd_cd));
}

#include "frames/kernels_mix.h"

void vpi_kernels_fill_neon(vpi_kernels *kernels)
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
