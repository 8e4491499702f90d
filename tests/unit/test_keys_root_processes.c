/* Root key files that several processes use at once, on a disk that takes its time, and one that fails: nobody
 * takes a replacement that is still running for one that was cut off, and nothing unfinished is forgotten. */
#include "test_keys_help.h"
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define PATH           "shared.root"
#define WORDS          "words of the family"
#define N_REPLACEMENTS 150

static struct {
    bool is_slow;
    bool forks; /* once, while the file is open */
    pid_t child;
    int n_writes;
    int n_syncs;
    int fail_sync; /* this one fails; −1 for none */
} disk = {.fail_sync = -1};

int fdatasync(int fd);
int fdatasync(int fd)
{
    const struct timespec nap = {0, 2000000};
    int (*real)(int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (disk.is_slow)
        nanosleep(&nap, NULL);
    if (disk.forks && (disk.child = fork()) == 0) {
        pause();
        _exit(0);
    }
    disk.forks = false;
    if (disk.n_syncs++ == disk.fail_sync) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    disk.n_writes++;
    return real(fd, data, n_bytes, offset);
}

/* 0: a plain file; 1: with a passphrase. */
static vpriv_root_store *open_store(int kind)
{
    static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};
    vpriv_root_store *store = NULL;
    if (kind == 0)
        ck_ok(vpriv_root_file_open(PATH, &store));
    else
        ck_ok(vpriv_root_passphrase_open(PATH, WORDS, strlen(WORDS), &cheap, &store));
    return store;
}

static void read_for_ever(int kind)
{
    vpi_root_record record;
    vpriv_root_store *store = open_store(kind);
    disk.is_slow = true;
    while (vpi_root_load(store, &record) == VPRIV_OK)
        ;
    _exit(1);
}

START_TEST(who_reads_undoes_nothing_that_another_replaces)
{
    pid_t readers[2];
    vpriv_root_store *store = open_store(_i);
    help_put(store, 1);
    for (int i = 0; i < 2; i++) {
        readers[i] = fork();
        if (readers[i] == 0)
            read_for_ever(_i);
    }
    for (uint64_t generation = 2; generation < N_REPLACEMENTS; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
    }
    for (int i = 0; i < 2; i++) {
        int status = 0;
        ck_assert_int_eq(kill(readers[i], SIGKILL), 0);
        ck_assert_int_eq(waitpid(readers[i], &status, 0), readers[i]);
        ck_assert(WIFSIGNALED(status)); /* it could read all the time */
    }
    help_assert_holds(store, N_REPLACEMENTS - 1);
    vpriv_root_close(store);
}
END_TEST

/* Whoever forks in the middle leaves no lock behind. */
START_TEST(a_child_that_was_forked_keeps_nobody_out)
{
    vpriv_root_store *store = open_store(_i);
    disk.forks = true;
    help_put(store, 1);
    help_put(store, 2);
    help_assert_holds(store, 2);
    ck_assert_int_eq(kill(disk.child, SIGKILL), 0);
    waitpid(disk.child, NULL, 0);
    vpriv_root_close(store);
}
END_TEST

/* The sync behind wiping the old slot fails once: the zeros look as if they were there. */
START_TEST(a_wipe_that_may_not_be_on_the_disk_is_done_again_by_whoever_opens_it)
{
    vpi_root_record record;
    vpriv_root_store *store = open_store(_i);
    help_put(store, 1);
    help_record(2, &record);
    disk.n_syncs = 0;
    disk.fail_sync = 1;
    ck_fails(vpi_root_replace(store, &record), VPRIV_E_ROOT);
    disk.fail_sync = -1;
    vpriv_root_close(store);
    disk.n_writes = disk.n_syncs = 0;
    store = open_store(_i);
    help_assert_holds(store, 2);
    ck_assert_int_eq(disk.n_writes, 2); /* what is in force, and zeros */
    ck_assert_int_eq(disk.n_syncs, 2);
    help_assert_holds(store, 2);
    ck_assert_int_eq(disk.n_writes, 2);
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: root key files of several processes");
    TCase *tests = tcase_create("processes");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, help_enter_folder, help_leave_folder);
    tcase_add_checked_fixture(tests, help_enter_subfolder, NULL);
    tcase_add_loop_test(tests, who_reads_undoes_nothing_that_another_replaces, 0, 2);
    tcase_add_loop_test(tests, a_child_that_was_forked_keeps_nobody_out, 0, 2);
    tcase_add_loop_test(
        tests, a_wipe_that_may_not_be_on_the_disk_is_done_again_by_whoever_opens_it, 0, 2);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
