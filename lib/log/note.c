#include "log/note.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define DASH             "\xe2\x80\x94 " /* U+2014, space: how a signature line starts */
#define TYPE_ED25519     0x01
#define SIGNATURE_BYTES  (VPI_NOTE_KEY_ID_BYTES + crypto_sign_BYTES)
#define ENCODED_BYTES(n) (((n) + 2) / 3 * 4)

_Static_assert(VPI_NOTE_SECRET_KEY_BYTES == crypto_sign_SECRETKEYBYTES, "Ed25519");
_Static_assert(VPRIV_LOG_PUBLIC_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(
    VPRIV_LOG_VERIFIER_KEY_BYTES >=
        VPRIV_LOG_ORIGIN_BYTES - 1 + 10 + ENCODED_BYTES(1 + VPRIV_LOG_PUBLIC_KEY_BYTES) + 1,
    "name, plus, eight digits, plus, key, NUL");
_Static_assert(VPRIV_LOG_CHECKPOINT_BYTES >=
                   VPRIV_LOG_ORIGIN_BYTES + 20 + ENCODED_BYTES(VPRIV_LOG_HASH_BYTES) + 3 + 4 +
                       VPRIV_LOG_ORIGIN_BYTES + ENCODED_BYTES(SIGNATURE_BYTES) + 2,
    "origin, size, root, empty line, signature line, NUL");

/* A stretch of the note. */
typedef struct span {
    const char *at;
    size_t n_bytes;
} span;

static bool has_space_or_plus(span name)
{
    /* White space outside ASCII, as UTF-8 (Unicode's White_Space property). */
    static const char *const spaces[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
        "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
        "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    for (size_t i = 0; i < name.n_bytes; i++)
        if ((uint8_t)name.at[i] <= ' ' || name.at[i] == '+')
            return true;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (memmem(name.at, name.n_bytes, spaces[i], strlen(spaces[i])))
            return true;
    return false;
}

bool vpi_note_name_is_valid(const char *name)
{
    if (!name)
        return false;
    const span whole = {name, strnlen(name, VPRIV_LOG_ORIGIN_BYTES)};
    return whole.n_bytes > 0 && whole.n_bytes < VPRIV_LOG_ORIGIN_BYTES &&
           vpi_text_is_plain(whole.at, whole.n_bytes) && !has_space_or_plus(whole);
}

void vpi_note_key_id(const char *name, const uint8_t *public_key, uint8_t *key_id_out)
{
    static const uint8_t middle[] = {'\n', TYPE_ED25519};
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)name, strlen(name));
    crypto_hash_sha256_update(&state, middle, sizeof middle);
    crypto_hash_sha256_update(&state, public_key, VPRIV_LOG_PUBLIC_KEY_BYTES);
    crypto_hash_sha256_final(&state, hash);
    memcpy(key_id_out, hash, VPI_NOTE_KEY_ID_BYTES);
}

/* UTF-8 without control characters but newlines, and a newline at the end. */
static bool is_note_text(span text)
{
    if (text.n_bytes == 0 || text.at[text.n_bytes - 1] != '\n' ||
        !vpi_text_is_utf8(text.at, text.n_bytes))
        return false;
    for (size_t i = 0; i < text.n_bytes; i++)
        if ((uint8_t)text.at[i] < ' ' && text.at[i] != '\n')
            return false;
    return true;
}

vpriv_status vpi_note_sign(const char *text, size_t text_bytes, const char *name,
    const uint8_t *secret_key, char *note_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t signature[SIGNATURE_BYTES];
    char encoded[ENCODED_BYTES(SIGNATURE_BYTES) + 1];
    VPI_TRY(vpi_crypto_init());
    VPI_ENSURE(vpi_note_name_is_valid(name), VPRIV_E_ARG, "note: the key's name is not possible");
    VPI_ENSURE(
        is_note_text((span){text, text_bytes}), VPRIV_E_ARG, "note: this text cannot be signed");
    const size_t line_bytes = strlen(DASH) + strlen(name) + 1 + sizeof encoded - 1 + 1;
    const size_t n_bytes = text_bytes + 1 + line_bytes;
    VPI_ENSURE(text_bytes <= VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX && n_bytes < capacity_bytes,
        VPRIV_E_LIMIT, "note: needs %zu bytes, there are %zu", n_bytes + 1, capacity_bytes);
    vpi_note_key_id(name, secret_key + 32, signature);
    VPI_ENSURE(crypto_sign_detached(signature + VPI_NOTE_KEY_ID_BYTES, NULL,
                   (const unsigned char *)text, text_bytes, secret_key) == 0,
        VPRIV_E_INTERNAL, "note: not signed");
    sodium_bin2base64(
        encoded, sizeof encoded, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL);
    memmove(note_out, text, text_bytes);
    snprintf(
        note_out + text_bytes, capacity_bytes - text_bytes, "\n" DASH "%s %s\n", name, encoded);
    *n_bytes_out = n_bytes;
    st = VPRIV_OK;
out:
    return st;
}

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

size_t vpi_note_base64_bytes(const char *text, size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes % 4 != 0)
        return 0;
    size_t n_pads = 0;
    while (n_pads < 2 && text[n_bytes - 1 - n_pads] == '=')
        n_pads++;
    const size_t n_digits = n_bytes - n_pads;
    for (size_t i = 0; i < n_digits; i++)
        if (base64_value(text[i]) < 0)
            return 0;
    const int unused_bits = n_pads == 2 ? 0x0f : n_pads == 1 ? 0x03 : 0;
    if (base64_value(text[n_digits - 1]) & unused_bits)
        return 0;
    return n_bytes / 4 * 3 - n_pads;
}

/* Cut the first line off, without its newline; false when there is no whole line. */
static bool next_line(span *rest, span *line_out)
{
    const char *end = rest->n_bytes ? memchr(rest->at, '\n', rest->n_bytes) : NULL;
    if (!end)
        return false;
    *line_out = (span){rest->at, (size_t)(end - rest->at)};
    rest->at += line_out->n_bytes + 1;
    rest->n_bytes -= line_out->n_bytes + 1;
    return true;
}

/* "— name base64" with at least one byte after the key id. */
static bool split_signature(span line, span *name_out, span *base64_out)
{
    const size_t dash_bytes = strlen(DASH);
    if (line.n_bytes <= dash_bytes || memcmp(line.at, DASH, dash_bytes) != 0)
        return false;
    const char *start = line.at + dash_bytes;
    const char *space = memchr(start, ' ', line.n_bytes - dash_bytes);
    if (!space)
        return false;
    *name_out = (span){start, (size_t)(space - start)};
    *base64_out = (span){space + 1, (size_t)(line.at + line.n_bytes - space - 1)};
    return name_out->n_bytes > 0 && !has_space_or_plus(*name_out) &&
           vpi_note_base64_bytes(base64_out->at, base64_out->n_bytes) > VPI_NOTE_KEY_ID_BYTES;
}

/* Whether the line claims to be of this key. */
static bool claims_key(span name, span base64, const char *key_name, const uint8_t *key_id)
{
    uint8_t start[6]; /* of eight characters */
    return name.n_bytes == strlen(key_name) && memcmp(name.at, key_name, name.n_bytes) == 0 &&
           sodium_base642bin(start, sizeof start, base64.at, 8, NULL, NULL, NULL,
               sodium_base64_VARIANT_ORIGINAL) == 0 &&
           memcmp(start, key_id, VPI_NOTE_KEY_ID_BYTES) == 0;
}

static bool signature_holds(span text, span base64, const uint8_t *public_key)
{
    uint8_t signature[SIGNATURE_BYTES];
    return vpi_note_base64_bytes(base64.at, base64.n_bytes) == SIGNATURE_BYTES &&
           sodium_base642bin(signature, sizeof signature, base64.at, base64.n_bytes, NULL, NULL,
               NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           crypto_sign_verify_detached(signature + VPI_NOTE_KEY_ID_BYTES,
               (const unsigned char *)text.at, text.n_bytes, public_key) == 0;
}

/* Text and signatures part at the last empty line. */
static bool split_note(span note, span *text_out, span *signatures_out)
{
    for (size_t i = note.n_bytes; i-- > 1;) {
        if (note.at[i] == '\n' && note.at[i - 1] == '\n') {
            *text_out = (span){note.at, i};
            *signatures_out = (span){note.at + i + 1, note.n_bytes - i - 1};
            return true;
        }
    }
    return false;
}

vpriv_status vpi_note_open(const char *note, size_t n_bytes, const char *name,
    const uint8_t *public_key, size_t *text_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t key_id[VPI_NOTE_KEY_ID_BYTES];
    span text = {0}, rest = {0}, line = {0}, line_name = {0}, base64 = {0};
    size_t n_good = 0, n_bad = 0;
    VPI_TRY(vpi_crypto_init());
    VPI_ENSURE(vpi_note_name_is_valid(name), VPRIV_E_ARG, "note: the key's name is not possible");
    VPI_ENSURE(n_bytes <= VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX, VPRIV_E_LIMIT,
        "note: longer than %d bytes", VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX);
    VPI_ENSURE(is_note_text((span){note, n_bytes}), VPRIV_E_FORMAT, "note: not text");
    VPI_ENSURE(split_note((span){note, n_bytes}, &text, &rest) && rest.n_bytes > 0, VPRIV_E_FORMAT,
        "note: no signatures");
    vpi_note_key_id(name, public_key, key_id);
    while (next_line(&rest, &line)) {
        VPI_ENSURE(split_signature(line, &line_name, &base64), VPRIV_E_FORMAT,
            "note: a signature line is malformed");
        if (!claims_key(line_name, base64, name, key_id))
            continue;
        if (signature_holds(text, base64, public_key))
            n_good++;
        else
            n_bad++;
    }
    VPI_ENSURE(n_good > 0 && n_bad == 0, VPRIV_E_AUTH, "note: not signed by this key");
    *text_bytes_out = text.n_bytes;
    st = VPRIV_OK;
out:
    return st;
}
