/* vpriv_vault_verify: the vault's own rows in one snapshot, then, with a keyring, every block that
 * consent lets be opened. The sound is wiped as it goes and nobody hears it. */
#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "vault/check.h"
#include "vault/decision.h"
#include "vault/ingest.h"
#include "vault/log_store.h"

static vpriv_status adopt_and_log(vpriv_vault *vault, bool opens_blocks)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    int64_t n_recordings = 0;
    vpriv_log_entry entry = {.kind = VPRIV_LOG_VERIFICATION,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "library",
        .reason = "verify"};
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    VPI_TRY(vpi_database_int(
        vault->database, &n_recordings, "SELECT count(*) FROM recording WHERE state = 2", ""));
    entry.count = (uint64_t)n_recordings;
    if (opens_blocks)
        VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_vault_rollback(vault);
    return st;
}

static vpriv_status check_rows(vpi_check *check, bool opens_blocks)
{
    vpriv_vault *vault = check->vault;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpriv_status adopted = adopt_and_log(vault, opens_blocks);
    VPI_TRY(vpi_check_note(check, adopted, "a pending recording, state", adopted));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_check_file(check));
    VPI_TRY(vpi_check_keys(check));
    VPI_TRY(vpi_check_people(check));
    VPI_TRY(vpi_check_recordings(check));
    VPI_TRY(vpi_check_log(check));
    VPI_TRY(vpi_check_rest(check));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}

/* Every wrap that keyring and consent both allow opens, to the one recording key; VPRIV_E_CONSENT when there
 * is none. */
static vpriv_status open_wraps(vpriv_reader *reader, const vpriv_keyring *keyring)
{
    size_t n_opened = 0;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        if (!(reader->recording->wrapped >> p & 1) ||
            !vpi_gate_has_key(reader->vault, keyring, (vpriv_purpose)p))
            continue;
        vpriv_status st = vpi_decide_read(reader->vault, reader->recording, (vpriv_purpose)p, NULL,
            &reasons, reader->consent_record);
        if (st != VPRIV_OK)
            return st;
        if (reasons != 0)
            continue;
        reader->purpose = (vpriv_purpose)p;
        st = vpi_gate_unwrap(reader, keyring);
        if (st != VPRIV_OK)
            return st;
        n_opened++;
    }
    return n_opened > 0 ? VPRIV_OK : VPRIV_E_CONSENT;
}

/* Load the next kept recording into the reader; VPRIV_E_NOT_FOUND after the last. */
static vpriv_status open_next(
    vpi_check *check, vpriv_reader *reader, const vpriv_keyring *keyring, int64_t *row_io)
{
    bool began = false;
    vpriv_status st = vpi_vault_enter(check->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(check->vault, &began);
    if (st == VPRIV_OK) {
        st = vpi_check_next_recording(check->vault, *row_io, row_io);
        if (st == VPRIV_E_AUTH)
            st = VPRIV_E_NOT_FOUND; /* the walk breaks off here: a finding already */
    }
    const bool found = st == VPRIV_OK;
    if (st == VPRIV_OK)
        st = vpi_recording_load(check->vault, *row_io, reader->recording);
    if (st == VPRIV_OK && reader->recording->state != VPRIV_RECORDING_COMMITTED)
        st = reader->recording->state == VPRIV_RECORDING_RESTRICTED
                 ? VPRIV_E_CONSENT
                 : VPRIV_E_STATE; /* nothing kept */
    if (st == VPRIV_OK)
        st = open_wraps(reader, keyring);
    if (st == VPRIV_OK)
        st = vpi_gate_verify_derivatives(
            check->vault, reader->recording, keyring, &check->result.n_derivative_blocks);
    vpi_vault_read_end(check->vault, began);
    vpi_vault_leave(check->vault);
    return found && st == VPRIV_E_NOT_FOUND ? VPRIV_E_AUTH : st;
}

static void count_entry(vpi_check *check, vpriv_reader *reader, const vpi_block_entry *entry)
{
    uint32_t duration = 0;
    if (entry->is_gap)
        check->result.n_lost_frames_48k += entry->lost_48k;
    else if (entry->is_silence)
        check->result.n_silent_frames_48k += entry->skipped_48k;
    else if (vpi_packet_check(entry->packet, entry->n_bytes, &duration) != VPRIV_OK)
        vpi_check_finding(check, "block %llu of recording %lld has a packet that is none",
            (unsigned long long)reader->next_block - 1, (long long)reader->recording->row);
}

/* One that does not open is told, and the next one is tried. */
static vpriv_status open_blocks(vpi_check *check, vpriv_reader *reader)
{
    vpi_block_entry entry;
    vpriv_status st = VPRIV_OK;
    uint64_t n_bad = 0;
    reader->next_block = 0;
    reader->walking = false;
    for (;;) {
        st = vpi_gate_next_entry(reader, &entry);
        if (st == VPRIV_OK) {
            count_entry(check, reader, &entry);
            continue;
        }
        /* One that opened, and is none inside, is the one before the next. */
        const bool is_behind = reader->walking;
        if (st != VPRIV_E_AUTH || (!is_behind && reader->next_block == reader->n_blocks))
            break;
        vpi_check_finding(check, "block %llu of recording %lld does not open",
            (unsigned long long)reader->next_block - is_behind, (long long)reader->recording->row);
        reader->walking = false;
        reader->next_block += !is_behind;
        n_bad++;
    }
    check->result.n_blocks_opened += reader->next_block - n_bad;
    vpi_wipe(reader->secrets, sizeof *reader->secrets);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

static vpriv_status check_blocks(vpi_check *check, const vpriv_keyring *keyring)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_reader *reader = NULL;
    int64_t row = 0;
    VPI_TRY(vpi_gate_reader_create(check->vault, &reader));
    for (;;) {
        vpriv_status opened = open_next(check, reader, keyring, &row);
        if (opened == VPRIV_E_NOT_FOUND)
            break;
        if (opened == VPRIV_OK)
            opened = open_blocks(check, reader);
        if (opened == VPRIV_E_CONSENT)
            check->result.n_recordings_shut++;
        if (opened == VPRIV_OK)
            check->result.n_recordings_opened++;
        if (opened == VPRIV_E_CONSENT || opened == VPRIV_E_STATE)
            continue; /* not ours to open; its rows were looked at */
        VPI_TRY(vpi_check_note(
            check, opened, "the sound of recording, or what was made from it,", row));
    }
    st = VPRIV_OK;
out:
    vpriv_gate_close(reader);
    return st;
}

vpriv_status vpriv_vault_verify(vpriv_vault *vault, const vpriv_keyring *keyring,
    vpriv_finding_fn fn, void *user, vpriv_verification *verification_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_check check = {.vault = vault, .fn = fn, .user = user};
    vpi_fail_clear();
    VPI_ENSURE(verification_out && verification_out->struct_size == sizeof *verification_out,
        VPRIV_E_ARG, "vpriv_verification.struct_size is not set");
    VPI_TRY(check_rows(&check, keyring != NULL));
    if (keyring)
        VPI_TRY(check_blocks(&check, keyring));
    vpi_fail_clear();
    check.result.struct_size = sizeof check.result;
    *verification_out = check.result;
    VPI_ENSURE(check.result.n_findings == 0, VPRIV_E_AUTH, "%llu findings",
        (unsigned long long)check.result.n_findings);
    st = VPRIV_OK;
out:
    return st;
}
