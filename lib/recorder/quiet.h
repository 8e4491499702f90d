/* The voice-activity gate before the encoder: holds packets back until it is known whether anybody
 * speaks, and says of each what becomes of it.
 *
 * Every packet is held for the same time (the detector's pre-roll), whatever is in it, so that what
 * follows gets one packet or one piece of silence for each packet of sound, at an even pace: blocks
 * are closed exactly as they are while somebody speaks. Where sound ends it is faded out, and zeros
 * follow until the encoder has let go of it; where it begins again it is faded in, long before the
 * voice. So the same encoder, and the same decoder, go on over the silence without a click.
 *
 * Packets lie in guarded memory and are wiped when they are done with. No allocation after create. */
#ifndef VPI_RECORDER_QUIET_H
#define VPI_RECORDER_QUIET_H

#include "base/status.h"
#include <voicepriv/packets.h>

typedef struct vpi_quiet vpi_quiet;

/* For one recording: nothing is known of the noise, it begins as if somebody spoke. packet_frames and
 * lookahead_frames are the encoder's, at the encoding's rate. */
vpriv_status vpi_quiet_create(const vpriv_encoding *encoding, size_t packet_frames,
    size_t lookahead_frames, vpi_quiet **quiet_out);
void vpi_quiet_destroy(vpi_quiet *quiet);

/* Frames as they come, before the packet they end up in is put. */
void vpi_quiet_hear(vpi_quiet *quiet, const float *frames, size_t n_frames);
/* n_frames were lost, and zeros take their place, from the packet on that is put next. */
void vpi_quiet_lose(vpi_quiet *quiet, size_t n_frames, uint64_t lost_48k);
/* The next whole packet; copied. */
void vpi_quiet_put(vpi_quiet *quiet, const float *packet);
/* Behind a long gap, with nothing held: the next packet begins at this frame of the recording. */
void vpi_quiet_resume(vpi_quiet *quiet, uint64_t position_frames);

typedef struct vpi_quiet_packet {
    const float *frames; /* until the next call; NULL is silence */
    uint64_t lost_48k;   /* a gap to be marked before it */
} vpi_quiet_packet;
/* The oldest packet when it has been held long enough, or `all`; false when there is none. */
bool vpi_quiet_take(vpi_quiet *quiet, bool all, vpi_quiet_packet *packet_out);

size_t vpi_quiet_n_held(const vpi_quiet *quiet);
/* For how many frames nobody was noticed, as vpi_voice_silent_frames. */
uint64_t vpi_quiet_silent_frames(const vpi_quiet *quiet);
/* How long a packet is held. */
uint32_t vpi_quiet_holds_us(const vpi_quiet *quiet);

#endif
