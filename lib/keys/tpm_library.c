#include "keys/tpm_library.h"
#include "base/try.h"
#include "config.h"

vpi_esys_functions vpi_esys;
vpi_tcti_functions vpi_tcti;

vpriv_status vpi_tpm_load(void)
{
    static const char *const esys_names[] = {
#define X(name) "Esys_" #name,
        VPI_ESYS_FUNCTIONS(X)
#undef X
    };
    static const char *const tcti_names[] = {
#define X(name) "Tss2_TctiLdr_" #name,
        VPI_TCTI_FUNCTIONS(X)
#undef X
    };
    static vpi_library esys = {.name = VPI_TPM_LIBRARY,
        .package = "libtss2-esys-3.0.2-0",
        .functions = esys_names,
        .n_functions = sizeof esys_names / sizeof *esys_names,
        .table = &vpi_esys};
    static vpi_library tcti = {.name = VPI_TCTI_LIBRARY,
        .package = "libtss2-tctildr0",
        .functions = tcti_names,
        .n_functions = sizeof tcti_names / sizeof *tcti_names,
        .table = &vpi_tcti};
    _Static_assert(sizeof vpi_esys == sizeof esys_names, "a pointer for each name");
    _Static_assert(sizeof vpi_tcti == sizeof tcti_names, "a pointer for each name");
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_library_load(&tcti));
    VPI_TRY(vpi_library_load(&esys));
    st = VPRIV_OK;
out:
    return st;
}
