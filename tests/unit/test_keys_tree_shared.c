/* One key tree in two processes at once: each sees what is in force, and finishes what the other has begun. */
#include "base/memory.h"
#include "base/random.h"
#include "test_keys_tree_help.h"

static rig r;

/* A second process: its own connection, its own handle, the same root store. */
typedef struct other {
    vpi_database *database;
    vpi_tree *tree;
} other;

static other open_other(void)
{
    other o;
    ck_ok(vpi_database_open(r.path, VPI_DATABASE_OPEN, &o.database));
    ck_ok(vpi_tree_open(o.database, r.store, rig_vault_id, &o.tree));
    return o;
}

static void close_other(other *o)
{
    vpi_tree_close(o->tree);
    vpi_database_close(o->database);
}

static void swap_with(other *o)
{
    const other mine = {r.database, r.tree};
    r.database = o->database;
    r.tree = o->tree;
    *o = mine;
}

START_TEST(two_processes_stay_in_step)
{
    rig_create(&r, "two.db");
    rig_add_now(&r, 1000);
    other o = open_other();
    for (int i = 0; i < 200; i++) {
        const uint64_t slots[] = {rig_random(&r, (uint32_t)r.n_slots), (uint64_t)i};
        rig_begin(&r);
        if (i % 3 == 0)
            rig_add(&r, 1 + rig_random(&r, 30));
        if (i % 5 != 4)
            rig_shred(&r, slots, 2);
        rig_finish(&r);
        if (rig_random(&r, 3))
            swap_with(&o);
        if (i % 50 == 49) {
            rig_begin(&r);
            rig_assert_all(&r);
            vpi_database_rollback(r.database);
        }
    }
    close_other(&o);
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(reader_takes_over_what_is_in_force_and_finishes_what_is_not)
{
    uint8_t key[VPI_KEY_BYTES];
    bool began = false;
    const uint64_t slot = 9;
    rig_create(&r, "reader.db");
    rig_add_now(&r, 200);
    other o = open_other();
    for (int settled_first = 0; settled_first < 2; settled_first++) {
        const uint64_t generation = vpi_tree_generation(r.tree);
        rig_begin(&r);
        rig_shred(&r, &slot, 1);
        ck_ok(vpi_database_commit(r.database));
        if (settled_first)
            ck_ok(vpi_tree_settle(r.tree));
        ck_ok(vpi_database_read_begin(o.database, &began));
        if (settled_first) /* and while somebody writes, who need not be waited for */
            rig_begin(&r);
        r.memory.record[0] ^= 1; /* another vault's is none, whatever its generation */
        ck_fails(vpi_tree_refresh(o.tree), VPRIV_E_BUSY);
        r.memory.record[0] ^= 1;
        ck_assert_int_eq(vpi_tree_refresh(o.tree), settled_first ? VPRIV_OK : VPRIV_E_BUSY);
        vpi_database_read_end(o.database, began);
        vpi_database_rollback(r.database);
        ck_assert_uint_eq(r.memory.n_replaced, generation + (settled_first ? 1 : 0));
        ck_ok(vpi_tree_settle(o.tree));
        ck_assert_uint_eq(r.memory.n_replaced, generation + 1);
        ck_ok(vpi_database_read_begin(o.database, &began));
        ck_ok(vpi_tree_refresh(o.tree));
        ck_fails(vpi_tree_get(o.tree, 9, key), VPRIV_E_ERASED);
        ck_ok(vpi_tree_get(o.tree, 10, key));
        ck_assert_mem_eq(key, r.key[10], sizeof key);
        vpi_database_read_end(o.database, began);
        ck_ok(vpi_tree_settle(r.tree));
        ck_assert_uint_eq(r.memory.n_replaced, generation + 1);
        ck_assert_uint_eq(vpi_tree_generation(r.tree), generation + 1);
        ck_assert_uint_eq(vpi_tree_generation(o.tree), generation + 1);
    }
    close_other(&o);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

/* A reader that began before the shred sees the file as it was, and its own root still fits it. */
START_TEST(reader_keeps_its_view_while_another_shreds)
{
    uint8_t key[VPI_KEY_BYTES];
    bool began = false;
    const uint64_t slot = 9;
    rig_create(&r, "view.db");
    rig_add_now(&r, 200);
    other o = open_other();
    ck_ok(vpi_database_read_begin(o.database, &began));
    ck_ok(vpi_tree_refresh(o.tree));
    ck_ok(vpi_tree_get(o.tree, 10, key));
    rig_shred_now(&r, &slot, 1);
    ck_ok(vpi_tree_refresh(o.tree));
    ck_ok(vpi_tree_get(o.tree, 10, key));
    vpi_database_read_end(o.database, began);
    ck_ok(vpi_database_read_begin(o.database, &began));
    ck_ok(vpi_tree_refresh(o.tree));
    ck_fails(vpi_tree_get(o.tree, 9, key), VPRIV_E_ERASED);
    vpi_database_read_end(o.database, began);
    close_other(&o);
    rig_destroy(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: tree: shared");
    TCase *tests = tcase_create("shared");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, two_processes_stay_in_step);
    tcase_add_test(tests, reader_takes_over_what_is_in_force_and_finishes_what_is_not);
    tcase_add_test(tests, reader_keeps_its_view_while_another_shreds);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
