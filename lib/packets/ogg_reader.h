/* Ogg Opus (RFC 7845) to packets as they are: one mono or stereo stream, from a file nobody has to
 * trust. Bytes are asked for in order; memory is bounded whatever the file claims. Positions are
 * frames at 48 kHz, counted from the first packet, the pre-skip included.
 *
 * Lost pages become a gap of the length that the positions tell. What has no honest reading is
 * VPRIV_E_FORMAT with a text: bad checksums, bytes between pages, positions that run backwards, a
 * file without its last page. What is honest but not read here is VPRIV_E_UNSUPPORTED: several
 * streams, more than two channels, an output gain. */
#ifndef VPI_PACKETS_OGG_READER_H
#define VPI_PACKETS_OGG_READER_H

#include "packets/ogg_header.h"

#define VPI_OGG_MAX_HOURS 24u

/* Up to capacity bytes; 0 with VPRIV_OK is the end. */
typedef vpriv_status (*vpi_bytes_fn)(
    void *user, void *bytes_out, size_t capacity_bytes, size_t *n_bytes_out);

typedef struct vpi_ogg_reader vpi_ogg_reader;

/* One packet and the gap before it. At the end there is no packet (n_bytes 0), perhaps a gap. */
typedef struct vpi_ogg_item {
    uint64_t n_lost_frames48;
    const uint8_t *packet; /* lives until the next call with this reader */
    size_t n_bytes;        /* up to VPI_PACKET_MAX_BYTES: longer packets come in parts */
    uint32_t duration_frames48;
} vpi_ogg_item;

/* Reads both headers. */
vpriv_status vpi_ogg_reader_open(vpi_bytes_fn bytes, void *user, vpi_ogg_reader **reader_out);
const vpi_opus_head *vpi_ogg_reader_head(const vpi_ogg_reader *reader);

/* The next packet. After a failure every further call fails. Packets that lie wholly beyond the
 * trimmed end are left out. */
vpriv_status vpi_ogg_reader_next(vpi_ogg_reader *reader, vpi_ogg_item *item_out);

/* Once the end was given: frames to play, gaps in, pre-skip and trimmed end out. */
uint64_t vpi_ogg_reader_length_frames48(const vpi_ogg_reader *reader);

/* Wipes; NULL is fine. */
void vpi_ogg_reader_close(vpi_ogg_reader *reader);

#endif
