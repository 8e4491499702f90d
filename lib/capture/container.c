#include "capture/container.h"
#include "base/try.h"
#include "capture/source.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

vpriv_status vpi_input_read(vpi_byte_input *input, void *bytes_out, size_t n_bytes)
{
    uint8_t *at = bytes_out;
    const bool is_file = input->size_bytes != VPI_SIZE_UNKNOWN;
    while (n_bytes > 0) {
        const ssize_t n = is_file ? pread(input->fd, at, n_bytes, (off_t)input->at_bytes)
                                  : read(input->fd, at, n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vpi_fail(VPRIV_E_IO, "cannot read: %s", strerror(errno));
        if (n == 0)
            return vpi_fail(VPRIV_E_FORMAT, "ends within its header");
        at += n;
        n_bytes -= (size_t)n;
        input->at_bytes += (uint64_t)n;
    }
    return VPRIV_OK;
}

vpriv_status vpi_input_skip(vpi_byte_input *input, uint64_t n_bytes)
{
    if (input->size_bytes != VPI_SIZE_UNKNOWN) {
        if (n_bytes > input->size_bytes - input->at_bytes)
            return vpi_fail(VPRIV_E_FORMAT, "ends within its header");
        input->at_bytes += n_bytes;
        return VPRIV_OK;
    }
    uint8_t scratch[512];
    while (n_bytes > 0) {
        const size_t n = n_bytes < sizeof scratch ? (size_t)n_bytes : sizeof scratch;
        const vpriv_status st = vpi_input_read(input, scratch, n);
        if (st != VPRIV_OK)
            return st;
        n_bytes -= n;
    }
    return VPRIV_OK;
}

vpriv_status vpi_sound_info_check(const vpi_sound_info *info)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(info->n_channels >= 1 && info->n_channels <= VPRIV_CHANNELS_MAX, VPRIV_E_LIMIT,
        "has %u channels, which is not 1 to %u", info->n_channels, VPRIV_CHANNELS_MAX);
    VPI_ENSURE(info->rate_hz >= VPRIV_RATE_MIN_HZ && info->rate_hz <= VPRIV_RATE_MAX_HZ,
        VPRIV_E_LIMIT, "has a rate of %u Hz, which is not %u to %u", info->rate_hz,
        VPRIV_RATE_MIN_HZ, VPRIV_RATE_MAX_HZ);
    VPI_ENSURE(info->is_float ? info->n_bits == 32
                              : info->n_bits == 8 || info->n_bits == 16 || info->n_bits == 24 ||
                                    info->n_bits == 32,
        VPRIV_E_UNSUPPORTED, "has %s of %u bits, which is not read here",
        info->is_float ? "floats" : "integers", info->n_bits);
    if (info->n_frames != VPI_FRAMES_UNKNOWN) {
        VPI_ENSURE(info->n_frames > 0, VPRIV_E_FORMAT, "holds no sound");
        VPI_ENSURE(info->n_frames <= (uint64_t)info->rate_hz * 3600 * VPRIV_CAPTURE_FILE_MAX_HOURS,
            VPRIV_E_LIMIT, "is longer than %u hours", VPRIV_CAPTURE_FILE_MAX_HOURS);
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Sound files of other kinds, named so that people know what they have. */
static vpriv_status not_read_here(const uint8_t magic[12])
{
    static const struct {
        const char *magic;
        size_t at, n_bytes;
        const char *kind;
    } kinds[] = {
        {"OggS", 0, 4, "an Ogg file"},
        {"ID3", 0, 3, "an MP3 file or begins like one"},
        {"\xff\xfb", 0, 2, "an MP3 file"},
        {"ftyp", 4, 4, "an MP4 file"},
        {"\x1a\x45\xdf\xa3", 0, 4, "a Matroska or WebM file"},
        {".snd", 0, 4, "an AU file"},
        {"caff", 0, 4, "a Core Audio file"},
        {"RIFX", 0, 4, "a big-endian RIFF file"},
        {"RIFF", 0, 4, "a RIFF file without WAVE sound"},
        {"FORM", 0, 4, "an IFF file without AIFF sound"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (memcmp(magic + kinds[i].at, kinds[i].magic, kinds[i].n_bytes) == 0)
            return vpi_fail(VPRIV_E_UNSUPPORTED, "is %s, which is not read here", kinds[i].kind);
    return vpi_fail(VPRIV_E_FORMAT, "is not a sound file");
}

vpriv_status vpi_container_probe(vpi_byte_input *input, vpi_sound_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const bool is_file = input->size_bytes != VPI_SIZE_UNKNOWN;
    vpi_sound_info info = {.n_frames = VPI_FRAMES_UNKNOWN};
    uint8_t magic[12];
    VPI_ENSURE(input->size_bytes > 0, VPRIV_E_FORMAT, "is empty");
    VPI_ENSURE(input->size_bytes >= sizeof magic, VPRIV_E_FORMAT, "is not a sound file");
    VPI_TRY(vpi_input_read(input, magic, sizeof magic));
    const bool riff = memcmp(magic, "RIFF", 4) == 0 || memcmp(magic, "RF64", 4) == 0;
    const bool aiff = memcmp(magic + 8, "AIFF", 4) == 0 || memcmp(magic + 8, "AIFC", 4) == 0;
    if (riff && memcmp(magic + 8, "WAVE", 4) == 0) {
        VPI_TRY(vpi_wav_probe(input, magic, &info));
    } else if (is_file && aiff && memcmp(magic, "FORM", 4) == 0) {
        VPI_TRY(vpi_aiff_probe(input, magic, &info));
    } else if (is_file && memcmp(magic, "fLaC", 4) == 0) {
        input->at_bytes = 4;
        VPI_TRY(vpi_flac_probe(input, &info));
    } else if (is_file) {
        VPI_TRY(not_read_here(magic));
    } else {
        VPI_TRY(vpi_fail(VPRIV_E_FORMAT, "is not WAV, and nothing else is read from a pipe"));
    }
    VPI_TRY(vpi_sound_info_check(&info));
    *info_out = info;
    st = VPRIV_OK;
out:
    return st;
}
