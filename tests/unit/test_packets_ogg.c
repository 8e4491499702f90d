#include "capture/source.h"
#include "packets/decoder.h"
#include "packets/encoder.h"
#include "packets/wav_writer.h"
#include "test_packets_help.h"
#include <math.h>

/* opusinfo and ffprobe have nothing to say against the file. */
static void accepted(const char *name)
{
    run("opusinfo -q %s > info.txt 2>&1 && ! grep -i -E 'warn|error|negative|hole' info.txt || { "
        "cat info.txt; false; }",
        name);
    run("ffprobe -v warning %s > probe.txt 2>&1 && ! grep . probe.txt", name);
    run("ffmpeg -nostdin -v warning -i %s -f null - > probe.txt 2>&1 && ! grep . probe.txt", name);
    run("opusdec --quiet %s dec.wav > dec.txt 2>&1 && ! grep . dec.txt", name);
}

/* What opusdec makes of it: samples at 48 kHz. */
static blob opusdec(const char *name)
{
    run("opusdec --quiet --float --rate 48000 %s dec.raw", name);
    return blob_load("dec.raw");
}

static const char *const comments[] = {"TITLE=Küche", "ENCODER_OPTIONS="};

static vpi_ogg_writer *open_writer(blob *out, const vpi_encoder *encoder)
{
    const vpriv_encoding *e = vpi_encoder_encoding(encoder);
    const vpi_opus_head head = {e->n_channels, vpi_encoder_lookahead_frames48(encoder), e->rate_hz};
    vpi_ogg_writer *writer = NULL;
    ck_ok(vpi_ogg_writer_open(&head, comments, 2, blob_sink, out, &writer));
    return writer;
}

/* Encode frames until the writer stands at n_frames48 with the pre-skip; zeros behind the voice. */
static void write_voice(vpi_ogg_writer *writer, vpi_encoder *encoder, const float *voice,
    size_t n_voice, uint64_t until)
{
    const vpriv_encoding *e = vpi_encoder_encoding(encoder);
    const size_t step = vpi_encoder_packet_frames(encoder);
    for (size_t at = 0; vpi_ogg_writer_position_frames48(writer) < until; at += step) {
        static float frames[2880 * 2];
        uint8_t packet[VPI_PACKET_MAX_BYTES];
        size_t n_bytes = 0;
        memset(frames, 0, sizeof frames);
        for (size_t i = 0; i < step * e->n_channels && at * e->n_channels + i < n_voice; i++)
            frames[i] = voice[at * e->n_channels + i];
        ck_ok(vpi_encoder_encode(encoder, frames, step, packet, sizeof packet, &n_bytes));
        ck_ok(vpi_ogg_writer_packet(writer, packet, n_bytes));
    }
}

START_TEST(ogg_every_encoding_is_accepted_by_others_and_exact)
{
    static const uint32_t rates_hz[] = {8000, 12000, 16000, 24000, 48000};
    static const uint32_t packets_us[] = {2500, 5000, 10000, 20000, 40000, 60000};
    static const uint64_t lengths[] = {1, 959, 48000, 48001, 66500};
    for (size_t k = 0; k < 10; k++) {
        const vpriv_encoding e = {.struct_size = sizeof e,
            .rate_hz = rates_hz[k % 5],
            .packet_us = packets_us[k % 6],
            .n_channels = 1 + (uint32_t)k % 2,
            .application = (vpriv_application)(1 + k % 3),
            .bitrate_bps = k == 9 ? 510000 : 32000};
        const uint64_t length = lengths[k % 5];
        size_t n_frames = 0;
        float *voice = voice_at(e.rate_hz, e.n_channels, &n_frames);
        vpi_encoder *encoder = NULL;
        ck_ok(vpi_encoder_create(&e, &encoder));
        blob out = {0};
        vpi_ogg_writer *writer = open_writer(&out, encoder);
        write_voice(writer, encoder, voice, n_frames * e.n_channels,
            length + vpi_encoder_lookahead_frames48(encoder));
        ck_ok(vpi_ogg_writer_finish(writer, length));
        vpi_ogg_writer_close(writer);
        blob_save(&out, "a.opus");
        accepted("a.opus");
        blob samples = opusdec("a.opus");
        ck_assert_msg(samples.n_bytes == length * e.n_channels * 4, "%zu bytes for %llu frames",
            samples.n_bytes, (unsigned long long)length);
        blob_free(&samples);
        blob_free(&out);
        vpi_encoder_destroy(encoder);
        free(voice);
    }
    run("opusinfo a.opus | grep -q 'Encoded with libvoicepriv 0.1.0'");
    run("opusinfo a.opus | grep -q 'TITLE=K'");
}
END_TEST

START_TEST(ogg_sound_begins_where_it_began)
{
    const vpriv_encoding e = {.struct_size = sizeof e,
        .rate_hz = 48000,
        .application = VPRIV_APPLICATION_AUDIO,
        .bitrate_bps = 160000};
    size_t n_frames = 0;
    float *voice = voice_at(48000, 1, &n_frames);
    vpi_encoder *encoder = NULL;
    ck_ok(vpi_encoder_create(&e, &encoder));
    blob out = {0};
    vpi_ogg_writer *writer = open_writer(&out, encoder);
    write_voice(writer, encoder, voice, n_frames, n_frames + 312);
    ck_ok(vpi_ogg_writer_finish(writer, n_frames));
    vpi_ogg_writer_close(writer);
    blob_save(&out, "a.opus");
    blob samples = opusdec("a.opus");
    ck_assert_uint_eq(samples.n_bytes, n_frames * 4);
    const float *decoded = (const float *)(const void *)samples.bytes;
    double best = 1e9;
    int best_shift = 99;
    for (int shift = -5; shift <= 5; shift++) {
        double noise = 0;
        for (size_t i = 5; i + 5 < n_frames; i++) {
            const double d = (double)voice[i] - (double)decoded[(size_t)((long)i + shift)];
            noise += d * d;
        }
        if (noise < best) {
            best = noise;
            best_shift = shift;
        }
    }
    ck_assert_int_eq(best_shift, 0);
    blob_free(&samples);
    blob_free(&out);
    vpi_encoder_destroy(encoder);
    free(voice);
}
END_TEST

/* Voice, gap, voice, gap, voice: lengths exact, and what others decode is what we decode. */
static void gaps_of(uint64_t gap, uint32_t packet_us, vpriv_application application)
{
    const vpriv_encoding e = {.struct_size = sizeof e,
        .rate_hz = 48000,
        .packet_us = packet_us,
        .application = application,
        .bitrate_bps = application == VPRIV_APPLICATION_VOIP ? 12000 : 64000};
    size_t n_frames = 0;
    float *voice = voice_at(48000, 1, &n_frames);
    vpi_encoder *encoder = NULL;
    ck_ok(vpi_encoder_create(&e, &encoder));
    blob out = {0};
    vpi_ogg_writer *writer = open_writer(&out, encoder);
    ck_ok(vpi_ogg_writer_gap(writer, gap));
    for (int i = 0; i < 2; i++) {
        write_voice(
            writer, encoder, voice, n_frames, vpi_ogg_writer_position_frames48(writer) + 12345);
        ck_ok(vpi_ogg_writer_gap(writer, gap));
    }
    const uint64_t position = vpi_ogg_writer_position_frames48(writer);
    const uint64_t length = position + 77 - vpi_encoder_lookahead_frames48(encoder);
    ck_ok(vpi_ogg_writer_finish(writer, length));
    vpi_ogg_writer_close(writer);
    /* never more than 2.5 ms away from the sum of what was asked for */
    const uint64_t per_packet = packet_us * 48 / 1000;
    const uint64_t voiced = 2 * ((12345 + per_packet - 1) / per_packet * per_packet);
    ck_assert_uint_le(position, voiced + 3 * gap);
    ck_assert_uint_gt(position + 120, voiced + 3 * gap);
    blob_save(&out, "gaps.opus");
    accepted("gaps.opus");
    blob samples = opusdec("gaps.opus");
    ck_assert_uint_eq(samples.n_bytes, length * 4);

    vpi_ogg_reader *reader = NULL;
    vpi_decoder *decoder = NULL;
    ck_ok(vpi_ogg_reader_open(blob_source, &out, &reader));
    ck_ok(vpi_decoder_create(48000, 1, &decoder));
    vpi_ogg_item item;
    float *ours = calloc(position + 5760, sizeof *ours);
    size_t n = 0, n_decoded = 0;
    for (;;) {
        ck_ok(vpi_ogg_reader_next(reader, &item));
        ck_assert_uint_eq(item.n_lost_frames48, 0);
        if (item.n_bytes == 0)
            break;
        ck_ok(vpi_decoder_decode(decoder, item.packet, item.n_bytes, ours + n, 5760, &n_decoded));
        ck_assert_uint_eq(n_decoded, item.duration_frames48);
        n += n_decoded;
    }
    ck_assert_uint_eq(vpi_ogg_reader_length_frames48(reader), length);
    const float *theirs = (const float *)(const void *)samples.bytes;
    for (size_t i = 0; i < length; i++) {
        const float mine = ours[i + vpi_ogg_reader_head(reader)->preskip_frames48];
        ck_assert_float_le(fabsf(theirs[i] - mine), 1e-6f);
    }
    vpi_ogg_reader_close(reader);
    vpi_decoder_destroy(decoder);
    free(ours);
    blob_free(&samples);
    blob_free(&out);
    vpi_encoder_destroy(encoder);
    free(voice);
}

START_TEST(ogg_gaps_keep_the_time)
{
    gaps_of(0, 20000, VPRIV_APPLICATION_VOIP);
    gaps_of(1, 20000, VPRIV_APPLICATION_VOIP);
    gaps_of(119, 10000, VPRIV_APPLICATION_AUDIO);
    gaps_of(120, 60000, VPRIV_APPLICATION_VOIP);
    gaps_of(7321, 20000, VPRIV_APPLICATION_LOW_DELAY);
    gaps_of(150001, 2500, VPRIV_APPLICATION_AUDIO);
}
END_TEST

START_TEST(ogg_without_any_packet_is_a_valid_file)
{
    static const uint64_t lengths[] = {0, 1, 119, 100000};
    for (size_t i = 0; i < 4; i++)
        for (uint32_t preskip = 0; preskip <= 312; preskip += 312) {
            const vpi_opus_head head = {1, preskip, 16000};
            blob out = {0};
            vpi_ogg_writer *writer = NULL;
            ck_ok(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer));
            ck_ok(vpi_ogg_writer_finish(writer, lengths[i]));
            ck_fails(vpi_ogg_writer_finish(writer, lengths[i]), VPRIV_E_STATE);
            ck_fails(vpi_ogg_writer_gap(writer, 120), VPRIV_E_STATE);
            vpi_ogg_writer_close(writer);
            blob_save(&out, "empty.opus");
            if (lengths[i] > 0) {
                if (preskip > 0) /* opusinfo calls less than an encoder's own implausible */
                    accepted("empty.opus");
                blob samples = opusdec("empty.opus");
                ck_assert_uint_eq(samples.n_bytes, lengths[i] * 4);
                blob_free(&samples);
            }
            vpi_ogg_reader *reader = NULL;
            vpi_ogg_item item;
            ck_ok(vpi_ogg_reader_open(blob_source, &out, &reader));
            do
                ck_ok(vpi_ogg_reader_next(reader, &item));
            while (item.n_bytes > 0);
            ck_assert_uint_eq(vpi_ogg_reader_length_frames48(reader), lengths[i]);
            vpi_ogg_reader_close(reader);
            blob_free(&out);
        }
}
END_TEST

START_TEST(ogg_pages_hold_a_second_at_most)
{
    const vpi_opus_head head = {2, 0, 48000};
    blob out = {0};
    vpi_ogg_writer *writer = NULL;
    ck_ok(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer));
    ck_ok(vpi_ogg_writer_gap(writer, 48000 * 20));
    ck_ok(vpi_ogg_writer_finish(writer, 48000 * 20));
    vpi_ogg_writer_close(writer);
    uint64_t granule_before = 0;
    unsigned n_pages = 0;
    for (size_t at = 0; at < out.n_bytes; n_pages++) {
        ck_assert_mem_eq(out.bytes + at, "OggS", 4);
        uint64_t granule = 0;
        for (size_t b = 8; b-- > 0;)
            granule = granule << 8 | out.bytes[at + 6 + b];
        ck_assert_uint_le(granule - granule_before, 48000);
        granule_before = granule;
        const size_t n_segments = out.bytes[at + 26];
        size_t body = 0;
        for (size_t s = 0; s < n_segments; s++)
            body += out.bytes[at + 27 + s];
        at += 27 + n_segments + body;
    }
    ck_assert_uint_eq(granule_before, 48000 * 20);
    ck_assert_uint_ge(n_pages, 22);
    blob_free(&out);
}
END_TEST

/* All packets of a file one after the other, with their sizes before them. */
static blob packets_of(blob *file, vpi_opus_head *head_out, uint64_t *length_out)
{
    blob all = {0};
    vpi_ogg_reader *reader = NULL;
    vpi_ogg_item item;
    file->at = 0;
    ck_ok(vpi_ogg_reader_open(blob_source, file, &reader));
    *head_out = *vpi_ogg_reader_head(reader);
    for (;;) {
        ck_ok(vpi_ogg_reader_next(reader, &item));
        ck_assert_uint_eq(item.n_lost_frames48, 0);
        if (item.n_bytes == 0)
            break;
        ck_assert_uint_le(item.n_bytes, VPI_PACKET_MAX_BYTES);
        ck_ok(blob_sink(&all, &item.n_bytes, sizeof item.n_bytes));
        ck_ok(blob_sink(&all, item.packet, item.n_bytes));
    }
    *length_out = vpi_ogg_reader_length_frames48(reader);
    vpi_ogg_reader_close(reader);
    return all;
}

START_TEST(ogg_foreign_files_go_in_and_out_unchanged)
{
    static const char *const makers[] = {
        "opusenc --quiet %s in.opus",
        "opusenc --quiet --framesize 2.5 --bitrate 64 %s in.opus",
        "opusenc --quiet --framesize 5 --hard-cbr %s in.opus",
        "opusenc --quiet --framesize 10 --speech --bitrate 8 %s in.opus",
        "opusenc --quiet --framesize 40 --bitrate 24 %s in.opus",
        "opusenc --quiet --framesize 60 --bitrate 16 --max-delay 0 %s in.opus",
        "sox %s st.wav remix 1 1 && opusenc --quiet --bitrate 256 --framesize 60 st.wav in.opus",
        "ffmpeg -nostdin -v error -y -i %s -c:a libopus -frame_duration 120 in.opus",
        "sox %s tiny.wav trim 0 0.0007 && opusenc --quiet tiny.wav in.opus",
    };
    for (size_t m = 0; m < sizeof makers / sizeof makers[0]; m++) {
        char command[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(command, sizeof command, makers[m], VOICE);
#pragma GCC diagnostic pop
        run("%s", command);
        blob in = blob_load("in.opus"), out = {0};
        vpi_opus_head head, head_again;
        uint64_t length = 0, length_again = 0;
        blob packets = packets_of(&in, &head, &length);
        vpi_ogg_writer *writer = NULL;
        ck_ok(vpi_ogg_writer_open(&head, comments, 2, blob_sink, &out, &writer));
        for (size_t at = 0; at < packets.n_bytes;) {
            size_t n_bytes;
            memcpy(&n_bytes, packets.bytes + at, sizeof n_bytes);
            ck_ok(vpi_ogg_writer_packet(writer, packets.bytes + at + sizeof n_bytes, n_bytes));
            at += sizeof n_bytes + n_bytes;
        }
        ck_ok(vpi_ogg_writer_finish(writer, length));
        vpi_ogg_writer_close(writer);
        blob_save(&out, "out.opus");
        accepted("out.opus");
        blob again = packets_of(&out, &head_again, &length_again);
        ck_assert_uint_eq(again.n_bytes, packets.n_bytes);
        ck_assert_mem_eq(again.bytes, packets.bytes, packets.n_bytes);
        ck_assert_uint_eq(length_again, length);
        ck_assert_uint_eq(head_again.preskip_frames48, head.preskip_frames48);
        blob before = opusdec("in.opus"), after = opusdec("out.opus");
        ck_assert_uint_eq(before.n_bytes, length * head.n_channels * 4);
        ck_assert_uint_eq(before.n_bytes, after.n_bytes);
        ck_assert_mem_eq(before.bytes, after.bytes, before.n_bytes);
        blob_free(&before);
        blob_free(&after);
        blob_free(&again);
        blob_free(&packets);
        blob_free(&in);
        blob_free(&out);
    }
}
END_TEST

START_TEST(ogg_writer_refuses_what_would_break_the_file)
{
    static const char *const bad_comments[] = {
        "no equals sign", "=value", "K\xc3\x9c=x", "KEY=\xff", "KEY=\xc0\x80", "KEY=\xed\xa0\x80"};
    vpi_opus_head head = {1, 312, 16000};
    vpi_ogg_writer *writer = NULL;
    blob out = {0};
    for (size_t i = 0; i < 6; i++)
        ck_fails(
            vpi_ogg_writer_open(&head, &bad_comments[i], 1, blob_sink, &out, &writer), VPRIV_E_ARG);
    head.n_channels = 3;
    ck_fails(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer), VPRIV_E_ARG);
    head.n_channels = 1;
    head.preskip_frames48 = 65536;
    ck_fails(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer), VPRIV_E_ARG);
    head.preskip_frames48 = 312;
    ck_assert_uint_eq(out.n_bytes, 0);
    ck_assert_ptr_null(writer);

    static uint8_t packet[4001] = {0x78};
    ck_ok(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer));
    ck_fails(vpi_ogg_writer_packet(writer, packet, 4001), VPRIV_E_LIMIT);
    ck_fails(vpi_ogg_writer_packet(writer, packet, 1), VPRIV_E_STATE);
    vpi_ogg_writer_close(writer);
    ck_ok(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer));
    ck_fails(vpi_ogg_writer_packet(writer, packet, 0), VPRIV_E_FORMAT);
    vpi_ogg_writer_close(writer);
    ck_ok(vpi_ogg_writer_open(&head, NULL, 0, blob_sink, &out, &writer));
    for (int i = 0; i < 4; i++)
        ck_ok(vpi_ogg_writer_packet(writer, packet, 1));
    const uint64_t position = vpi_ogg_writer_position_frames48(writer);
    ck_fails(vpi_ogg_writer_finish(writer, position - 960 - 313), VPRIV_E_ARG);
    ck_ok(vpi_ogg_writer_finish(writer, position - 960 - 312));
    vpi_ogg_writer_close(writer);
    vpi_ogg_writer_close(NULL);
    blob_free(&out);
}
END_TEST

START_TEST(ogg_writer_hands_on_why_the_sink_refused)
{
    const vpi_opus_head head = {1, 312, 16000};
    for (size_t room = 1; room < 400; room += 9) {
        blob out = {.fail_after = room};
        vpi_ogg_writer *writer = NULL;
        vpriv_status st = vpi_ogg_writer_open(&head, comments, 2, blob_sink, &out, &writer);
        if (st == VPRIV_OK) {
            st = vpi_ogg_writer_gap(writer, 48000 * 10);
            if (st == VPRIV_OK)
                st = vpi_ogg_writer_finish(writer, 48000 * 10);
            ck_fails(vpi_ogg_writer_finish(writer, 48000 * 10), VPRIV_E_STATE);
        }
        ck_assert_int_eq(st, VPRIV_E_FULL);
        vpi_ogg_writer_close(writer);
        blob_free(&out);
    }
}
END_TEST

static vpriv_status blob_seek(void *user, uint64_t offset_bytes)
{
    /* The WAV header is written last: a second blob takes it. */
    ck_assert_uint_eq(offset_bytes, 0);
    blob *two = user;
    two[1] = two[0];
    memset(&two[0], 0, sizeof two[0]);
    return VPRIV_OK;
}

START_TEST(wav_is_read_back_as_written)
{
    static int16_t frames[5000];
    for (size_t i = 0; i < 5000; i++)
        frames[i] = (int16_t)(i * 13);
    for (int way = 0; way < 3; way++) {
        blob two[2] = {{0}, {0}};
        vpi_wav_writer writer = {.sink = blob_sink,
            .user = two,
            .seek = way == 1 ? blob_seek : NULL,
            .rate_hz = 16000,
            .n_channels = 2,
            .total_frames = way == 0 ? 2500 : VPI_WAV_LENGTH_UNKNOWN};
        ck_ok(vpi_wav_writer_start(&writer));
        ck_ok(vpi_wav_writer_write(&writer, frames, 700));
        if (way == 0)
            ck_fails(vpi_wav_writer_finish(&writer), VPRIV_E_STATE);
        ck_ok(vpi_wav_writer_write(&writer, frames + 1400, 1800));
        if (way == 0)
            ck_fails(vpi_wav_writer_write(&writer, frames, 1), VPRIV_E_LIMIT);
        ck_ok(vpi_wav_writer_finish(&writer));
        if (way == 1) {
            ck_assert_uint_eq(two[0].n_bytes, 44);
            memcpy(two[1].bytes, two[0].bytes, 44);
            blob_free(&two[0]);
            two[0] = two[1];
        }
        for (size_t field = 4; field <= 40; field += 36) { /* length of the file, of the sound */
            const uint8_t *at = two[0].bytes + field;
            const uint32_t said =
                at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
            ck_assert_uint_eq(said, way == 2 ? UINT32_MAX : two[0].n_bytes - field - 4);
        }
        blob_save(&two[0], "w.wav");
        run("ffmpeg -nostdin -v error -y -i w.wav -f s16le w.raw 2>&1");
        blob raw = blob_load("w.raw");
        ck_assert_uint_eq(raw.n_bytes, sizeof frames);
        ck_assert_mem_eq(raw.bytes, frames, sizeof frames);
        vpriv_source *source = NULL;
        if (way < 2) {
            ck_ok(vpriv_capture_file_open("w.wav", &source));
            ck_assert_uint_eq(vpi_source_total_frames(source), 2500);
            vpriv_capture_close(source);
        } else {
            ck_fails(vpriv_capture_file_open("w.wav", &source), VPRIV_E_FORMAT);
        }
        blob_free(&raw);
        blob_free(&two[0]);
    }
    vpi_wav_writer bad = {.sink = blob_sink, .rate_hz = 16000, .n_channels = 3};
    ck_fails(vpi_wav_writer_start(&bad), VPRIV_E_ARG);
    bad.n_channels = 2;
    bad.total_frames = UINT32_MAX / 4;
    ck_fails(vpi_wav_writer_start(&bad), VPRIV_E_LIMIT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packets_ogg");
    TCase *tests = tcase_create("ogg");
    tcase_add_unchecked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, ogg_every_encoding_is_accepted_by_others_and_exact);
    tcase_add_test(tests, ogg_sound_begins_where_it_began);
    tcase_add_test(tests, ogg_gaps_keep_the_time);
    tcase_add_test(tests, ogg_without_any_packet_is_a_valid_file);
    tcase_add_test(tests, ogg_pages_hold_a_second_at_most);
    tcase_add_test(tests, ogg_foreign_files_go_in_and_out_unchanged);
    tcase_add_test(tests, ogg_writer_refuses_what_would_break_the_file);
    tcase_add_test(tests, ogg_writer_hands_on_why_the_sink_refused);
    tcase_add_test(tests, wav_is_read_back_as_written);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
