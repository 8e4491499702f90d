/* What withdrawing costs, and what is left to open, with ten recordings of a person and with very many. */
#include "household.h"
#include "keys/tree_nodes.h"
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define N_FEW  10
#ifdef SCALE_LONG
#define N_MANY 100000
#else
#define N_MANY 5000
#endif

static household h;
static vpriv_recording_id *ids;

/* Counted, not timed. */
typedef struct cost {
    int64_t n_rows;         /* written */
    int64_t n_pages;        /* written into the write-ahead log */
    int64_t n_nodes;        /* of the key tree that became others */
    uint64_t n_generations; /* of the root key */
} cost;

static int64_t pages_written(void)
{
    int now = 0, most = 0;
    ck_assert_int_eq(sqlite3_db_status(vpi_database_handle(h.vault->database),
                         SQLITE_DBSTATUS_CACHE_WRITE, &now, &most, 0),
        SQLITE_OK);
    return now;
}

static int64_t nodes_changed(const char *name)
{
    char path[PATH_BYTES], sql[PATH_BYTES + 64];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    household_file(&h, name, path);
    ck_assert_int_eq(sqlite3_open(h.path, &database), SQLITE_OK);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS old", path);
    ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database,
                         "SELECT count(*) FROM main.key_node AS node WHERE NOT EXISTS (SELECT 1"
                         " FROM old.key_node WHERE id = node.id AND sealed = node.sealed)",
                         -1, &statement, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return n;
}

static void fill(size_t n_recordings)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    ids = calloc(n_recordings, sizeof *ids);
    vpi_database_script(h.vault->database, "PRAGMA synchronous=OFF"); /* only while it is filled */
    for (size_t i = 0; i < n_recordings; i++)
        ids[i] = household_quick(&h, h.ada);
    vpi_database_script(h.vault->database, "PRAGMA synchronous=FULL");
    ck_ok(household_hear(&h, &ids[0], REVIEW));
    ck_ok(household_hear(&h, &ids[n_recordings - 1], REVIEW));
    household_copy(&h, "before");
}

static cost withdraw(void)
{
    cost c;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    sqlite3 *handle = vpi_database_handle(h.vault->database);
    const int64_t n_rows = sqlite3_total_changes64(handle), n_pages = pages_written();
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, REVIEW, NULL, &receipt));
    c.n_rows = sqlite3_total_changes64(handle) - n_rows;
    c.n_pages = pages_written() - n_pages;
    c.n_nodes = nodes_changed("before");
    c.n_generations = receipt.generation_after - receipt.generation_before;
    return c;
}

/* Keys of an old tree that the root key of now opens: node by node, each with the key that its parent holds,
 * in the file of now and in the one of before. Gives whether the key is among them. */
typedef struct search {
    sqlite3_stmt *nodes[2];
    const uint8_t *wanted;
    uint64_t n_opened;
    bool is_found;
} search;

#define LEVEL(id)   ((unsigned)((uint64_t)(id) >> 56))
#define INDEX(id)   ((uint64_t)(id) & ((UINT64_C(1) << 56) - 1))
#define ID_OF(l, i) ((int64_t)((uint64_t)(l) << 56 | (i)))

static void open_nodes(search *s, int64_t id, const uint8_t key[VPI_KEY_BYTES])
{
    const vpi_place place = {h.vault->vault_id, VPI_COLUMN_KEY_NODE, (uint64_t)id, NULL, 0};
    for (size_t copy = 0; copy < 2; copy++) {
        uint8_t plain[sizeof(vpi_node)], sealed[sizeof plain + VPI_SEAL_OVERHEAD];
        sqlite3_bind_int64(s->nodes[copy], 1, id);
        const bool is_there = sqlite3_step(s->nodes[copy]) == SQLITE_ROW;
        const size_t n = is_there ? (size_t)sqlite3_column_bytes(s->nodes[copy], 0) : 0;
        ck_assert_uint_le(n, sizeof sealed);
        if (is_there)
            memcpy(sealed, sqlite3_column_blob(s->nodes[copy], 0), n);
        sqlite3_reset(s->nodes[copy]);
        if (!is_there || vpi_unseal(key, &place, sealed, n, plain) != VPRIV_OK)
            continue;
        s->n_opened++;
        const vpi_node *node = (const vpi_node *)(const void *)plain;
        for (size_t i = 0; i < VPI_NODE_KEYS; i++) {
            if (memcmp(node->keys[i], s->wanted, VPI_KEY_BYTES) == 0)
                s->is_found = true;
            if (LEVEL(id) > 0 && !sodium_is_zero(node->keys[i], VPI_KEY_BYTES))
                open_nodes(s, ID_OF(LEVEL(id) - 1, INDEX(id) * VPI_NODE_KEYS + i), node->keys[i]);
        }
    }
}

/* With the root key in `record`. */
static bool finds(const uint8_t *record, const uint8_t key[VPI_KEY_BYTES])
{
    char path[PATH_BYTES];
    uint8_t top[VPI_KEY_BYTES];
    sqlite3 *databases[2] = {NULL, NULL};
    search s = {.wanted = key};
    household_file(&h, "before", path);
    ck_assert_int_eq(sqlite3_open(h.path, &databases[0]), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(path, &databases[1]), SQLITE_OK);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(sqlite3_prepare_v2(databases[i],
                             "SELECT sealed FROM key_node WHERE id = ?1", -1, &s.nodes[i], NULL),
            SQLITE_OK);
    vpi_derive(record + VPI_VAULT_ID_BYTES + 8, "root: key tree", NULL, 0, top);
    open_nodes(&s, household_count(&h, "SELECT max(id) FROM key_node"), top);
    ck_assert_uint_gt(s.n_opened, 0);
    for (size_t i = 0; i < 2; i++) {
        sqlite3_finalize(s.nodes[i]);
        sqlite3_close(databases[i]);
    }
    return s.is_found;
}

static void nothing_opens(size_t n_recordings)
{
    vpriv_vault *old = NULL;
    char path[PATH_BYTES];
    for (size_t i = 0; i < n_recordings; i++)
        ck_fails(household_hear(&h, &ids[i], REVIEW), VPRIV_E_CONSENT);
    household_file(&h, "before", path);
    ck_fails(household_open_vault(&h, path, &old), VPRIV_E_ROLLBACK);
}

START_TEST(s10_withdrawal_costs_for_very_many_what_it_costs_for_ten)
{
    uint8_t key[VPI_KEY_BYTES], record[VPRIV_ROOT_RECORD_BYTES];
    fill(N_FEW);
    const cost few = withdraw();
    nothing_opens(N_FEW);
    free(ids);
    household_close(&h);
    fill(N_MANY);
    household_grant_key(&h, h.ada, REVIEW, key);
    memcpy(record, h.cell->record, sizeof record);
    ck_assert(finds(record, key)); /* with the root key of before: the search works */
    const cost many = withdraw();
    printf("withdrawal: %lld rows, %lld pages, %lld key nodes for %d recordings; %lld, %lld, %lld"
           " for %d\n",
        (long long)few.n_rows, (long long)few.n_pages, (long long)few.n_nodes, N_FEW,
        (long long)many.n_rows, (long long)many.n_pages, (long long)many.n_nodes, N_MANY);
    ck_assert_uint_eq(few.n_generations, 1);
    ck_assert_uint_eq(many.n_generations, 1);
    /* The way to one leaf and to the ingest pair: at most three levels, where ten have one. */
    ck_assert_int_le(many.n_nodes, 3);
    ck_assert_int_le(many.n_rows, few.n_rows + 4);
    ck_assert_int_le(many.n_pages, few.n_pages + 12);
    ck_assert(!finds(h.cell->record, key));
    nothing_opens(N_MANY);
    ck_ok(household_hear(&h, &ids[N_MANY / 2], KEEP));
    free(ids);
    household_close(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: very many recordings");
    TCase *tests = tcase_create("scale");
    tcase_set_timeout(tests, 3600);
    tcase_add_test(tests, s10_withdrawal_costs_for_very_many_what_it_costs_for_ten);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
