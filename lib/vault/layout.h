/* Where the tables and indexes of a vault's file begin. */
#ifndef VPI_VAULT_LAYOUT_H
#define VPI_VAULT_LAYOUT_H

#include "base/database.h"
#include "base/pages.h"

#define VPI_LAYOUT_MAX        64
#define VPI_LAYOUT_NAME_BYTES 64

typedef struct vpi_layout {
    size_t n;
    struct vpi_layout_root {
        char name[VPI_LAYOUT_NAME_BYTES];
        bool is_index; /* by name: a table without row numbers is none */
        bool is_table; /* which kind of tree */
        uint32_t page;
    } roots[VPI_LAYOUT_MAX];
    bool has_indexes; /* otherwise nobody knows which pages are theirs */
} vpi_layout;

/* The one that fits the file best. fresh: a new vault's tables. Goes over the file's own list of tables, too,
 * and tells what is damaged of it. */
vpriv_status vpi_layout_find(vpi_database *fresh, vpi_pages *pages, vpi_layout *layout_out);

#endif
