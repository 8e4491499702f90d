/* RIFF and RF64: chunks until the sound begins. */
#include "base/bytes.h"
#include "base/try.h"
#include "capture/container.h"
#include "capture/source.h"
#include <string.h>

#define N_CHUNKS_MAX     4096
#define FORMAT_BYTES_MAX 40u
#define TAG_INTEGER      0x0001u
#define TAG_FLOAT        0x0003u
#define TAG_EXTENSIBLE   0xfffeu
/* What writers to a pipe put where a length belongs: 0, or near 2 or 4 GiB. */
#define UNKNOWABLE_BYTES 0x7ffff000u

typedef struct wav_walk {
    vpi_sound_info info;
    bool rf64;
    bool has_format;
    uint64_t sound_bytes; /* from ds64, in RF64 */
    uint32_t frame_bytes;
} wav_walk;

static vpriv_status read_format(vpi_byte_input *input, wav_walk *walk, uint64_t size_bytes)
{
    static const uint8_t guid_tail[14] = {
        0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t bytes[FORMAT_BYTES_MAX] = {0};
    VPI_ENSURE(!walk->has_format, VPRIV_E_FORMAT, "has two format chunks");
    VPI_ENSURE(size_bytes >= 16, VPRIV_E_FORMAT, "has a format chunk of %llu bytes",
        (unsigned long long)size_bytes);
    const size_t n_bytes = size_bytes < sizeof bytes ? (size_t)size_bytes : sizeof bytes;
    VPI_TRY(vpi_input_read(input, bytes, n_bytes));
    VPI_TRY(vpi_input_skip(input, size_bytes - n_bytes));
    vpi_reader r = vpi_reader_of(bytes, n_bytes);
    uint16_t tag = vpi_get_u16(&r);
    walk->info.n_channels = vpi_get_u16(&r);
    walk->info.rate_hz = vpi_get_u32(&r);
    vpi_get_u32(&r); /* bytes per second follows from the others */
    walk->frame_bytes = vpi_get_u16(&r);
    walk->info.n_bits = vpi_get_u16(&r);
    if (tag == TAG_EXTENSIBLE) {
        VPI_ENSURE(n_bytes >= 40, VPRIV_E_FORMAT, "has an extensible format that is too short");
        VPI_ENSURE(memcmp(bytes + 26, guid_tail, sizeof guid_tail) == 0, VPRIV_E_UNSUPPORTED,
            "has a private coding, which is not read here");
        tag = (uint16_t)(bytes[24] | bytes[25] << 8);
    }
    VPI_ENSURE(tag == TAG_INTEGER || tag == TAG_FLOAT, VPRIV_E_UNSUPPORTED,
        "has WAV coding %u, which is not read here", tag);
    walk->info.is_float = tag == TAG_FLOAT;
    VPI_TRY(vpi_sound_info_check(&walk->info));
    VPI_ENSURE(walk->frame_bytes == walk->info.n_channels * walk->info.n_bits / 8, VPRIV_E_FORMAT,
        "has frames of %u bytes for %u samples of %u bits", walk->frame_bytes,
        walk->info.n_channels, walk->info.n_bits);
    walk->has_format = true;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status read_long_sizes(vpi_byte_input *input, wav_walk *walk, uint64_t size_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t bytes[28];
    VPI_ENSURE(walk->rf64 && size_bytes >= sizeof bytes, VPRIV_E_FORMAT,
        "has a ds64 chunk of the wrong size or in the wrong place");
    VPI_TRY(vpi_input_read(input, bytes, sizeof bytes));
    VPI_TRY(vpi_input_skip(input, size_bytes - sizeof bytes));
    vpi_reader r = vpi_reader_of(bytes, sizeof bytes);
    vpi_get_u64(&r);
    walk->sound_bytes = vpi_get_u64(&r);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status reach_sound(vpi_byte_input *input, wav_walk *walk, uint64_t size_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(walk->has_format, VPRIV_E_FORMAT, "has sound before its format");
    if (walk->rf64 && size_bytes == UINT32_MAX)
        size_bytes = walk->sound_bytes;
    if (input->size_bytes == VPI_SIZE_UNKNOWN) {
        if (size_bytes == 0 || size_bytes >= UNKNOWABLE_BYTES)
            size_bytes = VPI_SIZE_UNKNOWN;
    } else {
        const uint64_t left_bytes = input->size_bytes - input->at_bytes;
        VPI_ENSURE(size_bytes <= left_bytes, VPRIV_E_FORMAT,
            "was cut short or never finished: claims %llu bytes of sound, holds %llu "
            "(give it as standard input to read it to its end)",
            (unsigned long long)size_bytes, (unsigned long long)left_bytes);
    }
    if (size_bytes != VPI_SIZE_UNKNOWN)
        walk->info.n_frames = size_bytes / walk->frame_bytes;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_wav_probe(vpi_byte_input *input, const uint8_t magic[12], vpi_sound_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    wav_walk walk = {.rf64 = memcmp(magic, "RF64", 4) == 0};
    walk.info.container = VPI_CONTAINER_WAV;
    walk.info.n_frames = VPI_FRAMES_UNKNOWN;
    for (int i = 0;; i++) {
        uint8_t head[8];
        VPI_ENSURE(i < N_CHUNKS_MAX, VPRIV_E_LIMIT, "has more than %d chunks", N_CHUNKS_MAX);
        VPI_TRY(vpi_input_read(input, head, sizeof head));
        vpi_reader r = vpi_reader_of(head + 4, 4);
        const uint64_t size_bytes = vpi_get_u32(&r);
        if (memcmp(head, "data", 4) == 0) {
            VPI_TRY(reach_sound(input, &walk, size_bytes));
            break;
        }
        if (memcmp(head, "fmt ", 4) == 0)
            VPI_TRY(read_format(input, &walk, size_bytes));
        else if (memcmp(head, "ds64", 4) == 0)
            VPI_TRY(read_long_sizes(input, &walk, size_bytes));
        else
            VPI_TRY(vpi_input_skip(input, size_bytes));
        if (size_bytes % 2)
            VPI_TRY(vpi_input_skip(input, 1));
    }
    *info_out = walk.info;
    st = VPRIV_OK;
out:
    return st;
}
