/* Pauses with a scope, in a vault: what they shut, where, and until when. */
#include "placed.h"
#include <stdio.h>

/* S26, S27, S28. Whether a pause there is one here, written down place by place: E for the European
 * Union, U for the United States, u for a part of it, x for one of which nothing is known. */
static const char *const twelve[] = {
    "DE", "FR", "SE", "AT", "IE", "US", "US-CA", "US-IL", "US-NY", "QX", "QY", "CH"};
static const struct {
    const char *where;
    const char *here; /* a letter for each of the twelve: 1 paused, 0 not */
} scopes[] = {
    {"*", "111111111111"},
    {"EU", "111110000001"},
    {"eu", "111110000001"},
    {"DE", "100000000001"},
    {"US", "000001111001"},
    {"US-CA", "000000100001"},
    {"us-il", "000000010001"},
    {"QX", "000000000101"},
    {"q", NULL},
    {"GB", "000000000001"},
};

START_TEST(s26_s27_s28_twelve_places_six_purposes_every_scope)
{
    static const vpriv_purpose six[] = {KEEP, REVIEW, VPRIV_PURPOSE_IMPROVE_BY_MACHINE,
        VPRIV_PURPOSE_DEVELOP_NEW_FEATURES, VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, DONATE};
    uint64_t n_asked = 0;
    install("eu", "\"DE\", \"FR\", \"SE\", \"AT\", \"IE\"", "");
    install("us", "\"US\"", "");
    install("us-ca", "\"US-CA\"", "");
    install("us-il", "\"US-IL\"", "");
    install("qx", "\"QX\"", "");
    install("qy", "\"QY\"", "");
    for (size_t p = 0; p < 6; p++)
        household_give(&h, h.ada, six[p]);
    for (size_t t = 0; t < 12; t++) {
        put_everything(twelve[t]);
        for (size_t s = 0; s < sizeof scopes / sizeof scopes[0]; s++) {
            /* Half of the purposes, another half each time. */
            uint32_t purposes = 0;
            for (size_t p = 0; p < 6; p++)
                purposes |= (p + s + t) % 2 ? VPRIV_PURPOSE_BIT(six[p]) : 0;
            const vpriv_pause pause = {.struct_size = sizeof pause,
                .purposes = purposes,
                .where = scopes[s].where,
                .actor = "acme"};
            if (!scopes[s].here) {
                ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
                continue;
            }
            ck_ok(vpriv_pause_begin(h.vault, &pause));
            for (size_t p = 0; p < 6; p++) {
                const bool paused =
                    (purposes & VPRIV_PURPOSE_BIT(six[p])) && scopes[s].here[t] == '1';
                ck_assert_msg(why_not(six[p]) == (paused ? (uint32_t)VPRIV_DENY_PAUSED : 0),
                    "%s in %s, purpose %d: %x", scopes[s].where, twelve[t], (int)six[p],
                    why_not(six[p]));
                n_asked++;
            }
            uint32_t now = 0;
            ck_ok(vpriv_purpose_paused(h.vault, &now));
            ck_assert_uint_eq(now, scopes[s].here[t] == '1' ? purposes : 0);
            ck_ok(vpriv_pause_end(h.vault, &pause));
        }
    }
    ck_assert_uint_eq(n_asked, 12 * 6 * (sizeof scopes / sizeof scopes[0] - 1));
}
END_TEST

START_TEST(a_pause_where_the_speaker_is_at_home_or_it_was_taken_counts)
{
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .where = "QY",
        .actor = "acme",
        .reason = "a leak"};
    household_give(&h, h.ada, KEEP);
    install("qx", "\"QX\"", "");
    install("qy", "\"QY\"", "");
    put_everything("QX");
    const vpriv_recording_id in_x = household_quick(&h, h.ada);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, "QY", "test"));
    const vpriv_recording_id in_y = household_quick(&h, h.ada);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, "QX", "test"));
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_ok(household_hear(&h, &in_y, KEEP));
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_fails(household_hear(&h, &in_y, KEEP), VPRIV_E_CONSENT); /* taken there */
    ck_ok(vpriv_subject_set_home(h.vault, h.ada, "QY"));
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_PAUSED);
    ck_fails(household_hear(&h, &in_x, KEEP), VPRIV_E_CONSENT);
    ck_ok(vpriv_pause_end(h.vault, &pause));
    ck_ok(household_hear(&h, &in_x, KEEP));
    ck_ok(household_hear(&h, &in_y, KEEP));
}
END_TEST

static bool count_pauses(void *user, const vpriv_pause *pause)
{
    ck_assert(pause->purposes && pause->where[0] && !pause->actor);
    ++*(int *)user;
    return true;
}

static int n_pauses(void)
{
    int n = 0;
    ck_ok(vpriv_pause_list(h.vault, count_pauses, &n));
    return n;
}

START_TEST(pauses_begin_and_end_at_their_time_also_without_the_root)
{
    vpriv_keyring *credential = NULL;
    const int64_t now_us = HOUSEHOLD_START_US;
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .from_us = now_us + 2 * DAY_US,
        .until_us = now_us + 4 * DAY_US,
        .actor = "acme",
        .reason = "maintenance"};
    household_give(&h, h.ada, KEEP);
    vpriv_vault *capture = open_capture(&credential);
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    ck_assert_int_eq(n_pauses(), 1);
    for (int day = 0; day < 6; day++) {
        const uint32_t wanted = day >= 2 && day < 4 ? (uint32_t)VPRIV_DENY_PAUSED : 0;
        ck_assert_uint_eq(why_not(KEEP), wanted);
        ck_assert_uint_eq(why_not_in(capture, h.ada, KEEP, VPRIV_RETENTION_48_HOURS), wanted);
        household_pass(&h, DAY_US);
    }
    ck_assert_int_eq(n_pauses(), 0);
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG); /* over already */
    pause.until_us = pause.from_us;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.from_us = pause.until_us = 0;
    pause.purposes = 0;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.purposes = VPRIV_PURPOSE_BIT(KEEP);
    pause.actor = "";
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    pause.actor = "acme";
    pause.struct_size--;
    ck_fails(vpriv_pause_begin(h.vault, &pause), VPRIV_E_ARG);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
}
END_TEST

START_TEST(there_are_sixteen_pauses_at_most_and_each_ends_by_its_scope)
{
    char where[8];
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW),
        .where = where,
        .actor = "acme"};
    for (int i = 0; i < 17; i++) {
        snprintf(where, sizeof where, "Q%c", 'A' + i);
        ck_fails(vpriv_pause_begin(h.vault, &pause), i < 16 ? VPRIV_OK : VPRIV_E_LIMIT);
    }
    ck_assert_int_eq(n_pauses(), 16);
    ck_whole();
    ck_ok(vpriv_purpose_resume(h.vault, pause.purposes, "acme", NULL)); /* "*": not theirs */
    ck_assert_int_eq(n_pauses(), 16);
    pause.purposes = VPRIV_PURPOSE_BIT(KEEP);
    for (int i = 0; i < 16; i++) {
        snprintf(where, sizeof where, "q%c", 'a' + i);
        ck_ok(vpriv_pause_end(h.vault, &pause));
    }
    ck_assert_int_eq(n_pauses(), 16); /* review goes on being paused */
    pause.purposes = VPRIV_PURPOSE_BIT(REVIEW);
    for (int i = 0; i < 16; i++) {
        snprintf(where, sizeof where, "Q%c", 'A' + i);
        ck_ok(vpriv_pause_end(h.vault, &pause));
    }
    ck_assert_int_eq(n_pauses(), 0);
}
END_TEST

START_TEST(a_short_pause_hides_no_longer_one_and_the_other_way_round)
{
    vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .until_us = HOUSEHOLD_START_US + 2 * DAY_US,
        .actor = "acme"};
    household_give(&h, h.ada, KEEP);
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    pause.until_us = HOUSEHOLD_START_US + 4 * DAY_US;
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    pause.until_us = HOUSEHOLD_START_US + 3 * DAY_US;
    ck_ok(vpriv_pause_begin(h.vault, &pause)); /* is in the one before already */
    ck_assert_int_eq(n_pauses(), 2);
    household_pass(&h, 3 * DAY_US);
    ck_assert_uint_eq(why_not(KEEP), VPRIV_DENY_PAUSED);
    ck_assert_int_eq(n_pauses(), 1);
    household_pass(&h, DAY_US);
    ck_assert_uint_eq(why_not(KEEP), 0);
}
END_TEST

START_TEST(s28_resuming_under_a_changed_notice_asks_again)
{
    const uint32_t both = VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(REVIEW);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_purpose_pause(h.vault, both, "acme", "people listened"));
    ck_ok(vpriv_purpose_resume(h.vault, both, "acme", NULL));
    ck_ok(household_hear(&h, &id, KEEP)); /* the same notice: as before */
    ck_ok(vpriv_purpose_pause(h.vault, both, "acme", "people listened"));
    household_notice(&h, "2", "We keep what you say, and people listen.");
    ck_ok(vpriv_purpose_resume(h.vault, both, "acme", "we say so now"));
    ck_assert(why_not(KEEP) & VPRIV_DENY_CONSENT_INVALIDATED);
    ck_assert(why_not(REVIEW) & VPRIV_DENY_CONSENT_INVALIDATED);
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    household_give(&h, h.ada, KEEP);
    ck_assert_uint_eq(why_not(KEEP), 0);
    ck_assert(why_not(REVIEW) & VPRIV_DENY_CONSENT_INVALIDATED);
}
END_TEST

static vpriv_status order_signed_by(
    const uint8_t *by, int number, const char *action, const char *more)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    snprintf(text, sizeof text,
        "{\"voicepriv_pause\": 1, \"number\": %d, \"action\": \"%s\", \"purposes\":"
        " [\"human_review\"], \"where\": [\"*\"], \"issuer\": \"acme\", \"reason\": \"stop\"%s}",
        number, action, more);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, text, strlen(text), by, signature));
    return vpriv_pause_order(h.vault, text, strlen(text), signature);
}

START_TEST(a_signed_order_is_done_once_and_only_as_it_was_signed)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    household_give(&h, h.ada, REVIEW);
    ck_fails(order_signed_by(test_seed, 7, "pause", ""), VPRIV_E_AUTH);
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_ok(order_signed_by(seed, 7, "pause", ""));
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    ck_fails(order_signed_by(seed, 7, "resume", ""), VPRIV_E_ROLLBACK);
    ck_fails(order_signed_by(seed, 6, "resume", ""), VPRIV_E_ROLLBACK);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    ck_ok(order_signed_by(seed, 8, "resume", ""));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    ck_fails(order_signed_by(seed, 7, "pause", ""), VPRIV_E_ROLLBACK); /* replayed */
    ck_ok(
        order_signed_by(seed, 9, "pause", ", \"from\": \"2026-12-04\", \"until\": \"2026-12-05\""));
    ck_assert_uint_eq(why_not(REVIEW), 0);
    household_pass(&h, 12 * DAY_US);
    ck_assert_uint_eq(why_not(REVIEW), VPRIV_DENY_PAUSED);
    /* Nothing but what was signed. */
    const char *bad[] = {"{}", "{\"voicepriv_pause\": 2}", "nothing"};
    memset(signature, 0, sizeof signature);
    for (size_t i = 0; i < 3; i++) {
        ck_fails(
            vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, bad[i], strlen(bad[i]), seed, signature),
            i == 1 ? VPRIV_E_VERSION : VPRIV_E_FORMAT);
        ck_fails(vpriv_pause_order(h.vault, bad[i], strlen(bad[i]), signature), VPRIV_E_AUTH);
    }
    ck_whole();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: pauses");
    TCase *tests = tcase_create("pauses");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s26_s27_s28_twelve_places_six_purposes_every_scope);
    tcase_add_test(tests, a_pause_where_the_speaker_is_at_home_or_it_was_taken_counts);
    tcase_add_test(tests, pauses_begin_and_end_at_their_time_also_without_the_root);
    tcase_add_test(tests, there_are_sixteen_pauses_at_most_and_each_ends_by_its_scope);
    tcase_add_test(tests, a_short_pause_hides_no_longer_one_and_the_other_way_round);
    tcase_add_test(tests, s28_resuming_under_a_changed_notice_asks_again);
    tcase_add_test(tests, a_signed_order_is_done_once_and_only_as_it_was_signed);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
