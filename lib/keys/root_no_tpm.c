/* What a build without tpm2-tss answers. */
#include "base/status.h"
#include <voicepriv/root.h>

vpriv_status vpriv_root_tpm_open(const vpriv_root_tpm_config *config, vpriv_root_store **store_out)
{
    (void)config;
    (void)store_out;
    return vpi_fail(VPRIV_E_UNSUPPORTED, "this build has no TPM root store (configure --with-tpm)");
}
