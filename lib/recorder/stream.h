/* Packets into sealed blocks: collects entries, seals a block when it is full or when the oldest
 * unsealed packet has waited long enough, and hands blocks to the vault in small batches. */
#ifndef VPI_RECORDER_STREAM_H
#define VPI_RECORDER_STREAM_H

#include "vault/sealer.h"
#include <voicepriv/recorder.h>

typedef struct vpi_stream vpi_stream;

/* Consent is asked here; VPRIV_E_CONSENT with every reason. unsealed_us: how long a packet may wait. */
vpriv_status vpi_stream_create(vpriv_vault *vault, const vpi_sealer_request *request,
    int64_t unsealed_us, vpi_stream **stream_out);
/* Of a stream that was not committed nothing stays; one that was not finished is left unfinished. */
void vpi_stream_destroy(vpi_stream *stream);

vpriv_status vpi_stream_packet(
    vpi_stream *stream, const uint8_t *packet, size_t n_bytes, uint32_t duration_48k);
vpriv_status vpi_stream_gap(vpi_stream *stream, uint64_t skipped_48k, uint64_t lost_48k);
/* In place of a packet: nobody spoke, nothing was lost. Blocks are closed as if it were one. */
vpriv_status vpi_stream_silence(vpi_stream *stream, uint32_t duration_48k);
/* Whether packets wait by the clock (they do), or until the batch is full: what is not committed before
 * its end is no better kept for being sealed early, and for a group somebody else looks at the clock. */
void vpi_stream_keep_time(vpi_stream *stream, bool keeps_time);
/* Seal what has waited too long; to be called when nothing comes, too. */
vpriv_status vpi_stream_poll(vpi_stream *stream);
vpriv_status vpi_stream_commit(vpi_stream *stream);
/* Seals the rest. Where consent went away, or the disk is full, the rest is thrown away instead (pass
 * keep_rest false), and the recording is as long as what was sealed before. */
vpriv_status vpi_stream_finish(
    vpi_stream *stream, vpriv_end_reason reason, uint64_t n_frames_48k, bool keep_rest);
/* The trigger was not meant; as vpi_sealer_reject. */
vpriv_status vpi_stream_reject(vpi_stream *stream, uint32_t most_per_hour, bool *closed_out);

/* A stream of a group keeps no time itself: somebody else asks when it is due, hands over what waits
 * together with that of others, and tells. Between an offer and vpi_stream_taken nothing else may be
 * called on the stream. */
/* When what waits must be with the vault, monotonic; VPI_STREAM_NOT_DUE when nothing waits. */
#define VPI_STREAM_NOT_DUE INT64_MAX
int64_t vpi_stream_due_us(const vpi_stream *stream);
/* What waits, as a part of a group. When a batch is full the block at hand stays, and is due at once. */
void vpi_stream_offer(vpi_stream *stream, vpi_sealer_part *part_out);
/* The part was stored. */
void vpi_stream_taken(vpi_stream *stream);

bool vpi_stream_is_committed(const vpi_stream *stream);
/* Where the next entry begins, at 48 kHz, pre-skip included. */
uint64_t vpi_stream_position_48k(const vpi_stream *stream);
/* Fills id, length and counters, as they were stored. */
void vpi_stream_describe(const vpi_stream *stream, vpriv_outcome *outcome_io);

#endif
