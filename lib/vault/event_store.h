/* Consent events of this vault and of other surfaces: each line as it was signed, sealed under the key of
 * the person it is about; and which surfaces are trusted. */
#ifndef VPI_VAULT_EVENT_STORE_H
#define VPI_VAULT_EVENT_STORE_H

#include "consent/merge.h"
#include "vault/subject.h"
#include <voicepriv/sync.h>

/* All events of a person, sorted for merging, with whether their notices are in force; to be freed. */
typedef struct vpi_events {
    vpi_merge_event *events;
    size_t n;
    size_t room;
} vpi_events;
vpriv_status vpi_events_load(vpriv_vault *vault, const vpi_subject *person, vpi_events *events_out);
/* Adds an event to them unless it is there; sort again before merging. */
vpriv_status vpi_events_add(vpriv_vault *vault, const vpi_subject *person, const char *line,
    const vpriv_surface_event *said, vpi_events *events, bool *is_new_out);

/* This vault's own word, as an event of its own that has seen all others: kept, and a yes must hold.
 * VPRIV_E_STATE when something is missing that may be a no. */
vpriv_status vpi_events_add_own(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_consent_record *record, vpriv_consent_event event);

/* The first row of a person above *row_io; line_out has VPRIV_SURFACE_LINE_BYTES and ends with a newline.
 * VPRIV_E_NOT_FOUND, without a text, at the end. */
vpriv_status vpi_events_next(vpriv_vault *vault, int64_t subject, int64_t *row_io, char *line_out);

typedef struct vpi_surfaces {
    uint32_t n;
    vpriv_surface_info list[VPRIV_SURFACES_MAX + 1]; /* the vault itself comes last */
} vpi_surfaces;
vpriv_status vpi_surfaces_load(vpriv_vault *vault, vpi_surfaces *surfaces_out);
/* NULL: not trusted. */
const uint8_t *vpi_surfaces_key(const vpi_surfaces *surfaces, const char *name);

#endif
