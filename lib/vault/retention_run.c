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
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include "vault/unread.h"
#include <stdio.h>
#include <string.h>
#include <voicepriv/retention.h>

#define BATCH_ROWS       256
#define BATCH_ROWS_SHORT 16 /* when the disk is full and only the reserve is there to write in */
#define US_PER_DAY       INT64_C(86400000000)
#define MONTHS_SKEW_US   (4 * US_PER_DAY)
/* So many in a row that are not due end the look at one head, and so many that say nothing about the order:
 * dated in the future, or of months of different lengths. */
#define HEAD_ROWS  256
#define OTHER_ROWS 1024
/* Rows of no use any more that leave a queue in one transaction. */
#define STALE_ROWS(b) (4 * (b)->most)
/* Looked at by a round in one transaction; and of the clear columns alone. */
#define ROUND_ROWS  1024
#define HIDDEN_ROWS 4096

typedef struct batch {
    bool is_short; /* a batch did not fit: the reserve is given up, and batches are small */
    size_t most;
    int64_t now_us;
    bool is_held;
    int64_t next_due_us; /* of what is not due yet */
    int64_t rows[BATCH_ROWS];
    uint64_t slots[2 * BATCH_ROWS]; /* of recordings that lost a purpose, */
    size_t n_slots, n_buried;       /* and of those that lost their last */
    size_t n;                       /* due, of one or the other */
    size_t n_stale;                 /* left the queue, because the purpose was gone already */
    bool is_round;
    size_t n_looked, n_waiting, n_others;
    vpi_round round;          /* becomes the vault's with the commit */
    bool met_unread;          /* at a head */
    bool is_begun;            /* this is not the first step */
    uint64_t n_pending;       /* recordings that could not be adopted, */
    uint64_t n_people;        /* and people whose consents could not be looked at */
    vpi_recording *recording; /* scratch */
} batch;

/* Recordings, or purposes of them, by the class that ends them. */
typedef struct queue {
    const char *next_class, *next_row;
    vpriv_status (*look)(vpriv_vault *vault, batch *b, int64_t retention, int64_t row);
} queue;

static void note_due(batch *b, int64_t due_us)
{
    if (due_us < b->next_due_us)
        b->next_due_us = due_us;
}

/* The recording at hand is not due in this queue. */
static void count_waiting(batch *b, int64_t retention, int64_t ends_us)
{
    const bool may_be_early = vpi_retention_is_in_months((vpriv_retention)retention) &&
                              ends_us < b->now_us + MONTHS_SKEW_US;
    if (b->recording->tag.started_us <= b->now_us && !may_be_early)
        b->n_waiting++;
    else
        b->n_others++;
}

static bool goes_on(const batch *b)
{
    if (b->is_round)
        return b->n < b->most && b->n_looked < ROUND_ROWS;
    return b->n < b->most && b->n_stale < STALE_ROWS(b) && b->n_waiting < HEAD_ROWS &&
           b->n_others < OTHER_ROWS;
}

/* What is damaged says nothing, neither of itself nor of the order. */
static vpriv_status pass_over(batch *b, int64_t row)
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

static vpriv_status look_at_recording(vpriv_vault *vault, batch *b, int64_t retention, int64_t row)
{
    const vpriv_status st = vpi_recording_load(vault, row, b->recording);
    if (st != VPRIV_OK)
        return vpi_is_damage(st) ? pass_over(b, row) : st;
    if (b->recording->state != VPRIV_RECORDING_COMMITTED)
        return VPRIV_OK;
    const int64_t ends_us = b->recording->expires_us;
    if (ends_us <= b->now_us) {
        b->rows[b->n++] = row;
    } else {
        count_waiting(b, retention, ends_us);
        note_due(b, ends_us);
    }
    return VPRIV_OK;
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

/* A recording without a purpose, because others were withdrawn before, is of use to nobody. */
static vpriv_status narrow(vpriv_vault *vault, batch *b, uint32_t ended)
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
static vpriv_status end_term(vpriv_vault *vault, batch *b, int64_t retention, int64_t row)
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
static vpriv_status look_at_term(vpriv_vault *vault, batch *b, int64_t retention, int64_t row)
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
            VPI_TRY(pass_over(b, row));
        return VPRIV_OK;
    }
    VPI_TRY(loaded);
    VPI_TRY(vpi_vault_part_begin(vault));
    const vpriv_status ended = vpi_vault_part_end(vault, end_term(vault, b, retention, row));
    if (vpi_is_damage(ended)) {
        b->n_slots = n_slots;
        b->n_buried = n_buried;
        VPI_TRY(pass_over(b, row));
    } else {
        VPI_TRY(ended);
    }
    st = VPRIV_OK;
out:
    return st;
}

static const queue recordings = {
    "SELECT retention FROM recording WHERE state IN (2, 3) AND retention > ?1"
    " ORDER BY retention LIMIT 1",
    "SELECT id FROM recording WHERE state IN (2, 3) AND state = 2 AND retention = ?2 AND id > ?1"
    " ORDER BY id LIMIT 1",
    look_at_recording};
/* Of a round, in which no clear column hides anything: also what is set aside, and what is kept until erased. */
static const queue all_recordings = {
    "SELECT retention FROM recording WHERE state IN (2, 3) AND retention > ?1"
    " ORDER BY retention LIMIT 1",
    "SELECT id FROM recording WHERE state IN (2, 3) AND retention = ?2 AND id > ?1"
    " ORDER BY id LIMIT 1",
    look_at_recording};
static const queue terms = {
    "SELECT retention FROM term WHERE retention > ?1 ORDER BY retention LIMIT 1",
    "SELECT recording FROM term WHERE retention = ?2 AND recording > ?1 AND NOT EXISTS"
    " (SELECT 1 FROM recording WHERE id = term.recording AND state = 3)"
    " ORDER BY recording LIMIT 1",
    look_at_term};

static vpriv_status walk_class(vpriv_vault *vault, const queue *q, batch *b, int64_t retention,
    int64_t *row_io, bool *is_over_out)
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
static vpriv_status walk(vpriv_vault *vault, const queue *q, batch *b, int64_t *retention_io,
    int64_t *row_io, bool *is_over_out)
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

static vpriv_status shred_ended(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
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

/* A batch of one queue, from a place on. */
static vpriv_status destroy(vpriv_vault *vault, const queue *q, batch *b, int64_t *retention_io,
    int64_t *row_io, bool *is_over_out, vpriv_retention_report *report)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(walk(vault, q, b, retention_io, row_io, is_over_out));
    if (b->n > 0 && b->is_held)
        report->is_held = true;
    else if (b->n > 0 && q != &terms)
        VPI_TRY(expire_batch(vault, b, &report->n_expired));
    else if (b->n > 0)
        VPI_TRY(shred_ended(vault, b, report));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status destroy_heads(
    vpriv_vault *vault, batch *b, const queue *q, vpriv_retention_report *report)
{
    int64_t retention = -1, row = 0;
    bool is_over = false;
    return destroy(vault, q, b, &retention, &row, &is_over, report);
}

/* Consents that are over, once nothing else is due. A clock that jumped ends none. */
static vpriv_status end_consents(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
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
static bool round_is_due(const batch *b)
{
    const vpi_round *round = &b->round;
    return round->is_under_way || b->now_us >= round->next_us || b->now_us >= round->odd_us ||
           vpi_monotonic_us() >= round->next_monotonic_us;
}

/* At the first step of a run: what the last round could not read may be erased or mended by now. */
static vpriv_status look_again(vpriv_vault *vault, batch *b)
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
static vpriv_status look_for_hidden(vpriv_vault *vault, batch *b, bool *is_over_out)
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
    vpriv_vault *vault, batch *b, bool *is_over_out, vpriv_retention_report *report)
{
    vpi_round *round = &b->round;
    if (round->stage != ROUND_HIDDEN)
        return destroy(vault, round->stage == ROUND_TERMS ? &terms : &all_recordings, b,
            &round->retention, &round->row, is_over_out, report);
    const vpriv_status st = look_for_hidden(vault, b, is_over_out);
    if (!vpi_is_damage(st))
        return st;
    /* A page of the table: its rows were told by way of the index. */
    *is_over_out = true;
    return pass_over(b, round->row);
}

/* Nothing is due at any head: look at more of all the others. */
static vpriv_status go_round(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
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
    note_due(b, heads_us);
    if (round->stage == ROUND_END)
        *round = (vpi_round){.next_us = b->now_us + US_PER_DAY,
            .next_monotonic_us = vpi_monotonic_us() + US_PER_DAY,
            .odd_us = round->least_us < heads_us ? round->least_us : VPRIV_TIME_FOREVER_US,
            .n_unread = round->n_unread,
            .unread_row = round->unread_row};
    st = VPRIV_OK;
out:
    return st;
}

/* One batch of recordings, or, when none is due, of purposes. */
static vpriv_status try_step(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
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
    b->most = vpi_reserve_is_there(vault) ? BATCH_ROWS : BATCH_ROWS_SHORT;
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_unread_pending(vault, &b->n_pending));
    b->now_us = vpi_vault_now_us(vault);
    VPI_TRY(look_again(vault, b));
    VPI_TRY(vpi_clock_guard(vault, &b->is_held, &report->held_until_us));
    report->is_held = false;
    VPI_TRY(destroy_heads(vault, b, &recordings, report));
    if (b->n == 0)
        VPI_TRY(destroy_heads(vault, b, &terms, report));
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
        note_due(b, b->round.odd_us);
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
static vpriv_status step(vpriv_vault *vault, batch *b, vpriv_retention_report *report)
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
