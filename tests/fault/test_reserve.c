/* The reserve on a disk that is really full, a small tmpfs in a mount namespace of each test's own: it is
 * there for whoever destroys, for as long as something is left to destroy. Needs the right to mount. */
#include "base/database_inside.h"
#include "unit/household.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <voicepriv/purge.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;
static vpriv_recording_id ids[1024];

/* ---- Syncs that fail ---- */

/* SQLite calls these instead of the C library's. */
#define EXPORTED __attribute__((visibility("default")))

static int n_syncs_until_failure; /* of the write-ahead log; 0: none fails */
static bool log_has_hole;         /* one failed, and the log was not begun anew since */

static bool is_log(int fd)
{
    char link[32], name[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, name, sizeof name - 1);
    name[n < 0 ? 0 : n] = '\0';
    return n > 4 && strcmp(name + n - 4, "-wal") == 0;
}

static int sync_or_fail(int fd, long call)
{
    if (n_syncs_until_failure > 0 && is_log(fd) && --n_syncs_until_failure == 0) {
        log_has_hole = true;
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

EXPORTED int fsync(int fd)
{
    return sync_or_fail(fd, SYS_fsync);
}

EXPORTED int fdatasync(int fd)
{
    return sync_or_fail(fd, SYS_fdatasync);
}

static int cut(int fd, off_t n_bytes)
{
    if (n_bytes == 0 && is_log(fd))
        log_has_hole = false;
    return (int)syscall(SYS_ftruncate, fd, n_bytes);
}

EXPORTED int ftruncate(int fd, off_t n_bytes)
{
    return cut(fd, n_bytes);
}

EXPORTED int ftruncate64(int fd, off64_t n_bytes)
{
    return cut(fd, n_bytes);
}

/* ---- The disk ---- */

static void set_up(const char *size)
{
    ck_assert_msg(unshare(CLONE_NEWNS) == 0 &&
                      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                      mount("tmpfs", "/dev/shm", "tmpfs", 0, size) == 0,
        "a tmpfs cannot be mounted: %s; run as root", strerror(errno));
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void record(size_t n)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = household_quick(&h, h.ada);
}

static uint64_t free_bytes(void)
{
    struct statvfs space;
    ck_assert_int_eq(statvfs(h.folder, &space), 0);
    return (uint64_t)space.f_bavail * space.f_frsize;
}

static void fill_until(uint64_t n_left_bytes)
{
    static const char zeros[4096];
    char path[PATH_BYTES];
    household_file(&h, "filler", path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    while (free_bytes() > n_left_bytes && write(fd, zeros, sizeof zeros) > 0)
        ;
    close(fd);
    ck_assert_uint_le(free_bytes(), n_left_bytes);
}

static void fill(void)
{
    fill_until(0);
}

static uint64_t reserve_bytes(void)
{
    char path[PATH_BYTES];
    struct stat info;
    household_file(&h, "house.vault-reserve", path);
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static vpriv_status erase_one(size_t i)
{
    return vpriv_vault_erase(h.vault, &ids[i], 1, NULL);
}

/* ---- Tidying ---- */

/* What it frees it needs itself only for a moment: it comes to its end, and destroying works afterwards. */
START_TEST(tidying_a_full_disk_leaves_the_reserve)
{
    uint64_t n_left = 1;
    set_up("size=8m");
    record((size_t)_i + 2);
    ck_ok(vpriv_vault_erase(h.vault, ids, (size_t)_i, NULL));
    household_reopen(&h);
    fill();
    for (int i = 0; i < 3; i++) {
        ck_ok(vpriv_vault_tidy(h.vault, 1000, &n_left));
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM sweep"), 0);
        fill();
    }
    ck_assert_uint_gt(reserve_bytes(), 0);
    ck_ok(erase_one((size_t)_i));
    fill();
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, KEEP, NULL, NULL));
    household_close(&h);
}
END_TEST

static vpriv_vault *open_with(const vpriv_keyring *credential)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    vpriv_vault *capture = NULL;
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &capture));
    return capture;
}

/* What capture processes left to be taken in is taken in, with as little space. */
START_TEST(tidying_a_full_disk_takes_in_what_is_pending)
{
    uint64_t n_left = 1;
    vpriv_keyring *credential = NULL;
    set_up("size=8m");
    record(32);
    ck_ok(vpriv_vault_erase(h.vault, ids, 30, NULL));
    vpriv_vault *const root = h.vault;
    ck_ok(vpriv_vault_capture_credential(root, &credential));
    h.vault = open_with(credential);
    for (int i = 0; i < 30; i++)
        household_quick(&h, h.ada);
    vpriv_vault_close(h.vault);
    h.vault = root;
    vpi_database_empty_log(h.vault->database, 0);
    fill();
    ck_ok(vpriv_vault_tidy(h.vault, 1000, &n_left));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM sweep"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_assert_uint_gt(reserve_bytes(), 0);
    fill();
    ck_ok(erase_one(30));
    vpriv_keyring_close(credential);
    household_close(&h);
}
END_TEST

/* ---- Destroying nothing ---- */

static uint64_t reserve_at_rollback;

static void look_at_rollback(void *unused)
{
    (void)unused;
    reserve_at_rollback = reserve_bytes();
}

/* The space is back before the write lock is given up, and nothing is lost of it. */
START_TEST(what_destroys_nothing_keeps_the_reserve)
{
    const vpriv_recording_id nobody = {{1, 2}};
    set_up("size=8m");
    record(4);
    ck_ok(
        vpriv_recording_restrict(h.vault, &ids[1], 1, VPRIV_RESTRICTION_LEGAL_HOLD, "test", NULL));
    fill();
    const uint64_t before = reserve_bytes();
    ck_assert_uint_gt(before, 0);
    sqlite3_rollback_hook(vpi_database_handle(h.vault->database), look_at_rollback, NULL);
    for (int i = 0; i < 10; i++) {
        reserve_at_rollback = 0;
        ck_fails(vpriv_vault_erase(h.vault, &nobody, 1, NULL), VPRIV_E_NOT_FOUND);
        ck_assert_uint_eq(reserve_at_rollback, before);
        reserve_at_rollback = 0;
        ck_fails(erase_one(1), VPRIV_E_STATE);
        ck_assert_uint_eq(reserve_at_rollback, before);
        reserve_at_rollback = 0;
        ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_STATE);
        ck_assert_uint_eq(reserve_at_rollback, before);
        ck_assert_uint_eq(reserve_bytes(), before);
        fill();
    }
    sqlite3_rollback_hook(vpi_database_handle(h.vault->database), NULL, NULL);
    ck_ok(erase_one(0));
    household_close(&h);
}
END_TEST

/* What the failed transaction wrote is in nobody's way. */
START_TEST(what_was_too_much_at_once_keeps_the_reserve)
{
    set_up("size=16m");
    record(750);
    household_reopen(&h);
    fill();
    const uint64_t before = reserve_bytes();
    for (int i = 0; i < 3; i++) {
        ck_fails(vpriv_vault_erase(h.vault, ids, 749, NULL), VPRIV_E_FULL);
        ck_assert_uint_ge(reserve_bytes(), before - 64u * 1024);
        fill();
    }
    ck_ok(erase_one(749));
    household_close(&h);
}
END_TEST

/* Who opens meanwhile does not take what somebody has just given up. */
START_TEST(nobody_takes_what_another_gave_up)
{
    vpriv_vault *other = NULL;
    set_up("size=8m");
    record(2);
    fill();
    const uint64_t before = reserve_bytes();
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin_freeing(h.vault));
    ck_assert_uint_eq(reserve_bytes(), 0);
    ck_ok(household_open_vault(&h, h.path, &other));
    ck_assert_uint_eq(reserve_bytes(), 0);
    vpi_vault_leave(h.vault);
    ck_assert_uint_eq(reserve_bytes(), before);
    vpriv_vault_close(other);
    household_close(&h);
}
END_TEST

/* ---- Recorders ---- */

/* As much as there is space for. */
static void record_until_full(vpriv_vault *vault)
{
    const vpi_sealer_request request = household_request(h.ada);
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_create(vault, &request, &sealer));
    vpriv_status st = vpi_sealer_commit(sealer);
    for (int i = 0; st == VPRIV_OK && i < 100000; i++)
        st = vpi_sealer_write(sealer, plain, 1);
    ck_assert_int_eq(st, VPRIV_E_FULL);
    vpi_sealer_destroy(sealer);
}

static void destroying_works(void)
{
    for (size_t i = 0; i < 3; i++) {
        ck_ok(erase_one(i));
        fill();
    }
    ck_ok(vpriv_consent_withdraw(h.vault, h.ada, KEEP, NULL, NULL));
    fill();
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
}

/* Opening on a full disk takes some of the reserve, and puts the rest back. */
START_TEST(a_capture_process_does_not_record_into_the_reserve)
{
    set_up("size=8m");
    record(20);
    vpriv_vault *capture = NULL;
    vpriv_keyring *credential = NULL;
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    fill();
    capture = open_with(credential);
    ck_assert_uint_ge(reserve_bytes(), 384u * 1024);
    record_until_full(capture);
    ck_assert_uint_ge(reserve_bytes(), 384u * 1024);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    destroying_works();
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    household_close(&h);
}
END_TEST

static void take_reserve_away(void)
{
    char path[PATH_BYTES];
    household_file(&h, "house.vault-reserve", path);
    ck_assert_int_eq(unlink(path), 0);
}

/* While it is given up, or gone, its space is not there for recordings. */
START_TEST(what_is_missing_of_the_reserve_is_put_back_before_anything_is_recorded)
{
    set_up("size=8m");
    record(20);
    fill_until(300 * 1024);
    take_reserve_away();
    record_until_full(h.vault);
    ck_assert_uint_ge(reserve_bytes(), 512u * 1024); /* given up, and a part of what is free */
    fill();
    destroying_works();
    household_close(&h);
}
END_TEST

/* So little is left that there is no reserve: no recording either. */
START_TEST(nothing_is_recorded_where_no_reserve_fits)
{
    vpi_sealer *sealer = NULL;
    char path[PATH_BYTES];
    set_up("size=8m");
    record(1);
    const vpi_sealer_request request = household_request(h.ada);
    const uint64_t whole = reserve_bytes();
    fill();
    take_reserve_away();
    fill_until(100 * 1024);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_fails(vpi_sealer_commit(sealer), VPRIV_E_FULL);
    vpi_sealer_destroy(sealer);
    household_file(&h, "filler", path);
    ck_assert_int_eq(unlink(path), 0);
    household_quick(&h, h.ada);
    ck_assert_uint_eq(reserve_bytes(), whole);
    household_close(&h);
}
END_TEST

/* ---- A person with very many recordings ---- */

#define N_MANY    750
#define N_PENDING 600

static int64_t n_kept(void)
{
    return household_count(&h, "SELECT count(*) FROM recording WHERE state IN (2, 3)");
}

static const uint64_t n_left[] = {0, 600 * 1024, 300 * 1024};

START_TEST(a_person_with_very_many_recordings_is_erased)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    set_up("size=16m");
    record(N_MANY);
    household_reopen(&h);
    fill_until(n_left[_i]);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, N_MANY);
    ck_assert_int_eq(receipt.kind, VPRIV_LOG_SUBJECT_ERASED);
    ck_assert_int_eq(n_kept(), 0);
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_NOT_FOUND);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), 0);
    household_close(&h);
}
END_TEST

START_TEST(a_legal_hold_keeps_all_of_a_person)
{
    set_up("size=8m");
    record(100);
    ck_ok(
        vpriv_recording_restrict(h.vault, &ids[99], 1, VPRIV_RESTRICTION_LEGAL_HOLD, "test", NULL));
    fill();
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "nothing was erased"));
    ck_assert_int_eq(n_kept(), 100);
    household_close(&h);
}
END_TEST

static int n_commits_until_refusal;

static int refuse_later(void *unused)
{
    (void)unused;
    if (n_commits_until_refusal > 0 && --n_commits_until_refusal == 0)
        return 1;
    return 0;
}

/* What was erased stays so, and the same call goes on. */
START_TEST(an_interrupted_erasure_of_a_person_goes_on)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    set_up("size=8m");
    record(100);
    household_reopen(&h);
    fill();
    n_commits_until_refusal = 4;
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), refuse_later, NULL);
    ck_assert_int_ne(vpriv_subject_erase(h.vault, h.ada, &receipt), VPRIV_OK);
    ck_assert_int_eq(n_commits_until_refusal, 0);
    const int64_t n_after = n_kept();
    ck_assert_int_gt(n_after, 0);
    ck_assert_int_lt(n_after, 100);
    ck_assert_int_eq(household_hear(&h, &ids[99], KEEP), VPRIV_E_FULL); /* the person is there */
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, (uint64_t)n_after);
    ck_assert_int_eq(n_kept(), 0);
    ck_fails(vpriv_subject_erase(h.vault, h.ada, NULL), VPRIV_E_NOT_FOUND);
    household_close(&h);
}
END_TEST

static vpriv_status erase_first(void)
{
    return erase_one(0);
}

static vpriv_status erase_all(void)
{
    return vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, NULL);
}

static vpriv_status withdraw(void)
{
    return vpriv_consent_withdraw(h.vault, h.ada, KEEP, NULL, NULL);
}

static vpriv_status erase_person(void)
{
    return vpriv_subject_erase(h.vault, h.ada, NULL);
}

static vpriv_status set_aside(void)
{
    return vpriv_recording_restrict(h.vault, ids, 20, VPRIV_RESTRICTION_DISPUTE, "test", NULL);
}

/* The same withdrawal, as another surface of hers has it. */
static vpriv_status withdraw_elsewhere(void)
{
    static const uint8_t seed[VPRIV_SURFACE_SEED_BYTES] = {7};
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    char line[VPRIV_SURFACE_LINE_BYTES];
    vpriv_sync_result result = {.struct_size = sizeof result};
    vpriv_surface_event e = {.struct_size = sizeof e,
        .sequence = 1,
        .time_us = h.cell->now_us,
        .surface = "app",
        .purpose = KEEP,
        .event = VPRIV_CONSENT_EVENT_WITHDRAW,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    memcpy(e.subject, h.ada, sizeof e.subject);
    memset(e.record_id, 0x80, sizeof e.record_id);
    e.record_id[6] = 0x40;
    ck_ok(vpriv_surface_event_sign(&e, seed, line));
    crypto_sign_seed_keypair(key, secret, seed);
    ck_ok(vpriv_surface_trust(h.vault, "app", key, "test"));
    vpi_database_empty_log(h.vault->database, 0);
    fill_until(600 * 1024);
    const vpriv_status st = vpriv_consent_sync(h.vault, line, strlen(line), NULL, NULL, &result);
    ck_assert_uint_eq(result.n_changed, st == VPRIV_OK);
    return st;
}

static vpriv_status (*const destroying[])(void) = {
    erase_first, erase_all, withdraw, erase_person, set_aside, withdraw_elsewhere};

/* More is free than the reserve has, and less than is to be written first: what waits to be taken in. */
START_TEST(who_needs_more_than_is_free_has_the_reserve_too)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *root = NULL;
    set_up("size=16m");
    record(20);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    root = h.vault;
    h.vault = open_with(credential);
    for (int i = 0; i < N_PENDING; i++)
        household_quick(&h, h.ada);
    vpriv_vault_close(h.vault);
    h.vault = root;
    vpi_database_empty_log(h.vault->database, 0);
    fill_until(600 * 1024);
    ck_ok(destroying[_i]());
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    vpriv_keyring_close(credential);
    household_close(&h);
}
END_TEST

static void record_on_and_on(const vpriv_keyring *credential)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_vault *const vault = open_with(credential);
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
    for (;;) {
        const vpi_sealer_request request = household_request(h.ada);
        vpi_sealer *sealer = NULL;
        vpriv_status st = vpi_sealer_create(vault, &request, &sealer);
        if (st == VPRIV_OK)
            st = vpi_sealer_commit(sealer);
        if (st == VPRIV_OK)
            st = vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0);
        vpi_sealer_destroy(sealer);
        if (st == VPRIV_E_NOT_FOUND || st == VPRIV_E_CONSENT)
            break;
    }
    vpriv_vault_close(vault);
}

/* What another process records while the person is being erased is erased with them. */
START_TEST(nothing_recorded_meanwhile_is_left_of_a_person)
{
    vpriv_keyring *credential = NULL;
    int status = 0;
    set_up("size=8m");
    record(200);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    fill_until(700 * 1024);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(60);
        record_on_and_on(credential);
        _exit(0);
    }
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    const int64_t n_before = n_kept();
    while (household_count(&h, "SELECT count(*) FROM recording") < n_before + 3)
        usleep(1000);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_ok(vpriv_vault_tidy(h.vault, 10000, NULL));
    ck_assert_int_eq(n_kept(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), 0);
    vpriv_keyring_close(credential);
    household_close(&h);
}
END_TEST

/* ---- A failed sync ---- */

/* A log with a hole is never built upon, whichever sync of it fails. */
START_TEST(no_commit_stands_on_a_log_with_a_hole)
{
    set_up("size=8m");
    record(3);
    take_reserve_away();
    n_syncs_until_failure = _i + 1;
    const vpriv_status st = erase_one(0);
    ck_assert_int_eq(st, _i == 0 ? VPRIV_E_IO : VPRIV_OK);
    ck_assert_msg(n_syncs_until_failure == 0, "so many syncs there are not");
    ck_ok(
        vpriv_recording_restrict(h.vault, &ids[1], 1, VPRIV_RESTRICTION_LEGAL_HOLD, "test", NULL));
    ck_assert(!log_has_hole);
    household_close(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: reserve");
    TCase *tcase = tcase_create("reserve");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, no_commit_stands_on_a_log_with_a_hole, 0, 3);
    tcase_add_loop_test(tcase, tidying_a_full_disk_leaves_the_reserve, 30, 31);
    tcase_add_loop_test(tcase, tidying_a_full_disk_leaves_the_reserve, 120, 121);
    tcase_add_test(tcase, tidying_a_full_disk_takes_in_what_is_pending);
    tcase_add_test(tcase, what_destroys_nothing_keeps_the_reserve);
    tcase_add_test(tcase, what_was_too_much_at_once_keeps_the_reserve);
    tcase_add_test(tcase, nobody_takes_what_another_gave_up);
    tcase_add_test(tcase, a_capture_process_does_not_record_into_the_reserve);
    tcase_add_test(tcase, what_is_missing_of_the_reserve_is_put_back_before_anything_is_recorded);
    tcase_add_test(tcase, nothing_is_recorded_where_no_reserve_fits);
    tcase_add_loop_test(tcase, a_person_with_very_many_recordings_is_erased, 0, 3);
    tcase_add_test(tcase, a_legal_hold_keeps_all_of_a_person);
    tcase_add_test(tcase, an_interrupted_erasure_of_a_person_goes_on);
    tcase_add_loop_test(tcase, who_needs_more_than_is_free_has_the_reserve_too, 0, 6);
    tcase_add_test(tcase, nothing_recorded_meanwhile_is_left_of_a_person);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
