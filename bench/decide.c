/* A decision about four people who speak at once, each at home somewhere else: what is pure of it. Reading
 * the facts from a vault is in the rows of the vault. */
#include "bench.h"
#include "consent/rules.h"
#include <string.h>

#define N_SPEAKERS  4
#define N_DECISIONS 1000
#define N_SLICES    20
#define NOW_US      INT64_C(1795336216000000) /* 2026-11-22 */
#define PURPOSE     VPRIV_PURPOSE_HUMAN_REVIEW
#define BIT         VPRIV_PURPOSE_BIT

static vpriv_rules homes[N_SPEAKERS];
static vpriv_decision_input input;
static uint32_t n_denied;

/* A place with a profile: two terms and a time in which something is stopped. */
static vpriv_rules rules_of(const char *place, const char *profile, unsigned age, uint16_t n_days)
{
    vpriv_rules rules = {.struct_size = sizeof rules,
        .valid_until_us = VPRIV_TIME_FOREVER_US,
        .minimum_age = age,
        .all_parties = true,
        .forbidden = BIT(VPRIV_PURPOSE_SPEAKER_IDENTIFICATION),
        .express = BIT(PURPOSE)};
    memcpy(rules.place, place, strlen(place));
    memcpy(rules.profiles, profile, strlen(profile));
    vpi_rules_add_term(&rules, (vpriv_rules_term){BIT(PURPOSE), 0, n_days});
    vpi_rules_add_term(&rules, (vpriv_rules_term){BIT(VPRIV_PURPOSE_KEEP_HISTORY), 36, 0});
    vpi_rules_add_stop(
        &rules, (vpriv_rules_stop){BIT(PURPOSE), NOW_US + n_days, VPRIV_TIME_FOREVER_US});
    return rules;
}

static void prepare(void)
{
    homes[0] = rules_of("DE", "eu", 16, 90);
    homes[1] = rules_of("US-CA", "us-ca", 13, 180);
    homes[2] = rules_of("US-IL", "us-il", 13, 365);
    homes[3] = rules_of("US", "us", 13, 730);
    input = (vpriv_decision_input){.struct_size = sizeof input,
        .operation = VPRIV_DECISION_READ,
        .purpose = PURPOSE,
        .purpose_defined = VPRIV_FACT_YES,
        .purpose_storable = VPRIV_FACT_YES,
        .now_us = NOW_US,
        .jurisdiction_known = VPRIV_FACT_YES,
        .lawful_here = VPRIV_FACT_YES,
        .paused = VPRIV_FACT_NO,
        .triggered_by_person = VPRIV_FACT_YES,
        .recipient_known = VPRIV_FACT_YES,
        .all_parties = VPRIV_FACT_YES,
        .all_identified = VPRIV_FACT_YES,
        .policy_age_us = 1,
        .policy_ttl_us = VPRIV_TIME_FOREVER_US,
        .recording_state = VPRIV_RECORDING_COMMITTED,
        .retention_until_us = VPRIV_TIME_FOREVER_US,
        .n_subjects = N_SPEAKERS};
    for (size_t i = 0; i < N_SPEAKERS; i++)
        input.subjects[i] = (vpriv_decision_subject){.subject_class = VPRIV_SUBJECT_USER,
            .state = VPRIV_CONSENT_GIVEN,
            .valid_until_us = VPRIV_TIME_FOREVER_US,
            .uses_known = VPRIV_FACT_YES,
            .uses_left = VPRIV_USES_UNLIMITED,
            .notice_current = VPRIV_FACT_YES,
            .recipient_named = VPRIV_FACT_YES,
            .has_grant_key = VPRIV_FACT_YES,
            .child_rule_holds = VPRIV_FACT_YES,
            .form_suffices = VPRIV_FACT_YES};
}

static void decide(void)
{
    uint32_t reasons = 1;
    BENCH_TRY(vpriv_decide(&input, &reasons));
    n_denied += reasons != 0;
}

static void run_decide(void *user)
{
    (void)user;
    for (int i = 0; i < N_DECISIONS; i++)
        decide();
}

static vpriv_fact fact(bool holds)
{
    return holds ? VPRIV_FACT_YES : VPRIV_FACT_NO;
}

/* As the vault does it: what holds here, and the stricter of that and of each home. */
static void run_rules(void *user)
{
    const vpi_birth grown_up = {1990, 6};
    (void)user;
    for (int i = 0; i < N_DECISIONS; i++) {
        vpriv_rules here = homes[0], joint;
        bool is_paused = vpi_rules_stop_now(&here, PURPOSE, NOW_US);
        joint = here;
        for (size_t k = 0; k < N_SPEAKERS; k++) {
            vpriv_rules own = here;
            vpi_rules_join(&own, &homes[k]);
            is_paused = is_paused || vpi_rules_stop_now(&homes[k], PURPOSE, NOW_US);
            vpi_rules_join(&joint, &own);
            input.subjects[k].child_rule_holds = fact(vpi_rules_child_holds(
                &own, VPRIV_SUBJECT_USER, grown_up, VPRIV_CONSENT_BY_PERSON, NOW_US, NOW_US));
            input.subjects[k].form_suffices =
                fact(vpi_rules_form_suffices(&own, PURPOSE, VPRIV_CONSENT_METHOD_TAP));
        }
        input.retention_until_us = vpriv_rules_keep_until(&joint, PURPOSE, NOW_US);
        input.lawful_here = fact(!(joint.forbidden & BIT(PURPOSE)));
        input.all_parties = fact(joint.all_parties);
        input.paused = fact(is_paused);
        decide();
    }
}

void bench_decide(const bench_setting *setting)
{
    bench_contender c[] = {{run_decide, NULL, {0}, {0}}, {run_rules, NULL, {0}, {0}}};
    static const char *const names[] = {"from its facts", "with the rules of four homes joined"};
    (void)setting;
    bench_group("A decision about 4 speakers");
    prepare();
    bench_race(c, 2, N_SLICES);
    if (n_denied != 0)
        bench_die("it was denied");
    for (int i = 0; i < 2; i++) {
        double us[BENCH_ROUNDS];
        for (int round = 0; round < BENCH_ROUNDS; round++)
            us[round] = c[i].cpu_ns[round] / (N_SLICES * N_DECISIONS * 1e3);
        bench_row(names[i], "us", us, BENCH_ROUNDS, BENCH_AT_MOST, 1);
    }
}
