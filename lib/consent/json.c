#include "consent/json.h"
#include <errno.h>
#include <stdlib.h>

vpriv_status vpi_json_read(const char *json, size_t n_bytes, json_t **root_out)
{
    /* Nothing tells when there was no memory for a letter of a token, and a number sets errno to 0. So it is
     * read twice: both say the same, or memory ran out. */
    json_error_t error, again;
    errno = 0;
    json_t *root = json_loadb(json, n_bytes, JSON_REJECT_DUPLICATES, &error);
    json_t *twin = json_loadb(json, n_bytes, JSON_REJECT_DUPLICATES, &again);
    const bool is_short = errno == ENOMEM || json_error_code(&error) == json_error_out_of_memory;
    const bool agree = root ? json_equal(root, twin) : !twin;
    json_decref(twin);
    if (root && agree) {
        *root_out = root;
        return VPRIV_OK;
    }
    json_decref(root);
    if (!agree || is_short)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the document");
    return vpi_fail(VPRIV_E_FORMAT, "line %d: not JSON: %.80s", error.line, error.text);
}

vpriv_status vpi_json_write(const json_t *root, size_t flags, char **text_out)
{
    errno = 0;
    char *text = root ? json_dumps(root, flags) : NULL;
    if (!text || errno == ENOMEM) {
        free(text);
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the document");
    }
    *text_out = text;
    return VPRIV_OK;
}
