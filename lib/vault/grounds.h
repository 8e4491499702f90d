/* What a new recording rests on: the purposes that are allowed when it begins, and the consents they are allowed
 * by. They are asked again before each write: what was withdrawn since is no ground any more, and neither is a
 * consent that was given anew. */
#ifndef VPI_VAULT_GROUNDS_H
#define VPI_VAULT_GROUNDS_H

#include "vault/header.h"

typedef struct vpi_grounds {
    uint32_t required;  /* purposes without which nothing is taken */
    uint32_t n_guests;  /* speakers besides the tag's subjects, who allow nothing */
    uint32_t n_unknown; /* the same */
    vpi_tag tag;        /* purposes and consents are added to it */
} vpi_grounds;

/* When it begins: every required purpose, and those of the optional ones that are allowed and whose consents fit.
 * VPRIV_E_CONSENT with the reasons. */
vpriv_status vpi_grounds_decide(vpriv_vault *vault, vpi_grounds *grounds, uint32_t optional);
/* In the write transaction: whether what is required is allowed still, and rests on the same consents.
 * VPRIV_E_CONSENT with the reasons. */
vpriv_status vpi_grounds_ask(vpriv_vault *vault, const vpi_grounds *grounds);
/* The same of one purpose; what is not allowed is told and no failure. */
vpriv_status vpi_grounds_ask_purpose(vpriv_vault *vault, const vpi_grounds *grounds,
    unsigned purpose, uint32_t *reasons_out, bool *rests_out);

#endif
