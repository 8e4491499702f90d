#include "vault/blocks.h"
#include "base/memory.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define SEQUENCE_LIMIT ((uint64_t)1 << VPI_ROW_SHIFT)

void vpi_block_clear(vpi_block_builder *builder, uint64_t start_48k)
{
    vpi_wipe(builder, sizeof *builder);
    builder->start_48k = start_48k;
}

static bool add(vpi_block_builder *builder, uint16_t size, const void *data, size_t n_bytes)
{
    const size_t used =
        VPI_BLOCK_HEAD_BYTES + 2 * ((size_t)builder->n_entries + 1) + builder->n_data_bytes;
    if (used + n_bytes > VPI_BLOCK_PLAIN_BYTES || builder->n_entries == VPI_BLOCK_ENTRIES_MAX)
        return false;
    builder->sizes[builder->n_entries++] = size;
    memcpy(builder->data + builder->n_data_bytes, data, n_bytes);
    builder->n_data_bytes += (uint32_t)n_bytes;
    return true;
}

bool vpi_block_add_packet(vpi_block_builder *builder, const uint8_t *packet, size_t n_bytes)
{
    VPI_IMPOSSIBLE_UNLESS(n_bytes > 0 && n_bytes <= VPI_PACKET_BYTES_MAX);
    return add(builder, (uint16_t)n_bytes, packet, n_bytes);
}

bool vpi_block_add_gap(vpi_block_builder *builder, uint32_t skipped_48k, uint64_t lost_48k)
{
    uint8_t mark[VPI_GAP_BYTES];
    vpi_writer w = vpi_writer_of(mark, sizeof mark);
    vpi_put_u32(&w, skipped_48k);
    vpi_put_u64(&w, lost_48k);
    return add(builder, VPI_MARK_GAP, mark, sizeof mark);
}

bool vpi_block_add_silence(vpi_block_builder *builder, uint32_t silent_48k)
{
    uint8_t mark[VPI_SILENCE_BYTES];
    if (builder->n_entries > 0 && builder->sizes[builder->n_entries - 1] == VPI_MARK_SILENCE) {
        uint8_t *last = builder->data + builder->n_data_bytes - VPI_SILENCE_BYTES;
        vpi_reader r = vpi_reader_of(last, VPI_SILENCE_BYTES);
        const uint32_t before_48k = vpi_get_u32(&r);
        if (silent_48k <= UINT32_MAX - before_48k) {
            vpi_writer longer = vpi_writer_of(last, VPI_SILENCE_BYTES);
            vpi_put_u32(&longer, before_48k + silent_48k);
            return true;
        }
    }
    vpi_writer w = vpi_writer_of(mark, sizeof mark);
    vpi_put_u32(&w, silent_48k);
    return add(builder, VPI_MARK_SILENCE, mark, sizeof mark);
}

void vpi_block_finish(const vpi_block_builder *builder, uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    vpi_writer w = vpi_writer_of(plain_out, VPI_BLOCK_PLAIN_BYTES);
    vpi_put_u64(&w, builder->start_48k);
    vpi_put_u16(&w, (uint16_t)builder->n_entries);
    for (uint32_t i = 0; i < builder->n_entries; i++)
        vpi_put_u16(&w, builder->sizes[i]);
    vpi_put_bytes(&w, builder->data, builder->n_data_bytes);
    vpi_put_zeros_to(&w, VPI_BLOCK_PLAIN_BYTES);
    VPI_IMPOSSIBLE_UNLESS(!w.failed);
}

/* 0 for a size that cannot be. */
static size_t entry_bytes(uint16_t size)
{
    if (size == VPI_MARK_GAP)
        return VPI_GAP_BYTES;
    if (size == VPI_MARK_SILENCE)
        return VPI_SILENCE_BYTES;
    return size <= VPI_PACKET_BYTES_MAX ? size : 0;
}

vpriv_status vpi_block_walk_start(
    const uint8_t plain[VPI_BLOCK_PLAIN_BYTES], vpi_block_walk *walk_out)
{
    vpi_reader r = vpi_reader_of(plain, VPI_BLOCK_PLAIN_BYTES);
    size_t n_data = 0;
    walk_out->start_48k = vpi_get_u64(&r);
    walk_out->n_entries = vpi_get_u16(&r);
    walk_out->next = 0;
    walk_out->sizes = r.at;
    for (uint32_t i = 0; i < walk_out->n_entries; i++) {
        const size_t n_bytes = entry_bytes(vpi_get_u16(&r));
        if (n_bytes == 0)
            return vpi_auth_failed();
        n_data += n_bytes;
    }
    walk_out->at = vpi_get_bytes(&r, n_data);
    if (r.failed || !sodium_is_zero(r.at, vpi_reader_left(&r)))
        return vpi_auth_failed();
    walk_out->end = walk_out->at + n_data;
    return VPRIV_OK;
}

/* The builder would have made one mark of this silence and the one before it. */
static bool is_cut_silence(const vpi_block_walk *walk, uint32_t silent_48k)
{
    if (walk->next == 0)
        return false;
    vpi_reader sizes = vpi_reader_of(walk->sizes + 2 * ((size_t)walk->next - 1), 2);
    if (vpi_get_u16(&sizes) != VPI_MARK_SILENCE)
        return false;
    vpi_reader before = vpi_reader_of(walk->at - VPI_SILENCE_BYTES, VPI_SILENCE_BYTES);
    return silent_48k <= UINT32_MAX - vpi_get_u32(&before);
}

vpriv_status vpi_block_walk_next(vpi_block_walk *walk, vpi_block_entry *entry_out)
{
    if (walk->next == walk->n_entries)
        return VPRIV_E_NOT_FOUND;
    vpi_reader r = vpi_reader_of(walk->sizes + 2 * (size_t)walk->next, 2);
    const uint16_t size = vpi_get_u16(&r);
    memset(entry_out, 0, sizeof *entry_out);
    entry_out->is_gap = size == VPI_MARK_GAP;
    entry_out->is_silence = size == VPI_MARK_SILENCE;
    entry_out->packet = walk->at;
    entry_out->n_bytes = entry_bytes(size);
    if (entry_out->is_gap) {
        r = vpi_reader_of(walk->at, VPI_GAP_BYTES);
        entry_out->skipped_48k = vpi_get_u32(&r);
        entry_out->lost_48k = vpi_get_u64(&r);
    } else if (entry_out->is_silence) {
        r = vpi_reader_of(walk->at, VPI_SILENCE_BYTES);
        entry_out->skipped_48k = vpi_get_u32(&r);
        if (entry_out->skipped_48k == 0 || is_cut_silence(walk, entry_out->skipped_48k))
            return vpi_auth_failed();
    }
    walk->at += entry_out->n_bytes;
    walk->next++;
    return VPRIV_OK;
}

vpi_block_ids vpi_blocks_of(int64_t recording_row)
{
    if (recording_row < 1 || recording_row >= INT64_MAX >> VPI_ROW_SHIFT)
        return (vpi_block_ids){0, 0};
    return (vpi_block_ids){recording_row << VPI_ROW_SHIFT, (recording_row + 1) << VPI_ROW_SHIFT};
}

vpriv_status vpi_blocks_insert(
    vpriv_vault *vault, int64_t row, uint64_t sequence, const uint8_t block[VPI_BLOCK_BYTES])
{
    const vpi_block_ids ids = vpi_blocks_of(row);
    if (ids.first == ids.end)
        return vpi_fail(VPRIV_E_LIMIT, "a vault has at most 2^39 recordings");
    if (sequence >= SEQUENCE_LIMIT)
        return vpi_fail(VPRIV_E_LIMIT, "a recording has at most 2^24 blocks");
    return vpi_database_run(vault->database, "INSERT INTO block(id, sealed) VALUES (?1, ?2)", "ib",
        ids.first + (int64_t)sequence, block, (size_t)VPI_BLOCK_BYTES);
}

vpriv_status vpi_blocks_count(vpriv_vault *vault, int64_t row, uint64_t *n_out)
{
    vpi_row found = VPI_NO_ROW;
    const vpi_block_ids ids = vpi_blocks_of(row);
    const vpriv_status st = vpi_database_query(vault->database, &found,
        "SELECT count(*), coalesce(max(id), 0) FROM block WHERE id >= ?1 AND id < ?2", "ii",
        ids.first, ids.end);
    if (st != VPRIV_OK)
        return st;
    const int64_t n = vpi_column_int(&found, 0), last = vpi_column_int(&found, 1);
    vpi_row_end(&found);
    if (n > 0 && last != ids.first + n - 1)
        return vpi_auth_failed();
    *n_out = (uint64_t)n;
    return VPRIV_OK;
}

vpriv_status vpi_blocks_open(vpriv_vault *vault, const vpi_recording *recording,
    const vpi_recording_keys *keys, uint64_t sequence, uint64_t n_blocks,
    uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    vpi_recording_bond bond;
    size_t n_bytes = 0;
    const bool is_last = sequence + 1 == n_blocks;
    VPI_ENSURE(!recording->finish.is_finished || recording->finish.n_blocks == n_blocks,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    const vpriv_status found =
        vpi_database_query(vault->database, &row, "SELECT sealed FROM block WHERE id = ?1", "i",
            vpi_blocks_of(recording->row).first + (int64_t)sequence);
    VPI_ENSURE(
        found != VPRIV_E_NOT_FOUND, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(found);
    const uint8_t *block = vpi_column_blob(&row, 0, &n_bytes);
    vpi_recording_bond_of(vault, recording, &bond);
    vpriv_status opened = VPRIV_E_AUTH;
    if (is_last)
        opened = vpi_block_open(keys, &bond, sequence, true, block, n_bytes, plain_out);
    /* Without a final block a recording is unfinished, which is for its header to say. */
    if (opened != VPRIV_OK && !(is_last && recording->finish.is_finished))
        opened = vpi_block_open(keys, &bond, sequence, false, block, n_bytes, plain_out);
    VPI_TRY(opened);
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_blocks_remove(vpriv_vault *vault, int64_t row)
{
    const vpi_block_ids ids = vpi_blocks_of(row);
    return vpi_database_run(
        vault->database, "DELETE FROM block WHERE id >= ?1 AND id < ?2", "ii", ids.first, ids.end);
}
