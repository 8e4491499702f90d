/* JSON through jansson, which does not always say that memory ran out: a text got shorter, and was read or
 * written as if it were whole. */
#ifndef VPI_CONSENT_JSON_H
#define VPI_CONSENT_JSON_H

#include "base/status.h"
#include <jansson.h>

/* To be freed with json_decref. VPRIV_E_FORMAT names the line. */
vpriv_status vpi_json_read(const char *json, size_t n_bytes, json_t **root_out);
/* flags: jansson's. NULL is a document that could not be made. To be freed. */
vpriv_status vpi_json_write(const json_t *root, size_t flags, char **text_out);

#endif
