#include "keys/recovery_key.h"
#include "base/memory.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>
#include <voicepriv/root.h>

#define CHECK_BYTES  2
#define BYTES        (VPI_RECOVERY_BYTES + CHECK_BYTES)
#define DIGIT_BITS   5
#define N_DIGITS     (BYTES * 8 / DIGIT_BITS)
#define GROUP_DIGITS 4

_Static_assert(N_DIGITS + N_DIGITS / GROUP_DIGITS == VPRIV_RECOVERY_KEY_TEXT_BYTES, "text fits");

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void add_check(uint8_t *bytes)
{
    uint8_t digest[crypto_generichash_BYTES_MIN];
    crypto_generichash(digest, sizeof digest, bytes, VPI_RECOVERY_BYTES, NULL, 0);
    memcpy(bytes + VPI_RECOVERY_BYTES, digest, CHECK_BYTES);
    vpi_wipe(digest, sizeof digest);
    vpi_wipe_stack();
}

void vpi_recovery_key_format(const uint8_t bytes[VPI_RECOVERY_BYTES], char *text_out)
{
    uint8_t checked[BYTES];
    memcpy(checked, bytes, VPI_RECOVERY_BYTES);
    add_check(checked);
    char *at = text_out;
    for (size_t i = 0; i < N_DIGITS; i++) {
        unsigned digit = 0;
        for (size_t bit = i * DIGIT_BITS; bit < (i + 1) * DIGIT_BITS; bit++)
            digit = digit << 1 | (checked[bit / 8] >> (7 - bit % 8) & 1U);
        if (i > 0 && i % GROUP_DIGITS == 0)
            *at++ = '-';
        *at++ = digits[digit];
    }
    *at = 0;
    vpi_wipe(checked, sizeof checked);
}

/* −1 for what is no digit. */
static int value_of(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - 'a' + 'A');
    if (letter == 'O')
        return 0;
    if (letter == 'I' || letter == 'L')
        return 1;
    const char *at = letter ? strchr(digits, letter) : NULL;
    return at ? (int)(at - digits) : -1;
}

static vpriv_status read_digits(const char *text, uint8_t *bytes_out)
{
    size_t n = 0;
    memset(bytes_out, 0, BYTES);
    for (const char *at = text; *at; at++) {
        if (*at == '-' || *at == ' ' || *at == '\n')
            continue;
        const int value = value_of(*at);
        if (value < 0)
            return vpi_fail(VPRIV_E_FORMAT, "character %zu cannot be in a recovery key",
                (size_t)(at - text) + 1);
        for (int i = DIGIT_BITS - 1; i >= 0 && n < N_DIGITS; i--) {
            const size_t bit = n * DIGIT_BITS + (size_t)(DIGIT_BITS - 1 - i);
            bytes_out[bit / 8] |= (uint8_t)(((unsigned)value >> i & 1U) << (7 - bit % 8));
        }
        n++;
    }
    return n == N_DIGITS
               ? VPRIV_OK
               : vpi_fail(VPRIV_E_FORMAT, "a recovery key has %d letters and digits, this has %zu",
                     N_DIGITS, n);
}

vpriv_status vpi_recovery_key_parse(const char *text, uint8_t bytes_out[VPI_RECOVERY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t read[BYTES], checked[BYTES];
    VPI_TRY(read_digits(text, read));
    memcpy(checked, read, sizeof checked);
    add_check(checked);
    VPI_ENSURE(sodium_memcmp(read, checked, sizeof read) == 0, VPRIV_E_FORMAT,
        "the recovery key is mistyped: its last letters do not fit the others");
    memcpy(bytes_out, read, VPI_RECOVERY_BYTES);
    st = VPRIV_OK;
out:
    vpi_wipe(read, sizeof read);
    vpi_wipe(checked, sizeof checked);
    return st;
}
