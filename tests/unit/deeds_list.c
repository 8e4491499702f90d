#include "deeds.h"
#include <sodium.h>
#include <unistd.h>
#include <voicepriv/past.h>
#include <voicepriv/places.h>
#include <voicepriv/purge.h>
#include <voicepriv/recall.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>
#include <voicepriv/sync.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define FAULT  VPRIV_PURPOSE_DIAGNOSE_FAULT

#define DEED(name) static vpriv_status name(deeds *d)
#define V          d->h.vault

static vpriv_status nowhere(void *user, const void *bytes, size_t n)
{
    (void)user;
    (void)bytes;
    (void)n;
    return VPRIV_OK;
}

static bool see_recording(void *user, const vpriv_recording_info *info)
{
    (void)user;
    return info != NULL;
}

static bool see_subject(void *user, const vpriv_subject_info *info)
{
    (void)user;
    return info != NULL;
}

static bool see_consent(void *user, const vpriv_consent_record *record)
{
    (void)user;
    return record != NULL;
}

static bool see_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    (void)index;
    return entry != NULL;
}

static bool see_pause(void *user, const vpriv_pause *pause)
{
    (void)user;
    return pause != NULL;
}

static bool see_profile(void *user, const vpriv_profile_info *info)
{
    (void)user;
    return info != NULL;
}

static bool see_surface(void *user, const vpriv_surface_info *info)
{
    (void)user;
    return info != NULL;
}

static bool see_line(void *user, const char *line, size_t n)
{
    (void)user;
    return line != NULL && n > 0;
}

static bool see_derivative(void *user, const vpriv_derivative_info *info)
{
    (void)user;
    return info != NULL;
}

static bool see_recall(void *user, const vpriv_recall *recall)
{
    (void)user;
    return recall != NULL;
}

DEED(about)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    return vpriv_vault_about(V, &info);
}

DEED(list)
{
    const vpriv_recording_filter filter = {.struct_size = sizeof filter, .with_tombstones = true};
    return vpriv_recording_list(V, &filter, see_recording, NULL);
}

DEED(list_of_ada)
{
    const vpriv_recording_filter filter = {.struct_size = sizeof filter, .subject = d->h.ada};
    return vpriv_recording_list(V, &filter, see_recording, NULL);
}

DEED(list_since)
{
    const vpriv_recording_filter filter = {.struct_size = sizeof filter,
        .since_us = HOUSEHOLD_START_US + 1,
        .until_us = HOUSEHOLD_START_US + SECOND_US + 1};
    return vpriv_recording_list(V, &filter, see_recording, NULL);
}

DEED(recording_about)
{
    vpriv_recording_info info = {.struct_size = sizeof info};
    return vpriv_recording_about(V, &d->ids[0], &info);
}

DEED(subjects)
{
    return vpriv_subject_list(V, see_subject, NULL);
}

DEED(subject_add)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    return vpriv_subject_add(V, VPRIV_SUBJECT_USER, "Cem", NULL, id);
}

DEED(subject_erase)
{
    return vpriv_subject_erase(V, d->h.ada, &d->receipt);
}

DEED(set_home)
{
    return vpriv_subject_set_home(V, d->h.ada, "FR");
}

DEED(set_birth)
{
    return vpriv_subject_set_birth(V, d->h.bob, 2015, 3);
}

DEED(notice_add)
{
    const vpriv_notice notice = {sizeof notice, "house", "2", "en", "We keep more of it.", 19};
    return vpriv_notice_add(V, &notice, NULL);
}

DEED(consents)
{
    return vpriv_consent_list(V, d->h.ada, true, see_consent, NULL);
}

DEED(give)
{
    return household_give_with(
        &d->h, d->h.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE, (vpriv_consent_evidence){0});
}

DEED(refuse)
{
    return vpriv_consent_refuse(V, d->h.bob, VPRIV_PURPOSE_DONATION, NULL, NULL);
}

DEED(withdraw)
{
    return vpriv_consent_withdraw(V, d->h.ada, KEEP, NULL, NULL);
}

DEED(end_of_offer)
{
    return vpriv_consent_record_event(
        V, d->h.bob, KEEP, VPRIV_CONSENT_EVENT_REVOKE, NULL, &d->receipt);
}

DEED(sync_no)
{
    return deeds_sync(d, 2, VPRIV_CONSENT_EVENT_WITHDRAW);
}

DEED(export_events)
{
    return vpriv_consent_export_events(V, see_line, NULL);
}

DEED(surface_trust)
{
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(key, secret, d->seed);
    return vpriv_surface_trust(V, "web", key, "test");
}

DEED(surfaces)
{
    return vpriv_surface_list(V, see_surface, NULL);
}

DEED(pause_all)
{
    return vpriv_purpose_pause(V, VPRIV_PURPOSE_BIT(REVIEW), "test", "why");
}

DEED(resume_all)
{
    return vpriv_purpose_resume(V, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION), "test", "why");
}

DEED(pauses)
{
    return vpriv_pause_list(V, see_pause, NULL);
}

DEED(paused)
{
    uint32_t purposes = 0;
    return vpriv_purpose_paused(V, &purposes);
}

DEED(order_2)
{
    return deeds_order(d, 2);
}

DEED(publish_2)
{
    return deeds_publish(d, 2);
}

DEED(policy)
{
    vpriv_policy_info info;
    return vpriv_policy_about(V, &info);
}

DEED(install_2)
{
    return deeds_install(d, 2);
}

DEED(profiles)
{
    return vpriv_jurisdiction_list(V, see_profile, NULL);
}

DEED(rules)
{
    vpriv_rules rules;
    return vpriv_jurisdiction_rules(V, NULL, d->h.ada, &rules);
}

DEED(set_device)
{
    return vpriv_jurisdiction_set_device(V, "FR", "test");
}

DEED(trust)
{
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    ck_ok(vpriv_authority_make(seed, key));
    return vpriv_jurisdiction_trust(V, key, "test");
}

DEED(controller)
{
    const vpriv_controller c = {
        .struct_size = sizeof c, .id = "acme", .name = "Acme", .country = "DE"};
    return vpriv_controller_change(V, &c, "test", NULL);
}

DEED(record)
{
    const vpriv_recorder_config config = household_config(d->h.ada, 1);
    return household_try_record(V, &config, NULL);
}

DEED(false_wake)
{
    vpi_sealer *sealer = NULL;
    bool closed = false;
    const vpi_sealer_request request = deeds_request(d, false);
    vpriv_status st = vpi_sealer_create(V, &request, &sealer);
    if (st == VPRIV_OK)
        st = vpi_sealer_reject(sealer, 0, &closed);
    vpi_sealer_destroy(sealer);
    return st;
}

DEED(hear)
{
    return household_hear_in(V, d->h.keyring, &d->ids[0], KEEP, NULL);
}

DEED(hear_both)
{
    return household_hear_in(V, d->h.keyring, &d->ids[2], KEEP, NULL);
}

DEED(hear_once)
{
    return household_hear_in(V, d->h.keyring, &d->ids[0], FAULT, NULL);
}

DEED(who_heard)
{
    return vpriv_gate_who_heard(V, &d->ids[0], see_entry, NULL);
}

DEED(apply)
{
    return vpriv_consent_apply_to_past(V, d->h.keyring, d->h.ada, REVIEW, "test", NULL, NULL, NULL);
}

DEED(add_speaker)
{
    return vpriv_recording_add_speaker(
        V, &d->ids[0], d->h.bob, VPRIV_SUBJECT_USER, "test", NULL, &d->receipt);
}

DEED(add_stranger)
{
    return vpriv_recording_add_speaker(
        V, &d->ids[0], NULL, VPRIV_SUBJECT_GUEST, "test", NULL, &d->receipt);
}

DEED(restrict_it)
{
    return vpriv_recording_restrict(V, &d->ids[0], 1, VPRIV_RESTRICTION_LEGAL_HOLD, "test", NULL);
}

DEED(lift)
{
    return vpriv_recording_lift(V, &d->ids[1], 1, "test", NULL);
}

DEED(derivative_add)
{
    return deeds_derive(d, NULL);
}

DEED(derivatives)
{
    return vpriv_derivative_list(V, &d->ids[0], see_derivative, NULL);
}

DEED(derivative_about)
{
    vpriv_derivative_info info;
    return vpriv_derivative_about(V, &d->made, &info);
}

DEED(derivative_read)
{
    const vpriv_gate_request request = deeds_ask_for(KEEP);
    return vpriv_gate_read_derivative(V, d->h.keyring, &d->made, &request, nowhere, NULL);
}

DEED(derivative_erase)
{
    return vpriv_derivative_erase(V, &d->made, &d->receipt);
}

DEED(erase)
{
    return vpriv_vault_erase(V, d->ids, 1, &d->receipt);
}

DEED(erase_before)
{
    return vpriv_vault_erase_before(V, HOUSEHOLD_START_US + DAY_US, &d->receipt);
}

DEED(purge)
{
    const vpriv_purge_criteria c = {.struct_size = sizeof c, .subject = d->h.ada};
    return vpriv_purge(V, &c, NULL, NULL, NULL, &d->receipt);
}

DEED(purge_estimate)
{
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    const vpriv_purge_criteria c = {
        .struct_size = sizeof c, .until_us = HOUSEHOLD_START_US + DAY_US};
    return vpriv_purge_estimate(V, &c, &cost);
}

DEED(tidy)
{
    uint64_t n_left = 0;
    return vpriv_vault_tidy(V, 1000, &n_left);
}

DEED(retention_run)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    d->h.cell->now_us += DAY_US;
    return vpriv_retention_run(V, 0, &report);
}

DEED(retention_run_later)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    d->h.cell->now_us += 100 * DAY_US;
    vpriv_status st = vpriv_retention_trust_clock(V, "test");
    for (int i = 0; st == VPRIV_OK && i < 20 && !report.is_done; i++)
        st = vpriv_retention_run(V, 0, &report);
    return st;
}

DEED(verify)
{
    vpriv_verification v = {.struct_size = sizeof v};
    return vpriv_vault_verify(V, d->h.keyring, NULL, NULL, &v);
}

DEED(checkpoint)
{
    vpriv_log_checkpoint checkpoint;
    return vpriv_vault_checkpoint(V, &checkpoint);
}

DEED(verify_checkpoint)
{
    uint64_t size = 0;
    return vpriv_vault_verify_checkpoint(V, d->checkpoint.text, strlen(d->checkpoint.text), &size);
}

DEED(whole_log)
{
    return vpriv_vault_log(V, 0, see_entry, NULL);
}

DEED(prove)
{
    uint8_t leaf[VPRIV_LOG_HASH_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    size_t n = 0;
    const vpriv_status st = vpriv_vault_prove_inclusion(V, 2, 9, leaf, proof, &n);
    return st == VPRIV_OK ? vpriv_vault_prove_consistency(V, 3, 9, proof, &n) : st;
}

DEED(backup)
{
    char path[PATH_BYTES];
    vpriv_backup_info info = {.struct_size = sizeof info};
    household_file(&d->h, "copy", path);
    vpriv_status st = vpriv_vault_backup(V, path, VPRIV_STORAGE_REPLACE, NULL, NULL);
    if (st == VPRIV_OK)
        st = vpriv_backup_check(path, d->h.root, &info);
    unlink(path);
    return st;
}

DEED(move_root)
{
    household_cell cell = {0};
    deeds_prepare = true;
    vpriv_root_store *to = household_root(&cell);
    deeds_prepare = false;
    const vpriv_status st = vpriv_vault_move_root(V, to, "test");
    vpriv_vault_close(V);
    V = NULL;
    if (st == VPRIV_OK)
        memcpy(d->h.cell->record, cell.record, sizeof cell.record);
    vpriv_root_close(to);
    return st;
}

DEED(credential)
{
    vpriv_keyring *keyring = NULL;
    const vpriv_status st = vpriv_vault_capture_credential(V, &keyring);
    vpriv_keyring_close(keyring);
    return st;
}

DEED(space)
{
    vpriv_space s = {.struct_size = sizeof s};
    return vpriv_vault_space(V, &s);
}

DEED(recalls)
{
    return vpriv_recall_list(V, d->h.ada, 0, see_recall, NULL);
}

const deed all_deeds[] = {{"about", about, 0}, {"list", list, 0}, {"list of Ada", list_of_ada, 0},
    {"list since", list_since, 0}, {"recording about", recording_about, 0},
    {"subjects", subjects, 0}, {"subject add", subject_add, 0},
    {"subject erase", subject_erase, DEED_STEPS}, {"set home", set_home, DEED_SHREDS},
    {"set birth", set_birth, DEED_SHREDS}, {"notice add", notice_add, DEED_SHREDS},
    {"consents", consents, 0}, {"give", give, 0}, {"refuse", refuse, 0},
    {"withdraw", withdraw, DEED_SHREDS}, {"revoke", end_of_offer, DEED_SHREDS},
    {"sync", sync_no, DEED_SHREDS}, {"export events", export_events, 0},
    {"surface trust", surface_trust, 0}, {"surfaces", surfaces, 0},
    {"pause", pause_all, DEED_NAMES | DEED_SHREDS}, {"resume", resume_all, DEED_NAMES},
    {"pauses", pauses, 0}, {"paused", paused, 0}, {"order", order_2, DEED_SHREDS},
    {"publish", publish_2, DEED_SHREDS}, {"policy", policy, 0}, {"install", install_2, DEED_SHREDS},
    {"profiles", profiles, 0}, {"rules", rules, 0}, {"set device", set_device, DEED_SHREDS},
    {"trust", trust, DEED_SHREDS}, {"controller", controller, DEED_SHREDS},
    {"record", record, DEED_STEPS | DEED_ASSERTS}, {"false wake", false_wake, DEED_STEPS},
    {"hear", hear, DEED_TELLS}, {"hear both", hear_both, DEED_TELLS},
    {"hear once", hear_once, DEED_TELLS}, {"who heard", who_heard, 0}, {"apply", apply, DEED_STEPS},
    {"add speaker", add_speaker, DEED_SHREDS}, {"add stranger", add_stranger, DEED_SHREDS},
    {"restrict", restrict_it, DEED_SHREDS}, {"lift", lift, 0},
    {"derivative add", derivative_add, 0}, {"derivatives", derivatives, 0},
    {"derivative about", derivative_about, 0}, {"derivative read", derivative_read, DEED_TELLS},
    {"derivative erase", derivative_erase, DEED_SHREDS}, {"erase", erase, DEED_SHREDS},
    {"erase before", erase_before, DEED_STEPS}, {"purge", purge, DEED_STEPS},
    {"purge estimate", purge_estimate, 0}, {"tidy", tidy, DEED_STEPS},
    {"retention run", retention_run, DEED_STEPS},
    {"retention run later", retention_run_later, DEED_STEPS}, {"verify", verify, DEED_TELLS},
    {"checkpoint", checkpoint, DEED_STEPS}, {"verify checkpoint", verify_checkpoint, 0},
    {"log", whole_log, 0}, {"prove", prove, 0}, {"backup", backup, 0},
    {"move root", move_root, DEED_STEPS}, {"credential", credential, 0}, {"space", space, 0},
    {"recalls", recalls, 0}};
const size_t n_deeds = sizeof all_deeds / sizeof all_deeds[0];
