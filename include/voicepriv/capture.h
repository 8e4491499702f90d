/** @file capture.h
 *  Where sound comes from, and in which shape it arrives. */
#ifndef VOICEPRIV_CAPTURE_H
#define VOICEPRIV_CAPTURE_H

#include <voicepriv/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The number format of one sample: little-endian, interleaved. */
typedef enum vpriv_sample_format {
    VPRIV_SAMPLE_S16 = 1, /**< signed 16 bits */
    VPRIV_SAMPLE_S24 = 2, /**< signed 24 bits, packed in 3 bytes */
    VPRIV_SAMPLE_S32 = 3, /**< signed 32 bits */
    VPRIV_SAMPLE_F32 = 4, /**< IEEE 754 single, nominal −1..1 */
} vpriv_sample_format;

/** The shape of a stream of frames. */
typedef struct vpriv_stream_format {
    vpriv_sample_format sample_format;
    uint32_t rate_hz;
    uint32_t n_channels;
} vpriv_stream_format;

#ifdef __cplusplus
}
#endif
#endif
