/* What happens when a person, or the controller, says something about a purpose: the state machine,
 * the grant key made or destroyed, the record, the capture policy and the log, in one transaction. */
#include "vault/consent_event.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "consent/purpose.h"
#include "consent/record.h"
#include "consent/state.h"
#include "vault/consent_store.h"
#include "vault/erase.h"
#include "vault/event_store.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/lawful.h"
#include "vault/log_store.h"
#include "vault/notice_store.h"
#include "vault/policy.h"
#include "vault/receipt.h"
#include "vault/sweep.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static vpriv_status copy_text(const char *text, const char *what, char *copy_out, size_t capacity)
{
    if (strlen(text) >= capacity)
        return vpi_fail(VPRIV_E_ARG, "%s is longer than %zu bytes", what, capacity - 1);
    memcpy(copy_out, text, strlen(text) + 1);
    return VPRIV_OK;
}

static void add_party(vpriv_consent_record *record, const char *id, const char *name,
    const char *country, vpriv_party_role role)
{
    vpriv_party *party = &record->parties[record->n_parties++];
    memset(party, 0, sizeof *party);
    snprintf(party->id, sizeof party->id, "%s", id);
    snprintf(party->name, sizeof party->name, "%s", name);
    snprintf(party->country, sizeof party->country, "%s", country);
    party->role = role;
}

static vpriv_status add_recipients(
    vpriv_consent_record *record, const vpriv_consent_evidence *evidence)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(evidence->n_recipients < VPRIV_RECIPIENTS_MAX &&
                   (evidence->n_recipients == 0 || evidence->recipients),
        VPRIV_E_ARG, "%zu recipients; at most %d", evidence->n_recipients,
        VPRIV_RECIPIENTS_MAX - 1);
    for (size_t i = 0; i < evidence->n_recipients; i++) {
        const char *id = evidence->recipients[i];
        VPI_ENSURE(id && id[0] && strlen(id) < VPRIV_PARTY_ID_BYTES, VPRIV_E_ARG,
            "a recipient's id has 1 to %d bytes", VPRIV_PARTY_ID_BYTES - 1);
        add_party(record, id, id, "ZZ", VPRIV_PARTY_THIRD_PARTY);
        memcpy(record->recipients[record->n_recipients++], id, strlen(id) + 1);
    }
    st = VPRIV_OK;
out:
    return st;
}

static void describe_first(vpriv_vault *vault, const vpi_subject *person, vpriv_purpose purpose,
    vpriv_consent_record *record)
{
    const vpi_settings *settings = &vault->settings;
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    memset(record, 0, sizeof *record);
    record->struct_size = sizeof *record;
    memcpy(record->subject, person->id, sizeof record->subject);
    record->subject_class = person->subject_class;
    record->purpose = purpose;
    record->legal_basis =
        about->is_explicit ? VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT : VPRIV_LEGAL_BASIS_CONSENT;
    record->operations = vpi_purpose_operations(purpose);
    record->human_involvement = vpi_purpose_human_involvement(purpose);
    memcpy(record->storage_device, settings->device_class, sizeof record->storage_device);
    snprintf(record->retention, sizeof record->retention, "%s", VPRIV_RETENTION_UNTIL_ERASED);
    snprintf(record->withdrawal, sizeof record->withdrawal,
        "On the device, at any time, effective at once.");
}

/* A term as ISO 8601 writes it, or none. */
static vpriv_status set_retention(const char *asked, vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_retention retention = VPRIV_RETENTION_ERASED_ONLY;
    if (asked && asked[0])
        VPI_TRY(vpriv_retention_from_name(asked, &retention));
    VPI_ENSURE(retention != VPRIV_RETENTION_NONE, VPRIV_E_ARG,
        "a consent to keeping nothing is a refusal (retention \"%.31s\")", asked);
    vpi_retention_as_duration(retention, record->retention);
    st = VPRIV_OK;
out:
    return st;
}

/* Reads the settings of now as well. A policy that cannot be read must not keep anybody from withdrawing. */
static uint64_t epoch_in_force(vpriv_vault *vault)
{
    uint64_t epoch = vault->settings.policy_epoch;
    vpi_policy_head *head = NULL;
    if (vpi_alloc(1, sizeof *head, (void **)&head) == VPRIV_OK &&
        vpi_policy_read_head(vault, head) == VPRIV_OK)
        epoch = vpi_policy_in_force(head, vpi_vault_now_us(vault)).epoch;
    vpi_fail_clear();
    free(head);
    return epoch;
}

/* The controller alone; who else may have it is told by name. */
static void fill_parties(vpriv_vault *vault, vpriv_consent_record *record)
{
    const vpi_settings *settings = &vault->settings;
    record->n_parties = record->n_recipients = 0;
    memcpy(record->controller_id, settings->controller_id, sizeof record->controller_id);
    /* The seat; the profile that decides is the vault's, and in every tag. */
    snprintf(record->jurisdictions[0], sizeof record->jurisdictions[0], "%s",
        settings->controller_country);
    record->n_jurisdictions = 1;
    const bool has_seat = strcmp(settings->controller_country, "ZZ") != 0;
    snprintf(record->storage_country, sizeof record->storage_country, "%s",
        has_seat ? settings->controller_country : "");
    add_party(record, settings->controller_id, settings->controller_name,
        settings->controller_country, VPRIV_PARTY_CONTROLLER);
    memcpy(record->recipients[record->n_recipients++], settings->controller_id,
        sizeof record->recipients[0]);
}

/* Everything of the new record that does not depend on what was before. */
static vpriv_status fill_event(vpriv_vault *vault, vpriv_consent_event event,
    const vpriv_consent_evidence *evidence, vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const bool asks = event == VPRIV_CONSENT_EVENT_REQUEST || event == VPRIV_CONSENT_EVENT_GIVE ||
                      event == VPRIV_CONSENT_EVENT_RECONFIRM;
    VPI_ENSURE(!asks || (evidence->notice_id && evidence->notice_id[0]), VPRIV_E_ARG,
        "a consent needs the id of the notice that was shown");
    if (evidence->notice_id && evidence->notice_id[0])
        VPI_TRY(vpi_notice_in_force(vault, evidence->notice_id,
            evidence->language && evidence->language[0] ? evidence->language : "en",
            &record->notice));
    if (asks || record->n_parties == 0) {
        fill_parties(vault, record);
        VPI_TRY(add_recipients(record, evidence));
        record->covers_past = evidence->covers_past;
        VPI_TRY(set_retention(evidence->retention, record));
        const uint32_t most = vpriv_purpose_about(record->purpose)->uses_max;
        record->max_uses = evidence->max_uses ? evidence->max_uses : most;
        record->uses = 0;
    }
    const bool by_controller = event == VPRIV_CONSENT_EVENT_REVOKE ||
                               event == VPRIV_CONSENT_EVENT_EXPIRE ||
                               event == VPRIV_CONSENT_EVENT_INVALIDATE;
    record->event.by = evidence->by    ? evidence->by
                       : by_controller ? VPRIV_CONSENT_BY_CONTROLLER
                                       : VPRIV_CONSENT_BY_PERSON;
    record->event.method = evidence->method ? evidence->method : VPRIV_CONSENT_METHOD_TAP;
    record->event.time_us = vpi_vault_now_us(vault);
    record->event.valid_until_us = evidence->valid_until_us;
    VPI_ENSURE(evidence->valid_until_us == 0 || evidence->valid_until_us > record->event.time_us,
        VPRIV_E_ARG, "the consent would have ended already (valid_until is in the past)");
    VPI_TRY(copy_text(evidence->surface && evidence->surface[0] ? evidence->surface : "device",
        "surface", record->event.surface, sizeof record->event.surface));
    vpi_random(record->record_id, sizeof record->record_id);
    vpi_uuid4_stamp(record->record_id);
    st = VPRIV_OK;
out:
    return st;
}

/* A person who refuses or withdraws without ever having been shown a notice: what they were shown is
 * the empty text, and the hash says so. */
static void no_notice(vpriv_consent_record *record)
{
    if (record->notice.id[0])
        return;
    snprintf(record->notice.id, sizeof record->notice.id, "none");
    snprintf(record->notice.version, sizeof record->notice.version, "0");
    snprintf(record->notice.language, sizeof record->notice.language, "und");
    crypto_hash_sha256(record->notice.sha256, NULL, 0);
}

bool vpi_consent_has_run_out(const vpriv_consent_record *record, int64_t now_us)
{
    const int64_t until_us = record->event.valid_until_us;
    return (until_us != 0 && now_us >= until_us) ||
           (record->max_uses != 0 && record->uses >= record->max_uses);
}

vpriv_status vpi_consent_from_event(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_surface_event *said, vpriv_consent_state state, vpriv_consent_record *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_consent_evidence evidence = {
        .struct_size = sizeof evidence, .retention = said->retention, .max_uses = said->max_uses};
    const uint64_t epoch = epoch_in_force(vault);
    describe_first(vault, person, said->purpose, record_out);
    fill_parties(vault, record_out);
    VPI_TRY(set_retention(evidence.retention, record_out));
    record_out->max_uses = said->max_uses;
    if (!sodium_is_zero(said->notice, sizeof said->notice))
        VPI_TRY(vpi_notice_find(vault, said->notice, &record_out->notice));
    no_notice(record_out);
    record_out->event.state = state;
    record_out->event.by =
        state == VPRIV_CONSENT_INVALIDATED ? VPRIV_CONSENT_BY_CONTROLLER : said->by;
    record_out->event.method = said->method;
    record_out->event.time_us = said->time_us;
    record_out->event.valid_until_us = said->valid_until_us;
    record_out->event.surface_sequence = said->sequence;
    memcpy(record_out->event.surface, said->surface, sizeof record_out->event.surface);
    memcpy(record_out->record_id, said->record_id, sizeof record_out->record_id);
    record_out->policy_epoch = epoch;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status make_record(vpriv_vault *vault, const vpi_subject *person,
    vpriv_purpose purpose, vpriv_consent_event event, const vpriv_consent_evidence *evidence,
    vpriv_consent_record *record_out, uint64_t *old_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_consent_state state = VPRIV_CONSENT_UNKNOWN, next = VPRIV_CONSENT_UNKNOWN;
    uint8_t previous[VPRIV_SHA256_BYTES] = {0};
    *old_slot_out = VPI_NO_SLOT;
    const uint64_t epoch = epoch_in_force(vault);
    const vpriv_status found =
        vpi_consent_latest(vault, person->row, purpose, record_out, old_slot_out);
    if (found == VPRIV_OK) {
        state = record_out->event.state;
        VPI_TRY(vpi_consent_record_hash(record_out, previous));
    } else {
        VPI_ENSURE(found == VPRIV_E_NOT_FOUND, found, "%s", vpriv_error_detail());
        describe_first(vault, person, purpose, record_out);
    }
    /* A yes is always an answer to the notice in force: asking and answering may come in one call. */
    const bool answer = event == VPRIV_CONSENT_EVENT_GIVE || event == VPRIV_CONSENT_EVENT_REFUSE;
    if ((answer || event == VPRIV_CONSENT_EVENT_RECONFIRM) && vpi_consent_permits(state) &&
        vpi_consent_has_run_out(record_out, vpi_vault_now_us(vault)))
        state = VPRIV_CONSENT_EXPIRED;
    if (answer && state != VPRIV_CONSENT_UNKNOWN && state != VPRIV_CONSENT_REQUESTED &&
        !vpi_consent_permits(state))
        VPI_TRY(vpi_consent_next(state, VPRIV_CONSENT_EVENT_REQUEST, &state));
    VPI_TRY(vpi_consent_next(state, event, &next));
    VPI_TRY(fill_event(vault, event, evidence, record_out));
    VPI_TRY(vpi_consent_may(record_out->event.by, event));
    no_notice(record_out);
    record_out->event.state = next;
    record_out->policy_epoch = epoch;
    memcpy(record_out->previous_hash, previous, sizeof previous);
    VPI_TRY(vpi_consent_record_check(record_out));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_consent_put(vpriv_vault *vault, const vpi_subject *person,
    const vpriv_consent_record *record, const char *reason, uint64_t kept_slot,
    vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t slot = kept_slot;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_CONSENT_EVENT, .purpose = (int32_t)record->purpose};
    if (vpi_consent_permits(record->event.state) && slot == VPI_NO_SLOT) {
        vpi_random(vault->secrets->fresh, VPI_KEY_BYTES);
        VPI_TRY(vpi_vault_add_key(vault, vault->secrets->fresh, &slot));
    }
    VPI_TRY(vpi_consent_insert(vault, person->row, record, slot));
    VPI_TRY(vpi_policy_write_subject(vault, person));
    snprintf(entry.actor, sizeof entry.actor, "%s", record->event.surface);
    snprintf(entry.reason, sizeof entry.reason, "%s", reason);
    memcpy(entry.subject, person->id, sizeof entry.subject);
    memcpy(entry.consent_record, record->record_id, sizeof entry.consent_record);
    VPI_TRY(vpi_consent_record_hash(record, entry.detail_hash));
    VPI_TRY(
        vpi_log_append(vault, &entry, &person->row, 1, &receipt->log_index, receipt->leaf_hash));
    memcpy(receipt->consent_record, record->record_id, sizeof receipt->consent_record);
    memcpy(receipt->record_sha256, entry.detail_hash, sizeof receipt->record_sha256);
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->fresh, VPI_KEY_BYTES);
    return st;
}

/* Who is of age decides alone. Damage, and not knowing when they were born, keep nobody from saying no. */
static vpriv_status check_of_age(vpriv_vault *vault, const vpi_subject *person, vpriv_consent_by by)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject_place at;
    vpi_lawful *lawful = NULL;
    if (!vpi_consent_is_by_guardian(by))
        return VPRIV_OK;
    const vpriv_status placed = vpi_subject_place_of(vault, person, &at);
    const vpriv_status read = placed == VPRIV_OK ? vpi_lawful_load(vault, NULL, &lawful) : placed;
    if (read != VPRIV_E_AUTH)
        VPI_TRY(read);
    if (lawful && at.birth.year != 0) {
        vpriv_rules rules = lawful->here;
        vpi_lawful_join_home(lawful, at.home, &rules);
        VPI_ENSURE(!vpi_rules_outgrown(&rules, person->subject_class, at.birth, by, lawful->now_us),
            VPRIV_E_STATE, "consent: they are of age, and decide for themselves");
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    free(lawful);
    return st;
}

vpriv_status vpi_consent_apply(vpriv_vault *vault, const vpi_subject *person, vpriv_purpose purpose,
    vpriv_consent_event event, const vpriv_consent_evidence *evidence, vpriv_receipt *receipt,
    uint64_t *old_slot_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_consent_record record;
    VPI_TRY(check_of_age(vault, person, evidence->by));
    VPI_TRY(make_record(vault, person, purpose, event, evidence, &record, old_slot_out));
    /* What every vault finds out by itself is no event for others. */
    if (event != VPRIV_CONSENT_EVENT_INVALIDATE && event != VPRIV_CONSENT_EVENT_EXPIRE)
        VPI_TRY(vpi_events_add_own(vault, person, &record, event));
    VPI_TRY(vpi_consent_put(
        vault, person, &record, vpi_consent_event_name(event), VPI_NO_SLOT, receipt));
    if (*old_slot_out != VPI_NO_SLOT)
        VPI_TRY(vpi_sweep_add_subject(vault, person));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_arguments(const uint8_t *subject, vpriv_purpose purpose,
    const vpriv_consent_evidence *evidence, const vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    VPI_ENSURE(subject, VPRIV_E_ARG, "no subject");
    VPI_ENSURE(about, VPRIV_E_ARG, "purpose %d is outside 0 to 31", (int)purpose);
    VPI_ENSURE(about->basis == VPRIV_PURPOSE_BASIS_CONSENT, VPRIV_E_ARG,
        "%s does not rest on consent", about->name);
    VPI_ENSURE(!evidence || evidence->struct_size == sizeof *evidence, VPRIV_E_ARG,
        "vpriv_consent_evidence.struct_size is wrong");
    VPI_TRY(vpi_receipt_check(receipt));
    st = VPRIV_OK;
out:
    return st;
}

static bool ends_consent(vpriv_consent_event event)
{
    return event == VPRIV_CONSENT_EVENT_WITHDRAW || event == VPRIV_CONSENT_EVENT_REVOKE ||
           event == VPRIV_CONSENT_EVENT_EXPIRE || event == VPRIV_CONSENT_EVENT_INVALIDATE ||
           event == VPRIV_CONSENT_EVENT_REFUSE;
}

/* What ends with a consent: the person's key is the oldest that it went through, and their first recording the
 * oldest that it opened. */
static vpriv_status weigh(vpriv_vault *vault, const vpi_subject *person, vpriv_receipt *receipt)
{
    uint8_t tag[VPI_TAG_BYTES];
    int64_t first = 0;
    vpriv_status st = vpi_subject_recording_tag(vault, person->row, tag);
    if (st == VPRIV_OK)
        st = vpi_database_int(vault->database, &first,
            "SELECT coalesce(min(recording), ?2) FROM recording_subject WHERE tag = ?1", "bi", tag,
            sizeof tag, INT64_MAX);
    return st == VPRIV_OK ? vpi_receipt_weigh(vault, &first, 1, &person->key_slot, 1, receipt) : st;
}

static vpriv_status record_event(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose,
    vpriv_consent_event event, const vpriv_consent_evidence *evidence, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject person;
    uint64_t old_slot = VPI_NO_SLOT;
    const bool ends = ends_consent(event);
    VPI_TRY(ends ? vpi_vault_begin_freeing(vault) : vpi_vault_begin(vault));
    VPI_TRY(vpi_subject_find(vault, subject, &person));
    vpi_receipt_start(vault, VPRIV_LOG_CONSENT_EVENT, receipt);
    /* What was recorded under the old consent belongs to the old grant key. */
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_consent_apply(vault, &person, purpose, event, evidence, receipt, &old_slot));
    if (old_slot != VPI_NO_SLOT) {
        VPI_TRY(weigh(vault, &person, receipt));
        VPI_TRY(vpi_vault_shred(vault, &old_slot, 1));
    }
    VPI_TRY(vpi_vault_commit(vault));
    if (ends)
        vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_consent_record_event(vpriv_vault *vault, const uint8_t *subject,
    vpriv_purpose purpose, vpriv_consent_event event, const vpriv_consent_evidence *evidence,
    vpriv_receipt *receipt_out)
{
    static const vpriv_consent_evidence no_evidence = {.struct_size = sizeof no_evidence};
    vpriv_receipt receipt;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check_arguments(subject, purpose, evidence, receipt_out));
    const vpriv_consent_evidence *how = evidence ? evidence : &no_evidence;
    vpriv_status recorded = record_event(vault, subject, purpose, event, how, &receipt);
    if (ends_consent(event) && vpi_vault_try_again(vault, recorded))
        recorded = record_event(vault, subject, purpose, event, how, &receipt);
    VPI_TRY(recorded);
    vpi_receipt_finish(vault, &receipt, receipt_out);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_consent_give(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose,
    const vpriv_consent_evidence *evidence, vpriv_receipt *receipt_out)
{
    return vpriv_consent_record_event(
        vault, subject, purpose, VPRIV_CONSENT_EVENT_GIVE, evidence, receipt_out);
}

vpriv_status vpriv_consent_refuse(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose,
    const vpriv_consent_evidence *evidence, vpriv_receipt *receipt_out)
{
    return vpriv_consent_record_event(
        vault, subject, purpose, VPRIV_CONSENT_EVENT_REFUSE, evidence, receipt_out);
}

vpriv_status vpriv_consent_withdraw(vpriv_vault *vault, const uint8_t *subject,
    vpriv_purpose purpose, const vpriv_consent_evidence *evidence, vpriv_receipt *receipt_out)
{
    return vpriv_consent_record_event(
        vault, subject, purpose, VPRIV_CONSENT_EVENT_WITHDRAW, evidence, receipt_out);
}
