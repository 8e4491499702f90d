/* One checked cursor for everything that is parsed or written. Little-endian throughout, but for the formats
 * of others.
 *
 * Both cursors are sticky: after the first step out of bounds every further read gives zeros and
 * every further write does nothing, and the closing call reports it. So the good path runs straight
 * down and is checked once. */
#ifndef VPI_BASE_BYTES_H
#define VPI_BASE_BYTES_H

#include "base/status.h"

typedef struct vpi_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
} vpi_reader;

vpi_reader vpi_reader_of(const void *data, size_t n_bytes);
uint8_t vpi_get_u8(vpi_reader *reader);
uint16_t vpi_get_u16(vpi_reader *reader);
uint32_t vpi_get_u32(vpi_reader *reader);
uint64_t vpi_get_u64(vpi_reader *reader);
int64_t vpi_get_i64(vpi_reader *reader);
/* A u8 that is 0 or 1; fails with any other, so that there is one spelling. */
bool vpi_get_flag(vpi_reader *reader);
/* Borrow n bytes in place; NULL when there are fewer. */
const uint8_t *vpi_get_bytes(vpi_reader *reader, size_t n_bytes);
/* Copy n bytes; zeros when there are fewer. */
void vpi_get_copy(vpi_reader *reader, void *copy_out, size_t n_bytes);
/* A u16 length and that many bytes of text without NUL, ended with NUL in text_out; fails when it
 * does not fit into capacity bytes. */
void vpi_get_text(vpi_reader *reader, char *text_out, size_t capacity);
size_t vpi_reader_left(const vpi_reader *reader);
/* VPRIV_OK when nothing failed and nothing is left, VPRIV_E_FORMAT otherwise. */
vpriv_status vpi_reader_finish(const vpi_reader *reader, const char *what);

/* A number of up to four bytes, the highest first, as AIFF, FLAC and SQLite write them. */
uint32_t vpi_big_endian(const uint8_t *bytes, size_t n_bytes);

typedef struct vpi_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
} vpi_writer;

vpi_writer vpi_writer_of(void *data, size_t capacity_bytes);
void vpi_put_u8(vpi_writer *writer, uint8_t value);
void vpi_put_u16(vpi_writer *writer, uint16_t value);
void vpi_put_u32(vpi_writer *writer, uint32_t value);
void vpi_put_u64(vpi_writer *writer, uint64_t value);
void vpi_put_i64(vpi_writer *writer, int64_t value);
void vpi_put_bytes(vpi_writer *writer, const void *data, size_t n_bytes);
/* A u16 length and the bytes of the text. NULL counts as empty. */
void vpi_put_text(vpi_writer *writer, const char *text);
/* Zeros up to the given offset from the start. */
void vpi_put_zeros_to(vpi_writer *writer, size_t offset_bytes);
size_t vpi_writer_used(const vpi_writer *writer);
/* VPRIV_OK when everything fitted, VPRIV_E_LIMIT otherwise. */
vpriv_status vpi_writer_finish(const vpi_writer *writer, const char *what);

#endif
