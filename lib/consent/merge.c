#include "consent/merge.h"
#include "consent/state.h"
#include <stdlib.h>
#include <string.h>

bool vpi_merge_is_yes(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_GIVE || event == VPRIV_CONSENT_EVENT_RECONFIRM;
}

bool vpi_merge_is_no(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_REFUSE || event == VPRIV_CONSENT_EVENT_WITHDRAW ||
           event == VPRIV_CONSENT_EVENT_REVOKE || event == VPRIV_CONSENT_EVENT_DEFER;
}

static vpriv_consent_state state_after(vpriv_consent_event event)
{
    switch (event) {
    case VPRIV_CONSENT_EVENT_REQUEST:
        return VPRIV_CONSENT_REQUESTED;
    case VPRIV_CONSENT_EVENT_GIVE:
        return VPRIV_CONSENT_GIVEN;
    case VPRIV_CONSENT_EVENT_RECONFIRM:
        return VPRIV_CONSENT_RENEWED;
    case VPRIV_CONSENT_EVENT_REFUSE:
        return VPRIV_CONSENT_REFUSED;
    case VPRIV_CONSENT_EVENT_DEFER:
        return VPRIV_CONSENT_DEFERRED;
    case VPRIV_CONSENT_EVENT_WITHDRAW:
        return VPRIV_CONSENT_WITHDRAWN;
    case VPRIV_CONSENT_EVENT_REVOKE:
        return VPRIV_CONSENT_REVOKED;
    case VPRIV_CONSENT_EVENT_EXPIRE:
    case VPRIV_CONSENT_EVENT_INVALIDATE:
        break; /* on no line */
    }
    return VPRIV_CONSENT_UNKNOWN;
}

static bool has_seen(const vpi_merge_event *later, const vpi_merge_event *earlier)
{
    if (strcmp(later->said.surface, earlier->said.surface) == 0)
        return earlier->said.sequence < later->said.sequence;
    for (uint32_t i = 0; i < later->said.n_seen; i++)
        if (strcmp(later->said.seen[i].surface, earlier->said.surface) == 0)
            return earlier->said.sequence <= later->said.seen[i].sequence;
    return false;
}

static bool is_before(const vpi_merge_event *earlier, const vpi_merge_event *later)
{
    return has_seen(later, earlier) && !has_seen(earlier, later);
}

static int compare(const void *a, const void *b)
{
    const vpi_merge_event *x = a, *y = b;
    const int by_name = strcmp(x->said.surface, y->said.surface);
    if (by_name != 0)
        return by_name;
    if (x->said.sequence != y->said.sequence)
        return x->said.sequence < y->said.sequence ? -1 : 1;
    return memcmp(x->hash, y->hash, sizeof x->hash);
}

void vpi_merge_sort(vpi_merge_event *events, size_t n_events)
{
    uint64_t known = 0;
    if (n_events > 0)
        qsort(events, n_events, sizeof *events, compare);
    for (size_t i = 0; i < n_events; i++) {
        vpi_merge_event *event = &events[i];
        const bool is_first =
            i == 0 || strcmp(events[i - 1].said.surface, event->said.surface) != 0;
        known = is_first ? 0 : known;
        event->is_forked = !is_first && events[i - 1].said.sequence == event->said.sequence;
        if (event->is_forked)
            events[i - 1].is_forked = true;
        else if (event->said.sequence == known + 1)
            known++;
        event->waits = event->said.sequence > known;
    }
}

uint64_t vpi_merge_known(const vpi_merge_event *events, size_t n_events, const char *surface)
{
    uint64_t known = 0;
    for (size_t i = 0; i < n_events; i++)
        if (!events[i].waits && strcmp(events[i].said.surface, surface) == 0)
            known = events[i].said.sequence;
    return known;
}

enum { YES_HOLDS, YES_OF_OLD_NOTICE, NO, ASKED, N_GROUPS };

/* What the events of one purpose come down to, while they are looked at. */
typedef struct merging {
    vpi_merge_event *events;
    size_t n;
    vpriv_purpose purpose;
    vpi_merge_result result;
} merging;

/* A guardian's no, and no yes of all of them together between it and this one. */
static bool is_objection(const merging *m, const vpi_merge_event *no, const vpi_merge_event *yes)
{
    if (no->said.purpose != m->purpose || !vpi_consent_is_by_guardian(no->said.by) ||
        (no->said.event != VPRIV_CONSENT_EVENT_REFUSE &&
            no->said.event != VPRIV_CONSENT_EVENT_WITHDRAW))
        return false;
    for (size_t i = 0; i < m->n; i++) {
        const vpi_merge_event *all = &m->events[i];
        if (all->said.purpose == m->purpose && vpi_merge_is_yes(all->said.event) &&
            all->said.by == VPRIV_CONSENT_BY_GUARDIANS && !all->waits && !all->is_forked &&
            is_before(no, all) && is_before(all, yes))
            return false;
    }
    return true;
}

static bool is_objected_to(merging *m, const vpi_merge_event *yes)
{
    if (yes->said.by != VPRIV_CONSENT_BY_PARENT && yes->said.by != VPRIV_CONSENT_BY_GUARDIAN)
        return false;
    for (size_t i = 0; i < m->n; i++)
        if (is_objection(m, &m->events[i], yes)) {
            m->result.is_objected = true;
            return true;
        }
    return false;
}

static bool holds(merging *m, const vpi_merge_event *yes)
{
    m->result.has_gap |= yes->waits;
    m->result.is_forked |= yes->is_forked;
    if (yes->waits || yes->is_forked)
        return false;
    for (size_t i = 0; i < m->n; i++)
        if (m->events[i].said.purpose == m->purpose && vpi_merge_is_no(m->events[i].said.event) &&
            !is_before(&m->events[i], yes))
            return false;
    return !is_objected_to(m, yes);
}

static int group_of(merging *m, const vpi_merge_event *event)
{
    if (event->said.purpose != m->purpose)
        return N_GROUPS;
    if (vpi_merge_is_no(event->said.event))
        return NO;
    if (!vpi_merge_is_yes(event->said.event))
        return ASKED;
    if (!holds(m, event))
        return N_GROUPS;
    return event->notice_in_force ? YES_HOLDS : YES_OF_OLD_NOTICE;
}

/* A total order for what nothing else orders. */
static bool is_greater(const vpi_merge_event *a, const vpi_merge_event *b)
{
    const int by_name = strcmp(a->said.surface, b->said.surface);
    if (a->said.time_us != b->said.time_us)
        return a->said.time_us > b->said.time_us;
    if (by_name != 0)
        return by_name > 0;
    if (a->said.sequence != b->said.sequence)
        return a->said.sequence > b->said.sequence;
    return memcmp(a->hash, b->hash, sizeof a->hash) > 0;
}

/* Of a group: those that are before none of it (all, when surfaces contradict each other), and of
 * these the greatest. */
static const vpi_merge_event *last_of(const merging *m, int group)
{
    const vpi_merge_event *last = NULL, *last_of_all = NULL;
    for (size_t i = 0; i < m->n; i++) {
        const vpi_merge_event *event = &m->events[i];
        bool is_last = true;
        if (event->group != group)
            continue;
        for (size_t k = 0; k < m->n && is_last; k++)
            is_last = m->events[k].group != group || !is_before(event, &m->events[k]);
        if (is_last && (!last || is_greater(event, last)))
            last = event;
        if (!last_of_all || is_greater(event, last_of_all))
            last_of_all = event;
    }
    return last ? last : last_of_all;
}

vpi_merge_result vpi_merge(vpi_merge_event *events, size_t n_events, vpriv_purpose purpose)
{
    merging m = {.events = events, .n = n_events, .purpose = purpose};
    for (size_t i = 0; i < n_events; i++)
        events[i].group = group_of(&m, &events[i]);
    for (int group = 0; group < N_GROUPS && !m.result.winner; group++) {
        m.result.winner = last_of(&m, group);
        if (m.result.winner)
            m.result.state = group == YES_OF_OLD_NOTICE ? VPRIV_CONSENT_INVALIDATED
                                                        : state_after(m.result.winner->said.event);
    }
    return m.result;
}
