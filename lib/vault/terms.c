#include "vault/terms.h"
#include "base/try.h"
#include "vault/consent_store.h"
#include "vault/lawful.h"

/* What the places that count say now of a recording and everybody who speaks in it. Damage must not keep
 * anybody from destroying keys, which begins with adopting: what does not open is strict. */
static vpriv_status rules_of(
    vpriv_vault *vault, const vpi_recording *recording, vpriv_rules *rules_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_lawful *lawful = NULL;
    const vpriv_status read = vpi_lawful_load(vault, recording->tag.jurisdiction, &lawful);
    if (read != VPRIV_E_AUTH)
        VPI_TRY(read);
    *rules_out = lawful ? lawful->here : *vpriv_rules_strict();
    for (uint32_t i = 0; lawful && i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        vpi_subject_place at = {.home = VPI_STRICT};
        VPI_TRY(vpi_subject_find(vault, vpi_speaker(recording, i), &subject));
        const vpriv_status placed = vpi_subject_place_of(vault, &subject, &at);
        if (placed != VPRIV_E_AUTH)
            VPI_TRY(placed);
        vpi_lawful_join_home(lawful, at.home, rules_out);
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    free(lawful);
    return st;
}

/* For how long the law, and everybody who speaks, let it be kept for a purpose. */
static vpriv_status shortest_term(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const vpriv_rules *rules, vpriv_retention *retention_out,
    int64_t *end_us_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const int64_t started_us = recording->tag.started_us;
    vpriv_retention shortest = vpi_lawful_term(rules, purpose, started_us);
    int64_t end_us = vpi_retention_end_us(shortest, started_us);
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        vpriv_consent_record record;
        vpriv_retention retention = VPRIV_RETENTION_NONE;
        VPI_TRY(vpi_subject_find(vault, vpi_speaker(recording, i), &subject));
        VPI_TRY(vpi_consent_latest(vault, subject.row, purpose, &record, NULL));
        VPI_TRY(vpriv_retention_from_name(record.retention, &retention));
        const int64_t own_us = vpi_retention_end_us(retention, started_us);
        if (own_us < end_us) {
            end_us = own_us;
            shortest = retention;
        }
    }
    *retention_out = shortest;
    *end_us_out = end_us;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_term_of(vpriv_vault *vault, const vpi_recording *recording, vpriv_purpose purpose,
    vpriv_retention *retention_out, int64_t *end_us_out)
{
    vpriv_rules rules;
    const vpriv_status st = rules_of(vault, recording, &rules);
    return st == VPRIV_OK
               ? shortest_term(vault, recording, purpose, &rules, retention_out, end_us_out)
               : st;
}

vpriv_status vpi_term_set(vpriv_vault *vault, vpi_recording *recording, vpriv_purpose purpose,
    vpriv_retention retention, int64_t end_us)
{
    recording->purpose_expires_us[purpose] = 0;
    if (end_us >= recording->expires_us)
        return VPRIV_OK;
    recording->purpose_expires_us[purpose] = end_us;
    return vpi_database_run(vault->database,
        "INSERT OR IGNORE INTO term(retention, recording) VALUES (?1, ?2)", "ii",
        (int64_t)retention, recording->row);
}

vpriv_status vpi_terms_set(vpriv_vault *vault, vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_rules rules;
    vpriv_retention terms[VPI_PURPOSES_MAX], longest = VPRIV_RETENTION_NONE;
    int64_t ends_us[VPI_PURPOSES_MAX], longest_us = 0;
    VPI_TRY(rules_of(vault, recording, &rules));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(recording->wrapped >> p & 1))
            continue;
        VPI_TRY(shortest_term(vault, recording, (vpriv_purpose)p, &rules, &terms[p], &ends_us[p]));
        if (ends_us[p] > longest_us) {
            longest_us = ends_us[p];
            longest = terms[p];
        }
    }
    if (longest_us < recording->expires_us) {
        recording->retention = longest;
        recording->expires_us = longest_us;
    }
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (recording->wrapped >> p & 1)
            VPI_TRY(vpi_term_set(vault, recording, (vpriv_purpose)p, terms[p], ends_us[p]));
    st = VPRIV_OK;
out:
    return st;
}
