#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/clock_guard.h"
#include "vault/log_store.h"
#include "vault/places.h"
#include "vault/policy.h"
#include "vault/settings.h"
#include "vault/unfinished.h"
#include "vault/vault.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint8_t *fixed_key(vpi_vault_secrets *secrets, int slot)
{
    return secrets->fixed + slot * VPI_KEY_BYTES;
}

static vpriv_status store_purposes(vpriv_vault *vault, vpriv_keyring *keyring)
{
    for (unsigned p = 0; p <= VPRIV_PURPOSE_TRAIN_THIRD_PARTY; p++) {
        uint8_t sealed[VPI_KEY_BYTES + VPI_SEAL_OVERHEAD];
        const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_PURPOSE, p);
        vpi_keyring_generate(keyring, p);
        vpi_seal(
            vault->secrets->catalogue_key, &place, keyring->public_key[p], VPI_KEY_BYTES, sealed);
        const vpriv_status st =
            vpi_database_run(vault->database, "INSERT INTO purpose(id, sealed) VALUES (?1, ?2)",
                "ib", (int64_t)p, sealed, sizeof sealed);
        if (st != VPRIV_OK)
            return st;
        memcpy(vault->purpose_public_key[p], keyring->public_key[p], VPI_KEY_BYTES);
    }
    vault->purposes = keyring->has_public;
    return VPRIV_OK;
}

/* The first keys of the tree, and the keyring's share of them. */
static vpriv_status make_fixed_keys(vpriv_vault *vault, vpriv_keyring *keyring)
{
    vpi_vault_secrets *secrets = vault->secrets;
    uint64_t first = UINT64_MAX;
    vpi_random(secrets->fixed, sizeof secrets->fixed);
    const vpriv_status st = vpi_tree_add(vault->tree, secrets->fixed, VPI_N_FIXED_SLOTS, &first);
    if (st != VPRIV_OK)
        return st;
    VPI_IMPOSSIBLE_UNLESS(first == 0);
    memcpy(secrets->catalogue_key, fixed_key(secrets, VPI_SLOT_CATALOGUE), VPI_KEY_BYTES);
    memcpy(secrets->index_key, fixed_key(secrets, VPI_SLOT_INDEX), VPI_KEY_BYTES);
    memcpy(secrets->policy_key, fixed_key(secrets, VPI_SLOT_POLICY), VPI_KEY_BYTES);
    crypto_sign_seed_keypair(
        vault->device_public_key, secrets->device, fixed_key(secrets, VPI_SLOT_DEVICE));
    vpi_wipe(secrets->device, sizeof secrets->device);
    memcpy(keyring->device_public_key, vault->device_public_key, VPI_KEY_BYTES);
    return VPRIV_OK;
}

/* Everything a new vault holds, in one transaction, but the version: without that it is no vault yet. */
static vpriv_status fill(
    vpriv_vault *vault, const vpriv_vault_options *options, vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_VAULT_CREATED, .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner"};
    vpi_policy_head *head = NULL;
    VPI_TRY(vpi_database_begin(vault->database));
    VPI_TRY(vpi_database_script(vault->database, vpi_tree_schema));
    VPI_TRY(vpi_database_script(vault->database, vpi_vault_schema));
    VPI_TRY(vpi_tree_create(vault->database, vault->root, vault->vault_id, &vault->tree));
    VPI_TRY(make_fixed_keys(vault, keyring));
    VPI_TRY(vpi_settings_from_options(options, vpi_vault_now_us(vault), &vault->settings));
    VPI_TRY(vpi_settings_store(vault));
    VPI_TRY(store_purposes(vault, keyring));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO meta(id, vault_id, device_public_key, reserve_bytes) VALUES (1, ?1, ?2, ?3)",
        "bbi", vault->vault_id, sizeof vault->vault_id, vault->device_public_key,
        sizeof vault->device_public_key, (int64_t)vault->reserve_bytes));
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    head->settings = vault->settings;
    VPI_TRY(vpi_places_start(vault, options->authority, head));
    VPI_TRY(vpi_policy_write_head(
        vault, vpi_tree_generation(vault->tree), fixed_key(vault->secrets, VPI_SLOT_INGEST), head));
    VPI_TRY(vpi_log_start(vault));
    VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
    VPI_TRY(vpi_clock_trust(vault));
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA application_id=%d", VPI_APPLICATION_ID);
    VPI_TRY(vpi_database_script(vault->database, pragma));
    VPI_TRY(vpi_database_commit(vault->database));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->fixed, sizeof vault->secrets->fixed);
    free(head);
    return st;
}

/* Keyring and root key are in their places: from this commit on it is a vault. */
static vpriv_status become_whole(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", VPI_USER_VERSION);
    VPI_TRY(vpi_database_begin(vault->database));
    VPI_TRY(vpi_database_script(vault->database, pragma));
    VPI_TRY(vpi_database_commit(vault->database));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_vault_create(const char *path, vpriv_root_store *root,
    const vpriv_vault_options *options, vpriv_keyring **keyring_out, vpriv_vault **vault_out)
{
    static const vpriv_vault_options defaults = {.struct_size = sizeof defaults};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    char *name = NULL;
    const char *keyring_path = NULL;
    int lock_fd = -1;
    bool ours = false, saved = false;
    vpi_fail_clear();
    VPI_ENSURE(path && path[0] && root && keyring_out && vault_out, VPRIV_E_ARG,
        "a vault needs a path, a root store, and room for vault and keyring");
    VPI_TRY(vpi_vault_allocate(path, options, &vault));
    keyring_path = options ? options->keyring_path : NULL;
    VPI_TRY(vpi_alloc(strlen(path) + VPI_DATABASE_ENDING_BYTES, 1, (void **)&name));
    memcpy(name, path, strlen(path));
    vault->root = root;
    vault->reserve_bytes =
        options && options->reserve_bytes ? options->reserve_bytes : VPI_RESERVE_BYTES_DEFAULT;
    vpi_random(vault->vault_id, sizeof vault->vault_id);
    VPI_TRY(vpi_keyring_create(vault->vault_id, &keyring));
    VPI_TRY(vpi_folder_lock(path, &lock_fd));
    VPI_TRY(vpi_unfinished_clear(name, root, keyring_path));
    VPI_ENSURE(!keyring_path || access(keyring_path, F_OK) != 0, VPRIV_E_EXISTS,
        "%s: exists already", keyring_path);
    const vpriv_status probed = vpi_root_probe(root);
    VPI_ENSURE(probed != VPRIV_OK, VPRIV_E_EXISTS,
        "the root store holds a root key already: use an empty one for a new vault");
    if (probed != VPRIV_E_NOT_FOUND)
        VPI_TRY(probed);
    VPI_TRY(vpi_database_open(path, VPI_DATABASE_CREATE, &vault->database));
    ours = true; /* not before: what is there by this name may be somebody's vault */
    VPI_TRY(fill(vault, options ? options : &defaults, keyring));
    if (keyring_path) {
        VPI_TRY(vpriv_keyring_save(keyring, keyring_path));
        saved = true;
    }
    VPI_TRY(vpi_tree_settle(vault->tree));
    VPI_TRY(become_whole(vault));
    vpi_reserve_rebuild(vault);
    *vault_out = vault;
    *keyring_out = keyring;
    vault = NULL;
    keyring = NULL;
    st = VPRIV_OK;
out:
    vpriv_keyring_close(keyring);
    if (vault) {
        const vpi_reason reason = vpi_fail_text();
        /* A root key of no vault would refuse the next one. */
        if (ours && vpi_root_take_back(root, vault->vault_id) != VPRIV_OK)
            vpi_fail_clear();
        vpriv_vault_close(vault);
        if (saved)
            unlink(keyring_path);
        if (ours)
            vpi_unfinished_remove_files(name);
        vpi_fail_text_again(&reason);
    }
    vpi_folder_unlock(lock_fd);
    free(name);
    return st;
}
