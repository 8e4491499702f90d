#include "base/memory.h"
#include "base/try.h"
#include "log/merkle.h"
#include "log/note.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define TYPE_ED25519      0x01
#define KEY_ENCODED_BYTES ((1 + VPRIV_LOG_PUBLIC_KEY_BYTES + 2) / 3 * 4)
#define ROOT_TEXT_BYTES   ((VPRIV_LOG_HASH_BYTES + 2) / 3 * 4)

vpriv_status vpi_checkpoint_sign(const char *origin, uint64_t size, const uint8_t *root,
    const uint8_t *secret_key, vpriv_log_checkpoint *checkpoint_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_checkpoint checkpoint;
    char text[VPRIV_LOG_ORIGIN_BYTES + 20 + 1 + ROOT_TEXT_BYTES + 2];
    char root_text[ROOT_TEXT_BYTES + 1];
    size_t n_bytes = 0;
    VPI_TRY(vpi_crypto_init());
    VPI_ENSURE(
        vpi_note_name_is_valid(origin), VPRIV_E_ARG, "checkpoint: the log's name is not possible");
    VPI_ENSURE(size <= VPI_MERKLE_SIZE_MAX, VPRIV_E_ARG, "checkpoint: size is not possible");
    sodium_bin2base64(
        root_text, sizeof root_text, root, VPRIV_LOG_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL);
    const int text_bytes =
        snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", origin, size, root_text);
    VPI_IMPOSSIBLE_UNLESS(text_bytes > 0 && (size_t)text_bytes < sizeof text);
    VPI_TRY(vpi_note_sign(text, (size_t)text_bytes, origin, secret_key, checkpoint.text,
        sizeof checkpoint.text, &n_bytes));
    memset(checkpoint.text + n_bytes, 0, sizeof checkpoint.text - n_bytes);
    *checkpoint_out = checkpoint;
    st = VPRIV_OK;
out:
    return st;
}

/* One non-empty line from text, which ends in a newline; NULL when there is none. */
static const char *take_line(const char **at, const char *end, size_t *n_bytes_out)
{
    const char *line = *at;
    const char *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    if (!newline || newline == line)
        return NULL;
    *at = newline + 1;
    *n_bytes_out = (size_t)(newline - line);
    return line;
}

static bool parse_size(const char *line, size_t n_bytes, uint64_t *size_out)
{
    uint64_t size = 0;
    if (n_bytes > 1 && line[0] == '0')
        return false;
    for (size_t i = 0; i < n_bytes; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        const uint64_t digit = (uint64_t)(line[i] - '0');
        if (size > (VPI_MERKLE_SIZE_MAX - digit) / 10)
            return false;
        size = size * 10 + digit;
    }
    *size_out = size;
    return true;
}

static bool parse_root(const char *line, size_t n_bytes, uint8_t *root_out)
{
    size_t root_bytes = 0;
    return n_bytes == ROOT_TEXT_BYTES &&
           vpi_note_base64_bytes(line, n_bytes) == VPRIV_LOG_HASH_BYTES &&
           sodium_base642bin(root_out, VPRIV_LOG_HASH_BYTES, line, n_bytes, NULL, &root_bytes, NULL,
               sodium_base64_VARIANT_ORIGINAL) == 0 &&
           root_bytes == VPRIV_LOG_HASH_BYTES;
}

vpriv_status vpriv_log_verify_checkpoint(const char *text, size_t text_bytes, const char *origin,
    const uint8_t *public_key, uint64_t *size_out, uint8_t *root_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t body_bytes = 0, n_bytes = 0;
    uint64_t size = 0;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    VPI_ENSURE(text && origin && public_key && size_out && root_out, VPRIV_E_ARG,
        "checkpoint: text, origin, key or output is NULL");
    VPI_TRY(vpi_note_open(text, text_bytes, origin, public_key, &body_bytes));
    const char *at = text, *end = text + body_bytes;
    const char *line = take_line(&at, end, &n_bytes);
    VPI_ENSURE(line, VPRIV_E_FORMAT, "checkpoint: no origin");
    VPI_ENSURE(n_bytes == strlen(origin) && memcmp(line, origin, n_bytes) == 0, VPRIV_E_AUTH,
        "checkpoint: of another log");
    line = take_line(&at, end, &n_bytes);
    VPI_ENSURE(
        line && parse_size(line, n_bytes, &size), VPRIV_E_FORMAT, "checkpoint: malformed size");
    line = take_line(&at, end, &n_bytes);
    VPI_ENSURE(
        line && parse_root(line, n_bytes, root), VPRIV_E_FORMAT, "checkpoint: malformed root");
    while (at < end) /* extension lines: anything but empty */
        VPI_ENSURE(take_line(&at, end, &n_bytes), VPRIV_E_FORMAT, "checkpoint: an empty line");
    *size_out = size;
    memcpy(root_out, root, sizeof root);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_log_verifier_key(const char *origin, const uint8_t *public_key, char *text_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t key_id[VPI_NOTE_KEY_ID_BYTES];
    uint8_t typed_key[1 + VPRIV_LOG_PUBLIC_KEY_BYTES] = {TYPE_ED25519};
    char encoded[KEY_ENCODED_BYTES + 1];
    VPI_ENSURE(public_key && text_out, VPRIV_E_ARG, "verifier key: key or output is NULL");
    VPI_ENSURE(vpi_note_name_is_valid(origin), VPRIV_E_ARG,
        "verifier key: the log's name is not possible");
    vpi_note_key_id(origin, public_key, key_id);
    memcpy(typed_key + 1, public_key, VPRIV_LOG_PUBLIC_KEY_BYTES);
    sodium_bin2base64(
        encoded, sizeof encoded, typed_key, sizeof typed_key, sodium_base64_VARIANT_ORIGINAL);
    snprintf(text_out, VPRIV_LOG_VERIFIER_KEY_BYTES, "%s+%02x%02x%02x%02x+%s", origin, key_id[0],
        key_id[1], key_id[2], key_id[3], encoded);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_log_verifier_key_parse(
    const char *text, char *origin_out, uint8_t *public_key_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char origin[VPRIV_LOG_ORIGIN_BYTES] = {0};
    char again[VPRIV_LOG_VERIFIER_KEY_BYTES];
    uint8_t typed_key[1 + VPRIV_LOG_PUBLIC_KEY_BYTES] = {0};
    uint8_t start[3] = {0}; /* of four characters: the kind of key and two bytes */
    size_t key_bytes = 0;
    VPI_ENSURE(
        text && origin_out && public_key_out, VPRIV_E_ARG, "verifier key: text or output is NULL");
    const char *plus = strchr(text, '+');
    VPI_ENSURE(plus && (size_t)(plus - text) < sizeof origin, VPRIV_E_FORMAT,
        "verifier key: not \"name+hash+base64\"");
    memcpy(origin, text, (size_t)(plus - text));
    const char *plus2 = strchr(plus + 1, '+');
    VPI_ENSURE(plus2 && plus2 - plus == 9 && vpi_note_name_is_valid(origin), VPRIV_E_FORMAT,
        "verifier key: not \"name+hash+base64\"");
    const char *encoded = plus2 + 1;
    VPI_ENSURE(strlen(encoded) >= 4 && sodium_base642bin(start, sizeof start, encoded, 4, NULL,
                                           NULL, NULL, sodium_base64_VARIANT_ORIGINAL) == 0,
        VPRIV_E_FORMAT, "verifier key: malformed key");
    VPI_ENSURE(start[0] == TYPE_ED25519, VPRIV_E_UNSUPPORTED, "verifier key: not an Ed25519 key");
    VPI_ENSURE(sodium_base642bin(typed_key, sizeof typed_key, encoded, strlen(encoded), NULL,
                   &key_bytes, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                   key_bytes == sizeof typed_key,
        VPRIV_E_FORMAT, "verifier key: malformed key");
    VPI_TRY(vpriv_log_verifier_key(origin, typed_key + 1, again));
    VPI_ENSURE(strcmp(again, text) == 0, VPRIV_E_FORMAT, "verifier key: its hash is wrong");
    memcpy(origin_out, origin, sizeof origin);
    memcpy(public_key_out, typed_key + 1, VPRIV_LOG_PUBLIC_KEY_BYTES);
    st = VPRIV_OK;
out:
    return st;
}
