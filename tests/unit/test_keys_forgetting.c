/* What the key tree is for. Every version of every row that was ever written is kept, as an old copy
 * of a disk might keep it, and opened again with code of this test's own: what was shredded must not
 * be found from the roots that exist now, and must be found from the roots that existed before. */
#include "base/memory.h"
#include "test_keys_tree_help.h"
#include <sodium.h>

#define VERSIONS_MAX 60000
#define ROOTS_MAX    1000
#define NODE_BYTES   (1 + 125 * 32)

typedef enum kind { NODE = 0, PENDING = 1, HEAD = 2 } kind;

typedef struct version {
    kind what;
    uint64_t row; /* node id, or generation */
    uint8_t *sealed;
    size_t n_bytes;
    bool opened;
    int next; /* the version before of the same row */
} version;

static rig r;
static version versions[VERSIONS_MAX];
static int n_versions;
static int newest[1 << 16];                     /* by row, 0 is none */
static uint8_t roots[ROOTS_MAX][VPI_KEY_BYTES]; /* every root that ever was, by generation */
static uint64_t n_roots;

static unsigned bucket(kind what, uint64_t row)
{
    return (unsigned)((row * UINT64_C(0x9e3779b97f4a7c15) + what * UINT64_C(0x1234567891)) >> 48);
}

/* Whatever was written since the last call, in transactions that will be rolled back too: triggers of
 * the test's own keep every version, also those that are overwritten a moment later. */
static void keep_versions(void)
{
    sqlite3_stmt *rows = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(vpi_database_handle(r.database),
                         "SELECT what, row, sealed FROM temp.kept ORDER BY rowid", -1, &rows, NULL),
        SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        ck_assert_int_lt(++n_versions, VERSIONS_MAX);
        version *v = &versions[n_versions];
        v->what = (kind)sqlite3_column_int(rows, 0);
        v->row = (uint64_t)sqlite3_column_int64(rows, 1);
        v->n_bytes = (size_t)sqlite3_column_bytes(rows, 2);
        v->sealed = malloc(v->n_bytes);
        memcpy(v->sealed, sqlite3_column_blob(rows, 2), v->n_bytes);
        v->next = newest[bucket(v->what, v->row)];
        newest[bucket(v->what, v->row)] = n_versions;
    }
    sqlite3_finalize(rows);
    rig_tamper(&r, "DELETE FROM temp.kept");
}

static void watch(void)
{
    sqlite3_db_config(vpi_database_handle(r.database), SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
    rig_tamper(&r, "CREATE TEMP TABLE kept(what INTEGER, row INTEGER, sealed BLOB);"
                   "CREATE TEMP TRIGGER a AFTER INSERT ON main.key_node BEGIN"
                   " INSERT INTO kept VALUES (0, new.id, new.sealed); END;"
                   "CREATE TEMP TRIGGER b AFTER UPDATE ON main.key_node BEGIN"
                   " INSERT INTO kept VALUES (0, new.id, new.sealed); END;"
                   "CREATE TEMP TRIGGER c AFTER INSERT ON main.root_pending BEGIN"
                   " INSERT INTO kept VALUES (1, new.generation, new.sealed); END;"
                   "CREATE TEMP TRIGGER d AFTER INSERT ON main.root_state BEGIN"
                   " INSERT INTO kept VALUES (2, new.generation, new.head); END;"
                   "INSERT INTO kept SELECT 0, id, sealed FROM key_node;"
                   "INSERT INTO kept SELECT 1, generation, sealed FROM root_pending;"
                   "INSERT INTO kept SELECT 2, generation, head FROM root_state;");
    keep_versions();
}

static void keep_root(void)
{
    uint64_t generation = 0;
    for (int i = 7; i >= 0; i--)
        generation = generation << 8 | r.memory.record[16 + i];
    ck_assert_uint_lt(generation, ROOTS_MAX);
    memcpy(roots[generation], r.memory.record + 24, VPI_KEY_BYTES);
    n_roots = generation + 1;
}

/* --- the decryptor: the documented format and libsodium, nothing of the library --- */

static void derive(const uint8_t *key, const char *label, uint8_t key_out[32])
{
    crypto_generichash(
        key_out, 32, (const unsigned char *)label, strlen(label) + 1, key, VPI_KEY_BYTES);
}

static bool open_sealed(
    const uint8_t *key, uint8_t column, uint64_t row, const version *v, uint8_t *plain_out)
{
    uint8_t place[32];
    memcpy(place, "vpriv\1\0", 7);
    memcpy(place + 7, rig_vault_id, 16);
    place[23] = column;
    for (int i = 0; i < 8; i++)
        place[24 + i] = (uint8_t)(row >> (8 * i));
    return v->sealed[0] == 1 &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL, v->sealed + 25,
               v->n_bytes - 25, place, sizeof place, v->sealed + 1, key) == 0;
}

static uint8_t (*found)[VPI_KEY_BYTES]; /* leaf keys that were reached */
static size_t n_found, found_capacity;

static void open_nodes(const uint8_t *key, int level, uint64_t index)
{
    const uint64_t row = (uint64_t)level << LEVEL_SHIFT | index;
    for (int i = newest[bucket(NODE, row)]; i; i = versions[i].next) {
        version *v = &versions[i];
        uint8_t node[NODE_BYTES];
        if (v->what != NODE || v->row != row || v->opened || !open_sealed(key, 1, row, v, node))
            continue;
        v->opened = true;
        for (uint64_t slot = 0; slot < 125; slot++) {
            const uint8_t *child = node + 1 + 32 * slot;
            if (sodium_is_zero(child, 32))
                continue;
            if (level > 0) {
                open_nodes(child, level - 1, index * 125 + slot);
                continue;
            }
            if (n_found == found_capacity) {
                found_capacity = found_capacity * 2 + 1024;
                found = realloc(found, found_capacity * VPI_KEY_BYTES);
                ck_assert_ptr_nonnull(found);
            }
            memcpy(found[n_found++], child, VPI_KEY_BYTES);
        }
    }
}

/* Everything that one root opens: nodes as the top of a tree of any height, and the root after it. */
static void open_from(const uint8_t *root)
{
    uint8_t key[32], next[32];
    derive(root, "root: key tree", key);
    for (int level = 0; level < 5; level++)
        open_nodes(key, level, 0);
    derive(root, "root: next root", key);
    for (int i = 1; i <= n_versions; i++)
        if (versions[i].what == PENDING && !versions[i].opened &&
            open_sealed(key, 2, versions[i].row, &versions[i], next)) {
            versions[i].opened = true;
            open_from(next);
        }
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, VPI_KEY_BYTES);
}

static void search_from(const uint8_t *root)
{
    n_found = 0;
    for (int i = 1; i <= n_versions; i++)
        versions[i].opened = false;
    open_from(root);
    qsort(found, n_found, VPI_KEY_BYTES, by_key);
}

static bool reached(const uint8_t *key)
{
    return n_found && bsearch(key, found, n_found, VPI_KEY_BYTES, by_key);
}

/* --- the tests --- */

static uint8_t dead[SLOTS_MAX][VPI_KEY_BYTES]; /* every key that was destroyed */
static uint64_t died[SLOTS_MAX];               /* the generation that was the last to have it */
static size_t n_dead;

static void shred_and_keep(const uint64_t *slots, size_t n_slots)
{
    for (size_t i = 0; i < n_slots; i++)
        if (rig_lives(&r, slots[i])) {
            died[n_dead] = vpi_tree_generation(r.tree);
            memcpy(dead[n_dead++], r.key[slots[i]], VPI_KEY_BYTES);
        }
    rig_begin(&r);
    rig_shred(&r, slots, n_slots);
    keep_versions();
    rig_finish(&r);
    keep_root();
}

static void replace_and_keep(uint64_t slot)
{
    uint8_t fresh[VPI_KEY_BYTES];
    vpi_tree_change change = {slot, fresh};
    died[n_dead] = vpi_tree_generation(r.tree);
    memcpy(dead[n_dead++], r.key[slot], VPI_KEY_BYTES);
    rig_make_key(&r, fresh);
    memcpy(r.key[slot], fresh, VPI_KEY_BYTES);
    rig_begin(&r);
    ck_ok(vpi_tree_shred(r.tree, &change, 1, NULL, 0));
    keep_versions();
    rig_finish(&r);
    keep_root();
}

static void add_and_keep(size_t n_keys)
{
    rig_begin(&r);
    rig_add(&r, n_keys);
    keep_versions();
    rig_finish(&r);
}

/* From the root in force: every living key and no dead one. From the root before: the last dead too. */
static void assert_forgotten(void)
{
    search_from(r.memory.record + 24);
    size_t n_living = 0;
    for (size_t slot = 0; slot < r.n_slots; slot++)
        if (rig_lives(&r, slot)) {
            ck_assert_msg(reached(r.key[slot]), "living key %zu was not reached", slot);
            n_living++;
        }
    for (size_t i = 0; i < n_dead; i++)
        ck_assert_msg(!reached(dead[i]), "dead key %zu was reached", i);
    ck_assert_uint_ge(n_found, n_living);
}

static void start(const char *path, size_t n_keys)
{
    rig_create(&r, path);
    watch();
    keep_root();
    if (n_keys)
        add_and_keep(n_keys);
}

static void finish(void)
{
    for (int i = 1; i <= n_versions; i++)
        free(versions[i].sealed);
    free(found);
    rig_assert_all(&r);
    rig_destroy(&r);
}

START_TEST(shredded_keys_are_in_no_old_row_that_still_opens)
{
    static const struct {
        size_t n_before; /* keys at the start: one, two, three levels */
        int n_rounds;
    } sizes[] = {{0, 120}, {1000, 80}, {16000, 40}};
    start("forget.db", 0);
    for (size_t size = 0; size < 3; size++) {
        if (sizes[size].n_before)
            add_and_keep(sizes[size].n_before);
        for (int round = 0; round < sizes[size].n_rounds; round++) {
            add_and_keep(1 + rig_random(&r, 10));
            uint64_t slots[150];
            const size_t n = 1 + rig_random(&r, round % 10 ? 4 : 150);
            const uint64_t from = rig_random(&r, (uint32_t)r.n_slots);
            for (size_t i = 0; i < n; i++)
                slots[i] = round % 2 ? (from + i) % r.n_slots : rig_random(&r, (uint32_t)r.n_slots);
            shred_and_keep(slots, n);
            for (size_t i = 0; i < r.n_slots; i++) {
                const uint64_t slot = rig_random(&r, (uint32_t)r.n_slots);
                if (rig_lives(&r, slot)) {
                    replace_and_keep(slot);
                    break;
                }
            }
            if (round % 8 == 7)
                assert_forgotten();
        }
        assert_forgotten();
    }
    ck_assert_int_eq(rig_levels(&r), 3);
    finish();
}
END_TEST

/* The search can find: with an old root kept, as a medium that does not forget would, every key that
 * was alive under it comes back, through any number of later roots. */
START_TEST(shredded_keys_are_found_when_an_old_root_was_kept)
{
    start("control.db", 700);
    for (uint64_t i = 0; i < 40; i++) {
        const uint64_t slots[] = {i * 17, i + 40};
        shred_and_keep(slots, 2);
    }
    ck_assert_uint_eq(n_roots, 42);
    for (uint64_t generation = 1; generation < n_roots; generation += 4) {
        search_from(roots[generation]);
        for (size_t i = 0; i < n_dead; i++)
            ck_assert_int_eq(reached(dead[i]), died[i] >= generation);
        for (size_t slot = 0; slot < r.n_slots; slot++)
            if (rig_lives(&r, slot))
                ck_assert(reached(r.key[slot]));
    }
    assert_forgotten();
    finish();
}
END_TEST

/* A key added in the very transaction that shreds it, or its neighbour, or grows the tree. */
START_TEST(shredding_in_the_transaction_that_adds_and_grows_forgets_too)
{
    start("same.db", 120);
    for (int round = 0; round < 30; round++) {
        rig_begin(&r);
        rig_add(&r, round == 12 ? 15400 : 9);
        const uint64_t slots[] = {r.n_slots - 1, r.n_slots - 5, (uint64_t)round};
        for (size_t i = 0; i < 3; i++) {
            died[n_dead] = vpi_tree_generation(r.tree);
            memcpy(dead[n_dead++], r.key[slots[i]], VPI_KEY_BYTES);
        }
        rig_shred(&r, slots, 3);
        keep_versions();
        rig_finish(&r);
        keep_root();
        assert_forgotten();
    }
    ck_assert_int_eq(rig_levels(&r), 3);
    finish();
}
END_TEST

/* A shred that was rolled back wrote rows that may lie on the disk; the same slots go for good in the
 * next one. */
START_TEST(shredding_again_after_a_rollback_forgets)
{
    start("again.db", 400);
    for (uint64_t i = 0; i < 20; i++) {
        const uint64_t slots[] = {i * 3, 399 - i};
        vpi_tree_change changes[] = {{slots[0], NULL}, {slots[1], NULL}};
        rig_begin(&r);
        ck_ok(vpi_tree_shred(r.tree, changes, 2, NULL, 0));
        keep_versions(); /* emptied by the rollback as well, but kept here */
        vpi_database_rollback(r.database);
        vpi_tree_forget_shred(r.tree);
        ck_ok(vpi_tree_settle(r.tree));
        rig_tamper(&r, "DELETE FROM temp.kept");
        rig_assert_slot(&r, slots[0]);
        shred_and_keep(slots, 2);
        assert_forgotten();
    }
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: forgetting");
    TCase *tests = tcase_create("forgetting");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, shredded_keys_are_in_no_old_row_that_still_opens);
    tcase_add_test(tests, shredded_keys_are_found_when_an_old_root_was_kept);
    tcase_add_test(tests, shredding_in_the_transaction_that_adds_and_grows_forgets_too);
    tcase_add_test(tests, shredding_again_after_a_rollback_forgets);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
