/* The root record in a TPM 2.0. Two NV indexes side by side:
 *
 *   index      root record (56) ‖ value the counter has when this record is in force (u64)
 *   index + 1  a monotonic counter
 *
 * Replacing (one at a time: under the vault's write lock) writes the record with the counter's next value, in
 * one command, then counts. So at every moment, and after a power cut at any, the record's number is the
 * counter's or the one behind it; anything else is a record or a counter that somebody put back or moved on.
 *
 * Loading changes nothing, since it holds no lock: if it counted for a replacement that is running, that one
 * would count too, and the counter be past the record for ever. A record that is one ahead is simply in force.
 * Record and counter are two commands; when a replacement fits in between they do not match, and both are
 * read again.
 *
 * A record that a cut left one ahead is counted for by the next replacement, before it writes: each record has
 * a number of its own, and one of an earlier number is an old one. Without that the next record would get the
 * same number. A cut behind this count leaves record and counter equal. Until then the record before the one
 * that is ahead fits too, if somebody kept it and puts it back; the vault file would have to go back with it.
 *
 * Others keep things in a TPM: what is not as we make it is left alone. The counter is made first and goes
 * last, and the first record is written when all is made; so what a cut leaves of making or destroying never
 * is a written record without its counter. */
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
#define COUNTER_BYTES 8
#define READ_TRIES    5

#define BY_AUTH   (TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE)
#define BY_POLICY (TPMA_NV_POLICYREAD | TPMA_NV_POLICYWRITE)
#define COUNTS    ((TPMA_NV)TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT)

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

typedef enum presence { MISSING, UNWRITTEN, WRITTEN } presence;

/* One conversation about the two indexes. */
typedef struct visit {
    tpm_root *root;
    vpi_tpm tpm;
    ESYS_TR record;
    ESYS_TR counter;
    ESYS_TR session; /* for the counter, and the record when it is not bound to PCRs */
    presence record_is;
    presence counter_is;
} visit;

static const TPM2B_AUTH *auth_of(tpm_secrets *secrets, const vpi_tpm_auth *auth)
{
    secrets->auth.size = auth->n_bytes;
    memcpy(secrets->auth.buffer, auth->bytes, auth->n_bytes);
    return &secrets->auth;
}

/* Auth values have to be set on tpm2-tss's objects, in ordinary memory that it frees unwiped: they are set to
 * nothing before they go. Out of reach are the copies it makes in the session that uses such an object, and in
 * its context when an index is made. */
static void set_auth(visit *v, ESYS_TR object, const vpi_tpm_auth *auth)
{
    static const TPM2B_AUTH nothing = {.size = 0};
    vpi_esys.TR_SetAuth(v->tpm.esys, object, auth ? auth_of(v->root->secrets, auth) : &nothing);
    vpi_wipe(&v->root->secrets->auth, sizeof v->root->secrets->auth);
}

static void leave(visit *v)
{
    if (v->tpm.esys) {
        vpi_tpm_forget(&v->tpm, &v->record);
        vpi_tpm_forget(&v->tpm, &v->counter);
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

static bool is_ours(const TPMS_NV_PUBLIC *area, bool is_counter)
{
    const TPMA_NV attributes = area->attributes & ~(TPMA_NV)(TPMA_NV_NO_DA | TPMA_NV_WRITTEN);
    return is_counter ? attributes == (BY_AUTH | COUNTS) && area->dataSize == COUNTER_BYTES
                      : (attributes == BY_AUTH || attributes == BY_POLICY) &&
                            area->dataSize == STORED_BYTES;
}

/* VPRIV_E_EXISTS: somebody else's. */
static vpriv_status look_at(
    visit *v, uint32_t index, bool is_counter, ESYS_TR *object_out, presence *is_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    TPMS_NV_PUBLIC area;
    *is_out = MISSING;
    vpi_tpm_forget(&v->tpm, object_out);
    const vpriv_status found = vpi_tpm_find(&v->tpm, index, object_out);
    if (found == VPRIV_E_NOT_FOUND)
        return VPRIV_OK;
    VPI_TRY(found);
    VPI_TRY(vpi_tpm_look(&v->tpm, *object_out, &area));
    VPI_ENSURE(is_ours(&area, is_counter), VPRIV_E_EXISTS,
        "NV index 0x%08x holds something else than this store's %s, and is kept: choose another"
        " index (a store takes two, side by side)",
        (unsigned)index, is_counter ? "counter" : "root key");
    *is_out = area.attributes & TPMA_NV_WRITTEN ? WRITTEN : UNWRITTEN;
    st = VPRIV_OK;
out:
    return st;
}

/* What is there, looked at before anything is done to it. While another process destroys the root key, the
 * record may be seen and the counter not any more. */
static vpriv_status find_indexes(visit *v)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t index = v->root->index;
    bool is_broken = true;
    for (int i = 0; i < READ_TRIES && is_broken; i++) {
        VPI_TRY(look_at(v, index, false, &v->record, &v->record_is));
        VPI_TRY(look_at(v, index + 1, true, &v->counter, &v->counter_is));
        is_broken = v->record_is == WRITTEN && v->counter_is != WRITTEN;
    }
    VPI_ENSURE(!is_broken, VPRIV_E_EXISTS,
        "NV index 0x%08x was written, but its counter 0x%08x was not: it is no root key of ours,"
        " and is kept",
        (unsigned)index, (unsigned)index + 1);
    if (v->counter_is != MISSING)
        set_auth(v, v->counter, &v->root->secrets->index);
    if (v->record_is != MISSING && !v->root->pcrs)
        set_auth(v, v->record, &v->root->secrets->index);
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
    uint8_t bytes[COUNTER_BYTES];
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

/* In this order: tpm2-tss keeps the latest answer, plain, in memory that it does not wipe. */
static vpriv_status read_both(visit *v, uint64_t *expected_out, uint64_t *counter_out)
{
    const vpriv_status st = read_record(v, expected_out);
    return st == VPRIV_OK ? read_counter(v, counter_out) : st;
}

static bool is_in_force(uint64_t expected, uint64_t counter)
{
    return expected >= counter && expected - counter <= 1;
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    visit v;
    uint64_t expected = 0, counter = 1;
    VPI_TRY(enter(user, &v));
    VPI_TRY(find_indexes(&v));
    VPI_ENSURE(v.record_is == WRITTEN, VPRIV_E_NOT_FOUND, "the TPM has no root key yet");
    for (int i = 0; i < READ_TRIES && !is_in_force(expected, counter); i++)
        VPI_TRY(read_both(&v, &expected, &counter));
    VPI_ENSURE(expected >= counter, VPRIV_E_ROLLBACK,
        "the TPM's root key is older than its counter: an old one was put back");
    VPI_ENSURE(is_in_force(expected, counter), VPRIV_E_ROLLBACK,
        "the TPM's counter is behind its root key");
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
    vpi_tpm_forget(&v->tpm, &made);
    return code ? vpi_tpm_failed("the NV index cannot be made", code) : VPRIV_OK;
}

static vpriv_status undefine(visit *v, ESYS_TR *object)
{
    if (*object == ESYS_TR_NONE)
        return VPRIV_OK;
    set_auth(v, *object, NULL);
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
    set_auth(v, ESYS_TR_RH_OWNER, &root->secrets->owner);
    VPI_TRY(undefine(v, &v->record));
    VPI_TRY(undefine(v, &v->counter));
    VPI_TRY(vpi_tpm_policy(&v->tpm, root->pcrs, &policy));
    VPI_TRY(define(v, root->index + 1, BY_AUTH | COUNTS | guess, COUNTER_BYTES,
        &root->secrets->index, &no_policy));
    VPI_TRY(define(v, root->index, root->pcrs ? BY_POLICY | TPMA_NV_NO_DA : BY_AUTH | guess,
        STORED_BYTES, root->pcrs ? &no_auth : &root->secrets->index, &policy));
    VPI_TRY(find_indexes(v));
    VPI_TRY(count(v));
    st = VPRIV_OK;
out:
    set_auth(v, ESYS_TR_RH_OWNER, NULL);
    return st;
}

/* Indexes that a power cut left, of which nobody has a root key, are made anew. A record that a cut left one
 * ahead is counted for: only now, for nobody else counts under the vault's write lock. */
static vpriv_status prepare(visit *v, uint64_t *counter_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t expected = 0;
    VPI_TRY(find_indexes(v));
    if (v->record_is == WRITTEN) {
        VPI_TRY(read_both(v, &expected, counter_out));
        if (expected == *counter_out + 1) {
            VPI_TRY(count(v));
            *counter_out = expected;
        }
    } else {
        VPI_TRY(make_indexes(v));
        VPI_TRY(read_counter(v, counter_out));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    visit v;
    uint64_t counter = 0;
    VPI_TRY(enter(user, &v));
    VPI_TRY(prepare(&v, &counter));
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
    VPI_TRY(find_indexes(&v));
    VPI_ENSURE(v.record_is != MISSING || v.counter_is != MISSING, VPRIV_E_NOT_FOUND,
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
