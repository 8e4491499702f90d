#include "consent/signed.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "consent/json.h"
#include "consent/text.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char label[] = "voicepriv document";

void vpi_signed_wrong(vpi_signed *document, const char *format, ...)
{
    if (document->failed)
        return;
    va_list arguments;
    document->failed = true;
    va_start(arguments, format);
    vsnprintf(document->problem, sizeof document->problem, format, arguments);
    va_end(arguments);
}

vpriv_status vpi_signed_open(
    const char *json, size_t n_bytes, const char *form, vpi_signed *document_out)
{
    memset(document_out, 0, sizeof *document_out);
    if (!json || n_bytes == 0)
        return vpi_fail(VPRIV_E_ARG, "there is no document");
    if (n_bytes > VPRIV_DOCUMENT_BYTES_MAX)
        return vpi_fail(
            VPRIV_E_LIMIT, "the document is longer than %d bytes", VPRIV_DOCUMENT_BYTES_MAX);
    const vpriv_status st = vpi_json_read(json, n_bytes, &document_out->root);
    if (st != VPRIV_OK)
        return st;
    const json_t *version = json_object_get(document_out->root, form);
    if (!json_is_integer(version))
        vpi_signed_wrong(document_out, "no number in \"%s\"", form);
    else if (json_integer_value(version) != 1) {
        document_out->is_later = json_integer_value(version) > 1;
        vpi_signed_wrong(document_out, "\"%s\" is not 1", form);
    }
    return VPRIV_OK;
}

void vpi_signed_close(vpi_signed *document)
{
    json_decref(document->root);
    document->root = NULL;
}

vpriv_status vpi_signed_finish(const vpi_signed *document)
{
    if (!document->failed)
        return VPRIV_OK;
    return vpi_fail(document->is_later ? VPRIV_E_VERSION : VPRIV_E_FORMAT, "%s", document->problem);
}

void vpi_signed_fields(
    vpi_signed *document, json_t *object, const char *where, const char *const *names)
{
    if (!json_is_object(object)) {
        vpi_signed_wrong(document, "%s is not an object", where);
        return;
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            vpi_signed_wrong(document, "%s: unknown field \"%.40s\"", where, key);
    }
}

void vpi_signed_text(
    vpi_signed *document, const json_t *object, const char *name, char *text_out, size_t capacity)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    const size_t n = json_string_length(value);
    memset(text_out, 0, capacity);
    if (!text || n == 0 || n >= capacity || !vpi_text_is_plain(text, n))
        vpi_signed_wrong(document, "\"%s\" is not a text of 1 to %zu bytes", name, capacity - 1);
    else
        memcpy(text_out, text, n);
}

int64_t vpi_signed_number(
    vpi_signed *document, const json_t *object, const char *name, int64_t low, int64_t high)
{
    const json_t *value = json_object_get(object, name);
    const int64_t number = json_is_integer(value) ? json_integer_value(value) : low - 1;
    if (number >= low && number <= high)
        return number;
    vpi_signed_wrong(document, "\"%s\" is not a number from %lld to %lld", name, (long long)low,
        (long long)high);
    return low;
}

bool vpi_signed_flag(vpi_signed *document, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_boolean(value))
        vpi_signed_wrong(document, "\"%s\" is not true or false", name);
    return json_is_true(value);
}

int64_t vpi_signed_time(vpi_signed *document, const json_t *object, const char *name)
{
    char text[40];
    int64_t time_us = 0;
    vpi_signed_text(document, object, name, text, sizeof text);
    if (!document->failed && vpi_time_parse(text, &time_us) != VPRIV_OK)
        vpi_signed_wrong(document, "\"%s\" is not a time: %s", name, text);
    return time_us;
}

json_t *vpi_signed_list(vpi_signed *document, const json_t *object, const char *name, size_t most)
{
    json_t *list = json_object_get(object, name);
    if (json_is_array(list) && json_array_size(list) <= most)
        return list;
    vpi_signed_wrong(document, "\"%s\" is not a list of up to %zu", name, most);
    return NULL;
}

uint32_t vpi_signed_purposes(vpi_signed *document, const json_t *object, const char *name)
{
    const json_t *list = vpi_signed_list(document, object, name, VPRIV_PURPOSES_MAX);
    uint32_t purposes = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
        if (text && strcmp(text, "*") == 0)
            purposes = UINT32_MAX;
        else if (text && vpriv_purpose_from_name(text, &purpose) == VPRIV_OK)
            purposes |= VPRIV_PURPOSE_BIT(purpose);
        else
            vpi_signed_wrong(document, "\"%s\": unknown purpose \"%.40s\"", name, text ? text : "");
    }
    return purposes;
}

vpriv_rules_term vpi_signed_duration(vpi_signed *document, const json_t *object, const char *name)
{
    char text[VPRIV_RETENTION_BYTES];
    uint32_t months = 0, days = 0, number = 0;
    vpi_signed_text(document, object, name, text, sizeof text);
    bool good = !document->failed && vpi_text_is_duration(text) && !strchr(text, 'T');
    for (const char *at = text + 1; good && *at; at++) {
        if (*at >= '0' && *at <= '9') {
            number = number * 10 + (uint32_t)(*at - '0');
            continue;
        }
        months += *at == 'Y' ? number * 12 : *at == 'M' ? number : 0;
        days += *at == 'W' ? number * 7 : *at == 'D' ? number : 0;
        number = 0;
        good = months <= 1200 && days <= 36500;
    }
    if (!good)
        vpi_signed_wrong(
            document, "\"%s\" is not a duration of years, months, weeks and days", name);
    return (vpriv_rules_term){.n_months = (uint16_t)months, .n_days = (uint16_t)days};
}

vpriv_status vpriv_authority_make(uint8_t *seed_out, uint8_t *public_key_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    VPI_ENSURE(seed_out && public_key_out, VPRIV_E_ARG, "an authority's key has two halves");
    VPI_TRY(vpi_crypto_init());
    vpi_random(seed_out, VPRIV_AUTHORITY_SEED_BYTES);
    crypto_sign_seed_keypair(public_key_out, secret_key, seed_out);
    vpi_wipe(secret_key, sizeof secret_key);
    st = VPRIV_OK;
out:
    return st;
}

/* Label, kind and document, in fresh memory to be freed. */
static vpriv_status message_of(vpriv_document_kind kind, const char *json, size_t n_bytes,
    uint8_t **message_out, size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *message = NULL;
    VPI_ENSURE(kind >= VPRIV_DOCUMENT_JURISDICTION && kind <= VPRIV_DOCUMENT_POLICY, VPRIV_E_ARG,
        "no such kind of document: %d", (int)kind);
    VPI_ENSURE(json && n_bytes > 0, VPRIV_E_ARG, "there is no document");
    VPI_ENSURE(n_bytes <= VPRIV_DOCUMENT_BYTES_MAX, VPRIV_E_LIMIT,
        "the document is longer than %d bytes", VPRIV_DOCUMENT_BYTES_MAX);
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_alloc(1, sizeof label + 1 + n_bytes, (void **)&message));
    memcpy(message, label, sizeof label);
    message[sizeof label] = (uint8_t)kind;
    memcpy(message + sizeof label + 1, json, n_bytes);
    *message_out = message;
    *n_out = sizeof label + 1 + n_bytes;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check(vpriv_document_kind kind, const char *json, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_order *order = NULL;
    vpi_epoch epoch;
    VPI_TRY(vpi_alloc(1, sizeof *order, (void **)&order));
    if (kind == VPRIV_DOCUMENT_JURISDICTION)
        VPI_TRY(vpriv_profile_read(json, n_bytes, NULL));
    else if (kind == VPRIV_DOCUMENT_PAUSE)
        VPI_TRY(vpi_order_parse(json, n_bytes, order));
    else
        VPI_TRY(vpi_epoch_parse(json, n_bytes, &epoch));
    st = VPRIV_OK;
out:
    free(order);
    return st;
}

vpriv_status vpriv_authority_sign(vpriv_document_kind kind, const char *json, size_t n_bytes,
    const uint8_t *seed, uint8_t *signature_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *message = NULL;
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    size_t n_message = 0;
    VPI_ENSURE(seed && signature_out, VPRIV_E_ARG, "a signature needs a key, and room");
    VPI_TRY(message_of(kind, json, n_bytes, &message, &n_message));
    VPI_TRY(check(kind, json, n_bytes));
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    crypto_sign_detached(signature_out, NULL, message, n_message, secret_key);
    st = VPRIV_OK;
out:
    vpi_wipe(secret_key, sizeof secret_key);
    free(message);
    return st;
}

vpriv_status vpriv_authority_verify(vpriv_document_kind kind, const char *json, size_t n_bytes,
    const uint8_t *signature, const uint8_t *public_key)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *message = NULL;
    size_t n_message = 0;
    VPI_ENSURE(signature && public_key, VPRIV_E_ARG, "a signature is checked with a key");
    VPI_TRY(message_of(kind, json, n_bytes, &message, &n_message));
    VPI_ENSURE(crypto_sign_verify_detached(signature, message, n_message, public_key) == 0,
        VPRIV_E_AUTH, "the document is not signed by this authority, or was changed");
    st = VPRIV_OK;
out:
    free(message);
    return st;
}
