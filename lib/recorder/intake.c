#include "recorder/intake.h"
#include "base/memory.h"
#include "base/ring.h"
#include "base/try.h"
#include "frames/frontend.h"
#include "frames/voice.h"
#include "recorder/packer.h"

#define READ_MS      20
#define PIECE_MS     20
#define SPARE_FRAMES 16 /* a piece read gives a few frames more or fewer than its time */

struct vpi_intake {
    vpriv_source *source;
    vpi_frontend *frontend;
    vpi_packer *packer;
    vpriv_encoding encoding;
    size_t frame_bytes;  /* of one encoded frame: float × channels */
    uint32_t frames_48k; /* 48 kHz frames per frame */
    size_t read_frames;
    uint8_t *read_buffer; /* the front end's tray */
    vpi_ring *pre_roll;   /* NULL without pre-roll */
    size_t pre_roll_bytes;
    float *piece; /* what the front end gave; the packer's */
    size_t piece_frames;
    vpi_voice *ear; /* NULL, or it hears whether somebody speaks */
    bool listens_always;
    bool is_taking;       /* a recording, from its begin to clear */
    uint64_t began_heard; /* what the ear had heard then */
    uint64_t n_most;      /* frames that are taken */
    vpriv_frames_fn frames;
    void *frames_user;
    bool frames_while_listening;
    /* Of the stretch since the front end was reset, to keep both clocks together. */
    uint64_t n_source; /* source frames heard and lost since clear */
    uint64_t n_output; /* frames given out, at the encoder's rate, gaps in */
};

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
    intake->piece_frames = (size_t)intake->encoding.rate_hz * PIECE_MS / 1000 + SPARE_FRAMES;
    VPI_TRY(vpi_packer_create(&intake->encoding, intake->piece_frames, &intake->packer));
    intake->piece = vpi_packer_piece(intake->packer);
    intake->pre_roll_bytes =
        (size_t)config->pre_roll_ms * intake->encoding.rate_hz / 1000 * intake->frame_bytes;
    VPI_TRY(vpi_intake_take_pre_roll(intake));
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
    vpi_packer_destroy(intake->packer);
    vpi_frontend_destroy(intake->frontend);
    vpi_ring_destroy(intake->pre_roll);
    vpi_voice_destroy(intake->ear);
    free(intake);
}

/* The oldest pre-roll until no more than `keep` bytes are left. Wiped as it goes. */
static void drop_pre_roll(vpi_intake *intake, size_t keep)
{
    const size_t filled = intake->pre_roll ? vpi_ring_filled(intake->pre_roll) : 0;
    if (filled > keep)
        (void)vpi_ring_read(intake->pre_roll, NULL, filled - keep);
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
    vpi_packer_clear(intake->packer);
    vpi_frontend_reset(intake->frontend);
    drop_pre_roll(intake, 0);
    vpi_wipe(intake->read_buffer, intake->read_frames * vpi_frame_bytes(&intake->source->format));
    intake->is_taking = false;
    rest_ear(intake);
    intake->n_source = intake->n_output = 0;
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
        .position_frames =
            intake->is_taking ? vpi_packer_n_frames(intake->packer) : intake->n_output,
        .is_request = intake->is_taking};
    intake->frames(intake->frames_user, &frames);
}

static uint64_t up_to_maximum(const vpi_intake *intake, uint64_t n_frames)
{
    const uint64_t room = intake->n_most - vpi_packer_n_frames(intake->packer);
    return n_frames < room ? n_frames : room;
}

/* What lies in piece, into the recording at hand. */
static vpriv_status take(vpi_intake *intake, vpi_stream *stream, size_t n_given)
{
    const size_t n_frames = (size_t)up_to_maximum(intake, n_given);
    hand_out(intake, n_frames);
    return vpi_packer_feed(intake->packer, stream, intake->piece, n_frames);
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
    if (intake->is_taking)
        VPI_TRY(vpi_packer_lose(intake->packer, stream, n_taken));
    else
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
    vpi_wipe_registers();
    return st;
}

bool vpi_intake_gate(vpi_intake *intake, bool wanted)
{
    return vpi_packer_gate(intake->packer, wanted);
}

/* The gate's ear will do when there is one. */
static vpriv_status open_ear(vpi_intake *intake)
{
    if (intake->ear || vpi_packer_is_gated(intake->packer))
        return VPRIV_OK;
    return vpi_voice_create(intake->encoding.rate_hz, intake->encoding.n_channels, &intake->ear);
}

vpriv_status vpi_intake_begin(vpi_intake *intake, vpi_stream *stream, const vpi_intake_plan *plan)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_packer_begin(intake->packer, stream));
    intake->is_taking = true;
    if (plan->listens)
        VPI_TRY(open_ear(intake));
    intake->began_heard = intake->ear ? vpi_voice_heard(intake->ear) : 0;
    intake->n_most = plan->maximum_ms ? (uint64_t)plan->maximum_ms * intake->encoding.rate_hz / 1000
                                      : UINT64_MAX;
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
    const vpriv_status st = drain(intake, stream);
    return st == VPRIV_OK ? vpi_packer_end(intake->packer, stream) : st;
}

void vpi_intake_encode_with(vpi_intake *intake, vpi_bulk *bulk)
{
    vpi_packer_encode_with(intake->packer, bulk);
}

uint64_t vpi_intake_length_48k(const vpi_intake *intake)
{
    return vpi_packer_n_frames(intake->packer) * intake->frames_48k;
}

uint64_t vpi_intake_waiting_48k(const vpi_intake *intake)
{
    return vpi_packer_waiting_48k(intake->packer);
}

bool vpi_intake_is_taking(const vpi_intake *intake)
{
    return intake->is_taking;
}

bool vpi_intake_is_full(const vpi_intake *intake)
{
    return intake->is_taking && vpi_packer_n_frames(intake->packer) == intake->n_most;
}

uint64_t vpi_intake_silent_48k(const vpi_intake *intake)
{
    const uint64_t n = intake->ear ? vpi_voice_silent_frames(intake->ear)
                                   : vpi_packer_silent_frames(intake->packer);
    return n * intake->frames_48k;
}

bool vpi_intake_has_heard_somebody(const vpi_intake *intake)
{
    return intake->ear && vpi_voice_noticed_at(intake->ear) > intake->began_heard;
}

bool vpi_intake_is_gated(const vpi_intake *intake)
{
    return vpi_packer_is_gated(intake->packer);
}

int64_t vpi_intake_holds_us(const vpi_intake *intake)
{
    return vpi_packer_holds_us(intake->packer);
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
    return vpi_packer_pre_skip_48k(intake->packer);
}

const vpriv_encoding *vpi_intake_encoding(const vpi_intake *intake)
{
    return &intake->encoding;
}
