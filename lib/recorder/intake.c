#include "recorder/intake.h"
#include "base/memory.h"
#include "base/ring.h"
#include "base/try.h"
#include "frames/frontend.h"
#include "frames/voice.h"
#include "packets/encoder.h"
#include "packets/packet.h"
#include "recorder/quiet.h"
#include <string.h>

#define READ_MS      20
#define PIECE_MS     20
#define SPARE_FRAMES 16 /* a piece read gives a few frames more or fewer than its time */

#define ONE_FRAME_US        20000 /* Opus codes up to so much at once */
#define ONE_FRAME_MAX_BYTES 1276  /* and never makes more of it */

struct vpi_intake {
    vpriv_source *source;
    vpi_frontend *frontend;
    vpi_encoder *encoder;
    vpi_bulk *bulk; /* NULL, or it encodes in the encoder's place */
    vpriv_encoding encoding;
    size_t frame_bytes; /* of one encoded frame: float × channels */
    size_t packet_frames;
    uint32_t frames_48k; /* 48 kHz frames per frame */
    size_t read_frames;
    uint8_t *read_buffer; /* the front end's tray */
    vpi_ring *pre_roll;   /* NULL without pre-roll */
    size_t pre_roll_bytes;
    /* One guarded allocation: three together fit a page at 16 kHz, mono. */
    float *piece;  /* what the front end gave */
    float *packet; /* the packet being filled */
    uint8_t *encoded;
    size_t piece_frames;
    size_t encoded_bytes;
    size_t secrets_bytes;
    size_t n_in_packet;
    vpi_quiet *quiet; /* while a recording is gated */
    bool is_gated;    /* the one at hand */
    vpi_voice *ear;   /* NULL, or it hears whether somebody speaks */
    bool listens_always;
    bool is_taking;       /* a recording, from its begin to clear */
    uint64_t began_heard; /* what the ear had heard then */
    uint64_t n_most;      /* frames that are taken */
    vpriv_frames_fn frames;
    void *frames_user;
    bool frames_while_listening;
    /* Of the stretch since the front end was reset, to keep both clocks together. */
    uint64_t n_source;   /* source frames heard and lost since clear or begin */
    uint64_t n_output;   /* frames given out, at the encoder's rate, gaps in */
    uint64_t n_recorded; /* of those, since begin */
};

static vpriv_status create_buffers(vpi_intake *intake, const vpi_intake_config *config)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    intake->piece_frames = (size_t)intake->encoding.rate_hz * PIECE_MS / 1000 + SPARE_FRAMES;
    const size_t piece_bytes = intake->piece_frames * intake->frame_bytes;
    const size_t packet_bytes = intake->packet_frames * intake->frame_bytes;
    intake->encoded_bytes =
        intake->encoding.packet_us > ONE_FRAME_US ? VPI_PACKET_MAX_BYTES : ONE_FRAME_MAX_BYTES;
    intake->secrets_bytes = piece_bytes + packet_bytes + intake->encoded_bytes;
    VPI_TRY(vpi_secret_alloc(intake->secrets_bytes, (void **)&intake->piece));
    intake->packet = intake->piece + piece_bytes / sizeof(float);
    intake->encoded = (uint8_t *)intake->piece + piece_bytes + packet_bytes;
    intake->pre_roll_bytes =
        (size_t)config->pre_roll_ms * intake->encoding.rate_hz / 1000 * intake->frame_bytes;
    VPI_TRY(vpi_intake_take_pre_roll(intake));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_intake_take_pre_roll(vpi_intake *intake)
{
    if (intake->pre_roll_bytes == 0 || intake->pre_roll)
        return VPRIV_OK;
    return vpi_ring_create(intake->pre_roll_bytes, &intake->pre_roll);
}

void vpi_intake_give_up_pre_roll(vpi_intake *intake)
{
    vpi_ring_destroy(intake->pre_roll);
    intake->pre_roll = NULL;
}

vpriv_status vpi_intake_create(
    vpriv_source *source, const vpi_intake_config *config, vpi_intake **intake_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_intake *intake = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *intake, (void **)&intake));
    intake->source = source;
    intake->encoding = config->encoding;
    intake->frame_bytes = sizeof(float) * intake->encoding.n_channels;
    intake->frames_48k = 48000 / intake->encoding.rate_hz;
    intake->read_frames = (size_t)source->format.rate_hz * READ_MS / 1000;
    const vpi_frontend_config frontend = {.input = source->format,
        .output_rate_hz = intake->encoding.rate_hz,
        .n_output_channels = intake->encoding.n_channels,
        .high_pass = config->high_pass,
        .n_tray_frames = intake->read_frames};
    VPI_TRY(vpi_frontend_create(&frontend, &intake->frontend));
    intake->read_buffer = vpi_frontend_tray(intake->frontend);
    VPI_TRY(vpi_encoder_create(&intake->encoding, &intake->encoder));
    intake->packet_frames = vpi_encoder_packet_frames(intake->encoder);
    VPI_TRY(create_buffers(intake, config));
    intake->listens_always = config->listens_always;
    if (config->listens_always)
        VPI_TRY(
            vpi_voice_create(intake->encoding.rate_hz, intake->encoding.n_channels, &intake->ear));
    intake->frames = config->frames;
    intake->frames_user = config->frames_user;
    intake->frames_while_listening = config->frames_while_listening;
    *intake_out = intake;
    intake = NULL;
    st = VPRIV_OK;
out:
    vpi_intake_destroy(intake);
    return st;
}

void vpi_intake_destroy(vpi_intake *intake)
{
    if (!intake)
        return;
    vpi_bulk_destroy(intake->bulk);
    vpi_frontend_destroy(intake->frontend);
    vpi_encoder_destroy(intake->encoder);
    vpi_secret_free(intake->piece);
    vpi_ring_destroy(intake->pre_roll);
    vpi_quiet_destroy(intake->quiet);
    vpi_voice_destroy(intake->ear);
    free(intake);
}

/* The oldest pre-roll until no more than `keep` bytes are left. Reading wipes. */
static void drop_pre_roll(vpi_intake *intake, size_t keep)
{
    while (intake->pre_roll && vpi_ring_filled(intake->pre_roll) > keep) {
        const size_t over = vpi_ring_filled(intake->pre_roll) - keep;
        const size_t most = intake->packet_frames * intake->frame_bytes;
        (void)vpi_ring_read(intake->pre_roll, intake->packet, over < most ? over : most);
    }
    vpi_wipe(intake->packet, intake->packet_frames * intake->frame_bytes);
}

/* One that listens for a single recording goes with it. */
static void rest_ear(vpi_intake *intake)
{
    if (intake->ear && intake->listens_always) {
        vpi_voice_skip(intake->ear, 0);
    } else {
        vpi_voice_destroy(intake->ear);
        intake->ear = NULL;
    }
}

void vpi_intake_clear(vpi_intake *intake)
{
    vpi_intake_listen_on(intake);
    if (intake->ear)
        vpi_voice_reset(intake->ear);
}

void vpi_intake_listen_on(vpi_intake *intake)
{
    vpi_bulk_destroy(intake->bulk);
    intake->bulk = NULL;
    vpi_frontend_reset(intake->frontend);
    drop_pre_roll(intake, 0);
    vpi_wipe(intake->read_buffer, intake->read_frames * vpi_frame_bytes(&intake->source->format));
    vpi_wipe(intake->piece, intake->secrets_bytes);
    intake->n_in_packet = 0;
    intake->is_gated = vpi_intake_gate(intake, false);
    intake->is_taking = false;
    rest_ear(intake);
    intake->n_source = intake->n_output = intake->n_recorded = 0;
}

/* ---- To the encoder at hand, to those of many threads, or through the gate ---- */

static uint32_t packet_48k(const vpi_intake *intake)
{
    return (uint32_t)intake->packet_frames * intake->frames_48k;
}

static vpriv_status encode(vpi_intake *intake, vpi_stream *stream, const float *frames)
{
    size_t n_bytes = 0;
    vpriv_status st = vpi_encoder_encode(intake->encoder, frames, intake->packet_frames,
        intake->encoded, intake->encoded_bytes, &n_bytes);
    if (st != VPRIV_OK)
        return st;
    return vpi_stream_packet(stream, intake->encoded, n_bytes, packet_48k(intake));
}

/* What the gate has held long enough, or all of it, as sound or as silence. */
static vpriv_status release(vpi_intake *intake, vpi_stream *stream, bool all)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_quiet_packet packet;
    while (intake->is_gated && vpi_quiet_take(intake->quiet, all, &packet)) {
        if (packet.lost_48k > 0)
            VPI_TRY(vpi_stream_gap(stream, 0, packet.lost_48k));
        if (packet.frames)
            VPI_TRY(encode(intake, stream, packet.frames));
        else
            VPI_TRY(vpi_stream_silence(stream, packet_48k(intake)));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status end_packet(vpi_intake *intake, vpi_stream *stream)
{
    intake->n_in_packet = 0;
    if (intake->bulk)
        return vpi_bulk_packet(intake->bulk, intake->packet);
    if (!intake->is_gated)
        return encode(intake, stream, intake->packet);
    vpi_quiet_put(intake->quiet, intake->packet);
    return release(intake, stream, false);
}

static vpriv_status put_gap(
    vpi_intake *intake, vpi_stream *stream, uint64_t skipped_48k, uint64_t lost_48k)
{
    if (!intake->bulk)
        return vpi_stream_gap(stream, skipped_48k, lost_48k);
    vpi_bulk_gap(intake->bulk, skipped_48k, lost_48k);
    return VPRIV_OK;
}

static vpriv_status start_anew(vpi_intake *intake)
{
    if (!intake->bulk)
        return vpi_encoder_reset(intake->encoder);
    vpi_bulk_restart(intake->bulk);
    return VPRIV_OK;
}

/* Where the packet being filled will begin, pre-skip included. */
static uint64_t position_48k(const vpi_intake *intake, const vpi_stream *stream)
{
    if (intake->bulk)
        return vpi_bulk_position_48k(intake->bulk);
    const uint64_t n_held = intake->is_gated ? vpi_quiet_n_held(intake->quiet) : 0;
    return vpi_stream_position_48k(stream) + n_held * packet_48k(intake);
}

/* ---- Packets, and what comes between them ---- */

/* Frames (NULL is zeros, which nobody listens to) into packets, and whole packets into the stream. */
static vpriv_status feed(
    vpi_intake *intake, vpi_stream *stream, const float *frames, uint64_t n_frames)
{
    const uint32_t n_channels = intake->encoding.n_channels;
    while (n_frames > 0) {
        const size_t room = intake->packet_frames - intake->n_in_packet;
        const size_t n = n_frames < room ? (size_t)n_frames : room;
        float *to = intake->packet + intake->n_in_packet * n_channels;
        if (frames) {
            if (intake->is_gated)
                vpi_quiet_hear(intake->quiet, frames, n);
            memcpy(to, frames, n * intake->frame_bytes);
            frames += n * n_channels;
        } else {
            memset(to, 0, n * intake->frame_bytes);
        }
        intake->n_in_packet += n;
        n_frames -= n;
        if (intake->n_in_packet == intake->packet_frames) {
            const vpriv_status st = end_packet(intake, stream);
            if (st != VPRIV_OK)
                return st;
        }
    }
    return VPRIV_OK;
}

/* Round the pre-roll, which has room for itself and no more: the oldest goes first. */
static void remember(vpi_intake *intake, size_t n_frames)
{
    const size_t n_given = n_frames * intake->frame_bytes, most = intake->pre_roll_bytes;
    const size_t n_bytes = n_given < most ? n_given : most;
    drop_pre_roll(intake, most - n_bytes);
    VPI_IMPOSSIBLE_UNLESS(vpi_ring_write(
        intake->pre_roll, (const uint8_t *)intake->piece + n_given - n_bytes, n_bytes));
}

static void hand_out(const vpi_intake *intake, size_t n_frames)
{
    if (!intake->frames || n_frames == 0 || !(intake->is_taking || intake->frames_while_listening))
        return;
    const vpriv_frames frames = {.struct_size = sizeof frames,
        .samples = intake->piece,
        .n_frames = n_frames,
        .n_channels = intake->encoding.n_channels,
        .rate_hz = intake->encoding.rate_hz,
        .position_frames = intake->is_taking ? intake->n_recorded : intake->n_output,
        .is_request = intake->is_taking};
    intake->frames(intake->frames_user, &frames);
}

static uint64_t up_to_maximum(const vpi_intake *intake, uint64_t n_frames)
{
    const uint64_t room = intake->n_most - intake->n_recorded;
    return n_frames < room ? n_frames : room;
}

/* What lies in piece, into the recording at hand. */
static vpriv_status take(vpi_intake *intake, vpi_stream *stream, size_t n_given)
{
    const size_t n_frames = (size_t)up_to_maximum(intake, n_given);
    hand_out(intake, n_frames);
    intake->n_recorded += n_frames;
    return stream ? feed(intake, stream, intake->piece, n_frames) : VPRIV_OK;
}

/* What the front end gave goes to the recording, or round the pre-roll. */
static vpriv_status pass_on(vpi_intake *intake, vpi_stream *stream, size_t n_frames)
{
    vpriv_status st = VPRIV_OK;
    if (intake->ear)
        vpi_voice_hear(intake->ear, intake->piece, n_frames);
    if (intake->is_taking) {
        st = take(intake, stream, n_frames);
    } else {
        hand_out(intake, n_frames);
        if (intake->pre_roll)
            remember(intake, n_frames);
    }
    intake->n_output += n_frames;
    return st;
}

static vpriv_status process(
    vpi_intake *intake, vpi_stream *stream, const uint8_t *frames, size_t n_frames)
{
    while (n_frames > 0) {
        size_t n_consumed = 0, n_out = 0;
        vpriv_status st = vpi_frontend_process(intake->frontend, frames, n_frames, intake->piece,
            intake->piece_frames, &n_consumed, &n_out);
        if (st == VPRIV_OK)
            st = pass_on(intake, stream, n_out);
        if (st != VPRIV_OK)
            return st;
        frames += n_consumed * vpi_frame_bytes(&intake->source->format);
        n_frames -= n_consumed;
    }
    return VPRIV_OK;
}

/* What the resampler still holds. */
static vpriv_status drain(vpi_intake *intake, vpi_stream *stream)
{
    for (;;) {
        size_t n_out = 0;
        vpriv_status st =
            vpi_frontend_flush(intake->frontend, intake->piece, intake->piece_frames, &n_out);
        if (st == VPRIV_OK && n_out > 0)
            st = pass_on(intake, stream, n_out);
        if (st != VPRIV_OK || n_out == 0)
            return st;
    }
}

/* Zeros until a decoder has given everything that was put in. */
static vpriv_status push_out(vpi_intake *intake, vpi_stream *stream)
{
    const uint64_t end_48k =
        vpi_intake_length_48k(intake) + vpi_encoder_lookahead_frames48(intake->encoder);
    while (position_48k(intake, stream) < end_48k) {
        const vpriv_status st =
            feed(intake, stream, NULL, intake->packet_frames - intake->n_in_packet);
        if (st != VPRIV_OK)
            return st;
    }
    return release(intake, stream, true);
}

static vpriv_status record_gap(vpi_intake *intake, vpi_stream *stream, uint64_t n_frames)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint64_t lost_48k = n_frames * intake->frames_48k;
    const uint64_t short_48k = packet_48k(intake) + vpi_encoder_lookahead_frames48(intake->encoder);
    if (lost_48k <= short_48k) {
        if (intake->is_gated)
            vpi_quiet_lose(intake->quiet, (size_t)n_frames, lost_48k);
        else
            VPI_TRY(put_gap(intake, stream, 0, lost_48k));
        intake->n_recorded += n_frames;
        VPI_TRY(feed(intake, stream, NULL, n_frames));
    } else {
        VPI_TRY(push_out(intake, stream));
        intake->n_recorded += n_frames;
        const uint64_t end_48k = intake->n_recorded * intake->frames_48k;
        VPI_TRY(put_gap(intake, stream, end_48k - position_48k(intake, stream), lost_48k));
        VPI_TRY(start_anew(intake));
        if (intake->is_gated)
            vpi_quiet_resume(intake->quiet, intake->n_recorded);
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status lose(vpi_intake *intake, vpi_stream *stream, uint64_t n_lost)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(drain(intake, stream));
    vpi_frontend_reset(intake->frontend);
    intake->n_source += n_lost;
    /* The gap in our frames, from the totals, so that rounding never adds up. */
    const uint64_t until =
        intake->n_source * intake->encoding.rate_hz / intake->source->format.rate_hz;
    const uint64_t n_gap = until > intake->n_output ? until - intake->n_output : 0;
    const uint64_t n_taken = intake->is_taking ? up_to_maximum(intake, n_gap) : 0;
    intake->n_output += n_gap;
    if (intake->ear)
        vpi_voice_skip(intake->ear, n_gap);
    if (stream && n_taken > 0)
        VPI_TRY(record_gap(intake, stream, n_taken));
    else
        intake->n_recorded += n_taken;
    if (!intake->is_taking)
        drop_pre_roll(intake, 0); /* the pre-roll has no holes: it begins behind the latest gap */
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_intake_pump(
    vpi_intake *intake, vpi_stream *stream, size_t *n_frames_out, bool *end_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_read = 0;
    uint64_t n_lost = 0;
    VPI_TRY(vpi_source_read(
        intake->source, intake->read_buffer, intake->read_frames, &n_read, &n_lost, end_out));
    if (n_lost > 0)
        VPI_TRY(lose(intake, stream, n_lost));
    intake->n_source += n_read;
    VPI_TRY(process(intake, stream, intake->read_buffer, n_read));
    *n_frames_out = n_read;
    st = VPRIV_OK;
out:
    vpi_wipe(intake->read_buffer, n_read * vpi_frame_bytes(&intake->source->format));
    return st;
}

bool vpi_intake_gate(vpi_intake *intake, bool wanted)
{
    const size_t lookahead_frames =
        vpi_encoder_lookahead_frames48(intake->encoder) / intake->frames_48k;
    vpi_quiet_destroy(intake->quiet);
    intake->quiet = NULL;
    if (wanted && vpi_quiet_create(&intake->encoding, intake->packet_frames, lookahead_frames,
                      &intake->quiet) != VPRIV_OK)
        vpi_fail_clear();
    return intake->quiet != NULL;
}

/* The gate's ear will do when there is one. */
static vpriv_status open_ear(vpi_intake *intake)
{
    if (intake->ear || intake->quiet)
        return VPRIV_OK;
    return vpi_voice_create(intake->encoding.rate_hz, intake->encoding.n_channels, &intake->ear);
}

vpriv_status vpi_intake_begin(vpi_intake *intake, vpi_stream *stream, const vpi_intake_plan *plan)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (plan->listens)
        VPI_TRY(open_ear(intake));
    if (stream)
        VPI_TRY(vpi_encoder_reset(intake->encoder));
    intake->is_taking = true;
    intake->is_gated = intake->quiet != NULL;
    intake->began_heard = intake->ear ? vpi_voice_heard(intake->ear) : 0;
    intake->n_most = plan->maximum_ms ? (uint64_t)plan->maximum_ms * intake->encoding.rate_hz / 1000
                                      : UINT64_MAX;
    intake->n_in_packet = 0;
    intake->n_recorded = 0;
    if (!plan->has_pre_roll)
        drop_pre_roll(intake, 0);
    while (intake->pre_roll && vpi_ring_filled(intake->pre_roll) > 0) {
        const size_t most = intake->piece_frames * intake->frame_bytes;
        const size_t n_bytes = vpi_ring_read(intake->pre_roll, intake->piece, most);
        const size_t n_frames = n_bytes / intake->frame_bytes;
        if (intake->ear && !intake->listens_always)
            vpi_voice_hear(intake->ear, intake->piece, n_frames);
        VPI_TRY(take(intake, stream, n_frames));
    }
    st = VPRIV_OK;
out:
    vpi_wipe(intake->piece, intake->piece_frames * intake->frame_bytes);
    return st;
}

vpriv_status vpi_intake_end(vpi_intake *intake, vpi_stream *stream)
{
    vpriv_status st = drain(intake, stream);
    if (st == VPRIV_OK && stream)
        st = push_out(intake, stream);
    if (st == VPRIV_OK && intake->bulk)
        st = vpi_bulk_flush(intake->bulk);
    return st;
}

void vpi_intake_encode_with(vpi_intake *intake, vpi_bulk *bulk)
{
    VPI_IMPOSSIBLE_UNLESS(!intake->bulk && intake->n_recorded == 0);
    intake->bulk = bulk;
}

uint64_t vpi_intake_length_48k(const vpi_intake *intake)
{
    return intake->n_recorded * intake->frames_48k;
}

uint64_t vpi_intake_waiting_48k(const vpi_intake *intake)
{
    return intake->bulk ? vpi_bulk_waiting_48k(intake->bulk) : 0;
}

bool vpi_intake_is_taking(const vpi_intake *intake)
{
    return intake->is_taking;
}

bool vpi_intake_is_full(const vpi_intake *intake)
{
    return intake->is_taking && intake->n_recorded == intake->n_most;
}

uint64_t vpi_intake_silent_48k(const vpi_intake *intake)
{
    const uint64_t n = intake->ear     ? vpi_voice_silent_frames(intake->ear)
                       : intake->quiet ? vpi_quiet_silent_frames(intake->quiet)
                                       : 0;
    return n * intake->frames_48k;
}

bool vpi_intake_has_heard_somebody(const vpi_intake *intake)
{
    return intake->ear && vpi_voice_noticed_at(intake->ear) > intake->began_heard;
}

bool vpi_intake_is_gated(const vpi_intake *intake)
{
    return intake->is_gated;
}

int64_t vpi_intake_holds_us(const vpi_intake *intake)
{
    return intake->quiet ? vpi_quiet_holds_us(intake->quiet) : 0;
}

uint64_t vpi_intake_pre_roll_us(const vpi_intake *intake)
{
    if (!intake->pre_roll)
        return 0;
    return (uint64_t)(vpi_ring_filled(intake->pre_roll) / intake->frame_bytes) * 1000000 /
           intake->encoding.rate_hz;
}

uint32_t vpi_intake_pre_skip_48k(const vpi_intake *intake)
{
    return vpi_encoder_lookahead_frames48(intake->encoder);
}

const vpriv_encoding *vpi_intake_encoding(const vpi_intake *intake)
{
    return &intake->encoding;
}
