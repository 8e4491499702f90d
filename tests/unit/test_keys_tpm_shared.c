/* A TPM is shared: with other root stores, with what others keep in it, and with processes that read a root
 * key while it is replaced. What is not ours is left whole, reading changes nothing, and nothing of an auth
 * value stays behind where it can be cleared. */
#include "keys/tpm.h"
#include "refused.h"
#include "software_tpm.h"
#include "test_keys_help.h"
#include <voicepriv/storage.h>
#include <voicepriv/vault.h>

#define DEFAULT      0x1500016U
#define RECORD_BYTES 64
#define OURS         "-a 'authread|authwrite|no_da'"
#define OUR_COUNTER  "-a 'authread|authwrite|no_da|nt=counter'"

static software_tpm tpm;

static void plug_in(void)
{
    setenv("TSS2_LOG", "all+none", 1);
    help_enter_folder();
    software_tpm_new(&tpm);
    ck_ok(vpi_tpm_load());
}

static void unplug(void)
{
    software_tpm_off(&tpm);
    software_tpm_remove(&tpm);
    help_leave_folder();
}

static vpriv_root_store *open_with(uint32_t index, const char *auth)
{
    const vpriv_root_tpm_config config = {
        .struct_size = sizeof config, .connection = tpm.connection, .index = index, .auth = auth};
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_tpm_open(&config, &store));
    return store;
}

static vpriv_root_store *open_at(uint32_t index)
{
    return open_with(index, NULL);
}

/* One of tpm2-tools on an index, with the index's own authority. */
static int run(const char *command_on, uint32_t index, const char *rest)
{
    char command[256];
    snprintf(command, sizeof command, "%s 0x%x -C 0x%x %s", command_on, (unsigned)index,
        (unsigned)index, rest);
    return software_tpm_run(&tpm, command);
}

static bool is_there(uint32_t index)
{
    char command[64];
    snprintf(command, sizeof command, "tpm2_nvreadpublic 0x%x", (unsigned)index);
    return software_tpm_run(&tpm, command) == 0;
}

static void define(uint32_t index, const char *how)
{
    char command[160];
    snprintf(command, sizeof command, "tpm2_nvdefine 0x%x %s", (unsigned)index, how);
    ck_assert_int_eq(software_tpm_run(&tpm, command), 0);
}

static void fill(uint32_t index, size_t n_bytes)
{
    uint8_t bytes[RECORD_BYTES];
    memset(bytes, 0x5a, sizeof bytes);
    help_write("fill.bin", bytes, n_bytes);
    ck_assert_int_eq(run("tpm2_nvwrite", index, "-i fill.bin"), 0);
}

static void count(uint32_t index)
{
    ck_assert_int_eq(run("tpm2_nvincrement", index, ""), 0);
}

static uint64_t counted(uint32_t counter)
{
    uint8_t bytes[8 + 1];
    uint64_t value = 0;
    ck_assert_int_eq(run("tpm2_nvread", counter, "-o counter.bin"), 0);
    ck_assert_uint_eq(help_read("counter.bin", bytes, sizeof bytes), 8);
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* The replacement that was cut off, or runs: the record has the number that the counter has next. */
static void put_one_ahead(uint32_t index)
{
    uint8_t stored[RECORD_BYTES + 1];
    ck_assert_int_eq(run("tpm2_nvread", index, "-o ahead.bin"), 0);
    ck_assert_uint_eq(help_read("ahead.bin", stored, sizeof stored), RECORD_BYTES);
    stored[56]++;
    help_write("ahead.bin", stored, RECORD_BYTES);
    ck_assert_int_eq(run("tpm2_nvwrite", index, "-i ahead.bin"), 0);
}

/* ---- what is not ours ---- */

static void new_vault(const char *path, vpriv_root_store *root)
{
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    ck_ok(vpriv_vault_create(path, root, NULL, &keyring, &vault));
    vpriv_keyring_close(keyring);
    vpriv_vault_close(vault);
}

static void assert_opens(const char *path, vpriv_root_store *root)
{
    vpriv_vault *vault = NULL;
    ck_ok(vpriv_vault_open(path, root, NULL, &vault));
    vpriv_vault_close(vault);
}

static void assert_no_vault(const char *path, uint32_t index, const char *words)
{
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    vpriv_root_store *root = open_at(index);
    ck_refused(vpriv_vault_create(path, root, NULL, &keyring, &vault), VPRIV_E_EXISTS, words);
    ck_assert(!help_exists(path));
    vpriv_root_close(root);
}

/* Each of a store's four calls says so, and changes nothing. */
static void assert_refused(uint32_t index, const char *words)
{
    vpi_root_record record;
    vpriv_root_store *store = open_at(index);
    ck_refused(vpi_root_probe(store), VPRIV_E_EXISTS, words);
    ck_refused(vpi_root_load(store, &record), VPRIV_E_EXISTS, words);
    ck_refused(help_try_put(store, 1), VPRIV_E_EXISTS, words);
    ck_refused(vpriv_root_destroy(store), VPRIV_E_EXISTS, words);
    vpriv_root_close(store);
}

START_TEST(a_vault_beside_another_leaves_that_one_whole)
{
    static const struct {
        uint32_t index;
        const char *words;
    } besides[] = {{DEFAULT + 1, "0x01500017"}, {DEFAULT - 1, "0x01500016"}};
    vpriv_root_store *root = open_at(DEFAULT);
    new_vault("first.vault", root);
    assert_no_vault("second.vault", besides[_i].index, besides[_i].words);
    assert_opens("first.vault", root);
    assert_refused(besides[_i].index, besides[_i].words);
    assert_opens("first.vault", root);
    vpriv_root_close(root);
}
END_TEST

START_TEST(a_creation_that_fails_leaves_its_neighbour_whole)
{
    vpriv_root_store *root = open_at(0x1500040);
    new_vault("first.vault", root);
    assert_no_vault("second.vault", 0x1500041, "0x01500041");
    assert_opens("first.vault", root);
    vpriv_root_close(root);
}
END_TEST

START_TEST(a_move_beside_the_old_place_is_refused)
{
    vpriv_vault *vault = NULL;
    vpriv_root_store *root = open_at(0x1500070), *to = open_at(0x1500071);
    new_vault("first.vault", root);
    ck_ok(vpriv_vault_open("first.vault", root, NULL, &vault));
    ck_refused(vpriv_vault_move_root(vault, to, "installer"), VPRIV_E_EXISTS, "0x01500071");
    vpriv_vault_close(vault);
    vpriv_root_close(to);
    assert_opens("first.vault", root);
    vpriv_root_close(root);
}
END_TEST

/* Where the record would be, and where its counter would be. */
START_TEST(what_somebody_else_keeps_there_stays)
{
    static const struct {
        uint32_t index;
        const char *how;
        size_t n_bytes; /* written; 0: none, or counted */
    } kept[] = {{0x1500050, "-s 20 " OURS, 20}, {0x1500051, "-s 20 " OURS, 20},
        {0x1500050, "-s 64 -a 'authread|authwrite|ownerread|no_da'", 64},
        {0x1500051, "-s 8 " OURS, 8}, {0x1500050, OUR_COUNTER, 0},
        {0x1500051, "-a 'authread|authwrite|ownerread|no_da|nt=counter'", 0},
        {0x1500051, "-s 8 -a 'authread|authwrite|no_da|nt=bits'", 0}, {0x1500050, "-s 20 " OURS, 0},
        {0x1500050, "-s 64 -a 'authread|authwrite|ownerread|no_da'", 0},
        {0x1500050, "-s 64 -a 'authread|authwrite|policywrite|no_da'", 0},
        /* A root key that lost its counter: not what a power cut leaves. */
        {0x1500050, "-s 64 " OURS, 64}};
    const uint32_t index = kept[_i].index;
    char words[16];
    define(index, kept[_i].how);
    if (kept[_i].n_bytes > 0)
        fill(index, kept[_i].n_bytes);
    else if (strstr(kept[_i].how, "counter"))
        count(index);
    snprintf(words, sizeof words, "0x%08x", (unsigned)index);
    assert_no_vault("new.vault", 0x1500050, words);
    assert_refused(0x1500050, words);
    ck_assert(is_there(index));
    ck_assert(!is_there(index == 0x1500050 ? 0x1500051 : 0x1500050));
    if (kept[_i].n_bytes > 0) {
        ck_assert_int_eq(run("tpm2_nvread", index, "-o kept.bin"), 0);
        ck_assert_int_eq(system("cmp -s kept.bin fill.bin"), 0);
    }
}
END_TEST

/* The counter is counted before the first record is written. */
START_TEST(a_written_record_beside_a_counter_that_never_counted_stays)
{
    define(0x1500050, "-s 64 " OURS);
    define(0x1500051, OUR_COUNTER);
    fill(0x1500050, RECORD_BYTES);
    assert_refused(0x1500050, "0x01500051");
    ck_assert(is_there(0x1500050) && is_there(0x1500051));
}
END_TEST

/* What a power cut leaves of making or destroying, with a root key of nobody in it. */
START_TEST(what_was_left_over_is_removed)
{
    enum { A_RECORD = 1, A_COUNTER = 2, COUNTED = 4 };
    static const int left[] = {A_RECORD, A_COUNTER, A_COUNTER | COUNTED, A_RECORD | A_COUNTER,
        A_RECORD | A_COUNTER | COUNTED};
    for (int doing = 0; doing < 2; doing++) {
        vpriv_root_store *store = open_at(0x1500050);
        if (left[_i] & A_RECORD)
            define(0x1500050, "-s 64 " OURS);
        if (left[_i] & A_COUNTER)
            define(0x1500051, OUR_COUNTER);
        if (left[_i] & COUNTED)
            count(0x1500051);
        ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
        if (doing == 0) {
            help_put(store, 1);
            help_assert_holds(store, 1);
        }
        ck_ok(vpriv_root_destroy(store));
        ck_assert(!is_there(0x1500050) && !is_there(0x1500051));
        vpriv_root_close(store);
    }
}
END_TEST

/* ---- who reads while it is replaced ---- */

START_TEST(reading_changes_nothing)
{
    vpriv_root_store *store = open_at(DEFAULT);
    help_put(store, 1);
    put_one_ahead(DEFAULT);
    const uint64_t before = counted(DEFAULT + 1);
    help_assert_holds(store, 1);
    ck_ok(vpi_root_probe(store));
    help_assert_holds(store, 1);
    ck_assert_uint_eq(counted(DEFAULT + 1), before);
    /* The replacement that was running goes on. */
    count(DEFAULT + 1);
    help_assert_holds(store, 1);
    vpriv_root_close(store);
}
END_TEST

/* What was cut off is replaced, and a copy of it with the number it had is an old one. */
START_TEST(what_was_cut_off_is_replaced)
{
    vpi_root_record record;
    vpriv_root_store *store = open_at(DEFAULT);
    help_put(store, 1);
    put_one_ahead(DEFAULT);
    for (uint64_t generation = 2; generation < 5; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
        put_one_ahead(DEFAULT);
    }
    help_put(store, 5);
    ck_assert_int_eq(run("tpm2_nvwrite", DEFAULT, "-i ahead.bin"), 0);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROLLBACK);
    help_put(store, 6);
    help_assert_holds(store, 6);
    vpriv_root_close(store);
}
END_TEST

static __typeof__(vpi_esys.NV_Read) read_truly;
static vpriv_root_store *replaced_meanwhile;
static unsigned n_times;    /* how often it is yet */
static uint64_t generation; /* the one before */

static TSS2_RC read_then_replaced(ESYS_CONTEXT *esys, ESYS_TR by, ESYS_TR object, ESYS_TR one,
    ESYS_TR two, ESYS_TR three, UINT16 n_bytes, UINT16 at, TPM2B_MAX_NV_BUFFER **data_out)
{
    const TSS2_RC code = read_truly(esys, by, object, one, two, three, n_bytes, at, data_out);
    if (n_bytes == RECORD_BYTES && n_times > 0) {
        n_times--;
        vpi_esys.NV_Read = read_truly;
        help_put(replaced_meanwhile, ++generation);
        vpi_esys.NV_Read = read_then_replaced;
    }
    return code;
}

/* Another process replaces the record after it was read and before the counter is: it is looked at again. */
START_TEST(what_is_replaced_while_it_is_read_is_read_again)
{
    vpi_root_record record;
    vpriv_root_store *store = open_at(DEFAULT);
    replaced_meanwhile = open_at(DEFAULT);
    generation = 1;
    help_put(store, generation);
    read_truly = vpi_esys.NV_Read;
    vpi_esys.NV_Read = read_then_replaced;
    for (unsigned times = 1; times < 5; times++) {
        n_times = times;
        help_assert_holds(store, generation + times);
        ck_assert_uint_eq(n_times, 0);
    }
    n_times = 1000; /* it has an end */
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROLLBACK);
    vpi_esys.NV_Read = read_truly;
    help_assert_holds(store, generation);
    vpriv_root_close(replaced_meanwhile);
    vpriv_root_close(store);
}
END_TEST

/* ---- auth values in tpm2-tss's objects ---- */

static struct {
    ESYS_TR object;
    bool has_auth;
} noted[64];
static unsigned n_with_auth;
static unsigned n_until_full; /* 0: there is room */
static vpi_esys_functions truly;

static bool *auth_at(ESYS_TR object)
{
    size_t i = 0;
    while (noted[i].object != 0 && noted[i].object != object)
        ck_assert_uint_lt(++i, sizeof noted / sizeof noted[0]);
    noted[i].object = object;
    return &noted[i].has_auth;
}

static void note(ESYS_TR object, const TPM2B_AUTH *auth)
{
    *auth_at(object) = auth && auth->size > 0;
    n_with_auth += auth && auth->size > 0;
}

static TSS2_RC set_noted(ESYS_CONTEXT *esys, ESYS_TR object, TPM2B_AUTH const *auth)
{
    note(object, auth);
    return truly.TR_SetAuth(esys, object, auth);
}

static TSS2_RC define_noted(ESYS_CONTEXT *esys, ESYS_TR by, ESYS_TR one, ESYS_TR two, ESYS_TR three,
    const TPM2B_AUTH *auth, const TPM2B_NV_PUBLIC *area, ESYS_TR *made_out)
{
    if (n_until_full > 0 && --n_until_full == 0)
        return TPM2_RC_NV_SPACE;
    const TSS2_RC code = truly.NV_DefineSpace(esys, by, one, two, three, auth, area, made_out);
    if (code == 0)
        note(*made_out, auth);
    return code;
}

static TSS2_RC undefine_noted(
    ESYS_CONTEXT *esys, ESYS_TR by, ESYS_TR object, ESYS_TR one, ESYS_TR two, ESYS_TR three)
{
    ck_assert_msg(!*auth_at(object), "removed with its auth value");
    return truly.NV_UndefineSpace(esys, by, object, one, two, three);
}

static void finalize_noted(ESYS_CONTEXT **esys)
{
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++)
        ck_assert_msg(!noted[i].has_auth, "an object goes with its auth value");
    memset(noted, 0, sizeof noted);
    truly.Finalize(esys);
}

/* tpm2-tss frees its objects unwiped. */
START_TEST(no_object_goes_with_its_auth_value)
{
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_changeauth -c owner the-owner"), 0);
    vpriv_root_tpm_config config = {.struct_size = sizeof config,
        .connection = tpm.connection,
        .owner_auth = "the-owner",
        .auth = "the-index"};
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_tpm_open(&config, &store));
    truly = vpi_esys;
    vpi_esys.TR_SetAuth = set_noted;
    vpi_esys.NV_DefineSpace = define_noted;
    vpi_esys.NV_UndefineSpace = undefine_noted;
    vpi_esys.Finalize = finalize_noted;
    n_until_full = 2; /* the counter is made, the record is not */
    ck_fails(help_try_put(store, 1), VPRIV_E_FULL);
    ck_assert(is_there(DEFAULT + 1) && !is_there(DEFAULT));
    help_put(store, 1);
    help_put(store, 2);
    help_assert_holds(store, 2);
    ck_ok(vpriv_root_destroy(store));
    /* Left over, found with its auth value set, and removed. */
    define(DEFAULT + 1, "-p the-index -P the-owner -a 'authread|authwrite|nt=counter'");
    define(DEFAULT, "-s 64 -p the-index -P the-owner -a 'authread|authwrite'");
    help_put(store, 3);
    ck_ok(vpriv_root_destroy(store));
    vpi_esys = truly;
    ck_assert_uint_gt(n_with_auth, 10); /* they were seen */
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: a shared TPM");
    TCase *tests = tcase_create("shared TPM");
    tcase_add_checked_fixture(tests, plug_in, unplug);
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, a_vault_beside_another_leaves_that_one_whole, 0, 2);
    tcase_add_test(tests, a_creation_that_fails_leaves_its_neighbour_whole);
    tcase_add_test(tests, a_move_beside_the_old_place_is_refused);
    tcase_add_loop_test(tests, what_somebody_else_keeps_there_stays, 0, 11);
    tcase_add_test(tests, a_written_record_beside_a_counter_that_never_counted_stays);
    tcase_add_loop_test(tests, what_was_left_over_is_removed, 0, 5);
    tcase_add_test(tests, reading_changes_nothing);
    tcase_add_test(tests, what_was_cut_off_is_replaced);
    tcase_add_test(tests, what_is_replaced_while_it_is_read_is_read_again);
    tcase_add_test(tests, no_object_goes_with_its_auth_value);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
