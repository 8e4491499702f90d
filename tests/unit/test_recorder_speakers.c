/* S33, a shared kitchen: several people in one recording, guests, people nobody knows, and places where
 * everybody who is heard must agree. What is observed is which purposes open, through the gate. */
#include "sound.h"
#include "vault/places.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N_OPTIONAL 3
#define N_MASKS    (1 << N_OPTIONAL)
#define PEOPLE_MAX 4

static const vpriv_purpose purposes[N_OPTIONAL] = {
    VPRIV_PURPOSE_KEEP_HISTORY, VPRIV_PURPOSE_HUMAN_REVIEW, VPRIV_PURPOSE_IMPROVE_BY_MACHINE};

#define KEEP 1u /* the bit of keep_history in a mask below */

static household h;
/* For each mask as many people as can have it in one recording. */
static uint8_t people[N_MASKS][PEOPLE_MAX][VPRIV_SUBJECT_ID_BYTES];

static void add_people(void)
{
    for (unsigned mask = 0; mask < N_MASKS; mask++)
        for (unsigned i = 0; i < PEOPLE_MAX; i++) {
            ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "P", NULL, people[mask][i]));
            for (unsigned p = 0; p < N_OPTIONAL; p++)
                if (mask >> p & 1)
                    household_give(&h, people[mask][i], purposes[p]);
        }
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    add_people();
}

static void tear_down(void)
{
    household_close(&h);
}

static int64_t n_recordings(void)
{
    return household_count(&h, "SELECT count(*) FROM recording");
}

/* A tenth of a second of the voices of these people, one over the other. */
#define MIX_FRAMES (HOUSEHOLD_RATE_HZ / 10)
static vpriv_source *mix(const unsigned *masks, size_t n)
{
    static int16_t frames[MIX_FRAMES];
    static int16_t one[MIX_FRAMES];
    memset(frames, 0, sizeof frames);
    for (size_t i = 0; i < n; i++) {
        household_tone(one, MIX_FRAMES, 150 + 70.0 * (double)(masks[i] * PEOPLE_MAX + i), 0.2);
        for (size_t k = 0; k < MIX_FRAMES; k++)
            frames[k] = (int16_t)(frames[k] + one[k]);
    }
    return household_source(frames, MIX_FRAMES);
}

/* What opens of a recording. */
static unsigned observed(const vpriv_recording_id *recording)
{
    unsigned mask = 0;
    for (unsigned p = 0; p < N_OPTIONAL; p++) {
        const vpriv_status st = household_hear(&h, recording, purposes[p]);
        ck_assert(st == VPRIV_OK || st == VPRIV_E_CONSENT);
        mask |= st == VPRIV_OK ? 1u << p : 0;
    }
    return mask;
}

typedef struct tally {
    size_t n_mixes, n_stored;
    unsigned seen; /* masks that came out, as bits */
} tally;

/* People with these masks talk at once. */
static void try_mix(const unsigned *masks, size_t n, tally *sum)
{
    uint8_t subjects[PEOPLE_MAX][VPRIV_SUBJECT_ID_BYTES];
    unsigned expected = N_MASKS - 1;
    for (size_t i = 0; i < n; i++) {
        memcpy(subjects[i], people[masks[i]][i], sizeof subjects[i]);
        expected &= masks[i];
    }
    if (!(expected & KEEP)) /* required of every recording here */
        expected = 0;
    const vpriv_recorder_config config = household_config(subjects[0], n);
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_source *source = mix(masks, n);
    const int64_t n_before = n_recordings();
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    const vpriv_status st = vpriv_recorder_run(recorder, &household_button, &outcome);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    ck_assert_int_eq(st, expected ? VPRIV_OK : VPRIV_E_CONSENT);
    ck_assert_int_eq(n_recordings(), n_before + (expected ? 1 : 0));
    if (expected) {
        vpriv_recording_info info;
        ck_assert_uint_eq(observed(&outcome.recording), expected);
        ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
        uint32_t bits = 0;
        for (unsigned p = 0; p < N_OPTIONAL; p++)
            bits |= expected >> p & 1 ? VPRIV_PURPOSE_BIT(purposes[p]) : 0;
        ck_assert_uint_eq(info.purposes, bits);
        ck_assert_uint_eq(info.n_subjects, n);
    }
    sum->n_mixes++;
    sum->n_stored += expected != 0;
    sum->seen |= 1u << expected;
}

/* Every choice of n masks, in ascending order: who speaks first makes no difference to a recording,
 * whose subjects are sorted by their pseudonyms, which are random. */
static void every_mix(unsigned *masks, size_t n, size_t n_chosen, tally *sum)
{
    if (n_chosen == n) {
        try_mix(masks, n, sum);
        return;
    }
    for (unsigned mask = n_chosen ? masks[n_chosen - 1] : 0; mask < N_MASKS; mask++) {
        masks[n_chosen] = mask;
        every_mix(masks, n, n_chosen + 1, sum);
    }
}

START_TEST(s33_a_shared_kitchen_keeps_what_everybody_allows)
{
    static const size_t n_choices[PEOPLE_MAX + 1] = {0, 8, 36, 120, 330};
    unsigned masks[PEOPLE_MAX] = {0};
    tally sum = {0};
    every_mix(masks, (size_t)_i, 0, &sum);
    ck_assert_uint_eq(sum.n_mixes, n_choices[_i]);
    /* Of n people all have keep_history in as many choices as there are of n of the other 4 masks. */
    static const size_t n_kept[PEOPLE_MAX + 1] = {0, 4, 10, 20, 35};
    ck_assert_uint_eq(sum.n_stored, n_kept[_i]);
    ck_assert_uint_eq(sum.seen, 1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 7);
}
END_TEST

/* ---- guests and people nobody knows ---- */

static uint8_t *everything(size_t i)
{
    return people[N_MASKS - 1][i];
}

static vpriv_recorder_config both(void)
{
    static uint8_t two[2][VPRIV_SUBJECT_ID_BYTES];
    memcpy(two[0], everything(0), sizeof two[0]);
    memcpy(two[1], everything(1), sizeof two[1]);
    return household_config(two[0], 2);
}

/* Nothing of it is in the vault, and the words say why. */
static void ck_nothing(vpriv_status st, const char *why)
{
    ck_assert_int_eq(st, VPRIV_E_CONSENT);
    ck_assert_msg(strstr(vpriv_error_detail(), why), "%s", vpriv_error_detail());
    ck_assert_int_eq(n_recordings(), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
}

static const char *const strangers[2] = {"a guest is speaking", "somebody who is not known"};

static vpriv_recorder_config with_stranger(int which)
{
    vpriv_recorder_config config = both();
    config.n_guests = which == 0;
    config.n_unknown_speakers = which == 1;
    return config;
}

START_TEST(s33_a_shared_kitchen_with_a_stranger_keeps_nothing)
{
    const vpriv_recorder_config config = with_stranger(_i);
    const vpriv_recorder_config without = both();
    vpriv_trigger trigger = household_button;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    char path[PATH_BYTES];
    float *silence = calloc(HOUSEHOLD_RATE_HZ, sizeof *silence);
    /* A file, whole. */
    ck_nothing(household_try_record(h.vault, &config, &outcome), strangers[_i]);
    /* Live, from the configuration and from the trigger alone. */
    for (int by_trigger = 0; by_trigger <= 1; by_trigger++)
        for (int in_hub = 0; in_hub <= 1; in_hub++) {
            vpriv_hub *hub = NULL;
            if (in_hub)
                ck_ok(vpriv_hub_open(h.vault, NULL, &hub));
            sound_live_one l = sound_live_in(hub, &h, by_trigger ? &without : &config, 1000);
            trigger.n_guests = by_trigger && _i == 0;
            trigger.n_unknown_speakers = by_trigger && _i == 1;
            ck_nothing(vpriv_recorder_trigger(l.recorder, &trigger), strangers[_i]);
            ck_assert_int_eq(vpriv_recorder_state_now(l.recorder), VPRIV_RECORDER_RING);
            ck_assert_uint_eq(sound_live_push(&l, silence, 3200), 3200);
            ck_ok(vpriv_recorder_stop(l.recorder, NULL));
            vpriv_recorder_close(l.recorder);
            vpriv_capture_close(l.source);
            vpriv_hub_close(hub);
            ck_assert_int_eq(n_recordings(), 0);
        }
    /* Bulk import: longer than a file that one thread takes, and Ogg Opus as it is. */
    vpriv_trigger import = {.struct_size = sizeof import, .kind = VPRIV_TRIGGER_IMPORT};
    float *long_one = calloc((size_t)25 * HOUSEHOLD_RATE_HZ, sizeof *long_one);
    sound_noise(long_one, (size_t)25 * HOUSEHOLD_RATE_HZ, 7, 0.2f);
    for (int allowed = 0; allowed <= 1; allowed++) {
        vpriv_recorder *recorder = NULL;
        vpriv_source *source =
            sound_file(&h, HOUSEHOLD_RATE_HZ, 1, long_one, (size_t)25 * HOUSEHOLD_RATE_HZ);
        ck_ok(vpriv_recorder_open(h.vault, source, allowed ? &without : &config, &recorder));
        const vpriv_status st = vpriv_recorder_run(recorder, &import, &outcome);
        if (allowed)
            ck_ok(st);
        else
            ck_nothing(st, strangers[_i]);
        vpriv_recorder_close(recorder);
        vpriv_capture_close(source);
    }
    household_file(&h, "mix.opus", path);
    sound_export(&h, &outcome.recording, path);
    ck_ok(vpriv_vault_erase(h.vault, &outcome.recording, 1, NULL));
    const int64_t n_before = n_recordings();
    ck_assert_int_eq(vpriv_recorder_import_opus(h.vault, path, &config, &outcome), VPRIV_E_CONSENT);
    ck_assert_msg(strstr(vpriv_error_detail(), strangers[_i]), "%s", vpriv_error_detail());
    ck_assert_int_eq(n_recordings(), n_before);
    ck_ok(vpriv_recorder_import_opus(h.vault, path, &without, &outcome));
    ck_assert(outcome.is_stored);
    free(silence);
    free(long_one);
}
END_TEST

/* ---- places where everybody must agree ---- */

/* "QA": one party is enough; "QB": everybody. */
static void install_places(void)
{
    static char text[4096];
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    ck_ok(vpriv_authority_make(seed, key));
    ck_ok(vpriv_jurisdiction_trust(h.vault, key, "test"));
    for (int all = 0; all <= 1; all++) {
#define SOURCE "\"source\": {\"law\": \"L\", \"article\": \"1\", \"looked_up\": \"2026-11-01\"}}"
        snprintf(text, sizeof text,
            "{\"voicepriv_jurisdiction\": 1, \"name\": \"%s\", \"title\": \"T\", \"note\": \"N\","
            " \"revision\": 1, \"looked_up\": \"2026-11-01\", \"valid_until\": \"2027-11-01\","
            " \"places\": [\"%s\"], \"rules\": ["
            "{\"rule\": \"minimum_age\", \"years\": 13, \"younger\": \"guardian\", " SOURCE ","
            "{\"rule\": \"all_parties\", \"required\": %s, " SOURCE ","
            "{\"rule\": \"voiceprints\", \"allowed\": true, " SOURCE ","
            "{\"rule\": \"forbidden\", \"purposes\": [], " SOURCE ","
            "{\"rule\": \"consent_form\", \"purposes\": [], \"form\": \"express\", " SOURCE ","
            "{\"rule\": \"longest_retention\", \"purposes\": [\"*\"], \"duration\": \"P100D\","
            " " SOURCE "]}",
            all ? "allp" : "onep", all ? "QB" : "QA", all ? "true" : "false");
        ck_ok(
            vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, text, strlen(text), seed, signature));
        ck_ok(vpriv_jurisdiction_install(h.vault, text, strlen(text), signature, "test"));
    }
}

static void be_in(const char *device, const char *home)
{
    ck_ok(vpriv_jurisdiction_set_device(h.vault, device, "test"));
    for (size_t i = 0; i < PEOPLE_MAX; i++)
        ck_ok(vpriv_subject_set_home(h.vault, everything(i), home));
}

/* The controller's seat counts too, and is given at creation; here it moves. */
static void put_seat(const char *country)
{
    vpi_policy_head *head = NULL;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_head_change_begin(h.vault, &head));
    snprintf(head->settings.controller_country, VPRIV_COUNTRY_BYTES, "%s", country);
    ck_ok(vpi_places_compile(h.vault, head, NULL));
    ck_ok(vpi_head_change_commit(h.vault, head));
    vpi_vault_leave(h.vault);
    free(head);
}

static void set_up_places(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    install_places();
    put_seat("QA");
    add_people();
}

START_TEST(s33_a_shared_kitchen_where_all_must_agree_needs_to_know_that_these_are_all)
{
    static const struct {
        const char *device, *home;
        bool all_must_agree;
    } places[] = {{"QA", "QA", false}, {"QB", "QA", true}, {"QA", "QB", true},
        {"strict", "QA", true}, {"QA", "strict", true}, {"QC", "QA", true}};
    size_t n_stored = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        be_in(places[i].device, places[i].home);
        for (int told = 0; told < 9; told++) { /* by the configuration, and by the trigger */
            vpriv_recorder_config config = both();
            vpriv_trigger trigger = household_button;
            vpriv_outcome outcome = {.struct_size = sizeof outcome};
            vpriv_recorder *recorder = NULL;
            const unsigned masks[2] = {7, 7};
            config.all_identified = (vpriv_fact)(told / 3);
            trigger.all_identified = (vpriv_fact)(told % 3);
            const vpriv_fact fact =
                trigger.all_identified ? trigger.all_identified : config.all_identified;
            const bool may = !places[i].all_must_agree || fact == VPRIV_FACT_YES;
            vpriv_source *source = mix(masks, 2);
            ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
            const vpriv_status st = vpriv_recorder_run(recorder, &trigger, &outcome);
            ck_assert_msg(st == (may ? VPRIV_OK : VPRIV_E_CONSENT), "%s, %s, told %d: %s",
                places[i].device, places[i].home, told, vpriv_error_detail());
            if (!may)
                ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), strangers[1]));
            else
                ck_assert_uint_eq(observed(&outcome.recording), N_MASKS - 1);
            n_stored += may;
            vpriv_recorder_close(recorder);
            vpriv_capture_close(source);
        }
    }
    ck_assert_uint_eq(n_stored, 9 + 5 * 4);
    ck_assert_int_eq(n_recordings(), (int64_t)n_stored);
}
END_TEST

/* The same without the root, as a recording process decides. */
START_TEST(s33_a_shared_kitchen_is_the_same_without_the_root)
{
    static const char *const devices[2] = {"QA", "QB"};
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    for (int all = 0; all <= 1; all++) {
        vpriv_keyring *credential = NULL;
        vpriv_vault *capture = NULL;
        be_in(devices[all], "QA");
        ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
        ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &capture));
        for (int fact = 0; fact <= 2; fact++) {
            vpriv_outcome outcome = {.struct_size = sizeof outcome};
            vpriv_recorder_config config = both();
            config.all_identified = (vpriv_fact)fact;
            ck_assert_int_eq(household_try_record(capture, &config, &outcome),
                all && fact != VPRIV_FACT_YES ? VPRIV_E_CONSENT : VPRIV_OK);
            config.n_guests = 1;
            ck_assert_int_eq(household_try_record(capture, &config, &outcome), VPRIV_E_CONSENT);
        }
        vpriv_vault_close(capture);
        vpriv_keyring_close(credential);
    }
}
END_TEST

/* What was recorded where one party is enough stays shut where all must agree. */
START_TEST(s33_a_shared_kitchen_that_moves_is_closed_while_it_is_there)
{
    vpriv_outcome some = {.struct_size = sizeof some}, all = some;
    vpriv_recorder_config config = both();
    be_in("QA", "QA");
    config.all_identified = VPRIV_FACT_NO;
    ck_ok(household_try_record(h.vault, &config, &some));
    config.all_identified = VPRIV_FACT_YES;
    ck_ok(household_try_record(h.vault, &config, &all));
    ck_assert_uint_eq(observed(&some.recording), N_MASKS - 1);
    be_in("QB", "QA");
    ck_assert_uint_eq(observed(&some.recording), 0);
    ck_assert_uint_eq(observed(&all.recording), N_MASKS - 1);
    be_in("QA", "QA");
    ck_assert_uint_eq(observed(&some.recording), N_MASKS - 1);
}
END_TEST

/* ---- who speaks changes from trigger to trigger ---- */

START_TEST(a_trigger_names_who_speaks_and_everything_about_it)
{
    uint8_t named[2][VPRIV_SUBJECT_ID_BYTES];
    const vpriv_recorder_config config = household_config(everything(0), 1);
    float *sound = calloc(HOUSEHOLD_RATE_HZ, sizeof *sound);
    vpriv_trigger trigger = household_button;
    sound_noise(sound, HOUSEHOLD_RATE_HZ, 3, 0.3f);
    memcpy(named[0], people[KEEP][0], sizeof named[0]);
    memcpy(named[1], everything(1), sizeof named[1]);
    trigger.subjects = named[0];
    trigger.n_subjects = 2;
    sound_live_one l = sound_live(&h, &config, 1000);
    /* That the recorder's own one is everybody says nothing of these. */
    ck_nothing(vpriv_recorder_trigger(l.recorder, &trigger), strangers[1]);
    trigger.all_identified = VPRIV_FACT_YES;
    ck_ok(vpriv_recorder_trigger(l.recorder, &trigger));
    memset(named, 0, sizeof named); /* it was copied */
    ck_ok(vpriv_recorder_confirm(l.recorder));
    ck_assert_uint_eq(sound_live_push(&l, sound, 8000), 8000);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_finish(l.recorder, &outcome));
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
    ck_assert_uint_eq(info.n_subjects, 2);
    ck_assert_uint_eq(observed(&outcome.recording), KEEP);
    /* The next one is the recorder's again. */
    ck_ok(vpriv_recorder_trigger(l.recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(l.recorder));
    ck_assert_uint_eq(sound_live_push(&l, sound, 8000), 8000);
    outcome = sound_live_end(&l);
    ck_ok(vpriv_recording_about(h.vault, &outcome.recording, &info));
    ck_assert_uint_eq(info.n_subjects, 1);
    ck_assert_mem_eq(info.subjects[0], everything(0), VPRIV_SUBJECT_ID_BYTES);
    ck_assert_uint_eq(observed(&outcome.recording), N_MASKS - 1);
    free(sound);
}
END_TEST

START_TEST(more_speakers_than_fit_or_none_is_an_argument)
{
    uint8_t all[16][VPRIV_SUBJECT_ID_BYTES];
    static const struct {
        size_t n;
        uint32_t n_guests, n_unknown;
        bool good;
    } counts[] = {{16, 0, 0, true}, {16, 1, 0, false}, {16, 0, 1, false}, {8, 8, 0, true},
        {8, 4, 5, false}, {0, 1, 0, true}, {0, 0, 16, true}, {0, 0, 17, false}, {0, 0, 0, false},
        {1, UINT32_MAX, 0, false}, {1, UINT32_MAX, UINT32_MAX, false}};
    vpriv_source *source = mix(NULL, 0);
    for (size_t i = 0; i < 16; i++)
        memcpy(all[i], people[i / 2][i % 2], sizeof all[i]);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        vpriv_recorder *recorder = NULL;
        vpriv_recorder_config config = household_config(all[0], counts[i].n);
        config.n_guests = counts[i].n_guests;
        config.n_unknown_speakers = counts[i].n_unknown;
        ck_assert_int_eq(vpriv_recorder_open(h.vault, source, &config, &recorder),
            counts[i].good ? VPRIV_OK : VPRIV_E_ARG);
        vpriv_recorder_close(recorder);
    }
    vpriv_recorder_config config = household_config(all[0], 16);
    vpriv_recorder *recorder = NULL;
    vpriv_trigger trigger = household_button;
    trigger.n_guests = 1;
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_fails(vpriv_recorder_run(recorder, &trigger, NULL), VPRIV_E_ARG);
    trigger.n_guests = 0;
    trigger.n_subjects = 1;
    ck_fails(vpriv_recorder_run(recorder, &trigger, NULL), VPRIV_E_ARG);
    trigger.n_subjects = 0;
    trigger.all_identified = (vpriv_fact)3;
    ck_fails(vpriv_recorder_run(recorder, &trigger, NULL), VPRIV_E_ARG);
    vpriv_recorder_close(recorder);
    config.all_identified = (vpriv_fact)-1;
    ck_fails(vpriv_recorder_open(h.vault, source, &config, &recorder), VPRIV_E_ARG);
    vpriv_capture_close(source);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("recorder: speakers");
    TCase *kitchen = tcase_create("kitchen"), *tests = tcase_create("strangers"),
          *places = tcase_create("places");
    tcase_add_checked_fixture(kitchen, set_up, tear_down);
    tcase_add_loop_test(kitchen, s33_a_shared_kitchen_keeps_what_everybody_allows, 1, 5);
    tcase_set_timeout(kitchen, 120);
    suite_add_tcase(s, kitchen);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, s33_a_shared_kitchen_with_a_stranger_keeps_nothing, 0, 2);
    tcase_add_test(tests, a_trigger_names_who_speaks_and_everything_about_it);
    tcase_add_test(tests, more_speakers_than_fit_or_none_is_an_argument);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(s, tests);
    tcase_add_checked_fixture(places, set_up_places, tear_down);
    tcase_add_test(
        places, s33_a_shared_kitchen_where_all_must_agree_needs_to_know_that_these_are_all);
    tcase_add_test(places, s33_a_shared_kitchen_is_the_same_without_the_root);
    tcase_add_test(places, s33_a_shared_kitchen_that_moves_is_closed_while_it_is_there);
    tcase_set_timeout(places, 60);
    suite_add_tcase(s, places);
    return s;
}

int main(void)
{
    return unit_main(suite());
}
