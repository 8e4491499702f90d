/* The root record in a file that a passphrase opens, or a recovery key (passphrase_slot.h). The file key is drawn
 * anew with every change of either, so that what opened an older version of the file does not open a later one. */
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "keys/passphrase_slot.h"
#include "keys/recovery_key.h"
#include "keys/root.h"
#include "keys/root_slots.h"
#include <sodium.h>
#include <string.h>

#define MAGIC          "VPRIVRP1"
#define LABEL_RECOVERY "root: recovery key"

typedef struct passphrase_secrets {
    uint8_t file_key[VPI_KEY_BYTES];
    uint8_t derived_key[VPI_KEY_BYTES];
    uint8_t recovery_secret_key[VPI_KEY_BYTES];
    uint8_t recovery[VPI_RECOVERY_BYTES];
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
    uint8_t slot[VPI_PASSPHRASE_SLOT_BYTES];
} passphrase_secrets;

typedef struct passphrase_file {
    vpi_root_slots file;
    vpi_passphrase_head head;    /* as it was last read or written */
    passphrase_secrets *secrets; /* guarded; only the file key is kept between calls */
} passphrase_file;

static void wipe_but_the_file_key(passphrase_secrets *secrets)
{
    vpi_wipe(
        (uint8_t *)secrets + sizeof secrets->file_key, sizeof *secrets - sizeof secrets->file_key);
}

static vpriv_status derive(passphrase_file *file, const char *passphrase, size_t n_bytes)
{
    const vpi_passphrase_head *head = &file->head;
    const int failed = crypto_pwhash(file->secrets->derived_key, VPI_KEY_BYTES, passphrase, n_bytes,
        head->salt, head->n_passes, (size_t)head->memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    vpi_wipe_stack();
    return failed ? vpi_fail(VPRIV_E_MEMORY, "no memory for Argon2id: it takes %llu bytes",
                        (unsigned long long)head->memory_bytes)
                  : VPRIV_OK;
}

/* A fresh file key, sealed under the derived key, and in a box to the recovery key if there is one. */
static vpriv_status draw_file_key(passphrase_file *file)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_passphrase_head *head = &file->head;
    uint8_t bound[VPI_PASSPHRASE_BOUND_BYTES];
    vpi_random(file->secrets->file_key, VPI_KEY_BYTES);
    const vpi_place place = vpi_passphrase_key_place(head, bound);
    vpi_seal(file->secrets->derived_key, &place, file->secrets->file_key, VPI_KEY_BYTES,
        head->sealed_key);
    if (!sodium_is_zero(head->recovery_public_key, sizeof head->recovery_public_key))
        VPI_ENSURE(crypto_box_seal(head->box, file->secrets->file_key, VPI_KEY_BYTES,
                       head->recovery_public_key) == 0,
            VPRIV_E_FORMAT, "the recovery key in the root key file is damaged");
    st = VPRIV_OK;
out:
    vpi_wipe_stack();
    return st;
}

/* VPRIV_E_NOT_FOUND when there is no file yet, or an empty one. */
static vpriv_status read_head(passphrase_file *file, vpi_passphrase_head *head_out)
{
    const vpriv_status st = vpi_root_slots_load(&file->file, file->secrets->slot);
    return st == VPRIV_OK ? vpi_passphrase_read_slot(file->secrets->slot, head_out) : st;
}

/* The file key is drawn anew with each change, so that the one sealed there tells. */
static vpriv_status is_what_was_opened(const passphrase_file *file, const vpi_passphrase_head *head)
{
    return memcmp(head->sealed_key, file->head.sealed_key, sizeof head->sealed_key) == 0
               ? VPRIV_OK
               : vpi_fail(VPRIV_E_AUTH, "the passphrase was changed meanwhile, or the file was "
                                        "replaced: open it again");
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *file = user;
    vpi_passphrase_head head;
    VPI_TRY(read_head(file, &head));
    VPI_TRY(is_what_was_opened(file, &head));
    VPI_TRY(vpi_passphrase_open_record(
        file->secrets->file_key, &head, file->secrets->slot, record_out));
    file->head = head;
    st = VPRIV_OK;
out:
    wipe_but_the_file_key(file->secrets);
    return st;
}

/* One change of the file: another record under the same file key, or the record that is there then under
 * another one. */
typedef struct slot_change {
    passphrase_file *file; /* opened what is there */
    const uint8_t *record; /* NULL: the one that is there */
    passphrase_file *next; /* seals what comes; the same file when there is a record */
} slot_change;

static vpriv_status make_slot(void *user, const uint8_t *current, uint8_t *next_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const slot_change *c = user;
    vpi_passphrase_head *head = &c->next->head;
    uint8_t *there = c->next->secrets->record;
    if (current) {
        vpi_passphrase_head now;
        VPI_TRY(vpi_passphrase_read_slot(current, &now));
        VPI_TRY(is_what_was_opened(c->file, &now));
        if (c->record)
            *head = now;
        else
            VPI_TRY(vpi_passphrase_open_record(c->file->secrets->file_key, &now, current, there));
        head->order = now.order;
    } else {
        VPI_ENSURE(c->record, VPRIV_E_NOT_FOUND, "the root key file is empty");
    }
    const uint8_t *record = c->record ? c->record : there;
    head->order++;
    memcpy(head->vault_id, record, sizeof head->vault_id);
    vpi_passphrase_seal_record(c->next->secrets->file_key, head, record, next_out);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    passphrase_file *file = user;
    slot_change c = {file, record, file};
    bool in_force = false;
    const vpi_passphrase_head before = file->head;
    const vpriv_status st = vpi_root_slots_change(&file->file, make_slot, &c, &in_force);
    if (!in_force)
        file->head = before;
    wipe_but_the_file_key(file->secrets);
    return st;
}

static vpriv_status destroy(void *user)
{
    return vpi_root_slots_destroy(&((passphrase_file *)user)->file);
}

static void close_file(void *user)
{
    passphrase_file *file = user;
    vpi_root_slots_close(&file->file);
    vpi_secret_free(file->secrets);
    free(file);
}

static vpriv_status make_store(passphrase_file *file, vpriv_root_store **store_out)
{
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_BEST_EFFORT, load, replace, destroy, file};
    return vpi_root_open(&callbacks, close_file, store_out);
}

static vpriv_status allocate(const char *path, passphrase_file **file_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *file = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *file, (void **)&file));
    VPI_TRY(vpi_root_slots_init(&file->file, path, MAGIC, VPI_PASSPHRASE_SLOT_BYTES));
    VPI_TRY(vpi_secret_alloc(sizeof *file->secrets, (void **)&file->secrets));
    *file_out = file;
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        close_file(file);
    return st;
}

/* The file key of the head, through the passphrase. */
static vpriv_status unlock(passphrase_file *file, const char *passphrase, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t bound[VPI_PASSPHRASE_BOUND_BYTES];
    const vpi_place place = vpi_passphrase_key_place(&file->head, bound);
    VPI_TRY(derive(file, passphrase, n_bytes));
    VPI_ENSURE(vpi_unseal(file->secrets->derived_key, &place, file->head.sealed_key,
                   VPI_PASSPHRASE_SEALED_KEY_BYTES, file->secrets->file_key) == VPRIV_OK,
        VPRIV_E_AUTH, "the passphrase is wrong, or the root key file was changed");
    st = VPRIV_OK;
out:
    return st;
}

/* Where a new file will be: everything is ready but the record. */
static vpriv_status begin_new(passphrase_file *file, const char *passphrase, size_t n_bytes,
    const vpriv_passphrase_cost *cost)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_passphrase_take_cost(&file->head, cost));
    VPI_TRY(derive(file, passphrase, n_bytes));
    VPI_TRY(draw_file_key(file));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_root_passphrase_open(const char *path, const char *passphrase, size_t n_bytes,
    const vpriv_passphrase_cost *cost, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *file = NULL;
    vpi_fail_clear();
    VPI_ENSURE(store_out, VPRIV_E_ARG, "no room for the root store");
    VPI_ENSURE(
        passphrase && n_bytes > 0, VPRIV_E_ARG, "a passphrase is needed, and not an empty one");
    VPI_TRY(allocate(path, &file));
    const vpriv_status found = read_head(file, &file->head);
    if (found == VPRIV_E_NOT_FOUND) {
        VPI_TRY(begin_new(file, passphrase, n_bytes, cost));
    } else {
        VPI_TRY(found);
        VPI_TRY(unlock(file, passphrase, n_bytes));
        VPI_TRY(vpi_passphrase_open_record(
            file->secrets->file_key, &file->head, file->secrets->slot, file->secrets->record));
    }
    wipe_but_the_file_key(file->secrets);
    VPI_TRY(make_store(file, store_out));
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        close_file(file);
    return st;
}

static vpriv_status recovery_pair(
    passphrase_secrets *secrets, uint8_t public_key_out[VPI_KEY_BYTES])
{
    uint8_t label_key[VPI_KEY_BYTES] = {0};
    vpi_derive(label_key, LABEL_RECOVERY, secrets->recovery, sizeof secrets->recovery,
        secrets->recovery_secret_key);
    const int failed = crypto_scalarmult_base(public_key_out, secrets->recovery_secret_key);
    vpi_wipe_stack();
    return failed ? vpi_fail(VPRIV_E_INTERNAL, "no public key") : VPRIV_OK;
}

static vpriv_status recover(passphrase_file *file, const char *recovery_key)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_secrets *secrets = file->secrets;
    uint8_t public_key[VPI_KEY_BYTES];
    VPI_TRY(vpi_recovery_key_parse(recovery_key, secrets->recovery));
    VPI_TRY(recovery_pair(secrets, public_key));
    VPI_ENSURE(!sodium_is_zero(file->head.recovery_public_key, VPI_KEY_BYTES), VPRIV_E_NOT_FOUND,
        "the root key file has no recovery key");
    VPI_ENSURE(memcmp(public_key, file->head.recovery_public_key, VPI_KEY_BYTES) == 0 &&
                   crypto_box_seal_open(secrets->file_key, file->head.box, VPI_PASSPHRASE_BOX_BYTES,
                       public_key, secrets->recovery_secret_key) == 0,
        VPRIV_E_AUTH, "this is not the recovery key of this file, or the file was changed");
    st = VPRIV_OK;
out:
    vpi_wipe_stack();
    return st;
}

vpriv_status vpriv_root_recovery_open(
    const char *path, const char *recovery_key, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *file = NULL;
    vpi_fail_clear();
    VPI_ENSURE(
        recovery_key && store_out, VPRIV_E_ARG, "a recovery key and room for the store are needed");
    VPI_TRY(allocate(path, &file));
    VPI_TRY(read_head(file, &file->head));
    VPI_TRY(recover(file, recovery_key));
    VPI_TRY(vpi_passphrase_open_record(
        file->secrets->file_key, &file->head, file->secrets->slot, file->secrets->record));
    wipe_but_the_file_key(file->secrets);
    VPI_TRY(make_store(file, store_out));
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        close_file(file);
    return st;
}

/* What will stand in the file in place of what does. */
static vpriv_status begin_change(
    vpriv_root_store *store, const char *passphrase, size_t n_bytes, passphrase_file **next_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *next = NULL;
    vpi_fail_clear();
    VPI_ENSURE(store && store->close == close_file, VPRIV_E_ARG,
        "not a root key file that a passphrase opens");
    VPI_ENSURE(
        passphrase && n_bytes > 0, VPRIV_E_ARG, "a passphrase is needed, and not an empty one");
    passphrase_file *file = store->callbacks.user;
    VPI_TRY(allocate(file->file.path, &next));
    VPI_TRY(load(file, next->secrets->record));
    next->head = file->head;
    *next_out = next;
    next = NULL;
    st = VPRIV_OK;
out:
    if (next)
        close_file(next);
    return st;
}

/* With the record that is there by now: destroying went on while the passphrase was worked on. The open store
 * goes on with what is in force, also where the old version could not be wiped. */
static vpriv_status finish_change(
    vpriv_root_store *store, passphrase_file *next, bool *in_force_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *file = store->callbacks.user;
    slot_change c = {file, NULL, next};
    *in_force_out = false;
    VPI_TRY(draw_file_key(next));
    st = vpi_root_slots_change(&next->file, make_slot, &c, in_force_out);
    if (*in_force_out) {
        file->head = next->head;
        memcpy(file->secrets->file_key, next->secrets->file_key, VPI_KEY_BYTES);
    }
    if (*in_force_out && st != VPRIV_OK)
        st = vpi_fail_in(VPRIV_E_ROOT,
            "the new one is in force, and the old one may still be on the disk: change it again");
out:
    file->file.is_unsure = file->file.is_unsure || next->file.is_unsure;
    return st;
}

vpriv_status vpriv_root_passphrase_change(vpriv_root_store *store, const char *passphrase,
    size_t n_bytes, const vpriv_passphrase_cost *cost)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *next = NULL;
    bool in_force = false;
    VPI_TRY(begin_change(store, passphrase, n_bytes, &next));
    VPI_TRY(vpi_passphrase_take_cost(&next->head, cost));
    VPI_TRY(derive(next, passphrase, n_bytes));
    VPI_TRY(finish_change(store, next, &in_force));
    st = VPRIV_OK;
out:
    if (next)
        close_file(next);
    return st;
}

vpriv_status vpriv_root_recovery_key(vpriv_root_store *store, const char *passphrase,
    size_t n_bytes, char text_out[VPRIV_RECOVERY_KEY_TEXT_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    passphrase_file *next = NULL;
    bool in_force = false;
    VPI_ENSURE(text_out, VPRIV_E_ARG, "no room for the recovery key");
    text_out[0] = '\0';
    VPI_TRY(begin_change(store, passphrase, n_bytes, &next));
    VPI_TRY(unlock(next, passphrase, n_bytes));
    vpi_random(next->secrets->recovery, VPI_RECOVERY_BYTES);
    VPI_TRY(recovery_pair(next->secrets, next->head.recovery_public_key));
    const vpriv_status changed = finish_change(store, next, &in_force);
    if (in_force) /* then it opens the file, and the one before does not */
        vpi_recovery_key_format(next->secrets->recovery, text_out);
    VPI_TRY(changed);
    st = VPRIV_OK;
out:
    if (next)
        close_file(next);
    return st;
}
