/* Opus packets to frames, at any of Opus's rates and 1 or 2 channels whatever the packets have. The
 * state lies in guarded memory; nothing is allocated after create. One thread at a time.
 *
 * Nothing is concealed: what was lost is zeros of its exact length, and they are the caller's to
 * give. After a gap the caller resets, so that no sound from before it leaks into what follows. */
#ifndef VPI_PACKETS_DECODER_H
#define VPI_PACKETS_DECODER_H

#include "base/status.h"

typedef struct vpi_decoder vpi_decoder;

/* rate_hz 8000, 12000, 16000, 24000 or 48000; n_channels 1 or 2; VPRIV_E_ARG otherwise. */
vpriv_status vpi_decoder_create(uint32_t rate_hz, uint32_t n_channels, vpi_decoder **decoder_out);
void vpi_decoder_destroy(vpi_decoder *decoder);
vpriv_status vpi_decoder_reset(vpi_decoder *decoder);

/* One packet's frames, interleaved. 120 ms is always room enough; VPRIV_E_ARG with less room than
 * the packet needs, VPRIV_E_FORMAT when it is malformed. */
vpriv_status vpi_decoder_decode(vpi_decoder *decoder, const uint8_t *packet, size_t n_bytes,
    float *frames_out, size_t capacity_frames, size_t *n_frames_out);

#endif
