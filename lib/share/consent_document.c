#include "consent/record.h"
#include "share/document.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Names for the values of an enumeration; NULL makes the document a failure. */
#define NAME(names, value)                                                                         \
    ((size_t)(value) < sizeof(names) / sizeof(names)[0] ? (names)[value] : NULL)

static const char *const state_terms[] = {[VPRIV_CONSENT_UNKNOWN] = "dpv:ConsentUnknown",
    [VPRIV_CONSENT_REQUESTED] = "dpv:ConsentRequested",
    [VPRIV_CONSENT_GIVEN] = "dpv:ConsentGiven",
    [VPRIV_CONSENT_REFUSED] = "dpv:ConsentRefused",
    [VPRIV_CONSENT_DEFERRED] = "dpv:ConsentRequestDeferred",
    [VPRIV_CONSENT_WITHDRAWN] = "dpv:ConsentWithdrawn",
    [VPRIV_CONSENT_REVOKED] = "dpv:ConsentRevoked",
    [VPRIV_CONSENT_EXPIRED] = "dpv:ConsentExpired",
    [VPRIV_CONSENT_INVALIDATED] = "dpv:ConsentInvalidated",
    [VPRIV_CONSENT_RENEWED] = "dpv:RenewedConsentGiven"};

static const char *const role_terms[] = {[VPRIV_PARTY_CONTROLLER] = "dpv:DataController",
    [VPRIV_PARTY_PROCESSOR] = "dpv:DataProcessor",
    [VPRIV_PARTY_THIRD_PARTY] = "dpv:ThirdParty",
    [VPRIV_PARTY_AUTHORITY] = "dpv:Authority"};

static const char *const operation_terms[] = {"dpv:Record", "dpv:Store", "dpv:Analyse", "vp:Listen",
    "vp:Transcribe", "vp:Annotate", "dpv:Share"};

static const char *const human_terms[] = {[VPRIV_HUMAN_NOT_INVOLVED] = "dpv:HumanNotInvolved",
    [VPRIV_HUMAN_FOR_VERIFICATION] = "dpv:HumanInvolvementForVerification",
    [VPRIV_HUMAN_FOR_OVERSIGHT] = "dpv:HumanInvolvementForOversight",
    [VPRIV_HUMAN_INVOLVED] = "dpv:HumanInvolved"};

static const char *const method_terms[] = {[VPRIV_CONSENT_METHOD_TAP] = "vp:Tap",
    [VPRIV_CONSENT_METHOD_VOICE] = "vp:Voice",
    [VPRIV_CONSENT_METHOD_BUTTON] = "vp:Button",
    [VPRIV_CONSENT_METHOD_PAPER] = "vp:Paper",
    [VPRIV_CONSENT_METHOD_IMPORT] = "vp:Import"};

static const char *const class_terms[] = {[VPRIV_SUBJECT_UNKNOWN] = "vp:UnknownSpeaker",
    [VPRIV_SUBJECT_USER] = "dpv:User",
    [VPRIV_SUBJECT_GUEST] = "vp:Guest",
    [VPRIV_SUBJECT_BYSTANDER] = "vp:Bystander",
    [VPRIV_SUBJECT_CHILD] = "dpv:Child"};

static const char *const basis_terms[] = {[VPRIV_LEGAL_BASIS_CONSENT] = "eu-gdpr:A6-1-a",
    [VPRIV_LEGAL_BASIS_CONTRACT] = "eu-gdpr:A6-1-b",
    [VPRIV_LEGAL_BASIS_LEGAL_OBLIGATION] = "eu-gdpr:A6-1-c",
    [VPRIV_LEGAL_BASIS_VITAL_INTEREST] = "eu-gdpr:A6-1-d",
    [VPRIV_LEGAL_BASIS_PUBLIC_INTEREST] = "eu-gdpr:A6-1-e",
    [VPRIV_LEGAL_BASIS_LEGITIMATE_INTEREST] = "eu-gdpr:A6-1-f",
    [VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT] = "eu-gdpr:A6-1-a-explicit-consent"};

static json_t *term(const char *name)
{
    return name ? vpi_document_id(name) : NULL;
}

static json_t *country(vpi_document *document, const char *code)
{
    json_t *node = vpi_document_node("dpv:Country");
    vpi_document_put(document, node, "dct:identifier", json_string(code));
    return node;
}

#define PARTY_ID_BYTES 48

static void party_node_id(size_t record, size_t party, char id_out[PARTY_ID_BYTES])
{
    snprintf(id_out, PARTY_ID_BYTES, "_:record%zu-party%zu", record, party);
}

static json_t *party_ref(const vpriv_consent_record *record, size_t number, const char *id)
{
    char node_id[PARTY_ID_BYTES];
    for (size_t i = 0; i < record->n_parties; i++) {
        party_node_id(number, i, node_id);
        if (strcmp(record->parties[i].id, id) == 0)
            return vpi_document_id(node_id);
    }
    return NULL;
}

static json_t *parties(vpi_document *document, const vpriv_consent_record *record, size_t number)
{
    json_t *list = json_array();
    for (size_t i = 0; i < record->n_parties; i++) {
        const vpriv_party *party = &record->parties[i];
        const char *role = NAME(role_terms, party->role);
        char id[PARTY_ID_BYTES];
        party_node_id(number, i, id);
        json_t *node = vpi_document_id(id);
        vpi_document_put(document, node, "@type", role ? json_string(role) : NULL);
        vpi_document_put(document, node, "dct:identifier", json_string(party->id));
        vpi_document_put(document, node, "dpv:hasName", json_string(party->name));
        vpi_document_put(document, node, "dpv:hasCountry", country(document, party->country));
        if (party->contact[0])
            vpi_document_put(document, node, "dpv:hasContact", json_string(party->contact));
        vpi_document_add(document, list, node);
    }
    return list;
}

static json_t *subject(vpi_document *document, const vpriv_consent_record *record)
{
    const char *class_term = NAME(class_terms, record->subject_class);
    json_t *node = vpi_document_id("_:subject"), *types = json_array(), *list = json_array();
    vpi_document_add(document, types, json_string("dpv:DataSubject"));
    vpi_document_add(document, types, class_term ? json_string(class_term) : NULL);
    vpi_document_put(document, node, "@type", types);
    vpi_document_put(document, node, "dct:identifier",
        vpi_document_hex(record->subject, sizeof record->subject));
    vpi_document_add(document, list, node);
    return list;
}

static json_t *notice(vpi_document *document, const vpriv_notice_ref *ref)
{
    json_t *node = vpi_document_node("dpv:ConsentNotice");
    vpi_document_put(document, node, "dct:identifier", json_string(ref->id));
    vpi_document_put(document, node, "dct:hasVersion", json_string(ref->version));
    vpi_document_put(document, node, "dct:language", json_string(ref->language));
    vpi_document_put(
        document, node, "vp:textSha256", vpi_document_hex(ref->sha256, sizeof ref->sha256));
    json_t *list = json_array();
    vpi_document_add(document, list, node);
    return list;
}

static json_t *legal_basis(vpi_document *document, const vpriv_consent_record *record)
{
    const vpriv_purpose_info *about = vpriv_purpose_about(record->purpose);
    json_t *list = json_array();
    vpi_document_add(document, list, term(NAME(basis_terms, record->legal_basis)));
    if (record->legal_basis == VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT && about &&
        about->is_special_category)
        vpi_document_add(document, list, term("eu-gdpr:A9-2-a"));
    return list;
}

static json_t *processing(vpi_document *document, uint32_t operations)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof operation_terms / sizeof operation_terms[0]; i++)
        if (operations >> i & 1)
            vpi_document_add(document, list, term(operation_terms[i]));
    return list;
}

static json_t *storage(vpi_document *document, const vpriv_consent_record *record)
{
    json_t *place = vpi_document_node("dpv:StorageLocation"), *list = json_array();
    json_t *duration = vpi_document_node("dpv:StorageDuration");
    vpi_document_put(document, place, "vp:deviceClass", json_string(record->storage_device));
    if (record->storage_country[0])
        vpi_document_put(
            document, place, "dpv:hasCountry", country(document, record->storage_country));
    if (strcmp(record->retention, VPRIV_RETENTION_UNTIL_ERASED) == 0) {
        json_t *until = vpi_document_node("dpv:UntilEventDuration");
        vpi_document_put(document, until, "dct:description", json_string(record->retention));
        vpi_document_put(document, duration, "dpv:hasDuration", until);
    } else {
        vpi_document_put(document, duration, "dpv:hasDuration",
            json_pack("{s:s, s:s}", "@value", record->retention, "@type", "xsd:duration"));
    }
    vpi_document_add(document, list, place);
    vpi_document_add(document, list, duration);
    return list;
}

static json_t *indicated_by(const vpriv_consent_record *record, size_t number)
{
    switch (record->event.by) {
    case VPRIV_CONSENT_BY_PERSON:
        return vpi_document_id("_:subject");
    case VPRIV_CONSENT_BY_PARENT:
        return vpi_document_node("dpv:ParentOfDataSubject");
    case VPRIV_CONSENT_BY_GUARDIAN:
    case VPRIV_CONSENT_BY_GUARDIANS:
        return vpi_document_node("dpv:GuardianOfDataSubject");
    case VPRIV_CONSENT_BY_CONTROLLER:
        return party_ref(record, number, record->controller_id);
    case VPRIV_CONSENT_BY_UNKNOWN:
        break;
    }
    return NULL;
}

static void put_parties(
    vpi_document *document, json_t *node, const vpriv_consent_record *record, size_t number)
{
    json_t *recipients = json_array(), *places = json_array(), *laws = json_array();
    json_t *controllers = json_array();
    vpi_document_put(document, node, "dpv:hasEntity", parties(document, record, number));
    vpi_document_add(document, controllers, party_ref(record, number, record->controller_id));
    vpi_document_put(document, node, "dpv:hasDataController", controllers);
    for (size_t i = 0; i < record->n_recipients; i++)
        vpi_document_add(document, recipients, party_ref(record, number, record->recipients[i]));
    vpi_document_put(document, node, "dpv:hasRecipient", recipients);
    for (size_t i = 0; i < record->n_jurisdictions; i++)
        vpi_document_add(document, places,
            json_pack("{s:s, s:s}", "@type", "dpv:Jurisdiction", "dct:identifier",
                record->jurisdictions[i]));
    vpi_document_put(document, node, "dpv:hasJurisdiction", places);
    for (size_t i = 0; i < record->n_laws; i++)
        vpi_document_add(document, laws, vpi_document_id(record->laws[i]));
    vpi_document_put(document, node, "dpv:hasApplicableLaw", laws);
}

static void put_event(
    vpi_document *document, json_t *node, const vpriv_consent_record *record, size_t number)
{
    const vpriv_consent_indication *event = &record->event;
    vpi_document_put(document, node, "dpv:hasConsentStatus", term(NAME(state_terms, event->state)));
    vpi_document_put(document, node, "dpv:isIndicatedAtTime", vpi_document_time(event->time_us));
    if (event->valid_until_us != 0)
        vpi_document_put(document, node, "vp:validUntil", vpi_document_time(event->valid_until_us));
    vpi_document_put(document, node, "dpv:isIndicatedBy", indicated_by(record, number));
    vpi_document_put(
        document, node, "dpv:hasIndicationMethod", term(NAME(method_terms, event->method)));
    vpi_document_put(document, node, "vp:surface", json_string(event->surface));
    vpi_document_put(
        document, node, "vp:surfaceSequence", vpi_document_number(event->surface_sequence));
}

static void put_extension(vpi_document *document, json_t *node, const vpriv_consent_record *record,
    const vpi_receipt_leaf *leaf)
{
    vpi_document_put(document, node, "vp:coversPast", json_boolean(record->covers_past));
    vpi_document_put(
        document, node, "vp:maxSamplePerMillion", vpi_document_number(record->max_sample_ppm));
    vpi_document_put(document, node, "vp:maxUses", vpi_document_number(record->max_uses));
    vpi_document_put(document, node, "vp:uses", vpi_document_number(record->uses));
    vpi_document_put(document, node, "vp:policyEpoch", vpi_document_number(record->policy_epoch));
    if (!sodium_is_zero(record->previous_hash, sizeof record->previous_hash))
        vpi_document_put(document, node, "vp:previousRecordSha256",
            vpi_document_hex(record->previous_hash, sizeof record->previous_hash));
    vpi_document_put(document, node, "vp:recordSha256",
        vpi_document_hex(leaf->entry.detail_hash, sizeof leaf->entry.detail_hash));
}

json_t *vpi_document_consent(vpi_document *document, const vpriv_consent_record *record,
    const vpi_receipt_leaf *leaf, const uint8_t *public_key, size_t number)
{
    char urn[VPI_UUID_URN_BYTES];
    vpi_document_uuid_urn(record->record_id, urn);
    json_t *node = vpi_document_id(urn), *purposes = json_array();
    vpi_document_put(document, node, "@type", json_string("dpv:ConsentRecord"));
    vpi_document_put(document, node, "dct:identifier", json_string(urn + strlen("urn:uuid:")));
    vpi_document_put(document, node, "dct:conformsTo", vpi_document_id("vp:consent-record-1"));
    vpi_document_put(document, node, "dpv:hasDataSubject", subject(document, record));
    put_parties(document, node, record, number);
    vpi_document_put(document, node, "dpv:hasNotice", notice(document, &record->notice));
    vpi_document_add(document, purposes, vpi_document_purpose(document, record->purpose));
    vpi_document_put(document, node, "dpv:hasPurpose", purposes);
    vpi_document_put(document, node, "dpv:hasLegalBasis", legal_basis(document, record));
    vpi_document_put(document, node, "dpv:hasProcessing", processing(document, record->operations));
    vpi_document_put(document, node, "dpv:hasHumanInvolvement",
        term(NAME(human_terms, record->human_involvement)));
    vpi_document_put(document, node, "dpv:hasStorageCondition", storage(document, record));
    vpi_document_put(document, node, "dpv:hasConsentControl",
        json_pack(
            "[{s:s, s:s}]", "@type", "dpv:WithdrawConsent", "dct:description", record->withdrawal));
    put_event(document, node, record, number);
    put_extension(document, node, record, leaf);
    vpi_document_put(document, node, "vp:logEntry", vpi_document_leaf(document, leaf, public_key));
    return node;
}
