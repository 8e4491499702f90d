#include "known.h"

household h;
vpi_sealer *sealer;
bytes out;

vpriv_status take(void *user, const void *data, size_t n)
{
    bytes *b = user;
    if (b->n + n > b->most)
        return VPRIV_E_FULL;
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return VPRIV_OK;
}

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    out = (bytes){.most = sizeof out.data};
}

void tear_down(void)
{
    vpi_sealer_destroy(sealer);
    household_close(&h);
}

void add_packets(vpi_block_builder *builder)
{
    uint8_t packet[40] = {0x48}; /* 20 ms */
    for (uint8_t k = 0; k < N_PACKETS; k++) {
        for (size_t j = 1; j < sizeof packet; j++)
            packet[j] = (uint8_t)(31 * k + j);
        ck_assert(vpi_block_add_packet(builder, packet, sizeof packet));
    }
}

vpriv_recording_id record(bool finishes)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(h.ada);
    request.tag.pre_skip_48k = PRE_SKIP;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpi_block_clear(&builder, 0);
    add_packets(&builder);
    ck_assert(vpi_block_add_silence(&builder, SILENT));
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_ok(vpi_sealer_commit(sealer));
    vpi_block_clear(&builder, N_PACKETS * FRAMES + SILENT);
    ck_assert(vpi_block_add_gap(&builder, SKIPPED, LOST));
    add_packets(&builder);
    vpi_block_finish(&builder, plain);
    if (finishes)
        ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, N_48K));
    return id;
}

vpriv_reader *open_it(const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    return reader;
}
