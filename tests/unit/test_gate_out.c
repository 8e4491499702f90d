/* The ways out of the gate: packets, frames, .opus and WAV of one recording that has sound, silence and a gap,
 * whole or still being taken; and calls that are refused. */
#include "gate/gate.h"
#include "household.h"
#include "refused.h"
#include <stdio.h>
#include <voicepriv/gate.h>
#include <voicepriv/past.h>

#define KEEP      VPRIV_PURPOSE_KEEP_HISTORY
#define N_PACKETS 20u
#define FRAMES    960u  /* of a packet, at 48 kHz */
#define SILENT    4800u /* at 48 kHz */
#define SKIPPED   9600u
#define LOST      9601u
#define PRE_SKIP  312u
#define ALL_48K   (2 * N_PACKETS * FRAMES + SILENT + SKIPPED)
#define N_48K     (ALL_48K - PRE_SKIP - 480u) /* the encoder's tail lies behind the end */
#define AT_RATE   (N_48K * HOUSEHOLD_RATE_HZ / 48000)

static household h;
static vpi_sealer *sealer; /* of a recording that goes on */
static char long_text[512];

typedef struct bytes {
    size_t n, most;
    uint8_t data[1 << 20];
} bytes;
static bytes out;

static vpriv_status take(void *user, const void *data, size_t n)
{
    bytes *b = user;
    if (b->n + n > b->most)
        return VPRIV_E_FULL;
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return VPRIV_OK;
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    memset(long_text, 'x', sizeof long_text - 1);
    out = (bytes){.most = sizeof out.data};
}

static void tear_down(void)
{
    vpi_sealer_destroy(sealer);
    household_close(&h);
}

static void add_packets(vpi_block_builder *builder)
{
    uint8_t packet[40] = {0x48}; /* 20 ms */
    for (uint8_t k = 0; k < N_PACKETS; k++) {
        for (size_t j = 1; j < sizeof packet; j++)
            packet[j] = (uint8_t)(31 * k + j);
        ck_assert(vpi_block_add_packet(builder, packet, sizeof packet));
    }
}

/* Its second block is its last one, which is there when the recording is finished. */
static vpriv_recording_id record(bool finishes)
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

static vpriv_reader *open_it(const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    return reader;
}

typedef struct seen {
    unsigned n_packets, n_silences, n_gaps;
    uint64_t n_lost_48k, n_frames_48k;
} seen;

static seen read_packets(vpriv_reader *reader)
{
    vpriv_packet packet = {.struct_size = sizeof packet};
    seen s = {0};
    for (;;) {
        ck_ok(vpriv_gate_read_packet(reader, &packet));
        if (packet.is_end)
            return s;
        s.n_packets += packet.data != NULL;
        s.n_silences += packet.is_silence;
        s.n_gaps += !packet.data && !packet.is_silence;
        s.n_lost_48k += packet.lost_frames_48k;
        s.n_frames_48k += packet.duration_frames_48k;
    }
}

static uint64_t read_frames(vpriv_reader *reader)
{
    float pcm[700];
    size_t n = 1;
    uint64_t n_all = 0;
    while (n > 0) {
        ck_ok(vpriv_gate_read_frames(reader, pcm, sizeof pcm / sizeof pcm[0], &n));
        n_all += n;
    }
    return n_all;
}

START_TEST(packets_silence_and_gaps_come_as_what_they_are)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id);
    const seen s = read_packets(reader);
    ck_assert_uint_eq(s.n_packets, 2 * N_PACKETS);
    ck_assert_uint_eq(s.n_silences, 1);
    ck_assert_uint_eq(s.n_gaps, 1);
    ck_assert_uint_eq(s.n_lost_48k, LOST);
    ck_assert_uint_eq(s.n_frames_48k, ALL_48K);
    vpriv_gate_close(reader);
}
END_TEST

START_TEST(frames_are_as_many_as_were_taken)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id);
    vpriv_reader_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_gate_about(reader, &info));
    ck_assert_uint_eq(info.n_frames, AT_RATE);
    ck_assert(!info.is_unfinished);
    ck_assert_uint_eq(read_frames(reader), AT_RATE);
    ck_ok(vpriv_gate_about(reader, &info));
    ck_assert_uint_eq(info.n_silent_frames, SILENT / 3);
    ck_assert_uint_eq(info.n_lost_frames, LOST / 3);
    vpriv_gate_close(reader);
}
END_TEST

/* A short gap was encoded as silence, in one stream: only what was lost is told. */
START_TEST(a_gap_that_skips_nothing_is_told_all_the_same)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request request = household_request(h.ada);
    vpriv_recording_id id;
    vpriv_reader_info info = {.struct_size = sizeof info};
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    ck_ok(vpi_sealer_commit(sealer));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_gap(&builder, 0, 300));
    add_packets(&builder);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, N_PACKETS * FRAMES));
    vpriv_reader *reader = open_it(&id);
    ck_assert_uint_eq(read_frames(reader), N_PACKETS * FRAMES / 3);
    ck_ok(vpriv_gate_about(reader, &info));
    ck_assert_uint_eq(info.n_lost_frames, 100);
    ck_assert_uint_eq(info.n_silent_frames, 0);
    vpriv_gate_close(reader);
}
END_TEST

/* What is skipped before the first sample may be silence. */
START_TEST(silence_at_the_beginning)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_sealer_request request = household_request(h.ada);
    vpriv_recording_id id;
    request.tag.pre_skip_48k = PRE_SKIP;
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    ck_ok(vpi_sealer_commit(sealer));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_silence(&builder, SILENT));
    add_packets(&builder);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(
        sealer, plain, VPRIV_END_STOPPED, SILENT + N_PACKETS * FRAMES - PRE_SKIP));
    vpriv_reader *reader = open_it(&id);
    ck_assert_uint_eq(read_frames(reader), (SILENT + N_PACKETS * FRAMES - PRE_SKIP) / 3);
    vpriv_gate_close(reader);
}
END_TEST

static uint32_t word_at(size_t at)
{
    return out.data[at] | (uint32_t)out.data[at + 1] << 8 | (uint32_t)out.data[at + 2] << 16 |
           (uint32_t)out.data[at + 3] << 24;
}

/* The granule position of the last page that has one. */
static uint64_t last_granule(void)
{
    uint64_t granule = 0;
    for (size_t i = 0; i + 14 < out.n; i++)
        if (memcmp(out.data + i, "OggS", 4) == 0)
            granule = word_at(i + 6) | (uint64_t)word_at(i + 10) << 32;
    return granule;
}

START_TEST(files_are_as_long_as_what_was_taken)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id);
    ck_ok(vpriv_gate_export_opus(reader, take, &out));
    ck_assert_uint_eq(last_granule(), N_48K + PRE_SKIP);
    ck_refused(vpriv_gate_export_opus(reader, take, &out), VPRIV_E_STATE, "read already");
    vpriv_gate_close(reader);
    out.n = 0;
    reader = open_it(&id);
    ck_ok(vpriv_gate_export_wav(reader, take, &out));
    ck_assert_mem_eq(out.data, "RIFF", 4);
    ck_assert_uint_eq(word_at(40), AT_RATE * 2);
    ck_assert_uint_eq(out.n, 44 + AT_RATE * 2);
    ck_refused(vpriv_gate_export_wav(reader, take, &out), VPRIV_E_STATE, "read already");
    vpriv_gate_close(reader);
}
END_TEST

START_TEST(a_recording_that_goes_on_is_given_as_far_as_it_is)
{
    const uint64_t there = N_PACKETS * FRAMES + SILENT;
    vpriv_reader_info info = {.struct_size = sizeof info};
    const vpriv_recording_id id = record(false);
    vpriv_reader *reader = open_it(&id);
    ck_ok(vpriv_gate_about(reader, &info));
    ck_assert(info.is_unfinished);
    ck_assert_uint_eq(info.n_frames, 0);
    ck_assert_uint_eq(read_frames(reader), (there - PRE_SKIP) / 3);
    vpriv_gate_close(reader);
    reader = open_it(&id);
    ck_ok(vpriv_gate_export_opus(reader, take, &out));
    ck_assert_uint_eq(last_granule(), there);
    vpriv_gate_close(reader);
    out.n = 0;
    reader = open_it(&id);
    ck_ok(vpriv_gate_export_wav(reader, take, &out));
    ck_assert_uint_eq(word_at(40), UINT32_MAX);
    ck_assert_uint_eq(out.n, 44 + (there - PRE_SKIP) / 3 * 2);
    vpriv_gate_close(reader);
}
END_TEST

START_TEST(a_reader_learns_that_the_recording_has_ended)
{
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    const vpriv_recording_id id = record(false);
    vpriv_reader *reader = open_it(&id);
    vpi_block_clear(&builder, N_PACKETS * FRAMES + SILENT);
    add_packets(&builder);
    vpi_block_finish(&builder, plain);
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, N_PACKETS * FRAMES));
    ck_assert_uint_eq(read_packets(reader).n_packets, 2 * N_PACKETS);
    vpriv_gate_close(reader);
}
END_TEST

START_TEST(too_loud_is_clipped_both_ways)
{
    enum { N = HOUSEHOLD_RATE_HZ / 2 };
    static int16_t frames[N];
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder *recorder = NULL;
    const vpriv_recorder_config config = household_config(h.ada, 1);
    for (size_t i = 0; i < N; i++)
        frames[i] = i / 20 % 2 ? INT16_MAX : INT16_MIN;
    vpriv_source *source = household_source(frames, N);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    vpriv_reader *reader = open_it(&outcome.recording);
    ck_ok(vpriv_gate_export_wav(reader, take, &out));
    vpriv_gate_close(reader);
    size_t n_high = 0, n_low = 0;
    for (size_t at = 44; at + 1 < out.n; at += 2) {
        const int16_t s = (int16_t)(out.data[at] | out.data[at + 1] << 8);
        n_high += s == INT16_MAX;
        n_low += s == INT16_MIN;
    }
    ck_assert_uint_gt(n_high, 0);
    ck_assert_uint_gt(n_low, 0);
}
END_TEST

/* Wherever the place to write to is full, the call fails with its status, and no call came after it. */
START_TEST(what_cannot_be_written_fails)
{
    const vpriv_recording_id id = record(true);
    static const size_t limits[] = {0, 30, 50, 100, 1000};
    for (int wav = 0; wav < 2; wav++)
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            vpriv_reader *reader = open_it(&id);
            out.n = 0;
            out.most = limits[i];
            ck_fails(wav ? vpriv_gate_export_wav(reader, take, &out)
                         : vpriv_gate_export_opus(reader, take, &out),
                VPRIV_E_FULL);
            ck_assert_uint_le(out.n, limits[i]);
            vpriv_gate_close(reader);
        }
}
END_TEST

START_TEST(consent_ends_while_it_is_exported)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id), *other = open_it(&id);
    household_withdraw(&h, h.ada, KEEP);
    ck_fails(vpriv_gate_export_wav(reader, take, &out), VPRIV_E_CONSENT);
    ck_fails(vpriv_gate_export_opus(other, take, &out), VPRIV_E_CONSENT);
    household_give(&h, h.ada, KEEP); /* another one: the recording does not rest on it */
    ck_fails(household_hear(&h, &id, KEEP), VPRIV_E_CONSENT);
    vpriv_gate_close(reader);
    vpriv_gate_close(other);
}
END_TEST

/* ---- past what is lost ---- */

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
    ck_assert_int_eq(salvage(h.keyring).status, VPRIV_E_FORMAT);
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

START_TEST(reading_is_refused)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id);
    vpriv_packet packet = {.struct_size = sizeof packet};
    vpriv_reader_info info = {.struct_size = sizeof info};
    float pcm[8];
    size_t n = 7;
    ck_refused(vpriv_gate_read_packet(NULL, &packet), VPRIV_E_ARG, "no reader");
    ck_refused(vpriv_gate_read_packet(reader, NULL), VPRIV_E_ARG, "vpriv_packet");
    ck_refused_with(packet, struct_size, 1, vpriv_gate_read_packet(reader, &packet), VPRIV_E_ARG,
        "vpriv_packet");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 8, &n), VPRIV_E_STATE, "not both");
    ck_refused(vpriv_gate_about(NULL, &info), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_about(reader, NULL), VPRIV_E_ARG, "a reader");
    ck_refused_with(info, struct_size, 1, vpriv_gate_about(reader, &info), VPRIV_E_ARG, "_info");
    ck_refused(vpriv_gate_export_opus(NULL, take, &out), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_export_opus(reader, NULL, NULL), VPRIV_E_ARG, "a place");
    ck_refused(vpriv_gate_export_wav(NULL, take, &out), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_export_wav(reader, NULL, NULL), VPRIV_E_ARG, "a place");
    vpriv_gate_close(reader);
    reader = open_it(&id);
    ck_refused(vpriv_gate_read_frames(reader, NULL, 8, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 0, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 8, NULL), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_packet(reader, &packet), VPRIV_E_STATE, "not both");
    vpriv_gate_close(reader);
    vpriv_gate_close(NULL);
    ck_assert_uint_eq(n, 7);
}
END_TEST

static bool never(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    (void)index;
    (void)entry;
    ck_abort();
    return true;
}

/* Nothing that says too little is even logged. */
START_TEST(requests_are_refused)
{
    const vpriv_recording_id id = record(true);
    const vpriv_derivative_id nothing = {{1}};
    vpriv_gate_request r = {.struct_size = sizeof r, .purpose = KEEP, .actor = "test"};
    vpriv_verification verified = {.struct_size = 1};
    vpriv_past_report report = {.struct_size = 1};
    vpriv_reader *reader = NULL;
    const uint64_t before = household_print(&h);
#define OPEN vpriv_gate_open(h.vault, h.keyring, &id, &r, &reader)
#define READ vpriv_gate_read_derivative(h.vault, h.keyring, &nothing, &r, take, &out)
    ck_refused(vpriv_gate_open(NULL, h.keyring, &id, &r, &reader), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_gate_open(h.vault, NULL, &id, &r, &reader), VPRIV_E_ARG, "a keyring");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, NULL, &r, &reader), VPRIV_E_ARG, "a recording");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, &id, &r, NULL), VPRIV_E_ARG, "room");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, &id, NULL, &reader), VPRIV_E_ARG, "a request");
    ck_refused_with(r, struct_size, 1, OPEN, VPRIV_E_ARG, "a request");
    ck_refused_with(r, purpose, (vpriv_purpose)32, OPEN, VPRIV_E_ARG, "purpose 32");
    ck_refused_with(r, actor, NULL, OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, actor, long_text, OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, actor, "\xff", OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, reason, long_text, OPEN, VPRIV_E_ARG, "the reason");
    ck_refused_with(r, recipient, long_text, OPEN, VPRIV_E_ARG, "recipient");
    ck_refused(vpriv_gate_read_derivative(NULL, h.keyring, &nothing, &r, take, &out), VPRIV_E_ARG,
        "no vault");
    ck_refused(vpriv_gate_read_derivative(h.vault, NULL, &nothing, &r, take, &out), VPRIV_E_ARG,
        "a keyring");
    ck_refused(vpriv_gate_read_derivative(h.vault, h.keyring, NULL, &r, take, &out), VPRIV_E_ARG,
        "a derivative");
    ck_refused(vpriv_gate_read_derivative(h.vault, h.keyring, &nothing, &r, NULL, NULL),
        VPRIV_E_ARG, "where to write");
    ck_refused_with(r, actor, "", READ, VPRIV_E_ARG, "the actor");
    ck_refused(READ, VPRIV_E_NOT_FOUND, "");
    ck_refused(vpriv_gate_who_heard(h.vault, NULL, never, NULL), VPRIV_E_ARG, "a recording");
    ck_refused(vpriv_gate_who_heard(h.vault, &id, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_vault_verify(h.vault, NULL, NULL, NULL, NULL), VPRIV_E_ARG, "_verification");
    ck_refused(
        vpriv_vault_verify(h.vault, NULL, NULL, NULL, &verified), VPRIV_E_ARG, "_verification");
    verified.struct_size = sizeof verified;
    ck_refused(vpriv_vault_verify(NULL, NULL, NULL, NULL, &verified), VPRIV_E_ARG, "no vault");
#define APPLY(purpose, actor, report)                                                              \
    vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, purpose, actor, NULL, NULL, report)
    ck_refused(APPLY(VPRIV_PURPOSE_LEGAL_OBLIGATION, "ada", NULL), VPRIV_E_ARG, "not kept for");
    ck_refused(APPLY(KEEP, long_text, NULL), VPRIV_E_ARG, "the actor");
    ck_refused(APPLY(KEEP, "ada", &report), VPRIV_E_ARG, "vpriv_past_report");
    ck_assert_ptr_null(reader);
    ck_assert_uint_eq(out.n, 0);
    ck_assert(household_print(&h) == before);
}
END_TEST

START_TEST(a_keyring_of_another_vault_opens_nothing)
{
    household other;
    const vpriv_recording_id id = record(true);
    household_open(&other, HOUSEHOLD_FORGETS);
    ck_refused(household_hear_in(h.vault, other.keyring, &id, KEEP, NULL), VPRIV_E_NO_KEY,
        "no key of this vault");
    household_close(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: out");
    TCase *tcase = tcase_create("out");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, packets_silence_and_gaps_come_as_what_they_are);
    tcase_add_test(tcase, frames_are_as_many_as_were_taken);
    tcase_add_test(tcase, a_gap_that_skips_nothing_is_told_all_the_same);
    tcase_add_test(tcase, silence_at_the_beginning);
    tcase_add_test(tcase, files_are_as_long_as_what_was_taken);
    tcase_add_test(tcase, a_recording_that_goes_on_is_given_as_far_as_it_is);
    tcase_add_test(tcase, a_reader_learns_that_the_recording_has_ended);
    tcase_add_test(tcase, too_loud_is_clipped_both_ways);
    tcase_add_test(tcase, what_cannot_be_written_fails);
    tcase_add_test(tcase, consent_ends_while_it_is_exported);
    tcase_add_test(tcase, salvage_tells_what_is_lost_at_either_end);
    tcase_add_test(tcase, salvage_of_a_recording_without_an_end);
    tcase_add_test(tcase, salvage_of_a_lost_beginning_that_is_not_played);
    tcase_add_test(tcase, salvage_needs_key_and_consent);
    tcase_add_test(tcase, salvage_leaves_out_blocks_that_overlap);
    tcase_add_test(tcase, a_packet_that_is_none);
    tcase_add_loop_test(tcase, a_block_that_is_none_inside, 0, 3);
    tcase_add_test(tcase, verifying_counts);
    tcase_add_test(tcase, reading_is_refused);
    tcase_add_test(tcase, requests_are_refused);
    tcase_add_test(tcase, a_keyring_of_another_vault_opens_nothing);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
