#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "vault/decision.h"
#include <string.h>

/* Whoever withdrew or erased since the gate opened is heard before the next block is. */
static vpriv_status ask_again(vpriv_reader *reader)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    uint8_t record[VPRIV_CONSENT_RECORD_ID_BYTES];
    vpi_recording *recording = reader->recording;
    VPI_TRY(vpi_recording_load(reader->vault, recording->row, recording));
    VPI_ENSURE(
        recording->state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED, "the recording was erased");
    VPI_TRY(vpi_decide_read(reader->vault, recording, reader->purpose,
        reader->recipient[0] ? reader->recipient : NULL, &reasons, record));
    reasons &= ~(uint32_t)VPRIV_DENY_USES_SPENT; /* by this very reading, perhaps */
    if (reasons != 0) {
        st = vpi_denied(reasons, reader->purpose);
        goto out;
    }
    VPI_ENSURE(memcmp(record, reader->consent_record, sizeof record) == 0, VPRIV_E_CONSENT,
        "%s: another consent is in force than when the recording was opened",
        vpriv_purpose_name(reader->purpose));
    st = VPRIV_OK;
out:
    return st;
}

/* A recording that was still being taken when it was opened may have ended since: its header says by
 * now how many blocks there are. */
static vpriv_status follow_the_end(vpriv_reader *reader)
{
    const vpi_finish *finish = &reader->recording->finish;
    if (!finish->is_finished || finish->n_blocks == reader->n_blocks)
        return VPRIV_OK;
    return vpi_blocks_count(reader->vault, reader->recording->row, &reader->n_blocks);
}

static vpriv_status open_next_block(vpriv_reader *reader)
{
    bool began = false;
    vpriv_status st = vpi_vault_enter(reader->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_read_begin(reader->vault, &began));
    VPI_TRY(ask_again(reader));
    VPI_TRY(follow_the_end(reader));
    VPI_TRY(vpi_blocks_open(reader->vault, reader->recording, &reader->secrets->keys,
        reader->next_block, reader->n_blocks, reader->secrets->block));
    VPI_TRY(vpi_block_walk_start(reader->secrets->block, &reader->walk));
    reader->next_block++;
    reader->walking = true;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(reader->vault, began);
    vpi_vault_leave(reader->vault);
    return st;
}

vpriv_status vpi_gate_next_entry(vpriv_reader *reader, vpi_block_entry *entry_out)
{
    if (reader->is_salvage)
        return vpi_gate_next_salvaged(reader, entry_out);
    for (;;) {
        if (reader->walking) {
            const vpriv_status st = vpi_block_walk_next(&reader->walk, entry_out);
            if (st != VPRIV_E_NOT_FOUND)
                return st;
            reader->walking = false;
        }
        if (reader->next_block == reader->n_blocks)
            return VPRIV_E_NOT_FOUND;
        const vpriv_status st = open_next_block(reader);
        if (st != VPRIV_OK)
            return st;
    }
}

vpriv_status vpriv_gate_read_packet(vpriv_reader *reader, vpriv_packet *packet_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_block_entry entry;
    vpriv_packet packet = {.struct_size = sizeof packet};
    VPI_TRY(vpi_gate_use(reader, VPI_READER_PACKETS));
    VPI_ENSURE(packet_out && packet_out->struct_size == sizeof packet, VPRIV_E_ARG,
        "vpriv_packet.struct_size is not set");
    const vpriv_status next = vpi_gate_next_entry(reader, &entry);
    if (next == VPRIV_E_NOT_FOUND) {
        packet.is_end = true;
    } else {
        VPI_TRY(next);
        if (entry.is_gap) {
            packet.duration_frames_48k = entry.skipped_48k;
            packet.lost_frames_48k = entry.lost_48k;
        } else if (entry.is_silence) {
            packet.duration_frames_48k = entry.skipped_48k;
            packet.is_silence = true;
        } else {
            packet.data = entry.packet;
            packet.n_bytes = entry.n_bytes;
            VPI_TRY(vpi_packet_check(entry.packet, entry.n_bytes, &packet.duration_frames_48k));
        }
    }
    *packet_out = packet;
    st = VPRIV_OK;
out:
    return st;
}

static uint64_t at_rate(const vpriv_reader *reader, uint64_t frames_48k)
{
    return frames_48k * reader->recording->tag.rate_hz / 48000;
}

/* How many frames there are in all; UINT64_MAX when only the end will tell. */
static uint64_t total_frames(const vpriv_reader *reader)
{
    const vpi_finish *finish = &reader->recording->finish;
    return finish->is_finished ? at_rate(reader, finish->n_frames_48k) : UINT64_MAX;
}

/* Fill pcm or n_zeros from the next entry; *end_out when there is none. */
static vpriv_status decode_next(vpriv_reader *reader, bool *end_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_block_entry entry;
    size_t n_frames = 0;
    const vpriv_status next = vpi_gate_next_entry(reader, &entry);
    *end_out = next == VPRIV_E_NOT_FOUND;
    if (*end_out)
        return VPRIV_OK;
    VPI_TRY(next);
    if (entry.is_gap) {
        reader->n_zeros = at_rate(reader, entry.skipped_48k);
        reader->n_lost += at_rate(reader, entry.lost_48k);
        if (entry.skipped_48k > 0) /* a short gap was encoded as silence, in one stream */
            VPI_TRY(vpi_decoder_reset(reader->decoder));
    } else if (entry.is_silence) { /* encoder and decoder both go on as they were */
        reader->n_zeros = at_rate(reader, entry.skipped_48k);
        reader->n_silent += reader->n_zeros;
    } else {
        VPI_TRY(vpi_decoder_decode(reader->decoder, entry.packet, entry.n_bytes,
            reader->secrets->pcm, VPI_PCM_CAPACITY_FRAMES, &n_frames));
        reader->pcm_at = 0;
        reader->pcm_filled = n_frames;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Up to n frames of what is at hand into out (NULL drops them); returns how many. */
static size_t give(vpriv_reader *reader, float *out, size_t n_frames)
{
    const size_t n_channels = reader->recording->tag.n_channels;
    size_t n = n_frames;
    if (reader->pcm_at < reader->pcm_filled) {
        const size_t left = reader->pcm_filled - reader->pcm_at;
        n = n < left ? n : left;
        float *from = reader->secrets->pcm + reader->pcm_at * n_channels;
        if (out)
            memcpy(out, from, n * n_channels * sizeof *out);
        vpi_wipe(from, n * n_channels * sizeof *from);
        reader->pcm_at += n;
    } else {
        n = reader->n_zeros < n ? (size_t)reader->n_zeros : n;
        if (out)
            memset(out, 0, n * n_channels * sizeof *out);
        reader->n_zeros -= n;
    }
    return n;
}

static vpriv_status fill(vpriv_reader *reader, float *pcm_out, size_t n_frames, size_t *n_read_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const size_t n_channels = reader->recording->tag.n_channels;
    size_t n_read = 0;
    while (n_read < n_frames && reader->n_given < total_frames(reader)) {
        bool end = false;
        if (reader->pcm_at == reader->pcm_filled && reader->n_zeros == 0) {
            VPI_TRY(decode_next(reader, &end));
            if (end)
                break;
            continue;
        }
        if (reader->n_to_skip > 0) {
            const size_t n = reader->n_to_skip < SIZE_MAX ? (size_t)reader->n_to_skip : SIZE_MAX;
            reader->n_to_skip -= give(reader, NULL, n);
            continue;
        }
        const uint64_t left = total_frames(reader) - reader->n_given;
        const size_t most = n_frames - n_read;
        const size_t n =
            give(reader, pcm_out + n_read * n_channels, left < most ? (size_t)left : most);
        n_read += n;
        reader->n_given += n;
    }
    *n_read_out = n_read;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_gate_read_frames(
    vpriv_reader *reader, float *pcm_out, size_t n_frames, size_t *n_read_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_read = 0;
    VPI_TRY(vpi_gate_use(reader, VPI_READER_FRAMES));
    VPI_ENSURE(pcm_out && n_read_out && n_frames > 0, VPRIV_E_ARG, "no room for frames");
    VPI_TRY(fill(reader, pcm_out, n_frames, &n_read));
    *n_read_out = n_read;
    st = VPRIV_OK;
out:
    vpi_wipe_deep_stack();
    return st;
}

vpriv_status vpriv_gate_about(const vpriv_reader *reader, vpriv_reader_info *info_out)
{
    if (!reader || !info_out || info_out->struct_size != sizeof *info_out)
        return vpi_fail(VPRIV_E_ARG, "a reader and vpriv_reader_info with struct_size are needed");
    const vpi_finish *finish = &reader->recording->finish;
    info_out->rate_hz = reader->recording->tag.rate_hz;
    info_out->n_channels = reader->recording->tag.n_channels;
    info_out->n_frames = finish->is_finished ? total_frames(reader) : 0;
    info_out->is_unfinished = !finish->is_finished;
    info_out->n_lost_frames = reader->n_lost;
    info_out->n_silent_frames = reader->n_silent;
    return VPRIV_OK;
}
