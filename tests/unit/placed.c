#include "placed.h"
#include "vault/decision.h"
#include "vault/places.h"
#include <stdio.h>

const uint8_t test_seed[VPRIV_AUTHORITY_SEED_BYTES] = "a test's authority, not a secret";

household h;
uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES];
char text[8192];

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    ck_ok(vpriv_authority_make(seed, authority));
    ck_ok(vpriv_jurisdiction_trust(h.vault, authority, "test"));
}

void tear_down(void)
{
    household_close(&h);
}

const char *profile_of(const char *name, const char *places, int revision, const char *until,
    int age, const char *forbidden)
{
#define SOURCE "\"source\": {\"law\": \"L\", \"article\": \"1\", \"looked_up\": \"2026-11-01\"}}"
    snprintf(text, sizeof text,
        "{\"voicepriv_jurisdiction\": 1, \"name\": \"%s\", \"title\": \"T\", \"note\": \"N\","
        " \"revision\": %d, \"looked_up\": \"2026-11-01\", \"valid_until\": \"%s\","
        " \"places\": [%s], \"rules\": ["
        "{\"rule\": \"minimum_age\", \"years\": %d, \"younger\": \"guardian\", " SOURCE ","
        "{\"rule\": \"all_parties\", \"required\": false, " SOURCE ","
        "{\"rule\": \"voiceprints\", \"allowed\": true, " SOURCE ","
        "{\"rule\": \"forbidden\", \"purposes\": [%s], " SOURCE ","
        "{\"rule\": \"consent_form\", \"purposes\": [], \"form\": \"express\", " SOURCE ","
        "{\"rule\": \"longest_retention\", \"purposes\": [\"*\"], \"duration\": \"P10D\", " SOURCE
        "]}",
        name, revision, until, places, age, forbidden);
    return text;
}

vpriv_status install_signed_by(const uint8_t *by, const char *json)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), by, signature));
    return vpriv_jurisdiction_install(h.vault, json, strlen(json), signature, "test");
}

void install(const char *name, const char *places, const char *forbidden)
{
    ck_ok(install_signed_by(seed, profile_of(name, places, 1, "2027-11-01", 13, forbidden)));
}

vpriv_status publish(int epoch, const char *issued, const char *effective)
{
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    snprintf(text, sizeof text, POLICY, epoch, issued, effective);
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, text, strlen(text), seed, signature));
    return vpriv_policy_publish(h.vault, text, strlen(text), signature);
}

uint32_t why_not_in(
    vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose, vpriv_retention retention)
{
    const vpi_voices voices = {
        .subjects = subject, .n_subjects = 1, .all_identified = VPRIV_FACT_YES};
    uint32_t reasons = 0xdeadbeef;
    bool began = false;
    ck_ok(vpi_vault_enter(vault, false));
    ck_ok(vpi_vault_read_begin(vault, &began));
    ck_ok(vpi_decide_capture(vault, &voices, purpose, retention, &reasons, NULL));
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return reasons;
}

uint32_t why_not(vpriv_purpose purpose)
{
    return why_not_in(h.vault, h.ada, purpose, VPRIV_RETENTION_48_HOURS);
}

void put_seat(const char *country)
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

void put_everything(const char *place)
{
    put_seat(place);
    ck_ok(vpriv_jurisdiction_set_device(h.vault, place, "test"));
    ck_ok(vpriv_subject_set_home(h.vault, h.ada, place));
}

vpriv_vault *open_capture(vpriv_keyring **credential_out)
{
    vpriv_vault *capture = NULL;
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_capture_credential(h.vault, credential_out));
    ck_ok(vpriv_vault_open_for_capture(h.path, *credential_out, &options, &capture));
    return capture;
}

void ck_whole(void)
{
    vpriv_verification found = {.struct_size = sizeof found};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &found));
}
