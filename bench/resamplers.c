#include "resamplers.h"
#include "bench.h"
#include "config.h"
#include "frames/resample.h"
#include <string.h>
#ifdef HAVE_SOXR
#include <soxr.h>
#endif
#ifdef HAVE_SPEEXDSP
#include <speex/speex_resampler.h>
#endif

static void *ours_open(const void *setting, uint32_t in_hz, uint32_t out_hz)
{
    vpi_resampler *handle = NULL;
    (void)setting;
    BENCH_TRY(vpi_resampler_create(in_hz, out_hz, 1, &handle));
    return handle;
}

static size_t ours_process(void *handle, const float *in, size_t n_in, float *out, size_t capacity)
{
    float *planes[VPI_RESAMPLER_CHANNELS_MAX] = {NULL};
    size_t n_out = 0;
    while (n_in > 0) {
        size_t n = vpi_resampler_inlet(handle, planes);
        n = n < n_in ? n : n_in;
        memcpy(planes[0], in, n * sizeof *in);
        vpi_resampler_push(handle, n);
        in += n;
        n_in -= n;
        for (size_t got = 1; got > 0; n_out += got)
            got = vpi_resampler_pull(handle, out + n_out, capacity - n_out);
    }
    return n_out;
}

static void ours_close(void *handle)
{
    vpi_resampler_destroy(handle);
}

const resampler resampler_ours = {"libvoicepriv", true, NULL, ours_open, ours_process, ours_close};

#ifdef HAVE_SOXR
static void *soxr_open(const void *setting, uint32_t in_hz, uint32_t out_hz)
{
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const unsigned long *recipe = setting;
    const soxr_quality_spec_t quality = soxr_quality_spec(*recipe, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_error_t error = NULL;
    const soxr_t handle = soxr_create(in_hz, out_hz, 1, &error, &io, &quality, &runtime);
    if (error)
        bench_die("soxr: %s", error);
    return handle;
}

static size_t soxr_run(void *handle, const float *in, size_t n_in, float *out, size_t capacity)
{
    size_t n_taken = 0, n_out = 0;
    if (soxr_process(handle, in, n_in, &n_taken, out, capacity, &n_out) || n_taken != n_in)
        bench_die("soxr did not take everything");
    return n_out;
}

static void soxr_close(void *handle)
{
    soxr_delete(handle);
}

static const unsigned long high = SOXR_HQ, medium = SOXR_MQ;
const resampler resampler_soxr_hq = {"soxr HQ", true, &high, soxr_open, soxr_run, soxr_close};
const resampler resampler_soxr_mq = {"soxr MQ", true, &medium, soxr_open, soxr_run, soxr_close};
#else
const resampler resampler_soxr_hq = {.name = "soxr HQ"};
const resampler resampler_soxr_mq = {.name = "soxr MQ"};
#endif

#ifdef HAVE_SPEEXDSP
static void *speex_open(const void *setting, uint32_t in_hz, uint32_t out_hz)
{
    const int *quality = setting;
    int code = 0;
    void *handle = speex_resampler_init(1, in_hz, out_hz, *quality, &code);
    if (!handle)
        bench_die("speexdsp: %s", speex_resampler_strerror(code));
    return handle;
}

static size_t speex_run(void *handle, const float *in, size_t n_in, float *out, size_t capacity)
{
    size_t n_out = 0;
    while (n_in > 0) {
        spx_uint32_t n_taken = (spx_uint32_t)n_in, n_given = (spx_uint32_t)(capacity - n_out);
        if (speex_resampler_process_float(handle, 0, in, &n_taken, out + n_out, &n_given) != 0 ||
            (n_taken == 0 && n_given == 0))
            bench_die("speexdsp did not take everything");
        in += n_taken;
        n_in -= n_taken;
        n_out += n_given;
    }
    return n_out;
}

static void speex_close(void *handle)
{
    speex_resampler_destroy(handle);
}

static const int qualities[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
#define SPEEX(q)                                                                                   \
    {                                                                                              \
        "speexdsp quality " #q, true, &qualities[q], speex_open, speex_run, speex_close            \
    }
#else
#define SPEEX(q)                                                                                   \
    {                                                                                              \
        .name = "speexdsp quality " #q                                                             \
    }
#endif
const resampler resampler_speex[SPEEX_QUALITY_MAX + 1] = {SPEEX(0), SPEEX(1), SPEEX(2), SPEEX(3),
    SPEEX(4), SPEEX(5), SPEEX(6), SPEEX(7), SPEEX(8), SPEEX(9), SPEEX(10)};
