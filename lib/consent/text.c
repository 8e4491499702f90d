#include "consent/text.h"
#include "base/clock.h"
#include <string.h>
#include <voicepriv/consent.h>

/* One code point; returns its length in bytes, 0 when it is malformed. */
static size_t code_point(const uint8_t *at, size_t left, uint32_t *point_out)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t first = at[0];
    const size_t length = first < 0x80             ? 1
                          : (first & 0xe0) == 0xc0 ? 2
                          : (first & 0xf0) == 0xe0 ? 3
                          : (first & 0xf8) == 0xf0 ? 4
                                                   : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t point = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fu);
    }
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *point_out = point;
    return length;
}

static bool all_points(const void *text, size_t n_bytes, bool controls_too)
{
    const uint8_t *at = text;
    while (n_bytes > 0) {
        uint32_t point = 0;
        const size_t length = code_point(at, n_bytes, &point);
        if (length == 0 || point == 0)
            return false;
        if (!controls_too && (point < 0x20 || (point >= 0x7f && point <= 0x9f)))
            return false;
        at += length;
        n_bytes -= length;
    }
    return true;
}

bool vpi_text_is_utf8(const void *text, size_t n_bytes)
{
    return all_points(text, n_bytes, true);
}

bool vpi_text_is_plain(const char *text, size_t n_bytes)
{
    return all_points(text, n_bytes, false);
}

bool vpi_text_field_is_plain(const char *field, size_t capacity_bytes)
{
    const char *end = memchr(field, 0, capacity_bytes);
    return end && vpi_text_is_plain(field, (size_t)(end - field));
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return is_capital(c) || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool vpi_text_is_language(const char *text)
{
    size_t n_parts = 0;
    while (n_parts == 0 || *text == '-') {
        if (n_parts > 0)
            text++;
        size_t length = 0;
        while (is_letter(*text) || (n_parts > 0 && is_digit(*text))) {
            text++;
            length++;
        }
        if (length < (n_parts == 0 ? 2 : 1) || length > 8)
            return false;
        n_parts++;
    }
    return *text == '\0';
}

bool vpi_text_is_country(const char *text)
{
    return is_capital(text[0]) && is_capital(text[1]) && text[2] == '\0';
}

bool vpi_text_is_jurisdiction(const char *text)
{
    if (!is_capital(text[0]) || !is_capital(text[1]))
        return false;
    text += 2;
    if (*text == '\0')
        return true;
    if (*text++ != '-')
        return false;
    size_t length = 0;
    while (is_capital(text[length]) || is_digit(text[length]))
        length++;
    return length >= 1 && length <= 3 && text[length] == '\0';
}

/* Numbers followed by units, each unit at most once and in this order. */
static bool duration_part(const char **at, const char *units, size_t *n_out)
{
    while (is_digit(**at)) {
        size_t n_digits = 0;
        while (is_digit(**at)) {
            (*at)++;
            n_digits++;
        }
        const char *unit = **at ? strchr(units, **at) : NULL;
        if (!unit || n_digits > 6)
            return false;
        units = unit + 1;
        (*at)++;
        (*n_out)++;
    }
    return true;
}

bool vpi_text_is_duration(const char *text)
{
    size_t n_date = 0, n_time = 0;
    if (*text++ != 'P')
        return false;
    const size_t length = strlen(text);
    if (length > 1 && text[length - 1] == 'W')
        return duration_part(&text, "W", &n_date) && *text == '\0' && n_date == 1;
    if (!duration_part(&text, "YMD", &n_date))
        return false;
    if (*text == 'T') {
        text++;
        if (!duration_part(&text, "HMS", &n_time) || n_time == 0)
            return false;
    }
    return *text == '\0' && n_date + n_time > 0;
}

bool vpi_text_is_iri(const char *text)
{
    if (!is_letter(*text))
        return false;
    while (is_letter(*text) || is_digit(*text) || (*text && strchr("+-.", *text)))
        text++;
    if (*text++ != ':' || *text == '\0')
        return false;
    return strpbrk(text, " <>\"{}|\\^`") == NULL;
}

bool vpi_time_is_plausible(int64_t time_us)
{
    return time_us > 0 && time_us < VPI_YEAR_2401_US;
}

bool vpi_time_is_bound(int64_t time_us)
{
    return time_us == 0 || time_us == VPRIV_TIME_FOREVER_US || vpi_time_is_plausible(time_us);
}
