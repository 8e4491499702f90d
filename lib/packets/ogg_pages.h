/* Pages of one Ogg stream, checked one after the other; the lower half of ogg_reader.h. */
#ifndef VPI_PACKETS_OGG_PAGES_H
#define VPI_PACKETS_OGG_PAGES_H

#include "packets/ogg_reader.h"
#include <ogg/ogg.h>

#define VPI_OGG_PAGE_PACKETS 255

typedef struct vpi_ogg_pages {
    ogg_sync_state sync;
    ogg_stream_state stream;
    bool has_stream;
    vpi_bytes_fn bytes;
    void *user;
    uint64_t n_pages;
    size_t packet_max_bytes; /* the caller's bound, to be lowered once the headers are through */
} vpi_ogg_pages;

/* A page: the packets that end on it, living until the next page is asked for. */
typedef struct vpi_ogg_page {
    ogg_packet packets[VPI_OGG_PAGE_PACKETS];
    size_t n_packets;
    int64_t granule; /* -1 when no packet ends on it */
    bool lost_before;
    bool first, last;
} vpi_ogg_page;

vpriv_status vpi_ogg_pages_init(vpi_ogg_pages *pages, vpi_bytes_fn bytes, void *user);
/* The next page. After the last one use vpi_ogg_pages_finish. */
vpriv_status vpi_ogg_pages_next(vpi_ogg_pages *pages, vpi_ogg_page *page_out);
/* VPRIV_OK when nothing follows the last page. */
vpriv_status vpi_ogg_pages_finish(vpi_ogg_pages *pages);
void vpi_ogg_pages_clear(vpi_ogg_pages *pages);

#endif
