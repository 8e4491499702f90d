/* Orders to pause and to resume, and policy epochs. */
#include "base/try.h"
#include "consent/signed.h"
#include <string.h>

static void get_scopes(vpi_signed *d, vpi_order *order)
{
    const json_t *list = vpi_signed_list(d, d->root, "where", VPI_PROFILE_PLACES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *where = json_string_value(json_array_get(list, i));
        if (where && vpi_scope_is_valid(where))
            memcpy(order->scopes[order->n_scopes++], where, strlen(where) + 1);
        else
            vpi_signed_wrong(d, "\"where\": \"%.16s\" is no place", where ? where : "");
    }
    if (order->n_scopes == 0)
        vpi_signed_wrong(d, "\"where\" is empty");
}

vpriv_status vpi_order_parse(const char *json, size_t n_bytes, vpi_order *order_out)
{
    static const char *const fields[] = {"voicepriv_pause", "number", "action", "purposes", "where",
        "from", "until", "issuer", "reason", NULL};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_signed d;
    char action[16];
    memset(order_out, 0, sizeof *order_out);
    VPI_TRY(vpi_signed_open(json, n_bytes, "voicepriv_pause", &d));
    vpi_signed_fields(&d, d.root, "the order", fields);
    order_out->number = (uint64_t)vpi_signed_number(&d, d.root, "number", 1, INT64_MAX - 1);
    vpi_signed_text(&d, d.root, "action", action, sizeof action);
    order_out->resumes = strcmp(action, "resume") == 0;
    if (!order_out->resumes && strcmp(action, "pause") != 0)
        vpi_signed_wrong(&d, "\"action\" is neither \"pause\" nor \"resume\"");
    order_out->purposes = vpi_signed_purposes(&d, d.root, "purposes");
    if (order_out->purposes == 0)
        vpi_signed_wrong(&d, "\"purposes\" is empty");
    get_scopes(&d, order_out);
    if (json_object_get(d.root, "from"))
        order_out->from_us = vpi_signed_time(&d, d.root, "from");
    if (json_object_get(d.root, "until"))
        order_out->until_us = vpi_signed_time(&d, d.root, "until");
    if (order_out->until_us != 0 && order_out->until_us <= order_out->from_us)
        vpi_signed_wrong(&d, "the pause ends before it begins");
    if (order_out->resumes && (order_out->from_us != 0 || order_out->until_us != 0))
        vpi_signed_wrong(&d, "resuming has neither \"from\" nor \"until\"");
    vpi_signed_text(&d, d.root, "issuer", order_out->issuer, sizeof order_out->issuer);
    vpi_signed_text(&d, d.root, "reason", order_out->reason, sizeof order_out->reason);
    VPI_TRY(vpi_signed_finish(&d));
    st = VPRIV_OK;
out:
    vpi_signed_close(&d);
    return st;
}

vpriv_status vpi_epoch_parse(const char *json, size_t n_bytes, vpi_epoch *epoch_out)
{
    static const char *const fields[] = {
        "voicepriv_policy", "epoch", "issued", "effective", "time_to_live", "issuer", "note", NULL};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_signed d;
    char note[512];
    memset(epoch_out, 0, sizeof *epoch_out);
    VPI_TRY(vpi_signed_open(json, n_bytes, "voicepriv_policy", &d));
    vpi_signed_fields(&d, d.root, "the policy", fields);
    epoch_out->number = (uint64_t)vpi_signed_number(&d, d.root, "epoch", 1, INT64_MAX - 1);
    epoch_out->issued_us = vpi_signed_time(&d, d.root, "issued");
    epoch_out->effective_us = vpi_signed_time(&d, d.root, "effective");
    if (epoch_out->effective_us < epoch_out->issued_us)
        vpi_signed_wrong(&d, "\"effective\" is before \"issued\"");
    const vpriv_rules_term term = vpi_signed_duration(&d, d.root, "time_to_live");
    if (!d.failed && (term.n_months != 0 || term.n_days == 0))
        vpi_signed_wrong(&d, "\"time_to_live\" is not a number of days or weeks");
    epoch_out->ttl_us = term.n_days * INT64_C(86400) * 1000000;
    vpi_signed_text(&d, d.root, "issuer", epoch_out->issuer, sizeof epoch_out->issuer);
    if (json_object_get(d.root, "note"))
        vpi_signed_text(&d, d.root, "note", note, sizeof note);
    VPI_TRY(vpi_signed_finish(&d));
    st = VPRIV_OK;
out:
    vpi_signed_close(&d);
    return st;
}
