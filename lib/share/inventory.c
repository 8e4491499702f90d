/* Everything a vault knows, part by part. It stands on the calls that anybody can make, and adds what they
 * do not tell: sizes, terms for each purpose, and what the gate would say now. */
#include "share/inventory.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/record.h"
#include "gate/gate.h"
#include "vault/consent_store.h"
#include "vault/decision.h"
#include "vault/false_wakes.h"
#include "vault/notice_store.h"
#include <string.h>

_Static_assert(VPRIV_INVENTORY_BASES_MAX == VPI_TAG_CONSENTS_MAX + VPI_LATER_CONSENTS_MAX,
    "as many as a header can name");

typedef struct walk {
    vpriv_vault *vault;
    const vpriv_inventory_visitor *visitor;
    void *user;
    vpriv_status status; /* of a callback inside of a callback */
    bool changed;
    vpi_recording *scratch;
    vpriv_inventory_recording *recording;
    /* Hashes: a record's id stays when its notice changes. */
    uint8_t latest[VPRIV_PURPOSES_MAX][VPRIV_SHA256_BYTES];
} walk;

/* What everybody's changes show in. */
typedef struct moment {
    vpriv_vault_info about;
    uint32_t version;
} moment;

static bool is_same(const moment *a, const moment *b)
{
    return a->version == b->version && a->about.generation == b->about.generation &&
           a->about.log_size == b->about.log_size &&
           a->about.n_recordings == b->about.n_recordings &&
           a->about.n_subjects == b->about.n_subjects && a->about.n_erased == b->about.n_erased;
}

static vpriv_status read_moment(vpriv_vault *vault, moment *moment_out)
{
    moment_out->about.struct_size = sizeof moment_out->about;
    vpriv_status st = vpriv_vault_about(vault, &moment_out->about);
    if (st == VPRIV_OK)
        st = vpi_vault_enter(vault, true);
    if (st == VPRIV_OK) {
        st = vpi_database_version(vault->database, &moment_out->version);
        vpi_vault_leave(vault);
    }
    return st;
}

/* Ends a walk that another call leads. */
static bool stop(walk *w, vpriv_status status)
{
    w->status = status;
    return false;
}

static vpriv_status describe_vault(
    walk *w, const vpriv_keyring *keyring, const moment *now, vpriv_inventory_vault *part)
{
    vpriv_vault *vault = w->vault;
    bool began = false;
    int64_t n_unconfirmed = 0;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    memset(part, 0, sizeof *part);
    part->struct_size = sizeof *part;
    part->about = now->about;
    part->made_us = vpi_vault_now_us(vault);
    memcpy(part->controller_name, vault->settings.controller_name, sizeof part->controller_name);
    memcpy(part->controller_country, vault->settings.controller_country,
        sizeof part->controller_country);
    memcpy(part->device_class, vault->settings.device_class, sizeof part->device_class);
    part->key_purposes = vault->purposes;
    part->has_keyring = keyring != NULL;
    part->keyring_purposes = keyring ? vpriv_keyring_purposes(keyring) : 0;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_database_int(vault->database, &n_unconfirmed,
        "SELECT count(*) FROM recording WHERE state = 1 AND header IS NULL", ""));
    part->n_unconfirmed = (uint64_t)n_unconfirmed;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status next_notice(
    vpriv_vault *vault, int64_t *row_io, uint8_t *text, vpriv_inventory_notice *notice)
{
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK)
        st = vpi_notice_next(
            vault, row_io, &notice->ref, &notice->is_in_force, text, &notice->text_bytes);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status tell_notices(walk *w)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_inventory_notice notice = {.struct_size = sizeof notice};
    uint8_t *text = NULL;
    int64_t row = 0;
    VPI_TRY(vpi_alloc(1, VPRIV_NOTICE_TEXT_BYTES_MAX, (void **)&text));
    notice.text = (const char *)text;
    while (w->visitor->notice) {
        const vpriv_status next = next_notice(w->vault, &row, text, &notice);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_ENSURE(w->visitor->notice(w->user, &notice), VPRIV_E_CANCELLED, "stopped");
    }
    st = VPRIV_OK;
out:
    free(text);
    return st;
}

static bool note_latest(void *user, const vpriv_consent_record *record)
{
    walk *w = user;
    const vpriv_status st = vpi_consent_record_hash(record, w->latest[record->purpose]);
    return st == VPRIV_OK || stop(w, st);
}

static bool tell_consent(void *user, const vpriv_consent_record *record)
{
    walk *w = user;
    uint8_t own[VPRIV_SHA256_BYTES];
    const vpriv_status st = vpi_consent_record_hash(record, own);
    if (st != VPRIV_OK)
        return stop(w, st);
    const bool is_latest = memcmp(w->latest[record->purpose], own, sizeof own) == 0;
    return w->visitor->consent(w->user, record, is_latest) || stop(w, VPRIV_E_CANCELLED);
}

static bool tell_subject(void *user, const vpriv_subject_info *subject)
{
    walk *w = user;
    vpriv_status st = VPRIV_OK;
    if (w->visitor->subject && !w->visitor->subject(w->user, subject))
        return stop(w, VPRIV_E_CANCELLED);
    if (!w->visitor->consent)
        return true;
    memset(w->latest, 0, sizeof w->latest);
    st = vpriv_consent_list(w->vault, subject->id, false, note_latest, w);
    if (st == VPRIV_OK && w->status == VPRIV_OK)
        st = vpriv_consent_list(w->vault, subject->id, true, tell_consent, w);
    if (st == VPRIV_E_NOT_FOUND) { /* erased meanwhile */
        vpi_fail_clear();
        w->changed = true;
        st = VPRIV_OK;
    }
    return w->status == VPRIV_OK && (st == VPRIV_OK || stop(w, st));
}

static vpriv_status count_bytes(vpriv_vault *vault, int64_t row, uint64_t *n_out)
{
    int64_t n = 0;
    const vpi_block_ids ids = vpi_blocks_of(row);
    const vpriv_status st = vpi_database_int(vault->database, &n,
        "SELECT coalesce(sum(length(sealed)), 0) FROM block WHERE id >= ?1 AND id < ?2", "ii",
        ids.first, ids.end);
    if (st == VPRIV_OK)
        *n_out = (uint64_t)n;
    return st;
}

static void add_basis(const vpi_recording *recording, uint32_t speaker, unsigned purpose,
    const uint8_t *record_id, bool is_later, vpriv_inventory_recording *part)
{
    vpriv_inventory_basis *basis = &part->bases[part->n_bases++];
    memcpy(basis->subject, vpi_speaker(recording, speaker), sizeof basis->subject);
    basis->purpose = (vpriv_purpose)purpose;
    memcpy(basis->record_id, record_id, sizeof basis->record_id);
    basis->is_later = is_later;
}

/* What it was taken under, as far as nothing came in its place, and what came later. */
static void fill_bases(const vpi_recording *recording, vpriv_inventory_recording *part)
{
    const vpi_tag *tag = &recording->tag;
    const vpi_amendments *later = &recording->amendments;
    for (uint32_t i = 0; i < tag->n_consents; i++) {
        const vpi_tag_consent *c = &tag->consents[i];
        if (vpi_rests_on(recording, c->subject, (vpriv_purpose)c->purpose, c->record_id))
            add_basis(recording, c->subject, c->purpose, c->record_id, false, part);
    }
    for (uint32_t i = 0; i < later->n_consents; i++)
        add_basis(recording, later->consents[i].speaker, later->consents[i].purpose,
            later->consents[i].record_id, true, part);
}

static vpriv_status fill_purposes(
    vpriv_vault *vault, const vpi_recording *recording, vpriv_inventory_recording *part)
{
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
        if (!(recording->wrapped >> p & 1))
            continue;
        part->until_us[p] = recording->purpose_expires_us[p] ? recording->purpose_expires_us[p]
                                                             : recording->expires_us;
        const vpriv_status st =
            vpi_decide_read(vault, recording, (vpriv_purpose)p, NULL, &reasons, record_id);
        if (st != VPRIV_OK)
            return st;
        if (reasons == 0)
            part->open_for |= VPRIV_PURPOSE_BIT(p);
    }
    return VPRIV_OK;
}

/* All of one moment, even if it was another one a moment ago. */
static vpriv_status describe_recording(walk *w, const vpriv_recording_id *id)
{
    vpriv_vault *vault = w->vault;
    vpi_recording *found = w->scratch;
    vpriv_inventory_recording *part = w->recording;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    memset(part, 0, sizeof *part);
    part->struct_size = sizeof *part;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_recording_find(vault, id->bytes, found));
    vpi_recording_describe(found, &part->info);
    if (found->state == VPRIV_RECORDING_COMMITTED || found->state == VPRIV_RECORDING_RESTRICTED) {
        VPI_TRY(count_bytes(vault, found->row, &part->n_bytes));
        fill_bases(found, part);
        VPI_TRY(fill_purposes(vault, found, part));
    }
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpi_inventory_asks(vpriv_vault *vault, const vpriv_recording_id *id,
    vpriv_purpose purpose, const char *recipient, uint32_t *reasons_out)
{
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    vpi_recording *found = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(1, sizeof *found, (void **)&found));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_recording_find(vault, id->bytes, found));
    if (found->state == VPRIV_RECORDING_COMMITTED)
        VPI_TRY(vpi_decide_read(vault, found, purpose, recipient, reasons_out, record_id));
    else
        *reasons_out = found->state == VPRIV_RECORDING_RESTRICTED ? VPRIV_DENY_RECORDING_RESTRICTED
                                                                  : VPRIV_DENY_RECORDING_SHREDDED;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(found);
    return st;
}

static bool tell_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    walk *w = user;
    return w->visitor->access(w->user, index, entry) || stop(w, VPRIV_E_CANCELLED);
}

static bool tell_derivative(void *user, const vpriv_derivative_info *derivative)
{
    walk *w = user;
    return w->visitor->derivative(w->user, derivative) || stop(w, VPRIV_E_CANCELLED);
}

static bool tell_recording(void *user, const vpriv_recording_info *info)
{
    walk *w = user;
    vpriv_status st = describe_recording(w, &info->id);
    if (st != VPRIV_OK)
        return stop(w, st);
    if (w->visitor->recording && !w->visitor->recording(w->user, w->recording))
        return stop(w, VPRIV_E_CANCELLED);
    if (w->visitor->derivative)
        st = vpriv_derivative_list(w->vault, &info->id, tell_derivative, w);
    if (w->visitor->access && st == VPRIV_OK && w->status == VPRIV_OK)
        st = vpriv_gate_who_heard(w->vault, &info->id, tell_access, w);
    return w->status == VPRIV_OK && (st == VPRIV_OK || stop(w, st));
}

static bool tell_false_wakes(void *user, int64_t day_us, vpriv_trigger_kind kind, uint64_t n)
{
    walk *w = user;
    const vpriv_inventory_false_wakes count = {
        .struct_size = sizeof count, .day_us = day_us, .trigger = kind, .n = n};
    return !w->visitor->false_wakes || w->visitor->false_wakes(w->user, &count) ||
           stop(w, VPRIV_E_CANCELLED);
}

static bool is_told_elsewhere(vpriv_log_kind kind)
{
    switch (kind) {
    case VPRIV_LOG_SUBJECT_ERASED:
    case VPRIV_LOG_ERASURE:
    case VPRIV_LOG_RETENTION_EXPIRED:
    case VPRIV_LOG_RESTRICTION:
    case VPRIV_LOG_RESTRICTION_LIFTED:
    case VPRIV_LOG_PAUSE:
    case VPRIV_LOG_PAUSE_LIFTED:
    case VPRIV_LOG_DISCLOSURE:
    case VPRIV_LOG_RECALL:
    case VPRIV_LOG_RECALL_ACKNOWLEDGED:
    case VPRIV_LOG_DERIVATIVE_ERASED:
    case VPRIV_LOG_CONSENT_APPLIED:
    case VPRIV_LOG_SPEAKER_ADDED:
        return false;
    default:
        return true;
    }
}

static bool tell_event(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    walk *w = user;
    if (!w->visitor->event || is_told_elsewhere(entry->kind))
        return true;
    return w->visitor->event(w->user, index, entry) || stop(w, VPRIV_E_CANCELLED);
}

/* Days that are over are in the log, with the trigger's name. */
static bool tell_logged_wakes(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    vpriv_trigger_kind kind = VPRIV_TRIGGER_WAKE_WORD;
    (void)index;
    if (entry->kind != VPRIV_LOG_FALSE_WAKES ||
        vpriv_trigger_from_name(entry->reason, &kind) != VPRIV_OK)
        return true;
    return tell_false_wakes(user, entry->time_us, kind, entry->count);
}

static bool tell_pause(void *user, const vpriv_pause *pause)
{
    walk *w = user;
    return w->visitor->pause(w->user, pause) || stop(w, VPRIV_E_CANCELLED);
}

static vpriv_status led(walk *w, vpriv_status status)
{
    return w->status != VPRIV_OK ? w->status : status;
}

static vpriv_status tell_all_wakes(walk *w)
{
    vpi_day_count counts[VPI_DAY_COUNTS_MAX];
    uint32_t n = 0;
    if (!w->visitor->false_wakes)
        return VPRIV_OK;
    /* First what is not logged yet: what is logged in between is told twice rather than never. */
    vpriv_status st = vpi_false_wakes_read(w->vault, counts, &n);
    if (st == VPRIV_OK)
        st = led(w, vpriv_vault_log(w->vault, 0, tell_logged_wakes, w));
    for (uint32_t i = 0; st == VPRIV_OK && i < n; i++)
        if (!tell_false_wakes(
                w, (int64_t)counts[i].day * VPI_US_PER_DAY, counts[i].kind, counts[i].n))
            st = w->status;
    return st;
}

static void count_damage(void *user, int level, uint64_t index)
{
    (void)level;
    (void)index;
    ++*(uint64_t *)user;
}

static vpriv_status count_grants(vpriv_vault *vault, uint64_t *n_io)
{
    vpriv_status st = VPRIV_OK;
    uint64_t slots[VPI_PURPOSES_MAX];
    int64_t row = 0;
    while ((st = vpi_subject_next_row(vault, row, &row)) == VPRIV_OK) {
        size_t n = 0;
        st = vpi_consent_grant_slots(vault, row, slots, &n);
        if (st != VPRIV_OK)
            return st;
        *n_io += n;
    }
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

/* Every living key belongs to a row. Somebody who can write the file can take a row out of it, but not its
 * key out of the tree: a key too many is a row too few. */
static vpriv_status account_for_keys(vpriv_vault *vault)
{
    int64_t n_rows = 0;
    uint64_t n_keys = 0, n_damaged = 0, n_grants = 0;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_tree_verify(vault->tree, count_damage, &n_damaged, &n_keys));
    VPI_TRY(vpi_database_int(vault->database, &n_rows,
        "SELECT (SELECT count(*) FROM subject) +"
        " (SELECT count(*) FROM recording WHERE state IN (2, 3))",
        ""));
    VPI_TRY(count_grants(vault, &n_grants));
    VPI_ENSURE(n_damaged == 0 && n_keys == VPI_N_FIXED_SLOTS + (uint64_t)n_rows + n_grants,
        VPRIV_E_AUTH, "the vault file is damaged or was changed: something is missing");
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

static bool none(void *user, const vpriv_recording_info *info)
{
    (void)user;
    (void)info;
    return false;
}

static vpriv_status tell_all(walk *w, const vpriv_keyring *keyring, const moment *now)
{
    static const vpriv_recording_filter all = {.struct_size = sizeof all, .with_tombstones = true};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_inventory_vault part;
    VPI_TRY(describe_vault(w, keyring, now, &part));
    VPI_TRY(vpriv_purpose_paused(w->vault, &part.paused));
    VPI_ENSURE(
        !w->visitor->vault || w->visitor->vault(w->user, &part), VPRIV_E_CANCELLED, "stopped");
    if (w->visitor->pause)
        VPI_TRY(led(w, vpriv_pause_list(w->vault, tell_pause, w)));
    VPI_TRY(tell_notices(w));
    if (w->visitor->subject || w->visitor->consent)
        VPI_TRY(led(w, vpriv_subject_list(w->vault, tell_subject, w)));
    if (w->visitor->recording || w->visitor->derivative || w->visitor->access)
        VPI_TRY(led(w, vpriv_recording_list(w->vault, &all, tell_recording, w)));
    if (w->visitor->event)
        VPI_TRY(led(w, vpriv_vault_log(w->vault, 0, tell_event, w)));
    VPI_TRY(tell_all_wakes(w));
    VPI_TRY(account_for_keys(w->vault));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_inventory(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_inventory_visitor *visitor, void *user, bool *changed_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    walk w = {.vault = vault, .visitor = visitor, .user = user};
    moment before = {.version = 0}, after = {.version = 0};
    vpi_fail_clear();
    VPI_ENSURE(vault && visitor && visitor->struct_size == sizeof *visitor, VPRIV_E_ARG,
        "a vault and a visitor with its struct_size are needed");
    VPI_TRY(vpi_alloc(1, sizeof *w.scratch, (void **)&w.scratch));
    VPI_TRY(vpi_alloc(1, sizeof *w.recording, (void **)&w.recording));
    VPI_TRY(vpriv_recording_list(vault, NULL, none, NULL)); /* adopts what is pending */
    VPI_TRY(read_moment(vault, &before));
    VPI_TRY(tell_all(&w, keyring, &before));
    VPI_TRY(read_moment(vault, &after));
    if (changed_out)
        *changed_out = w.changed || !is_same(&before, &after);
    st = VPRIV_OK;
out:
    free(w.scratch);
    free(w.recording);
    return st;
}
