/* What root stores and keys refuse: arguments, and each answer the kernel's keyring can give, put in its place
 * here because a kernel gives few of them when it is asked. */
#include "keys/derivative.h"
#include "keys/recovery_key.h"
#include "refused.h"
#include "test_keys_tree_help.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/syscall.h>

/* ---- the kernel ---- */

static struct answers {
    int search, read, add, set_permissions, invalidate; /* errno; 0 is yes */
    long n_read;
} says;

static long answer(int error, long yes)
{
    errno = error;
    return error ? -1 : yes;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    va_list more;
    if (number == SYS_add_key)
        return answer(says.add, 7);
    ck_assert_int_eq(number, SYS_keyctl);
    va_start(more, number);
    const int what = va_arg(more, int);
    va_end(more);
    switch (what) {
    case KEYCTL_SEARCH:
        return answer(says.search, 7);
    case KEYCTL_READ:
        return answer(says.read, says.n_read);
    case KEYCTL_SETPERM:
        return answer(says.set_permissions, 0);
    case KEYCTL_INVALIDATE:
        return answer(says.invalidate, 0);
    default:
        ck_abort_msg("keyctl %d", what);
    }
    return -1;
}

static const struct {
    int error;
    vpriv_status probe, open;
    const char *words;
} searches[] = {{ENOKEY, VPRIV_E_NOT_FOUND, VPRIV_OK, "no such key"},
    {EKEYREVOKED, VPRIV_E_NOT_FOUND, VPRIV_OK, "no such key"},
    {EKEYEXPIRED, VPRIV_E_NOT_FOUND, VPRIV_OK, "no such key"},
    {EDQUOT, VPRIV_E_FULL, VPRIV_E_FULL, "quota"},
    {ENOSYS, VPRIV_E_ROOT, VPRIV_E_UNSUPPORTED, "no kernel keyrings"},
    {EPERM, VPRIV_E_ROOT, VPRIV_E_UNSUPPORTED, "no kernel keyrings"},
    {EACCES, VPRIV_E_ROOT, VPRIV_E_IO, "cannot be looked for"}};

START_TEST(whatever_the_kernel_says)
{
    vpriv_root_store *store = NULL, *none = NULL;
    says = (struct answers){.n_read = VPRIV_ROOT_RECORD_BYTES};
    ck_ok(vpriv_root_kernel_open("test", &store));
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        says.search = searches[i].error;
        ck_refused(vpi_root_probe(store), searches[i].probe,
            searches[i].probe == VPRIV_E_NOT_FOUND ? "" : searches[i].words);
        if (searches[i].open != VPRIV_OK) {
            ck_refused(vpriv_root_kernel_open("test", &none), searches[i].open, searches[i].words);
            continue;
        }
        ck_ok(vpriv_root_kernel_open("test", &none));
        vpriv_root_close(none);
        none = NULL;
    }
    ck_refused(vpriv_root_destroy(store), VPRIV_E_ROOT, "");
    says = (struct answers){.read = EACCES};
    ck_refused(vpi_root_probe(store), VPRIV_E_ROOT, "cannot be read");
    says = (struct answers){.n_read = VPRIV_ROOT_RECORD_BYTES - 1};
    ck_refused(vpi_root_probe(store), VPRIV_E_ROOT, "no root key");
    says = (struct answers){.n_read = VPRIV_ROOT_RECORD_BYTES, .add = EDQUOT};
    ck_refused(help_try_put(store, 1), VPRIV_E_FULL, "quota");
    says = (struct answers){.n_read = VPRIV_ROOT_RECORD_BYTES, .set_permissions = EACCES};
    ck_refused(help_try_put(store, 1), VPRIV_E_ROOT, "closed to others");
    says = (struct answers){.n_read = VPRIV_ROOT_RECORD_BYTES, .invalidate = EACCES};
    ck_refused(vpriv_root_destroy(store), VPRIV_E_ROOT, "cannot be removed");
    vpriv_root_close(store);
}
END_TEST

/* ---- arguments ---- */

static vpriv_status yes(void *user, uint8_t *record_out)
{
    (void)user;
    (void)record_out;
    return VPRIV_OK;
}

static vpriv_status taken(void *user, const uint8_t *record)
{
    (void)user;
    (void)record;
    return VPRIV_OK;
}

static vpriv_status gone(void *user)
{
    (void)user;
    return VPRIV_OK;
}

START_TEST(callbacks)
{
    vpriv_root_callbacks c = {sizeof c, VPRIV_ASSURANCE_BEST_EFFORT, yes, taken, gone, NULL};
    vpriv_root_store *store = NULL;
#define OPEN vpriv_root_callbacks_open(&c, &store)
    ck_refused(vpriv_root_callbacks_open(NULL, &store), VPRIV_E_ARG, "callbacks");
    ck_refused(vpriv_root_callbacks_open(&c, NULL), VPRIV_E_ARG, "callbacks");
    ck_refused_with(c, struct_size, 1, OPEN, VPRIV_E_ARG, "vpriv_root_callbacks");
    ck_refused_with(c, load, NULL, OPEN, VPRIV_E_ARG, "load, replace");
    ck_refused_with(c, replace, NULL, OPEN, VPRIV_E_ARG, "load, replace");
    ck_refused_with(c, destroy, NULL, OPEN, VPRIV_E_ARG, "load, replace");
    ck_refused_with(c, assurance, (vpriv_assurance)0, OPEN, VPRIV_E_ARG, "how well it forgets");
    ck_refused_with(c, assurance, (vpriv_assurance)3, OPEN, VPRIV_E_ARG, "how well it forgets");
    ck_assert_ptr_null(store);
    ck_ok(OPEN); /* one that forgets as well as it can is one */
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_BEST_EFFORT);
    ck_assert_int_eq(vpriv_root_assurance(NULL), VPRIV_ASSURANCE_BEST_EFFORT);
    vpriv_root_close(store);
}
END_TEST

START_TEST(passphrases)
{
    vpriv_passphrase_cost cost = {sizeof cost, 1, 8u << 20};
    vpriv_root_store *store = NULL, *other = NULL;
    char text[VPRIV_RECOVERY_KEY_TEXT_BYTES] = "";
    const vpriv_root_callbacks c = {sizeof c, VPRIV_ASSURANCE_BEST_EFFORT, yes, taken, gone, NULL};
#define MAKE vpriv_root_passphrase_open("r", "secret", 6, &cost, &store)
    ck_refused(vpriv_root_passphrase_open(NULL, "secret", 6, &cost, &store), VPRIV_E_ARG, "");
    ck_refused(
        vpriv_root_passphrase_open("r", NULL, 6, &cost, &store), VPRIV_E_ARG, "not an empty");
    ck_refused(vpriv_root_passphrase_open("r", "", 0, &cost, &store), VPRIV_E_ARG, "not an empty");
    ck_refused(vpriv_root_passphrase_open("r", "secret", 6, &cost, NULL), VPRIV_E_ARG, "no room");
    ck_refused_with(cost, struct_size, 1, MAKE, VPRIV_E_ARG, "vpriv_passphrase_cost");
    ck_refused_with(cost, n_passes, 100000, MAKE, VPRIV_E_ARG, "passes");
    ck_refused_with(cost, memory_bytes, 1, MAKE, VPRIV_E_ARG, "memory");
    ck_refused_with(cost, memory_bytes, UINT64_MAX, MAKE, VPRIV_E_ARG, "memory");
    ck_assert_int_ne(access("r", F_OK), 0);
    cost.n_passes = 0; /* the default */
    ck_ok(MAKE);
    help_put(store, 1);
    ck_refused(vpriv_root_recovery_open("r", NULL, &other), VPRIV_E_ARG, "a recovery key");
    ck_refused(vpriv_root_recovery_open("r", "x", NULL), VPRIV_E_ARG, "a recovery key");
    ck_refused(vpriv_root_recovery_open(NULL, "x", &other), VPRIV_E_ARG, "");
    ck_refused(vpriv_root_recovery_open("r", "", &other), VPRIV_E_FORMAT, "this has 0");
    ck_refused(vpriv_root_recovery_open("r", "\x01", &other), VPRIV_E_FORMAT, "character 1");
    ck_refused(vpriv_root_recovery_open("r", "U", &other), VPRIV_E_FORMAT, "character 1");
    ck_refused(vpriv_root_passphrase_change(NULL, "new", 3, NULL), VPRIV_E_ARG, "passphrase opens");
    ck_refused(vpriv_root_passphrase_change(store, NULL, 3, NULL), VPRIV_E_ARG, "not an empty");
    ck_refused(vpriv_root_passphrase_change(store, "", 0, NULL), VPRIV_E_ARG, "not an empty");
    ck_refused_with(cost, struct_size, 1, vpriv_root_passphrase_change(store, "new", 3, &cost),
        VPRIV_E_ARG, "vpriv_passphrase_cost");
    ck_refused(vpriv_root_recovery_key(store, "secret", 6, NULL), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_root_recovery_key(NULL, "secret", 6, text), VPRIV_E_ARG, "passphrase opens");
    ck_refused(vpriv_root_recovery_key(store, "wrong", 5, text), VPRIV_E_AUTH, "");
    ck_ok(vpriv_root_callbacks_open(&c, &other));
    ck_refused(vpriv_root_passphrase_change(other, "new", 3, NULL), VPRIV_E_ARG, "opens");
    ck_refused(vpriv_root_recovery_key(other, "secret", 6, text), VPRIV_E_ARG, "opens");
    vpriv_root_close(other);
    ck_assert_str_eq(text, "");
    help_assert_holds(store, 1);
    vpriv_root_close(store);
}
END_TEST

/* ---- wraps of derivatives ---- */

START_TEST(derivatives)
{
    uint8_t public_key[VPI_KEY_BYTES], secret_key[VPI_KEY_BYTES], key[VPI_KEY_BYTES] = {5};
    uint8_t branch[VPI_KEY_BYTES] = {1}, other[VPI_KEY_BYTES] = {2}, scratch[VPI_KEY_BYTES];
    uint8_t wrap[VPI_DERIVATIVE_WRAP_BYTES], opened[VPI_KEY_BYTES];
    static const uint8_t zeros[VPI_KEY_BYTES];
    const vpi_derivative_bond bond = {.derivative_id = {1}};
    const vpi_derivative_bond elsewhere = {.derivative_id = {2}};
    ck_assert_int_eq(crypto_box_keypair(public_key, secret_key), 0);
#define SEAL(public_key) vpi_derivative_wrap_seal(key, &bond, 3, branch, public_key, scratch, wrap)
#define WRAP(bond, purpose, branch, secret_key)                                                    \
    vpi_derivative_wrap_open(wrap, bond, purpose, branch, public_key, secret_key, opened)
    ck_refused(SEAL(zeros), VPRIV_E_AUTH, ""); /* a point of low order */
    ck_ok(SEAL(public_key));
    ck_ok(WRAP(&bond, 3, branch, secret_key));
    ck_assert_mem_eq(opened, key, sizeof key);
    ck_refused(WRAP(&bond, 3, branch, other), VPRIV_E_AUTH, "");
    ck_assert_mem_eq(opened, zeros, sizeof zeros);
    ck_refused(WRAP(&bond, 4, branch, secret_key), VPRIV_E_AUTH, "");
    ck_refused(WRAP(&bond, 3, other, secret_key), VPRIV_E_AUTH, "");
    ck_refused(WRAP(&elsewhere, 3, branch, secret_key), VPRIV_E_AUTH, "");
    ck_assert_mem_eq(opened, zeros, sizeof zeros);
}
END_TEST

/* ---- trees ---- */

static vpriv_status open_still(rig *r, vpriv_root_store *store, uint64_t *generation_out)
{
    vpi_tree *tree = NULL;
    const vpriv_status st = vpi_tree_open_still(r->database, store, rig_vault_id, &tree);
    if (st == VPRIV_OK)
        *generation_out = vpi_tree_generation(tree);
    vpi_tree_close(tree);
    return st;
}

static void shred_one(rig *r, uint64_t slot, bool settles)
{
    rig_begin(r);
    rig_shred(r, &slot, 1);
    ck_ok(vpi_database_commit(r->database));
    if (settles)
        ck_ok(vpi_tree_settle(r->tree));
}

/* Looking at a copy finishes in memory what was cut in two, and writes nothing. */
START_TEST(a_copy_that_is_looked_at)
{
    rig r;
    help_store before, stranger = {.is_full = true};
    uint64_t generation = 0;
    rig_create(&r, "still.db");
    rig_add_now(&r, 20);
    shred_one(&r, 3, true);
    const uint64_t now = vpi_tree_generation(r.tree);
    ck_ok(open_still(&r, r.store, &generation));
    ck_assert_uint_eq(generation, now);
    before = r.memory;
    shred_one(&r, 4, false); /* cut in two */
    const unsigned n_replaced = r.memory.n_replaced;
    ck_ok(open_still(&r, r.store, &generation));
    ck_assert_uint_eq(generation, now + 1);
    ck_assert_uint_eq(r.memory.n_replaced, n_replaced);
    /* Half of it lost: the root alone is too old. */
    ck_ok(vpi_database_script(r.database, "CREATE TABLE kept AS SELECT * FROM root_pending;"
                                          "DELETE FROM root_pending"));
    ck_refused(open_still(&r, r.store, &generation), VPRIV_E_ROLLBACK, "older than the vault file");
    ck_ok(vpi_database_script(r.database, "INSERT INTO root_pending SELECT * FROM kept;"
                                          "DROP TABLE kept"));
    ck_ok(vpi_tree_settle(r.tree));
    shred_one(&r, 5, true);
    r.memory = before;
    ck_refused(open_still(&r, r.store, &generation), VPRIV_E_ROLLBACK, "older than the vault file");
    vpi_root_record record;
    ck_ok(vpi_root_load(r.store, &record));
    record.generation = now + 9;
    ck_ok(vpi_root_replace(r.store, &record));
    ck_refused(open_still(&r, r.store, &generation), VPRIV_E_ROLLBACK, "an old copy");
    vpriv_root_store *other = help_store_open(&stranger);
    help_put(other, now + 2);
    ck_refused(open_still(&r, other, &generation), VPRIV_E_ROOT, "another vault");
    vpriv_root_close(other);
    rig_destroy(&r);
}
END_TEST

/* A root goes to a store that is empty, or that has a copy of it which a cut has left. */
START_TEST(roots_do_not_overwrite_others)
{
    rig r;
    help_store taken = {0};
    vpi_root_record record;
    vpi_tree *second = NULL;
    vpi_tree_held held = VPI_HELD_IN_FORCE;
    rig_create(&r, "move.db");
    rig_add_now(&r, 20);
    shred_one(&r, 3, true);
    vpriv_root_store *to = help_store_open(&taken);
    ck_ok(vpi_tree_look_in(r.tree, to, &held));
    ck_assert_int_eq(held, VPI_HELD_NOTHING);
    help_put(to, 1); /* of another vault */
    ck_refused(vpi_tree_create(r.database, to, rig_vault_id, &second), VPRIV_E_EXISTS, "already");
    ck_refused(vpi_tree_move(r.tree, to, &held), VPRIV_E_EXISTS, "use an empty one");
    ck_assert_int_eq(held, VPI_HELD_OTHER);
    ck_ok(vpi_root_load(r.store, &record));
    record.generation++;
    ck_ok(vpi_root_replace(to, &record)); /* of this one, and younger */
    ck_refused(vpi_tree_move(r.tree, to, &held), VPRIV_E_EXISTS, "use an empty one");
    ck_assert_int_eq(held, VPI_HELD_LATER);
    record.generation -= 2;
    ck_ok(vpi_root_replace(to, &record));
    ck_ok(vpi_tree_look_in(r.tree, to, &held));
    ck_assert_int_eq(held, VPI_HELD_OLDER);
    taken.load_fails = VPRIV_E_IO;
    ck_refused(vpi_tree_move(r.tree, to, &held), VPRIV_E_ROOT, "");
    ck_refused(vpi_tree_create(r.database, to, rig_vault_id, &second), VPRIV_E_ROOT, "");
    taken.load_fails = VPRIV_OK;
    taken.before_fails = VPRIV_E_IO;
    ck_refused(vpi_tree_move(r.tree, to, &held), VPRIV_E_ROOT, "");
    vpi_tree_move_back(r.tree, r.store);
    taken.before_fails = VPRIV_OK;
    rig_begin(&r);
    const uint64_t slot = 4;
    rig_shred(&r, &slot, 1);
    ck_refused(vpi_tree_move(r.tree, to, &held), VPRIV_E_STATE, "before the shred");
    rig_finish(&r);
    ck_ok(vpi_tree_move(r.tree, to, &held));
    ck_assert_int_eq(held, VPI_HELD_OLDER);
    ck_assert_ptr_eq(vpi_tree_store(r.tree), to);
    ck_ok(vpi_tree_look_in(r.tree, to, &held));
    ck_assert_int_eq(held, VPI_HELD_IN_FORCE);
    ck_ok(vpi_root_load(to, &record));
    record.key[VPI_KEY_BYTES - 1] ^= 1; /* of the same generation, and yet no copy */
    ck_ok(vpi_root_replace(to, &record));
    ck_ok(vpi_tree_look_in(r.tree, to, &held));
    ck_assert_int_eq(held, VPI_HELD_OLDER);
    vpi_tree_move_back(r.tree, r.store);
    vpriv_root_close(to);
    rig_destroy(&r);
}
END_TEST

int main(void)
{
    if (sodium_init() < 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("keys: refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_unchecked_fixture(tcase, help_enter_folder, help_leave_folder);
    tcase_add_test(tcase, whatever_the_kernel_says);
    tcase_add_test(tcase, callbacks);
    tcase_add_test(tcase, passphrases);
    tcase_add_test(tcase, derivatives);
    tcase_add_test(tcase, a_copy_that_is_looked_at);
    tcase_add_test(tcase, roots_do_not_overwrite_others);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
