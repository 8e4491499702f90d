/* The document inside a receipt: JSON-LD in the terms of DPV 2.3, and of a small vocabulary of our own for
 * what DPV has no words for (doc/vocabulary.ttl). The order of members is fixed, and no time, name or
 * random number comes in that was not in the facts: the same facts give the same bytes. */
#ifndef VPI_SHARE_DOCUMENT_H
#define VPI_SHARE_DOCUMENT_H

#include "base/status.h"
#include <jansson.h>
#include <voicepriv/share.h>

#define VPI_DPV    "https://w3id.org/dpv#"
#define VPI_GDPR   "https://w3id.org/dpv/legal/eu/gdpr#"
#define VPI_OWN    "urn:uuid:c75e7a5a-d3ad-4477-8e61-8db75d5478d4#"
#define VPI_FORM   "receipt-1"
#define VPI_DEVICE "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"

/* One leaf of the log that a receipt stands for. */
typedef struct vpi_receipt_leaf {
    uint64_t index;
    uint8_t hash[VPRIV_LOG_HASH_BYTES];
    vpriv_log_entry entry;
} vpi_receipt_leaf;

#define VPI_DISCLOSED_MAX 64 /* recipients in one receipt */

/* Everything a receipt is made from. */
typedef struct vpi_receipt_facts {
    vpriv_receipt_kind kind;
    uint8_t public_key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    size_t n_leaves;
    vpi_receipt_leaf leaves[VPRIV_RECEIPT_ENTRIES_MAX];
    vpriv_consent_record
        records[VPRIV_RECEIPT_ENTRIES_MAX]; /* consent: as they were at the event */
    vpi_receipt_leaf disclosure;            /* recall: what it is about */
    /* Erasure of one recording: whom the gate opened it for, apart from the person, each once. */
    char disclosed_to[VPI_DISCLOSED_MAX][VPRIV_LOG_RECIPIENT_BYTES];
    size_t n_disclosed_to;
    const vpriv_receipt *receipts;            /* NULL when made from the log alone */
    const vpriv_receipt_statement *statement; /* or NULL */
} vpi_receipt_facts;

/* A document on its way. Whatever does not go in makes it a failure: no receipt lacks a field. */
typedef struct vpi_document {
    json_t *root;
    bool failed;
} vpi_document;

/* The caller frees text_out. */
vpriv_status vpi_document_make(
    const vpi_receipt_facts *facts, char **text_out, size_t *n_bytes_out);

/* Members. A NULL value marks the document as failed. */
void vpi_document_put(vpi_document *document, json_t *object, const char *key, json_t *value);
void vpi_document_add(vpi_document *document, json_t *array, json_t *value);
json_t *vpi_document_node(const char *type);
json_t *vpi_document_id(const char *id);
json_t *vpi_document_hex(const uint8_t *bytes, size_t n_bytes);
json_t *vpi_document_time(int64_t time_us);
json_t *vpi_document_number(uint64_t number);
/* A purpose by its name, with the DPV terms it is narrower than. */
json_t *vpi_document_purpose(vpi_document *document, vpriv_purpose purpose);
/* "urn:uuid:" and the id. */
#define VPI_UUID_URN_BYTES 46
void vpi_document_uuid_urn(const uint8_t id[16], char urn_out[VPI_UUID_URN_BYTES]);
json_t *vpi_document_leaf(
    vpi_document *document, const vpi_receipt_leaf *leaf, const uint8_t *public_key);

/* consent_document.c: one record, as ISO/IEC TS 27560 has it. number tells its blank nodes from others'. */
json_t *vpi_document_consent(vpi_document *document, const vpriv_consent_record *record,
    const vpi_receipt_leaf *leaf, const uint8_t *public_key, size_t number);

/* RFC 3339 in UTC with microseconds: 27 bytes and a NUL. */
#define VPI_EXACT_TIME_BYTES 32
void vpi_exact_time_text(int64_t time_us, char text_out[VPI_EXACT_TIME_BYTES]);
/* Strict: only what vpi_exact_time_text writes. */
bool vpi_exact_time_parse(const char *text, int64_t *time_us_out);

#endif
