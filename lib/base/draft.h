/* A file on its way: PATH.part, of mode 0600, until it is whole and on the disk and takes its name. Whoever
 * makes it holds a lock on it; what a dead process left behind is taken over. */
#ifndef VPI_BASE_DRAFT_H
#define VPI_BASE_DRAFT_H

#include "base/status.h"

typedef struct vpi_draft {
    char *path;
    char *part; /* NULL when there is none any more */
    int fd;
} vpi_draft;

#define VPI_NO_DRAFT ((vpi_draft){NULL, NULL, -1})

/* VPRIV_E_BUSY while another process makes the same file; VPRIV_E_EXISTS where PATH.part is the file that is
 * copied (source, or NULL), which stays as it is. Empty afterwards. */
vpriv_status vpi_draft_begin(const char *path, const char *source, vpi_draft *draft_out);
/* Sync, and give it its name; without may_replace VPRIV_E_EXISTS where that is taken. */
vpriv_status vpi_draft_finish(vpi_draft *draft, bool may_replace);
/* Nothing is left; fine after finishing, and for VPI_NO_DRAFT. */
void vpi_draft_abandon(vpi_draft *draft);

#endif
