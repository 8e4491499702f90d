#include "fault/life.h"
#include "fault/cutvfs.h"
#include <ftw.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTICE_TEXT   "We keep what you say so that you can hear it again."
#define FIRST_US      INT64_C(1790000000000000)
#define CLOCK_US      1000
#define RESERVE_BYTES (512u * 1024)
#define PIECE_FRAMES  480

static vpriv_status load(void *user, uint8_t *record_out)
{
    const struct memory_root *root = user;
    if (!root->is_set)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, root->record, sizeof root->record);
    return VPRIV_OK;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    struct memory_root *root = user;
    if (root->is_event && !cutvfs_external_event())
        return VPRIV_E_IO;
    if (root->is_set && root->keeps_olds) {
        ck_assert_uint_lt(root->n_olds, LIFE_OLD_ROOTS_MAX);
        memcpy(root->olds[root->n_olds++], root->record, sizeof root->record);
    }
    memcpy(root->record, record, sizeof root->record);
    root->is_set = true;
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    struct memory_root *root = user;
    if (root->is_event && !cutvfs_external_event())
        return VPRIV_E_IO;
    memset(root->record, 0, sizeof root->record);
    root->is_set = false;
    return VPRIV_OK;
}

vpriv_root_store *memory_root_open(struct memory_root *root)
{
    vpriv_root_store *store = NULL;
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, root};
    ck_ok(vpriv_root_callbacks_open(&callbacks, &store));
    return store;
}

static int64_t tick(void *user)
{
    struct life *life = user;
    life->clock_us += CLOCK_US;
    return life->clock_us;
}

void life_begin(struct life *life)
{
    const char *parent = getenv("TMPDIR");
    memset(life, 0, sizeof *life);
    life->clock_us = FIRST_US;
    snprintf(life->folder, sizeof life->folder, "%.200s/voicepriv-XXXXXX",
        parent && parent[0] ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(life->folder));
    snprintf(life->path, sizeof life->path, "%.240s/v", life->folder);
    life->store = memory_root_open(&life->root);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void life_end(struct life *life)
{
    life_close(life);
    vpriv_keyring_close(life->owner);
    vpriv_root_close(life->store);
    nftw(life->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static vpriv_vault_options options_of(struct life *life)
{
    return (vpriv_vault_options){.struct_size = sizeof(vpriv_vault_options),
        .reserve_bytes = RESERVE_BYTES,
        .clock = tick,
        .clock_user = life};
}

vpriv_status life_create(struct life *life)
{
    const vpriv_vault_options options = options_of(life);
    vpriv_keyring *owner = NULL;
    /* The library makes the file itself and gives it to SQLite: on this disk as on the real one. */
    if (strcmp(sqlite3_vfs_find(NULL)->zName, "unix") != 0 && access(life->path, F_OK) != 0)
        cutvfs_file_put(life->path, "", 0);
    const vpriv_status st =
        vpriv_vault_create(life->path, life->store, &options, &owner, &life->vault);
    if (st == VPRIV_OK) {
        vpriv_keyring_close(life->owner);
        life->owner = owner;
    }
    return st;
}

vpriv_status life_open(struct life *life)
{
    const vpriv_vault_options options = options_of(life);
    return vpriv_vault_open(life->path, life->store, &options, &life->vault);
}

void life_close(struct life *life)
{
    vpriv_vault_close(life->vault);
    life->vault = NULL;
}

vpriv_status life_give(struct life *life, const uint8_t *subject, vpriv_purpose purpose)
{
    const vpriv_consent_evidence evidence = {
        .struct_size = sizeof evidence, .notice_id = "history", .surface = "app"};
    return vpriv_consent_give(life->vault, subject, purpose, &evidence, NULL);
}

void life_settle_in(struct life *life)
{
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "history",
        .version = "1",
        .language = "en",
        .text = NOTICE_TEXT,
        .text_bytes = sizeof NOTICE_TEXT - 1};
    ck_ok(vpriv_subject_add(life->vault, VPRIV_SUBJECT_USER, "Ada", NULL, life->ada));
    ck_ok(vpriv_notice_add(life->vault, &notice, NULL));
    ck_ok(life_give(life, life->ada, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_ok(life_give(life, life->ada, VPRIV_PURPOSE_HUMAN_REVIEW));
}

vpriv_source *life_source(uint32_t n_ms, uint32_t pitch_hz, bool ends)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, LIFE_RATE_HZ, 1};
    const uint32_t n_frames = n_ms * (LIFE_RATE_HZ / 1000);
    vpriv_source *source = NULL;
    int16_t piece[PIECE_FRAMES];
    ck_ok(vpriv_capture_push_open(&format, n_ms + 100, &source));
    for (uint32_t at = 0; at < n_frames;) {
        size_t n = 0, n_taken = 0;
        for (; n < PIECE_FRAMES && at < n_frames; n++, at++) {
            const double turn = (double)at * pitch_hz / LIFE_RATE_HZ;
            const uint32_t noise = at * 2654435761u + pitch_hz; /* keeps packets large */
            piece[n] = (int16_t)(9000 * sin(turn * 6.283185307179586) + (noise >> 20));
        }
        ck_ok(vpriv_capture_push_write(source, piece, n, &n_taken));
        ck_assert_uint_eq(n, n_taken);
    }
    if (ends)
        ck_ok(vpriv_capture_push_end(source));
    return source;
}

vpriv_recorder_config life_recorder_config(const uint8_t *subject)
{
    vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .confirm_ms = 60000,
        .no_maximum = true,
        .no_trailing_silence = true};
    config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding,
        .rate_hz = LIFE_RATE_HZ,
        .bitrate_bps = 96000,
        .complexity_plus_one = 1,
        .constant_bitrate = true};
    return config;
}

vpriv_status life_record_into(struct life *life, vpriv_vault *vault, const uint8_t *subject,
    uint32_t n_ms, uint32_t pitch_hz, vpriv_outcome *outcome_out)
{
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
    const vpriv_recorder_config config = life_recorder_config(subject);
    vpriv_source *source = life_source(n_ms, pitch_hz, true);
    vpriv_recorder *recorder = NULL;
    (void)life;
    outcome_out->struct_size = sizeof *outcome_out;
    ck_ok(vpriv_recorder_open(vault, source, &config, &recorder));
    const vpriv_status st = vpriv_recorder_run(recorder, &trigger, outcome_out);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return st;
}

void life_record(struct life *life, uint32_t n_ms, uint32_t pitch_hz, vpriv_recording_id *id_out)
{
    vpriv_outcome outcome;
    ck_ok(life_record_into(life, life->vault, life->ada, n_ms, pitch_hz, &outcome));
    ck_assert(outcome.is_stored && outcome.status == VPRIV_OK);
    if (id_out)
        *id_out = outcome.recording;
}

struct life_sound life_listen(
    struct life *life, const vpriv_recording_id *id, vpriv_purpose purpose)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "picture"};
    struct life_sound sound = {.hash = UINT64_C(0xcbf29ce484222325)};
    vpriv_reader_info info = {.struct_size = sizeof info};
    vpriv_reader *reader = NULL;
    float pcm[PIECE_FRAMES];
    size_t n = 1;
    sound.status = vpriv_gate_open(life->vault, life->owner, id, &request, &reader);
    while (sound.status == VPRIV_OK && n > 0) {
        sound.status = vpriv_gate_read_frames(reader, pcm, PIECE_FRAMES, &n);
        if (sound.status != VPRIV_OK)
            break;
        const uint8_t *bytes = (const uint8_t *)pcm;
        for (size_t i = 0; i < n * sizeof pcm[0]; i++)
            sound.hash = (sound.hash ^ bytes[i]) * UINT64_C(0x100000001b3);
        sound.n_frames += n;
    }
    if (sound.status == VPRIV_OK)
        ck_ok(vpriv_gate_about(reader, &info));
    sound.is_unfinished = info.is_unfinished;
    vpriv_gate_close(reader);
    return sound;
}

#define PICTURE_RECORDINGS_MAX 64

struct picture {
    struct life *life;
    FILE *text;
    size_t n_recordings;
    vpriv_recording_info recordings[PICTURE_RECORDINGS_MAX];
    size_t n_subjects;
    uint8_t subjects[8][VPRIV_SUBJECT_ID_BYTES];
};

static bool draw_subject(void *user, const vpriv_subject_info *info)
{
    struct picture *picture = user;
    fprintf(picture->text, "subject %s class %d\n", info->name, (int)info->subject_class);
    if (picture->n_subjects < 8)
        memcpy(picture->subjects[picture->n_subjects++], info->id, VPRIV_SUBJECT_ID_BYTES);
    return true;
}

static bool draw_consent(void *user, const vpriv_consent_record *record)
{
    struct picture *picture = user;
    fprintf(picture->text, "consent %s %s by %d on %s %s uses %u\n",
        vpriv_purpose_name(record->purpose), vpriv_consent_state_name(record->event.state),
        (int)record->event.by, record->notice.id, record->notice.version, record->uses);
    return true;
}

static bool draw_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    struct picture *picture = user;
    (void)index;
    fprintf(picture->text, "  heard %s %s by %s denied %x\n", vpriv_log_kind_name(entry->kind),
        vpriv_purpose_name((vpriv_purpose)entry->purpose), entry->actor, entry->deny_reasons);
    return true;
}

static bool keep_recording(void *user, const vpriv_recording_info *info)
{
    struct picture *picture = user;
    if (picture->n_recordings < PICTURE_RECORDINGS_MAX)
        picture->recordings[picture->n_recordings++] = *info;
    return true;
}

static void draw_status(FILE *text, const char *what, vpriv_status st)
{
    if (st != VPRIV_OK)
        fprintf(text, "%s failed: %s\n", what, vpriv_status_text(st));
}

struct made {
    size_t n;
    vpriv_derivative_info infos[8];
};

static bool keep_made(void *user, const vpriv_derivative_info *info)
{
    struct made *made = user;
    if (made->n < sizeof made->infos / sizeof made->infos[0])
        made->infos[made->n++] = *info;
    return true;
}

static vpriv_status draw_content(void *user, const void *bytes, size_t n_bytes)
{
    fprintf(user, "%.*s", (int)(n_bytes < 40 ? n_bytes : 40), (const char *)bytes);
    return VPRIV_OK;
}

static void draw_derivatives(
    struct picture *picture, const vpriv_recording_info *info, vpriv_purpose purpose)
{
    struct made made = {0};
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "test"};
    draw_status(picture->text, "derivatives",
        vpriv_derivative_list(picture->life->vault, &info->id, keep_made, &made));
    for (size_t i = 0; i < made.n; i++) {
        fprintf(picture->text,
            "  made %s by %s for %x: ", vpriv_derivative_kind_name(made.infos[i].kind),
            made.infos[i].made_by, made.infos[i].purposes);
        const vpriv_status st = vpriv_gate_read_derivative(picture->life->vault,
            picture->life->owner, &made.infos[i].id, &request, draw_content, picture->text);
        fprintf(picture->text, " %s\n", vpriv_status_text(st));
    }
}

static void draw_recording(struct picture *picture, const vpriv_recording_info *info)
{
    static const vpriv_purpose asked[] = {VPRIV_PURPOSE_KEEP_HISTORY, VPRIV_PURPOSE_HUMAN_REVIEW};
    fprintf(picture->text,
        "recording state %d %llu us end %d retention %d purposes %x subjects %u\n",
        (int)info->state, (unsigned long long)info->duration_us, (int)info->end_reason,
        (int)info->retention, info->purposes, info->n_subjects);
    draw_status(picture->text, "who heard",
        vpriv_gate_who_heard(picture->life->vault, &info->id, draw_entry, picture));
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct life_sound sound = life_listen(picture->life, &info->id, asked[i]);
        if (sound.status == VPRIV_OK)
            fprintf(picture->text, "  %s: %llu frames %016llx%s\n", vpriv_purpose_name(asked[i]),
                (unsigned long long)sound.n_frames, (unsigned long long)sound.hash,
                sound.is_unfinished ? " unfinished" : "");
        else
            fprintf(picture->text, "  %s: %s\n", vpriv_purpose_name(asked[i]),
                vpriv_status_text(sound.status));
        draw_derivatives(picture, info, asked[i]);
    }
}

static void draw_recordings(struct picture *picture)
{
    const vpriv_recording_filter all = {.struct_size = sizeof all, .with_tombstones = true};
    draw_status(picture->text, "list",
        vpriv_recording_list(picture->life->vault, &all, keep_recording, picture));
    for (size_t i = 0; i < picture->n_recordings; i++)
        draw_recording(picture, &picture->recordings[i]);
}

static void draw_people(struct picture *picture)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    vpriv_vault *vault = picture->life->vault;
    draw_status(picture->text, "about", vpriv_vault_about(vault, &info));
    fprintf(picture->text, "recordings %llu erased %llu subjects %llu pending %llu log %llu\n",
        (unsigned long long)info.n_recordings, (unsigned long long)info.n_erased,
        (unsigned long long)info.n_subjects, (unsigned long long)info.n_pending,
        (unsigned long long)info.log_size);
    draw_status(picture->text, "subjects", vpriv_subject_list(vault, draw_subject, picture));
    for (size_t i = 0; i < picture->n_subjects; i++)
        draw_status(picture->text, "consents",
            vpriv_consent_list(vault, picture->subjects[i], true, draw_consent, picture));
}

static char *draw(struct life *life, bool people)
{
    char *text = NULL;
    size_t n_bytes = 0;
    struct picture *picture = calloc(1, sizeof *picture);
    ck_assert_ptr_nonnull(picture);
    picture->life = life;
    picture->text = open_memstream(&text, &n_bytes);
    ck_assert_ptr_nonnull(picture->text);
    if (people)
        draw_people(picture);
    draw_recordings(picture);
    fclose(picture->text);
    free(picture);
    return text;
}

char *life_picture(struct life *life)
{
    return draw(life, true);
}

char *life_picture_of_recordings(struct life *life)
{
    return draw(life, false);
}

bool life_database_is_sound(const struct life *life)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool sound = false;
    if (sqlite3_open_v2(life->path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        sound = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return sound;
}

int64_t life_strays(const struct life *life)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t n = -1;
    if (sqlite3_open_v2(life->path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database,
            "SELECT (SELECT count(*) FROM recording WHERE state = 1) +"
            " (SELECT count(*) FROM block WHERE id >> 24 NOT IN (SELECT id FROM recording))",
            -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return n;
}

void life_goes_on(struct life *life)
{
    uint8_t guest[VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome outcome;
    ck_ok(vpriv_subject_add(life->vault, VPRIV_SUBJECT_USER, "Bea", NULL, guest));
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "history",
        .version = "1",
        .language = "en",
        .text = NOTICE_TEXT,
        .text_bytes = sizeof NOTICE_TEXT - 1};
    ck_ok(vpriv_notice_add(life->vault, &notice, NULL));
    ck_ok(life_give(life, guest, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_ok(life_record_into(life, life->vault, guest, 40, 700, &outcome));
    ck_assert(outcome.is_stored);
    const struct life_sound heard =
        life_listen(life, &outcome.recording, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_int_eq(heard.status, VPRIV_OK);
    ck_assert_uint_eq(heard.n_frames, 40 * (LIFE_RATE_HZ / 1000));
    ck_ok(vpriv_consent_withdraw(life->vault, guest, VPRIV_PURPOSE_KEEP_HISTORY, NULL, NULL));
    ck_assert_int_eq(
        life_listen(life, &outcome.recording, VPRIV_PURPOSE_KEEP_HISTORY).status, VPRIV_E_CONSENT);
}

bool life_is_long(void)
{
#ifdef FAULT_LONG
    return true;
#else
    return false;
#endif
}

const char *life_difference(const char *wanted, const char *got)
{
    static char text[512];
    for (;;) {
        const size_t n_wanted = strcspn(wanted, "\n"), n_got = strcspn(got, "\n");
        if (n_wanted != n_got || memcmp(wanted, got, n_got) != 0) {
            snprintf(text, sizeof text, "wanted \"%.*s\", got \"%.*s\"",
                (int)(n_wanted < 200 ? n_wanted : 200), wanted, (int)(n_got < 200 ? n_got : 200),
                got);
            return text;
        }
        if (!wanted[n_wanted] || !got[n_got])
            return wanted[n_wanted] == got[n_got] ? "no difference" : "one text is longer";
        wanted += n_wanted + 1;
        got += n_got + 1;
    }
}
