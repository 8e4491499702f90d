#include "recorder/stream.h"
#include "base/memory.h"
#include "base/try.h"
#include <string.h>

#define BATCH_BLOCKS 8

struct vpi_stream {
    vpi_sealer *sealer;
    int64_t unsealed_us;
    int64_t
        oldest_us; /* monotonic time of the oldest entry not handed over; 0 when there is none */
    uint64_t position_48k;
    uint64_t pre_skip_48k;
    uint64_t sealed_48k; /* position up to which everything was handed over */
    uint64_t n_packets;
    uint64_t n_blocks;
    uint64_t n_lost_48k;
    uint64_t n_silent_48k;
    uint64_t n_sealed_packets; /* of those, handed over */
    uint64_t n_sealed_lost_48k;
    uint64_t n_sealed_silent_48k;
    uint64_t length_48k; /* as the header has it */
    size_t n_full;       /* blocks waiting in the batch */
    bool is_timeless;    /* sealed when full, whenever that is */
    struct {
        vpi_block_builder builder;
        uint8_t batch[BATCH_BLOCKS * VPI_BLOCK_PLAIN_BYTES];
    } * secrets; /* guarded */
};

vpriv_status vpi_stream_create(vpriv_vault *vault, const vpi_sealer_request *request,
    int64_t unsealed_us, vpi_stream **stream_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_stream *stream = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *stream, (void **)&stream));
    stream->unsealed_us = unsealed_us;
    stream->pre_skip_48k = request->tag.pre_skip_48k;
    VPI_TRY(vpi_secret_alloc(sizeof *stream->secrets, (void **)&stream->secrets));
    VPI_TRY(vpi_sealer_create(vault, request, &stream->sealer));
    *stream_out = stream;
    stream = NULL;
    st = VPRIV_OK;
out:
    vpi_stream_destroy(stream);
    return st;
}

void vpi_stream_destroy(vpi_stream *stream)
{
    if (!stream)
        return;
    vpi_sealer_destroy(stream->sealer);
    vpi_secret_free(stream->secrets);
    free(stream);
}

static void close_block(vpi_stream *stream)
{
    vpi_block_finish(
        &stream->secrets->builder, stream->secrets->batch + stream->n_full * VPI_BLOCK_PLAIN_BYTES);
    stream->n_full++;
    vpi_block_clear(&stream->secrets->builder, stream->position_48k);
}

static void forget_batch(vpi_stream *stream)
{
    vpi_wipe(stream->secrets->batch, sizeof stream->secrets->batch);
    stream->n_full = 0;
}

static vpriv_status hand_over(vpi_stream *stream)
{
    if (stream->n_full == 0)
        return VPRIV_OK;
    const vpriv_status st =
        vpi_sealer_write(stream->sealer, stream->secrets->batch, stream->n_full);
    if (st != VPRIV_OK)
        return st;
    stream->n_blocks += stream->n_full;
    stream->sealed_48k = stream->secrets->builder.start_48k;
    stream->n_sealed_packets = stream->n_packets;
    stream->n_sealed_lost_48k = stream->n_lost_48k;
    stream->n_sealed_silent_48k = stream->n_silent_48k;
    stream->oldest_us = stream->secrets->builder.n_entries > 0 ? vpi_monotonic_us() : 0;
    forget_batch(stream);
    return VPRIV_OK;
}

/* Room for one more entry: closes the block at hand when it is full. */
static vpriv_status next_block(vpi_stream *stream)
{
    close_block(stream);
    return stream->n_full == BATCH_BLOCKS ? hand_over(stream) : VPRIV_OK;
}

/* A block takes no more sound than may wait, also when it comes faster than it was spoken: how many
 * there are tells how long somebody spoke, and not how much was said. */
static bool has_waited(const vpi_stream *stream, uint32_t duration_48k)
{
    const vpi_block_builder *builder = &stream->secrets->builder;
    const uint64_t most_48k = (uint64_t)stream->unsealed_us * 48 / 1000;
    return builder->n_entries > 0 &&
           stream->position_48k - builder->start_48k + duration_48k > most_48k;
}

static vpriv_status move_on(vpi_stream *stream, uint32_t duration_48k)
{
    stream->position_48k += duration_48k;
    if (stream->oldest_us == 0)
        stream->oldest_us = vpi_monotonic_us();
    return vpi_stream_poll(stream);
}

vpriv_status vpi_stream_packet(
    vpi_stream *stream, const uint8_t *packet, size_t n_bytes, uint32_t duration_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (has_waited(stream, duration_48k))
        VPI_TRY(next_block(stream));
    if (!vpi_block_add_packet(&stream->secrets->builder, packet, n_bytes)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_packet(&stream->secrets->builder, packet, n_bytes));
    }
    stream->n_packets++;
    VPI_TRY(move_on(stream, duration_48k));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_stream_silence(vpi_stream *stream, uint32_t duration_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (has_waited(stream, duration_48k))
        VPI_TRY(next_block(stream));
    if (!vpi_block_add_silence(&stream->secrets->builder, duration_48k)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_silence(&stream->secrets->builder, duration_48k));
    }
    stream->n_silent_48k += duration_48k;
    VPI_TRY(move_on(stream, duration_48k));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status add_gap(vpi_stream *stream, uint32_t skipped_48k, uint64_t lost_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (!vpi_block_add_gap(&stream->secrets->builder, skipped_48k, lost_48k)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_gap(&stream->secrets->builder, skipped_48k, lost_48k));
    }
    stream->position_48k += skipped_48k;
    stream->n_lost_48k += lost_48k;
    if (stream->oldest_us == 0)
        stream->oldest_us = vpi_monotonic_us();
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_stream_gap(vpi_stream *stream, uint64_t skipped_48k, uint64_t lost_48k)
{
    /* A mark skips up to a day; longer gaps take several. */
    do {
        const uint32_t skipped = skipped_48k > UINT32_MAX ? UINT32_MAX : (uint32_t)skipped_48k;
        const uint64_t lost = skipped < skipped_48k && skipped < lost_48k ? skipped : lost_48k;
        const vpriv_status st = add_gap(stream, skipped, lost);
        if (st != VPRIV_OK)
            return st;
        skipped_48k -= skipped;
        lost_48k -= lost;
    } while (skipped_48k > 0);
    return vpi_stream_poll(stream);
}

static vpriv_status flush(vpi_stream *stream)
{
    if (stream->secrets->builder.n_entries > 0)
        close_block(stream);
    return hand_over(stream);
}

void vpi_stream_keep_time(vpi_stream *stream, bool keeps_time)
{
    stream->is_timeless = !keeps_time;
}

vpriv_status vpi_stream_poll(vpi_stream *stream)
{
    if (stream->is_timeless || stream->oldest_us == 0 ||
        vpi_monotonic_us() - stream->oldest_us < stream->unsealed_us)
        return VPRIV_OK;
    return flush(stream);
}

vpriv_status vpi_stream_commit(vpi_stream *stream)
{
    const vpriv_status st = flush(stream);
    return st == VPRIV_OK ? vpi_sealer_commit(stream->sealer) : st;
}

vpriv_status vpi_stream_finish(
    vpi_stream *stream, vpriv_end_reason reason, uint64_t n_frames_48k, bool keep_rest)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (keep_rest) {
        VPI_TRY(hand_over(stream));
    } else {
        vpi_block_clear(&stream->secrets->builder, stream->sealed_48k);
        stream->position_48k = stream->sealed_48k;
        stream->n_packets = stream->n_sealed_packets;
        stream->n_lost_48k = stream->n_sealed_lost_48k;
        stream->n_silent_48k = stream->n_sealed_silent_48k;
        const uint64_t sealed = stream->sealed_48k;
        const uint64_t kept = sealed > stream->pre_skip_48k ? sealed - stream->pre_skip_48k : 0;
        n_frames_48k = kept < n_frames_48k ? kept : n_frames_48k;
    }
    forget_batch(stream);
    close_block(stream);
    VPI_TRY(vpi_sealer_finish(stream->sealer, stream->secrets->batch, reason, n_frames_48k));
    stream->n_blocks++;
    stream->length_48k = n_frames_48k;
    st = VPRIV_OK;
out:
    vpi_wipe(stream->secrets, sizeof *stream->secrets);
    return st;
}

vpriv_status vpi_stream_reject(vpi_stream *stream)
{
    vpi_wipe(stream->secrets, sizeof *stream->secrets);
    return vpi_sealer_reject(stream->sealer);
}

bool vpi_stream_is_committed(const vpi_stream *stream)
{
    return vpi_sealer_is_committed(stream->sealer);
}

uint64_t vpi_stream_position_48k(const vpi_stream *stream)
{
    return stream->position_48k;
}

void vpi_stream_describe(const vpi_stream *stream, vpriv_outcome *outcome_io)
{
    memcpy(outcome_io->recording.bytes, vpi_sealer_recording_id(stream->sealer),
        sizeof outcome_io->recording.bytes);
    outcome_io->n_packets = stream->n_packets;
    outcome_io->n_blocks = stream->n_blocks;
    outcome_io->n_lost_frames_48k = stream->n_lost_48k;
    outcome_io->n_silent_frames_48k = stream->n_silent_48k;
    outcome_io->n_frames_48k = stream->length_48k;
}
