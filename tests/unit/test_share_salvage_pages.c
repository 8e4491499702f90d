/* Each page of a vault is damaged in turn. Every recording of which no page is concerned comes out as it was, to the
 * bit; of the others nothing that was not recorded, and each is on the list. Nor does anything that is out of date. */
#include "salvage_world.h"
#include "unread.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static bool tells_of_the_disk(void)
{
    static char text[1 << 16];
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/damage.txt", folder);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return strstr(text, "the disk did not give") != NULL;
}

/* What must hold whatever happened to the file; page is the damaged one, or n_pages for all from there. */
static void check_outcome(const bool *is_bad, const char *what, size_t where)
{
    vpriv_salvage_report report;
    const vpriv_status st = salvage(&report);
    bool all_need_it = true;
    for (int i = 0; i < N_OPEN; i++) {
        bool is_concerned = false;
        for (size_t page = 0; page < n_pages; page++)
            is_concerned = is_concerned || (is_bad[page] && concerns[i][page]);
        all_need_it = all_need_it && is_concerned;
        const bool is_there = st == VPRIV_OK && load(i);
        if (!is_concerned && st != VPRIV_E_STATE)
            ck_assert_msg(is_there && is_bit_exact(i), "%s %zu: recording %d: %s: %s", what, where,
                i, is_there ? "not as it was" : "not there", vpriv_error_detail());
        if (is_there && !is_bit_exact(i))
            check_invents_nothing(i);
    }
    ck_assert_msg(st == VPRIV_OK || all_need_it || st == VPRIV_E_STATE, "%s %zu: %s", what, where,
        vpriv_error_detail());
    ck_assert_msg(!unread.is_on || st == VPRIV_OK || st == VPRIV_E_IO, "%s %zu: %s", what, where,
        vpriv_error_detail());
    if (st == VPRIV_OK) {
        json_t *list = read_list();
        for (int i = 0; i < N_OPEN; i++) {
            const char *is = listed_as(list, i);
            const bool is_there = load(i);
            ck_assert_msg(
                strcmp(is, is_there ? is_bit_exact(i) ? "whole" : "partial" : "lost") == 0 ||
                    (!is_there && strcmp(is, "nothing") == 0 && report.n_damages > 0) ||
                    (!is_there && strcmp(is, "closed") == 0),
                "%s %zu: recording %d is %s", what, where, i, is);
        }
        ck_assert(report.n_damages > 0 || report.n_partial + report.n_lost > 0 ||
                  (unread.is_on && unread.n_refused == 0));
        ck_assert(tells_of_the_disk() == (unread.n_refused > 0));
        ck_assert(has_name("salvage.jws") && has_name("damage.txt") && has_name("device-key.jwk"));
        json_decref(list);
    }
    for (int i = N_OPEN; i < N_OPEN + 3; i++) /* set aside, withdrawn, erased */
        ck_assert(!load(i));
    ck_assert(!has_name("rebuilt.part") && !has_name("rebuilt.part-wal"));
}

static void damage_page(size_t page, bool with_random)
{
    static uint8_t copy[PAGES_MAX * PAGE];
    bool is_bad[PAGES_MAX] = {false};
    is_bad[page] = true;
    memcpy(copy, whole, n_pages * PAGE);
    if (with_random)
        randombytes_buf(copy + page * PAGE, PAGE);
    else
        memset(copy + page * PAGE, 0, PAGE);
    write_file(copy, n_pages * PAGE);
    check_outcome(is_bad, with_random ? "random page" : "zeroed page", page + 1);
    /* The damaged file was only read. */
    static uint8_t after[PAGES_MAX * PAGE];
    const int fd = open(h.path, O_RDONLY);
    ck_assert_int_eq(read(fd, after, sizeof after), (ssize_t)(n_pages * PAGE));
    close(fd);
    ck_assert_mem_eq(after, copy, n_pages * PAGE);
}

START_TEST(every_page_zeroed)
{
    /* Few pages concern everybody; most concern one or two. */
    size_t n_common = 0, n_none = 0;
    for (size_t page = 0; page < n_pages; page++) {
        size_t n = 0;
        for (int i = 0; i < N_OPEN; i++)
            n += concerns[i][page];
        n_common += n == N_OPEN;
        n_none += n == 0;
    }
    ck_assert_uint_gt(n_pages, 60);
    ck_assert_uint_le(n_common, 12);
    ck_assert_uint_ge(n_none, 20);
    for (size_t page = 0; page < n_pages; page++)
        damage_page(page, false);
}
END_TEST

START_TEST(every_page_replaced_by_noise)
{
    for (size_t page = 0; page < n_pages; page++)
        damage_page(page, true);
}
END_TEST

START_TEST(every_page_unreadable)
{
    size_t n_asked_for = 0;
    write_file(whole, n_pages * PAGE);
    unread_choose(h.path);
    unread.is_on = true;
    for (size_t page = 0; page < n_pages; page++) {
        bool is_bad[PAGES_MAX] = {false};
        is_bad[page] = true;
        unread.n_refused = 0;
        unread.at = (off_t)(page * PAGE);
        check_outcome(is_bad, "unreadable page", page + 1);
        n_asked_for += unread.n_refused > 0;
    }
    unread.is_on = false;
    ck_assert_uint_gt(n_asked_for, n_pages / 2);
}
END_TEST

START_TEST(cut_at_every_page)
{
    for (size_t page = 0; page < n_pages; page++) {
        bool is_bad[PAGES_MAX] = {false};
        for (size_t i = page; i < n_pages; i++)
            is_bad[i] = true;
        write_file(whole, page * PAGE);
        check_outcome(is_bad, "cut before page", page + 1);
    }
}
END_TEST

START_TEST(what_is_in_the_write_ahead_log_counts)
{
    vpriv_salvage_report report;
    char to[PATH_BYTES], wal[PATH_BYTES + 8];
    uint8_t byte = 0x55;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ids[0] = record(h.ada, 77);
    export_from(h.vault, &ids[0], &originals[0]);
    household_copy(&h, "copy.vault"); /* as after a power cut */
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_file(&h, "copy.vault", to);
    snprintf(wal, sizeof wal, "%s-wal", to);
    ck_assert_int_eq(access(wal, F_OK), 0);
    strcpy(h.path, to);
    ck_fails(salvage(&report), VPRIV_E_STATE);
    const int fd = open(to, O_WRONLY); /* the schema, which is in every vault the same */
    ck_assert_int_eq(pwrite(fd, &byte, 1, 4000), 1);
    close(fd);
    const int log = open(wal, O_RDWR);
    const off_t n = lseek(log, 0, SEEK_END);
    ck_assert_int_gt(n, 4 * PAGE);
    ck_assert_int_eq(pwrite(log, &byte, 1, 32 + 24 + 8), 1);
    close(log);
    ck_ok(salvage(&report)); /* the log is damaged in its first frame: what is in it is lost */
    ck_assert(!load(0));
    ck_assert(load(1) && is_bit_exact(1));
    for (int i = N_OPEN; i < N_OPEN + 3; i++)
        ck_assert(!load(i));
}
END_TEST

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The page with a recording's header. */
static size_t header_page(int i)
{
    bool pages[PAGES_MAX] = {false};
    find_rows("SELECT header FROM recording WHERE id = ?1", row_of(&ids[i]), pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            return page;
    return 0;
}

/* An old version on a free page says that nobody set the recording aside. */
START_TEST(an_old_version_is_not_taken_for_the_present_one)
{
    static uint8_t old[PAGE];
    vpriv_salvage_report report;
    uint64_t n_left = 1;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_recording_lift(h.vault, &ids[N_OPEN], 1, "ada", NULL));
    vpriv_vault_close(h.vault);
    read_file();
    const size_t page = header_page(N_OPEN);
    memcpy(old, whole + page * PAGE, PAGE);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_recording_restrict(
        h.vault, &ids[N_OPEN], 1, VPRIV_RESTRICTION_DISPUTE, "ada", "dispute"));
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 1000, &n_left)); /* frees the pages of what was erased */
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    ck_assert_uint_eq(header_page(N_OPEN), page);
    const uint32_t trunk = be32(whole + 32);
    ck_assert_uint_gt(trunk, 0);
    ck_assert_uint_gt(be32(whole + (trunk - 1) * PAGE + 4), 0);
    const uint32_t free_page = be32(whole + (trunk - 1) * PAGE + 8);
    memcpy(whole + (free_page - 1) * PAGE, old, PAGE);
    memset(whole + page * PAGE, 0, PAGE);
    write_file(whole, n_pages * PAGE); /* the list of free pages is whole: it is on it */
    ck_ok(salvage(&report));
    ck_assert(!load(N_OPEN));
    memset(whole, 0, 100); /* and now it is not */
    write_file(whole, n_pages * PAGE);
    ck_ok(salvage(&report));
    ck_assert(!load(N_OPEN));
    json_t *list = read_list();
    char *text = json_dumps(list, 0);
    ck_assert_ptr_nonnull(strstr(text, "may be an old one"));
    free(text);
    json_decref(list);
}
END_TEST

/* The only page that a query's bytes are in. */
static size_t page_with(const char *sql, int64_t row)
{
    bool pages[PAGES_MAX] = {false};
    size_t at = 0, n = 0;
    find_rows(sql, row, pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page]) {
            at = page;
            n++;
        }
    ck_assert_uint_eq(n, 1);
    return at;
}

static void put_be32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

#define BLOCK_LOCAL                                                                                \
    (489 - 4) /* what of a block SQLite keeps in the leaf, behind a head of four bytes */

/* Behind the file: a leaf with one row of table block, which nothing leads to, and the page that it goes on on. */
static void append_block(int64_t id, const uint8_t *sealed)
{
    static const uint8_t head[] = {0xa0, 0x04 /* bytes, 4100 */}, types[] = {4, 0, 0xc0, 0x0c};
    uint8_t *leaf = whole + n_pages * PAGE, *more = leaf + PAGE, *at = leaf + PAGE / 2;
    ck_assert_uint_le(n_pages + 2, PAGES_MAX);
    memset(leaf, 0, 2 * PAGE);
    leaf[0] = 0x0d;
    leaf[4] = 1;
    leaf[8] = PAGE / 2 >> 8;
    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (int shift = 28; shift >= 0; shift -= 7) /* five bytes, whatever it is */
        *at++ = (uint8_t)((id >> shift & 0x7f) | (shift > 0 ? 0x80 : 0));
    memcpy(at, types, sizeof types);
    memcpy(at + sizeof types, sealed, BLOCK_LOCAL);
    put_be32(at + sizeof types + BLOCK_LOCAL, (uint32_t)n_pages + 2);
    memcpy(more + 4, sealed + BLOCK_LOCAL, VPI_BLOCK_BYTES - BLOCK_LOCAL);
    n_pages += 2;
}

/* Of every block of a recording, with its number. */
static size_t append_old_blocks(int i)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    size_t n = 0;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database,
                         "SELECT id, sealed FROM block WHERE id >> 24 = ?1", -1, &statement, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(statement, 1, row_of(&ids[i]));
    for (; sqlite3_step(statement) == SQLITE_ROW; n++) {
        uint8_t old[VPI_BLOCK_BYTES];
        ck_assert_int_eq(sqlite3_column_bytes(statement, 1), (int)sizeof old);
        memcpy(old, sqlite3_column_blob(statement, 1), sizeof old);
        old[1000] ^= 1;
        append_block(sqlite3_column_int64(statement, 0), old);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return n;
}

/* Numbers are given again: pages that nothing leads to have other blocks of these numbers, and a hole elsewhere in
 * their table lets them in. */
START_TEST(what_lies_about_costs_nothing)
{
    vpriv_salvage_report report;
    const size_t leaf = page_with("SELECT substr(sealed, 1, 64) FROM block WHERE id >> 24 = ?1"
                                  " ORDER BY id LIMIT 1",
        row_of(&ids[N_OPEN - 1]));
    find_rows("SELECT substr(sealed, 1, 64) FROM block WHERE id >> 24 = ?1", row_of(&ids[0]),
        concerns[0]);
    ck_assert(!concerns[0][leaf]);
    ck_assert_uint_ge(append_old_blocks(0), 4);
    memset(whole + leaf * PAGE, 0, PAGE);
    write_file(whole, n_pages * PAGE);
    ck_ok(salvage(&report));
    ck_assert(load(0) && is_bit_exact(0));
    ck_assert_uint_ge(report.n_damages, 1);
    json_t *list = read_list();
    ck_assert_str_eq(listed_as(list, 0), "whole");
    json_decref(list);
}
END_TEST

START_TEST(a_changed_schema_costs_nothing)
{
    vpriv_salvage_report report;
    damage_schema();
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_AUTH);
    ck_ok(salvage(&report));
    ck_assert_uint_eq(report.n_whole, N_OPEN);
    for (int i = 0; i < N_OPEN; i++)
        ck_assert(load(i) && is_bit_exact(i));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share salvage: pages");
    TCase *some = tcase_create("some"), *each = tcase_create("each");
    tcase_add_checked_fixture(some, move_in, move_out);
    tcase_add_checked_fixture(each, move_in, move_out);
    tcase_set_timeout(some, 240);
    tcase_set_timeout(each, 240);
    tcase_add_test(some, what_is_in_the_write_ahead_log_counts);
    tcase_add_test(some, a_changed_schema_costs_nothing);
    tcase_add_test(some, an_old_version_is_not_taken_for_the_present_one);
    tcase_add_test(some, what_lies_about_costs_nothing);
    tcase_add_test(each, every_page_zeroed);
    tcase_add_test(each, every_page_replaced_by_noise);
    tcase_add_test(each, every_page_unreadable);
    tcase_add_test(each, cut_at_every_page);
    suite_add_tcase(suite, some);
    suite_add_tcase(suite, each);
    return unit_main(suite);
}
