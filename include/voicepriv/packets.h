/** @file packets.h
 *  How sound is encoded before it is kept: Opus, always.
 *
 *      vpriv_encoding encoding = {.struct_size = sizeof encoding, .bitrate_bps = 32000};
 *
 *  Every field but struct_size may stay zero.
 */
#ifndef VOICEPRIV_PACKETS_H
#define VOICEPRIV_PACKETS_H

#include <voicepriv/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the encoder is to be best at. */
typedef enum vpriv_application {
    VPRIV_APPLICATION_VOIP = 1,      /**< speech one wants to understand; the default */
    VPRIV_APPLICATION_AUDIO = 2,     /**< any sound, as it is */
    VPRIV_APPLICATION_LOW_DELAY = 3, /**< 4 ms less of look-ahead, at some cost in quality */
} vpriv_application;

/** How to encode. Zero in a field means its default. */
typedef struct vpriv_encoding {
    size_t struct_size;   /**< sizeof (vpriv_encoding) */
    uint32_t rate_hz;     /**< 8000, 12000, 16000, 24000 or 48000; default 16000 */
    uint32_t n_channels;  /**< 1 or 2; default 1 */
    uint32_t bitrate_bps; /**< 6000 to 510000; default 24000 */
    /** 1 to 11: libopus's complexity of 0 (least work) to 10 (best sound) plus one, so that 0 can
     *  mean the default, which is complexity 5 */
    uint32_t complexity_plus_one;
    vpriv_application application; /**< default VPRIV_APPLICATION_VOIP */
    uint32_t packet_us;            /**< 2500, 5000, 10000, 20000, 40000 or 60000; default 20000 */
    /** false lets packets be as large as their sound needs; true makes them one size. On disk their
     *  sizes never show; above about 31 kb/s the number of blocks may follow them, unless this is
     *  true. */
    bool constant_bitrate;
} vpriv_encoding;

/** Check an encoding and put the defaults in, so that every field says what will be done.
 *  @param      encoding    what is wanted; NULL means every default
 *  @param[out] filled_out  the same with defaults put in, may be the same struct as encoding;
 *                          untouched on failure
 *  Owns:     nothing
 *  Threads:  any      Realtime: no (a failure writes a text)      Secrets: none
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG  filled_out is NULL, struct_size is unknown, or a field is outside its
 * range; vpriv_error_detail() names it
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_encoding_check(
    const vpriv_encoding *encoding, vpriv_encoding *filled_out);

#ifdef __cplusplus
}
#endif
#endif
