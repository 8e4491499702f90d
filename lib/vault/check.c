#include "vault/check.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/record.h"
#include "vault/blocks.h"
#include "vault/consent_store.h"
#include "vault/event_store.h"
#include "vault/false_wakes.h"
#include "vault/log_store.h"
#include "vault/notice_store.h"
#include "vault/places.h"
#include "vault/policy.h"
#include "vault/shelf.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Recordings whose blocks still wait for housekeeping; gathered once, however many wait. */
#define BEING_REMOVED "(SELECT recording FROM sweep WHERE kind = 1)"

void vpi_check_finding(vpi_check *check, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->result.n_findings++;
    if (check->fn)
        check->fn(check->user, text);
}

vpriv_status vpi_check_note(vpi_check *check, vpriv_status status, const char *what, int64_t row)
{
    switch (status) {
    case VPRIV_OK:
        return VPRIV_OK;
    case VPRIV_E_AUTH:
    case VPRIV_E_FORMAT:
    case VPRIV_E_ERASED:
    case VPRIV_E_NOT_FOUND:
    case VPRIV_E_VERSION:
        vpi_check_finding(check, "%s %lld does not open", what, (long long)row);
        return VPRIV_OK;
    default:
        return status;
    }
}

/* One pass of SQLite's own check; its findings are told, or only whether there are any. */
static vpriv_status check_pages(vpi_check *check, bool tells, bool *sound_out)
{
    vpi_row row = VPI_NO_ROW;
    size_t n = 0;
    *sound_out = true;
    vpriv_status st = vpi_database_query(
        check->vault->database, &row, "SELECT integrity_check FROM pragma_integrity_check", "");
    while (st == VPRIV_OK) {
        const char *text = (const char *)vpi_column_blob(&row, 0, &n);
        const bool sound = text && n == 2 && memcmp(text, "ok", 2) == 0;
        *sound_out = *sound_out && sound;
        if (!sound && tells)
            vpi_check_finding(check, "SQLite: %.*s", (int)(n < 200 ? n : 200), text ? text : "");
        st = vpi_row_next(&row);
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

vpriv_status vpi_check_file(vpi_check *check)
{
    bool sound = false;
    vpriv_status st = check_pages(check, false, &sound);
    /* SQLite calls a page bad when an allocation failed: only what is found twice is told. */
    if (st == VPRIV_OK && !sound)
        st = check_pages(check, true, &sound);
    return vpi_check_note(check, st, "SQLite page", 0);
}

static void damaged_node(void *user, int level, uint64_t index)
{
    vpi_check_finding(
        user, "key node %llu of level %d does not open", (unsigned long long)index, level);
}

vpriv_status vpi_check_keys(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    vpi_policy_head *head = NULL;
    uint8_t public_key[VPI_KEY_BYTES];
    const vpriv_status walked =
        vpi_tree_verify(vault->tree, damaged_node, check, &check->result.n_keys);
    if (walked != VPRIV_E_AUTH)
        VPI_TRY(walked);
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    const vpriv_status read = vpi_policy_read_head(vault, head);
    VPI_TRY(vpi_check_note(check, read, "capture policy", 0));
    if (read == VPRIV_OK) {
        VPI_TRY(vpi_check_note(check, vpi_places_check(vault, head), "places", 0));
        VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_INGEST, vault->secrets->key));
        crypto_scalarmult_base(public_key, vault->secrets->key);
        if (memcmp(public_key, head->ingest_public_key, sizeof public_key) != 0 ||
            head->generation != vpi_tree_generation(vault->tree))
            vpi_check_finding(check, "the capture policy is not the one in force");
    }
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->key, VPI_KEY_BYTES);
    free(head);
    return st;
}

/* What the person was shown is kept, word for word. Who says no without having been shown anything was shown
 * an empty text. */
static vpriv_status check_shown(vpi_check *check, const vpriv_consent_record *record, int64_t row,
    uint8_t known[VPRIV_SHA256_BYTES])
{
    vpriv_notice_ref notice;
    uint8_t nothing[VPRIV_SHA256_BYTES];
    const uint8_t *sha256 = record->notice.sha256;
    crypto_hash_sha256(nothing, NULL, 0);
    if (memcmp(sha256, nothing, sizeof nothing) == 0 ||
        memcmp(sha256, known, VPRIV_SHA256_BYTES) == 0)
        return VPRIV_OK;
    const vpriv_status found = vpi_notice_find(check->vault, sha256, &notice);
    if (found == VPRIV_OK)
        memcpy(known, sha256, VPRIV_SHA256_BYTES);
    return vpi_check_note(check, found, "the notice of consent record", row);
}

/* A person's records, one after the other: each opens, and names the hash of the one before it for
 * the same purpose. */
static vpriv_status check_consents(vpi_check *check, const vpi_subject *subject)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t last[VPI_PURPOSES_MAX][VPRIV_SHA256_BYTES], shown[VPRIV_SHA256_BYTES] = {0};
    vpriv_consent_record record;
    int64_t row = 0;
    memset(last, 0, sizeof last);
    for (;;) {
        int64_t next = 0;
        const vpriv_status found = vpi_database_next(check->vault->database, row, &next,
            "SELECT id FROM consent_record WHERE subject = ?1 AND id > ?2 ORDER BY id LIMIT 1",
            "ii", subject->row, row);
        if (found == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(vpi_check_note(check, found, "the row after consent record", row));
        if (found != VPRIV_OK)
            break;
        const vpriv_status opened =
            vpi_consent_next_row(check->vault, subject->row, &row, &record, NULL);
        row = next;
        VPI_TRY(vpi_check_note(check, opened, "consent record", next));
        if (opened != VPRIV_OK)
            continue;
        check->result.n_consents++;
        if (memcmp(record.subject, subject->id, sizeof record.subject) != 0 ||
            memcmp(record.previous_hash, last[record.purpose], VPRIV_SHA256_BYTES) != 0)
            vpi_check_finding(
                check, "consent record %lld does not follow the one before it", (long long)next);
        VPI_TRY(vpi_consent_record_hash(&record, last[record.purpose]));
        VPI_TRY(check_shown(check, &record, next, shown));
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Events that other vaults and surfaces get: each opens and is about this person. */
static vpriv_status check_events(vpi_check *check, const vpi_subject *subject)
{
    vpi_events events = {.events = NULL};
    const vpriv_status read = vpi_events_load(check->vault, subject, &events);
    const vpriv_status st = vpi_check_note(check, read, "consent events of subject", subject->row);
    for (size_t i = 0; read == VPRIV_OK && i < events.n; i++)
        if (memcmp(events.events[i].said.subject, subject->id, sizeof subject->id) != 0)
            vpi_check_finding(check, "a consent event is about somebody else");
    if (read == VPRIV_OK)
        free(events.events);
    return st;
}

/* What recording processes are told must be what the records say. */
static vpriv_status check_policy(vpi_check *check, const vpi_subject *subject)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_subject *policy = NULL;
    vpriv_consent_record record;
    uint32_t n_latest = 0, n_same = 0;
    VPI_TRY(vpi_alloc(1, sizeof *policy, (void **)&policy));
    const vpriv_status read = vpi_policy_read_subject(check->vault, subject->id, policy);
    VPI_TRY(vpi_check_note(check, read, "capture policy of subject", subject->row));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX && read == VPRIV_OK; p++) {
        const vpriv_status found =
            vpi_consent_latest(check->vault, subject->row, (vpriv_purpose)p, &record, NULL);
        if (found == VPRIV_E_NOT_FOUND)
            continue;
        VPI_TRY(vpi_check_note(check, found, "the latest consent of subject", subject->row));
        if (found != VPRIV_OK)
            continue;
        n_latest++;
        for (uint32_t i = 0; i < policy->n_consents; i++)
            n_same += policy->consents[i].purpose == (vpriv_purpose)p &&
                      policy->consents[i].state == record.event.state &&
                      memcmp(policy->consents[i].record_id, record.record_id,
                          sizeof record.record_id) == 0;
    }
    if (read == VPRIV_OK && (n_latest != n_same || n_latest != policy->n_consents))
        vpi_check_finding(check, "the capture policy of subject %lld is not the one in force",
            (long long)subject->row);
    st = VPRIV_OK;
out:
    free(policy);
    return st;
}

vpriv_status vpi_check_people(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    int64_t row = 0, n_strays = 0;
    for (;;) {
        vpi_subject subject;
        vpriv_subject_info info;
        const vpriv_status next = vpi_subject_next_row(vault, row, &row);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(vpi_check_note(check, next, "the row after subject", row));
        if (next != VPRIV_OK)
            break;
        vpriv_status opened = vpi_subject_load(vault, row, &subject);
        if (opened == VPRIV_OK)
            opened = vpi_subject_person(vault, &subject, &info);
        vpi_wipe(&info, sizeof info);
        VPI_TRY(vpi_check_note(check, opened, "subject", row));
        if (opened != VPRIV_OK)
            continue;
        VPI_TRY(check_consents(check, &subject));
        VPI_TRY(check_events(check, &subject));
        VPI_TRY(check_policy(check, &subject));
    }
    bool has_false_wakes = false, has_places = false;
    VPI_TRY(vpi_places_there(vault, &has_places));
    const vpriv_status counted = vpi_false_wakes_there(vault, &has_false_wakes);
    VPI_TRY(vpi_check_note(check, counted, "the false wakes of day", 0));
    VPI_TRY(vpi_database_int(vault->database, &n_strays,
        "SELECT count(*) FROM policy WHERE length(tag) = 16"
        " AND (SELECT count(*) FROM policy) <> ?1 + (SELECT count(*) FROM subject)",
        "i", INT64_C(1) + (has_false_wakes || counted == VPRIV_E_AUTH) + has_places));
    if (n_strays > 0)
        vpi_check_finding(check, "there are capture policies of nobody");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_check_next_recording(vpriv_vault *vault, int64_t after, int64_t *row_out)
{
    return vpi_database_next(vault->database, after, row_out,
        "SELECT id FROM recording WHERE id > ?1 ORDER BY id LIMIT 1", "i", after);
}

/* The blind tags of the people who speak, and no others. */
static vpriv_status check_speakers(vpi_check *check, const vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    int64_t n_rows = 0, n_found = 0;
    VPI_TRY(vpi_database_int(vault->database, &n_rows,
        "SELECT count(*) FROM recording_subject WHERE recording = ?1", "i", recording->row));
    const uint32_t n_speakers = vpi_n_speakers(recording);
    for (uint32_t i = 0; i < n_speakers; i++) {
        vpi_subject subject;
        uint8_t tag[VPI_TAG_BYTES];
        int64_t there = 0;
        vpriv_status found = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        if (found == VPRIV_OK)
            found = vpi_subject_recording_tag(vault, subject.row, tag);
        if (found == VPRIV_OK)
            found = vpi_database_int(vault->database, &there,
                "SELECT count(*) FROM recording_subject WHERE tag = ?1 AND recording = ?2", "bi",
                tag, sizeof tag, recording->row);
        if (found != VPRIV_OK)
            VPI_TRY(vpi_check_note(check, found, "a speaker of recording", recording->row));
        n_found += there;
    }
    if (n_rows != n_found || n_found != n_speakers)
        vpi_check_finding(
            check, "recording %lld is filed under the wrong people", (long long)recording->row);
    st = VPRIV_OK;
out:
    return st;
}

/* What was made from it: every entry with its content, in whole blocks. */
static vpriv_status check_shelf(vpi_check *check, const vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    vpi_shelf *shelf = NULL;
    int64_t n_odd = 0;
    uint8_t *key = vault->secrets->adopt_shred_key;
    VPI_TRY(vpi_alloc(1, sizeof *shelf, (void **)&shelf));
    vpriv_status opened = vpi_tree_get(vault->tree, recording->key_slot, key);
    if (opened == VPRIV_OK)
        opened = vpi_shelf_load(vault, recording, key, shelf);
    VPI_TRY(vpi_check_note(check, opened, "what was made from recording", recording->row));
    check->result.n_derivatives += recording->n_derivatives;
    VPI_TRY(vpi_database_int(vault->database, &n_odd,
        "SELECT count(*) FROM derivative WHERE recording = ?1 AND"
        " (length(sealed) % 4096 <> 0 OR length(sealed) = 0)",
        "i", recording->row));
    if (n_odd > 0)
        vpi_check_finding(check, "a derivative of recording %lld is not of whole blocks",
            (long long)recording->row);
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    free(shelf);
    return st;
}

static vpriv_status check_kept(vpi_check *check, const vpi_recording *recording, vpi_wraps *wraps)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    uint64_t n_blocks = 0;
    uint8_t *key = vault->secrets->adopt_shred_key;
    check->result.n_recordings++;
    vpriv_status opened = vpi_tree_get(vault->tree, recording->key_slot, key);
    if (opened == VPRIV_OK)
        opened = vpi_wraps_load(vault, recording->row, key, wraps);
    VPI_TRY(vpi_check_note(check, opened, "the wraps of recording", recording->row));
    if (opened == VPRIV_OK && wraps->purposes != recording->wrapped)
        vpi_check_finding(
            check, "recording %lld has other wraps than it says", (long long)recording->row);
    const vpriv_status counted = vpi_blocks_count(vault, recording->row, &n_blocks);
    VPI_TRY(vpi_check_note(check, counted, "the row of blocks of recording", recording->row));
    check->result.n_blocks += n_blocks;
    if (counted == VPRIV_OK && recording->finish.is_finished &&
        recording->finish.n_blocks != n_blocks)
        vpi_check_finding(check, "recording %lld has %llu blocks, not %llu",
            (long long)recording->row, (unsigned long long)n_blocks,
            (unsigned long long)recording->finish.n_blocks);
    VPI_TRY(check_shelf(check, recording));
    VPI_TRY(vpi_check_terms(check, recording));
    VPI_TRY(check_speakers(check, recording));
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    return st;
}

static vpriv_status count_strays(vpi_check *check, const char *sql, const char *what)
{
    int64_t n = 0;
    const vpriv_status st = vpi_database_int(check->vault->database, &n, sql, "");
    if (st == VPRIV_OK && n > 0)
        vpi_check_finding(check, "%lld %s", (long long)n, what);
    return st;
}

/* With its id, by which it can be erased. */
static vpriv_status tell_damaged(vpi_check *check, int64_t row)
{
    vpi_row found = VPI_NO_ROW;
    uint8_t id[VPI_RECORDING_ID_BYTES];
    char hex[2 * VPI_RECORDING_ID_BYTES + 1];
    vpriv_status st = vpi_database_query(
        check->vault->database, &found, "SELECT name FROM recording WHERE id = ?1", "i", row);
    if (st == VPRIV_OK)
        st = vpi_column_copy(&found, 0, id, sizeof id);
    vpi_row_end(&found);
    if (st != VPRIV_OK)
        return vpi_check_note(check, st, "recording", row);
    vpi_check_finding(check, "recording %lld does not open; its id is %s", (long long)row,
        sodium_bin2hex(hex, sizeof hex, id, sizeof id));
    return VPRIV_OK;
}

vpriv_status vpi_check_recordings(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    vpi_wraps *wraps = NULL;
    int64_t row = 0;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    for (;;) {
        const vpriv_status next = vpi_check_next_recording(check->vault, row, &row);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(vpi_check_note(check, next, "the row after recording", row));
        if (next != VPRIV_OK)
            break;
        const vpriv_status opened = vpi_recording_load(check->vault, row, recording);
        if (vpi_is_damage(opened))
            VPI_TRY(tell_damaged(check, row));
        else
            VPI_TRY(opened);
        if (opened == VPRIV_OK && (recording->state == VPRIV_RECORDING_COMMITTED ||
                                      recording->state == VPRIV_RECORDING_RESTRICTED))
            VPI_TRY(check_kept(check, recording, wraps));
    }
    if (!check->is_copy)
        VPI_TRY(count_strays(check, "SELECT count(*) FROM ingest",
            "pending recordings, or ends of recordings, that do not open"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) FROM block WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = block.id >> 24 AND (state <> 4 OR id IN " BEING_REMOVED "))",
        "blocks of no recording"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) FROM wrap WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = wrap.recording AND state IN (2, 3))",
        "wraps of no recording"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) FROM shelf WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = shelf.recording AND state IN (2, 3))",
        "shelves of no recording"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) FROM derivative WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = derivative.recording AND (state IN (2, 3) OR id IN " BEING_REMOVED "))",
        "derivatives of no recording"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) FROM recording_subject AS filed WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = filed.recording AND state IN (2, 3))",
        "speakers of no recording"));
    VPI_TRY(count_strays(
        check, "SELECT count(*) FROM recording WHERE id <= 0", "recordings of impossible numbers"));
    VPI_TRY(count_strays(check,
        "SELECT count(*) - count(DISTINCT key_slot) FROM recording WHERE key_slot IS NOT NULL",
        "recordings share a key"));
    st = VPRIV_OK;
out:
    free(recording);
    free(wraps);
    return st;
}

/* Every complete subtree is the hash of its halves. */
static vpriv_status check_level(
    vpi_check *check, const vpi_merkle_store *store, uint32_t level, uint64_t n_nodes)
{
    for (uint64_t i = 0; i < n_nodes; i++) {
        uint8_t left[VPRIV_LOG_HASH_BYTES], right[VPRIV_LOG_HASH_BYTES];
        uint8_t parent[VPRIV_LOG_HASH_BYTES];
        vpriv_status st = store->get(store->user, level - 1, 2 * i, left);
        if (st == VPRIV_OK)
            st = store->get(store->user, level - 1, 2 * i + 1, right);
        if (st == VPRIV_OK)
            st = store->get(store->user, level, i, parent);
        if (st == VPRIV_OK) {
            vpi_merkle_parent(left, right, left);
            if (memcmp(left, parent, sizeof left) != 0)
                st = VPRIV_E_AUTH;
        }
        st = vpi_check_note(check, st, "a log hash above leaf", (int64_t)(i << level));
        if (st != VPRIV_OK)
            return st;
    }
    return VPRIV_OK;
}

vpriv_status vpi_check_log(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = check->vault;
    vpi_log_head head;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    uint64_t n_hashes = 0;
    int64_t n_rows = 0, n_payloads = 0;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    const vpriv_status read = vpi_log_head_read(vault, &head);
    VPI_TRY(vpi_check_note(check, read, "the head of the log, row", VPI_STATE_LOG));
    if (read != VPRIV_OK)
        return VPRIV_OK;
    for (uint64_t i = 0; i < head.size; i++) {
        vpriv_log_entry entry;
        const vpriv_status opened = vpi_log_read(vault, i, &entry);
        /* An entry about an erased person is gone for good; its leaf was still checked. */
        if (opened != VPRIV_E_ERASED)
            VPI_TRY(vpi_check_note(check, opened, "log leaf", (int64_t)i));
        check->result.n_log_leaves++;
    }
    for (uint32_t level = 0; level < 56 && head.size >> level; level++) {
        n_hashes += head.size >> level;
        if (level > 0)
            VPI_TRY(check_level(check, &store, level, head.size >> level));
    }
    const vpriv_status rooted = vpi_merkle_root(&store, head.size, root);
    VPI_TRY(vpi_check_note(check, rooted, "the log's root, leaves:", (int64_t)head.size));
    if (rooted == VPRIV_OK && memcmp(root, head.root, sizeof root) != 0)
        vpi_check_finding(check, "the log's root is not the one on record");
    VPI_TRY(vpi_database_int(vault->database, &n_rows, "SELECT count(*) FROM log_hash", ""));
    VPI_TRY(vpi_database_int(vault->database, &n_payloads, "SELECT count(*) FROM log_payload", ""));
    if ((uint64_t)n_rows != n_hashes || (uint64_t)n_payloads != head.size)
        vpi_check_finding(check, "the log has rows too many or too few");
    st = VPRIV_OK;
out:
    return st;
}
