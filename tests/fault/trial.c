#include "fault/trial.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MOST 120

struct field_file {
    char name[64];
    uint8_t *bytes;
    size_t n_bytes;
};

static struct result *result; /* shared with the children */

/* ---- The files all trials begin from ---- */

static int remove_below(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    return at->level > 0 ? remove(path) : 0;
}

static void empty_folder(const struct field *field)
{
    ck_assert_int_eq(nftw(field->s->life.folder, remove_below, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void keep_files(struct field *field)
{
    DIR *entries = opendir(field->s->life.folder);
    ck_assert_ptr_nonnull(entries);
    field->files = calloc(32, sizeof *field->files);
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        struct field_file *file = &field->files[field->n_files];
        struct stat info;
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_uint_lt(field->n_files, 32);
        snprintf(file->name, sizeof file->name, "%.60s", entry->d_name);
        const int fd = open(sweep_beside(field->s, file->name), O_RDONLY);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &info), 0);
        file->n_bytes = (size_t)info.st_size;
        file->bytes = malloc(file->n_bytes + 1);
        ck_assert_ptr_nonnull(file->bytes);
        ck_assert_int_eq(pread(fd, file->bytes, file->n_bytes, 0), (ssize_t)file->n_bytes);
        close(fd);
        field->n_files++;
    }
    closedir(entries);
}

static void put_files_back(const struct field *field)
{
    empty_folder(field);
    for (size_t i = 0; i < field->n_files; i++) {
        const struct field_file *file = &field->files[i];
        const int fd = open(sweep_beside(field->s, file->name), O_WRONLY | O_CREAT | O_EXCL, 0600);
        ck_assert_int_ge(fd, 0);
        /* Holes stay holes: the reserve is long and empty. */
        if (strcmp(file->name, "v-reserve") != 0)
            ck_assert_int_eq(pwrite(fd, file->bytes, file->n_bytes, 0), (ssize_t)file->n_bytes);
        ck_assert_int_eq(ftruncate(fd, (off_t)file->n_bytes), 0);
        close(fd);
    }
}

/* ---- Children ---- */

static bool has_vault(const struct field *field)
{
    return access(field->s->life.path, F_OK) == 0;
}

static void say(const char *problem, const char *more)
{
    const size_t n = strlen(result->problem);
    snprintf(result->problem + n, sizeof result->problem - n, "%s%s%s%.400s", n ? "; " : "",
        problem, more ? ": " : "", more ? more : "");
}

static void say_kept(const char *problem, struct faults_held kept)
{
    char text[128];
    snprintf(text, sizeof text, "%lld allocations, %lld bytes mapped, %lld files",
        (long long)kept.n_allocations, (long long)kept.n_mapped_bytes, (long long)kept.n_files);
    say(problem, text);
}

static void attempt(struct field *field, const struct faults_plan *plan)
{
    struct sweep *s = field->s;
    if (field->operation->prepare)
        field->operation->prepare(s);
    s->n_out = 0;
    s->detail[0] = '\0';
    faults_arm(plan);
    result->status = field->operation->act(s);
    faults_disarm();
    snprintf(result->detail, sizeof result->detail, "%s",
        s->detail[0] ? s->detail : vpriv_error_detail());
    result->n_hits = faults_hits();
    for (unsigned i = 0; i < FAULTS_N_KINDS; i++)
        result->n_seen[i] = faults_seen(FAULTS_BIT(i));
    result->n_out = s->n_out;
    memcpy(result->recovery_key, s->recovery_key, sizeof result->recovery_key);
}

/* Whether a connection of its own may write, and whether nobody holds an old snapshot or a recorder's lock. */
static void look_for_locks(const struct field *field, bool may_fold)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    if (!has_vault(field))
        return;
    if (sqlite3_open_v2(field->s->life.path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        say("the vault file does not open", sqlite3_errmsg(database));
    else if (sqlite3_exec(database, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        say("the write lock is kept", sqlite3_errmsg(database));
    if (may_fold &&
        sqlite3_prepare_v2(database, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0)
        say("a snapshot is kept", NULL);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    const int fd = open(sweep_beside(field->s, "v-lock"), O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        say("a recorder's lock is kept", NULL);
    if (fd >= 0)
        close(fd);
}

/* The root key may have moved to another file. */
static vpriv_status open_what_is_left(struct sweep *s)
{
    vpriv_status st = life_open(&s->life);
    if (st != VPRIV_OK && access(sweep_beside(s, "new.root"), F_OK) == 0) {
        ck_ok(vpriv_root_file_open(sweep_beside(s, "new.root"), &s->new_store));
        const vpriv_vault_options options = {.struct_size = sizeof options};
        st = vpriv_vault_open(s->life.path, s->new_store, &options, &s->life.vault);
        s->has_moved = st == VPRIV_OK;
    }
    return st;
}

static void begin(struct field *field)
{
    if (!(field->operation->flags & (SWEEP_EMPTY | SWEEP_SHUT)))
        ck_ok(open_what_is_left(field->s));
}

static void end(struct field *field)
{
    sweep_finish(field->s);
    life_close(&field->s->life);
    vpriv_root_close(field->s->new_store);
    field->s->new_store = NULL;
    if (field->operation->flags & SWEEP_EMPTY) {
        vpriv_keyring_close(field->s->life.owner);
        field->s->life.owner = NULL;
    }
}

static struct faults_held less(struct faults_held a, struct faults_held b)
{
    return (struct faults_held){a.n_allocations - b.n_allocations,
        a.n_mapped_bytes - b.n_mapped_bytes, a.n_files - b.n_files};
}

/* The call, with a fault in it; and again without, on the same handle. */
static void try_again(struct field *field)
{
    const struct result first = *result;
    sweep_finish(field->s);
    if (field->operation->flags & (SWEEP_EMPTY | SWEEP_SHUT))
        end(field);
    attempt(field, NULL);
    const vpriv_status again = result->status;
    *result = first;
    result->is_again = true;
    result->again = again;
}

static void work(struct field *field, const struct faults_plan *plan, bool tries_again, bool twice)
{
    const bool loses = plan && plan->way == FAULTS_LOSE;
    faults_begin();
    const struct faults_held before = faults_held_now();
    begin(field);
    attempt(field, plan);
    if (twice || (result->status != VPRIV_OK && tries_again))
        try_again(field);
    if (loses) { /* and then the power goes */
        if (!faults_lose(field->s->life.folder))
            say("the pages could not be lost", NULL);
        return;
    }
    sweep_finish(field->s);
    look_for_locks(field, true);
    end(field);
    result->kept = less(faults_held_now(), before);
}

/* The same call twice: what the first one leaves is the libraries', the second must leave nothing. */
static void work_twice(struct field *field)
{
    work(field, NULL, false, false);
    const struct faults_held first = result->kept;
    if (field->operation->flags & SWEEP_EMPTY)
        empty_folder(field);
    else
        put_files_back(field);
    work(field, NULL, false, false);
    if (result->kept.n_allocations > 0 || result->kept.n_mapped_bytes > 0 ||
        result->kept.n_files > 0)
        say_kept("the second time it leaks", result->kept);
    result->kept = first;
}

static void verify(struct field *field)
{
    vpriv_verification found = {.struct_size = sizeof found};
    const vpriv_status st =
        vpriv_vault_verify(field->s->life.vault, field->s->life.owner, NULL, NULL, &found);
    if (st != VPRIV_OK || found.n_findings)
        say("it does not verify", vpriv_error_detail());
}

/* The names of files come last. */
static size_t without_files(const char *picture)
{
    if (strncmp(picture, "file ", 5) == 0)
        return 0;
    const char *end = strstr(picture, "\nfile ");
    return end ? (size_t)(end + 1 - picture) : strlen(picture);
}

static bool is_same(const char *a, const char *b, bool with_files)
{
    const size_t n = without_files(a);
    return with_files ? strcmp(a, b) == 0 : without_files(b) == n && memcmp(a, b, n) == 0;
}

/* What is left. */
static void look(struct field *field, bool goes_on, bool may_stay)
{
    struct sweep *s = field->s;
    if (!has_vault(field)) {
        if (!(field->operation->flags & SWEEP_EMPTY))
            say("the vault is gone", NULL);
        sweep_names(s, result->picture, sizeof result->picture);
        return;
    }
    if (open_what_is_left(s) != VPRIV_OK) {
        if (!(field->operation->flags & SWEEP_EMPTY && may_stay))
            say("it does not open any more", vpriv_error_detail());
        return;
    }
    verify(field);
    char *picture = sweep_picture(s);
    snprintf(result->picture, sizeof result->picture, "%s", picture);
    if (strlen(picture) >= sizeof result->picture)
        say("the picture is too large", NULL);
    free(picture);
    end(field);
    if (!goes_on || is_same(result->picture, field->after, !may_stay))
        return;
    begin(field);
    const struct result first = *result;
    attempt(field, NULL);
    const vpriv_status again = result->status;
    *result = first;
    if (again != VPRIV_OK)
        say("it cannot be finished", vpriv_error_detail());
    end(field);
}

/* Run in a child; false when it did not come back. */
static bool in_child(struct field *field, void (*run)(struct field *, void *), void *user)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const char *patience = getenv("CK_TIMEOUT_MULTIPLIER"); /* under a tool that is slow */
        alarm(SECONDS_MOST * (patience ? (unsigned)atoi(patience) : 1));
        run(field, user);
        result->is_done = true;
        _exit(0);
    }
    result->was_locked = false;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char text[64];
        snprintf(text, sizeof text, WIFSIGNALED(status) ? "signal %d" : "exit %d",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        say("the program ended", text);
        return false;
    }
    return true;
}

struct order {
    const struct faults_plan *plan;
    bool tries_again, twice, goes_on;
    bool may_stay; /* a file that was begun: it could not be removed */
};

static void run_work(struct field *field, void *user)
{
    const struct order *order = user;
    work(field, order->plan, order->tries_again, order->twice);
}

static void run_twice(struct field *field, void *user)
{
    (void)user;
    work_twice(field);
}

static void run_look(struct field *field, void *user)
{
    const struct order *order = user;
    memcpy(field->s->recovery_key, result->recovery_key, sizeof result->recovery_key);
    look(field, order->goes_on, order->may_stay);
}

/* ---- Fields ---- */

static void settle(struct field *field)
{
    struct sweep *s = field->s;
    const vpriv_derivative words = {.struct_size = sizeof words,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .made_by = "tester",
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    ck_ok(life_create(&s->life));
    life_settle_in(&s->life);
    ck_ok(vpriv_subject_add(s->life.vault, VPRIV_SUBJECT_USER, "Bob", NULL, s->bob));
    life_record(&s->life, 100, 300, &s->recordings[0]);
    life_record(&s->life, 40, 500, &s->recordings[1]);
    ck_ok(
        vpriv_derivative_add(s->life.vault, &s->recordings[0], &words, "sound", 5, &s->derivative));
    if (field->operation->settle)
        field->operation->settle(s);
    s->n_out = 0;
    life_close(&s->life);
}

static char *picture_now(struct field *field)
{
    struct order order = {0};
    char key[sizeof result->recovery_key];
    memcpy(
        key, result->recovery_key[0] ? result->recovery_key : field->s->recovery_key, sizeof key);
    memset(result, 0, sizeof *result);
    memcpy(result->recovery_key, key, sizeof key);
    ck_assert_msg(in_child(field, run_look, &order) && !result->problem[0], "%s: %s",
        field->operation->name, result->problem);
    char *text = strdup(result->picture);
    ck_assert_ptr_nonnull(text);
    return text;
}

void field_open(struct field *field, const struct operation *operation)
{
    struct order order = {0};
    char root[LIFE_PATH_BYTES + 64];
    memset(field, 0, sizeof *field);
    field->operation = operation;
    ck_assert_int_eq(sqlite3_initialize(), SQLITE_OK);
    field->s = calloc(1, sizeof *field->s);
    ck_assert_ptr_nonnull(field->s);
    if (!result)
        result =
            mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(result != MAP_FAILED);
    life_begin(&field->s->life);
    vpriv_root_close(field->s->life.store);
    snprintf(root, sizeof root, "%s", sweep_beside(field->s, "root"));
    ck_ok(vpriv_root_file_open(root, &field->s->life.store));
    if (!(operation->flags & SWEEP_EMPTY))
        settle(field);
    keep_files(field);
    memset(result, 0, sizeof *result);
    field->before = picture_now(field);
    put_files_back(field);
    memset(result, 0, sizeof *result);
    ck_assert_msg(in_child(field, run_work, &order), "%s: %s", operation->name, result->problem);
    ck_assert_msg(result->status == VPRIV_OK && !result->problem[0],
        "%s without a fault: %s: %s; %s", operation->name, vpriv_status_text(result->status),
        result->detail, result->problem);
    field->n_out = result->n_out;
    field->after = picture_now(field);
    put_files_back(field);
    memset(result, 0, sizeof *result);
    order.twice = true;
    ck_assert(in_child(field, run_work, &order));
    field->twice = picture_now(field);
    order.twice = false;
    put_files_back(field);
    memset(result, 0, sizeof *result);
    ck_assert_msg(in_child(field, run_twice, &order) && !result->problem[0], "%s: %s",
        operation->name, result->problem);
    field->kept = result->kept;
}

void field_close(struct field *field)
{
    for (size_t i = 0; i < field->n_files; i++)
        free(field->files[i].bytes);
    free(field->files);
    free(field->before);
    free(field->after);
    free(field->twice);
    life_end(&field->s->life);
    free(field->s);
}

void trial_count(struct field *field, uint64_t n_seen_out[FAULTS_N_KINDS])
{
    struct order order = {0};
    put_files_back(field);
    memset(result, 0, sizeof *result);
    ck_assert(in_child(field, run_work, &order));
    memcpy(n_seen_out, result->n_seen, sizeof result->n_seen);
}

/* ---- Judging ---- */

/* Where no name can be removed, or looked at, one may be left. */
static bool may_stay(const struct fault *fault)
{
    return fault->kinds & (FAULTS_BIT(FAULTS_NAME) | FAULTS_BIT(FAULTS_LOOK));
}

/* Where nothing opens, syncs or is written any more, a new vault's root key may be left in its store. */
static bool is_key_alone(const struct field *field, const struct fault *fault)
{
    return field->operation->flags & SWEEP_EMPTY &&
           (fault->way == FAULTS_ON || fault->way == FAULTS_HALF) &&
           strcmp(result->picture, "file root\n") == 0;
}

static void judge_detail(const struct fault *fault)
{
    static const char *const secrets[] = {
        "Ada", "Bob", "Cleo", "hear it again", SWEEP_PHRASE, "hedgehog", SWEEP_REASON};
    if (!(fault->answers >> -(int)result->status & 1))
        say(vpriv_status_text(result->status), result->detail);
    if (!result->detail[0])
        say("it does not say what was wrong", vpriv_status_text(result->status));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (strstr(result->detail, secrets[i]))
            say("it tells too much", result->detail);
    for (const char *c = result->detail; *c; c++)
        if ((uint8_t)*c < ' ' || (uint8_t)*c > '~')
            say("it tells what is no text", NULL);
}

static void judge_picture(const struct field *field, const struct fault *fault)
{
    const unsigned flags = field->operation->flags;
    const bool with_files = !may_stay(fault);
    const bool is_alone = is_key_alone(field, fault);
    const bool is_before = is_alone || is_same(result->picture, field->before, with_files);
    const bool is_after = is_same(result->picture, field->after, with_files);
    const bool is_twice = is_same(result->picture, field->twice, with_files);
    if (result->is_again) {
        const bool stayed = result->again == VPRIV_E_EXISTS && (is_alone || !with_files);
        if (result->again != VPRIV_OK && !is_after && !stayed)
            say("trying again failed", vpriv_status_text(result->again));
        if (!is_after && !is_twice && !stayed && (!(flags & SWEEP_STEPS) || flags & SWEEP_FINISHES))
            say("trying again gave something else", life_difference(field->after, result->picture));
    } else if (result->status == VPRIV_OK) {
        if (!is_after && !(flags & SWEEP_THREADS))
            say("not what it should be", life_difference(field->after, result->picture));
        if (result->n_out != field->n_out)
            say("it gave out less, or more", NULL);
    } else if (!is_before && !is_after && !(flags & SWEEP_STEPS)) {
        say("half there", life_difference(field->before, result->picture));
    }
}

static void judge_kept(const struct field *field, const struct fault *fault)
{
    const struct faults_held kept = less(result->kept, field->kept);
    if (fault->way == FAULTS_LOSE)
        return; /* it ended without closing anything */
    if (kept.n_allocations > 0 || kept.n_mapped_bytes > 0 || kept.n_files > 0)
        say_kept("it leaks", kept);
}

const char *trial_run(
    struct field *field, const struct fault *fault, uint64_t n, bool *hit_out, vpriv_status *out)
{
    const struct faults_plan plan = {fault->kinds, fault->way, fault->error, n};
    struct order order = {
        .plan = &plan, .tries_again = !fault->at_once && (n % 2 == 0 || fault->way == FAULTS_LOSE)};
    put_files_back(field);
    memset(result, 0, offsetof(struct result, picture));
    result->picture[0] = '\0';
    result->problem[0] = '\0';
    const bool came_back = in_child(field, run_work, &order);
    if (!came_back && fault->stops_program && strstr(result->problem, "signal 6")) {
        result->problem[0] = '\0';
        result->n_hits = 1;
        result->status = VPRIV_E_INTERNAL;
    }
    *hit_out = result->n_hits > 0;
    *out = result->status;
    if (result->problem[0] || !*hit_out)
        return result->problem[0] ? result->problem : NULL;
    if (came_back && result->status != VPRIV_OK)
        judge_detail(fault);
    if (came_back)
        judge_kept(field, fault);
    order.may_stay = !came_back || may_stay(fault);
    if (!result->recovery_key[0])
        memcpy(result->recovery_key, field->s->recovery_key, sizeof result->recovery_key);
    order.goes_on = result->status != VPRIV_OK && !result->is_again &&
                    field->operation->flags & SWEEP_STEPS && came_back;
    in_child(field, run_look, &order);
    judge_picture(field, fault);
    return result->problem[0] ? result->problem : NULL;
}
