#include "packets/ogg_pages.h"
#include "base/memory.h"
#include "base/try.h"

/* A page is at most 65,307 bytes. Buffers get room for all they can hold at the start, so that
 * libogg never moves them and leaves sound behind in freed memory. */
#define PAGE_MAX_BYTES 65307u
#define READ_BYTES     4096u
#define SYNC_BYTES     (2 * PAGE_MAX_BYTES + READ_BYTES)
#define STREAM_BYTES   (4 * PAGE_MAX_BYTES)

/* No whole page where one has to be. */
static vpriv_status no_page(const vpi_ogg_pages *pages, const char *what)
{
    if (pages->n_pages == 0)
        return vpi_fail(VPRIV_E_FORMAT, "not an Ogg file");
    return vpi_fail(VPRIV_E_FORMAT, "Ogg: %s page %llu", what, (unsigned long long)pages->n_pages);
}

vpriv_status vpi_ogg_pages_init(vpi_ogg_pages *pages, vpi_bytes_fn bytes, void *user)
{
    ogg_sync_init(&pages->sync);
    pages->bytes = bytes;
    pages->user = user;
    if (!ogg_sync_buffer(&pages->sync, SYNC_BYTES))
        return vpi_fail(VPRIV_E_MEMORY, "no memory for an Ogg page");
    return VPRIV_OK;
}

void vpi_ogg_pages_clear(vpi_ogg_pages *pages)
{
    if (pages->sync.data)
        vpi_wipe(pages->sync.data, (size_t)pages->sync.storage);
    ogg_sync_clear(&pages->sync);
    if (!pages->has_stream)
        return;
    if (pages->stream.body_data)
        vpi_wipe(pages->stream.body_data, (size_t)pages->stream.body_storage);
    ogg_stream_clear(&pages->stream);
}

static vpriv_status start_stream(vpi_ogg_pages *pages, const ogg_page *page)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(ogg_page_bos(page), VPRIV_E_FORMAT, "Ogg: the file lacks its beginning");
    VPI_ENSURE(ogg_stream_init(&pages->stream, ogg_page_serialno(page)) == 0, VPRIV_E_MEMORY,
        "no memory for an Ogg stream");
    pages->has_stream = true;
    unsigned char *roomy = realloc(pages->stream.body_data, STREAM_BYTES);
    VPI_ENSURE(roomy, VPRIV_E_MEMORY, "no memory for an Ogg stream");
    pages->stream.body_data = roomy;
    pages->stream.body_storage = STREAM_BYTES;
    st = VPRIV_OK;
out:
    return st;
}

/* The next page of the file, whatever stream it is of; false at a clean end. */
static vpriv_status take_page(vpi_ogg_pages *pages, ogg_page *page_out, bool *found_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (;;) {
        const int found = ogg_sync_pageout(&pages->sync, page_out);
        if (found < 0)
            VPI_TRY(no_page(pages, "damaged after"));
        *found_out = found > 0;
        if (found)
            break;
        char *room = ogg_sync_buffer(&pages->sync, READ_BYTES);
        VPI_ENSURE(room, VPRIV_E_MEMORY, "no memory for an Ogg page");
        size_t n_bytes = 0;
        VPI_TRY(pages->bytes(pages->user, room, READ_BYTES, &n_bytes));
        VPI_IMPOSSIBLE_UNLESS(n_bytes <= READ_BYTES);
        if (n_bytes == 0) {
            if (pages->sync.fill != pages->sync.returned)
                VPI_TRY(no_page(pages, "cut short after"));
            break;
        }
        ogg_sync_wrote(&pages->sync, (long)n_bytes);
    }
    pages->n_pages += *found_out;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status take_packets(vpi_ogg_pages *pages, vpi_ogg_page *page)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ogg_packet packet;
    int found;
    page->n_packets = 0;
    page->lost_before = false;
    while ((found = ogg_stream_packetout(&pages->stream, &packet)) != 0) {
        if (found < 0) {
            page->lost_before = true;
            continue;
        }
        VPI_IMPOSSIBLE_UNLESS(page->n_packets < VPI_OGG_PAGE_PACKETS);
        VPI_ENSURE(packet.bytes <= (long)pages->packet_max_bytes, VPRIV_E_LIMIT,
            "Ogg: a packet of %ld bytes", packet.bytes);
        page->packets[page->n_packets++] = packet;
    }
    VPI_ENSURE(
        pages->stream.body_fill - pages->stream.body_returned <= (long)pages->packet_max_bytes,
        VPRIV_E_LIMIT, "Ogg: a packet of more than %zu bytes", pages->packet_max_bytes);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_ogg_pages_next(vpi_ogg_pages *pages, vpi_ogg_page *page_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ogg_page page;
    bool found;
    VPI_TRY(take_page(pages, &page, &found));
    if (!found)
        VPI_TRY(no_page(pages, "cut short after"));
    page_out->first = !pages->has_stream;
    if (page_out->first)
        VPI_TRY(start_stream(pages, &page));
    else
        VPI_ENSURE(!ogg_page_bos(&page), VPRIV_E_UNSUPPORTED,
            "Ogg: several streams side by side are not read here");
    VPI_ENSURE(ogg_page_serialno(&page) == (int)pages->stream.serialno, VPRIV_E_FORMAT,
        "Ogg: page %llu is of a stream that never began", (unsigned long long)pages->n_pages);
    VPI_ENSURE(ogg_stream_pagein(&pages->stream, &page) == 0, VPRIV_E_FORMAT,
        "Ogg: page %llu is not understood", (unsigned long long)pages->n_pages);
    page_out->granule = ogg_page_granulepos(&page);
    page_out->last = ogg_page_eos(&page) != 0;
    VPI_TRY(take_packets(pages, page_out));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_ogg_pages_finish(vpi_ogg_pages *pages)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ogg_page page;
    bool found;
    VPI_TRY(take_page(pages, &page, &found));
    if (found) {
        VPI_ENSURE(!ogg_page_bos(&page), VPRIV_E_UNSUPPORTED,
            "Ogg: several streams one after the other are not read here");
        VPI_TRY(no_page(pages, "the stream goes on after its end in"));
    }
    st = VPRIV_OK;
out:
    return st;
}
