#include "consent/state.h"
#include "base/try.h"

#define N_STATES (VPRIV_CONSENT_RENEWED + 1)
#define N_EVENTS (VPRIV_CONSENT_EVENT_RECONFIRM + 1)

static const char *const state_names[N_STATES] = {"unknown", "requested", "given", "refused",
    "deferred", "withdrawn", "revoked", "expired", "invalidated", "renewed"};

static const char *const event_names[N_EVENTS] = {"no event", "request", "give", "refuse", "defer",
    "withdraw", "revoke", "expire", "invalidate", "reconfirm"};

static bool is_state(vpriv_consent_state state)
{
    return (int)state >= 0 && (int)state < N_STATES;
}

static bool is_event(vpriv_consent_event event)
{
    return (int)event > 0 && (int)event < N_EVENTS;
}

const char *vpriv_consent_state_name(vpriv_consent_state state)
{
    return is_state(state) ? state_names[state] : "unknown state";
}

const char *vpi_consent_event_name(vpriv_consent_event event)
{
    return is_event(event) ? event_names[event] : "unknown event";
}

bool vpi_consent_permits(vpriv_consent_state state)
{
    return state == VPRIV_CONSENT_GIVEN || state == VPRIV_CONSENT_RENEWED;
}

/* Where an event leads when it is possible at all; the same from wherever it comes. */
static vpriv_consent_state destination(vpriv_consent_event event)
{
    switch (event) {
    case VPRIV_CONSENT_EVENT_REQUEST:
        return VPRIV_CONSENT_REQUESTED;
    case VPRIV_CONSENT_EVENT_GIVE:
        return VPRIV_CONSENT_GIVEN;
    case VPRIV_CONSENT_EVENT_REFUSE:
        return VPRIV_CONSENT_REFUSED;
    case VPRIV_CONSENT_EVENT_DEFER:
        return VPRIV_CONSENT_DEFERRED;
    case VPRIV_CONSENT_EVENT_WITHDRAW:
        return VPRIV_CONSENT_WITHDRAWN;
    case VPRIV_CONSENT_EVENT_REVOKE:
        return VPRIV_CONSENT_REVOKED;
    case VPRIV_CONSENT_EVENT_EXPIRE:
        return VPRIV_CONSENT_EXPIRED;
    case VPRIV_CONSENT_EVENT_INVALIDATE:
        return VPRIV_CONSENT_INVALIDATED;
    case VPRIV_CONSENT_EVENT_RECONFIRM:
        return VPRIV_CONSENT_RENEWED;
    }
    return VPRIV_CONSENT_UNKNOWN;
}

static bool is_possible(vpriv_consent_state state, vpriv_consent_event event)
{
    switch (event) {
    case VPRIV_CONSENT_EVENT_REQUEST:
        return !vpi_consent_permits(state);
    case VPRIV_CONSENT_EVENT_GIVE:
    case VPRIV_CONSENT_EVENT_REFUSE:
        return state == VPRIV_CONSENT_REQUESTED || state == VPRIV_CONSENT_UNKNOWN;
    case VPRIV_CONSENT_EVENT_DEFER:
        return state == VPRIV_CONSENT_REQUESTED;
    case VPRIV_CONSENT_EVENT_WITHDRAW:
    case VPRIV_CONSENT_EVENT_REVOKE:
    case VPRIV_CONSENT_EVENT_EXPIRE:
    case VPRIV_CONSENT_EVENT_INVALIDATE:
        return vpi_consent_permits(state);
    case VPRIV_CONSENT_EVENT_RECONFIRM:
        return state == VPRIV_CONSENT_EXPIRED;
    }
    return false;
}

vpriv_status vpi_consent_next(
    vpriv_consent_state state, vpriv_consent_event event, vpriv_consent_state *next_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(next_out, VPRIV_E_ARG, "consent: output is NULL");
    VPI_ENSURE(is_state(state), VPRIV_E_ARG, "consent: no such state (%d)", (int)state);
    VPI_ENSURE(is_event(event), VPRIV_E_ARG, "consent: no such event (%d)", (int)event);
    VPI_ENSURE(is_possible(state, event), VPRIV_E_STATE, "consent: cannot %s while %s",
        vpi_consent_event_name(event), vpriv_consent_state_name(state));
    *next_out = destination(event);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_consent_event vpi_consent_event_into(vpriv_consent_state state)
{
    for (int event = 1; event < N_EVENTS; event++)
        if (state != VPRIV_CONSENT_UNKNOWN && destination((vpriv_consent_event)event) == state)
            return (vpriv_consent_event)event;
    return (vpriv_consent_event)0;
}

bool vpi_consent_is_by_guardian(vpriv_consent_by by)
{
    return by == VPRIV_CONSENT_BY_PARENT || by == VPRIV_CONSENT_BY_GUARDIAN ||
           by == VPRIV_CONSENT_BY_GUARDIANS;
}

static bool is_for_controller(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_REVOKE || event == VPRIV_CONSENT_EVENT_EXPIRE ||
           event == VPRIV_CONSENT_EVENT_INVALIDATE;
}

vpriv_status vpi_consent_may(vpriv_consent_by by, vpriv_consent_event event)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(is_event(event), VPRIV_E_ARG, "consent: no such event (%d)", (int)event);
    VPI_ENSURE(by >= VPRIV_CONSENT_BY_PERSON && by <= VPRIV_CONSENT_BY_GUARDIANS, VPRIV_E_ARG,
        "consent: it is not known by whom");
    if (event != VPRIV_CONSENT_EVENT_REQUEST) {
        VPI_ENSURE((by == VPRIV_CONSENT_BY_CONTROLLER) == is_for_controller(event), VPRIV_E_ARG,
            "consent: %s is for the %s", vpi_consent_event_name(event),
            is_for_controller(event) ? "controller" : "person, a parent or a guardian");
    }
    st = VPRIV_OK;
out:
    return st;
}
