#include "consent/decide.h"
#include "consent/purpose.h"
#include "consent/state.h"
#include "consent/text.h"
#include <string.h>

/* The purpose after its facts have been held against the table. */
typedef struct purpose_facts {
    vpriv_purpose_basis basis;
    vpriv_fact storable; /* UNKNOWN also when fact and table disagree */
} purpose_facts;

static uint32_t unless(bool condition, uint32_t reason)
{
    return condition ? 0 : reason;
}

static bool is_yes(vpriv_fact fact)
{
    return fact == VPRIV_FACT_YES;
}

static bool is_fact(vpriv_fact fact)
{
    return fact == VPRIV_FACT_UNKNOWN || fact == VPRIV_FACT_NO || fact == VPRIV_FACT_YES;
}

static bool is_between(int value, int low, int high)
{
    return value >= low && value <= high;
}

static bool subject_is_well_formed(const vpriv_decision_subject *subject)
{
    return is_between((int)subject->subject_class, VPRIV_SUBJECT_UNKNOWN, VPRIV_SUBJECT_CHILD) &&
           is_between((int)subject->state, VPRIV_CONSENT_UNKNOWN, VPRIV_CONSENT_RENEWED) &&
           is_fact(subject->uses_known) && is_fact(subject->notice_current) &&
           is_fact(subject->recipient_named) && is_fact(subject->has_grant_key) &&
           is_fact(subject->child_rule_holds) && is_fact(subject->form_suffices);
}

static bool input_is_well_formed(const vpriv_decision_input *input)
{
    bool good =
        is_between((int)input->operation, VPRIV_DECISION_UNKNOWN, VPRIV_DECISION_READ) &&
        vpi_purpose_is_valid((int)input->purpose) &&
        is_between((int)input->recording_state, VPRIV_RECORDING_NONE, VPRIV_RECORDING_SHREDDED) &&
        is_fact(input->purpose_defined) && is_fact(input->purpose_storable) &&
        is_fact(input->jurisdiction_known) && is_fact(input->lawful_here) &&
        is_fact(input->paused) && is_fact(input->triggered_by_person) &&
        is_fact(input->recipient_known) && is_fact(input->all_parties) &&
        is_fact(input->all_identified) && input->n_subjects <= VPRIV_DECISION_SUBJECTS_MAX;
    for (size_t i = 0; good && i < input->n_subjects; i++)
        good = subject_is_well_formed(&input->subjects[i]);
    return good;
}

static purpose_facts purpose_of(const vpriv_decision_input *input)
{
    const vpriv_purpose_info *info = vpriv_purpose_about(input->purpose);
    if (!info)
        return (purpose_facts){VPRIV_PURPOSE_BASIS_CONSENT, VPRIV_FACT_UNKNOWN};
    const vpriv_fact in_table = info->is_storable ? VPRIV_FACT_YES : VPRIV_FACT_NO;
    const bool agrees =
        input->purpose >= VPRIV_PURPOSE_VENDOR_FIRST || input->purpose_storable == in_table;
    return (purpose_facts){info->basis, agrees ? input->purpose_storable : VPRIV_FACT_UNKNOWN};
}

static uint32_t deny_context(const vpriv_decision_input *input, purpose_facts purpose)
{
    const bool reads = input->operation == VPRIV_DECISION_READ;
    uint32_t reasons = 0;
    reasons |=
        unless(reads || input->operation == VPRIV_DECISION_CAPTURE, VPRIV_DENY_OPERATION_UNKNOWN);
    reasons |= unless(is_yes(input->purpose_defined) && vpi_purpose_is_valid((int)input->purpose),
        VPRIV_DENY_PURPOSE_UNDEFINED);
    reasons |= unless(purpose.basis != VPRIV_PURPOSE_BASIS_LAW, VPRIV_DENY_PURPOSE_OTHER_BASIS);
    reasons |= unless(is_yes(purpose.storable) || (!reads && purpose.storable == VPRIV_FACT_NO),
        VPRIV_DENY_PURPOSE_NOT_STORABLE);
    reasons |= unless(vpi_time_is_plausible(input->now_us), VPRIV_DENY_TIME_UNKNOWN);
    reasons |= unless(is_yes(input->jurisdiction_known), VPRIV_DENY_JURISDICTION_UNKNOWN);
    reasons |= unless(is_yes(input->lawful_here), VPRIV_DENY_NOT_LAWFUL_HERE);
    reasons |= unless(input->paused == VPRIV_FACT_NO, VPRIV_DENY_PAUSED);
    return reasons;
}

static uint32_t deny_recording(const vpriv_decision_input *input)
{
    switch (input->recording_state) {
    case VPRIV_RECORDING_COMMITTED:
        return 0;
    case VPRIV_RECORDING_PROVISIONAL:
        return VPRIV_DENY_RECORDING_PROVISIONAL;
    case VPRIV_RECORDING_RESTRICTED:
        return VPRIV_DENY_RECORDING_RESTRICTED;
    case VPRIV_RECORDING_SHREDDED:
        return VPRIV_DENY_RECORDING_SHREDDED;
    case VPRIV_RECORDING_NONE:
        break;
    }
    return VPRIV_DENY_RECORDING_UNKNOWN;
}

/* Asked of what lies in the vault or is about to; sound in memory has neither state nor term. */
static uint32_t deny_keeping(const vpriv_decision_input *input, purpose_facts purpose)
{
    const bool reads = input->operation == VPRIV_DECISION_READ;
    uint32_t reasons = reads ? deny_recording(input) : 0;
    if (reads || is_yes(purpose.storable))
        reasons |= unless(input->retention_until_us > 0 && vpi_time_is_plausible(input->now_us) &&
                              input->now_us < input->retention_until_us,
            VPRIV_DENY_RETENTION_OVER);
    return reasons;
}

static uint32_t deny_class(vpriv_subject_class subject_class)
{
    switch (subject_class) {
    case VPRIV_SUBJECT_USER:
    case VPRIV_SUBJECT_CHILD:
        return 0;
    case VPRIV_SUBJECT_GUEST:
        return VPRIV_DENY_SUBJECT_GUEST;
    case VPRIV_SUBJECT_BYSTANDER:
        return VPRIV_DENY_SUBJECT_BYSTANDER;
    case VPRIV_SUBJECT_UNKNOWN:
        break;
    }
    return VPRIV_DENY_SUBJECT_UNKNOWN;
}

static uint32_t deny_state(const vpriv_decision_subject *subject, int64_t now_us)
{
    switch (subject->state) {
    case VPRIV_CONSENT_GIVEN:
    case VPRIV_CONSENT_RENEWED:
        return unless(vpi_time_is_plausible(now_us) && now_us < subject->valid_until_us,
            VPRIV_DENY_CONSENT_EXPIRED);
    case VPRIV_CONSENT_REFUSED:
        return VPRIV_DENY_CONSENT_REFUSED;
    case VPRIV_CONSENT_WITHDRAWN:
        return VPRIV_DENY_CONSENT_WITHDRAWN;
    case VPRIV_CONSENT_REVOKED:
        return VPRIV_DENY_CONSENT_REVOKED;
    case VPRIV_CONSENT_EXPIRED:
        return VPRIV_DENY_CONSENT_EXPIRED;
    case VPRIV_CONSENT_INVALIDATED:
        return VPRIV_DENY_CONSENT_INVALIDATED;
    case VPRIV_CONSENT_UNKNOWN:
    case VPRIV_CONSENT_REQUESTED:
    case VPRIV_CONSENT_DEFERRED:
        break;
    }
    return VPRIV_DENY_CONSENT_MISSING;
}

static uint32_t deny_subject(const vpriv_decision_subject *subject, int64_t now_us)
{
    uint32_t reasons = deny_class(subject->subject_class) | deny_state(subject, now_us);
    reasons |= unless(is_yes(subject->child_rule_holds), VPRIV_DENY_CHILD_RULE);
    reasons |= unless(is_yes(subject->form_suffices), VPRIV_DENY_NOT_LAWFUL_HERE);
    reasons |= unless(is_yes(subject->uses_known) && subject->uses_left > 0, VPRIV_DENY_USES_SPENT);
    reasons |= unless(is_yes(subject->notice_current), VPRIV_DENY_NOTICE_CHANGED);
    reasons |= unless(is_yes(subject->recipient_named), VPRIV_DENY_RECIPIENT_NOT_NAMED);
    reasons |= unless(is_yes(subject->has_grant_key), VPRIV_DENY_NO_GRANT_KEY);
    return reasons;
}

/* A controller that cannot be reached takes nothing away from the person. */
static bool goes_on_when_stale(vpriv_purpose purpose)
{
    return purpose == VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION ||
           purpose == VPRIV_PURPOSE_KEEP_HISTORY || purpose == VPRIV_PURPOSE_ON_DEVICE_ADAPTATION;
}

static uint32_t deny_consent(const vpriv_decision_input *input)
{
    const bool fresh = input->policy_age_us > 0 && input->policy_age_us < input->policy_ttl_us;
    uint32_t reasons = unless(fresh || goes_on_when_stale(input->purpose), VPRIV_DENY_POLICY_STALE);
    reasons |= unless(is_yes(input->recipient_known), VPRIV_DENY_RECIPIENT_UNKNOWN);
    reasons |= unless(input->n_subjects > 0, VPRIV_DENY_NO_SUBJECT);
    reasons |= unless(input->all_parties == VPRIV_FACT_NO || is_yes(input->all_identified),
        VPRIV_DENY_SUBJECT_UNKNOWN);
    for (size_t i = 0; i < input->n_subjects && i < VPRIV_DECISION_SUBJECTS_MAX; i++)
        reasons |= deny_subject(&input->subjects[i], input->now_us);
    return reasons;
}

static uint32_t deny(const vpriv_decision_input *input)
{
    if (!input || input->struct_size != sizeof *input)
        return VPRIV_DENY_INPUT_MALFORMED; /* nothing else in it can be trusted */
    const purpose_facts purpose = purpose_of(input);
    uint32_t reasons = unless(input_is_well_formed(input), VPRIV_DENY_INPUT_MALFORMED);
    reasons |= deny_context(input, purpose);
    reasons |= deny_keeping(input, purpose);
    if (purpose.basis == VPRIV_PURPOSE_BASIS_CONSENT)
        reasons |= deny_consent(input);
    if (purpose.basis == VPRIV_PURPOSE_BASIS_TRIGGER)
        reasons |= unless(is_yes(input->triggered_by_person), VPRIV_DENY_NOT_TRIGGERED);
    return reasons;
}

vpriv_status vpriv_decide(const vpriv_decision_input *input, uint32_t *reasons_out)
{
    if (!reasons_out)
        return vpi_fail(VPRIV_E_ARG, "decide: output is NULL");
    *reasons_out = deny(input);
    return VPRIV_OK;
}

static bool names(const vpriv_consent_record *record, const char *recipient_id)
{
    for (size_t i = 0; i < record->n_recipients && i < VPRIV_RECIPIENTS_MAX; i++)
        if (strncmp(record->recipients[i], recipient_id, VPRIV_PARTY_ID_BYTES) == 0)
            return true;
    return false;
}

vpriv_decision_subject vpi_decision_subject_of(const vpriv_consent_record *record,
    vpriv_purpose purpose, const uint8_t *current_notice_sha256, const char *recipient_id)
{
    vpriv_decision_subject subject = {0};
    if (!record || record->struct_size != sizeof *record || record->purpose != purpose)
        return subject;
    subject.subject_class = record->subject_class;
    subject.state = record->event.state;
    subject.valid_until_us =
        record->event.valid_until_us ? record->event.valid_until_us : VPRIV_TIME_FOREVER_US;
    subject.uses_known = VPRIV_FACT_YES;
    subject.uses_left = record->max_uses == 0             ? VPRIV_USES_UNLIMITED
                        : record->uses < record->max_uses ? record->max_uses - record->uses
                                                          : 0;
    if (current_notice_sha256)
        subject.notice_current =
            memcmp(record->notice.sha256, current_notice_sha256, VPRIV_SHA256_BYTES) == 0
                ? VPRIV_FACT_YES
                : VPRIV_FACT_NO;
    if (recipient_id)
        subject.recipient_named = names(record, recipient_id) ? VPRIV_FACT_YES : VPRIV_FACT_NO;
    return subject;
}
