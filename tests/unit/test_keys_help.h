/* What the tests of base/ files and of keys/ share: a folder that goes away, whole files in memory,
 * and a root store in memory that can refuse and die. */
#ifndef TEST_KEYS_HELP_H
#define TEST_KEYS_HELP_H

#include "keys/root.h"
#include "unit.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char help_folder[64];

static inline int help_remove(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

/* Unchecked fixtures: they run once, in the parent of the tests' processes. */
static inline void help_enter_folder(void)
{
    strcpy(help_folder, "/tmp/vpriv-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(help_folder));
    ck_assert_int_eq(chdir(help_folder), 0);
}

static inline void help_leave_folder(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    nftw(help_folder, help_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A checked fixture for tests that use the same names: each has a folder of its own. */
static inline void help_enter_subfolder(void)
{
    char folder[] = "test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static inline size_t help_read(const char *path, uint8_t *data_out, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(data_out, 1, capacity, file);
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
    return n;
}

static inline void help_write(const char *path, const void *data, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, n_bytes, file), n_bytes);
    ck_assert_int_eq(fclose(file), 0);
}

static inline mode_t help_mode(const char *path)
{
    struct stat info;
    ck_assert_int_eq(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static inline bool help_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* A root record that is different in each generation, and whether a store holds it. */
static inline void help_record(uint64_t generation, vpi_root_record *record_out)
{
    *record_out = (vpi_root_record){.generation = generation};
    memset(record_out->vault_id, 0x11, sizeof record_out->vault_id);
    for (size_t i = 0; i < sizeof record_out->key; i++)
        record_out->key[i] = (uint8_t)(generation * 37 + i * 5 + 1);
}

static inline void help_assert_record(const vpi_root_record *record, uint64_t generation)
{
    vpi_root_record wanted;
    help_record(generation, &wanted);
    ck_assert_uint_eq(record->generation, generation);
    ck_assert_mem_eq(record->vault_id, wanted.vault_id, sizeof wanted.vault_id);
    ck_assert_mem_eq(record->key, wanted.key, sizeof wanted.key);
}

static inline vpriv_status help_try_put(vpriv_root_store *store, uint64_t generation)
{
    vpi_root_record record;
    help_record(generation, &record);
    return vpi_root_replace(store, &record);
}

static inline void help_put(vpriv_root_store *store, uint64_t generation)
{
    ck_ok(help_try_put(store, generation));
}

static inline void help_assert_holds(vpriv_root_store *store, uint64_t generation)
{
    vpi_root_record record;
    ck_ok(vpi_root_load(store, &record));
    help_assert_record(&record, generation);
}

/* A vendor's store, in memory. */
typedef struct help_store {
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
    bool is_full;              /* holds a record */
    vpriv_status load_fails;   /* not VPRIV_OK: what load answers */
    vpriv_status before_fails; /* replace fails and keeps the old record */
    vpriv_status after_fails;  /* replace puts the new record in place and fails */
    const char *text;          /* what the failing call says, or NULL */
    unsigned n_replaced;
    const uint8_t *lent; /* memory the library handed over last */
} help_store;

static inline vpriv_status help_store_fail(help_store *self, vpriv_status status)
{
    return self->text ? vpi_fail(status, "%s", self->text) : status;
}

static inline vpriv_status help_store_load(void *user, uint8_t *record_out)
{
    help_store *self = user;
    self->lent = record_out;
    if (self->load_fails != VPRIV_OK) {
        memset(record_out, 0xee, VPRIV_ROOT_RECORD_BYTES);
        return help_store_fail(self, self->load_fails);
    }
    if (!self->is_full)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, self->record, VPRIV_ROOT_RECORD_BYTES);
    return VPRIV_OK;
}

static inline vpriv_status help_store_replace(void *user, const uint8_t *record)
{
    help_store *self = user;
    self->lent = record;
    if (self->before_fails != VPRIV_OK)
        return help_store_fail(self, self->before_fails);
    memcpy(self->record, record, VPRIV_ROOT_RECORD_BYTES);
    self->is_full = true;
    self->n_replaced++;
    return self->after_fails == VPRIV_OK ? VPRIV_OK : help_store_fail(self, self->after_fails);
}

static inline vpriv_status help_store_destroy(void *user)
{
    help_store *self = user;
    if (self->before_fails != VPRIV_OK)
        return help_store_fail(self, self->before_fails);
    memset(self->record, 0, sizeof self->record);
    self->is_full = false;
    return VPRIV_OK;
}

static inline vpriv_root_callbacks help_store_callbacks(help_store *self)
{
    return (vpriv_root_callbacks){sizeof(vpriv_root_callbacks), VPRIV_ASSURANCE_KEYED,
        help_store_load, help_store_replace, help_store_destroy, self};
}

static inline vpriv_root_store *help_store_open(help_store *self)
{
    const vpriv_root_callbacks callbacks = help_store_callbacks(self);
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_callbacks_open(&callbacks, &store));
    return store;
}

#endif
