/* What a cut left of a vault that was being made: it opens for nobody, and must not be in the way of making it. */
#ifndef VPI_VAULT_UNFINISHED_H
#define VPI_VAULT_UNFINISHED_H

#include "base/status.h"
#include <voicepriv/keys.h>

/* VPRIV_OK where nothing has the name any more: nothing had, or it was unfinished and is gone, with the root key and
 * the keyring made for it. VPRIV_E_EXISTS where anything else has it, which stays as it is. Nobody else makes a vault of
 * that name meanwhile. `name` holds the path and has room for an ending; keyring_path may be NULL. */
vpriv_status vpi_unfinished_clear(char *name, vpriv_root_store *root, const char *keyring_path);
/* All files of a vault that nobody has open. */
void vpi_unfinished_remove_files(char *name);

#endif
