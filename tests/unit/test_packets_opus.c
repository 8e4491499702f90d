#include "packets/decoder.h"
#include "packets/encoder.h"
#include "test_packets_help.h"
#include <math.h>
#include <opus.h>

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static bool same_encoding(const vpriv_encoding *a, const vpriv_encoding *b)
{
    return a->struct_size == b->struct_size && a->rate_hz == b->rate_hz &&
           a->n_channels == b->n_channels && a->bitrate_bps == b->bitrate_bps &&
           a->complexity_plus_one == b->complexity_plus_one && a->application == b->application &&
           a->packet_us == b->packet_us && a->constant_bitrate == b->constant_bitrate;
}

START_TEST(encoding_defaults_are_put_in)
{
    vpriv_encoding e;
    ck_ok(vpriv_encoding_check(NULL, &e));
    ck_assert_uint_eq(e.struct_size, sizeof e);
    ck_assert_uint_eq(e.rate_hz, 16000);
    ck_assert_uint_eq(e.n_channels, 1);
    ck_assert_uint_eq(e.bitrate_bps, 24000);
    ck_assert_uint_eq(e.complexity_plus_one, 6);
    ck_assert_int_eq(e.application, VPRIV_APPLICATION_VOIP);
    ck_assert_uint_eq(e.packet_us, 20000);
    ck_assert(!e.constant_bitrate);
    vpriv_encoding zero = {.struct_size = sizeof zero}, filled;
    ck_ok(vpriv_encoding_check(&zero, &filled));
    ck_assert(same_encoding(&filled, &e));
    const vpriv_encoding own = {
        sizeof own, 48000, 2, 510000, 1, VPRIV_APPLICATION_AUDIO, 2500, true};
    ck_ok(vpriv_encoding_check(&own, &filled));
    ck_assert(same_encoding(&filled, &own));
}
END_TEST

START_TEST(encoding_out_of_range_is_refused_by_name)
{
    const vpriv_encoding good = {.struct_size = sizeof good};
    vpriv_encoding bad[11];
    for (size_t i = 0; i < 11; i++)
        bad[i] = good;
    static const char *const names[] = {"struct_size", "struct_size", "44100", "3 channels", "5999",
        "510001", "12", "application 4", "application -1", "19999", "struct_size"};
    bad[0].struct_size--;
    bad[1].struct_size++;
    bad[2].rate_hz = 44100;
    bad[3].n_channels = 3;
    bad[4].bitrate_bps = 5999;
    bad[5].bitrate_bps = 510001;
    bad[6].complexity_plus_one = 12;
    bad[7].application = (vpriv_application)4;
    bad[8].application = (vpriv_application)-1;
    bad[9].packet_us = 19999;
    bad[10].struct_size = 0;
    for (size_t i = 0; i < 11; i++) {
        vpriv_encoding filled = {.rate_hz = 77};
        ck_fails(vpriv_encoding_check(&bad[i], &filled), VPRIV_E_ARG);
        ck_assert_uint_eq(filled.rate_hz, 77);
        ck_assert_msg(strstr(vpriv_error_detail(), names[i]), "%s", vpriv_error_detail());
        vpi_encoder *encoder = NULL;
        ck_fails(vpi_encoder_create(&bad[i], &encoder), VPRIV_E_ARG);
        ck_assert_ptr_null(encoder);
    }
    ck_fails(vpriv_encoding_check(&good, NULL), VPRIV_E_ARG);
}
END_TEST

static double snr_db(const float *wanted, const float *got, size_t n)
{
    double signal = 0, noise = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = (double)wanted[i] - (double)got[i];
        signal += (double)wanted[i] * (double)wanted[i];
        noise += difference * difference;
    }
    return 10 * log10(signal / noise);
}

/* Encode, decode, drop the pre-skip: how near is it, and is it nearest where it belongs? */
static void round_trip(const vpriv_encoding *encoding, double wanted_db)
{
    vpi_encoder *encoder = NULL;
    vpi_decoder *decoder = NULL;
    ck_ok(vpi_encoder_create(encoding, &encoder));
    const vpriv_encoding *e = vpi_encoder_encoding(encoder);
    ck_ok(vpi_decoder_create(e->rate_hz, e->n_channels, &decoder));
    size_t n_frames = 0;
    float *voice = voice_at(e->rate_hz, e->n_channels, &n_frames);
    const size_t step = vpi_encoder_packet_frames(encoder);
    ck_assert_uint_eq(step, (uint64_t)e->rate_hz * e->packet_us / 1000000);
    float *decoded = calloc(n_frames * e->n_channels + 5760 * 2, sizeof *decoded);
    for (size_t at = 0; at + step <= n_frames; at += step) {
        uint8_t packet[VPI_PACKET_MAX_BYTES];
        size_t n_bytes = 0, n_decoded = 0;
        uint32_t duration = 0;
        ck_ok(vpi_encoder_encode(
            encoder, voice + at * e->n_channels, step, packet, sizeof packet, &n_bytes));
        ck_ok(vpi_packet_check(packet, n_bytes, &duration));
        ck_assert_uint_eq(duration, e->packet_us * 48 / 1000);
        ck_ok(vpi_decoder_decode(
            decoder, packet, n_bytes, decoded + at * e->n_channels, step, &n_decoded));
        ck_assert_uint_eq(n_decoded, step);
    }
    const uint32_t skip = vpi_encoder_lookahead_frames48(encoder) / (48000 / e->rate_hz);
    const size_t n = (n_frames - 2 * step - skip - 4) * e->n_channels;
    const float *start = decoded + skip * e->n_channels;
    const double here = snr_db(voice, start, n);
    ck_assert_msg(here > wanted_db, "%u Hz, %u us, %u ch: %.1f dB", e->rate_hz, e->packet_us,
        e->n_channels, here);
    for (size_t off = 1; off <= 3; off++) {
        ck_assert_double_lt(snr_db(voice, start + off * e->n_channels, n), here);
        ck_assert_double_lt(snr_db(voice, start - off * e->n_channels, n), here);
    }
    free(decoded);
    free(voice);
    vpi_encoder_destroy(encoder);
    vpi_decoder_destroy(decoder);
}

START_TEST(opus_voices_come_back_where_they_were)
{
    static const uint32_t rates_hz[] = {8000, 12000, 16000, 24000, 48000};
    static const uint32_t packets_us[] = {2500, 5000, 10000, 20000, 40000, 60000};
    for (size_t r = 0; r < 5; r++)
        for (size_t p = 0; p < 6; p++) {
            const vpriv_encoding e = {.struct_size = sizeof e,
                .rate_hz = rates_hz[r],
                .packet_us = packets_us[p],
                .n_channels = 1 + (uint32_t)(r + p) % 2,
                .bitrate_bps = 160000,
                .application = VPRIV_APPLICATION_AUDIO};
            round_trip(&e, 12);
        }
    const vpriv_encoding low = {.struct_size = sizeof low,
        .bitrate_bps = 96000,
        .application = VPRIV_APPLICATION_LOW_DELAY};
    round_trip(&low, 12);
    const vpriv_encoding voip = {.struct_size = sizeof voip, .bitrate_bps = 64000};
    round_trip(&voip, 6);
}
END_TEST

START_TEST(encoder_settings_reach_the_packets)
{
    size_t n_frames = 0, bytes_low = 0, bytes_high = 0;
    float *voice = voice_at(16000, 1, &n_frames);
    for (int round = 0; round < 3; round++) {
        const vpriv_encoding e = {.struct_size = sizeof e,
            .bitrate_bps = round == 1 ? 12000 : 48000,
            .constant_bitrate = round == 2,
            .complexity_plus_one = 1};
        vpi_encoder *encoder = NULL;
        ck_ok(vpi_encoder_create(&e, &encoder));
        for (size_t at = 0; at + 320 <= n_frames; at += 320) {
            uint8_t packet[VPI_PACKET_MAX_BYTES];
            size_t n_bytes = 0;
            ck_ok(vpi_encoder_encode(encoder, voice + at, 320, packet, sizeof packet, &n_bytes));
            if (round == 2)
                ck_assert_uint_eq(n_bytes, 48000 / 50 / 8);
            *(round == 1 ? &bytes_low : &bytes_high) += round == 2 ? 0 : n_bytes;
        }
        vpi_encoder_destroy(encoder);
    }
    ck_assert_uint_lt(bytes_low * 2, bytes_high);
    free(voice);
}
END_TEST

/* The second encoding listens for what sort of sound it is, and silence would leave it at that. */
START_TEST(encoder_reset_forgets_the_former_speaker)
{
    static const vpriv_encoding encodings[] = {
        {.struct_size = sizeof(vpriv_encoding)}, {.struct_size = sizeof(vpriv_encoding),
                                                     .rate_hz = 48000,
                                                     .bitrate_bps = 40000,
                                                     .complexity_plus_one = 11,
                                                     .application = VPRIV_APPLICATION_AUDIO}};
    const vpriv_encoding *e = &encodings[_i];
    const size_t rate_hz = e->rate_hz ? e->rate_hz : 16000, step = rate_hz / 50;
    size_t n_frames = 0;
    float *voice = voice_at((uint32_t)rate_hz, 1, &n_frames);
    vpi_encoder *used = NULL, *fresh = NULL;
    ck_ok(vpi_encoder_create(e, &used));
    ck_ok(vpi_encoder_create(e, &fresh));
    uint8_t a[4000], b[4000];
    size_t a_bytes = 0, b_bytes = 0, n_different = 0;
    for (size_t at = 0; at < step * 40; at += step)
        ck_ok(vpi_encoder_encode(used, voice + rate_hz / 2 + at, step, a, sizeof a, &a_bytes));
    ck_ok(vpi_encoder_reset(used));
    memset(voice, 0, step * 10 * sizeof *voice);
    for (size_t at = 0; at < step * 30; at += step) {
        ck_ok(vpi_encoder_encode(used, voice + at, step, a, sizeof a, &a_bytes));
        ck_ok(vpi_encoder_encode(fresh, voice + at, step, b, sizeof b, &b_bytes));
        n_different += a_bytes != b_bytes || memcmp(a, b, a_bytes) != 0;
    }
    ck_assert_uint_eq(n_different, 0);
    vpi_encoder_destroy(used);
    vpi_encoder_destroy(fresh);
    vpi_encoder_destroy(NULL);
    free(voice);
}
END_TEST

START_TEST(encoder_largest_packets_fit_a_block)
{
    const vpriv_encoding e = {.struct_size = sizeof e,
        .rate_hz = 48000,
        .n_channels = 2,
        .bitrate_bps = 510000,
        .packet_us = 60000,
        .application = VPRIV_APPLICATION_AUDIO};
    vpi_encoder *encoder = NULL;
    ck_ok(vpi_encoder_create(&e, &encoder));
    static float noise[2880 * 2];
    size_t largest = 0;
    for (int i = 0; i < 40; i++) {
        uint8_t packet[8000];
        size_t n_bytes = 0;
        for (size_t s = 0; s < 2880 * 2; s++)
            noise[s] = (float)random_below(65536) / 32768.0f - 1.0f;
        ck_ok(vpi_encoder_encode(encoder, noise, 2880, packet, sizeof packet, &n_bytes));
        largest = n_bytes > largest ? n_bytes : largest;
    }
    ck_assert_uint_le(largest, VPI_PACKET_MAX_BYTES);
    ck_assert_uint_gt(largest, 3000);
    size_t n_bytes = 99;
    uint8_t packet[2];
    ck_fails(vpi_encoder_encode(encoder, noise, 960, packet, 2, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_encoder_encode(encoder, noise, 2880, packet, 1, &n_bytes), VPRIV_E_ARG);
    ck_assert_uint_eq(n_bytes, 99);
    vpi_encoder_destroy(encoder);
}
END_TEST

START_TEST(decoder_refuses_what_is_no_packet)
{
    vpi_decoder *decoder = NULL;
    ck_fails(vpi_decoder_create(44100, 1, &decoder), VPRIV_E_ARG);
    ck_fails(vpi_decoder_create(UINT32_MAX, 1, &decoder), VPRIV_E_ARG);
    ck_fails(vpi_decoder_create(16000, 0, &decoder), VPRIV_E_ARG);
    ck_fails(vpi_decoder_create(16000, 3, &decoder), VPRIV_E_ARG);
    ck_assert_ptr_null(decoder);
    ck_ok(vpi_decoder_create(48000, 2, &decoder));
    static float frames[5760 * 2];
    size_t n_frames = 99;
    /* nothing; code 1 with an odd rest; code 2 with no room; code 3 with no frame, 49, or 140 ms */
    static const uint8_t bad[][4] = {
        {0}, {0x79, 1}, {0x7a, 200, 1}, {0x7b}, {0x7b, 0}, {0x7b, 49}, {0xfb, 7}, {0x1b, 3}};
    static const size_t sizes[] = {0, 2, 3, 1, 2, 2, 2, 2};
    for (size_t i = 0; i < 8; i++)
        ck_fails(
            vpi_decoder_decode(decoder, bad[i], sizes[i], frames, 5760, &n_frames), VPRIV_E_FORMAT);
    ck_assert_uint_eq(n_frames, 99);
    const uint8_t sixty_ms = 0x18;
    ck_fails(vpi_decoder_decode(decoder, &sixty_ms, 1, frames, 2879, &n_frames), VPRIV_E_ARG);
    ck_ok(vpi_decoder_decode(decoder, &sixty_ms, 1, frames, 2880, &n_frames));
    ck_assert_uint_eq(n_frames, 2880);
    for (int i = 0; i < 20000; i++) {
        uint8_t packet[64];
        const size_t n_bytes = random_below(sizeof packet + 1);
        for (size_t b = 0; b < n_bytes; b++)
            packet[b] = (uint8_t)random_below(256);
        const vpriv_status st =
            vpi_decoder_decode(decoder, packet, n_bytes, frames, 5760, &n_frames);
        ck_assert(st == VPRIV_OK || st == VPRIV_E_FORMAT);
    }
    ck_ok(vpi_decoder_reset(decoder));
    vpi_decoder_destroy(decoder);
    vpi_decoder_destroy(NULL);
}
END_TEST

START_TEST(packet_of_nothing_has_the_longest_duration_that_fits)
{
    for (unsigned toc = 0; toc < 256; toc++)
        for (uint64_t limit = 120; limit < 4000; limit += 7) {
            uint32_t said = 0, checked = 0;
            const uint8_t nothing = vpi_packet_nothing((uint8_t)toc, limit, &said);
            ck_ok(vpi_packet_check(&nothing, 1, &checked));
            ck_assert_uint_eq(said, checked);
            ck_assert_uint_le(said, limit);
            ck_assert_uint_eq(nothing & 4u, toc & 4u);
            ck_assert_uint_eq(nothing & 3u, 0);
            const uint32_t longest = toc >> 3 < 12 ? 2880 : 960;
            ck_assert_uint_ge(said * 2, limit < longest ? limit - 119 : longest);
        }
}
END_TEST

/* A packet of n 20 ms frames of noise, as one encoder makes them. */
static size_t long_packet(int n_frames, uint8_t *packet_out, size_t capacity)
{
    static uint8_t parts[6][1500];
    static float noise[960 * 2];
    const vpriv_encoding e = {.struct_size = sizeof e,
        .rate_hz = 48000,
        .n_channels = 2,
        .bitrate_bps = 480000,
        .application = VPRIV_APPLICATION_AUDIO};
    vpi_encoder *encoder = NULL;
    OpusRepacketizer *joined = opus_repacketizer_create();
    ck_ok(vpi_encoder_create(&e, &encoder));
    for (int i = 0; i < n_frames; i++) {
        size_t n_bytes = 0;
        for (size_t s = 0; s < 960 * 2; s++)
            noise[s] = (float)random_below(65536) / 32768.0f - 1.0f;
        ck_ok(vpi_encoder_encode(encoder, noise, 960, parts[i], sizeof parts[i], &n_bytes));
        ck_assert_int_eq(opus_repacketizer_cat(joined, parts[i], (opus_int32)n_bytes), OPUS_OK);
    }
    const opus_int32 n_bytes = opus_repacketizer_out(joined, packet_out, (opus_int32)capacity);
    ck_assert_int_gt(n_bytes, 0);
    opus_repacketizer_destroy(joined);
    vpi_encoder_destroy(encoder);
    return (size_t)n_bytes;
}

START_TEST(splitter_parts_decode_to_the_same_sound)
{
    static uint8_t packet[16000];
    static float whole[5760 * 2], parts[5760 * 2];
    vpi_splitter *splitter = NULL;
    ck_ok(vpi_splitter_create(&splitter));
    for (int n_coded = 1; n_coded <= 6; n_coded++) {
        size_t n_bytes = long_packet(n_coded, packet, sizeof packet);
        if (n_coded == 1) { /* one frame and much padding */
            ck_assert_int_eq(opus_packet_pad(packet, (opus_int32)n_bytes, 9000), OPUS_OK);
            n_bytes = 9000;
        }
        vpi_decoder *a = NULL, *b = NULL;
        ck_ok(vpi_decoder_create(48000, 2, &a));
        ck_ok(vpi_decoder_create(48000, 2, &b));
        size_t n_whole = 0, n_parts = 0, n_decoded = 0, part_bytes = 0;
        uint32_t duration = 0;
        ck_ok(vpi_decoder_decode(a, packet, n_bytes, whole, 5760, &n_whole));
        ck_ok(vpi_splitter_begin(splitter, packet, n_bytes));
        uint8_t part[VPI_PACKET_MAX_BYTES];
        unsigned n = 0;
        while (vpi_splitter_next(splitter, part, sizeof part, &part_bytes, &duration)) {
            ck_assert_uint_le(part_bytes, VPI_PACKET_MAX_BYTES);
            ck_ok(vpi_decoder_decode(
                b, part, part_bytes, parts + n_parts * 2, 5760 - n_parts, &n_decoded));
            ck_assert_uint_eq(n_decoded, duration);
            n_parts += n_decoded;
            n++;
        }
        ck_assert_uint_eq(n_whole, n_parts);
        ck_assert_mem_eq(whole, parts, n_whole * 2 * sizeof *whole);
        ck_assert_uint_eq(n, n_coded > 3 ? 2 : 1);
        vpi_decoder_destroy(a);
        vpi_decoder_destroy(b);
    }
    static const uint8_t bad[2] = {0x7b, 0};
    ck_fails(vpi_splitter_begin(splitter, bad, 2), VPRIV_E_FORMAT);
    vpi_splitter_destroy(splitter);
    vpi_splitter_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packets_opus");
    TCase *tests = tcase_create("opus");
    tcase_add_unchecked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, encoding_defaults_are_put_in);
    tcase_add_test(tests, encoding_out_of_range_is_refused_by_name);
    tcase_add_test(tests, opus_voices_come_back_where_they_were);
    tcase_add_test(tests, encoder_settings_reach_the_packets);
    tcase_add_loop_test(tests, encoder_reset_forgets_the_former_speaker, 0, 2);
    tcase_add_test(tests, encoder_largest_packets_fit_a_block);
    tcase_add_test(tests, decoder_refuses_what_is_no_packet);
    tcase_add_test(tests, packet_of_nothing_has_the_longest_duration_that_fits);
    tcase_add_test(tests, splitter_parts_decode_to_the_same_sound);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
