#include "consent/record.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

static const uint8_t magic[4] = {'V', 'P', 'C', 'R'};

static void put_party(vpi_writer *w, const vpriv_party *party)
{
    vpi_put_text(w, party->id);
    vpi_put_text(w, party->name);
    vpi_put_text(w, party->country);
    vpi_put_text(w, party->contact);
    vpi_put_u8(w, (uint8_t)party->role);
}

static void put_people(vpi_writer *w, const vpriv_consent_record *record)
{
    vpi_put_bytes(w, record->record_id, sizeof record->record_id);
    vpi_put_bytes(w, record->subject, sizeof record->subject);
    vpi_put_u8(w, (uint8_t)record->subject_class);
    vpi_put_text(w, record->controller_id);
    vpi_put_u8(w, (uint8_t)record->n_parties);
    for (size_t i = 0; i < record->n_parties; i++)
        put_party(w, &record->parties[i]);
    vpi_put_u8(w, (uint8_t)record->n_recipients);
    for (size_t i = 0; i < record->n_recipients; i++)
        vpi_put_text(w, record->recipients[i]);
    vpi_put_u8(w, (uint8_t)record->n_jurisdictions);
    for (size_t i = 0; i < record->n_jurisdictions; i++)
        vpi_put_text(w, record->jurisdictions[i]);
    vpi_put_u8(w, (uint8_t)record->n_laws);
    for (size_t i = 0; i < record->n_laws; i++)
        vpi_put_text(w, record->laws[i]);
}

static void put_terms(vpi_writer *w, const vpriv_consent_record *record)
{
    vpi_put_text(w, record->notice.id);
    vpi_put_text(w, record->notice.version);
    vpi_put_text(w, record->notice.language);
    vpi_put_bytes(w, record->notice.sha256, sizeof record->notice.sha256);
    vpi_put_u8(w, (uint8_t)record->purpose);
    vpi_put_u8(w, (uint8_t)record->legal_basis);
    vpi_put_u32(w, record->operations);
    vpi_put_u8(w, (uint8_t)record->human_involvement);
    vpi_put_text(w, record->storage_device);
    vpi_put_text(w, record->storage_country);
    vpi_put_text(w, record->retention);
    vpi_put_text(w, record->withdrawal);
}

static void put_event(vpi_writer *w, const vpriv_consent_record *record)
{
    vpi_put_u8(w, (uint8_t)record->event.state);
    vpi_put_u8(w, (uint8_t)record->event.by);
    vpi_put_u8(w, (uint8_t)record->event.method);
    vpi_put_i64(w, record->event.time_us);
    vpi_put_i64(w, record->event.valid_until_us);
    vpi_put_u64(w, record->event.surface_sequence);
    vpi_put_text(w, record->event.surface);
    vpi_put_u8(w, record->covers_past ? 1 : 0);
    vpi_put_u32(w, record->max_sample_ppm);
    vpi_put_u32(w, record->max_uses);
    vpi_put_u32(w, record->uses);
    vpi_put_u64(w, record->policy_epoch);
    vpi_put_bytes(w, record->previous_hash, sizeof record->previous_hash);
}

vpriv_status vpi_consent_record_encode(const vpriv_consent_record *record, void *encoding_out,
    size_t capacity_bytes, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t encoding[VPI_CONSENT_RECORD_BYTES_MAX];
    vpi_writer w = vpi_writer_of(encoding, sizeof encoding);
    VPI_ENSURE(encoding_out && n_bytes_out, VPRIV_E_ARG, "consent record: output is NULL");
    VPI_TRY(vpi_consent_record_check(record));
    vpi_put_bytes(&w, magic, sizeof magic);
    vpi_put_u16(&w, VPI_CONSENT_RECORD_VERSION);
    put_people(&w, record);
    put_terms(&w, record);
    put_event(&w, record);
    const size_t used = vpi_writer_used(&w);
    const size_t step = VPI_CONSENT_RECORD_STEP;
    const size_t n_bytes = (used + step - 1) / step * step;
    vpi_put_zeros_to(&w, n_bytes);
    VPI_TRY(vpi_writer_finish(&w, "consent record"));
    VPI_ENSURE(n_bytes <= capacity_bytes, VPRIV_E_LIMIT,
        "consent record: needs %zu bytes, there are %zu", n_bytes, capacity_bytes);
    memcpy(encoding_out, encoding, n_bytes);
    *n_bytes_out = n_bytes;
    st = VPRIV_OK;
out:
    vpi_wipe(encoding, sizeof encoding);
    return st;
}

/* A count of at most `limit`; the cursor fails otherwise, and loops over nothing. */
static uint32_t get_count(vpi_reader *r, uint32_t limit)
{
    const uint32_t count = vpi_get_u8(r);
    if (count > limit)
        r->failed = true;
    return r->failed ? 0 : count;
}

#define GET_TEXT(r, field) vpi_get_text((r), (field), sizeof(field))

static void get_party(vpi_reader *r, vpriv_party *party)
{
    GET_TEXT(r, party->id);
    GET_TEXT(r, party->name);
    GET_TEXT(r, party->country);
    GET_TEXT(r, party->contact);
    party->role = (vpriv_party_role)vpi_get_u8(r);
}

static void get_people(vpi_reader *r, vpriv_consent_record *record)
{
    vpi_get_copy(r, record->record_id, sizeof record->record_id);
    vpi_get_copy(r, record->subject, sizeof record->subject);
    record->subject_class = (vpriv_subject_class)vpi_get_u8(r);
    GET_TEXT(r, record->controller_id);
    record->n_parties = get_count(r, VPRIV_PARTIES_MAX);
    for (size_t i = 0; i < record->n_parties; i++)
        get_party(r, &record->parties[i]);
    record->n_recipients = get_count(r, VPRIV_RECIPIENTS_MAX);
    for (size_t i = 0; i < record->n_recipients; i++)
        GET_TEXT(r, record->recipients[i]);
    record->n_jurisdictions = get_count(r, VPRIV_JURISDICTIONS_MAX);
    for (size_t i = 0; i < record->n_jurisdictions; i++)
        GET_TEXT(r, record->jurisdictions[i]);
    record->n_laws = get_count(r, VPRIV_LAWS_MAX);
    for (size_t i = 0; i < record->n_laws; i++)
        GET_TEXT(r, record->laws[i]);
}

static void get_terms(vpi_reader *r, vpriv_consent_record *record)
{
    GET_TEXT(r, record->notice.id);
    GET_TEXT(r, record->notice.version);
    GET_TEXT(r, record->notice.language);
    vpi_get_copy(r, record->notice.sha256, sizeof record->notice.sha256);
    record->purpose = (vpriv_purpose)vpi_get_u8(r);
    record->legal_basis = (vpriv_legal_basis)vpi_get_u8(r);
    record->operations = vpi_get_u32(r);
    record->human_involvement = (vpriv_human_involvement)vpi_get_u8(r);
    GET_TEXT(r, record->storage_device);
    GET_TEXT(r, record->storage_country);
    GET_TEXT(r, record->retention);
    GET_TEXT(r, record->withdrawal);
}

static void get_event(vpi_reader *r, vpriv_consent_record *record)
{
    record->event.state = (vpriv_consent_state)vpi_get_u8(r);
    record->event.by = (vpriv_consent_by)vpi_get_u8(r);
    record->event.method = (vpriv_consent_method)vpi_get_u8(r);
    record->event.time_us = vpi_get_i64(r);
    record->event.valid_until_us = vpi_get_i64(r);
    record->event.surface_sequence = vpi_get_u64(r);
    GET_TEXT(r, record->event.surface);
    record->covers_past = get_count(r, 1) == 1;
    record->max_sample_ppm = vpi_get_u32(r);
    record->max_uses = vpi_get_u32(r);
    record->uses = vpi_get_u32(r);
    record->policy_epoch = vpi_get_u64(r);
    vpi_get_copy(r, record->previous_hash, sizeof record->previous_hash);
}

vpriv_status vpi_consent_record_decode(
    const void *encoding, size_t n_bytes, vpriv_consent_record *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_consent_record record = {.struct_size = sizeof record};
    uint8_t start[sizeof magic];
    vpi_reader r = vpi_reader_of(encoding, n_bytes);
    VPI_ENSURE(record_out, VPRIV_E_ARG, "consent record: output is NULL");
    vpi_get_copy(&r, start, sizeof start);
    const uint16_t version = vpi_get_u16(&r);
    VPI_ENSURE(!r.failed && memcmp(start, magic, sizeof magic) == 0 && version > 0, VPRIV_E_FORMAT,
        "consent record: not one");
    VPI_ENSURE(version <= VPI_CONSENT_RECORD_VERSION, VPRIV_E_VERSION,
        "consent record: version %u is newer than this library", version);
    get_people(&r, &record);
    get_terms(&r, &record);
    get_event(&r, &record);
    const size_t padding_bytes = vpi_reader_left(&r);
    const uint8_t *padding = vpi_get_bytes(&r, padding_bytes);
    VPI_TRY(vpi_reader_finish(&r, "consent record"));
    VPI_ENSURE(n_bytes % VPI_CONSENT_RECORD_STEP == 0 && padding_bytes < VPI_CONSENT_RECORD_STEP &&
                   sodium_is_zero(padding, padding_bytes),
        VPRIV_E_FORMAT, "consent record: wrong padding");
    if (vpi_consent_record_check(&record) != VPRIV_OK) {
        st = VPRIV_E_FORMAT; /* the same words, but it was input, not an argument */
        goto out;
    }
    *record_out = record;
    st = VPRIV_OK;
out:
    vpi_wipe(&record, sizeof record);
    return st;
}

vpriv_status vpi_consent_record_hash(const vpriv_consent_record *record, uint8_t *sha256_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t encoding[VPI_CONSENT_RECORD_BYTES_MAX];
    size_t n_bytes = 0;
    VPI_ENSURE(sha256_out, VPRIV_E_ARG, "consent record: output is NULL");
    VPI_TRY(vpi_consent_record_encode(record, encoding, sizeof encoding, &n_bytes));
    crypto_hash_sha256(sha256_out, encoding, n_bytes);
    st = VPRIV_OK;
out:
    vpi_wipe(encoding, sizeof encoding);
    return st;
}

void vpi_uuid4_stamp(uint8_t *id)
{
    id[6] = (uint8_t)(0x40 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
}

bool vpi_uuid4_is_valid(const uint8_t *id)
{
    return (id[6] & 0xf0) == 0x40 && (id[8] & 0xc0) == 0x80;
}
