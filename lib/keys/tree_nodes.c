#include "keys/tree_nodes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define LEVEL_SHIFT       56
#define NODE_BYTES        sizeof(vpi_node)
#define SEALED_NODE_BYTES (NODE_BYTES + VPI_SEAL_OVERHEAD)

_Static_assert(sizeof(vpi_node) == 1 + VPI_NODE_KEYS * VPI_KEY_BYTES, "a node has no padding");

static uint64_t row_of(int level, uint64_t index)
{
    return (uint64_t)level << LEVEL_SHIFT | index;
}

/* Leaves below one slot of a node at this level: 125^level. */
static uint64_t slots_below(int level)
{
    uint64_t n = 1;
    while (level-- > 0)
        n *= VPI_NODE_KEYS;
    return n;
}

static bool is_empty(const uint8_t *key)
{
    return sodium_is_zero(key, VPI_KEY_BYTES);
}

static vpriv_status top_level(vpi_tree *tree, int *level_out)
{
    int64_t id = 0;
    const vpriv_status st = vpi_database_int(
        tree->database, &id, "SELECT id FROM key_node ORDER BY id DESC LIMIT 1", "");
    const int64_t level = id >> LEVEL_SHIFT;
    if (st == VPRIV_E_NOT_FOUND || (st == VPRIV_OK && (level < 0 || level >= VPI_TREE_LEVELS_MAX)))
        return vpi_auth_failed();
    if (st == VPRIV_OK)
        *level_out = (int)level;
    return st;
}

static vpriv_status read_node(
    vpi_tree *tree, int level, uint64_t index, const uint8_t *key, vpi_node *node_out)
{
    vpi_row row = VPI_NO_ROW;
    size_t n_sealed = 0;
    vpriv_status st = vpi_database_query(tree->database, &row,
        "SELECT sealed FROM key_node WHERE id = ?1", "i", (int64_t)row_of(level, index));
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_auth_failed();
    if (st != VPRIV_OK)
        return st;
    const vpi_place place = {tree->vault_id, VPI_COLUMN_KEY_NODE, row_of(level, index), NULL, 0};
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    st = n_sealed == SEALED_NODE_BYTES ? vpi_unseal(key, &place, sealed, n_sealed, node_out)
                                       : vpi_auth_failed();
    vpi_row_end(&row);
    if (st == VPRIV_OK && node_out->n_used > VPI_NODE_KEYS)
        return vpi_auth_failed();
    return st;
}

static vpriv_status write_node(
    vpi_tree *tree, int level, uint64_t index, const uint8_t *key, const vpi_node *node)
{
    uint8_t sealed[SEALED_NODE_BYTES];
    const vpi_place place = {tree->vault_id, VPI_COLUMN_KEY_NODE, row_of(level, index), NULL, 0};
    vpi_seal(key, &place, node, NODE_BYTES, sealed);
    return vpi_database_run(tree->database,
        "INSERT INTO key_node(id, sealed) VALUES (?1, ?2)"
        " ON CONFLICT(id) DO UPDATE SET sealed = excluded.sealed",
        "ib", (int64_t)row_of(level, index), sealed, sizeof sealed);
}

vpriv_status vpi_tree_write_first(vpi_tree *tree)
{
    vpi_node *node = &tree->secrets->node[0];
    memset(node, 0, sizeof *node);
    return write_node(tree, 0, 0, tree->secrets->top_old, node);
}

/* Read the nodes from the top down to the one that holds `slot` into secrets->node[level]; those that
 * are there already are not read again. */
static vpriv_status read_path(vpi_tree *tree, uint64_t slot, int top)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint8_t *key = tree->secrets->top_old;
    for (int level = top; level >= 0; level--) {
        const uint64_t index = slot / slots_below(level + 1);
        vpi_node *node = &tree->secrets->node[level];
        if (level < tree->known_from || tree->known_index[level] != index) {
            tree->known_from = level + 1;
            VPI_TRY(read_node(tree, level, index, key, node));
            tree->known_from = level;
            tree->known_index[level] = index;
        }
        key = node->keys[slot / slots_below(level) % VPI_NODE_KEYS];
        if (level > 0 && is_empty(key))
            return VPRIV_E_ERASED;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Whoever has used the nodes for something else ends with this as well. */
static void wipe_path(vpi_tree *tree)
{
    vpi_wipe(tree->secrets->node, sizeof tree->secrets->node);
    tree->known_from = VPI_TREE_LEVELS_MAX;
}

void vpi_tree_keep_path(vpi_tree *tree)
{
    wipe_path(tree);
    tree->keeps_path = true;
}

void vpi_tree_drop_path(vpi_tree *tree)
{
    if (tree->keeps_path)
        wipe_path(tree);
    tree->keeps_path = false;
}

vpriv_status vpi_tree_find(vpi_tree *tree, uint64_t slot, uint8_t key_out[VPI_KEY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (tree->known_from == VPI_TREE_LEVELS_MAX)
        VPI_TRY(top_level(tree, &tree->top));
    VPI_ENSURE(slot < slots_below(tree->top + 1), VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    const vpriv_status found = read_path(tree, slot, tree->top);
    const uint8_t *key = tree->secrets->node[0].keys[slot % VPI_NODE_KEYS];
    VPI_ENSURE(found != VPRIV_E_ERASED && (found != VPRIV_OK || !is_empty(key)), VPRIV_E_ERASED,
        "the key was destroyed");
    VPI_TRY(found);
    memcpy(key_out, key, VPI_KEY_BYTES);
    st = VPRIV_OK;
out:
    if (!tree->keeps_path)
        wipe_path(tree);
    return st;
}

vpriv_status vpi_tree_next_slot(vpi_tree *tree, uint64_t *slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int top = 0;
    int64_t last = 0;
    VPI_TRY(top_level(tree, &top));
    VPI_TRY(vpi_database_int(tree->database, &last,
        "SELECT id FROM key_node WHERE id < ?1 ORDER BY id DESC LIMIT 1", "i",
        (int64_t)1 << LEVEL_SHIFT));
    VPI_ENSURE(last >= 0 && (uint64_t)last < slots_below(top), VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(read_path(tree, (uint64_t)last * VPI_NODE_KEYS, top));
    *slot_out = (uint64_t)last * VPI_NODE_KEYS + tree->secrets->node[0].n_used;
    st = VPRIV_OK;
out:
    if (st == VPRIV_E_NOT_FOUND || st == VPRIV_E_ERASED)
        st = vpi_auth_failed();
    wipe_path(tree);
    return st;
}

vpriv_status vpi_tree_grow_to(vpi_tree *tree, uint64_t n_slots)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tree_secrets *secrets = tree->secrets;
    int top = 0;
    VPI_TRY(top_level(tree, &top));
    while (slots_below(top + 1) < n_slots) {
        VPI_ENSURE(top + 1 < VPI_TREE_LEVELS_MAX, VPRIV_E_LIMIT, "the vault holds too many keys");
        vpi_node *old_top = &secrets->node[0], *new_top = &secrets->node[1];
        VPI_TRY(read_node(tree, top, 0, secrets->top_old, old_top));
        memset(new_top, 0, sizeof *new_top);
        new_top->n_used = 1;
        vpi_random(new_top->keys[0], VPI_KEY_BYTES);
        VPI_TRY(write_node(tree, top, 0, new_top->keys[0], old_top));
        VPI_TRY(write_node(tree, top + 1, 0, secrets->top_old, new_top));
        top++;
    }
    st = VPRIV_OK;
out:
    wipe_path(tree);
    return st;
}

static int by_slot(const void *a, const void *b)
{
    const uint64_t left = ((const vpi_tree_change *)a)->slot;
    const uint64_t right = ((const vpi_tree_change *)b)->slot;
    return (left > right) - (left < right);
}

static bool node_is_last(vpi_tree *tree, int level, uint64_t index)
{
    int64_t last = 0;
    return vpi_database_int(tree->database, &last,
               "SELECT id FROM key_node WHERE id < ?1 ORDER BY id DESC LIMIT 1", "i",
               (int64_t)row_of(level + 1, 0)) != VPRIV_OK ||
           (uint64_t)last == row_of(level, index);
}

static bool sets_a_key(const vpi_tree_change *changes, size_t n_changes)
{
    for (size_t i = 0; i < n_changes; i++)
        if (changes[i].key)
            return true;
    return false;
}

/* One node and everything below it. The node is sealed under `old_key` and will be under `new_key`;
 * *emptied_out tells that nothing is left in it and its row is gone. */
static vpriv_status apply_to(vpi_tree *tree, int level, uint64_t index, const uint8_t *old_key,
    const uint8_t *new_key, const vpi_tree_change *changes, size_t n_changes, bool rekey,
    bool *emptied_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_node *node = &tree->secrets->node[level];
    const uint64_t below = slots_below(level);
    if (old_key)
        VPI_TRY(read_node(tree, level, index, old_key, node));
    else
        memset(node, 0, sizeof *node);
    for (size_t i = 0; i < n_changes;) {
        const uint64_t child = changes[i].slot / below;
        uint8_t *slot = node->keys[child % VPI_NODE_KEYS];
        size_t n = 1;
        while (i + n < n_changes && changes[i + n].slot / below == child)
            n++;
        VPI_ENSURE(!rekey || !is_empty(slot) || !sets_a_key(changes + i, n), VPRIV_E_ERASED,
            "the key to be replaced was destroyed");
        if (level == 0) {
            /* A slot is filled once; only a shred may put another key in its place. */
            VPI_ENSURE(
                rekey || is_empty(slot), VPRIV_E_AUTH, "the vault file is damaged or was changed");
            if (changes[i].key)
                memcpy(slot, changes[i].key, VPI_KEY_BYTES);
            else
                memset(slot, 0, VPI_KEY_BYTES);
        } else if (!is_empty(slot) || !rekey) { /* a shred below an empty slot finds nothing */
            const bool exists = !is_empty(slot);
            bool emptied = false;
            uint8_t *child_old = tree->secrets->child_old[level];
            memcpy(child_old, slot, VPI_KEY_BYTES);
            if (!exists || rekey)
                vpi_random(slot, VPI_KEY_BYTES);
            VPI_TRY(apply_to(tree, level - 1, child, exists ? child_old : NULL, slot, changes + i,
                n, rekey, &emptied));
            if (emptied)
                memset(slot, 0, VPI_KEY_BYTES);
        }
        if (child % VPI_NODE_KEYS + 1 > node->n_used)
            node->n_used = (uint8_t)(child % VPI_NODE_KEYS + 1);
        i += n;
    }
    *emptied_out = rekey && new_key != tree->secrets->top_new &&
                   sodium_is_zero((const uint8_t *)node->keys, sizeof node->keys) &&
                   !node_is_last(tree, level, index);
    if (*emptied_out)
        VPI_TRY(vpi_database_run(tree->database, "DELETE FROM key_node WHERE id = ?1", "i",
            (int64_t)row_of(level, index)));
    else
        VPI_TRY(write_node(tree, level, index, new_key, node));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_tree_apply(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes, bool rekey)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int top = 0;
    bool emptied = false;
    VPI_TRY(top_level(tree, &top));
    VPI_ENSURE(n_changes > 0, VPRIV_E_ARG, "no key named");
    qsort(changes, n_changes, sizeof *changes, by_slot);
    for (size_t i = 1; i < n_changes; i++)
        VPI_ENSURE(changes[i - 1].slot != changes[i].slot || changes[i - 1].key == changes[i].key,
            VPRIV_E_ARG, "one key is to be destroyed and replaced");
    VPI_ENSURE(changes[n_changes - 1].slot < slots_below(top + 1), VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(apply_to(tree, top, 0, tree->secrets->top_old, tree->secrets->top_new, changes,
        n_changes, rekey, &emptied));
    st = VPRIV_OK;
out:
    wipe_path(tree);
    vpi_wipe(tree->secrets->child_old, sizeof tree->secrets->child_old);
    return st;
}

typedef struct walk {
    vpi_tree *tree;
    vpi_tree_damaged_fn damaged;
    void *user;
    uint64_t n_keys;
    bool sound;
} walk;

static vpriv_status walk_node(walk *w, int level, uint64_t index, const uint8_t *key)
{
    vpi_node *node = &w->tree->secrets->node[level];
    const vpriv_status st = read_node(w->tree, level, index, key, node);
    if (st == VPRIV_E_AUTH) {
        w->damaged(w->user, level, index);
        w->sound = false;
        return VPRIV_OK;
    }
    if (st != VPRIV_OK)
        return st;
    for (int i = 0; i < VPI_NODE_KEYS; i++) {
        if (is_empty(node->keys[i]))
            continue;
        if (level == 0) {
            w->n_keys++;
            continue;
        }
        const vpriv_status below =
            walk_node(w, level - 1, index * VPI_NODE_KEYS + (uint64_t)i, node->keys[i]);
        if (below != VPRIV_OK)
            return below;
    }
    return VPRIV_OK;
}

vpriv_status vpi_tree_walk(
    vpi_tree *tree, vpi_tree_damaged_fn damaged, void *user, uint64_t *n_keys_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int top = 0;
    walk w = {tree, damaged, user, 0, true};
    VPI_TRY(top_level(tree, &top));
    VPI_TRY(walk_node(&w, top, 0, tree->secrets->top_old));
    VPI_ENSURE(w.sound, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    *n_keys_out = w.n_keys;
    st = VPRIV_OK;
out:
    wipe_path(tree);
    return st;
}
