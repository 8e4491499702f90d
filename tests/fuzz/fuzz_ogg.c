/* Ogg Opus files. Checksums of pages are put right first, so that what they cover is what is tried. */
#include "fuzz/fuzz.h"
#include "packets/ogg_reader.h"
#include "packets/ogg_writer.h"
#include "packets/packet.h"
#include <ogg/ogg.h>

#define FILE_BYTES 16384

typedef struct bytes {
    uint8_t data[FILE_BYTES];
    size_t n, at;
} bytes;

static vpriv_status sink(void *user, const void *data, size_t n_bytes)
{
    bytes *b = user;
    fuzz_check(b->n + n_bytes <= sizeof b->data);
    memcpy(b->data + b->n, data, n_bytes);
    b->n += n_bytes;
    return VPRIV_OK;
}

/* Little by little, as from a pipe. */
static vpriv_status source(void *user, void *bytes_out, size_t capacity, size_t *n_out)
{
    bytes *b = user;
    size_t n = b->n - b->at < 700 ? b->n - b->at : 700;
    n = n < capacity ? n : capacity;
    memcpy(bytes_out, b->data + b->at, n);
    b->at += n;
    *n_out = n;
    return VPRIV_OK;
}

static void setup(void)
{
    static bytes made;
    const vpi_opus_head head = {.n_channels = 1, .preskip_frames48 = 312, .input_rate_hz = 16000};
    static const char *const comments[] = {"TITLE=a", "ARTIST=b"};
    for (int kind = 0; kind < 3; kind++) {
        vpi_ogg_writer *writer = NULL;
        const uint8_t packet[30] = {0x78, 1, 2, 3};
        made.n = 0;
        fuzz_must(vpi_ogg_writer_open(&head, comments, 2, sink, &made, &writer));
        for (int i = 0; i < 3 + 60 * kind; i++)
            fuzz_must(vpi_ogg_writer_packet(writer, packet, sizeof packet));
        if (kind > 0)
            fuzz_must(vpi_ogg_writer_gap(writer, 4800));
        fuzz_must(vpi_ogg_writer_packet(writer, packet, sizeof packet));
        fuzz_must(
            vpi_ogg_writer_finish(writer, vpi_ogg_writer_position_frames48(writer) - 312 - 100));
        vpi_ogg_writer_close(writer);
        fuzz_seed(made.data, made.n);
    }
}

static void put_checksums_right(bytes *b)
{
    for (size_t at = 0; at + 27 <= b->n;) {
        uint8_t *p = b->data + at;
        const size_t n_header = 27 + (size_t)p[26];
        size_t n_body = 0;
        if (memcmp(p, "OggS", 4) != 0 || at + n_header > b->n) {
            at++;
            continue;
        }
        for (size_t i = 27; i < n_header; i++)
            n_body += p[i];
        if (at + n_header + n_body > b->n)
            return;
        ogg_page page = {p, (long)n_header, p + n_header, (long)n_body};
        ogg_page_checksum_set(&page);
        at += n_header + n_body;
    }
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static bytes b;
    vpi_ogg_reader *reader = NULL;
    vpi_ogg_item item;
    uint64_t n_frames = 0;
    vpriv_status st = VPRIV_OK;
    b.n = n_bytes;
    b.at = 0;
    if (n_bytes)
        memcpy(b.data, data, n_bytes);
    put_checksums_right(&b);
    if (vpi_ogg_reader_open(source, &b, &reader) != VPRIV_OK)
        return;
    const vpi_opus_head *head = vpi_ogg_reader_head(reader);
    fuzz_check(head->n_channels == 1 || head->n_channels == 2);
    size_t n_items = 0;
    while ((st = vpi_ogg_reader_next(reader, &item)) == VPRIV_OK && item.n_bytes > 0) {
        uint32_t duration = 0;
        fuzz_check(item.n_bytes <= VPI_PACKET_MAX_BYTES);
        fuzz_must(vpi_packet_check(item.packet, item.n_bytes, &duration));
        fuzz_check(duration == item.duration_frames48);
        n_frames += duration + item.n_lost_frames48;
        fuzz_check(++n_items <= 255 * (FILE_BYTES / 27));
    }
    if (st == VPRIV_OK)
        fuzz_check(
            vpi_ogg_reader_length_frames48(reader) <= n_frames + item.n_lost_frames48 &&
            vpi_ogg_reader_length_frames48(reader) <= VPI_OGG_MAX_HOURS * UINT64_C(3600) * 48000);
    else
        fuzz_check(vpi_ogg_reader_next(reader, &item) != VPRIV_OK);
    vpi_ogg_reader_close(reader);
}

const fuzz_target fuzz_ogg = {"ogg", setup, one, FILE_BYTES, 0};
