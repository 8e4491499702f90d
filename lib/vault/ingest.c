#include "vault/ingest.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/adopt.h"
#include "vault/erase.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include <sodium.h>
#include <string.h>

/* plain = kind (1) ‖ vault id (16) ‖ recording id (16) ‖ body, padded to a multiple of 512 bytes */
#define PREFIX_BYTES (1 + VPI_VAULT_ID_BYTES + VPI_RECORDING_ID_BYTES + 4)
#define COMMIT_BYTES                                                                               \
    (PREFIX_BYTES + VPI_KEY_BYTES + VPI_HASH_BYTES + 2 + VPI_TAG_ENCODED_BYTES + 4 +               \
        VPI_PURPOSES_MAX * VPI_INNER_BYTES)
#define PAD_BYTES   512
#define PLAIN_BYTES ((COMMIT_BYTES + PAD_BYTES - 1) / PAD_BYTES * PAD_BYTES)
#define BOX_BYTES   (1 + 48) /* suite, sealed box */

typedef struct envelope {
    uint8_t plain[PLAIN_BYTES];
    uint8_t secret_key[VPI_KEY_BYTES];
    vpi_ingest_commit commit;
} envelope;

static vpriv_status write_row(vpriv_vault *vault, int64_t row, int kind, envelope *e, vpi_writer *w)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head *head = NULL;
    uint8_t *sealed = NULL;
    const size_t n_bytes = vpi_writer_used(w);
    const size_t n_padded = (n_bytes + PAD_BYTES - 1) / PAD_BYTES * PAD_BYTES;
    vpi_put_zeros_to(w, n_padded);
    VPI_TRY(vpi_writer_finish(w, "envelope"));
    VPI_TRY(vpi_alloc(1, n_padded + BOX_BYTES, (void **)&sealed));
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_policy_read_head(vault, head));
    sealed[0] = VPI_SUITE;
    VPI_ENSURE(crypto_box_seal(sealed + 1, e->plain, n_padded, head->ingest_public_key) == 0,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO ingest(recording, kind, sealed) VALUES (?1, ?2, ?3)", "iib", row,
        (int64_t)kind, sealed, n_padded + BOX_BYTES));
    st = VPRIV_OK;
out:
    free(head);
    free(sealed);
    return st;
}

static vpi_writer start(
    envelope *e, int kind, const vpriv_vault *vault, const uint8_t id[VPI_RECORDING_ID_BYTES])
{
    vpi_writer w = vpi_writer_of(e->plain, sizeof e->plain);
    vpi_put_u8(&w, (uint8_t)kind);
    vpi_put_bytes(&w, vault->vault_id, VPI_VAULT_ID_BYTES);
    vpi_put_bytes(&w, id, VPI_RECORDING_ID_BYTES);
    return w;
}

vpriv_status vpi_ingest_write_commit(vpriv_vault *vault, int64_t row,
    const uint8_t recording_id[VPI_RECORDING_ID_BYTES], const vpi_ingest_commit *commit)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    envelope *e = NULL;
    VPI_TRY(vpi_secret_alloc(sizeof *e, (void **)&e));
    vpi_writer w = start(e, VPI_INGEST_COMMIT, vault, recording_id);
    vpi_put_bytes(&w, commit->shred_key, VPI_KEY_BYTES);
    vpi_put_bytes(&w, commit->commitment, VPI_HASH_BYTES);
    vpi_put_u16(&w, (uint16_t)commit->n_tag_bytes);
    vpi_put_bytes(&w, commit->tag_bytes, commit->n_tag_bytes);
    vpi_put_u32(&w, commit->purposes);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (commit->purposes >> p & 1)
            vpi_put_bytes(&w, commit->inner[p], VPI_INNER_BYTES);
    VPI_TRY(write_row(vault, row, VPI_INGEST_COMMIT, e, &w));
    st = VPRIV_OK;
out:
    vpi_secret_free(e);
    return st;
}

vpriv_status vpi_ingest_write_finish(vpriv_vault *vault, int64_t row,
    const uint8_t recording_id[VPI_RECORDING_ID_BYTES], const vpi_finish *finish)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    envelope *e = NULL;
    VPI_TRY(vpi_secret_alloc(sizeof *e, (void **)&e));
    vpi_writer w = start(e, VPI_INGEST_FINISH, vault, recording_id);
    vpi_put_u8(&w, (uint8_t)finish->reason);
    vpi_put_u64(&w, finish->n_blocks);
    vpi_put_u64(&w, finish->n_frames_48k);
    vpi_put_i64(&w, finish->ended_us);
    VPI_TRY(write_row(vault, row, VPI_INGEST_FINISH, e, &w));
    st = VPRIV_OK;
out:
    vpi_secret_free(e);
    return st;
}

vpriv_status vpi_ingest_pending(vpriv_vault *vault, uint64_t *n_out)
{
    int64_t n = 0;
    const vpriv_status st =
        vpi_database_int(vault->database, &n, "SELECT count(*) FROM ingest WHERE kind = 1", "");
    if (st == VPRIV_OK)
        *n_out = (uint64_t)n;
    return st;
}

/* Opens the box of the row at hand and checks that it belongs to its recording. */
static vpriv_status open_row(vpriv_vault *vault, const vpi_row *row, int kind, envelope *e,
    const uint8_t public_key[VPI_KEY_BYTES], vpi_reader *body_out)
{
    size_t n_sealed = 0;
    const uint8_t *sealed = vpi_column_blob(row, 2, &n_sealed);
    const uint8_t *name = NULL;
    size_t n_name = 0;
    if (!sealed || n_sealed < BOX_BYTES + PAD_BYTES || n_sealed > BOX_BYTES + PLAIN_BYTES ||
        sealed[0] != VPI_SUITE ||
        crypto_box_seal_open(e->plain, sealed + 1, n_sealed - 1, public_key, e->secret_key) != 0)
        return vpi_auth_failed();
    name = vpi_column_blob(row, 3, &n_name);
    vpi_reader r = vpi_reader_of(e->plain, n_sealed - BOX_BYTES);
    const unsigned found_kind = vpi_get_u8(&r);
    const uint8_t *vault_id = vpi_get_bytes(&r, VPI_VAULT_ID_BYTES);
    const uint8_t *id = vpi_get_bytes(&r, VPI_RECORDING_ID_BYTES);
    if (r.failed || (int)found_kind != kind || n_name != VPI_RECORDING_ID_BYTES || !name ||
        memcmp(vault_id, vault->vault_id, VPI_VAULT_ID_BYTES) != 0 ||
        memcmp(id, name, VPI_RECORDING_ID_BYTES) != 0)
        return vpi_auth_failed();
    *body_out = r;
    return VPRIV_OK;
}

static bool only_padding_is_left(const vpi_reader *r)
{
    return !r->failed && sodium_is_zero(r->at, vpi_reader_left(r));
}

static vpriv_status read_commit(vpi_reader *r, vpi_ingest_commit *commit_out)
{
    memset(commit_out, 0, sizeof *commit_out);
    vpi_get_copy(r, commit_out->shred_key, VPI_KEY_BYTES);
    vpi_get_copy(r, commit_out->commitment, VPI_HASH_BYTES);
    commit_out->n_tag_bytes = vpi_get_u16(r);
    if (commit_out->n_tag_bytes > VPI_TAG_ENCODED_BYTES)
        return vpi_auth_failed();
    vpi_get_copy(r, commit_out->tag_bytes, commit_out->n_tag_bytes);
    commit_out->purposes = vpi_get_u32(r);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (commit_out->purposes >> p & 1)
            vpi_get_copy(r, commit_out->inner[p], VPI_INNER_BYTES);
    return only_padding_is_left(r) ? VPRIV_OK : vpi_auth_failed();
}

static vpriv_status read_finish(vpi_reader *r, vpi_finish *finish_out)
{
    finish_out->is_finished = true;
    finish_out->reason = (vpriv_end_reason)vpi_get_u8(r);
    finish_out->n_blocks = vpi_get_u64(r);
    finish_out->n_frames_48k = vpi_get_u64(r);
    finish_out->ended_us = vpi_get_i64(r);
    return only_padding_is_left(r) && vpi_finish_is_possible(finish_out) ? VPRIV_OK
                                                                         : vpi_auth_failed();
}

/* Where the walk through the pending rows stands. */
typedef struct pending {
    int64_t recording;
    int64_t kind;
} pending;

static vpriv_status adopt_row(vpriv_vault *vault, vpi_row *row, envelope *e,
    const uint8_t public_key[VPI_KEY_BYTES], const pending *at)
{
    vpi_reader body;
    vpi_finish finish;
    vpriv_status st = open_row(vault, row, (int)at->kind, e, public_key, &body);
    vpi_row_end(row);
    if (st != VPRIV_OK)
        return st;
    if (at->kind == VPI_INGEST_COMMIT) {
        st = read_commit(&body, &e->commit);
        return st == VPRIV_OK ? vpi_adopt_commit(vault, at->recording, &e->commit) : st;
    }
    if (at->kind != VPI_INGEST_FINISH)
        return vpi_auth_failed();
    st = read_finish(&body, &finish);
    return st == VPRIV_OK ? vpi_adopt_finish(vault, at->recording, &finish) : st;
}

/* The next pending row; VPRIV_E_NOT_FOUND when there is none left. */
static vpriv_status adopt_next(
    vpriv_vault *vault, envelope *e, const uint8_t public_key[VPI_KEY_BYTES], pending *at_io)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT ingest.recording, ingest.kind, ingest.sealed, recording.name FROM ingest"
        " JOIN recording ON recording.id = ingest.recording"
        " WHERE (ingest.recording, ingest.kind) > (?1, ?2)"
        " ORDER BY ingest.recording, ingest.kind LIMIT 1",
        "ii", at_io->recording, at_io->kind);
    if (st != VPRIV_OK)
        return st;
    const pending next = {vpi_column_int(&row, 0), vpi_column_int(&row, 1)};
    /* On a damaged page rows need not be in order, and a walk that goes back does not end. */
    if (next.recording < at_io->recording ||
        (next.recording == at_io->recording && next.kind <= at_io->kind)) {
        vpi_row_end(&row);
        return vpi_auth_failed();
    }
    *at_io = next;
    st = adopt_row(vault, &row, e, public_key, at_io);
    vpi_row_end(&row);
    if (st == VPRIV_E_AUTH || st == VPRIV_E_FORMAT)
        return VPRIV_OK; /* stays where it is; vpriv_vault_verify names it, vpriv_vault_tidy buries it */
    if (st == VPRIV_OK)
        st = vpi_database_run(vault->database,
            "DELETE FROM ingest WHERE recording = ?1 AND kind = ?2", "ii", at_io->recording,
            at_io->kind);
    return st;
}

vpriv_status vpi_ingest_adopt_all(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    envelope *e = NULL;
    uint8_t public_key[VPI_KEY_BYTES];
    int64_t any = 0;
    pending at = {0, 0};
    VPI_TRY(vpi_database_int(vault->database, &any, "SELECT EXISTS (SELECT 1 FROM ingest)", ""));
    if (any) {
        VPI_TRY(vpi_secret_alloc(sizeof *e, (void **)&e));
        VPI_TRY(vpi_tree_get(vault->tree, VPI_SLOT_INGEST, e->secret_key));
        crypto_scalarmult_base(public_key, e->secret_key);
        vpriv_status next = VPRIV_OK;
        while ((next = adopt_next(vault, e, public_key, &at)) == VPRIV_OK)
            ;
        VPI_ENSURE(next == VPRIV_E_NOT_FOUND, next, "%s", vpriv_error_detail());
    }
    st = VPRIV_OK;
out:
    vpi_secret_free(e);
    return st;
}

vpriv_status vpi_ingest_bury_damaged(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_ERASURE,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "library",
        .reason = "pending, and damaged beyond opening"};
    for (int64_t row = 0;;) {
        int64_t state = 0;
        const vpriv_status found = vpi_database_next(vault->database, row, &row,
            "SELECT recording FROM ingest WHERE recording > ?1 ORDER BY recording LIMIT 1", "i",
            row);
        if (found == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(found);
        VPI_TRY(vpi_database_int(vault->database, &state,
            "SELECT coalesce((SELECT state FROM recording WHERE id = ?1 AND key_slot IS NULL"
            " AND header IS NULL), 0)",
            "i", row));
        /* A kept recording, whatever state it says, only lost the word on how it ended: it reads as
         * unfinished. Of one that is not there only this is left. */
        if (state == VPRIV_RECORDING_PROVISIONAL)
            VPI_TRY(vpi_erase_bury(vault, row));
        VPI_TRY(
            vpi_database_run(vault->database, "DELETE FROM ingest WHERE recording = ?1", "i", row));
        entry.count++;
    }
    if (entry.count > 0) {
        VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
        /* The envelopes are in older copies too, and may be whole there: the key that opens them goes. */
        VPI_TRY(vpi_vault_shred(vault, NULL, 0));
    }
    st = VPRIV_OK;
out:
    return st;
}
