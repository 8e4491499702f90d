/* The table of purposes. The public calls are in voicepriv/consent.h; this adds the sets that other
 * rooms compute with. */
#ifndef VPI_CONSENT_PURPOSE_H
#define VPI_CONSENT_PURPOSE_H

#include "base/status.h"
#include <voicepriv/consent.h>

/* True for 0 to 31. Takes an int so that damaged values can be asked about. */
bool vpi_purpose_is_valid(int purpose);

/* The purposes 0 to 14 for which a recording may be kept and have a wrap. The vendor's own are
 * not in it: the vault knows about those. */
uint32_t vpi_purposes_storable(void);

#endif
