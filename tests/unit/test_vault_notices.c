/* What people were shown is kept word for word, and every consent leads to it (S24). */
#include "household.h"
#include "vault/notice_store.h"
#include <sodium.h>
#include <stdio.h>

#define N_PURPOSES 6 /* 2 to 7 */
#define N_STEPS    400
#define N_PEOPLE   4
#define TEXT_BYTES 64

static household h;
static const char *const ids[] = {"house", "sharing"};
static const char *const languages[] = {"en", "de", "fr"};

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

static void tear_down(void)
{
    household_close(&h);
}

static void add(const char *id, const char *language, unsigned version)
{
    char text[TEXT_BYTES], number[16];
    snprintf(number, sizeof number, "%u", version);
    snprintf(text, sizeof text, "%s (%s), the %u. time", id, language, version);
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = id,
        .version = number,
        .language = language,
        .text = text,
        .text_bytes = strlen(text)};
    ck_ok(vpriv_notice_add(h.vault, &notice, NULL));
}

static vpriv_status say(const uint8_t *person, vpriv_purpose purpose, vpriv_consent_event event,
    const char *id, const char *language)
{
    const vpriv_consent_evidence evidence = {
        .struct_size = sizeof evidence, .notice_id = id, .language = language};
    return vpriv_consent_record_event(h.vault, person, purpose, event, id ? &evidence : NULL, NULL);
}

/* A notice whose text has this hash, with that text. */
static bool is_stored(const vpriv_notice_ref *wanted)
{
    static uint8_t text[VPRIV_NOTICE_TEXT_BYTES_MAX];
    size_t n_bytes = 0;
    int64_t row = 0;
    bool is_in_force = false, found = false;
    vpriv_notice_ref notice;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    while (!found &&
           vpi_notice_next(h.vault, &row, &notice, &is_in_force, text, &n_bytes) == VPRIV_OK) {
        uint8_t sha256[VPRIV_SHA256_BYTES];
        crypto_hash_sha256(sha256, text, n_bytes);
        found = memcmp(sha256, wanted->sha256, sizeof sha256) == 0 &&
                strcmp(notice.id, wanted->id) == 0 &&
                strcmp(notice.version, wanted->version) == 0 &&
                strcmp(notice.language, wanted->language) == 0;
    }
    vpi_vault_leave(h.vault);
    return found;
}

typedef struct tally {
    vpriv_consent_record records[N_STEPS];
    size_t n;
} tally;

static bool collect(void *user, const vpriv_consent_record *record)
{
    tally *t = user;
    ck_assert_uint_lt(t->n, N_STEPS);
    t->records[t->n++] = *record;
    return true;
}

static void count_those(void *user, const char *finding)
{
    *(size_t *)user += strstr(finding, "the notice of consent record") != NULL;
}

/* Consents of which verifying says that their notice is gone. */
static size_t n_missed(void)
{
    vpriv_verification v = {.struct_size = sizeof v};
    size_t n = 0;
    const vpriv_status st = vpriv_vault_verify(h.vault, NULL, count_those, &n, &v);
    ck_assert_int_eq(st, n == 0 ? VPRIV_OK : VPRIV_E_AUTH);
    return n;
}

/* People say yes, no and perhaps to notices that change under them. */
START_TEST(s24_every_consent_leads_to_the_text_that_was_shown)
{
    static const vpriv_consent_event events[] = {VPRIV_CONSENT_EVENT_REQUEST,
        VPRIV_CONSENT_EVENT_GIVE, VPRIV_CONSENT_EVENT_GIVE, VPRIV_CONSENT_EVENT_REFUSE,
        VPRIV_CONSENT_EVENT_WITHDRAW, VPRIV_CONSENT_EVENT_RECONFIRM};
    static tally all;
    uint8_t people[N_PEOPLE][VPRIV_SUBJECT_ID_BYTES];
    unsigned version = 1;
    size_t n_records = 0, n_with_notice = 0, n_said = 1;
    for (size_t i = 0; i < N_PEOPLE; i++)
        ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "P", NULL, people[i]));
    for (size_t id = 0; id < 2; id++)
        for (size_t l = 0; l < 3; l++)
            add(ids[id], languages[l], 2);
    ck_ok(say(people[0], VPRIV_PURPOSE_DONATION, VPRIV_CONSENT_EVENT_REFUSE, NULL, NULL));
    for (int step = 0; step < N_STEPS; step++) {
        const char *id =
            step % 5 ? ids[randombytes_uniform(2)] : NULL; /* said without being asked */
        const char *language = languages[randombytes_uniform(3)];
        if (id && randombytes_uniform(20) == 0)
            add(id, language, 2 + version++);
        household_pass(&h, SECOND_US);
        n_said += say(people[randombytes_uniform(N_PEOPLE)],
                      (vpriv_purpose)(2 + randombytes_uniform(N_PURPOSES)),
                      events[randombytes_uniform(6)], id, language) == VPRIV_OK;
    }
    for (size_t i = 0; i < N_PEOPLE; i++) {
        all.n = 0;
        ck_ok(vpriv_consent_list(h.vault, people[i], true, collect, &all));
        n_records += all.n;
        for (size_t k = 0; k < all.n; k++) {
            const vpriv_consent_record *record = &all.records[k];
            const bool is_yes = record->event.state == VPRIV_CONSENT_GIVEN ||
                                record->event.state == VPRIV_CONSENT_RENEWED;
            const bool has_notice = strcmp(record->notice.id, "none") != 0;
            ck_assert(has_notice || !is_yes);
            ck_assert(!has_notice || is_stored(&record->notice));
            n_with_notice += has_notice;
        }
    }
    ck_assert_uint_ge(n_records, n_said);
    ck_assert_uint_gt(n_with_notice, 50);
    ck_assert_uint_lt(n_with_notice, n_records);
    ck_assert_uint_eq(n_missed(), 0);
    printf("%zu consent records, %zu with a notice, %u versions\n", n_records, n_with_notice,
        version + 1);
}
END_TEST

START_TEST(s24_a_notice_that_is_taken_away_is_missed)
{
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_uint_eq(n_missed(), 0);
    household_notice(&h, "2", "We keep what you say for a year."); /* the first is out of force */
    ck_assert_uint_eq(n_missed(), 0);
    household_sql(&h, "DELETE FROM notice WHERE id = 1");
    ck_assert_uint_eq(n_missed(), 2); /* of her yes, and of its end when the second came */
}
END_TEST

/* A person consents to what they could read. */
START_TEST(notice_in_a_wrong_language_is_none)
{
    const vpriv_purpose keep = VPRIV_PURPOSE_KEEP_HISTORY;
    const vpriv_consent_event give = VPRIV_CONSENT_EVENT_GIVE;
    ck_fails(say(h.ada, keep, give, "house", "de"), VPRIV_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "\"de\""));
    ck_fails(say(h.ada, keep, give, "house", "en-GB"), VPRIV_E_NOT_FOUND);
    ck_fails(say(h.ada, keep, give, "house", "EN"), VPRIV_E_NOT_FOUND);
    ck_assert_int_ne(say(h.ada, keep, give, "house", "no language"), VPRIV_OK);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM consent_record"), 0);
    add("house", "de", 1);
    ck_ok(say(h.ada, keep, give, "house", "de"));
    ck_ok(say(h.bob, keep, give, "house", "en"));
    const vpriv_recording_id hers = household_quick(&h, h.ada), his = household_quick(&h, h.bob);
    /* Each language is a notice of its own. */
    add("house", "de", 2);
    ck_fails(household_hear(&h, &hers, keep), VPRIV_E_CONSENT);
    ck_ok(household_hear(&h, &his, keep));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: notices");
    TCase *tests = tcase_create("notices");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, s24_every_consent_leads_to_the_text_that_was_shown);
    tcase_add_test(tests, s24_a_notice_that_is_taken_away_is_missed);
    tcase_add_test(tests, notice_in_a_wrong_language_is_none);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
