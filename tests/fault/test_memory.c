/* The n-th allocation fails, for every n; memory cannot be locked; another process holds the vault.
 * Each call says so, and what it did is there as a whole or not at all. */
#include "fault/cutvfs.h"
#include "fault/life.h"
#include "vault/vault.h"
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MS 20500

/* ---- Failing allocations: ours through the linker (--wrap), SQLite's through its own table ---- */

static uint64_t n_until_failure; /* 0: none fails */
static uint64_t n_failed;
static bool locks_fail;

static bool fails(void)
{
    if (n_until_failure == 0 || --n_until_failure > 0)
        return false;
    n_failed++;
    return true;
}

void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n, size_t item_bytes);
char *__real_strdup(const char *text);
void *__real_sodium_malloc(size_t n_bytes);
int __real_sodium_mlock(void *memory, size_t n_bytes);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n, size_t item_bytes);
char *__wrap_strdup(const char *text);
void *__wrap_sodium_malloc(size_t n_bytes);
int __wrap_sodium_mlock(void *memory, size_t n_bytes);

void *__wrap_malloc(size_t n_bytes)
{
    return fails() ? NULL : __real_malloc(n_bytes);
}

void *__wrap_calloc(size_t n, size_t item_bytes)
{
    return fails() ? NULL : __real_calloc(n, item_bytes);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

void *__wrap_sodium_malloc(size_t n_bytes)
{
    return fails() ? NULL : __real_sodium_malloc(n_bytes);
}

int __wrap_sodium_mlock(void *memory, size_t n_bytes)
{
    return locks_fail || fails() ? -1 : __real_sodium_mlock(memory, n_bytes);
}

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int n_bytes)
{
    return fails() ? NULL : sqlite_memory.xMalloc(n_bytes);
}

static void *sqlite_realloc(void *memory, int n_bytes)
{
    return fails() ? NULL : sqlite_memory.xRealloc(memory, n_bytes);
}

static void take_sqlite_over(void)
{
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
    sqlite3_mem_methods ours = sqlite_memory;
    ours.xMalloc = sqlite_malloc;
    ours.xRealloc = sqlite_realloc;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

/* ---- Every allocation of every call ---- */

struct bench {
    struct life life;
    struct cutvfs_snapshot *start;
    struct memory_root root;
    vpriv_recording_id recordings[2];
    char *before, *after;
};

struct workload {
    const char *name;
    vpriv_status (*act)(struct bench *bench);
    bool opens;  /* act opens the vault itself */
    bool is_one; /* transaction, and no refusal is logged: what fails has changed nothing */
};

static vpriv_status give(struct bench *bench)
{
    return life_give(&bench->life, bench->life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE);
}

static vpriv_status withdraw(struct bench *bench)
{
    return vpriv_consent_withdraw(
        bench->life.vault, bench->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
}

static vpriv_status erase(struct bench *bench)
{
    return vpriv_vault_erase(bench->life.vault, bench->recordings, 1, NULL);
}

static vpriv_status erase_ada(struct bench *bench)
{
    return vpriv_subject_erase(bench->life.vault, bench->life.ada, NULL);
}

static vpriv_status hear(struct bench *bench)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "tester"};
    vpriv_reader *reader = NULL;
    const vpriv_status st = vpriv_gate_open(
        bench->life.vault, bench->life.owner, &bench->recordings[0], &request, &reader);
    vpriv_gate_close(reader);
    return st;
}

static vpriv_status open_vault(struct bench *bench)
{
    return life_open(&bench->life);
}

static void print_finding(void *user, const char *finding)
{
    (void)user;
    printf("finding: %s\n", finding);
}

static vpriv_status verify(struct bench *bench)
{
    vpriv_verification found = {.struct_size = sizeof found};
    return vpriv_vault_verify(bench->life.vault, bench->life.owner, print_finding, NULL, &found);
}

static vpriv_status tidy(struct bench *bench)
{
    return vpriv_vault_tidy(bench->life.vault, 10, NULL);
}

static const struct workload workloads[] = {{"open", open_vault, true, false},
    {"consent give", give, false, true}, {"consent withdraw", withdraw, false, true},
    {"erase", erase, false, true}, {"subject erase", erase_ada, false, false},
    {"gate open", hear, false, false}, {"tidy", tidy, false, false},
    {"verify", verify, false, false}};
#define N_WORKLOADS (int)(sizeof workloads / sizeof workloads[0])

static void put_back(struct bench *bench)
{
    cutvfs_restore(bench->start);
    bench->life.root = bench->root;
}

/* One run with the n-th allocation failing; false when there are not so many. */
static bool run_with_failure(
    struct bench *bench, const struct workload *workload, uint64_t n, vpriv_status *status_out)
{
    put_back(bench);
    if (!workload->opens)
        ck_ok(life_open(&bench->life));
    n_failed = 0;
    n_until_failure = n;
    *status_out = workload->act(bench);
    n_until_failure = 0;
    life_close(&bench->life);
    return n_failed > 0;
}

/* Behind the commit that destroys it is a failure to replace the root, whose text says why. */
static void judge(struct bench *bench, const struct workload *workload, uint64_t n, vpriv_status st)
{
    const bool is_committed = st == VPRIV_E_ROOT && strstr(vpriv_error_detail(), "committed") &&
                              strstr(vpriv_error_detail(), "memory");
    ck_assert_msg(st == VPRIV_OK || st == VPRIV_E_MEMORY || is_committed,
        "%s, allocation %llu: %s: %s", workload->name, (unsigned long long)n, vpriv_status_text(st),
        vpriv_error_detail());
    ck_ok(life_open(&bench->life));
    char *text = life_picture(&bench->life);
    life_close(&bench->life);
    const char *wanted = st == VPRIV_E_MEMORY ? bench->before : bench->after;
    const bool may_be_after = !workload->is_one && strcmp(text, bench->after) == 0;
    ck_assert_msg(may_be_after || strcmp(text, wanted) == 0, "%s, allocation %llu, %s: %s",
        workload->name, (unsigned long long)n, vpriv_status_text(st),
        life_difference(wanted, text));
    free(text);
}

START_TEST(a_failed_allocation_is_reported_and_changes_nothing_by_half)
{
    const struct workload *workload = &workloads[_i];
    struct bench *bench = calloc(1, sizeof *bench);
    vpriv_status st = VPRIV_OK;
    uint64_t n = 1, n_errors = 0, n_tried = 0;
    take_sqlite_over();
    cutvfs_install();
    life_begin(&bench->life);
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    life_record(&bench->life, 100, 300, &bench->recordings[0]);
    life_record(&bench->life, 40, 500, &bench->recordings[1]);
    life_close(&bench->life);
    bench->start = cutvfs_snapshot();
    bench->root = bench->life.root;
    ck_ok(life_open(&bench->life));
    bench->before = life_picture(&bench->life);
    life_close(&bench->life);
    ck_assert(!run_with_failure(bench, workload, 0, &st));
    ck_ok(st);
    ck_ok(life_open(&bench->life));
    bench->after = life_picture(&bench->life);
    life_close(&bench->life);
    for (; run_with_failure(bench, workload, n, &st); n += life_is_long() ? 1 : 1 + n / 12) {
        judge(bench, workload, n, st);
        n_tried++;
        n_errors += st != VPRIV_OK;
    }
    printf("%-20s %4llu failing allocations tried, %llu reported\n", workload->name,
        (unsigned long long)n_tried, (unsigned long long)n_errors);
    ck_assert_uint_gt(n_errors, 5);
    free(bench->before);
    free(bench->after);
    cutvfs_snapshot_free(bench->start);
    life_end(&bench->life);
    cutvfs_uninstall();
    free(bench);
}
END_TEST

/* A file that is long enough for several threads; the caller removes it. */
static void write_long_file(const struct life *life, char path_out[256])
{
    const uint32_t n_bytes = 2 * LONG_MS / 1000 * LIFE_RATE_HZ;
    const uint32_t head[11] = {0x46464952, 36 + n_bytes, 0x45564157, 0x20746d66, 16, 0x00010001,
        LIFE_RATE_HZ, 2 * LIFE_RATE_HZ, 0x00100002, 0x61746164, n_bytes};
    snprintf(path_out, 256, "%s/long.wav", life->folder);
    FILE *file = fopen(path_out, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(head, sizeof head, 1, file), 1);
    for (uint32_t i = 0; i < n_bytes / 2; i++) {
        const int16_t sample = (int16_t)(i * i % 4001);
        ck_assert_uint_eq(fwrite(&sample, sizeof sample, 1, file), 1);
    }
    ck_assert_int_eq(fclose(file), 0);
}

/* Recording, live and from a long file: whatever fails, what was recorded before is the same, and recording works again. */
START_TEST(a_failed_allocation_while_recording_ends_it_cleanly)
{
    struct bench *bench = calloc(1, sizeof *bench);
    vpriv_outcome outcome;
    uint64_t n_tried = 0, n_errors = 0, n_ms = 200;
    char path[256] = "";
    take_sqlite_over();
    cutvfs_install();
    life_begin(&bench->life);
    if (_i == 1) {
        write_long_file(&bench->life, path);
        n_ms = LONG_MS;
    }
    ck_ok(life_create(&bench->life));
    life_settle_in(&bench->life);
    life_record(&bench->life, 100, 300, &bench->recordings[0]);
    life_close(&bench->life);
    bench->start = cutvfs_snapshot();
    bench->root = bench->life.root;
    ck_ok(life_open(&bench->life));
    bench->before = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    for (uint64_t n = 1;; n += life_is_long() ? 1 : 1 + n / 12) {
        const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
        vpriv_recorder_config config = life_recorder_config(bench->life.ada);
        vpriv_recorder *recorder = NULL;
        vpriv_source *source = NULL;
        config.n_threads = 2;
        put_back(bench);
        ck_ok(life_open(&bench->life));
        if (_i == 1)
            ck_ok(vpriv_capture_file_open(path, &source));
        else
            source = life_source(200, 400, true);
        memset(&outcome, 0, sizeof outcome);
        outcome.struct_size = sizeof outcome;
        n_failed = 0;
        n_until_failure = n;
        vpriv_status st = vpriv_recorder_open(bench->life.vault, source, &config, &recorder);
        if (st == VPRIV_OK)
            st = vpriv_recorder_run(recorder, &trigger, &outcome);
        n_until_failure = 0;
        vpriv_recorder_close(recorder);
        vpriv_capture_close(source);
        ck_assert_msg(st == VPRIV_OK || st == VPRIV_E_MEMORY, "allocation %llu: %s: %s",
            (unsigned long long)n, vpriv_status_text(st), vpriv_error_detail());
        life_close(&bench->life);
        ck_ok(life_open(&bench->life));
        char *text = life_picture_of_recordings(&bench->life);
        ck_assert_msg(strncmp(text, bench->before, strlen(bench->before)) == 0, "%s",
            life_difference(bench->before, text));
        if (st == VPRIV_OK)
            ck_assert_uint_eq(
                life_listen(&bench->life, &outcome.recording, VPRIV_PURPOSE_KEEP_HISTORY).n_frames,
                n_ms * LIFE_RATE_HZ / 1000);
        free(text);
        life_goes_on(&bench->life);
        life_close(&bench->life);
        n_tried++;
        n_errors += st != VPRIV_OK;
        if (n_failed == 0)
            break;
    }
    printf("%-20s %4llu failing allocations tried, %llu reported\n", _i ? "long file" : "record",
        (unsigned long long)n_tried, (unsigned long long)n_errors);
    ck_assert_uint_gt(n_errors, 5);
    free(bench->before);
    cutvfs_snapshot_free(bench->start);
    if (_i == 1)
        unlink(path);
    life_end(&bench->life);
    cutvfs_uninstall();
    free(bench);
}
END_TEST

/* ---- Memory that cannot be locked: a plain user with a small RLIMIT_MEMLOCK ---- */

static int create_unlocked(struct life *life)
{
    const struct rlimit small = {16384, 16384};
    struct stat info;
#ifdef __SANITIZE_ADDRESS__
    locks_fail = true; /* AddressSanitizer turns mlock into nothing, whatever the limit */
#endif
    if (setrlimit(RLIMIT_MEMLOCK, &small) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        return 1;
    if (life_create(life) != VPRIV_E_MEMORY)
        return 2;
    if (!strstr(vpriv_error_detail(), "RLIMIT_MEMLOCK"))
        return 3;
    return stat(life->path, &info) == 0 || life->root.is_set ? 4 : 0;
}

START_TEST(memory_that_cannot_be_locked_is_a_clear_error)
{
    struct life *life = calloc(1, sizeof *life);
    int status = 0;
    life_begin(life);
    ck_assert_int_eq(chmod(life->folder, 0777), 0);
    const pid_t child = fork();
    if (child == 0)
        _exit(create_unlocked(life));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %d", WEXITSTATUS(status));
    life_end(life);
    free(life);
}
END_TEST

/* ---- Another process holds the write lock ---- */

static void hold_the_lock(const char *path, int ready_fd)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        write(ready_fd, "x", 1) != 1)
        _exit(1);
    pause();
}

START_TEST(a_held_vault_is_busy_and_unchanged)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct life *life = &bench->life;
    int pipes[2];
    char ready = 0;
    life_begin(life);
    ck_ok(life_create(life));
    life_settle_in(life);
    life_record(life, 100, 300, &bench->recordings[0]);
    ck_assert_int_eq(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0)
        hold_the_lock(life->path, pipes[1]);
    ck_assert_int_eq(read(pipes[0], &ready, 1), 1);
    vpriv_vault_info before = {.struct_size = sizeof before}, after = before;
    ck_ok(vpriv_vault_about(life->vault, &before)); /* looking goes on */
    /* The library waits five seconds; make check does not. */
    if (!life_is_long())
        sqlite3_busy_timeout(vpi_database_handle(life->vault->database), 100);
    const uint8_t root = life->root.record[20];
    ck_fails(give(bench), VPRIV_E_BUSY);
    ck_fails(withdraw(bench), VPRIV_E_BUSY);
    ck_fails(erase(bench), VPRIV_E_BUSY);
    ck_fails(hear(bench), VPRIV_E_BUSY);
    ck_fails(tidy(bench), VPRIV_E_BUSY);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_ok(vpriv_vault_about(life->vault, &after));
    ck_assert_uint_eq(before.generation, after.generation);
    ck_assert_uint_eq(before.log_size, after.log_size);
    ck_assert_uint_eq(before.n_recordings, after.n_recordings);
    ck_assert_uint_eq(root, life->root.record[20]);
    ck_ok(withdraw(bench));
    life_goes_on(life);
    life_end(life);
    free(bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: memory and locks");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_loop_test(
        tcase, a_failed_allocation_is_reported_and_changes_nothing_by_half, 0, N_WORKLOADS);
    tcase_add_loop_test(tcase, a_failed_allocation_while_recording_ends_it_cleanly, 0, 2);
    tcase_add_test(tcase, memory_that_cannot_be_locked_is_a_clear_error);
    tcase_add_test(tcase, a_held_vault_is_busy_and_unchanged);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
