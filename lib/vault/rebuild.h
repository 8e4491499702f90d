/* What is left of a damaged vault file, as a database of its own: every row that can still be read, put into
 * fresh tables. Nothing in it is believed for that: each row still has to open with its key, at its place.
 *
 * What a table's tree leads to comes first; what is found astray fills holes, and is in nothing's way. */
#ifndef VPI_VAULT_REBUILD_H
#define VPI_VAULT_REBUILD_H

#include "base/database.h"
#include "base/pages.h"
#include "vault/vault.h"

/* One thing that is wrong. page 0: not about one; table NULL: nobody knows whose page it is. */
typedef vpi_pages_damage_fn vpi_rebuild_fn;

/* path: the damaged file, which is only read. into: where the new one is made; the caller removes it.
 * *has_unread_out: the system could not read some of it. */
vpriv_status vpi_rebuild(const char *path, const char *into, vpi_rebuild_fn fn, void *user,
    bool *has_unread_out, vpi_database **database_out);

/* Opens such a database as a vault, for reading, in one transaction that stays open. Takes the database over,
 * also when it fails. What is missing of the purposes' public keys comes from the keyring. */
vpriv_status vpi_vault_open_rebuilt(vpi_database *database, vpriv_root_store *root,
    const vpriv_keyring *keyring, const vpriv_vault_options *options, vpriv_vault **vault_out);

#endif
