#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_SECOND 1000000

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_parse(const char *text, uint8_t *id_out)
{
    uint8_t id[ID_BYTES] = {0};
    size_t n_digits = 0;
    for (; *text; text++) {
        const int digit = hex_digit(*text);
        if (*text == '-' && n_digits > 0 && text[1] && text[1] != '-')
            continue;
        if (digit < 0 || n_digits == 2 * ID_BYTES)
            return false;
        id[n_digits / 2] = (uint8_t)(id[n_digits / 2] << 4 | digit);
        n_digits++;
    }
    if (n_digits != 2 * ID_BYTES)
        return false;
    memcpy(id_out, id, ID_BYTES);
    return true;
}

void hex_format(const uint8_t *bytes, size_t n_bytes, char *text_out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n_bytes; i++) {
        text_out[2 * i] = digits[bytes[i] >> 4];
        text_out[2 * i + 1] = digits[bytes[i] & 15];
    }
    text_out[2 * n_bytes] = '\0';
}

/* Takes exactly n digits; -1 when they are not there. */
static int take_digits(const char **at, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool take_date(const char **at, struct tm *date)
{
    const int year = take_digits(at, 4);
    if (year < 1970 || year > 2400 || !take(at, '-'))
        return false;
    const int month = take_digits(at, 2);
    if (month < 1 || month > 12 || !take(at, '-'))
        return false;
    const int day = take_digits(at, 2);
    if (day < 1 || day > 31)
        return false;
    *date = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    struct tm round = *date;
    timegm(&round);
    return round.tm_mday == day; /* no 31st of April */
}

static bool take_clock(const char **at, struct tm *date, int *us_out)
{
    const int hour = take_digits(at, 2);
    if (hour < 0 || hour > 23 || !take(at, ':'))
        return false;
    const int minute = take_digits(at, 2);
    if (minute < 0 || minute > 59 || !take(at, ':'))
        return false;
    const int second = take_digits(at, 2);
    if (second < 0 || second > 59)
        return false;
    date->tm_hour = hour;
    date->tm_min = minute;
    date->tm_sec = second;
    *us_out = 0;
    if (!take(at, '.'))
        return true;
    int unit_us = US_PER_SECOND / 10;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9' && unit_us > 0; (*at)++, unit_us /= 10)
        *us_out += (**at - '0') * unit_us;
    return true;
}

static bool take_zone(const char **at, int *offset_minutes_out)
{
    if (take(at, 'Z')) {
        *offset_minutes_out = 0;
        return true;
    }
    const int sign = **at == '+' ? 1 : -1;
    if (!take(at, '+') && !take(at, '-'))
        return false;
    const int hours = take_digits(at, 2);
    if (hours < 0 || hours > 23 || !take(at, ':'))
        return false;
    const int minutes = take_digits(at, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    *offset_minutes_out = sign * (hours * 60 + minutes);
    return true;
}

bool time_parse(const char *text, int64_t *time_us_out)
{
    struct tm date;
    int us = 0, offset_minutes = 0;
    if (!take_date(&text, &date))
        return false;
    if (*text && !(take(&text, 'T') && take_clock(&text, &date, &us) &&
                     take_zone(&text, &offset_minutes) && *text == '\0'))
        return false;
    const int64_t time_us =
        ((int64_t)timegm(&date) - (int64_t)offset_minutes * 60) * US_PER_SECOND + us;
    if (time_us < 0)
        return false;
    *time_us_out = time_us;
    return true;
}

void time_format(int64_t time_us, bool exact, char *text_out)
{
    struct tm date;
    const time_t seconds = (time_t)(time_us / US_PER_SECOND);
    if (time_us <= 0 || time_us == VPRIV_TIME_FOREVER_US || !gmtime_r(&seconds, &date)) {
        snprintf(text_out, TIME_TEXT_BYTES, "-");
        return;
    }
    const size_t n = strftime(text_out, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &date);
    if (exact)
        snprintf(text_out + n, TIME_TEXT_BYTES - n, ".%06dZ", (int)(time_us % US_PER_SECOND));
    else
        snprintf(text_out + n, TIME_TEXT_BYTES - n, "Z");
}

void duration_format(uint64_t duration_us, char *text_out)
{
    const uint64_t ms = duration_us / 1000;
    snprintf(text_out, DURATION_TEXT_BYTES, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64,
        ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

void purposes_print(uint32_t purposes)
{
    const char *comma = "";
    if (!purposes)
        printf("-");
    for (int purpose = 0; purpose < VPRIV_PURPOSES_MAX; purpose++) {
        if (!(purposes & VPRIV_PURPOSE_BIT(purpose)))
            continue;
        printf("%s%s", comma, vpriv_purpose_name((vpriv_purpose)purpose));
        comma = ",";
    }
}

/* The milliseconds of a unit; 0 when it is none. */
static uint32_t unit_ms_of(const char *unit, uint32_t without)
{
    static const struct {
        const char *name;
        uint32_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ms;
    return *unit ? 0 : without;
}

bool span_parse(const char *text, uint32_t unit_ms, uint32_t max_ms, uint32_t *ms_out)
{
    const char *at = text;
    uint64_t thousandths = 0;
    int n_after = -1; /* digits behind the point */
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && at > text && n_after < 0); at++) {
        if (*at == '.') {
            n_after = 0;
            continue;
        }
        n_after += n_after >= 0;
        thousandths = thousandths * 10 + (uint64_t)(*at - '0');
        if (n_after > 3 || thousandths > UINT32_MAX)
            return false;
    }
    const uint64_t unit = unit_ms_of(at, unit_ms);
    if (at == text || at[-1] == '.' || unit == 0)
        return false;
    for (int i = n_after < 0 ? 0 : n_after; i < 3; i++)
        thousandths *= 10;
    if (thousandths * unit % 1000 != 0 || thousandths * unit / 1000 > max_ms)
        return false;
    *ms_out = (uint32_t)(thousandths * unit / 1000);
    return true;
}

bool number_parse(const char *text, uint32_t max, uint32_t *number_out)
{
    uint64_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > max)
            return false;
    }
    *number_out = (uint32_t)number;
    return true;
}
