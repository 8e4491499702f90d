#include "base/pages_log.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/pages.h"
#include "base/try.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC       0x377f0682u /* the last bit: checksums over big-endian words */
#define HEAD_BYTES  32
#define FRAME_BYTES (24 + VPI_PAGE_BYTES)

static uint32_t be32(const uint8_t *at)
{
    return vpi_big_endian(at, 4);
}

static uint32_t word(const uint8_t *at, bool is_big)
{
    return is_big ? be32(at)
                  : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* Not against an attacker, whose frames would have to open with our keys anyway. */
void vpi_pages_log_sum(const uint8_t *at, size_t n_bytes, bool is_big, uint32_t sums_io[2])
{
    for (size_t i = 0; i < n_bytes; i += 8) {
        sums_io[0] += word(at + i, is_big) + sums_io[1];
        sums_io[1] += word(at + i + 4, is_big) + sums_io[0];
    }
}

static int compare_frames(const void *left, const void *right)
{
    const struct vpi_frame *a = left, *b = right;
    if (a->page != b->page)
        return a->page < b->page ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void keep_latest(vpi_pages_log *log)
{
    size_t n = 0;
    if (log->n_frames > 0)
        qsort(log->frames, log->n_frames, sizeof *log->frames, compare_frames);
    for (size_t i = 0; i < log->n_frames; i++)
        if (i + 1 == log->n_frames || log->frames[i].page != log->frames[i + 1].page)
            log->frames[n++] = log->frames[i];
    log->n_frames = n;
}

static vpriv_status read_frames(vpi_pages_log *log, uint64_t n_bytes, uint8_t *frame)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t head[HEAD_BYTES];
    uint32_t sums[2] = {0, 0};
    size_t n = 0;
    if (n_bytes < HEAD_BYTES)
        return VPRIV_OK;
    VPI_TRY(vpi_file_read_at(log->fd, head, sizeof head, 0));
    const bool is_big = be32(head) & 1;
    vpi_pages_log_sum(head, 24, is_big, sums);
    if ((be32(head) & ~1u) != MAGIC || be32(head + 8) != VPI_PAGE_BYTES ||
        be32(head + 24) != sums[0] || be32(head + 28) != sums[1]) {
        log->is_cut = true;
        return VPRIV_OK;
    }
    const uint64_t most = (n_bytes - HEAD_BYTES) / FRAME_BYTES;
    VPI_TRY(vpi_alloc((size_t)most + 1, sizeof *log->frames, (void **)&log->frames));
    for (uint64_t i = 0; i < most; i++) {
        const uint64_t offset = HEAD_BYTES + i * FRAME_BYTES;
        VPI_TRY(vpi_file_read_at(log->fd, frame, FRAME_BYTES, offset));
        if (memcmp(frame + 8, head + 16, 8) != 0)
            break; /* of an earlier round: that is where it ends */
        vpi_pages_log_sum(frame, 8, is_big, sums);
        vpi_pages_log_sum(frame + 24, VPI_PAGE_BYTES, is_big, sums);
        if (be32(frame) == 0 || be32(frame + 16) != sums[0] || be32(frame + 20) != sums[1]) {
            log->is_cut = true;
            break;
        }
        log->frames[n].page = be32(frame);
        log->frames[n++].offset = offset + 24;
        if (be32(frame + 4) != 0) {
            log->n_pages = be32(frame + 4);
            log->n_frames = n;
        }
    }
    keep_latest(log);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_pages_log_open(const char *path, vpi_pages_log *log_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_pages_log log = {.fd = -1};
    char *name = NULL;
    uint8_t *frame = NULL;
    uint64_t n_bytes = 0;
    VPI_TRY(vpi_path_with(path, "-wal", &name));
    VPI_TRY(vpi_alloc(FRAME_BYTES, 1, (void **)&frame));
    const vpriv_status opened = vpi_file_open(name, O_RDONLY, &log.fd, &n_bytes);
    if (opened == VPRIV_E_NOT_FOUND)
        vpi_fail_clear();
    else
        VPI_TRY(opened);
    if (log.fd >= 0)
        VPI_TRY(read_frames(&log, n_bytes, frame));
    *log_out = log;
    log = (vpi_pages_log){.fd = -1};
    st = VPRIV_OK;
out:
    vpi_pages_log_close(&log);
    free(frame);
    free(name);
    return st;
}

void vpi_pages_log_close(vpi_pages_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    free(log->frames);
    *log = (vpi_pages_log){.fd = -1};
}

size_t vpi_pages_log_find(const vpi_pages_log *log, uint32_t page)
{
    size_t low = 0, high = log->n_frames;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (log->frames[middle].page < page)
            low = middle + 1;
        else
            high = middle;
    }
    return low < log->n_frames && log->frames[low].page == page ? low : log->n_frames;
}

vpriv_status vpi_pages_log_read(const vpi_pages_log *log, uint32_t page, uint8_t *page_out)
{
    const size_t at = vpi_pages_log_find(log, page);
    if (at == log->n_frames)
        return VPRIV_E_NOT_FOUND;
    return vpi_file_read_at(log->fd, page_out, VPI_PAGE_BYTES, log->frames[at].offset);
}

static vpriv_status fold_failed(int code)
{
    const int error = errno;
    return code == SQLITE_FULL || error == ENOSPC || error == EDQUOT
               ? vpi_fail(VPRIV_E_FULL, "no space left to fold the write-ahead log in")
               : vpi_fail(VPRIV_E_IO, "the write-ahead log cannot be folded in (errno %d)", error);
}

vpriv_status vpi_pages_log_fold(const vpi_pages_log *log, sqlite3_file *file)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *page = NULL;
    int code = SQLITE_OK;
    if (log->n_frames == 0)
        return VPRIV_OK;
    VPI_TRY(vpi_alloc(VPI_PAGE_BYTES, 1, (void **)&page));
    errno = 0;
    for (size_t i = 0; i < log->n_frames && code == SQLITE_OK; i++) {
        const struct vpi_frame *frame = &log->frames[i];
        if (frame->page > log->n_pages)
            continue; /* it was given back since */
        VPI_TRY(vpi_file_read_at(log->fd, page, VPI_PAGE_BYTES, frame->offset));
        code = file->pMethods->xWrite(
            file, page, VPI_PAGE_BYTES, (sqlite3_int64)(frame->page - 1) * VPI_PAGE_BYTES);
    }
    if (code == SQLITE_OK)
        code = file->pMethods->xTruncate(file, (sqlite3_int64)log->n_pages * VPI_PAGE_BYTES);
    if (code == SQLITE_OK)
        code = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
    if (code != SQLITE_OK) {
        st = fold_failed(code);
        goto out;
    }
    st = VPRIV_OK;
out:
    free(page);
    return st;
}
