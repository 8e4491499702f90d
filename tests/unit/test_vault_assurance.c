/* What lay under a root store that forgets only as well as it can is not forgotten any better because the root key
 * has moved since: receipts, the vault and its inventory say so, for exactly as long as it is so. */
#include "household.h"
#include "vault/receipt.h"
#include <string.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define WEAK   VPRIV_ASSURANCE_BEST_EFFORT
#define STRONG VPRIV_ASSURANCE_KEYED

static household h;
static vpriv_recording_id old, young;
static vpriv_root_store *cell; /* keyed; the household's own store is a key file */
static uint8_t cleo[VPRIV_SUBJECT_ID_BYTES];
static vpriv_receipt early; /* of an erasure before the move */

static vpriv_receipt erase(const vpriv_recording_id *recordings, size_t n)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase(h.vault, recordings, n, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, n);
    return receipt;
}

static void move_to(vpriv_root_store *to)
{
    ck_ok(vpriv_vault_move_root(h.vault, to, "owner"));
}

/* Ada and one recording from before the move, Cleo and one from after it. */
static void grow_up(void)
{
    household_open(&h, HOUSEHOLD_FILE);
    household_give(&h, h.ada, KEEP);
    const vpriv_recording_id gone = household_record(&h, h.ada);
    early = erase(&gone, 1);
    old = household_record(&h, h.ada);
    cell = household_root(h.cell);
    move_to(cell);
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, cleo));
    household_give(&h, cleo, KEEP);
    young = household_record(&h, cleo);
}

static void close_all(void)
{
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    vpriv_root_close(cell);
    household_close(&h);
}

static vpriv_assurance of_vault(void)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    return info.assurance;
}

static vpriv_receipt withdraw(const uint8_t *subject)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_consent_record_event(
        h.vault, subject, KEEP, VPRIV_CONSENT_EVENT_WITHDRAW, NULL, &receipt));
    return receipt;
}

START_TEST(an_old_recording_is_forgotten_as_its_first_store_forgets)
{
    ck_assert_int_eq(erase(&old, 1).assurance, WEAK);
    ck_assert_int_eq(erase(&young, 1).assurance, STRONG);
}
END_TEST

START_TEST(one_old_recording_is_enough)
{
    const vpriv_recording_id both[] = {young, old};
    ck_assert_int_eq(erase(both, 2).assurance, WEAK);
    /* Erased again nothing is destroyed. */
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase(h.vault, both, 2, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 0);
    ck_assert_int_eq(receipt.assurance, STRONG);
}
END_TEST

START_TEST(people_are_forgotten_as_well)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_subject_erase(h.vault, cleo, &receipt));
    ck_assert_int_eq(receipt.assurance, STRONG);
    erase(&old, 1);
    /* Without a recording: the person's own keys are old. */
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    ck_assert_int_eq(receipt.assurance, WEAK);
}
END_TEST

START_TEST(a_consent_ends_as_its_person_is_forgotten)
{
    ck_assert_int_eq(withdraw(cleo).assurance, STRONG);
    ck_assert_int_eq(withdraw(h.ada).assurance, WEAK);
}
END_TEST

/* Her keys are young, but the sound lay open to the old store before anybody asked her. */
START_TEST(a_speaker_who_is_added_later_gets_no_better_promise)
{
    ck_ok(vpriv_recording_add_speaker(
        h.vault, &old, cleo, VPRIV_SUBJECT_USER, "owner", "she spoke, too", NULL));
    ck_assert_int_eq(withdraw(cleo).assurance, WEAK);
}
END_TEST

START_TEST(what_was_made_is_forgotten_as_its_recording)
{
    const vpriv_derivative what = {.struct_size = sizeof what,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .purposes = UINT32_C(1) << KEEP,
        .made_by = "a recogniser",
        .media_type = "text/plain"};
    vpriv_derivative_id ids[2];
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_derivative_add(h.vault, &old, &what, "yes", 3, &ids[0]));
    ck_ok(vpriv_derivative_add(h.vault, &young, &what, "yes", 3, &ids[1]));
    ck_ok(vpriv_derivative_erase(h.vault, &ids[0], &receipt));
    ck_assert_int_eq(receipt.assurance, WEAK);
    ck_ok(vpriv_derivative_erase(h.vault, &ids[1], &receipt));
    ck_assert_int_eq(receipt.assurance, STRONG);
}
END_TEST

START_TEST(purging_and_erasing_by_time_weigh_each_recording)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_assert_int_eq(receipt.assurance, WEAK);
    young = household_record(&h, cleo);
    ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 1);
    ck_assert_int_eq(receipt.assurance, STRONG);
}
END_TEST

/* Setting aside gives a recording fresh keys; the old ones opened it all the same. */
START_TEST(fresh_keys_make_no_recording_younger)
{
    ck_ok(
        vpriv_recording_restrict(h.vault, &old, 1, VPRIV_RESTRICTION_DISPUTE, "owner", "they ask"));
    ck_ok(vpriv_recording_lift(h.vault, &old, 1, "owner", "settled"));
    ck_assert_int_eq(erase(&old, 1).assurance, WEAK);
}
END_TEST

START_TEST(the_vault_is_as_good_as_the_worst_in_it)
{
    ck_assert_int_eq(of_vault(), WEAK);
    erase(&old, 1);
    ck_assert_int_eq(of_vault(), WEAK);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, NULL));
    ck_ok(vpriv_subject_erase(h.vault, h.bob, NULL));
    ck_assert_int_eq(of_vault(), STRONG);
    /* Also for a handle that did not see the move, and behind further replacements. */
    erase(&young, 1);
    vpriv_vault_close(h.vault);
    ck_ok(vpriv_vault_open(h.path, cell, NULL, &h.vault));
    ck_assert_int_eq(of_vault(), STRONG);
}
END_TEST

START_TEST(there_and_back_is_a_move_out_of_a_weak_store)
{
    vpriv_root_store *file = h.root;
    move_to(file);
    ck_assert_int_eq(of_vault(), WEAK);
    ck_assert_int_eq(erase(&young, 1).assurance, WEAK);
    young = household_record(&h, cleo);
    move_to(cell);
    ck_assert_int_eq(erase(&young, 1).assurance, WEAK);
    young = household_record(&h, cleo);
    ck_assert_int_eq(erase(&young, 1).assurance, STRONG);
}
END_TEST

static vpriv_status drop(void *user, const void *bytes, size_t n_bytes)
{
    size_t *n = user;
    ck_assert_ptr_nonnull(bytes);
    *n += n_bytes;
    return VPRIV_OK;
}

static vpriv_status sign(vpriv_receipt receipt, vpriv_assurance assurance)
{
    size_t n = 0;
    receipt.assurance = assurance;
    return vpriv_receipt_sign(h.vault, &receipt, 1, NULL, drop, &n);
}

START_TEST(no_receipt_is_signed_that_promises_more_than_can_be)
{
    ck_assert_int_eq(early.assurance, WEAK);
    ck_ok(sign(early, WEAK));
    ck_fails(sign(early, STRONG), VPRIV_E_ARG);
    const vpriv_receipt late = erase(&young, 1);
    ck_ok(sign(late, STRONG));
    ck_ok(sign(late, WEAK));
    move_to(h.root);
    ck_fails(sign(late, STRONG), VPRIV_E_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: assurance");
    TCase *tests = tcase_create("assurance");
    tcase_add_checked_fixture(tests, grow_up, close_all);
    tcase_add_test(tests, an_old_recording_is_forgotten_as_its_first_store_forgets);
    tcase_add_test(tests, one_old_recording_is_enough);
    tcase_add_test(tests, people_are_forgotten_as_well);
    tcase_add_test(tests, a_consent_ends_as_its_person_is_forgotten);
    tcase_add_test(tests, a_speaker_who_is_added_later_gets_no_better_promise);
    tcase_add_test(tests, what_was_made_is_forgotten_as_its_recording);
    tcase_add_test(tests, purging_and_erasing_by_time_weigh_each_recording);
    tcase_add_test(tests, fresh_keys_make_no_recording_younger);
    tcase_add_test(tests, the_vault_is_as_good_as_the_worst_in_it);
    tcase_add_test(tests, there_and_back_is_a_move_out_of_a_weak_store);
    tcase_add_test(tests, no_receipt_is_signed_that_promises_more_than_can_be);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
