/* The kernels that mix channels, once for every instruction set: a file that includes this has
 * defined before
 *
 *     group, GROUP_FRAMES                       one float of so many frames, in registers
 *     group_add, group_times, group_every(a), group_store(to, x)
 *     two_channels(in, out)                     of GROUP_FRAMES frames, a group per channel
 *     four_channels(in, n_channels, out)        four neighbouring ones of more; it may read four
 *                                               floats of each frame from `in` on */
#ifndef VPI_FRAMES_KERNELS_MIX_H
#define VPI_FRAMES_KERNELS_MIX_H

#include "frames/kernels_rest.h"
#include <string.h>

/* Frames that can go by groups: a frame's last four floats may reach into the frame behind it. */
static inline size_t whole_groups(size_t n_frames, size_t n_channels)
{
    const bool reaches = n_channels > 2 && n_channels % 4 != 0;
    return n_frames < reaches ? 0 : (n_frames - reaches) / GROUP_FRAMES * GROUP_FRAMES;
}

/* Compilers think twice about copying this much for each number of channels. */
#define VPI_SPELT_OUT static inline __attribute__((always_inline))

/* Five to eight channels need a second look at the frames; it may overlap the first. */
VPI_SPELT_OUT void all_channels(const float *in, size_t n_channels, group channel_out[8])
{
    if (n_channels == 2)
        two_channels(in, channel_out);
    else
        four_channels(in, n_channels, channel_out);
    if (n_channels > 4)
        four_channels(in + 4, n_channels, channel_out + 4);
}

/* No loops over channels in what follows: with n_channels known nothing but the sums is left, and the
 * channels stay in registers. */
VPI_SPELT_OUT group sum_of_all(const group channel[8], size_t n_channels)
{
    group sum = group_add(channel[0], channel[1]);
    if (n_channels > 2)
        sum = group_add(sum, channel[2]);
    if (n_channels > 3)
        sum = group_add(sum, channel[3]);
    if (n_channels > 4)
        sum = group_add(sum, channel[4]);
    if (n_channels > 5)
        sum = group_add(sum, channel[5]);
    if (n_channels > 6)
        sum = group_add(sum, channel[6]);
    if (n_channels > 7)
        sum = group_add(sum, channel[7]);
    return sum;
}

/* channel[0], [2], …: the even ones, or from channel[1] on the odd ones. */
VPI_SPELT_OUT group sum_of_side(const group *channel, size_t n_of_side)
{
    group sum = channel[0];
    if (n_of_side > 1)
        sum = group_add(sum, channel[2]);
    if (n_of_side > 2)
        sum = group_add(sum, channel[4]);
    if (n_of_side > 3)
        sum = group_add(sum, channel[6]);
    return sum;
}

VPI_SPELT_OUT void mix_mono_of(float *out, const float *in, size_t n, size_t n_channels)
{
    const group weight = group_every(1.0F / (float)n_channels);
    for (size_t i = 0; i < n; i += GROUP_FRAMES) {
        group channel[8];
        all_channels(in + i * n_channels, n_channels, channel);
        group_store(out + i, group_times(sum_of_all(channel, n_channels), weight));
    }
}

static void mix_mono(float *out, const float *in, size_t n_frames, size_t n_channels)
{
    const size_t n = n_channels == 1 ? 0 : whole_groups(n_frames, n_channels);
    switch (n_channels) {
    case 2:
        mix_mono_of(out, in, n, 2);
        break;
    case 3:
        mix_mono_of(out, in, n, 3);
        break;
    case 4:
        mix_mono_of(out, in, n, 4);
        break;
    case 5:
        mix_mono_of(out, in, n, 5);
        break;
    case 6:
        mix_mono_of(out, in, n, 6);
        break;
    case 7:
        mix_mono_of(out, in, n, 7);
        break;
    case 8:
        mix_mono_of(out, in, n, 8);
        break;
    default:
        vpi_rest_mix_mono(out, in, 0, n_frames, n_channels);
        return;
    }
    vpi_rest_mix_mono(out, in, n, n_frames, n_channels);
}

VPI_SPELT_OUT void mix_stereo_of(
    float *left, float *right, const float *in, size_t n, size_t n_channels)
{
    const size_t n_left = (n_channels + 1) / 2, n_right = n_channels / 2;
    const group left_weight = group_every(1.0F / (float)n_left);
    const group right_weight = group_every(1.0F / (float)n_right);
    for (size_t i = 0; i < n; i += GROUP_FRAMES) {
        group channel[8];
        all_channels(in + i * n_channels, n_channels, channel);
        const group even = sum_of_side(channel, n_left);
        const group odd = sum_of_side(channel + 1, n_right);
        group_store(left + i, n_left > 1 ? group_times(even, left_weight) : even);
        group_store(right + i, n_right > 1 ? group_times(odd, right_weight) : odd);
    }
}

static void mix_stereo(
    float *left, float *right, const float *in, size_t n_frames, size_t n_channels)
{
    const size_t n = whole_groups(n_frames, n_channels);
    switch (n_channels) {
    case 2:
        mix_stereo_of(left, right, in, n, 2);
        break;
    case 3:
        mix_stereo_of(left, right, in, n, 3);
        break;
    case 4:
        mix_stereo_of(left, right, in, n, 4);
        break;
    case 5:
        mix_stereo_of(left, right, in, n, 5);
        break;
    case 6:
        mix_stereo_of(left, right, in, n, 6);
        break;
    case 7:
        mix_stereo_of(left, right, in, n, 7);
        break;
    case 8:
        mix_stereo_of(left, right, in, n, 8);
        break;
    default:
        vpi_rest_mix_stereo(left, right, in, 0, n_frames, n_channels);
        return;
    }
    vpi_rest_mix_stereo(left, right, in, n, n_frames, n_channels);
}

#endif
