/* A consent that covers the past: wraps for recordings that were taken before it. Each step has two
 * transactions. The first decides and writes into the log whose keys are about to be taken; when that is on the
 * disk the second asks again, takes them, and wraps. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/state.h"
#include "gate/gate.h"
#include "vault/adopt.h"
#include "vault/consent_store.h"
#include "vault/decision.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/terms.h"
#include <stdio.h>
#include <string.h>
#include <voicepriv/past.h>

#define STEP_RECORDINGS 64  /* whose keys are taken at most */
#define STEP_LOOKS      256 /* that are looked at at most */

typedef enum verdict {
    WRAP_IT,
    OPEN_ALREADY,
    LATER,
    OTHER_SPEAKER,
    SET_ASIDE,
    OVER,
    NO_KEY,
    REFUSED,
    DAMAGED,
    N_VERDICTS,
} verdict;

typedef struct past {
    vpriv_vault *vault;
    const vpriv_keyring *keyring;
    const uint8_t *subject;
    vpriv_purpose purpose;
    vpriv_gate_request request; /* as the log has it; purpose: the way to the key */
    char reason[VPRIV_LOG_REASON_BYTES];
    vpi_subject person;
    vpriv_consent_record consent;
    bool has_consent;
    uint8_t tag[VPI_TAG_BYTES];
    int64_t cursor; /* the last row that was dealt with */
    uint64_t n_recordings;
    uint64_t counts[N_VERDICTS];
    uint64_t step_counts[N_VERDICTS];
    int64_t rows[STEP_RECORDINGS];
    size_t n_rows;
    vpi_recording *amended; /* scratch: as the recording at hand is to be */
    vpi_wraps *wraps;
    vpriv_reader *reader; /* its recording is the one at hand */
} past;

/* The consent must be there, and be the same from the first step to the last. */
static vpriv_status find_consent(past *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_consent_record record;
    VPI_TRY(vpi_subject_find(p->vault, p->subject, &p->person));
    VPI_TRY(vpi_subject_recording_tag(p->vault, p->person.row, p->tag));
    const vpriv_status found =
        vpi_consent_latest(p->vault, p->person.row, p->purpose, &record, NULL);
    if (found != VPRIV_E_NOT_FOUND)
        VPI_TRY(found);
    VPI_ENSURE(found == VPRIV_OK && vpi_consent_permits(record.event.state), VPRIV_E_CONSENT,
        "%s: no consent is in force", vpriv_purpose_name(p->purpose));
    VPI_ENSURE(record.covers_past, VPRIV_E_CONSENT, "%s: the consent does not cover the past",
        vpriv_purpose_name(p->purpose));
    VPI_ENSURE(!p->has_consent ||
                   memcmp(p->consent.record_id, record.record_id, sizeof record.record_id) == 0,
        VPRIV_E_CONSENT, "%s: another consent is in force than a moment ago",
        vpriv_purpose_name(p->purpose));
    p->consent = record;
    p->has_consent = true;
    st = VPRIV_OK;
out:
    return st;
}

/* Everybody's consent for the purpose becomes what the amended recording rests on. */
static vpriv_status ask_speakers(past *p, verdict *verdict_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (uint32_t i = 0; i < vpi_n_speakers(p->amended); i++) {
        vpi_subject subject;
        vpriv_consent_record record;
        VPI_TRY(vpi_subject_find(p->vault, vpi_speaker(p->amended, i), &subject));
        const vpriv_status found =
            vpi_consent_latest(p->vault, subject.row, p->purpose, &record, NULL);
        if (found != VPRIV_E_NOT_FOUND)
            VPI_TRY(found);
        const bool rests =
            found == VPRIV_OK && vpi_rests_on(p->amended, i, p->purpose, record.record_id);
        if (found != VPRIV_OK || !vpi_consent_permits(record.event.state) ||
            (!rests && !vpi_consent_covers(&record, p->amended)))
            *verdict_io = OTHER_SPEAKER;
        else if (!rests && vpi_basis_set(p->amended, i, p->purpose, record.record_id) != VPRIV_OK)
            *verdict_io = REFUSED;
        if (*verdict_io != WRAP_IT)
            break;
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status is_wrapped(past *p, const vpi_recording *recording, bool *wrapped_out)
{
    uint8_t *key = p->vault->secrets->adopt_shred_key;
    *wrapped_out = false;
    if (!(recording->wrapped >> p->purpose & 1))
        return VPRIV_OK;
    vpriv_status st = vpi_tree_get(p->vault->tree, recording->key_slot, key);
    if (st == VPRIV_OK)
        st = vpi_wrap_key_in_force(p->vault, recording, p->purpose, key, key);
    vpi_wipe(key, VPI_KEY_BYTES);
    *wrapped_out = st == VPRIV_OK;
    return st == VPRIV_E_CONSENT ? VPRIV_OK : st;
}

/* A consent that counts its uses is for listening, and nobody listens here. */
static vpriv_status counts_uses(
    past *p, const vpi_recording *recording, vpriv_purpose purpose, bool *counts_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    *counts_out = false;
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        vpriv_consent_record record;
        VPI_TRY(vpi_subject_find(p->vault, vpi_speaker(recording, i), &subject));
        VPI_TRY(vpi_consent_latest(p->vault, subject.row, purpose, &record, NULL));
        *counts_out = *counts_out || record.max_uses != 0;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* The first purpose that the recording opens for now, with a key in the keyring. */
static vpriv_status find_way(past *p, const vpi_recording *recording, verdict *verdict_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (int i = 0; i < VPI_PURPOSES_MAX; i++) {
        const vpriv_purpose way = (vpriv_purpose)i;
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        bool counts = false;
        if (!(recording->wrapped >> way & 1) || !vpi_gate_has_key(p->vault, p->keyring, way))
            continue;
        VPI_TRY(
            vpi_decide_read(p->vault, recording, way, NULL, &reasons, p->reader->consent_record));
        if (reasons == 0)
            VPI_TRY(counts_uses(p, recording, way, &counts));
        if (reasons == 0 && !counts) {
            p->reader->purpose = way;
            return VPRIV_OK;
        }
    }
    *verdict_io = NO_KEY;
    st = VPRIV_OK;
out:
    return st;
}

/* How long the purpose lasts, and whether anything else forbids it now. */
static vpriv_status ask_decision(
    past *p, vpriv_retention *retention_out, int64_t *end_us_out, verdict *verdict_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    vpi_recording *amended = p->amended;
    VPI_TRY(vpi_term_of(p->vault, amended, p->purpose, retention_out, end_us_out));
    amended->wrapped |= VPRIV_PURPOSE_BIT(p->purpose);
    amended->purpose_expires_us[p->purpose] = *end_us_out < amended->expires_us ? *end_us_out : 0;
    VPI_TRY(vpi_decide_read(p->vault, amended, p->purpose, NULL, &reasons, record_id));
    if (reasons & VPRIV_DENY_RETENTION_OVER)
        *verdict_io = OVER;
    else if (reasons != 0)
        *verdict_io = REFUSED;
    st = VPRIV_OK;
out:
    return st;
}

/* What is to become of the recording in the reader. On WRAP_IT the amended one, and the way to the key, are
 * there. */
static vpriv_status judge(
    past *p, vpriv_retention *retention_out, int64_t *end_us_out, verdict *verdict_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_recording *recording = p->reader->recording;
    bool wrapped = false;
    *verdict_out = WRAP_IT;
    if (recording->state != VPRIV_RECORDING_COMMITTED) {
        *verdict_out = SET_ASIDE;
        return VPRIV_OK;
    }
    VPI_TRY(is_wrapped(p, recording, &wrapped));
    if (wrapped)
        *verdict_out = OPEN_ALREADY;
    else if (recording->tag.started_us >= p->consent.event.time_us)
        *verdict_out = LATER;
    *p->amended = *recording;
    if (*verdict_out == WRAP_IT)
        VPI_TRY(ask_speakers(p, verdict_out));
    if (*verdict_out == WRAP_IT)
        VPI_TRY(ask_decision(p, retention_out, end_us_out, verdict_out));
    if (*verdict_out == WRAP_IT)
        VPI_TRY(find_way(p, recording, verdict_out));
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    return st;
}

/* Damage to one recording is its own. */
static vpriv_status load_and_judge(
    past *p, int64_t row, vpriv_retention *retention_out, int64_t *end_us_out, verdict *verdict_out)
{
    vpriv_status st = vpi_recording_load(p->vault, row, p->reader->recording);
    if (st == VPRIV_OK)
        st = judge(p, retention_out, end_us_out, verdict_out);
    if (st != VPRIV_E_AUTH)
        return st;
    vpi_fail_clear();
    *verdict_out = DAMAGED;
    return VPRIV_OK;
}

static vpriv_status log_access(past *p)
{
    p->request.purpose = p->reader->purpose;
    return vpi_gate_log_answer(
        p->vault, p->reader->recording, NULL, &p->request, false, 0, p->reader->consent_record);
}

/* The first half of a step: whose keys are to be taken is in the log, and on the disk. */
static vpriv_status announce(past *p, bool *done_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    p->n_rows = 0;
    *done_out = false;
    VPI_TRY(vpi_vault_begin(p->vault));
    VPI_TRY(vpi_ingest_adopt_all(p->vault));
    VPI_TRY(find_consent(p));
    for (int i = 0; i < STEP_LOOKS && p->n_rows < STEP_RECORDINGS; i++) {
        int64_t row = 0, end_us = 0;
        vpriv_retention retention = VPRIV_RETENTION_NONE;
        verdict found = DAMAGED;
        const vpriv_status next = vpi_database_next(p->vault->database, p->cursor, &row,
            "SELECT recording FROM recording_subject WHERE tag = ?1 AND recording > ?2"
            " ORDER BY recording LIMIT 1",
            "bi", p->tag, sizeof p->tag, p->cursor);
        *done_out = next == VPRIV_E_NOT_FOUND;
        if (*done_out)
            break;
        VPI_TRY(next);
        VPI_TRY(load_and_judge(p, row, &retention, &end_us, &found));
        if (found == WRAP_IT) {
            VPI_TRY(log_access(p));
            p->rows[p->n_rows++] = row;
        } else {
            p->step_counts[found]++;
        }
        p->cursor = row;
    }
    VPI_TRY(vpi_vault_commit(p->vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(p->vault);
    return st;
}

/* The recording at hand gets its wrap. Nothing of it is written before its key is known to be the right one. */
static vpriv_status wrap(past *p, vpriv_retention retention, int64_t end_us)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = p->vault;
    vpi_recording *amended = p->amended;
    vpi_recording_keys *keys = &p->reader->secrets->keys;
    uint8_t *shred_key = vault->secrets->adopt_shred_key;
    uint8_t inner[VPI_INNER_BYTES];
    vpi_recording_bond bond;
    vpi_recording_bond_of(vault, amended, &bond);
    VPI_TRY(vpi_gate_unwrap(p->reader, p->keyring));
    VPI_TRY(
        vpi_inner_seal(keys->recording_key, &bond, vault->purpose_public_key[p->purpose], inner));
    VPI_TRY(vpi_tree_get(vault->tree, amended->key_slot, shred_key));
    VPI_TRY(vpi_wraps_load(vault, amended->row, shred_key, p->wraps));
    VPI_TRY(vpi_wrap_key_in_force(vault, amended, p->purpose, shred_key, keys->block_key));
    vpi_wrap_seal(keys->block_key, &bond, (unsigned)p->purpose, inner, p->wraps->wrap[p->purpose]);
    p->wraps->purposes = amended->wrapped;
    VPI_TRY(vpi_term_set(vault, amended, p->purpose, retention, end_us));
    VPI_TRY(vpi_recording_store(vault, amended, shred_key));
    VPI_TRY(vpi_wraps_store(vault, amended->row, shred_key, p->wraps));
    st = VPRIV_OK;
out:
    vpi_wipe(keys, sizeof *keys);
    vpi_wipe(shred_key, VPI_KEY_BYTES);
    return st;
}

static vpriv_status wrap_announced(past *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (size_t i = 0; i < p->n_rows; i++) {
        verdict found = DAMAGED;
        vpriv_retention retention = VPRIV_RETENTION_NONE;
        int64_t end_us = 0, n_there = 0;
        VPI_TRY(vpi_database_int(p->vault->database, &n_there,
            "SELECT count(*) FROM recording_subject WHERE tag = ?1 AND recording = ?2", "bi",
            p->tag, sizeof p->tag, p->rows[i]));
        if (n_there == 0)
            continue; /* erased in between */
        VPI_TRY(load_and_judge(p, p->rows[i], &retention, &end_us, &found));
        if (found == WRAP_IT) {
            const vpriv_status wrapped = wrap(p, retention, end_us);
            if (wrapped == VPRIV_E_AUTH)
                found = DAMAGED;
            else
                VPI_TRY(wrapped);
        }
        p->step_counts[found]++;
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    return st;
}

/* The second half. */
static vpriv_status wrap_all(past *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_CONSENT_APPLIED, .purpose = (int32_t)p->purpose};
    if (p->n_rows == 0)
        return VPRIV_OK;
    VPI_TRY(vpi_vault_begin(p->vault));
    VPI_TRY(find_consent(p));
    VPI_TRY(wrap_announced(p));
    entry.count = p->step_counts[WRAP_IT];
    snprintf(entry.actor, sizeof entry.actor, "%s", p->request.actor);
    snprintf(entry.reason, sizeof entry.reason, "a consent that covers the past");
    memcpy(entry.subject, p->person.id, sizeof entry.subject);
    memcpy(entry.consent_record, p->consent.record_id, sizeof entry.consent_record);
    if (entry.count > 0)
        VPI_TRY(vpi_log_append(p->vault, &entry, &p->person.row, 1, NULL, NULL));
    VPI_TRY(vpi_vault_commit(p->vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(p->vault);
    return st;
}

static vpriv_status step(past *p, bool *done_out)
{
    vpriv_status st = vpi_vault_enter(p->vault, true);
    if (st != VPRIV_OK)
        return st;
    memset(p->step_counts, 0, sizeof p->step_counts);
    st = announce(p, done_out);
    if (st == VPRIV_OK)
        st = wrap_all(p);
    for (int i = 0; st == VPRIV_OK && i < N_VERDICTS; i++)
        p->counts[i] += p->step_counts[i];
    vpi_vault_leave(p->vault);
    return st;
}

static uint64_t n_looked_at(const past *p)
{
    uint64_t n = 0;
    for (int i = 0; i < N_VERDICTS; i++)
        n += p->counts[i];
    return n;
}

/* Is there anything to begin with? */
static vpriv_status start(past *p)
{
    int64_t n = 0;
    vpriv_vault *vault = p->vault;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(memcmp(p->keyring->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES) == 0 &&
                   p->keyring->has_secret != 0,
        VPRIV_E_NO_KEY, "the keyring has no key of this vault");
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(find_consent(p));
    VPI_TRY(vpi_database_int(vault->database, &n,
        "SELECT count(*) FROM recording_subject WHERE tag = ?1", "b", p->tag, sizeof p->tag));
    VPI_TRY(vpi_vault_commit(vault));
    p->n_recordings = (uint64_t)n;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status tell(const past *p, vpriv_past_fn progress, void *user)
{
    if (progress && !progress(user, n_looked_at(p), p->n_recordings))
        return vpi_fail(VPRIV_E_CANCELLED, "stopped; the same call goes on with it");
    return VPRIV_OK;
}

static vpriv_status run(past *p, vpriv_past_fn progress, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool done = false;
    VPI_TRY(vpi_alloc(1, sizeof *p->amended, (void **)&p->amended));
    VPI_TRY(vpi_alloc(1, sizeof *p->wraps, (void **)&p->wraps));
    VPI_TRY(vpi_gate_reader_create(p->vault, &p->reader));
    VPI_TRY(start(p));
    while (!done) {
        VPI_TRY(tell(p, progress, user));
        VPI_TRY(step(p, &done));
    }
    VPI_TRY(tell(p, progress, user));
    VPI_ENSURE(p->counts[DAMAGED] == 0, VPRIV_E_AUTH, "%llu recordings do not authenticate",
        (unsigned long long)p->counts[DAMAGED]);
    st = VPRIV_OK;
out:
    vpriv_gate_close(p->reader);
    free(p->amended);
    free(p->wraps);
    return st;
}

static vpriv_status check(const past *p, const vpriv_past_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_purpose_info *about = vpriv_purpose_about(p->purpose);
    VPI_ENSURE(p->vault && p->keyring && p->subject, VPRIV_E_ARG,
        "a vault, a keyring and a subject are needed");
    VPI_ENSURE(about, VPRIV_E_ARG, "purpose %d is outside 0 to 31", (int)p->purpose);
    VPI_ENSURE(about->is_storable && about->basis == VPRIV_PURPOSE_BASIS_CONSENT, VPRIV_E_ARG,
        "recordings are not kept for %s", about->name);
    VPI_TRY(vpi_actor_check(p->request.actor));
    VPI_ENSURE(!report || report->struct_size == sizeof *report, VPRIV_E_ARG,
        "vpriv_past_report.struct_size is not set");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_consent_apply_to_past(vpriv_vault *vault, const vpriv_keyring *keyring,
    const uint8_t *subject, vpriv_purpose purpose, const char *actor, vpriv_past_fn progress,
    void *user, vpriv_past_report *report_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    past p = {.vault = vault,
        .keyring = keyring,
        .subject = subject,
        .purpose = purpose,
        .request = {.struct_size = sizeof p.request, .actor = actor}};
    vpi_fail_clear();
    VPI_TRY(check(&p, report_out));
    snprintf(p.reason, sizeof p.reason, "a later consent covers the past: %s",
        vpriv_purpose_name(purpose));
    p.request.reason = p.reason;
    st = run(&p, progress, user);
    if (report_out)
        *report_out = (vpriv_past_report){.struct_size = sizeof *report_out,
            .n_looked_at = n_looked_at(&p),
            .n_opened = p.counts[WRAP_IT],
            .n_open_already = p.counts[OPEN_ALREADY],
            .n_later = p.counts[LATER],
            .n_other_speaker = p.counts[OTHER_SPEAKER],
            .n_set_aside = p.counts[SET_ASIDE],
            .n_over = p.counts[OVER],
            .n_no_key = p.counts[NO_KEY],
            .n_refused = p.counts[REFUSED],
            .n_damaged = p.counts[DAMAGED]};
out:
    return st;
}
