/* SQLite's write-ahead log, read only: the latest committed version of each page in it. */
#ifndef VPI_BASE_PAGES_LOG_H
#define VPI_BASE_PAGES_LOG_H

#include "base/status.h"

typedef struct vpi_pages_log {
    int fd;           /* -1: there is none */
    uint32_t n_pages; /* of the database after the last commit; 0 without one */
    bool is_cut;      /* frames of its own follow that do not hold together */
    size_t n_frames;
    struct vpi_frame {
        uint32_t page;
        uint64_t offset;
    } * frames; /* committed ones, in order */
} vpi_pages_log;

vpriv_status vpi_pages_log_open(const char *path, vpi_pages_log *log_out);
void vpi_pages_log_close(vpi_pages_log *log);
/* False when the page is not in it. */
bool vpi_pages_log_read(const vpi_pages_log *log, uint32_t page, uint8_t *page_out);

#endif
