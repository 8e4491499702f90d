/** @file surface.h
 *  Consent events of several surfaces (app, web page, voice, device), made offline and merged later. A
 *  surface has a name and a key of its own and writes one signed line for each event:
 *
 *      vpriv_surface_event event = {.struct_size = sizeof event, .surface = "app", .sequence = 1, ...};
 *      vpriv_surface_event_sign(&event, seed, line);
 *
 *  A vault that trusts the surface takes the line in, in any order and any number of times; what comes
 *  out is the same everywhere. The rules are in doc/consent-events.md. Nothing here needs a vault. */
#ifndef VOICEPRIV_SURFACE_H
#define VOICEPRIV_SURFACE_H

#include <voicepriv/consent.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_SURFACE_SEED_BYTES       32
#define VPRIV_SURFACE_PUBLIC_KEY_BYTES 32
/** Most other surfaces that an event can say it has seen. */
#define VPRIV_SURFACE_SEEN_MAX 8
/** Room for a line, its newline and the final NUL included. */
#define VPRIV_SURFACE_LINE_BYTES 2048

/** What a surface knew of another one: all its events about this person, up to a number. */
typedef struct vpriv_surface_seen {
    char surface[VPRIV_SURFACE_BYTES];
    uint64_t sequence;
} vpriv_surface_seen;

/** One event. Names of surfaces have letters, digits and . _ / - only. */
typedef struct vpriv_surface_event {
    size_t struct_size;                /**< sizeof(vpriv_surface_event) */
    char surface[VPRIV_SURFACE_BYTES]; /**< who writes it */
    uint64_t sequence; /**< counts the events of this surface about this person, from 1 */
    int64_t time_us;   /**< UTC, whole seconds, years 1970 to 2400 */
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_purpose purpose;     /**< one that rests on consent */
    vpriv_consent_event event; /**< not EXPIRE and INVALIDATE: every vault finds those out itself */
    vpriv_consent_by by;
    vpriv_consent_method method;
    uint8_t
        notice[VPRIV_SHA256_BYTES]; /**< hash of what was shown; zeros: nothing, not for a yes */
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES]; /**< a version 4 UUID */
    int64_t valid_until_us;                           /**< whole seconds; 0 is no end */
    char retention[VPRIV_RETENTION_BYTES];            /**< as in vpriv_consent_record */
    uint32_t max_uses;                                /**< 0 is unlimited */
    uint32_t n_seen;
    vpriv_surface_seen seen[VPRIV_SURFACE_SEEN_MAX]; /**< by name, ascending, not the own one */
} vpriv_surface_event;

/** Write an event as a line and sign it. It is checked first.
 *  @param      event     everything that the line says
 *  @param      seed      VPRIV_SURFACE_SEED_BYTES of the surface's Ed25519 key
 *  @param[out] line_out  VPRIV_SURFACE_LINE_BYTES; ends with a newline and NUL; untouched on failure
 *  Owns:     borrows all for the call
 *  Threads:  any      Realtime: no      Secrets: seed; copies are wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG with the field that is wrong  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_surface_event_sign(
    const vpriv_surface_event *event, const uint8_t *seed, char *line_out);

/** Read a line. One event is exactly one line: any other spelling is refused.
 *  @param      line        with its newline or without
 *  @param      n_bytes     at least 1
 *  @param      public_key  VPRIV_SURFACE_PUBLIC_KEY_BYTES of the surface; NULL does not check the
 *                          signature
 *  @param[out] event_out   untouched on failure
 *  Owns:     borrows all for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_FORMAT with what is wrong
 *  @retval VPRIV_E_VERSION of a later form  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_AUTH another key signed it, or a byte was changed  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_surface_event_read(
    const char *line, size_t n_bytes, const uint8_t *public_key, vpriv_surface_event *event_out);

#ifdef __cplusplus
}
#endif
#endif
