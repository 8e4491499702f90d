/* Frames from a program's own audio callback. */
#include "base/memory.h"
#include "base/try.h"
#include "capture/queue.h"
#include "capture/source.h"

typedef struct push_source {
    vpriv_source base;
    _Atomic bool is_closed; /* from stop to the next start: what comes is heard by nobody */
} push_source;

static vpriv_status push_start(vpriv_source *source)
{
    push_source *push = (push_source *)source;
    if (atomic_load(&push->is_closed))
        vpi_queue_discard(source->queue); /* a write that was under way when it was closed */
    atomic_store(&push->is_closed, false);
    return VPRIV_OK;
}

static void push_stop(vpriv_source *source)
{
    atomic_store(&((push_source *)source)->is_closed, true);
    vpi_queue_discard(source->queue);
}

static const vpi_source_table push_table = {
    .name = "push",
    .start = push_start,
    .read = vpi_source_read_queue,
    .stop = push_stop,
    .close = vpi_source_free,
};

vpriv_status vpriv_capture_push_open(
    const vpriv_stream_format *format, uint32_t buffer_ms, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    push_source *push = NULL;
    VPI_ENSURE(source_out, VPRIV_E_ARG, "no place for the source");
    VPI_TRY(vpi_alloc(1, sizeof *push, (void **)&push));
    VPI_TRY(vpi_queue_create(format, buffer_ms, &push->base.queue));
    push->base.table = &push_table;
    push->base.format = *format;
    push->base.total_frames = VPI_FRAMES_UNKNOWN;
    *source_out = &push->base;
    push = NULL;
    st = VPRIV_OK;
out:
    free(push);
    return st;
}

static bool is_push(const vpriv_source *source)
{
    return source && source->table == &push_table;
}

size_t vpriv_capture_push_space(const vpriv_source *source)
{
    return is_push(source) ? vpi_queue_space(source->queue) : 0;
}

/* No error text anywhere here: writing one could reach into the system. */
vpriv_status vpriv_capture_push_write(
    vpriv_source *source, const void *frames, size_t n_frames, size_t *n_taken_out)
{
    if (!is_push(source) || (!frames && n_frames > 0) || !n_taken_out)
        return VPRIV_E_ARG;
    if (vpi_queue_is_ended(source->queue))
        return VPRIV_E_STATE;
    *n_taken_out = atomic_load(&((push_source *)source)->is_closed)
                       ? n_frames
                       : vpi_queue_write(source->queue, frames, n_frames);
    return VPRIV_OK;
}

vpriv_status vpriv_capture_push_end(vpriv_source *source)
{
    if (!is_push(source))
        return vpi_fail(VPRIV_E_ARG, "not a push source");
    vpi_queue_end(source->queue, VPRIV_OK, NULL);
    return VPRIV_OK;
}
