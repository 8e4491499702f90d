#include "kernel_loops.h"
#include <string.h>

#define FRAMES KERNEL_LOOPS_FRAMES

static _Alignas(64) uint8_t raw[FRAMES * 8 * 4];
static _Alignas(64) float wide[FRAMES * 8];
static _Alignas(64) float one[FRAMES * 8];
static _Alignas(64) float two[FRAMES * 8];
static _Alignas(64) float rows[161 * 192];
static vpi_high_pass filter;
static vpi_band_filter bands;

static void run_convert(const vpi_kernels *kernels, size_t format)
{
    kernels->convert[format](one, raw, FRAMES);
}

static void run_s16_stereo(const vpi_kernels *kernels, size_t unused)
{
    (void)unused;
    kernels->mono_from_s16_stereo(one, raw, FRAMES);
}

static void run_mono(const vpi_kernels *kernels, size_t n_channels)
{
    kernels->mix_mono(one, wide, FRAMES, n_channels);
}

static void run_stereo(const vpi_kernels *kernels, size_t n_channels)
{
    kernels->mix_stereo(one, two, wide, FRAMES, n_channels);
}

static void run_decimate(const vpi_kernels *kernels, size_t unused)
{
    const vpi_filter_bank bank = {
        .rows = rows, .n_taps = 192, .n_rows = 1, .modulus = 1, .step_frames = 3};
    (void)unused;
    kernels->polyphase(&bank, wide, 0, one, 1, 320);
}

static void run_ratio(const vpi_kernels *kernels, size_t unused)
{
    const vpi_filter_bank bank = {.rows = rows,
        .n_taps = 192,
        .n_rows = 160,
        .modulus = 160,
        .step_frames = 2,
        .step_phase = 121};
    (void)unused;
    kernels->polyphase(&bank, wide, 0, one, 1, 320);
}

static void run_between(const vpi_kernels *kernels, size_t unused)
{
    const vpi_filter_bank bank = {.rows = rows,
        .n_taps = 192,
        .n_rows = 160,
        .modulus = 16000,
        .step_frames = 2,
        .step_phase = 12101};
    (void)unused;
    kernels->polyphase_between(&bank, wide, 0, one, 1, 320);
}

static void run_high_pass(const vpi_kernels *kernels, size_t n_channels)
{
    memcpy(one, wide, 320 * n_channels * sizeof *one);
    kernels->high_pass(&filter, one, 320, n_channels);
}

static void run_level(const vpi_kernels *kernels, size_t unused)
{
    (void)unused;
    one[0] = kernels->level(wide, 320).peak;
}

static void run_bands(const vpi_kernels *kernels, size_t n_hops)
{
    kernels->band_energies(&bands, wide, n_hops, one);
}

const kernel_loop kernel_loops[] = {
    {"convert_s16", FRAMES, 0, run_convert},
    {"convert_s24", FRAMES, 1, run_convert},
    {"convert_s32", FRAMES, 2, run_convert},
    {"convert_f32", FRAMES, 3, run_convert},
    {"mono_from_s16_stereo", FRAMES, 0, run_s16_stereo},
    {"mix_mono of 2", FRAMES, 2, run_mono},
    {"mix_stereo of 2", FRAMES, 2, run_stereo},
    {"mix_mono of 6", FRAMES, 6, run_mono},
    {"mix_stereo of 6", FRAMES, 6, run_stereo},
    {"polyphase 3:1, 192 taps", 320, 0, run_decimate},
    {"polyphase 441:160, 192 taps", 320, 0, run_ratio},
    {"polyphase_between, 192 taps", 320, 0, run_between},
    {"high_pass mono", 320, 1, run_high_pass},
    {"high_pass stereo", 320, 2, run_high_pass},
    {"level", 320, 0, run_level},
    {"band_energies", 320, 20, run_bands},
};
const size_t n_kernel_loops = sizeof kernel_loops / sizeof kernel_loops[0];

void kernel_loops_prepare(void)
{
    uint32_t noise = 1;
    for (size_t i = 0; i < FRAMES * 8; i++) {
        noise = noise * 1664525u + 1013904223u;
        wide[i] = (float)(noise >> 22) * 0.0009765625F - 0.5F;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        rows[i] = 0.003F;
    memcpy(raw, wide, sizeof raw);
    memcpy(bands.window, rows, sizeof bands.window);
    memcpy(bands.cosines, rows, sizeof bands.cosines);
    filter = (vpi_high_pass){.gain = 0.986, .a1 = -1.972, .a2 = 0.9725};
}
