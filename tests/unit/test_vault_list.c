/* Finding recordings: by time, by person, with tombstones; and what the file says about all of them
 * (P9): sizes in steps, and nothing of what is in them. */
#include "household.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP  VPRIV_PURPOSE_KEEP_HISTORY
#define N     300
#define MANY  1000 /* where the margin of 256 rows matters */
#define HOUR  (3600 * SECOND_US)
#define AT(i) (HOUSEHOLD_START_US + (int64_t)(i)*HOUR)

static household h;
static vpriv_recording_id ids[MANY];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

typedef struct listed {
    size_t n;
    size_t most; /* stop after so many; 0 for never */
    vpriv_recording_info info[MANY + 10];
} listed;

static bool take(void *user, const vpriv_recording_info *info)
{
    listed *all = user;
    ck_assert_uint_eq(info->struct_size, sizeof *info);
    all->info[all->n++] = *info;
    return all->n != all->most;
}

/* The i-th hour is Ada's when i is no multiple of 3. */
static void fill(int n)
{
    for (int i = 0; i < n; i++) {
        ids[i] = household_quick(&h, i % 3 ? h.ada : h.bob);
        household_pass(&h, HOUR);
    }
}

static void ck_listed(const uint8_t *subject, int since, int until, bool with_tombstones)
{
    static listed all;
    vpriv_recording_filter filter = {.struct_size = sizeof filter,
        .subject = subject,
        .since_us = since < 0 ? 0 : AT(since),
        .until_us = until < 0 ? 0 : AT(until),
        .with_tombstones = with_tombstones};
    all.n = all.most = 0;
    ck_ok(vpriv_recording_list(h.vault, &filter, take, &all));
    size_t at = 0;
    for (int i = 0; i < N; i++) {
        const bool erased = i % 7 == 5;
        const bool adas = i % 3 != 0;
        if ((subject == h.ada && !adas) || (subject == h.bob && adas))
            continue;
        if (erased && (!with_tombstones || subject || since >= 0 || until >= 0))
            continue;
        if ((since >= 0 && i < since) || (until >= 0 && i >= until))
            continue;
        ck_assert_uint_lt(at, all.n);
        ck_assert_mem_eq(all.info[at].id.bytes, ids[i].bytes, sizeof ids[i].bytes);
        ck_assert_int_eq(
            all.info[at].state, erased ? VPRIV_RECORDING_SHREDDED : VPRIV_RECORDING_COMMITTED);
        if (!erased) {
            ck_assert_int_eq(all.info[at].started_us, AT(i));
            ck_assert_mem_eq(all.info[at].subjects[0], adas ? h.ada : h.bob, sizeof h.ada);
            ck_assert_int_eq(all.info[at].trigger, VPRIV_TRIGGER_TAP);
            ck_assert_int_eq(all.info[at].end_reason, VPRIV_END_STOPPED);
        }
        at++;
    }
    ck_assert_uint_eq(at, all.n);
}

START_TEST(recordings_are_found_by_time_and_person)
{
    fill(N);
    vpriv_recording_id gone[N / 7 + 1];
    size_t n_gone = 0;
    for (int i = 5; i < N; i += 7)
        gone[n_gone++] = ids[i];
    ck_ok(vpriv_vault_erase(h.vault, gone, n_gone, NULL));
    static const int bounds[] = {-1, 0, 1, 5, 63, 64, 65, 150, 151, 298, 299, 300, 400};
    for (size_t a = 0; a < sizeof bounds / sizeof bounds[0]; a++)
        for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b += a % 3 + 1)
            ck_listed(a % 3 == 1 ? h.ada : a % 3 == 2 ? h.bob : NULL, bounds[a], bounds[b], false);
    ck_listed(NULL, -1, -1, true);
    ck_listed(NULL, -1, -1, false);
    ck_listed(h.ada, 100, 200, true);
    household_reopen(&h);
    ck_listed(h.bob, 100, 200, false);
}
END_TEST

START_TEST(listing_stops_when_told_and_may_call_back)
{
    static listed all;
    const uint8_t nobody[VPRIV_SUBJECT_ID_BYTES] = {1};
    vpriv_recording_filter filter = {.struct_size = sizeof filter, .subject = nobody};
    household_quick(&h, h.ada);
    household_quick(&h, h.ada);
    household_quick(&h, h.bob);
    all.n = 0;
    all.most = 2;
    ck_ok(vpriv_recording_list(h.vault, NULL, take, &all));
    ck_assert_uint_eq(all.n, 2);
    ck_fails(vpriv_recording_list(h.vault, &filter, take, &all), VPRIV_E_NOT_FOUND);
    filter.struct_size = 1;
    ck_fails(vpriv_recording_list(h.vault, &filter, take, &all), VPRIV_E_ARG);
    ck_fails(vpriv_recording_list(h.vault, NULL, NULL, &all), VPRIV_E_ARG);
    ck_fails(vpriv_recording_list(NULL, NULL, take, &all), VPRIV_E_ARG);
}
END_TEST

/* Every statement that begins, and those that step from one recording to the next. */
typedef struct counted {
    size_t n_statements, n_next;
} counted;

static int count_statement(unsigned kind, void *user, void *statement, void *text)
{
    counted *c = user;
    const char *sql = sqlite3_sql(statement);
    ck_assert_uint_eq(kind, SQLITE_TRACE_STMT);
    ck_assert_ptr_nonnull(text);
    c->n_statements++;
    c->n_next += sql && strncmp(sql, "SELECT id FROM recording WHERE id > ?1 AND (", 44) == 0;
    return 0;
}

static counted count_list(int since, int until, size_t n_wanted)
{
    static listed all;
    counted c = {0, 0};
    sqlite3 *database = vpi_database_handle(h.vault->database);
    const vpriv_recording_filter filter = {.struct_size = sizeof filter,
        .since_us = since < 0 ? 0 : AT(since),
        .until_us = until < 0 ? 0 : AT(until)};
    all.n = all.most = 0;
    ck_assert_int_eq(sqlite3_trace_v2(database, SQLITE_TRACE_STMT, count_statement, &c), SQLITE_OK);
    ck_ok(vpriv_recording_list(h.vault, &filter, take, &all));
    ck_assert_int_eq(sqlite3_trace_v2(database, 0, NULL, NULL), SQLITE_OK);
    ck_assert_uint_eq(all.n, n_wanted);
    return c;
}

/* Where a range begins is searched for, and behind its end nobody walks on: it takes as much
 * wherever it lies, apart from 256 rows of margin on either side. */
START_TEST(a_range_of_time_does_not_walk_over_the_vault)
{
    enum { MARGIN = 256, FEW = 3 };
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    fill(MANY);
    const counted whole = count_list(-1, -1, MANY);
    ck_assert_uint_ge(whole.n_next, MANY);
    static const int starts[] = {0, 10, 100, 450, MANY - 20};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const counted range = count_list(starts[i], starts[i] + 2, 2);
        ck_assert_msg(range.n_next <= 2 * MARGIN + 2 + FEW, "a range at %d took %zu steps",
            starts[i], range.n_next);
        ck_assert_msg(4 * range.n_statements < 3 * whole.n_statements,
            "a range at %d took %zu statements, everything %zu", starts[i], range.n_statements,
            whole.n_statements);
    }
    ck_assert_uint_le(count_list(MANY + 5, MANY + 9, 0).n_next, MARGIN + FEW);
    ck_assert_uint_ge(count_list(MANY - 20, -1, 20).n_next, 20);
}
END_TEST

/* Dated by a clock that was ahead. */
START_TEST(recordings_from_the_future_hide_no_others)
{
    enum { AHEAD = 300 };
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF");
    for (int i = 0; i < AHEAD; i++)
        household_quick_ago(&h, h.ada, -1000 * HOUR);
    fill(2);
    for (int i = 0; i < AHEAD; i++)
        household_quick_ago(&h, h.ada, -1000 * HOUR);
    household_quick(&h, h.ada);
    count_list(-1, 1, 1);
    count_list(-1, 900, 3);
    count_list(1, 900, 2);
    count_list(2, 900, 1);
    count_list(-1, -1, 2 * AHEAD + 3);
}
END_TEST

static bool erase_it(void *user, const vpriv_recording_info *info)
{
    ++*(int *)user;
    ck_ok(vpriv_vault_erase(h.vault, &info->id, 1, NULL));
    return true;
}

START_TEST(listed_recordings_can_be_erased_on_the_way)
{
    int n = 0;
    for (int i = 0; i < 5; i++)
        household_quick(&h, h.ada);
    ck_ok(vpriv_recording_list(h.vault, NULL, erase_it, &n));
    ck_assert_int_eq(n, 5);
    ck_ok(vpriv_recording_list(h.vault, NULL, erase_it, &n));
    ck_assert_int_eq(n, 5);
}
END_TEST

static uint32_t root_page_of(const char *name)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
    return (uint32_t)household_count(&h, sql);
}

/* Adds to the number of rows that the only page of a table or index says it has. */
static void change_row_count(uint32_t page, int more)
{
    uint8_t head[5];
    const off_t at = (off_t)(page - 1) * 4096;
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, head, sizeof head, at), sizeof head);
    ck_assert_msg(head[0] == 13 || head[0] == 10, "page %u is no leaf", page);
    ck_assert_msg(head[4] + more >= 0, "page %u is empty", page);
    head[4] = (uint8_t)(head[4] + more);
    ck_assert_int_eq(pwrite(fd, head, sizeof head, at), sizeof head);
    close(fd);
}

/* In the only page of a table the places of the first two rows change: a walk meets the second one
 * first, and a search for it goes the wrong way. */
static void swap_first_rows(uint32_t page)
{
    uint8_t places[4];
    const off_t at = (off_t)(page - 1) * 4096 + 8;
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, places, sizeof places, at), sizeof places);
    const uint8_t swapped[4] = {places[2], places[3], places[0], places[1]};
    ck_assert_int_eq(pwrite(fd, swapped, sizeof swapped, at), sizeof swapped);
    close(fd);
}

static bool take_subject(void *user, const vpriv_subject_info *info)
{
    ck_assert_uint_eq(info->struct_size, sizeof *info);
    ++*(size_t *)user;
    return true;
}

static bool take_consent(void *user, const vpriv_consent_record *record)
{
    ck_assert_mem_eq(record->subject, h.bob, sizeof h.bob);
    ++*(size_t *)user;
    return true;
}

typedef struct lists {
    vpriv_status everything, range, people, consents;
} lists;

static lists ask_for_lists(void)
{
    static listed all;
    const vpriv_recording_filter range = {
        .struct_size = sizeof range, .since_us = AT(0), .until_us = AT(50)};
    size_t n = 0;
    lists got;
    all.n = all.most = 0;
    got.everything = vpriv_recording_list(h.vault, NULL, take, &all);
    all.n = 0;
    got.range = vpriv_recording_list(h.vault, &range, take, &all);
    got.people = vpriv_subject_list(h.vault, take_subject, &n);
    got.consents = vpriv_consent_list(h.vault, h.bob, true, take_consent, &n);
    return got;
}

/* SQLite takes a damaged page for a shorter one and says nothing; the list says it. */
START_TEST(a_list_that_lost_a_row_is_an_error)
{
    enum { good = VPRIV_OK, bad = VPRIV_E_AUTH, any = 1000 };
    static const struct {
        const char *name;
        int everything, range, people, consents;
    } damages[] = {
        {"recording", bad, bad, good, good},
        {"recording_retention", bad, bad, good, good},
        {"sqlite_autoindex_recording_1", bad, good, good, good},
        {"subject", good, good, bad, good},
        {"sqlite_autoindex_subject_1", good, good, bad, any} /* Bob may be the one lost */,
        {"consent_record_subject", good, good, good, bad},
    };
    uint8_t cara[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cara", NULL, cara));
    household_give(&h, h.bob, VPRIV_PURPOSE_HUMAN_REVIEW); /* the last row of its index */
    for (int i = 0; i < 3; i++)
        household_quick(&h, i == 1 ? h.bob : h.ada);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        vpriv_vault_close(h.vault);
        h.vault = NULL;
        const uint32_t page = root_page_of(damages[i].name);
        change_row_count(page, -1);
        household_reopen(&h);
        const lists got = ask_for_lists();
        const bool as_wanted = got.everything == damages[i].everything &&
                               got.range == damages[i].range && got.people == damages[i].people &&
                               (got.consents == damages[i].consents || damages[i].consents == any);
        ck_assert_msg(as_wanted, "%s: %d %d %d %d", damages[i].name, got.everything, got.range,
            got.people, got.consents);
        vpriv_vault_close(h.vault);
        h.vault = NULL;
        change_row_count(page, 1);
        household_reopen(&h);
        const lists whole = ask_for_lists();
        ck_assert(!whole.everything && !whole.range && !whole.people && !whole.consents);
    }
}
END_TEST

START_TEST(a_row_that_is_met_and_not_found_is_no_end)
{
    static const char *const tables[] = {"recording", "subject"};
    uint8_t cara[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cara", NULL, cara));
    for (int i = 0; i < 3; i++)
        household_quick(&h, h.ada);
    for (int i = 0; i < 2; i++) {
        vpriv_vault_close(h.vault);
        h.vault = NULL;
        swap_first_rows(root_page_of(tables[i]));
        household_reopen(&h);
        const lists got = ask_for_lists();
        ck_assert_int_eq(i ? got.people : got.everything, VPRIV_E_AUTH);
        ck_assert_int_eq(i ? VPRIV_E_AUTH : got.range, VPRIV_E_AUTH);
        vpriv_vault_close(h.vault);
        h.vault = NULL;
        swap_first_rows(root_page_of(tables[i]));
        household_reopen(&h);
    }
}
END_TEST

static int64_t size_of(const char *column, const char *table, int64_t id)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT length(%s) FROM %s WHERE %s = %lld", column, table,
        strcmp(table, "wrap") == 0 ? "recording" : "id", (long long)id);
    return household_count(&h, sql);
}

START_TEST(sizes_of_rows_do_not_tell_names_or_choices)
{
    uint8_t short_name[VPRIV_SUBJECT_ID_BYTES], long_name[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "", NULL, short_name));
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_CHILD,
        "Maximiliane Alexandra Theodora von und zu Hohenlohe-Langenburg-Schillingsfuerst",
        "maximiliane.alexandra@hohenlohe-langenburg-schillingsfuerst.example.org", long_name));
    ck_assert_int_eq(size_of("person", "subject", 3), size_of("person", "subject", 4));
    ck_assert_int_eq(size_of("consents", "subject", 3), size_of("consents", "subject", 4));
    /* Consent rows: by tap on the device, or by a guardian in an app of a longer name. */
    household_give(&h, short_name, KEEP);
    ck_ok(household_give_with(&h, long_name, KEEP,
        (vpriv_consent_evidence){.surface = "the settings page", .by = VPRIV_CONSENT_BY_GUARDIAN}));
    ck_assert_int_eq(
        size_of("sealed", "consent_record", 3), size_of("sealed", "consent_record", 4));
    household_quick(&h, short_name);
    household_quick(&h, long_name);
    ck_assert_int_eq(size_of("header", "recording", 1), size_of("header", "recording", 2));
    static const char *const padded[] = {
        "SELECT count(*) FROM subject WHERE (length(person) - 41) % 256 <> 0",
        "SELECT count(*) FROM consent_record WHERE (length(sealed) - 41) % 256 <> 0",
        "SELECT count(*) FROM recording WHERE (length(header) - 41) % 256 <> 0",
        "SELECT count(*) FROM wrap WHERE (length(sealed) - 41) % 256 <> 0",
        "SELECT count(*) FROM policy WHERE (length(sealed) - 41) % 256 <> 0",
        "SELECT count(*) FROM notice WHERE (length(sealed) - 41) % 256 <> 0",
        "SELECT count(*) FROM state WHERE (length(sealed) - 41) % 256 <> 0",
        "SELECT count(*) FROM block WHERE length(sealed) <> 4096",
    };
    for (size_t i = 0; i < sizeof padded / sizeof padded[0]; i++)
        ck_assert_msg(household_count(&h, padded[i]) == 0, "%s", padded[i]);
}
END_TEST

/* Nothing a person would recognise is in any byte of any file. */
START_TEST(files_hold_no_word_in_clear)
{
    static const char *const words[] = {"Ada", "Bob", "bob@example.org", "We keep what you say",
        "keep_history", "2026-11", "house", "button"};
    static const char *const suffixes[] = {"", "-wal"};
    household_record(&h, h.ada);
    for (size_t s = 0; s < 2; s++) {
        char path[PATH_BYTES + 8];
        snprintf(path, sizeof path, "%s%s", h.path, suffixes[s]);
        FILE *file = fopen(path, "rb");
        ck_assert_ptr_nonnull(file);
        static uint8_t bytes[4 << 20];
        const size_t n_bytes = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        ck_assert_uint_ge(n_bytes, 4096);
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (strlen(words[w]) > 3)
                ck_assert_msg(!memmem(bytes, n_bytes, words[w], strlen(words[w])), "%s in %s",
                    words[w], path);
        ck_assert(!memmem(bytes, n_bytes, h.ada, sizeof h.ada));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: finding recordings");
    TCase *tests = tcase_create("list");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, recordings_are_found_by_time_and_person);
    tcase_add_test(tests, recordings_from_the_future_hide_no_others);
    tcase_add_test(tests, a_range_of_time_does_not_walk_over_the_vault);
    tcase_add_test(tests, a_list_that_lost_a_row_is_an_error);
    tcase_add_test(tests, a_row_that_is_met_and_not_found_is_no_end);
    tcase_add_test(tests, listing_stops_when_told_and_may_call_back);
    tcase_add_test(tests, listed_recordings_can_be_erased_on_the_way);
    tcase_add_test(tests, sizes_of_rows_do_not_tell_names_or_choices);
    tcase_add_test(tests, files_hold_no_word_in_clear);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
