/* The key tree and its root store come apart: a death between commit and replacement, stores that
 * refuse, old copies of either, and a store that belongs elsewhere. */
#include "base/memory.h"
#include "test_keys_tree_help.h"
#include <sodium.h>

static rig r;

static void copy_file(const char *from, const char *to)
{
    static uint8_t data[1 << 24];
    help_write(to, data, help_read(from, data, sizeof data));
}

/* The vault file alone, everything in it; the tree must be closed. */
static void keep_file(const char *to)
{
    ck_assert(!help_exists("crash.db-wal"));
    copy_file("crash.db", to);
}

static void start(size_t n_keys)
{
    rig_create(&r, "crash.db");
    rig_add_now(&r, n_keys);
}

/* Shred and commit, and leave the root store as it is. */
static void shred_unsettled(uint64_t slot)
{
    rig_begin(&r);
    rig_shred(&r, &slot, 1);
    ck_ok(vpi_database_commit(r.database));
}

START_TEST(death_between_commit_and_replacement_is_finished_at_opening)
{
    start(300);
    for (uint64_t slot = 0; slot < 300; slot += 60) {
        const unsigned n_replaced = r.memory.n_replaced;
        shred_unsettled(slot);
        ck_assert_uint_eq(r.memory.n_replaced, n_replaced);
        ck_ok(rig_reopen(&r));
        ck_assert_uint_eq(r.memory.n_replaced, n_replaced + 1);
        ck_assert_uint_eq(vpi_tree_generation(r.tree), n_replaced + 1);
        ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM root_pending"), 0);
        rig_assert_all(&r);
    }
    rig_destroy(&r);
}
END_TEST

START_TEST(death_after_replacement_needs_nothing_more)
{
    start(300);
    for (uint64_t slot = 0; slot < 300; slot += 60) {
        shred_unsettled(slot);
        r.memory.after_fails = VPRIV_E_IO; /* the power goes when the new record is there */
        ck_fails(vpi_tree_settle(r.tree), VPRIV_E_ROOT);
        r.memory.after_fails = VPRIV_OK;
        const unsigned n_replaced = r.memory.n_replaced;
        ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM root_pending"), 1);
        ck_ok(rig_reopen(&r));
        ck_assert_uint_eq(r.memory.n_replaced, n_replaced);
        rig_assert_all(&r);
        const uint64_t next = slot + 1;
        rig_shred_now(&r, &next, 1);
        ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM root_pending"), 0);
        rig_assert_all(&r);
    }
    rig_destroy(&r);
}
END_TEST

START_TEST(death_before_the_commit_leaves_everything_as_it_was)
{
    uint8_t key[VPI_KEY_BYTES];
    const uint64_t slot = 7;
    start(300);
    memcpy(key, r.key[slot], sizeof key);
    rig_begin(&r);
    rig_shred(&r, &slot, 1);
    ck_ok(rig_reopen(&r));
    memcpy(r.key[slot], key, sizeof key);
    ck_assert_uint_eq(vpi_tree_generation(r.tree), 1);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(store_that_refuses_keeps_the_shred_unfinished_until_it_works)
{
    start(300);
    shred_unsettled(8);
    r.memory.before_fails = VPRIV_E_IO;
    r.memory.text = "no answer";
    for (int i = 0; i < 3; i++) {
        ck_fails(vpi_tree_settle(r.tree), VPRIV_E_ROOT);
        ck_assert_str_eq(vpriv_error_detail(), "root store: no answer");
    }
    ck_fails(rig_reopen(&r), VPRIV_E_ROOT);
    ck_assert_ptr_null(r.tree);
    r.memory.before_fails = VPRIV_OK;
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    shred_unsettled(9);
    r.memory.before_fails = VPRIV_E_FULL;
    ck_fails(vpi_tree_settle(r.tree), VPRIV_E_FULL);
    r.memory.before_fails = VPRIV_OK;
    ck_ok(vpi_tree_settle(r.tree));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

/* The next transaction finishes as well as an explicit settle does, and goes on in the same one. */
START_TEST(next_transaction_finishes_what_was_left)
{
    start(300);
    shred_unsettled(8);
    rig_begin(&r);
    ck_assert_uint_eq(vpi_tree_generation(r.tree), 2);
    rig_add(&r, 3);
    const uint64_t slot = 9;
    rig_shred(&r, &slot, 1);
    rig_finish(&r);
    ck_assert_uint_eq(vpi_tree_generation(r.tree), 3);
    rig_assert_all(&r);
    shred_unsettled(10);
    rig_begin(&r); /* finishes, and is given up: what it finished stays finished */
    vpi_database_rollback(r.database);
    vpi_tree_forget_shred(r.tree);
    ck_ok(rig_reopen(&r));
    ck_assert_uint_eq(vpi_tree_generation(r.tree), 4);
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

static int deny_delete(
    void *user, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)user, (void)b, (void)c, (void)d;
    return action == SQLITE_DELETE && strcmp(a, "root_pending") == 0 ? SQLITE_DENY : SQLITE_OK;
}

/* The old key is gone from the store: that the useless row cannot be removed is no failure. */
START_TEST(pending_row_that_cannot_be_removed_does_no_harm)
{
    start(300);
    ck_ok(rig_reopen(&r)); /* no statement is prepared yet */
    sqlite3_set_authorizer(vpi_database_handle(r.database), deny_delete, NULL);
    rig_shred_now(&r, (uint64_t[]){8}, 1);
    ck_assert_int_eq(rig_int(&r, "SELECT count(*) FROM root_pending"), 1);
    rig_assert_all(&r);
    rig_shred_now(&r, (uint64_t[]){9}, 1);
    rig_assert_all(&r);
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(old_copy_of_the_file_is_refused)
{
    start(300);
    ck_ok(rig_reopen(&r));
    rig_close(&r);
    keep_file("old.db");
    ck_ok(rig_reopen(&r));
    rig_shred_now(&r, (uint64_t[]){8}, 1);
    rig_close(&r);
    for (int n_newer = 1; n_newer < 4; n_newer++) {
        copy_file("crash.db", "new.db");
        copy_file("old.db", "crash.db");
        ck_fails(rig_reopen(&r), VPRIV_E_ROLLBACK);
        ck_assert_ptr_null(r.tree);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "file is older"));
        rig_close(&r);
        copy_file("new.db", "crash.db");
        ck_ok(rig_reopen(&r));
        rig_assert_all(&r);
        rig_shred_now(&r, (uint64_t[]){20u + (unsigned)n_newer}, 1);
        rig_close(&r);
    }
    rig_destroy(&r);
}
END_TEST

START_TEST(old_copy_of_the_file_with_its_number_changed_does_not_open_a_key)
{
    uint8_t key[VPI_KEY_BYTES], head[VPI_HEAD_BYTES_MAX];
    size_t n_head = 0;
    start(300);
    rig_shred_now(&r, (uint64_t[]){8}, 1);
    ck_ok(rig_reopen(&r));
    rig_close(&r);
    keep_file("old.db");
    ck_ok(rig_reopen(&r));
    rig_shred_now(&r, (uint64_t[]){9}, 1);
    rig_close(&r);
    copy_file("old.db", "crash.db");
    ck_ok(vpi_database_open("crash.db", VPI_DATABASE_OPEN, &r.database));
    rig_tamper(&r, "UPDATE root_state SET generation = generation + 1");
    vpi_database_close(r.database);
    r.database = NULL;
    if (rig_reopen(&r) == VPRIV_OK) {
        for (uint64_t slot = 0; slot < 300; slot++)
            ck_fails(vpi_tree_get(r.tree, slot, key), VPRIV_E_AUTH);
        ck_fails(vpi_tree_head(r.tree, head, sizeof head, &n_head), VPRIV_E_AUTH);
    }
    rig_destroy(&r);
}
END_TEST

START_TEST(old_root_record_is_refused)
{
    uint8_t records[4][VPRIV_ROOT_RECORD_BYTES];
    start(300);
    for (uint64_t i = 0; i < 4; i++) {
        memcpy(records[i], r.memory.record, sizeof records[i]);
        if (i < 3)
            rig_shred_now(&r, &i, 1);
    }
    for (int i = 0; i < 3; i++) {
        memcpy(r.memory.record, records[i], sizeof records[i]);
        ck_fails(rig_reopen(&r), VPRIV_E_ROLLBACK);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "store is older"));
        ck_assert_mem_eq(r.memory.record, records[i], sizeof records[i]);
    }
    memcpy(r.memory.record, records[3], sizeof records[3]);
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(pending_root_that_was_changed_is_refused_and_the_store_kept)
{
    static const char *const attacks[] = {
        "UPDATE root_pending SET sealed = zeroblob(length(sealed))",
        "UPDATE root_pending SET sealed = x''",
        "UPDATE root_pending SET sealed = (SELECT head FROM root_state)",
        "DELETE FROM root_pending",
        "UPDATE root_pending SET generation = generation + 1",
        "UPDATE root_state SET generation = generation + 1",
        "UPDATE root_state SET generation = 0",
        "UPDATE root_state SET generation = -generation",
        "DELETE FROM root_state",
    };
    uint8_t before[VPRIV_ROOT_RECORD_BYTES];
    start(300);
    shred_unsettled(8);
    memcpy(before, r.memory.record, sizeof before);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        vpi_tree_close(r.tree);
        r.tree = NULL;
        ck_ok(vpi_database_script(r.database, "CREATE TEMP TABLE p AS SELECT * FROM root_pending;"
                                              "CREATE TEMP TABLE s AS SELECT * FROM root_state"));
        rig_tamper(&r, attacks[i]);
        const vpriv_status st = vpi_tree_open(r.database, r.store, rig_vault_id, &r.tree);
        ck_assert_msg(st == VPRIV_E_AUTH || st == VPRIV_E_ROLLBACK, "%s: %d", attacks[i], (int)st);
        ck_assert_ptr_null(r.tree);
        ck_assert(!vpi_database_in_transaction(r.database));
        ck_assert_mem_eq(r.memory.record, before, sizeof before);
        ck_ok(vpi_database_script(r.database,
            "DELETE FROM root_pending; INSERT INTO root_pending SELECT * FROM temp.p;"
            "DELETE FROM root_state; INSERT INTO root_state SELECT * FROM temp.s;"
            "DROP TABLE temp.p; DROP TABLE temp.s"));
    }
    ck_ok(rig_reopen(&r));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(store_of_another_vault_is_refused)
{
    uint8_t other_id[VPI_VAULT_ID_BYTES] = {1};
    vpi_tree *tree = NULL;
    start(10);
    ck_fails(vpi_tree_open(r.database, r.store, other_id, &tree), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "another vault"));
    r.memory.record[3] ^= 1;
    ck_fails(vpi_tree_open(r.database, r.store, rig_vault_id, &tree), VPRIV_E_ROOT);
    /* Exchanged under the hands of an open tree. */
    const unsigned n_replaced = r.memory.n_replaced;
    shred_unsettled(3);
    ck_fails(vpi_tree_settle(r.tree), VPRIV_E_ROOT);
    ck_assert_uint_eq(r.memory.n_replaced, n_replaced);
    ck_assert_ptr_null(tree);
    r.memory.record[3] ^= 1;
    ck_ok(vpi_tree_settle(r.tree));
    rig_assert_all(&r);
    rig_destroy(&r);
}
END_TEST

START_TEST(store_that_is_empty_or_gone_is_refused)
{
    start(10);
    ck_ok(vpriv_root_destroy(r.store));
    ck_fails(rig_reopen(&r), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "empty"));
    ck_assert(!r.memory.is_full);
    rig_destroy(&r);
}
END_TEST

/* A new root must never come into a store that lost its old one while the tree was open. */
START_TEST(store_that_loses_its_record_is_not_given_a_new_one)
{
    start(10);
    shred_unsettled(3);
    ck_ok(vpriv_root_destroy(r.store));
    ck_fails(vpi_tree_settle(r.tree), VPRIV_E_ROOT);
    ck_assert(!r.memory.is_full);
    rig_destroy(&r);
}
END_TEST

START_TEST(store_in_use_is_not_taken_for_a_new_vault)
{
    uint8_t before[VPRIV_ROOT_RECORD_BYTES];
    vpi_tree *tree = NULL;
    vpi_database *fresh = NULL;
    start(10);
    memcpy(before, r.memory.record, sizeof before);
    ck_ok(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &fresh));
    ck_ok(vpi_database_begin(fresh));
    ck_ok(vpi_database_script(fresh, vpi_tree_schema));
    ck_fails(vpi_tree_create(fresh, r.store, rig_vault_id, &tree), VPRIV_E_EXISTS);
    r.memory.load_fails = VPRIV_E_IO;
    ck_fails(vpi_tree_create(fresh, r.store, rig_vault_id, &tree), VPRIV_E_ROOT);
    r.memory.load_fails = VPRIV_OK;
    ck_assert_mem_eq(r.memory.record, before, sizeof before);
    ck_assert_ptr_null(tree);
    vpi_database_close(fresh);
    rig_destroy(&r);
}
END_TEST

/* Two new vaults, one empty store: the first to settle has it. */
START_TEST(store_taken_while_a_vault_is_made_is_not_overwritten)
{
    static const uint8_t second_id[VPI_VAULT_ID_BYTES] = {2};
    help_store memory = {0};
    vpriv_root_store *store = help_store_open(&memory);
    vpi_database *database[2] = {NULL, NULL};
    vpi_tree *tree[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        ck_ok(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &database[i]));
        ck_ok(vpi_database_begin(database[i]));
        ck_ok(vpi_database_script(database[i], vpi_tree_schema));
        ck_ok(vpi_tree_create(database[i], store, i ? second_id : rig_vault_id, &tree[i]));
        ck_ok(vpi_database_commit(database[i]));
    }
    ck_ok(vpi_tree_settle(tree[0]));
    ck_fails(vpi_tree_settle(tree[1]), VPRIV_E_ROOT);
    ck_fails(vpi_tree_settle(tree[1]), VPRIV_E_ROOT);
    ck_assert_uint_eq(memory.n_replaced, 1);
    ck_assert_mem_eq(memory.record, rig_vault_id, VPI_VAULT_ID_BYTES);
    for (int i = 0; i < 2; i++) {
        vpi_tree_close(tree[i]);
        vpi_database_close(database[i]);
    }
    vpriv_root_close(store);
}
END_TEST

START_TEST(store_that_fails_once_while_a_vault_is_made_can_be_asked_again)
{
    for (int after = 0; after < 2; after++) {
        help_store memory = {0};
        vpriv_root_store *store = help_store_open(&memory);
        vpi_database *database = NULL;
        vpi_tree *tree = NULL;
        uint64_t first = 0;
        const uint8_t key[VPI_KEY_BYTES] = {1};
        *(after ? &memory.after_fails : &memory.before_fails) = VPRIV_E_IO;
        ck_ok(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &database));
        ck_ok(vpi_database_begin(database));
        ck_ok(vpi_database_script(database, vpi_tree_schema));
        ck_ok(vpi_tree_create(database, store, rig_vault_id, &tree));
        ck_ok(vpi_tree_add(tree, key, 1, &first));
        ck_ok(vpi_database_commit(database));
        ck_fails(vpi_tree_settle(tree), VPRIV_E_ROOT);
        memory.after_fails = memory.before_fails = VPRIV_OK;
        ck_ok(vpi_tree_settle(tree));
        ck_assert_uint_eq(memory.n_replaced, 1);
        /* From now on an empty store is a lost key, not a new vault. */
        ck_ok(vpriv_root_destroy(store));
        vpi_tree_change change = {0, NULL};
        ck_ok(vpi_database_begin(database));
        ck_ok(vpi_tree_shred(tree, &change, 1, NULL, 0));
        ck_ok(vpi_database_commit(database));
        ck_fails(vpi_tree_settle(tree), VPRIV_E_ROOT);
        ck_assert(!memory.is_full);
        vpi_tree_close(tree);
        vpi_database_close(database);
        vpriv_root_close(store);
    }
}
END_TEST

/* With the real store in a file, end to end. */
START_TEST(file_store_follows_the_tree)
{
    vpriv_root_store *store = NULL;
    vpi_database *database = NULL;
    vpi_tree *tree = NULL;
    uint8_t keys[300][VPI_KEY_BYTES], key[VPI_KEY_BYTES];
    uint64_t first = 0;
    randombytes_buf(keys, sizeof keys);
    ck_ok(vpriv_root_file_open("tree.root", &store));
    ck_ok(vpi_database_open("tree.db", VPI_DATABASE_CREATE, &database));
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_script(database, vpi_tree_schema));
    ck_ok(vpi_tree_create(database, store, rig_vault_id, &tree));
    ck_ok(vpi_tree_add(tree, keys[0], 300, &first));
    ck_assert(!help_exists("tree.root"));
    ck_ok(vpi_database_commit(database));
    ck_ok(vpi_tree_settle(tree));
    for (uint64_t i = 0; i < 30; i++) {
        vpi_tree_change change = {i * 10, NULL};
        ck_ok(vpi_database_begin(database));
        ck_ok(vpi_tree_refresh(tree));
        ck_ok(vpi_tree_shred(tree, &change, 1, NULL, 0));
        ck_ok(vpi_database_commit(database));
        if (i % 3)
            ck_ok(vpi_tree_settle(tree));
        vpi_tree_close(tree);
        vpriv_root_close(store);
        ck_ok(vpriv_root_file_open("tree.root", &store));
        ck_ok(vpi_tree_open(database, store, rig_vault_id, &tree));
        ck_assert_uint_eq(vpi_tree_generation(tree), i + 2);
    }
    for (uint64_t slot = 0; slot < 300; slot++)
        if (slot % 10)
            ck_ok(vpi_tree_get(tree, slot, key));
        else
            ck_fails(vpi_tree_get(tree, slot, key), VPRIV_E_ERASED);
    vpi_tree_close(tree);
    vpi_database_close(database);
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: crashes and old copies");
    TCase *tests = tcase_create("crash");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_checked_fixture(tests, help_enter_subfolder, NULL);
    tcase_add_test(tests, death_between_commit_and_replacement_is_finished_at_opening);
    tcase_add_test(tests, death_after_replacement_needs_nothing_more);
    tcase_add_test(tests, death_before_the_commit_leaves_everything_as_it_was);
    tcase_add_test(tests, store_that_refuses_keeps_the_shred_unfinished_until_it_works);
    tcase_add_test(tests, next_transaction_finishes_what_was_left);
    tcase_add_test(tests, pending_row_that_cannot_be_removed_does_no_harm);
    tcase_add_test(tests, old_copy_of_the_file_is_refused);
    tcase_add_test(tests, old_copy_of_the_file_with_its_number_changed_does_not_open_a_key);
    tcase_add_test(tests, old_root_record_is_refused);
    tcase_add_test(tests, pending_root_that_was_changed_is_refused_and_the_store_kept);
    tcase_add_test(tests, store_of_another_vault_is_refused);
    tcase_add_test(tests, store_that_is_empty_or_gone_is_refused);
    tcase_add_test(tests, store_that_loses_its_record_is_not_given_a_new_one);
    tcase_add_test(tests, store_in_use_is_not_taken_for_a_new_vault);
    tcase_add_test(tests, store_taken_while_a_vault_is_made_is_not_overwritten);
    tcase_add_test(tests, store_that_fails_once_while_a_vault_is_made_can_be_asked_again);
    tcase_add_test(tests, file_store_follows_the_tree);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
