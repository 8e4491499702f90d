#include "share/document.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/json.h"
#include "share/jose.h"
#include "share/recall.h"
#include <sodium.h>
#include <string.h>

static const char context[] =
    "{\"dpv\":\"" VPI_DPV "\",\"eu-gdpr\":\"" VPI_GDPR "\","
    "\"dct\":\"http://purl.org/dc/terms/\",\"skos\":\"http://www.w3.org/2004/02/skos/core#\","
    "\"xsd\":\"http://www.w3.org/2001/XMLSchema#\",\"vp\":\"" VPI_OWN "\","
    "\"dct:issued\":{\"@type\":\"xsd:dateTime\"},"
    "\"dpv:isIndicatedAtTime\":{\"@type\":\"xsd:dateTime\"},"
    "\"vp:leftAt\":{\"@type\":\"xsd:dateTime\"},"
    "\"vp:validUntil\":{\"@type\":\"xsd:dateTime\"}}";

void vpi_document_put(vpi_document *document, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        document->failed = true;
}

void vpi_document_add(vpi_document *document, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        document->failed = true;
}

json_t *vpi_document_node(const char *type)
{
    return json_pack("{s:s}", "@type", type);
}

json_t *vpi_document_id(const char *id)
{
    return json_pack("{s:s}", "@id", id);
}

json_t *vpi_document_hex(const uint8_t *bytes, size_t n_bytes)
{
    char text[2 * VPRIV_SHA256_BYTES + 1];
    if (n_bytes > VPRIV_SHA256_BYTES)
        return NULL;
    sodium_bin2hex(text, sizeof text, bytes, n_bytes);
    return json_string(text);
}

json_t *vpi_document_time(int64_t time_us)
{
    char text[VPI_EXACT_TIME_BYTES];
    vpi_exact_time_text(time_us, text);
    return json_string(text);
}

json_t *vpi_document_number(uint64_t number)
{
    return number <= INT64_MAX ? json_integer((json_int_t)number) : NULL;
}

void vpi_document_uuid_urn(const uint8_t id[16], char urn_out[VPI_UUID_URN_BYTES])
{
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, id, 16);
    snprintf(urn_out, VPI_UUID_URN_BYTES, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
        hex + 12, hex + 16, hex + 20);
}

json_t *vpi_document_purpose(vpi_document *document, vpriv_purpose purpose)
{
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    char id[64];
    snprintf(id, sizeof id, "vp:%s", vpriv_purpose_name(purpose));
    json_t *node = vpi_document_id(id), *broader = json_array();
    if (about && about->broader_iri[0])
        vpi_document_add(document, broader, vpi_document_id(about->broader_iri));
    if (about && about->broader2_iri[0])
        vpi_document_add(document, broader, vpi_document_id(about->broader2_iri));
    vpi_document_put(document, node, "skos:broader", broader);
    return node;
}

static void leaf_id(const uint8_t *public_key, uint64_t index, char id_out[160])
{
    char key_id[VPRIV_KEY_ID_BYTES];
    vpi_jose_key_id(public_key, key_id);
    snprintf(id_out, 160, VPI_DEVICE "%s#leaf-%llu", key_id, (unsigned long long)index);
}

json_t *vpi_document_leaf(
    vpi_document *document, const vpi_receipt_leaf *leaf, const uint8_t *public_key)
{
    char id[160];
    leaf_id(public_key, leaf->index, id);
    json_t *node = vpi_document_id(id);
    vpi_document_put(document, node, "@type", json_string("vp:LogEntry"));
    vpi_document_put(document, node, "vp:logIndex", vpi_document_number(leaf->index));
    vpi_document_put(
        document, node, "vp:leafHash", vpi_document_hex(leaf->hash, sizeof leaf->hash));
    return node;
}

static const char *type_of(vpriv_receipt_kind kind)
{
    switch (kind) {
    case VPRIV_RECEIPT_CONSENT:
        return "dpv:ConsentReceipt";
    case VPRIV_RECEIPT_ACCESS:
        return "vp:AccessReceipt";
    case VPRIV_RECEIPT_DISCLOSURE:
        return "vp:DisclosureReceipt";
    case VPRIV_RECEIPT_ERASURE:
        return "vp:ErasureReceipt";
    case VPRIV_RECEIPT_PAUSE:
        return "vp:PauseReceipt";
    case VPRIV_RECEIPT_RECALL:
        return "vp:RecallReceipt";
    case VPRIV_RECEIPT_UNKNOWN:
        break;
    }
    return NULL;
}

static void put_head(vpi_document *document, const vpi_receipt_facts *facts)
{
    char key_id[VPRIV_KEY_ID_BYTES], device[128];
    json_t *root = document->root, *types = json_array(), *entries = json_array();
    json_t *terms = NULL;
    const char *type = type_of(facts->kind);
    if (vpi_json_read(context, sizeof context - 1, &terms) != VPRIV_OK)
        document->failed = true;
    vpi_jose_key_id(facts->public_key, key_id);
    snprintf(device, sizeof device, VPI_DEVICE "%s", key_id);
    vpi_document_put(document, root, "@context", terms);
    vpi_document_add(document, types, type ? json_string(type) : NULL);
    if (facts->kind != VPRIV_RECEIPT_CONSENT)
        vpi_document_add(document, types, json_string("dpv:DataProcessingRecord"));
    vpi_document_put(document, root, "@type", types);
    vpi_document_put(document, root, "dct:conformsTo", vpi_document_id("vp:" VPI_FORM));
    vpi_document_put(document, root, "dct:issued",
        vpi_document_time(facts->leaves[facts->n_leaves - 1].entry.time_us));
    vpi_document_put(document, root, "vp:device", vpi_document_id(device));
    vpi_document_put(
        document, root, "vp:madeFrom", vpi_document_id(facts->receipts ? "vp:Call" : "vp:Log"));
    for (size_t i = 0; i < facts->n_leaves; i++)
        vpi_document_add(
            document, entries, vpi_document_leaf(document, &facts->leaves[i], facts->public_key));
    vpi_document_put(document, root, "vp:logEntry", entries);
}

/* Pseudonyms only, whatever else is known. */
static void put_subject(vpi_document *document, const uint8_t *subject)
{
    if (!subject || sodium_is_zero(subject, VPRIV_SUBJECT_ID_BYTES))
        return;
    json_t *node = vpi_document_id("_:subject"), *list = json_array();
    vpi_document_put(document, node, "@type", json_string("dpv:DataSubject"));
    vpi_document_put(
        document, node, "dct:identifier", vpi_document_hex(subject, VPRIV_SUBJECT_ID_BYTES));
    vpi_document_add(document, list, node);
    vpi_document_put(document, document->root, "dpv:hasDataSubject", list);
}

static void put_processing(vpi_document *document, const char *term)
{
    vpi_document_put(
        document, document->root, "dpv:hasProcessing", json_pack("[{s:s}]", "@id", term));
}

static void put_actor(vpi_document *document, const vpriv_log_entry *entry)
{
    vpi_document_put(document, document->root, "vp:actor", json_string(entry->actor));
    if (entry->reason[0])
        vpi_document_put(document, document->root, "vp:reason", json_string(entry->reason));
}

static void put_recording(vpi_document *document, const uint8_t *recording)
{
    if (!sodium_is_zero(recording, VPRIV_RECORDING_ID_BYTES))
        vpi_document_put(document, document->root, "vp:recording",
            vpi_document_hex(recording, VPRIV_RECORDING_ID_BYTES));
}

/* Keys that a call destroyed; only the call knows. */
static void put_destruction(vpi_document *document, const vpi_receipt_facts *facts)
{
    const vpriv_receipt *first = facts->receipts;
    if (!first)
        return;
    const vpriv_receipt *last = &facts->receipts[facts->n_leaves - 1];
    if (last->generation_after <= first->generation_before)
        return;
    json_t *node = vpi_document_node("vp:KeyDestruction");
    vpi_document_put(
        document, node, "vp:rootGenerationBefore", vpi_document_number(first->generation_before));
    vpi_document_put(
        document, node, "vp:rootGenerationAfter", vpi_document_number(last->generation_after));
    vpi_document_put(document, node, "vp:deletionAssurance",
        vpi_document_id(last->assurance == VPRIV_ASSURANCE_KEYED ? "vp:Keyed" : "vp:BestEffort"));
    vpi_document_put(document, document->root, "vp:keyDestruction", node);
}

static void put_purpose(vpi_document *document, const vpriv_log_entry *entry)
{
    json_t *purposes = json_array();
    vpi_document_add(
        document, purposes, vpi_document_purpose(document, (vpriv_purpose)entry->purpose));
    vpi_document_put(document, document->root, "dpv:hasPurpose", purposes);
}

static json_t *recipient_node(const char *id)
{
    return json_pack("{s:s, s:s}", "@type", "dpv:Recipient", "dct:identifier", id);
}

static void put_recipient(vpi_document *document, const vpriv_log_entry *entry)
{
    if (entry->recipient[0])
        vpi_document_put(document, document->root, "dpv:hasRecipient",
            json_pack("[o]", recipient_node(entry->recipient)));
}

static void put_deny_reasons(vpi_document *document, const vpriv_log_entry *entry)
{
    json_t *reasons = json_array();
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++)
        if (entry->deny_reasons >> bit & 1)
            vpi_document_add(
                document, reasons, json_string(vpriv_deny_name((vpriv_deny)((uint32_t)1 << bit))));
    vpi_document_put(document, document->root, "vp:denyReason", reasons);
}

/* The log knows a hash of its id. */
static void put_derivative(vpi_document *document, const vpriv_log_entry *entry)
{
    if (entry->kind == VPRIV_LOG_DERIVATIVE_READ || entry->kind == VPRIV_LOG_DERIVATIVE_REFUSED ||
        entry->kind == VPRIV_LOG_DERIVATIVE_ERASED)
        vpi_document_put(document, document->root, "vp:derivativeIdSha256",
            vpi_document_hex(entry->detail_hash, sizeof entry->detail_hash));
}

static void put_access(vpi_document *document, const vpi_receipt_facts *facts)
{
    const vpriv_log_entry *entry = &facts->leaves[0].entry;
    const bool refused =
        entry->kind == VPRIV_LOG_ACCESS_REFUSED || entry->kind == VPRIV_LOG_DERIVATIVE_REFUSED;
    char urn[VPI_UUID_URN_BYTES];
    put_subject(document, entry->subject);
    put_processing(
        document, facts->kind == VPRIV_RECEIPT_DISCLOSURE ? "dpv:Disclose" : "dpv:Access");
    vpi_document_put(document, document->root, "vp:decision",
        vpi_document_id(refused ? "vp:Refused" : "vp:Permitted"));
    put_actor(document, entry);
    put_recording(document, entry->recording);
    put_derivative(document, entry);
    if (entry->purpose != VPRIV_LOG_NO_PURPOSE)
        put_purpose(document, entry);
    put_recipient(document, entry);
    if (!sodium_is_zero(entry->consent_record, sizeof entry->consent_record)) {
        vpi_document_uuid_urn(entry->consent_record, urn);
        vpi_document_put(document, document->root, "vp:underConsentRecord", vpi_document_id(urn));
    }
    if (refused)
        put_deny_reasons(document, entry);
}

/* Nothing of the person: the recipient knows the copy by the recording's id. */
static void put_recall(vpi_document *document, const vpi_receipt_facts *facts)
{
    const vpriv_log_entry *entry = &facts->leaves[0].entry;
    const vpi_receipt_leaf *left = &facts->disclosure;
    vpriv_recall_outcome outcome = VPRIV_RECALL_UNANSWERED;
    const char *status = "vp:AskedBack";
    if (entry->kind == VPRIV_LOG_RECALL_ACKNOWLEDGED) {
        if (vpriv_recall_outcome_from_name(entry->reason, &outcome) != VPRIV_OK)
            document->failed = true;
        status = outcome == VPRIV_RECALL_DELETED    ? "vp:Deleted"
                 : outcome == VPRIV_RECALL_NOT_KEPT ? "vp:NotKept"
                                                    : "vp:NotDeleted";
    } else {
        put_processing(document, "dpv:Erase");
    }
    vpi_document_put(document, document->root, "vp:recallStatus", vpi_document_id(status));
    vpi_document_put(document, document->root, "vp:recallCause",
        json_string(vpriv_recall_cause_name(vpi_recall_cause_of(entry->deny_reasons))));
    put_deny_reasons(document, entry);
    vpi_document_put(document, document->root, "vp:actor", json_string(entry->actor));
    put_recording(document, entry->recording);
    put_purpose(document, entry);
    put_recipient(document, entry);
    vpi_document_put(document, document->root, "vp:openedBy", json_string(left->entry.actor));
    vpi_document_put(document, document->root, "vp:leftAt", vpi_document_time(left->entry.time_us));
    vpi_document_put(document, document->root, "vp:disclosure",
        vpi_document_leaf(document, left, facts->public_key));
}

static void put_erasure(vpi_document *document, const vpi_receipt_facts *facts)
{
    const vpriv_log_entry *entry = &facts->leaves[0].entry;
    const vpriv_receipt_statement *statement = facts->statement;
    const bool is_person = entry->kind == VPRIV_LOG_SUBJECT_ERASED;
    const bool is_part = entry->kind == VPRIV_LOG_DERIVATIVE_ERASED;
    put_subject(document, statement && statement->subject ? statement->subject : entry->subject);
    put_processing(document, "dpv:Erase");
    put_actor(document, entry);
    put_recording(document, entry->recording);
    put_derivative(document, entry);
    vpi_document_put(document, document->root, "vp:recordingsErased",
        vpi_document_number(facts->receipts ? facts->receipts->n_recordings
                            : is_part       ? 0
                                            : entry->count));
    /* How many went with their recordings only the call knows. */
    if (facts->receipts || is_part)
        vpi_document_put(document, document->root, "vp:derivativesErased",
            vpi_document_number(facts->receipts ? facts->receipts->n_derivatives : entry->count));
    vpi_document_put(document, document->root, "vp:personErased", json_boolean(is_person));
    /* They lie under their recording's key, so there is no other way. */
    vpi_document_put(document, document->root, "vp:derivativesIncluded", json_true());
    put_destruction(document, facts);
    if (!sodium_is_zero(entry->recording, sizeof entry->recording)) {
        json_t *had = json_array();
        for (size_t i = 0; i < facts->n_disclosed_to; i++)
            vpi_document_add(document, had, recipient_node(facts->disclosed_to[i]));
        vpi_document_put(document, document->root, "vp:disclosedTo", had);
    }
    if (statement) {
        json_t *told = json_array();
        for (size_t i = 0; i < statement->n_recipients_told; i++)
            vpi_document_add(document, told, recipient_node(statement->recipients_told[i]));
        vpi_document_put(document, document->root, "vp:recipientsTold", told);
    }
}

static void put_pause(vpi_document *document, const vpi_receipt_facts *facts)
{
    const vpriv_log_entry *entry = &facts->leaves[0].entry;
    json_t *purposes = json_array();
    vpi_document_put(document, document->root, "vp:pauseStatus",
        vpi_document_id(entry->kind == VPRIV_LOG_PAUSE ? "vp:Paused" : "vp:Resumed"));
    put_actor(document, entry);
    for (size_t i = 0; i < facts->n_leaves; i++)
        vpi_document_add(document, purposes,
            vpi_document_purpose(document, (vpriv_purpose)facts->leaves[i].entry.purpose));
    vpi_document_put(document, document->root, "dpv:hasPurpose", purposes);
}

static void put_consents(vpi_document *document, const vpi_receipt_facts *facts)
{
    json_t *records = json_array();
    put_subject(document, facts->records[0].subject);
    put_destruction(document, facts);
    for (size_t i = 0; i < facts->n_leaves; i++)
        vpi_document_add(document, records,
            vpi_document_consent(
                document, &facts->records[i], &facts->leaves[i], facts->public_key, i));
    vpi_document_put(document, document->root, "dct:hasPart", records);
}

vpriv_status vpi_document_make(const vpi_receipt_facts *facts, char **text_out, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *text = NULL;
    vpi_document document = {json_object(), false};
    put_head(&document, facts);
    if (facts->kind == VPRIV_RECEIPT_CONSENT)
        put_consents(&document, facts);
    else if (facts->kind == VPRIV_RECEIPT_ERASURE)
        put_erasure(&document, facts);
    else if (facts->kind == VPRIV_RECEIPT_PAUSE)
        put_pause(&document, facts);
    else if (facts->kind == VPRIV_RECEIPT_RECALL)
        put_recall(&document, facts);
    else
        put_access(&document, facts);
    VPI_ENSURE(!document.failed, VPRIV_E_MEMORY, "the receipt's document could not be made");
    VPI_TRY(vpi_json_write(document.root, JSON_COMPACT | JSON_PRESERVE_ORDER, &text));
    *text_out = text;
    *n_bytes_out = strlen(text);
    st = VPRIV_OK;
out:
    json_decref(document.root);
    return st;
}
