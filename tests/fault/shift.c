#include "fault/shift.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP            VPRIV_PURPOSE_KEEP_HISTORY
#define RATE            HOUSEHOLD_RATE_HZ
#define UNSEALED_MS     100
#define CONFIRM_MS      60000
#define WORK_MS         20
#define WORK_PIECES_MAX 500

/* The linker puts these in the place of the library's own (see sources.mk). */
static _Atomic int64_t turned_us = 1000000;
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return atomic_load(&turned_us);
}

static struct truth *now; /* of the trigger at hand; changes under the recorder's lock only */
void __real_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out);
void __wrap_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out);
void __wrap_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out)
{
    __real_vpi_block_seal(keys, bond, sequence, is_final, plain, block_out);
    if (!now)
        return;
    if (now->n_sealed == 0) { /* later a confirmed one's shred key is wiped */
        now->bond = *bond;
        now->keys = *keys;
    }
    now->n_sealed++;
}

/* ---- The plan ---- */

const vpriv_trigger_kind shift_kinds[SHIFT_KINDS] = {VPRIV_TRIGGER_WAKE_WORD, VPRIV_TRIGGER_RAISE,
    VPRIV_TRIGGER_TAP, VPRIV_TRIGGER_VOICE_ACTIVITY, VPRIV_TRIGGER_BUTTON};

/* One of those that are left, and one less of it. */
static enum fate draw(uint32_t n_left[N_FATES], enum fate first, enum fate last, unsigned *seed)
{
    uint32_t n = 0;
    for (enum fate fate = first; fate <= last; fate++)
        n += n_left[fate];
    ck_assert_uint_gt(n, 0);
    n = (uint32_t)rand_r(seed) % n;
    enum fate fate = first;
    for (; n >= n_left[fate]; fate++)
        n -= n_left[fate];
    n_left[fate]--;
    return fate;
}

void shift_plan(struct plan *plans, size_t n_shifts, const uint32_t n_of[N_FATES], unsigned seed)
{
    uint32_t n_left[N_FATES];
    memcpy(n_left, n_of, sizeof n_left);
    for (size_t i = 0; i < n_shifts * SHIFT_TRIGGERS; i++) {
        const bool is_last = (i + 1) % SHIFT_TRIGGERS == 0;
        plans[i] = (struct plan){
            .fate = is_last ? draw(n_left, KILLED, KILLED_AT_WORK, &seed)
                            : draw(n_left, CONFIRMED, WITHDRAWN, &seed),
            .kind = shift_kinds[(size_t)rand_r(&seed) % SHIFT_KINDS],
            .has_blocks = rand_r(&seed) % 3 > 0,
            .n_pre_ms = 20 * ((uint32_t)rand_r(&seed) % 6),
            .n_ms = 20 * (3 + (uint32_t)rand_r(&seed) % 12), /* a packet at least */
            .n_more_ms = 20 * ((uint32_t)rand_r(&seed) % 12),
        };
    }
    for (enum fate fate = CONFIRMED; fate < N_FATES; fate++)
        ck_assert_uint_eq(n_left[fate], 0);
}

/* ---- In the child ---- */

static household *h;
static const struct shift *own;
static vpriv_source *source;
static vpriv_recorder *recorder;
static const uint8_t *subject; /* whose recorder it is */
static int16_t tone[RATE];

static void nap_us(long us)
{
    const struct timespec time = {0, us * 1000};
    nanosleep(&time, NULL);
}

static void turn_ms(int64_t ms)
{
    atomic_fetch_add(&turned_us, ms * 1000);
}

static void push_ms(uint32_t ms)
{
    size_t n_taken = 0;
    const size_t all = (size_t)RATE * VPRIV_PUSH_BUFFER_MAX_MS / 1000;
    ck_ok(vpriv_capture_push_write(source, tone, (size_t)ms * RATE / 1000, &n_taken));
    ck_assert_uint_eq(n_taken, (size_t)ms * RATE / 1000);
    while (vpriv_capture_push_space(source) < all)
        nap_us(500);
}

static void wait_for(vpriv_recorder_state state)
{
    for (int i = 0; i < 20000 && vpriv_recorder_state_now(recorder) != state; i++)
        nap_us(500);
    ck_assert_int_eq(vpriv_recorder_state_now(recorder), state);
}

static void put_away(void)
{
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    recorder = NULL;
    source = NULL;
}

/* A recorder that listens on is used again. */
static void listen_for(const uint8_t *whose)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    vpriv_recorder_config config = household_config(whose, 1);
    if (recorder && subject == whose && vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_RING)
        return;
    put_away();
    subject = whose;
    config.retention = VPRIV_RETENTION_ERASED_ONLY;
    config.unsealed_ms = UNSEALED_MS;
    config.confirm_ms = CONFIRM_MS;
    config.no_trailing_silence = true;
    config.encoding =
        (vpriv_encoding){.struct_size = sizeof config.encoding, .complexity_plus_one = 1};
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source));
    ck_ok(vpriv_recorder_open(h->vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
}

static int64_t blocks_on_disk(void)
{
    int64_t n = 0;
    ck_ok(vpi_vault_enter(h->vault, false));
    if (now->n_sealed > 0)
        ck_ok(vpi_database_int(h->vault->database, &n,
            "SELECT count(*) FROM block WHERE id >> 24 = (SELECT id FROM recording WHERE name = "
            "?1)",
            "b", now->bond.recording_id, (size_t)VPI_RECORDING_ID_BYTES));
    vpi_vault_leave(h->vault);
    return n;
}

/* The block at hand falls due, and is written. */
static void bring_to_disk(void)
{
    turn_ms(UNSEALED_MS + 1);
    for (int i = 0; i < 20000 && blocks_on_disk() == 0; i++)
        nap_us(500);
    ck_assert_int_gt(blocks_on_disk(), 0);
}

static void step(char name)
{
    char order = 0;
    if (write(own->steps, &name, 1) != 1 || read(own->orders, &order, 1) != 1)
        _exit(2); /* nobody is there any more */
}

static void keep(const struct plan *plan)
{
    vpriv_outcome *outcome = &now->outcome;
    ck_ok(vpriv_recorder_confirm(recorder));
    step(STEP_CONFIRMED);
    push_ms(plan->n_more_ms);
    outcome->struct_size = sizeof *outcome;
    ck_ok(vpriv_recorder_finish(recorder, outcome));
    ck_assert(outcome->is_stored);
    ck_assert_int_eq(outcome->status, VPRIV_OK);
}

/* Ends when it is killed. */
static void work(void)
{
    for (int i = 0; i < WORK_PIECES_MAX; i++) {
        push_ms(WORK_MS);
        turn_ms(WORK_MS);
    }
    for (;;)
        pause();
}

static void meet_fate(const struct plan *plan)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    switch (plan->fate) {
    case CONFIRMED:
        keep(plan);
        break;
    case REJECTED:
        ck_ok(vpriv_recorder_reject(recorder));
        break;
    case TIMED_OUT:
        turn_ms(CONFIRM_MS + 1);
        wait_for(VPRIV_RECORDER_RING);
        break;
    case STOPPED:
        ck_ok(vpriv_recorder_stop(recorder, &outcome));
        ck_assert(!outcome.is_stored);
        break;
    case CLOSED:
        put_away();
        break;
    case MUTED:
        ck_ok(vpriv_recorder_mute(recorder));
        ck_ok(vpriv_recorder_unmute(recorder));
        break;
    case SOURCE_ENDED:
        ck_ok(vpriv_capture_push_end(source));
        wait_for(VPRIV_RECORDER_ENDED);
        break;
    case WITHDRAWN:
        ck_fails(vpriv_recorder_confirm(recorder), VPRIV_E_CONSENT);
        break;
    default:
        work();
    }
}

static void be_triggered(const struct plan *plan, struct truth *truth)
{
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = plan->kind};
    listen_for(plan->fate == WITHDRAWN ? h->bob : h->ada);
    push_ms(plan->n_pre_ms);
    now = truth;
    ck_ok(vpriv_recorder_trigger(recorder, &trigger));
    push_ms(plan->n_ms);
    if (plan->has_blocks)
        bring_to_disk();
    step(STEP_PROVISIONAL);
    meet_fate(plan);
    step(STEP_OVER);
}

static void live(void)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h->cell};
    household_tone(tone, RATE, 440, 0.3);
    if (own->credential) {
        ck_ok(vpriv_vault_open_for_capture(h->path, own->credential, &options, &h->vault));
    } else {
        h->root = household_root(h->cell);
        ck_ok(household_open_vault(h, h->path, &h->vault));
    }
    for (int i = 0; i < SHIFT_TRIGGERS; i++)
        be_triggered(&own->plans[i], &own->truths[i]);
    _exit(3); /* the last one is to be killed */
}

/* ---- In the parent ---- */

void shift_start(struct shift *shift, household *home)
{
    int steps[2], orders[2];
    ck_assert_int_eq(pipe(steps), 0);
    ck_assert_int_eq(pipe(orders), 0);
    shift->child = fork();
    ck_assert_int_ge(shift->child, 0);
    if (shift->child == 0) {
        close(steps[0]);
        close(orders[1]);
        shift->steps = steps[1];
        shift->orders = orders[0];
        own = shift;
        h = home;
        live();
    }
    close(steps[1]);
    close(orders[0]);
    shift->steps = steps[0];
    shift->orders = orders[1];
}

void shift_expect(const struct shift *shift, char step)
{
    char name = 0;
    ck_assert_msg(read(shift->steps, &name, 1) == 1, "the recording process has ended");
    ck_assert_int_eq(name, step);
}

void shift_go_on(const struct shift *shift)
{
    ck_assert_int_eq(write(shift->orders, "g", 1), 1);
}

void shift_kill(struct shift *shift)
{
    int status = 0;
    ck_assert_int_eq(kill(shift->child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(shift->child, &status, 0), shift->child);
    ck_assert_msg(WIFSIGNALED(status), "it ended by itself: %d", WEXITSTATUS(status));
    close(shift->steps);
    close(shift->orders);
}
