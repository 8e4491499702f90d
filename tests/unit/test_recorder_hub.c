/* Many recorders in one hub: each comes out as if it were alone (P5, P12), a withdrawal ends exactly those
 * it concerns, and calls come in any order. */
#include "capture/source.h"
#include "rooms.h"
#include <stdatomic.h>

#define RATE HOUSEHOLD_RATE_HZ

static void ck_nothing_left(void)
{
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(blocks_on_disk(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
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
    (void)waited_for(recorder, VPRIV_RECORDER_ENDED);
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
    tcase_add_test(tests, callback_may_stop_another_recorder_of_its_hub);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
