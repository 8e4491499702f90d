/* Everything of a vault as a folder that needs neither the vault nor this library.
 *
 * The order makes it safe to stop anywhere: first the file that says whose export it is, last the
 * inventory, which says that it is finished. */
#include "base/memory.h"
#include "base/try.h"
#include "share/document.h"
#include "share/folder.h"
#include "share/inventory.h"
#include <sodium.h>
#include <string.h>

#define MARKER      "voicepriv-export.json"
#define README      "README.txt"
#define KEY         "device-key.jwk"
#define INVENTORY   "inventory.json"
#define RECORDINGS  "recordings"
#define DERIVATIVES "derivatives"
#define RECEIPTS    "receipts"

static const char readme[] =
    "This is everything that a voice recording device kept, made for the people in it.\n\n"
    "recordings/     sound, as Ogg Opus: most players open it. The name has the time (UTC) and "
    "the\n"
    "                recording's id in the inventory\n"
    "derivatives/    what was made from recordings, such as transcripts, as it is. The name has "
    "the\n"
    "                recording's time and the derivative's id in the inventory\n"
    "inventory.json  what is stored about whom, what for, until when, and who opened it\n"
    "receipts/       what was said and done, signed by the device (compact JWS)\n"
    "device-key.jwk  the public key that the receipts are checked with\n\n"
    "Nothing in this folder is encrypted. Whoever has it can listen to it.\n";

typedef struct portable {
    vpriv_vault *vault;
    const vpriv_keyring *keyring;
    const vpriv_gate_request *request;
    vpriv_portable_fn progress;
    void *user;
    vpi_folder folder;
    vpi_folder recordings;
    vpi_folder derivatives;
    vpi_folder receipts;
    vpriv_vault_info about;
    char marker[256];
    int64_t started_us;  /* of the recording at hand */
    vpriv_status status; /* of a callback inside of a callback */
    uint64_t n_seen;
    vpriv_portable_report report;
    vpi_part part;
} portable;

static vpriv_status tell(portable *p)
{
    if (p->progress && !p->progress(p->user, p->n_seen, p->about.n_recordings))
        return vpi_fail(VPRIV_E_CANCELLED, "the export was stopped; the same call goes on with it");
    return VPRIV_OK;
}

static vpriv_status put_file(const vpi_folder *folder, const char *name, const char *text)
{
    vpi_part part = {.fd = -1};
    vpriv_status st = vpi_part_begin(folder, name, &part);
    if (st == VPRIV_OK)
        st = vpi_part_write(&part, text, strlen(text));
    if (st == VPRIV_OK)
        st = vpi_part_finish(&part);
    vpi_part_abandon(&part);
    return st;
}

static bool is_one_of_ours(const char *name)
{
    static const char *const ours[] = {MARKER, MARKER ".part", README, README ".part", KEY,
        KEY ".part", INVENTORY ".part", RECORDINGS, DERIVATIVES, RECEIPTS};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

typedef struct look {
    size_t n_names;
    bool has_foreign;
    bool has_inventory;
} look;

static vpriv_status look_at(void *user, const char *name)
{
    look *found = user;
    /* A marker that was never finished is nothing yet. */
    found->n_names += strcmp(name, MARKER ".part") != 0;
    found->has_inventory = found->has_inventory || strcmp(name, INVENTORY) == 0;
    found->has_foreign = found->has_foreign || !is_one_of_ours(name);
    return VPRIV_OK;
}

/* Only an empty folder, or one that this very vault began to fill. */
static vpriv_status claim(portable *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    look found = {0};
    char marker[sizeof p->marker + 1] = "", id[33];
    sodium_bin2hex(id, sizeof id, p->about.vault_id, sizeof p->about.vault_id);
    snprintf(p->marker, sizeof p->marker,
        "{\"form\": \"voicepriv-export-1\", \"vault\": \"%s\", \"purpose\": \"%s\"}\n", id,
        vpriv_purpose_name(p->request->purpose));
    VPI_TRY(vpi_folder_each(&p->folder, look_at, &found));
    if (found.n_names == 0) {
        VPI_TRY(put_file(&p->folder, MARKER, p->marker));
    } else {
        VPI_ENSURE(vpi_folder_has(&p->folder, MARKER), VPRIV_E_EXISTS,
            "the folder has files that no export made");
        VPI_TRY(vpi_folder_read(&p->folder, MARKER, marker, sizeof marker));
        VPI_ENSURE(strcmp(marker, p->marker) == 0, VPRIV_E_EXISTS,
            "the folder is an export of another vault, or for another purpose");
        VPI_ENSURE(!found.has_inventory, VPRIV_E_EXISTS, "the folder is a finished export");
        VPI_ENSURE(!found.has_foreign, VPRIV_E_EXISTS, "the folder has files that no export made");
    }
    st = VPRIV_OK;
out:
    return st;
}

/* "2026-11-22_08-30-00_" and the id: it sorts by time, and every file system takes it. */
#define STAMP_BYTES 20
#define OPUS        ".opus"

static void stamp_of(int64_t time_us, char stamp_out[VPI_EXACT_TIME_BYTES])
{
    vpi_exact_time_text(time_us, stamp_out);
    stamp_out[10] = '_';
    stamp_out[13] = stamp_out[16] = '-';
    stamp_out[STAMP_BYTES - 1] = '\0';
}

void vpi_folder_sound_name(const vpriv_recording_info *info, char name_out[VPI_FOLDER_NAME_BYTES])
{
    char stamp[VPI_EXACT_TIME_BYTES], id[33];
    stamp_of(info->started_us, stamp);
    sodium_bin2hex(id, sizeof id, info->id.bytes, sizeof info->id.bytes);
    snprintf(name_out, VPI_FOLDER_NAME_BYTES, "%s_%s" OPUS, stamp, id);
}

static bool id_of_name(const char *name, vpriv_recording_id *id_out)
{
    size_t n_bytes = 0;
    const char *end = NULL;
    return strlen(name) == STAMP_BYTES + 32 + strlen(OPUS) &&
           sodium_hex2bin(id_out->bytes, sizeof id_out->bytes, name + STAMP_BYTES, 32, NULL,
               &n_bytes, &end) == 0 &&
           n_bytes == sizeof id_out->bytes && strcmp(name + STAMP_BYTES + 32, OPUS) == 0;
}

/* What an earlier call wrote stays if it could be opened today; a use that was spent on it was spent. */
static vpriv_status judge_earlier(void *user, const char *name)
{
    portable *p = user;
    vpriv_recording_id id;
    uint32_t reasons = VPRIV_DENY_RECORDING_UNKNOWN;
    if (vpi_part_is_name(name))
        return vpi_folder_remove(&p->recordings, name);
    if (!id_of_name(name, &id))
        return vpi_fail(VPRIV_E_EXISTS, "the folder has files that no export made");
    const vpriv_status st =
        vpi_inventory_asks(p->vault, &id, p->request->purpose, p->request->recipient, &reasons);
    /* Where the vault is damaged this may be the last copy. */
    if (st != VPRIV_OK && st != VPRIV_E_NOT_FOUND)
        return st;
    if (st == VPRIV_OK && (reasons & ~(uint32_t)VPRIV_DENY_USES_SPENT) == 0)
        return VPRIV_OK;
    vpi_fail_clear();
    p->report.n_removed++;
    return vpi_folder_remove(&p->recordings, name);
}

static const char *ending_of(const char *media_type)
{
    static const struct {
        const char *type, *ending;
    } known[] = {{"text/plain", "txt"}, {"application/json", "json"}, {"text/vtt", "vtt"}};
    const size_t n = strcspn(media_type, ";");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].type) == n && strncmp(known[i].type, media_type, n) == 0)
            return known[i].ending;
    return "bin";
}

/* "2026-11-22_08-30-00_transcript_", the id, and an ending. */
static void derivative_name(
    int64_t started_us, const vpriv_derivative_info *info, char name_out[VPI_FOLDER_NAME_BYTES])
{
    char stamp[VPI_EXACT_TIME_BYTES], id[33];
    stamp_of(started_us, stamp);
    sodium_bin2hex(id, sizeof id, info->id.bytes, sizeof info->id.bytes);
    snprintf(name_out, VPI_FOLDER_NAME_BYTES, "%s_%s_%s.%s", stamp,
        vpriv_derivative_kind_name(info->kind), id, ending_of(info->media_type));
}

static bool derivative_of_name(const char *name, vpriv_derivative_id *id_out)
{
    size_t n_bytes = 0;
    const char *end = NULL, *mark = strrchr(name, '_');
    return mark && strlen(mark) > 33 && mark[33] == '.' &&
           sodium_hex2bin(
               id_out->bytes, sizeof id_out->bytes, mark + 1, 32, NULL, &n_bytes, &end) == 0 &&
           n_bytes == sizeof id_out->bytes;
}

/* The gate's question about the recording, and whether it was made for this. */
static vpriv_status ask_for_derivative(
    portable *p, const vpriv_derivative_info *info, uint32_t *reasons_out)
{
    const vpriv_status st = vpi_inventory_asks(
        p->vault, &info->recording, p->request->purpose, p->request->recipient, reasons_out);
    if (st == VPRIV_OK && !(info->purposes >> p->request->purpose & 1))
        *reasons_out |= VPRIV_DENY_CONSENT_MISSING;
    return st;
}

static vpriv_status judge_earlier_derivative(void *user, const char *name)
{
    portable *p = user;
    vpriv_derivative_id id;
    vpriv_derivative_info info;
    uint32_t reasons = VPRIV_DENY_RECORDING_UNKNOWN;
    if (vpi_part_is_name(name))
        return vpi_folder_remove(&p->derivatives, name);
    if (!derivative_of_name(name, &id))
        return vpi_fail(VPRIV_E_EXISTS, "the folder has files that no export made");
    vpriv_status st = vpriv_derivative_about(p->vault, &id, &info);
    if (st == VPRIV_OK)
        st = ask_for_derivative(p, &info, &reasons);
    if (st != VPRIV_OK && st != VPRIV_E_NOT_FOUND && st != VPRIV_E_ERASED)
        return st;
    if (st == VPRIV_OK && (reasons & ~(uint32_t)VPRIV_DENY_USES_SPENT) == 0)
        return VPRIV_OK;
    vpi_fail_clear();
    p->report.n_removed++;
    return vpi_folder_remove(&p->derivatives, name);
}

/* Receipts cost nothing to make again, and nobody's stays who was erased. */
static vpriv_status drop_receipt(void *user, const char *name)
{
    const portable *p = user;
    return vpi_folder_remove(&p->receipts, name);
}

static vpriv_status write_sound(void *user, const void *bytes, size_t n_bytes)
{
    portable *p = user;
    const vpriv_status st = tell(p);
    return st == VPRIV_OK ? vpi_part_write(&p->part, bytes, n_bytes) : st;
}

static vpriv_status write_recording(portable *p, const vpriv_recording_id *id, const char *name)
{
    vpriv_reader *reader = NULL;
    /* Before the gate: what cannot be written shall not stand in the log as heard. */
    vpriv_status st = vpi_part_begin(&p->recordings, name, &p->part);
    if (st == VPRIV_OK)
        st = vpriv_gate_open(p->vault, p->keyring, id, p->request, &reader);
    if (st == VPRIV_OK)
        st = vpriv_gate_export_opus(reader, write_sound, p);
    vpriv_gate_close(reader);
    if (st == VPRIV_OK)
        st = vpi_part_finish(&p->part);
    vpi_part_abandon(&p->part);
    return st;
}

static vpriv_status take(portable *p, const vpriv_recording_info *info)
{
    char name[VPI_FOLDER_NAME_BYTES];
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    vpriv_status st = tell(p);
    if (st != VPRIV_OK)
        return st;
    vpi_folder_sound_name(info, name);
    if (vpi_folder_has(&p->recordings, name)) {
        p->report.n_kept++;
        return VPRIV_OK;
    }
    st = vpi_inventory_asks(
        p->vault, &info->id, p->request->purpose, p->request->recipient, &reasons);
    if (st == VPRIV_OK && reasons == 0)
        st = write_recording(p, &info->id, name);
    else if (st == VPRIV_OK)
        st = VPRIV_E_CONSENT;
    if (st == VPRIV_OK)
        p->report.n_written++;
    else if (st == VPRIV_E_CONSENT || st == VPRIV_E_ERASED || st == VPRIV_E_NOT_FOUND)
        p->report.n_closed++;
    else if (st == VPRIV_E_AUTH)
        p->report.n_damaged++;
    else
        return st;
    vpi_fail_clear();
    return VPRIV_OK;
}

static vpriv_status write_derivative(
    portable *p, const vpriv_derivative_info *info, const char *name)
{
    vpriv_status st = vpi_part_begin(&p->derivatives, name, &p->part);
    if (st == VPRIV_OK)
        st = vpriv_gate_read_derivative(
            p->vault, p->keyring, &info->id, p->request, vpi_part_write, &p->part);
    if (st == VPRIV_OK)
        st = vpi_part_finish(&p->part);
    vpi_part_abandon(&p->part);
    return st;
}

static bool take_derivative(void *user, const vpriv_derivative_info *info)
{
    portable *p = user;
    char name[VPI_FOLDER_NAME_BYTES];
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    vpriv_status st = ask_for_derivative(p, info, &reasons);
    derivative_name(p->started_us, info, name);
    if (vpi_folder_has(&p->derivatives, name)) {
        p->report.n_derivatives++;
        return true;
    }
    if (st == VPRIV_OK)
        st = reasons == 0 ? write_derivative(p, info, name) : VPRIV_E_CONSENT;
    p->report.n_derivatives += st == VPRIV_OK;
    p->report.n_derivatives_closed +=
        st == VPRIV_E_CONSENT || st == VPRIV_E_ERASED || st == VPRIV_E_NOT_FOUND;
    p->report.n_damaged += st == VPRIV_E_AUTH;
    if (st == VPRIV_E_CONSENT || st == VPRIV_E_ERASED || st == VPRIV_E_NOT_FOUND ||
        st == VPRIV_E_AUTH) {
        vpi_fail_clear();
        st = VPRIV_OK;
    }
    p->status = st;
    return st == VPRIV_OK;
}

static bool take_recording(void *user, const vpriv_recording_info *info)
{
    portable *p = user;
    p->status = take(p, info);
    if (p->status == VPRIV_OK) {
        p->started_us = info->started_us;
        const vpriv_status st = vpriv_derivative_list(p->vault, &info->id, take_derivative, p);
        if (p->status == VPRIV_OK)
            p->status = st;
    }
    p->n_seen++;
    return p->status == VPRIV_OK;
}

/* Openings by the controller are in the inventory, and would be a file for each. */
static bool has_receipt(const portable *p, const vpriv_log_entry *entry)
{
    switch (entry->kind) {
    case VPRIV_LOG_CONSENT_EVENT:
    case VPRIV_LOG_DISCLOSURE:
    case VPRIV_LOG_RECALL:
    case VPRIV_LOG_RECALL_ACKNOWLEDGED:
    case VPRIV_LOG_ERASURE:
    case VPRIV_LOG_SUBJECT_ERASED:
    case VPRIV_LOG_RETENTION_EXPIRED:
    case VPRIV_LOG_PAUSE:
    case VPRIV_LOG_PAUSE_LIFTED:
    case VPRIV_LOG_DERIVATIVE_ERASED:
        return true;
    case VPRIV_LOG_ACCESS_GRANTED:
    case VPRIV_LOG_DERIVATIVE_READ:
        return entry->recipient[0] && strcmp(entry->recipient, p->about.controller_id) != 0;
    default:
        return false;
    }
}

static bool take_receipt(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    portable *p = user;
    char name[VPI_FOLDER_NAME_BYTES];
    if (!has_receipt(p, entry))
        return true;
    snprintf(name, sizeof name, "%08llu-%s.jws", (unsigned long long)index,
        vpriv_log_kind_name(entry->kind));
    vpriv_status st = vpi_part_begin(&p->receipts, name, &p->part);
    if (st == VPRIV_OK)
        st = vpriv_receipt_from_log(p->vault, &index, 1, vpi_part_write, &p->part);
    if (st == VPRIV_OK)
        st = vpi_part_finish(&p->part);
    vpi_part_abandon(&p->part);
    if (st == VPRIV_OK) {
        p->report.n_receipts++;
    } else if (st == VPRIV_E_ERASED || st == VPRIV_E_NOT_FOUND || st == VPRIV_E_UNSUPPORTED) {
        vpi_fail_clear();
        st = VPRIV_OK;
    }
    p->status = st;
    return st == VPRIV_OK;
}

static vpriv_status fill(portable *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char jwk[VPRIV_JWK_BYTES];
    VPI_TRY(vpi_folder_each(&p->recordings, judge_earlier, p));
    VPI_TRY(vpi_folder_each(&p->derivatives, judge_earlier_derivative, p));
    VPI_TRY(vpi_folder_each(&p->receipts, drop_receipt, p));
    VPI_TRY(put_file(&p->folder, README, readme));
    VPI_TRY(vpriv_receipt_jwk(p->vault, jwk));
    VPI_TRY(put_file(&p->folder, KEY, jwk));
    st = vpriv_recording_list(p->vault, NULL, take_recording, p);
    VPI_TRY(p->status);
    VPI_TRY(st);
    VPI_TRY(tell(p));
    st = vpriv_vault_log(p->vault, 0, take_receipt, p);
    VPI_TRY(p->status);
    VPI_TRY(st);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status finish(portable *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_folder_sync(&p->recordings));
    VPI_TRY(vpi_folder_sync(&p->derivatives));
    VPI_TRY(vpi_folder_sync(&p->receipts));
    VPI_TRY(vpi_folder_sync(&p->folder));
    VPI_TRY(vpi_part_begin(&p->folder, INVENTORY, &p->part));
    VPI_TRY(vpriv_inventory_json(p->vault, p->keyring, vpi_part_write, &p->part));
    VPI_TRY(vpi_part_finish(&p->part));
    VPI_TRY(vpi_folder_sync(&p->folder));
    st = VPRIV_OK;
out:
    vpi_part_abandon(&p->part);
    return st;
}

static vpriv_status check(portable *p, const char *path)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_gate_request *request = p->request;
    VPI_ENSURE(p->vault && p->keyring && path && path[0], VPRIV_E_ARG,
        "a vault, a keyring and a folder are needed");
    VPI_ENSURE(request && request->struct_size == sizeof *request &&
                   vpriv_purpose_about(request->purpose) && request->actor && request->actor[0],
        VPRIV_E_ARG, "a request with its struct_size, a purpose and an actor is needed");
    VPI_ENSURE(vpriv_keyring_purposes(p->keyring) >> request->purpose & 1, VPRIV_E_NO_KEY,
        "the keyring does not hold the key of %s", vpriv_purpose_name(request->purpose));
    p->about.struct_size = sizeof p->about;
    VPI_TRY(vpriv_vault_about(p->vault, &p->about));
    VPI_ENSURE(!p->about.for_capture_only, VPRIV_E_NO_KEY, "the vault is open for capture only");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_portable_export(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_gate_request *request, const char *folder, vpriv_portable_fn progress, void *user,
    vpriv_portable_report *report_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    portable p = {.vault = vault,
        .keyring = keyring,
        .request = request,
        .progress = progress,
        .user = user,
        .folder = {.fd = -1},
        .recordings = {.fd = -1},
        .derivatives = {.fd = -1},
        .receipts = {.fd = -1},
        .report = {.struct_size = sizeof p.report},
        .part = {.fd = -1}};
    vpi_fail_clear();
    VPI_ENSURE(!report_out || report_out->struct_size == sizeof *report_out, VPRIV_E_ARG,
        "vpriv_portable_report.struct_size is not set");
    VPI_TRY(check(&p, folder));
    VPI_TRY(vpi_folder_open(folder, &p.folder));
    VPI_TRY(claim(&p));
    VPI_TRY(vpi_folder_open_in(&p.folder, RECORDINGS, &p.recordings));
    VPI_TRY(vpi_folder_open_in(&p.folder, DERIVATIVES, &p.derivatives));
    VPI_TRY(vpi_folder_open_in(&p.folder, RECEIPTS, &p.receipts));
    VPI_TRY(fill(&p));
    VPI_TRY(finish(&p));
    st = VPRIV_OK;
out:
    vpi_folder_close(&p.receipts);
    vpi_folder_close(&p.derivatives);
    vpi_folder_close(&p.recordings);
    vpi_folder_close(&p.folder);
    if (report_out && report_out->struct_size == sizeof *report_out)
        *report_out = p.report;
    return st;
}
