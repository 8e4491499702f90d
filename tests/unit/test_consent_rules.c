/* Jurisdiction profiles: those that are shipped, read off against tables of their own; made-up ones, bent
 * in every place; and what several of them ask for together. */
#include "consent/signed.h"
#include "unit.h"
#include <stdio.h>

#define BIT(name) VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_##name)
#define NOW       INT64_C(1795336216000000) /* 2026-11-22 */
#define DAY_US    (INT64_C(86400) * 1000000)

static vpi_profile profiles[8];

static char *read_file(const char *name, size_t *n_out)
{
    char path[512];
    static char text[VPRIV_DOCUMENT_BYTES_MAX + 1];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/data/jurisdictions/%s.json", top ? top : ".", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file, "%s cannot be read", path);
    *n_out = fread(text, 1, sizeof text - 1, file);
    text[*n_out] = '\0';
    fclose(file);
    return text;
}

static const char *const shipped[] = {"eu", "us", "us-coppa", "us-ca", "us-il"};
#define N_SHIPPED (sizeof shipped / sizeof shipped[0])

static void load_shipped(void)
{
    for (size_t i = 0; i < N_SHIPPED; i++) {
        size_t n = 0;
        const char *text = read_file(shipped[i], &n);
        ck_ok(vpi_profile_parse(text, n, &profiles[i]));
        ck_assert_str_eq(profiles[i].info.name, shipped[i]);
    }
}

static vpriv_rules rules_of(const char *place)
{
    vpriv_rules rules;
    vpi_profiles_resolve(profiles, N_SHIPPED, place, &rules);
    return rules;
}

/* Article 8 GDPR; written down apart from the file. */
static const struct {
    const char *place;
    uint32_t age;
} ages[] = {{"AT", 14}, {"BE", 13}, {"BG", 14}, {"HR", 16}, {"CY", 14}, {"CZ", 15}, {"DK", 15},
    {"EE", 13}, {"FI", 13}, {"FR", 15}, {"DE", 16}, {"GR", 15}, {"HU", 16}, {"IE", 16}, {"IT", 14},
    {"LV", 16}, {"LT", 16}, {"LU", 16}, {"MT", 16}, {"NL", 16}, {"PL", 16}, {"PT", 16}, {"RO", 16},
    {"SK", 16}, {"SI", 15}, {"ES", 14}, {"SE", 13}, {"US", 13}, {"US-NY", 13}, {"US-CA", 16},
    {"US-IL", 18}, {"CH", 18}, {"strict", 18}, {"ZZ", 18}, {"EU", 18}, {"DEU", 18}, {"D", 18}};

START_TEST(shipped_profiles_say_what_the_table_says)
{
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        const vpriv_rules rules = rules_of(ages[i].place);
        ck_assert_msg(rules.minimum_age == ages[i].age, "%s: %u", ages[i].place, rules.minimum_age);
        ck_assert(!rules.young_are_refused);
    }
    ck_assert_str_eq(rules_of("DE").profiles, "eu");
    ck_assert_str_eq(rules_of("US-NY").profiles, "us us-coppa");
    ck_assert_str_eq(rules_of("US-CA").profiles, "us us-coppa us-ca");
    ck_assert_str_eq(rules_of("CH").profiles, "strict");
    ck_assert_str_eq(rules_of("USA").profiles, "strict");
    ck_assert(!rules_of("US").all_parties && rules_of("US-CA").all_parties);
    ck_assert(rules_of("US-IL").all_parties && rules_of("DE").all_parties);
    ck_assert_uint_eq(rules_of("US-IL").written, BIT(SPEAKER_IDENTIFICATION));
    ck_assert_uint_eq(rules_of("DE").written, 0);
    ck_assert_uint_eq(rules_of("DE").forbidden, 0);
    ck_assert_uint_eq(rules_of("US-IL").forbidden, BIT(PROFILE_FOR_CONTENT_OR_ADS));
    ck_assert_uint_eq(
        rules_of("CH").forbidden, BIT(PROFILE_FOR_CONTENT_OR_ADS) | BIT(SPEAKER_IDENTIFICATION));
    ck_assert_uint_eq(rules_of("DE").express, BIT(SPEAKER_IDENTIFICATION) | BIT(HUMAN_REVIEW) |
                                                  BIT(DONATION) | BIT(TRAIN_THIRD_PARTY) |
                                                  BIT(PROFILE_FOR_CONTENT_OR_ADS));
}
END_TEST

/* 18 months from 2026-11-22T08:30:16Z are over on 2028-05-22 at the same time. */
START_TEST(terms_are_calendar_months)
{
    const vpriv_rules de = rules_of("DE"), us = rules_of("US"), ca = rules_of("US-CA");
    ck_assert_int_eq(
        vpriv_rules_keep_until(&de, VPRIV_PURPOSE_HUMAN_REVIEW, NOW) - NOW, INT64_C(547) * DAY_US);
    ck_assert_int_eq(
        vpriv_rules_keep_until(&us, VPRIV_PURPOSE_HUMAN_REVIEW, NOW) - NOW, INT64_C(92) * DAY_US);
    ck_assert_int_eq(
        vpriv_rules_keep_until(&ca, VPRIV_PURPOSE_DONATION, NOW) - NOW, INT64_C(92) * DAY_US);
    ck_assert_int_eq(
        vpriv_rules_keep_until(&de, VPRIV_PURPOSE_KEEP_HISTORY, NOW), VPRIV_TIME_FOREVER_US);
    ck_assert_int_eq(
        vpriv_rules_keep_until(NULL, VPRIV_PURPOSE_KEEP_HISTORY, NOW), VPRIV_TIME_FOREVER_US);
    ck_assert_int_eq(
        vpriv_rules_keep_until(NULL, VPRIV_PURPOSE_HUMAN_REVIEW, NOW) - NOW, INT64_C(92) * DAY_US);
    ck_assert_int_eq(vpriv_rules_keep_until(&de, (vpriv_purpose)32, NOW), NOW);
    /* What a profile does not speak of has the strict term. */
    ck_assert_int_eq(
        vpriv_rules_keep_until(&de, VPRIV_PURPOSE_VENDOR_LAST, NOW) - NOW, INT64_C(92) * DAY_US);
}
END_TEST

static void ck_not_looser(const vpriv_rules *narrow, const vpriv_rules *wide, const char *what)
{
    ck_assert_msg(narrow->minimum_age >= wide->minimum_age, "%s", what);
    ck_assert_msg(narrow->young_are_refused || !wide->young_are_refused, "%s", what);
    ck_assert_msg(narrow->all_parties || !wide->all_parties, "%s", what);
    ck_assert_msg((wide->forbidden & ~narrow->forbidden) == 0, "%s: forbidden", what);
    ck_assert_msg((wide->express & ~narrow->express) == 0, "%s: express", what);
    ck_assert_msg((wide->written & ~narrow->written) == 0, "%s: written", what);
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++)
        ck_assert_msg(vpriv_rules_keep_until(narrow, (vpriv_purpose)p, NOW) <=
                          vpriv_rules_keep_until(wide, (vpriv_purpose)p, NOW),
            "%s: purpose %d is kept longer", what, p);
}

START_TEST(strict_is_as_strict_as_all_that_is_shipped_and_as_its_file_says)
{
    size_t n = 0;
    char text[VPRIV_DOCUMENT_BYTES_MAX];
    vpriv_rules read;
    for (size_t i = 0; i < N_SHIPPED; i++)
        for (uint32_t j = 0; j < profiles[i].n_places; j++) {
            vpriv_rules one;
            vpi_profiles_resolve(&profiles[i], 1, profiles[i].places[j], &one);
            ck_assert_str_eq(one.profiles, shipped[i]);
            ck_not_looser(vpriv_rules_strict(), &one, shipped[i]);
        }
    const char *file = read_file("strict", &n);
    ck_ok(vpriv_profile_read(file, n, NULL));
    const char *name = strstr(file, "\"strict\""), *places = strstr(file, "\"places\": []");
    ck_assert(name && places && name < places);
    snprintf(text, sizeof text, "%.*s\"q\" %.*s\"places\": [\"QQ\"]%s", (int)(name - file), file,
        (int)(places - name - 8), name + 8, places + 12);
    memcpy(strstr(text, "\"q\" "), "\"qq\"", 4);
    ck_ok(vpi_profile_parse(text, strlen(text), &profiles[7]));
    vpi_profiles_resolve(&profiles[7], 1, "QQ", &read);
    ck_assert_str_eq(read.profiles, "qq");
    ck_not_looser(vpriv_rules_strict(), &read, "the file");
    ck_not_looser(&read, vpriv_rules_strict(), "the code");
}
END_TEST

/* One of every kind of rule, and more than one place. */
static const char made_up[] =
    "{\"voicepriv_jurisdiction\": 1, \"name\": \"qx\", \"title\": \"Nowhere\", \"note\": \"x\","
    " \"revision\": 3, \"looked_up\": \"2026-11-01\", \"valid_until\": \"2027-01-01\","
    " \"places\": [\"QX\", \"QY\"], \"rules\": ["
    "{\"rule\": \"minimum_age\", \"years\": 10, \"younger\": \"refused\", \"source\": {\"law\": "
    "\"L\","
    " \"article\": \"1\", \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"minimum_age\", \"places\": [\"QY\"], \"years\": 7, \"younger\": \"guardian\","
    " \"source\": {\"law\": \"L\", \"article\": \"2\", \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"all_parties\", \"required\": false, \"source\": {\"law\": \"L\", \"article\": "
    "\"3\","
    " \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"voiceprints\", \"allowed\": true, \"source\": {\"law\": \"L\", \"article\": "
    "\"4\","
    " \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"forbidden\", \"purposes\": [\"donation\"], \"source\": {\"law\": \"L\","
    " \"article\": \"5\", \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"consent_form\", \"purposes\": [\"human_review\"], \"form\": \"written\","
    " \"source\": {\"law\": \"L\", \"article\": \"6\", \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"longest_retention\", \"purposes\": [\"*\"], \"duration\": \"P2W\","
    " \"source\": {\"law\": \"L\", \"article\": \"7\", \"looked_up\": \"2026-11-01\"}},"
    "{\"rule\": \"stop\", \"purposes\": [\"human_review\"], \"from\": \"2026-12-01\","
    " \"until\": \"2026-12-08\", \"source\": {\"law\": \"L\", \"article\": \"8\","
    " \"looked_up\": \"2026-11-01\"}}]}";

START_TEST(a_profile_nobody_knew_needs_no_code)
{
    vpriv_profile_info info;
    vpriv_rules qx, qy;
    ck_ok(vpriv_profile_read(made_up, strlen(made_up), &info));
    ck_assert_str_eq(info.name, "qx");
    ck_assert_uint_eq(info.revision, 3);
    ck_assert_uint_eq(info.n_rules, 8);
    ck_assert_uint_eq(info.n_places, 2);
    ck_assert(!info.is_in_force);
    ck_ok(vpi_profile_parse(made_up, strlen(made_up), &profiles[7]));
    vpi_profiles_resolve(&profiles[7], 1, "QX", &qx);
    vpi_profiles_resolve(&profiles[7], 1, "QY-1", &qy);
    ck_assert_uint_eq(qx.minimum_age, 10);
    ck_assert(qx.young_are_refused && !qy.young_are_refused && !qx.all_parties);
    ck_assert_uint_eq(qy.minimum_age, 7);
    ck_assert_uint_eq(qx.forbidden, BIT(DONATION));
    ck_assert_uint_eq(qx.express, BIT(HUMAN_REVIEW));
    ck_assert_uint_eq(qx.written, BIT(HUMAN_REVIEW));
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++)
        ck_assert_int_eq(vpriv_rules_keep_until(&qx, (vpriv_purpose)p, NOW) - NOW, 14 * DAY_US);
    ck_assert_uint_eq(qx.n_stops, 1);
    ck_assert(!vpi_rules_stop_now(&qx, VPRIV_PURPOSE_HUMAN_REVIEW, NOW));
    ck_assert(vpi_rules_stop_now(&qx, VPRIV_PURPOSE_HUMAN_REVIEW, NOW + 9 * DAY_US));
    ck_assert(!vpi_rules_stop_now(&qx, VPRIV_PURPOSE_KEEP_HISTORY, NOW + 9 * DAY_US));
    ck_assert(!vpi_rules_stop_now(&qx, VPRIV_PURPOSE_HUMAN_REVIEW, NOW + 20 * DAY_US));
    vpi_rules_at(&qx, qx.valid_until_us - 1);
    ck_assert_str_eq(qx.profiles, "qx");
    vpi_rules_at(&qx, qx.valid_until_us);
    ck_assert_str_eq(qx.profiles, "strict");
    ck_assert_str_eq(qx.place, "QX");
    ck_not_looser(&qx, vpriv_rules_strict(), "stale");
    vpi_rules_at(&qy, 0); /* a time that is not known */
    ck_assert_str_eq(qy.profiles, "strict");
}
END_TEST

START_TEST(the_order_of_rules_does_not_matter)
{
    json_t *document = json_loads(made_up, 0, NULL);
    json_t *rules = json_object_get(document, "rules"), *reversed = json_array();
    for (size_t i = json_array_size(rules); i-- > 0;)
        json_array_append(reversed, json_array_get(rules, i));
    json_object_set_new(document, "rules", reversed);
    char *turned = json_dumps(document, JSON_COMPACT);
    ck_ok(vpi_profile_parse(made_up, strlen(made_up), &profiles[6]));
    ck_ok(vpi_profile_parse(turned, strlen(turned), &profiles[7]));
    for (int i = 0; i < 2; i++) {
        vpriv_rules one, other;
        vpi_profiles_resolve(&profiles[6], 1, i ? "QX" : "QY", &one);
        vpi_profiles_resolve(&profiles[7], 1, i ? "QX" : "QY", &other);
        ck_not_looser(&one, &other, "as written");
        ck_not_looser(&other, &one, "turned round");
    }
    free(turned);
    json_decref(document);
}
END_TEST

static vpriv_status parse_json(json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    const vpriv_status st = vpi_profile_parse(text, strlen(text), &profiles[7]);
    free(text);
    return st;
}

static bool is_optional(const char *key)
{
    return strcmp(key, "until") == 0 || strcmp(key, "places") == 0 || strcmp(key, "url") == 0;
}

/* In every object: without each of its fields, with each of another type, with one more. */
static void bend(json_t *document, json_t *at, bool is_top, int *n_bent)
{
    if (json_is_array(at)) {
        for (size_t i = 0; i < json_array_size(at); i++)
            if (!json_is_string(json_array_get(at, i)))
                bend(document, json_array_get(at, i), false, n_bent);
        return;
    }
    if (!json_is_object(at))
        return;
    json_object_set_new(at, "surprise", json_true());
    ck_fails(parse_json(document), VPRIV_E_FORMAT);
    json_object_del(at, "surprise");
    json_t *keys = json_array();
    for (void *it = json_object_iter(at); it; it = json_object_iter_next(at, it))
        json_array_append_new(keys, json_string(json_object_iter_key(it)));
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *key = json_string_value(json_array_get(keys, i));
        json_t *value = json_incref(json_object_get(at, key));
        json_object_set_new(at, key, json_real(1.5));
        ck_assert_msg(parse_json(document) == VPRIV_E_FORMAT, "%s as 1.5 was taken", key);
        json_object_del(at, key);
        const vpriv_status without = parse_json(document);
        ck_assert_msg(without == VPRIV_E_FORMAT || (is_optional(key) && !is_top), "%s", key);
        json_object_set_new(at, key, value);
        ck_ok(parse_json(document));
        bend(document, value, false, n_bent);
        ++*n_bent;
    }
    json_decref(keys);
}

START_TEST(profiles_with_anything_unknown_missing_or_of_another_type_are_refused)
{
    int n_bent = 0;
    json_t *document = json_loads(made_up, 0, NULL);
    ck_assert(document);
    bend(document, document, true, &n_bent);
    ck_assert_int_eq(n_bent, 9 + (4 + 5 + 3 + 3 + 3 + 4 + 4 + 5) + 8 * 3);
    json_decref(document);
}
END_TEST

START_TEST(profiles_with_odd_values_are_refused)
{
    static const char *const odd[][2] = {{"\"qx\"", "\"Qx\""}, {"\"qx\"", "\"x\""},
        {"\"qx\"", "\"qx_1\""}, {"\"qx\"", "\"sixteen-letters1\""}, {"\"qx\"", "\"1x\""},
        {"\"QX\", \"QY\"", ""}, {"\"QX\", ", "\"qx\", "}, {"\"QX\", ", "\"QX-LONG\", "},
        {"[\"QY\"]", "[\"QZ\"]"}, {"[\"QY\"]", "[]"}, {"[\"QY\"]", "[7]"}, {": 3,", ": 0,"},
        {": 3,", ": -3,"}, {": 3,", ": \"3\","}, {"2027-01-01", "2026-11-01"},
        {"2027-01-01", "2026-02-31"}, {"2027-01-01", "soon"}, {": 10,", ": 22,"},
        {"refused", "ignored"}, {"written", "spoken"}, {"[\"donation\"]", "[\"everything\"]"},
        {"[\"donation\"]", "\"donation\""}, {"P2W", "P2WT1H"}, {"P2W", "P1000Y"}, {"P2W", "2W"},
        {"P2W", ""}, {"2026-12-08", "2026-12-01"}, {"\"stop\"", "\"pause\""},
        {"\"note\": \"x\"", "\"note\": \"\""}, {"\"note\": \"x\"", "\"note\": \"a\\nb\""},
        {"\"note\": \"x\"", "\"note\": \"x\", \"note\": \"y\""}, {"]}", "]}}"}, {"]}", "]"},
        {"{\"voice", "[\"voice"}};
    char text[2 * sizeof made_up];
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const char *at = strstr(made_up, odd[i][0]);
        ck_assert_msg(at, "%s", odd[i][0]);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - made_up), made_up, odd[i][1],
            at + strlen(odd[i][0]));
        ck_assert_msg(vpriv_profile_read(text, strlen(text), NULL) == VPRIV_E_FORMAT, "%s for %s",
            odd[i][1], odd[i][0]);
    }
    const char *at = strstr(made_up, ": 1,");
    snprintf(text, sizeof text, "%.*s: 2%s", (int)(at - made_up), made_up, at + 3);
    ck_fails(vpriv_profile_read(text, strlen(text), NULL), VPRIV_E_VERSION);
    ck_fails(vpriv_profile_read(made_up, 0, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_profile_read(NULL, 5, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_profile_read(made_up, VPRIV_DOCUMENT_BYTES_MAX + 1, NULL), VPRIV_E_LIMIT);
    for (size_t n = 1; n < strlen(made_up); n++)
        ck_fails(vpriv_profile_read(made_up, n, NULL), VPRIV_E_FORMAT);
}
END_TEST

/* What somebody may do under some rules, asked in all the ways there are. */
/* A guardian's word may count longer where people are of age later; nobody's own counts sooner. */
static void ck_age_is_strictest(
    const vpriv_rules *joint, const vpriv_rules *part, vpi_birth birth, vpriv_consent_by by)
{
    const bool by_guardian = by == VPRIV_CONSENT_BY_PARENT || by == VPRIV_CONSENT_BY_GUARDIAN;
    const bool holds = vpi_rules_child_holds(joint, VPRIV_SUBJECT_USER, birth, by, NOW, NOW);
    ck_assert_int_ge(vpi_rules_of_age_us(joint, VPRIV_SUBJECT_USER, birth),
        vpi_rules_of_age_us(part, VPRIV_SUBJECT_USER, birth));
    if (holds && !by_guardian)
        ck_assert(vpi_rules_child_holds(part, VPRIV_SUBJECT_USER, birth, by, NOW, NOW));
    if (holds && by_guardian)
        ck_assert(!part->young_are_refused);
}

static void ck_same_answers(const vpriv_rules *joint, const vpriv_rules *parts, size_t n_parts)
{
    static const vpi_birth births[] = {{0, 0}, {2026, 11}, {2012, 11}, {2009, 1}, {1990, 5}};
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        const vpriv_purpose purpose = (vpriv_purpose)p;
        bool is_forbidden = false, is_stopped = false;
        int64_t until_us = VPRIV_TIME_FOREVER_US;
        for (size_t i = 0; i < n_parts; i++) {
            const int64_t own_us = vpriv_rules_keep_until(&parts[i], purpose, NOW);
            until_us = own_us < until_us ? own_us : until_us;
            is_forbidden = is_forbidden || (parts[i].forbidden >> p & 1);
            is_stopped = is_stopped || vpi_rules_stop_now(&parts[i], purpose, NOW + 10 * DAY_US);
        }
        ck_assert_int_eq(joint->forbidden >> p & 1, is_forbidden);
        ck_assert_int_eq(vpriv_rules_keep_until(joint, purpose, NOW), until_us);
        ck_assert_int_eq(vpi_rules_stop_now(joint, purpose, NOW + 10 * DAY_US), is_stopped);
        for (int m = 0; m <= VPRIV_CONSENT_METHOD_IMPORT; m++) {
            bool suffices = true;
            for (size_t i = 0; i < n_parts; i++)
                suffices = suffices &&
                           vpi_rules_form_suffices(&parts[i], purpose, (vpriv_consent_method)m);
            ck_assert_int_eq(
                vpi_rules_form_suffices(joint, purpose, (vpriv_consent_method)m), suffices);
        }
    }
    for (size_t b = 0; b < sizeof births / sizeof births[0]; b++)
        for (int by = 0; by <= VPRIV_CONSENT_BY_CONTROLLER; by++)
            for (size_t i = 0; i < n_parts; i++)
                ck_age_is_strictest(joint, &parts[i], births[b], (vpriv_consent_by)by);
}

START_TEST(the_strictest_of_three_holds_whatever_the_three)
{
    static const char *const places[] = {
        "DE", "SE", "FR", "US", "US-CA", "US-IL", "QX", "QY", "CH"};
    enum { N = sizeof places / sizeof places[0] };
    vpriv_rules each[N];
    int n_known = 0;
    ck_ok(vpi_profile_parse(made_up, strlen(made_up), &profiles[N_SHIPPED]));
    for (size_t i = 0; i < N; i++) {
        vpi_profiles_resolve(profiles, N_SHIPPED + 1, places[i], &each[i]);
        n_known += vpi_rules_are_known(&each[i]);
    }
    ck_assert_int_eq(n_known, N - 1);
    for (size_t a = 0; a < N; a++)
        for (size_t b = 0; b < N; b++)
            for (size_t c = 0; c < N; c++) {
                const vpriv_rules parts[] = {each[a], each[b], each[c]};
                vpriv_rules joint = each[a];
                vpi_rules_join(&joint, &each[b]);
                vpi_rules_join(&joint, &each[c]);
                ck_same_answers(&joint, parts, 3);
            }
}
END_TEST

START_TEST(too_many_terms_and_stops_get_stricter_never_looser)
{
    vpriv_rules rules = {.valid_until_us = VPRIV_TIME_FOREVER_US};
    for (uint16_t i = 0; i < 32; i++) {
        const vpriv_rules_term term = {VPRIV_PURPOSE_BIT(i), 0, (uint16_t)(40 - i)};
        const vpriv_rules_stop stop = {VPRIV_PURPOSE_BIT(i), NOW + i, NOW + 2 * i + 1};
        vpi_rules_add_term(&rules, term);
        vpi_rules_add_stop(&rules, stop);
    }
    ck_assert_uint_eq(rules.n_terms, VPRIV_RULES_TERMS_MAX);
    ck_assert_uint_eq(rules.n_stops, VPRIV_RULES_STOPS_MAX);
    for (int p = 0; p < 32; p++) {
        ck_assert_int_le(
            vpriv_rules_keep_until(&rules, (vpriv_purpose)p, NOW) - NOW, (40 - p) * DAY_US);
        ck_assert(vpi_rules_stop_now(&rules, (vpriv_purpose)p, NOW + p));
        ck_assert(vpi_rules_stop_now(&rules, (vpriv_purpose)p, NOW + 2 * p));
    }
}
END_TEST

#define PERSON   VPRIV_CONSENT_BY_PERSON
#define PARENT   VPRIV_CONSENT_BY_PARENT
#define GUARDIAN VPRIV_CONSENT_BY_GUARDIAN

/* Born in June 2010, sixteen asked for: of age on 2026-07-01. */
START_TEST(age_counts_from_the_end_of_the_month_of_birth)
{
    const vpriv_rules rules = {.minimum_age = 16},
                      refusing = {.minimum_age = 16, .young_are_refused = true};
    const vpi_birth june = {2010, 6}, unknown = {0, 0};
    const int64_t july = INT64_C(1782864000000000); /* 2026-07-01 */
    const struct {
        vpriv_subject_class subject_class;
        vpi_birth birth;
        vpriv_consent_by by;
        int64_t said_us, now_us;
        bool holds, holds_refusing, outgrown;
    } table[] = {
        {VPRIV_SUBJECT_USER, june, PERSON, july - 1, july - 1, false, false, false},
        {VPRIV_SUBJECT_USER, june, PERSON, july, july, true, true, false},
        {VPRIV_SUBJECT_CHILD, june, PERSON, july, july, true, true, false},
        /* What a child said binds nobody, later neither. */
        {VPRIV_SUBJECT_CHILD, june, PERSON, july - 1, july, false, false, false},
        {VPRIV_SUBJECT_CHILD, june, PERSON, july + 1, july - 1, false, false, false},
        {VPRIV_SUBJECT_CHILD, june, PARENT, july - 9, july - 1, true, false, false},
        {VPRIV_SUBJECT_CHILD, june, GUARDIAN, july - 9, july - 1, true, false, false},
        {VPRIV_SUBJECT_CHILD, june, VPRIV_CONSENT_BY_CONTROLLER, july - 1, july - 1, false, false,
            false},
        {VPRIV_SUBJECT_CHILD, june, PARENT, july - 9, july, false, false, true}, /* came of age */
        {VPRIV_SUBJECT_USER, june, GUARDIAN, july - 9, july, false, false, true},
        {VPRIV_SUBJECT_USER, june, PARENT, july, july, false, false, true},
        {VPRIV_SUBJECT_CHILD, unknown, PERSON, july, july, false, false, false},
        {VPRIV_SUBJECT_CHILD, unknown, PARENT, july, july, true, false, false},
        {VPRIV_SUBJECT_USER, unknown, PERSON, july, july, true, true, false},
        {VPRIV_SUBJECT_USER, unknown, PARENT, july, july, false, false, true},
        {VPRIV_SUBJECT_USER, june, PERSON, 0, july, false, false, false},
        {VPRIV_SUBJECT_USER, june, PERSON, july, 0, false, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ck_assert_msg(vpi_rules_child_holds(&rules, table[i].subject_class, table[i].birth,
                          table[i].by, table[i].said_us, table[i].now_us) == table[i].holds,
            "row %zu", i);
        ck_assert_msg(
            vpi_rules_child_holds(&refusing, table[i].subject_class, table[i].birth, table[i].by,
                table[i].said_us, table[i].now_us) == table[i].holds_refusing,
            "row %zu, refused", i);
        ck_assert_msg(vpi_rules_outgrown(&rules, table[i].subject_class, table[i].birth,
                          table[i].by, table[i].now_us) == table[i].outgrown,
            "row %zu, outgrown", i);
    }
}
END_TEST

START_TEST(rules_are_written_and_read_the_same)
{
    static const char *const places[] = {"DE", "US-IL", "QX", "CH"};
    uint8_t bytes[VPI_RULES_BYTES_MAX];
    ck_ok(vpi_profile_parse(made_up, strlen(made_up), &profiles[N_SHIPPED]));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        vpriv_rules rules, again;
        vpi_profiles_resolve(profiles, N_SHIPPED + 1, places[i], &rules);
        vpi_writer w = vpi_writer_of(bytes, sizeof bytes);
        vpi_rules_put(&w, &rules);
        ck_ok(vpi_writer_finish(&w, "rules"));
        const size_t n = vpi_writer_used(&w);
        vpi_reader r = vpi_reader_of(bytes, n);
        vpi_rules_get(&r, &again);
        ck_ok(vpi_reader_finish(&r, "rules"));
        ck_not_looser(&rules, &again, places[i]);
        ck_not_looser(&again, &rules, places[i]);
        ck_assert_str_eq(again.profiles, rules.profiles);
        ck_assert_int_eq(again.valid_until_us, rules.valid_until_us);
        ck_assert_uint_eq(again.n_stops, rules.n_stops);
        for (size_t cut = 0; cut < n; cut++) {
            r = vpi_reader_of(bytes, cut);
            vpi_rules_get(&r, &again);
            ck_assert(vpi_reader_finish(&r, "rules") != VPRIV_OK);
            ck_assert_str_eq(again.profiles, "strict");
        }
    }
}
END_TEST

START_TEST(scopes_cover_what_they_name)
{
    static const struct {
        const char *where, *place;
        bool covers;
    } table[] = {{"*", "DE", true}, {"*", "CH", true}, {"EU", "DE", true}, {"eu", "SE", true},
        {"EU", "US", false}, {"DE", "DE", true}, {"DE", "SE", false}, {"US", "US", true},
        {"US", "US-CA", true}, {"us-ca", "US-CA", true}, {"US-CA", "US", false},
        {"US-CA", "US-IL", false}, {"US-C", "US-CA", false}, {"U", "US", false},
        {"us-coppa", "US-CA", true}, {"us-coppa", "DE", false},
        /* Nothing is known of Switzerland here: it may be anywhere. */
        {"EU", "CH", true}, {"US", "CH", true}, {"US", "strict", true}, {"DE", "ZZ", true}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const vpriv_rules rules = rules_of(table[i].place);
        ck_assert_msg(vpi_scope_covers(table[i].where, &rules) == table[i].covers, "%s in %s",
            table[i].place, table[i].where);
    }
    static const char *const good[] = {"*", "EU", "us-ca", "US-CA", "fifteen-letters"};
    static const char *const bad[] = {
        "", "E", "**", "EU,US", "E U", "-EU", "1A", "sixteen-letters1", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(vpi_scope_is_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!vpi_scope_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(a_signature_is_over_every_byte_and_one_kind)
{
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    uint8_t other_seed[VPRIV_AUTHORITY_SEED_BYTES], other[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    const vpriv_document_kind kind = VPRIV_DOCUMENT_JURISDICTION;
    char text[sizeof made_up];
    const size_t n = strlen(made_up);
    ck_ok(vpriv_authority_make(seed, key));
    ck_ok(vpriv_authority_make(other_seed, other));
    ck_ok(vpriv_authority_sign(kind, made_up, n, seed, signature));
    ck_ok(vpriv_authority_verify(kind, made_up, n, signature, key));
    ck_fails(vpriv_authority_verify(kind, made_up, n, signature, other), VPRIV_E_AUTH);
    ck_fails(
        vpriv_authority_verify(VPRIV_DOCUMENT_PAUSE, made_up, n, signature, key), VPRIV_E_AUTH);
    ck_fails(vpriv_authority_verify(kind, made_up, n - 1, signature, key), VPRIV_E_AUTH);
    memcpy(text, made_up, sizeof text);
    for (size_t i = 0; i < n; i++) {
        text[i] ^= 1;
        ck_fails(vpriv_authority_verify(kind, text, n, signature, key), VPRIV_E_AUTH);
        text[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 0x40;
        ck_fails(vpriv_authority_verify(kind, made_up, n, signature, key), VPRIV_E_AUTH);
        signature[i] ^= 0x40;
    }
    /* What a vault would refuse gets no signature. */
    memset(signature, 0xee, sizeof signature);
    ck_fails(vpriv_authority_sign(kind, "{}", 2, seed, signature), VPRIV_E_FORMAT);
    ck_fails(
        vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, made_up, n, seed, signature), VPRIV_E_FORMAT);
    ck_assert_uint_eq(signature[0], 0xee);
    ck_fails(
        vpriv_authority_sign((vpriv_document_kind)4, made_up, n, seed, signature), VPRIV_E_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent: rules of places");
    TCase *tests = tcase_create("rules");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, load_shipped, NULL);
    tcase_add_test(tests, shipped_profiles_say_what_the_table_says);
    tcase_add_test(tests, terms_are_calendar_months);
    tcase_add_test(tests, strict_is_as_strict_as_all_that_is_shipped_and_as_its_file_says);
    tcase_add_test(tests, a_profile_nobody_knew_needs_no_code);
    tcase_add_test(tests, the_order_of_rules_does_not_matter);
    tcase_add_test(tests, profiles_with_anything_unknown_missing_or_of_another_type_are_refused);
    tcase_add_test(tests, profiles_with_odd_values_are_refused);
    tcase_add_test(tests, the_strictest_of_three_holds_whatever_the_three);
    tcase_add_test(tests, too_many_terms_and_stops_get_stricter_never_looser);
    tcase_add_test(tests, age_counts_from_the_end_of_the_month_of_birth);
    tcase_add_test(tests, rules_are_written_and_read_the_same);
    tcase_add_test(tests, scopes_cover_what_they_name);
    tcase_add_test(tests, a_signature_is_over_every_byte_and_one_kind);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
