/* Verifying, the rest: rows that belong to the vault and not to a person, a recording or the log. */
#include "base/memory.h"
#include "base/try.h"
#include "vault/check.h"
#include "vault/log_store.h"
#include "vault/notice_store.h"
#include "vault/policy.h"
#include "vault/profile_store.h"
#include "vault/sweep.h"
#include <sodium.h>
#include <string.h>

static vpriv_status check_notices(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *text = NULL;
    int64_t row = 0;
    VPI_TRY(vpi_alloc(1, VPRIV_NOTICE_TEXT_BYTES_MAX, (void **)&text));
    for (;;) {
        int64_t next = 0, before = row;
        vpriv_notice_ref notice;
        bool is_in_force = false;
        size_t n_text = 0;
        uint8_t hash[VPRIV_SHA256_BYTES];
        const vpriv_status found = vpi_database_next(check->vault->database, row, &next,
            "SELECT id FROM notice WHERE id > ?1 ORDER BY id LIMIT 1", "i", row);
        if (found == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(vpi_check_note(check, found, "the row after notice", row));
        if (found != VPRIV_OK)
            break;
        const vpriv_status opened =
            vpi_notice_next(check->vault, &before, &notice, &is_in_force, text, &n_text);
        row = next;
        VPI_TRY(vpi_check_note(check, opened, "notice", row));
        if (opened != VPRIV_OK)
            continue;
        crypto_hash_sha256(hash, text, n_text);
        if (memcmp(hash, notice.sha256, sizeof hash) != 0)
            vpi_check_finding(check, "notice %lld is not the text it says", (long long)row);
    }
    st = VPRIV_OK;
out:
    free(text);
    return st;
}

static vpriv_status check_purposes(vpi_check *check)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_vault *vault = check->vault;
    vpriv_status st =
        vpi_database_query(vault->database, &row, "SELECT id, sealed FROM purpose ORDER BY id", "");
    while (st == VPRIV_OK) {
        uint8_t public_key[VPI_KEY_BYTES];
        size_t n_sealed = 0;
        const int64_t p = vpi_column_int(&row, 0);
        const uint8_t *sealed = vpi_column_blob(&row, 1, &n_sealed);
        const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_PURPOSE, (uint64_t)p);
        const vpriv_status opened =
            p >= 0 && p < VPI_PURPOSES_MAX && n_sealed == VPI_KEY_BYTES + VPI_SEAL_OVERHEAD
                ? vpi_unseal(vault->secrets->catalogue_key, &place, sealed, n_sealed, public_key)
                : VPRIV_E_AUTH;
        st = vpi_check_note(check, opened, "purpose", p);
        if (st == VPRIV_OK)
            st = vpi_row_next(&row);
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

/* Settings, head of the log, clock; the fourth only once a surface is trusted. */
static vpriv_status check_states(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t n_others = 0;
    uint8_t *plain = NULL;
    size_t n_bytes = 0;
    VPI_TRY(vpi_alloc(1, VPI_POLICY_ROW_BYTES_MAX, (void **)&plain));
    for (int64_t id = VPI_STATE_SETTINGS; id <= VPI_STATE_SURFACES; id++) {
        int64_t n = 0;
        VPI_TRY(vpi_database_int(
            check->vault->database, &n, "SELECT count(*) FROM state WHERE id = ?1", "i", id));
        if (n == 0 && id == VPI_STATE_SURFACES)
            continue;
        const vpriv_status read =
            vpi_state_read(check->vault, id, plain, VPI_POLICY_ROW_BYTES_MAX, &n_bytes);
        VPI_TRY(vpi_check_note(check, read, "state", id));
    }
    VPI_TRY(vpi_database_int(check->vault->database, &n_others,
        "SELECT count(*) FROM state WHERE id NOT BETWEEN 1 AND 4", ""));
    if (n_others > 0)
        vpi_check_finding(check, "%lld states of nothing", (long long)n_others);
    st = VPRIV_OK;
out:
    free(plain);
    return st;
}

static vpriv_status count(vpi_check *check, const char *sql, const char *what)
{
    int64_t n = 0;
    const vpriv_status st = vpi_database_int(check->vault->database, &n, sql, "");
    if (st == VPRIV_OK && n > 0)
        vpi_check_finding(check, "%lld %s", (long long)n, what);
    return st;
}

/* Whatever ends a purpose before its recording ends goes by these rows; *ends_io loses the purposes they end. */
static vpriv_status find_terms(vpi_check *check, const vpi_recording *recording, uint32_t *ends_io)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(check->vault->database, &row,
        "SELECT retention FROM term WHERE recording = ?1", "i", recording->row);
    for (; st == VPRIV_OK; st = vpi_row_next(&row)) {
        const int64_t retention = vpi_column_int(&row, 0);
        if (retention < 0 || retention > UINT16_MAX)
            continue;
        const int64_t end_us =
            vpi_retention_end_us((vpriv_retention)retention, recording->tag.started_us);
        for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
            if (recording->purpose_expires_us[p] == end_us)
                *ends_io &= ~VPRIV_PURPOSE_BIT(p);
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

vpriv_status vpi_check_terms(vpi_check *check, const vpi_recording *recording)
{
    uint32_t ends = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (recording->purpose_expires_us[p] != 0)
            ends |= VPRIV_PURPOSE_BIT(p);
    if (ends == 0)
        return VPRIV_OK;
    const vpriv_status st = find_terms(check, recording, &ends);
    if (st == VPRIV_OK && ends != 0)
        vpi_check_finding(check, "the term of a purpose of recording %lld is not filed",
            (long long)recording->row);
    return vpi_check_note(check, st, "the terms of recording", recording->row);
}

/* Nobody is there to open these with; and what housekeeping can never do. */
static vpriv_status check_left_over(vpi_check *check)
{
    static const char records[] = "SELECT count(*) FROM consent_record WHERE NOT EXISTS"
                                  " (SELECT 1 FROM subject WHERE id = consent_record.subject)";
    static const char events[] = "SELECT count(*) FROM consent_event WHERE NOT EXISTS"
                                 " (SELECT 1 FROM subject WHERE id = consent_event.subject)";
    static const char sweeps[] = "SELECT count(*) FROM sweep WHERE NOT " VPI_SWEEP_POSSIBLE;
    vpriv_status st = count(check, records, "consent records of nobody");
    if (st == VPRIV_OK)
        st = count(check, events, "consent events of nobody");
    if (st == VPRIV_OK)
        st = count(check, sweeps, "entries of housekeeping that cannot be done");
    return st;
}

vpriv_status vpi_check_rest(vpi_check *check)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head *head = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(check_notices(check));
    VPI_TRY(check_purposes(check));
    VPI_TRY(check_states(check));
    if (vpi_policy_read_head(check->vault, head) == VPRIV_OK)
        VPI_TRY(vpi_check_note(
            check, vpi_profiles_check(check->vault, head), "the profiles of head", 0));
    const vpriv_status followed = vpi_log_head_check(check->vault);
    if (followed == VPRIV_E_ROLLBACK)
        vpi_check_finding(check, "the log is shorter than at the last destruction");
    else
        VPI_TRY(vpi_check_note(check, followed, "the log up to the last destruction, state", 2));
    VPI_TRY(count(check,
        "SELECT count(*) FROM term WHERE NOT EXISTS (SELECT 1 FROM recording"
        " WHERE id = term.recording AND state IN (2, 3))",
        "terms of no recording"));
    VPI_TRY(check_left_over(check));
    st = VPRIV_OK;
out:
    free(head);
    return st;
}
