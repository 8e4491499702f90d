#include "vault/retention_batch.h"
#include "base/try.h"
#include "vault/erase.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include <stdio.h>
#include <string.h>

#define MONTHS_SKEW_US (4 * VPI_US_PER_DAY)
/* So many in a row that are not due end the look at one head, and so many that say nothing about the order:
 * dated in the future, of months of different lengths, or damaged. */
#define HEAD_ROWS  256
#define OTHER_ROWS 1024
/* Rows of no use any more that leave a queue in one transaction. */
#define STALE_ROWS(b) (4 * (b)->most)
/* Looked at by a round in one transaction. */
#define ROUND_ROWS 1024

void vpi_batch_note_due(vpi_batch *b, int64_t due_us)
{
    if (due_us < b->next_due_us)
        b->next_due_us = due_us;
}

/* The recording at hand is not due in this queue. */
static void count_waiting(vpi_batch *b, int64_t retention, int64_t ends_us)
{
    const bool may_be_early = vpi_retention_is_in_months((vpriv_retention)retention) &&
                              ends_us < b->now_us + MONTHS_SKEW_US;
    if (b->recording->tag.started_us <= b->now_us && !may_be_early)
        b->n_waiting++;
    else
        b->n_others++;
}

static bool goes_on(const vpi_batch *b)
{
    if (b->is_round)
        return b->n < b->most && b->n_looked < ROUND_ROWS;
    return b->n < b->most && b->n_stale < STALE_ROWS(b) && b->n_waiting < HEAD_ROWS &&
           b->n_others < OTHER_ROWS;
}

vpriv_status vpi_batch_pass_over(vpi_batch *b, int64_t row)
{
    vpi_fail_clear();
    b->n_others++;
    if (b->is_round) {
        b->round.n_unread++;
        b->round.unread_row = row;
    } else {
        b->met_unread = true;
    }
    return VPRIV_OK;
}

static vpriv_status look_at_recording(
    vpriv_vault *vault, vpi_batch *b, int64_t retention, int64_t row)
{
    const vpriv_status st = vpi_recording_load(vault, row, b->recording);
    if (st != VPRIV_OK)
        return vpi_is_damage(st) ? vpi_batch_pass_over(b, row) : st;
    if (b->recording->state != VPRIV_RECORDING_COMMITTED)
        return VPRIV_OK;
    const int64_t ends_us = b->recording->expires_us;
    if (ends_us <= b->now_us) {
        b->rows[b->n++] = row;
    } else {
        count_waiting(b, retention, ends_us);
        vpi_batch_note_due(b, ends_us);
    }
    return VPRIV_OK;
}

/* Which purposes of the recording at hand are over, and when the next one is. */
static uint32_t ended_purposes(vpi_batch *b)
{
    uint32_t ended = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        const int64_t until_us = b->recording->purpose_expires_us[p];
        if (until_us != 0 && until_us <= b->now_us)
            ended |= VPRIV_PURPOSE_BIT(p);
        else if (until_us != 0)
            vpi_batch_note_due(b, until_us);
    }
    return ended;
}

/* A recording without a purpose, because others were withdrawn before, is of use to nobody. */
static vpriv_status narrow(vpriv_vault *vault, vpi_batch *b, uint32_t ended)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_recording_rekey(vault, b->recording, ended, NULL, NULL, &b->slots[b->n_slots]));
    b->n_slots++;
    if (b->recording->wrapped == 0) {
        VPI_TRY(vpi_erase_bury(vault, b->recording->row));
        b->slots[b->n_slots++] = b->recording->key_slot;
        b->n_buried++;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* What is over leaves the queue. While the clock is held it is counted only. What is set aside is not met:
 * it keeps its place, and loses the purpose when it is no longer. */
static vpriv_status end_term(vpriv_vault *vault, vpi_batch *b, int64_t retention, int64_t row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const int64_t until_us =
        vpi_retention_end_us((vpriv_retention)retention, b->recording->tag.started_us);
    const uint32_t ended = ended_purposes(b);
    if (until_us > b->now_us || b->is_held)
        count_waiting(b, retention, until_us);
    if (ended != 0 && !b->is_held)
        VPI_TRY(narrow(vault, b, ended));
    if (until_us <= b->now_us && !b->is_held)
        VPI_TRY(vpi_database_run(vault->database,
            "DELETE FROM term WHERE retention = ?1 AND recording = ?2", "ii", retention, row));
    b->n += ended != 0;
    b->n_stale += until_us <= b->now_us && !b->is_held && ended == 0;
    st = VPRIV_OK;
out:
    return st;
}

/* Of a recording that is damaged the round has told already; what it lost beside its header is told here. */
static vpriv_status look_at_term(vpriv_vault *vault, vpi_batch *b, int64_t retention, int64_t row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t is_there = 0;
    const size_t n_slots = b->n_slots, n_buried = b->n_buried;
    const vpriv_status loaded = vpi_recording_load(vault, row, b->recording);
    if (vpi_is_damage(loaded)) {
        VPI_TRY(vpi_database_int(vault->database, &is_there,
            "SELECT EXISTS (SELECT 1 FROM recording WHERE id = ?1)", "i", row));
        if (b->is_round && is_there)
            vpi_fail_clear();
        else
            VPI_TRY(vpi_batch_pass_over(b, row));
        return VPRIV_OK;
    }
    VPI_TRY(loaded);
    VPI_TRY(vpi_vault_part_begin(vault));
    const vpriv_status ended = vpi_vault_part_end(vault, end_term(vault, b, retention, row));
    if (vpi_is_damage(ended)) {
        b->n_slots = n_slots;
        b->n_buried = n_buried;
        VPI_TRY(vpi_batch_pass_over(b, row));
    } else {
        VPI_TRY(ended);
    }
    st = VPRIV_OK;
out:
    return st;
}

const vpi_queue vpi_queue_recordings = {
    "SELECT retention FROM recording WHERE state IN (2, 3) AND retention > ?1"
    " ORDER BY retention LIMIT 1",
    "SELECT id FROM recording WHERE state IN (2, 3) AND state = 2 AND retention = ?2 AND id > ?1"
    " ORDER BY id LIMIT 1",
    look_at_recording};
const vpi_queue vpi_queue_round = {
    "SELECT retention FROM recording WHERE state IN (2, 3) AND retention > ?1"
    " ORDER BY retention LIMIT 1",
    "SELECT id FROM recording WHERE state IN (2, 3) AND retention = ?2 AND id > ?1"
    " ORDER BY id LIMIT 1",
    look_at_recording};
const vpi_queue vpi_queue_terms = {
    "SELECT retention FROM term WHERE retention > ?1 ORDER BY retention LIMIT 1",
    "SELECT recording FROM term WHERE retention = ?2 AND recording > ?1 AND NOT EXISTS"
    " (SELECT 1 FROM recording WHERE id = term.recording AND state = 3)"
    " ORDER BY recording LIMIT 1",
    look_at_term};

static vpriv_status walk_class(vpriv_vault *vault, const vpi_queue *q, vpi_batch *b,
    int64_t retention, int64_t *row_io, bool *is_over_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    *is_over_out = false;
    b->n_waiting = b->n_others = 0;
    while (goes_on(b) && !*is_over_out) {
        const vpriv_status next = vpi_database_next(
            vault->database, *row_io, row_io, q->next_row, "ii", *row_io, retention);
        *is_over_out = next == VPRIV_E_NOT_FOUND;
        if (*is_over_out)
            break;
        VPI_TRY(next);
        VPI_TRY(q->look(vault, b, retention, *row_io));
        b->n_looked++;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* From a place on: one class after the other, until the batch is full. A round leaves none before its end. */
static vpriv_status walk(vpriv_vault *vault, const vpi_queue *q, vpi_batch *b,
    int64_t *retention_io, int64_t *row_io, bool *is_over_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    bool is_class_over = true;
    *is_over_out = false;
    for (;;) {
        if (*retention_io >= 0 && (b->is_round || *retention_io != VPRIV_RETENTION_ERASED_ONLY))
            VPI_TRY(walk_class(vault, q, b, *retention_io, row_io, &is_class_over));
        if (b->n == b->most || (b->is_round && !is_class_over))
            break;
        const vpriv_status next = vpi_database_next(
            vault->database, *retention_io, retention_io, q->next_class, "i", *retention_io);
        *is_over_out = next == VPRIV_E_NOT_FOUND;
        if (*is_over_out)
            break;
        VPI_TRY(next);
        *row_io = 0;
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status expire_batch(vpriv_vault *vault, vpi_batch *b, uint64_t *n_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_receipt receipt;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_RETENTION_EXPIRED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "retention",
        .reason = "its term is over"};
    memset(&receipt, 0, sizeof receipt);
    vpi_receipt_start(vault, VPRIV_LOG_RETENTION_EXPIRED, &receipt);
    VPI_TRY(vpi_erase_rows(vault, b->rows, b->n, NULL, 0, &entry, &receipt, NULL));
    *n_io += receipt.n_recordings;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status log_ended(vpriv_vault *vault, size_t n, const char *reason)
{
    vpriv_log_entry entry = {.kind = VPRIV_LOG_RETENTION_EXPIRED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .count = n,
        .actor = "retention"};
    snprintf(entry.reason, sizeof entry.reason, "%s", reason);
    return n > 0 ? vpi_log_append(vault, &entry, NULL, 0, NULL, NULL) : VPRIV_OK;
}

static vpriv_status shred_ended(vpriv_vault *vault, vpi_batch *b, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const size_t n_narrowed = b->n - b->n_buried;
    VPI_TRY(log_ended(vault, n_narrowed, "the term of a purpose is over"));
    VPI_TRY(log_ended(vault, b->n_buried, "the term of its last purpose is over"));
    VPI_TRY(vpi_vault_shred(vault, b->slots, b->n_slots));
    report->n_narrowed += n_narrowed;
    report->n_expired += b->n_buried;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_batch_destroy(vpriv_vault *vault, const vpi_queue *q, vpi_batch *b,
    int64_t *retention_io, int64_t *row_io, bool *is_over_out, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(walk(vault, q, b, retention_io, row_io, is_over_out));
    if (b->n > 0 && b->is_held)
        report->is_held = true;
    else if (b->n > 0 && q != &vpi_queue_terms)
        VPI_TRY(expire_batch(vault, b, &report->n_expired));
    else if (b->n > 0)
        VPI_TRY(shred_ended(vault, b, report));
    st = VPRIV_OK;
out:
    return st;
}
