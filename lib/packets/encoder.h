/* Frames to Opus packets. The encoder's state is made of the speaker's voice: it lies in guarded
 * memory. Nothing is allocated after create. One thread at a time. */
#ifndef VPI_PACKETS_ENCODER_H
#define VPI_PACKETS_ENCODER_H

#include "base/status.h"
#include <voicepriv/packets.h>

typedef struct vpi_encoder vpi_encoder;

/* The encoding is checked and its defaults filled in. */
vpriv_status vpi_encoder_create(const vpriv_encoding *encoding, vpi_encoder **encoder_out);
void vpi_encoder_destroy(vpi_encoder *encoder);
/* As fresh, for the next recording: nothing of the former one reaches it. */
vpriv_status vpi_encoder_reset(vpi_encoder *encoder);

/* What is being done, defaults filled in. */
const vpriv_encoding *vpi_encoder_encoding(const vpi_encoder *encoder);
/* Frames per packet, at the encoding's rate. */
size_t vpi_encoder_packet_frames(const vpi_encoder *encoder);
/* Frames at 48 kHz that a decoder gives before the first one put in: the pre-skip. */
uint32_t vpi_encoder_lookahead_frames48(const vpi_encoder *encoder);

/* One packet from exactly vpi_encoder_packet_frames frames, interleaved, nominal -1 to 1, finite.
 * No packet is longer than VPI_PACKET_MAX_BYTES. capacity_bytes may be less, at the price of
 * quality, and is 2 at least. */
vpriv_status vpi_encoder_encode(vpi_encoder *encoder, const float *frames, size_t n_frames,
    uint8_t *packet_out, size_t capacity_bytes, size_t *n_bytes_out);

#endif
