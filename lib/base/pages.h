/* The rows of a SQLite file without SQLite, which gives up on a whole table where one page of it is bad. Here
 * damage stays where it is: each page is read by itself, and what does not hold together is told and passed
 * over. Only reads; format: https://www.sqlite.org/fileformat2.html, pages of 4,096 bytes.
 *
 * A committed write-ahead log beside the file is read as part of it, up to its first bad frame. */
#ifndef VPI_BASE_PAGES_H
#define VPI_BASE_PAGES_H

#include "base/status.h"

#define VPI_PAGE_BYTES        4096
#define VPI_PAGES_COLUMNS_MAX 8

typedef struct vpi_pages vpi_pages;

/* Told of each page that is bad; table is whose it is, NULL when nobody knows. */
typedef void (*vpi_pages_damage_fn)(void *user, uint32_t page, const char *table, const char *what);

/* VPRIV_E_BUSY while somebody has the file open through SQLite. */
vpriv_status vpi_pages_open(
    const char *path, vpi_pages_damage_fn damage, void *user, vpi_pages **pages_out);
void vpi_pages_close(vpi_pages *pages);
/* Whether bytes of the write-ahead log are there that do not hold together. */
bool vpi_pages_log_is_cut(const vpi_pages *pages);
/* Whether the system could not read a page that was asked for: it is damage here, and may not be the next time. */
bool vpi_pages_has_unread(const vpi_pages *pages);

typedef enum vpi_value_kind {
    VPI_VALUE_NULL,
    VPI_VALUE_INT,
    VPI_VALUE_BLOB,
    VPI_VALUE_TEXT, /* in the list of tables only */
} vpi_value_kind;

typedef struct vpi_value {
    vpi_value_kind kind;
    int64_t number;
    const uint8_t *bytes; /* borrowed for the call */
    size_t n_bytes;
} vpi_value;

typedef struct vpi_page_row {
    uint32_t page;
    bool has_rowid;
    int64_t rowid;
    size_t n_values;
    vpi_value values[VPI_PAGES_COLUMNS_MAX];
} vpi_page_row;

/* Anything but VPRIV_OK stops and is handed on. */
typedef vpriv_status (*vpi_page_row_fn)(void *user, const vpi_page_row *row);

/* Every row that hangs together with this root. fn NULL: only looks. *whole_out: nothing was bad. */
vpriv_status vpi_pages_walk(vpi_pages *pages, const char *table, uint32_t root, vpi_page_row_fn fn,
    void *user, bool *whole_out);
/* The list of tables, which begins on page 1. */
vpriv_status vpi_pages_walk_schema(
    vpi_pages *pages, vpi_page_row_fn fn, void *user, bool *whole_out);
/* Whether a tree of this kind may begin there. */
bool vpi_pages_is_tree(vpi_pages *pages, uint32_t page, bool is_table);
/* After all walks. Which pages are free, by the file's own list; false when that is bad. */
bool vpi_pages_free_list(vpi_pages *pages);
/* After that: rows of leaf pages that no walk came to and that are not known to be free. */
vpriv_status vpi_pages_strays(vpi_pages *pages, vpi_page_row_fn fn, void *user);

#endif
