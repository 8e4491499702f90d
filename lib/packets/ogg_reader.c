#include "packets/ogg_reader.h"
#include "base/memory.h"
#include "base/try.h"
#include "packets/ogg_pages.h"
#include "packets/packet.h"

#define HEADER_MAX_BYTES  (16u << 20) /* comments may hold a picture */
#define AUDIO_MAX_BYTES   (128u << 10)
#define LENGTH_MAX_FRAMES ((uint64_t)48000 * 3600 * VPI_OGG_MAX_HOURS)

struct vpi_ogg_reader {
    vpi_ogg_pages pages;
    vpi_opus_head head;
    vpriv_status failed; /* what every further call gives */

    vpi_ogg_page page;
    size_t at_packet;
    bool has_base;
    bool lost_page;
    uint32_t packet_frames48; /* of the latest packet */
    uint64_t base_granule;    /* of position 0 */
    uint64_t page_frames48;   /* position of the next packet of the page */
    uint64_t end_frames48;    /* position behind the page, trimmed on the last one */
    uint64_t n_lost_frames48;

    vpi_splitter *splitter;
    bool splitting;
    uint8_t *part;
};

static vpriv_status read_headers(vpi_ogg_reader *reader)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ogg_page *page = &reader->page;
    VPI_TRY(vpi_ogg_pages_next(&reader->pages, page));
    VPI_ENSURE(page->n_packets == 1 && !page->lost_before && !page->last, VPRIV_E_FORMAT,
        "Ogg: the first page is not a header page");
    VPI_TRY(vpi_opus_head_parse(
        page->packets[0].packet, (size_t)page->packets[0].bytes, &reader->head));
    do {
        VPI_TRY(vpi_ogg_pages_next(&reader->pages, page));
        VPI_ENSURE(!page->lost_before && !page->last, VPRIV_E_FORMAT,
            "Ogg Opus: the comment header is missing or incomplete");
    } while (page->n_packets == 0);
    VPI_TRY(vpi_opus_tags_check(page->packets[0].packet, (size_t)page->packets[0].bytes));
    VPI_ENSURE(page->n_packets == 1 &&
                   reader->pages.stream.body_fill == reader->pages.stream.body_returned,
        VPRIV_E_FORMAT, "Ogg Opus: sound begins on the page of the comments");
    page->n_packets = 0;
    reader->pages.packet_max_bytes = AUDIO_MAX_BYTES;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_ogg_reader_open(vpi_bytes_fn bytes, void *user, vpi_ogg_reader **reader_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ogg_reader *reader = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *reader, (void **)&reader));
    reader->pages.packet_max_bytes = HEADER_MAX_BYTES;
    reader->packet_frames48 = VPI_PACKET_QUANTUM_FRAMES;
    VPI_TRY(vpi_ogg_pages_init(&reader->pages, bytes, user));
    VPI_TRY(vpi_secret_alloc(VPI_PACKET_MAX_BYTES, (void **)&reader->part));
    VPI_TRY(vpi_splitter_create(&reader->splitter));
    VPI_TRY(read_headers(reader));
    *reader_out = reader;
    reader = NULL;
    st = VPRIV_OK;
out:
    vpi_ogg_reader_close(reader);
    return st;
}

void vpi_ogg_reader_close(vpi_ogg_reader *reader)
{
    if (!reader)
        return;
    vpi_ogg_pages_clear(&reader->pages);
    vpi_splitter_destroy(reader->splitter);
    vpi_secret_free(reader->part);
    free(reader);
}

const vpi_opus_head *vpi_ogg_reader_head(const vpi_ogg_reader *reader)
{
    return &reader->head;
}

static vpriv_status page_duration(vpi_ogg_reader *reader, uint64_t *n_frames48_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_ogg_page *page = &reader->page;
    uint64_t n_frames48 = 0;
    for (size_t i = 0; i < page->n_packets; i++) {
        uint32_t duration;
        VPI_TRY(
            vpi_packet_check(page->packets[i].packet, (size_t)page->packets[i].bytes, &duration));
        reader->packet_frames48 = duration;
        n_frames48 += duration;
    }
    *n_frames48_out = n_frames48;
    st = VPRIV_OK;
out:
    return st;
}

/* Where the page's packets lie, from the position it claims to end at (RFC 7845, 4). */
static vpriv_status place_page(vpi_ogg_reader *reader, uint64_t duration)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_ogg_page *page = &reader->page;
    VPI_ENSURE(page->granule >= 0, VPRIV_E_FORMAT, "Ogg Opus: page %llu lacks its position",
        (unsigned long long)reader->pages.n_pages);
    const uint64_t granule = (uint64_t)page->granule;
    if (!reader->has_base) {
        /* Sound before position 0 is for the last page alone: trimmed at the end, not the start. */
        VPI_ENSURE(granule >= duration || page->last, VPRIV_E_FORMAT,
            "Ogg Opus: the first position is before the first packet");
        /* A stream may begin at any position, unless a page is known to be missing before. */
        const bool whole = !reader->lost_page && granule >= duration;
        reader->base_granule = whole ? granule - duration : 0;
        reader->has_base = true;
    }
    VPI_ENSURE(granule >= reader->base_granule + reader->end_frames48, VPRIV_E_FORMAT,
        "Ogg Opus: positions run backwards on page %llu",
        (unsigned long long)reader->pages.n_pages);
    const uint64_t end = granule - reader->base_granule;
    const uint64_t expected_end = reader->end_frames48 + duration;
    VPI_ENSURE(end >= expected_end || page->last, VPRIV_E_FORMAT,
        "Ogg Opus: page %llu holds more than its position says",
        (unsigned long long)reader->pages.n_pages);
    VPI_ENSURE(end <= LENGTH_MAX_FRAMES, VPRIV_E_LIMIT, "Ogg Opus: longer than %u hours",
        VPI_OGG_MAX_HOURS);
    uint64_t n_lost = end > expected_end ? end - expected_end : 0;
    /* Trimming hides a part of what was lost right before the last page: whole packets were. */
    if (page->last && page->lost_before && n_lost % reader->packet_frames48 > 0)
        n_lost += reader->packet_frames48 - n_lost % reader->packet_frames48;
    reader->n_lost_frames48 += n_lost;
    reader->page_frames48 = reader->end_frames48 + n_lost;
    reader->end_frames48 = end;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status next_page(vpi_ogg_reader *reader)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t duration;
    VPI_TRY(vpi_ogg_pages_next(&reader->pages, &reader->page));
    VPI_TRY(page_duration(reader, &duration));
    reader->at_packet = 0;
    reader->lost_page = reader->lost_page || reader->page.lost_before;
    if (reader->page.n_packets > 0 || (reader->page.last && reader->page.granule >= 0))
        VPI_TRY(place_page(reader, duration));
    if (reader->page.last) {
        VPI_ENSURE(reader->end_frames48 >= reader->head.preskip_frames48, VPRIV_E_FORMAT,
            "Ogg Opus: ends before its pre-skip");
    }
    st = VPRIV_OK;
out:
    return st;
}

static void give(vpi_ogg_reader *reader, vpi_ogg_item *item_out, const uint8_t *packet,
    size_t n_bytes, uint32_t duration)
{
    *item_out = (vpi_ogg_item){reader->n_lost_frames48, packet, n_bytes, duration};
    reader->n_lost_frames48 = 0;
    reader->page_frames48 += duration;
}

/* Give the rest of a packet being split; false when there is none. */
static bool give_part(vpi_ogg_reader *reader, vpi_ogg_item *item_out)
{
    size_t n_bytes;
    uint32_t duration;
    if (!reader->splitting)
        return false;
    if (reader->page_frames48 >= reader->end_frames48) {
        reader->splitting = false;
        return false;
    }
    reader->splitting = vpi_splitter_next(
        reader->splitter, reader->part, VPI_PACKET_MAX_BYTES, &n_bytes, &duration);
    if (reader->splitting)
        give(reader, item_out, reader->part, n_bytes, duration);
    return reader->splitting;
}

static vpriv_status find_next(vpi_ogg_reader *reader, vpi_ogg_item *item_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (bool found = give_part(reader, item_out); !found;) {
        if (reader->at_packet == reader->page.n_packets) {
            if (reader->page.last) {
                VPI_TRY(vpi_ogg_pages_finish(&reader->pages));
                give(reader, item_out, NULL, 0, 0);
                break;
            }
            VPI_TRY(next_page(reader));
            continue;
        }
        const ogg_packet *packet = &reader->page.packets[reader->at_packet++];
        const size_t n_bytes = (size_t)packet->bytes;
        uint32_t duration;
        VPI_TRY(vpi_packet_check(packet->packet, n_bytes, &duration));
        if (reader->page_frames48 >= reader->end_frames48)
            continue;
        if (n_bytes > VPI_PACKET_MAX_BYTES) {
            VPI_TRY(vpi_splitter_begin(reader->splitter, packet->packet, n_bytes));
            reader->splitting = true;
            found = give_part(reader, item_out);
            continue;
        }
        give(reader, item_out, packet->packet, n_bytes, duration);
        found = true;
    }
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_ogg_reader_next(vpi_ogg_reader *reader, vpi_ogg_item *item_out)
{
    vpi_ogg_item item;
    if (reader->failed != VPRIV_OK)
        return vpi_fail(reader->failed, "the Ogg file failed before");
    reader->failed = find_next(reader, &item);
    if (reader->failed == VPRIV_OK)
        *item_out = item;
    return reader->failed;
}

uint64_t vpi_ogg_reader_length_frames48(const vpi_ogg_reader *reader)
{
    return reader->end_frames48 - reader->head.preskip_frames48;
}
