#include "recorder/packer.h"
#include "base/memory.h"
#include "base/try.h"
#include "packets/encoder.h"
#include "packets/packet.h"
#include "recorder/quiet.h"
#include <string.h>

#define ONE_FRAME_US        20000 /* Opus codes up to so much at once */
#define ONE_FRAME_MAX_BYTES 1276  /* and never makes more of it */

struct vpi_packer {
    vpriv_encoding encoding;
    vpi_encoder *encoder;
    vpi_bulk *bulk;     /* NULL, or it encodes in the encoder's place */
    size_t frame_bytes; /* float × channels */
    size_t packet_frames;
    uint32_t frames_48k; /* 48 kHz frames per frame */
    /* One guarded allocation. */
    float *piece;
    float *packet; /* the packet being filled */
    uint8_t *encoded;
    size_t encoded_bytes;
    size_t secrets_bytes;
    size_t n_in_packet;
    uint64_t n_frames; /* fed and lost */
    vpi_quiet *quiet;  /* while a recording is gated */
    bool is_gated;     /* the one at hand */
};

vpriv_status vpi_packer_create(
    const vpriv_encoding *encoding, size_t n_piece_frames, vpi_packer **packer_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_packer *packer = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *packer, (void **)&packer));
    packer->encoding = *encoding;
    packer->frame_bytes = sizeof(float) * encoding->n_channels;
    packer->frames_48k = 48000 / encoding->rate_hz;
    VPI_TRY(vpi_encoder_create(encoding, &packer->encoder));
    packer->packet_frames = vpi_encoder_packet_frames(packer->encoder);
    packer->encoded_bytes =
        encoding->packet_us > ONE_FRAME_US ? VPI_PACKET_MAX_BYTES : ONE_FRAME_MAX_BYTES;
    const size_t piece_bytes = n_piece_frames * packer->frame_bytes;
    const size_t packet_bytes = packer->packet_frames * packer->frame_bytes;
    packer->secrets_bytes = piece_bytes + packet_bytes + packer->encoded_bytes;
    VPI_TRY(vpi_secret_alloc(packer->secrets_bytes, (void **)&packer->piece));
    packer->packet = packer->piece + piece_bytes / sizeof(float);
    packer->encoded = (uint8_t *)packer->piece + piece_bytes + packet_bytes;
    *packer_out = packer;
    packer = NULL;
    st = VPRIV_OK;
out:
    vpi_packer_destroy(packer);
    return st;
}

void vpi_packer_destroy(vpi_packer *packer)
{
    if (!packer)
        return;
    vpi_bulk_destroy(packer->bulk);
    vpi_encoder_destroy(packer->encoder);
    vpi_quiet_destroy(packer->quiet);
    vpi_secret_free(packer->piece);
    free(packer);
}

float *vpi_packer_piece(const vpi_packer *packer)
{
    return packer->piece;
}

void vpi_packer_clear(vpi_packer *packer)
{
    vpi_bulk_destroy(packer->bulk);
    packer->bulk = NULL;
    vpi_wipe(packer->piece, packer->secrets_bytes);
    packer->is_gated = vpi_packer_gate(packer, false);
    packer->n_in_packet = 0;
    packer->n_frames = 0;
}

/* ---- To the encoder at hand, to those of many threads, or through the gate ---- */

static uint32_t packet_48k(const vpi_packer *packer)
{
    return (uint32_t)packer->packet_frames * packer->frames_48k;
}

static vpriv_status encode(vpi_packer *packer, vpi_stream *stream, const float *frames)
{
    size_t n_bytes = 0;
    vpriv_status st = vpi_encoder_encode(packer->encoder, frames, packer->packet_frames,
        packer->encoded, packer->encoded_bytes, &n_bytes);
    if (st != VPRIV_OK)
        return st;
    return vpi_stream_packet(stream, packer->encoded, n_bytes, packet_48k(packer));
}

/* What the gate has held long enough, or all of it, as sound or as silence. */
static vpriv_status release(vpi_packer *packer, vpi_stream *stream, bool all)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_quiet_packet packet;
    while (packer->is_gated && vpi_quiet_take(packer->quiet, all, &packet)) {
        if (packet.lost_48k > 0)
            VPI_TRY(vpi_stream_gap(stream, 0, packet.lost_48k));
        if (packet.frames)
            VPI_TRY(encode(packer, stream, packet.frames));
        else
            VPI_TRY(vpi_stream_silence(stream, packet_48k(packer)));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status end_packet(vpi_packer *packer, vpi_stream *stream)
{
    packer->n_in_packet = 0;
    if (packer->bulk)
        return vpi_bulk_packet(packer->bulk, packer->packet);
    if (!packer->is_gated)
        return encode(packer, stream, packer->packet);
    vpi_quiet_put(packer->quiet, packer->packet);
    return release(packer, stream, false);
}

static vpriv_status put_gap(
    vpi_packer *packer, vpi_stream *stream, uint64_t skipped_48k, uint64_t lost_48k)
{
    if (!packer->bulk)
        return vpi_stream_gap(stream, skipped_48k, lost_48k);
    vpi_bulk_gap(packer->bulk, skipped_48k, lost_48k);
    return VPRIV_OK;
}

static vpriv_status start_anew(vpi_packer *packer)
{
    if (!packer->bulk)
        return vpi_encoder_reset(packer->encoder);
    vpi_bulk_restart(packer->bulk);
    return VPRIV_OK;
}

/* Where the packet being filled will begin, pre-skip included. */
static uint64_t position_48k(const vpi_packer *packer, const vpi_stream *stream)
{
    if (packer->bulk)
        return vpi_bulk_position_48k(packer->bulk);
    const uint64_t n_held = packer->is_gated ? vpi_quiet_n_held(packer->quiet) : 0;
    return vpi_stream_position_48k(stream) + n_held * packet_48k(packer);
}

/* ---- Packets, and what comes between them ---- */

/* Frames (NULL is zeros, which nobody listens to) into packets. */
static vpriv_status fill(
    vpi_packer *packer, vpi_stream *stream, const float *frames, uint64_t n_frames)
{
    const uint32_t n_channels = packer->encoding.n_channels;
    while (n_frames > 0) {
        const size_t room = packer->packet_frames - packer->n_in_packet;
        const size_t n = n_frames < room ? (size_t)n_frames : room;
        float *to = packer->packet + packer->n_in_packet * n_channels;
        if (frames) {
            if (packer->is_gated)
                vpi_quiet_hear(packer->quiet, frames, n);
            memcpy(to, frames, n * packer->frame_bytes);
            frames += n * n_channels;
        } else {
            memset(to, 0, n * packer->frame_bytes);
        }
        packer->n_in_packet += n;
        n_frames -= n;
        if (packer->n_in_packet == packer->packet_frames) {
            const vpriv_status st = end_packet(packer, stream);
            if (st != VPRIV_OK)
                return st;
        }
    }
    return VPRIV_OK;
}

/* Zeros until a decoder has given everything that was put in. */
static vpriv_status push_out(vpi_packer *packer, vpi_stream *stream)
{
    const uint64_t end_48k =
        packer->n_frames * packer->frames_48k + vpi_encoder_lookahead_frames48(packer->encoder);
    while (position_48k(packer, stream) < end_48k) {
        const vpriv_status st =
            fill(packer, stream, NULL, packer->packet_frames - packer->n_in_packet);
        if (st != VPRIV_OK)
            return st;
    }
    return release(packer, stream, true);
}

vpriv_status vpi_packer_feed(
    vpi_packer *packer, vpi_stream *stream, const float *frames, uint64_t n_frames)
{
    packer->n_frames += n_frames;
    return stream ? fill(packer, stream, frames, n_frames) : VPRIV_OK;
}

static vpriv_status lose_little(
    vpi_packer *packer, vpi_stream *stream, uint64_t n_frames, uint64_t lost_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (packer->is_gated)
        vpi_quiet_lose(packer->quiet, (size_t)n_frames, lost_48k);
    else
        VPI_TRY(put_gap(packer, stream, 0, lost_48k));
    packer->n_frames += n_frames;
    VPI_TRY(fill(packer, stream, NULL, n_frames));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status lose_much(
    vpi_packer *packer, vpi_stream *stream, uint64_t n_frames, uint64_t lost_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(push_out(packer, stream));
    packer->n_frames += n_frames;
    const uint64_t end_48k = packer->n_frames * packer->frames_48k;
    VPI_TRY(put_gap(packer, stream, end_48k - position_48k(packer, stream), lost_48k));
    VPI_TRY(start_anew(packer));
    if (packer->is_gated)
        vpi_quiet_resume(packer->quiet, packer->n_frames);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_packer_lose(vpi_packer *packer, vpi_stream *stream, uint64_t n_frames)
{
    const uint64_t lost_48k = n_frames * packer->frames_48k;
    const uint64_t short_48k = packet_48k(packer) + vpi_encoder_lookahead_frames48(packer->encoder);
    if (stream && n_frames > 0)
        return lost_48k <= short_48k ? lose_little(packer, stream, n_frames, lost_48k)
                                     : lose_much(packer, stream, n_frames, lost_48k);
    packer->n_frames += n_frames;
    return VPRIV_OK;
}

/* ---- One recording ---- */

bool vpi_packer_gate(vpi_packer *packer, bool wanted)
{
    const size_t lookahead_frames =
        vpi_encoder_lookahead_frames48(packer->encoder) / packer->frames_48k;
    vpi_quiet_destroy(packer->quiet);
    packer->quiet = NULL;
    if (wanted && vpi_quiet_create(&packer->encoding, packer->packet_frames, lookahead_frames,
                      &packer->quiet) != VPRIV_OK)
        vpi_fail_clear();
    return packer->quiet != NULL;
}

vpriv_status vpi_packer_begin(vpi_packer *packer, const vpi_stream *stream)
{
    packer->is_gated = packer->quiet != NULL;
    packer->n_in_packet = 0;
    packer->n_frames = 0;
    return stream ? vpi_encoder_reset(packer->encoder) : VPRIV_OK;
}

void vpi_packer_encode_with(vpi_packer *packer, vpi_bulk *bulk)
{
    VPI_IMPOSSIBLE_UNLESS(!packer->bulk && packer->n_frames == 0);
    packer->bulk = bulk;
}

vpriv_status vpi_packer_end(vpi_packer *packer, vpi_stream *stream)
{
    if (!stream)
        return VPRIV_OK;
    const vpriv_status st = push_out(packer, stream);
    return st == VPRIV_OK && packer->bulk ? vpi_bulk_flush(packer->bulk) : st;
}

uint64_t vpi_packer_n_frames(const vpi_packer *packer)
{
    return packer->n_frames;
}

uint64_t vpi_packer_waiting_48k(const vpi_packer *packer)
{
    return packer->bulk ? vpi_bulk_waiting_48k(packer->bulk) : 0;
}

bool vpi_packer_is_gated(const vpi_packer *packer)
{
    return packer->is_gated;
}

int64_t vpi_packer_holds_us(const vpi_packer *packer)
{
    return packer->quiet ? vpi_quiet_holds_us(packer->quiet) : 0;
}

uint64_t vpi_packer_silent_frames(const vpi_packer *packer)
{
    return packer->quiet ? vpi_quiet_silent_frames(packer->quiet) : 0;
}

uint32_t vpi_packer_pre_skip_48k(const vpi_packer *packer)
{
    return vpi_encoder_lookahead_frames48(packer->encoder);
}
