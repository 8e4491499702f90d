/* What is refused about consent before any vault is asked: documents to be signed, lines of events, names, and
 * the words that say what was wrong. */
#include "consent/event_line.h"
#include "consent/purpose.h"
#include "consent/signed.h"
#include "consent/state.h"
#include "consent/text.h"
#include "refused.h"
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <voicepriv/notice.h>
#include <voicepriv/surface.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static const uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES] = "a test's authority, not a secret";
static uint8_t public_key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
static uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];

/* A good document and changes that make it a bad one: `from` becomes `to`. */
typedef struct change {
    const char *from, *to, *words;
} change;

static void ck_changes(vpriv_document_kind kind, const char *good, const change *changes, size_t n)
{
    char text[2048];
    ck_ok(vpriv_authority_sign(kind, good, strlen(good), seed, signature));
    ck_ok(vpriv_authority_verify(kind, good, strlen(good), signature, public_key));
    for (size_t i = 0; i < n; i++) {
        const char *at = strstr(good, changes[i].from);
        ck_assert_msg(at, "%s is not there", changes[i].from);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[i].to,
            at + strlen(changes[i].from));
        memset(signature, 0, sizeof signature);
        const vpriv_status st = vpriv_authority_sign(kind, text, strlen(text), seed, signature);
        ck_assert_msg(st == VPRIV_E_FORMAT, "%s: %s", changes[i].to, vpriv_status_text(st));
        ck_assert_msg(strstr(vpriv_error_detail(), changes[i].words), "%s: %s", changes[i].to,
            vpriv_error_detail());
        for (size_t k = 0; k < sizeof signature; k++)
            ck_assert_uint_eq(signature[k], 0);
    }
}
#define CK_CHANGES(kind, good, changes)                                                            \
    ck_changes(kind, good, changes, sizeof(changes) / sizeof((changes)[0]))

START_TEST(orders)
{
    static const char good[] =
        "{\"voicepriv_pause\":1,\"number\":3,\"action\":\"pause\",\"purposes\":[\"keep_history\"],"
        "\"where\":[\"DE\",\"*\",\"eu\"],\"from\":\"2026-11-22T00:00:00Z\",\"until\":\"2026-11-"
        "23\","
        "\"issuer\":\"Authority\",\"reason\":\"An order.\"}";
    static const change changes[] = {{"\"DE\"", "\"no place\"", "is no place"},
        {"\"DE\"", "1", "is no place"}, {"\"DE\"", "\"A-place-of-16-by\"", "is no place"},
        {"\"DE\"", "\"1E\"", "is no place"}, {"\"DE\"", "\"D[\"", "is no place"},
        {"\"DE\"", "\"D{\"", "is no place"}, {"\"DE\"", "\"D@\"", "is no place"},
        {"\"DE\"", "\"D:\"", "is no place"}, {"\"DE\"", "\"D/\"", "is no place"},
        {"\"DE\"", "\"D\"", "is no place"}, {"[\"DE\",\"*\",\"eu\"]", "[]", "\"where\" is empty"},
        {"[\"DE\",\"*\",\"eu\"]", "7", "is not a list"}, {"\"pause\",", "\"play\",", "\"action\""},
        {"\"pause\",", "\"resume\",", "neither \"from\" nor"},
        {"2026-11-23", "2026-11-22", "before it begins"}, {"2026-11-23", "soon", "not a time"},
        {"\"number\":3", "\"number\":0", "\"number\""},
        {"\"number\":3", "\"number\":\"3\"", "\"number\""},
        {"[\"keep_history\"]", "[]", "\"purposes\" is empty"},
        {"[\"keep_history\"]", "[\"sell\"]", "unknown purpose"},
        {"[\"keep_history\"]", "[1]", "unknown purpose"}, {"\"issuer\"", "\"issued\"", ""},
        {"\"An order.\"", "\"\"", "reason"}};
    CK_CHANGES(VPRIV_DOCUMENT_PAUSE, good, changes);
}
END_TEST

START_TEST(an_order_to_resume_has_no_time)
{
    static const char good[] =
        "{\"voicepriv_pause\":1,\"number\":3,\"action\":\"resume\",\"purposes\":[\"*\"],"
        "\"where\":[\"a2-z\"],\"issuer\":\"Authority\",\"reason\":\"It is over.\"}";
    static const change changes[] = {
        {"\"issuer\"", "\"from\":\"2026-11-22\",\"issuer\"", "neither"},
        {"\"issuer\"", "\"until\":\"2026-11-22\",\"issuer\"", "neither"}};
    CK_CHANGES(VPRIV_DOCUMENT_PAUSE, good, changes);
}
END_TEST

START_TEST(policies)
{
    static const char good[] =
        "{\"voicepriv_policy\":1,\"epoch\":2,\"issued\":\"2026-11-22\",\"effective\":\"2026-11-"
        "22\","
        "\"time_to_live\":\"P2W\",\"issuer\":\"Authority\",\"note\":\"Words.\"}";
    static const change changes[] = {{"P2W", "P1M", "days or weeks"}, {"P2W", "P0D", "days or"},
        {"P2W", "P1Y", "days or weeks"}, {"P2W", "PT5H", "duration"}, {"P2W", "two", "duration"},
        {"P2W", "P36501D", "duration"}, {"P2W", "P101Y", "duration"}, {"P2W", "P1W1D", "duration"},
        {"\"P2W\"", "5", "time_to_live"},
        {"\"effective\":\"2026-11-22\"", "\"effective\":\"2026-11-21\"", "before"},
        {"\"epoch\":2", "\"epoch\":-2", "epoch"}, {"\"Words.\"", "3", "note"}};
    CK_CHANGES(VPRIV_DOCUMENT_POLICY, good, changes);
}
END_TEST

START_TEST(profiles)
{
    static const char good[] =
        "{\"voicepriv_jurisdiction\":1,\"name\":\"test-1\",\"title\":\"Test\",\"note\":\"A "
        "test's.\",\"revision\":1,"
        "\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\",\"places\":[\"DE\",\"FR\"],"
        "\"rules\":[{\"rule\":\"minimum_age\",\"years\":14,\"younger\":\"guardian\",\"places\":["
        "\"DE\"],"
        "\"source\":{\"law\":\"L\",\"article\":\"1\",\"looked_up\":\"2026-11-01\"}}]}";
    static const change changes[] = {{"test-1", "Test", "name"}, {"test-1", "1test", "name"},
        {"test-1", "t", "name"}, {"test-1", "te/t", "name"}, {"test-1", "te:t", "name"},
        {"test-1", "te{t", "name"}, {"test-1", "te`t", "name"}, {"test-1", "-test", "name"},
        {"\"DE\",", "\"DEUTSCHL\",", "ISO 3166"}, {"\"DE\",", "\"de\",", "ISO 3166"},
        {"\"DE\",", "5,", "ISO 3166"}, {"[\"DE\",\"FR\"]", "[]", "\"places\" is empty"},
        {"[\"DE\"]", "[\"US\"]", "not a place of the profile"},
        {"[\"DE\"]", "[4]", "not a place of the profile"}, {"[\"DE\"]", "[]", "is empty"}};
    CK_CHANGES(VPRIV_DOCUMENT_JURISDICTION, good, changes);
}
END_TEST

static void append_age(char *text, size_t size, int years, bool guardian, const char *places)
{
    const size_t n = strlen(text);
    snprintf(text + n, size - n,
        "%s{\"rule\":\"minimum_age\",\"years\":%d,\"younger\":\"%s\"%s%s%s,\"source\":{\"law\":"
        "\"L\",\"article\":\"1\",\"looked_up\":\"2026-11-01\"}}",
        text[n - 1] == '[' ? "" : ",", years, guardian ? "guardian" : "refused",
        places ? ",\"places\":[\"" : "", places ? places : "", places ? "\"]" : "");
}

/* Of several ages those for the place alone count, in whatever order, and the strictest of them. */
START_TEST(ages_in_any_order)
{
    static const struct age {
        int years;
        bool guardian;
        const char *places;
    } ages[] = {{16, true, NULL}, {18, false, NULL}, {14, true, "DE"}, {15, false, "DE"},
        {13, true, "DE"}, {12, true, "FR"}};
    enum { N = sizeof ages / sizeof ages[0] };
    for (size_t turn = 0; turn < N; turn++) {
        char text[4096] =
            "{\"voicepriv_jurisdiction\":1,\"name\":\"test\",\"title\":\"Test\",\"note\":\"A "
            "test's.\",\"revision\":1,"
            "\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\",\"places\":[\"DE\",\"FR\","
            "\"IT\"],\"rules\":[";
        vpi_profile profile;
        vpriv_rules rules;
        for (size_t i = 0; i < N; i++) {
            const struct age *age = &ages[(i + turn) % N];
            append_age(text, sizeof text, age->years, age->guardian, age->places);
        }
        snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
        ck_ok(vpi_profile_parse(text, strlen(text), &profile));
        vpi_profiles_resolve(&profile, 1, "DE", &rules);
        ck_assert_uint_eq(rules.minimum_age, 15);
        ck_assert(rules.young_are_refused);
        vpi_profiles_resolve(&profile, 1, "FR", &rules);
        ck_assert_uint_eq(rules.minimum_age, 12);
        ck_assert(!rules.young_are_refused);
        vpi_profiles_resolve(&profile, 1, "IT", &rules);
        ck_assert_uint_eq(rules.minimum_age, 18);
        ck_assert(rules.young_are_refused);
    }
}
END_TEST

START_TEST(signatures)
{
    static char large[VPRIV_DOCUMENT_BYTES_MAX + 1];
    uint8_t made[VPRIV_AUTHORITY_SEED_BYTES];
#define SIGN(kind, json, n, seed, signature)                                                       \
    vpriv_authority_sign((vpriv_document_kind)(kind), json, n, seed, signature)
    ck_refused(vpriv_authority_make(NULL, public_key), VPRIV_E_ARG, "two halves");
    ck_refused(vpriv_authority_make(made, NULL), VPRIV_E_ARG, "two halves");
    ck_refused(SIGN(3, "{}", 2, NULL, signature), VPRIV_E_ARG, "a key, and room");
    ck_refused(SIGN(3, "{}", 2, seed, NULL), VPRIV_E_ARG, "a key, and room");
    ck_refused(SIGN(0, "{}", 2, seed, signature), VPRIV_E_ARG, "kind of document: 0");
    ck_refused(SIGN(4, "{}", 2, seed, signature), VPRIV_E_ARG, "kind of document: 4");
    ck_refused(SIGN(3, NULL, 2, seed, signature), VPRIV_E_ARG, "no document");
    ck_refused(SIGN(3, "{}", 0, seed, signature), VPRIV_E_ARG, "no document");
    ck_refused(SIGN(3, large, sizeof large, seed, signature), VPRIV_E_LIMIT, "longer than");
    ck_refused(vpriv_authority_verify(VPRIV_DOCUMENT_POLICY, "{}", 2, NULL, public_key),
        VPRIV_E_ARG, "with a key");
    ck_refused(vpriv_authority_verify(VPRIV_DOCUMENT_POLICY, "{}", 2, signature, NULL), VPRIV_E_ARG,
        "with a key");
}
END_TEST

static vpriv_surface_event good_event(void)
{
    vpriv_surface_event e = {.struct_size = sizeof e,
        .surface = "app",
        .sequence = 1,
        .time_us = INT64_C(1795336216000000),
        .subject = {1},
        .purpose = KEEP,
        .event = VPRIV_CONSENT_EVENT_GIVE,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .notice = {1},
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    e.record_id[6] = 0x40;
    e.record_id[8] = 0x80;
    return e;
}

START_TEST(events)
{
    char line[VPRIV_SURFACE_LINE_BYTES] = "";
    vpriv_surface_event e = good_event();
    vpriv_surface_event read = {0};
#define EVENT vpriv_surface_event_sign(&e, seed, line)
    ck_refused(vpriv_surface_event_sign(&e, NULL, line), VPRIV_E_ARG, "a key");
    ck_refused(vpriv_surface_event_sign(&e, seed, NULL), VPRIV_E_ARG, "room");
    ck_refused(vpriv_surface_event_sign(NULL, seed, line), VPRIV_E_ARG, "struct_size");
    ck_refused_with(e, struct_size, 1, EVENT, VPRIV_E_ARG, "struct_size");
    ck_refused_with(e, sequence, 0, EVENT, VPRIV_E_ARG, "numbers begin");
    ck_refused_with(e, sequence, UINT64_MAX, EVENT, VPRIV_E_ARG, "numbers begin");
    ck_refused_with(e, time_us, 5, EVENT, VPRIV_E_ARG, "a whole second");
    ck_refused_with(e, time_us, INT64_MAX, EVENT, VPRIV_E_ARG, "a whole second");
    ck_refused_with(e, purpose, (vpriv_purpose)32, EVENT, VPRIV_E_ARG, "rest on consent");
    ck_refused_with(e, event, (vpriv_consent_event)0, EVENT, VPRIV_E_ARG, "no such event");
    ck_refused_with(e, event, (vpriv_consent_event)10, EVENT, VPRIV_E_ARG, "no such event");
    ck_refused_with(e, event, VPRIV_CONSENT_EVENT_EXPIRE, EVENT, VPRIV_E_ARG, "no such event");
    ck_refused_with(e, event, VPRIV_CONSENT_EVENT_INVALIDATE, EVENT, VPRIV_E_ARG, "no such event");
    ck_refused_with(e, method, VPRIV_CONSENT_METHOD_UNKNOWN, EVENT, VPRIV_E_ARG, "no such method");
    ck_refused_with(e, method, (vpriv_consent_method)6, EVENT, VPRIV_E_ARG, "no such method");
    ck_refused_with(e, valid_until_us, e.time_us, EVENT, VPRIV_E_ARG, "valid_until");
    ck_refused_with(e, valid_until_us, e.time_us + 1, EVENT, VPRIV_E_ARG, "valid_until");
    ck_refused_with(e, n_seen, VPRIV_SURFACE_SEEN_MAX + 1, EVENT, VPRIV_E_ARG, "more than 8");
    memset(e.retention, 'P', sizeof e.retention);
    ck_refused(EVENT, VPRIV_E_ARG, "retention");
    e = good_event();
    e.purpose = VPRIV_PURPOSE_DIAGNOSE_FAULT;
    for (uint32_t uses = 0; uses < 5; uses += 4)
        if (vpriv_purpose_about(e.purpose)->uses_max != 0)
            ck_refused_with(e, max_uses, uses, EVENT, VPRIV_E_ARG, "max_uses");
    e = good_event();
    e.n_seen = 1;
    strcpy(e.seen[0].surface, "web");
    ck_refused(EVENT, VPRIV_E_ARG, "has no number");
    ck_refused_with(e.seen[0], sequence, UINT64_MAX, EVENT, VPRIV_E_ARG, "has no number");
    e.seen[0].sequence = 1;
    strcpy(e.seen[0].surface, "app");
    ck_refused(EVENT, VPRIV_E_ARG, "no other surface");
    e.seen[0].surface[0] = '\0';
    ck_refused(EVENT, VPRIV_E_ARG, "no other surface");
    ck_assert_str_eq(line, "");
    e = good_event();
    ck_ok(EVENT);
    ck_refused(vpriv_surface_event_read(NULL, 5, NULL, &read), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_surface_event_read(line, 0, NULL, &read), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_surface_event_read(line, 5, NULL, NULL), VPRIV_E_ARG, "is NULL");
    ck_refused(vpriv_surface_event_read(line, sizeof line, NULL, &read), VPRIV_E_LIMIT, "longer");
    static const change changes[] = {{"\"seen\":{}", "\"seen\":[]", "\"seen\""},
        {"\"seen\":{}", "\"seen\":{\"a b\":1}", "that no surface has"},
        {"\"seen\":{}", "\"seen\":{\"web\":0}", "web"},
        {"\"seen\":{}",
            "\"seen\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}",
            "up to 8"},
        {"\"valid_until\":\"\"", "\"valid_until\":7", "valid_until"},
        {"\"by\":\"person\"", "\"by\":\"nobody\"", "not known"},
        {"\"purpose\":\"keep_history\"", "\"purpose\":\"sell\"", "not known"},
        {"\"notice\":\"01", "\"notice\":\"0", "hex digits"},
        {"\"subject\":\"01", "\"subject\":\"0x", "hex digits"},
        {"\"subject\":\"", "\"subject\":1,\"x\":\"", ""},
        {"\"retention\":\"until-erased\"", "\"retention\":\"long\"", "retention"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[2 * VPRIV_SURFACE_LINE_BYTES];
        const char *at = strstr(line, changes[i].from);
        ck_assert_msg(at, "%s is not there", changes[i].from);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - line), line, changes[i].to,
            at + strlen(changes[i].from));
        ck_refused(vpriv_surface_event_read(text, strlen(text), NULL, &read), VPRIV_E_FORMAT,
            changes[i].words);
    }
    ck_assert_uint_eq(read.struct_size, 0);
}
END_TEST

START_TEST(numbers_have_names_or_are_unknown)
{
    for (int i = 0; i < VPRIV_DENY_REASONS; i++) {
        ck_assert_str_ne(vpriv_deny_name((vpriv_deny)((uint32_t)1 << i)), "unknown reason");
        ck_assert_str_ne(vpriv_deny_text((vpriv_deny)((uint32_t)1 << i)), "unknown reason");
    }
    ck_assert_str_eq(vpriv_deny_name((vpriv_deny)3), "unknown reason");
    ck_assert_str_eq(vpriv_deny_text((vpriv_deny)0), "unknown reason");
    ck_assert_str_eq(vpi_consent_by_name((vpriv_consent_by)-1), "");
    ck_assert_str_eq(vpi_consent_by_name((vpriv_consent_by)6), "");
    ck_assert_str_eq(vpi_consent_by_name(VPRIV_CONSENT_BY_GUARDIANS), "guardians");
    ck_assert_str_eq(vpi_consent_method_name((vpriv_consent_method)0), "");
    ck_assert_str_eq(vpi_consent_method_name((vpriv_consent_method)6), "");
    const char *unknown = vpriv_notice_rule_text((vpriv_notice_rule)INT_MAX);
    ck_assert_str_eq(vpriv_notice_rule_text((vpriv_notice_rule)-1), unknown);
    ck_assert_str_ne(vpriv_notice_rule_text(VPRIV_NOTICE_PRETICKED), unknown);
    ck_assert_int_eq(vpriv_rules_keep_until(NULL, (vpriv_purpose)-1, 5), 5);
    ck_assert_int_eq(vpriv_rules_keep_until(NULL, (vpriv_purpose)32, 5), 5);
    ck_assert(!vpi_text_is_duration("P1D1W") && !vpi_text_is_duration("PXW"));
    ck_assert(!vpi_text_is_duration("PWW") && vpi_text_is_duration("P3W"));
    ck_assert_uint_eq(vpi_purpose_operations((vpriv_purpose)32) & VPRIV_PROCESSING_STORE, 0);
}
END_TEST

int main(void)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (sodium_init() < 0)
        return EXIT_FAILURE;
    crypto_sign_seed_keypair(public_key, secret, seed);
    Suite *suite = suite_create("consent: refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_test(tcase, orders);
    tcase_add_test(tcase, an_order_to_resume_has_no_time);
    tcase_add_test(tcase, policies);
    tcase_add_test(tcase, profiles);
    tcase_add_test(tcase, ages_in_any_order);
    tcase_add_test(tcase, signatures);
    tcase_add_test(tcase, events);
    tcase_add_test(tcase, numbers_have_names_or_are_unknown);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
