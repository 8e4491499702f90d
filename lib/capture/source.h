/* What every origin of sound looks like from inside: one table per back end, one file per table.
 *
 * Contract of the table:
 *  - start, read and stop are called by one thread at a time, the reader's; close by whoever is
 *    last. read is called only between start and stop.
 *  - read gives up to capacity_frames frames that follow a gap of *n_lost_out frames: the gap comes
 *    before the frames, and no call's frames reach across one. It never waits for sound: 0 frames
 *    without *end_out mean that nothing is there yet, and the caller sleeps.
 *  - *end_out comes with 0 frames, and may come with a last gap; it comes again on every later call
 *    then without it.
 *  - VPRIV_E_DEVICE_LOST means the chosen device is gone; nothing else ever takes its place. It
 *    comes behind the last frame; a gap behind that frame comes before it, with 0 frames.
 *  - after a live source's stop the device is closed; start opens the same one again, with the same
 *    format, or fails.
 *  - a live source's stop wipes what is buffered. What arrives between stop and the next start is
 *    wiped as well and is no gap: nobody was listening. A file or pipe waits where it was.
 *  - outputs are untouched on failure. */
#ifndef VPI_CAPTURE_SOURCE_H
#define VPI_CAPTURE_SOURCE_H

#include "capture/queue.h"
#include <stdatomic.h>

#define VPI_FRAMES_UNKNOWN    UINT64_MAX
#define VPI_SOURCE_NAME_BYTES 256

typedef struct vpi_source_table {
    const char *name;
    vpriv_status (*start)(vpriv_source *source);
    vpriv_status (*read)(vpriv_source *source, void *frames_out, size_t capacity_frames,
        size_t *n_read_out, uint64_t *n_lost_out, bool *end_out);
    void (*stop)(vpriv_source *source);
    void (*close)(vpriv_source *source);
} vpi_source_table;

/* A back end's own struct has this as its first member. */
struct vpriv_source {
    const vpi_source_table *table;
    vpriv_stream_format format;
    uint64_t total_frames; /* VPI_FRAMES_UNKNOWN when nobody can know */
    vpi_queue *queue;      /* of a source with a writing thread; NULL when read directly */
    char name[VPI_SOURCE_NAME_BYTES]; /* what vpriv_capture_open takes; "" for sources without */
    bool started;
    _Atomic bool metered;     /* somebody asks for the level */
    _Atomic uint32_t loudest; /* since they last asked, of VPI_LEVEL_FULL */
};

#define VPI_LEVEL_FULL (UINT32_C(1) << 31)

/* The table's calls, with the arguments and the order checked. */
vpriv_status vpi_source_start(vpriv_source *source);
vpriv_status vpi_source_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out);
void vpi_source_stop(vpriv_source *source);

/* Frames the whole source will give, for progress; VPI_FRAMES_UNKNOWN for a live one. */
uint64_t vpi_source_total_frames(const vpriv_source *source);
/* For the tables of sources with a queue: read from it, and free it with the source. */
vpriv_status vpi_source_read_queue(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out);
void vpi_source_free(vpriv_source *source);

/* Let the level know of frames that were read; does nothing until somebody asks for it. */
void vpi_source_meter(vpriv_source *source, const void *frames, size_t n_frames);

/* VPRIV_OK when every field is within the public bounds, VPRIV_E_ARG with a text otherwise. */
vpriv_status vpi_stream_format_check(const vpriv_stream_format *format);
/* 2, 3 or 4; 0 for a format that does not exist. */
size_t vpi_sample_bytes(vpriv_sample_format sample_format);
size_t vpi_frame_bytes(const vpriv_stream_format *format);

#endif
