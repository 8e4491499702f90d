#include "vault/policy.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/consent_store.h"
#include "vault/notice_store.h"
#include "vault/settings.h"
#include <sodium.h>
#include <string.h>

#define PAUSE_BYTES (4 + 8 + 8 + 2 + VPRIV_PROFILE_NAME_BYTES)
#define HEAD_BYTES                                                                                 \
    (8 + VPI_KEY_BYTES + VPI_SETTINGS_BYTES_MAX + 8 + 4 * 8 + 8 + 1 + VPI_KEY_BYTES +              \
        2 * VPRIV_SHA256_BYTES + 1 + VPRIV_PAUSES_MAX * PAUSE_BYTES + 4 +                          \
        VPI_NOTICES_IN_FORCE_MAX * VPRIV_SHA256_BYTES)
#define CONSENT_BYTES (4 + VPRIV_CONSENT_RECORD_ID_BYTES + 16 + VPRIV_SHA256_BYTES + 8)
#define SUBJECT_BYTES (2 + VPI_SUBJECT_PLACE_BYTES + VPI_PURPOSES_MAX * CONSENT_BYTES)
_Static_assert(HEAD_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "a head fits a row");
_Static_assert(SUBJECT_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "a person fits a row");

static const uint8_t head_tag[VPI_TAG_BYTES];

static void tag_of(vpriv_vault *vault, const uint8_t *subject_id, uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(
        vault->secrets->policy_key, "policy: subject", subject_id, VPI_SUBJECT_ID_BYTES, tag_out);
}

/* What is said of a person opens for nobody but those who can name them: with the key alone, which
 * capture credentials share and which never changes, somebody who was erased stays closed in old copies. */
static void key_of_person(vpriv_vault *vault, const uint8_t *subject_id)
{
    vpi_derive(vault->secrets->policy_key, "policy: person", subject_id, VPI_SUBJECT_ID_BYTES,
        vault->secrets->person_policy_key);
}

static vpriv_status write_row(vpriv_vault *vault, const uint8_t key[VPI_KEY_BYTES],
    const uint8_t tag[VPI_TAG_BYTES], const void *plain, size_t n_bytes)
{
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(VPI_POLICY_ROW_BYTES_MAX)];
    size_t n_sealed = 0;
    const vpi_place place = {vault->vault_id, VPI_COLUMN_POLICY, 0, tag, VPI_TAG_BYTES};
    const vpriv_status st =
        vpi_seal_padded(key, &place, plain, n_bytes, sealed, sizeof sealed, &n_sealed);
    if (st != VPRIV_OK)
        return st;
    return vpi_database_run(vault->database,
        "INSERT INTO policy(tag, sealed) VALUES (?1, ?2)"
        " ON CONFLICT(tag) DO UPDATE SET sealed = excluded.sealed",
        "bb", tag, (size_t)VPI_TAG_BYTES, sealed, n_sealed);
}

static vpriv_status read_row(vpriv_vault *vault, const uint8_t key[VPI_KEY_BYTES],
    const uint8_t tag[VPI_TAG_BYTES], void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    const vpi_place place = {vault->vault_id, VPI_COLUMN_POLICY, 0, tag, VPI_TAG_BYTES};
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT sealed FROM policy WHERE tag = ?1", "b", tag, (size_t)VPI_TAG_BYTES);
    if (st != VPRIV_OK)
        return st;
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    st = vpi_unseal_padded(key, &place, sealed, n_sealed, plain_out, capacity, n_bytes_out);
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_policy_write_row(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const void *plain, size_t n_bytes)
{
    return write_row(vault, vault->secrets->policy_key, tag, plain, n_bytes);
}

vpriv_status vpi_policy_read_row(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES],
    void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    return read_row(vault, vault->secrets->policy_key, tag, plain_out, capacity, n_bytes_out);
}

static void get_pauses(vpi_reader *r, vpi_policy_head *head)
{
    head->n_pauses = vpi_get_u8(r);
    r->failed = r->failed || head->n_pauses > VPRIV_PAUSES_MAX;
    for (uint32_t i = 0; i < head->n_pauses && !r->failed; i++) {
        vpi_pause *pause = &head->pauses[i];
        pause->purposes = vpi_get_u32(r);
        pause->from_us = vpi_get_i64(r);
        pause->until_us = vpi_get_i64(r);
        vpi_get_text(r, pause->where, sizeof pause->where);
    }
}

static void put_pauses(vpi_writer *w, const vpi_policy_head *head)
{
    vpi_put_u8(w, (uint8_t)head->n_pauses);
    for (uint32_t i = 0; i < head->n_pauses; i++) {
        vpi_put_u32(w, head->pauses[i].purposes);
        vpi_put_i64(w, head->pauses[i].from_us);
        vpi_put_i64(w, head->pauses[i].until_us);
        vpi_put_text(w, head->pauses[i].where);
    }
}

static void get_head(vpi_reader *r, vpi_policy_head *head)
{
    vpi_get_copy(r, head->ingest_public_key, VPI_KEY_BYTES);
    vpi_settings_get(r, &head->settings);
    head->written_us = vpi_get_i64(r);
    head->next.epoch = vpi_get_u64(r);
    head->next.issued_us = vpi_get_i64(r);
    head->next.effective_us = vpi_get_i64(r);
    head->next.ttl_us = vpi_get_i64(r);
    head->order = vpi_get_u64(r);
    head->has_authority = vpi_get_flag(r);
    vpi_get_copy(r, head->authority, sizeof head->authority);
    vpi_get_copy(r, head->profiles_hash, sizeof head->profiles_hash);
    vpi_get_copy(r, head->places_hash, sizeof head->places_hash);
    get_pauses(r, head);
    head->n_notices = vpi_get_u32(r);
    r->failed = r->failed || head->n_notices > VPI_NOTICES_IN_FORCE_MAX;
    if (!r->failed)
        vpi_get_copy(r, head->notices, head->n_notices * (size_t)VPRIV_SHA256_BYTES);
}

static void put_head(vpi_writer *w, const vpi_policy_head *head)
{
    vpi_put_u64(w, head->generation);
    vpi_put_bytes(w, head->ingest_public_key, VPI_KEY_BYTES);
    vpi_settings_put(w, &head->settings);
    vpi_put_i64(w, head->written_us);
    vpi_put_u64(w, head->next.epoch);
    vpi_put_i64(w, head->next.issued_us);
    vpi_put_i64(w, head->next.effective_us);
    vpi_put_i64(w, head->next.ttl_us);
    vpi_put_u64(w, head->order);
    vpi_put_u8(w, head->has_authority);
    vpi_put_bytes(w, head->authority, sizeof head->authority);
    vpi_put_bytes(w, head->profiles_hash, sizeof head->profiles_hash);
    vpi_put_bytes(w, head->places_hash, sizeof head->places_hash);
    put_pauses(w, head);
    vpi_put_u32(w, head->n_notices);
    vpi_put_bytes(w, head->notices, head->n_notices * (size_t)VPRIV_SHA256_BYTES);
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
    get_head(&r, head_out);
    /* The vault's clock never runs back behind it: a time that no clock gives is none. */
    VPI_ENSURE(vpi_reader_finish(&r, "policy") == VPRIV_OK &&
                   (head_out->written_us == 0 || vpi_time_is_plausible(head_out->written_us)),
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    vault->settings = head_out->settings;
    if (head_out->written_us > vault->clock.seen_us)
        vault->clock.seen_us = head_out->written_us;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_settings_refresh(vpriv_vault *vault)
{
    vpi_policy_head *head = NULL;
    vpriv_status st = vpi_alloc(1, sizeof *head, (void **)&head);
    if (st == VPRIV_OK)
        st = vpi_policy_read_head(vault, head);
    free(head);
    return st;
}

vpi_policy vpi_policy_in_force(const vpi_policy_head *head, int64_t now_us)
{
    const vpi_settings *settings = &head->settings;
    if (head->next.epoch != 0 && now_us >= head->next.effective_us)
        return head->next;
    return (vpi_policy){.epoch = settings->policy_epoch,
        .issued_us = settings->policy_since_us,
        .effective_us = settings->policy_since_us,
        .ttl_us = settings->policy_ttl_us};
}

/* What the head of now goes on saying. One that does not read must not keep anybody from destroying
 * keys: it says from then on that everything is paused, and trusts nobody. */
static vpriv_status keep_of_head(
    vpriv_vault *vault, bool needs_ingest_key, vpi_policy_head *head_out)
{
    const vpriv_status st = vpi_policy_read_head(vault, head_out);
    if (st != VPRIV_E_AUTH || needs_ingest_key)
        return st;
    memset(head_out, 0, sizeof *head_out);
    head_out->settings = vault->settings;
    head_out->n_pauses = 1;
    head_out->pauses[0] =
        (vpi_pause){.purposes = UINT32_MAX, .until_us = VPRIV_TIME_FOREVER_US, .where = "*"};
    vpi_fail_clear();
    return VPRIV_OK;
}

vpriv_status vpi_policy_write_head(vpriv_vault *vault, uint64_t generation,
    const uint8_t *ingest_secret, const vpi_policy_head *next)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head *head = NULL;
    uint8_t plain[HEAD_BYTES];
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    if (next)
        *head = *next;
    else
        VPI_TRY(keep_of_head(vault, !ingest_secret, head));
    if (ingest_secret)
        crypto_scalarmult_base(head->ingest_public_key, ingest_secret);
    head->generation = generation;
    head->written_us = vpi_vault_now_us(vault);
    head->n_notices = 0;
    VPI_TRY(vpi_notices_in_force(vault, head->notices, &head->n_notices));
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    put_head(&w, head);
    VPI_TRY(vpi_writer_finish(&w, "policy"));
    VPI_TRY(vpi_policy_write_row(vault, head_tag, plain, vpi_writer_used(&w)));
    st = VPRIV_OK;
out:
    free(head);
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
    vpi_put_u8(w, (uint8_t)record->event.method);
    vpi_put_bytes(w, record->record_id, sizeof record->record_id);
    vpi_put_i64(w, record->event.time_us);
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
    vpi_subject_place at;
    /* A description that does not open must not keep anybody from withdrawing; a yes of theirs counts
     * for nothing then, as of somebody too young. */
    const vpriv_status placed = vpi_subject_place_of(vault, subject, &at);
    if (placed == VPRIV_E_AUTH)
        at = (vpi_subject_place){.home = VPI_STRICT, .birth = {2399, 12}};
    else
        VPI_TRY(placed);
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
    vpi_subject_place_put(&w, &at);
    vpi_put_u8(&w, n_consents);
    vpi_put_bytes(&w, consents, n_bytes);
    VPI_TRY(vpi_writer_finish(&w, "policy"));
    tag_of(vault, subject->id, tag);
    key_of_person(vault, subject->id);
    VPI_TRY(write_row(vault, vault->secrets->person_policy_key, tag, plain, vpi_writer_used(&w)));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->person_policy_key, VPI_KEY_BYTES);
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
    key_of_person(vault, subject_id);
    const vpriv_status found =
        read_row(vault, vault->secrets->person_policy_key, tag, plain, sizeof plain, &n_bytes);
    vpi_wipe(vault->secrets->person_policy_key, VPI_KEY_BYTES);
    VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_NOT_FOUND, "no such subject in this vault");
    VPI_TRY(found);
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    memset(policy_out, 0, sizeof *policy_out);
    policy_out->subject_class = (vpriv_subject_class)vpi_get_u8(&r);
    vpi_subject_place_get(&r, &policy_out->at);
    policy_out->n_consents = vpi_get_u8(&r);
    VPI_ENSURE(policy_out->n_consents <= VPI_PURPOSES_MAX, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    for (uint32_t i = 0; i < policy_out->n_consents; i++) {
        vpi_policy_consent *consent = &policy_out->consents[i];
        consent->purpose = (vpriv_purpose)vpi_get_u8(&r);
        consent->state = (vpriv_consent_state)vpi_get_u8(&r);
        consent->by = (vpriv_consent_by)vpi_get_u8(&r);
        consent->method = (vpriv_consent_method)vpi_get_u8(&r);
        vpi_get_copy(&r, consent->record_id, sizeof consent->record_id);
        consent->said_us = vpi_get_i64(&r);
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
