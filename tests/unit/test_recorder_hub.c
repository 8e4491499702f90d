/* Many recorders in one hub: each comes out as if it were alone (P5, P12), a withdrawal ends exactly those
 * it concerns, all are written in one transaction, and they fit the memory that may be locked. */
#include "base/clock.h"
#include "base/memory.h"
#include "capture/source.h"
#include "household.h"
#include "recorder/stream.h"
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define RATE    HOUSEHOLD_RATE_HZ
#define N_ROOMS 16
#define TICK_MS 5

typedef struct room {
    vpriv_source *source;
    vpriv_recorder *recorder;
    uint64_t n_pushed;
} room;

static household h;
static vpriv_hub *hub;
static room rooms[64];
static float *speech;
static size_t n_speech;
static atomic_int n_commits;
static atomic_bool is_slow; /* the next commit takes a while */

/* The recorders' clock stands still until a test turns it (see recorder.mk). */
static atomic_bool is_turned;
static _Atomic int64_t turned_us = 1000000;
int64_t __real_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void);
int64_t __wrap_vpi_monotonic_us(void)
{
    return atomic_load(&is_turned) ? atomic_load(&turned_us) : __real_vpi_monotonic_us();
}

static int count_commit(void *user)
{
    (void)user;
    const struct timespec while_others_call = {0, 200000000};
    atomic_fetch_add(&n_commits, 1);
    if (atomic_exchange(&is_slow, false))
        nanosleep(&while_others_call, NULL);
    return 0; /* go on */
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    const vpriv_hub_config config = {.struct_size = sizeof config, .tick_ms = TICK_MS};
    ck_ok(vpriv_hub_open(h.vault, &config, &hub));
    speech = household_speech(&n_speech);
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), count_commit, NULL);
}

static void nap(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static vpriv_recorder_config config_of(size_t i)
{
    /* Every fourth speaks for Bob. */
    vpriv_recorder_config config = household_config(i % 4 == 3 ? h.bob : h.ada, 1);
    config.confirm_ms = 30000;
    return config;
}

static void open_room(size_t i, const vpriv_recorder_config *config)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, 48000, 1};
    rooms[i].n_pushed = 0;
    ck_ok(vpriv_capture_push_open(&format, 2000, &rooms[i].source));
    ck_ok(vpriv_recorder_open(h.vault, rooms[i].source, config, &rooms[i].recorder));
}

static void close_room(size_t i)
{
    vpriv_recorder_close(rooms[i].recorder);
    vpriv_capture_close(rooms[i].source);
    rooms[i] = (room){.n_pushed = 0};
}

static void tear_down(void)
{
    vpriv_hub_close(hub);
    hub = NULL;
    for (size_t i = 0; i < 64; i++)
        close_room(i);
    free(speech);
    household_close(&h);
    atomic_store(&is_turned, false);
}

static void open_rooms(size_t n, uint32_t unsealed_ms)
{
    for (size_t i = 0; i < n; i++) {
        vpriv_recorder_config config = config_of(i);
        config.unsealed_ms = unsealed_ms;
        open_room(i, &config);
        ck_ok(vpriv_hub_start(hub, rooms[i].recorder));
    }
}

/* The same voice, begun somewhere else in each room. */
static void push_ms(size_t i, size_t ms)
{
    for (size_t k = 0; k < ms; k += 10) {
        float frames[480];
        size_t n_taken = 0;
        for (size_t j = 0; j < 480; j++)
            frames[j] = speech[(rooms[i].n_pushed + j + 3001 * i) % n_speech];
        ck_ok(vpriv_capture_push_write(rooms[i].source, frames, 480, &n_taken));
        ck_assert_uint_eq(n_taken, 480);
        rooms[i].n_pushed += 480;
    }
}

static void push_all_ms(size_t n, size_t ms)
{
    for (size_t i = 0; i < n; i++)
        if (vpriv_recorder_state_now(rooms[i].recorder) != VPRIV_RECORDER_ENDED)
            push_ms(i, ms);
}

static void wait_until_read(size_t i)
{
    for (int k = 0; k < 10000 && vpriv_capture_push_space(rooms[i].source) < 96000; k++)
        nap(1);
    ck_assert_uint_eq(vpriv_capture_push_space(rooms[i].source), 96000);
}

static void wait_for(size_t i, vpriv_recorder_state state)
{
    for (int k = 0; k < 10000 && vpriv_recorder_state_now(rooms[i].recorder) != state; k++)
        nap(1);
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), state);
}

static void keep(size_t i)
{
    ck_ok(vpriv_recorder_trigger(rooms[i].recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(rooms[i].recorder));
}

static vpriv_outcome stop(size_t i)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(rooms[i].recorder, &outcome));
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), VPRIV_RECORDER_IDLE);
    return outcome;
}

static int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

static void ck_nothing_left(void)
{
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(blocks_on_disk(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
}

static void ck_kept_whole(size_t i, const vpriv_outcome *outcome)
{
    ck_assert_int_eq(outcome->status, VPRIV_OK);
    ck_assert(outcome->is_stored);
    ck_assert_uint_eq(outcome->n_frames_48k, rooms[i].n_pushed);
    ck_assert_uint_eq(outcome->n_lost_frames_48k, 0);
    ck_ok(household_hear(&h, &outcome->recording, KEEP));
}

typedef struct exported {
    uint8_t *bytes;
    size_t n_bytes;
} exported;

static vpriv_status append(void *user, const void *bytes, size_t n_bytes)
{
    exported *to = user;
    to->bytes = realloc(to->bytes, to->n_bytes + n_bytes);
    ck_assert_ptr_nonnull(to->bytes);
    memcpy(to->bytes + to->n_bytes, bytes, n_bytes);
    to->n_bytes += n_bytes;
    return VPRIV_OK;
}

static exported export_wav(const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    exported to = {NULL, 0};
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    ck_ok(vpriv_gate_export_wav(reader, append, &to));
    vpriv_gate_close(reader);
    return to;
}

/* All packets, one after the other, each behind its length. */
static exported export_packets(const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_packet packet = {.struct_size = sizeof packet};
    exported to = {NULL, 0};
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    for (;;) {
        ck_ok(vpriv_gate_read_packet(reader, &packet));
        if (packet.is_end)
            break;
        append(&to, &packet.n_bytes, sizeof packet.n_bytes);
        append(&to, packet.data, packet.n_bytes);
    }
    vpriv_gate_close(reader);
    return to;
}

static void ck_same_and_free(exported a, exported b)
{
    ck_assert_uint_gt(a.n_bytes, 1000);
    ck_assert_uint_eq(a.n_bytes, b.n_bytes);
    ck_assert(memcmp(a.bytes, b.bytes, a.n_bytes) == 0);
    free(a.bytes);
    free(b.bytes);
}

/* Pre-roll, then speech in uneven pieces, to the source's end. */
static void record_lives(size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        push_ms(i, 200 + 10 * i);
    for (size_t i = first; i < first + n; i++) {
        wait_until_read(i);
        keep(i);
    }
    for (size_t piece = 0; piece < 20; piece++) {
        for (size_t i = first; i < first + n; i++)
            push_ms(i, 20 + 10 * ((piece + i) % 5));
        nap(10);
    }
    for (size_t i = first; i < first + n; i++)
        ck_ok(vpriv_capture_push_end(rooms[i].source));
    for (size_t i = first; i < first + n; i++)
        wait_for(i, VPRIV_RECORDER_ENDED);
}

START_TEST(sixteen_streams_are_what_each_would_be_alone)
{
    vpriv_outcome together[N_ROOMS];
    open_rooms(N_ROOMS, 100 + 60 * (uint32_t)_i);
    record_lives(0, N_ROOMS);
    for (size_t i = 0; i < N_ROOMS; i++) {
        together[i] = stop(i);
        ck_assert_int_eq(together[i].end_reason, VPRIV_END_SOURCE_ENDED);
        ck_kept_whole(i, &together[i]);
        close_room(i);
    }
    for (size_t i = 0; i < N_ROOMS; i++) {
        const vpriv_recorder_config config = config_of(i);
        open_room(i, &config);
        ck_ok(vpriv_recorder_start(rooms[i].recorder));
        record_lives(i, 1);
        const vpriv_outcome alone = stop(i);
        ck_assert_uint_eq(alone.n_packets, together[i].n_packets);
        ck_same_and_free(export_packets(&alone.recording), export_packets(&together[i].recording));
        ck_same_and_free(export_wav(&alone.recording), export_wav(&together[i].recording));
        close_room(i);
    }
}
END_TEST

START_TEST(withdrawal_ends_exactly_the_recordings_it_concerns)
{
    uint64_t n_before[8];
    open_rooms(8, 200);
    for (size_t i = 0; i < 8; i++)
        keep(i);
    for (int k = 0; k < 20; k++) {
        push_all_ms(8, 20);
        nap(15);
    }
    household_withdraw(&h, h.bob, KEEP);
    for (size_t i = 0; i < 8; i++)
        n_before[i] = rooms[i].n_pushed;
    for (int k = 0; k < 500 && vpriv_recorder_state_now(rooms[3].recorder) +
                                       vpriv_recorder_state_now(rooms[7].recorder) !=
                                   2 * VPRIV_RECORDER_ENDED;
         k++) {
        push_all_ms(8, 20);
        nap(15);
    }
    push_all_ms(8, 100);
    for (size_t i = 0; i < 8; i++) {
        const bool is_bob = i % 4 == 3;
        ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder),
            is_bob ? VPRIV_RECORDER_ENDED : VPRIV_RECORDER_COMMITTED);
        const vpriv_outcome outcome = stop(i);
        if (!is_bob) {
            ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
            ck_kept_whole(i, &outcome);
            continue;
        }
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
        ck_assert_int_eq(outcome.status, VPRIV_E_CONSENT);
        ck_assert_uint_le(outcome.n_frames_48k, n_before[i]);
        ck_assert_uint_gt(outcome.n_frames_48k, 0);
        ck_fails(household_hear(&h, &outcome.recording, KEEP), VPRIV_E_CONSENT);
    }
}
END_TEST

static void go_provisional(size_t i)
{
    const int64_t n_before = blocks_on_disk();
    push_ms(i, 200);
    wait_until_read(i);
    ck_ok(vpriv_recorder_trigger(rooms[i].recorder, &household_button));
    for (int k = 0; k < 500 && blocks_on_disk() == n_before; k++) {
        push_ms(i, 20);
        nap(15);
    }
    ck_assert_int_gt(blocks_on_disk(), n_before);
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), VPRIV_RECORDER_PROVISIONAL);
}

START_TEST(rejected_and_unconfirmed_triggers_leave_nothing)
{
    vpriv_recorder_config hasty = config_of(1);
    open_rooms(1, 100);
    hasty.unsealed_ms = 100;
    hasty.confirm_ms = 600;
    open_room(1, &hasty);
    ck_ok(vpriv_hub_start(hub, rooms[1].recorder));
    for (int k = 0; k < 2; k++) {
        go_provisional(0);
        ck_ok(vpriv_recorder_reject(rooms[0].recorder));
        ck_assert_int_eq(vpriv_recorder_state_now(rooms[0].recorder), VPRIV_RECORDER_RING);
        ck_nothing_left();
    }
    go_provisional(1);
    wait_for(1, VPRIV_RECORDER_RING);
    ck_nothing_left();
    ck_fails(vpriv_recorder_confirm(rooms[1].recorder), VPRIV_E_STATE);
    /* Stopped and closed unconfirmed. */
    go_provisional(0);
    ck_assert(!stop(0).is_stored);
    ck_nothing_left();
    go_provisional(1);
    close_room(1);
    ck_nothing_left();
    /* And consent that is gone at the confirmation. */
    ck_ok(vpriv_hub_start(hub, rooms[0].recorder));
    go_provisional(0);
    household_withdraw(&h, h.ada, KEEP);
    if (vpriv_recorder_state_now(rooms[0].recorder) == VPRIV_RECORDER_PROVISIONAL)
        ck_assert_int_ne(vpriv_recorder_confirm(rooms[0].recorder), VPRIV_OK);
    ck_nothing_left();
}
END_TEST

START_TEST(stop_and_close_work_in_any_order)
{
    vpriv_outcome outcomes[6];
    open_rooms(6, 100);
    for (size_t i = 0; i < 6; i++)
        keep(i);
    push_all_ms(6, 300);
    outcomes[4] = stop(4);
    outcomes[0] = stop(0);
    ck_kept_whole(4, &outcomes[4]);
    ck_kept_whole(0, &outcomes[0]);
    close_room(4);
    /* Again in the same hub, and by itself. */
    rooms[0].n_pushed = 0;
    ck_ok(vpriv_hub_start(hub, rooms[0].recorder));
    keep(0);
    push_ms(0, 300);
    outcomes[0] = stop(0);
    ck_kept_whole(0, &outcomes[0]);
    rooms[0].n_pushed = 0;
    ck_ok(vpriv_recorder_start(rooms[0].recorder));
    keep(0);
    push_ms(0, 300);
    outcomes[0] = stop(0);
    ck_kept_whole(0, &outcomes[0]);
    /* A recorder closed without a stop, then the hub with three in it: all is kept. */
    close_room(1);
    push_all_ms(1, 100);
    vpriv_hub_close(hub);
    hub = NULL;
    for (size_t i = 2; i < 6; i++)
        if (i != 4) {
            ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), VPRIV_RECORDER_IDLE);
            ck_fails(vpriv_recorder_stop(rooms[i].recorder, NULL), VPRIV_E_STATE);
        }
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 2"), 8);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    ck_ok(vpriv_hub_open(h.vault, NULL, &hub));
    ck_ok(vpriv_hub_start(hub, rooms[2].recorder));
}
END_TEST

/* A device that always has more, until it has nothing for a while, or is pulled out. */
typedef struct pulled_source {
    vpriv_source base;
    atomic_bool is_gone;
    atomic_bool is_empty;
    atomic_uint n_reads;
} pulled_source;

static vpriv_status pulled_start(vpriv_source *source)
{
    (void)source;
    return VPRIV_OK;
}

static vpriv_status pulled_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    pulled_source *pulled = (pulled_source *)source;
    if (atomic_load(&pulled->is_gone))
        return vpi_fail(VPRIV_E_DEVICE_LOST, "pulled out");
    const size_t most = atomic_load(&pulled->is_empty) ? 0 : 80;
    const size_t n = capacity_frames < most ? capacity_frames : most;
    atomic_fetch_add(&pulled->n_reads, 1);
    memset(frames_out, 0, n * sizeof(int16_t));
    *n_read_out = n;
    *n_lost_out = 0;
    *end_out = false;
    return VPRIV_OK;
}

static void pulled_stop(vpriv_source *source)
{
    (void)source;
}

static const vpi_source_table pulled_table = {
    "pulled", pulled_start, pulled_read, pulled_stop, NULL};

static pulled_source pulled_open(void)
{
    return (pulled_source){.base = {.table = &pulled_table,
                               .format = {VPRIV_SAMPLE_S16, RATE, 1},
                               .total_frames = VPI_FRAMES_UNKNOWN}};
}

/* However many rounds followed each other without a pause, the next look is one tick away. */
START_TEST(catching_up_does_not_put_the_next_look_off)
{
    pulled_source source = pulled_open();
    vpriv_recorder *recorder = NULL;
    const vpriv_recorder_config config = config_of(0);
    open_rooms(1, 100);
    ck_ok(vpriv_recorder_open(h.vault, &source.base, &config, &recorder));
    ck_ok(vpriv_hub_start(hub, recorder));
    while (atomic_load(&source.n_reads) < 100000) /* of 5 ms each: thousands of rounds */
        nap(1);
    atomic_store(&source.is_empty, true);
    nap(100);
    push_ms(0, 50);
    wait_until_read(0);
    vpriv_recorder_close(recorder);
}
END_TEST

START_TEST(lost_device_ends_its_recording_only)
{
    pulled_source source = pulled_open();
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = config_of(0);
    open_rooms(2, 100);
    ck_ok(vpriv_recorder_open(h.vault, &source.base, &config, &recorder));
    ck_ok(vpriv_hub_start(hub, recorder));
    keep(0);
    keep(1);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(recorder));
    /* This source always has more: the others get their turns all the same. */
    for (int k = 0; k < 10; k++) {
        push_all_ms(2, 50);
        nap(5);
    }
    wait_until_read(0);
    wait_until_read(1);
    atomic_store(&source.is_gone, true);
    for (int k = 0; k < 10000 && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED; k++)
        nap(1);
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_DEVICE_LOST);
    ck_assert_int_eq(outcome.status, VPRIV_E_DEVICE_LOST);
    ck_assert(outcome.is_stored);
    ck_fails(vpriv_hub_start(hub, rooms[0].recorder), VPRIV_E_STATE);
    vpriv_recorder_close(recorder);
    for (size_t i = 0; i < 2; i++) {
        const vpriv_outcome kept = stop(i);
        ck_assert_int_eq(kept.end_reason, VPRIV_END_STOPPED);
        ck_kept_whole(i, &kept);
    }
}
END_TEST

/* A hundredth of a second of the recorders' time, and the sound of it. */
static void live_10_ms(size_t n)
{
    push_all_ms(n, 10);
    for (size_t i = 0; i < n; i++)
        wait_until_read(i);
    atomic_fetch_add(&turned_us, 10000);
}

static int commits_while(size_t n, int n_steps)
{
    atomic_store(&n_commits, 0);
    for (int k = 0; k < n_steps; k++)
        live_10_ms(n);
    return atomic_load(&n_commits);
}

/* How many steps until blocks have come to the file, which has to be within a second and a half. */
static int steps_until_written(size_t n)
{
    const int64_t n_before = blocks_on_disk();
    int n_steps = 0;
    while (blocks_on_disk() == n_before) {
        ck_assert_int_lt(n_steps++, 150);
        live_10_ms(n);
        nap(2 * TICK_MS);
    }
    return n_steps;
}

START_TEST(commits_are_counted_by_the_interval_and_not_by_the_stream)
{
    atomic_store(&is_turned, true);
    open_rooms(N_ROOMS, 1000);
    /* One after the other, 30 ms apart: they fall into step. */
    for (size_t i = 0; i < N_ROOMS; i++) {
        keep(i);
        for (int k = 0; k < 3; k++)
            live_10_ms(i + 1);
    }
    (void)steps_until_written(N_ROOMS);
    for (int k = 1; k <= 3; k++) {
        const int64_t n_before = blocks_on_disk();
        const int n_steps = steps_until_written(N_ROOMS);
        ck_assert_int_ge(n_steps, 50);
        ck_assert_int_eq(blocks_on_disk() - n_before, N_ROOMS);
    }
    atomic_store(&n_commits, 0);
    for (int k = 1; k <= 2; k++) {
        (void)steps_until_written(N_ROOMS);
        ck_assert_int_eq(atomic_load(&n_commits), k);
    }
}
END_TEST

/* When it returns the group is in its commit, and stays there for a while. */
static void begin_slow_group(size_t n)
{
    push_all_ms(n, 100);
    for (size_t i = 0; i < n; i++)
        wait_until_read(i);
    nap(20 * TICK_MS);
    atomic_store(&is_slow, true);
    atomic_fetch_add(&turned_us, 1000000);
    for (int k = 0; k < 10000 && atomic_load(&is_slow); k++)
        nap(1);
    ck_assert(!atomic_load(&is_slow));
}

/* Calls on recorders whose blocks are being written wait for the writer, and do what they say. */
START_TEST(calls_meet_the_group_that_is_being_written)
{
    atomic_store(&is_turned, true);
    open_rooms(4, 1000);
    for (size_t i = 0; i < 4; i++)
        ck_ok(vpriv_recorder_trigger(rooms[i].recorder, &household_button));
    begin_slow_group(4);
    ck_ok(vpriv_recorder_reject(rooms[0].recorder));
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[0].recorder), VPRIV_RECORDER_RING);
    begin_slow_group(4);
    ck_assert(!stop(2).is_stored);
    ck_ok(vpriv_recorder_confirm(rooms[1].recorder));
    ck_ok(vpriv_recorder_confirm(rooms[3].recorder));
    ck_assert(!stop(0).is_stored);
    for (size_t i = 1; i < 4; i += 2) {
        const vpriv_outcome kept = stop(i);
        ck_kept_whole(i, &kept);
    }
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 2);
}
END_TEST

START_TEST(one_that_seals_often_does_not_cut_the_others_short)
{
    atomic_store(&is_turned, true);
    open_rooms(1, 1000);
    vpriv_recorder_config config = config_of(1);
    config.unsealed_ms = 100;
    open_room(1, &config);
    ck_ok(vpriv_hub_start(hub, rooms[1].recorder));
    keep(0);
    keep(1);
    const int n = commits_while(2, 200);
    ck_assert_int_ge(n, 18);
    ck_assert_int_le(n, 30);
    const vpriv_outcome slow = stop(0), often = stop(1);
    ck_assert_uint_ge(slow.n_blocks, 3);
    ck_assert_uint_le(slow.n_blocks, 4);
    ck_assert_uint_ge(often.n_blocks, 20);
    ck_kept_whole(0, &slow);
    ck_kept_whole(1, &often);
}
END_TEST

START_TEST(no_sound_waits_longer_than_it_may)
{
    atomic_store(&is_turned, true);
    open_rooms(2, 1000);
    keep(0);
    keep(1);
    const int64_t n_before = blocks_on_disk();
    push_ms(0, 100);
    wait_until_read(0);
    nap(20 * TICK_MS);
    /* Two ticks before the second is over it must be written, though nothing more comes. */
    atomic_fetch_add(&turned_us, 1000000 - 4 * TICK_MS * 1000);
    nap(20 * TICK_MS);
    ck_assert_int_eq(blocks_on_disk(), n_before);
    push_ms(1, 100); /* has not waited yet, and goes along */
    wait_until_read(1);
    nap(20 * TICK_MS);
    atomic_fetch_add(&turned_us, 2 * TICK_MS * 1000);
    for (int k = 0; k < 10000 && blocks_on_disk() < n_before + 2; k++)
        nap(1);
    ck_assert_int_eq(blocks_on_disk(), n_before + 2);
}
END_TEST

/* A stream by itself: the packet that closes a block does not get one of its own along with it. */
START_TEST(second_of_sound_is_one_block_and_one_commit)
{
    uint8_t packet[60] = {0x48};
    vpi_stream *stream = NULL;
    const vpi_sealer_request request = household_request(h.ada);
    atomic_store(&is_turned, true);
    ck_ok(vpi_stream_create(h.vault, &request, SECOND_US, &stream));
    ck_ok(vpi_stream_commit(stream));
    atomic_store(&n_commits, 0);
    for (int i = 0; i < 250; i++) {
        ck_ok(vpi_stream_packet(stream, packet, sizeof packet, 960));
        atomic_fetch_add(&turned_us, 20000);
    }
    ck_assert_int_eq(atomic_load(&n_commits), 4);
    ck_assert_int_eq(blocks_on_disk(), 4);
    ck_ok(vpi_stream_poll(stream)); /* the fifth second is over */
    ck_assert_int_eq(blocks_on_disk(), 5);
    /* And in no block is more than a second, nor does any wait longer. */
    ck_ok(vpi_stream_packet(stream, packet, sizeof packet, 960));
    atomic_fetch_add(&turned_us, SECOND_US - 1);
    ck_ok(vpi_stream_poll(stream));
    ck_assert_int_eq(blocks_on_disk(), 5);
    atomic_fetch_add(&turned_us, 1);
    ck_ok(vpi_stream_poll(stream));
    ck_assert_int_eq(blocks_on_disk(), 6);
    vpi_stream_destroy(stream);
}
END_TEST

/* More than a second's worth of blocks at once: the batch goes by itself, and nothing is lost. */
START_TEST(burst_is_kept_whole)
{
    vpriv_recorder_config config = config_of(0);
    config.encoding = (vpriv_encoding){
        .struct_size = sizeof config.encoding, .rate_hz = 48000, .bitrate_bps = 256000};
    config.unsealed_ms = 100;
    atomic_store(&is_turned, true);
    open_room(0, &config);
    ck_ok(vpriv_hub_start(hub, rooms[0].recorder));
    keep(0);
    push_ms(0, 2000);
    wait_until_read(0);
    const vpriv_outcome outcome = stop(0);
    ck_assert_uint_ge(outcome.n_blocks, 20);
    ck_kept_whole(0, &outcome);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    vpriv_hub *other = NULL;
    vpriv_recorder *second = NULL;
    vpriv_vault *handle = NULL;
    const vpriv_recorder_config config = config_of(0);
    vpriv_hub_config bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = (vpriv_hub_config){.struct_size = sizeof bad[i]};
    bad[0].struct_size = 1;
    bad[1].n_workers = VPRIV_HUB_WORKERS_MAX + 1;
    bad[2].n_recorders_max = VPRIV_HUB_RECORDERS_MAX + 1;
    bad[3].tick_ms = 4;
    bad[4].tick_ms = 51;
    for (size_t i = 0; i < 5; i++) {
        ck_fails(vpriv_hub_open(h.vault, &bad[i], &other), VPRIV_E_ARG);
        ck_assert_str_ne(vpriv_error_detail(), "");
        ck_assert_ptr_null(other);
    }
    ck_fails(vpriv_hub_open(NULL, NULL, &other), VPRIV_E_ARG);
    ck_fails(vpriv_hub_open(h.vault, NULL, NULL), VPRIV_E_ARG);
    const vpriv_hub_config small = {
        .struct_size = sizeof small, .n_workers = 1, .n_recorders_max = 1};
    ck_ok(vpriv_hub_open(h.vault, &small, &other));
    open_rooms(1, 1000);
    ck_fails(vpriv_hub_start(NULL, rooms[0].recorder), VPRIV_E_ARG);
    ck_fails(vpriv_hub_start(hub, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_hub_start(hub, rooms[0].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "in a hub already"));
    ck_fails(vpriv_hub_start(other, rooms[0].recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_start(rooms[0].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "in a hub already"));
    ck_fails(vpriv_recorder_run(rooms[0].recorder, &household_button, NULL), VPRIV_E_STATE);
    /* Its source is in use: the place that was kept for it is free again. */
    ck_ok(vpriv_recorder_open(h.vault, rooms[0].source, &config, &second));
    for (int i = 0; i < 3; i++)
        ck_fails(vpriv_hub_start(other, second), VPRIV_E_STATE);
    vpriv_recorder_close(second);
    open_room(1, &config);
    ck_ok(vpriv_recorder_start(rooms[1].recorder));
    ck_fails(vpriv_hub_start(hub, rooms[1].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "started already"));
    (void)stop(1);
    ck_ok(vpriv_hub_start(other, rooms[1].recorder));
    open_room(2, &config);
    ck_fails(vpriv_hub_start(other, rooms[2].recorder), VPRIV_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "room for 1"));
    (void)stop(1);
    ck_ok(vpriv_hub_start(other, rooms[2].recorder));
    vpriv_hub_close(other);
    vpriv_hub_close(NULL);
    vpriv_root_store *root = household_root(h.cell);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_open(h.path, root, &options, &handle));
    ck_ok(vpriv_recorder_open(handle, rooms[2].source, &config, &second));
    ck_fails(vpriv_hub_start(hub, second), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "another vault"));
    vpriv_recorder_close(second);
    vpriv_vault_close(handle);
    vpriv_root_close(root);
}
END_TEST

/* A callback of one recorder stops another one of the same hub. */
static bool stop_the_other(void *user, uint64_t done_us, uint64_t total_us)
{
    (void)total_us;
    vpriv_outcome *outcome = user;
    if (done_us > 200000 && !outcome->is_stored)
        ck_ok(vpriv_recorder_stop(rooms[1].recorder, outcome));
    return true;
}

START_TEST(callback_may_stop_another_recorder_of_its_hub)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder_config config = config_of(0);
    config.progress = stop_the_other;
    config.progress_user = &outcome;
    open_room(0, &config);
    config.progress = NULL;
    open_room(1, &config);
    for (size_t i = 0; i < 2; i++) {
        ck_ok(vpriv_hub_start(hub, rooms[i].recorder));
        keep(i);
    }
    push_ms(1, 200);
    for (int k = 0; k < 20; k++) {
        push_ms(0, 50);
        nap(5);
    }
    wait_until_read(0);
    wait_for(1, VPRIV_RECORDER_IDLE);
    const vpriv_outcome mine = stop(0);
    ck_kept_whole(0, &mine);
    ck_kept_whole(1, &outcome);
}
END_TEST

/* Sanitizers make mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANNOT_LOCK true
#elif defined(__has_feature)
#define CANNOT_LOCK __has_feature(thread_sanitizer)
#else
#define CANNOT_LOCK false
#endif

static long locked_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmLck: %ld", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

/* What a device with 8 MB of lockable memory can do: 64 that listen, and 64 that record. */
START_TEST(sixty_four_recorders_fit_the_memory_that_may_be_locked)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 1};
    const vpriv_hub_config most = {.struct_size = sizeof most, .n_workers = 4}; /* by default */
    vpriv_hub_close(hub);
    ck_ok(vpriv_hub_open(h.vault, &most, &hub));
    const long before = locked_kib();
    for (size_t i = 0; i < 64; i++) {
        const vpriv_recorder_config config = config_of(i);
        ck_ok(vpriv_capture_push_open(&format, 200, &rooms[i].source));
        ck_ok(vpriv_recorder_open(h.vault, rooms[i].source, &config, &rooms[i].recorder));
        ck_ok(vpriv_hub_start(hub, rooms[i].recorder));
    }
    const long listening = locked_kib();
    for (size_t i = 0; i < 64; i++)
        keep(i);
    const long recording = locked_kib();
    printf("locked by each of 64: %ld KiB listening, %ld KiB recording; in all %ld KiB\n",
        (listening - before) / 64, (recording - before) / 64, listening);
    ck_assert_int_ge(listening, CANNOT_LOCK ? 0 : 64 * 64); /* that it can fail */
    ck_assert_int_le(listening, 8192);
    ck_assert_int_le(recording, 8192);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: hub");
    TCase *tests = tcase_create("hub");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, sixteen_streams_are_what_each_would_be_alone, 0, 2);
    tcase_add_test(tests, withdrawal_ends_exactly_the_recordings_it_concerns);
    tcase_add_test(tests, rejected_and_unconfirmed_triggers_leave_nothing);
    tcase_add_test(tests, stop_and_close_work_in_any_order);
    tcase_add_test(tests, catching_up_does_not_put_the_next_look_off);
    tcase_add_test(tests, lost_device_ends_its_recording_only);
    tcase_add_test(tests, commits_are_counted_by_the_interval_and_not_by_the_stream);
    tcase_add_test(tests, calls_meet_the_group_that_is_being_written);
    tcase_add_test(tests, one_that_seals_often_does_not_cut_the_others_short);
    tcase_add_test(tests, no_sound_waits_longer_than_it_may);
    tcase_add_test(tests, second_of_sound_is_one_block_and_one_commit);
    tcase_add_test(tests, burst_is_kept_whole);
    tcase_add_test(tests, what_is_wrong_is_named);
    tcase_add_test(tests, callback_may_stop_another_recorder_of_its_hub);
    tcase_add_test(tests, sixty_four_recorders_fit_the_memory_that_may_be_locked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
