/* A first look at a sound file, before any decoder sees it: which container, is its coding on the
 * list of those we read, are rate, channels and length within bounds, and can the file hold what
 * its header claims. Reads headers only and allocates nothing. */
#ifndef VPI_CAPTURE_CONTAINER_H
#define VPI_CAPTURE_CONTAINER_H

#include "base/status.h"

#define VPI_SIZE_UNKNOWN UINT64_MAX

typedef enum vpi_container {
    VPI_CONTAINER_WAV = 1, /* RIFF, and RF64 */
    VPI_CONTAINER_AIFF,    /* AIFF and AIFF-C */
    VPI_CONTAINER_FLAC,
} vpi_container;

/* Bytes in order, from a regular file or from a pipe (size_bytes VPI_SIZE_UNKNOWN). */
typedef struct vpi_byte_input {
    int fd;
    uint64_t at_bytes;
    uint64_t size_bytes;
} vpi_byte_input;

/* All n bytes, VPRIV_E_FORMAT when the input ends before. A pipe is waited for. */
vpriv_status vpi_input_read(vpi_byte_input *input, void *bytes_out, size_t n_bytes);
vpriv_status vpi_input_skip(vpi_byte_input *input, uint64_t n_bytes);

typedef struct vpi_sound_info {
    vpi_container container;
    uint32_t rate_hz;
    uint32_t n_channels;
    uint32_t n_bits; /* per sample, as stored: 8, 16, 24 or 32 */
    bool is_float;
    uint64_t n_frames; /* VPI_FRAMES_UNKNOWN when the header does not say */
} vpi_sound_info;

/* Look at the container at the start of the input. Of a pipe only WAV is read, and the input stands
 * at the first frame afterwards. */
vpriv_status vpi_container_probe(vpi_byte_input *input, vpi_sound_info *info_out);

/* The three containers, once the first 12 bytes have told which; input stands behind them. */
vpriv_status vpi_wav_probe(
    vpi_byte_input *input, const uint8_t magic[12], vpi_sound_info *info_out);
vpriv_status vpi_aiff_probe(
    vpi_byte_input *input, const uint8_t magic[12], vpi_sound_info *info_out);
vpriv_status vpi_flac_probe(vpi_byte_input *input, vpi_sound_info *info_out);

/* Bounds on rate, channels, bits and length; every probe ends with it. */
vpriv_status vpi_sound_info_check(const vpi_sound_info *info);

#endif
