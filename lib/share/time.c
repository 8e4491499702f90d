#include "base/clock.h"
#include "consent/text.h"
#include "share/document.h"
#include <stdio.h>
#include <string.h>

#define US_PER_SECOND   INT64_C(1000000)
#define SECONDS_BYTES   19 /* "2026-11-22T08:30:16" */
#define FRACTION_DIGITS 6

void vpi_exact_time_text(int64_t time_us, char text_out[VPI_EXACT_TIME_BYTES])
{
    char text[VPI_TIME_TEXT_BYTES];
    vpi_time_format(time_us, text);
    snprintf(text_out, VPI_EXACT_TIME_BYTES, "%.*s.%06dZ", SECONDS_BYTES, text,
        (int)(time_us % US_PER_SECOND));
}

bool vpi_exact_time_parse(const char *text, int64_t *time_us_out)
{
    char seconds[SECONDS_BYTES + 2], again[VPI_EXACT_TIME_BYTES];
    int64_t time_us = 0;
    int fraction_us = 0;
    if (strlen(text) != SECONDS_BYTES + 1 + FRACTION_DIGITS + 1)
        return false;
    snprintf(seconds, sizeof seconds, "%.*sZ", SECONDS_BYTES, text);
    if (vpi_time_parse(seconds, &time_us) != VPRIV_OK)
        return false;
    for (int i = 1; i <= FRACTION_DIGITS; i++) {
        const char digit = text[SECONDS_BYTES + i];
        if (digit < '0' || digit > '9')
            return false;
        fraction_us = 10 * fraction_us + (digit - '0');
    }
    time_us += fraction_us;
    vpi_exact_time_text(time_us, again);
    if (!vpi_time_is_plausible(time_us) || strcmp(again, text) != 0)
        return false;
    *time_us_out = time_us;
    return true;
}
