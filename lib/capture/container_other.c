/* AIFF (big-endian chunks) and FLAC (its first metadata block). */
#include "base/bytes.h"
#include "base/try.h"
#include "capture/container.h"
#include "capture/source.h"
#include <string.h>

#define N_CHUNKS_MAX          4096
#define FLAC_FRAME_MIN_BYTES  8u
#define FLAC_FRAME_MAX_FRAMES 65535u

/* An 80-bit float that must be a whole number of Hz; 0 when it is not. */
static uint32_t extended_to_hz(const uint8_t bytes[10])
{
    const uint32_t exponent = vpi_big_endian(bytes, 2);
    const uint64_t mantissa =
        (uint64_t)vpi_big_endian(bytes + 2, 4) << 32 | vpi_big_endian(bytes + 6, 4);
    if (exponent < 16383 || exponent > 16383 + 31)
        return 0;
    const unsigned n_fraction_bits = 63 - (exponent - 16383);
    if (mantissa & ((UINT64_C(1) << n_fraction_bits) - 1))
        return 0;
    return (uint32_t)(mantissa >> n_fraction_bits);
}

static vpriv_status read_common(
    vpi_byte_input *input, bool aifc, uint32_t size_bytes, vpi_sound_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t bytes[22] = {0};
    const uint32_t n_bytes = aifc ? 22 : 18;
    VPI_ENSURE(info_out->n_channels == 0, VPRIV_E_FORMAT, "has two format chunks");
    VPI_ENSURE(size_bytes >= n_bytes, VPRIV_E_FORMAT, "has a format chunk of %u bytes", size_bytes);
    VPI_TRY(vpi_input_read(input, bytes, n_bytes));
    VPI_TRY(vpi_input_skip(input, size_bytes - n_bytes));
    vpi_sound_info info = {.container = VPI_CONTAINER_AIFF};
    info.n_channels = vpi_big_endian(bytes, 2);
    info.n_frames = vpi_big_endian(bytes + 2, 4);
    info.n_bits = vpi_big_endian(bytes + 6, 2);
    info.rate_hz = extended_to_hz(bytes + 8);
    if (aifc) {
        const uint8_t *coding = bytes + 18;
        info.is_float = memcmp(coding, "fl32", 4) == 0 || memcmp(coding, "FL32", 4) == 0;
        VPI_ENSURE(info.is_float || memcmp(coding, "NONE", 4) == 0 ||
                       memcmp(coding, "sowt", 4) == 0 || memcmp(coding, "twos", 4) == 0,
            VPRIV_E_UNSUPPORTED, "has an AIFF-C coding that is not read here");
    }
    VPI_TRY(vpi_sound_info_check(&info));
    *info_out = info;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_aiff_probe(
    vpi_byte_input *input, const uint8_t magic[12], vpi_sound_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const bool aifc = memcmp(magic + 8, "AIFC", 4) == 0;
    vpi_sound_info info = {0};
    uint64_t sound_bytes = VPI_SIZE_UNKNOWN;
    for (int i = 0; info.n_channels == 0 || sound_bytes == VPI_SIZE_UNKNOWN; i++) {
        uint8_t head[16];
        VPI_ENSURE(i < N_CHUNKS_MAX, VPRIV_E_LIMIT, "has more than %d chunks", N_CHUNKS_MAX);
        VPI_TRY(vpi_input_read(input, head, 8));
        const uint32_t size_bytes = vpi_big_endian(head + 4, 4);
        if (memcmp(head, "COMM", 4) == 0) {
            VPI_TRY(read_common(input, aifc, size_bytes, &info));
        } else if (memcmp(head, "SSND", 4) == 0) {
            VPI_ENSURE(size_bytes >= 8 && size_bytes <= input->size_bytes - input->at_bytes,
                VPRIV_E_FORMAT, "was cut short: claims %u bytes of sound", size_bytes);
            VPI_TRY(vpi_input_read(input, head + 8, 8));
            const uint32_t offset_bytes = vpi_big_endian(head + 8, 4);
            VPI_ENSURE(offset_bytes <= size_bytes - 8, VPRIV_E_FORMAT,
                "has sound that begins behind its end");
            sound_bytes = size_bytes - 8 - offset_bytes;
            VPI_TRY(vpi_input_skip(input, size_bytes - 8));
        } else {
            VPI_TRY(vpi_input_skip(input, size_bytes));
        }
        if (size_bytes % 2 && input->at_bytes < input->size_bytes)
            VPI_TRY(vpi_input_skip(input, 1));
    }
    VPI_ENSURE(info.n_frames <= sound_bytes / (info.n_channels * info.n_bits / 8), VPRIV_E_FORMAT,
        "was cut short: claims %llu frames in %llu bytes", (unsigned long long)info.n_frames,
        (unsigned long long)sound_bytes);
    *info_out = info;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_flac_probe(vpi_byte_input *input, vpi_sound_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_sound_info info = {.container = VPI_CONTAINER_FLAC};
    uint8_t bytes[4 + 34];
    VPI_TRY(vpi_input_read(input, bytes, sizeof bytes));
    VPI_ENSURE((bytes[0] & 0x7f) == 0 && vpi_big_endian(bytes + 1, 3) == 34, VPRIV_E_FORMAT,
        "does not begin with FLAC stream information");
    const uint8_t *at = bytes + 4 + 10;
    info.rate_hz = vpi_big_endian(at, 3) >> 4;
    info.n_channels = (uint32_t)(at[2] >> 1 & 7) + 1;
    info.n_bits = (uint32_t)((at[2] & 1) << 4 | at[3] >> 4) + 1;
    info.n_frames = (uint64_t)(at[3] & 15) << 32 | vpi_big_endian(at + 4, 4);
    if (info.n_frames == 0) /* FLAC's way to say that the writer did not know */
        info.n_frames = VPI_FRAMES_UNKNOWN;
    VPI_ENSURE(info.n_bits != 32, VPRIV_E_UNSUPPORTED, "has FLAC of 32 bits, not read here");
    VPI_ENSURE(info.n_frames == VPI_FRAMES_UNKNOWN || info.n_frames / FLAC_FRAME_MAX_FRAMES <=
                                                          input->size_bytes / FLAC_FRAME_MIN_BYTES,
        VPRIV_E_FORMAT, "was cut short: claims %llu frames in %llu bytes",
        (unsigned long long)info.n_frames, (unsigned long long)input->size_bytes);
    *info_out = info;
    st = VPRIV_OK;
out:
    return st;
}
