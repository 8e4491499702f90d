#include "keys/tree.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "keys/tree_nodes.h"
#include <sodium.h>
#include <string.h>

const char vpi_tree_schema[] =
    "CREATE TABLE key_node(id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;"
    "CREATE TABLE root_pending(id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL,"
    " sealed BLOB NOT NULL) STRICT;"
    "CREATE TABLE root_state(id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL,"
    " head BLOB NOT NULL) STRICT;";

#define ROOT_STATE    1
#define LABEL_HEAD    "root: head"
#define LABEL_PENDING "root: next root"
#define LABEL_TOP     "root: key tree"

static vpi_place place_of(const vpi_tree *tree, vpi_column column, uint64_t row)
{
    return (vpi_place){tree->vault_id, column, row, NULL, 0};
}

static vpriv_status seal_head(
    vpi_tree *tree, const vpi_root_record *root, const void *head, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(VPI_HEAD_BYTES_MAX)];
    size_t n_sealed = 0;
    const vpi_place place = place_of(tree, VPI_COLUMN_HEAD, root->generation);
    vpi_derive(root->key, LABEL_HEAD, NULL, 0, tree->secrets->key);
    VPI_TRY(vpi_seal_padded(
        tree->secrets->key, &place, head, n_bytes, sealed, sizeof sealed, &n_sealed));
    VPI_TRY(vpi_database_run(tree->database,
        "INSERT OR REPLACE INTO root_state(id, generation, head) VALUES (1, ?1, ?2)", "ib",
        (int64_t)root->generation, sealed, n_sealed));
    st = VPRIV_OK;
out:
    vpi_wipe(tree->secrets->key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_tree_head(vpi_tree *tree, void *head_out, size_t capacity, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(VPI_HEAD_BYTES_MAX)];
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0, n_bytes = 0;
    const vpi_place place = place_of(tree, VPI_COLUMN_HEAD, tree->secrets->root.generation);
    const vpriv_status found = vpi_database_query(tree->database, &row,
        "SELECT head FROM root_state WHERE id = ?1", "i", (int64_t)ROOT_STATE);
    VPI_TRY(vpi_must_exist(found));
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    vpi_derive(tree->secrets->root.key, LABEL_HEAD, NULL, 0, tree->secrets->key);
    VPI_TRY(vpi_unseal_padded(
        tree->secrets->key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    VPI_ENSURE(n_bytes <= capacity, VPRIV_E_VERSION, "the vault's head is of a newer format");
    memcpy(head_out, plain, n_bytes);
    *n_bytes_out = n_bytes;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(tree->secrets->key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

vpriv_status vpi_tree_file_generation(vpi_database *database, uint64_t *generation_out)
{
    int64_t generation = 0;
    const vpriv_status st = vpi_database_int(database, &generation,
        "SELECT generation FROM root_state WHERE id = ?1", "i", (int64_t)ROOT_STATE);
    if (st == VPRIV_E_NOT_FOUND || (st == VPRIV_OK && generation < 1))
        return vpi_auth_failed();
    if (st == VPRIV_OK)
        *generation_out = (uint64_t)generation;
    return st;
}

/* The root of the next generation, sealed under the present one, travels in the transaction. */
static vpriv_status write_pending(vpi_tree *tree)
{
    uint8_t sealed[VPI_KEY_BYTES + VPI_SEAL_OVERHEAD];
    const vpi_root_record *next = &tree->secrets->next;
    const vpi_place place = place_of(tree, VPI_COLUMN_ROOT_PENDING, next->generation);
    vpi_derive(tree->secrets->root.key, LABEL_PENDING, NULL, 0, tree->secrets->key);
    vpi_seal(tree->secrets->key, &place, next->key, VPI_KEY_BYTES, sealed);
    vpi_wipe(tree->secrets->key, VPI_KEY_BYTES);
    return vpi_database_run(tree->database,
        "INSERT OR REPLACE INTO root_pending(id, generation, sealed) VALUES (1, ?1, ?2)", "ib",
        (int64_t)next->generation, sealed, sizeof sealed);
}

/* The pending root, opened with the record `old`; VPRIV_E_NOT_FOUND when there is none for it. */
static vpriv_status read_pending(
    vpi_tree *tree, const vpi_root_record *old, vpi_root_record *next_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    const uint64_t generation = old->generation + 1;
    st = vpi_database_query(tree->database, &row,
        "SELECT sealed FROM root_pending WHERE id = ?1 AND generation = ?2", "ii",
        (int64_t)ROOT_STATE, (int64_t)generation);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpi_place place = place_of(tree, VPI_COLUMN_ROOT_PENDING, generation);
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    VPI_ENSURE(n_sealed == VPI_KEY_BYTES + VPI_SEAL_OVERHEAD, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_derive(old->key, LABEL_PENDING, NULL, 0, tree->secrets->key);
    VPI_TRY(vpi_unseal(tree->secrets->key, &place, sealed, n_sealed, next_out->key));
    memcpy(next_out->vault_id, old->vault_id, sizeof next_out->vault_id);
    next_out->generation = generation;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(tree->secrets->key, VPI_KEY_BYTES);
    return st;
}

/* Inside a write transaction: hand the pending root to the store if it has not got it, and leave the
 * record in force in secrets->root. The row stays; it is useless by now. */
static vpriv_status settle_in_transaction(vpi_tree *tree)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree_secrets *secrets = tree->secrets;
    uint64_t generation = 0;
    VPI_TRY(vpi_tree_file_generation(tree->database, &generation));
    vpriv_status loaded = vpi_root_load(tree->store, &secrets->loaded);
    if (tree->creating && loaded == VPRIV_E_ROOT &&
        vpi_root_probe(tree->store) == VPRIV_E_NOT_FOUND) {
        VPI_TRY(vpi_root_replace(tree->store, &secrets->root));
        loaded = vpi_root_load(tree->store, &secrets->loaded);
    }
    VPI_TRY(loaded);
    VPI_ENSURE(sodium_memcmp(secrets->loaded.vault_id, tree->vault_id, VPI_VAULT_ID_BYTES) == 0,
        VPRIV_E_ROOT, "the root store belongs to another vault");
    if (secrets->loaded.generation + 1 == generation) {
        const vpriv_status found = read_pending(tree, &secrets->loaded, &secrets->next);
        VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_ROLLBACK,
            "the root store is older than the vault file");
        VPI_TRY(found);
        VPI_TRY(vpi_root_replace(tree->store, &secrets->next));
        secrets->loaded = secrets->next;
    }
    VPI_ENSURE(secrets->loaded.generation >= generation, VPRIV_E_ROLLBACK,
        "the root store is older than the vault file");
    VPI_ENSURE(secrets->loaded.generation == generation, VPRIV_E_ROLLBACK,
        "the vault file is older than its root store: it is an old copy");
    secrets->root = secrets->loaded;
    tree->settled = true;
    tree->creating = false;
    st = VPRIV_OK;
out:
    vpi_wipe(&secrets->loaded, sizeof secrets->loaded);
    vpi_wipe(&secrets->next, sizeof secrets->next);
    return st;
}

vpriv_status vpi_tree_look_in(vpi_tree *tree, vpriv_root_store *store, vpi_tree_held *held_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_root_record *held = &tree->secrets->loaded;
    const vpi_root_record *root = &tree->secrets->root;
    *held_out = VPI_HELD_NOTHING;
    const vpriv_status probed = vpi_root_probe(store);
    if (probed == VPRIV_E_NOT_FOUND)
        return VPRIV_OK;
    VPI_TRY(probed);
    VPI_TRY(vpi_root_load(store, held));
    if (memcmp(held->vault_id, tree->vault_id, VPI_VAULT_ID_BYTES) != 0)
        *held_out = VPI_HELD_OTHER;
    else if (held->generation > root->generation)
        *held_out = VPI_HELD_LATER;
    else if (held->generation == root->generation &&
             sodium_memcmp(held->key, root->key, VPI_KEY_BYTES) == 0)
        *held_out = VPI_HELD_IN_FORCE;
    else
        *held_out = VPI_HELD_OLDER;
    st = VPRIV_OK;
out:
    vpi_wipe(held, sizeof *held);
    return st;
}

vpriv_status vpi_tree_move(vpi_tree *tree, vpriv_root_store *to, vpi_tree_held *held_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(tree->settled, VPRIV_E_STATE, "the root is moved before the shred of a transaction");
    VPI_TRY(vpi_tree_look_in(tree, to, held_out));
    /* A move that was cut off left a copy; anything else is somebody's. */
    VPI_ENSURE(*held_out != VPI_HELD_OTHER && *held_out != VPI_HELD_LATER, VPRIV_E_EXISTS,
        "the root store holds a root key already: use an empty one");
    tree->store = to;
    VPI_TRY(vpi_root_replace(to, &tree->secrets->root));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_tree_move_back(vpi_tree *tree, vpriv_root_store *from)
{
    tree->store = from;
}

const vpriv_root_store *vpi_tree_store(const vpi_tree *tree)
{
    return tree->store;
}

/* Overwritten before it goes: what is only deleted stays in its page, and a copy of the root of before, as it is
 * kept of a store that the root was moved away from, would open it. */
static vpriv_status drop_pending(vpi_tree *tree)
{
    vpriv_status st = vpi_database_run(tree->database,
        "UPDATE root_pending SET sealed = zeroblob(length(sealed)) WHERE id = ?1", "i",
        (int64_t)ROOT_STATE);
    if (st == VPRIV_OK)
        st = vpi_database_run(
            tree->database, "DELETE FROM root_pending WHERE id = ?1", "i", (int64_t)ROOT_STATE);
    return st;
}

vpriv_status vpi_tree_settle(vpi_tree *tree)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (tree->settled && !tree->creating)
        return VPRIV_OK;
    /* What this transaction writes is only the removal of a row that is useless by then: nothing is
     * lost when it does not reach the disk. */
    VPI_TRY(vpi_database_set_durable(tree->database, false));
    VPI_TRY(vpi_database_begin(tree->database));
    VPI_TRY(settle_in_transaction(tree));
    if (drop_pending(tree) != VPRIV_OK || vpi_database_commit(tree->database) != VPRIV_OK)
        vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_database_rollback(tree->database);
    /* The root is settled, whatever becomes of this: the next transaction asks again. */
    if (vpi_database_set_durable(tree->database, true) != VPRIV_OK && st == VPRIV_OK)
        vpi_fail_clear();
    return st;
}

/* Where another process has replaced the root and the store has it already, nobody has to be waited for: a
 * reader beside one who destroys all the time would seldom get to write. Whatever else the store says, or
 * cannot say in this moment, is looked at again with the write lock held. */
static bool take_over(vpi_tree *tree, uint64_t generation)
{
    vpi_tree_secrets *secrets = tree->secrets;
    bool is_in_force = false;
    if (vpi_root_load(tree->store, &secrets->loaded) == VPRIV_OK)
        is_in_force =
            secrets->loaded.generation == generation &&
            sodium_memcmp(secrets->loaded.vault_id, tree->vault_id, VPI_VAULT_ID_BYTES) == 0;
    if (is_in_force) {
        secrets->root = secrets->loaded;
        tree->settled = true;
    }
    vpi_wipe(&secrets->loaded, sizeof secrets->loaded);
    vpi_fail_clear();
    return is_in_force;
}

vpriv_status vpi_tree_refresh(vpi_tree *tree)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t generation = 0;
    VPI_TRY(vpi_tree_file_generation(tree->database, &generation));
    if (generation == tree->secrets->root.generation && tree->settled)
        return VPRIV_OK;
    tree->settled = false;
    if (sqlite3_txn_state(vpi_database_handle(tree->database), NULL) != SQLITE_TXN_WRITE) {
        VPI_ENSURE(
            take_over(tree, generation), VPRIV_E_BUSY, "another process is replacing the root key");
        return VPRIV_OK;
    }
    VPI_TRY(settle_in_transaction(tree));
    VPI_TRY(drop_pending(tree));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_tree_forget_shred(vpi_tree *tree)
{
    vpi_wipe(&tree->secrets->next, sizeof tree->secrets->next);
}

vpriv_status vpi_tree_shred(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes,
    const void *head, size_t n_head_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree_secrets *secrets = tree->secrets;
    VPI_ENSURE(tree->settled, VPRIV_E_STATE, "one shred per transaction");
    memcpy(secrets->next.vault_id, tree->vault_id, VPI_VAULT_ID_BYTES);
    secrets->next.generation = secrets->root.generation + 1;
    vpi_random(secrets->next.key, VPI_KEY_BYTES);
    vpi_derive(secrets->root.key, LABEL_TOP, NULL, 0, secrets->top_old);
    vpi_derive(secrets->next.key, LABEL_TOP, NULL, 0, secrets->top_new);
    VPI_TRY(vpi_tree_apply(tree, changes, n_changes, true));
    VPI_TRY(write_pending(tree));
    VPI_TRY(seal_head(tree, &secrets->next, head, n_head_bytes));
    /* Until it is settled nobody uses this tree: the root in memory is the one being replaced. */
    tree->settled = false;
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->top_old, VPI_KEY_BYTES);
    vpi_wipe(secrets->top_new, VPI_KEY_BYTES);
    vpi_wipe(&secrets->next, sizeof secrets->next);
    return st;
}

vpriv_status vpi_tree_add(
    vpi_tree *tree, const uint8_t *keys, size_t n_keys, uint64_t *first_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree_secrets *secrets = tree->secrets;
    uint64_t first = 0;
    vpi_tree_change *changes = NULL;
    VPI_ENSURE(n_keys > 0, VPRIV_E_ARG, "no key to add");
    VPI_ENSURE(tree->settled, VPRIV_E_STATE, "keys are added before the shred of a transaction");
    VPI_TRY(vpi_alloc(n_keys, sizeof *changes, (void **)&changes));
    vpi_derive(secrets->root.key, LABEL_TOP, NULL, 0, secrets->top_old);
    memcpy(secrets->top_new, secrets->top_old, VPI_KEY_BYTES);
    VPI_TRY(vpi_tree_next_slot(tree, &first));
    for (size_t i = 0; i < n_keys; i++)
        changes[i] = (vpi_tree_change){first + i, keys + i * VPI_KEY_BYTES};
    VPI_TRY(vpi_tree_grow_to(tree, first + n_keys));
    VPI_TRY(vpi_tree_apply(tree, changes, n_keys, false));
    *first_slot_out = first;
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->top_old, VPI_KEY_BYTES);
    vpi_wipe(secrets->top_new, VPI_KEY_BYTES);
    free(changes);
    return st;
}

vpriv_status vpi_tree_get(vpi_tree *tree, uint64_t slot, uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_derive(tree->secrets->root.key, LABEL_TOP, NULL, 0, tree->secrets->top_old);
    const vpriv_status st = vpi_tree_find(tree, slot, key_out);
    vpi_wipe(tree->secrets->top_old, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_tree_n_slots(vpi_tree *tree, uint64_t *n_slots_out)
{
    vpi_derive(tree->secrets->root.key, LABEL_TOP, NULL, 0, tree->secrets->top_old);
    const vpriv_status st = vpi_tree_next_slot(tree, n_slots_out);
    vpi_wipe(tree->secrets->top_old, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_tree_verify(
    vpi_tree *tree, vpi_tree_damaged_fn damaged, void *user, uint64_t *n_keys_out)
{
    vpi_derive(tree->secrets->root.key, LABEL_TOP, NULL, 0, tree->secrets->top_old);
    const vpriv_status st = vpi_tree_walk(tree, damaged, user, n_keys_out);
    vpi_wipe(tree->secrets->top_old, VPI_KEY_BYTES);
    return st;
}

static vpriv_status allocate(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree *tree = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *tree, (void **)&tree));
    VPI_TRY(vpi_secret_alloc(sizeof *tree->secrets, (void **)&tree->secrets));
    tree->database = database;
    tree->store = store;
    tree->known_from = VPI_TREE_LEVELS_MAX;
    memcpy(tree->vault_id, vault_id, VPI_VAULT_ID_BYTES);
    *tree_out = tree;
    tree = NULL;
    st = VPRIV_OK;
out:
    vpi_tree_close(tree);
    return st;
}

vpriv_status vpi_tree_create(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree *tree = NULL;
    const vpriv_status probed = vpi_root_probe(store);
    VPI_ENSURE(probed != VPRIV_OK, VPRIV_E_EXISTS,
        "the root store holds a root key already: use an empty one for a new vault");
    if (probed != VPRIV_E_NOT_FOUND)
        VPI_TRY(probed);
    VPI_TRY(allocate(database, store, vault_id, &tree));
    vpi_root_record *root = &tree->secrets->root;
    memcpy(root->vault_id, vault_id, VPI_VAULT_ID_BYTES);
    root->generation = 1;
    vpi_random(root->key, VPI_KEY_BYTES);
    vpi_derive(root->key, LABEL_TOP, NULL, 0, tree->secrets->top_old);
    const vpriv_status written = vpi_tree_write_first(tree);
    vpi_wipe(tree->secrets->top_old, VPI_KEY_BYTES);
    VPI_TRY(written);
    VPI_TRY(seal_head(tree, root, NULL, 0));
    tree->settled = true;
    tree->creating = true;
    *tree_out = tree;
    tree = NULL;
    st = VPRIV_OK;
out:
    vpi_tree_close(tree);
    return st;
}

vpriv_status vpi_tree_open(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree *tree = NULL;
    uint64_t generation = 0;
    VPI_TRY(allocate(database, store, vault_id, &tree));
    VPI_TRY(vpi_root_load(store, &tree->secrets->root));
    VPI_ENSURE(sodium_memcmp(tree->secrets->root.vault_id, vault_id, VPI_VAULT_ID_BYTES) == 0,
        VPRIV_E_ROOT, "the root store belongs to another vault");
    VPI_TRY(vpi_tree_file_generation(database, &generation));
    tree->settled = generation == tree->secrets->root.generation;
    VPI_TRY(vpi_tree_settle(tree));
    *tree_out = tree;
    tree = NULL;
    st = VPRIV_OK;
out:
    vpi_tree_close(tree);
    return st;
}

vpriv_status vpi_tree_open_still(vpi_database *database, vpriv_root_store *store,
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpi_tree **tree_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree *tree = NULL;
    uint64_t generation = 0;
    VPI_TRY(allocate(database, store, vault_id, &tree));
    vpi_tree_secrets *secrets = tree->secrets;
    VPI_TRY(vpi_root_load(store, &secrets->root));
    VPI_ENSURE(sodium_memcmp(secrets->root.vault_id, vault_id, VPI_VAULT_ID_BYTES) == 0,
        VPRIV_E_ROOT, "the root store belongs to another vault");
    const vpriv_status read = vpi_tree_file_generation(database, &generation);
    if (read == VPRIV_E_AUTH)
        generation = secrets->root.generation;
    else
        VPI_TRY(read);
    if (secrets->root.generation + 1 == generation &&
        read_pending(tree, &secrets->root, &secrets->next) == VPRIV_OK)
        secrets->root = secrets->next;
    vpi_wipe(&secrets->next, sizeof secrets->next);
    VPI_ENSURE(secrets->root.generation >= generation, VPRIV_E_ROLLBACK,
        "the root store is older than the vault file");
    VPI_ENSURE(secrets->root.generation == generation, VPRIV_E_ROLLBACK,
        "the vault file is older than its root store: it is an old copy");
    tree->settled = true;
    *tree_out = tree;
    tree = NULL;
    st = VPRIV_OK;
out:
    vpi_tree_close(tree);
    return st;
}

void vpi_tree_close(vpi_tree *tree)
{
    if (!tree)
        return;
    vpi_secret_free(tree->secrets);
    free(tree);
}

uint64_t vpi_tree_generation(const vpi_tree *tree)
{
    return tree->secrets->root.generation;
}
