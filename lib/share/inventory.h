/* What an export asks before it opens anything: the gate's own question, without a trace in the log. */
#ifndef VPI_SHARE_INVENTORY_H
#define VPI_SHARE_INVENTORY_H

#include "base/status.h"
#include <voicepriv/inventory.h>

/* recipient: NULL is the controller. reasons_out: set of vpriv_deny; 0 is yes. Takes the vault's lock. */
vpriv_status vpi_inventory_asks(vpriv_vault *vault, const vpriv_recording_id *id,
    vpriv_purpose purpose, const char *recipient, uint32_t *reasons_out);

#endif
