#include "vault/decision.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/decide.h"
#include "consent/purpose.h"
#include "consent/state.h"
#include "vault/consent_store.h"
#include "vault/notice_store.h"
#include "vault/places.h"
#include "vault/policy.h"
#include "vault/settings.h"
#include <stdio.h>
#include <string.h>

static vpriv_fact fact(bool yes)
{
    return yes ? VPRIV_FACT_YES : VPRIV_FACT_NO;
}

/* Everything about one question that is the same for every speaker. */
typedef struct question {
    vpi_policy_head head;
    vpi_places places;
    vpi_policy_subject person;
    vpriv_purpose purpose;
    vpriv_rules here;  /* of all places that count for everybody */
    vpriv_rules joint; /* of these and the speakers' homes */
    bool is_paused;
    vpriv_decision_input input;
} question;

bool vpi_pause_covers(
    const vpi_policy_head *head, const vpriv_rules *rules, vpriv_purpose purpose, int64_t now_us)
{
    for (uint32_t i = 0; i < head->n_pauses; i++) {
        const vpi_pause *pause = &head->pauses[i];
        if ((pause->purposes >> purpose & 1) && now_us >= pause->from_us &&
            now_us < pause->until_us && vpi_scope_covers(pause->where, rules))
            return true;
    }
    return vpi_rules_stop_now(rules, purpose, now_us);
}

/* One more place counts. */
static void count_place(question *q, const char *place, vpriv_rules *narrowed)
{
    vpriv_rules rules;
    const int64_t now_us = q->input.now_us;
    vpi_places_rules(&q->places, place, now_us, &rules);
    q->is_paused = q->is_paused || vpi_pause_covers(&q->head, &rules, q->purpose, now_us);
    if (narrowed->struct_size == 0)
        *narrowed = rules;
    else
        vpi_rules_join(narrowed, &rules);
}

/* What does not depend on the speakers. In a jurisdiction that is not known everything is paused.
 * taken_at: where a recording was taken, NULL for one to come. */
static vpriv_status start(vpriv_vault *vault, vpriv_purpose purpose,
    vpriv_decision_operation operation, const char *taken_at, question *q)
{
    vpriv_decision_input *input = &q->input;
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    if (!about)
        return vpi_fail(VPRIV_E_ARG, "purpose %d is outside 0 to 31", (int)purpose);
    const bool defined = vault->purposes >> purpose & 1;
    /* As it is now: another process may have paused the purpose. */
    vpriv_status st = vpi_policy_read_head(vault, &q->head);
    if (st == VPRIV_OK)
        st = vpi_places_load(vault, &q->head, &q->places);
    if (st != VPRIV_OK)
        return st;
    const vpi_settings *settings = &q->head.settings;
    q->purpose = purpose;
    input->struct_size = sizeof *input;
    input->operation = operation;
    input->purpose = purpose;
    input->purpose_defined = fact(defined);
    input->purpose_storable = fact(defined && about->is_storable);
    input->now_us = vpi_vault_now_us(vault);
    count_place(q, settings->jurisdiction, &q->here);
    count_place(q, settings->controller_country, &q->here);
    if (taken_at)
        count_place(q, taken_at, &q->here);
    q->joint = q->here;
    const bool known = vpi_jurisdiction_is_known(settings->jurisdiction) &&
                       (!taken_at || vpi_jurisdiction_is_known(taken_at));
    q->is_paused = q->is_paused || !known;
    input->jurisdiction_known = fact(known);
    input->triggered_by_person = VPRIV_FACT_YES;
    const vpi_policy policy = vpi_policy_in_force(&q->head, input->now_us);
    /* Issued this instant counts as 1 µs ago; in the future, as not known. */
    const int64_t age = input->now_us - policy.issued_us;
    input->policy_age_us = age == 0 ? 1 : age;
    input->policy_ttl_us = policy.ttl_us;
    return VPRIV_OK;
}

/* Whose word a consent is. */
typedef struct word {
    vpriv_consent_by by;
    vpriv_consent_method method;
    int64_t said_us;
} word;

/* What depends on where each of the speakers is at home. What a guardian said for somebody who is of age
 * is invalid from that moment, whether or not there is a record of it yet. */
static void add_speaker(question *q, const vpi_subject_place *at, vpriv_subject_class subject_class,
    const word *said, vpriv_decision_subject *facts)
{
    vpriv_rules own = q->here;
    const int64_t now_us = q->input.now_us;
    count_place(q, at->home, &own);
    vpi_rules_join(&q->joint, &own);
    const bool outgrown = vpi_consent_permits(facts->state) &&
                          vpi_rules_outgrown(&own, subject_class, at->birth, said->by, now_us);
    if (outgrown)
        facts->state = VPRIV_CONSENT_INVALIDATED;
    facts->child_rule_holds = fact(outgrown || vpi_rules_child_holds(&own, subject_class, at->birth,
                                                   said->by, said->said_us, now_us));
    facts->form_suffices = fact(vpi_rules_form_suffices(&own, q->purpose, said->method));
}

/* started_us: what was recorded then, or now, may be kept as long as every place lets it. */
static vpriv_status finish(
    question *q, int64_t started_us, int64_t kept_until_us, uint32_t *reasons_out)
{
    const int64_t lawful_us = vpriv_rules_keep_until(&q->joint, q->purpose, started_us);
    q->input.retention_until_us = lawful_us < kept_until_us ? lawful_us : kept_until_us;
    q->input.lawful_here = fact(!(q->joint.forbidden & VPRIV_PURPOSE_BIT(q->purpose)));
    q->input.paused = fact(q->is_paused);
    q->input.all_parties = fact(q->joint.all_parties);
    return vpriv_decide(&q->input, reasons_out);
}

static void capture_facts(question *q, const vpi_policy_subject *policy,
    vpriv_decision_subject *facts_out, vpi_tag_consent *consent_out)
{
    word said = {.said_us = q->input.now_us};
    memset(facts_out, 0, sizeof *facts_out);
    facts_out->subject_class = policy->subject_class;
    for (uint32_t i = 0; i < policy->n_consents; i++) {
        const vpi_policy_consent *consent = &policy->consents[i];
        if (consent->purpose != q->purpose)
            continue;
        facts_out->state = consent->state;
        facts_out->valid_until_us =
            consent->valid_until_us ? consent->valid_until_us : VPRIV_TIME_FOREVER_US;
        facts_out->uses_known = VPRIV_FACT_YES;
        facts_out->uses_left = consent->max_uses == 0 ? VPRIV_USES_UNLIMITED
                               : consent->uses < consent->max_uses
                                   ? consent->max_uses - consent->uses
                                   : 0;
        facts_out->notice_current = fact(vpi_policy_notice_in_force(&q->head, consent->notice));
        facts_out->recipient_named = VPRIV_FACT_YES; /* taken in by the controller's own device */
        facts_out->has_grant_key = fact(vpi_consent_permits(consent->state));
        said = (word){consent->by, consent->method, consent->said_us};
        if (consent_out) {
            consent_out->purpose = (uint8_t)q->purpose;
            memcpy(consent_out->record_id, consent->record_id, sizeof consent->record_id);
            memcpy(consent_out->notice, consent->notice, sizeof consent->notice);
        }
    }
    add_speaker(q, &policy->at, policy->subject_class, &said, facts_out);
}

/* Nothing is known of them but that they speak; who should have given a consent that is not there, and in
 * which form, goes without saying. */
static void add_strangers(question *q, const vpi_voices *voices)
{
    for (uint32_t i = 0; i < voices->n_guests + voices->n_unknown; i++) {
        q->input.subjects[q->input.n_subjects++] = (vpriv_decision_subject){
            .subject_class = i < voices->n_guests ? VPRIV_SUBJECT_GUEST : VPRIV_SUBJECT_UNKNOWN,
            .child_rule_holds = VPRIV_FACT_YES,
            .form_suffices = VPRIV_FACT_YES};
    }
}

vpriv_status vpi_decide_capture(vpriv_vault *vault, const vpi_voices *voices, vpriv_purpose purpose,
    vpriv_retention retention, uint32_t *reasons_out, vpi_tag_consent *consents_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    question *q = NULL;
    const uint8_t *subjects = voices->subjects;
    const size_t n_subjects = voices->n_subjects;
    VPI_ENSURE(n_subjects <= VPI_SUBJECTS_MAX && voices->n_guests <= VPI_SUBJECTS_MAX &&
                   voices->n_unknown <= VPI_SUBJECTS_MAX &&
                   n_subjects + voices->n_guests + voices->n_unknown <= VPI_SUBJECTS_MAX,
        VPRIV_E_LIMIT, "at most %d speakers, guests and unknown ones included", VPI_SUBJECTS_MAX);
    VPI_TRY(vpi_alloc(1, sizeof *q, (void **)&q));
    VPI_TRY(start(vault, purpose, VPRIV_DECISION_CAPTURE, NULL, q));
    q->input.recipient_known = VPRIV_FACT_YES;
    q->input.all_identified = voices->all_identified;
    q->input.n_subjects = (uint32_t)n_subjects;
    add_strangers(q, voices);
    for (size_t i = 0; i < n_subjects; i++) {
        const vpriv_status found =
            vpi_policy_read_subject(vault, subjects + i * VPI_SUBJECT_ID_BYTES, &q->person);
        if (found == VPRIV_E_NOT_FOUND)
            continue; /* the facts stay unknown, which is no */
        VPI_TRY(found);
        if (consents_out) {
            memset(&consents_out[i], 0, sizeof consents_out[i]);
            consents_out[i].subject = (uint8_t)i;
        }
        capture_facts(q, &q->person, &q->input.subjects[i], consents_out ? &consents_out[i] : NULL);
    }
    VPI_TRY(
        finish(q, q->input.now_us, vpi_retention_end_us(retention, q->input.now_us), reasons_out));
    st = VPRIV_OK;
out:
    free(q);
    return st;
}

vpriv_status vpi_permit_execution(vpriv_vault *vault, bool is_triggered_by_person)
{
    question *q = NULL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(1, sizeof *q, (void **)&q));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(start(vault, VPRIV_PURPOSE_EXECUTE_REQUEST, VPRIV_DECISION_CAPTURE, NULL, q));
    q->input.triggered_by_person = fact(is_triggered_by_person);
    VPI_TRY(finish(q, q->input.now_us, q->input.now_us, &reasons));
    st = reasons == 0 ? VPRIV_OK : vpi_denied(reasons, VPRIV_PURPOSE_EXECUTE_REQUEST);
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(q);
    return st;
}

/* What is known of one speaker goes to facts. */
static vpriv_status read_facts(vpriv_vault *vault, const vpi_recording *recording, uint32_t speaker,
    const char *recipient, question *q, vpriv_decision_subject *facts, uint8_t *record_id_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject;
    vpi_subject_place at;
    vpriv_consent_record record;
    vpriv_notice_ref notice;
    uint64_t slot = VPI_NO_SLOT;
    word said = {.said_us = q->input.now_us};
    memset(facts, 0, sizeof *facts);
    memset(&record, 0, sizeof record);
    const vpriv_status known = vpi_subject_find(vault, vpi_speaker(recording, speaker), &subject);
    if (known == VPRIV_E_NOT_FOUND)
        return VPRIV_OK; /* erased since: nothing is known, which is no */
    VPI_TRY(known);
    VPI_TRY(vpi_subject_place_of(vault, &subject, &at));
    facts->subject_class = subject.subject_class;
    const vpriv_status found = vpi_consent_latest(vault, subject.row, q->purpose, &record, &slot);
    if (found == VPRIV_OK) {
        const vpriv_status shown =
            vpi_notice_in_force(vault, record.notice.id, record.notice.language, &notice);
        if (shown != VPRIV_E_NOT_FOUND)
            VPI_TRY(shown);
        *facts = vpi_decision_subject_of(
            &record, q->purpose, shown == VPRIV_OK ? notice.sha256 : NULL, recipient);
        facts->has_grant_key = fact(
            slot != VPI_NO_SLOT && vpi_rests_on(recording, speaker, q->purpose, record.record_id));
        memcpy(record_id_out, record.record_id, sizeof record.record_id);
        said = (word){record.event.by, record.event.method, record.event.time_us};
    } else {
        VPI_ENSURE(found == VPRIV_E_NOT_FOUND, found, "%s", vpriv_error_detail());
    }
    add_speaker(q, &at, subject.subject_class, &said, facts);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_decide_read(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const char *recipient, uint32_t *reasons_out,
    uint8_t record_id_out[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    question *q = NULL;
    const vpi_tag *tag = &recording->tag;
    VPI_TRY(vpi_alloc(1, sizeof *q, (void **)&q));
    VPI_TRY(start(vault, purpose, VPRIV_DECISION_READ, tag->jurisdiction, q));
    const char *party = recipient ? recipient : q->head.settings.controller_id;
    q->input.recipient_known = VPRIV_FACT_YES;
    q->input.recording_state = recording->state;
    q->input.all_identified = tag->all_identified;
    q->input.n_subjects = vpi_n_speakers(recording);
    const bool has_own_term =
        (unsigned)purpose < VPI_PURPOSES_MAX && recording->purpose_expires_us[purpose] != 0;
    memset(record_id_out, 0, VPRIV_CONSENT_RECORD_ID_BYTES);
    for (uint32_t i = q->input.n_subjects; i-- > 0;)
        VPI_TRY(read_facts(vault, recording, i, party, q, &q->input.subjects[i], record_id_out));
    VPI_TRY(finish(q, tag->started_us,
        has_own_term ? recording->purpose_expires_us[purpose] : recording->expires_us,
        reasons_out));
    /* A recording that was never wrapped for this purpose stays shut, whatever was said later. */
    if (*reasons_out == 0 && !(recording->wrapped & VPRIV_PURPOSE_BIT(purpose)))
        *reasons_out = VPRIV_DENY_CONSENT_MISSING;
    st = VPRIV_OK;
out:
    free(q);
    return st;
}

/* Reasons that are a speaker's own, and that no time, place or recipient changes. */
#define SPEAKER_REASONS                                                                            \
    (VPRIV_DENY_SUBJECT_UNKNOWN | VPRIV_DENY_SUBJECT_GUEST | VPRIV_DENY_SUBJECT_BYSTANDER |        \
        VPRIV_DENY_CHILD_RULE | VPRIV_DENY_CONSENT_MISSING | VPRIV_DENY_CONSENT_REFUSED |          \
        VPRIV_DENY_CONSENT_WITHDRAWN | VPRIV_DENY_CONSENT_REVOKED | VPRIV_DENY_CONSENT_EXPIRED |   \
        VPRIV_DENY_CONSENT_INVALIDATED | VPRIV_DENY_NOTICE_CHANGED | VPRIV_DENY_NO_GRANT_KEY)

vpriv_status vpi_decide_speaker(vpriv_vault *vault, const vpi_recording *recording,
    uint32_t speaker, vpriv_purpose purpose, bool *permits_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    question *q = NULL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    VPI_TRY(vpi_alloc(1, sizeof *q, (void **)&q));
    VPI_TRY(start(vault, purpose, VPRIV_DECISION_READ, recording->tag.jurisdiction, q));
    q->input.recipient_known = VPRIV_FACT_YES;
    q->input.recording_state = recording->state;
    q->input.all_identified = recording->tag.all_identified;
    q->input.n_subjects = 1;
    VPI_TRY(read_facts(vault, recording, speaker, q->head.settings.controller_id, q,
        &q->input.subjects[0], record_id));
    VPI_TRY(finish(q, recording->tag.started_us, recording->expires_us, &reasons));
    *permits_out = (reasons & SPEAKER_REASONS) == 0;
    st = VPRIV_OK;
out:
    free(q);
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
