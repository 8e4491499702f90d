/* A key tree with a plain array beside it that says what must be in it. */
#ifndef TEST_KEYS_TREE_HELP_H
#define TEST_KEYS_TREE_HELP_H

#include "base/memory.h"
#include "keys/tree.h"
#include "keys/tree_nodes.h"
#include "test_keys_help.h"

#define SLOTS_MAX   40000
#define LEVEL_SHIFT 56

static const uint8_t rig_vault_id[VPI_VAULT_ID_BYTES] = {0x5a, 1, 2, 3};

typedef struct rig {
    const char *path;
    help_store memory;
    vpriv_root_store *store;
    vpi_database *database;
    vpi_tree *tree;
    uint8_t (*key)[VPI_KEY_BYTES]; /* the oracle: all zero is destroyed */
    size_t n_slots;
    uint64_t random;
} rig;

static inline uint32_t rig_random(rig *r, uint32_t below)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return (uint32_t)((r->random >> 16) % below);
}

static inline void rig_make_key(rig *r, uint8_t key_out[VPI_KEY_BYTES])
{
    for (int i = 0; i < VPI_KEY_BYTES; i++)
        key_out[i] = (uint8_t)rig_random(r, 256);
    key_out[0] |= 1;
}

static inline bool rig_lives(const rig *r, size_t slot)
{
    static const uint8_t none[VPI_KEY_BYTES];
    return memcmp(r->key[slot], none, sizeof none) != 0;
}

/* Path ":memory:" or a file. */
static inline void rig_create(rig *r, const char *path)
{
    memset(r, 0, sizeof *r);
    r->path = path;
    r->random = 88172645463325252u;
    r->key = calloc(SLOTS_MAX, VPI_KEY_BYTES);
    ck_assert_ptr_nonnull(r->key);
    r->store = help_store_open(&r->memory);
    ck_ok(vpi_database_open(path, VPI_DATABASE_CREATE, &r->database));
    ck_ok(vpi_database_begin(r->database));
    ck_ok(vpi_database_script(r->database, vpi_tree_schema));
    ck_ok(vpi_tree_create(r->database, r->store, rig_vault_id, &r->tree));
    ck_ok(vpi_database_commit(r->database));
    ck_ok(vpi_tree_settle(r->tree));
}

static inline void rig_close(rig *r)
{
    vpi_tree_close(r->tree);
    vpi_database_close(r->database);
    vpriv_root_close(r->store);
    r->tree = NULL;
    r->database = NULL;
    r->store = NULL;
}

static inline void rig_destroy(rig *r)
{
    rig_close(r);
    free(r->key);
}

/* As after a crash: everything in memory gone, file and root store as they are. */
static inline vpriv_status rig_reopen(rig *r)
{
    rig_close(r);
    r->store = help_store_open(&r->memory);
    ck_ok(vpi_database_open(r->path, VPI_DATABASE_OPEN, &r->database));
    vpi_database_keep_log(r->database, false);
    return vpi_tree_open(r->database, r->store, rig_vault_id, &r->tree);
}

/* Between calls a tree holds the root in force and nothing else, after failures too. */
static inline void rig_assert_wiped(const rig *r)
{
    vpi_tree_secrets *rest = NULL;
    ck_ok(vpi_secret_alloc(sizeof *rest, (void **)&rest));
    *rest = *r->tree->secrets;
    memset(&rest->root, 0, sizeof rest->root);
    const uint8_t *bytes = (const uint8_t *)rest;
    for (size_t i = 0; i < sizeof *rest; i++)
        ck_assert_msg(bytes[i] == 0, "byte %zu of the tree's secrets was not wiped", i);
    vpi_secret_free(rest);
}

static inline void rig_begin(rig *r)
{
    ck_ok(vpi_database_begin(r->database));
    ck_ok(vpi_tree_refresh(r->tree));
}

static inline void rig_finish(rig *r)
{
    ck_ok(vpi_database_commit(r->database));
    ck_ok(vpi_tree_settle(r->tree));
}

/* Inside a transaction. */
static inline void rig_add(rig *r, size_t n_keys)
{
    uint64_t first = 0;
    ck_assert_uint_le(r->n_slots + n_keys, SLOTS_MAX);
    for (size_t i = 0; i < n_keys; i++)
        rig_make_key(r, r->key[r->n_slots + i]);
    ck_ok(vpi_tree_add(r->tree, r->key[r->n_slots], n_keys, &first));
    ck_assert_uint_eq(first, r->n_slots);
    r->n_slots += n_keys;
}

static inline void rig_add_now(rig *r, size_t n_keys)
{
    rig_begin(r);
    rig_add(r, n_keys);
    rig_finish(r);
}

/* Inside a transaction; the head is the generation it belongs to. */
static inline void rig_shred(rig *r, const uint64_t *slots, size_t n_slots)
{
    vpi_tree_change *changes = calloc(n_slots, sizeof *changes);
    const uint64_t generation = vpi_tree_generation(r->tree) + 1;
    for (size_t i = 0; i < n_slots; i++) {
        changes[i].slot = slots[i];
        memset(r->key[slots[i]], 0, VPI_KEY_BYTES);
    }
    ck_ok(vpi_tree_shred(r->tree, changes, n_slots, &generation, sizeof generation));
    free(changes);
}

static inline void rig_shred_now(rig *r, const uint64_t *slots, size_t n_slots)
{
    rig_begin(r);
    rig_shred(r, slots, n_slots);
    rig_finish(r);
}

static inline void rig_assert_slot(rig *r, uint64_t slot)
{
    uint8_t key[VPI_KEY_BYTES];
    const vpriv_status st = vpi_tree_get(r->tree, slot, key);
    if (slot < r->n_slots && rig_lives(r, slot)) {
        ck_assert_msg(
            st == VPRIV_OK, "slot %llu: %s", (unsigned long long)slot, vpriv_error_detail());
        ck_assert_mem_eq(key, r->key[slot], VPI_KEY_BYTES);
    } else {
        ck_assert_msg(st == VPRIV_E_ERASED, "slot %llu: %d", (unsigned long long)slot, (int)st);
    }
}

static inline void rig_no_damage(void *user, int level, uint64_t index)
{
    (void)user;
    ck_abort_msg("node %d/%llu is damaged", level, (unsigned long long)index);
}

/* Every slot, the count of the living, and the head. */
static inline void rig_assert_all(rig *r)
{
    uint64_t n_keys = 0, n_living = 0;
    for (size_t slot = 0; slot < r->n_slots; slot++) {
        rig_assert_slot(r, slot);
        n_living += rig_lives(r, slot);
    }
    ck_ok(vpi_tree_verify(r->tree, rig_no_damage, NULL, &n_keys));
    ck_assert_uint_eq(n_keys, n_living);
}

static inline void rig_count_damaged(void *user, int level, uint64_t index)
{
    (void)level;
    (void)index;
    ++*(uint64_t *)user;
}

/* So many nodes are, and then how many keys live is not said. */
static inline void rig_assert_damaged(rig *r, uint64_t n_wanted)
{
    uint64_t n_keys = 4321, n_damaged = 0;
    ck_fails(vpi_tree_verify(r->tree, rig_count_damaged, &n_damaged, &n_keys), VPRIV_E_AUTH);
    ck_assert_uint_eq(n_damaged, n_wanted);
    ck_assert_uint_eq(n_keys, 4321);
}

static inline int64_t rig_int(rig *r, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(vpi_database_handle(r->database), sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static inline int rig_levels(rig *r)
{
    return 1 + (int)(rig_int(r, "SELECT max(id) FROM key_node") >> LEVEL_SHIFT);
}

/* A change that the library would never make. */
static inline void rig_tamper(rig *r, const char *sql)
{
    char *text = NULL;
    const int code = sqlite3_exec(vpi_database_handle(r->database), sql, NULL, NULL, &text);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, text);
}

#endif
