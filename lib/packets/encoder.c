#include "packets/encoder.h"
#include "base/memory.h"
#include "base/try.h"
#include "packets/packet.h"
#include <opus.h>

struct vpi_encoder {
    vpriv_encoding encoding;
    OpusEncoder *state;
    size_t packet_frames;
};

static int application_of(const vpriv_encoding *encoding)
{
    switch (encoding->application) {
    case VPRIV_APPLICATION_AUDIO:
        return OPUS_APPLICATION_AUDIO;
    case VPRIV_APPLICATION_LOW_DELAY:
        return OPUS_APPLICATION_RESTRICTED_LOWDELAY;
    case VPRIV_APPLICATION_VOIP:
        break;
    }
    return OPUS_APPLICATION_VOIP;
}

/* From nothing: OPUS_RESET_STATE keeps a little, such as what sort of sound it thought it heard. */
static vpriv_status start(OpusEncoder *state, const vpriv_encoding *encoding)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(opus_encoder_init(state, (opus_int32)encoding->rate_hz, (int)encoding->n_channels,
                   application_of(encoding)) == OPUS_OK,
        VPRIV_E_INTERNAL, "libopus did not start an encoder");
    VPI_ENSURE(
        opus_encoder_ctl(state, OPUS_SET_BITRATE((opus_int32)encoding->bitrate_bps)) == OPUS_OK &&
            opus_encoder_ctl(state,
                OPUS_SET_COMPLEXITY((opus_int32)encoding->complexity_plus_one - 1)) == OPUS_OK &&
            opus_encoder_ctl(state, OPUS_SET_VBR(encoding->constant_bitrate ? 0 : 1)) == OPUS_OK,
        VPRIV_E_INTERNAL, "libopus refused a setting");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_encoder_create(const vpriv_encoding *encoding, vpi_encoder **encoder_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_encoder *encoder = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *encoder, (void **)&encoder));
    VPI_TRY(vpriv_encoding_check(encoding, &encoder->encoding));
    const vpriv_encoding *e = &encoder->encoding;
    VPI_TRY(vpi_secret_alloc(
        (size_t)opus_encoder_get_size((int)e->n_channels), (void **)&encoder->state));
    VPI_TRY(start(encoder->state, e));
    encoder->packet_frames = (size_t)((uint64_t)e->rate_hz * e->packet_us / 1000000);
    *encoder_out = encoder;
    encoder = NULL;
    st = VPRIV_OK;
out:
    vpi_encoder_destroy(encoder);
    return st;
}

void vpi_encoder_destroy(vpi_encoder *encoder)
{
    if (!encoder)
        return;
    vpi_secret_free(encoder->state);
    free(encoder);
}

vpriv_status vpi_encoder_reset(vpi_encoder *encoder)
{
    return start(encoder->state, &encoder->encoding);
}

const vpriv_encoding *vpi_encoder_encoding(const vpi_encoder *encoder)
{
    return &encoder->encoding;
}

size_t vpi_encoder_packet_frames(const vpi_encoder *encoder)
{
    return encoder->packet_frames;
}

uint32_t vpi_encoder_lookahead_frames48(const vpi_encoder *encoder)
{
    opus_int32 lookahead_frames = 0;
    VPI_IMPOSSIBLE_UNLESS(
        opus_encoder_ctl(encoder->state, OPUS_GET_LOOKAHEAD(&lookahead_frames)) == OPUS_OK);
    return (uint32_t)lookahead_frames * (48000 / encoder->encoding.rate_hz);
}

vpriv_status vpi_encoder_encode(vpi_encoder *encoder, const float *frames, size_t n_frames,
    uint8_t *packet_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(n_frames == encoder->packet_frames, VPRIV_E_ARG,
        "encoding %zu frames where a packet takes %zu", n_frames, encoder->packet_frames);
    VPI_ENSURE(capacity_bytes >= 2, VPRIV_E_ARG, "room of %zu bytes for a packet", capacity_bytes);
    if (capacity_bytes > VPI_PACKET_MAX_BYTES)
        capacity_bytes = VPI_PACKET_MAX_BYTES;
    const opus_int32 n_bytes = opus_encode_float(
        encoder->state, frames, (int)n_frames, packet_out, (opus_int32)capacity_bytes);
    VPI_ENSURE(n_bytes > 0, n_bytes == OPUS_BUFFER_TOO_SMALL ? VPRIV_E_ARG : VPRIV_E_INTERNAL,
        "libopus did not encode: %s", opus_strerror(n_bytes));
    *n_bytes_out = (size_t)n_bytes;
    st = VPRIV_OK;
out:
    return st;
}
