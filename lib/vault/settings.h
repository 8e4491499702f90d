/* What a vault was created with and where it is, as bytes and in table `state`. */
#ifndef VPI_VAULT_SETTINGS_H
#define VPI_VAULT_SETTINGS_H

#include "base/bytes.h"
#include "vault/vault.h"

#define VPI_SETTINGS_BYTES_MAX 512

void vpi_settings_put(vpi_writer *writer, const vpi_settings *settings);
void vpi_settings_get(vpi_reader *reader, vpi_settings *settings_out);

/* From the options of vpriv_vault_create, with the defaults filled in; names what is wrong. */
vpriv_status vpi_settings_from_options(
    const vpriv_vault_options *options, int64_t now_us, vpi_settings *settings_out);

/* vault->settings from and to its row. */
vpriv_status vpi_settings_load(vpriv_vault *vault);
vpriv_status vpi_settings_store(vpriv_vault *vault);

/* A place as in ISO 3166, or "strict": nobody said. Whether there are rules for it is another matter. */
bool vpi_jurisdiction_is_known(const char *jurisdiction);

#endif
