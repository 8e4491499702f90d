#include "vault/terms.h"
#include "base/try.h"
#include "vault/consent_store.h"

vpriv_status vpi_term_of(vpriv_vault *vault, const vpi_recording *recording, vpriv_purpose purpose,
    vpriv_retention *retention_out, int64_t *end_us_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t end_us = VPRIV_TIME_FOREVER_US;
    vpriv_retention shortest = VPRIV_RETENTION_ERASED_ONLY;
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        vpriv_consent_record record;
        vpriv_retention retention = VPRIV_RETENTION_NONE;
        VPI_TRY(vpi_subject_find(vault, vpi_speaker(recording, i), &subject));
        VPI_TRY(vpi_consent_latest(vault, subject.row, purpose, &record, NULL));
        VPI_TRY(vpriv_retention_from_name(record.retention, &retention));
        const int64_t own_us = vpi_retention_end_us(retention, recording->tag.started_us);
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
    vpriv_retention terms[VPI_PURPOSES_MAX], longest = VPRIV_RETENTION_NONE;
    int64_t ends_us[VPI_PURPOSES_MAX], longest_us = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(recording->wrapped >> p & 1))
            continue;
        VPI_TRY(vpi_term_of(vault, recording, (vpriv_purpose)p, &terms[p], &ends_us[p]));
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
