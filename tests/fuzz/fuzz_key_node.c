/* Nodes and head of the key tree, behind their seals. */
#include "fuzz/home.h"
#include "keys/tree_nodes.h"
#include "vault/log_store.h"

static const home_rows node_rows = {.column = VPI_COLUMN_KEY_NODE};
static const home_rows head_rows = {.column = VPI_COLUMN_HEAD};

static void setup(void)
{
    uint8_t key[VPI_KEY_BYTES], head[VPI_HEAD_BYTES_MAX];
    size_t n = 0;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(node_rows);
    fuzz_must(vpi_tree_get(fuzz_home.vault->tree, 0, key));
    home_seed_seen();
    home_watch(head_rows);
    fuzz_must(vpi_tree_head(fuzz_home.vault->tree, head, sizeof head, &n));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void damaged(void *user, int level, uint64_t index)
{
    fuzz_check(level >= 0 && level < VPI_TREE_LEVELS_MAX && index == 0);
    ++*(int *)user;
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t key[VPI_KEY_BYTES] = {3}, head[VPI_HEAD_BYTES_MAX];
    uint64_t n_keys = 0, slot = 0;
    size_t n = 0;
    int n_damaged = 0;
    vpi_tree *tree = fuzz_home.vault->tree;
    home_begin();
    home_swap(node_rows, data, n_bytes);
    for (uint64_t i = 0; i < 8; i++)
        (void)vpi_tree_get(tree, i, key);
    (void)vpi_tree_get(tree, n_bytes * UINT64_C(0x9e3779b97f4a7c15), key);
    fuzz_check(home_n_swapped() > 0);
    const vpriv_status verified = vpi_tree_verify(tree, damaged, &n_damaged, &n_keys);
    fuzz_check(verified != VPRIV_OK || n_keys <= VPI_NODE_KEYS);
    const bool is_node = n_bytes == 0 || data[0] <= VPI_NODE_KEYS;
    fuzz_check(is_node == (n_damaged == 0));
    const vpriv_status added = vpi_tree_add(tree, key, 1, &slot);
    fuzz_check(is_node || added != VPRIV_OK);
    home_swap(head_rows, data, n_bytes);
    if (vpi_tree_head(tree, head, sizeof head, &n) == VPRIV_OK)
        fuzz_check_same(data, n_bytes, head, n);
    (void)vpi_log_head_check(fuzz_home.vault);
    home_swap_end();
    home_undo();
}

const fuzz_target fuzz_key_node = {"key_node", setup, one, sizeof(vpi_node), 600};
