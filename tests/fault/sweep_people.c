/* People, what they say, and what follows from it. */
#include "fault/sweep.h"
#include <sodium.h>
#include <stdio.h>
#include <voicepriv/past.h>
#include <voicepriv/places.h>

#define TRAIN VPRIV_PURPOSE_IMPROVE_BY_MACHINE

static vpriv_status add_subject(struct sweep *s)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    return vpriv_subject_add(s->life.vault, VPRIV_SUBJECT_USER, "Cleo", "cleo@example.org", id);
}

static vpriv_status erase_subject(struct sweep *s)
{
    return vpriv_subject_erase(s->life.vault, s->life.ada, NULL);
}

static vpriv_status add_notice(struct sweep *s)
{
    const vpriv_notice notice = {sizeof notice, "history", "2", "en", "We keep it longer.", 18};
    return vpriv_notice_add(s->life.vault, &notice, NULL);
}

static vpriv_status give(struct sweep *s)
{
    return life_give(&s->life, s->life.ada, TRAIN);
}

static vpriv_status refuse(struct sweep *s)
{
    return vpriv_consent_refuse(s->life.vault, s->life.ada, TRAIN, NULL, NULL);
}

static vpriv_status withdraw(struct sweep *s)
{
    return vpriv_consent_withdraw(
        s->life.vault, s->life.ada, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL);
}

static bool look(void *user, const vpriv_consent_record *record)
{
    (void)record;
    ++*(size_t *)user;
    return true;
}

static vpriv_status list_consents(struct sweep *s)
{
    return vpriv_consent_list(s->life.vault, s->life.ada, true, look, &s->n_out);
}

static void say_that_the_past_counts(struct sweep *s)
{
    const vpriv_consent_evidence past = {
        .struct_size = sizeof past, .notice_id = "history", .covers_past = true};
    ck_ok(vpriv_consent_give(s->life.vault, s->life.ada, TRAIN, &past, NULL));
}

static vpriv_status cover_past(struct sweep *s)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    return vpriv_consent_apply_to_past(
        s->life.vault, s->life.owner, s->life.ada, TRAIN, "sweeper", NULL, NULL, &report);
}

static vpriv_status add_speaker(struct sweep *s)
{
    return vpriv_recording_add_speaker(s->life.vault, &s->recordings[0], s->bob,
        VPRIV_SUBJECT_GUEST, "sweeper", SWEEP_REASON, NULL);
}

static vpriv_status pause_review(struct sweep *s)
{
    return vpriv_purpose_pause(
        s->life.vault, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), "sweeper", SWEEP_REASON);
}

static void be_paused(struct sweep *s)
{
    ck_ok(pause_review(s));
}

static vpriv_status resume_review(struct sweep *s)
{
    return vpriv_purpose_resume(
        s->life.vault, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), "sweeper", SWEEP_REASON);
}

static vpriv_status move_home(struct sweep *s)
{
    return vpriv_subject_set_home(s->life.vault, s->life.ada, "DE");
}

static vpriv_status set_birth(struct sweep *s)
{
    return vpriv_subject_set_birth(s->life.vault, s->life.ada, 1980, 5);
}

static vpriv_status set_device(struct sweep *s)
{
    return vpriv_jurisdiction_set_device(s->life.vault, "DE", "sweeper");
}

static vpriv_status change_controller(struct sweep *s)
{
    const vpriv_controller buyer = {sizeof buyer, "buyer", "Buyer AG", "CH"};
    return vpriv_controller_change(s->life.vault, &buyer, "sweeper", NULL);
}

static void have_authority(struct sweep *s)
{
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES];
    s->n_text = (size_t)snprintf(s->text, sizeof s->text,
        "{\"voicepriv_policy\": 1, \"epoch\": 1, \"issued\": \"2026-09-01\","
        " \"effective\": \"2026-09-01\", \"time_to_live\": \"P30D\", \"issuer\": \"acme\"}");
    ck_ok(vpriv_authority_make(seed, s->key));
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, s->text, s->n_text, seed, s->signature));
}

static vpriv_status trust_authority(struct sweep *s)
{
    return vpriv_jurisdiction_trust(s->life.vault, s->key, "sweeper");
}

static void trust_already(struct sweep *s)
{
    have_authority(s);
    ck_ok(trust_authority(s));
}

static vpriv_status publish(struct sweep *s)
{
    return vpriv_policy_publish(s->life.vault, s->text, s->n_text, s->signature);
}

/* A line from a surface that the vault trusts: Ada says no there. */
static void hear_from_elsewhere(struct sweep *s)
{
    uint8_t seed[VPRIV_SURFACE_SEED_BYTES], secret[crypto_sign_SECRETKEYBYTES];
    vpriv_surface_event event = {.struct_size = sizeof event,
        .surface = "phone",
        .sequence = 1,
        .time_us = s->life.clock_us / 1000000 * 1000000,
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .event = VPRIV_CONSENT_EVENT_WITHDRAW,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    memset(seed, 7, sizeof seed);
    memcpy(event.subject, s->life.ada, sizeof event.subject);
    memset(event.record_id, 0x11, sizeof event.record_id);
    event.record_id[6] = 0x41;
    event.record_id[8] = 0x81;
    crypto_sign_seed_keypair(s->key, secret, seed);
    ck_ok(vpriv_surface_trust(s->life.vault, "phone", s->key, "sweeper"));
    ck_ok(vpriv_surface_event_sign(&event, seed, s->text));
    s->n_text = strlen(s->text);
}

static vpriv_status trust_surface(struct sweep *s)
{
    return vpriv_surface_trust(s->life.vault, "phone", s->key, "sweeper");
}

static vpriv_status sync_in(struct sweep *s)
{
    vpriv_sync_result result = {.struct_size = sizeof result};
    return vpriv_consent_sync(s->life.vault, s->text, s->n_text, NULL, NULL, &result);
}

static bool take_line(void *user, const char *text, size_t n_bytes)
{
    return sweep_take(user, text, n_bytes) == VPRIV_OK;
}

static vpriv_status sync_out(struct sweep *s)
{
    return vpriv_consent_export_events(s->life.vault, take_line, s);
}

static vpriv_status go_private(struct sweep *s)
{
    vpriv_profile_outcome outcome = {.struct_size = sizeof outcome};
    return vpriv_profile_private(s->life.vault, s->life.ada, NULL, &outcome);
}

const struct operation sweep_people[] = {
    {"subject add", NULL, NULL, add_subject, SWEEP_AGAIN},
    {"subject erase", NULL, NULL, erase_subject, 0},
    {"subject home", NULL, NULL, move_home, 0},
    {"subject birth", NULL, NULL, set_birth, 0},
    {"notice add", NULL, NULL, add_notice, 0},
    {"consent give", NULL, NULL, give, SWEEP_AGAIN},
    {"consent refuse", NULL, NULL, refuse, SWEEP_AGAIN},
    {"consent withdraw", NULL, NULL, withdraw, SWEEP_AGAIN},
    {"consent list", NULL, NULL, list_consents, 0},
    {"profile private", NULL, NULL, go_private, SWEEP_STEPS},
    {"cover past", say_that_the_past_counts, NULL, cover_past, SWEEP_STEPS},
    {"add speaker", NULL, NULL, add_speaker, 0},
    {"pause", NULL, NULL, pause_review, 0},
    {"resume", be_paused, NULL, resume_review, 0},
    {"device place", NULL, NULL, set_device, 0},
    {"controller", NULL, NULL, change_controller, 0},
    {"authority trust", have_authority, NULL, trust_authority, 0},
    {"policy publish", trust_already, NULL, publish, 0},
    {"surface trust", have_authority, NULL, trust_surface, 0},
    {"sync import", hear_from_elsewhere, NULL, sync_in, 0},
    {"sync export", NULL, NULL, sync_out, 0},
};
const size_t n_sweep_people = sizeof sweep_people / sizeof sweep_people[0];
