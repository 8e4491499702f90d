#include "vault/settings.h"
#include "base/try.h"
#include "consent/rules.h"
#include "consent/text.h"
#include <string.h>

void vpi_settings_put(vpi_writer *writer, const vpi_settings *settings)
{
    vpi_put_text(writer, settings->controller_id);
    vpi_put_text(writer, settings->controller_name);
    vpi_put_text(writer, settings->controller_country);
    vpi_put_text(writer, settings->jurisdiction);
    vpi_put_text(writer, settings->device_class);
    vpi_put_i64(writer, settings->policy_since_us);
    vpi_put_i64(writer, settings->policy_ttl_us);
    vpi_put_u64(writer, settings->policy_epoch);
    vpi_put_i64(writer, settings->first_notice);
}

void vpi_settings_get(vpi_reader *reader, vpi_settings *settings_out)
{
    vpi_get_text(reader, settings_out->controller_id, sizeof settings_out->controller_id);
    vpi_get_text(reader, settings_out->controller_name, sizeof settings_out->controller_name);
    vpi_get_text(reader, settings_out->controller_country, sizeof settings_out->controller_country);
    vpi_get_text(reader, settings_out->jurisdiction, sizeof settings_out->jurisdiction);
    vpi_get_text(reader, settings_out->device_class, sizeof settings_out->device_class);
    settings_out->policy_since_us = vpi_get_i64(reader);
    settings_out->policy_ttl_us = vpi_get_i64(reader);
    settings_out->policy_epoch = vpi_get_u64(reader);
    settings_out->first_notice = vpi_get_i64(reader);
}

bool vpi_jurisdiction_is_known(const char *jurisdiction)
{
    return strcmp(jurisdiction, VPI_STRICT) == 0 || vpi_text_is_jurisdiction(jurisdiction);
}

static vpriv_status copy_text(
    const char *given, const char *fallback, const char *what, char *text_out, size_t capacity)
{
    const char *text = given && given[0] ? given : fallback;
    if (strlen(text) >= capacity)
        return vpi_fail(VPRIV_E_ARG, "%s is longer than %zu bytes", what, capacity - 1);
    if (!vpi_text_is_plain(text, strlen(text)))
        return vpi_fail(VPRIV_E_ARG, "%s is not plain UTF-8 text", what);
    memcpy(text_out, text, strlen(text) + 1);
    return VPRIV_OK;
}

vpriv_status vpi_settings_from_options(
    const vpriv_vault_options *options, int64_t now_us, vpi_settings *settings_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_settings s;
    memset(&s, 0, sizeof s);
    VPI_TRY(copy_text(
        options->controller_id, "owner", "controller_id", s.controller_id, sizeof s.controller_id));
    VPI_TRY(copy_text(options->controller_name, "The owner of this device", "controller_name",
        s.controller_name, sizeof s.controller_name));
    VPI_TRY(copy_text(options->controller_country, "ZZ", "controller_country", s.controller_country,
        sizeof s.controller_country));
    VPI_ENSURE(vpi_text_is_country(s.controller_country), VPRIV_E_ARG,
        "controller_country is two capitals, as in ISO 3166-1");
    VPI_TRY(copy_text(
        options->jurisdiction, VPI_STRICT, "jurisdiction", s.jurisdiction, sizeof s.jurisdiction));
    VPI_ENSURE(vpi_jurisdiction_is_known(s.jurisdiction), VPRIV_E_ARG,
        "jurisdiction is a place as in ISO 3166, such as DE or US-CA, or \"strict\"");
    VPI_TRY(copy_text(
        options->device_class, "device", "device_class", s.device_class, sizeof s.device_class));
    s.policy_since_us = now_us;
    s.policy_ttl_us = INT64_MAX;
    *settings_out = s;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_settings_store(vpriv_vault *vault)
{
    uint8_t plain[VPI_SETTINGS_BYTES_MAX];
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_settings_put(&w, &vault->settings);
    const vpriv_status st = vpi_writer_finish(&w, "settings");
    return st == VPRIV_OK ? vpi_state_write(vault, VPI_STATE_SETTINGS, plain, vpi_writer_used(&w))
                          : st;
}

vpriv_status vpi_settings_load(vpriv_vault *vault)
{
    uint8_t plain[VPI_PADDED_SEAL_BYTES(VPI_SETTINGS_BYTES_MAX)];
    size_t n_bytes = 0;
    const vpriv_status st =
        vpi_state_read(vault, VPI_STATE_SETTINGS, plain, sizeof plain, &n_bytes);
    if (st != VPRIV_OK)
        return st;
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    vpi_settings_get(&r, &vault->settings);
    return vpi_reader_finish(&r, "settings") == VPRIV_OK ? VPRIV_OK : vpi_auth_failed();
}
