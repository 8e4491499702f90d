/* The decision itself is vpriv_decide() in voicepriv/consent.h; this fills in what a consent record
 * says about one speaker. */
#ifndef VPI_CONSENT_DECIDE_H
#define VPI_CONSENT_DECIDE_H

#include "base/status.h"
#include <voicepriv/consent.h>

/* Class, state, end and uses come from the record, and whether the notice is the one in force
 * (current_notice_sha256 NULL: not known) and the recipient is named (recipient_id NULL: not
 * known). Grant key, child rule and form stay UNKNOWN: the caller knows. A NULL record, or one of
 * another purpose, gives zeros, which is no. */
vpriv_decision_subject vpi_decision_subject_of(const vpriv_consent_record *record,
    vpriv_purpose purpose, const uint8_t *current_notice_sha256, const char *recipient_id);

#endif
