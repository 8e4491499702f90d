/* Every row of a small vault, with the secrets that open it. */
#include "vault/sealer.h"
#include "vectors.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <voicepriv/voicepriv.h>

#define START_US INT64_C(1800000000000000)

static int64_t now_us;

static int64_t fixed_clock(void *user)
{
    (void)user;
    return now_us;
}

/* A root store that is this one record. */
typedef struct memory_store {
    bool is_there;
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
} memory_store;

static vpriv_status load(void *user, uint8_t *record_out)
{
    const memory_store *store = user;
    if (!store->is_there)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, store->record, sizeof store->record);
    return VPRIV_OK;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    memory_store *store = user;
    store->is_there = true;
    memcpy(store->record, record, sizeof store->record);
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    ((memory_store *)user)->is_there = false;
    return VPRIV_OK;
}

static void record(vpriv_vault *vault, const uint8_t *subjects, size_t n_subjects, bool finished,
    vpriv_recording_id *id_out)
{
    static vpi_block_builder builder;
    static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
    uint8_t packet[60];
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY),
        .optional = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW),
        .tag = {.n_subjects = (uint32_t)n_subjects,
            .all_identified = VPRIV_FACT_YES,
            .trigger = VPRIV_TRIGGER_BUTTON,
            .retention = VPRIV_RETENTION_36_MONTHS,
            .started_us = START_US,
            .rate_hz = 48000,
            .n_channels = 2,
            .pre_skip_48k = 312}};
    memcpy(request.tag.subjects, subjects, n_subjects * VPI_SUBJECT_ID_BYTES);
    for (uint64_t i = 0; i < 2; i++) {
        vpi_random(packet, sizeof packet);
        vpi_block_clear(&builder, i * 960);
        (void)vpi_block_add_packet(&builder, packet, sizeof packet);
        vpi_block_finish(&builder, plain + i * VPI_BLOCK_PLAIN_BYTES);
    }
    vectors_must(vpi_sealer_create(vault, &request, &sealer), "recording");
    vectors_must(vpi_sealer_write(sealer, plain, 1), "recording");
    vectors_must(vpi_sealer_commit(sealer), "recording");
    if (finished)
        vectors_must(vpi_sealer_finish(
                         sealer, plain + VPI_BLOCK_PLAIN_BYTES, VPRIV_END_STOPPED, 2 * 960 - 312),
            "recording");
    memcpy(id_out->bytes, vpi_sealer_recording_id(sealer), sizeof id_out->bytes);
    vpi_sealer_destroy(sealer);
}

static void consent(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose)
{
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .notice_id = "all"};
    vectors_must(vpriv_consent_give(vault, subject, purpose, &evidence, NULL), "consent");
}

static void derive(vpriv_vault *vault, const vpriv_recording_id *recording,
    vpriv_derivative_kind kind, uint32_t purposes, const char *content)
{
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = kind,
        .media_type = "text/plain",
        .language = "en",
        .made_by = "acme",
        .purposes = purposes};
    vectors_must(
        vpriv_derivative_add(vault, recording, &about, content, strlen(content), NULL), "derive");
}

#define SOURCE "\"source\":{\"law\":\"L\",\"article\":\"1\",\"looked_up\":\"2026-01-01\"}}"
static const char profile[] =
    "{\"voicepriv_jurisdiction\":1,\"name\":\"qx\",\"title\":\"T\",\"note\":\"N\",\"revision\":4,"
    "\"looked_up\":\"2026-01-01\",\"valid_until\":\"2300-01-01\",\"places\":[\"QX\"],\"rules\":["
    "{\"rule\":\"minimum_age\",\"years\":9,\"younger\":\"refused\"," SOURCE ","
    "{\"rule\":\"longest_retention\",\"purposes\":[\"*\"],\"duration\":\"P1Y2D\"," SOURCE ","
    "{\"rule\":\"stop\",\"purposes\":[\"donation\"],\"from\":\"2200-01-01\"," SOURCE "]}";
static const char policy[] =
    "{\"voicepriv_policy\":1,\"epoch\":5,\"issued\":\"2026-01-01\",\"effective\":\"2200-01-01\","
    "\"time_to_live\":\"P30D\",\"issuer\":\"acme\"}";

/* An authority, what it signed, where somebody lives, and a pause there. */
static void settle(vpriv_vault *vault, const uint8_t *subject)
{
    const uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES] = "the authority of these vectors.";
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION),
        .where = "QX",
        .until_us = INT64_C(13000000000000000),
        .actor = "acme"};
    crypto_sign_seed_keypair(key, secret, seed);
    vectors_must(vpriv_jurisdiction_trust(vault, key, "acme"), "authority");
    vectors_must(vpriv_authority_sign(
                     VPRIV_DOCUMENT_JURISDICTION, profile, sizeof profile - 1, seed, signature),
        "profile");
    vectors_must(vpriv_jurisdiction_install(vault, profile, sizeof profile - 1, signature, "acme"),
        "profile");
    vectors_must(
        vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, policy, sizeof policy - 1, seed, signature),
        "policy");
    vectors_must(vpriv_policy_publish(vault, policy, sizeof policy - 1, signature), "policy");
    vectors_must(vpriv_subject_set_home(vault, subject, "QX"), "home");
    vectors_must(vpriv_subject_set_birth(vault, subject, 1980, 2), "birth");
    vectors_must(vpriv_pause_begin(vault, &pause), "pause");
}

static bool keep_first(void *user, const vpriv_recording_info *info)
{
    *(vpriv_recording_id *)user = info->id;
    return false;
}

/* Both consent to one more purpose, for the past too; then Bob is noticed in the first recording. */
static void look_back(vpriv_vault *vault, const vpriv_keyring *owner, const uint8_t *people)
{
    const uint8_t *bob = people + VPI_SUBJECT_ID_BYTES;
    vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "all", .covers_past = true};
    vpriv_recording_id first = {{0}};
    now_us += INT64_C(1000000);
    vectors_must(
        vpriv_consent_give(vault, people, VPRIV_PURPOSE_IMPROVE_BY_MACHINE, &past, NULL), "past");
    past.by = VPRIV_CONSENT_BY_PARENT;
    vectors_must(
        vpriv_consent_give(vault, bob, VPRIV_PURPOSE_IMPROVE_BY_MACHINE, &past, NULL), "past");
    vectors_must(vpriv_consent_apply_to_past(vault, owner, people, VPRIV_PURPOSE_IMPROVE_BY_MACHINE,
                     "acme", NULL, NULL, NULL),
        "past");
    vectors_must(vpriv_recording_list(vault, NULL, keep_first, &first), "list");
    vectors_must(
        vpriv_recording_add_speaker(vault, &first, bob, VPRIV_SUBJECT_CHILD, "acme", NULL, NULL),
        "speaker");
}

/* Two people, what was made from a recording, a withdrawal, an erased person, recordings of one and of both, one left pending; consents that
 * cover the past, a speaker who was added. */
static void live(vpriv_vault *vault, const vpriv_keyring *owner, const char *path)
{
    uint8_t people[2 * VPI_SUBJECT_ID_BYTES], gone[VPI_SUBJECT_ID_BYTES];
    const vpriv_notice notice = {sizeof notice, "all", "1", "en", "We keep it; people listen.", 26};
    const vpriv_vault_options options = {.struct_size = sizeof options, .clock = fixed_clock};
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    vpriv_recording_id recording;
    vectors_must(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, people), "subject");
    vectors_must(
        vpriv_subject_add(vault, VPRIV_SUBJECT_CHILD, "Bob", "mail", people + VPI_SUBJECT_ID_BYTES),
        "subject");
    vectors_must(vpriv_subject_add(vault, VPRIV_SUBJECT_GUEST, "Cyd", NULL, gone), "subject");
    vectors_must(vpriv_notice_add(vault, &notice, NULL), "notice");
    consent(vault, people, VPRIV_PURPOSE_KEEP_HISTORY);
    consent(vault, people, VPRIV_PURPOSE_HUMAN_REVIEW);
    const vpriv_consent_evidence parent = {
        .struct_size = sizeof parent, .notice_id = "all", .by = VPRIV_CONSENT_BY_PARENT};
    vectors_must(vpriv_consent_give(vault, people + VPI_SUBJECT_ID_BYTES,
                     VPRIV_PURPOSE_KEEP_HISTORY, &parent, NULL),
        "consent");
    record(vault, people, 1, true, &recording);
    derive(vault, &recording, VPRIV_DERIVATIVE_TRANSCRIPT,
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY) |
            VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW),
        "lights on");
    derive(vault, &recording, VPRIV_DERIVATIVE_LABEL, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW),
        "understood");
    record(vault, people, 2, true, &recording);
    vectors_must(
        vpriv_consent_withdraw(vault, people, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL), "withdraw");
    vectors_must(vpriv_subject_erase(vault, gone, NULL), "erase");
    look_back(vault, owner, people);
    settle(vault, people);
    vectors_must(vpriv_vault_capture_credential(vault, &credential), "credential");
    vectors_must(vpriv_vault_open_for_capture(path, credential, &options, &capture), "capture");
    record(capture, people, 1, false, &recording);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}

/* Columns of one row, in the order of the table. */
static void dump_row(vectors *v, sqlite3_stmt *row)
{
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *name = sqlite3_column_name(row, i);
        const int type = sqlite3_column_type(row, i);
        if (type == SQLITE_INTEGER)
            vectors_number(v, name, (uint64_t)sqlite3_column_int64(row, i));
        else if (type == SQLITE_NULL)
            vectors_text(v, name, "null");
        else
            vectors_hex(v, name, sqlite3_column_blob(row, i), (size_t)sqlite3_column_bytes(row, i));
    }
}

static void dump(vectors *v, sqlite3 *database)
{
    sqlite3_stmt *tables = NULL, *row = NULL;
    if (sqlite3_prepare_v2(database,
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &tables,
            NULL) != SQLITE_OK)
        exit(EXIT_FAILURE);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char sql[128];
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2", table);
        if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
            exit(EXIT_FAILURE);
        while (sqlite3_step(row) == SQLITE_ROW) {
            vectors_case(v, table, VPRIV_OK, VPRIV_OK);
            dump_row(v, row);
        }
        sqlite3_finalize(row);
    }
    sqlite3_finalize(tables);
}

static void put_keyring(vectors *v, const vpriv_keyring *ring)
{
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(ring->has_secret >> p & 1))
            continue;
        vectors_case(v, "secret", VPRIV_OK, VPRIV_OK);
        vectors_number(v, "purpose", p);
        vectors_hex(v, "secret_key", ring->secret_key[p], VPI_KEY_BYTES);
    }
}

static void remove_files(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-reserve", "-lock"};
    for (size_t i = 0; i < N_OF(suffixes); i++) {
        char name[4200];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

void vectors_vault(vectors *v)
{
    char path[4096];
    memory_store memory = {.is_there = false};
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, &memory};
    const vpriv_vault_options options = {.struct_size = sizeof options,
        .controller_id = "acme",
        .controller_country = "DE",
        .device_class = "speaker",
        .clock = fixed_clock};
    vpriv_root_store *store = NULL;
    vpriv_keyring *owner = NULL;
    vpriv_vault *vault = NULL;
    vectors_randomness(5);
    now_us = START_US;
    snprintf(path, sizeof path, "%s/scratch", v->folder);
    remove_files(path);
    vectors_must(vpriv_root_callbacks_open(&callbacks, &store), "root store");
    vectors_must(vpriv_vault_create(path, store, &options, &owner, &vault), "vault");
    live(vault, owner, path);
    vectors_open(v, "vault", "A vault: its secrets, and every row of every table.");
    vectors_case(v, "root", VPRIV_OK, VPRIV_OK);
    vectors_hex(v, "record", memory.record, sizeof memory.record);
    put_keyring(v, owner);
    dump(v, vpi_database_handle(vault->database));
    vectors_close(v);
    vpriv_vault_close(vault);
    vpriv_keyring_close(owner);
    vpriv_root_close(store);
    remove_files(path);
}
