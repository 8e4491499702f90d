/* Root stores: one record, replaced as a whole, the old one gone, and no step that a power cut or a
 * full disk could turn into a lost or a revived key. */
#include "base/memory.h"
#include "test_keys_help.h"
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <sodium.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#define SLOT_BYTES 4096
#define FILE_BYTES (2 * SLOT_BYTES)

/* The library's writes go through here: each can be recorded, and made to fail. */
static struct {
    struct {
        uint8_t bytes[SLOT_BYTES];
        size_t n_bytes;
        off_t offset;
    } write[16];
    int n_writes;
    int fail_at; /* the write that fails, or −1 */
    int error;
} disk = {.fail_at = -1};

ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (disk.n_writes < 16 && n_bytes <= SLOT_BYTES) {
        memcpy(disk.write[disk.n_writes].bytes, data, n_bytes);
        disk.write[disk.n_writes].n_bytes = n_bytes;
        disk.write[disk.n_writes].offset = offset;
    }
    if (disk.n_writes++ == disk.fail_at) {
        errno = disk.error;
        return -1;
    }
    return real(fd, data, n_bytes, offset);
}

static vpi_root_record record_of(uint64_t generation)
{
    vpi_root_record record;
    help_record(generation, &record);
    return record;
}

/* What the back end itself answers, before the library puts it under VPRIV_E_ROOT. */
static vpriv_status load_status(vpriv_root_store *store)
{
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
    return store->callbacks.load(store->callbacks.user, record);
}

static vpriv_root_store *open_file(const char *path)
{
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_file_open(path, &store));
    return store;
}

/* A slot as described at the head of root_file.c, made without it. */
static void make_slot(uint8_t slot[SLOT_BYTES], uint64_t generation)
{
    const vpi_root_record record = record_of(generation);
    memset(slot, 0, SLOT_BYTES);
    memcpy(slot, "VPRIVRT1", 8);
    memcpy(slot + 8, record.vault_id, 16);
    for (int i = 0; i < 8; i++)
        slot[24 + i] = (uint8_t)(generation >> (8 * i));
    memcpy(slot + 32, record.key, 32);
    crypto_generichash(slot + 64, 32, slot, 64, NULL, 0);
}

static void assert_key_is_nowhere_in(const char *path, uint64_t generation)
{
    const vpi_root_record record = record_of(generation);
    static uint8_t data[FILE_BYTES + 1];
    const size_t n = help_read(path, data, sizeof data);
    for (size_t at = 0; at + 4 <= sizeof record.key; at++)
        ck_assert_ptr_null(memmem(data, n, record.key + at, 4));
}

START_TEST(file_is_empty_then_holds_what_was_put_then_is_gone)
{
    vpriv_root_store *store = open_file("life.root");
    vpi_root_record record;
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_BEST_EFFORT);
    ck_assert(!help_exists("life.root"));
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROOT);
    ck_assert_str_eq(vpriv_error_detail(), "the root store is empty");
    ck_assert(!help_exists("life.root"));
    for (uint64_t generation = 1; generation < 20; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
        ck_ok(vpi_root_probe(store));
        ck_assert_uint_eq(help_mode("life.root"), 0600);
        if (generation > 1)
            assert_key_is_nowhere_in("life.root", generation - 1);
    }
    vpriv_root_close(store);
    store = open_file("life.root");
    help_assert_holds(store, 19);
    ck_ok(vpriv_root_destroy(store));
    ck_assert(!help_exists("life.root"));
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    help_put(store, 1);
    help_assert_holds(store, 1);
    vpriv_root_close(store);
}
END_TEST

START_TEST(file_has_the_documented_bytes)
{
    static uint8_t data[FILE_BYTES + 1], slot[SLOT_BYTES];
    vpriv_root_store *store = open_file("bytes.root");
    help_put(store, 0x0102030405060708);
    make_slot(slot, 0x0102030405060708);
    ck_assert_uint_eq(help_read("bytes.root", data, sizeof data), FILE_BYTES);
    ck_assert_mem_eq(data, slot, SLOT_BYTES);
    ck_assert(sodium_is_zero(data + SLOT_BYTES, SLOT_BYTES));
    help_put(store, 0x0102030405060709);
    make_slot(slot, 0x0102030405060709);
    ck_assert_uint_eq(help_read("bytes.root", data, sizeof data), FILE_BYTES);
    ck_assert(sodium_is_zero(data, SLOT_BYTES));
    ck_assert_mem_eq(data + SLOT_BYTES, slot, SLOT_BYTES);
    vpriv_root_close(store);
}
END_TEST

START_TEST(file_destroyed_is_overwritten_before_its_name_goes)
{
    static uint8_t data[FILE_BYTES + 1];
    vpriv_root_store *store = open_file("gone.root");
    help_put(store, 4);
    ck_assert_int_eq(link("gone.root", "gone.copy"), 0);
    ck_ok(vpriv_root_destroy(store));
    ck_assert(!help_exists("gone.root"));
    ck_assert_uint_eq(help_read("gone.copy", data, sizeof data), FILE_BYTES);
    ck_assert(sodium_is_zero(data, FILE_BYTES));
    ck_fails(vpriv_root_destroy(store), VPRIV_E_ROOT);
    vpriv_root_close(store);
    ck_fails(vpriv_root_destroy(NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(file_with_two_whole_slots_is_the_newer_and_the_older_goes)
{
    static uint8_t data[FILE_BYTES + 1];
    for (int newer = 0; newer < 2; newer++) {
        make_slot(data + newer * SLOT_BYTES, 256); /* compared as numbers, not as bytes */
        make_slot(data + (1 - newer) * SLOT_BYTES, 255);
        help_write("two.root", data, FILE_BYTES);
        vpriv_root_store *store = open_file("two.root");
        help_assert_holds(store, 256);
        ck_assert_uint_eq(help_read("two.root", data, sizeof data), FILE_BYTES);
        ck_assert(sodium_is_zero(data + (1 - newer) * SLOT_BYTES, SLOT_BYTES));
        assert_key_is_nowhere_in("two.root", 255);
        vpriv_root_close(store);
    }
}
END_TEST

START_TEST(file_with_a_torn_newer_slot_is_the_older)
{
    static uint8_t data[FILE_BYTES + 1];
    for (size_t at = 0; at < 96; at++) {
        make_slot(data, 7);
        make_slot(data + SLOT_BYTES, 8);
        data[SLOT_BYTES + at] ^= 0x40;
        help_write("torn.root", data, FILE_BYTES);
        vpriv_root_store *store = open_file("torn.root");
        help_assert_holds(store, 7);
        assert_key_is_nowhere_in("torn.root", 8);
        help_put(store, 8);
        help_assert_holds(store, 8);
        vpriv_root_close(store);
    }
}
END_TEST

START_TEST(file_with_both_slots_damaged_is_refused_and_left_alone)
{
    static uint8_t data[FILE_BYTES + 1], after[FILE_BYTES + 1];
    vpi_root_record record;
    make_slot(data, 7);
    make_slot(data + SLOT_BYTES, 8);
    data[40] ^= 1;
    data[SLOT_BYTES + 70] ^= 1;
    help_write("both.root", data, FILE_BYTES);
    vpriv_root_store *store = open_file("both.root");
    ck_fails(load_status(store), VPRIV_E_FORMAT);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "damaged"));
    ck_fails(vpi_root_probe(store), VPRIV_E_ROOT);
    record = record_of(9);
    ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
    ck_assert_uint_eq(help_read("both.root", after, sizeof after), FILE_BYTES);
    ck_assert_mem_eq(after, data, FILE_BYTES);
    vpriv_root_close(store);
}
END_TEST

START_TEST(file_that_is_foreign_short_or_long_is_refused_and_kept)
{
    static uint8_t data[2 * FILE_BYTES], after[2 * FILE_BYTES + 1];
    static const size_t sizes[] = {
        1, 96, SLOT_BYTES, FILE_BYTES - 1, FILE_BYTES, FILE_BYTES + 1, 2 * FILE_BYTES};
    const vpi_root_record record = record_of(3);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int foreign = 0; foreign < 2; foreign++) {
            make_slot(data, 7);
            memset(data + SLOT_BYTES, 0, sizeof data - SLOT_BYTES);
            if (foreign)
                memset(data, 'x', sizeof data);
            else if (sizes[i] == FILE_BYTES)
                continue;
            help_write("odd.root", data, sizes[i]);
            vpriv_root_store *store = open_file("odd.root");
            ck_fails(load_status(store), VPRIV_E_FORMAT);
            ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
            ck_assert_uint_eq(help_read("odd.root", after, sizeof after), sizes[i]);
            ck_assert_mem_eq(after, data, sizes[i]);
            /* A record cut short can be destroyed, somebody else's file cannot. */
            const bool ours = !foreign && sizes[i] >= 8 && sizes[i] <= FILE_BYTES;
            ck_assert_int_eq(vpriv_root_destroy(store), ours ? VPRIV_OK : VPRIV_E_ROOT);
            ck_assert_int_eq(help_exists("odd.root"), !ours);
            vpriv_root_close(store);
        }
}
END_TEST

START_TEST(file_that_is_a_folder_a_link_or_a_pipe_is_refused)
{
    static const char *const names[] = {"a-folder", "a-link", "a-dangling-link", "a-pipe"};
    const vpi_root_record record = record_of(3);
    vpriv_root_store *store = open_file("target.root");
    help_put(store, 1);
    vpriv_root_close(store);
    ck_assert_int_eq(mkdir("a-folder", 0700), 0);
    ck_assert_int_eq(symlink("target.root", "a-link"), 0);
    ck_assert_int_eq(symlink("nothing.root", "a-dangling-link"), 0);
    ck_assert_int_eq(mkfifo("a-pipe", 0600), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        store = open_file(names[i]);
        const vpriv_status st = load_status(store);
        ck_assert_msg(st != VPRIV_OK && st != VPRIV_E_NOT_FOUND, "%s: %d", names[i], (int)st);
        ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), names[i]));
        ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
        ck_fails(vpriv_root_destroy(store), VPRIV_E_ROOT);
        ck_assert(help_exists(names[i]));
        vpriv_root_close(store);
    }
    ck_assert(!help_exists("nothing.root"));
    store = open_file("target.root");
    help_assert_holds(store, 1);
    vpriv_root_close(store);
}
END_TEST

START_TEST(file_made_beforehand_is_closed_to_others_before_a_key_goes_in)
{
    help_write("loose.root", "", 0);
    ck_assert_int_eq(chmod("loose.root", 0644), 0);
    vpriv_root_store *store = open_file("loose.root");
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    help_put(store, 1);
    ck_assert_uint_eq(help_mode("loose.root"), 0600);
    vpriv_root_close(store);
}
END_TEST

/* Every state that a power cut can leave: the writes up to some point, and any part of the next one
 * in units of a sector (the record lies in the first). */
static void cut_power_everywhere(const char *path, uint64_t before, uint64_t after)
{
    static uint8_t start[FILE_BYTES], data[FILE_BYTES];
    size_t n_start = 0;
    bool old_seen = false, new_seen = false;
    vpriv_root_store *store = open_file(path);
    if (before > 0)
        n_start = help_read(path, start, sizeof start);
    disk.n_writes = 0;
    help_put(store, after);
    const int n_writes = disk.n_writes;
    ck_assert_int_ge(n_writes, 2);
    ck_assert_int_le(n_writes, 16);
    for (int n_whole = 0; n_whole <= n_writes; n_whole++)
        for (size_t torn = 0; torn < SLOT_BYTES; torn += 512) {
            size_t size = n_start;
            memset(data, 0, sizeof data);
            memcpy(data, start, n_start);
            for (int i = 0; i <= n_whole && i < n_writes; i++) {
                const size_t n = i < n_whole ? disk.write[i].n_bytes : torn;
                const size_t end = (size_t)disk.write[i].offset + n;
                memcpy(data + disk.write[i].offset, disk.write[i].bytes, n);
                if (n && end > size)
                    size = end;
            }
            help_write(path, data, size);
            vpriv_root_store *again = open_file(path);
            vpi_root_record record;
            const vpriv_status st = vpi_root_probe(again);
            ck_assert_msg(st == VPRIV_OK || (before == 0 && st == VPRIV_E_NOT_FOUND),
                "after %d writes and %zu bytes: %s", n_whole, torn, vpriv_error_detail());
            if (st == VPRIV_OK) {
                ck_ok(vpi_root_load(again, &record));
                help_assert_record(&record, record.generation == before ? before : after);
                assert_key_is_nowhere_in(path, record.generation == before ? after : before);
                new_seen |= record.generation == after;
            }
            old_seen |= st != VPRIV_OK || record.generation == before;
            if (n_whole == n_writes)
                ck_assert_uint_eq(record.generation, after);
            const int keep = disk.n_writes;
            help_put(again, after + 1); /* and it goes on from there */
            help_assert_holds(again, after + 1);
            disk.n_writes = keep;
            vpriv_root_close(again);
        }
    ck_assert(old_seen && new_seen);
    vpriv_root_close(store);
}

START_TEST(file_survives_a_power_cut_at_every_write)
{
    vpriv_root_store *store = open_file("cut.root");
    help_put(store, 5);
    vpriv_root_close(store);
    cut_power_everywhere("cut.root", 5, 6);
    store = open_file("cut2.root");
    help_put(store, 5);
    help_put(store, 6);
    vpriv_root_close(store);
    cut_power_everywhere("cut2.root", 6, 7);
}
END_TEST

START_TEST(file_survives_a_power_cut_while_it_is_made)
{
    cut_power_everywhere("cut-first.root", 0, 1);
}
END_TEST

START_TEST(file_that_cannot_be_written_keeps_the_old_record_or_has_the_new)
{
    static const int errors[] = {ENOSPC, EIO};
    for (int e = 0; e < 2; e++)
        for (int at = 0; at < 2; at++) {
            vpriv_root_store *store = open_file("refused.root");
            const vpi_root_record next = record_of(2);
            help_put(store, 1);
            disk.n_writes = 0;
            disk.fail_at = at;
            disk.error = errors[e];
            ck_fails(
                vpi_root_replace(store, &next), errors[e] == ENOSPC ? VPRIV_E_FULL : VPRIV_E_ROOT);
            ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "root store"));
            disk.fail_at = -1;
            help_assert_holds(store, at == 0 ? 1 : 2);
            assert_key_is_nowhere_in("refused.root", at == 0 ? 2 : 1);
            ck_ok(vpriv_root_destroy(store));
            vpriv_root_close(store);
        }
}
END_TEST

/* A file system of our own that ends with this process; as root, or as root of a user namespace. */
static void enter_small_disk(void)
{
    char map[64];
    const unsigned user = (unsigned)geteuid();
    if (unshare(CLONE_NEWNS) != 0) {
        ck_assert_msg(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0,
            "this test needs to mount a tmpfs: run it as root, or allow user namespaces (%s)",
            strerror(errno));
        const int n = snprintf(map, sizeof map, "0 %u 1", user);
        const int fd = open("/proc/self/uid_map", O_WRONLY);
        ck_assert_msg(fd >= 0 && write(fd, map, (size_t)n) == n,
            "this test needs to mount a tmpfs: no uid map (%s)", strerror(errno));
        close(fd);
    }
    ck_assert_int_eq(mkdir("small", 0700), 0);
    ck_assert_msg(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                      mount("tmpfs", "small", "tmpfs", 0, "size=64k") == 0,
        "this test needs to mount a tmpfs: run it as root, or allow user namespaces (%s)",
        strerror(errno));
}

static void fill_disk(const char *path)
{
    static const uint8_t page[4096];
    struct statvfs info;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    while (write(fd, page, sizeof page) > 0) {
    }
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
    ck_assert_int_eq(statvfs("small", &info), 0);
    ck_assert_uint_eq(info.f_bfree, 0);
}

START_TEST(file_is_replaced_and_destroyed_on_a_disk_without_a_free_byte)
{
    enter_small_disk();
    vpriv_root_store *store = open_file("small/full.root");
    help_put(store, 1);
    fill_disk("small/filler");
    for (uint64_t generation = 2; generation < 12; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
        assert_key_is_nowhere_in("small/full.root", generation - 1);
    }
    const vpi_root_record record = record_of(1);
    vpriv_root_store *late = open_file("small/late.root");
    ck_fails(vpi_root_replace(late, &record), VPRIV_E_FULL);
    ck_fails(vpi_root_probe(late), VPRIV_E_NOT_FOUND);
    ck_ok(vpriv_root_destroy(late));
    vpriv_root_close(late);
    ck_ok(vpriv_root_destroy(store));
    vpriv_root_close(store);
}
END_TEST

START_TEST(file_needs_a_path)
{
    vpriv_root_store *store = (vpriv_root_store *)&disk;
    ck_fails(vpriv_root_file_open(NULL, &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_file_open("", &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_file_open("x.root", NULL), VPRIV_E_ARG);
    ck_assert_ptr_eq(store, (vpriv_root_store *)&disk);
    vpriv_root_close(NULL);
}
END_TEST

START_TEST(callbacks_that_are_incomplete_are_refused)
{
    help_store memory = {0};
    vpriv_root_callbacks callbacks = help_store_callbacks(&memory);
    vpriv_root_store *store = (vpriv_root_store *)&disk;
    ck_fails(vpriv_root_callbacks_open(NULL, &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_callbacks_open(&callbacks, NULL), VPRIV_E_ARG);
    for (int i = 0; i < 8; i++) {
        callbacks = help_store_callbacks(&memory);
        callbacks.struct_size += i == 0;
        callbacks.struct_size -= i == 1;
        callbacks.struct_size *= i != 2;
        callbacks.load = i == 3 ? NULL : callbacks.load;
        callbacks.replace = i == 4 ? NULL : callbacks.replace;
        callbacks.destroy = i == 5 ? NULL : callbacks.destroy;
        if (i >= 6)
            callbacks.assurance = (vpriv_assurance)(i == 6 ? 0 : 3);
        ck_fails(vpriv_root_callbacks_open(&callbacks, &store), VPRIV_E_ARG);
        ck_assert_uint_gt(strlen(vpriv_error_detail()), 0);
    }
    ck_assert_ptr_eq(store, (vpriv_root_store *)&disk);
    ck_assert_uint_eq(memory.n_replaced, 0);
}
END_TEST

START_TEST(callbacks_carry_the_record_and_the_assurance)
{
    help_store memory = {0};
    vpriv_root_store *store = help_store_open(&memory);
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_KEYED);
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    help_put(store, 0x0102030405060708);
    static const uint8_t generation[] = {8, 7, 6, 5, 4, 3, 2, 1};
    ck_assert_mem_eq(memory.record + VPI_VAULT_ID_BYTES, generation, sizeof generation);
    help_assert_holds(store, 0x0102030405060708);
    ck_ok(vpriv_root_destroy(store));
    ck_assert(!memory.is_full);
    vpriv_root_close(store);
    ck_assert_int_eq(vpriv_root_assurance(NULL), VPRIV_ASSURANCE_BEST_EFFORT);
}
END_TEST

START_TEST(callbacks_failures_are_passed_on_with_their_text)
{
    help_store memory = {.text = "the secure element does not answer"};
    vpriv_root_store *store = help_store_open(&memory);
    vpi_root_record record = record_of(2);
    help_put(store, 1);
    memory.load_fails = memory.before_fails = VPRIV_E_IO;
    for (int i = 0; i < 4; i++) {
        vpi_fail_clear();
        const vpriv_status st = i == 0   ? vpi_root_load(store, &record)
                                : i == 1 ? vpi_root_probe(store)
                                : i == 2 ? vpi_root_replace(store, &record)
                                         : vpriv_root_destroy(store);
        ck_assert_int_eq(st, VPRIV_E_ROOT);
        ck_assert_str_eq(vpriv_error_detail(), "root store: the secure element does not answer");
    }
    help_assert_record(&record, 2);
    memory.before_fails = VPRIV_E_FULL;
    ck_fails(vpi_root_replace(store, &record), VPRIV_E_FULL);
    /* A vendor who says nothing gets the status's own text, never an earlier call's. */
    memory.text = NULL;
    memory.before_fails = VPRIV_E_BUSY;
    vpi_fail(VPRIV_E_IO, "something older");
    ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
    ck_assert_ptr_null(strstr(vpriv_error_detail(), "older"));
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), vpriv_status_text(VPRIV_E_BUSY)));
    vpriv_root_close(store);
}
END_TEST

START_TEST(callbacks_get_memory_that_is_wiped_when_they_return)
{
    help_store memory = {0};
    vpriv_root_store *store = help_store_open(&memory);
    vpi_root_record record = record_of(1);
    memory.before_fails = VPRIV_E_IO;
    ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
    ck_assert(sodium_is_zero(memory.lent, VPRIV_ROOT_RECORD_BYTES));
    memory.before_fails = VPRIV_OK;
    help_put(store, 1);
    ck_assert(sodium_is_zero(memory.lent, VPRIV_ROOT_RECORD_BYTES));
    ck_ok(vpi_root_probe(store));
    ck_assert(sodium_is_zero(memory.lent, VPRIV_ROOT_RECORD_BYTES));
    ck_ok(vpi_root_load(store, &record));
    ck_assert(sodium_is_zero(memory.lent, VPRIV_ROOT_RECORD_BYTES));
    memory.load_fails = VPRIV_E_IO;
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROOT);
    ck_assert(sodium_is_zero(memory.lent, VPRIV_ROOT_RECORD_BYTES));
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: root stores");
    TCase *tests = tcase_create("root");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_test(tests, file_is_empty_then_holds_what_was_put_then_is_gone);
    tcase_add_test(tests, file_has_the_documented_bytes);
    tcase_add_test(tests, file_destroyed_is_overwritten_before_its_name_goes);
    tcase_add_test(tests, file_with_two_whole_slots_is_the_newer_and_the_older_goes);
    tcase_add_test(tests, file_with_a_torn_newer_slot_is_the_older);
    tcase_add_test(tests, file_with_both_slots_damaged_is_refused_and_left_alone);
    tcase_add_test(tests, file_that_is_foreign_short_or_long_is_refused_and_kept);
    tcase_add_test(tests, file_that_is_a_folder_a_link_or_a_pipe_is_refused);
    tcase_add_test(tests, file_made_beforehand_is_closed_to_others_before_a_key_goes_in);
    tcase_add_test(tests, file_survives_a_power_cut_at_every_write);
    tcase_add_test(tests, file_survives_a_power_cut_while_it_is_made);
    tcase_add_test(tests, file_that_cannot_be_written_keeps_the_old_record_or_has_the_new);
    tcase_add_test(tests, file_is_replaced_and_destroyed_on_a_disk_without_a_free_byte);
    tcase_add_test(tests, file_needs_a_path);
    tcase_add_test(tests, callbacks_that_are_incomplete_are_refused);
    tcase_add_test(tests, callbacks_carry_the_record_and_the_assurance);
    tcase_add_test(tests, callbacks_failures_are_passed_on_with_their_text);
    tcase_add_test(tests, callbacks_get_memory_that_is_wiped_when_they_return);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
