#include "log/leaf.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/purpose.h"
#include "consent/text.h"
#include <sodium.h>
#include <string.h>

#define ENSURE(condition, text) VPI_ENSURE(condition, VPRIV_E_ARG, "log entry: %s", text)

#define NO_PURPOSE_BYTE 0xff

static const uint8_t magic[4] = {'V', 'P', 'L', 'E'};

static const char *const kind_names[] = {"unknown kind", "vault_created", "subject_added",
    "subject_erased", "notice_added", "consent_event", "access_granted", "access_refused",
    "erasure", "retention_expired", "restriction", "restriction_lifted", "pause", "pause_lifted",
    "adoption", "false_wakes", "keyring_split", "disclosure", "sampling_committed",
    "sampling_revealed", "policy", "checkpoint", "verification", "recall", "recall_acknowledged",
    "derivative_added", "derivative_read", "derivative_refused", "derivative_erased",
    "consent_applied", "speaker_added"};
_Static_assert(sizeof kind_names / sizeof kind_names[0] == VPI_LOG_KIND_LAST + 1, "one name each");

static bool is_kind(vpriv_log_kind kind)
{
    return (int)kind > VPRIV_LOG_UNKNOWN && (int)kind <= VPI_LOG_KIND_LAST;
}

const char *vpriv_log_kind_name(vpriv_log_kind kind)
{
    return is_kind(kind) ? kind_names[kind] : kind_names[VPRIV_LOG_UNKNOWN];
}

/* What opened a recording must say which one and for what, and cannot have been refused. */
static bool access_is_complete(const vpriv_log_entry *entry)
{
    if (entry->kind != VPRIV_LOG_ACCESS_GRANTED && entry->kind != VPRIV_LOG_DERIVATIVE_READ)
        return true;
    return entry->purpose != VPRIV_LOG_NO_PURPOSE && entry->deny_reasons == 0 &&
           !sodium_is_zero(entry->recording, sizeof entry->recording);
}

/* What is asked back, or was, is one recording that left for one purpose. */
static bool recall_is_complete(const vpriv_log_entry *entry)
{
    if (entry->kind != VPRIV_LOG_RECALL && entry->kind != VPRIV_LOG_RECALL_ACKNOWLEDGED)
        return true;
    return entry->purpose != VPRIV_LOG_NO_PURPOSE &&
           !sodium_is_zero(entry->recording, sizeof entry->recording) &&
           !sodium_is_zero(entry->detail_hash, sizeof entry->detail_hash);
}

vpriv_status vpi_log_entry_check(const vpriv_log_entry *entry)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(entry, "NULL");
    ENSURE(entry->struct_size == sizeof *entry, "struct_size is not known");
    ENSURE(is_kind(entry->kind), "kind is not known");
    ENSURE(vpi_time_is_plausible(entry->time_us), "time is not within 1970 to 2400");
    ENSURE(entry->purpose == VPRIV_LOG_NO_PURPOSE || vpi_purpose_is_valid(entry->purpose),
        "no such purpose");
    ENSURE(vpi_text_field_is_plain(entry->actor, sizeof entry->actor) && entry->actor[0],
        "actor is empty or not plain UTF-8");
    ENSURE(
        vpi_text_field_is_plain(entry->reason, sizeof entry->reason), "reason is not plain UTF-8");
    ENSURE(vpi_text_field_is_plain(entry->recipient, sizeof entry->recipient),
        "recipient is not plain UTF-8");
    ENSURE(access_is_complete(entry), "access without recording or purpose, or with a refusal");
    ENSURE(recall_is_complete(entry), "recall without recording, purpose or disclosure");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_log_entry_encode(
    const vpriv_log_entry *entry, void *payload_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t payload[VPI_LOG_ENTRY_BYTES_MAX];
    vpi_writer w = vpi_writer_of(payload, sizeof payload);
    VPI_ENSURE(payload_out && n_bytes_out, VPRIV_E_ARG, "log entry: output is NULL");
    VPI_TRY(vpi_log_entry_check(entry));
    vpi_put_bytes(&w, magic, sizeof magic);
    vpi_put_u16(&w, VPI_LOG_ENTRY_VERSION);
    vpi_put_u8(&w, (uint8_t)entry->kind);
    vpi_put_i64(&w, entry->time_us);
    vpi_put_u8(
        &w, entry->purpose == VPRIV_LOG_NO_PURPOSE ? NO_PURPOSE_BYTE : (uint8_t)entry->purpose);
    vpi_put_u32(&w, entry->deny_reasons);
    vpi_put_u64(&w, entry->count);
    vpi_put_text(&w, entry->actor);
    vpi_put_text(&w, entry->reason);
    vpi_put_text(&w, entry->recipient);
    vpi_put_bytes(&w, entry->recording, sizeof entry->recording);
    vpi_put_bytes(&w, entry->subject, sizeof entry->subject);
    vpi_put_bytes(&w, entry->consent_record, sizeof entry->consent_record);
    vpi_put_bytes(&w, entry->detail_hash, sizeof entry->detail_hash);
    const size_t used = vpi_writer_used(&w);
    const size_t step = VPI_LOG_ENTRY_STEP;
    const size_t n_bytes = (used + step - 1) / step * step;
    vpi_put_zeros_to(&w, n_bytes);
    VPI_TRY(vpi_writer_finish(&w, "log entry"));
    VPI_ENSURE(n_bytes <= capacity_bytes, VPRIV_E_LIMIT,
        "log entry: needs %zu bytes, there are %zu", n_bytes, capacity_bytes);
    memcpy(payload_out, payload, n_bytes);
    *n_bytes_out = n_bytes;
    st = VPRIV_OK;
out:
    vpi_wipe(payload, sizeof payload);
    return st;
}

vpriv_status vpi_actor_check(const char *actor)
{
    if (actor && actor[0] && strlen(actor) < VPRIV_LOG_ACTOR_BYTES &&
        vpi_text_is_plain(actor, strlen(actor)))
        return VPRIV_OK;
    return vpi_fail(
        VPRIV_E_ARG, "the actor is 1 to %d bytes of plain text", VPRIV_LOG_ACTOR_BYTES - 1);
}

vpriv_status vpi_reason_check(const char *reason)
{
    if (!reason ||
        (strlen(reason) < VPRIV_LOG_REASON_BYTES && vpi_text_is_plain(reason, strlen(reason))))
        return VPRIV_OK;
    return vpi_fail(VPRIV_E_ARG, "the reason is longer than %d bytes, or not plain text",
        VPRIV_LOG_REASON_BYTES - 1);
}

static void get_fields(vpi_reader *r, vpriv_log_entry *entry)
{
    entry->kind = (vpriv_log_kind)vpi_get_u8(r);
    entry->time_us = vpi_get_i64(r);
    const uint8_t purpose = vpi_get_u8(r);
    entry->purpose = purpose == NO_PURPOSE_BYTE ? VPRIV_LOG_NO_PURPOSE : purpose;
    entry->deny_reasons = vpi_get_u32(r);
    entry->count = vpi_get_u64(r);
    vpi_get_text(r, entry->actor, sizeof entry->actor);
    vpi_get_text(r, entry->reason, sizeof entry->reason);
    vpi_get_text(r, entry->recipient, sizeof entry->recipient);
    vpi_get_copy(r, entry->recording, sizeof entry->recording);
    vpi_get_copy(r, entry->subject, sizeof entry->subject);
    vpi_get_copy(r, entry->consent_record, sizeof entry->consent_record);
    vpi_get_copy(r, entry->detail_hash, sizeof entry->detail_hash);
}

vpriv_status vpi_log_entry_decode(const void *payload, size_t n_bytes, vpriv_log_entry *entry_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {.struct_size = sizeof entry};
    uint8_t start[sizeof magic];
    vpi_reader r = vpi_reader_of(payload, n_bytes);
    VPI_ENSURE(entry_out, VPRIV_E_ARG, "log entry: output is NULL");
    vpi_get_copy(&r, start, sizeof start);
    const uint16_t version = vpi_get_u16(&r);
    VPI_ENSURE(!r.failed && memcmp(start, magic, sizeof magic) == 0 && version > 0, VPRIV_E_FORMAT,
        "log entry: not one");
    VPI_ENSURE(version <= VPI_LOG_ENTRY_VERSION, VPRIV_E_VERSION,
        "log entry: version %u is newer than this library", version);
    get_fields(&r, &entry);
    const size_t padding_bytes = vpi_reader_left(&r);
    const uint8_t *padding = vpi_get_bytes(&r, padding_bytes);
    VPI_TRY(vpi_reader_finish(&r, "log entry"));
    VPI_ENSURE(n_bytes % VPI_LOG_ENTRY_STEP == 0 && padding_bytes < VPI_LOG_ENTRY_STEP &&
                   sodium_is_zero(padding, padding_bytes),
        VPRIV_E_FORMAT, "log entry: wrong padding");
    if (vpi_log_entry_check(&entry) != VPRIV_OK) {
        st = VPRIV_E_FORMAT; /* the same words, but it was input, not an argument */
        goto out;
    }
    *entry_out = entry;
    st = VPRIV_OK;
out:
    vpi_wipe(&entry, sizeof entry);
    return st;
}

void vpi_log_commitment(const void *sealed_payload, size_t n_bytes, uint8_t *commitment_out)
{
    static const char label[] = "voicepriv log payload v1"; /* hashed with its final zero */
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)label, sizeof label);
    crypto_hash_sha256_update(&state, sealed_payload, n_bytes);
    crypto_hash_sha256_final(&state, commitment_out);
}
