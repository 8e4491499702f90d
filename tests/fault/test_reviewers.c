/* Who may not listen cannot: with every reviewer's key, the root key and the whole disk, by the format alone
 * and without asking the gate. */
#include "fault/attack.h"
#include "unit/household.h"
#include <stdio.h>

#define KEEP         VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW       VPRIV_PURPOSE_HUMAN_REVIEW
#define MACHINE      VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define BIT          VPRIV_PURPOSE_BIT
#define N_RECORDINGS 1000

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

static void tear_down(void)
{
    household_close(&h);
}

/* What is on the disk, the root key, and this keyring. */
static struct attack *attack_with(const vpriv_keyring *keyring)
{
    struct attack *attack = attack_create(h.vault->vault_id, keyring);
    ck_assert(attack_add_database(attack, h.path));
    attack_add_root(attack, h.cell->record);
    attack_solve(attack);
    return attack;
}

/* S1: review off, history and machine improvement on. */
START_TEST(s1_of_a_thousand_recordings_without_review_no_key_and_no_disk_opens_one)
{
    static vpriv_recording_id ids[N_RECORDINGS];
    vpriv_keyring *reviewer = NULL;
    size_t n_review = 0, n_keep = 0, n_machine = 0, n_by_reviewer = 0;
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, MACHINE);
    household_give(&h, h.bob, KEEP);
    household_give(&h, h.bob, REVIEW); /* there is a grant key for review, of somebody else */
    const vpriv_recording_id of_bob = household_quick(&h, h.bob);
    for (size_t i = 0; i < N_RECORDINGS; i++)
        ids[i] = household_quick(&h, h.ada);
    ck_ok(vpriv_keyring_split(h.keyring, BIT(REVIEW), &reviewer));
    struct attack *by_reviewer = attack_with(reviewer), *by_all = attack_with(h.keyring);
    for (size_t i = 0; i < N_RECORDINGS; i++) {
        const uint32_t opened = attack_opens(by_all, ids[i].bytes);
        n_review += (opened & BIT(REVIEW)) != 0;
        n_keep += (opened & BIT(KEEP)) != 0;
        n_machine += (opened & BIT(MACHINE)) != 0;
        n_by_reviewer += attack_opens(by_reviewer, ids[i].bytes) != 0;
    }
    ck_assert_uint_eq(n_review, 0);
    ck_assert_uint_eq(n_by_reviewer, 0);
    /* The same attack with the same disk opens all of them for what was allowed, and Bob's for review. */
    ck_assert_uint_eq(n_keep, N_RECORDINGS);
    ck_assert_uint_eq(n_machine, N_RECORDINGS);
    ck_assert_uint_eq(attack_opens(by_reviewer, of_bob.bytes), BIT(REVIEW));
    attack_destroy(by_reviewer);
    attack_destroy(by_all);
    vpriv_keyring_close(reviewer);
}
END_TEST

/* Asked before it was stored, and a yes that comes afterwards does not help the attacker either. */
START_TEST(s1_a_later_yes_gives_the_attacker_no_earlier_recording)
{
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id before = household_quick(&h, h.ada);
    household_give(&h, h.ada, REVIEW);
    const vpriv_recording_id after = household_quick(&h, h.ada);
    struct attack *attack = attack_with(h.keyring);
    ck_assert_uint_eq(attack_opens(attack, before.bytes), BIT(KEEP));
    ck_assert_uint_eq(attack_opens(attack, after.bytes), BIT(KEEP) | BIT(REVIEW));
    attack_destroy(attack);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: reviewers");
    TCase *tests = tcase_create("reviewers");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s1_of_a_thousand_recordings_without_review_no_key_and_no_disk_opens_one);
    tcase_add_test(tests, s1_a_later_yes_gives_the_attacker_no_earlier_recording);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
