#include "frames/frontend.h"
#include "base/memory.h"
#include "base/try.h"
#include "frames/dispatch.h"
#include "frames/resample.h"
#include <math.h>
#include <string.h>

/* Input taken at a time: with the filter's history and the output it stays in 32 KiB. */
#define PIECE_FRAMES 1024
/* Interleaved samples between convert and down-mix. */
#define SCRATCH_SAMPLES 960

/* All of it is in guarded memory: the filter's state, the scratch and the tray hold sound. One allocation,
 * the resampler's, has it all. */
struct vpi_frontend {
    const vpi_kernels *kernels;
    vpi_resampler *resampler;
    vpi_frontend_config config;
    size_t frame_bytes;
    uint32_t n_inner; /* channels between down-mix and output */
    bool flushing;
    vpi_high_pass high_pass;
    float peak;
    double sum_squares;
    uint64_t n_metered;
    uint64_t n_bad;
    uint8_t *tray;
    float *scratch; /* NULL where a kernel goes from the input to the planes at once */
};

static size_t sample_bytes(vpriv_sample_format format)
{
    switch (format) {
    case VPRIV_SAMPLE_S16:
        return 2;
    case VPRIV_SAMPLE_S24:
        return 3;
    case VPRIV_SAMPLE_S32:
    case VPRIV_SAMPLE_F32:
        return 4;
    }
    return 0;
}

static vpriv_status check_config(const vpi_frontend_config *config)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t rate_hz = config->output_rate_hz;
    VPI_ENSURE(sample_bytes(config->input.sample_format), VPRIV_E_ARG,
        "sample format %d is not one of S16, S24, S32, F32", (int)config->input.sample_format);
    VPI_ENSURE(
        config->input.n_channels >= 1 && config->input.n_channels <= VPI_FRONTEND_CHANNELS_MAX,
        VPRIV_E_ARG, "input of %u channels: 1 to %d are served", config->input.n_channels,
        VPI_FRONTEND_CHANNELS_MAX);
    VPI_ENSURE(config->input.rate_hz >= VPI_RATE_MIN_HZ && config->input.rate_hz <= VPI_RATE_MAX_HZ,
        VPRIV_E_ARG, "input rate of %u Hz: %d to %d Hz are served", config->input.rate_hz,
        VPI_RATE_MIN_HZ, VPI_RATE_MAX_HZ);
    VPI_ENSURE(rate_hz == 8000 || rate_hz == 12000 || rate_hz == 16000 || rate_hz == 24000 ||
                   rate_hz == 48000,
        VPRIV_E_ARG, "output rate of %u Hz: 8000, 12000, 16000, 24000 or 48000 Hz are served",
        rate_hz);
    VPI_ENSURE(config->n_output_channels == 1 || config->n_output_channels == 2, VPRIV_E_ARG,
        "output of %u channels: 1 or 2 are served", config->n_output_channels);
    VPI_ENSURE(
        config->high_pass_hz == 0 || (config->high_pass_hz >= VPI_FRONTEND_HIGH_PASS_MIN_HZ &&
                                         config->high_pass_hz <= VPI_FRONTEND_HIGH_PASS_MAX_HZ),
        VPRIV_E_ARG, "high-pass at %u Hz: %d to %d Hz are served", config->high_pass_hz,
        VPI_FRONTEND_HIGH_PASS_MIN_HZ, VPI_FRONTEND_HIGH_PASS_MAX_HZ);
    st = VPRIV_OK;
out:
    return st;
}

/* Butterworth by the bilinear transform, its cut-off pre-warped. */
static vpi_high_pass high_pass_at(uint32_t cut_off_hz, uint32_t rate_hz)
{
    const double warped = tan(3.14159265358979323846 * (double)cut_off_hz / (double)rate_hz);
    const double damped = sqrt(2.0) * warped;
    const double scale = 1.0 / (1.0 + damped + warped * warped);
    vpi_high_pass filter;
    memset(&filter, 0, sizeof filter);
    filter.gain = scale;
    filter.a1 = 2.0 * (warped * warped - 1.0) * scale;
    filter.a2 = (1.0 - damped + warped * warped) * scale;
    return filter;
}

static bool needs_scratch(const vpi_frontend_config *config)
{
    return config->input.n_channels > 2 ||
           (config->input.n_channels == 2 &&
               (config->n_output_channels == 2 || config->input.sample_format != VPRIV_SAMPLE_S16));
}

static size_t whole_lines(size_t n_bytes)
{
    return (n_bytes + 63) / 64 * 64;
}

vpriv_status vpi_frontend_create(const vpi_frontend_config *config, vpi_frontend **frontend_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_resampler *resampler = NULL;
    VPI_ENSURE(config && frontend_out, VPRIV_E_ARG, "no configuration");
    VPI_TRY(check_config(config));
    const size_t frame_bytes = config->input.n_channels * sample_bytes(config->input.sample_format);
    const size_t own_bytes = whole_lines(sizeof(vpi_frontend));
    const size_t scratch_bytes = needs_scratch(config) ? SCRATCH_SAMPLES * sizeof(float) : 0;
    const uint32_t n_inner = config->input.n_channels < config->n_output_channels
                                 ? config->input.n_channels
                                 : config->n_output_channels;
    VPI_TRY(vpi_resampler_create_roomy(config->input.rate_hz, config->output_rate_hz, n_inner,
        own_bytes + scratch_bytes + config->n_tray_frames * frame_bytes, &resampler));
    uint8_t *const memory = vpi_resampler_spare(resampler);
    vpi_frontend *frontend = (vpi_frontend *)(void *)memory;
    frontend->kernels = vpi_kernels_get();
    frontend->config = *config;
    if (!frontend->config.high_pass_hz)
        frontend->config.high_pass_hz = VPI_FRONTEND_HIGH_PASS_HZ;
    frontend->frame_bytes = frame_bytes;
    frontend->n_inner = n_inner;
    frontend->resampler = resampler;
    frontend->scratch = scratch_bytes > 0 ? (float *)(void *)(memory + own_bytes) : NULL;
    frontend->tray = memory + own_bytes + scratch_bytes;
    vpi_frontend_reset(frontend);
    *frontend_out = frontend;
    st = VPRIV_OK;
out:
    return st;
}

void *vpi_frontend_tray(vpi_frontend *frontend)
{
    return frontend->tray;
}

void vpi_frontend_destroy(vpi_frontend *frontend)
{
    if (frontend)
        vpi_resampler_destroy(frontend->resampler); /* the frontend lies in its memory */
}

void vpi_frontend_reset(vpi_frontend *frontend)
{
    vpi_resampler_reset(frontend->resampler);
    frontend->high_pass =
        high_pass_at(frontend->config.high_pass_hz, frontend->config.output_rate_hz);
    frontend->flushing = false;
    frontend->peak = 0.0F;
    frontend->sum_squares = 0.0;
    frontend->n_metered = 0;
    frontend->n_bad = 0;
    if (frontend->scratch)
        vpi_wipe(frontend->scratch, SCRATCH_SAMPLES * sizeof *frontend->scratch);
}

uint32_t vpi_frontend_latency_frames(const vpi_frontend *frontend)
{
    return vpi_resampler_latency_frames(frontend->resampler);
}

size_t vpi_frontend_output_max_frames(const vpi_frontend *frontend, size_t n_frames)
{
    return vpi_resampler_output_max_frames(frontend->resampler, n_frames);
}

/* Convert and down-mix n_frames into the planes, by way of the scratch. */
static void mix(vpi_frontend *frontend, const uint8_t *in, size_t n_frames, float *planes[])
{
    const vpi_kernels *k = frontend->kernels;
    const size_t n_channels = frontend->config.input.n_channels;
    const size_t format = VPI_SAMPLE_INDEX(frontend->config.input.sample_format);
    const size_t block_frames = SCRATCH_SAMPLES / n_channels;
    for (size_t at = 0; at < n_frames; at += block_frames) {
        const size_t n = n_frames - at < block_frames ? n_frames - at : block_frames;
        frontend->n_bad +=
            k->convert[format](frontend->scratch, in + at * frontend->frame_bytes, n * n_channels);
        if (frontend->n_inner == 1)
            k->mix_mono(planes[0] + at, frontend->scratch, n, n_channels);
        else
            k->mix_stereo(planes[0] + at, planes[1] + at, frontend->scratch, n, n_channels);
    }
}

/* Take up to one piece; gives how many frames there was room for. */
static size_t take(vpi_frontend *frontend, const uint8_t *in, size_t n_frames)
{
    const vpi_kernels *k = frontend->kernels;
    const vpriv_stream_format *input = &frontend->config.input;
    float *planes[VPI_RESAMPLER_CHANNELS_MAX] = {0};
    size_t n = vpi_resampler_inlet(frontend->resampler, planes);
    if (n > n_frames)
        n = n_frames;
    if (n > PIECE_FRAMES)
        n = PIECE_FRAMES;
    if (frontend->scratch)
        mix(frontend, in, n, planes);
    else if (input->n_channels == 1)
        frontend->n_bad += k->convert[VPI_SAMPLE_INDEX(input->sample_format)](planes[0], in, n);
    else
        k->mono_from_s16_stereo(planes[0], in, n);
    vpi_resampler_push(frontend->resampler, n);
    return n;
}

/* What the resampler has ready, up to the capacity, finished for the encoder. */
static size_t give(vpi_frontend *frontend, float *out, size_t capacity_frames)
{
    const vpi_kernels *k = frontend->kernels;
    const size_t n = vpi_resampler_pull(frontend->resampler, out, capacity_frames);
    if (n == 0)
        return 0;
    if (frontend->config.high_pass)
        k->high_pass(&frontend->high_pass, out, n, frontend->n_inner);
    const vpi_level level = k->level(out, n * frontend->n_inner);
    frontend->peak = level.peak > frontend->peak ? level.peak : frontend->peak;
    frontend->sum_squares += (double)level.sum_squares;
    frontend->n_metered += n * frontend->n_inner;
    if (frontend->n_inner < frontend->config.n_output_channels)
        for (size_t i = n; i-- > 0;)
            out[2 * i] = out[2 * i + 1] = out[i];
    return n;
}

vpriv_status vpi_frontend_process(vpi_frontend *frontend, const void *frames, size_t n_frames,
    float *out, size_t capacity_frames, size_t *n_consumed_out, size_t *n_out)
{
    const uint8_t *in = frames;
    size_t n_taken = 0;
    size_t n_given = 0;
    if (frontend->flushing)
        return vpi_fail(VPRIV_E_STATE, "the stream was flushed; reset it before new frames");
    while (n_given < capacity_frames) {
        n_given += give(frontend, out + n_given * frontend->config.n_output_channels,
            capacity_frames - n_given);
        if (n_taken == n_frames || n_given == capacity_frames)
            break;
        n_taken += take(frontend, in + n_taken * frontend->frame_bytes, n_frames - n_taken);
    }
    *n_consumed_out = n_taken;
    *n_out = n_given;
    return VPRIV_OK;
}

vpriv_status vpi_frontend_flush(
    vpi_frontend *frontend, float *out, size_t capacity_frames, size_t *n_out)
{
    frontend->flushing = true;
    vpi_resampler_finish(frontend->resampler);
    *n_out = give(frontend, out, capacity_frames);
    return VPRIV_OK;
}

void vpi_frontend_level(vpi_frontend *frontend, float *peak_out, float *rms_out)
{
    *peak_out = frontend->peak;
    *rms_out = frontend->n_metered
                   ? (float)sqrt(frontend->sum_squares / (double)frontend->n_metered)
                   : 0.0F;
    frontend->peak = 0.0F;
    frontend->sum_squares = 0.0;
    frontend->n_metered = 0;
}

uint64_t vpi_frontend_bad_samples(const vpi_frontend *frontend)
{
    return frontend->n_bad;
}
