/* The inventory is whole or says so; an export to take away is whole, or goes on where it stopped. What an
 * inventory says is compared with the files in tests/vectors/check-inventory. */
#include "household.h"
#include "vault/false_wakes.h"
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;
static char folder[PATH_BYTES];

static void remove_all(const char *path)
{
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry;
         entry = readdir(entries)) {
        char inside[PATH_BYTES + 300];
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlink(inside) != 0)
            remove_all(inside);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_file(&h, "export", folder);
}

static void tear_down(void)
{
    remove_all(folder);
    household_close(&h);
}

/* A document as it is written, and a writer that fails at some point. */
typedef struct page {
    char text[1 << 18];
    size_t n;
    int n_writes;
    int fails_at; /* counted from 1; 0 is never */
} page;

static vpriv_status collect(void *user, const void *bytes, size_t n_bytes)
{
    page *into = user;
    if (++into->n_writes == into->fails_at)
        return VPRIV_E_FULL;
    ck_assert_uint_lt(into->n + n_bytes, sizeof into->text);
    memcpy(into->text + into->n, bytes, n_bytes);
    into->n += n_bytes;
    return VPRIV_OK;
}

static json_t *parsed(const page *p)
{
    return json_loadb(p->text, p->n, JSON_REJECT_DUPLICATES, NULL);
}

/* A little of everything. */
static vpriv_recording_id fill(void)
{
    bool closed = false;
    vpi_sealer *sealer = NULL;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    const vpriv_recording_id recording = household_record(&h, h.ada);
    household_quick(&h, h.bob);
    ck_ok(household_hear(&h, &recording, KEEP));
    const vpi_sealer_request request = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_reject(sealer, 0, &closed));
    vpi_sealer_destroy(sealer);
    ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(13), "test", "why"));
    return recording;
}

START_TEST(test_json_is_whole_or_fails)
{
    page *p = calloc(1, sizeof *p);
    fill();
    ck_ok(vpriv_inventory_json(h.vault, h.keyring, collect, p));
    json_t *document = parsed(p);
    ck_assert_ptr_nonnull(document);
    ck_assert_str_eq(json_string_value(json_object_get(document, "form")), "voicepriv-inventory-1");
    ck_assert_uint_eq(json_array_size(json_object_get(document, "recordings")), 2);
    ck_assert(json_is_false(json_object_get(document, "changed_meanwhile")));
    json_decref(document);
    const int n_writes = p->n_writes;
    ck_assert_int_gt(n_writes, 20);
    for (int at = 1; at <= n_writes; at++) {
        memset(p, 0, sizeof *p);
        p->fails_at = at;
        ck_fails(vpriv_inventory_json(h.vault, h.keyring, collect, p), VPRIV_E_FULL);
        ck_assert_int_eq(p->n_writes, at);
        ck_assert_ptr_null(parsed(p));
    }
    free(p);
}
END_TEST

START_TEST(test_empty_vault)
{
    page *p = calloc(1, sizeof *p);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_ok(vpriv_subject_erase(h.vault, h.bob, NULL));
    ck_ok(vpriv_inventory_json(h.vault, NULL, collect, p));
    json_t *document = parsed(p);
    ck_assert_ptr_nonnull(document);
    ck_assert_uint_eq(json_array_size(json_object_get(document, "people")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(document, "recordings")), 0);
    ck_assert(json_is_null(json_object_get(json_object_get(document, "keys"), "keyring")));
    json_decref(document);
    free(p);
}
END_TEST

/* Which call says stop; how often each was called. */
enum { VAULT, PAUSE, NOTICE, SUBJECT, CONSENT, RECORDING, ACCESS, EVENT, WAKES, N_PARTS };
typedef struct visit {
    int stops;
    int n[N_PARTS];
    bool changes;
} visit;

static bool met(void *user, int part)
{
    visit *v = user;
    v->n[part]++;
    return v->stops != part;
}

static bool on_vault(void *user, const vpriv_inventory_vault *part)
{
    visit *v = user;
    ck_assert_uint_eq(part->struct_size, sizeof *part);
    if (v->changes) {
        uint8_t id[VPRIV_SUBJECT_ID_BYTES];
        ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, id));
    }
    return met(user, VAULT);
}
static bool on_pause(void *user, const vpriv_pause *part)
{
    ck_assert_uint_eq(part->purposes, VPRIV_PURPOSE_BIT(13));
    ck_assert_str_eq(part->where, "*");
    return met(user, PAUSE);
}
static bool on_notice(void *user, const vpriv_inventory_notice *part)
{
    ck_assert_uint_eq(part->text_bytes, strlen("We keep what you say."));
    ck_assert(memcmp(part->text, "We keep what you say.", part->text_bytes) == 0);
    return met(user, NOTICE);
}
static bool on_subject(void *user, const vpriv_subject_info *part)
{
    (void)part;
    return met(user, SUBJECT);
}
static bool on_consent(void *user, const vpriv_consent_record *part, bool is_latest)
{
    (void)part;
    (void)is_latest;
    return met(user, CONSENT);
}
static bool on_recording(void *user, const vpriv_inventory_recording *part)
{
    ck_assert_uint_eq(part->struct_size, sizeof *part);
    return met(user, RECORDING);
}
static bool on_access(void *user, uint64_t index, const vpriv_log_entry *part)
{
    (void)index;
    (void)part;
    return met(user, ACCESS);
}
static bool on_event(void *user, uint64_t index, const vpriv_log_entry *part)
{
    (void)index;
    (void)part;
    return met(user, EVENT);
}
static bool on_wakes(void *user, const vpriv_inventory_false_wakes *part)
{
    ck_assert_uint_eq(part->n, 1);
    return met(user, WAKES);
}

static const vpriv_inventory_visitor visitor = {.struct_size = sizeof visitor,
    .vault = on_vault,
    .pause = on_pause,
    .notice = on_notice,
    .subject = on_subject,
    .consent = on_consent,
    .recording = on_recording,
    .access = on_access,
    .event = on_event,
    .false_wakes = on_wakes};

START_TEST(test_every_part_can_stop)
{
    static const int wanted[N_PARTS] = {1, 1, 1, 2, 2, 2, 1, 1, 1};
    visit all = {.stops = -1};
    bool changed = true;
    fill();
    ck_ok(vpriv_inventory(h.vault, NULL, &visitor, &all, &changed));
    ck_assert(!changed);
    ck_assert(memcmp(all.n, wanted, sizeof wanted) == 0);
    for (int part = 0; part < N_PARTS; part++) {
        visit one = {.stops = part};
        changed = true;
        ck_fails(vpriv_inventory(h.vault, NULL, &visitor, &one, &changed), VPRIV_E_CANCELLED);
        ck_assert_int_eq(one.n[part], 1);
        for (int later = part == SUBJECT || part == RECORDING ? part + 2 : part + 1;
             later < N_PARTS; later++)
            ck_assert_int_eq(one.n[later], 0);
        ck_assert(changed);
    }
    /* And none of them has to be there. */
    const vpriv_inventory_visitor nobody = {.struct_size = sizeof nobody};
    ck_ok(vpriv_inventory(h.vault, NULL, &nobody, NULL, NULL));
}
END_TEST

START_TEST(test_changes_meanwhile_are_told)
{
    visit v = {.stops = -1, .changes = true};
    bool changed = false;
    fill();
    ck_ok(vpriv_inventory(h.vault, NULL, &visitor, &v, &changed));
    ck_assert(changed);
    ck_assert_int_eq(v.n[SUBJECT], 3);
}
END_TEST

/* What is missing or damaged is never passed over in silence. */
START_TEST(test_damage_is_told)
{
    static const char *const damages[] = {
        "DELETE FROM consent_record WHERE id = 1",
        "DELETE FROM recording WHERE id = 1",
        "DELETE FROM subject WHERE id = 1",
        "UPDATE consent_record SET sealed = zeroblob(length(sealed)) WHERE id = 1",
        "UPDATE recording SET header = zeroblob(length(header)) WHERE id = 1",
        "UPDATE recording SET header = NULL, state = 4 WHERE id = 1",
        "UPDATE notice SET sealed = zeroblob(length(sealed))",
        "DELETE FROM log_payload WHERE id = 3",
        "UPDATE policy SET sealed = zeroblob(length(sealed))",
    };
    const size_t n = sizeof damages / sizeof damages[0];
    ck_assert_uint_lt((size_t)_i, n);
    page *p = calloc(1, sizeof *p);
    fill();
    household_sql(&h, damages[_i]);
    const vpriv_status st = vpriv_inventory_json(h.vault, NULL, collect, p);
    ck_assert_msg(st == VPRIV_E_AUTH || st == VPRIV_E_NOT_FOUND, "%s: %s: %s", damages[_i],
        vpriv_status_text(st), vpriv_error_detail());
    ck_assert_ptr_null(parsed(p));
    free(p);
}
END_TEST

START_TEST(test_arguments)
{
    page *p = calloc(1, sizeof *p);
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    const vpriv_inventory_visitor wrong = {.struct_size = 1};
    ck_fails(vpriv_inventory(h.vault, NULL, &wrong, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_inventory(NULL, NULL, &visitor, NULL, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_inventory_json(h.vault, NULL, NULL, NULL), VPRIV_E_ARG);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, NULL, &capture));
    ck_fails(vpriv_inventory_json(capture, NULL, collect, p), VPRIV_E_NO_KEY);
    ck_assert_uint_eq(p->n, 0);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    free(p);
}
END_TEST

/* Exports. */

static const vpriv_gate_request request = {
    .struct_size = sizeof request, .purpose = KEEP, .actor = "ada", .reason = "to take away"};

static bool stop_at(void *user, uint64_t n_done, uint64_t n_all)
{
    ck_assert_uint_le(n_done, n_all);
    return n_done < *(uint64_t *)user;
}

static vpriv_status export(uint64_t n_most, vpriv_portable_report *report)
{
    *report = (vpriv_portable_report){.struct_size = sizeof *report};
    return vpriv_portable_export(h.vault, h.keyring, &request, folder, stop_at, &n_most, report);
}

/* How many names in the export end so. */
static int count(const char *inside, const char *ending)
{
    char path[PATH_BYTES + 32];
    int n = 0;
    snprintf(path, sizeof path, "%s/%s", folder, inside);
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry;
         entry = readdir(entries)) {
        const size_t n_name = strlen(entry->d_name), n_ending = strlen(ending);
        n += n_name >= n_ending && strcmp(entry->d_name + n_name - n_ending, ending) == 0;
    }
    if (entries)
        closedir(entries);
    return n;
}

static bool count_export(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    *(int *)user += entry->kind == VPRIV_LOG_ACCESS_GRANTED && strcmp(entry->actor, "ada") == 0;
    return true;
}

static int n_heard(void)
{
    int n = 0;
    ck_ok(vpriv_vault_log(h.vault, 0, count_export, &n));
    return n;
}

static void put(const char *name, const char *text)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(test_export)
{
    vpriv_portable_report report;
    fill();
    household_give(&h, h.ada, VPRIV_PURPOSE_HUMAN_REVIEW);
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_written, 2);
    ck_assert_uint_eq(report.n_kept + report.n_closed + report.n_damaged + report.n_removed, 0);
    ck_assert_uint_eq(report.n_receipts, 4); /* three consents and a pause */
    ck_assert_int_eq(count("recordings", ".opus"), 2);
    ck_assert_int_eq(count("receipts", ".jws"), 4);
    ck_assert_int_eq(count("", ".json"), 2);
    ck_assert_int_eq(count("", ".part") + count("recordings", ".part"), 0);
    ck_assert_int_eq(n_heard(), 2);
    /* A finished one stays as it is, and nothing is opened for it. */
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_EXISTS);
    ck_assert_int_eq(n_heard(), 2);
}
END_TEST

START_TEST(test_export_goes_on)
{
    vpriv_portable_report report;
    vpriv_recording_id ids[6];
    household_give(&h, h.ada, KEEP);
    for (size_t i = 0; i < 6; i++)
        ids[i] = household_quick(&h, h.ada);
    ck_fails(export(0, &report), VPRIV_E_CANCELLED);
    ck_fails(export(3, &report), VPRIV_E_CANCELLED);
    ck_assert_uint_eq(report.n_written, 3);
    ck_assert_int_eq(count("recordings", ".opus"), 3);
    ck_assert_int_eq(count("recordings", ".part"), 0);
    ck_assert_int_eq(count("", "inventory.json"), 0);
    ck_assert_int_eq(n_heard(), 3);
    /* As a killed process leaves it. */
    put("recordings/2026-11-22_08-30-00_00000000000000000000000000000000.opus.part", "half");
    put("inventory.json.part", "half");
    ck_ok(vpriv_vault_erase(h.vault, &ids[0], 1, NULL));
    ck_ok(vpriv_recording_restrict(h.vault, &ids[1], 1, VPRIV_RESTRICTION_DISPUTE, "test", NULL));
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_removed, 2);
    ck_assert_uint_eq(report.n_kept, 1);
    ck_assert_uint_eq(report.n_written, 3);
    ck_assert_uint_eq(report.n_closed, 1);
    ck_assert_int_eq(count("recordings", ".opus"), 4);
    ck_assert_int_eq(count("recordings", ".part") + count("", ".part"), 0);
    ck_assert_int_eq(n_heard(), 6); /* each one once */
}
END_TEST

/* A consent that counts its uses: what was spent on a file keeps the file. */
START_TEST(test_export_with_uses)
{
    vpriv_portable_report report;
    ck_ok(household_give_with(&h, h.ada, KEEP, (vpriv_consent_evidence){.max_uses = 1}));
    household_quick(&h, h.ada);
    household_quick(&h, h.ada);
    ck_fails(export(1, &report), VPRIV_E_CANCELLED);
    ck_assert_uint_eq(report.n_written, 1);
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_kept, 1);
    ck_assert_uint_eq(report.n_closed, 1);
    ck_assert_int_eq(count("recordings", ".opus"), 1);
}
END_TEST

static vpriv_derivative_id derive(
    const vpriv_recording_id *recording, vpriv_derivative_kind kind, vpriv_purpose purpose)
{
    vpriv_derivative_id id;
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = kind,
        .media_type = "text/plain; charset=utf-8",
        .made_by = "ada",
        .purposes = VPRIV_PURPOSE_BIT(purpose)};
    ck_ok(vpriv_derivative_add(h.vault, recording, &about, "lights on", 9, &id));
    return id;
}

static bool count_read(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    *(int *)user += entry->kind == VPRIV_LOG_DERIVATIVE_READ && strcmp(entry->actor, "ada") == 0;
    return true;
}

static int n_read(void)
{
    int n = 0;
    ck_ok(vpriv_vault_log(h.vault, 0, count_read, &n));
    return n;
}

/* What was made for the purpose comes along, through the gate; what was made for others does not. */
START_TEST(test_export_takes_derivatives)
{
    vpriv_portable_report report;
    page *p = calloc(1, sizeof *p);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, VPRIV_PURPOSE_HUMAN_REVIEW);
    const vpriv_recording_id recording = household_quick(&h, h.ada);
    derive(&recording, VPRIV_DERIVATIVE_TRANSCRIPT, KEEP);
    derive(&recording, VPRIV_DERIVATIVE_LABEL, VPRIV_PURPOSE_HUMAN_REVIEW);
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_derivatives, 1);
    ck_assert_uint_eq(report.n_derivatives_closed, 1);
    ck_assert_int_eq(count("derivatives", ".txt"), 1);
    ck_assert_int_eq(count("derivatives", ""), 3); /* itself, its parent and the file */
    ck_assert_int_eq(n_read(), 1);
    ck_ok(vpriv_inventory_json(h.vault, NULL, collect, p));
    json_t *document = parsed(p);
    const json_t *first = json_array_get(json_object_get(document, "recordings"), 0);
    const json_t *made = json_object_get(first, "derivatives"), *item = json_array_get(made, 0);
    ck_assert_uint_eq(json_array_size(made), 2);
    ck_assert_str_eq(json_string_value(json_object_get(item, "kind")), "transcript");
    ck_assert_int_eq(json_integer_value(json_object_get(item, "bytes")), 9);
    const json_t *heard = json_object_get(first, "heard");
    ck_assert_uint_eq(json_array_size(heard), 2);
    ck_assert(json_is_null(json_object_get(json_array_get(heard, 0), "derivative")));
    ck_assert(json_equal(
        json_object_get(json_array_get(heard, 1), "derivative"), json_object_get(item, "id")));
    json_decref(document);
    free(p);
}
END_TEST

START_TEST(test_export_goes_on_with_derivatives)
{
    vpriv_portable_report report;
    vpriv_derivative_id ids[3];
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id first = household_quick(&h, h.ada),
                             second = household_quick(&h, h.ada);
    for (size_t i = 0; i < 3; i++)
        ids[i] = derive(i < 2 ? &first : &second, VPRIV_DERIVATIVE_TRANSCRIPT, KEEP);
    ck_fails(export(1, &report), VPRIV_E_CANCELLED);
    ck_assert_uint_eq(report.n_derivatives, 2);
    ck_ok(vpriv_derivative_erase(h.vault, &ids[0], NULL));
    put("derivatives/2026-11-22_08-30-00_label_00000000000000000000000000000000.txt", "x");
    put("derivatives/2026-11-22_08-30-00_label_00000000000000000000000000000000.txt.part", "x");
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_derivatives, 2);
    ck_assert_uint_eq(report.n_removed, 2);
    ck_assert_uint_eq(report.n_damaged, 0);
    ck_assert_int_eq(count("derivatives", ".txt"), 2);
    ck_assert_int_eq(count("derivatives", ".part"), 0);
    ck_assert_int_eq(n_read(), 3); /* each one once */
}
END_TEST

START_TEST(test_export_of_what_is_closed)
{
    vpriv_portable_report report;
    household_give(&h, h.ada, KEEP);
    household_quick(&h, h.ada);
    household_withdraw(&h, h.ada, KEEP);
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_written, 0);
    ck_assert_uint_eq(report.n_closed, 1);
    ck_assert_int_eq(count("recordings", ".opus"), 0);
    ck_assert_int_eq(n_heard(), 0);
}
END_TEST

START_TEST(test_export_keeps_what_is_whole)
{
    vpriv_portable_report report;
    household_give(&h, h.ada, KEEP);
    household_quick(&h, h.ada);
    household_quick(&h, h.ada);
    household_sql(&h, "UPDATE block SET sealed = zeroblob(length(sealed)) WHERE id >> 24 = 1");
    ck_ok(export(UINT64_MAX, &report));
    ck_assert_uint_eq(report.n_damaged, 1);
    ck_assert_uint_eq(report.n_written, 1);
    ck_assert_int_eq(count("recordings", ".opus"), 1);
    ck_assert_int_eq(count("recordings", ".part"), 0);
}
END_TEST

/* Where the vault is damaged, what was exported before may be the last copy. */
START_TEST(test_export_keeps_the_last_copy)
{
    vpriv_portable_report report;
    household_give(&h, h.ada, KEEP);
    household_quick(&h, h.ada);
    household_quick(&h, h.ada);
    ck_fails(export(1, &report), VPRIV_E_CANCELLED);
    household_sql(&h, "UPDATE recording SET header = zeroblob(length(header)) WHERE id = 1");
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_AUTH);
    ck_assert_uint_eq(report.n_removed, 0);
    ck_assert_int_eq(count("recordings", ".opus"), 1);
}
END_TEST

START_TEST(test_export_takes_no_folder_of_others)
{
    vpriv_portable_report report;
    char path[PATH_BYTES + 64];
    fill();
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    put("holiday.txt", "sun");
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_EXISTS);
    ck_assert_int_eq(count("", ""), 3); /* itself, its parent and the file */
    remove_all(folder);
    /* Of another vault. */
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    put("voicepriv-export.json", "{\"form\": \"voicepriv-export-1\", \"vault\": \"00\"}\n");
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_EXISTS);
    remove_all(folder);
    /* Somebody's file among those of an unfinished one: above it, and inside. */
    ck_fails(export(1, &report), VPRIV_E_CANCELLED);
    put("holiday.txt", "sun");
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_EXISTS);
    snprintf(path, sizeof path, "%s/holiday.txt", folder);
    ck_assert_int_eq(unlink(path), 0);
    put("recordings/holiday.txt", "sun");
    ck_fails(export(UINT64_MAX, &report), VPRIV_E_EXISTS);
    snprintf(path, sizeof path, "%s/recordings/holiday.txt", folder);
    ck_assert_int_eq(unlink(path), 0);
    /* A link that leads elsewhere is not followed. */
    remove_all(folder);
    ck_fails(export(0, &report), VPRIV_E_CANCELLED);
    snprintf(path, sizeof path, "%s/recordings", folder);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(symlink("/tmp", path), 0);
    ck_assert_int_ne((int)export(UINT64_MAX, &report), (int)VPRIV_OK);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(n_heard(), 1);
}
END_TEST

START_TEST(test_export_arguments)
{
    vpriv_portable_report report = {.struct_size = sizeof report};
    vpriv_gate_request other = request;
    vpriv_keyring *part = NULL;
    struct stat info;
    fill();
    ck_ok(vpriv_keyring_split(h.keyring, VPRIV_PURPOSE_BIT(3), &part));
    ck_fails(vpriv_portable_export(h.vault, part, &request, folder, NULL, NULL, &report),
        VPRIV_E_NO_KEY);
    ck_fails(
        vpriv_portable_export(h.vault, NULL, &request, folder, NULL, NULL, &report), VPRIV_E_ARG);
    ck_fails(
        vpriv_portable_export(h.vault, h.keyring, NULL, folder, NULL, NULL, &report), VPRIV_E_ARG);
    other.actor = "";
    ck_fails(vpriv_portable_export(h.vault, h.keyring, &other, folder, NULL, NULL, &report),
        VPRIV_E_ARG);
    ck_fails(
        vpriv_portable_export(h.vault, h.keyring, &request, "/nowhere/at/all", NULL, NULL, &report),
        VPRIV_E_NOT_FOUND);
    report.struct_size = 1;
    ck_fails(vpriv_portable_export(h.vault, h.keyring, &request, folder, NULL, NULL, &report),
        VPRIV_E_ARG);
    ck_assert_int_ne(stat(folder, &info), 0);
    vpriv_keyring_close(part);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inventory");
    TCase *parts = tcase_create("inventory"), *exports = tcase_create("export");
    tcase_add_checked_fixture(parts, set_up, tear_down);
    tcase_add_test(parts, test_json_is_whole_or_fails);
    tcase_add_test(parts, test_empty_vault);
    tcase_add_test(parts, test_every_part_can_stop);
    tcase_add_test(parts, test_changes_meanwhile_are_told);
    tcase_add_loop_test(parts, test_damage_is_told, 0, 9);
    tcase_add_test(parts, test_arguments);
    suite_add_tcase(suite, parts);
    tcase_add_checked_fixture(exports, set_up, tear_down);
    tcase_add_test(exports, test_export);
    tcase_add_test(exports, test_export_goes_on);
    tcase_add_test(exports, test_export_with_uses);
    tcase_add_test(exports, test_export_takes_derivatives);
    tcase_add_test(exports, test_export_goes_on_with_derivatives);
    tcase_add_test(exports, test_export_of_what_is_closed);
    tcase_add_test(exports, test_export_keeps_what_is_whole);
    tcase_add_test(exports, test_export_keeps_the_last_copy);
    tcase_add_test(exports, test_export_takes_no_folder_of_others);
    tcase_add_test(exports, test_export_arguments);
    suite_add_tcase(suite, exports);
    return unit_main(suite);
}
