/* One Opus packet, looked at from outside. Durations are in frames at 48 kHz, Opus's own clock,
 * whatever the rate it was encoded from. */
#ifndef VPI_PACKETS_PACKET_H
#define VPI_PACKETS_PACKET_H

#include "base/status.h"

#define VPI_PACKET_MAX_BYTES      4000u /* what a sealed block takes; longer ones are split */
#define VPI_PACKET_MAX_FRAMES48   5760u /* 120 ms */
#define VPI_PACKET_QUANTUM_FRAMES 120u  /* 2.5 ms: every duration is a multiple */

/* VPRIV_OK and the duration when the packet is well-formed, VPRIV_E_FORMAT otherwise. Its coded
 * content is not looked at: any bytes decode to something. */
vpriv_status vpi_packet_check(
    const uint8_t *packet, size_t n_bytes, uint32_t *duration_frames48_out);

/* The longest packet of one byte, saying "nothing was sent", that is no longer than
 * limit_frames48 (120 at least). It continues the mode of the packet whose first byte is
 * previous_toc where that mode has the duration. Decoders fade out over it. */
uint8_t vpi_packet_nothing(
    uint8_t previous_toc, uint64_t limit_frames48, uint32_t *duration_frames48_out);

/* Splits packets without re-encoding them: the same coded frames, in fewer per packet, padding left
 * out. Borrows the packet between begin and the last next. */
typedef struct vpi_splitter vpi_splitter;

vpriv_status vpi_splitter_create(vpi_splitter **splitter_out);
void vpi_splitter_destroy(vpi_splitter *splitter);
/* VPRIV_E_FORMAT when the packet is not well-formed. */
vpriv_status vpi_splitter_begin(vpi_splitter *splitter, const uint8_t *packet, size_t n_bytes);
/* The next part, as long as fits into capacity_bytes (1276 at least); false when there is none. */
bool vpi_splitter_next(vpi_splitter *splitter, uint8_t *packet_out, size_t capacity_bytes,
    size_t *n_bytes_out, uint32_t *duration_frames48_out);

#endif
