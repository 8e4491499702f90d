/* Somebody else speaks in a stored recording: it opens for less than before or the same, never for more, and so do
 * old copies of the file. */
#include "household.h"
#include "vault/amend.h"
#include "vault/header.h"
#include <stdio.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW  VPRIV_PURPOSE_HUMAN_REVIEW
#define IMPROVE VPRIV_PURPOSE_IMPROVE_BY_MACHINE

static household h;
static vpriv_recording_id taken; /* of Ada, for KEEP, REVIEW and IMPROVE */

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.ada, IMPROVE);
    household_pass(&h, SECOND_US);
    taken = household_quick(&h, h.ada);
    household_pass(&h, SECOND_US);
}

static void tear_down(void)
{
    household_close(&h);
}

static void give(const uint8_t *subject, vpriv_purpose purpose, bool covers_past)
{
    ck_ok(household_give_with(
        &h, subject, purpose, (vpriv_consent_evidence){.covers_past = covers_past}));
}

static vpriv_status try_add(const uint8_t *subject, vpriv_subject_class subject_class)
{
    return vpriv_recording_add_speaker(h.vault, &taken, subject, subject_class, "ada", NULL, NULL);
}

static vpriv_receipt add(const uint8_t *subject)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_recording_add_speaker(
        h.vault, &taken, subject, VPRIV_SUBJECT_USER, "ada", "heard him", &receipt));
    return receipt;
}

static vpriv_recording_info about(void)
{
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, &taken, &info));
    return info;
}

static uint32_t open_for(void)
{
    static const vpriv_purpose all[] = {KEEP, REVIEW, IMPROVE};
    uint32_t open = 0;
    for (size_t i = 0; i < 3; i++)
        if (household_hear(&h, &taken, all[i]) == VPRIV_OK)
            open |= VPRIV_PURPOSE_BIT(all[i]);
    return open;
}

static void ck_well(void)
{
    vpriv_verification verified = {.struct_size = sizeof verified};
    const vpriv_inventory_visitor visitor = {.struct_size = sizeof visitor};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    ck_ok(vpriv_inventory(h.vault, NULL, &visitor, NULL, NULL)); /* accounts for every key */
}

/* Which purposes the wraps are there for, whatever anybody consents to. */
static uint32_t wrapped(void)
{
    return about().purposes;
}

/* Every mask of Bob's consents: what is left is what both allow. 0: for the past; 1: before it was recorded; 2: later,
 * and not for the past. */
START_TEST(what_is_left_is_what_both_allow)
{
    static const vpriv_purpose all[] = {KEEP, REVIEW, IMPROVE};
    const int mask = _i % 8, when = _i / 8;
    uint32_t both = 0;
    for (int i = 0; i < 3; i++)
        if (mask >> i & 1 && when != 1)
            give(h.bob, all[i], when == 0);
        else if (mask >> i & 1)
            household_give(&h, h.bob, all[i]);
    if (when == 1) {
        household_pass(&h, SECOND_US);
        taken = household_quick(&h, h.ada);
        household_pass(&h, SECOND_US);
    }
    for (int i = 0; i < 3; i++)
        both |= mask >> i & 1 && when != 2 ? VPRIV_PURPOSE_BIT(all[i]) : 0;
    const vpriv_receipt receipt = add(h.bob);
    ck_assert_int_eq(receipt.kind, both ? VPRIV_LOG_SPEAKER_ADDED : VPRIV_LOG_ERASURE);
    ck_assert_uint_eq(receipt.n_recordings, both ? 0 : 1);
    ck_assert_uint_eq(receipt.generation_after, receipt.generation_before + 1);
    ck_assert_uint_eq(open_for(), both);
    ck_assert_int_eq(about().state, both ? VPRIV_RECORDING_COMMITTED : VPRIV_RECORDING_SHREDDED);
    ck_assert_uint_eq(wrapped(), both);
    household_reopen(&h);
    ck_assert_uint_eq(open_for(), both);
    ck_well();
}
END_TEST

START_TEST(a_speaker_nobody_knows_allows_nothing)
{
    static const vpriv_subject_class classes[] = {
        VPRIV_SUBJECT_UNKNOWN, VPRIV_SUBJECT_GUEST, VPRIV_SUBJECT_BYSTANDER};
    uint8_t shred_key[VPI_KEY_BYTES];
    household_attacker attacker;
    household_shred_key(&h, &taken, shred_key);
    household_copy(&h, "old.vault");
    ck_ok(try_add(NULL, classes[_i]));
    ck_assert_int_eq(about().state, VPRIV_RECORDING_SHREDDED);
    ck_fails(household_hear(&h, &taken, KEEP), VPRIV_E_ERASED);
    ck_fails(try_add(NULL, classes[_i]), VPRIV_E_ERASED);
    household_attack(&h, "old.vault", &attacker);
    ck_assert(!household_knows(&attacker, shred_key));
    household_attack_end(&attacker);
    ck_well();
}
END_TEST

/* A guest who is a person of this vault may say what they like: guests allow nothing. */
START_TEST(a_known_guest_allows_nothing)
{
    uint8_t cyd[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_GUEST, "Cyd", NULL, cyd));
    give(cyd, KEEP, true);
    ck_assert_int_eq(add(cyd).kind, VPRIV_LOG_ERASURE);
    ck_well();
}
END_TEST

/* What the attacker of the tests can open with every key there is: the row of wraps in an old copy. */
static bool opens_wraps(const household_attacker *attacker, const char *name)
{
    char path[PATH_BYTES];
    sqlite3 *database = NULL;
    sqlite3_stmt *row = NULL;
    uint8_t plain[16384];
    size_t n_plain = 0;
    bool opened = false;
    household_file(&h, name, path);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(database, "SELECT recording, sealed FROM wrap", -1, &row, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    const vpi_place place = {
        h.vault->vault_id, VPI_COLUMN_WRAPS, (uint64_t)sqlite3_column_int64(row, 0), NULL, 0};
    for (size_t i = 0; i < attacker->n_keys && !opened; i++) {
        uint8_t key[VPI_KEY_BYTES];
        vpi_derive(attacker->keys[i], "recording: wraps", NULL, 0, key);
        opened =
            vpi_unseal_padded(key, &place, sqlite3_column_blob(row, 1),
                (size_t)sqlite3_column_bytes(row, 1), plain, sizeof plain, &n_plain) == VPRIV_OK;
    }
    sqlite3_finalize(row);
    sqlite3_close(database);
    return opened;
}

/* With every secret of now, the keys of all purposes too, an old copy gives nothing of the old wraps; before the call
 * it would have. */
START_TEST(old_copies_open_for_no_more)
{
    uint8_t before[VPI_KEY_BYTES], after[VPI_KEY_BYTES];
    household_attacker attacker;
    give(h.bob, KEEP, true);
    household_shred_key(&h, &taken, before);
    household_copy(&h, "old.vault");
    household_attack(&h, "old.vault", &attacker);
    ck_assert(household_knows(&attacker, before) && opens_wraps(&attacker, "old.vault"));
    household_attack_end(&attacker);
    ck_assert_int_eq(add(h.bob).kind, VPRIV_LOG_SPEAKER_ADDED);
    household_shred_key(&h, &taken, after);
    ck_assert_mem_ne(before, after, sizeof before);
    household_attack(&h, "old.vault", &attacker);
    ck_assert(!household_knows(&attacker, before));
    ck_assert(!opens_wraps(&attacker, "old.vault"));
    household_attack_end(&attacker);
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP));
}
END_TEST

/* From then on it takes both: either of them closes it. */
START_TEST(either_of_them_withdraws)
{
    give(h.bob, KEEP, true);
    give(h.bob, REVIEW, true);
    add(h.bob);
    household_withdraw(&h, _i ? h.ada : h.bob, REVIEW);
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP));
    household_withdraw(&h, _i ? h.ada : h.bob, KEEP);
    ck_assert_uint_eq(open_for(), 0);
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(about().state, VPRIV_RECORDING_SHREDDED);
    ck_well();
}
END_TEST

static bool count_one(void *user, const vpriv_recording_info *info)
{
    ck_assert_mem_eq(&info->id, &taken, sizeof taken);
    ++*(int *)user;
    return true;
}

static bool note_speaker(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    if (entry->kind == VPRIV_LOG_SPEAKER_ADDED)
        *(vpriv_log_entry *)user = *entry;
    return true;
}

START_TEST(it_is_theirs_to_see_and_to_erase)
{
    const vpriv_recording_filter bobs = {.struct_size = sizeof bobs, .subject = h.bob};
    vpriv_log_entry entry = {0};
    vpriv_receipt erased = {.struct_size = sizeof erased};
    int n = 0;
    give(h.bob, KEEP, true);
    add(h.bob);
    ck_ok(vpriv_recording_list(h.vault, &bobs, count_one, &n));
    ck_assert_int_eq(n, 1);
    const vpriv_recording_info info = about();
    ck_assert_uint_eq(info.n_subjects, 2);
    ck_assert_uint_eq(info.n_added, 1);
    ck_assert_mem_eq(info.subjects[1], h.bob, sizeof h.bob);
    ck_ok(vpriv_vault_log(h.vault, 0, note_speaker, &entry));
    ck_assert_mem_eq(entry.subject, h.bob, sizeof h.bob);
    ck_assert_mem_eq(entry.recording, &taken, sizeof taken);
    ck_assert_str_eq(entry.actor, "ada");
    ck_assert_str_eq(entry.reason, "heard him");
    ck_assert_uint_eq(entry.count, 2);
    ck_fails(try_add(h.bob, VPRIV_SUBJECT_USER), VPRIV_E_EXISTS);
    ck_fails(try_add(h.ada, VPRIV_SUBJECT_USER), VPRIV_E_EXISTS);
    ck_ok(vpriv_subject_erase(h.vault, h.bob, &erased));
    ck_assert_uint_eq(erased.n_recordings, 1);
    ck_assert_int_eq(about().state, VPRIV_RECORDING_SHREDDED);
    /* What the log said of it was about both, and opens for neither alone. */
    entry.kind = VPRIV_LOG_UNKNOWN;
    ck_ok(vpriv_vault_log(h.vault, 0, note_speaker, &entry));
    ck_assert_int_eq(entry.kind, VPRIV_LOG_UNKNOWN);
    ck_well();
}
END_TEST

/* The tag speaks of one person, and the sound is bound to it; other things are done to the recording as ever. */
START_TEST(the_rest_goes_on_as_ever)
{
    give(h.bob, KEEP, true);
    give(h.bob, IMPROVE, true);
    add(h.bob);
    ck_ok(vpriv_recording_restrict(h.vault, &taken, 1, VPRIV_RESTRICTION_DISPUTE, "bob", "not me"));
    ck_assert_uint_eq(open_for(), 0);
    ck_well();
    ck_ok(vpriv_recording_lift(h.vault, &taken, 1, "bob", NULL));
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(IMPROVE));
    /* A later consent of both opens it for review again. */
    vpriv_past_report report = {.struct_size = sizeof report};
    household_withdraw(&h, h.ada, REVIEW);
    household_pass(&h, SECOND_US);
    give(h.ada, REVIEW, true);
    ck_ok(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, REVIEW, "ada", NULL, NULL, &report));
    ck_assert_uint_eq(report.n_other_speaker, 1);
    give(h.bob, REVIEW, true);
    ck_ok(
        vpriv_consent_apply_to_past(h.vault, h.keyring, h.bob, REVIEW, "bob", NULL, NULL, &report));
    ck_assert_uint_eq(report.n_opened, 1);
    ck_assert_uint_eq(open_for(),
        VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(IMPROVE) | VPRIV_PURPOSE_BIT(REVIEW));
    ck_well();
}
END_TEST

/* Terms: the shorter of both counts, for each purpose and for the whole. */
START_TEST(terms_become_the_shorter_ones)
{
    const vpriv_consent_evidence days10 = {.covers_past = true, .retention = "P10D"};
    const vpriv_consent_evidence days20 = {.covers_past = true, .retention = "P20D"};
    ck_ok(household_give_with(&h, h.bob, KEEP, days20));
    ck_ok(household_give_with(&h, h.bob, REVIEW, days10));
    add(h.bob);
    ck_assert_int_eq(about().expires_us - about().started_us, 20 * DAY_US);
    household_pass(&h, 11 * DAY_US);
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP));
    vpriv_retention_report done = {.struct_size = sizeof done};
    ck_ok(vpriv_retention_trust_clock(h.vault, "ada"));
    ck_ok(vpriv_retention_run(h.vault, 1000, &done));
    ck_assert_uint_eq(done.n_narrowed, 1);
    ck_assert_uint_eq(wrapped(), VPRIV_PURPOSE_BIT(KEEP));
    ck_well();
    household_pass(&h, 10 * DAY_US);
    ck_ok(vpriv_retention_trust_clock(h.vault, "ada"));
    ck_ok(vpriv_retention_run(h.vault, 1000, &done));
    ck_assert_uint_eq(done.n_expired, 1);
    ck_well();
}
END_TEST

/* Bob's term was over before he was noticed. */
START_TEST(a_term_that_is_over_allows_nothing)
{
    household_pass(&h, 3 * DAY_US);
    ck_ok(household_give_with(
        &h, h.bob, KEEP, (vpriv_consent_evidence){.covers_past = true, .retention = "48h"}));
    ck_assert_int_eq(add(h.bob).kind, VPRIV_LOG_ERASURE);
    ck_well();
}
END_TEST

/* A pause is no reason to destroy anything. */
START_TEST(a_pause_narrows_nothing)
{
    give(h.bob, KEEP, true);
    give(h.bob, REVIEW, true);
    ck_ok(vpriv_purpose_pause(
        h.vault, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW), "acme", NULL));
    add(h.bob);
    ck_assert_uint_eq(open_for(), 0);
    ck_ok(vpriv_purpose_resume(
        h.vault, VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW), "acme", NULL));
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
}
END_TEST

/* Nothing destroys what is under a legal hold; a dispute does not keep it. */
START_TEST(what_is_set_aside)
{
    ck_ok(
        vpriv_recording_restrict(h.vault, &taken, 1, VPRIV_RESTRICTION_LEGAL_HOLD, "court", NULL));
    ck_fails(try_add(NULL, VPRIV_SUBJECT_UNKNOWN), VPRIV_E_STATE);
    ck_fails(try_add(h.bob, VPRIV_SUBJECT_USER), VPRIV_E_STATE);
    ck_ok(vpriv_recording_lift(h.vault, &taken, 1, "court", NULL));
    ck_assert_uint_eq(about().n_subjects, 1);
    give(h.bob, KEEP, true);
    ck_ok(vpriv_recording_restrict(h.vault, &taken, 1, VPRIV_RESTRICTION_DISPUTE, "ada", NULL));
    add(h.bob);
    ck_assert_int_eq(about().state, VPRIV_RECORDING_RESTRICTED);
    ck_ok(vpriv_recording_lift(h.vault, &taken, 1, "ada", NULL));
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP));
    ck_well();
}
END_TEST

/* Somebody listens while the speaker is added: the next block is refused. */
START_TEST(a_reader_is_cut_short)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = REVIEW, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_packet packet = {.struct_size = sizeof packet};
    give(h.bob, KEEP, true);
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &taken, &request, &reader));
    add(h.bob);
    ck_fails(vpriv_gate_read_packet(reader, &packet), VPRIV_E_CONSENT);
    vpriv_gate_close(reader);
}
END_TEST

/* Each of these is one more person, until there is no room. */
START_TEST(at_most_so_many_people_speak)
{
    for (int i = 1; i <= VPRIV_RECORDING_SUBJECTS_MAX; i++) {
        uint8_t one[VPRIV_SUBJECT_ID_BYTES];
        ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "One", NULL, one));
        give(one, KEEP, true);
        give(one, REVIEW, true);
        ck_fails(try_add(one, VPRIV_SUBJECT_USER),
            i < VPRIV_RECORDING_SUBJECTS_MAX ? VPRIV_OK : VPRIV_E_LIMIT);
    }
    ck_assert_uint_eq(about().n_subjects, VPRIV_RECORDING_SUBJECTS_MAX);
    ck_assert_uint_eq(open_for(), VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW));
    ck_well();
    ck_ok(try_add(NULL, VPRIV_SUBJECT_UNKNOWN));
    ck_assert_int_eq(about().state, VPRIV_RECORDING_SHREDDED);
}
END_TEST

START_TEST(changed_amendments_do_not_authenticate)
{
    household_sql(&h, "CREATE TABLE kept AS SELECT id, key_slot, header, sealed FROM recording"
                      " JOIN wrap ON recording = id");
    give(h.bob, KEEP, true);
    add(h.bob);
    /* As it was before Bob, whole: its key is gone. Or who it is filed under. */
    if (_i == 0)
        household_sql(&h,
            "UPDATE recording SET key_slot = (SELECT key_slot FROM kept), header ="
            " (SELECT header FROM kept); UPDATE wrap SET sealed = (SELECT sealed FROM kept)");
    else
        household_sql(&h,
            "DELETE FROM recording_subject WHERE tag = (SELECT max(tag) FROM recording_subject)");
    household_sql(&h, "DROP TABLE kept");
    ck_fails(household_hear(&h, &taken, REVIEW), _i == 0 ? VPRIV_E_AUTH : VPRIV_E_CONSENT);
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_fails(vpriv_vault_verify(h.vault, NULL, NULL, NULL, &verified), VPRIV_E_AUTH);
}
END_TEST

static size_t encode(const vpi_amendments *amendments, uint8_t *bytes, size_t capacity)
{
    vpi_writer w = vpi_writer_of(bytes, capacity);
    vpi_amendments_put(&w, amendments);
    ck_ok(vpi_writer_finish(&w, "amendments"));
    return vpi_writer_used(&w);
}

static bool decodes(const vpi_tag *tag, const vpi_amendments *amendments, size_t n_cut)
{
    static uint8_t bytes[VPI_AMENDMENTS_BYTES_MAX];
    static vpi_amendments back;
    const size_t n = encode(amendments, bytes, sizeof bytes);
    vpi_reader r = vpi_reader_of(bytes, n - n_cut);
    vpi_amendments_get(&r, tag, &back);
    const bool good = vpi_reader_finish(&r, "amendments") == VPRIV_OK;
    ck_assert(!good || memcmp(&back, amendments, sizeof back) == 0);
    return good;
}

/* What this library would not have written does not read, even with the right key. */
START_TEST(only_one_encoding_reads)
{
    static vpi_amendments good, bad;
    static vpi_tag tag;
    tag.n_subjects = 1;
    memset(tag.subjects[0], 7, sizeof tag.subjects[0]);
    good.n_added = 2;
    memset(good.added[0], 9, sizeof good.added[0]);
    memset(good.added[1], 8, sizeof good.added[1]);
    good.n_consents = 2;
    good.consents[0] = (vpi_later_consent){.speaker = 2, .purpose = 3, .record_id = {1}};
    good.consents[1] = (vpi_later_consent){.speaker = 0, .purpose = 4, .record_id = {2}};
    ck_assert(decodes(&tag, &good, 0));
    ck_assert(!decodes(&tag, &good, 1));
#define BAD(change)                                                                                \
    bad = good;                                                                                    \
    change;                                                                                        \
    ck_assert_msg(!decodes(&tag, &bad, 0), "%s", #change)
    BAD(memset(bad.added[1], 9, sizeof bad.added[1]));
    BAD(memset(bad.added[1], 7, sizeof bad.added[1]));
    BAD(bad.consents[1].speaker = 3);
    BAD(bad.consents[1].purpose = VPI_PURPOSES_MAX);
    BAD(bad.consents[1].purpose = 2);
    BAD(bad.consents[0] = bad.consents[1]);
    BAD(bad.n_added = VPI_ADDED_SPEAKERS_MAX + 1);
#undef BAD
    tag.n_subjects = VPI_SUBJECTS_MAX;
    ck_assert(!decodes(&tag, &good, 0));
}
END_TEST

START_TEST(arguments_are_checked)
{
    uint8_t nobody[VPRIV_SUBJECT_ID_BYTES] = {1};
    const vpriv_recording_id none = {{1}};
    vpriv_receipt bad = {0};
    ck_fails(
        vpriv_recording_add_speaker(NULL, &taken, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL),
        VPRIV_E_ARG);
    ck_fails(
        vpriv_recording_add_speaker(h.vault, NULL, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL),
        VPRIV_E_ARG);
    ck_fails(try_add(NULL, VPRIV_SUBJECT_USER), VPRIV_E_ARG);
    ck_fails(try_add(NULL, VPRIV_SUBJECT_CHILD), VPRIV_E_ARG);
    ck_fails(
        vpriv_recording_add_speaker(h.vault, &taken, h.bob, VPRIV_SUBJECT_USER, "", NULL, NULL),
        VPRIV_E_ARG);
    ck_fails(
        vpriv_recording_add_speaker(h.vault, &taken, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, &bad),
        VPRIV_E_ARG);
    ck_fails(try_add(nobody, VPRIV_SUBJECT_USER), VPRIV_E_NOT_FOUND);
    ck_fails(
        vpriv_recording_add_speaker(h.vault, &none, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL),
        VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(about().n_subjects, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: a speaker who is noticed afterwards");
    TCase *tests = tcase_create("speaker");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_is_left_is_what_both_allow, 0, 24);
    tcase_add_loop_test(tests, a_speaker_nobody_knows_allows_nothing, 0, 3);
    tcase_add_test(tests, a_known_guest_allows_nothing);
    tcase_add_test(tests, old_copies_open_for_no_more);
    tcase_add_loop_test(tests, either_of_them_withdraws, 0, 2);
    tcase_add_test(tests, it_is_theirs_to_see_and_to_erase);
    tcase_add_test(tests, the_rest_goes_on_as_ever);
    tcase_add_test(tests, terms_become_the_shorter_ones);
    tcase_add_test(tests, a_term_that_is_over_allows_nothing);
    tcase_add_test(tests, a_pause_narrows_nothing);
    tcase_add_test(tests, what_is_set_aside);
    tcase_add_test(tests, a_reader_is_cut_short);
    tcase_add_test(tests, at_most_so_many_people_speak);
    tcase_add_loop_test(tests, changed_amendments_do_not_authenticate, 0, 2);
    tcase_add_test(tests, only_one_encoding_reads);
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
