/* What calls of the vault refuse, what they say about it, and that nothing has changed then: people, consents,
 * places, pauses, surfaces and what is made from recordings. The rest is in test_vault_refused.c. */
#include "refused_vault.h"
#include <sodium.h>
#include <voicepriv/derivative.h>
#include <voicepriv/past.h>
#include <voicepriv/places.h>
#include <voicepriv/sync.h>

#define ACT    VPRIV_PURPOSE_EXECUTE_REQUEST
#define NOBODY ((vpriv_purpose)32)

START_TEST(people)
{
    uint8_t who[VPRIV_SUBJECT_ID_BYTES] = {0};
#define ADD(class, name, contact)                                                                  \
    vpriv_subject_add(h.vault, (vpriv_subject_class)(class), name, contact, who)
    ck_refused(ADD(VPRIV_SUBJECT_USER, NULL, NULL), VPRIV_E_ARG, "a name");
    ck_refused(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cem", NULL, NULL), VPRIV_E_ARG,
        "room for its id");
    ck_refused(ADD(VPRIV_SUBJECT_UNKNOWN, "Cem", NULL), VPRIV_E_ARG, "a user, guest");
    ck_refused(ADD(5, "Cem", NULL), VPRIV_E_ARG, "a user, guest");
    ck_refused(ADD(VPRIV_SUBJECT_USER, long_text, NULL), VPRIV_E_ARG, "the name is longer");
    ck_refused(ADD(VPRIV_SUBJECT_USER, "C\nm", NULL), VPRIV_E_ARG, "the name is not plain");
    ck_refused(ADD(VPRIV_SUBJECT_USER, "Cem", long_text), VPRIV_E_ARG, "the contact is longer");
    ck_refused(ADD(VPRIV_SUBJECT_USER, "Cem", "\xff"), VPRIV_E_ARG, "the contact is not plain");
    ck_refused(
        vpriv_subject_add(NULL, VPRIV_SUBJECT_USER, "Cem", NULL, who), VPRIV_E_ARG, "no vault");
#define KNOWN(id) vpriv_subject_add_known(h.vault, VPRIV_SUBJECT_USER, "Cem", NULL, id)
    ck_refused(KNOWN(who), VPRIV_E_ARG, "all zeros");
    ck_refused(KNOWN(NULL), VPRIV_E_ARG, "room for its id");
    ck_refused(KNOWN(h.ada), VPRIV_E_EXISTS, "");
    ck_refused(vpriv_subject_list(h.vault, NULL, NULL), VPRIV_E_ARG, "no callback");
    ck_refused(vpriv_subject_set_home(h.vault, NULL, "DE"), VPRIV_E_ARG, "no subject");
    ck_refused(vpriv_subject_set_home(h.vault, h.ada, NULL), VPRIV_E_ARG, "no place");
    ck_refused(vpriv_subject_set_home(h.vault, h.ada, "Germany, Europe"), VPRIV_E_ARG, "ISO 3166");
    ck_refused(vpriv_subject_set_home(h.vault, h.ada, "d"), VPRIV_E_ARG, "ISO 3166");
    ck_refused(vpriv_subject_set_home(h.vault, id.bytes, "DE"), VPRIV_E_NOT_FOUND, "");
    static const int months[][2] = {
        {1899, 1}, {2400, 1}, {2010, 0}, {2010, 13}, {0, 1}, {2010, -1}};
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++)
        ck_refused(vpriv_subject_set_birth(h.vault, h.ada, months[i][0], months[i][1]), VPRIV_E_ARG,
            "a month of birth");
    ck_refused(vpriv_subject_set_birth(h.vault, NULL, 2010, 1), VPRIV_E_ARG, "no subject");
}
END_TEST

START_TEST(consents)
{
    vpriv_consent_evidence e = {.struct_size = sizeof e, .notice_id = "house"};
    vpriv_receipt receipt = {.struct_size = 1};
    static const char *const two[] = {"lab", ""}, *const none[] = {NULL},
                             *const twice[] = {"lab", "lab"};
    const char *const big[] = {long_text};
#define GIVE vpriv_consent_give(h.vault, h.bob, KEEP, &e, NULL)
    ck_refused(vpriv_consent_give(NULL, h.bob, KEEP, &e, NULL), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_consent_give(h.vault, NULL, KEEP, &e, NULL), VPRIV_E_ARG, "no subject");
    ck_refused(vpriv_consent_give(h.vault, h.bob, NOBODY, &e, NULL), VPRIV_E_ARG, "purpose 32");
    ck_refused(vpriv_consent_give(h.vault, h.bob, ACT, &e, NULL), VPRIV_E_ARG, "rest on consent");
    ck_refused(vpriv_consent_give(h.vault, h.bob, KEEP, &e, &receipt), VPRIV_E_ARG, "_receipt");
    ck_refused(vpriv_consent_give(h.vault, h.bob, KEEP, NULL, NULL), VPRIV_E_ARG, "the notice");
    ck_refused(vpriv_consent_give(h.vault, id.bytes, KEEP, &e, NULL), VPRIV_E_NOT_FOUND, "");
    ck_refused_with(e, struct_size, 1, GIVE, VPRIV_E_ARG, "vpriv_consent_evidence");
    ck_refused_with(e, notice_id, "", GIVE, VPRIV_E_ARG, "the notice");
    ck_refused_with(e, notice_id, "barn", GIVE, VPRIV_E_NOT_FOUND, "barn");
    ck_refused_with(e, language, "fr", GIVE, VPRIV_E_NOT_FOUND, "fr");
    ck_refused_with(e, surface, long_text, GIVE, VPRIV_E_ARG, "surface is longer");
    ck_refused_with(e, valid_until_us, HOUSEHOLD_START_US, GIVE, VPRIV_E_ARG, "in the past");
    ck_refused_with(e, retention, "none", GIVE, VPRIV_E_ARG, "is a refusal");
    ck_refused_with(e, retention, "a while", GIVE, VPRIV_E_NOT_FOUND, "a while");
    ck_refused_with(e, by, (vpriv_consent_by)9, GIVE, VPRIV_E_ARG, "");
    ck_refused_with(e, method, (vpriv_consent_method)9, GIVE, VPRIV_E_ARG, "");
    ck_refused_with(e, n_recipients, 1, GIVE, VPRIV_E_ARG, "1 recipients");
    ck_refused_with(e, n_recipients, VPRIV_RECIPIENTS_MAX, GIVE, VPRIV_E_ARG, "at most 7");
    e.n_recipients = 1;
    ck_refused_with(e, recipients, none, GIVE, VPRIV_E_ARG, "a recipient's id");
    ck_refused_with(e, recipients, big, GIVE, VPRIV_E_ARG, "a recipient's id");
    e.n_recipients = 2;
    ck_refused_with(e, recipients, two, GIVE, VPRIV_E_ARG, "a recipient's id");
    ck_refused_with(e, recipients, twice, GIVE, VPRIV_E_ARG, "");
    ck_refused(vpriv_consent_list(h.vault, NULL, true, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_consent_list(h.vault, h.ada, true, NULL, NULL), VPRIV_E_ARG, "a callback");
#define EVENT(event)                                                                               \
    vpriv_consent_record_event(h.vault, h.ada, KEEP, (vpriv_consent_event)(event), NULL, NULL)
    ck_refused(EVENT(0), VPRIV_E_ARG, "");
    ck_refused(EVENT(10), VPRIV_E_ARG, "");
}
END_TEST

START_TEST(notices)
{
    vpriv_notice n = {.struct_size = sizeof n,
        .id = "house",
        .version = "2",
        .language = "en",
        .text = "Other words.",
        .text_bytes = 12};
#define NOTICE vpriv_notice_add(h.vault, &n, NULL)
    ck_refused(vpriv_notice_add(h.vault, NULL, NULL), VPRIV_E_ARG, "notice");
    ck_refused(vpriv_notice_add(NULL, &n, NULL), VPRIV_E_ARG, "no vault");
    ck_refused_with(n, struct_size, 1, NOTICE, VPRIV_E_ARG, "struct_size");
    ck_refused_with(n, id, "", NOTICE, VPRIV_E_FORMAT, "id");
    ck_refused_with(n, version, long_text, NOTICE, VPRIV_E_LIMIT, "version");
    ck_refused_with(n, language, "e n", NOTICE, VPRIV_E_FORMAT, "language");
    ck_refused_with(n, text, NULL, NOTICE, VPRIV_E_ARG, "text");
    ck_refused_with(n, text_bytes, VPRIV_NOTICE_TEXT_BYTES_MAX + 1, NOTICE, VPRIV_E_LIMIT, "text");
    ck_refused_with(n, version, "1", NOTICE, VPRIV_E_ARG, "version \"1\"");
}
END_TEST

START_TEST(surfaces_and_their_events)
{
    static const uint8_t no_key[VPRIV_SURFACE_PUBLIC_KEY_BYTES] = {0};
    vpriv_sync_result result = {.struct_size = 1};
    ck_refused(vpriv_surface_trust(h.vault, NULL, h.keyring->public_key[0], "ada"), VPRIV_E_ARG,
        "a surface's name");
    ck_refused(vpriv_surface_trust(h.vault, "two words", no_key, "ada"), VPRIV_E_ARG, "name");
    ck_refused(vpriv_surface_trust(h.vault, long_text, no_key, "ada"), VPRIV_E_ARG, "name");
    ck_refused(vpriv_surface_trust(h.vault, "app", NULL, "ada"), VPRIV_E_ARG, "public key");
    ck_refused(vpriv_surface_trust(h.vault, "app", no_key, "ada"), VPRIV_E_ARG, "public key");
    ck_refused(vpriv_surface_list(h.vault, NULL, NULL), VPRIV_E_ARG, "no callback");
    ck_refused(vpriv_consent_sync(NULL, "", 0, NULL, NULL, NULL), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_consent_sync(h.vault, NULL, 1, NULL, NULL, NULL), VPRIV_E_ARG, "no events");
    ck_refused(vpriv_consent_sync(h.vault, "", 0, NULL, NULL, &result), VPRIV_E_ARG, "_result");
    ck_refused(vpriv_consent_sync(h.vault, "x", VPRIV_SYNC_BYTES_MAX + 1, NULL, NULL, NULL),
        VPRIV_E_LIMIT, "longer than");
    ck_refused(vpriv_consent_export_events(h.vault, NULL, NULL), VPRIV_E_ARG, "no callback");
    ck_ok(vpriv_consent_sync(h.vault, NULL, 0, NULL, NULL, NULL));
}
END_TEST

START_TEST(pauses_and_places)
{
    vpriv_pause p = {.struct_size = sizeof p, .purposes = VPRIV_PURPOSE_BIT(KEEP), .actor = "ada"};
    vpriv_policy_info *no_policy = NULL;
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES] = {0}, key[32] = {0};
#define PAUSE vpriv_pause_begin(h.vault, &p)
    ck_refused(vpriv_pause_begin(h.vault, NULL), VPRIV_E_ARG, "vpriv_pause");
    ck_refused(vpriv_pause_end(h.vault, NULL), VPRIV_E_ARG, "vpriv_pause");
    ck_refused(vpriv_pause_begin(NULL, &p), VPRIV_E_ARG, "no vault");
    ck_refused_with(p, struct_size, 1, PAUSE, VPRIV_E_ARG, "vpriv_pause");
    ck_refused_with(p, purposes, 0, PAUSE, VPRIV_E_ARG, "no purpose");
    ck_refused_with(p, purposes, 1u << 31, PAUSE, VPRIV_E_ARG, "not defined");
    ck_refused_with(p, where, "no place", PAUSE, VPRIV_E_ARG, "neither");
    ck_refused_with(p, from_us, -1, PAUSE, VPRIV_E_ARG, "before it begins");
    ck_refused_with(p, until_us, -1, PAUSE, VPRIV_E_ARG, "before it begins");
    ck_refused_with(p, until_us, 5, PAUSE, VPRIV_E_ARG, "over already");
    ck_refused_with(p, until_us, INT64_MAX - 1, PAUSE, VPRIV_E_ARG, "1970");
    ck_refused_with(p, from_us, INT64_MAX - 1, PAUSE, VPRIV_E_ARG, "1970");
    ck_refused_with(p, actor, NULL, PAUSE, VPRIV_E_ARG, "the actor");
    ck_refused_with(p, reason, long_text, PAUSE, VPRIV_E_ARG, "the reason");
    ck_refused(vpriv_pause_list(h.vault, NULL, NULL), VPRIV_E_ARG, "no callback");
    ck_refused(vpriv_purpose_pause(h.vault, 0, "ada", NULL), VPRIV_E_ARG, "no purpose");
    ck_refused(vpriv_purpose_resume(h.vault, 0, "ada", NULL), VPRIV_E_ARG, "no purpose");
    ck_refused(vpriv_purpose_paused(h.vault, NULL), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_policy_about(h.vault, no_policy), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_pause_order(h.vault, "{}", 2, signature), VPRIV_E_AUTH, "authority");
    ck_refused(vpriv_policy_publish(h.vault, "{}", 2, signature), VPRIV_E_AUTH, "authority");
    ck_refused(vpriv_jurisdiction_trust(h.vault, key, ""), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_jurisdiction_install(h.vault, "{}", 2, NULL, "ada"), VPRIV_E_ARG, "signature");
    ck_refused(vpriv_jurisdiction_install(h.vault, "{}", 2, signature, ""), VPRIV_E_ARG, "actor");
    ck_refused(vpriv_jurisdiction_list(h.vault, NULL, NULL), VPRIV_E_ARG, "no callback");
    ck_refused(vpriv_jurisdiction_set_device(h.vault, NULL, "ada"), VPRIV_E_ARG, "a place");
    ck_refused(vpriv_jurisdiction_set_device(h.vault, "DE", ""), VPRIV_E_ARG, "the actor");
    ck_refused(vpriv_jurisdiction_rules(h.vault, "DE", NULL, NULL), VPRIV_E_ARG, "no room");
}
END_TEST

START_TEST(the_controller)
{
    vpriv_controller c = {.struct_size = sizeof c, .id = "acme", .name = "Acme", .country = "DE"};
#define CHANGE vpriv_controller_change(h.vault, &c, "ada", NULL)
    ck_refused(vpriv_controller_change(h.vault, NULL, "ada", NULL), VPRIV_E_ARG, "_controller");
    ck_refused(vpriv_controller_change(h.vault, &c, long_text, NULL), VPRIV_E_ARG, "the actor");
    ck_refused_with(c, struct_size, 1, CHANGE, VPRIV_E_ARG, "vpriv_controller");
    ck_refused_with(c, id, long_text, CHANGE, VPRIV_E_ARG, "id is 1 to");
    ck_refused_with(c, name, long_text, CHANGE, VPRIV_E_ARG, "name is 1 to");
    ck_refused_with(c, country, "D", CHANGE, VPRIV_E_ARG, "country");
}
END_TEST

static bool take_derivative(void *user, const vpriv_derivative_info *info)
{
    (void)user;
    (void)info;
    ck_abort();
    return true;
}

START_TEST(derivatives)
{
    vpriv_derivative d = {.struct_size = sizeof d,
        .kind = VPRIV_DERIVATIVE_LABEL,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    vpriv_derivative_info info;
    vpriv_receipt receipt = {.struct_size = 1};
    const vpriv_derivative_id nothing = {{1}};
#define MAKE vpriv_derivative_add(h.vault, &id, &d, "x", 1, NULL)
    ck_refused(vpriv_derivative_add(h.vault, NULL, &d, "x", 1, NULL), VPRIV_E_ARG, "no recording");
    ck_refused(vpriv_derivative_add(h.vault, &id, NULL, "x", 1, NULL), VPRIV_E_ARG, "struct_size");
    ck_refused(vpriv_derivative_add(h.vault, &id, &d, NULL, 1, NULL), VPRIV_E_ARG, "nothing to");
    ck_refused(vpriv_derivative_add(h.vault, &id, &d, "x", 0, NULL), VPRIV_E_ARG, "nothing to");
    ck_refused(vpriv_derivative_add(h.vault, &id, &d, "x", VPRIV_DERIVATIVE_BYTES_MAX + 1, NULL),
        VPRIV_E_LIMIT, "1048577 bytes");
    ck_refused_with(d, struct_size, 1, MAKE, VPRIV_E_ARG, "struct_size");
    ck_refused_with(d, made_by, NULL, MAKE, VPRIV_E_ARG, "made_by");
    ck_refused_with(d, made_by, long_text, MAKE, VPRIV_E_ARG, "made_by");
    ck_refused_with(d, media_type, long_text, MAKE, VPRIV_E_ARG, "media type");
    ck_refused_with(d, media_type, "a\nb", MAKE, VPRIV_E_ARG, "media type");
    ck_refused_with(d, language, long_text, MAKE, VPRIV_E_ARG, "BCP 47");
    ck_refused_with(d, purposes, VPRIV_PURPOSE_BIT(ACT), MAKE, VPRIV_E_CONSENT, "");
    ck_refused(
        vpriv_derivative_list(h.vault, NULL, take_derivative, NULL), VPRIV_E_ARG, "callback");
    ck_refused(vpriv_derivative_list(h.vault, &id, NULL, NULL), VPRIV_E_ARG, "callback");
    ck_refused(vpriv_derivative_about(h.vault, NULL, &info), VPRIV_E_ARG, "a derivative");
    ck_refused(vpriv_derivative_about(h.vault, &nothing, NULL), VPRIV_E_ARG, "a derivative");
    ck_refused(vpriv_derivative_about(NULL, &nothing, &info), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_derivative_erase(h.vault, NULL, NULL), VPRIV_E_ARG, "no derivative");
    ck_refused(vpriv_derivative_erase(h.vault, &nothing, &receipt), VPRIV_E_ARG, "vpriv_receipt");
    ck_refused(vpriv_derivative_erase(NULL, &nothing, NULL), VPRIV_E_ARG, "no vault");
    ck_ok(vpriv_derivative_list(h.vault, &id, take_derivative, NULL));
}
END_TEST

static bool never(void *user, const void *what)
{
    (void)user;
    (void)what;
    ck_abort();
    return true;
}

static bool never_subject(void *user, const vpriv_subject_info *info)
{
    return never(user, info);
}

static bool never_consent(void *user, const vpriv_consent_record *record)
{
    return never(user, record);
}

static bool never_surface(void *user, const vpriv_surface_info *info)
{
    return never(user, info);
}

static bool never_pause(void *user, const vpriv_pause *pause)
{
    return never(user, pause);
}

static bool never_profile(void *user, const vpriv_profile_info *info)
{
    return never(user, info);
}

static bool never_line(void *user, const char *line, size_t n)
{
    return never(user, n > 0 ? line : NULL);
}

/* Whatever else is given. */
START_TEST(without_a_vault)
{
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES] = {0};
    uint32_t purposes = 0;
    vpriv_rules rules;
    vpriv_policy_info policy;
    const vpriv_derivative d = {.struct_size = sizeof d,
        .kind = VPRIV_DERIVATIVE_LABEL,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    const vpriv_controller c = {
        .struct_size = sizeof c, .id = "acme", .name = "Acme", .country = "DE"};
    ck_assert_int_eq(crypto_sign_keypair(key, secret), 0);
#define CK_NONE(call) ck_refused(call, VPRIV_E_ARG, "no vault")
    CK_NONE(vpriv_subject_list(NULL, never_subject, NULL));
    CK_NONE(vpriv_subject_erase(NULL, h.ada, NULL));
    CK_NONE(vpriv_subject_set_home(NULL, h.ada, "DE"));
    CK_NONE(vpriv_subject_set_birth(NULL, h.ada, 1980, 5));
    CK_NONE(vpriv_consent_withdraw(NULL, h.ada, KEEP, NULL, NULL));
    CK_NONE(vpriv_consent_list(NULL, h.ada, true, never_consent, NULL));
    CK_NONE(vpriv_consent_export_events(NULL, never_line, NULL));
    CK_NONE(vpriv_surface_trust(NULL, "app", key, "ada"));
    CK_NONE(vpriv_surface_list(NULL, never_surface, NULL));
    CK_NONE(vpriv_purpose_pause(NULL, VPRIV_PURPOSE_BIT(KEEP), "ada", NULL));
    CK_NONE(vpriv_purpose_paused(NULL, &purposes));
    CK_NONE(vpriv_pause_list(NULL, never_pause, NULL));
    CK_NONE(vpriv_pause_order(NULL, "{}", 2, signature));
    CK_NONE(vpriv_policy_publish(NULL, "{}", 2, signature));
    CK_NONE(vpriv_policy_about(NULL, &policy));
    CK_NONE(vpriv_jurisdiction_trust(NULL, key, "ada"));
    CK_NONE(vpriv_jurisdiction_install(NULL, "{}", 2, signature, "ada"));
    CK_NONE(vpriv_jurisdiction_list(NULL, never_profile, NULL));
    CK_NONE(vpriv_jurisdiction_set_device(NULL, "DE", "ada"));
    CK_NONE(vpriv_jurisdiction_rules(NULL, "DE", NULL, &rules));
    CK_NONE(vpriv_controller_change(NULL, &c, "ada", NULL));
    CK_NONE(vpriv_derivative_add(NULL, &id, &d, "x", 1, NULL));
    CK_NONE(vpriv_derivative_list(NULL, &id, take_derivative, NULL));
    CK_NONE(vpriv_recording_add_speaker(NULL, &id, h.bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL));
    ck_refused(vpriv_surface_trust(h.vault, "app", key, ""), VPRIV_E_ARG, "the actor");
}
END_TEST

START_TEST(later_speakers)
{
    const vpriv_recording_id nobody = {{1}};
#define SPEAKS(recording, subject, class, actor, reason)                                           \
    vpriv_recording_add_speaker(                                                                   \
        h.vault, recording, subject, (vpriv_subject_class)(class), actor, reason, NULL)
    ck_refused(SPEAKS(NULL, h.bob, 0, "ada", NULL), VPRIV_E_ARG, "no recording");
    ck_refused(SPEAKS(&id, NULL, VPRIV_SUBJECT_USER, "ada", NULL), VPRIV_E_ARG, "say who it is");
    ck_refused(SPEAKS(&id, NULL, VPRIV_SUBJECT_CHILD, "ada", NULL), VPRIV_E_ARG, "say who it is");
    ck_refused(SPEAKS(&id, h.bob, 0, NULL, NULL), VPRIV_E_ARG, "the actor");
    ck_refused(SPEAKS(&id, h.bob, 0, long_text, NULL), VPRIV_E_ARG, "the actor");
    ck_refused(SPEAKS(&id, h.bob, 0, "ada", long_text), VPRIV_E_ARG, "the reason");
    ck_refused(SPEAKS(&nobody, h.bob, 0, "ada", NULL), VPRIV_E_NOT_FOUND, "");
    ck_refused(SPEAKS(&id, nobody.bytes, 0, "ada", NULL), VPRIV_E_NOT_FOUND, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: refused, about people");
    TCase *tcase = tcase_create("refused");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, people);
    tcase_add_test(tcase, consents);
    tcase_add_test(tcase, notices);
    tcase_add_test(tcase, surfaces_and_their_events);
    tcase_add_test(tcase, pauses_and_places);
    tcase_add_test(tcase, the_controller);
    tcase_add_test(tcase, derivatives);
    tcase_add_test(tcase, without_a_vault);
    tcase_add_test(tcase, later_speakers);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
