/* What the gate makes of blocks that are lost, or are none inside: salvage goes on behind them and tells what is
 * missing, reading and exporting stop, and verifying says which it is. */
#include "gate/gate.h"
#include "known.h"
#include "refused.h"
#include <stdio.h>

typedef struct losses {
    unsigned n;
    uint64_t from, n_frames;
} losses;

static void note_loss(void *user, uint64_t from_48k, uint64_t n_frames_48k)
{
    losses *l = user;
    l->n++;
    l->from = from_48k;
    l->n_frames += n_frames_48k;
}

typedef struct salvaged {
    vpriv_status status;
    unsigned n_packets;
    uint64_t n_gap_48k, n_bad;
    losses losses;
} salvaged;

static bool is_silent; /* nobody wants to know of losses */

static salvaged salvage(const vpriv_keyring *keyring)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const int64_t row = household_count(&h, "SELECT max(id) FROM recording");
    vpriv_reader *reader = NULL;
    vpi_block_entry entry;
    uint32_t reasons = 0;
    salvaged s = {0};
    bool began = false;
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    s.status = vpi_gate_salvage(h.vault, keyring, row, &request, &reader, &reasons);
    if (s.status == VPRIV_OK) {
        reader->lost_fn = is_silent ? NULL : note_loss;
        reader->lost_user = &s.losses;
        while ((s.status = vpi_gate_next_salvaged(reader, &entry)) == VPRIV_OK) {
            s.n_packets += !entry.is_gap && !entry.is_silence;
            s.n_gap_48k += entry.is_gap ? entry.skipped_48k : 0;
        }
        s.n_bad = reader->n_bad_blocks;
    }
    vpriv_gate_close(reader);
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    return s;
}

START_TEST(salvage_tells_what_is_lost_at_either_end)
{
    record(true);
    salvaged s = salvage(h.keyring);
    ck_assert_int_eq(s.status, VPRIV_E_NOT_FOUND); /* the end */
    ck_assert_uint_eq(s.n_packets, 2 * N_PACKETS);
    ck_assert_uint_eq(s.losses.n, 0);
    household_sql(&h, "DELETE FROM block WHERE id & 16777215 = 0");
    s = salvage(h.keyring);
    ck_assert_uint_eq(s.n_packets, N_PACKETS);
    ck_assert_uint_eq(s.losses.n, 1);
    ck_assert_uint_eq(s.losses.from, 0);
    ck_assert_uint_eq(s.losses.n_frames, N_PACKETS * FRAMES + SILENT - PRE_SKIP);
    ck_assert_uint_eq(s.n_gap_48k, N_PACKETS * FRAMES + SILENT + SKIPPED);
    household_sql(&h, "DELETE FROM block");
    s = salvage(h.keyring);
    ck_assert_uint_eq(s.n_packets, 0);
    ck_assert_uint_eq(s.losses.n_frames, N_48K);
    ck_assert_uint_eq(s.n_bad, 2);
}
END_TEST

START_TEST(salvage_of_a_recording_without_an_end)
{
    record(false);
    salvaged s = salvage(h.keyring);
    ck_assert_int_eq(s.status, VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(s.n_packets, N_PACKETS);
    ck_assert_uint_eq(s.losses.n, 0);
    household_sql(&h, "UPDATE block SET sealed = zeroblob(length(sealed))");
    s = salvage(h.keyring);
    ck_assert_uint_eq(s.n_packets, 0);
    ck_assert_uint_eq(s.n_bad, 1);
    ck_assert_uint_eq(s.losses.n, 0); /* how long it was is nowhere */
    /* Nor does a row say it that is no block: what is not there between them is not asked for one by one. */
    household_sql(&h, "INSERT INTO block SELECT max(id) | 16777215, zeroblob(4096) FROM block");
    s = salvage(h.keyring);
    ck_assert_int_eq(s.status, VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(s.n_bad, 2);
}
END_TEST

/* What was to be skipped anyway is no loss that anybody hears of. */
START_TEST(salvage_of_a_lost_beginning_that_is_not_played)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_sealer_request request = household_request(h.ada);
    request.tag.pre_skip_48k = PRE_SKIP;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_silence(&builder, PRE_SKIP / 2));
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    vpi_block_clear(&builder, PRE_SKIP / 2);
    add_packets(&builder);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, N_PACKETS * FRAMES - PRE_SKIP / 2));
    household_sql(&h, "DELETE FROM block WHERE id & 16777215 = 0");
    salvaged s = salvage(h.keyring);
    ck_assert_uint_eq(s.n_packets, N_PACKETS);
    ck_assert_uint_eq(s.n_gap_48k, PRE_SKIP / 2);
    ck_assert_uint_eq(s.losses.n, 0);
    household_sql(&h, "DELETE FROM block");
    is_silent = true;
    s = salvage(h.keyring);
    is_silent = false;
    ck_assert_uint_eq(s.n_packets, 0);
    ck_assert_uint_eq(s.n_gap_48k, N_PACKETS * FRAMES + PRE_SKIP / 2);
}
END_TEST

START_TEST(salvage_needs_key_and_consent)
{
    vpriv_keyring *other = NULL;
    record(true);
    ck_ok(vpriv_keyring_split(h.keyring, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), &other));
    ck_assert_int_eq(salvage(other).status, VPRIV_E_NO_KEY);
    vpriv_keyring_close(other);
    household_withdraw(&h, h.ada, KEEP);
    ck_assert_int_eq(salvage(h.keyring).status, VPRIV_E_CONSENT);
}
END_TEST

/* A block that says it begins where one before it has not ended yet was not written by this program. */
START_TEST(salvage_leaves_out_blocks_that_overlap)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request request = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    for (int i = 0; i < 2; i++) {
        vpi_block_clear(&builder, (uint64_t)i * FRAMES); /* the first one is longer than that */
        add_packets(&builder);
        vpi_block_finish(&builder, plain);
        if (i == 0)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 2 * N_PACKETS * FRAMES));
    const salvaged s = salvage(h.keyring);
    ck_assert_uint_eq(s.n_packets, N_PACKETS);
    ck_assert_uint_eq(s.n_bad, 1);
    ck_assert_uint_eq(s.losses.n_frames, N_PACKETS * FRAMES);
}
END_TEST

#define N_BLOCKS  3
#define BLOCK_48K (N_PACKETS * FRAMES)

/* What a seal may be around that no program of ours made, behind good packets; the last two say where they are,
 * or how long, and lie. */
static const char *const malformed[] = {"packet", "silence", "size", "start", "gap"};
/* Not the last block's gap, which is where nothing is played any more. */
#define N_MALFORMED (N_BLOCKS * (int)(sizeof malformed / sizeof malformed[0]) - 1)

static void make_malformed(vpi_block_builder *builder, const char *what, uint8_t *plain)
{
    static const uint8_t none[] = {0x4b};
    if (strcmp(what, "packet") == 0)
        ck_assert(vpi_block_add_packet(builder, none, sizeof none));
    if (strcmp(what, "silence") == 0)
        ck_assert(vpi_block_add_silence(builder, 0));
    if (strcmp(what, "gap") == 0)
        ck_assert(vpi_block_add_gap(builder, N_BLOCKS * BLOCK_48K + VPI_PACKET_MAX_FRAMES48, 0));
    if (strcmp(what, "start") == 0)
        builder->start_48k = UINT64_C(1) << 40;
    vpi_block_finish(builder, plain);
    if (strcmp(what, "size") == 0)
        plain[VPI_BLOCK_HEAD_BYTES]++; /* all packets behind the first begin too late */
}

/* Three blocks of packets, one of them malformed: the first, the one in between, or the last. */
static void record_malformed(const char *what, int which)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request request = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    for (int i = 0; i < N_BLOCKS; i++) {
        vpi_block_clear(&builder, (uint64_t)i * BLOCK_48K);
        add_packets(&builder);
        if (i == which)
            make_malformed(&builder, what, plain);
        else
            vpi_block_finish(&builder, plain);
        if (i < N_BLOCKS - 1)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, N_BLOCKS * BLOCK_48K));
}

START_TEST(salvage_leaves_out_a_block_that_is_none_inside_and_no_other)
{
    const int which = _i % N_BLOCKS;
    record_malformed(malformed[_i / N_BLOCKS], which);
    const salvaged s = salvage(h.keyring);
    ck_assert_int_eq(s.status, VPRIV_E_NOT_FOUND); /* the end */
    ck_assert_uint_eq(s.n_packets, (N_BLOCKS - 1) * N_PACKETS);
    ck_assert_uint_eq(s.n_bad, 1);
    ck_assert_uint_eq(s.losses.n, 1);
    ck_assert_uint_eq(s.losses.from, (uint64_t)which * BLOCK_48K);
    ck_assert_uint_eq(s.losses.n_frames, BLOCK_48K);
    ck_assert_uint_eq(s.n_gap_48k, BLOCK_48K);
}
END_TEST

/* Nothing is played there: it is no loss, and in nobody's way. */
START_TEST(salvage_does_not_mind_what_is_behind_the_end)
{
    record_malformed("gap", N_BLOCKS - 1);
    const salvaged s = salvage(h.keyring);
    ck_assert_int_eq(s.status, VPRIV_E_NOT_FOUND);
    ck_assert_uint_eq(s.n_packets, N_BLOCKS * N_PACKETS);
    ck_assert_uint_eq(s.n_bad, 0);
    ck_assert_uint_eq(s.losses.n, 0);
}
END_TEST

static void one_packet(const uint8_t *data, size_t n)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request request = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_packet(&builder, data, n));
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, FRAMES));
}

static void keep_finding(void *user, const char *finding)
{
    snprintf(user, 256, "%s", finding);
}

/* Sealed as it should be, and no Opus inside: nothing of it comes out, and verifying tells. */
START_TEST(a_packet_that_is_none)
{
    static const uint8_t none[] = {0x4b}; /* so many frames, and no count of them */
    char finding[256] = "";
    vpriv_packet packet = {.struct_size = sizeof packet};
    vpriv_verification verified = {.struct_size = sizeof verified};
    float pcm[960];
    size_t n = 0;
    one_packet(none, sizeof none);
    vpriv_recording_id id;
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    vpriv_reader *reader = open_it(&id);
    ck_refused(vpriv_gate_read_packet(reader, &packet), VPRIV_E_FORMAT, "malformed");
    vpriv_gate_close(reader);
    reader = open_it(&id);
    ck_fails(vpriv_gate_read_frames(reader, pcm, 960, &n), VPRIV_E_FORMAT);
    vpriv_gate_close(reader);
    reader = open_it(&id);
    ck_fails(vpriv_gate_export_opus(reader, take, &out), VPRIV_E_FORMAT);
    vpriv_gate_close(reader);
    ck_fails(
        vpriv_vault_verify(h.vault, h.keyring, keep_finding, finding, &verified), VPRIV_E_AUTH);
    ck_assert_ptr_nonnull(strstr(finding, "a packet that is none"));
    ck_assert_uint_eq(salvage(h.keyring).n_bad, 1);
}
END_TEST

/* A block that opens and has no entries inside, the first, one in between, the last: it alone is told of. */
START_TEST(a_block_that_is_none_inside)
{
    char finding[256] = "", wanted[64];
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_block_builder builder;
    vpriv_verification verified = {.struct_size = sizeof verified};
    const vpi_sealer_request request = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    ck_ok(vpi_sealer_commit(sealer));
    for (int i = 0; i < 3; i++) {
        vpi_block_clear(&builder, (uint64_t)i * SILENT);
        ck_assert(vpi_block_add_silence(&builder, SILENT));
        vpi_block_finish(&builder, plain);
        if (i == _i)
            memset(plain + 12, 0, VPI_SILENCE_BYTES); /* behind start, number, and size */
        if (i < 2)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 3 * SILENT));
    ck_fails(
        vpriv_vault_verify(h.vault, h.keyring, keep_finding, finding, &verified), VPRIV_E_AUTH);
    snprintf(wanted, sizeof wanted, "block %d of recording", _i);
    ck_assert_msg(strstr(finding, wanted), "%s", finding);
    ck_assert_uint_eq(verified.n_findings, 1);
    ck_assert_uint_eq(verified.n_blocks_opened, 2);
    ck_assert_uint_eq(verified.n_silent_frames_48k, 2 * SILENT);
}
END_TEST

/* Verifying counts what was lost and what was silent. */
START_TEST(verifying_counts)
{
    vpriv_verification verified = {.struct_size = sizeof verified};
    record(true);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_lost_frames_48k, LOST);
    ck_assert_uint_eq(verified.n_silent_frames_48k, SILENT);
    ck_assert_uint_eq(verified.n_blocks_opened, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: lost");
    TCase *tcase = tcase_create("lost");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, salvage_tells_what_is_lost_at_either_end);
    tcase_add_test(tcase, salvage_of_a_recording_without_an_end);
    tcase_add_test(tcase, salvage_of_a_lost_beginning_that_is_not_played);
    tcase_add_test(tcase, salvage_needs_key_and_consent);
    tcase_add_test(tcase, salvage_leaves_out_blocks_that_overlap);
    tcase_add_loop_test(
        tcase, salvage_leaves_out_a_block_that_is_none_inside_and_no_other, 0, N_MALFORMED);
    tcase_add_test(tcase, salvage_does_not_mind_what_is_behind_the_end);
    tcase_add_test(tcase, a_packet_that_is_none);
    tcase_add_loop_test(tcase, a_block_that_is_none_inside, 0, 3);
    tcase_add_test(tcase, verifying_counts);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
