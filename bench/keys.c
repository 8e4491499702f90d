/* The key tree by itself: one key destroyed among a thousand, a hundred thousand, a million. */
#include "base/database.h"
#include "base/memory.h"
#include "base/random.h"
#include "bench.h"
#include "keys/tree.h"
#include <stdio.h>
#include <stdlib.h>

#define BATCH_KEYS 25000

typedef struct forest {
    vpi_database *database;
    vpriv_root_store *root;
    vpi_tree *tree;
    uint64_t n_keys;
    uint64_t next; /* the slot that goes next; spread over the tree */
} forest;

static void damaged(void *user, int level, uint64_t index)
{
    (void)user;
    bench_die("node %llu of level %d does not open", (unsigned long long)index, level);
}

static void plant(const char *folder, uint64_t n_keys, forest *f)
{
    static const uint8_t vault_id[VPI_VAULT_ID_BYTES] = {1};
    char name[64], root_name[64];
    uint8_t *keys = NULL;
    snprintf(name, sizeof name, "keys-%llu", (unsigned long long)n_keys);
    snprintf(root_name, sizeof root_name, "keys-%llu-root", (unsigned long long)n_keys);
    char *path = bench_path(folder, name), *root_path = bench_path(folder, root_name);
    f->n_keys = n_keys;
    BENCH_TRY(vpi_secret_alloc((size_t)BATCH_KEYS * VPI_KEY_BYTES, (void **)&keys));
    BENCH_TRY(vpriv_root_file_open(root_path, &f->root));
    BENCH_TRY(vpi_database_open(path, VPI_DATABASE_CREATE, &f->database));
    BENCH_TRY(vpi_database_begin(f->database));
    BENCH_TRY(vpi_database_script(f->database, vpi_tree_schema));
    BENCH_TRY(vpi_tree_create(f->database, f->root, vault_id, &f->tree));
    for (uint64_t done = 0; done < n_keys;) {
        const uint64_t left = n_keys - done, n = left < BATCH_KEYS ? left : BATCH_KEYS;
        uint64_t first = 0;
        vpi_random(keys, (size_t)n * VPI_KEY_BYTES);
        BENCH_TRY(vpi_tree_add(f->tree, keys, (size_t)n, &first));
        done += n;
    }
    BENCH_TRY(vpi_database_commit(f->database));
    BENCH_TRY(vpi_tree_settle(f->tree));
    vpi_secret_free(keys);
    free(path);
    free(root_path);
}

static void fell(forest *f)
{
    vpi_tree_close(f->tree);
    vpi_database_close(f->database);
    vpriv_root_close(f->root);
}

static void shred_one(void *user)
{
    forest *f = user;
    vpi_tree_change change = {f->next, NULL};
    BENCH_TRY(vpi_database_begin(f->database));
    BENCH_TRY(vpi_tree_refresh(f->tree));
    BENCH_TRY(vpi_tree_shred(f->tree, &change, 1, NULL, 0));
    BENCH_TRY(vpi_database_commit(f->database));
    BENCH_TRY(vpi_tree_settle(f->tree));
}

static void choose(void *user)
{
    forest *f = user;
    f->next = (f->next + 611953) % f->n_keys; /* a prime: every slot once before any twice */
}

static void get_one(void *user)
{
    forest *f = user;
    uint8_t key[VPI_KEY_BYTES];
    const vpriv_status st = vpi_tree_get(f->tree, f->next, key);
    vpi_wipe(key, sizeof key);
    if (st != VPRIV_E_ERASED)
        bench_check(st, "vpi_tree_get");
}

static void verify(void *user)
{
    forest *f = user;
    uint64_t n = 0;
    BENCH_TRY(vpi_tree_verify(f->tree, damaged, NULL, &n));
}

void bench_keys(const bench_setting *setting)
{
    static const uint64_t sizes[] = {1000, 100000, 1000000};
    enum { N_SIZES = sizeof sizes / sizeof sizes[0] };
    forest forests[N_SIZES] = {{.database = NULL}};
    bench_repeated shreds[N_SIZES], gets[N_SIZES];
    double rate[BENCH_ROUNDS];
    char what[96];
    bench_group("Key tree: destroy one key, durable, root replaced");
    for (size_t i = 0; i < N_SIZES; i++) {
        plant(setting->folder, sizes[i], &forests[i]);
        shreds[i] = (bench_repeated){
            .before = choose, .run = shred_one, .user = &forests[i], .per_round = 20};
        gets[i] = (bench_repeated){
            .before = choose, .run = get_one, .user = &forests[i], .per_round = 200};
    }
    bench_repeat(shreds, N_SIZES);
    bench_repeat(gets, N_SIZES);
    for (size_t i = 0; i < N_SIZES; i++) {
        snprintf(what, sizeof what, "one of %llu keys", (unsigned long long)sizes[i]);
        bench_row_ms(what, shreds[i].wall_ns, 2);
        snprintf(what, sizeof what, "  of that, CPU");
        bench_row_ms(what, shreds[i].cpu_ns, 0);
    }
    bench_row_ratio(
        "one of 1000000 ÷ one of 1000", shreds[2].wall_ns, shreds[0].wall_ns, BENCH_NO_GOAL, 0);
    bench_row_scaled("find one of 1000000 keys", "us", gets[2].wall_ns, 1e-3);
    bench_repeated walk = {.run = verify, .user = &forests[1], .per_round = 1};
    bench_repeat(&walk, 1);
    for (int i = 0; i < BENCH_ROUNDS; i++)
        rate[i] = (double)sizes[1] / (walk.wall_ns[i] * 1e-9);
    bench_row("keys verified per second", "1/s", rate, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    for (size_t i = 0; i < N_SIZES; i++)
        fell(&forests[i]);
}
