#include "vault/erase.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/consent_store.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include "vault/receipt.h"
#include "vault/unread.h"
#include <stdio.h>
#include <string.h>

#define BATCH_ROWS       512
#define BATCH_ROWS_SHORT 16 /* when the disk is full and only the reserve is there to write in */

/* A hold that nobody can read holds nothing that was named. n_erased: in the same call already, when it takes
 * several transactions. With a subject: those that are filed with them and are not theirs come to the front. */
static vpriv_status refuse_held(vpriv_vault *vault, const uint8_t *subject, int64_t *rows,
    size_t n_rows, uint64_t n_erased, size_t *n_others_out)
{
    size_t n_others = 0;
    for (size_t i = 0; i < n_rows; i++) {
        vpi_hold hold = VPI_HOLD_NONE;
        const vpriv_status st = vpi_erase_hold(vault, rows[i], subject, &hold);
        if (st != VPRIV_OK)
            return st;
        if (hold == VPI_HOLD_OTHERS) {
            const int64_t others = rows[i];
            rows[i] = rows[n_others];
            rows[n_others++] = others;
        }
        const bool held = hold == VPI_HOLD_LEGAL;
        if (held && n_erased > 0)
            return vpi_fail(VPRIV_E_STATE,
                "a recording was put under a legal hold meanwhile: %llu others were erased",
                (unsigned long long)n_erased);
        if (held)
            return vpi_fail(VPRIV_E_STATE,
                "a recording is under a legal hold (number %zu of %zu): nothing was erased", i + 1,
                n_rows);
    }
    *n_others_out = n_others;
    return VPRIV_OK;
}

static vpriv_status erase_ids(
    vpriv_vault *vault, const vpriv_recording_id *recordings, size_t n, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t *rows = NULL;
    size_t n_others = 0;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_ERASURE,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "owner",
        .reason = "erased"};
    VPI_TRY(vpi_alloc(n, sizeof *rows, (void **)&rows));
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    for (size_t i = 0; i < n; i++) {
        const vpriv_status found = vpi_database_int(vault->database, &rows[i],
            "SELECT id FROM recording WHERE name = ?1 AND (state <> 1 OR key_slot IS NOT NULL"
            " OR header IS NOT NULL)",
            "b", recordings[i].bytes, sizeof recordings[i].bytes);
        VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_NOT_FOUND,
            "no such recording in this vault (number %zu of %zu)", i + 1, n);
        VPI_TRY(found);
    }
    VPI_TRY(refuse_held(vault, NULL, rows, n, 0, &n_others));
    if (n == 1)
        memcpy(entry.recording, recordings[0].bytes, sizeof entry.recording);
    vpi_receipt_start(vault, VPRIV_LOG_ERASURE, receipt);
    VPI_TRY(vpi_erase_rows(vault, rows, n, NULL, 0, &entry, receipt, NULL));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    free(rows);
    return st;
}

vpriv_status vpriv_vault_erase(
    vpriv_vault *vault, const vpriv_recording_id *recordings, size_t n, vpriv_receipt *receipt_out)
{
    vpriv_receipt receipt;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(recordings && n > 0, VPRIV_E_ARG, "name at least one recording");
    VPI_TRY(vpi_receipt_check(receipt_out));
    vpriv_status erased = erase_ids(vault, recordings, n, &receipt);
    if (vpi_vault_try_again(vault, erased))
        erased = erase_ids(vault, recordings, n, &receipt);
    VPI_TRY(erased);
    vpi_receipt_finish(vault, &receipt, receipt_out);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

typedef struct stretch {
    int64_t since_us;
    int64_t until_us; /* VPRIV_TIME_FOREVER_US, with since_us 0: all, whatever the headers say */
    int64_t cursor;
    uint64_t n_held, n_unread;
    bool is_done;
} stretch;

static vpriv_status match(
    vpriv_vault *vault, const stretch *of, int64_t row, vpi_recording *recording, bool *matches_out)
{
    *matches_out = true;
    if (of->since_us == 0 && of->until_us == VPRIV_TIME_FOREVER_US)
        return VPRIV_OK;
    const vpriv_status st = vpi_recording_load(vault, row, recording);
    if (st != VPRIV_OK)
        return st;
    const int64_t started_us = recording->tag.started_us;
    *matches_out = started_us >= of->since_us && started_us < of->until_us;
    return VPRIV_OK;
}

static vpriv_status rows_within(
    vpriv_vault *vault, stretch *of, int64_t *rows_out, size_t capacity, size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    size_t n = 0;
    int n_others = 0;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    while (n < capacity && n_others < VPI_ERASE_REST_AFTER) {
        int64_t row = 0;
        bool matches = false;
        vpi_hold hold = VPI_HOLD_NONE;
        const vpriv_status next = vpi_database_next(vault->database, of->cursor, &row,
            "SELECT id FROM recording WHERE id > ?1"
            " AND (key_slot IS NOT NULL OR header IS NOT NULL) ORDER BY id LIMIT 1",
            "i", of->cursor);
        of->is_done = next == VPRIV_E_NOT_FOUND;
        if (of->is_done)
            break;
        VPI_TRY(next);
        of->cursor = row;
        const vpriv_status matched = match(vault, of, row, recording, &matches);
        matches = matches && matched == VPRIV_OK;
        of->n_unread += vpi_is_damage(matched);
        if (!vpi_is_damage(matched))
            VPI_TRY(matched);
        n_others = matches ? 0 : n_others + 1;
        if (matches)
            VPI_TRY(vpi_erase_hold(vault, row, NULL, &hold));
        of->n_held += hold == VPI_HOLD_LEGAL;
        of->n_unread += hold == VPI_HOLD_UNKNOWN;
        if (matches && hold == VPI_HOLD_NONE)
            rows_out[n++] = row;
    }
    *n_out = n;
    st = VPRIV_OK;
out:
    free(recording);
    return st;
}

static vpriv_status erase_batch(vpriv_vault *vault, stretch *of, vpriv_receipt *receipt)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t rows[BATCH_ROWS];
    size_t n = 0, n_lost = 0;
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_ERASURE, .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner"};
    const char *const what = of->since_us != 0                       ? "of a time"
                             : of->until_us == VPRIV_TIME_FOREVER_US ? "all"
                                                                     : "older ones";
    snprintf(entry.reason, sizeof entry.reason, "erased: %s", what);
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    const size_t most = vpi_reserve_is_there(vault) ? BATCH_ROWS : BATCH_ROWS_SHORT;
    const bool is_first = receipt->kind == VPRIV_LOG_UNKNOWN;
    if (is_first)
        vpi_receipt_start(vault, VPRIV_LOG_ERASURE, receipt);
    VPI_TRY(rows_within(vault, of, rows, most, &n));
    if (n > 0 || is_first)
        VPI_TRY(vpi_erase_rows(vault, rows, n, NULL, 0, &entry, receipt, &n_lost));
    of->n_unread += n_lost;
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status erase_stretch(
    vpriv_vault *vault, int64_t since_us, int64_t until_us, vpriv_receipt *receipt_out)
{
    vpriv_receipt receipt = {.kind = VPRIV_LOG_UNKNOWN};
    stretch of = {.since_us = since_us, .until_us = until_us};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(since_us >= 0 && until_us > since_us, VPRIV_E_ARG,
        "a time is needed; VPRIV_TIME_FOREVER_US erases all");
    VPI_ENSURE(vpi_time_is_bound(since_us) && vpi_time_is_bound(until_us), VPRIV_E_ARG,
        "times are UTC microseconds of the years 1970 to 2400");
    VPI_TRY(vpi_receipt_check(receipt_out));
    while (!of.is_done) {
        const stretch of_before = of;
        const vpriv_receipt receipt_before = receipt;
        vpriv_status erased = erase_batch(vault, &of, &receipt);
        if (vpi_vault_try_again(vault, erased)) {
            of = of_before;
            receipt = receipt_before;
            erased = erase_batch(vault, &of, &receipt);
        }
        VPI_TRY(erased);
    }
    receipt.n_held = of.n_held;
    VPI_TRY(vpi_unread_pending(vault, &of.n_unread));
    vpi_receipt_finish(vault, &receipt, receipt_out);
    VPI_TRY(vpi_unread_tell(of.n_unread));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_vault_erase_before(
    vpriv_vault *vault, int64_t before_us, vpriv_receipt *receipt_out)
{
    return erase_stretch(vault, 0, before_us, receipt_out);
}

vpriv_status vpriv_vault_erase_between(
    vpriv_vault *vault, int64_t since_us, int64_t until_us, vpriv_receipt *receipt_out)
{
    return erase_stretch(vault, since_us, until_us, receipt_out);
}

/* A recording that somebody took out of the file is not there to be erased, and one whose key nobody can tell
 * cannot be; neither must keep the person in it: without their grant keys none of its wraps opens, in any copy. Nor
 * does one that is not theirs, whoever filed it with them. */
static vpriv_status forget_missing(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES])
{
    return vpi_database_run(vault->database,
        "DELETE FROM recording_subject WHERE tag = ?1"
        " AND NOT EXISTS (SELECT 1 FROM recording WHERE id = recording_subject.recording)",
        "b", tag, (size_t)VPI_TAG_BYTES);
}

static vpriv_status unfile(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const int64_t *rows, size_t n)
{
    vpriv_status st = VPRIV_OK;
    for (size_t i = 0; st == VPRIV_OK && i < n; i++)
        st = vpi_database_run(vault->database,
            "DELETE FROM recording_subject WHERE tag = ?1 AND recording = ?2", "bi", tag,
            (size_t)VPI_TAG_BYTES, rows[i]);
    return st;
}

/* Those that are left: each transaction has fewer. */
static vpriv_status collect_subject_rows(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], int64_t **rows_out, size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    int64_t *rows = NULL, count = 0;
    size_t n = 0;
    VPI_TRY(forget_missing(vault, tag));
    VPI_TRY(vpi_database_int(vault->database, &count,
        "SELECT count(*) FROM recording_subject WHERE tag = ?1", "b", tag, (size_t)VPI_TAG_BYTES));
    VPI_TRY(vpi_alloc((size_t)count, sizeof *rows, (void **)&rows));
    vpriv_status next = vpi_database_query(vault->database, &row,
        "SELECT recording FROM recording_subject WHERE tag = ?1 AND EXISTS"
        " (SELECT 1 FROM recording WHERE id = recording_subject.recording"
        " AND (key_slot IS NOT NULL OR header IS NOT NULL)) ORDER BY recording",
        "b", tag, (size_t)VPI_TAG_BYTES);
    for (; next == VPRIV_OK && n < (size_t)count; next = vpi_row_next(&row))
        rows[n++] = vpi_column_int(&row, 0);
    VPI_ENSURE(next == VPRIV_OK || next == VPRIV_E_NOT_FOUND, next, "%s", vpriv_error_detail());
    *rows_out = rows;
    *n_out = n;
    rows = NULL;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    free(rows);
    return st;
}

/* Everything but the recordings: the person's row, consents and place in the capture policy. */
static vpriv_status forget_person(vpriv_vault *vault, const vpi_subject *subject,
    uint64_t slots_out[VPI_PURPOSES_MAX + 1], size_t *n_slots_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_consent_grant_slots(vault, subject->row, slots_out, n_slots_out));
    slots_out[(*n_slots_out)++] = subject->key_slot;
    VPI_TRY(vpi_policy_remove_subject(vault, subject->id));
    VPI_TRY(vpi_database_run(
        vault->database, "DELETE FROM consent_record WHERE subject = ?1", "i", subject->row));
    VPI_TRY(vpi_database_run(
        vault->database, "DELETE FROM consent_event WHERE subject = ?1", "i", subject->row));
    VPI_TRY(
        vpi_database_run(vault->database, "DELETE FROM subject WHERE id = ?1", "i", subject->row));
    st = VPRIV_OK;
out:
    return st;
}

typedef struct farewell {
    const uint8_t *subject;
    size_t most; /* recordings at once */
    bool is_done;
    uint64_t
        n_unread; /* damaged so that nobody can tell their keys, or filed with them and not theirs */
    vpriv_receipt receipt;
} farewell;

/* One transaction: the person with all of their recordings, or, where those are too many for what is free,
 * some of these. The person goes with the last ones, together with whatever was recorded meanwhile. */
static vpriv_status erase_some(vpriv_vault *vault, farewell *of)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject;
    int64_t *rows = NULL;
    size_t n_rows = 0, n_slots = 0, n_others = 0, n_lost = 0;
    uint8_t tag[VPI_TAG_BYTES];
    uint64_t slots[VPI_PURPOSES_MAX + 1];
    vpriv_log_entry entry = {
        .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner", .reason = "erased: a person"};
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_subject_find(vault, of->subject, &subject));
    if (of->receipt.kind == VPRIV_LOG_UNKNOWN)
        vpi_receipt_start(vault, VPRIV_LOG_SUBJECT_ERASED, &of->receipt);
    VPI_TRY(vpi_subject_recording_tag(vault, subject.row, tag));
    VPI_TRY(collect_subject_rows(vault, tag, &rows, &n_rows));
    VPI_TRY(refuse_held(vault, subject.id, rows, n_rows, of->receipt.n_recordings, &n_others));
    VPI_TRY(unfile(vault, tag, rows, n_others));
    n_rows -= n_others;
    if (of->most > BATCH_ROWS_SHORT && !vpi_reserve_is_there(vault))
        of->most = BATCH_ROWS_SHORT;
    of->is_done = n_rows <= of->most;
    entry.kind = of->is_done ? VPRIV_LOG_SUBJECT_ERASED : VPRIV_LOG_ERASURE;
    if (of->is_done)
        VPI_TRY(forget_person(vault, &subject, slots, &n_slots));
    else
        n_rows = of->most;
    VPI_TRY(vpi_erase_rows(
        vault, rows + n_others, n_rows, slots, n_slots, &entry, &of->receipt, &n_lost));
    VPI_TRY(unfile(vault, tag, rows + n_others, n_lost));
    VPI_TRY(vpi_vault_commit(vault));
    of->n_unread += n_others + n_lost;
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    free(rows);
    return st;
}

/* What does not fit is tried again with fewer recordings, down to one. */
static vpriv_status erase_subject(vpriv_vault *vault, farewell *of)
{
    vpriv_status st = VPRIV_OK;
    while (st == VPRIV_OK && !of->is_done) {
        const vpriv_receipt before = of->receipt;
        st = erase_some(vault, of);
        const bool has_more_space = vpi_vault_try_again(vault, st);
        if (st == VPRIV_E_FULL && (has_more_space || of->most > 1)) {
            vpi_fail_clear();
            of->receipt = before;
            of->is_done = false;
            of->most = of->most > BATCH_ROWS_SHORT ? BATCH_ROWS_SHORT
                       : has_more_space            ? of->most
                                                   : of->most / 2;
            st = VPRIV_OK;
        }
    }
    return st;
}

vpriv_status vpriv_subject_erase(
    vpriv_vault *vault, const uint8_t *subject, vpriv_receipt *receipt_out)
{
    farewell of = {.subject = subject, .most = SIZE_MAX, .receipt = {.kind = VPRIV_LOG_UNKNOWN}};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(subject, VPRIV_E_ARG, "no subject");
    VPI_TRY(vpi_receipt_check(receipt_out));
    VPI_TRY(erase_subject(vault, &of));
    vpi_receipt_finish(vault, &of.receipt, receipt_out);
    VPI_TRY(vpi_unread_tell(of.n_unread));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
