/* Jurisdiction profiles: from JSON to rows of rules, and from the rows to what holds at a place. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/signed.h"
#include "consent/text.h"
#include <sodium.h>
#include <string.h>

#define PLACE_BIT(i) (UINT64_C(1) << (i))

static bool name_is_valid(const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        const bool is_letter = name[i] >= 'a' && name[i] <= 'z';
        if (!is_letter && (i == 0 || !((name[i] >= '0' && name[i] <= '9') || name[i] == '-')))
            return false;
    }
    return strlen(name) >= 2;
}

static void get_places(vpi_signed *d, vpi_profile *profile)
{
    const json_t *list = vpi_signed_list(d, d->root, "places", VPI_PROFILE_PLACES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *place = json_string_value(json_array_get(list, i));
        if (place && strlen(place) < VPRIV_JURISDICTION_BYTES && vpi_text_is_jurisdiction(place))
            memcpy(profile->places[profile->n_places++], place, strlen(place) + 1);
        else
            vpi_signed_wrong(d, "\"places\": \"%.16s\" is not ISO 3166", place ? place : "");
    }
    if (profile->n_places == 0 && strcmp(profile->info.name, VPI_STRICT) != 0)
        vpi_signed_wrong(d, "\"places\" is empty");
}

/* The places of one rule, which are places of the profile; without the field all of them. */
static uint64_t rule_places(vpi_signed *d, const vpi_profile *profile, const json_t *object)
{
    uint64_t bits = 0;
    if (!json_object_get(object, "places"))
        return 0;
    const json_t *list = vpi_signed_list(d, object, "places", VPI_PROFILE_PLACES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *place = json_string_value(json_array_get(list, i));
        uint32_t at = 0;
        while (place && at < profile->n_places && strcmp(profile->places[at], place) != 0)
            at++;
        if (place && at < profile->n_places)
            bits |= PLACE_BIT(at);
        else
            vpi_signed_wrong(d, "\"places\" of a rule: not a place of the profile");
    }
    if (bits == 0)
        vpi_signed_wrong(d, "\"places\" of a rule is empty");
    return bits;
}

/* Where the law says so, and who looked when: never used, always required. */
static void check_source(vpi_signed *d, const json_t *rule)
{
    static const char *const fields[] = {"law", "article", "url", "looked_up", NULL};
    char text[512];
    json_t *source = json_object_get(rule, "source");
    vpi_signed_fields(d, source, "\"source\"", fields);
    vpi_signed_text(d, source, "law", text, sizeof text);
    vpi_signed_text(d, source, "article", text, sizeof text);
    (void)vpi_signed_time(d, source, "looked_up");
    if (json_object_get(source, "url"))
        vpi_signed_text(d, source, "url", text, sizeof text);
    if (json_object_get(rule, "note"))
        vpi_signed_text(d, rule, "note", text, sizeof text);
}

/* One of two words. */
static bool choose(
    vpi_signed *d, const json_t *rule, const char *name, const char *no, const char *yes)
{
    char text[16];
    vpi_signed_text(d, rule, name, text, sizeof text);
    if (strcmp(text, no) != 0 && strcmp(text, yes) != 0)
        vpi_signed_wrong(d, "\"%s\" is neither \"%s\" nor \"%s\"", name, no, yes);
    return strcmp(text, yes) == 0;
}

#define COMMON "rule", "source", "note", "places"
static const struct {
    const char *name;
    const char *fields[8];
} kinds[VPI_N_RULE_KINDS] = {
    [VPI_RULE_MINIMUM_AGE] = {"minimum_age", {COMMON, "years", "younger", NULL}},
    [VPI_RULE_ALL_PARTIES] = {"all_parties", {COMMON, "required", NULL}},
    [VPI_RULE_VOICEPRINTS] = {"voiceprints", {COMMON, "allowed", NULL}},
    [VPI_RULE_FORBIDDEN] = {"forbidden", {COMMON, "purposes", NULL}},
    [VPI_RULE_CONSENT_FORM] = {"consent_form", {COMMON, "purposes", "form", NULL}},
    [VPI_RULE_LONGEST_RETENTION] = {"longest_retention", {COMMON, "purposes", "duration", NULL}},
    [VPI_RULE_STOP] = {"stop", {COMMON, "purposes", "from", "until", NULL}},
};

static void get_stop(vpi_signed *d, const json_t *object, vpi_profile_rule *rule)
{
    rule->stop.purposes = rule->purposes;
    rule->stop.from_us = vpi_signed_time(d, object, "from");
    rule->stop.until_us = json_object_get(object, "until") ? vpi_signed_time(d, object, "until")
                                                           : VPRIV_TIME_FOREVER_US;
    if (rule->stop.until_us <= rule->stop.from_us)
        vpi_signed_wrong(d, "a stop ends before it begins");
}

static void get_retention(vpi_signed *d, const json_t *object, vpi_profile_rule *rule)
{
    const char *text = json_string_value(json_object_get(object, "duration"));
    rule->has_no_term = text && strcmp(text, VPRIV_RETENTION_UNTIL_ERASED) == 0;
    if (!rule->has_no_term)
        rule->term = vpi_signed_duration(d, object, "duration");
    rule->term.purposes = rule->purposes;
}

static void get_rule(vpi_signed *d, json_t *object, vpi_profile *profile)
{
    vpi_profile_rule *rule = &profile->rules[profile->n_rules++];
    char name[32];
    vpi_signed_text(d, object, "rule", name, sizeof name);
    rule->kind = VPI_RULE_MINIMUM_AGE;
    while (rule->kind < VPI_N_RULE_KINDS && strcmp(kinds[rule->kind].name, name) != 0)
        rule->kind++;
    if (rule->kind == VPI_N_RULE_KINDS) {
        vpi_signed_wrong(d, "unknown rule \"%s\"", name);
        return;
    }
    vpi_signed_fields(d, object, name, kinds[rule->kind].fields);
    check_source(d, object);
    rule->places = rule_places(d, profile, object);
    if (rule->kind >= VPI_RULE_FORBIDDEN)
        rule->purposes = vpi_signed_purposes(d, object, "purposes");
    if (rule->kind == VPI_RULE_MINIMUM_AGE) {
        rule->years = (uint32_t)vpi_signed_number(d, object, "years", 0, 21);
        rule->flag = choose(d, object, "younger", "guardian", "refused");
    } else if (rule->kind == VPI_RULE_ALL_PARTIES) {
        rule->flag = vpi_signed_flag(d, object, "required");
    } else if (rule->kind == VPI_RULE_VOICEPRINTS) {
        rule->flag = vpi_signed_flag(d, object, "allowed");
    } else if (rule->kind == VPI_RULE_CONSENT_FORM) {
        rule->flag = choose(d, object, "form", "express", "written");
    } else if (rule->kind == VPI_RULE_LONGEST_RETENTION) {
        get_retention(d, object, rule);
    } else if (rule->kind == VPI_RULE_STOP) {
        get_stop(d, object, rule);
    }
}

vpriv_status vpi_profile_parse(const char *json, size_t n_bytes, vpi_profile *profile_out)
{
    static const char *const fields[] = {"voicepriv_jurisdiction", "name", "title", "note",
        "revision", "looked_up", "valid_until", "places", "rules", NULL};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_signed d;
    char note[512];
    vpriv_profile_info *info = &profile_out->info;
    memset(profile_out, 0, sizeof *profile_out);
    VPI_TRY(vpi_signed_open(json, n_bytes, "voicepriv_jurisdiction", &d));
    vpi_signed_fields(&d, d.root, "the profile", fields);
    info->struct_size = sizeof *info;
    vpi_signed_text(&d, d.root, "name", info->name, sizeof info->name);
    if (!name_is_valid(info->name))
        vpi_signed_wrong(&d, "\"name\" is not of small letters, digits and hyphens");
    vpi_signed_text(&d, d.root, "title", info->title, sizeof info->title);
    vpi_signed_text(&d, d.root, "note", note, sizeof note);
    info->revision = (uint64_t)vpi_signed_number(&d, d.root, "revision", 1, INT64_C(1000000000));
    info->looked_up_us = vpi_signed_time(&d, d.root, "looked_up");
    info->valid_until_us = vpi_signed_time(&d, d.root, "valid_until");
    if (info->valid_until_us <= info->looked_up_us)
        vpi_signed_wrong(&d, "\"valid_until\" is not after \"looked_up\"");
    get_places(&d, profile_out);
    const json_t *rules = vpi_signed_list(&d, d.root, "rules", VPI_PROFILE_RULES_MAX);
    for (size_t i = 0; i < json_array_size(rules) && !d.failed; i++)
        get_rule(&d, json_array_get(rules, i), profile_out);
    info->n_places = profile_out->n_places;
    info->n_rules = profile_out->n_rules;
    crypto_hash_sha256(info->sha256, (const uint8_t *)json, n_bytes);
    VPI_TRY(vpi_signed_finish(&d));
    st = VPRIV_OK;
out:
    vpi_signed_close(&d);
    return st;
}

vpriv_status vpriv_profile_read(const char *json, size_t n_bytes, vpriv_profile_info *info_out)
{
    vpi_profile *profile = NULL;
    vpriv_status st = vpi_alloc(1, sizeof *profile, (void **)&profile);
    if (st == VPRIV_OK)
        st = vpi_profile_parse(json, n_bytes, profile);
    if (st == VPRIV_OK && info_out)
        *info_out = profile->info;
    free(profile);
    return st;
}

/* Which of a profile's places a place is, or is a part of: VPI_PROFILE_PLACES_MAX is none. The place
 * itself before its country. */
static uint32_t place_in(const vpi_profile *profile, const char *place)
{
    uint32_t found = VPI_PROFILE_PLACES_MAX;
    for (uint32_t i = 0; i < profile->n_places; i++) {
        const size_t n = strlen(profile->places[i]);
        if (strcmp(profile->places[i], place) == 0)
            return i;
        if (strncmp(profile->places[i], place, n) == 0 && place[n] == '-')
            found = i;
    }
    return found;
}

/* Of several ages those for the place alone count: member states lower what the law of all sets. */
static void resolve_age(const vpi_profile *profile, uint32_t at, vpriv_rules *rules)
{
    bool is_own = false, is_set = false;
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        const vpi_profile_rule *rule = &profile->rules[i];
        const bool own = (rule->places & PLACE_BIT(at)) != 0;
        if (rule->kind != VPI_RULE_MINIMUM_AGE || (rule->places != 0 && !own) || (is_own && !own))
            continue;
        const bool replaces = !is_set || (own && !is_own);
        rules->minimum_age =
            replaces || rule->years > rules->minimum_age ? rule->years : rules->minimum_age;
        rules->young_are_refused = (!replaces && rules->young_are_refused) || rule->flag;
        is_set = true;
        is_own = own;
    }
}

/* Of rules of one kind all count; a kind that is not there stays strict. */
static void resolve_rest(const vpi_profile *profile, uint32_t at, vpriv_rules *rules)
{
    static const uint32_t voiceprints = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_SPEAKER_IDENTIFICATION);
    const vpriv_rules *strict = vpriv_rules_strict();
    bool there[VPI_N_RULE_KINDS] = {false};
    uint32_t with_term = 0, forbidden = 0, express = 0, written = 0;
    bool all_parties = false, prints_allowed = true;
    rules->n_terms = rules->n_stops = 0;
    for (uint32_t i = 0; i < profile->n_rules; i++) {
        const vpi_profile_rule *rule = &profile->rules[i];
        if (rule->places != 0 && !(rule->places & PLACE_BIT(at)))
            continue;
        there[rule->kind] = true;
        all_parties = all_parties || (rule->kind == VPI_RULE_ALL_PARTIES && rule->flag);
        prints_allowed = prints_allowed && (rule->kind != VPI_RULE_VOICEPRINTS || rule->flag);
        forbidden |= rule->kind == VPI_RULE_FORBIDDEN ? rule->purposes : 0;
        express |= rule->kind == VPI_RULE_CONSENT_FORM ? rule->purposes : 0;
        written |= rule->kind == VPI_RULE_CONSENT_FORM && rule->flag ? rule->purposes : 0;
        with_term |= rule->kind == VPI_RULE_LONGEST_RETENTION ? rule->purposes : 0;
        if (rule->kind == VPI_RULE_LONGEST_RETENTION && !rule->has_no_term)
            vpi_rules_add_term(rules, rule->term);
        if (rule->kind == VPI_RULE_STOP)
            vpi_rules_add_stop(rules, rule->stop);
    }
    if (there[VPI_RULE_ALL_PARTIES])
        rules->all_parties = all_parties;
    const uint32_t others = there[VPI_RULE_FORBIDDEN] ? forbidden : strict->forbidden;
    const bool prints = there[VPI_RULE_VOICEPRINTS] && prints_allowed;
    rules->forbidden =
        (others & ~voiceprints) | (forbidden & voiceprints) | (prints ? 0 : voiceprints);
    if (there[VPI_RULE_CONSENT_FORM]) {
        rules->express = express;
        rules->written = written;
    }
    for (uint32_t i = 0; i < strict->n_terms; i++) {
        vpriv_rules_term term = strict->terms[i];
        term.purposes &= ~with_term;
        if (term.purposes)
            vpi_rules_add_term(rules, term);
    }
}

static void resolve_one(
    const vpi_profile *profile, uint32_t at, const char *place, vpriv_rules *rules_out)
{
    vpi_rules_strict_for(place, rules_out);
    memcpy(rules_out->profiles, profile->info.name, sizeof profile->info.name);
    rules_out->valid_until_us = profile->info.valid_until_us;
    resolve_age(profile, at, rules_out);
    resolve_rest(profile, at, rules_out);
}

void vpi_profiles_resolve(
    const vpi_profile *profiles, size_t n_profiles, const char *place, vpriv_rules *rules_out)
{
    bool is_known = false;
    vpi_rules_strict_for(place, rules_out);
    for (size_t i = 0; i < n_profiles; i++) {
        vpriv_rules one;
        const uint32_t at = place_in(&profiles[i], place);
        if (at == VPI_PROFILE_PLACES_MAX)
            continue;
        resolve_one(&profiles[i], at, place, &one);
        if (is_known)
            vpi_rules_join(rules_out, &one);
        else
            *rules_out = one;
        is_known = true;
    }
}
