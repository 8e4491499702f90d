#include "base/bytes.h"
#include "fault/attack_inside.h"
#include "keys/seal.h"
#include "keys/tree.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/tag.h"
#include <check.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define NODE_PLAIN_BYTES  (1 + VPI_NODE_KEYS * VPI_KEY_BYTES)
#define NODE_SEALED_BYTES (NODE_PLAIN_BYTES + VPI_SEAL_OVERHEAD)
#define PLAIN_BYTES_MAX   16384
#define TABLE_SLOTS       (1u << 16)

struct attack *attack_create(const uint8_t *vault_id, const vpriv_keyring *keyring)
{
    struct attack *attack = calloc(1, sizeof *attack);
    ck_assert_ptr_nonnull(attack);
    memcpy(attack->vault_id, vault_id, sizeof attack->vault_id);
    attack->keyring = keyring;
    attack->seen = calloc(TABLE_SLOTS, sizeof *attack->seen);
    ck_assert_ptr_nonnull(attack->seen);
    return attack;
}

void attack_destroy(struct attack *attack)
{
    for (size_t i = 0; i < attack->n_blobs; i++) {
        free(attack->blobs[i].bytes);
        free(attack->blobs[i].plain);
    }
    free(attack->blobs);
    free(attack->keys);
    free(attack->finds);
    free(attack->contents);
    free(attack->seen);
    free(attack);
}

/* True when it is new. */
static bool remember(struct attack *attack, uint64_t hash)
{
    hash = hash ? hash : 1;
    ck_assert_uint_lt(attack->n_blobs + attack->n_keys, TABLE_SLOTS / 2);
    for (size_t at = hash % TABLE_SLOTS;; at = (at + 1) % TABLE_SLOTS) {
        if (attack->seen[at] == hash)
            return false;
        if (attack->seen[at] == 0) {
            attack->seen[at] = hash;
            return true;
        }
    }
}

static uint64_t hash_of(const struct blob *blob)
{
    const int64_t place[] = {blob->kind, blob->row, blob->other, blob->state, blob->retention};
    crypto_generichash_state state;
    uint64_t hash = 0;
    uint8_t digest[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    crypto_generichash_update(&state, (const uint8_t *)place, sizeof place);
    crypto_generichash_update(&state, blob->name, sizeof blob->name);
    crypto_generichash_update(&state, blob->bytes, blob->n_bytes);
    crypto_generichash_final(&state, digest, sizeof digest);
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

void *attack_grow(void *items, size_t n, size_t *room, size_t item_bytes)
{
    if (n < *room)
        return items;
    *room = *room ? 2 * *room : 256;
    items = realloc(items, *room * item_bytes);
    ck_assert_ptr_nonnull(items);
    return items;
}

static void add_blob(struct attack *attack, struct blob blob, const void *bytes, size_t n_bytes)
{
    if (!bytes || n_bytes == 0)
        return;
    blob.bytes = (uint8_t *)(uintptr_t)bytes;
    blob.n_bytes = n_bytes;
    if (!remember(attack, hash_of(&blob)))
        return;
    blob.bytes = malloc(n_bytes);
    ck_assert_ptr_nonnull(blob.bytes);
    memcpy(blob.bytes, bytes, n_bytes);
    attack->blobs =
        attack_grow(attack->blobs, attack->n_blobs, &attack->room_blobs, sizeof *attack->blobs);
    attack->blobs[attack->n_blobs++] = blob;
    attack->n_keys_used = 0; /* every key is tried on it */
}

static void add_key(struct attack *attack, const uint8_t key[VPI_KEY_BYTES])
{
    uint64_t hash = 0;
    uint8_t digest[crypto_generichash_BYTES_MIN];
    if (sodium_is_zero(key, VPI_KEY_BYTES))
        return;
    crypto_generichash(digest, sizeof digest, key, VPI_KEY_BYTES, (const uint8_t *)"key", 0);
    memcpy(&hash, digest, sizeof hash);
    if (!remember(attack, hash))
        return;
    attack->keys =
        attack_grow(attack->keys, attack->n_keys, &attack->room_keys, sizeof *attack->keys);
    memcpy(attack->keys[attack->n_keys++], key, VPI_KEY_BYTES);
}

/* Columns of each query: row, sealed, other, name, state, retention. */
static bool collect(struct attack *attack, sqlite3 *database, enum blob_kind kind, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return false;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct blob blob = {.kind = kind, .row = sqlite3_column_int64(statement, 0)};
        if (sqlite3_column_count(statement) > 2)
            blob.other = sqlite3_column_int64(statement, 2);
        if (sqlite3_column_count(statement) > 3 &&
            sqlite3_column_bytes(statement, 3) == sizeof blob.name)
            memcpy(blob.name, sqlite3_column_blob(statement, 3), sizeof blob.name);
        if (sqlite3_column_count(statement) > 5) {
            blob.state = (uint8_t)sqlite3_column_int(statement, 4);
            blob.retention = (uint16_t)sqlite3_column_int(statement, 5);
        }
        const void *bytes = sqlite3_column_blob(statement, 1);
        add_blob(attack, blob, bytes, (size_t)sqlite3_column_bytes(statement, 1));
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

bool attack_add_database(struct attack *attack, const char *path)
{
    static const char *const queries[N_KINDS] = {
        [NODE] = "SELECT id, sealed FROM key_node",
        [PENDING] = "SELECT generation, sealed FROM root_pending",
        [HEADER] = "SELECT id, header, key_slot, name, state, retention FROM recording"
                   " WHERE header IS NOT NULL",
        [WRAPS] = "SELECT recording, sealed FROM wrap",
        [INGEST] = "SELECT recording, sealed, kind, name FROM ingest"
                   " JOIN recording ON recording.id = ingest.recording",
        [BLOCK] = "SELECT block.id >> 24, sealed, block.id & 16777215, name FROM block"
                  " LEFT JOIN recording ON recording.id = block.id >> 24",
        [SHELF] = "SELECT recording, sealed, 0, name FROM shelf"
                  " JOIN recording ON recording.id = shelf.recording",
        [CONTENT] = "SELECT id, sealed, recording, name FROM derivative",
    };
    sqlite3 *database = NULL;
    bool readable = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    for (int kind = 0; kind < N_KINDS && readable; kind++)
        readable = collect(attack, database, (enum blob_kind)kind, queries[kind]);
    sqlite3_close(database);
    return readable;
}

static uint64_t varint(const uint8_t **at, const uint8_t *end)
{
    uint64_t value = 0;
    for (int i = 0; i < 9 && *at < end; i++) {
        const uint8_t byte = *(*at)++;
        if (i == 8)
            return value << 8 | byte;
        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80))
            break;
    }
    return value;
}

void attack_add_page(struct attack *attack, const uint8_t *page, size_t n_bytes)
{
    if (n_bytes != 4096 || page[0] != 0x0d)
        return;
    const size_t n_cells = (size_t)page[3] << 8 | page[4];
    for (size_t i = 0; i < n_cells && 8 + 2 * i + 2 <= n_bytes; i++) {
        const size_t offset = (size_t)page[8 + 2 * i] << 8 | page[9 + 2 * i];
        if (offset >= n_bytes)
            return;
        const uint8_t *at = page + offset, *end = page + n_bytes;
        const uint64_t n_payload = varint(&at, end), row = varint(&at, end);
        /* Record: header size, NULL (the row id), one blob. */
        if (n_payload != 1 + 1 + 2 + NODE_SEALED_BYTES || (size_t)(end - at) < n_payload)
            continue;
        add_blob(
            attack, (struct blob){.kind = NODE, .row = (int64_t)row}, at + 4, NODE_SEALED_BYTES);
    }
}

static void add_root(struct attack *attack, uint64_t generation, const uint8_t key[VPI_KEY_BYTES])
{
    uint8_t top[VPI_KEY_BYTES];
    for (size_t i = 0; i < attack->n_roots; i++)
        if (memcmp(attack->roots[i].key, key, VPI_KEY_BYTES) == 0)
            return;
    ck_assert_uint_lt(attack->n_roots, sizeof attack->roots / sizeof attack->roots[0]);
    attack->roots[attack->n_roots].generation = generation;
    memcpy(attack->roots[attack->n_roots++].key, key, VPI_KEY_BYTES);
    vpi_derive(key, "root: key tree", NULL, 0, top);
    add_key(attack, top);
}

void attack_add_root(struct attack *attack, const uint8_t *record)
{
    uint64_t generation = 0;
    for (int i = 7; i >= 0; i--)
        generation = generation << 8 | record[VPI_VAULT_ID_BYTES + i];
    add_root(attack, generation, record + VPI_VAULT_ID_BYTES + 8);
}

/* The next root, which an old one may open. True when there was one. */
static bool follow_pending(struct attack *attack)
{
    const size_t n_before = attack->n_roots;
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        const vpi_place place = {
            attack->vault_id, VPI_COLUMN_ROOT_PENDING, (uint64_t)blob->row, NULL, 0};
        if (blob->kind != PENDING || blob->n_bytes != VPI_KEY_BYTES + VPI_SEAL_OVERHEAD)
            continue;
        for (size_t r = 0; r < attack->n_roots; r++) {
            uint8_t key[VPI_KEY_BYTES], next[VPI_KEY_BYTES];
            vpi_derive(attack->roots[r].key, "root: next root", NULL, 0, key);
            if (vpi_unseal(key, &place, blob->bytes, blob->n_bytes, next) == VPRIV_OK)
                add_root(attack, (uint64_t)blob->row, next);
        }
    }
    return attack->n_roots > n_before;
}

static bool open_header(const struct attack *attack, struct blob *blob,
    const uint8_t key[VPI_KEY_BYTES], uint8_t *plain_out)
{
    uint8_t bond[VPI_RECORDING_ID_BYTES + 1 + 2 + 8], derived[VPI_KEY_BYTES];
    vpi_writer w = vpi_writer_of(bond, sizeof bond);
    vpi_put_bytes(&w, blob->name, sizeof blob->name);
    vpi_put_u8(&w, blob->state);
    vpi_put_u16(&w, blob->retention);
    vpi_put_u64(&w, (uint64_t)blob->other);
    const vpi_place place = {
        attack->vault_id, VPI_COLUMN_RECORDING_HEADER, (uint64_t)blob->row, bond, sizeof bond};
    vpi_derive(key, "recording: header", NULL, 0, derived);
    return vpi_unseal_padded(derived, &place, blob->bytes, blob->n_bytes, plain_out,
               PLAIN_BYTES_MAX, &blob->n_plain) == VPRIV_OK;
}

static bool open_blob(const struct attack *attack, struct blob *blob,
    const uint8_t key[VPI_KEY_BYTES], const uint8_t public_key[VPI_KEY_BYTES], uint8_t *plain_out)
{
    uint8_t derived[VPI_KEY_BYTES];
    vpi_place place = {attack->vault_id, VPI_COLUMN_KEY_NODE, (uint64_t)blob->row, NULL, 0};
    switch (blob->kind) {
    case NODE:
        blob->n_plain = NODE_PLAIN_BYTES;
        return blob->n_bytes == NODE_SEALED_BYTES &&
               vpi_unseal(key, &place, blob->bytes, blob->n_bytes, plain_out) == VPRIV_OK;
    case HEADER:
        return open_header(attack, blob, key, plain_out);
    case WRAPS:
        place.column = VPI_COLUMN_WRAPS;
        vpi_derive(key, "recording: wraps", NULL, 0, derived);
        return vpi_unseal_padded(derived, &place, blob->bytes, blob->n_bytes, plain_out,
                   PLAIN_BYTES_MAX, &blob->n_plain) == VPRIV_OK;
    case SHELF:
        place.column = VPI_COLUMN_SHELF;
        place.extra = blob->name;
        place.n_extra_bytes = sizeof blob->name;
        vpi_derive(key, "derivative: shelf", NULL, 0, derived);
        return vpi_unseal_padded(derived, &place, blob->bytes, blob->n_bytes, plain_out,
                   PLAIN_BYTES_MAX, &blob->n_plain) == VPRIV_OK;
    case INGEST:
        blob->n_plain = blob->n_bytes - 1 - crypto_box_SEALBYTES;
        return crypto_box_seal_open(
                   plain_out, blob->bytes + 1, blob->n_bytes - 1, public_key, key) == 0;
    default:
        return false;
    }
}

static void use_key(struct attack *attack, const uint8_t key[VPI_KEY_BYTES])
{
    static uint8_t plain[PLAIN_BYTES_MAX];
    uint8_t public_key[VPI_KEY_BYTES]; /* if it is the secret half of a pair */
    if (crypto_scalarmult_base(public_key, key) != 0)
        return;
    for (size_t i = 0; i < attack->n_blobs; i++) {
        struct blob *blob = &attack->blobs[i];
        if (blob->plain || !open_blob(attack, blob, key, public_key, plain))
            continue;
        blob->plain = malloc(blob->n_plain);
        ck_assert_ptr_nonnull(blob->plain);
        memcpy(blob->plain, plain, blob->n_plain);
        memcpy(blob->key, key, VPI_KEY_BYTES);
        if (blob->kind == NODE)
            for (size_t k = 0; k < VPI_NODE_KEYS; k++)
                add_key(attack, plain + 1 + k * VPI_KEY_BYTES);
        if (blob->kind == INGEST && blob->other == VPI_INGEST_COMMIT)
            add_key(attack, plain + 1 + VPI_VAULT_ID_BYTES + VPI_RECORDING_ID_BYTES);
    }
}

void attack_solve(struct attack *attack)
{
    for (bool more = true; more;) {
        more = follow_pending(attack);
        while (attack->n_keys_used < attack->n_keys) {
            uint8_t key[VPI_KEY_BYTES];
            memcpy(key, attack->keys[attack->n_keys_used++], sizeof key);
            use_key(attack, key);
            more = true;
        }
    }
}

size_t attack_n_keys(const struct attack *attack)
{
    return attack->n_keys;
}

size_t attack_n_nodes(const struct attack *attack)
{
    size_t n = 0;
    for (size_t i = 0; i < attack->n_blobs; i++)
        n += attack->blobs[i].kind == NODE;
    return n;
}

bool attack_knows(const struct attack *attack, const uint8_t *key)
{
    for (size_t i = 0; i < attack->n_keys; i++)
        if (memcmp(attack->keys[i], key, VPI_KEY_BYTES) == 0)
            return true;
    return false;
}
