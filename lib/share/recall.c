#include "share/recall.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/decision.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include <stdio.h>
#include <string.h>

/* Ends of a consent, and of what it was given to. What a pause, a restriction, a stale policy or a rule of
 * some place closes may open again. A use that is spent was had rightly. */
#define IS_OVER                                                                                    \
    ((uint32_t)VPRIV_DENY_SUBJECT_UNKNOWN | VPRIV_DENY_NO_SUBJECT | VPRIV_DENY_CONSENT_MISSING |   \
        VPRIV_DENY_CONSENT_REFUSED | VPRIV_DENY_CONSENT_WITHDRAWN | VPRIV_DENY_CONSENT_REVOKED |   \
        VPRIV_DENY_CONSENT_EXPIRED | VPRIV_DENY_CONSENT_INVALIDATED | VPRIV_DENY_NOTICE_CHANGED |  \
        VPRIV_DENY_RECIPIENT_NOT_NAMED | VPRIV_DENY_NO_GRANT_KEY)

static const char *const cause_names[] = {[VPRIV_RECALL_NOT_DUE] = "not due",
    [VPRIV_RECALL_WITHDRAWN] = "withdrawn",
    [VPRIV_RECALL_EXPIRED] = "expired",
    [VPRIV_RECALL_ERASED] = "erased"};

static const char *const outcome_names[] = {[VPRIV_RECALL_UNANSWERED] = "unanswered",
    [VPRIV_RECALL_DELETED] = "deleted",
    [VPRIV_RECALL_NOT_KEPT] = "not-kept",
    [VPRIV_RECALL_NOT_DELETED] = "not-deleted"};

#define N_CAUSES   (sizeof cause_names / sizeof cause_names[0])
#define N_OUTCOMES (sizeof outcome_names / sizeof outcome_names[0])

const char *vpriv_recall_cause_name(vpriv_recall_cause cause)
{
    return (size_t)cause < N_CAUSES ? cause_names[cause] : "unknown cause";
}

const char *vpriv_recall_outcome_name(vpriv_recall_outcome outcome)
{
    return (size_t)outcome < N_OUTCOMES ? outcome_names[outcome] : "unknown outcome";
}

vpriv_status vpriv_recall_outcome_from_name(const char *name, vpriv_recall_outcome *outcome_out)
{
    if (!name || !outcome_out)
        return vpi_fail(VPRIV_E_ARG, "recall: name or output is NULL");
    for (size_t i = VPRIV_RECALL_DELETED; i < N_OUTCOMES; i++) {
        if (strcmp(outcome_names[i], name) == 0) {
            *outcome_out = (vpriv_recall_outcome)i;
            return VPRIV_OK;
        }
    }
    return vpi_fail(VPRIV_E_NOT_FOUND, "no such answer to a recall");
}

vpriv_recall_cause vpi_recall_cause_of(uint32_t deny_reasons)
{
    if (deny_reasons & VPRIV_DENY_RECORDING_SHREDDED)
        return VPRIV_RECALL_ERASED;
    if (deny_reasons & IS_OVER)
        return VPRIV_RECALL_WITHDRAWN;
    return deny_reasons & VPRIV_DENY_RETENTION_OVER ? VPRIV_RECALL_EXPIRED : VPRIV_RECALL_NOT_DUE;
}

/* ---- What the log says of one disclosure ---- */

typedef struct story {
    uint64_t index; /* of the disclosure */
    int64_t asked_us;
    int64_t answered_us;
    vpriv_recall_outcome outcome;
} story;

typedef struct stories {
    story *items; /* by index, ascending */
    size_t n;
    size_t room;
} stories;

static bool is_closed(const story *of)
{
    return of->outcome == VPRIV_RECALL_DELETED || of->outcome == VPRIV_RECALL_NOT_KEPT;
}

static story *find_story(const stories *list, uint64_t index)
{
    size_t low = 0, high = list->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (list->items[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->n && list->items[low].index == index ? &list->items[low] : NULL;
}

static vpriv_status add_story(stories *list, uint64_t index)
{
    if (list->n == list->room) {
        const size_t room = list->room ? 2 * list->room : 64;
        story *grown = realloc(list->items, room * sizeof *grown);
        if (!grown)
            return vpi_fail(VPRIV_E_MEMORY, "no memory for %zu disclosures", room);
        list->items = grown;
        list->room = room;
    }
    list->items[list->n++] = (story){.index = index};
    return VPRIV_OK;
}

/* An answer is later than what it answers; of one that lies before `first` nothing is to be told. */
static vpriv_status take_answer(const stories *list, const vpriv_log_entry *entry)
{
    story *of = find_story(list, entry->count);
    if (!of)
        return VPRIV_OK;
    if (entry->kind == VPRIV_LOG_RECALL) {
        of->asked_us = entry->time_us;
        return VPRIV_OK;
    }
    of->answered_us = entry->time_us;
    return vpriv_recall_outcome_from_name(entry->reason, &of->outcome);
}

/* The log from `first` on, as it is now. An entry of an erased person is none of these: they are under
 * nobody's key. */
static vpriv_status read_stories(vpriv_vault *vault, uint64_t first, stories *list)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_log_head head;
    VPI_TRY(vpi_log_head_read(vault, &head));
    for (uint64_t index = first; index < head.size; index++) {
        vpriv_log_entry entry;
        const vpriv_status read = vpi_log_read(vault, index, &entry);
        if (read == VPRIV_E_ERASED)
            continue;
        VPI_TRY(read);
        if (entry.kind == VPRIV_LOG_DISCLOSURE)
            VPI_TRY(add_story(list, index));
        else if (entry.kind == VPRIV_LOG_RECALL || entry.kind == VPRIV_LOG_RECALL_ACKNOWLEDGED)
            VPI_TRY(take_answer(list, &entry));
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    return st;
}

/* ---- What the gate would say now ---- */

static vpriv_status read_disclosure(vpriv_vault *vault, uint64_t index, vpriv_log_entry *entry_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_log_head head;
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_ENSURE(index < head.size, VPRIV_E_NOT_FOUND, "the log has no entry %llu: it has %llu",
        (unsigned long long)index, (unsigned long long)head.size);
    const vpriv_status read = vpi_log_read(vault, index, entry_out);
    VPI_ENSURE(read != VPRIV_E_ERASED, VPRIV_E_NOT_FOUND, "entry %llu of the log is no disclosure",
        (unsigned long long)index);
    VPI_TRY(read);
    VPI_ENSURE(
        entry_out->kind == VPRIV_LOG_DISCLOSURE && entry_out->purpose != VPRIV_LOG_NO_PURPOSE,
        VPRIV_E_NOT_FOUND, "entry %llu of the log is no disclosure", (unsigned long long)index);
    st = VPRIV_OK;
out:
    return st;
}

/* A recording leaves a tombstone: one that is not there was taken away. */
static vpriv_status ask_gate(vpriv_vault *vault, const vpriv_log_entry *entry,
    vpi_recording *recording, uint32_t *reasons_out)
{
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    vpriv_status st = vpi_recording_find(vault, entry->recording, recording);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_auth_failed();
    if (st == VPRIV_OK && recording->state == VPRIV_RECORDING_SHREDDED)
        *reasons_out = VPRIV_DENY_RECORDING_SHREDDED;
    else if (st == VPRIV_OK)
        st = vpi_decide_read(vault, recording, (vpriv_purpose)entry->purpose, entry->recipient,
            reasons_out, record_id);
    return st;
}

/* Whether the person speaks in it. Of what is gone, the access before the disclosure names one. */
static vpriv_status speaks(vpriv_vault *vault, const vpi_recording *recording, uint64_t index,
    const uint8_t *subject, bool *speaks_out)
{
    vpriv_log_entry access;
    *speaks_out = false;
    if (recording->state != VPRIV_RECORDING_SHREDDED) {
        for (uint32_t i = 0; i < vpi_n_speakers(recording); i++)
            *speaks_out = *speaks_out ||
                          memcmp(vpi_speaker(recording, i), subject, VPI_SUBJECT_ID_BYTES) == 0;
        return VPRIV_OK;
    }
    const vpriv_status st = index > 0 ? vpi_log_read(vault, index - 1, &access) : VPRIV_E_ERASED;
    if (st == VPRIV_E_ERASED)
        return VPRIV_OK;
    if (st == VPRIV_OK)
        *speaks_out = access.kind == VPRIV_LOG_ACCESS_GRANTED &&
                      memcmp(access.subject, subject, sizeof access.subject) == 0;
    return st;
}

static void describe(
    const story *of, const vpriv_log_entry *entry, uint32_t reasons, vpriv_recall *recall_out)
{
    *recall_out = (vpriv_recall){.struct_size = sizeof *recall_out,
        .log_index = of->index,
        .left_us = entry->time_us,
        .purpose = (vpriv_purpose)entry->purpose,
        .cause = vpi_recall_cause_of(reasons),
        .deny_reasons = reasons,
        .asked_us = of->asked_us,
        .answered_us = of->answered_us,
        .outcome = of->outcome};
    memcpy(recall_out->recording.bytes, entry->recording, sizeof entry->recording);
    memcpy(recall_out->actor, entry->actor, sizeof recall_out->actor);
    memcpy(recall_out->recipient, entry->recipient, sizeof recall_out->recipient);
}

/* ---- Listing ---- */

static vpriv_status collect(
    vpriv_vault *vault, const uint8_t *subject, uint64_t first, stories *list)
{
    vpi_subject person;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK && subject)
        st = vpi_subject_find(vault, subject, &person);
    if (st == VPRIV_OK)
        st = read_stories(vault, first, list);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

/* cause stays NOT_DUE for what need not come back, or is not this person's. */
static vpriv_status look(vpriv_vault *vault, const story *of, const uint8_t *subject,
    vpi_recording *recording, vpriv_recall *recall_out)
{
    vpriv_log_entry entry;
    uint32_t reasons = 0;
    bool began = false, is_theirs = true;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(read_disclosure(vault, of->index, &entry));
    VPI_TRY(ask_gate(vault, &entry, recording, &reasons));
    describe(of, &entry, reasons, recall_out);
    if (subject && recall_out->cause != VPRIV_RECALL_NOT_DUE)
        VPI_TRY(speaks(vault, recording, of->index, subject, &is_theirs));
    if (!is_theirs)
        recall_out->cause = VPRIV_RECALL_NOT_DUE;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_recall_list(
    vpriv_vault *vault, const uint8_t *subject, uint64_t first, vpriv_recall_fn fn, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    stories list = {NULL, 0, 0};
    vpi_recording *recording = NULL;
    VPI_ENSURE(vault && fn, VPRIV_E_ARG, "a vault and a callback are needed");
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(collect(vault, subject, first, &list));
    for (size_t i = 0; i < list.n; i++) {
        vpriv_recall recall;
        if (is_closed(&list.items[i]))
            continue;
        VPI_TRY(look(vault, &list.items[i], subject, recording, &recall));
        if (recall.cause != VPRIV_RECALL_NOT_DUE && !fn(user, &recall))
            break;
    }
    st = VPRIV_OK;
out:
    free(recording);
    free(list.items);
    return st;
}

/* ---- Asking and answering ---- */

/* In a write transaction: what the log and the gate say of it now. */
static vpriv_status read_one(vpriv_vault *vault, uint64_t index, vpriv_log_entry *disclosure_out,
    story *of, uint32_t *reasons_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    stories list = {NULL, 0, 0};
    vpi_recording *recording = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(read_disclosure(vault, index, disclosure_out));
    VPI_TRY(read_stories(vault, index, &list));
    *of = list.items[0];
    VPI_TRY(ask_gate(vault, disclosure_out, recording, reasons_out));
    st = VPRIV_OK;
out:
    free(recording);
    free(list.items);
    return st;
}

static vpriv_status append(vpriv_vault *vault, vpriv_log_kind kind, uint64_t index,
    const char *actor, const char *reason, uint32_t reasons, const vpriv_log_entry *disclosure,
    vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    vpriv_log_entry entry = {
        .kind = kind, .purpose = disclosure->purpose, .deny_reasons = reasons, .count = index};
    snprintf(entry.actor, sizeof entry.actor, "%s", actor);
    snprintf(entry.reason, sizeof entry.reason, "%s", reason);
    memcpy(entry.recipient, disclosure->recipient, sizeof entry.recipient);
    memcpy(entry.recording, disclosure->recording, sizeof entry.recording);
    VPI_TRY(store.get(store.user, 0, index, entry.detail_hash));
    vpi_receipt_start(vault, kind, receipt);
    VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, &receipt->log_index, receipt->leaf_hash));
    st = VPRIV_OK;
out:
    return st;
}

/* outcome UNANSWERED asks. */
static vpriv_status change(vpriv_vault *vault, uint64_t index, const char *actor,
    vpriv_recall_outcome outcome, vpriv_receipt *receipt_out)
{
    vpriv_log_entry disclosure;
    vpriv_receipt receipt;
    story of;
    uint32_t reasons = 0;
    const bool asks = outcome == VPRIV_RECALL_UNANSWERED;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_receipt_check(receipt_out));
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(read_one(vault, index, &disclosure, &of, &reasons));
    VPI_ENSURE(!is_closed(&of), VPRIV_E_STATE, "the recall was answered already: %s",
        vpriv_recall_outcome_name(of.outcome));
    const vpriv_recall_cause cause = vpi_recall_cause_of(reasons);
    VPI_ENSURE(!asks || cause != VPRIV_RECALL_NOT_DUE, VPRIV_E_STATE,
        "what left with entry %llu need not come back", (unsigned long long)index);
    VPI_TRY(append(vault, asks ? VPRIV_LOG_RECALL : VPRIV_LOG_RECALL_ACKNOWLEDGED, index, actor,
        asks ? vpriv_recall_cause_name(cause) : vpriv_recall_outcome_name(outcome), reasons,
        &disclosure, &receipt));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_receipt_finish(vault, &receipt, receipt_out);
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_recall_ask(
    vpriv_vault *vault, uint64_t log_index, const char *actor, vpriv_receipt *receipt_out)
{
    return change(vault, log_index, actor, VPRIV_RECALL_UNANSWERED, receipt_out);
}

vpriv_status vpriv_recall_acknowledge(vpriv_vault *vault, uint64_t log_index, const char *actor,
    vpriv_recall_outcome outcome, vpriv_receipt *receipt_out)
{
    if (outcome < VPRIV_RECALL_DELETED || (size_t)outcome >= N_OUTCOMES)
        return vpi_fail(VPRIV_E_ARG, "outcome %d is not known", (int)outcome);
    return change(vault, log_index, actor, outcome, receipt_out);
}
