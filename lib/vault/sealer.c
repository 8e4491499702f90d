#include "vault/sealer.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "vault/false_wakes.h"
#include "vault/grounds.h"
#include "vault/ingest.h"
#include "vault/policy.h"
#include <string.h>

#define NUMBERS_TRIED 256

struct vpi_sealer {
    vpriv_vault *vault;
    vpi_grounds grounds;
    vpi_recording_bond bond;
    int64_t row;    /* 0 until the first write */
    bool is_stored; /* the row's transaction was committed */
    uint64_t n_blocks;
    bool committed;
    bool done;
    struct {
        vpi_recording_keys keys;
        vpi_ingest_commit commit;
    } * secrets; /* guarded */
};

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, VPI_SUBJECT_ID_BYTES);
}

/* Keys, wraps' inner boxes, and everything the blocks are bound to. */
static vpriv_status make_keys(vpi_sealer *sealer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = sealer->vault;
    vpi_ingest_commit *commit = &sealer->secrets->commit;
    vpi_recording_keys *keys = &sealer->secrets->keys;
    VPI_TRY(vpi_tag_encode(&sealer->grounds.tag, commit->tag_bytes, &commit->n_tag_bytes));
    vpi_tag_hash(commit->tag_bytes, commit->n_tag_bytes, sealer->bond.tag_hash);
    memcpy(sealer->bond.vault_id, vault->vault_id, VPI_VAULT_ID_BYTES);
    vpi_random(sealer->bond.recording_id, VPI_RECORDING_ID_BYTES);
    vpi_recording_keys_generate(keys);
    memcpy(commit->shred_key, keys->shred_key, VPI_KEY_BYTES);
    vpi_recording_commitment(keys->recording_key, &sealer->bond, commit->commitment);
    commit->purposes = sealer->grounds.tag.purposes;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (commit->purposes >> p & 1)
            VPI_TRY(vpi_inner_seal(keys->recording_key, &sealer->bond, vault->purpose_public_key[p],
                commit->inner[p]));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_sealer_create(
    vpriv_vault *vault, const vpi_sealer_request *request, vpi_sealer **sealer_out)
{
    vpi_sealer *sealer = NULL;
    bool began = false;
    vpi_policy_head *head = NULL;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(request->required, VPRIV_E_ARG, "a recording needs at least one purpose");
    VPI_ENSURE(request->tag.retention != VPRIV_RETENTION_NONE, VPRIV_E_STATE,
        "retention is \"none\" (don't save)");
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_alloc(1, sizeof *sealer, (void **)&sealer));
    VPI_TRY(vpi_secret_alloc(sizeof *sealer->secrets, (void **)&sealer->secrets));
    sealer->vault = vault;
    sealer->grounds.required = request->required;
    sealer->grounds.n_guests = request->n_guests;
    sealer->grounds.n_unknown = request->n_unknown;
    sealer->grounds.tag = request->tag;
    vpi_tag *tag = &sealer->grounds.tag;
    qsort(tag->subjects, tag->n_subjects, VPI_SUBJECT_ID_BYTES, by_id);
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, head));
    memcpy(tag->jurisdiction, head->settings.jurisdiction, VPRIV_JURISDICTION_BYTES);
    if (tag->device_class[0] == '\0')
        memcpy(tag->device_class, head->settings.device_class, VPRIV_DEVICE_BYTES);
    tag->policy_epoch = vpi_policy_in_force(head, vpi_vault_now_us(vault)).epoch;
    tag->started_us = vpi_vault_now_us(vault) - request->started_ago_us;
    tag->purposes = tag->n_consents = 0;
    VPI_TRY(vpi_grounds_decide(vault, &sealer->grounds, request->optional));
    VPI_TRY(make_keys(sealer));
    *sealer_out = sealer;
    sealer = NULL;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(head);
    if (sealer) {
        vpi_secret_free(sealer->secrets);
        free(sealer);
    }
    return st;
}

/* An inner box needs no grant key. The envelope is sealed to the ingest key of this moment, which the withdrawal
 * did not destroy: what was withdrawn since the start must never come into it. */
static vpriv_status drop_withdrawn(vpi_sealer *sealer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ingest_commit *commit = &sealer->secrets->commit;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        bool rests = false;
        if (!((commit->purposes & ~sealer->grounds.required) >> p & 1))
            continue;
        VPI_TRY(vpi_grounds_ask_purpose(sealer->vault, &sealer->grounds, p, &reasons, &rests));
        if (!rests) {
            commit->purposes &= ~VPRIV_PURPOSE_BIT(p);
            vpi_wipe(commit->inner[p], VPI_INNER_BYTES);
        }
    }
    st = VPRIV_OK;
out:
    return st;
}

/* The row must still be there and alive: another process may have erased the recording. */
static vpriv_status check_row(vpi_sealer *sealer)
{
    int64_t state = 0;
    const vpriv_status st = vpi_database_int(sealer->vault->database, &state,
        "SELECT state FROM recording WHERE id = ?1", "i", sealer->row);
    if (st == VPRIV_E_NOT_FOUND || (st == VPRIV_OK && state == VPRIV_RECORDING_SHREDDED))
        return vpi_fail(VPRIV_E_ERASED, "the recording was erased while it was taken");
    return st;
}

/* Whoever rejects gives the row back first and then its lock: till then the number is free and the lock is not. */
static vpriv_status take_number(vpriv_vault *vault, int64_t *row_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t row = 0;
    VPI_TRY(vpi_database_int(
        vault->database, &row, "SELECT coalesce(max(id), 0) + 1 FROM recording", ""));
    vpriv_status locked = vpi_recorder_lock(vault, row);
    for (int i = 1; i < NUMBERS_TRIED && locked == VPRIV_E_BUSY; i++)
        locked = vpi_recorder_lock(vault, ++row);
    VPI_TRY(locked);
    vpi_fail_clear();
    *row_out = row;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status insert_row(vpi_sealer *sealer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = sealer->vault;
    if (sealer->row)
        return check_row(sealer);
    VPI_TRY(take_number(vault, &sealer->row));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO recording(id, name, state, retention) VALUES (?1, ?2, ?3, 0)", "ibi",
        sealer->row, sealer->bond.recording_id, (size_t)VPI_RECORDING_ID_BYTES,
        (int64_t)VPRIV_RECORDING_PROVISIONAL));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status insert_block(
    vpi_sealer *sealer, uint64_t sequence, const uint8_t *plain, bool is_final)
{
    uint8_t block[VPI_BLOCK_BYTES];
    vpi_block_seal(&sealer->secrets->keys, &sealer->bond, sequence, is_final, plain, block);
    return vpi_blocks_insert(sealer->vault, sealer->row, sequence, block);
}

/* After a failed transaction of a first write the row is not there: it must be made anew. */
static void forget_row(vpi_sealer *sealer)
{
    if (sealer->row && !sealer->is_stored) {
        vpi_recorder_unlock(sealer->vault, sealer->row);
        sealer->row = 0;
    }
}

static void settle(vpi_sealer_part *part, vpriv_status status)
{
    part->is_settled = true;
    part->status = status;
    if (status != VPRIV_OK)
        snprintf(part->detail, sizeof part->detail, "%s", vpriv_error_detail());
}

/* In the transaction. *wrote_out: something of it may be in there. */
static vpriv_status write_part(vpi_sealer_part *part, bool *wrote_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_sealer *sealer = part->sealer;
    *wrote_out = false;
    VPI_ENSURE(!sealer->done, VPRIV_E_STATE, "the recording has ended");
    VPI_TRY(vpi_grounds_ask(sealer->vault, &sealer->grounds));
    *wrote_out = true;
    VPI_TRY(insert_row(sealer));
    for (size_t i = 0; i < part->n_blocks; i++)
        VPI_TRY(insert_block(
            sealer, sealer->n_blocks + i, part->plain + i * VPI_BLOCK_PLAIN_BYTES, false));
    st = VPRIV_OK;
out:
    return st;
}

/* One transaction for every part that is not settled. *again_out: one of them is settled as failed, and what it
 * may have written took the transaction with it. A failure is one of the transaction itself. */
static vpriv_status write_unsettled(
    vpriv_vault *vault, vpi_sealer_part *parts, size_t n_parts, bool *again_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_written = 0;
    *again_out = false;
    VPI_TRY(vpi_vault_begin_recording(vault));
    for (size_t i = 0; i < n_parts; i++) {
        bool wrote = false;
        if (parts[i].is_settled)
            continue;
        const vpriv_status written = write_part(&parts[i], &wrote);
        if (written != VPRIV_OK)
            settle(&parts[i], written);
        else
            n_written++;
        if (written != VPRIV_OK && (wrote || vpi_database_lost_transaction(vault->database))) {
            *again_out = true;
            break;
        }
    }
    if (n_written > 0 && !*again_out)
        VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

/* With the vault's lock held. */
static void write_group(vpriv_vault *vault, vpi_sealer_part *parts, size_t n_parts)
{
    bool must_survive = false, again = true;
    vpriv_status st = VPRIV_OK;
    for (size_t i = 0; i < n_parts; i++)
        must_survive = must_survive || parts[i].sealer->committed;
    if (!must_survive)
        st = vpi_database_set_durable(vault->database, false);
    while (st == VPRIV_OK && again) {
        st = write_unsettled(vault, parts, n_parts, &again);
        for (size_t i = 0; i < n_parts && (again || st != VPRIV_OK); i++)
            forget_row(parts[i].sealer);
    }
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].is_settled)
            continue;
        settle(&parts[i], st);
        if (st == VPRIV_OK) {
            parts[i].sealer->is_stored = true;
            parts[i].sealer->n_blocks += parts[i].n_blocks;
        }
    }
    /* When it fails the blocks are there all the same; the next transaction asks again. */
    (void)vpi_database_set_durable(vault->database, true);
}

void vpi_sealer_write_group(vpi_sealer_part *parts, size_t n_parts)
{
    vpriv_vault *vault = parts[0].sealer->vault;
    for (size_t i = 0; i < n_parts; i++) {
        VPI_IMPOSSIBLE_UNLESS(parts[i].sealer->vault == vault);
        parts[i].status = VPRIV_E_INTERNAL;
        parts[i].is_settled = false;
        parts[i].detail[0] = '\0';
    }
    const vpriv_status entered = vpi_vault_enter(vault, false);
    VPI_IMPOSSIBLE_UNLESS(entered == VPRIV_OK);
    write_group(vault, parts, n_parts);
    vpi_vault_leave(vault);
    vpi_fail_clear();
}

vpriv_status vpi_sealer_write(vpi_sealer *sealer, const uint8_t *plain, size_t n_blocks)
{
    vpi_sealer_part part = {.sealer = sealer, .plain = plain, .n_blocks = n_blocks};
    vpi_sealer_write_group(&part, 1);
    return part.status == VPRIV_OK ? VPRIV_OK : vpi_fail(part.status, "%s", part.detail);
}

vpriv_status vpi_sealer_commit(vpi_sealer *sealer)
{
    vpriv_vault *vault = sealer->vault;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(!sealer->done && !sealer->committed, VPRIV_E_STATE, "the recording is confirmed");
    VPI_TRY(vpi_vault_begin_recording(vault));
    VPI_TRY(vpi_grounds_ask(sealer->vault, &sealer->grounds));
    VPI_TRY(drop_withdrawn(sealer));
    VPI_TRY(insert_row(sealer));
    VPI_TRY(vpi_ingest_write_commit(
        vault, sealer->row, sealer->bond.recording_id, &sealer->secrets->commit));
    if (vault->tree)
        VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_vault_commit(vault));
    sealer->is_stored = sealer->committed = true;
    vpi_wipe(&sealer->secrets->commit, sizeof sealer->secrets->commit);
    vpi_wipe(sealer->secrets->keys.shred_key, VPI_KEY_BYTES);
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    if (st != VPRIV_OK)
        forget_row(sealer);
    vpi_vault_leave(vault);
    return st;
}

static void end(vpi_sealer *sealer)
{
    sealer->done = true;
    vpi_wipe(sealer->secrets, sizeof *sealer->secrets);
    if (sealer->row)
        vpi_recorder_unlock(sealer->vault, sealer->row);
}

vpriv_status vpi_sealer_finish(vpi_sealer *sealer, const uint8_t plain[VPI_BLOCK_PLAIN_BYTES],
    vpriv_end_reason reason, uint64_t n_frames_48k)
{
    vpriv_vault *vault = sealer->vault;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(!sealer->done && sealer->committed, VPRIV_E_STATE, "the recording is not confirmed");
    vpi_block_walk walk;
    const vpi_finish finish = {
        true, reason, sealer->n_blocks + 1, n_frames_48k, vpi_vault_now_us(vault)};
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(check_row(sealer));
    VPI_TRY(vpi_block_walk_start(plain, &walk));
    if (walk.n_entries > 0)
        VPI_TRY(vpi_grounds_ask(sealer->vault, &sealer->grounds));
    VPI_TRY(insert_block(sealer, sealer->n_blocks, plain, true));
    VPI_TRY(vpi_ingest_write_finish(vault, sealer->row, sealer->bond.recording_id, &finish));
    if (vault->tree)
        VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_vault_commit(vault));
    sealer->n_blocks++;
    end(sealer);
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

static vpriv_status remove_row(vpi_sealer *sealer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (!sealer->row)
        return VPRIV_OK;
    VPI_TRY(vpi_blocks_remove(sealer->vault, sealer->row));
    VPI_TRY(vpi_database_run(sealer->vault->database,
        "DELETE FROM recording WHERE id = ?1 AND state = 1", "i", sealer->row));
    st = VPRIV_OK;
out:
    return st;
}

/* What stays of a false wake is its count. It need not survive a power cut, and nothing waits for the
 * disk. */
static vpriv_status remove_and_count(vpi_sealer *sealer, uint32_t most_per_hour, bool *closed_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_vault *vault = sealer->vault;
    VPI_TRY(vpi_database_set_durable(vault->database, false));
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(remove_row(sealer));
    VPI_TRY(vpi_false_wakes_add(vault, sealer->grounds.tag.trigger, most_per_hour, closed_out));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    (void)vpi_database_set_durable(vault->database, true);
    return st;
}

vpriv_status vpi_sealer_reject(vpi_sealer *sealer, uint32_t most_per_hour, bool *closed_out)
{
    vpriv_vault *vault = sealer->vault;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(!sealer->done && !sealer->committed, VPRIV_E_STATE, "the recording is confirmed");
    /* First the keys: from here on nothing opens, whatever becomes of the rows. */
    vpi_wipe(sealer->secrets, sizeof *sealer->secrets);
    sealer->done = true;
    VPI_TRY(remove_and_count(sealer, most_per_hour, closed_out));
    st = VPRIV_OK;
out:
    end(sealer);
    vpi_vault_leave(vault);
    return st;
}

/* An error, or a file that was not wanted: no trigger that came to nothing. What cannot be removed now
 * goes at the next opening. */
static void abandon(vpi_sealer *sealer)
{
    vpriv_vault *vault = sealer->vault;
    vpi_wipe(sealer->secrets, sizeof *sealer->secrets);
    sealer->done = true;
    if (vpi_vault_enter(vault, false) != VPRIV_OK)
        return;
    if (sealer->row && vpi_vault_begin(vault) == VPRIV_OK && remove_row(sealer) == VPRIV_OK)
        (void)vpi_vault_commit(vault);
    end(sealer);
    vpi_vault_leave(vault);
}

void vpi_sealer_destroy(vpi_sealer *sealer)
{
    if (!sealer)
        return;
    if (!sealer->done && !sealer->committed)
        abandon(sealer);
    if (!sealer->done)
        end(sealer);
    vpi_secret_free(sealer->secrets);
    free(sealer);
}

const uint8_t *vpi_sealer_recording_id(const vpi_sealer *sealer)
{
    return sealer->bond.recording_id;
}

bool vpi_sealer_is_committed(const vpi_sealer *sealer)
{
    return sealer->committed;
}
