/* What is inside a block whose seal is good. Whatever the walk takes, the builder would have made. */
#include "fuzz/fuzz.h"
#include "vault/blocks.h"

static vpi_recording_keys keys;
static vpi_recording_bond bond;
static vpi_block_builder builder;

static void setup(void)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_recording_keys_generate(&keys);
    for (int kind = 0; kind < 3; kind++) {
        vpi_block_clear(&builder, 960);
        fuzz_check(vpi_block_add_packet(&builder, (const uint8_t *)"\x78packet", 7));
        if (kind > 0)
            fuzz_check(vpi_block_add_gap(&builder, 960, 1000));
        if (kind > 1)
            fuzz_check(vpi_block_add_silence(&builder, 2880));
        vpi_block_finish(&builder, plain);
        fuzz_seed(plain, kind == 1 ? sizeof plain : 64);
    }
}

static void put_entry(const vpi_block_entry *entry)
{
    if (entry->is_gap)
        fuzz_check(vpi_block_add_gap(&builder, entry->skipped_48k, entry->lost_48k));
    else if (entry->is_silence)
        fuzz_check(vpi_block_add_silence(&builder, entry->skipped_48k));
    else
        fuzz_check(vpi_block_add_packet(&builder, entry->packet, entry->n_bytes));
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES] = {0}, block[VPI_BLOCK_BYTES];
    uint8_t opened[VPI_BLOCK_PLAIN_BYTES], again[VPI_BLOCK_PLAIN_BYTES];
    vpi_block_walk walk;
    vpi_block_entry entry;
    if (n_bytes)
        memcpy(plain, data, n_bytes);
    vpi_block_seal(&keys, &bond, 7, false, plain, block);
    fuzz_must(vpi_block_open(&keys, &bond, 7, false, block, sizeof block, opened));
    if (vpi_block_walk_start(opened, &walk) != VPRIV_OK)
        return;
    vpi_block_clear(&builder, walk.start_48k);
    vpriv_status st;
    while ((st = vpi_block_walk_next(&walk, &entry)) == VPRIV_OK) {
        fuzz_check(entry.packet >= opened && entry.n_bytes > 0 &&
                   entry.n_bytes <= VPI_PACKET_BYTES_MAX &&
                   entry.packet + entry.n_bytes <= opened + sizeof opened);
        put_entry(&entry);
    }
    fuzz_check(st == VPRIV_E_NOT_FOUND || st == VPRIV_E_AUTH);
    if (st != VPRIV_E_NOT_FOUND)
        return;
    vpi_block_finish(&builder, again);
    fuzz_check_same(opened, sizeof opened, again, sizeof again);
}

const fuzz_target fuzz_block = {"block", setup, one, VPI_BLOCK_PLAIN_BYTES, 0};
