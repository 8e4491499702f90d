/* Jurisdiction profiles as they were installed: exact bytes and signature, in rows of `jurisdiction`. */
#ifndef VPI_VAULT_PROFILE_STORE_H
#define VPI_VAULT_PROFILE_STORE_H

#include "consent/signed.h"
#include "vault/policy.h"

/* Those that the head's authority signed, in fresh memory to be freed; none when the rows are not those
 * that the head names. Out of date or not. */
vpriv_status vpi_profiles_in_force(
    vpriv_vault *vault, const vpi_policy_head *head, vpi_profile **profiles_out, size_t *n_out);
/* VPRIV_E_AUTH when the rows are not those that the head names. */
vpriv_status vpi_profiles_check(vpriv_vault *vault, const vpi_policy_head *head);

#endif
