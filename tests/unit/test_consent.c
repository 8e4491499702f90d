/* Purposes, states, notices, and the forms of texts. */
#include "consent/notice.h"
#include "consent/purpose.h"
#include "consent/state.h"
#include "consent/text.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>

/* The table of purposes once more, as the specification has it. */
static const struct {
    vpriv_purpose purpose;
    const char *name;
    const char *broader; /* without the vocabulary's address */
    const char *flags;   /* 'o'n, 'e'xplicit, 's'pecial, 'k'ept, 't'rigger, 'l'aw, '1' use */
} purposes[] = {
    {VPRIV_PURPOSE_EXECUTE_REQUEST, "execute_request", "RequestedServiceProvision", "ot"},
    {VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION, "transmit_for_execution", "TechnicalServiceProvision",
        ""},
    {VPRIV_PURPOSE_KEEP_HISTORY, "keep_history", "ServicePersonalisation", "k"},
    {VPRIV_PURPOSE_HUMAN_REVIEW, "human_review", "ImproveExistingProductsAndServices", "ek"},
    {VPRIV_PURPOSE_IMPROVE_BY_MACHINE, "improve_by_machine", "ImproveExistingProductsAndServices",
        "k"},
    {VPRIV_PURPOSE_DEVELOP_NEW_FEATURES, "develop_new_features", "ResearchAndDevelopment", "k"},
    {VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, "on_device_adaptation", "Personalisation", "k"},
    {VPRIV_PURPOSE_SPEAKER_IDENTIFICATION, "speaker_identification", "IdentityVerification", "esk"},
    {VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS, "profile_for_content_or_ads",
        "PersonalisedAdvertising", "k"},
    {VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS, "false_wake_analysis", "RepairImpairments", ""},
    {VPRIV_PURPOSE_DIAGNOSE_FAULT, "diagnose_fault", "CustomerCare", "k1"},
    {VPRIV_PURPOSE_SAFETY_OR_ABUSE, "safety_or_abuse", "MisusePreventionAndDetection", "l"},
    {VPRIV_PURPOSE_LEGAL_OBLIGATION, "legal_obligation", "LegalCompliance", "l"},
    {VPRIV_PURPOSE_DONATION, "donation", "NonCommercialResearch", "ek"},
    {VPRIV_PURPOSE_TRAIN_THIRD_PARTY, "train_third_party", "CommercialResearch", "ek"},
};

START_TEST(purposes_are_those_of_the_specification)
{
    ck_assert_uint_eq(sizeof purposes / sizeof purposes[0], VPRIV_PURPOSE_VENDOR_FIRST);
    for (int i = 0; i < VPRIV_PURPOSE_VENDOR_FIRST; i++) {
        char iri[128];
        const vpriv_purpose_info *info = vpriv_purpose_about((vpriv_purpose)i);
        const char *flags = purposes[i].flags;
        ck_assert_ptr_nonnull(info);
        ck_assert_int_eq(purposes[i].purpose, i);
        ck_assert_int_eq(info->purpose, i);
        ck_assert_str_eq(info->name, purposes[i].name);
        snprintf(iri, sizeof iri, "https://w3id.org/dpv#%s", purposes[i].broader);
        ck_assert_str_eq(info->broader_iri, iri);
        ck_assert_int_eq(info->is_on_by_default, strchr(flags, 'o') != NULL);
        ck_assert_int_eq(info->is_explicit, strchr(flags, 'e') != NULL);
        ck_assert_int_eq(info->is_special_category, strchr(flags, 's') != NULL);
        ck_assert_int_eq(info->is_storable, strchr(flags, 'k') != NULL);
        ck_assert_uint_eq(info->uses_max, strchr(flags, '1') ? 1 : 0);
        ck_assert_int_eq(info->basis, strchr(flags, 't')   ? VPRIV_PURPOSE_BASIS_TRIGGER
                                      : strchr(flags, 'l') ? VPRIV_PURPOSE_BASIS_LAW
                                                           : VPRIV_PURPOSE_BASIS_CONSENT);
        ck_assert_uint_gt(strlen(info->sentence), 20);
        ck_assert_int_eq(info->sentence[strlen(info->sentence) - 1], '.');
    }
    ck_assert_str_eq(vpriv_purpose_about(VPRIV_PURPOSE_DONATION)->broader2_iri,
        "https://w3id.org/dpv#CommercialResearch");
}
END_TEST

START_TEST(purposes_only_the_request_itself_is_on)
{
    for (int i = 0; i < VPRIV_PURPOSES_MAX; i++)
        ck_assert_int_eq(vpriv_purpose_about((vpriv_purpose)i)->is_on_by_default,
            i == VPRIV_PURPOSE_EXECUTE_REQUEST);
    ck_assert_uint_eq(vpi_purposes_storable(), 0x65fc); /* bits 2-8, 10, 13, 14 */
}
END_TEST

START_TEST(purposes_names_are_unique_and_lead_back)
{
    for (int a = 0; a < VPRIV_PURPOSES_MAX; a++) {
        vpriv_purpose back = (vpriv_purpose)99;
        const char *name = vpriv_purpose_name((vpriv_purpose)a);
        ck_ok(vpriv_purpose_from_name(name, &back));
        ck_assert_int_eq(back, a);
        ck_assert_int_eq(vpriv_purpose_about((vpriv_purpose)a)->purpose, a);
        for (int b = a + 1; b < VPRIV_PURPOSES_MAX; b++)
            ck_assert_str_ne(name, vpriv_purpose_name((vpriv_purpose)b));
    }
    ck_assert_str_eq(vpriv_purpose_name(VPRIV_PURPOSE_VENDOR_FIRST), "vendor_15");
    ck_assert_str_eq(vpriv_purpose_name(VPRIV_PURPOSE_VENDOR_LAST), "vendor_31");
}
END_TEST

START_TEST(purposes_unknown_ones_are_refused)
{
    vpriv_purpose purpose = (vpriv_purpose)77;
    ck_assert_str_eq(vpriv_purpose_name((vpriv_purpose)32), "unknown purpose");
    ck_assert_str_eq(vpriv_purpose_name((vpriv_purpose)-1), "unknown purpose");
    ck_assert_ptr_null(vpriv_purpose_about((vpriv_purpose)32));
    ck_assert_ptr_null(vpriv_purpose_about((vpriv_purpose)-1));
    ck_fails(vpriv_purpose_from_name("human review", &purpose), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_purpose_from_name("", &purpose), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_purpose_from_name("vendor_14", &purpose), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_purpose_from_name("unknown purpose", &purpose), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_purpose_from_name(NULL, &purpose), VPRIV_E_ARG);
    ck_fails(vpriv_purpose_from_name("donation", NULL), VPRIV_E_ARG);
    ck_assert_int_eq(purpose, 77);
}
END_TEST

/* Rows: states in order. Columns: request, give, refuse, defer, withdraw, revoke, expire,
 * invalidate, reconfirm. Letters: where it leads; '.' is not possible. */
static const char *const steps[] = {
    /* Unknown     */ "QGF......",
    /* Requested   */ "QGFD.....",
    /* Given       */ "....WREI.",
    /* Refused     */ "Q........",
    /* Deferred    */ "Q........",
    /* Withdrawn   */ "Q........",
    /* Revoked     */ "Q........",
    /* Expired     */ "Q.......N",
    /* Invalidated */ "Q........",
    /* Renewed     */ "....WREI.",
};
static const char letters[] = "UQGFDWREIN"; /* of the states, in order */

START_TEST(states_every_event_in_every_state)
{
    for (int state = 0; state < 10; state++)
        for (int event = 1; event <= 9; event++) {
            const char wanted = steps[state][event - 1];
            vpriv_consent_state next = (vpriv_consent_state)77;
            const vpriv_status st =
                vpi_consent_next((vpriv_consent_state)state, (vpriv_consent_event)event, &next);
            if (wanted == '.') {
                ck_assert_int_eq(st, VPRIV_E_STATE);
                ck_assert_int_eq(next, 77);
                ck_assert_ptr_nonnull(strstr(
                    vpriv_error_detail(), vpriv_consent_state_name((vpriv_consent_state)state)));
                ck_assert_ptr_nonnull(strstr(
                    vpriv_error_detail(), vpi_consent_event_name((vpriv_consent_event)event)));
            } else {
                ck_assert_msg(st == VPRIV_OK && letters[next] == wanted,
                    "event %d in state %d leads to %d", event, state, (int)next);
                ck_assert_int_eq(vpi_consent_event_into(next), event);
            }
        }
    ck_assert_int_eq(vpi_consent_event_into(VPRIV_CONSENT_UNKNOWN), 0);
}
END_TEST

START_TEST(states_only_given_and_renewed_permit)
{
    for (int state = -1; state <= 11; state++)
        ck_assert_int_eq(vpi_consent_permits((vpriv_consent_state)state),
            state == VPRIV_CONSENT_GIVEN || state == VPRIV_CONSENT_RENEWED);
}
END_TEST

START_TEST(states_who_may)
{
    /* columns as above; rows: nobody known, person, parent, guardian, controller,
     * guardians together, out of range */
    static const char *const may[] = {
        ".........", "xxxxx...x", "xxxxx...x", "xxxxx...x", "x....xxx.", "xxxxx...x", "........."};
    for (int by = 0; by <= 6; by++)
        for (int event = 1; event <= 9; event++) {
            const vpriv_status st =
                vpi_consent_may((vpriv_consent_by)by, (vpriv_consent_event)event);
            ck_assert_msg(st == (may[by][event - 1] == 'x' ? VPRIV_OK : VPRIV_E_ARG),
                "%d by %d gave %d", event, by, (int)st);
        }
    ck_fails(vpi_consent_may(VPRIV_CONSENT_BY_PERSON, (vpriv_consent_event)0), VPRIV_E_ARG);
    ck_fails(vpi_consent_may(VPRIV_CONSENT_BY_PERSON, (vpriv_consent_event)10), VPRIV_E_ARG);
}
END_TEST

START_TEST(states_out_of_range_are_refused)
{
    vpriv_consent_state next;
    ck_fails(
        vpi_consent_next((vpriv_consent_state)10, VPRIV_CONSENT_EVENT_GIVE, &next), VPRIV_E_ARG);
    ck_fails(
        vpi_consent_next((vpriv_consent_state)-1, VPRIV_CONSENT_EVENT_GIVE, &next), VPRIV_E_ARG);
    ck_fails(vpi_consent_next(VPRIV_CONSENT_UNKNOWN, (vpriv_consent_event)0, &next), VPRIV_E_ARG);
    ck_fails(vpi_consent_next(VPRIV_CONSENT_UNKNOWN, (vpriv_consent_event)10, &next), VPRIV_E_ARG);
    ck_fails(vpi_consent_next(VPRIV_CONSENT_UNKNOWN, VPRIV_CONSENT_EVENT_GIVE, NULL), VPRIV_E_ARG);
    ck_assert_str_eq(vpriv_consent_state_name((vpriv_consent_state)10), "unknown state");
    ck_assert_str_eq(vpriv_consent_state_name(VPRIV_CONSENT_RENEWED), "renewed");
    ck_assert_str_eq(vpi_consent_event_name((vpriv_consent_event)0), "unknown event");
}
END_TEST

static vpriv_notice example_notice(const char *text)
{
    return (vpriv_notice){.struct_size = sizeof(vpriv_notice),
        .id = "review",
        .version = "2026-11",
        .language = "de-AT",
        .text = text,
        .text_bytes = strlen(text)};
}

START_TEST(notice_hash_is_that_of_the_exact_bytes)
{
    uint8_t hash[VPRIV_SHA256_BYTES], wanted[VPRIV_SHA256_BYTES], other[VPRIV_SHA256_BYTES];
    const char *text = "Menschen h\xc3\xb6ren zu.\n";
    vpriv_notice notice = example_notice(text);
    crypto_hash_sha256(wanted, (const unsigned char *)text, strlen(text));
    ck_ok(vpriv_notice_hash(&notice, hash));
    ck_assert_mem_eq(hash, wanted, sizeof hash);
    notice.text_bytes--; /* without the newline it is another notice */
    ck_ok(vpriv_notice_hash(&notice, other));
    ck_assert_mem_ne(hash, other, sizeof hash);
}
END_TEST

START_TEST(notice_limits)
{
    uint8_t hash[VPRIV_SHA256_BYTES] = {0xa5};
    char *text = malloc(VPRIV_NOTICE_TEXT_BYTES_MAX + 1);
    char longest[VPRIV_NOTICE_ID_BYTES + 1];
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', VPRIV_NOTICE_TEXT_BYTES_MAX + 1);
    memset(longest, 'i', sizeof longest);
    longest[VPRIV_NOTICE_ID_BYTES] = '\0';
    vpriv_notice notice = example_notice("x");
    notice.text = text;
    notice.text_bytes = VPRIV_NOTICE_TEXT_BYTES_MAX + 1;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_LIMIT);
    notice.text_bytes = 0;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice.text_bytes = 1;
    notice.id = longest;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_LIMIT);
    longest[VPRIV_NOTICE_ID_BYTES - 1] = '\0';
    ck_assert_uint_eq(hash[0], 0xa5);
    ck_ok(vpriv_notice_hash(&notice, hash));
    notice.text_bytes = VPRIV_NOTICE_TEXT_BYTES_MAX;
    ck_ok(vpriv_notice_hash(&notice, hash));
    free(text);
}
END_TEST

START_TEST(notice_malformed_is_refused)
{
    uint8_t hash[VPRIV_SHA256_BYTES];
    vpriv_notice notice = example_notice("text");
    ck_fails(vpriv_notice_hash(NULL, hash), VPRIV_E_ARG);
    ck_fails(vpriv_notice_hash(&notice, NULL), VPRIV_E_ARG);
    notice.struct_size--;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_ARG);
    notice = example_notice("\xff");
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice = example_notice("a\0b");
    notice.text_bytes = 3;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice = example_notice("text");
    notice.language = "german language";
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice.language = "de";
    notice.version = "";
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice.version = "1\n";
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_FORMAT);
    notice.version = NULL;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_ARG);
    notice.version = "1";
    notice.text = NULL;
    ck_fails(vpriv_notice_hash(&notice, hash), VPRIV_E_ARG);
}
END_TEST

START_TEST(text_utf8_is_strict)
{
    static const char *const good[] = {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2g",
        "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(vpi_text_is_utf8(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!vpi_text_is_utf8(bad[i], strlen(bad[i])), "bad %zu", i);
    ck_assert(!vpi_text_is_utf8("", 1)); /* NUL */
    ck_assert(vpi_text_is_utf8("a\nb\x7f", 4) && !vpi_text_is_plain("a\nb", 3));
    ck_assert(!vpi_text_is_plain("\x7f", 1) && !vpi_text_is_plain("\xc2\x85", 2));
    ck_assert(vpi_text_is_plain("\xc2\xa0", 2));
    ck_assert(!vpi_text_field_is_plain("abcd", 4) && vpi_text_field_is_plain("abc", 4));
}
END_TEST

typedef bool (*form_fn)(const char *text);

static void check_form(form_fn is_good, const char *const *good, const char *const *bad)
{
    for (; *good; good++)
        ck_assert_msg(is_good(*good), "\"%s\" was refused", *good);
    for (; *bad; bad++)
        ck_assert_msg(!is_good(*bad), "\"%s\" passed", *bad);
}

#define LIST (const char *const[])

START_TEST(text_forms)
{
    check_form(vpi_text_is_language,
        LIST{"de", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske-1994", "es-419", "gsw", NULL},
        LIST{"", "d", "de-", "-de", "de--AT", "de_AT", "4e", "de-abcdefghi", "abcdefghi", "de AT",
            "d\xc3\xa9", NULL});
    check_form(
        vpi_text_is_country, LIST{"DE", "US", NULL}, LIST{"", "D", "de", "DEU", "D1", "DE ", NULL});
    check_form(vpi_text_is_jurisdiction, LIST{"DE", "EU", "US-CA", "GB-ENG", "FR-2A", NULL},
        LIST{"", "US-", "US-ca", "US-CALI", "USA", "*", "US CA", "-CA", NULL});
    check_form(vpi_text_is_duration,
        LIST{"P1D", "P3M", "P18M", "P1Y2M3D", "PT48H", "PT0S", "P1DT12H", "P6W", "P1YT1S",
            "PT1H2M3S", "P999999D", NULL},
        LIST{"", "P", "PT", "1D", "P1", "P1DT", "PD", "P1H", "PT1D", "P1M1Y", "P1D1D", "P1W1D",
            "P1D1W", "PW", "P-1D", "P1.5D", "P1234567D", "P1D ", " P1D", "p1d", "P1S", NULL});
    check_form(vpi_text_is_iri, LIST{"https://w3id.org/dpv/legal/eu#law-GDPR", "urn:x:y", NULL},
        LIST{"", "https", "https:", ":x", "1a:x", "a b:x", "a:x y", "a:<x>", NULL});
}
END_TEST

START_TEST(text_times)
{
    ck_assert(vpi_time_is_plausible(1));
    ck_assert(vpi_time_is_plausible(INT64_C(13601088000000000) - 1)); /* end of 2400 */
    ck_assert(!vpi_time_is_plausible(INT64_C(13601088000000000)));
    ck_assert(!vpi_time_is_plausible(0));
    ck_assert(!vpi_time_is_plausible(-1));
    ck_assert(!vpi_time_is_plausible(INT64_MAX));
    ck_assert(!vpi_time_is_plausible(INT64_MIN));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent");
    TCase *tc = tcase_create("consent");
    tcase_add_test(tc, purposes_are_those_of_the_specification);
    tcase_add_test(tc, purposes_only_the_request_itself_is_on);
    tcase_add_test(tc, purposes_names_are_unique_and_lead_back);
    tcase_add_test(tc, purposes_unknown_ones_are_refused);
    tcase_add_test(tc, states_every_event_in_every_state);
    tcase_add_test(tc, states_only_given_and_renewed_permit);
    tcase_add_test(tc, states_who_may);
    tcase_add_test(tc, states_out_of_range_are_refused);
    tcase_add_test(tc, notice_hash_is_that_of_the_exact_bytes);
    tcase_add_test(tc, notice_limits);
    tcase_add_test(tc, notice_malformed_is_refused);
    tcase_add_test(tc, text_utf8_is_strict);
    tcase_add_test(tc, text_forms);
    tcase_add_test(tc, text_times);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
