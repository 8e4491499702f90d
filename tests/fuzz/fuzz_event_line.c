/* A consent event's line. With a last quote and brace missing it is signed here, so that the fields are
 * what is tried. */
#include "fuzz/fuzz.h"
#include <sodium.h>
#include <voicepriv/surface.h>

static const uint8_t seed[VPRIV_SURFACE_SEED_BYTES] = "the surface of these tries     ";
static uint8_t public_key[VPRIV_SURFACE_PUBLIC_KEY_BYTES], secret_key[crypto_sign_SECRETKEYBYTES];

static void setup(void)
{
    char line[VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event event = {.struct_size = sizeof event,
        .surface = "app/phone",
        .sequence = 3,
        .time_us = INT64_C(1800000000000000),
        .subject = {1, 2},
        .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
        .event = VPRIV_CONSENT_EVENT_GIVE,
        .by = VPRIV_CONSENT_BY_PERSON,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .notice = {7},
        .record_id = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80},
        .retention = "P90D",
        .n_seen = 1,
        .seen = {{"web", 4}}};
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    fuzz_must(vpriv_surface_event_sign(&event, seed, line));
    fuzz_seed_text(line);
    *strstr(line, ",\"signature\"") = '\0';
    fuzz_seed_text(line);
    event.event = VPRIV_CONSENT_EVENT_WITHDRAW;
    memset(event.notice, 0, sizeof event.notice);
    event.n_seen = 0;
    if (vpriv_surface_event_sign(&event, seed, line) == VPRIV_OK) {
        *strstr(line, ",\"signature\"") = '\0';
        fuzz_seed_text(line);
    }
}

static void read(const char *line, size_t n_bytes)
{
    char again[VPRIV_SURFACE_LINE_BYTES];
    vpriv_surface_event event;
    if (n_bytes == 0 || vpriv_surface_event_read(line, n_bytes, public_key, &event) != VPRIV_OK)
        return;
    fuzz_must(vpriv_surface_event_sign(&event, seed, again));
    n_bytes -= line[n_bytes - 1] == '\n';
    fuzz_check_same(line, n_bytes, again, strlen(again) - 1);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static const char label[] = "voicepriv consent event";
    uint8_t message[sizeof label + VPRIV_SURFACE_LINE_BYTES], signature[crypto_sign_BYTES];
    char hex[2 * crypto_sign_BYTES + 1], *line = NULL;
    read((const char *)data, n_bytes);
    if (n_bytes > VPRIV_SURFACE_LINE_BYTES)
        return;
    memcpy(message, label, sizeof label);
    if (n_bytes)
        memcpy(message + sizeof label, data, n_bytes);
    crypto_sign_detached(signature, NULL, message, sizeof label + n_bytes, secret_key);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    const int n =
        asprintf(&line, "%.*s,\"signature\":\"%s\"}\n", (int)n_bytes, (const char *)data, hex);
    fuzz_check(n > 0);
    read(line, (size_t)n);
    free(line);
}

const fuzz_target fuzz_event_line = {"event_line", setup, one, VPRIV_SURFACE_LINE_BYTES + 64, 0};
