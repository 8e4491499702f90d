/* A conversation with a TPM 2.0: connect, do a few NV commands, leave nothing behind. */
#ifndef VPI_KEYS_TPM_H
#define VPI_KEYS_TPM_H

#include "keys/tpm_library.h"
#include <signal.h>

#define VPI_TPM_AUTH_BYTES_MAX 32

/* An auth value; in guarded memory. */
typedef struct vpi_tpm_auth {
    uint16_t n_bytes;
    uint8_t bytes[VPI_TPM_AUTH_BYTES_MAX];
} vpi_tpm_auth;

typedef struct vpi_tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR salt_key; /* what sessions are salted with, so that the bus sees ciphertext only */
    sigset_t signals; /* this thread's mask before */
    bool had_pipe;    /* SIGPIPE was pending before */
} vpi_tpm;

/* Ended with vpi_tpm_end on the same thread, also after a failure. VPRIV_E_ROOT: no TPM answers. */
vpriv_status vpi_tpm_begin(vpi_tpm *tpm, const char *connection);
void vpi_tpm_end(vpi_tpm *tpm);
vpriv_status vpi_tpm_failed(const char *what, TSS2_RC code);

/* An encrypting session: for auth values when pcrs is 0, else for the policy that binds to these PCRs. */
vpriv_status vpi_tpm_session(vpi_tpm *tpm, uint32_t pcrs, ESYS_TR *session_out);
/* The policy of the PCRs as they are now. */
vpriv_status vpi_tpm_policy(vpi_tpm *tpm, uint32_t pcrs, TPM2B_DIGEST *policy_out);
void vpi_tpm_flush(vpi_tpm *tpm, ESYS_TR *object);

/* VPRIV_E_NOT_FOUND when there is no such index. */
vpriv_status vpi_tpm_find(vpi_tpm *tpm, uint32_t index, ESYS_TR *object_out);
/* What an index is: kind, size, who may use it, whether it was ever written. */
vpriv_status vpi_tpm_look(vpi_tpm *tpm, ESYS_TR object, TPMS_NV_PUBLIC *area_out);
/* Let go of tpm2-tss's object, which it frees unwiped, without its auth value. The index stays. */
void vpi_tpm_forget(vpi_tpm *tpm, ESYS_TR *object);

#endif
