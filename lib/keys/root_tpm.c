/* The root record in a TPM 2.0. Two NV indexes side by side:
 *
 *   index      root record (56) ‖ value the counter has when this record is in force (u64)
 *   index + 1  a monotonic counter
 *
 * Replacing writes the record with the counter's next value, in one command, then counts. A record that
 * is one ahead of the counter was written before a power cut: counting is finished when it is loaded.
 * Anything else is a record or a counter that somebody put back or moved on. */
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "keys/root.h"
#include "keys/tpm.h"
#include <string.h>

#define INDEX_DEFAULT 0x01500016U
#define INDEX_MIN     0x01000000U
#define INDEX_MAX     0x01fffffeU
#define PCRS_MAX      0x00ffffffU
#define STORED_BYTES  (VPRIV_ROOT_RECORD_BYTES + 8)

typedef struct tpm_secrets {
    vpi_tpm_auth owner;
    vpi_tpm_auth index;
    uint8_t stored[STORED_BYTES];
    TPM2B_AUTH auth;
    TPM2B_MAX_NV_BUFFER buffer;
} tpm_secrets;

typedef struct tpm_root {
    char *connection;
    uint32_t index;
    uint32_t pcrs;
    tpm_secrets *secrets; /* guarded */
} tpm_root;

/* One conversation about the two indexes. */
typedef struct visit {
    tpm_root *root;
    vpi_tpm tpm;
    ESYS_TR record;
    ESYS_TR counter;
    ESYS_TR session; /* for the counter, and the record when it is not bound to PCRs */
    bool is_written;
} visit;

static const TPM2B_AUTH *auth_of(tpm_secrets *secrets, const vpi_tpm_auth *auth)
{
    secrets->auth.size = auth->n_bytes;
    memcpy(secrets->auth.buffer, auth->bytes, auth->n_bytes);
    return &secrets->auth;
}

/* tpm2-tss's own copies of values that are handed over by pointer are in ordinary memory; auth values
 * have to be set on its objects, which it does not wipe: set to nothing before they go. */
static void set_auth(visit *v, ESYS_TR object, const vpi_tpm_auth *auth)
{
    static const TPM2B_AUTH nothing = {.size = 0};
    vpi_esys.TR_SetAuth(v->tpm.esys, object, auth ? auth_of(v->root->secrets, auth) : &nothing);
    vpi_wipe(&v->root->secrets->auth, sizeof v->root->secrets->auth);
}

static void leave(visit *v)
{
    if (v->tpm.esys) {
        if (v->record != ESYS_TR_NONE)
            set_auth(v, v->record, NULL);
        if (v->counter != ESYS_TR_NONE)
            set_auth(v, v->counter, NULL);
        vpi_tpm_flush(&v->tpm, &v->session);
    }
    vpi_tpm_end(&v->tpm);
    vpi_wipe(v->root->secrets->stored, STORED_BYTES);
    vpi_wipe(&v->root->secrets->buffer, sizeof v->root->secrets->buffer);
}

/* Connect; the indexes may be missing. Ended with leave, also after a failure. */
static vpriv_status enter(tpm_root *root, visit *v)
{
    *v = (visit){
        .root = root, .record = ESYS_TR_NONE, .counter = ESYS_TR_NONE, .session = ESYS_TR_NONE};
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_tpm_begin(&v->tpm, root->connection));
    VPI_TRY(vpi_tpm_session(&v->tpm, 0, &v->session));
    st = VPRIV_OK;
out:
    return st;
}

/* VPRIV_E_NOT_FOUND when one of the indexes is missing; the other one is in the visit then, to be removed. */
static vpriv_status find_indexes(visit *v)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_status record = vpi_tpm_find(&v->tpm, v->root->index, &v->record);
    if (record != VPRIV_E_NOT_FOUND)
        VPI_TRY(record);
    VPI_TRY(vpi_tpm_find(&v->tpm, v->root->index + 1, &v->counter));
    VPI_TRY(record);
    set_auth(v, v->counter, &v->root->secrets->index);
    if (!v->root->pcrs)
        set_auth(v, v->record, &v->root->secrets->index);
    VPI_TRY(vpi_tpm_is_written(&v->tpm, v->record, &v->is_written));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status read_bytes(
    visit *v, ESYS_TR object, ESYS_TR session, uint16_t n_bytes, uint8_t *out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    TPM2B_MAX_NV_BUFFER *data = NULL;
    const TSS2_RC code = vpi_esys.NV_Read(
        v->tpm.esys, object, object, session, ESYS_TR_NONE, ESYS_TR_NONE, n_bytes, 0, &data);
    if (code) {
        st = vpi_tpm_failed("the root key cannot be read", code);
        goto out;
    }
    VPI_ENSURE(data->size == n_bytes, VPRIV_E_FORMAT, "the NV index has another size");
    memcpy(out, data->buffer, n_bytes);
    st = VPRIV_OK;
out:
    if (data) {
        vpi_wipe(data, sizeof *data);
        vpi_esys.Free(data);
    }
    return st;
}

/* TPM counters are big-endian. */
static vpriv_status read_counter(visit *v, uint64_t *value_out)
{
    uint8_t bytes[8];
    const vpriv_status st = read_bytes(v, v->counter, v->session, sizeof bytes, bytes);
    *value_out = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        *value_out = *value_out << 8 | bytes[i];
    return st;
}

static vpriv_status count(visit *v)
{
    const TSS2_RC code = vpi_esys.NV_Increment(
        v->tpm.esys, v->counter, v->counter, v->session, ESYS_TR_NONE, ESYS_TR_NONE);
    return code ? vpi_tpm_failed("the TPM does not count", code) : VPRIV_OK;
}

/* A policy session serves one command. */
static vpriv_status session_for_record(visit *v, ESYS_TR *session_out)
{
    *session_out = v->session;
    return v->root->pcrs ? vpi_tpm_session(&v->tpm, v->root->pcrs, session_out) : VPRIV_OK;
}

static void end_session_for_record(visit *v, ESYS_TR *session)
{
    if (*session != v->session)
        vpi_tpm_flush(&v->tpm, session);
}

static vpriv_status read_record(visit *v, uint64_t *expected_out)
{
    ESYS_TR session = ESYS_TR_NONE;
    vpriv_status st = session_for_record(v, &session);
    if (st == VPRIV_OK)
        st = read_bytes(v, v->record, session, STORED_BYTES, v->root->secrets->stored);
    vpi_reader r = vpi_reader_of(v->root->secrets->stored + VPRIV_ROOT_RECORD_BYTES, 8);
    *expected_out = vpi_get_u64(&r);
    end_session_for_record(v, &session);
    return st;
}

static vpriv_status write_record(visit *v, const uint8_t *record, uint64_t expected)
{
    ESYS_TR session = ESYS_TR_NONE;
    TPM2B_MAX_NV_BUFFER *buffer = &v->root->secrets->buffer;
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(session_for_record(v, &session));
    vpi_writer w = vpi_writer_of(buffer->buffer, STORED_BYTES);
    vpi_put_bytes(&w, record, VPRIV_ROOT_RECORD_BYTES);
    vpi_put_u64(&w, expected);
    buffer->size = STORED_BYTES;
    const TSS2_RC code = vpi_esys.NV_Write(
        v->tpm.esys, v->record, v->record, session, ESYS_TR_NONE, ESYS_TR_NONE, buffer, 0);
    if (code) {
        st = vpi_tpm_failed("the root key cannot be written", code);
        goto out;
    }
    st = VPRIV_OK;
out:
    end_session_for_record(v, &session);
    return st;
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    visit v;
    uint64_t expected = 0, counter = 0;
    VPI_TRY(enter(user, &v));
    VPI_TRY(find_indexes(&v));
    VPI_ENSURE(v.is_written, VPRIV_E_NOT_FOUND, "the TPM has no root key yet");
    /* In this order: tpm2-tss keeps the latest answer, plain, in memory that it does not wipe. */
    VPI_TRY(read_record(&v, &expected));
    VPI_TRY(read_counter(&v, &counter));
    if (expected == counter + 1) {
        VPI_TRY(count(&v));
        counter++;
    }
    VPI_ENSURE(expected >= counter, VPRIV_E_ROLLBACK,
        "the TPM's root key is older than its counter: an old one was put back");
    VPI_ENSURE(expected == counter, VPRIV_E_ROLLBACK, "the TPM's counter is behind its root key");
    memcpy(record_out, v.root->secrets->stored, VPRIV_ROOT_RECORD_BYTES);
    st = VPRIV_OK;
out:
    leave(&v);
    return st;
}

static vpriv_status define(visit *v, uint32_t index, TPMA_NV attributes, uint16_t n_bytes,
    const vpi_tpm_auth *auth, const TPM2B_DIGEST *policy)
{
    ESYS_TR made = ESYS_TR_NONE;
    const TPM2B_NV_PUBLIC area = {.nvPublic = {.nvIndex = index,
                                      .nameAlg = TPM2_ALG_SHA256,
                                      .attributes = attributes,
                                      .authPolicy = *policy,
                                      .dataSize = n_bytes}};
    const TSS2_RC code = vpi_esys.NV_DefineSpace(v->tpm.esys, ESYS_TR_RH_OWNER, v->session,
        ESYS_TR_NONE, ESYS_TR_NONE, auth_of(v->root->secrets, auth), &area, &made);
    vpi_wipe(&v->root->secrets->auth, sizeof v->root->secrets->auth);
    return code ? vpi_tpm_failed("the NV index cannot be made", code) : VPRIV_OK;
}

static vpriv_status undefine(visit *v, ESYS_TR *object)
{
    if (*object == ESYS_TR_NONE)
        return VPRIV_OK;
    const TSS2_RC code = vpi_esys.NV_UndefineSpace(
        v->tpm.esys, ESYS_TR_RH_OWNER, *object, v->session, ESYS_TR_NONE, ESYS_TR_NONE);
    *object = ESYS_TR_NONE;
    return code ? vpi_tpm_failed("the NV index cannot be removed", code) : VPRIV_OK;
}

/* Whoever may not guess an auth value for ever has to have one. */
static vpriv_status make_indexes(visit *v)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    tpm_root *root = v->root;
    static const vpi_tpm_auth no_auth;
    TPM2B_DIGEST policy, no_policy = {.size = 0};
    const TPMA_NV guess = root->secrets->index.n_bytes ? 0 : TPMA_NV_NO_DA;
    const TPMA_NV by_auth = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | guess;
    const TPMA_NV by_policy = TPMA_NV_POLICYREAD | TPMA_NV_POLICYWRITE | TPMA_NV_NO_DA;
    set_auth(v, ESYS_TR_RH_OWNER, &root->secrets->owner);
    VPI_TRY(undefine(v, &v->record));
    VPI_TRY(undefine(v, &v->counter));
    VPI_TRY(vpi_tpm_policy(&v->tpm, root->pcrs, &policy));
    VPI_TRY(define(v, root->index + 1, by_auth | TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT, 8,
        &root->secrets->index, &no_policy));
    VPI_TRY(define(v, root->index, root->pcrs ? by_policy : by_auth, STORED_BYTES,
        root->pcrs ? &no_auth : &root->secrets->index, &policy));
    VPI_TRY(find_indexes(v));
    VPI_TRY(count(v));
    st = VPRIV_OK;
out:
    set_auth(v, ESYS_TR_RH_OWNER, NULL);
    return st;
}

/* Indexes of which only one is there, or that were never written, are what a power cut left. */
static vpriv_status prepare(visit *v)
{
    const vpriv_status found = find_indexes(v);
    if (found == VPRIV_OK && v->is_written)
        return VPRIV_OK;
    return found == VPRIV_OK || found == VPRIV_E_NOT_FOUND ? make_indexes(v) : found;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    visit v;
    uint64_t counter = 0;
    VPI_TRY(enter(user, &v));
    VPI_TRY(prepare(&v));
    VPI_TRY(read_counter(&v, &counter));
    VPI_TRY(write_record(&v, record, counter + 1));
    VPI_TRY(count(&v));
    st = VPRIV_OK;
out:
    leave(&v);
    return st;
}

static vpriv_status destroy(void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    tpm_root *root = user;
    visit v;
    VPI_TRY(enter(root, &v));
    /* Of a destruction that was cut off only the counter is left. */
    const vpriv_status record = vpi_tpm_find(&v.tpm, root->index, &v.record);
    if (record != VPRIV_E_NOT_FOUND)
        VPI_TRY(record);
    const vpriv_status counter = vpi_tpm_find(&v.tpm, root->index + 1, &v.counter);
    if (counter != VPRIV_E_NOT_FOUND)
        VPI_TRY(counter);
    VPI_ENSURE(record == VPRIV_OK || counter == VPRIV_OK, VPRIV_E_NOT_FOUND,
        "the TPM has no root key to destroy");
    set_auth(&v, ESYS_TR_RH_OWNER, &root->secrets->owner);
    VPI_TRY(undefine(&v, &v.record));
    VPI_TRY(undefine(&v, &v.counter));
    st = VPRIV_OK;
out:
    if (v.tpm.esys)
        set_auth(&v, ESYS_TR_RH_OWNER, NULL);
    leave(&v);
    return st;
}

static void close_root(void *user)
{
    tpm_root *root = user;
    vpi_secret_free(root->secrets);
    free(root->connection);
    free(root);
}

static vpriv_status take_auth(vpi_tpm_auth *auth, const char *text, const char *what)
{
    const size_t n = text ? strlen(text) : 0;
    if (n > VPI_TPM_AUTH_BYTES_MAX)
        return vpi_fail(
            VPRIV_E_ARG, "%s has %zu bytes; at most %d", what, n, VPI_TPM_AUTH_BYTES_MAX);
    auth->n_bytes = (uint16_t)n;
    if (n > 0)
        memcpy(auth->bytes, text, n);
    return VPRIV_OK;
}

static vpriv_status take_config(tpm_root *root, const vpriv_root_tpm_config *config)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    root->index = config->index ? config->index : INDEX_DEFAULT;
    root->pcrs = config->pcrs;
    VPI_ENSURE(root->index >= INDEX_MIN && root->index <= INDEX_MAX, VPRIV_E_ARG,
        "NV index 0x%08x: 0x%08x to 0x%08x", (unsigned)root->index, INDEX_MIN, INDEX_MAX);
    VPI_ENSURE(root->pcrs <= PCRS_MAX, VPRIV_E_ARG, "PCRs are 0 to 23");
    VPI_ENSURE(!(root->pcrs && config->auth && config->auth[0]), VPRIV_E_ARG,
        "an index bound to PCRs has no auth value");
    VPI_TRY(take_auth(&root->secrets->owner, config->owner_auth, "owner_auth"));
    VPI_TRY(take_auth(&root->secrets->index, config->auth, "auth"));
    if (config->connection) {
        root->connection = strdup(config->connection);
        VPI_ENSURE(root->connection, VPRIV_E_MEMORY, "no memory for a name");
    }
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_root_tpm_open(const vpriv_root_tpm_config *config, vpriv_root_store **store_out)
{
    static const vpriv_root_tpm_config defaults = {.struct_size = sizeof defaults};
    vpriv_status st = VPRIV_E_INTERNAL;
    tpm_root *root = NULL;
    vpi_fail_clear();
    VPI_ENSURE(store_out, VPRIV_E_ARG, "no room for the root store");
    VPI_ENSURE(!config || config->struct_size == sizeof *config, VPRIV_E_ARG,
        "vpriv_root_tpm_config.struct_size is not set");
    VPI_TRY(vpi_tpm_load());
    VPI_TRY(vpi_alloc(1, sizeof *root, (void **)&root));
    VPI_TRY(vpi_secret_alloc(sizeof *root->secrets, (void **)&root->secrets));
    VPI_TRY(take_config(root, config ? config : &defaults));
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, root};
    VPI_TRY(vpi_root_open(&callbacks, close_root, store_out));
    root = NULL;
    st = VPRIV_OK;
out:
    if (root)
        close_root(root);
    return st;
}
