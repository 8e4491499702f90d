#include "base/bytes.h"
#include "packets/decoder.h"
#include "test_packets_help.h"
#include <ogg/ogg.h>
#include <opus.h>

/* Ogg files with one fault each, made with libogg itself so that everything else is right. */

typedef struct fault_file {
    ogg_stream_state stream;
    blob out;
    int64_t n_packets;
} fault_file;

static fault_file begin_file(int serial)
{
    fault_file f = {0};
    ck_assert_int_eq(ogg_stream_init(&f.stream, serial), 0);
    return f;
}

static void put_pages(fault_file *f)
{
    ogg_page page;
    while (ogg_stream_flush(&f->stream, &page)) {
        ck_ok(blob_sink(&f->out, page.header, (size_t)page.header_len));
        ck_ok(blob_sink(&f->out, page.body, (size_t)page.body_len));
    }
}

/* A packet on a page of its own. */
static void put_packet(fault_file *f, const void *bytes, size_t n_bytes, int64_t granule, bool last)
{
    static uint8_t copy[1 << 21];
    ck_assert_uint_le(n_bytes, sizeof copy);
    if (n_bytes)
        memcpy(copy, bytes, n_bytes);
    ogg_packet packet = {copy, (long)n_bytes, f->n_packets == 0, last, granule, f->n_packets};
    f->n_packets++;
    ck_assert_int_eq(ogg_stream_packetin(&f->stream, &packet), 0);
    put_pages(f);
}

static const uint8_t good_head[19] = {
    'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0x38, 1, 0x80, 0x3e, 0, 0, 0, 0, 0};
static const uint8_t good_tags[16] = "OpusTags";
/* 20 ms in one byte; two frames of different bandwidths do not matter to a container */
static const uint8_t twenty_ms[1] = {0x48};

static blob end_file(fault_file *f)
{
    ogg_stream_clear(&f->stream);
    return f->out;
}

static blob file_with(const void *head, size_t head_bytes, const void *tags, size_t tags_bytes)
{
    fault_file f = begin_file(7);
    put_packet(&f, head, head_bytes, 0, false);
    if (tags)
        put_packet(&f, tags, tags_bytes, 0, false);
    put_packet(&f, twenty_ms, 1, 960, false);
    put_packet(&f, twenty_ms, 1, 1920, true);
    return end_file(&f);
}

static char why[512]; /* the text of the first failure of read_all */

/* Read everything; how it ended. */
static vpriv_status read_all(blob *file, uint64_t *n_lost_out, uint64_t *n_given_out)
{
    vpi_ogg_reader *reader = NULL;
    vpi_ogg_item item = {0};
    uint64_t n_lost = 0, n_given = 0;
    file->at = 0;
    vpriv_status st = vpi_ogg_reader_open(blob_source, file, &reader);
    if (st != VPRIV_OK) {
        snprintf(why, sizeof why, "%s", vpriv_error_detail());
        ck_assert_ptr_null(reader);
    }
    while (st == VPRIV_OK) {
        st = vpi_ogg_reader_next(reader, &item);
        if (st != VPRIV_OK) {
            snprintf(why, sizeof why, "%s", vpriv_error_detail());
            ck_assert_int_eq(vpi_ogg_reader_next(reader, &item), st);
        } else {
            n_lost += item.n_lost_frames48;
            n_given += item.duration_frames48;
            if (item.n_bytes == 0)
                break;
        }
    }
    vpi_ogg_reader_close(reader);
    if (n_lost_out)
        *n_lost_out = n_lost;
    if (n_given_out)
        *n_given_out = n_given;
    return st;
}

static void ends_with(blob file, vpriv_status status, const char *text)
{
    const vpriv_status st = read_all(&file, NULL, NULL);
    ck_assert_msg(st == status, "wanted %s, got %s: %s", vpriv_status_text(status),
        vpriv_status_text(st), why);
    if (status != VPRIV_OK)
        ck_assert_msg(strstr(why, text), "\"%s\" lacks \"%s\"", why, text);
    blob_free(&file);
}

static void head_with(size_t at, uint8_t value, vpriv_status status, const char *text)
{
    uint8_t head[19];
    memcpy(head, good_head, sizeof head);
    head[at] = value;
    ends_with(file_with(head, sizeof head, good_tags, 16), status, text);
}

START_TEST(ogg_faults_in_the_head_are_told_apart)
{
    ends_with(file_with(good_head, 19, good_tags, 16), VPRIV_OK, "");
    head_with(8, 15, VPRIV_OK, "");
    head_with(8, 16, VPRIV_E_UNSUPPORTED, "version 16");
    head_with(8, 0, VPRIV_E_UNSUPPORTED, "version 0");
    head_with(9, 0, VPRIV_E_FORMAT, "0 channels");
    head_with(9, 3, VPRIV_E_FORMAT, "3 channels");
    head_with(18, 1, VPRIV_E_UNSUPPORTED, "family 1");
    head_with(18, 255, VPRIV_E_UNSUPPORTED, "family 255");
    head_with(16, 1, VPRIV_E_UNSUPPORTED, "gain");
    head_with(17, 0xff, VPRIV_E_UNSUPPORTED, "gain");
    head_with(0, 'o', VPRIV_E_UNSUPPORTED, "without Opus");
    head_with(11, 0xff, VPRIV_E_FORMAT, "pre-skip");
    ends_with(file_with(good_head, 18, good_tags, 16), VPRIV_E_FORMAT, "too short");
    ends_with(file_with(good_head, 5, good_tags, 16), VPRIV_E_UNSUPPORTED, "without Opus");
}
END_TEST

START_TEST(ogg_faults_in_the_comments_are_errors)
{
    ends_with(file_with(good_head, 19, NULL, 0), VPRIV_E_FORMAT, "comment header");
    ends_with(file_with(good_head, 19, good_tags, 8), VPRIV_E_FORMAT, "malformed");
    ends_with(file_with(good_head, 19, good_tags, 15), VPRIV_E_FORMAT, "malformed");
    uint8_t tags[32] = "OpusTags";
    for (size_t at = 8; at < 16; at += 4) { /* vendor length, comment count */
        memset(tags + at, 0xff, 4);
        ends_with(file_with(good_head, 19, tags, 32), VPRIV_E_FORMAT, "malformed");
        memset(tags + at, 0, 4);
    }
    tags[12] = 1;
    memset(tags + 16, 0xff, 4); /* length of the one comment */
    ends_with(file_with(good_head, 19, tags, 32), VPRIV_E_FORMAT, "malformed");
    tags[12] = 3;
    memset(tags + 16, 0, 4);
    ends_with(file_with(good_head, 19, tags, 32), VPRIV_OK, "");
    /* A picture of a megabyte is carried by honest files. */
    static uint8_t large[1 << 20];
    memcpy(large, "OpusTags", 8);
    ends_with(file_with(good_head, 19, large, sizeof large), VPRIV_OK, "");
}
END_TEST

START_TEST(ogg_comments_without_end_are_not_gathered)
{
    fault_file f = begin_file(7);
    put_packet(&f, good_head, 19, 0, false);
    static uint8_t large[20 << 20];
    memcpy(large, "OpusTags", 8);
    ogg_packet packet = {large, sizeof large, 0, 0, 0, 1};
    ck_assert_int_eq(ogg_stream_packetin(&f.stream, &packet), 0);
    put_pages(&f);
    ends_with(end_file(&f), VPRIV_E_LIMIT, "packet of more than");
}
END_TEST

START_TEST(ogg_sound_on_a_header_page_is_an_error)
{
    fault_file f = begin_file(7);
    uint8_t copy[19];
    memcpy(copy, good_head, 19);
    ogg_packet packet = {copy, 19, 1, 0, 0, 0};
    ck_assert_int_eq(ogg_stream_packetin(&f.stream, &packet), 0);
    put_pages(&f);
    uint8_t tags[16];
    memcpy(tags, good_tags, 16);
    packet = (ogg_packet){tags, 16, 0, 0, 0, 1};
    ck_assert_int_eq(ogg_stream_packetin(&f.stream, &packet), 0);
    put_packet(&f, twenty_ms, 1, 960, false);
    ends_with(end_file(&f), VPRIV_E_FORMAT, "page of the comments");
}
END_TEST

START_TEST(ogg_packets_that_are_none_are_errors)
{
    static const uint8_t no_frames[2] = {0x7b, 0};
    for (int i = 0; i < 2; i++) {
        fault_file f = begin_file(7);
        put_packet(&f, good_head, 19, 0, false);
        put_packet(&f, good_tags, 16, 0, false);
        put_packet(&f, no_frames, i == 0 ? 2 : 0, 960, true);
        ends_with(end_file(&f), VPRIV_E_FORMAT, "Opus packet");
    }
    static uint8_t padded[1 << 20]; /* code 3, one frame of nothing, padding all the way */
    fault_file f = begin_file(7);
    put_packet(&f, good_head, 19, 0, false);
    put_packet(&f, good_tags, 16, 0, false);
    put_packet(&f, padded, sizeof padded, 960, true);
    ends_with(end_file(&f), VPRIV_E_LIMIT, "packet of");
}
END_TEST

/* Header pages, then one page per packet with these positions. */
static blob file_at(const int64_t *granules, size_t n_granules)
{
    fault_file f = begin_file(7);
    put_packet(&f, good_head, 19, 0, false);
    put_packet(&f, good_tags, 16, 0, false);
    for (size_t i = 0; i < n_granules; i++)
        put_packet(&f, twenty_ms, 1, granules[i], i + 1 == n_granules);
    return end_file(&f);
}

START_TEST(ogg_positions_are_believed_only_when_they_can_be)
{
    ends_with(file_at((int64_t[]){960, 1920, 2000}, 3), VPRIV_OK, "");
    ends_with(file_at((int64_t[]){960, 1920, 1920}, 3), VPRIV_OK, "");
    ends_with(file_at((int64_t[]){960, 1920, 1919}, 3), VPRIV_E_FORMAT, "backwards");
    ends_with(file_at((int64_t[]){960, 1919, 3000}, 3), VPRIV_E_FORMAT, "more than its position");
    ends_with(file_at((int64_t[]){959, 1919, 3000}, 3), VPRIV_E_FORMAT, "before the first packet");
    ends_with(file_at((int64_t[]){960, -1, 3000}, 3), VPRIV_E_FORMAT, "lacks its position");
    ends_with(file_at((int64_t[]){960, -2, 3000}, 3), VPRIV_E_FORMAT, "lacks its position");
    ends_with(file_at((int64_t[]){960, INT64_MAX, INT64_MAX}, 3), VPRIV_E_LIMIT, "24 hours");
    ends_with(file_at((int64_t[]){400}, 1), VPRIV_OK, "");
    ends_with(file_at((int64_t[]){311}, 1), VPRIV_E_FORMAT, "pre-skip");

    uint64_t n_lost, n_given;
    blob joined_late = file_at((int64_t[]){1000960, 1001920, 1002880}, 3);
    ck_ok(read_all(&joined_late, &n_lost, &n_given));
    ck_assert_uint_eq(n_lost, 0);
    ck_assert_uint_eq(n_given, 2880);
    blob_free(&joined_late);
    blob jumping = file_at((int64_t[]){960, 11920, 12880}, 3);
    ck_ok(read_all(&jumping, &n_lost, &n_given));
    ck_assert_uint_eq(n_lost, 10000);
    blob_free(&jumping);
}
END_TEST

static size_t page_bytes(const uint8_t *page)
{
    size_t n_bytes = 27u + page[26];
    for (size_t i = 0; i < page[26]; i++)
        n_bytes += page[27 + i];
    return n_bytes;
}

static blob voice_file(void)
{
    run("opusenc --quiet --max-delay 100 %s v.opus", VOICE);
    return blob_load("v.opus");
}

START_TEST(ogg_lost_pages_become_gaps_of_their_length)
{
    blob whole = voice_file();
    uint64_t n_all, n_lost, n_given;
    ck_ok(read_all(&whole, &n_lost, &n_all));
    ck_assert_uint_eq(n_lost, 0);
    unsigned n_holes = 0, page = 0;
    for (size_t at = 0, n = 0; at < whole.n_bytes; at += n, page++) {
        n = page_bytes(whole.bytes + at);
        blob holed = {0};
        ck_ok(blob_sink(&holed, whole.bytes, at));
        ck_ok(blob_sink(&holed, whole.bytes + at + n, whole.n_bytes - at - n));
        const vpriv_status st = read_all(&holed, &n_lost, &n_given);
        if (page < 2 || at + n == whole.n_bytes) {
            ck_assert_int_eq(st, VPRIV_E_FORMAT);
        } else {
            ck_assert_int_eq(st, VPRIV_OK);
            ck_assert_uint_gt(n_lost, 0);
            ck_assert_uint_eq(n_lost + n_given, n_all);
            n_holes++;
        }
        blob_free(&holed);
    }
    ck_assert_uint_gt(n_holes, 3);
    blob_free(&whole);
}
END_TEST

START_TEST(ogg_cut_anywhere_is_an_error)
{
    blob whole = voice_file();
    ck_ok(read_all(&whole, NULL, NULL));
    for (size_t n = 0; n < whole.n_bytes; n += n < 1500 || n + 300 > whole.n_bytes ? 1 : 13) {
        blob cut = {.bytes = whole.bytes, .n_bytes = n};
        const vpriv_status st = read_all(&cut, NULL, NULL);
        ck_assert_msg(st == VPRIV_E_FORMAT, "cut to %zu: %s", n, vpriv_status_text(st));
        ck_assert_str_ne(why, "");
    }
    blob_free(&whole);
}
END_TEST

START_TEST(ogg_every_flipped_byte_is_an_error)
{
    blob whole = voice_file();
    for (size_t at = 0; at < whole.n_bytes; at += at < 1500 ? 1 : 11) {
        for (unsigned bit = 1; bit < 256; bit *= 16) {
            whole.bytes[at] ^= (uint8_t)bit;
            const vpriv_status st = read_all(&whole, NULL, NULL);
            ck_assert_msg(st == VPRIV_E_FORMAT, "byte %zu: %s", at, vpriv_status_text(st));
            whole.bytes[at] ^= (uint8_t)bit;
        }
    }
    blob_free(&whole);
}
END_TEST

/* Flips with the checksum put right again: whatever it becomes, it must not crash. */
START_TEST(ogg_flips_behind_a_right_checksum_never_crash)
{
    blob whole = voice_file();
    uint64_t state = 5;
    unsigned n_errors = 0;
    for (int i = 0; i < 1500; i++) {
        blob bent = {0};
        ck_ok(blob_sink(&bent, whole.bytes, whole.n_bytes));
        state = state * 6364136223846793005u + 1442695040888963407u;
        const size_t reach = i % 2 ? whole.n_bytes : 1200;
        bent.bytes[(size_t)(state >> 33) % reach] ^= (uint8_t)(1u << (state >> 20) % 8);
        for (size_t at = 0; at + 27 < bent.n_bytes;) {
            uint8_t *start = bent.bytes + at;
            const size_t n = start[26] + 27u + at <= bent.n_bytes ? page_bytes(start) : SIZE_MAX;
            if (n > bent.n_bytes - at)
                break;
            ogg_page page = {
                start, 27 + start[26], start + 27 + start[26], (long)n - 27 - start[26]};
            ogg_page_checksum_set(&page);
            at += n;
        }
        n_errors += read_all(&bent, NULL, NULL) != VPRIV_OK;
        blob_free(&bent);
    }
    ck_assert_uint_gt(n_errors, 50);
    blob_free(&whole);
}
END_TEST

START_TEST(ogg_more_than_one_stream_is_refused)
{
    blob a = file_with(good_head, 19, good_tags, 16), chained = {0}, side_by_side = {0};
    ck_ok(blob_sink(&chained, a.bytes, a.n_bytes));
    ck_ok(blob_sink(&chained, a.bytes, a.n_bytes));
    ends_with(chained, VPRIV_E_UNSUPPORTED, "one after the other");
    fault_file f = begin_file(8);
    put_packet(&f, good_head, 19, 0, false);
    const size_t n_first = page_bytes(a.bytes);
    ck_ok(blob_sink(&side_by_side, a.bytes, n_first));
    ck_ok(blob_sink(&side_by_side, f.out.bytes, f.out.n_bytes));
    ck_ok(blob_sink(&side_by_side, a.bytes + n_first, a.n_bytes - n_first));
    ends_with(side_by_side, VPRIV_E_UNSUPPORTED, "side by side");

    put_packet(&f, good_tags, 16, 0, false);
    put_packet(&f, twenty_ms, 1, 960, false);
    blob other = end_file(&f), mixed = {0};
    size_t n_three = 0;
    for (int i = 0; i < 3; i++)
        n_three += page_bytes(a.bytes + n_three);
    ck_ok(blob_sink(&mixed, a.bytes, n_three));
    const size_t n_last = page_bytes(a.bytes); /* the other stream's pages have the same sizes */
    ck_ok(blob_sink(&mixed, other.bytes + n_last, other.n_bytes - n_last));
    ends_with(mixed, VPRIV_E_FORMAT, "never began");
    blob after_end = {0};
    ck_ok(blob_sink(&after_end, a.bytes, a.n_bytes));
    ck_ok(blob_sink(&after_end, a.bytes + n_first, a.n_bytes - n_first));
    ends_with(after_end, VPRIV_E_FORMAT, "goes on after its end");
    static const uint8_t zeros[64];
    for (size_t n = 1; n <= n_first; n++) { /* a part of a page, or something else altogether */
        blob tail = {0};
        ck_ok(blob_sink(&tail, a.bytes, a.n_bytes));
        ck_ok(n < n_first ? blob_sink(&tail, a.bytes, n) : blob_sink(&tail, zeros, sizeof zeros));
        ends_with(tail, VPRIV_E_FORMAT, n < n_first ? "cut short after" : "damaged after");
    }
    blob_free(&other);
    blob_free(&a);
}
END_TEST

START_TEST(ogg_other_contents_are_named)
{
    run("ffmpeg -nostdin -v error -y -i %s -ac 2 -c:a libvorbis o.ogg", VOICE);
    ends_with(blob_load("o.ogg"), VPRIV_E_UNSUPPORTED, "without Opus");
    run("ffmpeg -nostdin -v error -y -i %s -ac 6 -c:a libopus o.opus", VOICE);
    ends_with(blob_load("o.opus"), VPRIV_E_UNSUPPORTED, "family 1");
    ends_with(blob_load(VOICE), VPRIV_E_FORMAT, "not an Ogg file");
    ends_with((blob){0}, VPRIV_E_FORMAT, "not an Ogg file");
    blob zeros = {.bytes = calloc(1, 100000), .n_bytes = 100000};
    ends_with(zeros, VPRIV_E_FORMAT, "not an Ogg file");
}
END_TEST

static vpriv_status failing_source(
    void *user, void *bytes_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    (void)bytes_out;
    (void)capacity_bytes;
    (void)n_bytes_out;
    return *(vpriv_status *)user;
}

START_TEST(ogg_reader_hands_on_why_the_source_failed)
{
    vpriv_status reason = VPRIV_E_IO;
    vpi_ogg_reader *reader = NULL;
    ck_fails(vpi_ogg_reader_open(failing_source, &reason, &reader), VPRIV_E_IO);
    ck_assert_ptr_null(reader);
    vpi_ogg_reader_close(NULL);
}
END_TEST

START_TEST(ogg_packets_too_large_for_a_block_come_in_parts)
{
    /* 120 ms of 20 ms frames at 1200 bytes each: code 3, constant size */
    static uint8_t packet[2 + 6 * 1200] = {0xfb, 6};
    for (size_t i = 2; i < sizeof packet; i++)
        packet[i] = (uint8_t)(i * 31 + i / 7);
    fault_file f = begin_file(7);
    put_packet(&f, good_head, 19, 0, false);
    put_packet(&f, good_tags, 16, 0, false);
    for (int64_t i = 1; i <= 5; i++)
        put_packet(&f, packet, sizeof packet, i == 5 ? 4 * 5760 + 1000 : i * 5760, i == 5);
    blob file = end_file(&f);
    vpi_ogg_reader *reader = NULL;
    vpi_decoder *whole = NULL, *parts = NULL;
    ck_ok(vpi_ogg_reader_open(blob_source, &file, &reader));
    ck_ok(vpi_decoder_create(48000, 1, &whole));
    ck_ok(vpi_decoder_create(48000, 1, &parts));
    static float a[5760], b[5760];
    size_t n_a = 0, n_b = 0;
    uint64_t n_given = 0;
    for (;;) {
        vpi_ogg_item item;
        ck_ok(vpi_ogg_reader_next(reader, &item));
        if (item.n_bytes == 0)
            break;
        ck_assert_uint_le(item.n_bytes, VPI_PACKET_MAX_BYTES);
        ck_assert_uint_eq(item.duration_frames48, 2880);
        if (n_given % 5760 == 0)
            ck_ok(vpi_decoder_decode(whole, packet, sizeof packet, a, 5760, &n_a));
        ck_ok(vpi_decoder_decode(parts, item.packet, item.n_bytes, b, 5760, &n_b));
        ck_assert_mem_eq(a + n_given % 5760, b, n_b * sizeof *b);
        n_given += n_b;
    }
    /* the last packet's second half lies behind the end and is left out */
    ck_assert_uint_eq(n_given, 4 * 5760 + 2880);
    ck_assert_uint_eq(vpi_ogg_reader_length_frames48(reader), 4 * 5760 + 1000 - 312);
    vpi_ogg_reader_close(reader);
    vpi_decoder_destroy(whole);
    vpi_decoder_destroy(parts);
    blob_free(&file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packets_bad");
    TCase *tests = tcase_create("bad");
    tcase_add_unchecked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, ogg_faults_in_the_head_are_told_apart);
    tcase_add_test(tests, ogg_faults_in_the_comments_are_errors);
    tcase_add_test(tests, ogg_comments_without_end_are_not_gathered);
    tcase_add_test(tests, ogg_sound_on_a_header_page_is_an_error);
    tcase_add_test(tests, ogg_packets_that_are_none_are_errors);
    tcase_add_test(tests, ogg_positions_are_believed_only_when_they_can_be);
    tcase_add_test(tests, ogg_lost_pages_become_gaps_of_their_length);
    tcase_add_test(tests, ogg_cut_anywhere_is_an_error);
    tcase_add_test(tests, ogg_every_flipped_byte_is_an_error);
    tcase_add_test(tests, ogg_flips_behind_a_right_checksum_never_crash);
    tcase_add_test(tests, ogg_more_than_one_stream_is_refused);
    tcase_add_test(tests, ogg_other_contents_are_named);
    tcase_add_test(tests, ogg_reader_hands_on_why_the_source_failed);
    tcase_add_test(tests, ogg_packets_too_large_for_a_block_come_in_parts);
    tcase_set_timeout(tests, 300);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
