/* vpriv_decide() against a reference that knows nothing of its code: tables of what each value of
 * each fact costs, and of where facts meet, read off the rules. Every fact is a digit; the products
 * below run the digits through all their values. */
#include "consent/decide.h"
#include "unit.h"
#include <stdio.h>

#define NOW 1000

enum digit {
    OPERATION,
    PURPOSE,
    DEFINED,
    STORABLE,
    CLOCK,
    JURISDICTION,
    LAWFUL,
    PAUSED,
    TRIGGERED,
    RECIPIENT,
    PARTIES,
    IDENTIFIED,
    POLICY,
    RECORDING,
    RETENTION,
    CLASS,
    STATE,
    VALID,
    USES,
    NOTICE,
    NAMED,
    GRANT,
    CHILD,
    FORM,
    N_DIGITS,
};

/* One value a fact can have, and what it costs by itself. */
typedef struct choice {
    int64_t value;
    int64_t value2;
    uint32_t cost;
} choice;

#define CHOICES_MAX 10

static const struct {
    char asked_of; /* of purposes by 'c'onsent, by 't'rigger, of 'a'll, of those for 'o'thers */
    size_t n;
    size_t good; /* a choice that costs nothing */
    choice choices[CHOICES_MAX];
} facts[N_DIGITS] = {
    [OPERATION] = {'a', 3, 2, {{0, 0, VPRIV_DENY_OPERATION_UNKNOWN}, {1, 0, 0}, {2, 0, 0}}},
    [PURPOSE] = {'a', 5, 2,
        {{VPRIV_PURPOSE_EXECUTE_REQUEST, 0, 0}, {VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION, 0, 0},
            {VPRIV_PURPOSE_HUMAN_REVIEW, 0, 0},
            {VPRIV_PURPOSE_LEGAL_OBLIGATION, 0, VPRIV_DENY_PURPOSE_OTHER_BASIS},
            {VPRIV_PURPOSE_VENDOR_FIRST + 3, 0, 0}}},
    [DEFINED] = {'a', 3, 2,
        {{0, 0, VPRIV_DENY_PURPOSE_UNDEFINED}, {1, 0, VPRIV_DENY_PURPOSE_UNDEFINED}, {2, 0, 0}}},
    [STORABLE] = {'a', 3, 2, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}},
    [CLOCK] = {'a', 4, 2,
        {{0, 0, VPRIV_DENY_TIME_UNKNOWN}, {-5, 0, VPRIV_DENY_TIME_UNKNOWN}, {NOW, 0, 0},
            {13601088000000000 /* 2401 */, 0, VPRIV_DENY_TIME_UNKNOWN}}},
    [JURISDICTION] = {'a', 3, 2,
        {{0, 0, VPRIV_DENY_JURISDICTION_UNKNOWN}, {1, 0, VPRIV_DENY_JURISDICTION_UNKNOWN},
            {2, 0, 0}}},
    [LAWFUL] = {'a', 3, 2,
        {{0, 0, VPRIV_DENY_NOT_LAWFUL_HERE}, {1, 0, VPRIV_DENY_NOT_LAWFUL_HERE}, {2, 0, 0}}},
    [PAUSED] = {'a', 3, 1, {{0, 0, VPRIV_DENY_PAUSED}, {1, 0, 0}, {2, 0, VPRIV_DENY_PAUSED}}},
    [TRIGGERED] = {'t', 3, 2,
        {{0, 0, VPRIV_DENY_NOT_TRIGGERED}, {1, 0, VPRIV_DENY_NOT_TRIGGERED}, {2, 0, 0}}},
    [RECIPIENT] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_RECIPIENT_UNKNOWN}, {1, 0, VPRIV_DENY_RECIPIENT_UNKNOWN}, {2, 0, 0}}},
    [PARTIES] = {'c', 3, 2, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}},
    [IDENTIFIED] = {'c', 3, 2, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}},
    [POLICY] = {'o', 5, 4,
        {{0, 10, VPRIV_DENY_POLICY_STALE}, {-1, 10, VPRIV_DENY_POLICY_STALE},
            {10, 10, VPRIV_DENY_POLICY_STALE}, {5, 0, VPRIV_DENY_POLICY_STALE}, {9, 10, 0}}},
    [RECORDING] = {'a', 5, 2, {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 0, 0}}},
    [RETENTION] = {'a', 4, 2, {{0, 0, 0}, {NOW, 0, 0}, {NOW + 1, 0, 0}, {INT64_MAX, 0, 0}}},
    [CLASS] = {'c', 5, 1,
        {{VPRIV_SUBJECT_UNKNOWN, 0, VPRIV_DENY_SUBJECT_UNKNOWN}, {VPRIV_SUBJECT_USER, 0, 0},
            {VPRIV_SUBJECT_GUEST, 0, VPRIV_DENY_SUBJECT_GUEST},
            {VPRIV_SUBJECT_BYSTANDER, 0, VPRIV_DENY_SUBJECT_BYSTANDER},
            {VPRIV_SUBJECT_CHILD, 0, 0}}},
    [STATE] = {'c', 10, 2,
        {{VPRIV_CONSENT_UNKNOWN, 0, VPRIV_DENY_CONSENT_MISSING},
            {VPRIV_CONSENT_REQUESTED, 0, VPRIV_DENY_CONSENT_MISSING}, {VPRIV_CONSENT_GIVEN, 1, 0},
            {VPRIV_CONSENT_REFUSED, 0, VPRIV_DENY_CONSENT_REFUSED},
            {VPRIV_CONSENT_DEFERRED, 0, VPRIV_DENY_CONSENT_MISSING},
            {VPRIV_CONSENT_WITHDRAWN, 0, VPRIV_DENY_CONSENT_WITHDRAWN},
            {VPRIV_CONSENT_REVOKED, 0, VPRIV_DENY_CONSENT_REVOKED},
            {VPRIV_CONSENT_EXPIRED, 0, VPRIV_DENY_CONSENT_EXPIRED},
            {VPRIV_CONSENT_INVALIDATED, 0, VPRIV_DENY_CONSENT_INVALIDATED},
            {VPRIV_CONSENT_RENEWED, 1, 0}}},
    [VALID] = {'c', 4, 2, {{0, 0, 0}, {NOW, 0, 0}, {NOW + 1, 0, 0}, {INT64_MAX, 0, 0}}},
    [USES] = {'c', 5, 3,
        {{0, 5, VPRIV_DENY_USES_SPENT}, {1, 5, VPRIV_DENY_USES_SPENT},
            {2, 0, VPRIV_DENY_USES_SPENT}, {2, 1, 0}, {2, UINT32_MAX, 0}}},
    [NOTICE] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_NOTICE_CHANGED}, {1, 0, VPRIV_DENY_NOTICE_CHANGED}, {2, 0, 0}}},
    [NAMED] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_RECIPIENT_NOT_NAMED}, {1, 0, VPRIV_DENY_RECIPIENT_NOT_NAMED},
            {2, 0, 0}}},
    [GRANT] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_NO_GRANT_KEY}, {1, 0, VPRIV_DENY_NO_GRANT_KEY}, {2, 0, 0}}},
    [CHILD] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_CHILD_RULE}, {1, 0, VPRIV_DENY_CHILD_RULE}, {2, 0, 0}}},
    [FORM] = {'c', 3, 2,
        {{0, 0, VPRIV_DENY_NOT_LAWFUL_HERE}, {1, 0, VPRIV_DENY_NOT_LAWFUL_HERE}, {2, 0, 0}}},
};

/* By row: purposes as in facts[PURPOSE]; by column: operation unknown, capture, read; by letter:
 * the fact "storable" unknown, no, yes. 'x': nothing may be kept or opened. */
static const char *const storing[5][3] = {
    {"x.x", "x.x", "xxx"}, /* execute_request: memory only */
    {"x.x", "x.x", "xxx"}, /* transmit_for_execution: memory only */
    {"xx.", "xx.", "xx."}, /* human_review: kept */
    {"x.x", "x.x", "xxx"}, /* legal_obligation: no key for it */
    {"x..", "x..", "xx."}, /* the vendor's: as the vendor says */
};

/* The same rows and columns; '?': the term of retention is asked for. */
static const char *const keeping[5][3] = {
    {"...", "...", "???"},
    {"...", "...", "???"},
    {"..?", "..?", "???"},
    {"...", "...", "???"},
    {"..?", "..?", "???"},
};

/* By row: whether everybody must agree is unknown, no, yes; by letter: whether everybody is identified,
 * the same. 'x': somebody unknown is speaking. */
static const char *const unidentified[3] = {"xx.", "...", "xx."};

static const char kind_of_purpose[5] = {'t', 'c', 'c', 'l', 'c'};
/* Of these, what others than the person have something of. */
static const bool is_for_others[5] = {false, false, true, false, true};

static const uint32_t recording_costs[5] = {VPRIV_DENY_RECORDING_UNKNOWN,
    VPRIV_DENY_RECORDING_PROVISIONAL, 0, VPRIV_DENY_RECORDING_RESTRICTED,
    VPRIV_DENY_RECORDING_SHREDDED};

static uint32_t reference(const size_t *digits, bool has_subject)
{
    const size_t purpose = digits[PURPOSE], operation = digits[OPERATION];
    const char kind = kind_of_purpose[purpose];
    const bool no_time = facts[CLOCK].choices[digits[CLOCK]].cost != 0;
    uint32_t cost = 0;
    for (size_t d = 0; d < (has_subject ? (size_t)N_DIGITS : (size_t)CLASS); d++)
        if (facts[d].asked_of == 'a' || facts[d].asked_of == kind ||
            (facts[d].asked_of == 'o' && is_for_others[purpose]))
            cost |= facts[d].choices[digits[d]].cost;
    if (storing[purpose][operation][digits[STORABLE]] == 'x')
        cost |= VPRIV_DENY_PURPOSE_NOT_STORABLE;
    if (operation == 2)
        cost |= recording_costs[digits[RECORDING]];
    if (keeping[purpose][operation][digits[STORABLE]] == '?' && (digits[RETENTION] < 2 || no_time))
        cost |= VPRIV_DENY_RETENTION_OVER;
    if (kind == 'c' && !has_subject)
        cost |= VPRIV_DENY_NO_SUBJECT;
    if (kind == 'c' && unidentified[digits[PARTIES]][digits[IDENTIFIED]] == 'x')
        cost |= VPRIV_DENY_SUBJECT_UNKNOWN;
    if (kind == 'c' && has_subject && facts[STATE].choices[digits[STATE]].value2 == 1 &&
        (digits[VALID] < 2 || no_time))
        cost |= VPRIV_DENY_CONSENT_EXPIRED;
    return cost;
}

#define VALUE(d)  (facts[d].choices[digits[d]].value)
#define VALUE2(d) (facts[d].choices[digits[d]].value2)

static vpriv_decision_subject subject_of(const size_t *digits)
{
    return (vpriv_decision_subject){.subject_class = (vpriv_subject_class)VALUE(CLASS),
        .state = (vpriv_consent_state)VALUE(STATE),
        .valid_until_us = VALUE(VALID),
        .uses_known = (vpriv_fact)VALUE(USES),
        .uses_left = (uint32_t)VALUE2(USES),
        .notice_current = (vpriv_fact)VALUE(NOTICE),
        .recipient_named = (vpriv_fact)VALUE(NAMED),
        .has_grant_key = (vpriv_fact)VALUE(GRANT),
        .child_rule_holds = (vpriv_fact)VALUE(CHILD),
        .form_suffices = (vpriv_fact)VALUE(FORM)};
}

static void fill(vpriv_decision_input *input, const size_t *digits)
{
    input->struct_size = sizeof *input;
    input->operation = (vpriv_decision_operation)VALUE(OPERATION);
    input->purpose = (vpriv_purpose)VALUE(PURPOSE);
    input->purpose_defined = (vpriv_fact)VALUE(DEFINED);
    input->purpose_storable = (vpriv_fact)VALUE(STORABLE);
    input->now_us = VALUE(CLOCK);
    input->jurisdiction_known = (vpriv_fact)VALUE(JURISDICTION);
    input->lawful_here = (vpriv_fact)VALUE(LAWFUL);
    input->paused = (vpriv_fact)VALUE(PAUSED);
    input->triggered_by_person = (vpriv_fact)VALUE(TRIGGERED);
    input->recipient_known = (vpriv_fact)VALUE(RECIPIENT);
    input->all_parties = (vpriv_fact)VALUE(PARTIES);
    input->all_identified = (vpriv_fact)VALUE(IDENTIFIED);
    input->policy_age_us = VALUE(POLICY);
    input->policy_ttl_us = VALUE2(POLICY);
    input->recording_state = (vpriv_recording_state)VALUE(RECORDING);
    input->retention_until_us = VALUE(RETENTION);
    input->n_subjects = 1;
    input->subjects[0] = subject_of(digits);
}

static void make_good(size_t *digits)
{
    for (size_t d = 0; d < N_DIGITS; d++)
        digits[d] = facts[d].good;
}

static uint32_t decide(const vpriv_decision_input *input)
{
    uint32_t reasons = 0xdeadbeef;
    if (vpriv_decide(input, &reasons) != VPRIV_OK)
        ck_abort_msg("vpriv_decide failed");
    return reasons;
}

/* Sanitizers look at how a case is decided, not at the answer: some of very many will do. */
#ifdef __SANITIZE_ADDRESS__
#define EACH_OF_MANY 7
#else
#define EACH_OF_MANY 1
#endif

typedef struct tally {
    unsigned each; /* compared; 0 is every one */
    uint64_t n_cases;
    uint64_t n_permits;
    uint32_t seen;
    uint32_t seen_alone;
} tally;

static void compare(const size_t *digits, bool has_subject, tally *sum)
{
    static vpriv_decision_input input;
    if (sum->n_cases++ % (sum->each ? sum->each : 1) != 0)
        return;
    fill(&input, digits);
    input.n_subjects = has_subject ? 1 : 0;
    const uint32_t got = decide(&input), wanted = reference(digits, has_subject);
    if (got != wanted) {
        for (size_t d = 0; d < N_DIGITS; d++)
            fprintf(stderr, "%zu ", digits[d]);
        ck_abort_msg("for these facts: got %08x, wanted %08x", got, wanted);
    }
    sum->n_permits += got == 0;
    sum->seen |= got;
    if ((got & (got - 1)) == 0)
        sum->seen_alone |= got;
}

/* All values of the given digits; the others stay. */
static void product(
    const enum digit *free_digits, size_t n, size_t *digits, bool has_subject, tally *sum)
{
    if (n == 0) {
        compare(digits, has_subject, sum);
        return;
    }
    const enum digit d = free_digits[0];
    for (size_t i = 0; i < facts[d].n; i++) {
        digits[d] = i;
        product(free_digits + 1, n - 1, digits, has_subject, sum);
    }
}

static const enum digit context_digits[] = {OPERATION, PURPOSE, DEFINED, STORABLE, CLOCK,
    JURISDICTION, LAWFUL, PAUSED, TRIGGERED, RECIPIENT, POLICY, RECORDING, RETENTION};
/* The facts about who is heard, with what they could meet: a speaker's class, and the kind of purpose. */
static const enum digit heard_digits[] = {OPERATION, PURPOSE, STORABLE, CLOCK, TRIGGERED, RECIPIENT,
    PARTIES, IDENTIFIED, POLICY, CLASS, STATE};
static const enum digit speaker_digits[] = {
    OPERATION, PURPOSE, CLOCK, CLASS, STATE, VALID, USES, NOTICE, NAMED, GRANT, CHILD, FORM};

START_TEST(decide_agrees_with_the_reference_in_every_context)
{
    size_t digits[N_DIGITS];
    tally sum = {.each = EACH_OF_MANY};
    make_good(digits);
    product(context_digits, sizeof context_digits / sizeof context_digits[0], digits, true, &sum);
    make_good(digits);
    product(context_digits, sizeof context_digits / sizeof context_digits[0], digits, false, &sum);
    ck_assert_uint_eq(sum.n_cases, 2u * 3 * 5 * 3 * 4 * 3 * 3 * 3 * 3 * 3 * 3 * 5 * 5 * 4);
    ck_assert_uint_gt(sum.n_permits, 0);
}
END_TEST

START_TEST(decide_agrees_with_the_reference_whoever_is_heard)
{
    size_t digits[N_DIGITS];
    tally sum = {.each = EACH_OF_MANY};
    for (int has_subject = 0; has_subject <= 1; has_subject++) {
        make_good(digits);
        product(heard_digits, sizeof heard_digits / sizeof heard_digits[0], digits,
            has_subject == 1, &sum);
    }
    ck_assert_uint_eq(sum.n_cases, 2u * 3 * 5 * 3 * 4 * 3 * 3 * 3 * 3 * 5 * 5 * 10);
    ck_assert_uint_gt(sum.n_permits, 0);
}
END_TEST

/* S33: where everybody must agree, only "these are all" opens it; elsewhere the speakers do. */
START_TEST(decide_a_voice_that_nobody_identified_closes_where_all_must_agree)
{
    static vpriv_decision_input input;
    size_t digits[N_DIGITS];
    make_good(digits);
    for (size_t must = 0; must < 3; must++)
        for (size_t all = 0; all < 3; all++) {
            digits[PARTIES] = must;
            digits[IDENTIFIED] = all;
            fill(&input, digits);
            ck_assert_uint_eq(decide(&input),
                must != VPRIV_FACT_NO && all != VPRIV_FACT_YES ? VPRIV_DENY_SUBJECT_UNKNOWN : 0);
        }
}
END_TEST

START_TEST(decide_agrees_with_the_reference_for_every_speaker)
{
    size_t digits[N_DIGITS];
    tally sum = {.each = EACH_OF_MANY};
    for (size_t storable = 1; storable <= 2; storable++) {
        make_good(digits);
        digits[STORABLE] = storable;
        product(
            speaker_digits, sizeof speaker_digits / sizeof speaker_digits[0], digits, true, &sum);
    }
    ck_assert_uint_eq(sum.n_cases, 2u * 3 * 5 * 4 * 5 * 10 * 4 * 5 * 243);
    ck_assert_uint_gt(sum.n_permits, 0);
}
END_TEST

/* Every fact is either good or has its first value, all at once. */
START_TEST(decide_agrees_with_the_reference_for_every_set_of_bad_facts)
{
    size_t digits[N_DIGITS];
    tally sum = {.each = EACH_OF_MANY};
    for (size_t purpose = 0; purpose < facts[PURPOSE].n; purpose++)
        for (size_t operation = 1; operation <= 2; operation++)
            for (uint32_t set = 0; set < (uint32_t)1 << (N_DIGITS - 2); set++) {
                for (size_t d = 2; d < N_DIGITS; d++)
                    digits[d] = set >> (d - 2) & 1 ? 0 : facts[d].good;
                digits[PURPOSE] = purpose;
                digits[OPERATION] = operation;
                compare(digits, true, &sum);
            }
    ck_assert_uint_eq(sum.n_cases, (uint64_t)5 * 2 << 22);
}
END_TEST

START_TEST(decide_every_reason_can_be_the_only_one)
{
    static const enum digit all[] = {OPERATION, PURPOSE, STORABLE, CLOCK};
    size_t digits[N_DIGITS];
    tally sum = {0};
    for (enum digit d = DEFINED; d < N_DIGITS; d++) {
        for (size_t i = 0; i < facts[d].n; i++) {
            make_good(digits);
            digits[d] = i;
            if (d == STORABLE || d == CLOCK)
                continue;
            product(all, 4, digits, true, &sum);
        }
    }
    make_good(digits);
    product(all, 4, digits, false, &sum);
    const uint32_t every = UINT32_MAX; /* all 32 of them */
    ck_assert_int_eq(VPRIV_DENY_REASONS, 32);
    ck_assert_uint_eq(sum.seen | VPRIV_DENY_INPUT_MALFORMED, every);
    ck_assert_uint_eq(sum.seen_alone | VPRIV_DENY_INPUT_MALFORMED, every);
    ck_assert_uint_eq(decide(NULL), VPRIV_DENY_INPUT_MALFORMED);
}
END_TEST

/* Up to two facts of any value; then any one of them, or any other, is forgotten. */
START_TEST(decide_forgetting_a_fact_never_permits)
{
    static vpriv_decision_input input;
    size_t digits[N_DIGITS], forgotten[N_DIGITS];
    uint64_t n_denied = 0, n_permitted = 0;
    for (size_t purpose = 0; purpose < facts[PURPOSE].n; purpose++)
        for (size_t a = 0; a < N_DIGITS; a++)
            for (size_t i = 0; i < facts[a].n; i++)
                for (size_t b = a; b < N_DIGITS; b++)
                    for (size_t j = 0; j < facts[b].n; j++) {
                        make_good(digits);
                        digits[PURPOSE] = purpose;
                        digits[a] = i;
                        digits[b] = j;
                        fill(&input, digits);
                        const bool denied = decide(&input) != 0;
                        n_denied += denied;
                        n_permitted += !denied;
                        for (size_t d = 0; denied && d < N_DIGITS; d++) {
                            if (d == PURPOSE)
                                continue;
                            memcpy(forgotten, digits, sizeof forgotten);
                            forgotten[d] = 0;
                            fill(&input, forgotten);
                            ck_assert_msg(decide(&input) != 0, "forgetting fact %zu permits", d);
                        }
                    }
    ck_assert_uint_gt(n_denied, 0);
    ck_assert_uint_gt(n_permitted, 0);
}
END_TEST

/* All speakers that differ from the good one in one fact, in pairs. */
START_TEST(decide_two_speakers_allow_what_both_allow)
{
    static vpriv_decision_input input;
    size_t first[N_DIGITS], second[N_DIGITS];
    uint64_t n_both = 0, n_one = 0;
    for (size_t purpose = 0; purpose < facts[PURPOSE].n; purpose++)
        for (size_t operation = 1; operation <= 2; operation++)
            for (size_t a = CLASS; a < N_DIGITS; a++)
                for (size_t i = 0; i < facts[a].n; i++)
                    for (size_t b = CLASS; b < N_DIGITS; b++)
                        for (size_t j = 0; j < facts[b].n; j++) {
                            make_good(first);
                            first[PURPOSE] = purpose;
                            first[OPERATION] = operation;
                            first[STORABLE] = storing[purpose][operation][1] == 'x' ? 2 : 1;
                            memcpy(second, first, sizeof second);
                            first[a] = i;
                            second[b] = j;
                            fill(&input, first);
                            const uint32_t cost1 = decide(&input);
                            fill(&input, second);
                            const uint32_t cost2 = decide(&input);
                            input.n_subjects = 2;
                            input.subjects[1] = subject_of(first);
                            const uint32_t cost = decide(&input);
                            ck_assert_uint_eq(cost, cost1 | cost2);
                            ck_assert_uint_eq(
                                cost, reference(first, true) | reference(second, true));
                            n_both += cost == 0;
                            n_one += (cost1 == 0) != (cost2 == 0);
                        }
    ck_assert_uint_gt(n_both, 0);
    ck_assert_uint_gt(n_one, 0);
}
END_TEST

START_TEST(decide_one_dissenter_among_sixteen_is_enough)
{
    static vpriv_decision_input input;
    size_t digits[N_DIGITS];
    make_good(digits);
    fill(&input, digits);
    input.n_subjects = VPRIV_DECISION_SUBJECTS_MAX;
    for (size_t i = 0; i < VPRIV_DECISION_SUBJECTS_MAX; i++)
        input.subjects[i] = subject_of(digits);
    ck_assert_uint_eq(decide(&input), 0);
    for (size_t i = 0; i < VPRIV_DECISION_SUBJECTS_MAX; i++) {
        input.subjects[i].state = VPRIV_CONSENT_WITHDRAWN;
        ck_assert_uint_eq(decide(&input), VPRIV_DENY_CONSENT_WITHDRAWN);
        input.subjects[i].state = VPRIV_CONSENT_GIVEN;
    }
    input.n_subjects = VPRIV_DECISION_SUBJECTS_MAX + 1;
    ck_assert_uint_eq(decide(&input), VPRIV_DENY_INPUT_MALFORMED);
    input.n_subjects = UINT32_MAX;
    ck_assert_uint_eq(decide(&input), VPRIV_DENY_INPUT_MALFORMED);
}
END_TEST

START_TEST(decide_nothing_known_is_denied_for_every_purpose)
{
    for (int purpose = 0; purpose < VPRIV_PURPOSES_MAX; purpose++)
        for (int operation = 0; operation <= 2; operation++) {
            const vpriv_decision_input input = {.struct_size = sizeof input,
                .purpose = (vpriv_purpose)purpose,
                .operation = (vpriv_decision_operation)operation};
            ck_assert_uint_ne(decide(&input), 0);
        }
    ck_assert_uint_ne(decide(&(vpriv_decision_input){0}), 0);
}
END_TEST

START_TEST(decide_malformed_input_is_denied)
{
    static vpriv_decision_input good, input;
    size_t digits[N_DIGITS];
    make_good(digits);
    fill(&good, digits);
    ck_assert_uint_eq(decide(&good), 0);
#define MALFORMED(change)                                                                          \
    do {                                                                                           \
        input = good;                                                                              \
        input.change;                                                                              \
        ck_assert_msg(decide(&input) & VPRIV_DENY_INPUT_MALFORMED, #change);                       \
    } while (0)
    MALFORMED(struct_size = 0);
    MALFORMED(struct_size = sizeof input - 1);
    MALFORMED(struct_size = sizeof input + 1);
    MALFORMED(operation = (vpriv_decision_operation)3);
    MALFORMED(operation = (vpriv_decision_operation)-1);
    MALFORMED(purpose = (vpriv_purpose)32);
    MALFORMED(purpose = (vpriv_purpose)-1);
    MALFORMED(purpose_defined = (vpriv_fact)3);
    MALFORMED(purpose_storable = (vpriv_fact)-1);
    MALFORMED(jurisdiction_known = (vpriv_fact)3);
    MALFORMED(lawful_here = (vpriv_fact)3);
    MALFORMED(paused = (vpriv_fact)3);
    MALFORMED(triggered_by_person = (vpriv_fact)3);
    MALFORMED(recipient_known = (vpriv_fact)3);
    MALFORMED(all_parties = (vpriv_fact)3);
    MALFORMED(all_identified = (vpriv_fact)3);
    MALFORMED(recording_state = (vpriv_recording_state)5);
    MALFORMED(subjects[0].subject_class = (vpriv_subject_class)5);
    MALFORMED(subjects[0].state = (vpriv_consent_state)10);
    MALFORMED(subjects[0].uses_known = (vpriv_fact)3);
    MALFORMED(subjects[0].notice_current = (vpriv_fact)3);
    MALFORMED(subjects[0].recipient_named = (vpriv_fact)3);
    MALFORMED(subjects[0].has_grant_key = (vpriv_fact)3);
    MALFORMED(subjects[0].child_rule_holds = (vpriv_fact)3);
    MALFORMED(subjects[0].form_suffices = (vpriv_fact)3);
#undef MALFORMED
    input = good; /* beyond n_subjects nothing is looked at */
    memset(&input.subjects[1], 0xa5, sizeof input.subjects - sizeof input.subjects[0]);
    ck_assert_uint_eq(decide(&input), 0);
    ck_fails(vpriv_decide(&good, NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(decide_a_request_needs_a_person_and_no_consent)
{
    vpriv_decision_input input = {.struct_size = sizeof input,
        .operation = VPRIV_DECISION_CAPTURE,
        .purpose = VPRIV_PURPOSE_EXECUTE_REQUEST,
        .purpose_defined = VPRIV_FACT_YES,
        .purpose_storable = VPRIV_FACT_NO,
        .now_us = NOW,
        .jurisdiction_known = VPRIV_FACT_YES,
        .lawful_here = VPRIV_FACT_YES,
        .paused = VPRIV_FACT_NO,
        .triggered_by_person = VPRIV_FACT_YES};
    ck_assert_uint_eq(decide(&input), 0);
    input.n_subjects = 1; /* somebody who is not known may ask too */
    ck_assert_uint_eq(decide(&input), 0);
    input.triggered_by_person = VPRIV_FACT_UNKNOWN;
    ck_assert_uint_eq(decide(&input), VPRIV_DENY_NOT_TRIGGERED);
    input.triggered_by_person = VPRIV_FACT_YES;
    input.operation = VPRIV_DECISION_READ;
    ck_assert_uint_ne(decide(&input) & VPRIV_DENY_PURPOSE_NOT_STORABLE, 0);
}
END_TEST

/* S38: by itself, without anybody doing anything. What serves the person goes on. */
START_TEST(decide_a_stale_policy_closes_what_others_have_something_of)
{
    static const char *const goes_on[] = {
        "execute_request", "transmit_for_execution", "keep_history", "on_device_adaptation"};
    static vpriv_decision_input input;
    size_t digits[N_DIGITS], n_open = 0;
    make_good(digits);
    fill(&input, digits);
    input.operation = VPRIV_DECISION_CAPTURE;
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        const vpriv_purpose_info *about = vpriv_purpose_about((vpriv_purpose)p);
        bool is_open = about->basis == VPRIV_PURPOSE_BASIS_LAW;
        for (size_t i = 0; i < sizeof goes_on / sizeof goes_on[0]; i++)
            is_open = is_open || strcmp(goes_on[i], about->name) == 0;
        input.purpose = (vpriv_purpose)p;
        input.purpose_storable = about->is_storable ? VPRIV_FACT_YES : VPRIV_FACT_NO;
        input.policy_age_us = input.policy_ttl_us - 1;
        const uint32_t fresh = decide(&input);
        ck_assert_uint_eq(fresh & VPRIV_DENY_POLICY_STALE, 0);
        input.policy_age_us = input.policy_ttl_us;
        ck_assert_uint_eq(decide(&input), is_open ? fresh : fresh | VPRIV_DENY_POLICY_STALE);
        n_open += is_open;
    }
    ck_assert_uint_eq(n_open, 4 + 2);
}
END_TEST

START_TEST(decide_facts_from_a_record)
{
    vpriv_consent_record record = {.struct_size = sizeof record,
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .subject_class = VPRIV_SUBJECT_USER,
        .event = {.state = VPRIV_CONSENT_GIVEN, .valid_until_us = 5},
        .n_recipients = 1,
        .recipients = {"example-reviews"},
        .notice = {.sha256 = {1, 2, 3}},
        .max_uses = 3,
        .uses = 1};
    const uint8_t other_notice[VPRIV_SHA256_BYTES] = {1, 2, 4};
    const vpriv_decision_subject nothing = {0};
    vpriv_decision_subject s = vpi_decision_subject_of(
        &record, VPRIV_PURPOSE_HUMAN_REVIEW, record.notice.sha256, "example-reviews");
    ck_assert_int_eq(s.subject_class, VPRIV_SUBJECT_USER);
    ck_assert_int_eq(s.state, VPRIV_CONSENT_GIVEN);
    ck_assert_int_eq(s.valid_until_us, 5);
    ck_assert_int_eq(s.uses_known, VPRIV_FACT_YES);
    ck_assert_uint_eq(s.uses_left, 2);
    ck_assert_int_eq(s.notice_current, VPRIV_FACT_YES);
    ck_assert_int_eq(s.recipient_named, VPRIV_FACT_YES);
    ck_assert_int_eq(s.has_grant_key, VPRIV_FACT_UNKNOWN);
    ck_assert_int_eq(s.child_rule_holds, VPRIV_FACT_UNKNOWN);
    ck_assert_int_eq(s.form_suffices, VPRIV_FACT_UNKNOWN);
    record.uses = 3;
    record.event.valid_until_us = 0;
    s = vpi_decision_subject_of(&record, VPRIV_PURPOSE_HUMAN_REVIEW, other_notice, "example");
    ck_assert_uint_eq(s.uses_left, 0);
    ck_assert_int_eq(s.valid_until_us, VPRIV_TIME_FOREVER_US);
    ck_assert_int_eq(s.notice_current, VPRIV_FACT_NO);
    ck_assert_int_eq(s.recipient_named, VPRIV_FACT_NO);
    record.max_uses = 0;
    s = vpi_decision_subject_of(&record, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
    ck_assert_uint_eq(s.uses_left, VPRIV_USES_UNLIMITED);
    ck_assert_int_eq(s.notice_current, VPRIV_FACT_UNKNOWN);
    ck_assert_int_eq(s.recipient_named, VPRIV_FACT_UNKNOWN);
    s = vpi_decision_subject_of(&record, VPRIV_PURPOSE_KEEP_HISTORY, other_notice, "example");
    ck_assert_mem_eq(&s, &nothing, sizeof s);
    s = vpi_decision_subject_of(NULL, VPRIV_PURPOSE_HUMAN_REVIEW, other_notice, "example");
    ck_assert_mem_eq(&s, &nothing, sizeof s);
}
END_TEST

START_TEST(deny_every_reason_has_its_own_name_and_words)
{
    for (int a = 0; a < VPRIV_DENY_REASONS; a++) {
        const vpriv_deny reason = (vpriv_deny)((uint32_t)1 << a);
        ck_assert_str_ne(vpriv_deny_name(reason), "unknown reason");
        ck_assert_str_ne(vpriv_deny_text(reason), "unknown reason");
        for (int b = a + 1; b < VPRIV_DENY_REASONS; b++) {
            const vpriv_deny other = (vpriv_deny)((uint32_t)1 << b);
            ck_assert_str_ne(vpriv_deny_name(reason), vpriv_deny_name(other));
            ck_assert_str_ne(vpriv_deny_text(reason), vpriv_deny_text(other));
        }
    }
    ck_assert_str_eq(vpriv_deny_name(VPRIV_DENY_RETENTION_OVER), "retention_over");
    ck_assert_str_eq(vpriv_deny_name((vpriv_deny)0), "unknown reason");
    ck_assert_str_eq(vpriv_deny_text((vpriv_deny)3), "unknown reason");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent: decide");
    TCase *tc = tcase_create("decide");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, decide_agrees_with_the_reference_in_every_context);
    tcase_add_test(tc, decide_agrees_with_the_reference_whoever_is_heard);
    tcase_add_test(tc, decide_a_voice_that_nobody_identified_closes_where_all_must_agree);
    tcase_add_test(tc, decide_agrees_with_the_reference_for_every_speaker);
    tcase_add_test(tc, decide_agrees_with_the_reference_for_every_set_of_bad_facts);
    tcase_add_test(tc, decide_every_reason_can_be_the_only_one);
    tcase_add_test(tc, decide_forgetting_a_fact_never_permits);
    tcase_add_test(tc, decide_two_speakers_allow_what_both_allow);
    tcase_add_test(tc, decide_one_dissenter_among_sixteen_is_enough);
    tcase_add_test(tc, decide_nothing_known_is_denied_for_every_purpose);
    tcase_add_test(tc, decide_malformed_input_is_denied);
    tcase_add_test(tc, decide_a_request_needs_a_person_and_no_consent);
    tcase_add_test(tc, decide_a_stale_policy_closes_what_others_have_something_of);
    tcase_add_test(tc, decide_facts_from_a_record);
    tcase_add_test(tc, deny_every_reason_has_its_own_name_and_words);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
