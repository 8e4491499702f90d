/* Calls that put files in the place of others, cut off before each change they make to a folder: by a kill, and by the
 * power in every way that a folder may be found then. */
#include "base/pages_log.h"
#include "fault/deaths.h"
#include "fault/faults.h"
#include "fault/life.h"
#include "keys/keyring.h"
#include "vault/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/storage.h>

static struct life life;
static struct memory_root root;
static char backup[LIFE_PATH_BYTES + 16];
static uint8_t header[16]; /* what a wreck has lost */

static void begin(void)
{
    life_begin(&life);
    snprintf(backup, sizeof backup, "%s/backup", life.folder);
}

static void end(void)
{
    deaths_forget(life.folder);
    life_end(&life);
}

static bool is_there(const char *ending)
{
    char path[LIFE_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s%s", life.path, ending);
    return access(path, F_OK) == 0;
}

static void record_on(void)
{
    life_record(&life, 60, 500, NULL);
}

static void consent_on(void)
{
    ck_ok(life_give(&life, life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE));
}

/* A backup, and a vault that has gone on since. The last of it is in its write-ahead log alone, as after a crash, and
 * fits to nothing but this vault. */
static void have_backup_and_log(void (*go_on)(void))
{
    ck_ok(life_create(&life));
    life_settle_in(&life);
    life_record(&life, 60, 300, NULL);
    ck_ok(vpriv_vault_backup(life.vault, backup, 0, NULL, NULL));
    life_record(&life, 60, 400, NULL);
    vpi_database_empty_log(life.vault->database, 1000);
    go_on();
    ck_assert(is_there("-wal"));
    deaths_keep(life.folder, "start");
    root = life.root;
    life_close(&life);
    deaths_put_back(life.folder, "start");
}

static void write_header(const void *bytes)
{
    const int fd = open(life.path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, bytes, sizeof header, 16), sizeof header);
    close(fd);
}

/* What the vault tells; NULL where there is none. To be freed. */
static char *look(void)
{
    life.root = root;
    const vpriv_status st = life_open(&life);
    if (st == VPRIV_E_NOT_FOUND)
        return NULL;
    ck_assert_msg(st == VPRIV_OK, "%s: %s", vpriv_status_text(st), vpriv_error_detail());
    char *text = life_picture(&life);
    ck_assert(life_database_is_sound(&life));
    life_close(&life);
    return text;
}

static char *look_at_start(void)
{
    deaths_put_back(life.folder, "start");
    return look();
}

static bool restore(void *user)
{
    (void)user;
    return vpriv_backup_restore(backup, life.store, life.path, VPRIV_STORAGE_REPLACE, NULL, NULL) ==
           VPRIV_OK;
}

static bool same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

/* With a wreck, its header is put back first: the rest is to be all there. */
static void restore_everywhere(const char *before, bool is_wreck)
{
    uint64_t n = 1, n_copies = 0, n_new = 0;
    deaths_put_back(life.folder, "start");
    ck_assert(restore(NULL));
    char *after = look();
    ck_assert(after && !same(after, before));
    for (;; n++) {
        deaths_put_back(life.folder, "start");
        if (!deaths_at(life.folder, n, restore, NULL))
            break;
        for (unsigned i = 0; i < deaths_n(); i++, n_copies++) {
            deaths_become(life.folder, i);
            char *text = NULL;
            const int fd = is_wreck ? open(life.path, O_RDONLY) : -1;
            uint8_t found[sizeof header], zeros[sizeof header] = {0};
            if (fd >= 0) {
                ck_assert_int_eq(pread(fd, found, sizeof found, 16), sizeof found);
                close(fd);
                if (memcmp(found, zeros, sizeof found) == 0)
                    write_header(header);
            }
            text = look();
            const bool is_new = same(text, after);
            ck_assert_msg(is_new || same(text, before), "change %llu, copy %u: %s",
                (unsigned long long)n, i,
                text ? life_difference(before ? before : after, text) : "no vault");
            n_new += is_new;
            free(text);
        }
    }
    char *text = look();
    ck_assert(same(text, after));
    free(text);
    free(after);
    printf("restore: %llu changes, %llu copies, %llu of them restored\n", (unsigned long long)n - 1,
        (unsigned long long)n_copies, (unsigned long long)n_new);
    ck_assert(n > 8 && n_new > 0 && n_new < n_copies);
}

START_TEST(a_vault_is_replaced_by_a_backup_whole_or_not)
{
    have_backup_and_log(record_on);
    char *before = look_at_start();
    restore_everywhere(before, false);
    free(before);
}
END_TEST

START_TEST(a_wreck_keeps_its_log_until_it_is_replaced)
{
    static const uint8_t zeros[sizeof header];
    vpi_pages_log log;
    have_backup_and_log(consent_on);
    char *before = look_at_start();
    deaths_put_back(life.folder, "start");
    ck_ok(vpi_pages_log_open(life.path, &log));
    ck_assert(log.n_frames > 0 && vpi_pages_log_find(&log, 1) == log.n_frames);
    vpi_pages_log_close(&log);
    const int fd = open(life.path, O_RDONLY);
    ck_assert_int_eq(pread(fd, header, sizeof header, 16), sizeof header);
    close(fd);
    write_header(zeros);
    deaths_keep(life.folder, "start");
    restore_everywhere(before, true);
    free(before);
}
END_TEST

START_TEST(a_log_without_its_vault_gets_into_no_other)
{
    have_backup_and_log(record_on);
    ck_assert_int_eq(unlink(life.path), 0);
    deaths_keep(life.folder, "start");
    restore_everywhere(NULL, false);
}
END_TEST

/* As it is left where a new vault is cut off early: SQLite would roll the restored one back to nothing. */
START_TEST(a_journal_of_a_vault_that_never_came_to_be_gets_into_no_other)
{
    char path[LIFE_PATH_BYTES + 16];
    have_backup_and_log(record_on);
    sqlite3 *handle = NULL;
    ck_assert_int_eq(unlink(life.path), 0);
    snprintf(path, sizeof path, "%s-wal", life.path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(sqlite3_open(life.path, &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle,
                         "PRAGMA cache_spill=1; PRAGMA cache_size=1; BEGIN; CREATE TABLE t(a);"
                         "INSERT INTO t SELECT randomblob(40000) FROM (VALUES (1), (2), (3));",
                         NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert(is_there("-journal"));
    deaths_keep(life.folder, "start");
    sqlite3_close(handle);
    deaths_put_back(life.folder, "start");
    ck_assert_int_eq(unlink(life.path), 0);
    deaths_keep(life.folder, "start");
    restore_everywhere(NULL, false);
}
END_TEST

/* Every change but taking back what was begun fails, from the n-th on; 1: of a wreck. */
START_TEST(a_refusal_loses_nothing)
{
    static const uint8_t zeros[sizeof header];
    struct faults_plan plan = {.way = FAULTS_ON,
        .error = EIO,
        .kinds = FAULTS_BIT(FAULTS_MAKE) | FAULTS_BIT(FAULTS_WRITE) | FAULTS_BIT(FAULTS_SIZE) |
                 FAULTS_BIT(FAULTS_SYNC) | FAULTS_BIT(FAULTS_NAME)};
    uint64_t n_refused = 0, n_done = 0;
    have_backup_and_log(_i ? consent_on : record_on);
    char *before = look_at_start();
    deaths_put_back(life.folder, "start");
    const int fd = open(life.path, O_RDONLY);
    ck_assert_int_eq(pread(fd, header, sizeof header, 16), sizeof header);
    close(fd);
    if (_i)
        write_header(zeros);
    deaths_keep(life.folder, "start");
    ck_assert(restore(NULL));
    char *after = look();
    for (plan.n = 1;; plan.n++) {
        deaths_put_back(life.folder, "start");
        faults_begin();
        faults_arm(&plan);
        const bool is_done = restore(NULL);
        faults_disarm();
        if (is_done)
            break;
        n_refused++;
        if (_i)
            write_header(header); /* the same in the restored one */
        char *text = look();
        /* Where the folder alone cannot be synced, it is done, and nobody knows whether for good. */
        ck_assert_msg(same(text, before) || same(text, after), "change %llu: %s",
            (unsigned long long)plan.n, life_difference(before, text));
        n_done += same(text, after);
        free(text);
    }
    ck_assert(n_refused > 10 && n_done == 1);
    free(before);
    free(after);
}
END_TEST

/* Two files before, and the same two after. */
static void assert_untouched(const size_t n[4], uint8_t *const bytes[4])
{
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(n[i], n[i + 2]);
        ck_assert_mem_eq(bytes[i], bytes[i + 2], n[i]);
        free(bytes[i]);
        free(bytes[i + 2]);
    }
}

START_TEST(a_vault_that_somebody_has_open_is_not_touched)
{
    char log[LIFE_PATH_BYTES + 16];
    size_t n[4];
    uint8_t *bytes[4];
    have_backup_and_log(record_on);
    snprintf(log, sizeof log, "%s-wal", life.path);
    life.root = root;
    ck_ok(life_open(&life));
    bytes[0] = deaths_read(life.path, &n[0]);
    bytes[1] = deaths_read(log, &n[1]);
    ck_assert_uint_gt(n[1], 4096);
    ck_fails(vpriv_backup_restore(backup, life.store, life.path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_BUSY);
    bytes[2] = deaths_read(life.path, &n[2]);
    bytes[3] = deaths_read(log, &n[3]);
    assert_untouched(n, bytes);
}
END_TEST

static char root_path[LIFE_PATH_BYTES + 16], keyring_path[LIFE_PATH_BYTES + 16];

static bool create(void *user)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .keyring_path = keyring_path};
    vpriv_root_store *store = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    (void)user;
    vpriv_status st = vpriv_root_file_open(root_path, &store);
    if (st == VPRIV_OK)
        st = vpriv_vault_create(life.path, store, &options, &keyring, &vault);
    vpriv_keyring_close(keyring);
    vpriv_vault_close(vault);
    vpriv_root_close(store);
    return st == VPRIV_OK;
}

/* Whether there is a vault; then with its keyring, and it records and is heard. */
static bool is_whole_or_nothing(void)
{
    vpriv_root_store *store = NULL;
    vpriv_keyring *keyring = NULL, *capture = NULL;
    ck_ok(vpriv_root_file_open(root_path, &store));
    life.vault = NULL;
    const vpriv_status opened = vpriv_vault_open(life.path, store, NULL, &life.vault);
    if (opened == VPRIV_OK) {
        ck_ok(vpriv_keyring_load(keyring_path, &keyring));
        ck_ok(vpriv_vault_capture_credential(life.vault, &capture));
        ck_assert_mem_eq(keyring->vault_id, life.vault->vault_id, VPI_VAULT_ID_BYTES);
        ck_assert_mem_eq(keyring->public_key, capture->public_key, sizeof keyring->public_key);
        ck_assert(life_database_is_sound(&life));
        life_close(&life);
    } else {
        ck_assert_msg(opened == VPRIV_E_NOT_FOUND || opened == VPRIV_E_FORMAT, "%s: %s",
            vpriv_status_text(opened), vpriv_error_detail());
    }
    vpriv_keyring_close(capture);
    vpriv_keyring_close(keyring);
    vpriv_root_close(store);
    return opened == VPRIV_OK;
}

/* 0 in an empty folder, 1 over what an earlier cut, late on the way, left. */
START_TEST(a_vault_is_made_with_its_keyring_or_can_be_made_again)
{
    uint64_t n = 1, n_copies = 0, n_whole = 0;
    snprintf(root_path, sizeof root_path, "%s.root", life.path);
    snprintf(keyring_path, sizeof keyring_path, "%s.keyring", life.path);
    deaths_keep(life.folder, "start");
    while (_i && deaths_at(life.folder, n, create, NULL)) {
        deaths_become(life.folder, 0);
        if (access(root_path, F_OK) == 0 && access(keyring_path, F_OK) == 0 &&
            !is_whole_or_nothing())
            deaths_keep(life.folder, "late");
        deaths_put_back(life.folder, "start");
        n++;
    }
    if (_i) {
        deaths_put_back(life.folder, "late");
        deaths_keep(life.folder, "start");
    }
    for (n = 1;; n += life_is_long() ? 1 : 3) {
        deaths_put_back(life.folder, "start");
        if (!deaths_at(life.folder, n, create, NULL))
            break;
        for (unsigned i = 0; i < deaths_n(); i++, n_copies++) {
            deaths_become(life.folder, i);
            if (is_whole_or_nothing()) {
                n_whole++;
                continue;
            }
            ck_assert_msg(create(NULL), "change %llu, copy %u: %s", (unsigned long long)n, i,
                vpriv_error_detail());
            ck_assert(is_whole_or_nothing());
        }
    }
    ck_assert(is_whole_or_nothing());
    printf("create: %llu changes, %llu copies, %llu of them whole\n", (unsigned long long)n - 1,
        (unsigned long long)n_copies, (unsigned long long)n_whole);
    ck_assert(n > 20 && n_whole > 0 && n_whole < n_copies);
}
END_TEST

/* What somebody else has by these names is not what was left. */
START_TEST(making_a_vault_takes_nothing_else_away)
{
    static const char *const made[] = {"", ".root", ".keyring"};
    char path[LIFE_PATH_BYTES + 16];
    snprintf(root_path, sizeof root_path, "%s.root", life.path);
    snprintf(keyring_path, sizeof keyring_path, "%s.keyring", life.path);
    ck_assert(create(NULL));
    deaths_keep(life.folder, "start");
    for (int without = 0; without < 8; without++) {
        deaths_put_back(life.folder, "start");
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof path, "%s%s", life.path, made[i]);
            if (without >> i & 1)
                ck_assert_int_eq(unlink(path), 0);
        }
        ck_assert_int_eq(create(NULL), without == 7);
        for (int i = 0; i < 3 && without != 7; i++)
            ck_assert_int_eq(is_there(made[i]), !(without >> i & 1));
        deaths_put_back(life.folder, "start");
        ck_assert(is_whole_or_nothing());
    }
    /* Of an unfinished one root key and keyring go only when they are its own. */
    deaths_put_back(life.folder, "start");
    sqlite3 *handle = NULL;
    ck_assert_int_eq(sqlite3_open(life.path, &handle), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(handle, "PRAGMA user_version=0; UPDATE meta SET vault_id = randomblob(16)",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(handle);
    size_t n[4];
    uint8_t *bytes[4] = {deaths_read(root_path, &n[0]), deaths_read(keyring_path, &n[1])};
    ck_assert(!create(NULL));
    bytes[2] = deaths_read(root_path, &n[2]);
    bytes[3] = deaths_read(keyring_path, &n[3]);
    assert_untouched(n, bytes);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *suite = suite_create("fault: deaths");
    TCase *tests = tcase_create("deaths");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_vault_is_replaced_by_a_backup_whole_or_not);
    tcase_add_test(tests, a_wreck_keeps_its_log_until_it_is_replaced);
    tcase_add_test(tests, a_log_without_its_vault_gets_into_no_other);
    tcase_add_loop_test(tests, a_refusal_loses_nothing, 0, 2);
    tcase_add_test(tests, a_vault_that_somebody_has_open_is_not_touched);
    tcase_add_test(tests, a_journal_of_a_vault_that_never_came_to_be_gets_into_no_other);
    tcase_add_loop_test(tests, a_vault_is_made_with_its_keyring_or_can_be_made_again, 0, 2);
    tcase_add_test(tests, making_a_vault_takes_nothing_else_away);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
