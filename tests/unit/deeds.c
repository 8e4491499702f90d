#include "deeds.h"
#include "vault/blocks.h"
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/places.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>
#include <voicepriv/sync.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define FAULT  VPRIV_PURPOSE_DIAGNOSE_FAULT

#define SOURCE "\"source\":{\"law\":\"L\",\"article\":\"1\",\"looked_up\":\"2026-11-01\"}}"
#define PROFILE                                                                                    \
    "{\"voicepriv_jurisdiction\":1,\"name\":\"test\",\"title\":\"T\",\"note\":\"N\",\"revision\":" \
    "%d,\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\",\"places\":[\"DE\"],"          \
    "\"rules\":[{\"rule\":\"all_parties\",\"required\":false," SOURCE "]}"
#define POLICY                                                                                     \
    "{\"voicepriv_policy\":1,\"epoch\":%d,\"issued\":\"2026-11-22\",\"effective\":\"2026-11-22\"," \
    "\"time_to_live\":\"P30D\",\"issuer\":\"acme\"}"
#define ORDER                                                                                      \
    "{\"voicepriv_pause\":1,\"number\":%d,\"action\":\"pause\",\"purposes\":[\"donation\"],"       \
    "\"where\":[\"FR\"],\"issuer\":\"acme\",\"reason\":\"stop\"}"

/* The document's text is printed into json before. */
static char json[2048];
static uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];

bool deeds_prepare;

static void sign(deeds *d, vpriv_document_kind kind)
{
    deeds_prepare = true;
    ck_ok(vpriv_authority_sign(kind, json, strlen(json), d->seed, signature));
    deeds_prepare = false;
}

vpriv_status deeds_install(deeds *d, int revision)
{
    snprintf(json, sizeof json, PROFILE, revision);
    sign(d, VPRIV_DOCUMENT_JURISDICTION);
    return vpriv_jurisdiction_install(d->h.vault, json, strlen(json), signature, "test");
}

vpriv_status deeds_publish(deeds *d, int epoch)
{
    snprintf(json, sizeof json, POLICY, epoch);
    sign(d, VPRIV_DOCUMENT_POLICY);
    return vpriv_policy_publish(d->h.vault, json, strlen(json), signature);
}

vpriv_status deeds_order(deeds *d, int number)
{
    snprintf(json, sizeof json, ORDER, number);
    sign(d, VPRIV_DOCUMENT_PAUSE);
    return vpriv_pause_order(d->h.vault, json, strlen(json), signature);
}

vpriv_status deeds_sync(deeds *d, uint64_t number, vpriv_consent_event what)
{
    char line[VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event e = {.struct_size = sizeof e,
        .surface = "app",
        .sequence = number,
        .time_us = HOUSEHOLD_START_US,
        .purpose = REVIEW,
        .event = what,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .retention = VPRIV_RETENTION_UNTIL_ERASED};
    memcpy(e.subject, d->h.bob, sizeof e.subject);
    crypto_hash_sha256(e.notice, (const uint8_t *)"We keep what you say.", 21);
    memset(e.record_id, (int)number, sizeof e.record_id);
    e.record_id[6] = 0x40;
    e.record_id[8] = 0x80;
    ck_ok(vpriv_surface_event_sign(&e, d->seed, line));
    return vpriv_consent_sync(d->h.vault, line, strlen(line), NULL, NULL, NULL);
}

/* ---- the vault ---- */

static vpriv_status record_in(
    vpriv_vault *vault, const vpi_sealer_request *request, vpriv_recording_id *id_out)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES], packet[40] = {0x48};
    vpriv_status st = vpi_sealer_create(vault, request, &sealer);
    if (st == VPRIV_OK)
        memcpy(id_out->bytes, vpi_sealer_recording_id(sealer), sizeof id_out->bytes);
    if (st == VPRIV_OK)
        st = vpi_sealer_commit(sealer);
    for (uint64_t i = 0; st == VPRIV_OK && i < 2; i++) {
        vpi_block_clear(&builder, i * 960);
        packet[1] = (uint8_t)i;
        ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
        vpi_block_finish(&builder, plain);
        st = i == 0 ? vpi_sealer_write(sealer, plain, 1)
                    : vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 2 * 960);
    }
    vpi_sealer_destroy(sealer);
    return st;
}

vpriv_status deeds_record(deeds *d, const vpi_sealer_request *request)
{
    vpriv_recording_id id;
    return record_in(d->h.vault, request, &id);
}

vpi_sealer_request deeds_request(deeds *d, bool both)
{
    vpi_sealer_request request = household_request(d->h.ada);
    request.optional = VPRIV_PURPOSE_BIT(REVIEW) | VPRIV_PURPOSE_BIT(FAULT);
    request.tag.retention = VPRIV_RETENTION_90_DAYS;
    if (both)
        memcpy(request.tag.subjects[request.tag.n_subjects++], d->h.bob, VPRIV_SUBJECT_ID_BYTES);
    return request;
}

vpriv_status deeds_derive(deeds *d, vpriv_derivative_id *made_out)
{
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .media_type = "text/plain",
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    return vpriv_derivative_add(d->h.vault, &d->ids[0], &about, "lights on", 9, made_out);
}

vpriv_status deeds_record_for_later(deeds *d)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    vpriv_recording_id id;
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = d->h.cell};
    const vpi_sealer_request request = deeds_request(d, false);
    vpriv_status st = vpriv_vault_capture_credential(d->h.vault, &credential);
    if (st == VPRIV_OK)
        st = vpriv_vault_open_for_capture(d->h.path, credential, &options, &capture);
    if (st == VPRIV_OK)
        st = record_in(capture, &request, &id);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    return st;
}

static void settle_in(deeds *d)
{
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    memset(d->seed, 7, sizeof d->seed);
    crypto_sign_seed_keypair(key, secret, d->seed);
    ck_ok(vpriv_jurisdiction_trust(d->h.vault, key, "test"));
    ck_ok(deeds_install(d, 1));
    ck_ok(vpriv_surface_trust(d->h.vault, "app", key, "test"));
    ck_ok(vpriv_subject_set_home(d->h.vault, d->h.ada, "DE"));
    ck_ok(vpriv_subject_set_birth(d->h.vault, d->h.ada, 1980, 5));
    ck_ok(deeds_order(d, 1));
    ck_ok(deeds_publish(d, 1));
    household_give(&d->h, d->h.ada, KEEP);
    household_give(&d->h, d->h.bob, KEEP);
    ck_ok(household_give_with(&d->h, d->h.ada, FAULT, (vpriv_consent_evidence){.max_uses = 1}));
    ck_ok(deeds_sync(d, 1, VPRIV_CONSENT_EVENT_GIVE));
}

void deeds_begin(deeds *d)
{
    memset(d, 0, sizeof *d);
    household_open(&d->h, HOUSEHOLD_FORGETS);
    settle_in(d);
    const vpi_sealer_request one = deeds_request(d, false), both = deeds_request(d, true);
    ck_ok(record_in(d->h.vault, &one, &d->ids[0]));
    ck_ok(deeds_derive(d, &d->made));
    household_file(&d->h, "old", d->old);
    ck_ok(vpriv_vault_backup(d->h.vault, d->old, 0, NULL, NULL));
    household_pass(&d->h, SECOND_US);
    ck_ok(record_in(d->h.vault, &one, &d->ids[1]));
    ck_ok(record_in(d->h.vault, &both, &d->ids[2]));
    vpriv_recording_id gone;
    ck_ok(record_in(d->h.vault, &one, &gone));
    ck_ok(vpriv_recording_restrict(
        d->h.vault, &d->ids[1], 1, VPRIV_RESTRICTION_DISPUTE, "test", "why"));
    ck_ok(vpriv_vault_erase(d->h.vault, &gone, 1, NULL));
    ck_ok(household_hear_in(d->h.vault, d->h.keyring, &d->ids[0], KEEP, NULL));
    ck_ok(household_give_with(
        &d->h, d->h.ada, REVIEW, (vpriv_consent_evidence){.covers_past = true}));
    ck_ok(vpriv_vault_checkpoint(d->h.vault, &d->checkpoint));
    ck_ok(deeds_listen(d, &d->sound));
    ck_ok(deeds_record_for_later(d));
    vpriv_vault_close(d->h.vault);
    d->h.vault = NULL;
    household_file(&d->h, "good", d->good);
    household_copy(&d->h, "good");
    memcpy(d->record, d->h.cell->record, sizeof d->h.cell->record);
}

void deeds_end(deeds *d)
{
    household_close(&d->h);
}

void deeds_restore(deeds *d)
{
    static const char *const more[] = {"-wal", "-shm"};
    char path[PATH_BYTES + 16];
    vpriv_vault_close(d->h.vault);
    d->h.vault = NULL;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        snprintf(path, sizeof path, "%s%s", d->h.path, more[i]);
        unlink(path);
    }
    household_copy_file(d->good, d->h.path);
    memcpy(d->h.cell->record, d->record, sizeof d->h.cell->record);
    d->h.cell->is_filled = true;
    d->h.cell->now_us = HOUSEHOLD_START_US + 2 * SECOND_US;
    d->receipt = (vpriv_receipt){.struct_size = sizeof d->receipt};
}

vpriv_gate_request deeds_ask_for(vpriv_purpose purpose)
{
    return (vpriv_gate_request){
        .struct_size = sizeof(vpriv_gate_request), .purpose = purpose, .actor = "test"};
}

vpriv_status deeds_listen(deeds *d, uint64_t *sound_out)
{
    const vpriv_gate_request request = deeds_ask_for(KEEP);
    vpriv_reader *reader = NULL;
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t sound = 14695981039346656037u;
    vpriv_status st = vpriv_gate_open(d->h.vault, d->h.keyring, &d->ids[0], &request, &reader);
    while (st == VPRIV_OK && !packet.is_end) {
        st = vpriv_gate_read_packet(reader, &packet);
        for (size_t i = 0; st == VPRIV_OK && i < packet.n_bytes; i++)
            sound = (sound ^ packet.data[i]) * 1099511628211u;
    }
    vpriv_gate_close(reader);
    *sound_out = sound;
    return st;
}

size_t deeds_count(void)
{
    return n_deeds + n_more_deeds;
}

const deed *deeds_at(size_t index)
{
    return index < n_deeds ? &all_deeds[index] : &more_deeds[index - n_deeds];
}
