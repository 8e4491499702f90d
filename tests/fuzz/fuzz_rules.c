/* Compiled rules of a place, and what is made of them. */
#include "consent/rules.h"
#include "fuzz/fuzz.h"

static void setup(void)
{
    uint8_t bytes[VPI_RULES_BYTES_MAX];
    vpriv_rules rules;
    vpi_rules_strict_for("DE", &rules);
    vpi_writer w = vpi_writer_of(bytes, sizeof bytes);
    vpi_rules_put(&w, &rules);
    fuzz_must(vpi_writer_finish(&w, "rules"));
    fuzz_seed(bytes, vpi_writer_used(&w));
    vpi_rules_add_term(&rules, (vpriv_rules_term){.purposes = 6, .n_months = 3});
    vpi_rules_add_stop(&rules, (vpriv_rules_stop){.purposes = 2, .from_us = 5});
    w = vpi_writer_of(bytes, sizeof bytes);
    vpi_rules_put(&w, &rules);
    fuzz_must(vpi_writer_finish(&w, "rules"));
    fuzz_seed(bytes, vpi_writer_used(&w));
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[VPI_RULES_BYTES_MAX];
    vpriv_rules rules, joined;
    vpi_reader r = vpi_reader_of(data, n_bytes);
    vpi_rules_get(&r, &rules);
    if (vpi_reader_finish(&r, "rules") != VPRIV_OK)
        return;
    vpi_writer w = vpi_writer_of(again, sizeof again);
    vpi_rules_put(&w, &rules);
    fuzz_must(vpi_writer_finish(&w, "rules"));
    fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
    vpi_rules_strict_for("QX", &joined);
    vpi_rules_join(&joined, &rules);
    vpi_rules_join(&rules, &joined);
    vpi_rules_at(&rules, INT64_C(1800000000000000));
    for (int purpose = 0; purpose < 32; purpose++) {
        (void)vpriv_rules_keep_until(&rules, (vpriv_purpose)purpose, 1);
        (void)vpi_rules_stop_now(&rules, (vpriv_purpose)purpose, 1);
        (void)vpi_rules_form_suffices(&rules, (vpriv_purpose)purpose, VPRIV_CONSENT_METHOD_TAP);
    }
}

const fuzz_target fuzz_rules = {"rules", setup, one, VPI_RULES_BYTES_MAX + 16, 0};
