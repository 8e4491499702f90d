/* The ways out of the gate: packets, frames, .opus and WAV of one recording that has sound, silence and a gap,
 * whole or still being taken. */
#include "known.h"
#include "refused.h"

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
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
