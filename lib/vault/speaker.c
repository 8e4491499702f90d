/* Somebody else speaks in a stored recording. What they do not allow goes; nothing is added. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/adopt.h"
#include "vault/consent_store.h"
#include "vault/decision.h"
#include "vault/erase.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include "vault/terms.h"
#include <stdio.h>
#include <string.h>
#include <voicepriv/past.h>

typedef struct addition {
    const uint8_t *subject; /* NULL: nobody this vault knows */
    vpi_subject person;
    vpi_recording *from;
    vpi_recording *to;
    uint32_t kept; /* purposes */
    uint64_t old_slot;
    vpriv_log_entry entry;
} addition;

static vpriv_status check(const vpriv_recording_id *recording, const uint8_t *subject,
    vpriv_subject_class subject_class, const char *actor, const char *reason, addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(recording, VPRIV_E_ARG, "no recording");
    VPI_ENSURE(subject || subject_class == VPRIV_SUBJECT_UNKNOWN ||
                   subject_class == VPRIV_SUBJECT_GUEST || subject_class == VPRIV_SUBJECT_BYSTANDER,
        VPRIV_E_ARG, "say who it is, or that it is a guest, a bystander or somebody unknown");
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_reason_check(reason));
    a->subject = subject;
    snprintf(a->entry.actor, sizeof a->entry.actor, "%s", actor);
    snprintf(a->entry.reason, sizeof a->entry.reason, "%s",
        reason    ? reason
        : subject ? "a person speaks in it"
                  : "somebody who is not known speaks in it");
    memcpy(a->entry.recording, recording->bytes, sizeof a->entry.recording);
    st = VPRIV_OK;
out:
    return st;
}

/* The recording as it is, and as it is to be but for its purposes. */
static vpriv_status start(vpriv_vault *vault, const vpriv_recording_id *recording, addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_recording_find(vault, recording->bytes, a->from));
    VPI_ENSURE(
        a->from->state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED, "the recording was erased");
    VPI_ENSURE(a->from->state != VPRIV_RECORDING_PROVISIONAL, VPRIV_E_NOT_FOUND,
        "no such recording in this vault");
    /* Whatever closes it for good is a destruction; only a person's own withdrawal goes before a hold. */
    VPI_ENSURE(a->from->restriction != VPRIV_RESTRICTION_LEGAL_HOLD, VPRIV_E_STATE,
        "the recording is under a legal hold: nothing was changed");
    *a->to = *a->from;
    if (a->subject) {
        VPI_TRY(vpi_subject_find(vault, a->subject, &a->person));
        VPI_ENSURE(!vpi_is_speaker(a->from, a->person.id), VPRIV_E_EXISTS,
            "the person is known to speak in it");
        VPI_TRY(vpi_speaker_add(a->to, a->person.id));
        memcpy(a->entry.subject, a->person.id, sizeof a->entry.subject);
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Whether a purpose that is wrapped for stays: the wrap is alive, the person allows it, and its term is not over
 * with theirs. Then their consent is one it rests on. */
static vpriv_status may_stay(
    vpriv_vault *vault, addition *a, vpriv_purpose purpose, bool *stays_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t speaker = vpi_n_speakers(a->to) - 1;
    vpriv_consent_record record;
    vpriv_retention retention = VPRIV_RETENTION_NONE;
    int64_t end_us = 0;
    uint8_t *key = vault->secrets->adopt_shred_key;
    *stays_out = false;
    VPI_TRY(vpi_tree_get(vault->tree, a->from->key_slot, key));
    const vpriv_status alive = vpi_wrap_key_in_force(vault, a->from, purpose, key, key);
    vpi_wipe(key, VPI_KEY_BYTES);
    if (alive == VPRIV_E_CONSENT)
        return VPRIV_OK;
    VPI_TRY(alive);
    const vpriv_status found = vpi_consent_latest(vault, a->person.row, purpose, &record, NULL);
    if (found == VPRIV_E_NOT_FOUND || (found == VPRIV_OK && !vpi_consent_covers(&record, a->to)))
        return VPRIV_OK;
    VPI_TRY(found);
    if (vpi_basis_set(a->to, speaker, purpose, record.record_id) != VPRIV_OK)
        return VPRIV_OK;
    VPI_TRY(vpi_decide_speaker(vault, a->to, speaker, purpose, stays_out));
    if (*stays_out) {
        VPI_TRY(vpi_term_of(vault, a->to, purpose, &retention, &end_us));
        *stays_out = end_us > vpi_vault_now_us(vault);
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status narrow(vpriv_vault *vault, addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (unsigned p = 0; a->subject && p < VPI_PURPOSES_MAX; p++) {
        bool stays = false;
        if (a->from->wrapped >> p & 1)
            VPI_TRY(may_stay(vault, a, (vpriv_purpose)p, &stays));
        if (stays)
            a->kept |= VPRIV_PURPOSE_BIT(p);
        else
            vpi_basis_forget(a->to, (vpriv_purpose)p);
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    return st;
}

/* About everybody who speaks in it; count is how many purposes it lost. */
static vpriv_status log_it(vpriv_vault *vault, addition *a, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t owners[VPI_SUBJECTS_MAX];
    const uint32_t n = vpi_n_speakers(a->to);
    for (uint32_t i = 0; i < n; i++) {
        vpi_subject subject;
        VPI_TRY(vpi_subject_find(vault, vpi_speaker(a->to, i), &subject));
        owners[i] = subject.row;
    }
    a->entry.kind = VPRIV_LOG_SPEAKER_ADDED;
    a->entry.purpose = VPRIV_LOG_NO_PURPOSE;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        a->entry.count += (a->from->wrapped & ~a->kept) >> p & 1;
    VPI_TRY(vpi_log_append(vault, &a->entry, owners, n, &receipt->log_index, receipt->leaf_hash));
    st = VPRIV_OK;
out:
    return st;
}

/* Nothing opens it any more: what a withdrawal leaves to housekeeping is done at once here, where a key is
 * destroyed anyway. */
static vpriv_status erase(vpriv_vault *vault, addition *a, vpriv_receipt *receipt)
{
    vpriv_log_entry entry = {.kind = VPRIV_LOG_ERASURE,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "library",
        .reason = "no consent left for any purpose"};
    int64_t row = a->from->row;
    memcpy(entry.recording, a->from->id, sizeof entry.recording);
    receipt->kind = VPRIV_LOG_ERASURE;
    return vpi_erase_rows(vault, &row, 1, NULL, 0, &entry, receipt, NULL);
}

static vpriv_status keep(vpriv_vault *vault, addition *a)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_speaker_file(vault, a->person.row, a->to->row));
    a->to->wrapped = a->kept;
    memset(a->to->purpose_expires_us, 0, sizeof a->to->purpose_expires_us);
    VPI_TRY(vpi_terms_set(vault, a->to));
    VPI_TRY(vpi_recording_rekey(vault, a->to, ~a->kept, a->from, NULL, &a->old_slot));
    VPI_ENSURE(a->to->wrapped == a->kept, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(vpi_vault_shred(vault, &a->old_slot, 1));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status add(
    vpriv_vault *vault, const vpriv_recording_id *recording, addition *a, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(start(vault, recording, a));
    vpi_receipt_start(vault, VPRIV_LOG_SPEAKER_ADDED, receipt);
    VPI_TRY(narrow(vault, a));
    VPI_TRY(log_it(vault, a, receipt));
    VPI_TRY(a->kept != 0 ? keep(vault, a) : erase(vault, a, receipt));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_recording_add_speaker(vpriv_vault *vault, const vpriv_recording_id *recording,
    const uint8_t *subject, vpriv_subject_class subject_class, const char *actor,
    const char *reason, vpriv_receipt *receipt_out)
{
    addition a = {.subject = NULL};
    vpriv_receipt receipt;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check(recording, subject, subject_class, actor, reason, &a));
    VPI_TRY(vpi_receipt_check(receipt_out));
    VPI_TRY(vpi_alloc(1, sizeof *a.from, (void **)&a.from));
    VPI_TRY(vpi_alloc(1, sizeof *a.to, (void **)&a.to));
    VPI_TRY(add(vault, recording, &a, &receipt));
    vpi_receipt_finish(vault, &receipt, receipt_out);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(a.from);
    free(a.to);
    return st;
}
