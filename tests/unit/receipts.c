#include "receipts.h"

household h;

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
}

void tear_down(void)
{
    household_close(&h);
}

vpriv_status collect(void *user, const void *bytes, size_t n_bytes)
{
    text *into = user;
    ck_assert_uint_lt(into->n + n_bytes, sizeof into->bytes);
    memcpy(into->bytes + into->n, bytes, n_bytes);
    into->n += n_bytes;
    into->bytes[into->n] = '\0';
    return VPRIV_OK;
}

text *from_call(const vpriv_receipt *receipts, size_t n, const vpriv_receipt_statement *more)
{
    text *jws = calloc(1, sizeof *jws);
    ck_ok(vpriv_receipt_sign(h.vault, receipts, n, more, collect, jws));
    return jws;
}

text *from_log(uint64_t index)
{
    text *jws = calloc(1, sizeof *jws);
    ck_ok(vpriv_receipt_from_log(h.vault, &index, 1, collect, jws));
    return jws;
}

json_t *read_receipt(text *jws, vpriv_receipt_claims *claims_out)
{
    text *document = calloc(1, sizeof *document);
    char jwk[VPRIV_JWK_BYTES];
    uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    ck_ok(vpriv_receipt_jwk(h.vault, jwk));
    ck_ok(vpriv_receipt_jwk_parse(jwk, strlen(jwk), key));
    claims_out->struct_size = sizeof *claims_out;
    ck_ok(vpriv_receipt_verify(jws->bytes, jws->n, key, collect, document, claims_out));
    ck_assert_ptr_null(strstr(document->bytes, "Ada"));
    ck_assert_ptr_null(strstr(document->bytes, "Bob"));
    ck_assert_ptr_null(strstr(document->bytes, "example.org"));
    json_t *root = json_loads(document->bytes, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    free(document);
    free(jws);
    return root;
}

const char *at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_array(value))
        value = json_array_get(value, 0);
    if (json_is_object(value))
        value = json_object_get(value, "@id");
    return json_is_string(value) ? json_string_value(value) : "";
}

json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

vpriv_receipt give(const uint8_t *subject, vpriv_purpose purpose)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_consent_evidence tap = {.struct_size = sizeof tap, .notice_id = "house"};
    ck_ok(vpriv_consent_give(h.vault, subject, purpose, &tap, &receipt));
    return receipt;
}

vpriv_receipt withdraw(const uint8_t *subject, vpriv_purpose purpose)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_consent_withdraw(h.vault, subject, purpose, NULL, &receipt));
    return receipt;
}

uint64_t log_size(void)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    return info.log_size;
}

vpriv_status open_for(
    const vpriv_recording_id *recording, vpriv_purpose purpose, const char *recipient)
{
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = purpose,
        .actor = "reviewer 7",
        .reason = "quality",
        .recipient = recipient};
    const vpriv_status st = vpriv_gate_open(h.vault, h.keyring, recording, &request, &reader);
    vpriv_gate_close(reader);
    return st;
}
