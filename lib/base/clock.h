/* Time in UTC microseconds that never runs backwards within a vault.
 *
 * The vault remembers the latest time it has seen; `vpi_clock_now_us` gives max(system, seen). A system
 * clock that says it is before 1970 or after 2400 says nothing: the time stands at the one seen, 0 if none. */
#ifndef VPI_BASE_CLOCK_H
#define VPI_BASE_CLOCK_H

#include "base/status.h"

#define VPI_YEAR_2401_US (INT64_C(157420) * 86400 * 1000000)

/* A system clock: microseconds since 1970-01-01 UTC. Tests and simulations put their own in. */
typedef int64_t (*vpi_clock_fn)(void *user);

typedef struct vpi_clock {
    vpi_clock_fn fn; /* NULL is the system's */
    void *user;
    int64_t seen_us;
} vpi_clock;

int64_t vpi_clock_now_us(vpi_clock *clock);

/* Monotonic microseconds, for durations. */
int64_t vpi_monotonic_us(void);

/* How long this machine has run since it was started, sleep included, and which start that was: time that
 * no clock setting changes. Where the system does not tell which, every call is a start of its own. */
#define VPI_BOOT_ID_BYTES 16
int64_t vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out);

/* Calendar arithmetic (proleptic Gregorian, UTC): add whole months, clamping to the month's end. */
int64_t vpi_time_add_months_us(int64_t time_us, int n_months);

/* "2026-11-22T08:30:16Z"; text_out holds at least VPI_TIME_TEXT_BYTES. */
#define VPI_TIME_TEXT_BYTES 32
void vpi_time_format(int64_t time_us, char *text_out);
/* RFC 3339 with Z or an offset, or a plain date (midnight UTC). Years 1970 to 2400. */
vpriv_status vpi_time_parse(const char *text, int64_t *time_us_out);

#endif
