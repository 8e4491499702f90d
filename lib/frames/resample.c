#include "frames/resample.h"
#include "base/memory.h"
#include "base/try.h"
#include "frames/bank.h"
#include "frames/dispatch.h"
#include <string.h>

/* Room is made by moving what is still needed to the front once less than this is free; with twice
 * as much in the buffer that costs next to nothing, however small the pieces are. */
#define PIECE_FRAMES 1024

struct vpi_resampler {
    const vpi_kernels *kernels;
    vpi_bank bank;
    uint32_t n_channels;
    bool same_rate;
    bool finished;
    size_t capacity_frames;
    size_t filled_frames; /* in the buffer */
    size_t at_frames;     /* where the next output's first tap lies */
    uint32_t phase;       /* of the next output, below the modulus */
    uint64_t n_left;      /* outputs still due, once finished */
    float *planes[VPI_RESAMPLER_CHANNELS_MAX];
    float *buffer; /* guarded: the planes, and the spare room */
};

static vpriv_status check_rate(uint32_t rate_hz, const char *what)
{
    if (rate_hz < VPI_RATE_MIN_HZ || rate_hz > VPI_RATE_MAX_HZ)
        return vpi_fail(VPRIV_E_ARG, "%s rate of %u Hz: %d to %d Hz are served", what, rate_hz,
            VPI_RATE_MIN_HZ, VPI_RATE_MAX_HZ);
    return VPRIV_OK;
}

static size_t planes_floats(const vpi_resampler *resampler)
{
    return resampler->n_channels * resampler->capacity_frames;
}

vpriv_status vpi_resampler_create_roomy(uint32_t in_hz, uint32_t out_hz, uint32_t n_channels,
    size_t spare_bytes, vpi_resampler **resampler_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_resampler *resampler = NULL;
    VPI_TRY(check_rate(in_hz, "input"));
    VPI_TRY(check_rate(out_hz, "output"));
    VPI_ENSURE(n_channels >= 1 && n_channels <= VPI_RESAMPLER_CHANNELS_MAX, VPRIV_E_ARG,
        "resampling %u channels: 1 or 2 are served", n_channels);
    VPI_TRY(vpi_alloc(1, sizeof *resampler, (void **)&resampler));
    resampler->kernels = vpi_kernels_get();
    resampler->n_channels = n_channels;
    resampler->same_rate = in_hz == out_hz;
    if (resampler->same_rate)
        resampler->bank.filter =
            (vpi_filter_bank){.n_taps = 1, .modulus = 1, .step_frames = 1, .n_rows = 1};
    else
        VPI_TRY(vpi_bank_create(in_hz, out_hz, &resampler->bank));
    /* Whole lanes, so that the second plane is as well aligned as the first. */
    resampler->capacity_frames =
        (resampler->bank.filter.n_taps + 2 * PIECE_FRAMES + VPI_LANES - 1) / VPI_LANES * VPI_LANES;
    VPI_TRY(vpi_secret_alloc(
        planes_floats(resampler) * sizeof(float) + spare_bytes, (void **)&resampler->buffer));
    for (uint32_t c = 0; c < n_channels; c++)
        resampler->planes[c] = resampler->buffer + c * resampler->capacity_frames;
    vpi_resampler_reset(resampler);
    *resampler_out = resampler;
    resampler = NULL;
    st = VPRIV_OK;
out:
    vpi_resampler_destroy(resampler);
    return st;
}

vpriv_status vpi_resampler_create(
    uint32_t in_hz, uint32_t out_hz, uint32_t n_channels, vpi_resampler **resampler_out)
{
    return vpi_resampler_create_roomy(in_hz, out_hz, n_channels, 0, resampler_out);
}

void *vpi_resampler_spare(vpi_resampler *resampler)
{
    return resampler->buffer + planes_floats(resampler);
}

void vpi_resampler_destroy(vpi_resampler *resampler)
{
    if (!resampler)
        return;
    vpi_secret_free(resampler->buffer);
    vpi_bank_destroy(&resampler->bank);
    free(resampler);
}

void vpi_resampler_reset(vpi_resampler *resampler)
{
    vpi_wipe(resampler->buffer, planes_floats(resampler) * sizeof *resampler->buffer);
    resampler->filled_frames = resampler->bank.before_frames;
    resampler->at_frames = 0;
    resampler->phase = 0;
    resampler->finished = false;
    resampler->n_left = 0;
}

uint32_t vpi_resampler_latency_frames(const vpi_resampler *resampler)
{
    return resampler->bank.after_frames;
}

/* Outputs whose instants lie in the n_frames from the present place on. */
static uint64_t outputs_within(const vpi_resampler *resampler, uint64_t n_frames)
{
    const vpi_filter_bank *filter = &resampler->bank.filter;
    const uint64_t step = (uint64_t)filter->step_frames * filter->modulus + filter->step_phase;
    if (n_frames == 0)
        return 0;
    return (n_frames * filter->modulus - resampler->phase + step - 1) / step;
}

size_t vpi_resampler_output_max_frames(const vpi_resampler *resampler, size_t n_frames)
{
    const vpi_filter_bank *filter = &resampler->bank.filter;
    const uint64_t step = (uint64_t)filter->step_frames * filter->modulus + filter->step_phase;
    return (size_t)(((uint64_t)n_frames * filter->modulus + step - 1) / step + 1);
}

static void make_room(vpi_resampler *resampler)
{
    const size_t n_kept = resampler->filled_frames - resampler->at_frames;
    if (resampler->at_frames == 0)
        return;
    for (uint32_t c = 0; c < resampler->n_channels; c++)
        memmove(resampler->planes[c], resampler->planes[c] + resampler->at_frames,
            n_kept * sizeof(float));
    resampler->at_frames = 0;
    resampler->filled_frames = n_kept;
}

static size_t room_frames(vpi_resampler *resampler)
{
    if (resampler->capacity_frames - resampler->filled_frames < PIECE_FRAMES)
        make_room(resampler);
    return resampler->capacity_frames - resampler->filled_frames;
}

size_t vpi_resampler_inlet(vpi_resampler *resampler, float *planes_out[VPI_RESAMPLER_CHANNELS_MAX])
{
    if (resampler->finished)
        return 0;
    const size_t n_frames = room_frames(resampler);
    for (uint32_t c = 0; c < resampler->n_channels; c++)
        planes_out[c] = resampler->planes[c] + resampler->filled_frames;
    return n_frames;
}

void vpi_resampler_push(vpi_resampler *resampler, size_t n_frames)
{
    VPI_IMPOSSIBLE_UNLESS(
        !resampler->finished && n_frames <= resampler->capacity_frames - resampler->filled_frames);
    resampler->filled_frames += n_frames;
}

static uint64_t ready(const vpi_resampler *resampler)
{
    const size_t needed = resampler->at_frames + resampler->bank.filter.n_taps - 1;
    return resampler->filled_frames > needed
               ? outputs_within(resampler, resampler->filled_frames - needed)
               : 0;
}

/* The next n outputs, which are ready. */
static void run(vpi_resampler *resampler, float *out, size_t n)
{
    const vpi_filter_bank *filter = &resampler->bank.filter;
    for (uint32_t c = 0; c < resampler->n_channels; c++) {
        const float *in = resampler->planes[c] + resampler->at_frames;
        if (resampler->same_rate)
            for (size_t i = 0; i < n; i++)
                out[i * resampler->n_channels + c] = in[i];
        else if (resampler->bank.between)
            resampler->kernels->polyphase_between(
                filter, in, resampler->phase, out + c, resampler->n_channels, n);
        else
            resampler->kernels->polyphase(
                filter, in, resampler->phase, out + c, resampler->n_channels, n);
    }
    const uint64_t phase = resampler->phase + (uint64_t)n * filter->step_phase;
    resampler->at_frames += n * filter->step_frames + (size_t)(phase / filter->modulus);
    resampler->phase = (uint32_t)(phase % filter->modulus);
}

/* After the end zeros follow. */
static void pad(vpi_resampler *resampler)
{
    const size_t n_frames = room_frames(resampler);
    for (uint32_t c = 0; c < resampler->n_channels; c++)
        memset(resampler->planes[c] + resampler->filled_frames, 0, n_frames * sizeof(float));
    resampler->filled_frames += n_frames;
}

size_t vpi_resampler_pull(vpi_resampler *resampler, float *out, size_t capacity_frames)
{
    size_t n_done = 0;
    for (;;) {
        uint64_t n = ready(resampler);
        if (resampler->finished && n > resampler->n_left)
            n = resampler->n_left;
        if (n > capacity_frames - n_done)
            n = capacity_frames - n_done;
        if (n)
            run(resampler, out + n_done * resampler->n_channels, (size_t)n);
        n_done += (size_t)n;
        if (!resampler->finished)
            return n_done;
        resampler->n_left -= n;
        if (n_done == capacity_frames || resampler->n_left == 0)
            return n_done;
        pad(resampler);
    }
}

void vpi_resampler_finish(vpi_resampler *resampler)
{
    if (resampler->finished)
        return;
    const size_t instant = resampler->at_frames + resampler->bank.before_frames;
    resampler->finished = true;
    resampler->n_left = resampler->filled_frames > instant
                            ? outputs_within(resampler, resampler->filled_frames - instant)
                            : 0;
}
