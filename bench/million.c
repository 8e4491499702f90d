/* One vault with very many recordings: what must not depend on their number. */
#include "bench.h"
#include "fill.h"
#include "plans.h"
#include "vault/decision.h"
#include "vault/header.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <voicepriv/gate.h>
#include <voicepriv/retention.h>

#define HOUR_US INT64_C(3600000000)

typedef struct crowd {
    bench_filled filled;
    vpriv_keyring *credential;
    vpriv_vault *opened; /* by the open tasks */
    vpriv_reader *reader;
    vpi_recording *recording;
    uint32_t next; /* number of the recording that is used next */
    uint32_t n_chosen;
    uint64_t n_listed;
} crowd;

typedef struct person {
    crowd *crowd;
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
} person;

/* Those of the recordings, and one who is in none and changes their mind often. */
#define IN_NONE  BENCH_N_PEOPLE
#define N_PEOPLE (BENCH_N_PEOPLE + 1)
#define N_BEFORE 100

static void open_owner(void *user)
{
    crowd *c = user;
    BENCH_TRY(vpriv_vault_open(c->filled.vault.path, c->filled.vault.root, NULL, &c->opened));
}

static void open_capture(void *user)
{
    crowd *c = user;
    BENCH_TRY(vpriv_vault_open_for_capture(c->filled.vault.path, c->credential, NULL, &c->opened));
}

static void close_opened(void *user)
{
    vpriv_vault_close(((crowd *)user)->opened);
}

/* What is not being written goes out of the system's cache of the file. */
static void forget_file(void *user)
{
    const crowd *c = user;
    const int fd = open(c->filled.vault.path, O_RDONLY);
    if (fd < 0 || fdatasync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        bench_die("%s: cannot be dropped from the cache", c->filled.vault.path);
    close(fd);
}

/* Recordings that open are the hundredth ones; those between are erased, none of them twice. */
#define STRIDE 611953u /* a prime */

static void choose_openable(void *user)
{
    crowd *c = user;
    c->next = (uint32_t)((uint64_t)++c->n_chosen * STRIDE % c->filled.n_recordings);
    c->next -= c->next % BENCH_FILL_OPENABLE;
}

static void choose_erasable(void *user)
{
    crowd *c = user;
    do
        c->next = (uint32_t)((uint64_t)++c->n_chosen * STRIDE % c->filled.n_recordings);
    while (c->next % BENCH_FILL_OPENABLE == 0);
}

static void erase_one(void *user)
{
    crowd *c = user;
    BENCH_TRY(vpriv_vault_erase(c->filled.vault.vault, &c->filled.ids[c->next], 1, NULL));
}

static void give(void *user)
{
    const person *p = user;
    bench_consent(p->crowd->filled.vault.vault, p->id, VPRIV_PURPOSE_HUMAN_REVIEW, true);
}

static void withdraw(void *user)
{
    const person *p = user;
    bench_consent(p->crowd->filled.vault.vault, p->id, VPRIV_PURPOSE_HUMAN_REVIEW, false);
}

static bool count_one(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ((crowd *)user)->n_listed++;
    return true;
}

static void list_person(void *user)
{
    crowd *c = user;
    const vpriv_recording_filter filter = {
        .struct_size = sizeof filter, .subject = c->filled.people[BENCH_IN_THOUSANDTH]};
    c->n_listed = 0;
    BENCH_TRY(vpriv_recording_list(c->filled.vault.vault, &filter, count_one, c));
}

static void list_hour(void *user)
{
    crowd *c = user;
    vpriv_recording_filter filter = {.struct_size = sizeof filter};
    filter.since_us = c->filled.first_us + c->next * BENCH_FILL_GAP_US;
    filter.until_us = filter.since_us + HOUR_US;
    c->n_listed = 0;
    BENCH_TRY(vpriv_recording_list(c->filled.vault.vault, &filter, count_one, c));
}

static void about(void *user)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    BENCH_TRY(vpriv_vault_about(((crowd *)user)->filled.vault.vault, &info));
}

static void open_gate(void *user)
{
    crowd *c = user;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "bench"};
    BENCH_TRY(vpriv_gate_open(c->filled.vault.vault, c->filled.vault.keyring,
        &c->filled.ids[c->next], &request, &c->reader));
}

static void close_gate(void *user)
{
    vpriv_gate_close(((crowd *)user)->reader);
}

static void decide_capture(void *user)
{
    crowd *c = user;
    vpriv_vault *vault = c->filled.vault.vault;
    const vpi_voices voices = {.subjects = c->filled.people[BENCH_IN_ALL],
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES};
    uint32_t reasons = 1;
    bool began = false;
    BENCH_TRY(vpi_vault_enter(vault, false));
    BENCH_TRY(vpi_vault_read_begin(vault, &began));
    BENCH_TRY(vpi_decide_capture(
        vault, &voices, VPRIV_PURPOSE_KEEP_HISTORY, VPRIV_RETENTION_90_DAYS, &reasons, NULL));
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    if (reasons != 0)
        bench_die("capture was denied: %#x", reasons);
}

static void decide_read(void *user)
{
    crowd *c = user;
    vpriv_vault *vault = c->filled.vault.vault;
    uint32_t reasons = 1;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    bool began = false;
    BENCH_TRY(vpi_vault_enter(vault, true));
    BENCH_TRY(vpi_vault_read_begin(vault, &began));
    BENCH_TRY(vpi_recording_load(vault, (int64_t)c->next + 1, c->recording));
    BENCH_TRY(vpi_decide_read(
        vault, c->recording, VPRIV_PURPOSE_KEEP_HISTORY, NULL, &reasons, record_id));
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    if (reasons != 0)
        bench_die("reading was denied: %#x", reasons);
}

static void tidy_step(void *user)
{
    BENCH_TRY(vpriv_vault_tidy(((crowd *)user)->filled.vault.vault, 1, NULL));
}

/* The last one, which empties the system's cache, comes when the others are through. */
enum {
    OPEN,
    OPEN_CAPTURE,
    ERASE,
    LIST_PERSON,
    LIST_HOUR,
    GATE,
    DECIDE_CAPTURE,
    DECIDE_READ,
    WITHDRAW_THOUSANDTH,
    WITHDRAW_TENTH,
    WITHDRAW_ALL,
    WITHDRAW_OFTEN,
    TIDY,
    ABOUT,
    OPEN_COLD,
    N_TASKS
};

static const char *const names[N_TASKS] = {[OPEN] = "open the vault",
    [OPEN_COLD] = "open it when nothing of the file is in memory",
    [OPEN_CAPTURE] = "open it for capture",
    [ERASE] = "erase one recording",
    [LIST_PERSON] = "list a person who speaks in one of 1,000",
    [LIST_HOUR] = "list an hour (120 recordings)",
    [GATE] = "gate: decide, log, unwrap",
    [DECIDE_CAPTURE] = "consent decision before recording",
    [DECIDE_READ] = "load a recording and decide at the gate",
    [WITHDRAW_THOUSANDTH] = "withdraw, of a person in one of 1,000",
    [WITHDRAW_TENTH] = "withdraw, of a person in one of 10",
    [WITHDRAW_ALL] = "withdraw, of a person in all",
    [WITHDRAW_OFTEN] = "withdraw, after giving and withdrawing 100 times",
    [TIDY] = "one step of housekeeping",
    [ABOUT] = "count everything"};

static const double aims_ms[N_TASKS] = {
    [OPEN] = 5, [ERASE] = 2, [WITHDRAW_THOUSANDTH] = 2, [WITHDRAW_TENTH] = 2, [WITHDRAW_ALL] = 2};

static void set_up(crowd *c, person people[N_PEOPLE], bench_repeated tasks[N_TASKS])
{
    for (int i = 0; i < N_PEOPLE; i++) {
        people[i].crowd = c;
        if (i == IN_NONE)
            bench_subject_add(c->filled.vault.vault, people[i].id);
        else
            memcpy(people[i].id, c->filled.people[i], sizeof people[i].id);
    }
    person *all = &people[BENCH_IN_ALL], *tenth = &people[BENCH_IN_TENTH],
           *thousandth = &people[BENCH_IN_THOUSANDTH], *often = &people[IN_NONE];
    for (int i = 0; i < N_BEFORE; i++) {
        give(often);
        withdraw(often);
    }
    for (int i = 0; i < BENCH_N_PEOPLE; i++)
        withdraw(&people[i]); /* so that each turn can begin with giving */
    tasks[OPEN] = (bench_repeated){NULL, open_owner, close_opened, c, 10, {0}, {0}};
    tasks[OPEN_COLD] = (bench_repeated){forget_file, open_owner, close_opened, c, 1, {0}, {0}};
    tasks[OPEN_CAPTURE] = (bench_repeated){NULL, open_capture, close_opened, c, 10, {0}, {0}};
    tasks[ERASE] = (bench_repeated){choose_erasable, erase_one, NULL, c, 20, {0}, {0}};
    tasks[LIST_PERSON] = (bench_repeated){NULL, list_person, NULL, c, 1, {0}, {0}};
    tasks[LIST_HOUR] = (bench_repeated){choose_openable, list_hour, NULL, c, 3, {0}, {0}};
    tasks[GATE] = (bench_repeated){choose_openable, open_gate, close_gate, c, 20, {0}, {0}};
    tasks[DECIDE_CAPTURE] = (bench_repeated){NULL, decide_capture, NULL, c, 50, {0}, {0}};
    tasks[DECIDE_READ] = (bench_repeated){choose_openable, decide_read, NULL, c, 50, {0}, {0}};
    tasks[WITHDRAW_THOUSANDTH] = (bench_repeated){give, withdraw, NULL, thousandth, 1, {0}, {0}};
    tasks[WITHDRAW_TENTH] = (bench_repeated){give, withdraw, NULL, tenth, 1, {0}, {0}};
    tasks[WITHDRAW_ALL] = (bench_repeated){give, withdraw, NULL, all, 1, {0}, {0}};
    tasks[WITHDRAW_OFTEN] = (bench_repeated){give, withdraw, NULL, often, 1, {0}, {0}};
    tasks[TIDY] = (bench_repeated){NULL, tidy_step, NULL, c, 10, {0}, {0}};
    tasks[ABOUT] = (bench_repeated){NULL, about, NULL, c, 1, {0}, {0}};
}

/* Each task once more on a connection that is watched. */
static void watch(crowd *c, bench_repeated tasks[N_TASKS], bool print)
{
    vpriv_vault_close(c->filled.vault.vault);
    bench_plans_start();
    bench_plans_label(names[OPEN]);
    BENCH_TRY(
        vpriv_vault_open(c->filled.vault.path, c->filled.vault.root, NULL, &c->filled.vault.vault));
    for (int i = OPEN_CAPTURE; i < N_TASKS; i++) {
        if (i == ABOUT || i == OPEN_COLD)
            continue;
        bench_plans_label("preparing");
        if (tasks[i].before)
            tasks[i].before(tasks[i].user);
        bench_plans_label(names[i]);
        tasks[i].run(tasks[i].user);
        if (tasks[i].after)
            tasks[i].after(tasks[i].user);
    }
    const int n_bad = bench_plans_finish(c->filled.vault.path, print);
    bench_row_one("statements of these that walk over a large table", "", n_bad, BENCH_AT_MOST, 0);
}

static void report_file(const crowd *c)
{
    struct stat info;
    if (stat(c->filled.vault.path, &info) != 0)
        bench_die("%s: cannot be read", c->filled.vault.path);
    const double bytes = (double)info.st_size / c->filled.n_recordings;
    bench_row_one("file per recording with one block", "bytes", bytes, BENCH_NO_GOAL, 0);
}

/* A vault that was opened anew looks at every recording, a transaction for each call here. */
static void report_round(const crowd *c)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    const double start = bench_wall_ns();
    double longest_ns = 0;
    do {
        const double began = bench_wall_ns();
        BENCH_TRY(vpriv_retention_run(c->filled.vault.vault, 0, &report));
        const double took_ns = bench_wall_ns() - began;
        longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
    } while (!report.is_done);
    const double whole_ns = bench_wall_ns() - start;
    if (report.is_held || report.n_expired != 0)
        bench_die("a round over what is not due was held, or destroyed something");
    bench_row_one(
        "retention's daily round: look at every recording", "s", whole_ns * 1e-9, BENCH_NO_GOAL, 0);
    bench_row_one("  the longest transaction of that", "ms", longest_ns * 1e-6, BENCH_NO_GOAL, 0);
}

void bench_million(const bench_setting *setting)
{
    crowd c = {.next = 0};
    person people[N_PEOPLE];
    bench_repeated tasks[N_TASKS];
    char title[96];
    if (setting->n_recordings == 0)
        return;
    snprintf(title, sizeof title, "A vault with %u recordings", setting->n_recordings);
    bench_group(title);
    const double start = bench_wall_ns();
    bench_fill(setting->folder, "million", setting->n_recordings, &c.filled);
    bench_row_one("fill it (with a short cut, see doc/performance.md)", "s",
        (bench_wall_ns() - start) * 1e-9, BENCH_NO_GOAL, 0);
    report_file(&c);
    c.recording = bench_alloc(sizeof *c.recording);
    BENCH_TRY(vpriv_vault_capture_credential(c.filled.vault.vault, &c.credential));
    set_up(&c, people, tasks);
    sync(); /* what the filling left unwritten is not to be paid for by the first commits */
    bench_repeat(tasks, OPEN_COLD);
    bench_repeat(&tasks[OPEN_COLD], 1);
    for (int i = 0; i < N_TASKS; i++) {
        bench_row_ms(names[i], tasks[i].wall_ns, aims_ms[i]);
        if (aims_ms[i] > 0)
            bench_row_ms("  of that, CPU", tasks[i].cpu_ns, 0);
    }
    bench_row_ratio("withdraw: person in all ÷ person in one of 1,000", tasks[WITHDRAW_ALL].wall_ns,
        tasks[WITHDRAW_THOUSANDTH].wall_ns, BENCH_AT_MOST, 1.25);
    report_round(&c);
    watch(&c, tasks, setting->with_plans);
    free(c.recording);
    vpriv_keyring_close(c.credential);
    bench_fill_close(&c.filled);
}
