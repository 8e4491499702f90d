/* The life of one consent. Every change of state goes through vpi_consent_next().
 *
 * Asking (request) is possible from everywhere but Given and Renewed. For devices that ask and hear
 * the answer in one step, give and refuse from Unknown count as request and answer together. Every
 * other state must be asked again first, so that the answer is to a current notice. */
#ifndef VPI_CONSENT_STATE_H
#define VPI_CONSENT_STATE_H

#include "base/status.h"
#include <voicepriv/consent.h>

/* VPRIV_E_STATE, naming both, when the event is not possible in the state; VPRIV_E_ARG when either
 * is not one of ours. */
vpriv_status vpi_consent_next(
    vpriv_consent_state state, vpriv_consent_event event, vpriv_consent_state *next_out);

/* True for Given and Renewed only. Leaving such a state shreds the grant key. */
bool vpi_consent_permits(vpriv_consent_state state);

/* Who may: person, parent and guardian give, refuse, defer, withdraw and reconfirm; the controller
 * revokes, expires and invalidates; all of them may ask. VPRIV_E_ARG otherwise. */
vpriv_status vpi_consent_may(vpriv_consent_by by, vpriv_consent_event event);

/* The event that leads into a state, for checking records; 0 for Unknown. */
vpriv_consent_event vpi_consent_event_into(vpriv_consent_state state);

/* "give", "withdraw"; static, never NULL. */
const char *vpi_consent_event_name(vpriv_consent_event event);

/* A parent, a guardian, or all of them together. */
bool vpi_consent_is_by_guardian(vpriv_consent_by by);

#endif
