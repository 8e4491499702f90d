#include "packets/packet.h"
#include "base/memory.h"
#include "base/try.h"
#include <opus.h>

/* TOC byte (RFC 6716, 3.1): configuration in bits 3 to 7, stereo in bit 2, frame count code below.
 */
#define STEREO_BIT         4u
#define FIRST_HYBRID       12u
#define FIRST_CELT         16u
#define PADDED_BYTES_LIMIT (1u << 20)

vpriv_status vpi_packet_check(
    const uint8_t *packet, size_t n_bytes, uint32_t *duration_frames48_out)
{
    const unsigned char *frames[48];
    opus_int16 sizes[48];
    unsigned char toc;
    if (n_bytes == 0 || n_bytes > PADDED_BYTES_LIMIT)
        return vpi_fail(VPRIV_E_FORMAT, "an Opus packet of %zu bytes", n_bytes);
    const int n_frames = opus_packet_parse(packet, (opus_int32)n_bytes, &toc, frames, sizes, NULL);
    if (n_frames <= 0)
        return vpi_fail(VPRIV_E_FORMAT, "an Opus packet is malformed");
    const uint32_t duration =
        (uint32_t)n_frames * (uint32_t)opus_packet_get_samples_per_frame(packet, 48000);
    if (duration > VPI_PACKET_MAX_FRAMES48)
        return vpi_fail(VPRIV_E_FORMAT, "an Opus packet is longer than 120 ms");
    *duration_frames48_out = duration;
    return VPRIV_OK;
}

/* A configuration and its duration, longest first within each mode. */
typedef struct timing {
    uint8_t offset;
    uint16_t frames48;
} timing;

static const timing silk_timings[] = {{3, 2880}, {2, 1920}, {1, 960}, {0, 480}};
static const timing hybrid_timings[] = {{1, 960}, {0, 480}};
static const timing celt_timings[] = {{3, 960}, {2, 480}, {1, 240}, {0, 120}};

static const timing *longest_within(const timing *timings, size_t n_timings, uint64_t limit)
{
    for (size_t i = 0; i < n_timings; i++)
        if (timings[i].frames48 <= limit)
            return &timings[i];
    return NULL;
}

uint8_t vpi_packet_nothing(
    uint8_t previous_toc, uint64_t limit_frames48, uint32_t *duration_frames48_out)
{
    VPI_IMPOSSIBLE_UNLESS(limit_frames48 >= VPI_PACKET_QUANTUM_FRAMES);
    unsigned config = previous_toc >> 3;
    const timing *found = NULL;
    if (config < FIRST_HYBRID) {
        config -= config % 4;
        found = longest_within(silk_timings, 4, limit_frames48);
    } else if (config < FIRST_CELT) {
        config -= config % 2;
        found = longest_within(hybrid_timings, 2, limit_frames48);
    }
    if (!found) {
        /* Only CELT has less than 10 ms; its narrowest bandwidth is as good as any for nothing. */
        config = config < FIRST_CELT ? FIRST_CELT : config - config % 4;
        found = longest_within(celt_timings, 4, limit_frames48);
    }
    *duration_frames48_out = found->frames48;
    return (uint8_t)((config + found->offset) << 3 | (previous_toc & STEREO_BIT));
}

struct vpi_splitter {
    OpusRepacketizer *frames; /* points into the packet, holds no sound itself */
    uint32_t frame_frames48;
    int n_frames;
    int at;
};

vpriv_status vpi_splitter_create(vpi_splitter **splitter_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_splitter *splitter = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *splitter, (void **)&splitter));
    splitter->frames = opus_repacketizer_create();
    VPI_ENSURE(splitter->frames, VPRIV_E_MEMORY, "no memory for a packet splitter");
    *splitter_out = splitter;
    splitter = NULL;
    st = VPRIV_OK;
out:
    free(splitter);
    return st;
}

void vpi_splitter_destroy(vpi_splitter *splitter)
{
    if (!splitter)
        return;
    opus_repacketizer_destroy(splitter->frames);
    free(splitter);
}

vpriv_status vpi_splitter_begin(vpi_splitter *splitter, const uint8_t *packet, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t duration;
    VPI_TRY(vpi_packet_check(packet, n_bytes, &duration));
    opus_repacketizer_init(splitter->frames);
    VPI_ENSURE(opus_repacketizer_cat(splitter->frames, packet, (opus_int32)n_bytes) == OPUS_OK,
        VPRIV_E_FORMAT, "an Opus packet is malformed");
    splitter->frame_frames48 = (uint32_t)opus_packet_get_samples_per_frame(packet, 48000);
    splitter->n_frames = opus_repacketizer_get_nb_frames(splitter->frames);
    splitter->at = 0;
    st = VPRIV_OK;
out:
    return st;
}

bool vpi_splitter_next(vpi_splitter *splitter, uint8_t *packet_out, size_t capacity_bytes,
    size_t *n_bytes_out, uint32_t *duration_frames48_out)
{
    VPI_IMPOSSIBLE_UNLESS(capacity_bytes >= 1276 && capacity_bytes <= INT32_MAX);
    for (int end = splitter->n_frames; end > splitter->at; end--) {
        const opus_int32 n_bytes = opus_repacketizer_out_range(
            splitter->frames, splitter->at, end, packet_out, (opus_int32)capacity_bytes);
        if (n_bytes <= 0)
            continue;
        *n_bytes_out = (size_t)n_bytes;
        *duration_frames48_out = (uint32_t)(end - splitter->at) * splitter->frame_frames48;
        splitter->at = end;
        return true;
    }
    return false;
}
