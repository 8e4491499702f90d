#include "packets/ogg_header.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include <string.h>

#define VENDOR "libvoicepriv " VPRIV_VERSION_TEXT

void vpi_opus_head_write(const vpi_opus_head *head, uint8_t bytes_out[VPI_OPUS_HEAD_BYTES])
{
    vpi_writer w = vpi_writer_of(bytes_out, VPI_OPUS_HEAD_BYTES);
    vpi_put_bytes(&w, "OpusHead", 8);
    vpi_put_u8(&w, 1); /* version */
    vpi_put_u8(&w, (uint8_t)head->n_channels);
    vpi_put_u16(&w, (uint16_t)head->preskip_frames48);
    vpi_put_u32(&w, head->input_rate_hz);
    vpi_put_u16(&w, 0); /* output gain */
    vpi_put_u8(&w, 0);  /* channel mapping family */
}

vpriv_status vpi_opus_head_parse(const uint8_t *bytes, size_t n_bytes, vpi_opus_head *head_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(n_bytes >= 8 && memcmp(bytes, "OpusHead", 8) == 0, VPRIV_E_UNSUPPORTED,
        "an Ogg file without Opus in it");
    VPI_ENSURE(n_bytes >= VPI_OPUS_HEAD_BYTES, VPRIV_E_FORMAT, "Ogg Opus: the header is too short");
    vpi_reader r = vpi_reader_of(bytes + 8, n_bytes - 8);
    const unsigned version = vpi_get_u8(&r);
    vpi_opus_head head = {.n_channels = vpi_get_u8(&r)};
    head.preskip_frames48 = vpi_get_u16(&r);
    head.input_rate_hz = vpi_get_u32(&r);
    const unsigned gain = vpi_get_u16(&r);
    const unsigned family = vpi_get_u8(&r);
    VPI_ENSURE(version >= 1 && version <= 15, VPRIV_E_UNSUPPORTED,
        "Ogg Opus: header version %u is not read here", version);
    VPI_ENSURE(head.n_channels > 0, VPRIV_E_FORMAT, "Ogg Opus: 0 channels");
    VPI_ENSURE(family == 0, VPRIV_E_UNSUPPORTED,
        "Ogg Opus: channel mapping family %u is not read here, only mono and stereo", family);
    VPI_ENSURE(head.n_channels <= 2, VPRIV_E_FORMAT, "Ogg Opus: %u channels in mapping family 0",
        head.n_channels);
    VPI_ENSURE(gain == 0, VPRIV_E_UNSUPPORTED,
        "Ogg Opus: an output gain is asked for, which unchanged packets cannot carry");
    *head_out = head;
    st = VPRIV_OK;
out:
    return st;
}

static bool is_utf8(const uint8_t *at, const uint8_t *end)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    while (at < end) {
        const unsigned first = *at++;
        const unsigned n_bytes = first < 0x80   ? 1
                                 : first < 0xc0 ? 0
                                 : first < 0xe0 ? 2
                                 : first < 0xf0 ? 3
                                 : first < 0xf8 ? 4
                                                : 0;
        if (n_bytes == 0 || (size_t)(end - at) < n_bytes - 1)
            return false;
        uint32_t value = n_bytes == 1 ? first : first & (0x7fu >> n_bytes);
        for (unsigned i = 1; i < n_bytes; i++, at++) {
            if ((*at & 0xc0) != 0x80)
                return false;
            value = value << 6 | (*at & 0x3f);
        }
        if (value < smallest[n_bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return false;
    }
    return true;
}

static bool is_comment(const char *comment)
{
    if (!comment)
        return false;
    const char *value = strchr(comment, '=');
    if (!value || value == comment)
        return false;
    for (const char *c = comment; c < value; c++)
        if (*c < 0x20 || *c > 0x7d)
            return false;
    const uint8_t *text = (const uint8_t *)value + 1;
    return is_utf8(text, text + strlen(value + 1));
}

vpriv_status vpi_opus_tags_write(
    const char *const *comments, size_t n_comments, uint8_t **bytes_out, size_t *n_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *bytes = NULL;
    size_t n_bytes = 8 + 4 + strlen(VENDOR) + 4;
    VPI_ENSURE(n_comments == 0 || comments, VPRIV_E_ARG, "no comments where some were announced");
    for (size_t i = 0; i < n_comments; i++) {
        VPI_ENSURE(is_comment(comments[i]), VPRIV_E_ARG,
            "Ogg Opus: comment %zu is not KEY=VALUE in UTF-8", i);
        n_bytes += 4 + strlen(comments[i]);
        VPI_ENSURE(n_bytes <= VPI_OPUS_TAGS_MAX_BYTES, VPRIV_E_LIMIT,
            "Ogg Opus: comments of more than %u bytes", VPI_OPUS_TAGS_MAX_BYTES);
    }
    VPI_TRY(vpi_alloc(1, n_bytes, (void **)&bytes));
    vpi_writer w = vpi_writer_of(bytes, n_bytes);
    vpi_put_bytes(&w, "OpusTags", 8);
    vpi_put_u32(&w, (uint32_t)strlen(VENDOR));
    vpi_put_bytes(&w, VENDOR, strlen(VENDOR));
    vpi_put_u32(&w, (uint32_t)n_comments);
    for (size_t i = 0; i < n_comments; i++) {
        vpi_put_u32(&w, (uint32_t)strlen(comments[i]));
        vpi_put_bytes(&w, comments[i], strlen(comments[i]));
    }
    VPI_TRY(vpi_writer_finish(&w, "Ogg Opus comments"));
    *bytes_out = bytes;
    *n_bytes_out = n_bytes;
    bytes = NULL;
    st = VPRIV_OK;
out:
    free(bytes);
    return st;
}

vpriv_status vpi_opus_tags_check(const uint8_t *bytes, size_t n_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(n_bytes >= 8 && memcmp(bytes, "OpusTags", 8) == 0, VPRIV_E_FORMAT,
        "Ogg Opus: the comment header is missing");
    vpi_reader r = vpi_reader_of(bytes + 8, n_bytes - 8);
    vpi_get_bytes(&r, vpi_get_u32(&r));
    const uint32_t n_comments = vpi_get_u32(&r);
    for (uint32_t i = 0; i < n_comments && !r.failed; i++)
        vpi_get_bytes(&r, vpi_get_u32(&r));
    /* What is behind the comments is allowed to be there (RFC 7845, 5.2). */
    VPI_ENSURE(!r.failed, VPRIV_E_FORMAT, "Ogg Opus: the comment header is malformed");
    st = VPRIV_OK;
out:
    return st;
}
