#include "consent/rules.h"
#include "base/clock.h"
#include "consent/purpose.h"
#include "consent/state.h"
#include "consent/text.h"
#include <string.h>
#include <strings.h>

#define BIT(name) VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_##name)

/* At least as strict as every profile that is shipped: a test compares them. */
static const vpriv_rules strict = {
    .struct_size = sizeof(vpriv_rules),
    .profiles = VPI_STRICT,
    .valid_until_us = VPRIV_TIME_FOREVER_US,
    .minimum_age = 18,
    .all_parties = true,
    .forbidden = BIT(SPEAKER_IDENTIFICATION) | BIT(PROFILE_FOR_CONTENT_OR_ADS),
    .express = BIT(HUMAN_REVIEW) | BIT(IMPROVE_BY_MACHINE) | BIT(DEVELOP_NEW_FEATURES) |
               BIT(SPEAKER_IDENTIFICATION) | BIT(PROFILE_FOR_CONTENT_OR_ADS) | BIT(DONATION) |
               BIT(TRAIN_THIRD_PARTY),
    .written = BIT(SPEAKER_IDENTIFICATION),
    .n_terms = 1,
    /* What serves the person alone is kept until they erase it. */
    .terms = {{.purposes = ~VPI_PURPOSES_OF_THE_PERSON, .n_months = 3}},
};

const vpriv_rules *vpriv_rules_strict(void)
{
    return &strict;
}

void vpi_rules_strict_for(const char *place, vpriv_rules *rules_out)
{
    *rules_out = strict;
    if (strcmp(place, VPI_STRICT) != 0)
        memcpy(rules_out->place, place, strnlen(place, VPRIV_JURISDICTION_BYTES - 1));
}

bool vpi_rules_are_known(const vpriv_rules *rules)
{
    return strcmp(rules->profiles, VPI_STRICT) != 0;
}

void vpi_rules_at(vpriv_rules *rules, int64_t now_us)
{
    char place[VPRIV_JURISDICTION_BYTES];
    if (now_us > 0 && now_us < rules->valid_until_us)
        return;
    memcpy(place, rules->place, sizeof place);
    vpi_rules_strict_for(place, rules);
}

static int64_t term_end_us(vpriv_rules_term term, int64_t started_us)
{
    return vpi_time_add_months_us(started_us, term.n_months) +
           term.n_days * INT64_C(86400) * 1000000;
}

void vpi_rules_add_term(vpriv_rules *rules, vpriv_rules_term term)
{
    for (uint32_t i = 0; i < rules->n_terms; i++)
        if (rules->terms[i].n_months == term.n_months && rules->terms[i].n_days == term.n_days) {
            rules->terms[i].purposes |= term.purposes;
            return;
        }
    if (rules->n_terms < VPRIV_RULES_TERMS_MAX) {
        rules->terms[rules->n_terms++] = term;
        return;
    }
    vpriv_rules_term *last = &rules->terms[VPRIV_RULES_TERMS_MAX - 1];
    const uint32_t purposes = last->purposes | term.purposes;
    if (term_end_us(term, 0) < term_end_us(*last, 0))
        *last = term;
    last->purposes = purposes;
}

void vpi_rules_add_stop(vpriv_rules *rules, vpriv_rules_stop stop)
{
    if (rules->n_stops < VPRIV_RULES_STOPS_MAX) {
        rules->stops[rules->n_stops++] = stop;
        return;
    }
    vpriv_rules_stop *last = &rules->stops[VPRIV_RULES_STOPS_MAX - 1];
    last->purposes |= stop.purposes;
    last->from_us = stop.from_us < last->from_us ? stop.from_us : last->from_us;
    last->until_us = stop.until_us > last->until_us ? stop.until_us : last->until_us;
}

static bool names_have(const char *names, const char *name, size_t n)
{
    while (*names) {
        const size_t length = strcspn(names, " ");
        if (length == n && strncasecmp(names, name, n) == 0)
            return true;
        names += length + (names[length] == ' ');
    }
    return false;
}

/* Names that do not fit make the place one that is not known: it is in every scope then. */
static void join_names(char names[VPRIV_PROFILE_NAMES_BYTES], const char *others)
{
    while (*others) {
        const size_t n = strcspn(others, " "), used = strlen(names);
        if (!names_have(names, others, n)) {
            if (used + (used > 0) + n >= VPRIV_PROFILE_NAMES_BYTES) {
                memcpy(names, VPI_STRICT, sizeof VPI_STRICT);
                return;
            }
            if (used > 0)
                names[used] = ' ';
            memcpy(names + used + (used > 0), others, n);
            names[used + (used > 0) + n] = '\0';
        }
        others += n + (others[n] == ' ');
    }
}

void vpi_rules_join(vpriv_rules *rules, const vpriv_rules *others)
{
    if (strcmp(rules->place, others->place) != 0)
        rules->place[0] = '\0';
    join_names(rules->profiles, others->profiles);
    if (others->valid_until_us < rules->valid_until_us)
        rules->valid_until_us = others->valid_until_us;
    if (others->minimum_age > rules->minimum_age)
        rules->minimum_age = others->minimum_age;
    rules->young_are_refused = rules->young_are_refused || others->young_are_refused;
    rules->all_parties = rules->all_parties || others->all_parties;
    rules->forbidden |= others->forbidden;
    rules->express |= others->express;
    rules->written |= others->written;
    for (uint32_t i = 0; i < others->n_terms; i++)
        vpi_rules_add_term(rules, others->terms[i]);
    for (uint32_t i = 0; i < others->n_stops; i++)
        vpi_rules_add_stop(rules, others->stops[i]);
}

int64_t vpriv_rules_keep_until(const vpriv_rules *rules, vpriv_purpose purpose, int64_t started_us)
{
    int64_t end_us = VPRIV_TIME_FOREVER_US;
    const vpriv_rules *held = rules ? rules : &strict;
    if ((int)purpose < 0 || purpose >= VPRIV_PURPOSES_MAX)
        return started_us;
    for (uint32_t i = 0; i < held->n_terms && i < VPRIV_RULES_TERMS_MAX; i++) {
        const int64_t end = term_end_us(held->terms[i], started_us);
        if ((held->terms[i].purposes & VPRIV_PURPOSE_BIT(purpose)) && end < end_us)
            end_us = end;
    }
    return end_us;
}

int64_t vpi_rules_of_age_us(
    const vpriv_rules *rules, vpriv_subject_class subject_class, vpi_birth birth)
{
    if (birth.year == 0)
        return subject_class == VPRIV_SUBJECT_CHILD ? VPRIV_TIME_FOREVER_US : 0;
    return vpi_time_add_months_us(
        0, ((int)birth.year + (int)rules->minimum_age - 1970) * 12 + birth.month);
}

/* Born before 1970 is of age at a time before it. */
static bool is_young(int64_t of_age_us, int64_t at_us)
{
    return of_age_us != 0 && (at_us <= 0 || at_us < of_age_us);
}

bool vpi_rules_child_holds(const vpriv_rules *rules, vpriv_subject_class subject_class,
    vpi_birth birth, vpriv_consent_by by, int64_t said_us, int64_t now_us)
{
    const int64_t of_age_us = vpi_rules_of_age_us(rules, subject_class, birth);
    if (vpi_consent_is_by_guardian(by))
        return is_young(of_age_us, now_us) && !rules->young_are_refused;
    return !is_young(of_age_us, said_us < now_us ? said_us : now_us);
}

bool vpi_rules_outgrown(const vpriv_rules *rules, vpriv_subject_class subject_class,
    vpi_birth birth, vpriv_consent_by by, int64_t now_us)
{
    return vpi_consent_is_by_guardian(by) &&
           !is_young(vpi_rules_of_age_us(rules, subject_class, birth), now_us);
}

bool vpi_rules_form_suffices(
    const vpriv_rules *rules, vpriv_purpose purpose, vpriv_consent_method method)
{
    const uint32_t bit = VPRIV_PURPOSE_BIT(purpose);
    if (rules->written & bit)
        return method == VPRIV_CONSENT_METHOD_PAPER;
    return !(rules->express & bit) || method == VPRIV_CONSENT_METHOD_TAP ||
           method == VPRIV_CONSENT_METHOD_VOICE || method == VPRIV_CONSENT_METHOD_BUTTON ||
           method == VPRIV_CONSENT_METHOD_PAPER;
}

bool vpi_rules_stop_now(const vpriv_rules *rules, vpriv_purpose purpose, int64_t now_us)
{
    for (uint32_t i = 0; i < rules->n_stops; i++) {
        const vpriv_rules_stop *stop = &rules->stops[i];
        if ((stop->purposes & VPRIV_PURPOSE_BIT(purpose)) && now_us >= stop->from_us &&
            now_us < stop->until_us)
            return true;
    }
    return false;
}

bool vpi_scope_is_valid(const char *where)
{
    const size_t n = strlen(where);
    if (strcmp(where, "*") == 0)
        return true;
    if (n < 2 || n >= VPRIV_PROFILE_NAME_BYTES)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = where[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return true;
}

bool vpi_scope_covers(const char *where, const vpriv_rules *rules)
{
    const size_t n = strlen(where);
    if (strcmp(where, "*") == 0 || names_have(rules->profiles, VPI_STRICT, sizeof VPI_STRICT - 1))
        return true;
    const bool is_place = strncasecmp(rules->place, where, n) == 0 &&
                          (rules->place[n] == '\0' || rules->place[n] == '-');
    return is_place || names_have(rules->profiles, where, n);
}

void vpi_rules_put(vpi_writer *w, const vpriv_rules *rules)
{
    vpi_put_text(w, rules->place);
    vpi_put_text(w, rules->profiles);
    vpi_put_i64(w, rules->valid_until_us);
    vpi_put_u8(w, (uint8_t)rules->minimum_age);
    vpi_put_u8(w, rules->young_are_refused);
    vpi_put_u8(w, rules->all_parties);
    vpi_put_u32(w, rules->forbidden);
    vpi_put_u32(w, rules->express);
    vpi_put_u32(w, rules->written);
    vpi_put_u8(w, (uint8_t)rules->n_terms);
    for (uint32_t i = 0; i < rules->n_terms; i++) {
        vpi_put_u32(w, rules->terms[i].purposes);
        vpi_put_u16(w, rules->terms[i].n_months);
        vpi_put_u16(w, rules->terms[i].n_days);
    }
    vpi_put_u8(w, (uint8_t)rules->n_stops);
    for (uint32_t i = 0; i < rules->n_stops; i++) {
        vpi_put_u32(w, rules->stops[i].purposes);
        vpi_put_i64(w, rules->stops[i].from_us);
        vpi_put_i64(w, rules->stops[i].until_us);
    }
}

void vpi_rules_get(vpi_reader *r, vpriv_rules *rules_out)
{
    memset(rules_out, 0, sizeof *rules_out);
    rules_out->struct_size = sizeof *rules_out;
    vpi_get_text(r, rules_out->place, sizeof rules_out->place);
    vpi_get_text(r, rules_out->profiles, sizeof rules_out->profiles);
    rules_out->valid_until_us = vpi_get_i64(r);
    rules_out->minimum_age = vpi_get_u8(r);
    rules_out->young_are_refused = vpi_get_flag(r);
    rules_out->all_parties = vpi_get_flag(r);
    rules_out->forbidden = vpi_get_u32(r);
    rules_out->express = vpi_get_u32(r);
    rules_out->written = vpi_get_u32(r);
    rules_out->n_terms = vpi_get_u8(r);
    r->failed = r->failed || rules_out->n_terms > VPRIV_RULES_TERMS_MAX;
    for (uint32_t i = 0; i < rules_out->n_terms && !r->failed; i++) {
        rules_out->terms[i].purposes = vpi_get_u32(r);
        rules_out->terms[i].n_months = vpi_get_u16(r);
        rules_out->terms[i].n_days = vpi_get_u16(r);
    }
    rules_out->n_stops = vpi_get_u8(r);
    r->failed = r->failed || rules_out->n_stops > VPRIV_RULES_STOPS_MAX;
    for (uint32_t i = 0; i < rules_out->n_stops && !r->failed; i++) {
        rules_out->stops[i].purposes = vpi_get_u32(r);
        rules_out->stops[i].from_us = vpi_get_i64(r);
        rules_out->stops[i].until_us = vpi_get_i64(r);
    }
    if (r->failed) /* no half-read lists */
        *rules_out = strict;
}
