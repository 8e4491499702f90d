#include "base/memory.h"
#include "base/try.h"
#include "consent/json.h"
#include "share/document.h"
#include "share/jose.h"
#include "share/salvage.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define FRAMES_PER_MS 48

static const char *const names[] = {[VPI_SALVAGED_WHOLE] = "whole",
    [VPI_SALVAGED_PARTIAL] = "partial",
    [VPI_SALVAGED_LOST] = "lost",
    [VPI_SALVAGED_CLOSED] = "closed"};

vpriv_status vpi_salvage_list_open(vpi_salvage_list *list_out)
{
    *list_out = (vpi_salvage_list){json_array(), json_array(), json_array(), false};
    return list_out->damages && list_out->recordings && list_out->opened
               ? VPRIV_OK
               : vpi_fail(VPRIV_E_MEMORY, "no memory for the list of damage");
}

void vpi_salvage_list_close(vpi_salvage_list *list)
{
    json_decref(list->damages);
    json_decref(list->recordings);
    json_decref(list->opened);
    *list = (vpi_salvage_list){NULL, NULL, NULL, false};
}

static void add(vpi_salvage_list *list, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        list->failed = true;
}

void vpi_salvage_damage(vpi_salvage_list *list, uint32_t page, const char *table, const char *what)
{
    add(list, list->damages,
        json_pack("{s:o, s:s?, s:s}", "page", page > 0 ? json_integer(page) : json_null(), "of",
            table, "what", what));
}

static json_t *hex(const uint8_t *bytes, size_t n_bytes)
{
    char text[2 * 32 + 1];
    sodium_bin2hex(text, sizeof text, bytes, n_bytes);
    return json_string(text);
}

void vpi_salvage_recording(vpi_salvage_list *list, const uint8_t *id, vpi_salvaged how,
    const char *file, const char *why, json_t *lost)
{
    add(list, list->recordings,
        json_pack("{s:o, s:s, s:s?, s:s, s:o}", "id", hex(id, VPI_RECORDING_ID_BYTES), "is",
            names[how], "file", file, "why", why, "lost", lost));
}

void vpi_salvage_will_open(vpi_salvage_list *list, const uint8_t *id)
{
    add(list, list->opened, hex(id, VPI_RECORDING_ID_BYTES));
}

bool vpi_salvage_opens(const vpi_salvage_list *list, size_t *at_io, const uint8_t *id)
{
    char text[2 * VPI_RECORDING_ID_BYTES + 1];
    sodium_bin2hex(text, sizeof text, id, VPI_RECORDING_ID_BYTES);
    for (size_t at = *at_io; at < json_array_size(list->opened); at++)
        if (strcmp(json_string_value(json_array_get(list->opened, at)), text) == 0) {
            *at_io = at + 1;
            return true;
        }
    return false;
}

void vpi_salvage_stretch(vpi_salvage_list *list, json_t *lost, uint64_t from_48k, uint64_t n_48k)
{
    add(list, lost,
        json_pack("{s:I, s:I}", "from_48k", (json_int_t)from_48k, "frames_48k", (json_int_t)n_48k));
}

static vpriv_status put(const vpi_folder *folder, const char *name, const char *text)
{
    vpi_part part = {.fd = -1};
    vpriv_status st = vpi_part_begin(folder, name, &part);
    if (st == VPRIV_OK)
        st = vpi_part_write(&part, text, strlen(text));
    if (st == VPRIV_OK)
        st = vpi_part_finish(&part);
    vpi_part_abandon(&part);
    return st == VPRIV_OK ? vpi_folder_sync(folder) : st;
}

static vpriv_status put_json(const vpi_folder *folder, const char *name, const json_t *json)
{
    char *text = NULL;
    vpriv_status st = vpi_json_write(json, JSON_INDENT(1), &text);
    if (st == VPRIV_OK)
        st = put(folder, name, text);
    free(text);
    return st;
}

static vpriv_status line(vpi_part *part, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static vpriv_status line(vpi_part *part, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return vpi_part_write(part, text, strlen(text));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static vpriv_status write_recordings(const vpi_salvage_list *list, vpi_part *part)
{
    vpriv_status st = VPRIV_OK;
    size_t i, j;
    json_t *item, *stretch;
    json_array_foreach(list->recordings, i, item)
    {
        const char *why = text_of(item, "why");
        if (st == VPRIV_OK)
            st = line(part, "recording %s: %s%s%s\n", text_of(item, "id"), text_of(item, "is"),
                why[0] ? ": " : "", why);
        json_array_foreach(json_object_get(item, "lost"), j, stretch)
        {
            const json_int_t from = json_integer_value(json_object_get(stretch, "from_48k"));
            const json_int_t n = json_integer_value(json_object_get(stretch, "frames_48k"));
            if (st == VPRIV_OK)
                st = line(part, "  from %lld.%03lld s nothing is left for %lld.%03lld s\n",
                    (long long)(from / FRAMES_PER_MS / 1000),
                    (long long)(from / FRAMES_PER_MS % 1000), (long long)(n / FRAMES_PER_MS / 1000),
                    (long long)(n / FRAMES_PER_MS % 1000));
        }
    }
    return st;
}

static vpriv_status write_text(
    const vpi_salvage_list *list, const vpi_folder *folder, const vpriv_salvage_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_part part = {.fd = -1};
    size_t i;
    json_t *item;
    VPI_TRY(vpi_part_begin(folder, VPI_SALVAGE_DAMAGE_TEXT, &part));
    VPI_TRY(line(&part,
        "%" PRIu64 " recordings are whole, %" PRIu64 " have gaps, of %" PRIu64 " nothing is left, "
        "%" PRIu64 " are not open for this purpose.\n\n",
        report->n_whole, report->n_partial, report->n_lost, report->n_closed));
    VPI_TRY(write_recordings(list, &part));
    VPI_TRY(line(&part, "\nDamage in the vault file:\n"));
    json_array_foreach(list->damages, i, item)
    {
        const json_int_t page = json_integer_value(json_object_get(item, "page"));
        const char *of = text_of(item, "of");
        if (page > 0)
            VPI_TRY(line(&part, "page %lld (byte %lld)%s%s: %s\n", (long long)page,
                (long long)(page - 1) * 4096, of[0] ? ", of " : "", of, text_of(item, "what")));
        else
            VPI_TRY(line(&part, "%s%s%s\n", of, of[0] ? ": " : "", text_of(item, "what")));
    }
    VPI_TRY(vpi_part_finish(&part));
    st = VPRIV_OK;
out:
    vpi_part_abandon(&part);
    return st;
}

vpriv_status vpi_salvage_write_list(const vpi_salvage_list *list, const vpi_folder *folder,
    const uint8_t *vault_id, const vpriv_salvage_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    json_t *json = json_pack("{s:s, s:o, s:O, s:O}", "form", "voicepriv-damage-1", "vault",
        hex(vault_id, VPI_VAULT_ID_BYTES), "recordings", list->recordings, "damage", list->damages);
    VPI_ENSURE(json && !list->failed, VPRIV_E_MEMORY, "no memory for the list of damage");
    VPI_TRY(put_json(folder, VPI_SALVAGE_DAMAGE_JSON, json));
    VPI_TRY(write_text(list, folder, report));
    st = VPRIV_OK;
out:
    json_decref(json);
    return st;
}

/* What will be opened, and what is damaged, however much that is. */
static vpriv_status put_details(const vpi_salvage_list *list, const vpi_folder *folder,
    const uint8_t *vault_id, uint8_t hash_out[crypto_hash_sha256_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char *text = NULL;
    json_t *json = json_pack("{s:s, s:o, s:O, s:O}", "form", "voicepriv-salvage-details-1", "vault",
        hex(vault_id, VPI_VAULT_ID_BYTES), "opens", list->opened, "damage", list->damages);
    VPI_ENSURE(json && !list->failed, VPRIV_E_MEMORY, "no memory for the record");
    VPI_TRY(vpi_json_write(json, JSON_INDENT(1), &text));
    crypto_hash_sha256(hash_out, (const uint8_t *)text, strlen(text));
    VPI_TRY(put(folder, VPI_SALVAGE_DETAILS, text));
    st = VPRIV_OK;
out:
    json_decref(json);
    free(text);
    return st;
}

static json_t *record_of(const vpi_salvage_list *list, vpriv_vault *vault,
    const vpriv_gate_request *request, const uint8_t *details_hash)
{
    char time[VPI_EXACT_TIME_BYTES];
    vpi_exact_time_text(vpi_vault_now_us(vault), time);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:{s:s, s:o}}", "form",
        "voicepriv-salvage-1", "vault", hex(vault->vault_id, sizeof vault->vault_id), "time", time,
        "actor", request->actor, "reason", request->reason ? request->reason : "", "purpose",
        vpriv_purpose_name(request->purpose), "recipient",
        request->recipient ? request->recipient : vault->settings.controller_id, "note",
        "The vault is damaged: its log could not take this. Nobody who reads the log sees it.",
        "n_opens", (json_int_t)json_array_size(list->opened), "n_damages",
        (json_int_t)json_array_size(list->damages), "details", "file", VPI_SALVAGE_DETAILS,
        "sha256", hex(details_hash, crypto_hash_sha256_BYTES));
}

/* One text of any length cannot be signed (VPRIV_RECEIPT_BYTES_MAX), and what is whole has to come out however
 * much is not: what grows is in a file beside it. */
vpriv_status vpi_salvage_write_record(vpi_salvage_list *list, const vpi_folder *folder,
    vpriv_vault *vault, const vpriv_gate_request *request)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_vault_secrets *secrets = vault->secrets;
    uint8_t public_key[VPI_KEY_BYTES], hash[crypto_hash_sha256_BYTES];
    char jwk[VPRIV_JWK_BYTES];
    char *text = NULL, *signed_text = NULL;
    size_t n_signed = 0;
    json_t *json = NULL;
    VPI_TRY(put_details(list, folder, vault->vault_id, hash));
    json = record_of(list, vault, request, hash);
    VPI_ENSURE(json, VPRIV_E_MEMORY, "no memory for the record");
    VPI_TRY(vpi_json_write(json, JSON_COMPACT, &text));
    VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_DEVICE, secrets->key));
    crypto_sign_seed_keypair(public_key, secrets->device, secrets->key);
    VPI_TRY(
        vpi_jose_sign(text, strlen(text), public_key, secrets->device, &signed_text, &n_signed));
    VPI_TRY(vpriv_receipt_jwk(vault, jwk));
    VPI_TRY(put(folder, VPI_SALVAGE_KEY, jwk));
    VPI_TRY(put(folder, VPI_SALVAGE_RECORD, signed_text));
    st = VPRIV_OK;
out:
    vpi_wipe(secrets->key, VPI_KEY_BYTES);
    vpi_wipe(secrets->device, sizeof secrets->device);
    json_decref(json);
    free(text);
    free(signed_text);
    return st;
}
