#include "vault/adopt.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/consent_store.h"
#include "vault/erase.h"
#include "vault/lawful.h"
#include <string.h>

vpriv_status vpi_wrap_key_in_force(vpriv_vault *vault, const vpi_tag *tag,
    const vpi_recording_bond *bond, vpriv_purpose purpose, const uint8_t shred_key[VPI_KEY_BYTES],
    uint8_t key_out[VPI_KEY_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_grant *grants = vault->secrets->grants;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    for (uint32_t i = 0; i < tag->n_subjects; i++) {
        vpi_subject subject;
        const vpriv_status found = vpi_subject_find(vault, tag->subjects[i], &subject);
        VPI_ENSURE(found != VPRIV_E_NOT_FOUND, VPRIV_E_CONSENT, "a person who speaks was erased");
        VPI_TRY(found);
        memcpy(grants[i].subject_id, subject.id, VPI_SUBJECT_ID_BYTES);
        VPI_TRY(vpi_consent_grant_key(vault, subject.row, purpose, record_id, grants[i].key));
        VPI_ENSURE(vpi_tag_rests_on(tag, i, purpose, record_id), VPRIV_E_CONSENT,
            "%s: another consent is in force than when it was recorded",
            vpriv_purpose_name(purpose));
    }
    VPI_TRY(vpi_wrap_key(shred_key, bond, purpose, grants, tag->n_subjects, key_out));
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
        const vpriv_status keyed = vpi_wrap_key_in_force(vault, &recording->tag, &bond,
            (vpriv_purpose)p, commit->shred_key, vault->secrets->adopt_shred_key);
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

/* What the places that count say now of a recording and everybody who speaks in it. Damage must not keep
 * anybody from destroying keys, which begins with adopting: what does not open is strict. */
static vpriv_status rules_of(vpriv_vault *vault, const vpi_tag *tag, vpriv_rules *rules_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_lawful *lawful = NULL;
    const vpriv_status read = vpi_lawful_load(vault, tag->jurisdiction, &lawful);
    if (read != VPRIV_E_AUTH)
        VPI_TRY(read);
    *rules_out = lawful ? lawful->here : *vpriv_rules_strict();
    for (uint32_t i = 0; lawful && i < tag->n_subjects; i++) {
        vpi_subject subject;
        vpi_subject_place at = {.home = VPI_STRICT};
        VPI_TRY(vpi_subject_find(vault, tag->subjects[i], &subject));
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
static vpriv_status shortest_term(vpriv_vault *vault, const vpi_tag *tag, vpriv_purpose purpose,
    const vpriv_rules *rules, vpriv_retention *retention_out, int64_t *end_us_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_retention shortest = vpi_lawful_term(rules, purpose, tag->started_us);
    int64_t end_us = vpi_retention_end_us(shortest, tag->started_us);
    for (uint32_t i = 0; i < tag->n_subjects; i++) {
        vpi_subject subject;
        vpriv_consent_record record;
        vpriv_retention retention = VPRIV_RETENTION_NONE;
        VPI_TRY(vpi_subject_find(vault, tag->subjects[i], &subject));
        VPI_TRY(vpi_consent_latest(vault, subject.row, purpose, &record, NULL));
        VPI_TRY(vpriv_retention_from_name(record.retention, &retention));
        const int64_t own_us = vpi_retention_end_us(retention, tag->started_us);
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

/* The recording lives as long as its class and the longest of its purposes; a purpose that ends before
 * it is filed under the term that ends it. */
static vpriv_status set_terms(vpriv_vault *vault, vpi_recording *recording)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_tag *tag = &recording->tag;
    vpriv_rules rules;
    vpriv_retention terms[VPI_PURPOSES_MAX], longest = VPRIV_RETENTION_NONE;
    int64_t ends_us[VPI_PURPOSES_MAX], longest_us = 0;
    VPI_TRY(rules_of(vault, tag, &rules));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(recording->wrapped >> p & 1))
            continue;
        VPI_TRY(shortest_term(vault, tag, (vpriv_purpose)p, &rules, &terms[p], &ends_us[p]));
        if (ends_us[p] > longest_us) {
            longest_us = ends_us[p];
            longest = terms[p];
        }
    }
    recording->retention = tag->retention;
    recording->expires_us = vpi_retention_end_us(tag->retention, tag->started_us);
    if (longest_us < recording->expires_us) {
        recording->retention = longest;
        recording->expires_us = longest_us;
    }
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (recording->wrapped >> p & 1 && ends_us[p] < recording->expires_us) {
            recording->purpose_expires_us[p] = ends_us[p];
            VPI_TRY(vpi_database_run(vault->database,
                "INSERT OR IGNORE INTO term(retention, recording) VALUES (?1, ?2)", "ii",
                (int64_t)terms[p], recording->row));
        }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status index_subjects(vpriv_vault *vault, const vpi_recording *recording)
{
    for (uint32_t i = 0; i < recording->tag.n_subjects; i++) {
        vpi_subject subject;
        uint8_t tag[VPI_TAG_BYTES];
        vpriv_status st = vpi_subject_find(vault, recording->tag.subjects[i], &subject);
        if (st == VPRIV_OK)
            st = vpi_subject_recording_tag(vault, subject.row, tag);
        if (st == VPRIV_OK)
            st = vpi_database_run(vault->database,
                "INSERT OR IGNORE INTO recording_subject(tag, recording) VALUES (?1, ?2)", "bi",
                tag, sizeof tag, recording->row);
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
    vpi_tag_hash(commit->tag_bytes, commit->n_tag_bytes, recording->tag_hash);
    VPI_TRY(make_wraps(vault, recording, commit, wraps));
    if (wraps->purposes == 0) {
        VPI_TRY(vpi_erase_bury(vault, row));
    } else {
        memcpy(recording->commitment, commit->commitment, VPI_HASH_BYTES);
        recording->state = VPRIV_RECORDING_COMMITTED;
        recording->wrapped = wraps->purposes;
        VPI_TRY(set_terms(vault, recording));
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
