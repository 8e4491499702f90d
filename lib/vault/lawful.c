#include "vault/lawful.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/header.h"

vpriv_status vpi_lawful_load(vpriv_vault *vault, const char *taken_at, vpi_lawful **lawful_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_lawful *lawful = NULL;
    vpriv_rules other;
    VPI_TRY(vpi_alloc(1, sizeof *lawful, (void **)&lawful));
    VPI_TRY(vpi_policy_read_head(vault, &lawful->head));
    VPI_TRY(vpi_places_load(vault, &lawful->head, &lawful->places));
    lawful->now_us = vpi_vault_now_us(vault);
    vpi_places_here(&lawful->places, &lawful->head, lawful->now_us, &lawful->here, &other);
    vpi_rules_join(&lawful->here, &other);
    if (taken_at)
        vpi_lawful_join_home(lawful, taken_at, &lawful->here);
    *lawful_out = lawful;
    lawful = NULL;
    st = VPRIV_OK;
out:
    free(lawful);
    return st;
}

void vpi_lawful_join_home(const vpi_lawful *lawful, const char *home, vpriv_rules *rules_io)
{
    vpriv_rules rules;
    vpi_places_rules(&lawful->places, home, lawful->now_us, &rules);
    vpi_rules_join(rules_io, &rules);
}

static vpriv_retention class_of(const vpriv_rules_term *term)
{
    const int most = VPRIV_RETENTION_COUNT_MAX;
    if (term->n_months > 0)
        return VPRIV_RETENTION_MONTHS(term->n_months < most ? term->n_months : most);
    if (term->n_days > 0)
        return VPRIV_RETENTION_DAYS(term->n_days < most ? term->n_days : most);
    return VPRIV_RETENTION_NONE;
}

vpriv_retention vpi_lawful_term(const vpriv_rules *rules, vpriv_purpose purpose, int64_t started_us)
{
    vpriv_retention shortest = VPRIV_RETENTION_ERASED_ONLY;
    for (uint32_t i = 0; i < rules->n_terms; i++) {
        const vpriv_retention own = class_of(&rules->terms[i]);
        if ((rules->terms[i].purposes & VPRIV_PURPOSE_BIT(purpose)) &&
            vpi_retention_end_us(own, started_us) < vpi_retention_end_us(shortest, started_us))
            shortest = own;
    }
    return shortest;
}
