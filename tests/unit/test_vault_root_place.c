/* The root key is told to move to where it is already, by another handle: it stays, and nothing is lost. And
 * what another process puts into the old store in the middle of a move is destroyed by nobody. */
#include "household.h"
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/storage.h>

static household h;
static vpriv_recording_id recording;

static void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    recording = household_record(&h, h.ada);
}

static void move_out(void)
{
    household_close(&h);
}

static vpriv_root_store *open_cell(void)
{
    return household_root(h.cell);
}

static vpriv_root_store *open_file(void)
{
    char path[PATH_BYTES];
    vpriv_root_store *store = NULL;
    household_file(&h, "place.root", path);
    ck_ok(vpriv_root_file_open(path, &store));
    return store;
}

static vpriv_root_store *open_words(void)
{
    static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};
    char path[PATH_BYTES];
    vpriv_root_store *store = NULL;
    household_file(&h, "words.root", path);
    ck_ok(vpriv_root_passphrase_open(path, "over the hills", 14, &cheap, &store));
    return store;
}

static vpriv_root_store *open_kernel(void)
{
    char name[40];
    vpriv_root_store *store = NULL;
    snprintf(name, sizeof name, "test-place-%ld", (long)getpid());
    ck_ok(vpriv_root_kernel_open(name, &store));
    return store;
}

static vpriv_root_store *(*const places[])(void) = {open_cell, open_file, open_words, open_kernel};
#define N_PLACES (int)(sizeof places / sizeof *places)

/* The vault's root is in place i; its handle is h.root. */
static void settle_at(int i)
{
    if (places[i] == open_cell)
        return;
    vpriv_root_store *to = places[i]();
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    vpriv_root_close(h.root);
    h.root = to;
}

static void reopen(void)
{
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
}

/* Old recordings open, new ones are made, and something is destroyed: now, after opening again, and with a
 * third handle. */
static void assert_lives(int i)
{
    for (int turn = 0; turn < 3; turn++) {
        ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
        const vpriv_recording_id other = household_record(&h, h.ada);
        ck_ok(vpriv_vault_erase(h.vault, &other, 1, NULL));
        ck_fails(household_hear(&h, &other, VPRIV_PURPOSE_KEEP_HISTORY), VPRIV_E_ERASED);
        if (turn == 0)
            reopen();
        if (turn == 1 && i >= 0) {
            vpriv_vault_close(h.vault);
            h.vault = NULL;
            vpriv_root_close(h.root);
            h.root = places[i]();
            ck_ok(household_open_vault(&h, h.path, &h.vault));
        }
    }
}

/* The kernel's key is nobody's any more. */
static void leave(void)
{
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_ok(vpriv_root_destroy(h.root));
}

START_TEST(to_where_it_is_it_does_not_move)
{
    settle_at(_i);
    vpriv_root_store *again = places[_i]();
    ck_fails(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "in that store already"));
    ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_fails(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_E_ARG);
    vpriv_root_close(again); /* the vault goes on with the handle it had */
    assert_lives(_i);
    leave();
}
END_TEST

/* Whether anything in the file opens with this record as a root that came behind it. */
static bool gives_the_next_root(const char *path, const uint8_t *record)
{
    static uint8_t bytes[16 << 20];
    uint8_t key[VPI_KEY_BYTES], next[VPI_KEY_BYTES];
    const size_t n_sealed = VPI_KEY_BYTES + VPI_SEAL_OVERHEAD;
    vpi_reader r = vpi_reader_of(record, VPRIV_ROOT_RECORD_BYTES);
    const uint8_t *vault_id = vpi_get_bytes(&r, VPI_VAULT_ID_BYTES);
    const uint64_t generation = vpi_get_u64(&r);
    const vpi_place place = {vault_id, VPI_COLUMN_ROOT_PENDING, generation + 1, NULL, 0};
    vpi_derive(vpi_get_bytes(&r, VPI_KEY_BYTES), "root: next root", NULL, 0, key);
    FILE *file = fopen(path, "rb");
    const size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    ck_assert_uint_lt(n, sizeof bytes);
    if (file)
        fclose(file);
    for (size_t at = 0; at + n_sealed <= n; at++)
        if (bytes[at] == VPI_SUITE &&
            vpi_unseal(key, &place, bytes + at, n_sealed, next) == VPRIV_OK)
            return true;
    return false;
}

/* Somebody kept a copy of the old store. */
START_TEST(a_copy_of_the_old_store_opens_nothing_of_the_vault_as_it_is)
{
    uint8_t old[VPRIV_ROOT_RECORD_BYTES];
    char log[PATH_BYTES + 8];
    snprintf(log, sizeof log, "%s-wal", h.path);
    memcpy(old, h.cell->record, sizeof old);
    settle_at(1);
    ck_assert(!gives_the_next_root(h.path, old));
    ck_assert(!gives_the_next_root(log, old));
    ck_ok(vpriv_vault_backup(h.vault, "copy", 0, NULL, NULL));
    ck_assert(!gives_the_next_root("copy", old));
    ck_assert_int_eq(unlink("copy"), 0);
    assert_lives(-1);
    leave();
}
END_TEST

static int refuse_commit(void *user)
{
    (void)user;
    return 1;
}

START_TEST(a_commit_that_fails_destroys_nothing_there)
{
    settle_at(_i);
    vpriv_root_store *again = places[_i]();
    sqlite3 *handle = vpi_database_handle(h.vault->database);
    sqlite3_commit_hook(handle, refuse_commit, NULL);
    ck_assert_int_ne(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_OK);
    sqlite3_commit_hook(handle, NULL, NULL);
    vpriv_root_close(again);
    assert_lives(_i);
    leave();
}
END_TEST

/* A second handle of the cell, whose n-th replacing fails; and a store of its own. */
static struct frail {
    household_cell *cell;
    int n_replaced, refuse_at;
    bool refuses_after; /* it refuses, but has done it */
    bool is_shared;     /* what is put here goes into the old store too, from the second time on */
} frail;

static vpriv_status frail_load(void *user, uint8_t *record_out)
{
    (void)user;
    if (!frail.cell->is_filled)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, frail.cell->record, sizeof frail.cell->record);
    return VPRIV_OK;
}

static void put(household_cell *cell, const uint8_t *record)
{
    memcpy(cell->record, record, sizeof cell->record);
    cell->is_filled = true;
}

static vpriv_status frail_replace(void *user, const uint8_t *record)
{
    (void)user;
    const bool refuses = ++frail.n_replaced == frail.refuse_at;
    if (!refuses || frail.refuses_after)
        put(frail.cell, record);
    if (frail.is_shared && frail.n_replaced > 1)
        put(h.cell, record);
    return refuses ? VPRIV_E_IO : VPRIV_OK;
}

static vpriv_status frail_destroy(void *user)
{
    (void)user;
    memset(frail.cell->record, 0, sizeof frail.cell->record);
    frail.cell->is_filled = false;
    return VPRIV_OK;
}

static vpriv_root_store *open_frail(household_cell *cell)
{
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, frail_load, frail_replace, frail_destroy, NULL};
    vpriv_root_store *store = NULL;
    frail = (struct frail){.cell = cell};
    ck_ok(vpriv_root_callbacks_open(&callbacks, &store));
    return store;
}

/* First the root in force, then the next one. */
START_TEST(a_handle_that_refuses_destroys_nothing_there)
{
    for (int at = 1; at <= 2; at++)
        for (int after = 0; after < 2; after++) {
            vpriv_root_store *again = open_frail(h.cell);
            frail.refuse_at = at;
            frail.refuses_after = after;
            ck_fails(vpriv_vault_move_root(h.vault, again, "installer"), VPRIV_E_ROOT);
            ck_assert_int_ge(frail.n_replaced, at);
            vpriv_root_close(again);
            assert_lives(0);
        }
}
END_TEST

/* A store that is not empty is left with what it was given: it may be the place in force. */
START_TEST(only_a_store_that_was_empty_is_emptied)
{
    household_cell cell = {0};
    for (int was_filled = 0; was_filled < 2; was_filled++) {
        vpriv_root_store *to = open_frail(&cell);
        if (was_filled)
            put(&cell, h.cell->record);
        frail.refuse_at = 2;
        ck_fails(vpriv_vault_move_root(h.vault, to, "installer"), VPRIV_E_ROOT);
        ck_assert_int_eq(cell.is_filled, was_filled);
        vpriv_root_close(to);
        assert_lives(0);
    }
}
END_TEST

/* Copies of a move that was cut off, in another place: of the root in force, and of an older one. */
START_TEST(a_copy_elsewhere_is_moved_to)
{
    household_cell cell = {0};
    vpriv_root_store *to = open_frail(&cell), *old = h.root;
    put(&cell, h.cell->record);
    if (_i == 1) {
        const vpriv_recording_id other = household_record(&h, h.ada);
        ck_ok(vpriv_vault_erase(h.vault, &other, 1, NULL));
    }
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    ck_assert(!h.cell->is_filled);
    h.root = to;
    assert_lives(-1);
    vpriv_root_close(old);
}
END_TEST

/* A process with the old store destroys something in the middle of a move: before the new root is settled, or
 * when it is, and before the old store is destroyed. */
static vpriv_vault *beside;
static vpriv_recording_id doomed[2];
static int n_begun, erase_at, n_erased;

static int erase_beside(unsigned kind, void *user, void *statement, void *sql)
{
    (void)kind;
    (void)user;
    (void)statement;
    if (strcmp(sql, "BEGIN IMMEDIATE") != 0)
        return 0;
    n_begun++;
    if (n_begun == erase_at && n_erased < 2) {
        /* At the next try once more. */
        erase_at += 3;
        const vpriv_status st = vpriv_vault_erase(beside, &doomed[n_erased++], 1, NULL);
        ck_assert_msg(st == VPRIV_OK || st == VPRIV_E_ROLLBACK, "%s", vpriv_error_detail());
    }
    return 0;
}

static bool count_move(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    int *n = user;
    (void)index;
    *n += strstr(entry->reason, "root key was moved") != NULL;
    return true;
}

START_TEST(beside_a_process_that_writes_it_moves_all_the_same)
{
    household_cell cell = {0};
    int n_moves = 0;
    vpriv_root_store *to = open_frail(&cell), *old = h.root;
    doomed[0] = household_record(&h, h.ada);
    doomed[1] = household_record(&h, h.ada);
    ck_ok(household_open_vault(&h, h.path, &beside));
    n_begun = n_erased = 0;
    erase_at = 2 + _i;
    sqlite3_trace_v2(vpi_database_handle(h.vault->database), SQLITE_TRACE_STMT, erase_beside, NULL);
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    sqlite3_trace_v2(vpi_database_handle(h.vault->database), 0, NULL, NULL);
    ck_assert_int_gt(n_erased, 0);
    ck_assert(!h.cell->is_filled);
    ck_ok(vpriv_vault_log(h.vault, 0, count_move, &n_moves));
    ck_assert_int_eq(n_moves, 1);
    ck_fails(household_hear_in(beside, h.keyring, &recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL),
        VPRIV_E_ROOT);
    vpriv_vault_close(beside);
    vpriv_root_close(old);
    h.root = to;
    assert_lives(-1);
}
END_TEST

/* One that is faster every time. */
START_TEST(what_another_process_put_there_stays)
{
    household_cell cell = {0};
    vpriv_root_store *to = open_frail(&cell);
    ck_ok(household_open_vault(&h, h.path, &beside));
    frail.is_shared = true;
    ck_fails(vpriv_vault_move_root(h.vault, to, "installer"), VPRIV_E_BUSY);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "another process"));
    ck_assert(h.cell->is_filled);
    ck_ok(household_hear(&h, &recording, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_ok(household_hear_in(beside, h.keyring, &recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL));
    frail.is_shared = false;
    assert_lives(0);
    /* Again, and nobody is in between. */
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    ck_assert(!h.cell->is_filled);
    vpriv_vault_close(beside);
    vpriv_root_close(h.root);
    h.root = to;
    assert_lives(-1);
}
END_TEST

/* A key of somebody else's that came into the old store is not the move's to destroy. */
static vpriv_status replace_and_lend(void *user, const uint8_t *record)
{
    const vpriv_status st = frail_replace(user, record);
    if (frail.n_replaced == 2)
        memset(h.cell->record, 0x77, sizeof h.cell->record);
    return st;
}

START_TEST(the_key_of_another_vault_stays)
{
    household_cell cell = {0};
    uint8_t other[VPRIV_ROOT_RECORD_BYTES];
    vpriv_root_store *to = NULL, *old = h.root;
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, frail_load, replace_and_lend, frail_destroy, NULL};
    ck_ok(vpriv_root_callbacks_open(&callbacks, &to));
    frail = (struct frail){.cell = &cell};
    memset(other, 0x77, sizeof other);
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    ck_assert_mem_eq(h.cell->record, other, sizeof other);
    ck_assert(h.cell->is_filled);
    h.root = to;
    assert_lives(-1);
    vpriv_root_close(old);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: the place of the root");
    TCase *tests = tcase_create("place");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_copy_of_the_old_store_opens_nothing_of_the_vault_as_it_is);
    tcase_add_loop_test(tests, to_where_it_is_it_does_not_move, 0, N_PLACES);
    tcase_add_loop_test(tests, a_commit_that_fails_destroys_nothing_there, 0, N_PLACES);
    tcase_add_test(tests, a_handle_that_refuses_destroys_nothing_there);
    tcase_add_test(tests, only_a_store_that_was_empty_is_emptied);
    tcase_add_loop_test(tests, a_copy_elsewhere_is_moved_to, 0, 2);
    tcase_add_loop_test(tests, beside_a_process_that_writes_it_moves_all_the_same, 0, 2);
    tcase_add_test(tests, what_another_process_put_there_stays);
    tcase_add_test(tests, the_key_of_another_vault_stays);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
