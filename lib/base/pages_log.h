/* SQLite's write-ahead log without SQLite: the latest committed version of each page in it. */
#ifndef VPI_BASE_PAGES_LOG_H
#define VPI_BASE_PAGES_LOG_H

#include "base/status.h"
#include <sqlite3.h>

typedef struct vpi_pages_log {
    int fd;           /* -1: there is none */
    uint32_t n_pages; /* of the database after the last commit; 0 without one */
    bool is_cut;      /* frames of its own follow that do not hold together */
    size_t n_frames;
    struct vpi_frame {
        uint32_t page;
        uint64_t offset;
    } * frames; /* the last committed one of each page, in the order of pages */
} vpi_pages_log;

/* SQLite's own checksum of a multiple of eight bytes, words in one byte order or the other, going on from sums. */
void vpi_pages_log_sum(const uint8_t *at, size_t n_bytes, bool is_big, uint32_t sums_io[2]);

vpriv_status vpi_pages_log_open(const char *path, vpi_pages_log *log_out);
void vpi_pages_log_close(vpi_pages_log *log);
/* Where the page is among the frames; n_frames when it is not in it. */
size_t vpi_pages_log_find(const vpi_pages_log *log, uint32_t page);
/* VPRIV_E_NOT_FOUND when the page is not in it. */
vpriv_status vpi_pages_log_read(const vpi_pages_log *log, uint32_t page, uint8_t *page_out);
/* Everything committed goes into the database's file, and is on the disk afterwards; the log stays as it is. The
 * file is locked by whoever calls, against everybody. Cut off anywhere, file and log together are what they were. */
vpriv_status vpi_pages_log_fold(const vpi_pages_log *log, sqlite3_file *file);

#endif
