/* What making and restoring copies share. */
#ifndef VPI_VAULT_BACKUP_H
#define VPI_VAULT_BACKUP_H

#include "base/status.h"
#include <voicepriv/storage.h>

/* Replacing takes a file away: only one that is a backup of this vault, and never the vault itself. */
vpriv_status vpi_backup_may_be_made(vpriv_vault *vault, const char *path, bool may_replace);

#endif
