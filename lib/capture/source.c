#include "capture/source.h"
#include "base/try.h"

size_t vpi_sample_bytes(vpriv_sample_format sample_format)
{
    switch (sample_format) {
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

size_t vpi_frame_bytes(const vpriv_stream_format *format)
{
    return vpi_sample_bytes(format->sample_format) * format->n_channels;
}

vpriv_status vpi_stream_format_check(const vpriv_stream_format *format)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(format, VPRIV_E_ARG, "no stream format");
    VPI_ENSURE(vpi_sample_bytes(format->sample_format) > 0, VPRIV_E_ARG, "sample format %d",
        (int)format->sample_format);
    VPI_ENSURE(format->rate_hz >= VPRIV_RATE_MIN_HZ && format->rate_hz <= VPRIV_RATE_MAX_HZ,
        VPRIV_E_ARG, "rate of %u Hz, which is not %u to %u", format->rate_hz, VPRIV_RATE_MIN_HZ,
        VPRIV_RATE_MAX_HZ);
    VPI_ENSURE(format->n_channels >= 1 && format->n_channels <= VPRIV_CHANNELS_MAX, VPRIV_E_ARG,
        "%u channels, which is not 1 to %u", format->n_channels, VPRIV_CHANNELS_MAX);
    st = VPRIV_OK;
out:
    return st;
}

/* Says which device it was. One that was there when it was opened, and is not there now, is lost. */
static vpriv_status named(const vpriv_source *source, vpriv_status st)
{
    if (st == VPRIV_OK || !source->name[0])
        return st;
    return vpi_fail_in(st == VPRIV_E_NOT_FOUND ? VPRIV_E_DEVICE_LOST : st, source->name);
}

vpriv_status vpi_source_start(vpriv_source *source)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(source, VPRIV_E_ARG, "no source");
    VPI_ENSURE(!source->started, VPRIV_E_STATE, "the source is running already");
    VPI_TRY(named(source, source->table->start(source)));
    source->started = true;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_source_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(source && frames_out && capacity_frames && n_read_out && n_lost_out && end_out,
        VPRIV_E_ARG, "reading from a source needs room and every output");
    VPI_ENSURE(source->started, VPRIV_E_STATE, "the source is not running");
    VPI_TRY(named(source,
        source->table->read(source, frames_out, capacity_frames, n_read_out, n_lost_out, end_out)));
    vpi_source_meter(source, frames_out, *n_read_out);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_source_read_queue(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    return vpi_queue_read(
        source->queue, frames_out, capacity_frames, n_read_out, n_lost_out, end_out);
}

void vpi_source_free(vpriv_source *source)
{
    vpi_queue_destroy(source->queue);
    free(source);
}

void vpi_source_stop(vpriv_source *source)
{
    if (!source || !source->started)
        return;
    source->table->stop(source);
    source->started = false;
}

uint64_t vpi_source_total_frames(const vpriv_source *source)
{
    return source->total_frames;
}

const char *vpriv_capture_name(const vpriv_source *source)
{
    if (!source)
        return "";
    return source->name[0] ? source->name : source->table->name;
}

vpriv_status vpriv_capture_format(const vpriv_source *source, vpriv_stream_format *format_out)
{
    if (!source || !format_out)
        return vpi_fail(VPRIV_E_ARG, "asking a format needs a source and an output");
    *format_out = source->format;
    return VPRIV_OK;
}

void vpriv_capture_close(vpriv_source *source)
{
    if (!source)
        return;
    vpi_source_stop(source);
    source->table->close(source);
}
