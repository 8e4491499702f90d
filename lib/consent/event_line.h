/* Consent events as signed lines:
 *
 *   {"voicepriv_event":1,"surface":…,"sequence":…,"time":…,"subject":…,"purpose":…,"event":…,"by":…,
 *    "method":…,"notice":…,"record_id":…,"valid_until":…,"retention":…,"max_uses":…,"seen":{…},
 *    "signature":…}
 *
 * without any space, fields in this order; hex is lower case, times are "2026-11-22T08:30:16Z", no notice
 * and no end are "". signature = Ed25519 over "voicepriv consent event" ‖ 0 ‖ the line up to the comma
 * before "signature". One event has exactly one line. */
#ifndef VPI_CONSENT_EVENT_LINE_H
#define VPI_CONSENT_EVENT_LINE_H

#include "base/status.h"
#include <voicepriv/surface.h>

/* VPRIV_E_ARG with the field that is wrong. */
vpriv_status vpi_surface_event_check(const vpriv_surface_event *event);
bool vpi_surface_name_is_valid(const char *name);
bool vpi_public_key_is_good(const uint8_t *public_key);

const char *vpi_consent_by_name(vpriv_consent_by by);
const char *vpi_consent_method_name(vpriv_consent_method method);

#endif
