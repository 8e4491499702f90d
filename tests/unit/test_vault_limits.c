/* Where things end: how many there may be of each, what may follow what, and who asks to stop. */
#include "deeds.h"
#include "refused.h"
#include "vault/decision.h"
#include "vault/header.h"
#include "vault/log_store.h"
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/past.h>
#include <voicepriv/places.h>
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>
#include <voicepriv/sync.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static deeds d;
static int n_seen;

static void set_up(void)
{
    deeds_begin(&d);
    deeds_restore(&d);
    ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
    n_seen = 0;
}

static void tear_down(void)
{
    deeds_end(&d);
}

/* ---- a list ends when its callback says so ---- */

static bool no_surface(void *user, const vpriv_surface_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

static bool no_pause(void *user, const vpriv_pause *pause)
{
    (void)pause;
    return ++n_seen < *(int *)user;
}

static bool no_profile(void *user, const vpriv_profile_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

static bool no_line(void *user, const char *line, size_t n)
{
    (void)line;
    (void)n;
    return ++n_seen < *(int *)user;
}

static bool no_consent(void *user, const vpriv_consent_record *record)
{
    (void)record;
    return ++n_seen < *(int *)user;
}

static bool no_derivative(void *user, const vpriv_derivative_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

static bool no_subject(void *user, const vpriv_subject_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

static bool no_recording(void *user, const vpriv_recording_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

static bool no_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    (void)entry;
    return ++n_seen < *(int *)user;
}

static void trust_another(void)
{
    uint8_t seed[32], key[32], secret[64];
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(key, secret, seed);
    ck_ok(vpriv_surface_trust(d.h.vault, "web", key, "test"));
}

/* Told to stop at the first, and then never. */
START_TEST(lists_stop_when_they_are_told_to)
{
    int most = _i == 0 ? 1 : 1000;
    const vpriv_recording_filter filter = {.struct_size = sizeof filter};
    trust_another();
    ck_ok(vpriv_purpose_pause(d.h.vault, VPRIV_PURPOSE_BIT(KEEP), "test", NULL));
#define CK_SEEN(call, n_all)                                                                       \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(call);                                                                               \
        ck_assert_int_eq(n_seen, most == 1 ? 1 : (n_all));                                         \
    } while (0)
    CK_SEEN(vpriv_surface_list(d.h.vault, no_surface, &most), 2);
    CK_SEEN(vpriv_pause_list(d.h.vault, no_pause, &most), 2);
    CK_SEEN(vpriv_jurisdiction_list(d.h.vault, no_profile, &most), 1);
    CK_SEEN(vpriv_consent_export_events(d.h.vault, no_line, &most), 5);
    CK_SEEN(vpriv_consent_list(d.h.vault, d.h.ada, true, no_consent, &most), 3);
    CK_SEEN(vpriv_derivative_list(d.h.vault, &d.ids[0], no_derivative, &most), 1);
    CK_SEEN(vpriv_subject_list(d.h.vault, no_subject, &most), 2);
    CK_SEEN(vpriv_recording_list(d.h.vault, &filter, no_recording, &most), 4);
    n_seen = 0;
    ck_ok(vpriv_vault_log(d.h.vault, 0, no_entry, &most));
    ck_assert(most == 1 ? n_seen == 1 : n_seen > 10);
}
END_TEST

START_TEST(a_list_between_times_has_no_tombstones)
{
    int most = 1000;
    vpriv_recording_filter f = {.struct_size = sizeof f, .with_tombstones = true};
#define N_LISTED(n)                                                                                \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(vpriv_recording_list(d.h.vault, &f, no_recording, &most));                           \
        ck_assert_int_eq(n_seen, n);                                                               \
    } while (0)
    N_LISTED(5);
    f.since_us = 1;
    N_LISTED(4);
    f.since_us = HOUSEHOLD_START_US + 1;
    N_LISTED(3);
    f.until_us = HOUSEHOLD_START_US + 2;
    N_LISTED(0);
    f.since_us = 0;
    N_LISTED(1);
    f.until_us = HOUSEHOLD_START_US + DAY_US;
    N_LISTED(4);
}
END_TEST

/* ---- how many ---- */

START_TEST(surfaces_are_eight)
{
    uint8_t seed[32], key[32], secret[64];
    char name[16];
    for (int i = 1; i <= VPRIV_SURFACES_MAX; i++) {
        memset(seed, i, sizeof seed);
        crypto_sign_seed_keypair(key, secret, seed);
        snprintf(name, sizeof name, "s%d", i);
        if (i < VPRIV_SURFACES_MAX)
            ck_ok(vpriv_surface_trust(d.h.vault, name, key, "test"));
        else
            ck_refused(vpriv_surface_trust(d.h.vault, name, key, "test"), VPRIV_E_LIMIT,
                "more than 8 surfaces");
    }
    ck_refused(vpriv_surface_trust(d.h.vault, "app", key, "test"), VPRIV_E_EXISTS, "another key");
}
END_TEST

START_TEST(places_are_thirty_two)
{
    char place[8];
    vpriv_status st = VPRIV_OK;
    int n = 0;
    for (; st == VPRIV_OK && n < 2 * VPRIV_PLACES_MAX; n++) {
        uint8_t who[VPRIV_SUBJECT_ID_BYTES];
        snprintf(place, sizeof place, "US-%c%c", 'A' + n / 26, 'A' + n % 26);
        ck_ok(vpriv_subject_add(d.h.vault, VPRIV_SUBJECT_USER, "Cem", NULL, who));
        st = vpriv_subject_set_home(d.h.vault, who, place);
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "32 places"));
    ck_assert_int_gt(n, VPRIV_PLACES_MAX - 4);
}
END_TEST

START_TEST(an_order_finds_no_room_beside_sixteen_pauses)
{
    char json[1024];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .from_us = d.h.cell->now_us,
        .actor = "test"};
    vpriv_status st = VPRIV_OK;
    for (int i = 1; st == VPRIV_OK && i <= VPRIV_PAUSES_MAX; i++) {
        p.until_us = d.h.cell->now_us + i * DAY_US;
        st = vpriv_pause_begin(d.h.vault, &p);
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT); /* one is there by order */
    const uint64_t before = household_print(&d.h);
    snprintf(json, sizeof json,
        "{\"voicepriv_pause\":1,\"number\":9,\"action\":\"pause\",\"purposes\":[\"donation\"],"
        "\"where\":[\"IT\"],\"issuer\":\"acme\",\"reason\":\"stop\"}");
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, json, strlen(json), d.seed, signature));
    ck_refused(vpriv_pause_order(d.h.vault, json, strlen(json), signature), VPRIV_E_LIMIT,
        "16 pauses already");
    ck_assert(household_print(&d.h) == before);
}
END_TEST

START_TEST(profiles_are_thirty_two)
{
    char json[1024];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_status st = VPRIV_OK;
    int n = 1, most = 1000; /* one is there */
    for (; st == VPRIV_OK && n < 2 * VPRIV_PROFILES_MAX; n += st == VPRIV_OK) {
        snprintf(json, sizeof json,
            "{\"voicepriv_jurisdiction\":1,\"name\":\"p%d\",\"title\":\"T\",\"note\":\"N\","
            "\"revision\":1,\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\","
            "\"places\":[\"DE\"],\"rules\":[]}",
            n);
        ck_ok(vpriv_authority_sign(
            VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), d.seed, signature));
        st = vpriv_jurisdiction_install(d.h.vault, json, strlen(json), signature, "test");
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT);
    ck_assert_int_eq(n, VPRIV_PROFILES_MAX);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "32 profiles"));
    n_seen = 0;
    ck_ok(vpriv_jurisdiction_list(d.h.vault, no_profile, &most));
    ck_assert_int_eq(n_seen, VPRIV_PROFILES_MAX);
}
END_TEST

static bool until(void *user, const vpriv_purge_report *so_far)
{
    (void)so_far;
    return ++n_seen < *(int *)user;
}

/* One window at a time; told to stop, it has done what it said, and another call goes on. */
START_TEST(a_purge_in_windows)
{
    int most = 1;
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_purge_criteria c = {
        .struct_size = sizeof c, .until_us = VPRIV_TIME_FOREVER_US, .window = 1};
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_cancelled && !report.is_done);
    ck_assert_uint_eq(report.n_recordings, 1);
    c.until_us = HOUSEHOLD_START_US; /* nothing is as old */
    report = (vpriv_purge_report){.struct_size = sizeof report};
    most = 1000;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done);
    ck_assert_uint_eq(report.n_recordings, 0);
    c.since_us = HOUSEHOLD_START_US + DAY_US; /* nor as young */
    c.until_us = 0;
    report = (vpriv_purge_report){.struct_size = sizeof report};
    ck_ok(vpriv_purge(d.h.vault, &c, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 0);
    c.since_us = 1;
    report = (vpriv_purge_report){.struct_size = sizeof report};
    n_seen = 0;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done && !report.is_cancelled);
    ck_assert_uint_eq(report.n_recordings, 3);
    const vpriv_recording_filter f = {.struct_size = sizeof f};
    n_seen = 0;
    ck_ok(vpriv_recording_list(d.h.vault, &f, no_recording, &most));
    ck_assert_int_eq(n_seen, 0);
    /* What is gone does not count again, and stopping at the end is no stopping. */
    c = (vpriv_purge_criteria){.struct_size = sizeof c, .recordings = d.ids, .n_recordings = 3};
    report = (vpriv_purge_report){.struct_size = sizeof report};
    most = 0;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done && !report.is_cancelled);
    ck_assert_uint_eq(report.n_recordings, 0);
}
END_TEST

START_TEST(one_shelf_holds_several)
{
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = VPRIV_DERIVATIVE_LABEL,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    vpriv_derivative_id second;
    vpriv_derivative_info info;
    vpriv_keyring *review = NULL;
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_derivative_add(d.h.vault, &d.ids[0], &about, "x", 1, &second));
    ck_ok(vpriv_derivative_about(d.h.vault, &second, &info));
    ck_assert_int_eq(info.kind, VPRIV_DERIVATIVE_LABEL);
    ck_ok(vpriv_derivative_erase(d.h.vault, &second, NULL));
    ck_ok(vpriv_derivative_about(d.h.vault, &d.made, &info));
    /* With the keys of another purpose none of them is looked into. */
    ck_ok(
        vpriv_keyring_split(d.h.keyring, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DIAGNOSE_FAULT), &review));
    ck_ok(vpriv_vault_verify(d.h.vault, review, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_derivative_blocks, 0);
    ck_assert_uint_gt(verified.n_derivatives, 0);
    vpriv_keyring_close(review);
}
END_TEST

START_TEST(an_order_for_two_places)
{
    static const char json[] =
        "{\"voicepriv_pause\":1,\"number\":9,\"action\":\"pause\",\"purposes\":[\"donation\"],"
        "\"where\":[\"IT\",\"ES\"],\"issuer\":\"acme\",\"reason\":\"stop\"}";
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    int most = 1000;
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, json, strlen(json), d.seed, signature));
    ck_ok(vpriv_pause_order(d.h.vault, json, strlen(json), signature));
    ck_ok(vpriv_pause_list(d.h.vault, no_pause, &most));
    ck_assert_int_eq(n_seen, 3);
    ck_refused(vpriv_pause_order(d.h.vault, json, strlen(json), signature), VPRIV_E_ROLLBACK,
        "was done already");
}
END_TEST

/* Over what a backup may be made, and what it is for a root that is older than it. */
START_TEST(backups_replace_backups_only)
{
    char path[PATH_BYTES], below[PATH_BYTES + 16];
    vpriv_backup_info info = {.struct_size = sizeof info};
    household_file(&d.h, "copy", path);
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs("somebody's letter", file) >= 0 && fclose(file) == 0);
    ck_refused(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS, "is no backup of this vault");
    snprintf(below, sizeof below, "%s/below", path);
    ck_refused(vpriv_vault_backup(d.h.vault, below, 0, NULL, NULL), VPRIV_E_IO, "below");
    ck_assert_int_eq(remove(path), 0);
    uint8_t before[VPRIV_ROOT_RECORD_BYTES];
    memcpy(before, d.h.cell->record, sizeof before);
    ck_ok(vpriv_vault_erase(d.h.vault, d.ids, 1, NULL));
    ck_ok(vpriv_vault_backup(d.h.vault, path, 0, NULL, NULL));
    ck_ok(vpriv_backup_check(path, d.h.root, &info));
    ck_assert_int_eq(info.state, VPRIV_BACKUP_CURRENT);
    uint8_t now[VPRIV_ROOT_RECORD_BYTES];
    memcpy(now, d.h.cell->record, sizeof now);
    memcpy(d.h.cell->record, before, sizeof before);
    ck_refused(vpriv_backup_check(path, d.h.root, &info), VPRIV_E_ROLLBACK, "an old root");
    ck_assert_int_eq(info.state, VPRIV_BACKUP_AHEAD);
    memcpy(d.h.cell->record, now, sizeof now);
}
END_TEST

START_TEST(a_backup_of_another_vault_is_left_alone)
{
    household other;
    char path[PATH_BYTES];
    household_open(&other, HOUSEHOLD_FORGETS);
    household_file(&d.h, "copy", path);
    ck_ok(vpriv_vault_backup(other.vault, path, 0, NULL, NULL));
    ck_refused(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS, "is no backup of this vault");
    household_close(&other);
}
END_TEST

/* On another disk, where there is one, and back to where the vault was. */
START_TEST(backups_elsewhere)
{
    char folder[] = "/tmp/voicepriv-test-XXXXXX", path[sizeof folder + 8];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/copy", folder);
    for (int i = 0; i < 2; i++)
        ck_ok(vpriv_vault_backup(d.h.vault, path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    vpriv_vault_close(d.h.vault);
    d.h.vault = NULL;
    ck_assert_int_eq(remove(d.h.path), 0);
    ck_ok(vpriv_backup_restore(path, d.h.root, d.h.path, 0, NULL, NULL));
    ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
    ck_ok(household_hear_in(d.h.vault, d.h.keyring, &d.ids[0], KEEP, NULL));
    ck_assert(remove(path) == 0 && rmdir(folder) == 0);
}
END_TEST

START_TEST(the_same_words_as_another_version)
{
    vpriv_notice n = {.struct_size = sizeof n,
        .id = "house",
        .version = "1",
        .language = "en",
        .text = "We keep what you say.",
        .text_bytes = 21};
    const uint64_t before = household_print(&d.h);
    ck_ok(vpriv_notice_add(d.h.vault, &n, NULL)); /* is there */
    ck_assert(household_print(&d.h) == before);
    n.version = "2";
    ck_ok(vpriv_notice_add(d.h.vault, &n, NULL));
    ck_assert(household_print(&d.h) != before);
}
END_TEST

static bool stop_past(void *user, uint64_t n_done, uint64_t n_recordings)
{
    (void)user;
    return n_done > n_recordings;
}

START_TEST(the_past_stops_when_it_is_told_to)
{
    const uint64_t before = household_print(&d.h);
    ck_refused(vpriv_consent_apply_to_past(d.h.vault, d.h.keyring, d.h.ada,
                   VPRIV_PURPOSE_HUMAN_REVIEW, "test", stop_past, NULL, NULL),
        VPRIV_E_CANCELLED, "goes on with it");
    ck_assert(household_print(&d.h) == before);
}
END_TEST

START_TEST(speakers_are_sixteen)
{
    uint32_t reasons = 0;
    int64_t rows[VPI_SUBJECTS_MAX + 1] = {0};
    vpriv_log_entry entry = {.kind = VPRIV_LOG_PAUSE, .purpose = KEEP, .actor = "test"};
    static uint8_t subjects[17][VPRIV_SUBJECT_ID_BYTES];
    vpi_voices v = {.subjects = subjects[0], .all_identified = VPRIV_FACT_YES};
    ck_ok(vpi_vault_enter(d.h.vault, true));
    ck_ok(vpi_vault_begin(d.h.vault));
#define DECIDE vpi_decide_capture(d.h.vault, &v, KEEP, VPRIV_RETENTION_48_HOURS, &reasons, NULL)
    ck_refused_with(v, n_subjects, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    ck_refused_with(v, n_guests, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    ck_refused_with(v, n_unknown, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    v.n_guests = 8;
    ck_refused_with(v, n_unknown, 9, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    v.n_unknown = 8;
    ck_ok(DECIDE);
    ck_assert(reasons & VPRIV_DENY_SUBJECT_UNKNOWN);
    ck_refused(vpi_decide_capture(
                   d.h.vault, &v, (vpriv_purpose)32, VPRIV_RETENTION_48_HOURS, &reasons, NULL),
        VPRIV_E_ARG, "outside 0 to 31");
    /* As many reasons as there are do not fit into the words, and are cut. */
    ck_refused(vpi_denied(UINT32_MAX, KEEP), VPRIV_E_CONSENT, vpriv_deny_text(1));
    ck_refused(vpi_log_append(d.h.vault, &entry, rows, VPI_SUBJECTS_MAX + 1, NULL, NULL),
        VPRIV_E_LIMIT, "17 subjects");
    vpi_vault_leave(d.h.vault);
}
END_TEST

START_TEST(a_block_holds_so_many_entries)
{
    static vpi_block_builder builder;
    static uint8_t block[VPI_BLOCK_BYTES];
    const uint8_t packet[1] = {0x48};
    vpi_block_clear(&builder, 0);
    unsigned n = 0;
    while (vpi_block_add_packet(&builder, packet, sizeof packet))
        n++;
    ck_assert_uint_eq(n, VPI_BLOCK_ENTRIES_MAX);
    ck_assert(!vpi_block_add_gap(&builder, 1, 1));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_silence(&builder, UINT32_MAX - 5));
    ck_assert(vpi_block_add_silence(&builder, 5));
    ck_assert_uint_eq(builder.n_entries, 1);
    ck_assert(vpi_block_add_silence(&builder, 1)); /* does not fit into the same mark */
    ck_assert_uint_eq(builder.n_entries, 2);
    ck_ok(vpi_vault_enter(d.h.vault, true));
    ck_ok(vpi_vault_begin(d.h.vault));
    ck_refused(vpi_blocks_insert(d.h.vault, 1, UINT64_C(1) << 24, block), VPRIV_E_LIMIT, "2^24");
    vpi_vault_leave(d.h.vault);
}
END_TEST

/* ---- what may follow what ---- */

START_TEST(a_recording_has_its_order)
{
    vpi_sealer *sealer = NULL;
    static vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    bool closed = false;
    vpi_sealer_request r = household_request(d.h.ada);
#define CREATE vpi_sealer_create(d.h.vault, &r, &sealer)
    ck_refused_with(r, required, 0, CREATE, VPRIV_E_ARG, "at least one purpose");
    ck_refused_with(r, tag.retention, VPRIV_RETENTION_NONE, CREATE, VPRIV_E_STATE, "don't save");
    ck_refused(vpi_sealer_create(NULL, &r, &sealer), VPRIV_E_ARG, "no vault");
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(CREATE);
    ck_refused(
        vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0), VPRIV_E_STATE, "is not confirmed");
    ck_ok(vpi_sealer_commit(sealer));
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "is confirmed");
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    ck_refused(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0), VPRIV_E_STATE, "");
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "is confirmed");
    ck_refused(vpi_sealer_reject(sealer, 0, &closed), VPRIV_E_STATE, "is confirmed");
    ck_refused(vpi_sealer_write(sealer, plain, 1), VPRIV_E_STATE, "has ended");
    vpi_sealer_destroy(sealer);
    ck_ok(CREATE);
    ck_ok(vpi_sealer_commit(sealer));
    ck_refused(vpi_sealer_reject(sealer, 0, &closed), VPRIV_E_STATE, "is confirmed");
    ck_refused(
        vpi_sealer_write(sealer, plain, 1), VPRIV_E_STATE, "has ended"); /* its keys are gone */
    vpi_sealer_destroy(sealer);
    ck_ok(CREATE);
    ck_ok(vpi_sealer_reject(sealer, 0, &closed));
    ck_refused(vpi_sealer_commit(sealer), VPRIV_E_STATE, "");
    vpi_sealer_destroy(sealer);
}
END_TEST

/* What nobody has confirmed is not there for anybody. */
START_TEST(a_recording_that_is_not_confirmed_is_none)
{
    vpi_sealer *sealer = NULL;
    static vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request r = household_request(d.h.ada);
    vpriv_recording_id id;
    vpriv_recording_info info = {.struct_size = sizeof info};
    ck_ok(vpi_sealer_create(d.h.vault, &r, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_refused(
        vpriv_recording_about(d.h.vault, &id, &info), VPRIV_E_NOT_FOUND, "no such recording");
    ck_refused(vpriv_recording_restrict(d.h.vault, &id, 1, VPRIV_RESTRICTION_DISPUTE, "test", NULL),
        VPRIV_E_NOT_FOUND, "no such recording");
    ck_refused(vpriv_recording_add_speaker(
                   d.h.vault, &id, d.h.bob, VPRIV_SUBJECT_USER, "test", NULL, NULL),
        VPRIV_E_NOT_FOUND, "no such recording");
    ck_fails(household_hear_in(d.h.vault, d.h.keyring, &id, KEEP, NULL), VPRIV_E_CONSENT);
    vpi_sealer_destroy(sealer);
}
END_TEST

START_TEST(pauses_that_cover_each_other)
{
    const int64_t now = d.h.cell->now_us;
    vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "",
        .from_us = now + 10 * DAY_US,
        .until_us = now + 20 * DAY_US,
        .actor = "test"};
    int most = 1000;
    uint64_t before = 0;
#define N_PAUSES(n)                                                                                \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(vpriv_pause_list(d.h.vault, no_pause, &most));                                       \
        ck_assert_int_eq(n_seen, 1 + (n));                                                         \
    } while (0)
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(1);
    before = household_print(&d.h);
    ck_ok(vpriv_pause_begin(d.h.vault, &p)); /* the same */
    p.from_us += DAY_US;
    ck_ok(vpriv_pause_begin(d.h.vault, &p)); /* within */
    p.until_us -= DAY_US;
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    ck_assert(household_print(&d.h) == before);
    p.until_us += 2 * DAY_US; /* longer */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(2);
    p.from_us -= 2 * DAY_US; /* earlier, as long */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(3);
    p.purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION); /* another purpose, the same time */
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    N_PAUSES(3);
    p.where = "*";
    p.purposes |= VPRIV_PURPOSE_BIT(KEEP);
    ck_ok(vpriv_pause_end(d.h.vault, &p));
    N_PAUSES(0);
    before = household_print(&d.h);
    ck_ok(vpriv_pause_end(d.h.vault, &p));
    ck_assert(household_print(&d.h) == before);
}
END_TEST

START_TEST(a_pause_where_the_controller_is_counts)
{
    static const char json[] =
        "{\"voicepriv_jurisdiction\":1,\"name\":\"fr\",\"title\":\"T\",\"note\":\"N\","
        "\"revision\":1,\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\","
        "\"places\":[\"FR\"],\"rules\":[]}";
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    const vpriv_controller c = {
        .struct_size = sizeof c, .id = "acme", .name = "Acme", .country = "DE"};
    const vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "DE",
        .actor = "test"};
    uint32_t purposes = 0;
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), d.seed, signature));
    ck_ok(vpriv_jurisdiction_install(d.h.vault, json, strlen(json), signature, "test"));
    ck_ok(vpriv_jurisdiction_set_device(d.h.vault, "FR", "test"));
    ck_ok(vpriv_controller_change(d.h.vault, &c, "test", NULL));
    ck_ok(vpriv_purpose_paused(d.h.vault, &purposes));
    ck_assert_uint_eq(purposes & VPRIV_PURPOSE_BIT(KEEP), 0);
    ck_ok(vpriv_pause_begin(d.h.vault, &p));
    ck_ok(vpriv_purpose_paused(d.h.vault, &purposes));
    ck_assert_uint_ne(purposes & VPRIV_PURPOSE_BIT(KEEP), 0);
}
END_TEST

static bool stop(void *user, uint64_t n_done, uint64_t n_total)
{
    (void)user;
    (void)n_done;
    (void)n_total;
    return false;
}

START_TEST(copying_stops_when_it_is_told_to)
{
    char path[PATH_BYTES];
    household_file(&d.h, "copy", path);
    ck_refused(vpriv_vault_backup(d.h.vault, path, 0, stop, NULL), VPRIV_E_CANCELLED, "stopped");
    ck_ok(vpriv_vault_backup(d.h.vault, path, 0, NULL, NULL));
    vpriv_vault_close(d.h.vault);
    d.h.vault = NULL;
    const uint64_t before = household_print(&d.h);
    ck_refused(vpriv_backup_restore(path, d.h.root, d.h.path, VPRIV_STORAGE_REPLACE, stop, NULL),
        VPRIV_E_CANCELLED, "nothing was changed");
    ck_assert(household_print(&d.h) == before);
    ck_ok(vpriv_backup_restore(path, d.h.root, d.h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
}
END_TEST

START_TEST(terms_have_one_spelling)
{
    static const struct {
        vpriv_retention retention;
        const char *text;
    } spelled[] = {{VPRIV_RETENTION_ERASED_ONLY, VPRIV_RETENTION_UNTIL_ERASED},
        {VPRIV_RETENTION_3_MONTHS, "P3M"}, {VPRIV_RETENTION_48_HOURS, "P2D"},
        {VPRIV_RETENTION_HOURS(5), "PT5H"}, {VPRIV_RETENTION_NONE, "PT0H"},
        {VPRIV_RETENTION_MONTHS(7), "P7M"}, {(vpriv_retention)8, "PT0H"},
        {(vpriv_retention)-1, "PT0H"}};
    for (size_t i = 0; i < sizeof spelled / sizeof spelled[0]; i++) {
        char text[VPRIV_RETENTION_BYTES];
        vpi_retention_as_duration(spelled[i].retention, text);
        ck_assert_str_eq(text, spelled[i].text);
    }
    ck_assert(!vpi_retention_is_valid((vpriv_retention)8));
    ck_assert(!vpi_retention_is_valid((vpriv_retention)-1));
    ck_assert(!vpi_retention_is_valid(VPRIV_RETENTION_DAYS(4001)));
    ck_assert(vpi_retention_is_valid(VPRIV_RETENTION_DAYS(4000)));
}
END_TEST

static bool changed(void *user, const vpriv_consent_record *record)
{
    (void)record;
    return ++n_seen < *(int *)user;
}

/* Two people's consents change in one file; whoever is told may stop listening, and all the same it is done. */
START_TEST(syncing_tells_what_changed)
{
    char lines[2 * VPRIV_SURFACE_LINE_BYTES] = "";
    int most = _i == 0 ? 1 : 9;
    vpriv_sync_result result = {.struct_size = sizeof result};
    for (int i = 0; i < 2; i++) {
        char line[VPRIV_SURFACE_LINE_BYTES];
        vpriv_surface_event e = {.struct_size = sizeof e,
            .surface = "app",
            .sequence = (uint64_t)i + 2,
            .time_us = HOUSEHOLD_START_US + SECOND_US,
            .purpose = KEEP,
            .event = VPRIV_CONSENT_EVENT_WITHDRAW,
            .by = VPRIV_CONSENT_BY_PERSON,
            .method = VPRIV_CONSENT_METHOD_TAP,
            .retention = VPRIV_RETENTION_UNTIL_ERASED};
        memcpy(e.subject, i ? d.h.bob : d.h.ada, sizeof e.subject);
        memset(e.record_id, 9 + i, sizeof e.record_id);
        e.record_id[6] = 0x40;
        e.record_id[8] = 0x80;
        ck_ok(vpriv_surface_event_sign(&e, d.seed, line));
        strcat(lines, line);
    }
    ck_ok(vpriv_consent_sync(d.h.vault, lines, strlen(lines), changed, &most, &result));
    ck_assert_uint_eq(result.n_new, 2);
    ck_assert_uint_eq(result.n_changed, 2);
    ck_assert_int_eq(n_seen, _i == 0 ? 1 : 2);
    ck_fails(household_hear_in(d.h.vault, d.h.keyring, &d.ids[0], KEEP, NULL), VPRIV_E_CONSENT);
    memset(lines, 'x', sizeof lines - 2);
    lines[sizeof lines - 2] = '\n';
    ck_refused(vpriv_consent_sync(d.h.vault, lines, sizeof lines - 1, NULL, NULL, NULL),
        VPRIV_E_LIMIT, "longer than");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: limits");
    TCase *tcase = tcase_create("limits");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, lists_stop_when_they_are_told_to, 0, 2);
    tcase_add_test(tcase, a_list_between_times_has_no_tombstones);
    tcase_add_test(tcase, surfaces_are_eight);
    tcase_add_test(tcase, places_are_thirty_two);
    tcase_add_test(tcase, an_order_finds_no_room_beside_sixteen_pauses);
    tcase_add_test(tcase, profiles_are_thirty_two);
    tcase_add_test(tcase, a_purge_in_windows);
    tcase_add_test(tcase, one_shelf_holds_several);
    tcase_add_test(tcase, an_order_for_two_places);
    tcase_add_test(tcase, backups_replace_backups_only);
    tcase_add_test(tcase, a_backup_of_another_vault_is_left_alone);
    tcase_add_test(tcase, backups_elsewhere);
    tcase_add_test(tcase, the_same_words_as_another_version);
    tcase_add_test(tcase, the_past_stops_when_it_is_told_to);
    tcase_add_test(tcase, speakers_are_sixteen);
    tcase_add_test(tcase, a_block_holds_so_many_entries);
    tcase_add_test(tcase, a_recording_has_its_order);
    tcase_add_test(tcase, a_recording_that_is_not_confirmed_is_none);
    tcase_add_test(tcase, pauses_that_cover_each_other);
    tcase_add_test(tcase, a_pause_where_the_controller_is_counts);
    tcase_add_test(tcase, copying_stops_when_it_is_told_to);
    tcase_add_test(tcase, terms_have_one_spelling);
    tcase_add_loop_test(tcase, syncing_tells_what_changed, 0, 2);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
