#include "vault/unread.h"
#include "vault/ingest.h"

vpriv_status vpi_unread_tell(uint64_t n)
{
    if (n == 0)
        return VPRIV_OK;
    return vpi_fail(VPRIV_E_AUTH,
        "%llu could not be looked at, because the vault file is damaged or was changed; everything "
        "else was done. 'voicepriv verify' names what is damaged; a damaged recording goes when it "
        "is erased by its id",
        (unsigned long long)n);
}

vpriv_status vpi_unread_pending(vpriv_vault *vault, uint64_t *n_io)
{
    uint64_t n = 0;
    const vpriv_status st = vpi_ingest_pending(vault, &n);
    if (st == VPRIV_OK)
        *n_io += n;
    return st;
}
