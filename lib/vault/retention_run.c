/* Destroying what has run out. Recordings of one retention class are filed in the order of their rows, and
 * purposes that end before their recording have queues of their own. Rows are about in the order in which they
 * run out, so a run looks at the head of each queue; but clocks are set and recorders wait, and the order
 * must not decide whether something is destroyed: once a day a round looks at every row there is.
 *
 * What is damaged is passed over, and makes a round due, which counts it: only a round knows whether everything
 * else was looked at. A run whose last round met any fails when everything else is done. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/clock_guard.h"
#include "vault/consent_end.h"
#include "vault/erase.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/retention_batch.h"
#include "vault/unread.h"
#include <stdio.h>
#include <string.h>

/* A round looks at so many rows in one transaction for what their clear columns say alone. */
#define HIDDEN_ROWS 4096

static vpriv_status destroy_heads(
    vpriv_vault *vault, vpi_batch *b, const vpi_queue *q, vpriv_retention_report *report)
{
    int64_t retention = -1, row = 0;
    bool is_over = false;
    return vpi_batch_destroy(vault, q, b, &retention, &row, &is_over, report);
}

/* Consents that are over, once nothing else is due. A clock that jumped ends none. */
static vpriv_status end_consents(vpriv_vault *vault, vpi_batch *b, vpriv_retention_report *report)
{
    size_t n = 0;
    const vpriv_status st =
        vpi_consent_end_over(vault, b->is_held, &b->next_due_us, &n, &b->n_people);
    if (st != VPRIV_OK)
        return st;
    if (b->is_held)
        report->is_held = n > 0;
    else
        report->n_consents += n;
    return VPRIV_OK;
}

/* A new handle begins one; and so does what the last one saw and no head would have. */
static bool round_is_due(const vpi_batch *b)
{
    const vpi_round *round = &b->round;
    return round->is_under_way || b->now_us >= round->next_us || b->now_us >= round->odd_us ||
           vpi_monotonic_us() >= round->next_monotonic_us;
}

/* At the first step of a run: what the last round could not read may be erased or mended by now. */
static vpriv_status look_again(vpriv_vault *vault, vpi_batch *b)
{
    if (b->is_begun || b->round.is_under_way || b->round.n_unread == 0)
        return VPRIV_OK;
    const vpriv_status st = vpi_recording_load(vault, b->round.unread_row, b->recording);
    if (st == VPRIV_OK)
        b->round = (vpi_round){.is_under_way = false};
    if (!vpi_is_damage(st))
        return st;
    vpi_fail_clear();
    return VPRIV_OK;
}

enum { ROUND_RECORDINGS, ROUND_HIDDEN, ROUND_TERMS, ROUND_END };

/* Kept recordings that no index of kept ones has, because somebody changed what their rows say in the clear. */
static vpriv_status look_for_hidden(vpriv_vault *vault, vpi_batch *b, bool *is_over_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_round *round = &b->round;
    vpi_row row = VPI_NO_ROW;
    int64_t n_rows = 0, last = 0;
    VPI_TRY(vpi_database_query(vault->database, &row,
        "SELECT count(*), coalesce(max(id), 0), count(*) FILTER (WHERE is_odd),"
        " coalesce(max(id) FILTER (WHERE is_odd), 0) FROM (SELECT id,"
        " (state NOT IN (2, 3) OR retention < 0 OR id <= 0)"
        " AND (key_slot IS NOT NULL OR header IS NOT NULL) AS is_odd"
        " FROM recording WHERE id > ?1 ORDER BY id LIMIT ?2)",
        "ii", round->row, (int64_t)HIDDEN_ROWS));
    n_rows = vpi_column_int(&row, 0);
    last = vpi_column_int(&row, 1);
    if (vpi_column_int(&row, 2) > 0) {
        round->n_unread += (uint64_t)vpi_column_int(&row, 2);
        round->unread_row = vpi_column_int(&row, 3);
    }
    *is_over_out = n_rows < HIDDEN_ROWS || last <= round->row;
    round->row = last;
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

static vpriv_status go_stage(
    vpriv_vault *vault, vpi_batch *b, bool *is_over_out, vpriv_retention_report *report)
{
    vpi_round *round = &b->round;
    if (round->stage != ROUND_HIDDEN)
        return vpi_batch_destroy(vault,
            round->stage == ROUND_TERMS ? &vpi_queue_terms : &vpi_queue_round, b, &round->retention,
            &round->row, is_over_out, report);
    const vpriv_status st = look_for_hidden(vault, b, is_over_out);
    if (!vpi_is_damage(st))
        return st;
    /* A page of the table: its rows were told by way of the index. */
    *is_over_out = true;
    return vpi_batch_pass_over(b, round->row);
}

/* Nothing is due at any head: look at more of all the others. */
static vpriv_status go_round(vpriv_vault *vault, vpi_batch *b, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_round *round = &b->round;
    const int64_t heads_us = b->next_due_us;
    bool is_over = true;
    if (!round->is_under_way)
        *round =
            (vpi_round){.is_under_way = true, .retention = -1, .least_us = VPRIV_TIME_FOREVER_US};
    b->is_round = true;
    b->n_looked = 0;
    b->next_due_us = round->least_us;
    while (is_over && b->n == 0 && round->stage < ROUND_END) {
        VPI_TRY(go_stage(vault, b, &is_over, report));
        if (is_over && (b->n == 0 || round->stage < ROUND_TERMS)) {
            round->stage++;
            round->retention = -1;
            round->row = round->stage == ROUND_HIDDEN ? INT64_MIN : 0;
        }
    }
    round->least_us = b->next_due_us;
    vpi_batch_note_due(b, heads_us);
    if (round->stage == ROUND_END)
        *round = (vpi_round){.next_us = b->now_us + VPI_US_PER_DAY,
            .next_monotonic_us = vpi_monotonic_us() + VPI_US_PER_DAY,
            .odd_us = round->least_us < heads_us ? round->least_us : VPRIV_TIME_FOREVER_US,
            .n_unread = round->n_unread,
            .unread_row = round->unread_row};
    st = VPRIV_OK;
out:
    return st;
}

/* One batch of recordings, or, when none is due, of purposes. */
static vpriv_status try_step(vpriv_vault *vault, vpi_batch *b, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint64_t n_consents = report->n_consents;
    b->n = b->n_stale = b->n_slots = b->n_buried = 0;
    b->is_round = b->met_unread = false;
    b->n_people = b->n_pending = 0;
    b->next_due_us = VPRIV_TIME_FOREVER_US;
    b->round = vault->round;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    if (b->is_short)
        vpi_reserve_give_up(vault);
    b->most = vpi_reserve_is_there(vault) ? VPI_BATCH_ROWS : VPI_BATCH_ROWS_SHORT;
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_unread_pending(vault, &b->n_pending));
    b->now_us = vpi_vault_now_us(vault);
    VPI_TRY(look_again(vault, b));
    VPI_TRY(vpi_clock_guard(vault, &b->is_held, &report->held_until_us));
    report->is_held = false;
    VPI_TRY(destroy_heads(vault, b, &vpi_queue_recordings, report));
    if (b->n == 0)
        VPI_TRY(destroy_heads(vault, b, &vpi_queue_terms, report));
    if (b->n == 0 && b->n_stale == 0)
        VPI_TRY(end_consents(vault, b, report));
    const bool is_idle = b->n == 0 && b->n_stale == 0 && report->n_consents == n_consents;
    if (is_idle && (round_is_due(b) || (b->met_unread && b->round.n_unread == 0)))
        VPI_TRY(go_round(vault, b, report));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    if (!report->is_held)
        vault->round = b->round;
    if (b->round.odd_us > b->now_us)
        vpi_batch_note_due(b, b->round.odd_us);
    report->is_done = report->is_held || (is_idle && b->n == 0 && !round_is_due(b));
    report->next_due_us = report->is_done && !report->is_held ? b->next_due_us : b->now_us;
    b->is_begun = true;
    if (report->is_done) {
        report->n_unread = b->n_pending + b->n_people + vault->round.n_unread;
        report->n_unread += report->n_unread == 0 && b->met_unread;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* A batch that the disk has no room for is tried again as a small one. */
static vpriv_status step(vpriv_vault *vault, vpi_batch *b, vpriv_retention_report *report)
{
    const vpriv_retention_report before = *report;
    vpriv_status st = try_step(vault, b, report);
    if (st == VPRIV_E_FULL && !b->is_short) {
        *report = before;
        b->is_short = true;
        vpi_vault_rollback(vault);
        vpi_fail_clear();
        st = try_step(vault, b, report);
    }
    return st;
}

vpriv_status vpriv_retention_run(
    vpriv_vault *vault, uint32_t most_ms, vpriv_retention_report *report_out)
{
    vpi_batch b;
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    memset(&b, 0, sizeof b);
    const int64_t until_us = vpi_monotonic_us() + (int64_t)most_ms * 1000;
    VPI_ENSURE(report_out && report_out->struct_size == sizeof *report_out, VPRIV_E_ARG,
        "vpriv_retention_report.struct_size is not set");
    VPI_TRY(vpi_alloc(1, sizeof *b.recording, (void **)&b.recording));
    do
        VPI_TRY(step(vault, &b, &report));
    while (!report.is_done && vpi_monotonic_us() < until_us);
    if (!report.is_held)
        report.held_until_us = 0;
    *report_out = report;
    VPI_TRY(vpi_unread_tell(report.n_unread));
    st = VPRIV_OK;
out:
    free(b.recording);
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_retention_trust_clock(vpriv_vault *vault, const char *actor)
{
    vpriv_log_entry entry = {.kind = VPRIV_LOG_POLICY,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .reason = "the time was confirmed"};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_actor_check(actor));
    snprintf(entry.actor, sizeof entry.actor, "%s", actor);
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_clock_trust(vault));
    VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
