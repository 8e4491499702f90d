#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/complete.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/subject.h"
#include <string.h>

/* What a process without the root left is taken over before anybody asks what there is. */
static vpriv_status adopt_pending(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n_pending = 0;
    VPI_TRY(vpi_ingest_pending(vault, &n_pending));
    if (n_pending > 0) {
        VPI_TRY(vpi_vault_begin(vault));
        VPI_TRY(vpi_ingest_adopt_all(vault));
        VPI_TRY(vpi_vault_commit(vault));
    }
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

typedef struct cursor {
    const vpriv_recording_filter *filter;
    bool by_subject;
    uint8_t tag[VPI_TAG_BYTES];
    int64_t first; /* looked at are rows above it … */
    int64_t row;   /* … up to this one */
    int64_t now_us;
    int n_younger; /* than until_us, in a row */
} cursor;

static vpriv_status next_row(vpriv_vault *vault, const cursor *c, int64_t *row_out)
{
    if (c->by_subject)
        return vpi_database_next(vault->database, c->row, row_out,
            "SELECT recording FROM recording_subject WHERE tag = ?1 AND recording > ?2"
            " ORDER BY recording LIMIT 1",
            "bi", c->tag, sizeof c->tag, c->row);
    if (c->filter->with_tombstones)
        return vpi_database_next(vault->database, c->row, row_out,
            "SELECT id FROM recording WHERE id > ?1 AND (state <> 1 OR header IS NOT NULL)"
            " ORDER BY id LIMIT 1",
            "i", c->row);
    /* Also what only looks like a tombstone or a trigger: a changed state hides nothing. */
    return vpi_database_next(vault->database, c->row, row_out,
        "SELECT id FROM recording WHERE id > ?1 AND (state NOT IN (1, 4) OR header IS NOT NULL)"
        " ORDER BY id LIMIT 1",
        "i", c->row);
}

/* Ids grow with time: a binary search finds where a time range begins, without any clear-text time.
 * Recordings that ran at the same time may be out of order, hence the margin; what is dated in the future, by a
 * clock that was wrong, says nothing about where the others are. */
#define ORDER_MARGIN_ROWS 256

/* The first of these rows that says something; VPRIV_E_NOT_FOUND when none does. */
static vpriv_status next_in_order(
    vpriv_vault *vault, int64_t first, int64_t last, int64_t now_us, vpi_recording *found)
{
    vpriv_status st = VPRIV_OK;
    int64_t row = first;
    do {
        st = vpi_database_next(vault->database, row, &row,
            "SELECT id FROM recording WHERE id > ?1 AND id <= ?2 AND state IN (2, 3)"
            " ORDER BY id LIMIT 1",
            "ii", row, last);
        if (st == VPRIV_OK)
            st = vpi_recording_load(vault, row, found);
    } while (st == VPRIV_OK && found->tag.started_us > now_us);
    return st;
}

static vpriv_status row_before(
    vpriv_vault *vault, const cursor *c, vpi_recording *scratch, int64_t *row_out)
{
    int64_t low = 0, high = 0;
    vpriv_status st =
        vpi_database_int(vault->database, &high, "SELECT coalesce(max(id), 0) FROM recording", "");
    while (st == VPRIV_OK && low < high) {
        const int64_t middle = low + (high - low) / 2;
        st = next_in_order(vault, middle, high, c->now_us, scratch);
        if (st == VPRIV_OK && scratch->tag.started_us < c->filter->since_us) {
            low = scratch->row;
        } else if (st == VPRIV_OK || st == VPRIV_E_NOT_FOUND) {
            high = middle;
            st = VPRIV_OK;
        }
    }
    *row_out = low > ORDER_MARGIN_ROWS ? low - ORDER_MARGIN_ROWS : 0;
    return st;
}

static bool wanted(const vpriv_recording_filter *filter, const vpi_recording *recording)
{
    const int64_t started_us = recording->tag.started_us;
    if (recording->state == VPRIV_RECORDING_SHREDDED)
        return filter->with_tombstones && !filter->since_us && !filter->until_us;
    return (!filter->since_us || started_us >= filter->since_us) &&
           (!filter->until_us || started_us < filter->until_us);
}

/* What follows a stretch of recordings that are too young is too young as well. */
static bool is_beyond(cursor *c, const vpi_recording *recording)
{
    const bool is_kept = recording->state == VPRIV_RECORDING_COMMITTED ||
                         recording->state == VPRIV_RECORDING_RESTRICTED;
    if (!c->filter->until_us || !is_kept || recording->tag.started_us > c->now_us)
        return false;
    c->n_younger = recording->tag.started_us >= c->filter->until_us ? c->n_younger + 1 : 0;
    return c->n_younger > ORDER_MARGIN_ROWS;
}

static vpriv_status start(vpriv_vault *vault, cursor *c, vpi_recording *scratch)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject;
    c->now_us = vpi_vault_now_us(vault);
    if (c->filter->subject) {
        VPI_TRY(vpi_subject_find(vault, c->filter->subject, &subject));
        VPI_TRY(vpi_subject_recording_tag(vault, subject.row, c->tag));
        c->by_subject = true;
    }
    if (c->filter->since_us)
        VPI_TRY(row_before(vault, c, scratch, &c->row));
    c->first = c->row;
    st = VPRIV_OK;
out:
    return st;
}

/* Nothing was left out. Whose recordings they are is filed in one place only: a list by person is as
 * whole as that place. */
static vpriv_status end(vpriv_vault *vault, const cursor *c, int64_t last_row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (c->by_subject)
        return VPRIV_E_NOT_FOUND;
    VPI_TRY(vpi_complete_kept(vault, c->first, last_row));
    if (!c->filter->since_us && !c->filter->until_us)
        VPI_TRY(vpi_complete_recordings(vault));
    st = VPRIV_E_NOT_FOUND;
out:
    return st;
}

/* The next recording that is wanted, in a snapshot of its own so that the callback may write. */
static vpriv_status next_recording(
    vpriv_vault *vault, cursor *c, bool first, vpi_recording *recording_out)
{
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    if (first)
        VPI_TRY(adopt_pending(vault));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    if (first)
        VPI_TRY(start(vault, c, recording_out));
    for (;;) {
        const vpriv_status next = next_row(vault, c, &c->row);
        if (next == VPRIV_E_NOT_FOUND) {
            st = end(vault, c, INT64_MAX);
            goto out;
        }
        VPI_TRY(next);
        VPI_TRY(vpi_recording_load(vault, c->row, recording_out));
        VPI_ENSURE(!c->by_subject || vpi_is_speaker(recording_out, c->filter->subject),
            VPRIV_E_AUTH, "a recording is filed with somebody whom it does not name");
        if (wanted(c->filter, recording_out)) {
            c->n_younger = 0;
            break;
        }
        if (is_beyond(c, recording_out)) {
            st = end(vault, c, c->row);
            goto out;
        }
    }
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_recording_list(
    vpriv_vault *vault, const vpriv_recording_filter *filter, vpriv_recording_fn fn, void *user)
{
    static const vpriv_recording_filter all = {.struct_size = sizeof all};
    cursor c = {.filter = filter ? filter : &all};
    vpi_recording *recording = NULL;
    vpriv_recording_info info;
    vpi_fail_clear();
    if (!fn || c.filter->struct_size != sizeof all)
        return vpi_fail(VPRIV_E_ARG, "a callback and a filter with its struct_size are needed");
    if (!vpi_time_is_bound(c.filter->since_us) || !vpi_time_is_bound(c.filter->until_us))
        return vpi_fail(VPRIV_E_ARG, "times are UTC microseconds of the years 1970 to 2400");
    vpriv_status st = vpi_alloc(1, sizeof *recording, (void **)&recording);
    bool first = true, known = false;
    while (st == VPRIV_OK) {
        st = next_recording(vault, &c, first, recording);
        known = known || st == VPRIV_OK || !c.filter->subject || c.by_subject;
        first = false;
        if (st == VPRIV_OK) {
            vpi_recording_describe(recording, &info);
            if (!fn(user, &info))
                break;
        }
    }
    free(recording);
    return st == VPRIV_E_NOT_FOUND && known ? VPRIV_OK : st;
}

vpriv_status vpriv_recording_about(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_recording_info *info_out)
{
    vpi_recording *found = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(recording && info_out, VPRIV_E_ARG, "an id and room for what is known are needed");
    VPI_TRY(vpi_alloc(1, sizeof *found, (void **)&found));
    VPI_TRY(adopt_pending(vault));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_recording_find(vault, recording->bytes, found));
    VPI_ENSURE(found->state != VPRIV_RECORDING_PROVISIONAL, VPRIV_E_NOT_FOUND,
        "no such recording in this vault");
    vpi_recording_describe(found, info_out);
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(found);
    return st;
}

static vpriv_status count(vpriv_vault *vault, const char *sql, uint64_t *n_out)
{
    int64_t n = 0;
    const vpriv_status st = vpi_database_int(vault->database, &n, sql, "");
    if (st == VPRIV_OK)
        *n_out = (uint64_t)n;
    return st;
}

static vpriv_status count_all(vpriv_vault *vault, vpriv_vault_info *info)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_log_head head;
    uint64_t n_all = 0, n_provisional = 0;
    VPI_TRY(
        count(vault, "SELECT count(*) FROM recording WHERE state IN (2, 3)", &info->n_recordings));
    /* The rest of them, because rows are wide and counting all of them needs an index only. */
    VPI_TRY(count(vault, "SELECT count(*) FROM recording", &n_all));
    VPI_TRY(count(vault, "SELECT count(*) FROM recording WHERE state = 1", &n_provisional));
    info->n_erased = n_all - info->n_recordings - n_provisional;
    VPI_TRY(count(vault, "SELECT count(*) FROM subject", &info->n_subjects));
    VPI_TRY(vpi_ingest_pending(vault, &info->n_pending));
    VPI_TRY(vpi_log_head_read(vault, &head));
    info->log_size = head.size;
    info->generation = vpi_tree_generation(vault->tree);
    VPI_TRY(vpi_receipt_weigh_all(vault, &info->assurance));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_vault_about(vpriv_vault *vault, vpriv_vault_info *info_out)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(info_out && info_out->struct_size == sizeof info, VPRIV_E_ARG,
        "vpriv_vault_info.struct_size is not set");
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    memcpy(info.vault_id, vault->vault_id, sizeof info.vault_id);
    memcpy(info.device_public_key, vault->device_public_key, sizeof info.device_public_key);
    memcpy(info.controller_id, vault->settings.controller_id, sizeof info.controller_id);
    memcpy(info.jurisdiction, vault->settings.jurisdiction, sizeof info.jurisdiction);
    info.for_capture_only = !vault->tree;
    if (vault->tree)
        VPI_TRY(count_all(vault, &info));
    else
        VPI_TRY(vpi_tree_file_generation(vault->database, &info.generation));
    *info_out = info;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}
