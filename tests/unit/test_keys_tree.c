/* The key tree against a plain array: whatever is done to it, it gives back what it should, at its price. */
#include "base/memory.h"
#include "base/random.h"
#include "test_keys_tree_help.h"
#include <sodium.h>

static rig r;

START_TEST(tree_new_holds_nothing_and_has_an_empty_head)
{
    uint8_t key[VPI_KEY_BYTES], head[VPI_HEAD_BYTES_MAX];
    size_t n_head = 99;
    rig_create(&r, ":memory:");
    ck_assert_uint_eq(vpi_tree_generation(r.tree), 1);
    ck_assert_uint_eq(r.memory.n_replaced, 1);
    ck_fails(vpi_tree_get(r.tree, 0, key), VPRIV_E_ERASED);
    ck_fails(vpi_tree_get(r.tree, VPI_NODE_KEYS - 1, key), VPRIV_E_ERASED);
    ck_fails(vpi_tree_get(r.tree, VPI_NODE_KEYS, key), VPRIV_E_AUTH);
    ck_fails(vpi_tree_get(r.tree, UINT64_MAX, key), VPRIV_E_AUTH);
    ck_ok(vpi_tree_head(r.tree, head, sizeof head, &n_head));
    ck_assert_uint_eq(n_head, 0);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(tree_of_any_size_gives_back_every_key)
{
    static const size_t batches[] = {1, 123, 1, 1, 124, 1, 15373, 1, 1, 125, 250, 126, 3000};
    rig_create(&r, "sizes.db");
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        rig_add_now(&r, batches[i]);
        for (size_t slot = r.n_slots - batches[i]; slot < r.n_slots; slot++)
            rig_assert_slot(&r, slot);
        rig_assert_slot(&r, 0);
        ck_assert_int_eq(rig_levels(&r), r.n_slots <= 125 ? 1 : r.n_slots <= 15625 ? 2 : 3);
    }
    ck_assert_int_eq(rig_levels(&r), 3);
    rig_assert_all(&r);
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    ck_assert_uint_eq(r.memory.n_replaced, 1); /* adding changes no root */
    rig_destroy(&r);
}
END_TEST

START_TEST(tree_of_four_levels_is_made_in_one_batch)
{
    enum { N = 125 * 125 * 125 + 3 };
    uint8_t(*keys)[VPI_KEY_BYTES] = malloc((size_t)N * VPI_KEY_BYTES), key[VPI_KEY_BYTES];
    uint64_t first = 1;
    randombytes_buf(keys, (size_t)N * VPI_KEY_BYTES);
    rig_create(&r, ":memory:");
    rig_begin(&r);
    ck_ok(vpi_tree_add(r.tree, keys[0], N, &first));
    rig_finish(&r);
    ck_assert_uint_eq(first, 0);
    ck_assert_int_eq(rig_levels(&r), 4);
    for (uint64_t slot = 0; slot < N; slot += slot < N - 9 ? 9973 : 1) {
        ck_ok(vpi_tree_get(r.tree, slot, key));
        ck_assert_mem_eq(key, keys[slot], sizeof key);
    }
    vpi_tree_change changes[] = {{N - 1, NULL}, {77, NULL}};
    rig_begin(&r);
    ck_ok(vpi_tree_shred(r.tree, changes, 2, NULL, 0));
    rig_finish(&r);
    ck_fails(vpi_tree_get(r.tree, 77, key), VPRIV_E_ERASED);
    ck_fails(vpi_tree_get(r.tree, N - 1, key), VPRIV_E_ERASED);
    ck_ok(vpi_tree_get(r.tree, N - 2, key));
    ck_assert_mem_eq(key, keys[N - 2], sizeof key);
    free(keys);
    rig_destroy(&r);
}
END_TEST

/* Add, shred, replace, roll back and reopen at random; the array always knows better. */
static void run_model(int n_rounds, uint32_t add_max, uint64_t seed)
{
    static uint8_t before[SLOTS_MAX][VPI_KEY_BYTES];
    r.random ^= seed;
    for (int round = 0; round < n_rounds; round++) {
        const bool give_up = rig_random(&r, 8) == 0;
        const bool shreds = rig_random(&r, 4) != 0;
        const size_t n_before = r.n_slots;
        const uint64_t generation = vpi_tree_generation(r.tree);
        memcpy(before, r.key, n_before * VPI_KEY_BYTES);
        rig_begin(&r);
        for (uint32_t i = rig_random(&r, 3); i > 0; i--)
            rig_add(&r, 1 + rig_random(&r, add_max));
        if (shreds && r.n_slots > 0) {
            static vpi_tree_change changes[2000];
            static uint8_t fresh[2000][VPI_KEY_BYTES];
            static uint8_t chosen[SLOTS_MAX];
            const uint32_t n_wanted = 1 + rig_random(&r, rig_random(&r, 3) ? 5 : 2000);
            const bool in_a_row = rig_random(&r, 2);
            const uint64_t start = rig_random(&r, (uint32_t)r.n_slots);
            size_t n = 0;
            memset(chosen, 0, sizeof chosen);
            for (uint32_t i = 0; i < n_wanted; i++) {
                const uint64_t slot =
                    in_a_row ? (start + i) % r.n_slots : rig_random(&r, (uint32_t)r.n_slots);
                if (chosen[slot])
                    continue;
                chosen[slot] = 1;
                changes[n] = (vpi_tree_change){slot, NULL};
                if (rig_lives(&r, slot) && rig_random(&r, 6) == 0) {
                    rig_make_key(&r, fresh[n]);
                    changes[n].key = fresh[n];
                    memcpy(r.key[slot], fresh[n], VPI_KEY_BYTES);
                } else {
                    memset(r.key[slot], 0, VPI_KEY_BYTES);
                }
                n++;
            }
            ck_ok(vpi_tree_shred(r.tree, changes, n, &generation, sizeof generation));
        }
        if (give_up) {
            vpi_database_rollback(r.database);
            vpi_tree_forget_shred(r.tree);
            ck_ok(vpi_tree_settle(r.tree));
            r.n_slots = n_before;
            memcpy(r.key, before, n_before * VPI_KEY_BYTES);
            ck_assert_uint_eq(vpi_tree_generation(r.tree), generation);
        } else {
            rig_finish(&r);
            ck_assert_uint_eq(vpi_tree_generation(r.tree), generation + (shreds && r.n_slots > 0));
        }
        if (round % 20 == 19) {
            ck_ok(rig_reopen(&r));
            rig_assert_all(&r);
        }
        for (int i = 0; i < 20 && r.n_slots > 0; i++)
            rig_assert_slot(&r, rig_random(&r, (uint32_t)r.n_slots));
    }
    rig_assert_all(&r);
}

START_TEST(tree_does_what_a_plain_array_does)
{
    rig_create(&r, "model.db");
    run_model(300, 3, 1); /* one level, then two */
    ck_assert_int_ge(rig_levels(&r), 2);
    run_model(100, 60, 2);
    run_model(100, 400, 3); /* three */
    ck_assert_int_eq(rig_levels(&r), 3);
    ck_assert_uint_gt(r.n_slots, 15625);
    rig_destroy(&r);
}
END_TEST

START_TEST(shredded_slots_are_erased_and_never_used_again)
{
    uint64_t slots[700];
    rig_create(&r, "never.db");
    rig_add_now(&r, 700);
    for (uint64_t i = 0; i < 700; i++)
        slots[i] = i;
    rig_shred_now(&r, slots, 700); /* everything, the last node too */
    rig_assert_all(&r);
    rig_add_now(&r, 1);
    ck_assert_uint_eq(r.n_slots, 701);
    rig_shred_now(&r, (uint64_t[]){700}, 1);
    ck_ok(rig_reopen(&r));
    rig_add_now(&r, 130);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(emptied_nodes_leave_the_file)
{
    uint64_t slots[2 * 15625];
    rig_create(&r, "empty.db");
    rig_add_now(&r, 2 * 15625 + 10);
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM key_node"), 251 + 3 + 1);
    for (uint64_t i = 0; i < 2 * 15625; i++)
        slots[i] = i;
    rig_shred_now(&r, slots, 125); /* one leaf */
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM key_node WHERE id = 0"), 0);
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM key_node"), 251 + 3 + 1 - 1);
    rig_shred_now(&r, slots + 15626, 1);
    rig_shred_now(&r, slots + 125, 15625 - 125); /* the rest of a node of the second level */
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM key_node"), 126 + 2 + 1);
    rig_assert_all(&r);
    rig_shred_now(&r, slots, 3); /* below what is gone: nothing to find, and no harm */
    rig_assert_all(&r);
    rig_shred_now(&r, slots + 15625, 15625);
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM key_node"), 1 + 1 + 1);
    rig_assert_all(&r);
    rig_add_now(&r, 200);
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(replacing_needs_a_living_key)
{
    uint8_t fresh[VPI_KEY_BYTES] = {7};
    uint64_t slots[125];
    rig_create(&r, "replace.db");
    rig_add_now(&r, 300);
    for (uint64_t i = 0; i < 125; i++)
        slots[i] = i;
    rig_shred_now(&r, slots, 125);
    rig_shred_now(&r, (uint64_t[]){200}, 1);
    static const uint64_t dead[] = {5, 200, 300, 374, 376, 15624};
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        vpi_tree_change change = {dead[i], fresh};
        rig_begin(&r);
        ck_fails(vpi_tree_shred(r.tree, &change, 1, NULL, 0), VPRIV_E_ERASED);
        vpi_database_rollback(r.database);
        vpi_tree_forget_shred(r.tree);
    }
    vpi_tree_change change = {201, fresh};
    rig_begin(&r);
    ck_ok(vpi_tree_shred(r.tree, &change, 1, NULL, 0));
    rig_finish(&r);
    memcpy(r.key[201], fresh, sizeof fresh);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(a_slot_named_twice_is_cleared_once_or_refused)
{
    uint8_t fresh[VPI_KEY_BYTES] = {7};
    rig_create(&r, ":memory:");
    rig_add_now(&r, 10);
    rig_shred_now(&r, (uint64_t[]){3, 5, 3, 3}, 4);
    rig_assert_all(&r);
    for (int i = 0; i < 2; i++) {
        vpi_tree_change changes[] = {{6, i ? fresh : NULL}, {1, NULL}, {6, i ? NULL : fresh}};
        rig_begin(&r);
        ck_fails(vpi_tree_shred(r.tree, changes, 3, NULL, 0), VPRIV_E_ARG);
        vpi_database_rollback(r.database);
        vpi_tree_forget_shred(r.tree);
    }
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(one_shred_per_transaction_and_nothing_of_nothing)
{
    uint8_t key[VPI_KEY_BYTES] = {1};
    uint64_t first = 77;
    vpi_tree_change change = {1, NULL};
    rig_create(&r, ":memory:");
    rig_add_now(&r, 4);
    rig_begin(&r);
    ck_fails(vpi_tree_add(r.tree, key, 0, &first), VPRIV_E_ARG);
    ck_fails(vpi_tree_shred(r.tree, &change, 0, NULL, 0), VPRIV_E_ARG);
    rig_shred(&r, &change.slot, 1);
    ck_fails(vpi_tree_shred(r.tree, &change, 1, NULL, 0), VPRIV_E_STATE);
    ck_fails(vpi_tree_add(r.tree, key, 1, &first), VPRIV_E_STATE);
    rig_finish(&r);
    ck_assert_uint_eq(first, 77);
    rig_assert_all(&r);
    change.slot = 15625;
    rig_begin(&r);
    ck_fails(vpi_tree_shred(r.tree, &change, 1, NULL, 0), VPRIV_E_AUTH);
    vpi_database_rollback(r.database);
    rig_destroy(&r);
}
END_TEST

START_TEST(head_is_what_the_last_shred_said)
{
    uint8_t head[VPI_HEAD_BYTES_MAX], got[VPI_HEAD_BYTES_MAX], small[99];
    size_t n_got = 0;
    rig_create(&r, "head.db");
    rig_add_now(&r, 4);
    randombytes_buf(head, sizeof head);
    for (size_t n = 0; n <= sizeof head; n += 64) {
        vpi_tree_change change = {1, NULL};
        rig_begin(&r);
        ck_ok(vpi_tree_shred(r.tree, &change, 1, head, n));
        rig_finish(&r);
        ck_ok(vpi_tree_head(r.tree, got, sizeof got, &n_got));
        ck_assert_uint_eq(n_got, n);
        ck_assert_mem_eq(got, head, n);
        ck_ok(rig_reopen(&r));
        ck_ok(vpi_tree_head(r.tree, got, sizeof got, &n_got));
        ck_assert_uint_eq(n_got, n);
        ck_assert_mem_eq(got, head, n);
    }
    ck_fails(vpi_tree_head(r.tree, small, sizeof small, &n_got), VPRIV_E_VERSION);
    rig_begin(&r);
    vpi_tree_change change = {2, NULL};
    uint8_t longer[VPI_HEAD_BYTES_MAX + 300] = {0};
    ck_fails(vpi_tree_shred(r.tree, &change, 1, longer, sizeof longer), VPRIV_E_LIMIT);
    vpi_database_rollback(r.database);
    vpi_tree_forget_shred(r.tree);
    rig_tamper(&r, "UPDATE root_state SET head = zeroblob(length(head))");
    ck_fails(vpi_tree_head(r.tree, got, sizeof got, &n_got), VPRIV_E_AUTH);
    rig_tamper(&r, "UPDATE root_state SET head = x''");
    ck_fails(vpi_tree_head(r.tree, got, sizeof got, &n_got), VPRIV_E_AUTH);
    rig_tamper(&r, "DELETE FROM root_state");
    ck_fails(vpi_tree_head(r.tree, got, sizeof got, &n_got), VPRIV_E_AUTH);
    rig_destroy(&r);
}
END_TEST

START_TEST(tree_keeps_no_key_between_calls)
{
    uint8_t key[VPI_KEY_BYTES], head[VPI_HEAD_BYTES_MAX];
    uint64_t n = 0;
    size_t n_head = 0;
    vpi_tree_change change = {200, NULL};
    rig_create(&r, "between.db");
    rig_assert_wiped(&r);
    rig_begin(&r);
    rig_assert_wiped(&r);
    rig_add(&r, 300);
    rig_assert_wiped(&r);
    rig_shred(&r, (uint64_t[]){3, 299}, 2);
    rig_assert_wiped(&r);
    ck_ok(vpi_database_commit(r.database));
    r.memory.before_fails = VPRIV_E_IO;
    ck_fails(vpi_tree_settle(r.tree), VPRIV_E_ROOT);
    rig_assert_wiped(&r);
    r.memory.before_fails = VPRIV_OK;
    ck_ok(vpi_tree_settle(r.tree));
    rig_assert_wiped(&r);
    ck_ok(vpi_tree_get(r.tree, 4, key));
    rig_assert_wiped(&r);
    ck_fails(vpi_tree_get(r.tree, 3, key), VPRIV_E_ERASED);
    rig_assert_wiped(&r);
    ck_ok(vpi_tree_head(r.tree, head, sizeof head, &n_head));
    rig_assert_wiped(&r);
    ck_ok(vpi_tree_verify(r.tree, rig_no_damage, NULL, &n));
    rig_assert_wiped(&r);
    rig_tamper(&r, "UPDATE key_node SET sealed = zeroblob(length(sealed)) WHERE id IN (1, 2)");
    ck_fails(vpi_tree_get(r.tree, 200, key), VPRIV_E_AUTH);
    rig_assert_wiped(&r);
    rig_assert_damaged(&r, 2);
    rig_assert_wiped(&r);
    rig_begin(&r);
    ck_fails(vpi_tree_add(r.tree, r.key[0], 1, &n), VPRIV_E_AUTH);
    rig_assert_wiped(&r);
    ck_fails(vpi_tree_shred(r.tree, &change, 1, NULL, 0), VPRIV_E_AUTH);
    rig_assert_wiped(&r);
    vpi_database_rollback(r.database);
    vpi_tree_forget_shred(r.tree);
    rig_assert_wiped(&r);
    ck_ok(rig_reopen(&r));
    rig_assert_wiped(&r);
    rig_destroy(&r);
}
END_TEST

/* The rows a shred writes: one node per level, the pending root and the head; then one row goes. */
START_TEST(cost_of_a_shred_depends_on_levels_not_on_keys)
{
    static const size_t sizes[] = {100, 400, 15000, 16000, 39000};
    rig_create(&r, "cost.db");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        rig_add_now(&r, sizes[i] - r.n_slots);
        const int levels = rig_levels(&r);
        for (int j = 0; j < 5; j++) {
            const uint64_t slot = (uint64_t)j * (sizes[i] / 5) + 3 * i;
            sqlite3 *handle = vpi_database_handle(r.database);
            const int64_t before = sqlite3_total_changes64(handle);
            rig_begin(&r);
            rig_shred(&r, &slot, 1);
            ck_ok(vpi_database_commit(r.database));
            ck_assert_int_eq(sqlite3_total_changes64(handle) - before, levels + 2);
            ck_ok(vpi_tree_settle(r.tree));
            ck_assert_int_eq(sqlite3_total_changes64(handle) - before, levels + 4);
        }
        /* Many at once share their paths. */
        uint64_t slots[20];
        const int64_t before = sqlite3_total_changes64(vpi_database_handle(r.database));
        for (uint64_t j = 0; j < 20; j++)
            slots[j] = 40 + j;
        rig_shred_now(&r, slots, 20);
        ck_assert_int_eq(
            sqlite3_total_changes64(vpi_database_handle(r.database)) - before, levels + 4);
    }
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: tree");
    TCase *tests = tcase_create("tree");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, tree_new_holds_nothing_and_has_an_empty_head);
    tcase_add_test(tests, tree_of_any_size_gives_back_every_key);
    tcase_add_test(tests, tree_of_four_levels_is_made_in_one_batch);
    tcase_add_test(tests, tree_does_what_a_plain_array_does);
    tcase_add_test(tests, shredded_slots_are_erased_and_never_used_again);
    tcase_add_test(tests, emptied_nodes_leave_the_file);
    tcase_add_test(tests, replacing_needs_a_living_key);
    tcase_add_test(tests, a_slot_named_twice_is_cleared_once_or_refused);
    tcase_add_test(tests, one_shred_per_transaction_and_nothing_of_nothing);
    tcase_add_test(tests, head_is_what_the_last_shred_said);
    tcase_add_test(tests, tree_keeps_no_key_between_calls);
    tcase_add_test(tests, cost_of_a_shred_depends_on_levels_not_on_keys);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
