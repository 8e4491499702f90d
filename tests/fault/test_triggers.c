/* A thousand triggers, of which a hundred are meant (P5): the others are rejected, time out, are muted or
 * stopped away, lose their source or their consent, or the recorder is killed. In the end there are
 * exactly a hundred recordings, and neither the files nor any copy of them that was made while a trigger
 * was undecided holds anything else that opens, with all keys of now and all roots of the past. */
#include "fault/attack.h"
#include "fault/shift.h"
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

#define N_SHIFTS        100
#define N_TRIGGERS      (N_SHIFTS * SHIFT_TRIGGERS)
#define N_CONFIRMED     100
#define N_DAYS          3
#define CONTROL_EVERY   24 /* confirmed ones between two whose copies are attacked at once */
#define PAGE_BYTES      4096
#define WAL_HEAD_BYTES  32
#define WAL_FRAME_BYTES (24 + PAGE_BYTES)

/* How many of each end how; what is killed is the last of each shift. */
static const uint32_t n_of[N_FATES] = {
    [CONFIRMED] = N_CONFIRMED,
    [REJECTED] = 360,
    [TIMED_OUT] = 240,
    [STOPPED] = 50,
    [CLOSED] = 30,
    [MUTED] = 60,
    [SOURCE_ENDED] = 40,
    [WITHDRAWN] = 20,
    [KILLED] = 60,
    [KILLED_AT_WORK] = 40,
};

static household h;
static vpriv_keyring *credential;
static struct plan plans[N_TRIGGERS];
static struct truth *truths; /* shared with the recording processes */
static struct attack *attack;
static uint32_t day;
static uint64_t counted[N_DAYS][SHIFT_KINDS]; /* false wakes, as they must be counted */
static size_t n_confirmed, n_controls[2];     /* with the root, and without */

static size_t index_of_kind(vpriv_trigger_kind kind)
{
    size_t i = 0;
    while (i < SHIFT_KINDS && shift_kinds[i] != kind)
        i++;
    ck_assert_uint_lt(i, SHIFT_KINDS);
    return i;
}

static bool counts(enum fate fate)
{
    return fate == REJECTED || fate == TIMED_OUT || fate == STOPPED || fate == CLOSED ||
           fate == MUTED;
}

/* ---- Looking at the files while they are used ---- */

static uint8_t *read_file(const char *path, size_t *n_out)
{
    FILE *file = fopen(path, "rb");
    *n_out = 0;
    if (!file)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    const long n = ftell(file);
    ck_assert_int_ge(n, 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)n + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)n, file), (size_t)n);
    fclose(file);
    *n_out = (size_t)n;
    return bytes;
}

static bool holds(const uint8_t *bytes, size_t n_bytes, const uint8_t key[VPI_KEY_BYTES])
{
    return memmem(bytes, n_bytes, key, VPI_KEY_BYTES) != NULL;
}

/* In the raw files: no key of the trigger at hand; and every page for the attacker, whatever became of it. */
static void search_file(const char *path, const struct truth *truth)
{
    size_t n_bytes = 0;
    uint8_t *bytes = read_file(path, &n_bytes);
    const size_t head = strstr(path, "-wal") ? WAL_HEAD_BYTES : 0;
    const size_t step = head ? WAL_FRAME_BYTES : PAGE_BYTES, before = step - PAGE_BYTES;
    if (!bytes)
        return;
    if (truth && truth->n_sealed > 0) {
        ck_assert(!holds(bytes, n_bytes, truth->keys.recording_key));
        ck_assert(!holds(bytes, n_bytes, truth->keys.shred_key));
        ck_assert(!holds(bytes, n_bytes, truth->keys.block_key));
    }
    for (size_t at = head; at + step <= n_bytes; at += step)
        attack_add_page(attack, bytes + at + before, PAGE_BYTES);
    free(bytes);
}

/* A copy of the files as they are, for the attacker to keep. */
static void look(const char *name, const struct truth *truth)
{
    char path[PATH_BYTES], wal[PATH_BYTES + 8];
    household_copy(&h, name);
    household_file(&h, name, path);
    snprintf(wal, sizeof wal, "%s-wal", path);
    search_file(path, truth);
    search_file(wal, truth);
    ck_assert(attack_add_database(attack, path));
}

struct tally {
    const uint8_t *recording_id;
    uint32_t n_there, n_open;
};

static void tally_block(void *user, const struct attack_block *block)
{
    struct tally *tally = user;
    if (memcmp(block->recording_id, tally->recording_id, VPI_RECORDING_ID_BYTES) != 0)
        return;
    tally->n_there++;
    tally->n_open += block->is_open;
}

/* What somebody finds who has this copy alone, and all that is secret now. */
static struct tally attack_copy(const struct truth *truth)
{
    char path[PATH_BYTES];
    struct tally tally = {.recording_id = truth->bond.recording_id};
    struct attack *once = attack_create(h.cell->record, h.keyring);
    household_file(&h, "copy", path);
    ck_assert(attack_add_database(once, path));
    attack_add_root(once, h.cell->record);
    attack_solve(once);
    attack_blocks(once, tally_block, &tally);
    attack_destroy(once);
    return tally;
}

/* ---- Triggers ---- */

/* By somebody with the root, while the recorder goes on. */
static void with_the_root(void (*act)(household *, const uint8_t *, vpriv_purpose))
{
    household_reopen(&h);
    act(&h, h.bob, KEEP);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    attack_add_root(attack, h.cell->record);
}

/* That the attacker finds a recording once it is confirmed, and not before. */
static void control(const struct truth *truth, bool is_confirmed)
{
    const struct tally tally = attack_copy(truth);
    ck_assert_uint_gt(tally.n_there, 0);
    ck_assert_uint_eq(tally.n_open, is_confirmed ? tally.n_there : 0);
}

static void confirm_one(const struct shift *shift, const struct plan *plan, struct truth *truth)
{
    const bool is_control = n_confirmed++ % CONTROL_EVERY < 2;
    look("copy", truth);
    if (is_control && plan->has_blocks)
        control(truth, false);
    shift_go_on(shift);
    shift_expect(shift, STEP_CONFIRMED);
    if (is_control) {
        look("copy", NULL);
        control(truth, true);
        n_controls[shift->credential != NULL]++;
    }
}

/* Rows of triggers that are neither confirmed nor at hand. */
static void ck_no_strays(void)
{
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM recording WHERE state = 1 AND NOT EXISTS"
                            " (SELECT 1 FROM ingest WHERE recording = recording.id)"),
        0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block WHERE id >> 24 NOT IN"
                                         " (SELECT id FROM recording)"),
        0);
}

static void kill_one(
    struct shift *shift, const struct plan *plan, const struct truth *truth, unsigned *seed)
{
    look("copy", truth);
    if (plan->fate == KILLED_AT_WORK) {
        const struct timespec nap = {0, rand_r(seed) % 20000000};
        shift_go_on(shift);
        nanosleep(&nap, NULL);
    }
    shift_kill(shift);
    look("copy", truth);
    household_reopen(&h);
    ck_no_strays();
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
}

static void trigger_one(
    struct shift *shift, const struct plan *plan, struct truth *truth, unsigned *seed)
{
    shift_expect(shift, STEP_PROVISIONAL);
    if (plan->fate == KILLED || plan->fate == KILLED_AT_WORK) {
        kill_one(shift, plan, truth, seed);
        return;
    }
    if (plan->fate == CONFIRMED)
        confirm_one(shift, plan, truth);
    else if (plan->has_blocks)
        look("copy", truth);
    if (plan->fate == WITHDRAWN)
        with_the_root(household_withdraw);
    counted[day][index_of_kind(plan->kind)] += counts(plan->fate);
    shift_go_on(shift);
    shift_expect(shift, STEP_OVER);
    ck_no_strays();
    if (plan->fate == WITHDRAWN)
        with_the_root(household_give);
    shift_go_on(shift);
}

static void work_shifts(unsigned seed)
{
    for (size_t s = 0; s < N_SHIFTS; s++) {
        struct shift shift = {.credential = s % 2 ? credential : NULL,
            .plans = plans + s * SHIFT_TRIGGERS,
            .truths = truths + s * SHIFT_TRIGGERS};
        shift_start(&shift, &h);
        for (size_t i = 0; i < SHIFT_TRIGGERS; i++) {
            /* Midnight comes while somebody is recording, once with the root and once without. */
            if (i == SHIFT_TRIGGERS / 2 && (s == N_SHIFTS / 3 || s == 2 * N_SHIFTS / 3)) {
                household_pass(&h, DAY_US);
                day++;
            }
            trigger_one(&shift, &shift.plans[i], &shift.truths[i], &seed);
        }
    }
    ck_assert_uint_eq(day, N_DAYS - 1);
}

/* ---- What is there in the end ---- */

struct listing {
    size_t n;
    vpriv_recording_info recordings[N_CONFIRMED];
};

static bool keep_recording(void *user, const vpriv_recording_info *info)
{
    struct listing *listing = user;
    ck_assert_uint_lt(listing->n, N_CONFIRMED);
    listing->recordings[listing->n++] = *info;
    return true;
}

static size_t trigger_of(const uint8_t *recording_id)
{
    for (size_t i = 0; i < N_TRIGGERS; i++)
        if (truths[i].n_sealed > 0 &&
            memcmp(truths[i].bond.recording_id, recording_id, VPI_RECORDING_ID_BYTES) == 0)
            return i;
    ck_abort_msg("a recording, or a block, of no trigger");
}

static void ck_sounds(const vpriv_recording_info *info, const struct plan *plan)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const uint64_t n_wanted =
        ((uint64_t)plan->n_pre_ms + plan->n_ms + plan->n_more_ms) * HOUSEHOLD_RATE_HZ / 1000;
    vpriv_reader *reader = NULL;
    vpriv_reader_info about = {.struct_size = sizeof about};
    float pcm[960];
    double energy = 0;
    uint64_t n_frames = 0;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &info->id, &request, &reader));
    ck_ok(vpriv_gate_about(reader, &about));
    ck_assert(!about.is_unfinished);
    ck_assert_uint_eq(about.rate_hz, HOUSEHOLD_RATE_HZ);
    for (size_t n = 1; n > 0; n_frames += n) {
        ck_ok(vpriv_gate_read_frames(reader, pcm, 960, &n));
        for (size_t i = 0; i < n; i++)
            energy += (double)pcm[i] * (double)pcm[i];
    }
    vpriv_gate_close(reader);
    ck_assert_uint_eq(n_frames, n_wanted);
    const double level = sqrt(energy / (double)n_frames); /* the tone's is 0.21 */
    ck_assert_msg(level > 0.1 && level < 0.3, "a level of %g", level);
}

static void ck_recordings(void)
{
    struct listing *listing = calloc(1, sizeof *listing);
    ck_ok(vpriv_recording_list(h.vault, NULL, keep_recording, listing));
    ck_assert_uint_eq(listing->n, N_CONFIRMED);
    for (size_t i = 0; i < listing->n; i++) {
        const vpriv_recording_info *info = &listing->recordings[i];
        const size_t t = trigger_of(info->id.bytes);
        ck_assert_int_eq(plans[t].fate, CONFIRMED);
        ck_assert_int_eq(info->trigger, plans[t].kind);
        ck_assert_mem_eq(info->id.bytes, truths[t].outcome.recording.bytes, sizeof info->id.bytes);
        ck_sounds(info, &plans[t]);
    }
    free(listing);
}

static void ck_tables(void)
{
    int64_t n_blocks = 0;
    vpriv_verification found = {.struct_size = sizeof found};
    vpriv_vault_info info = {.struct_size = sizeof info};
    for (size_t i = 0; i < N_TRIGGERS; i++)
        n_blocks += (int64_t)truths[i].outcome.n_blocks;
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), N_CONFIRMED);
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM recording WHERE state = 2"), N_CONFIRMED);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM wrap"), N_CONFIRMED);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording_subject"), N_CONFIRMED);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), n_blocks);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM sweep"), 0);
    /* The head, two people, the counts. */
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM policy"), 4);
    ck_ok(vpriv_vault_about(h.vault, &info));
    ck_assert_uint_eq(info.n_recordings, N_CONFIRMED);
    ck_assert_uint_eq(info.n_erased, 0);
    ck_assert_uint_eq(info.n_pending, 0);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
    ck_assert_uint_eq(found.n_findings, 0);
    ck_assert_uint_eq(found.n_recordings, N_CONFIRMED);
    ck_assert_int_eq((int64_t)found.n_blocks_opened, n_blocks);
}

struct log_reading {
    uint64_t counted[N_DAYS][SHIFT_KINDS];
    uint64_t n_adopted;
    uint32_t n_consents, n_others, last_day;
};

static bool read_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    struct log_reading *reading = user;
    vpriv_trigger_kind kind;
    (void)index;
    if (entry->kind == VPRIV_LOG_FALSE_WAKES) {
        const int64_t days = entry->time_us / DAY_US - HOUSEHOLD_START_US / DAY_US;
        ck_assert_int_eq(entry->time_us % DAY_US, 0);
        ck_assert(days >= (int64_t)reading->last_day && days < N_DAYS);
        reading->last_day = (uint32_t)days;
        ck_ok(vpriv_trigger_from_name(entry->reason, &kind));
        uint64_t *count = &reading->counted[days][index_of_kind(kind)];
        ck_assert_uint_eq(*count, 0); /* one entry each */
        *count = entry->count;
    } else if (entry->kind == VPRIV_LOG_ADOPTION) {
        reading->n_adopted += entry->count;
    } else if (entry->kind == VPRIV_LOG_CONSENT_EVENT) {
        reading->n_consents++;
    } else {
        reading->n_others++;
    }
    return true;
}

static void ck_log(void)
{
    struct log_reading reading = {.n_others = 0};
    ck_ok(vpriv_vault_log(h.vault, 0, read_entry, &reading));
    for (size_t d = 0; d < N_DAYS; d++)
        for (size_t k = 0; k < SHIFT_KINDS; k++)
            ck_assert_msg(reading.counted[d][k] == counted[d][k],
                "day %zu, %s: %llu in the log, %llu happened", d,
                vpriv_trigger_name(shift_kinds[k]), (unsigned long long)reading.counted[d][k],
                (unsigned long long)counted[d][k]);
    /* And nothing else speaks of any: the vault, its notice, two people, their consents. */
    ck_assert_uint_eq(reading.n_others, 4);
    ck_assert_uint_eq(reading.n_consents, 2 + 2 * n_of[WITHDRAWN]);
    ck_assert_uint_le(reading.n_adopted, N_CONFIRMED);
}

/* ---- The attack ---- */

static uint32_t n_seen[N_FATES]; /* blocks of triggers of that fate, in any copy */
static bool was_seen[N_TRIGGERS];

static void judge_block(void *user, const struct attack_block *block)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const size_t t = trigger_of(block->recording_id);
    const struct truth *truth = &truths[t];
    const enum fate fate = plans[t].fate;
    (void)user;
    /* It is what was recorded, whoever may open it. */
    ck_assert(vpi_block_open(&truth->keys, &truth->bond, block->sequence, false, block->bytes,
                  block->n_bytes, plain) == VPRIV_OK ||
              vpi_block_open(&truth->keys, &truth->bond, block->sequence, true, block->bytes,
                  block->n_bytes, plain) == VPRIV_OK);
    ck_assert_msg(block->is_open == (fate == CONFIRMED), "block %llu of trigger %zu, fate %d, %s",
        (unsigned long long)block->sequence, t, (int)fate, block->is_open ? "opens" : "is shut");
    n_seen[fate]++;
    was_seen[t] = true;
}

static void judge(void)
{
    attack_blocks(attack, judge_block, NULL);
    for (size_t t = 0; t < N_TRIGGERS; t++) {
        const struct truth *truth = &truths[t];
        const bool is_kept = plans[t].fate == CONFIRMED;
        if (plans[t].has_blocks)
            ck_assert_msg(was_seen[t], "no copy has a block of trigger %zu", t);
        if (truth->n_sealed == 0)
            continue;
        ck_assert(attack_saw_keys_of(attack, truth->bond.recording_id) == is_kept);
        ck_assert(attack_knows(attack, truth->keys.shred_key) == is_kept);
        ck_assert(!attack_knows(attack, truth->keys.recording_key));
        ck_assert(!attack_knows(attack, truth->keys.block_key));
    }
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    truths = mmap(NULL, N_TRIGGERS * sizeof *truths, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(truths, MAP_FAILED);
    attack = attack_create(h.cell->record, h.keyring);
    attack_add_root(attack, h.cell->record);
}

static void tear_down(void)
{
    attack_destroy(attack);
    munmap(truths, N_TRIGGERS * sizeof *truths);
    vpriv_keyring_close(credential);
    household_close(&h);
}

START_TEST(s18_of_a_thousand_triggers_a_hundred_recordings_are_left)
{
    const unsigned seed = 1 + (unsigned)_i;
    uint64_t n_left = 0;
    shift_plan(plans, N_SHIFTS, n_of, seed);
    work_shifts(seed);
    household_pass(&h, DAY_US);
    household_reopen(&h);
    ck_log();
    ck_ok(vpriv_vault_tidy(h.vault, 1000, &n_left)); /* the withdrawals */
    ck_assert_uint_eq(n_left, 0);
    ck_tables();
    ck_recordings();
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    look("final", NULL);
    attack_solve(attack);
    judge();
    printf(
        "seed %u: %zu controls, %zu keys, %zu key nodes; blocks in the copies: %u of the confirmed,"
        " %u rejected, %u timed out, %u stopped, %u muted, %u of a lost source, %u withdrawn,"
        " %u killed\n",
        seed, n_controls[0] + n_controls[1], attack_n_keys(attack), attack_n_nodes(attack),
        n_seen[CONFIRMED], n_seen[REJECTED], n_seen[TIMED_OUT], n_seen[STOPPED] + n_seen[CLOSED],
        n_seen[MUTED], n_seen[SOURCE_ENDED], n_seen[WITHDRAWN],
        n_seen[KILLED] + n_seen[KILLED_AT_WORK]);
    ck_assert_uint_gt(n_controls[0], 0);
    ck_assert_uint_gt(n_controls[1], 0);
}
END_TEST

int main(void)
{
#ifdef FAULT_LONG
    const int n_seeds = 10;
#else
    const int n_seeds = 1;
#endif
    Suite *suite = suite_create("fault: triggers");
    TCase *tcase = tcase_create("triggers");
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(
        tcase, s18_of_a_thousand_triggers_a_hundred_recordings_are_left, 0, n_seeds);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
