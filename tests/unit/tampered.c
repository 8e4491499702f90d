#include "tampered.h"
#include <stdio.h>

household h;
vpriv_recording_id a, b;
uint64_t sound_a, sound_b;

vpriv_recording_id record_four_blocks(const uint8_t *subject, int64_t started_ago_us)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(subject);
    request.optional = VPRIV_PURPOSE_BIT(REVIEW);
    request.started_ago_us = started_ago_us;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    for (uint64_t i = 0; i < 4; i++) {
        /* Twenty packets of 20 ms of nothing in particular, different in each block. */
        vpi_block_clear(&builder, i * 20 * 960);
        for (int k = 0; k < 20; k++) {
            uint8_t packet[40] = {0x48};
            for (size_t j = 1; j < sizeof packet; j++)
                packet[j] = (uint8_t)(id.bytes[j % 16] + 31 * i + (uint64_t)k + j);
            ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
        }
        vpi_block_finish(&builder, plain);
        if (i < 3)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
        if (i == 2)
            ck_ok(vpi_sealer_commit(sealer));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 4 * 20 * 960));
    vpi_sealer_destroy(sealer);
    return id;
}

vpriv_status listen(const vpriv_recording_id *id, uint64_t *sound_out)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t sound = 14695981039346656037u;
    vpriv_status st = vpriv_gate_open(h.vault, h.keyring, id, &request, &reader);
    while (st == VPRIV_OK && !packet.is_end) {
        st = vpriv_gate_read_packet(reader, &packet);
        for (size_t i = 0; st == VPRIV_OK && i < packet.n_bytes; i++)
            sound = (sound ^ packet.data[i]) * 1099511628211u;
    }
    vpriv_gate_close(reader);
    *sound_out = sound;
    return st;
}

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, KEEP);
    a = record_four_blocks(h.ada, 0);
    b = record_four_blocks(h.bob, 0);
    ck_ok(listen(&a, &sound_a));
    ck_ok(listen(&b, &sound_b));
    ck_assert(sound_a != sound_b);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 8);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_copy(&h, "good");
}

void tear_down(void)
{
    household_close(&h);
}

void restore(void)
{
    char good[PATH_BYTES], command[5 * PATH_BYTES];
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_file(&h, "good", good);
    snprintf(
        command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", good, h.path, h.path, h.path);
    ck_assert_int_eq(system(command), 0);
}

bool count_recording(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ++*(int *)user;
    return true;
}
