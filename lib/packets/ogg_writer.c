#include "packets/ogg_writer.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "packets/packet.h"
#include <limits.h>
#include <ogg/ogg.h>
#include <string.h>

#define PAGE_MAX_FRAMES48 48000u
#define PAGE_MAX_BYTES    12000u /* libogg starts with room for 16384 and moves when that is short */

struct vpi_ogg_writer {
    ogg_stream_state stream;
    bool has_stream;
    bool broken;
    bool finished;
    vpi_sink_fn sink;
    void *user;
    vpi_opus_head head;
    int64_t n_packets;

    uint64_t position_frames48; /* behind the held packet */
    uint64_t owed_frames48;     /* of gaps, less than 2.5 ms */
    uint8_t toc;                /* of the latest real packet */

    /* The latest packet is held until it is known whether it is the last one. */
    uint8_t *held;
    size_t held_bytes;
    uint32_t held_frames48;

    uint64_t page_frames48;
    size_t page_bytes;
};

static vpriv_status write_page(vpi_ogg_writer *writer, const ogg_page *page)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(writer->sink(writer->user, page->header, (size_t)page->header_len));
    VPI_TRY(writer->sink(writer->user, page->body, (size_t)page->body_len));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status flush(vpi_ogg_writer *writer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ogg_page page;
    while (ogg_stream_flush(&writer->stream, &page))
        VPI_TRY(write_page(writer, &page));
    writer->page_frames48 = 0;
    writer->page_bytes = 0;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status put(
    vpi_ogg_writer *writer, uint8_t *bytes, size_t n_bytes, uint64_t granule, bool last)
{
    ogg_packet packet = {
        .packet = bytes,
        .bytes = (long)n_bytes,
        .b_o_s = writer->n_packets == 0,
        .e_o_s = last,
        .granulepos = (ogg_int64_t)granule,
        .packetno = writer->n_packets,
    };
    writer->n_packets++;
    if (ogg_stream_packetin(&writer->stream, &packet) != 0)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for an Ogg page");
    return VPRIV_OK;
}

/* Hand the held packet to its page. */
static vpriv_status release_held(vpi_ogg_writer *writer, uint64_t granule, bool last)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (writer->held_bytes > 0) {
        if (writer->page_frames48 + writer->held_frames48 > PAGE_MAX_FRAMES48 ||
            writer->page_bytes + writer->held_bytes > PAGE_MAX_BYTES)
            VPI_TRY(flush(writer));
        VPI_TRY(put(writer, writer->held, writer->held_bytes, granule, last));
        writer->page_frames48 += writer->held_frames48;
        writer->page_bytes += writer->held_bytes;
        writer->held_bytes = 0;
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status hold(
    vpi_ogg_writer *writer, const uint8_t *packet, size_t n_bytes, uint32_t duration)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(release_held(writer, writer->position_frames48, false));
    memcpy(writer->held, packet, n_bytes);
    writer->held_bytes = n_bytes;
    writer->held_frames48 = duration;
    writer->position_frames48 += duration;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_open(const vpi_ogg_writer *writer)
{
    if (writer->broken || writer->finished)
        return vpi_fail(VPRIV_E_STATE, "the Ogg file is finished or failed before");
    return VPRIV_OK;
}

static vpriv_status write_headers(
    vpi_ogg_writer *writer, const char *const *comments, size_t n_comments)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t head[VPI_OPUS_HEAD_BYTES];
    uint8_t *tags = NULL;
    size_t tags_bytes = 0;
    VPI_TRY(vpi_opus_tags_write(comments, n_comments, &tags, &tags_bytes));
    vpi_opus_head_write(&writer->head, head);
    VPI_TRY(put(writer, head, sizeof head, 0, false));
    VPI_TRY(flush(writer));
    VPI_TRY(put(writer, tags, tags_bytes, 0, false));
    VPI_TRY(flush(writer));
    st = VPRIV_OK;
out:
    free(tags);
    return st;
}

vpriv_status vpi_ogg_writer_open(const vpi_opus_head *head, const char *const *comments,
    size_t n_comments, vpi_sink_fn sink, void *user, vpi_ogg_writer **writer_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ogg_writer *writer = NULL;
    uint32_t serial = 0;
    VPI_ENSURE(head->n_channels >= 1 && head->n_channels <= 2, VPRIV_E_ARG,
        "Ogg Opus with %u channels", head->n_channels);
    VPI_ENSURE(head->preskip_frames48 <= UINT16_MAX, VPRIV_E_ARG, "a pre-skip of %u frames",
        head->preskip_frames48);
    VPI_TRY(vpi_alloc(1, sizeof *writer, (void **)&writer));
    VPI_TRY(vpi_secret_alloc(VPI_PACKET_MAX_BYTES, (void **)&writer->held));
    writer->head = *head;
    writer->sink = sink;
    writer->user = user;
    vpi_random(&serial, sizeof serial);
    VPI_ENSURE(ogg_stream_init(&writer->stream, (int)(serial & INT_MAX)) == 0, VPRIV_E_MEMORY,
        "no memory for an Ogg stream");
    writer->has_stream = true;
    VPI_TRY(write_headers(writer, comments, n_comments));
    /* until a packet comes, gaps are what a silent voice would be: wideband SILK */
    writer->toc = (uint8_t)(9u << 3 | (head->n_channels == 2 ? 4u : 0u));
    *writer_out = writer;
    writer = NULL;
    st = VPRIV_OK;
out:
    vpi_ogg_writer_close(writer);
    return st;
}

vpriv_status vpi_ogg_writer_packet(vpi_ogg_writer *writer, const uint8_t *packet, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t duration;
    VPI_TRY(check_open(writer));
    writer->broken = true;
    VPI_ENSURE(n_bytes <= VPI_PACKET_MAX_BYTES, VPRIV_E_LIMIT, "a packet of %zu bytes", n_bytes);
    VPI_TRY(vpi_packet_check(packet, n_bytes, &duration));
    VPI_TRY(hold(writer, packet, n_bytes, duration));
    writer->toc = packet[0];
    writer->broken = false;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_ogg_writer_gap(vpi_ogg_writer *writer, uint64_t n_frames48)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(check_open(writer));
    writer->broken = true;
    VPI_ENSURE(n_frames48 <= INT64_MAX / 4 - writer->position_frames48, VPRIV_E_LIMIT,
        "a gap of %llu frames", (unsigned long long)n_frames48);
    writer->owed_frames48 += n_frames48;
    while (writer->owed_frames48 >= VPI_PACKET_QUANTUM_FRAMES) {
        uint32_t duration;
        const uint8_t nothing = vpi_packet_nothing(writer->toc, writer->owed_frames48, &duration);
        VPI_TRY(hold(writer, &nothing, 1, duration));
        writer->owed_frames48 -= duration;
    }
    writer->broken = false;
    st = VPRIV_OK;
out:
    return st;
}

uint64_t vpi_ogg_writer_position_frames48(const vpi_ogg_writer *writer)
{
    return writer->position_frames48;
}

vpriv_status vpi_ogg_writer_finish(vpi_ogg_writer *writer, uint64_t n_frames48)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint64_t end = writer->head.preskip_frames48 + n_frames48;
    VPI_TRY(check_open(writer));
    VPI_ENSURE(n_frames48 <= INT64_MAX / 4, VPRIV_E_LIMIT, "a sound of %llu frames",
        (unsigned long long)n_frames48);
    if (end > writer->position_frames48) {
        const uint64_t missing = end - writer->position_frames48;
        const uint64_t rounded = missing + VPI_PACKET_QUANTUM_FRAMES - 1;
        writer->owed_frames48 = 0;
        VPI_TRY(vpi_ogg_writer_gap(writer, rounded - rounded % VPI_PACKET_QUANTUM_FRAMES));
    } else if (writer->held_bytes == 0) {
        writer->owed_frames48 = 0;
        VPI_TRY(vpi_ogg_writer_gap(writer, VPI_PACKET_QUANTUM_FRAMES));
    }
    VPI_ENSURE(end + writer->held_frames48 >= writer->position_frames48, VPRIV_E_ARG,
        "an end at %llu frames, before the last packet, which begins at %llu",
        (unsigned long long)end,
        (unsigned long long)(writer->position_frames48 - writer->held_frames48));
    writer->broken = true;
    VPI_TRY(release_held(writer, end, true));
    VPI_TRY(flush(writer));
    writer->broken = false;
    writer->finished = true;
    st = VPRIV_OK;
out:
    return st;
}

void vpi_ogg_writer_close(vpi_ogg_writer *writer)
{
    if (!writer)
        return;
    if (writer->has_stream) {
        if (writer->stream.body_data)
            vpi_wipe(writer->stream.body_data, (size_t)writer->stream.body_storage);
        ogg_stream_clear(&writer->stream);
    }
    vpi_secret_free(writer->held);
    free(writer);
}
