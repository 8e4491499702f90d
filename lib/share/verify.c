/* Receipts, checked without a vault: the signature first, then that what was signed is a receipt. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/json.h"
#include "share/document.h"
#include "share/jose.h"
#include <sodium.h>
#include <string.h>

static const struct {
    const char *type;
    const char *name;
} kinds[] = {[VPRIV_RECEIPT_CONSENT] = {"dpv:ConsentReceipt", "consent"},
    [VPRIV_RECEIPT_ACCESS] = {"vp:AccessReceipt", "access"},
    [VPRIV_RECEIPT_DISCLOSURE] = {"vp:DisclosureReceipt", "disclosure"},
    [VPRIV_RECEIPT_ERASURE] = {"vp:ErasureReceipt", "erasure"},
    [VPRIV_RECEIPT_PAUSE] = {"vp:PauseReceipt", "pause"},
    [VPRIV_RECEIPT_RECALL] = {"vp:RecallReceipt", "recall"}};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

const char *vpriv_receipt_kind_name(vpriv_receipt_kind kind)
{
    return kind > VPRIV_RECEIPT_UNKNOWN && (size_t)kind < N_KINDS ? kinds[kind].name
                                                                  : "unknown receipt";
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *id_of(const json_t *object, const char *key)
{
    return text_of(json_object_get(object, key), "@id");
}

static bool hex_of(const json_t *object, const char *key, uint8_t *bytes_out, size_t n_bytes)
{
    const char *text = text_of(object, key), *end = NULL;
    size_t n = 0;
    return strlen(text) == 2 * n_bytes &&
           sodium_hex2bin(bytes_out, n_bytes, text, 2 * n_bytes, NULL, &n, &end) == 0 &&
           n == n_bytes;
}

static vpriv_receipt_kind kind_of(const json_t *document)
{
    const char *type = json_string_value(json_array_get(json_object_get(document, "@type"), 0));
    for (size_t kind = 1; type && kind < N_KINDS; kind++)
        if (strcmp(type, kinds[kind].type) == 0)
            return (vpriv_receipt_kind)kind;
    return VPRIV_RECEIPT_UNKNOWN;
}

static bool subject_of(const json_t *document, uint8_t *subject_out)
{
    const json_t *subjects = json_object_get(document, "dpv:hasDataSubject");
    if (!subjects)
        return true;
    return json_array_size(subjects) == 1 && hex_of(json_array_get(subjects, 0), "dct:identifier",
                                                 subject_out, VPRIV_SUBJECT_ID_BYTES);
}

static bool entries_of(const json_t *document, vpriv_receipt_claims *claims)
{
    const json_t *entries = json_object_get(document, "vp:logEntry");
    const size_t n = json_array_size(entries);
    const json_t *first = json_array_get(entries, 0);
    const json_t *index = json_object_get(first, "vp:logIndex");
    if (n < 1 || n > VPRIV_RECEIPT_ENTRIES_MAX || !json_is_integer(index) ||
        json_integer_value(index) < 0)
        return false;
    claims->n_entries = (uint32_t)n;
    claims->log_index = (uint64_t)json_integer_value(index);
    return hex_of(first, "vp:leafHash", claims->leaf_hash, sizeof claims->leaf_hash);
}

static vpriv_status read_claims(
    const json_t *document, const uint8_t *public_key, vpriv_receipt_claims *claims)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char key_id[VPRIV_KEY_ID_BYTES], device[128];
    vpi_jose_key_id(public_key, key_id);
    snprintf(device, sizeof device, VPI_DEVICE "%s", key_id);
    VPI_ENSURE(json_is_object(document), VPRIV_E_FORMAT, "what is signed is no JSON document");
    const char *form = id_of(document, "dct:conformsTo");
    VPI_ENSURE(strncmp(form, "vp:receipt-", strlen("vp:receipt-")) == 0, VPRIV_E_FORMAT,
        "what is signed is no receipt");
    VPI_ENSURE(strcmp(form, "vp:" VPI_FORM) == 0, VPRIV_E_VERSION,
        "the receipt has a form that this library does not know");
    claims->kind = kind_of(document);
    VPI_ENSURE(claims->kind != VPRIV_RECEIPT_UNKNOWN, VPRIV_E_FORMAT,
        "what is signed is no receipt of a known kind");
    VPI_ENSURE(strcmp(id_of(document, "vp:device"), device) == 0, VPRIV_E_FORMAT,
        "the receipt names another device than its signature");
    VPI_ENSURE(vpi_exact_time_parse(text_of(document, "dct:issued"), &claims->time_us) &&
                   subject_of(document, claims->subject) && entries_of(document, claims),
        VPRIV_E_FORMAT, "the receipt's time, person or log entry is malformed");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_receipt_verify(const char *text, size_t n_bytes, const uint8_t *public_key,
    vpriv_write_fn write, void *user, vpriv_receipt_claims *claims_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *payload = NULL;
    size_t n_payload = 0;
    json_t *document = NULL;
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    VPI_ENSURE(text && public_key, VPRIV_E_ARG, "a receipt and a public key are needed");
    VPI_ENSURE(!claims_out || claims_out->struct_size == sizeof claims, VPRIV_E_ARG,
        "vpriv_receipt_claims.struct_size is %zu, not %zu", claims_out->struct_size, sizeof claims);
    VPI_ENSURE(n_bytes <= VPRIV_RECEIPT_BYTES_MAX, VPRIV_E_LIMIT,
        "the receipt is longer than %d bytes", VPRIV_RECEIPT_BYTES_MAX);
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_jose_open(text, n_bytes, public_key, &payload, &n_payload));
    VPI_TRY(vpi_json_read(payload, n_payload, &document));
    VPI_TRY(read_claims(document, public_key, &claims));
    if (write)
        VPI_TRY(write(user, payload, n_payload));
    if (claims_out)
        *claims_out = claims;
    st = VPRIV_OK;
out:
    json_decref(document);
    free(payload);
    return st;
}
