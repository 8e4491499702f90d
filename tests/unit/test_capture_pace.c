#include "capture/pace.h"
#include "unit.h"
#include <stdio.h>

#define RATE_HZ     48000
#define FRAGMENT_US 20000

/* A microphone whose clock is off by some millionths, and a server that delivers late. */
typedef struct simulation {
    vpi_pace pace;
    double off_ppm;
    int64_t now_us;
    double captured; /* frames since the beginning, as the microphone counts */
    uint64_t given;  /* of those, what the server gave or lost */
    uint64_t lost;
    uint64_t told;
    uint64_t random_state;
} simulation;

static uint32_t random_below(simulation *sim, uint32_t limit)
{
    sim->random_state = sim->random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(sim->random_state >> 33) % limit;
}

static void begin(simulation *sim, double off_ppm)
{
    *sim = (simulation){.off_ppm = off_ppm, .now_us = 123456789};
    vpi_pace_begin(&sim->pace, RATE_HZ);
}

static void pass(simulation *sim, int64_t duration_us)
{
    sim->now_us += duration_us;
    sim->captured += (double)duration_us * RATE_HZ / 1e6 * (1 + sim->off_ppm / 1e6);
}

/* The server gives everything that it has. */
static void give(simulation *sim)
{
    const uint64_t n = (uint64_t)sim->captured - sim->given;
    sim->given += n;
    sim->told += vpi_pace_tick(&sim->pace, n, sim->now_us);
}

static void lose(simulation *sim, int64_t duration_us)
{
    pass(sim, duration_us);
    const uint64_t n = (uint64_t)sim->captured - sim->given;
    sim->given += n;
    sim->lost += n;
}

/* Fragments with up to late_us of delay each. */
static void record(simulation *sim, double seconds, uint32_t late_us)
{
    int64_t owed_us = 0;
    for (int i = 0; i < (int)(seconds * 1e6 / FRAGMENT_US); i++) {
        const int64_t late = random_below(sim, late_us + 1);
        pass(sim, FRAGMENT_US + late - owed_us);
        owed_us = late;
        give(sim);
    }
}

static void check_told(const simulation *sim, unsigned tolerance_frames)
{
    ck_assert_msg(
        sim->told + tolerance_frames >= sim->lost && sim->told <= sim->lost + tolerance_frames,
        "lost %llu, told %llu at %g ppm", (unsigned long long)sim->lost,
        (unsigned long long)sim->told, sim->off_ppm);
}

static const double drifts[] = {0, 50, -50, 1000, -1000, 5000, -5000};

START_TEST(nothing_lost_is_nothing_told_whatever_the_clocks_do)
{
    for (size_t i = 0; i < sizeof drifts / sizeof drifts[0]; i++) {
        simulation sim;
        begin(&sim, drifts[i]);
        record(&sim, 3600, 15000);
        ck_assert_uint_eq(sim.told, 0);
    }
}
END_TEST

START_TEST(what_is_lost_is_told_to_a_few_milliseconds)
{
    for (size_t i = 0; i < 5; i++) {
        simulation sim;
        begin(&sim, drifts[i]);
        record(&sim, 10, 5000);
        for (int n = 1; n <= 50; n++) {
            lose(&sim, 21333 + n * 7000);
            record(&sim, 4, 5000);
            check_told(&sim, (unsigned)n * RATE_HZ / 1000 * 3);
            if (drifts[i] > -60 && drifts[i] < 60)
                check_told(&sim, (unsigned)n * RATE_HZ / 1000);
        }
        ck_assert_uint_gt(sim.told, 50 * 1024);
    }
}
END_TEST

START_TEST(pauses_after_which_everything_comes_are_no_loss)
{
    simulation sim;
    begin(&sim, 30);
    record(&sim, 5, 5000);
    for (int n = 0; n < 200; n++) {
        pass(&sim, random_below(&sim, 3000000));
        /* What waited comes in pieces. */
        const uint64_t waiting = (uint64_t)sim.captured - sim.given;
        for (int piece = 0; piece < 4; piece++) {
            sim.given += waiting / 4;
            sim.told += vpi_pace_tick(&sim.pace, waiting / 4, sim.now_us);
            pass(&sim, 2000);
        }
        record(&sim, 2.5, 5000);
    }
    ck_assert_uint_eq(sim.told, 0);
}
END_TEST

START_TEST(loss_known_from_elsewhere_is_not_told_again)
{
    simulation sim;
    begin(&sim, 0);
    record(&sim, 5, 0);
    for (int n = 0; n < 20; n++) {
        pass(&sim, 300000);
        give(&sim); /* the caller counts frames that the server said it lost */
        record(&sim, 3, 0);
    }
    ck_assert_uint_eq(sim.told, 0);
}
END_TEST

START_TEST(a_source_that_keeps_no_time_is_never_owed_a_lot)
{
    simulation sim;
    begin(&sim, 0);
    give(&sim);
    /* Ten seconds of sound in one, then nothing for nine: that is a file, not a microphone. */
    for (int i = 0; i < 50; i++) {
        sim.now_us += FRAGMENT_US;
        sim.told += vpi_pace_tick(&sim.pace, RATE_HZ / 5, sim.now_us);
    }
    sim.now_us += 9000000;
    for (int i = 0; i < 500; i++) {
        sim.now_us += FRAGMENT_US;
        sim.told += vpi_pace_tick(&sim.pace, RATE_HZ / 50, sim.now_us);
    }
    ck_assert_uint_le(sim.told, RATE_HZ / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_pace");
    TCase *tests = tcase_create("pace");
    tcase_add_test(tests, nothing_lost_is_nothing_told_whatever_the_clocks_do);
    tcase_add_test(tests, what_is_lost_is_told_to_a_few_milliseconds);
    tcase_add_test(tests, pauses_after_which_everything_comes_are_no_loss);
    tcase_add_test(tests, loss_known_from_elsewhere_is_not_told_again);
    tcase_add_test(tests, a_source_that_keeps_no_time_is_never_owed_a_lot);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
