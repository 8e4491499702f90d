#include "vault/policy.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/consent_store.h"
#include "vault/notice_store.h"
#include "vault/settings.h"
#include <sodium.h>
#include <string.h>

#define HEAD_BYTES                                                                                 \
    (8 + VPI_KEY_BYTES + VPI_SETTINGS_BYTES_MAX + 8 + VPI_NOTICES_IN_FORCE_MAX * VPRIV_SHA256_BYTES)
#define CONSENT_BYTES (3 + VPRIV_CONSENT_RECORD_ID_BYTES + 8 + VPRIV_SHA256_BYTES + 8)
#define SUBJECT_BYTES (2 + VPI_PURPOSES_MAX * CONSENT_BYTES)
_Static_assert(HEAD_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "a head fits a row");
_Static_assert(SUBJECT_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "a person fits a row");

static const uint8_t head_tag[VPI_TAG_BYTES];

static void tag_of(vpriv_vault *vault, const uint8_t *subject_id, uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(
        vault->secrets->policy_key, "policy: subject", subject_id, VPI_SUBJECT_ID_BYTES, tag_out);
}

vpriv_status vpi_policy_write_row(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const void *plain, size_t n_bytes)
{
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(VPI_POLICY_ROW_BYTES_MAX)];
    size_t n_sealed = 0;
    const vpi_place place = {vault->vault_id, VPI_COLUMN_POLICY, 0, tag, VPI_TAG_BYTES};
    const vpriv_status st = vpi_seal_padded(
        vault->secrets->policy_key, &place, plain, n_bytes, sealed, sizeof sealed, &n_sealed);
    if (st != VPRIV_OK)
        return st;
    return vpi_database_run(vault->database,
        "INSERT INTO policy(tag, sealed) VALUES (?1, ?2)"
        " ON CONFLICT(tag) DO UPDATE SET sealed = excluded.sealed",
        "bb", tag, (size_t)VPI_TAG_BYTES, sealed, n_sealed);
}

vpriv_status vpi_policy_read_row(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES],
    void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    vpi_row row = {NULL};
    size_t n_sealed = 0;
    const vpi_place place = {vault->vault_id, VPI_COLUMN_POLICY, 0, tag, VPI_TAG_BYTES};
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT sealed FROM policy WHERE tag = ?1", "b", tag, (size_t)VPI_TAG_BYTES);
    if (st != VPRIV_OK)
        return st;
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    st = vpi_unseal_padded(
        vault->secrets->policy_key, &place, sealed, n_sealed, plain_out, capacity, n_bytes_out);
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_policy_read_head(vpriv_vault *vault, vpi_policy_head *head_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(HEAD_BYTES)];
    size_t n_bytes = 0;
    uint64_t generation = 0;
    const vpriv_status found = vpi_policy_read_row(vault, head_tag, plain, sizeof plain, &n_bytes);
    VPI_ENSURE(
        found != VPRIV_E_NOT_FOUND, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(found);
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    head_out->generation = vpi_get_u64(&r);
    VPI_TRY(vpi_tree_file_generation(vault->database, &generation));
    VPI_ENSURE(head_out->generation == generation, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_get_copy(&r, head_out->ingest_public_key, VPI_KEY_BYTES);
    vpi_settings_get(&r, &head_out->settings);
    head_out->paused_purposes = vpi_get_u32(&r);
    head_out->n_notices = vpi_get_u32(&r);
    VPI_ENSURE(head_out->n_notices <= VPI_NOTICES_IN_FORCE_MAX, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_get_copy(&r, head_out->notices, head_out->n_notices * (size_t)VPRIV_SHA256_BYTES);
    VPI_ENSURE(vpi_reader_finish(&r, "policy") == VPRIV_OK, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}

/* What the head of now goes on saying. One that does not read must not keep anybody from destroying
 * keys. */
static vpriv_status keep_of_head(
    vpriv_vault *vault, bool needs_ingest_key, vpi_policy_head *head_out)
{
    const vpriv_status st = vpi_policy_read_head(vault, head_out);
    if (st != VPRIV_E_AUTH || needs_ingest_key)
        return st;
    memset(head_out, 0, sizeof *head_out);
    head_out->paused_purposes = UINT32_MAX;
    vpi_fail_clear();
    return VPRIV_OK;
}

vpriv_status vpi_policy_write_head(
    vpriv_vault *vault, uint64_t generation, const uint8_t *ingest_secret, const uint32_t *paused)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head head;
    uint8_t plain[HEAD_BYTES];
    memset(&head, 0, sizeof head);
    if (!ingest_secret || !paused)
        VPI_TRY(keep_of_head(vault, !ingest_secret, &head));
    if (ingest_secret)
        crypto_scalarmult_base(head.ingest_public_key, ingest_secret);
    head.n_notices = 0;
    VPI_TRY(vpi_notices_in_force(vault, head.notices, &head.n_notices));
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u64(&w, generation);
    vpi_put_bytes(&w, head.ingest_public_key, VPI_KEY_BYTES);
    vpi_settings_put(&w, &vault->settings);
    vpi_put_u32(&w, paused ? *paused : head.paused_purposes);
    vpi_put_u32(&w, head.n_notices);
    vpi_put_bytes(&w, head.notices, head.n_notices * (size_t)VPRIV_SHA256_BYTES);
    VPI_TRY(vpi_writer_finish(&w, "policy"));
    VPI_TRY(vpi_policy_write_row(vault, head_tag, plain, vpi_writer_used(&w)));
    st = VPRIV_OK;
out:
    return st;
}

bool vpi_policy_notice_in_force(const vpi_policy_head *head, const uint8_t *sha256)
{
    for (uint32_t i = 0; i < head->n_notices; i++)
        if (memcmp(head->notices[i], sha256, VPRIV_SHA256_BYTES) == 0)
            return true;
    return false;
}

static void put_consent(vpi_writer *w, const vpriv_consent_record *record)
{
    vpi_put_u8(w, (uint8_t)record->purpose);
    vpi_put_u8(w, (uint8_t)record->event.state);
    vpi_put_u8(w, (uint8_t)record->event.by);
    vpi_put_bytes(w, record->record_id, sizeof record->record_id);
    vpi_put_i64(w, record->event.valid_until_us);
    vpi_put_bytes(w, record->notice.sha256, sizeof record->notice.sha256);
    vpi_put_u32(w, record->max_uses);
    vpi_put_u32(w, record->uses);
}

vpriv_status vpi_policy_write_subject(vpriv_vault *vault, const vpi_subject *subject)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[SUBJECT_BYTES], consents[SUBJECT_BYTES], tag[VPI_TAG_BYTES];
    vpi_writer w = vpi_writer_of(consents, sizeof consents);
    uint8_t n_consents = 0;
    uint32_t purposes = 0;
    VPI_TRY(vpi_consent_purposes(vault, subject->row, &purposes));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        vpriv_consent_record record;
        if (!(purposes >> p & 1))
            continue;
        VPI_TRY(vpi_consent_latest(vault, subject->row, (vpriv_purpose)p, &record, NULL));
        put_consent(&w, &record);
        n_consents++;
    }
    VPI_TRY(vpi_writer_finish(&w, "policy"));
    const size_t n_bytes = vpi_writer_used(&w);
    w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u8(&w, (uint8_t)subject->subject_class);
    vpi_put_u8(&w, n_consents);
    vpi_put_bytes(&w, consents, n_bytes);
    VPI_TRY(vpi_writer_finish(&w, "policy"));
    tag_of(vault, subject->id, tag);
    VPI_TRY(vpi_policy_write_row(vault, tag, plain, vpi_writer_used(&w)));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_policy_remove_subject(vpriv_vault *vault, const uint8_t *subject_id)
{
    uint8_t tag[VPI_TAG_BYTES];
    tag_of(vault, subject_id, tag);
    return vpi_database_run(
        vault->database, "DELETE FROM policy WHERE tag = ?1", "b", tag, sizeof tag);
}

vpriv_status vpi_policy_read_subject(
    vpriv_vault *vault, const uint8_t *subject_id, vpi_policy_subject *policy_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(SUBJECT_BYTES)], tag[VPI_TAG_BYTES];
    size_t n_bytes = 0;
    tag_of(vault, subject_id, tag);
    const vpriv_status found = vpi_policy_read_row(vault, tag, plain, sizeof plain, &n_bytes);
    VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_NOT_FOUND, "no such subject in this vault");
    VPI_TRY(found);
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    memset(policy_out, 0, sizeof *policy_out);
    policy_out->subject_class = (vpriv_subject_class)vpi_get_u8(&r);
    policy_out->n_consents = vpi_get_u8(&r);
    VPI_ENSURE(policy_out->n_consents <= VPI_PURPOSES_MAX, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    for (uint32_t i = 0; i < policy_out->n_consents; i++) {
        vpi_policy_consent *consent = &policy_out->consents[i];
        consent->purpose = (vpriv_purpose)vpi_get_u8(&r);
        consent->state = (vpriv_consent_state)vpi_get_u8(&r);
        consent->by = (vpriv_consent_by)vpi_get_u8(&r);
        vpi_get_copy(&r, consent->record_id, sizeof consent->record_id);
        consent->valid_until_us = vpi_get_i64(&r);
        vpi_get_copy(&r, consent->notice, sizeof consent->notice);
        consent->max_uses = vpi_get_u32(&r);
        consent->uses = vpi_get_u32(&r);
    }
    VPI_ENSURE(vpi_reader_finish(&r, "policy") == VPRIV_OK, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}
