#include "base/bytes.h"
#include <string.h>

vpi_reader vpi_reader_of(const void *data, size_t n_bytes)
{
    const uint8_t *start = data;
    return (vpi_reader){start, start ? start + n_bytes : start, start == NULL && n_bytes > 0};
}

const uint8_t *vpi_get_bytes(vpi_reader *reader, size_t n_bytes)
{
    if (reader->failed || (size_t)(reader->end - reader->at) < n_bytes) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += n_bytes;
    return bytes;
}

static uint64_t get_little_endian(vpi_reader *reader, size_t n_bytes)
{
    const uint8_t *bytes = vpi_get_bytes(reader, n_bytes);
    uint64_t value = 0;
    for (size_t i = n_bytes; bytes && i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t vpi_get_u8(vpi_reader *reader)
{
    return (uint8_t)get_little_endian(reader, 1);
}

uint16_t vpi_get_u16(vpi_reader *reader)
{
    return (uint16_t)get_little_endian(reader, 2);
}

uint32_t vpi_get_u32(vpi_reader *reader)
{
    return (uint32_t)get_little_endian(reader, 4);
}

uint64_t vpi_get_u64(vpi_reader *reader)
{
    return get_little_endian(reader, 8);
}

int64_t vpi_get_i64(vpi_reader *reader)
{
    const uint64_t bits = get_little_endian(reader, 8);
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool vpi_get_flag(vpi_reader *reader)
{
    const uint8_t flag = vpi_get_u8(reader);
    reader->failed = reader->failed || flag > 1;
    return flag == 1;
}

void vpi_get_copy(vpi_reader *reader, void *copy_out, size_t n_bytes)
{
    const uint8_t *bytes = vpi_get_bytes(reader, n_bytes);
    if (n_bytes == 0)
        return;
    if (bytes)
        memcpy(copy_out, bytes, n_bytes);
    else
        memset(copy_out, 0, n_bytes);
}

void vpi_get_text(vpi_reader *reader, char *text_out, size_t capacity)
{
    const size_t length = vpi_get_u16(reader);
    const uint8_t *bytes = vpi_get_bytes(reader, length);
    text_out[0] = '\0';
    if (!bytes || length + 1 > capacity || (length && memchr(bytes, 0, length))) {
        reader->failed = true;
        return;
    }
    memcpy(text_out, bytes, length);
    text_out[length] = '\0';
}

uint32_t vpi_big_endian(const uint8_t *bytes, size_t n_bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        value = value << 8 | bytes[i];
    return value;
}

size_t vpi_reader_left(const vpi_reader *reader)
{
    return reader->failed ? 0 : (size_t)(reader->end - reader->at);
}

vpriv_status vpi_reader_finish(const vpi_reader *reader, const char *what)
{
    if (reader->failed)
        return vpi_fail(VPRIV_E_FORMAT, "%s: cut short or malformed", what);
    if (reader->at != reader->end)
        return vpi_fail(VPRIV_E_FORMAT, "%s: %zu bytes too many", what, vpi_reader_left(reader));
    return VPRIV_OK;
}

vpi_writer vpi_writer_of(void *data, size_t capacity_bytes)
{
    uint8_t *start = data;
    return (vpi_writer){start, start, start + capacity_bytes, false};
}

static uint8_t *reserve(vpi_writer *writer, size_t n_bytes)
{
    if (writer->failed || (size_t)(writer->end - writer->at) < n_bytes) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *at = writer->at;
    writer->at += n_bytes;
    return at;
}

static void put_little_endian(vpi_writer *writer, uint64_t value, size_t n_bytes)
{
    uint8_t *at = reserve(writer, n_bytes);
    for (size_t i = 0; at && i < n_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void vpi_put_u8(vpi_writer *writer, uint8_t value)
{
    put_little_endian(writer, value, 1);
}

void vpi_put_u16(vpi_writer *writer, uint16_t value)
{
    put_little_endian(writer, value, 2);
}

void vpi_put_u32(vpi_writer *writer, uint32_t value)
{
    put_little_endian(writer, value, 4);
}

void vpi_put_u64(vpi_writer *writer, uint64_t value)
{
    put_little_endian(writer, value, 8);
}

void vpi_put_i64(vpi_writer *writer, int64_t value)
{
    put_little_endian(writer, (uint64_t)value, 8);
}

void vpi_put_bytes(vpi_writer *writer, const void *data, size_t n_bytes)
{
    uint8_t *at = reserve(writer, n_bytes);
    if (at && n_bytes)
        memcpy(at, data, n_bytes);
}

void vpi_put_text(vpi_writer *writer, const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    if (length > UINT16_MAX) {
        writer->failed = true;
        return;
    }
    vpi_put_u16(writer, (uint16_t)length);
    vpi_put_bytes(writer, text, length);
}

void vpi_put_zeros_to(vpi_writer *writer, size_t offset_bytes)
{
    const size_t used = vpi_writer_used(writer);
    if (offset_bytes < used) {
        writer->failed = true;
        return;
    }
    uint8_t *at = reserve(writer, offset_bytes - used);
    if (at)
        memset(at, 0, offset_bytes - used);
}

size_t vpi_writer_used(const vpi_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

vpriv_status vpi_writer_finish(const vpi_writer *writer, const char *what)
{
    if (writer->failed)
        return vpi_fail(VPRIV_E_LIMIT, "%s: does not fit into %zu bytes", what,
            (size_t)(writer->end - writer->start));
    return VPRIV_OK;
}
