#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/false_wakes.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include "vault/rebuild.h"
#include "vault/settings.h"
#include "vault/sweep.h"
#include "vault/vault.h"
#include <sodium.h>
#include <string.h>

/* Less is not enough to destroy in when a recorder has filled the disk and the write-ahead log. */
#define RESERVE_BYTES_MIN VPI_RESERVE_BYTES_DEFAULT
#define RESERVE_BYTES_MAX (64u * 1024 * 1024)
#define NAME_TRIES        3
#define SCHEMA_QUERY                                                                               \
    "SELECT group_concat(type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, ''), ';')" \
    " || count(DISTINCT rootpage)"                                                                 \
    " FROM (SELECT * FROM sqlite_schema ORDER BY name)"

static vpriv_status check_options(const vpriv_vault_options *options)
{
    if (options && options->struct_size != sizeof *options)
        return vpi_fail(VPRIV_E_ARG, "vpriv_vault_options.struct_size is %zu, not %zu",
            options->struct_size, sizeof *options);
    if (options && options->reserve_bytes != 0 &&
        (options->reserve_bytes < RESERVE_BYTES_MIN || options->reserve_bytes > RESERVE_BYTES_MAX))
        return vpi_fail(VPRIV_E_ARG, "reserve_bytes is %u; 0 or %u to %u", options->reserve_bytes,
            RESERVE_BYTES_MIN, RESERVE_BYTES_MAX);
    return VPRIV_OK;
}

vpriv_status vpi_vault_allocate(
    const char *path, const vpriv_vault_options *options, vpriv_vault **vault_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    VPI_ENSURE(path && path[0] && vault_out, VPRIV_E_ARG, "a vault needs a path");
    VPI_TRY(check_options(options));
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_alloc(1, sizeof *vault, (void **)&vault));
    vault->lock_fd = -1;
    pthread_mutex_init(&vault->lock, NULL);
    VPI_TRY(vpi_secret_alloc(sizeof *vault->secrets, (void **)&vault->secrets));
    VPI_TRY(vpi_path_with(path, "", &vault->path));
    if (options) {
        vault->clock.fn = options->clock;
        vault->clock.user = options->clock_user;
    }
    VPI_TRY(vpi_reserve_open(vault));
    *vault_out = vault;
    vault = NULL;
    st = VPRIV_OK;
out:
    vpriv_vault_close(vault);
    return st;
}

void vpriv_vault_close(vpriv_vault *vault)
{
    if (!vault)
        return;
    vpi_tree_close(vault->tree);
    vpi_database_close(vault->database);
    vpi_reserve_close(vault);
    vpi_secret_free(vault->secrets);
    free(vault->path);
    pthread_mutex_destroy(&vault->lock);
    free(vault);
}

/* The schema that this version makes, as SQLite writes it down, and how many roots its tables and
 * indexes have: with a damaged one two would share a page, and one of them could look empty. It is the same for every vault, and
 * making it costs more than everything else about opening: once per process is enough. */
static pthread_mutex_t schema_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *schema_text;
static size_t schema_bytes;

static vpriv_status make_schema_text(void)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *fresh = NULL;
    vpi_row row = VPI_NO_ROW;
    size_t n_bytes = 0;
    VPI_TRY(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &fresh));
    VPI_TRY(vpi_database_script(fresh, vpi_tree_schema));
    VPI_TRY(vpi_database_script(fresh, vpi_vault_schema));
    VPI_TRY(vpi_database_query(fresh, &row, SCHEMA_QUERY, ""));
    const uint8_t *text = vpi_column_blob(&row, 0, &n_bytes);
    VPI_ENSURE(text, VPRIV_E_MEMORY, "no memory for the schema");
    VPI_TRY(vpi_alloc(1, n_bytes, (void **)&schema_text));
    memcpy(schema_text, text, n_bytes);
    schema_bytes = n_bytes;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_database_close(fresh);
    return st;
}

/* The tables, indexes and everything else must be those this version makes, to the letter. */
static vpriv_status check_schema(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    size_t n_bytes = 0;
    pthread_mutex_lock(&schema_lock);
    const vpriv_status made = schema_text ? VPRIV_OK : make_schema_text();
    pthread_mutex_unlock(&schema_lock);
    VPI_TRY(made);
    VPI_TRY(vpi_database_query(vault->database, &row, SCHEMA_QUERY, ""));
    const uint8_t *text = vpi_column_blob(&row, 0, &n_bytes);
    VPI_ENSURE(text && n_bytes == schema_bytes && memcmp(text, schema_text, n_bytes) == 0,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

static vpriv_status read_meta(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    int64_t application = 0, version = 0;
    VPI_TRY(vpi_database_int(vault->database, &application, "PRAGMA application_id", ""));
    VPI_ENSURE(
        application == VPI_APPLICATION_ID, VPRIV_E_FORMAT, "a SQLite database, but not a vault");
    VPI_TRY(vpi_database_int(vault->database, &version, "PRAGMA user_version", ""));
    VPI_ENSURE(version <= VPI_USER_VERSION, VPRIV_E_VERSION,
        "the vault has format %lld; this library knows up to %d", (long long)version,
        VPI_USER_VERSION);
    VPI_ENSURE(version == VPI_USER_VERSION, VPRIV_E_FORMAT,
        "not a whole vault: making it was cut off, and can simply be done again");
    VPI_TRY(check_schema(vault));
    const vpriv_status found = vpi_database_query(vault->database, &row,
        "SELECT vault_id, device_public_key, reserve_bytes FROM meta WHERE id = 1", "");
    VPI_ENSURE(
        found != VPRIV_E_NOT_FOUND, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(found);
    VPI_TRY(vpi_column_copy(&row, 0, vault->vault_id, sizeof vault->vault_id));
    VPI_TRY(vpi_column_copy(&row, 1, vault->device_public_key, sizeof vault->device_public_key));
    const int64_t reserve_bytes = vpi_column_int(&row, 2);
    VPI_ENSURE(reserve_bytes >= 0 && reserve_bytes <= RESERVE_BYTES_MAX, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vault->reserve_bytes = (uint32_t)reserve_bytes;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

static vpriv_status try_to_open_database(vpriv_vault *vault)
{
    vpi_database_close(vault->database);
    vault->database = NULL;
    const vpriv_status st = vpi_database_open(vault->path, VPI_DATABASE_OPEN, &vault->database);
    return st == VPRIV_OK ? read_meta(vault) : st;
}

/* Who waits for a vault while a backup takes its place gets the lock of the file that is gone: that one is
 * closed without a word to the log, which is the new one's by then. */
static vpriv_status open_the_one_of_that_name(vpriv_vault *vault)
{
    vpriv_status st = try_to_open_database(vault);
    for (int i = 0; i < NAME_TRIES && vault->database; i++) {
        if (!vpi_database_was_replaced(vault->database)) {
            if (st == VPRIV_OK)
                vpi_database_keep_log(vault->database, false);
            return st;
        }
        st = try_to_open_database(vault);
    }
    return vault->database ? vpi_fail(VPRIV_E_BUSY, "other files keep taking its place") : st;
}

/* SQLite needs a little space to open at all; on a full disk the reserve gives it. */
static vpriv_status open_database(vpriv_vault *vault)
{
    vpriv_status st = open_the_one_of_that_name(vault);
    const bool maybe_full = st == VPRIV_E_FULL || st == VPRIV_E_IO;
    if (maybe_full && vpi_reserve_give_up(vault)) {
        st = open_the_one_of_that_name(vault);
        if (st == VPRIV_OK)
            vpi_vault_rebuild_reserve(vault);
    }
    if (st == VPRIV_E_IO && vpi_reserve_files_are_short(vault))
        st = vpi_fail(VPRIV_E_FULL, "no room for SQLite's two files beside the vault (no inode)");
    return st == VPRIV_OK ? VPRIV_OK : vpi_fail_in(st, vault->path);
}

static vpriv_status load_purposes(vpriv_vault *vault)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st =
        vpi_database_query(vault->database, &row, "SELECT id, sealed FROM purpose ORDER BY id", "");
    while (st == VPRIV_OK) {
        size_t n_sealed = 0;
        const uint8_t *sealed = vpi_column_blob(&row, 1, &n_sealed);
        const int64_t p = vpi_column_int(&row, 0);
        const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_PURPOSE, (uint64_t)p);
        if (p < 0 || p >= VPI_PURPOSES_MAX || n_sealed != VPI_KEY_BYTES + VPI_SEAL_OVERHEAD)
            st = vpi_auth_failed();
        else
            st = vpi_unseal(vault->secrets->catalogue_key, &place, sealed, n_sealed,
                vault->purpose_public_key[p]);
        if (st == VPRIV_OK) {
            vault->purposes |= UINT32_C(1) << p;
            st = vpi_row_next(&row);
        }
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

static vpriv_status load_keys(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_vault_secrets *secrets = vault->secrets;
    uint8_t public_key[VPI_KEY_BYTES];
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_CATALOGUE, secrets->catalogue_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_INDEX, secrets->index_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_POLICY, secrets->policy_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, secrets->key));
    crypto_sign_seed_keypair(public_key, secrets->device, secrets->key);
    VPI_ENSURE(memcmp(public_key, vault->device_public_key, sizeof public_key) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(load_purposes(vault));
    VPI_TRY(vpi_settings_load(vault));
    VPI_TRY(vpi_log_head_check(vault));
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->key, VPI_KEY_BYTES);
    vpi_wipe(secrets->device, sizeof secrets->device);
    return st == VPRIV_E_ERASED ? vpi_auth_failed() : st;
}

static vpriv_status finish_what_was_cut(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n_pending = 0;
    bool has_counts = false;
    VPI_TRY(vpi_ingest_pending(vault, &n_pending));
    VPI_TRY(vpi_false_wakes_are_due(vault, &has_counts));
    if ((n_pending > 0 || has_counts) && vault->tree) {
        VPI_TRY(vpi_vault_begin(vault));
        VPI_TRY(vpi_ingest_adopt_all(vault));
        VPI_TRY(vpi_false_wakes_log(vault));
        VPI_TRY(vpi_vault_commit(vault));
    }
    VPI_TRY(vpi_sweep_dead_provisional(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    /* A full disk must not keep anybody from reading and erasing: it can be finished later. */
    return st == VPRIV_E_FULL || st == VPRIV_E_BUSY ? VPRIV_OK : st;
}

vpriv_status vpriv_vault_open(const char *path, vpriv_root_store *root,
    const vpriv_vault_options *options, vpriv_vault **vault_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    bool began = false;
    vpi_fail_clear();
    VPI_ENSURE(root && vault_out, VPRIV_E_ARG, "a vault is opened with its root store");
    VPI_TRY(vpi_vault_allocate(path, options, &vault));
    vault->root = root;
    VPI_TRY(open_database(vault));
    VPI_TRY(vpi_tree_open(vault->database, root, vault->vault_id, &vault->tree));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    const vpriv_status loaded = load_keys(vault);
    vpi_vault_read_end(vault, began);
    VPI_TRY(loaded);
    VPI_TRY(finish_what_was_cut(vault));
    vpi_vault_rebuild_reserve(vault);
    *vault_out = vault;
    vault = NULL;
    st = VPRIV_OK;
out:
    vpriv_vault_close(vault);
    return st;
}

vpriv_status vpi_vault_open_still(const char *path, vpriv_root_store *root, vpriv_vault **vault_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    bool began = false;
    VPI_TRY(vpi_vault_allocate(path, NULL, &vault));
    vault->root = root;
    VPI_TRY(vpi_database_open(path, VPI_DATABASE_STILL, &vault->database));
    VPI_TRY(read_meta(vault));
    if (root) {
        VPI_TRY(vpi_tree_open_still(vault->database, root, vault->vault_id, &vault->tree));
        VPI_TRY(vpi_vault_read_begin(vault, &began));
        const vpriv_status loaded = load_keys(vault);
        vpi_vault_read_end(vault, began);
        VPI_TRY(loaded);
    }
    *vault_out = vault;
    vault = NULL;
    st = VPRIV_OK;
out:
    vpriv_vault_close(vault);
    return st;
}

/* As far as it goes: what does not read is a no wherever it is asked for. */
static vpriv_status load_what_is_left(vpriv_vault *vault, const vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_vault_secrets *secrets = vault->secrets;
    vpi_policy_head *head = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_CATALOGUE, secrets->catalogue_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_INDEX, secrets->index_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_POLICY, secrets->policy_key));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, secrets->key));
    crypto_sign_seed_keypair(vault->device_public_key, secrets->device, secrets->key);
    (void)load_purposes(vault);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (!(vault->purposes >> p & 1) && (keyring->has_secret >> p & 1)) {
            memcpy(vault->purpose_public_key[p], keyring->public_key[p], VPI_KEY_BYTES);
            vault->purposes |= UINT32_C(1) << p;
        }
    if (vpi_settings_load(vault) != VPRIV_OK && vpi_policy_read_head(vault, head) == VPRIV_OK)
        vault->settings = head->settings;
    (void)vpi_log_head_check(vault); /* for the time it has seen */
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->key, VPI_KEY_BYTES);
    vpi_wipe(secrets->device, sizeof secrets->device);
    free(head);
    return st == VPRIV_E_ERASED ? vpi_auth_failed() : st;
}

vpriv_status vpi_vault_open_rebuilt(vpi_database *database, vpriv_root_store *root,
    const vpriv_keyring *keyring, const vpriv_vault_options *options, vpriv_vault **vault_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    const vpriv_status allocated = vpi_vault_allocate("salvage", options, &vault);
    if (allocated != VPRIV_OK)
        vpi_database_close(database);
    VPI_TRY(allocated);
    vault->database = database;
    vault->root = root;
    memcpy(vault->vault_id, keyring->vault_id, VPI_VAULT_ID_BYTES);
    VPI_TRY(vpi_database_begin(database));
    VPI_TRY(vpi_tree_open_still(database, root, vault->vault_id, &vault->tree));
    /* Where it is lost: the keys open under this root, and say so themselves. */
    VPI_TRY(vpi_database_run(database,
        "INSERT OR IGNORE INTO root_state(id, generation, head) VALUES (1, ?1, zeroblob(0))", "i",
        (int64_t)vpi_tree_generation(vault->tree)));
    VPI_TRY(load_what_is_left(vault, keyring));
    *vault_out = vault;
    vault = NULL;
    st = VPRIV_OK;
out:
    vpriv_vault_close(vault);
    return st;
}

static void take_credential(vpriv_vault *vault, const vpriv_keyring *credential)
{
    memcpy(vault->secrets->policy_key, credential->policy_key, VPI_KEY_BYTES);
    memcpy(vault->purpose_public_key, credential->public_key, sizeof vault->purpose_public_key);
    vault->purposes = credential->has_public;
}

vpriv_status vpriv_vault_open_for_capture(const char *path, const vpriv_keyring *credential,
    const vpriv_vault_options *options, vpriv_vault **vault_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    vpi_policy_head *head = NULL;
    bool began = false;
    vpi_fail_clear();
    VPI_ENSURE(credential && vault_out, VPRIV_E_ARG, "a capture credential is needed");
    VPI_ENSURE(credential->is_capture_credential, VPRIV_E_NO_KEY,
        "the keyring is not a capture credential");
    VPI_TRY(vpi_vault_allocate(path, options, &vault));
    VPI_TRY(open_database(vault));
    VPI_ENSURE(memcmp(credential->vault_id, vault->vault_id, VPI_VAULT_ID_BYTES) == 0,
        VPRIV_E_NO_KEY, "the capture credential belongs to another vault");
    VPI_ENSURE(memcmp(credential->device_public_key, vault->device_public_key, VPI_KEY_BYTES) == 0,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    take_credential(vault, credential);
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, head));
    vpi_vault_read_end(vault, began);
    began = false;
    vault->settings = head->settings;
    VPI_TRY(finish_what_was_cut(vault));
    vpi_vault_rebuild_reserve(vault);
    *vault_out = vault;
    vault = NULL;
    st = VPRIV_OK;
out:
    free(head);
    vpriv_vault_close(vault);
    return st;
}

vpriv_status vpriv_vault_capture_credential(vpriv_vault *vault, vpriv_keyring **keyring_out)
{
    vpriv_keyring *credential = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(keyring_out, VPRIV_E_ARG, "no room for the credential");
    VPI_TRY(vpi_keyring_create(vault->vault_id, &credential));
    credential->is_capture_credential = true;
    credential->has_public = vault->purposes;
    memcpy(credential->public_key, vault->purpose_public_key, sizeof credential->public_key);
    memcpy(credential->device_public_key, vault->device_public_key, VPI_KEY_BYTES);
    memcpy(credential->policy_key, vault->secrets->policy_key, VPI_KEY_BYTES);
    *keyring_out = credential;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
