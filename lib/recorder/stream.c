#include "recorder/stream.h"
#include "base/memory.h"
#include "base/try.h"
#include <string.h>

#define BATCH_BLOCKS_MAX 8

struct vpi_stream {
    vpi_sealer *sealer;
    int64_t unsealed_us;
    int64_t oldest_us; /* monotonic, of the oldest entry not handed over; 0 when there is none */
    int64_t began_us;  /* of the oldest entry in the block at hand */
    uint64_t position_48k;
    uint64_t pre_skip_48k;
    uint64_t sealed_48k; /* position up to which everything was handed over */
    uint64_t n_packets;
    uint64_t n_blocks;
    uint64_t n_lost_48k;
    uint64_t n_closed_packets; /* of those, in blocks that are closed */
    uint64_t n_closed_lost_48k;
    uint64_t n_closed_silent_48k;
    uint64_t n_silent_48k;
    uint64_t n_sealed_packets; /* of those, handed over */
    uint64_t n_sealed_lost_48k;
    uint64_t n_sealed_silent_48k;
    uint64_t length_48k; /* as the header has it */
    size_t n_full;       /* blocks waiting in the batch */
    size_t n_room;       /* blocks the batch has room for; grows when sound comes in bursts */
    bool is_timeless;    /* handed over when the batch is full, or when somebody asks */
    vpi_block_builder *builder; /* guarded */
    uint8_t *batch;             /* guarded */
};

vpriv_status vpi_stream_create(vpriv_vault *vault, const vpi_sealer_request *request,
    int64_t unsealed_us, vpi_stream **stream_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_stream *stream = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *stream, (void **)&stream));
    stream->unsealed_us = unsealed_us;
    stream->pre_skip_48k = request->tag.pre_skip_48k;
    VPI_TRY(vpi_secret_alloc(sizeof *stream->builder, (void **)&stream->builder));
    VPI_TRY(vpi_secret_alloc(VPI_BLOCK_PLAIN_BYTES, (void **)&stream->batch));
    stream->n_room = 1;
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
    vpi_secret_free(stream->builder);
    vpi_secret_free(stream->batch);
    free(stream);
}

static void close_block(vpi_stream *stream)
{
    vpi_block_finish(stream->builder, stream->batch + stream->n_full * VPI_BLOCK_PLAIN_BYTES);
    stream->n_full++;
    stream->n_closed_packets = stream->n_packets;
    stream->n_closed_lost_48k = stream->n_lost_48k;
    stream->n_closed_silent_48k = stream->n_silent_48k;
    vpi_block_clear(stream->builder, stream->position_48k);
}

static void forget_batch(vpi_stream *stream)
{
    vpi_wipe(stream->batch, stream->n_room * VPI_BLOCK_PLAIN_BYTES);
    stream->n_full = 0;
}

void vpi_stream_taken(vpi_stream *stream)
{
    stream->n_blocks += stream->n_full;
    stream->sealed_48k = stream->builder->start_48k;
    stream->n_sealed_packets = stream->n_closed_packets;
    stream->n_sealed_lost_48k = stream->n_closed_lost_48k;
    stream->n_sealed_silent_48k = stream->n_closed_silent_48k;
    stream->oldest_us = stream->builder->n_entries > 0 ? stream->began_us : 0;
    forget_batch(stream);
}

static vpriv_status hand_over(vpi_stream *stream)
{
    if (stream->n_full == 0)
        return VPRIV_OK;
    const vpriv_status st = vpi_sealer_write(stream->sealer, stream->batch, stream->n_full);
    if (st == VPRIV_OK)
        vpi_stream_taken(stream);
    return st;
}

/* Room for a closed block. The batch grows when sound comes in bursts: from a file, after a stall. */
static bool has_room(vpi_stream *stream)
{
    uint8_t *larger = NULL;
    if (stream->n_full < stream->n_room)
        return true;
    if (stream->n_room == BATCH_BLOCKS_MAX ||
        vpi_secret_alloc(2 * stream->n_room * VPI_BLOCK_PLAIN_BYTES, (void **)&larger) != VPRIV_OK)
        return false;
    memcpy(larger, stream->batch, stream->n_full * VPI_BLOCK_PLAIN_BYTES);
    vpi_secret_free(stream->batch);
    stream->batch = larger;
    stream->n_room *= 2;
    return true;
}

/* Room for one more entry: the block at hand goes to the batch, which is handed over when it is full. */
static vpriv_status next_block(vpi_stream *stream)
{
    const vpriv_status st = has_room(stream) ? VPRIV_OK : hand_over(stream);
    if (st == VPRIV_OK)
        close_block(stream);
    return st;
}

/* An entry was added, of which the position does not know yet. Marks of silence grow, so that the number
 * of entries does not tell the first from the next. */
static void note_time(vpi_stream *stream)
{
    if (stream->position_48k > stream->builder->start_48k)
        return;
    stream->began_us = vpi_monotonic_us();
    if (stream->oldest_us == 0)
        stream->oldest_us = stream->began_us;
}

/* A block takes no more sound than may wait, also when it comes faster than it was spoken: how many
 * there are tells how long somebody spoke, and not how much was said. */
static bool has_waited(const vpi_stream *stream, uint32_t duration_48k)
{
    const vpi_block_builder *builder = stream->builder;
    const uint64_t most_48k = (uint64_t)stream->unsealed_us * 48 / 1000;
    return builder->n_entries > 0 &&
           stream->position_48k - builder->start_48k + duration_48k > most_48k;
}

static vpriv_status move_on(vpi_stream *stream, uint32_t duration_48k)
{
    note_time(stream);
    stream->position_48k += duration_48k;
    return vpi_stream_poll(stream);
}

vpriv_status vpi_stream_packet(
    vpi_stream *stream, const uint8_t *packet, size_t n_bytes, uint32_t duration_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (has_waited(stream, duration_48k))
        VPI_TRY(next_block(stream));
    if (!vpi_block_add_packet(stream->builder, packet, n_bytes)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_packet(stream->builder, packet, n_bytes));
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
    if (!vpi_block_add_silence(stream->builder, duration_48k)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_silence(stream->builder, duration_48k));
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
    if (!vpi_block_add_gap(stream->builder, skipped_48k, lost_48k)) {
        VPI_TRY(next_block(stream));
        VPI_IMPOSSIBLE_UNLESS(vpi_block_add_gap(stream->builder, skipped_48k, lost_48k));
    }
    note_time(stream);
    stream->position_48k += skipped_48k;
    stream->n_lost_48k += lost_48k;
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
    vpriv_status st = VPRIV_OK;
    if (stream->builder->n_entries > 0)
        st = next_block(stream);
    return st == VPRIV_OK ? hand_over(stream) : st;
}

int64_t vpi_stream_due_us(const vpi_stream *stream)
{
    return stream->oldest_us == 0 ? VPI_STREAM_NOT_DUE : stream->oldest_us + stream->unsealed_us;
}

void vpi_stream_keep_time(vpi_stream *stream, bool keeps_time)
{
    stream->is_timeless = !keeps_time;
}

/* A block that sound has filled up to its time does not take the next one along, which began just now:
 * there is one a second, not two. */
vpriv_status vpi_stream_poll(vpi_stream *stream)
{
    const int64_t now_us = vpi_monotonic_us();
    if (stream->is_timeless || now_us < vpi_stream_due_us(stream))
        return VPRIV_OK;
    if (stream->n_full > 0 && now_us - stream->began_us < stream->unsealed_us)
        return hand_over(stream);
    return flush(stream);
}

void vpi_stream_offer(vpi_stream *stream, vpi_sealer_part *part_out)
{
    if (stream->builder->n_entries > 0 && has_room(stream))
        close_block(stream);
    part_out->sealer = stream->sealer;
    part_out->plain = stream->batch;
    part_out->n_blocks = stream->n_full;
}

vpriv_status vpi_stream_commit(vpi_stream *stream)
{
    const vpriv_status st = flush(stream);
    return st == VPRIV_OK ? vpi_sealer_commit(stream->sealer) : st;
}

static void wipe(vpi_stream *stream)
{
    vpi_wipe(stream->builder, sizeof *stream->builder);
    forget_batch(stream);
}

vpriv_status vpi_stream_finish(
    vpi_stream *stream, vpriv_end_reason reason, uint64_t n_frames_48k, bool keep_rest)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (keep_rest) {
        VPI_TRY(hand_over(stream));
    } else {
        vpi_block_clear(stream->builder, stream->sealed_48k);
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
    VPI_TRY(vpi_sealer_finish(stream->sealer, stream->batch, reason, n_frames_48k));
    stream->n_blocks++;
    stream->length_48k = n_frames_48k;
    st = VPRIV_OK;
out:
    wipe(stream);
    return st;
}

vpriv_status vpi_stream_reject(vpi_stream *stream, uint32_t most_per_hour, bool *closed_out)
{
    wipe(stream);
    return vpi_sealer_reject(stream->sealer, most_per_hour, closed_out);
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
