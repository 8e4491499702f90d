#include "packets/decoder.h"
#include "base/memory.h"
#include "base/try.h"
#include "packets/packet.h"
#include <opus.h>

struct vpi_decoder {
    OpusDecoder *state;
    uint32_t rate_hz;
};

vpriv_status vpi_decoder_create(uint32_t rate_hz, uint32_t n_channels, vpi_decoder **decoder_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_decoder *decoder = NULL;
    VPI_ENSURE(rate_hz <= 48000 && (n_channels == 1 || n_channels == 2), VPRIV_E_ARG,
        "decoding to %u Hz and %u channels", rate_hz, n_channels);
    VPI_TRY(vpi_alloc(1, sizeof *decoder, (void **)&decoder));
    VPI_TRY(
        vpi_secret_alloc((size_t)opus_decoder_get_size((int)n_channels), (void **)&decoder->state));
    VPI_ENSURE(opus_decoder_init(decoder->state, (opus_int32)rate_hz, (int)n_channels) == OPUS_OK,
        VPRIV_E_ARG, "decoding to %u Hz and %u channels", rate_hz, n_channels);
    decoder->rate_hz = rate_hz;
    *decoder_out = decoder;
    decoder = NULL;
    st = VPRIV_OK;
out:
    vpi_decoder_destroy(decoder);
    return st;
}

void vpi_decoder_destroy(vpi_decoder *decoder)
{
    if (!decoder)
        return;
    vpi_secret_free(decoder->state);
    free(decoder);
}

vpriv_status vpi_decoder_reset(vpi_decoder *decoder)
{
    if (opus_decoder_ctl(decoder->state, OPUS_RESET_STATE) != OPUS_OK)
        return vpi_fail(VPRIV_E_INTERNAL, "libopus did not reset a decoder");
    return VPRIV_OK;
}

vpriv_status vpi_decoder_decode(vpi_decoder *decoder, const uint8_t *packet, size_t n_bytes,
    float *frames_out, size_t capacity_frames, size_t *n_frames_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t duration;
    /* Before libopus: it takes an empty packet for a lost one and makes sound up. */
    VPI_TRY(vpi_packet_check(packet, n_bytes, &duration));
    const size_t n_frames = (size_t)((uint64_t)duration * decoder->rate_hz / 48000);
    VPI_ENSURE(n_frames <= capacity_frames, VPRIV_E_ARG, "a packet of %zu frames, room for %zu",
        n_frames, capacity_frames);
    const int n = opus_decode_float(
        decoder->state, packet, (opus_int32)n_bytes, frames_out, (int)n_frames, 0);
    VPI_ENSURE(n >= 0, n == OPUS_INVALID_PACKET ? VPRIV_E_FORMAT : VPRIV_E_INTERNAL,
        "libopus did not decode: %s", opus_strerror(n));
    VPI_ENSURE(
        (size_t)n == n_frames, VPRIV_E_FORMAT, "an Opus packet gave %d of %zu frames", n, n_frames);
    *n_frames_out = n_frames;
    st = VPRIV_OK;
out:
    return st;
}
