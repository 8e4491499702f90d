/* A vault's root key moves from one store to another: always exactly one line of roots goes on, whatever
 * refuses or dies in between; the old store opens nothing afterwards. */
#include "household.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static household h;
static vpriv_recording_id recording;

/* A second store, which dies or refuses at a chosen call. */
typedef struct frail_cell {
    household_cell cell;
    int n_calls; /* of load and replace */
    int die_at;
    int refuse_at;
    bool refuses_after; /* it refuses, but has done it */
    int other_at;       /* from this call on somebody else's key is there; 0 is never */
} frail_cell;

static frail_cell *frail;

static bool strikes(void)
{
    if (frail->n_calls == frail->die_at)
        _exit(7);
    return frail->n_calls++ == frail->refuse_at;
}

static vpriv_status frail_load(void *user, uint8_t *record_out)
{
    (void)user;
    if (strikes())
        return VPRIV_E_IO;
    if (frail->other_at > 0 && frail->n_calls > frail->other_at && !frail->cell.is_filled) {
        memset(frail->cell.record, 0x77, sizeof frail->cell.record);
        frail->cell.is_filled = true;
    }
    if (!frail->cell.is_filled)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, frail->cell.record, sizeof frail->cell.record);
    return VPRIV_OK;
}

static vpriv_status frail_replace(void *user, const uint8_t *record)
{
    (void)user;
    const bool refuses = strikes();
    if (!refuses || frail->refuses_after) {
        memcpy(frail->cell.record, record, sizeof frail->cell.record);
        frail->cell.is_filled = true;
    }
    return refuses ? VPRIV_E_IO : VPRIV_OK;
}

static vpriv_status frail_destroy(void *user)
{
    (void)user;
    memset(frail->cell.record, 0, sizeof frail->cell.record);
    frail->cell.is_filled = false;
    return VPRIV_OK;
}

static vpriv_root_store *open_frail(void)
{
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, frail_load, frail_replace, frail_destroy, NULL};
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_callbacks_open(&callbacks, &store));
    return store;
}

static void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_notice(&h, "1", "We keep what you say.");
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    recording = household_record(&h, h.ada);
    frail = mmap(NULL, sizeof *frail, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(frail, MAP_FAILED);
    frail->die_at = frail->refuse_at = -1;
}

static void move_out(void)
{
    munmap(frail, sizeof *frail);
    household_close(&h);
}

static vpriv_status open_with(vpriv_root_store *root, vpriv_vault **vault_out)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    return vpriv_vault_open(h.path, root, &options, vault_out);
}

static vpriv_status hear(vpriv_vault *vault)
{
    return household_hear_in(vault, h.keyring, &recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL);
}

/* Everything works with this store: hearing, destroying, and opening again. */
static void assert_lives(vpriv_root_store *root)
{
    vpriv_vault *vault = NULL;
    ck_ok(open_with(root, &vault));
    ck_ok(hear(vault));
    vpriv_vault_close(vault);
}

static void assert_dead(vpriv_root_store *root, vpriv_status status)
{
    vpriv_vault *vault = NULL;
    ck_fails(open_with(root, &vault), status);
    ck_assert_ptr_null(vault);
}

START_TEST(it_moves_and_the_old_store_is_empty)
{
    vpriv_root_store *to = open_frail();
    uint8_t old[VPRIV_ROOT_RECORD_BYTES];
    memcpy(old, h.cell->record, sizeof old);
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    ck_ok(hear(h.vault)); /* the open vault goes on */
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_assert(!h.cell->is_filled);
    ck_assert_mem_ne(old + 16, frail->cell.record + 16, 40); /* another generation, another key */
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    assert_dead(h.root, VPRIV_E_ROOT);
    assert_lives(to);
    /* A copy of the old store opens nothing of the vault as it is now. */
    memcpy(h.cell->record, old, sizeof old);
    h.cell->is_filled = true;
    assert_dead(h.root, VPRIV_E_ROLLBACK);
    ck_ok(open_with(to, &h.vault));
    ck_ok(vpriv_vault_erase(h.vault, &recording, 1, &receipt));
    ck_fails(hear(h.vault), VPRIV_E_ERASED);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    vpriv_root_close(to);
}
END_TEST

START_TEST(the_log_tells_it)
{
    vpriv_vault_info before = {.struct_size = sizeof before}, after = before;
    vpriv_root_store *to = open_frail();
    ck_ok(vpriv_vault_about(h.vault, &before));
    ck_ok(vpriv_vault_move_root(h.vault, to, "installer"));
    ck_ok(vpriv_vault_about(h.vault, &after));
    ck_assert_uint_eq(after.log_size, before.log_size + 1);
    ck_assert_uint_eq(after.generation, before.generation + 1);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    vpriv_root_close(to);
}
END_TEST

START_TEST(other_stores_and_bad_calls_are_refused)
{
    vpriv_root_store *to = open_frail();
    uint8_t other[VPRIV_ROOT_RECORD_BYTES];
    memset(other, 0x77, sizeof other);
    ck_fails(vpriv_vault_move_root(h.vault, NULL, "installer"), VPRIV_E_ARG);
    ck_fails(vpriv_vault_move_root(h.vault, h.root, "installer"), VPRIV_E_ARG);
    ck_fails(vpriv_vault_move_root(h.vault, to, ""), VPRIV_E_ARG);
    ck_fails(vpriv_vault_move_root(NULL, to, "installer"), VPRIV_E_ARG);
    memcpy(frail->cell.record, other, sizeof other);
    frail->cell.is_filled = true;
    ck_fails(vpriv_vault_move_root(h.vault, to, "installer"), VPRIV_E_EXISTS);
    ck_assert_mem_eq(frail->cell.record, other, sizeof other); /* somebody's key: it is kept */
    ck_ok(hear(h.vault));
    vpriv_root_close(to);
}
END_TEST

/* With its files gone again. */
static vpriv_status make_another(vpriv_root_store *store)
{
    char path[PATH_BYTES];
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    household_file(&h, "another", path);
    const vpriv_status st = vpriv_vault_create(path, store, NULL, &keyring, &vault);
    ck_assert_int_eq(access(path, F_OK) == 0, st == VPRIV_OK);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    unlink(path);
    return st;
}

/* A new vault that does not come to be takes its own key back: the store is free for the next one. */
START_TEST(a_new_vault_that_fails_leaves_no_key)
{
    vpriv_root_store *store = open_frail();
    int n_refused = 0;
    for (int at = 0; at < 16; at++) {
        frail->n_calls = 0;
        frail->refuse_at = at / 2;
        frail->refuses_after = at % 2;
        const vpriv_status st = make_another(store);
        ck_assert_int_eq(frail->cell.is_filled, st == VPRIV_OK);
        n_refused += st != VPRIV_OK;
        frail->cell.is_filled = false;
    }
    ck_assert_int_ge(n_refused, 8); /* two loads, replacing, and a load to be sure */
    vpriv_root_close(store);
}
END_TEST

/* Two vaults are made with one store at the same time: the one that comes too late leaves the other's key. */
START_TEST(a_new_vault_that_fails_leaves_the_key_of_another)
{
    vpriv_root_store *store = open_frail();
    uint8_t other[VPRIV_ROOT_RECORD_BYTES];
    int n_late = 0;
    memset(other, 0x77, sizeof other);
    for (;; n_late++) {
        frail->n_calls = 0;
        frail->other_at = n_late + 1;
        frail->cell.is_filled = false;
        if (make_another(store) == VPRIV_OK)
            break;
        ck_assert_mem_eq(frail->cell.record, other, sizeof other);
    }
    ck_assert_int_ge(n_late, 2);
    vpriv_root_close(store);
}
END_TEST

/* Each call on the new store refuses in turn, having done it or not: the old store goes on. */
START_TEST(a_store_that_refuses_leaves_the_old_one_in_force)
{
    int n_refused = 0;
    for (int at = 0; at < 20; at++) {
        vpriv_root_store *to = open_frail();
        frail->n_calls = 0;
        frail->refuse_at = at / 2;
        frail->refuses_after = at % 2;
        const vpriv_status st = vpriv_vault_move_root(h.vault, to, "installer");
        frail->refuse_at = -1;
        if (st == VPRIV_OK) {
            ck_ok(hear(h.vault));
            ck_assert_int_ge(n_refused, 6);
            vpriv_vault_close(h.vault);
            h.vault = NULL;
            assert_lives(to);
            vpriv_root_close(to);
            return;
        }
        n_refused++;
        ck_assert_int_eq(st, VPRIV_E_ROOT);
        ck_ok(hear(h.vault));
        ck_assert(!frail->cell.is_filled); /* no copy is left behind */
        vpriv_vault_close(h.vault);
        assert_dead(to, VPRIV_E_ROOT);
        vpriv_root_close(to);
        ck_ok(household_open_vault(&h, h.path, &h.vault));
    }
    ck_abort_msg("it never worked");
}
END_TEST

/* The process dies in each call on the new store: the vault opens with one of the two, and can then be
 * moved. */
START_TEST(a_death_in_the_middle_loses_nothing)
{
    int n_died = 0, n_new = 0, n_old = 0;
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    for (int at = 0; at < 20; at++) {
        const pid_t child = fork();
        if (child == 0) {
            vpriv_vault *vault = NULL;
            vpriv_root_store *to = open_frail();
            frail->n_calls = 0;
            frail->die_at = at;
            if (open_with(h.root, &vault) != VPRIV_OK)
                _exit(9);
            _exit(vpriv_vault_move_root(vault, to, "installer") == VPRIV_OK ? 0 : 8);
        }
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        frail->die_at = -1;
        ck_assert(WIFEXITED(status));
        vpriv_root_store *to = open_frail();
        if (WEXITSTATUS(status) == 0) {
            assert_lives(to);
            assert_dead(h.root, VPRIV_E_ROOT);
            vpriv_root_close(to);
            ck_assert_int_ge(n_died, 3);
            ck_assert_int_gt(n_old, 0);
            return;
        }
        ck_assert_int_eq(WEXITSTATUS(status), 7);
        n_died++;
        vpriv_vault *vault = NULL;
        const bool with_old = open_with(h.root, &vault) == VPRIV_OK;
        if (with_old) {
            n_old++;
            ck_ok(hear(vault));
            /* Whatever was left in the new store: moving again works, and back. */
            ck_ok(vpriv_vault_move_root(vault, to, "installer"));
            ck_ok(vpriv_vault_move_root(vault, h.root, "installer"));
            vpriv_vault_close(vault);
        } else {
            n_new++;
            ck_ok(open_with(to, &vault));
            ck_ok(hear(vault));
            memset(h.cell->record, 0, sizeof h.cell->record); /* stale */
            h.cell->is_filled = false;
            ck_ok(vpriv_vault_move_root(vault, h.root, "installer"));
            vpriv_vault_close(vault);
        }
        vpriv_root_close(to);
    }
    ck_abort_msg("it never worked");
}
END_TEST

/* Through real stores: a file, a passphrase, the kernel. */
START_TEST(it_moves_through_every_kind_of_store)
{
    char path[PATH_BYTES], words[PATH_BYTES], name[40];
    static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};
    vpriv_root_store *file = NULL, *passphrase = NULL, *kernel = NULL;
    vpriv_vault_info info = {.struct_size = sizeof info};
    household_file(&h, "file.root", path);
    household_file(&h, "words.root", words);
    snprintf(name, sizeof name, "test-vault-%ld", (long)getpid());
    ck_ok(vpriv_root_file_open(path, &file));
    ck_ok(vpriv_root_passphrase_open(words, "over the hills", 14, &cheap, &passphrase));
    ck_ok(vpriv_root_kernel_open(name, &kernel));
    vpriv_root_store *const stores[] = {file, passphrase, kernel, file};
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
        ck_ok(vpriv_vault_move_root(h.vault, stores[i], "installer"));
        ck_ok(hear(h.vault));
        ck_ok(vpriv_vault_about(h.vault, &info));
        /* The first of them is a file: nothing is forgotten any better afterwards. */
        ck_assert_int_eq(info.assurance, VPRIV_ASSURANCE_BEST_EFFORT);
        vpriv_vault_close(h.vault);
        h.vault = NULL;
        assert_lives(stores[i]);
        ck_ok(open_with(stores[i], &h.vault));
    }
    ck_assert_int_ne(access(words, F_OK), 0);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    assert_dead(passphrase, VPRIV_E_ROOT);
    assert_dead(kernel, VPRIV_E_ROOT);
    vpriv_root_close(kernel);
    vpriv_root_close(passphrase);
    vpriv_root_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: root");
    TCase *tests = tcase_create("root");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, it_moves_and_the_old_store_is_empty);
    tcase_add_test(tests, the_log_tells_it);
    tcase_add_test(tests, other_stores_and_bad_calls_are_refused);
    tcase_add_test(tests, a_new_vault_that_fails_leaves_no_key);
    tcase_add_test(tests, a_new_vault_that_fails_leaves_the_key_of_another);
    tcase_add_test(tests, a_store_that_refuses_leaves_the_old_one_in_force);
    tcase_add_test(tests, a_death_in_the_middle_loses_nothing);
    tcase_add_test(tests, it_moves_through_every_kind_of_store);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
