#include "vault/sweep.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/adopt.h"
#include "vault/blocks.h"
#include "vault/erase.h"
#include "vault/false_wakes.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/receipt.h"
#include "vault/rekey.h"
#include "vault/unread.h"
#include "vault/vacuum.h"
#include <string.h>

enum {
    SWEEP_BLOCKS = 1,
    SWEEP_SUBJECT = 2,
};

#define BLOCKS_PER_STEP      64
#define DERIVATIVES_PER_STEP 4
#define RECORDINGS_PER_STEP  32
/* Entries at the queue's end among which one that would be there twice is looked for. */
#define LOOKED_BACK 32

vpriv_status vpi_sweep_add_blocks(vpriv_vault *vault, int64_t row)
{
    return vpi_database_run(vault->database,
        "INSERT INTO sweep(kind, recording, cursor) VALUES (?1, ?2, 0)", "ii",
        (int64_t)SWEEP_BLOCKS, row);
}

vpriv_status vpi_sweep_add_subject(vpriv_vault *vault, const vpi_subject *subject)
{
    uint8_t tag[VPI_TAG_BYTES];
    const vpriv_status st = vpi_subject_recording_tag(vault, subject->row, tag);
    if (st != VPRIV_OK)
        return st;
    return vpi_database_run(vault->database,
        "INSERT INTO sweep(kind, tag, recording, cursor)"
        " SELECT ?1, ?2, newest, 0 FROM (SELECT coalesce(max(id), 0) AS newest FROM recording)"
        " WHERE NOT EXISTS (SELECT 1 FROM (SELECT * FROM sweep ORDER BY id DESC LIMIT ?3)"
        " WHERE kind = ?1 AND tag = ?2 AND recording = newest AND cursor = 0)",
        "ibi", (int64_t)SWEEP_SUBJECT, tag, sizeof tag, (int64_t)LOOKED_BACK);
}

static vpriv_status entry_done(vpriv_vault *vault, int64_t id)
{
    return vpi_database_run(vault->database, "DELETE FROM sweep WHERE id = ?1", "i", id);
}

/* Inside a transaction; of an entry that is possible, so never the blocks of a living recording. */
static vpriv_status remove_blocks(vpriv_vault *vault, int64_t id, int64_t recording)
{
    const vpi_block_ids ids = vpi_blocks_of(recording);
    vpriv_status st = vpi_database_run(vault->database,
        "DELETE FROM block WHERE id IN (SELECT id FROM block WHERE id >= ?1 AND id < ?2 LIMIT ?3)",
        "iii", ids.first, ids.end, (int64_t)BLOCKS_PER_STEP);
    if (st != VPRIV_OK || vpi_database_changes(vault->database) == BLOCKS_PER_STEP)
        return st;
    st = vpi_database_run(vault->database,
        "DELETE FROM derivative WHERE id IN (SELECT id FROM derivative WHERE recording = ?1 LIMIT "
        "?2)",
        "ii", recording, (int64_t)DERIVATIVES_PER_STEP);
    if (st != VPRIV_OK || vpi_database_changes(vault->database) == DERIVATIVES_PER_STEP)
        return st;
    return entry_done(vault, id);
}

vpriv_status vpi_sweep_blocks(vpriv_vault *vault, int most)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_begin(vault));
    for (int i = 0; i < most; i++) {
        vpi_row row = VPI_NO_ROW;
        const vpriv_status found = vpi_database_query(vault->database, &row,
            "SELECT id, recording FROM sweep WHERE kind = ?1 AND " VPI_SWEEP_POSSIBLE
            " ORDER BY id LIMIT 1",
            "i", (int64_t)SWEEP_BLOCKS);
        if (found == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(found);
        const int64_t id = vpi_column_int(&row, 0), recording = vpi_column_int(&row, 1);
        vpi_row_end(&row);
        VPI_TRY(remove_blocks(vault, id, recording));
    }
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

/* Whether any wrap of the recording still opens with the grant keys in force. */
static vpriv_status is_alive(vpriv_vault *vault, const vpi_recording *recording, bool *alive_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_wraps *wraps = NULL;
    vpi_recording_bond bond;
    uint8_t inner[VPI_INNER_BYTES];
    uint8_t *key = vault->secrets->adopt_shred_key;
    bool alive = false;
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    vpi_recording_bond_of(vault, recording, &bond);
    VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, key));
    VPI_TRY(vpi_wraps_load(vault, recording->row, key, wraps));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX && !alive; p++) {
        if (!(wraps->purposes >> p & 1))
            continue;
        VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, key));
        const vpriv_status keyed =
            vpi_wrap_key_in_force(vault, recording, (vpriv_purpose)p, key, key);
        if (keyed == VPRIV_E_CONSENT)
            continue;
        VPI_TRY(keyed);
        alive = vpi_wrap_open(key, &bond, p, wraps->wrap[p], inner) == VPRIV_OK;
    }
    vpi_fail_clear();
    *alive_out = alive;
    st = VPRIV_OK;
out:
    vpi_wipe(key, VPI_KEY_BYTES);
    free(wraps);
    return st;
}

/* What a step finds: recordings that nothing opens, old keys of those that lost derivatives, and damaged ones. */
typedef struct dead {
    int64_t rows[RECORDINGS_PER_STEP];
    size_t n_rows;
    uint64_t slots[RECORDINGS_PER_STEP];
    size_t n_slots;
    uint64_t n_derivatives;
    int64_t unread[RECORDINGS_PER_STEP];
    size_t n_unread;
} dead;

static vpriv_status look_at(vpriv_vault *vault, int64_t row, vpi_recording *recording, dead *found)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n = 0;
    bool alive = true;
    VPI_TRY(vpi_recording_load(vault, row, recording));
    if (recording->restriction == VPRIV_RESTRICTION_LEGAL_HOLD)
        return VPRIV_OK;
    VPI_TRY(is_alive(vault, recording, &alive));
    if (!alive) {
        found->rows[found->n_rows++] = recording->row;
    } else {
        VPI_TRY(vpi_recording_drop_dead(vault, recording, &n, &found->slots[found->n_slots]));
        found->n_slots += n > 0;
        found->n_derivatives += n;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Among a person's next recordings. *cursor_io stays when there are no more. */
static vpriv_status find_dead(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], int64_t bound,
    int64_t *cursor_io, dead *found, bool *done_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    *done_out = false;
    for (int i = 0; i < RECORDINGS_PER_STEP; i++) {
        int64_t row = 0;
        const vpriv_status next = vpi_database_next(vault->database, *cursor_io, &row,
            "SELECT recording FROM recording_subject WHERE tag = ?1 AND recording > ?2"
            " AND recording <= ?3 ORDER BY recording LIMIT 1",
            "bii", tag, (size_t)VPI_TAG_BYTES, *cursor_io, bound);
        if (next == VPRIV_E_NOT_FOUND) {
            *done_out = true;
            break;
        }
        VPI_TRY(next);
        VPI_TRY(vpi_vault_part_begin(vault));
        const vpriv_status looked =
            vpi_vault_part_end(vault, look_at(vault, row, recording, found));
        if (vpi_is_damage(looked))
            found->unread[found->n_unread++] = row;
        else
            VPI_TRY(looked);
        vpi_fail_clear();
        *cursor_io = row;
    }
    st = VPRIV_OK;
out:
    free(recording);
    return st;
}

static vpriv_status destroy(vpriv_vault *vault, dead *found)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_receipt receipt;
    vpriv_log_entry recordings = {.kind = VPRIV_LOG_ERASURE,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "library",
        .reason = "no consent left for any purpose"};
    vpriv_log_entry derivatives = {.kind = VPRIV_LOG_DERIVATIVE_ERASED,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .count = found->n_derivatives,
        .actor = "library",
        .reason = "no consent left for any purpose"};
    if (found->n_derivatives > 0)
        VPI_TRY(vpi_log_append(vault, &derivatives, NULL, 0, NULL, NULL));
    if (found->n_rows > 0) {
        vpi_receipt_start(vault, VPRIV_LOG_ERASURE, &receipt);
        VPI_TRY(vpi_erase_rows(vault, found->rows, found->n_rows, found->slots, found->n_slots,
            &recordings, &receipt, NULL));
    } else if (found->n_slots > 0) {
        VPI_TRY(vpi_vault_shred(vault, found->slots, found->n_slots));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status look_again_later(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const dead *found)
{
    vpriv_status st = VPRIV_OK;
    for (size_t i = 0; st == VPRIV_OK && i < found->n_unread; i++)
        st = vpi_database_run(vault->database,
            "INSERT INTO sweep(kind, tag, recording, cursor) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS"
            " (SELECT 1 FROM sweep WHERE kind = ?1 AND tag = ?2 AND recording = ?3 AND cursor = "
            "?4)",
            "ibii", (int64_t)SWEEP_SUBJECT, tag, (size_t)VPI_TAG_BYTES, found->unread[i],
            (int64_t)VPI_SWEEP_AGAIN);
    return st;
}

/* How far a call has come in the queue. */
typedef struct progress {
    int64_t after;     /* entries that stay are behind it */
    uint64_t n_unread; /* those of recordings that are damaged still */
    bool is_over;
} progress;

typedef struct entry {
    int64_t id, kind, recording, cursor;
    uint8_t tag[VPI_TAG_BYTES];
} entry;

static vpriv_status sweep_subject(vpriv_vault *vault, const entry *e, progress *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    dead found = {.n_rows = 0};
    bool done = false;
    const bool is_again = e->cursor == VPI_SWEEP_AGAIN;
    int64_t cursor = is_again ? e->recording - 1 : e->cursor;
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(find_dead(vault, e->tag, e->recording, &cursor, &found, &done));
    if (is_again && found.n_unread > 0) {
        p->after = e->id;
        p->n_unread++;
        return VPRIV_OK;
    }
    if (done || is_again)
        VPI_TRY(entry_done(vault, e->id));
    else
        VPI_TRY(vpi_database_run(
            vault->database, "UPDATE sweep SET cursor = ?2 WHERE id = ?1", "ii", e->id, cursor));
    VPI_TRY(look_again_later(vault, e->tag, &found));
    VPI_TRY(destroy(vault, &found));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status next_entry(vpriv_vault *vault, int64_t after, entry *entry_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, kind, tag, recording, cursor FROM sweep WHERE id > ?1 AND " VPI_SWEEP_POSSIBLE
        " ORDER BY id LIMIT 1",
        "i", after);
    if (st == VPRIV_OK) {
        *entry_out = (entry){.id = vpi_column_int(&row, 0),
            .kind = vpi_column_int(&row, 1),
            .recording = vpi_column_int(&row, 3),
            .cursor = vpi_column_int(&row, 4)};
        if (entry_out->kind == SWEEP_SUBJECT)
            st = vpi_column_copy(&row, 2, entry_out->tag, sizeof entry_out->tag);
    }
    vpi_row_end(&row);
    return st;
}

/* One step in a transaction of its own. */
static vpriv_status step(vpriv_vault *vault, progress *p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    entry e;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    const vpriv_status found = next_entry(vault, p->after, &e);
    p->is_over = found == VPRIV_E_NOT_FOUND;
    if (!p->is_over) {
        VPI_TRY(found);
        if (e.kind == SWEEP_BLOCKS)
            VPI_TRY(remove_blocks(vault, e.id, e.recording));
        else
            VPI_TRY(sweep_subject(vault, &e, p));
    }
    VPI_TRY(vpi_vault_commit(vault));
    vpi_vault_give_back(vault);
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

vpriv_status vpi_sweep_dead_provisional(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t row = 0;
    for (;;) {
        const vpriv_status next = vpi_database_next(vault->database, row, &row,
            "SELECT id FROM recording WHERE state = 1 AND id > ?1 AND NOT EXISTS"
            " (SELECT 1 FROM ingest WHERE recording = recording.id) ORDER BY id LIMIT 1",
            "i", row);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        if (vpi_recorder_is_alive(vault, row))
            continue;
        VPI_TRY(vpi_vault_begin_freeing(vault));
        if (vpi_recorder_is_alive(vault, row)) {
            /* Rejected meanwhile, and its number is another's. */
            vpi_vault_rollback(vault);
            continue;
        }
        /* Nobody has its keys: what lies there is noise already. */
        VPI_TRY(vpi_database_run(vault->database,
            "DELETE FROM recording WHERE id = ?1 AND state = 1 AND header IS NULL"
            " AND key_slot IS NULL AND NOT EXISTS (SELECT 1 FROM ingest WHERE recording = ?1)",
            "i", row));
        if (vpi_database_changes(vault->database) == 1)
            VPI_TRY(vpi_blocks_remove(vault, row));
        VPI_TRY(vpi_vault_commit(vault));
    }
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

vpriv_status vpriv_vault_tidy(vpriv_vault *vault, uint32_t n_steps, uint64_t *n_left_out)
{
    int64_t n_left = 0, n_impossible = 0;
    uint64_t n_vacuum = 0;
    progress p = {.after = INT64_MIN};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_sweep_dead_provisional(vault));
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_ingest_bury_damaged(vault));
    VPI_TRY(vpi_false_wakes_log(vault));
    VPI_TRY(vpi_vault_commit(vault));
    vpi_vault_give_back(vault);
    uint32_t i = 0;
    while (i < n_steps && !p.is_over) {
        const int64_t after = p.after;
        VPI_TRY(step(vault, &p));
        i += !p.is_over && p.after == after;
    }
    VPI_TRY(vpi_vacuum_waiting(vault, &n_vacuum));
    for (; i < n_steps && n_vacuum > 0; i++) {
        VPI_TRY(vpi_vacuum_step(vault));
        VPI_TRY(vpi_vacuum_waiting(vault, &n_vacuum));
    }
    VPI_TRY(vpi_database_int(vault->database, &n_left, "SELECT count(*) FROM sweep", ""));
    const bool is_done = p.is_over && n_vacuum == 0;
    if (is_done) /* nothing else is left in the queue, however long it was */
        VPI_TRY(vpi_database_int(vault->database, &n_impossible,
            "SELECT count(*) FROM sweep WHERE NOT " VPI_SWEEP_POSSIBLE, ""));
    vpi_database_empty_log(vault->database, 0);
    vpi_vault_give_back(vault);
    if (n_left_out)
        *n_left_out = (uint64_t)n_left + n_vacuum;
    if (is_done)
        VPI_TRY(vpi_unread_tell(p.n_unread + (uint64_t)n_impossible));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
