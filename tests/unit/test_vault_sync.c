/* Events of several surfaces in real vaults: replicas end in the same states (S3), keys come and go with
 * the states, and a bad file changes nothing. */
#include "household.h"
#include "vault/event_store.h"
#include <sodium.h>
#include <stdio.h>

#define KEEP       VPRIV_PURPOSE_KEEP_HISTORY
#define N_SURFACES 3
#define N_EVENTS   8
#ifdef SYNC_LONG
#define N_INTERLEAVINGS 10000
#else
#define N_INTERLEAVINGS 100
#endif

static const char *const names[N_SURFACES] = {"app", "voice", "web"};
static uint8_t seeds[N_SURFACES][VPRIV_SURFACE_SEED_BYTES];
static household a, b;

static void trust(household *h)
{
    for (int s = 0; s < N_SURFACES; s++) {
        uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
        memset(seeds[s], s + 1, sizeof seeds[s]);
        crypto_sign_seed_keypair(key, secret, seeds[s]);
        ck_ok(vpriv_surface_trust(h->vault, names[s], key, "test"));
    }
}

static void set_up(void)
{
    household_open(&a, HOUSEHOLD_FORGETS);
    household_open(&b, HOUSEHOLD_FORGETS);
    trust(&a);
    trust(&b);
}

static void tear_down(void)
{
    household_close(&a);
    household_close(&b);
}

static vpriv_surface_event event_of(
    int surface, uint64_t sequence, const uint8_t *subject, vpriv_consent_event what)
{
    vpriv_surface_event e = {.struct_size = sizeof e,
        .sequence = sequence,
        .time_us = HOUSEHOLD_START_US,
        .purpose = KEEP,
        .event = what,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    snprintf(e.surface, sizeof e.surface, "%s", names[surface]);
    memcpy(e.subject, subject, sizeof e.subject);
    crypto_hash_sha256(e.notice, (const uint8_t *)"We keep what you say.", 21);
    randombytes_buf(e.record_id, sizeof e.record_id);
    e.record_id[6] = (uint8_t)(0x40 | (e.record_id[6] & 0x0f));
    e.record_id[8] = (uint8_t)(0x80 | (e.record_id[8] & 0x3f));
    return e;
}

typedef char line[VPRIV_SURFACE_LINE_BYTES];

static void sign(int surface, const vpriv_surface_event *e, line out)
{
    ck_ok(vpriv_surface_event_sign(e, seeds[surface], out));
}

static vpriv_sync_result sync_text(household *h, const char *text)
{
    vpriv_sync_result result = {.struct_size = sizeof result};
    ck_ok(vpriv_consent_sync(h->vault, text, strlen(text), NULL, NULL, &result));
    return result;
}

static bool copy_latest(void *user, const vpriv_consent_record *record)
{
    *(vpriv_consent_record *)user = *record;
    return true;
}

static vpriv_consent_record latest(household *h, const uint8_t *subject)
{
    vpriv_consent_record record;
    memset(&record, 0, sizeof record);
    ck_ok(vpriv_consent_list(h->vault, subject, false, copy_latest, &record));
    return record;
}

static bool is_given(const vpriv_consent_record *record)
{
    return record->event.state == VPRIV_CONSENT_GIVEN ||
           record->event.state == VPRIV_CONSENT_RENEWED;
}

/* The capture policy and the key say what the record says. */
static void check_effect(household *h, const uint8_t *subject, bool given)
{
    const vpriv_recorder_config config = household_config(subject, 1);
    const vpriv_status st = household_try_record(h->vault, &config, NULL);
    ck_assert_msg(
        st == (given ? VPRIV_OK : VPRIV_E_CONSENT), "%s (given %d)", vpriv_status_text(st), given);
}

static void make_history(const uint8_t *subject, line lines[N_EVENTS])
{
    static const vpriv_consent_event whats[] = {VPRIV_CONSENT_EVENT_GIVE, VPRIV_CONSENT_EVENT_GIVE,
        VPRIV_CONSENT_EVENT_WITHDRAW, VPRIV_CONSENT_EVENT_REFUSE, VPRIV_CONSENT_EVENT_REQUEST};
    uint64_t sequence[N_SURFACES] = {0};
    for (int i = 0; i < N_EVENTS; i++) {
        const int s = (int)randombytes_uniform(N_SURFACES);
        vpriv_surface_event e = event_of(s, ++sequence[s], subject, whats[randombytes_uniform(5)]);
        e.time_us += ((int64_t)randombytes_uniform(5) - 2) * DAY_US;
        for (int k = 0; k < N_SURFACES; k++)
            if (k != s && sequence[k] > 0 && randombytes_uniform(2)) {
                snprintf(e.seen[e.n_seen].surface, VPRIV_SURFACE_BYTES, "%s", names[k]);
                e.seen[e.n_seen++].sequence = sequence[k];
            }
        sign(s, &e, lines[i]);
    }
}

/* In any order, in several files, some lines twice. */
static void deliver(household *h, line lines[N_EVENTS])
{
    int order[N_EVENTS];
    char text[3 * N_EVENTS * VPRIV_SURFACE_LINE_BYTES];
    size_t n = 0;
    for (int i = 0; i < N_EVENTS; i++) {
        const int k = (int)randombytes_uniform((uint32_t)i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    text[0] = '\0';
    for (int i = 0; i < N_EVENTS; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", lines[order[i]]);
        if (randombytes_uniform(3) == 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s",
                lines[order[randombytes_uniform((uint32_t)i + 1)]]);
        if (randombytes_uniform(3) == 0) {
            sync_text(h, text);
            n = 0;
            text[0] = '\0';
        }
    }
    sync_text(h, text);
}

START_TEST(s3_replicas_end_in_the_same_states_whatever_the_order)
{
    size_t n_given = 0;
    for (int round = 0; round < N_INTERLEAVINGS; round++) {
        line lines[N_EVENTS];
        uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
        randombytes_buf(subject, sizeof subject);
        ck_ok(vpriv_subject_add_known(a.vault, VPRIV_SUBJECT_USER, "C", NULL, subject));
        ck_ok(vpriv_subject_add_known(b.vault, VPRIV_SUBJECT_USER, "C", NULL, subject));
        make_history(subject, lines);
        deliver(&a, lines);
        deliver(&b, lines);
        const vpriv_consent_record x = latest(&a, subject), y = latest(&b, subject);
        ck_assert_int_eq((int)x.event.state, (int)y.event.state);
        ck_assert_mem_eq(x.record_id, y.record_id, sizeof x.record_id);
        ck_assert_int_eq(x.event.time_us, y.event.time_us);
        n_given += is_given(&x);
        if (round % 10 == 0) {
            check_effect(&a, subject, is_given(&x));
            check_effect(&b, subject, is_given(&y));
        }
        /* Again, all of it: nothing is new. */
        const vpriv_sync_result again = sync_text(&a, lines[0]);
        ck_assert_uint_eq(again.n_new + again.n_changed + again.n_skipped, 0);
        ck_assert_uint_eq(again.n_known, 1);
    }
    ck_assert_uint_gt(n_given, 0);
    ck_assert_uint_lt(n_given, N_INTERLEAVINGS);
}
END_TEST

START_TEST(withdrawal_from_elsewhere_destroys_the_key)
{
    line give, withdraw;
    const vpriv_surface_event yes = event_of(0, 1, a.ada, VPRIV_CONSENT_EVENT_GIVE);
    const vpriv_surface_event no = event_of(2, 1, a.ada, VPRIV_CONSENT_EVENT_WITHDRAW);
    sign(0, &yes, give);
    sign(2, &no, withdraw);
    ck_assert_uint_eq(sync_text(&a, give).n_changed, 1);
    const vpriv_recording_id id = household_record(&a, a.ada);
    ck_ok(household_hear(&a, &id, KEEP));
    ck_assert_uint_eq(sync_text(&a, give).n_changed, 0);
    ck_ok(household_hear(&a, &id, KEEP));
    uint8_t key[VPI_KEY_BYTES];
    household_grant_key(&a, a.ada, KEEP, key);
    household_copy(&a, "before");
    ck_assert_uint_eq(sync_text(&a, withdraw).n_changed, 1);
    ck_fails(household_hear(&a, &id, KEEP), VPRIV_E_CONSENT);
    household_attacker attacker;
    household_attack(&a, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    /* The old yes once more: it did not know of the no. */
    ck_assert_uint_eq(sync_text(&a, give).n_changed, 0);
    check_effect(&a, a.ada, false);
}
END_TEST

START_TEST(what_is_said_here_has_seen_what_came_and_goes_to_others)
{
    line withdraw;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES] = {5};
    char origin[VPRIV_LOG_ORIGIN_BYTES];
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_subject_add_known(a.vault, VPRIV_SUBJECT_USER, "C", NULL, subject));
    ck_ok(vpriv_subject_add_known(b.vault, VPRIV_SUBJECT_USER, "C", NULL, subject));
    ck_fails(
        vpriv_subject_add_known(b.vault, VPRIV_SUBJECT_USER, "C", NULL, subject), VPRIV_E_EXISTS);
    ck_ok(vpriv_vault_log_origin(a.vault, origin));
    ck_ok(vpriv_vault_about(a.vault, &info));
    ck_ok(vpriv_surface_trust(b.vault, origin, info.device_public_key, "test"));
    const vpriv_surface_event no = event_of(2, 1, subject, VPRIV_CONSENT_EVENT_WITHDRAW);
    sign(2, &no, withdraw);
    sync_text(&a, withdraw);
    household_give(&a, subject, KEEP);
    const vpriv_consent_record here = latest(&a, subject);
    ck_assert_int_eq((int)here.event.state, VPRIV_CONSENT_GIVEN);
    /* To the other one, which has not seen the withdrawal: both come along, in any order. */
    vpi_subject person;
    int64_t row = 0;
    line own[2];
    ck_ok(vpi_vault_enter(a.vault, true));
    ck_ok(vpi_vault_begin(a.vault));
    ck_ok(vpi_subject_find(a.vault, subject, &person));
    ck_ok(vpi_events_next(a.vault, person.row, &row, own[0]));
    ck_ok(vpi_events_next(a.vault, person.row, &row, own[1]));
    vpi_vault_leave(a.vault);
    ck_assert_str_eq(own[0], withdraw);
    ck_assert_uint_eq(sync_text(&b, own[1]).n_changed, 1);
    ck_assert_uint_eq(sync_text(&b, own[0]).n_changed, 0);
    const vpriv_consent_record there = latest(&b, subject);
    ck_assert_int_eq((int)there.event.state, VPRIV_CONSENT_GIVEN);
    ck_assert_mem_eq(there.record_id, here.record_id, sizeof here.record_id);
    check_effect(&b, subject, true);
}
END_TEST

START_TEST(bad_file_changes_nothing_at_all)
{
    line good, bad;
    char text[4 * VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event yes = event_of(0, 1, a.ada, VPRIV_CONSENT_EVENT_GIVE);
    sign(0, &yes, good);
    const vpriv_surface_event next = event_of(0, 2, a.ada, VPRIV_CONSENT_EVENT_WITHDRAW);
#define REFUSED(status, words)                                                                     \
    do {                                                                                           \
        snprintf(text, sizeof text, "%s%s", good, bad);                                            \
        ck_fails(vpriv_consent_sync(a.vault, text, strlen(text), NULL, NULL, NULL), status);       \
        ck_assert_msg(strstr(vpriv_error_detail(), words), "%s", vpriv_error_detail());            \
        ck_assert_int_eq(household_count(&a, "SELECT count(*) FROM consent_event"), 0);            \
        ck_assert_int_eq(household_count(&a, "SELECT count(*) FROM consent_record"), 0);           \
    } while (0)
    sign(1, &next, bad); /* by another surface's key */
    REFUSED(VPRIV_E_AUTH, "line 2: ");
    sign(0, &next, bad);
    bad[strlen(bad) - 1] = '\0';
    REFUSED(VPRIV_E_FORMAT, "cut off");
    bad[strlen(bad) / 2] = '\n';
    bad[strlen(bad) - 1] = '\n';
    REFUSED(VPRIV_E_FORMAT, "line 2: ");
    vpriv_surface_event other = next;
    snprintf(other.surface, sizeof other.surface, "fridge");
    sign(0, &other, bad);
    REFUSED(VPRIV_E_AUTH, "\"fridge\" is not trusted");
    other = next;
    other.notice[0] ^= 1;
    sign(0, &other, bad);
    REFUSED(VPRIV_E_NOT_FOUND, "line 2: no notice of this hash");
    sign(0, &next, bad);
    memcpy(strstr(bad, "\"time\":\"") + 8, "1969", 4);
    REFUSED(VPRIV_E_FORMAT, "line 2: ");
    memcpy(strstr(bad, "\"time\":\"") + 8, "2401", 4);
    REFUSED(VPRIV_E_FORMAT, "line 2: ");
    /* People who are not here are skipped: they may have been erased. */
    uint8_t nobody[VPRIV_SUBJECT_ID_BYTES] = {3};
    other = event_of(0, 1, nobody, VPRIV_CONSENT_EVENT_GIVE);
    sign(0, &other, bad);
    snprintf(text, sizeof text, "%s%s", good, bad);
    const vpriv_sync_result result = sync_text(&a, text);
    ck_assert_uint_eq(result.n_new, 1);
    ck_assert_uint_eq(result.n_skipped, 1);
}
END_TEST

START_TEST(event_that_is_taken_away_is_missed)
{
    line give, withdraw;
    const vpriv_surface_event yes = event_of(0, 1, a.ada, VPRIV_CONSENT_EVENT_GIVE);
    const vpriv_surface_event no = event_of(2, 1, a.ada, VPRIV_CONSENT_EVENT_WITHDRAW);
    sign(0, &yes, give);
    sign(2, &no, withdraw);
    sync_text(&a, give);
    sync_text(&a, withdraw);
    household_sql(&a, "DELETE FROM consent_event WHERE id = 2");
    ck_fails(vpriv_consent_sync(a.vault, give, strlen(give), NULL, NULL, NULL), VPRIV_E_AUTH);
    ck_assert_int_eq((int)latest(&a, a.ada).event.state, VPRIV_CONSENT_WITHDRAWN);
}
END_TEST

START_TEST(erased_person_takes_their_events_along)
{
    line give;
    const vpriv_surface_event yes = event_of(0, 1, a.ada, VPRIV_CONSENT_EVENT_GIVE);
    sign(0, &yes, give);
    sync_text(&a, give);
    ck_ok(vpriv_subject_erase(a.vault, a.ada, NULL));
    ck_assert_int_eq(household_count(&a, "SELECT count(*) FROM consent_event"), 0);
    ck_assert_uint_eq(sync_text(&a, give).n_skipped, 1);
}
END_TEST

START_TEST(name_of_a_surface_keeps_its_key)
{
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    char origin[VPRIV_LOG_ORIGIN_BYTES], name[16];
    memset(secret, 9, sizeof secret);
    crypto_sign_seed_keypair(key, secret, secret);
    ck_fails(vpriv_surface_trust(a.vault, "app", key, "test"), VPRIV_E_EXISTS);
    ck_ok(vpriv_vault_log_origin(a.vault, origin));
    ck_fails(vpriv_surface_trust(a.vault, origin, key, "test"), VPRIV_E_EXISTS);
    ck_fails(vpriv_surface_trust(a.vault, "a b", key, "test"), VPRIV_E_ARG);
    ck_fails(vpriv_surface_trust(a.vault, "tv", (const uint8_t[32]){0}, "test"), VPRIV_E_ARG);
    for (int i = N_SURFACES; i < VPRIV_SURFACES_MAX; i++) {
        snprintf(name, sizeof name, "tv%d", i);
        ck_ok(vpriv_surface_trust(a.vault, name, key, "test"));
    }
    ck_fails(vpriv_surface_trust(a.vault, "tv9", key, "test"), VPRIV_E_LIMIT);
    household_reopen(&a);
    ck_ok(vpriv_surface_trust(a.vault, "tv3", key, "test"));
}
END_TEST

/* What somebody said elsewhere to the old controller, or for who is grown by now. */
START_TEST(yes_from_elsewhere_that_comes_too_late_is_invalid)
{
    line give, for_child;
    const vpriv_controller buyer = {
        .struct_size = sizeof buyer, .id = "buyer", .name = "The Buyer", .country = "SE"};
    const vpriv_surface_event yes = event_of(0, 1, a.ada, VPRIV_CONSENT_EVENT_GIVE);
    vpriv_surface_event parents = event_of(1, 1, b.bob, VPRIV_CONSENT_EVENT_GIVE);
    parents.by = VPRIV_CONSENT_BY_PARENT;
    sign(0, &yes, give);
    sign(1, &parents, for_child);
    ck_ok(vpriv_controller_change(a.vault, &buyer, "test", NULL));
    ck_assert_uint_eq(sync_text(&a, give).n_changed, 1);
    ck_assert_int_eq(latest(&a, a.ada).event.state, VPRIV_CONSENT_INVALIDATED);
    check_effect(&a, a.ada, false);

    ck_ok(vpriv_subject_set_birth(b.vault, b.bob, 2000, 1));
    ck_assert_uint_eq(sync_text(&b, for_child).n_changed, 1);
    ck_assert_int_eq(latest(&b, b.bob).event.state, VPRIV_CONSENT_INVALIDATED);
    ck_assert_uint_eq(sync_text(&b, for_child).n_changed, 0);
    check_effect(&b, b.bob, false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: events of several surfaces");
    TCase *tests = tcase_create("sync");
    tcase_set_timeout(tests, 3600);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s3_replicas_end_in_the_same_states_whatever_the_order);
    tcase_add_test(tests, withdrawal_from_elsewhere_destroys_the_key);
    tcase_add_test(tests, what_is_said_here_has_seen_what_came_and_goes_to_others);
    tcase_add_test(tests, bad_file_changes_nothing_at_all);
    tcase_add_test(tests, event_that_is_taken_away_is_missed);
    tcase_add_test(tests, erased_person_takes_their_events_along);
    tcase_add_test(tests, yes_from_elsewhere_that_comes_too_late_is_invalid);
    tcase_add_test(tests, name_of_a_surface_keeps_its_key);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
