#include "household.h"
#include "keys/tree_nodes.h"
#include "vault/consent_store.h"
#include "vault/header.h"
#include <dirent.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const vpriv_trigger household_button = {
    .struct_size = sizeof household_button, .kind = VPRIV_TRIGGER_BUTTON};

static vpriv_status cell_load(void *user, uint8_t *record_out)
{
    const household_cell *cell = user;
    if (!cell->is_filled)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, cell->record, sizeof cell->record);
    return VPRIV_OK;
}

static vpriv_status cell_replace(void *user, const uint8_t *record)
{
    household_cell *cell = user;
    if (cell->refuses)
        return VPRIV_E_ROOT;
    memcpy(cell->record, record, sizeof cell->record);
    cell->is_filled = true;
    return VPRIV_OK;
}

static vpriv_status cell_destroy(void *user)
{
    household_cell *cell = user;
    memset(cell->record, 0, sizeof cell->record);
    cell->is_filled = false;
    return VPRIV_OK;
}

vpriv_root_store *household_root(household_cell *cell)
{
    vpriv_root_store *root = NULL;
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, cell_load, cell_replace, cell_destroy, cell};
    ck_ok(vpriv_root_callbacks_open(&callbacks, &root));
    return root;
}

int64_t household_clock(void *cell)
{
    return ((household_cell *)cell)->now_us;
}

void household_pass(household *h, int64_t us)
{
    h->cell->now_us += us;
}

void household_file(const household *h, const char *name, char path_out[PATH_BYTES])
{
    ck_assert_int_lt(snprintf(path_out, PATH_BYTES, "%s/%s", h->folder, name), PATH_BYTES);
}

void household_notice(household *h, const char *version, const char *text)
{
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "house",
        .version = version,
        .language = "en",
        .text = text,
        .text_bytes = strlen(text)};
    ck_ok(vpriv_notice_add(h->vault, &notice, NULL));
}

/* Memory where there is some: thousands of commits wait for this disk. */
static void make_folder(household *h)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(h->folder, sizeof h->folder, "%s/voicepriv-test-XXXXXX", parent);
    ck_assert_ptr_nonnull(mkdtemp(h->folder));
    household_file(h, "house.vault", h->path);
}

void household_open(household *h, household_store store)
{
    memset(h, 0, sizeof *h);
    h->cell =
        mmap(NULL, sizeof *h->cell, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(h->cell, MAP_FAILED);
    h->cell->now_us = HOUSEHOLD_START_US;
    make_folder(h);
    if (store == HOUSEHOLD_FILE) {
        char path[PATH_BYTES];
        household_file(h, "house.root", path);
        ck_ok(vpriv_root_file_open(path, &h->root));
    } else {
        h->root = household_root(h->cell);
    }
    const vpriv_vault_options options = {.struct_size = sizeof options,
        .controller_id = "house",
        .clock = household_clock,
        .clock_user = h->cell};
    ck_ok(vpriv_vault_create(h->path, h->root, &options, &h->keyring, &h->vault));
    household_notice(h, "1", "We keep what you say.");
    ck_ok(vpriv_subject_add(h->vault, VPRIV_SUBJECT_USER, "Ada", NULL, h->ada));
    ck_ok(vpriv_subject_add(h->vault, VPRIV_SUBJECT_USER, "Bob", "bob@example.org", h->bob));
}

static void remove_folder(const household *h)
{
    DIR *folder = opendir(h->folder);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[PATH_BYTES + 256];
        snprintf(path, sizeof path, "%s/%s", h->folder, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(h->folder);
}

void household_close(household *h)
{
    vpriv_vault_close(h->vault);
    vpriv_keyring_close(h->keyring);
    vpriv_root_close(h->root);
    remove_folder(h);
    munmap(h->cell, sizeof *h->cell);
}

vpriv_status household_open_vault(household *h, const char *path, vpriv_vault **vault_out)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h->cell};
    return vpriv_vault_open(path, h->root, &options, vault_out);
}

void household_reopen(household *h)
{
    vpriv_vault_close(h->vault);
    h->vault = NULL;
    ck_ok(household_open_vault(h, h->path, &h->vault));
}

vpriv_status household_give_with(
    household *h, const uint8_t *subject, vpriv_purpose purpose, vpriv_consent_evidence evidence)
{
    evidence.struct_size = sizeof evidence;
    evidence.notice_id = "house";
    return vpriv_consent_give(h->vault, subject, purpose, &evidence, NULL);
}

void household_give(household *h, const uint8_t *subject, vpriv_purpose purpose)
{
    ck_ok(household_give_with(h, subject, purpose, (vpriv_consent_evidence){0}));
}

void household_withdraw(household *h, const uint8_t *subject, vpriv_purpose purpose)
{
    ck_ok(vpriv_consent_withdraw(h->vault, subject, purpose, NULL, NULL));
}

void household_tone(int16_t *frames_out, size_t n_frames, double hz, double level)
{
    for (size_t i = 0; i < n_frames; i++)
        frames_out[i] =
            (int16_t)lrint(32767 * level * sin(2 * M_PI * hz * (double)i / HOUSEHOLD_RATE_HZ));
}

float *household_speech(size_t *n_frames_out)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open("/usr/share/sounds/alsa/Front_Center.wav", SFM_READ, &info);
    ck_assert_msg(file != NULL, "the recorded voices of alsa-utils are needed");
    ck_assert_int_eq(info.channels, 1);
    ck_assert_int_eq(info.samplerate, 48000);
    float *frames = calloc((size_t)info.frames, sizeof *frames);
    ck_assert(sf_readf_float(file, frames, info.frames) == info.frames);
    sf_close(file);
    *n_frames_out = (size_t)info.frames;
    return frames;
}

vpriv_source *household_source(const int16_t *frames, size_t n_frames)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, HOUSEHOLD_RATE_HZ, 1};
    vpriv_source *source = NULL;
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source));
    ck_ok(vpriv_capture_push_write(source, frames, n_frames, &n_taken));
    ck_assert_uint_eq(n_taken, n_frames);
    ck_ok(vpriv_capture_push_end(source));
    return source;
}

vpriv_recorder_config household_config(const uint8_t *subjects, size_t n_subjects)
{
    return (vpriv_recorder_config){.struct_size = sizeof(vpriv_recorder_config),
        .subjects = subjects,
        .n_subjects = n_subjects,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS};
}

vpriv_status household_try_record(
    vpriv_vault *vault, const vpriv_recorder_config *config, vpriv_outcome *outcome_out)
{
    static int16_t tone[HOUSEHOLD_RATE_HZ / 2];
    vpriv_recorder *recorder = NULL;
    household_tone(tone, HOUSEHOLD_RATE_HZ / 2, 440, 0.3);
    vpriv_source *source = household_source(tone, HOUSEHOLD_RATE_HZ / 2);
    vpriv_status st = vpriv_recorder_open(vault, source, config, &recorder);
    if (st == VPRIV_OK)
        st = vpriv_recorder_run(recorder, &household_button, outcome_out);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return st;
}

vpriv_recording_id household_record(household *h, const uint8_t *subject)
{
    const vpriv_recorder_config config = household_config(subject, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(household_try_record(h->vault, &config, &outcome));
    ck_assert(outcome.is_stored);
    return outcome.recording;
}

vpi_sealer_request household_request(const uint8_t *subject)
{
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], subject, VPRIV_SUBJECT_ID_BYTES);
    request.tag.trigger = VPRIV_TRIGGER_TAP;
    request.tag.retention = VPRIV_RETENTION_ERASED_ONLY;
    request.tag.rate_hz = HOUSEHOLD_RATE_HZ;
    request.tag.n_channels = 1;
    return request;
}

static vpriv_recording_id quick_as(household *h, vpi_sealer_request *request)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    request->optional = UINT32_MAX & ~request->required;
    ck_ok(vpi_sealer_create(h->vault, request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(sealer);
    return id;
}

vpriv_recording_id household_quick(household *h, const uint8_t *subject)
{
    return household_quick_for(h, subject, VPRIV_RETENTION_ERASED_ONLY);
}

vpriv_recording_id household_quick_for(
    household *h, const uint8_t *subject, vpriv_retention retention)
{
    vpi_sealer_request request = household_request(subject);
    request.tag.retention = retention;
    return quick_as(h, &request);
}

vpriv_recording_id household_quick_ago(household *h, const uint8_t *subject, int64_t started_ago_us)
{
    return household_quick_ago_for(h, subject, started_ago_us, VPRIV_RETENTION_ERASED_ONLY);
}

vpriv_recording_id household_quick_ago_for(
    household *h, const uint8_t *subject, int64_t started_ago_us, vpriv_retention retention)
{
    vpi_sealer_request request = household_request(subject);
    request.started_ago_us = started_ago_us;
    request.tag.retention = retention;
    return quick_as(h, &request);
}

vpriv_status household_hear_in(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_recording_id *recording, vpriv_purpose purpose, const char *recipient)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "test", .recipient = recipient};
    vpriv_reader *reader = NULL;
    float pcm[960 * 2];
    size_t n_read = 1;
    vpriv_status st = vpriv_gate_open(vault, keyring, recording, &request, &reader);
    while (st == VPRIV_OK && n_read > 0)
        st = vpriv_gate_read_frames(reader, pcm, 960, &n_read);
    vpriv_gate_close(reader);
    return st;
}

vpriv_status household_hear(
    household *h, const vpriv_recording_id *recording, vpriv_purpose purpose)
{
    return household_hear_in(h->vault, h->keyring, recording, purpose, NULL);
}

static sqlite3 *raw(const char *path, int flags)
{
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &database, flags, NULL), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    return database;
}

void household_sql(const household *h, const char *sql)
{
    sqlite3 *database = raw(h->path, SQLITE_OPEN_READWRITE);
    char *error = NULL;
    const int code = sqlite3_exec(database, sql, NULL, NULL, &error);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, error ? error : "");
    sqlite3_close(database);
}

int64_t household_count(const household *h, const char *sql)
{
    sqlite3 *database = raw(h->path, SQLITE_OPEN_READWRITE);
    sqlite3_stmt *statement = NULL;
    ck_assert_msg(sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sql);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return n;
}

static uint64_t mix(uint64_t print, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        print = (print ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    return print;
}

/* Every value of the statement's rows; the first column is also the name of a table to go into. */
static uint64_t mix_rows(sqlite3 *database, const char *sql, bool into, uint64_t print)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_msg(sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sql);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const int type = sqlite3_column_type(statement, i);
            const void *bytes = sqlite3_column_blob(statement, i);
            print = mix(print, &type, sizeof type);
            print = mix(print, bytes, (size_t)sqlite3_column_bytes(statement, i));
        }
        if (into) {
            char rows[128];
            snprintf(rows, sizeof rows, "SELECT * FROM %s", sqlite3_column_text(statement, 0));
            print = mix_rows(database, rows, false, print);
        }
    }
    sqlite3_finalize(statement);
    return print;
}

uint64_t household_print(const household *h)
{
    sqlite3 *database = raw(h->path, SQLITE_OPEN_READWRITE);
    const uint64_t print = mix_rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table'",
        true, 14695981039346656037u);
    sqlite3_close(database);
    return mix(print, h->cell->record, sizeof h->cell->record);
}

void household_copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    if (!in)
        return;
    FILE *out = fopen(to, "wb");
    ck_assert_ptr_nonnull(out);
    char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

void household_copy(const household *h, const char *name)
{
    static const char *const suffixes[] = {"", "-wal"};
    for (size_t i = 0; i < 2; i++) {
        char from[PATH_BYTES + 8], to[PATH_BYTES + 8], path[PATH_BYTES];
        household_file(h, name, path);
        snprintf(from, sizeof from, "%s%s", h->path, suffixes[i]);
        snprintf(to, sizeof to, "%s%s", path, suffixes[i]);
        unlink(to);
        household_copy_file(from, to);
    }
}

static bool learn(household_attacker *attacker, const uint8_t *key)
{
    static const uint8_t nothing[VPI_KEY_BYTES];
    if (memcmp(key, nothing, VPI_KEY_BYTES) == 0 || household_knows(attacker, key))
        return false;
    if (attacker->n_keys == attacker->room) {
        attacker->room = attacker->room ? 2 * attacker->room : 256;
        attacker->keys = realloc(attacker->keys, attacker->room * sizeof *attacker->keys);
        ck_assert_ptr_nonnull(attacker->keys);
    }
    memcpy(attacker->keys[attacker->n_keys++], key, VPI_KEY_BYTES);
    return true;
}

bool household_knows(const household_attacker *attacker, const uint8_t key[VPI_KEY_BYTES])
{
    for (size_t i = 0; i < attacker->n_keys; i++)
        if (memcmp(attacker->keys[i], key, VPI_KEY_BYTES) == 0)
            return true;
    return false;
}

/* Tries every key on every node and on the pending root, and learns what they hold. */
static bool try_database(sqlite3 *database, const uint8_t *vault_id, household_attacker *attacker)
{
    bool learned = false;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(database,
            "SELECT 1, id, sealed FROM key_node UNION ALL SELECT 2, generation, sealed FROM"
            " root_pending",
            -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const bool is_node = sqlite3_column_int(statement, 0) == 1;
        const vpi_place place = {vault_id, is_node ? VPI_COLUMN_KEY_NODE : VPI_COLUMN_ROOT_PENDING,
            (uint64_t)sqlite3_column_int64(statement, 1), NULL, 0};
        const uint8_t *sealed = sqlite3_column_blob(statement, 2);
        const size_t n_sealed = (size_t)sqlite3_column_bytes(statement, 2);
        for (size_t k = 0; k < attacker->n_keys; k++) {
            uint8_t key[VPI_KEY_BYTES], plain[sizeof(vpi_node)];
            ck_assert_uint_le(n_sealed, sizeof plain + VPI_SEAL_OVERHEAD);
            vpi_derive(
                attacker->keys[k], is_node ? "root: key tree" : "root: next root", NULL, 0, key);
            if (vpi_unseal(key, &place, sealed, n_sealed, plain) != VPRIV_OK &&
                vpi_unseal(attacker->keys[k], &place, sealed, n_sealed, plain) != VPRIV_OK)
                continue;
            if (!is_node) {
                learned = learn(attacker, plain) || learned;
                continue;
            }
            const vpi_node *node = (const vpi_node *)(const void *)plain;
            for (size_t i = 0; i < VPI_NODE_KEYS; i++)
                learned = learn(attacker, node->keys[i]) || learned;
            break;
        }
    }
    sqlite3_finalize(statement);
    return learned;
}

void household_attack(const household *h, const char *name, household_attacker *attacker)
{
    char path[PATH_BYTES];
    household_file(h, name, path);
    memset(attacker, 0, sizeof *attacker);
    if (h->cell->is_filled)
        learn(attacker, h->cell->record + VPI_VAULT_ID_BYTES + 8);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        learn(attacker, h->keyring->secret_key[p]);
    sqlite3 *now = raw(h->path, SQLITE_OPEN_READWRITE);
    sqlite3 *then = raw(path, SQLITE_OPEN_READWRITE);
    bool learned = true;
    while (learned) {
        learned = try_database(now, h->vault->vault_id, attacker);
        learned = try_database(then, h->vault->vault_id, attacker) || learned;
    }
    sqlite3_close(now);
    sqlite3_close(then);
}

void household_attack_end(household_attacker *attacker)
{
    free(attacker->keys);
}

void household_shred_key(
    household *h, const vpriv_recording_id *recording, uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_recording *found = calloc(1, sizeof *found);
    ck_ok(vpi_vault_enter(h->vault, true));
    ck_ok(vpi_vault_begin(h->vault));
    ck_ok(vpi_recording_find(h->vault, recording->bytes, found));
    ck_ok(vpi_tree_get(h->vault->tree, found->key_slot, key_out));
    vpi_vault_leave(h->vault);
    free(found);
}

void household_grant_key(
    household *h, const uint8_t *subject, vpriv_purpose purpose, uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_subject person;
    vpriv_consent_record record;
    uint64_t slot = VPI_NO_SLOT;
    ck_ok(vpi_vault_enter(h->vault, true));
    ck_ok(vpi_vault_begin(h->vault));
    ck_ok(vpi_subject_find(h->vault, subject, &person));
    ck_ok(vpi_consent_latest(h->vault, person.row, purpose, &record, &slot));
    ck_ok(vpi_tree_get(h->vault->tree, slot, key_out));
    vpi_vault_leave(h->vault);
}
