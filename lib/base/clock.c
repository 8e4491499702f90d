#include "base/clock.h"
#include "base/random.h"
#include "base/try.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY    (INT64_C(86400) * US_PER_SECOND)

static int64_t system_us(clockid_t id)
{
    struct timespec now = {0};
    VPI_IMPOSSIBLE_UNLESS(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t vpi_clock_now_us(vpi_clock *clock)
{
    const int64_t now = clock->fn ? clock->fn(clock->user) : system_us(CLOCK_REALTIME);
    if (now > clock->seen_us && now < VPI_YEAR_2401_US)
        clock->seen_us = now;
    return clock->seen_us;
}

int64_t vpi_monotonic_us(void)
{
    return system_us(CLOCK_MONOTONIC);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int64_t vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out)
{
    char text[64] = "";
    size_t n = 0;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    const bool is_read = file && fgets(text, sizeof text, file);
    if (file)
        (void)fclose(file);
    memset(boot_id_out, 0, VPI_BOOT_ID_BYTES);
    for (const char *at = text; *at && n < 2 * VPI_BOOT_ID_BYTES; at++)
        if (digit_of(*at) >= 0) {
            boot_id_out[n / 2] = (uint8_t)(boot_id_out[n / 2] << 4 | digit_of(*at));
            n++;
        }
    *is_told_out = is_read && n == 2 * VPI_BOOT_ID_BYTES;
    if (!*is_told_out)
        vpi_random(boot_id_out, VPI_BOOT_ID_BYTES);
    return system_us(CLOCK_BOOTTIME);
}

typedef struct civil {
    int64_t year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
} civil;

/* Days since 1970-01-01, counting years from March so that the leap day comes last. */
static int64_t days_from_civil(civil date)
{
    const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t month_from_march = (date.month + 9) % 12;
    const int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static civil civil_from_days(int64_t days)
{
    const int64_t shifted = days + 719468;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const int64_t day_of_era = shifted - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    civil date;
    date.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    date.month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    date.year = year_of_era + era * 400 + (date.month <= 2);
    return date;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t vpi_time_add_months_us(int64_t time_us, int n_months)
{
    const int64_t day = floor_div(time_us, US_PER_DAY);
    civil date = civil_from_days(day);
    const int64_t months = date.year * 12 + (date.month - 1) + n_months;
    date.year = floor_div(months, 12);
    date.month = (int)(months - date.year * 12) + 1;
    if (date.day > days_in_month(date.year, date.month))
        date.day = days_in_month(date.year, date.month);
    return days_from_civil(date) * US_PER_DAY + (time_us - day * US_PER_DAY);
}

void vpi_time_format(int64_t time_us, char *text_out)
{
    const int64_t day = floor_div(time_us, US_PER_DAY);
    const civil date = civil_from_days(day);
    const int64_t seconds = (time_us - day * US_PER_DAY) / US_PER_SECOND;
    snprintf(text_out, VPI_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02dZ",
        (int)(date.year > 9999 ? 9999
              : date.year < 0  ? 0
                               : date.year),
        date.month, date.day, (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* A fixed number of digits; -1 when one is missing. */
static int digits(const char **at, int n_digits)
{
    int value = 0;
    for (int i = 0; i < n_digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool literal(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool parse_zone(const char **at, int *offset_minutes_out)
{
    *offset_minutes_out = 0;
    if (literal(at, 'Z'))
        return true;
    const int sign = **at == '+' ? 1 : **at == '-' ? -1 : 0;
    if (!sign)
        return false;
    (*at)++;
    const int hours = digits(at, 2);
    if (hours < 0 || hours > 23 || !literal(at, ':'))
        return false;
    const int minutes = digits(at, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    *offset_minutes_out = sign * (hours * 60 + minutes);
    return true;
}

vpriv_status vpi_time_parse(const char *text, int64_t *time_us_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const char *at = text;
    civil date = {0};
    int hour = 0, minute = 0, second = 0, offset_minutes = 0;
    const char *form = "a time looks like 2026-11-22 or 2026-11-22T08:30:00Z";
    VPI_ENSURE(text, VPRIV_E_ARG, "%s", form);
    date.year = digits(&at, 4);
    VPI_ENSURE(
        date.year >= 1970 && date.year <= 2400, VPRIV_E_ARG, "%s (years 1970 to 2400)", form);
    VPI_ENSURE(literal(&at, '-'), VPRIV_E_ARG, "%s", form);
    date.month = digits(&at, 2);
    VPI_ENSURE(date.month >= 1 && date.month <= 12 && literal(&at, '-'), VPRIV_E_ARG, "%s", form);
    date.day = digits(&at, 2);
    VPI_ENSURE(date.day >= 1 && date.day <= days_in_month(date.year, date.month), VPRIV_E_ARG,
        "no such day in that month; %s", form);
    if (*at) {
        VPI_ENSURE(literal(&at, 'T'), VPRIV_E_ARG, "%s", form);
        hour = digits(&at, 2);
        VPI_ENSURE(hour >= 0 && hour <= 23 && literal(&at, ':'), VPRIV_E_ARG, "%s", form);
        minute = digits(&at, 2);
        VPI_ENSURE(minute >= 0 && minute <= 59 && literal(&at, ':'), VPRIV_E_ARG, "%s", form);
        second = digits(&at, 2);
        VPI_ENSURE(second >= 0 && second <= 59, VPRIV_E_ARG, "%s", form);
        VPI_ENSURE(parse_zone(&at, &offset_minutes) && !*at, VPRIV_E_ARG, "%s", form);
    }
    *time_us_out = (days_from_civil(date) * 86400 + hour * 3600 + minute * 60 + second -
                       (int64_t)offset_minutes * 60) *
                   US_PER_SECOND;
    st = VPRIV_OK;
out:
    return st;
}
