/* Keys stay in guarded memory. Everything random that is as long as a key is replaced by a pattern,
 * the library works with it, and then all other memory of the process is searched for the patterns,
 * in pieces as small as a register. */
#include "base/memory.h"
#include "base/random.h"
#include "keys/keyring.h"
#include "keys/recording.h"
#include "test_keys_tree_help.h"
#include <pthread.h>
#include <sodium.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* A piece is 8 bytes: 6 of a mark, its place in the key, and the number of the key. The mark is kept
 * masked, so that the test itself does not hold what it looks for. */
#define PIECE_BYTES 8
#define MASK        0x5a
static const volatile uint8_t masked_mark[6] = {
    0x91 ^ MASK, 0xe3 ^ MASK, 0x0b ^ MASK, 0xc7 ^ MASK, 0x2d ^ MASK, 0xf8 ^ MASK};
static volatile unsigned n_patterns;

static void pattern_random(void *bytes_out, size_t n_bytes)
{
    volatile uint8_t *out = bytes_out;
    if (n_bytes != VPI_KEY_BYTES) {
        randombytes_buf(bytes_out, n_bytes);
        return;
    }
    for (size_t i = 0; i < n_bytes; i++)
        out[i] = i % PIECE_BYTES < 6
                     ? (uint8_t)(masked_mark[i % PIECE_BYTES] ^ MASK)
                     : (uint8_t)(i % PIECE_BYTES == 6 ? i / PIECE_BYTES : n_patterns);
    n_patterns++;
}

/* Keys that the library derived are searched for too, kept masked as well. */
#define DERIVED_MAX 16
static volatile uint8_t masked_derived[DERIVED_MAX * VPI_KEY_BYTES];
static size_t n_derived;

static void note_derived(const uint8_t *key)
{
    ck_assert_uint_lt(n_derived, DERIVED_MAX);
    for (size_t i = 0; i < VPI_KEY_BYTES; i++)
        masked_derived[n_derived * VPI_KEY_BYTES + i] = key[i] ^ MASK;
    n_derived++;
}

static uint8_t *window; /* mapped apart, and left out of the search */
#define WINDOW_BYTES ((size_t)1 << 16)

static size_t count_marks(size_t n_bytes)
{
    size_t n = 0;
    const uint8_t first = masked_mark[0] ^ MASK;
    for (size_t at = 0; at + PIECE_BYTES <= n_bytes; at++) {
        const uint8_t *next = memchr(window + at, first, n_bytes - at - (PIECE_BYTES - 1));
        if (!next)
            break;
        at = (size_t)(next - window);
        size_t same = 1;
        while (same < 6 && window[at + same] == (masked_mark[same] ^ MASK))
            same++;
        n += same == 6;
    }
    return n;
}

static size_t count_derived(size_t n_bytes)
{
    size_t n = 0;
    uint8_t *piece = window + WINDOW_BYTES; /* mapped with the window */
    for (size_t i = 0; i < n_derived * VPI_KEY_BYTES / PIECE_BYTES; i++) {
        const volatile uint8_t *masked = masked_derived + i * PIECE_BYTES;
        for (size_t j = 0; j < PIECE_BYTES; j++)
            piece[j] = masked[j] ^ MASK;
        n += memmem(window, n_bytes, piece, PIECE_BYTES) != NULL;
    }
    return n;
}

/* Pieces in one mapping; windows overlap by one byte less than a piece, so that each is whole in one
 * window and in one only. */
static size_t count_in(int memory, unsigned long from, unsigned long to, const char *name)
{
    size_t n_found = 0;
    for (unsigned long at = from; at < to;) {
        const size_t n_wanted = to - at < WINDOW_BYTES ? to - at : WINDOW_BYTES;
        const ssize_t n = pread(memory, window, n_wanted, (off_t)at);
        if (n <= 0) {
            at += WINDOW_BYTES;
            continue;
        }
        const size_t n_here = count_marks((size_t)n) + count_derived((size_t)n);
        if (n_here && getenv("VERBOSE"))
            fprintf(stderr, "%zu marks near %lx in %s", n_here, at, name);
        n_found += n_here;
        at += (size_t)n == n_wanted && at + n_wanted < to ? n_wanted - (PIECE_BYTES - 1) : n_wanted;
    }
    explicit_bzero(window, WINDOW_BYTES + PIECE_BYTES);
    return n_found;
}

/* All memory that can be read and is written by this process: everything but guarded memory, which is
 * kept out of dumps, and the address sanitizer's own gigantic tables, which hold no data. */
static size_t search(bool guarded)
{
    static char name[512], line[512];
    unsigned long from = 0, to = 0, start = 0, end = 0;
    size_t n_found = 0, n_searched = 0;
    bool readable = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    const int memory = open("/proc/self/mem", O_RDONLY);
    ck_assert(maps && memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        char flags[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) == 3) {
            from = start;
            to = end;
            readable = flags[0] == 'r';
            strcpy(name, line);
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            const bool is_guarded = strstr(line, " dd") != NULL;
            const bool is_window = from <= (uintptr_t)window && (uintptr_t)window < to;
            const bool is_table = SANITIZED && to - from > (size_t)1 << 31;
            if (readable && !is_window && !is_table && is_guarded == guarded &&
                !strstr(name, "[vvar]") && !strstr(name, "[vsyscall]")) {
                n_found += count_in(memory, from, to, name);
                n_searched += to - from;
            }
        }
    }
    fclose(maps);
    close(memory);
    ck_assert_msg(n_searched > (guarded ? 0 : 100000), "only %zu bytes were searched", n_searched);
    return n_found;
}

static void *run_search(void *user)
{
    size_t *n = user;
    *n = search(*n);
    return NULL;
}

/* In a thread of its own: on this stack the search would overwrite what it is to find. */
static size_t count_everywhere(bool guarded)
{
    size_t n = guarded;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_search, &n), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return n;
}

static void set_up(void)
{
    help_enter_subfolder();
    window = mmap(NULL, WINDOW_BYTES + PIECE_BYTES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(window != MAP_FAILED);
    /* A map of its own, so that no neighbour is left out with it. */
    ck_assert_int_eq(madvise(window, WINDOW_BYTES + PIECE_BYTES, MADV_DONTFORK), 0);
    vpi_random_replace(pattern_random);
    ck_assert_uint_eq(count_everywhere(false), 0);
}

START_TEST(search_finds_a_key_wherever_one_was_left)
{
    static uint8_t in_data[VPI_KEY_BYTES];
    uint8_t on_stack[VPI_KEY_BYTES + 3], *on_heap = malloc(VPI_KEY_BYTES), *guarded = NULL;
    ck_ok(vpi_secret_alloc(VPI_KEY_BYTES, (void **)&guarded));
    vpi_random(guarded, VPI_KEY_BYTES);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_ge(count_everywhere(true), 4);
    vpi_random(in_data, sizeof in_data);
    ck_assert_uint_eq(count_everywhere(false), 4);
    vpi_random(on_stack + 3, VPI_KEY_BYTES);
    ck_assert_uint_eq(count_everywhere(false), 8);
    vpi_random(on_heap, VPI_KEY_BYTES);
    ck_assert_uint_eq(count_everywhere(false), 12);
    vpi_wipe(in_data + PIECE_BYTES, VPI_KEY_BYTES - PIECE_BYTES); /* one register is enough */
    vpi_wipe(on_stack, sizeof on_stack);
    vpi_wipe(on_heap, VPI_KEY_BYTES);
    ck_assert_uint_eq(count_everywhere(false), 1);
    vpi_wipe(in_data, sizeof in_data);
    ck_assert_uint_eq(count_everywhere(false), 0);
    randombytes_buf(guarded, VPI_KEY_BYTES);
    note_derived(guarded);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 4);
    memcpy(on_heap, guarded + 16, 8);
    ck_assert_uint_eq(count_everywhere(false), 1);
    vpi_wipe(on_heap, VPI_KEY_BYTES);
    ck_assert_uint_eq(count_everywhere(false), 0);
    free(on_heap);
    vpi_secret_free(guarded);
}
END_TEST

/* A key at every place around the seam of two windows is counted once, whole. */
START_TEST(search_counts_a_key_once_where_two_windows_meet)
{
    uint8_t *region = mmap(NULL, 4 * WINDOW_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(region != MAP_FAILED);
    uint8_t *seam = region + 2 * WINDOW_BYTES; /* closed on both sides: a mapping of its own */
    ck_assert_int_eq(mprotect(region + WINDOW_BYTES, 2 * WINDOW_BYTES, PROT_READ | PROT_WRITE), 0);
    for (int at = -56; at < 16; at++) {
        vpi_random(seam + at, VPI_KEY_BYTES);
        ck_assert_msg(count_everywhere(false) == 4, "at %d", at);
        vpi_wipe(seam + at, VPI_KEY_BYTES);
    }
    ck_assert_uint_eq(count_everywhere(false), 0);
    munmap(region, 4 * WINDOW_BYTES);
}
END_TEST

/* Patterns straight into guarded memory; the tree's own random keys are patterns as well. */
static void use_tree(vpriv_root_store *store, vpi_database *database, vpi_tree **tree_out)
{
    enum { N = 200 };
    uint8_t *keys = NULL, *key = NULL, head[] = "nothing secret";
    uint64_t first = 0;
    vpi_tree *tree = NULL;
    ck_ok(vpi_secret_alloc(N * VPI_KEY_BYTES, (void **)&keys));
    ck_ok(vpi_secret_alloc(VPI_KEY_BYTES, (void **)&key));
    for (size_t i = 0; i < N; i++)
        vpi_random(keys + i * VPI_KEY_BYTES, VPI_KEY_BYTES);
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_database_script(database, vpi_tree_schema));
    ck_ok(vpi_tree_create(database, store, rig_vault_id, &tree));
    ck_ok(vpi_tree_add(tree, keys, N, &first));
    ck_ok(vpi_database_commit(database));
    ck_ok(vpi_tree_settle(tree));
    for (uint64_t i = 0; i < 10; i++) {
        vpi_tree_change changes[] = {{i, NULL}, {N - 1 - i, keys}};
        size_t n_head = 0;
        ck_ok(vpi_database_begin(database));
        ck_ok(vpi_tree_refresh(tree));
        ck_ok(vpi_tree_shred(tree, changes, 2, head, sizeof head));
        ck_ok(vpi_database_commit(database));
        if (i % 2)
            ck_ok(vpi_tree_settle(tree));
        ck_ok(vpi_database_begin(database));
        ck_ok(vpi_tree_refresh(tree));
        vpi_database_rollback(database);
        ck_ok(vpi_tree_head(tree, head, sizeof head, &n_head));
        ck_ok(vpi_tree_get(tree, 50, key));
        ck_fails(vpi_tree_get(tree, i, key), VPRIV_E_ERASED);
    }
    ck_ok(vpi_tree_verify(tree, rig_no_damage, NULL, &first));
    vpi_secret_free(keys);
    vpi_secret_free(key);
    *tree_out = tree;
}

/* What hangs on the root in force. */
static void note_root(vpriv_root_store *store)
{
    static const char *const labels[] = {"root: head", "root: next root", "root: key tree"};
    vpi_root_record *record = NULL;
    uint8_t *key = NULL;
    ck_ok(vpi_secret_alloc(sizeof *record, (void **)&record));
    ck_ok(vpi_secret_alloc(VPI_KEY_BYTES, (void **)&key));
    ck_ok(vpi_root_load(store, record));
    for (int i = 0; i < 3; i++) {
        vpi_derive(record->key, labels[i], NULL, 0, key);
        note_derived(key);
    }
    vpi_secret_free(record);
    vpi_secret_free(key);
}

static void run_tree(vpriv_root_store *store)
{
    vpi_database *database = NULL;
    vpi_tree *tree = NULL;
    ck_ok(vpi_database_open("memory.db", VPI_DATABASE_CREATE, &database));
    use_tree(store, database, &tree);
    ck_assert_uint_gt(n_patterns, 200 + 10);
    note_root(store);
    ck_assert_uint_eq(count_everywhere(false), 0); /* while all is open */
    ck_assert_uint_gt(count_everywhere(true), 0);  /* it is there, in guarded memory */
    vpi_tree_close(tree);
    ck_ok(vpi_tree_open(database, store, rig_vault_id, &tree));
    vpi_tree_close(tree);
    vpi_database_close(database);
    vpriv_root_close(store);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 0);
}

START_TEST(tree_over_a_key_file_leaves_no_key_behind)
{
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_file_open("memory.root", &store));
    run_tree(store);
}
END_TEST

/* The vendor's side is guarded memory too, so that what is found is the library's. */
START_TEST(tree_over_callbacks_leaves_no_key_behind)
{
    help_store *memory = NULL;
    ck_ok(vpi_secret_alloc(sizeof *memory, (void **)&memory));
    vpriv_root_store *store = help_store_open(memory);
    vpi_database *database = NULL;
    vpi_tree *tree = NULL;
    ck_ok(vpi_database_open("memory.db", VPI_DATABASE_CREATE, &database));
    use_tree(store, database, &tree);
    note_root(store);
    ck_assert_uint_eq(count_everywhere(false), 0);
    vpi_tree_close(tree);
    vpi_database_close(database);
    vpriv_root_close(store);
    vpi_secret_free(memory);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 0);
}
END_TEST

START_TEST(tree_that_fails_leaves_no_key_behind)
{
    help_store *memory = NULL;
    ck_ok(vpi_secret_alloc(sizeof *memory, (void **)&memory));
    vpriv_root_store *store = help_store_open(memory);
    vpi_database *database = NULL;
    vpi_tree *tree = NULL;
    uint8_t *key = NULL;
    ck_ok(vpi_secret_alloc(VPI_KEY_BYTES, (void **)&key));
    ck_ok(vpi_database_open("memory.db", VPI_DATABASE_CREATE, &database));
    use_tree(store, database, &tree);
    vpi_tree_change change = {77, NULL};
    ck_ok(vpi_database_begin(database));
    ck_ok(vpi_tree_shred(tree, &change, 1, NULL, 0));
    ck_ok(vpi_database_commit(database));
    memory->before_fails = VPRIV_E_IO;
    ck_fails(vpi_tree_settle(tree), VPRIV_E_ROOT);
    memory->before_fails = VPRIV_OK;
    ck_ok(vpi_tree_settle(tree));
    ck_ok(vpi_database_script(
        database, "UPDATE key_node SET sealed = zeroblob(length(sealed)) WHERE id = 0"));
    ck_fails(vpi_tree_get(tree, 7, key), VPRIV_E_AUTH);
    change.slot = 8;
    ck_ok(vpi_database_begin(database));
    ck_fails(vpi_tree_shred(tree, &change, 1, NULL, 0), VPRIV_E_AUTH);
    vpi_database_rollback(database);
    vpi_tree_forget_shred(tree);
    ck_assert_uint_eq(count_everywhere(false), 0);
    vpi_tree_close(tree);
    vpi_secret_free(key);
    vpi_database_close(database);
    vpriv_root_close(store);
    vpi_secret_free(memory);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 0);
}
END_TEST

START_TEST(keyrings_leave_no_key_behind)
{
    vpriv_keyring *owner = NULL, *part = NULL, *loaded = NULL;
    ck_ok(vpi_keyring_create(rig_vault_id, &owner));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        vpi_keyring_generate(owner, p);
    ck_ok(vpriv_keyring_split(owner, 0x11, &part));
    ck_ok(vpriv_keyring_save(owner, "memory.keyring"));
    ck_fails(vpriv_keyring_save(part, "memory.keyring"), VPRIV_E_EXISTS);
    ck_ok(vpriv_keyring_load("memory.keyring", &loaded));
    ck_assert_mem_eq(loaded, owner, sizeof *owner);
    ck_assert_uint_eq(n_patterns, VPI_PURPOSES_MAX);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_ge(count_everywhere(true), (size_t)4 * (32 + 32 + 2));
    vpriv_keyring_close(owner);
    vpriv_keyring_close(part);
    vpriv_keyring_close(loaded);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 0);
}
END_TEST

typedef struct workshop {
    vpi_recording_keys keys;
    vpi_grant grants[3];
    uint8_t wrap_key[VPI_KEY_BYTES];
    uint8_t opened[VPI_KEY_BYTES];
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
} workshop;

START_TEST(recordings_leave_neither_key_nor_sound_behind)
{
    workshop *w = NULL;
    vpriv_keyring *keyring = NULL;
    vpi_recording_bond bond = {{1}, {2}, {3}};
    uint8_t commitment[VPI_HASH_BYTES], inner[VPI_INNER_BYTES], wrap[VPI_WRAP_BYTES];
    uint8_t block[VPI_BLOCK_BYTES];
    ck_ok(vpi_secret_alloc(sizeof *w, (void **)&w));
    ck_ok(vpi_keyring_create(rig_vault_id, &keyring));
    vpi_keyring_generate(keyring, 0);
    vpi_recording_keys_generate(&w->keys);
    for (int i = 0; i < 3; i++) {
        w->grants[i].subject_id[0] = (uint8_t)(9 - i);
        vpi_random(w->grants[i].key, VPI_KEY_BYTES);
    }
    for (size_t at = 0; at + 32 <= sizeof w->plain; at += 32)
        vpi_random(w->plain + at, 32); /* the sound is a secret as well */
    vpi_recording_commitment(w->keys.recording_key, &bond, commitment);
    ck_ok(vpi_inner_seal(w->keys.recording_key, &bond, keyring->public_key[0], inner));
    ck_ok(vpi_wrap_key(w->keys.shred_key, &bond, 0, w->grants, 3, w->wrap_key));
    vpi_wrap_seal(w->wrap_key, &bond, 0, inner, wrap);
    ck_ok(vpi_wrap_open(w->wrap_key, &bond, 0, wrap, inner));
    ck_ok(vpi_inner_open(inner, &bond, keyring->public_key[0], keyring->secret_key[0], w->opened));
    for (uint64_t i = 0; i < 4; i++) {
        vpi_block_seal(&w->keys, &bond, i, i == 3, w->plain, block);
        ck_ok(vpi_block_open(&w->keys, &bond, i, i == 3, block, sizeof block, w->plain));
        ck_fails(vpi_block_open(&w->keys, &bond, i, i != 3, block, sizeof block, w->plain),
            VPRIV_E_AUTH);
        ck_ok(vpi_block_open(&w->keys, &bond, i, i == 3, block, sizeof block, w->plain));
    }
    note_derived(w->keys.block_key);
    note_derived(w->wrap_key);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_gt(count_everywhere(true), 100);
    vpi_secret_free(w);
    vpriv_keyring_close(keyring);
    ck_assert_uint_eq(count_everywhere(false), 0);
    ck_assert_uint_eq(count_everywhere(true), 0);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    /* The dynamic linker saves the registers, with whatever they hold, on the stack when it binds a
     * function at its first call. This is about the library: let it bind everything before. */
    if (!getenv("LD_BIND_NOW")) {
        setenv("LD_BIND_NOW", "1", 1);
        execv("/proc/self/exe", argv);
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("keys: memory");
    TCase *tests = tcase_create("memory");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, search_finds_a_key_wherever_one_was_left);
    tcase_add_test(tests, search_counts_a_key_once_where_two_windows_meet);
    tcase_add_test(tests, tree_over_a_key_file_leaves_no_key_behind);
    tcase_add_test(tests, tree_over_callbacks_leaves_no_key_behind);
    tcase_add_test(tests, tree_that_fails_leaves_no_key_behind);
    tcase_add_test(tests, keyrings_leave_no_key_behind);
    tcase_add_test(tests, recordings_leave_neither_key_nor_sound_behind);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
