/* The rows of the capture policy about a person and about places, behind their seal, and what is decided
 * by them. The head names the hash of the places: here it names what there is. */
#include "fuzz/home.h"
#include "vault/decision.h"
#include "vault/places.h"
#include <sodium.h>

static uint8_t person_tag[VPI_TAG_BYTES], places_tag[VPI_TAG_BYTES];
static const home_rows person_rows = {
    .column = VPI_COLUMN_POLICY, .extra = person_tag, .n_extra_bytes = sizeof person_tag};
static const home_rows places_rows = {
    .column = VPI_COLUMN_POLICY, .extra = places_tag, .n_extra_bytes = sizeof places_tag};
static vpi_policy_subject policy;
static vpi_policy_head head;
static vpi_places places;

static void setup(void)
{
    home_open();
    const uint8_t *key = fuzz_home.vault->secrets->policy_key;
    vpi_blind_tag(key, "policy: subject", fuzz_home.ada.id, VPI_SUBJECT_ID_BYTES, person_tag);
    vpi_blind_tag(key, "policy: places", NULL, 0, places_tag);
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(person_rows);
    fuzz_must(vpi_policy_read_subject(fuzz_home.vault, fuzz_home.ada.id, &policy));
    home_seed_seen();
    fuzz_must(vpi_policy_read_head(fuzz_home.vault, &head));
    home_watch(places_rows);
    fuzz_must(vpi_places_load(fuzz_home.vault, &head, &places));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void try_person(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[VPI_POLICY_ROW_BYTES_MAX];
    const vpi_voices voices = {.subjects = fuzz_home.ada.id, .n_subjects = 1};
    home_swap(person_rows, data, n_bytes);
    const vpriv_status st = vpi_policy_read_subject(fuzz_home.vault, fuzz_home.ada.id, &policy);
    fuzz_check(home_n_swapped() == 1 && (st == VPRIV_OK || st == VPRIV_E_AUTH));
    for (int p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = 0;
        const vpriv_status asked = vpi_decide_capture(
            fuzz_home.vault, &voices, (vpriv_purpose)p, VPRIV_RETENTION_90_DAYS, &reasons, NULL);
        fuzz_check(st == VPRIV_OK || asked != VPRIV_OK || reasons != 0);
    }
    home_swap_end();
    if (st != VPRIV_OK)
        return;
    fuzz_check(policy.n_consents <= VPI_PURPOSES_MAX);
    vpi_writer w = vpi_writer_of(again, sizeof again);
    vpi_put_u8(&w, (uint8_t)policy.subject_class);
    vpi_subject_place_put(&w, &policy.at);
    vpi_put_u8(&w, (uint8_t)policy.n_consents);
    for (uint32_t i = 0; i < policy.n_consents; i++) {
        const vpi_policy_consent *consent = &policy.consents[i];
        vpi_put_u8(&w, (uint8_t)consent->purpose);
        vpi_put_u8(&w, (uint8_t)consent->state);
        vpi_put_u8(&w, (uint8_t)consent->by);
        vpi_put_u8(&w, (uint8_t)consent->method);
        vpi_put_bytes(&w, consent->record_id, sizeof consent->record_id);
        vpi_put_i64(&w, consent->said_us);
        vpi_put_i64(&w, consent->valid_until_us);
        vpi_put_bytes(&w, consent->notice, sizeof consent->notice);
        vpi_put_u32(&w, consent->max_uses);
        vpi_put_u32(&w, consent->uses);
    }
    fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
}

static void try_places(const uint8_t *data, size_t n_bytes)
{
    vpriv_rules device, controller;
    crypto_hash_sha256(head.places_hash, data, n_bytes);
    home_swap(places_rows, data, n_bytes);
    fuzz_must(vpi_places_load(fuzz_home.vault, &head, &places));
    fuzz_check(home_n_swapped() == 1 && places.n <= VPRIV_PLACES_MAX);
    home_swap_end();
    vpi_places_here(&places, &head, HOME_NOW_US, &device, &controller);
    if (places.n > 0) {
        uint8_t again[VPI_POLICY_ROW_BYTES_MAX];
        vpi_writer w = vpi_writer_of(again, sizeof again);
        vpi_put_u8(&w, (uint8_t)places.n);
        for (uint32_t i = 0; i < places.n; i++)
            vpi_rules_put(&w, &places.rules[i]);
        fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
    }
}

static void one(const uint8_t *data, size_t n_bytes)
{
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    try_places(data, n_bytes);
    try_person(data, n_bytes);
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_policy_row = {"policy_row", setup, one, VPI_POLICY_ROW_BYTES_MAX - 256, 300};
