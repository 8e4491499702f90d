/* Setting recordings aside: their headers say so, and the queue of what expires does not know them. Each gets a new
 * key with it, so that neither an old row nor an old vault brings back what is not set aside. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/erase.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/rekey.h"
#include "vault/subject.h"
#include "vault/sweep.h"
#include <stdio.h>
#include <string.h>
#include <voicepriv/retention.h>

typedef struct change {
    vpriv_restriction restriction;
    vpriv_log_entry entry;
    uint64_t *old_slots;
    size_t n_old_slots;
} change;

static vpriv_status store(vpriv_vault *vault, change *c, vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (c->restriction != VPRIV_RESTRICTION_NONE) {
        VPI_TRY(
            vpi_recording_rekey(vault, recording, 0, NULL, NULL, &c->old_slots[c->n_old_slots]));
        c->n_old_slots++;
    } else {
        VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, vault->secrets->adopt_shred_key));
        VPI_TRY(vpi_recording_store(vault, recording, vault->secrets->adopt_shred_key));
    }
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->adopt_shred_key, VPI_KEY_BYTES);
    return st;
}

static vpriv_status change_one(
    vpriv_vault *vault, const vpriv_recording_id *id, change *c, vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t rows[VPI_SUBJECTS_MAX];
    VPI_TRY(vpi_recording_find(vault, id->bytes, recording));
    VPI_ENSURE(recording->state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED,
        "a recording that was erased cannot be set aside");
    VPI_ENSURE(recording->state != VPRIV_RECORDING_PROVISIONAL, VPRIV_E_NOT_FOUND,
        "no such recording in this vault");
    const bool lifts = c->restriction == VPRIV_RESTRICTION_NONE;
    if (lifts ? recording->restriction == VPRIV_RESTRICTION_NONE
              : recording->restriction >= c->restriction)
        return VPRIV_OK;
    const bool was_held = recording->restriction == VPRIV_RESTRICTION_LEGAL_HOLD;
    recording->restriction = c->restriction;
    recording->state = lifts ? VPRIV_RECORDING_COMMITTED : VPRIV_RECORDING_RESTRICTED;
    VPI_TRY(store(vault, c, recording));
    const uint32_t n_speakers = vpi_n_speakers(recording);
    for (uint32_t i = 0; i < n_speakers; i++) {
        vpi_subject subject;
        VPI_TRY(vpi_subject_find(vault, vpi_speaker(recording, i), &subject));
        rows[i] = subject.row;
        /* What lost its last consent during the hold was passed over; whoever looks at one person's sees it. */
        if (lifts && was_held && i == 0)
            VPI_TRY(vpi_sweep_add_subject(vault, &subject));
    }
    memcpy(c->entry.recording, id->bytes, sizeof c->entry.recording);
    VPI_TRY(vpi_log_append(vault, &c->entry, rows, n_speakers, NULL, NULL));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status try_to_change(
    vpriv_vault *vault, const vpriv_recording_id *recordings, size_t n, change *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    c->n_old_slots = 0;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    for (size_t i = 0; i < n; i++)
        VPI_TRY(change_one(vault, &recordings[i], c, recording));
    if (c->n_old_slots > 0)
        VPI_TRY(vpi_vault_shred(vault, c->old_slots, c->n_old_slots));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    free(recording);
    return st;
}

static vpriv_status change_all(
    vpriv_vault *vault, const vpriv_recording_id *recordings, size_t n, change *c)
{
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(n, sizeof *c->old_slots, (void **)&c->old_slots));
    vpriv_status changed = try_to_change(vault, recordings, n, c);
    if (vpi_vault_try_again(vault, changed))
        changed = try_to_change(vault, recordings, n, c);
    VPI_TRY(changed);
    st = VPRIV_OK;
out:
    free(c->old_slots);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status check(const vpriv_recording_id *recordings, size_t n, const char *actor,
    const char *reason, change *c)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recordings && n > 0, VPRIV_E_ARG, "name at least one recording");
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_reason_check(reason));
    snprintf(c->entry.actor, sizeof c->entry.actor, "%s", actor);
    snprintf(c->entry.reason, sizeof c->entry.reason, "%s", reason ? reason : "");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_recording_restrict(vpriv_vault *vault, const vpriv_recording_id *recordings,
    size_t n, vpriv_restriction restriction, const char *actor, const char *reason)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    change c = {.restriction = restriction,
        .entry = {.kind = VPRIV_LOG_RESTRICTION, .purpose = VPRIV_LOG_NO_PURPOSE}};
    VPI_TRY(check(recordings, n, actor, reason, &c));
    VPI_ENSURE(
        restriction == VPRIV_RESTRICTION_DISPUTE || restriction == VPRIV_RESTRICTION_LEGAL_HOLD,
        VPRIV_E_ARG, "restriction %d is not known", (int)restriction);
    if (restriction == VPRIV_RESTRICTION_LEGAL_HOLD)
        c.entry.purpose = VPRIV_PURPOSE_LEGAL_OBLIGATION;
    VPI_TRY(change_all(vault, recordings, n, &c));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_recording_lift(vpriv_vault *vault, const vpriv_recording_id *recordings,
    size_t n, const char *actor, const char *reason)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    change c = {.restriction = VPRIV_RESTRICTION_NONE,
        .entry = {.kind = VPRIV_LOG_RESTRICTION_LIFTED, .purpose = VPRIV_LOG_NO_PURPOSE}};
    VPI_TRY(check(recordings, n, actor, reason, &c));
    VPI_TRY(change_all(vault, recordings, n, &c));
    st = VPRIV_OK;
out:
    return st;
}
