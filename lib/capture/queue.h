/* Frames, and the gaps between them, from the thread that captures to the one that reads.
 *
 * The treaty:
 *  - exactly one thread writes (space, write, lose, end), exactly one reads (read, discard); they
 *    may be the same. The writing side never waits, locks, allocates, logs or calls the system, and no
 *    thread that writes does so between two calls of the writing side either, but to read the clock and
 *    to wait for its device: tests/sound/test-realtime looks at every such thread.
 *  - a gap is told with the frame behind it: whoever sees the frame has been told of the gap.
 *  - what was read is wiped before the writer may use the room again.
 *  - create, reset and destroy happen when no other thread is inside. */
#ifndef VPI_CAPTURE_QUEUE_H
#define VPI_CAPTURE_QUEUE_H

#include "base/status.h"
#include <voicepriv/capture.h>

typedef struct vpi_queue vpi_queue;

/* Room for at least buffer_ms (0: 1000) of sound; the format and buffer_ms are checked. */
vpriv_status vpi_queue_create(
    const vpriv_stream_format *format, uint32_t buffer_ms, vpi_queue **queue_out);
void vpi_queue_destroy(vpi_queue *queue);
/* Empty, and as new. */
void vpi_queue_reset(vpi_queue *queue);

/* Frames that a write would take now. */
size_t vpi_queue_space(const vpi_queue *queue);
/* Takes what fits, from the first frame on; the rest is lost. Returns how many were taken. */
size_t vpi_queue_write(vpi_queue *queue, const void *frames, size_t n_frames);
/* Frames that were lost before they came here. */
void vpi_queue_lose(vpi_queue *queue, uint64_t n_frames);
/* Nothing will follow. Anything but VPRIV_OK is what the reader gets behind the last frame, with this
 * text, which must stay. Only the first call counts. */
void vpi_queue_end(vpi_queue *queue, vpriv_status status, const char *text);
bool vpi_queue_is_ended(const vpi_queue *queue);

/* As the table of a source wants it, but for the source. */
vpriv_status vpi_queue_read(vpi_queue *queue, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out);
/* Wipe what is there now, and no more: a busy writer keeps nobody here. */
void vpi_queue_discard(vpi_queue *queue);

/* The most frames that ever waited since create or reset; any thread. */
size_t vpi_queue_high_water_frames(const vpi_queue *queue);

#endif
