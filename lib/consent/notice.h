/* Notices: the exact text a person was shown. The hash is vpriv_notice_hash(). */
#ifndef VPI_CONSENT_NOTICE_H
#define VPI_CONSENT_NOTICE_H

#include "base/status.h"
#include <voicepriv/consent.h>

/* As vpriv_notice_hash(), without the hash. */
vpriv_status vpi_notice_check(const vpriv_notice *notice);

#endif
