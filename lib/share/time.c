#include "consent/text.h"
#include "share/document.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MICROS INT64_C(1000000)

void vpi_time_text(int64_t time_us, char text_out[VPI_TIME_TEXT_BYTES])
{
    struct tm parts;
    const time_t seconds = (time_t)(time_us / MICROS);
    gmtime_r(&seconds, &parts);
    const size_t n = strftime(text_out, VPI_TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text_out + n, VPI_TIME_TEXT_BYTES - n, ".%06dZ", (int)(time_us % MICROS));
}

static bool number(const char *text, size_t n_digits, int *number_out)
{
    int sum = 0;
    for (size_t i = 0; i < n_digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        sum = 10 * sum + (text[i] - '0');
    }
    *number_out = sum;
    return true;
}

bool vpi_time_from_text(const char *text, int64_t *time_us_out)
{
    char again[VPI_TIME_TEXT_BYTES];
    struct tm parts = {0};
    int micros = 0;
    if (strlen(text) != 27 || !number(text, 4, &parts.tm_year) ||
        !number(text + 5, 2, &parts.tm_mon) || !number(text + 8, 2, &parts.tm_mday) ||
        !number(text + 11, 2, &parts.tm_hour) || !number(text + 14, 2, &parts.tm_min) ||
        !number(text + 17, 2, &parts.tm_sec) || !number(text + 20, 6, &micros))
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const int64_t time_us = (int64_t)timegm(&parts) * MICROS + micros;
    if (!vpi_time_is_plausible(time_us))
        return false;
    vpi_time_text(time_us, again);
    if (strcmp(again, text) != 0)
        return false;
    *time_us_out = time_us;
    return true;
}
