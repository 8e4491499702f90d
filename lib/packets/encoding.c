#include "base/try.h"
#include <voicepriv/packets.h>

static bool is_one_of(uint32_t value, const uint32_t *values, size_t n_values)
{
    for (size_t i = 0; i < n_values; i++)
        if (values[i] == value)
            return true;
    return false;
}

static void put_defaults(vpriv_encoding *encoding)
{
    encoding->rate_hz = encoding->rate_hz ? encoding->rate_hz : 16000;
    encoding->n_channels = encoding->n_channels ? encoding->n_channels : 1;
    encoding->bitrate_bps = encoding->bitrate_bps ? encoding->bitrate_bps : 24000;
    encoding->complexity_plus_one =
        encoding->complexity_plus_one ? encoding->complexity_plus_one : 6;
    encoding->application = encoding->application ? encoding->application : VPRIV_APPLICATION_VOIP;
    encoding->packet_us = encoding->packet_us ? encoding->packet_us : 20000;
}

vpriv_status vpriv_encoding_check(const vpriv_encoding *encoding, vpriv_encoding *filled_out)
{
    static const uint32_t rates_hz[] = {8000, 12000, 16000, 24000, 48000};
    static const uint32_t packets_us[] = {2500, 5000, 10000, 20000, 40000, 60000};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_encoding e = {.struct_size = sizeof e};
    VPI_ENSURE(filled_out, VPRIV_E_ARG, "no place for the encoding");
    if (encoding) {
        VPI_ENSURE(encoding->struct_size == sizeof e, VPRIV_E_ARG,
            "encoding: struct_size is %zu, not %zu", encoding->struct_size, sizeof e);
        e = *encoding;
    }
    put_defaults(&e);
    VPI_ENSURE(is_one_of(e.rate_hz, rates_hz, 5), VPRIV_E_ARG,
        "encoding: rate of %u Hz, which is not 8000, 12000, 16000, 24000 or 48000", e.rate_hz);
    VPI_ENSURE(
        e.n_channels <= 2, VPRIV_E_ARG, "encoding: %u channels, which is not 1 or 2", e.n_channels);
    VPI_ENSURE(e.bitrate_bps >= 6000 && e.bitrate_bps <= 510000, VPRIV_E_ARG,
        "encoding: %u bit/s, which is not 6000 to 510000", e.bitrate_bps);
    VPI_ENSURE(e.complexity_plus_one <= 11, VPRIV_E_ARG,
        "encoding: complexity_plus_one of %u, which is not 1 to 11", e.complexity_plus_one);
    VPI_ENSURE(
        e.application >= VPRIV_APPLICATION_VOIP && e.application <= VPRIV_APPLICATION_LOW_DELAY,
        VPRIV_E_ARG, "encoding: application %d", (int)e.application);
    VPI_ENSURE(is_one_of(e.packet_us, packets_us, 6), VPRIV_E_ARG,
        "encoding: packets of %u us, which is not 2500, 5000, 10000, 20000, 40000 or 60000",
        e.packet_us);
    *filled_out = e;
    st = VPRIV_OK;
out:
    return st;
}
