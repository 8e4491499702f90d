/* Frames into a stream's packets, one recording after the other: by an encoder, by those of many threads,
 * or through the voice gate.
 *
 * A gap is kept as long as it was: short ones are filled with zeros and marked; for longer ones the
 * encoder ends before the gap and starts anew behind it, so that no sound moves across. With "don't
 * save" there is no stream (NULL): frames are counted and nothing else. */
#ifndef VPI_RECORDER_PACKER_H
#define VPI_RECORDER_PACKER_H

#include "recorder/bulk.h"

typedef struct vpi_packer vpi_packer;

/* n_piece_frames: room for pieces of sound on their way here, in the same guarded allocation; three things
 * together fit a page at 16 kHz, mono. */
vpriv_status vpi_packer_create(
    const vpriv_encoding *encoding, size_t n_piece_frames, vpi_packer **packer_out);
void vpi_packer_destroy(vpi_packer *packer);
float *vpi_packer_piece(const vpi_packer *packer);
/* Wipe, and forget the recording at hand. */
void vpi_packer_clear(vpi_packer *packer);

/* Whether the recording that begins next is to be gated: silence is then not encoded, and packets are
 * held back for vpi_packer_holds_us. False also when there is no memory for it: all is recorded then. */
bool vpi_packer_gate(vpi_packer *packer, bool wanted);
vpriv_status vpi_packer_begin(vpi_packer *packer, const vpi_stream *stream);
/* From here to the end of the recording at hand, which has just begun, these threads encode. Takes bulk
 * over; NULL changes nothing. */
void vpi_packer_encode_with(vpi_packer *packer, vpi_bulk *bulk);
/* Every packet goes into the stream as soon as it is whole. */
vpriv_status vpi_packer_feed(
    vpi_packer *packer, vpi_stream *stream, const float *frames, uint64_t n_frames);
vpriv_status vpi_packer_lose(vpi_packer *packer, vpi_stream *stream, uint64_t n_frames);
/* Everything is in the stream when it returns, up to the last frame. */
vpriv_status vpi_packer_end(vpi_packer *packer, vpi_stream *stream);

/* Fed and lost since begin. */
uint64_t vpi_packer_n_frames(const vpi_packer *packer);
/* Of that, what threads have still to encode, at 48 kHz. */
uint64_t vpi_packer_waiting_48k(const vpi_packer *packer);
/* Whether the recording at hand is gated; how long the gate holds packets back; for how many frames it
 * has noticed nobody. 0 without a gate. */
bool vpi_packer_is_gated(const vpi_packer *packer);
int64_t vpi_packer_holds_us(const vpi_packer *packer);
uint64_t vpi_packer_silent_frames(const vpi_packer *packer);
uint32_t vpi_packer_pre_skip_48k(const vpi_packer *packer);

#endif
