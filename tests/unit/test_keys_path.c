/* The path of nodes that is kept for a transaction: the same keys, whatever happens in between. */
#include "base/memory.h"
#include "keys/tree_nodes.h"
#include "test_keys_tree_help.h"
#include <sodium.h>

#define N_KEYS (125 * 125 + 300) /* three levels */

static rig r;

static void assert_random_slots(int n)
{
    for (int i = 0; i < n; i++)
        rig_assert_slot(&r, rig_random(&r, (uint32_t)r.n_slots));
}

START_TEST(kept_path_gives_the_same_keys)
{
    rig_create(&r, ":memory:");
    rig_add_now(&r, N_KEYS);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    for (size_t slot = 0; slot < 260; slot++)
        rig_assert_slot(&r, slot);
    assert_random_slots(300);
    rig_assert_slot(&r, 0);
    rig_assert_slot(&r, N_KEYS - 1);
    rig_assert_slot(&r, 0);
    vpi_tree_drop_path(r.tree);
    rig_finish(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(kept_path_spares_reading_the_nodes_again)
{
    uint8_t key[VPI_KEY_BYTES];
    rig_create(&r, ":memory:");
    rig_add_now(&r, N_KEYS);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    ck_ok(vpi_tree_get(r.tree, 7, key));
    ck_ok(vpi_database_script(r.database, "DELETE FROM key_node WHERE id = 0"));
    ck_ok(vpi_tree_get(r.tree, 8, key));
    ck_assert_mem_eq(key, r.key[8], sizeof key);
    ck_ok(vpi_tree_get(r.tree, 125, key)); /* another leaf: the first one is forgotten */
    ck_fails(vpi_tree_get(r.tree, 8, key), VPRIV_E_AUTH);
    ck_ok(vpi_tree_get(r.tree, 126, key)); /* and what is above still holds */
    ck_assert_mem_eq(key, r.key[126], sizeof key);
    vpi_tree_drop_path(r.tree);
    vpi_database_rollback(r.database);
    rig_destroy(&r);
}
END_TEST

START_TEST(node_that_does_not_open_is_not_taken_for_the_one_before)
{
    uint8_t key[VPI_KEY_BYTES];
    rig_create(&r, ":memory:");
    rig_add_now(&r, N_KEYS);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    rig_assert_slot(&r, 8);
    ck_ok(vpi_database_script(r.database, "UPDATE key_node SET sealed = CAST(substr(sealed, 1, "
                                          "length(sealed) - 16) || zeroblob(16) AS BLOB)"
                                          " WHERE id = 1"));
    ck_fails(vpi_tree_get(r.tree, 125, key), VPRIV_E_AUTH);
    rig_assert_slot(&r, 8);
    ck_fails(vpi_tree_get(r.tree, 125, key), VPRIV_E_AUTH);
    vpi_tree_drop_path(r.tree);
    vpi_database_rollback(r.database);
    rig_destroy(&r);
}
END_TEST

START_TEST(added_keys_are_seen_behind_a_kept_path)
{
    rig_create(&r, ":memory:");
    rig_add_now(&r, 100);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    rig_assert_slot(&r, 3);
    rig_add(&r, 10); /* into the very node that is kept */
    rig_assert_slot(&r, 105);
    rig_add(&r, 125 * 125); /* and two levels on top */
    rig_assert_slot(&r, 3);
    assert_random_slots(100);
    vpi_tree_drop_path(r.tree);
    rig_finish(&r);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(nothing_of_a_shredded_key_is_kept)
{
    static const uint8_t zeros[sizeof(vpi_node)];
    uint8_t key[VPI_KEY_BYTES];
    vpi_tree_change change = {5, NULL};
    rig_create(&r, ":memory:");
    rig_add_now(&r, 200);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    rig_assert_slot(&r, 5);
    ck_ok(vpi_tree_shred(r.tree, &change, 1, NULL, 0));
    for (int level = 0; level < VPI_TREE_LEVELS_MAX; level++)
        ck_assert_mem_eq(&r.tree->secrets->node[level], zeros, sizeof zeros);
    vpi_tree_drop_path(r.tree);
    rig_finish(&r);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    ck_fails(vpi_tree_get(r.tree, 5, key), VPRIV_E_ERASED);
    rig_assert_slot(&r, 6);
    vpi_tree_drop_path(r.tree);
    rig_finish(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(dropping_a_path_wipes_it)
{
    static const uint8_t zeros[sizeof(vpi_node)];
    rig_create(&r, ":memory:");
    rig_add_now(&r, N_KEYS);
    rig_begin(&r);
    vpi_tree_keep_path(r.tree);
    rig_assert_slot(&r, 9);
    ck_assert_mem_ne(&r.tree->secrets->node[0], zeros, sizeof zeros);
    vpi_tree_drop_path(r.tree);
    for (int level = 0; level < VPI_TREE_LEVELS_MAX; level++)
        ck_assert_mem_eq(&r.tree->secrets->node[level], zeros, sizeof zeros);
    rig_assert_slot(&r, 9); /* without one nothing stays either */
    ck_assert_mem_eq(&r.tree->secrets->node[0], zeros, sizeof zeros);
    rig_finish(&r);
    rig_destroy(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: the kept path");
    TCase *tests = tcase_create("path");
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, kept_path_gives_the_same_keys);
    tcase_add_test(tests, kept_path_spares_reading_the_nodes_again);
    tcase_add_test(tests, node_that_does_not_open_is_not_taken_for_the_one_before);
    tcase_add_test(tests, added_keys_are_seen_behind_a_kept_path);
    tcase_add_test(tests, nothing_of_a_shredded_key_is_kept);
    tcase_add_test(tests, dropping_a_path_wipes_it);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
