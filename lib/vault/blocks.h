/* Rows of table block, and what is inside a block.
 *
 *   plain = time of the first entry (u64, 48 kHz frames since the recording's start)
 *         ‖ entries (u16) ‖ size of each entry (u16) ‖ entries ‖ zeros
 *
 * An entry is an Opus packet, or, where its size has the top bit set, a mark: 0x8001 is a gap of lost
 * sound, 12 bytes long: frames skipped in the stream (u32), frames lost exactly (u64), both at
 * 48 kHz. 0x8002 is silence, 4 bytes long: frames in which nobody spoke and nothing was lost (u32, at
 * 48 kHz, not 0). Entries do not span blocks. */
#ifndef VPI_VAULT_BLOCKS_H
#define VPI_VAULT_BLOCKS_H

#include "base/bytes.h"
#include "vault/header.h"

#define VPI_MARK_GAP          0x8001
#define VPI_GAP_BYTES         12
#define VPI_MARK_SILENCE      0x8002
#define VPI_SILENCE_BYTES     4
#define VPI_BLOCK_HEAD_BYTES  (8 + 2)
#define VPI_BLOCK_ENTRIES_MAX ((VPI_BLOCK_PLAIN_BYTES - VPI_BLOCK_HEAD_BYTES) / 3)
#define VPI_PACKET_BYTES_MAX  4000

/* Numbers of a recording's rows in the table: from first up to end. There are none for a number that no
 * recording has; a changed file may name one. */
typedef struct vpi_block_ids {
    int64_t first;
    int64_t end;
} vpi_block_ids;
vpi_block_ids vpi_blocks_of(int64_t recording_row);

/* Collects entries until they no longer fit. Guarded memory of the owner. */
typedef struct vpi_block_builder {
    uint64_t start_48k;
    uint32_t n_entries;
    uint32_t n_data_bytes;
    uint16_t sizes[VPI_BLOCK_ENTRIES_MAX];
    uint8_t data[VPI_BLOCK_PLAIN_BYTES];
} vpi_block_builder;

void vpi_block_clear(vpi_block_builder *builder, uint64_t start_48k);
/* False when it does not fit any more. */
bool vpi_block_add_packet(vpi_block_builder *builder, const uint8_t *packet, size_t n_bytes);
bool vpi_block_add_gap(vpi_block_builder *builder, uint32_t skipped_48k, uint64_t lost_48k);
/* Silence behind silence makes the same mark longer. */
bool vpi_block_add_silence(vpi_block_builder *builder, uint32_t silent_48k);
void vpi_block_finish(const vpi_block_builder *builder, uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES]);

/* Walking through an opened block. */
typedef struct vpi_block_walk {
    uint64_t start_48k;
    uint32_t n_entries;
    uint32_t next;
    const uint8_t *sizes;
    const uint8_t *at;
    const uint8_t *end;
} vpi_block_walk;
typedef struct vpi_block_entry {
    bool is_gap;
    bool is_silence;
    const uint8_t *packet; /* borrowed from the block */
    size_t n_bytes;
    uint32_t skipped_48k; /* of a gap, or of silence */
    uint64_t lost_48k;
} vpi_block_entry;
/* VPRIV_E_AUTH for a block that the builder would not have made. */
vpriv_status vpi_block_walk_start(
    const uint8_t plain[VPI_BLOCK_PLAIN_BYTES], vpi_block_walk *walk_out);
/* VPRIV_E_NOT_FOUND, without a text, after the last one. */
vpriv_status vpi_block_walk_next(vpi_block_walk *walk, vpi_block_entry *entry_out);

vpriv_status vpi_blocks_insert(
    vpriv_vault *vault, int64_t row, uint64_t sequence, const uint8_t block[VPI_BLOCK_BYTES]);
/* How many there are, and that they are numbered without a hole; VPRIV_E_AUTH otherwise. */
vpriv_status vpi_blocks_count(vpriv_vault *vault, int64_t row, uint64_t *n_out);
/* Opens a block, checking that the last one of a finished recording, and only that, is final. */
vpriv_status vpi_blocks_open(vpriv_vault *vault, const vpi_recording *recording,
    const vpi_recording_keys *keys, uint64_t sequence, uint64_t n_blocks,
    uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES]);
vpriv_status vpi_blocks_remove(vpriv_vault *vault, int64_t row);

#endif
