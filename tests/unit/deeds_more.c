/* Deeds that need something to be there first, which does not count as theirs. */
#include "base/status.h"
#include "deeds.h"
#include "gate/gate.h"
#include "vault/decision.h"
#include <unistd.h>
#include <voicepriv/places.h>
#include <voicepriv/purge.h>
#include <voicepriv/retention.h>
#include <voicepriv/storage.h>

#define KEEP       VPRIV_PURPOSE_KEEP_HISTORY
#define DEED(name) static vpriv_status name(deeds *d)
#define V          d->h.vault

/* What is done before, and does not fail. */
#define PREPARE(call)                                                                              \
    do {                                                                                           \
        deeds_prepare = true;                                                                      \
        const vpriv_status prepared = (call);                                                      \
        deeds_prepare = false;                                                                     \
        if (prepared != VPRIV_OK)                                                                  \
            return vpi_fail(prepared, "what comes before cannot be done"); /* damage */            \
    } while (0)

static bool see_recording(void *user, const vpriv_recording_info *info)
{
    (void)user;
    return info != NULL;
}

static bool go_on(void *user, uint64_t n_done, uint64_t n_total)
{
    (void)user;
    return n_done <= n_total;
}

DEED(create)
{
    char path[PATH_BYTES];
    household_cell cell = {0};
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    deeds_prepare = true;
    vpriv_root_store *root = household_root(&cell);
    deeds_prepare = false;
    household_file(&d->h, "other.vault", path);
    const vpriv_vault_options options = {.struct_size = sizeof options, .controller_id = ""};
    const vpriv_status st = vpriv_vault_create(path, root, &options, &keyring, &vault);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    unlink(path);
    return st;
}

DEED(open_for_capture)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *capture = NULL;
    PREPARE(vpriv_vault_capture_credential(V, &credential));
    vpriv_status st = vpriv_vault_open_for_capture(d->h.path, credential, NULL, &capture);
    uint32_t paused = 0;
    if (st == VPRIV_OK)
        st = vpriv_purpose_paused(capture, &paused);
    vpriv_vault_close(capture);
    vpriv_keyring_close(credential);
    return st;
}

DEED(restore)
{
    char path[PATH_BYTES];
    household_file(&d->h, "copy", path);
    PREPARE(vpriv_vault_backup(V, path, VPRIV_STORAGE_REPLACE, NULL, NULL));
    vpriv_vault_close(V);
    V = NULL;
    const vpriv_status st =
        vpriv_backup_restore(path, d->h.root, d->h.path, VPRIV_STORAGE_REPLACE, go_on, NULL);
    unlink(path);
    return st;
}

DEED(tidy_after_withdrawal)
{
    uint64_t n_left = 0;
    PREPARE(vpriv_consent_withdraw(V, d->h.ada, KEEP, NULL, NULL));
    PREPARE(vpriv_consent_withdraw(V, d->h.ada, VPRIV_PURPOSE_DIAGNOSE_FAULT, NULL, NULL));
    return vpriv_vault_tidy(V, 1000, &n_left);
}

DEED(tidy_after_one_purpose)
{
    uint64_t n_left = 0;
    PREPARE(vpriv_consent_withdraw(V, d->h.ada, VPRIV_PURPOSE_DIAGNOSE_FAULT, NULL, NULL));
    return vpriv_vault_tidy(V, 1000, &n_left);
}

DEED(list_what_is_pending)
{
    const vpriv_recording_filter filter = {.struct_size = sizeof filter};
    PREPARE(deeds_record_for_later(d));
    return vpriv_recording_list(V, &filter, see_recording, NULL);
}

DEED(erase_what_is_pending)
{
    PREPARE(deeds_record_for_later(d));
    return vpriv_vault_erase_between(
        V, HOUSEHOLD_START_US + SECOND_US, HOUSEHOLD_START_US + DAY_US, &d->receipt);
}

DEED(purge_in_times)
{
    vpriv_purge_report report = {.struct_size = sizeof report};
    const vpriv_purge_criteria c = {.struct_size = sizeof c,
        .since_us = HOUSEHOLD_START_US + 1,
        .until_us = HOUSEHOLD_START_US + DAY_US,
        .window = 1};
    return vpriv_purge(V, &c, NULL, NULL, &report, &d->receipt);
}

DEED(purge_by_name)
{
    const vpriv_purge_criteria c = {
        .struct_size = sizeof c, .recordings = d->ids, .n_recordings = 3};
    return vpriv_purge(V, &c, NULL, NULL, NULL, NULL);
}

DEED(keyrings)
{
    char path[PATH_BYTES];
    vpriv_keyring *loaded = NULL, *part = NULL;
    household_file(&d->h, "keys", path);
    vpriv_status st = vpriv_keyring_save(d->h.keyring, path);
    if (st == VPRIV_OK)
        st = vpriv_keyring_load(path, &loaded);
    if (st == VPRIV_OK)
        st = vpriv_keyring_split(loaded, VPRIV_PURPOSE_BIT(KEEP), &part);
    vpriv_keyring_close(loaded);
    vpriv_keyring_close(part);
    unlink(path);
    return st;
}

/* What leads out of the vault for others to read. */
DEED(sign_and_read)
{
    static const char json[] =
        "{\"voicepriv_policy\":1,\"epoch\":7,\"issued\":\"2026-11-22\",\"effective\":"
        "\"2026-11-22\",\"time_to_live\":\"P30D\",\"issuer\":\"acme\"}";
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    (void)d;
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_status st = vpriv_authority_make(seed, key);
    if (st == VPRIV_OK)
        st = vpriv_authority_sign(VPRIV_DOCUMENT_POLICY, json, sizeof json - 1, seed, signature);
    if (st == VPRIV_OK)
        st = vpriv_authority_verify(VPRIV_DOCUMENT_POLICY, json, sizeof json - 1, signature, key);
    return st;
}

DEED(permit_execution)
{
    return vpi_permit_execution(V, true);
}

static vpriv_status nowhere(void *user, const void *bytes, size_t n)
{
    (void)user;
    (void)bytes;
    (void)n;
    return VPRIV_OK;
}

static vpriv_status export_as(deeds *d, bool wav)
{
    const vpriv_gate_request request = deeds_ask_for(KEEP);
    vpriv_reader *reader = NULL;
    vpriv_status st = vpriv_gate_open(V, d->h.keyring, &d->ids[0], &request, &reader);
    if (st == VPRIV_OK)
        st = wav ? vpriv_gate_export_wav(reader, nowhere, NULL)
                 : vpriv_gate_export_opus(reader, nowhere, NULL);
    vpriv_gate_close(reader);
    return st;
}

DEED(export_opus)
{
    return export_as(d, false);
}

DEED(export_wav)
{
    return export_as(d, true);
}

DEED(salvage)
{
    const vpriv_gate_request request = deeds_ask_for(KEEP);
    vpriv_reader *reader = NULL;
    vpi_block_entry entry;
    uint32_t reasons = 0;
    bool began = false;
    vpriv_status st = vpi_vault_enter(V, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(V, &began);
    if (st == VPRIV_OK)
        st = vpi_gate_salvage(V, d->h.keyring, 1, &request, &reader, &reasons);
    while (st == VPRIV_OK)
        st = vpi_gate_next_salvaged(reader, &entry);
    vpriv_gate_close(reader);
    vpi_vault_read_end(V, began);
    vpi_vault_leave(V);
    return reader && st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st; /* the end */
}

/* One purpose of a recording is over before the others. */
DEED(narrow)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpi_sealer_request request = deeds_request(d, false);
    request.tag.retention = VPRIV_RETENTION_ERASED_ONLY;
    PREPARE(deeds_record(d, &request));
    d->h.cell->now_us += 95 * DAY_US;
    PREPARE(vpriv_retention_trust_clock(V, "test"));
    vpriv_status st = VPRIV_OK;
    for (int i = 0; st == VPRIV_OK && i < 20 && !report.is_done; i++)
        st = vpriv_retention_run(V, 0, &report);
    return st;
}

DEED(erase_derivative_of_what_is_gone)
{
    PREPARE(vpriv_vault_erase(V, d->ids, 1, NULL));
    const vpriv_status st = vpriv_derivative_erase(V, &d->made, &d->receipt);
    return st == VPRIV_E_ERASED || st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

DEED(reopen_after_false_wakes)
{
    vpi_sealer *sealer = NULL;
    bool closed = false;
    const vpi_sealer_request request = deeds_request(d, false);
    PREPARE(vpi_sealer_create(V, &request, &sealer));
    deeds_prepare = true;
    const vpriv_status st = vpi_sealer_reject(sealer, 0, &closed);
    vpi_sealer_destroy(sealer);
    vpriv_vault_close(V);
    V = NULL;
    deeds_prepare = false;
    return st == VPRIV_OK ? household_open_vault(&d->h, d->h.path, &V) : st;
}

const deed more_deeds[] = {{"create", create, 0}, {"open for capture", open_for_capture, 0},
    {"restore", restore, DEED_STEPS | DEED_SHREDS},
    {"tidy after withdrawal", tidy_after_withdrawal, DEED_STEPS},
    {"tidy after one purpose", tidy_after_one_purpose, DEED_STEPS},
    {"list what is pending", list_what_is_pending, DEED_STEPS},
    {"erase what is pending", erase_what_is_pending, DEED_STEPS},
    {"purge in times", purge_in_times, DEED_STEPS}, {"purge by name", purge_by_name, DEED_STEPS},
    {"keyrings", keyrings, 0}, {"sign and read", sign_and_read, 0},
    {"permit execution", permit_execution, 0}, {"export opus", export_opus, DEED_TELLS},
    {"export wav", export_wav, DEED_TELLS}, {"salvage", salvage, 0},
    {"derivative of what is gone", erase_derivative_of_what_is_gone, DEED_STEPS},
    {"narrow", narrow, DEED_STEPS},
    {"false wakes, and again", reopen_after_false_wakes, DEED_STEPS}};
const size_t n_more_deeds = sizeof more_deeds / sizeof more_deeds[0];
