/* "Off" means what the statement says: for every set of the first six purposes a household is recorded and
 * its effects are looked at: what the application was given, what the file has, whose keys open it. */
#include "consent/purpose.h"
#include "household.h"
#include "vault/decision.h"
#include <stdio.h>

#define N_MASKED 6
#define N_MASKS  (1u << N_MASKED)
#define EXECUTE  VPRIV_PURPOSE_EXECUTE_REQUEST
#define TRANSMIT VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION
#define KEEP     VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW   VPRIV_PURPOSE_HUMAN_REVIEW
#define MACHINE  VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define DEVELOP  VPRIV_PURPOSE_DEVELOP_NEW_FEATURES
#define BIT      VPRIV_PURPOSE_BIT

/* What was promised, written down apart from the library's tables. */
static const uint32_t promised_written = BIT(KEEP) | BIT(REVIEW) | BIT(MACHINE) | BIT(DEVELOP);
static const uint32_t promised_listen = BIT(REVIEW);
static const uint32_t promised_shared = BIT(TRANSMIT);

static household h;
static vpriv_keyring *keyrings[VPRIV_PURPOSES_MAX];

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++)
        ck_ok(vpriv_keyring_split(h.keyring, BIT(p), &keyrings[p]));
}

static void tear_down(void)
{
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++)
        vpriv_keyring_close(keyrings[p]);
    household_close(&h);
}

static void count_frames(void *user, const vpriv_frames *frames)
{
    *(size_t *)user += frames->n_frames;
}

/* Everything that the world can see of one recording. */
typedef struct observed {
    bool gave_frames;
    bool is_written;
    uint32_t opened_by;
    uint32_t may_send;
    uint64_t file_blocks;
} observed;

static int64_t blocks(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

/* Whose keys open it, and for what: with one key for one purpose only. */
static uint32_t openers(const vpriv_recording_id *recording)
{
    uint32_t opened_by = 0;
    for (int ring = 0; ring < VPRIV_PURPOSE_VENDOR_FIRST; ring++) {
        for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++) {
            const vpriv_status st =
                household_hear_in(h.vault, keyrings[ring], recording, (vpriv_purpose)p, NULL);
            if (st != VPRIV_OK)
                continue;
            ck_assert_msg(ring == p, "the key of %s opened it for %s",
                vpriv_purpose_name((vpriv_purpose)ring), vpriv_purpose_name((vpriv_purpose)p));
            opened_by |= BIT(p);
        }
    }
    return opened_by;
}

/* The answer an application acts on before it sends sound away. */
static bool may_send(const uint8_t *subject, vpriv_purpose purpose, vpriv_retention retention)
{
    const vpi_voices voices = {
        .subjects = subject, .n_subjects = 1, .all_identified = VPRIV_FACT_YES};
    uint32_t reasons = 0;
    ck_ok(vpi_vault_enter(h.vault, false));
    ck_ok(vpi_decide_capture(h.vault, &voices, purpose, retention, &reasons, NULL));
    vpi_vault_leave(h.vault);
    return reasons == 0;
}

static observed observe(const uint8_t *subject, vpriv_retention retention)
{
    observed seen = {0};
    size_t n_frames = 0;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder_config config = household_config(subject, 1);
    const int64_t before = blocks();
    config.retention = retention;
    config.frames = count_frames;
    config.frames_user = &n_frames;
    const vpriv_status st = household_try_record(h.vault, &config, &outcome);
    ck_assert_msg(st == VPRIV_OK || st == VPRIV_E_CONSENT, "%s: %s", vpriv_status_text(st),
        vpriv_error_detail());
    seen.gave_frames = n_frames > 0;
    seen.file_blocks = (uint64_t)(blocks() - before);
    seen.is_written = st == VPRIV_OK && outcome.is_stored;
    ck_assert(seen.is_written == (seen.file_blocks > 0));
    if (seen.is_written) {
        vpriv_recording_info info;
        seen.opened_by = openers(&outcome.recording);
        ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
        ck_assert_uint_eq(info.purposes, seen.opened_by); /* no wrap for anything else */
    }
    if (may_send(subject, TRANSMIT, retention))
        seen.may_send = BIT(TRANSMIT);
    return seen;
}

static vpriv_effects stated(const uint8_t *subject, vpriv_retention retention, bool with_frames)
{
    vpriv_effects effects = {.struct_size = sizeof effects};
    const vpriv_effects_request request = {.struct_size = sizeof request,
        .subjects = subject,
        .n_subjects = 1,
        .retention = retention,
        .with_frames = with_frames};
    ck_ok(vpriv_effects_now(h.vault, &request, &effects));
    return effects;
}

static void compare(uint32_t mask, const observed *seen, const vpriv_effects *effects)
{
    ck_assert_msg(seen->gave_frames == effects->gives_frames, "mask %x: frames", mask);
    ck_assert_msg(seen->is_written == effects->is_written, "mask %x: written", mask);
    ck_assert_msg(seen->opened_by == effects->opened_by, "mask %x: opened by %x, stated %x", mask,
        seen->opened_by, effects->opened_by);
    ck_assert_msg(
        seen->may_send == (effects->may_be_shared & BIT(TRANSMIT)), "mask %x: shared", mask);
}

/* And both against what was promised. */
static void compare_promise(uint32_t mask, vpriv_retention retention, const vpriv_effects *effects)
{
    const bool writes =
        retention != VPRIV_RETENTION_NONE && mask & BIT(KEEP) && mask & BIT(EXECUTE);
    ck_assert(effects->gives_frames == ((mask & BIT(EXECUTE)) != 0));
    ck_assert(effects->is_written == writes);
    ck_assert_uint_eq(effects->opened_by, writes ? mask & promised_written : 0);
    ck_assert_uint_eq(effects->people_listen, writes ? mask & promised_listen : 0);
    ck_assert_uint_eq(effects->may_be_shared, mask & promised_shared);
}

static void set_mask(const uint8_t *subject, uint32_t mask)
{
    for (int p = TRANSMIT; p < N_MASKED; p++)
        if (mask & BIT(p))
            household_give(&h, subject, (vpriv_purpose)p);
    uint32_t paused = 0;
    ck_ok(vpriv_purpose_paused(h.vault, &paused));
    if (!(mask & BIT(EXECUTE)) && !(paused & BIT(EXECUTE)))
        ck_ok(vpriv_purpose_pause(h.vault, BIT(EXECUTE), "test", "off"));
    if (mask & BIT(EXECUTE) && paused & BIT(EXECUTE))
        ck_ok(vpriv_purpose_resume(h.vault, BIT(EXECUTE), "test", NULL));
}

/* S5: each of the 64 sets, with a term and with "don't save". */
START_TEST(s5_every_mask_does_what_is_stated)
{
    static const vpriv_retention retentions[] = {VPRIV_RETENTION_90_DAYS, VPRIV_RETENTION_NONE};
    const uint32_t mask = (uint32_t)_i;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, subject));
    set_mask(subject, mask);
    for (size_t i = 0; i < sizeof retentions / sizeof retentions[0]; i++) {
        const vpriv_effects effects = stated(subject, retentions[i], true);
        const observed seen = observe(subject, retentions[i]);
        compare(mask, &seen, &effects);
        compare_promise(mask, retentions[i], &effects);
    }
}
END_TEST

/* Without a frames callback nothing goes to the application, and execute_request is not asked. */
START_TEST(test_without_frames)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    set_mask(h.ada, BIT(KEEP));
    const vpriv_effects effects = stated(h.ada, VPRIV_RETENTION_90_DAYS, false);
    ck_assert(effects.is_written && !effects.gives_frames);
    const vpriv_recorder_config config = household_config(h.ada, 1);
    ck_ok(household_try_record(h.vault, &config, &outcome));
    ck_assert(outcome.is_stored);
}
END_TEST

/* Several speakers: the statement is of what all of them allow. */
START_TEST(test_all_speakers)
{
    uint8_t both[2 * VPRIV_SUBJECT_ID_BYTES];
    vpriv_effects effects = {.struct_size = sizeof effects};
    vpriv_effects_request request = {.struct_size = sizeof request,
        .subjects = both,
        .n_subjects = 2,
        .retention = VPRIV_RETENTION_90_DAYS,
        .with_frames = true};
    memcpy(both, h.ada, sizeof h.ada);
    memcpy(both + sizeof h.ada, h.bob, sizeof h.bob);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    ck_ok(vpriv_effects_now(h.vault, &request, &effects));
    ck_assert_uint_eq(effects.in_force, BIT(EXECUTE));
    ck_assert(!effects.is_written);
    household_give(&h, h.bob, KEEP);
    ck_ok(vpriv_effects_now(h.vault, &request, &effects));
    ck_assert_uint_eq(effects.in_force, BIT(EXECUTE) | BIT(KEEP));
    ck_assert(effects.is_written);
    ck_assert_uint_eq(effects.opened_by, BIT(KEEP));
    request.starts_by_itself = true;
    ck_ok(vpriv_effects_now(h.vault, &request, &effects));
    ck_assert_uint_eq(effects.in_force, BIT(KEEP));
    ck_assert(!effects.gives_frames && !effects.is_written);
}
END_TEST

/* A statement of one purpose says what a consent record says of it. */
START_TEST(test_records_say_the_same)
{
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++) {
        const vpriv_purpose_info *about = vpriv_purpose_about((vpriv_purpose)p);
        vpriv_effect effect;
        ck_ok(vpriv_effect_of((vpriv_purpose)p, &effect));
        ck_assert(effect.is_written == ((effect.operations & VPRIV_PROCESSING_STORE) != 0));
        ck_assert(effect.is_written == (effect.opened_by == BIT(p)));
        ck_assert(effect.is_written || effect.opened_by == 0);
        ck_assert(effect.people_listen == (p == REVIEW));
        if (about->basis == VPRIV_PURPOSE_BASIS_CONSENT)
            household_give(&h, h.ada, (vpriv_purpose)p);
    }
}
END_TEST

static bool same_operations(void *user, const vpriv_consent_record *record)
{
    vpriv_effect effect;
    ck_ok(vpriv_effect_of(record->purpose, &effect));
    ck_assert_uint_eq(record->operations, effect.operations);
    ck_assert_int_eq((int)record->human_involvement, (int)effect.human_involvement);
    ck_assert_uint_eq(record->max_uses, effect.uses_max);
    ++*(int *)user;
    return true;
}

START_TEST(test_records_have_the_operations)
{
    int n = 0;
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++)
        if (vpriv_purpose_about((vpriv_purpose)p)->basis == VPRIV_PURPOSE_BASIS_CONSENT)
            household_give(&h, h.ada, (vpriv_purpose)p);
    ck_ok(vpriv_consent_list(h.vault, h.ada, false, same_operations, &n));
    ck_assert_int_eq(n, 12);
}
END_TEST

/* The words follow the facts: change a fact, and the sentence changes. */
START_TEST(test_words)
{
    char text[VPRIV_EFFECT_TEXT_BYTES], other[VPRIV_EFFECT_TEXT_BYTES];
    vpriv_effect effect;
    ck_ok(vpriv_effect_of(REVIEW, &effect));
    vpriv_effect_text(&effect, text);
    ck_assert_ptr_nonnull(strstr(text, "Is written: a sealed recording"));
    ck_assert_ptr_nonnull(strstr(text, "the key of human_review; people listen"));
    effect.people_listen = false;
    ck_assert_str_ne(vpriv_effect_text(&effect, other), text);
    effect.is_written = false;
    ck_assert_ptr_nonnull(strstr(vpriv_effect_text(&effect, other), "Is written: nothing"));
    effect.may_be_shared = true;
    ck_assert_ptr_nonnull(strstr(vpriv_effect_text(&effect, other), "recipients"));
    /* Everything at once fits. */
    const vpriv_effects all = {.struct_size = sizeof all,
        .in_force = UINT32_MAX,
        .gives_frames = true,
        .may_be_shared = UINT32_MAX,
        .is_written = true,
        .opened_by = UINT32_MAX,
        .people_listen = UINT32_MAX,
        .retention = VPRIV_RETENTION_90_DAYS};
    ck_assert_uint_lt(strlen(vpriv_effects_text(&all, text)), sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Is written: a sealed recording, kept: 90d"));
}
END_TEST

START_TEST(test_arguments)
{
    vpriv_effect effect;
    vpriv_effects effects = {.struct_size = sizeof effects};
    const vpriv_effects_request nobody = {.struct_size = sizeof nobody};
    ck_fails(vpriv_effect_of((vpriv_purpose)32, &effect), VPRIV_E_ARG);
    ck_fails(vpriv_effect_of(KEEP, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_effects_now(h.vault, &nobody, &effects), VPRIV_E_ARG);
    ck_fails(vpriv_effects_now(h.vault, NULL, &effects), VPRIV_E_ARG);
    effects.struct_size = 0;
    ck_fails(vpriv_effects_of(0, &nobody, &effects), VPRIV_E_ARG);
}
END_TEST

static vpriv_profile_outcome choose(vpriv_profile profile)
{
    vpriv_profile_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_profile_apply(h.vault, h.ada, profile, NULL, &outcome));
    return outcome;
}

static uint32_t in_force(void)
{
    return stated(h.ada, VPRIV_RETENTION_90_DAYS, true).in_force;
}

/* S32: exactly no optional purpose, don't save; and that is how everybody begins. */
START_TEST(s32_private_is_the_default)
{
    ck_assert_uint_eq(in_force(), BIT(EXECUTE));
    const uint64_t before = (uint64_t)household_count(&h, "SELECT count(*) FROM consent_record");
    vpriv_profile_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_profile_private(h.vault, h.ada, NULL, &outcome));
    ck_assert_uint_eq(outcome.withdrawn | outcome.refused | outcome.in_force | outcome.to_ask, 0);
    ck_assert_int_eq((int)outcome.retention, (int)VPRIV_RETENTION_NONE);
    /* The recorder's own default is the same. */
    ck_assert_int_eq((int)outcome.retention, (int)(vpriv_recorder_config){0}.retention);
    /* Nobody was asked, so nothing is on record. */
    ck_assert_uint_eq((uint64_t)household_count(&h, "SELECT count(*) FROM consent_record"), before);
    ck_assert_uint_eq(in_force(), BIT(EXECUTE));
}
END_TEST

START_TEST(s32_private_takes_everything_away)
{
    uint32_t given = 0;
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++) {
        if (vpriv_purpose_about((vpriv_purpose)p)->basis != VPRIV_PURPOSE_BASIS_CONSENT)
            continue;
        household_give(&h, h.ada, (vpriv_purpose)p);
        household_give(&h, h.bob, (vpriv_purpose)p);
        given |= BIT(p);
    }
    const vpriv_recording_id recording = household_record(&h, h.ada);
    ck_ok(household_hear(&h, &recording, KEEP));
    /* Nobody says where this is, and some purposes are nobody's to allow there. */
    const uint32_t lawful = given & ~vpriv_rules_strict()->forbidden;
    ck_assert_uint_eq(in_force(), lawful | BIT(EXECUTE));
    const vpriv_profile_outcome outcome = choose(VPRIV_PROFILE_PRIVATE);
    ck_assert_uint_eq(outcome.withdrawn, given);
    ck_assert_uint_eq(in_force(), BIT(EXECUTE));
    for (int p = 0; p < VPRIV_PURPOSE_VENDOR_FIRST; p++)
        ck_assert_int_ne((int)household_hear(&h, &recording, (vpriv_purpose)p), (int)VPRIV_OK);
    /* Of Ada alone. */
    ck_assert_uint_eq(stated(h.bob, VPRIV_RETENTION_90_DAYS, true).in_force, lawful | BIT(EXECUTE));
    /* Once more is nothing more. */
    ck_assert_uint_eq(choose(VPRIV_PROFILE_PRIVATE).withdrawn, 0);
}
END_TEST

/* A profile never gives: it says what has to be asked for. */
START_TEST(test_profiles_ask)
{
    for (int profile = 0; vpriv_profile_about((vpriv_profile)profile); profile++) {
        const vpriv_profile_choice *choice = vpriv_profile_about((vpriv_profile)profile);
        const vpriv_profile_outcome outcome = choose(choice->profile);
        ck_assert_uint_eq(outcome.to_ask, choice->purposes);
        ck_assert_uint_eq(outcome.in_force, 0);
        ck_assert_uint_eq(in_force(), BIT(EXECUTE));
    }
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, MACHINE);
    household_give(&h, h.ada, REVIEW);
    vpriv_profile_outcome outcome = choose(VPRIV_PROFILE_IMPROVE_BY_MACHINE);
    ck_assert_uint_eq(outcome.in_force, BIT(KEEP) | BIT(MACHINE));
    ck_assert_uint_eq(outcome.to_ask, 0);
    ck_assert_uint_eq(outcome.withdrawn, BIT(REVIEW));
    ck_assert_uint_eq(in_force(), BIT(EXECUTE) | BIT(KEEP) | BIT(MACHINE));
    outcome = choose(VPRIV_PROFILE_HISTORY);
    ck_assert_uint_eq(outcome.withdrawn, BIT(MACHINE));
    ck_assert_uint_eq(in_force(), BIT(EXECUTE) | BIT(KEEP));
    ck_assert_int_eq((int)outcome.retention, (int)VPRIV_RETENTION_3_MONTHS);
}
END_TEST

/* An open question is answered with no; "later" stays later. */
START_TEST(test_private_answers_open_questions)
{
    const vpriv_consent_evidence shown = {.struct_size = sizeof shown, .notice_id = "house"};
    ck_ok(vpriv_consent_record_event(
        h.vault, h.ada, REVIEW, VPRIV_CONSENT_EVENT_REQUEST, &shown, NULL));
    ck_ok(vpriv_consent_record_event(
        h.vault, h.ada, MACHINE, VPRIV_CONSENT_EVENT_REQUEST, &shown, NULL));
    ck_ok(
        vpriv_consent_record_event(h.vault, h.ada, MACHINE, VPRIV_CONSENT_EVENT_DEFER, NULL, NULL));
    const vpriv_profile_outcome outcome = choose(VPRIV_PROFILE_PRIVATE);
    ck_assert_uint_eq(outcome.refused, BIT(REVIEW));
    ck_assert_uint_eq(outcome.withdrawn, 0);
}
END_TEST

START_TEST(test_profile_names)
{
    vpriv_profile profile = VPRIV_PROFILE_PRIVATE;
    ck_ok(vpriv_profile_from_name("improve_by_machine", &profile));
    ck_assert_int_eq((int)profile, (int)VPRIV_PROFILE_IMPROVE_BY_MACHINE);
    ck_fails(vpriv_profile_from_name("Private", &profile), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_profile_from_name(NULL, &profile), VPRIV_E_ARG);
    ck_assert_ptr_null(vpriv_profile_about((vpriv_profile)3));
    ck_fails(vpriv_profile_apply(h.vault, h.ada, (vpriv_profile)3, NULL, NULL), VPRIV_E_ARG);
    uint8_t nobody[VPRIV_SUBJECT_ID_BYTES] = {1};
    ck_fails(vpriv_profile_private(h.vault, nobody, NULL, NULL), VPRIV_E_NOT_FOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("effects");
    TCase *masks = tcase_create("masks"), *others = tcase_create("others");
    tcase_add_checked_fixture(masks, set_up, tear_down);
    tcase_add_loop_test(masks, s5_every_mask_does_what_is_stated, 0, N_MASKS);
    suite_add_tcase(suite, masks);
    tcase_add_checked_fixture(others, set_up, tear_down);
    tcase_add_test(others, test_without_frames);
    tcase_add_test(others, test_all_speakers);
    tcase_add_test(others, test_records_say_the_same);
    tcase_add_test(others, test_records_have_the_operations);
    tcase_add_test(others, test_words);
    tcase_add_test(others, test_arguments);
    tcase_add_test(others, s32_private_is_the_default);
    tcase_add_test(others, s32_private_takes_everything_away);
    tcase_add_test(others, test_profiles_ask);
    tcase_add_test(others, test_private_answers_open_questions);
    tcase_add_test(others, test_profile_names);
    suite_add_tcase(suite, others);
    return unit_main(suite);
}
