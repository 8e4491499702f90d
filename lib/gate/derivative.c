/* Reading what was made from a recording: the same way as its sound, decide, log, unwrap, read. */
#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "vault/decision.h"
#include "vault/ingest.h"
#include "vault/shelf.h"
#include <string.h>

/* Guarded. */
typedef struct content_secrets {
    vpi_derivative_keys keys;
    vpi_branches branches;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
} content_secrets;

/* One derivative on its way out. */
typedef struct content {
    vpi_recording recording;
    vpi_shelf shelf;
    vpi_shelf_entry entry;
    vpi_derivative_bond bond;
    int64_t row;
    int64_t recording_row;
    size_t n_sealed;
    uint8_t *sealed;
    content_secrets *secrets;
} content;

static void content_free(content *c)
{
    if (!c)
        return;
    vpi_secret_free(c->secrets);
    free(c->sealed);
    vpi_wipe(&c->entry, sizeof c->entry);
    vpi_wipe(&c->shelf, sizeof c->shelf);
    free(c);
}

static vpriv_status content_create(content **content_out)
{
    content *c = NULL;
    vpriv_status st = vpi_alloc(1, sizeof *c, (void **)&c);
    if (st == VPRIV_OK)
        st = vpi_secret_alloc(sizeof *c->secrets, (void **)&c->secrets);
    if (st == VPRIV_OK)
        *content_out = c;
    else
        content_free(c);
    return st;
}

static vpriv_status load_shelf(vpriv_vault *vault, content *c)
{
    uint8_t *key = vault->secrets->adopt_shred_key;
    vpriv_status st = vpi_tree_get(vault->tree, c->recording.key_slot, key);
    if (st == VPRIV_OK)
        st = vpi_shelf_load(vault, &c->recording, key, &c->shelf);
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

static bool is_kept(const vpi_recording *recording)
{
    return recording->state == VPRIV_RECORDING_COMMITTED ||
           recording->state == VPRIV_RECORDING_RESTRICTED;
}

/* VPRIV_OK only when the answer is yes and the log has it on disk. */
static vpriv_status decide_and_log(vpriv_vault *vault, const vpriv_keyring *keyring,
    const uint8_t *id, const vpriv_gate_request *request, content *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES];
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_derivative_find(vault, id, &c->row, &c->recording_row));
    VPI_TRY(vpi_recording_load(vault, c->recording_row, &c->recording));
    VPI_TRY(vpi_decide_read(
        vault, &c->recording, request->purpose, request->recipient, &reasons, consent_record));
    if (is_kept(&c->recording)) {
        VPI_TRY(load_shelf(vault, c));
        VPI_TRY(vpi_shelf_find(&c->shelf, id, &c->entry));
        /* What was not made for this purpose stays shut, whatever the recording is open for. */
        if (reasons == 0 && !(c->entry.purposes & VPRIV_PURPOSE_BIT(request->purpose)))
            reasons = VPRIV_DENY_CONSENT_MISSING;
    }
    const bool key_missing = !vpi_gate_has_key(vault, keyring, request->purpose);
    VPI_TRY(
        vpi_gate_answer(vault, &c->recording, id, request, key_missing, reasons, consent_record));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

/* From the recording's shred key, every speaker's grant key and the purpose's secret key to its own. */
static vpriv_status unwrap(
    vpriv_vault *vault, const vpriv_keyring *keyring, vpriv_purpose purpose, content *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    content_secrets *s = c->secrets;
    uint8_t commitment[VPI_HASH_BYTES];
    vpi_derivative_bond_of(vault, &c->recording, c->entry.id, &c->bond);
    VPI_TRY(vpi_branches_load(vault, &c->recording, VPRIV_PURPOSE_BIT(purpose), &s->branches));
    VPI_ENSURE(vpi_shelf_alive(&c->entry, &s->branches) & VPRIV_PURPOSE_BIT(purpose),
        VPRIV_E_CONSENT, "%s: another consent is in force than when it was made",
        vpriv_purpose_name(purpose));
    VPI_TRY(vpi_derivative_wrap_open(c->entry.wraps[purpose].wrap, &c->bond, (unsigned)purpose,
        s->branches.branch[purpose], keyring->public_key[purpose], keyring->secret_key[purpose],
        s->keys.key));
    vpi_derivative_commitment(s->keys.key, &c->bond, commitment);
    VPI_ENSURE(memcmp(commitment, c->entry.commitment, sizeof commitment) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_derivative_keys_derive(&s->keys);
    st = VPRIV_OK;
out:
    vpi_wipe(&s->branches, sizeof s->branches);
    if (st != VPRIV_OK)
        vpi_wipe(&s->keys, sizeof s->keys);
    return st;
}

/* Its ciphertext; the length is what the shelf says. */
static vpriv_status fetch(vpriv_vault *vault, content *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    size_t n = 0;
    const size_t n_blocks = ((size_t)c->entry.n_bytes + VPI_DERIVATIVE_BLOCK_CONTENT - 1) /
                            VPI_DERIVATIVE_BLOCK_CONTENT;
    free(c->sealed);
    c->sealed = NULL;
    VPI_TRY(vpi_database_query(vault->database, &row,
        "SELECT sealed FROM derivative WHERE name = ?1", "b", c->entry.id, sizeof c->entry.id));
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n);
    VPI_ENSURE(sealed && n == n_blocks * VPI_BLOCK_BYTES, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(vpi_alloc(1, n, (void **)&c->sealed));
    memcpy(c->sealed, sealed, n);
    c->n_sealed = n;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return vpi_must_exist(st);
}

static vpriv_status fetch_in_snapshot(vpriv_vault *vault, const vpriv_keyring *keyring,
    const uint8_t *id, vpriv_purpose purpose, content *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool began = false;
    int64_t n = 0;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    /* Again: between the log entry and here somebody may have erased one or the other. */
    VPI_TRY(vpi_recording_load(vault, c->recording_row, &c->recording));
    VPI_TRY(vpi_database_int(vault->database, &n, "SELECT count(*) FROM derivative WHERE name = ?1",
        "b", id, (size_t)VPI_DERIVATIVE_ID_BYTES));
    VPI_ENSURE(
        c->recording.state == VPRIV_RECORDING_COMMITTED && n == 1, VPRIV_E_ERASED, "it was erased");
    VPI_TRY(load_shelf(vault, c));
    VPI_TRY(vpi_shelf_find(&c->shelf, id, &c->entry));
    VPI_TRY(unwrap(vault, keyring, purpose, c));
    VPI_TRY(fetch(vault, c));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    return st;
}

static vpriv_status nobody(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    (void)bytes;
    (void)n_bytes;
    return VPRIV_OK;
}

static vpriv_status give_out(content *c, vpriv_write_fn write, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    content_secrets *s = c->secrets;
    const size_t n_blocks = c->n_sealed / VPI_BLOCK_BYTES;
    size_t n_left = c->entry.n_bytes;
    for (size_t i = 0; i < n_blocks; i++) {
        const size_t n =
            n_left < VPI_DERIVATIVE_BLOCK_CONTENT ? n_left : VPI_DERIVATIVE_BLOCK_CONTENT;
        VPI_TRY(vpi_derivative_block_open(
            &s->keys, &c->bond, i, i + 1 == n_blocks, c->sealed + i * VPI_BLOCK_BYTES, s->plain));
        vpi_reader r = vpi_reader_of(s->plain, sizeof s->plain);
        VPI_ENSURE(vpi_get_u16(&r) == n, VPRIV_E_AUTH, "the vault file is damaged or was changed");
        VPI_TRY(write(user, vpi_get_bytes(&r, n), n));
        n_left -= n;
    }
    st = VPRIV_OK;
out:
    vpi_wipe(s, sizeof *s);
    vpi_wipe_registers();
    return st;
}

vpriv_status vpriv_gate_read_derivative(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_derivative_id *derivative, const vpriv_gate_request *request, vpriv_write_fn write,
    void *user)
{
    content *c = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(keyring && derivative && write, VPRIV_E_ARG,
        "a keyring, a derivative and where to write it are needed");
    VPI_TRY(vpi_gate_check_request(request));
    VPI_TRY(content_create(&c));
    VPI_TRY(decide_and_log(vault, keyring, derivative->bytes, request, c));
    VPI_TRY(fetch_in_snapshot(vault, keyring, derivative->bytes, request->purpose, c));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    if (st == VPRIV_OK)
        st = give_out(c, write, user);
    content_free(c);
    return st;
}

/* What keyring, wraps and consent all allow. */
static vpriv_status open_purposes(vpriv_vault *vault, const vpi_recording *recording,
    const vpriv_keyring *keyring, uint32_t *open_out)
{
    *open_out = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES];
        if (!(recording->wrapped >> p & 1) || !vpi_gate_has_key(vault, keyring, (vpriv_purpose)p))
            continue;
        const vpriv_status st =
            vpi_decide_read(vault, recording, (vpriv_purpose)p, NULL, &reasons, consent_record);
        if (st != VPRIV_OK)
            return st;
        if (reasons == 0)
            *open_out |= VPRIV_PURPOSE_BIT(p);
    }
    return VPRIV_OK;
}

vpriv_status vpi_gate_verify_derivatives(vpriv_vault *vault, const vpi_recording *recording,
    const vpriv_keyring *keyring, uint64_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    content *c = NULL;
    uint32_t open = 0;
    size_t at = 0;
    if (recording->n_derivatives == 0)
        return VPRIV_OK;
    VPI_TRY(content_create(&c));
    c->recording = *recording;
    VPI_TRY(load_shelf(vault, c));
    VPI_TRY(open_purposes(vault, recording, keyring, &open));
    for (;;) {
        const vpriv_status next = vpi_shelf_next(&c->shelf, &at, &c->entry);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        if (!(c->entry.purposes & open))
            continue;
        const int purpose = __builtin_ctz(c->entry.purposes & open);
        const vpriv_status opened = unwrap(vault, keyring, (vpriv_purpose)purpose, c);
        if (opened == VPRIV_E_CONSENT)
            continue; /* not ours to open any more */
        VPI_TRY(opened);
        VPI_TRY(fetch(vault, c));
        VPI_TRY(give_out(c, nobody, NULL));
        *n_io += c->n_sealed / VPI_BLOCK_BYTES;
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    content_free(c);
    return st;
}
