/* Destroying what has run out. Recordings of one retention class run out in the order of their rows, so
 * the head of each class's queue is all there is to look at; purposes that end before their recording
 * have queues of their own. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/clock_guard.h"
#include "vault/consent_end.h"
#include "vault/erase.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include <stdio.h>
#include <string.h>
#include <voicepriv/retention.h>

#define BATCH_ROWS     256
#define US_PER_DAY     INT64_C(86400000000)
#define MONTHS_SKEW_US (4 * US_PER_DAY)

typedef struct batch {
    int64_t now_us;
    int64_t next_due_us; /* of what is not due yet */
    int64_t rows[BATCH_ROWS];
    size_t n;
    vpi_recording *recording; /* scratch */
} batch;

static void note_due(batch *b, int64_t due_us)
{
    if (due_us < b->next_due_us)
        b->next_due_us = due_us;
}

/* Behind the first that is not due nothing is, but for the different lengths of months. */
static bool may_be_more(const batch *b, vpriv_retention retention, int64_t first_left_us)
{
    return b->n < BATCH_ROWS &&
           (first_left_us == 0 || (vpi_retention_is_in_months(retention) &&
                                      b->recording->expires_us < first_left_us + MONTHS_SKEW_US));
}

static vpriv_status collect_class(vpriv_vault *vault, vpriv_retention retention, batch *b)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t row = 0, first_left_us = 0;
    while (may_be_more(b, retention, first_left_us)) {
        const vpriv_status next = vpi_database_next(vault->database, row, &row,
            "SELECT id FROM recording WHERE state IN (2, 3) AND state = 2 AND retention = ?2"
            " AND id > ?1"
            " ORDER BY id LIMIT 1",
            "ii", row, (int64_t)retention);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(vpi_recording_load(vault, row, b->recording));
        if (b->recording->expires_us <= b->now_us) {
            b->rows[b->n++] = row;
        } else {
            first_left_us = first_left_us ? first_left_us : b->recording->expires_us;
            note_due(b, b->recording->expires_us);
        }
    }
    st = VPRIV_OK;
out:
    return st;
}

/* One class after the other, until the batch is full. */
static vpriv_status collect(vpriv_vault *vault, batch *b)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t retention = -1;
    while (b->n < BATCH_ROWS) {
        const vpriv_status next = vpi_database_next(vault->database, retention, &retention,
            "SELECT retention FROM recording WHERE state IN (2, 3) AND retention > ?1"
            " ORDER BY retention LIMIT 1",
            "i", retention);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        if (retention != VPRIV_RETENTION_ERASED_ONLY)
            VPI_TRY(collect_class(vault, (vpriv_retention)retention, b));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status expire_batch(vpriv_vault *vault, batch *b, uint64_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_receipt receipt;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_RETENTION_EXPIRED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "retention",
        .reason = "its term is over"};
    memset(&receipt, 0, sizeof receipt);
    vpi_receipt_start(vault, VPRIV_LOG_RETENTION_EXPIRED, &receipt);
    VPI_TRY(vpi_erase_rows(vault, b->rows, b->n, NULL, 0, &entry, &receipt));
    *n_io += receipt.n_recordings;
    st = VPRIV_OK;
out:
    return st;
}

/* Which purposes of the recording at hand are over, and when the next one is. */
static uint32_t ended_purposes(batch *b)
{
    uint32_t ended = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        const int64_t until_us = b->recording->purpose_expires_us[p];
        if (until_us != 0 && until_us <= b->now_us)
            ended |= VPRIV_PURPOSE_BIT(p);
        else if (until_us != 0)
            note_due(b, until_us);
    }
    return ended;
}

/* The rows of one term, in order; those that are over, or of no use any more, leave the queue. While the
 * clock is held they are counted only. */
static vpriv_status narrow_term(vpriv_vault *vault, int64_t retention, batch *b, bool is_held,
    uint64_t old_slots[BATCH_ROWS], size_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t row = 0;
    bool waits = false;
    for (int i = 0; i < BATCH_ROWS && *n_io < BATCH_ROWS && !waits; i++) {
        const vpriv_status next = vpi_database_next(vault->database, row, &row,
            "SELECT recording FROM term WHERE retention = ?2 AND recording > ?1"
            " ORDER BY recording LIMIT 1",
            "ii", row, retention);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(vpi_recording_load(vault, row, b->recording));
        const int64_t until_us =
            vpi_retention_end_us((vpriv_retention)retention, b->recording->tag.started_us);
        waits = until_us > b->now_us && !(vpi_retention_is_in_months((vpriv_retention)retention) &&
                                            until_us < b->now_us + MONTHS_SKEW_US);
        const uint32_t ended = ended_purposes(b);
        if (ended != 0 && !is_held)
            VPI_TRY(vpi_recording_rekey(vault, b->recording, ended, NULL, NULL, &old_slots[*n_io]));
        *n_io += ended != 0;
        if (until_us <= b->now_us && !is_held)
            VPI_TRY(vpi_database_run(vault->database,
                "DELETE FROM term WHERE retention = ?1 AND recording = ?2", "ii", retention, row));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status narrow_batch(vpriv_vault *vault, batch *b, bool is_held, uint64_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t old_slots[BATCH_ROWS];
    size_t n = 0;
    int64_t retention = -1;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_RETENTION_EXPIRED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "retention",
        .reason = "the term of a purpose is over"};
    while (n < BATCH_ROWS) {
        const vpriv_status next = vpi_database_next(vault->database, retention, &retention,
            "SELECT retention FROM term WHERE retention > ?1 ORDER BY retention LIMIT 1", "i",
            retention);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(narrow_term(vault, retention, b, is_held, old_slots, &n));
    }
    if (n > 0 && !is_held) {
        entry.count = n;
        VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
        VPI_TRY(vpi_vault_shred(vault, old_slots, n));
        *n_io += n;
    }
    b->n = n;
    st = VPRIV_OK;
out:
    return st;
}

/* Consents that are over, once nothing else is due. A clock that jumped ends none. */
static vpriv_status end_consents(
    vpriv_vault *vault, batch *b, bool is_held, vpriv_retention_report *report)
{
    size_t n = 0;
    const vpriv_status st = vpi_consent_end_over(vault, is_held, &b->next_due_us, &n);
    if (st != VPRIV_OK)
        return st;
    if (is_held)
        report->is_held = n > 0;
    else
        report->n_consents += n;
    return VPRIV_OK;
}

/* One batch of recordings, or, when none is due, of purposes. */
static vpriv_status step(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    b->n = 0;
    b->next_due_us = VPRIV_TIME_FOREVER_US;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    b->now_us = vpi_vault_now_us(vault);
    VPI_TRY(vpi_clock_guard(vault, &report->is_held, &report->held_until_us));
    VPI_TRY(collect(vault, b));
    const bool has_any = b->n > 0;
    if (report->is_held && has_any)
        b->next_due_us = b->now_us;
    else if (has_any)
        VPI_TRY(expire_batch(vault, b, &report->n_expired));
    else
        VPI_TRY(narrow_batch(vault, b, report->is_held, &report->n_narrowed));
    if (b->n == 0)
        VPI_TRY(end_consents(vault, b, report->is_held, report));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_erase_give_back(vault);
    report->is_done = b->n == 0 || report->is_held;
    report->next_due_us = report->is_done && !report->is_held ? b->next_due_us : b->now_us;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_retention_run(
    vpriv_vault *vault, uint32_t most_ms, vpriv_retention_report *report_out)
{
    batch b;
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
