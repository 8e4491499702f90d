/* The kernel's key retention service as a root store: the real one of the machine the test runs on. */
#include "test_keys_help.h"
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char name[40];

static void pick_name(void)
{
    snprintf(name, sizeof name, "test-%ld", (long)getpid());
}

static vpriv_root_store *open_kernel(void)
{
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_kernel_open(name, &store));
    return store;
}

/* Whether /proc/keys lists it, and how many bytes it says it has. */
static bool is_listed(int *n_bytes_out)
{
    char line[512], wanted[64];
    bool found = false;
    FILE *keys = fopen("/proc/keys", "r");
    ck_assert_ptr_nonnull(keys);
    snprintf(wanted, sizeof wanted, "voicepriv:%s: ", name);
    while (fgets(line, sizeof line, keys)) {
        const char *at = strstr(line, wanted);
        if (at) {
            found = true;
            *n_bytes_out = atoi(at + strlen(wanted));
        }
    }
    fclose(keys);
    return found;
}

START_TEST(it_is_empty_then_holds_what_was_put_then_is_gone)
{
    int n_bytes = 0;
    vpriv_root_store *store = open_kernel();
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_KEYED);
    for (uint64_t generation = 1; generation <= 20; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
    }
    ck_assert(is_listed(&n_bytes));
    ck_assert_int_eq(n_bytes, VPRIV_ROOT_RECORD_BYTES);
    ck_ok(vpriv_root_destroy(store));
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_root_destroy(store), VPRIV_E_ROOT);
    vpriv_root_close(store);
}
END_TEST

/* Another process finds the key and replaces it. */
static void replace_elsewhere(bool in_another_session)
{
    vpriv_root_store *store = open_kernel();
    help_put(store, 3);
    const pid_t child = fork();
    if (child == 0) {
        vpi_root_record record;
        vpriv_root_store *mine = NULL;
        const bool good =
            (!in_another_session || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) > 0) &&
            vpriv_root_kernel_open(name, &mine) == VPRIV_OK &&
            vpi_root_load(mine, &record) == VPRIV_OK && record.generation == 3 &&
            help_try_put(mine, 4) == VPRIV_OK;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    help_assert_holds(store, 4);
    ck_ok(vpriv_root_destroy(store));
    vpriv_root_close(store);
}

START_TEST(another_process_of_the_account_has_it)
{
    replace_elsewhere(false);
}
END_TEST

/* A service that the system started has a session of its own, which does not hold the account's keys. */
START_TEST(a_process_with_another_session_has_it_too)
{
    replace_elsewhere(true);
}
END_TEST

START_TEST(names_are_checked)
{
    static const char *const bad[] = {"", "two words", "a:b", "\n",
        "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaab"};
    vpriv_root_store *store = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_fails(vpriv_root_kernel_open(bad[i], &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_kernel_open(NULL, &store), VPRIV_E_ARG);
    ck_fails(vpriv_root_kernel_open("good", NULL), VPRIV_E_ARG);
    ck_assert_ptr_null(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: kernel");
    TCase *tests = tcase_create("kernel");
    tcase_add_checked_fixture(tests, pick_name, NULL);
    tcase_add_test(tests, it_is_empty_then_holds_what_was_put_then_is_gone);
    tcase_add_test(tests, another_process_of_the_account_has_it);
    tcase_add_test(tests, a_process_with_another_session_has_it_too);
    tcase_add_test(tests, names_are_checked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
