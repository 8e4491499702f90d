/* What a vault was created with, as bytes. */
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

/* Profiles come with the signed data files of later versions; only the strictest is built in. */
bool vpi_jurisdiction_is_known(const char *jurisdiction);

#endif
