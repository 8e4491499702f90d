/* How long a recording may be kept, and each of its purposes: as long as the law of
 * every place that counts, and everybody who speaks, let it. */
#ifndef VPI_VAULT_TERMS_H
#define VPI_VAULT_TERMS_H

#include "vault/header.h"

/* What the law and the consents in force say of one purpose: the shortest of all. */
vpriv_status vpi_term_of(vpriv_vault *vault, const vpi_recording *recording, vpriv_purpose purpose,
    vpriv_retention *retention_out, int64_t *end_us_out);
/* The purpose ends then, where that is before the recording does; filed under the term that ends it. */
vpriv_status vpi_term_set(vpriv_vault *vault, vpi_recording *recording, vpriv_purpose purpose,
    vpriv_retention retention, int64_t end_us);
/* The recording, whose term is set already, ends no later than the longest of the purposes it is wrapped for,
 * all of which are in force. */
vpriv_status vpi_terms_set(vpriv_vault *vault, vpi_recording *recording);

#endif
