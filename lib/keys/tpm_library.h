/* tpm2-tss, loaded on demand: Esys_NV_Read is called as vpi_esys.NV_Read, after vpi_tpm_load. */
#ifndef VPI_KEYS_TPM_LIBRARY_H
#define VPI_KEYS_TPM_LIBRARY_H

#include "base/library.h"
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

/* clang-format off */
#define VPI_ESYS_FUNCTIONS(X) \
    X(CreatePrimary) X(Finalize) X(FlushContext) X(Free) X(GetCapability) X(Initialize) \
    X(NV_DefineSpace) X(NV_Increment) X(NV_Read) X(NV_ReadPublic) X(NV_UndefineSpace) X(NV_Write) \
    X(PolicyGetDigest) X(PolicyPCR) X(StartAuthSession) X(TRSess_SetAttributes) \
    X(TR_Close) X(TR_FromTPMPublic) X(TR_SetAuth)
#define VPI_TCTI_FUNCTIONS(X) X(Finalize) X(Initialize)
/* clang-format on */

typedef struct vpi_esys_functions {
#define X(name) __typeof__(&Esys_##name) name;
    VPI_ESYS_FUNCTIONS(X)
#undef X
} vpi_esys_functions;

typedef struct vpi_tcti_functions {
#define X(name) __typeof__(&Tss2_TctiLdr_##name) name;
    VPI_TCTI_FUNCTIONS(X)
#undef X
} vpi_tcti_functions;

extern vpi_esys_functions vpi_esys;
extern vpi_tcti_functions vpi_tcti;

/* See vpi_library_load. */
vpriv_status vpi_tpm_load(void);

#endif
