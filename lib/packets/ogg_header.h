/* The two header packets of Ogg Opus (RFC 7845, 5). */
#ifndef VPI_PACKETS_OGG_HEADER_H
#define VPI_PACKETS_OGG_HEADER_H

#include "base/status.h"

#define VPI_OPUS_HEAD_BYTES     19u
#define VPI_OPUS_TAGS_MAX_BYTES (1u << 20)

typedef struct vpi_opus_head {
    uint32_t n_channels;       /* 1 or 2 */
    uint32_t preskip_frames48; /* up to 65535 */
    uint32_t input_rate_hz;    /* for people; 0 when not known */
} vpi_opus_head;

void vpi_opus_head_write(const vpi_opus_head *head, uint8_t bytes_out[VPI_OPUS_HEAD_BYTES]);
/* VPRIV_E_FORMAT when malformed, VPRIV_E_UNSUPPORTED for what is no Opus, another version, channel
 * mapping other than family 0, or an output gain: packets go on unchanged, so that a gain would be
 * lost without a word. */
vpriv_status vpi_opus_head_parse(const uint8_t *bytes, size_t n_bytes, vpi_opus_head *head_out);

/* The comment packet, in memory the caller frees. Each comment is KEY=VALUE, the key of printable
 * ASCII, the value of UTF-8; VPRIV_E_ARG otherwise, VPRIV_E_LIMIT beyond VPI_OPUS_TAGS_MAX_BYTES.
 */
vpriv_status vpi_opus_tags_write(
    const char *const *comments, size_t n_comments, uint8_t **bytes_out, size_t *n_bytes_out);
/* Only whether it is well-formed: comments of others say who, where and when, and are not taken. */
vpriv_status vpi_opus_tags_check(const uint8_t *bytes, size_t n_bytes);

#endif
