/* Reading a recording of which parts are lost. The decision is the gate's own; what is lost becomes a gap
 * of its exact length: every block says where it begins, and the header where the sound ends. */
#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "vault/consent_store.h"
#include "vault/decision.h"
#include "vault/notice_store.h"
#include <string.h>

/* A use could not be counted where everybody sees it. */
static vpriv_status has_no_counted_uses(const vpriv_reader *reader, uint32_t *reasons_out)
{
    const vpi_recording *recording = reader->recording;
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpriv_consent_record record;
        vpi_subject subject;
        vpriv_status st = vpi_subject_find(reader->vault, vpi_speaker(recording, i), &subject);
        if (st == VPRIV_OK)
            st = vpi_consent_latest(reader->vault, subject.row, reader->purpose, &record, NULL);
        if (st != VPRIV_OK)
            return st;
        if (record.max_uses != 0)
            *reasons_out |= VPRIV_DENY_USES_SPENT;
    }
    return VPRIV_OK;
}

/* The reasons that a person, a consent or a notice gives that is not found. */
#define OF_MISSING                                                                                 \
    ((uint32_t)VPRIV_DENY_SUBJECT_UNKNOWN | VPRIV_DENY_CHILD_RULE | VPRIV_DENY_CONSENT_MISSING |   \
        VPRIV_DENY_USES_SPENT | VPRIV_DENY_NOTICE_CHANGED | VPRIV_DENY_RECIPIENT_NOT_NAMED |       \
        VPRIV_DENY_NO_GRANT_KEY | (uint32_t)VPRIV_DENY_NOT_LAWFUL_HERE)

uint32_t vpi_gate_misses(
    vpriv_vault *vault, const vpi_recording *recording, vpriv_purpose purpose, uint32_t reasons)
{
    uint32_t missing = 0;
    const vpi_reason before = vpi_fail_text();
    for (uint32_t i = 0; !(reasons & ~OF_MISSING) && i < vpi_n_speakers(recording); i++) {
        vpriv_consent_record record;
        vpriv_notice_ref notice;
        vpi_subject subject;
        vpriv_status st = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        if (st != VPRIV_OK) {
            missing |= VPI_MISSES_PERSON;
            continue;
        }
        st = vpi_consent_latest(vault, subject.row, purpose, &record, NULL);
        if (st == VPRIV_E_AUTH)
            missing |= VPI_MISSES_CONSENT;
        if (st == VPRIV_OK && vpi_notice_find(vault, record.notice.sha256, &notice) != VPRIV_OK)
            missing |= VPI_MISSES_NOTICE;
    }
    vpi_fail_text_again(&before);
    return missing;
}

/* The number behind the last block that is there. */
static vpriv_status count_blocks(vpriv_reader *reader)
{
    const vpi_recording *recording = reader->recording;
    const vpi_block_ids ids = vpi_blocks_of(recording->row);
    int64_t behind = ids.first;
    if (recording->finish.is_finished) {
        reader->n_blocks = recording->finish.n_blocks;
        return VPRIV_OK;
    }
    const vpriv_status st = vpi_database_int(reader->vault->database, &behind,
        "SELECT coalesce(max(id) + 1, ?1) FROM block WHERE id >= ?1 AND id < ?2", "ii", ids.first,
        ids.end);
    reader->n_blocks = (uint64_t)(behind - ids.first);
    return st;
}

vpriv_status vpi_gate_salvage(vpriv_vault *vault, const vpriv_keyring *keyring, int64_t row,
    const vpriv_gate_request *request, vpriv_reader **reader_out, uint32_t *reasons_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_reader *reader = NULL;
    *reasons_out = VPRIV_DENY_INPUT_MALFORMED;
    VPI_TRY(vpi_gate_reader_create(vault, &reader));
    reader->purpose = request->purpose;
    reader->is_salvage = true;
    VPI_TRY(vpi_recording_load(vault, row, reader->recording));
    VPI_TRY(vpi_decide_read(vault, reader->recording, request->purpose, request->recipient,
        reasons_out, reader->consent_record));
    if (*reasons_out == 0)
        VPI_TRY(has_no_counted_uses(reader, reasons_out));
    if (*reasons_out != 0) {
        st = vpi_denied(*reasons_out, request->purpose);
        goto out;
    }
    VPI_ENSURE(vpi_gate_has_key(vault, keyring, request->purpose), VPRIV_E_NO_KEY,
        "the keyring has no key of this vault for %s", vpriv_purpose_name(request->purpose));
    VPI_TRY(vpi_gate_unwrap_alone(reader, keyring));
    VPI_TRY(count_blocks(reader));
    *reader_out = reader;
    reader = NULL;
    st = VPRIV_OK;
out:
    vpriv_gate_close(reader);
    return st;
}

static void lose(vpriv_reader *reader, uint64_t until_48k)
{
    const uint64_t pre_skip = reader->recording->tag.pre_skip_48k, from = reader->position_48k;
    const uint64_t played = from > pre_skip ? from - pre_skip : 0;
    const uint64_t end = until_48k > pre_skip ? until_48k - pre_skip : 0;
    reader->gap_48k = until_48k - from;
    reader->n_lost += end - played;
    if (reader->lost_fn && end > played)
        reader->lost_fn(reader->lost_user, played, end - played);
}

/* The next number, from next_block on, that there is a row with; n_blocks when there is none. */
static vpriv_status find_block(vpriv_reader *reader, uint64_t *sequence_out)
{
    const int64_t first = vpi_blocks_of(reader->recording->row).first;
    const int64_t end = first + (int64_t)reader->n_blocks;
    int64_t found = end;
    const vpriv_status st = vpi_database_int(reader->vault->database, &found,
        "SELECT coalesce(min(id), ?2) FROM block WHERE id >= ?1 AND id < ?2", "ii",
        first + (int64_t)reader->next_block, end);
    *sequence_out = (uint64_t)(found - first);
    return st;
}

/* Behind it nothing is played; UINT64_MAX where nobody knows. */
static uint64_t end_48k(const vpriv_reader *reader)
{
    const vpi_recording *recording = reader->recording;
    return recording->finish.is_finished
               ? recording->tag.pre_skip_48k + recording->finish.n_frames_48k
               : UINT64_MAX;
}

/* How long an entry is. VPRIV_E_FORMAT for a packet that is none. */
static vpriv_status length_of(const vpi_block_entry *entry, uint32_t *n_48k_out)
{
    *n_48k_out = entry->skipped_48k;
    return entry->is_gap || entry->is_silence
               ? VPRIV_OK
               : vpi_packet_check(entry->packet, entry->n_bytes, n_48k_out);
}

/* Every entry is looked at before the first is given out, so that one that is none costs this block and no other.
 * VPRIV_E_AUTH or VPRIV_E_FORMAT for such a block, and for one that says it is where the recording has ended long
 * since. */
static vpriv_status look_inside(const vpriv_reader *reader)
{
    const uint64_t end = end_48k(reader);
    const uint64_t latest =
        end > UINT64_MAX - VPI_PACKET_MAX_FRAMES48 ? UINT64_MAX : end + VPI_PACKET_MAX_FRAMES48;
    vpi_block_walk walk = reader->walk;
    vpi_block_entry entry;
    uint64_t at = walk.start_48k;
    vpriv_status st = at > latest ? VPRIV_E_AUTH : VPRIV_OK;
    while (st == VPRIV_OK && (st = vpi_block_walk_next(&walk, &entry)) == VPRIV_OK) {
        uint32_t n = 0;
        st = length_of(&entry, &n);
        if (st == VPRIV_OK && at < end && n > latest - at)
            st = VPRIV_E_AUTH;
        at += n; /* the encoder's tail is behind the end */
    }
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

/* The next block that opens, and before it the gap that it ends. VPRIV_E_NOT_FOUND behind the last. */
static vpriv_status open_next_good(vpriv_reader *reader)
{
    const vpi_recording *recording = reader->recording;
    uint64_t n_missing =
        0; /* until a block opens behind them: any row may say that there were some */
    while (reader->next_block < reader->n_blocks) {
        uint64_t sequence = 0;
        vpriv_status st = find_block(reader, &sequence);
        if (st != VPRIV_OK)
            return st;
        n_missing += sequence - reader->next_block;
        reader->next_block = sequence;
        if (sequence == reader->n_blocks)
            break;
        st = vpi_blocks_open(reader->vault, recording, &reader->secrets->keys, sequence,
            reader->n_blocks, reader->secrets->block);
        if (st == VPRIV_OK)
            st = vpi_block_walk_start(reader->secrets->block, &reader->walk);
        if (st == VPRIV_OK)
            st = look_inside(reader);
        reader->next_block++;
        if (st == VPRIV_E_AUTH || st == VPRIV_E_FORMAT ||
            (st == VPRIV_OK && reader->walk.start_48k < reader->position_48k)) {
            reader->n_bad_blocks++;
            continue;
        }
        if (st != VPRIV_OK)
            return st;
        reader->n_good_blocks++;
        reader->n_bad_blocks += n_missing;
        if (reader->walk.start_48k > reader->position_48k)
            lose(reader, reader->walk.start_48k);
        reader->walking = true;
        return VPRIV_OK;
    }
    if (recording->finish.is_finished)
        reader->n_bad_blocks += n_missing;
    if (!recording->finish.is_finished || reader->position_48k >= end_48k(reader))
        return VPRIV_E_NOT_FOUND;
    lose(reader, end_48k(reader));
    return VPRIV_OK;
}

static void give_gap(vpriv_reader *reader, vpi_block_entry *entry_out)
{
    const uint32_t n =
        reader->gap_48k < UINT32_MAX / 2 ? (uint32_t)reader->gap_48k : UINT32_MAX / 2;
    memset(entry_out, 0, sizeof *entry_out);
    entry_out->is_gap = true;
    entry_out->skipped_48k = n;
    entry_out->lost_48k = n;
    reader->gap_48k -= n;
    reader->position_48k += n;
}

/* Nothing that is longer than the recording: its last packet has to reach the end. */
static uint32_t up_to_the_end(const vpriv_reader *reader, uint32_t n_48k)
{
    const uint64_t end = end_48k(reader), at = reader->position_48k;
    return at < end && n_48k > end - at ? (uint32_t)(end - at) : n_48k;
}

vpriv_status vpi_gate_next_salvaged(vpriv_reader *reader, vpi_block_entry *entry_out)
{
    for (;;) {
        vpriv_status st = VPRIV_OK;
        if (reader->gap_48k > 0) {
            give_gap(reader, entry_out);
            return VPRIV_OK;
        }
        if (!reader->walking) {
            st = open_next_good(reader);
            if (st != VPRIV_OK)
                return st;
            continue;
        }
        st = vpi_block_walk_next(&reader->walk, entry_out);
        if (st == VPRIV_OK) {
            uint32_t n_frames = 0;
            st = length_of(entry_out, &n_frames);
            if (entry_out->is_gap || entry_out->is_silence)
                n_frames = entry_out->skipped_48k = up_to_the_end(reader, n_frames);
            reader->position_48k += n_frames;
            return st;
        }
        reader->walking = false; /* that it has no other end was seen before */
    }
}
