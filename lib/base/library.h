/* Libraries that one kind of source or root store needs and nothing else: loaded when the first such one
 * is opened, listed or watched. A process without one has not got them in its memory, and they need not
 * even be installed. Once loaded they stay.
 *
 * The header of the library says what its functions look like; a table of pointers, made from one list
 * of names, is what is called. */
#ifndef VPI_BASE_LIBRARY_H
#define VPI_BASE_LIBRARY_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct vpi_library {
    const char *name;             /* what the dynamic loader looks for */
    const char *package;          /* Debian's, for people */
    const char *const *functions; /* names, in the order of the table */
    size_t n_functions;
    void *table; /* as many pointers to functions, and nothing else */
    bool is_loaded;
} vpi_library;

/* Load it if it is not there yet; then, and only then, may its table be used, on whatever thread.
 * VPRIV_E_UNSUPPORTED: it is missing or too old; asked again, it is looked for again. */
vpriv_status vpi_library_load(vpi_library *library);

#endif
