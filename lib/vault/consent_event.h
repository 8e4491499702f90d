/* The path that every change of a consent takes, shared by what people say here and what comes from other
 * surfaces. Inside a write transaction. */
#ifndef VPI_VAULT_CONSENT_EVENT_H
#define VPI_VAULT_CONSENT_EVENT_H

#include "vault/subject.h"
#include <voicepriv/surface.h>

/* Record, grant key (a new one, or the one in kept_slot), capture policy and log. Destroying the old key
 * is the caller's. */
vpriv_status vpi_consent_put(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_consent_record *record, const char *reason, uint64_t kept_slot,
    vpriv_receipt *receipt);

/* The record of what another surface said; all but previous_hash. */
vpriv_status vpi_consent_from_event(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_surface_event *said, vpriv_consent_state state, vpriv_consent_record *record_out);

/* Everything but destroying the old grant key, whose slot comes out (or VPI_NO_SLOT). */
vpriv_status vpi_consent_apply(vpriv_vault *vault, const vpi_subject *person, vpriv_purpose purpose,
    vpriv_consent_event event, const vpriv_consent_evidence *evidence, vpriv_receipt *receipt,
    uint64_t *old_slot_out);

/* Time and uses run out by themselves, without an event. */
bool vpi_consent_has_run_out(const vpriv_consent_record *record, int64_t now_us);

#endif
