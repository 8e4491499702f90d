/* Consents that end without the person saying anything: what they were given for has changed, their time or
 * uses ran out, or whoever they were given for is of age. In a write transaction; pending recordings are
 * adopted first, because they belong to the old grant keys. */
#ifndef VPI_VAULT_CONSENT_END_H
#define VPI_VAULT_CONSENT_END_H

#include "vault/subject.h"

/* A notice has a new version: every consent on this id and language is invalid, its grant key destroyed.
 * Nothing may be written after that. */
vpriv_status vpi_consent_invalidate(vpriv_vault *vault, const char *id, const char *language);

/* Another controller: every consent is invalid. Destroying the grant keys, whose slots come out, is the
 * caller's; to be freed. */
vpriv_status vpi_consent_invalidate_all(vpriv_vault *vault, uint64_t **slots_out, size_t *n_out);

/* What is over by now expires or is invalid, and its grant key is destroyed. With `looks_only`, only
 * counted. *next_due_io: made earlier when some consent ends before. *n_unread_out: people who could not be looked
 * at, because something of theirs is damaged; all of them where the rules are. */
vpriv_status vpi_consent_end_over(vpriv_vault *vault, bool looks_only, int64_t *next_due_io,
    size_t *n_out, uint64_t *n_unread_out);

#endif
