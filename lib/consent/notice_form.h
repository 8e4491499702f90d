/* Notice documents: the JSON form that is checked and that texts are made from. What the form does not
 * have is refused; what it has and says badly is for the lint.
 *
 *   {"voicepriv_notice": 1, "id", "version",
 *    "controls": [{"id", "purposes": [...], "preticked": false, "bundled_on_purpose": "why"}],
 *    "languages": {"en": {"title", "controller", "withdrawal",
 *                         "controls": {id: label}, "purposes": {name: text}}}} */
#ifndef VPI_CONSENT_NOTICE_FORM_H
#define VPI_CONSENT_NOTICE_FORM_H

#include "consent/signed.h"
#include <voicepriv/notice.h>

#define VPI_NOTICE_CONTROLS_MAX  64
#define VPI_NOTICE_LANGUAGES_MAX 32

typedef struct vpi_notice_form {
    vpi_signed document;
    char id[VPRIV_NOTICE_ID_BYTES];
    char version[VPRIV_NOTICE_VERSION_BYTES];
    json_t *controls;  /* list */
    json_t *languages; /* object, not empty */
} vpi_notice_form;

/* To be closed in any case. */
vpriv_status vpi_notice_form_open(const char *json, size_t n_bytes, vpi_notice_form *form_out);
void vpi_notice_form_close(vpi_notice_form *form);

/* A text of an object, "" when it is not there. */
const char *vpi_notice_text(const json_t *object, const char *name);

#endif
