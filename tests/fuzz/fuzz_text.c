/* Short texts: recovery keys, verifier keys, JWKs, times, durations, names. */
#include "base/clock.h"
#include "consent/text.h"
#include "fuzz/fuzz.h"
#include "keys/recovery_key.h"
#include "share/document.h"
#include "share/jose.h"
#include <voicepriv/voicepriv.h>

static void setup(void)
{
    char text[VPRIV_LOG_VERIFIER_KEY_BYTES];
    const uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES] = {9, 8, 7};
    vpi_recovery_key_format(key, text);
    fuzz_seed_text(text);
    fuzz_must(vpriv_log_verifier_key("voicepriv/0011", key, text));
    fuzz_seed_text(text);
}

static void check_keys(const char *text, size_t n_bytes)
{
    uint8_t bytes[VPI_RECOVERY_BYTES], same[VPI_RECOVERY_BYTES];
    uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    char again[VPRIV_LOG_VERIFIER_KEY_BYTES], origin[VPRIV_LOG_ORIGIN_BYTES];
    if (vpi_recovery_key_parse(text, bytes) == VPRIV_OK) {
        vpi_recovery_key_format(bytes, again);
        fuzz_must(vpi_recovery_key_parse(again, same));
        fuzz_check_same(bytes, sizeof bytes, same, sizeof same);
    }
    if (vpriv_log_verifier_key_parse(text, origin, key) == VPRIV_OK) {
        fuzz_must(vpriv_log_verifier_key(origin, key, again));
        fuzz_check(strcmp(text, again) == 0);
    }
    if (vpriv_receipt_jwk_parse(text, n_bytes, key) == VPRIV_OK)
        fuzz_must(vpriv_receipt_key_id(key, again));
}

static void check_times(const char *text)
{
    int64_t time_us = 0;
    char again[64];
    vpriv_retention retention;
    if (vpi_exact_time_parse(text, &time_us)) {
        vpi_exact_time_text(time_us, again);
        fuzz_check(strcmp(text, again) == 0);
    }
    if (vpi_time_parse(text, &time_us) == VPRIV_OK) {
        int64_t same_us = 0;
        vpi_time_format(time_us, again);
        fuzz_must(vpi_time_parse(again, &same_us));
        fuzz_check(same_us / 1000000 == time_us / 1000000);
    }
    if (vpriv_retention_from_name(text, &retention) == VPRIV_OK)
        fuzz_check(retention <= UINT16_MAX);
    (void)vpi_text_is_duration(text);
    (void)vpi_text_is_language(text);
    (void)vpi_text_is_iri(text);
    fuzz_check(!vpi_text_is_country(text) || vpi_text_is_jurisdiction(text));
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpriv_purpose purpose;
    char *text = malloc(n_bytes + 1);
    fuzz_check(text);
    if (n_bytes)
        memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    check_keys(text, n_bytes);
    check_times(text);
    fuzz_check(!vpi_text_is_plain(text, n_bytes) || vpi_text_is_utf8(text, n_bytes));
    if (vpriv_purpose_from_name(text, &purpose) == VPRIV_OK)
        fuzz_check((int)purpose >= 0 && (int)purpose < 32);
    free(text);
}

const fuzz_target fuzz_text = {"text", setup, one, 512, 0};
