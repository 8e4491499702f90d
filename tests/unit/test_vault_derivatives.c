/* What is made from a recording is kept with it, read through the gate only, and goes when it goes (S13,
 * S14): by erasure, by the end of a term, by withdrawal, in every old copy too. */
#include "fault/attack.h"
#include "household.h"
#include "vault/subject.h"
#include <sodium.h>
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define LEARN  VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define BIT(p) VPRIV_PURPOSE_BIT(p)

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

static vpriv_derivative about(vpriv_derivative_kind kind, uint32_t purposes)
{
    return (vpriv_derivative){.struct_size = sizeof(vpriv_derivative),
        .kind = kind,
        .media_type = "text/plain",
        .language = "en",
        .made_by = "tester",
        .purposes = purposes};
}

static vpriv_status try_add(
    const vpriv_recording_id *id, uint32_t purposes, vpriv_derivative_id *made_out)
{
    const vpriv_derivative transcript = about(VPRIV_DERIVATIVE_TRANSCRIPT, purposes);
    return vpriv_derivative_add(h.vault, id, &transcript, "lights on", 9, made_out);
}

static vpriv_derivative_id add(const vpriv_recording_id *id, uint32_t purposes)
{
    vpriv_derivative_id made;
    ck_ok(try_add(id, purposes, &made));
    return made;
}

typedef struct text {
    size_t n;
    uint8_t bytes[VPRIV_DERIVATIVE_BYTES_MAX];
} text;
static text got;

static vpriv_status take(void *user, const void *bytes, size_t n_bytes)
{
    text *t = user;
    ck_assert_uint_le(t->n + n_bytes, sizeof t->bytes);
    memcpy(t->bytes + t->n, bytes, n_bytes);
    t->n += n_bytes;
    return VPRIV_OK;
}

static vpriv_status read_for(const vpriv_derivative_id *id, vpriv_purpose purpose)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "test", .reason = "shown"};
    got.n = 0;
    return vpriv_gate_read_derivative(h.vault, h.keyring, id, &request, take, &got);
}

static void ck_reads(const vpriv_derivative_id *id, vpriv_purpose purpose, const char *wanted)
{
    ck_ok(read_for(id, purpose));
    ck_assert_uint_eq(got.n, strlen(wanted));
    ck_assert_mem_eq(got.bytes, wanted, got.n);
}

typedef struct infos {
    size_t n;
    vpriv_derivative_info infos[VPRIV_DERIVATIVES_MAX];
} infos;
static infos listed;

static bool keep_info(void *user, const vpriv_derivative_info *info)
{
    infos *all = user;
    all->infos[all->n++] = *info;
    return true;
}

static vpriv_status list(const vpriv_recording_id *id)
{
    listed.n = 0;
    return vpriv_derivative_list(h.vault, id, keep_info, &listed);
}

static void ck_sound(void)
{
    vpriv_verification looked = {.struct_size = sizeof looked};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &looked));
}

/* With these copies, the files of now, and every secret of now. */
static bool attacker_reads(const char *const *copies, size_t n_copies,
    const vpriv_recording_id *recording, const vpriv_derivative_id *made)
{
    struct attack *attack = attack_create(h.cell->record, h.keyring);
    ck_assert(attack_add_database(attack, h.path));
    for (size_t i = 0; i < n_copies; i++) {
        char path[PATH_BYTES];
        household_file(&h, copies[i], path);
        ck_assert(attack_add_database(attack, path));
    }
    attack_add_root(attack, h.cell->record);
    attack_solve(attack);
    const bool reads = attack_reads(attack, recording->bytes, made->bytes);
    attack_destroy(attack);
    return reads;
}

static const char *const before[] = {"before"};

START_TEST(s13_what_a_reviewer_found_comes_back)
{
    static const struct {
        vpriv_derivative_kind kind;
        const char *media_type, *language, *content;
    } results[] = {{VPRIV_DERIVATIVE_OUTCOME, "text/plain", "", "failed"},
        {VPRIV_DERIVATIVE_TRANSCRIPT, "text/plain", "de", "Licht an, bitte. Größe: 3 €"},
        {VPRIV_DERIVATIVE_LABEL, "application/json", "", "{\"flags\":[\"accidental\",\"child\"]}"}};
    vpriv_derivative_id ids[3];
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (int i = 0; i < 3; i++) {
        vpriv_derivative result = about(results[i].kind, BIT(REVIEW));
        result.media_type = results[i].media_type;
        result.language = results[i].language;
        ck_ok(vpriv_derivative_add(
            h.vault, &id, &result, results[i].content, strlen(results[i].content), &ids[i]));
        household_pass(&h, SECOND_US);
    }
    household_reopen(&h);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 3);
    for (int i = 0; i < 3; i++) {
        const vpriv_derivative_info *info = &listed.infos[i];
        vpriv_derivative_info alone;
        ck_assert_uint_eq(info->struct_size, sizeof *info);
        ck_assert_mem_eq(info->id.bytes, ids[i].bytes, sizeof info->id.bytes);
        ck_assert_mem_eq(info->recording.bytes, id.bytes, sizeof id.bytes);
        ck_assert_int_eq(info->kind, results[i].kind);
        ck_assert_str_eq(info->media_type, results[i].media_type);
        ck_assert_str_eq(info->language, results[i].language);
        ck_assert_str_eq(info->made_by, "tester");
        ck_assert_int_eq(info->made_us, HOUSEHOLD_START_US + i * SECOND_US);
        ck_assert_uint_eq(info->n_bytes, strlen(results[i].content));
        ck_assert_uint_eq(info->purposes, BIT(REVIEW));
        ck_ok(vpriv_derivative_about(h.vault, &ids[i], &alone));
        ck_assert_mem_eq(&alone, info, sizeof alone);
        ck_reads(&ids[i], REVIEW, results[i].content);
    }
    ck_ok(household_hear(&h, &id, KEEP));
    ck_sound();
}
END_TEST

START_TEST(any_length_comes_back_whole_and_lengths_say_little)
{
    static uint8_t bytes[VPRIV_DERIVATIVE_BYTES_MAX + 1];
    static const size_t lengths[] = {1, 4076, 4077, 4078, 8154, 8155, 65536, 1048576};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        vpriv_derivative_id made;
        ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, lengths[i], &made));
        ck_ok(read_for(&made, KEEP));
        ck_assert_uint_eq(got.n, lengths[i]);
        ck_assert_mem_eq(got.bytes, bytes, lengths[i]);
    }
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM derivative WHERE length(sealed) % 4096 <> 0"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(DISTINCT length(sealed)) FROM derivative"
                                         " WHERE id <= 3"),
        1);
    ck_fails(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, NULL), VPRIV_E_LIMIT);
    ck_fails(vpriv_derivative_add(h.vault, &id, &other, bytes, 0, NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(number_is_bounded)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (int i = 0; i < VPRIV_DERIVATIVES_MAX; i++)
        (void)add(&id, BIT(KEEP));
    ck_fails(try_add(&id, BIT(KEEP), NULL), VPRIV_E_LIMIT);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, VPRIV_DERIVATIVES_MAX);
    ck_ok(vpriv_derivative_erase(h.vault, &listed.infos[7].id, NULL));
    ck_ok(try_add(&id, BIT(KEEP), NULL));
}
END_TEST

START_TEST(arguments_are_checked)
{
    const vpriv_recording_id id = household_quick(&h, h.ada), nobody = {{1}};
    const vpriv_derivative_id nothing = {{1}};
    vpriv_derivative_info info;
    vpriv_derivative bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.struct_size = 0;
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about((vpriv_derivative_kind)0, BIT(KEEP));
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about((vpriv_derivative_kind)6, BIT(KEEP));
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, 0);
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.made_by = "";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad.made_by = "two\nlines";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.language = "no language";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    ck_fails(try_add(&nobody, BIT(KEEP), NULL), VPRIV_E_NOT_FOUND);
    ck_fails(list(&nobody), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_derivative_about(h.vault, &nothing, &info), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_derivative_erase(h.vault, &nothing, NULL), VPRIV_E_NOT_FOUND);
    ck_fails(read_for(&nothing, KEEP), VPRIV_E_NOT_FOUND);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 0);
}
END_TEST

START_TEST(s14_erasing_the_recording_erases_what_was_made_from_it)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_derivative_info info;
    const vpriv_recording_id id = household_quick(&h, h.ada), other = household_quick(&h, h.ada);
    const vpriv_derivative_id transcript = add(&id, BIT(KEEP)), label = add(&id, BIT(REVIEW));
    const vpriv_derivative_id kept = add(&other, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_assert(attacker_reads(before, 1, &id, &transcript));
    ck_assert(attacker_reads(before, 1, &id, &label));
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert_uint_eq(receipt.n_derivatives, 2);
    ck_assert(!attacker_reads(before, 1, &id, &transcript));
    ck_assert(!attacker_reads(before, 1, &id, &label));
    ck_assert(attacker_reads(before, 1, &other, &kept));
    ck_fails(read_for(&transcript, KEEP), VPRIV_E_ERASED);
    ck_fails(vpriv_derivative_about(h.vault, &transcript, &info), VPRIV_E_ERASED);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 0);
    /* The ciphertext goes with housekeeping. */
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 1);
    ck_fails(read_for(&transcript, KEEP), VPRIV_E_NOT_FOUND);
    ck_reads(&kept, REVIEW, "lights on");
    ck_sound();
}
END_TEST

/* Of the shelves in a copy, how many open with every secret there is now. */
static int shelves_that_open(const char *copy)
{
    household_attacker attacker;
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    char path[PATH_BYTES];
    int n_opened = 0;
    household_file(&h, copy, path);
    household_attack(&h, copy, &attacker);
    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(database,
            "SELECT recording, name, sealed FROM shelf JOIN recording ON recording.id = recording",
            -1, &row, NULL),
        SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const vpi_place place = {h.vault->vault_id, VPI_COLUMN_SHELF,
            (uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_blob(row, 1),
            VPI_RECORDING_ID_BYTES};
        for (size_t i = 0; i < attacker.n_keys; i++) {
            uint8_t key[VPI_KEY_BYTES], plain[8192];
            size_t n = 0;
            vpi_derive(attacker.keys[i], "derivative: shelf", NULL, 0, key);
            n_opened +=
                vpi_unseal_padded(key, &place, sqlite3_column_blob(row, 2),
                    (size_t)sqlite3_column_bytes(row, 2), plain, sizeof plain, &n) == VPRIV_OK;
        }
    }
    sqlite3_finalize(row);
    sqlite3_close(database);
    household_attack_end(&attacker);
    return n_opened;
}

START_TEST(s14_descriptions_are_gone_too)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    (void)add(&id, BIT(KEEP));
    household_copy(&h, "before");
    ck_assert_int_eq(shelves_that_open("before"), 1);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_assert_int_eq(shelves_that_open("before"), 0);
}
END_TEST

static bool add_up(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    if (entry->kind == VPRIV_LOG_DERIVATIVE_ERASED)
        *(uint64_t *)user += entry->count;
    return true;
}

static uint64_t logged_as_erased(void)
{
    uint64_t n = 0;
    ck_ok(vpriv_vault_log(h.vault, 0, add_up, &n));
    return n;
}

static void ck_refuses(
    const vpriv_recording_id *id, uint32_t purposes, vpriv_status status, const char *cause)
{
    const int64_t n = household_count(&h, "SELECT count(*) FROM derivative");
    const vpriv_status st = try_add(id, purposes, NULL);
    ck_assert_msg(st == status && strstr(vpriv_error_detail(), cause), "%s: %s, not \"%s\"",
        vpriv_status_text(st), vpriv_error_detail(), cause);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), n);
}

START_TEST(s14_adding_is_refused_by_its_cause)
{
    const vpriv_recording_id id = household_quick(&h, h.ada), held = household_quick(&h, h.ada);
    const vpriv_recording_id brief = household_quick_for(&h, h.ada, VPRIV_RETENTION_48_HOURS);
    vpriv_recording_id on_trial;
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = household_request(h.ada);
    static const uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_refuses(&id, BIT(KEEP), VPRIV_E_ERASED, "erased");
    ck_ok(
        vpriv_recording_restrict(h.vault, &held, 1, VPRIV_RESTRICTION_DISPUTE, "ada", "not mine"));
    ck_refuses(&held, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RECORDING_RESTRICTED));
    ck_ok(vpriv_recording_lift(h.vault, &held, 1, "ada", "settled"));
    ck_ok(try_add(&held, BIT(KEEP), NULL));
    /* Not consented to by everybody, or not wrapped. */
    ck_refuses(&held, BIT(KEEP) | BIT(LEARN), VPRIV_E_CONSENT, vpriv_purpose_name(LEARN));
    household_give(&h, h.ada, LEARN);
    ck_refuses(&held, BIT(LEARN), VPRIV_E_CONSENT, vpriv_purpose_name(LEARN));
    household_withdraw(&h, h.ada, REVIEW);
    ck_refuses(&held, BIT(REVIEW), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_CONSENT_WITHDRAWN));
    ck_ok(vpriv_purpose_pause(h.vault, BIT(KEEP), "owner", "holiday"));
    ck_refuses(&held, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_PAUSED));
    ck_ok(vpriv_purpose_resume(h.vault, BIT(KEEP), "owner", "back"));
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    memcpy(on_trial.bytes, vpi_sealer_recording_id(sealer), sizeof on_trial.bytes);
    const int64_t n_provisional =
        household_count(&h, "SELECT count(*) FROM recording WHERE state = 1");
    ck_assert_int_eq(n_provisional, 1);
    ck_refuses(
        &on_trial, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RECORDING_PROVISIONAL));
    vpi_sealer_destroy(sealer);
    household_pass(&h, 2 * DAY_US);
    ck_refuses(&brief, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_RETENTION_OVER));
    ck_sound();
}
END_TEST

START_TEST(s14_withdrawing_a_purpose_closes_what_was_made_for_it)
{
    uint64_t n_left = 1;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_derivative_id for_both[3], for_review[3];
    vpriv_recording_id ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = household_quick(&h, h.ada);
        for_both[i] = add(&ids[i], BIT(KEEP) | BIT(REVIEW));
        for_review[i] = add(&ids[i], BIT(REVIEW));
        ck_reads(&for_both[i], REVIEW, "lights on");
        ck_reads(&for_review[i], REVIEW, "lights on");
    }
    household_copy(&h, "before");
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, REVIEW, NULL, &receipt));
    /* One key, whatever the number. */
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    for (int i = 0; i < 3; i++) {
        ck_fails(read_for(&for_both[i], REVIEW), VPRIV_E_CONSENT);
        ck_fails(read_for(&for_review[i], REVIEW), VPRIV_E_CONSENT);
        ck_reads(&for_both[i], KEEP, "lights on");
        ck_assert(!attacker_reads(before, 1, &ids[i], &for_review[i]));
        ck_assert(attacker_reads(before, 1, &ids[i], &for_both[i]));
    }
    /* Given again, it is another consent. */
    household_give(&h, h.ada, REVIEW);
    ck_fails(read_for(&for_review[0], REVIEW), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &ids[0], &for_review[0]));
    /* Housekeeping takes those that nothing is left for, with what describes them. */
    ck_assert_int_eq(shelves_that_open("before"), 3);
    ck_ok(vpriv_vault_tidy(h.vault, 100, &n_left));
    ck_assert_uint_eq(n_left, 0);
    ck_assert_int_eq(shelves_that_open("before"), 0);
    ck_assert_uint_eq(logged_as_erased(), 3);
    for (int i = 0; i < 3; i++) {
        ck_ok(list(&ids[i]));
        ck_assert_uint_eq(listed.n, 1);
        ck_assert_mem_eq(listed.infos[0].id.bytes, for_both[i].bytes, sizeof for_both[i].bytes);
        ck_assert_uint_eq(listed.infos[0].purposes, BIT(KEEP));
        ck_reads(&for_both[i], KEEP, "lights on");
        ck_ok(household_hear(&h, &ids[i], KEEP));
        ck_assert(attacker_reads(before, 1, &ids[i], &for_both[i]));
        ck_fails(read_for(&for_review[i], REVIEW), VPRIV_E_NOT_FOUND);
    }
    ck_sound();
}
END_TEST

static vpriv_recording_id record_both(void)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(h.ada);
    request.optional = BIT(REVIEW);
    request.tag.n_subjects = 2;
    const bool ada_first = memcmp(h.ada, h.bob, sizeof h.ada) < 0;
    memcpy(request.tag.subjects[0], ada_first ? h.ada : h.bob, sizeof h.ada);
    memcpy(request.tag.subjects[1], ada_first ? h.bob : h.ada, sizeof h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(sealer);
    return id;
}

START_TEST(s14_two_speakers_must_both_consent)
{
    const vpriv_recording_id id = record_both();
    ck_refuses(&id, BIT(REVIEW), VPRIV_E_CONSENT, vpriv_purpose_name(REVIEW)); /* Bob did not */
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_reads(&made, KEEP, "lights on");
    household_withdraw(&h, h.bob, KEEP);
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_refuses(&id, BIT(KEEP), VPRIV_E_CONSENT, vpriv_deny_text(VPRIV_DENY_CONSENT_WITHDRAWN));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM shelf"), 0);
    ck_sound();
}
END_TEST

/* Somebody who is noticed afterwards takes from what was made what they take from the sound. */
START_TEST(s14_a_later_speaker_narrows_it_too)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "house", .covers_past = true};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id for_both = add(&id, BIT(KEEP) | BIT(REVIEW));
    const vpriv_derivative_id for_review = add(&id, BIT(REVIEW));
    household_copy(&h, "before");
    household_pass(&h, SECOND_US);
    household_withdraw(&h, h.bob, KEEP);
    ck_ok(vpriv_consent_give(h.vault, h.bob, KEEP, &past, NULL));
    ck_ok(vpriv_recording_add_speaker(h.vault, &id, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL));
    ck_reads(&for_both, KEEP, "lights on");
    ck_fails(read_for(&for_both, REVIEW), VPRIV_E_CONSENT);
    ck_fails(read_for(&for_review, REVIEW), VPRIV_E_NOT_FOUND);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_assert(!attacker_reads(before, 1, &id, &for_review));
    ck_assert(attacker_reads(before, 1, &id, &for_both));
    household_withdraw(&h, h.bob, KEEP);
    ck_fails(read_for(&for_both, KEEP), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &id, &for_both));
    ck_sound();
}
END_TEST

/* Consent for the past opens the sound again, not what was made under the consent that was withdrawn. */
START_TEST(s14_a_consent_for_the_past_does_not_bring_it_back)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "house", .covers_past = true};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(REVIEW));
    household_pass(&h, SECOND_US);
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(vpriv_consent_give(h.vault, h.ada, REVIEW, &past, NULL));
    ck_ok(vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, NULL));
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
    const vpriv_derivative_id again = add(&id, BIT(REVIEW));
    ck_reads(&again, REVIEW, "lights on");
    ck_sound();
}
END_TEST

START_TEST(s14_the_end_of_a_term_ends_it_too)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpriv_consent_evidence brief = {
        .struct_size = sizeof brief, .notice_id = "history", .retention = "P2D"};
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(household_give_with(&h, h.ada, REVIEW, brief));
    const vpriv_recording_id short_lived = household_quick_for(&h, h.ada, VPRIV_RETENTION_72_HOURS);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id gone = add(&short_lived, BIT(KEEP));
    const vpriv_derivative_id label = add(&id, BIT(REVIEW)),
                              both = add(&id, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_assert(attacker_reads(before, 1, &id, &label));
    household_pass(&h, DAY_US);
    ck_reads(&label, REVIEW, "lights on");
    for (int i = 0; i < 3; i++) {
        household_pass(&h, DAY_US);
        ck_ok(vpriv_retention_trust_clock(h.vault, "owner"));
        ck_ok(vpriv_retention_run(h.vault, 60000, &report));
        ck_assert(report.is_done);
    }
    ck_fails(read_for(&gone, KEEP), VPRIV_E_ERASED);
    ck_assert(!attacker_reads(before, 1, &short_lived, &gone));
    /* Of the other one a purpose has ended: what was made for nothing else is gone with its entry. */
    ck_fails(read_for(&label, REVIEW), VPRIV_E_NOT_FOUND);
    ck_fails(read_for(&both, REVIEW), VPRIV_E_CONSENT);
    ck_assert(!attacker_reads(before, 1, &id, &label));
    ck_reads(&both, KEEP, "lights on");
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_assert_uint_eq(listed.infos[0].purposes, BIT(KEEP));
    ck_sound();
}
END_TEST

START_TEST(s14_erasing_a_person_or_all_takes_it)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_recording_id adas = household_quick(&h, h.ada), bobs = household_quick(&h, h.bob);
    const vpriv_derivative_id a = add(&adas, BIT(KEEP)), b = add(&bobs, BIT(KEEP));
    household_copy(&h, "before");
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert(!attacker_reads(before, 1, &adas, &a));
    ck_fails(read_for(&a, KEEP), VPRIV_E_ERASED);
    ck_reads(&b, KEEP, "lights on");
    receipt = (vpriv_receipt){.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert(!attacker_reads(before, 1, &bobs, &b));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_sound();
}
END_TEST

START_TEST(one_is_erased_and_the_rest_stays)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id first = add(&id, BIT(KEEP)),
                              second = add(&id, BIT(KEEP) | BIT(REVIEW));
    household_copy(&h, "before");
    ck_ok(vpriv_derivative_erase(h.vault, &first, &receipt));
    ck_assert_int_eq(receipt.kind, VPRIV_LOG_DERIVATIVE_ERASED);
    ck_assert_uint_eq(receipt.n_recordings, 0);
    ck_assert_uint_eq(receipt.n_derivatives, 1);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    ck_assert(!attacker_reads(before, 1, &id, &first));
    ck_assert(attacker_reads(before, 1, &id, &second));
    ck_fails(read_for(&first, KEEP), VPRIV_E_NOT_FOUND);
    ck_reads(&second, KEEP, "lights on");
    ck_reads(&second, REVIEW, "lights on");
    ck_ok(household_hear(&h, &id, KEEP));
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 1);
    ck_ok(vpriv_derivative_erase(h.vault, &second, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM shelf"), 0);
    ck_ok(household_hear(&h, &id, KEEP));
    ck_sound();
}
END_TEST

START_TEST(what_is_set_aside_is_shut_and_a_hold_keeps_it)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_ok(
        vpriv_recording_restrict(h.vault, &id, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", "case 7"));
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_fails(vpriv_derivative_erase(h.vault, &made, NULL), VPRIV_E_STATE);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 1);
    ck_ok(vpriv_recording_lift(h.vault, &id, 1, "court", "over"));
    ck_reads(&made, KEEP, "lights on");
    ck_ok(vpriv_derivative_erase(h.vault, &made, NULL));
    ck_sound();
}
END_TEST

/* ---- The gate ---- */

typedef struct heard {
    int n;
    uint64_t indexes[16];
    vpriv_log_entry entries[16];
} heard;

static bool take_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    heard *all = user;
    ck_assert_int_lt(all->n, 16);
    all->indexes[all->n] = index;
    all->entries[all->n++] = *entry;
    return true;
}

START_TEST(a_pause_shuts_it_until_it_ends)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP) | BIT(REVIEW));
    ck_ok(vpriv_purpose_pause(h.vault, BIT(KEEP), "owner", "holiday"));
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_assert_uint_eq(got.n, 0);
    ck_reads(&made, REVIEW, "lights on");
    ck_ok(vpriv_purpose_resume(h.vault, BIT(KEEP), "owner", NULL));
    ck_reads(&made, KEEP, "lights on");
}
END_TEST

START_TEST(wrong_purpose_is_refused_and_logged)
{
    heard all = {0};
    uint8_t hash[32];
    vpriv_keyring *part = NULL;
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    /* The recording itself is open for it. */
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
    ck_reads(&made, KEEP, "lights on");
    ck_ok(vpriv_keyring_split(h.keyring, BIT(REVIEW), &part));
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "reviewer"};
    got.n = 0;
    ck_fails(
        vpriv_gate_read_derivative(h.vault, part, &made, &request, take, &got), VPRIV_E_NO_KEY);
    ck_assert_uint_eq(got.n, 0);
    vpriv_keyring_close(part);
    ck_ok(vpriv_gate_who_heard(h.vault, &id, take_entry, &all));
    ck_assert_int_eq(all.n, 4);
    crypto_hash_sha256(hash, made.bytes, sizeof made.bytes);
    static const vpriv_log_kind kinds[] = {VPRIV_LOG_ACCESS_GRANTED, VPRIV_LOG_DERIVATIVE_REFUSED,
        VPRIV_LOG_DERIVATIVE_READ, VPRIV_LOG_DERIVATIVE_REFUSED};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(all.entries[i].kind, kinds[i]);
        ck_assert_mem_eq(all.entries[i].recording, id.bytes, sizeof id.bytes);
        if (i > 0)
            ck_assert_mem_eq(all.entries[i].detail_hash, hash, sizeof hash);
    }
    ck_assert_uint_eq(all.entries[1].deny_reasons, VPRIV_DENY_CONSENT_MISSING);
    ck_assert_str_eq(all.entries[2].reason, "shown");
    ck_assert_str_eq(all.entries[2].actor, "test");
    /* The list cannot be thinned out. */
    household_sql(
        &h, "UPDATE log_payload SET tag = NULL WHERE id = (SELECT max(id) FROM log_payload)");
    ck_fails(vpriv_gate_who_heard(h.vault, &id, take_entry, &all), VPRIV_E_AUTH);
}
END_TEST

typedef struct early {
    uint64_t size_before;
    uint64_t size_during;
    int n;
} early;

static vpriv_status look_at_log(void *user, const void *bytes, size_t n_bytes)
{
    early *seen = user;
    vpriv_vault_info info = {.struct_size = sizeof info};
    vpriv_vault *other = NULL;
    (void)bytes;
    (void)n_bytes;
    /* As another process sees it, on the disk, before anything was given out. */
    ck_ok(household_open_vault(&h, h.path, &other));
    ck_ok(vpriv_vault_about(other, &info));
    vpriv_vault_close(other);
    seen->size_during = info.log_size;
    seen->n++;
    return VPRIV_E_CANCELLED;
}

START_TEST(nothing_is_read_off_the_record)
{
    early seen = {0};
    vpriv_vault_info info = {.struct_size = sizeof info};
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_ok(vpriv_vault_about(h.vault, &info));
    seen.size_before = info.log_size;
    ck_fails(vpriv_gate_read_derivative(h.vault, h.keyring, &made, &request, look_at_log, &seen),
        VPRIV_E_CANCELLED);
    ck_assert_int_eq(seen.n, 1);
    ck_assert_uint_eq(seen.size_during, seen.size_before + 1);
    /* Where the log cannot be written nothing opens. */
    household_sql(&h, "DELETE FROM state WHERE id = 2");
    got.n = 0;
    const vpriv_status st =
        vpriv_gate_read_derivative(h.vault, h.keyring, &made, &request, take, &got);
    ck_assert(st != VPRIV_OK);
    ck_assert_uint_eq(got.n, 0);
}
END_TEST

START_TEST(uses_that_are_counted_are_spent)
{
    vpriv_consent_evidence twice = {
        .struct_size = sizeof twice, .notice_id = "history", .max_uses = 2};
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(household_give_with(&h, h.ada, REVIEW, twice));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(REVIEW));
    ck_reads(&made, REVIEW, "lights on");
    ck_reads(&made, REVIEW, "lights on");
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
}
END_TEST

/* ---- Tampering ---- */

static void ck_tampered(const char *sql, const vpriv_derivative_id *made)
{
    char command[5 * PATH_BYTES], good[PATH_BYTES];
    vpriv_verification looked = {.struct_size = sizeof looked};
    household_sql(&h, sql);
    household_reopen(&h);
    got.n = 0;
    const vpriv_status st = read_for(made, KEEP);
    ck_assert_msg(st == VPRIV_E_AUTH, "%s: %s", sql, vpriv_status_text(st));
    const vpriv_status verified = vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &looked);
    ck_assert_msg(verified == VPRIV_E_AUTH, "%s: verify: %s", sql, vpriv_status_text(verified));
    vpriv_vault_close(h.vault);
    household_file(&h, "good", good);
    snprintf(
        command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", good, h.path, h.path, h.path);
    ck_assert_int_eq(system(command), 0);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
}

START_TEST(whatever_is_done_to_the_rows_is_noticed)
{
    static uint8_t bytes[9000];
    vpriv_derivative_id made, same;
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    const vpriv_recording_id id = household_quick(&h, h.ada), next = household_quick(&h, h.ada);
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &made)); /* row 1 */
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &same)); /* row 2 */
    (void)add(&next, BIT(KEEP));                                                   /* row 3 */
    household_reopen(&h);
    vpriv_vault_close(h.vault);
    household_copy(&h, "good");
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    static const char *const everything[] = {
        /* Of one recording's, the content of another; all blocks, or one. */
        "UPDATE derivative SET sealed = (SELECT sealed FROM derivative WHERE id = 2) WHERE id = 1",
        "UPDATE derivative SET sealed = CAST(substr(sealed, 1, 4096) ||"
        " (SELECT substr(sealed, 4097) FROM derivative WHERE id = 2) AS BLOB) WHERE id = 1",
        /* Blocks in another order, twice, one short, one more, a byte short. */
        "UPDATE derivative SET sealed = CAST(substr(sealed, 4097, 4096) ||"
        " substr(sealed, 1, 4096) || substr(sealed, 8193) AS BLOB) WHERE id = 1",
        "UPDATE derivative SET sealed = substr(sealed, 1, 8192) WHERE id = 1",
        "UPDATE derivative SET sealed = CAST(sealed || substr(sealed, 1, 4096) AS BLOB)"
        " WHERE id = 1",
        "UPDATE derivative SET sealed = substr(sealed, 1, 12287) WHERE id = 1",
        "UPDATE derivative SET sealed = x'' WHERE id = 1",
        "UPDATE derivative SET recording = 2 WHERE id = 1", /* moved to another recording */
        /* Shelves exchanged, gone, or of the other. */
        "UPDATE shelf SET sealed = (SELECT sealed FROM shelf WHERE recording = 2)"
        " WHERE recording = 1",
        "DELETE FROM shelf WHERE recording = 1",
        "DELETE FROM derivative WHERE id = 2",
        "INSERT INTO derivative(name, recording, sealed) VALUES (x'01', 1, x'00')",
    };
    for (size_t i = 0; i < sizeof everything / sizeof everything[0]; i++)
        ck_tampered(everything[i], &made);
    /* A derivative under the name of another one is neither. */
    household_sql(&h,
        "CREATE TEMP TABLE n AS SELECT id, name FROM derivative;"
        "UPDATE derivative SET name = x'00' WHERE id = 1;"
        "UPDATE derivative SET name = (SELECT name FROM n WHERE id = 1) WHERE id = 2;"
        "UPDATE derivative SET name = (SELECT name FROM n WHERE id = 2) WHERE id = 1");
    ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
    ck_fails(read_for(&same, KEEP), VPRIV_E_AUTH);
}
END_TEST

static void flip(const char *table, const char *where, int at, int bit)
{
    char sql[400];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT sealed FROM %s WHERE %s", table, where);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int n = sqlite3_column_bytes(statement, 0);
    uint8_t *bytes = malloc((size_t)n);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, sqlite3_column_blob(statement, 0), (size_t)n);
    sqlite3_finalize(statement);
    bytes[at % n] ^= (uint8_t)(1 << bit);
    snprintf(sql, sizeof sql, "UPDATE %s SET sealed = ?1 WHERE %s", table, where);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_blob(statement, 1, bytes, n, SQLITE_TRANSIENT);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    free(bytes);
}

START_TEST(a_flipped_bit_is_noticed)
{
    static uint8_t bytes[9000];
    vpriv_derivative_id made;
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &made));
    for (int at = 0; at < 3 * 4096; at += at % 4096 < 4 || at % 4096 > 4090 ? 1 : 409) {
        flip("derivative", "id = 1", at, at % 8);
        ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
        flip("derivative", "id = 1", at, at % 8);
    }
    for (int at = 0; at < 600; at += at < 30 ? 1 : 37) {
        flip("shelf", "recording = 1", at, at % 8);
        ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
        ck_fails(list(&id), VPRIV_E_AUTH);
        ck_fails(try_add(&id, BIT(KEEP), NULL), VPRIV_E_AUTH);
        flip("shelf", "recording = 1", at, at % 8);
    }
    ck_ok(read_for(&made, KEEP));
    ck_ok(household_hear(&h, &id, KEEP));
    /* Damage does not keep a recording, or what was made from it, alive. */
    flip("shelf", "recording = 1", 99, 0);
    flip("derivative", "id = 1", 99, 0);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_sound();
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("vault: derivatives");
    TCase *tcase = tcase_create("life");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, s13_what_a_reviewer_found_comes_back);
    tcase_add_test(tcase, any_length_comes_back_whole_and_lengths_say_little);
    tcase_add_test(tcase, number_is_bounded);
    tcase_add_test(tcase, arguments_are_checked);
    tcase_add_test(tcase, s14_erasing_the_recording_erases_what_was_made_from_it);
    tcase_add_test(tcase, s14_descriptions_are_gone_too);
    tcase_add_test(tcase, s14_adding_is_refused_by_its_cause);
    tcase_add_test(tcase, s14_withdrawing_a_purpose_closes_what_was_made_for_it);
    tcase_add_test(tcase, s14_two_speakers_must_both_consent);
    tcase_add_test(tcase, s14_a_later_speaker_narrows_it_too);
    tcase_add_test(tcase, s14_a_consent_for_the_past_does_not_bring_it_back);
    tcase_add_test(tcase, s14_the_end_of_a_term_ends_it_too);
    tcase_add_test(tcase, s14_erasing_a_person_or_all_takes_it);
    tcase_add_test(tcase, one_is_erased_and_the_rest_stays);
    tcase_add_test(tcase, what_is_set_aside_is_shut_and_a_hold_keeps_it);
    tcase_add_test(tcase, a_pause_shuts_it_until_it_ends);
    tcase_add_test(tcase, wrong_purpose_is_refused_and_logged);
    tcase_add_test(tcase, nothing_is_read_off_the_record);
    tcase_add_test(tcase, uses_that_are_counted_are_spent);
    tcase_add_test(tcase, whatever_is_done_to_the_rows_is_noticed);
    tcase_add_test(tcase, a_flipped_bit_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return unit_main(suite());
}
