/* A key tree whose rows were changed behind its back: what is damaged is refused, and nothing else. */
#include "base/memory.h"
#include "base/random.h"
#include "test_keys_tree_help.h"

static rig r;

START_TEST(nodes_swapped_copied_damaged_or_deleted_are_refused)
{
    uint8_t key[VPI_KEY_BYTES] = {0x77};
    static const struct {
        const char *sql;
        uint64_t n_damaged;
    } attacks[] = {
        {"UPDATE key_node SET sealed = (SELECT sealed FROM key_node WHERE id = 1 - o.id)"
         " FROM (SELECT id FROM key_node WHERE id IN (0, 1)) o WHERE key_node.id = o.id",
            2},
        {"UPDATE key_node SET sealed = (SELECT sealed FROM key_node WHERE id = 1) WHERE id = 0", 1},
        {"UPDATE key_node SET sealed = (SELECT sealed FROM key_node WHERE id = (1 << 56) )"
         " WHERE id = 0",
            1},
        {"DELETE FROM key_node WHERE id = 0", 1},
        {"UPDATE key_node SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE id = 0", 1},
        {"UPDATE key_node SET sealed = CAST(sealed || x'00' AS BLOB) WHERE id = 0", 1},
        {"UPDATE key_node SET sealed = x'' WHERE id = 0", 1},
        {"UPDATE key_node SET sealed = zeroblob(length(sealed)) WHERE id = 0", 1},
        {"DELETE FROM key_node WHERE id = 1 << 56", 1},
        {"DELETE FROM key_node", 0},
        {"UPDATE key_node SET id = id + (1 << 56) WHERE id = 1 << 56", 1},
        {"UPDATE key_node SET sealed = (SELECT sealed FROM key_node WHERE id = 0)"
         " WHERE id = 1 << 56",
            1},
        {"INSERT INTO key_node SELECT 2 << 56, sealed FROM key_node WHERE id = 1 << 56", 1},
        {"INSERT INTO key_node SELECT 7 << 56, sealed FROM key_node WHERE id = 1 << 56", 0},
        {"INSERT INTO key_node SELECT 127 << 56, sealed FROM key_node WHERE id = 1 << 56", 0},
        {"UPDATE key_node SET id = -1 - id", 0},
    };
    rig_create(&r, "attack.db");
    rig_add_now(&r, 300);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        rig_tamper(&r, "BEGIN");
        rig_tamper(&r, attacks[i].sql);
        ck_assert_msg(vpi_tree_get(r.tree, 7, key) == VPRIV_E_AUTH, "%s", attacks[i].sql);
        ck_assert_uint_eq(key[0], 0x77);
        rig_assert_damaged(&r, attacks[i].n_damaged);
        rig_tamper(&r, "ROLLBACK");
        rig_assert_all(&r);
    }
    rig_destroy(&r);
}
END_TEST

START_TEST(damage_in_one_node_leaves_the_others_readable)
{
    uint8_t key[VPI_KEY_BYTES];
    rig_create(&r, "partly.db");
    rig_add_now(&r, 300);
    rig_tamper(&r, "UPDATE key_node SET sealed = zeroblob(length(sealed)) WHERE id = 1");
    for (uint64_t slot = 0; slot < 300; slot++)
        if (slot / 125 == 1)
            ck_fails(vpi_tree_get(r.tree, slot, key), VPRIV_E_AUTH);
        else
            rig_assert_slot(&r, slot);
    rig_assert_damaged(&r, 1);
    /* A shred that would have to read it fails, and changes nothing. */
    vpi_tree_change changes[] = {{0, NULL}, {130, NULL}};
    rig_begin(&r);
    ck_fails(vpi_tree_shred(r.tree, changes, 2, NULL, 0), VPRIV_E_AUTH);
    vpi_database_rollback(r.database);
    rig_assert_slot(&r, 0);
    /* Others can still go. */
    rig_shred_now(&r, (uint64_t[]){0, 299}, 2);
    rig_assert_slot(&r, 0);
    rig_assert_slot(&r, 299);
    rig_assert_slot(&r, 298);
    rig_destroy(&r);
}
END_TEST

/* The count of used slots sealed anew with the right key, as only a fault could: what a slot holds
 * is never overwritten by an addition. */
START_TEST(adding_to_a_slot_that_is_not_empty_is_refused)
{
    uint8_t top[VPI_KEY_BYTES], sealed[sizeof(vpi_node) + VPI_SEAL_OVERHEAD];
    const vpi_place place = {rig_vault_id, VPI_COLUMN_KEY_NODE, 0, NULL, 0};
    vpi_node node;
    uint64_t first = 77;
    rig_create(&r, "used.db");
    rig_add_now(&r, 50);
    vpi_derive(r.memory.record + 24, "root: key tree", NULL, 0, top);
    for (int n_used = 0; n_used <= 127; n_used++) {
        vpi_row row;
        size_t n = 0;
        ck_ok(vpi_database_query(r.database, &row, "SELECT sealed FROM key_node WHERE id = 0", ""));
        const uint8_t *blob = vpi_column_blob(&row, 0, &n);
        ck_ok(vpi_unseal(top, &place, blob, n, &node));
        vpi_row_end(&row);
        node.n_used = (uint8_t)n_used;
        vpi_seal(top, &place, &node, sizeof node, sealed);
        rig_begin(&r);
        ck_ok(vpi_database_run(r.database, "UPDATE key_node SET sealed = ?1 WHERE id = 0", "b",
            sealed, sizeof sealed));
        const vpriv_status st = vpi_tree_add(r.tree, r.key[0], 1, &first);
        ck_assert_int_eq(st, n_used < 50 || n_used > 125 ? VPRIV_E_AUTH : VPRIV_OK);
        if (n_used < 50)
            ck_assert_uint_eq(first, 77);
        vpi_database_rollback(r.database);
    }
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

/* The last node taken away, or all of them after some point: slots would be given out again. */
START_TEST(adding_after_the_last_node_was_taken_away_is_refused)
{
    static const char *const attacks[] = {"DELETE FROM key_node WHERE id = 2",
        "DELETE FROM key_node WHERE id IN (1, 2)", "DELETE FROM key_node WHERE id < 1 << 56",
        "UPDATE key_node SET id = 500 WHERE id = 2", "UPDATE key_node SET id = 3 WHERE id = 2",
        "INSERT INTO key_node SELECT 3, sealed FROM key_node WHERE id = 2",
        "INSERT INTO key_node SELECT 126, sealed FROM key_node WHERE id = 2"};
    uint64_t first = 77;
    rig_create(&r, "last.db");
    rig_add_now(&r, 300);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        rig_begin(&r);
        rig_tamper(&r, attacks[i]);
        ck_assert_msg(vpi_tree_add(r.tree, r.key[0], 1, &first) == VPRIV_E_AUTH, "%s", attacks[i]);
        vpi_database_rollback(r.database);
    }
    ck_assert_uint_eq(first, 77);
    rig_add_now(&r, 1);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: tree: damage");
    TCase *tests = tcase_create("damage");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, nodes_swapped_copied_damaged_or_deleted_are_refused);
    tcase_add_test(tests, damage_in_one_node_leaves_the_others_readable);
    tcase_add_test(tests, adding_to_a_slot_that_is_not_empty_is_refused);
    tcase_add_test(tests, adding_after_the_last_node_was_taken_away_is_refused);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
