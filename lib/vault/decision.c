#include "vault/decision.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/decide.h"
#include "consent/purpose.h"
#include "consent/state.h"
#include "vault/consent_store.h"
#include "vault/notice_store.h"
#include "vault/policy.h"
#include "vault/settings.h"
#include <stdio.h>
#include <string.h>

static vpriv_fact fact(bool yes)
{
    return yes ? VPRIV_FACT_YES : VPRIV_FACT_NO;
}

/* What does not depend on the speakers. In a jurisdiction that is not known everything is paused. */
static void start(vpriv_vault *vault, const vpi_policy_head *head, vpriv_purpose purpose,
    vpriv_decision_operation operation, vpriv_decision_input *input_out)
{
    const vpi_settings *settings = &head->settings;
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    const bool defined = about && (vault->purposes >> purpose & 1);
    memset(input_out, 0, sizeof *input_out);
    input_out->struct_size = sizeof *input_out;
    input_out->operation = operation;
    input_out->purpose = purpose;
    input_out->purpose_defined = fact(defined);
    input_out->purpose_storable = fact(defined && about->is_storable);
    input_out->now_us = vpi_vault_now_us(vault);
    input_out->jurisdiction_known = fact(vpi_jurisdiction_is_known(settings->jurisdiction));
    input_out->paused = fact(!vpi_jurisdiction_is_known(settings->jurisdiction) ||
                             (head->paused_purposes >> purpose & 1));
    input_out->triggered_by_person = VPRIV_FACT_YES;
    const int64_t age = input_out->now_us - settings->policy_since_us;
    input_out->policy_age_us = age > 0 ? age : 1;
    input_out->policy_ttl_us = settings->policy_ttl_us;
}

/* In the strict profile somebody else must have said yes for a child. */
static vpriv_fact child_rule(vpriv_subject_class subject_class, vpriv_consent_by by)
{
    return fact(subject_class != VPRIV_SUBJECT_CHILD || by == VPRIV_CONSENT_BY_PARENT ||
                by == VPRIV_CONSENT_BY_GUARDIAN);
}

static void capture_facts(const vpi_policy_head *head, const vpi_policy_subject *policy,
    vpriv_purpose purpose, vpriv_decision_subject *facts_out, vpi_tag_consent *consent_out)
{
    memset(facts_out, 0, sizeof *facts_out);
    facts_out->subject_class = policy->subject_class;
    facts_out->child_rule_holds = fact(policy->subject_class != VPRIV_SUBJECT_CHILD);
    for (uint32_t i = 0; i < policy->n_consents; i++) {
        const vpi_policy_consent *consent = &policy->consents[i];
        if (consent->purpose != purpose)
            continue;
        facts_out->state = consent->state;
        facts_out->valid_until_us =
            consent->valid_until_us ? consent->valid_until_us : VPRIV_TIME_FOREVER_US;
        facts_out->uses_known = VPRIV_FACT_YES;
        facts_out->uses_left = consent->max_uses == 0 ? VPRIV_USES_UNLIMITED
                               : consent->uses < consent->max_uses
                                   ? consent->max_uses - consent->uses
                                   : 0;
        facts_out->notice_current = fact(vpi_policy_notice_in_force(head, consent->notice));
        facts_out->recipient_named = VPRIV_FACT_YES; /* taken in by the controller's own device */
        facts_out->has_grant_key = fact(vpi_consent_permits(consent->state));
        facts_out->child_rule_holds = child_rule(policy->subject_class, consent->by);
        if (consent_out) {
            consent_out->purpose = (uint8_t)purpose;
            memcpy(consent_out->record_id, consent->record_id, sizeof consent->record_id);
            memcpy(consent_out->notice, consent->notice, sizeof consent->notice);
        }
    }
}

vpriv_status vpi_decide_capture(vpriv_vault *vault, const uint8_t *subjects, size_t n_subjects,
    vpriv_purpose purpose, vpriv_retention retention, uint32_t *reasons_out,
    vpi_tag_consent *consents_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head *head = NULL;
    vpi_policy_subject *policy = NULL;
    vpriv_decision_input input;
    VPI_ENSURE(n_subjects <= VPI_SUBJECTS_MAX, VPRIV_E_LIMIT, "%zu speakers; at most %d",
        n_subjects, VPI_SUBJECTS_MAX);
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_alloc(1, sizeof *policy, (void **)&policy));
    VPI_TRY(vpi_policy_read_head(vault, head));
    start(vault, head, purpose, VPRIV_DECISION_CAPTURE, &input);
    input.recipient_known = VPRIV_FACT_YES;
    input.retention_until_us = vpi_retention_end_us(retention, input.now_us);
    input.n_subjects = (uint32_t)n_subjects;
    for (size_t i = 0; i < n_subjects; i++) {
        const vpriv_status found =
            vpi_policy_read_subject(vault, subjects + i * VPI_SUBJECT_ID_BYTES, policy);
        if (found == VPRIV_E_NOT_FOUND)
            continue; /* the facts stay unknown, which is no */
        VPI_TRY(found);
        if (consents_out) {
            memset(&consents_out[i], 0, sizeof consents_out[i]);
            consents_out[i].subject = (uint8_t)i;
        }
        capture_facts(
            head, policy, purpose, &input.subjects[i], consents_out ? &consents_out[i] : NULL);
    }
    VPI_TRY(vpriv_decide(&input, reasons_out));
    st = VPRIV_OK;
out:
    free(head);
    free(policy);
    return st;
}

vpriv_status vpi_permit_execution(vpriv_vault *vault, bool is_triggered_by_person)
{
    vpi_policy_head head;
    vpriv_decision_input input;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, &head));
    start(vault, &head, VPRIV_PURPOSE_EXECUTE_REQUEST, VPRIV_DECISION_CAPTURE, &input);
    input.triggered_by_person = fact(is_triggered_by_person);
    VPI_TRY(vpriv_decide(&input, &reasons));
    st = reasons == 0 ? VPRIV_OK : vpi_denied(reasons, VPRIV_PURPOSE_EXECUTE_REQUEST);
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

bool vpi_is_paused(vpriv_vault *vault, uint32_t purposes)
{
    uint32_t paused = 0;
    return vpriv_purpose_paused(vault, &paused) == VPRIV_OK && (paused & purposes) != 0;
}

static vpriv_status read_facts(vpriv_vault *vault, const vpi_tag *tag, uint32_t speaker,
    vpriv_purpose purpose, const char *recipient, vpriv_decision_subject *facts_out,
    uint8_t *record_id_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject;
    vpriv_consent_record record;
    vpriv_notice_ref notice;
    uint64_t slot = VPI_NO_SLOT;
    memset(facts_out, 0, sizeof *facts_out);
    const vpriv_status known = vpi_subject_find(vault, tag->subjects[speaker], &subject);
    if (known == VPRIV_E_NOT_FOUND)
        return VPRIV_OK; /* erased since: nothing is known, which is no */
    VPI_TRY(known);
    facts_out->subject_class = subject.subject_class;
    const vpriv_status found = vpi_consent_latest(vault, subject.row, purpose, &record, &slot);
    if (found == VPRIV_OK) {
        const vpriv_status shown =
            vpi_notice_in_force(vault, record.notice.id, record.notice.language, &notice);
        if (shown != VPRIV_E_NOT_FOUND)
            VPI_TRY(shown);
        *facts_out = vpi_decision_subject_of(
            &record, purpose, shown == VPRIV_OK ? notice.sha256 : NULL, recipient);
        facts_out->has_grant_key =
            fact(slot != VPI_NO_SLOT && vpi_tag_rests_on(tag, speaker, purpose, record.record_id));
        memcpy(record_id_out, record.record_id, sizeof record.record_id);
    } else {
        VPI_ENSURE(found == VPRIV_E_NOT_FOUND, found, "%s", vpriv_error_detail());
    }
    facts_out->child_rule_holds = found == VPRIV_OK
                                      ? child_rule(subject.subject_class, record.event.by)
                                      : fact(subject.subject_class != VPRIV_SUBJECT_CHILD);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_decide_read(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const char *recipient, uint32_t *reasons_out,
    uint8_t record_id_out[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_decision_input input;
    vpi_policy_head head; /* as it is now: another process may have paused the purpose */
    const char *party = recipient ? recipient : vault->settings.controller_id;
    VPI_TRY(vpi_policy_read_head(vault, &head));
    start(vault, &head, purpose, VPRIV_DECISION_READ, &input);
    input.recipient_known = VPRIV_FACT_YES;
    input.recording_state = recording->state;
    input.retention_until_us = recording->expires_us;
    if ((unsigned)purpose < VPI_PURPOSES_MAX && recording->purpose_expires_us[purpose] != 0)
        input.retention_until_us = recording->purpose_expires_us[purpose];
    input.n_subjects = recording->tag.n_subjects;
    memset(record_id_out, 0, VPRIV_CONSENT_RECORD_ID_BYTES);
    for (uint32_t i = recording->tag.n_subjects; i-- > 0;)
        VPI_TRY(read_facts(
            vault, &recording->tag, i, purpose, party, &input.subjects[i], record_id_out));
    VPI_TRY(vpriv_decide(&input, reasons_out));
    /* A recording that was never wrapped for this purpose stays shut, whatever was said later. */
    if (*reasons_out == 0 && !(recording->wrapped & VPRIV_PURPOSE_BIT(purpose)))
        *reasons_out = VPRIV_DENY_CONSENT_MISSING;
    st = VPRIV_OK;
out:
    return st;
}

/* Where there is no consent at all, what a consent would have to say goes without saying. */
static uint32_t worth_telling(uint32_t reasons)
{
    const uint32_t no_consent = VPRIV_DENY_CONSENT_MISSING | VPRIV_DENY_CONSENT_REFUSED |
                                VPRIV_DENY_CONSENT_WITHDRAWN | VPRIV_DENY_CONSENT_REVOKED |
                                VPRIV_DENY_CONSENT_EXPIRED | VPRIV_DENY_CONSENT_INVALIDATED;
    const uint32_t consequences = VPRIV_DENY_USES_SPENT | VPRIV_DENY_NOTICE_CHANGED |
                                  VPRIV_DENY_RECIPIENT_NOT_NAMED | VPRIV_DENY_NO_GRANT_KEY;
    return reasons & no_consent ? reasons & ~consequences : reasons;
}

vpriv_status vpi_denied(uint32_t reasons, vpriv_purpose purpose)
{
    reasons = worth_telling(reasons);
    char text[400] = "";
    size_t used = 0;
    for (int bit = 0; bit < VPRIV_DENY_REASONS && used < sizeof text; bit++)
        if (reasons >> bit & 1)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "; " : "",
                vpriv_deny_text((vpriv_deny)((uint32_t)1 << bit)));
    return vpi_fail(VPRIV_E_CONSENT, "%s: %s", vpriv_purpose_name(purpose), text);
}
