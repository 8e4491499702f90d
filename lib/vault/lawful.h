/* What the law of every place that counts for some people says now, joined: where the device is, where the
 * controller has its seat, where they are at home, and one place more. */
#ifndef VPI_VAULT_LAWFUL_H
#define VPI_VAULT_LAWFUL_H

#include "vault/places.h"

typedef struct vpi_lawful {
    vpi_policy_head head;
    vpi_places places;
    vpriv_rules here; /* without anybody's home */
    int64_t now_us;
} vpi_lawful;

/* taken_at: one place more, or NULL. To be freed. */
vpriv_status vpi_lawful_load(vpriv_vault *vault, const char *taken_at, vpi_lawful **lawful_out);
/* Narrows rules by those of a home. */
void vpi_lawful_join_home(const vpi_lawful *lawful, const char *home, vpriv_rules *rules_io);

/* The term that ends first for a purpose of what was recorded then, as one of the classes of retention:
 * where there is none like it, the next shorter. VPRIV_RETENTION_ERASED_ONLY when the law sets none. */
vpriv_retention vpi_lawful_term(
    const vpriv_rules *rules, vpriv_purpose purpose, int64_t started_us);

#endif
