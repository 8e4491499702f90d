/* Erasing in windows: one commit and one replacement of the root for many recordings. The estimate walks
 * the same way, and counts pages instead of changing them. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "keys/root.h"
#include "vault/erase.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/receipt.h"
#include "vault/subject.h"
#include "vault/unread.h"
#include "vault/wear.h"
#include <string.h>
#include <voicepriv/purge.h>

#define WINDOW_SHORT 16 /* when the disk is full and only the reserve is there to write in */

typedef struct purge {
    const vpriv_purge_criteria *criteria;
    size_t window;
    bool is_short; /* a window did not fit: the reserve is given up, and windows are small */
    bool is_estimate;
    bool has_tag;
    uint8_t tag[VPI_TAG_BYTES];
    int64_t cursor; /* the row looked at last; of named ones, how many */
    int64_t *rows;
    uint64_t *slots; /* of the estimate */
    size_t n_rows;
    bool is_done;
    vpi_recording *recording;
    vpriv_purge_report report;
    vpriv_receipt receipt;
} purge;

static vpriv_status check(const vpriv_purge_criteria *criteria)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(criteria && criteria->struct_size == sizeof *criteria, VPRIV_E_ARG,
        "vpriv_purge_criteria.struct_size is not set");
    const bool has_time = criteria->since_us != 0 || criteria->until_us != 0;
    const bool is_named = criteria->recordings != NULL;
    VPI_ENSURE(
        is_named == (criteria->n_recordings > 0), VPRIV_E_ARG, "ids and their number go together");
    VPI_ENSURE(is_named || criteria->subject || has_time, VPRIV_E_ARG,
        "a criterion is needed; VPRIV_TIME_FOREVER_US erases all");
    VPI_ENSURE(!is_named || (!criteria->subject && !has_time), VPRIV_E_ARG,
        "ids and other criteria do not go together");
    VPI_ENSURE(criteria->since_us >= 0 && vpi_time_is_bound(criteria->since_us) &&
                   vpi_time_is_bound(criteria->until_us) &&
                   (criteria->until_us == 0 || criteria->until_us > criteria->since_us),
        VPRIV_E_ARG, "times are UTC microseconds of the years 1970 to 2400, the later one last");
    VPI_ENSURE(criteria->window <= VPRIV_PURGE_WINDOW_MAX, VPRIV_E_ARG,
        "a window is of at most %d recordings", VPRIV_PURGE_WINDOW_MAX);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status prepare(purge *p, const vpriv_purge_criteria *criteria)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    memset(p, 0, sizeof *p);
    p->report.struct_size = sizeof p->report;
    VPI_TRY(check(criteria));
    p->criteria = criteria;
    p->window = criteria->window ? criteria->window : VPRIV_PURGE_WINDOW;
    VPI_TRY(vpi_alloc(p->window, sizeof *p->rows, (void **)&p->rows));
    VPI_TRY(vpi_alloc(p->window, sizeof *p->slots, (void **)&p->slots));
    VPI_TRY(vpi_alloc(1, sizeof *p->recording, (void **)&p->recording));
    st = VPRIV_OK;
out:
    return st;
}

static void dismantle(purge *p)
{
    free(p->rows);
    free(p->slots);
    free(p->recording);
}

static vpriv_status row_of(vpriv_vault *vault, const vpriv_recording_id *id, int64_t *row_out)
{
    return vpi_database_int(vault->database, row_out,
        "SELECT id FROM recording WHERE name = ?1 AND (state <> 1 OR key_slot IS NOT NULL"
        " OR header IS NOT NULL)",
        "b", id->bytes, sizeof id->bytes);
}

/* Once, in the first transaction: whoever and whatever is named exists. */
static vpriv_status find_named(vpriv_vault *vault, purge *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject;
    for (size_t i = 0; i < p->criteria->n_recordings; i++) {
        int64_t row = 0;
        const vpriv_status found = row_of(vault, &p->criteria->recordings[i], &row);
        VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_NOT_FOUND,
            "no such recording in this vault (number %zu of %zu)", i + 1,
            p->criteria->n_recordings);
        VPI_TRY(found);
    }
    if (p->criteria->subject) {
        VPI_TRY(vpi_subject_find(vault, p->criteria->subject, &subject));
        VPI_TRY(vpi_subject_recording_tag(vault, subject.row, p->tag));
        p->has_tag = true;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* VPRIV_E_NOT_FOUND when there are no more. */
static vpriv_status next_row(vpriv_vault *vault, purge *p, int64_t *row_out)
{
    const vpriv_purge_criteria *criteria = p->criteria;
    if (criteria->recordings) {
        if ((uint64_t)p->cursor == criteria->n_recordings)
            return VPRIV_E_NOT_FOUND;
        const vpriv_status st = row_of(vault, &criteria->recordings[p->cursor], row_out);
        p->cursor += st == VPRIV_OK;
        return vpi_must_exist(st); /* tombstones stay */
    }
    const vpriv_status st =
        p->has_tag ? vpi_database_next(vault->database, p->cursor, row_out,
                         "SELECT recording FROM recording_subject WHERE tag = ?1 AND recording > ?2"
                         " ORDER BY recording LIMIT 1",
                         "bi", p->tag, sizeof p->tag, p->cursor)
                   : vpi_database_next(vault->database, p->cursor, row_out,
                         "SELECT id FROM recording WHERE id > ?1 AND (key_slot IS NOT NULL OR"
                         " header IS NOT NULL) ORDER BY id LIMIT 1",
                         "i", p->cursor);
    if (st == VPRIV_OK)
        p->cursor = *row_out;
    return st;
}

/* Of a recording that is kept. All means all, whatever the headers say. */
static vpriv_status is_of_the_time(vpriv_vault *vault, purge *p, int64_t row, bool *matches_out)
{
    const int64_t since_us = p->criteria->since_us, until_us = p->criteria->until_us;
    *matches_out = true;
    if (since_us == 0 && (until_us == 0 || until_us == VPRIV_TIME_FOREVER_US))
        return VPRIV_OK;
    const vpriv_status st = vpi_recording_load(vault, row, p->recording);
    if (st != VPRIV_OK)
        return st;
    const int64_t started_us = p->recording->tag.started_us;
    *matches_out = started_us >= since_us && (until_us == 0 || started_us < until_us);
    return VPRIV_OK;
}

/* What is erased already does not match. Damaged ones are counted and left, but in an estimate, which is on the
 * high side; what is named goes all the same. */
static vpriv_status match(vpriv_vault *vault, purge *p, int64_t row, bool *matches_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t is_kept = 0;
    bool matches = false;
    vpi_hold hold = VPI_HOLD_NONE;
    VPI_TRY(vpi_must_exist(vpi_database_int(vault->database, &is_kept,
        "SELECT key_slot IS NOT NULL OR header IS NOT NULL FROM recording WHERE id = ?1", "i",
        row))); /* an index named it */
    if (is_kept) {
        const vpriv_status looked = is_of_the_time(vault, p, row, &matches);
        const bool is_damaged = vpi_is_damage(looked);
        if (!is_damaged)
            VPI_TRY(looked);
        if (matches && !is_damaged)
            VPI_TRY(vpi_erase_hold(vault, row, p->criteria->subject, &hold));
        const bool is_unread = is_damaged || hold == VPI_HOLD_OTHERS ||
                               (hold == VPI_HOLD_UNKNOWN && !p->criteria->recordings);
        p->report.n_unread += is_unread;
        p->report.n_held += hold == VPI_HOLD_LEGAL;
        matches = is_unread ? p->is_estimate : matches && hold != VPI_HOLD_LEGAL;
        vpi_fail_clear();
    }
    *matches_out = matches;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status collect(vpriv_vault *vault, purge *p, size_t most)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int n_others = 0;
    p->n_rows = 0;
    while (p->n_rows < most && n_others < VPI_ERASE_REST_AFTER) {
        int64_t row = 0;
        bool matches = false;
        const vpriv_status next = next_row(vault, p, &row);
        p->is_done = next == VPRIV_E_NOT_FOUND;
        if (p->is_done)
            break;
        VPI_TRY(next);
        VPI_TRY(match(vault, p, row, &matches));
        n_others = matches ? 0 : n_others + 1;
        if (matches)
            p->rows[p->n_rows++] = row;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Counts in the copy of the caller: what is told is what the last commit made final. */
static vpriv_status erase_window(vpriv_vault *vault, purge *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_ERASURE,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "owner",
        .reason = "erased: purge"};
    const bool is_first = p->receipt.struct_size == 0;
    const uint64_t n_before = p->receipt.n_recordings;
    size_t n_lost = 0;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    if (p->is_short)
        (void)vpi_reserve_give_up(vault);
    VPI_TRY(vpi_ingest_adopt_all(vault));
    if (is_first) {
        VPI_TRY(find_named(vault, p));
        vpi_receipt_start(vault, VPRIV_LOG_ERASURE, &p->receipt);
    }
    const bool is_roomy = vpi_reserve_is_there(vault) || p->window < WINDOW_SHORT;
    VPI_TRY(collect(vault, p, is_roomy ? p->window : WINDOW_SHORT));
    if (p->n_rows > 0 || is_first)
        VPI_TRY(vpi_erase_rows(vault, p->rows, p->n_rows, NULL, 0, &entry, &p->receipt, &n_lost));
    p->report.n_unread += n_lost;
    if (p->is_done && !p->criteria->recordings)
        VPI_TRY(vpi_unread_pending(vault, &p->report.n_unread));
    VPI_TRY(vpi_vault_commit(vault));
    p->report.n_root_replacements += p->receipt.n_recordings > n_before;
    p->report.n_recordings = p->receipt.n_recordings;
    p->report.is_done = p->is_done;
    vpi_erase_give_back(vault);
    st = VPRIV_OK;
out:
    return st;
}

/* A window that the disk has no room for is tried again as a small one, from the same place. */
static vpriv_status step(vpriv_vault *vault, purge *p)
{
    const purge before = *p;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = erase_window(vault, p);
    if (st == VPRIV_E_FULL && !p->is_short) {
        *p = before;
        p->is_short = true;
        vpi_vault_rollback(vault);
        vpi_fail_clear();
        st = erase_window(vault, p);
    }
    if (st != VPRIV_OK)
        p->report = before.report;
    else
        p->receipt.generation_after = vpi_tree_generation(vault->tree);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_purge(vpriv_vault *vault, const vpriv_purge_criteria *criteria,
    vpriv_purge_fn fn, void *user, vpriv_purge_report *report_out, vpriv_receipt *receipt_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    purge p = {.rows = NULL};
    VPI_TRY(vpi_receipt_check(receipt_out));
    VPI_ENSURE(!report_out || report_out->struct_size == sizeof *report_out, VPRIV_E_ARG,
        "vpriv_purge_report.struct_size is not set");
    VPI_TRY(prepare(&p, criteria));
    while (!p.report.is_done && !p.report.is_cancelled) {
        VPI_TRY(step(vault, &p));
        p.report.is_cancelled = fn && !fn(user, &p.report) && !p.report.is_done;
    }
    p.receipt.n_held = p.report.n_held;
    if (receipt_out)
        *receipt_out = p.receipt;
    if (p.report.is_done)
        VPI_TRY(vpi_unread_tell(p.report.n_unread));
    st = VPRIV_OK;
out:
    if (report_out && p.report.struct_size != 0)
        *report_out = p.report;
    dismantle(&p);
    return st;
}

/* Each window as vpriv_purge would make it on a disk with room. */
static vpriv_status estimate(vpriv_vault *vault, purge *p, vpriv_purge_cost *cost)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(find_named(vault, p));
    do {
        VPI_TRY(collect(vault, p, p->window));
        VPI_TRY(vpi_wear_window(vault, p->rows, p->n_rows, p->slots, &cost->n_pages));
        cost->n_recordings += p->n_rows;
        cost->n_root_replacements += p->n_rows > 0;
    } while (!p->is_done);
    cost->n_held = p->report.n_held;
    cost->n_nv_writes = cost->n_root_replacements * VPI_ROOT_TPM_WRITES;
    cost->n_bytes = cost->n_pages * VPI_WEAR_BYTES_PER_PAGE +
                    cost->n_root_replacements * VPI_WEAR_ROOT_FILE_BYTES;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_purge_estimate(
    vpriv_vault *vault, const vpriv_purge_criteria *criteria, vpriv_purge_cost *cost_out)
{
    purge p = {.rows = NULL};
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(cost_out && cost_out->struct_size == sizeof *cost_out, VPRIV_E_ARG,
        "vpriv_purge_cost.struct_size is not set");
    VPI_TRY(prepare(&p, criteria));
    p.is_estimate = true;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(estimate(vault, &p, &cost));
    *cost_out = cost;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    dismantle(&p);
    vpi_vault_leave(vault);
    return st;
}
