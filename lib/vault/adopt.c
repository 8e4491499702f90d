#include "vault/adopt.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/consent_store.h"
#include "vault/erase.h"
#include "vault/terms.h"
#include <string.h>

vpriv_status vpi_wrap_key_in_force(vpriv_vault *vault, const vpi_recording *recording,
    vpriv_purpose purpose, const uint8_t shred_key[VPI_KEY_BYTES], uint8_t key_out[VPI_KEY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_grant *grants = vault->secrets->grants;
    const uint32_t n_speakers = vpi_n_speakers(recording);
    vpi_recording_bond bond;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    vpi_recording_bond_of(vault, recording, &bond);
    for (uint32_t i = 0; i < n_speakers; i++) {
        vpi_subject subject;
        const vpriv_status found = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_CONSENT, "a person who speaks was erased");
        VPI_TRY(found);
        memcpy(grants[i].subject_id, subject.id, VPI_SUBJECT_ID_BYTES);
        VPI_TRY(vpi_consent_grant_key(vault, subject.row, purpose, record_id, grants[i].key));
        VPI_ENSURE(vpi_rests_on(recording, i, purpose, record_id), VPRIV_E_CONSENT,
            "%s: another consent is in force than the one it rests on",
            vpriv_purpose_name(purpose));
    }
    VPI_TRY(vpi_wrap_key(shred_key, &bond, purpose, grants, n_speakers, key_out));
    st = VPRIV_OK;
out:
    vpi_wipe(grants, sizeof vault->secrets->grants);
    return st;
}

static vpriv_status make_wraps(vpriv_vault *vault, const vpi_recording *recording,
    const vpi_ingest_commit *commit, vpi_wraps *wraps_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording_bond bond;
    bool damaged = false;
    vpi_recording_bond_of(vault, recording, &bond);
    memset(wraps_out, 0, sizeof *wraps_out);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(commit->purposes & recording->tag.purposes & VPRIV_PURPOSE_BIT(p)))
            continue;
        const vpriv_status keyed = vpi_wrap_key_in_force(
            vault, recording, (vpriv_purpose)p, commit->shred_key, vault->secrets->adopt_shred_key);
        /* Withdrawn since, given again or not; or somebody put an old row back, and the grant key it
         * speaks of is gone: no wrap, ever. */
        damaged = damaged || keyed == VPRIV_E_AUTH;
        if (keyed == VPRIV_E_CONSENT || keyed == VPRIV_E_AUTH)
            continue;
        VPI_TRY(keyed);
        vpi_wrap_seal(
            vault->secrets->adopt_shred_key, &bond, p, commit->inner[p], wraps_out->wrap[p]);
        wraps_out->purposes |= VPRIV_PURPOSE_BIT(p);
    }
    /* With nothing left, damage leaves the recording pending rather than buried. */
    VPI_ENSURE(wraps_out->purposes != 0 || !damaged, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->adopt_shred_key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_speaker_file(vpriv_vault *vault, int64_t subject, int64_t recording)
{
    uint8_t tag[VPI_TAG_BYTES];
    vpriv_status st = vpi_subject_recording_tag(vault, subject, tag);
    if (st == VPRIV_OK)
        st = vpi_database_run(vault->database,
            "INSERT OR IGNORE INTO recording_subject(tag, recording) VALUES (?1, ?2)", "bi", tag,
            sizeof tag, recording);
    return st;
}

static vpriv_status index_subjects(vpriv_vault *vault, const vpi_recording *recording)
{
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        vpi_subject subject;
        vpriv_status st = vpi_subject_find(vault, vpi_speaker(recording, i), &subject);
        if (st == VPRIV_OK)
            st = vpi_speaker_file(vault, subject.row, recording->row);
        if (st != VPRIV_OK)
            return st;
    }
    return VPRIV_OK;
}

vpriv_status vpi_adopt_commit(vpriv_vault *vault, int64_t row, const vpi_ingest_commit *commit)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    vpi_wraps *wraps = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(vpi_alloc(1, sizeof *wraps, (void **)&wraps));
    VPI_TRY(vpi_recording_load(vault, row, recording));
    VPI_ENSURE(recording->state == VPRIV_RECORDING_PROVISIONAL, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    recording->n_tag_bytes = commit->n_tag_bytes;
    memcpy(recording->tag_bytes, commit->tag_bytes, commit->n_tag_bytes);
    VPI_TRY(vpi_tag_decode(commit->tag_bytes, commit->n_tag_bytes, &recording->tag));
    VPI_ENSURE(vpi_time_is_plausible(recording->tag.started_us), VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    vpi_tag_hash(commit->tag_bytes, commit->n_tag_bytes, recording->tag_hash);
    VPI_TRY(make_wraps(vault, recording, commit, wraps));
    if (wraps->purposes == 0) {
        VPI_TRY(vpi_erase_bury(vault, row));
    } else {
        memcpy(recording->commitment, commit->commitment, VPI_HASH_BYTES);
        recording->state = VPRIV_RECORDING_COMMITTED;
        recording->wrapped = wraps->purposes;
        recording->retention = recording->tag.retention;
        recording->expires_us =
            vpi_retention_end_us(recording->retention, recording->tag.started_us);
        VPI_TRY(vpi_terms_set(vault, recording));
        /* Filed first: a recording that is kept is found by everybody who speaks in it. */
        VPI_TRY(index_subjects(vault, recording));
        VPI_TRY(vpi_vault_add_key(vault, commit->shred_key, &recording->key_slot));
        VPI_TRY(vpi_recording_store(vault, recording, commit->shred_key));
        VPI_TRY(vpi_wraps_store(vault, row, commit->shred_key, wraps));
    }
    st = VPRIV_OK;
out:
    free(recording);
    free(wraps);
    return st;
}

vpriv_status vpi_adopt_finish(vpriv_vault *vault, int64_t row, const vpi_finish *finish)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    VPI_TRY(vpi_recording_load(vault, row, recording));
    if (recording->state == VPRIV_RECORDING_COMMITTED ||
        recording->state == VPRIV_RECORDING_RESTRICTED) {
        VPI_ENSURE(!recording->finish.is_finished, VPRIV_E_AUTH,
            "the vault file is damaged or was changed");
        recording->finish = *finish;
        VPI_TRY(vpi_tree_get(vault->tree, recording->key_slot, vault->secrets->adopt_shred_key));
        VPI_TRY(vpi_recording_store(vault, recording, vault->secrets->adopt_shred_key));
    }
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->adopt_shred_key, VPI_KEY_BYTES);
    free(recording);
    return st;
}
