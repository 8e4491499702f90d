/* Signed documents: jurisdiction profiles, orders to pause, policies. The signature is over the bytes and
 * is checked before; here it holds. */
#include "consent/signed.h"
#include "fuzz/fuzz.h"
#include <voicepriv/jurisdiction.h>

static void check_profile(const char *json, size_t n_bytes)
{
    static vpi_profile profile;
    vpriv_rules rules;
    vpriv_profile_info info = {.struct_size = sizeof info};
    const vpriv_status parsed = vpi_profile_parse(json, n_bytes, &profile);
    fuzz_check(n_bytes == 0 ||
               (vpriv_profile_read(json, n_bytes, &info) == VPRIV_OK) == (parsed == VPRIV_OK));
    if (parsed != VPRIV_OK)
        return;
    fuzz_check(profile.n_places <= VPI_PROFILE_PLACES_MAX);
    fuzz_check(profile.n_rules <= VPI_PROFILE_RULES_MAX);
    for (uint32_t i = 0; i < profile.n_places; i++) {
        uint8_t bytes[VPI_RULES_BYTES_MAX];
        vpriv_rules read;
        vpi_profiles_resolve(&profile, 1, profile.places[i], &rules);
        vpi_writer w = vpi_writer_of(bytes, sizeof bytes);
        vpi_rules_put(&w, &rules);
        fuzz_must(vpi_writer_finish(&w, "rules"));
        vpi_reader r = vpi_reader_of(bytes, vpi_writer_used(&w));
        vpi_rules_get(&r, &read);
        fuzz_must(vpi_reader_finish(&r, "rules"));
    }
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpi_order order;
    const char *json = (const char *)data;
    vpi_epoch epoch;
    check_profile(json, n_bytes);
    if (vpi_order_parse(json, n_bytes, &order) == VPRIV_OK) {
        fuzz_check(order.n_scopes <= VPI_PROFILE_PLACES_MAX);
        for (uint32_t i = 0; i < order.n_scopes; i++)
            fuzz_check(vpi_scope_is_valid(order.scopes[i]));
    }
    if (vpi_epoch_parse(json, n_bytes, &epoch) == VPRIV_OK)
        fuzz_check(epoch.number > 0 && epoch.ttl_us > 0);
}

const fuzz_target fuzz_document = {"document", NULL, one, 8192, 0};
