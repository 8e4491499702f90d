/* Frames that a sound server dropped without a word, found with the clock.
 *
 * A microphone gives rate_hz frames per second, steadily. Frames may come late, and then come all
 * the same; lost ones never come. So the count of frames that are missing against the clock goes up
 * and down with every delay, but its lowest value in a stretch of time stays where it was, up to the
 * drift between two clocks, unless frames were lost: then it rises by their number and stays up.
 *
 * Plain arithmetic: for the thread that captures. */
#ifndef VPI_CAPTURE_PACE_H
#define VPI_CAPTURE_PACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct vpi_pace {
    uint32_t rate_hz;
    bool is_running;
    int64_t began_us;
    int64_t window_began_us;
    int64_t ticked_us;
    uint64_t n_frames; /* heard, and lost as far as known */
    int64_t lowest;    /* of the window, in frames */
    int64_t settled;   /* where the lowest stands when nothing is lost */
    bool is_settled;
} vpi_pace;

void vpi_pace_begin(vpi_pace *pace, uint32_t rate_hz);
/* n_frames (heard, or known to be lost) are there at now_us; nothing more is waiting. Returns how
 * many were lost besides, since the last time. */
uint64_t vpi_pace_tick(vpi_pace *pace, uint64_t n_frames, int64_t now_us);

#endif
