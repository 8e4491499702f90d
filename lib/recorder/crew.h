/* Encoders in threads of their own. Sound comes in packet by packet, in segments; each segment is one
 * run of one encoder, and what comes out comes in the order in which it went in.
 *
 *   frames ─▶ cells ─▶ segment ─┐ worker ─▶ its packets ─┐
 *                      segment ─┤ worker ─▶ its packets ─┼─▶ take: the oldest first
 *                      segment ─┘ worker ─▶ its packets ─┘
 *
 * One thread, the coordinator, makes every call; the workers are inside. Nobody spins: a worker without
 * work and a coordinator without room sleep. Everything that is sound, the workers' stacks too, lies
 * in guarded memory, and is wiped as soon as it is used up. */
#ifndef VPI_RECORDER_CREW_H
#define VPI_RECORDER_CREW_H

#include "packets/packet.h"
#include <voicepriv/packets.h>

typedef struct vpi_crew vpi_crew;

typedef struct vpi_crew_config {
    vpriv_encoding encoding; /* checked */
    uint32_t n_threads;
    uint32_t n_cells;         /* packets of sound that are held at once */
    uint32_t segment_packets; /* that a segment has at most, its pre-roll too */
    size_t packets_bytes;     /* of encoded packets that a segment may have waiting */
} vpi_crew_config;

/* What goes with a packet. */
typedef struct vpi_crew_mark {
    uint64_t skipped_48k; /* a gap in front of it */
    uint64_t lost_48k;
} vpi_crew_mark;

typedef struct vpi_crew_packet {
    vpi_crew_mark mark;
    uint32_t n_bytes;
    uint8_t bytes[VPI_PACKET_MAX_BYTES];
} vpi_crew_packet;

/* As many threads as can be started, one at least; VPRIV_E_MEMORY otherwise. */
vpriv_status vpi_crew_create(const vpi_crew_config *config, vpi_crew **crew_out);
/* Also in the middle: the workers are told to stop, and are waited for. */
void vpi_crew_destroy(vpi_crew *crew);

/* A cell for one packet's frames, the caller's until it is given to a segment; false when there is none
 * now. */
bool vpi_crew_get_cell(vpi_crew *crew, uint32_t *cell_out);
float *vpi_crew_frames(vpi_crew *crew, uint32_t cell);
vpi_crew_mark *vpi_crew_mark_of(vpi_crew *crew, uint32_t cell);

/* Begin a segment with a pre-roll: cells that belong to the segment before, whose packets are thrown
 * away. False when as many segments are under way as can be. To be called before the cells are
 * given to the segment they belong to: with vpi_crew_hold for later. */
bool vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll);
/* These cells will be the pre-roll of the next segment. */
void vpi_crew_hold(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);
/* To the segment begun last. */
void vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);
void vpi_crew_end_segment(vpi_crew *crew);

/* The next packet in order; false when it is not encoded yet. */
bool vpi_crew_take(vpi_crew *crew, vpi_crew_packet *packet_out);
/* Whether every segment was ended and everything taken. */
bool vpi_crew_is_empty(const vpi_crew *crew);
/* Packets encoded so far, without pre-roll. */
uint64_t vpi_crew_n_encoded(vpi_crew *crew);

/* Sleep until the workers have got on a little since the last call. What failed on a worker comes out
 * here, with its text. */
vpriv_status vpi_crew_wait(vpi_crew *crew);

#endif
