/* Copies of a living vault, and their way back: a copy opens what was alive when it was made for as long as
 * nothing was destroyed, and nothing at all from then on; a file with its name is whole, whatever happens. */
#include "household.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static household h;
static vpriv_recording_id recording;
static char backup[PATH_BYTES], other[PATH_BYTES];

static void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    recording = household_record(&h, h.ada);
    household_file(&h, "house.backup", backup);
    household_file(&h, "other.vault", other);
}

static void move_out(void)
{
    household_close(&h);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static size_t read_all(const char *path, uint8_t *bytes_out, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(bytes_out, 1, capacity, file);
    ck_assert(n > 0 && n < capacity);
    fclose(file);
    return n;
}

static bool has_part(const char *path)
{
    char part[PATH_BYTES + 8];
    snprintf(part, sizeof part, "%s.part", path);
    return is_there(part);
}

static vpriv_status back_up(void)
{
    return vpriv_vault_backup(h.vault, backup, VPRIV_STORAGE_REPLACE, NULL, NULL);
}

static vpriv_status hear_in(const char *path, const vpriv_recording_id *id)
{
    vpriv_vault *vault = NULL;
    vpriv_status st = household_open_vault(&h, path, &vault);
    if (st == VPRIV_OK)
        st = household_hear_in(vault, h.keyring, id, VPRIV_PURPOSE_KEEP_HISTORY, NULL);
    vpriv_vault_close(vault);
    return st;
}

static vpriv_status verify(const char *path, vpriv_verification *result)
{
    vpriv_vault *vault = NULL;
    *result = (vpriv_verification){.struct_size = sizeof *result};
    vpriv_status st = household_open_vault(&h, path, &vault);
    if (st == VPRIV_OK)
        st = vpriv_vault_verify(vault, h.keyring, NULL, NULL, result);
    vpriv_vault_close(vault);
    return st;
}

static vpriv_backup_state state_of(vpriv_status wanted)
{
    vpriv_backup_info info = {.struct_size = sizeof info};
    ck_fails(vpriv_backup_check(backup, h.root, &info), wanted);
    ck_assert_mem_eq(info.vault_id, h.vault->vault_id, sizeof info.vault_id);
    return info.state;
}

START_TEST(it_opens_everything_that_is_alive)
{
    struct stat file;
    vpriv_verification result;
    const vpriv_recording_id second = household_record(&h, h.ada);
    ck_ok(vpriv_vault_backup(h.vault, backup, 0, NULL, NULL));
    ck_assert_int_eq(stat(backup, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0600);
    ck_assert(!has_part(backup));
    ck_assert_int_eq(state_of(VPRIV_OK), VPRIV_BACKUP_CURRENT);
    ck_ok(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL));
    ck_assert(!has_part(other));
    ck_ok(verify(other, &result));
    ck_assert_uint_eq(result.n_recordings, 2);
    ck_assert_uint_gt(result.n_blocks_opened, 0);
    ck_ok(hear_in(other, &recording));
    ck_ok(hear_in(other, &second));
}
END_TEST

/* Whatever destroys: 0 a recording, 1 a consent, 2 a person, 3 by age. */
static void destroy(int how)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    switch (how) {
    case 0:
        ck_ok(vpriv_vault_erase(h.vault, &recording, 1, NULL));
        break;
    case 1:
        household_withdraw(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
        break;
    case 2:
        ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
        break;
    default:
        for (int day = 0; day < 100; day++) {
            household_pass(&h, DAY_US);
            ck_ok(vpriv_retention_trust_clock(h.vault, "test"));
        }
        ck_ok(vpriv_retention_run(h.vault, 0, &report));
        break;
    }
}

START_TEST(what_was_destroyed_since_opens_from_no_backup)
{
    household_attacker attacker;
    uint8_t shred_key[VPI_KEY_BYTES], grant_key[VPI_KEY_BYTES];
    household_shred_key(&h, &recording, shred_key);
    household_grant_key(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY, grant_key);
    ck_ok(back_up());
    household_attack(&h, "house.backup", &attacker);
    ck_assert(household_knows(&attacker, shred_key) && household_knows(&attacker, grant_key));
    household_attack_end(&attacker);
    destroy(_i);
    household_attack(&h, "house.backup", &attacker);
    ck_assert(!household_knows(&attacker, shred_key) || !household_knows(&attacker, grant_key));
    household_attack_end(&attacker);
    ck_assert_int_eq(state_of(VPRIV_E_ROLLBACK), VPRIV_BACKUP_OUTDATED);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "Make a new one"));
    ck_fails(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL), VPRIV_E_ROLLBACK);
    ck_assert(!is_there(other) && !has_part(other));
    ck_fails(hear_in(backup, &recording), VPRIV_E_ROLLBACK); /* not by hand either */
    /* A new one in its place is good. */
    ck_ok(back_up());
    ck_ok(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL));
    ck_assert_int_ne(hear_in(other, &recording), VPRIV_OK);
}
END_TEST

static bool contains(const char *path, const void *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    static uint8_t all[1 << 22];
    const size_t n = fread(all, 1, sizeof all, file);
    ck_assert_uint_lt(n, sizeof all);
    fclose(file);
    return memmem(all, n, bytes, n_bytes) != NULL;
}

START_TEST(it_holds_no_key_of_the_stores)
{
    /* As after a power cut between the commit of a destruction and its last step. */
    household_sql(&h, "INSERT OR REPLACE INTO root_pending VALUES (1, 1, zeroblob(73))");
    ck_ok(back_up());
    ck_assert(contains(backup, h.vault->vault_id, sizeof h.vault->vault_id));
    ck_assert(!contains(backup, h.cell->record + 24, VPI_KEY_BYTES));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (h.keyring->has_secret >> p & 1)
            ck_assert(!contains(backup, h.keyring->secret_key[p], VPI_KEY_BYTES));
    vpi_database *copy = NULL;
    int64_t n_pending = -1;
    ck_ok(vpi_database_open(backup, VPI_DATABASE_STILL, &copy));
    ck_ok(vpi_database_int(copy, &n_pending, "SELECT count(*) FROM root_pending", ""));
    vpi_database_close(copy);
    ck_assert_int_eq(n_pending, 0);
}
END_TEST

START_TEST(a_capture_process_makes_none)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *vault = NULL;
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, NULL, &vault));
    ck_fails(vpriv_vault_backup(vault, backup, 0, NULL, NULL), VPRIV_E_NO_KEY);
    ck_assert(!is_there(backup) && !has_part(backup));
    vpriv_vault_close(vault);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(nothing_but_an_older_backup_is_replaced)
{
    FILE *letter = fopen(other, "w");
    fputs("Dear Ada", letter);
    fclose(letter);
    ck_fails(vpriv_vault_backup(h.vault, other, VPRIV_STORAGE_REPLACE, NULL, NULL), VPRIV_E_EXISTS);
    ck_assert(contains(other, "Dear Ada", 8));
    ck_fails(
        vpriv_vault_backup(h.vault, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL), VPRIV_E_EXISTS);
    ck_ok(back_up());
    ck_fails(vpriv_vault_backup(h.vault, backup, 0, NULL, NULL), VPRIV_E_EXISTS);
    household_record(&h, h.ada);
    ck_ok(back_up());
    unlink(other);
    vpriv_verification result;
    ck_ok(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL));
    ck_ok(verify(other, &result));
    ck_assert_uint_eq(result.n_recordings, 2);
}
END_TEST

/* 0 the backup, 1 the vault, has the name that the copy has while it is made. */
START_TEST(what_is_copied_is_not_written_to)
{
    static uint8_t before[1 << 20], after[1 << 20];
    char named[PATH_BYTES + 8];
    vpriv_vault *vault = NULL;
    ck_ok(back_up());
    snprintf(named, sizeof named, "%s.part", other);
    ck_assert_int_eq(rename(backup, named), 0);
    const size_t n = read_all(named, before, sizeof before);
    if (_i == 0) {
        ck_fails(vpriv_backup_restore(named, h.root, other, 0, NULL, NULL), VPRIV_E_EXISTS);
        ck_assert_int_eq(link(named, backup), 0); /* with a second name, too */
        ck_fails(vpriv_backup_restore(named, h.root, other, 0, NULL, NULL), VPRIV_E_EXISTS);
    } else {
        ck_ok(household_open_vault(&h, named, &vault));
        ck_fails(vpriv_vault_backup(vault, other, 0, NULL, NULL), VPRIV_E_EXISTS);
        vpriv_vault_close(vault);
    }
    ck_assert(!is_there(other));
    ck_assert_uint_eq(read_all(named, after, sizeof after), n);
    ck_assert_mem_eq(after, before, n);
    ck_ok(hear_in(named, &recording));
}
END_TEST

/* A write-ahead log whose vault file is gone would be played into the new one. */
START_TEST(what_is_left_of_another_file_does_not_get_in)
{
    char log[PATH_BYTES + 8];
    ck_ok(back_up());
    const vpriv_recording_id later = household_record(&h, h.ada);
    household_copy(&h, "other.vault");
    unlink(other);
    snprintf(log, sizeof log, "%s-wal", other);
    ck_assert(is_there(log));
    ck_ok(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL));
    ck_fails(hear_in(other, &later), VPRIV_E_NOT_FOUND);
    ck_ok(hear_in(other, &recording));
}
END_TEST

typedef struct steps {
    int n;
    int stop_at, kill_at;
    uint64_t done, total;
    int n_destructions; /* still to come, one in each step */
    const char *makes;  /* a file of somebody else */
} steps;

static bool tell(void *user, uint64_t n_done, uint64_t n_total)
{
    steps *s = user;
    ck_assert_uint_le(n_done, n_total);
    s->done = n_done;
    s->total = n_total;
    if (s->makes)
        fclose(fopen(s->makes, "w"));
    if (++s->n == s->kill_at)
        raise(SIGKILL);
    if (s->n_destructions > 0 && n_done == n_total) {
        s->n_destructions--;
        household_give(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
        household_withdraw(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    }
    return s->n != s->stop_at;
}

START_TEST(a_file_that_appears_meanwhile_is_not_replaced)
{
    steps s = {.makes = backup};
    ck_fails(vpriv_vault_backup(h.vault, backup, 0, tell, &s), VPRIV_E_EXISTS);
    ck_assert(is_there(backup) && !has_part(backup));
    ck_assert(!contains(backup, h.vault->vault_id, sizeof h.vault->vault_id));
}
END_TEST

static void fill_up(int n_recordings)
{
    for (int i = 0; i < n_recordings; i++)
        household_quick(&h, h.ada);
}

START_TEST(stopping_leaves_nothing)
{
    fill_up(150);
    steps all = {0};
    ck_ok(vpriv_vault_backup(h.vault, backup, 0, tell, &all));
    ck_assert_int_ge(all.n, 4);
    ck_assert_uint_eq(all.done, all.total);
    unlink(backup);
    for (int stop = 1; stop <= all.n; stop++) {
        steps some = {.stop_at = stop};
        ck_fails(vpriv_vault_backup(h.vault, backup, 0, tell, &some), VPRIV_E_CANCELLED);
        ck_assert(!is_there(backup) && !has_part(backup));
    }
    steps some = {.stop_at = 1};
    ck_ok(back_up());
    ck_fails(vpriv_backup_restore(backup, h.root, other, 0, tell, &some), VPRIV_E_CANCELLED);
    ck_assert(!is_there(other) && !has_part(other));
}
END_TEST

/* In a child: a backup, or a restore, that dies in its n-th step. Whether it got that far. */
static bool die_at(int step, bool restores)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        steps s = {.kill_at = step};
        vpriv_status st = VPRIV_E_INTERNAL;
        if (restores) {
            st = vpriv_backup_restore(backup, h.root, other, VPRIV_STORAGE_REPLACE, tell, &s);
        } else {
            vpriv_vault *vault = NULL;
            st = household_open_vault(&h, h.path, &vault);
            if (st == VPRIV_OK)
                st = vpriv_vault_backup(vault, backup, 0, tell, &s);
        }
        _exit(st == VPRIV_OK ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

START_TEST(killing_leaves_no_file_with_the_name_and_the_next_one_takes_over)
{
    int step = 1;
    fill_up(150);
    for (; die_at(step, false); step++)
        ck_assert(!is_there(backup));
    ck_assert_int_ge(step, 4);
    ck_assert(is_there(backup) && !has_part(backup));
    ck_assert_int_eq(state_of(VPRIV_OK), VPRIV_BACKUP_CURRENT);
    for (step = 1; die_at(step, true); step++)
        ck_assert(!is_there(other));
    ck_assert_int_ge(step, 2);
    ck_ok(hear_in(other, &recording));
}
END_TEST

START_TEST(a_destruction_meanwhile_makes_it_again)
{
    steps once = {.n_destructions = 1};
    ck_ok(vpriv_vault_backup(h.vault, backup, 0, tell, &once));
    ck_assert_int_eq(once.n_destructions, 0);
    ck_assert_int_eq(state_of(VPRIV_OK), VPRIV_BACKUP_CURRENT);
    steps always = {.n_destructions = 1000};
    unlink(backup);
    ck_fails(vpriv_vault_backup(h.vault, backup, 0, tell, &always), VPRIV_E_BUSY);
    ck_assert(!is_there(backup) && !has_part(backup));
}
END_TEST

/* Somebody who records without a pause, in a process of their own. */
static pid_t record_all_the_time(void)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        household own = h;
        own.root = household_root(h.cell);
        own.vault = NULL;
        ck_ok(household_open_vault(&own, h.path, &own.vault));
        for (;;)
            household_quick(&own, h.ada);
    }
    return child;
}

static bool tell_slowly(void *user, uint64_t n_done, uint64_t n_total)
{
    uint64_t *last = user;
    ck_assert_uint_gt(n_done, last[0]); /* it never starts over */
    ck_assert(last[1] == 0 || last[1] == n_total);
    last[0] = n_done;
    last[1] = n_total;
    const int64_t n = household_count(&h, "SELECT count(*) FROM recording");
    while (household_count(&h, "SELECT count(*) FROM recording") < n + 5) /* they go on meanwhile */
        usleep(1000);
    return true;
}

START_TEST(others_record_meanwhile)
{
    uint64_t last[2] = {0, 0};
    vpriv_verification result;
    fill_up(150);
    const pid_t child = record_all_the_time();
    while (household_count(&h, "SELECT count(*) FROM recording") < 160)
        usleep(1000);
    const int64_t before = household_count(&h, "SELECT count(*) FROM recording");
    ck_ok(vpriv_vault_backup(h.vault, backup, 0, tell_slowly, last));
    const int64_t after = household_count(&h, "SELECT count(*) FROM recording");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_gt(after, before + 15);
    ck_ok(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL));
    ck_ok(verify(other, &result));
    ck_assert_uint_ge(result.n_recordings, (uint64_t)before - 1);
    ck_assert_uint_lt(result.n_recordings, (uint64_t)after - 10); /* of one moment, an early one */
    ck_ok(verify(h.path, &result));
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
    struct statvfs space;
    struct stat file;
    char disk[PATH_BYTES], options[64];
    fill_up(60);
    ck_ok(back_up());
    ck_assert_int_eq(stat(backup, &file), 0);
    household_file(&h, "disk", disk);
    ck_assert_int_eq(mkdir(disk, 0700), 0);
    for (int part = 0; part <= 8; part++) {
        const long long room = 4096 + (long long)file.st_size * part / 8 / 4096 * 4096;
        snprintf(options, sizeof options, "size=%lld", room);
        ck_assert_msg(mount("tmpfs", disk, "tmpfs", 0, options) == 0, "mount: %s", strerror(errno));
        household_file(&h, "disk/copy", other);
        const bool fits = room >= file.st_size + 4096;
        ck_fails(vpriv_vault_backup(h.vault, other, 0, NULL, NULL), fits ? VPRIV_OK : VPRIV_E_FULL);
        ck_assert_int_eq(is_there(other), fits);
        unlink(other);
        ck_fails(vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL),
            fits ? VPRIV_OK : VPRIV_E_FULL);
        ck_assert_int_eq(is_there(other), fits);
        unlink(other);
        ck_assert_int_eq(statvfs(disk, &space), 0);
        ck_assert_uint_eq(space.f_bfree, space.f_blocks); /* not a byte is left */
        ck_assert_int_eq(umount(disk), 0);
    }
    rmdir(disk);
}
END_TEST

START_TEST(a_damaged_backup_is_not_put_in_place)
{
    struct stat file;
    uint8_t was = 0;
    ck_ok(back_up());
    ck_assert_int_eq(stat(backup, &file), 0);
    int n_refused = 0;
    for (off_t page = 1; page < file.st_size / 4096; page++) {
        const int fd = open(backup, O_RDWR);
        ck_assert_int_eq(pread(fd, &was, 1, page * 4096 + 4000), 1);
        was ^= 4;
        ck_assert_int_eq(pwrite(fd, &was, 1, page * 4096 + 4000), 1);
        const vpriv_status st = vpriv_backup_restore(backup, h.root, other, 0, NULL, NULL);
        n_refused += st != VPRIV_OK;
        ck_assert_int_eq(is_there(other), st == VPRIV_OK);
        ck_assert(!has_part(other));
        unlink(other);
        was ^= 4;
        ck_assert_int_eq(pwrite(fd, &was, 1, page * 4096 + 4000), 1);
        close(fd);
    }
    /* All but blocks, which need a keyring, and what no row uses. */
    ck_assert_int_ge(n_refused, 15);
}
END_TEST

START_TEST(a_vault_that_is_there_is_replaced_on_request_and_when_nobody_has_it_open)
{
    ck_ok(back_up());
    const vpriv_recording_id later = household_record(&h, h.ada);
    ck_fails(vpriv_backup_restore(backup, h.root, h.path, 0, NULL, NULL), VPRIV_E_EXISTS);
    /* Open in this process, and in another one. */
    ck_fails(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_BUSY);
    ck_assert(!has_part(h.path));
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    const pid_t child = fork();
    if (child == 0) {
        vpriv_vault *vault = NULL;
        ck_ok(household_open_vault(&h, h.path, &vault));
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_fails(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_ok(hear_in(h.path, &later)); /* nothing was touched */
    ck_ok(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    ck_ok(hear_in(h.path, &recording));
    ck_fails(hear_in(h.path, &later), VPRIV_E_NOT_FOUND);
    /* A wreck is replaced too, while it still begins as a vault does, or is empty. */
    static const uint8_t zeros[8192];
    int fd = open(h.path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, zeros, sizeof zeros, 100), sizeof zeros);
    close(fd);
    ck_ok(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    ck_ok(hear_in(h.path, &recording));
    fd = open(h.path, O_WRONLY | O_TRUNC);
    ck_ok(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    ck_ok(hear_in(h.path, &recording));
    close(fd);
    /* What is no vault stays. */
    fd = open(other, O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, zeros, sizeof zeros), sizeof zeros);
    ck_fails(vpriv_backup_restore(backup, h.root, other, VPRIV_STORAGE_REPLACE, NULL, NULL),
        VPRIV_E_EXISTS);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), sizeof zeros);
    close(fd);
    unlink(other);
    ck_ok(vpriv_backup_restore(backup, h.root, h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    ck_ok(hear_in(h.path, &recording));
}
END_TEST

START_TEST(another_device_needs_the_root_to_be_moved)
{
    char carried[PATH_BYTES];
    vpriv_root_store *file = NULL, *there = NULL;
    vpriv_vault *vault = NULL;
    household_cell cell = {.now_us = h.cell->now_us};
    vpriv_backup_info info = {.struct_size = sizeof info};
    static const char words[] = "correct horse battery staple";
    const vpriv_passphrase_cost cost = {
        .struct_size = sizeof cost, .n_passes = 1, .memory_bytes = 1 << 20};
    household_file(&h, "carried.root", carried);
    there = household_root(&cell); /* the new device's own store: empty */
    ck_ok(back_up());
    ck_fails(vpriv_backup_check(backup, there, &info), VPRIV_E_ROOT);
    ck_assert_int_eq(info.state, VPRIV_BACKUP_NO_ROOT);
    ck_fails(vpriv_backup_restore(backup, there, other, 0, NULL, NULL), VPRIV_E_ROOT);
    ck_assert(!is_there(other));
    /* Moving replaces the root: what was backed up before is noise, what is backed up then is not. */
    ck_ok(vpriv_root_passphrase_open(carried, words, strlen(words), &cost, &file));
    ck_ok(vpriv_vault_move_root(h.vault, file, "owner"));
    ck_fails(vpriv_backup_restore(backup, file, other, 0, NULL, NULL), VPRIV_E_ROLLBACK);
    ck_ok(back_up());
    vpriv_root_close(there);
    there = household_root(&cell);
    ck_ok(vpriv_backup_restore(backup, file, other, 0, NULL, NULL));
    ck_ok(vpriv_vault_open(other, file, NULL, &vault));
    ck_ok(household_hear_in(vault, h.keyring, &recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL));
    ck_ok(vpriv_vault_move_root(vault, there, "owner"));
    ck_ok(household_hear_in(vault, h.keyring, &recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL));
    vpriv_vault_close(vault);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    vpriv_root_close(there);
    vpriv_root_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault backup");
    TCase *tests = tcase_create("backup");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, it_opens_everything_that_is_alive);
    tcase_add_loop_test(tests, what_was_destroyed_since_opens_from_no_backup, 0, 4);
    tcase_add_test(tests, it_holds_no_key_of_the_stores);
    tcase_add_test(tests, a_capture_process_makes_none);
    tcase_add_test(tests, nothing_but_an_older_backup_is_replaced);
    tcase_add_loop_test(tests, what_is_copied_is_not_written_to, 0, 2);
    tcase_add_test(tests, what_is_left_of_another_file_does_not_get_in);
    tcase_add_test(tests, a_file_that_appears_meanwhile_is_not_replaced);
    tcase_add_test(tests, stopping_leaves_nothing);
    tcase_add_test(tests, killing_leaves_no_file_with_the_name_and_the_next_one_takes_over);
    tcase_add_test(tests, a_destruction_meanwhile_makes_it_again);
    tcase_add_test(tests, others_record_meanwhile);
    tcase_add_test(tests, a_full_disk_leaves_nothing);
    tcase_add_test(tests, a_damaged_backup_is_not_put_in_place);
    tcase_add_test(tests, a_vault_that_is_there_is_replaced_on_request_and_when_nobody_has_it_open);
    tcase_add_test(tests, another_device_needs_the_root_to_be_moved);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
