/* Ogg Opus (RFC 7845) around packets as they are. Bytes go to a sink as pages fill, in order, never
 * back. Positions are frames at 48 kHz, the pre-skip included.
 *
 *     open → packet and gap, in order of time → finish → close
 *
 * A page holds at most one second and never reaches the size at which libogg would move its
 * buffers, so that what it holds can be wiped. After a failure the file is broken: only close is
 * left. */
#ifndef VPI_PACKETS_OGG_WRITER_H
#define VPI_PACKETS_OGG_WRITER_H

#include "packets/ogg_header.h"

/* Takes all n bytes or fails; its status is handed on. */
typedef vpriv_status (*vpi_sink_fn)(void *user, const void *bytes, size_t n_bytes);

typedef struct vpi_ogg_writer vpi_ogg_writer;

/* Writes both header pages. Comments are KEY=VALUE lines, used during the call only. */
vpriv_status vpi_ogg_writer_open(const vpi_opus_head *head, const char *const *comments,
    size_t n_comments, vpi_sink_fn sink, void *user, vpi_ogg_writer **writer_out);

/* The next packet, 1 to VPI_PACKET_MAX_BYTES bytes; copied. VPRIV_E_FORMAT when malformed. */
vpriv_status vpi_ogg_writer_packet(vpi_ogg_writer *writer, const uint8_t *packet, size_t n_bytes);

/* n_frames48 of nothing, as packets of one byte that decoders play as silence. Opus knows multiples
 * of 2.5 ms only: the rest is owed and comes with the next gap or the end, so that nothing is ever
 * shifted by more. */
vpriv_status vpi_ogg_writer_gap(vpi_ogg_writer *writer, uint64_t n_frames48);

/* Where the next packet begins. */
uint64_t vpi_ogg_writer_position_frames48(const vpi_ogg_writer *writer);

/* End the file so that it plays exactly n_frames48 after the pre-skip: trimmed within the last
 * packet, or filled up with nothing. VPRIV_E_ARG when a whole packet would be beyond the end: the
 * caller stops giving packets before that. */
vpriv_status vpi_ogg_writer_finish(vpi_ogg_writer *writer, uint64_t n_frames48);

/* Wipes; NULL is fine. Without finish the file has no end, and readers say that it was cut. */
void vpi_ogg_writer_close(vpi_ogg_writer *writer);

#endif
