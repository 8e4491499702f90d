/* Merging events: whatever order they come in, however often, the same comes out (S3), and no yes wins
 * over a no that it did not know of. And lines: one event is one line, and a changed one is none. */
#include "consent/merge.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>

#define N_INTERLEAVINGS 10000
#define N_EVENTS        14
#define N_SURFACES      3
#define REVIEW          VPRIV_PURPOSE_HUMAN_REVIEW
#define DAY_US          (INT64_C(86400) * 1000000)

static const char *const names[N_SURFACES] = {"app", "voice", "web"};

static vpriv_surface_event event_of(
    const char *surface, uint64_t sequence, vpriv_consent_event what)
{
    vpriv_surface_event e = {.struct_size = sizeof e,
        .sequence = sequence,
        .time_us = INT64_C(1795336216000000),
        .purpose = REVIEW,
        .event = what,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    snprintf(e.surface, sizeof e.surface, "%s", surface);
    memset(e.subject, 7, sizeof e.subject);
    memset(e.notice, 9, sizeof e.notice);
    randombytes_buf(e.record_id, sizeof e.record_id);
    e.record_id[6] = (uint8_t)(0x40 | (e.record_id[6] & 0x0f));
    e.record_id[8] = (uint8_t)(0x80 | (e.record_id[8] & 0x3f));
    return e;
}

static vpi_merge_event merge_event(vpriv_surface_event said)
{
    vpi_merge_event m = {.said = said, .notice_in_force = true};
    crypto_hash_sha256(m.hash, said.record_id, sizeof said.record_id);
    return m;
}

static vpriv_consent_state state_of(vpi_merge_event *events, size_t n)
{
    vpi_merge_sort(events, n);
    return vpi_merge(events, n, REVIEW).state;
}

static uint32_t below(uint32_t n)
{
    return randombytes_uniform(n);
}

/* A history as it may really go: surfaces that learn of each other now and then, with clocks that are
 * up to two days off. real[] is the order it happened in. */
static void make_history(vpi_merge_event real[N_EVENTS])
{
    static const vpriv_consent_event whats[] = {VPRIV_CONSENT_EVENT_GIVE, VPRIV_CONSENT_EVENT_GIVE,
        VPRIV_CONSENT_EVENT_WITHDRAW, VPRIV_CONSENT_EVENT_REFUSE, VPRIV_CONSENT_EVENT_DEFER,
        VPRIV_CONSENT_EVENT_REQUEST, VPRIV_CONSENT_EVENT_RECONFIRM};
    uint64_t sequence[N_SURFACES] = {0}, seen[N_SURFACES][N_SURFACES] = {{0}};
    int64_t off_us[N_SURFACES];
    for (int s = 0; s < N_SURFACES; s++)
        off_us[s] = ((int64_t)below(5) - 2) * DAY_US;
    for (int i = 0; i < N_EVENTS; i++) {
        const uint32_t s = below(N_SURFACES), other = below(N_SURFACES);
        if (below(3) == 0 && other != s) /* a sync: all that the other knows */
            for (int k = 0; k < N_SURFACES; k++) {
                const uint64_t theirs = (uint32_t)k == other ? sequence[other] : seen[other][k];
                if (theirs > seen[s][k])
                    seen[s][k] = theirs;
            }
        vpriv_surface_event e = event_of(names[s], ++sequence[s], whats[below(7)]);
        e.time_us += off_us[s] + i * INT64_C(60000000) * (below(2) ? 1 : 0);
        for (uint32_t k = 0; k < N_SURFACES; k++)
            if (k != s && seen[s][k] > 0) {
                snprintf(e.seen[e.n_seen].surface, VPRIV_SURFACE_BYTES, "%s", names[k]);
                e.seen[e.n_seen++].sequence = seen[s][k];
            }
        real[i] = merge_event(e);
    }
}

typedef struct replica {
    vpi_merge_event events[N_EVENTS];
    size_t n;
} replica;

/* Takes in an event unless it is there. */
static void take(replica *r, const vpi_merge_event *event)
{
    for (size_t i = 0; i < r->n; i++)
        if (memcmp(r->events[i].hash, event->hash, sizeof event->hash) == 0)
            return;
    r->events[r->n++] = *event;
}

/* All of them in any order, some of them again and again, merged in between. */
static void deliver(replica *r, const vpi_merge_event real[N_EVENTS])
{
    size_t order[N_EVENTS];
    r->n = 0;
    for (size_t i = 0; i < N_EVENTS; i++)
        order[i] = i;
    for (uint32_t i = N_EVENTS - 1; i > 0; i--) {
        const uint32_t k = below(i + 1);
        const size_t swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    for (uint32_t i = 0; i < N_EVENTS; i++) {
        take(r, &real[order[i]]);
        if (below(3) == 0)
            take(r, &real[order[below(i + 1)]]);
        if (below(4) == 0)
            (void)state_of(r->events, r->n);
    }
}

static int surface_index(const char *name)
{
    for (int s = 0; s < N_SURFACES; s++)
        if (strcmp(names[s], name) == 0)
            return s;
    return -1;
}

/* What must hold, from the story and not from the code: whether the yes's surface can have known of the
 * no when it spoke. */
static bool knew(const vpriv_surface_event *yes, const vpriv_surface_event *no)
{
    if (surface_index(yes->surface) == surface_index(no->surface))
        return no->sequence < yes->sequence;
    for (uint32_t i = 0; i < yes->n_seen; i++)
        if (surface_index(yes->seen[i].surface) == surface_index(no->surface))
            return no->sequence <= yes->seen[i].sequence;
    return false;
}

static bool is_no(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_WITHDRAW || event == VPRIV_CONSENT_EVENT_REFUSE ||
           event == VPRIV_CONSENT_EVENT_DEFER;
}

static bool is_yes(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_GIVE || event == VPRIV_CONSENT_EVENT_RECONFIRM;
}

/* By the story: a yes after which nobody said no, and which knew of every no before it. */
static bool must_be_yes(const vpi_merge_event real[N_EVENTS])
{
    for (int y = 0; y < N_EVENTS; y++) {
        bool good = is_yes(real[y].said.event);
        for (int n = 0; n < N_EVENTS && good; n++)
            good = !is_no(real[n].said.event) || (n < y && knew(&real[y].said, &real[n].said));
        if (good)
            return true;
    }
    return false;
}

START_TEST(s3_ten_thousand_interleavings_end_the_same_and_no_consent_overrules_a_later_no)
{
    size_t n_yes = 0, n_no = 0;
    replica replicas[3];
    for (int round = 0; round < N_INTERLEAVINGS; round++) {
        vpi_merge_event real[N_EVENTS];
        vpi_merge_result first = {.winner = NULL};
        uint8_t winner[VPRIV_SHA256_BYTES] = {0};
        make_history(real);
        for (int r = 0; r < 3; r++) {
            deliver(&replicas[r], real);
            ck_assert_uint_eq(replicas[r].n, N_EVENTS);
            vpi_merge_sort(replicas[r].events, replicas[r].n);
            const vpi_merge_result result = vpi_merge(replicas[r].events, replicas[r].n, REVIEW);
            ck_assert(!result.has_gap && !result.is_forked);
            ck_assert_ptr_nonnull(result.winner);
            if (r == 0) {
                first = result;
                memcpy(winner, result.winner->hash, sizeof winner);
            }
            ck_assert_int_eq((int)result.state, (int)first.state);
            ck_assert_mem_eq(result.winner->hash, winner, sizeof winner);
        }
        const bool yes = first.state == VPRIV_CONSENT_GIVEN || first.state == VPRIV_CONSENT_RENEWED;
        n_yes += yes;
        n_no += !yes;
        ck_assert_int_eq(yes, must_be_yes(real));
        /* The last word by the real clock is a no: then it is a no, whatever the clocks say. */
        for (int i = N_EVENTS - 1; i >= 0; i--) {
            if (is_yes(real[i].said.event))
                break;
            ck_assert(!is_no(real[i].said.event) || !yes);
        }
    }
    ck_assert_uint_gt(n_yes, N_INTERLEAVINGS / 100); /* both ends are reached */
    ck_assert_uint_gt(n_no, N_INTERLEAVINGS / 100);
}
END_TEST

START_TEST(every_part_of_a_history_is_at_most_as_free_as_its_nos_allow)
{
    for (int round = 0; round < N_INTERLEAVINGS / 10; round++) {
        vpi_merge_event real[N_EVENTS];
        replica part = {.n = 0};
        make_history(real);
        for (int i = 0; i < N_EVENTS; i++)
            if (below(3))
                take(&part, &real[i]);
        const vpriv_consent_state state = state_of(part.events, part.n);
        const vpi_merge_result result = vpi_merge(part.events, part.n, REVIEW);
        if (state != VPRIV_CONSENT_GIVEN && state != VPRIV_CONSENT_RENEWED)
            continue;
        const vpriv_surface_event *yes = &result.winner->said;
        for (size_t i = 0; i < part.n; i++) {
            ck_assert(!is_no(part.events[i].said.event) || knew(yes, &part.events[i].said));
        }
        /* Nothing of its surface is missing before it. */
        size_t n_before = 0;
        for (size_t i = 0; i < part.n; i++)
            n_before += strcmp(part.events[i].said.surface, yes->surface) == 0 &&
                        part.events[i].said.sequence < yes->sequence;
        ck_assert_uint_eq(n_before, yes->sequence - 1);
    }
}
END_TEST

#define GIVE     VPRIV_CONSENT_EVENT_GIVE
#define WITHDRAW VPRIV_CONSENT_EVENT_WITHDRAW

START_TEST(clocks_decide_nothing_between_yes_and_no)
{
    vpi_merge_event events[2] = {
        merge_event(event_of("app", 1, GIVE)), merge_event(event_of("web", 1, WITHDRAW))};
    for (int days = -2; days <= 2; days++) {
        events[0].said.time_us = events[1].said.time_us + days * DAY_US;
        ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_WITHDRAWN);
        if (events[0].said.event != GIVE) { /* sorted otherwise: never, app is before web */
            ck_abort();
        }
    }
    /* The app knew of it, and its clock is two days slow. */
    events[0].said.time_us = events[1].said.time_us - 2 * DAY_US;
    events[0].said.n_seen = 1;
    snprintf(events[0].said.seen[0].surface, VPRIV_SURFACE_BYTES, "web");
    events[0].said.seen[0].sequence = 1;
    ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_GIVEN);
    /* Both claim to have seen the other: they lie, and it is a no. */
    events[1].said.n_seen = 1;
    snprintf(events[1].said.seen[0].surface, VPRIV_SURFACE_BYTES, "app");
    events[1].said.seen[0].sequence = 1;
    ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_WITHDRAWN);
}
END_TEST

START_TEST(yes_waits_for_what_is_missing_and_no_does_not)
{
    vpi_merge_event events[3] = {merge_event(event_of("app", 1, VPRIV_CONSENT_EVENT_REQUEST)),
        merge_event(event_of("app", 3, GIVE))};
    vpi_merge_sort(events, 2);
    vpi_merge_result result = vpi_merge(events, 2, REVIEW);
    ck_assert_int_eq((int)result.state, VPRIV_CONSENT_REQUESTED);
    ck_assert(result.has_gap);
    ck_assert_uint_eq(vpi_merge_known(events, 2, "app"), 1);
    events[2] = merge_event(event_of("app", 2, VPRIV_CONSENT_EVENT_DEFER));
    ck_assert_int_eq((int)state_of(events, 3), VPRIV_CONSENT_GIVEN);
    ck_assert_uint_eq(vpi_merge_known(events, 3, "app"), 3);
    events[0] = merge_event(event_of("app", 1, GIVE));
    events[1] = merge_event(event_of("app", 9, WITHDRAW));
    ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_WITHDRAWN);
}
END_TEST

START_TEST(of_two_that_do_not_know_each_other_the_later_one_gives_the_terms)
{
    for (int app_is_later = 0; app_is_later < 2; app_is_later++) {
        vpi_merge_event events[2] = {
            merge_event(event_of("app", 1, GIVE)), merge_event(event_of("web", 1, GIVE))};
        events[app_is_later ? 0 : 1].said.time_us += 1000000;
        vpi_merge_sort(events, 2);
        ck_assert_str_eq(
            vpi_merge(events, 2, REVIEW).winner->said.surface, app_is_later ? "app" : "web");
    }
}
END_TEST

START_TEST(number_that_was_used_twice_is_no_yes)
{
    vpi_merge_event events[3] = {merge_event(event_of("app", 1, GIVE)),
        merge_event(event_of("app", 1, GIVE)), merge_event(event_of("app", 2, GIVE))};
    vpi_merge_sort(events, 2);
    const vpi_merge_result result = vpi_merge(events, 2, REVIEW);
    ck_assert_int_eq((int)result.state, VPRIV_CONSENT_UNKNOWN);
    ck_assert(result.is_forked);
    ck_assert_ptr_null(result.winner);
    ck_assert_int_eq((int)state_of(events, 3), VPRIV_CONSENT_GIVEN);
}
END_TEST

START_TEST(yes_to_an_old_notice_is_invalid_and_purposes_are_apart)
{
    vpi_merge_event events[2] = {
        merge_event(event_of("app", 1, GIVE)), merge_event(event_of("app", 2, WITHDRAW))};
    events[1].said.purpose = VPRIV_PURPOSE_KEEP_HISTORY;
    ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_GIVEN);
    events[0].notice_in_force = false;
    ck_assert_int_eq((int)state_of(events, 2), VPRIV_CONSENT_INVALIDATED);
    ck_assert_int_eq(
        (int)vpi_merge(events, 2, VPRIV_PURPOSE_KEEP_HISTORY).state, VPRIV_CONSENT_WITHDRAWN);
    ck_assert_int_eq(
        (int)vpi_merge(events, 2, VPRIV_PURPOSE_DONATION).state, VPRIV_CONSENT_UNKNOWN);
    vpi_merge_sort(events, 0);
    ck_assert_int_eq((int)vpi_merge(events, 0, REVIEW).state, VPRIV_CONSENT_UNKNOWN);
}
END_TEST

static uint8_t seed[VPRIV_SURFACE_SEED_BYTES] = {1, 2, 3};
static uint8_t key[VPRIV_SURFACE_PUBLIC_KEY_BYTES];

static void make_key(void)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(key, secret, seed);
}

START_TEST(line_reads_back_as_the_event_it_was_and_changed_anywhere_it_is_none)
{
    char line[VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event e = event_of("app", 3, GIVE), back;
    make_key();
    e.valid_until_us = e.time_us + DAY_US;
    e.n_seen = 2;
    e.seen[0] = (vpriv_surface_seen){"voice", 4};
    e.seen[1] = (vpriv_surface_seen){"web", 1};
    ck_ok(vpriv_surface_event_sign(&e, seed, line));
    const size_t n = strlen(line);
    ck_assert_int_eq(line[n - 1], '\n');
    memset(&back, 0, sizeof back);
    ck_ok(vpriv_surface_event_read(line, n, key, &back));
    ck_assert_mem_eq(&back, &e, sizeof e);
    ck_ok(vpriv_surface_event_read(line, n - 1, key, &back));
    for (size_t i = 0; i < n - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            line[i] = (char)(line[i] ^ (1 << bit));
            const vpriv_status st = vpriv_surface_event_read(line, n, key, &back);
            ck_assert_msg(st == VPRIV_E_FORMAT || st == VPRIV_E_AUTH || st == VPRIV_E_VERSION,
                "byte %zu: %s", i, vpriv_status_text(st));
            line[i] = (char)(line[i] ^ (1 << bit));
        }
    for (size_t cut = 1; cut < n - 1; cut++)
        ck_fails(vpriv_surface_event_read(line, cut, key, &back), VPRIV_E_FORMAT);
    key[0] ^= 1;
    ck_fails(vpriv_surface_event_read(line, n, key, &back), VPRIV_E_AUTH);
    ck_ok(vpriv_surface_event_read(line, n, NULL, &back));
    memset(key, 0, sizeof key);
    ck_fails(vpriv_surface_event_read(line, n, key, &back), VPRIV_E_AUTH);
}
END_TEST

START_TEST(event_that_makes_no_sense_gets_no_signature)
{
    char line[VPRIV_SURFACE_LINE_BYTES];
    const vpriv_surface_event good = event_of("app", 1, GIVE);
    ck_ok(vpriv_surface_event_sign(&good, seed, line));
#define BAD(change)                                                                                \
    do {                                                                                           \
        vpriv_surface_event e = good;                                                              \
        change;                                                                                    \
        ck_fails(vpriv_surface_event_sign(&e, seed, line), VPRIV_E_ARG);                           \
    } while (0)
    BAD(e.struct_size = 0);
    BAD(e.surface[0] = '\0');
    BAD(e.surface[0] = '"');
    BAD(memset(e.surface, 'a', sizeof e.surface));
    BAD(e.sequence = 0);
    BAD(e.time_us = 0);
    BAD(e.time_us = -DAY_US);
    BAD(e.time_us = INT64_C(157420) * DAY_US);
    BAD(e.time_us += 1);
    BAD(e.valid_until_us = e.time_us);
    BAD(e.valid_until_us = INT64_C(157420) * DAY_US);
    BAD(memset(e.subject, 0, sizeof e.subject));
    BAD(e.purpose = VPRIV_PURPOSE_LEGAL_OBLIGATION);
    BAD(e.purpose = VPRIV_PURPOSE_EXECUTE_REQUEST);
    BAD(e.purpose = VPRIV_PURPOSE_DIAGNOSE_FAULT); /* without a number of uses */
    BAD(e.event = VPRIV_CONSENT_EVENT_EXPIRE);
    BAD(e.event = VPRIV_CONSENT_EVENT_INVALIDATE);
    BAD(e.event = (vpriv_consent_event)0);
    BAD(e.by = VPRIV_CONSENT_BY_CONTROLLER);
    BAD(e.by = VPRIV_CONSENT_BY_UNKNOWN);
    BAD(e.method = VPRIV_CONSENT_METHOD_UNKNOWN);
    BAD(memset(e.notice, 0, sizeof e.notice));
    BAD(e.record_id[6] = 0);
    BAD(e.retention[0] = 'x');
    BAD(e.n_seen = VPRIV_SURFACE_SEEN_MAX + 1);
    BAD((e.n_seen = 1, e.seen[0] = (vpriv_surface_seen){"app", 1}));
    BAD((e.n_seen = 1, e.seen[0] = (vpriv_surface_seen){"web", 0}));
    BAD((e.n_seen = 2, e.seen[0] = (vpriv_surface_seen){"web", 1},
        e.seen[1] = (vpriv_surface_seen){"voice", 1}));
    ck_fails(vpriv_surface_event_sign(NULL, seed, line), VPRIV_E_ARG);
    ck_fails(vpriv_surface_event_sign(&good, NULL, line), VPRIV_E_ARG);
}
END_TEST

START_TEST(other_spelling_of_the_same_is_refused)
{
    char line[VPRIV_SURFACE_LINE_BYTES], other[VPRIV_SURFACE_LINE_BYTES + 16];
    const vpriv_surface_event e = event_of("app", 1, GIVE);
    vpriv_surface_event back;
    make_key();
    ck_ok(vpriv_surface_event_sign(&e, seed, line));
    snprintf(other, sizeof other, "{ %s", line + 1);
    ck_fails(vpriv_surface_event_read(other, strlen(other), key, &back), VPRIV_E_FORMAT);
    snprintf(other, sizeof other, "{\"surprise\":1,%s", line + 1);
    ck_fails(vpriv_surface_event_read(other, strlen(other), key, &back), VPRIV_E_FORMAT);
    snprintf(other, sizeof other, "%s\n", line);
    ck_fails(vpriv_surface_event_read(other, strlen(other), key, &back), VPRIV_E_FORMAT);
    ck_fails(vpriv_surface_event_read("[]", 2, key, &back), VPRIV_E_FORMAT);
    char *time = strstr(line, "2026-11");
    memcpy(time, "1969-11", 7);
    ck_fails(vpriv_surface_event_read(line, strlen(line), NULL, &back), VPRIV_E_FORMAT);
    memcpy(time, "2401-11", 7);
    ck_fails(vpriv_surface_event_read(line, strlen(line), NULL, &back), VPRIV_E_FORMAT);
}
END_TEST

static vpi_merge_event said_by(uint64_t sequence, vpriv_consent_event what, vpriv_consent_by by,
    const char *surface, uint64_t seen_of_app)
{
    vpriv_surface_event e = event_of(surface, sequence, what);
    e.by = by;
    if (seen_of_app > 0) {
        e.n_seen = 1;
        snprintf(e.seen[0].surface, sizeof e.seen[0].surface, "app");
        e.seen[0].sequence = seen_of_app;
    }
    return merge_event(e);
}

/* The app is one guardian's, the web page the other's. */
START_TEST(guardians_no_is_lifted_by_all_of_them_together)
{
    const vpriv_consent_by parent = VPRIV_CONSENT_BY_PARENT, guardian = VPRIV_CONSENT_BY_GUARDIAN,
                           all = VPRIV_CONSENT_BY_GUARDIANS, person = VPRIV_CONSENT_BY_PERSON;
    const struct {
        vpriv_consent_event no;
        vpriv_consent_by no_by, yes_by;
        vpriv_consent_state state;
    } table[] = {
        {VPRIV_CONSENT_EVENT_WITHDRAW, guardian, parent, VPRIV_CONSENT_WITHDRAWN},
        {VPRIV_CONSENT_EVENT_REFUSE, parent, guardian, VPRIV_CONSENT_REFUSED},
        {VPRIV_CONSENT_EVENT_REFUSE, all, parent, VPRIV_CONSENT_REFUSED},
        {VPRIV_CONSENT_EVENT_DEFER, guardian, parent, VPRIV_CONSENT_GIVEN},
        {VPRIV_CONSENT_EVENT_WITHDRAW, person, parent, VPRIV_CONSENT_GIVEN},
        {VPRIV_CONSENT_EVENT_REVOKE, VPRIV_CONSENT_BY_CONTROLLER, parent, VPRIV_CONSENT_GIVEN},
        {VPRIV_CONSENT_EVENT_WITHDRAW, guardian, all, VPRIV_CONSENT_GIVEN},
        {VPRIV_CONSENT_EVENT_WITHDRAW, guardian, person, VPRIV_CONSENT_GIVEN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        vpi_merge_event events[] = {said_by(1, table[i].no, table[i].no_by, "app", 0),
            said_by(1, VPRIV_CONSENT_EVENT_GIVE, table[i].yes_by, "web", 1)};
        const vpriv_consent_state state = state_of(events, 2);
        ck_assert_msg(state == table[i].state, "row %zu: %d", i, (int)state);
    }
    /* Agreed once, one is enough again; but only for what was objected to before. */
    vpi_merge_event agreed[] = {
        said_by(1, VPRIV_CONSENT_EVENT_WITHDRAW, guardian, "app", 0),
        said_by(1, VPRIV_CONSENT_EVENT_GIVE, all, "web", 1),
        said_by(2, VPRIV_CONSENT_EVENT_WITHDRAW, person, "web", 1),
        said_by(3, VPRIV_CONSENT_EVENT_GIVE, parent, "web", 1),
        said_by(2, VPRIV_CONSENT_EVENT_WITHDRAW, guardian, "app", 0),
        said_by(4, VPRIV_CONSENT_EVENT_GIVE, parent, "web", 2),
    };
    ck_assert_int_eq(state_of(agreed, 4), VPRIV_CONSENT_GIVEN);
    ck_assert_int_eq(state_of(agreed, 6), VPRIV_CONSENT_WITHDRAWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent: events of several surfaces");
    TCase *tests = tcase_create("merging");
    tcase_set_timeout(tests, 120);
    tcase_add_test(
        tests, s3_ten_thousand_interleavings_end_the_same_and_no_consent_overrules_a_later_no);
    tcase_add_test(tests, every_part_of_a_history_is_at_most_as_free_as_its_nos_allow);
    tcase_add_test(tests, clocks_decide_nothing_between_yes_and_no);
    tcase_add_test(tests, yes_waits_for_what_is_missing_and_no_does_not);
    tcase_add_test(tests, of_two_that_do_not_know_each_other_the_later_one_gives_the_terms);
    tcase_add_test(tests, number_that_was_used_twice_is_no_yes);
    tcase_add_test(tests, yes_to_an_old_notice_is_invalid_and_purposes_are_apart);
    tcase_add_test(tests, line_reads_back_as_the_event_it_was_and_changed_anywhere_it_is_none);
    tcase_add_test(tests, event_that_makes_no_sense_gets_no_signature);
    tcase_add_test(tests, other_spelling_of_the_same_is_refused);
    tcase_add_test(tests, guardians_no_is_lifted_by_all_of_them_together);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
