#include "keys/tpm.h"
#include "base/memory.h"
#include "base/try.h"
#include <pthread.h>
#include <string.h>
#include <time.h>

static const TPMT_SYM_DEF aes_cfb = {
    .algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};

vpriv_status vpi_tpm_failed(const char *what, TSS2_RC code)
{
    const TSS2_RC error = code & TPM2_RC_FMT1 ? code & 0xbf : code & 0xffff;
    if ((code & TSS2_RC_LAYER_MASK) == 0) {
        if (error == TPM2_RC_POLICY_FAIL || code == TPM2_RC_PCR_CHANGED)
            return vpi_fail(VPRIV_E_ROOT,
                "%s: the PCRs are not as they were when the root key was bound to them", what);
        if (error == TPM2_RC_AUTH_FAIL || error == TPM2_RC_BAD_AUTH)
            return vpi_fail(VPRIV_E_ROOT, "%s: the auth value is wrong", what);
        if (code == TPM2_RC_LOCKOUT)
            return vpi_fail(
                VPRIV_E_ROOT, "%s: the TPM is locked after too many wrong auth values", what);
        if (code == TPM2_RC_NV_SPACE)
            return vpi_fail(VPRIV_E_FULL, "%s: the TPM has no room left", what);
    }
    return vpi_fail(VPRIV_E_ROOT, "%s: TPM answer 0x%08x", what, (unsigned)code);
}

/* A key of the null hierarchy: nobody's secret is needed for it, and it is gone with the conversation. */
static vpriv_status make_salt_key(vpi_tpm *tpm)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcrs = {.count = 0};
    static const TPM2B_PUBLIC template = {
        .publicArea = {.type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
                                TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_NODA,
            .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                         .keyBits = {.aes = 128},
                                         .mode = {.aes = TPM2_ALG_CFB}},
                .scheme = {.scheme = TPM2_ALG_NULL},
                .curveID = TPM2_ECC_NIST_P256,
                .kdf = {.scheme = TPM2_ALG_NULL}}}};
    const TSS2_RC code = vpi_esys.CreatePrimary(tpm->esys, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD,
        ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &template, &outside, &no_pcrs, &tpm->salt_key, NULL,
        NULL, NULL, NULL);
    return code ? vpi_tpm_failed("the TPM makes no key for its sessions", code) : VPRIV_OK;
}

/* A TPM behind a socket that goes away must not end the program: tpm2-tss writes without MSG_NOSIGNAL. */
static void hold_pipe_signal(vpi_tpm *tpm)
{
    sigset_t pipe_signal, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    tpm->had_pipe = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &tpm->signals);
}

static void release_pipe_signal(vpi_tpm *tpm)
{
    static const struct timespec at_once = {0, 0};
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    if (!tpm->had_pipe)
        while (sigtimedwait(&pipe_signal, NULL, &at_once) == SIGPIPE)
            ;
    pthread_sigmask(SIG_SETMASK, &tpm->signals, NULL);
}

vpriv_status vpi_tpm_begin(vpi_tpm *tpm, const char *connection)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    *tpm = (vpi_tpm){.salt_key = ESYS_TR_NONE};
    hold_pipe_signal(tpm);
    VPI_TRY(vpi_tpm_load());
    TSS2_RC code = vpi_tcti.Initialize(connection, &tpm->tcti);
    VPI_ENSURE(code == 0, VPRIV_E_ROOT, "no TPM answers at %s (0x%08x)",
        connection ? connection : "the system's usual place", (unsigned)code);
    code = vpi_esys.Initialize(&tpm->esys, tpm->tcti, NULL);
    VPI_ENSURE(code == 0, VPRIV_E_ROOT, "no conversation with the TPM: 0x%08x", (unsigned)code);
    VPI_TRY(make_salt_key(tpm));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_tpm_end(vpi_tpm *tpm)
{
    if (tpm->esys) {
        vpi_tpm_flush(tpm, &tpm->salt_key);
        vpi_esys.Finalize(&tpm->esys);
    }
    if (tpm->tcti)
        vpi_tcti.Finalize(&tpm->tcti);
    vpi_wipe_deep_stack();
    vpi_wipe_registers();
    release_pipe_signal(tpm);
    *tpm = (vpi_tpm){.salt_key = ESYS_TR_NONE};
}

void vpi_tpm_flush(vpi_tpm *tpm, ESYS_TR *object)
{
    if (*object != ESYS_TR_NONE)
        vpi_esys.FlushContext(tpm->esys, *object);
    *object = ESYS_TR_NONE;
}

static TPML_PCR_SELECTION selection_of(uint32_t pcrs)
{
    return (TPML_PCR_SELECTION){.count = 1,
        .pcrSelections = {{.hash = TPM2_ALG_SHA256,
            .sizeofSelect = 3,
            .pcrSelect = {(uint8_t)pcrs, (uint8_t)(pcrs >> 8), (uint8_t)(pcrs >> 16)}}}};
}

static vpriv_status start(vpi_tpm *tpm, TPM2_SE type, uint32_t pcrs, ESYS_TR *session_out)
{
    static const TPM2B_DIGEST as_they_are = {.size = 0};
    vpriv_status st = VPRIV_E_INTERNAL;
    ESYS_TR session = ESYS_TR_NONE;
    TSS2_RC code = vpi_esys.StartAuthSession(tpm->esys, tpm->salt_key, ESYS_TR_NONE, ESYS_TR_NONE,
        ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes_cfb, TPM2_ALG_SHA256, &session);
    if (code == 0)
        code = vpi_esys.TRSess_SetAttributes(tpm->esys, session,
            TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, 0xff);
    if (code == 0 && pcrs) {
        const TPML_PCR_SELECTION selection = selection_of(pcrs);
        code = vpi_esys.PolicyPCR(
            tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &as_they_are, &selection);
    }
    if (code) {
        st = vpi_tpm_failed("no session", code);
        goto out;
    }
    *session_out = session;
    session = ESYS_TR_NONE;
    st = VPRIV_OK;
out:
    vpi_tpm_flush(tpm, &session);
    return st;
}

vpriv_status vpi_tpm_session(vpi_tpm *tpm, uint32_t pcrs, ESYS_TR *session_out)
{
    return start(tpm, pcrs ? TPM2_SE_POLICY : TPM2_SE_HMAC, pcrs, session_out);
}

vpriv_status vpi_tpm_policy(vpi_tpm *tpm, uint32_t pcrs, TPM2B_DIGEST *policy_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ESYS_TR session = ESYS_TR_NONE;
    TPM2B_DIGEST *digest = NULL;
    policy_out->size = 0;
    if (!pcrs)
        return VPRIV_OK;
    VPI_TRY(start(tpm, TPM2_SE_TRIAL, pcrs, &session));
    const TSS2_RC code = vpi_esys.PolicyGetDigest(
        tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest);
    if (code) {
        st = vpi_tpm_failed("no policy", code);
        goto out;
    }
    *policy_out = *digest;
    st = VPRIV_OK;
out:
    vpi_esys.Free(digest);
    vpi_tpm_flush(tpm, &session);
    return st;
}

/* Asked first, because tpm2-tss prints a warning when something is not there. */
static vpriv_status index_exists(vpi_tpm *tpm, uint32_t index, bool *exists_out)
{
    TPMS_CAPABILITY_DATA *found = NULL;
    const TSS2_RC code = vpi_esys.GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
        TPM2_CAP_HANDLES, index, 1, NULL, &found);
    *exists_out =
        code == 0 && found->data.handles.count == 1 && found->data.handles.handle[0] == index;
    if (found)
        vpi_esys.Free(found);
    return code ? vpi_tpm_failed("the TPM does not list its indexes", code) : VPRIV_OK;
}

vpriv_status vpi_tpm_find(vpi_tpm *tpm, uint32_t index, ESYS_TR *object_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool exists = false;
    VPI_TRY(index_exists(tpm, index, &exists));
    VPI_ENSURE(exists, VPRIV_E_NOT_FOUND, "the TPM has no NV index 0x%08x", (unsigned)index);
    const TSS2_RC code = vpi_esys.TR_FromTPMPublic(
        tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, object_out);
    if (code) {
        st = vpi_tpm_failed("the NV index cannot be looked at", code);
        goto out;
    }
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_tpm_look(vpi_tpm *tpm, ESYS_TR object, TPMS_NV_PUBLIC *area_out)
{
    TPM2B_NV_PUBLIC *area = NULL;
    TPM2B_NAME *name = NULL;
    const TSS2_RC code = vpi_esys.NV_ReadPublic(
        tpm->esys, object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, &name);
    *area_out = code == 0 ? area->nvPublic : (TPMS_NV_PUBLIC){.nvIndex = 0};
    vpi_esys.Free(area);
    vpi_esys.Free(name);
    return code ? vpi_tpm_failed("the NV index cannot be looked at", code) : VPRIV_OK;
}

void vpi_tpm_forget(vpi_tpm *tpm, ESYS_TR *object)
{
    static const TPM2B_AUTH nothing = {.size = 0};
    if (*object != ESYS_TR_NONE) {
        vpi_esys.TR_SetAuth(tpm->esys, *object, &nothing);
        vpi_esys.TR_Close(tpm->esys, object);
    }
    *object = ESYS_TR_NONE;
}
