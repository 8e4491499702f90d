/* Two rings run side by side: frames, and marks that say "before frame number `at_frame`, `n_lost`
 * were lost". The writer holds a loss back until it is complete, that is until a frame can be taken
 * after it, and publishes the mark before that frame: whoever sees the frame sees the mark. While
 * the ring of marks is full, frames go on being lost into the same gap. So each place has one mark
 * at most, and the last loss of all needs none: it travels with the end. */
#include "capture/queue.h"
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

struct vpi_queue {
    size_t frame_bytes;
    vpi_ring *frames;
    vpi_ring *marks;

    /* the writer's */
    uint64_t n_taken;
    uint64_t n_lost_pending; /* lost after frame n_taken, not told yet */
    bool closed;

    /* handed from writer to reader by `ended` */
    uint64_t n_lost_last;
    vpriv_status end_status;
    const char *end_text;
    _Atomic bool ended;

    _Atomic size_t high_water_frames;

    /* the reader's */
    uint64_t n_read;
    mark next;
    bool has_next;
    bool last_loss_told;
};

vpriv_status vpi_queue_create(
    const vpriv_stream_format *format, uint32_t buffer_ms, vpi_queue **queue_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_queue *queue = NULL;
    VPI_TRY(vpi_stream_format_check(format));
    VPI_ENSURE(buffer_ms <= VPRIV_PUSH_BUFFER_MAX_MS, VPRIV_E_ARG,
        "buffer of %u ms, over the limit of %u", buffer_ms, VPRIV_PUSH_BUFFER_MAX_MS);
    VPI_TRY(vpi_alloc(1, sizeof *queue, (void **)&queue));
    queue->frame_bytes = vpi_frame_bytes(format);
    const uint64_t n_frames =
        ((uint64_t)format->rate_hz * (buffer_ms ? buffer_ms : DEFAULT_BUFFER_MS) + 999) / 1000;
    VPI_TRY(vpi_ring_create((size_t)n_frames * queue->frame_bytes, &queue->frames));
    VPI_TRY(vpi_ring_create(N_MARKS * sizeof(mark), &queue->marks));
    *queue_out = queue;
    queue = NULL;
    st = VPRIV_OK;
out:
    vpi_queue_destroy(queue);
    return st;
}

void vpi_queue_destroy(vpi_queue *queue)
{
    if (!queue)
        return;
    vpi_ring_destroy(queue->frames);
    vpi_ring_destroy(queue->marks);
    free(queue);
}

void vpi_queue_reset(vpi_queue *queue)
{
    mark told;
    vpi_queue_discard(queue);
    while (vpi_ring_read(queue->marks, &told, sizeof told) > 0)
        ;
    queue->n_taken = queue->n_lost_pending = queue->n_lost_last = queue->n_read = 0;
    queue->closed = queue->has_next = queue->last_loss_told = false;
    queue->end_status = VPRIV_OK;
    queue->end_text = NULL;
    atomic_store(&queue->ended, false);
    atomic_store(&queue->high_water_frames, 0);
}

/* Reader: the earliest mark not yet told. */
static bool peek_mark(vpi_queue *queue)
{
    if (!queue->has_next)
        queue->has_next = vpi_ring_read(queue->marks, &queue->next, sizeof queue->next) > 0;
    return queue->has_next;
}

/* Reader: nothing is left of what was written before the end. */
static vpriv_status read_end(
    vpi_queue *queue, size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    const uint64_t n_lost = queue->last_loss_told ? 0 : queue->n_lost_last;
    queue->last_loss_told = true;
    if (queue->end_status != VPRIV_OK && n_lost == 0)
        return vpi_fail(queue->end_status, "%s", queue->end_text);
    *n_read_out = 0;
    *n_lost_out = n_lost;
    *end_out = queue->end_status == VPRIV_OK;
    return VPRIV_OK;
}

vpriv_status vpi_queue_read(vpi_queue *queue, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    /* The end first, then the frames, then the marks: what was written before is visible in turn.
     */
    const bool ended = atomic_load_explicit(&queue->ended, memory_order_acquire);
    size_t n_frames = vpi_ring_filled(queue->frames) / queue->frame_bytes;
    uint64_t n_lost = 0;
    if (n_frames == 0 && ended)
        return read_end(queue, n_read_out, n_lost_out, end_out);
    if (n_frames > 0 && peek_mark(queue) && queue->next.at_frame == queue->n_read) {
        n_lost = queue->next.n_lost;
        queue->has_next = false;
    }
    if (n_frames > capacity_frames)
        n_frames = capacity_frames;
    if (n_frames > 0 && peek_mark(queue) && queue->next.at_frame - queue->n_read < n_frames)
        n_frames = (size_t)(queue->next.at_frame - queue->n_read);
    vpi_ring_read(queue->frames, frames_out, n_frames * queue->frame_bytes);
    queue->n_read += n_frames;
    *n_read_out = n_frames;
    *n_lost_out = n_lost;
    *end_out = false;
    return VPRIV_OK;
}

void vpi_queue_discard(vpi_queue *queue)
{
    uint8_t scratch[32 * VPRIV_CHANNELS_MAX * sizeof(float)];
    size_t n_left = vpi_ring_filled(queue->frames) / queue->frame_bytes;
    while (n_left > 0) {
        size_t n_read = 0;
        uint64_t n_lost = 0;
        bool end = false;
        if (vpi_queue_read(queue, scratch, n_left < 32 ? n_left : 32, &n_read, &n_lost, &end) !=
            VPRIV_OK)
            break;
        n_left -= n_read;
    }
    vpi_wipe(scratch, sizeof scratch);
}

size_t vpi_queue_space(const vpi_queue *queue)
{
    if (queue->closed)
        return 0;
    if (queue->n_lost_pending > 0 && vpi_ring_space(queue->marks) < sizeof(mark))
        return 0;
    return vpi_ring_space(queue->frames) / queue->frame_bytes;
}

size_t vpi_queue_write(vpi_queue *queue, const void *frames, size_t n_frames)
{
    const size_t space = vpi_queue_space(queue);
    const size_t n_taken = n_frames < space ? n_frames : space;
    if (n_taken > 0 && queue->n_lost_pending > 0) {
        const mark gap = {queue->n_taken, queue->n_lost_pending};
        VPI_IMPOSSIBLE_UNLESS(vpi_ring_write(queue->marks, &gap, sizeof gap));
        queue->n_lost_pending = 0;
    }
    if (n_taken > 0)
        VPI_IMPOSSIBLE_UNLESS(vpi_ring_write(queue->frames, frames, n_taken * queue->frame_bytes));
    queue->n_taken += n_taken;
    queue->n_lost_pending += n_frames - n_taken;
    const size_t n_waiting = vpi_ring_filled(queue->frames) / queue->frame_bytes;
    if (n_waiting > atomic_load_explicit(&queue->high_water_frames, memory_order_relaxed))
        atomic_store_explicit(&queue->high_water_frames, n_waiting, memory_order_relaxed);
    return n_taken;
}

void vpi_queue_lose(vpi_queue *queue, uint64_t n_frames)
{
    if (!queue->closed)
        queue->n_lost_pending += n_frames;
}

void vpi_queue_end(vpi_queue *queue, vpriv_status status, const char *text)
{
    if (queue->closed)
        return;
    queue->closed = true;
    queue->n_lost_last = queue->n_lost_pending;
    queue->end_status = status;
    queue->end_text = text;
    atomic_store_explicit(&queue->ended, true, memory_order_release);
}

bool vpi_queue_is_ended(const vpi_queue *queue)
{
    return queue->closed;
}

size_t vpi_queue_high_water_frames(const vpi_queue *queue)
{
    return atomic_load_explicit(&queue->high_water_frames, memory_order_relaxed);
}
