/* The inventory as one JSON document, written as it comes: what is in memory at a time is one person with
 * what they said, or one recording with who heard it. */
#include "base/try.h"
#include "consent/json.h"
#include "share/document.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <voicepriv/inventory.h>

#define FORM "voicepriv-inventory-1"

/* The lists, in the order of the document. */
typedef enum list {
    LIST_NONE,
    LIST_PAUSES,
    LIST_NOTICES,
    LIST_PEOPLE,
    LIST_RECORDINGS,
    LIST_EVENTS,
    LIST_FALSE_WAKES,
    LIST_END,
} list;

typedef struct paper {
    vpriv_write_fn write;
    void *user;
    vpriv_status status;
    vpi_document document; /* its flag only */
    list at;
    bool has_item;   /* of the list at hand */
    json_t *item;    /* not written yet */
    json_t *details; /* its list of consents or accesses; borrowed */
    json_t *made;    /* its list of derivatives; borrowed */
    vpriv_derivative_id made_ids[VPRIV_DERIVATIVES_MAX];
    size_t n_made;
} paper;

static bool is_well(const paper *p)
{
    return p->status == VPRIV_OK && !p->document.failed;
}

static void write_text(paper *p, const char *text)
{
    if (is_well(p))
        p->status = p->write(p->user, text, strlen(text));
}

static void write_value(paper *p, const json_t *value)
{
    if (!is_well(p))
        return;
    char *text = NULL;
    p->status = vpi_json_write(value, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY, &text);
    if (text)
        write_text(p, text);
    free(text);
}

static void flush(paper *p)
{
    if (!p->item)
        return;
    write_text(p, p->has_item ? ",\n  " : "\n  ");
    write_value(p, p->item);
    json_decref(p->item);
    p->item = p->details = p->made = NULL;
    p->n_made = 0;
    p->has_item = true;
}

/* Begins a list, and those before it that nothing came for. */
static void go_to(paper *p, list wanted)
{
    static const char *const names[] = {[LIST_PAUSES] = "pauses",
        [LIST_NOTICES] = "notices",
        [LIST_PEOPLE] = "people",
        [LIST_RECORDINGS] = "recordings",
        [LIST_EVENTS] = "events",
        [LIST_FALSE_WAKES] = "false_wakes"};
    flush(p);
    while (p->at < wanted) {
        if (p->at != LIST_NONE)
            write_text(p, p->has_item ? "\n ]" : "]");
        p->at++;
        p->has_item = false;
        if (p->at != LIST_END) {
            write_text(p, ",\n \"");
            write_text(p, names[p->at]);
            write_text(p, "\": [");
        }
    }
}

static void put(paper *p, json_t *object, const char *key, json_t *value)
{
    vpi_document_put(&p->document, object, key, value);
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t time_us)
{
    return time_us <= 0 || time_us == VPRIV_TIME_FOREVER_US ? json_null()
                                                            : vpi_document_time(time_us);
}

static json_t *id_or_null(const uint8_t *id)
{
    static const uint8_t none[16];
    return memcmp(id, none, 16) == 0 ? json_null() : vpi_document_hex(id, 16);
}

static json_t *purposes(paper *p, uint32_t set)
{
    json_t *names = json_array();
    for (int i = 0; i < VPRIV_PURPOSES_MAX; i++)
        if (set >> i & 1)
            vpi_document_add(
                &p->document, names, json_string(vpriv_purpose_name((vpriv_purpose)i)));
    return names;
}

static json_t *assurance_of(vpriv_assurance assurance)
{
    return json_string(assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best_effort");
}

static const char *name_in(const char *const *names, size_t n, int value)
{
    return value >= 0 && (size_t)value < n && names[value] ? names[value] : "unknown";
}
#define NAME_IN(names, value) name_in(names, sizeof(names) / sizeof((names)[0]), (int)(value))

static const char *const classes[] = {"unknown", "user", "guest", "bystander", "child"};
static const char *const bys[] = {"unknown", "person", "parent", "guardian", "controller"};
static const char *const methods[] = {"unknown", "tap", "voice", "button", "paper", "import"};
static const char *const states[] = {"none", "provisional", "committed", "restricted", "shredded"};
static const char *const restrictions[] = {NULL, "dispute", "legal_hold"};

static bool add_vault(void *user, const vpriv_inventory_vault *vault)
{
    paper *p = user;
    const vpriv_vault_info *about = &vault->about;
    json_t *made = vpi_document_time(vault->made_us);
    write_text(p, "{\"form\": \"" FORM "\",\n \"made\": ");
    write_value(p, made);
    json_decref(made);
    json_t *head = json_object(), *keys = json_object(), *root = json_object();
    json_t *controller = json_object(), *deletion = json_object();
    put(p, head, "id", vpi_document_hex(about->vault_id, sizeof about->vault_id));
    put(p, head, "device_public_key",
        vpi_document_hex(about->device_public_key, sizeof about->device_public_key));
    put(p, controller, "id", json_string(about->controller_id));
    put(p, controller, "name", json_string(vault->controller_name));
    put(p, controller, "country", json_string(vault->controller_country));
    put(p, head, "controller", controller);
    put(p, head, "jurisdiction", json_string(about->jurisdiction));
    put(p, head, "device_class", json_string(vault->device_class));
    put(p, head, "log_size", vpi_document_number(about->log_size));
    put(p, head, "unconfirmed", vpi_document_number(vault->n_unconfirmed));
    put(p, root, "assurance", assurance_of(about->assurance));
    put(p, root, "generation", vpi_document_number(about->generation));
    put(p, keys, "root_store", root);
    put(p, keys, "purposes", purposes(p, vault->key_purposes));
    put(p, keys, "keyring",
        vault->has_keyring ? purposes(p, vault->keyring_purposes) : json_null());
    put(p, keys, "other_keyrings", json_null());
    put(p, keys, "capture_credentials", json_null());
    put(p, deletion, "assurance", assurance_of(about->assurance));
    put(p, deletion, "erased", vpi_document_number(about->n_erased));
    json_t *paused = purposes(p, vault->paused);
    const struct {
        const char *name;
        json_t *value;
    } members[] = {{",\n \"vault\": ", head}, {",\n \"keys\": ", keys},
        {",\n \"deletion\": ", deletion}, {",\n \"paused\": ", paused}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        write_text(p, members[i].name);
        write_value(p, members[i].value);
        json_decref(members[i].value);
    }
    return is_well(p);
}

static bool add_pause(void *user, const vpriv_pause *pause)
{
    paper *p = user;
    go_to(p, LIST_PAUSES);
    p->item = json_object();
    put(p, p->item, "purposes", purposes(p, pause->purposes));
    put(p, p->item, "where", json_string(pause->where));
    put(p, p->item, "from", time_or_null(pause->from_us));
    put(p, p->item, "until", time_or_null(pause->until_us));
    return is_well(p);
}

static json_t *notice_ref(paper *p, const vpriv_notice_ref *ref)
{
    json_t *node = json_object();
    put(p, node, "id", json_string(ref->id));
    put(p, node, "version", json_string(ref->version));
    put(p, node, "language", json_string(ref->language));
    put(p, node, "sha256", vpi_document_hex(ref->sha256, sizeof ref->sha256));
    return node;
}

static bool add_notice(void *user, const vpriv_inventory_notice *notice)
{
    paper *p = user;
    go_to(p, LIST_NOTICES);
    p->item = notice_ref(p, &notice->ref);
    put(p, p->item, "in_force", json_boolean(notice->is_in_force));
    put(p, p->item, "text", json_stringn(notice->text, notice->text_bytes));
    return is_well(p);
}

static json_t *month_or_null(int year, int month)
{
    char text[32];
    snprintf(text, sizeof text, "%04d-%02d", year, month);
    return year ? json_string(text) : json_null();
}

static bool add_subject(void *user, const vpriv_subject_info *subject)
{
    paper *p = user;
    go_to(p, LIST_PEOPLE);
    p->item = json_object();
    p->details = json_array();
    put(p, p->item, "id", vpi_document_hex(subject->id, sizeof subject->id));
    put(p, p->item, "class", json_string(NAME_IN(classes, subject->subject_class)));
    put(p, p->item, "name", text_or_null(subject->name));
    put(p, p->item, "contact", text_or_null(subject->contact));
    put(p, p->item, "home", json_string(subject->home));
    put(p, p->item, "born", month_or_null(subject->birth_year, subject->birth_month));
    put(p, p->item, "consents", p->details);
    return is_well(p);
}

static json_t *operations(paper *p, uint32_t set)
{
    static const char *const names[] = {
        "record", "store", "analyse", "listen", "transcribe", "annotate", "share"};
    json_t *found = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (set >> i & 1)
            vpi_document_add(&p->document, found, json_string(names[i]));
    return found;
}

static bool add_consent(void *user, const vpriv_consent_record *record, bool is_latest)
{
    paper *p = user;
    json_t *item = json_object(), *recipients = json_array();
    for (uint32_t i = 0; i < record->n_recipients; i++)
        vpi_document_add(&p->document, recipients, json_string(record->recipients[i]));
    put(p, item, "record_id", vpi_document_hex(record->record_id, sizeof record->record_id));
    put(p, item, "purpose", json_string(vpriv_purpose_name(record->purpose)));
    put(p, item, "state", json_string(vpriv_consent_state_name(record->event.state)));
    put(p, item, "latest", json_boolean(is_latest));
    put(p, item, "time", time_or_null(record->event.time_us));
    put(p, item, "valid_until", time_or_null(record->event.valid_until_us));
    put(p, item, "by", json_string(NAME_IN(bys, record->event.by)));
    put(p, item, "method", json_string(NAME_IN(methods, record->event.method)));
    put(p, item, "surface", text_or_null(record->event.surface));
    put(p, item, "controller", json_string(record->controller_id));
    put(p, item, "recipients", recipients);
    put(p, item, "operations", operations(p, record->operations));
    put(p, item, "people_involved",
        json_boolean(record->human_involvement != VPRIV_HUMAN_NOT_INVOLVED));
    put(p, item, "retention", json_string(record->retention));
    put(p, item, "covers_past", json_boolean(record->covers_past));
    put(p, item, "max_uses", vpi_document_number(record->max_uses));
    put(p, item, "uses", vpi_document_number(record->uses));
    put(p, item, "notice", record->notice.id[0] ? notice_ref(p, &record->notice) : json_null());
    vpi_document_add(&p->document, p->details, item);
    return is_well(p);
}

static json_t *bases(paper *p, const vpriv_inventory_recording *recording)
{
    json_t *found = json_array();
    for (size_t i = 0; i < recording->n_bases; i++) {
        const vpriv_inventory_basis *basis = &recording->bases[i];
        json_t *node = json_object();
        put(p, node, "subject", vpi_document_hex(basis->subject, sizeof basis->subject));
        put(p, node, "purpose", json_string(vpriv_purpose_name(basis->purpose)));
        put(p, node, "record_id", vpi_document_hex(basis->record_id, sizeof basis->record_id));
        put(p, node, "later", json_boolean(basis->is_later));
        vpi_document_add(&p->document, found, node);
    }
    return found;
}

/* For which purpose until when. */
static json_t *terms(paper *p, const vpriv_inventory_recording *recording)
{
    json_t *found = json_object();
    for (int i = 0; i < VPRIV_PURPOSES_MAX; i++)
        if (recording->info.purposes >> i & 1)
            put(p, found, vpriv_purpose_name((vpriv_purpose)i),
                time_or_null(recording->until_us[i]));
    return found;
}

static void describe(paper *p, const vpriv_inventory_recording *recording)
{
    const vpriv_recording_info *info = &recording->info;
    char retention[VPRIV_RETENTION_BYTES];
    json_t *item = p->item, *subjects = json_array();
    for (uint32_t i = 0; i < info->n_subjects; i++)
        vpi_document_add(
            &p->document, subjects, vpi_document_hex(info->subjects[i], sizeof info->subjects[i]));
    put(p, item, "started", time_or_null(info->started_us));
    put(p, item, "expires", time_or_null(info->expires_us));
    put(p, item, "duration_us", vpi_document_number(info->duration_us));
    put(p, item, "bytes", vpi_document_number(recording->n_bytes));
    put(p, item, "end_reason", json_string(vpriv_end_reason_name(info->end_reason)));
    put(p, item, "retention", json_string(vpriv_retention_name(info->retention, retention)));
    put(p, item, "restriction",
        info->restriction ? json_string(NAME_IN(restrictions, info->restriction)) : json_null());
    put(p, item, "trigger", json_string(vpriv_trigger_name(info->trigger)));
    put(p, item, "trigger_score", json_real((double)info->trigger_score));
    put(p, item, "wake_word", text_or_null(info->wake_word));
    put(p, item, "device_class", json_string(info->device_class));
    put(p, item, "jurisdiction", json_string(info->jurisdiction));
    put(p, item, "rate_hz", vpi_document_number(info->rate_hz));
    put(p, item, "n_channels", vpi_document_number(info->n_channels));
    put(p, item, "subjects", subjects);
    put(p, item, "subjects_added", vpi_document_number(info->n_added));
    put(p, item, "purposes", terms(p, recording));
    put(p, item, "open_for", purposes(p, recording->open_for));
    put(p, item, "consents", bases(p, recording));
    p->made = json_array();
    put(p, item, "derivatives", p->made);
}

static bool add_recording(void *user, const vpriv_inventory_recording *recording)
{
    paper *p = user;
    const vpriv_recording_info *info = &recording->info;
    go_to(p, LIST_RECORDINGS);
    p->item = json_object();
    p->details = json_array();
    put(p, p->item, "id", vpi_document_hex(info->id.bytes, sizeof info->id.bytes));
    put(p, p->item, "state", json_string(NAME_IN(states, info->state)));
    if (info->state == VPRIV_RECORDING_COMMITTED || info->state == VPRIV_RECORDING_RESTRICTED)
        describe(p, recording);
    put(p, p->item, "heard", p->details);
    return is_well(p);
}

static bool add_derivative(void *user, const vpriv_derivative_info *info)
{
    paper *p = user;
    json_t *item = json_object();
    put(p, item, "id", vpi_document_hex(info->id.bytes, sizeof info->id.bytes));
    put(p, item, "kind", json_string(vpriv_derivative_kind_name(info->kind)));
    put(p, item, "made", time_or_null(info->made_us));
    put(p, item, "made_by", json_string(info->made_by));
    put(p, item, "media_type", text_or_null(info->media_type));
    put(p, item, "language", text_or_null(info->language));
    put(p, item, "bytes", vpi_document_number(info->n_bytes));
    put(p, item, "purposes", purposes(p, info->purposes));
    vpi_document_add(&p->document, p->made, item);
    if (p->n_made < VPRIV_DERIVATIVES_MAX)
        p->made_ids[p->n_made++] = info->id;
    return is_well(p);
}

static json_t *reasons(paper *p, uint32_t set)
{
    json_t *names = json_array();
    for (int bit = 0; bit < VPRIV_DENY_REASONS; bit++)
        if (set >> bit & 1)
            vpi_document_add(&p->document, names,
                json_string(vpriv_deny_name((vpriv_deny)((uint32_t)1 << bit))));
    return names;
}

/* What every entry has. */
static json_t *entry_of(paper *p, uint64_t index, const vpriv_log_entry *entry)
{
    json_t *item = json_object();
    put(p, item, "index", vpi_document_number(index));
    put(p, item, "time", time_or_null(entry->time_us));
    put(p, item, "kind", json_string(vpriv_log_kind_name(entry->kind)));
    put(p, item, "purpose",
        entry->purpose == VPRIV_LOG_NO_PURPOSE
            ? json_null()
            : json_string(vpriv_purpose_name((vpriv_purpose)entry->purpose)));
    put(p, item, "actor", json_string(entry->actor));
    put(p, item, "recipient", text_or_null(entry->recipient));
    put(p, item, "reason", text_or_null(entry->reason));
    return item;
}

/* The log has a hash of its id; of an erased one that is all there is. */
static json_t *derivative_of(const paper *p, const vpriv_log_entry *entry)
{
    for (size_t i = 0; i < p->n_made; i++) {
        uint8_t hash[VPRIV_LOG_HASH_BYTES];
        crypto_hash_sha256(hash, p->made_ids[i].bytes, sizeof p->made_ids[i].bytes);
        if (memcmp(hash, entry->detail_hash, sizeof hash) == 0)
            return vpi_document_hex(p->made_ids[i].bytes, sizeof p->made_ids[i].bytes);
    }
    return json_null();
}

static bool add_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    paper *p = user;
    json_t *item = entry_of(p, index, entry);
    put(p, item, "deny_reasons", reasons(p, entry->deny_reasons));
    put(p, item, "consent_record", id_or_null(entry->consent_record));
    put(p, item, "derivative", derivative_of(p, entry));
    vpi_document_add(&p->document, p->details, item);
    return is_well(p);
}

static bool add_event(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    paper *p = user;
    go_to(p, LIST_EVENTS);
    p->item = entry_of(p, index, entry);
    put(p, p->item, "count", vpi_document_number(entry->count));
    put(p, p->item, "recording", id_or_null(entry->recording));
    put(p, p->item, "subject", id_or_null(entry->subject));
    return is_well(p);
}

static bool add_false_wakes(void *user, const vpriv_inventory_false_wakes *count)
{
    paper *p = user;
    char day[VPI_EXACT_TIME_BYTES];
    go_to(p, LIST_FALSE_WAKES);
    vpi_exact_time_text(count->day_us, day);
    p->item = json_object();
    put(p, p->item, "day", json_stringn(day, strlen("2026-11-22")));
    put(p, p->item, "trigger", json_string(vpriv_trigger_name(count->trigger)));
    put(p, p->item, "count", vpi_document_number(count->n));
    return is_well(p);
}

vpriv_status vpriv_inventory_json(
    vpriv_vault *vault, const vpriv_keyring *keyring, vpriv_write_fn write, void *user)
{
    static const vpriv_inventory_visitor visitor = {.struct_size = sizeof visitor,
        .vault = add_vault,
        .pause = add_pause,
        .notice = add_notice,
        .subject = add_subject,
        .consent = add_consent,
        .recording = add_recording,
        .derivative = add_derivative,
        .access = add_access,
        .event = add_event,
        .false_wakes = add_false_wakes};
    vpriv_status st = VPRIV_E_INTERNAL;
    paper p = {.write = write, .user = user};
    bool changed = false;
    VPI_ENSURE(write, VPRIV_E_ARG, "a place to write to is needed");
    st = vpriv_inventory(vault, keyring, &visitor, &p, &changed);
    if (st == VPRIV_OK) {
        go_to(&p, LIST_END);
        write_text(&p, ",\n \"changed_meanwhile\": ");
        write_text(&p, changed ? "true}\n" : "false}\n");
    }
    if (st == VPRIV_OK || st == VPRIV_E_CANCELLED) {
        VPI_ENSURE(!p.document.failed, VPRIV_E_MEMORY, "the inventory could not be put together");
        st = p.status;
    }
out:
    json_decref(p.item);
    return st;
}
