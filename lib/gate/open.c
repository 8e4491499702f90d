#include "base/memory.h"
#include "base/try.h"
#include "consent/purpose.h"
#include "consent/record.h"
#include "gate/gate.h"
#include "keys/derivative.h"
#include "vault/adopt.h"
#include "vault/consent_store.h"
#include "vault/decision.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool vpi_gate_has_key(const vpriv_vault *vault, const vpriv_keyring *keyring, vpriv_purpose purpose)
{
    return (keyring->has_secret >> purpose & 1) &&
           memcmp(keyring->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES) == 0 &&
           memcmp(keyring->public_key[purpose], vault->purpose_public_key[purpose],
               VPI_KEY_BYTES) == 0;
}

vpriv_status vpi_gate_check_request(const vpriv_gate_request *request)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(request && request->struct_size == sizeof *request, VPRIV_E_ARG,
        "a request with its struct_size is needed");
    VPI_ENSURE(vpriv_purpose_about(request->purpose), VPRIV_E_ARG, "purpose %d is outside 0 to 31",
        (int)request->purpose);
    VPI_TRY(vpi_actor_check(request->actor));
    VPI_TRY(vpi_reason_check(request->reason));
    VPI_ENSURE(!request->recipient || strlen(request->recipient) < VPRIV_LOG_RECIPIENT_BYTES,
        VPRIV_E_ARG, "recipient is longer than %d bytes", VPRIV_LOG_RECIPIENT_BYTES - 1);
    st = VPRIV_OK;
out:
    return st;
}

/* Rows of the people who speak; those erased since are left out. */
static vpriv_status speakers_of(vpriv_vault *vault, const vpi_recording *recording,
    int64_t rows_out[VPI_SUBJECTS_MAX], size_t *n_out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        const vpriv_status st = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        if (st == VPRIV_OK)
            rows_out[n++] = subject.row;
        else if (st != VPRIV_E_NOT_FOUND)
            return st;
    }
    *n_out = n;
    return VPRIV_OK;
}

/* The header counts its accesses, so that the list of who heard it cannot be thinned out. */
static vpriv_status count_access(vpriv_vault *vault, vpi_recording *recording)
{
    uint8_t *key = vault->secrets->adopt_shred_key;
    if (recording->state != VPRIV_RECORDING_COMMITTED &&
        recording->state != VPRIV_RECORDING_RESTRICTED)
        return VPRIV_OK;
    vpriv_status st = vpi_tree_get(vault->tree, recording->key_slot, key);
    recording->n_accesses++;
    if (st == VPRIV_OK)
        st = vpi_recording_store(vault, recording, key);
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

static vpriv_log_kind kind_of(bool is_derivative, bool granted)
{
    if (is_derivative)
        return granted ? VPRIV_LOG_DERIVATIVE_READ : VPRIV_LOG_DERIVATIVE_REFUSED;
    return granted ? VPRIV_LOG_ACCESS_GRANTED : VPRIV_LOG_ACCESS_REFUSED;
}

vpriv_status vpi_gate_log_answer(vpriv_vault *vault, vpi_recording *recording,
    const uint8_t *derivative, const vpriv_gate_request *request, bool key_missing,
    uint32_t reasons, const uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    const bool granted = reasons == 0 && !key_missing;
    int64_t speakers[VPI_SUBJECTS_MAX];
    size_t n_speakers = 0;
    vpriv_log_entry entry = {.kind = kind_of(derivative != NULL, granted),
        .purpose = (int32_t)request->purpose,
        .deny_reasons = reasons,
        .count = key_missing};
    snprintf(entry.actor, sizeof entry.actor, "%s", request->actor);
    snprintf(entry.reason, sizeof entry.reason, "%s", request->reason ? request->reason : "");
    snprintf(entry.recipient, sizeof entry.recipient, "%s",
        request->recipient ? request->recipient : vault->settings.controller_id);
    memcpy(entry.recording, recording->id, sizeof entry.recording);
    if (derivative)
        crypto_hash_sha256(entry.detail_hash, derivative, VPI_DERIVATIVE_ID_BYTES);
    memcpy(entry.consent_record, consent_record, sizeof entry.consent_record);
    if (recording->tag.n_subjects > 0)
        memcpy(entry.subject, recording->tag.subjects[0], sizeof entry.subject);
    vpriv_status st = speakers_of(vault, recording, speakers, &n_speakers);
    if (st == VPRIV_OK)
        st = vpi_log_append(vault, &entry, speakers, n_speakers, NULL, NULL);
    if (st == VPRIV_OK)
        st = count_access(vault, recording);
    for (size_t i = 0; granted && st == VPRIV_OK && i < n_speakers; i++)
        st = vpi_consent_count_use(vault, speakers[i], request->purpose);
    return st;
}

/* This entry is under nobody's key, and names the recording and who has it, not whose voice it is: it is
 * needed when nobody knows that person any more. */
static vpriv_status log_disclosure(
    vpriv_vault *vault, const vpi_recording *recording, const vpriv_gate_request *request)
{
    const char *controller = vault->settings.controller_id;
    const char *recipient = request->recipient ? request->recipient : controller;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_DISCLOSURE, .purpose = (int32_t)request->purpose};
    if ((VPI_PURPOSES_OF_THE_PERSON >> request->purpose & 1) && strcmp(recipient, controller) == 0)
        return VPRIV_OK;
    snprintf(entry.actor, sizeof entry.actor, "%s", request->actor);
    snprintf(entry.recipient, sizeof entry.recipient, "%s", recipient);
    memcpy(entry.recording, recording->id, sizeof entry.recording);
    return vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
}

vpriv_status vpi_gate_answer(vpriv_vault *vault, vpi_recording *recording,
    const uint8_t *derivative, const vpriv_gate_request *request, bool key_missing,
    uint32_t reasons, const uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_gate_log_answer(
        vault, recording, derivative, request, key_missing, reasons, consent_record));
    if (reasons == 0 && !key_missing)
        VPI_TRY(log_disclosure(vault, recording, request));
    VPI_TRY(vpi_vault_commit(vault));
    VPI_ENSURE(recording->state != VPRIV_RECORDING_SHREDDED, VPRIV_E_ERASED, "%s",
        derivative ? "it was erased with its recording" : "the recording was erased");
    if (reasons != 0) {
        st = vpi_denied(reasons, request->purpose);
        goto out;
    }
    VPI_ENSURE(!key_missing, VPRIV_E_NO_KEY, "the keyring has no key of this vault for %s",
        vpriv_purpose_name(request->purpose));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status decide_and_log(vpriv_reader *reader, const vpriv_keyring *keyring,
    const uint8_t *id, const vpriv_gate_request *request)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = reader->vault;
    vpi_recording *recording = reader->recording;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_recording_find(vault, id, recording));
    VPI_TRY(vpi_decide_read(
        vault, recording, request->purpose, request->recipient, &reasons, reader->consent_record));
    const bool key_missing = !vpi_gate_has_key(vault, keyring, request->purpose);
    VPI_TRY(vpi_gate_answer(
        vault, recording, NULL, request, key_missing, reasons, reader->consent_record));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

static vpriv_status unwrap(vpriv_reader *reader, const vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = reader->vault;
    const vpi_recording *recording = reader->recording;
    const vpriv_purpose purpose = reader->purpose;
    vpi_recording_keys *keys = &reader->secrets->keys;
    vpi_wraps *wraps = NULL;
    vpi_recording_bond bond;
    uint8_t inner[VPI_INNER_BYTES], commitment[VPI_HASH_BYTES];
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    vpi_recording_bond_of(vault, recording, &bond);
    VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, keys->shred_key));
    VPI_TRY(vpi_wraps_load(vault, recording->row, keys->shred_key, wraps));
    VPI_ENSURE(wraps->purposes == recording->wrapped && (wraps->purposes >> purpose & 1),
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(vpi_wrap_key_in_force(vault, recording, purpose, keys->shred_key, keys->block_key));
    VPI_TRY(vpi_wrap_open(keys->block_key, &bond, (unsigned)purpose, wraps->wrap[purpose], inner));
    VPI_TRY(vpi_inner_open(inner, &bond, keyring->public_key[purpose], keyring->secret_key[purpose],
        keys->recording_key));
    vpi_recording_commitment(keys->recording_key, &bond, commitment);
    VPI_ENSURE(memcmp(commitment, recording->commitment, sizeof commitment) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_recording_keys_derive(keys);
    st = VPRIV_OK;
out:
    vpi_wipe(keys->shred_key, VPI_KEY_BYTES);
    if (st != VPRIV_OK)
        vpi_wipe(keys, sizeof *keys);
    free(wraps);
    return st;
}

/* The consent record's hash, for exports: the receipt of this consent carries the same one. */
static vpriv_status hash_consent(vpriv_reader *reader)
{
    vpriv_consent_record record;
    vpi_subject subject;
    vpriv_status st = vpi_subject_find(reader->vault, reader->recording->tag.subjects[0], &subject);
    if (st == VPRIV_OK)
        st = vpi_consent_latest(reader->vault, subject.row, reader->purpose, &record, NULL);
    if (st == VPRIV_OK)
        st = vpi_consent_record_hash(&record, reader->record_sha256);
    return st;
}

vpriv_status vpi_gate_unwrap(vpriv_reader *reader, const vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(unwrap(reader, keyring));
    VPI_TRY(vpi_blocks_count(reader->vault, reader->recording->row, &reader->n_blocks));
    VPI_ENSURE(!reader->recording->finish.is_finished ||
                   reader->recording->finish.n_blocks == reader->n_blocks,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_gate_unwrap_alone(vpriv_reader *reader, const vpriv_keyring *keyring)
{
    const vpriv_status st = hash_consent(reader);
    return st == VPRIV_OK ? unwrap(reader, keyring) : st;
}

static vpriv_status unwrap_in_snapshot(vpriv_reader *reader, const vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool began = false;
    VPI_TRY(vpi_vault_read_begin(reader->vault, &began));
    /* Read again: between the log entry and here somebody may have erased it. */
    VPI_TRY(vpi_recording_load(reader->vault, reader->recording->row, reader->recording));
    VPI_ENSURE(reader->recording->state == VPRIV_RECORDING_COMMITTED, VPRIV_E_ERASED,
        "the recording was erased");
    VPI_TRY(hash_consent(reader));
    VPI_TRY(vpi_gate_unwrap(reader, keyring));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(reader->vault, began);
    return st;
}

vpriv_status vpi_gate_reader_create(vpriv_vault *vault, vpriv_reader **reader_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_reader *reader = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *reader, (void **)&reader));
    VPI_TRY(vpi_alloc(1, sizeof *reader->recording, (void **)&reader->recording));
    VPI_TRY(vpi_secret_alloc(sizeof *reader->secrets, (void **)&reader->secrets));
    reader->vault = vault;
    *reader_out = reader;
    reader = NULL;
    st = VPRIV_OK;
out:
    vpriv_gate_close(reader);
    return st;
}

vpriv_status vpriv_gate_open(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_recording_id *recording, const vpriv_gate_request *request,
    vpriv_reader **reader_out)
{
    vpriv_reader *reader = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(keyring && recording && reader_out, VPRIV_E_ARG,
        "a keyring, a recording and room for the reader are needed");
    VPI_TRY(vpi_gate_check_request(request));
    VPI_TRY(vpi_gate_reader_create(vault, &reader));
    reader->purpose = request->purpose;
    if (request->recipient)
        memcpy(reader->recipient, request->recipient, strlen(request->recipient) + 1);
    VPI_TRY(decide_and_log(reader, keyring, recording->bytes, request));
    VPI_TRY(unwrap_in_snapshot(reader, keyring));
    const vpi_tag *tag = &reader->recording->tag;
    VPI_TRY(vpi_decoder_create(tag->rate_hz, tag->n_channels, &reader->decoder));
    reader->n_to_skip = (uint64_t)tag->pre_skip_48k * tag->rate_hz / 48000;
    *reader_out = reader;
    reader = NULL;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    vpriv_gate_close(reader);
    return st;
}

void vpriv_gate_close(vpriv_reader *reader)
{
    if (!reader)
        return;
    vpi_decoder_destroy(reader->decoder);
    vpi_secret_free(reader->secrets);
    free(reader->recording);
    free(reader);
}

vpriv_status vpi_gate_use(vpriv_reader *reader, vpi_reader_use use)
{
    if (!reader)
        return vpi_fail(VPRIV_E_ARG, "no reader");
    vpi_fail_clear();
    if (reader->use != VPI_READER_FRESH && reader->use != use)
        return vpi_fail(VPRIV_E_STATE, "a reader gives packets or frames, not both");
    reader->use = use;
    return VPRIV_OK;
}
