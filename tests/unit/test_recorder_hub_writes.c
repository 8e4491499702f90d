/* When a hub writes: all that is due in one transaction, no sound later than it may be, and none cut short by
 * another's. */
#include "base/clock.h"
#include "recorder/stream.h"
#include "rooms.h"
#include <stdatomic.h>

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
    atomic_fetch_add(&n_commits, 1);
    if (atomic_exchange(&is_slow, false))
        nap(200); /* while others call */
    return 0;     /* go on */
}

static void set_up_and_count(void)
{
    set_up();
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), count_commit, NULL);
}

static void tear_down_and_let_go(void)
{
    tear_down();
    atomic_store(&is_turned, false);
}

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

int main(void)
{
    Suite *suite = suite_create("recorder: hub: writes");
    TCase *tests = tcase_create("writes");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up_and_count, tear_down_and_let_go);
    tcase_add_test(tests, commits_are_counted_by_the_interval_and_not_by_the_stream);
    tcase_add_test(tests, calls_meet_the_group_that_is_being_written);
    tcase_add_test(tests, one_that_seals_often_does_not_cut_the_others_short);
    tcase_add_test(tests, no_sound_waits_longer_than_it_may);
    tcase_add_test(tests, second_of_sound_is_one_block_and_one_commit);
    tcase_add_test(tests, burst_is_kept_whole);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
