/* How loud it is, for a meter on a screen. Costs nothing until somebody looks. */
#include "base/try.h"
#include "capture/source.h"
#include <math.h>
#include <string.h>

#define SILENCE_DB (-200.0F)

static uint32_t magnitude(int32_t sample)
{
    return sample < 0 ? -(uint32_t)sample : (uint32_t)sample;
}

static uint32_t level_of(const uint8_t *at, vpriv_sample_format sample_format)
{
    int16_t s16;
    int32_t s32 = 0;
    float f32;
    switch (sample_format) {
    case VPRIV_SAMPLE_S16:
        memcpy(&s16, at, sizeof s16);
        return magnitude(s16) << 16;
    case VPRIV_SAMPLE_S24:
        memcpy((uint8_t *)&s32 + 1, at, 3);
        return magnitude(s32);
    case VPRIV_SAMPLE_S32:
        memcpy(&s32, at, sizeof s32);
        return magnitude(s32);
    case VPRIV_SAMPLE_F32:
        memcpy(&f32, at, sizeof f32);
        f32 = fabsf(f32);
        return f32 < 1.0F    ? (uint32_t)(f32 * (float)VPI_LEVEL_FULL)
               : f32 >= 1.0F ? VPI_LEVEL_FULL
                             : 0;
    }
    return 0;
}

void vpi_source_meter(vpriv_source *source, const void *frames, size_t n_frames)
{
    if (n_frames == 0 || !atomic_load_explicit(&source->metered, memory_order_relaxed))
        return;
    const vpriv_sample_format sample_format = source->format.sample_format;
    const size_t sample_bytes = vpi_sample_bytes(sample_format);
    uint32_t loudest = 0;
    for (size_t i = 0; i < n_frames * source->format.n_channels; i++) {
        const uint32_t level = level_of((const uint8_t *)frames + i * sample_bytes, sample_format);
        if (level > loudest)
            loudest = level;
    }
    /* The one who asks may have taken the last one meanwhile: then this is louder than nothing. */
    uint32_t before = atomic_load_explicit(&source->loudest, memory_order_relaxed);
    while (loudest > before && !atomic_compare_exchange_weak_explicit(&source->loudest, &before,
                                   loudest, memory_order_relaxed, memory_order_relaxed))
        ;
}

vpriv_status vpriv_capture_level(vpriv_source *source, float *peak_db_out)
{
    if (!source || !peak_db_out)
        return vpi_fail(VPRIV_E_ARG, "asking for a level needs a source and an output");
    atomic_store_explicit(&source->metered, true, memory_order_relaxed);
    const uint32_t loudest = atomic_exchange_explicit(&source->loudest, 0, memory_order_relaxed);
    *peak_db_out = loudest ? 20.0F * log10f((float)loudest / (float)VPI_LEVEL_FULL) : SILENCE_DB;
    return VPRIV_OK;
}
