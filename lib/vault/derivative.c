/* Keeping, listing and erasing what was made from recordings. Reading it is the gate's. */
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/decision.h"
#include "vault/erase.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include "vault/subject.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {[VPRIV_DERIVATIVE_TRANSCRIPT] = "transcript",
    [VPRIV_DERIVATIVE_OUTCOME] = "outcome",
    [VPRIV_DERIVATIVE_LABEL] = "label",
    [VPRIV_DERIVATIVE_FEATURE] = "feature",
    [VPRIV_DERIVATIVE_OTHER] = "other"};
#define N_KINDS (sizeof kind_names / sizeof kind_names[0])

const char *vpriv_derivative_kind_name(vpriv_derivative_kind kind)
{
    return (size_t)kind < N_KINDS && kind_names[kind] ? kind_names[kind] : "unknown kind";
}

vpriv_status vpriv_derivative_kind_from_name(const char *name, vpriv_derivative_kind *kind_out)
{
    if (!name || !kind_out)
        return vpi_fail(VPRIV_E_ARG, "a name and room for the kind are needed");
    for (size_t i = 0; i < N_KINDS; i++)
        if (kind_names[i] && strcmp(kind_names[i], name) == 0) {
            *kind_out = (vpriv_derivative_kind)i;
            return VPRIV_OK;
        }
    return vpi_fail(VPRIV_E_NOT_FOUND,
        "no kind \"%.32s\": there are transcript, outcome, label, feature and other", name);
}

/* Everything of one addition; the keys are in guarded memory. */
typedef struct addition_secrets {
    vpi_derivative_keys keys;
    vpi_branches branches;
    uint8_t scratch[VPI_KEY_BYTES];
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
} addition_secrets;

typedef struct addition {
    const vpriv_derivative *about;
    const uint8_t *bytes;
    size_t n_bytes;
    vpi_recording recording;
    vpi_shelf shelf;
    vpi_shelf_entry entry;
    vpi_derivative_bond bond;
} addition;

static bool fits(const char *text, size_t capacity)
{
    return !text || (strlen(text) < capacity && vpi_text_is_plain(text, strlen(text)));
}

static vpriv_status check(
    const vpriv_derivative *about, const void *bytes, size_t n_bytes, vpi_shelf_entry *entry)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(about && about->struct_size == sizeof *about, VPRIV_E_ARG,
        "a derivative with its struct_size is needed");
    VPI_ENSURE(about->kind >= VPRIV_DERIVATIVE_TRANSCRIPT && about->kind <= VPRIV_DERIVATIVE_OTHER,
        VPRIV_E_ARG, "kind %d is not known", (int)about->kind);
    VPI_ENSURE(about->purposes != 0, VPRIV_E_ARG, "at least one purpose is needed");
    VPI_ENSURE(about->made_by && about->made_by[0] && fits(about->made_by, sizeof entry->made_by),
        VPRIV_E_ARG, "who made it (made_by) is 1 to %zu bytes of plain text",
        sizeof entry->made_by - 1);
    VPI_ENSURE(fits(about->media_type, sizeof entry->media_type), VPRIV_E_ARG,
        "the media type is longer than %zu bytes, or not plain text", sizeof entry->media_type - 1);
    VPI_ENSURE(!about->language || !about->language[0] ||
                   (fits(about->language, sizeof entry->language) &&
                       vpi_text_is_language(about->language)),
        VPRIV_E_ARG, "the language is not one as in BCP 47");
    VPI_ENSURE(bytes && n_bytes > 0, VPRIV_E_ARG, "there is nothing to keep");
    VPI_ENSURE(n_bytes <= VPRIV_DERIVATIVE_BYTES_MAX, VPRIV_E_LIMIT,
        "%zu bytes; a derivative has at most %d", n_bytes, VPRIV_DERIVATIVE_BYTES_MAX);
    memset(entry, 0, sizeof *entry);
    entry->kind = about->kind;
    entry->n_bytes = (uint32_t)n_bytes;
    entry->purposes = about->purposes;
    snprintf(entry->made_by, sizeof entry->made_by, "%s", about->made_by);
    snprintf(entry->media_type, sizeof entry->media_type, "%s",
        about->media_type ? about->media_type : "");
    snprintf(entry->language, sizeof entry->language, "%s", about->language ? about->language : "");
    st = VPRIV_OK;
out:
    return st;
}

/* For each of its purposes the gate's own question about the recording. */
static vpriv_status decide(vpriv_vault *vault, const addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_recording *recording = &a->recording;
    VPI_ENSURE(recording->state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED,
        "the recording was erased: nothing made from it is kept");
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
        if (!(a->entry.purposes >> p & 1))
            continue;
        if (recording->state == VPRIV_RECORDING_PROVISIONAL)
            reasons = VPRIV_DENY_RECORDING_PROVISIONAL;
        else
            VPI_TRY(vpi_decide_read(vault, recording, (vpriv_purpose)p, NULL, &reasons, record_id));
        if (reasons != 0) {
            st = vpi_denied(reasons, (vpriv_purpose)p);
            goto out;
        }
    }
    VPI_ENSURE(recording->n_derivatives < VPRIV_DERIVATIVES_MAX, VPRIV_E_LIMIT,
        "the recording has %d derivatives, which is the most", VPRIV_DERIVATIVES_MAX);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status make_wraps(vpriv_vault *vault, addition *a, addition_secrets *s)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_shelf_entry *entry = &a->entry;
    vpi_random(entry->id, sizeof entry->id);
    vpi_random(s->keys.key, sizeof s->keys.key);
    vpi_derivative_keys_derive(&s->keys);
    vpi_derivative_bond_of(vault, &a->recording, entry->id, &a->bond);
    vpi_derivative_commitment(s->keys.key, &a->bond, entry->commitment);
    VPI_TRY(vpi_branches_load(vault, &a->recording, entry->purposes, &s->branches));
    VPI_ENSURE(s->branches.alive == entry->purposes, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(entry->purposes >> p & 1))
            continue;
        vpi_branch_tag(s->branches.branch[p], entry->wraps[p].branch_tag);
        VPI_TRY(vpi_derivative_wrap_seal(s->keys.key, &a->bond, p, s->branches.branch[p],
            vault->purpose_public_key[p], s->scratch, entry->wraps[p].wrap));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status insert_content(vpriv_vault *vault, const addition *a, addition_secrets *s)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *sealed = NULL;
    const size_t n_blocks =
        (a->n_bytes + VPI_DERIVATIVE_BLOCK_CONTENT - 1) / VPI_DERIVATIVE_BLOCK_CONTENT;
    VPI_TRY(vpi_alloc(n_blocks, VPI_BLOCK_BYTES, (void **)&sealed));
    for (size_t i = 0; i < n_blocks; i++) {
        const size_t at = i * VPI_DERIVATIVE_BLOCK_CONTENT, left = a->n_bytes - at;
        const size_t n = left < VPI_DERIVATIVE_BLOCK_CONTENT ? left : VPI_DERIVATIVE_BLOCK_CONTENT;
        vpi_writer w = vpi_writer_of(s->plain, sizeof s->plain);
        vpi_put_u16(&w, (uint16_t)n);
        vpi_put_bytes(&w, a->bytes + at, n);
        vpi_put_zeros_to(&w, sizeof s->plain);
        VPI_TRY(vpi_writer_finish(&w, "derivative"));
        vpi_derivative_block_seal(
            &s->keys, &a->bond, i, i + 1 == n_blocks, s->plain, sealed + i * VPI_BLOCK_BYTES);
    }
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO derivative(name, recording, sealed) VALUES (?1, ?2, ?3)", "bib", a->entry.id,
        sizeof a->entry.id, a->recording.row, sealed, n_blocks * VPI_BLOCK_BYTES));
    st = VPRIV_OK;
out:
    free(sealed);
    return st;
}

static vpriv_status put_on_shelf(vpriv_vault *vault, addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *key = vault->secrets->adopt_shred_key;
    VPI_TRY(vpi_tree_get(vault->tree, a->recording.key_slot, key));
    VPI_TRY(vpi_shelf_load(vault, &a->recording, key, &a->shelf));
    VPI_TRY(vpi_shelf_put(&a->shelf, &a->entry));
    a->recording.n_derivatives++;
    VPI_TRY(vpi_shelf_store(vault, &a->recording, key, &a->shelf));
    VPI_TRY(vpi_recording_store(vault, &a->recording, key));
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

/* About everybody who speaks in the recording, while they are known. */
static vpriv_status log_about(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_log_entry *entry, vpriv_receipt *receipt)
{
    int64_t rows[VPI_SUBJECTS_MAX];
    size_t n = 0;
    memcpy(entry->recording, recording->id, sizeof entry->recording);
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        const vpriv_status found = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        if (found == VPRIV_OK)
            rows[n++] = subject.row;
        else if (found != VPRIV_E_NOT_FOUND)
            return found;
    }
    return vpi_log_append(vault, entry, rows, n, receipt ? &receipt->log_index : NULL,
        receipt ? receipt->leaf_hash : NULL);
}

static vpriv_status add(
    vpriv_vault *vault, const vpriv_recording_id *recording, addition *a, addition_secrets *s)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_DERIVATIVE_ADDED, .purpose = VPRIV_LOG_NO_PURPOSE, .count = 1};
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_recording_find(vault, recording->bytes, &a->recording));
    VPI_TRY(decide(vault, a));
    VPI_TRY(make_wraps(vault, a, s));
    a->entry.made_us = vpi_vault_now_us(vault);
    VPI_TRY(put_on_shelf(vault, a));
    VPI_TRY(insert_content(vault, a, s));
    snprintf(entry.actor, sizeof entry.actor, "%s", a->entry.made_by);
    snprintf(entry.reason, sizeof entry.reason, "%s", vpriv_derivative_kind_name(a->entry.kind));
    crypto_hash_sha256(entry.detail_hash, a->entry.id, sizeof a->entry.id);
    VPI_TRY(log_about(vault, &a->recording, &entry, NULL));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

vpriv_status vpriv_derivative_add(vpriv_vault *vault, const vpriv_recording_id *recording,
    const vpriv_derivative *derivative, const void *bytes, size_t n_bytes,
    vpriv_derivative_id *id_out)
{
    addition *a = NULL;
    addition_secrets *secrets = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(recording, VPRIV_E_ARG, "no recording");
    VPI_TRY(vpi_alloc(1, sizeof *a, (void **)&a));
    VPI_TRY(check(derivative, bytes, n_bytes, &a->entry));
    a->bytes = bytes;
    a->n_bytes = n_bytes;
    VPI_TRY(vpi_secret_alloc(sizeof *secrets, (void **)&secrets));
    VPI_TRY(add(vault, recording, a, secrets));
    if (id_out)
        memcpy(id_out->bytes, a->entry.id, sizeof id_out->bytes);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    vpi_secret_free(secrets);
    vpi_wipe_registers();
    if (a)
        vpi_wipe(a, sizeof *a);
    free(a);
    return st;
}

/* What a list tells, of one moment. */
typedef struct listing {
    vpi_recording recording;
    vpi_shelf shelf;
    vpi_shelf_entry entry;
    size_t n;
    vpriv_derivative_info infos[VPRIV_DERIVATIVES_MAX];
} listing;

/* Inside a snapshot, the recording loaded; nothing of one that is not kept. */
static vpriv_status fill(vpriv_vault *vault, listing *l)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t at = 0;
    uint8_t *key = vault->secrets->adopt_shred_key;
    if (l->recording.state != VPRIV_RECORDING_COMMITTED &&
        l->recording.state != VPRIV_RECORDING_RESTRICTED)
        return VPRIV_OK;
    VPI_TRY(vpi_tree_get(vault->tree, l->recording.key_slot, key));
    VPI_TRY(vpi_shelf_load(vault, &l->recording, key, &l->shelf));
    while (l->n < VPRIV_DERIVATIVES_MAX) {
        const vpriv_status next = vpi_shelf_next(&l->shelf, &at, &l->entry);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        vpi_shelf_describe(&l->recording, &l->entry, &l->infos[l->n++]);
    }
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpriv_derivative_list(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_derivative_fn fn, void *user)
{
    listing *l = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(recording && fn, VPRIV_E_ARG, "a recording and a callback are needed");
    VPI_TRY(vpi_alloc(1, sizeof *l, (void **)&l));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_recording_find(vault, recording->bytes, &l->recording));
    VPI_TRY(fill(vault, l));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    for (size_t i = 0; st == VPRIV_OK && i < l->n; i++)
        if (!fn(user, &l->infos[i]))
            break;
    if (l)
        vpi_wipe(l, sizeof *l);
    free(l);
    return st;
}

vpriv_status vpriv_derivative_about(
    vpriv_vault *vault, const vpriv_derivative_id *derivative, vpriv_derivative_info *info_out)
{
    listing *l = NULL;
    bool began = false;
    int64_t row = 0, recording = 0;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(derivative && info_out, VPRIV_E_ARG, "a derivative and room for it are needed");
    VPI_TRY(vpi_alloc(1, sizeof *l, (void **)&l));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_derivative_find(vault, derivative->bytes, &row, &recording));
    VPI_TRY(vpi_recording_load(vault, recording, &l->recording));
    VPI_ENSURE(l->recording.state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED,
        "it was erased with its recording");
    VPI_TRY(fill(vault, l));
    VPI_TRY(vpi_shelf_find(&l->shelf, derivative->bytes, &l->entry));
    vpi_shelf_describe(&l->recording, &l->entry, info_out);
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    if (l)
        vpi_wipe(l, sizeof *l);
    free(l);
    return st;
}

static bool is_another(const void *user, const vpi_shelf_entry *entry)
{
    return memcmp(entry->id, user, sizeof entry->id) != 0;
}

/* Without it on the shelf, the recording gets a new key. */
static vpriv_status take_off_shelf(vpriv_vault *vault, listing *l, const uint8_t *id,
    vpriv_log_entry *entry, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t old_slot = 0;
    uint8_t *key = vault->secrets->adopt_shred_key;
    VPI_ENSURE(l->recording.restriction != VPRIV_RESTRICTION_LEGAL_HOLD, VPRIV_E_STATE,
        "the recording is under a legal hold: nothing was erased");
    VPI_TRY(vpi_tree_get(vault->tree, l->recording.key_slot, key));
    VPI_TRY(vpi_shelf_load(vault, &l->recording, key, &l->shelf));
    VPI_TRY(
        vpi_shelf_thin(vault, &l->recording, &l->shelf, is_another, id, &receipt->n_derivatives));
    VPI_ENSURE(
        receipt->n_derivatives == 1, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(vpi_recording_rekey(vault, &l->recording, 0, NULL, &l->shelf, &old_slot));
    entry->count = 1;
    VPI_TRY(log_about(vault, &l->recording, entry, receipt));
    VPI_TRY(vpi_vault_shred(vault, &old_slot, 1));
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

static vpriv_status erase(
    vpriv_vault *vault, const vpriv_derivative_id *derivative, listing *l, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t row = 0, recording = 0;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_DERIVATIVE_ERASED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "owner",
        .reason = "erased"};
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_derivative_find(vault, derivative->bytes, &row, &recording));
    VPI_TRY(vpi_recording_load(vault, recording, &l->recording));
    vpi_receipt_start(vault, VPRIV_LOG_DERIVATIVE_ERASED, receipt);
    crypto_hash_sha256(entry.detail_hash, derivative->bytes, sizeof derivative->bytes);
    if (l->recording.state == VPRIV_RECORDING_SHREDDED)
        VPI_TRY(log_about(vault, &l->recording, &entry, receipt));
    else {
        VPI_TRY(vpi_receipt_weigh(vault, &recording, 1, NULL, 0, receipt));
        VPI_TRY(take_off_shelf(vault, l, derivative->bytes, &entry, receipt));
    }
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_derivative_erase(
    vpriv_vault *vault, const vpriv_derivative_id *derivative, vpriv_receipt *receipt_out)
{
    vpriv_receipt receipt;
    listing *l = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(derivative, VPRIV_E_ARG, "no derivative");
    VPI_TRY(vpi_receipt_check(receipt_out));
    VPI_TRY(vpi_alloc(1, sizeof *l, (void **)&l));
    vpriv_status erased = erase(vault, derivative, l, &receipt);
    if (vpi_vault_try_again(vault, erased))
        erased = erase(vault, derivative, l, &receipt);
    VPI_TRY(erased);
    vpi_receipt_finish(vault, &receipt, receipt_out);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    if (l)
        vpi_wipe(l, sizeof *l);
    free(l);
    return st;
}
