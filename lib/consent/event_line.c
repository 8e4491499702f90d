#include "consent/event_line.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/merge.h"
#include "consent/record.h"
#include "consent/signed.h"
#include "consent/state.h"
#include "consent/text.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char label[] = "voicepriv consent event";

static const char *const by_names[] = {
    "", "person", "parent", "guardian", "controller", "guardians"};
static const char *const method_names[] = {"", "tap", "voice", "button", "paper", "import"};

const char *vpi_consent_by_name(vpriv_consent_by by)
{
    return by >= VPRIV_CONSENT_BY_PERSON && by <= VPRIV_CONSENT_BY_GUARDIANS ? by_names[by] : "";
}

const char *vpi_consent_method_name(vpriv_consent_method method)
{
    return method >= VPRIV_CONSENT_METHOD_TAP && method <= VPRIV_CONSENT_METHOD_IMPORT
               ? method_names[method]
               : "";
}

bool vpi_surface_name_is_valid(const char *name)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
    const size_t n = strnlen(name, VPRIV_SURFACE_BYTES);
    return n > 0 && n < VPRIV_SURFACE_BYTES && strspn(name, good) == n;
}

bool vpi_public_key_is_good(const uint8_t *public_key)
{
    return crypto_core_ed25519_is_valid_point(public_key) == 1;
}

#define ENSURE(condition, text) VPI_ENSURE(condition, VPRIV_E_ARG, "consent event: %s", text)

static vpriv_status check_seen(const vpriv_surface_event *event)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(event->n_seen <= VPRIV_SURFACE_SEEN_MAX, "more than 8 surfaces in \"seen\"");
    for (uint32_t i = 0; i < event->n_seen; i++) {
        const vpriv_surface_seen *seen = &event->seen[i];
        ENSURE(
            vpi_surface_name_is_valid(seen->surface) && strcmp(seen->surface, event->surface) != 0,
            "\"seen\" names no other surface");
        ENSURE(i == 0 || strcmp(event->seen[i - 1].surface, seen->surface) < 0,
            "\"seen\" is not in order");
        ENSURE(seen->sequence >= 1 && seen->sequence <= INT64_MAX, "\"seen\" has no number");
    }
    st = VPRIV_OK;
out:
    return st;
}

static bool is_whole(int64_t time_us)
{
    return vpi_time_is_plausible(time_us) && time_us % 1000000 == 0;
}

vpriv_status vpi_surface_event_check(const vpriv_surface_event *event)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(event && event->struct_size == sizeof *event, "struct_size is not known");
    const vpriv_purpose_info *about = vpriv_purpose_about(event->purpose);
    ENSURE(vpi_surface_name_is_valid(event->surface), "no such name of a surface");
    ENSURE(event->sequence >= 1 && event->sequence <= INT64_MAX, "numbers begin at 1");
    ENSURE(is_whole(event->time_us), "the time is not a whole second within 1970 to 2400");
    ENSURE(!sodium_is_zero(event->subject, sizeof event->subject), "the subject is all zeros");
    ENSURE(about && about->basis == VPRIV_PURPOSE_BASIS_CONSENT,
        "the purpose does not rest on consent");
    ENSURE(event->event >= VPRIV_CONSENT_EVENT_REQUEST &&
               event->event <= VPRIV_CONSENT_EVENT_RECONFIRM &&
               event->event != VPRIV_CONSENT_EVENT_EXPIRE &&
               event->event != VPRIV_CONSENT_EVENT_INVALIDATE,
        "no such event on a line");
    VPI_TRY(vpi_consent_may(event->by, event->event));
    ENSURE(vpi_consent_method_name(event->method)[0], "no such method");
    ENSURE(!vpi_merge_is_yes(event->event) || !sodium_is_zero(event->notice, sizeof event->notice),
        "a yes without a notice");
    ENSURE(vpi_uuid4_is_valid(event->record_id), "record_id is not a version 4 UUID");
    ENSURE(event->valid_until_us == 0 ||
               (is_whole(event->valid_until_us) && event->valid_until_us > event->time_us),
        "valid_until is not a whole second after the time");
    ENSURE(memchr(event->retention, 0, sizeof event->retention) &&
               (vpi_text_is_duration(event->retention) ||
                   strcmp(event->retention, VPRIV_RETENTION_UNTIL_ERASED) == 0),
        "retention is neither a duration nor \"until-erased\"");
    ENSURE(about->uses_max == 0 || !vpi_merge_is_yes(event->event) ||
               (event->max_uses >= 1 && event->max_uses <= about->uses_max),
        "max_uses is more than the purpose allows");
    VPI_TRY(check_seen(event));
    st = VPRIV_OK;
out:
    return st;
}

/* A line on its way; overflowing is noticed at the end. */
typedef struct line {
    char text[VPRIV_SURFACE_LINE_BYTES];
    size_t n;
} line;

static void put(line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(line *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(l->text + l->n, sizeof l->text - l->n, format, arguments);
    va_end(arguments);
    l->n = n < 0 || (size_t)n >= sizeof l->text - l->n ? sizeof l->text - 1 : l->n + (size_t)n;
}

static void put_hex(line *l, const char *name, const uint8_t *bytes, size_t n_bytes)
{
    char hex[2 * crypto_sign_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, bytes, n_bytes);
    put(l, ",\"%s\":\"%s\"", name, hex);
}

static void put_time(line *l, const char *name, int64_t time_us)
{
    char text[VPI_TIME_TEXT_BYTES] = "";
    if (time_us != 0)
        vpi_time_format(time_us, text);
    put(l, ",\"%s\":\"%s\"", name, text);
}

/* Everything before the signature. */
static void put_event(line *l, const vpriv_surface_event *e)
{
    put(l, "{\"voicepriv_event\":1,\"surface\":\"%s\",\"sequence\":%" PRIu64, e->surface,
        e->sequence);
    put_time(l, "time", e->time_us);
    put_hex(l, "subject", e->subject, sizeof e->subject);
    put(l, ",\"purpose\":\"%s\",\"event\":\"%s\",\"by\":\"%s\",\"method\":\"%s\"",
        vpriv_purpose_name(e->purpose), vpi_consent_event_name(e->event),
        vpi_consent_by_name(e->by), vpi_consent_method_name(e->method));
    put_hex(
        l, "notice", e->notice, sodium_is_zero(e->notice, sizeof e->notice) ? 0 : sizeof e->notice);
    put_hex(l, "record_id", e->record_id, sizeof e->record_id);
    put_time(l, "valid_until", e->valid_until_us);
    put(l, ",\"retention\":\"%s\",\"max_uses\":%" PRIu32 ",\"seen\":{", e->retention, e->max_uses);
    for (uint32_t i = 0; i < e->n_seen; i++)
        put(l, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", e->seen[i].surface, e->seen[i].sequence);
    put(l, "}");
}

static void message_of(const line *l, uint8_t *message_out, size_t *n_out)
{
    memcpy(message_out, label, sizeof label);
    memcpy(message_out + sizeof label, l->text, l->n);
    *n_out = sizeof label + l->n;
}

vpriv_status vpriv_surface_event_sign(
    const vpriv_surface_event *event, const uint8_t *seed, char *line_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    line l = {.n = 0};
    uint8_t message[sizeof label + VPRIV_SURFACE_LINE_BYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    size_t n_message = 0;
    VPI_ENSURE(seed && line_out, VPRIV_E_ARG, "consent event: a key and room are needed");
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_surface_event_check(event));
    put_event(&l, event);
    message_of(&l, message, &n_message);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    crypto_sign_detached(signature, NULL, message, n_message, secret_key);
    put_hex(&l, "signature", signature, sizeof signature);
    put(&l, "}\n");
    VPI_ENSURE(l.n < sizeof l.text - 1, VPRIV_E_INTERNAL, "consent event: longer than a line");
    memcpy(line_out, l.text, l.n + 1);
    st = VPRIV_OK;
out:
    vpi_wipe(secret_key, sizeof secret_key);
    return st;
}

static void get_hex(
    vpi_signed *d, const json_t *object, const char *name, uint8_t *bytes_out, size_t n_bytes)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    size_t n = 0;
    if (!text ||
        sodium_hex2bin(bytes_out, n_bytes, text, json_string_length(value), NULL, &n, NULL) != 0 ||
        n != n_bytes)
        vpi_signed_wrong(d, "\"%s\" is not %zu hex digits", name, 2 * n_bytes);
}

static int get_name(vpi_signed *d, const char *name, const char *(*name_of)(int), int last)
{
    char text[40];
    vpi_signed_text(d, d->root, name, text, sizeof text);
    for (int value = 1; value <= last && !d->failed; value++)
        if (strcmp(name_of(value), text) == 0)
            return value;
    vpi_signed_wrong(d, "\"%s\" is \"%.20s\", which is not known", name, text);
    return 0;
}

static const char *event_name(int value)
{
    return vpi_consent_event_name((vpriv_consent_event)value);
}

static const char *by_name(int value)
{
    return vpi_consent_by_name((vpriv_consent_by)value);
}

static const char *method_name(int value)
{
    return vpi_consent_method_name((vpriv_consent_method)value);
}

static bool is_empty(const vpi_signed *d, const char *name)
{
    const json_t *value = json_object_get(d->root, name);
    return json_is_string(value) && json_string_length(value) == 0;
}

static void get_seen(vpi_signed *d, vpriv_surface_event *e)
{
    json_t *seen = json_object_get(d->root, "seen");
    if (!json_is_object(seen) || json_object_size(seen) > VPRIV_SURFACE_SEEN_MAX) {
        vpi_signed_wrong(d, "\"seen\" is not an object of up to %d", VPRIV_SURFACE_SEEN_MAX);
        return;
    }
    for (void *at = json_object_iter(seen); at; at = json_object_iter_next(seen, at)) {
        const char *name = json_object_iter_key(at);
        vpriv_surface_seen *one = &e->seen[e->n_seen++];
        if (vpi_surface_name_is_valid(name))
            memcpy(one->surface, name, strlen(name) + 1);
        else
            vpi_signed_wrong(d, "\"seen\" has a name that no surface has");
        one->sequence = (uint64_t)vpi_signed_number(d, seen, name, 1, INT64_MAX - 1);
    }
}

static void get_event(vpi_signed *d, vpriv_surface_event *e)
{
    char purpose[40];
    vpi_signed_text(d, d->root, "surface", e->surface, sizeof e->surface);
    e->sequence = (uint64_t)vpi_signed_number(d, d->root, "sequence", 1, INT64_MAX - 1);
    e->time_us = vpi_signed_time(d, d->root, "time");
    get_hex(d, d->root, "subject", e->subject, sizeof e->subject);
    vpi_signed_text(d, d->root, "purpose", purpose, sizeof purpose);
    if (!d->failed && vpriv_purpose_from_name(purpose, &e->purpose) != VPRIV_OK)
        vpi_signed_wrong(d, "\"purpose\" is \"%.39s\", which is not known", purpose);
    e->event = (vpriv_consent_event)get_name(d, "event", event_name, VPRIV_CONSENT_EVENT_RECONFIRM);
    e->by = (vpriv_consent_by)get_name(d, "by", by_name, VPRIV_CONSENT_BY_GUARDIANS);
    e->method =
        (vpriv_consent_method)get_name(d, "method", method_name, VPRIV_CONSENT_METHOD_IMPORT);
    if (!is_empty(d, "notice"))
        get_hex(d, d->root, "notice", e->notice, sizeof e->notice);
    get_hex(d, d->root, "record_id", e->record_id, sizeof e->record_id);
    if (!is_empty(d, "valid_until"))
        e->valid_until_us = vpi_signed_time(d, d->root, "valid_until");
    vpi_signed_text(d, d->root, "retention", e->retention, sizeof e->retention);
    e->max_uses = (uint32_t)vpi_signed_number(d, d->root, "max_uses", 0, UINT32_MAX);
    get_seen(d, e);
}

vpriv_status vpriv_surface_event_read(
    const char *text, size_t n_bytes, const uint8_t *public_key, vpriv_surface_event *event_out)
{
    static const char *const fields[] = {"voicepriv_event", "surface", "sequence", "time",
        "subject", "purpose", "event", "by", "method", "notice", "record_id", "valid_until",
        "retention", "max_uses", "seen", "signature", NULL};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_signed d = {.root = NULL};
    vpriv_surface_event event = {.struct_size = sizeof event};
    uint8_t signature[crypto_sign_BYTES] = {0};
    uint8_t message[sizeof label + VPRIV_SURFACE_LINE_BYTES];
    size_t n_message = 0;
    line l = {.n = 0};
    VPI_ENSURE(
        text && n_bytes > 0 && event_out, VPRIV_E_ARG, "consent event: line or room is NULL");
    if (text[n_bytes - 1] == '\n')
        n_bytes--;
    VPI_ENSURE(n_bytes < VPRIV_SURFACE_LINE_BYTES, VPRIV_E_LIMIT,
        "consent event: longer than %d bytes", VPRIV_SURFACE_LINE_BYTES - 1);
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(vpi_signed_open(text, n_bytes, "voicepriv_event", &d));
    vpi_signed_fields(&d, d.root, "the event", fields);
    get_event(&d, &event);
    get_hex(&d, d.root, "signature", signature, sizeof signature);
    VPI_TRY(vpi_signed_finish(&d));
    if (vpi_surface_event_check(&event) != VPRIV_OK) {
        st = VPRIV_E_FORMAT; /* the same words, but it was input, not an argument */
        goto out;
    }
    put_event(&l, &event);
    message_of(&l, message, &n_message);
    put_hex(&l, "signature", signature, sizeof signature);
    put(&l, "}");
    VPI_ENSURE(l.n == n_bytes && memcmp(l.text, text, n_bytes) == 0, VPRIV_E_FORMAT,
        "consent event: spelled otherwise than events are");
    VPI_ENSURE(!public_key ||
                   (vpi_public_key_is_good(public_key) &&
                       crypto_sign_verify_detached(signature, message, n_message, public_key) == 0),
        VPRIV_E_AUTH, "consent event: not signed by this surface, or changed");
    *event_out = event;
    st = VPRIV_OK;
out:
    vpi_signed_close(&d);
    return st;
}
