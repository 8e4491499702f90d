#include "base/try.h"
#include "consent/text.h"
#include "vault/header.h"
#include <stdio.h>
#include <string.h>

#define US_PER_HOUR INT64_C(3600000000)

typedef struct term {
    int n_hours;
    int n_months;
} term;

static const struct {
    const char *name;
    term term;
} classes[] = {
    [VPRIV_RETENTION_NONE] = {"none", {0, 0}},
    [VPRIV_RETENTION_48_HOURS] = {"48h", {48, 0}},
    [VPRIV_RETENTION_72_HOURS] = {"72h", {72, 0}},
    [VPRIV_RETENTION_90_DAYS] = {"90d", {90 * 24, 0}},
    [VPRIV_RETENTION_3_MONTHS] = {"3months", {0, 3}},
    [VPRIV_RETENTION_18_MONTHS] = {"18months", {0, 18}},
    [VPRIV_RETENTION_36_MONTHS] = {"36months", {0, 36}},
    [VPRIV_RETENTION_ERASED_ONLY] = {VPRIV_RETENTION_UNTIL_ERASED, {0, 0}},
};
#define N_CLASSES (sizeof classes / sizeof classes[0])

/* Terms of their own: a unit and a count. */
static const struct {
    int first;
    const char *before;
    char letter;
    term unit;
} units[] = {{0x1000, "PT", 'H', {1, 0}}, {0x2000, "P", 'D', {24, 0}}, {0x3000, "P", 'M', {0, 1}}};
#define N_UNITS (sizeof units / sizeof units[0])

/* *unit_out: which of the units, or N_UNITS for a class of the table. */
static bool find_class(vpriv_retention retention, size_t *unit_out, int *count_out)
{
    const int number = (int)retention;
    *unit_out = N_UNITS;
    *count_out = 0;
    for (size_t i = 0; i < N_UNITS; i++)
        if (number > units[i].first && number <= units[i].first + VPRIV_RETENTION_COUNT_MAX) {
            *unit_out = i;
            *count_out = number - units[i].first;
            return true;
        }
    return number >= 0 && (size_t)number < N_CLASSES;
}

bool vpi_retention_is_valid(vpriv_retention retention)
{
    size_t unit = 0;
    int count = 0;
    return find_class(retention, &unit, &count);
}

static term term_of(vpriv_retention retention)
{
    size_t unit = 0;
    int count = 0;
    if (!find_class(retention, &unit, &count))
        return (term){0, 0}; /* of a later version: not kept */
    if (unit == N_UNITS)
        return classes[retention].term;
    return (term){units[unit].unit.n_hours * count, units[unit].unit.n_months * count};
}

const char *vpriv_retention_name(vpriv_retention retention, char *name_out)
{
    size_t unit = 0;
    int count = 0;
    if (!find_class(retention, &unit, &count))
        snprintf(name_out, VPRIV_RETENTION_BYTES, "unknown retention");
    else if (unit == N_UNITS)
        snprintf(name_out, VPRIV_RETENTION_BYTES, "%s", classes[retention].name);
    else
        snprintf(name_out, VPRIV_RETENTION_BYTES, "%s%d%c", units[unit].before, count,
            units[unit].letter);
    return name_out;
}

/* The class of a term, one of the table where there is one; false when it is none of ours. */
static bool class_of(int64_t n_hours, int64_t n_months, vpriv_retention *retention_out)
{
    for (size_t i = VPRIV_RETENTION_48_HOURS; i < VPRIV_RETENTION_ERASED_ONLY; i++)
        if (classes[i].term.n_hours == n_hours && classes[i].term.n_months == n_months) {
            *retention_out = (vpriv_retention)i;
            return true;
        }
    for (size_t i = N_UNITS; i-- > 0;) {
        const term unit = units[i].unit;
        const int64_t count = unit.n_months ? n_months : n_hours / unit.n_hours;
        if (count >= 1 && count <= VPRIV_RETENTION_COUNT_MAX && n_months == count * unit.n_months &&
            n_hours == count * unit.n_hours) {
            *retention_out = (vpriv_retention)(units[i].first + (int)count);
            return true;
        }
    }
    return false;
}

/* The text is a duration already. */
static bool parse_duration(const char *text, vpriv_retention *retention_out)
{
    static const struct {
        char name;
        bool is_time;
        term term;
    } letters[] = {{'Y', false, {0, 12}}, {'M', false, {0, 1}}, {'W', false, {168, 0}},
        {'D', false, {24, 0}}, {'H', true, {1, 0}}};
    int64_t n_hours = 0, n_months = 0;
    bool is_time = false;
    for (text++; *text; text++) {
        int64_t number = 0;
        if (*text == 'T') {
            is_time = true;
            continue;
        }
        for (; *text >= '0' && *text <= '9'; text++)
            number = number * 10 + (*text - '0'); /* six digits at most */
        size_t i = 0;
        const size_t n = sizeof letters / sizeof letters[0];
        while (i < n && (letters[i].name != *text || letters[i].is_time != is_time))
            i++;
        if (i == n && number != 0)
            return false; /* minutes and seconds */
        n_hours += i < n ? number * letters[i].term.n_hours : 0;
        n_months += i < n ? number * letters[i].term.n_months : 0;
    }
    if (n_hours == 0 && n_months == 0)
        *retention_out = VPRIV_RETENTION_NONE;
    return (n_hours == 0 && n_months == 0) || class_of(n_hours, n_months, retention_out);
}

vpriv_status vpriv_retention_from_name(const char *name, vpriv_retention *retention_out)
{
    if (!name || !retention_out)
        return vpi_fail(VPRIV_E_ARG, "a name and room for the class are needed");
    for (size_t i = 0; i < N_CLASSES; i++)
        if (strcmp(classes[i].name, name) == 0) {
            *retention_out = (vpriv_retention)i;
            return VPRIV_OK;
        }
    if (!vpi_text_is_duration(name))
        return vpi_fail(VPRIV_E_NOT_FOUND,
            "no retention class \"%.32s\": there are none, 48h, 72h, 90d, 3months, 18months, "
            "36months, until-erased, and ISO 8601 durations such as P10D",
            name);
    if (!parse_duration(name, retention_out))
        return vpi_fail(VPRIV_E_UNSUPPORTED,
            "retention \"%.32s\": whole hours, days, weeks, or years and months, up to %d of them",
            name, VPRIV_RETENTION_COUNT_MAX);
    return VPRIV_OK;
}

int64_t vpi_retention_end_us(vpriv_retention retention, int64_t started_us)
{
    if (retention == VPRIV_RETENTION_ERASED_ONLY)
        return VPRIV_TIME_FOREVER_US;
    const term t = term_of(retention);
    return vpi_time_add_months_us(started_us, t.n_months) + t.n_hours * US_PER_HOUR;
}

void vpi_retention_as_duration(vpriv_retention retention, char *text_out)
{
    const term t = term_of(retention);
    if (retention == VPRIV_RETENTION_ERASED_ONLY)
        snprintf(text_out, VPRIV_RETENTION_BYTES, "%s", VPRIV_RETENTION_UNTIL_ERASED);
    else if (t.n_months > 0)
        snprintf(text_out, VPRIV_RETENTION_BYTES, "P%dM", t.n_months);
    else if (t.n_hours % 24 == 0 && t.n_hours > 0)
        snprintf(text_out, VPRIV_RETENTION_BYTES, "P%dD", t.n_hours / 24);
    else
        snprintf(text_out, VPRIV_RETENTION_BYTES, "PT%dH", t.n_hours);
}

bool vpi_retention_is_in_months(vpriv_retention retention)
{
    return term_of(retention).n_months > 0;
}

static const char *const trigger_names[] = {[VPRIV_TRIGGER_WAKE_WORD] = "wake-word",
    [VPRIV_TRIGGER_BUTTON] = "button",
    [VPRIV_TRIGGER_RAISE] = "raise",
    [VPRIV_TRIGGER_TAP] = "tap",
    [VPRIV_TRIGGER_VOICE_ACTIVITY] = "voice-activity",
    [VPRIV_TRIGGER_CONTINUOUS] = "continuous",
    [VPRIV_TRIGGER_IMPORT] = "import"};
#define N_TRIGGERS (sizeof trigger_names / sizeof trigger_names[0])

const char *vpriv_trigger_name(vpriv_trigger_kind kind)
{
    return (size_t)kind < N_TRIGGERS && trigger_names[kind] ? trigger_names[kind]
                                                            : "unknown trigger";
}

vpriv_status vpriv_trigger_from_name(const char *name, vpriv_trigger_kind *kind_out)
{
    if (!name || !kind_out)
        return vpi_fail(VPRIV_E_ARG, "a name and room for the trigger are needed");
    for (size_t i = 0; i < N_TRIGGERS; i++)
        if (trigger_names[i] && strcmp(trigger_names[i], name) == 0) {
            *kind_out = (vpriv_trigger_kind)i;
            return VPRIV_OK;
        }
    return vpi_fail(VPRIV_E_NOT_FOUND, "no trigger \"%.32s\"", name);
}

const char *vpriv_end_reason_name(vpriv_end_reason reason)
{
    static const char *const names[] = {[VPRIV_END_UNFINISHED] = "unfinished",
        [VPRIV_END_STOPPED] = "stopped",
        [VPRIV_END_SOURCE_ENDED] = "source-ended",
        [VPRIV_END_CONSENT_WITHDRAWN] = "consent-withdrawn",
        [VPRIV_END_DEVICE_LOST] = "device-lost",
        [VPRIV_END_DISK_FULL] = "disk-full",
        [VPRIV_END_MAXIMUM] = "maximum",
        [VPRIV_END_FAILED] = "failed",
        [VPRIV_END_SILENCE] = "silence",
        [VPRIV_END_MUTED] = "muted",
        [VPRIV_END_PAUSED] = "paused"};
    return (size_t)reason < sizeof names / sizeof names[0] ? names[reason] : "unknown end";
}
