/* Events of several surfaces about one person and one purpose, merged: a pure function of the set of
 * events. The order of arrival and doubles make no difference. The rules are in doc/consent-events.md:
 *
 *   - e is before f: same surface and a smaller number, or f's surface had seen e when it wrote f; and
 *     not the other way round as well
 *   - a yes counts when nothing of its surface is missing before it, nobody else has its number, and its
 *     notice is in force
 *   - a yes holds when every no is before it; otherwise some no holds
 *   - a yes of one guardian holds when none of them has said no before, or all of them together have said
 *     yes in between
 *   - of several that hold, those that are before none of the others; of these the latest time, then the
 *     greatest surface, number and hash */
#ifndef VPI_CONSENT_MERGE_H
#define VPI_CONSENT_MERGE_H

#include "base/status.h"
#include <voicepriv/surface.h>

typedef struct vpi_merge_event {
    vpriv_surface_event said;
    uint8_t hash[VPRIV_SHA256_BYTES]; /* of the line: two events are the same when these are */
    bool notice_in_force;
    bool waits;     /* set by vpi_merge_sort */
    bool is_forked; /* set by vpi_merge_sort */
    int group;      /* scratch of vpi_merge */
} vpi_merge_event;

typedef struct vpi_merge_result {
    vpriv_consent_state state;
    const vpi_merge_event *winner; /* in events; NULL in state Unknown */
    bool has_gap;                  /* a yes waits for events that are missing before it */
    bool is_forked;                /* a surface used one number twice */
    bool is_objected;              /* one guardian says yes after a guardian said no */
} vpi_merge_result;

/* Events of one person, of all purposes, each hash once: by surface and number, with what is known from
 * that. To be done before the others are called. */
void vpi_merge_sort(vpi_merge_event *events, size_t n_events);

vpi_merge_result vpi_merge(vpi_merge_event *events, size_t n_events, vpriv_purpose purpose);

/* How many events of a surface are there without a gap, from 1. */
uint64_t vpi_merge_known(const vpi_merge_event *events, size_t n_events, const char *surface);

bool vpi_merge_is_yes(vpriv_consent_event event);
bool vpi_merge_is_no(vpriv_consent_event event);

#endif
