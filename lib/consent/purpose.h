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

/* A purpose says by itself what is done for it: set of vpriv_processing, and what part people have. Consent
 * records and effect statements have it from here. */
uint32_t vpi_purpose_operations(vpriv_purpose purpose);
vpriv_human_involvement vpi_purpose_human_involvement(vpriv_purpose purpose);

/* Purposes that serve the person alone, as bits: what is opened for one of them stays with the person. */
#define VPI_PURPOSES_OF_THE_PERSON                                                                 \
    (VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_EXECUTE_REQUEST) |                                            \
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION) |                                  \
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY) |                                            \
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_ON_DEVICE_ADAPTATION))

#endif
