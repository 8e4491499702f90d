/* Destroyed in the file, and the root key is not replaced in its store: because the store refuses, its disk is
 * full, or another process has the vault just then. That is always said alike, because it did happen. */
#include "base/database_inside.h"
#include "household.h"
#include <voicepriv/places.h>
#include <voicepriv/purge.h>
#include <voicepriv/storage.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;
static sqlite3 *other;
static vpriv_recording_id ids[3];

enum { HELD, FULL, REFUSED, N_WAYS };
static int way;
static bool is_armed;
static vpriv_root_callbacks real;

/* Just behind the next commit another process has the write lock. */
static int after_commit(void *user, sqlite3 *handle, const char *name, int n_frames)
{
    (void)user;
    (void)handle;
    (void)name;
    (void)n_frames;
    if (is_armed && way == HELD) {
        is_armed = false;
        ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    }
    return SQLITE_OK;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    if (!is_armed || way == HELD)
        return real.replace(user, record);
    return way == FULL ? VPRIV_E_FULL : VPRIV_E_IO;
}

static void arm(void)
{
    is_armed = true;
}

static void let_go(void)
{
    is_armed = false;
    if (!sqlite3_get_autocommit(other))
        ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    for (int i = 0; i < 3; i++)
        ids[i] = household_quick(&h, h.ada);
    real = h.root->callbacks;
    h.root->callbacks.replace = replace;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    h.vault->database->patience_ms = 20;
    sqlite3_wal_hook(vpi_database_handle(h.vault->database), after_commit, NULL);
}

static void tear_down(void)
{
    let_go();
    sqlite3_close(other);
    household_close(&h);
}

static vpriv_recording_state state_of(const vpriv_recording_id *id)
{
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, id, &info));
    return info.state;
}

START_TEST(erasing_has_happened_and_is_not_final)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    uint8_t old[VPRIV_ROOT_RECORD_BYTES];
    way = _i;
    memcpy(old, h.cell->record, sizeof old);
    arm();
    ck_fails(vpriv_vault_erase(h.vault, &ids[0], 1, &receipt), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "committed"));
    ck_assert_mem_eq(h.cell->record, old, sizeof old);
    let_go();
    ck_assert_int_eq(state_of(&ids[0]), VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(state_of(&ids[1]), VPRIV_RECORDING_COMMITTED);
    ck_assert_mem_ne(h.cell->record, old, sizeof old); /* and that made it final */
}
END_TEST

/* One that came back as a full disk was tried again, and found nothing any more. */
START_TEST(a_window_of_a_purge_is_not_tried_again)
{
    const vpriv_purge_criteria criteria = {
        .struct_size = sizeof criteria, .recordings = ids, .n_recordings = 2};
    vpriv_purge_report report = {.struct_size = sizeof report};
    way = _i;
    arm();
    ck_fails(vpriv_purge(h.vault, &criteria, NULL, NULL, &report, NULL), VPRIV_E_ROOT);
    ck_assert_uint_eq(report.n_recordings, 0); /* nothing that is not final is told */
    let_go();
    ck_assert_int_eq(state_of(&ids[0]), VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(state_of(&ids[1]), VPRIV_RECORDING_SHREDDED);
    ck_assert_int_eq(state_of(&ids[2]), VPRIV_RECORDING_COMMITTED);
}
END_TEST

/* What is committed is in force in this handle, too. */
START_TEST(the_handle_knows_what_is_committed)
{
    const vpriv_controller controller = {
        .struct_size = sizeof controller, .name = "Acme", .country = "DE", .id = "acme-new"};
    vpriv_vault_info info = {.struct_size = sizeof info};
    way = _i;
    arm();
    ck_fails(vpriv_controller_change(h.vault, &controller, "test", NULL), VPRIV_E_ROOT);
    let_go();
    ck_ok(vpriv_vault_about(h.vault, &info));
    ck_assert_str_eq(info.controller_id, "acme-new");
}
END_TEST

/* The old store goes on with the new root, and the new one is emptied. */
START_TEST(a_move_that_finds_the_vault_held_has_not_moved)
{
    household_cell cell = {.is_filled = false};
    vpriv_root_store *to = household_root(&cell);
    way = HELD;
    arm();
    ck_fails(vpriv_vault_move_root(h.vault, to, "test"), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "has not moved"));
    ck_assert(!cell.is_filled);
    let_go();
    ck_assert_int_eq(state_of(&ids[0]), VPRIV_RECORDING_COMMITTED);
    h.vault->database->patience_ms = VPI_BUSY_TIMEOUT_MS;
    ck_ok(vpriv_vault_move_root(h.vault, to, "test"));
    ck_assert(cell.is_filled && !h.cell->is_filled);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    vpriv_root_close(to);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: committed, not final");
    TCase *tcase = tcase_create("settle");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, erasing_has_happened_and_is_not_final, 0, N_WAYS);
    tcase_add_loop_test(tcase, a_window_of_a_purge_is_not_tried_again, 0, N_WAYS);
    tcase_add_loop_test(tcase, the_handle_knows_what_is_committed, 0, N_WAYS);
    tcase_add_test(tcase, a_move_that_finds_the_vault_held_has_not_moved);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
