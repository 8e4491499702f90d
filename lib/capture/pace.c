#include "capture/pace.h"

#define WINDOW_US      1000000
#define PAUSE_US       250000 /* what waited meanwhile may still be on its way */
#define LEAST_LOST_MS  8      /* less is taken for drift or jitter */
#define FIRST_AHEAD_MS 500
#define MOST_AHEAD_MS  10 /* per window: nothing that follows a clock gets ahead faster */

void vpi_pace_begin(vpi_pace *pace, uint32_t rate_hz)
{
    *pace = (vpi_pace){.rate_hz = rate_hz};
}

static int64_t frames_in(const vpi_pace *pace, int64_t duration_us)
{
    return duration_us / 1000000 * pace->rate_hz + duration_us % 1000000 * pace->rate_hz / 1000000;
}

/* The window is full: where do we stand? */
static uint64_t judge(vpi_pace *pace)
{
    const int64_t least_lost = (int64_t)pace->rate_hz * LEAST_LOST_MS / 1000;
    const int64_t most_ahead = (int64_t)pace->rate_hz * MOST_AHEAD_MS / 1000;
    if (!pace->is_settled) {
        /* The first frame to come may have waited for a while, but not for ever. */
        const int64_t furthest_ahead = -(int64_t)pace->rate_hz * FIRST_AHEAD_MS / 1000;
        pace->settled = pace->lowest < furthest_ahead ? furthest_ahead : pace->lowest;
        pace->is_settled = true;
        return 0;
    }
    const int64_t missing = pace->lowest - pace->settled;
    if (missing >= least_lost) {
        pace->n_frames += (uint64_t)missing;
        return (uint64_t)missing;
    }
    pace->settled = missing < -most_ahead ? pace->settled - most_ahead : pace->lowest;
    return 0;
}

uint64_t vpi_pace_tick(vpi_pace *pace, uint64_t n_frames, int64_t now_us)
{
    uint64_t n_lost = 0;
    if (!pace->is_running) {
        pace->is_running = true;
        pace->began_us = pace->window_began_us = pace->ticked_us = now_us;
        pace->lowest = 0;
        return 0;
    }
    pace->n_frames += n_frames;
    const int64_t missing = frames_in(pace, now_us - pace->began_us) - (int64_t)pace->n_frames;
    if (now_us - pace->ticked_us > PAUSE_US) {
        pace->window_began_us = now_us;
        pace->lowest = missing;
    }
    pace->ticked_us = now_us;
    if (missing < pace->lowest)
        pace->lowest = missing;
    if (now_us - pace->window_began_us >= WINDOW_US) {
        n_lost = judge(pace);
        pace->window_began_us = now_us;
        pace->lowest = INT64_MAX;
    }
    return n_lost;
}
