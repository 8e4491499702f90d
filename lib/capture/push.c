/* Frames from a program's own audio callback.
 *
 * Two rings run side by side: frames, and marks that say "before frame number `at_frame`, `n_lost`
 * were lost". The writer holds a loss back until it is complete, that is until a frame can be taken
 * after it, and publishes the mark before that frame: whoever sees the frame sees the mark. While
 * the ring of marks is full, frames go on being lost into the same gap. So each place has one mark
 * at most, and the last loss of all needs none: it travels with the end. */
#include "base/memory.h"
#include "base/ring.h"
#include "base/try.h"
#include "capture/source.h"
#include <stdatomic.h>

#define DEFAULT_BUFFER_MS 1000u
#define N_MARKS           252u /* one page of guarded memory */

typedef struct mark {
    uint64_t at_frame; /* counts frames taken, not frames offered */
    uint64_t n_lost;
} mark;

typedef struct push_source {
    vpriv_source base;
    size_t frame_bytes;
    vpi_ring *frames;
    vpi_ring *marks;

    /* the writer's */
    uint64_t n_taken;
    uint64_t n_lost_pending; /* lost after frame n_taken, not told yet */
    bool closed;

    /* handed from writer to reader by `ended` */
    uint64_t n_lost_last;
    _Atomic bool ended;

    /* the reader's */
    uint64_t n_read;
    mark next;
    bool has_next;
    bool end_told;
    bool was_stopped;
} push_source;

/* Reader: the earliest mark not yet told. */
static bool peek_mark(push_source *push)
{
    if (!push->has_next)
        push->has_next = vpi_ring_read(push->marks, &push->next, sizeof push->next) > 0;
    return push->has_next;
}

static vpriv_status push_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    push_source *push = (push_source *)source;
    /* The end first, then the frames, then the marks: what was written before is visible in turn.
     */
    const bool ended = atomic_load_explicit(&push->ended, memory_order_acquire);
    size_t n_frames = vpi_ring_filled(push->frames) / push->frame_bytes;
    uint64_t n_lost = 0;
    if (n_frames == 0) {
        if (ended && !push->end_told)
            n_lost = push->n_lost_last;
        push->end_told = ended;
        *n_read_out = 0;
        *n_lost_out = n_lost;
        *end_out = ended;
        return VPRIV_OK;
    }
    if (peek_mark(push) && push->next.at_frame == push->n_read) {
        n_lost = push->next.n_lost;
        push->has_next = false;
    }
    if (n_frames > capacity_frames)
        n_frames = capacity_frames;
    if (peek_mark(push) && push->next.at_frame - push->n_read < n_frames)
        n_frames = (size_t)(push->next.at_frame - push->n_read);
    VPI_IMPOSSIBLE_UNLESS(n_frames > 0);
    vpi_ring_read(push->frames, frames_out, n_frames * push->frame_bytes);
    push->n_read += n_frames;
    *n_read_out = n_frames;
    *n_lost_out = n_lost;
    *end_out = false;
    return VPRIV_OK;
}

/* What is there now, and no more: a busy writer must not keep us here. */
static void discard_buffered(push_source *push)
{
    uint8_t scratch[32 * VPRIV_CHANNELS_MAX * sizeof(float)];
    size_t n_left = vpi_ring_filled(push->frames) / push->frame_bytes;
    while (n_left > 0) {
        size_t n_read = 0;
        uint64_t n_lost = 0;
        bool end = false;
        if (push_read(&push->base, scratch, n_left < 32 ? n_left : 32, &n_read, &n_lost, &end) !=
            VPRIV_OK)
            break;
        n_left -= n_read;
    }
    vpi_wipe(scratch, sizeof scratch);
}

static vpriv_status push_start(vpriv_source *source)
{
    push_source *push = (push_source *)source;
    if (push->was_stopped)
        discard_buffered(push);
    return VPRIV_OK;
}

static void push_stop(vpriv_source *source)
{
    push_source *push = (push_source *)source;
    discard_buffered(push);
    push->was_stopped = true;
}

static void push_close(vpriv_source *source)
{
    push_source *push = (push_source *)source;
    vpi_ring_destroy(push->frames);
    vpi_ring_destroy(push->marks);
    free(push);
}

static const vpi_source_table push_table = {
    .name = "push",
    .start = push_start,
    .read = push_read,
    .stop = push_stop,
    .close = push_close,
};

vpriv_status vpriv_capture_push_open(
    const vpriv_stream_format *format, uint32_t buffer_ms, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    push_source *push = NULL;
    VPI_ENSURE(source_out, VPRIV_E_ARG, "no place for the source");
    VPI_TRY(vpi_stream_format_check(format));
    VPI_ENSURE(buffer_ms <= VPRIV_PUSH_BUFFER_MAX_MS, VPRIV_E_ARG,
        "buffer of %u ms, over the limit of %u", buffer_ms, VPRIV_PUSH_BUFFER_MAX_MS);
    VPI_TRY(vpi_alloc(1, sizeof *push, (void **)&push));
    push->base.table = &push_table;
    push->base.format = *format;
    push->base.total_frames = VPI_FRAMES_UNKNOWN;
    push->frame_bytes = vpi_frame_bytes(format);
    const uint64_t n_frames =
        ((uint64_t)format->rate_hz * (buffer_ms ? buffer_ms : DEFAULT_BUFFER_MS) + 999) / 1000;
    VPI_TRY(vpi_ring_create((size_t)n_frames * push->frame_bytes, &push->frames));
    VPI_TRY(vpi_ring_create(N_MARKS * sizeof(mark), &push->marks));
    *source_out = &push->base;
    push = NULL;
    st = VPRIV_OK;
out:
    if (push)
        push_close(&push->base);
    return st;
}

static bool is_push(const vpriv_source *source)
{
    return source && source->table == &push_table;
}

size_t vpriv_capture_push_space(const vpriv_source *source)
{
    if (!is_push(source))
        return 0;
    const push_source *push = (const push_source *)source;
    if (push->closed)
        return 0;
    if (push->n_lost_pending > 0 && vpi_ring_space(push->marks) < sizeof(mark))
        return 0;
    return vpi_ring_space(push->frames) / push->frame_bytes;
}

/* No error text anywhere here: writing one could reach into the system. */
vpriv_status vpriv_capture_push_write(
    vpriv_source *source, const void *frames, size_t n_frames, size_t *n_taken_out)
{
    if (!is_push(source) || (!frames && n_frames > 0) || !n_taken_out)
        return VPRIV_E_ARG;
    push_source *push = (push_source *)source;
    if (push->closed)
        return VPRIV_E_STATE;
    const size_t space = vpriv_capture_push_space(source);
    const size_t n_taken = n_frames < space ? n_frames : space;
    if (n_taken > 0 && push->n_lost_pending > 0) {
        const mark gap = {push->n_taken, push->n_lost_pending};
        VPI_IMPOSSIBLE_UNLESS(vpi_ring_write(push->marks, &gap, sizeof gap));
        push->n_lost_pending = 0;
    }
    if (n_taken > 0)
        VPI_IMPOSSIBLE_UNLESS(vpi_ring_write(push->frames, frames, n_taken * push->frame_bytes));
    push->n_taken += n_taken;
    push->n_lost_pending += n_frames - n_taken;
    *n_taken_out = n_taken;
    return VPRIV_OK;
}

vpriv_status vpriv_capture_push_end(vpriv_source *source)
{
    if (!is_push(source))
        return vpi_fail(VPRIV_E_ARG, "not a push source");
    push_source *push = (push_source *)source;
    if (!push->closed) {
        push->closed = true;
        push->n_lost_last = push->n_lost_pending;
        atomic_store_explicit(&push->ended, true, memory_order_release);
    }
    return VPRIV_OK;
}
