/* Receipts: from what a call returned and what the log has, to a signed text. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/record.h"
#include "consent/text.h"
#include "share/document.h"
#include "share/jose.h"
#include "vault/consent_store.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include <sodium.h>
#include <string.h>

static vpriv_receipt_kind kind_of(const vpriv_vault *vault, const vpriv_log_entry *entry)
{
    switch (entry->kind) {
    case VPRIV_LOG_CONSENT_EVENT:
        return VPRIV_RECEIPT_CONSENT;
    case VPRIV_LOG_ACCESS_GRANTED:
    case VPRIV_LOG_DERIVATIVE_READ:
        /* What was opened for somebody else has left. */
        return entry->recipient[0] && strcmp(entry->recipient, vault->settings.controller_id) != 0
                   ? VPRIV_RECEIPT_DISCLOSURE
                   : VPRIV_RECEIPT_ACCESS;
    case VPRIV_LOG_ACCESS_REFUSED:
    case VPRIV_LOG_DERIVATIVE_REFUSED:
        return VPRIV_RECEIPT_ACCESS;
    case VPRIV_LOG_DISCLOSURE:
        return VPRIV_RECEIPT_DISCLOSURE;
    case VPRIV_LOG_ERASURE:
    case VPRIV_LOG_SUBJECT_ERASED:
    case VPRIV_LOG_RETENTION_EXPIRED:
    case VPRIV_LOG_DERIVATIVE_ERASED:
        return VPRIV_RECEIPT_ERASURE;
    case VPRIV_LOG_PAUSE:
    case VPRIV_LOG_PAUSE_LIFTED:
        return VPRIV_RECEIPT_PAUSE;
    case VPRIV_LOG_RECALL:
    case VPRIV_LOG_RECALL_ACKNOWLEDGED:
        return VPRIV_RECEIPT_RECALL;
    default:
        return VPRIV_RECEIPT_UNKNOWN;
    }
}

static vpriv_status read_leaf(vpriv_vault *vault, uint64_t index, vpi_receipt_leaf *leaf_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_log_head head;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_ENSURE(index < head.size, VPRIV_E_NOT_FOUND, "the log has no entry %llu: it has %llu",
        (unsigned long long)index, (unsigned long long)head.size);
    VPI_TRY(vpi_log_read(vault, index, &leaf_out->entry));
    VPI_TRY(store.get(store.user, 0, index, leaf_out->hash));
    leaf_out->index = index;
    st = VPRIV_OK;
out:
    return st;
}

/* What a recall is about: the very leaf that it names. */
static vpriv_status read_disclosure(
    vpriv_vault *vault, const vpriv_log_entry *entry, vpi_receipt_leaf *leaf_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(read_leaf(vault, entry->count, leaf_out));
    VPI_ENSURE(leaf_out->entry.kind == VPRIV_LOG_DISCLOSURE &&
                   memcmp(leaf_out->hash, entry->detail_hash, sizeof leaf_out->hash) == 0,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status add_recipient(vpi_receipt_facts *facts, const char *recipient)
{
    for (size_t i = 0; i < facts->n_disclosed_to; i++)
        if (strcmp(facts->disclosed_to[i], recipient) == 0)
            return VPRIV_OK;
    if (facts->n_disclosed_to == VPI_DISCLOSED_MAX)
        return vpi_fail(VPRIV_E_LIMIT, "it was opened for more than %d recipients: see the recalls",
            VPI_DISCLOSED_MAX);
    snprintf(facts->disclosed_to[facts->n_disclosed_to++], sizeof facts->disclosed_to[0], "%s",
        recipient);
    return VPRIV_OK;
}

/* Whom the gate opened an erased recording for: those entries are under nobody's key. */
static vpriv_status read_recipients(
    vpriv_vault *vault, const uint8_t *recording, vpi_receipt_facts *facts)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t tag[VPI_TAG_BYTES];
    int64_t index = -1;
    vpi_log_recording_tag(vault, recording, tag);
    for (;;) {
        vpriv_log_entry entry;
        const vpriv_status next = vpi_log_next_about(vault, tag, index, &index, &entry);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        if (next == VPRIV_E_ERASED)
            continue;
        VPI_TRY(next);
        VPI_ENSURE(memcmp(entry.recording, recording, sizeof entry.recording) == 0, VPRIV_E_AUTH,
            "the vault file is damaged or was changed");
        if (entry.kind != VPRIV_LOG_DISCLOSURE)
            continue;
        VPI_TRY(add_recipient(facts, entry.recipient));
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    return st;
}

/* The record as it was at the event: each use adds a row with the same id, a count higher. */
static vpriv_status read_record(
    vpriv_vault *vault, const vpriv_log_entry *entry, vpriv_consent_record *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject person;
    int64_t row = 0;
    uint8_t hash[VPRIV_SHA256_BYTES];
    VPI_TRY(vpi_subject_find(vault, entry->subject, &person));
    for (;;) {
        const vpriv_status next = vpi_consent_next_row(vault, person.row, &row, record_out, NULL);
        VPI_ENSURE(next != VPRIV_E_NOT_FOUND, VPRIV_E_NOT_FOUND,
            "the consent record of this entry is gone");
        VPI_TRY(next);
        if (memcmp(record_out->record_id, entry->consent_record, sizeof entry->consent_record) != 0)
            continue;
        VPI_TRY(vpi_consent_record_hash(record_out, hash));
        if (memcmp(hash, entry->detail_hash, sizeof hash) == 0)
            break;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Several entries make one receipt only where it says the same thing of each. */
static bool go_together(const vpi_receipt_facts *facts, const vpi_receipt_leaf *leaf)
{
    const vpi_receipt_leaf *first = &facts->leaves[0], *last = &facts->leaves[facts->n_leaves - 1];
    if (leaf->index <= last->index || leaf->entry.kind != first->entry.kind)
        return false;
    if (facts->kind == VPRIV_RECEIPT_PAUSE)
        return strcmp(leaf->entry.actor, first->entry.actor) == 0 &&
               strcmp(leaf->entry.reason, first->entry.reason) == 0;
    return facts->kind == VPRIV_RECEIPT_CONSENT &&
           memcmp(leaf->entry.subject, first->entry.subject, sizeof leaf->entry.subject) == 0;
}

static vpriv_status add_leaf(vpriv_vault *vault, vpi_receipt_facts *facts, uint64_t index)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_receipt_leaf *leaf = &facts->leaves[facts->n_leaves];
    VPI_TRY(read_leaf(vault, index, leaf));
    if (facts->n_leaves == 0)
        facts->kind = kind_of(vault, &leaf->entry);
    VPI_ENSURE(facts->kind != VPRIV_RECEIPT_UNKNOWN, VPRIV_E_UNSUPPORTED,
        "entry %llu (%s) is of a kind that has no receipt", (unsigned long long)index,
        vpriv_log_kind_name(leaf->entry.kind));
    VPI_ENSURE(facts->n_leaves == 0 || go_together(facts, leaf), VPRIV_E_ARG,
        "entry %llu does not go into one receipt with the one before it",
        (unsigned long long)index);
    if (facts->kind == VPRIV_RECEIPT_CONSENT)
        VPI_TRY(read_record(vault, &leaf->entry, &facts->records[facts->n_leaves]));
    if (facts->kind == VPRIV_RECEIPT_ERASURE &&
        !sodium_is_zero(leaf->entry.recording, sizeof leaf->entry.recording))
        VPI_TRY(read_recipients(vault, leaf->entry.recording, facts));
    if (facts->kind == VPRIV_RECEIPT_RECALL)
        VPI_TRY(read_disclosure(vault, &leaf->entry, &facts->disclosure));
    facts->n_leaves++;
    st = VPRIV_OK;
out:
    return st;
}

/* What the log knows is compared; what it does not know must at least be possible. */
static vpriv_status check_receipt(
    vpriv_vault *vault, const vpriv_receipt *receipt, const vpi_receipt_leaf *leaf)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const bool is_consent = receipt->kind == VPRIV_LOG_CONSENT_EVENT;
    bool can_say_so = false;
    VPI_ENSURE(receipt->kind == leaf->entry.kind &&
                   memcmp(receipt->leaf_hash, leaf->hash, sizeof leaf->hash) == 0,
        VPRIV_E_ARG, "the receipt is not of entry %llu of this log",
        (unsigned long long)receipt->log_index);
    VPI_ENSURE(!is_consent || (memcmp(receipt->consent_record, leaf->entry.consent_record,
                                   sizeof receipt->consent_record) == 0 &&
                                  memcmp(receipt->record_sha256, leaf->entry.detail_hash,
                                      sizeof receipt->record_sha256) == 0),
        VPRIV_E_ARG, "the receipt names another consent record than the log");
    const uint64_t n = receipt->kind == VPRIV_LOG_DERIVATIVE_ERASED ? receipt->n_derivatives
                                                                    : receipt->n_recordings;
    VPI_TRY(
        vpi_receipt_can_say(vault, receipt->assurance, receipt->generation_before, &can_say_so));
    /* The count of a recall is no number of recordings. */
    VPI_ENSURE((kind_of(vault, &leaf->entry) == VPRIV_RECEIPT_RECALL || n >= leaf->entry.count) &&
                   receipt->generation_before <= receipt->generation_after &&
                   receipt->generation_after <= vpi_tree_generation(vault->tree) && can_say_so,
        VPRIV_E_ARG, "the receipt says what cannot be in this vault");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_statement(
    const vpi_receipt_facts *facts, const vpriv_receipt_statement *statement)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (!statement)
        return VPRIV_OK;
    VPI_ENSURE(statement->struct_size == sizeof *statement, VPRIV_E_ARG,
        "vpriv_receipt_statement.struct_size is %zu, not %zu", statement->struct_size,
        sizeof *statement);
    VPI_ENSURE(facts->kind == VPRIV_RECEIPT_ERASURE, VPRIV_E_ARG,
        "a statement goes with the receipt of an erasure only");
    VPI_ENSURE(statement->n_recipients_told <= VPRIV_RECIPIENTS_MAX &&
                   (statement->n_recipients_told == 0 || statement->recipients_told),
        VPRIV_E_ARG, "%zu recipients told; at most %d", statement->n_recipients_told,
        VPRIV_RECIPIENTS_MAX);
    for (size_t i = 0; i < statement->n_recipients_told; i++) {
        const char *id = statement->recipients_told[i];
        VPI_ENSURE(
            id && id[0] && strlen(id) < VPRIV_PARTY_ID_BYTES && vpi_text_is_plain(id, strlen(id)),
            VPRIV_E_ARG, "a recipient's id has 1 to %d bytes of plain UTF-8",
            VPRIV_PARTY_ID_BYTES - 1);
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status sign_facts(
    vpriv_vault *vault, const vpi_receipt_facts *facts, char **text_out, size_t *n_text_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *document = NULL;
    size_t n_document = 0;
    uint8_t public_key[VPI_KEY_BYTES];
    VPI_TRY(vpi_document_make(facts, &document, &n_document));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, vault->secrets->key));
    crypto_sign_seed_keypair(public_key, vault->secrets->device, vault->secrets->key);
    VPI_ENSURE(memcmp(public_key, facts->public_key, sizeof public_key) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(vpi_jose_sign(
        document, n_document, public_key, vault->secrets->device, text_out, n_text_out));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    vpi_wipe(vault->secrets->device, sizeof vault->secrets->device);
    free(document);
    return st;
}

/* From one snapshot, with the lock held. receipts is NULL for a receipt from the log alone. */
static vpriv_status make(vpriv_vault *vault, const uint64_t *indexes, const vpriv_receipt *receipts,
    size_t n, const vpriv_receipt_statement *statement, char **text_out, size_t *n_text_out)
{
    vpi_receipt_facts *facts = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(1, sizeof *facts, (void **)&facts));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    memcpy(facts->public_key, vault->device_public_key, sizeof facts->public_key);
    facts->receipts = receipts;
    facts->statement = statement;
    for (size_t i = 0; i < n; i++) {
        VPI_TRY(add_leaf(vault, facts, receipts ? receipts[i].log_index : indexes[i]));
        if (receipts)
            VPI_TRY(check_receipt(vault, &receipts[i], &facts->leaves[i]));
    }
    VPI_TRY(check_statement(facts, statement));
    VPI_TRY(sign_facts(vault, facts, text_out, n_text_out));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(facts);
    return st;
}

static vpriv_status make_and_write(vpriv_vault *vault, const uint64_t *indexes,
    const vpriv_receipt *receipts, size_t n, const vpriv_receipt_statement *statement,
    vpriv_write_fn write, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *text = NULL;
    size_t n_text = 0;
    VPI_ENSURE(n >= 1 && n <= VPRIV_RECEIPT_ENTRIES_MAX, VPRIV_E_ARG,
        "a receipt stands for 1 to %d entries, not %zu", VPRIV_RECEIPT_ENTRIES_MAX, n);
    for (size_t i = 0; receipts && i < n; i++)
        VPI_ENSURE(receipts[i].struct_size == sizeof receipts[i], VPRIV_E_ARG,
            "vpriv_receipt.struct_size is %zu, not %zu", receipts[i].struct_size,
            sizeof receipts[i]);
    VPI_TRY(make(vault, indexes, receipts, n, statement, &text, &n_text));
    VPI_TRY(write(user, text, n_text));
    st = VPRIV_OK;
out:
    free(text);
    return st;
}

vpriv_status vpriv_receipt_sign(vpriv_vault *vault, const vpriv_receipt *receipts,
    size_t n_receipts, const vpriv_receipt_statement *statement, vpriv_write_fn write, void *user)
{
    if (!vault || !receipts || !write)
        return vpi_fail(VPRIV_E_ARG, "a vault, a receipt and where to write it are needed");
    return make_and_write(vault, NULL, receipts, n_receipts, statement, write, user);
}

vpriv_status vpriv_receipt_from_log(
    vpriv_vault *vault, const uint64_t *indexes, size_t n_indexes, vpriv_write_fn write, void *user)
{
    if (!vault || !indexes || !write)
        return vpi_fail(VPRIV_E_ARG, "a vault, an entry and where to write its receipt are needed");
    return make_and_write(vault, indexes, NULL, n_indexes, NULL, write, user);
}
