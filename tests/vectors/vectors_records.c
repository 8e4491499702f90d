/* Consent records, log entries, leaves of the log, checkpoints. */
#include "consent/record.h"
#include "log/leaf.h"
#include "log/merkle.h"
#include "log/note.h"
#include "vectors.h"
#include <sodium.h>
#include <string.h>

/* A byte of an encoding that is changed. */
typedef struct change {
    const char *name;
    size_t at;
    uint8_t value;
    vpriv_status expected;
} change;

static void try_record(
    vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes, size_t n_bytes)
{
    static vpriv_consent_record record;
    uint8_t hash[VPRIV_SHA256_BYTES];
    vectors_case(v, name, expected, vpi_consent_record_decode(bytes, n_bytes, &record));
    vectors_hex(v, "record", bytes, n_bytes);
    if (expected != VPRIV_OK)
        return;
    vectors_must(vpi_consent_record_hash(&record, hash), name);
    vectors_hex(v, "sha256", hash, sizeof hash);
    vectors_hex(v, "record_id", record.record_id, sizeof record.record_id);
    vectors_hex(v, "subject", record.subject, sizeof record.subject);
    vectors_text(v, "controller_id", record.controller_id);
    vectors_number(v, "n_parties", record.n_parties);
    vectors_number(v, "n_recipients", record.n_recipients);
    vectors_number(v, "n_laws", record.n_laws);
    vectors_number(v, "purpose", record.purpose);
    vectors_number(v, "operations", record.operations);
    vectors_number(v, "state", record.event.state);
    vectors_number(v, "time_us", (uint64_t)record.event.time_us);
    vectors_number(v, "valid_until_us", (uint64_t)record.event.valid_until_us);
    vectors_text(v, "withdrawal", record.withdrawal);
    vectors_number(v, "max_uses", record.max_uses);
    vectors_number(v, "uses", record.uses);
}

static void make_record(vpriv_consent_record *record)
{
    *record = (vpriv_consent_record){.struct_size = sizeof *record,
        .subject_class = VPRIV_SUBJECT_USER,
        .controller_id = "acme",
        .n_parties = 2,
        .parties = {{"acme", "Acme & Söhne", "DE", "privacy@acme.example", VPRIV_PARTY_CONTROLLER},
            {"lab", "Lab", "NL", "", VPRIV_PARTY_THIRD_PARTY}},
        .n_recipients = 2,
        .recipients = {"acme", "lab"},
        .n_jurisdictions = 1,
        .jurisdictions = {"DE"},
        .n_laws = 1,
        .laws = {"https://example.org/law"},
        .notice = {.id = "review", .version = "1.2", .language = "de"},
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .legal_basis = VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT,
        .operations = VPRIV_PROCESSING_RECORD | VPRIV_PROCESSING_LISTEN,
        .human_involvement = VPRIV_HUMAN_INVOLVED,
        .storage_device = "speaker",
        .storage_country = "DE",
        .retention = "P3M",
        .withdrawal = "Say: forget me.",
        .event = {.state = VPRIV_CONSENT_GIVEN,
            .by = VPRIV_CONSENT_BY_PERSON,
            .method = VPRIV_CONSENT_METHOD_VOICE,
            .time_us = INT64_C(1800000000000000),
            .valid_until_us = INT64_C(1900000000000000),
            .surface_sequence = 3,
            .surface = "app"},
        .covers_past = true,
        .max_sample_ppm = 2000,
        .max_uses = 10,
        .uses = 1,
        .policy_epoch = 7};
    vpi_random(record->record_id, sizeof record->record_id);
    vpi_uuid4_stamp(record->record_id);
    vpi_random(record->subject, sizeof record->subject);
    vpi_random(record->notice.sha256, sizeof record->notice.sha256);
    vpi_random(record->previous_hash, sizeof record->previous_hash);
}

static void consent_records(vectors *v)
{
    static vpriv_consent_record record;
    uint8_t good[VPI_CONSENT_RECORD_BYTES_MAX + 256] = {0};
    uint8_t bad[VPI_CONSENT_RECORD_BYTES_MAX + 256];
    size_t n = 0;
    vectors_open(v, "consent-record", "Consent records: one encoding each.");
    make_record(&record);
    vectors_must(vpi_consent_record_encode(&record, good, sizeof good, &n), "consent record");
    try_record(v, "ok", VPRIV_OK, good, n);
    const change changes[] = {{"magic", 3, 'r', VPRIV_E_FORMAT},
        {"a newer one", 4, 2, VPRIV_E_VERSION}, {"version 0", 4, 0, VPRIV_E_FORMAT},
        {"not a version 4 UUID", 6 + 6, 0x10, VPRIV_E_FORMAT},
        {"unknown class of subject", 38, 5, VPRIV_E_FORMAT},
        {"no party", 39 + 6, 0, VPRIV_E_FORMAT}, {"padding", n - 1, 1, VPRIV_E_FORMAT}};
    for (size_t i = 0; i < N_OF(changes); i++) {
        memcpy(bad, good, n);
        bad[changes[i].at] = changes[i].value;
        try_record(v, changes[i].name, changes[i].expected, bad, n);
    }
    try_record(v, "cut", VPRIV_E_FORMAT, good, n - 1);
    try_record(v, "a step of padding too much", VPRIV_E_FORMAT, good, n + 256);
    record.covers_past = false;
    record.n_laws = record.n_recipients = 0;
    vectors_must(vpi_consent_record_encode(&record, good, sizeof good, &n), "consent record");
    try_record(v, "without laws and recipients", VPRIV_OK, good, n);
    vectors_close(v);
}

static void try_entry(
    vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes, size_t n_bytes)
{
    vpriv_log_entry entry;
    vectors_case(v, name, expected, vpi_log_entry_decode(bytes, n_bytes, &entry));
    vectors_hex(v, "entry", bytes, n_bytes);
    if (expected != VPRIV_OK)
        return;
    vectors_number(v, "kind", entry.kind);
    vectors_number(v, "time_us", (uint64_t)entry.time_us);
    vectors_number(
        v, "purpose", entry.purpose == VPRIV_LOG_NO_PURPOSE ? 255 : (uint64_t)entry.purpose);
    vectors_number(v, "deny_reasons", entry.deny_reasons);
    vectors_number(v, "count", entry.count);
    vectors_text(v, "actor", entry.actor);
    vectors_text(v, "reason", entry.reason);
    vectors_hex(v, "recording", entry.recording, sizeof entry.recording);
}

static void log_entries(vectors *v)
{
    vpriv_log_entry entry = {.struct_size = sizeof entry,
        .kind = VPRIV_LOG_ACCESS_GRANTED,
        .time_us = INT64_C(1800000000000000),
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .actor = "reviewer-7",
        .reason = "quality",
        .recipient = "lab"};
    uint8_t good[VPI_LOG_ENTRY_BYTES_MAX + 256] = {0}, bad[VPI_LOG_ENTRY_BYTES_MAX + 256];
    size_t n = 0;
    vectors_open(v, "log-entry", "Log entries: one encoding each.");
    vpi_random(entry.recording, sizeof entry.recording);
    vpi_random(entry.subject, sizeof entry.subject);
    vpi_random(entry.detail_hash, sizeof entry.detail_hash);
    vectors_must(vpi_log_entry_encode(&entry, good, sizeof good, &n), "log entry");
    try_entry(v, "ok", VPRIV_OK, good, n);
    const change changes[] = {{"magic", 0, 'v', VPRIV_E_FORMAT},
        {"a newer one", 4, 2, VPRIV_E_VERSION}, {"no kind", 6, 0, VPRIV_E_FORMAT},
        {"unknown kind", 6, 200, VPRIV_E_FORMAT}, {"no such purpose", 15, 32, VPRIV_E_FORMAT},
        {"access for no purpose", 15, 255, VPRIV_E_FORMAT},
        {"access that was refused", 16, 1, VPRIV_E_FORMAT}, {"actor", 28, 0, VPRIV_E_FORMAT},
        {"padding", n - 1, 1, VPRIV_E_FORMAT}};
    for (size_t i = 0; i < N_OF(changes); i++) {
        memcpy(bad, good, n);
        bad[changes[i].at] = changes[i].value;
        try_entry(v, changes[i].name, changes[i].expected, bad, n);
    }
    try_entry(v, "a step of padding too much", VPRIV_E_FORMAT, good, n + 256);
    entry.kind = VPRIV_LOG_ERASURE;
    entry.purpose = VPRIV_LOG_NO_PURPOSE;
    entry.count = 300;
    memset(entry.reason, 'x', sizeof entry.reason - 1);
    memset(good, 0, sizeof good);
    vectors_must(vpi_log_entry_encode(&entry, good, sizeof good, &n), "log entry");
    try_entry(v, "a long reason", VPRIV_OK, good, n);
    vectors_close(v);
}

typedef struct hashes {
    uint8_t hash[8][32][VPRIV_LOG_HASH_BYTES];
} hashes;

static vpriv_status get(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    memcpy(hash_out, ((hashes *)user)->hash[level][index], VPRIV_LOG_HASH_BYTES);
    return VPRIV_OK;
}

static vpriv_status put(void *user, uint32_t level, uint64_t index, const uint8_t *hash)
{
    memcpy(((hashes *)user)->hash[level][index], hash, VPRIV_LOG_HASH_BYTES);
    return VPRIV_OK;
}

/* Logs of 0 to 8 leaves: payload, commitment and leaf of the latest, and the root. */
static void leaves(vectors *v)
{
    static hashes kept;
    const vpi_merkle_store store = {get, put, &kept};
    vectors_open(v, "log-leaf", "Leaves: payload to commitment to leaf hash, and the root so far.");
    for (uint64_t size = 0; size <= 8; size++) {
        uint8_t payload[64], commitment[VPRIV_LOG_HASH_BYTES], leaf[VPRIV_LOG_HASH_BYTES];
        uint8_t root[VPRIV_LOG_HASH_BYTES];
        char name[32];
        snprintf(name, sizeof name, "%d leaves", (int)size);
        vectors_case(v, name, VPRIV_OK, VPRIV_OK);
        if (size > 0) {
            vpi_random(payload, sizeof payload);
            vpi_log_commitment(payload, sizeof payload, commitment);
            vectors_must(vpriv_log_leaf_hash(commitment, leaf), name);
            vectors_must(vpi_merkle_append(&store, size - 1, leaf), name);
            vectors_hex(v, "payload", payload, sizeof payload);
            vectors_hex(v, "commitment", commitment, sizeof commitment);
            vectors_hex(v, "leaf_hash", leaf, sizeof leaf);
        }
        vectors_must(vpi_merkle_root(&store, size, root), name);
        vectors_hex(v, "root", root, sizeof root);
    }
    vectors_close(v);
}

static void try_checkpoint(vectors *v, const char *name, vpriv_status expected, const char *text,
    const uint8_t *vault_id, const uint8_t *public_key)
{
    char origin[VPRIV_LOG_ORIGIN_BYTES], hex[2 * 16 + 1];
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    uint64_t size = 0;
    sodium_bin2hex(hex, sizeof hex, vault_id, 16);
    snprintf(origin, sizeof origin, "voicepriv/%s", hex);
    vectors_case(v, name, expected,
        vpriv_log_verify_checkpoint(text, strlen(text), origin, public_key, &size, root));
    vectors_hex(v, "vault_id", vault_id, 16);
    vectors_hex(v, "public_key", public_key, VPRIV_LOG_PUBLIC_KEY_BYTES);
    vectors_hex(v, "note", text, strlen(text));
    if (expected == VPRIV_OK) {
        vectors_number(v, "size", size);
        vectors_hex(v, "root", root, sizeof root);
    }
}

static void checkpoints(vectors *v)
{
    vpriv_log_checkpoint good, bad;
    char origin[VPRIV_LOG_ORIGIN_BYTES], hex[2 * 16 + 1];
    uint8_t vault_id[16], other[16], seed[32], public_key[32], secret_key[64], root[32];
    vectors_open(v, "checkpoint", "Checkpoints: signed notes.");
    vpi_random(vault_id, sizeof vault_id);
    vpi_random(other, sizeof other);
    vpi_random(seed, sizeof seed);
    vpi_random(root, sizeof root);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    sodium_bin2hex(hex, sizeof hex, vault_id, sizeof vault_id);
    snprintf(origin, sizeof origin, "voicepriv/%s", hex);
    vectors_must(vpi_checkpoint_sign(origin, 1234567, root, secret_key, &good), "checkpoint");
    try_checkpoint(v, "ok", VPRIV_OK, good.text, vault_id, public_key);
    bad = good;
    strstr(bad.text, "\n1234567\n")[1] = '2';
    try_checkpoint(v, "another size", VPRIV_E_AUTH, bad.text, vault_id, public_key);
    bad = good;
    strstr(bad.text, "\n1234567\n")[10] ^= 2;
    try_checkpoint(v, "another root", VPRIV_E_AUTH, bad.text, vault_id, public_key);
    bad = good;
    bad.text[strlen(bad.text) - 20] ^= 2;
    try_checkpoint(v, "signature", VPRIV_E_AUTH, bad.text, vault_id, public_key);
    try_checkpoint(v, "another vault", VPRIV_E_AUTH, good.text, other, public_key);
    public_key[0] ^= 1;
    try_checkpoint(v, "another key", VPRIV_E_AUTH, good.text, vault_id, public_key);
    public_key[0] ^= 1;
    bad = good;
    *strstr(bad.text, "\n\n") = '\0';
    try_checkpoint(v, "no signatures", VPRIV_E_FORMAT, bad.text, vault_id, public_key);
    vectors_close(v);
}

void vectors_records(vectors *v)
{
    vectors_randomness(4);
    consent_records(v);
    log_entries(v);
    leaves(v);
    checkpoints(v);
}
