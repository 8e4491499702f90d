/* A long recording whose end is at hand already, encoded on several threads and stitched.
 *
 * The sound is cut into segments, each encoded by itself. A cut lies before the quietest place within
 * a window at the segment's end, and its encoder first hears the sound in front of the cut, whose
 * packets are thrown away: by the first packet that is kept it predicts, adapts and decides nearly
 * as one encoder would that had heard everything. Cuts are multiples of four packets from the
 * beginning, since SILK counts its packets modulo four in the seed of its noise.
 *
 * Where it is cut depends on the sound and the encoding alone: the packets are the same however many
 * threads there are, and whichever of them is faster. Up to the first cut they are those of a single
 * encoder. */
#ifndef VPI_RECORDER_BULK_H
#define VPI_RECORDER_BULK_H

#include "recorder/stream.h"

#define VPI_BULK_THREADS_MAX 64

typedef struct vpi_bulk vpi_bulk;

/* Asked whenever the encoders have got on: false ends it, with VPRIV_E_CANCELLED. */
typedef bool (*vpi_bulk_go_on_fn)(void *user);

/* The processors that this process may use, VPI_BULK_THREADS_MAX at most. */
uint32_t vpi_bulk_processors(void);
/* Whether so much sound, in frames of the encoding's rate, is worth several threads. */
bool vpi_bulk_is_worth_it(const vpriv_encoding *encoding, uint64_t n_frames);

/* The packets go to stream, on the thread that calls. Where memory for so many threads cannot be
 * locked, it takes fewer; NULL, with VPRIV_OK, when not even for one. */
vpriv_status vpi_bulk_create(const vpriv_encoding *encoding, uint32_t n_threads, vpi_stream *stream,
    vpi_bulk_go_on_fn go_on, void *user, vpi_bulk **bulk_out);
/* Also in the middle: what is under way is thrown away. */
void vpi_bulk_destroy(vpi_bulk *bulk);

/* One packet's frames. */
vpriv_status vpi_bulk_packet(vpi_bulk *bulk, const float *frames);
/* A gap before the next packet; several there become one. */
void vpi_bulk_gap(vpi_bulk *bulk, uint64_t skipped_48k, uint64_t lost_48k);
/* The next packet's encoder has heard nothing before it. */
void vpi_bulk_restart(vpi_bulk *bulk);
/* Everything is in the stream when it returns. */
vpriv_status vpi_bulk_flush(vpi_bulk *bulk);

/* Where the next packet begins, at 48 kHz. */
uint64_t vpi_bulk_position_48k(const vpi_bulk *bulk);
/* Sound that came in and is not encoded yet. */
uint64_t vpi_bulk_waiting_48k(const vpi_bulk *bulk);

#endif
